"""A user's table of transfers: who is moved on which day of the year."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from data.check import TableError
from data.estate import Estate
from data.load import read_table, table_path
from data.population import Population
from data.schema import columns
from data.validate import check_data

TRANSFERS = "transfers"
"""Name of the table."""


def load_transfers(
    folder: Path | str | None, population: Population, estate: Estate
) -> pd.DataFrame:
    """Load the transfers of a data folder through the checks every table passes.

    Parameters
    ----------
    folder
        Holds the table as CSV or Parquet, or not.
    population, estate
        Who can be moved, and where to.

    Returns
    -------
    DataFrame
        The columns of the dictionary, by person and date; no row where there is no table.

    Raises
    ------
    TableError
        With every fault: unknown people and places, units of another prison, prisons that are
        closed, two transfers on one day, stays that overlap.
    """
    path = table_path(TRANSFERS, folder)
    if path is None:
        return no_transfers()
    table = read_table(TRANSFERS, folder)
    known = {
        "population": population.prisoners,
        "establishments": estate.establishments,
        "units": estate.units,
    }
    problems = [
        problem
        for problem in check_data(known | {TRANSFERS: table}, files={TRANSFERS: path.name})
        if problem.table == TRANSFERS
    ]
    if problems:
        raise TableError(problems)
    return table.sort_values(["prisoner_id", "date"], ignore_index=True)


def no_transfers() -> pd.DataFrame:
    """Give a table without a row."""
    return pd.DataFrame(columns=[column.name for column in columns(TRANSFERS)], dtype="str")

"""What is recorded about people beside the population table: ties, locks, exclusions, activities.

Every table may be empty. A user's own come from the data folder; beside the synthetic population
``synthesise_records`` makes them.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

import pandas as pd

from data.check import TableError, convert
from data.geography import load_home_areas
from data.load import read_table, table_path
from data.population import Population
from data.schema import columns
from data.validate import check_data

__all__ = ["Records", "load_records"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Records:
    """What is recorded about people; each table has the columns of the dictionary.

    Attributes
    ----------
    keep_aparts
        One row per pair of people who must not meet: ``a``, ``b``, ``level`` (cell, landing, wing
        or establishment) and ``reason``.
    groups
        One row per member: ``group``, ``prisoner_id`` and ``at_most``, the most members of the
        group in one establishment.
    keep_together
        One row per pair who should be in one establishment, and the price of parting them.
    locks
        One row per decision of a planner: ``lock`` keeps a person in a unit or an establishment,
        ``forbid`` away from it.
    exclusions
        One row per person and establishment, or home area and miles around it, where public
        protection will not have the person. The reason is never in the data.
    activities
        One row per person and course, job, treatment, class, place or date that a move destroys.
    activity_sites
        One row per establishment and activity offered there.
    """

    keep_aparts: pd.DataFrame
    groups: pd.DataFrame
    keep_together: pd.DataFrame
    locks: pd.DataFrame
    exclusions: pd.DataFrame
    activities: pd.DataFrame
    activity_sites: pd.DataFrame

    @classmethod
    def empty(cls) -> Records:
        """Make records that say nothing.

        Examples
        --------
        >>> len(Records.empty().keep_aparts)
        0
        """
        return cls(**{name: _no_rows(name) for name in RECORD_TABLES})


RECORD_TABLES = tuple(field.name for field in fields(Records))
"""Names of the tables, in the order of the class."""


def load_records(folder: Path | str | None, population: Population) -> Records:
    """Load a user's records through the checks every table passes.

    Parameters
    ----------
    folder
        Holds any of the tables as CSV or Parquet; those it does not hold are empty.
    population
        Whom the records are about.

    Returns
    -------
    Records
        Rows sorted by their keys.

    Raises
    ------
    TableError
        With every fault: unknown ids and words, pairs of one person, pairs listed twice, groups
        without a second member.
    """
    tables = {name: _read(name, folder) for name in RECORD_TABLES}
    around = {
        "population": population.prisoners,
        "home_areas": load_home_areas(None if folder is None else Path(folder)),
        "establishments": read_table("establishments", folder),
        "units": read_table("units", folder),
    }
    problems = [
        problem for problem in check_data(around | tables) if problem.table in RECORD_TABLES
    ]
    if problems:
        raise TableError(problems)
    return Records(**{name: in_order(table) for name, table in tables.items()})


def in_order(table: pd.DataFrame) -> pd.DataFrame:
    """Sort a table by all its columns, so that the order of a file decides nothing."""
    return table.sort_values(list(table.columns), kind="stable", ignore_index=True)


def _read(name: str, folder: Path | str | None) -> pd.DataFrame:
    found = folder is not None and table_path(name, folder) is not None
    return read_table(name, folder) if found else _no_rows(name)


def _no_rows(name: str) -> pd.DataFrame:
    return convert(pd.DataFrame(columns=[each.name for each in columns(name)]), name, rules=False)[
        0
    ]

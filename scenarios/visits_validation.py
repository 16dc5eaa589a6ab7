"""The simulated year beside published figures, those that do not fit included."""

from __future__ import annotations

import pandas as pd

from data.description import markdown_table
from data.load import read_table
from scenarios.results import Results

KEYS = ["measure", "establishment", "group_by", "group"]
NUMBERS = ["published", "modelled", "low", "high"]
SHOWN = ["figure", "measure_unit", *NUMBERS, "use", "as_of", "source", "confidence", "note"]
DIGITS = {"share": 3, "days": 1}


def visits_beside_published(results: Results) -> pd.DataFrame:
    """Set a run's measures beside the figures of ``published_visits``.

    Parameters
    ----------
    results
        A run of the baseline.

    Returns
    -------
    DataFrame
        One row per published figure, in the table's order: figure, measure_unit, published,
        modelled (mean over replications), low, high (95% interval), use, as_of, source,
        confidence, note. An interval is missing where there is one replication.

    Raises
    ------
    KeyError
        When the run lacks a measure that the table names.
    """
    from simulation.replicate import intervals

    published = read_table("published_visits")
    found = intervals(results.measures.drop(columns="scenario")).set_index(KEYS)
    beside = published.join(found[["mean", "low", "high"]], on=KEYS)
    missing = beside.loc[beside["mean"].isna(), "figure"]
    if len(missing):
        raise KeyError(f"the run has no measure for: {', '.join(missing)}")
    scaled = beside[["mean", "low", "high"]].mul(beside["times"], axis=0)
    return beside.assign(published=beside["value"], modelled=scaled["mean"]).assign(
        low=scaled["low"], high=scaled["high"]
    )[SHOWN]


def visits_markdown(results: Results) -> str:
    """Give the same as a Markdown table, under a line that names run and replications."""
    table = visits_beside_published(results)
    digits = [DIGITS.get(unit, 0) for unit in table["measure_unit"]]
    shown = table.astype(object)
    for column in NUMBERS:
        shown[column] = [
            "" if pd.isna(value) else f"{value:,.{places}f}"
            for value, places in zip(table[column], digits, strict=True)
        ]
    summary = results.summary
    head = f"Baseline, {summary['replications']} replications, seed {summary['seed']}.\n\n"
    return head + markdown_table(shown.columns, shown.itertuples(index=False))

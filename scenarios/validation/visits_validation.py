"""The simulated year beside published figures, those that do not fit included."""

from __future__ import annotations

import pandas as pd

from data.description import markdown_table
from data.load import read_table
from scenarios.results import Results

KEYS = ["measure", "establishment", "group_by", "group"]
NUMBERS = ["published", "modelled", "low", "high"]
SHOWN = ["figure", "measure_unit", *NUMBERS, "use", "as_of", "source", "confidence", "note"]
DIGITS = {"share": 3, "days": 1, "full-time equivalents": 1}


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
    return _beside(read_table("published_visits"), results)


def services_beside_published(results: Results) -> pd.DataFrame:
    """Set a run's measures beside the figures of ``published_services``.

    Parameters, columns and errors are those of ``visits_beside_published``.
    """
    return _beside(read_table("published_services"), results)


def _beside(published: pd.DataFrame, results: Results) -> pd.DataFrame:
    from simulation.replicate import intervals

    found = intervals(results.measures.drop(columns="scenario")).set_index(KEYS)
    beside = published.join(found[["mean", "low", "high"]], on=KEYS)
    missing = beside.loc[beside["mean"].isna(), "figure"]
    if len(missing):
        raise KeyError(f"the run has no measure for: {', '.join(missing)}")
    scaled = beside[["mean", "low", "high"]].mul(beside["times"], axis=0)
    return beside.assign(
        published=beside["value"], modelled=scaled["mean"], low=scaled["low"], high=scaled["high"]
    )[SHOWN]


def visits_markdown(results: Results) -> str:
    """Give the visits as a Markdown table, under a line that names run and replications."""
    return _head(results) + _markdown(visits_beside_published(results))


def services_markdown(results: Results) -> str:
    """Give the services as a Markdown table, under the same line."""
    return _head(results) + _markdown(services_beside_published(results))


def _head(results: Results) -> str:
    replications = results.summary["replications"]
    counted = f"{replications} replication{'s' * (replications != 1)}"
    return f"Baseline, {counted}, seed {results.summary['seed']}.\n\n"


def _markdown(table: pd.DataFrame) -> str:
    digits = [DIGITS.get(unit, 0) for unit in table["measure_unit"]]
    shown = table.astype(object)
    for column in NUMBERS:
        shown[column] = [
            "" if pd.isna(value) else f"{value:,.{places}f}"
            for value, places in zip(table[column], digits, strict=True)
        ]
    return markdown_table(shown.columns, shown.itertuples(index=False))

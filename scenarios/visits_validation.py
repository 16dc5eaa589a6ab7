"""The simulated year beside published figures, those that do not fit included."""

from __future__ import annotations

from collections.abc import Mapping

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
    return _beside(read_table("published_visits"), results)[SHOWN]


def services_beside_published(runs: Mapping[str, Results]) -> pd.DataFrame:
    """Set the measures of runs beside the figures of ``published_services``.

    Parameters
    ----------
    runs
        By the name of their scenario; the table says which scenario each figure stands beside.

    Returns
    -------
    DataFrame
        As ``visits_beside_published``, with the scenario after the figure.

    Raises
    ------
    KeyError
        When a run is missing, or lacks a measure that the table names.
    """
    published = read_table("published_services")
    missing = sorted({*published["scenario"]} - set(runs))
    if missing:
        raise KeyError(f"no run of {', '.join(missing)}")
    parts = [
        _beside(published[published["scenario"] == name], runs[name])
        for name in published["scenario"].unique()
    ]
    return pd.concat(parts).sort_index()[["figure", "scenario", *SHOWN[1:]]]


def _beside(published: pd.DataFrame, results: Results) -> pd.DataFrame:
    from simulation.replicate import intervals

    found = intervals(results.measures.drop(columns="scenario")).set_index(KEYS)
    beside = published.join(found[["mean", "low", "high"]], on=KEYS)
    missing = beside.loc[beside["mean"].isna(), "figure"]
    if len(missing):
        raise KeyError(f"the run has no measure for: {', '.join(missing)}")
    scaled = beside[["mean", "low", "high"]].mul(beside["times"], axis=0)
    return beside.assign(published=beside["value"], modelled=scaled["mean"]).assign(
        low=scaled["low"], high=scaled["high"]
    )


def visits_markdown(results: Results) -> str:
    """Give the same as a Markdown table, under a line that names run and replications."""
    summary = results.summary
    head = f"Baseline, {summary['replications']} replications, seed {summary['seed']}.\n\n"
    return head + _markdown(visits_beside_published(results))


def services_markdown(runs: Mapping[str, Results]) -> str:
    """Give the services as a Markdown table, under a line that names runs and replications."""
    table = services_beside_published(runs)
    told = [
        f"`{name}`: {_counted(runs[name].summary['replications'])}, "
        f"seed {runs[name].summary['seed']}"
        for name in table["scenario"].unique()
    ]
    return f"{'; '.join(told)}.\n\n{_markdown(table)}"


def _counted(replications: int) -> str:
    return f"{replications} replication{'s' * (replications != 1)}"


def _markdown(table: pd.DataFrame) -> str:
    digits = [DIGITS.get(unit, 0) for unit in table["measure_unit"]]
    shown = table.astype(object)
    for column in NUMBERS:
        shown[column] = [
            "" if pd.isna(value) else f"{value:,.{places}f}"
            for value, places in zip(table[column], digits, strict=True)
        ]
    return markdown_table(shown.columns, shown.itertuples(index=False))

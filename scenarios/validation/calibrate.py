"""Fit the wishes for visits and for video calls to two published totals.

`python -m scenarios.validation.calibrate [REPLICATIONS]` prints the fitted values, their ranges,
and what comes out with them; `docs/validation.md` holds the last answer. Nothing else is fitted.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from data.description import markdown_table
from data.load import read_table
from scenarios.ensemble.runner import play, process_pool
from scenarios.inputs import load_inputs
from scenarios.load import load_scenario
from scenarios.planning.place import place, simulated_on
from scenarios.validation.visits_validation import KEYS

FITTED = {"wish_per_four_weeks": "visits", "video_user_share": "video_calls"}
"""Settings of ``demand`` that are fitted, and the measure whose published total each is fitted to.

Each total rises with its setting and hardly changes with the other.
"""

CLOSE = 0.002
"""Distance to the published total, as a share of it, at which the search ends."""

MOST_ROUNDS = 6
REPLICATIONS = 4
SEED = 1

Totals = Mapping[str, Sequence[float]]
"""Modelled total of each measure, in the unit of the published one: one for each replication."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """A fitted setting.

    Attributes
    ----------
    setting
        Name within ``demand``.
    value
        Fitted.
    low, high
        Values at which the published total is at the ends of the 95% interval of the modelled
        mean, by the slope of the last two rounds; the value itself with one replication.
    published, modelled, half_width
        Total published, the mean modelled with the fitted value, and half its 95% interval.
    replications
        Simulated years behind each mean.
    """

    setting: str
    value: float
    low: float
    high: float
    published: float
    modelled: float
    half_width: float
    replications: int


def fit(
    simulate: Callable[[dict[str, float]], Totals],
    start: Mapping[str, float],
    published: Mapping[str, float],
    *,
    close: float = CLOSE,
    most_rounds: int = MOST_ROUNDS,
) -> list[Fit]:
    """Fit settings, each to the total of its own, all at once by the secant through two rounds.

    Parameters
    ----------
    simulate
        Plays with some values of the settings and gives the totals, keyed like ``start``.
    start
        Values to begin with, above 0.
    published
        Totals to meet, keyed like ``start``, above 0.
    close, most_rounds
        When to end. The values are those of the round that came closest, whether close or not.

    Returns
    -------
    list of Fit
        In the order of ``start``.

    Examples
    --------
    >>> found = fit(
    ...     lambda tried: {"wish": [100 * tried["wish"] ** 0.5]}, {"wish": 1.0}, {"wish": 150.0}
    ... )
    >>> round(found[0].value, 2), round(found[0].modelled)
    (2.25, 150)
    """
    tried = [dict(start)]
    totals = [simulate(tried[0])]
    while len(tried) < most_rounds and _distance(totals[-1], published) > close:
        tried.append({name: _next(name, tried, totals, published[name]) for name in start})
        totals.append(simulate(tried[-1]))
    best = int(np.argmin([_distance(each, published) for each in totals]))
    return [
        _fitted(name, tried[best][name], totals[best][name], published[name],
                _slope(name, tried, totals))
        for name in start
    ]  # fmt: skip


def _distance(totals: Totals, published: Mapping[str, float]) -> float:
    return max(abs(float(np.mean(totals[name])) / total - 1) for name, total in published.items())


def _slope(name: str, tried: Sequence[Mapping[str, float]], totals: Sequence[Totals]) -> float:
    """Give the total's rise per unit of the setting: of the last two rounds, or in proportion."""
    value, total = tried[-1][name], float(np.mean(totals[-1][name]))
    if len(tried) > 1:
        step = value - tried[-2][name]
        rise = total - float(np.mean(totals[-2][name]))
        if step and rise / step > 0:
            return rise / step
    return total / value


def _next(
    name: str,
    tried: Sequence[Mapping[str, float]],
    totals: Sequence[Totals],
    published: float,
) -> float:
    value, total = tried[-1][name], float(np.mean(totals[-1][name]))
    return max(value / 4, value + (published - total) / _slope(name, tried, totals))


def _fitted(
    name: str, value: float, totals: Sequence[float], published: float, slope: float
) -> Fit:
    from simulation.replicate import half_width

    found = pd.Series(totals, dtype="float64")
    width = half_width(pd.Series([found.std()]), pd.Series([len(found)]))
    half = float(width.fillna(0.0).iloc[0])
    return Fit(
        setting=name,
        value=value,
        low=value - half / slope,
        high=value + half / slope,
        published=published,
        modelled=float(np.mean(totals)),
        half_width=half,
        replications=len(totals),
    )


def published_totals() -> pd.DataFrame:
    """Give the rows of ``published_visits`` that settings are fitted to, by setting."""
    table = read_table("published_visits")
    rows = table[table["use"] == "fitted"].set_index("measure")
    return rows.loc[list(FITTED.values())].reset_index().set_axis(list(FITTED), axis="index")


def calibrate(replications: int = REPLICATIONS, workers: int = 2) -> list[Fit]:
    """Fit the baseline on the real estate, with today's placements.

    Parameters
    ----------
    replications
        Simulated years of each round.
    workers
        Processes.
    """
    baseline = load_scenario("baseline")
    inputs = load_inputs(baseline)
    given = simulated_on(baseline, inputs, place(baseline, inputs))
    rows = published_totals()

    with process_pool(workers) as executor, tempfile.TemporaryDirectory() as folder:

        def simulate(values: dict[str, float]) -> Totals:
            changed: dict[str, Any] = dict(values)
            # workers keep the inputs of a path, so each round has a path of its own
            wait = play(
                replace(given, demand=replace(given.demand, **changed)),
                seed=SEED,
                replications=replications,
                keep_every_log=False,
                folder=Path(tempfile.mkdtemp(dir=folder)),
                executor=executor,
            )
            modelled = rows.merge(wait()[0], on=KEYS, suffixes=("_published", ""))
            totals = modelled["value"] * modelled["times"]
            return {
                name: totals[modelled["measure"] == measure].tolist()
                for name, measure in FITTED.items()
            }

        start = {name: float(getattr(given.demand, name)) for name in FITTED}
        return fit(simulate, start, dict(zip(rows.index, rows["value"], strict=True)))


def calibration_markdown(fits: Sequence[Fit]) -> str:
    """Give fitted settings as a Markdown table."""
    heads = ["setting", "fitted", "low", "high", "published", "modelled", "half of 95% interval"]
    rows = [
        (
            f"demand.{each.setting}", f"{each.value:.4g}", f"{each.low:.4g}", f"{each.high:.4g}",
            f"{each.published:,.0f}", f"{each.modelled:,.0f}", f"{each.half_width:,.0f}",
        )
        for each in fits
    ]  # fmt: skip
    head = f"Baseline, {fits[0].replications} replications, seed {SEED}.\n\n"
    return head + markdown_table(heads, rows)


if __name__ == "__main__":
    print(calibration_markdown(calibrate(*map(int, sys.argv[1:2]))))

"""How long a prison's calendar takes to fill: MSER-5 beside the warm-up that was played.

The simulated year ends when it ends, so the only question of run length is whether the warm-up was
long enough for the first measured request to meet a calendar as others find it.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from scenarios.results import load_results

BATCH = 5
"""Observations of a batch: the 5 of MSER-5."""

DAYS_PER_WEEK = 7
LEAST_BATCHES = 8
"""With fewer batches nothing is said."""


def mser(values: NDArray[np.float64], batch: int = BATCH) -> int | None:
    """Give how many observations to leave out at the start so that the mean is best known.

    Parameters
    ----------
    values
        Observations in order of time.
    batch
        Observations averaged before the rule is applied.

    Returns
    -------
    int or None
        A multiple of ``batch`` in the first half; ``None`` when there are too few, or when the rule
        finds its least at the very end of that half and so settles nothing.

    Notes
    -----
    White, "An effective truncation heuristic for bias reduction in simulation output", Simulation
    69(6), 1997; batches of five: White, Cobb and Spratt, Winter Simulation Conference 2000. The
    batch means left are judged by their squared standard error, ``sum((x - mean) ** 2) / n ** 2``,
    and the least is taken over truncation points up to half of them.

    Examples
    --------
    >>> steady = np.tile([1.0, 3.0], 100)
    >>> mser(steady)
    0
    >>> mser(np.concatenate([np.full(20, 90.0), steady]))
    20
    """
    batches = len(values) // batch
    if batches < LEAST_BATCHES:
        return None
    means = values[: batches * batch].reshape(batches, batch).mean(axis=1)
    left = np.arange(batches, 0, -1)
    # sums from each truncation point to the end
    total = np.cumsum(means[::-1])[::-1]
    squares = np.cumsum((means**2)[::-1])[::-1]
    spread = np.maximum(squares - total**2 / left, 0.0) / left**2
    half = batches // 2
    best = int(np.argmin(spread[: half + 1]))
    return None if best == half else best * batch


def settling(visits: pd.DataFrame, *, warm_up_days: int) -> pd.DataFrame:
    """Say for each prison how many days of bookings MSER-5 would leave out.

    Parameters
    ----------
    visits
        Event log of one replication, warm-up included.
    warm_up_days
        Days played before the first measured one.

    Returns
    -------
    DataFrame
        One row per establishment: establishment, bookings, left_out (bookings; missing where the
        rule settles nothing), settled_days (days from the first turn of the log to the first
        booking kept), warm_up_days, within_warm_up.
    """
    columns = ["establishment", "bookings", "left_out", "settled_days", "warm_up_days",
               "within_warm_up"]  # fmt: skip
    booked = visits.loc[visits["outcome"] == "booked", ["establishment", "at", "session_start"]]
    begin = visits["at"].min()
    rows = []
    for establishment, turns in booked.groupby("establishment", observed=True, sort=True):
        days = (turns["session_start"].dt.normalize() - turns["at"].dt.normalize()).dt.days
        left_out = mser(days.to_numpy(np.float64))
        settled = None
        if left_out is not None:
            kept = turns["at"].iloc[left_out] if left_out else begin
            settled = (kept - begin).days
        rows.append(
            (
                str(establishment),
                len(turns),
                left_out,
                settled,
                warm_up_days,
                settled is not None and settled <= warm_up_days,
            )
        )
    found = pd.DataFrame(rows, columns=columns)
    return found.astype({"left_out": "Int64", "settled_days": "Int64", "within_warm_up": "bool"})


def of_run(run: Path) -> pd.DataFrame:
    """Say when waits settle at each prison of a stored run, from the log of its first replication.

    Raises
    ------
    ScenarioError
        When the folder is no run.
    """
    results = load_results(run)
    visits = results.visits[results.visits["replication"] == 0]
    weeks = int(results.scenario["calendar"]["warm_up_weeks"])
    return settling(visits, warm_up_days=weeks * DAYS_PER_WEEK)


def tell(found: pd.DataFrame) -> list[str]:
    """Say for which prisons the warm-up was long enough.

    Examples
    --------
    >>> rows = [("LEI", 900, 40, 9, 28, True), ("LNI", 12, None, None, 28, False)]
    >>> columns = ["establishment", "bookings", "left_out", "settled_days", "warm_up_days",
    ...            "within_warm_up"]
    >>> for line in tell(pd.DataFrame(rows, columns=columns)):
    ...     print(line)
    LEI: waits settle after 9 days (warm-up 28): long enough
    LNI: not settled by MSER-5 on 12 bookings
    Long enough at 1 of 2 prisons.
    """
    lines = []
    for row in found.to_dict("records"):
        if pd.isna(row["settled_days"]):
            lines.append(
                f"{row['establishment']}: not settled by MSER-5 on {row['bookings']:,} bookings"
            )
            continue
        enough = "long enough" if row["within_warm_up"] else "too short"
        lines.append(
            f"{row['establishment']}: waits settle after {int(row['settled_days'])} days "
            f"(warm-up {row['warm_up_days']}): {enough}"
        )
    settled = int(found["within_warm_up"].sum())
    return [*lines, f"Long enough at {settled} of {len(found)} prisons."]

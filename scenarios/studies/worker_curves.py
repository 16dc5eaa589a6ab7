"""What each number of caseworkers buys at a prison: a monotone curve through simulated years."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulation.family_levels import LONGEST_DAYS, LevelYears
from simulation.replicate import CONFIDENCE

STEPS_PER_FTE = 5
"""Caseworkers are counted in steps of 0.2."""

NEVER = -1

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WorkerCurve:
    """One prison's curve by steps of 0.2 caseworkers from none.

    Attributes
    ----------
    in_time, in_time_half_width
        Share of referrals reached in time, rising, and half its 95% interval; shape (steps,).
    weighted_hours, unmet_hours
        Hours a year not done, on referrals not reached and on begun cases, falling; with priority
        weighed and without.
    wait_days
        Mean days to first contact of those reached; missing where nobody is.
    reached
        Referrals reached in a year.
    fit_error
        Largest distance of a simulated share in time from the curve.
    """

    in_time: Floats
    in_time_half_width: Floats
    weighted_hours: Floats
    unmet_hours: Floats
    wait_days: Floats
    reached: Floats
    fit_error: float

    @property
    def most(self) -> int:
        """Steps at which the curve ends."""
        return len(self.in_time) - 1

    def smallest(self, share: float) -> tuple[int, int, int]:
        """Give the fewest steps that reach a share in time, and the ends of their interval.

        ``NEVER`` stands where the curve ends first. The interval runs from the first step whose
        own interval reaches the share to the first whose interval lies wholly at or above it.
        """
        curves = (
            self.in_time,
            self.in_time + self.in_time_half_width,
            self.in_time - self.in_time_half_width,
        )
        steps = [np.flatnonzero(curve >= share - 1e-12) for curve in curves]
        found, low, high = (int(each[0]) if len(each) else NEVER for each in steps)
        return found, low, high

    def at(self, name: str, fte: float) -> float:
        """Read a column off the curve, between steps in proportion."""
        values: Floats = getattr(self, name)
        return float(np.interp(fte * STEPS_PER_FTE, np.arange(len(values)), values))


def fit(years: LevelYears, *, target_days: int) -> WorkerCurve:
    """Put the nearest monotone curve through years at several levels, whole steps each.

    Parameters
    ----------
    years
        Levels in rising order, none among them.
    target_days
        Days within which a first contact is in time.

    Notes
    -----
    Isotonic regression of the means over replications (pool adjacent violators, SciPy); between
    the levels played the curve is a straight line.
    """
    from scipy.optimize import isotonic_regression

    levels = np.round(years.fte * STEPS_PER_FTE)
    steps = np.arange(int(levels[-1]) + 1)
    shares = years.shares_within(target_days)
    mean = shares.mean(axis=0)
    rising = isotonic_regression(mean).x

    def falling(values: Floats) -> Floats:
        fitted = isotonic_regression(values.mean(axis=0), increasing=False).x
        return np.interp(steps, levels, fitted)

    reached = years.reached.mean(axis=0)
    somebody = reached > 0
    wait = np.full(len(steps), np.nan)
    if somebody.any():
        known = years.wait_days.mean(axis=0)[somebody] / reached[somebody]
        wait = np.interp(steps, levels[somebody], known)
        wait[np.interp(steps, levels, reached) <= 0] = np.nan
    return WorkerCurve(
        in_time=np.interp(steps, levels, rising),
        in_time_half_width=np.interp(steps, levels, half_widths(shares)),
        weighted_hours=falling(years.weighted_hours),
        unmet_hours=falling(years.unmet_hours),
        wait_days=wait,
        reached=np.interp(steps, levels, reached),
        fit_error=float(np.abs(mean - rising).max()),
    )


def half_widths(values: Floats) -> Floats:
    """Give half the 95% interval of the mean of each column over its rows; 0 with one row."""
    from scipy.special import stdtrit

    rows = len(values)
    if rows < 2:
        return np.zeros(values.shape[1])
    factor = float(stdtrit(rows - 1, (1.0 + CONFIDENCE) / 2.0))
    return np.asarray(values.std(axis=0, ddof=1) * factor / math.sqrt(rows), dtype=np.float64)


def days_at_most(years: LevelYears, share: float) -> int:
    """Give the fewest days within which the largest level reaches a share; ``NEVER`` if none."""
    for days in range(LONGEST_DAYS + 1):
        if years.shares_within(days)[:, -1].mean() >= share - 1e-12:
            return days
    return NEVER


def levels_to_play(fte_of_need: float, points: int) -> list[int]:
    """Choose steps to play: none, and so many up to well beyond the number that the need asks for.

    Examples
    --------
    >>> levels_to_play(1.0, 6)
    [0, 4, 7, 11, 14, 18]
    """
    most = math.ceil(STEPS_PER_FTE * (2.0 * fte_of_need + 1.6))
    return sorted({round(step) for step in np.linspace(0, most, points).tolist()})

"""When families ring a line that is not always open."""

from __future__ import annotations

from bisect import bisect_left
from math import floor
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulation.clock import MINUTES_PER_DAY

TINY: Final = float(np.finfo(float).tiny)
"""Stands for a share of nobody where it is divided by."""


class RingTimes:
    """When families of a prison ring that want to.

    Parameters
    ----------
    is_open
        Whether lines are open on each day; after the last they stay shut.
    joins_day
        Day from which the prison's families ring the national line.
    national, own
        Minutes of the day at which that line, and the prison's own, open and close.
    morning
        Share of those who wait for a line to open that ring in the first part of its hours, and
        that part.
    """

    def __init__(
        self,
        is_open: NDArray[np.bool_],
        joins_day: int,
        *,
        national: tuple[int, int],
        own: tuple[int, int],
        morning: tuple[float, float],
    ) -> None:
        self._is_open = is_open
        self._open_days = np.append(np.flatnonzero(is_open).astype(np.float64), np.inf)
        # plain numbers are several times as quick to look up one by one
        self._opens_on: list[bool] = is_open.tolist()
        self._days_open: list[float] = self._open_days.tolist()
        self._joins_day = joins_day
        self._national, self._own = national, own
        self._morning = morning

    def minutes(
        self, asked: NDArray[np.float64], draws: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Give the minute at which families that want to ring at ``asked`` do so.

        Parameters
        ----------
        asked
            Minutes.
        draws
            Uniform; when in the day those ring who have to wait for the line to open.

        Returns
        -------
        ndarray of float64
            ``inf`` where the lines stay shut.
        """
        day = np.floor(asked / MINUTES_PER_DAY).astype(np.int64)
        on_national = day >= self._joins_day
        opens, closes = (
            np.where(on_national, national, own)
            for national, own in zip(self._national, self._own, strict=True)
        )
        time = asked - day * float(MINUTES_PER_DAY)
        is_open = self._is_open[np.minimum(day, len(self._is_open) - 1)]
        at_once = is_open & (time >= opens) & (time < closes)
        today_later = is_open & (time < opens)
        place = np.searchsorted(self._open_days, np.where(today_later, day, day + 1))
        share, part = self._morning
        steep = np.where(
            draws < share,
            draws * part / max(share, TINY),
            part + (draws - share) * (1.0 - part) / max(1.0 - share, TINY),
        )
        later = self._open_days[place] * MINUTES_PER_DAY + opens + steep * (closes - opens)
        return np.where(at_once, asked, later)

    def minute(self, asked: float, draw: float) -> float:
        """Give the same as ``minutes`` for one family, at a tenth of its price."""
        day = floor(asked / MINUTES_PER_DAY)
        opens, closes = self._national if day >= self._joins_day else self._own
        time = asked - day * float(MINUTES_PER_DAY)
        is_open = self._opens_on[min(day, len(self._opens_on) - 1)]
        if is_open and opens <= time < closes:
            return asked
        first = day if is_open and time < opens else day + 1
        share, part = self._morning
        steep = (
            draw * part / max(share, TINY)
            if draw < share
            else part + (draw - share) * (1.0 - part) / max(1.0 - share, TINY)
        )
        open_day = self._days_open[bisect_left(self._days_open, first)]
        return open_day * MINUTES_PER_DAY + opens + steep * (closes - opens)

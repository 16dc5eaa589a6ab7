"""A calendar of slots with so many tables or stations free, and the earliest one that fits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from simulation.timetable import DatedSlots, bits

EVERY_POSITION = -1
"""All bits set."""


class SlotCalendar:
    """Free tables of every dated slot.

    The slots of a week with a free table are the bits of one small integer, and so are the slots
    of any week that a family can come to: the earliest that fits is the lowest bit of a few
    ``and``s. That is far quicker than looking at the slots one by one.

    Parameters
    ----------
    slots
        The dated slots.
    periods
        Period of each slot within which one person may have at most so many; shape (slots,).
    notice_days
        Least and most days between asking and the slot.
    days
        Days on which somebody may ask.
    """

    def __init__(
        self,
        slots: DatedSlots,
        periods: NDArray[np.int64],
        *,
        notice_days: tuple[int, int],
        days: int,
    ) -> None:
        weekly = slots.weekly
        self.free: list[int] = slots.tables.tolist()
        self._week: list[int] = slots.week.tolist()
        self._position: list[int] = slots.position.tolist()
        self._period: list[int] = periods.tolist()
        self._stride = max(len(weekly.weekday), 1)
        self._weeks = slots.weeks
        slot = np.full(slots.weeks * self._stride, -1)
        slot[slots.week * self._stride + slots.position] = np.arange(len(slots))
        self._slot: list[int] = slot.tolist()
        self._open = [0] * slots.weeks
        self._in_period: dict[int, dict[int, int]] = {}
        for period, week, held in _by_period_and_week(slots, periods):
            self._open[week] |= held
            self._in_period.setdefault(period, {})[week] = held
        self._twins = [bits(weekly.session == session) for session in weekly.session.tolist()]
        self._window = _windows(slots, notice_days, days)
        first = np.searchsorted(slots.day, np.arange(days) + notice_days[0], side="left")
        last = np.searchsorted(slots.day, np.arange(days) + notice_days[1], side="right") - 1
        self._periods_ahead = [
            {self._period[slot] for slot in (start, end) if start <= end}
            for start, end in zip(first.tolist(), last.tolist(), strict=True)
        ]
        self._own: dict[int, int] = {}
        self._barred: dict[int, int] = {}
        self._held: dict[tuple[int, int], int] = {}

    def earliest(self, acceptable: int, person: int, day: int) -> int:
        """Find the earliest slot in the window with a table free, or -1.

        Parameters
        ----------
        acceptable
            The positions in the week that the family can come to, as bits.
        person
            Whose booked slots and used-up periods are left out.
        day
            The day on which the family asks.
        """
        week, mask, last, last_mask = self._window[day]
        while week <= last:
            if week == last:
                mask &= last_mask
            fitting = acceptable & self._open[week] & mask
            if fitting:
                barred = self._barred.get(person * self._weeks + week)
                if barred:
                    fitting &= ~barred
                if fitting:
                    position = (fitting & -fitting).bit_length() - 1
                    return self._slot[week * self._stride + position]
            week += 1
            mask = EVERY_POSITION
        return -1

    def book(self, slot: int, person: int, limit: int | None) -> None:
        """Take a table; the person is not booked into this session again, nor beyond ``limit``.

        Parameters
        ----------
        limit
            Most slots the person may have in one period; ``None`` for no limit.
        """
        week, position = self._week[slot], self._position[slot]
        left = self.free[slot] - 1
        self.free[slot] = left
        if not left:
            self._open[week] ^= 1 << position
        key, taken = person * self._weeks + week, self._twins[position]
        self._barred[key] = self._barred.get(key, 0) | taken
        if limit is not None:
            self._own[key] = self._own.get(key, 0) | taken
            period = self._period[slot]
            held = self._held.get((person, period), 0) + 1
            self._held[person, period] = held
            if held >= limit:
                for other, positions in self._in_period[period].items():
                    key = person * self._weeks + other
                    self._barred[key] = self._barred.get(key, 0) | positions

    def release(self, slot: int, person: int, limit: int | None) -> None:
        """Give a booked table back; others may book it from now on."""
        week, position = self._week[slot], self._position[slot]
        if not self.free[slot]:
            self._open[week] |= 1 << position
        self.free[slot] += 1
        key = person * self._weeks + week
        self._barred[key] &= ~self._twins[position]
        if limit is not None:
            self._own[key] &= ~self._twins[position]
            period = self._period[slot]
            held = self._held[person, period] - 1
            self._held[person, period] = held
            if held == limit - 1:
                for other, positions in self._in_period[period].items():
                    key = person * self._weeks + other
                    self._barred[key] = self._barred[key] & ~positions | self._own.get(key, 0)
            elif held >= limit:
                self._barred[key] |= self._in_period[period][week]

    def is_at_limit(self, person: int, day: int, limit: int) -> bool:
        """Say whether the person has used up a period that the window of ``day`` reaches into."""
        held = self._held
        return any(held.get((person, period), 0) >= limit for period in self._periods_ahead[day])


def _by_period_and_week(
    slots: DatedSlots, periods: NDArray[np.int64]
) -> Iterator[tuple[int, int, int]]:
    """Give every period and week that share slots, with those slots as bits."""
    pairs, pair = np.unique(periods * slots.weeks + slots.week, return_inverse=True)
    members = np.zeros((len(pairs), len(slots.weekly.weekday)), dtype=np.bool_)
    members[pair, slots.position] = True
    for shared, held in zip(pairs.tolist(), members, strict=True):
        period, week = divmod(shared, slots.weeks)
        yield period, week, bits(held)


def _windows(
    slots: DatedSlots, notice_days: Sequence[int], days: int
) -> list[tuple[int, int, int, int]]:
    """Give for each day the first and last week of its window and the positions in each."""
    weekday = slots.weekly.weekday
    from_day = [bits(weekday >= first) for first in range(7)]
    to_day = [bits(weekday <= last) for last in range(7)]
    offset = slots.offset
    windows = []
    for day in range(days):
        first_week, first_weekday = divmod(day + notice_days[0] + offset, 7)
        last_week, last_weekday = divmod(day + notice_days[1] + offset, 7)
        windows.append((first_week, from_day[first_weekday], last_week, to_day[last_weekday]))
    return windows

"""A calendar of slots with so many tables or stations free, and the earliest one that fits."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulation.timetable import DatedSlots, bits

DAYS_PER_WEEK = 7


class SlotCalendar:
    """Free tables of every dated slot, and the window of weeks that can be booked today.

    The slots of the window with a free table are the bits of one integer of a hundred bits or so,
    and so are the slots a family can come to. The earliest that fits is the lowest bit of both:
    far quicker than looking at the slots one by one. The window moves on with the days, which must
    not go back.

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
        self._stride = stride = max(len(weekly.weekday), 1)
        index = slots.week * stride + slots.position
        self._index: list[int] = index.tolist()
        slot_at = np.full(slots.weeks * stride, -1)
        slot_at[index] = np.arange(len(slots))
        self._slot_at: list[int] = slot_at.tolist()
        periods = periods - periods.min(initial=0)
        self._period: list[int] = periods.tolist()
        self._session: list[int] = (slots.week * stride + weekly.session[slots.position]).tolist()
        self._periods_of = np.full(len(slot_at), -1)
        self._periods_of[index] = periods
        self._in_period: dict[int, int] = {}
        held = np.zeros((slots.weeks, stride), dtype=np.bool_)
        held[slots.week, slots.position] = True
        self._week_bits = [bits(week) for week in held]
        self._notice_days = notice_days
        self._offset = slots.offset
        self._masks = [_window(weekly.weekday, day, notice_days) for day in range(DAYS_PER_WEEK)]
        # weeks that a window can reach into, whatever the day it begins on
        self.window_weeks = (6 + notice_days[1] - notice_days[0]) // DAYS_PER_WEEK + 1
        self._repeat = sum(1 << week * stride for week in range(self.window_weeks))
        self._base = -1
        self._shift = 0
        self._rolls_on = 0
        self._open = 0
        # a person's sessions and periods are numbered through: whole numbers cost the
        # collector of memory nothing, pairs would
        self._sessions = len(slot_at)
        self._periods = int(periods.max(initial=0)) + 1
        self._booked: set[int] = set()
        self._held: dict[int, int] = {}
        self._periods_ahead = _ends(slots.day, periods, notice_days, days)

    def every_week(self, positions: int) -> int:
        """Repeat positions of one week, as bits, for every week of the window."""
        return positions * self._repeat

    def take(self, acceptable: int, person: int, day: int, limit: int | None) -> int:
        """Book the earliest slot in the window with a table free; -1 when there is none.

        Parameters
        ----------
        acceptable
            The slots of the window that the family can come to: positions in the week, as bits,
            repeated by ``every_week``.
        person
            Who is not booked twice into one session.
        day
            The day on which the family asks.
        limit
            Most slots the person may have in one period; ``None`` for no limit.
        """
        if day >= self._rolls_on:
            self._roll(day)
        fitting = acceptable & self._open & self._masks[(day + self._offset) % DAYS_PER_WEEK]
        while fitting:
            bit = fitting & -fitting
            slot = self._slot_at[self._shift + bit.bit_length() - 1]
            session = person * self._sessions + self._session[slot]
            if session in self._booked:
                fitting ^= bit
                continue
            if limit is not None:
                period = self._period[slot]
                in_period = person * self._periods + period
                held = self._held.get(in_period, 0)
                if held >= limit:
                    fitting &= ~(self._slots_in(period) >> self._shift)
                    continue
                self._held[in_period] = held + 1
            self._booked.add(session)
            left = self.free[slot] - 1
            self.free[slot] = left
            if not left:
                self._open ^= bit
            return slot
        return -1

    def release(self, slot: int, person: int, limit: int | None, day: int) -> None:
        """Give a booked table back on ``day``; others may book it from now on."""
        if day >= self._rolls_on:
            self._roll(day)
        place = self._index[slot] - self._shift
        if not self.free[slot] and place >= 0:
            self._open |= 1 << place
        self.free[slot] += 1
        self._booked.remove(person * self._sessions + self._session[slot])
        if limit is not None:
            self._held[person * self._periods + self._period[slot]] -= 1

    def is_at_limit(self, person: int, day: int, limit: int) -> bool:
        """Say whether the person has used up the first or the last period of today's window."""
        first = person * self._periods
        for period in self._periods_ahead[day]:
            if self._held.get(first + period, 0) >= limit:
                return True
        return False

    def _slots_in(self, period: int) -> int:
        if period not in self._in_period:
            self._in_period[period] = bits(self._periods_of == period)
        return self._in_period[period]

    def _roll(self, day: int) -> None:
        """Move the window on to the week in which today's begins."""
        first_day = day + self._notice_days[0] + self._offset
        base = first_day // DAYS_PER_WEEK
        known = self._base + self.window_weeks if self._base >= 0 else base
        self._open >>= (base - max(self._base, 0)) * self._stride
        # nobody could book the weeks that come into reach, so all their tables are free
        for week in range(max(known, base), min(base + self.window_weeks, len(self._week_bits))):
            self._open |= self._week_bits[week] << (week - base) * self._stride
        self._base, self._shift = base, base * self._stride
        self._rolls_on = day + DAYS_PER_WEEK - first_day % DAYS_PER_WEEK


def _window(weekday: NDArray[np.int64], today: int, notice_days: tuple[int, int]) -> int:
    """Give the positions within the window of a weekday, from the week in which it begins."""
    first = (today + notice_days[0]) % DAYS_PER_WEEK
    last = first + notice_days[1] - notice_days[0]
    days = DAYS_PER_WEEK * np.arange(last // DAYS_PER_WEEK + 1)[:, np.newaxis] + weekday
    return bits(((days >= first) & (days <= last)).ravel())


def _ends(
    slot_days: NDArray[np.int64],
    periods: NDArray[np.int64],
    notice_days: tuple[int, int],
    days: int,
) -> list[tuple[int, ...]]:
    """Give for each day the periods of the first and the last slot of its window."""
    today = np.arange(days)
    first = np.searchsorted(slot_days, today + notice_days[0], side="left")
    last = np.searchsorted(slot_days, today + notice_days[1], side="right") - 1
    period = periods.tolist()
    return [
        (period[start], period[end]) if start <= end else ()
        for start, end in zip(first.tolist(), last.tolist(), strict=True)
    ]

"""A calendar of slots with so many tables or stations free, and the earliest one that fits."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from simulation.clock import DAYS_PER_WEEK, MINUTES_PER_DAY
from simulation.columns import indices, packed
from simulation.timetable import DatedSlots, bits


class SlotCalendar:
    """Free tables of every dated slot, and the window of days that can be booked today.

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
    limits
        For each person the most slots in one period; ``None`` if any number.
    notice_days
        Least and most days between asking and the slot.
    days
        Days on which somebody may ask.
    exempt
        Positions of the week, as bits, that do not count towards the limit of a period.
    apart
        Pairs of people of whom one cannot book on a day on which the other has a booking.
    """

    __slots__ = (
        "_apart", "_base", "_bookable", "_booked", "_closed_by", "_counts", "_day", "_ends",
        "_exempt", "_held", "_in_periods", "_index", "_limits", "_masks", "_notice_days",
        "_offset", "_open", "_own", "_period", "_periods", "_reach", "_reaches",
        "_repeat", "_rolls_on", "_session", "_sessions", "_shift", "_slot_at", "_starts",
        "_stride", "_this_week", "_today", "_used_up", "_week", "_week_bits", "_weekday",
        "_window", "free", "window_weeks",
    )  # fmt: skip

    def __init__(
        self,
        slots: DatedSlots,
        periods: NDArray[np.int64],
        limits: Sequence[int | None],
        *,
        notice_days: tuple[int, int],
        days: int,
        exempt: int = 0,
        apart: Sequence[tuple[int, int]] = (),
    ) -> None:
        weekly = slots.weekly
        self.free: list[int] = slots.tables.tolist()
        self._stride = stride = max(len(weekly.weekday), 1)
        index = slots.week * stride + slots.position
        self._index = packed(index)
        slot_at = np.full(slots.weeks * stride, -1)
        slot_at[index] = np.arange(len(slots))
        self._slot_at = indices(slot_at)
        periods = periods - (periods[0] if len(periods) else 0)
        self._period: list[int] = periods.tolist()
        # a template without a table has a number but no position
        sessions = int(weekly.session.max(initial=0)) + 1
        self._session = indices(slots.week * sessions + weekly.session[slots.position])
        held = np.zeros((slots.weeks, stride), dtype=np.bool_)
        held[slots.week, slots.position] = True
        self._week_bits = list(map(bits, held))
        self._notice_days = notice_days
        self._offset = slots.offset
        self._masks = [_window(weekly.weekday, day, notice_days) for day in range(DAYS_PER_WEEK)]
        # weeks that a window can reach into, whatever the day it begins on
        self.window_weeks = (6 + notice_days[1] - notice_days[0]) // DAYS_PER_WEEK + 1
        self._repeat = sum(1 << week * stride for week in range(self.window_weeks))
        self._weekday = weekly.weekday
        self._exempt = self.every_week(exempt)
        self._counts = [not exempt >> position & 1 for position in slots.position.tolist()]
        self._today = self._base = -1
        self._shift = self._rolls_on = self._reach = 0
        # slots with a table free, those in today's window, and both
        self._open = self._window = self._bookable = 0
        # a person's sessions and periods are numbered through: whole numbers cost the
        # collector of memory nothing, pairs would
        self._sessions = slots.weeks * sessions
        self._periods = int(periods.max(initial=0)) + 1
        # periods follow each other, so each is a span of places, empty or not
        firsts = np.searchsorted(periods, np.arange(self._periods + 1))
        self._starts: list[int] = np.append(index, len(slot_at))[firsts].tolist()
        # by week, since those of a week gone by are let go
        self._week = indices(slots.week)
        self._booked: list[set[int]] = [set() for _ in range(slots.weeks)]
        self._this_week = 0
        self._limits = limits
        # of each person in each period: most of it stays 0
        self._held = array("h", bytes(2 * len(limits) * self._periods))
        # the periods that a person has used up, as bits, and the slots of the window in them
        self._used_up = [-1 if limit == 0 else 0 for limit in limits]
        self._in_periods: dict[int, int] = {}
        self._reaches, self._ends = _periods_ahead(slots.day, periods, notice_days, days)
        self._apart = _partners(apart)
        # sessions closed to somebody are in ``_booked`` as well, so that booking costs others
        # nothing; of the people concerned their own bookings and those that close a day are known
        self._own: set[int] = set()
        self._closed_by: Counter[tuple[int, int]] = Counter()
        self._day: list[int] = slots.day.tolist() if apart else []

    @property
    def reach_minutes(self) -> int:
        """Minutes from the first of a day within which lie all slots that can be booked on it."""
        return (self._notice_days[1] + 1) * MINUTES_PER_DAY

    def every_week(self, positions: int) -> int:
        """Repeat positions of one week, as bits, for every week of the window."""
        return positions * self._repeat

    def windows(self, notice_days: tuple[int, int]) -> list[int]:
        """Give a narrower booking window, as bits, by the weekday of the day of asking."""
        found = []
        for weekday in range(DAYS_PER_WEEK):
            weeks = (weekday + notice_days[0]) // DAYS_PER_WEEK
            weeks -= (weekday + self._notice_days[0]) // DAYS_PER_WEEK
            window = _window(self._weekday, weekday, notice_days)
            found.append(window << weeks * self._stride)
        return found

    def bit_of(self, slot: int, day: int) -> int:
        """Give a slot as a bit of the window of a day; 0 when it lies before."""
        if day != self._today:
            self._turn_to(day)
        place = self._index[slot] - self._shift
        return 1 << place if place >= 0 else 0

    def before(self, slot: int, day: int) -> int:
        """Give all slots of the window of a day that lie before one, as bits."""
        if slot == len(self._index):
            return -1
        if day != self._today:
            self._turn_to(day)
        return (1 << max(self._index[slot] - self._shift, 0)) - 1

    def take(self, acceptable: int, person: int, day: int) -> int:
        """Book the earliest slot in the window with a table free; -1 when there is none.

        Parameters
        ----------
        acceptable
            The slots of the window that the family can come to: positions in the week, as bits,
            repeated by ``every_week``.
        person
            Who is not booked twice into one session, nor beyond the limit of a period.
        day
            The day on which the family asks.
        """
        if day != self._today:
            self._turn_to(day)
        fitting = acceptable & self._bookable
        if not fitting:
            return -1
        used_up = self._used_up[person]
        if used_up and used_up & self._reach:
            fitting &= ~self._slots_in(used_up & self._reach) | self._exempt
        while fitting:
            bit = fitting & -fitting
            slot = self._slot_at[self._shift + bit.bit_length() - 1]
            session = person * self._sessions + self._session[slot]
            booked = self._booked[self._week[slot]]
            if session not in booked:
                booked.add(session)
                left = self.free[slot] - 1
                self.free[slot] = left
                if not left:
                    self._open ^= bit
                    self._bookable ^= bit
                limit = self._limits[person]
                if limit is not None and self._counts[slot]:
                    self._count(person, self._period[slot], limit)
                if person in self._apart:
                    self._keep_away(person, slot)
                return slot
            fitting ^= bit
        return -1

    def is_within_reach(
        self, acceptable: int, person: int, day: int, least: int, among: int = -1
    ) -> bool:
        """Say whether the person has booked or could book enough slots in the window.

        Parameters
        ----------
        acceptable, person, day
            As for ``take``; limits of periods do not count.
        least, among
            How many are enough, of which one must be among these, as bits.
        """
        if day != self._today:
            self._turn_to(day)
        found = acceptable & self._bookable
        if person in self._apart:
            found = self._not_closed(found, person)
        # bookings are looked for only where they decide
        if _suffice(found, least, among):
            return True
        left = acceptable & self._window & ~found
        if not _suffice(found | left, least, among):
            return False
        while left:
            bit = left & -left
            left ^= bit
            place = self._shift + bit.bit_length() - 1
            slot = self._slot_at[place] if place < len(self._slot_at) else -1
            if slot >= 0 and self._is_booked(person, slot):
                found |= bit
        return _suffice(found, least, among)

    def take_two(
        self,
        acceptable: int,
        person: int,
        day: int,
        following: Sequence[int],
        is_covered: Callable[[int, int], bool] | None = None,
    ) -> int:
        """Book the earliest two slots of which one follows the other; -1 when there are none.

        Both have a table free, lie in the window, fit the family and count towards the limit of
        their period.

        Parameters
        ----------
        acceptable, person, day
            As for ``take``.
        following
            For each slot the one that follows it, or -1.
        is_covered
            Whether the person may have both of two slots; any two by default.

        Returns
        -------
        int
            The first of the two.
        """
        if day != self._today:
            self._turn_to(day)
        fitting = acceptable & self._bookable
        if person in self._apart:
            fitting = self._not_closed(fitting, person)
        used_up = self._used_up[person] & self._reach
        if used_up:
            fitting &= ~self._slots_in(used_up) | self._exempt
        left = fitting
        while left:
            bit = left & -left
            left ^= bit
            first = self._slot_at[self._shift + bit.bit_length() - 1]
            second = following[first]
            if (
                second >= 0
                and fitting >> self._index[second] - self._shift & 1
                and (is_covered is None or is_covered(first, second))
                and self._has_room(person, first, second)
                and not self._is_booked(person, first)
                and not self._is_booked(person, second)
            ):
                for slot in (first, second):
                    self.take(1 << self._index[slot] - self._shift, person, day)
                return first
        return -1

    def _is_booked(self, person: int, slot: int) -> bool:
        """Say whether the person is booked into the session of a slot."""
        # of whoever is kept apart from others, sessions that are only closed do not count
        booked = self._own if person in self._apart else self._booked[self._week[slot]]
        return person * self._sessions + self._session[slot] in booked

    def _keep_away(self, person: int, slot: int) -> None:
        """Close the day of a booking to everybody who is kept apart from the person."""
        day = self._day[slot]
        self._own.add(person * self._sessions + self._session[slot])
        for other in self._apart[person]:
            self._closed_by[other, day] += 1
            self._booked[self._week[slot]] |= self._on_day(other, day)

    def _let_come(self, person: int, slot: int) -> None:
        """Take back a booking of somebody who is kept apart from others."""
        day, session = self._day[slot], person * self._sessions + self._session[slot]
        booked = self._booked[self._week[slot]]
        self._own.remove(session)
        if self._closed_by[person, day]:
            booked.add(session)
        for other in self._apart[person]:
            self._closed_by[other, day] -= 1
            if not self._closed_by[other, day]:
                booked -= self._on_day(other, day) - self._own

    def _on_day(self, person: int, day: int) -> set[int]:
        """Give all sessions of a day as if the person were booked into them."""
        first, first_after = bisect_left(self._day, day), bisect_right(self._day, day)
        return {person * self._sessions + self._session[slot] for slot in range(first, first_after)}

    def _not_closed(self, slots: int, person: int) -> int:
        """Leave out of the slots of the window, as bits, those on days closed to a person."""
        left = slots
        while left:
            bit = left & -left
            left ^= bit
            slot = self._slot_at[self._shift + bit.bit_length() - 1]
            if self._closed_by[person, self._day[slot]]:
                slots ^= bit
        return slots

    def _has_room(self, person: int, first: int, second: int) -> bool:
        """Say whether two more slots are within the limits of their periods."""
        limit = self._limits[person]
        if limit is None:
            return True
        held = person * self._periods
        one, other = held + self._period[first], held + self._period[second]
        counted, too = self._counts[first], self._counts[second]
        if one == other:
            return not (counted or too) or self._held[one] + counted + too <= limit
        return (not counted or self._held[one] < limit) and (not too or self._held[other] < limit)

    def hold(self, slot: int, person: int) -> bool:
        """Book a table before the first day; say whether there was one and the person had none.

        Neither limits of periods nor people kept apart refuse what has been booked, but they count
        it.
        """
        session = person * self._sessions + self._session[slot]
        if self._is_booked(person, slot) or not self.free[slot]:
            return False
        if person in self._apart:
            self._keep_away(person, slot)
        self._booked[self._week[slot]].add(session)
        self.free[slot] -= 1
        if not self.free[slot]:
            week, position = divmod(self._index[slot], self._stride)
            self._week_bits[week] &= ~(1 << position)
        limit = self._limits[person]
        if limit is not None and self._counts[slot]:
            self._count(person, self._period[slot], limit)
        return True

    def release(self, slot: int, person: int, day: int) -> None:
        """Give a booked table back on ``day``; others may book it from now on."""
        if day != self._today:
            self._turn_to(day)
        place = self._index[slot] - self._shift
        if not self.free[slot] and place >= 0:
            self._open |= 1 << place
            self._bookable = self._open & self._window
        self.free[slot] += 1
        self._booked[self._week[slot]].remove(person * self._sessions + self._session[slot])
        if person in self._apart:
            self._let_come(person, slot)
        if self._limits[person] is not None and self._counts[slot]:
            period = self._period[slot]
            self._held[person * self._periods + period] -= 1
            self._used_up[person] &= ~(1 << period)

    def is_used_up(self, person: int, day: int) -> bool:
        """Say whether the person has used up every period of a day's window."""
        reach = self._reaches[day]
        return self._used_up[person] & reach == reach and bool(reach)

    def is_at_limit(self, person: int, day: int) -> bool:
        """Say whether the person has used up the first or the last period of a day's window."""
        return self._limits[person] == 0 or self._used_up[person] & self._ends[day] != 0

    def _count(self, person: int, period: int, limit: int) -> None:
        """Count a booking of the person's towards the limit."""
        in_period = person * self._periods + period
        held = self._held[in_period] + 1
        self._held[in_period] = held
        if held >= limit:
            self._used_up[person] |= 1 << period

    def _slots_in(self, periods: int) -> int:
        """Give the slots of the window that lie in periods written as bits."""
        if periods not in self._in_periods:
            starts = self._starts
            slots = sum(
                (1 << starts[period + 1]) - (1 << starts[period])
                for period in range(self._periods)
                if periods >> period & 1
            )
            self._in_periods[periods] = slots >> self._shift
        return self._in_periods[periods]

    def _turn_to(self, day: int) -> None:
        """Move the window on to a day."""
        if day >= self._rolls_on:
            self._roll(day)
        self._today = day
        self._window = self._masks[(day + self._offset) % DAYS_PER_WEEK]
        self._bookable = self._open & self._window
        self._reach = self._reaches[day]

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
        self._in_periods.clear()
        self._rolls_on = day + DAYS_PER_WEEK - first_day % DAYS_PER_WEEK
        gone_by, self._this_week = self._this_week, (day + self._offset) // DAYS_PER_WEEK
        for week in range(gone_by, self._this_week):
            self._booked[week].clear()


def _window(weekday: NDArray[np.int64], today: int, notice_days: tuple[int, int]) -> int:
    """Give the positions within the window of a weekday, from the week in which it begins."""
    first = (today + notice_days[0]) % DAYS_PER_WEEK
    last = first + notice_days[1] - notice_days[0]
    days = DAYS_PER_WEEK * np.arange(last // DAYS_PER_WEEK + 1)[:, np.newaxis] + weekday
    return bits(((days >= first) & (days <= last)).ravel())


def _partners(pairs: Sequence[tuple[int, int]]) -> dict[int, set[int]]:
    """Give for everybody in a pair who the others are."""
    found: dict[int, set[int]] = {}
    for one, other in pairs:
        found.setdefault(one, set()).add(other)
        found.setdefault(other, set()).add(one)
    return found


def _periods_ahead(
    slot_days: NDArray[np.int64],
    periods: NDArray[np.int64],
    notice_days: tuple[int, int],
    days: int,
) -> tuple[list[int], list[int]]:
    """Give for each day the periods of its window as bits: all, and the first and the last."""
    today = np.arange(days)
    first = np.searchsorted(slot_days, today + notice_days[0], side="left")
    last = np.searchsorted(slot_days, today + notice_days[1], side="right") - 1
    period: list[int] = periods.tolist()
    spans = [
        (period[start], period[end]) if start <= end else None
        for start, end in zip(first.tolist(), last.tolist(), strict=True)
    ]
    return (
        [(2 << span[1]) - (1 << span[0]) if span else 0 for span in spans],
        [1 << span[0] | 1 << span[1] if span else 0 for span in spans],
    )


def _suffice(slots: int, least: int, among: int) -> bool:
    """Say whether there are so many slots, one of them among some; all as bits."""
    return slots & among != 0 and slots.bit_count() >= least

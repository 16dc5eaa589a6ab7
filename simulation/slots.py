"""A calendar of slots with so many tables or stations free, and the earliest one that fits."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def bits(members: NDArray[np.bool_]) -> int:
    """Write a set of slots as one integer: bit ``i`` is set when slot ``i`` belongs to it.

    Examples
    --------
    >>> bin(bits(np.array([True, False, True, True])))
    '0b1101'
    """
    return int.from_bytes(np.packbits(members, bitorder="little").tobytes(), "little")


class SlotCalendar:
    """Free tables of every dated slot, sorted by time.

    The slots with a free table are one integer, so the earliest slot that a family can come to is
    the lowest set bit of a few ``and``s: far quicker than looking at the slots one by one.

    Parameters
    ----------
    tables
        Tables of each slot; shape (slots,).
    slot_days
        Day of each slot, ascending; shape (slots,).
    limit_periods
        Period of each slot within which one person may have at most so many; shape (slots,).
    sessions
        Session each slot belongs to; a person is in one slot of a session at most; shape (slots,).
    notice_days
        Least and most days between asking and the slot.
    days
        Days on which somebody may ask.
    """

    def __init__(
        self,
        tables: NDArray[np.int64],
        slot_days: NDArray[np.int64],
        limit_periods: NDArray[np.int64],
        sessions: NDArray[np.int64],
        *,
        notice_days: tuple[int, int],
        days: int,
    ) -> None:
        self.free: list[int] = tables.tolist()
        self.period: list[int] = limit_periods.tolist()
        self.open = bits(tables > 0)
        asked = np.arange(days)
        first = np.searchsorted(slot_days, asked + notice_days[0], side="left")
        last = np.searchsorted(slot_days, asked + notice_days[1], side="right")
        self._last: list[int] = last.tolist()
        self._first: list[int] = first.tolist()
        self._window = [(1 << width) - 1 for width in (last - first).tolist()]
        self._period_bits = _bits_by(limit_periods)
        self._slots_of = _bits_by(sessions)
        self._session: list[int] = sessions.tolist()
        self._held: dict[tuple[int, int], int] = {}
        self._own: dict[int, int] = {}
        self._barred: dict[int, int] = {}

    def earliest(self, acceptable: int, person: int, day: int) -> int:
        """Find the earliest slot in the window with a table free, or -1.

        Parameters
        ----------
        acceptable
            The slots the family can come to, as bits.
        person
            Whose booked slots and used-up periods are left out.
        day
            The day on which the family asks.
        """
        fitting = acceptable & self.open
        if person in self._barred:
            fitting &= ~self._barred[person]
        first = self._first[day]
        fitting = (fitting >> first) & self._window[day]
        return first + (fitting & -fitting).bit_length() - 1 if fitting else -1

    def book(self, slot: int, person: int, limit: int | None) -> None:
        """Take a table; the person is not booked into this slot again, nor beyond ``limit``.

        Parameters
        ----------
        limit
            Most slots the person may have in one period; ``None`` for no limit.
        """
        self.free[slot] -= 1
        if not self.free[slot]:
            self.open ^= 1 << slot
        own = self._own.get(person, 0) | self._slots_of[self._session[slot]]
        self._own[person] = own
        barred = self._barred.get(person, 0) | own
        if limit is not None:
            period = self.period[slot]
            held = self._held.get((person, period), 0) + 1
            self._held[person, period] = held
            if held >= limit:
                barred |= self._period_bits[period]
        self._barred[person] = barred

    def is_at_limit(self, person: int, day: int, limit: int) -> bool:
        """Say whether the person has used up a period that the window of ``day`` reaches into."""
        first, last = self._first[day], self._last[day] - 1
        return first <= last and any(
            self._held.get((person, self.period[slot]), 0) >= limit for slot in (first, last)
        )

    def release(self, slot: int, person: int, limit: int | None) -> None:
        """Give a booked table back; others may book it from now on."""
        if not self.free[slot]:
            self.open ^= 1 << slot
        self.free[slot] += 1
        released = self._slots_of[self._session[slot]]
        self._own[person] ^= released
        barred = self._barred[person] & ~released
        if limit is not None:
            period = self.period[slot]
            self._held[person, period] -= 1
            if self._held[person, period] < limit:
                barred &= ~self._period_bits[period]
        self._barred[person] = barred | self._own[person]


def _bits_by(labels: NDArray[np.int64]) -> dict[int, int]:
    """Give the slots of each label as bits."""
    written: dict[int, int] = {}
    for slot, label in enumerate(labels.tolist()):
        written[label] = written.get(label, 0) | 1 << slot
    return written

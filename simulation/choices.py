"""What the requests of one establishment accept."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from simulation.asking import Manner, Notice
from simulation.clock import DAYS_PER_WEEK
from simulation.columns import indices, reals
from simulation.place import BEYOND
from simulation.slots import SlotCalendar
from simulation.timetable import KINDS, DatedSlots, bits


class Choices:
    """What the requests of one establishment accept, as bits of the window.

    Parameters
    ----------
    manner
        How each request is made.
    calendar, sessions
        Free tables of the dated sessions, and the sessions.
    windows
        Booking window of each channel, in the order of ``CHANNELS``; ``None`` where it is that of
        the calendar.
    ends_day
        Day of each request on which the person's stay is known to end, ``BEYOND`` where none;
        shape (requests,).

    Attributes
    ----------
    narrower
        Whether a channel has a booking window of its own, or a stay is known to end.
    resolve, waits, doubles
        As in ``Manner``; no ``doubles`` where nobody wishes for two sessions.
    settles
        Whether a request that wishes for one kind of session takes another.
    """

    def __init__(
        self,
        manner: Manner,
        calendar: SlotCalendar,
        sessions: DatedSlots,
        windows: Sequence[Notice | None],
        ends_day: NDArray[np.int64],
    ) -> None:
        kind = sessions.weekly.kind
        self._offset = sessions.offset
        self._windows = [None if own is None else calendar.windows(own) for own in windows]
        self._channel = bytes(manner.channel.astype(np.uint8))
        self._wish = manner.wish
        self._of_kind = [calendar.every_week(bits(kind == k)) for k in range(len(KINDS))]
        ending = np.flatnonzero(ends_day < BEYOND)
        first = np.searchsorted(sessions.day, ends_day[ending])
        # no visit is booked from this slot on
        self._first_too_late = dict(zip(ending.tolist(), first.tolist(), strict=True))
        self._calendar = calendar
        self.narrower = bool(self._first_too_late) or any(own is not None for own in windows)
        self.resolve = reals(manner.resolve)
        self.settles = bytes(manner.takes_other)
        self.waits = bytes(manner.waits)
        self.doubles = bytes(manner.doubles) if manner.doubles.any() else b""

    def window(self, request: int, day: int) -> int:
        """Give the slots in the booking window of a request's channel, before a known end."""
        own = self._windows[self._channel[request]]
        within = -1 if own is None else own[(day + self._offset) % DAYS_PER_WEEK]
        if request in self._first_too_late:
            within &= self._calendar.before(self._first_too_late[request], day)
        return within

    def alike(
        self, acceptable: list[int], party: NDArray[np.int64]
    ) -> tuple[list[int], list[int], list[int]]:
        """Put requests together that accept the same slots, of which there are few kinds.

        Parameters
        ----------
        acceptable
            For each party the slots it can come to, as bits.
        party
            Of each request; shape (requests,).

        Returns
        -------
        tuple of list of int
            The kind of each request; and for each kind the slots it can come to, and those of them
            that it wishes for, as bits.
        """
        # where any kind will do, all bits
        wishes = [-1, *self._of_kind]
        distinct = {slots: number for number, slots in enumerate(dict.fromkeys(acceptable))}
        of_party = np.array([distinct[slots] for slots in acceptable], dtype=np.int64)
        return (
            indices(of_party[party] * len(wishes) + self._wish + 1),
            [slots for slots in distinct for _ in wishes],
            [slots & wish for slots in distinct for wish in wishes],
        )

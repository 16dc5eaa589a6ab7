"""A telephone line: callers wait for agents in order of priority, give up, and ring again."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Sequence
from enum import IntEnum
from heapq import heapify, heappop, heappush
from itertools import repeat
from typing import Final

import numpy as np

from simulation.columns import filled
from simulation.line_tables import HALF_HOUR, CallTable, LineYear, Staff, TryEnd


class Happens(IntEnum):
    """What happens on a line at a minute; of things of one moment the lower number comes first."""

    STAFF_CHANGES = 0
    CLOSES = 1
    RINGS = 2
    LOSES_PATIENCE = 3
    NOTHING_MORE = 4


STAFF_CHANGES: Final = int(Happens.STAFF_CHANGES)
CLOSES: Final = int(Happens.CLOSES)
RINGS: Final = int(Happens.RINGS)
LOSES_PATIENCE: Final = int(Happens.LOSES_PATIENCE)
NOTHING_MORE: Final = int(Happens.NOTHING_MORE)

ANSWERED: Final = int(TryEnd.ANSWERED)
GAVE_UP: Final = int(TryEnd.GAVE_UP)
CUT_OFF: Final = int(TryEnd.CUT_OFF)

NEVER: Final = float("inf")


LAST: Final = (NEVER, NOTHING_MORE, 0)
"""Stands behind everything that happens, so that there is always something to come."""

BEHIND: Final = 1 << 40
"""More than the ringings of any year: a place in the queue is a priority times this and a
ringing."""


class ContactCentre:
    """One line and its agents.

    Callers who find no agent free wait on hold, those of a lower priority number first and each
    priority in order of ringing. Who runs out of patience hangs up and may ring again; when the
    line closes, everybody on hold is cut off and may ring again too. An agent whose shift ends
    finishes the call. Whoever rings a shut line rings when it opens.

    Everything is drawn before, so what happens next is the first of those who ring as planned, of
    a heap of what has come up since, and of a heap of when agents are free again, which is looked
    at only while somebody waits or rings; a process for each caller says the same, and takes
    several times as long.

    Parameters
    ----------
    staff
        When it is open, and with how many agents.
    book
        Calls that may be made, and what was drawn for them; when they ring is told by ``hand``.

    Attributes
    ----------
    places
        Place in the book of each call that was handed over, in that order; other attributes have
        one entry for each of these.
    ended_minutes
        Minute at which each call was answered or given up for good; ``inf`` until then.
    tries
        How often each has rung.
    is_lost
        Whether each has given up for good.
    ended
        Calls answered or lost, in the order of their end.
    rang, held, ends, whose
        Minute of each ringing that has ended, minutes on hold, its ``TryEnd`` and its call.
    """

    def __init__(self, staff: Staff, book: CallTable) -> None:
        self.book = book
        self._opens: list[float] = [*staff.opens.tolist(), NEVER]
        self._closes: list[float] = [*staff.closes.tolist(), NEVER]
        self._on_duty = self._rung = self._next = 0
        self._rings: list[tuple[float, int, int]] = [LAST]
        self._free_again: list[float] = []
        self._queue: list[int] = []
        self._on_hold: dict[int, int] = {}
        self._since = array("d")
        self.places = array("i")
        self.ended_minutes = array("d")
        self.tries = array("i")
        self.is_lost = bytearray()
        self.ended = array("i")
        self.rang = array("d")
        self.held = array("d")
        self.ends = bytearray()
        self.whose = array("i")
        changes = np.flatnonzero(np.diff(staff.agents, prepend=0))
        self._to_come: list[tuple[float, int, int]] = [
            *zip((changes * float(HALF_HOUR)).tolist(), repeat(STAFF_CHANGES),
                 staff.agents[changes].tolist()),
            *((minute, CLOSES, 0) for minute in staff.closes.tolist()),
            LAST,
        ]  # fmt: skip
        heapify(self._to_come)

    def hand(self, minutes: Sequence[float], places: Sequence[int]) -> None:
        """Take calls that ring at these minutes, ascending and from now on."""
        first, count = len(self.places), len(places)
        self.places.extend(places)
        never = array("d", [NEVER]) * count
        self.ended_minutes.extend(never)
        self._since.extend(never)
        self.tries.extend(filled(0, count))
        self.is_lost += bytes(count)
        rings = zip(minutes, repeat(RINGS), range(first, first + count))
        left = self._rings[self._next : -1]
        self._rings = [*(sorted([*left, *rings]) if left else rings), LAST]
        self._next = 0

    def run(self, until: float) -> None:
        """Play on until a minute, of which nothing has happened then."""
        # looked up once, for the loop is most of the run
        rings, to_come, free_again = self._rings, self._to_come, self._free_again
        queue, on_hold, since, places = self._queue, self._on_hold, self._since, self.places
        opens, closes, tries = self._opens, self._closes, self.tries
        handle, priority = self.book.handle_minutes.item, self.book.priority.item
        patience = self.book.patience_minutes.item
        ended_at, ended = self.ended_minutes, self.ended
        rang, held, ends, whose = self.rang, self.held, self.ends, self.whose
        number = self._next
        ring = rings[number]
        while True:
            is_ring = ring < to_come[0]
            event = ring if is_ring else to_come[0]
            now, happens, which = event
            if queue and free_again and free_again[0] < now and free_again[0] < until:
                # whatever else happens at that minute comes before
                self._answer_next(heappop(free_again))
                continue
            if now >= until:
                self._next = number
                return
            if is_ring:
                number += 1
                ring = rings[number]
            else:
                heappop(to_come)
            if happens != RINGS:
                self._change(happens, which, now)
                continue
            spell = bisect_right(closes, now)
            if opens[spell] > now:
                heappush(to_come, (opens[spell], RINGS, which))
                continue
            tries[which] += 1
            while free_again and free_again[0] < now:
                heappop(free_again)
            if len(free_again) < self._on_duty:
                ended_at[which] = now
                rang.append(now)
                held.append(0.0)
                ends.append(ANSWERED)
                whose.append(which)
                ended.append(which)
                heappush(free_again, now + handle(places[which]))
                continue
            self._rung += 1
            on_hold[self._rung] = which
            since[which] = now
            heappush(queue, priority(places[which]) * BEHIND + self._rung)
            gives_up = now + patience(tries[which] - 1, places[which])
            if gives_up < closes[spell]:
                heappush(to_come, (gives_up, LOSES_PATIENCE, self._rung))

    def _change(self, happens: int, which: int, now: float) -> None:
        """Let a caller lose patience, agents come or go, or the line close."""
        if happens == LOSES_PATIENCE:
            if which in self._on_hold:
                self._leave(which, GAVE_UP, now)
        elif happens == STAFF_CHANGES:
            self._on_duty = which
            while self._free_again and self._free_again[0] < now:
                heappop(self._free_again)
            self._answer_next(now)
        else:
            self._queue.clear()
            for rung in tuple(self._on_hold):
                self._leave(rung, CUT_OFF, now)

    def _answer_next(self, now: float) -> None:
        """Let free agents answer whoever is first in the queue."""
        queue, free_again, on_hold = self._queue, self._free_again, self._on_hold
        while queue and len(free_again) < self._on_duty:
            rung = heappop(queue) % BEHIND
            # who has hung up is passed over
            if rung in on_hold:
                call = on_hold.pop(rung)
                self.ended_minutes[call] = now
                self._end_try(call, self._since[call], ANSWERED, now)
                self.ended.append(call)
                heappush(free_again, now + self.book.handle_minutes.item(self.places[call]))

    def _leave(self, rung: int, end: int, now: float) -> None:
        """Let a caller hang up unanswered, and ring again or not."""
        call = self._on_hold.pop(rung)
        tries, redials = self.tries[call], self.book.redial_minutes
        self._end_try(call, self._since[call], end, now)
        redial = redials.item(tries - 1, self.places[call]) if tries <= len(redials) else NEVER
        if redial < NEVER:
            minute = after_opening_minutes(now, redial, self._opens, self._closes)
            if minute < NEVER:
                heappush(self._to_come, (minute, RINGS, call))
            return
        self.is_lost[call] = True
        self.ended_minutes[call] = now
        self.ended.append(call)

    def _end_try(self, call: int, rang: float, end: int, now: float) -> None:
        self.rang.append(rang)
        self.held.append(now - rang)
        self.ends.append(end)
        self.whose.append(call)

    def year(self) -> LineYear:
        """Give what has been written down."""
        places = np.array(self.places, dtype=np.int64)
        is_lost = np.frombuffer(self.is_lost, dtype=np.bool_)
        return LineYear(
            service=self.book.service[places],
            answered_minutes=np.where(is_lost, NEVER, np.frombuffer(self.ended_minutes)),
            tries=np.array(self.tries, dtype=np.int64),
            is_lost=is_lost,
            rang=np.frombuffer(self.rang),
            held_minutes=np.frombuffer(self.held),
            ends=np.frombuffer(self.ends, dtype=np.uint8).astype(np.int64),
            whose=np.array(self.whose, dtype=np.int64),
            handle_minutes=self.book.handle_minutes[places],
        )

    def conserve(self) -> None:
        """Check that no call was lost or made up.

        Raises
        ------
        RuntimeError
            When the ringings do not add up to those answered, given up, cut off and on hold; or a
            call ended twice. A fault of the model.
        """
        rung, over, on_hold = sum(self.tries), len(self.ends), len(self._on_hold)
        over_for_good = len(self.ended_minutes) - self.ended_minutes.count(NEVER)
        answered = over_for_good - sum(self.is_lost)
        told = self.ends.count(ANSWERED)
        broken = []
        if rung != over + on_hold:
            broken.append(f"{rung} ringings, {over} ended and {on_hold} on hold")
        if answered != told or len(self.ended) != over_for_good:
            broken.append(f"{answered} calls answered, {told} ringings answered")
        if len(np.unique(np.array(self.ended))) != len(self.ended):
            broken.append("a call ended twice")
        if broken:
            raise RuntimeError(
                f"Calls are not conserved: {'; '.join(broken)}. "
                "This is a fault of the model; please report it."
            )


def after_opening_minutes(
    now: float, work: float, opens: list[float], closes: list[float]
) -> float:
    """Give the minute at which so many opening minutes have passed; ``inf`` where they never do.

    Examples
    --------
    Open on two days from minute 0 to 100 and from 1440 to 1540: 30 opening minutes after minute 80.

    >>> after_opening_minutes(80.0, 30.0, [0.0, 1440.0], [100.0, 1540.0])
    1450.0
    """
    spell = bisect_right(closes, now)
    while spell < len(opens):
        begins = max(now, opens[spell])
        if begins + work < closes[spell]:
            return begins + work
        work -= closes[spell] - begins
        spell += 1
    return np.inf


def play_line(calls: CallTable, staff: Staff, *, until: float) -> LineYear:
    """Play a line from a table of calls to a table of answers.

    Parameters
    ----------
    calls
        In order of their first ringing.
    staff
        When the line is open, and with how many agents.
    until
        Minute at which the run ends.

    Returns
    -------
    LineYear
        One entry for each call, in the order of ``calls``; and one for each ringing that ended.

    Raises
    ------
    RuntimeError
        When calls are not conserved.
    """
    centre = ContactCentre(staff, calls)
    centre.hand(calls.minutes.tolist(), range(len(calls)))
    centre.run(until)
    centre.conserve()
    return centre.year()

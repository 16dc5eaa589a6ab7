"""A telephone line: callers wait for agents in order of priority, give up, and ring again."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Callable, Sequence
from heapq import heappop, heappush
from typing import Final

import numpy as np

from simulation.line_tables import HALF_HOUR, CallTable, LineYear, Staff, TryEnd

ANSWERED: Final = int(TryEnd.ANSWERED)
GAVE_UP: Final = int(TryEnd.GAVE_UP)
CUT_OFF: Final = int(TryEnd.CUT_OFF)

FOR_GOOD: Final = 8
"""Stands beside how a ringing ended when the caller does not ring again."""

NEVER: Final = float("inf")

CLOSES: Final = -1
"""In the place of a number of agents: the line closes."""

GONE: Final = -1
"""In the place of a caller on hold: answered or rung off."""

BEHIND: Final = 1 << 40
"""More than the ringings of any day: a place in the queue is a priority times this and a
ringing."""


class ContactCentre:
    """One line and its agents.

    Callers who find no agent free wait on hold, those of a lower priority number first and each
    priority in order of ringing. Who runs out of patience hangs up and may ring again; when the
    line closes, everybody on hold is cut off and may ring again too. An agent whose shift ends
    finishes the call. Whoever rings a shut line rings when it opens.

    Everything is drawn before, so what happens next is the first of five: agents come or go or the
    line closes, somebody rings as planned, somebody rings again, somebody loses patience, or an
    agent is free again, which is looked at only while somebody waits or rings. Of the first four,
    what is named first comes first at one moment, and of those who ring the call that was handed
    over first. A process for each caller says the same, and takes several times as long.

    Parameters
    ----------
    staff
        When it is open, and with how many agents.
    book
        Calls that may be made, and what was drawn for them; when they ring is told by ``hand``.

    Attributes
    ----------
    places
        Place in the book of each call that was handed over, in that order.
    whose, minutes, ends
        Of the ringings that ended in the last run, in that order: the call, the minute of the end,
        and the ``TryEnd``, with ``FOR_GOOD`` where the caller does not ring again.
    """

    def __init__(self, staff: Staff, book: CallTable) -> None:
        self.book = book
        # looked up once, for every call asks them
        self._handle: Callable[[int], float] = book.handle_minutes.item
        self._priority: Callable[[int], int] = book.priority.item
        self._patience: Callable[[int, int], float] = book.patience_minutes.item
        self._redial: Callable[[int, int], float] = book.redial_minutes.item
        self._redials = len(book.redial_minutes)
        self.places = array("i")
        self.whose: list[int] = []
        self.minutes: list[float] = []
        self.ends: list[int] = []
        self._rang: list[float] = []
        self._opens: list[float] = [*staff.opens.tolist(), NEVER]
        self._closes: list[float] = [*staff.closes.tolist(), NEVER]
        self._change_at, self._change_to = _changes(staff)
        self._changed = self._on_duty = self._spell = 0
        # who rings as planned, the last of them never
        self._ring_at: list[float] = [NEVER]
        self._ring_by: list[int] = [0]
        self._next = 0
        self._again: list[tuple[float, int]] = []
        self._shut_out = 0
        self._impatient: list[tuple[float, int]] = []
        self._free_again: list[float] = []
        self._queue: list[int] = []
        # who rang to be put on hold since the line opened, and when
        self._on_hold: list[int] = []
        self._since: list[float] = []
        self._tries: list[int] = []
        self._all_rang, self._all_over = array("d"), array("d")
        self._all_ends, self._all_whose = bytearray(), array("i")

    def hand(self, minutes: Sequence[float], places: Sequence[int]) -> None:
        """Take calls that ring at these minutes, ascending and from now on."""
        first, count = len(self.places), len(places)
        self.places.extend(array("i", places))
        self._tries += [0] * count
        left = slice(self._next, len(self._ring_at) - 1)
        rings = [*zip(self._ring_at[left], self._ring_by[left], strict=True)]
        if rings:
            rings = sorted([*rings, *zip(minutes, range(first, first + count), strict=True)])
            self._ring_at = [*(minute for minute, _ in rings), NEVER]
            self._ring_by = [*(call for _, call in rings), 0]
        else:
            self._ring_at = [*minutes, NEVER]
            self._ring_by = [*range(first, first + count), 0]
        self._next = 0

    def run(self, until: float) -> None:
        """Play on until a minute, of which nothing has happened then."""
        self.whose, self.minutes, self.ends, self._rang = [], [], [], []
        # looked up once, for the loop is most of the run
        ring_at, ring_by, again, impatient = (
            self._ring_at, self._ring_by, self._again, self._impatient,
        )  # fmt: skip
        change_at, queue, free_again = self._change_at, self._queue, self._free_again
        while True:
            now = ring_at[self._next]
            again_at, call = again[0] if again else (NEVER, 0)
            is_again = again_at < now or (again_at == now and call < ring_by[self._next])
            now = again_at if is_again else now
            patient_until = impatient[0][0] if impatient else NEVER
            gives_up = patient_until < now
            now = patient_until if gives_up else now
            changes = change_at[self._changed] <= now
            now = change_at[self._changed] if changes else now
            if queue and free_again and free_again[0] < now and free_again[0] < until:
                # whatever else happens at that minute comes before
                self._answer_next(heappop(free_again))
            elif now >= until:
                break
            elif changes:
                self._change(self._change_to[self._changed], now)
                self._changed += 1
            elif gives_up:
                rung = heappop(impatient)[1]
                if self._on_hold[rung] != GONE:
                    self._leave(rung, GAVE_UP, now)
            elif is_again:
                self._ring(heappop(again)[1], now)
            else:
                call = ring_by[self._next]
                self._next += 1
                self._ring(call, now)
        self._all_whose.fromlist(self.whose)
        self._all_over.fromlist(self.minutes)
        self._all_ends += bytes(self.ends)
        self._all_rang.fromlist(self._rang)

    def _ring(self, call: int, now: float) -> None:
        """Let somebody ring: an agent answers, or the caller is put on hold."""
        while self._closes[self._spell] <= now:
            self._spell += 1
        opens = self._opens[self._spell]
        if opens > now:
            heappush(self._again, (opens, call))
            return
        tries, free_again = self._tries[call], self._free_again
        self._tries[call] = tries + 1
        while free_again and free_again[0] < now:
            heappop(free_again)
        if len(free_again) < self._on_duty:
            self._answer(call, now, now)
            return
        rung, place = len(self._on_hold), self.places[call]
        self._on_hold.append(call)
        self._since.append(now)
        heappush(self._queue, self._priority(place) * BEHIND + rung)
        gives_up = now + self._patience(tries, place)
        if gives_up < self._closes[self._spell]:
            heappush(self._impatient, (gives_up, rung))

    def _answer(self, call: int, rang: float, now: float) -> None:
        self._end_try(call, rang, ANSWERED + FOR_GOOD, now)
        heappush(self._free_again, now + self._handle(self.places[call]))

    def _change(self, agents: int, now: float) -> None:
        """Let agents come or go, or the line close."""
        if agents != CLOSES:
            self._on_duty = agents
            while self._free_again and self._free_again[0] < now:
                heappop(self._free_again)
            self._answer_next(now)
            return
        for rung, call in enumerate(self._on_hold):
            if call != GONE:
                self._leave(rung, CUT_OFF, now)
        # nobody's patience ends after that
        self._queue.clear()
        self._on_hold.clear()
        self._since.clear()

    def _answer_next(self, now: float) -> None:
        """Let free agents answer whoever is first in the queue."""
        while self._queue and len(self._free_again) < self._on_duty:
            rung = heappop(self._queue) % BEHIND
            call = self._on_hold[rung]
            # who has hung up is passed over
            if call != GONE:
                self._on_hold[rung] = GONE
                self._answer(call, self._since[rung], now)

    def _leave(self, rung: int, end: int, now: float) -> None:
        """Let a caller hang up unanswered, and ring again or not."""
        call = self._on_hold[rung]
        self._on_hold[rung] = GONE
        tries, redial = self._tries[call], NEVER
        if tries <= self._redials:
            redial = self._redial(tries - 1, self.places[call])
        if redial == NEVER:
            self._end_try(call, self._since[rung], end + FOR_GOOD, now)
            return
        self._end_try(call, self._since[rung], end, now)
        minute = after_opening_minutes(now, redial, self._opens, self._closes)
        if minute < NEVER:
            heappush(self._again, (minute, call))
        else:
            self._shut_out += 1

    def _end_try(self, call: int, rang: float, end: int, now: float) -> None:
        self.whose.append(call)
        self.minutes.append(now)
        self.ends.append(end)
        self._rang.append(rang)

    def year(self) -> LineYear:
        """Give what has been written down."""
        places = np.array(self.places, dtype=np.int64)
        ends = np.frombuffer(self._all_ends, dtype=np.uint8).astype(np.int64)
        whose = np.array(self._all_whose, dtype=np.int64)
        over_minutes = np.frombuffer(self._all_over)
        is_answered, is_lost = ends == ANSWERED + FOR_GOOD, ends > ANSWERED + FOR_GOOD
        answered_minutes = np.full(len(places), NEVER)
        answered_minutes[whose[is_answered]] = over_minutes[is_answered]
        lost = np.zeros(len(places), dtype=np.bool_)
        lost[whose[is_lost]] = True
        return LineYear(
            service=self.book.service[places],
            answered_minutes=answered_minutes,
            tries=np.array(self._tries, dtype=np.int64),
            is_lost=lost,
            rang=np.frombuffer(self._all_rang),
            over_minutes=over_minutes,
            ends=ends % FOR_GOOD,
            whose=whose,
            handle_minutes=self.book.handle_minutes[places],
        )

    def conserve(self) -> None:
        """Check that no call was lost or made up.

        Raises
        ------
        RuntimeError
            When the ringings do not add up to those answered, given up, cut off and on hold; the
            calls not to those answered, lost, on hold, still to ring and never to ring again; or a
            call ended twice. A fault of the model.
        """
        rung, over = sum(self._tries), len(self._all_ends)
        on_hold = len(self._on_hold) - self._on_hold.count(GONE)
        to_ring = len(self._again) + len(self._ring_at) - 1 - self._next + self._shut_out
        for_good = np.frombuffer(self._all_ends, dtype=np.uint8) >= FOR_GOOD
        ended = np.array(self._all_whose)[for_good]
        broken = []
        if rung != over + on_hold:
            broken.append(f"{rung} ringings, {over} ended and {on_hold} on hold")
        if len(self.places) != len(ended) + on_hold + to_ring:
            broken.append(
                f"{len(self.places)} calls, {len(ended)} ended, {on_hold} on hold and {to_ring} "
                "still to ring"
            )
        if len(np.unique(ended)) != len(ended):
            broken.append("a call ended twice")
        if broken:
            raise RuntimeError(
                f"Calls are not conserved: {'; '.join(broken)}. "
                "This is a fault of the model; please report it."
            )


def _changes(staff: Staff) -> tuple[list[float], list[int]]:
    """Give when agents come or go or the line closes, in order, and how many are there then.

    The last is never.
    """
    changes = np.flatnonzero(np.diff(staff.agents, prepend=0))
    minutes = np.concatenate([changes * float(HALF_HOUR), staff.closes])
    agents = np.concatenate([staff.agents[changes], np.full(len(staff.closes), CLOSES)])
    order = np.argsort(minutes, kind="stable")
    return [*minutes[order].tolist(), NEVER], [*agents[order].tolist(), 0]


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

"""A telephone line: callers wait for agents in order of priority, give up, and ring again."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Generator
from dataclasses import dataclass
from enum import IntEnum
from heapq import heappop, heappush
from typing import Any, cast

import numpy as np
import simpy
from numpy.typing import NDArray

from simulation.arrivals import at
from simulation.clock import MINUTES_PER_DAY

HALF_HOUR = 30
HALF_HOURS_PER_DAY = MINUTES_PER_DAY // HALF_HOUR


class TryEnd(IntEnum):
    """How one ringing of a caller ended."""

    ANSWERED = 0
    GAVE_UP = 1
    CUT_OFF = 2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CallTable:
    """Calls, and everything drawn for them before they are made; one entry per call.

    Attributes
    ----------
    minutes
        Minute of the first ringing, ascending; float64.
    service
        What it is about, an index; int64.
    priority
        Calls of a lower number are answered first; int64.
    handle_minutes
        How long an agent is busy with it; float64.
    patience_minutes
        Longest time on hold at each try; shape (tries_max, calls), float64.
    redial_minutes
        Opening minutes from giving up until the next try, ``inf`` where there is none; shape
        (tries_max - 1, calls), float64.
    """

    minutes: NDArray[np.float64]
    service: NDArray[np.int64]
    priority: NDArray[np.int64]
    handle_minutes: NDArray[np.float64]
    patience_minutes: NDArray[np.float64]
    redial_minutes: NDArray[np.float64]

    def __len__(self) -> int:
        """Give the number of calls."""
        return len(self.minutes)

    def chosen(self, which: NDArray[np.int64]) -> CallTable:
        """Give some of the calls, in the order asked for."""
        return CallTable(
            minutes=self.minutes[which],
            service=self.service[which],
            priority=self.priority[which],
            handle_minutes=self.handle_minutes[which],
            patience_minutes=self.patience_minutes[:, which],
            redial_minutes=self.redial_minutes[:, which],
        )


def joined(tables: list[CallTable]) -> CallTable:
    """Put tables of calls together, in order of the first ringing.

    Parameters
    ----------
    tables
        At least one; all with as many tries. Calls of one moment keep the order of the tables.
    """
    order = np.argsort(np.concatenate([each.minutes for each in tables]), kind="stable")
    return CallTable(
        minutes=np.concatenate([each.minutes for each in tables])[order],
        service=np.concatenate([each.service for each in tables])[order],
        priority=np.concatenate([each.priority for each in tables])[order],
        handle_minutes=np.concatenate([each.handle_minutes for each in tables])[order],
        patience_minutes=np.concatenate([each.patience_minutes for each in tables], axis=1)[
            :, order
        ],
        redial_minutes=np.concatenate([each.redial_minutes for each in tables], axis=1)[:, order],
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Staff:
    """Opening spells of a line and its agents on duty.

    Attributes
    ----------
    opens, closes
        Minutes at which each opening spell begins and ends, ascending; float64.
    agents
        Agents on duty in each half-hour from minute 0 on; int64.
    """

    opens: NDArray[np.float64]
    closes: NDArray[np.float64]
    agents: NDArray[np.int64]

    def __post_init__(self) -> None:
        """Refuse spells out of order and a negative number of agents."""
        if len(self.opens) != len(self.closes) or (self.closes <= self.opens).any():
            raise ValueError("Staff: every opening spell must end after it begins.")
        if (self.opens[1:] < self.closes[:-1]).any():
            raise ValueError("Staff: opening spells overlap; give them in order.")
        if (self.agents < 0).any():
            raise ValueError("Staff: agents are negative; give 0 or more.")

    @classmethod
    def constant(cls, agents: int, *, days: int) -> Staff:
        """Give a line that is always open with so many agents.

        Examples
        --------
        >>> Staff.constant(3, days=2).agents.sum() / 2 / 24
        np.float64(6.0)
        """
        return cls(
            opens=np.array([0.0]),
            closes=np.array([float(days * MINUTES_PER_DAY)]),
            agents=np.full(days * HALF_HOURS_PER_DAY, agents),
        )


class ContactCentre:
    """One line and its agents.

    Callers who find no agent free wait on hold, those of a lower priority number first and each
    priority in order of ringing. Who runs out of patience hangs up and may ring again; when the
    line closes, everybody on hold is cut off and may ring again too. An agent whose shift ends
    finishes the call. Whoever rings a shut line rings when it opens.

    Parameters
    ----------
    env
        The line's own environment.
    staff
        When it is open, and with how many agents.

    Attributes
    ----------
    answered_minutes
        Minute at which each call was answered; ``inf`` until then. One entry per call, in the
        order in which they were handed over.
    tries
        How often each has rung.
    is_lost, lost_minutes
        Whether each has given up for good, and when.
    ended
        Calls answered or lost, in the order of their end.
    rang, held, ends, whose
        Minute of each ringing that has ended, minutes on hold, its ``TryEnd`` and its call.
    """

    def __init__(self, env: simpy.Environment, staff: Staff) -> None:
        self._env = env
        self._opens: list[float] = staff.opens.tolist()
        self._closes: list[float] = staff.closes.tolist()
        self._on_duty = self._busy = 0
        self._queue: list[tuple[int, int]] = []
        self._on_hold: dict[int, tuple[int, float]] = {}
        self._rung = 0
        self._handle: list[float] = []
        self._priority: list[int] = []
        self._patience: list[list[float]] = []
        self._redial: list[list[float]] = []
        self.service: list[int] = []
        self.answered_minutes: list[float] = []
        self.tries: list[int] = []
        self.is_lost: list[bool] = []
        self.lost_minutes: dict[int, float] = {}
        self.ended: list[int] = []
        self.rang: list[float] = []
        self.held: list[float] = []
        self.ends: list[int] = []
        self.whose: list[int] = []
        env.process(self._change_staff(staff.agents.tolist()))
        env.process(self._close())

    def hand(self, calls: CallTable) -> range:
        """Take calls that begin from now on; give their numbers."""
        first = len(self.tries)
        self._handle += calls.handle_minutes.tolist()
        self._priority += calls.priority.tolist()
        self._patience += calls.patience_minutes.T.tolist()
        self._redial += calls.redial_minutes.T.tolist()
        self.service += calls.service.tolist()
        self.answered_minutes += [np.inf] * len(calls)
        self.tries += [0] * len(calls)
        self.is_lost += [False] * len(calls)
        numbers = range(first, first + len(calls))
        self._env.process(self._ring_in_turn(numbers, calls.minutes.tolist()))
        return numbers

    def _ring_in_turn(
        self, numbers: range, minutes: list[float]
    ) -> Generator[simpy.Timeout, Any, None]:
        env, ring = self._env, self._ring
        for call, minute in zip(numbers, minutes, strict=True):
            if minute > env.now:
                yield env.timeout(minute - env.now)
            ring(call)

    def _change_staff(self, agents: list[int]) -> Generator[simpy.Timeout, Any, None]:
        """Bring agents on and off duty; nothing happens in half-hours without a change."""
        for half_hour, number in enumerate(agents):
            if number == self._on_duty:
                continue
            minute = float(half_hour * HALF_HOUR)
            if minute > self._env.now:
                yield self._env.timeout(minute - self._env.now)
            self._on_duty = number
            self._answer_next()

    def _close(self) -> Generator[simpy.Timeout, Any, None]:
        """Cut off everybody on hold when the line closes."""
        for minute in self._closes:
            yield self._env.timeout(minute - self._env.now)
            self._queue.clear()
            for rung in tuple(self._on_hold):
                self._leave(rung, TryEnd.CUT_OFF)

    def _ring_again(self, due: simpy.Event) -> None:
        self._ring(cast("int", due.value))

    def _ring(self, call: int) -> None:
        """Let a caller ring, or wait for the line to open."""
        now = self._env.now
        opening = self._opening(now)
        if opening > now:
            if opening < np.inf:
                at(self._env, opening, self._ring_again, call)
            return
        self.tries[call] += 1
        if self._busy < self._on_duty:
            self._answer(call, now)
            return
        self._rung += 1
        self._on_hold[self._rung] = call, now
        heappush(self._queue, (self._priority[call], self._rung))
        patience = self._patience[call][self.tries[call] - 1]
        closes = self._closes[bisect_right(self._closes, now)]
        if now + patience < closes:
            at(self._env, now + patience, self._lose_patience, self._rung)

    def _opening(self, now: float) -> float:
        """Give the minute from which the line is open: now, or later."""
        spell = bisect_right(self._closes, now)
        return max(now, self._opens[spell]) if spell < len(self._opens) else np.inf

    def _answer(self, call: int, rang: float) -> None:
        now = self._env.now
        self._busy += 1
        self.answered_minutes[call] = now
        self._end_try(call, rang, TryEnd.ANSWERED)
        self.ended.append(call)
        at(self._env, now + self._handle[call], self._hang_up)

    def _hang_up(self, finished: simpy.Event) -> None:
        self._busy -= 1
        self._answer_next()

    def _answer_next(self) -> None:
        """Let free agents answer whoever is first in the queue."""
        while self._queue and self._busy < self._on_duty:
            _, rung = heappop(self._queue)
            # who has hung up is passed over
            if rung in self._on_hold:
                self._answer(*self._on_hold.pop(rung))

    def _lose_patience(self, due: simpy.Event) -> None:
        rung = cast("int", due.value)
        if rung in self._on_hold:
            self._leave(rung, TryEnd.GAVE_UP)

    def _leave(self, rung: int, end: TryEnd) -> None:
        """Let a caller hang up unanswered, and ring again or not."""
        call, since = self._on_hold.pop(rung)
        now, tries = self._env.now, self.tries[call]
        self._end_try(call, since, end)
        redial = self._redial[call][tries - 1] if tries <= len(self._redial[call]) else np.inf
        if redial < np.inf:
            minute = after_opening_minutes(now, redial, self._opens, self._closes)
            if minute < np.inf:
                at(self._env, minute, self._ring_again, call)
            return
        self.is_lost[call] = True
        self.lost_minutes[call] = now
        self.ended.append(call)

    def _end_try(self, call: int, rang: float, end: TryEnd) -> None:
        self.rang.append(rang)
        self.held.append(self._env.now - rang)
        self.ends.append(int(end))
        self.whose.append(call)

    def conserve(self) -> None:
        """Check that no call was lost or made up.

        Raises
        ------
        RuntimeError
            When the ringings do not add up to those answered, given up, cut off and on hold; or a
            call ended twice. A fault of the model.
        """
        rung, over, on_hold = sum(self.tries), len(self.ends), len(self._on_hold)
        answered = sum(minute < np.inf for minute in self.answered_minutes)
        told = sum(end == TryEnd.ANSWERED for end in self.ends)
        broken = []
        if rung != over + on_hold:
            broken.append(f"{rung} ringings, {over} ended and {on_hold} on hold")
        if answered != told or len(self.ended) != answered + sum(self.is_lost):
            broken.append(f"{answered} calls answered, {told} ringings answered")
        if len(set(self.ended)) != len(self.ended):
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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LineYear:
    """What happened on a line.

    Attributes
    ----------
    service
        What each call was about, an index; int64.
    answered_minutes
        Minute at which each was answered, ``inf`` where it was not; float64.
    tries
        How often each rang; int64.
    is_lost
        Whether it gave up for good; where neither answered nor lost it was pending at the end.
    rang, held_minutes, ends, whose
        Minute of each ringing, its time on hold, its ``TryEnd`` and its call.
    handle_minutes
        Of each call.
    """

    service: NDArray[np.int64]
    answered_minutes: NDArray[np.float64]
    tries: NDArray[np.int64]
    is_lost: NDArray[np.bool_]
    rang: NDArray[np.float64]
    held_minutes: NDArray[np.float64]
    ends: NDArray[np.int64]
    whose: NDArray[np.int64]
    handle_minutes: NDArray[np.float64]

    @classmethod
    def of(cls, centre: ContactCentre) -> LineYear:
        """Take over what a line has written down."""
        return cls(
            service=np.array(centre.service, dtype=np.int64),
            answered_minutes=np.array(centre.answered_minutes, dtype=np.float64),
            tries=np.array(centre.tries, dtype=np.int64),
            is_lost=np.array(centre.is_lost, dtype=np.bool_),
            rang=np.array(centre.rang, dtype=np.float64),
            held_minutes=np.array(centre.held, dtype=np.float64),
            ends=np.array(centre.ends, dtype=np.int64),
            whose=np.array(centre.whose, dtype=np.int64),
            handle_minutes=np.array(centre._handle, dtype=np.float64),
        )


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
    env = simpy.Environment()
    centre = ContactCentre(env, staff)
    centre.hand(calls)
    env.run(until=until)
    centre.conserve()
    env._queue.clear()
    return LineYear.of(centre)

"""The story of a request for a visit: search the window, book, ask again or give up."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from typing import cast

import simpy

from simulation.allowance import Orders
from simulation.arrivals import at, walk
from simulation.clock import MINUTES_PER_DAY
from simulation.demand import Requests
from simulation.log import CODE, NO_SLOT, Recorder, VisitOutcome
from simulation.slots import SlotCalendar

BOOKED = CODE[VisitOutcome.BOOKED]
NO_ORDER = CODE[VisitOutcome.NO_ORDER]
NO_TABLE = CODE[VisitOutcome.NO_TABLE]
CANCELLED = CODE[VisitOutcome.CANCELLED]
REFUSED = CODE[VisitOutcome.REFUSED]
GAVE_UP = CODE[VisitOutcome.GAVE_UP]
TURNED_TO_VIDEO = CODE[VisitOutcome.TURNED_TO_VIDEO]


class BookingDesk:
    """Where the families of one establishment book.

    One process walks through the requests of the year in the order in which they are made.
    Further attempts and cancellations are events that call back, so that the list of pending
    events stays short whatever the number of families.

    Parameters
    ----------
    env
        The establishment's own environment.
    requests
        Drawn before the run.
    acceptable
        For each party the sessions it can come to, as bits.
    limits
        For each person the most visits in one week; ``None`` if any number.
    calendar, starts
        Free tables of the dated sessions, and the minute each begins.
    orders, needs_order
        Visit orders of everybody, and whether a person's visits need one.
    recorder
        Takes a row at each turn.
    call_instead, first_call_instead
        Asks for a video call in place of the visit: takes the number of the request for a call,
        person, party and minute; such requests are numbered from ``first_call_instead``.
    """

    def __init__(
        self,
        env: simpy.Environment,
        requests: Requests,
        *,
        acceptable: Sequence[int],
        limits: Sequence[int | None],
        calendar: SlotCalendar,
        starts: Sequence[float],
        orders: Orders,
        needs_order: Sequence[bool],
        recorder: Recorder,
        call_instead: Callable[[int, int, int, float], None],
        first_call_instead: int,
    ) -> None:
        self._env = env
        self._acceptable = acceptable
        self._limits = limits
        self._calendar = calendar
        self._starts = starts
        self._orders = orders
        self._needs_order = needs_order
        self._record = recorder.add
        self._call_instead = call_instead
        self._first_call_instead = first_call_instead
        self._party: list[int] = requests.party.tolist()
        self._person: list[int] = requests.person.tolist()
        self._cancels: list[bool] = requests.cancels.tolist()
        self._cancel_at: list[float] = requests.cancel_at_share.tolist()
        self._willing: list[int] = requests.attempts.tolist()
        self._waits: list[list[float]] = requests.ask_again_minutes.tolist()
        self._turns: list[bool] = requests.turns_to_video.tolist()
        self._waiting: defaultdict[float, deque[tuple[float, int, int]]] = defaultdict(deque)
        self._last_attempt = len(self._waits) + 1
        self.booked: list[list[int]] = [[] for _ in starts]
        env.process(walk(env, requests.asked_minutes.tolist(), self._ask))

    def _ask(self, request: int, now: float, attempt: int = 1) -> None:
        day = int(now / MINUTES_PER_DAY)
        person = self._person[request]
        needs_order = self._needs_order[person]
        if needs_order and not self._orders.in_hand(person, day):
            self._turn_away(request, now, attempt, NO_ORDER)
            return
        acceptable = self._acceptable[self._party[request]]
        slot = self._calendar.take(acceptable, person, day, self._limits[person])
        if slot < 0:
            self._turn_away(request, now, attempt, NO_TABLE)
            return
        if needs_order:
            self._orders.spend(person)
        self.booked[slot].append(request)
        self._record((now, request, BOOKED, slot))
        if self._cancels[request]:
            cancelled = now + self._cancel_at[request] * (self._starts[slot] - now)
            at(self._env, cancelled, self._cancel, (request, slot))

    def _turn_away(self, request: int, now: float, attempt: int, why: int) -> None:
        if attempt < self._willing[request]:
            self._record((now, request, why, NO_SLOT))
            self._wait(request, now, attempt)
        elif self._turns[request]:
            self._record((now, request, why, NO_SLOT, now, request, TURNED_TO_VIDEO, NO_SLOT))
            call = self._first_call_instead + request
            self._call_instead(call, self._person[request], self._party[request], now)
        else:
            end = REFUSED if attempt == self._last_attempt else GAVE_UP
            self._record((now, request, why, NO_SLOT, now, request, end, NO_SLOT))

    def _wait(self, request: int, now: float, attempt: int) -> None:
        """Queue behind the families that wait as long; only the first of them is an event."""
        wait = self._waits[attempt - 1][request]
        queue = self._waiting[wait]
        queue.append((now + wait, request, attempt + 1))
        if len(queue) == 1:
            at(self._env, now + wait, self._ask_again, queue)

    def _ask_again(self, waited: simpy.Event) -> None:
        queue = cast("deque[tuple[float, int, int]]", waited.value)
        now, request, attempt = queue.popleft()
        if queue:
            at(self._env, queue[0][0], self._ask_again, queue)
        self._ask(request, now, attempt)

    def _cancel(self, decided: simpy.Event) -> None:
        request, slot = cast("tuple[int, int]", decided.value)
        now, person = self._env.now, self._person[request]
        day = int(now / MINUTES_PER_DAY)
        self.booked[slot].remove(request)
        self._calendar.release(slot, person, self._limits[person], day)
        if self._needs_order[person]:
            self._orders.give_back(person, day)
        self._record((now, request, CANCELLED, slot))

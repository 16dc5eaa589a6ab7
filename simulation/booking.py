"""The story of a request for a visit: search the window, book, ask again or give up."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from typing import cast

import simpy

from simulation.allowance import Orders
from simulation.arrivals import after, at, walk
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
    calendar, starts
        Free tables of the dated sessions, and the minute each begins.
    orders, needs_order
        Visit orders of everybody, and whether a person's visits need one.
    recorder
        Takes a row at each turn.
    call_instead
        Asks for a video call in place of the visit: takes number and minute of the request.
    """

    def __init__(
        self,
        env: simpy.Environment,
        requests: Requests,
        *,
        acceptable: Sequence[int],
        calendar: SlotCalendar,
        starts: Sequence[float],
        orders: Orders,
        needs_order: Sequence[bool],
        recorder: Recorder,
        call_instead: Callable[[int, float], None],
    ) -> None:
        self._env = env
        self._acceptable = [acceptable[party] for party in requests.party.tolist()]
        self._calendar = calendar
        self._starts = starts
        self._orders = orders
        self._needs_order = needs_order
        self._record = recorder.add
        self._call_instead = call_instead
        self._person: list[int] = requests.person.tolist()
        self._cancels: list[bool] = requests.cancels.tolist()
        self._cancel_at: list[float] = requests.cancel_at_share.tolist()
        self._willing: list[int] = requests.attempts.tolist()
        self._waits: list[list[float]] = requests.ask_again_minutes.tolist()
        self._turns: list[bool] = requests.turns_to_video.tolist()
        self._waiting: defaultdict[float, deque[tuple[float, int, int]]] = defaultdict(deque)
        self._last_attempt = len(self._waits) + 1
        self._today = self._midnight = 0
        self.booked: list[list[int]] = [[] for _ in starts]
        env.process(walk(env, requests.asked_minutes.tolist(), self._ask))

    def _ask(self, request: int, now: float, attempt: int = 1) -> None:
        if now >= self._midnight:
            self._turn_page(now)
        person, today = self._person[request], self._today
        needs_order = self._needs_order[person]
        if needs_order and not self._orders.in_hand(person, today):
            self._turn_away(request, now, attempt, NO_ORDER)
            return
        slot = self._calendar.take(self._acceptable[request], person, today)
        if slot < 0:
            self._turn_away(request, now, attempt, NO_TABLE)
            return
        if needs_order:
            self._orders.spend(person, today)
        self.booked[slot].append(request)
        self._record((now, request, BOOKED, slot))
        if self._cancels[request]:
            cancelled = now + self._cancel_at[request] * (self._starts[slot] - now)
            at(self._env, cancelled, self._cancel, (request, slot))

    def _turn_away(self, request: int, now: float, attempt: int, why: int) -> None:
        if attempt < self._willing[request]:
            self._record((now, request, why, NO_SLOT))
            # queue behind the families that wait as long; only the first of them is an event
            wait = self._waits[attempt - 1][request]
            queue = self._waiting[wait]
            if not queue:
                at(self._env, now + wait, self._ask_again, queue)
            queue.append((now + wait, request, attempt + 1))
        elif self._turns[request]:
            self._record((now, request, why, NO_SLOT, now, request, TURNED_TO_VIDEO, NO_SLOT))
            self._call_instead(request, now)
        else:
            end = REFUSED if attempt == self._last_attempt else GAVE_UP
            self._record((now, request, why, NO_SLOT, now, request, end, NO_SLOT))

    def _ask_again(self, waited: simpy.Event) -> None:
        queue = cast("deque[tuple[float, int, int]]", waited.value)
        now, request, attempt = queue.popleft()
        if queue:
            after(self._env, queue[0][0] - now, self._ask_again, queue)
        self._ask(request, now, attempt)

    def _cancel(self, decided: simpy.Event) -> None:
        request, slot = cast("tuple[int, int]", decided.value)
        now, person = self._env.now, self._person[request]
        if now >= self._midnight:
            self._turn_page(now)
        self.booked[slot].remove(request)
        self._calendar.release(slot, person, self._today)
        if self._needs_order[person]:
            self._orders.give_back(person, self._today)
        self._record((now, request, CANCELLED, slot))

    def _turn_page(self, now: float) -> None:
        """Note that a new day has begun."""
        self._today = int(now / MINUTES_PER_DAY)
        self._midnight = (self._today + 1) * MINUTES_PER_DAY

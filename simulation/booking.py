"""The story of a request for a visit: search the window, book, ask again or give up."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import Any, cast

import simpy

from simulation.allowance import Orders
from simulation.arrivals import Askings, at
from simulation.clock import MINUTES_PER_DAY
from simulation.demand import Requests
from simulation.log import CODE, NO_ORDER_ANSWER, PASSED_OVER, Recorder, VisitOutcome
from simulation.slots import SlotCalendar

CANCELLED = CODE[VisitOutcome.CANCELLED]


class BookingDesk:
    """Where the families of one establishment book.

    One process answers everybody in the order of asking, those who come back included; it passes
    over whoever was booked meanwhile, and leads to the video room whoever wants a call.
    Cancellations are events that call back, so that the list of pending events stays short
    whatever the number of families.

    Parameters
    ----------
    env
        The establishment's own environment.
    requests, askings
        Drawn before the run.
    acceptable
        For each party the sessions it can come to, as bits.
    calendar, starts
        Free tables of the dated sessions, and the minute each begins.
    orders, needs_order
        Visit orders of everybody, and whether a person's visits need one.
    recorder
        Takes the answer to every asking, and a row for each cancellation.
    ask_for_call
        Asks for a video call: takes its number in the log, and the minute.
    first_instead
        Number of a call in place of the visit of request 0.

    Attributes
    ----------
    booked
        The requests that hold a table in each session.
    """

    def __init__(
        self,
        env: simpy.Environment,
        requests: Requests,
        askings: Askings,
        *,
        acceptable: Sequence[int],
        calendar: SlotCalendar,
        starts: Sequence[float],
        orders: Orders,
        needs_order: Sequence[bool],
        recorder: Recorder,
        ask_for_call: Callable[[int, float], None],
        first_instead: int,
    ) -> None:
        self._env = env
        self._calendar = calendar
        self._starts = starts
        self._orders = orders
        self._needs_order = needs_order
        self._recorder = recorder
        self._person: list[int] = requests.person.tolist()
        self._cancels: list[bool] = requests.cancels.tolist()
        self._cancel_at: list[float] = requests.cancel_at_share.tolist()
        self.booked: list[list[int]] = [[] for _ in starts]
        sessions = list(map(acceptable.__getitem__, requests.party.tolist()))
        turns = askings.last & (askings.request < len(requests))
        turns[turns] = requests.turns_to_video[askings.request[turns]]
        env.process(self._answer(askings, sessions, turns.tolist(), ask_for_call, first_instead))

    def _answer(
        self,
        askings: Askings,
        acceptable: Sequence[int],
        turns_to_video: Sequence[bool],
        ask_for_call: Callable[[int, float], None],
        first_instead: int,
    ) -> Generator[simpy.Timeout, Any, None]:
        """Answer everybody in turn, without an event where nothing else can happen before."""
        env, peek, answers = self._env, self._env.peek, self._recorder.answers
        today = midnight = 0
        person_of, needs_order, in_hand = self._person, self._needs_order, self._orders.in_hand
        take, first_call = self._calendar.take, len(person_of)
        booked = [False] * first_instead
        answers += [PASSED_OVER] * len(askings)
        rows = zip(askings.request.tolist(), askings.minutes.tolist(), strict=True)
        for asking, (request, now) in enumerate(rows):
            if booked[request]:
                continue
            if now > peek():
                yield env.timeout(now - env.now)
            if request >= first_call:
                ask_for_call(request, now)
                continue
            if now >= midnight:
                today = int(now / MINUTES_PER_DAY)
                midnight = (today + 1) * MINUTES_PER_DAY
            person = person_of[request]
            if needs_order[person] and not in_hand(person, today):
                answer = NO_ORDER_ANSWER
            else:
                answer = take(acceptable[request], person, today)
            answers[asking] = answer
            if answer >= 0:
                booked[request] = True
                self._book(request, person, answer, now, today)
            elif turns_to_video[asking]:
                ask_for_call(first_instead + request, now)

    def _book(self, request: int, person: int, slot: int, now: float, today: int) -> None:
        if self._needs_order[person]:
            self._orders.spend(person, today)
        self.booked[slot].append(request)
        if self._cancels[request]:
            cancelled = now + self._cancel_at[request] * (self._starts[slot] - now)
            at(self._env, cancelled, self._cancel, (request, slot))

    def _cancel(self, decided: simpy.Event) -> None:
        request, slot = cast("tuple[int, int]", decided.value)
        now, person = self._env.now, self._person[request]
        today = int(now / MINUTES_PER_DAY)
        self.booked[slot].remove(request)
        self._calendar.release(slot, person, today)
        if self._needs_order[person]:
            self._orders.give_back(person, today)
        self._recorder.add((now, request, CANCELLED, slot))

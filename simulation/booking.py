"""The story of a request for a visit: search the window, book, ask again or give up."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from functools import partial
from typing import Any, TypeAlias, cast

import numpy as np
import simpy

from data.words import OrderRule
from simulation.allowance import Orders
from simulation.arrivals import Askings, at
from simulation.clock import MINUTES_PER_DAY
from simulation.demand import Requests
from simulation.log import CODE, NOT_IN_HAND, PASSED_OVER, Recorder, VisitOutcome
from simulation.order_rules import OrderRules
from simulation.slots import SlotCalendar

CANCELLED = CODE[VisitOutcome.CANCELLED]
CALLED_OFF = CODE[VisitOutcome.CALLED_OFF]


Counter: TypeAlias = tuple[
    Callable[[int, int], bool],
    Callable[[int, int, int], int],
    Callable[[int, int, str], None],
    Callable[[int, int, int], int],
]
"""Whether a person has an order in hand, the table taken, and the order spent, each on a day; and
the answer to whoever has no order."""

NO_ORDER = str(OrderRule.NO_ORDER)


def _whatever(person: int, day: int) -> bool:
    """Let everybody ask where sessions say which order they need."""
    return True


def _turned_away(acceptable: int, person: int, day: int) -> int:
    """Turn away whoever has no order where every session asks for one."""
    return NOT_IN_HAND


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
    visits, askings
        Requests for visits, and the askings for visits and calls; drawn before the run.
    person, party
        Whose request each is, and which party would come: visits, then calls.
    acceptable
        For each party the sessions it can come to, as bits.
    calendar, starts
        Free tables of the dated sessions, and the minute each begins.
    orders, rules
        Visit orders of everybody, and what sessions ask for; ``None`` where any order will do.
    recorder
        Takes the answer to every asking, and a row for each cancellation.
    ask_for_call
        Asks for a video call: takes the request, the call's number in the log, the minute and the
        day, and gives the answer.

    Attributes
    ----------
    booked
        The requests that hold a table in each session.
    """

    def __init__(
        self,
        env: simpy.Environment,
        visits: Requests,
        askings: Askings,
        *,
        person: Sequence[int],
        party: Sequence[int],
        acceptable: Sequence[int],
        calendar: SlotCalendar,
        starts: Sequence[float],
        orders: Orders,
        rules: OrderRules | None,
        recorder: Recorder,
        ask_for_call: Callable[[int, int, float, int], int],
    ) -> None:
        self._env = env
        self._person = person
        self._party = party
        self._visits = len(visits)
        cancelling = np.flatnonzero(visits.cancels)
        when = visits.cancel_at_share[cancelling].tolist()
        self._cancel_at: dict[int, float] = dict(zip(cancelling.tolist(), when, strict=True))
        last = np.flatnonzero(askings.last & (askings.request < len(visits)))
        turning = last[visits.turns_to_video[askings.request[last]]]
        self._turning: frozenset[int] = frozenset(turning.tolist())
        self._acceptable = acceptable
        self._calendar = calendar
        self._starts = starts
        self._orders = orders
        self._rules = rules
        self._recorder = recorder
        self._ask_for_call = ask_for_call
        self.booked: list[list[int]] = [[] for _ in starts]
        env.process(self._answer(askings))

    def _answer(self, askings: Askings) -> Generator[simpy.Timeout, Any, None]:
        """Answer everybody in turn, without an event where nothing else can happen before."""
        # looked up once, for the loop is most of the run
        env, peek, answers = self._env, self._env.peek, self._recorder.answers
        person_of, party_of, visits = self._person, self._party, self._visits
        balance, acceptable, tables = self._orders.balance, self._acceptable, self.booked
        in_hand, take, spend, otherwise = self._counter()
        rule = self._rules.of_slot if self._rules is not None else [""] * len(tables)
        ask_for_call, turning, cancel_at = self._ask_for_call, self._turning, self._cancel_at
        booked = bytearray(len(person_of))
        today = midnight = 0
        quiet_until = peek()
        answers += [PASSED_OVER] * len(askings)
        numbers, requests = range(len(askings)), askings.request.tolist()
        for asking, request, now in zip(numbers, requests, askings.minutes.tolist(), strict=True):
            if booked[request]:
                continue
            if now > quiet_until:
                yield env.timeout(now - env.now)
                quiet_until = peek()
            if now >= midnight:
                today = int(now / MINUTES_PER_DAY)
                midnight = (today + 1) * MINUTES_PER_DAY
            if request >= visits:
                answers[asking] = ask_for_call(request, request, now, today)
                quiet_until = peek()
                continue
            person = person_of[request]
            if balance[person] or in_hand(person, today):
                answer = take(acceptable[party_of[request]], person, today)
            else:
                answer = otherwise(acceptable[party_of[request]], person, today)
            answers[asking] = answer
            if answer >= 0:
                booked[request] = True
                spend(person, today, rule[answer])
                tables[answer].append(request)
                if request in cancel_at:
                    self._expect_cancelling(request, answer, now)
                    quiet_until = peek()
            elif asking in turning:
                call = len(person_of) + request
                self._recorder.instead[asking] = ask_for_call(request, call, now, today)
                quiet_until = peek()

    def _counter(self) -> Counter:
        """Give how orders are looked for, a table taken and the order spent; and what else."""
        orders, rules = self._orders, self._rules
        if rules is None:
            return orders.in_hand, self._calendar.take, orders.spend, _turned_away
        if rules.ask_for_either:
            without = partial(self._take_without_order, rules)
            return orders.in_hand, self._calendar.take, orders.spend, without
        return _whatever, partial(self._take_by_rule, rules), orders.spend, _turned_away

    def _take_without_order(
        self, rules: OrderRules, acceptable: int, person: int, today: int
    ) -> int:
        """Book the earliest session that asks for no order."""
        slot = self._calendar.take(acceptable & rules.positions[NO_ORDER], person, today)
        return slot if slot >= 0 else NOT_IN_HAND

    def _take_by_rule(self, rules: OrderRules, acceptable: int, person: int, today: int) -> int:
        """Book the earliest session whose order is in hand."""
        within = acceptable & rules.within(self._orders, person, today)
        slot = self._calendar.take(within, person, today)
        return slot if slot >= 0 or self._orders.in_hand(person, today) else NOT_IN_HAND

    def start_with(self, request: int, slot: int) -> None:
        """Enter a booking that was made before the first day; the calendar holds its table."""
        self.booked[slot].append(request)
        if request in self._cancel_at:
            self._expect_cancelling(request, slot, self._env.now)

    def _expect_cancelling(self, request: int, slot: int, now: float) -> None:
        cancelled = now + self._cancel_at[request] * (self._starts[slot] - now)
        at(self._env, cancelled, self._cancel, (request, slot))

    def _cancel(self, decided: simpy.Event) -> None:
        request, slot = cast("tuple[int, int]", decided.value)
        if request in self.booked[slot]:
            self._release(request, slot, CANCELLED)

    def call_off(self, slot: int) -> None:
        """Tell everybody booked into a session that it is not held; nobody can book it any more."""
        for request in tuple(self.booked[slot]):
            self._release(request, slot, CALLED_OFF)

    def _release(self, request: int, slot: int, outcome: int) -> None:
        now, person = self._env.now, self._person[request]
        today = int(now / MINUTES_PER_DAY)
        self.booked[slot].remove(request)
        self._calendar.release(slot, person, today)
        if self._rules is None or self._rules.of_slot[slot] != NO_ORDER:
            self._orders.give_back(person, today)
        self._recorder.add((now, request, outcome, slot))

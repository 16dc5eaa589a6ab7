"""The story of a request for a visit: search the window, book, ask again or give up."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Collection, Generator, Sequence
from functools import partial
from typing import Any, TypeAlias, cast

import numpy as np
import simpy

from data.words import OrderRule
from simulation.allowance import BY_VISIT_ORDER, Orders
from simulation.arrivals import Agenda, Askings
from simulation.asking import Choices
from simulation.clock import MINUTES_PER_DAY
from simulation.columns import filled, indices, reals
from simulation.demand import Requests
from simulation.log import (
    CODE,
    NO_SLOT,
    NOT_IN_HAND,
    PASSED_OVER,
    PUT_OFF,
    TOO_EARLY,
    Recorder,
    VisitOutcome,
)
from simulation.mood import Mood
from simulation.order_rules import OrderRules
from simulation.slots import SlotCalendar

BOOKED = CODE[VisitOutcome.BOOKED]
DOUBLED = CODE[VisitOutcome.DOUBLED]
CANCELLED = CODE[VisitOutcome.CANCELLED]
CALLED_OFF = CODE[VisitOutcome.CALLED_OFF]
BOOKING_FELL = CODE[VisitOutcome.BOOKING_FELL]


Find: TypeAlias = Callable[[int, int, int], int]
"""Books the earliest of some slots, as bits, for a person on a day; or says why there is none."""

Counter: TypeAlias = tuple[Callable[[int, int], bool], Find, Find]
"""Whether a person has an order in hand on a day; the answer to who has, and to who has none."""

NO_ORDER = str(OrderRule.NO_ORDER)


def _whatever(person: int, day: int) -> bool:
    """Let everybody ask where sessions say which order they need."""
    return True


def _turned_away(acceptable: int, person: int, day: int) -> int:
    """Turn away whoever has no order where every session asks for one."""
    return NOT_IN_HAND


def _too_early(acceptable: int, person: int, day: int) -> int:
    """Turn away who asks before visitors are approved after a transfer."""
    return TOO_EARLY


def _take_without_order(
    rules: OrderRules, calendar: SlotCalendar, acceptable: int, person: int, day: int
) -> int:
    """Book the earliest session that asks for no order."""
    slot = calendar.take(acceptable & rules.positions[NO_ORDER], person, day)
    return slot if slot >= 0 else NOT_IN_HAND


def _take_by_rule(
    rules: OrderRules,
    calendar: SlotCalendar,
    orders: Orders,
    acceptable: int,
    person: int,
    day: int,
) -> int:
    """Book the earliest session whose order is in hand."""
    slot = calendar.take(acceptable & rules.within(orders, person, day), person, day)
    return slot if slot >= 0 or orders.in_hand(person, day) else NOT_IN_HAND


def _counter(orders: Orders, rules: OrderRules | None, calendar: SlotCalendar) -> Counter:
    """Give how orders are looked for, and what is booked with one and without.

    Nothing in it holds the desk that holds it: the memory of every establishment would wait for
    the collector.
    """
    if rules is None:
        return orders.in_hand, calendar.take, _turned_away
    if rules.ask_for_either:
        return orders.in_hand, calendar.take, partial(_take_without_order, rules, calendar)
    return _whatever, partial(_take_by_rule, rules, calendar, orders), _turned_away


class BookingDesk:
    """Where the families of one establishment book.

    One process answers everybody in the order of asking, those who come back included; it passes
    over whoever was booked meanwhile, and leads to the video room whoever wants a call.
    Cancellations are events that call back, so that the list of pending events stays short
    whatever the number of families.

    Parameters
    ----------
    env, agenda
        The establishment's own environment, and what is set off in it.
    visits, askings
        Requests for visits, and the askings for visits and calls; drawn before the run.
    person
        Whose request each is: visits, then calls.
    acceptable
        For each party the sessions it can come to, as bits.
    calendar, starts
        Free tables of the dated sessions, and the minute each begins.
    orders, rules
        Visit orders of everybody, and what sessions ask for; ``None`` where any order will do.
    mood, choices
        What families make of their experience, and what each request accepts.
    recorder
        Takes the answer to every asking, and a row for each cancellation.
    ask_for_call
        Asks for a video call: takes the request, the call's number in the log, the minute and the
        day, and gives the answer.
    is_settled
        Whether nobody is moved.
    approved_day
        Day from which each person's visitors are approved, 0 but after a transfer.
    following
        The session that follows each in its hall, or -1; empty where nobody wishes for two.

    Attributes
    ----------
    booked
        The requests that hold a table in each session, but for a second one.
    second
        The session, and the one that follows it, of requests that hold a table in both.
    done
        Whether each request has been booked, was put off, or is that of a person who has left.
    """

    def __init__(
        self,
        env: simpy.Environment,
        agenda: Agenda,
        visits: Requests,
        askings: Askings,
        *,
        person: Sequence[int],
        acceptable: Sequence[int],
        calendar: SlotCalendar,
        starts: Sequence[float],
        orders: Orders,
        rules: OrderRules | None,
        mood: Mood,
        choices: Choices,
        recorder: Recorder,
        ask_for_call: Callable[[int, int, float, int], int],
        is_settled: bool,
        approved_day: Sequence[int],
        following: Sequence[int] = (),
    ) -> None:
        self._env = env
        self._agenda = agenda
        self._person = person
        self._visits = len(visits)
        # negative where it is not cancelled
        self._cancel_at = reals(np.where(visits.cancels, visits.cancel_at_share, -1.0))
        self._is_last = bytearray()
        self._turns = bytes(visits.turns_to_video)
        of_request = np.empty(len(acceptable), dtype=object)
        of_request[:] = acceptable
        self._acceptable: list[int] = of_request[visits.party].tolist()
        self._wanted = choices.wanted(self._acceptable)
        self._calendar = calendar
        self._starts = starts
        self._orders = orders
        self._rules = rules
        self._mood = mood
        self._choices = choices
        self._last_day_soon = mood.last_days_soon(visits.asked_minutes)
        self._day = indices(np.array(starts) // MINUTES_PER_DAY)
        self._asked = bytearray(len(visits))
        self.done = bytearray(len(person))
        self._waiting: dict[int, None] = {}
        self._at_counter = _counter(orders, rules, calendar)
        self._rule = rules.of_slot if rules is not None else [""] * len(starts)
        self._recorder = recorder
        self._ask_for_call = ask_for_call
        none, everybody = bytes(len(visits)), b"\x01" * len(visits)
        self._with_care = (choices.doubles or none) if is_settled else everybody
        self._approved_day = approved_day
        self._following = following
        self.booked: list[list[int]] = [[] for _ in starts]
        self.second: dict[int, tuple[int, int]] = {}
        self._paid = filled(BY_VISIT_ORDER, len(visits))
        self._paid_for_second: dict[int, int] = {}
        self.hand(askings.request.tolist(), askings.minutes.tolist(), askings.last.tolist())

    def hand(self, requests: Sequence[int], minutes: Sequence[float], last: Sequence[bool]) -> None:
        """Answer these askings in turn, after those handed before; none of them before now."""
        first = len(self._recorder.answers)
        # what others wrote among the answers since was asked of nobody here
        self._is_last += bytes(first - len(self._is_last)) + bytes(last)
        self._recorder.answers.extend(filled(PASSED_OVER, len(requests)))
        self._env.process(self._answer(requests, minutes, first))

    def stop_waiting(self, request: int) -> None:
        """Take a family that has given up from those who wait for a released table."""
        self._waiting.pop(request, None)

    def _answer(
        self, requests: Sequence[int], minutes: Sequence[float], first: int
    ) -> Generator[simpy.Timeout, Any, None]:
        """Answer everybody in turn, without an event where nothing else can happen before."""
        # looked up once, for the loop is most of the run
        env, agenda, answers = self._env, self._agenda, self._recorder.answers
        person_of, visits, is_done = self._person, self._visits, self.done
        balance, lasting = self._orders.balance, self._orders.lasting
        in_hand, take, otherwise = self._at_counter
        wanted, narrower, window = self._wanted, self._choices.narrower, self._choices.window
        missing, resolve = self._mood.missing, self._choices.resolve
        mood_of, asked = self._mood.of, self._asked
        book, turn_away = self._book, self._turn_away
        careful, ask_for_call, with_care = self._carefully, self._ask_for_call, self._with_care
        today = midnight = 0
        agenda.look()
        numbers = range(first, first + len(requests))
        for asking, request, now in zip(numbers, requests, minutes, strict=True):
            if is_done[request]:
                continue
            if now > agenda.due:
                yield env.timeout(now - env.now)
                agenda.look()
                # meanwhile the family may have been given a table, or the person been moved
                if is_done[request]:
                    continue
            if now >= midnight:
                today = int(now / MINUTES_PER_DAY)
                midnight = (today + 1) * MINUTES_PER_DAY
            if request >= visits:
                answers[asking] = ask_for_call(request, request, now, today)
                continue
            person = person_of[request]
            # no mood is worse than after the last experience
            if (
                resolve[request] >= 1.0 - missing[person]
                and not asked[request]
                and resolve[request] >= mood_of(person, now)
            ):
                is_done[request] = True
                answers[asking] = PUT_OFF
                continue
            asked[request] = True
            can_spend = (balance[person] and lasting[person]) or in_hand(person, today)
            found = take if can_spend else otherwise
            found = careful(request, person, found, today) if with_care[request] else found
            fitting = wanted[request]
            fitting = fitting & window(request, today) if narrower else fitting
            answer = found(fitting, person, today)
            if answer < 0:
                answer = turn_away(asking, request, answer, found, now, today)
            answers[asking] = answer
            if answer >= 0:
                book(request, person, answer, now, today)

    def _carefully(self, request: int, person: int, found: Find, today: int) -> Find:
        """Give the answer to who has been moved, or wishes for two sessions."""
        if today < self._approved_day[person]:
            return _too_early
        doubles = self._choices.doubles
        return partial(self._two_or_one, request, found) if doubles and doubles[request] else found

    def _turn_away(
        self, asking: int, request: int, answer: int, found: Find, now: float, today: int
    ) -> int:
        """Look for a session of another kind; without one, the request waits or ends."""
        choices, person = self._choices, self._person[request]
        if choices.settles[request]:
            fitting = self._acceptable[request] & choices.window(request, today)
            answer = found(fitting, person, today)
            if answer >= 0:
                return answer
        if self._is_last[asking]:
            self._waiting.pop(request, None)
            self._mood.refuse(person, now)
            if self._turns[request]:
                call = len(self._person) + request
                self._recorder.instead[asking] = self._ask_for_call(request, call, now, today)
        elif answer == NO_SLOT and choices.waits[request]:
            self._waiting[request] = None
        return answer

    def _two_or_one(self, request: int, found: Find, fitting: int, person: int, today: int) -> int:
        """Book the earliest two sessions in a row for which there are two orders, or else one."""
        rule, orders, following = self._rule, self._orders, self._following

        def is_covered(first: int, second: int) -> bool:
            return orders.cover(person, today, (rule[first], rule[second]))

        slot = self._calendar.take_two(fitting, person, today, following, is_covered)
        if slot < 0:
            return found(fitting, person, today)
        self.second[request] = slot, following[slot]
        return slot

    def _find(self, request: int, today: int, only: int) -> int:
        """Book the earliest session that the family accepts, among ``only`` these bits."""
        person, choices = self._person[request], self._choices
        in_hand, take, otherwise = self._at_counter
        found = take if in_hand(person, today) else otherwise
        within = only & choices.window(request, today)
        answer = found(self._wanted[request] & within, person, today)
        if answer < 0 and choices.settles[request]:
            answer = found(self._acceptable[request] & within, person, today)
        return answer

    def _book(self, request: int, person: int, slot: int, now: float, today: int) -> None:
        """Enter a table that was taken."""
        self.done[request] = True
        if self._waiting:
            self._waiting.pop(request, None)
        self._paid[request] = self._orders.spend(person, today, self._rule[slot])
        self.booked[slot].append(request)
        if self.second and request in self.second:
            second = self.second[request][1]
            paid = self._orders.spend(person, today, self._rule[second])
            self._paid_for_second[request] = paid
            self._recorder.add((now, request, DOUBLED, second))
        if self._day[slot] > self._last_day_soon[request]:
            self._mood.wait_long(person, now)
        if self._cancel_at[request] >= 0.0:
            self._expect_cancelling(request, slot, now)

    def _offer(self, slot: int) -> None:
        """Give a released table to whoever has waited longest and can take it."""
        now = self._env.now
        today = int(now / MINUTES_PER_DAY)
        bit = self._calendar.bit_of(slot, today)
        for request in tuple(self._waiting):
            if self._acceptable[request] & bit and self._find(request, today, bit) >= 0:
                self._recorder.add((now, request, BOOKED, slot))
                self._book(request, self._person[request], slot, now, today)
                return

    def start_with(self, request: int, slot: int) -> None:
        """Enter a booking that was made before the first day; the calendar holds its table."""
        self.booked[slot].append(request)
        if self._cancel_at[request] >= 0.0:
            self._expect_cancelling(request, slot, self._env.now)

    def _expect_cancelling(self, request: int, slot: int, now: float) -> None:
        cancelled = now + self._cancel_at[request] * (self._starts[slot] - now)
        self._agenda.at(cancelled, self._cancel, (request, slot))

    def _cancel(self, decided: simpy.Event) -> None:
        request, slot = cast("tuple[int, int]", decided.value)
        if request in self.booked[slot]:
            for released in self._release(request, slot, CANCELLED):
                if self._waiting:
                    self._offer(released)

    def leave(self, people: Collection[int], requests: Sequence[int]) -> None:
        """Let fall what people who are moved have booked from now on, and what they wait for.

        Parameters
        ----------
        people
            Who are moved.
        requests
            All they ask for in the year; whatever is not asked for yet is passed over.
        """
        person_of = self._person
        for request in requests:
            self.done[request] = True
        for request in tuple(self._waiting):
            if person_of[request] in people:
                del self._waiting[request]
        for slot in range(bisect_left(self._starts, self._env.now), len(self._starts)):
            for request in tuple(self.booked[slot]):
                if person_of[request] in people:
                    for released in self._release(request, slot, BOOKING_FELL):
                        if self._waiting:
                            self._offer(released)

    def call_off(self, slot: int) -> None:
        """Tell everybody booked into a session that it is not held; nobody can book it any more.

        Who holds a table in two sessions has no visit when either is called off.
        """
        for request in tuple(self.booked[slot]):
            self._release(request, slot, CALLED_OFF)
        if self.second:
            for request, (first, second) in tuple(self.second.items()):
                if second == slot:
                    self._release(request, first, CALLED_OFF)

    def _release(self, request: int, slot: int, outcome: int) -> tuple[int, ...]:
        """Give back what a request holds, and say which sessions have a table more."""
        now, person = self._env.now, self._person[request]
        today = int(now / MINUTES_PER_DAY)
        self.booked[slot].remove(request)
        released = self.second.pop(request, (slot,))
        paid = self._paid[request], self._paid_for_second.get(request, BY_VISIT_ORDER)
        for each, by in zip(released, paid, strict=False):
            self._calendar.release(each, person, today)
            if self._rules is None or self._rules.of_slot[each] != NO_ORDER:
                self._orders.give_back(person, today, by)
        self._recorder.add((now, request, outcome, slot))
        return released

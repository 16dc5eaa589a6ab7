"""The story of a request for a visit: search the window, book, ask again or give up."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterator
from typing import Final, TypeAlias, cast

import numpy as np
import simpy

from simulation.agenda import Agenda
from simulation.arrivals import Askings
from simulation.choices import Choices
from simulation.clock import MINUTES_PER_DAY
from simulation.columns import indices, reals
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
from simulation.orders import BY_VISIT_ORDER, NO_ORDER, Orders
from simulation.slots import SlotCalendar

BOOKED: Final = CODE[VisitOutcome.BOOKED]
DOUBLED: Final = CODE[VisitOutcome.DOUBLED]
CANCELLED: Final = CODE[VisitOutcome.CANCELLED]
CALLED_OFF: Final = CODE[VisitOutcome.CALLED_OFF]
BOOKING_FELL: Final = CODE[VisitOutcome.BOOKING_FELL]

Piece: TypeAlias = tuple[list[int], list[float], bytes]
"""Some askings, in order of time: request and minute of each, and whether it asks no more then."""

PIECE: Final = 1_024
"""Askings whose numbers are read at once: few enough to stay at hand while they are answered."""


def _in_pieces(askings: Askings) -> Iterator[Piece]:
    for first in range(0, len(askings), PIECE):
        piece = slice(first, first + PIECE)
        requests, minutes = askings.request[piece].tolist(), askings.minutes[piece].tolist()
        yield requests, minutes, bytes(askings.last[piece])


class _Queue:
    """Askings in pieces, and how far the desk has come with them.

    Parameters
    ----------
    pieces
        In order of time.
    written
        Takes the answers, a piece at a time.

    Attributes
    ----------
    requests, minutes, last, answers
        The piece at hand, and what its askings were answered so far.
    first
        Place of its first asking among all answers.
    place
        Of the asking whose turn it is, in the piece.
    """

    def __init__(self, pieces: Iterator[Piece], written: array[int]) -> None:
        self._pieces, self._written = pieces, written
        self.requests: list[int] = []
        self.minutes: list[float] = []
        self.last = b""
        self.answers: list[int] = []
        self.first, self.place = len(written), 0

    def turn_over(self) -> bool:
        """Write down the answers to the piece at hand, and take the next one, if there is one."""
        self._written.fromlist(self.answers)
        self.first, self.place = len(self._written), 0
        self.requests, self.minutes, self.last = next(self._pieces, ([], [], b""))
        self.answers = [PASSED_OVER] * len(self.requests)
        return bool(self.requests)


class BookingDesk:
    """Where the families of one establishment book.

    Everybody is answered in the order of asking, those who come back included; whoever was booked
    meanwhile is passed over, and whoever wants a call is led to the video room. Who asks is drawn
    before, so an asking is no event; cancellations are events that call back. The list of pending
    events stays short whatever the number of families.

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
        person: list[int],
        acceptable: list[int],
        calendar: SlotCalendar,
        starts: list[float],
        orders: Orders,
        rules: OrderRules | None,
        mood: Mood,
        choices: Choices,
        recorder: Recorder,
        ask_for_call: Callable[[int, int, float, int], int],
        is_settled: bool,
        approved_day: list[int],
        following: list[int],
    ) -> None:
        # many small lists, before the long ones, which the collector of memory would go through
        self.booked: list[list[int]] = [[] for _ in starts]
        self._env = env
        self._agenda = agenda
        self._person = person
        self._visits = len(visits)
        self._cancels = bytes(visits.cancels)
        self._cancel_at = reals(visits.cancel_at_share)
        self._turns = bytes(visits.turns_to_video)
        self._kind, self._acceptable, self._wanted = choices.alike(acceptable, visits.party)
        self._calendar = calendar
        self._starts = starts
        self._orders = orders
        self._rules = rules
        self._mood = mood
        self._choices = choices
        self._last_day_soon = mood.last_days_soon(visits.asked_minutes)
        self._day = indices((np.array(starts) // MINUTES_PER_DAY).astype(np.int64))
        self._asked = [False] * len(visits)
        self.done = [False] * len(person)
        self._waiting: dict[int, None] = {}
        self._by_rule = rules is not None and not rules.ask_for_either
        self._rule = rules.of_slot if rules is not None else [""] * len(starts)
        self._recorder = recorder
        self._ask_for_call = ask_for_call
        none, everybody = bytes(len(visits)), b"\x01" * len(visits)
        self._with_care = (choices.doubles or none) if is_settled else everybody
        self._approved_day = approved_day
        self._following = following
        self.second: dict[int, tuple[int, int]] = {}
        self._paid = [BY_VISIT_ORDER] * len(visits)
        self._paid_for_second: dict[int, int] = {}
        self._queue = _Queue(_in_pieces(askings), recorder.answers)

    def hand(self, requests: list[int], minutes: list[float], last: list[bool]) -> None:
        """Take askings to be answered in turn; those handed before must all be answered.

        Raises
        ------
        RuntimeError
            When they are not. A fault of the model.
        """
        if self._queue.requests:
            raise RuntimeError(
                "Askings are handed to the desk before those handed earlier are answered. "
                "This is a fault of the model; please report it."
            )
        self._queue = _Queue(iter([(requests, minutes, bytes(last))]), self._recorder.answers)

    def play(self, until: float) -> None:
        """Play on until a minute, of which nothing has happened then.

        Whoever asks before the next event is answered without one; then the event happens: a family
        may be given a table, or a person be moved.
        """
        agenda, queue = self._agenda, self._queue
        agenda.until = until
        while True:
            agenda.look()
            while queue.requests or queue.turn_over():
                queue.place = self._answer_until_due(queue)
                if queue.place < len(queue.requests):
                    break
                queue.requests = []
            if agenda.due >= until:
                return
            self._env.step()

    def stop_waiting(self, request: int) -> None:
        """Take a family that has given up from those who wait for a released table."""
        self._waiting.pop(request, None)

    def _answer_until_due(self, queue: _Queue) -> int:
        """Answer in turn until something else is due, and give the place of who comes after it."""
        # looked up once, for the loop is most of the run
        agenda, choices, mood = self._agenda, self._choices, self._mood
        requests, minutes, answers = queue.requests, queue.minutes, queue.answers
        is_done, asked = self.done, self._asked
        resolve, missing, narrower = choices.resolve, mood.missing, choices.narrower
        today, midnight = 0, 0.0
        for at in range(queue.place, len(requests)):
            request = requests[at]
            if is_done[request]:
                continue
            now = minutes[at]
            if now > agenda.due:
                return at
            if now >= midnight:
                today = int(now / MINUTES_PER_DAY)
                midnight = (today + 1.0) * MINUTES_PER_DAY
            if request >= self._visits:
                answers[at] = self._ask_for_call(request, request, now, today)
                continue
            person = self._person[request]
            # no mood is worse than after the last experience
            if (
                not asked[request]
                and resolve[request] >= 1.0 - missing[person]
                and resolve[request] >= mood.of(person, now)
            ):
                is_done[request] = True
                answers[at] = PUT_OFF
                continue
            asked[request] = True
            fitting = self._wanted[self._kind[request]]
            if narrower:
                fitting &= choices.window(request, today)
            answer = self._search(request, fitting, person, today)
            if answer < 0:
                answer = self._turn_away(queue, at, answer, now, today)
            answers[at] = answer
            if answer >= 0:
                self._book(request, person, answer, now, today)
        return len(requests)

    def _search(self, request: int, fitting: int, person: int, today: int) -> int:
        """Book the earliest of some slots, as bits, or two in a row; or say why there is none."""
        if self._with_care[request]:
            if today < self._approved_day[person]:
                return TOO_EARLY
            doubles = self._choices.doubles
            if doubles and doubles[request]:
                slot = self._two(request, fitting, person, today)
                if slot >= 0:
                    return slot
        return self._one(fitting, person, today)

    def _one(self, fitting: int, person: int, today: int) -> int:
        """Book the earliest of some slots, as bits, for which the person has an order in hand."""
        calendar, orders, rules = self._calendar, self._orders, self._rules
        if rules is not None and self._by_rule:
            slot = calendar.take(fitting & rules.within(orders, person, today), person, today)
            return slot if slot >= 0 or orders.in_hand(person, today) else NOT_IN_HAND
        if orders.in_hand(person, today):
            return calendar.take(fitting, person, today)
        if rules is None:
            return NOT_IN_HAND
        slot = calendar.take(fitting & rules.positions[NO_ORDER], person, today)
        return slot if slot >= 0 else NOT_IN_HAND

    def _turn_away(self, queue: _Queue, at: int, answer: int, now: float, today: int) -> int:
        """Look for a session of another kind; without one, the request waits or ends."""
        request = queue.requests[at]
        choices, person = self._choices, self._person[request]
        if choices.settles[request]:
            fitting = self._acceptable[self._kind[request]] & choices.window(request, today)
            answer = self._search(request, fitting, person, today)
            if answer >= 0:
                return answer
        if queue.last[at]:
            self._waiting.pop(request, None)
            self._mood.refuse(person, now)
            if self._turns[request]:
                call = len(self._person) + request
                answered = self._ask_for_call(request, call, now, today)
                self._recorder.instead[queue.first + at] = answered
        elif answer == NO_SLOT and choices.waits[request]:
            self._waiting[request] = None
        return answer

    def _two(self, request: int, fitting: int, person: int, today: int) -> int:
        """Book the earliest two sessions in a row for which there are two orders, if there are."""
        rule, orders, following = self._rule, self._orders, self._following

        def is_covered(first: int, second: int) -> bool:
            return orders.cover(person, today, (rule[first], rule[second]))

        slot = self._calendar.take_two(fitting, person, today, following, is_covered)
        if slot >= 0:
            self.second[request] = slot, following[slot]
        return slot

    def _find(self, request: int, today: int, only: int) -> int:
        """Book the earliest session that the family accepts, among ``only`` these bits."""
        person, kind, choices = self._person[request], self._kind[request], self._choices
        within = only & choices.window(request, today)
        answer = self._one(self._wanted[kind] & within, person, today)
        if answer < 0 and choices.settles[request]:
            answer = self._one(self._acceptable[kind] & within, person, today)
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
        if self._cancels[request]:
            self._expect_cancelling(request, slot, now)

    def _offer(self, slot: int) -> None:
        """Give a released table to whoever has waited longest and can take it."""
        now = self._env.now
        today = int(now / MINUTES_PER_DAY)
        bit = self._calendar.bit_of(slot, today)
        for request in tuple(self._waiting):
            fits = self._acceptable[self._kind[request]] & bit
            if fits and self._find(request, today, bit) >= 0:
                self._recorder.add((now, request, BOOKED, slot))
                self._book(request, self._person[request], slot, now, today)
                return

    def start_with(self, request: int, slot: int) -> None:
        """Enter a booking that was made before the first day; the calendar holds its table."""
        self.booked[slot].append(request)
        if self._cancels[request]:
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

    def leave(self, people: Collection[int], requests: list[int]) -> None:
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
        self._free(released[0], person, today, self._paid[request])
        if len(released) == 2:
            self._free(released[1], person, today, self._paid_for_second[request])
        self._recorder.add((now, request, outcome, slot))
        return released

    def _free(self, slot: int, person: int, today: int, paid: int) -> None:
        """Give a table back, and to the person what paid for it."""
        self._calendar.release(slot, person, today)
        if self._rules is None or self._rules.of_slot[slot] != NO_ORDER:
            self._orders.give_back(person, today, paid)

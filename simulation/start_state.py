"""Bookings and orders that are there on the first day: a start from life instead of a warm-up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulation.demand import NUMBERS_PER_PERIOD, DemandSettings, Requests
from simulation.log import CODE, NO_SLOT, Recorder, VisitOutcome
from simulation.orders import NO_ORDER
from simulation.place import Place
from simulation.slots import SlotCalendar
from simulation.streams import stream_key, uniform
from simulation.timetable import DatedSlots

if TYPE_CHECKING:
    from simulation.booking import BookingDesk
    from simulation.orders import Orders
    from simulation.video_desk import VideoDesk, WalkInRoom

NOT_KNOWN = -1
"""In place of the orders of somebody of whom the state says nothing."""

BEFORE_THE_YEAR = 1_000_000 * NUMBERS_PER_PERIOD
"""Numbers of bookings made before the first day: beyond those of any request of the year."""

SAVED = 0
"""The replication that a state is taken from. Who has video calls, and how, stays as it was drawn
there in every year that begins from a state: the calls that are booked are those people's."""

MOST_ORDERS = 1_000
"""More orders than anybody has in hand: a fault when it is reached."""


def _nobody() -> NDArray[np.int64]:
    return np.empty(0, dtype=np.int64)


def _never() -> NDArray[np.float64]:
    return np.empty(0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CallsBooked:
    """Video calls that are booked on the first day, in order of asking; one entry each.

    Attributes
    ----------
    person, party
        Whose call, and which party joins, as for requests for calls; int64.
    asked_minutes, start
        When it was asked for, before minute 0, and the minute at which its slot begins; float64.
    """

    person: NDArray[np.int64] = field(default_factory=_nobody)
    party: NDArray[np.int64] = field(default_factory=_nobody)
    asked_minutes: NDArray[np.float64] = field(default_factory=_never)
    start: NDArray[np.float64] = field(default_factory=_never)

    def __len__(self) -> int:
        """Give the number of calls."""
        return len(self.person)

    def before(
        self,
        calls: Requests,
        place: Place,
        settings: DemandSettings,
        *,
        seed: int,
        replication: int,
    ) -> Requests:
        """Put the requests behind these calls before those of the year.

        Parameters
        ----------
        calls, place, settings, seed, replication
            As for ``StartState.before``, of calls.
        """
        number = _numbers(self.person)
        stream = stream_key(seed, replication, "start video no-show")
        drawn = uniform(stream, place.keys, person=self.person, numbers=number)
        known = {
            "person": self.person,
            "party": self.party,
            "number": number,
            "asked_minutes": self.asked_minutes,
            "no_show": drawn < settings.video_no_show_share,
            "attempts": np.ones(len(self), dtype=np.int64),
        }
        return _joined(known, calls, len(self))

    def enter(
        self,
        slots: DatedSlots,
        *,
        first: int,
        room: VideoDesk | WalkInRoom,
        recorder: Recorder,
    ) -> None:
        """Book the stations before anybody asks; a call for which there is none falls.

        Parameters
        ----------
        slots
            Slots of the stations.
        first
            Number of the first of these calls in the log.
        room, recorder
            Where calls are held, and where turns are written down.
        """
        at_minute = {minute: slot for slot, minute in enumerate(slots.start.tolist())}
        people = self.person.tolist()
        for number, (minute, person) in enumerate(zip(self.start.tolist(), people, strict=True)):
            slot = at_minute.get(minute, NO_SLOT)
            if slot == NO_SLOT or not room.start_with(first + number, slot, person):
                recorder.add((0.0, first + number, CODE[VisitOutcome.VIDEO_NO_SLOT], NO_SLOT))
                continue
            asked = float(self.asked_minutes[number])
            recorder.add((asked, first + number, CODE[VisitOutcome.VIDEO_BOOKED], slot))


def _numbers(person: NDArray[np.int64]) -> NDArray[np.int64]:
    """Count what each person booked before the first day, beyond any request of the year."""
    first = np.searchsorted(np.sort(person), person, side="left")
    order = np.argsort(person, kind="stable")
    number = np.empty(len(person), dtype=np.int64)
    number[order] = np.arange(len(person))
    return number - first + BEFORE_THE_YEAR


def _joined(known: dict[str, NDArray[Any]], requests: Requests, count: int) -> Requests:
    """Put so many requests before others; nothing that is not known is ever asked of them."""
    joined = {}
    for each in fields(Requests):
        own = getattr(requests, each.name)
        none = np.zeros((*own.shape[:-1], count), dtype=own.dtype)
        joined[each.name] = np.concatenate([known.get(each.name, none), own], axis=-1)
    return Requests(**joined)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StartState:
    """What one establishment begins with; bookings in order of asking.

    Attributes
    ----------
    person, party
        Whose booking, and which party comes; indexes into its place; int64, shape (bookings,).
    asked_minutes
        When it was asked for: before minute 0; float64.
    template
        Id of the session's template; text.
    start
        Minute at which the session begins; float64.
    orders
        Orders in hand of each person, ``NOT_KNOWN`` where they are drawn as without a state; int64,
        shape (people,).
    calls
        Video calls that are booked.
    """

    person: NDArray[np.int64]
    party: NDArray[np.int64]
    asked_minutes: NDArray[np.float64]
    template: NDArray[np.object_]
    start: NDArray[np.float64]
    orders: NDArray[np.int64]
    calls: CallsBooked = field(default_factory=CallsBooked)

    def __len__(self) -> int:
        """Give the number of bookings."""
        return len(self.person)

    def before(
        self,
        visits: Requests,
        place: Place,
        settings: DemandSettings,
        *,
        seed: int,
        replication: int,
    ) -> Requests:
        """Put the requests behind the bookings before those of the year.

        They are not asked for again. Whether such a booking is yet cancelled is drawn knowing that
        it was not until now: of the chance ``q`` of cancelling at a moment spread evenly from
        booking to visit, with the share ``f`` of that time past, ``q (1 - f) / (1 - q f)`` is left.

        Parameters
        ----------
        visits
            Requests of the year.
        place
            Its people.
        settings
            Shares of cancelling and of not coming.
        seed, replication
            Names of the draws.
        """
        number = _numbers(self.person)

        def drawn(purpose: str) -> NDArray[np.float64]:
            stream = stream_key(seed, replication, f"start {purpose}")
            return uniform(stream, place.keys, person=self.person, numbers=number)

        past = -self.asked_minutes / (self.start - self.asked_minutes)
        cancel = settings.cancel_share
        left = cancel * (1.0 - past) / np.maximum(1.0 - cancel * past, np.finfo(float).tiny)
        known = {
            "person": self.person,
            "party": self.party,
            "number": number,
            "asked_minutes": self.asked_minutes,
            "no_show": drawn("no-show") < settings.no_show_share,
            "cancels": drawn("cancels") < left,
            "cancel_at_share": drawn("cancels when"),
        }
        # no attempt is left, so they are not asked for again
        return _joined(known, visits, len(self))

    def enter(
        self,
        place: Place,
        sessions: DatedSlots,
        templates: NDArray[np.object_],
        *,
        tables: SlotCalendar,
        desk: BookingDesk,
        recorder: Recorder,
    ) -> None:
        """Fill the calendar before anybody asks.

        A booking for a session that is not held, or has no table left, falls.
        """
        closed = sessions.weekly.closed[sessions.position]
        keys = zip(templates[sessions.template], sessions.start, closed, strict=True)
        slots = {key: slot for slot, key in enumerate(keys)}
        wanted = zip(self.template, self.start, place.conditions[self.party], strict=True)
        for request, (key, person) in enumerate(zip(wanted, self.person.tolist(), strict=True)):
            slot = slots.get(key, NO_SLOT)
            if slot == NO_SLOT or not tables.hold(slot, person):
                recorder.add((0.0, request, CODE[VisitOutcome.GAVE_UP], NO_SLOT))
                continue
            asked = float(self.asked_minutes[request])
            recorder.add((asked, request, CODE[VisitOutcome.BOOKED], slot))
            desk.start_with(request, slot)

    def set_orders(self, orders: Orders) -> None:
        """Give everybody the orders the state says, by granting more or spending some."""
        known = np.flatnonzero(self.orders != NOT_KNOWN)
        for person, wanted in zip(known.tolist(), self.orders[known].tolist(), strict=True):
            spend_all(orders, person, day=0)
            for _ in range(wanted):
                orders.give_back(person, 0)


def spend_all(orders: Orders, person: int, day: int) -> int:
    """Spend every order a person has on a day, and say how many there were."""
    spent = 0
    while orders.in_hand(person, day):
        orders.spend(person, day)
        spent += 1
        if spent > MOST_ORDERS:
            raise RuntimeError(f"more than {MOST_ORDERS} orders in hand: a fault of the model.")
    return spent


class Turn(NamedTuple):
    """A session that a person booked, or a booking given back with all its sessions.

    Attributes
    ----------
    person, day
        Whose, and when.
    request
        By which the two are told to belong together.
    rule
        Which order the session asks for, as for ``Orders.spend``; ``None`` when given back.
    """

    person: int
    day: int
    request: int
    rule: str | None


def orders_left(
    orders: Orders, turns: Iterable[Turn], people: Sequence[int], day: int
) -> dict[int, int]:
    """Say how many orders people have in hand on a day, from what they booked and got back.

    Parameters
    ----------
    orders
        As on the first day; used up by this.
    turns
        In order of time.
    people
        Whose orders are wanted: people whose visits need one.
    day
        On which.
    """
    paid: dict[tuple[int, int], list[int]] = {}
    for person, when, request, rule in turns:
        held = paid.setdefault((person, request), [])
        if rule is None:
            while held:
                orders.give_back(person, when, held.pop())
        elif rule != NO_ORDER:
            # what comes due is brought up to date as the desk does it
            orders.in_hand(person, when)
            held.append(orders.spend(person, when, rule))
    return {person: spend_all(orders, person, day) for person in people}

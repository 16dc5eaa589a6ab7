"""The same rules told the plain way: a process per request, SimPy resources, no bits, no desk.

It shares only the draws with the product. Sessions are found by walking through the days of the
calendar; orders are granted by a process at midnight; a table is a unit of a resource that a
family holds until the visit or until it cancels.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import simpy

from data.words import DAYS
from simulation import probe
from simulation.calling import callers
from simulation.demand import keep_share, video_users
from simulation.log import Year
from simulation.simulate import SimulationInputs
from simulation.streams import person_keys, stream_key, uniform
from simulation.timetable import Columns

DAY = 1440
KINDS = ("weekday", "evening", "weekend")
CAN_COME = {
    "weekday": {"weekday"},
    "after_school_or_work": {"evening", "weekend"},
    "weekend": {"weekend"},
    "any": {"weekday", "evening", "weekend"},
}


def since_1970(day: date) -> int:
    """Give the days from 1 January 1970."""
    return day.toordinal() - date(1970, 1, 1).toordinal()


def of_day(time: str) -> int:
    """Give minutes after midnight."""
    return 60 * int(time[:2]) + int(time[3:])


def is_for(cell: str, word: str) -> bool:
    """Read a filter: words let in, or left out after an exclamation mark."""
    listed = cell.split(";") if cell else []
    if f"!{word}" in listed:
        return False
    return word in listed or all(each.startswith("!") for each in listed)


def asked_order(session: Session) -> str:
    """Give the order that a session asks for; a family day asks for none."""
    template = session.template
    return "none" if template["kind"] == "family_day" else template["order_rule"]


@dataclass(eq=False)
class Session:
    """One dated session or video slot, with a resource for each kind of table."""

    day: int
    start: float
    kind: str
    template: Any
    tables: dict[bool, simpy.Resource]
    month: tuple[int, int]
    without_school: bool
    holders: set[int] = field(default_factory=set)
    end: float = 0.0
    opens: float = 0.0
    called_off: simpy.Event | None = None
    checkers: simpy.Resource | None = None


@dataclass(eq=False)
class Waiting:
    """A request on the waiting list, and the session that it is given."""

    request: int
    given: simpy.Event


@dataclass(eq=False)
class Order:
    """One visit order, accumulated once it is 28 days old."""

    issued: int
    accumulated: bool = False


@dataclass(eq=False)
class Story:
    """A request that has not ended, as long as a transfer would end it."""

    index: int
    process: Any
    place: tuple[Any, ...] = ()


@dataclass
class Person:
    """One person's orders and bookings."""

    convicted: bool
    granted: int
    earned: int
    order_day: int
    swaps: bool
    received: int
    reception_visits: int
    calls_per_month: int
    orders: list[Order]
    privileged: int
    debts: int = 0
    counts: Counter = field(default_factory=Counter)
    last_grant: int = 0
    last_privileged: int = -1
    is_here: bool = True
    visits: Counter = field(default_factory=Counter)
    calls: Counter = field(default_factory=Counter)


def rows(columns: Columns) -> list[dict[str, Any]]:
    """Give the rows of a table, each with its number."""
    cells = zip(*columns.values(), strict=True)
    return [
        {"row": number, **dict(zip(columns, row, strict=True))} for number, row in enumerate(cells)
    ]


class ReferenceModel:
    """One year at one establishment."""

    def __init__(
        self,
        inputs: SimulationInputs,
        year: Year,
        seed: int,
        replication: int,
        env: simpy.Environment | None = None,
    ) -> None:
        self.inputs, self.year = inputs, year
        self.env = simpy.Environment() if env is None else env
        self.stories: dict[int, Story] = {}
        self.moved: dict[int, simpy.Event] = {}
        self.rows: list[tuple[float, int, str]] = []
        self.hours: dict[int, tuple[float, float]] = {}
        self.slots_held: dict[int, int] = {}
        self.walked_in = 0
        self.came: dict[int, tuple[float, float, float]] = {}
        self.probes: list[tuple[int, bool]] = []
        self._seed, self._replication = seed, replication
        place = year.place
        names = {"seed": seed, "replication": replication}
        who_calls, _ = callers(place, inputs.calling, **names)
        self._uses_video = video_users(place, inputs.demand, who_calls, **names)
        order_day = np.floor(uniform(stream_key(seed, replication, "order day"), place.keys) * 28)
        full = uniform(stream_key(seed, replication, "full credit"), place.keys)
        extra = uniform(stream_key(seed, replication, "extra orders"), place.keys)
        swaps = uniform(stream_key(seed, replication, "swaps orders"), place.keys)
        video, regime, allowance = inputs.video, inputs.regime, inputs.allowance
        self.people = []
        for index in range(len(place.keys)):
            credit = video.credit_minutes_per_month
            if full[index] < video.full_credit_share:
                credit = max(credit, video.full_credit_minutes_per_month)
            earned = int(place.privileged_orders[index])
            if extra[index] < allowance.extra_orders_share:
                earned += allowance.extra_orders_per_28_days
            last_grant = max(day for day in range(-14, 0) if (day - order_day[index]) % 14 == 0)
            opening = min(regime.opening_orders, regime.orders_cap)
            self.people.append(
                Person(
                    convicted=bool(place.convicted[index]),
                    granted=int(place.visit_orders[index]),
                    earned=earned,
                    order_day=int(order_day[index]),
                    swaps=bool(swaps[index] < allowance.swap_share),
                    received=int(place.received_day[index]),
                    reception_visits=allowance.reception_visits,
                    calls_per_month=int(credit // video.call_minutes),
                    orders=[Order(last_grant) for _ in range(opening)],
                    privileged=earned,
                    last_grant=last_grant,
                    is_here=place.from_day[index] == 0,
                )
            )
        self.apart = [set(pair) for pair in place.apart.tolist()]
        self.pairs: dict[int, Session] = {}
        self.waiting: list[Waiting] = []
        self.bad: list[list[tuple[float, float]]] = [[] for _ in self.people]
        self.sessions = self._visit_sessions()
        self.slots = self._video_slots()
        self.end = inputs.calendar.days * DAY

    def run(self) -> list[tuple[float, int, str]]:
        """Play the year and give minute, request and outcome of every turn."""
        self.start()
        # the gate opens a day late, and what else happens after the end is nobody's business
        self.env.run(until=self.end)
        self.count_unused()
        self.env.run(until=self.end + 2 * DAY)
        return self.told()

    def start(self) -> None:
        """Begin the story of everybody and everything."""
        self.env.process(self._grants())
        visits, calls = self.year.visits, self.year.calls
        for request in range(len(visits)):
            story = Story(int(visits.person[request]), self.env.process(self._visit(request)))
            self.stories[request] = story
        for request in range(len(calls)):
            story = Story(int(calls.person[request]), self.env.process(self._own_call(request)))
            self.stories[len(visits) + request] = story
        for session in self.sessions:
            self.env.process(self._call_off(session))
        self.env.process(self._probe())

    def count_unused(self) -> None:
        """Count the orders that people who are here have in hand."""
        for person in self.people:
            if person.convicted and person.is_here:
                person.counts["orders_unused"] = len(person.orders) + person.privileged

    def told(self) -> list[tuple[float, int, str]]:
        """Give minute, request and outcome of every turn before the end."""
        return [row for row in self.rows if row[0] < self.end]

    def _drawn(self, purpose: str, place: str, key: str, number: int) -> float:
        stream = stream_key(self._seed, self._replication, purpose, place)
        return float(uniform(stream, person_keys([key]), numbers=number)[0])

    def _of_session(self, purpose: str, template: str, day: int) -> float:
        number = self._date(day).toordinal()
        return self._drawn(purpose, self.year.place.establishment, template, number)

    def _of_request(self, purpose: str, request: int) -> float:
        drawn, people = self.year.visits, self.year.place.prisoner_id
        return self._drawn(
            f"visit {purpose}", "", people[drawn.person[request]], int(drawn.number[request])
        )

    def _probe(self):
        calendar, place = self.inputs.calendar, self.year.place
        for day in range(calendar.warm_up_days, calendar.days, 28):
            yield self.env.timeout(day * DAY + DAY / 2 - self.env.now)
            for index, key in enumerate(place.prisoner_id):
                if (
                    place.has_party[index]
                    and self.people[index].is_here
                    and self._drawn("probed", "", key, 0) < probe.PROBED_SHARE
                ):
                    self.probes.append((index, self._could_visit(index)))

    def _could_visit(self, index: int) -> bool:
        place = self.year.place
        windows = [self._window_of(channel) for channel in ("online", "phone", "kiosk")]
        first, last = min(least for least, _ in windows), max(most for _, most in windows)
        today = int(self.env.now // DAY)
        if today < place.approved_day[index]:
            return False
        for closed in (False, True):
            parties = [
                int(party)
                for party in np.flatnonzero(place.party_person == index)
                if bool(place.conditions[party]) == closed
            ]
            found = [
                session.kind == "weekend"
                for session in self.sessions
                if first <= session.day - today <= last
                if session.day < place.ends_day[index]
                if any(self._may_come(index, party, session) for party in parties)
                if (table := session.tables.get(closed)) is not None
                if index in session.holders
                or (table.count < table.capacity and not self._meets(index, session))
            ]
            if len(found) >= 2 and any(found):
                return True
        return False

    def _call_off(self, session: Session):
        if self._is_off(session) and session.day:
            yield self.env.timeout(session.day * DAY)
            yield self.env.timeout(0)  # orders that come at this midnight are there
            if session.day in self.moved:
                yield self.moved[session.day]
            session.called_off.succeed()

    def _date(self, day: int) -> date:
        return self.inputs.calendar.first_date + timedelta(days=day)

    def _kind(self, day: int, minutes: float) -> str:
        hours, minute = self.inputs.regime.evening_from.split(":")
        if self._date(day).weekday() >= 5:
            return "weekend"
        return "evening" if minutes >= int(hours) * 60 + int(minute) else "weekday"

    def _without_school(self, day: int) -> bool:
        calendar, open_days = self.inputs.calendar, self.year.open_days
        today = self._date(day)
        in_wales = open_days.country == "Wales"
        spans = calendar.school_holidays_wales if in_wales else calendar.school_holidays
        on_holiday = any(
            span.split("/")[0] <= today.isoformat() <= span.split("/")[1] for span in spans
        )
        return today.weekday() >= 5 or on_holiday or since_1970(today) in open_days.bank_holidays

    def _is_shut(self, template: Any, today: date) -> bool:
        open_days, number = self.year.open_days, since_1970(today)
        if template["template"].endswith("family-day") and number not in open_days.family_days:
            return True
        if number in open_days.bank_holidays:
            place = self.year.place.establishment
            stream = stream_key(self._seed, self._replication, "bank holiday", place)
            drawn = uniform(stream, np.array([number], dtype=np.uint64))[0]
            if drawn >= self.inputs.regime.bank_holiday_held_share:
                return True
        return any(
            closure.first <= number <= closure.last
            and closure.template in ("", template["template"])
            for closure in self.inputs.open_days[self.year.place.establishment].closures
        )

    def _of_party(self, purpose: str, party: int) -> float:
        place = self.year.place
        person = place.party_person[party]
        before = int((place.party_person[:party] == person).sum())
        return self._drawn(purpose, "", place.prisoner_id[person], before)

    def _comes(self, party: int, session: Session) -> bool:
        place = self.year.place
        when = place.availability[party]
        if session.kind in CAN_COME[when]:
            return True
        return (
            session.kind == "weekday"
            and session.without_school
            and when == "after_school_or_work"
            and place.children[party] > 0
            and self._of_party("free in holidays", party) < self.inputs.coming.holiday_free_share
        )

    def _gets_home(self, party: int, session: Session) -> bool:
        place, settings = self.year.place, self.inputs.coming
        one_way = place.return_minutes[party] / 2
        if place.has_car[party] or one_way >= settings.overnight_from_minutes:
            return True
        if self._of_party("public transport", party) >= settings.public_transport_share:
            return True
        start, end = session.start - session.day * DAY, session.end - session.day * DAY
        return (
            start - one_way >= of_day(settings.leave_home_from)
            and end <= max(of_day(settings.last_departure), place.last_bus_minutes)
            and end + one_way <= of_day(settings.home_until)
        )

    def _may_come(self, index: int, party: int, session: Session) -> bool:
        place, template = self.year.place, session.template
        return (
            self._comes(party, session)
            and self._gets_home(party, session)
            and (template["kind"] != "family_day" or place.children[party] > 0)
            and is_for(template["conviction_status"], self._status(index))
            and is_for(template["categories"], place.category[index])
            and is_for(template["incentive_levels"], place.incentive_level[index])
            and is_for(template["units"], place.unit[index])
        )

    def _status(self, index: int) -> str:
        return "convicted" if self.people[index].convicted else "remand"

    def _visit_sessions(self) -> list[Session]:
        found = []
        calendar, regime = self.inputs.calendar, self.inputs.regime
        for day in range(calendar.days + regime.notice_days_max + 20):
            today = self._date(day)
            for template in rows(self.inputs.sessions[self.year.place.establishment]):
                if DAYS[today.weekday()] != template["day"]:
                    continue
                if template["valid_from"] and today.isoformat() < template["valid_from"]:
                    continue
                if template["valid_to"] and today.isoformat() > template["valid_to"]:
                    continue
                counted_from = date.fromisoformat(template["valid_from"] or "1970-01-05")
                monday = counted_from - timedelta(days=counted_from.weekday())
                if (today - monday).days // 7 % template["every_n_weeks"]:
                    continue
                if self._is_shut(template, today):
                    continue
                hours, minutes = map(int, template["start"].split(":"))
                at = hours * 60 + minutes
                end_hours, end_minutes = map(int, template["end"].split(":"))
                settings = self.inputs.attendance
                late = 0.0
                name = template["template"]
                if self._of_session("late start", name, day) < settings.late_start_share:
                    by = self._of_session("late start by", name, day)
                    late = by * 2.0 * settings.late_start_minutes
                all_tables = template["open_tables"] + template["closed_tables"]
                checkers = max(1, math.ceil(all_tables / settings.tables_per_checker))
                found.append(
                    Session(
                        day=day,
                        start=day * DAY + at,
                        kind=self._kind(day, at),
                        template=template,
                        end=day * DAY + end_hours * 60 + end_minutes,
                        opens=day * DAY + at + late,
                        called_off=self.env.event(),
                        checkers=simpy.Resource(self.env, capacity=checkers),
                        tables={
                            closed: simpy.Resource(self.env, capacity=int(tables))
                            for closed, tables in (
                                (False, template["open_tables"]),
                                (True, template["closed_tables"]),
                            )
                            if tables
                        },
                        month=(today.year, today.month),
                        without_school=self._without_school(day),
                    )
                )
        found = sorted(found, key=lambda session: (session.start, session.template["row"]))
        if self.inputs.attendance.checkers_shared:
            self._share_checkers([each for each in found if each.tables and not self._is_off(each)])
        return found

    def _share_checkers(self, sessions: list[Session]) -> None:
        """Give the sessions that overlap, or that others join, one resource."""
        runs: list[list[Session]] = []
        for session in sessions:
            if runs and any(session.start < other.end for other in runs[-1]):
                runs[-1].append(session)
            else:
                runs.append([session])
        settings = self.inputs.attendance
        for run in runs:
            most = max(
                sum(
                    table.capacity
                    for other in run
                    if other.start <= session.start < other.end
                    for table in other.tables.values()
                )
                for session in run
            )
            checkers = max(1, math.ceil(most / settings.tables_per_checker))
            shared = simpy.Resource(self.env, capacity=checkers)
            for session in run:
                session.checkers = shared

    def _is_off(self, session: Session) -> bool:
        drawn = self._of_session("staff shortage", session.template["template"], session.day)
        return drawn < self.inputs.attendance.staff_shortage_share

    def _usable(self, today: date, start: float, stations: int) -> int:
        calling = self.inputs.calling
        share = calling.usable_picture_share * calling.usable_privacy_share
        place, key = self.year.place.establishment, f"{DAYS[today.weekday()]} {start:g}"
        first = today.toordinal() * 1024
        return sum(
            self._drawn("usable station", place, key, first + station) < share
            for station in range(stations)
        )

    def _video_slots(self) -> list[Session]:
        found = []
        video = self.inputs.video
        periods = rows(self.inputs.stations[self.year.place.establishment])
        for day in range(self.inputs.calendar.days + video.notice_days_max + 1):
            today = self._date(day)
            for row, period in enumerate(periods):
                if DAYS[today.weekday()] != period["day"] or not period["stations"]:
                    continue
                step = max(period["slot_minutes"], video.call_minutes + video.changeover_minutes)
                start, end = (
                    60 * int(period[name][:2]) + int(period[name][3:]) for name in ("start", "end")
                )
                while start + step <= end:
                    stations = self._usable(today, start, int(period["stations"]))
                    if not stations:
                        start += step
                        continue
                    found.append(
                        Session(
                            day=day,
                            start=day * DAY + start,
                            end=day * DAY + start + step,
                            kind=self._kind(day, start),
                            template=row,
                            tables={False: simpy.Resource(self.env, capacity=stations)},
                            month=(today.year, today.month),
                            without_school=self._without_school(day),
                        )
                    )
                    start += step
        return sorted(found, key=lambda slot: (slot.start, slot.template))

    def _grants(self):
        for day in range(self.inputs.calendar.days):
            for person in self.people:
                if not person.is_here:
                    continue
                if (day - person.order_day) % 14 == 0:
                    self._grant(person, day)
                if (day - person.order_day) % 28 == 0 and person.convicted:
                    self._count(person, "lapsed", person.privileged)
                    self._count(person, "granted", person.earned)
                    person.privileged, person.last_privileged = person.earned, day
            yield self.env.timeout(DAY)

    def _grant(self, person: Person, day: int) -> None:
        person.last_grant = day
        self._count(person, "granted", person.granted)
        before = len(person.orders) + person.granted - min(person.granted, person.debts)
        for _ in range(person.granted):
            if person.debts:
                person.debts -= 1
            else:
                person.orders.append(Order(day))
        for order in person.orders:
            order.accumulated = day - order.issued >= 28
        if person.swaps:
            person.orders = [order for order in person.orders if not order.accumulated]
            self._count(person, "exchanged", before - len(person.orders))
            before = len(person.orders)
        while len(person.orders) > self.inputs.regime.orders_cap:
            old = [order for order in person.orders if order.accumulated]
            if not old:
                break
            person.orders.remove(min(old, key=lambda order: order.issued))
        self._count(person, "lapsed", before - len(person.orders))

    def _count(self, person: Person, what: str, orders: int) -> None:
        measured = self.inputs.calendar.warm_up_days * DAY <= self.env.now < self.end
        if person.convicted and measured:
            person.counts[f"orders_{what}"] += orders

    def _can_book(self, person: Person) -> bool:
        return (
            not person.convicted
            or self._is_reception(person)
            or person.privileged > 0
            or len(person.orders) > 0
            or person.debts < self.inputs.allowance.negative_orders_max
        )

    def _is_reception(self, person: Person) -> bool:
        today = int(self.env.now // DAY)
        return person.reception_visits > 0 and person.received <= today < person.received + 14

    def _order_fits(self, person: Person, session: Session) -> bool:
        rule = asked_order(session)
        if rule == "none" or not person.convicted or self._is_reception(person):
            return True
        ordinary = person.debts < self.inputs.allowance.negative_orders_max or person.orders
        return bool(
            (rule != "visit_order" and person.privileged)
            or (rule != "privileged_order" and ordinary)
        )

    def _pay(self, person: Person, rule: str) -> tuple[str, int]:
        """Pay for a session and say with what, and of which day it was."""
        if rule == "none":
            return "nothing", 0
        if self._is_reception(person):
            person.reception_visits -= 1
            return "reception", person.received
        if person.privileged and rule != "visit_order":
            person.privileged -= 1
            return "privileged", person.last_privileged
        if person.orders:
            young = [order for order in person.orders if not order.accumulated]
            person.orders.remove(min(young or person.orders, key=lambda order: order.issued))
        else:
            person.debts += 1
        return "order", 0

    def _give_back(self, person: Person, paid: tuple[str, int]) -> None:
        what, of_day = paid
        if what == "reception":
            person.reception_visits += 1
        elif what == "privileged" and of_day == person.last_privileged:
            person.privileged += 1
        elif what == "privileged":
            self._count(person, "lapsed", 1)
        elif person.debts:
            person.debts -= 1
        elif len(person.orders) < self.inputs.regime.orders_cap:
            person.orders.append(Order(person.last_grant))
        else:
            self._count(person, "lapsed", 1)

    def _visit(self, request: int):
        try:
            yield from self._asked(request)
        except simpy.Interrupt:
            self._log(request, "request_fell")
        self.stories.pop(request, None)

    def leave(self, people: list[int]):
        """End what people who are moved have booked or ask for, one thing after the other."""
        for waits in list(self.waiting):
            if self.year.visits.person[waits.request] in people:
                self.waiting.remove(waits)
        asked = self.year.visits.asked_minutes, self.year.calls.asked_minutes
        begun = [*np.concatenate(asked)]
        own = [
            story
            for number, story in list(self.stories.items())
            if story.index in people and begun[number] < self.env.now
        ]
        for story in sorted(own, key=lambda story: story.place):
            if not story.process.is_alive:
                continue
            story.process.interrupt()
            for _ in range(6):  # until whoever is given a table has taken it
                yield self.env.timeout(0)

    def hand_over(self, index: int, other: ReferenceModel, there: int) -> None:
        """Let a person go on at another establishment."""
        old, new = self.people[index], other.people[there]
        old.is_here, new.is_here = False, True
        new.orders, new.privileged, new.debts = old.orders, old.privileged, old.debts
        new.last_grant, new.last_privileged = old.last_grant, old.last_privileged
        new.reception_visits = old.reception_visits
        other.bad[there] = list(self.bad[index])

    def _asked(self, request: int):
        drawn, env, place = self.year.visits, self.env, self.year.place
        yield env.timeout(drawn.asked_minutes[request])
        index, party = int(drawn.person[request]), int(drawn.party[request])
        person = self.people[index]
        waits = None
        for attempt in range(1, int(drawn.attempts[request]) + 1):
            delay = max(self._handled(request, attempt, env.now) - env.now, 0.0)
            session = yield from self._wait(delay, waits)
            if attempt == 1 and self._resolve(request) >= self._mood(index):
                self._log(request, "put_off")
                return
            is_approved = env.now // DAY >= place.approved_day[index]
            session = session or (self._first_choice(request) if is_approved else None)
            if session is None:
                answer = "no_table" if self._can_book(person) else "no_order"
                answer = answer if is_approved else "not_approved"
                self._log(request, answer)
                if attempt == drawn.attempts[request]:
                    break
                waits = self._join(request, waits, answer)
                again = drawn.ask_again_minutes[attempt - 1, request]
                session = yield from self._wait(again, waits)
            if session is not None:
                self._leave(waits)
                yield from self._held(request, index, session, bool(place.conditions[party]))
                return
        self._leave(waits)
        self.bad[index].append((env.now, self.inputs.mood.refusal_fall))
        yield from self._unvisited(request, attempt)

    def _wait(self, minutes: float, waits: Waiting | None):
        """Wait, on the list or not, and give the session that was released meanwhile."""
        passed = self.env.timeout(minutes)
        yield passed if waits is None else passed | waits.given
        return waits.given.value if waits is not None and waits.given.triggered else None

    def _unvisited(self, request: int, attempt: int):
        drawn = self.year.visits
        index, party = int(drawn.person[request]), int(drawn.party[request])
        if drawn.turns_to_video[request]:
            self._log(request, "turned_to_video")
            number = len(self.year.visits) + len(self.year.calls) + request
            yield from self._call(number, index, party, bool(drawn.no_show[request]))
        elif attempt == self.inputs.demand.attempts_max:
            self._log(request, "refused")
        else:
            self._log(request, "gave_up")

    def _join(self, request: int, waits: Waiting | None, answer: str) -> Waiting | None:
        share = self.inputs.asking.waiting_list_share
        if answer == "no_table" and self._of_request("waiting list", request) < share:
            waits = waits or Waiting(request, self.env.event())
            if waits not in self.waiting:
                self.waiting.append(waits)
        return waits

    def _leave(self, waits: Waiting | None) -> None:
        if waits in self.waiting:
            self.waiting.remove(waits)

    def _handled(self, request: int, attempt: int, now: float) -> float:
        """Say when an asking gets through, minute by minute of opening hours for the telephone."""
        settings = self.inputs.asking
        channel = self._channel(request)
        if channel == "online":
            is_confirmed = self._of_request(f"confirmed {attempt}", request)
            late = is_confirmed < settings.online_confirmed_share
            return now + (settings.online_delay_hours * 60 if late else 0)
        by_channel = self._at_kiosk if channel == "kiosk" else self._by_phone
        return by_channel(request, attempt, now)

    def _at_kiosk(self, request: int, attempt: int, now: float) -> float:
        settings, place = self.inputs.asking, self.year.place
        wing = sorted(set(place.unit)).index(place.unit[self.year.visits.person[request]])
        later = wing * settings.kiosk_wing_minutes
        day = int(now // DAY)
        if now >= day * DAY + of_day(settings.kiosk_until) + later:
            day += 1
        opens = day * DAY + of_day(settings.kiosk_from) + later
        if now >= opens:
            return now
        reached = self._of_request(f"reaches the kiosk {attempt}", request)
        return opens + reached * settings.kiosk_spread_minutes

    def _by_phone(self, request: int, attempt: int, now: float) -> float:
        settings = self.inputs.asking
        needed = 0.0
        if settings.phone_through_share < 1:
            drawn = 1 - self._of_request(f"gets through {attempt}", request)
            while drawn <= 1 - settings.phone_through_share:
                needed += settings.phone_retry_minutes
                drawn /= 1 - settings.phone_through_share
        holds = self._of_request(f"holds {attempt}", request)
        needed -= math.log(1 - holds) * settings.phone_wait_minutes
        day = int(now // DAY)
        while True:
            if DAYS[self._date(day).weekday()] in settings.phone_days:
                begins = max(now, day * DAY + of_day(settings.phone_from))
                ends = day * DAY + of_day(settings.phone_until)
                if begins + needed < ends:
                    return begins + needed
                needed -= max(ends - begins, 0.0)
            day += 1

    def _channel(self, request: int) -> str:
        place = self.year.place
        if self._of_request("at a kiosk", request) < place.kiosk_share:
            return "kiosk"
        is_online = self._of_request("by phone", request) < place.online_share
        return "online" if is_online else "phone"

    def _resolve(self, request: int) -> float:
        visits = self.year.visits
        net = self.year.place.net_cost_gbp[visits.party[request]]
        kept = keep_share(np.array([net]), self.inputs.demand)[0]
        if self._uses_video[visits.person[request]]:
            kept *= 1.0 - self.inputs.calling.instead_of_visit_share
        return self._of_request("kept", request) / kept

    def _mood(self, index: int) -> float:
        mood, last = 1.0, 0.0
        for at, share in [*self.bad[index], (self.env.now, 0.0)]:
            forgotten = (1 - self.inputs.mood.recovery_share) ** ((at - last) / (28 * DAY))
            mood, last = (1 - (1 - mood) * forgotten) * (1 - share), at
        return mood

    def _window(self, request: int) -> tuple[int, int]:
        return self._window_of(self._channel(request))

    def _window_of(self, channel: str) -> tuple[int, int]:
        channels = ("online", "phone", "kiosk")
        return dict(zip(channels, self.year.place.windows, strict=True))[channel]

    def _first_choice(self, request: int, only: Session | None = None) -> Session | None:
        asking, place = self.inputs.asking, self.year.place
        if self._of_request("one kind", request) >= asking.one_kind_share:
            return self._first_session(request, only, KINDS)
        kinds = [
            kind
            for kind in KINDS
            if kind in CAN_COME[place.availability[self.year.visits.party[request]]]
        ]
        wish = kinds[int(self._of_request("which kind", request) * len(kinds))]
        found = self._first_session(request, only, (wish,))
        accepts = self._of_request("second choice", request) < asking.second_choice_share
        if found is None and accepts:
            return self._first_session(request, only, KINDS)
        return found

    def _offer(self, session: Session, closed: bool) -> None:
        conditions, party = self.year.place.conditions, self.year.visits.party
        for waits in list(self.waiting):
            if conditions[party[waits.request]] != closed:
                continue
            if self._first_choice(waits.request, session) is session:
                self.waiting.remove(waits)
                waits.given.succeed(session)
                return

    def _first_session(
        self, request: int, only: Session | None, kinds: tuple[str, ...]
    ) -> Session | None:
        drawn = self.year.visits
        index, party = int(drawn.person[request]), int(drawn.party[request])
        place, person = self.year.place, self.people[index]
        least, most = self._window(request)
        today, closed = int(self.env.now // DAY), bool(place.conditions[party])
        free = (
            session
            for session in self.sessions
            if least <= session.day - today <= most
            if session.day < place.ends_day[index]
            if only in (None, session)
            if session.kind in kinds
            if index not in session.holders and not self._meets(index, session)
            if (table := session.tables.get(closed)) is not None and table.count < table.capacity
            if self._may_come(index, party, session)
        )
        if self._of_request("double", request) < self.inputs.asking.double_share:
            free = list(free)
            for session in free:
                other = self._follower(session, closed)
                if other in free and self._both_fit(person, session, other):
                    self.pairs[request] = other
                    return session
        for session in free:
            if self._order_fits(person, session) and not self._used_up(person, session):
                return session
        return None

    def _follower(self, session: Session, closed: bool) -> Session | None:
        """Give the next session of a hall for the same people, when it begins soon enough."""
        alike = ("hall", "kind", "conviction_status", "categories", "incentive_levels", "units")
        same = [
            other
            for other in self.sessions
            if closed in other.tables
            and all(other.template[name] == session.template[name] for name in alike)
        ]
        later = same[same.index(session) + 1 :]
        if not later or later[0].day != session.day:
            return None
        gap = later[0].start - session.end
        return later[0] if 0 <= gap <= self.inputs.asking.double_gap_minutes else None

    def _both_fit(self, person: Person, one: Session, other: Session) -> bool:
        """Pay for one session out of a copy of the orders, and see whether the other can be."""
        rules = [asked_order(session) for session in (one, other)]
        if not person.convicted:
            held = person.visits[self._week(one)] + sum(rule != "none" for rule in rules)
            counts = any(rule != "none" for rule in rules)
            return not counts or held <= self.inputs.regime.remand_visits_per_week
        copy = replace(person, orders=list(person.orders))
        for session, rule in zip((one, other), rules, strict=True):
            if not self._order_fits(copy, session):
                return False
            self._pay(copy, rule)
        return True

    def _meets(self, index: int, session: Session) -> bool:
        """Say whether somebody who is kept apart from a person has a visit booked on that day."""
        others = {other for pair in self.apart if index in pair for other in pair - {index}}
        return any(each.day == session.day and each.holders & others for each in self.sessions)

    def _used_up(self, person: Person, session: Session) -> bool:
        held = person.visits[self._week(session)]
        counts = not person.convicted and asked_order(session) != "none"
        return counts and held >= self.inputs.regime.remand_visits_per_week

    def _week(self, session: Session) -> date:
        day = self._date(session.day)
        return day - timedelta(days=day.weekday())

    def _held(self, request: int, index: int, session: Session, closed: bool):
        drawn, env, person = self.year.visits, self.env, self.people[index]
        week, second = self._week(session), self.pairs.pop(request, None)
        held = [session] if second is None else [session, second]
        rules = [asked_order(each) for each in held if asked_order(each) != "none"]
        paid = [self._pay(person, rule) for rule in rules if person.convicted]
        person.visits[week] += len(rules)
        for each in held:
            each.holders.add(index)
        with session.tables[closed].request() as table:
            yield table
            self._log(request, "booked")
            too = [each.tables[closed].request() for each in held[1:]]
            for each in too:
                yield each
                self._log(request, "doubled")
            waited = session.day - int(drawn.asked_minutes[request] // DAY)
            if waited > self.inputs.mood.long_wait_days:
                self.bad[index].append((env.now, self.inputs.mood.long_wait_fall))
            ahead = session.start - env.now
            if drawn.cancels[request]:
                ahead *= drawn.cancel_at_share[request]
            story = self.stories[request]
            story.place = (self.sessions.index(session), closed, env.now)
            off = [each.called_off for each in held]
            fell = False
            try:
                told = yield env.any_of([env.timeout(ahead), *off])
            except simpy.Interrupt:
                told, fell = {}, True
            is_off = any(each in told for each in off)
            if drawn.cancels[request] or is_off or fell:
                self._fall(index, held, len(rules), paid)
                for each, table_too in zip(held[1:], too, strict=True):
                    each.tables[closed].release(table_too)
                kept = "called_off" if is_off else "cancelled"
                self._log(request, "booking_fell" if fell else kept)
            else:
                del self.stories[request]
                self._begins(request, index, session, held[-1].end)
                yield env.timeout(DAY)
                return
        for each in held if not is_off else ():
            self._offer(each, closed)

    def _fall(
        self, index: int, held: list[Session], counted: int, paid: list[tuple[str, int]]
    ) -> None:
        person = self.people[index]
        person.visits[self._week(held[0])] -= counted
        for each in held:
            each.holders.remove(index)
        for each in paid:
            self._give_back(person, each)

    def _begins(self, request: int, index: int, session: Session, end: float) -> None:
        if self.year.visits.no_show[request]:
            self._log(request, "no_show")
            return
        self.env.process(self._admitted(request, session, end))
        if session.opens - session.start > self.inputs.mood.late_minutes:
            self.bad[index].append((self.env.now, self.inputs.mood.late_start_fall))

    def _admitted(self, request: int, session: Session, end: float):
        """Play the day of a visit again from the arrival on, a day later, by the gate's clock."""
        settings, env = self.inputs.attendance, self.env
        place, party = self.year.place, self.year.visits.party[request]
        first, last = settings.arrive_first_minutes, settings.arrive_last_minutes
        yield env.timeout(DAY - first + self._of_request("arrives", request) * (first - last))
        arrived = env.now - DAY
        with session.checkers.request() as checker:
            yield checker
            visitors = int(place.adults[party] + place.children[party])
            each = settings.check_minutes_per_visitor
            yield env.timeout(each * visitors * (0.5 + self._of_request("is checked", request)))
        yield env.timeout(settings.escort_minutes)
        entered = max(session.opens, env.now - DAY)
        had = max(end - entered, 0.0)
        if self._of_request("finishes early", request) < settings.early_finish_share:
            had *= 1.0 - self._of_request("finishes when", request)
        if self._of_request("refused entry", request) < settings.refused_entry_share:
            had = 0.0
        outcome = "attended" if had > 0.0 else "refused_entry"
        self.hours[request] = (entered - session.start, had) if had > 0.0 else (0.0, 0.0)
        over = end if had > 0.0 else max(session.start, arrived)
        self.came[request] = (session.start, arrived, over)
        self.rows.append((session.start, request, outcome))

    def _own_call(self, request: int):
        drawn = self.year.calls
        yield self.env.timeout(drawn.asked_minutes[request])
        yield from self._call(
            len(self.year.visits) + request,
            int(drawn.person[request]),
            int(drawn.party[request]),
            bool(drawn.no_show[request]),
        )

    def _call(self, number: int, index: int, party: int, no_show: bool):
        env, video, person = self.env, self.inputs.video, self.people[index]
        self._log(number, "video_asked")
        today = int(env.now // DAY)
        if today < self.year.place.cleared_day[index]:
            self._log(number, "video_not_cleared")
            return
        if video.walk_in:
            yield from self._walk_in(number, person, today)
            return
        window = [
            slot
            for slot in self.slots
            if video.notice_days_min <= slot.day - today <= video.notice_days_max
        ]
        left = Counter({slot.month: -person.calls[slot.month] for slot in window})
        open_to = [slot for slot in window if self._calls_at(index, party, slot)]
        calls = self.inputs.calling
        pairs = [
            [one, other]
            for one in open_to
            for other in open_to
            if one.template == other.template and one.end == other.start
            if left[one.month] + person.calls_per_month >= 2
        ]
        singles = [[slot] for slot in open_to if left[slot.month] + person.calls_per_month >= 1]
        wants_long = self._of_call("is long", number) < calls.long_call_share
        for held in (pairs if wants_long else []) + singles:
            slot = held[0]
            break
        else:
            ends = {slot.month for slot in (window[:1] + window[-1:])}
            used_up = any(person.calls[month] >= person.calls_per_month for month in ends)
            no_credit = used_up or not person.calls_per_month
            self._log(number, "video_no_credit" if no_credit else "video_no_slot")
            return
        person.calls[slot.month] += len(held)
        self.slots_held[number] = len(held)
        taken = []
        for each in held:
            each.holders.add(index)
            taken.append(each.tables[False].request())
            yield taken[-1]
        self._log(number, "video_booked")
        try:
            yield env.timeout(slot.start - env.now)
        except simpy.Interrupt:
            person.calls[slot.month] -= len(held)
            for each, station in zip(held, taken, strict=True):
                each.holders.remove(index)
                each.tables[False].release(station)
            self._log(number, "video_fell")
            return
        # its time has come: a transfer ends nothing any more
        self.stories.pop(number % (len(self.year.visits) + len(self.year.calls)), None)
        if no_show:
            self._log(number, "video_no_show")
        elif self._of_call("fails", number) < calls.failure_share:
            person.calls[slot.month] -= len(held)
            self._log(number, "video_failed")
        else:
            had = video.call_minutes * len(held)
            if self._of_call("drops out", number) < calls.drop_out_share:
                had *= 1.0 - self._of_call("drops out when", number)
            self.hours[number] = (0.0, had)
            self._log(number, "video_held")

    def _walk_in(self, number: int, person: Person, today: int):
        """Call at once from a station that is open and free: it is booked and held in one."""
        env, call_minutes = self.env, self.inputs.video.call_minutes
        date_of_call = self._date(today)
        month = date_of_call.year, date_of_call.month
        if person.calls[month] >= person.calls_per_month:
            self._log(number, "video_no_credit")
            return
        begun = [slot for slot in self.slots if slot.start <= env.now]
        latest = max(begun, key=lambda slot: slot.start, default=None)
        is_open = latest is not None and env.now < latest.end
        if not is_open or self.walked_in >= latest.tables[False].capacity:
            self._log(number, "video_no_slot")
            return
        person.calls[month] += 1
        self.walked_in += 1
        had = call_minutes
        if self._of_call("drops out", number) < self.inputs.calling.drop_out_share:
            had *= 1.0 - self._of_call("drops out when", number)
        self.hours[number] = (0.0, had)
        self._log(number, "video_booked")
        self._log(number, "video_held")
        yield env.timeout(call_minutes)
        self.walked_in -= 1

    def _of_call(self, purpose: str, number: int) -> float:
        visits, calls = self.year.visits, self.year.calls
        kind, drawn, request = "video", calls, number - len(visits)
        if request >= len(calls):
            kind, drawn, request = "in place of visit", visits, request - len(calls)
        key = self.year.place.prisoner_id[drawn.person[request]]
        return self._drawn(f"{kind} {purpose}", "", key, int(drawn.number[request]))

    def _calls_at(self, index: int, party: int, slot: Session) -> bool:
        table, calling, place = slot.tables[False], self.inputs.calling, self.year.place
        if index in slot.holders or table.count >= table.capacity:
            return False
        if slot.day >= place.ends_day[index]:
            return False
        if party < len(place.party_person):
            return self._comes(party, slot)
        key = place.prisoner_id[index]
        if not place.foreign_national[index]:
            return True
        if self._drawn("video abroad", "", key, 0) >= calling.abroad_share:
            return True
        which = int(self._drawn("video hours ahead", "", key, 0) * len(calling.abroad_hours_ahead))
        there = (slot.start + 60 * calling.abroad_hours_ahead[which]) % DAY
        length = slot.end - slot.start
        return of_day(calling.abroad_from) <= there <= of_day(calling.abroad_until) - length

    def _log(self, request: int, outcome: str) -> None:
        self.rows.append((self.env.now, request, outcome))


def play_together(
    inputs: SimulationInputs, years: dict[str, Year], seed: int, replication: int
) -> dict[str, ReferenceModel]:
    """Play establishments between which people are moved, by one clock."""
    env = simpy.Environment()
    models = {
        code: ReferenceModel(inputs, year, seed, replication, env) for code, year in years.items()
    }
    days = sorted({moved.day for moved in inputs.handovers})
    events = {day: env.event() for day in days}
    for model in models.values():
        model.moved = events
        model.start()

    def transfers():
        for day in days:
            yield env.timeout(day * DAY - env.now)
            yield env.timeout(0)  # orders that come at this midnight are there
            of_day = [moved for moved in inputs.handovers if moved.day == day]
            for code, model in models.items():
                leavers = [moved.leaver for moved in of_day if moved.origin == code]
                yield from model.leave(leavers)
            for moved in of_day:
                models[moved.origin].hand_over(
                    moved.leaver, models[moved.destination], moved.arrival
                )
            events[day].succeed()

    env.process(transfers())
    end = inputs.calendar.days * DAY
    env.run(until=end)
    for model in models.values():
        model.count_unused()
    env.run(until=end + 2 * DAY)
    return models

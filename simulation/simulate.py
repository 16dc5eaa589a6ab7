"""One replication of one year at one establishment."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import groupby
from typing import Any

import numpy as np
import simpy
from numpy.typing import NDArray

from simulation.agenda import Agenda
from simulation.allowance import PRIVILEGED_ORDER_DAYS, AllowanceSettings
from simulation.arrivals import Askings
from simulation.asking import AskingSettings, Manner
from simulation.attendance import AttendanceSettings, VisitingDay, call_off, hold_sessions
from simulation.booking import BookingDesk
from simulation.calling import (
    CallingSettings,
    Calls,
    acceptable_to_callers,
    callers,
    next_slots,
    places_by_day,
    staff_hours_by_day,
    usable_stations,
)
from simulation.choices import Choices
from simulation.clock import MINUTES_PER_DAY, Calendar
from simulation.columns import indices
from simulation.coming import ComingSettings, party_times, unbound
from simulation.demand import DemandSettings, video_requests, video_users, visit_requests
from simulation.early_days import EarlySettings
from simulation.family_workers import FamilyWork, FamilyWorkSettings
from simulation.helped import since_start, started_at, with_parties
from simulation.line import Lines
from simulation.log import TOO_EARLY, Recorder, VisitLog, Year, conserve
from simulation.mood import Mood
from simulation.mood_settings import MoodSettings
from simulation.open_days import OpenDays
from simulation.order_rules import OrderRules, without_order
from simulation.orders import Orders
from simulation.place import BEYOND, Place
from simulation.probe import Probe, probe_calendar, probed_people
from simulation.regime import VisitsRegime
from simulation.safety_line import SafetySettings
from simulation.slots import SlotCalendar
from simulation.start_state import SAVED, StartState
from simulation.streams import stream_key, uniform
from simulation.timetable import (
    KINDS,
    Columns,
    DatedSlots,
    SessionKind,
    acceptable_slots,
    bits,
    next_sessions,
    video_slots,
    visit_slots,
)
from simulation.transfers import (
    Carried,
    Handover,
    played_together,
    within_stays,
)
from simulation.video import VideoRegime
from simulation.video_desk import VideoDesk, WalkInRoom


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SimulationInputs:
    """All that a simulated year depends on, apart from the seed and the replication.

    Small, plain and picklable, so that it is cheap to hand to other processes.

    Attributes
    ----------
    calendar, demand, coming, regime, allowance, asking, mood, video, calling, attendance
        Settings of the scenario.
    refunded_visits_per_year
        Visits of one party that are refunded in a year.
    sessions
        Session templates of each establishment under the scenario.
    open_days
        Dates on which they are held.
    stations
        Opening periods of its video stations under the scenario.
    places
        The people and parties of each establishment that holds somebody or offers sessions, by
        its code, in order of code.
    lines
        Booking lines under the scenario.
    early, safety
        How the first days in a prison go, and its family safety line.
    start
        Bookings and orders that are there on the first day, by establishment; none by default.
    handovers
        Transfers of the year, in order of day, origin and row.
    family_settings, family_work
        How family workers work, and who needs them, by establishment; by default it is not played.
    """

    calendar: Calendar
    demand: DemandSettings
    coming: ComingSettings
    regime: VisitsRegime
    allowance: AllowanceSettings
    asking: AskingSettings
    mood: MoodSettings
    video: VideoRegime
    calling: CallingSettings
    attendance: AttendanceSettings
    refunded_visits_per_year: float
    sessions: dict[str, Columns]
    open_days: dict[str, OpenDays]
    stations: dict[str, Columns]
    places: dict[str, Place]
    lines: Lines
    early: EarlySettings
    safety: SafetySettings
    start: dict[str, StartState] = field(default_factory=dict)
    handovers: tuple[Handover, ...] = ()
    family_settings: FamilyWorkSettings | None = None
    family_work: dict[str, FamilyWork] = field(default_factory=dict)

    @property
    def establishments(self) -> tuple[str, ...]:
        """Name the establishments, in order of code."""
        return tuple(self.places)

    def at(self, establishments: Collection[str]) -> SimulationInputs:
        """Leave out the other establishments, so that what is handed to a process is small.

        Parameters
        ----------
        establishments
            With all that are played together with one of them.
        """

        def here(of: Mapping[str, Any]) -> dict[str, Any]:
            return {code: each for code, each in of.items() if code in establishments}

        return replace(
            self,
            sessions=here(self.sessions),
            open_days=here(self.open_days),
            stations=here(self.stations),
            places=here(self.places),
            start=here(self.start),
            handovers=tuple(each for each in self.handovers if each.origin in establishments),
            family_work=here(self.family_work),
        )

    def played_together(self) -> list[tuple[str, ...]]:
        """Put together the establishments that transfers or a booking line that is played join.

        See ``transfers.played_together``.
        """
        groups = played_together(self.places, self.handovers)
        if not self.lines.settings.modelled:
            return groups
        national = self.lines.ever_national(self.calendar)
        apart = [group for group in groups if national.isdisjoint(group)]
        shared = sorted(code for group in groups if group not in apart for code in group)
        return sorted([*apart, *([tuple(shared)] if shared else [])])


def simulate(
    inputs: SimulationInputs, *, establishment: str, seed: int, replication: int
) -> VisitLog:
    """Play one year at one establishment.

    Families ask in the order of the clock; the desk books, turns away, asks again; sessions are
    held; calls are made. Everything random was drawn before, by name, so the same seed gives the
    same log on any machine and with any other establishments beside it. Where people are moved in
    the year, the establishments they come from and go to are played as well.

    Parameters
    ----------
    inputs
        What the year depends on.
    establishment
        Where.
    seed, replication
        Names of the draws.

    Returns
    -------
    VisitLog
        One row for each turn of each request, and the year it happened in.

    Raises
    ------
    RuntimeError
        When requests or tables are not conserved: a fault of the model, never of the data.
    """
    together = next(codes for codes in inputs.played_together() if establishment in codes)
    logs = simulate_together(inputs, together, seed=seed, replication=replication)
    return next(log for log in logs if log.establishment == establishment)


def simulate_together(
    inputs: SimulationInputs, establishments: Sequence[str], *, seed: int, replication: int
) -> Iterator[VisitLog]:
    """Play one year at establishments that transfers join, each up to every day of a transfer.

    Parameters
    ----------
    inputs, seed, replication
        As for ``simulate``.
    establishments
        All that transfers join, as ``SimulationInputs.played_together`` gives them.

    Yields
    ------
    VisitLog
        Of each, in the order given.
    """
    opened = {
        code: open_year(inputs, establishment=code, seed=seed, replication=replication)
        for code in establishments
    }
    moves = [moved for moved in inputs.handovers if moved.origin in opened]
    for day, of_day in groupby(moves, key=lambda moved: moved.day):
        hand_over(opened, list(of_day), day)
    for code in establishments:
        year = opened.pop(code)
        year.run_until(inputs.calendar.days)
        yield year.close()


def hand_over(opened: Mapping[str, OpenYear], moves: Sequence[Handover], day: int) -> None:
    """Move people at the first minute of a day, before anything else happens on it.

    Parameters
    ----------
    opened
        The years being played, by establishment.
    moves, day
        Every transfer of that day, and the day.
    """
    leavers: dict[str, list[int]] = {}
    for moved in moves:
        leavers.setdefault(moved.origin, []).append(moved.leaver)
    for origin, people in leavers.items():
        opened[origin].run_until(day)
        opened[origin].let_go(people)
    for moved in moves:
        carried = opened[moved.origin].carry(moved.leaver, day)
        opened[moved.destination].run_until(day)
        opened[moved.destination].take_in(moved.arrival, carried)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OpenYear:
    """A year at one establishment that is being played.

    Attributes
    ----------
    establishment, replication
        Where and which.
    env, end
        The establishment's own environment, and the minute at which the year ends.
    year
        As it is known before anything happens.
    channel
        How each request for a visit is made, an index into ``CHANNELS``; int8.
    known
        The askings that are known before the year, which are all where no booking line is played.
    desk, room, tables
        Where families book, where they call, and the tables left free.
    orders, mood
        What people have in hand, and what families make of their experience.
    recorder
        What has been written down.
    """

    establishment: str
    replication: int
    env: simpy.Environment
    end: float
    year: Year
    channel: NDArray[np.int8]
    known: Askings
    desk: BookingDesk
    room: VideoDesk | WalkInRoom
    tables: SlotCalendar
    orders: Orders
    mood: Mood
    recorder: Recorder

    def run_until(self, day: int) -> None:
        """Play on until the first minute of a day, of which nothing has happened then."""
        midnight = float(day * MINUTES_PER_DAY)
        if midnight > self.env.now:
            self.desk.play(midnight)
            self.env.run(until=midnight)

    def let_go(self, people: Collection[int]) -> None:
        """End what these people have booked or wait for from now on."""
        leaving = frozenset(people)
        requests = np.flatnonzero(np.isin(self.year.visits.person, list(people)))
        self.desk.leave(leaving, requests.tolist())
        self.room.leave(leaving)

    def carry(self, person: int, day: int) -> Carried:
        """Give what goes with a person who has been let go on a day."""
        return Carried(orders=self.orders.carry(person, day), mood=self.mood.carry(person))

    def take_in(self, person: int, carried: Carried) -> None:
        """Go on from what a person brings along."""
        self.orders.take_over(person, carried.orders)
        self.mood.take_over(person, carried.mood)

    def close(self, askings: Askings | None = None) -> VisitLog:
        """Give the log of a year that was played to its end.

        Parameters
        ----------
        askings
            Those that were handed to the desk in the course of the year, in the order of its
            answers; by default those known before.

        Raises
        ------
        RuntimeError
            When requests or tables are not conserved.
        """
        # events that were still to come hold those who wait for them, and these hold the desk: let
        # go, or the memory of every establishment waits for the collector
        for *_, event in self.env._queue:
            event.callbacks.clear()
        self.env._queue.clear()
        second = self.desk.second.items()
        self.recorder.second_sessions = {request: slots[1] for request, slots in second}
        self.recorder.orders = self.orders.counts(int(self.end / MINUTES_PER_DAY) - 1)
        # nothing changes the bookings of a session or a slot once it has begun
        begun = int(np.searchsorted(self.year.sessions.start, self.end))
        self.recorder.visits.hold(range(begun), self.desk.booked[:begun])
        self.room.hold(self.end)
        year = self.year if askings is None else replace(self.year, askings=askings)
        log = VisitLog.of_run(self.recorder, year, self.establishment, self.replication)
        conserve(
            log,
            booked=self.desk.booked,
            free=self.tables.free,
            calls_booked=self.room.booked,
            end=self.end,
        )
        return log


def dated_sessions(
    inputs: SimulationInputs,
    establishment: str,
    *,
    seed: int,
    replication: int,
    days: int,
    by_school: bool = False,
) -> tuple[OpenDays, DatedSlots, VisitingDay]:
    """Date the visit sessions of one establishment, and draw which are shut, called off or late.

    Parameters
    ----------
    inputs, establishment, seed, replication
        As for ``simulate``.
    days, by_school
        As for ``visit_slots``; the second changes no date.

    Returns
    -------
    tuple
        When the establishment is open, its dated sessions, and what happens to each.
    """
    templates = inputs.sessions[establishment]
    names = {"seed": seed, "replication": replication}
    open_days = inputs.open_days[establishment].drawn(
        inputs.regime.bank_holiday_held_share, establishment=establishment, **names
    )
    sessions = visit_slots(
        templates,
        inputs.calendar,
        days=days,
        evening_from=inputs.regime.evening_from,
        open_days=open_days,
        by_school=by_school,
    )
    day = VisitingDay.of(
        inputs.attendance,
        sessions,
        np.array(templates["template"], dtype=object),
        inputs.calendar,
        establishment=establishment,
        **names,
    )
    return open_days, sessions, day


def open_year(
    inputs: SimulationInputs,
    *,
    establishment: str,
    seed: int,
    replication: int,
    by_line: bool = False,
) -> OpenYear:
    """Draw one year at one establishment and stop before anybody asks.

    Parameters
    ----------
    inputs, establishment, seed, replication
        As for ``simulate``.
    by_line
        Hand nobody to the desk: who asks is told day by day, as the booking line answers.
    """
    names = {"seed": seed, "replication": replication}
    calendar, video = inputs.calendar, inputs.video
    place = inputs.places[establishment]
    start = inputs.start.get(establishment)
    of_callers = names if start is None else names | {"replication": SAVED}
    who_calls, hours_ahead = callers(place, inputs.calling, **of_callers)
    work, settings = inputs.family_work.get(establishment), inputs.family_settings
    started = started_at(work, settings, calendar, place, **names)
    if started is not None:
        place = with_parties(place, started, seed=seed)
    templates = inputs.sessions[establishment]
    names_of_templates = np.array(templates["template"], dtype=object)
    free = party_times(place, inputs.coming, **names)
    windows = place.windows
    notice_days = min(least for least, _ in windows), max(most for _, most in windows)
    open_days, sessions, visiting_day = dated_sessions(
        inputs,
        establishment,
        **names,
        days=calendar.days + notice_days[1] + 1,
        by_school=bool(free.in_holidays.any()),
    )
    offered = video_slots(
        inputs.stations[establishment],
        calendar,
        days=calendar.days + video.notice_days_max + 1,
        evening_from=inputs.regime.evening_from,
        step_minutes=video.call_minutes + video.changeover_minutes,
        open_days=open_days,
        by_school=bool(free.in_holidays.any()),
    )
    slots = usable_stations(
        offered,
        calendar,
        share=inputs.calling.usable_share,
        establishment=establishment,
        **names,
    )
    end = float(calendar.days * MINUTES_PER_DAY)
    uses_video = video_users(place, inputs.demand, who_calls, **of_callers)
    still_asked = np.where(uses_video, 1.0 - inputs.calling.instead_of_visit_share, 1.0)
    visits = visit_requests(place, calendar, inputs.demand, **names, asked_share=still_asked)
    visits = within_stays(visits, place)
    if started is not None:
        visits = since_start(visits, started)
    visits = replace(visits, turns_to_video=visits.turns_to_video & who_calls.aware[visits.person])
    calls = video_requests(place, calendar, inputs.demand, who_calls, uses_video, **names)
    calls = within_stays(calls, place)
    if start is not None:
        visits = start.before(visits, place, inputs.demand, **names)
        calls = start.calls.before(calls, place, inputs.demand, **names)
    manner = Manner.of(
        place,
        visits,
        inputs.asking,
        inputs.demand,
        calendar,
        asked_share=still_asked,
        with_resolve=inputs.mood.matters,
        moved_online=inputs.lines.moved_share(establishment, visits.asked_minutes),
        by_line=by_line,
        **names,
    )
    known = Askings.of(visits, calls, handled_minutes=manner.handled_minutes, until=end)
    year = Year(
        place=place,
        visits=visits,
        calls=calls,
        askings=known.chosen(slice(0)) if by_line else known,
        open_days=open_days,
        sessions=sessions,
        video_slots=slots,
        templates=names_of_templates,
        day=visiting_day,
        going=Calls.of(
            place, visits, calls, inputs.calling, call_minutes=video.call_minutes, **names
        ),
        video_places=places_by_day(offered, video.call_minutes + video.changeover_minutes),
        video_staff_hours=staff_hours_by_day(offered, video.stations_per_officer),
    )
    recorder = Recorder()
    env = simpy.Environment()
    agenda = Agenda(env)
    person = indices(np.concatenate([visits.person, calls.person]))
    party = indices(np.concatenate([visits.party, calls.party]))
    positions = [
        *acceptable_slots(slots.weekly, place, unbound(place, free)),
        *acceptable_to_callers(slots.weekly, hours_ahead, inputs.calling),
    ]
    room = _video_room(env, agenda, year, inputs, recorder, person, party, positions, **names)
    convicted = place.convicted.tolist()
    weekly = inputs.regime.remand_visits_per_week
    tables = SlotCalendar(
        sessions,
        sessions.week,
        [None if sentenced else weekly for sentenced in convicted],
        notice_days=notice_days,
        days=calendar.days,
        exempt=without_order(sessions.weekly),
        apart=[(one, other) for one, other in place.apart.tolist()],
    )
    positions = acceptable_slots(sessions.weekly, place, free, templates)
    orders, mood = orders_of(place, inputs, **names), Mood(len(place.keys), inputs.mood)
    desk = BookingDesk(
        env,
        agenda,
        year.visits,
        year.askings,
        person=person,
        acceptable=list(map(cache(tables.every_week), positions)),
        calendar=tables,
        starts=sessions.start.tolist(),
        orders=orders,
        rules=OrderRules.of(sessions, tables),
        mood=mood,
        choices=Choices(
            manner,
            tables,
            sessions,
            [None if own == notice_days else own for own in windows],
            place.ends_day[year.visits.person],
        ),
        recorder=recorder,
        ask_for_call=_once_cleared(room.ask, place, person),
        is_settled=place.is_settled,
        approved_day=place.approved_day.tolist(),
        following=indices(next_sessions(sessions, templates, inputs.asking.double_gap_minutes))
        if inputs.asking.double_share
        else [],
    )
    if start is not None:
        start.set_orders(orders)
        start.enter(place, sessions, year.templates, tables=tables, desk=desk, recorder=recorder)
        start.calls.enter(slots, first=len(visits), room=room, recorder=recorder)
    if inputs.mood.late_start_fall:
        env.process(hold_sessions(env, sessions.start, *_late(year, person, desk, mood)))
    env.process(call_off(env, year.day.called_off, sessions.day, desk.call_off))
    probed = probed_people(place, **names).tolist()
    probe = Probe(
        place,
        tables,
        could_come=_by_kind_of_table(place, probed, positions, tables),
        weekend=tables.every_week(bits(sessions.weekly.kind == KINDS.index(SessionKind.WEEKEND))),
        too_late=_first_after_stays(sessions, place),
    )
    env.process(probe_calendar(env, calendar, probe, recorder.probes))
    return OpenYear(
        establishment=establishment,
        replication=replication,
        env=env,
        end=end,
        year=year,
        channel=manner.channel,
        known=known,
        desk=desk,
        room=room,
        tables=tables,
        orders=orders,
        mood=mood,
        recorder=recorder,
    )


AskForCall = Callable[[int, int, float, int], int]


def _once_cleared(ask: AskForCall, place: Place, person: Sequence[int]) -> AskForCall:
    """Turn away who asks for a call before numbers are cleared after a transfer."""
    if not place.cleared_day.any():
        return ask
    cleared_day = place.cleared_day.tolist()

    def ask_or_wait(request: int, call: int, now: float, today: int) -> int:
        if today < cleared_day[person[request]]:
            return TOO_EARLY
        return ask(request, call, now, today)

    return ask_or_wait


def _late(
    year: Year, person: Sequence[int], desk: BookingDesk, mood: Mood
) -> tuple[NDArray[np.int64], Callable[[int], None]]:
    """Give the sessions that start late, and what the families who come to one make of it."""
    late = np.flatnonzero(year.day.late_minutes > mood.settings.late_minutes)
    starts: list[float] = year.sessions.start.tolist()
    stays_away = bytes(year.visits.no_show)

    def begin(slot: int) -> None:
        for request in desk.booked[slot]:
            if not stays_away[request]:
                mood.start_late(person[request], starts[slot])

    return late, begin


def orders_of(place: Place, inputs: SimulationInputs, *, seed: int, replication: int) -> Orders:
    """Give the orders of the people of one establishment as they are before the first day."""
    regime, allowance = inputs.regime, inputs.allowance

    def drawn(purpose: str) -> NDArray[np.float64]:
        return uniform(stream_key(seed, replication, purpose), place.keys)

    extra = drawn("extra orders") < allowance.extra_orders_share
    privileged = place.privileged_orders + allowance.extra_orders_per_28_days * extra
    return Orders(
        place.convicted.tolist(),
        np.floor(drawn("order day") * PRIVILEGED_ORDER_DAYS).astype(np.int64).tolist(),
        granted=place.visit_orders.tolist(),
        privileged=privileged.tolist(),
        cap=regime.orders_cap,
        opening=regime.opening_orders,
        debt=allowance.negative_orders_max,
        swaps=(drawn("swaps orders") < allowance.swap_share).tolist(),
        received=place.received_day.tolist(),
        reception_visits=allowance.reception_visits,
        counted_from=inputs.calendar.warm_up_days,
    )


def _video_room(
    env: simpy.Environment,
    agenda: Agenda,
    year: Year,
    inputs: SimulationInputs,
    recorder: Recorder,
    person: list[int],
    party: list[int],
    positions: list[int],
    *,
    seed: int,
    replication: int,
) -> VideoDesk | WalkInRoom:
    calendar, video, place, slots = inputs.calendar, inputs.video, year.place, year.video_slots
    offered = uniform(stream_key(seed, replication, "full credit"), place.keys)
    credit = {full: video.calls_per_month(full) for full in (False, True)}
    months = calendar.months(np.arange(slots.day.max(initial=calendar.days) + 1))
    limits = [credit[full] for full in (offered < video.full_credit_share).tolist()]
    if video.walk_in:
        return WalkInRoom(
            agenda,
            person=person,
            limits=limits,
            opens=slots.start.tolist(),
            closes=slots.end.tolist(),
            stations=slots.tables.tolist(),
            months=months.tolist(),
            call_minutes=video.call_minutes,
            recorder=recorder,
        )
    free = SlotCalendar(
        slots,
        months[slots.day],
        limits,
        notice_days=(video.notice_days_min, video.notice_days_max),
        days=calendar.days,
    )
    return VideoDesk(
        env,
        agenda,
        person=person,
        party=party,
        acceptable=list(map(cache(free.every_week), positions)),
        calendar=free,
        starts=slots.start.tolist(),
        following=indices(next_slots(slots)),
        first_too_late=_first_after_stays(slots, place),
        is_long=bytes(year.going.long),
        gives_back=bytes(year.going.fails & ~year.numbered(lambda asked: asked.no_show)),
        recorder=recorder,
    )


def _first_after_stays(slots: DatedSlots, place: Place) -> dict[int, int]:
    """Give by person the first slot after a stay that is known to end; it is booked no more."""
    ending = np.flatnonzero(place.ends_day < BEYOND)
    first = np.searchsorted(slots.day, place.ends_day[ending])
    return dict(zip(ending.tolist(), first.tolist(), strict=True))


def _by_kind_of_table(
    place: Place, people: list[int], positions: list[int], tables: SlotCalendar
) -> dict[int, list[int]]:
    """Give for each person the slots, as bits, that any party at open or closed tables could take.

    There is one number for each kind of table at which somebody would sit.
    """
    first = np.searchsorted(place.party_person, people, side="left").tolist()
    last = np.searchsorted(place.party_person, people, side="right").tolist()
    conditions = place.conditions.tolist()
    found = {}
    for person, start, stop in zip(people, first, last, strict=True):
        kinds = {False: 0, True: 0}
        for party in range(start, stop):
            kinds[conditions[party]] |= positions[party]
        found[person] = [tables.every_week(bits) for bits in kinds.values() if bits]
    return found

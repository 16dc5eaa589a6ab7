"""Booking lines: who rings which line about what, when it is open and who answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from data.where import Where
from data.words import DAYS
from simulation.bounds import below, named, not_shares
from simulation.clock import DAYS_PER_WEEK, MINUTES_PER_DAY, Calendar, clock_minutes
from simulation.demand import Requests
from simulation.early_days import Receptions
from simulation.line_tables import HALF_HOUR, HALF_HOURS_PER_DAY, CallTable, Staff, joined
from simulation.open_days import days_since_1970
from simulation.place import BEYOND, Place
from simulation.ring_times import RingTimes
from simulation.spells import in_spell
from simulation.streams import stream_key, uniform

if TYPE_CHECKING:
    from data.estate import Estate

NATIONAL = "national"
"""Name of the national line; a local one has the code of its prison."""

POSTS_APART = 1024
"""Numbers of draws set aside for the posts of one day; further posts have streams of their own."""


class Service(StrEnum):
    """What a call is about."""

    BOOKING = "booking"
    INFORMATION = "information"
    FIND_A_PRISONER = "find_a_prisoner"
    HELP_WITH_VISITS = "help_with_visits"
    HELPLINE = "helpline"


SERVICES = tuple(Service)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """Agents of the national line who work the same hours on the same days.

    Attributes
    ----------
    days, start, end
        When they work; whole half-hours.
    agents
        Posts.
    break_from, break_minutes
        When the first of them has a break, and how long it is; each further one goes when the one
        before comes back, until all have been, and then it begins anew.
    break_turns
        How many take turns; as many breaks follow one another.
    """

    days: tuple[str, ...]
    start: str
    end: str
    agents: int
    break_from: str = "12:00"
    break_minutes: int = 30
    break_turns: int = 4

    def __post_init__(self) -> None:
        """Refuse unknown days, times out of order or off the half-hour, negative agents."""
        problems = [f"no day '{day}'" for day in self.days if day not in DAYS]
        start, end = clock_minutes(self.start), clock_minutes(self.end)
        if end <= start:
            problems.append(f"ends at {self.end}, not after {self.start}")
        if start % HALF_HOUR or end % HALF_HOUR or self.break_minutes % HALF_HOUR:
            problems.append("begins, ends and breaks in whole half-hours only")
        if self.agents < 0 or self.break_minutes < 0 or self.break_turns < 1:
            problems.append("agents and minutes are 0 or more, turns 1 or more")
        if problems:
            raise ValueError(f"shift {self.start} to {self.end}: {'; '.join(problems)}.")

    def on_duty(self, post: int) -> NDArray[np.bool_]:
        """Say for each half-hour of a day whether a post is on duty.

        Examples
        --------
        >>> early = Shift(days=("mon",), start="09:00", end="13:00", agents=1)
        >>> int(early.on_duty(0).sum()), int(early.on_duty(3).sum())
        (7, 8)
        """
        half_hours = np.arange(HALF_HOURS_PER_DAY) * HALF_HOUR
        there = (half_hours >= clock_minutes(self.start)) & (half_hours < clock_minutes(self.end))
        leaves = clock_minutes(self.break_from) + post % self.break_turns * self.break_minutes
        away = (half_hours >= leaves) & (half_hours < leaves + self.break_minutes)
        return there & ~away


@dataclass(frozen=True, slots=True, kw_only=True)
class Joins:
    """Prisons whose families ring the national line from a date on, in place of a local one."""

    where: Where
    first_date: date


@dataclass(frozen=True, slots=True, kw_only=True)
class OnlineMove:
    """Requests by telephone that move online: a share that rises evenly over so many weeks."""

    where: Where
    first_date: date
    share: float
    weeks: float = 0.0

    def __post_init__(self) -> None:
        """Refuse a share outside 0 to 1 and negative weeks."""
        if not 0 <= self.share <= 1 or self.weeks < 0:
            raise ValueError(
                f"online move from {self.first_date}: share {self.share} and weeks {self.weeks}; "
                "give a share from 0 to 1 and weeks of 0 or more."
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class LineSettings:
    """Booking lines.

    Attributes
    ----------
    modelled
        Whether they are played. Where not, ``asking.phone_through_share`` and
        ``asking.phone_wait_minutes`` stand for them.
    open_from, open_until, open_days
        When the national line is open; never on bank holidays.
    local_from, local_until
        When local lines are open, on the same days.
    morning_share, morning_part
        Share of those who wait for a line to open that ring in the morning, and the part of the
        opening hours, from their beginning, that is the morning.
    booking_minutes, information_minutes, find_minutes, help_minutes, helpline_minutes
        Mean length of a call about each service, exponential.
    information_share, help_share, helpline_share
        Calls to ask about a visit, about help with its cost and to the helpline, for each request
        for a visit by whatever way.
    find_share
        Calls to find out where somebody is held, for each person received.
    information_days, find_days
        Days after a request over which the calls beside it are spread, and days after a reception
        over which families ring to find somebody.
    answered_here
        Services whose calls come to the line, in order of priority: the first is answered first.
    patience_minutes
        Mean time until somebody on hold hangs up, exponential.
    redial_share, redial_minutes, tries_max
        Share of these that ring again, mean opening minutes until then (exponential), and how
        often anybody rings at most.
    shifts
        Agents of the national line.
    vacancy_share, vacancy_weeks
        Share of the weeks in which a post of theirs is vacant, and weeks until one is filled again.
    absence_share
        Share of their days on which the agents of the others are absent.
    local_people_per_agent
        A local line has one agent for so many people held, and at least one.
    agent_gbp_per_hour
        Cost of an hour of an agent, on duty or on a break that is paid.
    seats
        Most agents at a time; shifts of more are refused.
    joins, online
        Prisons that come to the national line, and requests that move online, in the year.
    """

    modelled: bool
    open_from: str
    open_until: str
    open_days: tuple[str, ...]
    local_from: str
    local_until: str
    morning_share: float
    morning_part: float
    booking_minutes: float
    information_minutes: float
    find_minutes: float
    help_minutes: float
    helpline_minutes: float
    information_share: float
    help_share: float
    helpline_share: float
    find_share: float
    information_days: float
    find_days: float
    answered_here: tuple[Service, ...]
    patience_minutes: float
    redial_share: float
    redial_minutes: float
    tries_max: int
    shifts: tuple[Shift, ...]
    vacancy_share: float
    vacancy_weeks: int
    absence_share: float
    local_people_per_agent: float
    agent_gbp_per_hour: float
    seats: int
    joins: tuple[Joins, ...]
    online: tuple[OnlineMove, ...]

    def __post_init__(self) -> None:
        """Refuse shares and minutes out of range, and shifts that nobody can work."""
        problems = [*self._out_of_range(), *self._outside_hours(), *self._unworkable()]
        problems += [f"open_days has '{day}'" for day in self.open_days if day not in DAYS]
        if not self.open_days:
            problems.append("open_days is empty: give the days on which the line is open")
        if Service.BOOKING not in self.answered_here:
            problems.append("answered_here lacks 'booking'")
        if len(set(self.answered_here)) < len(self.answered_here):
            problems.append("answered_here names a service twice")
        if problems:
            raise ValueError(f"LineSettings: {'; '.join(problems)}.")

    def _out_of_range(self) -> list[str]:
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        lasting = [*named(self, "_minutes"), "information_days", "find_days"]
        problems = [*not_shares(self), *below(0, self, lasting)]
        if not 0 < self.morning_part <= 1:
            problems.append(f"morning_part is {self.morning_part}, not above 0 and at most 1")
        if self.tries_max < 1:
            problems.append(f"tries_max is {self.tries_max}; give at least 1")
        if self.vacancy_weeks < 1:
            problems.append(f"vacancy_weeks is {self.vacancy_weeks}; give at least 1")
        if self.local_people_per_agent <= 0:
            problems.append("local_people_per_agent is not above 0")
        for name in ("open", "local"):
            opens, closes = values[f"{name}_from"], values[f"{name}_until"]
            if clock_minutes(closes) <= clock_minutes(opens):
                problems.append(f"{name}_until {closes} is not after {name}_from {opens}")
        return problems

    def _outside_hours(self) -> list[str]:
        opens, closes = clock_minutes(self.open_from), clock_minutes(self.open_until)
        return [
            f"the shift {shift.start} to {shift.end} on {', '.join(shift.days)} is outside opening "
            f"hours, {self.open_from} to {self.open_until} on {', '.join(self.open_days)}"
            for shift in self.shifts
            if clock_minutes(shift.start) < opens
            or clock_minutes(shift.end) > closes
            or not set(shift.days) <= set(self.open_days)
        ]

    def _unworkable(self) -> list[str]:
        """Tell of breaks off the half-hour, and of more agents at a time than seats."""
        problems = [
            f"the shift {shift.start} to {shift.end} has a break from {shift.break_from}; breaks "
            "begin in whole half-hours only"
            for shift in self.shifts
            if clock_minutes(shift.break_from) % HALF_HOUR
        ]
        there = np.zeros((DAYS_PER_WEEK, HALF_HOURS_PER_DAY), dtype=np.int64)
        for shift in self.shifts:
            at_work = slice(*(clock_minutes(end) // HALF_HOUR for end in (shift.start, shift.end)))
            there[[DAYS.index(day) for day in shift.days], at_work] += shift.agents
        return problems + [
            f"the shifts bring {most} agents on {day}, and seats is {self.seats}"
            for day, most in zip(DAYS, there.max(axis=1).tolist(), strict=True)
            if most > self.seats
        ]

    def local_agents(self, people: int) -> int:
        """Give the agents of the line of a prison that holds so many."""
        return max(1, int(np.ceil(people / self.local_people_per_agent)))

    def handle_minutes(self, service: Service) -> float:
        """Give the mean length of a call about a service."""
        return {
            Service.BOOKING: self.booking_minutes,
            Service.INFORMATION: self.information_minutes,
            Service.FIND_A_PRISONER: self.find_minutes,
            Service.HELP_WITH_VISITS: self.help_minutes,
            Service.HELPLINE: self.helpline_minutes,
        }[service]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lines:
    """Booking lines under a scenario.

    Attributes
    ----------
    settings
        Of the scenario.
    joins_day
        Day from which each prison's families ring the national line; prisons that never do are
        left out. It may lie before day 0.
    online
        Moves online that concern each prison: day of the first, share, days until it is reached.
    bank_holidays
        Days since 1970, int64.
    """

    settings: LineSettings
    joins_day: Mapping[str, int] = field(default_factory=dict)
    online: Mapping[str, tuple[tuple[int, float, float], ...]] = field(default_factory=dict)
    bank_holidays: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))

    def line_on(self, establishment: str, day: int) -> str:
        """Name the line that families of a prison ring on a day."""
        first = self.joins_day.get(establishment)
        return NATIONAL if first is not None and day >= first else establishment

    def ever_national(self, calendar: Calendar) -> frozenset[str]:
        """Name the prisons whose families ring the national line on any day of the year."""
        return frozenset(code for code, first in self.joins_day.items() if first < calendar.days)

    def moved_share(self, establishment: str, minutes: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give the share of requests by telephone that have moved online by each minute."""
        left = np.ones(len(minutes))
        for first, share, days in self.online.get(establishment, ()):
            since = minutes / MINUTES_PER_DAY - first
            risen = np.clip(since / days, 0.0, 1.0) if days else (since >= 0).astype(np.float64)
            left *= 1.0 - share * risen
        return np.asarray(1.0 - left, dtype=np.float64)

    def hours(self, line: str) -> tuple[int, int]:
        """Give the minutes after midnight at which a line opens and closes."""
        name = "open" if line == NATIONAL else "local"
        opens, closes = (getattr(self.settings, f"{name}_{end}") for end in ("from", "until"))
        return clock_minutes(opens), clock_minutes(closes)

    def is_open(self, calendar: Calendar, days: int) -> NDArray[np.bool_]:
        """Say for each day from day 0 on whether the lines are open."""
        day = np.arange(days)
        of_week = np.array([word in self.settings.open_days for word in DAYS])
        dates = day + days_since_1970(calendar.first_date)
        return of_week[calendar.weekdays(day)] & ~np.isin(dates, self.bank_holidays)


def lines_under(
    estate: Estate, settings: LineSettings, calendar: Calendar, bank_holidays: NDArray[np.int64]
) -> Lines:
    """Give the booking lines under a scenario.

    Parameters
    ----------
    estate
        ``national_line`` of its establishments says who rings the national line today.
    settings, calendar
        Of the scenario.
    bank_holidays
        Days since 1970.
    """
    import pandas as pd

    table = estate.establishments
    codes = table["establishment"]
    on_line = (
        table["national_line"].astype(bool)
        if "national_line" in table
        else pd.Series(data=False, index=table.index)
    )
    joins_day = dict.fromkeys(codes[on_line].tolist(), 0)
    for joins in settings.joins:
        for code in codes[joins.where.matches(table)].tolist():
            day = calendar.day_of(joins.first_date)
            joins_day[code] = min(day, joins_day.get(code, day))
    online: dict[str, list[tuple[int, float, float]]] = {}
    for move in settings.online:
        for code in codes[move.where.matches(table)].tolist():
            of_prison = online.setdefault(code, [])
            of_prison.append(
                (calendar.day_of(move.first_date), move.share, move.weeks * DAYS_PER_WEEK)
            )
    return Lines(
        settings=settings,
        joins_day=joins_day,
        online={code: tuple(moves) for code, moves in online.items()},
        bank_holidays=bank_holidays,
    )


def staff_of(
    lines: Lines,
    line: str,
    calendar: Calendar,
    *,
    people: int,
    seed: int,
    replication: int,
    shifts: tuple[Shift, ...] | None = None,
) -> Staff:
    """Give when a line is open in a year, and how many agents are there in each half-hour.

    Parameters
    ----------
    lines, line
        The lines, and the name of one.
    calendar
        The year.
    people
        People held at the prison of a local line; posts there are always covered, breaks too,
        until its families ring the national line.
    seed, replication
        Names of the draws of vacancies and absences, with the shift's days and times and the
        number of the post within it, so that one agent more changes nobody else's days.
    shifts
        Agents of the national line; by default those of the scenario.
    """
    settings = lines.settings
    is_open = lines.is_open(calendar, calendar.days)
    days = np.flatnonzero(is_open)
    opens, closes = lines.hours(line)
    shifts = settings.shifts if shifts is None else shifts
    if line != NATIONAL:
        shifts = (
            Shift(
                days=settings.open_days,
                start=_half_hour_up(opens),
                end=_half_hour_up(closes),
                agents=settings.local_agents(people),
                break_minutes=0,
            ),
        )
    duty = np.zeros((calendar.days, HALF_HOURS_PER_DAY), dtype=np.int64)
    weekday = calendar.weekdays(np.arange(calendar.days))

    def stream(purpose: str, shift: str, post: int) -> np.uint64:
        return stream_key(seed, replication, purpose, f"{line} {shift} {post // POSTS_APART}")

    key = np.zeros(1, dtype=np.uint64)
    weeks = calendar.days // DAYS_PER_WEEK + settings.vacancy_weeks - 1
    posts_of: dict[str, int] = {}
    for shift in shifts:
        name = f"{' '.join(shift.days)} {shift.start} {shift.end}"
        works = is_open & np.isin(weekday, [DAYS.index(day) for day in shift.days])
        for post in range(shift.agents):
            there = works.copy()
            number = posts_of[name] = posts_of.get(name, -1) + 1
            if line == NATIONAL:
                on_day = np.arange(calendar.days) * POSTS_APART + number % POSTS_APART
                absent = uniform(stream("line agent absent", name, number), key, numbers=on_day)
                there &= absent >= settings.absence_share
                in_week = np.arange(weeks) * POSTS_APART + number % POSTS_APART
                falls = uniform(stream("line post vacant", name, number), key, numbers=in_week)
                vacant = in_spell(falls[np.newaxis], settings.vacancy_share, settings.vacancy_weeks)
                there &= ~np.repeat(vacant[0], DAYS_PER_WEEK)
            duty += np.outer(there, shift.on_duty(post)).astype(np.int64)
    if line != NATIONAL:
        duty[max(0, lines.joins_day.get(line, calendar.days)) :] = 0
    return Staff(
        opens=(days * MINUTES_PER_DAY + opens).astype(np.float64),
        closes=(days * MINUTES_PER_DAY + closes).astype(np.float64),
        agents=duty.ravel(),
    )


def staff_on(lines: Lines, line: str, calendar: Calendar, duty: NDArray[np.int64]) -> Staff:
    """Give a line whose agents are the same every week, and never absent.

    Parameters
    ----------
    lines, line, calendar
        As for ``staff_of``.
    duty
        Agents by day of the week and half-hour; shape (7, 48).
    """
    is_open = lines.is_open(calendar, calendar.days)
    days = np.flatnonzero(is_open)
    opens, closes = lines.hours(line)
    agents = duty[calendar.weekdays(np.arange(calendar.days))] * is_open[:, np.newaxis]
    return Staff(
        opens=(days * MINUTES_PER_DAY + opens).astype(np.float64),
        closes=(days * MINUTES_PER_DAY + closes).astype(np.float64),
        agents=agents.astype(np.int64).ravel(),
    )


def _half_hour_up(minutes: int) -> str:
    rounded = -(-minutes // HALF_HOUR) * HALF_HOUR
    return f"{rounded // 60:02d}:{rounded % 60:02d}"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FamilyCalls:
    """The calls that the families of one prison may make, drawn before the year.

    Attributes
    ----------
    phone
        Requests that are made by telephone, those whose families would ask most often first; int64.
    rings
        Minute at which each would first ring, in the order of ``phone``; float64.
    rings_again
        Uniform draw of when in the day each attempt rings that has to wait for the line to open;
        shape (attempts, phone).
    bookings
        The calls of each attempt: one entry for each of ``phone`` that would be made so often,
        which are the first of them.
    others
        Calls about everything else, in order of ringing.
    """

    phone: NDArray[np.int64]
    rings: NDArray[np.float64]
    rings_again: NDArray[np.float64]
    bookings: tuple[CallTable, ...]
    others: CallTable


def family_calls(
    lines: Lines,
    place: Place,
    visits: Requests,
    phone: NDArray[np.int64],
    calendar: Calendar,
    received: Callable[[], Receptions],
    *,
    seed: int,
    replication: int,
) -> FamilyCalls:
    """Draw the calls of the families of one prison.

    A family that asks while the line is open rings at once. The others ring on the next day that
    it is open, most of them in the morning.

    Parameters
    ----------
    lines
        When lines are open, and how callers behave.
    place, visits
        Its people and the requests drawn for them.
    phone
        The requests that are made by telephone.
    calendar
        The year.
    received
        Gives the people newly received there, whose families ring to find out where they are; it is
        not asked where the line does not take such calls.
    seed, replication
        Names of the draws.
    """
    settings = lines.settings
    phone = phone[np.argsort(-visits.attempts[phone], kind="stable")]
    person, number = visits.person[phone], visits.number[phone]

    def drawn(purpose: str, first: int = len(phone)) -> NDArray[np.float64]:
        stream = stream_key(seed, replication, f"line {purpose}")
        return uniform(stream, place.keys, person[:first], number[:first])

    rung = ring_times(lines, place.establishment, calendar).minutes
    attempts = len(visits.ask_again_minutes) + 1
    rings_again = np.array([drawn(f"rings {attempt}") for attempt in range(attempts)])
    rings = rung(visits.asked_minutes[phone], rings_again[0])

    def of_attempt(attempt: int) -> CallTable:
        asks = int((visits.attempts[phone] > attempt).sum())
        return _calls(
            rings[:asks], Service.BOOKING, settings, lambda word: drawn(f"{word} {attempt}", asks)
        )

    bookings = tuple(map(of_attempt, range(attempts)))
    found = [_calls(np.empty(0), Service.BOOKING, settings, lambda _: np.empty(0))]
    shares = {
        Service.INFORMATION: settings.information_share,
        Service.HELP_WITH_VISITS: settings.help_share,
        Service.HELPLINE: settings.helpline_share,
    }
    end = float(calendar.days * MINUTES_PER_DAY)
    for service, share in shares.items():
        if service not in settings.answered_here or not share:
            continue
        chosen = uniform(
            stream_key(seed, replication, f"line {service}"),
            place.keys,
            visits.person,
            visits.number,
        )
        in_year = visits.asked_minutes >= 0  # a start state holds bookings from before it
        asks = np.flatnonzero((chosen < share) & in_year)
        who, which = visits.person[asks], visits.number[asks]

        def own(
            purpose: str,
            who: NDArray[np.int64] = who,
            which: NDArray[np.int64] = which,
            service: Service = service,
        ) -> NDArray[np.float64]:
            name = stream_key(seed, replication, f"line {service} {purpose}")
            return uniform(name, place.keys, who, which)

        asked = (
            visits.asked_minutes[asks] + own("when") * settings.information_days * MINUTES_PER_DAY
        )
        found.append(_calls(rung(asked, own("rings")), service, settings, own))
    if Service.FIND_A_PRISONER in settings.answered_here and settings.find_share:
        people = received()

        def of_person(purpose: str) -> NDArray[np.float64]:
            name = stream_key(seed, replication, f"line find {purpose}")
            return uniform(name, place.keys, people.person, people.turn)

        asked = people.minutes + of_person("when") * settings.find_days * MINUTES_PER_DAY
        calls = _calls(
            rung(asked, of_person("rings")),
            Service.FIND_A_PRISONER,
            settings,
            of_person,
        )
        found.append(calls.chosen(np.flatnonzero(of_person("asks") < settings.find_share)))
    others = joined(found)
    return FamilyCalls(
        phone=phone,
        rings=rings,
        rings_again=rings_again,
        bookings=bookings,
        others=others.chosen(np.flatnonzero(others.minutes < end)),
    )


def ring_times(lines: Lines, establishment: str, calendar: Calendar) -> RingTimes:
    """Tell when families of a prison ring that want to.

    Parameters
    ----------
    lines, establishment
        Say which line they ring, and when it is open.
    calendar
        The year.
    """
    return RingTimes(
        # a line that is shut for two weeks is shut for good
        lines.is_open(calendar, calendar.days + 2 * DAYS_PER_WEEK),
        lines.joins_day.get(establishment, BEYOND),
        national=lines.hours(NATIONAL),
        own=lines.hours(establishment),
        morning=(lines.settings.morning_share, lines.settings.morning_part),
    )


def _calls(
    rings: NDArray[np.float64],
    service: Service,
    settings: LineSettings,
    drawn: Callable[[str], NDArray[np.float64]],
) -> CallTable:
    """Draw how long callers talk, hold and wait until they ring again."""
    tries, count = settings.tries_max, len(rings)

    def exponential(purpose: str, mean: float) -> NDArray[np.float64]:
        return -np.log1p(-drawn(purpose)) * mean

    patience = [
        exponential(f"patience {attempt}", settings.patience_minutes) for attempt in range(tries)
    ]
    redial = [
        np.where(
            drawn(f"rings again {attempt}") < settings.redial_share,
            exponential(f"again when {attempt}", settings.redial_minutes),
            np.inf,
        )
        for attempt in range(tries - 1)
    ]
    priority = settings.answered_here.index(service)
    return CallTable(
        minutes=rings,
        service=np.full(count, SERVICES.index(service), dtype=np.int8),
        priority=np.full(count, priority, dtype=np.int8),
        handle_minutes=exponential("talks", settings.handle_minutes(service)),
        patience_minutes=np.array(patience).reshape(tries, count),
        redial_minutes=np.array(redial).reshape(tries - 1, count),
    )

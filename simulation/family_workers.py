"""The family workers of a prison: who comes to them, what hours they have, what a year of it gives.

A year of work is played in daily steps from weeks before the measured year, so that it begins with
cases under way, and for some weeks after it, so that those referred last can still be reached.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from data.words import ReferralSource, WorkerLine
from simulation.bounds import below, named
from simulation.casework import Cases, Casework, Hours, work_through
from simulation.clock import DAYS_PER_WEEK, Calendar
from simulation.columns import order_of
from simulation.need import (
    DAYS_PER_YEAR,
    SOURCES,
    NeedSettings,
    days_per_holder,
    drivers_of_each,
    need_table,
    referrals_per_year,
    share_of_year,
)
from simulation.place import BEYOND, Place
from simulation.regime import FAMILY_DAY_TEMPLATE
from simulation.spells import in_spell
from simulation.streams import person_keys, stream_key, uniform
from simulation.timetable import Columns

if TYPE_CHECKING:
    import pandas as pd

WORKING_DAYS = 5
"""Monday to Friday."""

WEEKS_PER_YEAR = 52

RUN_OUT_WEEKS = 8
"""Weeks played after the measured year, so that those referred last can still be reached."""

FULL_POST = 1.0

CENTRE_LINES = (WorkerLine.VISITORS_CENTRE, WorkerLine.PLAY, WorkerLine.FAMILY_DAYS)
"""Workers who take over the fixed duties of caseworkers."""

PRIORITY = (ReferralSource.RECEPTION, ReferralSource.SELF_HARM_REVIEW)
"""Early days and self-harm come first, and no caseload is too large for them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilyWorkSettings:
    """The hours of a family worker, the work on a referral, and what they are weighed and paid by.

    Attributes
    ----------
    hours_per_week
        Contracted hours of a full-time worker.
    leave_days
        Working days of leave in a year, bank holidays among them.
    sick_share, sick_days
        Share of working days lost to sickness, and working days of one spell.
    vacant_share, vacant_weeks
        Share of weeks in which a post is not filled, and weeks until one is filled again.
    casework_share
        Share of the hours at work that go to cases; the rest goes to records, supervision and ways.
    duty_hours_per_session, duty_hours_per_family_day
        Fixed duties in the visitors' centre and on family days, which come off those hours.
    caseload_cap
        Open cases of a full-time worker beyond which only priority referrals are begun.
    triage_hours, assessment_hours, hours_per_contact, closure_hours
        Work on a case: the first contact, the full family circumstances assessment, each contact
        after it, and the closure, which comes with the last contact.
    contacts_min, contacts_max
        Fewest and most contacts of a case; every number between is as likely.
    assessment_after_days, days_between_contacts
        Days from the first contact to the assessment, and from each step to the next.
    warm_up_weeks
        Weeks of work played before the measured year.
    priority_weight
        What an hour of unmet need of early days and self-harm weighs beside one of the others.
    gbp_per_fte
        Yearly cost of a full-time worker, employer's costs and overheads among it.
    starts_to_ask_share, starts_to_ask_days
        Share of the families of people without visitors that start to ask for visits once a worker
        has reached the person, and days from the first contact until they do.
    """

    hours_per_week: float
    leave_days: float
    sick_share: float
    sick_days: int
    vacant_share: float
    vacant_weeks: int
    casework_share: float
    duty_hours_per_session: float
    duty_hours_per_family_day: float
    caseload_cap: float
    triage_hours: float
    assessment_hours: float
    hours_per_contact: float
    closure_hours: float
    contacts_min: int
    contacts_max: int
    assessment_after_days: int
    days_between_contacts: int
    warm_up_weeks: int
    priority_weight: float
    gbp_per_fte: float
    starts_to_ask_share: float
    starts_to_ask_days: int

    def __post_init__(self) -> None:
        """Refuse negative hours, shares that leave nobody at work, and numbers out of order."""
        problems = below(0, self, named(self))
        problems += [
            f"{name} is {getattr(self, name)}, not below 1"
            for name in ("sick_share", "vacant_share")
            if getattr(self, name) >= 1
        ]
        problems += [
            f"{name} is {getattr(self, name)}; give at least 1"
            for name in ("sick_days", "vacant_weeks")
            if getattr(self, name) < 1
        ]
        problems += [
            f"{name} is {getattr(self, name)}, above 1"
            for name in ("casework_share", "starts_to_ask_share")
            if getattr(self, name) > 1
        ]
        if self.contacts_max < self.contacts_min:
            problems.append(
                f"contacts_max {self.contacts_max} is below contacts_min {self.contacts_min}"
            )
        if self.leave_days > WORKING_DAYS * WEEKS_PER_YEAR:
            problems.append(f"leave_days is {self.leave_days}, more than a year of working days")
        if problems:
            raise ValueError(f"FamilyWorkSettings: {'; '.join(problems)}.")

    @property
    def hours_per_referral(self) -> float:
        """Mean hours of work on a referral, from triage to closure."""
        return float(self.hours_of(np.array([self.contacts_min, self.contacts_max])).mean())

    def hours_of(self, contacts: NDArray[np.int64]) -> NDArray[np.float64]:
        """Give the hours of work on cases with so many contacts."""
        fixed = self.triage_hours + self.assessment_hours + self.closure_hours
        return np.asarray(fixed + contacts * self.hours_per_contact, dtype=np.float64)

    @property
    def hours_per_fte(self) -> float:
        """Mean hours a year that a full-time worker has for cases, before fixed duties."""
        days = WORKING_DAYS * WEEKS_PER_YEAR - self.leave_days
        at_work = days * (1.0 - self.sick_share) * (1.0 - self.vacant_share)
        return at_work * self.hours_per_week / WORKING_DAYS * self.casework_share

    @property
    def leave_cover_fte(self) -> float:
        """Workers it takes that one is at work on the mean working day: one and the cover."""
        return leave_cover_fte(leave_days=self.leave_days, sick_share=self.sick_share)


def leave_cover_fte(*, leave_days: float, sick_share: float) -> float:
    """Give the workers it takes that one is at work on the mean working day.

    Parameters
    ----------
    leave_days
        Working days of leave in a year.
    sick_share
        Share of working days lost to sickness.

    Examples
    --------
    >>> round(leave_cover_fte(leave_days=33, sick_share=0.04), 3)
    1.193
    """
    return 1.0 / ((1.0 - leave_days / (WORKING_DAYS * WEEKS_PER_YEAR)) * (1.0 - sick_share))


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One worker, or part of one.

    Attributes
    ----------
    name
        Names the draws of absence; the posts of a line are numbered, so that a prison with one
        more has the same absences in the others.
    line
        What the worker is there for.
    fte
        Full-time equivalents, at most 1.
    last_day
        Last day of work, counted from the first measured one; ``None`` where no end is known.
    """

    name: str
    line: str
    fte: float
    last_day: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FamilyWork:
    """What a year of family work at one prison depends on, apart from the seed.

    Attributes
    ----------
    establishment, region
        Its code, and the region it lies in.
    keys
        Key of each person's draws; uint64, shape (people,).
    rates
        Referrals a year of each person from each of ``SOURCES``; float64, (people, sources).
    stay_days
        Mean stay in each person's place; float64, shape (people,).
    from_day, until_day
        First of the days played on which each person is there, and the day on which a transfer ends
        the stay, ``BEYOND`` where none does; int64, shape (people,). Who is moved in the year is
        one of the people for each stay.
    groups
        Number of the group of each person, by ``group_by``; int64, shape (people,).
    posts
        The workers.
    duty_hours_per_week
        Fixed duties.
    need_hours, latent_hours
        Need a year, as from ``need_table``.
    """

    establishment: str
    region: str
    keys: NDArray[np.uint64]
    rates: NDArray[np.float64]
    stay_days: NDArray[np.float64]
    from_day: NDArray[np.int64]
    until_day: NDArray[np.int64]
    groups: Mapping[str, NDArray[np.int64]]
    posts: tuple[Post, ...]
    duty_hours_per_week: float
    need_hours: float
    latent_hours: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FamilyYear:
    """One year of family work, played.

    ``cases`` are in order of referral; ``first_day`` and ``end_day`` bound the measured year among
    the days played.
    """

    work: FamilyWork
    replication: int
    cases: Cases
    hours: Hours
    done: Casework
    first_day: int
    end_day: int


def posts_of(workers: pd.DataFrame, start_date: date) -> dict[str, tuple[Post, ...]]:
    """Turn rows of family workers into posts: full ones, and one for what is left of each row.

    Parameters
    ----------
    workers
        The table ``family_workers``.
    start_date
        First measured day.

    Returns
    -------
    dict
        Posts of each establishment.

    Examples
    --------
    >>> import pandas as pd
    >>> row = {"establishment": "LEI", "line": "casework", "funder": "grant", "fte": 1.4}
    >>> table = pd.DataFrame([row | {"ends": "2026-08-09"}])
    >>> [(post.fte, post.last_day) for post in posts_of(table, date(2026, 8, 3))["LEI"]]
    [(1.0, 6), (0.4, 6)]
    """
    posts: dict[str, list[Post]] = {}
    for row in workers.to_dict("records"):
        ends = str(row["ends"])
        last_day = (date.fromisoformat(ends) - start_date).days if ends else None
        line = str(row["line"])
        posts.setdefault(str(row["establishment"]), []).extend(
            Post(name=f"{line}-{row['funder']}-{number}", line=line, fte=fte, last_day=last_day)
            for number, fte in enumerate(parts_of(float(row["fte"])))
        )
    return {code: tuple(each) for code, each in posts.items()}


def parts_of(fte: float) -> list[float]:
    """Cut full-time equivalents into full posts and what is left.

    Examples
    --------
    >>> parts_of(2.6)
    [1.0, 1.0, 0.6]
    """
    full = int(fte + 1e-9)
    rest = round(fte - full, 9)
    return [FULL_POST] * full + [rest] * (rest > 0)


def family_work(
    people: pd.DataFrame,
    places: Mapping[str, Place],
    workers: pd.DataFrame,
    sessions: Mapping[str, Columns],
    *,
    calendar: Calendar,
    need: NeedSettings,
    settings: FamilyWorkSettings,
    family_days_per_year: int,
    groups: Mapping[str, NDArray[np.int64]],
) -> dict[str, FamilyWork]:
    """Gather what the year of family work depends on at every prison that holds somebody.

    Parameters
    ----------
    people
        Rows of ``need.people_held``. Who is moved in the year is referred where they are then, and
        counts in the need of each prison for the share of the year there.
    places
        Tells the region of each establishment.
    workers
        The table ``family_workers``.
    sessions
        Session templates of each establishment, whose number decides the fixed duties.
    calendar, need, settings
        Of the scenario.
    family_days_per_year
        Of the regime, at each establishment whose templates hold a family day.
    groups
        Number of the group of each of ``people``, by ``group_by``.
    """
    rates = referrals_per_year(drivers_of_each(people, need), need).to_numpy(np.float64)
    needs = need_table(
        people,
        need,
        hours_per_referral=settings.hours_per_referral,
        share=share_of_year(people, calendar),
    )
    keys = person_keys(people["prisoner_id"])
    stay = days_per_holder(people)
    posts = posts_of(workers, calendar.start_date)
    first_day, _, _ = days_played(calendar, settings)
    from_day, until_day = (people[name].to_numpy(np.int64) for name in ("from_day", "until_day"))
    later = first_day - calendar.warm_up_days
    # whoever is there on the first day of the calendar was there before, and work begins earlier
    from_day = np.where(from_day > 0, from_day + later, 0)
    until_day = np.where(until_day < BEYOND, until_day + later, BEYOND)
    held = people["establishment"].to_numpy(object)
    found = {}
    for row in needs.to_dict("records"):
        code = str(row["establishment"])
        here = slice(
            int(np.searchsorted(held, code, "left")), int(np.searchsorted(held, code, "right"))
        )
        found[code] = FamilyWork(
            establishment=code,
            region=places[code].region if code in places else "",
            keys=keys[here],
            rates=rates[here],
            stay_days=stay[here],
            from_day=from_day[here],
            until_day=until_day[here],
            groups={name: codes[here] for name, codes in groups.items()},
            posts=posts.get(code, ()),
            duty_hours_per_week=duty_hours(sessions.get(code), settings, family_days_per_year),
            need_hours=float(row["need_hours"]),
            latent_hours=float(row["latent_hours"]),
        )
    return found


def duty_hours(
    sessions: Columns | None, settings: FamilyWorkSettings, family_days_per_year: int
) -> float:
    """Give the fixed duties of a prison in hours a week, for its session templates.

    Sessions without a table are not held. The template of its family days, where there is one,
    tells their hours and not how many there are: the regime does.
    """
    if sessions is None:
        return 0.0
    is_family_day = np.array(
        [name.endswith(FAMILY_DAY_TEMPLATE) for name in sessions["template"]], dtype=np.bool_
    )
    has_tables = np.add(sessions["open_tables"], sessions["closed_tables"]) > 0
    every = np.array(sessions["every_n_weeks"], dtype=np.float64)[has_tables & ~is_family_day]
    weekly = float(np.sum(1.0 / every))
    family_days = family_days_per_year / WEEKS_PER_YEAR if is_family_day.any() else 0.0
    return (
        weekly * settings.duty_hours_per_session + family_days * settings.duty_hours_per_family_day
    )


def days_played(calendar: Calendar, settings: FamilyWorkSettings) -> tuple[int, int, int]:
    """Give the first measured day, the day after the last, and how many days are played."""
    first = settings.warm_up_weeks * DAYS_PER_WEEK
    end = first + calendar.weeks * DAYS_PER_WEEK
    return first, end, end + RUN_OUT_WEEKS * DAYS_PER_WEEK


def mean_people(work: FamilyWork, settings: FamilyWorkSettings, calendar: Calendar) -> float:
    """Give the people that a prison holds in the measured year, in the mean over its days."""
    first, end, _ = days_played(calendar, settings)
    stays = np.clip(work.until_day, first, end) - np.clip(work.from_day, first, end)
    return float(stays.sum() / (end - first))


def cases_of(
    work: FamilyWork, settings: FamilyWorkSettings, *, days: int, seed: int, replication: int
) -> Cases:
    """Draw the referrals of a prison.

    From each source a person, or the holder of the place then, is referred at random moments: the
    gaps are exponential, drawn by the names of source and person. So is the time for which somebody
    not yet reached is still there, which a transfer ends. Referrals of who is moved in the year go
    to the workers of the prison they are at.

    Parameters
    ----------
    work, settings
        The prison and the work on a referral.
    days
        Days played.
    seed, replication
        Names of the draws.
    """
    nothing = np.zeros(0, dtype=np.int64)
    persons, sources, contacts = [nothing], [nothing], [nothing]
    moments, stays = [np.zeros(0)], [np.zeros(0)]
    spread = settings.contacts_max - settings.contacts_min + 1
    for number, source in enumerate(SOURCES):
        gaps, leaving, lengths = (
            stream_key(seed, replication, f"{purpose} {source}")
            for purpose in ("referral", "referral leaves", "referral contacts")
        )
        person = np.flatnonzero(work.rates[:, number] > 0)
        moment = np.zeros(len(person))
        drawn = 0
        while len(person):
            gap = _exponential(uniform(gaps, work.keys, person, drawn))
            moment = moment + gap / work.rates[person, number] * DAYS_PER_YEAR
            inside = moment < days
            person, moment = person[inside], moment[inside]
            persons.append(person)
            moments.append(moment)
            sources.append(np.full(len(person), number))
            stay = _exponential(uniform(leaving, work.keys, person, drawn))
            stays.append(moment + stay * work.stay_days[person])
            length = uniform(lengths, work.keys, person, drawn) * spread
            contacts.append(settings.contacts_min + length.astype(np.int64))
            drawn += 1
    moment, whose = np.concatenate(moments), np.concatenate(persons)
    order = order_of(moment)
    day, until = moment.astype(np.int64), work.until_day[whose]
    order = order[((day >= work.from_day[whose]) & (day < until))[order]]
    came_from = np.concatenate(sources)[order]
    leaves = np.minimum(np.concatenate(stays), until - 1)
    return Cases(
        person=whose[order],
        source=came_from,
        day=day[order],
        leaves_day=leaves[order].astype(np.int64),
        contacts=np.concatenate(contacts)[order],
        is_early=came_from == SOURCES.index(ReferralSource.RECEPTION),
        has_priority=np.isin(came_from, [SOURCES.index(each) for each in PRIORITY]),
    )


def hours_at_work(
    posts: Sequence[Post],
    presence: NDArray[np.float64],
    filled: NDArray[np.float64],
    settings: FamilyWorkSettings,
    *,
    first_day: int,
    duty_hours_per_week: float,
) -> Hours:
    """Give the hours that some posts have for cases on each day.

    Parameters
    ----------
    posts
        The workers.
    presence, filled
        Rows of ``presence_of``, one for each post.
    settings
        Hours, share for cases and the caseload.
    first_day
        Number of the first measured day.
    duty_hours_per_week
        Fixed duties, spread over Monday to Friday. Workers of ``CENTRE_LINES`` take them first;
        what is left comes off the hours of caseworkers.
    """
    days = np.arange(presence.shape[1])
    daily = settings.hours_per_week / WORKING_DAYS
    at_work = {line: np.zeros(len(days)) for line in WorkerLine}
    room = np.zeros(len(days))
    for post, present, in_post in zip(posts, presence, filled, strict=True):
        there = np.ones(len(days))
        if post.last_day is not None:
            there[max(0, first_day + post.last_day + 1) :] = 0.0
        at_work[WorkerLine(post.line)] += post.fte * daily * present * there
        if post.line not in CENTRE_LINES:
            room += post.fte * in_post * there * settings.caseload_cap
    is_working_day = days % DAYS_PER_WEEK < WORKING_DAYS
    duties = np.where(is_working_day, duty_hours_per_week / WORKING_DAYS, 0.0)
    duties -= np.minimum(duties, sum(at_work[line] for line in CENTRE_LINES))
    casework = at_work[WorkerLine.CASEWORK] * settings.casework_share
    return Hours(
        casework=np.maximum(casework - duties, 0.0),
        early_days=at_work[WorkerLine.EARLY_DAYS] * settings.casework_share,
        room=room,
    )


def presence_of(
    names: Sequence[str],
    establishment: str,
    settings: FamilyWorkSettings,
    *,
    weeks: int,
    seed: int,
    replication: int,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Say on which days the worker of each post is at work, and on which there is one.

    Leave is taken in weeks from Monday to Friday, chosen by draw and exact in number in every 52
    weeks; spells of sickness and vacancies begin by draw and last as long as the settings say, as
    often as makes up their share of the time.

    Parameters
    ----------
    names
        Of the posts.
    establishment
        Where they are; a name of the draws.
    settings
        How much of each.
    weeks
        Weeks played, from a Monday.
    seed, replication
        Names of the draws.

    Returns
    -------
    tuple of ndarray of float64
        Two of shape (posts, days), 0 or 1; 0 on Saturdays and Sundays in the first.
    """
    keys = person_keys(names)

    def draws(purpose: str, count: int) -> NDArray[np.float64]:
        stream = stream_key(seed, replication, purpose, establishment)
        numbers = np.tile(np.arange(count), len(keys))
        person = np.repeat(np.arange(len(keys)), count)
        return uniform(stream, keys, person, numbers).reshape(len(keys), count)

    days = weeks * WORKING_DAYS
    sick, vacant = settings.sick_days, settings.vacant_weeks
    well = ~in_spell(draws("worker_sick", days + sick - 1), settings.sick_share, sick)
    filled = ~in_spell(draws("worker_vacant", weeks + vacant - 1), settings.vacant_share, vacant)
    here = ~_on_leave(draws("worker_leave", weeks), settings.leave_days)
    working = (well & here & np.repeat(filled, WORKING_DAYS, axis=1)).reshape(
        len(keys), weeks, WORKING_DAYS
    )
    presence = np.zeros((len(keys), weeks, DAYS_PER_WEEK))
    presence[:, :, :WORKING_DAYS] = working
    return (
        presence.reshape(len(keys), weeks * DAYS_PER_WEEK),
        np.repeat(filled, DAYS_PER_WEEK, axis=1).astype(np.float64),
    )


def _on_leave(draws: NDArray[np.float64], leave_days: float) -> NDArray[np.bool_]:
    """Say for each working day of some weeks whether it is one of leave."""
    posts, weeks = draws.shape
    on_leave = np.zeros((posts, weeks, WORKING_DAYS), dtype=np.bool_)
    for first in range(0, weeks, WEEKS_PER_YEAR):
        block = draws[:, first : first + WEEKS_PER_YEAR]
        days = round(leave_days * block.shape[1] / WEEKS_PER_YEAR)
        rank = np.argsort(np.argsort(block, axis=1, kind="stable"), axis=1, kind="stable")
        left = np.clip(days - rank * WORKING_DAYS, 0, WORKING_DAYS)
        chosen = np.arange(WORKING_DAYS) < left[:, :, np.newaxis]
        on_leave[:, first : first + WEEKS_PER_YEAR] = chosen
    return on_leave.reshape(posts, weeks * WORKING_DAYS)


def play_family_work(
    work: FamilyWork,
    settings: FamilyWorkSettings,
    calendar: Calendar,
    *,
    seed: int,
    replication: int,
) -> FamilyYear:
    """Play one year of family work at one prison.

    Parameters
    ----------
    work
        People and workers.
    settings, calendar
        Of the scenario.
    seed, replication
        Names of the draws.

    Raises
    ------
    RuntimeError
        When a case was lost or made up.
    """
    first_day, end_day, days = days_played(calendar, settings)
    cases = cases_of(work, settings, days=days, seed=seed, replication=replication)
    names = [post.name for post in work.posts]
    presence, filled = presence_of(
        names,
        work.establishment,
        settings,
        weeks=days // DAYS_PER_WEEK,
        seed=seed,
        replication=replication,
    )
    hours = hours_at_work(
        work.posts,
        presence,
        filled,
        settings,
        first_day=first_day,
        duty_hours_per_week=work.duty_hours_per_week,
    )
    return FamilyYear(
        work=work,
        replication=replication,
        cases=cases,
        hours=hours,
        done=work_through(cases, hours, settings),
        first_day=first_day,
        end_day=end_day,
    )


def _exponential(draws: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(-np.log1p(-draws), dtype=np.float64)

"""The story of a visit: its time comes, the party arrives, is checked, searched and let in."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import simpy
from numpy.typing import NDArray

from simulation.bounds import below, not_shares
from simulation.clock import MINUTES_PER_DAY, Calendar
from simulation.demand import Requests
from simulation.place import Place
from simulation.streams import person_keys, stream_key, uniform
from simulation.timetable import DatedSlots


@dataclass(frozen=True, slots=True, kw_only=True)
class AttendanceSettings:
    """What happens on the day of a visit.

    Attributes
    ----------
    arrive_first_minutes, arrive_last_minutes
        A party arrives between so many minutes before the session starts, each equally likely;
        below 0 it is late.
    check_minutes_per_visitor
        Mean time to check and search one visitor; that of a party varies by half either way.
    tables_per_checker
        One member of staff checks and searches for so many tables of a session, at least one.
    checkers_shared
        Whether sessions of several halls that overlap in time share one queue and its staff.
    escort_minutes
        From the search to the hall.
    late_start_share, late_start_minutes
        Share of sessions that start late, mostly because the roll check has not come right, and
        by how much on average; any delay up to twice that is equally likely.
    refused_entry_share
        Share of parties that come and are not let in.
    early_finish_share
        Share of visits that end early, at any moment with equal chance.
    staff_shortage_share
        Share of sessions that are called off for want of staff.
    tables_per_officer
        One officer watches so many tables.
    around_session_minutes
        Staff are there so much longer than the session lasts.
    """

    arrive_first_minutes: float
    arrive_last_minutes: float
    check_minutes_per_visitor: float
    tables_per_checker: float
    checkers_shared: bool
    escort_minutes: float
    late_start_share: float
    late_start_minutes: float
    refused_entry_share: float
    early_finish_share: float
    staff_shortage_share: float
    tables_per_officer: float
    around_session_minutes: float

    def __post_init__(self) -> None:
        """Refuse shares outside 0 to 1, negative minutes and staff for no table."""
        lasting = (
            "check_minutes_per_visitor", "escort_minutes", "late_start_minutes",
            "around_session_minutes",
        )  # fmt: skip
        problems = [*not_shares(self), *below(0, self, lasting)]
        problems += [
            f"{name} is {getattr(self, name)}, not above 0"
            for name in ("tables_per_checker", "tables_per_officer")
            if getattr(self, name) <= 0
        ]
        if self.arrive_last_minutes > self.arrive_first_minutes:
            problems.append(
                f"arrive_last_minutes {self.arrive_last_minutes} is before "
                f"arrive_first_minutes {self.arrive_first_minutes}"
            )
        if problems:
            raise ValueError(f"AttendanceSettings: {'; '.join(problems)}.")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class VisitingDay:
    """What was drawn for the sessions of one establishment, and how its visitors are let in.

    Attributes
    ----------
    settings
        Of the scenario.
    seed, replication
        Names of the draws.
    called_off
        Whether each slot's session is called off for want of staff; bool, shape (slots,).
    late_minutes
        How late the hall opens for each slot; 0 where on time; float64, shape (slots,).
    """

    settings: AttendanceSettings
    seed: int
    replication: int
    called_off: NDArray[np.bool_]
    late_minutes: NDArray[np.float64]

    @classmethod
    def of(
        cls,
        settings: AttendanceSettings,
        sessions: DatedSlots,
        templates: NDArray[np.object_],
        calendar: Calendar,
        *,
        establishment: str,
        seed: int,
        replication: int,
    ) -> VisitingDay:
        """Draw what happens to each dated session, whoever comes to it.

        Parameters
        ----------
        settings
            Shares and minutes.
        sessions
            The dated slots; the open and the closed tables of one session share its draws.
        templates
            Id of the template of each row that ``sessions.template`` points to.
        calendar
            Dates the sessions.
        establishment, seed, replication
            Names of the draws, which are found by template and date: a session that is added or
            moved changes no draw of another.
        """
        keys, date = person_keys(templates), sessions.day + calendar.first_date.toordinal()

        def drawn(purpose: str) -> NDArray[np.float64]:
            stream = stream_key(seed, replication, purpose, establishment)
            return uniform(stream, keys, sessions.template, date)

        none = np.zeros(len(sessions))
        late, short = settings.late_start_share, settings.staff_shortage_share
        return cls(
            settings=settings,
            seed=seed,
            replication=replication,
            called_off=drawn("staff shortage") < short if short else none > 0,
            late_minutes=np.where(
                drawn("late start") < late,
                drawn("late start by") * 2.0 * settings.late_start_minutes,
                0.0,
            )
            if late
            else none,
        )

    def let_in(
        self,
        place: Place,
        visits: Requests,
        sessions: DatedSlots,
        request: NDArray[np.int64],
        slot: NDArray[np.int64],
        end: NDArray[np.float64],
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Say when each party that came was let into the hall, and how long it had there.

        Identity check and search are a queue of each session's own, or of all sessions that
        overlap, first come, first served, by as many staff as the tables need. Who is refused
        entry has been checked as well.
        Whoever gets through when the session is over is not let in.

        Parameters
        ----------
        place, visits, sessions
            Parties, requests and dated slots.
        request, slot
            Who came, and to which slot; shape (parties that came,).
        end
            Minute at which the visit is over at the latest.

        Returns
        -------
        tuple of ndarray of float64
            Minutes from the start of the session until the party was in the hall, and minutes it
            had there: 0 where it was not let in; shape (parties that came,).
        """
        settings = self.settings
        start = sessions.start[slot]

        def drawn(purpose: str) -> NDArray[np.float64]:
            return self._drawn(purpose, place, visits, request)

        entered = start + self.late_minutes[slot]
        if settings.check_minutes_per_visitor or self._may_be_late():
            _, checked = self.at_the_check(place, visits, sessions, request, slot)
            entered = np.maximum(entered, checked + settings.escort_minutes)
        had = np.maximum(end - entered, 0.0)
        if settings.early_finish_share:
            early = drawn("finishes early") < settings.early_finish_share
            had = np.where(early, had * (1.0 - drawn("finishes when")), had)
        if settings.refused_entry_share:
            had[drawn("refused entry") < settings.refused_entry_share] = 0.0
        return entered - start, had

    def at_the_check(
        self,
        place: Place,
        visits: Requests,
        sessions: DatedSlots,
        request: NDArray[np.int64],
        slot: NDArray[np.int64],
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Say when each party that came arrived, and when it was through check and search.

        Parameters
        ----------
        place, visits, sessions
            Parties, requests and dated slots.
        request, slot
            Who came, and to which slot; shape (parties that came,). Everybody who came to a queue
            is to be among them.

        Returns
        -------
        tuple of ndarray of float64
            Simulation minutes; shape (parties that came,).
        """
        arrived = self.arrived(place, visits, sessions, request, slot)
        party = visits.party[request]
        visitors = place.adults[party] + place.children[party]
        checked = self._drawn("is checked", place, visits, request)
        served = self.settings.check_minutes_per_visitor * visitors * (0.5 + checked)
        session, checkers = self._sessions(sessions)
        return arrived, through_check(session[slot], arrived, served, checkers)

    def arrived(
        self,
        place: Place,
        visits: Requests,
        sessions: DatedSlots,
        request: NDArray[np.int64],
        slot: NDArray[np.int64],
    ) -> NDArray[np.float64]:
        """Say when each party that came arrived; parameters as for ``at_the_check``."""
        first, last = self.settings.arrive_first_minutes, self.settings.arrive_last_minutes
        share = self._drawn("arrives", place, visits, request)
        return np.asarray(sessions.start[slot] - first + share * (first - last), dtype=np.float64)

    def _drawn(
        self, purpose: str, place: Place, visits: Requests, request: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        stream = stream_key(self.seed, self.replication, f"visit {purpose}")
        return uniform(stream, place.keys, visits.person[request], visits.number[request])

    def _may_be_late(self) -> bool:
        """Say whether a party can reach the hall late although its check takes no time."""
        return self.settings.escort_minutes > self.settings.arrive_last_minutes

    def _sessions(self, sessions: DatedSlots) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Give the queue that each slot's visitors join, and the checkers of each queue."""
        if self.settings.checkers_shared:
            queue, tables = overlapping(sessions, ~self.called_off)
        else:
            queue, tables = whole_sessions(sessions)
        return queue, _staff(tables, self.settings.tables_per_checker)

    def staff_hours(self, sessions: DatedSlots) -> NDArray[np.float64]:
        """Give the hours that officers and checkers spend on each slot's session.

        A session with open and closed tables counts once, in its first slot; one that is called
        off costs none. Checkers whom sessions share count in the first of them.
        """
        settings = self.settings
        session, tables = whole_sessions(sessions)
        first = np.unique(session, return_index=True)[1]
        hours = np.zeros(len(sessions))
        hours[first] = staff_hours_alone(
            tables,
            (sessions.end - sessions.start)[first],
            tables_each=(settings.tables_per_officer,)
            if settings.checkers_shared
            else (settings.tables_per_officer, settings.tables_per_checker),
            around_session_minutes=settings.around_session_minutes,
        )
        if settings.checkers_shared:
            held = np.flatnonzero(~self.called_off)
            queue, checkers = self._sessions(sessions)
            queues, first = np.unique(queue[held], return_index=True)
            last = np.full(len(checkers), -np.inf)
            np.maximum.at(last, queue[held], sessions.end[held])
            first = held[first]
            there = last[queues] - sessions.start[first] + self.settings.around_session_minutes
            hours[first] += checkers[queues] * there / 60.0
        return np.where(self.called_off, 0.0, hours)


def staff_hours_alone(
    tables: NDArray[np.int64],
    minutes: NDArray[np.float64],
    *,
    tables_each: Sequence[float],
    around_session_minutes: float,
) -> NDArray[np.float64]:
    """Give the staff hours of sessions that share no staff with others.

    Parameters
    ----------
    tables
        Open and closed, of each session; int64, shape (sessions,).
    minutes
        How long each lasts; float64, shape (sessions,).
    tables_each
        Tables that one of each kind of staff can look after: ``tables_per_officer`` and
        ``tables_per_checker``. There is at least one of each kind.
    around_session_minutes
        Staff are there so much longer.

    Examples
    --------
    Fifteen tables for an hour and a half: three officers and two checkers for two and a half hours.

    >>> staff_hours_alone(
    ...     np.array([15]), np.array([90.0]), tables_each=(6, 8), around_session_minutes=60
    ... ).tolist()
    [12.5]
    """
    staff = sum(_staff(tables, each) for each in tables_each)
    return np.asarray(staff * (minutes + around_session_minutes) / 60.0, dtype=np.float64)


def whole_sessions(sessions: DatedSlots) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Give the session that each slot belongs to, and count the tables of each, open and closed.

    Returns
    -------
    tuple of ndarray of int64
        The session of each slot, shape (slots,), and the tables of each session.
    """
    templates = int(sessions.template.max(initial=0)) + 1
    _, session = np.unique(sessions.day * templates + sessions.template, return_inverse=True)
    tables = np.bincount(session, weights=sessions.tables)
    return session.astype(np.int64), tables.astype(np.int64)


def overlapping(
    sessions: DatedSlots, held: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Give the run of overlapping sessions that each slot belongs to, and the tables of each run.

    Two sessions are of one run when they overlap in time, or when others between them do. One that
    is not held joins no others.

    Parameters
    ----------
    sessions
        The dated slots, sorted by start.
    held
        Whether each is held; the others have no tables.

    Returns
    -------
    tuple of ndarray of int64
        The run of each slot, shape (slots,), and the most tables that are in use in it at once.
    """
    start, end = sessions.start, sessions.end
    latest = np.maximum.accumulate(np.where(held, end, -np.inf))
    run = np.zeros(len(sessions), dtype=np.int64)
    run[1:] = np.cumsum(start[1:] >= latest[:-1])
    tables = np.where(held, sessions.tables, 0)
    by_end = np.argsort(end, kind="stable")
    begun = np.concatenate([[0], np.cumsum(tables)])
    over = np.concatenate([[0], np.cumsum(tables[by_end])])
    at_once = begun[np.searchsorted(start, start, side="right")]
    at_once = at_once - over[np.searchsorted(end[by_end], start, side="right")]
    most = np.zeros(int(run.max(initial=-1)) + 1, dtype=np.int64)
    np.maximum.at(most, run, at_once)
    return run, most


def _staff(tables: NDArray[np.int64], tables_each: float) -> NDArray[np.int64]:
    return np.maximum(np.ceil(tables / tables_each), 1.0).astype(np.int64)


def through_check(
    queue: NDArray[np.int64],
    arrived: NDArray[np.float64],
    served: NDArray[np.float64],
    servers: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Say when everybody is through a queue served first come, first served.

    Parameters
    ----------
    queue
        Which queue each customer joins, an index into ``servers``; shape (customers,).
    arrived, served
        When each arrives, and how long its service takes; float64, shape (customers,). Who
        arrives at the same moment is served in the order given.
    servers
        How many serve each queue, at least 1; shape (queues,).

    Returns
    -------
    ndarray of float64
        When each customer's service ends; shape (customers,).

    Notes
    -----
    The recursion of Kiefer and Wolfowitz (1955), over all queues at once: the next in line goes
    to the server who is free first.

    Examples
    --------
    Two servers; the third customer waits for the first of them to be free.

    >>> through_check(
    ...     np.array([0, 0, 0]), np.array([0.0, 1.0, 2.0]), np.array([5.0, 9.0, 1.0]), np.array([2])
    ... ).tolist()
    [5.0, 10.0, 6.0]
    """
    order = np.lexsort((arrived, queue))
    sizes = np.bincount(queue, minlength=len(servers))
    first = np.cumsum(sizes) - sizes
    # the longest queues first, so that those still in use are always a leading part
    longest = np.argsort(-sizes, kind="stable")
    sizes, first = sizes[longest], first[longest]
    free = np.where(
        np.arange(int(servers.max(initial=1))) < servers[longest, np.newaxis], -np.inf, np.inf
    )
    through = np.empty(len(queue))
    every_queue = np.arange(len(sizes))
    in_use = np.searchsorted(-sizes, -np.arange(sizes.max(initial=0)), side="left")
    for place, waiting in enumerate(in_use.tolist()):
        customer = order[first[:waiting] + place]
        rows = every_queue[:waiting]
        server = free[:waiting].argmin(axis=1)
        begins = np.maximum(arrived[customer], free[rows, server])
        through[customer] = free[rows, server] = begins + served[customer]
    return through


def call_off(
    env: simpy.Environment,
    called_off: NDArray[np.bool_],
    days: NDArray[np.int64],
    tell: Callable[[int], None],
) -> Generator[simpy.Timeout, Any, None]:
    """Call sessions off at midnight before their day, so that families hear before they travel.

    Parameters
    ----------
    env
        The establishment's own environment.
    called_off
        Whether each slot is called off.
    days
        Day of each slot, ascending.
    tell
        Takes a slot that is called off.

    Yields
    ------
    Timeout
        Until the midnight of the next one.
    """
    for slot in np.flatnonzero(called_off).tolist():
        midnight = float(days[slot] * MINUTES_PER_DAY)
        if midnight > env.now:
            yield env.timeout(midnight - env.now)
        tell(slot)


def hold_sessions(
    env: simpy.Environment,
    starts: NDArray[np.float64],
    slots: NDArray[np.int64],
    begin: Callable[[int], None],
) -> Generator[simpy.Timeout, Any, None]:
    """Walk through the sessions whose beginning changes what happens afterwards.

    Parameters
    ----------
    env
        The establishment's own environment.
    starts
        Minute at which each session of the year begins, ascending.
    slots
        Which of them, ascending.
    begin
        Takes a session that begins. Who of those booked comes was drawn before.

    Yields
    ------
    Timeout
        Until the next one begins.
    """
    for slot, start in zip(slots.tolist(), starts[slots].tolist(), strict=True):
        if start > env.now:
            yield env.timeout(start - env.now)
        begin(slot)

"""Cases worked through day by day: first contact, assessment, contacts over weeks, closure."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

NEVER = -1
"""Day of what did not happen in the time played."""

SMALLEST = 1e-9
"""Hours below which nothing is left to do."""

LEFT_UNDONE_DAYS = 28
"""A step that has been due for so long at the end of the time played is not coming."""


class WorkSettings(Protocol):
    """The work on a case, as ``FamilyWorkSettings`` has it."""

    @property
    def triage_hours(self) -> float:
        """Hours until the first contact is made."""

    @property
    def assessment_hours(self) -> float:
        """Hours of the assessment."""

    @property
    def hours_per_contact(self) -> float:
        """Hours of each contact."""

    @property
    def closure_hours(self) -> float:
        """Hours of the closure, which comes with the last contact."""

    @property
    def assessment_after_days(self) -> int:
        """Days from the first contact to the assessment."""

    @property
    def days_between_contacts(self) -> int:
        """Days from each step to the next."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cases:
    """Referrals in order of time, one entry each.

    Attributes
    ----------
    person, source
        Who was referred, and from which of ``need.SOURCES``; int64.
    day
        Day of the referral; int64.
    leaves_day
        Last day on which the person can still be reached for the first time; int64.
    contacts
        Contacts after the assessment; int64.
    is_early
        Whether early-days workers take the case.
    has_priority
        Whether it is begun before others and whatever the caseload.
    """

    person: NDArray[np.int64]
    source: NDArray[np.int64]
    day: NDArray[np.int64]
    leaves_day: NDArray[np.int64]
    contacts: NDArray[np.int64]
    is_early: NDArray[np.bool_]
    has_priority: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Hours:
    """What workers have on each day; float64, shape (days,).

    Attributes
    ----------
    casework
        Hours for any case.
    early_days
        Hours for early-days cases alone; what they leave is not used for others.
    room
        Open cases beyond which only priority referrals are begun.
    """

    casework: NDArray[np.float64]
    early_days: NDArray[np.float64]
    room: NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Casework:
    """What became of the cases.

    Attributes
    ----------
    first_contact_day, closed_day
        ``NEVER`` where it did not come to that; int64, shape (cases,).
    has_lapsed
        Whether the person had left before being reached.
    hours_undone
        Hours left on cases begun whose next step has been due for ``LEFT_UNDONE_DAYS`` at the end;
        float64, shape (cases,).
    open_cases
        At the end of each day; int64, shape (days,).
    hours_used
        On each day; float64, shape (days,).
    """

    first_contact_day: NDArray[np.int64]
    closed_day: NDArray[np.int64]
    has_lapsed: NDArray[np.bool_]
    hours_undone: NDArray[np.float64]
    open_cases: NDArray[np.int64]
    hours_used: NDArray[np.float64]


def work_through(cases: Cases, hours: Hours, settings: WorkSettings) -> Casework:
    """Work through cases with the hours there are.

    On each day self-harm and early days come first, then steps of open cases that are due, the
    oldest first, then other referrals in order of time while the caseload has room. What a day
    leaves undone is done first on the next one. Early-days workers see to early-days cases alone,
    before the others do. Work once begun goes on to its closure; a referral not reached while
    the person is there lapses.

    Parameters
    ----------
    cases
        Referrals in order of time.
    hours
        Of each day.
    settings
        The work on a case.

    Raises
    ------
    RuntimeError
        When a case was lost or made up, or more hours were worked than there were.
    """
    desk = _Desk(cases, hours, settings)
    for day in range(len(hours.casework)):
        desk.work(day)
    return desk.outcome()


class _Desk:
    """The cases under way: for each the step it is at and the hours that step still takes."""

    def __init__(self, cases: Cases, hours: Hours, settings: WorkSettings) -> None:
        self._settings = settings
        self._hours = hours
        self._days = len(hours.casework)
        self._leaves = cases.leaves_day.tolist()
        self._steps_left = (cases.contacts + 1).tolist()
        self._left = [settings.triage_hours] * len(self._leaves)
        self._due_day = [self._days] * len(self._leaves)
        self._first = [NEVER] * len(self._leaves)
        self._closed = [NEVER] * len(self._leaves)
        self._lapsed = [False] * len(self._leaves)
        self._due: list[list[int]] = [[] for _ in range(self._days)]
        self._overdue: deque[int] = deque()
        self._early_overdue: deque[int] = deque()
        self._is_early = (cases.is_early & bool(hours.early_days.any())).tolist()
        self._harm: deque[int] = deque()
        self._early: deque[int] = deque()
        self._waiting: deque[int] = deque()
        self._referred: list[list[int]] = [[] for _ in range(self._days)]
        for case, day in enumerate(cases.day.tolist()):
            self._referred[day].append(case)
        self._priority, self._reception = cases.has_priority.tolist(), cases.is_early.tolist()
        self._casework, self._early_days = hours.casework.tolist(), hours.early_days.tolist()
        self._room = hours.room.tolist()
        self._open = 0
        self._open_cases: list[int] = []
        self._used: list[float] = []

    def work(self, day: int) -> None:
        """Work one day."""
        for case in self._referred[day]:
            self._queue_of(case).append(case)
        for case in self._due[day]:
            (self._early_overdue if self._is_early[case] else self._overdue).append(case)
        early, casework = self._early_days[day], self._casework[day]
        there_were = early + casework
        if early > 0:
            early = self._begin(self._early, early, day)
            early = self._go_on(self._early_overdue, early, day)
        if casework > 0:
            casework = self._begin(self._harm, casework, day)
            casework = self._begin(self._early, casework, day)
            casework = self._go_on(self._overdue, casework, day)
            casework = self._go_on(self._early_overdue, casework, day)
            casework = self._begin(self._waiting, casework, day, self._room[day])
        self._used.append(there_were - early - casework)
        self._open_cases.append(self._open)

    def _queue_of(self, case: int) -> deque[int]:
        if not self._priority[case]:
            return self._waiting
        return self._early if self._reception[case] else self._harm

    def _begin(
        self, queue: deque[int], hours: float, day: int, room: float = float("inf")
    ) -> float:
        """Make first contacts in order of referral; give the hours that are left."""
        settings = self._settings
        while queue and hours > 0 and self._open < room:
            case = queue[0]
            if self._leaves[case] < day:
                self._lapsed[queue.popleft()] = True
                continue
            if self._left[case] > hours:
                self._left[case] -= hours
                return 0.0
            hours -= self._left[case]
            queue.popleft()
            self._first[case] = day
            self._open += 1
            self._plan(case, day + settings.assessment_after_days, settings.assessment_hours)
        return hours

    def _go_on(self, queue: deque[int], hours: float, day: int) -> float:
        """Take the next step of open cases, the oldest due first; give the hours that are left."""
        settings = self._settings
        while queue and hours > 0:
            case = queue[0]
            if self._left[case] > hours:
                self._left[case] -= hours
                return 0.0
            hours -= self._left[case]
            queue.popleft()
            self._steps_left[case] -= 1
            if self._steps_left[case]:
                self._plan(case, day + settings.days_between_contacts, settings.hours_per_contact)
            else:
                self._closed[case] = day
                self._open -= 1
        return hours

    def _plan(self, case: int, day: int, hours: float) -> None:
        """Set down the next step of a case; the closure comes with the last."""
        is_last = self._steps_left[case] == 1
        self._left[case] = hours + (self._settings.closure_hours if is_last else 0.0)
        self._due_day[case] = day
        if day < self._days:
            self._due[day].append(case)

    def outcome(self) -> Casework:
        """Give what became of the cases, once every day is worked."""
        waiting = [*self._harm, *self._early, *self._waiting]
        for case in waiting:
            self._lapsed[case] = self._leaves[case] < self._days
        done = Casework(
            first_contact_day=np.array(self._first, dtype=np.int64),
            closed_day=np.array(self._closed, dtype=np.int64),
            has_lapsed=np.array(self._lapsed, dtype=np.bool_),
            hours_undone=self._undone(),
            open_cases=np.array(self._open_cases, dtype=np.int64),
            hours_used=np.array(self._used, dtype=np.float64),
        )
        still = sum(not self._lapsed[case] for case in waiting)
        _conserve(done, self._hours, still_waiting=still, still_open=self._open)
        return done

    def _undone(self) -> NDArray[np.float64]:
        """Give the hours left on each case whose next step is not coming."""
        settings = self._settings
        steps, left = np.array(self._steps_left), np.array(self._left)
        is_due = np.array(self._due_day) < self._days - LEFT_UNDONE_DAYS
        is_open = (np.array(self._first) != NEVER) & (np.array(self._closed) == NEVER)
        later = (steps - 1) * settings.hours_per_contact + (steps > 1) * settings.closure_hours
        return np.asarray(np.where(is_due & is_open, left + later, 0.0), dtype=np.float64)


def _conserve(done: Casework, hours: Hours, *, still_waiting: int, still_open: int) -> None:
    """Check that every case is waiting, open, closed or lapsed, and that no hour was made up.

    Raises
    ------
    RuntimeError
        Names the count that does not add up.
    """
    reached, closed = done.first_contact_day != NEVER, done.closed_day != NEVER
    kept = {
        "referrals": (len(reached), int(reached.sum() + done.has_lapsed.sum()) + still_waiting),
        "cases begun": (int(reached.sum()), int(closed.sum()) + still_open),
        "cases lapsed after a first contact": (0, int((reached & done.has_lapsed).sum())),
        "cases closed before a first contact": (0, int((closed & ~reached).sum())),
        "days with more work than hours": (
            0,
            int((done.hours_used > hours.casework + hours.early_days + SMALLEST).sum()),
        ),
    }
    wrong = [
        f"{name}: {there}, not {found}" for name, (there, found) in kept.items() if there != found
    ]
    if wrong:
        raise RuntimeError(f"family work does not add up: {'; '.join(wrong)}")

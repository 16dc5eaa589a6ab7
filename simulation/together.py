"""Prisons that share a booking line, played together in steps of a day.

Whoever is turned away asks again on a later day at the earliest, so the calls of a day depend on
the desks' answers of the days before alone. Each day the line is played first, and its answers are
handed to the desks. What the line answered is kept: given it, a prison alone is the prison it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np
import pandas as pd
import simpy
from numpy.typing import NDArray

from simulation.arrivals import Askings
from simulation.asking import CHANNELS, Channel
from simulation.clock import MINUTES_PER_DAY, Calendar
from simulation.contact_centre import CallTable, ContactCentre, LineYear, Staff, joined
from simulation.early_days import receptions_of
from simulation.line import (
    SERVICES,
    FamilyCalls,
    Lines,
    Service,
    family_calls,
    ring_minutes,
    staff_of,
)
from simulation.log import NO_ANSWER, PASSED_OVER, VisitLog, join_tables
from simulation.simulate import OpenYear, SimulationInputs, hand_over, open_year

BOOKING = SERVICES.index(Service.BOOKING)

NO_REQUEST = -1
"""The request of a call about anything but a booking."""

ANSWER_COLUMNS = ["establishment", "request", "attempt", "minutes", "is_answered"]
"""Which request of which prison was answered when, or lost when, at which of its attempts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A call about a booking that was answered, or lost for good."""

    request: int
    attempt: int
    minutes: float
    is_answered: bool


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LineLog:
    """What happened on one line.

    Attributes
    ----------
    line, replication
        Which.
    year
        Calls and ringings.
    establishment
        The prison each call was about.
    first_rang
        Minute at which each call began; float64.
    staff
        Opening spells, and agents on duty in each half-hour.
    calls
        The calls as they were drawn, in the order of ``year``.
    """

    line: str
    replication: int
    year: LineYear
    establishment: NDArray[np.object_]
    first_rang: NDArray[np.float64]
    staff: Staff
    calls: CallTable


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Together:
    """What was played together.

    Attributes
    ----------
    logs
        Of the prisons.
    lines
        Of the lines they ring, by name.
    answers
        One row for each call about a booking that ended: ``ANSWER_COLUMNS``, in order of the end
        of each prison's calls.
    """

    logs: tuple[VisitLog, ...]
    lines: tuple[LineLog, ...]
    answers: pd.DataFrame


class _Prison:
    """One prison whose families ring a line: its open year, and who rings when."""

    def __init__(
        self, opened: OpenYear, known: Askings, calls: FamilyCalls, lines: Lines, calendar: Calendar
    ) -> None:
        self.opened = opened
        self._lines, self._calendar = lines, calendar
        self.calls = calls
        self._known = known
        self._known_until = 0
        self._place = {request: place for place, request in enumerate(calls.phone.tolist())}
        self._attempts = opened.year.visits.attempts
        self._handed: list[Askings] = []
        self._due: dict[int, list[tuple[float, int, int]]] = {}
        self._others_until = 0
        for ring, request in zip(calls.rings.tolist(), calls.phone.tolist(), strict=True):
            if ring < opened.end and self._attempts[request]:
                self._due.setdefault(int(ring // MINUTES_PER_DAY), []).append((ring, request, 0))

    def ringing(self, day: int) -> tuple[CallTable, list[tuple[int, int]]]:
        """Give the calls that begin on a day, and the request and attempt behind each."""
        # who was given a table meanwhile does not ring again, nor does anybody once the person left
        is_done = self.opened.desk.is_done
        due = sorted(each for each in self._due.pop(day, []) if not is_done(each[1]))
        others = self.calls.others
        until = int(np.searchsorted(others.minutes, (day + 1) * MINUTES_PER_DAY))
        parts = [others.chosen(np.arange(self._others_until, until))]
        behind = [(NO_REQUEST, 0)] * (until - self._others_until)
        self._others_until = until
        for attempt, table in enumerate(self.calls.bookings):
            of_attempt = [each for each in due if each[2] == attempt]
            which = np.array([self._place[request] for _, request, _ in of_attempt], dtype=np.int64)
            rings = np.array([ring for ring, _, _ in of_attempt], dtype=np.float64)
            parts.append(replace(table.chosen(which), minutes=rings))
            behind += [(request, attempt) for _, request, _ in of_attempt]
        order = np.argsort(np.concatenate([each.minutes for each in parts]), kind="stable")
        return joined(parts), [behind[place] for place in order.tolist()]

    def play_day(self, day: int, ended: Sequence[Ended]) -> None:
        """Hand everybody who gets through on a day to the desk, and play the day."""
        opened, desk = self.opened, self.opened.desk
        answers = opened.recorder.answers
        midnight = float((day + 1) * MINUTES_PER_DAY)
        until = int(np.searchsorted(self._known.minutes, midnight))
        today = [self._known.chosen(slice(self._known_until, until))]
        self._known_until = until
        through = [each for each in ended if each.is_answered]
        today.append(self._askings(through))
        both = Askings.joined(today)
        both = both.chosen(np.argsort(both.minutes, kind="stable"))
        first = len(answers)
        if len(both):
            desk.hand(both)
        opened.env.run(until=midnight)
        given = dict(zip(both.request.tolist(), answers[first:], strict=True))
        self._handed.append(both)
        turned_away = [each for each in through if PASSED_OVER < given[each.request] < 0]
        lost = [each for each in ended if not each.is_answered and not desk.is_done(each.request)]
        self._handed.append(self._askings(lost))
        answers += [NO_ANSWER] * len(lost)
        for each in lost:
            if each.attempt + 1 == self._attempts[each.request]:
                desk.stop_waiting(each.request)
        self._ask_again([*turned_away, *lost])

    def _askings(self, ended: Sequence[Ended]) -> Askings:
        request = np.array([each.request for each in ended], dtype=np.int64)
        attempt = np.array([each.attempt for each in ended], dtype=np.int64)
        return Askings(
            request=request,
            minutes=np.array([each.minutes for each in ended], dtype=np.float64),
            last=attempt + 1 == self._attempts[request],
        )

    def _ask_again(self, turned_away: Sequence[Ended]) -> None:
        """Let families ring again, some days after they were turned away or got no answer."""
        again = [each for each in turned_away if each.attempt + 1 < self._attempts[each.request]]
        if not again:
            return
        request = np.array([each.request for each in again], dtype=np.int64)
        attempt = np.array([each.attempt + 1 for each in again], dtype=np.int64)
        wait = self.opened.year.visits.ask_again_minutes[attempt - 1, request]
        place = [self._place[each.request] for each in again]
        rings = ring_minutes(
            self._lines,
            self.opened.establishment,
            np.array([each.minutes for each in again]) + wait,
            self.calls.rings_again[attempt, place],
            self._calendar,
        )
        for ring, each in zip(rings.tolist(), again, strict=True):
            if ring < self.opened.end:
                day = int(ring // MINUTES_PER_DAY)
                self._due.setdefault(day, []).append((ring, each.request, each.attempt + 1))

    def close(self) -> VisitLog:
        """Give the log of the year."""
        return self.opened.close(Askings.joined(self._handed))


class _LiveLine:
    """A line that is being played."""

    def __init__(self, name: str, staff: Staff) -> None:
        self.name, self.staff = name, staff
        self._env = simpy.Environment()
        self._centre = ContactCentre(self._env, staff)
        self._behind: list[tuple[str, int, int]] = []
        self._begun: list[float] = []
        self._tables: list[CallTable] = []
        self._told = 0

    def play_day(
        self, day: int, ringing: Iterable[tuple[str, CallTable, list[tuple[int, int]]]]
    ) -> dict[str, list[Ended]]:
        """Play a day; give what ended in it, by prison."""
        given = [each for each in ringing if len(each[1])]
        if given:
            tables = [table for _, table, _ in given]
            minutes = np.concatenate([table.minutes for table in tables])
            order = np.argsort(minutes, kind="stable").tolist()
            behind = [(code, *pair) for code, _, pairs in given for pair in pairs]
            self._behind += [behind[place] for place in order]
            self._begun += minutes[order].tolist()
            self._tables.append(joined(tables))
            self._centre.hand(self._tables[-1])
        self._env.run(until=float((day + 1) * MINUTES_PER_DAY))
        centre, found = self._centre, dict[str, list[Ended]]()
        for call in centre.ended[self._told :]:
            code, request, attempt = self._behind[call]
            if request == NO_REQUEST:
                continue
            is_answered = not centre.is_lost[call]
            minutes_ended = (
                centre.answered_minutes[call] if is_answered else centre.lost_minutes[call]
            )
            found.setdefault(code, []).append(
                Ended(
                    request=request,
                    attempt=attempt,
                    minutes=minutes_ended,
                    is_answered=is_answered,
                )
            )
        self._told = len(centre.ended)
        return found

    def close(self, replication: int) -> LineLog:
        self._centre.conserve()
        self._env._queue.clear()
        return LineLog(
            line=self.name,
            replication=replication,
            year=LineYear.of(self._centre),
            establishment=np.array([code for code, _, _ in self._behind], dtype=object),
            first_rang=np.array(self._begun, dtype=np.float64),
            staff=self.staff,
            calls=joined(self._tables) if self._tables else _no_calls(),
        )


def _no_calls() -> CallTable:
    none = np.empty(0)
    return CallTable(
        minutes=none,
        service=none.astype(np.int64),
        priority=none.astype(np.int64),
        handle_minutes=none,
        patience_minutes=np.empty((1, 0)),
        redial_minutes=np.empty((0, 0)),
    )


def play_together(
    inputs: SimulationInputs,
    establishments: Sequence[str],
    *,
    seed: int,
    replication: int,
    staff: Callable[[str], Staff] | None = None,
) -> Together:
    """Play a year at the prisons that share a line.

    Parameters
    ----------
    inputs
        What the year depends on.
    establishments
        All that the line and transfers join, as ``SimulationInputs.played_together`` gives them.
    seed, replication
        Names of the draws.
    staff
        Gives the agents of a line by its name; by default those of the scenario.

    Returns
    -------
    Together
        Logs of prisons and lines, and the answers.

    Raises
    ------
    RuntimeError
        When requests, tables or calls are not conserved.
    """
    prisons = _open(inputs, establishments, seed=seed, replication=replication)
    lines: dict[str, _LiveLine] = {}

    def line_of(name: str) -> _LiveLine:
        if name not in lines:
            people = len(inputs.places[name].keys) if name in inputs.places else 0
            agents = (
                staff(name)
                if staff is not None
                else staff_of(
                    inputs.lines,
                    name,
                    inputs.calendar,
                    people=people,
                    seed=seed,
                    replication=replication,
                )
            )
            lines[name] = _LiveLine(name, agents)
        return lines[name]

    for code in establishments:
        for day in (0, inputs.calendar.days - 1):
            line_of(inputs.lines.line_on(code, day))
    rows: list[tuple[str, int, int, float, bool]] = []
    moves = {
        day: list(of_day)
        for day, of_day in groupby(
            (moved for moved in inputs.handovers if moved.origin in prisons),
            key=lambda moved: moved.day,
        )
    }
    opened = {code: prison.opened for code, prison in prisons.items()}
    for day in range(inputs.calendar.days):
        hand_over(opened, moves.get(day, []), day)
        ringing: dict[str, list[tuple[str, CallTable, list[tuple[int, int]]]]] = {}
        for code, prison in prisons.items():
            on = inputs.lines.line_on(code, day)
            ringing.setdefault(on, []).append((code, *prison.ringing(day)))
        ended: dict[str, list[Ended]] = {}
        for name, line in lines.items():
            for code, of_prison in line.play_day(day, ringing.get(name, [])).items():
                ended.setdefault(code, []).extend(of_prison)
        for code, prison in prisons.items():
            of_day = sorted(ended.get(code, []), key=lambda each: each.minutes)
            prison.play_day(day, of_day)
            rows += [
                (code, each.request, each.attempt, each.minutes, each.is_answered)
                for each in of_day
            ]
    return Together(
        logs=tuple(prison.close() for prison in prisons.values()),
        lines=tuple(line.close(replication) for line in lines.values()),
        answers=pd.DataFrame(rows, columns=ANSWER_COLUMNS),
    )


def with_calls(log: VisitLog, answers: pd.DataFrame, calendar: Calendar) -> pd.DataFrame:
    """Give the log of a prison as a table, with a row for each call about a booking that ended.

    Parameters
    ----------
    log
        Of the prison.
    answers
        Of ``Together``.
    calendar
        Turns simulation minutes into dates.

    Returns
    -------
    DataFrame
        ``VisitLog.table`` and, of channel ``phone``, calls that were ``answered`` or ``unanswered``
        for good; in order of time, a call before what the desk then says.
    """
    table = log.table(calendar)
    own = answers[answers["establishment"] == log.establishment]
    request = own["request"].to_numpy(np.int64)
    visits, place = log.year.visits, log.year.place
    party, nothing = visits.party[request], np.full(len(own), np.nan)
    calls = pd.DataFrame(
        {
            "replication": np.full(len(own), log.replication, dtype=np.int32),
            "establishment": pd.Categorical([log.establishment]).repeat(len(own)),
            "prisoner_id": pd.Categorical(
                place.prisoner_id[visits.person[request]],
                categories=table["prisoner_id"].cat.categories,
            ),
            "request": visits.number[request].astype(np.int32),
            "channel": pd.Categorical(["phone"] * len(own)),
            "outcome": pd.Categorical(
                np.where(own["is_answered"], "answered", "unanswered"),
                categories=["answered", "unanswered"],
            ),
            "at": calendar.timestamps(own["minutes"].to_numpy(np.float64)),
            "session": pd.Categorical([""] * len(own)),
            "session_start": np.full(len(own), np.datetime64("NaT"), dtype="M8[s]"),
            "late_minutes": nothing,
            "minutes_had": nothing,
            "adults": place.adults[party].astype(np.int16),
            "children": place.children[party].astype(np.int16),
            "family_gbp": nothing,
            "family_minutes": nothing,
            "school_minutes": nothing,
        }
    )
    both = join_tables([calls, table])
    return both.sort_values("at", kind="stable", ignore_index=True)


def play_alone(
    inputs: SimulationInputs,
    establishment: str,
    answers: pd.DataFrame,
    *,
    seed: int,
    replication: int,
) -> VisitLog:
    """Play a year at one prison where nobody is moved, given what the line answered.

    Parameters
    ----------
    inputs, seed, replication
        As for ``play_together``.
    establishment
        Where.
    answers
        Of ``Together``; rows of other prisons are passed over.

    Returns
    -------
    VisitLog
        The same as when the prison was played together with the others.

    Raises
    ------
    ValueError
        When somebody is moved from or to the prison: what they bring along is known elsewhere.
    """
    moved = [each for each in inputs.handovers if establishment in (each.origin, each.destination)]
    if moved:
        raise ValueError(
            f"{establishment} cannot be played alone: {len(moved)} transfers join it to other "
            "prisons. Play it together with them."
        )
    prison = _open(inputs, (establishment,), seed=seed, replication=replication)[establishment]
    own = answers[answers["establishment"] == establishment]
    by_day: dict[int, list[Ended]] = {}
    for request, attempt, minutes, is_answered in zip(
        *(own[name].tolist() for name in ANSWER_COLUMNS[1:]), strict=True
    ):
        by_day.setdefault(int(minutes // MINUTES_PER_DAY), []).append(
            Ended(request=request, attempt=attempt, minutes=minutes, is_answered=is_answered)
        )
    for day in range(inputs.calendar.days):
        prison.play_day(day, by_day.get(day, []))
    return prison.close()


def _open(
    inputs: SimulationInputs, establishments: Sequence[str], *, seed: int, replication: int
) -> dict[str, _Prison]:
    """Open the years of some prisons, and draw the calls of their families."""
    found = {}
    names = {"seed": seed, "replication": replication}
    for code in establishments:
        opened = open_year(inputs, establishment=code, by_line=True, **names)
        year, manner = opened.year, opened.manner
        by_phone = manner.channel == CHANNELS.index(Channel.PHONE)
        handled = np.where(by_phone, np.inf, manner.handled_minutes)
        known = Askings.of(year.visits, year.calls, handled_minutes=handled, until=opened.end)
        calls = family_calls(
            inputs.lines,
            year.place,
            year.visits,
            np.flatnonzero(by_phone),
            inputs.calendar,
            receptions_of(
                year.place, inputs.calendar, inputs.early, inputs.lines.bank_holidays, **names
            ),
            **names,
        )
        found[code] = _Prison(opened, known, calls, inputs.lines, inputs.calendar)
    return found

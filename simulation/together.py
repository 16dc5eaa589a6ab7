"""Prisons that share a booking line, played together in steps of a day.

Whoever is turned away asks again on a later day at the earliest, so the calls of a day depend on
the desks' answers of the days before alone. Each day the line is played first, and its answers are
handed to the desks. What the line answered is kept: given it, a prison alone is the prison it was.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, repeat
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from simulation.arrivals import Askings
from simulation.asking import CHANNELS, Channel
from simulation.clock import MINUTES_PER_DAY, Calendar
from simulation.contact_centre import CallTable, ContactCentre, LineYear, Staff, stacked
from simulation.early_days import receptions_of
from simulation.line import (
    SERVICES,
    FamilyCalls,
    Lines,
    RingTimes,
    Service,
    family_calls,
    staff_of,
)
from simulation.log import NO_ANSWER, PASSED_OVER, VisitLog, join_tables
from simulation.simulate import OpenYear, SimulationInputs, hand_over, open_year

if TYPE_CHECKING:
    import pandas as pd

BOOKING = SERVICES.index(Service.BOOKING)

NO_REQUEST = -1
"""The request of a call about anything but a booking."""

ANSWER_COLUMNS = ["establishment", "request", "attempt", "minutes", "is_answered"]
"""Which request of which prison was answered when, or lost when, at which of its attempts."""


class Ended(NamedTuple):
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
    attempt
        At which of its attempts the request behind each call was made, from 0 on, and also 0 where
        there is no request; int64.
    ends_request
        Whether nobody answered the last attempt, so that the request ends without a booking.
    """

    line: str
    replication: int
    year: LineYear
    establishment: NDArray[np.object_]
    first_rang: NDArray[np.float64]
    staff: Staff
    calls: CallTable
    attempt: NDArray[np.int64]
    ends_request: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Together:
    """What was played together.

    Attributes
    ----------
    logs
        Of the prisons.
    lines
        Of the lines they ring, by name.
    ended, whose
        Calls about a booking that ended, in order of the end of each prison's calls, and the place
        of each one's prison among ``logs``.
    """

    logs: tuple[VisitLog, ...]
    lines: tuple[LineLog, ...]
    ended: Sequence[Ended]
    whose: Sequence[int]

    @property
    def answers(self) -> pd.DataFrame:
        """One row for each call that ended: ``ANSWER_COLUMNS``."""
        import pandas as pd

        prisons = pd.Index([log.establishment for log in self.logs])
        return _answers(self.ended, pd.Categorical.from_codes(self.whose, prisons))


Ring: TypeAlias = tuple[float, int, int, int]
"""A call that begins: its minute, its place in the book of calls, the request and the attempt."""

Asking: TypeAlias = tuple[float, int, bool]
"""When a request reaches the desk, which it is, and whether the family would not ask again."""


class _Prison:
    """One prison whose families ring a line: its open year, and who rings when.

    Attributes
    ----------
    opened
        The year.
    calls
        Every call that its families may make: about bookings by attempt and request, then the
        others. ``None`` once they stand in a book with those of other prisons.
    first
        Place of the first of them in that book.
    unanswered
        Requests that ended because nobody answered at the last attempt, each with that attempt.
    """

    def __init__(
        self, opened: OpenYear, known: Askings, calls: FamilyCalls, lines: Lines, calendar: Calendar
    ) -> None:
        self.opened = opened
        self.calls: CallTable | None = stacked([*calls.bookings, calls.others])
        self.first = 0
        self.unanswered: set[tuple[int, int]] = set()
        midnights = np.arange(1, calendar.days + 1) * float(MINUTES_PER_DAY)
        self._known = list(
            zip(known.minutes.tolist(), known.request.tolist(), known.last.tolist(), strict=True)
        )
        self._known_from: list[int] = [0, *np.searchsorted(known.minutes, midnights).tolist()]
        self._phone = len(calls.phone)
        self._place = {request: place for place, request in enumerate(calls.phone.tolist())}
        self._rings_again = calls.rings_again
        self._ring_times = RingTimes(lines, opened.establishment, calendar)
        self._attempts: list[int] = opened.year.visits.attempts.tolist()
        self._handed: list[Asking] = []
        self._due: dict[int, list[tuple[int, float, int]]] = {}
        for ring, request in zip(calls.rings.tolist(), calls.phone.tolist(), strict=True):
            if ring < opened.end and self._attempts[request]:
                self._due.setdefault(int(ring // MINUTES_PER_DAY), []).append((0, ring, request))
        self._others: list[float] = calls.others.minutes.tolist()
        self._first_other = len(calls.bookings) * self._phone
        others = np.searchsorted(calls.others.minutes, midnights)
        self._others_from: list[int] = [0, *others.tolist()]

    def ringing(self, day: int) -> list[Ring]:
        """Give the calls that begin on a day, in order of time."""
        # who was given a table meanwhile does not ring again, nor does anybody once the person left
        is_done, first, place = self.opened.desk.is_done, self.first, self._place
        rings = [
            (self._others[other], first + self._first_other + other, NO_REQUEST, 0)
            for other in range(self._others_from[day], self._others_from[day + 1])
        ]
        rings += [
            (ring, first + attempt * self._phone + place[request], request, attempt)
            for attempt, ring, request in sorted(self._due.pop(day, []))
            if not is_done(request)
        ]
        rings.sort(key=itemgetter(0))
        return rings

    def play_day(self, day: int, ended: Sequence[Ended]) -> None:
        """Hand everybody who gets through on a day to the desk, and play the day."""
        opened, desk = self.opened, self.opened.desk
        answers = opened.recorder.answers
        today = self._known[self._known_from[day] : self._known_from[day + 1]]
        through = [each for each in ended if each.is_answered]
        if through:
            today = sorted([*today, *self._askings(through)], key=itemgetter(0))
        first = len(answers)
        self._handed += today
        requests = [request for _, request, _ in today]
        if requests:
            desk.hand(requests, [minute for minute, _, _ in today], [last for _, _, last in today])
        opened.env.run(until=float((day + 1) * MINUTES_PER_DAY))
        if not ended:
            return
        given = dict(zip(requests, answers[first:], strict=True))
        turned_away = [each for each in through if PASSED_OVER < given[each.request] < 0]
        lost = [each for each in ended if not each.is_answered and not desk.is_done(each.request)]
        self._handed += self._askings(lost)
        answers += [NO_ANSWER] * len(lost)
        for each in lost:
            if each.attempt + 1 == self._attempts[each.request]:
                desk.stop_waiting(each.request)
                self.unanswered.add((each.request, each.attempt))
        self._ask_again([*turned_away, *lost])

    def _askings(self, ended: Sequence[Ended]) -> list[Asking]:
        attempts = self._attempts
        return [
            (each.minutes, each.request, each.attempt + 1 == attempts[each.request])
            for each in ended
        ]

    def _ask_again(self, turned_away: Sequence[Ended]) -> None:
        """Let families ring again, some days after they were turned away or got no answer."""
        again = [each for each in turned_away if each.attempt + 1 < self._attempts[each.request]]
        if not again:
            return
        request = np.array([each.request for each in again], dtype=np.int64)
        attempt = np.array([each.attempt + 1 for each in again], dtype=np.int64)
        wait = self.opened.year.visits.ask_again_minutes[attempt - 1, request]
        place = [self._place[each.request] for each in again]
        asked = np.array([each.minutes for each in again]) + wait
        rings = self._ring_times.minutes(asked, self._rings_again[attempt, place])
        for ring, each in zip(rings.tolist(), again, strict=True):
            if ring < self.opened.end:
                day = int(ring // MINUTES_PER_DAY)
                self._due.setdefault(day, []).append((each.attempt + 1, ring, each.request))

    def close(self) -> VisitLog:
        """Give the log of the year."""
        minutes, request, last = zip(*self._handed, strict=True) if self._handed else ((), (), ())
        askings = Askings(
            request=np.array(request, dtype=np.int64),
            minutes=np.array(minutes, dtype=np.float64),
            last=np.array(last, dtype=np.bool_),
        )
        return self.opened.close(askings)


class _LiveLine:
    """A line that is being played; ``book`` has every call that families may make."""

    def __init__(self, name: str, staff: Staff, book: CallTable) -> None:
        self.name, self.staff = name, staff
        self._centre = ContactCentre(staff)
        self._book = book
        self._behind: list[tuple[str, int, int]] = []
        self._begun: list[float] = []
        self._places: list[int] = []
        self._told = 0

    def play_day(
        self, day: int, ringing: Iterable[tuple[str, list[Ring]]]
    ) -> dict[str, list[Ended]]:
        """Play a day; give what ended in it, by prison."""
        rings = [(*ring, code) for code, of_prison in ringing for ring in of_prison]
        rings.sort(key=itemgetter(0))
        if rings:
            begun, places, _, _, _ = zip(*rings, strict=True)
            self._behind += [(code, request, attempt) for _, _, request, attempt, code in rings]
            self._begun += begun
            self._places += places
            calls = self._book.chosen(np.array(places, dtype=np.int64))
            self._centre.hand(replace(calls, minutes=np.array(begun)))
        self._centre.run(float((day + 1) * MINUTES_PER_DAY))
        centre, found = self._centre, dict[str, list[Ended]]()
        for call in centre.ended[self._told :]:
            code, request, attempt = self._behind[call]
            if request == NO_REQUEST:
                continue
            lost = centre.is_lost[call]
            minutes = centre.lost_minutes[call] if lost else centre.answered_minutes[call]
            found.setdefault(code, []).append(Ended(request, attempt, minutes, not lost))
        self._told = len(centre.ended)
        return found

    def close(
        self, replication: int, unanswered: Mapping[str, Container[tuple[int, int]]]
    ) -> LineLog:
        """Give what happened, told of each prison which attempts ended a request unanswered."""
        self._centre.conserve()
        begun = np.array(self._begun, dtype=np.float64)
        places = np.array(self._places, dtype=np.int64)
        return LineLog(
            line=self.name,
            replication=replication,
            year=LineYear.of(self._centre),
            establishment=np.array([code for code, _, _ in self._behind], dtype=object),
            first_rang=begun,
            staff=self.staff,
            calls=replace(self._book.chosen(places), minutes=begun),
            attempt=np.array([attempt for _, _, attempt in self._behind], dtype=np.int64),
            ends_request=np.array(
                [(request, attempt) in unanswered[code] for code, request, attempt in self._behind],
                dtype=np.bool_,
            ),
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
    book = _booked_together(prisons.values())
    lines: dict[str, _LiveLine] = {}

    def line_of(name: str) -> _LiveLine:
        if name not in lines:
            here = inputs.places.get(name)
            people = 0 if here is None else int((here.from_day <= 0).sum())
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
            lines[name] = _LiveLine(name, agents, book)
        return lines[name]

    for code in establishments:
        for day in (0, inputs.calendar.days - 1):
            line_of(inputs.lines.line_on(code, day))
    rows: list[Ended] = []
    whose: list[int] = []
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
        ringing: dict[str, list[tuple[str, list[Ring]]]] = {}
        for code, prison in prisons.items():
            on = inputs.lines.line_on(code, day)
            ringing.setdefault(on, []).append((code, prison.ringing(day)))
        ended: dict[str, list[Ended]] = {}
        for name, line in lines.items():
            for code, of_prison in line.play_day(day, ringing.get(name, [])).items():
                ended.setdefault(code, []).extend(of_prison)
        for number, (code, prison) in enumerate(prisons.items()):
            of_day = sorted(ended.get(code, []), key=lambda each: each.minutes)
            prison.play_day(day, of_day)
            rows += of_day
            whose += repeat(number, len(of_day))
    unanswered = {code: prison.unanswered for code, prison in prisons.items()}
    return Together(
        logs=tuple(prison.close() for prison in prisons.values()),
        lines=tuple(line.close(replication, unanswered) for line in lines.values()),
        ended=rows,
        whose=whose,
    )


def _answers(rows: Sequence[Ended], establishments: pd.Categorical[str]) -> pd.DataFrame:
    """Put calls that ended, and the prisons they were about, into a table."""
    import pandas as pd

    request, attempt, minutes, is_answered = zip(*rows, strict=True) if rows else ((), (), (), ())
    return pd.DataFrame(
        {
            "establishment": establishments,
            "request": np.array(request, dtype=np.int64),
            "attempt": np.array(attempt, dtype=np.int64),
            "minutes": np.array(minutes, dtype=np.float64),
            "is_answered": np.array(is_answered, dtype=np.bool_),
        }
    )[ANSWER_COLUMNS]


def _booked_together(prisons: Iterable[_Prison]) -> CallTable:
    """Put the calls of prisons into one book, and tell each where its own begin."""
    tables = []
    first = 0
    for prison in prisons:
        assert prison.calls is not None
        tables.append(prison.calls)
        prison.first, prison.calls = first, None
        first += len(tables[-1])
    return stacked(tables)


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
    import pandas as pd

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
            "channel": pd.Categorical(["phone"] * len(own), categories=["phone"]),
            "outcome": pd.Categorical(
                np.where(own["is_answered"], "answered", "unanswered"),
                categories=["answered", "unanswered"],
            ),
            "at": calendar.timestamps(own["minutes"].to_numpy(np.float64)),
            "session": pd.Categorical([""] * len(own), categories=[""]),
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
            Ended(request, attempt, minutes, is_answered)
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

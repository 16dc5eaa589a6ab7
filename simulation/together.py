"""Prisons that share a booking line, played together in steps from one open day to the next.

Whoever is turned away asks again on a later day at the earliest, so the calls of a day depend on
the desks' answers of the days before alone. Each day the line is played first, and its answers are
handed to the desks. What the line answered is kept: given it, a prison alone is the prison it was.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby, pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from simulation.asking import CHANNELS, Channel
from simulation.clock import MINUTES_PER_DAY, Calendar
from simulation.columns import order_of
from simulation.early_days import receptions_of
from simulation.line import (
    SERVICES,
    Lines,
    Service,
    family_calls,
    staff_of,
)
from simulation.line_tables import NO_REQUEST, CallTable, LineLog, LineYear, Staff, stacked
from simulation.log import VisitLog, join_tables
from simulation.ringing import Ended, LiveLine, RingingPrison, Rings
from simulation.simulate import SimulationInputs, hand_over, open_year

if TYPE_CHECKING:
    import pandas as pd

BOOKING = SERVICES.index(Service.BOOKING)


ANSWER_COLUMNS = ["establishment", "request", "attempt", "minutes", "is_answered"]
"""Which request of which prison was answered when, or lost when, at which of its attempts."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Endings:
    """Calls about a booking that were answered or lost for good, in order of their end.

    Attributes
    ----------
    prisons
        Number of the prison of each among those played together; int64.
    requests, attempts, minutes, is_answered
        The request behind it, at which of its attempts, when it ended and how.
    """

    prisons: NDArray[np.int64]
    requests: NDArray[np.int64]
    attempts: NDArray[np.int64]
    minutes: NDArray[np.float64]
    is_answered: NDArray[np.bool_]

    @classmethod
    def of(cls, lines: Sequence[LineLog]) -> Endings:
        """Read them from what happened on some lines, at least one."""
        calls = [_ended_bookings(line.year, line.request) for line in lines]
        minutes = np.concatenate(
            [line.year.over_minutes[over] for line, over in zip(lines, calls, strict=True)]
        )
        order = order_of(minutes)

        def column(of_line: Callable[[LineLog], NDArray[Any]]) -> NDArray[Any]:
            found = [
                of_line(line)[line.year.whose[over]]
                for line, over in zip(lines, calls, strict=True)
            ]
            return np.concatenate(found)[order]

        return cls(
            prisons=column(lambda line: line.about),
            requests=column(lambda line: line.request),
            attempts=column(lambda line: line.attempt),
            minutes=minutes[order],
            is_answered=column(lambda line: ~line.year.is_lost),
        )

    def table(self, establishments: Sequence[str]) -> pd.DataFrame:
        """Give one row for each: ``ANSWER_COLUMNS``."""
        import pandas as pd

        return pd.DataFrame(
            {
                "establishment": pd.Categorical.from_codes(self.prisons, pd.Index(establishments)),
                "request": self.requests,
                "attempt": self.attempts,
                "minutes": self.minutes,
                "is_answered": self.is_answered,
            }
        )[ANSWER_COLUMNS]


def _ended_bookings(year: LineYear, request: NDArray[np.int64]) -> NDArray[np.int64]:
    """Give the ringings with which calls about a booking ended, in order."""
    last = np.zeros(len(year.whose), dtype=np.bool_)
    # of the ringings of a call the last stands behind the others
    last[len(last) - 1 - np.unique(year.whose[::-1], return_index=True)[1]] = True
    is_over = year.is_lost | np.isfinite(year.answered_minutes)
    return np.flatnonzero(last & is_over[year.whose] & (request[year.whose] != NO_REQUEST))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Together:
    """What was played together.

    Attributes
    ----------
    establishments
        The prisons.
    logs
        Their years in that order, each told when its turn comes and once: together they take
        several times the memory of one.
    lines
        Of the lines they ring, by name.
    ended
        Calls about a booking that ended.
    """

    establishments: tuple[str, ...]
    logs: Iterator[VisitLog]
    lines: tuple[LineLog, ...]
    ended: Endings

    @property
    def answers(self) -> pd.DataFrame:
        """One row for each call that ended: ``ANSWER_COLUMNS``."""
        return self.ended.table(self.establishments)


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
    if staff is None:
        staff = partial(_staff_there, inputs, seed=seed, replication=replication)
    first_and_last = (0, inputs.calendar.days - 1)
    names = [inputs.lines.line_on(code, day) for code in establishments for day in first_and_last]
    lines = {name: LiveLine(name, staff(name), book) for name in dict.fromkeys(names)}
    moves = {
        day: list(of_day)
        for day, of_day in groupby(
            (moved for moved in inputs.handovers if moved.origin in prisons),
            key=lambda moved: moved.day,
        )
    }
    opened = {code: prison.opened for code, prison in prisons.items()}
    for days in _steps(inputs.lines, inputs.calendar, moves):
        day = days.start
        if day in moves:
            hand_over(opened, moves[day], day)
        ringing: dict[str, list[Rings]] = {name: [] for name in lines}
        for code, prison in prisons.items():
            ringing[inputs.lines.line_on(code, day)].append(prison.ringing(day))
        ended: dict[int, Ended] = {}
        for name, line in lines.items():
            for number, of_prison in line.play_day(day, ringing[name]).items():
                # of a prison that has just joined the national line, both lines tell
                before = ended.get(number)
                ended[number] = before.with_those(of_prison) if before else of_prison
        for prison in prisons.values():
            prison.play(days, ended.get(prison.number))
    opened.clear()
    closed = tuple(line.close(replication, tuple(prisons.values())) for line in lines.values())
    return Together(
        establishments=tuple(establishments),
        lines=closed,
        # a year that is told is let go before the next
        logs=(prisons.pop(code).close() for code in establishments),
        ended=Endings.of(closed),
    )


def _staff_there(inputs: SimulationInputs, line: str, *, seed: int, replication: int) -> Staff:
    """Give the agents of a line under the scenario."""
    here = inputs.places.get(line)
    people = 0 if here is None else int((here.from_day <= 0).sum())
    return staff_of(
        inputs.lines, line, inputs.calendar, people=people, seed=seed, replication=replication
    )


def _booked_together(prisons: Iterable[RingingPrison]) -> CallTable:
    """Put the calls of prisons into one book, and tell each where its own begin."""
    tables = []
    first = 0
    for prison in prisons:
        assert prison.calls is not None
        tables.append(prison.calls)
        prison.take_place(first)
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
    ended_on = own["minutes"] // MINUTES_PER_DAY
    for days in _steps(inputs.lines, inputs.calendar):
        of_day = own[ended_on == days.start]
        prison.play(days, Ended(*(of_day[name].tolist() for name in ANSWER_COLUMNS[1:])))
    return prison.close()


def _steps(lines: Lines, calendar: Calendar, moves: Container[int] = ()) -> list[range]:
    """Cut the year into steps that begin on a day on which lines are open, or people are moved.

    Until lines open again nobody rings, so what the desks say on the days between changes nothing
    for the lines.
    """
    is_open = lines.is_open(calendar, calendar.days).tolist()
    begin = [day for day in range(calendar.days) if not day or is_open[day] or day in moves]
    return [range(*step) for step in pairwise([*begin, calendar.days])]


def _open(
    inputs: SimulationInputs, establishments: Sequence[str], *, seed: int, replication: int
) -> dict[str, RingingPrison]:
    """Open the years of some prisons, and draw the calls of their families."""
    found = {}
    names = {"seed": seed, "replication": replication}
    lines, calendar = inputs.lines, inputs.calendar
    for number, code in enumerate(establishments):
        opened = open_year(inputs, establishment=code, by_line=True, **names)
        year = opened.year
        calls = family_calls(
            lines,
            year.place,
            year.visits,
            np.flatnonzero(opened.channel == CHANNELS.index(Channel.PHONE)),
            calendar,
            partial(
                receptions_of, year.place, calendar, inputs.early, lines.bank_holidays, **names
            ),
            **names,
        )
        found[code] = RingingPrison(opened, calls, lines, calendar, number)
    return found

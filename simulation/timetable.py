"""From weekly templates to the dated slots that one establishment offers in the year."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.words import DAYS, Availability, ConvictionStatus, split_words
from simulation.clock import DAYS_PER_WEEK, MINUTES_PER_DAY, Calendar, clock_minutes
from simulation.place import Place


class SessionKind(StrEnum):
    """When in the week a session is."""

    WEEKDAY = "weekday"
    EVENING = "evening"
    WEEKEND = "weekend"


KINDS = tuple(SessionKind)

CAN_COME = {
    Availability.WEEKDAY: (SessionKind.WEEKDAY,),
    Availability.AFTER_SCHOOL_OR_WORK: (SessionKind.EVENING, SessionKind.WEEKEND),
    Availability.WEEKEND: (SessionKind.WEEKEND,),
    Availability.ANY: KINDS,
}
"""The kinds of session a family can come to; who works or learns by day is free at weekends."""

MONDAY = 4
"""5 January 1970 in days since 1970: weeks of templates are counted from here."""

SATURDAY = 5

NO_DATE = np.iinfo(np.int64).min
"""In place of a date that is not given."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WeeklySlots:
    """The slots that an establishment can have in a week, in order; one entry per position.

    A visit session with open and closed tables is two positions, one for each. A period of video
    calls is as many positions as calls fit one after the other.

    Attributes
    ----------
    template
        Row of the template.
    session
        Positions with the same number are one session.
    weekday
        0 for Monday.
    start, end
        Minutes after midnight.
    tables
        Tables or stations; at least 1.
    closed
        Whether the tables are closed ones.
    kind
        Index into ``KINDS``.
    """

    template: NDArray[np.int64]
    session: NDArray[np.int64]
    weekday: NDArray[np.int64]
    start: NDArray[np.float64]
    end: NDArray[np.float64]
    tables: NDArray[np.int64]
    closed: NDArray[np.bool_]
    kind: NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DatedSlots:
    """The slots of a year, sorted by start; one entry per slot in every array.

    Attributes
    ----------
    weekly
        What a week can hold.
    weeks
        Weeks dated, from Monday to Sunday; the first one holds day 0.
    offset
        Weekday of day 0.
    week, position
        Week of each slot and its position in the week.
    day, start, end
        Simulated day, and simulation minutes.
    template, tables, kind
        As for the weekly slot.
    """

    weekly: WeeklySlots
    weeks: int
    offset: int
    week: NDArray[np.int64]
    position: NDArray[np.int64]
    day: NDArray[np.int64]
    start: NDArray[np.float64]
    end: NDArray[np.float64]
    template: NDArray[np.int64]
    tables: NDArray[np.int64]
    kind: NDArray[np.int64]

    def __len__(self) -> int:
        """Give the number of slots."""
        return len(self.day)


def visit_slots(
    templates: pd.DataFrame, calendar: Calendar, *, days: int, evening_from: str
) -> DatedSlots:
    """Date the visit sessions of one establishment.

    Parameters
    ----------
    templates
        Its rows of ``session_templates``, indexed from 0.
    calendar
        The simulated year.
    days
        Days to date, from day 0: the year and the longest notice.
    evening_from
        A weekday session that starts then or later is an evening session.

    Returns
    -------
    DatedSlots
        Slots without a table are left out.
    """
    rows = np.tile(np.arange(len(templates)), 2)
    closed = np.repeat([False, True], len(templates))
    weekly = _weekly(
        template=rows,
        session=rows,
        weekday=_weekdays(templates["day"])[rows],
        start=_times(templates["start"])[rows],
        end=_times(templates["end"])[rows],
        tables=np.concatenate([templates["open_tables"], templates["closed_tables"]]),
        closed=closed,
        evening_from=evening_from,
    )
    weeks = _monday_of_first_week(calendar) + DAYS_PER_WEEK * np.arange(_weeks(calendar, days))
    held = _held(templates, weeks)
    return _dated(weekly, held[:, weekly.template], calendar, days)


def video_slots(
    periods: pd.DataFrame, calendar: Calendar, *, days: int, evening_from: str, step_minutes: float
) -> DatedSlots:
    """Date the slots of the video stations of one establishment.

    Parameters
    ----------
    periods
        Its rows of ``video_stations``, indexed from 0.
    calendar, days, evening_from
        As for ``visit_slots``.
    step_minutes
        Length of a call and the changeover after it; a slot is at least the table's
        ``slot_minutes`` long.

    Returns
    -------
    DatedSlots
        As many whole slots as fit between start and end.
    """
    starts, ends = _times(periods["start"]), _times(periods["end"])
    steps = np.maximum(periods["slot_minutes"].to_numpy(np.float64), step_minutes)
    fitting = ((ends - starts) // steps).astype(np.int64)
    row = np.repeat(np.arange(len(periods)), fitting)
    number = np.arange(len(row)) - np.repeat(np.cumsum(fitting) - fitting, fitting)
    weekly = _weekly(
        template=row,
        session=np.arange(len(row)),
        weekday=_weekdays(periods["day"])[row],
        start=starts[row] + number * steps[row],
        end=starts[row] + (number + 1) * steps[row],
        tables=periods["stations"].to_numpy(np.int64)[row],
        closed=np.zeros(len(row), dtype=np.bool_),
        evening_from=evening_from,
    )
    every_week = np.ones((_weeks(calendar, days), len(weekly.template)), dtype=np.bool_)
    return _dated(weekly, every_week, calendar, days)


def acceptable_slots(
    weekly: WeeklySlots, place: Place, templates: pd.DataFrame | None = None
) -> list[int]:
    """Give for each party of a place the positions of the week it can come to, as bits.

    Parameters
    ----------
    weekly
        Of visits or of video calls.
    place
        Its parties, with the people they visit.
    templates
        The session templates, whose filters by conviction status, category and incentive level
        apply; ``None`` for video calls, which have no filters and no closed tables.

    Returns
    -------
    list of int
        One per party; bit ``i`` is position ``i``.
    """
    when = {
        str(availability): np.array([kind in kinds for kind in KINDS])[weekly.kind]
        for availability, kinds in CAN_COME.items()
    }
    if templates is None:
        written = {availability: bits(then) for availability, then in when.items()}
        return [written[availability] for availability in place.availability]
    filters = list(
        zip(
            templates["conviction_status"].tolist(),
            map(split_words, templates["categories"].tolist()),
            map(split_words, templates["incentive_levels"].tolist()),
            strict=True,
        )
    )

    @cache
    def positions(
        availability: str, conditions: bool, convicted: bool, category: str, level: str
    ) -> int:
        status = ConvictionStatus.CONVICTED if convicted else ConvictionStatus.REMAND
        admits = np.array(
            [
                only in ("", status)
                and (not categories or category in categories)
                and (not levels or level in levels)
                for only, categories, levels in filters
            ],
            dtype=np.bool_,
        )
        return bits(when[availability] & (weekly.closed == conditions) & admits[weekly.template])

    person = place.party_person
    return list(
        map(
            positions,
            place.availability.tolist(),
            place.conditions.tolist(),
            place.convicted[person].tolist(),
            place.category[person].tolist(),
            place.incentive_level[person].tolist(),
        )
    )


def _weekly(
    *,
    template: NDArray[np.int64],
    session: NDArray[np.int64],
    weekday: NDArray[np.int64],
    start: NDArray[np.float64],
    end: NDArray[np.float64],
    tables: NDArray[np.int64],
    closed: NDArray[np.bool_],
    evening_from: str,
) -> WeeklySlots:
    kept = np.flatnonzero(tables > 0)
    kept = kept[np.lexsort((closed[kept], template[kept], start[kept], weekday[kept]))]
    evening = start >= clock_minutes(evening_from)
    by_day = np.where(evening, KINDS.index(SessionKind.EVENING), KINDS.index(SessionKind.WEEKDAY))
    kind = np.where(weekday >= SATURDAY, KINDS.index(SessionKind.WEEKEND), by_day)
    return WeeklySlots(
        template=template[kept],
        session=session[kept],
        weekday=weekday[kept],
        start=start[kept],
        end=end[kept],
        tables=tables[kept],
        closed=closed[kept],
        kind=kind[kept],
    )


def _held(templates: pd.DataFrame, mondays: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Say in which weeks each template is held; shape (weeks, templates).

    ``mondays`` are days since 1970. A week counts from the week in which the template became
    valid, or from the first full week of 1970.
    """
    first, last = _valid(templates["valid_from"]), _valid(templates["valid_to"])
    date = mondays[:, np.newaxis] + _weekdays(templates["day"])
    anchor = np.where(first == NO_DATE, MONDAY, first)
    weeks = (date - MONDAY) // DAYS_PER_WEEK - (anchor - MONDAY) // DAYS_PER_WEEK
    held: NDArray[np.bool_] = weeks % templates["every_n_weeks"].to_numpy(np.int64) == 0
    held &= (first == NO_DATE) | (date >= first)
    held &= (last == NO_DATE) | (date <= last)
    return held


def _dated(
    weekly: WeeklySlots, held: NDArray[np.bool_], calendar: Calendar, days: int
) -> DatedSlots:
    offset = calendar.first_date.weekday()
    day = DAYS_PER_WEEK * np.arange(len(held))[:, np.newaxis] + weekly.weekday - offset
    # weeks are in order and positions in order within them, so the slots are sorted by start
    week, position = np.nonzero(held & (day >= 0) & (day < days))
    day = day[week, position]
    midnight = day * float(MINUTES_PER_DAY)
    return DatedSlots(
        weekly=weekly,
        weeks=len(held),
        offset=offset,
        week=week,
        position=position,
        day=day,
        start=midnight + weekly.start[position],
        end=midnight + weekly.end[position],
        template=weekly.template[position],
        tables=weekly.tables[position],
        kind=weekly.kind[position],
    )


def bits(members: NDArray[np.bool_]) -> int:
    """Write a set of positions as one integer: bit ``i`` is set when position ``i`` is in it.

    Examples
    --------
    >>> bin(bits(np.array([True, False, True, True])))
    '0b1101'
    """
    return int.from_bytes(np.packbits(members, bitorder="little").tobytes(), "little")


def _weeks(calendar: Calendar, days: int) -> int:
    return -(-(days + calendar.first_date.weekday()) // DAYS_PER_WEEK)


def _monday_of_first_week(calendar: Calendar) -> int:
    return (calendar.first_date - date(1970, 1, 1)).days - calendar.first_date.weekday()


def _weekdays(column: pd.Series[str]) -> NDArray[np.int64]:
    return np.array([DAYS.index(day) for day in column.tolist()], dtype=np.int64)


def _times(column: pd.Series[str]) -> NDArray[np.float64]:
    return np.array([clock_minutes(time) for time in column.tolist()], dtype=np.float64)


def _valid(column: pd.Series[str]) -> NDArray[np.int64]:
    """Give dates as days since 1970, ``NO_DATE`` where the cell is empty."""
    dates = np.array(column.tolist(), dtype="datetime64[D]")
    return np.where(np.isnat(dates), NO_DATE, dates.astype(np.int64))

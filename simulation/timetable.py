"""From weekly templates to the dated slots that one establishment offers in the year."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from data.words import DAYS, Availability, ConvictionStatus, OrderRule, TemplateKind, admits
from simulation.clock import DAYS_PER_WEEK, MINUTES_PER_DAY, Calendar, clock_minutes
from simulation.coming import Coming
from simulation.open_days import EVERY_DAY, MONDAY, OpenDays, days_since_1970
from simulation.place import Place
from simulation.regime import FAMILY_DAY_TEMPLATE

if TYPE_CHECKING:
    import pandas as pd


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

ORDER_RULES = ("", *map(str, OrderRule))
"""Which order a session asks for: either, a visit order, a privileged one, none."""

FILTERS = ("conviction_status", "categories", "incentive_levels", "units")
"""Columns that say whom a session is for or not for."""

SATURDAY = 5

NO_DATE = np.iinfo(np.int64).min
"""In place of a date that is not given."""


Columns: TypeAlias = Mapping[str, Sequence[Any]]
"""The columns of a small table by name: what a process can be handed without a library of tables,
and quicker to read than a table where there are many small ones."""


def columns_of(table: pd.DataFrame) -> dict[str, list[Any]]:
    """Give a table as plain columns."""
    return {str(name): table[name].tolist() for name in table}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WeeklySlots:
    """The slots that an establishment can have in a week, in order; one entry per position.

    A visit session with open and closed tables is two positions, one for each. A period of video
    calls is as many positions as calls fit one after the other. What differs from one date to the
    next is a position of its own: a daytime session of a weekday may be two, of which one stands
    for the days without school.

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
    without_school
        Whether the position is held on days without school only.
    by_school
        Whether it is one of two, of which one is held on school days and one on the others.
    family_day
        Whether it is for families with children only.
    order_rule
        Index into ``ORDER_RULES``.
    """

    template: NDArray[np.int64]
    session: NDArray[np.int64]
    weekday: NDArray[np.int64]
    start: NDArray[np.float64]
    end: NDArray[np.float64]
    tables: NDArray[np.int64]
    closed: NDArray[np.bool_]
    kind: NDArray[np.int64]
    without_school: NDArray[np.bool_]
    by_school: NDArray[np.bool_]
    family_day: NDArray[np.bool_]
    order_rule: NDArray[np.int64]


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
    templates: Columns,
    calendar: Calendar,
    *,
    days: int,
    evening_from: str,
    open_days: OpenDays = EVERY_DAY,
    by_school: bool = False,
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
    open_days
        Closures, and the dates of the scenario's family days.
    by_school
        Whether somebody comes on weekdays only when there is no school, so that daytime sessions of
        weekdays are two positions.

    Returns
    -------
    DatedSlots
        Slots without a table are left out.
    """
    number = len(templates["day"])
    rows = np.tile(np.arange(number), 2)
    closed = np.repeat([False, True], number)
    weekly = _weekly(
        template=rows,
        session=rows,
        weekday=_weekdays(templates["day"])[rows],
        start=_times(templates["start"])[rows],
        end=_times(templates["end"])[rows],
        tables=np.array([*templates["open_tables"], *templates["closed_tables"]], dtype=np.int64),
        closed=closed,
        evening_from=evening_from,
        by_school=by_school,
        family_day=_family_days(templates)[rows],
        order_rule=order_rules(templates)[rows],
    )
    weeks = _monday_of_first_week(calendar) + DAYS_PER_WEEK * np.arange(_weeks(calendar, days))
    held = _held(templates, weeks, open_days)
    return _dated(weekly, held[:, weekly.template], calendar, days, open_days)


def video_slots(
    periods: Columns,
    calendar: Calendar,
    *,
    days: int,
    evening_from: str,
    step_minutes: float,
    open_days: OpenDays = EVERY_DAY,
    by_school: bool = False,
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
    open_days, by_school
        As for ``visit_slots``; stations have no closures.

    Returns
    -------
    DatedSlots
        As many whole slots as fit between start and end.
    """
    starts, ends = _times(periods["start"]), _times(periods["end"])
    steps = np.maximum(np.array(periods["slot_minutes"], dtype=np.float64), step_minutes)
    fitting = ((ends - starts) // steps).astype(np.int64)
    row = np.repeat(np.arange(len(starts)), fitting)
    number = np.arange(len(row)) - np.repeat(np.cumsum(fitting) - fitting, fitting)
    weekly = _weekly(
        template=row,
        session=np.arange(len(row)),
        weekday=_weekdays(periods["day"])[row],
        start=starts[row] + number * steps[row],
        end=starts[row] + (number + 1) * steps[row],
        tables=np.array(periods["stations"], dtype=np.int64)[row],
        closed=np.zeros(len(row), dtype=np.bool_),
        evening_from=evening_from,
        by_school=by_school,
        family_day=np.zeros(len(row), dtype=np.bool_),
        order_rule=np.full(len(row), ORDER_RULES.index(OrderRule.NO_ORDER)),
    )
    every_week = np.ones((_weeks(calendar, days), len(weekly.template)), dtype=np.bool_)
    return _dated(weekly, every_week, calendar, days, open_days)


def next_sessions(slots: DatedSlots, templates: Columns, gap_minutes: float) -> NDArray[np.int64]:
    """Give for each slot the one that follows it in its hall, for double sessions.

    Parameters
    ----------
    slots
        Visit sessions of one establishment.
    templates
        Its rows of ``session_templates``, whose halls, kinds and filters are read.
    gap_minutes
        Most minutes between the end of the one and the start of the other.

    Returns
    -------
    ndarray of int64
        Index of the next slot of the same hall for the same people, with the same kind of table
        and on the same day; -1 where there is none so soon.
    """
    alike: dict[tuple[str, ...], int] = {}
    rows = zip(*(templates[name] for name in ("hall", "kind", *FILTERS)), strict=True)
    number = [alike.setdefault(row, len(alike)) for row in rows]
    hall = np.array(number, dtype=np.int64)[slots.template]
    closed = slots.weekly.closed[slots.position]
    order = np.lexsort((slots.start, closed, hall))
    one, other = order[:-1], order[1:]
    gap = slots.start[other] - slots.end[one]
    follows = (hall[one] == hall[other]) & (closed[one] == closed[other])
    follows &= (slots.day[one] == slots.day[other]) & (gap >= 0) & (gap <= gap_minutes)
    found = np.full(len(slots), -1)
    found[one[follows]] = other[follows]
    return found


def acceptable_slots(
    weekly: WeeklySlots, place: Place, coming: Coming, templates: Columns | None = None
) -> list[int]:
    """Give for each party of a place the positions of the week it can come to, as bits.

    Parameters
    ----------
    weekly
        Of visits or of video calls.
    place
        Its parties, with the people they visit.
    coming
        What the day lets each party do.
    templates
        The session templates, whose filters by conviction status, category, incentive level and
        unit apply; ``None`` for video calls, which have no filters and no closed tables.

    Returns
    -------
    list of int
        One per party; bit ``i`` is position ``i``.
    """
    when = {
        str(availability): np.array([kind in kinds for kind in KINDS])[weekly.kind]
        for availability, kinds in CAN_COME.items()
    }
    # the times of day that tell positions apart are few, so parties alike in them share the work
    starts, ends = np.unique(weekly.start), np.unique(weekly.end)
    first_start = np.searchsorted(starts, coming.earliest_start).tolist()
    last_end = (np.searchsorted(ends, coming.latest_end, side="right") - 1).tolist()
    start_rank, end_rank = np.searchsorted(starts, weekly.start), np.searchsorted(ends, weekly.end)

    @cache
    def in_time(availability: str, in_holidays: bool, first: int, last: int) -> NDArray[np.bool_]:
        then = when[availability] | (weekly.without_school & in_holidays)
        return np.asarray(then & (start_rank >= first) & (end_rank <= last), dtype=np.bool_)

    @cache
    def at_times(availability: str, in_holidays: bool, first: int, last: int) -> int:
        return bits(in_time(availability, in_holidays, first, last))

    times = (place.availability.tolist(), coming.in_holidays.tolist(), first_start, last_end)
    if templates is None:
        return list(map(at_times, *times))

    @cache
    def lets_in(column: str, word: str) -> NDArray[np.bool_]:
        through = [admits(cell, word) for cell in templates[column]]
        return np.array(through, dtype=np.bool_)[weekly.template]

    @cache
    def admitted(convicted: bool, *words: str) -> NDArray[np.bool_]:
        status = ConvictionStatus.CONVICTED if convicted else ConvictionStatus.REMAND
        through = np.ones(len(weekly.template), dtype=np.bool_)
        for column, word in zip(FILTERS, (str(status), *words), strict=True):
            through &= lets_in(column, word)
        return through

    @cache
    def positions(
        availability: str,
        in_holidays: bool,
        first: int,
        last: int,
        conditions: bool,
        with_children: bool,
        *person: Any,
    ) -> int:
        fitting = in_time(availability, in_holidays, first, last) & admitted(*person)
        fitting &= weekly.closed == conditions
        return bits(fitting if with_children else fitting & ~weekly.family_day)

    person = place.party_person
    return list(
        map(
            positions,
            *times,
            place.conditions.tolist(),
            (place.children > 0).tolist(),
            place.convicted[person].tolist(),
            place.category[person].tolist(),
            place.incentive_level[person].tolist(),
            place.unit[person].tolist(),
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
    by_school: bool,
    family_day: NDArray[np.bool_],
    order_rule: NDArray[np.int64],
) -> WeeklySlots:
    evening = start >= clock_minutes(evening_from)
    by_day = np.where(evening, KINDS.index(SessionKind.EVENING), KINDS.index(SessionKind.WEEKDAY))
    kind = np.where(weekday >= SATURDAY, KINDS.index(SessionKind.WEEKEND), by_day)
    kept = np.flatnonzero(tables > 0)
    kept = kept[np.lexsort((closed[kept], template[kept], start[kept], weekday[kept]))]
    two = by_school & (kind[kept] == KINDS.index(SessionKind.WEEKDAY))
    kept, two = np.repeat(kept, 1 + two), np.repeat(two, 1 + two)
    second = np.diff(kept, prepend=-1) == 0
    return WeeklySlots(
        template=template[kept],
        session=session[kept],
        weekday=weekday[kept],
        start=start[kept],
        end=end[kept],
        tables=tables[kept],
        closed=closed[kept],
        kind=kind[kept],
        without_school=second,
        by_school=two,
        family_day=family_day[kept],
        order_rule=order_rule[kept],
    )


def order_rules(templates: Columns) -> NDArray[np.int64]:
    """Give the order that each template asks for, as a number of ``ORDER_RULES``.

    Parameters
    ----------
    templates
        One row per template: kind and order_rule are read.

    Returns
    -------
    ndarray of int64
        Shape (templates,).
    """
    rule = np.array([ORDER_RULES.index(rule) for rule in templates["order_rule"]], dtype=np.int64)
    # nobody needs an order for a family day, whatever its row says
    return np.where(_family_days(templates), ORDER_RULES.index(OrderRule.NO_ORDER), rule)


def _family_days(templates: Columns) -> NDArray[np.bool_]:
    return np.array([kind == TemplateKind.FAMILY_DAY for kind in templates["kind"]], dtype=np.bool_)


def _held(templates: Columns, mondays: NDArray[np.int64], open_days: OpenDays) -> NDArray[np.bool_]:
    """Say in which weeks each template is held; shape (weeks, templates).

    ``mondays`` are days since 1970. A week counts from the week in which the template became
    valid, or from the first full week of 1970.
    """
    first, last = _valid(templates["valid_from"]), _valid(templates["valid_to"])
    date = mondays[:, np.newaxis] + _weekdays(templates["day"])
    anchor = np.where(first == NO_DATE, MONDAY, first)
    weeks = (date - MONDAY) // DAYS_PER_WEEK - (anchor - MONDAY) // DAYS_PER_WEEK
    held: NDArray[np.bool_] = weeks % np.array(templates["every_n_weeks"], dtype=np.int64) == 0
    held &= (first == NO_DATE) | (date >= first)
    held &= (last == NO_DATE) | (date <= last)
    names = np.array(templates["template"], dtype=object)
    family = np.array([name.endswith(FAMILY_DAY_TEMPLATE) for name in names], dtype=np.bool_)
    held[:, family] &= np.isin(date[:, family], open_days.family_days)
    for closure in open_days.closures:
        of_template = names == closure.template if closure.template else slice(None)
        then = date[:, of_template]
        held[:, of_template] &= (then < closure.first) | (then > closure.last)
    return held


def _dated(
    weekly: WeeklySlots,
    held: NDArray[np.bool_],
    calendar: Calendar,
    days: int,
    open_days: OpenDays,
) -> DatedSlots:
    offset = calendar.first_date.weekday()
    day = DAYS_PER_WEEK * np.arange(len(held))[:, np.newaxis] + weekly.weekday - offset
    if weekly.by_school.any():
        is_free = open_days.is_free(day, calendar)
        held = held & (~weekly.by_school | (is_free == weekly.without_school))
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
    return days_since_1970(calendar.first_date) - calendar.first_date.weekday()


def _weekdays(column: Sequence[str]) -> NDArray[np.int64]:
    return np.array([DAYS.index(day) for day in column], dtype=np.int64)


def _times(column: Sequence[str]) -> NDArray[np.float64]:
    return np.array([clock_minutes(time) for time in column], dtype=np.float64)


def _valid(column: Sequence[str]) -> NDArray[np.int64]:
    """Give dates as days since 1970, ``NO_DATE`` where the cell is empty."""
    dates = np.array(list(column), dtype="datetime64[D]")
    return np.where(np.isnat(dates), NO_DATE, dates.astype(np.int64))

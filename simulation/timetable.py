"""From weekly templates to the dated slots that one establishment offers in the year."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.words import DAYS, Availability, split_words
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

MONDAY = np.datetime64("1970-01-05", "D")
"""Weeks of templates that are not held every week are counted from here."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DatedSlots:
    """The slots of one establishment, sorted by start; one entry per slot in every array.

    A visit session with open and closed tables is two slots, one for each. A slot of video calls
    is one, with as many places as there are stations.

    Attributes
    ----------
    template
        Row of the template the slot comes from.
    session
        Number of the session, shared by its open and its closed slot.
    day
        Day of the simulated calendar.
    start, end
        Simulation minutes.
    tables
        Tables or stations.
    closed
        Whether the tables are closed ones.
    kind
        Index into ``KINDS``.
    """

    template: NDArray[np.int64]
    session: NDArray[np.int64]
    day: NDArray[np.int64]
    start: NDArray[np.float64]
    end: NDArray[np.float64]
    tables: NDArray[np.int64]
    closed: NDArray[np.bool_]
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
    first, last = _valid(templates["valid_from"]), _valid(templates["valid_to"])
    origin = np.datetime64(calendar.first_date, "D")
    parts = []
    for row, (weekday, every) in enumerate(
        zip(templates["day"], templates["every_n_weeks"], strict=True)
    ):
        held = _days_on(str(weekday), calendar, days)
        dates = origin + held
        anchor = MONDAY if np.isnat(first[row]) else first[row]
        weeks = (dates - MONDAY).astype(np.int64) // DAYS_PER_WEEK
        weeks -= int((anchor - MONDAY).astype(np.int64) // DAYS_PER_WEEK)
        kept = weeks % int(every) == 0
        kept &= np.isnat(first[row]) | (dates >= first[row])
        kept &= np.isnat(last[row]) | (dates <= last[row])
        parts.append((row, held[kept]))
    template = np.repeat([row for row, _ in parts], [len(held) for _, held in parts]).astype(int)
    day = np.concatenate([np.empty(0, np.int64), *(held for _, held in parts)])
    session = np.arange(len(day))
    tables = templates[["open_tables", "closed_tables"]].to_numpy(np.int64)
    return _sorted(
        template=np.tile(template, 2),
        session=np.tile(session, 2),
        day=np.tile(day, 2),
        tables=np.concatenate([tables[template, 0], tables[template, 1]]),
        closed=np.repeat([False, True], len(day)),
        start=_times(templates["start"])[np.tile(template, 2)],
        end=_times(templates["end"])[np.tile(template, 2)],
        calendar=calendar,
        evening_from=evening_from,
    )


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
    parts: list[tuple[int, float, NDArray[np.int64]]] = []
    for row, weekday in enumerate(periods["day"]):
        held = _days_on(str(weekday), calendar, days)
        for number in range(int((ends[row] - starts[row]) // steps[row])):
            parts.append((row, float(starts[row] + number * steps[row]), held))
    template = np.repeat([row for row, _, _ in parts], [len(h) for _, _, h in parts]).astype(int)
    start = np.repeat([float(begin) for _, begin, _ in parts], [len(h) for _, _, h in parts])
    day = np.concatenate([np.empty(0, np.int64), *(held for _, _, held in parts)])
    return _sorted(
        template=template,
        session=np.arange(len(day)),
        day=day,
        tables=periods["stations"].to_numpy(np.int64)[template],
        closed=np.zeros(len(day), dtype=np.bool_),
        start=start,
        end=start + steps[template],
        calendar=calendar,
        evening_from=evening_from,
    )


def acceptable_slots(
    slots: DatedSlots, place: Place, templates: pd.DataFrame | None = None
) -> list[int]:
    """Give for each party of a place the slots it can come to, as bits.

    Parameters
    ----------
    slots
        Of visits or of video calls.
    place
        Its parties, with the people they visit.
    templates
        The session templates of the slots, whose filters by conviction status, category and
        incentive level apply; ``None`` for video calls, which have no filters and no closed tables.

    Returns
    -------
    list of int
        One per party; bit ``i`` is slot ``i``.
    """
    from simulation.slots import bits

    kinds = {kind: slots.kind == index for index, kind in enumerate(KINDS)}
    when = {
        str(availability): np.any([kinds[kind] for kind in known], axis=0)
        for availability, known in CAN_COME.items()
    }
    if templates is None:
        written = {availability: bits(slots_then) for availability, slots_then in when.items()}
        return [written[availability] for availability in place.availability]
    filters = list(
        zip(
            templates["conviction_status"],
            map(split_words, templates["categories"]),
            map(split_words, templates["incentive_levels"]),
            strict=True,
        )
    )
    known: dict[tuple[object, ...], int] = {}
    found = []
    person = place.party_person
    for party in zip(
        place.availability,
        place.conditions.tolist(),
        place.convicted[person].tolist(),
        place.category[person],
        place.incentive_level[person],
        strict=True,
    ):
        if party not in known:
            availability, conditions, convicted, category, level = party
            status = "convicted" if convicted else "remand"
            admits = np.array(
                [
                    only in ("", status)
                    and (not categories or category in categories)
                    and (not levels or level in levels)
                    for only, categories, levels in filters
                ],
                dtype=np.bool_,
            )
            fits = when[availability] & (slots.closed == conditions) & admits[slots.template]
            known[party] = bits(fits)
        found.append(known[party])
    return found


def _sorted(
    *,
    template: NDArray[np.int64],
    session: NDArray[np.int64],
    day: NDArray[np.int64],
    tables: NDArray[np.int64],
    closed: NDArray[np.bool_],
    start: NDArray[np.float64],
    end: NDArray[np.float64],
    calendar: Calendar,
    evening_from: str,
) -> DatedSlots:
    kept = np.flatnonzero(tables > 0)
    kept = kept[np.lexsort((closed[kept], template[kept], start[kept], day[kept]))]
    weekend = calendar.weekdays(day) >= 5
    evening = ~weekend & (start >= clock_minutes(evening_from))
    kind = np.where(weekend, KINDS.index(SessionKind.WEEKEND), np.where(evening, 1, 0))
    midnight = day * float(MINUTES_PER_DAY)
    return DatedSlots(
        template=template[kept],
        session=session[kept],
        day=day[kept],
        start=(midnight + start)[kept],
        end=(midnight + end)[kept],
        tables=tables[kept],
        closed=closed[kept],
        kind=kind[kept],
    )


def _days_on(weekday: str, calendar: Calendar, days: int) -> NDArray[np.int64]:
    first = (DAYS.index(weekday) - calendar.first_date.weekday()) % DAYS_PER_WEEK
    return np.arange(first, days, DAYS_PER_WEEK, dtype=np.int64)


def _times(column: pd.Series) -> NDArray[np.float64]:
    return np.array([clock_minutes(str(time)) for time in column], dtype=np.float64)


def _valid(column: pd.Series) -> NDArray[np.datetime64]:
    return pd.to_datetime(column, errors="coerce").to_numpy("datetime64[D]")

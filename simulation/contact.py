"""How long people go without contact, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulation.clock import DAYS_PER_PERIOD, Calendar

DAYS_PER_QUARTER = 90
"""The longer time without contact that is counted."""

UNMET, NOT_THEN, BY_CHOICE, BARRED, NOBODY = WHY = (
    "unmet", "not_then", "by_choice", "barred", "nobody",
)  # fmt: skip
"""Why there was no contact: something that the family asked for in that time came to nothing
through no doing of its own; all it asked for was booked for another time, cancelled or missed by
the family, or not answered when the year ended; somebody could visit and did not ask, be it for
the price of the trip or after a bad experience; there are contacts and none of them may visit; no
contact is known."""

Counts = dict[str, NDArray[np.float64]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Days:
    """Whose events of one kind were on which days; one entry per event in both arrays."""

    person: NDArray[np.int64]
    day: NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Presence:
    """First day of each person's stay, and the day on which it is over; int64."""

    from_day: NDArray[np.int64]
    until_day: NDArray[np.int64]

    def share_of_year(self, calendar: Calendar) -> NDArray[np.float64]:
        """Give the share of the measured year that each person is there."""
        first, last = calendar.warm_up_days, calendar.days
        days = np.clip(self.until_day, first, last) - np.clip(self.from_day, first, last)
        return days / (last - first)

    def throughout(self, calendar: Calendar, length: int) -> NDArray[np.bool_]:
        """Say whether each person is there all through each span; shape (people, spans)."""
        measured = calendar.days - calendar.warm_up_days
        begins = calendar.warm_up_days + length * np.arange(max(1, measured // length))
        ends = np.minimum(begins + length, calendar.days)
        there = self.from_day[:, np.newaxis] <= begins
        return there & (self.until_day[:, np.newaxis] >= ends)


def contact_since_move(
    calendar: Calendar, *, visits: Days, calls: Days, presence: Presence
) -> tuple[Counts, Counts]:
    """Count the four weeks of people who were moved, from the move on.

    Parameters
    ----------
    calendar, visits, calls, presence
        As for ``contact_counts``. Four weeks that a stay or the year ends in do not count.

    Returns
    -------
    tuple of dict of ndarray of float64
        Of the first four weeks, and of those after them, counts per person; 0 where nobody moved.
    """
    people = len(presence.from_day)
    spans = -(-calendar.days // DAYS_PER_PERIOD)
    end = np.minimum(presence.until_day, calendar.days)
    complete = np.where(presence.from_day > 0, (end - presence.from_day) // DAYS_PER_PERIOD, 0)
    there = np.arange(spans) < complete[:, np.newaxis]

    def counted(days: Days) -> NDArray[np.int64]:
        span = (days.day - presence.from_day[days.person]) // DAYS_PER_PERIOD
        flat = np.bincount(days.person * spans + span, minlength=people * spans)
        return flat.reshape(people, spans)

    with_visit, with_call = counted(visits), counted(calls)
    contacts = with_visit + with_call
    found: Sequence[Counts] = [
        {
            "person_periods": _spans(there[:, chosen]),
            "periods_with_visit": _spans((with_visit > 0)[:, chosen] & there[:, chosen]),
            "periods_with_regular_contact": _spans((contacts > 1)[:, chosen] & there[:, chosen]),
            "periods_without_contact": _spans((contacts == 0)[:, chosen] & there[:, chosen]),
        }
        for chosen in (slice(0, 1), slice(1, None))
    ]
    return found[0], found[1]


def contact_counts(
    calendar: Calendar,
    *,
    has_party: NDArray[np.bool_],
    contact_refused: NDArray[np.bool_],
    visits: Days,
    calls: Days,
    asked: Days,
    unmet: Days,
    presence: Presence,
) -> Counts:
    """Count for each person the four weeks and the 90 days with and without contact.

    Of a person who is moved in the year, only the spans count that lie within one stay.

    Parameters
    ----------
    calendar
        The measured year is cut into four weeks and into 90 days from its first day on; a part
        left over at its end does not count, but a shorter year is one such part.
    has_party, contact_refused
        Whether anybody would visit each person, and whether there are contacts of whom none may;
        shape (people,).
    visits, calls
        Visits and calls that took place in the measured year.
    asked
        Requests for either that were made.
    unmet
        Those of them that came to nothing through no doing of the family.
    presence
        When each person is there.

    Returns
    -------
    dict of ndarray of float64
        Counts per person.
    """
    people = len(has_party)
    with_visit, with_call = (
        _by_span(days, people, calendar, DAYS_PER_PERIOD) for days in (visits, calls)
    )
    contacts = with_visit + with_call
    there = presence.throughout(calendar, DAYS_PER_PERIOD)
    all_year = presence.share_of_year(calendar) == 1.0
    # weeks left over after the last whole four are of the year all the same
    in_year = np.bincount(np.concatenate([visits.person, calls.person]), minlength=people)
    counts: Counts = {
        "periods_with_visit": _spans((with_visit > 0) & there),
        "periods_with_video": _spans((with_call > 0) & there),
        "periods_with_regular_contact": _spans((contacts > 1) & there),
        "people_all_year": all_year.astype(np.float64),
        "people_without_contact": ((in_year == 0) & all_year).astype(np.float64),
    }
    for name, span in (("periods", DAYS_PER_PERIOD), ("quarters", DAYS_PER_QUARTER)):
        of_span = [_by_span(days, people, calendar, span) for days in (visits, calls, asked, unmet)]
        there = presence.throughout(calendar, span)
        without = (of_span[0] + of_span[1] == 0) & there
        has_asked, is_unmet = of_span[2] > 0, of_span[3] > 0
        whose = {
            UNMET: is_unmet,
            NOT_THEN: has_asked & ~is_unmet,
            BY_CHOICE: ~has_asked & has_party[:, np.newaxis],
            BARRED: ~has_asked & (contact_refused & ~has_party)[:, np.newaxis],
            NOBODY: ~has_asked & ~(has_party | contact_refused)[:, np.newaxis],
        }
        counts[f"person_{name}"] = _spans(there)
        counts[f"{name}_without_contact"] = _spans(without)
        counts |= {f"{name}_without_contact_{why}": _spans(without & whose[why]) for why in WHY}
    return counts


def _spans(which: NDArray[np.bool_]) -> NDArray[np.float64]:
    return np.asarray(which.sum(axis=1), dtype=np.float64)


def _by_span(days: Days, people: int, calendar: Calendar, length: int) -> NDArray[np.int64]:
    """Count events of each person by spans of so many days; shape (people, spans)."""
    spans = max(1, (calendar.days - calendar.warm_up_days) // length)
    span = (days.day - calendar.warm_up_days) // length
    counted = span < spans
    flat = np.bincount(days.person[counted] * spans + span[counted], minlength=people * spans)
    return flat.reshape(people, spans)

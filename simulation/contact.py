"""How long people go without contact, and why."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulation.clock import DAYS_PER_PERIOD, Calendar

DAYS_PER_QUARTER = 90
"""The longer time without contact that is counted."""

UNMET, BY_CHOICE, BARRED, NOBODY = WHY = ("unmet", "by_choice", "barred", "nobody")
"""Why there was no contact: the family asked and nothing came of it; somebody could visit and did
not ask, be it for the price of the trip; there are contacts and none of them may visit; no contact
is known."""

Counts = dict[str, NDArray[np.float64]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Days:
    """Whose events of one kind were on which days; one entry per event in both arrays."""

    person: NDArray[np.int64]
    day: NDArray[np.int64]


def contact_counts(
    calendar: Calendar,
    *,
    has_party: NDArray[np.bool_],
    contact_refused: NDArray[np.bool_],
    visits: Days,
    calls: Days,
    asked: Days,
) -> Counts:
    """Count for each person the four weeks and the 90 days with and without contact.

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
        Requests for either.

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
    counts: Counts = {
        "periods_with_visit": _spans(with_visit > 0),
        "periods_with_video": _spans(with_call > 0),
        "periods_with_regular_contact": _spans(contacts > 1),
        "people_without_contact": (contacts.sum(axis=1) == 0).astype(np.float64),
    }
    for name, span in (("periods", DAYS_PER_PERIOD), ("quarters", DAYS_PER_QUARTER)):
        of_span = [_by_span(days, people, calendar, span) for days in (visits, calls, asked)]
        without = of_span[0] + of_span[1] == 0
        unmet = of_span[2] > 0
        whose = {
            UNMET: unmet,
            BY_CHOICE: ~unmet & has_party[:, np.newaxis],
            BARRED: ~unmet & (contact_refused & ~has_party)[:, np.newaxis],
            NOBODY: ~unmet & ~(has_party | contact_refused)[:, np.newaxis],
        }
        counts[f"person_{name}"] = np.full(people, float(without.shape[1]))
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

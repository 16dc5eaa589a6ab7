"""From the log of a year to measures: first counts and sums that add up, then shares and means."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from data.words import ESTATE, Sex, TemplateKind
from simulation.clock import DAYS_PER_PERIOD, DAYS_PER_WEEK, MINUTES_PER_DAY, Calendar
from simulation.contact import WHY, Counts, Days, Presence, contact_counts, contact_since_move
from simulation.log import (
    CODE,
    OUTCOMES,
    REQUEST_ENDS,
    TURNED_AWAY_FOR_GOOD,
    UNMET_ENDS,
    VisitLog,
    VisitOutcome,
)
from simulation.open_days import WEEKS_PER_YEAR
from simulation.place import Place
from simulation.simulate import SimulationInputs
from simulation.sums import (
    Measure,
    Value,
    mean_of,
    measured,
    quantiles_of,
    rows_of,
    share_of,
    sum_of,
)
from simulation.tallies import COLUMNS, Tally
from simulation.timetable import KINDS

if TYPE_CHECKING:
    import pandas as pd

PENDING = "pending"
WAITED = "waited"
"""The quantity that counts visits by days waited."""

KEYS = ["replication", "establishment", "group_by", "group"]
_WORDS = ("establishment", "group_by", "group", "quantity")
"""Columns of tallies that hold few words many times; as categories they are sorted far sooner."""

MEASURE_COLUMNS = [*KEYS, "measure", "measure_unit", "value"]

DISTANCE_BANDS = ("under_25_miles", "25_to_50_miles", "50_to_100_miles", "over_100_miles")
BAND_EDGES_MILES = (25.0, 50.0, 100.0)

GROUPS: dict[str, tuple[str, ...]] = {
    "all": ("all",),
    "session_kind": tuple(map(str, KINDS)),
    "session_sort": tuple(map(str, TemplateKind)),
    "outcome": (*map(str, REQUEST_ENDS), PENDING),
    "sex": (str(Sex.MEN), str(Sex.WOMEN)),
    "children_under_18": ("no", "yes"),
    "distance_band": DISTANCE_BANDS,
    "care_experience": ("never_in_care", "in_care_as_a_child"),
    "nationality": ("british_or_irish", "foreign_national"),
    "income": ("other_income", "low_income", "without_visitors"),
    "car": ("with_car", "without_car", "without_visitors"),
    "since_move": ("weeks_0_to_4", "weeks_5_to_52", "not_moved"),
    "days_since_sentence": (
        "sentenced_under_28_days_ago", "sentenced_28_to_89_days_ago",
        "sentenced_90_to_364_days_ago", "sentenced_a_year_ago_or_more", "not_sentenced",
    ),
    "days_to_release": (
        "release_within_28_days", "release_in_28_to_89_days",
        "release_in_90_to_364_days", "release_in_a_year_or_more", "no_release_date",
    ),
}  # fmt: skip
"""Every ``group_by`` and its groups, but regions; a group without events has explicit zeros."""

REGION = "region"
"""The ``group_by`` of the regions that establishments lie in, given for the estate only."""

STAGE_EDGES_DAYS = (28.0, 90.0, 365.0)

SINCE_MOVE = "since_move"
"""The ``group_by`` of people who are moved in the year: their first four weeks, and the time after
them. A move that a plan makes before the year does not count."""

OF_STAGES = ("days_since_sentence", "days_to_release")
OF_PEOPLE = (
    "all", "sex", "children_under_18", "distance_band", "care_experience", "nationality", "income",
    "car", REGION,
)  # fmt: skip
OF_PLACES = ("all", REGION)
OF_MOVES = (*OF_PLACES, SINCE_MOVE)
BY_SESSION = ("session_kind", "session_sort")
"""When in the week sessions are, and whether they are family days."""

OF_SESSIONS = (*OF_PLACES, *BY_SESSION)
OF_VISITS = (*OF_PEOPLE, *BY_SESSION)
OF_CALLS = (*OF_PEOPLE, "session_kind")
OF_STATIONS = (*OF_PLACES, "session_kind")

OF_A_STAGE = (
    "people", "person_periods", "periods_with_visit", "periods_with_regular_contact",
    "periods_without_contact", "visits",
)  # fmt: skip
"""The quantities that are given by stage of the sentence, on entry and before release."""

OF_A_MOVE = (
    *OF_A_STAGE, "requests", "bookings_fell", "attempts_before_approval", "video_requests",
    "video_calls", "video_fell", "video_before_clearance",
)  # fmt: skip
"""The quantities that are given by the time since a move."""

CUT_SHORT_MINUTES = 15.0
"""A visit that is shorter than its session by more than this is cut short."""


def tally(logs: Iterable[VisitLog], inputs: SimulationInputs) -> Tally:
    """Count and add up what happened in the measured year at each of some establishments.

    Visits, calls, bookings and cancellations count on the day they take place; requests count on
    the day they are made, by how they end, and those that are put off are not among them. What
    happens in the warm-up does not count.

    Parameters
    ----------
    logs
        Each of one replication at one establishment; none is needed longer than its turn lasts.
    inputs
        What they were played on.

    Returns
    -------
    Tally
        One row for each group and quantity, and for each group and number of days waited one of the
        quantity ``waited``. All are sums over people or visits, so rows of several establishments
        add up.
    """
    rows = Tally()
    for log in logs:
        _add_year(rows, log, inputs)
    return rows


def _add_year(rows: Tally, log: VisitLog, inputs: SimulationInputs) -> None:
    rows.begin(log.establishment, log.replication)
    events = _Events.of(log, inputs)
    by_person = _of_each_person(log, inputs, events)
    for name, values in _since_move(log, inputs, events, by_person).items():
        rows.add(SINCE_MOVE, GROUPS[SINCE_MOVE], name, values)
    for group_by, code in _groups_of_people(log).items():
        groups = GROUPS[group_by]
        names = OF_A_STAGE if group_by in OF_STAGES else by_person
        for name in names:
            sums = np.bincount(code, weights=by_person[name], minlength=len(groups))
            rows.add(group_by, groups, name, sums.astype(np.float64))
        if group_by not in OF_STAGES:
            waiting = code[events.visit_person]
            rows.add_waits(group_by, groups, WAITED, waiting, events.visit_wait)
    of_the_place = _of_the_place(log, inputs, events)
    for name, values in of_the_place.items():
        rows.add("all", GROUPS["all"], name, values)
    if region := log.year.place.region:
        of_region = {name: np.array([values.sum()]) for name, values in by_person.items()}
        for name, values in (of_region | of_the_place).items():
            rows.add(REGION, (region,), name, values)
        everybody = np.zeros(len(events.visit_wait), dtype=np.int64)
        rows.add_waits(REGION, (region,), WAITED, everybody, events.visit_wait)
    _add_by_session(rows, log, inputs, events)
    rows.add("outcome", GROUPS["outcome"], "requests", _by_outcome(log, inputs.calendar))


def _add_by_session(rows: Tally, log: VisitLog, inputs: SimulationInputs, events: _Events) -> None:
    """Add what is given by when in the week sessions and slots are, and by sort of session."""
    sessions = log.year.sessions
    is_family_day = sessions.weekly.family_day[sessions.position].astype(np.int64)
    for group_by, group in zip(BY_SESSION, (sessions.kind, is_family_day), strict=True):
        groups = GROUPS[group_by]
        for name, values in _by_session(log, inputs, events, group, len(groups)).items():
            rows.add(group_by, groups, name, values)
        rows.add_waits(group_by, groups, WAITED, group[events.visit_slot], events.visit_wait)
    for name, values in _by_kind_of_slot(log, inputs.calendar, events).items():
        rows.add("session_kind", GROUPS["session_kind"], name, values)


def visited(log: VisitLog, calendar: Calendar) -> list[str]:
    """Name the people who are visited at least once in the measured weeks, in order of id."""
    attended = log.of(VisitOutcome.ATTENDED) & _measured(log.minutes, calendar)
    person = np.unique(log.year.visits.person[log.request[attended]])
    return [str(name) for name in log.year.place.prisoner_id[person]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Events:
    """Visits and calls held in the measured year, and all trips of families, let in or not.

    Calls that are due are those whose time has come: held, missed or failed, with the places they
    take, a long one two.
    """

    visit_slot: NDArray[np.int64]
    visit_person: NDArray[np.int64]
    visit_party: NDArray[np.int64]
    visit_wait: NDArray[np.int64]
    visit_day: NDArray[np.int64]
    visit_minutes: NDArray[np.float64]
    refund_gbp: NDArray[np.float64]
    late_hall_minutes: NDArray[np.float64]
    check_minutes: NDArray[np.float64]
    cut_short: NDArray[np.float64]
    is_double: NDArray[np.float64]
    second_slot: NDArray[np.int64]
    trip_person: NDArray[np.int64]
    trip_slot: NDArray[np.int64]
    family_money_gbp: NDArray[np.float64]
    family_minutes: NDArray[np.float64]
    school_minutes: NDArray[np.float64]
    due_outcome: NDArray[np.int64]
    due_slot: NDArray[np.int64]
    due_places: NDArray[np.float64]
    call_person: NDArray[np.int64]
    call_slot: NDArray[np.int64]
    call_day: NDArray[np.int64]
    call_minutes: NDArray[np.float64]
    is_long: NDArray[np.float64]

    @classmethod
    def of(cls, log: VisitLog, inputs: SimulationInputs) -> _Events:
        year, place, calendar = log.year, log.year.place, inputs.calendar
        attended = np.flatnonzero(log.of(VisitOutcome.ATTENDED) & _measured(log.minutes, calendar))
        request, slot = log.request[attended], log.slot[attended]
        due = np.flatnonzero(np.isin(log.outcome, _DUE) & _measured(log.minutes, calendar))
        held = due[log.outcome[due] == CODE[VisitOutcome.VIDEO_HELD]]
        asked = year.visits.asked_minutes[request] // MINUTES_PER_DAY
        party = year.visits.party[request]
        late, had = log.late_minutes[attended], log.minutes_had[attended]
        hall = np.minimum(year.day.late_minutes[slot], late)
        end = log.visit_ends(request, slot)
        trips = log.trips()
        trips = trips[_measured(log.minutes[trips], calendar)]
        lost = end - year.sessions.start[slot] - had
        second = log.second_session[request]
        day, came = year.sessions.day[slot], year.visits.party[log.request[trips]]
        refunded = _number_in(party, day, calendar) < inputs.refunded_visits_per_year
        return cls(
            visit_slot=slot,
            visit_person=year.visits.person[request],
            visit_party=party,
            visit_day=day,
            visit_minutes=had,
            refund_gbp=place.refund_gbp[party] * refunded,
            late_hall_minutes=hall,
            check_minutes=late - hall,
            cut_short=(lost > CUT_SHORT_MINUTES).astype(np.float64),
            is_double=(second >= 0).astype(np.float64),
            second_slot=second[second >= 0],
            visit_wait=day - asked.astype(np.int64),
            trip_person=year.visits.person[log.request[trips]],
            trip_slot=log.slot[trips],
            family_money_gbp=place.money_gbp[came],
            family_minutes=place.return_minutes[came] * (place.adults + place.children)[came],
            school_minutes=log.school_minutes(calendar, trips),
            due_outcome=log.outcome[due],
            due_slot=log.slot[due],
            due_places=np.where(np.isin(log.request[due], log.long_calls), 2.0, 1.0),
            call_person=_person_of(log, held),
            call_slot=log.slot[held],
            call_day=(log.minutes[held] // MINUTES_PER_DAY).astype(np.int64),
            call_minutes=log.minutes_had[held],
            is_long=np.isin(log.request[held], log.long_calls).astype(np.float64),
        )


def _measured(minutes: NDArray[np.float64], calendar: Calendar) -> NDArray[np.bool_]:
    first = calendar.warm_up_days * MINUTES_PER_DAY
    return (minutes >= first) & (minutes < calendar.days * MINUTES_PER_DAY)


def _person_of(log: VisitLog, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    return _person_of_request(log, log.request[rows])


def _person_of_request(log: VisitLog, requests: NDArray[np.int64]) -> NDArray[np.int64]:
    visits, calls = log.year.visits.person, log.year.calls.person
    return np.concatenate([visits, calls, visits])[requests]


def _of_each_person(log: VisitLog, inputs: SimulationInputs, events: _Events) -> Counts:
    year, place, calendar = log.year, log.year.place, inputs.calendar
    people = len(place.keys)
    last = log.last_outcomes()
    drawn = _measured(year.visits.asked_minutes, calendar)
    made = drawn & (last != CODE[VisitOutcome.PUT_OFF])
    ends = np.bincount(
        year.visits.person[made] * len(OUTCOMES) + last[made], minlength=people * len(OUTCOMES)
    ).reshape(people, len(OUTCOMES))
    counts: Counts = {"people": _presence(place).share_of_year(calendar)}

    def per_person(
        person: NDArray[np.int64], weights: NDArray[np.float64] | None = None
    ) -> NDArray[np.float64]:
        return np.bincount(person, weights=weights, minlength=people).astype(np.float64)

    counts["requests"] = ends.sum(axis=1).astype(np.float64)
    counts["requests_put_off"] = per_person(year.visits.person[drawn & ~made])
    for outcome in REQUEST_ENDS:
        counts[f"requests_{outcome}"] = ends[:, CODE[outcome]].astype(np.float64)
    lost = made & np.isin(last, [CODE[outcome] for outcome in TURNED_AWAY_FOR_GOOD])
    answers = log.last_answers()
    for name, answer in LAST_ANSWERS.items():
        whose = year.visits.person[lost & (answers == CODE[answer])]
        counts[f"requests_unmet_{name}"] = per_person(whose)
    rows = np.flatnonzero(_measured(log.minutes, calendar))
    turns = np.bincount(
        _person_of(log, rows) * len(OUTCOMES) + log.outcome[rows], minlength=people * len(OUTCOMES)
    ).reshape(people, len(OUTCOMES))
    for name, outcome in _COUNTED.items():
        counts[name] = turns[:, CODE[outcome]].astype(np.float64)
    minutes, requests = log.calls_asked()
    counts["video_requests"] = per_person(
        _person_of_request(log, requests[_measured(minutes, calendar)])
    )
    person, party = events.visit_person, events.visit_party
    adults, children = place.adults[party], place.children[party]
    counts["adult_visitors"] = per_person(person, adults.astype(np.float64))
    counts["child_visitors"] = per_person(person, children.astype(np.float64))
    counts["wait_days"] = per_person(person, events.visit_wait.astype(np.float64))
    for name, of_visits in _MINUTES.items():
        counts[name] = per_person(person, of_visits(events))
    counts["tables_used"] = per_person(person, 1.0 + events.is_double)
    counts["video_minutes"] = per_person(events.call_person, events.call_minutes)
    counts["video_slots_used"] = per_person(events.call_person, 1.0 + events.is_long)
    counts |= {name: found.astype(np.float64) for name, found in log.orders.items()}
    counts["probes"] = per_person(log.probed)
    counts["probes_reachable"] = per_person(log.probed[log.reachable])
    counts["refund_gbp"] = per_person(person, events.refund_gbp)
    for name, of_trips in _OF_TRIPS.items():
        counts[name] = per_person(events.trip_person, of_trips(events))
    return counts | contact_counts(
        calendar,
        has_party=place.has_party,
        contact_refused=place.contact_refused,
        visits=Days(person=person, day=events.visit_day),
        calls=Days(person=events.call_person, day=events.call_day),
        **_asked(log, calendar),
        presence=_presence(place),
    )


def _presence(place: Place) -> Presence:
    return Presence(from_day=place.from_day, until_day=place.until_day)


def _since_move(
    log: VisitLog, inputs: SimulationInputs, events: _Events, by_person: Counts
) -> Counts:
    """Give some of the quantities by the time since the person was moved."""
    place, calendar = log.year.place, inputs.calendar
    groups = len(GROUPS[SINCE_MOVE])
    if place.is_settled:
        return {name: np.array([0.0, 0.0, by_person[name].sum()]) for name in OF_A_MOVE}
    moved = place.from_day > 0
    first = np.clip(place.from_day + DAYS_PER_PERIOD, None, place.until_day)
    stays = _presence(place), Presence(from_day=place.from_day, until_day=first)
    all_weeks, first_weeks = (each.share_of_year(calendar) for each in stays)
    people = (first_weeks, all_weeks - first_weeks, all_weeks)
    found: Counts = {
        "people": np.array(
            [each[which].sum() for each, which in zip(people, (moved, moved, ~moved), strict=True)]
        ),
    }

    def per_group(person: NDArray[np.int64], minutes: NDArray[np.float64]) -> NDArray[np.float64]:
        measured = _measured(minutes, calendar)
        since = minutes // MINUTES_PER_DAY - place.from_day[person]
        code = np.where(moved[person], (since >= DAYS_PER_PERIOD).astype(np.int64), groups - 1)
        return np.bincount(code[measured], minlength=groups).astype(np.float64)

    visits = log.year.visits
    made = log.last_outcomes() != CODE[VisitOutcome.PUT_OFF]
    found["requests"] = per_group(visits.person[made], visits.asked_minutes[made])
    minutes, requests = log.calls_asked()
    found["video_requests"] = per_group(_person_of_request(log, requests), minutes)
    for name in OF_A_MOVE:
        if name in _COUNTED:
            rows = np.flatnonzero(log.of(_COUNTED[name]))
            found[name] = per_group(_person_of(log, rows), log.minutes[rows])
    contact = contact_since_move(
        calendar,
        visits=Days(person=events.visit_person, day=events.visit_day),
        calls=Days(person=events.call_person, day=events.call_day),
        presence=_presence(place),
    )
    for name in contact[0]:
        found[name] = np.array(
            [*(each[name].sum() for each in contact), by_person[name][~moved].sum()]
        )
    return found


def _asked(log: VisitLog, calendar: Calendar) -> dict[str, Days]:
    """Give whose requests were made on which measured days: all ``asked``, and those ``unmet``.

    Of a request for a visit that turns to a call, the call is not counted again.
    """
    visits, calls = log.year.visits, log.year.calls
    minutes = np.concatenate([visits.asked_minutes, calls.asked_minutes])
    person = np.concatenate([visits.person, calls.person])
    made = _measured(minutes, calendar)
    made[: len(visits)] &= log.last_outcomes() != CODE[VisitOutcome.PUT_OFF]
    came_to_nothing = np.isin(log.outcome, [CODE[outcome] for outcome in UNMET_ENDS])
    ended = log.request[came_to_nothing]
    unmet = np.zeros(len(minutes), dtype=np.bool_)
    unmet[ended[ended < len(minutes)]] = True

    def days(which: NDArray[np.bool_]) -> Days:
        return Days(person=person[which], day=(minutes[which] // MINUTES_PER_DAY).astype(np.int64))

    return {"asked": days(made), "unmet": days(made & unmet)}


_MINUTES: dict[str, Callable[[_Events], NDArray[np.float64]]] = {
    "visit_minutes": lambda events: events.visit_minutes,
    "late_hall_minutes": lambda events: events.late_hall_minutes,
    "check_minutes": lambda events: events.check_minutes,
    "visits_cut_short": lambda events: events.cut_short,
    "double_visits": lambda events: events.is_double,
}
"""Quantities that add up over visits."""

_OF_TRIPS: dict[str, Callable[[_Events], NDArray[np.float64]]] = {
    "family_money_gbp": lambda events: events.family_money_gbp,
    "family_minutes": lambda events: events.family_minutes,
    "school_minutes": lambda events: events.school_minutes,
}
"""Quantities that add up over trips, each of everybody in the party."""


LAST_ANSWERS = {
    "no_table": VisitOutcome.NO_TABLE,
    "no_order": VisitOutcome.NO_ORDER,
    "not_approved": VisitOutcome.NOT_APPROVED,
    "no_answer": VisitOutcome.ASKED,
}
"""The desk's last answer to a request that is turned away for good; it may never give one."""


_COUNTED = {
    "visits": VisitOutcome.ATTENDED,
    "bookings": VisitOutcome.BOOKED,
    "no_shows": VisitOutcome.NO_SHOW,
    "cancellations": VisitOutcome.CANCELLED,
    "called_off": VisitOutcome.CALLED_OFF,
    "bookings_fell": VisitOutcome.BOOKING_FELL,
    "refused_entry": VisitOutcome.REFUSED_ENTRY,
    "attempts_without_order": VisitOutcome.NO_ORDER,
    "attempts_without_table": VisitOutcome.NO_TABLE,
    "attempts_before_approval": VisitOutcome.NOT_APPROVED,
    "video_calls": VisitOutcome.VIDEO_HELD,
    "video_no_shows": VisitOutcome.VIDEO_NO_SHOW,
    "video_failed": VisitOutcome.VIDEO_FAILED,
    "video_without_credit": VisitOutcome.VIDEO_NO_CREDIT,
    "video_without_slot": VisitOutcome.VIDEO_NO_SLOT,
    "video_before_clearance": VisitOutcome.VIDEO_NOT_CLEARED,
    "video_fell": VisitOutcome.VIDEO_FELL,
}
"""Quantities that count the rows of one outcome."""


def _number_in(
    party: NDArray[np.int64], day: NDArray[np.int64], calendar: Calendar
) -> NDArray[np.int64]:
    """Count the visits of each party in each year from 0, in the order given."""
    year = (day - calendar.warm_up_days) // (DAYS_PER_WEEK * WEEKS_PER_YEAR)
    group = party * (int(year.max(initial=0)) + 1) + year
    order = np.argsort(group, kind="stable")
    ordered = group[order]
    number = np.empty(len(group), dtype=np.int64)
    number[order] = np.arange(len(group)) - np.searchsorted(ordered, ordered, side="left")
    return number


def _of_the_place(log: VisitLog, inputs: SimulationInputs, events: _Events) -> Counts:
    year, calendar = log.year, inputs.calendar
    sessions, slots = year.sessions, year.video_slots
    offered = _measured(sessions.start, calendar)
    days = slice(calendar.warm_up_days, calendar.days)
    counts = {name: values[offered].sum() for name, values in _of_sessions(log).items()}
    counts |= {
        "video_places": year.video_places[days].sum(),
        "video_places_usable": slots.tables[_measured(slots.start, calendar)].sum(),
        "video_places_taken": events.due_places.sum(),
        "video_staff_hours": year.video_staff_hours[days].sum(),
    }
    return {name: np.array([value], dtype=np.float64) for name, value in counts.items()}


_DUE = [
    CODE[outcome]
    for outcome in (VisitOutcome.VIDEO_HELD, VisitOutcome.VIDEO_NO_SHOW, VisitOutcome.VIDEO_FAILED)
]
"""What becomes of calls whose time has come."""

_OF_CALLS = ("video_calls", "video_no_shows", "video_failed")
"""Quantities that count rows about a slot of a station."""


def _by_kind_of_slot(log: VisitLog, calendar: Calendar, events: _Events) -> Counts:
    """Count video calls by when in the week they are; a long one is where it begins."""
    year = log.year
    kind, days = year.video_slots.kind, slice(calendar.warm_up_days, calendar.days)

    def per_kind(
        slots: NDArray[np.int64], weights: NDArray[np.float64] | None = None
    ) -> NDArray[np.float64]:
        found = np.bincount(kind[slots], weights=weights, minlength=len(KINDS))
        return found.astype(np.float64)

    offered = np.flatnonzero(_measured(year.video_slots.start, calendar))
    return {
        **{
            name: per_kind(events.due_slot[events.due_outcome == CODE[_COUNTED[name]]])
            for name in _OF_CALLS
        },
        "video_minutes": per_kind(events.call_slot, events.call_minutes),
        "video_slots_used": per_kind(events.call_slot, 1.0 + events.is_long),
        "video_places": year.video_places[days].sum(axis=0),
        "video_places_usable": per_kind(
            offered, year.video_slots.tables[offered].astype(np.float64)
        ),
        "video_places_taken": per_kind(events.due_slot, events.due_places),
    }


def _of_sessions(log: VisitLog) -> Counts:
    """Give what each slot of a session offers and costs; tables of sessions called off apart."""
    day, tables = log.year.day, log.year.sessions.tables.astype(np.float64)
    return {
        "tables": np.where(day.called_off, 0.0, tables),
        "tables_called_off": np.where(day.called_off, tables, 0.0),
        "staff_hours": day.staff_hours(log.year.sessions),
    }


_OF_BOOKINGS = ("visits", "bookings", "no_shows", "cancellations", "called_off", "refused_entry")
"""Quantities that count rows about a session."""


def _by_session(
    log: VisitLog,
    inputs: SimulationInputs,
    events: _Events,
    group: NDArray[np.int64],
    groups: int,
) -> Counts:
    """Count by the group that each slot belongs to."""
    year, calendar = log.year, inputs.calendar
    sessions, place = year.sessions, year.place
    offered, of_visits = _measured(sessions.start, calendar), group[events.visit_slot]

    def per_group(
        group: NDArray[np.int64], weights: NDArray[np.float64] | None = None
    ) -> NDArray[np.float64]:
        return np.bincount(group, weights=weights, minlength=groups).astype(np.float64)

    measured = _measured(log.minutes, calendar)
    counts: Counts = {
        name: per_group(group[log.slot[log.of(_COUNTED[name]) & measured]]) for name in _OF_BOOKINGS
    }
    party = events.visit_party
    return counts | {
        "adult_visitors": per_group(of_visits, place.adults[party].astype(np.float64)),
        "child_visitors": per_group(of_visits, place.children[party].astype(np.float64)),
        "wait_days": per_group(of_visits, events.visit_wait.astype(np.float64)),
        "tables_used": per_group(np.concatenate([of_visits, group[events.second_slot]])),
        **{name: per_group(of_visits, of(events)) for name, of in _MINUTES.items()},
        **{
            name: per_group(group[offered], values[offered])
            for name, values in _of_sessions(log).items()
        },
        "refund_gbp": per_group(of_visits, events.refund_gbp),
        **{
            name: per_group(group[events.trip_slot], of_trips(events))
            for name, of_trips in _OF_TRIPS.items()
        },
    }


def _by_outcome(log: VisitLog, calendar: Calendar) -> NDArray[np.float64]:
    asked = _measured(log.year.visits.asked_minutes, calendar)
    last = np.bincount(log.last_outcomes()[asked], minlength=len(OUTCOMES))
    ended = [float(last[CODE[outcome]]) for outcome in REQUEST_ENDS]
    put_off = last[CODE[VisitOutcome.PUT_OFF]]
    return np.array([*ended, last.sum() - put_off - sum(ended)])


def _groups_of_people(log: VisitLog) -> dict[str, NDArray[np.int64]]:
    place = log.year.place
    return {
        "all": np.zeros(len(place.keys), dtype=np.int64),
        "sex": (place.sex == Sex.WOMEN).astype(np.int64),
        "children_under_18": (place.children_under_18 > 0).astype(np.int64),
        "distance_band": np.searchsorted(BAND_EDGES_MILES, place.straight_miles, side="right"),
        "care_experience": place.care_experience.astype(np.int64),
        "nationality": place.foreign_national.astype(np.int64),
        "income": _of_any_party(place, place.low_income),
        "car": _of_any_party(place, place.has_car, otherwise=0),
        "days_since_sentence": _stage(place.days_since_sentence),
        "days_to_release": _stage(place.days_to_release),
    }


def _of_any_party(place: Place, marked: NDArray[np.bool_], otherwise: int = 1) -> NDArray[np.int64]:
    """Give ``otherwise`` where any party of a person is marked, and 2 where there is none."""
    people = len(place.keys)
    any_marked = np.bincount(place.party_person, weights=marked, minlength=people) > 0
    group = np.where(any_marked, otherwise, 1 - otherwise)
    return np.where(place.has_party, group, 2)


def _stage(days: NDArray[np.float64]) -> NDArray[np.int64]:
    """Give the stage that a number of days stands for, the last where there is none."""
    stage = np.searchsorted(STAGE_EDGES_DAYS, days, side="right")
    return np.where(np.isnan(days), len(STAGE_EDGES_DAYS) + 1, stage)


def _without_visit(sums: pd.DataFrame, weeks: float) -> pd.Series[float]:
    """Give the share that was not attended of the requests that have ended."""
    ended = sums[[f"requests_{outcome}" for outcome in REQUEST_ENDS]].sum(axis=1)
    return (1.0 - sums["requests_attended"] / ended).where(ended > 0, 0.0)


def _per_four_weeks(part: str) -> Value:
    return lambda sums, weeks: (sums[part] / sums["people"] * 4.0 / weeks).where(
        sums["people"] > 0, 0.0
    )


MEASURES = (
    Measure(
        name="people",
        unit="people",
        group_bys=(*OF_PEOPLE, *OF_STAGES, SINCE_MOVE),
        value=sum_of("people"),
    ),
    Measure(
        name="requests",
        unit="requests",
        group_bys=(*OF_PEOPLE, "outcome", SINCE_MOVE),
        value=sum_of("requests"),
    ),
    *(
        Measure(
            name=f"requests_{outcome}_share",
            unit="share",
            group_bys=OF_PEOPLE,
            value=share_of(f"requests_{outcome}", "requests"),
        )
        for outcome in TURNED_AWAY_FOR_GOOD
    ),
    Measure(
        name="requests_unmet_share",
        unit="share",
        group_bys=OF_PEOPLE,
        value=lambda sums, _: (
            sums[[f"requests_{outcome}" for outcome in TURNED_AWAY_FOR_GOOD]].sum(axis=1)
            / sums["requests"]
        ).where(sums["requests"] > 0, 0.0),
    ),
    *(
        Measure(
            name=f"requests_unmet_{answer}_share",
            unit="share",
            group_bys=OF_PEOPLE,
            value=share_of(f"requests_unmet_{answer}", "requests"),
        )
        for answer in LAST_ANSWERS
    ),
    Measure(
        name="requests_without_visit_share",
        unit="share of requests ended",
        group_bys=OF_PEOPLE,
        value=_without_visit,
    ),
    Measure(
        name="requests_put_off",
        unit="requests",
        group_bys=OF_PEOPLE,
        value=sum_of("requests_put_off"),
    ),
    Measure(
        name="attempts_without_order",
        unit="attempts",
        group_bys=OF_PEOPLE,
        value=sum_of("attempts_without_order"),
    ),
    Measure(
        name="attempts_without_table",
        unit="attempts",
        group_bys=OF_PEOPLE,
        value=sum_of("attempts_without_table"),
    ),
    *(
        Measure(name=name, unit="orders", group_bys=OF_PEOPLE, value=sum_of(name))
        for name in ("orders_granted", "orders_lapsed", "orders_exchanged", "orders_unused")
    ),
    Measure(name="bookings", unit="bookings", group_bys=OF_VISITS, value=sum_of("bookings")),
    Measure(
        name="visits",
        unit="visits",
        group_bys=(*OF_VISITS, *OF_STAGES, SINCE_MOVE),
        value=sum_of("visits"),
    ),
    Measure(
        name="visits_per_prisoner_per_four_weeks",
        unit="visits per prisoner per four weeks",
        group_bys=(*OF_PEOPLE, *OF_STAGES, SINCE_MOVE),
        value=_per_four_weeks("visits"),
    ),
    Measure(
        name="visitors",
        unit="visitors",
        group_bys=OF_VISITS,
        value=lambda sums, _: sums["adult_visitors"] + sums["child_visitors"],
    ),
    Measure(
        name="child_visitors", unit="visitors", group_bys=OF_VISITS, value=sum_of("child_visitors")
    ),
    Measure(name="no_shows", unit="visits", group_bys=OF_VISITS, value=sum_of("no_shows")),
    Measure(
        name="cancellations", unit="bookings", group_bys=OF_VISITS, value=sum_of("cancellations")
    ),
    Measure(
        name="called_off",
        unit="bookings",
        group_bys=OF_VISITS,
        value=sum_of("called_off"),
    ),
    Measure(
        name="refused_entry",
        unit="visits",
        group_bys=OF_VISITS,
        value=sum_of("refused_entry"),
    ),
    Measure(
        name="wait_days_mean",
        unit="days",
        group_bys=OF_VISITS,
        value=mean_of("wait_days", "visits"),
    ),
    Measure(
        name="visit_hours", unit="hours", group_bys=OF_VISITS, value=sum_of("visit_minutes", 1 / 60)
    ),
    Measure(
        name="hall_use_share",
        unit="share",
        group_bys=OF_SESSIONS,
        value=share_of("tables_used", "tables"),
    ),
    Measure(
        name="double_visits", unit="visits", group_bys=OF_VISITS, value=sum_of("double_visits")
    ),
    Measure(name="tables", unit="tables", group_bys=OF_SESSIONS, value=sum_of("tables")),
    Measure(
        name="tables_called_off",
        unit="tables",
        group_bys=OF_SESSIONS,
        value=sum_of("tables_called_off"),
    ),
    Measure(name="staff_hours", unit="hours", group_bys=OF_SESSIONS, value=sum_of("staff_hours")),
    Measure(
        name="hours_lost_to_late_starts",
        unit="hours",
        group_bys=OF_VISITS,
        value=sum_of("late_hall_minutes", 1 / 60),
    ),
    Measure(
        name="hours_lost_at_checks",
        unit="hours",
        group_bys=OF_VISITS,
        value=sum_of("check_minutes", 1 / 60),
    ),
    Measure(
        name="visits_cut_short_share",
        unit="share",
        group_bys=OF_VISITS,
        value=share_of("visits_cut_short", "visits"),
    ),
    Measure(
        name="visit_minutes_mean",
        unit="minutes",
        group_bys=OF_VISITS,
        value=mean_of("visit_minutes", "visits"),
    ),
    Measure(
        name="entitlement_reachable_share",
        unit="share of looks at the calendar",
        group_bys=OF_PEOPLE,
        value=mean_of("probes_reachable", "probes"),
    ),
    Measure(
        name="video_requests",
        unit="requests",
        group_bys=(*OF_PEOPLE, SINCE_MOVE),
        value=sum_of("video_requests"),
    ),
    Measure(
        name="video_calls",
        unit="calls",
        group_bys=(*OF_CALLS, SINCE_MOVE),
        value=sum_of("video_calls"),
    ),
    *(
        Measure(name=name, unit=unit, group_bys=OF_MOVES, value=sum_of(name))
        for name, unit in (
            ("bookings_fell", "bookings"),
            ("attempts_before_approval", "attempts"),
            ("video_fell", "calls"),
            ("video_before_clearance", "requests"),
        )
    ),
    Measure(
        name="video_no_shows", unit="calls", group_bys=OF_CALLS, value=sum_of("video_no_shows")
    ),
    Measure(name="video_failed", unit="calls", group_bys=OF_CALLS, value=sum_of("video_failed")),
    Measure(
        name="video_hours", unit="hours", group_bys=OF_CALLS, value=sum_of("video_minutes", 1 / 60)
    ),
    Measure(
        name="video_without_credit",
        unit="requests",
        group_bys=OF_PEOPLE,
        value=sum_of("video_without_credit"),
    ),
    Measure(
        name="video_without_slot",
        unit="requests",
        group_bys=OF_PEOPLE,
        value=sum_of("video_without_slot"),
    ),
    Measure(
        name="people_with_video_calls",
        unit="people in four weeks",
        group_bys=OF_PEOPLE,
        value=lambda sums, _: (
            sums["periods_with_video"] * sums["people"] / sums["person_periods"]
        ).where(sums["person_periods"] > 0, 0.0),
    ),
    Measure(
        name="video_use_share",
        unit="share",
        group_bys=OF_STATIONS,
        value=share_of("video_slots_used", "video_places"),
    ),
    Measure(
        name="video_places_offered",
        unit="slots",
        group_bys=OF_STATIONS,
        value=sum_of("video_places"),
    ),
    Measure(
        name="video_places_usable",
        unit="slots",
        group_bys=OF_STATIONS,
        value=sum_of("video_places_usable"),
    ),
    Measure(
        name="video_places_taken",
        unit="slots",
        group_bys=OF_STATIONS,
        value=sum_of("video_places_taken"),
    ),
    Measure(
        name="video_staff_hours",
        unit="hours",
        group_bys=OF_PLACES,
        value=sum_of("video_staff_hours"),
    ),
    Measure(
        name="regular_contact_share",
        unit="share of people in four weeks",
        group_bys=(*OF_PEOPLE, *OF_STAGES, SINCE_MOVE),
        value=share_of("periods_with_regular_contact", "person_periods"),
    ),
    Measure(
        name="visited_share",
        unit="share of people in four weeks",
        group_bys=(*OF_PEOPLE, *OF_STAGES, SINCE_MOVE),
        value=share_of("periods_with_visit", "person_periods"),
    ),
    Measure(
        name="no_contact_share",
        unit="share of people in four weeks",
        group_bys=(*OF_PEOPLE, *OF_STAGES, SINCE_MOVE),
        value=share_of("periods_without_contact", "person_periods"),
    ),
    *(
        Measure(
            name=f"no_contact_{why}_share",
            unit="share of people in four weeks",
            group_bys=OF_PEOPLE,
            value=share_of(f"periods_without_contact_{why}", "person_periods"),
        )
        for why in WHY
    ),
    Measure(
        name="no_contact_in_90_days_share",
        unit="share of people in 90 days",
        group_bys=OF_PEOPLE,
        value=share_of("quarters_without_contact", "person_quarters"),
    ),
    *(
        Measure(
            name=f"no_contact_in_90_days_{why}_share",
            unit="share of people in 90 days",
            group_bys=OF_PEOPLE,
            value=share_of(f"quarters_without_contact_{why}", "person_quarters"),
        )
        for why in WHY
    ),
    Measure(
        name="no_contact_in_year_share",
        unit="share of people",
        group_bys=OF_PEOPLE,
        value=share_of("people_without_contact", "people_all_year"),
    ),
    Measure(
        name="family_money_gbp", unit="GBP", group_bys=OF_VISITS, value=sum_of("family_money_gbp")
    ),
    Measure(
        name="family_travel_hours",
        unit="hours",
        group_bys=OF_VISITS,
        value=sum_of("family_minutes", 1 / 60),
    ),
    Measure(name="refund_gbp", unit="GBP", group_bys=OF_VISITS, value=sum_of("refund_gbp")),
    Measure(
        name="school_hours_missed",
        unit="hours",
        group_bys=OF_VISITS,
        value=sum_of("school_minutes", 1 / 60),
    ),
)
"""Every measure that comes from sums; the median and the ninth decile of waits are added."""


def estate_totals(tallies: pd.DataFrame, *, weeks: int) -> pd.DataFrame:
    """Give the measures of every establishment and, as ``ALL``, of the whole estate.

    Sums of the estate are sums over establishments; its shares and means are those of the sums,
    and its quantiles those of all visits together. None is an average of averages.

    Parameters
    ----------
    tallies
        Tables of ``tally`` for any establishments and replications, in any order.
    weeks
        Weeks measured.

    Returns
    -------
    DataFrame
        replication, establishment, group_by, group, measure, measure_unit, value; sorted. Counts
        and shares of a group without events are zero; the wait of a group without visits is
        missing, because nobody waited.
    """
    import pandas as pd

    by_words = tallies[list(COLUMNS)].astype(dict.fromkeys(_WORDS, "category"))
    by_words["establishment"] = by_words["establishment"].cat.set_categories(
        sorted({*by_words["establishment"].cat.categories, ESTATE})
    )
    sorted_tallies = by_words.sort_values([*KEYS, "quantity", "wait_days"], ignore_index=True)
    estate = sorted_tallies.assign(
        establishment=pd.Categorical([ESTATE], by_words["establishment"].cat.categories).repeat(
            len(sorted_tallies)
        )
    )
    here = sorted_tallies[sorted_tallies["group_by"] != REGION]
    both = pd.concat([here, estate], ignore_index=True)
    summed = both.groupby([*KEYS, "quantity", "wait_days"], observed=True)["value"].sum()
    rows = summed.reset_index()
    waited = rows[rows["quantity"] == WAITED]
    sums = (
        rows[rows["quantity"] != WAITED]
        .pivot_table(index=KEYS, columns="quantity", values="value", aggfunc="sum", observed=True)
        .fillna(0.0)
    )
    found, given = measured(MEASURES, sums, float(weeks))
    visited = sums.index.get_level_values("group_by").isin(OF_VISITS)
    waits = {"wait_days_median": 0.5, "wait_days_p90": 0.9}
    for name, days in zip(waits, quantiles_of(waited, [*waits.values()], KEYS), strict=True):
        found[name, "days"] = days.reindex(sums.index)
        given[name] = visited
    return (
        rows_of(sums.index, found, given)[MEASURE_COLUMNS]
        .astype({"measure": "category"})
        .sort_values([*KEYS, "measure"], ignore_index=True)
        .astype({**dict.fromkeys((*_WORDS[:-1], "measure"), "str"), "value": "float64"})
    )

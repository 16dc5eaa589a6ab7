"""What happened to every request: append-only rows, then a table."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain, compress
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from simulation.arrivals import Askings
from simulation.attendance import VisitingDay
from simulation.calling import Calls
from simulation.clock import MINUTES_PER_DAY, Calendar, clock_minutes
from simulation.demand import Requests
from simulation.open_days import OpenDays
from simulation.place import BEYOND, Place
from simulation.timetable import DatedSlots

if TYPE_CHECKING:
    import pandas as pd


class VisitOutcome(StrEnum):
    """A turn in the story of a request for a visit or a video call."""

    ASKED = "asked"
    BOOKED = "booked"
    DOUBLED = "doubled"
    NO_ORDER = "no_order"
    NO_TABLE = "no_table"
    NOT_APPROVED = "not_approved"
    CANCELLED = "cancelled"
    CALLED_OFF = "called_off"
    BOOKING_FELL = "booking_fell"
    ATTENDED = "attended"
    NO_SHOW = "no_show"
    REFUSED_ENTRY = "refused_entry"
    REFUSED = "refused"
    GAVE_UP = "gave_up"
    PUT_OFF = "put_off"
    REQUEST_FELL = "request_fell"
    TURNED_TO_VIDEO = "turned_to_video"
    VIDEO_ASKED = "video_asked"
    VIDEO_BOOKED = "video_booked"
    VIDEO_NO_CREDIT = "video_no_credit"
    VIDEO_NO_SLOT = "video_no_slot"
    VIDEO_NOT_CLEARED = "video_not_cleared"
    VIDEO_FELL = "video_fell"
    VIDEO_HELD = "video_held"
    VIDEO_NO_SHOW = "video_no_show"
    VIDEO_FAILED = "video_failed"


OUTCOMES = tuple(VisitOutcome)
"""The outcomes in the order of their codes."""

CODE = {outcome: code for code, outcome in enumerate(OUTCOMES)}
"""The number that stands for an outcome in a ``VisitLog``."""

VISIT_ENDS = (
    VisitOutcome.ATTENDED,
    VisitOutcome.NO_SHOW,
    VisitOutcome.REFUSED_ENTRY,
    VisitOutcome.CANCELLED,
    VisitOutcome.CALLED_OFF,
    VisitOutcome.BOOKING_FELL,
    VisitOutcome.REFUSED,
    VisitOutcome.GAVE_UP,
    VisitOutcome.PUT_OFF,
    VisitOutcome.REQUEST_FELL,
    VisitOutcome.TURNED_TO_VIDEO,
)
"""A request for a visit ends in exactly one of these, or is pending when the year ends."""

REQUEST_ENDS: tuple[VisitOutcome, ...] = tuple(
    outcome for outcome in VISIT_ENDS if outcome != VisitOutcome.PUT_OFF
)
"""How a request that was made ends; one that is put off is never made."""

VIDEO_ENDS = (
    VisitOutcome.VIDEO_HELD,
    VisitOutcome.VIDEO_NO_SHOW,
    VisitOutcome.VIDEO_FAILED,
    VisitOutcome.VIDEO_NO_CREDIT,
    VisitOutcome.VIDEO_NO_SLOT,
    VisitOutcome.VIDEO_NOT_CLEARED,
    VisitOutcome.VIDEO_FELL,
)
"""A request for a video call ends in exactly one of these, or is pending when the year ends."""

BOOKING_ENDS = (
    VisitOutcome.ATTENDED,
    VisitOutcome.NO_SHOW,
    VisitOutcome.REFUSED_ENTRY,
    VisitOutcome.CANCELLED,
    VisitOutcome.CALLED_OFF,
    VisitOutcome.BOOKING_FELL,
)
"""A booking ends in one of these, or lies after the end."""

TURNED_AWAY = (VisitOutcome.NO_ORDER, VisitOutcome.NO_TABLE, VisitOutcome.NOT_APPROVED)
"""The desk's answers after which a family asks again, or does not."""

TURNED_AWAY_FOR_GOOD = (
    VisitOutcome.REFUSED,
    VisitOutcome.GAVE_UP,
    VisitOutcome.TURNED_TO_VIDEO,
)
"""How a request ends that the desk never had a table for, while the person stayed."""

UNMET_ENDS = (
    *TURNED_AWAY_FOR_GOOD,
    VisitOutcome.REFUSED_ENTRY,
    VisitOutcome.CALLED_OFF,
    VisitOutcome.BOOKING_FELL,
    VisitOutcome.REQUEST_FELL,
    VisitOutcome.VIDEO_FAILED,
    VisitOutcome.VIDEO_NO_CREDIT,
    VisitOutcome.VIDEO_NO_SLOT,
    VisitOutcome.VIDEO_NOT_CLEARED,
    VisitOutcome.VIDEO_FELL,
)
"""How what a family asked for comes to nothing through no doing of its own."""

NO_SLOT: Final = -1
NOT_IN_HAND: Final = -2
TOO_EARLY: Final = -3
PASSED_OVER: Final = -4
PUT_OFF: Final = -5
NO_ANSWER: Final = -6
"""Answers to an asking other than the slot that was booked: no table or station free, no order or
credit in hand, visitors not yet approved or numbers not cleared after a transfer, none because the
request had been booked, none because the family did not ask, none because nobody answered the
telephone."""


class Register:
    """Who holds a table or a station in each slot when it begins.

    Attributes
    ----------
    slots, sizes
        The slots that were held and the number of bookings of each; int64.
    requests
        Their requests, slot by slot; int64.
    """

    __slots__ = ("requests", "sizes", "slots")

    def __init__(self) -> None:
        self.hold((), ())

    def hold(self, slots: Sequence[int], bookings: Sequence[Sequence[int]]) -> None:
        """Write down the bookings of the slots that began, each with those of its own."""
        self.slots = np.array(slots, dtype=np.int64)
        self.sizes = np.array(list(map(len, bookings)), dtype=np.int64)
        self.requests = np.fromiter(chain.from_iterable(bookings), np.int64, self.sizes.sum())

    def bookings(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Give the request and the slot of every booking."""
        return self.requests, np.repeat(self.slots, self.sizes)


class Recorder:
    """Where processes write at each turn.

    Attributes
    ----------
    rows
        Minute, request, code of the outcome and slot of every row, one after the other.
    add
        Appends a row, ``(minutes, request, outcome, slot)``, or several in one tuple.
    answers
        Answer to every asking, by its place among all askings: the slot that was booked or why
        there is none.
    instead
        Answer to every asking for a call in place of a visit, by that of the visit.
    probes
        For whom the calendar was looked at, and whether the entitlement could be had.
    orders
        What became of the orders of each person by the end, by name; empty where not asked.
    second_sessions
        The second session of every visit that holds two at the end, by its request.
    second_slots
        The second slot of every call that holds two, by its number.
    visits, calls
        Bookings of the visit sessions and video slots that were held.
    """

    __slots__ = (
        "add", "answers", "calls", "instead", "orders", "probes", "rows", "second_sessions",
        "second_slots", "visits",
    )  # fmt: skip

    def __init__(self) -> None:
        self.rows = array("d")
        self.add: Callable[[tuple[float, ...]], None] = self.rows.extend
        self.answers = array("i")
        self.instead: dict[int, int] = {}
        self.probes: list[tuple[int, bool]] = []
        self.orders: dict[str, NDArray[np.int64]] = {}
        self.second_sessions: dict[int, int] = {}
        self.second_slots: dict[int, int] = {}
        self.visits = Register()
        self.calls = Register()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Year:
    """One establishment's year as it is known before anything happens.

    Attributes
    ----------
    place
        Its people and parties.
    visits, calls
        Requests drawn for visits and for video calls. In the log, visits are numbered from 0,
        calls follow on, and after them the calls that requests for visits may turn into.
    askings
        When each of them would be asked for.
    open_days
        Closures and the days without school.
    sessions, video_slots
        The dated slots.
    templates
        Id of the template of each row that ``sessions.template`` points to.
    day
        What was drawn for each dated session, and how visitors are let in.
    going
        How every call would go.
    video_places, video_staff_hours
        Calls of one slot for which the stations are offered, usable or not, by day and kind of
        slot, and hours of the officers who watch them on each day; float64.
    """

    place: Place
    visits: Requests
    calls: Requests
    askings: Askings
    open_days: OpenDays
    sessions: DatedSlots
    video_slots: DatedSlots
    templates: NDArray[np.object_]
    day: VisitingDay
    going: Calls
    video_places: NDArray[np.float64]
    video_staff_hours: NDArray[np.float64]

    def numbered(self, column: Callable[[Requests], NDArray[Any]]) -> NDArray[Any]:
        """Give a column of the requests by their number in the log."""
        visits = column(self.visits)
        return np.concatenate([visits, column(self.calls), visits])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class VisitLog:
    """Everything that happened in one replication at one establishment, one row at each turn.

    The rows of one request are in order of time.

    What is asked is known before the run: the rows of a request begin with the desk's answer, and
    ``asked`` rows come in with ``table``. A call in place of a visit is asked for when the request
    turns to video.

    Attributes
    ----------
    establishment, replication
        Where and which.
    year
        What was known before: people, requests, sessions. ``request`` and ``slot`` point into it.
    minutes
        Simulation minute of each row; float64.
    request
        Which request, an index into the requests of this establishment; int64.
    outcome
        Code of the ``VisitOutcome``; int64.
    slot
        Visit session (or video slot) the row is about, an index; -1 where none; int64.
    late_minutes, minutes_had
        Of a visit that took place: from the start of the session until the party was in the hall,
        and how long it had there. Of a call, how long it lasted. 0 in other rows; float64.
    probed, reachable
        For whom the calendar was looked at, each time, and whether two visits, one of them at a
        weekend, could be had; int64 and bool.
    second_session
        The second of two sessions of each request for a visit that holds both, or -1; int64, shape
        (requests for visits,).
    long_calls
        Numbers of the calls that hold two slots; int64.
    orders
        What became of each person's orders in the measured weeks (``Orders.counts``), by name;
        int64, shape (people,).
    """

    establishment: str
    replication: int
    year: Year
    minutes: NDArray[np.float64]
    request: NDArray[np.int64]
    outcome: NDArray[np.int64]
    slot: NDArray[np.int64]
    late_minutes: NDArray[np.float64]
    minutes_had: NDArray[np.float64]
    probed: NDArray[np.int64]
    reachable: NDArray[np.bool_]
    second_session: NDArray[np.int64]
    long_calls: NDArray[np.int64]
    orders: dict[str, NDArray[np.int64]]

    @classmethod
    def of_run(
        cls, recorder: Recorder, year: Year, establishment: str, replication: int
    ) -> VisitLog:
        """Make the log of what was written down in a run."""
        table = np.array(recorder.rows, dtype=np.float64).reshape(-1, 4)
        turns = (table[:, 0], *table[:, 1:].T.astype(np.int64))
        second = _second_sessions(recorder, year)
        visits, hours = _visits(recorder.visits, year, second)
        calls = _calls(recorder.calls, year)
        answered = _answered(recorder, year)
        parts = (*answered, turns, _left_behind((*answered, turns), year), visits, calls)
        minutes, request, outcome, slot = map(np.concatenate, zip(*parts, strict=True))
        before = np.zeros(len(minutes) - len(calls[0]) - len(visits[0]))
        after = np.zeros(len(calls[0]))
        late, had = (np.concatenate([before, column, after]) for column in hours)
        talked = np.flatnonzero(outcome == CODE[VisitOutcome.VIDEO_HELD])
        had[talked] = year.going.minutes_had(request[talked], recorder.second_slots)
        return cls(
            establishment=establishment,
            replication=replication,
            year=year,
            minutes=minutes,
            request=request,
            outcome=outcome,
            slot=slot,
            late_minutes=late,
            minutes_had=had,
            probed=np.array([person for person, _ in recorder.probes], dtype=np.int64),
            reachable=np.array([found for _, found in recorder.probes], dtype=np.bool_),
            second_session=second,
            long_calls=np.fromiter(recorder.second_slots, dtype=np.int64),
            orders=recorder.orders,
        )

    def of(self, outcome: VisitOutcome) -> NDArray[np.bool_]:
        """Say for each row whether it has this outcome."""
        return np.equal(self.outcome, CODE[outcome])

    def visit_ends(
        self, request: NDArray[np.int64], slot: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """Give the minute at which each visit is over at the latest; two sessions end together."""
        return _visit_ends(self.year, self.second_session, request, slot)

    def trips(self) -> NDArray[np.int64]:
        """Give the rows of parties that made the trip: visits, and those that were not let in."""
        return np.flatnonzero(self.of(VisitOutcome.ATTENDED) | self.of(VisitOutcome.REFUSED_ENTRY))

    def school_minutes(self, calendar: Calendar, trips: NDArray[np.int64]) -> NDArray[np.float64]:
        """Give the minutes of school that children miss, the journey included.

        They are away from leaving home, so that the party arrives when it does, until the return. A
        party that is not let in turns back when the session starts, or on arrival if that is later.

        Parameters
        ----------
        calendar
            Hours of school, and days without.
        trips
            Some of the rows of ``trips``.
        """
        request, slot = self.request[trips], self.slot[trips]
        sessions, place, visits = self.year.sessions, self.year.place, self.year.visits
        party, day = visits.party[request], sessions.day[slot]
        journey = place.return_minutes[party] / 2.0
        midnight = day * float(MINUTES_PER_DAY)
        arrived = self.year.day.arrived(place, visits, sessions, request, slot)
        over = np.where(
            self.of(VisitOutcome.ATTENDED)[trips],
            self.visit_ends(request, slot),
            np.maximum(sessions.start[slot], arrived),
        )
        leaves = np.maximum(arrived - journey, midnight + clock_minutes(calendar.school_from))
        returns = np.minimum(over + journey, midnight + clock_minutes(calendar.school_until))
        missed = np.maximum(returns - leaves, 0.0) * ~self.year.open_days.is_free(day, calendar)
        return np.asarray(missed * place.pupils[party], dtype=np.float64)

    def last_outcomes(self) -> NDArray[np.int64]:
        """Give the code of the last turn of every request for a visit."""
        last = np.full(len(self.year.visits), CODE[VisitOutcome.ASKED])
        rows = self.outcome < CODE[VisitOutcome.VIDEO_ASKED]
        # the rows of a request are in order of time, and the last of several values stays
        last[self.request[rows]] = self.outcome[rows]
        return last

    def last_answers(self) -> NDArray[np.int64]:
        """Give the desk's last answer without a table to every request for a visit, as its code.

        It is that of ``ASKED`` where the desk gave none.
        """
        last = np.full(len(self.year.visits), CODE[VisitOutcome.ASKED])
        rows = np.isin(self.outcome, [CODE[outcome] for outcome in TURNED_AWAY])
        last[self.request[rows]] = self.outcome[rows]
        return last

    def calls_asked(self) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Give minute and number of every request for a call, in place of a visit or not."""
        visits, calls = len(self.year.visits), len(self.year.calls)
        turned = np.flatnonzero(self.of(VisitOutcome.TURNED_TO_VIDEO))
        return (
            np.concatenate([self.year.calls.asked_minutes, self.minutes[turned]]),
            np.concatenate([visits + np.arange(calls), visits + calls + self.request[turned]]),
        )

    def counts(self) -> pd.Series[int]:
        """Count the rows of every outcome, with an explicit zero where there are none."""
        import pandas as pd

        return pd.Series(self.rows_by_outcome(), name="rows")

    def rows_by_outcome(self) -> dict[str, int]:
        """Give the same as whole numbers by outcome."""
        counted = np.bincount(self.outcome, minlength=len(OUTCOMES))
        turned = counted[CODE[VisitOutcome.TURNED_TO_VIDEO]]
        counted[CODE[VisitOutcome.ASKED]] = len(self.year.visits)
        counted[CODE[VisitOutcome.VIDEO_ASKED]] = len(self.year.calls) + turned
        return dict(zip(map(str, OUTCOMES), counted.tolist(), strict=True))

    def table(self, calendar: Calendar) -> pd.DataFrame:
        """Give the log as a table for people to read.

        Parameters
        ----------
        calendar
            Turns simulation minutes into dates.

        Returns
        -------
        DataFrame
            One row per turn, in order of time, warm-up included: replication, establishment,
            prisoner_id, request (its number within the person's requests of that channel),
            channel (visit or video), outcome, at, session (template id, empty where none or a
            video call), session_start (missing where none), late_minutes and minutes_had (missing
            but where a visit or call took place), adults, children; and, missing but where a party
            made the trip, be it let in or not: family_gbp (fares and fuel of the party, before
            refunds), family_minutes on the way and school_minutes missed, each over everybody in
            the party.
        """
        import pandas as pd

        year = self.year
        visits = year.visits
        call_minutes, call_requests = self.calls_asked()
        asked, asked_calls = len(visits), len(call_requests)
        minutes = np.concatenate([visits.asked_minutes, self.minutes, call_minutes])
        request = np.concatenate([np.arange(asked), self.request, call_requests])
        outcome = np.concatenate(
            [
                np.full(asked, CODE[VisitOutcome.ASKED]),
                self.outcome,
                np.full(asked_calls, CODE[VisitOutcome.VIDEO_ASKED]),
            ]
        )
        no_slot = np.full(asked + asked_calls, NO_SLOT)
        slot = np.concatenate([no_slot[:asked], self.slot, no_slot[asked:]])
        # turns of one request at one moment follow each other in the order of the words
        order = np.lexsort((outcome, minutes))
        request, outcome, slot = request[order], outcome[order], slot[order]
        person = year.numbered(lambda requests: requests.person)[request]
        # who was lent to another establishment has two rows in the place
        people, stays = np.unique(year.place.prisoner_id, return_inverse=True)
        party = year.numbered(lambda requests: requests.party)[request]
        number = year.numbered(lambda requests: requests.number)[request]

        def where_known(known: NDArray[np.float64], digits: int = 1) -> NDArray[np.float64]:
            rows = np.concatenate([no_minutes[:asked], known, no_minutes[asked:]])
            return np.round(rows[order], digits)

        def minutes_of(column: NDArray[np.float64]) -> NDArray[np.float64]:
            return where_known(np.where(self.minutes_had > 0.0, column, np.nan))

        def of_trips(values: NDArray[np.float64]) -> NDArray[np.float64]:
            known = np.full(len(self.outcome), np.nan)
            known[trips] = values
            return known

        trips = self.trips()
        came, place = visits.party[self.request[trips]], year.place
        in_party = (place.adults + place.children)[came]
        missed = self.school_minutes(calendar, trips)
        no_minutes = np.full(asked + asked_calls, np.nan)
        # who is called and no party is one adult
        callers = np.zeros(len(year.place.keys), dtype=np.int64)
        is_video = outcome >= CODE[VisitOutcome.VIDEO_ASKED]
        held = slot != NO_SLOT
        start = np.full(len(slot), np.datetime64("NaT"), dtype="M8[s]")
        template = np.full(len(slot), len(year.templates))
        for slots, chosen in (
            (year.sessions, held & ~is_video),
            (year.video_slots, held & is_video),
        ):
            start[chosen] = calendar.timestamps(slots.start[slot[chosen]])
        visit = held & ~is_video
        template[visit] = year.sessions.template[slot[visit]]
        return pd.DataFrame(
            {
                "replication": np.full(len(slot), self.replication, dtype=np.int32),
                "establishment": pd.Categorical([self.establishment]).repeat(len(slot)),
                "prisoner_id": _words(stays[person], people),
                "request": number.astype(np.int32),
                "channel": _words(is_video.astype(int), ["visit", "video"]),
                "outcome": _words(outcome, [str(word) for word in OUTCOMES]),
                "at": calendar.timestamps(minutes[order]),
                "session": _words(template, [*year.templates, ""]),
                "session_start": start,
                "late_minutes": minutes_of(self.late_minutes),
                "minutes_had": minutes_of(self.minutes_had),
                "adults": np.append(year.place.adults, callers + 1)[party].astype(np.int16),
                "children": np.append(year.place.children, callers)[party].astype(np.int16),
                "family_gbp": where_known(of_trips(place.money_gbp[came]), 2),
                "family_minutes": where_known(of_trips(place.return_minutes[came] * in_party)),
                "school_minutes": where_known(of_trips(missed)),
            }
        )


Columns = tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]
"""Minute, request, outcome and slot of some rows."""

_Hours = tuple[NDArray[np.float64], NDArray[np.float64]]
"""Minutes late and minutes had of some rows."""


def _answered(recorder: Recorder, year: Year) -> tuple[Columns, ...]:
    """Give the answers to everybody who asked, and how requests for visits ended with them."""
    visits, askings = year.visits, year.askings
    answers = np.array(recorder.answers, dtype=np.int64)
    for_visit = askings.request < len(visits)
    put_off = np.flatnonzero(answers == PUT_OFF)
    asked = np.flatnonzero(for_visit & (answers > PASSED_OVER))
    no_slot = np.full(len(put_off), NO_SLOT)
    left_out = np.full(len(put_off), CODE[VisitOutcome.PUT_OFF])
    request, answer = askings.request[asked], answers[asked]
    called = np.flatnonzero(~for_visit)
    instead = np.fromiter(recorder.instead, dtype=np.int64, count=len(recorder.instead))
    calls_instead = len(visits) + len(year.calls) + askings.request[instead]
    unanswered = np.flatnonzero(askings.last & (answers == NO_ANSWER))
    ended = np.concatenate([asked[askings.last[asked] & (answer < 0)], unanswered])
    through = askings.request[ended]
    all_attempts = visits.attempts[through] == len(visits.ask_again_minutes) + 1
    end = np.where(all_attempts, CODE[VisitOutcome.REFUSED], CODE[VisitOutcome.GAVE_UP])
    end[visits.turns_to_video[through]] = CODE[VisitOutcome.TURNED_TO_VIDEO]
    # who never got through to the desk is not refused by it
    end[len(ended) - len(unanswered) :] = CODE[VisitOutcome.GAVE_UP]
    given = np.fromiter(recorder.instead.values(), dtype=np.int64, count=len(instead))
    return (
        _answers(askings.minutes[asked], request, answer, VisitOutcome.BOOKED, _VISIT_ANSWERS),
        (askings.minutes[ended], through, end, np.full(len(ended), NO_SLOT)),
        (askings.minutes[put_off], askings.request[put_off], left_out, no_slot),
        _answers(
            askings.minutes[called],
            askings.request[called],
            answers[called],
            VisitOutcome.VIDEO_BOOKED,
            _CALL_ANSWERS,
        ),
        _answers(
            askings.minutes[instead],
            calls_instead,
            given,
            VisitOutcome.VIDEO_BOOKED,
            _CALL_ANSWERS,
        ),
    )


_VISIT_ANSWERS = {
    NO_SLOT: VisitOutcome.NO_TABLE,
    NOT_IN_HAND: VisitOutcome.NO_ORDER,
    TOO_EARLY: VisitOutcome.NOT_APPROVED,
}
_CALL_ANSWERS = {
    NO_SLOT: VisitOutcome.VIDEO_NO_SLOT,
    NOT_IN_HAND: VisitOutcome.VIDEO_NO_CREDIT,
    TOO_EARLY: VisitOutcome.VIDEO_NOT_CLEARED,
}
"""What answers without a slot mean."""


def _answers(
    minutes: NDArray[np.float64],
    request: NDArray[np.int64],
    answer: NDArray[np.int64],
    booked: VisitOutcome,
    without: Mapping[int, VisitOutcome],
) -> Columns:
    """Give the rows of askings that were answered with a slot or without."""
    outcome = np.full(len(answer), CODE[booked])
    for code, meaning in without.items():
        outcome[answer == code] = CODE[meaning]
    return minutes, request, outcome, np.maximum(answer, NO_SLOT)


def _left_behind(told: Sequence[Columns], year: Year) -> Columns:
    """Give a row for each request for a visit that is neither booked nor ended at a transfer."""
    visits, place = year.visits, year.place
    waits = place.until_day[visits.person] < BEYOND
    if waits.any():
        settled = [CODE[outcome] for outcome in (VisitOutcome.BOOKED, *VISIT_ENDS)]
        for _, request, outcome, _ in told:
            waits[request[np.isin(outcome, settled)]] = False
    request = np.flatnonzero(waits)
    minutes = place.until_day[visits.person[request]].astype(np.float64) * MINUTES_PER_DAY
    outcome = np.full(len(request), CODE[VisitOutcome.REQUEST_FELL])
    return minutes, request, outcome, np.full(len(request), NO_SLOT)


def _second_sessions(recorder: Recorder, year: Year) -> NDArray[np.int64]:
    """Give the second session of every request for a visit, -1 where there is none."""
    second = np.full(len(year.visits), NO_SLOT)
    second[list(recorder.second_sessions)] = list(recorder.second_sessions.values())
    return second


def _visit_ends(
    year: Year, second: NDArray[np.int64], request: NDArray[np.int64], slot: NDArray[np.int64]
) -> NDArray[np.float64]:
    last = np.where(second[request] >= 0, second[request], slot)
    return np.asarray(year.sessions.end[last], dtype=np.float64)


def _visits(register: Register, year: Year, second: NDArray[np.int64]) -> tuple[Columns, _Hours]:
    """Give the rows of every booking of the sessions that were held, and the hours of each."""
    request, slot = register.bookings()
    came = np.flatnonzero(~year.visits.no_show[request])
    late, had = np.zeros(len(request)), np.zeros(len(request))
    end = _visit_ends(year, second, request, slot)
    late[came], had[came] = year.day.let_in(
        year.place, year.visits, year.sessions, request[came], slot[came], end[came]
    )
    outcome = np.full(len(request), CODE[VisitOutcome.NO_SHOW])
    outcome[came] = np.where(
        had[came] > 0.0, CODE[VisitOutcome.ATTENDED], CODE[VisitOutcome.REFUSED_ENTRY]
    )
    late[had == 0.0] = 0.0
    return (year.sessions.start[slot], request, outcome, slot), (late, had)


def _calls(register: Register, year: Year) -> Columns:
    """Give the rows of every booking of the video slots that began."""
    request, slot = register.bookings()
    no_show = year.numbered(lambda requests: requests.no_show)[request]
    held, failed = CODE[VisitOutcome.VIDEO_HELD], CODE[VisitOutcome.VIDEO_FAILED]
    joined = np.where(year.going.fails[request], failed, held)
    outcome = np.where(no_show, CODE[VisitOutcome.VIDEO_NO_SHOW], joined)
    return year.video_slots.start[slot], request, outcome, slot


def _words(codes: NDArray[np.int64], words: Sequence[str] | NDArray[np.object_]) -> pd.Categorical:
    import pandas as pd

    return pd.Categorical.from_codes(codes, pd.Index(list(words), dtype="str"))


def join_tables(tables: Sequence[pd.DataFrame], *, sort_words: bool = False) -> pd.DataFrame:
    """Put tables one under the other, in the order given, and keep their words compact.

    With ``sort_words`` rows can be sorted by their words afterwards.
    """
    import pandas as pd

    joined = {}
    for name in tables[0].columns:
        columns = [table[name] for table in tables]
        if isinstance(columns[0].dtype, pd.CategoricalDtype):
            joined[name] = pd.Series(
                pd.api.types.union_categoricals(columns, sort_categories=sort_words)
            )
        else:
            joined[name] = pd.concat(columns, ignore_index=True)
    return pd.DataFrame(joined)


def conserve(
    log: VisitLog,
    *,
    booked: Sequence[Sequence[int]],
    free: Sequence[int],
    calls_booked: Mapping[int, Sequence[int]],
    end: float,
) -> None:
    """Check that nothing was lost or made up in the run.

    Every request ends in exactly one way or is pending; every booking was held, cancelled or lies
    after the end; every table is free or booked; every call asked for was held, turned away or is
    pending.

    Parameters
    ----------
    log
        Of a finished run.
    booked, free
        Requests that hold a table in each visit slot, and tables left free.
    calls_booked
        Requests that hold a station in each video slot with any; empty where calls are not booked.
    end
        Minute at which the run ended.

    Raises
    ------
    RuntimeError
        Names the count that does not add up.
    """
    year, rows = log.year, log.rows_by_outcome()
    is_end = np.zeros(len(OUTCOMES), dtype=np.bool_)
    is_end[[CODE[outcome] for outcome in VISIT_ENDS]] = True
    ended = is_end[log.outcome]
    times_ended = np.bincount(log.request[ended], minlength=len(year.visits))
    last = np.bincount(log.last_outcomes(), minlength=len(OUTCOMES))
    not_through = (VisitOutcome.ASKED, *TURNED_AWAY)
    waiting = int(sum(last[CODE[outcome]] for outcome in not_through))
    taken = np.fromiter(map(len, booked), dtype=np.int64, count=len(booked))
    twice = log.second_session[log.second_session >= 0]
    in_second = np.bincount(twice, minlength=len(taken))
    ahead = int(taken[year.sessions.start >= end].sum())
    not_begun = year.video_slots.start[list(calls_booked)] >= end
    calls_ahead = sum(map(len, compress(calls_booked.values(), not_begun)))
    leavers = year.place.until_day[year.visits.person] < BEYOND
    left = int((times_ended[leavers] == 0).sum())
    requests_ended = sum(rows[outcome] for outcome in VISIT_ENDS)
    calls_ended = sum(rows[outcome] for outcome in VIDEO_ENDS)
    bookings_ended = sum(rows[outcome] for outcome in BOOKING_ENDS)
    balances = {
        "requests = ended + booked ahead + waiting to ask again": (
            len(year.visits),
            requests_ended + ahead + waiting,
        ),
        "requests that ended twice = 0": (int((times_ended > 1).sum()), 0),
        "requests of people who were moved that have not ended = 0": (left, 0),
        "bookings = held + cancelled + booked ahead": (
            rows["booked"],
            bookings_ended + ahead,
        ),
        "tables = free + booked, in every session": (
            int((year.sessions.tables != np.array(free, dtype=np.int64) + taken + in_second).sum()),
            0,
        ),
        "calls asked = ended + booked ahead": (
            rows["video_asked"],
            calls_ended + calls_ahead,
        ),
    }
    broken = [
        f"{name}: {left} and {right}" for name, (left, right) in balances.items() if left != right
    ]
    if broken:
        raise RuntimeError(
            f"{log.establishment}, replication {log.replication}: not conserved. "
            f"{'; '.join(broken)}. This is a fault of the model; please report it."
        )

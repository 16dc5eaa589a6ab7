"""Who rings a line day by day, and how the desks of the prisons are played on with its answers."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

import numpy as np

from simulation.arrivals import Askings
from simulation.clock import MINUTES_PER_DAY, Calendar
from simulation.columns import filled, indices, order_of, packed
from simulation.contact_centre import ContactCentre
from simulation.line import FamilyCalls, Lines, RingTimes
from simulation.line_tables import CallTable, LineLog, Staff, stacked
from simulation.log import NO_ANSWER, PASSED_OVER, VisitLog
from simulation.simulate import OpenYear

if TYPE_CHECKING:
    import pandas as pd

NO_REQUEST: Final = -1
"""The request of a call about anything but a booking."""

ANSWER_COLUMNS = ["establishment", "request", "attempt", "minutes", "is_answered"]
"""Which request of which prison was answered when, or lost when, at which of its attempts."""


Ended: TypeAlias = tuple[int, int, float, bool]
"""A call about a booking that was answered, or lost for good: the request, at which of its
attempts, the minute, and whether it was answered."""


class Endings:
    """Calls about a booking that ended, of several prisons.

    Attributes
    ----------
    requests, attempts, minutes, answered
        What an ``Ended`` tells, in columns.
    prisons
        Number of the prison of each.
    """

    __slots__ = ("answered", "attempts", "minutes", "prisons", "requests")

    def __init__(self) -> None:
        self.requests, self.attempts, self.prisons = array("i"), array("i"), array("i")
        self.minutes, self.answered = array("d"), bytearray()

    def add(self, prison: int, ended: Sequence[Ended]) -> None:
        """Add calls of one prison."""
        if not ended:
            return
        requests, attempts, minutes, answered = zip(*ended, strict=True)
        self.requests.extend(requests)
        self.attempts.extend(attempts)
        self.minutes.extend(minutes)
        self.answered.extend(answered)
        self.prisons.extend(filled(prison, len(ended)))

    def table(self, establishments: Sequence[str]) -> pd.DataFrame:
        """Give one row for each: ``ANSWER_COLUMNS``."""
        import pandas as pd

        prisons = np.array(self.prisons, dtype=np.int64)
        return pd.DataFrame(
            {
                "establishment": pd.Categorical.from_codes(prisons, pd.Index(establishments)),
                "request": np.array(self.requests, dtype=np.int64),
                "attempt": np.array(self.attempts, dtype=np.int64),
                "minutes": np.array(self.minutes, dtype=np.float64),
                "is_answered": np.array(self.answered, dtype=np.bool_),
            }
        )[ANSWER_COLUMNS]


class Rings(NamedTuple):
    """Calls that begin, in columns, since a tuple for each of a year's calls takes its time.

    Attributes
    ----------
    minutes, places
        The minute of each, and its place in the book of calls.
    requests, attempts
        The request behind it, or ``NO_REQUEST``, and at which of its attempts.
    prisons
        Number of the prison.
    """

    minutes: list[float]
    places: list[int]
    requests: list[int]
    attempts: list[int]
    prisons: list[int]

    def chosen(self, which: Sequence[int]) -> Rings:
        """Give some of them, in the order named."""
        return Rings(
            [self.minutes[call] for call in which],
            [self.places[call] for call in which],
            [self.requests[call] for call in which],
            [self.attempts[call] for call in which],
            [self.prisons[call] for call in which],
        )

    def in_order(self) -> Rings:
        """Put them in order of the minute; those of one minute stay as they are."""
        return self.chosen(sorted(range(len(self.minutes)), key=self.minutes.__getitem__))


def _all_of(rings: Sequence[Rings]) -> Rings:
    """Put the calls of prisons together, in order of the minute and then of the prison."""
    if len(rings) == 1:
        return rings[0]
    every = Rings([], [], [], [], [])
    for of_prison in rings:
        every.minutes.extend(of_prison.minutes)
        every.places.extend(of_prison.places)
        every.requests.extend(of_prison.requests)
        every.attempts.extend(of_prison.attempts)
        every.prisons.extend(of_prison.prisons)
    return every.in_order()


class RingingPrison:
    """One prison whose families ring a line: its open year, and who rings when.

    Attributes
    ----------
    opened
        The year.
    calls
        Every call that its families may make: about bookings by attempt and request, then the
        others. ``None`` once they stand in a book with those of other prisons.
    number
        Of the prison among those played together.
    unanswered
        Requests that ended because nobody answered at the last attempt, each with that attempt.
    """

    def __init__(
        self, opened: OpenYear, calls: FamilyCalls, lines: Lines, calendar: Calendar, number: int
    ) -> None:
        self.opened = opened
        self.calls: CallTable | None = stacked([*calls.bookings, calls.others])
        self.number = number
        # where the calls of each attempt begin, and the others
        self._first: list[int] = np.cumsum([0, *map(len, calls.bookings)]).tolist()
        self.unanswered: set[tuple[int, int]] = set()
        midnights = np.arange(1, calendar.days + 1) * float(MINUTES_PER_DAY)
        known = opened.known
        self._known_from: list[int] = [0, *np.searchsorted(known.minutes, midnights).tolist()]
        self._is_settled = opened.year.place.is_settled
        place = np.full(len(opened.year.visits), -1)
        place[calls.phone] = np.arange(len(calls.phone))
        self._place = packed(place)
        self._rings_again = calls.rings_again
        self._ring_times = RingTimes(lines, opened.establishment, calendar)
        visits = opened.year.visits
        self._waits = visits.ask_again_minutes
        self._attempts = indices(visits.attempts)
        self._minutes = array("d")
        self._requests = array("i")
        self._last = bytearray()
        self._due: dict[int, list[tuple[int, float, int]]] = {}
        rings = np.flatnonzero((calls.rings < opened.end) & (visits.attempts[calls.phone] > 0))
        rings = rings[np.argsort(calls.phone[rings])]
        others = len(calls.others)
        minutes = np.concatenate([calls.others.minutes, calls.rings[rings]])
        order = order_of(minutes)
        places = np.concatenate([self._first[-1] + np.arange(others), rings])
        requests = np.concatenate([np.full(others, NO_REQUEST), calls.phone[rings]])
        self._begin = minutes[order], places[order], requests[order]
        self._begin_from: list[int] = [0, *np.searchsorted(minutes[order], midnights).tolist()]

    def take_place(self, first: int) -> None:
        """Tell the prison where in a book with those of others its own calls begin."""
        minutes, places, requests = self._begin
        self._first, self.calls = [first + each for each in self._first], None
        self._begin = minutes, first + places, requests

    def ringing(self, day: int) -> Rings:
        """Give the calls that begin on a day on which lines are open, in order of time."""
        # who was given a table meanwhile does not ring again, nor does anybody once the person left
        is_done = self.opened.desk.done
        of_day = slice(self._begin_from[day], self._begin_from[day + 1])
        minutes, places, requests = (column[of_day].tolist() for column in self._begin)
        count = len(minutes)
        rings = Rings(minutes, places, requests, [0] * count, [self.number] * count)
        if not self._is_settled:
            stay = (request == NO_REQUEST or not is_done[request] for request in requests)
            rings = rings.chosen([call for call, stays in enumerate(stay) if stays])
        again = self._due.pop(day, None)
        if not again:
            return rings
        for attempt, ring, request in sorted(again):
            if not is_done[request]:
                rings.minutes.append(ring)
                rings.places.append(self._first[attempt] + self._place[request])
                rings.requests.append(request)
                rings.attempts.append(attempt)
                rings.prisons.append(self.number)
        return rings.in_order()

    def play(self, days: range, ended: Sequence[Ended]) -> None:
        """Hand everybody who gets through on the first of some days to the desk, and play them."""
        desk, answers, attempts = self.opened.desk, self.opened.recorder.answers, self._attempts
        minutes, requests, last = self._through(days, ended)
        first = len(answers)
        if requests:
            self._hand_on(minutes, requests, last)
            desk.hand(requests, minutes, last)
        self.opened.env.run(until=float(days.stop * MINUTES_PER_DAY))
        if not ended:
            return
        given = dict(zip(requests, answers[first:], strict=True))
        turned_away, lost = [], []
        for each in ended:
            request, attempt, _, is_answered = each
            if is_answered:
                if PASSED_OVER < given[request] < 0:
                    turned_away.append(each)
            elif not desk.done[request]:
                lost.append(each)
                if attempt + 1 == attempts[request]:
                    desk.stop_waiting(request)
                    self.unanswered.add((request, attempt))
        if lost:
            self._hand_on(
                [minute for _, _, minute, _ in lost],
                [request for request, _, _, _ in lost],
                [attempt + 1 == attempts[request] for request, attempt, _, _ in lost],
            )
            answers.extend(filled(NO_ANSWER, len(lost)))
        self._ask_again([*turned_away, *lost])

    def _through(
        self, days: range, ended: Sequence[Ended]
    ) -> tuple[list[float], list[int], list[bool]]:
        """Give who reaches the desk on some days, in order of time: by the line or otherwise."""
        then = slice(self._known_from[days.start], self._known_from[days.stop])
        known = self.opened.known
        minutes: list[float] = known.minutes[then].tolist()
        requests: list[int] = known.request[then].tolist()
        last: list[bool] = known.last[then].tolist()
        for request, attempt, minute, is_answered in ended:
            if is_answered:
                place = bisect_right(minutes, minute)
                minutes.insert(place, minute)
                requests.insert(place, request)
                last.insert(place, attempt + 1 == self._attempts[request])
        return minutes, requests, last

    def _hand_on(
        self, minutes: Sequence[float], requests: Sequence[int], last: Sequence[bool]
    ) -> None:
        """Write down who reached the desk, or did not, in the order of its answers."""
        self._minutes.extend(minutes)
        self._requests.extend(requests)
        self._last.extend(last)

    def _ask_again(self, turned_away: Sequence[Ended]) -> None:
        """Let families ring again, some days after they were turned away or got no answer."""
        attempts, end, due = self._attempts, self.opened.end, self._due
        for request, attempt, minute, _ in turned_away:
            following = attempt + 1
            if following == attempts[request]:
                continue
            ring = self._ring_times.minute(
                minute + self._waits.item(attempt, request),
                self._rings_again.item(following, self._place[request]),
            )
            if ring < end:
                due.setdefault(int(ring // MINUTES_PER_DAY), []).append((following, ring, request))

    def close(self) -> VisitLog:
        """Give the log of the year."""
        askings = Askings(
            request=np.array(self._requests, dtype=np.int64),
            minutes=np.array(self._minutes, dtype=np.float64),
            last=np.array(self._last, dtype=np.bool_),
        )
        return self.opened.close(askings)


class LiveLine:
    """A line that is being played; ``book`` has every call that families may make."""

    def __init__(self, name: str, staff: Staff, book: CallTable) -> None:
        self.name, self.staff = name, staff
        self._centre = ContactCentre(staff, book)
        self._begun = array("d")
        self._request, self._attempt, self._number = array("i"), array("i"), array("i")
        self._told = 0

    def play_day(self, day: int, ringing: Sequence[Rings]) -> dict[int, list[Ended]]:
        """Play a day; give what ended in it, by number of the prison."""
        centre = self._centre
        rings = _all_of(ringing)
        if rings.minutes:
            self._begun.extend(rings.minutes)
            self._request.extend(rings.requests)
            self._attempt.extend(rings.attempts)
            self._number.extend(rings.prisons)
            centre.hand(rings.minutes, rings.places)
        centre.run(float((day + 1) * MINUTES_PER_DAY))
        found = dict[int, list[Ended]]()
        for call in centre.ended[self._told :]:
            request = self._request[call]
            if request == NO_REQUEST:
                continue
            number = self._number[call]
            if number not in found:
                found[number] = []
            is_answered = not centre.is_lost[call]
            minute = centre.ended_minutes[call]
            found[number].append((request, self._attempt[call], minute, is_answered))
        self._told = len(centre.ended)
        return found

    def close(self, replication: int, prisons: Sequence[RingingPrison]) -> LineLog:
        """Give what happened, told which prisons were played together."""
        centre = self._centre
        centre.conserve()
        ends_request = np.zeros(len(self._request), dtype=np.bool_)
        for call in np.flatnonzero(np.frombuffer(centre.is_lost, dtype=np.bool_)).tolist():
            behind = self._request[call], self._attempt[call]
            ends_request[call] = behind in prisons[self._number[call]].unanswered
        return LineLog(
            line=self.name,
            replication=replication,
            year=centre.year(),
            establishments=tuple(prison.opened.establishment for prison in prisons),
            about=np.array(self._number, dtype=np.int64),
            first_rang=np.frombuffer(self._begun),
            staff=self.staff,
            book=centre.book,
            places=np.array(centre.places, dtype=np.int64),
            attempt=np.array(self._attempt, dtype=np.int64),
            ends_request=ends_request,
        )

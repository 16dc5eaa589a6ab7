"""Who rings a line day by day, and how the desks of the prisons are played on with its answers."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Final

import numpy as np

from simulation.arrivals import Askings
from simulation.clock import MINUTES_PER_DAY, Calendar
from simulation.columns import indices, order_of, packed
from simulation.contact_centre import ANSWERED, FOR_GOOD, ContactCentre
from simulation.line import FamilyCalls, Lines, ring_times
from simulation.line_tables import NO_REQUEST, CallTable, LineLog, Staff, stacked
from simulation.log import NO_ANSWER, PASSED_OVER, VisitLog
from simulation.simulate import OpenYear

NOT_THROUGH: Final = -1
"""The place among those who reach the desk of a caller whom nobody answered."""


class Ended:
    """Calls about a booking that were answered, or lost for good, in order of their end.

    Attributes
    ----------
    requests, attempts
        The request behind each, and at which of its attempts.
    minutes, answered
        When it ended, and whether it was answered.
    """

    def __init__(
        self,
        requests: list[int],
        attempts: list[int],
        minutes: list[float],
        answered: list[bool],
    ) -> None:
        self.requests, self.attempts = requests, attempts
        self.minutes, self.answered = minutes, answered

    def with_those(self, other: Ended) -> Ended:
        """Put in those that ended on another line."""
        both = Ended(
            [*self.requests, *other.requests],
            [*self.attempts, *other.attempts],
            [*self.minutes, *other.minutes],
            [*self.answered, *other.answered],
        )
        order = sorted(range(len(both.minutes)), key=both.minutes.__getitem__)
        return Ended(
            [both.requests[call] for call in order],
            [both.attempts[call] for call in order],
            [both.minutes[call] for call in order],
            [both.answered[call] for call in order],
        )


class Rings:
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

    def __init__(
        self,
        minutes: list[float],
        places: list[int],
        requests: list[int],
        attempts: list[int],
        prisons: list[int],
    ) -> None:
        self.minutes, self.places = minutes, places
        self.requests, self.attempts, self.prisons = requests, attempts, prisons

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
        self._ring_times = ring_times(lines, opened.establishment, calendar)
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

    def play(self, days: range, ended: Ended | None) -> None:
        """Hand everybody who gets through on the first of some days to the desk, and play them."""
        desk, answers, attempts = self.opened.desk, self.opened.recorder.answers, self._attempts
        first = len(answers)
        minutes, requests, last, places = self._through(days, ended)
        if requests:
            self._hand_on(minutes, requests, last)
            desk.hand(requests, minutes, last)
        desk.play(float(days.stop * MINUTES_PER_DAY))
        if ended is None:
            return
        turned_away: list[int] = []
        lost: list[int] = []
        for call, place in enumerate(places):
            if place != NOT_THROUGH:
                if PASSED_OVER < answers[first + place] < 0:
                    turned_away.append(call)
            elif not desk.done[ended.requests[call]]:
                lost.append(call)
        if lost:
            self._give_up(ended, lost)
        for call in turned_away + lost:
            request, following = ended.requests[call], ended.attempts[call] + 1
            if following < attempts[request]:
                self._ask_again(request, following, ended.minutes[call])

    def _through(
        self, days: range, ended: Ended | None
    ) -> tuple[list[float], list[int], list[bool], list[int]]:
        """Give who reaches the desk on some days, in order of time: by the line or otherwise.

        Their minutes and requests, and whether it is the last attempt of each; and for each call
        that ended its place among them, or ``NOT_THROUGH``.
        """
        first, stop = self._known_from[days.start], self._known_from[days.stop]
        known = self.opened.known
        known_minutes: list[float] = known.minutes[first:stop].tolist()
        known_requests: list[int] = known.request[first:stop].tolist()
        known_last: list[bool] = known.last[first:stop].tolist()
        if ended is None:
            return known_minutes, known_requests, known_last, []
        minutes: list[float] = []
        requests: list[int] = []
        last: list[bool] = []
        places: list[int] = []
        attempts, others = self._attempts, len(known_minutes)
        next_known = 0
        for call, minute in enumerate(ended.minutes):
            if not ended.answered[call]:
                places.append(NOT_THROUGH)
                continue
            while next_known < others and known_minutes[next_known] <= minute:
                minutes.append(known_minutes[next_known])
                requests.append(known_requests[next_known])
                last.append(known_last[next_known])
                next_known += 1
            request = ended.requests[call]
            places.append(len(requests))
            minutes.append(minute)
            requests.append(request)
            last.append(ended.attempts[call] + 1 == attempts[request])
        minutes += known_minutes[next_known:]
        requests += known_requests[next_known:]
        last += known_last[next_known:]
        return minutes, requests, last, places

    def _hand_on(self, minutes: list[float], requests: list[int], last: list[bool]) -> None:
        """Write down who reached the desk, or did not, in the order of its answers."""
        self._minutes.fromlist(minutes)
        self._requests.fromlist(requests)
        self._last += bytes(last)

    def _give_up(self, ended: Ended, lost: Sequence[int]) -> None:
        """Write down calls that nobody answered; who has no attempt left waits no more."""
        requests = [ended.requests[call] for call in lost]
        is_last = [
            ended.attempts[call] + 1 == self._attempts[ended.requests[call]] for call in lost
        ]
        for call, ends in zip(lost, is_last, strict=True):
            if ends:
                self.opened.desk.stop_waiting(ended.requests[call])
                self.unanswered.add((ended.requests[call], ended.attempts[call]))
        self._hand_on([ended.minutes[call] for call in lost], requests, is_last)
        self.opened.recorder.answers.fromlist([NO_ANSWER] * len(lost))

    def _ask_again(self, request: int, attempt: int, minute: float) -> None:
        """Let a family ring again, some days after it was turned away or got no answer."""
        ring = self._ring_times.minute(
            minute + self._waits.item(attempt - 1, request),
            self._rings_again.item(attempt, self._place[request]),
        )
        if ring < self.opened.end:
            day = int(ring // MINUTES_PER_DAY)
            if day not in self._due:
                self._due[day] = []
            self._due[day].append((attempt, ring, request))

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

    def play_day(self, day: int, ringing: Sequence[Rings]) -> dict[int, Ended]:
        """Play a day; give what ended in it, by number of the prison."""
        centre = self._centre
        rings = _all_of(ringing)
        if rings.minutes:
            self._begun.fromlist(rings.minutes)
            self._request.fromlist(rings.requests)
            self._attempt.fromlist(rings.attempts)
            self._number.fromlist(rings.prisons)
            centre.hand(rings.minutes, rings.places)
        centre.run(float((day + 1) * MINUTES_PER_DAY))
        found: dict[int, Ended] = {}
        for call, minute, end in zip(centre.whose, centre.minutes, centre.ends, strict=True):
            if end < FOR_GOOD:
                continue
            request = self._request[call]
            if request == NO_REQUEST:
                continue
            number = self._number[call]
            if number not in found:
                found[number] = Ended([], [], [], [])
            of_prison = found[number]
            of_prison.requests.append(request)
            of_prison.attempts.append(self._attempt[call])
            of_prison.minutes.append(minute)
            of_prison.answered.append(end == ANSWERED + FOR_GOOD)
        return found

    def close(self, replication: int, prisons: Sequence[RingingPrison]) -> LineLog:
        """Give what happened, told which prisons were played together."""
        centre = self._centre
        centre.conserve()
        year = centre.year()
        ends_request = np.zeros(len(self._request), dtype=np.bool_)
        for call in np.flatnonzero(year.is_lost).tolist():
            behind = self._request[call], self._attempt[call]
            ends_request[call] = behind in prisons[self._number[call]].unanswered
        return LineLog(
            line=self.name,
            replication=replication,
            year=year,
            establishments=tuple(prison.opened.establishment for prison in prisons),
            about=np.array(self._number, dtype=np.int64),
            first_rang=np.frombuffer(self._begun),
            staff=self.staff,
            book=centre.book,
            places=np.array(centre.places, dtype=np.int64),
            request=np.array(self._request, dtype=np.int64),
            attempt=np.array(self._attempt, dtype=np.int64),
            ends_request=ends_request,
        )

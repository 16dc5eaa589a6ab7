"""Where calls are asked for at one establishment: by booking, or by walking in."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection
from typing import Final, cast

import simpy

from simulation.agenda import Agenda
from simulation.clock import MINUTES_PER_DAY
from simulation.log import CODE, NO_SLOT, NOT_IN_HAND, Recorder, VisitOutcome
from simulation.slots import SlotCalendar

VIDEO_HELD: Final = CODE[VisitOutcome.VIDEO_HELD]
VIDEO_FELL: Final = CODE[VisitOutcome.VIDEO_FELL]


class VideoDesk:
    """Where calls are booked and held, at one establishment.

    Parameters
    ----------
    env, agenda
        The establishment's own environment, and what is set off in it.
    person, party
        Whose request each is, and which party would join.
    acceptable
        Slots each party can join, as bits.
    calendar, starts
        Free stations of the dated slots, and the minute each begins.
    following
        The slot that follows each at once, or -1.
    first_too_late
        By person, the first slot after a stay that is known to end.
    is_long, gives_back
        Whether each call, by its number in the log, is wished for in two slots, and whether it
        fails, so that its credit is given back.
    recorder
        Takes the bookings of every slot at the close, and the second slots of long calls.

    Attributes
    ----------
    booked
        The calls that hold a station in each slot, by slot; only those that fail are events.
    """

    def __init__(
        self,
        env: simpy.Environment,
        agenda: Agenda,
        *,
        person: list[int],
        party: list[int],
        acceptable: list[int],
        calendar: SlotCalendar,
        starts: list[float],
        following: list[int],
        first_too_late: dict[int, int],
        is_long: bytes,
        gives_back: bytes,
        recorder: Recorder,
    ) -> None:
        self._env = env
        self._agenda = agenda
        self._person = person
        self._party = party
        self._acceptable = acceptable
        self._calendar = calendar
        self._starts = starts
        self._following = following
        self._first_too_late = first_too_late
        self._is_long = is_long
        self._gives_back = gives_back
        self._register = recorder.calls
        self._record = recorder.add
        self._second = recorder.second_slots
        self.booked: dict[int, list[int]] = {}

    def ask(self, request: int, call: int, now: float, today: int) -> int:
        """Book the earliest slot the family can join, or two that follow each other.

        Who wishes for a long call and finds no two slots, or has no credit for both, takes one.

        Parameters
        ----------
        request
            Whose person and party ask.
        call
            Its number in the log.
        now, today
            Minute and day of asking.

        Returns
        -------
        int
            The slot; ``NO_SLOT`` when none is free, ``NOT_IN_HAND`` without credit.
        """
        calendar, person = self._calendar, self._person[request]
        if calendar.is_used_up(person, today):
            return NOT_IN_HAND
        acceptable, slot = self._acceptable[self._party[request]], NO_SLOT
        if person in self._first_too_late:
            acceptable &= calendar.before(self._first_too_late[person], today)
        if self._is_long[call]:
            slot = calendar.take_two(acceptable, person, today, self._following)
            if slot >= 0:
                self._second[call] = self._following[slot]
        if slot < 0:
            slot = calendar.take(acceptable, person, today)
        if slot < 0:
            return NOT_IN_HAND if calendar.is_at_limit(person, today) else NO_SLOT
        self._enter(call, slot)
        return slot

    def _enter(self, call: int, slot: int) -> None:
        if slot in self.booked:
            self.booked[slot].append(call)
        else:
            self.booked[slot] = [call]
        if self._gives_back[call]:
            self._agenda.at(self._starts[slot], self._give_back, (call, slot))

    def start_with(self, call: int, slot: int, person: int) -> bool:
        """Enter a call that was booked before the first day; say whether a station was free."""
        if not self._calendar.hold(slot, person):
            return False
        self._enter(call, slot)
        return True

    def leave(self, people: Collection[int]) -> None:
        """Let the calls fall that people who are moved have booked from now on."""
        now = self._env.now
        today = int(now / MINUTES_PER_DAY)
        first = bisect_left(self._starts, now)
        last = bisect_left(self._starts, now + self._calendar.reach_minutes)
        for slot in range(first, last):
            for call in tuple(self.booked.get(slot, ())):
                person = self._person[call % len(self._person)]
                if person in people:
                    self.booked[slot].remove(call)
                    self._calendar.release(slot, person, today)
                    if call in self._second:
                        self._calendar.release(self._second.pop(call), person, today)
                    self._record((now, call, VIDEO_FELL, slot))

    def hold(self, end: float) -> None:
        """Write down the bookings of every slot that began before a minute."""
        starts = self._starts
        begun = [slot for slot in sorted(self.booked, key=starts.__getitem__) if starts[slot] < end]
        self._register.hold(begun, [self.booked[slot] for slot in begun])

    def _give_back(self, due: simpy.Event) -> None:
        """Give back the credit of a call that fails; its stations have had their time."""
        call, slot = cast("tuple[int, int]", due.value)
        if call not in self.booked[slot]:
            return
        today = int(self._env.now / MINUTES_PER_DAY)
        person = self._person[call % len(self._person)]
        self._calendar.release(slot, person, today)
        if call in self._second:
            self._calendar.release(self._second[call], person, today)


class WalkInRoom:
    """Where calls are not booked: whoever finds a station free calls at once.

    With stations open round the clock this is Erlang's loss system.

    Parameters
    ----------
    agenda, person
        As for ``VideoDesk``.
    limits
        Calls each person's credit pays for in a month.
    opens, closes, stations
        Minutes between which so many stations are open, ascending, not overlapping.
    months
        Calendar month of each day.
    call_minutes
        How long a call keeps its station.
    recorder
        Takes a row for each call, which is held as soon as it is asked for.

    Attributes
    ----------
    booked
        Empty: nobody books.
    """

    def __init__(
        self,
        agenda: Agenda,
        *,
        person: list[int],
        limits: list[int],
        opens: list[float],
        closes: list[float],
        stations: list[int],
        months: list[int],
        call_minutes: float,
        recorder: Recorder,
    ) -> None:
        self._agenda = agenda
        self._person = person
        self._limits = limits
        self._opens = opens
        self._closes = closes
        self._stations = stations
        self._months = months
        self._call_minutes = call_minutes
        self._record = recorder.add
        self._in_use = 0
        self._calls: dict[tuple[int, int], int] = {}
        self.booked: dict[int, list[int]] = {}

    def start_with(self, call: int, slot: int, person: int) -> bool:
        """Let a booked call fall, for nobody books here."""
        return False

    def ask(self, request: int, call: int, now: float, today: int) -> int:
        """Call now if a station is open and free and the credit is not used up.

        Takes and gives what ``VideoDesk.ask`` does.
        """
        person = self._person[request]
        month = person, self._months[today]
        if self._calls.get(month, 0) >= self._limits[person]:
            return NOT_IN_HAND
        slot = bisect_right(self._opens, now) - 1
        is_open = slot >= 0 and now < self._closes[slot]
        if not is_open or self._in_use >= self._stations[slot]:
            return NO_SLOT
        self._in_use += 1
        self._calls[month] = self._calls.get(month, 0) + 1
        self._record((now, call, VIDEO_HELD, slot))
        self._agenda.at(now + self._call_minutes, self._leave)
        return slot

    def leave(self, people: Collection[int]) -> None:
        """Let nothing fall: nobody books."""

    def hold(self, end: float) -> None:
        """Write down nothing: every call was, as it was asked for."""

    def _leave(self, _: simpy.Event) -> None:
        self._in_use -= 1

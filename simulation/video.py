"""Video calls: stations and slots under a scenario, and the story of a call."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, cast

import simpy

from data.where import Where
from data.words import DAYS
from simulation.arrivals import Agenda
from simulation.bounds import below, empty_window, few, named, not_shares, wrong_days
from simulation.clock import MINUTES_PER_DAY, clock_minutes
from simulation.log import CODE, NO_SLOT, NOT_IN_HAND, Recorder, VisitOutcome
from simulation.slots import SlotCalendar

if TYPE_CHECKING:
    import pandas as pd

    from data.estate import Estate

VIDEO_HELD = CODE[VisitOutcome.VIDEO_HELD]
VIDEO_FELL = CODE[VisitOutcome.VIDEO_FELL]


@dataclass(frozen=True, slots=True, kw_only=True)
class StationsEdit:
    """More or fewer video stations at the establishments that ``where`` matches."""

    where: Where
    multiply: float = 1.0
    add: int = 0

    def __post_init__(self) -> None:
        """Refuse a negative factor."""
        if self.multiply < 0:
            raise ValueError(f"video stations: multiply is {self.multiply}; give 0 or more.")


@dataclass(frozen=True, slots=True, kw_only=True)
class AddedHours:
    """Further hours in which the stations of an establishment are open, on the days named."""

    where: Where
    days: tuple[str, ...]
    start: str
    end: str

    def __post_init__(self) -> None:
        """Refuse days that are none and times out of order."""
        problems = wrong_days(self.days)
        if clock_minutes(self.end) <= clock_minutes(self.start):
            problems.append(f"end at {self.end}, not after {self.start}")
        if problems:
            raise ValueError(f"added hours: {'; '.join(problems)}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoRegime:
    """The rules of video calls.

    Attributes
    ----------
    credit_minutes_per_month
        Minutes of calls a person may have in a calendar month where no more is offered.
    full_credit_minutes_per_month, full_credit_share
        What the others are offered, and the share of the people who use video calls that are.
    call_minutes
        Length of a call.
    changeover_minutes
        Between two calls at one station.
    notice_days_min, notice_days_max
        A call can be booked from so many to so many days ahead.
    walk_in
        Whether calls are not booked: whoever finds a station free calls at once, others do not.
    provider_from, provider_until
        Time of day between which the providers put calls through.
    stations_per_officer, officers
        One officer watches so many stations at a time, and there are so many; further stations
        stay shut.
    stations, added_hours
        A scenario's changes to the stations and their hours.
    """

    credit_minutes_per_month: float
    full_credit_minutes_per_month: float
    full_credit_share: float
    call_minutes: float
    changeover_minutes: float
    notice_days_min: int
    notice_days_max: int
    walk_in: bool
    provider_from: str
    provider_until: str
    stations_per_officer: int
    officers: int
    stations: tuple[StationsEdit, ...] = field(default=())
    added_hours: tuple[AddedHours, ...] = field(default=())

    def __post_init__(self) -> None:
        """Refuse an empty window, calls without length and negative credit."""
        problems = [*not_shares(self), *empty_window(self)]
        problems += below(0, self, ("changeover_minutes", *named(self, "_minutes_per_month")))
        if self.call_minutes <= 0:
            problems.append(f"call_minutes is {self.call_minutes}; a call needs a length above 0")
        if clock_minutes(self.provider_until) <= clock_minutes(self.provider_from):
            problems.append(
                f"provider_until {self.provider_until} is not after provider_from "
                f"{self.provider_from}"
            )
        if min(self.stations_per_officer, self.officers) < 1:
            problems.append("at least one officer watches at least one station")
        if problems:
            raise ValueError(f"VideoRegime: {'; '.join(problems)}.")

    def calls_per_month(self, full_credit: bool) -> int:
        """Give the calls that a person's credit pays for in a month."""
        credit = self.credit_minutes_per_month
        if full_credit:
            credit = max(credit, self.full_credit_minutes_per_month)
        return int(credit // self.call_minutes)


def stations_under(estate: Estate, regime: VideoRegime) -> pd.DataFrame:
    """Give the opening periods of video stations under a scenario.

    Parameters
    ----------
    estate
        Its ``video_stations`` and ``establishments`` are read.
    regime
        ``stations`` change how many there are; ``added_hours`` open the most stations that the
        establishment has on any day for further hours. Stations beyond those that officers watch,
        and hours outside those of the providers, are left out.

    Returns
    -------
    DataFrame
        The columns of ``video_stations``, sorted by establishment, day of the week and start.
    """
    import pandas as pd

    periods = estate.video_stations.copy()
    for edit in regime.stations:
        chosen = edit.where.matches_in(estate, periods)
        stations = (periods["stations"] * edit.multiply).round() + edit.add
        periods["stations"] = (
            periods["stations"].where(~chosen, stations.clip(lower=0)).astype("int64")
        )
    most = periods.groupby("establishment")[["stations", "slot_minutes"]].max().reset_index()
    rows = [
        {
            "establishment": row.establishment,
            "stations": row.stations,
            "day": day,
            "start": added.start,
            "end": added.end,
            "slot_minutes": row.slot_minutes,
            "source": "scenario",
            "confidence": "assumed",
        }
        for added in regime.added_hours
        for row in most[added.where.matches_in(estate, most)].itertuples()
        for day in added.days
    ]
    if rows:
        new = pd.DataFrame(rows)[list(periods.columns)].astype(periods.dtypes.to_dict())
        periods = pd.concat([periods, new], ignore_index=True)
    periods["stations"] = periods["stations"].clip(
        upper=regime.stations_per_officer * regime.officers
    )
    periods["start"] = periods["start"].where(
        periods["start"] > regime.provider_from, regime.provider_from
    )
    periods["end"] = periods["end"].where(
        periods["end"] < regime.provider_until, regime.provider_until
    )
    periods = periods[periods["start"] < periods["end"]]
    order = periods["day"].map({day: number for number, day in enumerate(DAYS)})
    return (
        periods.assign(order=order)
        .sort_values(["establishment", "order", "start", "end"], ignore_index=True)
        .drop(columns="order")
    )


def station_problems(estate: Estate, regime: VideoRegime) -> list[str]:
    """Find hours that a scenario adds where stations are open already, or where no call fits.

    Parameters
    ----------
    estate
        Its own opening hours have been checked.
    regime
        Its added hours.

    Returns
    -------
    list of str
        One sentence for each period that would have more slots than hours, none, or some in which
        no provider puts calls through; once for all prisons at which it is the same.
    """
    if not regime.added_hours:
        return []
    at_any_hour = replace(regime, provider_from="00:00", provider_until="24:00")
    periods = stations_under(estate, at_any_hour)
    ended = periods.groupby(["establishment", "day"])["end"].shift().fillna("")
    step = regime.call_minutes + regime.changeover_minutes
    minutes = periods["end"].map(clock_minutes) - periods["start"].map(clock_minutes)
    added = periods["source"] == "scenario"
    first, last = regime.provider_from, regime.provider_until
    told = [
        (
            added & ((periods["start"] < first) | (periods["end"] > last)),
            f"reaches beyond {first} to {last}, when providers put calls through. Give hours "
            "within, or change video.provider_from or video.provider_until too.",
        ),
        (periods["start"] < ended, "overlaps the hours before it. Give other hours."),
        (added & (minutes < step), f"is shorter than a call and its changeover, {step:g} minutes."),
    ]
    return [
        f"video.added_hours: {start} to {end} on {day} at {few(at.tolist())} {why}"
        for wrong, why in told
        for (start, end, day), at in periods[wrong].groupby(["start", "end", "day"], sort=False)[
            "establishment"
        ]
    ]


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
        person: Sequence[int],
        party: Sequence[int],
        acceptable: Sequence[int],
        calendar: SlotCalendar,
        starts: Sequence[float],
        following: Sequence[int],
        first_too_late: Mapping[int, int],
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
        for slot in sorted(self.booked, key=self._starts.__getitem__):
            if self._starts[slot] < end:
                self._register.hold(slot, self.booked[slot])

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
        person: Sequence[int],
        limits: Sequence[int],
        opens: Sequence[float],
        closes: Sequence[float],
        stations: Sequence[int],
        months: Sequence[int],
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

"""Who calls by video, from which stations, and how a call goes once it is booked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.words import DAYS
from simulation.bounds import not_shares
from simulation.clock import MINUTES_PER_DAY, Calendar, clock_minutes
from simulation.demand import Callers, Requests
from simulation.place import Place
from simulation.streams import person_keys, stream_key, uniform
from simulation.timetable import KINDS, DatedSlots, WeeklySlots, bits

MINUTES_PER_HOUR = 60.0

STATIONS_APART = 1024
"""Numbers of draws set aside for the stations of one slot."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallingSettings:
    """Who can call by video beside the families that visit, and what goes wrong with calls.

    Attributes
    ----------
    awareness_share
        Share of families that know that there are video calls.
    without_visits_share
        Share of people with nobody to visit them who have somebody to call.
    abroad_share
        Share of foreign nationals whose family lives abroad and only calls.
    abroad_hours_ahead
        Hours by which clocks there are ahead of those here, each entry equally likely.
    abroad_from, abroad_until
        Their time of day between which they can be called.
    usable_picture_share, usable_privacy_share
        Share of stations at any moment whose picture and sound are good enough, and share of them
        where nobody listens: nobody books the others.
    instead_of_visit_share
        Share of the visits they would ask for that families who use video calls leave out because
        they call.
    long_call_share
        Share of calls that are wished for at twice the length, in two slots and for the credit of
        two.
    failure_share
        Share of calls that do not come about because the link fails; their credit is given back.
    drop_out_share
        Share of calls that break off, at any moment with equal chance.
    """

    awareness_share: float
    without_visits_share: float
    abroad_share: float
    abroad_hours_ahead: tuple[float, ...]
    abroad_from: str
    abroad_until: str
    usable_picture_share: float
    usable_privacy_share: float
    instead_of_visit_share: float
    long_call_share: float
    failure_share: float
    drop_out_share: float

    def __post_init__(self) -> None:
        """Refuse shares outside 0 to 1, hours no clock shows and an empty day."""
        problems = not_shares(self)
        if not self.abroad_hours_ahead or max(map(abs, self.abroad_hours_ahead)) > 14:
            problems.append("abroad_hours_ahead needs one number or more from -14 to 14")
        if clock_minutes(self.abroad_until) <= clock_minutes(self.abroad_from):
            problems.append(
                f"abroad_until {self.abroad_until} is not after abroad_from {self.abroad_from}"
            )
        if problems:
            raise ValueError(f"CallingSettings: {'; '.join(problems)}.")

    @property
    def usable_share(self) -> float:
        """Share of stations that are good enough and private."""
        return self.usable_picture_share * self.usable_privacy_share


def callers(
    place: Place, settings: CallingSettings, *, seed: int, replication: int
) -> tuple[Callers, NDArray[np.float64]]:
    """Draw who knows of video calls, who has somebody to call, and whose family is abroad.

    Parameters
    ----------
    place
        The people of one establishment.
    settings
        Shares and hours.
    seed, replication
        Names of the draws, one for each person.

    Returns
    -------
    tuple
        Who can call; and for each person the hours that the family's clock is ahead, missing
        where it is not abroad; float64, shape (people,).
    """

    def drawn(purpose: str) -> NDArray[np.float64]:
        return uniform(stream_key(seed, replication, f"video {purpose}"), place.keys)

    abroad = place.foreign_national & (drawn("abroad") < settings.abroad_share)
    ahead = np.array(settings.abroad_hours_ahead, dtype=np.float64)
    which = np.floor(drawn("hours ahead") * len(ahead)).astype(np.int64)
    has_party = place.has_party
    return (
        Callers(
            aware=drawn("aware") < settings.awareness_share,
            by_wish=has_party | abroad,
            otherwise=~has_party & ~abroad & (drawn("somebody") < settings.without_visits_share),
            not_a_party=abroad | ~has_party,
        ),
        np.where(abroad, ahead[which], np.nan),
    )


def slots_abroad(weekly: WeeklySlots, hours_ahead: float, settings: CallingSettings) -> int:
    """Give the positions of the week at which a family abroad can be called, as bits."""
    start = (weekly.start + hours_ahead * MINUTES_PER_HOUR) % MINUTES_PER_DAY
    end = start + weekly.end - weekly.start
    awake = start >= clock_minutes(settings.abroad_from)
    return bits(awake & (end <= clock_minutes(settings.abroad_until)))


def acceptable_to_callers(
    weekly: WeeklySlots, hours_ahead: NDArray[np.float64], settings: CallingSettings
) -> list[int]:
    """Give for each person the positions at which somebody who is no party can be called, as bits.

    Parameters
    ----------
    weekly
        Slots of the stations.
    hours_ahead
        Of each person's family, missing where it is not abroad: it can be called at any time.
    settings
        When families abroad can be called.
    """
    anywhen = bits(np.ones(len(weekly.start), dtype=np.bool_))
    abroad = {
        hours: slots_abroad(weekly, hours, settings)
        for hours in np.unique(hours_ahead[~np.isnan(hours_ahead)]).tolist()
    }
    return [abroad.get(hours, anywhen) for hours in hours_ahead.tolist()]


def usable_stations(
    slots: DatedSlots,
    calendar: Calendar,
    *,
    share: float,
    establishment: str,
    seed: int,
    replication: int,
) -> DatedSlots:
    """Leave out the stations that nobody would use.

    Parameters
    ----------
    slots
        Slots of the stations as offered.
    calendar
        Dates them.
    share
        Of stations that are usable, each slot and station by a draw of its own.
    establishment, seed, replication
        Names of the draws, which are found by date, time and number of the station: one more
        station, or other hours, change no draw of another.

    Returns
    -------
    DatedSlots
        Slots with a usable station, and how many.
    """
    if share >= 1.0:
        return slots
    weekly = slots.weekly
    times = zip(weekly.weekday.tolist(), weekly.start.tolist(), strict=True)
    keys = person_keys(f"{DAYS[day]} {start:g}" for day, start in times)
    slot = np.repeat(np.arange(len(slots)), slots.tables)
    station = np.arange(len(slot)) - np.repeat(np.cumsum(slots.tables) - slots.tables, slots.tables)
    date = slots.day[slot] + calendar.first_date.toordinal()
    stream = stream_key(seed, replication, "usable station", establishment)
    usable = uniform(stream, keys, slots.position[slot], date * STATIONS_APART + station) < share
    tables = np.bincount(slot[usable], minlength=len(slots))
    kept = np.flatnonzero(tables)
    columns: dict[str, Any] = {
        field.name: getattr(slots, field.name)[kept]
        for field in fields(slots)
        if isinstance(getattr(slots, field.name), np.ndarray)
    }
    return replace(slots, **(columns | {"tables": tables[kept]}))


def places_by_day(slots: DatedSlots, minutes_each: float) -> NDArray[np.float64]:
    """Count the calls of one length for which stations are offered.

    Returns
    -------
    ndarray of float64
        By day and kind of slot; shape (days, ``KINDS``).
    """
    places = np.floor((slots.end - slots.start) * slots.tables / minutes_each)
    found = np.zeros((int(slots.day.max(initial=-1)) + 1, len(KINDS)))
    np.add.at(found, (slots.day, slots.kind), places)
    return found


def staff_hours_by_day(slots: DatedSlots, stations_per_officer: int) -> NDArray[np.float64]:
    """Give the hours of the officers who watch stations on each day."""
    officers = np.ceil(slots.tables / stations_per_officer)
    hours = officers * (slots.end - slots.start) / MINUTES_PER_HOUR
    return np.bincount(slots.day, weights=hours).astype(np.float64)


def next_slots(slots: DatedSlots) -> NDArray[np.int64]:
    """Give for each slot the one that follows it at once in the same period; -1 where none does."""
    order = np.lexsort((slots.start, slots.template))
    one, other = order[:-1], order[1:]
    follows = (slots.template[one] == slots.template[other]) & (
        slots.end[one] == slots.start[other]
    )
    found = np.full(len(slots), -1)
    found[one[follows]] = other[follows]
    return found


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Calls:
    """How every call would go, by its number in the log; drawn before the run.

    Attributes
    ----------
    long
        Whether it is wished for at twice the length.
    fails
        Whether the link fails before it begins.
    had_share
        Share of its length until it breaks off; 1 where it does not.
    call_minutes
        Length of a call of one slot.
    """

    long: NDArray[np.bool_]
    fails: NDArray[np.bool_]
    had_share: NDArray[np.float64]
    call_minutes: float

    @classmethod
    def of(
        cls,
        place: Place,
        visits: Requests,
        calls: Requests,
        settings: CallingSettings,
        *,
        call_minutes: float,
        seed: int,
        replication: int,
    ) -> Calls:
        """Draw the calls that are asked for, and those that requests for visits may turn into.

        Parameters
        ----------
        place
            Whose draws they are.
        visits, calls
            Requests; calls in place of visits are numbered after both.
        settings
            Shares.
        call_minutes
            Length of a call of one slot.
        seed, replication
            Names of the draws.
        """
        none = np.zeros(len(visits) * 2 + len(calls))
        # a visit is no call, and few requests for one turn into a call
        turning = np.flatnonzero(visits.turns_to_video)
        person, number = visits.person[turning], visits.number[turning]
        can_be = len(visits) + np.concatenate([np.arange(len(calls)), len(calls) + turning])

        def drawn(purpose: str) -> NDArray[np.float64]:
            own = stream_key(seed, replication, f"video {purpose}")
            instead = stream_key(seed, replication, f"in place of visit {purpose}")
            of_calls = uniform(own, place.keys, calls.person, calls.number)
            found = none.copy()
            found[can_be] = np.append(of_calls, uniform(instead, place.keys, person, number))
            return found

        def below(share: float, draw: Callable[[], NDArray[np.float64]]) -> NDArray[np.bool_]:
            return draw() < share if share else none > 0

        breaks = below(settings.drop_out_share, lambda: drawn("drops out"))
        return cls(
            long=below(settings.long_call_share, lambda: drawn("is long")),
            fails=below(settings.failure_share, lambda: drawn("fails")),
            had_share=np.where(breaks, 1.0 - drawn("drops out when"), 1.0)
            if settings.drop_out_share
            else none + 1.0,
            call_minutes=call_minutes,
        )

    def minutes_had(
        self, calls: NDArray[np.int64], second_slots: Mapping[int, int]
    ) -> NDArray[np.float64]:
        """Give the minutes of calls that were held, by number; two slots are twice as long."""
        slots = np.ones(len(self.had_share), dtype=np.int64)
        slots[list(second_slots)] = 2
        minutes = self.call_minutes * slots[calls] * self.had_share[calls]
        return np.asarray(minutes, dtype=np.float64)

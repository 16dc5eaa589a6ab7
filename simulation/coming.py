"""When each party can come: school holidays, and the last way home without a car."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.words import Availability
from simulation.bounds import below, not_shares
from simulation.clock import clock_minutes
from simulation.place import Place
from simulation.streams import stream_key, uniform


@dataclass(frozen=True, slots=True, kw_only=True)
class ComingSettings:
    """What keeps families from sessions at some hours, and what does not.

    Attributes
    ----------
    holiday_free_share
        Share of parties with children, free after school or work, that can come on weekdays when
        there is no school.
    public_transport_share
        Share of parties without a car that depend on public transport; the others get a lift.
    leave_home_from
        Time of day of the first way out.
    last_departure
        Time of day of the last way home from an establishment, where no shuttle runs later.
    home_until
        Time of day by which a party must be home.
    overnight_from_minutes
        A party whose journey takes so long one way stays the night and is bound by no time.
    adults_max, children_max, visitors_max
        Most adults, children and visitors in all at a table; ``None`` where any number. Parties
        have at most three adults as it is (``data.families``).
    adult_age
        Age at which a child counts as an adult at the table.
    """

    holiday_free_share: float
    public_transport_share: float
    leave_home_from: str
    last_departure: str
    home_until: str
    overnight_from_minutes: float
    adults_max: int
    children_max: int | None
    visitors_max: int | None
    adult_age: int

    def __post_init__(self) -> None:
        """Refuse shares outside 0 to 1, times that are none, negative minutes, empty tables."""
        problems = [*not_shares(self), *below(0, self, ("children_max", "overnight_from_minutes"))]
        problems += [
            f"{problem}, which lets nobody come"
            for problem in below(1, self, ("adults_max", "visitors_max"))
        ]
        if not 1 <= self.adult_age <= 18:
            problems.append(f"adult_age is {self.adult_age}, not from 1 to 18")
        if clock_minutes(self.home_until) <= clock_minutes(self.leave_home_from):
            problems.append(
                f"home_until {self.home_until} is not after leave_home_from {self.leave_home_from}"
            )
        clock_minutes(self.last_departure)
        if problems:
            raise ValueError(f"ComingSettings: {'; '.join(problems)}.")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Coming:
    """What the day lets each party do; one entry per party in every array.

    Attributes
    ----------
    in_holidays
        Whether it can come on weekdays without school although it comes after school or work.
    earliest_start, latest_end
        Minutes after midnight between which a session must lie; infinite where nothing binds.
    """

    in_holidays: NDArray[np.bool_]
    earliest_start: NDArray[np.float64]
    latest_end: NDArray[np.float64]


def party_times(place: Place, settings: ComingSettings, *, seed: int, replication: int) -> Coming:
    """Draw who is free in school holidays, and work out who can get there and back in a day.

    Parameters
    ----------
    place
        Its parties, with cars and minutes there and back.
    settings
        Shares and times of day.
    seed, replication
        Names of the draws, one for each party.

    Returns
    -------
    Coming
        A party with a car is bound by no time.
    """
    party = place.party_person
    number = np.arange(len(party)) - np.searchsorted(party, party)

    def draw(purpose: str) -> NDArray[np.float64]:
        stream = stream_key(seed, replication, purpose)
        return uniform(stream, place.keys, person=party, numbers=number)

    with_children = place.children > 0
    by_day = place.availability == str(Availability.AFTER_SCHOOL_OR_WORK)
    one_way = place.return_minutes / 2
    bound = ~place.has_car & (one_way < settings.overnight_from_minutes)
    bound &= draw("public transport") < settings.public_transport_share
    earliest = clock_minutes(settings.leave_home_from) + one_way
    last_departure = max(clock_minutes(settings.last_departure), place.last_bus_minutes)
    latest = np.minimum(last_departure, clock_minutes(settings.home_until) - one_way)
    return Coming(
        in_holidays=(draw("free in holidays") < settings.holiday_free_share)
        & with_children
        & by_day,
        earliest_start=np.where(bound, earliest, -np.inf),
        latest_end=np.where(bound, latest, np.inf),
    )


def unbound(place: Place, free: Coming) -> Coming:
    """Give what the day lets each party do at home, where no journey binds it."""
    parties = len(place.party_person)
    return Coming(
        in_holidays=free.in_holidays,
        earliest_start=np.full(parties, -np.inf),
        latest_end=np.full(parties, np.inf),
    )

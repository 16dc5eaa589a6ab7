"""Whether what the law entitles to could be had: the calendar is looked at on set days."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import Any

import numpy as np
import simpy
from numpy.typing import NDArray

from simulation.clock import DAYS_PER_PERIOD, MINUTES_PER_DAY, Calendar
from simulation.place import Place
from simulation.streams import stream_key, uniform

PROBED_SHARE = 0.05
"""Share of people with somebody to visit them for whom the calendar is looked at."""

NOON = MINUTES_PER_DAY // 2

VISITS_ENTITLED = 2
"""In four weeks, one of them at a weekend. Source: Prison Rules 1999, rule 35; PSI 16/2011."""


def probed_people(place: Place, *, seed: int, replication: int) -> NDArray[np.int64]:
    """Draw for whom the calendar is looked at, the same people under every scenario."""
    drawn = uniform(stream_key(seed, replication, "probed"), place.keys)
    return np.flatnonzero((drawn < PROBED_SHARE) & place.has_party)


def probe_calendar(
    env: simpy.Environment,
    calendar: Calendar,
    people: Callable[[int], Sequence[int]],
    is_reachable: Callable[[int, int], bool],
    write: Callable[[tuple[int, bool]], None],
) -> Generator[simpy.Timeout, Any, None]:
    """Look at the calendar at noon of the first day of every four weeks, and book nothing.

    Parameters
    ----------
    env
        The establishment's own environment.
    calendar
        Of which only the measured weeks count.
    people
        Takes the day, and says for whom.
    is_reachable
        Takes a person and the day, and says whether the entitlement could be had.
    write
        Takes the person and the answer.

    Yields
    ------
    Timeout
        Until the next look.
    """
    for day in range(calendar.warm_up_days, calendar.days, DAYS_PER_PERIOD):
        yield env.timeout(day * MINUTES_PER_DAY + NOON - env.now)
        for person in people(day):
            write((person, is_reachable(person, day)))

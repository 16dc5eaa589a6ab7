"""Whether what the law entitles to could be had: the calendar is looked at on set days."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, Final

import numpy as np
import simpy
from numpy.typing import NDArray

from simulation.clock import DAYS_PER_PERIOD, MINUTES_PER_DAY, Calendar
from simulation.place import Place
from simulation.slots import SlotCalendar
from simulation.streams import stream_key, uniform

PROBED_SHARE = 0.05
"""Share of people with somebody to visit them for whom the calendar is looked at."""

NOON = MINUTES_PER_DAY // 2

VISITS_ENTITLED: Final = 2
"""In four weeks, one of them at a weekend. Source: Prison Rules 1999, rule 35; PSI 16/2011."""


def probed_people(place: Place, *, seed: int, replication: int) -> NDArray[np.int64]:
    """Draw for whom the calendar is looked at, the same people under every scenario."""
    drawn = uniform(stream_key(seed, replication, "probed"), place.keys)
    return np.flatnonzero((drawn < PROBED_SHARE) & place.has_party)


class Probe:
    """Looks at the calendar of one establishment for some of its people.

    Parameters
    ----------
    place, tables
        The people and their stays, and free tables of the dated sessions.
    could_come
        For each of those people, in order, the slots that any of the parties could take, as bits:
        one number for each kind of table at which somebody would sit.
    weekend
        The slots at weekends, as bits.
    too_late
        By person, the first slot after a stay that is known to end.
    """

    def __init__(
        self,
        place: Place,
        tables: SlotCalendar,
        *,
        could_come: dict[int, list[int]],
        weekend: int,
        too_late: dict[int, int],
    ) -> None:
        self._from_day: list[int] = place.from_day.tolist()
        self._until_day: list[int] = place.until_day.tolist()
        self._approved_day: list[int] = place.approved_day.tolist()
        self._tables = tables
        self._could_come = could_come
        self._weekend = weekend
        self._too_late = too_late

    def look(self, day: int) -> list[tuple[int, bool]]:
        """Say for everybody who is there on a day whether the entitlement could be had."""
        return [
            (person, self._is_reachable(person, day))
            for person in self._could_come
            if self._from_day[person] <= day < self._until_day[person]
        ]

    def _is_reachable(self, person: int, day: int) -> bool:
        if day < self._approved_day[person]:
            return False
        within = -1
        if person in self._too_late:
            within = self._tables.before(self._too_late[person], day)
        tables, weekend = self._tables, self._weekend
        return any(
            tables.is_within_reach(slots & within, person, day, VISITS_ENTITLED, weekend)
            for slots in self._could_come[person]
        )


def probe_calendar(
    env: simpy.Environment, calendar: Calendar, probe: Probe, probes: list[tuple[int, bool]]
) -> Generator[simpy.Timeout, Any, None]:
    """Look at the calendar at noon of the first day of every four weeks, and book nothing.

    Parameters
    ----------
    env
        The establishment's own environment.
    calendar
        Of which only the measured weeks count.
    probe
        Looks at it.
    probes
        Takes the person and the answer, each time.

    Yields
    ------
    Timeout
        Until the next look.
    """
    for day in range(calendar.warm_up_days, calendar.days, DAYS_PER_PERIOD):
        yield env.timeout(day * MINUTES_PER_DAY + NOON - env.now)
        probes += probe.look(day)

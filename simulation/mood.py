"""What families make of a bad experience: for a while they ask less often."""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulation.clock import DAYS_PER_PERIOD, MINUTES_PER_DAY
from simulation.columns import indices
from simulation.mood_settings import MoodSettings

MINUTES_PER_PERIOD: Final = DAYS_PER_PERIOD * MINUTES_PER_DAY

NEVER: Final = 2**31 - 1
"""In place of a day that is never reached."""


class Experience(NamedTuple):
    """What a family takes along: what was missing to a full mood, and at which minute."""

    missing: float
    since: float


class Mood:
    """The mood of the family of each person at one establishment, from 0 to 1; at first 1.

    A request is made when its resolve, drawn before the run, is below the mood at that moment. A
    worse mood therefore takes away some of the same requests and never adds one.

    Parameters
    ----------
    people
        How many.
    settings
        What puts them off.

    Attributes
    ----------
    missing
        What was missing to each family's mood after its last experience; 0 before the first.

    Examples
    --------
    >>> mood = Mood(1, MoodSettings(
    ...     late_start_fall=0.2, long_wait_fall=0, refusal_fall=0.5, late_minutes=15,
    ...     long_wait_days=14, recovery_share=0.5,
    ... ))
    >>> mood.start_late(0, 0.0)
    >>> mood.of(0, 0.0), mood.of(0, 28 * 1440.0)
    (0.8, 0.9)
    """

    def __init__(self, people: int, settings: MoodSettings) -> None:
        self.settings = settings
        self._kept = 1.0 - settings.recovery_share
        self.missing = [0.0] * people
        self._since = [0.0] * people

    def of(self, person: int, now: float) -> float:
        """Give a family's mood at a minute, which is not before its last experience."""
        missing = self.missing[person]
        if not missing:
            return 1.0
        periods = (now - self._since[person]) / MINUTES_PER_PERIOD
        return 1.0 - missing * math.pow(self._kept, periods)

    def last_days_soon(self, asked_minutes: NDArray[np.float64]) -> list[int]:
        """Give the last day on which a visit asked for at each of these minutes is not far ahead.

        The end of all days where nobody minds how far ahead it is.
        """
        if not self.settings.long_wait_fall:
            return [NEVER] * len(asked_minutes)
        asked = np.floor(asked_minutes / MINUTES_PER_DAY).astype(np.int64)
        return indices(asked + self.settings.long_wait_days)

    def start_late(self, person: int, now: float) -> None:
        """Take note that a visit to a person began late."""
        self._fall(person, now, self.settings.late_start_fall)

    def wait_long(self, person: int, now: float) -> None:
        """Take note that a visit could only be booked far ahead."""
        self._fall(person, now, self.settings.long_wait_fall)

    def refuse(self, person: int, now: float) -> None:
        """Take note that a request was refused for good or given up."""
        self._fall(person, now, self.settings.refusal_fall)

    def carry(self, person: int) -> Experience:
        """Give what the family of a person who leaves takes along."""
        return Experience(missing=self.missing[person], since=self._since[person])

    def take_over(self, person: int, carried: Experience) -> None:
        """Put what a family brought along in the place of everything that was here."""
        self.missing[person], self._since[person] = carried

    def _fall(self, person: int, now: float, share: float) -> None:
        if share:
            missing = self.missing[person]
            if missing:
                missing *= math.pow(self._kept, (now - self._since[person]) / MINUTES_PER_PERIOD)
            self.missing[person] = 1.0 - (1.0 - missing) * (1.0 - share)
            self._since[person] = now

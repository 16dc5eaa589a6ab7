"""Calls to a telephone line, who answers them, and what became of them: as tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulation.clock import MINUTES_PER_DAY
from simulation.columns import order_of

HALF_HOUR = 30
HALF_HOURS_PER_DAY = MINUTES_PER_DAY // HALF_HOUR

NO_REQUEST: Final = -1
"""The request of a call about anything but a booking."""


class TryEnd(IntEnum):
    """How one ringing of a caller ended."""

    ANSWERED = 0
    GAVE_UP = 1
    CUT_OFF = 2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CallTable:
    """Calls, and everything drawn for them before they are made; one entry per call.

    Attributes
    ----------
    minutes
        Minute of the first ringing, ascending; float64.
    service
        What it is about, an index; int8.
    priority
        Calls of a lower number are answered first; int8.
    handle_minutes
        How long an agent is busy with it; float64.
    patience_minutes
        Longest time on hold at each try; shape (tries_max, calls), float64.
    redial_minutes
        Opening minutes from giving up until the next try, ``inf`` where there is none; shape
        (tries_max - 1, calls), float64.
    """

    minutes: NDArray[np.float64]
    service: NDArray[np.int8]
    priority: NDArray[np.int8]
    handle_minutes: NDArray[np.float64]
    patience_minutes: NDArray[np.float64]
    redial_minutes: NDArray[np.float64]

    def __len__(self) -> int:
        """Give the number of calls."""
        return len(self.minutes)

    def chosen(self, which: NDArray[np.int64]) -> CallTable:
        """Give some of the calls, in the order asked for."""
        return CallTable(
            minutes=self.minutes[which],
            service=self.service[which],
            priority=self.priority[which],
            handle_minutes=self.handle_minutes[which],
            patience_minutes=self.patience_minutes[:, which],
            redial_minutes=self.redial_minutes[:, which],
        )


def stacked(tables: Sequence[CallTable]) -> CallTable:
    """Put tables of calls, at least one and all with as many tries, one after the other."""
    return CallTable(
        minutes=np.concatenate([each.minutes for each in tables]),
        service=np.concatenate([each.service for each in tables]),
        priority=np.concatenate([each.priority for each in tables]),
        handle_minutes=np.concatenate([each.handle_minutes for each in tables]),
        patience_minutes=np.concatenate([each.patience_minutes for each in tables], axis=1),
        redial_minutes=np.concatenate([each.redial_minutes for each in tables], axis=1),
    )


def joined(tables: Sequence[CallTable]) -> CallTable:
    """Put tables of calls together, in order of the first ringing.

    Parameters
    ----------
    tables
        As for ``stacked``. Calls of one moment keep the order of the tables.
    """
    both = stacked(tables)
    return both.chosen(order_of(both.minutes))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Staff:
    """Opening spells of a line and its agents on duty.

    Attributes
    ----------
    opens, closes
        Minutes at which each opening spell begins and ends, ascending; float64.
    agents
        Agents on duty in each half-hour from minute 0 on; int64.
    """

    opens: NDArray[np.float64]
    closes: NDArray[np.float64]
    agents: NDArray[np.int64]

    def __post_init__(self) -> None:
        """Refuse spells out of order and a negative number of agents."""
        if len(self.opens) != len(self.closes) or (self.closes <= self.opens).any():
            raise ValueError("Staff: every opening spell must end after it begins.")
        if (self.opens[1:] < self.closes[:-1]).any():
            raise ValueError("Staff: opening spells overlap; give them in order.")
        if (self.agents < 0).any():
            raise ValueError("Staff: agents are negative; give 0 or more.")

    @classmethod
    def constant(cls, agents: int, *, days: int) -> Staff:
        """Give a line that is always open with so many agents.

        Examples
        --------
        >>> Staff.constant(3, days=2).agents.sum() / 2 / 24
        np.float64(6.0)
        """
        return cls(
            opens=np.array([0.0]),
            closes=np.array([float(days * MINUTES_PER_DAY)]),
            agents=np.full(days * HALF_HOURS_PER_DAY, agents),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LineYear:
    """What happened on a line.

    Attributes
    ----------
    service
        What each call was about, an index; int8.
    answered_minutes
        Minute at which each was answered, ``inf`` where it was not; float64.
    tries
        How often each rang; int64.
    is_lost
        Whether it gave up for good; where neither answered nor lost it was pending at the end.
    rang, over_minutes, ends, whose
        Minute of each ringing that ended, in that order, the minute of its end, its ``TryEnd`` and
        its call.
    handle_minutes
        Of each call.
    """

    service: NDArray[np.int8]
    answered_minutes: NDArray[np.float64]
    tries: NDArray[np.int64]
    is_lost: NDArray[np.bool_]
    rang: NDArray[np.float64]
    over_minutes: NDArray[np.float64]
    ends: NDArray[np.int64]
    whose: NDArray[np.int64]
    handle_minutes: NDArray[np.float64]

    @property
    def held_minutes(self) -> NDArray[np.float64]:
        """Time on hold of each ringing."""
        return self.over_minutes - self.rang


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LineLog:
    """What happened on one line.

    Attributes
    ----------
    line, replication
        Which.
    year
        Calls and ringings.
    establishments, about
        The prisons played together, and which of them each call was about; int64.
    first_rang
        Minute at which each call began; float64.
    staff
        Opening spells, and agents on duty in each half-hour.
    book, places
        The calls that families might have made, and which of them were made, in the order of
        ``year``.
    request
        The request behind each call, or ``NO_REQUEST``; int64.
    attempt
        At which of its attempts that request was made, from 0 on, and also 0 where there is none;
        int64.
    ends_request
        Whether nobody answered the last attempt, so that the request ends without a booking.
    """

    line: str
    replication: int
    year: LineYear
    establishments: tuple[str, ...]
    about: NDArray[np.int64]
    first_rang: NDArray[np.float64]
    staff: Staff
    book: CallTable
    places: NDArray[np.int64]
    request: NDArray[np.int64]
    attempt: NDArray[np.int64]
    ends_request: NDArray[np.bool_]

    @property
    def calls(self) -> CallTable:
        """The calls as they were drawn, in the order of ``year``."""
        return replace(self.book.chosen(self.places), minutes=self.first_rang)

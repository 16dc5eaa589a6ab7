"""Those who ask, in the order of the clock."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulation.columns import order_of
from simulation.demand import Requests


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Askings:
    """Every time at which somebody would ask for a visit or a call, in order of time.

    When a family turned away comes back is drawn before the run, so all its askings are known
    as well; in the run those of a request that has been booked are passed over.

    Attributes
    ----------
    request
        Number of the request: visits from 0, calls follow on; int64.
    minutes
        Simulation minute; float64.
    last
        Whether the family would not ask again for it.
    """

    request: NDArray[np.int64]
    minutes: NDArray[np.float64]
    last: NDArray[np.bool_]

    @classmethod
    def of(
        cls,
        visits: Requests,
        calls: Requests,
        *,
        handled_minutes: NDArray[np.float64],
        until: float,
    ) -> Askings:
        """Put the askings of all requests before ``until`` in order.

        Parameters
        ----------
        visits, calls
            Requests drawn for both.
        handled_minutes
            Minute at which each asking for a visit reaches the desk, ``inf`` where there is none;
            shape (attempts_max, visits).
        until
            End of the year.
        """
        minutes = handled_minutes.ravel()
        in_year = np.flatnonzero(minutes < until)
        attempt, visit = np.divmod(in_year, max(len(visits), 1))
        # calls booked before the first day are not asked for again
        call = np.flatnonzero(calls.asked_minutes >= 0)
        when = np.concatenate([minutes[in_year], calls.asked_minutes[call]])
        request = np.concatenate([visit, len(visits) + call])
        last = attempt + 1 == visits.attempts[visit]
        order = order_of(when)
        return cls(
            request=request[order],
            minutes=when[order],
            last=np.concatenate([last, np.ones(len(call), dtype=np.bool_)])[order],
        )

    def chosen(self, which: NDArray[np.int64] | slice) -> Askings:
        """Give some of them, in the order named."""
        return Askings(
            request=self.request[which], minutes=self.minutes[which], last=self.last[which]
        )

    def __len__(self) -> int:
        """Give the number of askings."""
        return len(self.request)

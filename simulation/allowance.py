"""Visit orders: granted by date, capped, spent on a booking, given back on cancelling."""

from __future__ import annotations

import sys
from collections.abc import Sequence

ORDER_DAYS = 14
PRIVILEGED_ORDER_DAYS = 28

UNLIMITED = sys.maxsize
"""In place of a number that is never reached."""


class Orders:
    """The orders of the people of one establishment.

    Visit orders come every 14 days and add up to a cap; privileged orders come every 28 days and
    replace those left over. The balance is brought up to date only when somebody asks, which gives
    the same numbers as a daily round because grants between two looks only add. Whoever needs no
    order is taken to have any number of them.

    Parameters
    ----------
    needed
        Whether a person's visits need an order.
    order_day
        Day of each person's first privileged order, 0 to 27; visit orders follow from the same
        day, every 14 days, the first one on ``order_day % 14``.
    privileged
        Privileged orders each person earns every 28 days; those of the period that day 0 falls
        into are in hand at the start.
    granted, cap, opening
        Visit orders granted every 14 days, most in hand, and in hand before day 0.

    Attributes
    ----------
    balance
        Each person's visit orders as last brought up to date; ``in_hand`` knows of those due.
    """

    def __init__(
        self,
        needed: Sequence[bool],
        order_day: Sequence[int],
        privileged: Sequence[int],
        *,
        granted: int,
        cap: int,
        opening: int,
    ) -> None:
        self._privileged = privileged
        self._granted = granted
        self._cap = cap
        self._next_privileged = list(order_day)
        first = min(opening, cap)
        self.balance = [first if needs else UNLIMITED for needs in needed]
        self._next_grant = [
            day % ORDER_DAYS if needs else UNLIMITED
            for needs, day in zip(needed, order_day, strict=True)
        ]
        self._privileged_balance = [
            earned if needs else 0 for needs, earned in zip(needed, privileged, strict=True)
        ]

    def in_hand(self, person: int, day: int) -> bool:
        """Say whether the person has an order of either kind on ``day``."""
        if self.balance[person]:
            return True
        if day >= self._next_grant[person]:
            self._grant(person, day)
        return self._privileged_balance[person] > 0 or self.balance[person] > 0

    def spend(self, person: int, day: int) -> None:
        """Take the order that ``in_hand`` found; a privileged one first, for it lapses first."""
        if day >= self._next_grant[person]:
            self._grant(person, day)
        if self._privileged_balance[person]:
            self._privileged_balance[person] -= 1
        else:
            self.balance[person] -= 1

    def give_back(self, person: int, day: int) -> None:
        """Return the order of a cancelled booking as a visit order, up to the cap."""
        if day >= self._next_grant[person]:
            self._grant(person, day)
        if self.balance[person] < self._cap:
            self.balance[person] += 1

    def _grant(self, person: int, day: int) -> None:
        """Grant what has come due up to and on ``day``."""
        due = self._next_grant[person]
        grants = (day - due) // ORDER_DAYS + 1
        orders = self.balance[person] + grants * self._granted
        self.balance[person] = orders if orders < self._cap else self._cap
        self._next_grant[person] = due + grants * ORDER_DAYS
        first = self._next_privileged[person]
        if day >= first:
            periods = (day - first) // PRIVILEGED_ORDER_DAYS + 1
            self._privileged_balance[person] = self._privileged[person]
            self._next_privileged[person] = first + periods * PRIVILEGED_ORDER_DAYS

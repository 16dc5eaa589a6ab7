"""Visit orders: granted by date, capped, spent on a booking, given back on cancelling."""

from __future__ import annotations

from collections.abc import Sequence

ORDER_DAYS = 14
PRIVILEGED_ORDER_DAYS = 28


class Orders:
    """The orders of the convicted people of one establishment.

    Visit orders come every 14 days and add up to a cap; privileged orders come every 28 days and
    replace those left over. The balance is brought up to date only when somebody asks, which gives
    the same numbers as a daily round because grants between two looks only add.

    Parameters
    ----------
    order_day
        Day of each person's first privileged order, 0 to 27; visit orders follow from the same
        day, every 14 days, the first one on ``order_day % 14``.
    privileged
        Privileged orders each person earns every 28 days; those of the period that day 0 falls
        into are in hand at the start.
    granted, cap, opening
        Visit orders granted every 14 days, most in hand, and in hand before day 0.
    """

    def __init__(
        self,
        order_day: Sequence[int],
        privileged: Sequence[int],
        *,
        granted: int,
        cap: int,
        opening: int,
    ) -> None:
        self._order_day = order_day
        self._privileged = privileged
        self._granted = granted
        self._cap = cap
        self._orders = [min(opening, cap)] * len(order_day)
        self._privileged_orders = list(privileged)
        self._next_grant = [day % ORDER_DAYS for day in order_day]

    def in_hand(self, person: int, day: int) -> bool:
        """Say whether the person has an order of either kind on ``day``."""
        if self._orders[person]:
            return True
        if day >= self._next_grant[person]:
            self._grant(person, day)
        return self._privileged_orders[person] > 0 or self._orders[person] > 0

    def spend(self, person: int, day: int) -> None:
        """Take the order that ``in_hand`` found; a privileged one first, for it lapses first."""
        if day >= self._next_grant[person]:
            self._grant(person, day)
        if self._privileged_orders[person]:
            self._privileged_orders[person] -= 1
        else:
            self._orders[person] -= 1

    def give_back(self, person: int, day: int) -> None:
        """Return the order of a cancelled booking as a visit order, up to the cap."""
        if day >= self._next_grant[person]:
            self._grant(person, day)
        self._orders[person] = min(self._cap, self._orders[person] + 1)

    def _grant(self, person: int, day: int) -> None:
        """Grant what has come due up to and on ``day``."""
        due = self._next_grant[person]
        grants = (day - due) // ORDER_DAYS + 1
        orders = self._orders[person] + grants * self._granted
        self._orders[person] = orders if orders < self._cap else self._cap
        last = due + (grants - 1) * ORDER_DAYS
        # of two grants in a row one is a privileged one too
        if grants > 1 or (last - self._order_day[person]) % PRIVILEGED_ORDER_DAYS == 0:
            self._privileged_orders[person] = self._privileged[person]
        self._next_grant[person] = last + ORDER_DAYS

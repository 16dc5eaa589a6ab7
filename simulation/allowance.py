"""Visit orders: granted by date, capped, spent on a booking, given back on cancelling."""

from __future__ import annotations

from collections.abc import Sequence

ORDER_DAYS = 14
PRIVILEGED_ORDER_DAYS = 28


class Orders:
    """The orders of every person of one establishment.

    Visit orders come every 14 days and add up to a cap; privileged orders come every 28 days and
    replace those left over. The balance is brought up to date only when somebody asks, which gives
    the same numbers as a daily round because grants between two looks only add.

    Parameters
    ----------
    convicted
        Whether each person needs an order; unconvicted people never do.
    order_day
        Day of each person's first privileged order, 0 to 27; visit orders follow from the same
        day, every 14 days, the first one on ``order_day % 14``.
    privileged
        Privileged orders each person earns every 28 days; those of the period that day 0 falls
        into are in hand at the start.
    granted, cap, opening
        Visit orders granted every 14 days, most in hand, and in hand on day 0.
    """

    def __init__(
        self,
        convicted: Sequence[bool],
        order_day: Sequence[int],
        privileged: Sequence[int],
        *,
        granted: int,
        cap: int,
        opening: int,
    ) -> None:
        self._convicted = convicted
        self._order_day = order_day
        self._privileged = privileged
        self._granted = granted
        self._cap = cap
        self._orders = [min(opening, cap)] * len(order_day)
        self._privileged_orders = list(privileged)
        self._seen = [-1] * len(order_day)

    def in_hand(self, person: int, day: int) -> bool:
        """Say whether the person may book on ``day``: unconvicted people always may."""
        if not self._convicted[person]:
            return True
        if day != self._seen[person]:
            self._bring_up_to(person, day)
        return self._privileged_orders[person] > 0 or self._orders[person] > 0

    def spend(self, person: int) -> None:
        """Take the order that ``in_hand`` found; a privileged one first, for it lapses first."""
        if self._convicted[person]:
            if self._privileged_orders[person]:
                self._privileged_orders[person] -= 1
            else:
                self._orders[person] -= 1

    def give_back(self, person: int, day: int) -> None:
        """Return the order of a cancelled booking as a visit order, up to the cap."""
        if self._convicted[person]:
            self._bring_up_to(person, day)
            self._orders[person] = min(self._cap, self._orders[person] + 1)

    def _bring_up_to(self, person: int, day: int) -> None:
        first = self._order_day[person]
        since, before = day - first, self._seen[person] - first
        grants = since // ORDER_DAYS - before // ORDER_DAYS
        if grants:
            self._orders[person] = min(self._cap, self._orders[person] + grants * self._granted)
            if since // PRIVILEGED_ORDER_DAYS != before // PRIVILEGED_ORDER_DAYS:
                self._privileged_orders[person] = self._privileged[person]
        self._seen[person] = day

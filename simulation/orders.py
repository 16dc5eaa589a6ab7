"""Visit orders in hand: ageing, capped, spent on a booking, given back on cancelling."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from data.words import OrderRule
from simulation.allowance import ORDER_DAYS, PRIVILEGED_ORDER_DAYS, RECEPTION_DAYS

UNLIMITED: Final = sys.maxsize
"""In place of a number that is never reached."""

BY_VISIT_ORDER: Final = 0
ON_RECEPTION: Final = -1
"""What paid for a booking. In place of a privileged order stands the day on which it lapses."""

VISIT_ORDER: Final = str(OrderRule.VISIT_ORDER)
PRIVILEGED_ORDER: Final = str(OrderRule.PRIVILEGED_ORDER)
NO_ORDER: Final = str(OrderRule.NO_ORDER)
"""As plain texts, which are looked up and compared eight times as fast as members."""


class OrdersInHand(NamedTuple):
    """What a person takes along from one establishment's ``Orders`` to those of another.

    Attributes
    ----------
    balance
        Visits that can still be booked with visit orders, those on debt included.
    fresh, older
        Visit orders of the latest grant, and of the one before, that are left.
    next_grant, next_privileged
        Days of the year on which visit orders, and privileged ones, come next.
    privileged
        Privileged orders left.
    reception_left
        Visits without an order in the fortnight after reception that are left.
    """

    balance: int
    fresh: int
    older: int
    next_grant: int
    next_privileged: int
    privileged: int
    reception_left: int


class Orders:
    """The orders of the people of one establishment.

    Visit orders come every 14 days. Those not used within 28 days are accumulated; when available
    and accumulated orders together are more than the cap, accumulated ones lapse, the oldest
    first. Privileged orders come every 28 days and replace those left over. The balance is brought
    up to date only when somebody asks, which gives the same numbers as a daily round because
    grants between two looks only add. Whoever needs no order is taken to have any number of them.

    Parameters
    ----------
    needed
        Whether a person's visits need an order.
    order_day
        Day in the cycle of each person's privileged orders, 0 to 27; visit orders come on the same
        day and 14 days later.
    granted, privileged
        Visit orders each person is granted every 14 days, and privileged ones every 28; the
        privileged ones of the period that the first day falls into are in hand at the start.
    cap, opening
        Most visit orders in hand, and those in hand before the first day, as if granted last.
    debt
        Visits that can be booked with no order left.
    swaps
        Whether a person exchanges accumulated orders for telephone credit.
    received, reception_visits
        Day each person is received, and the visits without an order in the fortnight from then.
    counted_from
        Day from which orders granted, lapsed and exchanged are counted.

    Attributes
    ----------
    granted_count, lapsed_count, exchanged_count
        Orders of either sort that each person was granted, that lapsed because the cap was reached
        or a privileged order was not used in its 28 days, and that were exchanged; of what came
        due, as last brought up to date.
    balance
        Visits each person could still book with visit orders, as last brought up to date, those
        on debt included; ``in_hand`` knows of orders due.
    lasting
        Whether what a person has can only be spent; exchanging takes orders away as well.

    Notes
    -----
    Source: visit-allocation service of HMPPS (code, August 2026): ages, cap, debt repaid first, and
    the order in which orders are used: privileged, then the oldest.
    """

    def __init__(
        self,
        needed: list[bool],
        order_day: list[int],
        *,
        granted: list[int],
        privileged: list[int],
        cap: int,
        opening: int,
        debt: int,
        swaps: list[bool],
        received: list[int],
        reception_visits: int,
        counted_from: int = 0,
    ) -> None:
        self._needed = needed
        self._swaps = swaps
        self._counted_from = counted_from
        self.granted_count = [0] * len(needed)
        self.lapsed_count = [0] * len(needed)
        self.exchanged_count = [0] * len(needed)
        self._privileged = privileged
        self._granted = granted
        self._debt = debt
        self._cap = cap
        self._kept = [0 if swapped else cap for swapped in swaps]
        first = min(opening, cap)
        self.balance = [first + debt if needs else UNLIMITED for needs in needed]
        self.lasting = [not swapped for swapped in swaps]
        # orders not yet 28 days old: of the latest grant, and of the one before
        self._fresh = [first] * len(needed)
        self._older = [0] * len(needed)
        self._next_grant = [
            day % ORDER_DAYS if needs else UNLIMITED
            for needs, day in zip(needed, order_day, strict=True)
        ]
        self._next_privileged = list(order_day)
        self._privileged_balance = [
            earned if needs else 0 for needs, earned in zip(needed, privileged, strict=True)
        ]
        self._received = received
        self._reception_left = [reception_visits if needs else 0 for needs in needed]

    def in_hand(self, person: int, day: int) -> bool:
        """Say whether the person can book on ``day``: an order of any kind, or debt allowed."""
        if self.balance[person] and self.lasting[person]:
            return True
        if day >= self._next_grant[person]:
            self._grant(person, day)
        return (
            self._privileged_balance[person] > 0
            or self.balance[person] > 0
            or self._is_reception(person, day)
        )

    def by_kind(self, person: int, day: int) -> tuple[bool, bool]:
        """Say whether a visit order and a privileged one are in hand; both where none is needed."""
        if day >= self._next_grant[person]:
            self._grant(person, day)
        any_will_do = self._next_grant[person] == UNLIMITED or self._is_reception(person, day)
        return (
            any_will_do or self.balance[person] > 0,
            any_will_do or self._privileged_balance[person] > 0,
        )

    def cover(self, person: int, day: int, rules: Sequence[str]) -> bool:
        """Say whether a person could spend an order for each of some sessions, one after the other.

        Parameters
        ----------
        person, day
            Whose orders, and when.
        rules
            Which order each session asks for.
        """
        if not self._needed[person]:
            return True
        if day >= self._next_grant[person]:
            self._grant(person, day)
        reception = self._reception_left[person] if self._is_reception(person, day) else 0
        privileged, ordinary = self._privileged_balance[person], self.balance[person]
        for rule in rules:
            if rule == NO_ORDER:
                continue
            if reception:
                reception -= 1
            elif privileged and rule != VISIT_ORDER:
                privileged -= 1
            elif ordinary > 0 and rule != PRIVILEGED_ORDER:
                ordinary -= 1
            else:
                return False
        return True

    def spend(self, person: int, day: int, rule: str = "") -> int:
        """Take what ``in_hand`` found: what lapses first is used first.

        Parameters
        ----------
        person, day
            Whose order, and when.
        rule
            Which order the session asks for, one of ``OrderRule``; empty for either.

        Returns
        -------
        int
            What paid: ``BY_VISIT_ORDER``, ``ON_RECEPTION``, or the day on which the privileged
            order that was spent would have lapsed. For ``give_back``.
        """
        if rule == NO_ORDER:
            return BY_VISIT_ORDER
        if day >= self._next_grant[person]:
            self._grant(person, day)
        if self._reception_left[person] and 0 <= day - self._received[person] < RECEPTION_DAYS:
            self._reception_left[person] -= 1
            return ON_RECEPTION
        if self._privileged_balance[person] and rule != VISIT_ORDER:
            self._privileged_balance[person] -= 1
            return self._next_privileged[person]
        self.balance[person] -= 1
        if self._older[person]:
            self._older[person] -= 1
        elif self._fresh[person]:
            self._fresh[person] -= 1
        return BY_VISIT_ORDER

    def give_back(self, person: int, day: int, paid: int = BY_VISIT_ORDER) -> None:
        """Return what paid for a cancelled booking.

        A visit order comes back as if granted last, up to the cap; the visit on reception ends
        with its fortnight all the same, and a privileged order with its 28 days.

        Parameters
        ----------
        person, day
            Whose, and when.
        paid
            What ``spend`` gave.
        """
        if paid == ON_RECEPTION:
            self._reception_left[person] += 1
            return
        if day >= self._next_grant[person]:
            self._grant(person, day)
        if paid != BY_VISIT_ORDER:
            if day < paid:
                self._privileged_balance[person] += 1
            elif day >= self._counted_from:
                self.lapsed_count[person] += 1
            return
        left = self.balance[person] - self._debt
        if left < self._cap:
            self.balance[person] += 1
            if left >= 0:
                self._fresh[person] += 1
        elif self._needed[person] and day >= self._counted_from:
            self.lapsed_count[person] += 1

    def counts(self, day: int) -> dict[str, NDArray[np.int64]]:
        """Give what became of everybody's orders up to and on a day, and what is in hand then.

        Returns
        -------
        dict
            orders_granted, orders_lapsed, orders_exchanged and orders_unused (in hand, debt left
            out); int64, shape (people,); 0 for people who need none.
        """
        unused = np.zeros(len(self._needed), dtype=np.int64)
        for person in np.flatnonzero(self._needed).tolist():
            if day >= self._next_grant[person]:
                self._grant(person, day)
            in_hand = max(self.balance[person] - self._debt, 0)
            unused[person] = in_hand + self._privileged_balance[person]
        return {
            "orders_granted": np.array(self.granted_count, dtype=np.int64),
            "orders_lapsed": np.array(self.lapsed_count, dtype=np.int64),
            "orders_exchanged": np.array(self.exchanged_count, dtype=np.int64),
            "orders_unused": unused,
        }

    def carry(self, person: int, day: int) -> OrdersInHand:
        """Give what a person takes along who leaves on ``day``; what is due then is granted here.

        Parameters
        ----------
        person, day
            Who, and when.
        """
        if day >= self._next_grant[person]:
            self._grant(person, day)
        carried = OrdersInHand(
            balance=self.balance[person],
            fresh=self._fresh[person],
            older=self._older[person],
            next_grant=self._next_grant[person],
            next_privileged=self._next_privileged[person],
            privileged=self._privileged_balance[person],
            reception_left=self._reception_left[person],
        )
        if self._needed[person]:
            # nothing comes due here any more, so nothing is counted twice
            self._next_grant[person] = UNLIMITED
            self.balance[person] = self._privileged_balance[person] = 0
        return carried

    def take_over(self, person: int, carried: OrdersInHand) -> None:
        """Put what a person brought along in the place of everything that was here."""
        self.balance[person] = carried.balance
        self._fresh[person] = carried.fresh
        self._older[person] = carried.older
        self._next_grant[person] = carried.next_grant
        self._next_privileged[person] = carried.next_privileged
        self._privileged_balance[person] = carried.privileged
        self._reception_left[person] = carried.reception_left

    def _is_reception(self, person: int, day: int) -> bool:
        return (
            self._reception_left[person] > 0
            and 0 <= day - self._received[person] < RECEPTION_DAYS
        )  # fmt: skip

    def _grant(self, person: int, day: int) -> None:
        """Grant what has come due up to and on ``day``, and let what is old age."""
        due, granted = self._next_grant[person], self._granted[person]
        if due < self._counted_from <= day:
            # what comes due before is not counted, so the two are brought up to date in turn
            self._grant(person, self._counted_from - 1)
            due = self._next_grant[person]
            if day < due:
                return
        grants = (day - due) // ORDER_DAYS + 1
        older = self._fresh[person] if grants == 1 else granted
        left = self.balance[person] - self._debt + grants * granted
        # whatever grants lie between the last two lapses as if all had come at once
        available, kept = granted + older, self._kept[person]
        lost = left - (kept if kept > available else available)
        left -= lost if lost > 0 else 0
        # two minima, written out: calls would cost more than the rest
        fresh = left if left < granted else granted
        fresh = fresh if fresh > 0 else 0
        rest = left - fresh if left > fresh else 0
        self._fresh[person] = fresh
        self._older[person] = rest if rest < older else older
        self.balance[person] = left + self._debt
        self._next_grant[person] = due + grants * ORDER_DAYS
        if day >= self._counted_from:
            self.granted_count[person] += grants * granted
            if lost > 0:
                went = self.exchanged_count if self._swaps[person] else self.lapsed_count
                went[person] += lost
        first = self._next_privileged[person]
        if day >= first:
            periods = (day - first) // PRIVILEGED_ORDER_DAYS + 1
            earned = self._privileged[person]
            if day >= self._counted_from:
                self.granted_count[person] += periods * earned
                replaced = self._privileged_balance[person] + (periods - 1) * earned
                self.lapsed_count[person] += replaced
            self._privileged_balance[person] = earned
            self._next_privileged[person] = first + periods * PRIVILEGED_ORDER_DAYS

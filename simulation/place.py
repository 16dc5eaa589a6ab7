"""The people of one establishment and the parties that would visit them, as arrays.

Who is held there for a part of the year only has a row for each stay: a person who is lent to
another establishment and comes back has two.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BEYOND = 2**31 - 1
"""In place of a day that is never reached."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Place:
    """One establishment: people in order of id and then of stay, parties in order of person.

    Attributes
    ----------
    establishment, region
        Its code, and the region it lies in.
    kiosk_share, online_share
        Share of requests made at a kiosk, and share of the others made online.
    windows
        Least and most days ahead that each channel can book, in the order of ``CHANNELS``.
    last_bus_minutes
        Minutes after midnight of the last bus of a scenario's shuttle; 0 where there is none.
    prisoner_id
        Ids of the people, ascending; text, shape (people,).
    keys
        Key of each person's draws; uint64.
    from_day, until_day
        First day of each stay, and the day on which the person is no longer there, ``BEYOND`` where
        none; int64.
    ends_day
        Day on which a stay is known to end, so that no visit is booked for it or later; ``BEYOND``
        where it is not known; int64.
    approved_day, cleared_day
        Days from which visits can be booked, because visitors are approved, and calls, because
        numbers are cleared; 0 where nobody came by a transfer; int64.
    convicted
        Whether a visit needs an order.
    visit_orders, privileged_orders
        Visit orders each person is granted every 14 days, and privileged ones every 28; int64.
    received_day
        Day on which the person, or the next holder of the place, is newly received; int64.
    days_per_holder
        Mean days from one person newly received into the place to the next; float64.
    category, incentive_level, unit
        Words of the population table and unit of the placement, for the filters of sessions.
    foreign_national
        Whether the family may live abroad.
    sex, children_under_18, straight_miles, care_experience
        For the groups of the measures: text, count, miles from home, whether in care as a child.
    days_to_release, days_since_sentence
        On day 0 of the measured year; float64, missing where there is no date or no sentence.
    contact_refused
        Whether there are contacts and none of them may visit.
    apart
        Pairs of people who may not have visits on one day; int64, shape (pairs, 2).
    party_person
        Person each party would visit, ascending; int64, shape (parties,).
    adults, children
        Members of each party; int64.
    pupils
        How many of the children are of an age to go to school; int64.
    availability
        When each party can come; text.
    conditions
        Whether the visit has to be closed or supervised.
    has_car, low_income
        Whether it comes by car, and whether its income is low enough for help with the cost.
    net_cost_gbp
        Generalised cost of the trip for the whole party, less the expected refund.
    money_gbp, refund_gbp
        Money spent on the trip before any refund, and the refund expected.
    return_minutes
        There and back for one traveller.
    party_ladder
        Person plus cumulative share of the person's visits; ascending.
    """

    establishment: str
    region: str
    kiosk_share: float
    online_share: float
    windows: tuple[tuple[int, int], ...]
    last_bus_minutes: float
    prisoner_id: NDArray[np.object_]
    keys: NDArray[np.uint64]
    from_day: NDArray[np.int64]
    until_day: NDArray[np.int64]
    ends_day: NDArray[np.int64]
    approved_day: NDArray[np.int64]
    cleared_day: NDArray[np.int64]
    convicted: NDArray[np.bool_]
    visit_orders: NDArray[np.int64]
    privileged_orders: NDArray[np.int64]
    received_day: NDArray[np.int64]
    days_per_holder: NDArray[np.float64]
    category: NDArray[np.object_]
    incentive_level: NDArray[np.object_]
    unit: NDArray[np.object_]
    sex: NDArray[np.object_]
    children_under_18: NDArray[np.int64]
    straight_miles: NDArray[np.float64]
    foreign_national: NDArray[np.bool_]
    care_experience: NDArray[np.bool_]
    days_to_release: NDArray[np.float64]
    days_since_sentence: NDArray[np.float64]
    contact_refused: NDArray[np.bool_]
    apart: NDArray[np.int64]
    party_person: NDArray[np.int64]
    adults: NDArray[np.int64]
    children: NDArray[np.int64]
    pupils: NDArray[np.int64]
    availability: NDArray[np.object_]
    conditions: NDArray[np.bool_]
    has_car: NDArray[np.bool_]
    low_income: NDArray[np.bool_]
    net_cost_gbp: NDArray[np.float64]
    money_gbp: NDArray[np.float64]
    refund_gbp: NDArray[np.float64]
    return_minutes: NDArray[np.float64]
    party_ladder: NDArray[np.float64]

    @property
    def has_party(self) -> NDArray[np.bool_]:
        """Say for each person whether anybody would visit."""
        return np.bincount(self.party_person, minlength=len(self.keys)) > 0

    @property
    def last_party(self) -> NDArray[np.int64]:
        """Give each person's last party; -1 or that of an earlier person where there is none."""
        return np.searchsorted(self.party_person, np.arange(len(self.keys)), side="right") - 1

    @property
    def is_settled(self) -> bool:
        """Whether everybody is here all the time."""
        return not self.from_day.any() and bool((self.until_day == BEYOND).all())

"""What the regime grants: how many visit orders, to whom and when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from simulation.bounds import below, not_shares
from simulation.clock import DAYS_PER_WEEK
from simulation.regime import VisitsRegime

if TYPE_CHECKING:
    import pandas as pd

ORDER_DAYS: Final = 14
PRIVILEGED_ORDER_DAYS: Final = 28
RECEPTION_DAYS: Final = 14
"""A person newly received has the reception visit within so many days (PSI 16/2011)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AllowanceSettings:
    """What stands around the orders that the regime grants.

    Attributes
    ----------
    negative_orders_max
        Visits that can be booked with no order left; orders granted later repay them first.
    extra_orders_share, extra_orders_per_28_days
        Share of convicted people to whom the governor gives so many orders more every 28 days;
        they lapse with the privileged ones.
    swap_share
        Share of convicted people who exchange every order that they have not used within 28 days
        for telephone credit.
    reception_visits
        Visits without an order in the first 14 days after a person is received.
    """

    negative_orders_max: int
    extra_orders_share: float
    extra_orders_per_28_days: int
    swap_share: float
    reception_visits: int

    def __post_init__(self) -> None:
        """Refuse shares outside 0 to 1 and negative numbers of orders."""
        numbers = ("negative_orders_max", "extra_orders_per_28_days", "reception_visits")
        problems = [*not_shares(self), *below(0, self, numbers)]
        if problems:
            raise ValueError(f"AllowanceSettings: {'; '.join(problems)}.")


def granted_orders(
    people: pd.DataFrame, by_prison: pd.DataFrame, regime: VisitsRegime
) -> NDArray[np.int64]:
    """Give the orders that each person is granted.

    Parameters
    ----------
    people
        One row per person: establishment and incentive_level are read.
    by_prison
        The table ``visit_orders``: what a prison grants at a level, where it differs.
    regime
        What is granted elsewhere.

    Returns
    -------
    ndarray of int64
        Shape (people, 2): visit orders every 14 days, privileged orders every 28.
    """
    keys = ["establishment", "incentive_level"]
    usual = {
        level: (regime.orders_per_14_days, regime.privileged_orders(level))
        for level in people["incentive_level"].unique().tolist()
    }
    own = {
        (establishment, level): (ordinary, privileged)
        for establishment, level, ordinary, privileged in zip(
            *(by_prison[name].tolist() for name in (*keys, "visit_orders", "privileged_orders")),
            strict=True,
        )
    }
    granted = [
        own.get((establishment, level), usual[level])
        for establishment, level in zip(*(people[name].tolist() for name in keys), strict=True)
    ]
    return np.array(granted, dtype=np.int64).reshape(-1, 2)


def received_day(people: pd.DataFrame, data_day: int) -> NDArray[np.int64]:
    """Give the day of the year on which each person, or the next holder of the place, is received.

    Whoever was sentenced within the fortnight before the date of the data counts from then. The
    others make room for somebody new when their expected stay, from that date, is over.

    Parameters
    ----------
    people
        One row per person: days_since_sentence (missing on remand) and expected_weeks are read.
    data_day
        Number of the day that the data are of; below 0 before the first day played.

    Returns
    -------
    ndarray of int64
        Below 0 before the first day played; beyond its end where nobody comes in it.
    """
    since = people["days_since_sentence"].to_numpy(np.float64)
    stay = people["expected_weeks"].to_numpy(np.float64) * DAYS_PER_WEEK
    # a missing number of days is not below anything
    from_then = np.where(since < RECEPTION_DAYS, -since, np.floor(stay))
    return data_day + from_then.astype(np.int64)

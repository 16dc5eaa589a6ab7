"""What a visit costs a family in time and money, and what is refunded."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class HelpWithVisits:
    """The rules of the scheme that refunds families on low incomes.

    Attributes
    ----------
    income_limit_gbp_per_month
        Highest monthly household income, housing left out, that is refunded.
    income_limit_in_data_gbp_per_month
        The limit behind the ``low_income`` marks of the contacts table.
    median_income_gbp_per_month, income_log_spread
        Monthly income of visiting households is taken as lognormal: its median, and the standard
        deviation of its logarithm. Used only to move the limit.
    awareness_share
        Share of entitled families who know of the scheme.
    awareness_share_in_data
        The same, behind the ``claims_visit_costs`` marks of the contacts table.
    claim_share
        Share of entitled families who know of the scheme and claim.
    car_gbp_per_mile
        Refund for a mile by road.
    food_gbp_over_5_hours, food_gbp_over_10_hours
        Refund per traveller for food on a day out longer than five and ten hours.
    hours_at_establishment
        Hours between arriving and leaving, for the length of that day.
    visits_per_year_cap
        Visits refunded in a year.
    """

    income_limit_gbp_per_month: float
    income_limit_in_data_gbp_per_month: float
    median_income_gbp_per_month: float
    income_log_spread: float
    awareness_share: float
    awareness_share_in_data: float
    claim_share: float
    car_gbp_per_mile: float
    food_gbp_over_5_hours: float
    food_gbp_over_10_hours: float
    hours_at_establishment: float
    visits_per_year_cap: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class VisitCost:
    """Cost of every kind of trip to every establishment, and which trip each party makes.

    Attributes
    ----------
    trip
        Row of the matrices for each row of the parties table; int64, shape (parties,).
    return_minutes
        There and back for one traveller; float64, shape (trips, establishments).
    money_gbp
        Fares, fuel, ferries and tolls there and back for the whole party, before any refund.
    refund_gbp
        Expected refund of a visit within the yearly cap, at the share that actually claim.
    gross_gbp
        Value of all travellers' time plus ``money_gbp``.
    weight
        Distributional weight of each trip; ones where nobody is weighted; shape (trips,).
    """

    trip: NDArray[np.int64]
    return_minutes: NDArray[np.float64]
    money_gbp: NDArray[np.float64]
    refund_gbp: NDArray[np.float64]
    gross_gbp: NDArray[np.float64]
    weight: NDArray[np.float64]

"""What a visit costs a family in time and money, and what is refunded.

A *party* is the people who travel together to see one prisoner. Parties that are alike in area,
mode, size and means make the same *trip*, so costs are worked out once for each kind of trip.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from data.check import Problem, TableError
from data.travel import TravelSettings, TravelTimes

TRIP_COLUMNS = (
    "home_area",
    "has_car",
    "adults",
    "children",
    "low_income",
    "claims_visit_costs",
)
"""What makes the trips of two parties the same."""

SEATS = 5
"""A larger party needs a second car."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HelpWithVisits:
    """The rules of the scheme that refunds families on low incomes.

    The contacts table says who has a low income and who claims, under the limit and the awareness
    ``in_data``. Other values of the two stand for a changed scheme.

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
        Of entitled families who know of the scheme, the share that claim.
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

    def __post_init__(self) -> None:
        """Refuse values that no scheme has."""
        for name in self.__slots__:
            value = getattr(self, name)
            if not np.isfinite(value) or value < 0:
                raise ValueError(f"HelpWithVisits: {name} is {value}; it must be 0 or more.")
            if "share" in name and value > 1:
                raise ValueError(f"HelpWithVisits: {name} is {value}; a share is between 0 and 1.")
        if self.median_income_gbp_per_month == 0 or self.income_log_spread == 0:
            raise ValueError("HelpWithVisits: the median and the spread of incomes are above 0.")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class VisitCost:
    """Cost of every kind of trip to every establishment, and which trip each party makes.

    The cost of party ``i`` is row ``trip[i]`` of a matrix.

    Attributes
    ----------
    trips
        One row per kind of trip: home_area, has_car, adults, children, low_income,
        claims_visit_costs.
    trip
        Row of ``trips`` and of the matrices for each party; int64, shape (parties,).
    establishments
        Labels of the columns of the matrices.
    return_minutes
        There and back for one traveller; float64, shape (trips, establishments), as all below.
    money_gbp
        Fares, fuel, ferries and tolls there and back for the whole party, before any refund.
    refund_gbp
        Expected refund of a visit within the yearly cap, at the share that actually claim.
    gross_gbp
        Value of all travellers' time plus ``money_gbp``. Not weighted.
    weight
        Distributional weight of each trip, shape (trips,); ones where nobody is weighted.
    """

    trips: pd.DataFrame
    trip: NDArray[np.int64]
    establishments: pd.Index[str]
    return_minutes: NDArray[np.float64]
    money_gbp: NDArray[np.float64]
    refund_gbp: NDArray[np.float64]
    gross_gbp: NDArray[np.float64]
    weight: NDArray[np.float64]


def visit_cost(
    parties: pd.DataFrame,
    travel: TravelTimes,
    settings: TravelSettings,
    scheme: HelpWithVisits,
) -> VisitCost:
    """Work out what each kind of trip costs to each establishment, and what is refunded.

    Parameters
    ----------
    parties
        One row per party: home_area, has_car, adults, children, low_income, claims_visit_costs.
        More columns are left alone.
    travel
        Journeys from home areas to establishments.
    settings
        Value of time, children's fares and the distributional weight.
    scheme
        Help with visit costs.

    Returns
    -------
    VisitCost
        Matrices over distinct trips, sorted by the columns of ``trips``.

    Raises
    ------
    TableError
        When a party lives in a home area for which there are no journeys.

    Notes
    -----
    ``gross = value of time * return hours * travellers + money`` (brief of the model, symbols in
    ``docs/model-travel.md``). A party with a car drives; the others buy fares. The refund is a
    transfer: it lowers what the family pays, not what the visit costs society, and so stands
    beside the gross cost. Source of the scheme's rules: ``help_with_prison_visits``.
    """
    trips, trip = _distinct_trips(parties)
    area = _area_rows(trips, travel)
    by_car = trips["has_car"].to_numpy(dtype=bool)[:, None]
    adults = trips["adults"].to_numpy(dtype=np.float64)[:, None]
    children = trips["children"].to_numpy(dtype=np.float64)[:, None]
    travellers = adults + children

    return_minutes = 2 * np.where(by_car, travel.car_minutes[area], travel.public_minutes[area])
    cars = np.ceil(travellers / SEATS)
    fares = adults + settings.child_fare_share * children
    money = np.where(by_car, cars * travel.car_cost_gbp[area], fares * travel.public_fare_gbp[area])
    time = settings.value_of_time_gbp_per_hour * return_minutes / 60 * travellers

    mileage = scheme.car_gbp_per_mile * 2 * travel.road_miles[area]
    refunded_fare = np.where(by_car, cars * (mileage + travel.crossing_gbp[area]), money)
    food = travellers * _food_gbp(return_minutes, scheme)
    take_up = take_up_share(trips["low_income"], trips["claims_visit_costs"], scheme)[:, None]
    return VisitCost(
        trips=trips,
        trip=trip,
        establishments=travel.establishments,
        return_minutes=return_minutes,
        money_gbp=money,
        refund_gbp=take_up * (refunded_fare + food),
        gross_gbp=time + money,
        weight=np.where(
            trips["low_income"].to_numpy(dtype=bool), settings.distributional_weight_low_income, 1.0
        ),
    )


def take_up_share(
    low_income: ArrayLike, claims: ArrayLike, scheme: HelpWithVisits
) -> NDArray[np.float64]:
    """Expect which families claim under a scheme that may differ from the data's.

    Parameters
    ----------
    low_income, claims
        Marks of the contacts table, shape (families,).
    scheme
        Limits and awareness, in the data and now.

    Returns
    -------
    NDArray[np.float64]
        Probability that each claims; exactly 0 or 1 where the scheme is the data's.

    Notes
    -----
    When the share of people who qualify rises from ``a`` to ``b``, those who did still do and
    ``(b - a) / (1 - a)`` of the others join; when it falls, ``b / a`` of them remain.
    """
    entitled = np.asarray(low_income, dtype=bool)
    claiming = np.asarray(claims, dtype=bool)
    entitled_now = _moved_share(
        entitled,
        _share_under(scheme.income_limit_in_data_gbp_per_month, scheme),
        _share_under(scheme.income_limit_gbp_per_month, scheme),
    )
    before = scheme.awareness_share_in_data * scheme.claim_share
    now = scheme.awareness_share * scheme.claim_share
    claim_now = np.where(entitled, _moved_share(claiming, before, now), now)
    return entitled_now * claim_now


def share_within_cap(visits_per_year: ArrayLike, scheme: HelpWithVisits) -> NDArray[np.float64]:
    """Say what share of a family's visits the yearly cap lets be refunded.

    Parameters
    ----------
    visits_per_year
        Visits a family makes, any shape, 0 or more.
    scheme
        The cap.

    Returns
    -------
    NDArray[np.float64]
        Between 0 and 1, in the same shape; 1 up to the cap.

    Notes
    -----
    A family that comes every week has half of its visits refunded under a cap of 26.
    """
    visits = np.asarray(visits_per_year, dtype=np.float64)
    return np.minimum(1.0, scheme.visits_per_year_cap / np.maximum(visits, 1e-9))


def _distinct_trips(parties: pd.DataFrame) -> tuple[pd.DataFrame, NDArray[np.int64]]:
    """List the kinds of trip once, and number each party's."""
    grouped = parties.groupby(list(TRIP_COLUMNS), sort=True, observed=True)
    trips = parties.loc[~parties.duplicated(list(TRIP_COLUMNS)), list(TRIP_COLUMNS)]
    ordered = trips.sort_values(list(TRIP_COLUMNS), ignore_index=True)
    return ordered, np.asarray(grouped.ngroup(), dtype=np.int64)


def _area_rows(trips: pd.DataFrame, travel: TravelTimes) -> NDArray[np.int64]:
    """Find the row of the journeys for each trip."""
    area = travel.home_areas.get_indexer(pd.Index(trips["home_area"]))
    if (area < 0).any():
        unknown = sorted(set(trips["home_area"][area < 0]))
        raise TableError(
            [
                Problem(
                    table="contacts",
                    file="contacts.csv",
                    column="home_area",
                    value=", ".join(unknown[:5]) + (", ..." if len(unknown) > 5 else ""),
                    expected="a home area with journeys",
                    action=f"Correct the {len(unknown)} ids or add the rows to home_areas.csv.",
                )
            ]
        )
    return np.asarray(area, dtype=np.int64)


def _food_gbp(return_minutes: NDArray[np.float64], scheme: HelpWithVisits) -> NDArray[np.float64]:
    """Refund food for one traveller by the length of the day out."""
    hours = return_minutes / 60 + scheme.hours_at_establishment
    long_day = np.where(hours > 10, scheme.food_gbp_over_10_hours, scheme.food_gbp_over_5_hours)
    return cast("NDArray[np.float64]", np.where(hours > 5, long_day, 0.0))


def _share_under(limit_gbp: float, scheme: HelpWithVisits) -> float:
    """Read off the lognormal distribution of incomes what share lies at or under a limit."""
    from statistics import NormalDist

    if limit_gbp == 0:
        return 0.0
    spreads = np.log(limit_gbp / scheme.median_income_gbp_per_month) / scheme.income_log_spread
    return NormalDist().cdf(float(spreads))


def _moved_share(marked: NDArray[np.bool_], before: float, now: float) -> NDArray[np.float64]:
    """Expect who carries a mark after the share of people who carry it has moved."""
    stay = min(1.0, now / before) if before > 0 else 0.0
    join = max(0.0, (now - before) / (1 - before)) if before < 1 else 0.0
    return np.where(marked, stay, join)

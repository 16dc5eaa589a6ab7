"""How long it takes families to reach each establishment, and what it costs them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class TravelSettings:
    """What a decision maker may vary about journeys.

    Attributes
    ----------
    traffic_factor
        Minutes on the road at visiting times per minute on empty roads.
    wales_mountain_factor
        The same for roads in mid and north-west Wales, on top of ``traffic_factor``.
    public_base_minutes, public_minutes_per_car_minute
        Door-to-door minutes by public transport: a constant, and a multiple of car minutes.
    car_gbp_per_mile
        What a mile in the family's car costs it.
    rail_gbp_per_mile
        Rail fare per mile travelled by rail.
    rail_route_factor
        Miles travelled by rail per straight-line mile.
    local_fare_gbp
        Single fare of the local bus that joins home, station and establishment.
    minimum_fare_gbp
        Least single fare of any journey by public transport.
    child_fare_share
        A child's fare as a share of an adult's.
    isle_of_wight_car_return_gbp, isle_of_wight_foot_return_gbp, scilly_return_gbp
        Return fares over the sea: a car with all in it, one adult on foot, one adult.
    dartford_toll_gbp, mersey_toll_gbp, humber_toll_gbp
        Tolls for a car, each way; zero leaves a toll out.
    value_of_time_gbp_per_hour
        What an hour of a traveller's time is worth, the same for everybody.
    distributional_weight_low_income
        Weight of a pound to a family on a low income; one where nobody is weighted.
    """

    traffic_factor: float
    wales_mountain_factor: float
    public_base_minutes: float
    public_minutes_per_car_minute: float
    car_gbp_per_mile: float
    rail_gbp_per_mile: float
    rail_route_factor: float
    local_fare_gbp: float
    minimum_fare_gbp: float
    child_fare_share: float
    isle_of_wight_car_return_gbp: float
    isle_of_wight_foot_return_gbp: float
    scilly_return_gbp: float
    dartford_toll_gbp: float
    mersey_toll_gbp: float
    humber_toll_gbp: float
    value_of_time_gbp_per_hour: float
    distributional_weight_low_income: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TravelTimes:
    """The journey from every home area to every establishment, by car and by public transport.

    Attributes
    ----------
    home_areas, establishments
        Labels of rows and columns.
    straight_miles, road_miles
        One way; float64, shape (home areas, establishments).
    car_minutes, public_minutes
        One way, door to door; ``inf`` where there is no route.
    car_cost_gbp
        There and back, for the whole car, with ferries and tolls.
    public_fare_gbp
        There and back, for one adult.
    """

    home_areas: pd.Index
    establishments: pd.Index
    straight_miles: NDArray[np.float64]
    road_miles: NDArray[np.float64]
    car_minutes: NDArray[np.float64]
    public_minutes: NDArray[np.float64]
    car_cost_gbp: NDArray[np.float64]
    public_fare_gbp: NDArray[np.float64]

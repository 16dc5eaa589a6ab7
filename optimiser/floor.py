"""How much of the distance is unavoidable, and how much chance alone would give.

Beside a plan stands the least mean straight-line distance that any placement could reach under
capacity and sex alone, and the mean that a random placement would have. A gain that comes from a
structure of the data too loose to be true would show against these two.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from data.estate import Estate
from data.travel import TravelTimes
from optimiser.problem import Integers
from optimiser.solve import cheapest_shipment

PARTS_PER_MILE = 1000
"""Whole units of distance in the solver."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor:
    """Mean straight-line miles from home, over people whose home area is known.

    Attributes
    ----------
    least_mean_miles
        No placement within capacity and sex can be below.
    random_mean_miles
        Expected under places given out blindly, each place as likely as any other of the same sex.
    today_mean_miles
        As observed.
    """

    least_mean_miles: float
    random_mean_miles: float
    today_mean_miles: float


def mean_miles_floor(
    prisoners: pd.DataFrame, estate: Estate, travel: TravelTimes, capacity: Integers
) -> Floor:
    """Work out the least, the random and today's mean distance.

    Parameters
    ----------
    prisoners
        The population table.
    estate, travel
        Units, and straight-line miles.
    capacity
        Most people each unit may hold; shape (units,), in the order of ``estate.units``.

    Returns
    -------
    Floor
        The least mean is exact: a minimum-cost flow from home areas to establishments. People who
        have no room at all are left out of it.
    """
    area = travel.home_areas.get_indexer(pd.Index(prisoners["home_area"]))
    places = travel.establishments.get_indexer(pd.Index(estate.units["establishment"]))
    known = area >= 0
    least = random = 0.0
    placed = 0
    for sex in sorted(prisoners["sex"].unique()):
        ours = known & (prisoners["sex"] == sex).to_numpy()
        people = np.bincount(area[ours], minlength=len(travel.home_areas)).astype(np.int64)
        of_sex = (estate.units["sex"] == sex).to_numpy() & (places >= 0)
        room = np.bincount(
            places[of_sex], weights=capacity[of_sex], minlength=len(travel.establishments)
        ).astype(np.int64)
        if room.sum() == 0:
            continue
        distance = np.rint(travel.straight_miles * PARTS_PER_MILE).astype(np.int64)
        shipped = cheapest_shipment(distance, people, room)
        least += float((shipped * distance).sum()) / PARTS_PER_MILE
        placed += int(shipped.sum())
        random += float(people @ (travel.straight_miles @ (room / room.sum())))
    current = estate.units.set_index("unit")["establishment"].reindex(prisoners["current_unit"])
    today = travel.establishments.get_indexer(pd.Index(current))
    seen = known & (today >= 0)
    miles = travel.straight_miles[area[seen], today[seen]]
    return Floor(
        least_mean_miles=least / max(1, placed),
        random_mean_miles=random / max(1, int(known.sum())),
        today_mean_miles=float(miles.mean()) if len(miles) else 0.0,
    )

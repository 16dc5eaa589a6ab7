"""The placements table: who is held where, and what that means for their family's journey.

It is the only thing an allocation hands to the simulation, so today's estate and any other one run
through the same code.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.estate import Estate
from data.population import Population
from data.travel import TravelTimes
from data.visit_cost import VisitCost

COLUMNS = (
    "prisoner_id",
    "from_unit",
    "unit",
    "from_establishment",
    "establishment",
    "moved",
    "unit_changed",
    "reason",
    "straight_miles",
    "road_miles",
    "minutes",
    "visit_cost_gbp",
)


def today_placements(
    population: Population,
    estate: Estate,
    travel: TravelTimes,
    *,
    parties: pd.DataFrame,
    visit_cost: VisitCost,
) -> pd.DataFrame:
    """Give the placements as they are observed.

    Parameters
    ----------
    population, estate, travel
        Who is held, where they could be held, and the journeys.
    parties, visit_cost
        Who comes, and what it costs them.

    Returns
    -------
    DataFrame
        As ``placements_table``; nobody has moved.
    """
    return placements_table(
        population,
        estate,
        travel,
        population.prisoners["current_unit"],
        parties=parties,
        visit_cost=visit_cost,
    )


def placements_table(
    population: Population,
    estate: Estate,
    travel: TravelTimes,
    units: pd.Series[str],
    *,
    parties: pd.DataFrame,
    visit_cost: VisitCost,
    reasons: pd.Series[str] | None = None,
) -> pd.DataFrame:
    """Label a plan: one row per prisoner.

    Parameters
    ----------
    population, estate, travel
        Who is held, where they could be held, and the journeys.
    units
        Unit of each prisoner, in the order of the prisoners; empty for nobody's place.
    parties, visit_cost
        Who comes, and what it costs them.
    reasons
        Reason code of each prisoner's move, empty for people who stay.

    Returns
    -------
    DataFrame
        ``prisoner_id``; ``from_unit``, ``unit``, ``from_establishment``, ``establishment`` (empty
        without a place); ``moved`` (the establishment differs), ``unit_changed`` (the unit does,
        inside the same establishment); ``reason``; from the home area ``straight_miles`` and
        ``road_miles``, one way; for the parties that visit, by their share, ``minutes`` one way and
        ``visit_cost_gbp`` gross. Without a party, minutes are the drive from the home area and the
        cost is missing; without a place all four are.
    """
    prisoners = population.prisoners
    known = estate.units.set_index("unit")["establishment"]
    to_unit = pd.Series(units.to_numpy(), index=prisoners.index, dtype="str")
    from_unit = prisoners["current_unit"].astype("str")
    to = to_unit.map(known).fillna("").astype("str")
    origin = from_unit.map(known).fillna("").astype("str")
    table = pd.DataFrame(
        {
            "prisoner_id": prisoners["prisoner_id"],
            "from_unit": from_unit,
            "unit": to_unit,
            "from_establishment": origin,
            "establishment": to,
            "moved": (to != origin) & (to != "") & (origin != ""),
            "unit_changed": (to == origin) & (to_unit != from_unit) & (to != ""),
            "reason": "" if reasons is None else reasons.to_numpy(),
        }
    )
    journeys = journeys_of(prisoners, travel, to, parties=parties, visit_cost=visit_cost)
    return pd.concat([table, journeys], axis=1)[list(COLUMNS)]


def journeys_of(
    prisoners: pd.DataFrame,
    travel: TravelTimes,
    establishments: pd.Series[str],
    *,
    parties: pd.DataFrame,
    visit_cost: VisitCost,
) -> pd.DataFrame:
    """Give each prisoner's journeys to an establishment; columns as in ``placements_table``."""
    area = travel.home_areas.get_indexer(pd.Index(prisoners["home_area"]))
    place = travel.establishments.get_indexer(pd.Index(establishments))
    found = (area >= 0) & (place >= 0)

    def look_up(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.where(found, matrix[area, place], np.nan)

    person = pd.Index(prisoners["prisoner_id"]).get_indexer(pd.Index(parties["prisoner_id"]))
    kept = np.flatnonzero(np.append(place, -1)[person] >= 0)
    person, trip = person[kept], visit_cost.trip[kept]
    share = parties["share"].to_numpy(dtype=np.float64)[kept]

    def of_parties(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
        weighted = share * matrix[trip, place[person]]
        totals = np.bincount(person, weights=weighted, minlength=len(prisoners))
        return totals.astype(np.float64)

    visited = np.bincount(person, minlength=len(prisoners)) > 0
    return pd.DataFrame(
        {
            "straight_miles": look_up(travel.straight_miles),
            "road_miles": look_up(travel.road_miles),
            "minutes": np.where(
                visited, of_parties(visit_cost.return_minutes) / 2, look_up(travel.car_minutes)
            ),
            "visit_cost_gbp": np.where(visited, of_parties(visit_cost.gross_gbp), np.nan),
        },
        index=prisoners.index,
    )

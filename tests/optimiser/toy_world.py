"""Three establishments and five home areas on a line, small enough to work by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from data.estate import Estate
from data.population import Population
from data.progress import Progress, silent
from data.records import Records
from data.travel import TravelTimes
from data.visit_cost import VisitCost
from optimiser.allocate import allocate as decide
from optimiser.allocate import observe as observed
from optimiser.allocation import Allocation
from optimiser.build import Inputs
from optimiser.policy import AllocationPolicy
from scenarios.schema import Scenario

AS_OF = date(2026, 7, 27)

ESTABLISHMENTS = ["AAA", "BBB", "CCC"]
AT_MILE = [0.0, 50.0, 100.0]
AREAS = {"west": 0.0, "nearly_middle": 47.5, "middle": 50.0, "east": 100.0, "far": 150.0}


def toy_estate(**changes: Any) -> Estate:
    """Give three closed prisons; CCC has an open unit and one for sexual offences besides."""
    establishments = pd.DataFrame(
        {"establishment": ESTABLISHMENTS, "region": ["West", "West", "East"], "sex": "men"}
    )
    units = pd.DataFrame(
        [
            ("AAA-1", "AAA", "training", "C", "", True, 2),
            ("BBB-1", "BBB", "reception", "B;C;U", "", True, 2),
            ("CCC-1", "CCC", "training", "C", "", False, 2),
            ("CCC-2", "CCC", "open", "D", "", True, 1),
            ("CCC-3", "CCC", "training", "C", "sexual_offences", True, 1),
        ],
        columns=[
            "unit",
            "establishment",
            "function",
            "categories",
            "needs_served",
            "young_offenders",
            "places",
        ],
    ).assign(sex="men", headroom=0, source="", confidence="assumed")
    units = units.assign(in_use_cna=units["places"], **changes)
    nothing = pd.DataFrame()
    return Estate(
        establishments=establishments,
        units=units,
        session_templates=nothing,
        video_stations=nothing,
        family_workers=nothing,
    )


def person(number: int, home_area: str, current_unit: str, **columns: Any) -> dict[str, Any]:
    """Give a sentenced Category C man of 30 with a year to go, changed as asked."""
    return {
        "prisoner_id": f"P{number}",
        "sex": "men",
        "age": 30,
        "category": "C",
        "status": "sentenced",
        "sentence_band": "12_to_48_months",
        "days_to_release": 500,
        "expected_weeks": 40.0,
        "needs": "",
        "home_area": home_area,
        "court_area": "",
        "release_area": home_area,
        "relatives_in_custody": "",
        "preference": "none",
        "open_suitable": False,
        "hold_reason": "",
        "hold_until": "",
        "current_unit": current_unit,
    } | columns


def toy_population(*people: dict[str, Any], contacts: pd.DataFrame | None = None) -> Population:
    """Give these people, each with one permitted adult contact at home unless told otherwise."""
    prisoners = pd.DataFrame(list(people))
    prisoners["days_to_release"] = prisoners["days_to_release"].astype("Int64")
    if contacts is None:
        contacts = pd.DataFrame(
            {
                "contact_id": "K" + prisoners["prisoner_id"],
                "prisoner_id": prisoners["prisoner_id"],
                "status": "permitted",
                "is_child": False,
                "home_area": prisoners["home_area"],
            }
        )
    return Population(prisoners=prisoners, contacts=contacts)


def toy_travel() -> TravelTimes:
    """Give journeys along the line: a mile a minute, ten pence a mile."""
    miles = np.abs(np.array(list(AREAS.values()))[:, None] - np.array(AT_MILE))
    return TravelTimes(
        home_areas=pd.Index(list(AREAS), dtype="str"),
        establishments=pd.Index(ESTABLISHMENTS, dtype="str"),
        straight_miles=miles,
        road_miles=miles * 1.2,
        car_minutes=miles,
        public_minutes=miles * 2,
        car_cost_gbp=miles * 0.2,
        crossing_gbp=miles * 0,
        public_fare_gbp=miles * 0.3,
        source=np.full(miles.shape, "model"),
    )


def toy_parties(population: Population) -> tuple[pd.DataFrame, VisitCost]:
    """Give everyone with a permitted contact one adult from home; £1 a mile there and back."""
    travel = toy_travel()
    contacts = population.contacts
    with_family = contacts[(contacts["status"] == "permitted") & ~contacts["is_child"]]
    parties = with_family[["prisoner_id", "home_area"]].assign(share=1.0)
    area = travel.home_areas.get_indexer(pd.Index(parties["home_area"]))
    cost = VisitCost(
        trips=pd.DataFrame({"area": list(AREAS)}),
        trip=area.astype(np.int64),
        establishments=travel.establishments,
        return_minutes=travel.car_minutes * 2,
        money_gbp=travel.car_cost_gbp,
        refund_gbp=np.zeros_like(travel.car_cost_gbp),
        gross_gbp=travel.straight_miles * 1.0,
        weight=np.ones(len(travel.home_areas)),
    )
    return parties.reset_index(drop=True), cost


def exclusion(prisoner_id: str, establishment: str) -> Records:
    """Give the record that public protection keeps a person from an establishment."""
    row = {"prisoner_id": prisoner_id, "establishment": establishment, "home_area": ""}
    return replace(Records.empty(), exclusions=pd.DataFrame([row]).assign(within_miles=np.nan))


def toy_rules(**levels: str) -> pd.DataFrame:
    """Give crowding and the hard rules of the real table alone, changed as asked; no margins."""
    from data.load import read_table

    rules = read_table("rules")
    rules = rules[(rules["level"] == "hard") | rules["rule"].isin(["crowding", *levels])].copy()
    levels = {"crowding": "soft"} | levels
    rules["level"] = [levels.get(name, "hard") for name in rules["rule"]]
    rules.loc[rules["rule"].str.startswith("estate_margin"), "value"] = 0
    return rules.reset_index(drop=True)


def toy_move_parts(escort: float = 100.0, **prices: float) -> pd.DataFrame:
    """Give the real table of parts with these prices in pounds, and no price for the others."""
    from data.load import read_table

    parts = read_table("move_parts")
    return parts.assign(price_gbp=parts["part"].map({"escort": escort} | prices).fillna(0.0))


def toy_tables(baseline: Scenario, population: Population, **changes: Any) -> dict[str, Any]:
    """Give the arguments of ``allocate`` for these people, changed as asked."""
    parties, visit_cost = toy_parties(population)
    return {
        "estate": toy_estate(),
        "population": population,
        "travel": toy_travel(),
        "visit_cost": visit_cost,
        "travel_settings": baseline.travel,
        "parties": parties,
        "home_areas": pd.DataFrame(
            {"home_area": list(AREAS), "region": ["West", "West", "West", "East", "East"]}
        ),
        "move_parts": toy_move_parts(),
        "rules": toy_rules(),
        "stage_rules": pd.DataFrame(
            columns=["function", "status", "band", "days_min", "days_max", "level", "price_gbp"]
        ),
        "as_of": AS_OF,
    } | changes


def family_policy(policy: AllocationPolicy) -> AllocationPolicy:
    """Count family pounds, nothing else but what a move costs; two visits in four weeks."""
    return replace(
        policy,
        family_weight=1.0,
        court_weight=0.0,
        release_weight=0.0,
        need_with_contact=2.0,
        need_per_child=0.5,
        crowding_low_gbp_per_week=0.0,
        crowding_middle_gbp_per_week=0.0,
        crowding_high_gbp_per_week=0.0,
        move_budget=None,
    )


def allocate(progress: Progress = silent, **tables: Any) -> Allocation:
    """Decide, the inputs given by name."""
    return decide(Inputs(**tables), progress)


def observe(**tables: Any) -> Allocation:
    """Give today's places, the inputs given by name."""
    return observed(Inputs(**tables))

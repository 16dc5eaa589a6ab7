"""Everything worked out, put together: tables, the headline, who gains and who pays."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.placements import today_placements
from data.records import RECORD_TABLES, Records
from data.travel import travel_table
from data.visit_cost import HelpWithVisits, VisitCost, visit_cost
from optimiser.allocation import Allocation
from optimiser.equality import equality_table
from optimiser.problem import PENNIES_PER_POUND
from optimiser.side import ROW_ARRAYS
from scenarios.benefit import Demand, demand_at, family_account
from scenarios.distance import distance_measures, with_groups
from scenarios.inputs import Inputs
from scenarios.load import load_scenario
from scenarios.payers import payments
from scenarios.plain_yaml import text
from scenarios.results import Results
from scenarios.schema import Scenario
from scenarios.shortage import readable_needs
from scenarios.staffing import added_session_hours
from scenarios.summary import summary
from simulation.regime import shuttle_gbp_per_year

MEASURE_COLUMNS = [
    "scenario",
    "replication",
    "establishment",
    "group_by",
    "group",
    "measure",
    "measure_unit",
    "value",
]


def all_measures(
    simulated: pd.DataFrame, people: pd.DataFrame, *, scenario: str, replications: int
) -> pd.DataFrame:
    """Put the measures of the simulated year beside those of distance.

    Parameters
    ----------
    simulated
        Measures of the simulated years.
    people
        Distances and groups, as from ``with_groups``.
    scenario
        Name of the scenario.
    replications
        Simulated years.

    Returns
    -------
    DataFrame
        The columns of ``measures.parquet``, sorted.
    """
    exact = distance_measures(people, scenario=scenario, replications=replications)
    both = pd.concat([simulated.assign(scenario=scenario), exact], ignore_index=True)
    return both[MEASURE_COLUMNS].sort_values(MEASURE_COLUMNS[:-1], ignore_index=True)


def today_of(inputs: Inputs, plan: pd.DataFrame) -> pd.DataFrame:
    """Give the placements of today beside a plan; the plan itself where nobody was placed anew."""
    if not (plan["moved"].any() or plan["unit_changed"].any() or (plan["unit"] == "").any()):
        return plan
    return today_placements(
        inputs.population,
        inputs.estate,
        inputs.travel,
        parties=inputs.parties,
        visit_cost=inputs.visit_cost,
    )


def equality_of(inputs: Inputs, today: pd.DataFrame, plan: pd.DataFrame) -> pd.DataFrame:
    """Say what a plan means for each group of people, beside where they are today."""
    return equality_table(
        inputs.population.prisoners,
        inputs.population.contacts,
        inputs.home_areas,
        before=today,
        after=plan,
    )


def demands(
    scenario: Scenario, inputs: Inputs, today: pd.DataFrame, plan: pd.DataFrame
) -> tuple[Demand, Demand]:
    """Give what families wish and pay today and under the scenario.

    Today is where people are held now, with help for visits as the baseline has it; prices of time
    and travel and the demand curve are the scenario's in both, so that only policy differs.

    Parameters
    ----------
    scenario
        Its sections on travel, help, demand and benefit are read.
    inputs
        Parties and what their trips cost under the scenario.
    today, plan
        Placements now and under the scenario.
    """
    help_today = load_scenario("baseline").help
    costs_today = inputs.visit_cost
    if scenario.help != help_today:
        costs_today = visit_cost(inputs.parties, inputs.travel, scenario.travel, help_today)

    def demand(placements: pd.DataFrame, costs: VisitCost, scheme: HelpWithVisits) -> Demand:
        return demand_at(
            held_at(placements, inputs),
            costs,
            parties=inputs.parties,
            settings=scenario.demand,
            weeks_per_year=scenario.benefit.weeks_per_year,
            refunded_visits_per_year=scheme.visits_per_year_cap,
        )

    return (
        demand(today, costs_today, help_today),
        demand(plan, inputs.visit_cost, scenario.help),
    )


def held_at(placements: pd.DataFrame, inputs: Inputs) -> NDArray[np.int64]:
    """Give the column of the travel matrices where each party's prisoner is held.

    People whom a plan leaves without a place count where they are today.
    """
    place = placements.set_index("prisoner_id")
    where = place["establishment"].where(place["establishment"] != "", place["from_establishment"])
    held = where.reindex(inputs.parties["prisoner_id"])
    return inputs.travel.establishments.get_indexer(pd.Index(held)).astype(np.int64)


def account(
    scenario: Scenario,
    inputs: Inputs,
    allocation: Allocation,
    simulated: pd.DataFrame,
    visits: pd.DataFrame,
    origin: dict[str, Any],
) -> Results:
    """Put a run together.

    Parameters
    ----------
    scenario, inputs, allocation
        What was asked, what it was played on and who is held where.
    simulated
        Measures of the simulated years.
    visits
        Event log to keep.
    origin
        What the run is made from: its provenance.

    Returns
    -------
    Results
        All tables of a run folder, the allocation's account and the summary.
    """
    plan, replications = allocation.placements, int(origin["replications"])
    today = today_of(inputs, plan)
    people = with_groups(plan, today, inputs.population.prisoners)
    measures = all_measures(simulated, people, scenario=scenario.name, replications=replications)
    before, after = demands(scenario, inputs, today, plan)
    school = _school_hours(measures)
    paid = payments(
        before,
        after,
        moves=int(plan["moved"].sum()),
        school_hours=(None if scenario.changes else school, school),
        session_staff_hours=added_session_hours(inputs.estate, scenario),
        shuttle_gbp=shuttle_gbp_per_year(
            inputs.estate, scenario.regime, scenario.benefit.weeks_per_year
        ),
        escort_gbp_per_move=escort_gbp(inputs.move_parts),
        settings=scenario.benefit,
    )
    told = allocation_account(scenario, allocation, origin["data_digest"])
    return Results(
        scenario=scenario.resolved(),
        tables={
            "changes": changes_table(scenario),
            "population": inputs.population.prisoners,
            "contacts": inputs.population.contacts,
            "travel": travel_table(inputs.travel),
            "placements": plan,
            "moves": allocation.moves,
            "units": allocation.units,
            "equality": equality_of(inputs, today, plan),
            "measures": measures,
            "visits": visits,
            "establishments": inputs.estate.establishments[list(WHERE)],
            **record_tables(inputs.records),
        },
        allocation=told,
        summary=summary(
            scenario,
            told,
            people,
            measures,
            families=family_account(before, after),
            payers=paid,
            floor=allocation.floor,
            workers=inputs.estate.family_workers,
            seed=int(origin["seed"]),
            replications=replications,
        ),
        provenance=origin,
        prices=price_arrays(allocation),
    )


WHERE = ("establishment", "name", "region", "latitude", "longitude")
"""What a run keeps of its prisons, to show their names and places."""


def record_tables(records: Records) -> dict[str, pd.DataFrame]:
    """Give the tables of records that hold anything."""
    tables = {name: getattr(records, name) for name in RECORD_TABLES}
    return {name: table for name, table in tables.items() if len(table)}


def allocation_account(scenario: Scenario, allocation: Allocation, data: str) -> dict[str, Any]:
    """Give the content of ``allocation.json``.

    Parameters
    ----------
    scenario
        For the date the placements hold for.
    allocation
        Who is held where, and its proof.
    data
        Digest of the data folder.
    """
    return {
        "status": str(allocation.status),
        "objective_gbp": allocation.objective_gbp,
        "terms": allocation.terms,
        "lower_bound_gbp": allocation.lower_bound_gbp,
        "gap": allocation.gap,
        "multiplier_bound_gbp": allocation.multiplier_bound_gbp,
        "multiplier_gap": allocation.multiplier_gap,
        "proof": allocation.proven_by,
        "ties_left_out": len(allocation.ties_left_out),
        "unplaced": readable_needs(allocation.unplaced).to_dict("records"),
        "moves": int(allocation.placements["moved"].sum()),
        "limits": limits_kept(allocation),
        "levels": allocation.levels.to_dict("records"),
        "worst_tenth_miles": allocation.worst_tenth_miles,
        "lower_bounds": lower_bounds(allocation),
        "seconds": {stage: round(passed, 3) for stage, passed in allocation.seconds.items()},
        "holds_for": {"date": scenario.as_of.isoformat(), "data_digest": data},
    }


def limits_kept(allocation: Allocation) -> list[dict[str, Any]]:
    """List every limit of a plan with how many it counts and what one more would be worth.

    ``price_gbp`` is the multiplier of the bound: 0 where the limit does not bind, else about what
    the weighted cost would fall by for one more (for a minimum: one fewer).
    """
    problem, proof = allocation.problem, allocation.proof
    if problem is None or proof is None:
        return []
    unit_of = problem.units.get_indexer(pd.Index(allocation.placements["unit"])).astype(np.int64)
    pennies = proof.limit / proof.scale
    return [
        {
            "limit": limit.name,
            "at_least" if limit.at_least else "at_most": limit.bound,
            "people": problem.counts(unit_of, limit),
            "price_gbp": round(float(price) / PENNIES_PER_POUND, 2),
        }
        for limit, price in zip(problem.limits, pennies, strict=True)
    ]


def lower_bounds(allocation: Allocation) -> dict[str, Any]:
    """Say how much of the distance no placement could avoid: miles, and people out of region."""
    regions = allocation.regions
    return {
        "least_mean_miles": allocation.floor.least_mean_miles,
        "random_mean_miles": allocation.floor.random_mean_miles,
        "least_outside_region": int(regions["least_outside"].sum()),
        "outside_region_today": int(regions["outside_today"].sum()),
        "regions": regions.to_dict("records"),
    }


def price_arrays(allocation: Allocation) -> dict[str, NDArray[np.int64]]:
    """Give the content of ``prices.npz``, in pennies; the scale alone for today.

    Multipliers, each person's own cost, and the residual graph where there is one.
    """
    scale = {"pennies_per_pound": np.array(PENNIES_PER_POUND, dtype=np.int64)}
    prices, problem, graph = allocation.prices, allocation.problem, allocation.graph
    if prices is None or problem is None:
        return scale
    unit_of = problem.units.get_indexer(pd.Index(allocation.placements["unit"]))
    arrays = (
        scale
        | {
            "unit": prices.unit,
            "estate": prices.estate,
            "limit": prices.limit,
            "own": problem.placement_pennies(unit_of.astype(np.int64)),
            "bounded": np.array(bool(problem.limits or problem.ties), dtype=np.int64),
        }
        | _proof_arrays(allocation)
    )
    if graph is None:
        return arrays
    return arrays | {
        "steps": graph.steps,
        "last_place": graph.last_place,
        "steps_limit": graph.limit,
    }


def _proof_arrays(allocation: Allocation) -> dict[str, NDArray[np.int64]]:
    """Give the multipliers of the bound, in parts of pennies, with the rows that ties imply."""
    proof = allocation.proof
    if proof is None:
        return {}
    arrays = {f"proof_{name}": getattr(proof, name) for name in ("unit", "estate", "limit")}
    arrays |= {f"proof_row_{name}": getattr(proof.rows, name) for name in ROW_ARRAYS}
    return arrays | {"proof_parts_per_penny": np.array(proof.scale, dtype=np.int64)}


def changes_table(scenario: Scenario) -> pd.DataFrame:
    """Give setting, before and after, as text on one line each."""
    rows = [(each.setting, text(each.before), text(each.after)) for each in scenario.changes]
    return pd.DataFrame(rows, columns=["setting", "before", "after"], dtype="str")


def escort_gbp(move_parts: pd.DataFrame) -> float:
    """Give the price of the vehicle and crew of a move."""
    part = move_parts[move_parts["part"] == "escort"]
    return float((part["price_gbp"] * part["amount"]).sum())


def _school_hours(measures: pd.DataFrame) -> float:
    chosen = (
        (measures["measure"] == "school_hours_missed")
        & (measures["establishment"] == "ALL")
        & (measures["group_by"] == "all")
    )
    return float(measures.loc[chosen, "value"].mean())

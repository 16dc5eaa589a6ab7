"""Everything worked out, put together: tables, the headline, who gains and who pays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.placements import today_placements
from data.records import RECORD_TABLES, Records
from data.travel import travel_table
from data.visit_cost import HelpWithVisits, VisitCost, visit_cost
from data.words import ESTATE
from optimiser.allocation import Allocation
from optimiser.equality import equality_table
from optimiser.floor import Floor
from optimiser.problem import PENNIES_PER_POUND
from optimiser.side import ROW_ARRAYS
from scenarios.accounts.payers import OF_THE_YEAR, payments
from scenarios.accounts.staffing import Services, services_of
from scenarios.benefit import Demand, demand_at, family_account, surplus_by_value_of_time
from scenarios.distance import distance_measures, with_groups
from scenarios.inputs import Inputs
from scenarios.load import load_scenario
from scenarios.plain_yaml import text
from scenarios.planning.shortage import readable_needs
from scenarios.results import Results
from scenarios.schema import Scenario
from scenarios.settings import settings
from scenarios.summary import summary
from scenarios.transfers import days_of_moves
from simulation.clock import Calendar
from simulation.log import join_tables
from simulation.regime import VisitsRegime, shuttle_gbp_per_year, shuttles_under

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
    name = pd.Categorical([scenario]).repeat(len(simulated))
    words = [each for each in MEASURE_COLUMNS if each not in ("replication", "value")]
    compact = [
        table[MEASURE_COLUMNS].astype(dict.fromkeys(words, "category"))
        # without a row, where nobody has a place, words would not be known as such
        for table in (simulated.assign(scenario=name), exact.astype(dict.fromkeys(words, "str")))
    ]
    both = join_tables(compact, sort_words=True)
    return both.sort_values(MEASURE_COLUMNS[:-1], ignore_index=True).astype(
        dict.fromkeys(words, "str")
    )


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
    scenario: Scenario,
    inputs: Inputs,
    today: pd.DataFrame,
    plan: pd.DataFrame,
    moved_on: Mapping[str, int],
) -> tuple[Demand, Demand]:
    """Give what families wish and pay today and under the scenario.

    Today is where people are held now, with help for visits and shuttles as the baseline has them;
    prices of time and travel and the demand curve are the scenario's in both, so that only policy
    differs.

    Parameters
    ----------
    scenario
        Its sections on travel, help, shuttles, demand and benefit are read.
    inputs
        Parties and what their trips cost under the scenario.
    today, plan
        Placements now and under the scenario.
    moved_on
        Day of each move (``transfers.days_of_moves``). Who is moved in the measured year counts
        twice, before and after, each by its share of the year.
    """
    baseline = load_scenario("baseline")
    help_today = baseline.help
    costs_today = inputs.visit_cost
    if scenario.help != help_today:
        costs_today = visit_cost(inputs.parties, inputs.travel, scenario.travel, help_today)

    held_today, held_plan = held_at(today, inputs), held_at(plan, inputs)
    after_move = share_after(moved_on, inputs.parties["prisoner_id"], scenario.calendar)
    waiting = np.flatnonzero(after_move < 1.0)
    row = np.concatenate([np.arange(len(inputs.parties)), waiting])
    weight = np.concatenate([after_move, 1.0 - after_move[waiting]])
    parties = inputs.parties.iloc[row]

    def demand(
        held: NDArray[np.int64], costs: VisitCost, scheme: HelpWithVisits, regime: VisitsRegime
    ) -> Demand:
        found = demand_at(
            held,
            replace(costs, trip=costs.trip[row]),
            parties=parties,
            settings=scenario.demand,
            weeks_per_year=scenario.benefit.weeks_per_year,
            refunded_visits_per_year=scheme.visits_per_year_cap,
            shuttles=shuttles_under(inputs.estate, regime.shuttles),
        )
        return replace(
            found,
            visits=found.visits * weight,
            refunded_visits=found.refunded_visits * weight,
        )

    then = np.concatenate([held_plan, held_today[waiting]])
    return (
        demand(held_today[row], costs_today, help_today, baseline.regime),
        demand(then, inputs.visit_cost, scenario.help, scenario.regime),
    )


def share_after(
    moved_on: Mapping[str, int], prisoners: pd.Series[str], calendar: Calendar
) -> NDArray[np.float64]:
    """Give the share of the measured year that is left after each person's move; 1 without one."""
    measured = calendar.days - calendar.warm_up_days
    day = prisoners.astype("str").map(dict(moved_on)).fillna(0)
    left = (calendar.days - day.to_numpy(np.float64)) / measured
    return np.asarray(np.clip(left, 0.0, 1.0), dtype=np.float64)


def held_at(placements: pd.DataFrame, inputs: Inputs) -> NDArray[np.int64]:
    """Give the column of the travel matrices where each party's prisoner is held.

    People whom a plan leaves without a place count where they are today.
    """
    place = placements.set_index("prisoner_id")
    where = place["establishment"].where(place["establishment"] != "", place["from_establishment"])
    held = where.reindex(inputs.parties["prisoner_id"])
    return inputs.travel.establishments.get_indexer(pd.Index(held)).astype(np.int64)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Decision:
    """What a run keeps of an allocation: not the problem, which takes more memory than all else.

    Attributes
    ----------
    placements, moves, units, floor
        As in ``Allocation``.
    told, prices
        The content of ``allocation.json`` and of ``prices.npz``.
    """

    placements: pd.DataFrame
    moves: pd.DataFrame
    units: pd.DataFrame
    floor: Floor
    told: dict[str, Any]
    prices: dict[str, NDArray[np.int64]]

    @classmethod
    def of(cls, scenario: Scenario, allocation: Allocation, data: str) -> Decision:
        """Take from an allocation what is kept of it, as ``allocation_account`` tells it."""
        return cls(
            placements=allocation.placements,
            moves=allocation.moves,
            units=allocation.units,
            floor=allocation.floor,
            told=allocation_account(scenario, allocation, data),
            prices=price_arrays(allocation),
        )


def account(
    scenario: Scenario,
    inputs: Inputs,
    decision: Decision,
    simulated: pd.DataFrame,
    origin: dict[str, Any],
) -> Results:
    """Put a run together.

    Parameters
    ----------
    scenario, inputs, decision
        What was asked, what it was played on and who is held where.
    simulated
        Measures of the simulated years.
    origin
        What the run is made from: its provenance.

    Returns
    -------
    Results
        All tables of a run folder but the event log, the allocation's account and the summary.
    """
    plan, replications = decision.placements, int(origin["replications"])
    today = today_of(inputs, plan)
    people = with_groups(plan, today, inputs.population.prisoners)
    measures = all_measures(simulated, people, scenario=scenario.name, replications=replications)
    moved_on = days_of_moves(scenario, inputs.transfers, decision.moves)
    before, after = demands(scenario, inputs, today, plan, moved_on)
    of_year = a_year(measures, scenario)
    paid = payments(
        (None if scenario.changes else of_year, of_year),
        services(scenario, inputs, today, plan),
        moves=sum(day < scenario.calendar.days for day in moved_on.values()),
        shuttle_gbp=shuttle_gbp_per_year(
            inputs.estate, scenario.regime, scenario.benefit.weeks_per_year
        ),
        escort_gbp_per_move=escort_gbp(inputs.move_parts),
        settings=scenario.benefit,
    )
    return Results(
        scenario=scenario.resolved(),
        tables={
            "changes": changes_table(scenario),
            "population": inputs.population.prisoners,
            "contacts": inputs.population.contacts,
            "travel": travel_table(inputs.travel),
            "placements": plan,
            "moves": decision.moves,
            "units": decision.units,
            "equality": equality_of(inputs, today, plan),
            "measures": measures,
            "establishments": inputs.estate.establishments[list(WHERE)],
            **record_tables(inputs.records),
        },
        allocation=decision.told,
        summary=summary(
            scenario,
            decision.told,
            people,
            measures,
            families=family_account(before, after)
            | {"surplus_by_value_of_time": _surplus_range(scenario, before, after)},
            payers=paid,
            floor=decision.floor,
            workers=inputs.estate.family_workers,
            seed=int(origin["seed"]),
            replications=replications,
        )
        | {"moves_with_a_transfer": moves_with_a_transfer(decision.moves, inputs.transfers)},
        provenance=origin,
        prices=decision.prices,
    )


def moves_with_a_transfer(moves: pd.DataFrame, transfers: pd.DataFrame) -> int | None:
    """Count the people of a plan's moves who are transferred in the year anyway.

    Parameters
    ----------
    moves
        Of the plan: prisoner_id is read.
    transfers
        The user's table: prisoner_id is read.

    Returns
    -------
    int or None
        None where the table is empty: then nobody knows.
    """
    if transfers.empty:
        return None
    return int(moves["prisoner_id"].isin(transfers["prisoner_id"].astype("str")).sum())


def _surplus_range(scenario: Scenario, before: Demand, after: Demand) -> list[dict[str, float]]:
    """Give the gain of families with the value of their time at both ends of its stated range."""
    row = settings()["travel.value_of_time_gbp_per_hour"]
    return surplus_by_value_of_time(
        before,
        after,
        [float(str(end)) for end in (row.low, row.high)],
        now=scenario.travel.value_of_time_gbp_per_hour,
        settings=scenario.demand,
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


def a_year(measures: pd.DataFrame, scenario: Scenario) -> dict[str, float]:
    """Give what a run's years tell of who pays: means over replications, of a whole year.

    Parameters
    ----------
    measures
        Of the measured weeks.
    scenario
        How many these are, and how many a year has.
    """
    of_estate = (measures["establishment"] == ESTATE) & (measures["group_by"] == "all")
    chosen = measures[of_estate & measures["measure"].isin(list(OF_THE_YEAR))]
    scale = scenario.benefit.weeks_per_year / scenario.calendar.weeks
    means = chosen.groupby("measure", observed=True)["value"].mean() * scale
    return {str(measure): float(mean) for measure, mean in means.items()}


def services(
    scenario: Scenario, inputs: Inputs, today: pd.DataFrame, plan: pd.DataFrame
) -> tuple[Services, Services]:
    """Give what staff for families cost in a year, today and under the scenario.

    Today is the estate as the tables have it under the policy of the baseline; prices and the
    calendar are the scenario's in both.

    Parameters
    ----------
    scenario, inputs
        What was asked, and the estate with and without its changes.
    today, plan
        Placements now and under the scenario.
    """
    now, then = (
        {
            str(code): int(people)
            for code, people in placements["establishment"].value_counts().items()
            if code
        }
        for placements in (today, plan)
    )
    return (
        services_of(inputs.estate_today, load_scenario("baseline"), now, scenario),
        services_of(inputs.estate, scenario, then, scenario),
    )

"""allocate(): decide who is held where; observe(): the same tables for where people are today."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date
from functools import partial
from time import perf_counter

import numpy as np
import pandas as pd

from data.estate import Estate
from data.placements import journeys_of, placements_table, today_placements
from data.population import Population
from data.progress import Progress, silent
from data.travel import TravelSettings, TravelTimes
from data.visit_cost import VisitCost
from data.words import LIST_SEPARATOR
from optimiser.allocation import Allocation, InfeasibleAllocationError, MoveReason, SolveStatus
from optimiser.budget import solve_within_budget
from optimiser.certify import certify
from optimiser.cost import (
    PersonCosts,
    cost_pennies,
    move_parts,
    person_costs,
    term_pennies,
    visited,
)
from optimiser.eligibility import Fit, fit, rules_in_force
from optimiser.floor import mean_miles_floor
from optimiser.policy import AllocationPolicy
from optimiser.prices import place_values
from optimiser.problem import (
    NOWHERE,
    PENNIES_PER_POUND,
    UNPLACED,
    AllocationProblem,
    Integers,
)

REASONS = {
    "family": MoveReason.REPATRIATION,
    "rule:region": MoveReason.REPATRIATION,
    "release": MoveReason.RESETTLEMENT,
    "court": MoveReason.COURT_APPEARANCE,
    "rule:stage_fit": MoveReason.PROGRESSIVE,
    "rule:over_security": MoveReason.PROGRESSIVE,
}
"""Reason code of a move by the term it improves most; any other term gives ``other``."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Inputs:
    """What an allocation is decided from: tables, journeys, weights and rules on one date.

    ``excluded`` may hold one row per person and establishment that public protection keeps apart
    (``prisoner_id``, ``establishment``). ``home_areas`` needs ``home_area`` and ``region``.
    """

    estate: Estate
    population: Population
    travel: TravelTimes
    visit_cost: VisitCost
    travel_settings: TravelSettings
    parties: pd.DataFrame
    policy: AllocationPolicy
    rules: pd.DataFrame
    stage_rules: pd.DataFrame
    as_of: date
    home_areas: pd.DataFrame
    excluded: pd.DataFrame | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Build:
    """A problem beside the parts its costs were made of."""

    problem: AllocationProblem
    costs: PersonCosts
    fit: Fit
    current_unit: Integers


def allocate(
    estate: Estate,
    population: Population,
    travel: TravelTimes,
    *,
    policy: AllocationPolicy,
    visit_cost: VisitCost,
    travel_settings: TravelSettings,
    parties: pd.DataFrame,
    home_areas: pd.DataFrame,
    rules: pd.DataFrame,
    stage_rules: pd.DataFrame,
    as_of: date,
    excluded: pd.DataFrame | None = None,
    progress: Progress = silent,
) -> Allocation:
    """Find the best plan, prove it, and say what it means for families and prisons.

    Parameters
    ----------
    estate, population, travel
        Units, people, and the journeys between home areas and establishments.
    policy
        Weights and limits.
    visit_cost, parties
        What a visit costs each party of visitors, and who they are.
    travel_settings
        For the value of an hour on journeys that are nobody's visit.
    home_areas
        ``home_area`` and ``region``.
    rules, stage_rules
        The tables of those names.
    as_of
        Date on which rules and holds are read.
    excluded
        Establishments that public protection rules out: ``prisoner_id``, ``establishment``.
    progress
        Told of each stage; what it raises ends the work, and nothing is returned.

    Returns
    -------
    Allocation
        Certified: with no budget of moves, or with one that does not bind, its gap is exactly 0.
        People nobody has a place for are counted in ``unplaced``.

    Raises
    ------
    InfeasibleAllocationError
        When there is no place at all for people of one sex; carries the shortfall by cohort.
    CertificateError
        When the answer fails its own check.
    """
    inputs = Inputs(
        estate=estate,
        population=population,
        travel=travel,
        visit_cost=visit_cost,
        travel_settings=travel_settings,
        parties=parties,
        policy=policy,
        rules=rules,
        stage_rules=stage_rules,
        as_of=as_of,
        home_areas=home_areas,
        excluded=excluded,
    )
    clock = _Clock()
    progress("costs", 0, 1)
    build = build_problem(inputs)
    problem = build.problem
    progress("costs", 1, 1)
    clock.mark("build")
    found = solve_within_budget(
        problem, smallest_gap=inputs.policy.move_budget_gap, progress=progress
    )
    clock.mark("core" if problem.move_budget is None else "budgets")
    progress("certificate", 0, 1)
    unit_of = found.plan.unit_of
    certificate = certify(
        problem,
        unit_of,
        found.prices,
        largest_gap=0.0 if problem.move_budget is None else math.inf,
    )
    more, fewer = place_values(problem, unit_of, found.plan.prices)
    progress("certificate", 1, 1)
    clock.mark("certify")
    status = SolveStatus.OPTIMAL if certificate.gap == 0 else SolveStatus.FEASIBLE
    moves, reasons = _moves(inputs, build, unit_of)
    return Allocation(
        placements=placements_table(
            inputs.population,
            inputs.estate,
            inputs.travel,
            _unit_labels(problem, unit_of),
            parties=inputs.parties,
            visit_cost=inputs.visit_cost,
            reasons=reasons,
        ),
        moves=moves,
        units=_units_table(
            inputs, problem.held(unit_of), more / PENNIES_PER_POUND, fewer / PENNIES_PER_POUND
        ),
        terms=_terms(inputs, build, unit_of),
        status=SolveStatus.INFEASIBLE if certificate.unplaced else status,
        objective_gbp=certificate.objective_pennies / PENNIES_PER_POUND,
        lower_bound_gbp=certificate.bound_pennies / PENNIES_PER_POUND,
        gap=certificate.gap,
        unplaced=shortfall(inputs, build.fit, unit_of == UNPLACED),
        seconds=clock.seconds,
        prices=found.prices,
        floor=mean_miles_floor(
            inputs.population.prisoners, inputs.estate, inputs.travel, problem.capacity
        ),
        problem=problem,
    )


def observe(
    estate: Estate,
    population: Population,
    travel: TravelTimes,
    *,
    policy: AllocationPolicy,
    visit_cost: VisitCost,
    travel_settings: TravelSettings,
    parties: pd.DataFrame,
    home_areas: pd.DataFrame,
    rules: pd.DataFrame,
    stage_rules: pd.DataFrame,
    as_of: date,
    excluded: pd.DataFrame | None = None,
) -> Allocation:
    """Give today's placements the tables an allocation has, with no bound.

    Parameters
    ----------
    estate, population, travel, visit_cost, travel_settings, parties, home_areas
        As for ``allocate``.
    policy, rules, stage_rules, as_of, excluded
        As for ``allocate``; the terms are those the same weights give today's places.

    Returns
    -------
    Allocation
        Status ``today``; nobody moves; values of places are missing.
    """
    inputs = Inputs(
        estate=estate,
        population=population,
        travel=travel,
        visit_cost=visit_cost,
        travel_settings=travel_settings,
        parties=parties,
        policy=policy,
        rules=rules,
        stage_rules=stage_rules,
        as_of=as_of,
        home_areas=home_areas,
        excluded=excluded,
    )
    clock = _Clock()
    build = build_problem(inputs)
    clock.mark("build")
    unit_of = build.current_unit
    terms = _terms(inputs, build, unit_of)
    held = build.problem.held(unit_of)
    nothing = np.full(len(held), np.nan)
    moves, _ = _moves(inputs, build, unit_of)
    return Allocation(
        placements=today_placements(
            inputs.population,
            inputs.estate,
            inputs.travel,
            parties=inputs.parties,
            visit_cost=inputs.visit_cost,
        ),
        moves=moves,
        units=_units_table(inputs, held, nothing, nothing),
        terms=terms,
        status=SolveStatus.TODAY,
        objective_gbp=sum(round(term * PENNIES_PER_POUND) for term in terms.values())
        / PENNIES_PER_POUND,
        lower_bound_gbp=None,
        gap=None,
        unplaced=shortfall(inputs, build.fit, unit_of == UNPLACED),
        seconds=clock.seconds,
        prices=None,
        floor=mean_miles_floor(
            inputs.population.prisoners, inputs.estate, inputs.travel, build.problem.capacity
        ),
        problem=None,
    )


def build_problem(inputs: Inputs) -> Build:
    """Put eligibility, costs, capacities and limits together.

    Parameters
    ----------
    inputs
        As for ``allocate``.

    Returns
    -------
    Build
        The problem, and the parts from which terms are recomputed.

    Raises
    ------
    ValueError
        When an establishment of the estate is missing from the travel times, or a rule is unknown.
    InfeasibleAllocationError
        When people of one sex have no place at all.
    """
    units, prisoners = inputs.estate.units, inputs.population.prisoners
    establishments = inputs.travel.establishments
    missing = sorted(set(units["establishment"]) - set(establishments))
    if missing:
        raise ValueError(
            f"travel: {len(missing)} establishments have no journeys: {', '.join(missing[:5])}. "
            "Correct the codes or add the rows."
        )
    unit_establishment = establishments.get_indexer(pd.Index(units["establishment"])).astype(
        np.int64
    )
    current_unit = (
        pd.Index(units["unit"]).get_indexer(pd.Index(prisoners["current_unit"])).astype(np.int64)
    )
    from_establishment = np.where(current_unit >= 0, unit_establishment[current_unit], NOWHERE)
    found = _fit(inputs)
    costs = person_costs(
        inputs.population,
        inputs.parties,
        inputs.visit_cost,
        inputs.travel,
        inputs.travel_settings,
        inputs.policy,
        found,
    )
    frozen_here = np.bincount(
        current_unit[found.frozen & (current_unit >= 0)], minlength=len(units)
    )
    open_places = (units["places"] - units["headroom"]).clip(lower=0).to_numpy(dtype=np.int64)
    capacity = np.maximum(open_places, frozen_here).astype(np.int64)
    sexes = tuple(sorted(set(units["sex"])))
    unit_sex = pd.Index(sexes).get_indexer(pd.Index(units["sex"])).astype(np.int64)
    _check_places(inputs, found, capacity)
    segment_unit, segment_places, segment_pennies = _crowding(inputs, capacity, costs.weeks)
    problem = AllocationProblem(
        prisoners=pd.Index(prisoners["prisoner_id"]),
        units=pd.Index(units["unit"]),
        establishments=establishments,
        sexes=sexes,
        cost_pennies=cost_pennies(
            costs,
            found,
            inputs.policy,
            unit_establishment=unit_establishment,
            from_establishment=from_establishment,
            current_unit=current_unit,
        ),
        unplaced_pennies=np.full(
            len(prisoners), round(inputs.policy.unplaced_price_gbp * PENNIES_PER_POUND)
        ),
        unit_establishment=unit_establishment,
        unit_sex=unit_sex,
        capacity=capacity,
        held_limit=_held_limits(inputs, sexes, unit_sex, frozen_here),
        segment_unit=segment_unit,
        segment_places=segment_places,
        segment_pennies=segment_pennies,
        from_establishment=from_establishment,
        current_unit=current_unit,
        move_budget=inputs.policy.move_budget,
    )
    return Build(problem=problem, costs=costs, fit=found, current_unit=current_unit)


def _fit(inputs: Inputs) -> Fit:
    """Read the rules for these people and units."""
    region = inputs.home_areas.set_index("home_area")["region"]
    home = inputs.population.prisoners["home_area"].map(region).fillna("")
    prisoners = inputs.population.prisoners.assign(home_region=home)
    if inputs.excluded is not None:
        joined = inputs.excluded.groupby("prisoner_id")["establishment"].agg(LIST_SEPARATOR.join)
        prisoners["excluded"] = prisoners["prisoner_id"].map(joined).fillna("")
    regions = inputs.estate.establishments.set_index("establishment")["region"]
    units = inputs.estate.units
    units = units.assign(region=units["establishment"].map(regions))
    rules = rules_in_force(inputs.rules, inputs.as_of)
    return fit(prisoners, units, rules, inputs.stage_rules, inputs.as_of)


def _check_places(inputs: Inputs, found: Fit, capacity: Integers) -> None:
    places = pd.Series(capacity).groupby(inputs.estate.units["sex"].to_numpy()).sum()
    sexes = inputs.population.prisoners["sex"]
    without = sorted(sex for sex in set(sexes) if places.get(sex, 0) == 0)
    if without:
        lacking = sexes.isin(without).to_numpy()
        raise InfeasibleAllocationError(
            f"No unit has a place for {' or '.join(without)}: {int(lacking.sum())} people cannot "
            "be held anywhere. Add units, or leave these people out.",
            shortfall(inputs, found, lacking),
        )


def _crowding(
    inputs: Inputs, capacity: Integers, weeks: Integers
) -> tuple[Integers, Integers, Integers]:
    """Cut each unit's places into blocks of rising price above in-use CNA."""
    policy = inputs.policy
    cna = inputs.estate.units["in_use_cna"].to_numpy(dtype=np.float64)
    mean_weeks = float(weeks.mean()) if len(weeks) else 0.0
    ends = [cna, cna * (1 + policy.crowding_low_share), cna * (1 + policy.crowding_high_share)]
    upper = [np.minimum(np.rint(end), capacity).astype(np.int64) for end in ends] + [capacity]
    places = np.diff(np.stack(upper, axis=1), axis=1, prepend=0)
    weekly = (
        0.0,
        policy.crowding_low_gbp_per_week,
        policy.crowding_middle_gbp_per_week,
        policy.crowding_high_gbp_per_week,
    )
    prices = [round(price * mean_weeks * PENNIES_PER_POUND) for price in weekly]
    return (
        np.repeat(np.arange(len(capacity)), len(prices)),
        places.ravel(),
        np.tile(np.array(prices, dtype=np.int64), len(capacity)),
    )


def _held_limits(
    inputs: Inputs, sexes: tuple[str, ...], unit_sex: Integers, frozen_here: Integers
) -> Integers:
    places = inputs.estate.units["places"].to_numpy(dtype=np.int64)
    margins = inputs.policy.margins
    return np.array(
        [
            max(
                places[unit_sex == number].sum() - margins.get(sex, 0),
                frozen_here[unit_sex == number].sum(),
                0,
            )
            for number, sex in enumerate(sexes)
        ],
        dtype=np.int64,
    )


def _unit_labels(problem: AllocationProblem, unit_of: Integers) -> pd.Series[str]:
    labels = np.append(problem.units.to_numpy(dtype=object), "")
    return pd.Series(labels[unit_of], dtype="str")


def _terms(inputs: Inputs, build: Build, unit_of: Integers) -> dict[str, float]:
    """Recompute the objective by term, in pounds; weighted terms are named so."""
    problem = build.problem
    by_person = _person_terms(inputs, build, unit_of)
    policy = inputs.policy
    plain = build.costs.weighted_visit_gbp is build.costs.visit_gbp
    weighted = {
        "family": policy.family_weight != 1 or not plain,
        "court": policy.court_weight != 1,
        "release": policy.release_weight != 1,
    }
    totals = {
        name + "_weighted" * weighted.get(name, False): int(values.sum())
        for name, values in by_person.items()
    }
    totals["crowding"] = int(_crowding_pennies(problem, unit_of))
    totals["unplaced"] = int(problem.unplaced_pennies[unit_of == UNPLACED].sum())
    return {name: total / PENNIES_PER_POUND for name, total in totals.items()}


def _crowding_pennies(problem: AllocationProblem, unit_of: Integers) -> int:
    """Price crowding; people above capacity, as published for today, at the last block's price."""
    held = problem.held(unit_of)
    above = np.maximum(held - problem.capacity, 0)
    last = np.zeros(len(held), dtype=np.int64)
    last[problem.segment_unit] = problem.segment_pennies
    return int(problem.crowding_pennies(held).sum() + (above * last).sum())


def _person_terms(inputs: Inputs, build: Build, unit_of: Integers) -> dict[str, Integers]:
    return term_pennies(
        build.costs,
        build.fit,
        inputs.policy,
        unit_of=unit_of,
        unit_establishment=build.problem.unit_establishment,
        from_establishment=build.problem.from_establishment,
    )


def _moves(inputs: Inputs, build: Build, unit_of: Integers) -> tuple[pd.DataFrame, pd.Series[str]]:
    """Give one row per move, and the reason of each prisoner's move, empty for who stays."""
    problem, prisoners = build.problem, inputs.population.prisoners
    moved = problem.moved(unit_of)
    who = np.flatnonzero(moved)
    before = _person_terms(inputs, build, build.current_unit)
    after = _person_terms(inputs, build, unit_of)
    names = [name for name in before if name != "move"]
    gains = np.stack([before[name][who] - after[name][who] for name in names], axis=1)
    best = gains.argmax(axis=1) if len(who) else np.empty(0, dtype=np.int64)
    improves = gains[np.arange(len(who)), best] > 0
    codes = np.full(len(prisoners), "", dtype=object)
    codes[who] = [
        str(REASONS.get(names[term], MoveReason.OTHER)) if better else str(MoveReason.OTHER)
        for term, better in zip(best, improves, strict=True)
    ]
    reasons = pd.Series(codes, index=prisoners.index, dtype="str")
    people = prisoners.iloc[who].reset_index(drop=True)
    units = inputs.estate.units
    origin = units["establishment"].iloc[build.current_unit[who]].reset_index(drop=True)
    to = units["establishment"].iloc[unit_of[who]].reset_index(drop=True)
    here = build.costs.visit_gbp[who, problem.from_establishment[who]]
    there = build.costs.visit_gbp[who, problem.unit_establishment[unit_of[who]]]
    gain = (here - there).astype(np.float64) * build.costs.visits[who]
    journeys = partial(journeys_of, parties=inputs.parties, visit_cost=inputs.visit_cost)
    old, new = journeys(people, inputs.travel, origin), journeys(people, inputs.travel, to)
    parts = move_parts(people, inputs.parties, inputs.policy)
    table = pd.DataFrame(
        {
            "prisoner_id": people["prisoner_id"],
            "from_unit": people["current_unit"],
            "unit": units["unit"].iloc[unit_of[who]].to_numpy(),
            "from_establishment": origin,
            "establishment": to,
            "reason": reasons.iloc[who].to_numpy(),
            "family_gain_gbp": gain.round(2),
            "straight_miles_before": old["straight_miles"],
            "straight_miles_after": new["straight_miles"],
            "minutes_before": old["minutes"],
            "minutes_after": new["minutes"],
            "move_price_gbp": build.costs.move_pennies[who] / PENNIES_PER_POUND,
            **{f"{name}_gbp": values for name, values in parts.items()},
            "booked_visits_lost": inputs.policy.move_booked_visits
            * visited(people, inputs.parties),
            "days_without_cleared_numbers": inputs.policy.move_days_without_numbers,
        }
    )
    return table, reasons


def _units_table(
    inputs: Inputs, held: Integers, more_gbp: np.ndarray, fewer_gbp: np.ndarray
) -> pd.DataFrame:
    columns = ["unit", "establishment", "places", "in_use_cna"]
    return inputs.estate.units[columns].assign(
        held=held, value_of_one_more_gbp=more_gbp, cost_of_one_fewer_gbp=fewer_gbp
    )


COHORT = ["sex", "category", "status", "young_adult", "needs"]
"""What a shortfall is counted by."""

YOUNG_ADULT_AGE = 20
"""Oldest age of a young adult, for the shortfall table."""


def shortfall(inputs: Inputs, found: Fit, lacking: np.ndarray) -> pd.DataFrame:
    """Count people without a place by cohort.

    Parameters
    ----------
    inputs, found
        Tables and eligibility.
    lacking
        Who has no place; bool, shape (prisoners,).

    Returns
    -------
    DataFrame
        One row per cohort: ``sex``, ``category``, ``status``, ``young_adult``, ``needs``,
        ``people``, and the ``units`` and ``places`` that may hold at least one of them.
    """
    prisoners = inputs.population.prisoners
    cohorts = prisoners.assign(young_adult=prisoners["age"] <= YOUNG_ADULT_AGE)
    places = inputs.estate.units["places"].to_numpy()
    rows = []
    for key, people in cohorts[lacking].groupby(COHORT, sort=True):
        positions = prisoners.index.get_indexer(people.index)
        allowed = found.allowed[np.unique(found.class_of[positions])].any(axis=0)
        rows.append([*key, len(people), int(allowed.sum()), int(places[allowed].sum())])
    return pd.DataFrame(rows, columns=[*COHORT, "people", "units", "places"])


class _Clock:
    """Seconds by stage, in the words of ``allocation.json``."""

    def __init__(self) -> None:
        self.seconds = dict.fromkeys(("build", "core", "budgets", "side", "certify"), 0.0)
        self._last = perf_counter()

    def mark(self, stage: str) -> None:
        """End a stage."""
        now = perf_counter()
        self.seconds[stage] += now - self._last
        self._last = now

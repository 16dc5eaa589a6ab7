"""allocate(): decide who is held where; observe(): the same tables for where people are today."""

from __future__ import annotations

import math
from dataclasses import replace
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd

from data.memory import give_back
from data.placements import placements_table
from data.progress import Progress, silent
from optimiser.alike import keep_own_units
from optimiser.allocation import Allocation, SolveStatus
from optimiser.build import Build, Inputs, build_problem, shortfall
from optimiser.by_objective import decide_by_objective, levels_table
from optimiser.certify import (
    Certificate,
    certify,
    feasibility_faults,
    rows_that_follow,
    with_refutation,
)
from optimiser.closest import closest_plan
from optimiser.decide import Decision, decide, refute_better
from optimiser.duals import Prices
from optimiser.floor import mean_miles_floor
from optimiser.level_bounds import MINIMUMS
from optimiser.moves import moves_table
from optimiser.network import Plan
from optimiser.objective import Objective
from optimiser.prices import place_values
from optimiser.problem import (
    PENNIES_PER_POUND,
    UNPLACED,
    AllocationProblem,
    Integers,
)
from optimiser.regions import regional_bound
from optimiser.residual import residual
from optimiser.shortfall import ways_out
from optimiser.ties import wings_left_out
from optimiser.worst import tail_of


def allocate(inputs: Inputs, progress: Progress = silent) -> Allocation:
    """Find the best plan, prove it, and say what it means for families and prisons.

    Parameters
    ----------
    inputs
        Tables, journeys, weights and rules on one date.
    progress
        Told of each stage. Where it raises ``StopEarlyError`` once a plan can be had, the best plan
        so far is returned, with its gap; anything else it raises ends the work.

    Returns
    -------
    Allocation
        Certified. With no limits and no ties the multipliers alone prove it; with them two solvers
        decide the pairs that the multipliers leave open, and ``proven_by`` says so. Where plans are
        equally good, people keep their units of the earlier plan, or else today's.
        The order of the prisoners' rows decides nothing.
        People nobody has a place for are counted in ``unplaced``.

    Raises
    ------
    InfeasibleAllocationError
        When there is no place at all for people of one sex; carries the shortfall by cohort.
    CertificateError
        When the answer fails its own check.
    """
    clock = _Clock()
    progress("costs", 0, 1)
    build = build_problem(inputs)
    problem = build.problem
    give_back()
    progress("costs", 1, 1)
    clock.mark("build")
    by_id = np.argsort(problem.prisoners.to_numpy(), kind="stable")
    ordered = problem if problem.prisoners.is_monotonic_increasing else problem.of_people(by_id)
    found = decide(ordered, progress, earlier_plan(inputs, ordered))
    clock.add(found.seconds)
    wanted = wanted_units(inputs, ordered)
    found = replace(found, unit_of=closest_plan(ordered, found.unit_of, found.prices, wanted))
    clock.mark("side")
    back = np.argsort(by_id)
    unit_of = found.unit_of[back]
    proof = replace(found.proof, rows=found.proof.rows.of_people(by_id))
    progress("certificate", 0, 1)
    tables = _tables(inputs, build, unit_of)
    handed_on = _unit_numbers(problem, tables["placements"]["unit"])
    most = math.inf if problem.limits or problem.ties else 0.0
    certificate = certify(problem, handed_on, proof, largest_gap=most)
    clock.mark("certify")
    if certificate.gap:
        refutation = refute_better(ordered, found)
        clock.mark("side")
        if refutation is not None:
            refuted = refutation.of_people(by_id, len(problem.units))
            certificate = with_refutation(problem, proof, certificate, refuted)
    graph = residual(problem, unit_of, found.prices)
    more, fewer = (
        place_values(problem, unit_of, found.prices)
        if graph is not None
        else place_bounds(problem, unit_of, found.prices)
    )
    progress("certificate", 1, 1)
    clock.mark("certify")
    return Allocation(
        **tables,
        units=_units_table(
            inputs, problem.held(unit_of), more / PENNIES_PER_POUND, fewer / PENNIES_PER_POUND
        ),
        terms=_terms(inputs, build, unit_of),
        status=status_of(certificate, found),
        objective_gbp=certificate.objective_pennies / PENNIES_PER_POUND,
        lower_bound_gbp=certificate.closed_bound_pennies / PENNIES_PER_POUND,
        gap=certificate.closed_gap,
        seconds=clock.seconds,
        prices=found.prices,
        proof=proof,
        multiplier_bound_gbp=certificate.bound_pennies / PENNIES_PER_POUND,
        multiplier_gap=certificate.gap,
        proven_by=_proven_by(certificate, found),
        ties_left_out=pd.concat([build.ties_left_out, wings_left_out(problem)], ignore_index=True),
        problem=problem,
        ways_out=ways_out(inputs, build, unit_of, graph),
        graph=graph,
    )


def allocate_by_objective(
    inputs: Inputs, objective: Objective, progress: Progress = silent
) -> Allocation:
    """Find the best plan in strict order, or with the worst-off tenth priced or limited.

    Parameters
    ----------
    inputs
        As for ``allocate``.
    objective
        One that is no plain sum.
    progress
        Told of every flow. Where it raises ``StopEarlyError`` and there is a plan, that plan is
        handed over; anything else it raises ends the work.

    Returns
    -------
    Allocation
        Certified, with its gap and that of every level stated. Objective and bound are those of
        the last level, or of the sum with the worst-off tenth; of work that was stopped those of
        the last level that was reached. Values of places are missing.

    Raises
    ------
    CeilingError
        When no plan keeps the limits.
    InfeasibleAllocationError, CertificateError
        As for ``allocate``.
    """
    clock = _Clock()
    progress("costs", 0, 1)
    build = build_problem(inputs)
    problem = build.problem
    give_back()
    progress("costs", 1, 1)
    clock.mark("build")
    tail = tail_of(inputs.population.prisoners, inputs.travel)
    found = decide_by_objective(build, inputs.policy, objective, tail, progress)
    unit_of = keep_own_units(problem, found.unit_of, wanted_units(inputs, problem))
    same = problem.value_pennies(unit_of) == problem.value_pennies(found.unit_of)
    if not same or feasibility_faults(problem, unit_of):
        unit_of = found.unit_of
    clock.mark("budgets")
    nothing = np.full(len(problem.units), np.nan)
    gap = (found.value - found.bound) / max(1, abs(found.value))
    terms = _terms(inputs, build, unit_of)
    if objective.has_worst_tenth:
        terms["worst_tenth_weighted"] = found.worst_tenth_pennies / PENNIES_PER_POUND
    exact = gap == 0 and all(level.gap == 0 for level in found.levels)
    status = SolveStatus.OPTIMAL if exact else SolveStatus.FEASIBLE
    if (unit_of == UNPLACED).any():
        status = SolveStatus.INFEASIBLE
    wanted_levels = len(objective.order) + 1 if found.levels else 0
    wanted_levels += sum(level.name == MINIMUMS for level in found.levels)
    if found.stopped and (not exact or len(found.levels) < wanted_levels):
        status = SolveStatus.CANCELLED
    return Allocation(
        **_tables(inputs, build, unit_of),
        units=_units_table(inputs, problem.held(unit_of), nothing, nothing),
        terms=terms,
        status=status,
        objective_gbp=found.value / PENNIES_PER_POUND,
        lower_bound_gbp=found.bound / PENNIES_PER_POUND,
        gap=gap,
        seconds=clock.seconds,
        prices=None,
        levels=levels_table(found.levels, tail),
        worst_tenth_miles=tail.mean_miles(problem, unit_of),
        problem=problem,
    )


def earlier_plan(inputs: Inputs, problem: AllocationProblem) -> Plan | None:
    """Give the earlier plan as a start, where its prices are of these units.

    Limits that it did not have are free at first; of its side rows those are left out that name
    somebody who is gone, or follow from no tie any more.
    """
    placed, prices = inputs.earlier, inputs.earlier_prices
    if placed is None or prices is None or len(prices.unit) != len(problem.units):
        return None
    units = placed.set_index("prisoner_id")["unit"].reindex(problem.prisoners)
    limit = np.zeros(len(problem.limits), dtype=np.int64)
    known = min(len(limit), len(prices.limit))
    limit[:known] = prices.limit[:known]
    now = problem.prisoners.get_indexer(pd.Index(placed["prisoner_id"])).astype(np.int64)
    rows = prices.rows.of_people(now)
    gone = np.unique(rows.row_of_entry()[rows.people < 0])
    rows = rows.only(np.delete(np.arange(len(rows)), gone))
    rows = rows.only(np.flatnonzero(rows_that_follow(problem, rows, prices.scale)))
    return Plan(
        unit_of=problem.units.get_indexer(pd.Index(units)).astype(np.int64),
        prices=replace(prices, limit=limit, rows=rows),
        rounds=0,
    )


def wanted_units(inputs: Inputs, problem: AllocationProblem) -> Integers:
    """Give the unit each person keeps where plans are equally good: the earlier plan's, or today's.

    People whom the earlier plan does not know, or left without a place, keep today's.
    """
    if inputs.earlier is None:
        return problem.current_unit
    units = inputs.earlier.set_index("prisoner_id")["unit"].reindex(problem.prisoners)
    before = problem.units.get_indexer(pd.Index(units)).astype(np.int64)
    return np.where(before >= 0, before, problem.current_unit)


def observe(inputs: Inputs) -> Allocation:
    """Give today's placements the tables an allocation has, with no bound.

    Parameters
    ----------
    inputs
        As for ``allocate``; the terms are those the same weights give today's places.

    Returns
    -------
    Allocation
        Status ``today``; nobody moves; values of places are missing.
    """
    clock = _Clock()
    build = build_problem(inputs)
    clock.mark("build")
    unit_of = build.problem.current_unit
    terms = _terms(inputs, build, unit_of)
    held = build.problem.held(unit_of)
    nothing = np.full(len(held), np.nan)
    return Allocation(
        **_tables(inputs, build, unit_of),
        units=_units_table(inputs, held, nothing, nothing),
        terms=terms,
        status=SolveStatus.TODAY,
        objective_gbp=sum(round(term * PENNIES_PER_POUND) for term in terms.values())
        / PENNIES_PER_POUND,
        lower_bound_gbp=None,
        gap=None,
        seconds=clock.seconds,
        prices=None,
        problem=None,
    )


def _tables(inputs: Inputs, build: Build, unit_of: Integers) -> dict[str, Any]:
    """Give the tables that every allocation has, decided or observed."""
    problem, prisoners = build.problem, inputs.population.prisoners
    moves, reasons = moves_table(inputs, build, unit_of)
    return {
        "placements": placements_table(
            inputs.population,
            inputs.estate,
            inputs.travel,
            _unit_labels(problem, unit_of),
            parties=inputs.parties,
            visit_cost=inputs.visit_cost,
            reasons=reasons,
        ),
        "moves": moves,
        "unplaced": shortfall(inputs, build.fit, build.book, unit_of == UNPLACED),
        "regions": regional_bound(prisoners, inputs.home_areas, inputs.estate, problem.capacity),
        "floor": mean_miles_floor(prisoners, inputs.estate, inputs.travel, problem.capacity),
    }


def place_bounds(
    problem: AllocationProblem, unit_of: Integers, prices: Prices
) -> tuple[Integers, Integers]:
    """Bound the value of one place more from above, and the cost of one fewer from below.

    Where ties keep a plan from being a best flow, no path gives the exact value. One place more
    lowers the bound of the multipliers by what it would be let for; to the penny of the gap, no
    plan can gain more by it, nor lose less by one place fewer.

    Returns
    -------
    tuple of Integers
        In pennies; shape (units,).
    """
    held = problem.held(unit_of)
    used = problem.segment_use(held)
    last = problem.last_pennies(problem.segment_places > 0)
    last_used = problem.last_pennies(used > 0)
    rent = prices.unit - prices.estate[problem.unit_sex]
    full = (held >= problem.capacity) & (held > 0)
    more: Integers = np.where(problem.capacity > 0, np.maximum(rent - last, 0), 0)
    fewer: Integers = np.where(full, np.maximum(rent - last_used, 0), 0)
    return more, fewer


def status_of(certificate: Certificate, found: Decision) -> SolveStatus:
    """Say what is known: what the checker and two solvers prove, never what one claims."""
    if found.stopped and certificate.closed_gap > 0:
        return SolveStatus.CANCELLED  # whoever has no place may have one in a better plan
    if certificate.unplaced or certificate.short:
        return SolveStatus.INFEASIBLE
    return SolveStatus.OPTIMAL if certificate.closed_gap == 0 else SolveStatus.FEASIBLE


def _proven_by(certificate: Certificate, found: Decision) -> str:
    """Say what the bound of a plan rests on."""
    if certificate.gap == 0:
        return "arithmetic alone"
    if certificate.refuted:
        return (
            "arithmetic over every pair, and two solvers on the "
            f"{certificate.open_pairs:,} pairs it leaves open"
        )
    if found.solver_says_optimal and not found.stopped:
        return "arithmetic alone; one solver found nothing better, a second could not confirm it"
    return "arithmetic alone; better plans were not ruled out"


def _unit_labels(problem: AllocationProblem, unit_of: Integers) -> pd.Series[str]:
    labels = np.append(problem.units.to_numpy(dtype=object), "")
    return pd.Series(labels[unit_of], dtype="str")


def _unit_numbers(problem: AllocationProblem, labels: pd.Series[str]) -> Integers:
    """Read a published plan back, so that what is certified is what is handed on."""
    return problem.units.get_indexer(pd.Index(labels)).astype(np.int64)


def _terms(inputs: Inputs, build: Build, unit_of: Integers) -> dict[str, float]:
    """Recompute the objective by term, in pounds; weighted terms are named so."""
    problem = build.problem
    by_person = build.person_terms(inputs.policy, unit_of)
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
    if problem.ties:
        totals["pairs_parted"] = problem.parting_pennies(unit_of)
    if any(limit.at_least for limit in problem.limits):
        totals["minimums_missed"] = problem.shortage_pennies(unit_of)
    totals["unplaced"] = int(problem.unplaced_pennies[unit_of == UNPLACED].sum())
    return {name: total / PENNIES_PER_POUND for name, total in totals.items()}


def _crowding_pennies(problem: AllocationProblem, unit_of: Integers) -> int:
    """Price crowding; people above capacity, as published for today, at the last block's price."""
    held = problem.held(unit_of)
    above = np.maximum(held - problem.capacity, 0)
    last = np.zeros(len(held), dtype=np.int64)
    last[problem.segment_unit] = problem.segment_pennies
    return int(problem.crowding_pennies(held).sum() + (above * last).sum())


def _units_table(
    inputs: Inputs, held: Integers, more_gbp: np.ndarray, fewer_gbp: np.ndarray
) -> pd.DataFrame:
    columns = ["unit", "establishment", "places", "in_use_cna"]
    return inputs.estate.units[columns].assign(
        held=held, value_of_one_more_gbp=more_gbp, cost_of_one_fewer_gbp=fewer_gbp
    )


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

    def add(self, seconds: dict[str, float]) -> None:
        """Take over stages that were timed elsewhere."""
        for stage, passed in seconds.items():
            self.seconds[stage] += passed
        self._last = perf_counter()

"""The network core of an allocation at full real size and three times it, beside other solvers."""

from __future__ import annotations

import resource
from dataclasses import replace
from functools import cache
from math import log
from time import process_time
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import linprog
from scipy.sparse import coo_array

from optimiser.budget import sample, solve_within_budget
from optimiser.build import build_problem
from optimiser.certify import certify
from optimiser.network import prepare
from optimiser.prices import forcing_costs, place_values
from optimiser.problem import INELIGIBLE, AllocationProblem, Ties
from optimiser.solve import Plan, solve, solve_by_flow
from scenarios.inputs import load_inputs
from scenarios.load import load_scenario
from scenarios.planning.place import allocation_inputs

TENTH = 10
"""The general solver is given one person in so many."""

BUDGET = "closer_to_home"
"""Scenario with a budget of moves."""


TRIPLE = 3
"""The enlarged estate has so many times the people, units and establishments."""

RE_SOLVES = 20
"""Re-solves with one place more or fewer from which the time of all is reckoned."""


@cache
def _problem(scenario_name: str) -> AllocationProblem:
    scenario = load_scenario(scenario_name)
    return build_problem(allocation_inputs(scenario, load_inputs(scenario))).problem


@cache
def _core() -> AllocationProblem:
    """Build the network core: no limit and no tie."""
    prepare()
    return replace(_problem("baseline"), limits=(), ties=Ties.none())


@cache
def _plan() -> tuple[Plan, float]:
    """Solve the core; give the plan and seconds, its certificate included."""
    problem = _core()
    start = process_time()
    plan = solve(problem)
    certificate = certify(problem, plan.unit_of, plan.prices)
    seconds = process_time() - start
    assert certificate.gap == 0
    return plan, seconds


@cache
def _flow() -> tuple[int, float]:
    """Solve the core by the flow of OR-Tools over all pairs; give its value and seconds."""
    problem = _core()
    start = process_time()
    plan = solve_by_flow(problem)
    return problem.value_pennies(plan.unit_of), process_time() - start


@cache
def _general_solver() -> tuple[float, float]:
    """Solve a tenth of the people with SciPy's HiGHS; give seconds and pounds."""
    problem = sample(_core(), TENTH)
    people, units = problem.cost_pennies.shape
    person, unit = np.nonzero(problem.cost_pennies != INELIGIBLE)
    pairs, segments = len(person), len(problem.segment_unit)
    single = pairs + people
    cost = np.concatenate(
        [problem.cost_pennies[person, unit], problem.unplaced_pennies, problem.segment_pennies]
    )
    rows = [person, np.arange(people), people + unit, people + problem.segment_unit]
    columns = [np.arange(single), np.arange(pairs), single + np.arange(segments)]
    signs = np.concatenate([np.ones(single + pairs), -np.ones(segments)])
    equal: Any = coo_array(
        (signs, (np.concatenate(rows), np.concatenate(columns))), shape=(people + units, len(cost))
    )
    sex = problem.unit_sex[problem.segment_unit]
    limits: Any = coo_array(
        (np.ones(segments), (sex, single + np.arange(segments))),
        shape=(len(problem.sexes), len(cost)),
    )
    upper = np.concatenate([np.ones(single), problem.segment_places])
    start = process_time()
    solve_linear: Any = linprog  # its stubs know no sparse matrices
    answer = solve_linear(
        cost,
        A_ub=limits.tocsr(),
        b_ub=problem.held_limit,
        A_eq=equal.tocsr(),
        b_eq=np.concatenate([np.ones(people), np.zeros(units)]),
        bounds=np.stack([np.zeros(len(cost)), upper], axis=1),
        method="highs",
    )
    seconds = process_time() - start
    assert answer.status == 0
    ours = problem.value_pennies(solve(problem).unit_of)
    assert abs(answer.fun - ours) < 1, "two solvers disagree on a tenth of the people"
    return seconds, float(answer.fun) / 100


def allocation_core() -> dict[str, float | str]:
    """Time the core: solve, price every pair, certify with a gap of nothing."""
    plan, seconds = _plan()
    value, yardstick = _flow()
    assert _core().value_pennies(plan.unit_of) == value, "two solvers disagree"
    return _beside_the_flow(seconds, yardstick)


def allocation_core_beside_simplex() -> dict[str, float | str]:
    """Set the same beside the simplex method of SciPy's HiGHS on a tenth of the people."""
    return _line(_plan()[1])


def allocation_costs() -> dict[str, float | str]:
    """Time the building of all costs, rules and flags from loaded tables."""
    scenario = load_scenario("baseline")
    inputs = allocation_inputs(scenario, load_inputs(scenario))
    start = process_time()
    build_problem(inputs)
    return _beside_the_flow(process_time() - start, _flow()[1])


def allocation_relock() -> dict[str, float | str]:
    """Time a re-solve after one person is locked where they would not be, certified."""
    problem, plan = _core(), _plan()[0]
    open_units = (problem.cost_pennies != INELIGIBLE).sum(axis=1)
    person = int(np.flatnonzero((open_units > 1) & (plan.unit_of >= 0))[0])
    costs = problem.cost_pennies.copy()
    elsewhere = np.flatnonzero(costs[person] != INELIGIBLE)
    unit = elsewhere[elsewhere != plan.unit_of[person]][0]
    costs[person, np.arange(len(problem.units)) != unit] = INELIGIBLE
    locked = replace(problem, cost_pennies=costs)
    start = process_time()
    again = solve(locked, start=plan)
    certificate = certify(locked, again.unit_of, again.prices)
    seconds = process_time() - start
    assert certificate.gap == 0
    assert again.unit_of[person] == unit
    cold = _plan()[1]
    return _measured(seconds, "CPU seconds", "a cold solve, certified, CPU seconds", cold)


def allocation_prices() -> dict[str, float | str]:
    """Time the exact values of one place more and one fewer in all units."""
    problem, plan = _core(), _plan()[0]
    start = process_time()
    more, fewer = place_values(problem, plan.unit_of, plan.prices)
    seconds = process_time() - start
    best = problem.value_pennies(plan.unit_of)
    units = np.random.default_rng(1).permutation(len(problem.units))[: RE_SOLVES // 2]
    start = process_time()
    for unit in units:
        for change, expected in ((1, -more[unit]), (-1, fewer[unit])):
            other = _with_places(problem, int(unit), change)
            value = other.value_pennies(solve(other, start=plan).unit_of)
            assert value - best == expected, "a re-solve gives another value of a place"
    each = (process_time() - start) / (2 * len(units))
    yardstick = f"warm re-solves of all, reckoned from {2 * len(units)}, CPU seconds"
    return _measured(seconds, "CPU seconds", yardstick, each * 2 * len(problem.units))


def _with_places(problem: AllocationProblem, unit: int, change: int) -> AllocationProblem:
    """Give a unit one place more or fewer at the price of its last."""
    places, capacity = problem.segment_places.copy(), problem.capacity.copy()
    blocks = np.flatnonzero(problem.segment_unit == unit)
    used = blocks[places[blocks] > 0]
    if not len(used) and change < 0:
        return problem
    places[used[-1] if len(used) else blocks[0]] += change
    capacity[unit] += change
    return replace(problem, segment_places=places, capacity=capacity)


def allocation_forcing() -> dict[str, float | str]:
    """Time the exact cost to everybody of forcing every person into every unit."""
    problem, plan = _core(), _plan()[0]
    start = process_time()
    forcing_costs(problem, plan.unit_of, plan.prices)
    seconds = process_time() - start
    return _measured(seconds, "CPU seconds", *_reading(problem))


def _reading(problem: AllocationProblem) -> tuple[str, float]:
    """Read the cost matrix once: nothing that looks at every pair can be quicker."""
    start = process_time()
    for _ in range(5):
        problem.cost_pennies.max()
    return "reading the cost matrix once, CPU seconds", (process_time() - start) / 5


def allocation_above_floor() -> dict[str, float | str]:
    """Set the core beside the physical floor: reading the cost matrix once."""
    return _measured(_plan()[1], "CPU seconds", *_reading(_core()))


def allocation_growth() -> dict[str, float | str]:
    """Measure how the time of the core grows from a tenth of the people to all."""
    small = sample(_core(), TENTH)
    solve(small)
    start = process_time()
    for _ in range(3):
        plan = solve(small)
        certify(small, plan.unit_of, plan.prices)
    tenth = (process_time() - start) / 3
    middle = sample(_core(), 3)
    start = process_time()
    plan = solve(middle)
    certify(middle, plan.unit_of, plan.prices)
    third = process_time() - start
    seconds = _plan()[1]
    exponent = log(seconds / tenth) / log(TENTH)
    return {
        "value": round(exponent, 2),
        "unit": "exponent of people, places in proportion, 0.1x to 1x",
        "yardstick": f"0.1x {tenth:.3f}, 0.33x {third:.3f}, 1x {seconds:.3f} CPU seconds",
        "yardstick_value": round(seconds, 3),
        "ratio": round(seconds / tenth, 2),
    }


def enlarged(problem: AllocationProblem, copies: int) -> AllocationProblem:
    """Lay copies of the estate and its people side by side, each open to all.

    A copy of an establishment is dearer for people of other copies by a share drawn for each pair
    of a copy and an establishment, so that no two are alike.
    """
    people, units = problem.cost_pennies.shape
    draws = np.random.default_rng(7).uniform(0.02, 0.6, (copies, copies, units))
    draws = draws[:, :, problem.unit_establishment]
    cost = np.empty((people * copies, units * copies), dtype=np.int32)
    for theirs in range(copies):
        for first in range(0, people, 4096):
            rows = slice(first, min(first + 4096, people))
            own = problem.cost_pennies[rows]
            for ours in range(copies):
                far = 1.0 if ours == theirs else 1 + draws[theirs, ours]
                dearer = np.where(own == INELIGIBLE, INELIGIBLE, own * far).astype(np.int32)
                into = slice(theirs * people + first, theirs * people + rows.stop)
                cost[into, ours * units : (ours + 1) * units] = dearer
    places = len(problem.establishments)

    def shifted(numbers: np.ndarray, step: int) -> np.ndarray:
        parts = [np.where(numbers < 0, numbers, numbers + step * n) for n in range(copies)]
        return np.concatenate(parts)

    def names(labels: pd.Index) -> pd.Index:
        return pd.Index([f"{label}-{n}" for n in range(copies) for label in labels], dtype="str")

    return replace(
        problem,
        prisoners=names(problem.prisoners),
        units=names(problem.units),
        establishments=names(problem.establishments),
        cost_pennies=cost,
        unplaced_pennies=np.tile(problem.unplaced_pennies, copies),
        unit_establishment=shifted(problem.unit_establishment, places),
        unit_sex=np.tile(problem.unit_sex, copies),
        capacity=np.tile(problem.capacity, copies),
        held_limit=problem.held_limit * copies,
        segment_unit=shifted(problem.segment_unit, units),
        segment_places=np.tile(problem.segment_places, copies),
        segment_pennies=np.tile(problem.segment_pennies, copies),
        from_establishment=shifted(problem.from_establishment, places),
        current_unit=shifted(problem.current_unit, units),
        pair_flags=np.tile(problem.pair_flags, (copies, copies)),
    )


def allocation_three_times() -> dict[str, float | str]:
    """Time the core with three times the people, units and establishments, certified."""
    problem = enlarged(_core(), TRIPLE)
    start = process_time()
    plan = solve(problem)
    certificate = certify(problem, plan.unit_of, plan.prices)
    seconds = process_time() - start
    assert certificate.gap == 0
    people, units = problem.cost_pennies.shape
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    unit = f"CPU seconds, {people:,} people x {units} units, {peak:.1f} GB peak"
    return _measured(seconds, unit, "the same at 1x, CPU seconds", _plan()[1])


def allocation_within_budget() -> dict[str, float | str]:
    """Time the search for the price of a move, certified with a gap under 0.01%."""
    problem = _problem(BUDGET)
    start = process_time()
    found = solve_within_budget(problem, smallest_gap=5e-5)
    certificate = certify(problem, found.plan.unit_of, found.prices, largest_gap=1e-4)
    seconds = process_time() - start
    assert problem.move_budget is not None
    assert certificate.moves <= problem.move_budget
    return _line(seconds)


def _line(seconds: float) -> dict[str, float | str]:
    yardstick, _ = _general_solver()
    name = "SciPy HiGHS on a tenth of the people, CPU seconds"
    return _measured(seconds, "CPU seconds, 86,000 people", name, yardstick)


def _beside_the_flow(seconds: float, yardstick: float) -> dict[str, float | str]:
    name = "OR-Tools min-cost flow over all pairs, CPU seconds"
    return _measured(seconds, "CPU seconds, 86,000 people", name, yardstick)


def _measured(
    seconds: float, unit: str, yardstick: str, yardstick_seconds: float
) -> dict[str, float | str]:
    return {
        "value": round(seconds, 3),
        "unit": unit,
        "yardstick": yardstick,
        "yardstick_value": round(yardstick_seconds, 3),
        "ratio": round(seconds / yardstick_seconds, 4),
    }


BENCHMARKS = {
    "allocation_core": allocation_core,
    "allocation_core_beside_simplex": allocation_core_beside_simplex,
    "allocation_above_floor": allocation_above_floor,
    "allocation_costs": allocation_costs,
    "allocation_relock": allocation_relock,
    "allocation_prices": allocation_prices,
    "allocation_forcing": allocation_forcing,
    "allocation_growth": allocation_growth,
    "allocation_within_budget": allocation_within_budget,
    "allocation_three_times": allocation_three_times,
}

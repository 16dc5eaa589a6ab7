"""One allocation core solve at full real size, beside the same problem in a general solver."""

from __future__ import annotations

from functools import cache
from time import process_time
from typing import Any

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import coo_array

from optimiser.budget import sample, solve_within_budget
from optimiser.build import build_problem
from optimiser.certify import certify
from optimiser.problem import INELIGIBLE, AllocationProblem
from optimiser.solve import solve
from scenarios.inputs import load_inputs
from scenarios.load import load_scenario
from scenarios.place import allocation_inputs

TENTH = 10
"""The general solver is given one person in so many."""

BUDGET = "closer_to_home"
"""Scenario with a budget of moves."""


@cache
def _problem(scenario_name: str) -> AllocationProblem:
    scenario = load_scenario(scenario_name)
    return build_problem(allocation_inputs(scenario, load_inputs(scenario))).problem


@cache
def _general_solver() -> tuple[float, float]:
    """Solve a tenth of the people with SciPy's HiGHS; give seconds and pounds."""
    problem = sample(_problem("baseline"), TENTH)
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
    """Time the core: merge, solve, price every pair, certify with a gap of nothing."""
    problem = _problem("baseline")
    start = process_time()
    found = solve_within_budget(problem, smallest_gap=0.0)
    certificate = certify(problem, found.plan.unit_of, found.prices)
    seconds = process_time() - start
    assert certificate.gap == 0
    return _line(seconds)


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
    return {
        "value": round(seconds, 3),
        "unit": "CPU seconds, 86,000 people",
        "yardstick": "SciPy HiGHS on a tenth of the people, CPU seconds",
        "yardstick_value": round(yardstick, 3),
        "ratio": round(seconds / yardstick, 4),
    }


BENCHMARKS = {
    "allocation_core": allocation_core,
    "allocation_within_budget": allocation_within_budget,
}

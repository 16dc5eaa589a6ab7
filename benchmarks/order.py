"""Strict order, and the worst-off tenth as a limit, beside cold solves of OR-Tools' flow."""

from __future__ import annotations

from time import process_time

from optimiser.build import Build, Inputs, build_problem
from optimiser.by_objective import LEVEL_GAP, SMALLEST_GAP, levels_of
from optimiser.measure import free, whole_cost
from optimiser.network import prepare
from optimiser.objective import Objective
from optimiser.problem import AllocationProblem
from optimiser.solve import solve_by_flow
from optimiser.strict import certify_strict, solve_strict
from optimiser.worst import PARTS_PER_MILE, Asked, solve_worst, tail_of, worst_bound
from scenarios.inputs import load_inputs
from scenarios.load import load_scenario
from scenarios.planning.place import allocation_inputs

MOST_MILES = 95
"""Limit on the mean distance of the worst-off tenth."""


def _built(name: str) -> tuple[Inputs, Build, Objective]:
    scenario = load_scenario(name)
    inputs = allocation_inputs(scenario, load_inputs(scenario))
    build = build_problem(inputs)
    prepare()
    return inputs, build, scenario.objective


def allocation_strict_order() -> dict[str, float | str]:
    """Time five levels in strict order, certified, each with a gap of at most 0.1%."""
    inputs, build, objective = _built("strict_order")
    tail = tail_of(inputs.population.prisoners, inputs.travel)
    levels = levels_of(build, inputs.policy, objective, tail)
    start = process_time()
    found = solve_strict(build.problem, levels, smallest_gap=LEVEL_GAP)
    certify_strict(build.problem, levels, found.unit_of, found.levels)
    seconds = process_time() - start
    assert max(each.gap for each in found.levels) <= LEVEL_GAP
    return _line(seconds, "CPU seconds, five levels, gaps of at most 0.1%", build, found.flows)


def allocation_worst_tenth_limited() -> dict[str, float | str]:
    """Time the worst-off tenth held to 95 miles on average, certified with a gap under 0.01%."""
    inputs, build, _ = _built("baseline")
    problem = free(build.problem)
    asked = Asked(
        problem=problem,
        objective=[(1, whole_cost(problem))],
        tail=tail_of(inputs.population.prisoners, inputs.travel),
        at_most_parts=MOST_MILES * PARTS_PER_MILE,
    )
    start = process_time()
    found = solve_worst(asked, smallest_gap=SMALLEST_GAP)
    bound = worst_bound(asked, found.covers)
    seconds = process_time() - start
    assert asked.keeps(found.unit_of)
    assert found.value - bound <= SMALLEST_GAP * found.value
    return _line(seconds, "CPU seconds, gap under 0.01%", build, found.flows)


def _line(seconds: float, unit: str, build: Build, flows: int) -> dict[str, float | str]:
    cold = _cold(free(build.problem)) * flows
    return {
        "value": round(seconds, 2),
        "unit": unit,
        "yardstick": "as many cold solves by OR-Tools' min-cost flow, CPU seconds",
        "yardstick_value": round(cold, 2),
        "ratio": round(seconds / cold, 4),
    }


def _cold(problem: AllocationProblem) -> float:
    start = process_time()
    solve_by_flow(problem)
    return process_time() - start


BENCHMARKS = {
    "allocation_strict_order": allocation_strict_order,
    "allocation_worst_tenth_limited": allocation_worst_tenth_limited,
}

"""Frontiers and the worst-off tenth at full real size, beside cold solves of OR-Tools' flow."""

from __future__ import annotations

from functools import cache
from time import process_time

from data.progress import silent
from optimiser.build import build_problem
from optimiser.decide import decide
from optimiser.frontier import Against, certify_point, trace, trade_off
from optimiser.measure import free, whole_cost
from optimiser.network import prepare
from optimiser.problem import AllocationProblem
from optimiser.solve import solve, solve_by_flow
from optimiser.worst import Asked, Tail, solve_worst, tail_of, worst_bound
from scenarios.inputs import load_inputs
from scenarios.load import load_scenario
from scenarios.planning.place import allocation_inputs
from scenarios.studies.frontier import SMALLEST_GAP

POINTS = 12
GAP = 1e-4

WEIGHT = 20
"""Pounds for each mile of each person of the worst-off tenth."""


@cache
def _core() -> tuple[AllocationProblem, Tail]:
    scenario = load_scenario("baseline")
    inputs = load_inputs(scenario)
    problem = build_problem(allocation_inputs(scenario, inputs)).problem
    prepare()
    return free(problem), tail_of(inputs.population.prisoners, inputs.travel)


@cache
def _cold() -> float:
    """Time one cold solve by OR-Tools' min-cost flow over all pairs."""
    problem, _ = _core()
    start = process_time()
    plan = solve_by_flow(problem)
    seconds = process_time() - start
    assert problem.value_pennies(plan.unit_of) == problem.value_pennies(solve(problem).unit_of)
    return seconds


def allocation_frontier() -> dict[str, float | str]:
    """Time 12 points against moves, each certified with a gap of nothing."""
    problem, tail = _core()
    traded = trade_off(problem, Against.MOVES, tail)
    start = process_time()
    points = trace(traded, POINTS)
    for point in points:
        certify_point(traded, point)
    seconds = process_time() - start
    assert len(points) == POINTS
    name = f"{POINTS} cold solves by OR-Tools' min-cost flow, CPU seconds"
    return _line(seconds, "CPU seconds, 12 certified points against moves", name, POINTS)


def allocation_frontier_every_rule() -> dict[str, float | str]:
    """Time 12 certified points against moves with every rule, limit and tie on."""
    scenario = load_scenario("every_rule")
    inputs = load_inputs(scenario)
    problem = build_problem(allocation_inputs(scenario, inputs)).problem
    prepare()
    tail = tail_of(inputs.population.prisoners, inputs.travel)
    traded = trade_off(problem, Against.MOVES, tail)
    start = process_time()
    points = trace(traded, POINTS, smallest_gap=SMALLEST_GAP)
    for point in points:
        certify_point(traded, point, largest_gap=None)
    seconds = process_time() - start
    assert max(point.gap for point in points) <= SMALLEST_GAP
    middle = points[len(points) // 2]
    start = process_time()
    decide(traded.priced(middle.price), silent, smallest_gap=SMALLEST_GAP)
    cold = (process_time() - start) * len(points)
    return {
        "value": round(seconds, 2),
        "unit": f"CPU seconds, {len(points)} certified points against moves, gap at most 0.001%",
        "yardstick": "as many cold decisions at a price from the middle, CPU seconds",
        "yardstick_value": round(cold, 2),
        "ratio": round(seconds / cold, 4),
    }


def allocation_worst_tenth() -> dict[str, float | str]:
    """Time the worst-off tenth priced by the mile, certified with a gap under 0.01%."""
    problem, tail = _core()
    asked = Asked(
        problem=problem, objective=[(1, whole_cost(problem))], tail=tail, weight_pennies=WEIGHT
    )
    start = process_time()
    found = solve_worst(asked, smallest_gap=GAP)
    bound = worst_bound(asked, found.covers)
    seconds = process_time() - start
    assert asked.value(found.unit_of) - bound <= GAP * found.value
    name = "as many cold solves by OR-Tools' min-cost flow, CPU seconds"
    return _line(seconds, "CPU seconds, gap under 0.01%", name, found.flows)


def _line(seconds: float, unit: str, yardstick: str, solves: int) -> dict[str, float | str]:
    cold = _cold() * solves
    return {
        "value": round(seconds, 2),
        "unit": unit,
        "yardstick": yardstick,
        "yardstick_value": round(cold, 2),
        "ratio": round(seconds / cold, 4),
    }


BENCHMARKS = {
    "allocation_frontier": allocation_frontier,
    "allocation_frontier_every_rule": allocation_frontier_every_rule,
    "allocation_worst_tenth": allocation_worst_tenth,
}

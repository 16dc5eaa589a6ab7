"""Every rule at once: limits and ties proven over everybody, beside one MIP on pruned pairs."""

from __future__ import annotations

from dataclasses import replace
from time import process_time

import numpy as np

from data.progress import silent
from optimiser.budget import dual_search, sample
from optimiser.build import build_problem
from optimiser.certify import certify, with_refutation
from optimiser.decide import decide, refute_better
from optimiser.duals import Prices
from optimiser.linear import solve_whole
from optimiser.network import Plan, prepare
from optimiser.pool import Duals, Pool, Pricer
from optimiser.problem import INELIGIBLE, UNPLACED, AllocationProblem, Integers
from optimiser.programme import build_model
from optimiser.separation import Broken, RowStore
from scenarios.inputs import load_inputs
from scenarios.load import load_scenario
from scenarios.planning.place import allocation_inputs

TENTH = 10
"""The yardstick is given one person in so many."""

WIDTH = 100_000.0
"""Pennies above the cheapest to which the yardstick's pairs are kept."""

LONGEST = 180.0
"""Seconds after which the yardstick ends."""


def _problem() -> AllocationProblem:
    scenario = load_scenario("every_rule")
    return build_problem(allocation_inputs(scenario, load_inputs(scenario))).problem


def _one_programme(problem: AllocationProblem, prices: Prices) -> float:
    """Solve the whole of a problem as one MIP on pruned pairs; give CPU seconds."""
    start = process_time()
    duals = Duals(
        unit=prices.unit.astype(np.float64),
        estate=prices.estate.astype(np.float64),
        limit=prices.limit.astype(np.float64),
        row=np.zeros(0),
    )
    store, pricer, broken = RowStore(), Pricer(problem), Broken(problem)
    pool = Pool(pricer, duals, store, WIDTH)
    tied = broken.tied[pool.person]
    store.add(broken.find(pool.person[tied], pool.unit[tied], np.ones(int(tied.sum())), 1e-6))
    pool.rows_changed()
    everybody = np.ones(pricer.people, dtype=np.bool_)
    duals = duals.with_rows(len(store.rows))
    model = build_model(pool, duals, width=np.inf, alone=everybody)
    whole = np.zeros(len(model.linear.cost), dtype=np.bool_)
    whole[: len(model.arcs)] = True
    solve_whole(model.linear, whole, seconds=LONGEST)
    return process_time() - start


def allocation_every_rule() -> dict[str, float | str]:
    """Time everything after costs: prices, columns, whole numbers, a second solver, certificate."""
    problem = _problem()
    prepare()
    seconds, _ = _proven(problem, None)
    small = sample(problem, TENTH)
    yardstick = _one_programme(small, dual_search(small).prices)
    return {
        "value": round(seconds, 3),
        "unit": "CPU seconds, 86,000 people, every rule, limit and tie",
        "yardstick": "one MIP by SCIP on pruned pairs of a tenth of the people, CPU seconds",
        "yardstick_value": round(yardstick, 3),
        "ratio": round(seconds / yardstick, 4),
    }


def every_rule_relock() -> dict[str, float | str]:
    """Time deciding anew, proven, once one person is locked, beside the same from nothing."""
    problem = _problem()
    prepare()
    before = decide(problem, silent)
    locked = _locked(problem, before.unit_of)
    warm, value = _proven(locked, before.start())
    cold, same = _proven(locked, None)
    assert value == same, "an earlier plan leads to another value"
    return {
        "value": round(warm, 3),
        "unit": "CPU seconds, every rule, limit and tie, one person locked elsewhere",
        "yardstick": "the same from nothing, CPU seconds",
        "yardstick_value": round(cold, 3),
        "ratio": round(warm / cold, 4),
    }


def _locked(problem: AllocationProblem, unit_of: Integers) -> AllocationProblem:
    """Keep somebody in the cheapest unit of another establishment than a plan gives them."""
    elsewhere = problem.unit_establishment != problem.establishment_of(unit_of)[:, None]
    elsewhere &= problem.cost_pennies != INELIGIBLE
    placed = np.flatnonzero(elsewhere.any(axis=1) & (unit_of != UNPLACED))
    person = int(placed[len(placed) // 2])
    costs = problem.cost_pennies.copy()
    open_to = np.flatnonzero(elsewhere[person])
    unit = open_to[costs[person, open_to].argmin()]
    costs[person, np.arange(len(problem.units)) != unit] = INELIGIBLE
    return replace(problem, cost_pennies=costs)


def _proven(problem: AllocationProblem, start: Plan | None) -> tuple[float, int]:
    """Decide and certify with a gap of nothing; give CPU seconds and pennies."""
    begun = process_time()
    found = decide(problem, silent, start)
    certificate = certify(problem, found.unit_of, found.proof, largest_gap=1e-6)
    refutation = refute_better(problem, found) if certificate.gap else None
    if refutation is not None:
        certificate = with_refutation(problem, found.proof, certificate, refutation)
    seconds = process_time() - begun
    assert certificate.closed_gap == 0
    return seconds, certificate.objective_pennies


BENCHMARKS = {
    "allocation_every_rule": allocation_every_rule,
    "allocation_every_rule_relock": every_rule_relock,
}

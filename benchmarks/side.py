"""Every rule at once: limits and ties proven over everybody, beside one MIP on pruned pairs."""

from __future__ import annotations

from time import process_time

import numpy as np

from data.progress import silent
from optimiser.budget import dual_search, sample
from optimiser.build import build_problem
from optimiser.certify import certify
from optimiser.decide import decide, refute_better
from optimiser.duals import Prices
from optimiser.linear import solve_whole
from optimiser.network import prepare
from optimiser.pool import Duals, Pool, Pricer
from optimiser.problem import AllocationProblem
from optimiser.programme import build_model
from optimiser.separation import Broken, RowStore
from scenarios.inputs import load_inputs
from scenarios.load import load_scenario
from scenarios.place import allocation_inputs

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
    start = process_time()
    found = decide(problem, silent)
    refutation = refute_better(problem, found)
    certificate = certify(
        problem, found.unit_of, found.proof, largest_gap=1e-6, refutation=refutation
    )
    seconds = process_time() - start
    assert certificate.closed_gap == 0
    assert certificate.unplaced == 0
    small = sample(problem, TENTH)
    yardstick = _one_programme(small, dual_search(small).prices)
    return {
        "value": round(seconds, 3),
        "unit": "CPU seconds, 86,000 people, every rule, limit and tie",
        "yardstick": "one MIP by SCIP on pruned pairs of a tenth of the people, CPU seconds",
        "yardstick_value": round(yardstick, 3),
        "ratio": round(seconds / yardstick, 4),
    }


BENCHMARKS = {"allocation_every_rule": allocation_every_rule}

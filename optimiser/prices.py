"""The exact value of one place more and the exact cost of one place fewer, in every unit."""

from __future__ import annotations

import numpy as np

from optimiser.duals import (
    FAR,
    Prices,
    add_limits,
    blocks,
    distances_to,
    priced_block,
)
from optimiser.problem import INELIGIBLE, UNPLACED, AllocationProblem, Integers


def place_values(
    problem: AllocationProblem, unit_of: Integers, prices: Prices
) -> tuple[Integers, Integers]:
    """Give what one place more would save and one fewer would cost in each unit, in pennies.

    A place more is added at the price of crowding of the unit's last place; the limit on all held
    of that sex stays. Exact at the prices of the limits that the plan was made with.

    Parameters
    ----------
    problem, unit_of
        A problem and an optimal plan of it.
    prices
        Its prices; only those of the limits are used.

    Returns
    -------
    tuple of Integers
        Value of one more and cost of one fewer, both 0 or more; shape (units,). The cost is 0
        where a unit has no place to lose.
    """
    units = len(problem.units)
    steps = all_steps(problem, unit_of, prices)
    held = problem.held(unit_of)
    used = problem.segment_use(held)
    last_place = np.zeros(units, dtype=np.int64)
    exists = problem.segment_places > 0
    last_place[problem.segment_unit[exists]] = problem.segment_pennies[exists]
    last_used = np.zeros(units, dtype=np.int64)
    last_used[problem.segment_unit[used > 0]] = problem.segment_pennies[used > 0]
    more = np.zeros(units, dtype=np.int64)
    fewer = np.zeros(units, dtype=np.int64)
    for sex in range(len(problem.sexes)):
        ours = np.flatnonzero(problem.unit_sex == sex)
        node = units + sex
        into = distances_to(steps.T, node)[ours]
        out_of = distances_to(steps, node)[ours]
        reachable = into < FAR
        more[ours] = np.where(reachable, np.maximum(0, -(last_place[ours] + into)), 0)
        full = (held[ours] >= problem.capacity[ours]) & (held[ours] > 0)
        fewer[ours] = np.where(full, np.maximum(0, out_of - last_used[ours]), 0)
    return more, fewer


def all_steps(problem: AllocationProblem, unit_of: Integers, prices: Prices) -> Integers:
    """Contract the residual graph of a plan over every eligible pair; shape (nodes, nodes)."""
    units, sexes = len(problem.units), len(problem.sexes)
    sink = units + sexes
    steps = np.full((sink + 1, sink + 1), FAR, dtype=np.int64)
    free = Prices.none(problem, prices.limit)
    for rows in blocks(len(unit_of)):
        cost = priced_block(problem, free, rows)
        at = unit_of[rows]
        unplaced = problem.unplaced_pennies[rows]
        own = np.where(at == UNPLACED, unplaced, cost[np.arange(len(at)), np.maximum(at, 0)])
        change = np.where(cost < INELIGIBLE, cost - own[:, None], FAR)
        order = np.argsort(at, kind="stable")
        nodes, starts = np.unique(at[order], return_index=True)
        nodes = np.where(nodes == UNPLACED, sink, nodes)
        least = np.minimum.reduceat(change[order], starts, axis=0)
        steps[nodes, :units] = np.minimum(steps[nodes, :units], least)
        to_sink = np.minimum.reduceat((unplaced - own)[order], starts)
        steps[nodes, sink] = np.minimum(steps[nodes, sink], to_sink)
    add_limits(problem, problem.held(unit_of), steps)
    np.fill_diagonal(steps, 0)
    return steps

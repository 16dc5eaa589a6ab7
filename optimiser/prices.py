"""The exact value of one place more and the exact cost of one place fewer, in every unit."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from optimiser.duals import FAR, Prices, add_limits
from optimiser.network import Network
from optimiser.problem import AllocationProblem, Integers

NO_WAY = 2**56
"""Length of a step that does not exist, where paths are added up."""


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
    paths = all_paths(all_steps(problem, unit_of, prices))
    held = problem.held(unit_of)
    used = problem.segment_use(held)
    last_place = problem.last_pennies(problem.segment_places > 0)
    last_used = problem.last_pennies(used > 0)
    more = np.zeros(units, dtype=np.int64)
    fewer = np.zeros(units, dtype=np.int64)
    for sex in range(len(problem.sexes)):
        ours = np.flatnonzero(problem.unit_sex == sex)
        node = units + sex
        into = paths[node, ours]
        out_of = paths[ours, node]
        reachable = into < FAR
        more[ours] = np.where(reachable, np.maximum(0, -(last_place[ours] + into)), 0)
        full = (held[ours] >= problem.capacity[ours]) & (held[ours] > 0)
        fewer[ours] = np.where(full, np.maximum(0, out_of - last_used[ours]), 0)
    return more, fewer


def all_steps(problem: AllocationProblem, unit_of: Integers, prices: Prices) -> Integers:
    """Contract the residual graph of a plan over every eligible pair, at its prices of limits.

    Returns
    -------
    Integers
        Length of the step from node to node in pennies, ``FAR`` where there is none; shape (nodes,
        nodes), nodes being units, then sexes, then the sink.
    """
    from optimiser.kernel import least_steps

    units, sexes = len(problem.units), len(problem.sexes)
    sink = units + sexes
    steps = np.full((sink + 1, sink + 1), FAR, dtype=np.int64)
    people = np.minimum(least_steps(Network.of(problem).terms(prices.limit), unit_of), FAR)
    nodes = np.append(np.arange(units), sink)
    steps[np.ix_(nodes, nodes)] = people
    add_limits(problem, problem.held(unit_of), steps)
    np.fill_diagonal(steps, 0)
    return steps


def forcing_costs(
    problem: AllocationProblem, unit_of: Integers, prices: Prices
) -> NDArray[np.int32]:
    """Give what it would cost everybody to hold each person in each unit instead.

    Exact for the network core at the prices of the limits that the plan was made with: the best
    plan with that person in that unit costs so much more than the plan given. With ties between
    people it is what the core would pay.

    Parameters
    ----------
    problem, unit_of
        A problem and an optimal plan of it.
    prices
        Its prices; only those of the limits are used.

    Returns
    -------
    NDArray
        Pennies, 0 or more; int32, shape (prisoners, units); ``INELIGIBLE`` where the person may not
        be held, or where nobody can make room.

    Raises
    ------
    ValueError
        When the plan can be improved at these prices.
    """
    from optimiser.kernel import forcing

    paths = all_paths(all_steps(problem, unit_of, prices))
    nodes = np.append(np.arange(len(problem.units)), len(paths) - 1)
    terms = Network.of(problem).terms(prices.limit)
    costs: NDArray[np.int32] = forcing(terms, unit_of, paths[np.ix_(nodes, nodes)])
    return costs


def all_paths(steps: Integers) -> Integers:
    """Give the shortest path between any two nodes, ``FAR`` where there is none.

    Raises
    ------
    ValueError
        When a cycle of steps has a negative length: the plan can be improved.
    """
    from optimiser.kernel import shortest_paths

    paths: Integers = shortest_paths(np.where(steps < FAR, steps, NO_WAY))
    if (paths.diagonal() < 0).any():
        raise ValueError("The plan is not optimal: some people could change places at a gain.")
    paths[paths >= NO_WAY // 2] = FAR
    return paths

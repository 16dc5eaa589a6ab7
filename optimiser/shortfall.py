"""The cheapest ways out for people without a place: a place more somewhere, or one rule less.

Both are shortest paths on the residual graph of the plan, in which nobody else loses their place: a
person enters a unit, somebody there makes room by going on to another, and so on, until a unit is
reached that has room or is given one place more.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from optimiser.duals import FAR, distances_to
from optimiser.problem import INELIGIBLE, AllocationProblem, Integers
from optimiser.residual import Residual


def with_one_more_place(
    problem: AllocationProblem, graph: Residual, people: Integers
) -> tuple[Integers, Integers]:
    """Price placing one of some people who have no place, by where one more place is given.

    Parameters
    ----------
    problem, graph
        A problem and the residual graph of its plan.
    people
        Rows of people without a place; shape (people,).

    Returns
    -------
    tuple of Integers
        What it costs to place the one who is placed most cheaply, all chains counted, were there
        one place more in the unit at the price of its last place; shape (units,). And the same,
        were one person more allowed to be held of the sex, with the places there are; shape
        (sexes,). ``FAR`` where it helps nobody.
    """
    units = len(problem.units)
    cost = problem.cost_pennies[people].astype(np.int64)
    start = np.where(cost == INELIGIBLE, FAR, cost).min(axis=0, initial=FAR)
    steps = _nobody_unplaced(graph)
    reach = _reach(steps, start)
    open_sex = steps[units : graph.sink, graph.sink] < FAR
    given = reach[:units] + graph.last_place
    by_unit = np.where(open_sex[problem.unit_sex] & (reach[:units] < FAR), given, FAR)
    by_sex = np.where(open_sex, FAR, reach[units : graph.sink])
    return by_unit, by_sex


def with_places_open(
    problem: AllocationProblem, graph: Residual, cost_pennies: Integers
) -> Integers:
    """Price placing each of some people, had they the units open to them that are given.

    Parameters
    ----------
    problem, graph
        A problem and the residual graph of its plan.
    cost_pennies
        Cost of each person in each unit, ``FAR`` or above where it stays closed; shape (people,
        units).

    Returns
    -------
    Integers
        What it costs to place each with the places there are, all chains counted; ``FAR`` where
        there is no way; shape (people,).
    """
    onward = distances_to(_nobody_unplaced(graph), graph.sink)[: len(problem.units)]
    best: Integers = np.minimum(cost_pennies + onward, FAR).min(axis=1, initial=FAR)
    return best


def only_rule(broken: dict[str, NDArray[np.bool_]]) -> dict[str, NDArray[np.bool_]]:
    """Say where each hard rule is the only one that excludes a person.

    Parameters
    ----------
    broken
        For each hard rule, the pairs that break it; shape (people, units).

    Examples
    --------
    >>> broken = {"a": np.array([[True, True]]), "b": np.array([[False, True]])}
    >>> {rule: pairs.tolist() for rule, pairs in only_rule(broken).items()}
    {'a': [[True, False]], 'b': [[False, False]]}
    """
    count = sum((pairs.astype(np.int64) for pairs in broken.values()), start=np.int64(0))
    return {rule: pairs & (count == 1) for rule, pairs in broken.items()}


def _nobody_unplaced(graph: Residual) -> Integers:
    """Leave out the steps by which somebody would lose or find a place."""
    steps = graph.steps.copy()
    sink = graph.sink
    sexes = np.arange(len(graph.last_place), sink)
    steps[: len(graph.last_place), sink] = FAR
    steps[sink, :] = FAR
    steps[sink, sink] = 0
    assert (steps[sexes, sink] >= 0).all()
    return steps


def _reach(steps: Integers, start: Integers) -> Integers:
    """Give the cheapest way to every node when entering unit by unit costs this much."""
    reach = np.full(len(steps), FAR, dtype=np.int64)
    reach[: len(start)] = start
    for _ in range(len(steps) + 1):
        shorter = np.minimum(reach, (reach[:, None] + steps).min(axis=0))
        shorter[shorter > FAR // 2] = FAR
        if np.array_equal(shorter, reach):
            return reach
        reach = shorter
    raise ValueError("The plan is not optimal: some people could change places at a gain.")

"""What limits and ties leave a plan, by multipliers and arithmetic alone; no solver is known here.

A plan that keeps its limits and ties keeps every sum of them that multipliers weigh. Priced so,
they leave the problem, and what is left is bounded person by person and place by place.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from optimiser.ceilings import Terms
from optimiser.certify import exact_blocks, rent_of
from optimiser.duals import Prices
from optimiser.measure import WHOLE, Measure
from optimiser.problem import INELIGIBLE, LARGEST_COST, AllocationProblem, Ties

LARGEST_SUM = 2**50
"""Most that one choice of one person may weigh: a block of people then adds up within 64 bits."""


def least_under_ties(problem: AllocationProblem, terms: Terms, prices: Prices) -> int:
    """Give what no plan under limits and ties can be below of a weighted sum of measures.

    Parameters
    ----------
    problem
        Who may be held where, with its limits and ties; its own costs are left aside.
    terms
        Whole weights, and the measures they weigh.
    prices
        Multipliers in the parts that the weighted measures are counted in; what minimums are short
        of and what pairs who are parted cost is for the caller.

    Returns
    -------
    int
        In the same parts.

    Raises
    ------
    ValueError
        When a choice weighs more than ``LARGEST_SUM``.
    """
    if weight_of(terms) > LARGEST_SUM:
        raise ValueError(f"A choice weighs more than {LARGEST_SUM} parts.")
    bare = replace(
        problem,
        cost_pennies=problem.cost_pennies & np.int32(INELIGIBLE),
        unplaced_pennies=np.zeros(len(problem.prisoners), dtype=np.int64),
    )
    segment = np.zeros(len(problem.segment_unit), dtype=np.int64)
    for weight, measure in terms:
        segment += weight * measure.segment
    least = 0
    for rows, priced in exact_blocks(bare, prices):
        for weight, measure in terms:
            own = measure.block(rows)
            if measure.name == WHOLE:
                own = own & (INELIGIBLE - 1)
            priced[:, :-1] += np.multiply(own, weight, dtype=np.int64)
            priced[:, -1] += weight * measure.unplaced[rows]
        least += int(priced.min(axis=1).sum())
    return least - rent_of(problem, prices, segment)


def weight_of(terms: Terms) -> int:
    """Give what one choice can weigh at most."""
    return sum(weight * _most(measure) for weight, measure in terms)


def _most(measure: Measure) -> int:
    pair = LARGEST_COST if measure.name == WHOLE else int(measure.values.max(initial=0))
    others = int(measure.unplaced.max(initial=0)), int(measure.segment.max(initial=0))
    return max(pair, *others)


def freed(problem: AllocationProblem, prices: Prices) -> tuple[AllocationProblem, int]:
    """Give a problem without limits and ties in which multipliers price them.

    Parameters
    ----------
    problem
        With limits and ties.
    prices
        Whole pennies for limits and side rows; none for units and estates.

    Returns
    -------
    tuple
        The problem, and pennies: no plan under the limits and ties costs less in the given problem
        than it does in this one less so much. A person's choices are raised together where one of
        them would cost less than nothing, and that is taken off again.
    """
    cost = np.empty_like(problem.cost_pennies)
    unplaced = np.empty_like(problem.unplaced_pennies)
    raised = 0
    for rows, priced in exact_blocks(problem, prices):
        shift = np.maximum(0, -priced.min(axis=1))
        raised += int(shift.sum())
        priced += shift[:, None]
        np.minimum(priced, LARGEST_COST, out=priced)
        closed = problem.cost_pennies[rows] == INELIGIBLE
        cost[rows] = np.where(closed, INELIGIBLE, priced[:, :-1])
        unplaced[rows] = priced[:, -1]
    let = rent_of(problem, prices, problem.segment_pennies)
    made = replace(
        problem, cost_pennies=cost, unplaced_pennies=unplaced, limits=(), ties=Ties.none()
    )
    return made, raised + let

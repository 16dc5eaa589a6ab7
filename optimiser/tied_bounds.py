"""What limits and ties leave a plan, by multipliers and arithmetic alone; no solver is known here.

A plan that keeps its limits and ties keeps every sum of them that multipliers weigh. Priced so,
they leave the problem, and what is left is bounded person by person and place by place.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from optimiser.ceilings import Terms
from optimiser.certify import exact_blocks, rent_of
from optimiser.duals import Prices, blocks
from optimiser.measure import WHOLE, Measure
from optimiser.problem import INELIGIBLE, LARGEST_COST, AllocationProblem, Integers
from optimiser.side import units_by_establishment
from optimiser.worst import Tail

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
    least = sum(
        int(priced.min(axis=1).sum()) for _, priced in _weighed_blocks(problem, terms, prices)
    )
    return least - _rent(problem, terms, prices)


def _weighed_blocks(
    problem: AllocationProblem, terms: Terms, prices: Prices
) -> Iterator[tuple[slice, NDArray[np.int64]]]:
    """Weigh all choices of some people at a time, no place as the last."""
    if weight_of(terms) > LARGEST_SUM:
        raise ValueError(f"A choice weighs more than {LARGEST_SUM} parts.")
    bare = replace(
        problem,
        cost_pennies=problem.cost_pennies & np.int32(INELIGIBLE),
        unplaced_pennies=np.zeros(len(problem.prisoners), dtype=np.int64),
    )
    for rows, priced in exact_blocks(bare, prices):
        for weight, measure in terms:
            own = measure.block(rows)
            if measure.name == WHOLE:
                own = own & (INELIGIBLE - 1)
            priced[:, :-1] += np.multiply(own, weight, dtype=np.int64)
            priced[:, -1] += weight * measure.unplaced[rows]
        yield rows, priced


def _rent(problem: AllocationProblem, terms: Terms, prices: Prices) -> int:
    segment = np.zeros(len(problem.segment_unit), dtype=np.int64)
    for weight, measure in terms:
        segment += weight * measure.segment
    return rent_of(problem, prices, segment)


def weight_of(terms: Terms) -> int:
    """Give what one choice can weigh at most."""
    return sum(weight * _most(measure) for weight, measure in terms)


def _most(measure: Measure) -> int:
    pair = LARGEST_COST if measure.name == WHOLE else int(measure.values.max(initial=0))
    others = int(measure.unplaced.max(initial=0)), int(measure.segment.max(initial=0))
    return max(pair, *others)


class ByPlace:
    """The least that everybody's choices weigh in each establishment, for sums with a tail.

    How far somebody is from home depends on the establishment alone, so that a sum with any
    threshold of the worst-off tenth is one pass over people and establishments.

    Parameters
    ----------
    problem, terms, prices
        As for ``least_under_ties``.
    tail
        Distances.
    """

    def __init__(
        self, problem: AllocationProblem, terms: Terms, prices: Prices, tail: Tail
    ) -> None:
        self.problem = problem
        self.tail = tail
        self.rent = _rent(problem, terms, prices)
        order, begin = units_by_establishment(problem)
        filled = np.flatnonzero(np.diff(begin))
        self.places: Integers = filled[:-1]
        self.cheapest = np.empty((len(problem.prisoners), len(filled)), dtype=np.int64)
        sorted_already = np.array_equal(order, np.arange(len(order)))
        for rows, priced in _weighed_blocks(problem, terms, prices):
            by_unit = priced if sorted_already else priced[:, order]
            np.minimum.reduceat(by_unit, begin[filled], axis=1, out=self.cheapest[rows])

    def least(self, weight: int, low: int, high: int) -> int:
        """Give what no plan can be below when the tail is measured for an interval of thresholds.

        Parameters
        ----------
        weight
            Of a hundredth of a mile that ``Tail.beyond_at_least`` counts.
        low, high
            The interval.

        Returns
        -------
        int
            In the parts of the multipliers.
        """
        values = self.tail.beyond_at_least(self.problem, low, high).values
        table = np.zeros((len(values), len(self.places) + 1), dtype=np.int64)
        np.multiply(values[:, self.places], weight, out=table[:, :-1], dtype=np.int64)
        least = 0
        for rows in blocks(len(self.cheapest)):
            far = table[self.tail.group_of[rows]]
            far += self.cheapest[rows]
            least += int(far.min(axis=1).sum())
        return least - self.rent

"""Priced costs are exact, however many limits are dear at once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from optimiser.certify import lower_bound
from optimiser.duals import LARGEST_PRICE, Prices, priced_block
from optimiser.problem import INELIGIBLE, LARGEST_COST, AllocationProblem, Limit
from tests.optimiser.allocation_instances import make_problem


def with_limits(count: int) -> AllocationProblem:
    """Count every pair by so many limits."""
    limits = tuple(
        Limit(name=f"limit {number}", flag=None, people=None, units=None, bound=1)
        for number in range(count)
    )
    return replace(make_problem([[7, INELIGIBLE], [LARGEST_COST, 0]], [1, 1]), limits=limits)


def dear(count: int) -> Prices:
    """Price units and limits as high as they can be."""
    return Prices(
        unit=np.full(2, LARGEST_PRICE),
        estate=np.zeros(1, dtype=np.int64),
        limit=np.full(count, LARGEST_COST),
    )


def test_prices_of_several_limits_add_up_without_overflow() -> None:
    for count in range(9):
        priced = priced_block(with_limits(count), dear(count), slice(0, 2))

        added = LARGEST_PRICE + count * LARGEST_COST
        assert priced[0, 0] == 7 + added
        assert priced[0, 1] >= INELIGIBLE
        assert priced[1, 0] == LARGEST_COST + added
        assert priced[1, 1] == added


def test_a_bound_at_dear_limits_is_that_of_nobody_placed() -> None:
    """Being placed costs more than not, and each limit lets one person through at its price."""
    problem = with_limits(5)

    bound = lower_bound(problem, dear(5))

    rent = 2 * LARGEST_PRICE + 5 * LARGEST_COST
    assert bound == int(problem.unplaced_pennies.sum()) - rent

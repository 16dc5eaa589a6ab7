"""The residual graph of a plan, from which one person or one place is judged.

Every person is a node with one unit of flow, so the graph contracts to units, sexes and the sink.
"""

from __future__ import annotations

from dataclasses import dataclass

from optimiser.duals import Prices, distances_to
from optimiser.prices import all_steps
from optimiser.problem import UNPLACED, AllocationProblem, Integers


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Residual:
    """The residual graph of a plan, contracted to units, sexes and the sink.

    Attributes
    ----------
    steps
        Length of the step from node to node in pennies, ``FAR`` where there is none; int64, shape
        (nodes, nodes), nodes being units, then sexes, then the sink.
    last_place
        Price of crowding of the last place of each unit, in pennies; shape (units,).
    limit
        Prices of the limits that the steps hold at; shape (limits,).
    """

    steps: Integers
    last_place: Integers
    limit: Integers

    @property
    def sink(self) -> int:
        """Node that holds the people without a place."""
        return len(self.steps) - 1

    def node(self, unit: int) -> int:
        """Give the node of a unit or of ``UNPLACED``."""
        return self.sink if unit == UNPLACED else unit


def residual(problem: AllocationProblem, unit_of: Integers, prices: Prices) -> Residual | None:
    """Contract the residual graph of a plan, at the prices of its limits.

    Parameters
    ----------
    problem, unit_of
        A problem and a plan of it.
    prices
        Its prices; only those of the limits are used.

    Returns
    -------
    Residual or None
        None when some people could change places at a gain at these prices: rows that tie people
        together keep such a plan from being a best flow, and then no path has a meaning.
    """
    steps = all_steps(problem, unit_of, prices)
    try:
        distances_to(steps, len(steps) - 1)
    except ValueError:
        return None
    last_place = problem.last_pennies(problem.segment_places > 0)
    return Residual(steps=steps, last_place=last_place, limit=prices.limit)

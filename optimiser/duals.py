"""Exact prices of units from a plan, by shortest paths on the small graph of units.

In the residual graph of a minimum-cost flow every person is a node with one unit of flow, so the
graph contracts to its units: the step from unit *a* to unit *b* costs what the cheapest person in
*a* would add by going to *b*. The price of a unit is the length of the shortest path from it to the
sink: what one more person in it costs the whole estate.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optimiser.problem import INELIGIBLE, AllocationProblem, Integers, Limit
from optimiser.side import SideRows

FAR = 2**40
"""Length of a step that does not exist."""

LARGEST_PRICE = 2**29 - 1
"""Price of a unit that nobody more can enter in any way."""

ROWS = 2048
"""People looked at together: their costs then fit a processor's cache."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Prices:
    """Multipliers of the limits of a problem, in pennies or even parts of them.

    Attributes
    ----------
    unit
        What one more person in the unit costs; int64, shape (units,).
    estate
        What one more person held of each sex costs; int64, shape (sexes,).
    limit
        What one more person whom each limit counts costs, or one fewer where it is a minimum;
        int64, shape (limits,).
    rows
        Side rows that ties imply, with their prices.
    scale
        Parts that a penny is divided into in all of these prices.
    """

    unit: Integers
    estate: Integers
    limit: Integers
    rows: SideRows = field(default_factory=SideRows.none)
    scale: int = 1

    @classmethod
    def none(cls, problem: AllocationProblem, limit: Integers | None = None) -> Prices:
        """Start with every unit and estate free."""
        return cls(
            unit=np.zeros(len(problem.units), dtype=np.int64),
            estate=np.zeros(len(problem.sexes), dtype=np.int64),
            limit=np.zeros(len(problem.limits), dtype=np.int64) if limit is None else limit,
        )


def blocks(people: int) -> Iterator[slice]:
    """Cut the people into runs that fit a processor's cache."""
    for first in range(0, people, ROWS):
        yield slice(first, min(first + ROWS, people))


def priced_block(
    problem: AllocationProblem, prices: Prices, rows: slice
) -> NDArray[np.signedinteger[Any]]:
    """Give cost plus prices of every unit for some of the people; shape (rows, units).

    Ineligible pairs stay at or above ``INELIGIBLE``. In 32 bits where they hold whatever can come
    of it, since reading is what takes the time; in 64 where many limits are dear at once.
    """
    furthest = INELIGIBLE + int(prices.unit.max(initial=0)) + int(np.abs(prices.limit).sum())
    whole = np.int32 if furthest <= np.iinfo(np.int32).max else np.int64
    priced: NDArray[np.signedinteger[Any]] = problem.cost_pennies[rows] + prices.unit.astype(whole)
    add_limit_prices(problem, prices.limit, rows, priced)
    if any(limit.at_least for limit in problem.limits):
        np.maximum(priced, INELIGIBLE, out=priced, where=problem.cost_pennies[rows] == INELIGIBLE)
    return priced


def add_limit_prices(
    problem: AllocationProblem, prices: Integers, rows: slice, priced: NDArray[Any]
) -> None:
    """Add the prices of all limits to the pairs they count, in place; shape (rows, units).

    What limits on everybody add is looked up by the flags of a pair, establishment by
    establishment, since reading every pair once for each limit is what takes the time.
    """
    of_flags = np.zeros(2**8, dtype=priced.dtype)
    values = np.arange(len(of_flags))
    for number in np.flatnonzero(prices):
        limit, price = problem.limits[number], int(prices[number])
        if limit.flag is None or limit.people is not None or limit.units is not None:
            add_limit_price(problem, limit, price, rows, priced)
        else:
            counted = (values & int(limit.flag)) != 0
            of_flags[counted] += priced.dtype.type(-price if limit.at_least else price)
    if of_flags.any():
        priced += of_flags[problem.pair_flags[rows]][:, problem.unit_establishment]


def add_limit_price(
    problem: AllocationProblem, limit: Limit, price: int, rows: slice, priced: NDArray[Any]
) -> None:
    """Add the price of a limit to the pairs it counts, in place; shape (rows, units)."""
    signed = -price if limit.at_least else price
    counted = limit_counts(problem, limit, rows)
    priced += counted * priced.dtype.type(signed)


def limit_counts(problem: AllocationProblem, limit: Limit, rows: slice) -> NDArray[np.bool_]:
    """Say which pairs a limit counts; shape (rows, units)."""
    shape = (len(problem.pair_flags[rows]), len(problem.units))
    if limit.flag is None:
        counted = np.ones(shape, dtype=np.bool_)
    else:
        flagged = (problem.pair_flags[rows] & np.uint8(limit.flag)) != 0
        counted = flagged[:, problem.unit_establishment]
    if limit.people is not None:
        counted &= limit.people[rows, None]
    if limit.units is not None:
        counted &= limit.units
    return counted


def person_values(problem: AllocationProblem, prices: Prices) -> Integers:
    """Give each person's cheapest priced choice, unplaced among them; shape (prisoners,)."""
    values = problem.unplaced_pennies.copy()
    for rows in blocks(len(values)):
        cheapest = priced_block(problem, prices, rows).min(axis=1, initial=LARGEST_PRICE)
        np.minimum(values[rows], cheapest, out=values[rows])
    return values


def add_limits(problem: AllocationProblem, held: Integers, steps: Integers) -> None:
    """Enter what entering and leaving each unit and each estate costs in crowding."""
    units = len(problem.units)
    sink = units + len(problem.sexes)
    used = problem.segment_use(held)
    sex_node = units + problem.unit_sex[problem.segment_unit]
    free = used < problem.segment_places
    np.minimum.at(
        steps, (problem.segment_unit[free], sex_node[free]), problem.segment_pennies[free]
    )
    taken = used > 0
    np.minimum.at(
        steps, (sex_node[taken], problem.segment_unit[taken]), -problem.segment_pennies[taken]
    )
    for sex, limit in enumerate(problem.held_limit):
        total = held[problem.unit_sex == sex].sum()
        if total < limit:
            steps[units + sex, sink] = 0
        if total > 0:
            steps[sink, units + sex] = 0


def distances_to(steps: Integers, node: int) -> Integers:
    """Give the shortest path from every node to one node (Bellman and Ford).

    Raises
    ------
    ValueError
        When a cycle of steps has a negative length: the plan can be improved.
    """
    distance = np.full(len(steps), FAR, dtype=np.int64)
    distance[node] = 0
    for _ in range(len(steps) + 1):
        shorter = np.minimum(distance, (steps + distance).min(axis=1))
        shorter[shorter > FAR // 2] = FAR
        if np.array_equal(shorter, distance):
            return distance
        distance = shorter
    raise ValueError("The plan is not optimal: some people could change places at a gain.")


def prices_from(problem: AllocationProblem, steps: Integers, limit: Integers) -> Prices:
    """Read a price of every unit and estate off the contracted graph of an optimal plan.

    Where a plan leaves room, many prices prove it; the middle between the highest (what one more
    person costs) and the lowest (what one fewer saves) is taken, which is whole and proves it too.
    """
    units, sink = len(problem.units), len(steps) - 1
    highest = np.minimum(distances_to(steps, sink), LARGEST_PRICE)
    back = distances_to(steps.T, sink)
    lowest = np.clip(-back, 0, highest)
    middle = (highest + lowest) // 2
    return Prices(unit=middle[:units], estate=middle[units:-1], limit=limit)

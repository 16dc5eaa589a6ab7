"""Linear measures of a plan, and problems whose cost is a weighted sum of them.

Moves, people far from home, pounds of one term, miles beyond a threshold: each adds up over the
people of a plan. A ceiling on one of them becomes a price on it, and the priced problem is a flow
again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from optimiser.duals import blocks, limit_counts
from optimiser.problem import (
    INELIGIBLE,
    LARGEST_COST,
    UNPLACED,
    AllocationProblem,
    Integers,
    Limit,
    PairFlag,
)

Wholes: TypeAlias = NDArray[np.int32] | NDArray[np.int64]

WHOLE = "all"
"""Name of the measure that is a problem's own objective."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Measure:
    """A whole number for every choice of every person; a plan has their sum.

    Attributes
    ----------
    name
        What it measures.
    values
        Not negative; shape (groups, columns): people alike share a row, units alike a column.
    group_of, column_of
        Row of each person and column of each unit; shapes (prisoners,) and (units,).
    segment
        Per person in each crowding block; shape (segments,).
    unplaced
        Per person without a place; shape (prisoners,).
    """

    name: str
    values: Wholes
    group_of: Integers
    column_of: Integers
    segment: Integers
    unplaced: Integers

    def block(self, rows: slice) -> Wholes:
        """Give the measure of every unit for some of the people; shape (rows, units)."""
        found: Wholes = self.values[self.group_of[rows]][:, self.column_of]
        return found

    def by_person(self, unit_of: Integers) -> Integers:
        """Give each person's own part under a plan, crowding aside; shape (prisoners,)."""
        placed = unit_of != UNPLACED
        own = self.values[self.group_of, self.column_of[np.where(placed, unit_of, 0)]]
        return np.where(placed, own.astype(np.int64), self.unplaced)

    def of_plan(self, problem: AllocationProblem, unit_of: Integers) -> int:
        """Add the measure up over a plan."""
        crowded = int((problem.segment_use(problem.held(unit_of)) * self.segment).sum())
        return int(self.by_person(unit_of).sum()) + crowded

    def largest(self) -> int:
        """Give the most one person can add."""
        most = (self.values, self.segment, self.unplaced)
        return max(int(each.max(initial=0)) for each in most)


def per_establishment(
    problem: AllocationProblem, name: str, values: Wholes, group_of: Integers | None = None
) -> Measure:
    """Make a measure of where people are held; ``values`` has shape (groups, establishments)."""
    people = len(problem.prisoners)
    return Measure(
        name=name,
        values=values,
        group_of=np.arange(people) if group_of is None else group_of,
        column_of=problem.unit_establishment,
        segment=np.zeros(len(problem.segment_unit), dtype=np.int64),
        unplaced=np.zeros(people, dtype=np.int64),
    )


def per_unit(problem: AllocationProblem, name: str, values: Wholes) -> Measure:
    """Make a measure of the units people are held in; ``values`` has shape (prisoners, units)."""
    made = per_establishment(problem, name, values)
    return replace(made, column_of=np.arange(len(problem.units)))


def flagged(problem: AllocationProblem, flag: PairFlag) -> Measure:
    """Count the people held in a way that carries a flag, such as moved or far from home."""
    carries = (problem.pair_flags & np.uint8(flag)) != 0
    name = str(flag.name).lower()
    return per_establishment(problem, name, carries.astype(np.int32))


def limited(problem: AllocationProblem, limit: Limit) -> Measure:
    """Count the people whom a limit counts."""
    counted = limit_counts(problem, limit, slice(0, len(problem.prisoners)))
    return per_unit(problem, limit.name, counted.astype(np.int32))


def crowded(problem: AllocationProblem) -> Measure:
    """Count the people held above in-use CNA: beyond the first crowding block of a unit."""
    above = np.diff(problem.segment_unit, prepend=-1) == 0
    nothing = np.zeros((1, 1), dtype=np.int32)
    everybody = np.zeros(len(problem.prisoners), dtype=np.int64)
    made = per_establishment(problem, "crowding", nothing, everybody)
    return replace(
        made,
        column_of=np.zeros(len(problem.units), dtype=np.int64),
        segment=above.astype(np.int64),
    )


def whole_cost(problem: AllocationProblem) -> Measure:
    """Give the objective of a problem as a measure, in pennies."""
    made = per_unit(problem, WHOLE, problem.cost_pennies)
    return replace(made, segment=problem.segment_pennies, unplaced=problem.unplaced_pennies)


def unplaced_people(problem: AllocationProblem) -> Measure:
    """Count the people without a place."""
    nothing = np.zeros((1, 1), dtype=np.int32)
    everybody = np.zeros(len(problem.prisoners), dtype=np.int64)
    made = per_establishment(problem, "placed", nothing, everybody)
    return replace(
        made,
        column_of=np.zeros(len(problem.units), dtype=np.int64),
        unplaced=np.ones(len(problem.prisoners), dtype=np.int64),
    )


def weighted(problem: AllocationProblem, terms: Sequence[tuple[int, Measure]]) -> AllocationProblem:
    """Give the problem whose cost is a weighted sum of measures, without limits.

    Parameters
    ----------
    problem
        Who may be held where, and how many.
    terms
        Whole weights that are not negative, and what they weigh.

    Returns
    -------
    AllocationProblem
        Eligible where the problem is.

    Raises
    ------
    ValueError
        When the sum could leave the range of whole pennies.
    """
    terms = [(weight, measure) for weight, measure in terms if weight]
    most = reach_of(problem, terms)
    if most > LARGEST_COST:
        raise ValueError(
            f"The weighted measures reach {most}, above {LARGEST_COST}; lower the weights."
        )
    people, segments = len(problem.prisoners), len(problem.segment_unit)
    cost = np.empty(problem.cost_pennies.shape, dtype=np.int32)
    for rows in blocks(people):
        total = np.zeros(cost[rows].shape, dtype=np.int32)
        allowed = problem.cost_pennies[rows] != INELIGIBLE
        for weight, measure in terms:
            part = measure.block(rows).astype(np.int32, copy=False)
            total += part if weight == 1 else part * np.int32(weight)
        cost[rows] = np.where(allowed, total, np.int32(INELIGIBLE))
    unplaced = sum((weight * part.unplaced for weight, part in terms), np.zeros(people, np.int64))
    segment = sum((weight * part.segment for weight, part in terms), np.zeros(segments, np.int64))
    return replace(
        problem,
        cost_pennies=cost,
        unplaced_pennies=np.asarray(unplaced),
        segment_pennies=np.asarray(segment),
        limits=(),
    )


def reach_of(problem: AllocationProblem, terms: Sequence[tuple[int, Measure]]) -> int:
    """Give a number that the weighted sum of one person's choice cannot be above."""
    return sum(
        weight * (_largest_price(problem) if measure.name == WHOLE else measure.largest())
        for weight, measure in terms
    )


def _largest_price(problem: AllocationProblem) -> int:
    prices = (problem.unplaced_pennies, problem.segment_pennies)
    return max(largest_cost(problem), *(int(each.max(initial=0)) for each in prices))


def largest_cost(problem: AllocationProblem) -> int:
    """Give the largest cost of an eligible pair, in pennies."""
    most = 0
    for rows in blocks(len(problem.prisoners)):
        block = problem.cost_pennies[rows]
        most = max(most, int(block.max(initial=0, where=block != INELIGIBLE)))
    return most

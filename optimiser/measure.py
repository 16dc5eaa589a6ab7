"""Linear measures of a plan, and problems whose cost is a weighted sum of them.

Moves, people far from home, pounds of one term, miles beyond a threshold: each adds up over the
people of a plan. A ceiling on one of them becomes a price on it, and the priced problem is a flow
again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from optimiser.duals import blocks
from optimiser.problem import (
    INELIGIBLE,
    LARGEST_COST,
    UNPLACED,
    AllocationProblem,
    Integers,
    Limit,
    PairFlag,
    Ties,
)

Wholes: TypeAlias = NDArray[np.int8] | NDArray[np.int32] | NDArray[np.int64]

LARGEST_WEIGHT = 2**30
"""Largest weight of a measure: seven weighted values then add up within 64 bits."""

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
        groups = self.group_of[rows]
        alone = len(groups) > 0 and len(self.values) == len(self.group_of)
        if alone and np.array_equal(groups, np.arange(rows.start, rows.stop)):
            found: Wholes = self.values[rows]
        else:
            found = self.values[groups]
        if np.array_equal(self.column_of, np.arange(found.shape[1])):
            return found
        taken: Any = np.take(found, self.column_of, axis=1)
        spread: Wholes = taken
        return spread

    def by_person(self, unit_of: Integers) -> Integers:
        """Give each person's own part under a plan, crowding aside; shape (prisoners,)."""
        return self.of_pairs(np.arange(len(unit_of)), unit_of)

    def of_pairs(self, people: Integers, unit_of: Integers) -> Integers:
        """Give each of some people's own part in a unit, or without a place; shape (people,)."""
        placed = unit_of != UNPLACED
        own = self.values[self.group_of[people], self.column_of[np.where(placed, unit_of, 0)]]
        return np.where(placed, own.astype(np.int64), self.unplaced[people])

    def of_people(self, rows: Integers) -> Measure:
        """Keep these people, in this order."""
        return replace(self, group_of=self.group_of[rows], unplaced=self.unplaced[rows])

    def of_plan(self, problem: AllocationProblem, unit_of: Integers) -> int:
        """Add the measure up over a plan."""
        crowded = int((problem.segment_use(problem.held(unit_of)) * self.segment).sum())
        return int(self.by_person(unit_of).sum()) + crowded


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
    return per_establishment(problem, name, carries.astype(np.int8))


def free(problem: AllocationProblem) -> AllocationProblem:
    """Give a problem without its limits and ties."""
    return replace(problem, limits=(), ties=Ties.none())


def limited(problem: AllocationProblem, limit: Limit) -> Measure:
    """Count the people whom a limit counts.

    Flags are of establishments, so that there is a column for each of these and one for units that
    the limit does not speak of; without a flag people and units are counted or not, and no more.
    """
    people, units = len(problem.prisoners), len(problem.units)
    counts = np.ones(people, dtype=np.bool_) if limit.people is None else limit.people
    inside = np.ones(units, dtype=np.bool_) if limit.units is None else limit.units
    if limit.flag is None:
        made = per_establishment(
            problem, limit.name, np.array([[0, 0], [0, 1]], dtype=np.int8), counts.astype(np.int64)
        )
        return replace(made, column_of=inside.astype(np.int64))
    establishments = len(problem.establishments)
    values = np.zeros((people, establishments + 1), dtype=np.int8)
    values[:, :-1] = (problem.pair_flags & np.uint8(limit.flag)) != 0
    values[~counts] = 0
    made = per_establishment(problem, limit.name, values)
    outside = np.where(inside, problem.unit_establishment, establishments)
    return replace(made, column_of=outside)


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


def weighted(
    problem: AllocationProblem, terms: Sequence[tuple[int, Measure]], *, bits: int = 0
) -> AllocationProblem:
    """Give the problem whose cost is a weighted sum of measures, without limits and ties.

    Parameters
    ----------
    problem
        Who may be held where, and how many.
    terms
        At most seven whole weights from 0 to ``LARGEST_WEIGHT``, and what they weigh.
    bits
        Binary digits at the end of each sum that are dropped: costs are rounded down to whole
        multiples of 2**bits and counted in these.

    Returns
    -------
    AllocationProblem
        Eligible where the problem is. A choice that would cost more than ``LARGEST_COST`` costs
        that much. Times 2**bits its bounds are not above those of the true sum, and so still true.
    """
    terms = [(weight, measure) for weight, measure in terms if weight]
    people, segments = len(problem.prisoners), len(problem.segment_unit)
    unplaced = sum((weight * part.unplaced for weight, part in terms), np.zeros(people, np.int64))
    segment = sum((weight * part.segment for weight, part in terms), np.zeros(segments, np.int64))
    return replace(
        problem,
        cost_pennies=_weighted_pairs(problem, terms, bits),
        unplaced_pennies=np.minimum(unplaced >> bits, LARGEST_COST),
        segment_pennies=np.minimum(segment >> bits, LARGEST_COST),
        limits=(),
        ties=Ties.none(),
    )


def _weighted_pairs(
    problem: AllocationProblem, terms: Sequence[tuple[int, Measure]], bits: int
) -> NDArray[np.int32]:
    """Add measures of pairs up, in 32 bits where these hold the sum; shape (prisoners, units)."""
    cost = np.empty(problem.cost_pennies.shape, dtype=np.int32)
    wide: type[np.int32] | type[np.int64] = np.int64 if bits else np.int32
    room = LARGEST_COST << bits
    of_pairs = [
        (weight, measure, weight * int(measure.values.max(initial=0)) > room)
        for weight, measure in terms
        if measure.values.any()
    ]
    for rows in blocks(len(cost)):
        total = np.zeros(cost[rows].shape, dtype=wide)
        for weight, measure, clipped in of_pairs:
            part = measure.block(rows)
            if measure.name == WHOLE:
                part = part & (INELIGIBLE - 1)
            if clipped:
                total += np.minimum(np.multiply(part, weight, dtype=np.int64), room).astype(wide)
            else:
                total += part if weight == 1 else np.multiply(part, weight, dtype=wide)
        if bits:
            total >>= bits
        np.minimum(total, LARGEST_COST, out=total)
        np.maximum(total, problem.cost_pennies[rows] & INELIGIBLE, out=cost[rows])
    return cost


USUAL = 0.999
"""Share of choices that are no dearer than what is usual."""

LOOKED_AT = 256
"""People whose choices say what is usual."""


def usual(problem: AllocationProblem, measure: Measure) -> int:
    """Give what one place adds to a measure at most, the dearest few aside."""
    every = max(1, len(problem.prisoners) // LOOKED_AT)
    people = np.arange(0, len(problem.prisoners), every)
    found = measure.values[measure.group_of[people]][:, measure.column_of]
    found = found[problem.cost_pennies[people] != INELIGIBLE]
    most = int(np.quantile(found, USUAL, method="higher")) if found.size else 0
    return max(most, int(measure.segment.max(initial=0)))

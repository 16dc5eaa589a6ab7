"""Side rows: inequalities that ties between people imply at one place, and what their prices add.

Only rows that some plan would break are ever written down. Each names the tie it follows from, so
that a checker can see for itself that it does.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from optimiser.problem import INELIGIBLE, LARGEST_COST, AllocationProblem, Integers


class RowKind(IntEnum):
    """What a side row follows from.

    ``apart``: people who are all kept apart from one another, at one establishment: at most one.
    ``apart_wing``: the same in one unit. ``group``: members of a group in one establishment: at
    most as many as may be. ``together``: of a pair, the first is in an establishment and the second
    is not: at most never, and each time costs the price of parting them.
    """

    APART = 0
    APART_WING = 1
    GROUP = 2
    TOGETHER = 3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SideRows:
    """Rows: the signed number of some people at a place is at most a bound.

    Attributes
    ----------
    kind
        ``RowKind`` of each row; shape (rows,).
    tie
        Number of the group or of the pair it follows from, otherwise -1; shape (rows,).
    place
        Establishment it speaks of, or unit for ``apart_wing``; the number of establishments stands
        for having no place; shape (rows,).
    bound
        Most; shape (rows,).
    first
        Where the people of each row begin; shape (rows + 1,).
    people, sign
        People of all rows, one after the other, and +1 or -1.
    price
        What one more than the bound costs, in 1/scale pennies; shape (rows,).
    """

    kind: Integers
    tie: Integers
    place: Integers
    bound: Integers
    first: Integers
    people: Integers
    sign: Integers
    price: Integers

    @classmethod
    def none(cls) -> SideRows:
        """Make no rows."""
        empty = np.empty(0, dtype=np.int64)
        return cls(
            kind=empty,
            tie=empty,
            place=empty,
            bound=empty,
            first=np.zeros(1, dtype=np.int64),
            people=empty,
            sign=empty,
            price=empty,
        )

    def __len__(self) -> int:
        """Count the rows."""
        return len(self.kind)

    def row_of_entry(self) -> Integers:
        """Give the row of each entry of ``people``."""
        return np.repeat(np.arange(len(self)), np.diff(self.first))

    def priced(self, price: Integers) -> SideRows:
        """Give the rows these prices."""
        return replace(self, price=price)

    def of_people(self, rows: Integers) -> SideRows:
        """Name people by other numbers: ``rows`` gives the new number of each."""
        return replace(self, people=rows[self.people])

    def only(self, chosen: Integers) -> SideRows:
        """Keep some of the rows."""
        size = np.diff(self.first)[chosen]
        entry = np.repeat(self.first[chosen], size) + (
            np.arange(size.sum()) - np.repeat(np.cumsum(size) - size, size)
        )
        return SideRows(
            kind=self.kind[chosen],
            tie=self.tie[chosen],
            place=self.place[chosen],
            bound=self.bound[chosen],
            first=np.concatenate([[0], np.cumsum(size)]).astype(np.int64),
            people=self.people[entry],
            sign=self.sign[entry],
            price=self.price[chosen],
        )


ROW_ARRAYS = ("kind", "tie", "place", "bound", "first", "people", "sign", "price")


def units_by_establishment(problem: AllocationProblem) -> tuple[Integers, Integers]:
    """List the units of each establishment one after the other, and where each begins.

    The number of units stands for having no place, the number of establishments for nowhere.
    """
    place = np.append(problem.unit_establishment, len(problem.establishments))
    order = np.argsort(place, kind="stable").astype(np.int64)
    begin = np.searchsorted(place[order], np.arange(len(problem.establishments) + 2))
    return order, begin.astype(np.int64)


def pairs_of_rows(
    problem: AllocationProblem, rows: SideRows
) -> tuple[Integers, Integers, Integers, Integers]:
    """Say which pairs of a person and a unit each row counts.

    Returns
    -------
    tuple
        Row, person, unit (the number of units for having no place) and sign, by entry.
    """
    order, begin = units_by_establishment(problem)
    row = rows.row_of_entry()
    wing = rows.kind[row] == RowKind.APART_WING
    place = rows.place[row]
    at = np.where(wing, 0, place)
    size = np.where(wing, 1, begin[at + 1] - begin[at])
    entry = np.repeat(np.arange(len(row)), size)
    within = np.arange(len(entry)) - np.repeat(np.cumsum(size) - size, size)
    unit = np.where(wing[entry], place[entry], order[(begin[at][entry] + within) % len(order)])
    return row[entry], rows.people[entry], unit, rows.sign[entry]


def price_of_pairs(
    problem: AllocationProblem, rows: SideRows
) -> tuple[Integers, NDArray[np.int64]]:
    """Add the prices of side rows up by pair.

    Returns
    -------
    tuple
        Pair as person x (units + 1) + unit, sorted, and what its rows add in 1/scale pennies.
    """
    row, person, unit, sign = pairs_of_rows(problem, rows)
    counts = rows.price[row] != 0
    key = person[counts] * (len(problem.units) + 1) + unit[counts]
    keys, where = np.unique(key, return_inverse=True)
    amount = np.zeros(len(keys), dtype=np.int64)
    np.add.at(amount, where, (rows.price[row] * sign)[counts])
    return keys, amount


def with_row_prices(problem: AllocationProblem, rows: SideRows) -> AllocationProblem:
    """Add the prices of side rows to the cost of the pairs they count.

    What a pair cannot cost is cut off, so that prices of the result are a start and not a proof.

    Parameters
    ----------
    problem
        The problem whose ties the rows follow from.
    rows
        With prices in whole pennies.
    """
    if not len(rows):
        return problem
    units = len(problem.units)
    keys, amount = price_of_pairs(problem, rows)
    person, unit = np.divmod(keys, units + 1)
    held = unit < units
    cost, unplaced = problem.cost_pennies.copy(), problem.unplaced_pennies.copy()
    at = person[held], unit[held]
    raised = np.clip(cost[at] + amount[held], 0, LARGEST_COST)
    cost[at] = np.where(cost[at] == INELIGIBLE, INELIGIBLE, raised)
    alone = person[~held]
    unplaced[alone] = np.clip(unplaced[alone] + amount[~held], 0, LARGEST_COST)
    return replace(problem, cost_pennies=cost, unplaced_pennies=unplaced)

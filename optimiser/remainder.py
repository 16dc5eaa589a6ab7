"""What multipliers leave open: the few pairs a better plan could use, as a programme in integers.

Under any multipliers the value of a plan is their bound plus terms that are never below zero: what
its pairs are above their people's cheapest, and the price of every place, limit and side row that
it does not use up. A plan that is better than a given value can spend no more on all of these than
lies between bound and value, so that most pairs of a person and a unit are out of the question.
The rest is written down here without any solver and without the tables of the search by columns.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from optimiser.certify import reduced_costs
from optimiser.duals import Prices
from optimiser.problem import AllocationProblem, Integers, pairs_counted, wing_applies
from optimiser.side import RowKind, pairs_of_rows

SETTLED, ALIKE = -1, -2
"""Pairs without a column: of people with one choice, and of people others stand for."""

SURE = -1
"""Stands for all pairs of somebody who is in one establishment whatever they choose."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WholeModel:
    """Find whole numbers with ``row_low`` <= matrix x <= ``row_high``.

    Attributes
    ----------
    high
        Most of each column; the least is 0.
    row, column, value
        The matrix by entry.
    row_low, row_high
        By row.
    """

    high: Integers
    row: Integers
    column: Integers
    value: Integers
    row_low: Integers
    row_high: Integers


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Remainder:
    """Whether a plan of less than ``value`` pennies exists, as a question about few pairs.

    Attributes
    ----------
    value
        Pennies that a plan must stay below.
    keys
        Pairs that such a plan can use, as person x (units + 1) + unit, the last standing for no
        place; sorted.
    open_pairs
        How many of them are of people with a choice.
    model
        Has an answer exactly where such a plan exists; ``None`` where the multipliers rule it out.
    """

    value: int
    keys: Integers
    open_pairs: int
    model: WholeModel | None


def remainder(
    problem: AllocationProblem, prices: Prices, value: int, *, most_open: int
) -> Remainder | None:
    """Write down what is left to decide between multipliers and a value.

    Parameters
    ----------
    problem
        What was decided.
    prices
        Multipliers, with side rows that follow from the ties.
    value
        Of the plan in hand, in pennies: only plans of less are asked for.
    most_open
        Pairs of people with a choice up to which the programme is written.

    Returns
    -------
    Remainder or None
        Nothing where more pairs than that are open.
    """
    keys, reduced, left = reduced_costs(problem, prices, value)
    if left < 0:
        return Remainder(value=value, keys=keys, open_pairs=0, model=None)
    person = keys // (len(problem.units) + 1)
    choices = np.bincount(person, minlength=len(problem.prisoners))
    is_open = choices[person] > 1
    if is_open.sum() > most_open:
        return None
    writer = _Writer(problem, prices, keys, left)
    writer.add_people(is_open, reduced)
    writer.add_places()
    writer.add_limits()
    writer.add_priced_rows()
    writer.add_apart()
    writer.add_groups()
    writer.add_together()
    return Remainder(value=value, keys=keys, open_pairs=int(is_open.sum()), model=writer.finished())


class _Writer:
    """Writes rows over the pairs left, those of people without a choice being settled.

    People who have the same choices at the same cost, counted by the same limits, are one column
    for each choice, unless a tie could be broken by their choice.
    """

    def __init__(
        self,
        problem: AllocationProblem,
        prices: Prices,
        keys: Integers,
        left: int,
    ) -> None:
        self.problem, self.prices, self.keys, self.left = problem, prices, keys, left
        self.wide = len(problem.units) + 1
        self.person, self.unit = np.divmod(keys, self.wide)
        self.nowhere = len(problem.establishments)
        self.place = np.append(problem.unit_establishment, self.nowhere)[self.unit]
        self.column_of = np.full(len(keys), SETTLED, dtype=np.int64)
        self.high: list[int] = []
        self.spent: list[tuple[int, int]] = []
        self.entries: list[tuple[int, int, int]] = []
        self.bounds: list[tuple[int, int]] = []
        tied = np.zeros(len(problem.prisoners), dtype=np.bool_)
        ties = problem.ties
        groups = (group.people for group in ties.groups)
        for people in (ties.apart, ties.together, *groups):
            tied[people.ravel()] = True
        first = np.flatnonzero(np.diff(self.person, prepend=-1))
        moves_about = np.zeros(len(tied), dtype=np.bool_)
        elsewhere = self.place != np.repeat(
            self.place[first], np.diff(np.append(first, len(self.place)))
        )
        moves_about[self.person[elsewhere]] = True
        self.torn = tied & moves_about
        self.torn[ties.apart_wing.ravel()] = True
        self.certain = ~moves_about[self.person]
        self.certain_first = np.zeros(len(keys), dtype=np.bool_)
        self.certain_first[first] = self.certain[first]
        self.at: dict[tuple[int, int], list[int]] = {}
        self.places: dict[int, set[int]] = {}
        for pair in np.flatnonzero(tied[self.person] & ~(self.certain & ~self.certain_first)):
            one, place = int(self.person[pair]), int(self.place[pair])
            number = SURE if self.certain[pair] else int(pair)
            self.at.setdefault((one, place), []).append(number)
            self.places.setdefault(one, set()).add(place)

    def column(self, price: int, most: int) -> int:
        """Add a column that costs so much for each; no more of it than can be paid."""
        self.high.append(most if price == 0 else min(most, self.left // price))
        number = len(self.high) - 1
        if price:
            self.spent.append((number, price))
        return number

    def row(
        self,
        pairs: Iterable[tuple[int, int]],
        low: int,
        high: int,
        more: Iterable[tuple[int, int]] = (),
    ) -> None:
        """Bound a signed sum of pairs and of further columns."""
        settled = 0
        number = len(self.bounds)
        for pair, sign in pairs:
            column = SETTLED if pair == SURE else int(self.column_of[pair])
            if column == SETTLED:
                settled += sign
            elif column != ALIKE:
                self.entries.append((number, column, sign))
        self.entries += [(number, column, value) for column, value in more]
        self.bounds.append((low - settled, high - settled))

    def at_most(self, pairs: list[tuple[int, int]], bound: int, price: int) -> None:
        """Let a sum be at most a bound; what is not used up costs the price."""
        slack = self.column(price, bound)
        self.row(pairs, bound, bound, [(slack, 1)])

    def add_people(self, is_open: NDArray[np.bool_], reduced: Integers) -> None:
        """Give everybody with a choice one pair, each at what it is above the cheapest."""
        pairs = np.flatnonzero(is_open)
        self.column_of[pairs] = ALIKE
        counted = self._counted(pairs)
        alike: dict[tuple[bytes, ...], list[int]] = {}
        first = np.flatnonzero(np.diff(self.person[pairs], prepend=-1)).tolist()
        for begin, end in pairwise([*first, len(pairs)]):
            some = pairs[begin:end]
            one = int(self.person[some[0]])
            about = (self.unit[some], reduced[some], counted[begin:end])
            mark = (one,) if self.torn[one] else ()
            key = (*(part.tobytes() for part in about), str(mark).encode())
            alike.setdefault(key, [begin, end, 0])[2] += 1
        for begin, end, members in alike.values():
            some = pairs[begin:end]
            for pair, cost in zip(some.tolist(), reduced[some].tolist(), strict=True):
                self.column_of[pair] = self.column(cost, members)
            self.row(plus(some), members, members)

    def _counted(self, pairs: Integers) -> NDArray[np.bool_]:
        """Say which limits count which pairs; shape (pairs, limits)."""
        problem, unit = self.problem, self.unit[pairs]
        inside = unit < len(problem.units)
        safe = np.where(inside, unit, 0)
        counted = np.zeros((len(pairs), len(problem.limits)), dtype=np.bool_)
        for number, limit in enumerate(problem.limits):
            counted[:, number] = inside & pairs_counted(problem, limit, self.person[pairs], safe)
        return counted

    def add_places(self) -> None:
        """Fill each unit block by block, and no estate above its limit."""
        problem, prices = self.problem, self.prices
        estate = prices.estate[problem.unit_sex[problem.segment_unit]]
        rent = prices.unit[problem.segment_unit] - estate - problem.segment_pennies * prices.scale
        for unit in range(len(problem.units)):
            fixed, blocks = 0, []
            for block in np.flatnonzero(problem.segment_unit == unit).tolist():
                places, worth = int(problem.segment_places[block]), int(rent[block])
                if worth > 0:
                    fixed += places
                    blocks.append((self.column(worth, places), 1))
                else:
                    blocks.append((self.column(-worth, places), -1))
            self.row(plus(np.flatnonzero(self.unit == unit)), fixed, fixed, blocks)
        sex_of = np.append(problem.unit_sex, -1)[self.unit]
        for sex, most in enumerate(problem.held_limit.tolist()):
            self.at_most(plus(np.flatnonzero(sex_of == sex)), most, int(prices.estate[sex]))

    def add_limits(self) -> None:
        """Count the pairs of every limit; what a minimum is short of is priced."""
        problem, scale = self.problem, self.prices.scale
        inside = np.flatnonzero(self.unit < len(problem.units))
        for limit, price in zip(problem.limits, self.prices.limit.tolist(), strict=True):
            counted = pairs_counted(problem, limit, self.person[inside], self.unit[inside])
            pairs = plus(inside[counted])
            if limit.at_least:
                over = self.column(price, len(pairs))
                short = self.column(limit.short_pennies * scale - price, limit.bound)
                self.row(pairs, limit.bound, limit.bound, [(over, -1), (short, 1)])
            else:
                self.at_most(pairs, limit.bound, price)

    def add_priced_rows(self) -> None:
        """Write the side rows with a price; those of pairs together are written with the pairs."""
        rows = self.prices.rows
        row, person, unit, sign = pairs_of_rows(self.problem, rows)
        key = person * self.wide + unit
        where = np.minimum(np.searchsorted(self.keys, key), max(0, len(self.keys) - 1))
        known = self.keys[where] == key
        members: list[list[tuple[int, int]]] = [[] for _ in range(len(rows))]
        sure = self.certain[where] & (rows.kind[row] != RowKind.APART_WING)
        counts = known & (~sure | self.certain_first[where])
        pairs = np.where(sure, SURE, where)
        for number, pair, one in zip(
            row[counts].tolist(), pairs[counts].tolist(), sign[counts].tolist(), strict=True
        ):
            members[number].append((pair, one))
        for number, counted in enumerate(members):
            if rows.kind[number] != RowKind.TOGETHER:
                self.at_most(counted, int(rows.bound[number]), int(rows.price[number]))

    def add_apart(self) -> None:
        """Keep pairs out of one establishment, or out of one unit where there are several."""
        ties = self.problem.ties
        for a, b in ties.apart.tolist():
            for place in sorted(self.places[a] & self.places[b] - {self.nowhere}):
                self.row(plus(self.at[a, place] + self.at[b, place]), 0, 1)
        begin = np.searchsorted(self.person, np.arange(len(self.problem.prisoners) + 1)).tolist()
        for a, b in ties.apart_wing.tolist():
            mine = {int(self.unit[pair]): pair for pair in range(begin[a], begin[a + 1])}
            for other in range(begin[b], begin[b + 1]):
                unit = int(self.unit[other])
                if unit in mine and unit < self.wide - 1 and self._wing(a, b, unit):
                    self.row(plus([mine[unit], other]), 0, 1)

    def _wing(self, a: int, b: int, unit: int) -> bool:
        pair = np.array([[a, b]], dtype=np.int64)
        return bool(wing_applies(self.problem, pair, np.array([unit]))[0])

    def add_groups(self) -> None:
        """Let no more of a group be in one establishment than may be."""
        for group in self.problem.ties.groups:
            people = group.people.tolist()
            everywhere = set().union(*(self.places[person] for person in people))
            for place in sorted(everywhere - {self.nowhere}):
                here = [pair for person in people for pair in self.at.get((person, place), [])]
                if len(here) > group.at_most:
                    self.row(plus(here), 0, group.at_most)

    def add_together(self) -> None:
        """Charge for parting pairs: the first is in a place where the second is not."""
        ties, rows, scale = self.problem.ties, self.prices.rows, self.prices.scale
        priced = {
            (int(rows.tie[row]), int(rows.place[row])): int(rows.price[row])
            for row in np.flatnonzero(rows.kind == RowKind.TOGETHER).tolist()
        }
        for number, ((a, b), pennies) in enumerate(
            zip(ties.together.tolist(), ties.together_pennies.tolist(), strict=True)
        ):
            for place in sorted(self.places[a] | self.places[b]):
                price = priced.get((number, place), 0)
                parted = self.column(pennies * scale - price, 1)
                slack = self.column(price, 2)
                first = plus(self.at.get((a, place), []))
                second = [(pair, -1) for pair in self.at.get((b, place), [])]
                self.row(first + second, 0, 0, [(slack, 1), (parted, -1)])

    def finished(self) -> WholeModel:
        """Add what may be spent in all, and hand the programme over."""
        self.row((), 0, self.left, self.spent)
        entries = np.array(self.entries, dtype=np.int64).reshape(-1, 3)
        bounds = np.array(self.bounds, dtype=np.int64).reshape(-1, 2)
        return WholeModel(
            high=np.array(self.high, dtype=np.int64),
            row=entries[:, 0],
            column=entries[:, 1],
            value=entries[:, 2],
            row_low=bounds[:, 0],
            row_high=bounds[:, 1],
        )


def plus(pairs: Iterable[int] | Integers) -> list[tuple[int, int]]:
    """Count each of some pairs once."""
    return [(int(pair), 1) for pair in pairs]

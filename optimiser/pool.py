"""Prices tried on every pair of a person and a unit, and the few pairs worth keeping.

The unit after the last stands everywhere for having no place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from optimiser.ceilings import Ceiling
from optimiser.measure import Measure, usual
from optimiser.problem import (
    INELIGIBLE,
    LARGEST_COST,
    UNPLACED,
    AllocationProblem,
    Floats,
    Integers,
    pairs_counted,
)
from optimiser.separation import RowStore, look_up, summed
from optimiser.side import pairs_of_rows, units_by_establishment

ROWS = 2048
"""People looked at together."""


MOST_FEASIBLE = 2e-6
"""Share of a ceiling that is kept free, since solvers keep rows to a millionth of their size."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Beside:
    """What is asked beside a problem: measures at fixed prices, and ceilings on measures.

    ``priced`` holds pennies for each one of a measure; ``scale`` says how many times dearer than
    those of the problem alone prices of limits will be.
    """

    priced: Sequence[tuple[float, Measure]] = ()
    ceilings: Sequence[Ceiling] = ()
    scale: float = 1.0

    def __bool__(self) -> bool:
        """Say whether anything is asked beside."""
        return bool(self.priced or self.ceilings)

    @property
    def is_plain(self) -> bool:
        """Say whether the sum stays a plain one: what it is above its bound rules pairs out."""
        return not self.ceilings and self.scale == 1


NOTHING = Beside()
"""Nothing is asked beside the problem."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Duals:
    """Prices in pennies and fractions of them, while they are being looked for.

    ``unit`` (units,), ``estate`` (sexes,), ``limit`` (limits, then ceilings, each by its size),
    ``row`` (side rows,): float64.
    """

    unit: Floats
    estate: Floats
    limit: Floats
    row: Floats

    def with_rows(self, rows: int) -> Duals:
        """Give rows that came since no price."""
        return replace(self, row=np.concatenate([self.row, np.zeros(rows - len(self.row))]))

    def towards(self, other: Duals, share: float) -> Duals:
        """Go a share of the way to other prices; rows that came since are free."""
        row = self.with_rows(len(other.row)).row
        return Duals(
            unit=self.unit + share * (other.unit - self.unit),
            estate=self.estate + share * (other.estate - self.estate),
            limit=self.limit + share * (other.limit - self.limit),
            row=row + share * (other.row - row),
        )


def dearest(problem: AllocationProblem, beside: Beside) -> float:
    """Give pennies that no price of a best plan need exceed.

    Whatever one more place or one more of a limit is worth, leaving one person without a place
    gives it up again: at the price of that, of every minimum and of parting whoever they are with.
    """
    unplaced, segment = costs_beside(problem, beside)
    short = sum(each.short_pennies for each in problem.limits if each.at_least)
    parting = np.bincount(
        problem.ties.together.ravel(), weights=np.repeat(problem.ties.together_pennies, 2)
    ).max(initial=0.0)
    crowding = segment.max(initial=0.0)
    return float(unplaced.max(initial=0.0) + crowding + short + parting + 1)


def costs_beside(problem: AllocationProblem, beside: Beside) -> tuple[Floats, Floats]:
    """Give the cost of having no place by person, and of crowding by block, in pennies."""
    unplaced = problem.unplaced_pennies.astype(np.float64)
    segment = problem.segment_pennies.astype(np.float64)
    for price, measure in beside.priced:
        unplaced += price * measure.unplaced
        segment += price * measure.segment
    return unplaced, segment


def size_of(problem: AllocationProblem, ceiling: Ceiling) -> float:
    """Give the size by which a ceiling is counted: a power of two near what one place adds."""
    return float(2 ** max(0, usual(problem, ceiling.measure).bit_length() - 1))


class Pricer:
    """Costs of pairs under any prices. The unit after the last stands for having no place."""

    def __init__(self, problem: AllocationProblem, beside: Beside = NOTHING) -> None:
        self.problem = problem
        self.beside = beside
        self.unplaced, self.segment = costs_beside(problem, beside)
        self.size = [size_of(problem, each) for each in beside.ceilings]
        self.people = len(problem.prisoners)
        self.units = len(problem.units)
        self.wide = self.units + 1
        self.place = np.append(problem.unit_establishment, len(problem.establishments))
        self.sign = np.array(
            [-1.0 if each.at_least else 1.0 for each in problem.limits] + [1.0] * len(self.size)
        )
        self.bound = np.array(
            [float(each.bound) for each in problem.limits]
            + [
                (each.at_most + 0.5 - MOST_FEASIBLE * (each.at_most + 1)) / size
                for each, size in zip(beside.ceilings, self.size, strict=True)
            ]
        )
        self.plain = [
            number
            for number, each in enumerate(problem.limits)
            if each.people is None and each.units is None and each.flag is not None
        ]
        self.special = [
            number for number in range(len(problem.limits)) if number not in set(self.plain)
        ]
        self.segment_sex = problem.unit_sex[problem.segment_unit]
        self.never = 2.0 * dearest(problem, beside)
        self.highest = max(LARGEST_COST, self.never) if beside else float(LARGEST_COST)
        of_segments = [
            each.measure.segment / size
            for each, size in zip(beside.ceilings, self.size, strict=True)
        ]
        self.most = np.array(
            [1.0] * len(problem.limits)
            + [
                max(
                    int(each.measure.values.max(initial=0)),
                    int(each.measure.unplaced.max(initial=0)),
                )
                / size
                for each, size in zip(beside.ceilings, self.size, strict=True)
            ]
        )
        self.segment_amounts = np.array(of_segments).reshape(-1, len(problem.segment_unit))

    def block(self, people: Integers | slice, duals: Duals) -> Floats:
        """Price every unit, and no place, for some people, side rows left out; (people, wide)."""
        problem = self.problem
        cost = problem.cost_pennies[people]
        priced = np.empty((len(cost), self.wide))
        priced[:, :-1] = cost
        priced[:, :-1] += duals.unit
        priced[:, -1] = problem.unplaced_pennies[people]
        theta = self.sign * duals.limit
        for price, measure in self.measures_at(duals):
            own = measure.values[measure.group_of[people]]
            priced[:, :-1] += own.take(measure.column_of, axis=1) * np.float64(price)
            priced[:, -1] += price * measure.unplaced[people]
        if theta[self.plain].any():
            table = np.zeros(256)
            for number in self.plain:
                flag = int(problem.limits[number].flag or 0)
                table[(np.arange(256) & flag) != 0] += theta[number]
            extra = table[problem.pair_flags[people]]
            priced[:, :-1] += np.take(extra, problem.unit_establishment, axis=1)
        for number in self.special:
            if theta[number]:
                self._add_special(number, theta[number], people, priced)
        priced[:, :-1][cost == INELIGIBLE] = np.inf
        return priced

    def measures_at(self, duals: Duals) -> list[tuple[float, Measure]]:
        """List the measures that cost something, each with its price."""
        theta = duals.limit[len(self.problem.limits) :]
        ceilings = zip(theta.tolist(), self.size, self.beside.ceilings, strict=True)
        held = [(price / size, each.measure) for price, size, each in ceilings]
        return [(price, each) for price, each in [*self.beside.priced, *held] if price]

    def segment_cost(self, duals: Duals) -> Floats:
        """Give the cost of crowding by block, that of ceilings with it."""
        cost: Floats = self.segment + duals.limit[len(self.problem.limits) :] @ self.segment_amounts
        return cost

    def _add_special(
        self, number: int, theta: float, people: Integers | slice, priced: Floats
    ) -> None:
        limit = self.problem.limits[number]
        units = np.arange(self.units) if limit.units is None else np.flatnonzero(limit.units)
        chosen = np.ones(len(priced), dtype=np.bool_)
        if limit.people is not None:
            chosen &= limit.people[people]
        rows = np.flatnonzero(chosen)
        if not len(rows) or not len(units):
            return
        amount = np.full((len(rows), len(units)), theta)
        if limit.flag is not None:
            flags = self.problem.pair_flags[people][rows]
            amount *= (flags[:, self.problem.unit_establishment[units]] & int(limit.flag)) != 0
        priced[np.ix_(rows, units)] += amount

    def pair_cost(self, keys: Integers) -> Floats:
        """Give the own cost of pairs, in pennies."""
        person, unit = np.divmod(keys, self.wide)
        out = unit == self.units
        cost = self.problem.cost_pennies[person, np.where(out, 0, unit)].astype(np.float64)
        cost = np.where(out, self.problem.unplaced_pennies[person], cost)
        for price, measure in self.beside.priced:
            cost += price * self._of_pairs(measure, person, unit)
        return cost

    def pair_amounts(self, keys: Integers) -> Floats:
        """Give what pairs have of each ceiling's measure, by its size; shape (pairs, ceilings)."""
        person, unit = np.divmod(keys, self.wide)
        amounts = np.empty((len(keys), len(self.size)))
        for number, each in enumerate(self.beside.ceilings):
            amounts[:, number] = self._of_pairs(each.measure, person, unit) / self.size[number]
        return amounts

    def _of_pairs(self, measure: Measure, person: Integers, unit: Integers) -> Integers:
        return measure.of_pairs(person, np.where(unit == self.units, UNPLACED, unit))

    def pair_counts(self, keys: Integers) -> NDArray[np.bool_]:
        """Say which limits count which pairs; shape (pairs, limits)."""
        person, unit = np.divmod(keys, self.wide)
        out = unit == self.units
        safe = np.where(out, 0, unit)
        counts = np.empty((len(keys), len(self.problem.limits)), dtype=np.bool_)
        for number, limit in enumerate(self.problem.limits):
            counts[:, number] = pairs_counted(self.problem, limit, person, safe) & ~out
        return counts

    def rent(self, duals: Duals) -> float:
        """Give what places, estates and limits take off the sum over people."""
        problem = self.problem
        profit = (
            duals.unit[problem.segment_unit]
            - duals.estate[self.segment_sex]
            - self.segment_cost(duals)
        )
        return float(
            np.maximum(profit, 0) @ problem.segment_places
            + duals.estate @ problem.held_limit
            + (self.sign * duals.limit) @ self.bound
        )


class Pool:
    """Pairs worth looking at, and what prices say of all others.

    Every pair outside the pool is at least ``width`` above its person's cheapest at the ``centre``,
    so that under other prices most people need not be looked at again.
    """

    def __init__(self, pricer: Pricer, centre: Duals, store: RowStore, width: float) -> None:
        self.pricer = pricer
        self.store = store
        self.width = width
        self.keys = np.empty(0, dtype=np.int64)
        self.cost = np.empty(0)
        self.counts = np.empty((0, len(pricer.problem.limits)), dtype=np.bool_)
        self.amounts = np.empty((0, len(pricer.size)))
        self.passes = 0
        self.rows_changed()
        self.recentre(centre)

    def rows_changed(self) -> None:
        """Read the side rows again."""
        row, person, unit, sign = pairs_of_rows(self.pricer.problem, self.store.rows)
        key = person * self.pricer.wide + unit
        order = np.argsort(key, kind="stable")
        self.row_key, self.row_of, self.row_sign = key[order], row[order], sign[order]

    def recentre(self, duals: Duals) -> Floats:
        """Price every pair; give each person's cheapest."""
        self.passes += 1
        pricer = self.pricer
        least = np.empty(pricer.people)
        found = []
        for first in range(0, pricer.people, ROWS):
            rows = slice(first, min(first + ROWS, pricer.people))
            priced = pricer.block(rows, duals)
            self._add_rows(priced, np.arange(rows.start, rows.stop), duals)
            cheapest = priced.min(axis=1)
            least[rows] = cheapest
            near = np.flatnonzero((priced <= cheapest[:, None] + self.width) & np.isfinite(priced))
            found.append(near + first * pricer.wide)
        self.centre = duals
        self.centre_least = least
        self.insert(np.concatenate(found))
        return least

    def _add_rows(self, priced: Floats, people: Integers, duals: Duals) -> None:
        """Add the prices of side rows to some people's pairs, in place."""
        if not len(self.row_key):
            return
        wide = self.pricer.wide
        if people[-1] - people[0] + 1 == len(people):
            begin, end = np.searchsorted(self.row_key, [people[0] * wide, (people[-1] + 1) * wide])
            entry = np.arange(begin, end)
            position = self.row_key[entry] // wide - people[0]
        else:
            begin = np.searchsorted(self.row_key, people * wide)
            size = np.searchsorted(self.row_key, (people + 1) * wide) - begin
            position = np.repeat(np.arange(len(people)), size)
            entry = begin[position] + (
                np.arange(len(position)) - np.repeat(np.cumsum(size) - size, size)
            )
        amount = duals.row[self.row_of[entry]] * self.row_sign[entry]
        np.add.at(priced, (position, self.row_key[entry] % wide), amount)

    def insert(self, keys: Integers) -> int:
        """Add pairs; give how many are new."""
        keys = np.sort(keys)
        keys = keys[np.diff(keys, prepend=-1) > 0]
        if len(self.keys):
            where = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
            keys = keys[self.keys[where] != keys]
        fresh = keys
        if not len(fresh):
            return 0
        both = np.concatenate([self.keys, fresh])
        order = np.argsort(both, kind="stable")
        self.keys = both[order]
        self.cost = np.concatenate([self.cost, self.pricer.pair_cost(fresh)])[order]
        self.counts = np.concatenate([self.counts, self.pricer.pair_counts(fresh)])[order]
        self.amounts = np.concatenate([self.amounts, self.pricer.pair_amounts(fresh)])[order]
        self.person, self.unit = np.divmod(self.keys, self.pricer.wide)
        self.begin = np.searchsorted(self.person, np.arange(self.pricer.people + 1))
        return len(fresh)

    def values(self, duals: Duals) -> Floats:
        """Price the pairs of the pool."""
        limits = len(self.pricer.problem.limits)
        theta = self.pricer.sign * duals.limit
        priced = self.cost + self.counts @ theta[:limits]
        if self.pricer.size:
            priced += self.amounts @ theta[limits:]
        priced += np.append(duals.unit, 0.0)[self.unit]
        if len(self.row_key):
            amount = duals.row[self.row_of] * self.row_sign
            keys, total = summed(self.row_key, amount)
            priced += look_up(keys, total, self.keys)
        return priced

    def above(self, duals: Duals) -> Floats:
        """Say how far the pairs of the pool are above their person's cheapest."""
        priced = self.values(duals)
        above: Floats = priced - np.minimum.reduceat(priced, self.begin[:-1])[self.person]
        return above

    def price(self, duals: Duals, width: float) -> tuple[float, int, Floats]:
        """Give the bound of prices over every pair, and add the pairs near the cheapest.

        Returns
        -------
        tuple
            Bound; pairs cheaper than any of the pool; each person's cheapest.
        """
        priced = self.values(duals)
        least = np.minimum.reduceat(priced, self.begin[:-1])
        drop = self._largest_drop(duals)
        doubtful = least + width > self.centre_least + self.width - drop
        changed = self._rows_differ(duals)[self.store.rows.row_of_entry()]
        doubtful[self.store.rows.people[changed]] = True
        people = np.flatnonzero(doubtful)
        if len(people) > self.pricer.people // 4:
            before = least
            least = self.recentre(duals)
            return self.bound(least, duals), int((least < before - 1e-6).sum()), least
        found, better = [], 0
        for first in range(0, len(people), ROWS):
            some = people[first : first + ROWS]
            block = self.pricer.block(some, duals)
            self._add_rows(block, some, duals)
            cheapest = block.min(axis=1)
            better += int((cheapest < least[some] - 1e-6).sum())
            least[some] = cheapest
            row, unit = np.nonzero((block <= cheapest[:, None] + width) & np.isfinite(block))
            found.append(some[row] * self.pricer.wide + unit)
        if found:
            self.insert(np.concatenate(found))
        return self.bound(least, duals), better, least

    def _largest_drop(self, duals: Duals) -> float:
        unit = float(np.max(self.centre.unit - duals.unit, initial=0.0))
        signed = self.pricer.sign * (self.centre.limit - duals.limit) * self.pricer.most
        return max(unit, 0.0) + float(np.maximum(signed, 0).sum())

    def _rows_differ(self, duals: Duals) -> NDArray[np.bool_]:
        changed: NDArray[np.bool_] = self.centre.with_rows(len(duals.row)).row != duals.row
        return changed

    def bound(self, least: Floats, duals: Duals) -> float:
        """Give the value no plan can be below, from each person's cheapest."""
        rent = self.pricer.rent(duals) + float(duals.row @ self.store.rows.bound)
        return float(least.sum()) - rent

    def show_alternatives(self, people: Integers, duals: Duals, places: int) -> None:
        """Add each person's cheapest unit in the cheapest few establishments, and no place."""
        wide = self.pricer.wide
        order, begin = units_by_establishment(self.pricer.problem)
        filled = np.flatnonzero(np.diff(begin))
        place = np.searchsorted(filled, self.pricer.place)
        found = [people * wide + wide - 1]
        for first in range(0, len(people), ROWS):
            some = people[first : first + ROWS]
            block = self.pricer.block(some, duals)
            by_place = np.minimum.reduceat(block[:, order], begin[filled], axis=1)
            rank = min(places, by_place.shape[1] - 1)
            most = np.partition(by_place, rank, axis=1)[:, rank]
            near = (block <= most[:, None]) & (block == by_place[:, place]) & np.isfinite(block)
            row, unit = np.nonzero(near)
            found.append(some[row] * wide + unit)
        self.insert(np.concatenate(found))

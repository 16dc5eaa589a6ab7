"""The pairs in doubt as a programme, in terms of what they are above given prices."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optimiser.linear import LinearModel
from optimiser.pool import Duals, Pool
from optimiser.problem import AllocationProblem, Floats, Integers
from optimiser.side import RowKind


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Model:
    """A programme over some pairs of the pool, in terms of what they are above given prices.

    People alike in all pairs, who are in no side row, are one class with so many members.

    Attributes
    ----------
    linear, constant
        The programme, and what its cost is counted from.
    arcs, arc_class
        Pairs of the pool that are columns, and whose class they are of.
    class_of, leader
        Class of each person, or -1, and who stands for it.
    fixed_keys
        Pairs of people with no choice.
    base
        Prices that costs are given above.
    breaking
        Columns by which units, estates and limits are broken.
    sign, highest
        Of each limit and ceiling, -1 where it is a minimum; and what no price need exceed.
    """

    linear: LinearModel
    constant: float
    arcs: Integers
    class_of: Integers
    leader: Integers
    fixed_keys: Integers
    arc_class: Integers
    base: Duals
    breaking: Integers
    sign: Floats
    highest: float

    def kept(self) -> LinearModel:
        """Give the programme in which no row can be broken; it may have no answer."""
        high, cost = self.linear.high.copy(), self.linear.cost.copy()
        high[self.breaking] = cost[self.breaking] = 0.0
        return replace(self.linear, high=high, cost=cost)

    def duals(self, price: Floats, problem: AllocationProblem) -> Duals:
        """Turn the prices of the rows into prices of the problem."""
        classes, units, sexes = len(self.leader), len(problem.units), len(problem.sexes)
        parts = np.split(price, np.cumsum([classes, units, sexes, len(self.sign)]))
        unit = np.clip(self.base.unit - parts[1], 0, self.highest)
        return Duals(
            unit=np.where(problem.capacity > 0, unit, self.base.unit),
            estate=np.clip(self.base.estate - parts[2], 0, self.highest),
            limit=np.clip(self.base.limit - self.sign * parts[3], 0, self.highest),
            row=np.clip(self.base.row - parts[4], 0, self.highest),
        )


def build_model(
    pool: Pool,
    base: Duals,
    *,
    width: float,
    alone: NDArray[np.bool_],
    wide: NDArray[np.bool_] | None = None,
    reach: float = np.inf,
) -> Model:
    """Put the pairs of the pool within a width of each person's cheapest into a programme.

    Parameters
    ----------
    pool
        Pairs.
    base
        Prices that costs are given above.
    width
        Most pennies above the cheapest.
    alone
        People who must be told apart from others; shape (prisoners,).
    wide
        People whose pairs all enter; shape (prisoners,).
    reach
        Most pennies by which a limit's price may rise above its base.

    Returns
    -------
    Model
        With an answer always: what breaks a row is priced.
    """
    pricer, rows = pool.pricer, pool.store.rows
    problem, never = pricer.problem, pricer.never
    priced = pool.values(base)
    least = np.minimum.reduceat(priced, pool.begin[:-1])
    above = priced - least[pool.person]
    near = above <= width
    if wide is not None:
        near |= wide[pool.person]
    used = np.flatnonzero(near)
    single = np.bincount(pool.person[used], minlength=pricer.people)[pool.person[used]] == 1
    fixed, open_pairs = used[single], used[~single]
    class_of, leader = _classes(pool, open_pairs, alone)
    person = pool.person[open_pairs]
    arcs = open_pairs[leader[class_of[person]] == person]
    arc_class = class_of[pool.person[arcs]]
    members = np.bincount(class_of[class_of >= 0], minlength=len(leader))

    first = open_pairs[np.flatnonzero(np.diff(person, prepend=-1))]
    settled, in_model = _side_entries(pool, arcs, fixed, first[~alone[pool.person[first]]])
    units, sexes, limits = len(problem.units), len(problem.sexes), len(pricer.bound)
    grid = _Grid(
        rows=(len(leader), units, sexes, limits, len(rows)),
        columns=(
            *(len(arcs), len(problem.segment_unit), sexes, limits, len(rows)),
            *(units, sexes, limits, len(rows)),
        ),
    )
    inside = pool.unit[arcs] < units
    arc_limit, limit_of = np.nonzero(pool.counts[arcs])
    arc_ceiling, ceiling_of = np.nonzero(pool.amounts[arcs])
    ceiling_at, block_at = np.nonzero(pricer.segment_amounts)
    least_sign = -pricer.sign
    grid.add(0, arc_class, 0, np.arange(len(arcs)), 1.0)
    grid.add(1, pool.unit[arcs][inside], 0, np.flatnonzero(inside), 1.0)
    grid.add(1, problem.segment_unit, 1, np.arange(len(problem.segment_unit)), -1.0)
    grid.add(2, pricer.segment_sex, 1, np.arange(len(problem.segment_unit)), 1.0)
    grid.add(3, limit_of, 0, arc_limit, 1.0)
    first_ceiling = len(problem.limits)
    amount = pool.amounts[arcs[arc_ceiling], ceiling_of]
    grid.add(3, first_ceiling + ceiling_of, 0, arc_ceiling, amount)
    amount = pricer.segment_amounts[ceiling_at, block_at]
    grid.add(3, first_ceiling + ceiling_at, 1, block_at, amount)
    grid.add(
        4, pool.row_of[in_model[0]], 0, in_model[1], pool.row_sign[in_model[0]].astype(np.float64)
    )
    for kind, slack, excess, sign in (
        (2, 2, 6, 1.0),
        (3, 3, 7, -least_sign),
        (4, 4, 8, 1.0),
    ):
        every = np.arange(grid.rows[kind])
        grid.add(kind, every, slack, every, sign)
        grid.add(kind, every, excess, every, -sign)
    grid.add(1, np.arange(units), 5, np.arange(units), -1.0)

    short: Floats = np.zeros(limits)
    short[:first_ceiling] = [each.short_pennies for each in problem.limits]
    reach = min(reach, never)
    too_many: Floats = np.where(least_sign > 0, np.minimum(short - base.limit, reach), reach)
    broken: Floats = base.row + never
    parted = rows.kind == RowKind.TOGETHER
    broken[parted] = problem.ties.together_pennies[rows.tie[parted]]
    crowding = (
        pricer.segment_cost(base)
        - base.unit[problem.segment_unit]
        + base.estate[pricer.segment_sex]
    )
    crowding = np.where(problem.segment_places > 0, crowding, 0.0)
    breaks = {
        5: np.ones(units, dtype=np.bool_),
        6: np.ones(sexes, dtype=np.bool_),
        7: (least_sign < 0) | (too_many < short - base.limit),
        8: ~parted,
    }
    cost: tuple[Floats, ...] = (above[arcs], crowding, base.estate, base.limit, base.row)
    full: Floats = np.full(units + sexes, never)
    breaking: tuple[Floats, ...] = (full, too_many, broken - base.row)
    right = (
        members,
        -np.bincount(pool.unit[fixed], minlength=units + 1)[:units],
        problem.held_limit,
        pricer.bound - np.append(pool.counts[fixed].sum(axis=0), pool.amounts[fixed].sum(axis=0)),
        rows.bound - settled,
    )
    constant = (
        float(least.sum())
        - float(base.estate @ problem.held_limit)
        - float((pricer.sign * base.limit) @ pricer.bound)
        - float(base.row @ rows.bound)
    )
    return Model(
        linear=grid.model(cost + breaking, right, {1: problem.segment_places}),
        constant=constant,
        arcs=arcs,
        class_of=class_of,
        leader=leader,
        fixed_keys=pool.keys[fixed],
        arc_class=arc_class,
        base=base,
        breaking=np.flatnonzero(grid.spread(breaks)),
        sign=pricer.sign,
        highest=pricer.highest,
    )


def _side_entries(
    pool: Pool, arcs: Integers, fixed: Integers, first: Integers
) -> tuple[Floats, tuple[Integers, Integers]]:
    """Split the entries of side rows into what is settled and what the programme decides.

    People who are one of a class are in rows only where all their pairs are in one place: their
    first pair stands for them.

    Returns
    -------
    tuple
        What each row holds already; the entries left, and their columns.
    """
    where = np.minimum(np.searchsorted(pool.keys, pool.row_key), len(pool.keys) - 1)
    known = pool.keys[where] == pool.row_key
    is_settled = np.zeros(len(pool.keys), dtype=np.bool_)
    is_settled[fixed] = True
    is_settled[first] = True
    one_of_many = np.zeros(pool.pricer.people, dtype=np.bool_)
    one_of_many[pool.person[first]] = True
    column_of = np.full(len(pool.keys), -1, dtype=np.int64)
    column_of[arcs] = np.arange(len(arcs))
    done = known & is_settled[where]
    rows = len(pool.store.rows)
    settled: Floats = np.bincount(
        pool.row_of[done], weights=pool.row_sign[done], minlength=rows
    ).astype(np.float64)
    decided = known & (column_of[where] >= 0) & ~one_of_many[pool.row_key // pool.pricer.wide]
    entry = np.flatnonzero(decided).astype(np.int64)
    return settled, (entry, column_of[where[entry]])


class _Grid:
    """A matrix put together from blocks of rows and columns."""

    def __init__(self, rows: tuple[int, ...], columns: tuple[int, ...]) -> None:
        self.rows = rows
        self.row_at = np.concatenate([[0], np.cumsum(rows)])
        self.column_at = np.concatenate([[0], np.cumsum(columns)])
        self.entries: list[tuple[Integers, Integers, Floats]] = []

    def add(
        self, rows: int, row: Integers, columns: int, column: Integers, value: Floats | float
    ) -> None:
        """Enter values into a block."""
        values = np.broadcast_to(np.asarray(value, dtype=np.float64), row.shape)
        self.entries.append((self.row_at[rows] + row, self.column_at[columns] + column, values))

    def spread(self, blocks: dict[int, NDArray[np.bool_]]) -> NDArray[np.bool_]:
        """Mark columns, block by block."""
        marked = np.zeros(int(self.column_at[-1]), dtype=np.bool_)
        for block, values in blocks.items():
            marked[self.columns_of(block, block + 1)] = values
        return marked

    def columns_of(self, first: int, last: int) -> slice:
        """Give the columns of some blocks that follow one another."""
        return slice(int(self.column_at[first]), int(self.column_at[last]))

    def model(
        self, cost: tuple[Floats, ...], right: tuple[Any, ...], most: dict[int, Integers]
    ) -> LinearModel:
        """Give the programme in which every row equals its right-hand side."""
        high: Floats = np.full(int(self.column_at[-1]), np.inf)
        for block, values in most.items():
            high[self.columns_of(block, block + 1)] = values
        equal = np.concatenate(right).astype(np.float64)
        return LinearModel(
            cost=np.concatenate(cost),
            low=np.zeros(len(high)),
            high=high,
            row=np.concatenate([each[0] for each in self.entries]),
            column=np.concatenate([each[1] for each in self.entries]),
            value=np.concatenate([each[2] for each in self.entries]),
            row_low=equal,
            row_high=equal,
        )


def _classes(pool: Pool, arcs: Integers, alone: NDArray[np.bool_]) -> tuple[Integers, Integers]:
    """Find people alike in these pairs; give the class of each person, or -1, and its leader.

    Alike is decided by 64 random bits; a mistake would be seen when the plan is revalued.
    """
    draw = np.random.default_rng(0)
    person, unit = pool.person[arcs], pool.unit[arcs]
    people = pool.pricer.people
    begin = np.searchsorted(person, np.arange(people))
    first = arcs[np.minimum(begin, len(arcs) - 1)] if len(arcs) else arcs
    relative = (pool.cost[arcs] - pool.cost[first[person]]).astype(np.int64).view(np.uint64)
    word = draw.integers(0, 2**63, pool.pricer.wide, dtype=np.uint64)[unit]
    flags = draw.integers(0, 2**63, pool.counts.shape[1], dtype=np.uint64)
    word = _mixed(word + relative)
    for number in range(pool.counts.shape[1]):
        word += pool.counts[arcs, number] * flags[number]
    for number in range(pool.amounts.shape[1]):
        word = _mixed(word) + pool.amounts[arcs, number].view(np.uint64)
    word = _mixed(word)
    signature = np.zeros(people, dtype=np.uint64)
    np.add.at(signature, person, word)
    mine = np.arange(people, dtype=np.uint64) + np.uint64(1)
    signature[alone] = _mixed(signature[alone] + _mixed(mine[alone]))
    active = np.unique(person)
    _, leader, number_of = np.unique(signature[active], return_index=True, return_inverse=True)
    class_of = np.full(people, -1, dtype=np.int64)
    class_of[active] = number_of
    return class_of, active[leader]


def _mixed(word: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Mix bits (the finaliser of SplitMix64)."""
    word = (word ^ (word >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    word = (word ^ (word >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return word ^ (word >> np.uint64(31))


def shares(pool: Pool, model: Model, column: Floats) -> tuple[Integers, Integers, Floats]:
    """Spread a solution over people: person, unit and part, everybody's adding up to one."""
    amount = column[: len(model.arcs)]
    members = np.bincount(model.class_of[model.class_of >= 0], minlength=len(model.leader))
    by_class = np.argsort(model.arc_class, kind="stable")
    begin = np.searchsorted(model.arc_class[by_class], np.arange(len(model.leader) + 1))
    active = np.flatnonzero(model.class_of >= 0)
    size = np.diff(begin)[model.class_of[active]]
    person = np.repeat(active, size)
    within = np.arange(len(person)) - np.repeat(np.cumsum(size) - size, size)
    arc = by_class[begin[model.class_of[person]] + within]
    part = amount[arc] / members[model.class_of[person]]
    kept = part > 1e-9
    fixed_person, fixed_unit = np.divmod(model.fixed_keys, pool.pricer.wide)
    return (
        np.concatenate([fixed_person, person[kept]]),
        np.concatenate([fixed_unit, pool.unit[model.arcs[arc[kept]]]]),
        np.concatenate([np.ones(len(fixed_person)), part[kept]]),
    )

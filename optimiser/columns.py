"""Limits and ties together, by columns: a programme over the few people in doubt, priced over all.

People who would go nowhere else at the prices so far stay where they are cheapest. The rest enter a
linear programme with their cheap units, all limits, and the ties that would be broken. Its prices
are tried on every pair of a person and a unit; whatever is cheaper enters, and the value of the
prices over all pairs is a bound. When nothing is left to enter, every pair that could still be part
of a better plan is decided in whole numbers.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from data.memory import give_back
from data.progress import Progress, StopEarlyError, silent, so_far
from optimiser.duals import LARGEST_PRICE, Prices
from optimiser.linear import NO_END, NoAnswerError, solve_large, solve_whole
from optimiser.mend import mended
from optimiser.pool import NOTHING, Beside, Duals, Pool, Pricer
from optimiser.problem import (
    LARGEST_COST,
    UNPLACED,
    AllocationProblem,
    Floats,
    Integers,
    Ties,
)
from optimiser.programme import Model, build_model, shares
from optimiser.separation import Broken, RowStore
from optimiser.side import RowKind, SideRows
from optimiser.solve import solve

STAGE = "limits and ties"

SMALL = 200_000
"""Pairs of a problem that is put into the programme whole."""

EXTRA_PAIRS = 12_000
"""Pairs beyond everybody's cheapest to begin with."""

NARROWEST, WIDEST = 1_000.0, 100_000.0
"""Pennies above the cheapest to which pairs are kept at least, and at most, to begin with."""

REACH = 100_000.0
"""Pennies by which the price of a limit may first rise in one round."""

PLACES = 4
"""Establishments shown to people whom a tie sends away from their cheapest."""

NEAR = 1_000.0
"""Pennies above the cheapest to which pairs are added, and first decided in whole numbers."""

FIRST_LOOKS = (150.0, 500.0)
"""Pennies above the cheapest to which pairs are decided first where a gap is let be."""

SHARE_OF_GAP = 0.25
"""Share of the gap that is let be at which the search for prices ends."""

MOST_PAIRS = (4_000, 16_000)
"""Pairs above the cheapest that are decided at first, and at most, under ceilings."""

MOST_NODES = 500
"""Parts of the search in whole numbers after which, under ceilings, the best plan is taken."""

BACK = 0.3
"""How far to go from the best prices towards new ones whose bound is worse."""

ENOUGH = 0.5
"""Pennies between programme and bound at which prices are as good as they get."""

CLOSE = 3.0
"""Pairs that are further above the cheapest than so many times the gap are left out of a round."""

FEW_ROWS = 20
"""New rows up to which a round may leave pairs out."""

LARGEST_SEARCH = 100
"""Rounds after which the search for prices ends."""

FINEST = 2**20
"""Most parts a penny is divided into in the prices handed back."""

TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ColumnPlan:
    """A plan that keeps limits and ties, with prices that bound every plan.

    Attributes
    ----------
    unit_of
        Unit of each person, or ``UNPLACED``.
    prices
        The best found, in whole parts of pennies, with the side rows they price; after the limits
        stand the ceilings that were asked beside, each for one of its measure's size.
    decided
        Whether the solver found nothing better among the pairs the prices leave open: with the
        bound of the prices, this makes the plan the best there is.
    pairs_left
        Pairs that the prices left open.
    rounds
        Programmes solved to find the prices.
    """

    unit_of: Integers
    prices: Prices
    decided: bool
    pairs_left: int
    rounds: int


def solve_by_columns(
    problem: AllocationProblem,
    start: Prices,
    progress: Progress = silent,
    *,
    smallest_gap: float = 0.0,
    known: Integers | None = None,
    beside: Beside = NOTHING,
) -> ColumnPlan:
    """Find the best plan under limits and ties.

    Parameters
    ----------
    problem
        With limits or ties.
    start
        Prices that are nearly right but for ties; where they have side rows, as those of an
        earlier plan under the same ties, the search begins with them.
    progress
        Told of each round with the gap so far. Where it raises ``StopEarlyError`` a plan that keeps
        everything is handed back at once with the prices so far; anything else it raises ends the
        work.
    smallest_gap
        Relative gap at which the work may end; most often far less is left.
    known
        A plan that keeps the rules, and most limits and ties, for work that is stopped.
    beside
        Measures that cost something more, and ceilings.

    Returns
    -------
    ColumnPlan
        The same input gives the same plan. Its limits may be broken only where leaving everybody
        in doubt without a place would not keep them.
    """
    search = _Search(problem, start, progress, smallest_gap, beside)
    try:
        search.find_prices(SHARE_OF_GAP * smallest_gap)
        if smallest_gap:
            found = search.first_look() if beside.is_plain else search.looks()
            if found is not None:
                return found
            search.find_prices(0.0)
        return search.decide()
    except StopEarlyError:
        return search.so_far(known)


class _Search:
    """Pool, rows and the best prices so far."""

    def __init__(
        self,
        problem: AllocationProblem,
        start: Prices,
        progress: Progress,
        smallest_gap: float,
        beside: Beside,
    ) -> None:
        self.problem = problem
        self.progress = progress
        self.smallest_gap = smallest_gap
        self.pricer = Pricer(problem, beside)
        self.store = RowStore(start.rows)
        self.broken = Broken(problem)
        self.best = Duals(
            unit=np.where(problem.capacity > 0, start.unit / start.scale, self.pricer.never),
            estate=start.estate / start.scale,
            limit=start.limit / start.scale,
            row=start.rows.price / start.scale,
        )
        whole = self.pricer.people * self.pricer.wide <= SMALL
        width = np.inf if whole else _first_width(self.pricer, self.best)
        self.pool = Pool(self.pricer, self.best, self.store, width)
        if len(self.store.rows):
            self.pool.show_alternatives(self.store.members(), self.best, PLACES)
        self.bound = self.pool.bound(self.pool.centre_least, self.best)
        self.reach = REACH * beside.scale
        self.width = np.inf
        self.rounds = 0
        self.found: Integers | None = None
        self.best_found: tuple[float, ColumnPlan] | None = None

    def find_prices(self, enough: float) -> None:
        """Improve the prices until no pair and no row is left to add.

        Where a gap is let be, a few rows may be left too: those are for the whole numbers.
        """
        while self.rounds < LARGEST_SEARCH:
            self.rounds += 1
            alone = np.zeros(self.pricer.people, dtype=np.bool_)
            alone[self.store.rows.people] = True
            model = build_model(
                self.pool,
                self.best,
                width=self.width,
                alone=alone,
                wide=alone,
                reach=self.reach,
            )
            answer = solve_large(model.linear)
            value = model.constant + answer.value
            new_rows = self._add_broken(model, answer.column)
            duals = model.duals(answer.row_price, self.problem).with_rows(len(self.store.rows))
            better = self._try(duals)
            kept = float(answer.column[model.breaking].sum()) < TOLERANCE
            self._report(value)
            if kept and new_rows <= FEW_ROWS and value - self.bound < enough * abs(value):
                return
            whole = self.width == np.inf
            near = max(NARROWEST, CLOSE * (value - self.bound))
            self.width = near if new_rows <= FEW_ROWS and kept else np.inf
            close = value - self.bound <= max(ENOUGH, enough * abs(value))
            rises = not kept and self.reach < self.pricer.never
            if rises and close and enough:
                self.reach *= 4
                continue
            if new_rows or (better and not close):
                continue
            if rises:
                self.reach *= 4
            elif whole or close:
                return
            else:
                self.width = np.inf

    def _add_broken(self, model: Model, column: Floats) -> int:
        """Add the rows a solution breaks, and where else their people could go."""
        person, unit, part = shares(self.pool, model, column)
        tied = self.broken.tied[person]
        found = self.broken.find(person[tied], unit[tied], part[tied], TOLERANCE)
        new_rows = self.store.add(found)
        if new_rows:
            self.best = self.best.with_rows(len(self.store.rows))
            self.pool.rows_changed()
            self.pool.show_alternatives(self.store.members(), self.best, PLACES)
        return new_rows

    def _try(self, duals: Duals) -> int:
        """Price every pair; keep the prices where their bound is better; count cheaper pairs."""
        bound, better, _ = self.pool.price(duals, NEAR)
        if bound <= self.bound and better:
            duals = self.best.towards(duals, BACK)
            bound, more, _ = self.pool.price(duals, NEAR)
            better += more
        if bound > self.bound:
            self.bound, self.best = bound, duals
        return better

    def _report(self, value: float) -> None:
        self.progress(so_far(STAGE, value, self.bound), self.rounds, self.rounds + 1)

    def so_far(self, known: Integers | None) -> ColumnPlan:
        """Give the plan found so far, or else one that is mended from what is known."""
        unit_of = self.found
        if unit_of is None:
            duals = self.best
            prices = Prices(
                unit=np.rint(duals.unit).clip(0, LARGEST_PRICE).astype(np.int64),
                estate=np.rint(duals.estate).clip(0, LARGEST_PRICE).astype(np.int64),
                limit=np.rint(duals.limit[: len(self.problem.limits)])
                .clip(0, LARGEST_COST)
                .astype(np.int64),
            )
            if known is None:
                untied = replace(self.problem, ties=Ties.none())
                known = solve(untied, limit_pennies=prices.limit).unit_of
            unit_of = mended(self.problem, known, prices)
        return ColumnPlan(
            unit_of=unit_of,
            prices=self._whole_prices(),
            decided=False,
            pairs_left=0,
            rounds=self.rounds,
        )

    def first_look(self) -> ColumnPlan | None:
        """Decide the pairs very near the cheapest; give a plan within the gap that is let be."""
        store, best = self.store, self.best
        self.store = self.pool.store = RowStore(store.rows)
        for width in FIRST_LOOKS:
            found = self._decide_within(width)
            if found is not None and found[1] <= self.smallest_gap * abs(self.bound):
                return found[0]
        self.store = self.pool.store = store
        self.best = best
        self.pool.rows_changed()
        return None

    def looks(self) -> ColumnPlan | None:
        """Decide more and more pairs near the cheapest; give the best plan, if there is any.

        Under ceilings what a plan is above the bound rules no pair out.
        """
        wide = np.zeros(self.pricer.people, dtype=np.bool_)
        wide[self.store.rows.people] = True
        for pairs in MOST_PAIRS:
            width = self._width_of(pairs)
            found = self._decide_within(width, wide)
            near = found is not None and found[1] <= self.smallest_gap * abs(self.bound)
            if near or width == np.inf:
                break
        return None if self.best_found is None else self.best_found[1]

    def _width_of(self, pairs: int) -> float:
        """Give pennies above the cheapest within which there are so many pairs of the pool."""
        above = self.pool.above(self.best)
        above = above[above > TOLERANCE]
        return np.inf if pairs >= len(above) else float(np.partition(above, pairs)[pairs])

    def decide(self) -> ColumnPlan:
        """Decide the pairs near the cheapest in whole numbers, wider until nothing is left out."""
        width = NEAR
        while True:
            found = self._decide_within(width)
            if found is None:
                if width == np.inf:
                    raise NoAnswerError("No plan keeps all limits and ties.")
                width = width * 8 if width < self.pricer.never else np.inf
                continue
            plan, above = found
            if above <= max(width, self.smallest_gap * abs(self.bound)):
                return plan
            width = above + 1.0

    def _decide_within(
        self, width: float, wide: NDArray[np.bool_] | None = None
    ) -> tuple[ColumnPlan, float] | None:
        """Decide the pairs within a width, and all of some people; give the plan and its gap."""
        self.progress(f"{STAGE}, in whole numbers", self.rounds, self.rounds + 1)
        model, left = self._programme_within(width, wide)
        whole = np.zeros(len(model.linear.cost), dtype=np.bool_)
        whole[: len(model.arcs)] = True
        give_back()
        try:
            nodes = NO_END if self.pricer.beside.is_plain else MOST_NODES
            answer = solve_whole(model.kept(), whole, near=self._near(), nodes=nodes)
        except NoAnswerError:
            return None
        value = model.constant + answer.value
        above = value - self.bound
        self.found = _people_of(self.problem, self.pool, model, answer.column)
        plan = ColumnPlan(
            unit_of=self.found,
            prices=self._whole_prices(),
            decided=answer.proven and above <= width,
            pairs_left=left,
            rounds=self.rounds,
        )
        if self.best_found is None or value < self.best_found[0]:
            self.best_found = value, plan
        return plan, above

    def _near(self) -> float:
        """Give pennies to which whole numbers are decided: ceilings make the last ones dear."""
        if self.pricer.beside.is_plain:
            return 0.0
        return (1 - SHARE_OF_GAP) * self.smallest_gap * abs(self.bound)

    def _programme_within(self, width: float, wide: NDArray[np.bool_] | None) -> tuple[Model, int]:
        """Put all pairs within a width and every row they could break into a programme."""
        self.pool.price(self.best, width)
        is_near = self.pool.above(self.best) <= width
        if wide is not None:
            is_near |= wide[self.pool.person]
        near = np.flatnonzero(is_near)
        person, unit = self.pool.person[near], self.pool.unit[near]
        place = np.sort(person * self.broken.places + self.pricer.place[unit])
        place = place[np.diff(place, prepend=-1) > 0]
        choices = np.bincount(place // self.broken.places, minlength=self.pricer.people)
        torn = choices > 1
        if len(self.problem.ties.apart_wing):
            torn |= np.bincount(person, minlength=self.pricer.people) > 1
        alone = self.broken.tied & torn
        tied = self.broken.tied[person]
        everywhere = np.ones(int(tied.sum()))
        self.store.add(self.broken.find(person[tied], unit[tied], everywhere, TOLERANCE))
        self.store.add(self.broken.could_part(person[tied], unit[tied]))
        self.best = self.best.with_rows(len(self.store.rows))
        self.pool.rows_changed()
        model = build_model(self.pool, self.best, width=width, alone=alone, wide=wide)
        return model, len(near) - self.pricer.people

    def _whole_prices(self) -> Prices:
        """Round the best prices to parts of a penny so small that it costs next to nothing."""
        largest = int(np.abs(self.pool.centre_least).max(initial=1.0)) + 1
        room = 2**61 // (largest * (self.pricer.people + 1))
        scale = 2 ** min(FINEST.bit_length() - 1, max(0, room.bit_length() - 1))

        def parts(price: Floats) -> Integers:
            whole: Integers = np.rint(price * scale).astype(np.int64)
            return whole

        return Prices(
            unit=parts(self.best.unit),
            estate=parts(self.best.estate),
            limit=parts(self.best.limit),
            rows=_priced_rows(self.problem, self.store, parts(self.best.row), scale),
            scale=scale,
        )


def _first_width(pricer: Pricer, duals: Duals) -> float:
    """Choose how far above the cheapest to look for a bearable number of pairs."""
    every = max(1, pricer.people // 4000)
    people = np.arange(0, pricer.people, every)
    priced = pricer.block(people, duals)
    above = (priced - priced.min(axis=1, keepdims=True)).ravel()
    above = above[np.isfinite(above) & (above > TOLERANCE)]
    wanted = EXTRA_PAIRS // every
    if wanted >= len(above):
        return WIDEST
    return float(np.clip(np.partition(above, wanted)[wanted], NARROWEST, WIDEST))


def _priced_rows(
    problem: AllocationProblem, store: RowStore, price: Integers, scale: int
) -> SideRows:
    """Keep the rows that have a price."""
    parted = store.rows.kind == RowKind.TOGETHER
    most = problem.ties.together_pennies[store.rows.tie[parted]] * scale
    price = price.copy()
    price[parted] = np.minimum(price[parted], most)
    return store.rows.priced(price).only(np.flatnonzero(price > 0))


def _people_of(problem: AllocationProblem, pool: Pool, model: Model, column: Floats) -> Integers:
    """Give the members of each class its units, their own where they can have it."""
    wide = pool.pricer.wide
    person, unit = np.divmod(model.fixed_keys, wide)
    unit_of = np.full(pool.pricer.people, UNPLACED, dtype=np.int64)
    unit_of[person] = unit
    amount = np.rint(column[: len(model.arcs)]).astype(np.int64)
    by_class = np.argsort(model.arc_class, kind="stable")
    begin = np.searchsorted(model.arc_class[by_class], np.arange(len(model.leader) + 1))
    active = np.flatnonzero(model.class_of >= 0)
    members = active[np.argsort(model.class_of[active], kind="stable")]
    start = np.searchsorted(model.class_of[members], np.arange(len(model.leader) + 1))
    for number in range(len(model.leader)):
        arcs = by_class[begin[number] : begin[number + 1]]
        people = members[start[number] : start[number + 1]]
        units = np.repeat(pool.unit[model.arcs[arcs]], amount[arcs])
        unit_of[people] = _own_first(people, units, problem.current_unit)
    unit_of[unit_of == wide - 1] = UNPLACED
    return unit_of


def _own_first(people: Integers, units: Integers, now: Integers) -> Integers:
    """Share units out among as many people, each keeping today's where it is one of them."""
    if len(people) == 1:
        return units
    given = np.full(len(people), -1, dtype=np.int64)
    left = units.tolist()
    for unit in np.unique(units).tolist():
        here = np.flatnonzero(now[people] == unit)[: left.count(unit)]
        given[here] = unit
        for _ in range(len(here)):
            left.remove(unit)
    given[given == -1] = left
    return given

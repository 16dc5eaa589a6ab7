"""The prices of limits that keep a plan within them: moves, people far from home, and the like.

For any prices of the limits the best plan is a flow, whose value less what the limits let through
is a bound. The bound is concave in the prices. It is climbed with cutting planes inside a box
around the best prices so far: every solve gives a plane that lies above the bound everywhere, and
the box grows where the planes tell true and shrinks where they do not.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from data.progress import Progress, StopEarlyError, silent, so_far
from optimiser.alike import keep_own_units
from optimiser.certify import limit_faults
from optimiser.duals import Prices, prices_from
from optimiser.linear import LinearModel, solve_linear
from optimiser.network import Network, Plan, one_in, prepare, share_of_places
from optimiser.prices import all_steps
from optimiser.problem import LARGEST_COST, MOVES, AllocationProblem, Integers, Limit, Ties
from optimiser.solve import solve

STAGE = "prices of limits"

LARGEST_SEARCH = 60
"""Solves after which the climb ends with the best bound it has."""

FINISHING = 14
"""Solves spent on the way from the best prices to ones at which every limit is kept."""

SAMPLE = 16
"""One person in so many is searched first, for prices to start from."""

SMALLEST_SAMPLE = 2000
"""Samples of fewer people are not worth a search of their own."""

FIRST_BOX = 20_000
"""Pennies that a price may change by at first, where nothing is known."""

NARROW_BOX = 0.05
"""The same as a share of a price known from a sample."""

TRUE_ENOUGH = 0.3
"""Share of the gain foretold that must come about for the box to grow."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DualSearch:
    """The best prices of limits that were found, and the best plan within all limits.

    Attributes
    ----------
    prices
        Multipliers of the best bound.
    bound_pennies
        Value that no plan within the limits can be below.
    start
        An optimal plan at these prices; it may break limits a little.
    plan
        The best plan within all limits.
    value_pennies
        Its value.
    evaluations
        Solves that it took.
    """

    prices: Prices
    bound_pennies: int
    start: Plan
    plan: Plan
    value_pennies: int
    evaluations: int

    @property
    def gap(self) -> float:
        """Distance from the bound to the plan as a share of its value."""
        return (self.value_pennies - self.bound_pennies) / max(1, abs(self.value_pennies))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BudgetedPlan:
    """A plan within the limits, the prices of the best bound, and the solves it took."""

    plan: Plan
    prices: Prices
    evaluations: int


def solve_within_budget(
    problem: AllocationProblem,
    *,
    smallest_gap: float,
    progress: Progress = silent,
) -> BudgetedPlan:
    """Find a plan within the limits and a bound close to its value; ties are left out.

    Parameters
    ----------
    problem
        With limits, or without, when a single solve is enough.
    smallest_gap
        Relative gap at which the search may stop.
    progress
        Told of every solve; what it raises ends the work.

    Returns
    -------
    BudgetedPlan
        Its gap is 0 when no limit binds, or when some prices meet them exactly.
    """
    if not problem.limits:
        plan = solve(problem, progress=progress)
        return BudgetedPlan(plan=plan, prices=plan.prices, evaluations=1)
    found = dual_search(problem, smallest_gap=smallest_gap, progress=progress)
    return BudgetedPlan(plan=found.plan, prices=found.prices, evaluations=found.evaluations)


def dual_search(
    problem: AllocationProblem,
    *,
    smallest_gap: float = 0.0,
    start: Plan | None = None,
    progress: Progress = silent,
) -> DualSearch:
    """Find the prices of all limits at once that give the best bound, and a plan within them.

    Parameters
    ----------
    problem
        With limits; its ties are left out.
    smallest_gap
        Relative gap at which the search may stop.
    start
        A plan at prices of the limits to start from.
    progress
        Told of every solve with the gap so far. Where it raises ``StopEarlyError`` the best so far
        is returned, if a plan within the limits is known; anything else ends the work.

    Returns
    -------
    DualSearch
        Prices in whole pennies, so that the bound can stay some pounds below the best plan.
    """
    prepare(progress)
    untied = replace(problem, ties=Ties.none())
    search = _Search(untied, smallest_gap, progress)
    if start is None:
        price, box = _first_prices(untied)
    else:
        price, box = start.prices.limit, _box_around(start.prices.limit)
    try:
        search.climb(price, box, start)
        search.finish()
    except StopEarlyError:
        if search.kept is None:
            raise
    return search.result()


def price_of_moves(problem: AllocationProblem, price: int) -> Integers:
    """Give the prices of the limits when only moves have one; shape (limits,)."""
    names = np.array([limit.name for limit in problem.limits], dtype=np.str_)
    prices: Integers = (names == MOVES).astype(np.int64) * price
    return prices


def sample(problem: AllocationProblem, every: int) -> AllocationProblem:
    """Keep one person in so many, and that share of all places and limits.

    Parameters
    ----------
    problem
        The whole problem, without ties.
    every
        Keep every so-manieth person.

    Returns
    -------
    AllocationProblem
        Its prices are close to those of the whole.
    """
    chosen = one_in(problem, every)
    kept, share = problem.of_people(chosen), share_of_places(problem, chosen)
    return replace(
        kept,
        capacity=share.capacity,
        segment_places=share.segment_places,
        held_limit=share.held_limit,
        limits=tuple(replace(limit, bound=round(limit.bound / every)) for limit in kept.limits),
    )


def _box_around(price: Integers) -> Integers:
    box: Integers = np.maximum(NARROW_BOX * price, FIRST_BOX * NARROW_BOX).astype(np.int64)
    return box


def _first_prices(problem: AllocationProblem) -> tuple[Integers, Integers]:
    """Give prices to start from, and how far to look around them."""
    count = len(problem.limits)
    if len(problem.prisoners) < SAMPLE * SMALLEST_SAMPLE:
        return np.zeros(count, dtype=np.int64), np.full(count, FIRST_BOX)
    search = _Search(sample(problem, SAMPLE), 0.0, silent)
    search.climb(np.zeros(count, dtype=np.int64), np.full(count, FIRST_BOX), None)
    assert search.best is not None
    return search.best.price, _box_around(search.best.price)


def _highest(limit: Limit) -> int:
    """Give the price above which a limit need not be priced: minimums may be missed at a price."""
    return min(limit.short_pennies, LARGEST_COST) if limit.at_least else LARGEST_COST


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Point:
    """A solve: prices, the bound there, and how the bound changes with each price."""

    price: Integers
    bound: int
    slope: Integers
    plan: Plan
    value: int
    keeps: bool


class _Search:
    """The planes, the best bound and the best plan so far."""

    def __init__(self, problem: AllocationProblem, smallest_gap: float, progress: Progress) -> None:
        self.problem = problem
        self.network = Network.of(problem)
        self.sign = np.array([-1 if limit.at_least else 1 for limit in problem.limits])
        self.limit_bound = np.array([limit.bound for limit in problem.limits])
        self.highest = np.array([_highest(limit) for limit in problem.limits])
        self.smallest_gap = smallest_gap
        self.progress = progress
        self.points: list[_Point] = []
        self.best: _Point | None = None
        self.kept: _Point | None = None

    def evaluate(self, price: Integers, start: Plan | None) -> _Point:
        """Solve at prices of the limits."""
        done = len(self.points)
        stage = STAGE
        if self.kept is not None and self.best is not None:
            stage = so_far(STAGE, self.kept.value, self.best.bound)
        self.progress(stage, done, done + 1)
        plan = self.network.solve(price, start)
        counts = [self.problem.counts(plan.unit_of, limit) for limit in self.problem.limits]
        slope = self.sign * (np.array(counts) - self.limit_bound)
        value = self.problem.value_pennies(plan.unit_of)
        core = value - self.problem.shortage_pennies(plan.unit_of)
        point = _Point(
            price=price,
            bound=core + int((slope * price).sum()),
            slope=slope,
            plan=plan,
            value=value,
            keeps=not any(
                over > 0 and not limit.at_least
                for over, limit in zip(slope, self.problem.limits, strict=True)
            ),
        )
        self.points.append(point)
        if self.best is None or point.bound > self.best.bound:
            self.best = point
        if point.keeps and (self.kept is None or point.value < self.kept.value):
            self.kept = point
        return point

    def gap(self) -> float:
        """Give the gap between the best plan within the limits and the best bound."""
        if self.kept is None or self.best is None:
            return float("inf")
        return (self.kept.value - self.best.bound) / max(1, abs(self.kept.value))

    def climb(self, price: Integers, box: Integers, start: Plan | None) -> None:
        """Climb to the best bound."""
        point = centre = self.evaluate(price, start)
        box = box.astype(np.float64)
        while len(self.points) < LARGEST_SEARCH and self.gap() > self.smallest_gap:
            foretold, price = self._next(centre, box)
            known = any(np.array_equal(price, each.price) for each in self.points)
            if foretold < 1 or (known and (box <= 1).all()):
                return
            if known:
                box = np.maximum(box / 4, 1)
                continue
            point = self.evaluate(price, point.plan)
            at_edge = (np.abs(price - centre.price) >= np.floor(box)).any()
            if point.bound - centre.bound >= TRUE_ENOUGH * foretold:
                box = box * 3 if at_edge else box
            else:
                box = np.maximum(box / 2, 1)
            centre = point if point.bound > centre.bound else centre

    def _next(self, centre: _Point, box: np.ndarray) -> tuple[float, Integers]:
        """Find the top of the planes inside the box, and what they foretell there."""
        count, planes = len(box), len(self.points)
        slopes = np.stack([point.slope for point in self.points])
        height = np.array(
            [
                point.bound - centre.bound - int((point.slope * point.price).sum())
                for point in self.points
            ],
            dtype=np.float64,
        )
        row = np.repeat(np.arange(planes), count + 1)
        column = np.tile(np.arange(count + 1), planes)
        value = np.concatenate([-slopes, np.ones((planes, 1))], axis=1).ravel()
        answer = solve_linear(
            LinearModel(
                cost=np.append(np.zeros(count), -1.0),
                low=np.append(np.maximum(0, centre.price - box), -np.inf),
                high=np.append(np.minimum(self.highest, centre.price + box), np.inf),
                row=row,
                column=column,
                value=value.astype(np.float64),
                row_low=np.full(planes, -np.inf),
                row_high=height,
            )
        )
        return float(answer.column[count]), np.rint(answer.column[:count]).astype(np.int64)

    def finish(self) -> None:
        """Go from the best prices to ones at which every limit is kept, and halve the way back."""
        assert self.best is not None
        low = self.best
        if low.keeps or self.gap() <= self.smallest_gap:
            return
        step = np.where(low.slope > 0, np.maximum(low.price // 500, 1), 0)
        high = low
        for _ in range(FINISHING * 2):
            if high.keeps:
                break
            step = np.where(high.slope > 0, np.maximum(2 * step, 1), step)
            price = np.minimum(low.price + step, self.highest)
            high = self.evaluate(price, high.plan)
        below = low.price
        for _ in range(FINISHING):
            price = (below + high.price) // 2
            done = (price == below).all() or (price == high.price).all()
            if not high.keeps or done or self.gap() <= self.smallest_gap:
                return
            point = self.evaluate(price, high.plan)
            if point.keeps:
                high = point
            else:
                below = price

    def result(self) -> DualSearch:
        """Give the best bound and the best plan, with people in their own units where they can."""
        assert self.best is not None
        if self.kept is None:
            faults = "; ".join(limit_faults(self.problem, self.best.plan.unit_of))
            raise RuntimeError(f"No plan within the limits was found: {faults}")
        self.progress(STAGE, len(self.points), len(self.points))
        plan, start = self._settled(self.kept), self._settled(self.best)
        return DualSearch(
            prices=start.prices,
            bound_pennies=self.best.bound,
            start=start,
            plan=plan,
            value_pennies=self.kept.value,
            evaluations=len(self.points),
        )

    def _settled(self, point: _Point) -> Plan:
        unit_of = keep_own_units(self.problem, point.plan.unit_of)
        steps = all_steps(self.problem, unit_of, point.plan.prices)
        prices = prices_from(self.problem, steps, point.price)
        return replace(point.plan, unit_of=unit_of, prices=prices)

"""The price of a move that keeps a plan within its budget of moves.

The dual of the budget is concave in the price, and each evaluation is an exact flow. The price is
boxed between one at which too many people move and one at which few enough do; the next price is
read off the line between the two, or off where their tangents meet, or halves the box.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import log

import numpy as np

from data.progress import Progress, silent
from optimiser.alike import merge_alike, prices_of_units, split
from optimiser.certify import feasibility_faults, lower_bound
from optimiser.duals import Prices
from optimiser.problem import LARGEST_COST, MOVES, AllocationProblem, Integers
from optimiser.solve import SAMPLE_EVERY, SMALL, Plan, sample, solve

LARGEST_SEARCH = 40
"""Evaluations after which the search takes the best plan it has."""

NARROW = 0.2
"""Width of the box, as a share of the price, in which moves fall along a line."""

COARSE = 2_000
"""Pennies to which the price of a move is known from the sample."""

STAGE = "budget of moves"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BudgetedPlan:
    """A plan within the budget, the prices of the best bound, and the evaluations it took."""

    plan: Plan
    prices: Prices
    evaluations: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Point:
    price: int
    moves: int
    value: int
    bound: int
    plan: Plan


def solve_within_budget(
    problem: AllocationProblem,
    *,
    smallest_gap: float,
    progress: Progress = silent,
) -> BudgetedPlan:
    """Find a plan with at most ``problem.move_budget`` moves and a bound close to its value.

    Parameters
    ----------
    problem
        With a budget, or without, when a single flow is enough.
    smallest_gap
        Relative gap at which the search may stop.
    progress
        Told of every evaluation; what it raises ends the work.

    Returns
    -------
    BudgetedPlan
        Its gap is 0 when the budget does not bind, or when some price meets it exactly.
    """
    merged = merge_alike(problem)
    found = _search(merged.problem, smallest_gap, progress)
    unit_of = split(problem, merged, found.plan.unit_of)
    value = merged.problem.value_pennies(found.plan.unit_of)
    if feasibility_faults(problem, unit_of) or problem.value_pennies(unit_of) != value:
        return _search(problem, smallest_gap, progress)
    prices = prices_of_units(merged, found.prices)
    plan = replace(found.plan, unit_of=unit_of, prices=prices_of_units(merged, found.plan.prices))
    return replace(found, plan=plan, prices=prices)


def _search(problem: AllocationProblem, smallest_gap: float, progress: Progress) -> BudgetedPlan:
    """Find the price of a move, where there is a budget at all."""
    if problem.move_budget is None:
        plan = solve(problem, progress=progress)
        return BudgetedPlan(plan=plan, prices=plan.prices, evaluations=1)
    first_price, slope, start = _first_price(problem)
    search = _Search(problem, smallest_gap, progress)
    point = search.evaluate(first_price, start)
    while not search.finished():
        point = search.evaluate(search.next_price(point, slope), point.plan)
    return search.result()


def _first_price(problem: AllocationProblem) -> tuple[int, float, Plan | None]:
    """Search on a sample first; give the price there, moves saved per penny, and a start."""
    if len(problem.prisoners) <= SMALL:
        return 0, 0.0, None
    small = sample(problem, SAMPLE_EVERY)
    budget = (problem.move_budget or 0) // SAMPLE_EVERY
    low, low_moves, plan = 0, 0, solve(small)
    low_moves = int(small.moved(plan.unit_of).sum())
    if low_moves <= budget:
        return 0, 0.0, _without_pairs(plan)
    price = 20_000
    while True:
        plan = solve(small, limit_pennies=price_of_moves(small, price), start=plan)
        moves = int(small.moved(plan.unit_of).sum())
        if moves <= budget or price >= LARGEST_COST:
            break
        low, low_moves, price = price, moves, min(price * 2, LARGEST_COST)
    high, high_moves = price, moves
    slope = (low_moves - high_moves) / max(1, high - low)
    while high - low > COARSE and low_moves > high_moves:
        price = (low + high) // 2
        plan = solve(small, limit_pennies=price_of_moves(small, price), start=plan)
        moves = int(small.moved(plan.unit_of).sum())
        slope = (low_moves - high_moves) / (high - low)
        if moves > budget:
            low, low_moves = price, moves
        else:
            high, high_moves = price, moves
    return (low + high) // 2, slope * SAMPLE_EVERY, _without_pairs(plan)


def price_of_moves(problem: AllocationProblem, price: int) -> Integers:
    """Give the prices of the limits when only moves have one; shape (limits,)."""
    names = np.array([limit.name for limit in problem.limits], dtype=np.str_)
    prices: Integers = (names == MOVES).astype(np.int64) * price
    return prices


def _without_pairs(plan: Plan) -> Plan:
    """Keep the prices of a sample's plan; its pairs mean nothing for the whole."""
    return replace(plan, pairs=np.empty(0, dtype=np.int64))


def _on_a_power_curve(low: _Point, high: _Point, budget: int) -> float:
    """Read the price off a curve by which moves fall as a power of the price."""
    fall = log(low.moves / max(high.moves, 0.5))
    share = log(low.moves / max(budget, 0.5)) / fall
    price: float = low.price * (high.price / low.price) ** share
    return price


class _Search:
    """The box around the price, and the best plan and bound so far."""

    def __init__(self, problem: AllocationProblem, smallest_gap: float, progress: Progress) -> None:
        self.problem = problem
        self.budget = problem.move_budget or 0
        self.smallest_gap = smallest_gap
        self.progress = progress
        self.low: _Point | None = None
        self.high: _Point | None = None
        self.bound: _Point | None = None
        self.evaluations = 0

    def evaluate(self, price: int, start: Plan | None) -> _Point:
        """Solve at one price of a move and draw the box in."""
        self.progress(STAGE, self.evaluations, self.evaluations + 1)
        plan = solve(self.problem, limit_pennies=price_of_moves(self.problem, price), start=start)
        self.evaluations += 1
        point = _Point(
            price=price,
            moves=int(self.problem.moved(plan.unit_of).sum()),
            value=self.problem.value_pennies(plan.unit_of),
            bound=lower_bound(self.problem, plan.prices),
            plan=plan,
        )
        if point.moves > self.budget:
            self.low = point
        else:
            self.high = point
        if self.bound is None or point.bound > self.bound.bound:
            self.bound = point
        return point

    def finished(self) -> bool:
        """Say whether the plan is as close to the bound as asked, or cannot come closer."""
        if self.high is None:
            return False
        if self.high.price == 0 or self.evaluations >= LARGEST_SEARCH:
            return True
        if self.low is not None and self.high.price - self.low.price <= 1:
            return True
        bound = self.bound.bound if self.bound else 0
        return self.high.value - bound <= self.smallest_gap * abs(self.high.value)

    def next_price(self, last: _Point, slope: float) -> int:
        """Choose a price inside the box."""
        if self.low is None or self.high is None:
            return self._outwards(last, slope)
        low, high = self.low, self.high
        box = high.price - low.price
        if self.evaluations % 3 == 2:
            inside = (high.value - low.value) // max(1, low.moves - high.moves)
        elif low.price == 0 or box < low.price * NARROW:
            share = (low.moves - self.budget) / (low.moves - high.moves)
            inside = low.price + round(share * box)
        else:
            inside = round(_on_a_power_curve(low, high, self.budget))
        return min(max(inside, low.price + 1), high.price - 1)

    def _outwards(self, last: _Point, slope: float) -> int:
        """Leave the side that all points are on: along a tangent, then by doubling or halving."""
        excess = last.moves - self.budget
        if slope > 0 and self.evaluations < 3:
            step = max(round(1.5 * abs(excess) / slope), 50)
            price = last.price + step if excess > 0 else last.price - step
        else:
            price = max(2 * last.price, 20_000) if excess > 0 else last.price // 2
        return min(max(price, 0), LARGEST_COST)

    def result(self) -> BudgetedPlan:
        """Give the best plan within the budget."""
        assert self.high is not None
        assert self.bound is not None
        self.progress(STAGE, self.evaluations, self.evaluations)
        return BudgetedPlan(
            plan=self.high.plan,
            prices=self.bound.plan.prices,
            evaluations=self.evaluations,
        )

"""The best plan under ceilings on linear measures, with a bound that no such plan can beat.

Each ceiling has a price. At given prices the best plan is a flow, and its value less what the
ceilings are let for is a bound, concave in the prices. The search climbs it inside a box that grows
and shrinks, along the planes that the flows found so far lay over it; plans that keep every ceiling
are taken on the way, and at the end along the line from the best prices to higher ones.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from data.progress import Progress, StopEarlyError, silent, so_far
from optimiser.budget import sample
from optimiser.certify import CertificateError, lower_bound
from optimiser.duals import LARGEST_PRICE, Prices
from optimiser.measure import LARGEST_WEIGHT, Measure, free, usual, weighted
from optimiser.mixing import mix
from optimiser.network import one_in
from optimiser.problem import LARGEST_COST, AllocationProblem, Integers
from optimiser.solve import Plan, solve

STAGE = "ceilings"

LARGEST_SEARCH = 48
"""Evaluations after which the climb ends."""

SAMPLE = 16
"""One person in so many is searched first, for prices to start from."""

SMALLEST_SAMPLE = 2000
"""Samples of fewer people are not worth a search of their own."""

SAMPLE_GAP = 1e-4
"""Relative gap at which the search on a sample ends."""

REACH = 3.0
"""Prices may change by so many times what they are."""

LEVEL = 0.5
"""Share of what the planes promise that is aimed at."""

LINE_SEARCH = 12
"""Evaluations on the line from the best price of a single ceiling to higher ones."""

STEPS = 30
"""Evaluations near the best prices of several ceilings."""

FIRST_STEP = 0.002
"""Share by which each of these prices changes at first."""

HEADROOM = 2
"""The range of whole pennies is so many times what choices usually cost."""

GRAINS = 2**14
"""Prices are written as whole weights at least so large, where the range allows."""

LATEST = 4
"""Flows, the last ones, of which a plan at the best prices takes what pays."""

DEAR = 2.0
"""Times a ceiling's price that plans are charged for what they have above it."""

FAR_OFF = 0.5
"""Share of a price by which it changes at most for the last flow to be a good start."""

Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ceiling:
    """A measure and the most a plan may have of it."""

    measure: Measure
    at_most: int

    def of_sample(self, rows: Integers, every: int) -> Ceiling:
        """Keep these people, one in so many, and that share of what they may have."""
        return Ceiling(measure=self.measure.of_people(rows), at_most=round(self.at_most / every))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Proof:
    """What proves a bound: whole weights of the objective and the ceilings, and prices of units.

    The bound is the least of ``weight`` x objective + sum of ``ceilings`` x (measure - at most),
    divided by ``weight`` and rounded up. Costs are counted in multiples of 2**``bits``, rounded
    down, and so are the prices.
    """

    weight: int
    ceilings: Integers
    prices: Prices
    bits: int = 0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Within:
    """The best plan found under ceilings; values in the unit of the objective.

    Attributes
    ----------
    unit_of
        The plan.
    value, bound
        Its objective, and what no plan under the ceilings can be below.
    proof
        From which ``bound_of`` gives the bound again.
    plan
        The last flow, to start another search from; its prices are in pennies.
    evaluations
        Flows it took.
    stopped
        Whether whoever watched ended the search early.
    """

    unit_of: Integers
    value: int
    bound: int
    proof: Proof
    plan: Plan
    evaluations: int
    stopped: bool = False

    @property
    def gap(self) -> float:
        """Distance to the bound as a share of the value."""
        return (self.value - self.bound) / max(1, abs(self.value))


Terms: TypeAlias = Sequence[tuple[int, Measure]]
"""Whole weights, and the measures they weigh."""


def bound_of(
    problem: AllocationProblem, objective: Terms, ceilings: Sequence[Ceiling], proof: Proof
) -> int:
    """Give the bound that a proof proves, from every eligible pair; no solver is used.

    Parameters
    ----------
    problem
        Who may be held where, and how many.
    objective, ceilings
        What is least, and what it is subject to.
    proof
        Weights and prices.

    Returns
    -------
    int
        No plan under the ceilings has an objective below.

    Raises
    ------
    CertificateError
        When weights or prices cannot prove a bound.
    """
    faults = proof_faults(ceilings, proof)
    if faults:
        raise CertificateError(faults)
    terms = [(proof.weight * weight, measure) for weight, measure in objective]
    terms += [
        (int(price), each.measure) for price, each in zip(proof.ceilings, ceilings, strict=True)
    ]
    let = sum(int(p) * c.at_most for p, c in zip(proof.ceilings, ceilings, strict=True))
    least = lower_bound(weighted(problem, terms, bits=proof.bits), proof.prices)
    return -(-((least << proof.bits) - let) // proof.weight)


def proof_faults(ceilings: Sequence[Ceiling], proof: Proof) -> list[str]:
    """Say why weights and prices cannot prove a bound under some ceilings, if they cannot."""
    faults = []
    if len(proof.ceilings) != len(ceilings):
        faults.append(f"{len(proof.ceilings)} ceilings are priced, and there are {len(ceilings)}")
    if proof.weight < 1 or proof.bits < 0 or (proof.ceilings < 0).any():
        faults.append("a weight is below what it can be")
    if max(proof.weight, int(proof.ceilings.max(initial=0))) > LARGEST_WEIGHT:
        faults.append(f"a weight is above {LARGEST_WEIGHT}")
    if proof.prices.scale != 1 or len(proof.prices.rows) or proof.prices.limit.any():
        faults.append("a bound under ceilings is proven by prices of units and estates alone")
    prices = np.concatenate([proof.prices.unit, proof.prices.estate])
    if (prices < 0).any() or (prices > LARGEST_PRICE).any():
        faults.append(f"a price is not from 0 to {LARGEST_PRICE}")
    return faults


def solve_within(
    problem: AllocationProblem,
    objective: Terms,
    ceilings: Sequence[Ceiling],
    *,
    smallest_gap: float,
    start: Plan | None = None,
    prices: Floats | None = None,
    known: Integers | None = None,
    fixed: int = 0,
    bound_only: bool = False,
    stop_at: int | None = None,
    most_flows: int = LARGEST_SEARCH + STEPS,
    allowed: Callable[[Integers], bool] = lambda _: True,
    seen: Callable[[Integers], None] | None = None,
    progress: Progress = silent,
) -> Within:
    """Find a plan that keeps every ceiling and a bound close to its value.

    Parameters
    ----------
    problem
        Who may be held where, and how many; its own limits are left aside.
    objective
        What to make least.
    ceilings
        What the plan may have at most of each measure. Leaving everybody without a place must
        keep them, or there may be no plan.
    smallest_gap
        Relative gap at which the search may stop.
    start, prices
        A plan and prices of the ceilings to start from.
    known
        A plan that keeps the ceilings.
    fixed
        Part of the objective that every plan has; gaps are shares of the rest.
    bound_only
        Look for a bound and not for a plan.
    stop_at
        The search may stop once the bound is as high, or when it cannot be.
    most_flows
        Flows after which the search ends with what it has, once a plan is known.
    allowed
        Says whether a flow may be the plan, the ceilings aside.
    seen
        Given the plan of every flow.
    progress
        Told of every flow, with the gap once there is one. Where it raises ``StopEarlyError`` and a
        plan and a bound are known, these are handed back; anything else it raises ends the work.

    Returns
    -------
    Within
        Its gap is 0 where no ceiling binds.

    Raises
    ------
    CeilingError
        When no plan was found that keeps the ceilings.
    """
    search = _Search(problem, objective, ceilings, smallest_gap, start, progress)
    search.fixed, search.known, search.stop_at, search.seen = fixed, known, stop_at, seen
    search.most_flows, search.allowed = most_flows, allowed
    if known is not None:
        search.guess = search.objective_of(known) - fixed
    if prices is None:
        prices = _first_prices(problem, objective, ceilings, search.guess)
    try:
        search.climb(prices)
        if not bound_only:
            search.walk()
    except StopEarlyError:
        if search.best is None or search.least()[0] is None:
            raise
        search.stopped = True
    return search.result()


def _first_prices(
    problem: AllocationProblem, objective: Terms, ceilings: Sequence[Ceiling], guess: int
) -> Floats:
    """Give prices to start from: those of a sample of the people, where there are many."""
    nothing = np.zeros(len(ceilings))
    if not len(ceilings) or len(problem.prisoners) < SAMPLE * SMALLEST_SAMPLE:
        return nothing
    rows = one_in(problem, SAMPLE)
    search = _Search(
        sample(free(problem), SAMPLE),
        [(weight, measure.of_people(rows)) for weight, measure in objective],
        [each.of_sample(rows, SAMPLE) for each in ceilings],
        SAMPLE_GAP,
        None,
        silent,
    )
    search.guess = guess // SAMPLE
    search.climb(nothing)
    assert search.best is not None
    return search.best.prices


class CeilingError(ValueError):
    """No plan was found under the ceilings: ``names`` says which.

    ``bound`` is below every plan that there may be, as ``proof`` proves.
    """

    def __init__(self, names: Sequence[str], bound: int, proof: Proof | None = None) -> None:
        self.names = tuple(names)
        self.bound = bound
        self.proof = proof
        super().__init__(f"No plan keeps {', '.join(names)}. Raise what they may be at most.")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Point:
    """One flow: prices, objective, excess over each ceiling, and the bound it gives."""

    prices: Floats
    value: int
    excess: Integers
    bound: int
    proof: Proof
    plan: Plan

    @property
    def keeps(self) -> bool:
        return bool((self.excess <= 0).all())

    @property
    def scale(self) -> float:
        """Give the parts into which the prices of its flow divide a penny."""
        return self.proof.weight / float(1 << self.proof.bits)


def _scaled(plan: Plan, factor: float) -> Plan:
    """Give a plan with its prices in another scale, to start from."""
    if factor == 1:
        return plan
    unit, estate = (
        np.minimum(np.rint(each * factor), LARGEST_PRICE).astype(np.int64)
        for each in (plan.prices.unit, plan.prices.estate)
    )
    return replace(plan, prices=replace(plan.prices, unit=unit, estate=estate))


class _Search:
    """The flows so far, the best bound among them and the best plan that keeps the ceilings."""

    def __init__(
        self,
        problem: AllocationProblem,
        objective: Terms,
        ceilings: Sequence[Ceiling],
        smallest_gap: float,
        start: Plan | None,
        progress: Progress,
    ) -> None:
        self.problem = free(problem)
        self.objective = objective
        self.ceilings = ceilings
        self.smallest_gap = smallest_gap
        self.progress = progress
        self.start = start
        self.stop_at: int | None = None
        self.known: Integers | None = None
        self.fixed = 0
        self.guess = 0
        self.most_flows = LARGEST_SEARCH + STEPS
        self.allowed: Callable[[Integers], bool] = lambda _: True
        self.seen: Callable[[Integers], None] | None = None
        self.points: list[_Point] = []
        self.best: _Point | None = None
        self.feasible: _Point | None = None
        self.stopped = False
        self.usual = max(1, sum(w * usual(problem, each) for w, each in objective if w))
        self.usual_of = np.array(
            [max(1, usual(problem, each.measure)) for each in ceilings], dtype=np.float64
        )

    def evaluate(self, prices: Floats) -> _Point:
        """Solve at these prices and keep what is learnt."""
        weight, whole, bits = self._wholes(prices)
        for known in self.points:
            if np.array_equal(known.proof.ceilings * weight, whole * known.proof.weight):
                return known
        self.progress(self._stage(), len(self.points), len(self.points) + 1)
        terms = [(weight * each, measure) for each, measure in self.objective]
        terms += [(int(p), each.measure) for p, each in zip(whole, self.ceilings, strict=True)]
        priced = weighted(self.problem, terms, bits=bits)
        plan = solve(priced, start=self._start_near(whole / weight, weight / 2**bits))
        if self.seen is not None:
            self.seen(plan.unit_of)
        value = self.objective_of(plan.unit_of)
        excess = np.array(
            [c.measure.of_plan(self.problem, plan.unit_of) - c.at_most for c in self.ceilings],
            dtype=np.int64,
        )
        let = sum(int(p) * each.at_most for p, each in zip(whole, self.ceilings, strict=True))
        scaled = (priced.value_pennies(plan.unit_of) << bits) - let
        point = _Point(
            prices=whole / weight,
            value=value,
            excess=excess,
            bound=-(-scaled // weight),
            proof=Proof(weight=weight, ceilings=whole, prices=plan.prices, bits=bits),
            plan=plan,
        )
        self.points.append(point)
        if self.best is None or point.bound > self.best.bound:
            self.best = point
        better = self.feasible is None or value < self.feasible.value
        if point.keeps and better and self.allowed(plan.unit_of):
            self.feasible = point
        self._take_what_pays(point)
        return point

    def _stage(self) -> str:
        """Name the work, with the gap where there is one."""
        unit_of, value = self.least()
        if self.best is None or unit_of is None:
            return STAGE
        return so_far(STAGE, value - self.fixed, self.best.bound - self.fixed)

    def _take_what_pays(self, point: _Point) -> None:
        """Make better plans of the best one, of the last flow and of those before it."""
        if not len(self.ceilings):
            return
        base, _ = self.least()
        if base is not None:
            self._keep(self._mixed(base, point.plan.unit_of))
        if point is self.best:
            mixed = point.plan.unit_of
            for each in self.points[-2 : -LATEST - 2 : -1]:
                mixed = self._mixed(mixed, each.plan.unit_of)
            if base is not None:
                mixed = self._mixed(mixed, base)
            self._keep(mixed)

    def _mixed(self, base: Integers, other: Integers) -> Integers:
        """Take what pays of the difference of two plans, with dear prices above the ceilings."""
        assert self.best is not None
        price = DEAR * self._around(self.best)
        ceilings = [
            (each.measure, each.at_most, float(high))
            for each, high in zip(self.ceilings, price, strict=True)
        ]
        return mix(self.problem, self.objective, ceilings, base, other)

    def _keep(self, unit_of: Integers) -> None:
        """Keep a plan that is better than the best one and keeps the ceilings."""
        known, value = self.least()
        if known is not None and self.objective_of(unit_of) >= value:
            return
        over = any(c.measure.of_plan(self.problem, unit_of) > c.at_most for c in self.ceilings)
        if over or not self.allowed(unit_of):
            return
        self.known = unit_of
        if self.seen is not None:
            self.seen(unit_of)

    def _wholes(self, prices: Floats) -> tuple[int, Integers, int]:
        """Write prices as whole weights over a common one; say how many bits do not fit."""
        priced = prices[prices > 0]
        weight = 1
        if len(priced):
            fine = np.ceil(GRAINS / min(1.0, float(priced.min())))
            weight = int(max(1.0, min(fine, LARGEST_WEIGHT / max(1.0, float(priced.max())))))
        whole = np.rint(np.minimum(prices * weight, LARGEST_WEIGHT)).astype(np.int64)
        usual = self.usual * weight + float(self.usual_of @ whole)
        bits = max(0, int(np.ceil(np.log2(usual * HEADROOM / LARGEST_COST))))
        return weight, whole, bits

    def _start_near(self, prices: Floats, scale: float) -> Plan | None:
        """Give the flow at the nearest prices, its own prices in the scale that is asked for."""
        if not self.points:
            return None if self.start is None else _scaled(self.start, scale)
        apart = [
            (np.abs(each.prices - prices) / np.maximum(each.prices + prices, 1e-12)).max(initial=0)
            for each in self.points
        ]
        nearest = int(np.argmin(apart[::-1]))
        if apart[::-1][nearest] > FAR_OFF:
            return None
        point = self.points[::-1][nearest]
        return _scaled(point.plan, scale / point.scale)

    def done(self) -> bool:
        """Say whether the best plan is as close to the bound as asked, or the bound is enough."""
        if self.best is not None and self.stop_at is not None and self.best.bound >= self.stop_at:
            return True
        unit_of, value = self.least()
        if self.best is None or unit_of is None:
            return False
        if len(self.points) >= self.most_flows:
            return True
        return value - self.best.bound <= self.smallest_gap * self._size(value)

    def _size(self, value: int) -> int:
        """Give what gaps are shares of."""
        return max(1, abs(value - self.fixed))

    def climb(self, prices: Floats) -> None:
        """Climb the bound from the best prices, each time half-way to what the planes promise."""
        centre = self.evaluate(prices)
        if not len(self.ceilings):
            return
        reach = REACH
        for _ in range(LARGEST_SEARCH):
            if self.done():
                return
            wanted, promised = self._highest(centre, reach)
            if self.stop_at is not None and promised < self.stop_at and self._inside(wanted):
                return
            gain = promised - centre.bound
            if gain <= max(1.0, 0.1 * self.smallest_gap * self._size(centre.bound)):
                return
            if len(self.ceilings) > 1:
                wanted = self._nearest(centre, promised, reach, wanted)
            point = self.evaluate(wanted)
            if np.array_equal(point.prices, centre.prices):
                return
            if point.bound > centre.bound:
                centre = point

    def _inside(self, prices: Floats) -> bool:
        """Say whether planes on all sides of these prices are known, so that no price does better.

        With one ceiling: a flow at a lower price breaks it, and one at a higher price keeps it.
        """
        if len(self.ceilings) > 1:
            return len(self.points) > 2 * len(self.ceilings)
        broken = [point.prices[0] for point in self.points if point.excess[0] > 0]
        kept = [point.prices[0] for point in self.points if point.excess[0] <= 0]
        return bool(broken and kept and max(broken) < prices[0] < min(kept))

    def _first_radius(self, centre: _Point) -> Floats:
        """Guess how far prices will go: what the objective is per unit of each measure."""
        measured = centre.excess + np.array([each.at_most for each in self.ceilings])
        value = max(self._size(centre.value), self.guess)
        radius: Floats = 0.02 * value / np.maximum(1, measured)
        return radius

    def _planes(self) -> tuple[Floats, Floats, float]:
        """Give excess and height of the planes that lie over the bound, and their size."""
        excess = np.array([point.excess for point in self.points], dtype=np.float64)
        values = np.array([point.value for point in self.points], dtype=np.float64)
        return excess, values, max(1.0, float(np.abs(values).max()))

    def _around(self, centre: _Point) -> Floats:
        """Give how much each price is reckoned to change: as much as it is, or as is likely."""
        around: Floats = np.maximum(centre.prices, self._first_radius(centre))
        return around

    def _highest(self, centre: _Point, reach: float) -> tuple[Floats, float]:
        """Find where the planes so far promise the highest bound within reach."""
        from scipy.optimize import linprog

        step = self._around(centre)
        low = np.maximum(0.0, centre.prices - reach * step)
        wide = centre.prices + reach * step - low
        planes, values, size = self._planes()
        answer: Any = linprog(
            np.concatenate([np.zeros(len(low)), [-1.0]]),
            A_ub=np.hstack([-planes * wide / size, np.ones((len(planes), 1))]),
            b_ub=(values + planes @ low) / size,
            bounds=[(0.0, 1.0)] * len(low) + [(None, None)],
            method="highs",
        )
        if answer.status != 0:
            return centre.prices, -np.inf
        return low + answer.x[:-1] * wide, float(-answer.fun) * size

    def _nearest(self, centre: _Point, promised: float, reach: float, otherwise: Floats) -> Floats:
        """Find the nearest prices where the planes promise half of what is to be gained.

        Lemarechal, Nemirovskii and Nesterov (1995), the level method, with the largest relative
        change as distance.
        """
        from scipy.optimize import linprog

        _, least = self.least()
        top = promised if self.least()[0] is None else min(promised, float(least))
        level = centre.bound + LEVEL * (top - centre.bound)
        step = self._around(centre)
        planes, values, size = self._planes()
        count = len(step)
        promise = np.hstack([-planes * step / size, np.zeros((len(planes), 1))])
        within = np.hstack([np.vstack([np.eye(count), -np.eye(count)]), -np.ones((2 * count, 1))])
        answer: Any = linprog(
            np.concatenate([np.zeros(count), [1.0]]),
            A_ub=np.vstack([promise, within]),
            b_ub=np.concatenate(
                [(values + planes @ centre.prices - level) / size, np.zeros(2 * count)]
            ),
            bounds=[(max(-reach, -c / s), reach) for c, s in zip(centre.prices, step, strict=True)]
            + [(0.0, None)],
            method="highs",
        )
        if answer.status != 0:
            return otherwise
        found: Floats = np.maximum(0.0, centre.prices + answer.x[:-1] * step)
        return found

    def walk(self) -> None:
        """Look for plans that keep the ceilings at prices near the best."""
        if self.best is None or not len(self.ceilings):
            return
        if len(self.ceilings) == 1:
            self._along_the_line(float(self.best.prices[0]))
        else:
            self._by_steps(self.best)

    def _along_the_line(self, base: float) -> None:
        """Raise the only price until its ceiling is kept, then halve towards the best."""
        low, step = 0.0, max(base * 1e-3, 1e-6)
        for _ in range(LINE_SEARCH * 2):
            if self.done():
                return
            if self.evaluate(np.array([base + step])).keeps:
                break
            low, step = step, step * 4
        high = step
        for _ in range(LINE_SEARCH):
            if self.done() or high - low <= 1e-6 * base:
                return
            middle = (low + high) / 2
            if self.evaluate(np.array([base + middle])).keeps:
                high = middle
            else:
                low = middle

    def _by_steps(self, point: _Point) -> None:
        """Raise the prices of what is broken and lower the others, by steps that shrink.

        A step grows while its price keeps its direction and is halved when that turns, as in the
        training of networks (Riedmiller and Braun 1993, Rprop).
        """
        prices = np.maximum(point.prices, 1e-6 * point.prices.max(initial=1e-6))
        step = np.full(len(prices), FIRST_STEP)
        last = np.zeros(len(prices))
        for _ in range(STEPS):
            if self.done():
                return
            way = np.where(point.excess > 0, 1.0, -0.5)
            step = np.where(way * last < 0, step / 2, step * 1.5)
            last = way
            prices = prices * (1 + np.clip(step, 1e-6, 0.5) * way)
            point = self.evaluate(prices)

    def least(self) -> tuple[Integers | None, int]:
        """Give the best plan that keeps the ceilings, found here or known before."""
        best = None if self.feasible is None else self.feasible.plan.unit_of
        value = 0 if self.feasible is None else self.feasible.value
        if self.known is not None:
            before = self.objective_of(self.known)
            if best is None or before < value:
                return self.known, before
        return best, value

    def objective_of(self, unit_of: Integers) -> int:
        """Give the objective of a plan."""
        return sum(w * each.of_plan(self.problem, unit_of) for w, each in self.objective)

    def result(self) -> Within:
        """Give the best plan that keeps the ceilings and the best bound."""
        if not self.stopped:
            self.progress(STAGE, len(self.points), len(self.points))
        assert self.best is not None
        last = self.points[-1] if self.feasible is None else self.feasible
        unit_of, value = self.least()
        if unit_of is None:
            names = [each.measure.name for each in self.ceilings]
            raise CeilingError(names, self.best.bound, self.best.proof)
        return Within(
            unit_of=unit_of,
            value=value,
            bound=self.best.bound,
            proof=self.best.proof,
            plan=_scaled(last.plan, 1 / last.scale),
            evaluations=len(self.points),
            stopped=self.stopped,
        )

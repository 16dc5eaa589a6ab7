"""What the objective costs in moves, crowding or distance: certified points of a trade-off.

Each point is the best plan at a price of the other measure, so that no plan that has as little of
the measure can have a lower objective: every point is its own proof. It is a flow where nothing
else ties people, and else one decision under all limits and ties. The next price is where the line
through two neighbouring points points to, so points lie on the lower edge of all that can be had.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import pairwise
from math import inf, log1p
from typing import TypeAlias, TypeVar

import numpy as np

from data.progress import Progress, silent
from optimiser.ceilings import Ceiling
from optimiser.certify import CertificateError, certify, feasibility_faults
from optimiser.decide import decide
from optimiser.duals import Prices
from optimiser.level_bounds import Question, Span, Tenth
from optimiser.measure import Measure, crowded, flagged, limited, usual, weighted, whole_cost
from optimiser.problem import (
    LARGEST_COST,
    MOVES,
    UNPLACED,
    AllocationProblem,
    Integers,
    Limit,
    PairFlag,
)
from optimiser.solve import Plan, solve
from optimiser.worst import Asked, Cover, Tail, solve_worst, worst_bound
from optimiser.worst_tied import TiedWorst, solve_worst_tied, worst_bound_tied

STAGE = "frontier"

EXACT = 0.0

DEAREST = 8
"""Part of what leaving somebody without a place costs at which one less of a measure is dear."""


PointProof: TypeAlias = Prices | tuple[Cover, ...] | tuple[Span, ...]
"""What proves the bound of a point."""


class Against(StrEnum):
    """What the objective is traded against.

    ``moves``: people in another establishment than today. ``crowding``: people above in-use CNA.
    ``far``: people over 50 straight miles from home. ``worst_tenth``: the sum of straight miles of
    the tenth of people who are furthest from home.
    """

    MOVES = "moves"
    CROWDING = "crowding"
    FAR = "far"
    WORST_TENTH = "worst_tenth"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Point:
    """One plan on the frontier, and its proof.

    Attributes
    ----------
    price
        Pennies of the objective that one less of the measure costs here.
    amount
        What the plan has of the measure; for the worst tenth hundredths of a mile.
    value, bound
        Objective in pennies; what no plan with as little of the measure can be below.
    unit_of
        The plan.
    proof
        Prices that prove the bound, with the rows of ties where there are any. Against the worst
        tenth covers of all thresholds, or spans of them where people are tied.
    """

    price: int
    amount: int
    value: int
    bound: int
    unit_of: Integers
    proof: PointProof

    @property
    def gap(self) -> float:
        """Distance to the bound as a share of the value."""
        return (self.value - self.bound) / max(1, abs(self.value))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TradeOff:
    """What is traded: a problem without a limit on what stands against its objective.

    ``ceilings`` are its limits once more where the worst-off tenth is traded without ties and
    minimums.
    """

    problem: AllocationProblem
    against: Against
    tail: Tail
    ceilings: Sequence[Ceiling]

    @property
    def is_tied(self) -> bool:
        """Whether people are tied to each other, or a limit is a minimum."""
        return bool(self.problem.ties) or any(limit.at_least for limit in self.problem.limits)

    @property
    def is_flow(self) -> bool:
        """Whether each point is a single flow, exact by its prices alone."""
        bound = self.problem.limits or self.problem.ties
        return not bound and self.against is not Against.WORST_TENTH

    @property
    def flag(self) -> PairFlag | None:
        """The flag of the pairs that the measure counts, where that is what it does."""
        return {Against.MOVES: PairFlag.MOVED, Against.FAR: PairFlag.FAR}.get(self.against)

    def limit(self, at_most: int) -> Limit:
        """Give the measure, which counts pairs, as a limit."""
        return Limit(name=self.against, flag=self.flag, people=None, units=None, bound=at_most)

    def counted(self, at_most: int) -> AllocationProblem:
        """Give a problem that is a flow with the measure, which counts pairs, as its only limit."""
        return replace(self.problem, limits=(self.limit(at_most),))

    def priced(self, price: int) -> AllocationProblem:
        """Give the problem with a price on the measure, its limits and ties kept."""
        problem = self.problem
        if price == 0:
            return problem
        if self.against is Against.CROWDING:
            segment = problem.segment_pennies + price * self.measure().segment
            return replace(problem, segment_pennies=np.minimum(segment, LARGEST_COST))
        made = weighted(problem, [(1, whole_cost(problem)), (price, self.measure())])
        return replace(made, limits=problem.limits, ties=problem.ties)

    def measure(self) -> Measure:
        """Give the linear measure that stands against the objective."""
        if self.against is Against.MOVES:
            return flagged(self.problem, PairFlag.MOVED)
        if self.against is Against.FAR:
            return flagged(self.problem, PairFlag.FAR)
        return crowded(self.problem)


def trade_off(problem: AllocationProblem, against: Against, tail: Tail) -> TradeOff:
    """Say what is traded under the limits of a problem, that on the measure itself aside.

    Parameters
    ----------
    problem
        With its limits.
    against
        What stands against the objective.
    tail
        Distances from home.
    """
    own = {Against.MOVES: MOVES, Against.FAR: "far"}.get(against, "")
    kept = replace(problem, limits=tuple(each for each in problem.limits if each.name != own))
    made = TradeOff(problem=kept, against=against, tail=tail, ceilings=())
    if against is not Against.WORST_TENTH or made.is_tied:
        return made
    ceilings = [Ceiling(measure=limited(kept, each), at_most=each.bound) for each in kept.limits]
    return replace(made, ceilings=ceilings)


def trace(
    traded: TradeOff,
    points: int,
    *,
    smallest_gap: float = EXACT,
    found: Callable[[Point], None] | None = None,
    progress: Progress = silent,
) -> list[Point]:
    """Find certified points, each from the last, spread evenly over the measure.

    Parameters
    ----------
    traded
        What is traded.
    points
        How many to find, at least 2; fewer are there when the frontier has fewer corners.
    smallest_gap
        Relative gap of each point against the worst-off tenth. With one flow a point the gap is 0;
        under limits and ties it is what their multipliers leave, most often less than a pound.
    found
        Given each point as it is found.
    progress
        Told of every point; what it raises ends the work.

    Returns
    -------
    list
        Ordered by the measure, least first. The objective never rises, and ever more of the
        measure buys ever less.
    """
    search = _Search(traded, points, smallest_gap, found, progress)
    search.ends()
    while len(search.points) < points and search.between():
        pass
    progress(STAGE, points, points)
    return search.corners()


def certify_point(traded: TradeOff, point: Point, *, largest_gap: float | None = EXACT) -> None:
    """Check a point with arithmetic alone: rules, ceilings, objective, measure, bound and gap.

    Parameters
    ----------
    traded, point
        What was traded, and the point.
    largest_gap
        Gap up to which the point passes; none for the gap that it states itself. Its bound is
        worked out anew, and a point that states a higher one, a smaller gap, never passes.

    Raises
    ------
    CertificateError
        Naming every fault.
    """
    problem = traded.problem
    faults = feasibility_faults(problem, point.unit_of)
    if not faults:
        if problem.value_pennies(point.unit_of) != point.value:
            faults.append("the objective is not that of the plan")
        if amount_of(traded, point.unit_of) != point.amount:
            faults.append(f"the plan has not as much of {traded.against} as is said")
        if point.price < 0:
            faults.append("a price below 0 bounds no plan with less of the measure")
        bound = _bound(traded, point)
        proven = replace(point, bound=bound)
        if bound < point.bound or (largest_gap is not None and proven.gap > largest_gap):
            faults.append(f"no bound closer than {bound} pennies is proven")
    if faults:
        raise CertificateError(faults)


def amount_of(traded: TradeOff, unit_of: Integers) -> int:
    """Give what a plan has of the measure."""
    if traded.against is Against.WORST_TENTH:
        return traded.tail.worst_parts(traded.problem, unit_of)
    if traded.flag is not None:
        return traded.problem.counts(unit_of, traded.limit(0))
    return traded.measure().of_plan(traded.problem, unit_of)


def savings_at_most(points: Sequence[Point], step: int) -> list[int]:
    """Say what more of the measure can save at the most, whatever plan has it.

    The proof of each point bounds every plan at every amount: none with amount *x* has an objective
    below the point's bound and its price times (its amount less *x*). The highest of these lines at
    the amount of a point and ``step`` more is as low as any plan there can be.

    Parameters
    ----------
    points
        Points of one trade-off; more of them bound closer.
    step
        How much more of the measure, in the unit of ``amount``.

    Returns
    -------
    list of int
        One per point, pennies.
    """
    return [
        min(
            point.value - each.bound - each.price * (each.amount - point.amount - step)
            for each in points
        )
        for point in points
    ]


def _bound(traded: TradeOff, point: Point) -> int:
    let = point.price * point.amount
    proof = point.proof
    if not isinstance(proof, Prices):
        covers = [each for each in proof if isinstance(each, Cover)]
        if not traded.is_tied:
            return worst_bound(_asked(traded, point.price), covers) - let
        spans = [each for each in proof if isinstance(each, Span)]
        return worst_bound_tied(_tied(traded, point.price), spans) - let
    if traded.is_flow and traded.flag is not None:
        if proof.limit.tolist() != [point.price * proof.scale]:
            raise CertificateError(["the proof is at another price of the measure"])
        counted = traded.counted(point.amount)
        return certify(counted, point.unit_of, proof, largest_gap=inf).bound_pennies
    priced = traded.priced(point.price)
    return certify(priced, point.unit_of, proof, largest_gap=inf).bound_pennies - let


def _asked(traded: TradeOff, price: int) -> Asked:
    return Asked(
        problem=traded.problem,
        objective=[(1, whole_cost(traded.problem))],
        tail=traded.tail,
        weight_pennies=price,
        ceilings=traded.ceilings,
    )


def _tied(traded: TradeOff, price: int) -> Question:
    tenth = Tenth(tail=traded.tail, weight_pennies=price)
    return Question(problem=traded.problem, tenth=tenth)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Found:
    """A plan at a price, what no plan can be below at that price, its proof, and a flow."""

    unit_of: Integers
    bound: int
    proof: PointProof
    plan: Plan | TiedWorst


class _Search:
    """Points by price, and the neighbours between which there is nothing more to find."""

    def __init__(
        self,
        traded: TradeOff,
        wanted: int,
        smallest_gap: float,
        found: Callable[[Point], None] | None,
        progress: Progress,
    ) -> None:
        self.traded = traded
        self.wanted = wanted
        self.smallest_gap = smallest_gap
        self.found = found
        self.progress = progress
        self.points: list[Point] = []
        self.empty: set[tuple[int, int]] = set()
        self.plans: dict[int, Plan] = {}
        self.tied: dict[int, TiedWorst] = {}
        self.linear = None if traded.against is Against.WORST_TENTH else traded.measure()
        self.flow = traded.problem if traded.flag is None else traded.counted(0)

    def evaluate(self, price: int) -> Point:
        """Find the best plan at a price of the measure."""
        self.progress(STAGE, min(len(self.points), self.wanted - 1), self.wanted)
        if self.linear is None:
            found = self._worst_tied(price) if self.traded.is_tied else self._worst(price)
        elif self.traded.is_flow:
            found = self._flow(price)
        else:
            found = self._decision(price)
        if isinstance(found.plan, TiedWorst):
            self.tied[price] = found.plan
        else:
            self.plans[price] = found.plan
        amount = amount_of(self.traded, found.unit_of)
        return Point(
            price=price,
            amount=amount,
            value=self.traded.problem.value_pennies(found.unit_of),
            bound=found.bound - price * amount,
            unit_of=found.unit_of,
            proof=found.proof,
        )

    def _worst(self, price: int) -> _Found:
        asked = _asked(self.traded, price)
        best = solve_worst(asked, smallest_gap=self.smallest_gap, start=_nearest(self.plans, price))
        return _Found(unit_of=best.unit_of, bound=best.bound, proof=best.covers, plan=best.plan)

    def _worst_tied(self, price: int) -> _Found:
        best = solve_worst_tied(
            _tied(self.traded, price),
            smallest_gap=self.smallest_gap,
            start=_nearest(self.tied, price),
            progress=self.progress,
        )
        return _Found(unit_of=best.unit_of, bound=best.bound, proof=best.spans, plan=best)

    def _flow(self, price: int) -> _Found:
        traded, start = self.traded, self._between(price)
        if traded.flag is None:
            best = solve(traded.priced(price), start=start)
        else:
            theta = np.array([price], dtype=np.int64)
            best = solve(self.flow, limit_pennies=theta, start=start)
        # a flow is the best there is at its price, which its certificate shows anew
        value = traded.problem.value_pennies(best.unit_of)
        bound = value + price * amount_of(traded, best.unit_of)
        return _Found(unit_of=best.unit_of, bound=bound, proof=best.prices, plan=best)

    def _decision(self, price: int) -> _Found:
        priced = self.traded.priced(price)
        start = _nearest(self.plans, price)
        best = decide(priced, self.progress, start, smallest_gap=self.smallest_gap)
        proven = certify(priced, best.unit_of, best.proof, largest_gap=inf)
        return _Found(
            unit_of=best.unit_of,
            bound=proven.bound_pennies,
            proof=best.proof,
            plan=best.start(),
        )

    def _between(self, price: int) -> Plan | None:
        """Give the plan at the nearest price, with prices of units between those of two plans."""
        nearest = _nearest(self.plans, price)
        below = max((each for each in self.plans if each <= price), default=None)
        above = min((each for each in self.plans if each > price), default=None)
        if nearest is None or below is None or above is None:
            return nearest
        share = (price - below) / (above - below)
        low, high = self.plans[below].prices, self.plans[above].prices
        unit, estate = (
            np.rint(one + share * (other - one)).astype(np.int64)
            for one, other in ((low.unit, high.unit), (low.estate, high.estate))
        )
        return replace(nearest, prices=replace(nearest.prices, unit=unit, estate=estate))

    def keep(self, point: Point) -> None:
        """Keep a point in its place."""
        self.points.append(point)
        self.points.sort(key=lambda each: (each.amount, each.value, each.price))
        if self.found is not None:
            self.found(point)

    def ends(self) -> None:
        """Find the least objective, then the least of the measure that leaves nobody out."""
        cheapest = self.evaluate(0)
        self.keep(cheapest)
        unplaced = int((cheapest.unit_of == UNPLACED).sum())
        price = self._dearest()
        while price > 0:
            point = self.evaluate(price)
            if int((point.unit_of == UNPLACED).sum()) <= unplaced:
                if point.amount < cheapest.amount:
                    self.keep(point)
                return
            price //= 4

    def _dearest(self) -> int:
        """Give a price of the measure that outweighs most else, but not being left without."""
        problem = self.traded.problem
        most = int(self.traded.tail.parts.max(initial=1)) if self.linear is None else 1
        room = LARGEST_COST // 4 - usual(problem, whole_cost(problem))
        dear = min(int(problem.unplaced_pennies.min(initial=LARGEST_COST)) // DEAREST, room)
        return max(1, dear // max(1, most))

    def between(self) -> bool:
        """Find a point in the widest gap; say whether there was one left to look into."""
        pairs = [
            (low, high)
            for low, high in pairwise(self.points)
            if (low.amount, high.amount) not in self.empty and high.amount > low.amount
        ]
        if not pairs:
            return False
        low, high = max(pairs, key=lambda pair: pair[1].amount - pair[0].amount)
        price = (low.value - high.value) // (high.amount - low.amount)
        point = self.evaluate(min(max(price, high.price), low.price))
        if low.amount < point.amount < high.amount:
            self.keep(point)
        else:
            self.empty.add((low.amount, high.amount))
        return True

    def corners(self) -> list[Point]:
        """Leave out points that others do as well as with less."""
        kept: list[Point] = []
        for point in self.points:
            if not kept or point.value < kept[-1].value:
                kept.append(point)
        return kept


Known = TypeVar("Known")


def _nearest(known: Mapping[int, Known], price: int) -> Known | None:
    """Give what is known at the nearest price so far, by ratio."""
    if not known:
        return None
    return known[min(known, key=lambda each: abs(log1p(each) - log1p(price)))]

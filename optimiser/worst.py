"""The worst-off tenth: the mean distance of the tenth of people who are furthest from home.

It is the conditional value at risk of straight-line miles, a limit or a weighted term. The sum over
the *m* people furthest away is the least, over every threshold *t*, of *m t* plus the miles of
everybody beyond *t*. At one threshold it is a linear measure, and the best plan a flow, so the
search branches over the threshold: flows at thresholds give plans, and a measure that lies below
the true one everywhere inside an interval of thresholds gives a bound for the interval.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from math import inf

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.progress import Progress, StopEarlyError, silent, so_far
from data.travel import TravelTimes
from optimiser.ceilings import (
    Ceiling,
    CeilingError,
    Floats,
    Proof,
    Terms,
    Within,
    bound_of,
    solve_within,
)
from optimiser.measure import Measure, per_establishment
from optimiser.objective import WORST_TENTH
from optimiser.problem import UNPLACED, AllocationProblem, Integers
from optimiser.solve import Plan

STAGE = "worst tenth"

PARTS_PER_MILE = 100
"""Whole units of distance: a hundredth of a mile."""

WORST_SHARE = 0.1
"""The share of people who count as the worst off."""

LARGEST_DESCENT = 6
"""Thresholds that are followed one from the next."""

ENOUGH = 1e-5
"""Share by which the value must fall for the next threshold to be followed."""

LARGEST_SPLITS = 200
"""Intervals that are halved before the search takes what it has."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tail:
    """Distances from home, and how many people the worst-off tenth is.

    Attributes
    ----------
    parts
        Straight-line distance in hundredths of a mile; shape (home areas + 1, establishments); the
        last row, of zeros, is for people whose home is not known.
    group_of
        Row of each person; shape (prisoners,).
    count
        A tenth of the people whose home is known, rounded up.
    """

    parts: NDArray[np.int32]
    group_of: Integers
    count: int

    def distances(self, problem: AllocationProblem, unit_of: Integers) -> Integers:
        """Give how far from home each person is held; 0 where that is unknown; (prisoners,)."""
        at = problem.unit_establishment[np.where(unit_of == UNPLACED, 0, unit_of)]
        far = self.parts[self.group_of, at].astype(np.int64)
        return np.where(unit_of == UNPLACED, 0, far)

    def worst_parts(self, problem: AllocationProblem, unit_of: Integers) -> int:
        """Add up the distances of the worst-off tenth under a plan."""
        far = self.distances(problem, unit_of)
        return int(np.partition(far, len(far) - self.count)[len(far) - self.count :].sum())

    def mean_miles(self, problem: AllocationProblem, unit_of: Integers) -> float:
        """Give the mean distance of the worst-off tenth under a plan, in miles."""
        return self.worst_parts(problem, unit_of) / max(1, self.count) / PARTS_PER_MILE

    def threshold(self, problem: AllocationProblem, unit_of: Integers) -> int:
        """Give the distance of the last person who belongs to the worst-off tenth."""
        far = self.distances(problem, unit_of)
        return int(np.partition(far, len(far) - self.count)[len(far) - self.count])

    def beyond(self, problem: AllocationProblem, threshold: int) -> Measure:
        """Measure how far people are beyond a threshold."""
        return self._measure(problem, np.maximum(self.parts - np.int32(threshold), 0))

    def beyond_at_least(self, problem: AllocationProblem, low: int, high: int) -> Measure:
        """Measure less than anybody is beyond the lower of two thresholds, and linear between.

        For every threshold *t* between the two, people at least ``high`` away are beyond it by
        their distance beyond ``high`` and by ``high - t``; at ``low`` that is counted whole.
        """
        above = np.maximum(self.parts - np.int32(high), 0)
        return self._measure(problem, above + np.int32(high - low) * (self.parts >= high))

    def _measure(self, problem: AllocationProblem, values: NDArray[np.int32]) -> Measure:
        return per_establishment(problem, WORST_TENTH, values, self.group_of)


def tail_of(prisoners: pd.DataFrame, travel: TravelTimes) -> Tail:
    """Measure how far every home area is from every establishment.

    Parameters
    ----------
    prisoners
        The population table, in the order of the problem.
    travel
        Straight-line miles.

    Returns
    -------
    Tail
        People whose home area is unknown are at no distance and do not count.
    """
    area = travel.home_areas.get_indexer(pd.Index(prisoners["home_area"]))
    parts = np.rint(travel.straight_miles * PARTS_PER_MILE).astype(np.int32)
    unknown = np.zeros((1, parts.shape[1]), dtype=np.int32)
    known = int((area >= 0).sum())
    return Tail(
        parts=np.concatenate([parts, unknown]),
        group_of=np.where(area >= 0, area, len(parts)).astype(np.int64),
        count=-(-known // round(1 / WORST_SHARE)),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cover:
    """Proof for one interval of thresholds: two relaxations, one for each end.

    No plan whose best threshold lies from ``low`` to ``high`` has a value below either bound:
    what the plan is subject to is linear in the threshold, so it holds at one end where it holds
    anywhere between. At ``high`` the proof is that of the threshold itself.
    """

    low: int
    high: int
    at_low: Proof
    at_high: Proof


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WorstPlan:
    """The best plan found, and the proof of how good it is.

    Attributes
    ----------
    unit_of
        Unit of each person, or ``UNPLACED``.
    value, bound
        Objective in pennies, the weighted worst-off tenth included, and what no plan can be below.
    worst_miles
        Mean miles of the worst-off tenth under the plan.
    covers
        Intervals that together hold every threshold.
    flows
        Flows it took.
    plan
        A flow to start another search from.
    stopped
        Whether whoever watched ended the work early.
    """

    unit_of: Integers
    value: int
    bound: int
    worst_miles: float
    covers: tuple[Cover, ...]
    flows: int
    plan: Plan
    stopped: bool = False

    @property
    def gap(self) -> float:
        """Distance to the bound as a share of the value."""
        return (self.value - self.bound) / max(1, abs(self.value))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Asked:
    """What is asked of the worst-off tenth: a price per mile, or a ceiling on its mean.

    Attributes
    ----------
    problem, objective, ceilings
        Who may be held where; what is made least besides; what else it is subject to.
    tail
        Distances.
    weight_pennies
        Pennies for each hundredth of a mile of each person of the worst-off tenth.
    at_most_parts
        Most that the mean may be, in hundredths of a mile; none for no ceiling.
    """

    problem: AllocationProblem
    objective: Terms
    tail: Tail
    weight_pennies: int = 0
    at_most_parts: int | None = None
    ceilings: Sequence[Ceiling] = field(default=())

    def terms(self, measure: Measure) -> Terms:
        """Give the objective when the tenth is measured so."""
        return [*self.objective, (self.weight_pennies, measure)]

    def subject_to(self, measure: Measure, threshold: int) -> Sequence[Ceiling]:
        """Give the ceilings when the tenth is measured so with this threshold."""
        if self.at_most_parts is None:
            return self.ceilings
        room = self.tail.count * (self.at_most_parts - threshold)
        return [*self.ceilings, Ceiling(measure=measure, at_most=room)]

    def fixed(self, threshold: int) -> int:
        """Give what the threshold itself costs, in pennies."""
        return self.weight_pennies * self.tail.count * threshold

    def value(self, unit_of: Integers) -> int:
        """Give the objective of a plan with the true worst-off tenth, in pennies."""
        other = sum(w * each.of_plan(self.problem, unit_of) for w, each in self.objective)
        return other + self.weight_pennies * self.tail.worst_parts(self.problem, unit_of)

    def keeps(self, unit_of: Integers) -> bool:
        """Say whether a plan keeps every ceiling, that on the true tenth included."""
        if self.at_most_parts is not None:
            worst = self.tail.worst_parts(self.problem, unit_of)
            if worst > self.tail.count * self.at_most_parts:
                return False
        return all(c.measure.of_plan(self.problem, unit_of) <= c.at_most for c in self.ceilings)

    @property
    def highest(self) -> int:
        """Give the highest threshold that can be best."""
        furthest = int(self.tail.parts.max(initial=0))
        return furthest if self.at_most_parts is None else min(furthest, self.at_most_parts)


def solve_worst(
    asked: Asked,
    *,
    smallest_gap: float,
    start: Plan | None = None,
    progress: Progress = silent,
) -> WorstPlan:
    """Find the best plan when the worst-off tenth is priced or limited, and a bound close to it.

    Parameters
    ----------
    asked
        What is asked.
    smallest_gap
        Relative gap at which the search may stop.
    start
        A flow to start from.
    progress
        Told of every flow, with the gap once there is a plan. Where it raises ``StopEarlyError`` by
        then, the best plan so far is handed over; anything else it raises ends the work.

    Returns
    -------
    WorstPlan
        Certified by ``worst_bound``, which knows no solver.

    Raises
    ------
    CeilingError
        When no plan was found that keeps the ceilings.

    Notes
    -----
    Rockafellar and Uryasev (2000), "Optimization of conditional value-at-risk", Journal of Risk 2:
    the sum over the worst is the least over thresholds.
    """
    search = Search(asked, smallest_gap, start, progress)
    try:
        search.descend()
        search.branch()
    except StopEarlyError:
        if search.best is None or search.plain is None:
            raise
        search.cover_the_rest(search.plain)
    return search.result()


def worst_bound(asked: Asked, covers: Sequence[Cover]) -> int:
    """Give the bound that covers of all thresholds prove; no solver is used.

    Parameters
    ----------
    asked
        What was asked.
    covers
        Intervals of thresholds with the proofs of their ends.

    Returns
    -------
    int
        Pennies that no plan can be below.

    Raises
    ------
    ValueError
        When the intervals leave a threshold out.
    """
    ordered = sorted(covers, key=lambda each: each.low)
    joined = all(a.high >= b.low for a, b in pairwise(ordered))
    if not ordered or ordered[0].low > 0 or ordered[-1].high < asked.highest or not joined:
        raise ValueError("The intervals of the proof do not hold every threshold.")
    bounds: dict[tuple[int, int], int] = {}
    for each in ordered:
        bounds[each.high, each.high] = _proven(asked, each.high, each.high, each.at_high)
        bounds[each.low, each.high] = _proven(asked, each.low, each.high, each.at_low)
    return min(bounds.values())


def _proven(asked: Asked, low: int, high: int, proof: Proof) -> int:
    measure = asked.tail.beyond_at_least(asked.problem, low, high)
    ceilings = asked.subject_to(measure, low)
    return asked.fixed(low) + bound_of(asked.problem, asked.terms(measure), ceilings, proof)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Relaxed:
    """What a relaxation says: its bound, which is that of its plan, and the plan's threshold."""

    bound: int
    proof: Proof
    threshold: int
    plan: Plan | None

    @property
    def prices(self) -> Floats:
        """Give the prices of the ceilings."""
        prices: Floats = self.proof.ceilings / self.proof.weight
        return prices


class Search:
    """Thresholds solved so far, the intervals between them, and the best plan."""

    def __init__(
        self, asked: Asked, smallest_gap: float, start: Plan | None, progress: Progress
    ) -> None:
        self.asked = asked
        self.smallest_gap = smallest_gap
        self.start = start
        self.progress = progress
        self.best: Integers | None = None
        self.value = 0
        self.flows = 0
        self.ends: list[int] = []
        self.at: dict[int, Relaxed] = {}
        self.between: dict[tuple[int, int], Relaxed] = {}
        self.plain: Within | None = None
        self.stopped = False

    def _told(self, stage: str, done: int, total: int) -> None:
        """Report a flow, with the gap to the plain plan's bound once there is a plan to hand over.

        Whatever the worst-off tenth weighs is not below 0, so that this bound holds as well.
        """
        if self.best is not None and self.plain is not None:
            stage = so_far(STAGE, self.value, self.plain.bound)
        else:
            stage = STAGE
        self.progress(stage, done, total)

    def cover_the_rest(self, plain: Within) -> None:
        """Prove what was not reached by the prices of the plain plan, where the tenth is free."""
        self.stopped = True
        asked = self.asked
        self.ends = sorted({0, *(each for each in self.ends if each in self.at), asked.highest})
        free = 0 if asked.at_most_parts is None else 1
        ceilings = np.concatenate([plain.proof.ceilings, np.zeros(free, dtype=np.int64)])
        proof = replace(plain.proof, ceilings=ceilings)

        def proven(low: int, high: int) -> Relaxed:
            bound = _proven(asked, low, high, proof)
            return Relaxed(bound=bound, proof=proof, threshold=low, plan=None)

        for low, high in self._intervals():
            if high not in self.at:
                self.at[high] = proven(high, high)
            if (low, high) not in self.between:
                self.between[low, high] = proven(low, high)

    def solve(self, low: int, high: int, *, bound_only: bool = True) -> Relaxed:
        """Solve one relaxation: at a threshold, or over an interval for its lower end."""
        asked = self.asked
        measure = asked.tail.beyond_at_least(asked.problem, low, high)
        fixed = asked.fixed(low)
        stop_at = None if self.best is None else self._enough() - fixed
        near = self._nearest(low, high)
        start = self.start if near is None or near.plan is None else near.plan
        try:
            found = solve_within(
                asked.problem,
                asked.terms(measure),
                asked.subject_to(measure, low),
                smallest_gap=self.smallest_gap / 4,
                start=start,
                prices=None if near is None else near.prices,
                bound_only=bound_only,
                stop_at=stop_at,
                seen=self._seen,
                progress=self._told,
            )
        except CeilingError as error:
            if error.proof is None:
                raise
            return Relaxed(
                bound=fixed + error.bound,
                proof=error.proof,
                threshold=(low + high) // 2,
                plan=None,
            )
        if found.stopped:
            raise StopEarlyError
        self.start = found.plan
        return Relaxed(
            bound=fixed + found.bound,
            proof=found.proof,
            threshold=asked.tail.threshold(asked.problem, found.unit_of),
            plan=found.plan,
        )

    def _nearest(self, low: int, high: int) -> Relaxed | None:
        """Give what was solved for the thresholds that are most like these."""
        solved = {(each, each): found for each, found in self.at.items()} | self.between
        nearest = min(
            solved, key=lambda pair: abs(pair[0] - low) + abs(pair[1] - high), default=None
        )
        return None if nearest is None else solved[nearest]

    def _seen(self, unit_of: Integers) -> None:
        self.flows += 1
        value = self.asked.value(unit_of)
        if (self.best is None or value < self.value) and self.asked.keeps(unit_of):
            self.best, self.value = unit_of, value

    def _enough(self) -> int:
        """Give the bound at which no interval can hold a plan that is better by what is asked."""
        return self.value - int(self.smallest_gap * abs(self.value))

    def descend(self) -> None:
        """Follow the plan's own threshold while plans get better, from that of the plain plan."""
        self.follow()
        self._add_highest()

    def follow(self) -> None:
        """Follow the plan's own threshold while plans get better."""
        asked = self.asked
        plain = solve_within(
            asked.problem,
            asked.objective,
            asked.ceilings,
            smallest_gap=self.smallest_gap,
            start=self.start,
            seen=self._seen,
            progress=self._told,
        )
        self.plain = plain
        if plain.stopped:
            raise StopEarlyError
        self.start = plain.plan
        threshold = min(asked.tail.threshold(asked.problem, plain.unit_of), asked.highest)
        self.ends.append(0)
        before = inf
        for _ in range(LARGEST_DESCENT):
            self._add(threshold, bound_only=False)
            following = min(self.at[threshold].threshold, asked.highest)
            if following in self.at or self.value > (1 - ENOUGH) * before:
                break
            threshold, before = following, self.value

    def _add_highest(self) -> None:
        """Add the highest threshold, and that which no better plan can be above."""
        self._add(self.asked.highest)
        enough = self._thresholds_enough()
        if enough is not None:
            self._add(enough)

    def _thresholds_enough(self) -> int | None:
        """Give the threshold that costs as much as the best plan gains over paying for none."""
        asked = self.asked
        each = asked.weight_pennies * asked.tail.count
        if each == 0 or self.best is None:
            return None
        nothing = self.at[asked.highest].bound - asked.fixed(asked.highest)
        enough = -(-(self.value - nothing) // each)
        return enough if 0 < enough < asked.highest else None

    def _add(self, threshold: int, *, bound_only: bool = True) -> None:
        if threshold not in self.at:
            if threshold not in self.ends:
                insort(self.ends, threshold)
            self.at[threshold] = self.solve(threshold, threshold, bound_only=bound_only)

    def _intervals(self) -> list[tuple[int, int]]:
        return list(pairwise(self.ends)) or [(self.ends[0], self.ends[0])]

    def branch(self) -> None:
        """Halve the interval with the least bound until none can hold a much better plan."""
        for splits_left in range(LARGEST_SPLITS, -1, -1):
            for pair in self._intervals():
                if pair not in self.between:
                    self.between[pair] = self.solve(*pair)
            low, high = min(self._intervals(), key=lambda pair: self.between[pair].bound)
            enough = self.between[low, high].bound >= self._enough()
            if enough or high - low <= 1 or not splits_left:
                return
            inside = self.between[low, high].threshold
            margin = max(1, (high - low) // 10)
            split = inside if low + margin <= inside <= high - margin else (low + high) // 2
            self._add(split)

    def _closest_ends(self, intervals: list[tuple[int, int]]) -> dict[int, Relaxed]:
        """Give the best bound of each end: what an interval that begins there counts is less."""
        ends = dict(self.at)
        for low, high in intervals:
            if low in ends and self.between[low, high].bound > ends[low].bound:
                ends[low] = self.between[low, high]
        return ends

    def result(self) -> WorstPlan:
        """Give the best plan and the least bound over all intervals."""
        if self.best is None:
            names = [WORST_TENTH, *(each.measure.name for each in self.asked.ceilings)]
            raise CeilingError(names, min(each.bound for each in self.between.values()))
        plan = self.start if self.start is not None or self.plain is None else self.plain.plan
        assert plan is not None
        intervals = self._intervals()
        ends = self._closest_ends(intervals)
        bound = min(min(self.between[pair].bound, ends[pair[1]].bound) for pair in intervals)
        return WorstPlan(
            unit_of=self.best,
            value=self.value,
            bound=min(bound, self.value),
            worst_miles=self.asked.tail.mean_miles(self.asked.problem, self.best),
            covers=tuple(
                Cover(
                    low=low,
                    high=high,
                    at_low=self.between[low, high].proof,
                    at_high=ends[high].proof,
                )
                for low, high in intervals
            ),
            flows=self.flows,
            plan=plan,
            stopped=self.stopped,
        )

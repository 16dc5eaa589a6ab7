"""A level in which the worst-off tenth counts: a plan threshold by threshold, a bound over all.

At one threshold the tenth is linear, and the level a programme by columns. Its multipliers bound
every other threshold as well, the closer the nearer, at the price of a pass over people and
establishments each; where that is not close enough, another threshold is solved.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise

import numpy as np

from data.progress import Progress, StopEarlyError, so_far
from optimiser.ceilings import Ceiling, Proof
from optimiser.columns import ColumnPlan, solve_by_columns
from optimiser.decide import Watch
from optimiser.duals import Prices
from optimiser.level_bounds import Held, LevelBound, Question, Span
from optimiser.linear import NoAnswerError
from optimiser.measure import Measure
from optimiser.pool import size_of
from optimiser.problem import AllocationProblem, Integers
from optimiser.reckoned import Reckoned, reckon
from optimiser.repriced import repriced
from optimiser.worst import STAGE, Tail

MOST_THRESHOLDS = 4
"""Thresholds at which a level is solved with its limits and ties."""

MOST_FLOWS = 8
"""Thresholds after each programme at which a flow prices places anew."""

CLOSER = 0.25
"""Share of the gap that is let be at which a programme may end."""

FIRST_INTERVALS = 16
"""Intervals of thresholds that multipliers are tried on first."""

PARTS = 4
"""Intervals into which one is cut whose bound is not close enough."""

MOST_INTERVALS = 250
"""Intervals after which none is cut any more."""

SLACK = 10
"""An interval is left whole when its bound is this part of the allowed gap from those of its
ends."""


class Spans:
    """Intervals that hold every threshold, each with the best bound so far and what proves it."""

    def __init__(self, asked: Question, measure: Measure, held: Held) -> None:
        self.asked, self.measure, self.held = asked, measure, held
        self.highest = asked.highest(held)
        self.proofs: list[Proof] = []
        self.found: dict[tuple[int, int], tuple[int, int]] = {}

    @property
    def bound(self) -> int:
        """Give what no plan has less of; 0 before there are multipliers."""
        return min((bound for bound, _ in self.found.values()), default=0)

    @property
    def weakest(self) -> tuple[int, int]:
        """Give the interval with the least bound."""
        return min(self.found, key=lambda pair: (self.found[pair][0], pair))

    def add(
        self, proof: Proof, threshold: int, enough: int, slack: int, goes_on: Callable[[], bool]
    ) -> None:
        """Bound all intervals that need it by more multipliers, and cut those that gain by it.

        Parameters
        ----------
        proof
            Found at the threshold.
        threshold
            Becomes an end of intervals.
        enough
            Bound that is as good as any higher one.
        slack
            Bounds this far below what the ends of an interval allow are good enough as well.
        goes_on
            Question between rounds.
        """
        number = len(self.proofs)
        level = LevelBound(self.asked, self.measure, self.held, proof)
        self.proofs.append(proof)
        if self.found:
            self._cut_at(threshold)
            todo = [pair for pair, (bound, _) in self.found.items() if bound < enough]
        else:
            grid = np.linspace(0, self.highest, min(self.highest, FIRST_INTERVALS) + 1)
            ends = sorted({*grid.astype(np.int64).tolist(), min(threshold, self.highest)})
            todo = list(pairwise(ends)) or [(0, 0)]
        while todo:
            coarse = []
            for low, high in todo:
                bound = level.between(low, high)
                before = self.found.get((low, high))
                if before is None or bound > before[0]:
                    self.found[low, high] = bound, number
                most = min(enough, level.at(low), level.at(high))
                if self.found[low, high][0] < most - slack and high - low > 1:
                    coarse.append((low, high))
            if not goes_on():
                return
            room = (MOST_INTERVALS - len(self.found)) // (PARTS - 1)
            coarse.sort(key=lambda pair: self.found[pair])
            todo = [child for pair in coarse[: max(0, room)] for child in self._cut(pair)]

    def _cut_at(self, threshold: int) -> None:
        for low, high in list(self.found):
            if low < threshold < high:
                self._replace((low, high), [low, threshold, high])

    def _cut(self, pair: tuple[int, int]) -> list[tuple[int, int]]:
        ends = sorted({*np.linspace(*pair, PARTS + 1).astype(np.int64).tolist()})
        return self._replace(pair, ends)

    def _replace(self, pair: tuple[int, int], ends: list[int]) -> list[tuple[int, int]]:
        """Cut an interval; what bounds the whole bounds its parts."""
        known = self.found.pop(pair)
        parts = list(pairwise(ends))
        self.found.update(dict.fromkeys(parts, known))
        return parts

    def spans(self) -> tuple[Span, ...]:
        """Give the multipliers that are needed, each with its intervals."""
        made = []
        for number, proof in enumerate(self.proofs):
            own = sorted(pair for pair, (_, each) in self.found.items() if each == number)
            if own:
                low, high = np.array(own, dtype=np.int64).T
                made.append(Span(low=low, high=high, proof=proof))
        return tuple(made)


class Thresholds:
    """The best plan so far of a level in which the tenth counts, and its spans.

    Parameters
    ----------
    asked, measure, held
        What is made least, and what earlier levels allow.
    known, is_kept
        A plan to start from, and whether it keeps everything.
    smallest_gap
        Relative gap at which the work may end.
    watch, told
        Whoever may end the work, and how they are told of it.
    ends_with_plan
        Whether a plan is all that is wanted, without a bound.
    """

    def __init__(
        self,
        asked: Question,
        measure: Measure,
        held: Held,
        known: Integers,
        *,
        smallest_gap: float,
        watch: Watch,
        told: Progress,
        is_kept: bool = True,
        ends_with_plan: bool = False,
    ) -> None:
        self.asked, self.measure, self.held = asked, measure, held
        self.known = known
        self.is_kept = is_kept
        self.smallest_gap = smallest_gap
        self.watch, self.told = watch, told
        self.ends_with_plan = ends_with_plan
        self.spans = Spans(asked, measure, held)
        self.value = asked.amount(measure, known)
        self.prices: Prices | None = None
        self.threshold = 0
        self.tried: set[int] = set()
        self.priced: set[int] = set()

    @property
    def tail(self) -> Tail:
        """Give the distances."""
        assert self.asked.tenth is not None
        return self.asked.tenth.tail

    def solve(self, threshold: int, first: Callable[[Reckoned], Prices]) -> None:
        """Solve at a threshold, then where the plan's own or the least bound lies, while it pays.

        Parameters
        ----------
        threshold
            To begin with.
        first
            Gives prices to start from.
        """
        with suppress(StopEarlyError):
            while len(self.tried) < MOST_THRESHOLDS and threshold not in self.tried:
                self.tried.add(threshold)
                unit_of = self._solve_at(threshold, first)
                if self.watch.stopped or self._is_done():
                    return
                threshold = self._next(unit_of)

    def _solve_at(self, threshold: int, first: Callable[[Reckoned], Prices]) -> Integers:
        """Solve at one threshold, and bound all by it; give its plan, or the best without one."""
        reckoned = reckon(self.asked, self.measure, self.held, self.known, threshold)
        start = first(reckoned) if self.prices is None else self._prices_at(threshold)
        try:
            found = solve_by_columns(
                reckoned.problem,
                start,
                self._told_gap,
                smallest_gap=CLOSER * self.smallest_gap,
                known=self.known,
                beside=reckoned.beside,
            )
        except NoAnswerError:
            return self.known
        self._keep(found, threshold)
        if not (self.ends_with_plan and self.is_kept):
            self.bound_by(reckoned.proof(found.prices), threshold)
            self._bound_by_flows()
        return found.unit_of

    def _next(self, unit_of: Integers) -> int:
        """Choose where to solve next: where the bound is least, or at the threshold of a plan.

        Where the tenth is made least its threshold falls from plan to plan by small steps. Where it
        is only held there may be no plan at all but near those thresholds.
        """
        own = self.own_threshold(unit_of)
        if not self.spans.found:
            return own
        weakest = self._weakest()
        order = (weakest, own) if self.asked.own_tail(self.measure) else (own, weakest)
        return order[1] if order[0] in self.tried else order[0]

    def _bound_by_flows(self) -> None:
        """Price places anew where the bound is least."""
        for _ in range(MOST_FLOWS):
            weakest = self._weakest()
            if self.watch.stopped or self._is_done() or weakest in self.priced:
                return
            self.priced.add(weakest)
            reckoned = reckon(self.asked, self.measure, self.held, self.known, weakest)
            prices = repriced(reckoned, self._prices_at(weakest), self.known)
            self.bound_by(reckoned.proof(prices), weakest)

    def _is_done(self) -> bool:
        wanted = self.ends_with_plan or self.spans.bound >= self._enough()
        return self.is_kept and wanted

    def _weakest(self) -> int:
        """Give an end of the interval with the least bound, one that was not looked at if any."""
        low, high = self.spans.weakest
        return low if low not in self.priced else high

    def _told_gap(self, stage: str, done: int, total: int) -> None:
        """Tell of a programme, but not its value and bound, which are without the threshold's."""
        self.told(", ".join(word for word in stage.split(", ") if "£" not in word), done, total)

    def bound_by(self, proof: Proof, threshold: int) -> None:
        """Bound every threshold by some multipliers."""
        allowed = int(self.smallest_gap * abs(self.value))
        self.spans.add(proof, threshold, self._enough(), allowed // SLACK, self._goes_on)

    def _goes_on(self) -> bool:
        """Tell of the bound so far; say whether anybody has ended the work."""
        if not self.watch.stopped:
            with suppress(StopEarlyError):
                self.told(so_far(STAGE, self.value, self.spans.bound), 0, 1)
        return not self.watch.stopped

    def own_threshold(self, unit_of: Integers) -> int:
        """Give the threshold of a plan, as far as one can be best."""
        return min(self.tail.threshold(self.asked.problem, unit_of), self.spans.highest)

    def _enough(self) -> int:
        return self.value - int(self.smallest_gap * abs(self.value))

    def _keep(self, found: ColumnPlan, threshold: int) -> None:
        """Keep a plan where it is the best so far, and the multipliers it came with."""
        value = self.asked.amount(self.measure, found.unit_of)
        better = not self.is_kept or value <= self.value
        if better and not self.held.faults(self.asked, found.unit_of):
            self.known, self.value, self.is_kept = found.unit_of, value, True
        elif self.prices is not None:
            return
        self.prices, self.threshold = found.prices, threshold

    def _prices_at(self, threshold: int) -> Prices:
        """Give the multipliers so far, with the tenth counted as at another threshold."""
        assert self.prices is not None
        if self.held.tenth is None:
            return self.prices
        share = self._size(threshold) / self._size(self.threshold)
        limit = self.prices.limit.copy()
        limit[-1] = round(limit[-1] * share)
        return replace(self.prices, limit=limit)

    def _size(self, threshold: int) -> float:
        return tail_size(self.asked.problem, self.tail, threshold)


def tail_size(problem: AllocationProblem, tail: Tail, threshold: int) -> float:
    """Give the size in which a programme counts the tenth beyond a threshold."""
    return size_of(problem, Ceiling(measure=tail.beyond(problem, threshold), at_most=0))

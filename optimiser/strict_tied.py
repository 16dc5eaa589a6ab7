"""Objectives in strict order where people are tied, a limit is a minimum, or the tenth counts.

There a level is no flow. It is a programme over the few people in doubt, as the plain sum is: the
level's measure at a price that outweighs the plain sum, earlier levels as ceilings. Its multipliers
bound the level over every pair of a person and a unit. The worst-off tenth can be a level, a limit
of every level, or a term of the plain sum: such a level is solved at a few thresholds and bounded
over all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import floor

import numpy as np

from data.progress import Progress, StopEarlyError, silent
from optimiser.ceilings import Ceiling, Proof, Terms, solve_within
from optimiser.certify import CertificateError, feasibility_faults
from optimiser.columns import solve_by_columns
from optimiser.decide import Watch, decide
from optimiser.duals import Prices
from optimiser.level_bounds import (
    MINIMUMS,
    Held,
    Question,
    Span,
    Tenth,
    bound_of_level,
    bound_over_thresholds,
    minimums,
    proof_faults,
)
from optimiser.linear import NoAnswerError
from optimiser.measure import free, limited, whole_cost
from optimiser.pool import size_of
from optimiser.problem import AllocationProblem, Integers
from optimiser.reckoned import Reckoned, reckon
from optimiser.strict import STAGE, Level, Solved, of_level
from optimiser.thresholds import Thresholds
from optimiser.worst_tied import plan_within

MOST_CEILINGS = 5
"""Ceilings that the search for first prices looks at; a sum has at most seven terms."""

STARTING_SCALE = 2**10
"""Parts of a penny in which first prices are handed over."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OrderedPlan:
    """The plan of the last level, how each level ended, and whether the work was stopped."""

    unit_of: Integers
    levels: tuple[Solved, ...]
    stopped: bool


def with_minimums(problem: AllocationProblem, levels: Sequence[Level]) -> list[Level]:
    """Put a level of the minimums first where there are any: limits come before every level."""
    if not any(limit.at_least for limit in problem.limits):
        return list(levels)
    return [Level(name=MINIMUMS, measure=minimums(problem), tolerance=0.0), *levels]


def after(held: Held, level: Level, solved: Solved) -> Held:
    """Hold one level more."""
    is_least = solved.at_most == solved.bound
    return held.after(level.measure, at_most=solved.at_most, is_least=is_least)


def solve_strict_tied(
    problem: AllocationProblem,
    levels: Sequence[Level],
    *,
    smallest_gap: float,
    tenth: Tenth | None = None,
    progress: Progress = silent,
) -> OrderedPlan:
    """Make each level least among the plans that keep limits, ties and the earlier levels.

    Parameters
    ----------
    problem
        With its limits and ties.
    levels
        In their order; the plain sum, where it is one, is the last. A level that measures
        ``worst_tenth`` is the distance of the worst-off tenth.
    smallest_gap
        Relative gap at which a level may end.
    tenth
        Distances where the worst-off tenth is a level, limited at every level, or priced in the
        plain sum.
    progress
        Told of every step. Where it raises ``StopEarlyError`` once a plan can be had, that plan is
        handed over with the levels that were reached; anything else it raises ends the work.

    Returns
    -------
    OrderedPlan
        Its levels are those of ``with_minimums``.

    Raises
    ------
    CeilingError
        When no plan was found that keeps the limit on the worst-off tenth.
    """
    asked = with_minimums(problem, levels)
    search = _Search(Question(problem=problem, tenth=tenth), asked, smallest_gap, progress)
    search.run()
    return search.result()


class _Search:
    """The levels so far and the plan that keeps them."""

    def __init__(
        self,
        asked: Question,
        levels: Sequence[Level],
        smallest_gap: float,
        progress: Progress,
    ) -> None:
        self.asked = asked
        self.problem = problem = asked.problem
        self.levels = levels
        self.smallest_gap = smallest_gap
        self.solved: list[Solved] = []
        self.held = asked.nothing_held()
        self.watch = Watch(progress)
        self.known, self.start = self._first_plan()
        self.limits = [
            Ceiling(measure=limited(problem, limit), at_most=limit.bound)
            for limit in problem.limits[:MOST_CEILINGS]
            if not limit.at_least
        ]
        self.whole = whole_cost(problem)

    def _first_plan(self) -> tuple[Integers, Prices]:
        """Give a plan that keeps limits, ties and the limit on the tenth, and its multipliers."""
        tenth = self.asked.tenth
        if tenth is None or tenth.at_most is None:
            first = decide(self.problem, self.watch, smallest_gap=self.smallest_gap)
            return first.unit_of, first.proof
        unpriced = replace(self.asked, tenth=replace(tenth, weight_pennies=0))
        return plan_within(unpriced, smallest_gap=self.smallest_gap, watch=self.watch)

    def run(self) -> None:
        """Solve level after level; the first is told whatever happens."""
        for level in self.levels:
            value = self.asked.amount(level.measure, self.known)
            spans, bound = self._nothing(), 0
            if value > 0:
                if not self.watch.stopped:
                    spans, bound = self._improve(level, value)
                if self.watch.stopped and bound == 0 and self.solved:
                    return
            elif self.watch.stopped and self.solved:
                return
            value = self.asked.amount(level.measure, self.known)
            counts = self.asked.counts_tenth(level.measure, self.held)
            self.solved.append(
                Solved(
                    name=level.name,
                    tolerance=level.tolerance,
                    value=value,
                    bound=min(bound, value),
                    at_most=floor(value * (1 + level.tolerance)),
                    final=value,
                    proof=spans[0].proof,
                    spans=spans if counts else (),
                )
            )
            self.held = after(self.held, level, self.solved[-1])

    def _nothing(self) -> tuple[Span, ...]:
        """Give the proof that no measure is below 0."""
        before = len(self.held.ceilings) + (self.held.tenth is not None)
        proof = Proof(
            weight=1,
            ceilings=np.zeros(before, dtype=np.int64),
            prices=Prices.none(self.problem),
        )
        return self._everywhere(proof)

    def _everywhere(self, proof: Proof) -> tuple[Span, ...]:
        highest = self.asked.highest(self.held)
        return (Span(low=np.array([0]), high=np.array([highest]), proof=proof),)

    def _improve(self, level: Level, value: int) -> tuple[tuple[Span, ...], int]:
        """Solve a level; keep the plan where it is better, and give the proof of the bound."""
        told = of_level(self.watch, self.levels, self.solved)

        def first(reckoned: Reckoned) -> Prices:
            return self._first_prices(reckoned, told)

        if self.asked.counts_tenth(level.measure, self.held):
            return self._over_thresholds(level, told, first)
        reckoned = reckon(self.asked, level.measure, self.held, self.known, 0)
        try:
            found = solve_by_columns(
                reckoned.problem,
                first(reckoned),
                told,
                smallest_gap=self.smallest_gap,
                known=self.known,
                beside=reckoned.beside,
            )
        except (StopEarlyError, NoAnswerError):
            return self._nothing(), 0
        self.start = found.prices
        better = not self.held.faults(self.asked, found.unit_of)
        if better and self.asked.amount(level.measure, found.unit_of) <= value:
            self.known = found.unit_of
        proof = reckoned.proof(found.prices)
        bound = bound_of_level(self.asked, level.measure, self.held, proof)
        return (self._everywhere(proof), bound) if bound > 0 else (self._nothing(), 0)

    def _over_thresholds(
        self, level: Level, told: Progress, first: Callable[[Reckoned], Prices]
    ) -> tuple[tuple[Span, ...], int]:
        """Solve a level in which the worst-off tenth counts."""
        search = Thresholds(
            self.asked,
            level.measure,
            self.held,
            self.known,
            smallest_gap=self.smallest_gap,
            watch=self.watch,
            told=told,
        )
        search.solve(search.own_threshold(self.known), first)
        self.known = search.known
        if search.prices is not None:
            self.start = search.prices
        bound = search.spans.bound
        return (search.spans.spans(), bound) if bound > 0 else (self._nothing(), 0)

    def _first_prices(self, reckoned: Reckoned, told: Progress) -> Prices:
        """Search prices of limits and ceilings without ties, and take the side rows so far over."""
        problem, ceilings = self.problem, reckoned.beside.ceilings
        open_to = [number for number in range(len(ceilings)) if number not in reckoned.kept]
        if self.held.tenth is not None:  # of many ceilings the tenth is not to be left out
            open_to = [open_to[-1], *open_to[:-1]]
        looked_at = [*(ceilings[number] for number in open_to), *self.limits][:MOST_CEILINGS]
        terms: Terms = [(int(price), each) for price, each in reckoned.beside.priced]
        found = solve_within(
            free(problem),
            [*terms, (1, self.whole)],
            looked_at,
            smallest_gap=self.smallest_gap,
            known=self.known,
            bound_only=True,
            progress=told,
        )
        theta = found.proof.ceilings / found.proof.weight
        limit = np.zeros(len(problem.limits) + len(ceilings))
        for number, price in zip(open_to, theta, strict=False):
            size = size_of(problem, ceilings[number])
            limit[len(problem.limits) + number] = price * size
        names = [each.name for each in problem.limits]
        for ceiling, price in zip(looked_at[len(open_to) :], theta[len(open_to) :], strict=True):
            limit[names.index(ceiling.measure.name)] = price
        parts = 2.0**found.proof.bits / found.proof.weight
        rows = self.start.rows

        def scaled(prices: np.ndarray, factor: float) -> Integers:
            whole: Integers = np.rint(prices * factor * STARTING_SCALE).astype(np.int64)
            return whole

        return Prices(
            unit=scaled(found.proof.prices.unit, parts),
            estate=scaled(found.proof.prices.estate, parts),
            limit=scaled(limit, 1.0),
            rows=rows.priced(np.zeros(len(rows), dtype=np.int64)),
            scale=STARTING_SCALE,
        )

    def result(self) -> OrderedPlan:
        """Give the plan, and what it has of every level in the end."""
        final = [
            replace(each, final=self.asked.amount(level.measure, self.known))
            for each, level in zip(self.solved, self.levels, strict=False)
        ]
        if not self.watch.stopped:
            self.watch(STAGE, len(self.levels), len(self.levels))
        return OrderedPlan(unit_of=self.known, levels=tuple(final), stopped=self.watch.stopped)


def certify_strict_tied(
    problem: AllocationProblem,
    levels: Sequence[Level],
    unit_of: Integers,
    solved: Sequence[Solved],
    *,
    tenth: Tenth | None = None,
    is_whole: bool = True,
) -> None:
    """Check a plan in strict order with arithmetic alone: rules, limits, ties, levels and bounds.

    Parameters
    ----------
    problem, levels, tenth
        What was asked.
    unit_of, solved
        The plan, and how each level is said to have ended.
    is_whole
        Whether every level must be there; where work was stopped the last ones may be missing.

    Raises
    ------
    CertificateError
        Naming every fault.
    """
    asked = Question(problem=problem, tenth=tenth)
    wanted = with_minimums(problem, levels)
    held = asked.nothing_held()
    faults = feasibility_faults(problem, unit_of) or held.faults(asked, unit_of)
    if faults:
        raise CertificateError(faults)
    if not (0 < len(solved) <= len(wanted)) or (is_whole and len(solved) < len(wanted)):
        raise CertificateError([f"{len(solved)} levels are told, and {len(wanted)} were asked"])
    for level, each in zip(wanted[: len(solved)], solved, strict=True):
        final = asked.amount(level.measure, unit_of)
        allowed = floor(each.value * (1 + level.tolerance))
        if final != each.final or final > allowed:
            faults.append(f"level {level.name} is at {final}, and {each.at_most} is allowed")
        if each.at_most < allowed:
            faults.append(f"level {level.name} leaves later ones less than its tolerance")
        wrong = _wrong_bound(asked, level, held, each)
        faults += [f"level {level.name}: {fault}" for fault in wrong]
        if wrong:
            break
        held = after(held, level, each)
    if faults:
        raise CertificateError(faults)


def _wrong_bound(asked: Question, level: Level, held: Held, solved: Solved) -> list[str]:
    """Say why the bound of a level is not proven, if it is not."""
    counts = asked.counts_tenth(level.measure, held)
    proofs = [span.proof for span in solved.spans] if counts else [solved.proof]
    wrong = [fault for proof in proofs for fault in proof_faults(asked, level.measure, held, proof)]
    if wrong:
        return wrong
    try:
        if counts:
            proven = bound_over_thresholds(asked, level.measure, held, solved.spans)
        else:
            proven = bound_of_level(asked, level.measure, held, solved.proof)
    except ValueError as error:
        return [str(error)]
    return [] if proven >= solved.bound else [f"{solved.bound} is not proven"]

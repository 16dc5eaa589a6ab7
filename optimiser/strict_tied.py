"""Objectives in strict order where people are tied to each other or a limit is a minimum.

There a level is no flow. It is a programme over the few people in doubt, as the plain sum is: the
level's measure at a price that outweighs the plain sum, earlier levels as ceilings. Its multipliers
bound the level over every pair of a person and a unit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import floor

import numpy as np

from data.progress import Progress, StopEarlyError, silent
from optimiser.ceilings import Ceiling, Proof, Terms, solve_within
from optimiser.certify import CertificateError, feasibility_faults, price_faults
from optimiser.columns import ColumnPlan, solve_by_columns
from optimiser.decide import Watch, decide
from optimiser.duals import LARGEST_PRICE, Prices
from optimiser.linear import NoAnswerError
from optimiser.measure import (
    WHOLE,
    Measure,
    free,
    limited,
    per_unit,
    usual,
    whole_cost,
)
from optimiser.pool import Beside, size_of
from optimiser.problem import LARGEST_COST, AllocationProblem, Integers
from optimiser.side import RowKind, SideRows
from optimiser.strict import STAGE, Level, Solved, of_level
from optimiser.tied_bounds import LARGEST_SUM, least_under_ties, weight_of

MINIMUMS = "minimums"
"""Name of the level before all others: people by whom minimums are missed."""

OUTWEIGHS = 1_000
"""Times the plain sum that a level is reckoned at."""

DEAREST = 2**30
"""Most pennies of the plain sum that one of a level's measure is reckoned at."""

HOLDS = 8
"""Price of leaving somebody without a place who could have one: so many times what one person can
add to the level."""

FINEST = 2**16
"""Most parts into which one of a level's measure is divided in its proof."""

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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Held:
    """What the levels so far hold later ones to.

    Attributes
    ----------
    ceilings
        One for each level, that of the minimums aside.
    short
        Most people that minimums may be short of in all; none before that is known.
    reached
        Whether each ceiling is known to be the least there is.
    """

    ceilings: tuple[Ceiling, ...] = ()
    short: int | None = None
    reached: tuple[bool, ...] = ()

    def after(self, level: Level, solved: Solved) -> Held:
        """Hold one level more."""
        if level.measure.name == MINIMUMS:
            return replace(self, short=solved.at_most)
        ceiling = Ceiling(measure=level.measure, at_most=solved.at_most)
        return replace(
            self,
            ceilings=(*self.ceilings, ceiling),
            reached=(*self.reached, solved.at_most == solved.bound),
        )

    def faults(self, problem: AllocationProblem, unit_of: Integers) -> list[str]:
        """Say what a plan breaks of rules, limits, ties and levels."""
        faults = feasibility_faults(problem, unit_of)
        if faults:
            return faults
        faults = [
            f"{each.measure.name} is above {each.at_most}"
            for each in self.ceilings
            if _amount(problem, each.measure, unit_of) > each.at_most
        ]
        if self.short is not None and problem.shortages(unit_of).sum() > self.short:
            faults.append(f"minimums are short of more than {self.short}")
        return faults


def with_minimums(problem: AllocationProblem, levels: Sequence[Level]) -> list[Level]:
    """Put a level of the minimums first where there are any: limits come before every level."""
    if not any(limit.at_least for limit in problem.limits):
        return list(levels)
    nothing = per_unit(problem, MINIMUMS, np.zeros((1, 1), dtype=np.int32))
    measure = replace(
        nothing,
        group_of=np.zeros(len(problem.prisoners), dtype=np.int64),
        column_of=np.zeros(len(problem.units), dtype=np.int64),
    )
    return [Level(name=MINIMUMS, measure=measure, tolerance=0.0), *levels]


def solve_strict_tied(
    problem: AllocationProblem,
    levels: Sequence[Level],
    *,
    smallest_gap: float,
    progress: Progress = silent,
) -> OrderedPlan:
    """Make each level least among the plans that keep limits, ties and the earlier levels.

    Parameters
    ----------
    problem
        With its limits and ties.
    levels
        In their order; the plain sum, where it is one, is the last.
    smallest_gap
        Relative gap at which a level may end.
    progress
        Told of every step. Where it raises ``StopEarlyError`` once a plan can be had, that plan is
        handed over with the levels that were reached; anything else it raises ends the work.

    Returns
    -------
    OrderedPlan
        Its levels are those of ``with_minimums``.
    """
    asked = with_minimums(problem, levels)
    search = _Search(problem, asked, smallest_gap, progress)
    search.run()
    return search.result()


class _Search:
    """The levels so far and the plan that keeps them."""

    def __init__(
        self,
        problem: AllocationProblem,
        levels: Sequence[Level],
        smallest_gap: float,
        progress: Progress,
    ) -> None:
        self.problem = problem
        self.levels = levels
        self.smallest_gap = smallest_gap
        self.solved: list[Solved] = []
        self.held = Held()
        self.watch = Watch(progress)
        first = decide(problem, self.watch, smallest_gap=smallest_gap)
        self.known = first.unit_of
        self.start = first.proof
        self.limits = [
            Ceiling(measure=limited(problem, limit), at_most=limit.bound)
            for limit in problem.limits[:MOST_CEILINGS]
            if not limit.at_least
        ]
        self.whole = whole_cost(problem)

    def run(self) -> None:
        """Solve level after level; the first is told whatever happens."""
        for level in self.levels:
            value = _amount(self.problem, level.measure, self.known)
            proof, bound = self._nothing(), 0
            if value > 0:
                if not self.watch.stopped:
                    proof, bound = self._improve(level, value)
                if self.watch.stopped and bound == 0 and self.solved:
                    return
            elif self.watch.stopped and self.solved:
                return
            value = _amount(self.problem, level.measure, self.known)
            self.solved.append(
                Solved(
                    name=level.name,
                    tolerance=level.tolerance,
                    value=value,
                    bound=min(bound, value),
                    at_most=floor(value * (1 + level.tolerance)),
                    final=value,
                    proof=proof,
                )
            )
            self.held = self.held.after(level, self.solved[-1])

    def _nothing(self) -> Proof:
        """Give the proof that no measure is below 0."""
        none = Prices.none(self.problem)
        return Proof(
            weight=1, ceilings=np.zeros(len(self.held.ceilings), dtype=np.int64), prices=none
        )

    def _improve(self, level: Level, value: int) -> tuple[Proof, int]:
        """Solve a level; keep the plan where it is better, and give the proof of the bound."""
        told = of_level(self.watch, self.levels, self.solved)
        reckoned = self._reckoned(level.measure, value)
        try:
            start = self._first_prices(reckoned, told)
        except StopEarlyError:
            return self._nothing(), 0
        try:
            found = solve_by_columns(
                reckoned.problem,
                start,
                told,
                smallest_gap=self.smallest_gap,
                known=self.known,
                beside=reckoned.beside,
            )
        except NoAnswerError:
            return self._nothing(), 0
        self.start = found.prices
        better = not self.held.faults(self.problem, found.unit_of)
        if better and _amount(self.problem, level.measure, found.unit_of) <= value:
            self.known = found.unit_of
        proof = self._proof(reckoned, found)
        bound = bound_of_level(self.problem, level.measure, self.held, proof)
        return (proof, bound) if bound > 0 else (self._nothing(), 0)

    def _reckoned(self, measure: Measure, value: int) -> _Reckoned:
        """Say what one of a measure, and what is held without a row, costs in the plain sum."""
        problem, whole = self.problem, self.problem.value_pennies(self.known)
        price = 1
        if measure.name != WHOLE:
            price = min(DEAREST, max(1, OUTWEIGHS * whole // max(1, value)))
        most = max(1, usual(problem, measure)) * price + usual(problem, self.whole)
        hold = HOLDS * most
        short, _ = _soft(problem, measure)
        short = short * price if measure.name != WHOLE else np.zeros_like(short)
        if self.held.short is not None:
            short = short + hold
        limits = tuple(
            replace(limit, short_pennies=limit.short_pennies + int(more))
            for limit, more in zip(problem.limits, short, strict=True)
        )
        priced = [(float(price), measure)] if measure.name not in (WHOLE, MINIMUMS) else []
        kept = [
            number
            for number, each in enumerate(self.held.ceilings)
            if each.measure.name == "placed" and self.held.reached[number]
        ]
        priced += [(float(hold), self.held.ceilings[number].measure) for number in kept]
        return _Reckoned(
            problem=replace(problem, limits=limits),
            measure=measure,
            price=price,
            hold=hold,
            kept=kept,
            beside=Beside(priced=priced, ceilings=self.held.ceilings, scale=float(price)),
        )

    def _first_prices(self, reckoned: _Reckoned, told: Progress) -> Prices:
        """Search prices of limits and ceilings without ties, and take the side rows so far over."""
        problem, ceilings = self.problem, self.held.ceilings
        open_to = [number for number in range(len(ceilings)) if number not in reckoned.kept]
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

    def _proof(self, reckoned: _Reckoned, found: ColumnPlan) -> Proof:
        """Write the multipliers of a level in parts of its measure."""
        problem, prices, measure = self.problem, found.prices, reckoned.measure
        limits, ceilings = len(problem.limits), self.held.ceilings
        per_unit_of = prices.scale * reckoned.price
        theta = np.array(
            [
                price / size_of(problem, each)
                for price, each in zip(prices.limit[limits:], ceilings, strict=True)
            ]
        )
        for number in reckoned.kept:
            theta[number] += reckoned.hold * prices.scale
        weight = FINEST
        while True:
            factor = weight / per_unit_of
            whole = np.rint(theta * factor).astype(np.int64).reshape(-1)
            terms = _terms(measure, weight, ceilings, whole)
            if weight == 1 or weight_of(terms) <= LARGEST_SUM:
                break
            weight //= 2

        def parts(price: Integers, most: int) -> Integers:
            made: Integers = np.rint(price * factor).clip(0, most * weight).astype(np.int64)
            return made

        rows = prices.rows
        if measure.name != WHOLE:
            rows = rows.only(np.flatnonzero(rows.kind != RowKind.TOGETHER))
        limit = parts(prices.limit[:limits], LARGEST_COST)
        if self.held.short is None:
            least = np.array([each.at_least for each in problem.limits], dtype=np.bool_)
            own, _ = _soft(problem, measure)
            limit = np.where(least, np.minimum(limit, weight * own), limit)
        row = parts(rows.price, LARGEST_PRICE)
        parted = rows.kind == RowKind.TOGETHER
        most = problem.ties.together_pennies[rows.tie[parted]] * weight
        row[parted] = np.minimum(row[parted], most)
        return Proof(
            weight=weight,
            ceilings=whole,
            prices=Prices(
                unit=parts(prices.unit, LARGEST_PRICE),
                estate=parts(prices.estate, LARGEST_PRICE),
                limit=limit,
                rows=_with_price(rows.priced(row)),
                scale=weight,
            ),
        )

    def result(self) -> OrderedPlan:
        """Give the plan, and what it has of every level in the end."""
        final = [
            replace(each, final=_amount(self.problem, level.measure, self.known))
            for each, level in zip(self.solved, self.levels, strict=False)
        ]
        if not self.watch.stopped:
            self.watch(STAGE, len(self.levels), len(self.levels))
        return OrderedPlan(unit_of=self.known, levels=tuple(final), stopped=self.watch.stopped)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Reckoned:
    """A level as a plain sum: ``price`` for its measure, ``hold`` for whoever must have a place.

    ``kept`` numbers the ceilings that the price holds.
    """

    problem: AllocationProblem
    measure: Measure
    price: int
    hold: int
    kept: list[int]
    beside: Beside


def _with_price(rows: SideRows) -> SideRows:
    return rows.only(np.flatnonzero(rows.price > 0))


def _soft(problem: AllocationProblem, measure: Measure) -> tuple[Integers, Integers]:
    """Give what each person short of each minimum, and each pair parted, adds to a level."""
    short = np.zeros(len(problem.limits), dtype=np.int64)
    least = np.array([limit.at_least for limit in problem.limits], dtype=np.bool_)
    if measure.name == WHOLE:
        price = np.array([limit.short_pennies for limit in problem.limits], dtype=np.int64)
        return np.where(least, price, 0), problem.ties.together_pennies
    if measure.name == MINIMUMS:
        short[least] = 1
    return short, np.zeros_like(problem.ties.together_pennies)


def _amount(problem: AllocationProblem, measure: Measure, unit_of: Integers) -> int:
    """Give what a plan has of a level."""
    if measure.name == WHOLE:
        return problem.value_pennies(unit_of)
    if measure.name == MINIMUMS:
        return int(problem.shortages(unit_of).sum())
    return measure.of_plan(problem, unit_of)


def _terms(
    measure: Measure, weight: int, ceilings: Sequence[Ceiling], prices: Integers
) -> list[tuple[int, Measure]]:
    priced = zip(prices.tolist(), ceilings, strict=True)
    own = [] if measure.name == MINIMUMS else [(weight, measure)]
    return [*own, *((price, each.measure) for price, each in priced if price)]


def bound_of_level(problem: AllocationProblem, measure: Measure, held: Held, proof: Proof) -> int:
    """Give what no plan under limits, ties and earlier levels has less of, by arithmetic alone.

    Parameters
    ----------
    problem
        With its limits and ties.
    measure
        Of the level.
    held
        What the earlier levels allow.
    proof
        Whole weights of the measure and of the earlier levels, and multipliers in as many parts.

    Returns
    -------
    int
        In the unit of the measure.

    Raises
    ------
    CertificateError
        When weights or multipliers cannot prove a bound.
    """
    faults = _proof_faults(problem, measure, held, proof)
    if faults:
        raise CertificateError(faults)
    own, _ = _soft(problem, measure)
    least = np.array([limit.at_least for limit in problem.limits], dtype=np.bool_)
    dearer = int((proof.prices.limit - proof.weight * own)[least].max(initial=0))
    let = sum(
        int(price) * each.at_most for price, each in zip(proof.ceilings, held.ceilings, strict=True)
    )
    let += max(0, dearer) * (held.short or 0)
    terms = _terms(measure, proof.weight, held.ceilings, proof.ceilings)
    bound = least_under_ties(problem, terms, proof.prices) - let
    return max(0, -(-bound // proof.weight))


def _proof_faults(
    problem: AllocationProblem, measure: Measure, held: Held, proof: Proof
) -> list[str]:
    """Say why weights and multipliers cannot prove a bound, if they cannot."""
    short, together = _soft(problem, measure)
    known = held.short is not None
    limits = tuple(
        replace(limit, short_pennies=LARGEST_COST if known else int(most))
        for limit, most in zip(problem.limits, short, strict=True)
    )
    ties = replace(problem.ties, together_pennies=together)
    faults = []
    if len(proof.ceilings) != len(held.ceilings):
        faults.append(
            f"{len(proof.ceilings)} levels are priced, and {len(held.ceilings)} come before"
        )
    elif weight_of(_terms(measure, proof.weight, held.ceilings, proof.ceilings)) > LARGEST_SUM:
        faults.append("a weight is above what it can be")
    if proof.weight < 1 or proof.bits or (proof.ceilings < 0).any():
        faults.append("a weight is below what it can be")
    if proof.weight != proof.prices.scale:
        faults.append("multipliers and measure are not in the same parts")
    return faults + price_faults(replace(problem, limits=limits, ties=ties), proof.prices)


def certify_strict_tied(
    problem: AllocationProblem,
    levels: Sequence[Level],
    unit_of: Integers,
    solved: Sequence[Solved],
    *,
    is_whole: bool = True,
) -> None:
    """Check a plan in strict order with arithmetic alone: rules, limits, ties, levels and bounds.

    Parameters
    ----------
    problem, levels
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
    asked = with_minimums(problem, levels)
    faults = feasibility_faults(problem, unit_of)
    if faults:
        raise CertificateError(faults)
    if not (0 < len(solved) <= len(asked)) or (is_whole and len(solved) < len(asked)):
        raise CertificateError([f"{len(solved)} levels are told, and {len(asked)} were asked"])
    held = Held()
    for level, each in zip(asked[: len(solved)], solved, strict=True):
        final = _amount(problem, level.measure, unit_of)
        allowed = floor(each.value * (1 + level.tolerance))
        if final != each.final or final > allowed:
            faults.append(f"level {level.name} is at {final}, and {each.at_most} is allowed")
        if each.at_most < allowed:
            faults.append(f"level {level.name} leaves later ones less than its tolerance")
        wrong = _proof_faults(problem, level.measure, held, each.proof)
        faults += [f"level {level.name}: {fault}" for fault in wrong]
        if wrong:
            break
        if bound_of_level(problem, level.measure, held, each.proof) < each.bound:
            faults.append(f"level {level.name}: {each.bound} is not proven")
        held = held.after(level, each)
    if faults:
        raise CertificateError(faults)

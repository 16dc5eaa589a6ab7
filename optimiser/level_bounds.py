"""What no plan has less of in one level of an order, by multipliers and arithmetic alone.

A level is the plain sum, one group of its terms, the people that minimums are short of, or the
worst-off tenth; earlier levels, limits and ties hold. Where the tenth counts, as a level, a limit
or a term, multipliers bound a level interval by interval over every threshold the tenth can have.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from optimiser.ceilings import Ceiling, Proof, Terms
from optimiser.certify import CertificateError, feasibility_faults, price_faults
from optimiser.measure import WHOLE, Measure, per_unit
from optimiser.objective import WORST_TENTH
from optimiser.problem import LARGEST_COST, AllocationProblem, Integers
from optimiser.tied_bounds import LARGEST_SUM, ByPlace, least_under_ties, weight_of
from optimiser.worst import Tail

MINIMUMS = "minimums"
"""Name of the level before all others: people by whom minimums are missed."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tenth:
    """How the worst-off tenth counts.

    Attributes
    ----------
    tail
        Distances.
    weight_pennies
        Pennies of the plain sum for each hundredth of a mile of each person of the tenth.
    at_most
        Most hundredths of a mile that they may be away in all; none for no limit.
    """

    tail: Tail
    weight_pennies: int = 0
    at_most: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Question:
    """Whose plans are bounded: a problem with limits and ties, and the tenth where it counts."""

    problem: AllocationProblem
    tenth: Tenth | None = None

    def amount(self, measure: Measure, unit_of: Integers) -> int:
        """Give what a plan has of a level."""
        if measure.name == WHOLE:
            value = self.problem.value_pennies(unit_of)
            return value + self.own_tail(measure) * self.worst_parts(unit_of)
        if measure.name == MINIMUMS:
            return int(self.problem.shortages(unit_of).sum())
        if measure.name == WORST_TENTH:
            return self.worst_parts(unit_of)
        return measure.of_plan(self.problem, unit_of)

    def worst_parts(self, unit_of: Integers) -> int:
        """Add up the distances of the worst-off tenth; 0 where it does not count."""
        if self.tenth is None:
            return 0
        return self.tenth.tail.worst_parts(self.problem, unit_of)

    def own_tail(self, measure: Measure) -> int:
        """Give what a hundredth of a mile of one person of the tenth adds to a level."""
        if measure.name == WORST_TENTH:
            return 1
        return self.tenth.weight_pennies if self.tenth and measure.name == WHOLE else 0

    def counts_tenth(self, measure: Measure, held: Held) -> bool:
        """Say whether the worst-off tenth is part of a level, or held by limit or level."""
        return held.tenth is not None or self.own_tail(measure) > 0

    def highest(self, held: Held) -> int:
        """Give the highest threshold that the tenth of a plan can have."""
        if self.tenth is None:
            return 0
        furthest = int(self.tenth.tail.parts.max(initial=0))
        return furthest if held.tenth is None else min(furthest, held.tenth // self.count)

    @property
    def count(self) -> int:
        """Give how many people the worst-off tenth is."""
        return 0 if self.tenth is None else self.tenth.tail.count

    def nothing_held(self) -> Held:
        """Hold plans to the limit on the tenth alone, where there is one."""
        return Held(tenth=None if self.tenth is None else self.tenth.at_most)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Held:
    """What the levels so far hold later ones to.

    Attributes
    ----------
    ceilings
        One for each level, those of the minimums and of the worst-off tenth aside.
    short
        Most people that minimums may be short of in all; none before that is known.
    reached
        Whether each ceiling is known to be the least there is.
    tenth
        Most hundredths of a mile that the worst-off tenth may be away in all.
    """

    ceilings: tuple[Ceiling, ...] = ()
    short: int | None = None
    reached: tuple[bool, ...] = ()
    tenth: int | None = None

    def after(self, measure: Measure, *, at_most: int, is_least: bool) -> Held:
        """Hold one level more to at most so much, which may be known to be the least there is."""
        if measure.name == MINIMUMS:
            return replace(self, short=at_most)
        if measure.name == WORST_TENTH:
            return replace(self, tenth=at_most if self.tenth is None else min(at_most, self.tenth))
        return replace(
            self,
            ceilings=(*self.ceilings, Ceiling(measure=measure, at_most=at_most)),
            reached=(*self.reached, is_least),
        )

    def faults(self, asked: Question, unit_of: Integers) -> list[str]:
        """Say what a plan breaks of rules, limits, ties and levels."""
        problem = asked.problem
        faults = feasibility_faults(problem, unit_of)
        if faults:
            return faults
        faults = [
            f"{each.measure.name} is above {each.at_most}"
            for each in self.ceilings
            if asked.amount(each.measure, unit_of) > each.at_most
        ]
        if self.short is not None and problem.shortages(unit_of).sum() > self.short:
            faults.append(f"minimums are short of more than {self.short}")
        if self.tenth is not None and asked.worst_parts(unit_of) > self.tenth:
            faults.append("the worst-off tenth is further away than it may be")
        return faults


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Span:
    """Intervals of thresholds of the worst-off tenth that one set of multipliers bounds.

    Attributes
    ----------
    low, high
        Ends of each interval, in hundredths of a mile; shape (intervals,).
    proof
        Weights and multipliers; the last of its ``ceilings`` is that of the tenth where it is held.
    """

    low: Integers
    high: Integers
    proof: Proof


def minimums(problem: AllocationProblem) -> Measure:
    """Name the people that minimums are short of as a level; a plan's rows give the number."""
    nothing = per_unit(problem, MINIMUMS, np.zeros((1, 1), dtype=np.int32))
    return replace(
        nothing,
        group_of=np.zeros(len(problem.prisoners), dtype=np.int64),
        column_of=np.zeros(len(problem.units), dtype=np.int64),
    )


def soft(problem: AllocationProblem, measure: Measure) -> tuple[Integers, Integers]:
    """Give what each person short of each minimum, and each pair parted, adds to a level."""
    short = np.zeros(len(problem.limits), dtype=np.int64)
    least = np.array([limit.at_least for limit in problem.limits], dtype=np.bool_)
    if measure.name == WHOLE:
        price = np.array([limit.short_pennies for limit in problem.limits], dtype=np.int64)
        return np.where(least, price, 0), problem.ties.together_pennies
    if measure.name == MINIMUMS:
        short[least] = 1
    return short, np.zeros_like(problem.ties.together_pennies)


def terms_of(
    measure: Measure, weight: int, ceilings: Sequence[Ceiling], prices: Integers
) -> list[tuple[int, Measure]]:
    """Weigh a level and the ceilings of earlier ones, the minimums and the tenth aside."""
    priced = zip(prices[: len(ceilings)].tolist(), ceilings, strict=True)
    own = [] if measure.name in (MINIMUMS, WORST_TENTH) else [(weight, measure)]
    return [*own, *((price, each.measure) for price, each in priced if price)]


def tail_weight(asked: Question, measure: Measure, held: Held, proof: Proof) -> int:
    """Give what a proof weighs a hundredth of a mile of the worst-off tenth at, in its parts."""
    priced = 0 if held.tenth is None else int(proof.ceilings[-1])
    return proof.weight * asked.own_tail(measure) + priced


def largest_choice(asked: Question, terms: Terms, weight: int) -> int:
    """Give what one choice can weigh at most, the tail with it."""
    far = 0 if asked.tenth is None else int(asked.tenth.tail.parts.max(initial=0))
    return weight_of(terms) + weight * far


def bound_of_level(asked: Question, measure: Measure, held: Held, proof: Proof) -> int:
    """Give what no plan under limits, ties and earlier levels has less of, by arithmetic alone.

    Parameters
    ----------
    asked
        With its limits and ties; the worst-off tenth does not count in this level.
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
    faults = proof_faults(asked, measure, held, proof)
    if faults:
        raise CertificateError(faults)
    terms = terms_of(measure, proof.weight, held.ceilings, proof.ceilings)
    least = least_under_ties(asked.problem, terms, proof.prices)
    return max(0, -((_let(asked.problem, measure, held, proof) - least) // proof.weight))


def _let(problem: AllocationProblem, measure: Measure, held: Held, proof: Proof) -> int:
    """Give what ceilings, and minimums that may be missed, take off a bound, in parts."""
    own, _ = soft(problem, measure)
    least = np.array([limit.at_least for limit in problem.limits], dtype=np.bool_)
    dearer = int((proof.prices.limit - proof.weight * own)[least].max(initial=0))
    prices: list[int] = proof.ceilings[: len(held.ceilings)].tolist()
    let = sum(price * each.at_most for price, each in zip(prices, held.ceilings, strict=True))
    let += max(0, dearer) * (held.short or 0)
    if held.tenth is not None:
        let += int(proof.ceilings[-1]) * held.tenth
    return let


class LevelBound:
    """Bounds of one level by one set of multipliers, for any interval of thresholds.

    Between two thresholds the tenth is counted by less than it is, and linearly in the threshold
    (``Tail.beyond_at_least``): whatever a plan has, it has no less at one of the two ends.

    Parameters
    ----------
    asked, measure, held, proof
        As for ``bound_of_level``, with the worst-off tenth.

    Raises
    ------
    CertificateError
        When weights or multipliers cannot prove a bound.
    """

    def __init__(self, asked: Question, measure: Measure, held: Held, proof: Proof) -> None:
        faults = proof_faults(asked, measure, held, proof)
        if faults:
            raise CertificateError(faults)
        assert asked.tenth is not None
        terms = terms_of(measure, proof.weight, held.ceilings, proof.ceilings)
        self.count = asked.count
        self.parts = proof.weight
        self.weight = tail_weight(asked, measure, held, proof)
        self.let = _let(asked.problem, measure, held, proof)
        self.by_place = ByPlace(asked.problem, terms, proof.prices, asked.tenth.tail)
        self.known: dict[tuple[int, int], int] = {}

    def at(self, threshold: int) -> int:
        """Give what no plan has less of whose tenth has this threshold."""
        return self._of(threshold, threshold)

    def between(self, low: int, high: int) -> int:
        """Give what no plan has less of whose tenth has a threshold in an interval."""
        return min(self._of(low, high), self._of(high, high))

    def _of(self, low: int, high: int) -> int:
        key = (low, high) if self.weight else (0, 0)
        if key not in self.known:
            least = self.by_place.least(self.weight, *key)
            least += self.weight * self.count * key[0] - self.let
            self.known[key] = max(0, -(-least // self.parts))
        return self.known[key]


def bound_over_thresholds(
    asked: Question, measure: Measure, held: Held, spans: Sequence[Span]
) -> int:
    """Give what no plan has less of in a level where the worst-off tenth counts.

    Parameters
    ----------
    asked, measure, held
        As for ``bound_of_level``.
    spans
        Multipliers for intervals that together hold every threshold.

    Returns
    -------
    int
        In the unit of the measure.

    Raises
    ------
    CertificateError
        When weights or multipliers cannot prove a bound.
    ValueError
        When the intervals leave a threshold out.
    """
    ends = sorted(
        (int(low), int(high))
        for span in spans
        for low, high in zip(span.low, span.high, strict=True)
    )
    reached = -1
    for low, high in ends:
        if low > reached + 1 or high < low:
            break
        reached = max(reached, high)
    if reached < asked.highest(held):
        raise ValueError("The intervals of the proof do not hold every threshold.")
    return min(_of_span(asked, measure, held, span) for span in spans)


def _of_span(asked: Question, measure: Measure, held: Held, span: Span) -> int:
    bound = LevelBound(asked, measure, held, span.proof)
    pairs = zip(span.low.tolist(), span.high.tolist(), strict=True)
    return min(bound.between(low, high) for low, high in pairs)


def proof_faults(asked: Question, measure: Measure, held: Held, proof: Proof) -> list[str]:
    """Say why weights and multipliers cannot prove a bound, if they cannot."""
    problem = asked.problem
    short, together = soft(problem, measure)
    known = held.short is not None
    limits = tuple(
        replace(limit, short_pennies=LARGEST_COST if known else int(most))
        for limit, most in zip(problem.limits, short, strict=True)
    )
    ties = replace(problem.ties, together_pennies=together)
    faults = []
    before = len(held.ceilings) + (held.tenth is not None)
    if len(proof.ceilings) != before:
        faults.append(f"{len(proof.ceilings)} levels are priced, and {before} come before")
    else:
        terms = terms_of(measure, proof.weight, held.ceilings, proof.ceilings)
        weight = tail_weight(asked, measure, held, proof)
        if largest_choice(asked, terms, weight) > LARGEST_SUM:
            faults.append("a weight is above what it can be")
    if proof.weight < 1 or proof.bits or (proof.ceilings < 0).any():
        faults.append("a weight is below what it can be")
    if proof.weight != proof.prices.scale:
        faults.append("multipliers and measure are not in the same parts")
    return faults + price_faults(replace(problem, limits=limits, ties=ties), proof.prices)

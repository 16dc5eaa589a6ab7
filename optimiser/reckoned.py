"""A level of an order as a plain sum that a programme by columns can make least, and its proof."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from optimiser.ceilings import Ceiling, Proof
from optimiser.duals import LARGEST_PRICE, Prices
from optimiser.level_bounds import MINIMUMS, Held, Question, largest_choice, soft, terms_of
from optimiser.measure import WHOLE, Measure, usual, whole_cost
from optimiser.objective import WORST_TENTH
from optimiser.pool import Beside, size_of
from optimiser.problem import LARGEST_COST, AllocationProblem, Integers
from optimiser.side import RowKind, SideRows
from optimiser.tied_bounds import LARGEST_SUM

OUTWEIGHS = 1_000
"""Times the plain sum that a level is reckoned at."""

DEAREST = 2**30
"""Most pennies of the plain sum that one of a level's measure is reckoned at."""

HOLDS = 8
"""Price of leaving somebody without a place who could have one: so many times what one person can
add to the level."""

FINEST = 2**16
"""Most parts into which one of a level's measure is divided in its proof."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reckoned:
    """A level as a plain sum, the worst-off tenth counted beyond one threshold.

    Attributes
    ----------
    asked, measure, held
        What is made least, and what earlier levels allow.
    problem
        With what minimums cost in the level.
    price
        Pennies of the plain sum for one of the measure.
    hold
        Pennies for leaving somebody without a place who could have one.
    kept
        Numbers of the ceilings that this price holds.
    beside
        Prices and ceilings for the programme, that of the tenth last.
    """

    asked: Question
    measure: Measure
    held: Held
    problem: AllocationProblem
    price: int
    hold: int
    kept: tuple[int, ...]
    beside: Beside

    def proof(self, prices: Prices) -> Proof:
        """Write multipliers of a programme in parts of the measure, each cut off where it must be.

        Parameters
        ----------
        prices
            Of limits and then ceilings, each by its size; units, estates and side rows.
        """
        problem, measure, held = self.asked.problem, self.measure, self.held
        limits = len(problem.limits)
        theta = np.array(
            [
                price / size_of(problem, each)
                for price, each in zip(prices.limit[limits:], self.beside.ceilings, strict=True)
            ]
        ).reshape(-1)
        for number in self.kept:
            theta[number] += self.hold * prices.scale
        weight = FINEST
        while True:
            factor = weight / (prices.scale * self.price)
            whole = np.rint(theta * factor).astype(np.int64)
            terms = terms_of(measure, weight, held.ceilings, whole)
            tail = weight * self.asked.own_tail(measure)
            tail += 0 if held.tenth is None else int(whole[-1])
            if weight == 1 or largest_choice(self.asked, terms, tail) <= LARGEST_SUM:
                break
            weight //= 2

        def parts(price: Integers, most: int) -> Integers:
            made: Integers = np.rint(price * factor).clip(0, most * weight).astype(np.int64)
            return made

        limit = parts(prices.limit[:limits], LARGEST_COST)
        own, together = soft(problem, measure)
        if held.short is None:
            least = np.array([each.at_least for each in problem.limits], dtype=np.bool_)
            limit = np.where(least, np.minimum(limit, weight * own), limit)
        rows = prices.rows
        row = parts(rows.price, LARGEST_PRICE)
        parted = rows.kind == RowKind.TOGETHER
        row[parted] = np.minimum(row[parted], together[rows.tie[parted]] * weight)
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


def reckon(
    asked: Question, measure: Measure, held: Held, known: Integers, threshold: int
) -> Reckoned:
    """Say what one of a measure, and what is held without a row, costs in the plain sum.

    Parameters
    ----------
    asked, measure, held
        What is made least, and what earlier levels allow.
    known
        A plan that keeps them.
    threshold
        Of the worst-off tenth, at which it is counted where it counts.
    """
    problem = asked.problem
    price = 1
    if measure.name != WHOLE:
        whole = problem.value_pennies(known)
        price = min(DEAREST, max(1, OUTWEIGHS * whole // max(1, asked.amount(measure, known))))
    most = max(1, usual(problem, measure)) * price + usual(problem, whole_cost(problem))
    hold = HOLDS * most
    short, _ = soft(problem, measure)
    short = short * price if measure.name != WHOLE else np.zeros_like(short)
    if held.short is not None:
        short = short + hold
    limits = tuple(
        replace(limit, short_pennies=limit.short_pennies + int(more))
        for limit, more in zip(problem.limits, short, strict=True)
    )
    own = measure.name not in (WHOLE, MINIMUMS, WORST_TENTH)
    priced = [(float(price), measure)] if own else []
    kept = tuple(
        number
        for number, each in enumerate(held.ceilings)
        if each.measure.name == "placed" and held.reached[number]
    )
    priced += [(float(hold), held.ceilings[number].measure) for number in kept]
    ceilings = list(held.ceilings)
    if asked.tenth is not None and asked.counts_tenth(measure, held):
        beyond = asked.tenth.tail.beyond(problem, threshold)
        if asked.own_tail(measure):
            priced.append((float(price * asked.own_tail(measure)), beyond))
        if held.tenth is not None:
            room = held.tenth - asked.count * threshold
            ceilings.append(Ceiling(measure=beyond, at_most=room))
    return Reckoned(
        asked=asked,
        measure=measure,
        held=held,
        problem=replace(problem, limits=limits),
        price=price,
        hold=hold,
        kept=kept,
        beside=Beside(priced=priced, ceilings=ceilings, scale=float(price)),
    )


def _with_price(rows: SideRows) -> SideRows:
    return rows.only(np.flatnonzero(rows.price > 0))

"""Prices of units and estates by one flow, those of limits, ceilings and ties being held.

What holds limits and ties at one threshold of the worst-off tenth holds them nearly at another;
what places are worth changes more. A flow finds it at a fraction of the price of a programme.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from optimiser.ceilings import HEADROOM
from optimiser.duals import LARGEST_PRICE, Prices
from optimiser.measure import (
    LARGEST_WEIGHT,
    Measure,
    free,
    limited,
    per_unit,
    usual,
    weighted,
    whole_cost,
)
from optimiser.pool import size_of
from optimiser.problem import LARGEST_COST, AllocationProblem, Floats, Integers, Limit
from optimiser.reckoned import Reckoned
from optimiser.side import SideRows, price_of_pairs
from optimiser.solve import Plan, solve

FINEST = 2.0**14
"""Most parts of a penny that the flow counts in."""


def repriced(reckoned: Reckoned, prices: Prices, known: Integers) -> Prices:
    """Give multipliers with the prices of units and estates that a flow has beside the others.

    Parameters
    ----------
    reckoned
        The level at a threshold.
    prices
        Multipliers at another threshold; limits, then ceilings, each by its size.
    known
        A plan to start from.

    Returns
    -------
    Prices
        Any multipliers give a true bound; these give a closer one at the threshold.
    """
    problem = reckoned.problem
    limits = len(problem.limits)
    theta = prices.limit / prices.scale
    terms: list[tuple[float, Measure]] = [(1.0, whole_cost(problem)), *reckoned.beside.priced]
    terms += [
        (price / size_of(problem, each), each.measure)
        for price, each in zip(theta[limits:].tolist(), reckoned.beside.ceilings, strict=True)
    ]
    terms += [
        (price, _counted(problem, limit))
        for price, limit in zip(theta[:limits].tolist(), problem.limits, strict=True)
        if price
    ]
    terms.append((1.0, _of_rows(problem, prices.rows, prices.scale)))
    dearest = max(price for price, _ in terms)
    scale = min(FINEST, LARGEST_WEIGHT / max(1.0, dearest))
    whole = [(min(round(price * scale), LARGEST_WEIGHT), each) for price, each in terms]
    much = sum(weight * usual(problem, each) for weight, each in whole)
    bits = max(0, int(np.ceil(np.log2(max(1, much) * HEADROOM / LARGEST_COST))))
    parts = scale / 2.0**bits

    def scaled(price: Integers, factor: float) -> Integers:
        made: Floats = np.rint(price * factor).clip(0, LARGEST_PRICE)
        return made.astype(np.int64)

    start = Plan(
        unit_of=known,
        prices=replace(
            Prices.none(free(problem)),
            unit=scaled(prices.unit, parts / prices.scale),
            estate=scaled(prices.estate, parts / prices.scale),
        ),
        rounds=0,
    )
    found = solve(weighted(problem, whole, bits=bits), start=start).prices
    return replace(
        prices,
        unit=np.rint(found.unit / parts * prices.scale).astype(np.int64),
        estate=np.rint(found.estate / parts * prices.scale).astype(np.int64),
    )


def _counted(problem: AllocationProblem, limit: Limit) -> Measure:
    """Count whom a limit counts; of a minimum whom it does not, which is as dear for everybody."""
    made = limited(problem, limit)
    if not limit.at_least:
        return made
    return replace(
        made, values=1 - made.values, unplaced=np.ones(len(problem.prisoners), dtype=np.int64)
    )


def _of_rows(problem: AllocationProblem, rows: SideRows, scale: int) -> Measure:
    """Give what side rows add to the pairs they count, in whole pennies; nothing that is less."""
    keys, amount = price_of_pairs(problem, rows)
    person, unit = np.divmod(keys, len(problem.units) + 1)
    adds = (unit < len(problem.units)) & (amount > 0)
    people, number = np.unique(person[adds], return_inverse=True)
    values = np.zeros((len(people) + 1, len(problem.units)), dtype=np.int64)
    values[number + 1, unit[adds]] = np.rint(amount[adds] / scale)
    group_of = np.zeros(len(problem.prisoners), dtype=np.int64)
    group_of[people] = np.arange(1, len(people) + 1)
    return replace(per_unit(problem, "rows", values), group_of=group_of)

"""The worst-off tenth where people are tied to each other or a limit is a minimum.

The tenth without ties says near which threshold the best plan lies. There it is a programme over
the few people in doubt, with ties and limits. Its multipliers bound every other threshold too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from data.progress import Progress, StopEarlyError, silent
from optimiser.ceilings import Ceiling, CeilingError, Floats
from optimiser.decide import Watch
from optimiser.duals import Prices
from optimiser.level_bounds import Question, Span, bound_over_thresholds
from optimiser.measure import free, limited, whole_cost
from optimiser.mend import mended
from optimiser.objective import WORST_TENTH
from optimiser.problem import LARGEST_COST, UNPLACED, AllocationProblem, Integers
from optimiser.reckoned import reckon
from optimiser.thresholds import Thresholds, tail_size
from optimiser.worst import Asked, Search, Tail

LOOSE = 1e-3
"""Relative gap at which the tenth without ties is known well enough to start from."""

MOST_CEILINGS = 4
"""Limits whose prices are searched for without ties; the others are free at first."""

STARTING_SCALE = 2**10
"""Parts of a penny in which first prices are handed over."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TiedWorst:
    """The best plan found, and the proof of how good it is.

    Attributes
    ----------
    unit_of
        Unit of each person, or ``UNPLACED``.
    value, bound
        Objective in pennies, the weighted worst-off tenth included, and what no plan can be below.
    spans
        Multipliers that together bound every threshold.
    prices, threshold
        Those of the programme that gave the plan, for another search to start from.
    stopped
        Whether whoever watched ended the work early.
    """

    unit_of: Integers
    value: int
    bound: int
    spans: tuple[Span, ...]
    prices: Prices
    threshold: int
    stopped: bool


def solve_worst_tied(
    asked: Question,
    *,
    smallest_gap: float,
    start: TiedWorst | None = None,
    progress: Progress = silent,
) -> TiedWorst:
    """Find the best plan when the worst-off tenth is priced or limited, and a bound close to it.

    Parameters
    ----------
    asked
        What is asked.
    smallest_gap
        Relative gap at which the search may stop.
    start
        What was found of the same problem at another price of the tenth.
    progress
        Told of every step. Where it raises ``StopEarlyError`` once a plan can be had, the best plan
        so far is handed over; anything else it raises ends the work.

    Returns
    -------
    TiedWorst
        Certified by ``worst_bound_tied``, which knows no solver.

    Raises
    ------
    CeilingError
        When no plan was found that keeps the ceiling on the tenth.
    """
    watch = Watch(progress)
    search = _search(asked, smallest_gap, start, watch)
    assert search.prices is not None
    bound = search.spans.bound
    return TiedWorst(
        unit_of=search.known,
        value=search.value,
        bound=min(bound, search.value),
        spans=search.spans.spans(),
        prices=search.prices,
        threshold=search.threshold,
        stopped=watch.stopped,
    )


def plan_within(asked: Question, *, smallest_gap: float, watch: Watch) -> tuple[Integers, Prices]:
    """Find a plan that keeps rules, limits, ties and the limit on the tenth, and multipliers.

    Raises
    ------
    CeilingError
        When no plan was found that keeps the ceiling on the tenth.
    """
    search = _search(asked, smallest_gap, None, watch, ends_with_plan=True)
    assert search.prices is not None
    return search.known, search.prices


def worst_bound_tied(asked: Question, spans: Sequence[Span]) -> int:
    """Give the bound that multipliers prove for all thresholds; no solver is used.

    Parameters
    ----------
    asked
        What was asked.
    spans
        Multipliers for intervals that together hold every threshold.

    Returns
    -------
    int
        Pennies that no plan can be below.

    Raises
    ------
    CertificateError
        When the multipliers can prove nothing.
    ValueError
        When the intervals leave a threshold out.
    """
    whole = whole_cost(asked.problem)
    return bound_over_thresholds(asked, whole, asked.nothing_held(), spans)


def _search(
    asked: Question,
    smallest_gap: float,
    start: TiedWorst | None,
    watch: Watch,
    *,
    ends_with_plan: bool = False,
) -> Thresholds:
    """Solve threshold by threshold, from what is known without ties or of another price."""
    first = _Start.of_other(asked, start) if start is not None else _without_ties(asked, watch)
    known, held = first.known, asked.nothing_held()
    search = Thresholds(
        asked,
        whole_cost(asked.problem),
        held,
        known,
        smallest_gap=smallest_gap,
        watch=watch,
        told=watch,
        is_kept=not held.faults(asked, known),
        ends_with_plan=ends_with_plan,
    )
    if not watch.stopped:
        search.solve(first.threshold, lambda _: first.prices)
    if watch.stopped and not search.is_kept:
        mend = mended(asked.problem, known, _whole_limits(asked.problem, first.prices))
        if not held.faults(asked, mend):
            search.known, search.is_kept = mend, True
            search.value = asked.amount(search.measure, mend)
    if not search.is_kept:
        if watch.stopped:
            raise StopEarlyError
        raise CeilingError([WORST_TENTH], 0)
    if search.prices is None:  # the work ended before there was a programme
        search.prices, search.threshold = first.prices, first.threshold
        reckoned = reckon(asked, search.measure, held, known, first.threshold)
        search.bound_by(reckoned.proof(first.prices), first.threshold)
    return search


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Start:
    """A threshold, multipliers and a plan to start from; it keeps the rules at least."""

    threshold: int
    prices: Prices
    known: Integers

    @classmethod
    def of_other(cls, asked: Question, other: TiedWorst) -> _Start:
        """Start from what was found at another price, at the threshold of its plan."""
        threshold = _tail(asked).threshold(asked.problem, other.unit_of)
        return cls(threshold=threshold, prices=other.prices, known=other.unit_of)


def _without_ties(asked: Question, watch: Watch) -> _Start:
    """Follow the tenth without ties, as far as there are plans and nobody ends it."""
    problem, tail = asked.problem, _tail(asked)
    at_most = asked.nothing_held().tenth
    whole = whole_cost(problem)
    chosen = _first_limits(problem)
    ceilings = [
        Ceiling(measure=limited(problem, limit), at_most=limit.bound)
        for limit, looked_at in zip(problem.limits, chosen, strict=True)
        if looked_at
    ]
    untied = Asked(
        problem=free(problem),
        objective=[(1, whole)],
        tail=tail,
        weight_pennies=asked.own_tail(whole),
        at_most_parts=None if at_most is None else at_most // tail.count,
        ceilings=ceilings,
    )
    search = Search(untied, LOOSE, None, watch)
    try:
        search.follow()
    except CeilingError:
        pass  # what is found without ties is a start and no more
    except StopEarlyError:
        if search.best is None:
            raise
    if search.best is not None:
        threshold = tail.threshold(problem, search.best)
    else:
        bounds = {each: search.at[each].bound for each in search.at}
        threshold = min(bounds, key=lambda each: bounds[each], default=untied.highest)
    threshold = min(threshold, asked.highest(asked.nothing_held()))
    prices = _first_prices(asked, search, chosen, threshold)
    nobody = np.full(len(problem.prisoners), UNPLACED, dtype=np.int64)
    known = nobody if search.best is None else search.best
    return _Start(threshold=threshold, prices=prices, known=known)


def _tail(asked: Question) -> Tail:
    assert asked.tenth is not None
    return asked.tenth.tail


def _first_limits(problem: AllocationProblem) -> NDArray[np.bool_]:
    """Say which limits are looked at without ties; shape (limits,)."""
    most = np.array([not limit.at_least for limit in problem.limits], dtype=np.bool_)
    return most & (np.cumsum(most) <= MOST_CEILINGS)


def _first_prices(
    asked: Question, search: Search, chosen: NDArray[np.bool_], threshold: int
) -> Prices:
    """Give the prices of the tenth without ties at the nearest threshold."""
    problem, at = asked.problem, search.at
    limits = len(problem.limits)
    limit = np.zeros(limits + (asked.nothing_held().tenth is not None))
    unit: Floats = np.zeros(len(problem.units))
    estate: Floats = np.zeros(len(problem.sexes))
    if at:
        proof = at[min(at, key=lambda each: abs(each - threshold))].proof
        theta = proof.ceilings / proof.weight
        limit[:limits][chosen] = theta[: int(chosen.sum())]
        limit[limits:] = theta[int(chosen.sum()) :] * tail_size(problem, _tail(asked), threshold)
        parts = 2.0**proof.bits / proof.weight
        unit = np.multiply(proof.prices.unit, parts, dtype=np.float64)
        estate = np.multiply(proof.prices.estate, parts, dtype=np.float64)

    def scaled(prices: Floats) -> Integers:
        whole: Integers = np.rint(prices * STARTING_SCALE).astype(np.int64)
        return whole

    return Prices(
        unit=scaled(unit), estate=scaled(estate), limit=scaled(limit), scale=STARTING_SCALE
    )


def _whole_limits(problem: AllocationProblem, prices: Prices) -> Prices:
    """Give the prices of limits alone, in whole pennies."""
    limit = np.rint(prices.limit[: len(problem.limits)] / prices.scale).astype(np.int64)
    return replace(Prices.none(problem), limit=limit.clip(0, LARGEST_COST))

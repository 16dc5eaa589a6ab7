"""The worst-off tenth where people are tied to each other or a limit is a minimum.

The tenth without ties says near which threshold the best plan lies. There it is a programme over
the few people in doubt, with ties and limits. Its multipliers price these for every threshold, so
that the rest is bounded as it is without ties.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from data.progress import Progress, StopEarlyError, silent
from optimiser.ceilings import Ceiling, CeilingError, Floats
from optimiser.certify import CertificateError, feasibility_faults, price_faults
from optimiser.columns import solve_by_columns
from optimiser.decide import Watch
from optimiser.duals import Prices
from optimiser.measure import free, limited, whole_cost
from optimiser.mend import mended
from optimiser.pool import Beside, size_of
from optimiser.problem import LARGEST_COST, AllocationProblem, Integers
from optimiser.side import RowKind
from optimiser.tied_bounds import freed
from optimiser.worst import Asked, Cover, Search, Tail, worst_bound

LOOSE = 1e-3
"""Relative gap at which the tenth without ties is known well enough to start from."""

CLOSER = 0.25
"""Share of the gap that is let be at which the programme may end."""

MOST_CEILINGS = 4
"""Limits whose prices are searched for each threshold; more keep one price for all of them."""

MOST_THRESHOLDS = 4
"""Thresholds at which the problem is solved with its limits and ties."""

STARTING_SCALE = 2**10
"""Parts of a penny in which first prices are handed over."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TiedTail:
    """What is asked of the worst-off tenth of a problem with limits and ties.

    Attributes
    ----------
    problem, tail
        The problem, and distances.
    weight_pennies, at_most_parts
        As those of ``optimiser.worst.Asked``.
    """

    problem: AllocationProblem
    tail: Tail
    weight_pennies: int = 0
    at_most_parts: int | None = None

    @property
    def ceilings(self) -> list[Ceiling]:
        """Give the first few limits that are no minimum as ceilings."""
        most = [limit for limit in self.problem.limits if not limit.at_least][:MOST_CEILINGS]
        return [
            Ceiling(measure=limited(self.problem, limit), at_most=limit.bound) for limit in most
        ]

    @property
    def is_ceiling(self) -> NDArray[np.bool_]:
        """Say which limits are given as ceilings; shape (limits,)."""
        most = np.array([not limit.at_least for limit in self.problem.limits], dtype=np.bool_)
        return most & (np.cumsum(most) <= MOST_CEILINGS)

    def asked_of(self, problem: AllocationProblem, ceilings: Sequence[Ceiling]) -> Asked:
        """Ask the same of a problem without ties, under some of the limits as ceilings."""
        return Asked(
            problem=problem,
            objective=[(1, whole_cost(problem))],
            tail=self.tail,
            weight_pennies=self.weight_pennies,
            at_most_parts=self.at_most_parts,
            ceilings=ceilings,
        )

    def value(self, unit_of: Integers) -> int:
        """Give the objective of a plan with the true worst-off tenth, in pennies."""
        worst = self.tail.worst_parts(self.problem, unit_of)
        return self.problem.value_pennies(unit_of) + self.weight_pennies * worst

    def faults(self, unit_of: Integers) -> list[str]:
        """Say what a plan breaks."""
        faults = feasibility_faults(self.problem, unit_of)
        if not faults and self.at_most_parts is not None:
            worst = self.tail.worst_parts(self.problem, unit_of)
            if worst > self.tail.count * self.at_most_parts:
                faults.append("the worst-off tenth is further away than it may be")
        return faults


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TiedWorst:
    """The best plan found, and the proof of how good it is.

    Attributes
    ----------
    unit_of
        Unit of each person, or ``UNPLACED``.
    value, bound
        Objective in pennies, the weighted worst-off tenth included, and what no plan can be below.
    prices
        Multipliers of side rows, minimums and all limits but the first few, in whole pennies; none
        of units and estates.
    covers
        Proofs for every threshold of the problem that these multipliers free of ties, under the
        first few limits.
    stopped
        Whether whoever watched ended the work early.
    """

    unit_of: Integers
    value: int
    bound: int
    prices: Prices
    covers: tuple[Cover, ...]
    stopped: bool


def solve_worst_tied(
    asked: TiedTail, *, smallest_gap: float, progress: Progress = silent
) -> TiedWorst:
    """Find the best plan when the worst-off tenth is priced or limited, and a bound close to it.

    Parameters
    ----------
    asked
        What is asked.
    smallest_gap
        Relative gap at which the search may stop.
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
    search = _Search(asked, smallest_gap, Watch(progress))
    search.descend()
    return search.bounded()


def worst_bound_tied(asked: TiedTail, prices: Prices, covers: tuple[Cover, ...]) -> int:
    """Give the bound that multipliers and covers of all thresholds prove; no solver is used.

    Parameters
    ----------
    asked
        What was asked.
    prices
        Multipliers of limits and side rows in whole pennies.
    covers
        As for ``worst_bound``, of the problem that they free.

    Returns
    -------
    int
        Pennies that no plan can be below.

    Raises
    ------
    CertificateError
        When the multipliers can prove nothing.
    ValueError
        When the covers leave a threshold out.
    """
    faults = price_faults(asked.problem, prices)
    if prices.scale != 1 or prices.unit.any() or prices.estate.any():
        faults.append("limits and ties are priced in whole pennies, units and estates not at all")
    if faults:
        raise CertificateError(faults)
    made, let = freed(asked.problem, prices)
    return worst_bound(asked.asked_of(made, asked.ceilings), covers) - let


class _Search:
    """The best plan so far, and the multipliers of limits and ties that go with it."""

    def __init__(self, asked: TiedTail, smallest_gap: float, watch: Watch) -> None:
        self.asked = asked
        self.smallest_gap = smallest_gap
        self.watch = watch
        self.ceilings = asked.ceilings
        self.first = self._without_ties()
        self.threshold = self._first_threshold()
        self.prices = self._first_prices()
        self.best: Integers | None = None
        self.value = 0
        self.tried: set[int] = set()

    def _without_ties(self) -> Search:
        """Follow the tenth without ties, as far as there are plans and nobody ends it."""
        untied = self.asked.asked_of(free(self.asked.problem), self.ceilings)
        first = Search(untied, LOOSE, None, self.watch)
        try:
            first.follow()
        except CeilingError:
            pass  # what is found without ties is a start and no more
        except StopEarlyError:
            if first.best is None:
                raise
        return first

    def _first_threshold(self) -> int:
        first, asked = self.first, self.asked
        if first.best is not None:
            return min(asked.tail.threshold(asked.problem, first.best), first.asked.highest)
        return min(first.at, key=lambda each: first.at[each].bound, default=first.asked.highest)

    def _first_prices(self) -> Prices:
        """Give the prices of the tenth without ties at the nearest threshold."""
        problem, at = self.asked.problem, self.first.at
        limit = np.zeros(len(problem.limits) + (self.asked.at_most_parts is not None))
        unit: Floats = np.zeros(len(problem.units))
        estate: Floats = np.zeros(len(problem.sexes))
        if at:
            proof = at[min(at, key=lambda each: abs(each - self.threshold))].proof
            theta = proof.ceilings / proof.weight
            limit[: len(problem.limits)][self.asked.is_ceiling] = theta[: len(self.ceilings)]
            limit[len(problem.limits) :] = theta[len(self.ceilings) :]
            limit[len(problem.limits) :] *= self._size(self.threshold)
            parts = 2.0**proof.bits / proof.weight
            unit = np.multiply(proof.prices.unit, parts, dtype=np.float64)
            estate = np.multiply(proof.prices.estate, parts, dtype=np.float64)

        def scaled(prices: Floats) -> Integers:
            whole: Integers = np.rint(prices * STARTING_SCALE).astype(np.int64)
            return whole

        return Prices(
            unit=scaled(unit), estate=scaled(estate), limit=scaled(limit), scale=STARTING_SCALE
        )

    def _size(self, threshold: int) -> float:
        """Give the size in which a programme counts the tenth beyond a threshold."""
        measure = self.asked.tail.beyond(self.asked.problem, threshold)
        return size_of(self.asked.problem, Ceiling(measure=measure, at_most=0))

    def descend(self) -> None:
        """Solve with limits and ties at a threshold, and follow the plan's own while it pays.

        Raises
        ------
        CeilingError, StopEarlyError
            When no plan was found that keeps the ceiling on the tenth, or none so far.
        """
        threshold = self.threshold
        for _ in range(MOST_THRESHOLDS):
            before = self.value if self.best is not None else None
            plan = self._solve_at(threshold)
            threshold = min(
                self.asked.tail.threshold(self.asked.problem, plan), self.first.asked.highest
            )
            small = CLOSER * self.smallest_gap * abs(self.value)
            if before is not None and before - self.value <= small:
                break
            if self.watch.stopped or threshold in self.tried:
                break
        if self.best is None:
            if self.watch.stopped:
                raise StopEarlyError
            raise CeilingError(["worst_tenth"], 0)

    def _solve_at(self, threshold: int) -> Integers:
        """Solve with limits and ties at one threshold, or mend what is known once work is ended."""
        asked, problem = self.asked, self.asked.problem
        measure = asked.tail.beyond(problem, threshold)
        priced = [(float(asked.weight_pennies), measure)] if asked.weight_pennies else []
        ceilings = asked.asked_of(problem, ()).subject_to(measure, threshold)
        known = self.first.best if self.best is None else self.best
        self.tried.add(threshold)
        if self.watch.stopped and known is not None:
            return self._keep(mended(problem, known, _whole(asked, self.prices)), threshold, None)
        found = solve_by_columns(
            problem,
            self._prices_at(threshold),
            self.watch,
            smallest_gap=CLOSER * self.smallest_gap,
            known=known,
            beside=Beside(priced=priced, ceilings=ceilings),
        )
        return self._keep(found.unit_of, threshold, found.prices)

    def _prices_at(self, threshold: int) -> Prices:
        """Give the multipliers so far, with the tenth counted as at another threshold."""
        limits = len(self.asked.problem.limits)
        share = self._size(threshold) / self._size(self.threshold)
        limit = self.prices.limit.copy()
        limit[limits:] = np.rint(limit[limits:] * share)
        return replace(self.prices, limit=limit)

    def _keep(self, unit_of: Integers, threshold: int, prices: Prices | None) -> Integers:
        """Keep a plan where it is the best so far, and the multipliers it came with."""
        value = self.asked.value(unit_of)
        better = self.best is None or value < self.value
        if better and not self.asked.faults(unit_of):
            self.best, self.value = unit_of, value
            if prices is not None:
                self.prices, self.threshold = prices, threshold
        return unit_of

    def bounded(self) -> TiedWorst:
        """Bound every threshold with the multipliers so far; look where the bound is least."""
        asked = self.asked
        prices = _whole(asked, self.prices)
        made, let = freed(asked.problem, prices)
        search = Search(asked.asked_of(made, self.ceilings), self.smallest_gap, None, self.watch)
        assert self.best is not None
        plain = search.settle(self.best, self.value + let, let)
        try:
            if self.watch.stopped:
                raise StopEarlyError
            search.bound_from(self.threshold, self._of_ceilings())
        except StopEarlyError:
            search.cover_the_rest(plain)
        proven = search.result()
        bound = proven.bound - let
        while not self.watch.stopped and self.value - bound > self.smallest_gap * abs(self.value):
            threshold = search.least_bound()
            if threshold in self.tried or len(self.tried) >= MOST_THRESHOLDS:
                break
            self._solve_at(threshold)
        return TiedWorst(
            unit_of=self.best,
            value=self.value,
            bound=min(bound, self.value),
            prices=prices,
            covers=proven.covers,
            stopped=self.watch.stopped,
        )

    def _of_ceilings(self) -> Floats:
        """Read the prices of the limits that are ceilings, and of the tenth where it is one."""
        limits, prices = len(self.asked.problem.limits), self.prices
        own: Floats = prices.limit[:limits][self.asked.is_ceiling] / prices.scale
        tenth: Floats = prices.limit[limits:] / prices.scale / self._size(self.threshold)
        return np.append(own, tenth)


def _whole(asked: TiedTail, prices: Prices) -> Prices:
    """Give the prices of side rows and of limits that are no ceilings in whole pennies."""
    problem, scale = asked.problem, prices.scale
    most = [each.short_pennies if each.at_least else LARGEST_COST for each in problem.limits]
    rows = prices.rows
    price = np.rint(rows.price / scale).astype(np.int64)
    parted = rows.kind == RowKind.TOGETHER
    price[parted] = np.minimum(price[parted], problem.ties.together_pennies[rows.tie[parted]])
    rows = rows.priced(price)
    limit = np.rint(prices.limit[: len(problem.limits)] / scale).astype(np.int64)
    limit = np.minimum(limit, np.array(most, dtype=np.int64))
    return replace(
        Prices.none(problem, np.where(asked.is_ceiling, 0, limit)),
        rows=rows.only(np.flatnonzero(price > 0)),
    )

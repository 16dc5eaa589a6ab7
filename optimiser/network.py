"""An allocation problem as the arrays of the kernel, solved from where an earlier plan stood."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from data.progress import Progress, silent
from optimiser.duals import LARGEST_PRICE, Prices
from optimiser.problem import AllocationProblem, Integers, Limit, PairFlag

if TYPE_CHECKING:
    from optimiser.kernel import Places, Terms

SAMPLES = (64, 16, 4)
"""One person in so many is solved first, each time for prices to start the next from."""

SMALLEST_SAMPLE = 200
"""Samples of fewer people tell nothing about prices."""

FLAG_VALUES = 2 * max(PairFlag)
"""Values that the flags of a pair can take."""

STAGE = "preparing the solver"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Plan:
    """An optimal plan of a problem at given prices of its limits.

    Attributes
    ----------
    unit_of
        Number of the unit of each person, or ``UNPLACED``; int64, shape (prisoners,).
    prices
        Multipliers that prove it optimal.
    rounds
        Times that prices were raised to find it.
    """

    unit_of: Integers
    prices: Prices
    rounds: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Network:
    """A problem ready for many solves at different prices of its limits.

    Attributes
    ----------
    problem
        The problem.
    person_class, unit_class
        People, and units, of whom every limit speaks alike; int64.
    people_counted, units_counted
        Whether a limit speaks of a class; bool, shape (limits, classes).
    """

    problem: AllocationProblem
    person_class: Integers
    unit_class: Integers
    people_counted: NDArray[np.bool_]
    units_counted: NDArray[np.bool_]

    @classmethod
    def of(cls, problem: AllocationProblem) -> Network:
        """Sort the people and units of a problem into classes."""
        people = _classes([limit.people for limit in problem.limits], len(problem.prisoners))
        units = _classes([limit.units for limit in problem.limits], len(problem.units))
        return cls(
            problem=problem,
            person_class=people[0],
            people_counted=people[1],
            unit_class=units[0],
            units_counted=units[1],
        )

    def terms(self, limit_pennies: Integers, scale: int = 1) -> Terms:
        """Give what pairs cost at prices of the limits, which are in the scale."""
        from optimiser.kernel import Terms

        nothing = np.empty(0, dtype=np.int64)
        return Terms(
            self.problem.cost_pennies,
            self.problem.unit_establishment,
            self.problem.pair_flags,
            self._extra(limit_pennies),
            self.person_class,
            self.unit_class,
            self.problem.unplaced_pennies,
            scale,
            nothing,
            nothing,
        )

    def _extra(self, limit_pennies: Integers) -> Integers:
        """Add the prices of the limits up for each class of people, of units, and each flag."""
        shape = (self.people_counted.shape[1], self.units_counted.shape[1], FLAG_VALUES)
        priced = np.flatnonzero(limit_pennies)
        if not len(priced):
            return np.zeros((0, 0, 0), dtype=np.int64)
        extra = np.zeros(shape, dtype=np.int64)
        for number in priced:
            limit = self.problem.limits[number]
            signed = -limit_pennies[number] if limit.at_least else limit_pennies[number]
            people = np.flatnonzero(self.people_counted[number])
            units = np.flatnonzero(self.units_counted[number])
            extra[np.ix_(people, units, flagged(limit))] += signed
        return extra

    def places(self, chosen: Integers, scale: int = 1) -> Places:
        """Give the places that are the share of the people chosen, with prices in the scale."""
        from optimiser.kernel import Places

        problem = self.problem
        shared = share_of_places(problem, chosen)
        return Places(
            problem.unit_sex,
            np.searchsorted(problem.segment_unit, np.arange(len(problem.units) + 1)),
            shared.segment_places,
            problem.segment_pennies * scale,
            shared.held_limit,
        )

    def solve(
        self,
        limit_pennies: Integers,
        start: Plan | None = None,
        *,
        scale: int = 1,
        progress: Progress = silent,
    ) -> Plan:
        """Find an optimal plan at prices of the limits.

        Parameters
        ----------
        limit_pennies
            Price of each limit in 1/scale pennies; shape (limits,).
        start
            A plan of a problem with the same people and units at the same scale; its prices and
            places are started from.
        scale
            Parts into which pennies are divided.
        progress
            Told of each sample; what it raises ends the work.

        Returns
        -------
        Plan
            With prices in 1/scale pennies. Which of several equally good ones it is may depend on
            the start.
        """
        from optimiser import kernel

        problem, units = self.problem, len(self.problem.units)
        terms = self.terms(limit_pennies, scale)
        price = np.zeros(units + 1 + len(problem.sexes), dtype=np.int64)
        stages: list[int] = []
        if start is None:
            unit_of = problem.current_unit.copy()
            most = len(problem.prisoners) // SMALLEST_SAMPLE
            stages = [every for every in SAMPLES if every <= most]
        else:
            unit_of = start.unit_of.copy()
            price[:units], price[units + 1 :] = start.prices.unit, start.prices.estate
        rounds = 0
        for done, every in enumerate([*stages, 1]):
            progress("allocation", done, len(stages) + 1)
            chosen = one_in(problem, every)
            places = self.places(chosen, scale)
            rounds += kernel.transport(terms, places, chosen, price, unit_of)
        progress("allocation", len(stages) + 1, len(stages) + 1)
        price = np.clip(price, 0, LARGEST_PRICE * scale)
        prices = Prices(
            unit=price[:units], estate=price[units + 1 :], limit=limit_pennies, scale=scale
        )
        return Plan(unit_of=unit_of, prices=prices, rounds=rounds)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Share:
    """The places that some of the people would have; as the fields of ``AllocationProblem``."""

    capacity: Integers
    segment_places: Integers
    held_limit: Integers


def one_in(problem: AllocationProblem, every: int) -> Integers:
    """Choose one person in so many from each unit of today; rows in rising order."""
    if every == 1:
        return np.arange(len(problem.prisoners))
    by_unit = np.argsort(problem.current_unit, kind="stable")
    return np.sort(by_unit[every // 2 :: every])


def share_of_places(problem: AllocationProblem, chosen: Integers) -> Share:
    """Give some of the people the places they fill today and their share of the free ones."""
    if len(chosen) == len(problem.prisoners):
        return Share(
            capacity=problem.capacity,
            segment_places=problem.segment_places,
            held_limit=problem.held_limit,
        )
    share = len(chosen) / max(1, len(problem.prisoners))
    everybody, some = problem.held(problem.current_unit), problem.held(problem.current_unit[chosen])
    capacity = np.maximum(0, some + np.rint((problem.capacity - everybody) * share))
    scale = capacity / np.maximum(1, problem.capacity)
    end = np.cumsum(problem.segment_places)
    before = np.append(0, end)[np.searchsorted(problem.segment_unit, np.arange(len(scale)))]
    end -= before[problem.segment_unit]
    places = np.rint(end * scale[problem.segment_unit]).astype(np.int64)
    first = np.diff(problem.segment_unit, prepend=-1) != 0
    places = np.where(first, places, places - np.append(0, places[:-1]))
    sexes = range(len(problem.sexes))
    ours = [problem.unit_sex == sex for sex in sexes]
    free = [problem.held_limit[sex] - everybody[ours[sex]].sum() for sex in sexes]
    limit = [some[ours[sex]].sum() + np.rint(free[sex] * share) for sex in sexes]
    return Share(
        capacity=np.bincount(problem.segment_unit, weights=places, minlength=len(scale)).astype(
            np.int64
        ),
        segment_places=places,
        held_limit=np.maximum(0, np.array(limit)).astype(np.int64),
    )


def flagged(limit: Limit) -> Integers:
    """Give the values of a pair's flags that a limit counts."""
    values = np.arange(FLAG_VALUES)
    return values if limit.flag is None else values[values & int(limit.flag) != 0]


def _classes(
    masks: list[NDArray[np.bool_] | None], count: int
) -> tuple[Integers, NDArray[np.bool_]]:
    """Sort items into classes that every mask treats alike.

    Returns
    -------
    tuple
        Class of each item, and whether each mask holds for each class.
    """
    class_of = np.zeros(count, dtype=np.int64)
    for mask in masks:
        if mask is not None:
            class_of = np.unique(2 * class_of + mask, return_inverse=True)[1].astype(np.int64)
    first = np.unique(class_of, return_index=True)[1]
    counted = np.ones((len(masks), len(first)), dtype=np.bool_)
    for number, mask in enumerate(masks):
        if mask is not None:
            counted[number] = mask[first]
    return class_of, counted


def prepare(progress: Progress = silent) -> Any:
    """Load the compiled kernel; it is compiled at its first use and kept for the next."""
    progress(STAGE, 0, 1)
    from optimiser import kernel

    progress(STAGE, 1, 1)
    return kernel

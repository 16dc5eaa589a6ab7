"""AllocationProblem: everything a solver or a checker needs, in whole pennies, with its labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import IntFlag
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

PENNIES_PER_POUND = 100
"""The one scale between pounds and the solver's integers."""

INELIGIBLE = 2**30
"""Cost of a pair that must not be used; above every price plus every cost."""

LARGEST_COST = 2**28
"""Largest cost of one person in one unit, of leaving a person unplaced, or of a move, in pennies.

A cost, a unit price and a move price then add up below ``INELIGIBLE``, so that 32 bits suffice."""

UNPLACED = -1
"""Unit number of a person without a place."""

NOWHERE = -1
"""Establishment number of a person whom nobody holds today."""

Integers: TypeAlias = NDArray[np.int64]
Flags: TypeAlias = NDArray[np.uint8]
Floats: TypeAlias = NDArray[np.float64]


class PriceRangeError(ValueError):
    """Weights or prices that are more than the solver's whole pennies can hold.

    ``rules`` names those whose prices are too high; empty where it is not rules.
    """

    def __init__(self, said: str, rules: tuple[str, ...] = ()) -> None:
        self.rules = rules
        super().__init__(said)

    def __reduce__(self) -> tuple[type[PriceRangeError], tuple[str, tuple[str, ...]]]:
        """Pickle with the rules, so that a worker process can hand the error back."""
        return type(self), (str(self), self.rules)


class PairFlag(IntFlag):
    """What holding a person in an establishment would mean, as limits count it.

    ``moved``: another establishment than today. ``far``, ``very_far``: over 50, over 100 straight
    miles from home. ``further``: further from family than today by more than is tolerated, for no
    stated other reason. ``changed``: another establishment than in a given plan.
    """

    MOVED = 1
    FAR = 2
    VERY_FAR = 4
    FURTHER = 8
    CHANGED = 16


SHORT_PENNIES = 10_000_000
"""Price of each person fewer than a limit's minimum: as a person without a place."""

MOVES = "moves"
"""Name of the limit on all moves: the budget."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Limit:
    """A limit on how many people may be held in a way that carries a flag.

    Attributes
    ----------
    name
        What it limits, as ``moves`` or ``far:Wales``.
    flag
        The pairs that count; none for every pair.
    people, units
        Whom and where it speaks of; bool, shape (prisoners,) and (units,); none for all.
    bound
        Most people, or fewest where ``at_least``.
    at_least
        Whether the bound is a minimum.
    short_pennies
        What each person fewer than a minimum costs; there is no price for more than a maximum,
        which is kept by leaving people without a place.
    """

    name: str
    flag: PairFlag | None
    people: NDArray[np.bool_] | None
    units: NDArray[np.bool_] | None
    bound: int
    at_least: bool = False
    short_pennies: int = SHORT_PENNIES


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Group:
    """People of whom at most so many may be in one establishment; ``people`` are rows."""

    name: str
    people: Integers
    at_most: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ties:
    """What ties the places of some people to those of others; people are rows of the problem.

    Attributes
    ----------
    apart
        Pairs never in one establishment; shape (pairs, 2).
    apart_wing
        Pairs never in one unit, where its establishment has several units open to both; shape
        (pairs, 2).
    groups
        At most so many together.
    together, together_pennies
        Pairs, and what it costs to hold them in different establishments; shapes (pairs, 2) and
        (pairs,).
    """

    apart: Integers
    apart_wing: Integers
    groups: tuple[Group, ...]
    together: Integers
    together_pennies: Integers

    @classmethod
    def none(cls) -> Ties:
        """Tie nobody to anybody."""
        pairs = np.empty((0, 2), dtype=np.int64)
        return cls(
            apart=pairs,
            apart_wing=pairs,
            groups=(),
            together=pairs,
            together_pennies=np.empty(0, dtype=np.int64),
        )

    def __bool__(self) -> bool:
        """Say whether anybody is tied to anybody."""
        pairs = len(self.apart) + len(self.apart_wing) + len(self.together)
        return bool(pairs or self.groups)

    def of_people(self, rows: Integers, people: int) -> Ties:
        """Keep the ties among these people, renumbered in their order.

        Parameters
        ----------
        rows
            The people kept.
        people
            How many there were.
        """
        number = np.full(people, -1, dtype=np.int64)
        number[rows] = np.arange(len(rows))

        def kept(pairs: Integers) -> NDArray[np.bool_]:
            return np.asarray((number[pairs] >= 0).all(axis=1))

        groups = tuple(
            replace(group, people=number[group.people][number[group.people] >= 0])
            for group in self.groups
        )
        together = kept(self.together)
        return Ties(
            apart=number[self.apart[kept(self.apart)]],
            apart_wing=number[self.apart_wing[kept(self.apart_wing)]],
            groups=tuple(group for group in groups if len(group.people) > group.at_most),
            together=number[self.together[together]],
            together_pennies=self.together_pennies[together],
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AllocationProblem:
    """One allocation to be decided: costs, eligibility, capacities, crowding and limits.

    Attributes
    ----------
    prisoners, units, establishments, sexes
        Labels.
    cost_pennies
        Cost of holding a person in a unit over the stay, the move included; int32, shape
        (prisoners, units); ``INELIGIBLE`` where the person may not be held.
    unplaced_pennies
        Cost of leaving a person without a place; int64, shape (prisoners,).
    unit_establishment, unit_sex
        Number of the establishment and of the sex of each unit.
    capacity
        Most people each unit may hold.
    held_limit
        Most people that units of each sex may hold together: places less the operating margin.
    segment_unit, segment_places, segment_pennies
        Crowding: the places of a unit in blocks of rising price per person; ordered by unit and
        then by price; the blocks of a unit add up to its capacity.
    from_establishment, current_unit
        Number of the establishment and of the unit that hold each person today, or ``NOWHERE``.
    pair_flags
        ``PairFlag`` of holding a person in an establishment; uint8, shape (prisoners,
        establishments).
    limits
        Limits that count flagged pairs; the budget of moves is the one named ``moves``.
    ties
        What ties the places of some people to those of others.
    """

    prisoners: pd.Index
    units: pd.Index
    establishments: pd.Index
    sexes: tuple[str, ...]
    cost_pennies: NDArray[np.int32]
    unplaced_pennies: Integers
    unit_establishment: Integers
    unit_sex: Integers
    capacity: Integers
    held_limit: Integers
    segment_unit: Integers
    segment_places: Integers
    segment_pennies: Integers
    from_establishment: Integers
    current_unit: Integers
    pair_flags: Flags
    limits: tuple[Limit, ...] = ()
    ties: Ties = field(default_factory=Ties.none)

    def __post_init__(self) -> None:
        """Check shapes and ranges, and make the arrays read-only."""
        _check_shapes(self)
        _check_ranges(self)
        for name in ARRAYS:
            getattr(self, name).setflags(write=False)

    def of_people(self, rows: Integers | slice) -> AllocationProblem:
        """Keep these people, in this order, with all places and limits."""
        people = len(self.prisoners)
        numbers = np.arange(people)[rows]
        limits = tuple(
            limit if limit.people is None else replace(limit, people=limit.people[numbers])
            for limit in self.limits
        )
        arrays = {name: getattr(self, name)[rows] for name in OF_PEOPLE}
        return replace(self, **arrays, limits=limits, ties=self.ties.of_people(numbers, people))

    @property
    def move_budget(self) -> int | None:
        """Most people who may end in another establishment, or none for no limit."""
        return next((limit.bound for limit in self.limits if limit.name == MOVES), None)

    def counts(self, unit_of: Integers, limit: Limit) -> int:
        """Count the people whom a limit counts under a plan."""
        placed = np.flatnonzero(unit_of != UNPLACED)
        return int(pairs_counted(self, limit, placed, unit_of[placed]).sum())

    def moved(self, unit_of: Integers) -> NDArray[np.bool_]:
        """Say who ends in another establishment; shape (prisoners,)."""
        placed = unit_of != UNPLACED
        to = self.unit_establishment[np.where(placed, unit_of, 0)]
        held = self.from_establishment != NOWHERE
        moved: NDArray[np.bool_] = placed & held & (to != self.from_establishment)
        return moved

    def held(self, unit_of: Integers) -> Integers:
        """Count the people in each unit; shape (units,)."""
        return np.bincount(unit_of[unit_of != UNPLACED], minlength=len(self.units)).astype(np.int64)

    def placement_pennies(self, unit_of: Integers) -> Integers:
        """Give each person's own cost where they are, or unplaced; shape (prisoners,)."""
        placed = unit_of != UNPLACED
        rows = np.arange(len(unit_of))
        cost = self.cost_pennies[rows, np.where(placed, unit_of, 0)].astype(np.int64)
        return np.where(placed, cost, self.unplaced_pennies)

    def crowding_pennies(self, held: Integers) -> Integers:
        """Give the cost of crowding when so many are held; shape (units,)."""
        used = self.segment_use(held)
        return np.bincount(
            self.segment_unit, weights=used * self.segment_pennies, minlength=len(self.units)
        ).astype(np.int64)

    def segment_use(self, held: Integers) -> Integers:
        """Fill the crowding blocks of each unit in order; shape (segments,)."""
        end = np.cumsum(self.segment_places)
        first = np.searchsorted(self.segment_unit, np.arange(len(self.units)))
        before_unit = np.concatenate([[0], end])[first]
        start = end - self.segment_places - before_unit[self.segment_unit]
        used: Integers = np.clip(held[self.segment_unit] - start, 0, self.segment_places)
        return used

    def last_pennies(self, blocks: NDArray[np.bool_]) -> Integers:
        """Give the price of crowding of the last of some blocks of each unit, or 0; shape (units,).

        ``blocks`` says which count; shape (segments,).
        """
        last = np.zeros(len(self.units), dtype=np.int64)
        last[self.segment_unit[blocks]] = self.segment_pennies[blocks]
        return last

    def establishment_of(self, unit_of: Integers) -> Integers:
        """Give each person's establishment under a plan, or ``NOWHERE``; shape (prisoners,)."""
        place = np.append(self.unit_establishment, NOWHERE)
        at: Integers = place[unit_of]
        return at

    def parted(self, unit_of: Integers) -> NDArray[np.bool_]:
        """Say which pairs who should be together are not; shape (pairs,).

        Having no place is a place of its own.
        """
        at = self.establishment_of(unit_of)[self.ties.together]
        parted: NDArray[np.bool_] = at[:, 0] != at[:, 1]
        return parted

    def parting_pennies(self, unit_of: Integers) -> int:
        """Price the pairs who are parted."""
        return int(self.ties.together_pennies[self.parted(unit_of)].sum())

    def shortages(self, unit_of: Integers) -> Integers:
        """Count how many people each minimum is short of; 0 for other limits; shape (limits,)."""
        short = [
            max(0, each.bound - self.counts(unit_of, each)) if each.at_least else 0
            for each in self.limits
        ]
        return np.array(short, dtype=np.int64)

    def shortage_pennies(self, unit_of: Integers) -> int:
        """Price what minimums are short of."""
        price = np.array([each.short_pennies for each in self.limits], dtype=np.int64)
        return int((self.shortages(unit_of) * price).sum())

    def value_pennies(self, unit_of: Integers) -> int:
        """Recompute the objective of a plan: people, crowding, pairs parted, minimums not met."""
        crowding = self.crowding_pennies(self.held(unit_of))
        ties_and_limits = self.parting_pennies(unit_of) + self.shortage_pennies(unit_of)
        return int(self.placement_pennies(unit_of).sum()) + int(crowding.sum()) + ties_and_limits


def pairs_counted(
    problem: AllocationProblem, limit: Limit, people: Integers, units: Integers
) -> NDArray[np.bool_]:
    """Say which of some pairs a limit counts; shape (pairs,)."""
    counted = np.ones(len(people), dtype=np.bool_)
    if limit.people is not None:
        counted &= limit.people[people]
    if limit.units is not None:
        counted &= limit.units[units]
    if limit.flag is not None:
        flags = problem.pair_flags[people, problem.unit_establishment[units]]
        counted &= (flags & np.uint8(limit.flag)) != 0
    return counted


def wing_applies(problem: AllocationProblem, pairs: Integers, unit: Integers) -> NDArray[np.bool_]:
    """Say for which pairs a unit's establishment has several units open to both; shape (pairs,).

    Parameters
    ----------
    problem
        The problem.
    pairs
        People; shape (pairs, 2).
    unit
        One unit for each pair.
    """
    several = np.zeros(len(pairs), dtype=np.bool_)
    for first in range(0, len(pairs), _CHUNK):
        some = slice(first, first + _CHUNK)
        one, other = (problem.cost_pennies[pairs[some, side]] for side in (0, 1))
        both = (one != INELIGIBLE) & (other != INELIGIBLE)
        here = problem.unit_establishment == problem.unit_establishment[unit[some], None]
        several[some] = (both & here).sum(axis=1) > 1
    return several


ARRAYS = (
    "cost_pennies",
    "unplaced_pennies",
    "unit_establishment",
    "unit_sex",
    "capacity",
    "held_limit",
    "segment_unit",
    "segment_places",
    "segment_pennies",
    "from_establishment",
    "current_unit",
    "pair_flags",
)
OF_PEOPLE = (
    "prisoners",
    "cost_pennies",
    "unplaced_pennies",
    "from_establishment",
    "current_unit",
    "pair_flags",
)
LABELS = ("prisoners", "units", "establishments")


def _check_shapes(problem: AllocationProblem) -> None:
    people, units = len(problem.prisoners), len(problem.units)
    segments = len(problem.segment_unit)
    expected: dict[str, tuple[int, ...]] = {
        "cost_pennies": (people, units),
        "unplaced_pennies": (people,),
        "unit_establishment": (units,),
        "unit_sex": (units,),
        "capacity": (units,),
        "held_limit": (len(problem.sexes),),
        "segment_places": (segments,),
        "segment_pennies": (segments,),
        "from_establishment": (people,),
        "current_unit": (people,),
        "pair_flags": (people, len(problem.establishments)),
    }
    wrong = [
        f"{name} has shape {getattr(problem, name).shape}, expected {shape}"
        for name, shape in expected.items()
        if getattr(problem, name).shape != shape
    ]
    if wrong:
        raise ValueError("Allocation problem: " + "; ".join(wrong))


def _check_ranges(problem: AllocationProblem) -> None:
    prices = ("unplaced_pennies", "segment_pennies")
    counts = ("capacity", "held_limit", "segment_places")
    dear = [
        *(_cost_fault(problem)),
        *(
            f"{name} must lie in 0 to {LARGEST_COST}"
            for name in prices
            if not _within(getattr(problem, name), LARGEST_COST)
        ),
    ]
    if dear:
        raise PriceRangeError("Allocation problem: " + "; ".join(dear))
    faults = [
        *(f"{name} must not be negative" for name in counts if (getattr(problem, name) < 0).any()),
        *_crowding_faults(problem),
    ]
    faults += [
        f"limit {limit.name} must not be negative, found {limit.bound}"
        for limit in problem.limits
        if limit.bound < 0
    ]
    if faults:
        raise ValueError("Allocation problem: " + "; ".join(faults))


def _within(values: Integers, most: int) -> bool:
    return bool(values.min(initial=0) >= 0 and values.max(initial=0) <= most)


def _cost_fault(problem: AllocationProblem) -> list[str]:
    for row in range(0, len(problem.prisoners), _CHUNK):
        block = problem.cost_pennies[row : row + _CHUNK]
        if ((block < 0) | ((block > LARGEST_COST) & (block != INELIGIBLE))).any():
            return [
                f"cost_pennies must lie in 0 to {LARGEST_COST} (£{LARGEST_COST / 100:,.0f}); "
                "lower the weights or prices"
            ]
    return []


def _crowding_faults(problem: AllocationProblem) -> list[str]:
    faults = []
    places = np.bincount(
        problem.segment_unit, weights=problem.segment_places, minlength=len(problem.units)
    )
    if not np.array_equal(places.astype(np.int64), problem.capacity):
        faults.append("the crowding blocks of each unit must add up to its capacity")
    step = np.diff(problem.segment_pennies)
    same = np.diff(problem.segment_unit)
    if (same < 0).any() or ((same == 0) & (step < 0)).any():
        faults.append("crowding blocks must be ordered by unit and then by price")
    return faults


_CHUNK = 4096


def save_problem(problem: AllocationProblem, path: Path) -> None:
    """Write the problem as ``problem.npz``, so that anyone can check the optimum.

    ``docs/model.md`` describes the arrays. Labels are text; nothing in the file is pickled.

    Parameters
    ----------
    problem
        What was given to the solver.
    path
        File to write.
    """
    content: dict[str, Any] = {name: getattr(problem, name) for name in ARRAYS}
    content |= {name: getattr(problem, name).to_numpy(dtype=np.str_) for name in LABELS}
    content["sexes"] = np.array(problem.sexes, dtype=np.str_)
    content |= _limit_arrays(problem) | _tie_arrays(problem.ties)
    content["eligible"] = np.packbits(problem.cost_pennies != INELIGIBLE, axis=1)
    content["pennies_per_pound"] = np.array(PENNIES_PER_POUND)
    np.savez_compressed(path, **content)


def load_problem(path: Path) -> AllocationProblem:
    """Read ``problem.npz`` back.

    Parameters
    ----------
    path
        A file written by ``save_problem``.

    Returns
    -------
    AllocationProblem
        Equal, array by array, to the one that was saved.
    """
    with np.load(path, allow_pickle=False) as stored:
        return AllocationProblem(
            **{name: stored[name] for name in ARRAYS},
            **{name: pd.Index(stored[name].astype(object), dtype="str") for name in LABELS},
            sexes=tuple(str(sex) for sex in stored["sexes"]),
            limits=_stored_limits(stored),
            ties=_stored_ties(stored),
        )


def _limit_arrays(problem: AllocationProblem) -> dict[str, Any]:
    """Store limits as parallel arrays; masks are whole rows, all true where they say nothing."""
    people = np.ones((len(problem.limits), len(problem.prisoners)), dtype=np.bool_)
    units = np.ones((len(problem.limits), len(problem.units)), dtype=np.bool_)
    for row, limit in enumerate(problem.limits):
        people[row] &= True if limit.people is None else limit.people
        units[row] &= True if limit.units is None else limit.units
    return {
        "limit_name": np.array([limit.name for limit in problem.limits], dtype=np.str_),
        "limit_flag": np.array([int(limit.flag or 0) for limit in problem.limits], dtype=np.int64),
        "limit_bound": np.array([limit.bound for limit in problem.limits], dtype=np.int64),
        "limit_at_least": np.array([limit.at_least for limit in problem.limits], dtype=np.bool_),
        "limit_short_pennies": np.array(
            [limit.short_pennies for limit in problem.limits], dtype=np.int64
        ),
        "limit_people": np.packbits(people, axis=1),
        "limit_units": units,
    }


def _stored_limits(stored: Mapping[str, Any]) -> tuple[Limit, ...]:
    people = len(stored["prisoners"])
    masks = np.unpackbits(stored["limit_people"], axis=1, count=people).astype(np.bool_)
    return tuple(
        Limit(
            name=str(name),
            flag=PairFlag(int(flag)) if flag else None,
            people=None if who.all() else who,
            units=None if where.all() else where,
            bound=int(bound),
            at_least=bool(least),
            short_pennies=int(short),
        )
        for name, flag, bound, least, short, who, where in zip(
            stored["limit_name"],
            stored["limit_flag"],
            stored["limit_bound"],
            stored["limit_at_least"],
            stored["limit_short_pennies"],
            masks,
            stored["limit_units"],
            strict=True,
        )
    )


def _tie_arrays(ties: Ties) -> dict[str, Any]:
    return {
        "apart": ties.apart,
        "apart_wing": ties.apart_wing,
        "together": ties.together,
        "together_pennies": ties.together_pennies,
        "group_name": np.array([group.name for group in ties.groups], dtype=np.str_),
        "group_at_most": np.array([group.at_most for group in ties.groups], dtype=np.int64),
        "group_size": np.array([len(group.people) for group in ties.groups], dtype=np.int64),
        "group_people": np.concatenate(
            [np.empty(0, dtype=np.int64), *(group.people for group in ties.groups)]
        ),
    }


def _stored_ties(stored: Mapping[str, Any]) -> Ties:
    people = np.split(stored["group_people"], np.cumsum(stored["group_size"])[:-1])
    return Ties(
        apart=stored["apart"],
        apart_wing=stored["apart_wing"],
        groups=tuple(
            Group(name=str(name), people=rows, at_most=int(most))
            for name, rows, most in zip(
                stored["group_name"], people, stored["group_at_most"], strict=False
            )
        ),
        together=stored["together"],
        together_pennies=stored["together_pennies"],
    )

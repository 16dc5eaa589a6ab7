"""AllocationProblem: everything a solver or a checker needs, in whole pennies, with its labels."""

from __future__ import annotations

from dataclasses import dataclass, replace
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
    move_budget
        Most people who may end in another establishment, or none for no limit.
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
    move_budget: int | None = None

    def __post_init__(self) -> None:
        """Check shapes and ranges, and make the arrays read-only."""
        _check_shapes(self)
        _check_ranges(self)
        for name in ARRAYS:
            getattr(self, name).setflags(write=False)

    def of_people(self, rows: Integers | slice) -> AllocationProblem:
        """Keep these people, in this order, with all places and limits."""
        return replace(self, **{name: getattr(self, name)[rows] for name in OF_PEOPLE})

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

    def value_pennies(self, unit_of: Integers) -> int:
        """Recompute the objective of a plan: people, then crowding."""
        crowding = self.crowding_pennies(self.held(unit_of))
        return int(self.placement_pennies(unit_of).sum()) + int(crowding.sum())


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
)
OF_PEOPLE = (
    "prisoners",
    "cost_pennies",
    "unplaced_pennies",
    "from_establishment",
    "current_unit",
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
    faults = [
        *(_cost_fault(problem)),
        *(
            f"{name} must lie in 0 to {LARGEST_COST}"
            for name in prices
            if not _within(getattr(problem, name), LARGEST_COST)
        ),
        *(f"{name} must not be negative" for name in counts if (getattr(problem, name) < 0).any()),
        *_crowding_faults(problem),
    ]
    if problem.move_budget is not None and problem.move_budget < 0:
        faults.append(f"move_budget must not be negative, found {problem.move_budget}")
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
    content["move_budget"] = np.array(
        [] if problem.move_budget is None else [problem.move_budget], dtype=np.int64
    )
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
        budget = stored["move_budget"]
        return AllocationProblem(
            **{name: stored[name] for name in ARRAYS},
            **{name: pd.Index(stored[name].astype(object), dtype="str") for name in LABELS},
            sexes=tuple(str(sex) for sex in stored["sexes"]),
            move_budget=int(budget[0]) if len(budget) else None,
        )

"""People keep their own unit among units that are the same to everyone.

A large prison has several units of one kind. A person may be held in all of them or in none, at
the same cost, so a best plan may share people out among them in any way that crowding allows. Only
people who must stay where they are tell such units apart.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from optimiser.problem import UNPLACED, AllocationProblem, Integers


def keep_own_units(
    problem: AllocationProblem, unit_of: Integers, own: Integers | None = None
) -> Integers:
    """Share the people of units alike out again, so that they keep their own wherever they can.

    People who must stay do; then each unit is filled as cheaply as crowding allows, where prices
    are equal as close to today as can be; then people keep their own unit while it has room.

    Parameters
    ----------
    problem
        What was to be decided.
    unit_of
        Unit of each person in an optimal plan, or ``UNPLACED``; shape (prisoners,).
    own
        Unit that each person should keep, as in an earlier plan; by default today's.

    Returns
    -------
    Integers
        A plan of the same value.
    """
    group_of, only = groups_alike(problem)
    kept = unit_of.copy()
    tied = only >= 0
    now = np.where(tied, only, problem.current_unit if own is None else own)
    group_plan = np.where(unit_of == UNPLACED, UNPLACED, group_of[unit_of])
    by_group = np.argsort(group_plan, kind="stable")
    sizes = np.bincount(group_of)
    bounds = np.searchsorted(group_plan[by_group], np.arange(len(sizes) + 1))
    for group in np.flatnonzero(sizes > 1):
        people = by_group[bounds[group] : bounds[group + 1]]
        members = np.flatnonzero(group_of == group)
        kept[people] = _share(problem, members, people, now[people], tied[people])
    return kept


def groups_alike(problem: AllocationProblem) -> tuple[Integers, Integers]:
    """Group the units of one establishment that are alike to everyone with a choice.

    Returns
    -------
    tuple of Integers
        Group of each unit, in the order of their first units; and the only unit of each person
        without a choice, -1 for everybody else.
    """
    from optimiser.kernel import compare_units

    units = np.arange(len(problem.units))
    kind = problem.unit_establishment * len(problem.sexes) + problem.unit_sex
    for limit in problem.limits:
        if limit.units is not None:
            kind = np.unique(2 * kind + limit.units, return_inverse=True)[1].astype(np.int64)
    first, other = np.nonzero((kind[:, None] == kind) & (units[:, None] < units))
    differ, only = compare_units(problem.cost_pennies, first, other)
    leader = units.copy()
    np.minimum.at(leader, other[~differ], first[~differ])
    return np.unique(leader, return_inverse=True)[1].astype(np.int64), only


def _share(
    problem: AllocationProblem,
    members: Integers,
    people: Integers,
    now: Integers,
    tied: NDArray[np.bool_],
) -> Integers:
    """Give each of the people of one group a unit."""
    here = (now[:, None] == members).astype(np.int64)
    must = (here * tied[:, None]).sum(axis=0)
    held = _fill(problem, members, must, here.sum(axis=0), len(people))
    unit_of = np.full(len(people), UNPLACED, dtype=np.int64)
    first_tied = np.argsort(~tied, kind="stable")
    for number, unit in enumerate(members):
        stay = first_tied[here[first_tied, number] == 1][: held[number]]
        unit_of[stay] = unit
    left = held - (unit_of[:, None] == members).sum(axis=0)
    unit_of[unit_of == UNPLACED] = np.repeat(members, left)
    return unit_of


def _fill(
    problem: AllocationProblem, members: Integers, must: Integers, today: Integers, people: int
) -> Integers:
    """Choose how many each unit of a group holds: cheapest places first, then as today."""
    chosen = np.isin(problem.segment_unit, members)
    number = np.searchsorted(members, problem.segment_unit[chosen])
    price = problem.segment_pennies[chosen]
    end = np.cumsum(problem.segment_places[chosen])
    room = np.diff(end, prepend=0)
    held = must.copy()
    reached = np.zeros(len(members), dtype=np.int64)
    spare: dict[int, Integers] = {}
    for unit, pennies, places in zip(number, price, room, strict=True):
        taken = min(places, max(0, must[unit] - reached[unit]))
        reached[unit] += places
        spare.setdefault(int(pennies), np.zeros(len(members), dtype=np.int64))[unit] += (
            places - taken
        )
    for _, places in sorted(spare.items()):
        for wanted in (np.minimum(places, np.maximum(0, today - held)), places):
            left = people - int(held.sum())
            before = np.cumsum(wanted) - wanted
            added = np.clip(left - before, 0, wanted)
            held = held + added
            places -= added
    return held

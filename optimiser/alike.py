"""Units that are the same to everyone, solved as one and told apart afterwards.

A large prison has several units of one kind. A person may be held in all of them or in none, at
the same cost, so the solver need not choose between them. Only people who must stay where they are
tell them apart. Afterwards people keep their own unit wherever they can.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from optimiser.duals import Prices, blocks
from optimiser.problem import INELIGIBLE, UNPLACED, AllocationProblem, Integers


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Merged:
    """A smaller problem whose units are groups of units alike.

    Attributes
    ----------
    problem
        The smaller problem.
    group_of
        Group of each unit; shape (units,).
    """

    problem: AllocationProblem
    group_of: Integers


def merge_alike(problem: AllocationProblem) -> Merged:
    """Merge units of one establishment that are alike to everyone with a choice.

    Parameters
    ----------
    problem
        The problem as built.

    Returns
    -------
    Merged
        A relaxation: its best value is never above that of the problem, and equal unless people
        who must stay crowd one of several units alike.
    """
    group_of = _groups(problem)
    order = np.argsort(group_of, kind="stable")
    starts = np.searchsorted(group_of[order], np.arange(group_of.max(initial=-1) + 1))
    people = len(problem.prisoners)
    cost = np.empty((people, len(starts)), dtype=np.int32)
    for rows in blocks(people):
        cost[rows] = np.minimum.reduceat(problem.cost_pennies[rows][:, order], starts, axis=1)
    segment_group = group_of[problem.segment_unit]
    by_price = np.lexsort((problem.segment_unit, problem.segment_pennies, segment_group))
    leaders = order[starts]
    return Merged(
        problem=replace(
            problem,
            units=problem.units[leaders],
            cost_pennies=cost,
            unit_establishment=problem.unit_establishment[leaders],
            unit_sex=problem.unit_sex[leaders],
            capacity=np.add.reduceat(problem.capacity[order], starts),
            segment_unit=segment_group[by_price],
            segment_places=problem.segment_places[by_price],
            segment_pennies=problem.segment_pennies[by_price],
        ),
        group_of=group_of,
    )


def _choices(problem: AllocationProblem) -> Integers:
    """Count the units open to each person; shape (prisoners,)."""
    choices = np.empty(len(problem.prisoners), dtype=np.int64)
    for rows in blocks(len(choices)):
        choices[rows] = (problem.cost_pennies[rows] != INELIGIBLE).sum(axis=1)
    return choices


def _groups(problem: AllocationProblem) -> Integers:
    """Give each unit the number of its group, in the order of their first units."""
    units = np.arange(len(problem.units))
    place = problem.unit_establishment * len(problem.sexes) + problem.unit_sex
    first, other = np.nonzero((place[:, None] == place) & (units[:, None] < units))
    choice = _choices(problem) > 1
    for rows in blocks(len(choice)):
        cost = problem.cost_pennies[rows][choice[rows]]
        same = (cost[:, first] == cost[:, other]).all(axis=0)
        first, other = first[same], other[same]
    leader = units.copy()
    np.minimum.at(leader, other, first)
    return np.unique(leader, return_inverse=True)[1].astype(np.int64)


def split(problem: AllocationProblem, merged: Merged, group_plan: Integers) -> Integers:
    """Share the people of each group out among its units.

    People who must stay do; then each unit is filled as cheaply as crowding allows, where prices
    are equal as close to today as can be; then people keep their own unit while it has room.

    Parameters
    ----------
    problem
        The problem as built.
    merged
        What ``merge_alike`` made of it.
    group_plan
        Group of each person, or ``UNPLACED``; shape (prisoners,).

    Returns
    -------
    Integers
        Unit of each person, or ``UNPLACED``.
    """
    unit_of = np.full(len(group_plan), UNPLACED, dtype=np.int64)
    tied = _choices(problem) == 1
    now = _own_unit(problem, tied)
    units_by_group = np.split(
        np.argsort(merged.group_of, kind="stable"),
        np.cumsum(np.bincount(merged.group_of))[:-1],
    )
    by_group = np.argsort(group_plan, kind="stable")
    bounds = np.searchsorted(group_plan[by_group], np.arange(len(units_by_group) + 1))
    for group, members in enumerate(units_by_group):
        people = by_group[bounds[group] : bounds[group + 1]]
        if len(members) == 1:
            unit_of[people] = members[0]
        else:
            unit_of[people] = _share(problem, members, people, now[people], tied[people])
    return unit_of


def _own_unit(problem: AllocationProblem, tied: NDArray[np.bool_]) -> Integers:
    """Give the unit of people who must stay and of everyone held today; shape (prisoners,)."""
    own = problem.current_unit.copy()
    own[tied] = (problem.cost_pennies[tied] != INELIGIBLE).argmax(axis=1)
    return own


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


def prices_of_units(merged: Merged, prices: Prices) -> Prices:
    """Give each unit the price of its group."""
    return replace(prices, unit=prices.unit[merged.group_of])

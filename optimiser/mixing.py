"""A better plan between two: the difference falls into cycles, and the best of them are taken.

Where two plans hold people differently, their units are joined by an arc from one plan to the other
for each such person. The arcs fall into cycles, which leave as many people in every unit as before,
and into paths. Any of them may be taken and others left. Measures add up over those taken, crowding
at most so, and a small linear programme says which to take under ceilings.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from optimiser.measure import Measure
from optimiser.problem import UNPLACED, AllocationProblem, Integers

Floats = NDArray[np.float64]

Priced: TypeAlias = tuple[Measure, int, float]
"""A measure, the most of it, and what it costs to be above that by one."""

MOST_BROKEN = 4
"""Cycles taken in part that are tried both ways: as many as there are ceilings, rarely more."""

TIGHTENED = 4
"""Times that the programme is solved again with less room when what it says does not fit."""


def cycles_between(problem: AllocationProblem, first: Integers, second: Integers) -> Integers:
    """Sort the people whom two plans hold in different units into cycles and paths.

    Parameters
    ----------
    problem
        Of both plans.
    first, second
        Unit of each person, or ``UNPLACED``.

    Returns
    -------
    Integers
        Number of the cycle or path of each person, from 0; -1 where both plans agree; shape
        (prisoners,). Paths go from a unit that the second plan fills less to one that it fills
        more, so that a plan with any of them taken holds between both numbers everywhere.
    """
    nowhere = len(problem.units)
    differ = np.flatnonzero(first != second)
    tail = np.where(first[differ] == UNPLACED, nowhere, first[differ])
    head = np.where(second[differ] == UNPLACED, nowhere, second[differ])
    more = np.bincount(tail, minlength=nowhere + 1) - np.bincount(head, minlength=nowhere + 1)
    heads = head.tolist()
    number_of, found = _swaps(tail.tolist(), heads)
    waiting: list[list[int]] = [[] for _ in range(nowhere + 1)]
    for arc in np.flatnonzero(number_of < 0)[::-1].tolist():
        waiting[tail[arc]].append(arc)
    starts = np.repeat(np.arange(nowhere + 1), np.maximum(more, 0)).tolist()
    for start in [*starts, *range(nowhere + 1)]:
        while waiting[start]:
            found = _walk(start, waiting, heads, number_of, found)
            if more[start] > 0:
                break
    cycle_of = np.full(len(first), -1, dtype=np.int64)
    cycle_of[differ] = number_of
    return cycle_of


def _swaps(tails: list[int], heads: list[int]) -> tuple[Integers, int]:
    """Take cycles of two first: the shorter cycles are, the more there are to choose from."""
    number_of = np.full(len(tails), -1, dtype=np.int64)
    open_arcs: dict[tuple[int, int], list[int]] = {}
    found = 0
    for arc, way in enumerate(zip(tails, heads, strict=True)):
        back = open_arcs.get((way[1], way[0]))
        if back:
            number_of[[arc, back.pop()]] = found
            found += 1
        else:
            open_arcs.setdefault(way, []).append(arc)
    return number_of, found


def _walk(
    start: int, waiting: list[list[int]], heads: list[int], number_of: Integers, found: int
) -> int:
    """Follow arcs until they end; number each cycle that closes on the way, and the path left."""
    path: list[int] = []
    at = {start: 0}
    node = start
    while waiting[node]:
        arc = waiting[node].pop()
        path.append(arc)
        node = heads[arc]
        if node in at:
            cut = at[node]
            number_of[path[cut:]] = found
            found += 1
            for each in path[cut:-1]:
                del at[heads[each]]
            del path[cut:]
        else:
            at[node] = len(path)
    if path:
        number_of[path] = found
        found += 1
    return found


def mix(
    problem: AllocationProblem,
    objective: Sequence[tuple[int, Measure]],
    ceilings: Sequence[Priced],
    base: Integers,
    other: Integers,
) -> Integers:
    """Take what pays of the difference of two plans.

    Parameters
    ----------
    problem
        Of both plans.
    objective
        Whole weights, and the measures they weigh.
    ceilings
        Measures, the most of each, and what it costs to be above it by one.
    base
        A plan.
    other
        Another one.

    Returns
    -------
    Integers
        A plan that keeps every ceiling that the base keeps, is above the others by no more, and
        costs no more, what is above ceilings counted at its price.
    """
    cycle_of = cycles_between(problem, base, other)
    count = int(cycle_of.max(initial=-1)) + 1
    if not count:
        return base
    gain = np.zeros(count)
    for weight, measure in objective:
        gain += weight * _changes(problem, measure, base, other, cycle_of, count)
    load = np.zeros((len(ceilings), count))
    room = np.zeros(len(ceilings))
    for row, (measure, most, _) in enumerate(ceilings):
        load[row] = _changes(problem, measure, base, other, cycle_of, count)
        room[row] = most - measure.of_plan(problem, base)
    taken = _choose(gain, load, room, np.array([price for _, _, price in ceilings]))
    mixed = np.where(np.append(taken, False)[cycle_of], other, base)
    return mixed if _is_better(problem, objective, ceilings, base, mixed) else base


def _changes(
    problem: AllocationProblem,
    measure: Measure,
    base: Integers,
    other: Integers,
    cycle_of: Integers,
    count: int,
) -> Floats:
    """Give what each cycle adds to a measure at most: the mean over a unit's paths in crowding."""
    differ = np.flatnonzero(cycle_of >= 0)
    own = measure.by_person(other)[differ] - measure.by_person(base)[differ]
    change: Floats = np.bincount(cycle_of[differ], weights=own, minlength=count).astype(np.float64)
    if not measure.segment.any():
        return change
    units = len(problem.units)
    held = [problem.held(plan) for plan in (base, other)]
    crowded = [
        np.bincount(
            problem.segment_unit,
            weights=problem.segment_use(each) * measure.segment,
            minlength=units,
        )
        for each in held
    ]
    each_more = (crowded[1] - crowded[0]) / np.where(held[1] == held[0], 1, held[1] - held[0])
    each_more = np.append(each_more, 0.0)  # no place, as unit -1
    change += np.bincount(
        cycle_of[differ],
        weights=each_more[other[differ]] - each_more[base[differ]],
        minlength=count,
    )
    return change


def _choose(gain: Floats, load: Floats, room: Floats, price: Floats) -> NDArray[np.bool_]:
    """Choose cycles by a linear programme; the few it takes in part are tried both ways.

    Columns are the cycles, and what each ceiling is exceeded by: at most as much as before.
    """
    from scipy.optimize import linprog

    count, rows = load.shape[1], len(room)
    nothing = np.zeros(count, dtype=np.bool_)
    most = np.maximum(room, 0.0)
    size = max(1.0, float(np.abs(gain).max()))
    wide = np.maximum(1.0, np.abs(load).max(axis=1, initial=0.0))
    left = room.copy()
    for _ in range(TIGHTENED):
        answer: Any = linprog(
            np.concatenate([gain, price * wide]) / size,
            A_ub=np.hstack([load / wide[:, None], -np.eye(rows)]) if rows else None,
            b_ub=left / wide if rows else None,
            bounds=[(0.0, 1.0)] * count
            + [(0.0, max(0.0, -each)) for each in (left / wide).tolist()],
            method="highs",
        )
        if answer.status != 0:
            return nothing
        part = answer.x[:count]
        taken = part > 0.5
        broken = np.flatnonzero((part > 1e-9) & (part < 1 - 1e-9))[:MOST_BROKEN]
        best: tuple[float, NDArray[np.bool_]] | None = None
        for way in product([False, True], repeat=len(broken)):
            tried = taken.copy()
            tried[broken] = way
            used = load[:, tried].sum(axis=1)
            cost = float(gain[tried].sum() + price @ np.maximum(used - room, 0.0))
            if (used <= most + 1e-6).all() and (best is None or cost < best[0]):
                best = cost, tried
        if best is not None:
            return best[1]
        over = load[:, taken].sum(axis=1) - most
        left = left - np.maximum(over, 0.0) - np.where(over > 0, 1e-6 * wide, 0.0)
    return nothing


def _is_better(
    problem: AllocationProblem,
    objective: Sequence[tuple[int, Measure]],
    ceilings: Sequence[Priced],
    base: Integers,
    mixed: Integers,
) -> bool:
    """Say whether a plan costs less than the base, with places and estates kept."""
    held = problem.held(mixed)
    estates = np.bincount(problem.unit_sex, weights=held, minlength=len(problem.sexes))
    if (held > problem.capacity).any() or (estates > problem.held_limit).any():
        return False
    cost = []
    over = []
    for plan in (base, mixed):
        above = [max(0, each.of_plan(problem, plan) - most) for each, most, _ in ceilings]
        value = sum(weight * measure.of_plan(problem, plan) for weight, measure in objective)
        priced = (price * much for much, (_, _, price) in zip(above, ceilings, strict=True))
        cost.append(value + sum(priced))
        over.append(above)
    kept = all(after <= before for before, after in zip(*over, strict=True))
    return kept and cost[1] < cost[0]

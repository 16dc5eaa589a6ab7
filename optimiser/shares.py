"""The best share of a fixed total among places, each with a curve of what it leaves undone.

Curves are whole numbers by step; a place gets whole steps. Where every curve is convex, giving
each step to whom it saves most is best; otherwise OR-Tools' CP-SAT decides and proves it.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from optimiser.linear import exact_solver

Curve = NDArray[np.int64]

MOST_WORK = 30.0
"""Work after which the search ends, in CP-SAT's own seconds, which a clock does not change."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shares:
    """A share of a total.

    Attributes
    ----------
    steps
        Steps of each place; int64, shape (places,).
    objective, lower_bound
        Sum of the curves there, and a number that no share can fall below; equal where proven.
    method
        ``marginal`` or ``cp_sat``.
    """

    steps: NDArray[np.int64]
    objective: int
    lower_bound: int
    method: str

    @property
    def is_proven(self) -> bool:
        """Whether no share is better."""
        return self.objective == self.lower_bound


def best_shares(curves: Sequence[Curve], least: Sequence[int], total: int) -> Shares:
    """Share a total so that the sum of the curves is least.

    Parameters
    ----------
    curves
        For each place what is left undone at 0, 1, 2 and so on steps; whole numbers that never
        rise. More steps than a curve tells of are of no use.
    least
        Fewest steps of each place; within its curve.
    total
        Steps to share out; not all need be used.

    Returns
    -------
    Shares
        Best and proven: step by step where every curve is convex from its fewest steps on, else by
        CP-SAT, unless its search ends first.

    Raises
    ------
    ValueError
        When a curve rises or ends before the fewest steps, or the total is less than these need;
        says what it must be at least.

    Examples
    --------
    >>> best_shares([np.array([9, 4, 2]), np.array([5, 1, 0])], [0, 0], 2).steps.tolist()
    [1, 1]
    """
    _check(curves, least, total)
    if all(is_convex(curve[start:]) for curve, start in zip(curves, least, strict=True)):
        return marginal_shares(curves, least, total)
    return searched_shares(curves, least, total)


def is_convex(curve: Curve) -> bool:
    """Say whether each further step saves no more than the one before.

    Examples
    --------
    >>> is_convex(np.array([9, 4, 2])), is_convex(np.array([9, 8, 2]))
    (True, False)
    """
    return bool((np.diff(curve, n=2) >= 0).all())


def marginal_shares(curves: Sequence[Curve], least: Sequence[int], total: int) -> Shares:
    """Give each step to the place where it saves most; best where every curve is convex.

    The first of several equal places gets it. A step that saves nothing is not given.

    Parameters
    ----------
    curves, least, total
        As for ``best_shares``.

    Returns
    -------
    Shares
        With the objective as its bound only where the curves are convex; else the bound is that of
        their hulls.

    Raises
    ------
    ValueError
        As ``best_shares``.
    """
    _check(curves, least, total)
    steps = np.array(least, dtype=np.int64)
    waiting = [
        (-_saving(curve, start), place)
        for place, (curve, start) in enumerate(zip(curves, least, strict=True))
    ]
    heapq.heapify(waiting)
    for _ in range(total - sum(least)):
        if not waiting or waiting[0][0] == 0:
            break
        _, place = waiting[0]
        steps[place] += 1
        heapq.heapreplace(waiting, (-_saving(curves[place], int(steps[place])), place))
    objective = _objective(curves, steps)
    convex = all(is_convex(curve[start:]) for curve, start in zip(curves, least, strict=True))
    bound = objective if convex else _bound(curves, least, total)
    return Shares(steps=steps, objective=objective, lower_bound=bound, method="marginal")


def near_best_shares(curves: Sequence[Curve], least: Sequence[int], total: int) -> Shares:
    """Give each step to the place where the hull of its curve saves most; quick, with a bound.

    Parameters
    ----------
    curves, least, total
        As for ``best_shares``.

    Returns
    -------
    Shares
        Best where every curve is convex; elsewhere as far from its bound as the curves lie above
        their hulls at the steps given.

    Raises
    ------
    ValueError
        As ``best_shares``.
    """
    _check(curves, least, total)
    hulls = [_hull(curve, fewest) for curve, fewest in zip(curves, least, strict=True)]
    found = marginal_shares(hulls, least, total)
    return Shares(
        steps=found.steps,
        objective=_objective(curves, found.steps),
        lower_bound=found.objective,
        method="marginal",
    )


def searched_shares(curves: Sequence[Curve], least: Sequence[int], total: int) -> Shares:
    """Share a total by CP-SAT, whatever the form of the curves.

    Parameters
    ----------
    curves, least, total
        As for ``best_shares``.

    Returns
    -------
    Shares
        Proven unless the search ended first; then with the best bound found.

    Raises
    ------
    ValueError
        As ``best_shares``.
    RuntimeError
        When CP-SAT finds no share at all, though the fewest steps are one: a fault of the solver.
    """
    from ortools.sat.python import cp_model

    _check(curves, least, total)
    start = near_best_shares(curves, least, total)
    model = cp_model.CpModel()
    chosen, weights, costs = [], [], []
    for place, options in enumerate(_worth_looking_at(curves, least, total, start)):
        taken = [model.new_bool_var(f"{place} {option}") for option in options]
        model.add_exactly_one(taken)
        for variable, option in zip(taken, options, strict=True):
            model.add_hint(variable, option == start.steps[place])
        chosen += taken
        weights += options
        costs += [int(curves[place][option]) for option in options]
    model.add(cp_model.LinearExpr.weighted_sum(chosen, weights) <= total)
    model.minimize(cp_model.LinearExpr.weighted_sum(chosen, costs))
    solver = exact_solver(MOST_WORK, seed=0)
    status = solver.solve(model)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        raise RuntimeError(f"no share was found ({solver.status_name(status)})")
    taken_steps = [
        weight for each, weight in zip(chosen, weights, strict=True) if solver.value(each)
    ]
    steps = np.array(taken_steps, dtype=np.int64)
    objective = _objective(curves, steps)
    bound = max(int(np.ceil(solver.best_objective_bound - 1e-6)), start.lower_bound)
    return Shares(
        steps=steps,
        objective=objective,
        lower_bound=objective if status == cp_model.OPTIMAL else bound,
        method="cp_sat",
    )


def _worth_looking_at(
    curves: Sequence[Curve], least: Sequence[int], total: int, start: Shares
) -> list[list[int]]:
    """Leave out the steps that no share better than the one to start from can have.

    With a price on each step every place has a cheapest number of steps, and what these leave
    undone with the price, less the price of the total, is a bound; any other number at a place
    raises the bound by what it costs more there. Numbers that raise it above the start are left
    out: exact, in whole numbers, whatever the price.
    """
    known = _objective(curves, start.steps)
    price = _last_saving(curves, least, total)
    priced = [
        curve[fewest:] + price * np.arange(fewest, len(curve), dtype=np.int64)
        for curve, fewest in zip(curves, least, strict=True)
    ]
    bound = sum(int(each.min()) for each in priced) - price * total
    kept = []
    for place, (each, fewest) in enumerate(zip(priced, least, strict=True)):
        near = np.flatnonzero(bound + each - each.min() <= known) + fewest
        kept.append(sorted({*near.tolist(), int(start.steps[place])}))
    return kept


def _last_saving(curves: Sequence[Curve], least: Sequence[int], total: int) -> int:
    """Give what the last step saves that the curves' hulls would have."""
    hulls = [_hull(curve, fewest) for curve, fewest in zip(curves, least, strict=True)]
    savings = np.concatenate(
        [-np.diff(hull[fewest:]) for hull, fewest in zip(hulls, least, strict=True)]
    )
    spare = total - sum(least)
    if spare >= len(savings) or not spare:
        return 0 if spare else int(savings.max(initial=0))
    return int(-np.sort(-savings)[spare - 1])


def _saving(curve: Curve, steps: int) -> int:
    return int(curve[steps] - curve[steps + 1]) if steps + 1 < len(curve) else 0


def _objective(curves: Sequence[Curve], steps: NDArray[np.int64]) -> int:
    return sum(int(curve[number]) for curve, number in zip(curves, steps.tolist(), strict=True))


def _bound(curves: Sequence[Curve], least: Sequence[int], total: int) -> int:
    """Give what a share of the curves' hulls leaves undone; no share of the curves is below."""
    hulls = [_hull(curve, start) for curve, start in zip(curves, least, strict=True)]
    return marginal_shares(hulls, least, total).objective


def _hull(curve: Curve, start: int) -> Curve:
    """Give the greatest convex curve in whole numbers that is nowhere above, from ``start`` on."""
    corners: list[int] = []
    for step in range(start, len(curve)):
        while len(corners) > 1 and _is_above(curve, corners[-2], corners[-1], step):
            corners.pop()
        corners.append(step)
    steps = np.arange(start, len(curve))
    line = np.interp(steps, corners, curve[corners])
    savings = -np.diff(line)
    # whole savings, larger ones first, so that the curve stays convex and below
    whole = np.ceil(savings - 1e-9).astype(np.int64)
    low = np.concatenate([[curve[start]], curve[start] - np.cumsum(whole)])
    return np.concatenate([curve[:start], low]).astype(np.int64)


def _is_above(curve: Curve, first: int, middle: int, last: int) -> bool:
    """Say whether a corner lies on or above the line between its neighbours."""
    rise, run = int(curve[last] - curve[first]), last - first
    return int(curve[middle] - curve[first]) * run >= rise * (middle - first)


def _check(curves: Sequence[Curve], least: Sequence[int], total: int) -> None:
    problems = []
    for place, (curve, start) in enumerate(zip(curves, least, strict=True)):
        if (np.diff(curve) > 0).any():
            problems.append(f"curve {place} rises")
        if not 0 <= start < len(curve):
            problems.append(f"curve {place} does not tell of its fewest steps, {start}")
    if total < sum(least):
        problems.append(f"a total of {total} steps is less than the fewest of all, {sum(least)}")
    if problems:
        raise ValueError(f"shares: {'; '.join(problems)}.")

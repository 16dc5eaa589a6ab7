"""Decide under an objective that is no plain sum: in strict order, or with the worst-off tenth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import floor

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.progress import Progress, silent
from optimiser.build import Build
from optimiser.ceilings import Ceiling
from optimiser.certify import CertificateError, feasibility_faults
from optimiser.cost import JOURNEYS, pennies
from optimiser.duals import blocks
from optimiser.level_bounds import MINIMUMS, Question, Tenth
from optimiser.measure import (
    Measure,
    free,
    limited,
    per_establishment,
    per_unit,
    unplaced_people,
    whole_cost,
)
from optimiser.objective import WORST_TENTH, Objective
from optimiser.policy import AllocationPolicy
from optimiser.problem import (
    INELIGIBLE,
    LARGEST_COST,
    NOWHERE,
    PENNIES_PER_POUND,
    AllocationProblem,
    Integers,
)
from optimiser.strict import Level, Solved, certify_strict, solve_strict
from optimiser.strict_tied import certify_strict_tied, solve_strict_tied
from optimiser.worst import PARTS_PER_MILE, Asked, Tail, solve_worst, worst_bound
from optimiser.worst_tied import solve_worst_tied, worst_bound_tied

SMALLEST_GAP = 1e-4
"""Relative gap at which searches for prices and thresholds may stop: 0.01%."""

LEVEL_GAP = 1e-3
"""Relative gap at which a level of a strict order may end: 0.1%."""

TIED_GAP = 5e-4
"""Relative gap at which work may end where people are tied or a limit is a minimum: 0.05%."""

OF_PEOPLE = ("placed", MINIMUMS)
"""Levels that count people; the worst-off tenth is miles, and the others are pounds."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ordered:
    """A plan under such an objective, certified.

    Attributes
    ----------
    unit_of
        Unit of each person, or ``UNPLACED``.
    value, bound
        Of the last level, or of the sum with the worst-off tenth: pennies.
    levels
        How each level ended; empty where terms are added up.
    worst_tenth_pennies
        What the worst-off tenth adds to the objective.
    stopped
        Whether whoever watched ended the work early; levels that were not reached are missing.
    """

    unit_of: Integers
    value: int
    bound: int
    levels: tuple[Solved, ...]
    worst_tenth_pennies: int
    stopped: bool = False


def decide_by_objective(
    build: Build,
    policy: AllocationPolicy,
    objective: Objective,
    tail: Tail,
    progress: Progress = silent,
) -> Ordered:
    """Find and certify the best plan under an objective that is no plain sum.

    Parameters
    ----------
    build, policy
        The problem, the parts of its costs and their weights.
    objective
        Strict order, or the worst-off tenth.
    tail
        Distances from home.
    progress
        Told of every flow. Where it raises ``StopEarlyError`` and there is a plan, that plan is
        handed over; anything else it raises ends the work.

    Returns
    -------
    Ordered
        Its bounds are recomputed without a solver.

    Raises
    ------
    CeilingError
        When no plan keeps the limits.
    CertificateError
        When the answer fails its own check.
    """
    problem = build.problem
    tied = problem.ties or any(limit.at_least for limit in problem.limits)
    if objective.mode == "strict" and (tied or objective.has_worst_tenth):
        return _in_order_tied(build, policy, objective, tail, progress)
    if tied:
        return _with_worst_tenth_tied(problem, objective, tail, progress)
    ceilings = [
        Ceiling(measure=limited(problem, limit), at_most=limit.bound) for limit in problem.limits
    ]
    if objective.mode == "strict":
        return _in_order(build, policy, objective, tail, ceilings, progress)
    return _with_worst_tenth(problem, objective, tail, ceilings, progress)


def _in_order(
    build: Build,
    policy: AllocationPolicy,
    objective: Objective,
    tail: Tail,
    ceilings: Sequence[Ceiling],
    progress: Progress,
) -> Ordered:
    levels = levels_of(build, policy, objective, tail)
    found = solve_strict(
        build.problem, levels, ceilings=ceilings, smallest_gap=LEVEL_GAP, progress=progress
    )
    certify_strict(
        build.problem,
        levels,
        found.unit_of,
        found.levels,
        ceilings=ceilings,
        is_whole=not found.stopped,
    )
    return _ordered(found.unit_of, found.levels, stopped=found.stopped)


def _ordered(unit_of: Integers, levels: tuple[Solved, ...], *, stopped: bool) -> Ordered:
    return Ordered(
        unit_of=unit_of,
        value=levels[-1].value,
        bound=levels[-1].bound,
        levels=levels,
        worst_tenth_pennies=0,
        stopped=stopped,
    )


def _in_order_tied(
    build: Build,
    policy: AllocationPolicy,
    objective: Objective,
    tail: Tail,
    progress: Progress,
) -> Ordered:
    problem = build.problem
    levels = levels_of(build, policy, objective, tail)
    tenth = _tenth(objective, tail) if objective.has_worst_tenth else None
    found = solve_strict_tied(
        problem, levels, smallest_gap=TIED_GAP, tenth=tenth, progress=progress
    )
    certify_strict_tied(
        problem, levels, found.unit_of, found.levels, tenth=tenth, is_whole=not found.stopped
    )
    ordered = _ordered(found.unit_of, found.levels, stopped=found.stopped)
    weight = 0 if tenth is None else tenth.weight_pennies
    return replace(ordered, worst_tenth_pennies=weight * tail.worst_parts(problem, found.unit_of))


def _tenth(objective: Objective, tail: Tail) -> Tenth:
    weight, at_most = _of_worst_tenth(objective)
    return Tenth(
        tail=tail,
        weight_pennies=weight,
        at_most=None if at_most is None else tail.count * at_most,
    )


def _with_worst_tenth_tied(
    problem: AllocationProblem, objective: Objective, tail: Tail, progress: Progress
) -> Ordered:
    asked = Question(problem=problem, tenth=_tenth(objective, tail))
    found = solve_worst_tied(asked, smallest_gap=TIED_GAP, progress=progress)
    faults = asked.nothing_held().faults(asked, found.unit_of)
    if not faults and worst_bound_tied(asked, found.spans) < found.bound:
        faults.append("the bound is not proven")
    if faults:
        raise CertificateError(faults)
    weight = asked.own_tail(whole_cost(problem))
    return Ordered(
        unit_of=found.unit_of,
        value=asked.amount(whole_cost(problem), found.unit_of),
        bound=found.bound,
        levels=(),
        worst_tenth_pennies=weight * asked.worst_parts(found.unit_of),
        stopped=found.stopped,
    )


def _of_worst_tenth(objective: Objective) -> tuple[int, int | None]:
    """Give the price of a part of a mile in pennies, and the most parts that the mean may be."""
    miles = objective.worst_tenth_at_most_miles
    weight = objective.worst_tenth_weight_gbp_per_mile * PENNIES_PER_POUND // PARTS_PER_MILE
    return weight, None if miles is None else floor(round(miles * PARTS_PER_MILE, 6))


def _with_worst_tenth(
    problem: AllocationProblem,
    objective: Objective,
    tail: Tail,
    ceilings: Sequence[Ceiling],
    progress: Progress,
) -> Ordered:
    weight, at_most = _of_worst_tenth(objective)
    asked = Asked(
        problem=problem,
        objective=[(1, whole_cost(problem))],
        tail=tail,
        weight_pennies=weight,
        at_most_parts=at_most,
        ceilings=ceilings,
    )
    found = solve_worst(asked, smallest_gap=SMALLEST_GAP, progress=progress)
    faults = feasibility_faults(free(problem), found.unit_of)
    if not faults and not asked.keeps(found.unit_of):
        faults.append("a limit is not kept")
    if not faults and worst_bound(asked, found.covers) < found.bound:
        faults.append("the bound is not proven")
    if faults:
        raise CertificateError(faults)
    return Ordered(
        unit_of=found.unit_of,
        value=asked.value(found.unit_of),
        bound=found.bound,
        levels=(),
        worst_tenth_pennies=weight * tail.worst_parts(problem, found.unit_of),
        stopped=found.stopped,
    )


def levels_of(
    build: Build, policy: AllocationPolicy, objective: Objective, tail: Tail
) -> list[Level]:
    """Give the levels of a strict order, the plain sum of all terms last."""
    measures = level_measures(build, policy, objective.order)
    measures[WORST_TENTH] = tail.beyond(build.problem, 0)
    tolerance = objective.tolerance or (0.0,) * len(objective.order)
    levels = [
        Level(name=name, measure=measures[name], tolerance=share)
        for name, share in zip(objective.order, tolerance, strict=True)
    ]
    return [*levels, Level(name="all", measure=whole_cost(build.problem), tolerance=0.0)]


def level_measures(
    build: Build, policy: AllocationPolicy, names: Sequence[str]
) -> dict[str, Measure]:
    """Give groups of terms as measures of the problem.

    Parameters
    ----------
    build, policy
        The parts of the costs, and their weights.
    names
        Words of ``optimiser.objective.LEVELS``; the worst-off tenth is no sum over people and is
        left aside.

    Returns
    -------
    dict
        By name. With ``placed`` left aside they add up to the objective of a plan that places
        everybody.
    """
    problem = build.problem
    made: dict[str, Measure] = {}
    if "placed" in names:
        made["placed"] = unplaced_people(problem)
    for name in JOURNEYS:
        if name in names:
            made[name] = per_establishment(problem, name, _journeys(build, policy, name))
    if "moves" in names:
        made["moves"] = per_establishment(problem, "moves", _moves(build))
    if "crowding" in names:
        nothing = per_unit(problem, "crowding", np.zeros((1, 1), dtype=np.int32))
        made["crowding"] = replace(
            nothing,
            group_of=np.zeros(len(problem.prisoners), dtype=np.int64),
            column_of=np.zeros(len(problem.units), dtype=np.int64),
            segment=problem.segment_pennies,
        )
    if "rules" in names:
        made["rules"] = per_unit(problem, "rules", _rules(build, policy))
    return made


def levels_table(levels: Sequence[Solved], tail: Tail) -> pd.DataFrame:
    """Tell how each level ended: in people for ``placed`` and ``minimums``, else in pounds.

    The worst-off tenth is told as its mean distance in miles.

    Returns
    -------
    DataFrame
        One row per level in its order: ``level``, ``measure_unit``, ``tolerance``, ``value``,
        ``bound``, ``gap``, ``at_most`` (what later levels may make of it) and ``final``.
    """
    rows = []
    for level in levels:
        unit, scale = "GBP", PENNIES_PER_POUND
        if level.name in OF_PEOPLE:
            unit, scale = "people", 1
        elif level.name == WORST_TENTH:
            unit, scale = "miles", tail.count * PARTS_PER_MILE
        rows.append(
            {
                "level": level.name,
                "measure_unit": unit,
                "tolerance": level.tolerance,
                "value": level.value / scale,
                "bound": level.bound / scale,
                "gap": level.gap,
                "at_most": level.at_most / scale,
                "final": level.final / scale,
            }
        )
    return pd.DataFrame(rows)


def _journeys(build: Build, policy: AllocationPolicy, name: str) -> NDArray[np.int32]:
    shape = build.costs.visit_gbp.shape
    values = np.empty(shape, dtype=np.int32)
    for rows in blocks(shape[0]):
        people = np.arange(rows.start, rows.stop)
        values[rows] = np.minimum(
            pennies(JOURNEYS[name](build.costs, policy, people)), LARGEST_COST
        )
    return values


def _moves(build: Build) -> NDArray[np.int32]:
    origin = build.problem.from_establishment
    values = np.empty(build.costs.visit_gbp.shape, dtype=np.int32)
    for rows in blocks(len(origin)):
        people = np.arange(rows.start, rows.stop)
        move = build.costs.moves.pennies(people)
        held = np.flatnonzero(origin[people] != NOWHERE)
        move[held, origin[people[held]]] = 0
        move[origin[people] == NOWHERE] = 0
        values[rows] = np.minimum(move, LARGEST_COST)
    return values


def _rules(build: Build, policy: AllocationPolicy) -> NDArray[np.int32]:
    """Give what is left of each cost without journeys and moves; zero where not eligible."""
    problem = build.problem
    other = _moves(build)
    for name in JOURNEYS:
        other += _journeys(build, policy, name)
    values = np.empty(problem.cost_pennies.shape, dtype=np.int32)
    for rows in blocks(len(values)):
        cost = problem.cost_pennies[rows]
        rest = cost - other[rows][:, problem.unit_establishment]
        values[rows] = np.where(cost == INELIGIBLE, 0, rest)
    return values

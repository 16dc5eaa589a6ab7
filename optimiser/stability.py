"""Which moves stay when prices that nobody knows exactly are varied within their stated ranges."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from data.progress import Progress, silent
from optimiser.closest import closest_plan
from optimiser.decide import decide
from optimiser.problem import UNPLACED, AllocationProblem, Integers
from optimiser.solve import Plan, solve

STAYS = "stays"


def decide_again(
    problem: AllocationProblem,
    start: Plan | None = None,
    progress: Progress = silent,
    wanted: Integers | None = None,
) -> tuple[Integers, Plan | None]:
    """Find the best plan of a variant, from the plan of another where no limit or tie binds.

    Where plans are equally good, the one that is nearest to another is taken: people who could
    change places for nothing are no change.

    Parameters
    ----------
    problem
        The variant: the same people and units at other costs.
    start
        A flow of another variant.
    progress
        Told of each step.
    wanted
        Unit where each person would best be, as in the plan that is varied; by default today's.

    Returns
    -------
    tuple
        Unit of each person, and a flow to start the next variant from, if there is one.
    """
    near = problem.current_unit if wanted is None else wanted
    if problem.limits or problem.ties:
        found = decide(problem, progress)
        return closest_plan(problem, found.unit_of, found.prices, near), None
    plan = solve(problem, start=start, progress=progress)
    return closest_plan(problem, plan.unit_of, plan.prices, near), plan


def stability_table(
    problem: AllocationProblem, base: Integers, variants: Mapping[str, Integers]
) -> pd.DataFrame:
    """Count in how many variants each move of the plan is made as well.

    A move is the same when the person goes to the same establishment.

    Parameters
    ----------
    problem
        Labels, and where people are today.
    base
        Unit of each person in the plan.
    variants
        The same under each variant, by its name.

    Returns
    -------
    DataFrame
        One row per move of the plan, those that never change first: ``prisoner_id``,
        ``from_establishment``, ``establishment``, ``variants`` (how many make the same move),
        ``of_variants`` (how many there are), ``never_changes``, and ``lost_in``: the variants that
        do not make it, with ``;`` between them.
    """
    names = list(variants)
    to = _places(problem, base)
    who = np.flatnonzero(problem.moved(base))
    same = np.array([_places(problem, variants[name])[who] == to[who] for name in names])
    same = same.reshape(len(names), len(who))
    kept = same.sum(axis=0)
    labels = problem.establishments.to_numpy(dtype=object)
    table = pd.DataFrame(
        {
            "prisoner_id": problem.prisoners[who],
            "from_establishment": labels[problem.from_establishment[who]],
            "establishment": labels[to[who]],
            "variants": kept,
            "of_variants": len(names),
            "never_changes": kept == len(names),
            "lost_in": [
                ";".join(name for name, stays in zip(names, column, strict=True) if not stays)
                for column in same.T
            ],
        }
    )
    order = ["variants", "prisoner_id"]
    return table.sort_values(order, ascending=[False, True], ignore_index=True)


def shares_table(
    problem: AllocationProblem, base: Integers, variants: Mapping[str, Integers]
) -> pd.DataFrame:
    """Say for each variant what share of the plan's moves it makes as well.

    Returns
    -------
    DataFrame
        One row per variant: ``variant``, its ``moves``, how many of them are the ``same`` as in
        the plan, and ``same_share`` of the plan's moves (missing where the plan has none).
    """
    to = _places(problem, base)
    moved = problem.moved(base)
    rows = []
    for name, unit_of in variants.items():
        same = int((moved & (_places(problem, unit_of) == to)).sum())
        share = same / moved.sum() if moved.any() else float("nan")
        rows.append((name, int(problem.moved(unit_of).sum()), same, float(share)))
    return pd.DataFrame(rows, columns=["variant", "moves", "same", "same_share"])


def same_people(problems: Sequence[AllocationProblem]) -> bool:
    """Say whether all variants speak of the same people and units, so that they can be compared."""
    first = problems[0]
    return all(
        each.prisoners.equals(first.prisoners) and each.units.equals(first.units)
        for each in problems
    )


def _places(problem: AllocationProblem, unit_of: Integers) -> Integers:
    """Give the establishment of each person, -1 without a place; shape (prisoners,)."""
    at = problem.unit_establishment[np.where(unit_of == UNPLACED, 0, unit_of)]
    return np.where(unit_of == UNPLACED, -1, at)

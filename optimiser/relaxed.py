"""What a rule costs the best plan: its core solved anew without the rule, from where it stood."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from data.progress import Progress, silent
from optimiser.budget import dual_search
from optimiser.build import Build, Inputs, build_problem
from optimiser.network import Network, Plan, prepare
from optimiser.problem import NOWHERE, UNPLACED, AllocationProblem, Integers, Ties
from optimiser.solve import solve

SMALL_GAP = 1e-4
"""Relative gap at which the prices of limits are good enough to set rules against each other."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Core:
    """The best plan of a problem without ties, with its limits at fixed prices.

    Attributes
    ----------
    plan
        Optimal at these prices; it may break limits a little.
    bound_pennies
        What no plan within the limits can cost less than; without limits the value of the plan.
    value_pennies
        Value of the best plan found within the limits.
    mean_miles
        Straight miles from home under ``plan``, over people whose home is known.
    """

    plan: Plan
    bound_pennies: int
    value_pennies: int
    mean_miles: float


def without_ties(inputs: Inputs) -> Inputs:
    """Leave out who is kept apart, kept together or must not gather."""
    records = inputs.records
    return replace(
        inputs,
        records=replace(
            records,
            keep_aparts=records.keep_aparts.head(0),
            groups=records.groups.head(0),
            keep_together=records.keep_together.head(0),
        ),
    )


def core(inputs: Inputs, problem: AllocationProblem, progress: Progress = silent) -> Core:
    """Solve the core of a problem, and find prices for its limits.

    Parameters
    ----------
    inputs
        What the problem was built from.
    problem
        Its ties are left out.
    progress
        Told of every solve; what it raises ends the work.
    """
    problem = replace(problem, ties=Ties.none())
    if not problem.limits:
        plan = solve(problem, progress=progress)
        value = bound = problem.value_pennies(plan.unit_of)
    else:
        found = dual_search(problem, smallest_gap=SMALL_GAP, progress=progress)
        plan, bound, value = found.start, found.bound_pennies, found.value_pennies
    return Core(
        plan=plan,
        bound_pennies=bound,
        value_pennies=value,
        mean_miles=_mean_miles(inputs, problem, plan.unit_of),
    )


def relaxed(inputs: Inputs, base: Core, known: Build) -> Core:
    """Solve the core under other rules, with the limits at the same prices.

    Parameters
    ----------
    inputs
        The same people, units and limits under other rules; without ties.
    base
        The core to start from.
    known
        The problem it was built as.

    Returns
    -------
    Core
        One solve. Its bound is exact at the prices, so that no plan within the limits saves more
        against the best one than the difference of the bounds and the gap of ``base`` together.
    """
    problem = build_problem(inputs, known).problem
    prepare()
    plan = Network.of(problem).solve(base.plan.prices.limit, base.plan)
    bound = _value_at_prices(problem, plan)
    return Core(
        plan=plan,
        bound_pennies=bound,
        value_pennies=bound,
        mean_miles=_mean_miles(inputs, problem, plan.unit_of),
    )


def _value_at_prices(problem: AllocationProblem, plan: Plan) -> int:
    """Value a plan with its limits priced instead of kept."""
    value = problem.value_pennies(plan.unit_of) - problem.shortage_pennies(plan.unit_of)
    for price, limit in zip(plan.prices.limit, problem.limits, strict=True):
        over = problem.counts(plan.unit_of, limit) - limit.bound
        value += int(price) * (-over if limit.at_least else over)
    return value


def _mean_miles(inputs: Inputs, problem: AllocationProblem, unit_of: Integers) -> float:
    homes = pd.Index(inputs.population.prisoners["home_area"])
    area = inputs.travel.home_areas.get_indexer(homes)
    seen = np.flatnonzero((area != NOWHERE) & (unit_of != UNPLACED))
    to = problem.unit_establishment[unit_of[seen]]
    return float(inputs.travel.straight_miles[area[seen], to].mean()) if len(seen) else 0.0

"""Measures: what a plan has of each, by plain loops."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from optimiser.measure import LARGEST_WEIGHT, limited, weighted
from optimiser.problem import INELIGIBLE, LARGEST_COST, UNPLACED, AllocationProblem, Limit
from tests.optimiser.tied_instances import limits_of, tied_problems


@st.composite
def limits_and_plans(draw: st.DrawFn) -> tuple[AllocationProblem, Limit, list[int]]:
    problem = draw(tied_problems())
    people, units = problem.cost_pennies.shape
    plan = [draw(st.integers(UNPLACED, units - 1)) for _ in range(people)]
    return problem, draw(limits_of(people, units)), plan


def counted_by_hand(problem: AllocationProblem, limit: Limit, plan: list[int]) -> int:
    total = 0
    for person, unit in enumerate(plan):
        if unit == UNPLACED or (limit.people is not None and not limit.people[person]):
            continue
        if limit.units is not None and not limit.units[unit]:
            continue
        flags = int(problem.pair_flags[person, problem.unit_establishment[unit]])
        total += limit.flag is None or bool(flags & int(limit.flag))
    return total


@given(limits_and_plans())
def test_a_limit_as_a_measure_counts_the_people_the_limit_counts(
    case: tuple[AllocationProblem, Limit, list[int]],
) -> None:
    problem, limit, plan = case
    unit_of = np.array(plan, dtype=np.int64)

    measure = limited(problem, limit)

    assert measure.of_plan(problem, unit_of) == counted_by_hand(problem, limit, plan)
    people = slice(0, len(plan))
    for unit in range(len(problem.units)):
        alone = [
            counted_by_hand(
                problem, limit, [UNPLACED] * p + [unit] + [UNPLACED] * (len(plan) - p - 1)
            )
            for p in range(len(plan))
        ]
        assert measure.block(people)[:, unit].tolist() == alone


@given(limits_and_plans(), st.sampled_from([1, 3, 1000, 2**28, LARGEST_WEIGHT]))
def test_a_weighted_count_adds_its_weight_to_every_pair_it_counts(
    case: tuple[AllocationProblem, Limit, list[int]], weight: int
) -> None:
    problem, limit, _ = case
    measure = limited(replace(problem, limits=()), limit)
    counted = measure.block(slice(0, len(problem.prisoners))).astype(np.int64)

    made = weighted(problem, [(weight, measure)])

    open_to = problem.cost_pennies != INELIGIBLE
    wanted = np.minimum(weight * counted, LARGEST_COST)
    assert (made.cost_pennies[open_to] == wanted[open_to]).all()
    assert (made.cost_pennies[~open_to] >= INELIGIBLE).all()

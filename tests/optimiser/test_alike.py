"""Units alike are solved as one, and told apart without loss."""

from __future__ import annotations

import numpy as np
from hypothesis import given

from optimiser.alike import merge_alike, split
from optimiser.certify import feasibility_faults
from optimiser.problem import INELIGIBLE, AllocationProblem
from optimiser.solve import solve
from tests.optimiser.allocation_instances import make_problem, plan_of, problems


def test_units_of_one_establishment_with_equal_costs_are_merged() -> None:
    """Units 0 and 1 are alike; unit 2 costs the same in another establishment; unit 3 differs."""
    problem = make_problem([[1, 1, 1, 2], [3, 3, 3, 3]], [1, 2, 4, 1], establishments=[0, 0, 1, 0])

    merged = merge_alike(problem)

    assert list(merged.group_of) == [0, 0, 1, 2]
    assert list(merged.problem.capacity) == [3, 4, 1]


def test_people_who_must_stay_do_not_tell_units_apart() -> None:
    problem = make_problem([[1, 1], [INELIGIBLE, 5]], [1, 1], establishments=[0, 0])

    merged = merge_alike(problem)

    assert list(merged.group_of) == [0, 0]
    assert list(split(problem, merged, plan_of(0, 0))) == [0, 1]


def test_people_keep_their_own_unit_where_prices_are_equal() -> None:
    problem = make_problem([[1, 1]] * 4, [3, 3], establishments=[0, 0], current_unit=[1, 0, 1, 1])

    units = split(problem, merge_alike(problem), plan_of(0, 0, 0, 0))

    assert list(units) == [1, 0, 1, 1]


def test_crowding_comes_before_staying_put() -> None:
    problem = make_problem(
        [[1, 1]] * 2,
        [2, 2],
        establishments=[0, 0],
        crowding=[[(1, 0), (1, 9)], [(1, 0), (1, 9)]],
        current_unit=[0, 0],
    )

    units = split(problem, merge_alike(problem), plan_of(0, 0))

    assert sorted(units) == [0, 1]


@given(problems())
def test_merged_value_is_never_above_and_equal_when_the_split_is_feasible_and_free(
    problem: AllocationProblem,
) -> None:
    merged = merge_alike(problem)
    plan = solve(merged.problem)
    exact = problem.value_pennies(solve(problem).unit_of)

    units = split(problem, merged, plan.unit_of)

    relaxed = merged.problem.value_pennies(plan.unit_of)
    assert relaxed <= exact
    assert np.array_equal(units == -1, plan.unit_of == -1)
    if not feasibility_faults(problem, units):
        assert problem.value_pennies(units) >= exact

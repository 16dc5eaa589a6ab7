"""The value of one place more and the cost of one fewer equal re-solves."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from optimiser.duals import FAR, distances_to
from optimiser.prices import place_values
from optimiser.problem import AllocationProblem
from optimiser.solve import solve
from tests.optimiser.allocation_instances import (
    best_by_brute_force,
    make_problem,
    problems,
    random_problem,
    with_capacity,
)


def test_the_value_of_a_place_is_what_the_displaced_person_saves() -> None:
    """Person 0 travels 2 instead of 1 for want of a place in unit 0; its loss would cost 7."""
    problem = make_problem([[1, 2], [1, 8]], [1, 2])
    plan = solve(problem)

    more, fewer = place_values(problem, plan.unit_of, plan.prices)

    assert list(more) == [1, 0]
    assert list(fewer) == [7, 0]


@given(problems(most_people=4, most_units=3))
def test_values_equal_brute_force_with_one_place_more_and_fewer(
    problem: AllocationProblem,
) -> None:
    plan = solve(problem)
    best = problem.value_pennies(plan.unit_of)

    more, fewer = place_values(problem, plan.unit_of, plan.prices)

    for unit, places in enumerate(problem.capacity):
        assert best - best_by_brute_force(with_capacity(problem, unit, 1)) == more[unit]
        if places:
            assert best_by_brute_force(with_capacity(problem, unit, -1)) - best == fewer[unit]


@pytest.mark.parametrize("full", [0.98, 1.0])
def test_values_equal_re_solves_on_a_full_estate(full: float) -> None:
    problem = random_problem(12, 14, full=full)
    plan = solve(problem)
    best = problem.value_pennies(plan.unit_of)

    more, fewer = place_values(problem, plan.unit_of, plan.prices)

    for unit in range(14):
        larger, smaller = with_capacity(problem, unit, 1), with_capacity(problem, unit, -1)
        assert best - larger.value_pennies(solve(larger).unit_of) == more[unit]
        assert smaller.value_pennies(solve(smaller).unit_of) - best == fewer[unit]


def test_a_plan_that_can_be_improved_has_no_prices() -> None:
    problem = make_problem([[1, 9], [9, 1]], [1, 1])
    worse = np.array([1, 0])

    with pytest.raises(ValueError, match="not optimal"):
        place_values(problem, worse, solve(problem).prices)


def test_shortest_paths_of_a_small_graph() -> None:
    """From 0 by way of 1 (2 + 3) and not straight (9); node 3 has no way out."""
    steps = np.full((4, 4), FAR)
    np.fill_diagonal(steps, 0)
    steps[0, 1], steps[1, 2], steps[0, 2], steps[2, 3] = 2, 3, 9, 1

    assert list(distances_to(steps, 2)) == [5, 3, 0, FAR]

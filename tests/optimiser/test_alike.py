"""People keep their own unit among units alike, and nothing is lost by it."""

from __future__ import annotations

import numpy as np
from hypothesis import given

from optimiser.alike import groups_alike, keep_own_units
from optimiser.certify import feasibility_faults
from optimiser.network import Network
from optimiser.problem import INELIGIBLE, AllocationProblem
from optimiser.solve import solve
from tests.optimiser.allocation_instances import make_problem, plan_of, problems


def test_units_of_one_establishment_with_equal_costs_are_alike() -> None:
    """Units 0 and 1 are alike; unit 2 costs the same in another establishment; unit 3 differs."""
    problem = make_problem([[1, 1, 1, 2], [3, 3, 3, 3]], [1, 2, 4, 1], establishments=[0, 0, 1, 0])

    group_of, only = groups_alike(problem)

    assert list(group_of) == [0, 0, 1, 2]
    assert list(only) == [-1, -1]


def test_people_who_must_stay_do_not_tell_units_apart() -> None:
    problem = make_problem([[1, 1], [INELIGIBLE, 5]], [1, 1], establishments=[0, 0])

    group_of, only = groups_alike(problem)

    assert list(group_of) == [0, 0]
    assert list(only) == [-1, 1]
    assert list(solve(problem).unit_of) == [0, 1]


def test_people_keep_their_own_unit_where_prices_are_equal() -> None:
    problem = make_problem([[1, 1]] * 4, [3, 3], establishments=[0, 0], current_unit=[1, 0, 1, 1])

    assert list(keep_own_units(problem, plan_of(0, 0, 0, 1))) == [1, 0, 1, 1]
    assert list(solve(problem).unit_of) == [1, 0, 1, 1]


def test_crowding_comes_before_staying_put() -> None:
    problem = make_problem(
        [[1, 1]] * 2,
        [2, 2],
        establishments=[0, 0],
        crowding=[[(1, 0), (1, 9)], [(1, 0), (1, 9)]],
        current_unit=[0, 0],
    )

    assert sorted(solve(problem).unit_of) == [0, 1]


@given(problems())
def test_keeping_own_units_costs_nothing_and_moves_nobody_more(problem: AllocationProblem) -> None:
    no_price = np.zeros(0, dtype=np.int64)
    plan = Network.of(problem).solve(no_price)

    kept = keep_own_units(problem, plan.unit_of)

    assert not feasibility_faults(problem, kept)
    assert problem.value_pennies(kept) == problem.value_pennies(plan.unit_of)
    changed = (kept != problem.current_unit).sum()
    assert changed <= (plan.unit_of != problem.current_unit).sum()

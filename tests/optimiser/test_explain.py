"""What each other place would cost equals a re-solve with the person locked there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given

from optimiser.explain import choices
from optimiser.problem import INELIGIBLE, UNPLACED, AllocationProblem
from optimiser.residual import residual
from optimiser.solve import solve
from tests.optimiser.allocation_instances import (
    best_by_brute_force,
    make_problem,
    problems,
    random_problem,
    with_capacity,
)


def locked(problem: AllocationProblem, person: int, unit: int) -> AllocationProblem:
    """Leave a person one unit, or no way but to be without a place."""
    cost = problem.cost_pennies.copy()
    others = np.arange(cost.shape[1]) != unit
    cost[person, others] = INELIGIBLE
    unplaced = problem.unplaced_pennies.copy()
    if unit != UNPLACED:
        unplaced[person] = 2**27
    return replace(problem, cost_pennies=cost, unplaced_pennies=unplaced)


def test_forcing_a_person_adds_their_own_change_and_what_others_pay_for_the_room() -> None:
    """Person 0 would pay 4 instead of 1, and person 1, who makes room, 5 instead of 2."""
    problem = make_problem([[1, 4], [5, 2]], [1, 1])
    plan = solve(problem)

    table = choices(problem, 0, 0, plan.prices, residual(problem, plan.unit_of, plan.prices))

    assert list(table["unit"]) == [0, 1, UNPLACED]
    other = table.iloc[1]
    assert (other["own_change"], other["others"], other["forcing"]) == (3, 3, 6)
    assert other["with_one_more_place"] == 3


@given(problems(most_people=4, most_units=3))
def test_every_price_equals_a_re_solve_with_the_person_locked_there(
    problem: AllocationProblem,
) -> None:
    plan = solve(problem)
    best = problem.value_pennies(plan.unit_of)
    graph = residual(problem, plan.unit_of, plan.prices)

    for person, at in enumerate(plan.unit_of):
        table = choices(problem, person, int(at), plan.prices, graph)

        for row in table.itertuples():
            assert best_by_brute_force(locked(problem, person, row.unit)) - best == row.forcing
            assert row.own_change + row.limits + row.places == row.forcing
            if row.unit != UNPLACED:
                larger = locked(with_capacity(problem, row.unit, 1), person, row.unit)
                least = min(row.forcing, row.with_one_more_place)
                assert best_by_brute_force(larger) - best == least


@given(problems(most_people=4, most_units=3))
def test_a_unit_that_is_left_out_cannot_hold_the_person_at_all(problem: AllocationProblem) -> None:
    plan = solve(problem)
    graph = residual(problem, plan.unit_of, plan.prices)

    for person, at in enumerate(plan.unit_of):
        told = set(choices(problem, person, int(at), plan.prices, graph)["unit"])

        for unit in set(range(len(problem.units))) - told:
            forced = best_by_brute_force(locked(problem, person, unit))
            assert forced >= 2**27


@pytest.mark.parametrize("full", [0.98, 1.0])
def test_prices_equal_re_solves_on_a_full_estate(full: float) -> None:
    problem = random_problem(12, 14, full=full)
    plan = solve(problem)
    best = problem.value_pennies(plan.unit_of)
    graph = residual(problem, plan.unit_of, plan.prices)

    for person in range(0, len(problem.prisoners), len(problem.prisoners) // 6):
        table = choices(problem, person, int(plan.unit_of[person]), plan.prices, graph)
        for row in table.itertuples():
            forced = locked(problem, person, row.unit)
            assert forced.value_pennies(solve(forced).unit_of) - best == row.forcing


@given(problems(most_people=4, most_units=3))
def test_without_a_graph_no_price_is_above_what_forcing_costs(problem: AllocationProblem) -> None:
    plan = solve(problem)
    best = problem.value_pennies(plan.unit_of)

    for person, at in enumerate(plan.unit_of):
        for row in choices(problem, person, int(at), plan.prices, None).itertuples():
            if row.unit != UNPLACED or at == UNPLACED:
                continue
            forced = best_by_brute_force(locked(problem, person, row.unit))
            assert row.forcing <= forced - best


def test_a_plan_that_can_be_improved_has_no_graph() -> None:
    problem = make_problem([[1, 9], [9, 1]], [1, 1])

    assert residual(problem, np.array([1, 0]), solve(problem).prices) is None

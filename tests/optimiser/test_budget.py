"""A budget of moves is kept, at a bound that no plan within it can beat."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given

from optimiser.budget import solve_within_budget
from optimiser.certify import certify
from optimiser.problem import AllocationProblem, save_problem
from tests.optimiser.allocation_instances import (
    best_by_brute_force,
    best_by_highs,
    make_problem,
    moves_at_most,
    problems,
    random_problem,
)

ANY_GAP = 1e9


def test_the_move_that_gains_most_is_made_first() -> None:
    """Two people could each go home; the budget allows one; the second gains 9 against 4."""
    problem = make_problem([[5, 1], [10, 1]], [2, 2], current_unit=[0, 0], move_budget=1)

    found = solve_within_budget(problem, smallest_gap=0.0)

    assert list(found.plan.unit_of) == [0, 1]
    assert certify(problem, found.plan.unit_of, found.prices).gap == 0
    assert 4 <= found.prices.limit[0] <= 9


def test_a_budget_that_does_not_bind_costs_nothing() -> None:
    problem = random_problem(1, 10)
    free = solve_within_budget(problem, smallest_gap=0.0)
    enough = int(problem.moved(free.plan.unit_of).sum())

    found = solve_within_budget(replace(problem, limits=(moves_at_most(enough),)), smallest_gap=0.0)

    assert found.prices.limit[0] == 0
    assert problem.value_pennies(found.plan.unit_of) == problem.value_pennies(free.plan.unit_of)


@given(problems(budget=True))
def test_plan_keeps_its_budget_and_its_bound_is_true(problem: AllocationProblem) -> None:
    found = solve_within_budget(problem, smallest_gap=0.0)

    certificate = certify(problem, found.plan.unit_of, found.prices, largest_gap=ANY_GAP)

    best = best_by_brute_force(problem)
    assert certificate.bound_pennies <= best <= certificate.objective_pennies


@pytest.mark.parametrize("share", [0.02, 0.1, 0.3])
def test_bound_reaches_the_linear_programme_of_another_solver(share: float, tmp_path: Path) -> None:
    """The concave dual at its best whole price is within a penny a move of the programme."""
    problem = random_problem(8, 25)
    problem = replace(problem, limits=(moves_at_most(int(share * len(problem.prisoners))),))
    save_problem(problem, tmp_path / "problem.npz")

    found = solve_within_budget(problem, smallest_gap=0.0)

    certificate = certify(problem, found.plan.unit_of, found.prices, largest_gap=ANY_GAP)
    programme = best_by_highs(tmp_path / "problem.npz")
    assert certificate.moves <= (problem.move_budget or 0)
    assert certificate.bound_pennies <= programme + 0.5
    assert programme - certificate.bound_pennies <= len(problem.prisoners)
    assert certificate.gap < 0.005


def test_large_problems_start_from_the_price_of_a_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("optimiser.budget.SMALLEST_SAMPLE", 10)
    monkeypatch.setattr("optimiser.budget.SAMPLE", 4)
    problem = random_problem(9, 30, move_budget=60)

    found = solve_within_budget(problem, smallest_gap=0.0)

    certificate = certify(problem, found.plan.unit_of, found.prices, largest_gap=ANY_GAP)
    assert 50 <= certificate.moves <= 60
    assert certificate.gap < 0.005


def test_more_moves_never_cost_more() -> None:
    values = []
    for budget in (0, 5, 20, 80, 300):
        problem = random_problem(6, 15, move_budget=budget)
        found = solve_within_budget(problem, smallest_gap=0.0)
        values.append(problem.value_pennies(found.plan.unit_of))

    assert values == sorted(values, reverse=True)


def test_each_evaluation_is_reported() -> None:
    reports: list[tuple[str, int, int]] = []
    problem = random_problem(6, 15, move_budget=20)

    found = solve_within_budget(
        problem, smallest_gap=0.0, progress=lambda *report: reports.append(report)
    )

    assert [done for _, done, _ in reports] == list(range(found.evaluations + 1))

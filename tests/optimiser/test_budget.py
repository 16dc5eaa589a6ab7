"""A budget of moves is kept, at a bound that no plan within it can beat."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given

from data.progress import StopEarlyError
from optimiser.budget import dual_search, solve_within_budget
from optimiser.certify import certify
from optimiser.problem import (
    INELIGIBLE,
    AllocationProblem,
    Limit,
    PairFlag,
    pairs_counted,
    save_problem,
)
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

    solves = [done for stage, done, _ in reports if stage.startswith("prices of limits")]
    assert solves == list(range(found.evaluations + 1))


def several_limits(problem: AllocationProblem, seed: int) -> AllocationProblem:
    """Limit moves, people far away, arrivals in a unit; ask for a few arrivals in another."""
    random = np.random.default_rng(seed)
    people, units = problem.cost_pennies.shape
    far = random.random((people, len(problem.establishments))) < 0.4
    where = np.arange(units)
    return replace(
        problem,
        pair_flags=problem.pair_flags | (far * np.uint8(PairFlag.FAR)),
        limits=(
            moves_at_most(people // 10),
            Limit(name="far", flag=PairFlag.FAR, people=None, units=None, bound=int(0.34 * people)),
            Limit(name="in:0", flag=PairFlag.MOVED, people=None, units=where == 0, bound=1),
            Limit(
                name="some:1",
                flag=PairFlag.MOVED,
                people=None,
                units=where < 4,
                bound=6,
                at_least=True,
            ),
        ),
    )


def best_by_programme(problem: AllocationProblem) -> float:
    """Solve the linear programme of a problem with limits by SciPy's HiGHS."""
    from scipy.optimize import linprog
    from scipy.sparse import coo_array, csr_array, vstack

    people, units = problem.cost_pennies.shape
    person, unit = np.nonzero(problem.cost_pennies != INELIGIBLE)
    pairs, blocks, count = len(person), len(problem.segment_unit), len(problem.limits)
    block = pairs + people + np.arange(blocks)
    short = pairs + people + blocks + np.arange(count)
    every = np.arange(pairs)

    def rows(row: np.ndarray, column: np.ndarray, value: np.ndarray, height: int) -> csr_array:
        return coo_array((value, (row, column)), shape=(height, short[-1] + 1)).tocsr()

    one, on_block = np.ones(pairs + people), np.ones(blocks)
    who = rows(np.append(person, np.arange(people)), np.arange(pairs + people), one, people)
    held = rows(
        np.append(unit, problem.segment_unit),
        np.append(every, block),
        np.append(one[:pairs], -on_block),
        units,
    )
    estate = rows(problem.unit_sex[problem.segment_unit], block, on_block, len(problem.sexes))
    kept = []
    for number, limit in enumerate(problem.limits):
        sign = -1.0 if limit.at_least else 1.0
        counted = pairs_counted(problem, limit, person, unit)
        value = np.append(sign * counted, -float(limit.at_least))
        kept.append(rows(np.zeros(pairs + 1, int), np.append(every, short[number]), value, 1))
    bounds = [-limit.bound if limit.at_least else limit.bound for limit in problem.limits]
    pennies = [
        problem.cost_pennies[person, unit],
        problem.unplaced_pennies,
        problem.segment_pennies,
        np.array([limit.short_pennies for limit in problem.limits]),
    ]
    room = [np.ones(pairs + people), problem.segment_places, np.full(count, np.inf)]
    answer = linprog(
        np.concatenate(pennies),
        A_ub=vstack([estate, *kept]).tocsr(),
        b_ub=np.append(problem.held_limit, bounds),
        A_eq=vstack([who, held]).tocsr(),
        b_eq=np.append(np.ones(people), np.zeros(units)),
        bounds=np.stack([np.zeros(short[-1] + 1), np.concatenate(room)], axis=1),
        method="highs",
    )
    assert answer.status == 0
    return float(answer.fun)


@pytest.mark.parametrize("seed", range(3))
def test_prices_of_several_limits_reach_the_linear_programme(seed: int) -> None:
    """Whole prices cost the bound at most a penny for each person whom a limit miscounts."""
    problem = several_limits(random_problem(seed, 20), seed)

    found = dual_search(problem)

    certificate = certify(problem, found.plan.unit_of, found.prices, largest_gap=ANY_GAP)
    programme = best_by_programme(problem)
    assert certificate.bound_pennies == found.bound_pennies
    assert certificate.objective_pennies == found.value_pennies
    assert found.bound_pennies <= programme + 0.5
    assert programme - found.bound_pennies <= len(problem.prisoners) * len(problem.limits)
    assert found.gap < 0.02
    assert (found.prices.limit > 0).sum() >= 2, "several limits bind"


def test_search_stopped_early_gives_the_best_plan_so_far() -> None:
    problem = several_limits(random_problem(1, 20), 1)
    whole = dual_search(problem)
    seen: list[str] = []

    def stop(stage: str, done: int, total: int) -> None:
        seen.append(stage)
        if "gap" in stage:
            raise StopEarlyError

    early = dual_search(problem, progress=stop)

    assert early.evaluations < whole.evaluations
    assert early.value_pennies >= whole.value_pennies
    certify(problem, early.plan.unit_of, early.prices, largest_gap=ANY_GAP)


def test_search_stopped_before_any_plan_ends_the_work() -> None:
    def stop(stage: str, done: int, total: int) -> None:
        raise StopEarlyError

    with pytest.raises(StopEarlyError):
        dual_search(several_limits(random_problem(1, 20), 1), progress=stop)


def test_search_from_known_prices_takes_fewer_solves() -> None:
    problem = several_limits(random_problem(2, 20), 2)
    cold = dual_search(problem)

    warm = dual_search(problem, start=cold.start)

    assert warm.evaluations < cold.evaluations
    assert warm.bound_pennies == cold.bound_pennies

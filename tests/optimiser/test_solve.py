"""The solver finds the best plan: by hand, by brute force, and by other people's solvers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings

from optimiser.budget import solve_within_budget
from optimiser.certify import certify
from optimiser.problem import INELIGIBLE, UNPLACED, AllocationProblem, save_problem
from optimiser.solve import cheapest_shipment, solve
from tests.optimiser.allocation_instances import (
    best_by_brute_force,
    best_by_highs,
    best_by_networkx,
    in_wings,
    make_problem,
    plan_of,
    problems,
    random_problem,
    turned,
    with_capacity,
)


def test_two_people_take_the_cheaper_of_two_swaps() -> None:
    """1 + 2 = 3 beats 4 + 5 = 9."""
    problem = make_problem([[1, 4], [5, 2]], [1, 1])

    plan = solve(problem)

    assert list(plan.unit_of) == [0, 1]
    assert problem.value_pennies(plan.unit_of) == 3


def test_the_person_who_loses_least_gives_way() -> None:
    """Both want unit 0; the first loses 1 by going elsewhere, the second 7."""
    problem = make_problem([[1, 2], [1, 8]], [1, 1])

    assert list(solve(problem).unit_of) == [1, 0]


def test_crowding_spreads_people_when_its_price_is_above_the_journey() -> None:
    """The second place of unit 0 costs 5 more, unit 1 costs each person 3 more."""
    problem = make_problem([[0, 3], [0, 3]], [2, 2], crowding=[[(1, 0), (1, 5)], [(2, 0)]])

    plan = solve(problem)

    assert problem.value_pennies(plan.unit_of) == 3
    assert sorted(plan.unit_of) == [0, 1]


def test_people_without_any_place_are_left_out_at_their_price() -> None:
    problem = make_problem([[INELIGIBLE], [4]], [1], unplaced=50)

    plan = solve(problem)

    assert list(plan.unit_of) == [UNPLACED, 0]
    assert problem.value_pennies(plan.unit_of) == 54


def test_the_margin_of_an_estate_leaves_places_empty() -> None:
    problem = make_problem([[1, 1], [1, 1]], [1, 1], held_limit=[1], unplaced=9)

    plan = solve(problem)

    assert int((plan.unit_of == UNPLACED).sum()) == 1


@given(problems())
@settings(max_examples=150, deadline=None)
def test_value_equals_brute_force_and_passes_its_certificate(problem: AllocationProblem) -> None:
    found = solve_within_budget(problem, smallest_gap=0.0)

    certificate = certify(problem, found.plan.unit_of, found.prices)

    assert certificate.objective_pennies == best_by_brute_force(problem)
    assert certificate.gap == 0


@given(problems())
@settings(max_examples=150, deadline=None)
def test_samples_lose_nothing(problem: AllocationProblem) -> None:
    with patch("optimiser.network.SMALLEST_SAMPLE", 1), patch("optimiser.network.SAMPLES", (3, 2)):
        plan = solve(problem)

    certificate = certify(problem, plan.unit_of, plan.prices)
    assert certificate.objective_pennies == best_by_brute_force(problem)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("full", [0.98, 0.999, 1.0])
def test_value_equals_network_simplex(seed: int, full: float) -> None:
    problem = random_problem(seed, 12, full=full)

    found = solve_within_budget(problem, smallest_gap=0.0)

    value = certify(problem, found.plan.unit_of, found.prices).objective_pennies
    assert value == best_by_networkx(problem)


def test_value_equals_another_solver_that_reads_the_saved_problem(tmp_path: Path) -> None:
    problem = random_problem(5, 30)
    save_problem(problem, tmp_path / "problem.npz")

    value = problem.value_pennies(solve(problem).unit_of)

    assert value == pytest.approx(best_by_highs(tmp_path / "problem.npz"), abs=0.5)


def test_a_price_of_a_move_is_added_to_every_move() -> None:
    problem = random_problem(2, 12, move_budget=10_000)

    plan = solve(problem, limit_pennies=plan_of(5_000))

    moves = int(problem.moved(plan.unit_of).sum())
    value = problem.value_pennies(plan.unit_of) + 5_000 * moves
    assert value == best_by_networkx(problem, move_pennies=5_000)


def test_same_problem_gives_the_same_plan() -> None:
    first, second = random_problem(7, 15), random_problem(7, 15)

    assert np.array_equal(solve(first).unit_of, solve(second).unit_of)


def test_one_place_more_never_costs_more() -> None:
    problem = random_problem(3, 10, full=1.0)
    before = problem.value_pennies(solve(problem).unit_of)

    for unit in range(10):
        more = with_capacity(problem, unit, 1)
        assert more.value_pennies(solve(more).unit_of) <= before


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_people_and_of_prisons_changes_no_value(seed: int) -> None:
    """Some 900 people in 40 wings of 10 prisons, renumbered."""
    problem = in_wings(random_problem(seed, 40), 4)
    other = turned(problem, seed)

    ours, theirs = solve(problem), solve(other)

    assert problem.value_pennies(ours.unit_of) == other.value_pennies(theirs.unit_of)
    assert not np.array_equal(problem.cost_pennies, other.cost_pennies)
    same = dict(zip(other.units, theirs.prices.unit, strict=True))
    assert [same[unit] for unit in problem.units] == list(ours.prices.unit)


@pytest.mark.parametrize("full", [0.98, 0.999, 1.0, 1.01])
def test_one_place_more_never_costs_more_however_full(full: float) -> None:
    """Beyond the limit on all held some people are without a place, at their price."""
    problem = random_problem(8, 20, full=min(1.0, full))
    if full > 1:
        held = int(len(problem.prisoners) / full)
        problem = replace(problem, held_limit=np.array([held], dtype=np.int64))
    before = problem.value_pennies(solve(problem).unit_of)

    after = [
        more.value_pennies(solve(more).unit_of)
        for more in (with_capacity(problem, unit, 1) for unit in range(20))
    ]

    assert max(after) <= before


def test_scaling_costs_scales_the_value() -> None:
    problem = random_problem(4, 10)
    allowed = problem.cost_pennies != INELIGIBLE
    scaled = replace(
        problem,
        cost_pennies=np.where(allowed, problem.cost_pennies * 3, INELIGIBLE).astype(np.int32),
        unplaced_pennies=problem.unplaced_pennies * 3,
        segment_pennies=problem.segment_pennies * 3,
    )

    value = problem.value_pennies(solve(problem).unit_of)

    assert scaled.value_pennies(solve(scaled).unit_of) == 3 * value


def test_shipment_sends_everyone_there_is_room_for_at_least_distance() -> None:
    """Area 0 (3 people) fills place 0 (2 rooms) at 1; the third goes to place 1 at 4."""
    sent = cheapest_shipment(np.array([[1, 4], [2, 3]]), plan_of(3, 1), plan_of(2, 2))

    assert sent.tolist() == [[2, 1], [0, 1]]


def test_shipment_leaves_out_whom_there_is_no_room_for() -> None:
    sent = cheapest_shipment(np.array([[5], [2]]), plan_of(2, 2), plan_of(3))

    assert sent.tolist() == [[1], [2]]


def test_stop_from_the_progress_report_ends_the_work() -> None:
    class StopError(Exception):
        pass

    def stop(stage: str, done: int, total: int) -> None:
        raise StopError

    with pytest.raises(StopError):
        solve(make_problem([[1]], [1]), progress=stop)

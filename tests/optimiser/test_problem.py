"""A problem is checked when it is made, and saved so that anyone can read it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from optimiser.problem import ARRAYS, LARGEST_COST, load_problem, save_problem
from tests.optimiser.allocation_instances import (
    make_problem,
    moves_at_most,
    plan_of,
    random_problem,
)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"cost_pennies": np.full((1, 2), LARGEST_COST + 1, dtype=np.int32)}, "lower the weights"),
        ({"cost_pennies": np.full((1, 2), -1, dtype=np.int32)}, "cost_pennies"),
        ({"cost_pennies": np.zeros((2, 2), dtype=np.int32)}, "shape"),
        ({"unplaced_pennies": plan_of(LARGEST_COST + 1)}, "unplaced_pennies"),
        ({"held_limit": plan_of(-1)}, "held_limit"),
        ({"segment_places": plan_of(1, 2)}, "add up to its capacity"),
        ({"limits": (moves_at_most(-1),)}, "limit moves"),
    ],
)
def test_values_outside_the_solver_range_are_refused(change: dict[str, Any], fault: str) -> None:
    problem = make_problem([[1, 2]], [1, 1])

    with pytest.raises(ValueError, match=fault):
        replace(problem, **change)


def test_falling_prices_of_crowding_are_refused() -> None:
    with pytest.raises(ValueError, match="ordered by unit and then by price"):
        make_problem([[1]], [2], crowding=[[(1, 5), (1, 0)]])


def test_a_saved_problem_reads_back_the_same(tmp_path: Path) -> None:
    problem = random_problem(3, 6, move_budget=7)

    save_problem(problem, tmp_path / "problem.npz")
    again = load_problem(tmp_path / "problem.npz")

    assert all(np.array_equal(getattr(problem, n), getattr(again, n)) for n in ARRAYS)
    assert list(again.prisoners) == list(problem.prisoners)
    assert list(again.units) == list(problem.units)
    assert again.move_budget == 7


def test_people_fill_the_cheapest_places_of_a_unit_first() -> None:
    """Four people in blocks of 2 at 0, 1 at 3 and 2 at 8: 0 + 3 + 8."""
    problem = make_problem([[0]] * 4, [5], crowding=[[(2, 0), (1, 3), (2, 8)]])

    assert list(problem.segment_use(plan_of(4))) == [2, 1, 1]
    assert list(problem.crowding_pennies(plan_of(4))) == [11]


def test_only_another_establishment_is_a_move() -> None:
    """Person 0 changes unit, 1 prison; 2 came from nowhere; 3 is unplaced."""
    problem = make_problem(
        [[0, 0, 0]] * 4, [4, 4, 4], establishments=[0, 0, 1], current_unit=[0, 0, -1, 0]
    )

    assert list(problem.moved(plan_of(1, 2, 2, -1))) == [False, True, False, False]

"""A mended plan keeps every rule, limit and tie."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from data.progress import StopEarlyError
from optimiser.certify import certify, feasibility_faults
from optimiser.columns import solve_by_columns
from optimiser.decide import decide
from optimiser.duals import Prices
from optimiser.mend import mended
from optimiser.problem import UNPLACED, AllocationProblem, Ties
from optimiser.solve import solve
from tests.optimiser.allocation_instances import random_problem
from tests.optimiser.tied_instances import random_ties, tied_problems, tied_value_by_hand

ANY_GAP = 1e9
DRAWN = settings(max_examples=200, phases=[Phase.explicit, Phase.generate])


def tied(seed: int = 5) -> AllocationProblem:
    problem = random_problem(seed, 10, move_budget=60)
    return replace(problem, ties=random_ties(problem, seed))


@DRAWN
@given(tied_problems(), st.integers(0, 60))
def test_a_plan_without_ties_is_mended_to_one_that_keeps_them(
    problem: AllocationProblem, price: int
) -> None:
    free = replace(problem, ties=Ties.none())
    plan = solve(free, limit_pennies=np.full(len(problem.limits), price, dtype=np.int64))

    found = mended(problem, plan.unit_of, plan.prices)

    assert tied_value_by_hand(problem, tuple(found.tolist())) is not None
    assert np.array_equal(found, mended(problem, plan.unit_of, plan.prices))


def test_a_plan_that_keeps_everything_stays_as_it_is() -> None:
    problem = tied()
    kept = decide(problem, lambda *_: None)

    assert np.array_equal(mended(problem, kept.unit_of, kept.prices), kept.unit_of)


@pytest.mark.parametrize("seed", range(3))
def test_a_mended_plan_leaves_nobody_out_where_there_is_room_and_is_not_much_dearer(
    seed: int,
) -> None:
    problem = random_problem(seed, 20, full=0.8, move_budget=200)
    problem = replace(problem, ties=random_ties(problem, seed))
    plan = solve(replace(problem, limits=(), ties=Ties.none()))
    none = np.zeros(1, dtype=np.int64)

    found = mended(problem, plan.unit_of, replace(plan.prices, limit=none))

    best = problem.value_pennies(decide(problem, lambda *_: None).unit_of)
    assert not feasibility_faults(problem, found)
    assert (found == UNPLACED).sum() == 0
    assert best <= problem.value_pennies(found) <= 1.1 * best


@pytest.mark.parametrize("gap", [0.0, 1e-3])
@pytest.mark.parametrize("word", ["gap", "whole numbers"])
def test_columns_that_are_stopped_hand_back_a_plan_at_once(
    gap: float, word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    problem, asked = tied(), []

    def stop(stage: str, _done: int, _total: int) -> None:
        if word in stage:
            monkeypatch.setattr("optimiser.columns.solve_whole", asked.append)
            monkeypatch.setattr("optimiser.columns.solve_large", asked.append)
            raise StopEarlyError

    found = solve_by_columns(problem, Prices.none(problem), stop, smallest_gap=gap)

    certify(problem, found.unit_of, found.prices, largest_gap=ANY_GAP)
    assert not found.decided
    assert not asked, "no further programme is solved"


def test_columns_that_have_a_plan_hand_it_back_when_stopped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The first look finds a plan that is too far from the bound, and the next is stopped."""
    problem, looks = tied(), []
    monkeypatch.setattr("optimiser.columns.FIRST_LOOKS", (1e6, 2e6))

    def stop(stage: str, _done: int, _total: int) -> None:
        if "whole numbers" in stage:
            looks.append(stage)
            if len(looks) > 1:
                raise StopEarlyError

    found = solve_by_columns(problem, Prices.none(problem), stop, smallest_gap=1e-12)

    best = decide(problem, lambda *_: None)
    value = problem.value_pennies(best.unit_of)
    assert len(looks) <= 2
    assert problem.value_pennies(found.unit_of) == value


@pytest.mark.parametrize("is_tied", [True, False])
def test_a_decision_stopped_in_the_prices_of_limits_begins_no_columns(
    is_tied: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    problem = tied()
    problem = problem if is_tied else replace(problem, ties=Ties.none())
    monkeypatch.setattr("optimiser.decide.solve_by_columns", None)

    def stop(stage: str, _done: int, _total: int) -> None:
        if "gap" in stage:
            raise StopEarlyError

    found = decide(problem, stop)

    certificate = certify(problem, found.unit_of, found.proof, largest_gap=ANY_GAP)
    assert found.stopped or certificate.gap == 0
    assert not found.solver_says_optimal or certificate.gap == 0

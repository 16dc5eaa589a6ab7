"""Between two plans: cycles that can be taken one by one, and the best that keeps ceilings."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimiser.certify import feasibility_faults
from optimiser.measure import flagged, free, unplaced_people, whole_cost
from optimiser.mixing import cycles_between, mix
from optimiser.problem import UNPLACED, AllocationProblem, Integers, PairFlag
from optimiser.solve import solve
from tests.optimiser.allocation_instances import (
    make_problem,
    plan_of,
    problems,
    random_problem,
    value_by_hand,
)


def possible_plans(problem: AllocationProblem) -> list[Integers]:
    choices = [UNPLACED, *range(len(problem.units))]
    plans = product(choices, repeat=len(problem.prisoners))
    return [plan_of(*plan) for plan in plans if value_by_hand(problem, plan) is not None]


@given(problems(most_people=4), st.data())
def test_with_any_of_the_cycles_taken_units_hold_between_what_both_plans_hold(
    problem: AllocationProblem, data: st.DataObject
) -> None:
    plans = possible_plans(problem)
    first, second = (plans[data.draw(st.integers(0, len(plans) - 1))] for _ in range(2))

    cycle_of = cycles_between(problem, first, second)

    assert ((cycle_of >= 0) == (first != second)).all()
    for taken in product([False, True], repeat=int(cycle_of.max(initial=-1)) + 1):
        mixed = np.where(np.append(taken, False)[cycle_of], second, first)
        held = problem.held(mixed)
        between = np.sort([problem.held(first), problem.held(second)], axis=0)
        assert (between[0] <= held).all()
        assert (held <= between[1]).all()


@given(problems(most_people=4), st.integers(0, 4), st.data())
def test_a_mixed_plan_keeps_rules_and_ceilings_and_is_never_dearer(
    problem: AllocationProblem, most: int, data: st.DataObject
) -> None:
    cost, moves = whole_cost(problem), flagged(problem, PairFlag.MOVED)
    plans = possible_plans(problem)
    kept = [plan for plan in plans if moves.of_plan(problem, plan) <= most]
    base = kept[data.draw(st.integers(0, len(kept) - 1))]
    other = plans[data.draw(st.integers(0, len(plans) - 1))]

    mixed = mix(problem, [(1, cost)], [(moves, most, 1.0)], base, other)

    assert not feasibility_faults(free(problem), mixed)
    assert moves.of_plan(problem, mixed) <= most
    assert cost.of_plan(problem, mixed) <= cost.of_plan(problem, base)
    if moves.of_plan(problem, other) <= most:
        assert cost.of_plan(problem, mixed) <= max(
            cost.of_plan(problem, base), cost.of_plan(problem, other)
        )


@pytest.mark.parametrize("share", [0.25, 0.5, 0.75])
def test_mixing_with_the_best_plan_spends_a_budget_of_moves_well(share: float) -> None:
    problem = random_problem(7, 12)
    cost, moves = whole_cost(problem), flagged(problem, PairFlag.MOVED)
    best, today = solve(problem).unit_of, problem.current_unit
    most = int(share * moves.of_plan(problem, best))

    mixed = mix(problem, [(1, cost)], [(moves, most, 1.0)], today, best)

    assert moves.of_plan(problem, mixed) <= most
    gained = cost.of_plan(problem, today) - cost.of_plan(problem, mixed)
    possible = cost.of_plan(problem, today) - cost.of_plan(problem, best)
    assert gained >= share * possible * 0.9


def test_two_who_change_places_are_a_cycle_of_their_own() -> None:
    problem = make_problem([[0, 0, 0]] * 4, [2, 2, 1])

    cycle_of = cycles_between(problem, plan_of(0, 0, 1, 2), plan_of(1, 2, 0, 2))

    assert cycle_of[0] == cycle_of[2]
    assert cycle_of[1] not in (cycle_of[0], -1)
    assert cycle_of[3] == -1


def test_nothing_is_mixed_of_equal_plans() -> None:
    problem = make_problem([[5, 1]], [1, 1])
    base = plan_of(0)

    assert mix(problem, [(1, whole_cost(problem))], [], base, base) is base


def test_a_place_for_somebody_left_out_is_taken() -> None:
    problem = make_problem([[5, 1]], [1, 1])

    mixed = mix(problem, [(1, unplaced_people(problem))], [], plan_of(UNPLACED), plan_of(1))

    assert list(mixed) == [1]


def test_a_plan_above_its_ceiling_comes_down_to_it_by_what_costs_least() -> None:
    cost = [[0, 9, 5], [0, 7, 5], [0, 8, 5]]
    problem = make_problem(cost, [3, 3, 3], current_unit=[1, 1, 1])
    moves = flagged(problem, PairFlag.MOVED)
    objective = [(1, whole_cost(problem))]

    mixed = mix(problem, objective, [(moves, 2, 100.0)], plan_of(0, 0, 0), plan_of(1, 1, 1))

    assert list(mixed) == [0, 1, 0]

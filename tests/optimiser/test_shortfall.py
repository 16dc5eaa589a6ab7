"""Ways out of a shortage cost what a re-solve says they cost."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

from optimiser.duals import FAR
from optimiser.problem import INELIGIBLE, UNPLACED, AllocationProblem
from optimiser.residual import residual
from optimiser.shortfall import with_one_more_place, with_places_open
from optimiser.solve import solve
from tests.optimiser.allocation_instances import (
    best_by_brute_force,
    make_problem,
    problems,
    with_capacity,
)

DEAR = 10_000
"""Price of a person without a place, above all that a chain of moves could cost."""


def short(problem: AllocationProblem) -> AllocationProblem:
    """Make every person without a place dear."""
    return replace(problem, unplaced_pennies=np.full(len(problem.prisoners), DEAR))


def test_a_place_in_another_unit_helps_by_a_chain() -> None:
    """Person 2 may only be in unit 0, which is full. A place in unit 1 draws person 1 there."""
    problem = make_problem([[1, 9], [1, 3], [5, INELIGIBLE]], [2, 0], unplaced=DEAR)
    plan = solve(problem)
    graph = residual(problem, plan.unit_of, plan.prices)
    assert graph is not None

    by_unit, by_sex = with_one_more_place(problem, graph, np.array([2]))

    assert list(plan.unit_of) == [0, 0, UNPLACED]
    assert list(by_unit) == [5, 5 + 2]
    assert list(by_sex) == [FAR]


def test_a_margin_that_binds_is_a_way_out_of_its_own() -> None:
    problem = make_problem([[1], [2]], [2], held_limit=[1], unplaced=DEAR)
    plan = solve(problem)
    graph = residual(problem, plan.unit_of, plan.prices)
    assert graph is not None

    by_unit, by_sex = with_one_more_place(problem, graph, np.array([1]))

    assert list(by_unit) == [2]
    assert list(by_sex) == [2]


@given(problems(most_people=5, most_units=3))
def test_one_more_place_places_somebody_at_the_price_told(drawn: AllocationProblem) -> None:
    problem = short(drawn)
    plan = solve(problem)
    people = np.flatnonzero(plan.unit_of == UNPLACED)
    assume(len(people) > 0)
    best = problem.value_pennies(plan.unit_of)
    graph = residual(problem, plan.unit_of, plan.prices)
    assert graph is not None

    by_unit, by_sex = with_one_more_place(problem, graph, people)

    for unit, price in enumerate(np.minimum(by_unit, by_sex[problem.unit_sex])):
        larger = with_capacity(problem, unit, 1)
        limit = problem.held_limit + (np.arange(len(problem.sexes)) == problem.unit_sex[unit])
        change = best_by_brute_force(replace(larger, held_limit=limit)) - best
        if price < FAR:
            assert change == price - DEAR
        else:
            assert change > -DEAR // 2
    for sex, price in enumerate(by_sex):
        limit = problem.held_limit.copy()
        limit[sex] += 1
        change = best_by_brute_force(replace(problem, held_limit=limit)) - best
        assert change == price - DEAR if price < FAR else change > -DEAR // 2


@given(problems(most_people=4, most_units=3), st.data())
def test_units_opened_to_a_person_place_them_at_the_price_told(
    drawn: AllocationProblem, data: st.DataObject
) -> None:
    problem = short(drawn)
    plan = solve(problem)
    people = np.flatnonzero(plan.unit_of == UNPLACED)
    assume(len(people) > 0)
    best = problem.value_pennies(plan.unit_of)
    graph = residual(problem, plan.unit_of, plan.prices)
    assert graph is not None
    person = data.draw(st.sampled_from(people.tolist()))
    closed = np.flatnonzero(problem.cost_pennies[person] == INELIGIBLE)
    assume(len(closed) > 0)
    unit = data.draw(st.sampled_from(closed.tolist()))
    cost = np.full((1, len(problem.units)), FAR)
    cost[0, unit] = 7

    (price,) = with_places_open(problem, graph, cost)

    opened = problem.cost_pennies.copy()
    opened[person, unit] = 7
    change = best_by_brute_force(replace(problem, cost_pennies=opened)) - best
    assert change == price - DEAR if price < FAR else change > -DEAR // 2

"""The checker accepts what is right and names what is wrong."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimiser.certify import CertificateError, certify, feasibility_faults, lower_bound
from optimiser.duals import Prices
from optimiser.problem import INELIGIBLE, UNPLACED, AllocationProblem
from optimiser.solve import solve
from tests.optimiser.allocation_instances import (
    best_by_brute_force,
    make_problem,
    plan_of,
    problems,
    random_problem,
    value_by_hand,
)


def prices(unit: list[int], estate: list[int] | None = None, limit: tuple[int, ...] = ()) -> Prices:
    return Prices(unit=plan_of(*unit), estate=plan_of(*(estate or [0])), limit=plan_of(*limit))


def test_bound_of_the_right_prices_equals_the_value() -> None:
    """Unit 0 is wanted by both, and worth 1 to the one who gives way: 1 + 2 = (2 + 2) - 1."""
    problem = make_problem([[1, 2], [1, 8]], [1, 1])

    certificate = certify(problem, plan_of(1, 0), prices([1, 0]))

    assert (certificate.objective_pennies, certificate.bound_pennies) == (3, 3)
    assert certificate.gap == 0


@pytest.mark.parametrize(
    ("plan", "fault"),
    [
        (plan_of(0, 0), "too full"),
        (plan_of(0, 2), "may not be held"),
        (plan_of(0, 7), "do not exist"),
        (plan_of(0), "1 rows for 2 people"),
        (plan_of(1, 2), "sex0 are held where"),
    ],
)
def test_plans_that_break_a_rule_are_refused(plan: np.ndarray, fault: str) -> None:
    problem = make_problem(
        [[1, 2, 9], [1, 8, 9]], [1, 1, 1], held_limit=[1, 5], sexes=[0, 0, 0], unplaced=5
    )
    cost = problem.cost_pennies.copy()
    cost[1, 2] = INELIGIBLE if fault == "may not be held" else 9
    with pytest.raises(CertificateError, match=fault):
        certify(replace(problem, cost_pennies=cost), plan, prices([0, 0, 0], [0, 0]))


def test_more_moves_than_the_budget_are_refused() -> None:
    problem = make_problem([[5, 1]], [1, 1], current_unit=[0], move_budget=0)

    with pytest.raises(CertificateError, match="moves: 1 where at most 0 may be"):
        certify(problem, plan_of(1), prices([0, 0]), largest_gap=1.0)


@pytest.mark.parametrize(
    ("wrong", "fault"),
    [
        (prices([0, 0]), "the gap is"),
        (prices([9, 0]), "the gap is"),
        (prices([-1, 0]), "prices of unit must lie in 0"),
        (prices([1, 0], [-1]), "prices of estate must lie in 0"),
        (prices([2**62, 0]), "prices of unit must lie in 0"),
        (prices([1, 0], [2**62]), "prices of estate must lie in 0"),
        (prices([1]), "shape"),
        (prices([1, 0], limit=(1,)), "prices of limit"),
    ],
)
def test_wrong_prices_prove_nothing(wrong: Prices, fault: str) -> None:
    problem = make_problem([[1, 2], [1, 8]], [1, 1])

    with pytest.raises(CertificateError, match=fault):
        certify(problem, plan_of(1, 0), wrong)


def test_a_worse_plan_fails_on_its_gap() -> None:
    problem = make_problem([[1, 2], [1, 8]], [1, 1])

    with pytest.raises(CertificateError, match=r"gap is 6\.67e-01"):
        certify(problem, plan_of(0, 1), prices([1, 0]))


@given(problems(budget=True), st.data())
def test_any_prices_give_a_bound_below_every_plan(
    problem: AllocationProblem, data: st.DataObject
) -> None:
    price = st.integers(0, 40)
    drawn = Prices(
        unit=plan_of(*(data.draw(price) for _ in problem.units)),
        estate=plan_of(*(data.draw(price) for _ in problem.sexes)),
        limit=plan_of(*(data.draw(price) for _ in problem.limits)),
    )

    assert lower_bound(problem, drawn) <= best_by_brute_force(problem)


@given(problems(budget=True), st.data())
def test_feasibility_agrees_with_a_count_by_hand(
    problem: AllocationProblem, data: st.DataObject
) -> None:
    unit = st.integers(UNPLACED, len(problem.units) - 1)
    plan = tuple(data.draw(unit) for _ in problem.prisoners)
    by_hand = value_by_hand(problem, plan)

    faults = feasibility_faults(problem, plan_of(*plan))

    assert (faults == []) == (by_hand is not None)
    if by_hand is not None:
        assert problem.value_pennies(plan_of(*plan)) == by_hand


def test_a_penny_less_in_the_value_or_more_in_a_price_is_noticed() -> None:
    """Prices 1 to 7 for the only contested place prove the plan; 0 and 8 miss by a penny."""
    problem = make_problem([[1, 2], [1, 8]], [1, 1])

    for price in range(1, 8):
        assert certify(problem, plan_of(1, 0), prices([price, 0])).gap == 0
    for price in (0, 8):
        with pytest.raises(CertificateError, match=r"£0\.01 above the bound"):
            certify(problem, plan_of(1, 0), prices([price, 0]))


def test_swapping_two_people_of_an_optimal_plan_is_noticed() -> None:
    problem = random_problem(11, 8)
    plan = solve(problem)
    for person in range(20):
        other = np.flatnonzero(plan.unit_of != plan.unit_of[person])[0]
        swapped = plan.unit_of.copy()
        swapped[[person, other]] = swapped[[other, person]]
        if feasibility_faults(problem, swapped):
            with pytest.raises(CertificateError):
                certify(problem, swapped, plan.prices)
        elif problem.value_pennies(swapped) != problem.value_pennies(plan.unit_of):
            with pytest.raises(CertificateError, match="gap"):
                certify(problem, swapped, plan.prices)

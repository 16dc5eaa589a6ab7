"""Of equally good plans the one nearest to another is taken, and nothing else of it changes."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import hypothesis.strategies as st
import numpy as np
from hypothesis import given, settings

from optimiser.certify import feasibility_faults
from optimiser.closest import closest_plan
from optimiser.decide import decide
from optimiser.duals import Prices
from optimiser.problem import NOWHERE, UNPLACED, AllocationProblem, Integers
from optimiser.solve import solve
from tests.optimiser.allocation_instances import (
    make_problem,
    plan_of,
    problems,
    random_problem,
    value_by_hand,
)
from tests.optimiser.tied_instances import tied_problems


def staying(plan: Integers, wanted: Integers) -> int:
    return int(((plan == wanted) & (wanted != NOWHERE)).sum())


def drawn_wish(problem: AllocationProblem, data: st.DataObject) -> Integers:
    one = st.integers(NOWHERE, len(problem.units) - 1)
    return plan_of(*(data.draw(one) for _ in problem.prisoners))


@given(problems(most_people=5, most_units=3), st.data())
@settings(max_examples=300, deadline=None)
def test_no_plan_as_good_keeps_more_people_where_they_are_wanted(
    problem: AllocationProblem, data: st.DataObject
) -> None:
    """Every plan is tried."""
    wanted = drawn_wish(problem, data)
    plan = solve(problem)
    value = problem.value_pennies(plan.unit_of)

    kept = closest_plan(problem, plan.unit_of, plan.prices, wanted)

    choices = [UNPLACED, *range(len(problem.units))]
    most = max(
        staying(plan_of(*other), wanted)
        for other in product(choices, repeat=len(problem.prisoners))
        if value_by_hand(problem, other) == value
    )
    assert staying(kept, wanted) == most
    assert problem.value_pennies(kept) == value
    assert not feasibility_faults(problem, kept)


@given(tied_problems(), st.data())
@settings(max_examples=200, deadline=None)
def test_with_limits_and_ties_the_value_stays_and_nobody_more_leaves(
    problem: AllocationProblem, data: st.DataObject
) -> None:
    wanted = drawn_wish(problem, data)
    found = decide(problem, lambda *_: None)

    kept = closest_plan(problem, found.unit_of, found.prices, wanted)

    assert not feasibility_faults(problem, kept)
    assert problem.value_pennies(kept) == problem.value_pennies(found.unit_of)
    assert staying(kept, wanted) >= staying(found.unit_of, wanted)
    for limit in problem.limits:
        assert problem.counts(kept, limit) == problem.counts(found.unit_of, limit)


def test_people_alike_are_handed_back_the_places_they_had() -> None:
    """All four cost the same everywhere; the plan in hand is the earlier one turned round."""
    problem = make_problem([[3, 3]] * 4, [2, 2])

    kept = closest_plan(problem, plan_of(1, 1, 0, 0), Prices.none(problem), plan_of(0, 0, 1, 1))

    assert list(kept) == [0, 0, 1, 1]


def test_places_are_exchanged_where_it_costs_nothing_in_all() -> None:
    """P0 pays 2 more and P1 pays 2 less when they change places."""
    problem = make_problem([[5, 7], [2, 4]], [1, 1])

    for wanted in (plan_of(0, 1), plan_of(1, 0)):
        kept = closest_plan(problem, solve(problem).unit_of, Prices.none(problem), wanted)

        assert list(kept) == list(wanted)


def test_tied_people_go_back_where_nobody_of_theirs_is() -> None:
    """P0 and P2 changed places for nothing; P1, from whom P0 is kept apart, is in E2."""
    problem = make_problem([[3, 3, 3]] * 3, [1, 1, 1])
    apart = replace(problem.ties, apart=np.array([[0, 1]]))
    problem = replace(problem, ties=apart)

    kept = closest_plan(problem, plan_of(1, 2, 0), Prices.none(problem), plan_of(0, 2, 1))
    not_there = closest_plan(
        replace(problem, capacity=np.array([1, 1, 2]), segment_places=np.array([1, 1, 2])),
        plan_of(1, 2, 0),
        Prices.none(problem),
        plan_of(2, 2, 0),
    )

    assert list(kept) == [0, 2, 1]
    assert list(not_there) == [1, 2, 0]


def test_a_lock_moves_only_people_on_its_own_way() -> None:
    """One person locked elsewhere: with no limits nobody outside the chain changes."""
    problem = random_problem(3, 12, full=0.99)
    before = solve(problem)
    person = int(np.flatnonzero((problem.cost_pennies < 2**30).sum(axis=1) > 6)[0])
    costs = problem.cost_pennies.copy()
    elsewhere = np.flatnonzero(costs[person] < 2**30)
    unit = int(elsewhere[elsewhere != before.unit_of[person]][-1])
    costs[person, np.arange(len(problem.units)) != unit] = 2**30
    locked = replace(problem, cost_pennies=costs)
    after = solve(locked)

    kept = closest_plan(locked, after.unit_of, after.prices, before.unit_of)

    assert kept[person] == unit
    assert (kept != before.unit_of).sum() <= len(problem.units)
    assert locked.value_pennies(kept) == locked.value_pennies(after.unit_of)

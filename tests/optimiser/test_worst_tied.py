"""The worst-off tenth, priced or limited, beside keep-aparts, groups, limits and minimums."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from data.progress import StopEarlyError
from optimiser.certify import CertificateError
from optimiser.problem import UNPLACED, AllocationProblem, Limit
from optimiser.solve import solve
from optimiser.worst import Tail
from optimiser.worst_tied import TiedTail, TiedWorst, solve_worst_tied, worst_bound_tied
from tests.optimiser.allocation_instances import make_problem, plan_of, random_problem
from tests.optimiser.test_worst import random_tail, tail_for, worst_by_sorting
from tests.optimiser.tied_instances import (
    make_ties,
    random_ties,
    tied_problems,
    tied_value_by_hand,
    worst_by_cp_sat,
)


@st.composite
def tied_tails(
    draw: st.DrawFn, *, most_people: int = 4, most_units: int = 3
) -> tuple[AllocationProblem, Tail]:
    problem = draw(tied_problems(most_people=most_people, most_units=most_units))
    people = len(problem.prisoners)
    parts = [[draw(st.integers(0, 12)) for _ in problem.establishments] for _ in range(people)]
    return problem, tail_for(problem, parts, count=draw(st.integers(1, people)))


def best_by_brute_force(asked: TiedTail) -> int:
    """Try every plan that keeps rules, limits, ties and the ceiling on the tenth."""
    problem, tail = asked.problem, asked.tail
    values = []
    choices = [UNPLACED, *range(len(problem.units))]
    for plan in product(choices, repeat=len(problem.prisoners)):
        value = tied_value_by_hand(problem, plan)
        worst = worst_by_sorting(problem, tail, plan)
        most = asked.at_most_parts
        if value is not None and (most is None or worst <= most * tail.count):
            values.append(value + asked.weight_pennies * worst)
    return min(values)


def check(asked: TiedTail, found: TiedWorst, best: int) -> None:
    """Hold a plan and its bound against the best there is."""
    assert asked.faults(found.unit_of) == []
    plan = tuple(int(unit) for unit in found.unit_of)
    by_hand = tied_value_by_hand(asked.problem, plan)
    assert by_hand is not None
    worst = worst_by_sorting(asked.problem, asked.tail, plan)
    assert found.value == by_hand + asked.weight_pennies * worst
    assert found.bound <= best <= found.value
    assert worst_bound_tied(asked, found.prices, found.covers) >= found.bound


@settings(max_examples=60)
@given(tied_tails(), st.integers(0, 4), st.sampled_from([None, 3, 6, 9]))
def test_the_best_plan_lies_between_bound_and_value_by_trying_every_plan(
    case: tuple[AllocationProblem, Tail], weight: int, most: int | None
) -> None:
    asked = TiedTail(problem=case[0], tail=case[1], weight_pennies=weight, at_most_parts=most)

    found = solve_worst_tied(asked, smallest_gap=0.0)

    check(asked, found, best_by_brute_force(asked))


@settings(max_examples=40)
@given(
    tied_tails(most_people=7, most_units=4),
    st.integers(0, 4),
    st.sampled_from([None, 3, 6, 9]),
)
def test_cp_sat_finds_nothing_better_than_the_bound_says(
    case: tuple[AllocationProblem, Tail], weight: int, most: int | None
) -> None:
    problem, tail = case
    asked = TiedTail(problem=problem, tail=tail, weight_pennies=weight, at_most_parts=most)

    found = solve_worst_tied(asked, smallest_gap=0.0)

    parts = tail.parts[tail.group_of].astype(np.int64)
    check(asked, found, worst_by_cp_sat(problem, parts, tail.count, weight, most))


def larger(seed: int) -> AllocationProblem:
    problem = random_problem(seed, 12, move_budget=120)
    full = int(problem.capacity[:2].sum())
    minimum = Limit(
        name="programme",
        flag=None,
        people=None,
        units=np.arange(len(problem.units)) < 2,
        bound=full,
        at_least=True,
    )
    return replace(problem, limits=(*problem.limits, minimum), ties=random_ties(problem, seed))


@pytest.mark.parametrize("weight", [1, 0])
def test_gap_is_small_on_a_larger_problem_with_ties_limits_and_a_minimum(weight: int) -> None:
    problem = larger(4)
    tail = random_tail(problem, 4)
    free = solve(replace(problem, ties=make_ties(), limits=problem.limits[:1])).unit_of
    most = None if weight else int(90 * tail.mean_miles(problem, free))
    asked = TiedTail(problem=problem, tail=tail, weight_pennies=weight, at_most_parts=most)

    found = solve_worst_tied(asked, smallest_gap=1e-3)

    assert asked.faults(found.unit_of) == []
    assert found.value - found.bound <= 0.02 * found.value
    assert worst_bound_tied(asked, found.prices, found.covers) >= found.bound


def two_apart() -> TiedTail:
    """Two people who both cost least and are nearest in the first prison, and may not share it."""
    problem = make_problem([[5, 9], [5, 8]], [2, 2])
    problem = replace(problem, ties=make_ties(apart=[(0, 1)]))
    return TiedTail(
        problem=problem, tail=tail_for(problem, [[0, 7], [0, 9]], count=1), weight_pennies=3
    )


def test_ties_decide_who_is_the_worst_off() -> None:
    """By hand: 9 + 5 + 3 x 7 = 35 for the first person in the second prison; 40 for the other."""
    asked = two_apart()

    found = solve_worst_tied(asked, smallest_gap=0.0)

    assert found.value == 35
    assert list(found.unit_of) == [1, 0]
    check(asked, found, 35)


def test_prices_that_can_prove_nothing_are_refused() -> None:
    asked = two_apart()
    found = solve_worst_tied(asked, smallest_gap=0.0)
    rows = found.prices.rows
    higher = replace(found.prices, rows=replace(rows, bound=rows.bound - 1))

    for prices in (
        higher if len(rows) else replace(found.prices, scale=0),
        replace(found.prices, unit=found.prices.unit + 1),
        replace(found.prices, scale=2),
        replace(found.prices, estate=found.prices.estate - 1),
    ):
        with pytest.raises(CertificateError):
            worst_bound_tied(asked, prices, found.covers)


def test_covers_that_leave_thresholds_out_are_refused() -> None:
    asked = two_apart()
    found = solve_worst_tied(asked, smallest_gap=0.0)
    some = tuple(cover for cover in found.covers if cover.low > 0)

    with pytest.raises(ValueError, match="every threshold"):
        worst_bound_tied(asked, found.prices, some)


def test_a_plan_that_breaks_a_tie_or_the_ceiling_is_named() -> None:
    asked = replace(two_apart(), at_most_parts=6)

    assert "establishment" in asked.faults(plan_of(0, 0))[0]
    assert asked.faults(plan_of(1, 0)) == ["the worst-off tenth is further away than it may be"]
    assert asked.faults(plan_of(-1, 0)) == []


@settings(max_examples=40)
@given(tied_tails(), st.integers(1, 15), st.integers(0, 3), st.sampled_from([None, 4, 9]))
def test_a_search_that_is_stopped_hands_over_its_best_plan_with_a_true_bound(
    case: tuple[AllocationProblem, Tail], report: int, weight: int, most: int | None
) -> None:
    asked = TiedTail(problem=case[0], tail=case[1], weight_pennies=weight, at_most_parts=most)
    reports = 0

    def told(stage: str, _done: int, _total: int) -> None:
        nonlocal reports
        reports += 1
        if reports == report:
            raise StopEarlyError

    try:
        found = solve_worst_tied(asked, smallest_gap=0.0, progress=told)
    except StopEarlyError:
        assume(False)

    assert found.stopped == (reports >= report)
    check(asked, found, best_by_brute_force(asked))

"""The worst-off tenth, priced or limited, beside keep-aparts, groups, limits and minimums."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from data.progress import StopEarlyError
from optimiser.ceilings import Proof
from optimiser.certify import CertificateError
from optimiser.duals import Prices
from optimiser.level_bounds import Question, Span, Tenth
from optimiser.problem import UNPLACED, AllocationProblem, Integers, Limit
from optimiser.solve import solve
from optimiser.worst import Tail
from optimiser.worst_tied import TiedWorst, solve_worst_tied, worst_bound_tied
from tests.optimiser.allocation_instances import make_problem, plan_of, random_problem
from tests.optimiser.test_worst import drawn_tail, random_tail, tail_for, worst_by_sorting
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
    return problem, drawn_tail(draw, problem)


def asked_of(
    problem: AllocationProblem, tail: Tail, weight: int = 0, most: int | None = None
) -> Question:
    """Price the tenth, and let its mean be at most so many hundredths of a mile."""
    at_most = None if most is None else most * tail.count
    tenth = Tenth(tail=tail, weight_pennies=weight, at_most=at_most)
    return Question(problem=problem, tenth=tenth)


def faults_of(asked: Question, unit_of: Integers) -> list[str]:
    return asked.nothing_held().faults(asked, unit_of)


def best_by_brute_force(
    problem: AllocationProblem, tail: Tail, weight: int, most: int | None
) -> int:
    """Try every plan that keeps rules, limits, ties and the ceiling on the tenth."""
    values = []
    choices = [UNPLACED, *range(len(problem.units))]
    for plan in product(choices, repeat=len(problem.prisoners)):
        value = tied_value_by_hand(problem, plan)
        worst = worst_by_sorting(problem, tail, plan)
        if value is not None and (most is None or worst <= most * tail.count):
            values.append(value + weight * worst)
    return min(values)


def check(asked: Question, found: TiedWorst, best: int) -> None:
    """Hold a plan and its bound against the best there is."""
    assert asked.tenth is not None
    assert faults_of(asked, found.unit_of) == []
    plan = tuple(int(unit) for unit in found.unit_of)
    by_hand = tied_value_by_hand(asked.problem, plan)
    assert by_hand is not None
    worst = worst_by_sorting(asked.problem, asked.tenth.tail, plan)
    assert found.value == by_hand + asked.tenth.weight_pennies * worst
    assert found.bound <= best <= found.value
    assert worst_bound_tied(asked, found.spans) >= found.bound


@settings(max_examples=60)
@given(tied_tails(), st.integers(0, 4), st.sampled_from([None, 3, 6, 9]))
def test_the_best_plan_lies_between_bound_and_value_by_trying_every_plan(
    case: tuple[AllocationProblem, Tail], weight: int, most: int | None
) -> None:
    asked = asked_of(*case, weight, most)

    found = solve_worst_tied(asked, smallest_gap=0.0)

    check(asked, found, best_by_brute_force(*case, weight, most))


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
    asked = asked_of(problem, tail, weight, most)

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
    asked = asked_of(problem, tail, weight, most)

    found = solve_worst_tied(asked, smallest_gap=1e-3)

    assert faults_of(asked, found.unit_of) == []
    assert found.value - found.bound <= 0.02 * found.value
    assert worst_bound_tied(asked, found.spans) >= found.bound


def two_apart(most: int | None = None) -> Question:
    """Two people who both cost least and are nearest in the first prison, and may not share it."""
    problem = make_problem([[5, 9], [5, 8]], [2, 2])
    problem = replace(problem, ties=make_ties(apart=[(0, 1)]))
    return asked_of(problem, tail_for(problem, [[0, 7], [0, 9]], count=1), 3, most)


def test_ties_decide_who_is_the_worst_off() -> None:
    """By hand: 9 + 5 + 3 x 7 = 35 for the first person in the second prison; 40 for the other."""
    asked = two_apart()

    found = solve_worst_tied(asked, smallest_gap=0.0)

    assert found.value == 35
    assert list(found.unit_of) == [1, 0]
    check(asked, found, 35)


def test_multipliers_that_can_prove_nothing_are_refused() -> None:
    asked = two_apart()
    span, *others = solve_worst_tied(asked, smallest_gap=0.0).spans
    prices = span.proof.prices

    for proof in (
        replace(span.proof, prices=replace(prices, estate=prices.estate - 1)),
        replace(span.proof, prices=replace(prices, scale=2 * prices.scale)),
        replace(span.proof, ceilings=np.array([1])),
        replace(span.proof, weight=0),
        replace(span.proof, bits=1),
    ):
        with pytest.raises(CertificateError):
            worst_bound_tied(asked, [*others, replace(span, proof=proof)])


def test_a_row_that_follows_from_no_tie_is_refused() -> None:
    asked = two_apart()
    span, *others = solve_worst_tied(asked, smallest_gap=0.0).spans
    rows = span.proof.prices.rows
    assert len(rows) > 0
    forged = replace(span.proof.prices, rows=replace(rows, bound=rows.bound - 1))
    wrong = replace(span, proof=replace(span.proof, prices=forged))

    with pytest.raises(CertificateError, match="follow from no tie"):
        worst_bound_tied(asked, [*others, wrong])


@pytest.mark.parametrize("missing", [0, 4, 9])
def test_intervals_that_leave_a_threshold_out_are_refused(missing: int) -> None:
    asked = two_apart()
    proof = solve_worst_tied(asked, smallest_gap=0.0).spans[0].proof
    whole = Span(low=np.array([0, 5]), high=np.array([5, 9]), proof=proof)
    ends = [(0, missing - 1), (missing + 1, 9)]
    low, high = np.array([(a, b) for a, b in ends if a <= b]).T

    assert worst_bound_tied(asked, [whole]) <= 35
    with pytest.raises(ValueError, match="every threshold"):
        worst_bound_tied(asked, [Span(low=low, high=high, proof=proof)])


@settings(max_examples=60)
@given(
    tied_tails(),
    st.integers(0, 4),
    st.sampled_from([None, 3, 6]),
    st.lists(st.integers(0, 30), min_size=8, max_size=8),
    st.lists(st.integers(0, 12), max_size=4),
)
def test_any_multipliers_over_any_intervals_give_a_true_bound(
    case: tuple[AllocationProblem, Tail],
    weight: int,
    most: int | None,
    drawn: list[int],
    cuts: list[int],
) -> None:
    """Multipliers drawn by chance: few bounds are close, and none may be above the best plan."""
    problem, tail = case
    asked = asked_of(problem, tail, weight, most)
    scale = 4
    prices = replace(
        Prices.none(problem),
        unit=np.resize(np.array(drawn), len(problem.units)),
        estate=np.resize(np.array(drawn[4:]), len(problem.sexes)),
        limit=np.array(
            [
                min(number, limit.short_pennies * scale) if limit.at_least else number
                for number, limit in zip(drawn, problem.limits, strict=False)
            ],
            dtype=np.int64,
        ),
        scale=scale,
    )
    ceilings = np.array([] if most is None else [drawn[7]], dtype=np.int64)
    ends = sorted({0, *cuts, 12})
    span = Span(
        low=np.array(ends[:-1]),
        high=np.array(ends[1:]),
        proof=Proof(weight=scale, ceilings=ceilings, prices=prices),
    )

    bound = worst_bound_tied(asked, [span])

    assert bound <= best_by_brute_force(problem, tail, weight, most)


def test_a_plan_that_breaks_a_tie_or_the_ceiling_is_named() -> None:
    asked = two_apart(6)

    assert "establishment" in faults_of(asked, plan_of(0, 0))[0]
    assert faults_of(asked, plan_of(1, 0)) == ["the worst-off tenth is further away than it may be"]
    assert faults_of(asked, plan_of(-1, 0)) == []


def test_another_price_starts_from_what_is_known() -> None:
    problem = larger(5)
    tail = random_tail(problem, 5)
    first = solve_worst_tied(asked_of(problem, tail, 1), smallest_gap=1e-3)
    asked = asked_of(problem, tail, 2)

    found = solve_worst_tied(asked, smallest_gap=1e-3, start=first)

    cold = solve_worst_tied(asked, smallest_gap=1e-3)
    assert faults_of(asked, found.unit_of) == []
    assert max(found.bound, cold.bound) <= min(found.value, cold.value)
    assert found.value - found.bound <= 0.02 * found.value


@settings(max_examples=40)
@given(tied_tails(), st.integers(1, 15), st.integers(0, 3), st.sampled_from([None, 4, 9]))
def test_a_search_that_is_stopped_hands_over_its_best_plan_with_a_true_bound(
    case: tuple[AllocationProblem, Tail], report: int, weight: int, most: int | None
) -> None:
    asked = asked_of(*case, weight, most)
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
    check(asked, found, best_by_brute_force(*case, weight, most))

"""Points of a frontier are certified, convex and monotone, and no plan lies below them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog
from scipy.sparse import coo_array

from optimiser.certify import CertificateError, feasibility_faults
from optimiser.frontier import (
    Against,
    Point,
    TradeOff,
    certify_point,
    savings_at_most,
    trace,
    trade_off,
)
from optimiser.measure import flagged
from optimiser.problem import (
    INELIGIBLE,
    MOVES,
    UNPLACED,
    AllocationProblem,
    Limit,
    PairFlag,
)
from optimiser.solve import solve
from optimiser.worst import Tail
from tests.optimiser.allocation_instances import (
    best_by_networkx,
    plan_of,
    problems,
    random_problem,
    value_by_hand,
)
from tests.optimiser.tied_instances import random_ties, tied_problems, tied_value_by_hand

LINEAR = (Against.MOVES, Against.CROWDING, Against.FAR)


def tail_at(problem: AllocationProblem, seed: int) -> Tail:
    random = np.random.default_rng(seed)
    people, places = len(problem.prisoners), len(problem.establishments)
    parts = random.integers(0, 9_000, (people, places)).astype(np.int32)
    return Tail(
        parts=np.concatenate([parts, np.zeros((1, places), dtype=np.int32)]),
        group_of=np.arange(people, dtype=np.int64),
        count=-(-people // 10),
    )


def traded(problem: AllocationProblem, against: Against, seed: int = 0) -> TradeOff:
    tail = tail_at(problem, seed)
    far = (tail.parts[tail.group_of] > 5_000) * np.uint8(PairFlag.FAR)
    problem = replace(problem, pair_flags=problem.pair_flags | far)
    return trade_off(problem, against, tail)


def every_plan(
    trade: TradeOff,
    by_hand: Callable[[AllocationProblem, tuple[int, ...]], int | None] = value_by_hand,
) -> list[tuple[int, int]]:
    """Give amount and value of every plan, with plain loops for the value."""
    problem = trade.problem
    choices = [UNPLACED, *range(len(problem.units))]
    found = []
    for plan in product(choices, repeat=len(problem.prisoners)):
        value = by_hand(problem, plan)
        if value is not None:
            unit_of = plan_of(*plan)
            if trade.against is Against.WORST_TENTH:
                amount = trade.tail.worst_parts(problem, unit_of)
            else:
                amount = trade.measure().of_plan(problem, unit_of)
            found.append((amount, value))
    return found


def assert_convex_and_falling(points: list[Point]) -> None:
    for low, high in pairwise(points):
        assert low.amount < high.amount
        assert low.value > high.value
        assert low.price >= high.price
    rates = [(a.value - b.value) / (b.amount - a.amount) for a, b in pairwise(points)]
    assert all(first >= second - 1e-9 for first, second in pairwise(rates))


def assert_no_plan_saves_more(points: list[Point], plans: list[tuple[int, int]], step: int) -> None:
    for point, most in zip(points, savings_at_most(points, step), strict=True):
        saved = [point.value - value for amount, value in plans if amount <= point.amount + step]
        assert max(saved) <= most


@given(problems(most_people=4), st.sampled_from(Against), st.integers(0, 3))
def test_no_plan_lies_below_the_frontier(
    problem: AllocationProblem, against: Against, seed: int
) -> None:
    trade = traded(problem, against, seed)

    points = trace(trade, 6)

    plans = every_plan(trade)
    for point in points:
        certify_point(trade, point)
        assert point.gap == 0
        assert (point.amount, point.value) in plans
        assert all(
            value + point.price * amount >= point.value + point.price * point.amount
            for amount, value in plans
        )
    assert min(value for _, value in plans) == points[-1].value
    assert_no_plan_saves_more(points, plans, 1)
    assert_no_plan_saves_more(points, plans, 100)
    assert_convex_and_falling(points)


@settings(max_examples=40)
@given(tied_problems(most_people=4, most_units=3), st.sampled_from(LINEAR))
def test_points_under_limits_ties_and_minimums_are_best_at_their_price(
    problem: AllocationProblem, against: Against
) -> None:
    trade = trade_off(problem, against, tail_at(problem, 0))

    points = trace(trade, 3)

    plans = every_plan(trade, tied_value_by_hand)
    for point in points:
        certify_point(trade, point, largest_gap=1)
        assert (point.amount, point.value) in plans
        least = min(value + point.price * amount for amount, value in plans)
        assert point.value + point.price * point.amount == least
        assert point.bound + point.price * point.amount <= least
    assert min(value for _, value in plans) == points[-1].value
    assert_no_plan_saves_more(points, plans, 1)
    assert_no_plan_saves_more(points, plans, 100)
    assert_convex_and_falling(points)


def test_a_price_far_above_what_there_is_to_save_is_not_told_as_a_saving() -> None:
    none = np.zeros(0, dtype=np.int32)
    corners = [(1_250_000, 0, 10_000), (40, 100, 6_000), (0, 200, 2_500)]
    points = [
        Point(price=price, amount=amount, value=value, bound=value, unit_of=none, proof=())
        for price, amount, value in corners
    ]

    assert savings_at_most(points, 100) == [4_000, 3_500, 0]
    assert savings_at_most(points, 50) == [2_000, 2_000, 0]


def test_points_that_break_a_tie_or_claim_too_high_a_bound_fail() -> None:
    problem = random_problem(3, 10, full=0.7)
    problem = replace(problem, ties=random_ties(problem, 1))
    trade = trade_off(problem, Against.MOVES, tail_at(problem, 0))
    point = trace(trade, 2)[-1]
    one, other = problem.ties.apart[0]
    met = point.unit_of.copy()
    met[one] = met[other]

    with pytest.raises(CertificateError):
        certify_point(trade, replace(point, unit_of=met), largest_gap=1)
    with pytest.raises(CertificateError, match="no bound closer"):
        certify_point(trade, replace(point, bound=point.value + 1), largest_gap=1)


@pytest.mark.parametrize("against", LINEAR)
def test_points_under_ties_pass_with_the_gap_they_state_and_with_no_lower_one(
    against: Against,
) -> None:
    problem = random_problem(4, 10, full=0.7)
    problem = replace(problem, ties=random_ties(problem, 2))
    trade = trade_off(problem, against, tail_at(problem, 0))

    for point in trace(trade, 3):
        certify_point(trade, point, largest_gap=None)
        dearer = replace(point, bound=point.bound - 1)
        certify_point(trade, dearer, largest_gap=None)
        for wrong in (
            replace(point, bound=point.bound + 1),
            replace(point, price=-1, bound=point.bound - 10**12),
        ):
            with pytest.raises(CertificateError):
                certify_point(trade, wrong, largest_gap=None)


def test_a_bound_just_as_stated_passes_whatever_the_gap_is_as_a_fraction(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A gap of one penny in 49, times 49, is a little less than a penny."""
    trade = traded(random_problem(3, 14, full=0.7), Against.MOVES)
    point = trace(trade, 3)[0]

    for short in range(1, 500):
        stated = replace(point, bound=point.value - short)
        monkeypatch.setattr("optimiser.frontier._bound", lambda *_, low=stated.bound: low)
        certify_point(trade, stated, largest_gap=None)
        certify_point(trade, stated, largest_gap=stated.gap)


@settings(max_examples=30)
@given(tied_problems(most_people=4, most_units=3), st.integers(0, 3))
def test_points_against_the_worst_tenth_beside_ties_bound_every_plan(
    problem: AllocationProblem, seed: int
) -> None:
    """By trying every plan: none has less of both than a point's line allows."""
    trade = trade_off(problem, Against.WORST_TENTH, tail_at(problem, seed))

    points = trace(trade, 4)

    plans = every_plan(trade, tied_value_by_hand)
    for point in points:
        certify_point(trade, point, largest_gap=None)
        assert (point.amount, point.value) in plans
        assert all(
            value + point.price * amount >= point.bound + point.price * point.amount
            for amount, value in plans
        )
    assert_no_plan_saves_more(points, plans, 100)


def test_the_worst_tenth_is_traded_beside_ties_limits_and_a_minimum() -> None:
    problem = random_problem(3, 10, full=0.7, move_budget=120)
    units = np.arange(len(problem.units)) < 2
    minimum = Limit(name="programme", flag=None, people=None, units=units, bound=9, at_least=True)
    limits = (*problem.limits, minimum)
    problem = replace(problem, ties=random_ties(problem, 1), limits=limits)
    trade = trade_off(problem, Against.WORST_TENTH, tail_at(problem, 0))

    points = trace(trade, 4, smallest_gap=1e-3)

    assert len(points) >= 3
    for low, high in pairwise(points):
        assert low.amount < high.amount
        assert low.value > high.value
    for point in points:
        assert feasibility_faults(problem, point.unit_of) == []
        assert 0 <= point.gap < 0.05
        certify_point(trade, point, largest_gap=None)
        with pytest.raises(CertificateError, match="no bound closer"):
            certify_point(trade, replace(point, bound=point.value + 1), largest_gap=None)


@pytest.mark.parametrize("against", LINEAR)
def test_frontier_is_convex_and_falls(against: Against) -> None:
    trade = traded(random_problem(3, 14, full=0.7), against)
    kept: list[Point] = []

    points = trace(trade, 8, found=kept.append)

    assert 4 <= len(points) <= 8
    assert {point.amount for point in points} <= {point.amount for point in kept}
    assert_convex_and_falling(points)
    for point in points:
        certify_point(trade, point)


def test_points_against_the_worst_tenth_keep_the_gap_asked_for() -> None:
    trade = traded(random_problem(3, 8), Against.WORST_TENTH)

    points = trace(trade, 4, smallest_gap=1e-4)

    assert len(points) >= 3
    for point in points:
        certify_point(trade, point, largest_gap=3e-4)
    assert [point.amount for point in points] == sorted(point.amount for point in points)


def test_each_price_gives_the_value_of_another_solver() -> None:
    """The network simplex of networkx at the price of a move of each point."""
    problem = random_problem(7, 8)
    trade = traded(problem, Against.MOVES)

    for point in trace(trade, 5):
        priced = point.value + point.price * point.amount
        assert priced == best_by_networkx(trade.problem, point.price)


def test_weighted_sums_reach_the_linear_programme_of_another_solver() -> None:
    """SciPy's HiGHS on costs plus the price of being far at each point."""
    trade = traded(random_problem(9, 10), Against.FAR)

    for point in trace(trade, 4):
        weighted = point.value + point.price * point.amount
        assert linear_programme(trade.problem, point.price) == pytest.approx(weighted)


def linear_programme(problem: AllocationProblem, price: int) -> float:
    far = (problem.pair_flags & np.uint8(PairFlag.FAR)) != 0
    cost = problem.cost_pennies.astype(float) + price * far[:, problem.unit_establishment]
    person, unit = np.nonzero(problem.cost_pennies != INELIGIBLE)
    people, units = problem.cost_pennies.shape
    pairs, blocks = len(person), len(problem.segment_unit)
    rows = [person, np.arange(people), people + unit, people + problem.segment_unit]
    columns = [
        np.arange(pairs),
        pairs + np.arange(people),
        np.arange(pairs),
        pairs + people + np.arange(blocks),
    ]
    signs = [np.ones(pairs), np.ones(people), np.ones(pairs), -np.ones(blocks)]
    every = pairs + people + blocks
    equal = coo_array(
        (np.concatenate(signs), (np.concatenate(rows), np.concatenate(columns))),
        shape=(people + units, every),
    )
    sex = problem.unit_sex[problem.segment_unit]
    limits = coo_array(
        (np.ones(blocks), (sex, pairs + people + np.arange(blocks))),
        shape=(len(problem.sexes), every),
    )
    answer = linprog(
        np.concatenate([cost[person, unit], problem.unplaced_pennies, problem.segment_pennies]),
        A_ub=limits.tocsr(),
        b_ub=problem.held_limit,
        A_eq=equal.tocsr(),
        b_eq=np.concatenate([np.ones(people), np.zeros(units)]),
        bounds=np.stack(
            [np.zeros(every), np.concatenate([np.ones(pairs + people), problem.segment_places])],
            axis=1,
        ),
        method="highs",
    )
    assert answer.status == 0
    return float(answer.fun)


def test_other_limits_hold_at_every_point() -> None:
    problem = random_problem(5, 12)
    moves = flagged(problem, PairFlag.MOVED)
    most = moves.of_plan(problem, solve(problem).unit_of) // 2
    limit = Limit(name=MOVES, flag=PairFlag.MOVED, people=None, units=None, bound=most)
    trade = traded(replace(problem, limits=(limit,)), Against.FAR)

    points = trace(trade, 4, smallest_gap=1e-3)

    assert points
    for point in points:
        assert moves.of_plan(problem, point.unit_of) <= most
        certify_point(trade, point, largest_gap=0.02)


def test_a_limit_on_what_is_traded_is_left_aside() -> None:
    limit = Limit(name=MOVES, flag=PairFlag.MOVED, people=None, units=None, bound=3)
    problem = replace(random_problem(5, 8), limits=(limit,))

    points = trace(traded(problem, Against.MOVES), 4)

    assert points[-1].amount > 3


def test_wrong_points_are_refused() -> None:
    trade = traded(random_problem(2, 8), Against.MOVES)
    point = trace(trade, 3)[1]

    for wrong in (
        replace(point, value=point.value - 1),
        replace(point, amount=point.amount - 1),
        replace(point, bound=point.bound + 1),
        replace(point, price=point.price + 1),
        replace(point, unit_of=np.zeros_like(point.unit_of)),
    ):
        with pytest.raises(CertificateError):
            certify_point(trade, wrong)


def test_progress_counts_the_points() -> None:
    told: list[tuple[str, int, int]] = []

    trace(
        traded(random_problem(2, 8), Against.MOVES),
        4,
        progress=lambda *each: told.append(each),
    )

    assert told[0] == ("frontier", 0, 4)
    assert told[-1] == ("frontier", 4, 4)
    assert all(done <= total for _, done, total in told)

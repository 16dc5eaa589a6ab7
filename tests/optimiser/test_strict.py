"""Objectives in strict order: no earlier level is worsened beyond its tolerance."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.progress import StopEarlyError
from optimiser.ceilings import Ceiling
from optimiser.certify import CertificateError
from optimiser.measure import crowded, flagged, per_unit, unplaced_people, whole_cost
from optimiser.problem import UNPLACED, AllocationProblem, Integers, PairFlag
from optimiser.side import RowKind, SideRows
from optimiser.solve import solve
from optimiser.strict import Level, certify_strict, solve_strict
from tests.optimiser.allocation_instances import (
    make_problem,
    plan_of,
    problems,
    random_problem,
    value_by_hand,
)


def levels_of(
    problem: AllocationProblem, tolerance: tuple[float, float, float], seed: int = 0
) -> list[Level]:
    """Give places first, then a term drawn by chance, then all costs."""
    drawn = np.random.default_rng(seed).integers(0, 6, problem.cost_pennies.shape)
    term = replace(
        per_unit(problem, "term", drawn.astype(np.int64)), segment=crowded(problem).segment
    )
    measures = [unplaced_people(problem), term, whole_cost(problem)]
    return [
        Level(name=measure.name, measure=measure, tolerance=share)
        for measure, share in zip(measures, tolerance, strict=True)
    ]


def plans_of(problem: AllocationProblem) -> list[Integers]:
    """List every plan that keeps the rules."""
    choices = [UNPLACED, *range(len(problem.units))]
    plans = product(choices, repeat=len(problem.prisoners))
    return [plan_of(*plan) for plan in plans if value_by_hand(problem, plan) is not None]


def in_order_by_brute_force(problem: AllocationProblem, levels: list[Level]) -> list[int]:
    """Filter all plans level by level; give the least of each."""
    left = plans_of(problem)
    best = []
    for level in levels:
        values = [level.measure.of_plan(problem, plan) for plan in left]
        best.append(min(values))
        most = min(values) * (1 + level.tolerance)
        left = [plan for plan, value in zip(left, values, strict=True) if value <= most]
    return best


@given(problems(most_people=4), st.integers(0, 3))
def test_order_without_tolerance_is_as_good_as_filtering_every_plan(
    problem: AllocationProblem, seed: int
) -> None:
    levels = levels_of(problem, (0, 0, 0), seed)

    found = solve_strict(problem, levels, smallest_gap=0.0)

    assert [each.value for each in found.levels] == in_order_by_brute_force(problem, levels)
    assert [each.bound for each in found.levels] == [each.value for each in found.levels]
    assert [each.final for each in found.levels] == [each.value for each in found.levels]
    certify_strict(problem, levels, found.unit_of, found.levels)


@given(problems(most_people=4), st.integers(0, 3), st.sampled_from([0.0, 0.2, 0.5, 1.0]))
def test_order_with_tolerance_keeps_it_and_its_bounds_are_true(
    problem: AllocationProblem, seed: int, share: float
) -> None:
    levels = levels_of(problem, (0, share, 0), seed)

    found = solve_strict(problem, levels, smallest_gap=0.0)

    best = in_order_by_brute_force(problem, levels)
    assert [each.value for each in found.levels[:2]] == best[:2]
    assert found.levels[1].final <= best[1] * (1 + share)
    assert found.levels[2].bound <= best[2] <= found.levels[2].value
    certify_strict(problem, levels, found.unit_of, found.levels)


@given(
    problems(most_people=4),
    st.integers(0, 3),
    st.tuples(*[st.sampled_from([0.0, 0.1, 0.5])] * 3),
)
def test_each_level_lies_between_its_bound_and_its_value_by_trying_every_plan(
    problem: AllocationProblem, seed: int, tolerance: tuple[float, float, float]
) -> None:
    levels = levels_of(problem, tolerance, seed)
    moves = flagged(problem, PairFlag.MOVED)
    levels.insert(2, Level(name="moves", measure=moves, tolerance=tolerance[2]))

    found = solve_strict(problem, levels, smallest_gap=0.0)

    left = plans_of(problem)
    for level, solved in zip(levels, found.levels, strict=True):
        best = min(level.measure.of_plan(problem, plan) for plan in left)
        assert solved.bound <= best <= solved.value
        assert solved.final <= solved.at_most
        left = [plan for plan in left if level.measure.of_plan(problem, plan) <= solved.at_most]
    assert level.measure.of_plan(problem, found.unit_of) == solved.final
    certify_strict(problem, levels, found.unit_of, found.levels)


@pytest.mark.parametrize("seed", range(3))
def test_levels_without_tolerance_are_exact_on_larger_problems(seed: int) -> None:
    problem = random_problem(seed, 15)
    levels = levels_of(problem, (0, 0, 0), seed)

    found = solve_strict(problem, levels, smallest_gap=0.0)

    assert [each.gap for each in found.levels] == [0, 0, 0]
    assert [each.final for each in found.levels] == [each.value for each in found.levels]
    certify_strict(problem, levels, found.unit_of, found.levels)


def test_more_tolerance_never_makes_a_later_level_worse() -> None:
    problem = random_problem(3, 12)
    bounds = []
    for share in (0.0, 0.05, 0.2, 1.0):
        levels = levels_of(problem, (0, share, 0))
        found = solve_strict(problem, levels, smallest_gap=0.0)
        assert found.levels[1].final <= found.levels[1].value * (1 + share)
        bounds.append(found.levels[2].bound)

    assert bounds == sorted(bounds, reverse=True)


def test_gap_of_each_level_is_small_where_tolerances_bind() -> None:
    problem = random_problem(4, 15)
    levels = levels_of(problem, (0, 0.1, 0.05))
    moves = flagged(problem, PairFlag.MOVED)
    levels.append(Level(name="moves", measure=moves, tolerance=0))

    found = solve_strict(problem, levels, smallest_gap=1e-3)

    assert max(each.gap for each in found.levels) < 0.03
    certify_strict(problem, levels, found.unit_of, found.levels)


def test_levels_keep_a_ceiling_on_moves() -> None:
    problem = random_problem(5, 12)
    moves = flagged(problem, PairFlag.MOVED)
    half = moves.of_plan(problem, solve(problem).unit_of) // 2
    ceiling = Ceiling(measure=moves, at_most=half)
    levels = levels_of(problem, (0, 0.05, 0))

    found = solve_strict(problem, levels, ceilings=[ceiling], smallest_gap=1e-3)

    assert moves.of_plan(problem, found.unit_of) <= half
    certify_strict(problem, levels, found.unit_of, found.levels, ceilings=[ceiling])


def test_everybody_alone_in_the_order_is_the_plain_plan() -> None:
    problem = random_problem(6, 12)
    levels = [Level(name="all", measure=whole_cost(problem), tolerance=0)]

    found = solve_strict(problem, levels, smallest_gap=0.0)

    assert found.levels[0].value == problem.value_pennies(solve(problem).unit_of)


def test_a_worse_plan_or_a_better_bound_is_refused() -> None:
    problem = make_problem([[5, 1], [10, 1]], [2, 2])
    levels = levels_of(problem, (0, 0, 0))
    found = solve_strict(problem, levels, smallest_gap=0.0)
    better = [*found.levels[:2], replace(found.levels[2], bound=found.levels[2].bound + 1)]

    with pytest.raises(CertificateError, match="not proven"):
        certify_strict(problem, levels, found.unit_of, better)
    with pytest.raises(CertificateError, match="level placed"):
        certify_strict(problem, levels, plan_of(UNPLACED, UNPLACED), found.levels)


@pytest.mark.parametrize("people", [0, 1])
def test_a_plan_with_one_more_than_its_ceiling_is_refused(people: int) -> None:
    problem = random_problem(5, 12)
    moves = flagged(problem, PairFlag.MOVED)
    levels = levels_of(problem, (0, 0.05, 0))
    found = solve_strict(problem, levels, smallest_gap=1e-3)
    moved = moves.of_plan(problem, found.unit_of)
    ceiling = Ceiling(measure=moves, at_most=moved - people)
    no_bounds = [replace(each, bound=0) for each in found.levels]
    proofs = [
        replace(each, proof=replace(each.proof, ceilings=np.append(0, each.proof.ceilings)))
        for each in no_bounds
    ]

    if people == 0:
        certify_strict(problem, levels, found.unit_of, proofs, ceilings=[ceiling])
    else:
        with pytest.raises(CertificateError, match=f"moved is above {moved - 1}$"):
            certify_strict(problem, levels, found.unit_of, proofs, ceilings=[ceiling])


def test_a_level_a_penny_above_what_is_allowed_is_refused() -> None:
    problem = random_problem(5, 12)
    levels = levels_of(problem, (0, 0, 0))
    found = solve_strict(problem, levels, smallest_gap=0.0)
    term = found.levels[1]
    lower = [found.levels[0], replace(term, value=term.final - 1, bound=0), found.levels[2]]

    certify_strict(problem, levels, found.unit_of, found.levels)
    with pytest.raises(CertificateError, match="level term is at"):
        certify_strict(problem, levels, found.unit_of, lower)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"weight": 0}, "weight"),
        ({"weight": 2**31}, "weight"),
        ({"bits": -1}, "weight"),
        ({"ceilings": np.array([-1])}, "1 ceilings are priced"),
        ({"ceilings": np.array([3, 3])}, "2 ceilings are priced"),
    ],
)
def test_a_proof_that_can_prove_nothing_is_refused(change: dict[str, object], fault: str) -> None:
    problem = make_problem([[5, 1], [10, 1]], [2, 2])
    levels = levels_of(problem, (0, 0, 0))
    found = solve_strict(problem, levels, smallest_gap=0.0)
    last = found.levels[2]
    forged = [*found.levels[:2], replace(last, proof=replace(last.proof, **change))]

    with pytest.raises(CertificateError, match=fault):
        certify_strict(problem, levels, found.unit_of, forged)


def test_a_negative_price_of_an_estate_is_refused() -> None:
    problem = make_problem([[5, 1], [10, 1]], [2, 2])
    levels = levels_of(problem, (0, 0, 0))
    found = solve_strict(problem, levels, smallest_gap=0.0)
    last = found.levels[2]
    prices = replace(last.proof.prices, estate=np.array([-100]))
    forged = [*found.levels[:2], replace(last, proof=replace(last.proof, prices=prices))]

    with pytest.raises(CertificateError, match="price is not"):
        certify_strict(problem, levels, found.unit_of, forged)


@pytest.mark.parametrize(
    "change",
    [
        {"scale": 0},
        {"limit": np.array([5])},
        {
            "rows": SideRows(
                kind=np.array([RowKind.APART]),
                tie=np.array([-1]),
                place=np.array([0]),
                bound=np.array([0]),
                first=np.array([0, 2]),
                people=np.array([0, 1]),
                sign=np.array([1, 1]),
                price=np.array([9]),
            )
        },
    ],
)
def test_prices_of_more_than_units_and_estates_prove_nothing(change: dict[str, object]) -> None:
    problem = make_problem([[5, 1], [10, 1]], [2, 2])
    levels = levels_of(problem, (0, 0, 0))
    found = solve_strict(problem, levels, smallest_gap=0.0)
    last = found.levels[2]
    prices = replace(last.proof.prices, **change)
    forged = [*found.levels[:2], replace(last, proof=replace(last.proof, prices=prices))]

    with pytest.raises(CertificateError, match="units and estates alone"):
        certify_strict(problem, levels, found.unit_of, forged)


def test_a_level_that_leaves_later_ones_less_than_its_tolerance_is_refused() -> None:
    problem = random_problem(4, 15)
    levels = levels_of(problem, (0, 0.5, 0))
    found = solve_strict(problem, levels, smallest_gap=0.0)
    term = found.levels[1]
    tight = replace(term, at_most=term.value)

    assert term.value < term.at_most
    with pytest.raises(CertificateError, match="level term leaves"):
        certify_strict(problem, levels, found.unit_of, [found.levels[0], tight, found.levels[2]])


@pytest.mark.parametrize("share", [-0.1, 1.5])
def test_tolerance_outside_a_share_is_refused(share: float) -> None:
    problem = make_problem([[1]], [1])

    with pytest.raises(ValueError, match="from 0 to 1"):
        Level(name="all", measure=whole_cost(problem), tolerance=share)


@settings(max_examples=50)
@given(problems(most_people=4), st.integers(1, 6), st.sampled_from([0.0, 0.5]))
def test_an_order_that_is_stopped_hands_over_the_level_it_reached(
    problem: AllocationProblem, report: int, share: float
) -> None:
    levels = levels_of(problem, (0.0, share, 0.0))
    ceiling = Ceiling(measure=flagged(problem, PairFlag.MOVED), at_most=2)
    reports: list[str] = []

    def told(stage: str, _done: int, _total: int) -> None:
        if "gap" in stage:
            reports.append(stage)
            if len(reports) >= report:
                raise StopEarlyError

    found = solve_strict(problem, levels, ceilings=[ceiling], smallest_gap=0.0, progress=told)

    reached = levels[: len(found.levels)]
    assert found.stopped == (len(reports) == report)
    assert found.stopped or len(reached) == len(levels)
    certify_strict(problem, levels, found.unit_of, found.levels, ceilings=[ceiling], is_whole=False)
    kept = [p for p in plans_of(problem) if ceiling.measure.of_plan(problem, p) <= 2]
    for level, solved in zip(reached, found.levels, strict=True):
        best = min(level.measure.of_plan(problem, plan) for plan in kept)
        assert solved.bound <= best <= solved.value
        assert solved.final == level.measure.of_plan(problem, found.unit_of) <= solved.at_most
        kept = [p for p in kept if level.measure.of_plan(problem, p) <= solved.at_most]
    if len(reached) < len(levels):
        with pytest.raises(CertificateError, match="levels are told"):
            certify_strict(problem, levels, found.unit_of, found.levels, ceilings=[ceiling])


def test_an_order_stopped_before_it_has_a_plan_ends_without_one() -> None:
    problem = random_problem(1, 4)

    def stop(stage: str, _done: int, _total: int) -> None:
        raise StopEarlyError

    with pytest.raises(StopEarlyError):
        solve_strict(problem, levels_of(problem, (0, 0, 0)), smallest_gap=0.0, progress=stop)

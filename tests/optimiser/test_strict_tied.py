"""Objectives in strict order beside keep-aparts, groups, limits and minimums."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.progress import StopEarlyError
from optimiser.certify import CertificateError, feasibility_faults
from optimiser.level_bounds import MINIMUMS, Tenth
from optimiser.measure import crowded, per_unit, unplaced_people, whole_cost
from optimiser.problem import UNPLACED, AllocationProblem, Integers, Limit
from optimiser.side import RowKind, SideRows
from optimiser.strict import Level, Solved
from optimiser.strict_tied import certify_strict_tied, solve_strict_tied, with_minimums
from tests.optimiser.allocation_instances import make_problem, plan_of, random_problem
from tests.optimiser.test_worst import drawn_tail, random_tail, tail_for, worst_by_sorting
from tests.optimiser.tied_instances import (
    in_order_by_cp_sat,
    in_order_with_tenth_by_cp_sat,
    make_ties,
    random_ties,
    tied_problems,
    tied_value_by_hand,
)

TOLERANCES = st.tuples(*[st.sampled_from([0.0, 0.1, 0.5])] * 3)


def term_of(problem: AllocationProblem, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 6, problem.cost_pennies.shape)


def levels_of(
    problem: AllocationProblem,
    tolerance: tuple[float, float, float],
    seed: int = 0,
    *,
    crowding: bool = True,
) -> list[Level]:
    """Give places first, then a term drawn by chance, then all costs."""
    term = per_unit(problem, "term", term_of(problem, seed).astype(np.int64))
    if crowding:
        term = replace(term, segment=crowded(problem).segment)
    measures = [unplaced_people(problem), term, whole_cost(problem)]
    return [
        Level(name=measure.name, measure=measure, tolerance=share)
        for measure, share in zip(measures, tolerance, strict=True)
    ]


def plans_of(problem: AllocationProblem) -> dict[tuple[int, ...], int]:
    """List every plan that keeps rules, limits and ties, with its value."""
    choices = [UNPLACED, *range(len(problem.units))]
    plans = product(choices, repeat=len(problem.prisoners))
    valued = ((plan, tied_value_by_hand(problem, plan)) for plan in plans)
    return {plan: value for plan, value in valued if value is not None}


def short_by_hand(problem: AllocationProblem, plan: tuple[int, ...]) -> int:
    """Count the people by whom minimums are missed, from what each costs alone."""
    total = 0
    for limit in problem.limits:
        if limit.at_least:
            alone = replace(problem, limits=(replace(limit, short_pennies=1),), ties=make_ties())
            nothing = replace(alone, limits=())
            with_it, without = tied_value_by_hand(alone, plan), tied_value_by_hand(nothing, plan)
            assert with_it is not None
            assert without is not None
            total += with_it - without
    return total


def amount(problem: AllocationProblem, level: Level, plan: tuple[int, ...], value: int) -> int:
    """Give what a plan has of a level: its whole value for the last."""
    if level.name == MINIMUMS:
        return short_by_hand(problem, plan)
    if level.name == "all":
        return value
    return level.measure.of_plan(problem, np.array(plan, dtype=np.int64))


def check_in_order(
    problem: AllocationProblem, levels: list[Level], solved: tuple[Solved, ...], *, exact: bool
) -> None:
    """Filter every plan, level by level."""
    left = plans_of(problem)
    for level, each in zip(levels, solved, strict=False):
        amounts = {plan: amount(problem, level, plan, value) for plan, value in left.items()}
        best = min(amounts.values())
        assert each.bound <= best <= each.value
        if exact:
            assert each.value == best
        assert each.final <= each.at_most
        left = {plan: value for plan, value in left.items() if amounts[plan] <= each.at_most}


@settings(max_examples=60)
@given(tied_problems(most_people=4, most_units=3), st.integers(0, 3), TOLERANCES)
def test_every_level_is_as_good_as_filtering_every_plan(
    problem: AllocationProblem, seed: int, tolerance: tuple[float, float, float]
) -> None:
    levels = levels_of(problem, tolerance, seed)

    found = solve_strict_tied(problem, levels, smallest_gap=0.0)

    check_in_order(problem, with_minimums(problem, levels), found.levels, exact=True)
    certify_strict_tied(problem, levels, found.unit_of, found.levels)


@settings(max_examples=40)
@given(
    tied_problems(most_people=7, most_units=4),
    st.integers(0, 3),
    st.tuples(*[st.sampled_from([0.0, 0.1, 0.5])] * 2),
)
def test_every_level_is_as_good_as_cp_sat_finds(
    problem: AllocationProblem, seed: int, tolerance: tuple[float, float]
) -> None:
    levels = levels_of(problem, (*tolerance, 0.0), seed, crowding=False)

    found = solve_strict_tied(problem, levels, smallest_gap=0.0)

    best = in_order_by_cp_sat(problem, term_of(problem, seed), tolerance)
    best = best if len(found.levels) == 4 else best[1:]
    assert [each.value for each in found.levels] == best
    assert all(each.bound <= each.value for each in found.levels)
    certify_strict_tied(problem, levels, found.unit_of, found.levels)


def test_gaps_are_small_on_a_larger_problem_and_every_tie_is_kept() -> None:
    problem = random_problem(4, 15, move_budget=150)
    full = int(problem.capacity[:2].sum())
    units = np.arange(len(problem.units)) < 2
    minimum = Limit(
        name="programme", flag=None, people=None, units=units, bound=full, at_least=True
    )
    problem = replace(problem, limits=(*problem.limits, minimum), ties=random_ties(problem, 4))
    levels = levels_of(problem, (0.0, 0.05, 0.0))

    found = solve_strict_tied(problem, levels, smallest_gap=1e-3)

    assert feasibility_faults(problem, found.unit_of) == []
    assert [each.name for each in found.levels] == [MINIMUMS, "placed", "term", "all"]
    assert [each.value for each in found.levels[:2]] == [0, 0]
    assert max(each.gap for each in found.levels) < 0.005
    certify_strict_tied(problem, levels, found.unit_of, found.levels)


def two_apart() -> AllocationProblem:
    """Two people who both cost least in the first of two prisons, and may not share one."""
    problem = make_problem([[5, 9], [5, 8]], [2, 2])
    return replace(problem, ties=make_ties(apart=[(0, 1)]))


def test_people_kept_apart_are_apart_at_every_level() -> None:
    """By hand: one has to go to the second prison; at 8 instead of 5 that is 13 in all."""
    problem = two_apart()
    levels = levels_of(problem, (0.0, 1.0, 0.0))

    found = solve_strict_tied(problem, levels, smallest_gap=0.0)

    assert found.levels[-1].value == 13
    assert found.levels[-1].bound == 13


def test_minimums_come_before_every_level() -> None:
    """By hand: the minimum sends one person to the dear unit although costs come to 9 more."""
    problem = make_problem([[1, 10], [1, 10]], [2, 2])
    minimum = Limit(
        name="programme",
        flag=None,
        people=None,
        units=np.array([False, True]),
        bound=1,
        at_least=True,
        short_pennies=2,
    )
    problem = replace(problem, limits=(minimum,))
    levels = [Level(name="all", measure=whole_cost(problem), tolerance=0)]

    found = solve_strict_tied(problem, levels, smallest_gap=0.0)

    assert [(each.name, each.value) for each in found.levels] == [(MINIMUMS, 0), ("all", 11)]
    certify_strict_tied(problem, levels, found.unit_of, found.levels)


def solved_by_hand() -> tuple[AllocationProblem, list[Level], Integers, list[Solved]]:
    problem = two_apart()
    levels = levels_of(problem, (0.0, 1.0, 0.0))
    found = solve_strict_tied(problem, levels, smallest_gap=0.0)
    return problem, levels, found.unit_of, list(found.levels)


def test_a_better_bound_is_refused() -> None:
    problem, levels, unit_of, solved = solved_by_hand()
    solved[-1] = replace(solved[-1], bound=solved[-1].bound + 1, value=solved[-1].value + 1)

    with pytest.raises(CertificateError, match="not proven"):
        certify_strict_tied(problem, levels, unit_of, solved)


@pytest.mark.parametrize(
    ("unit_of", "fault"), [((0, 0), "must not be in one establishment"), ((-1, -1), "level placed")]
)
def test_a_plan_that_breaks_a_tie_or_a_level_is_refused(
    unit_of: tuple[int, int], fault: str
) -> None:
    problem, levels, _, solved = solved_by_hand()

    with pytest.raises(CertificateError, match=fault):
        certify_strict_tied(problem, levels, plan_of(*unit_of), solved)


def row_of(kind: RowKind, people: tuple[int, int]) -> SideRows:
    return SideRows(
        kind=np.array([kind]),
        tie=np.array([-1]),
        place=np.array([0]),
        bound=np.array([1]),
        first=np.array([0, 2]),
        people=np.array(people),
        sign=np.array([1, 1]),
        price=np.array([9]),
    )


@pytest.mark.parametrize(
    ("of_proof", "of_prices", "fault"),
    [
        ({"weight": 0}, {}, "below what it can be"),
        ({"bits": 1}, {}, "below what it can be"),
        ({"ceilings": np.array([1])}, {}, "1 levels are priced, and 2 come before"),
        ({"ceilings": np.array([0, -1])}, {}, "below what it can be"),
        ({"ceilings": np.array([0, 2**60])}, {}, "above what it can be"),
        ({}, {"scale": 3}, "not in the same parts"),
        ({}, {"unit": np.array([-1, 0])}, "prices of unit"),
        ({}, {"rows": row_of(RowKind.GROUP, (0, 1))}, "follow from no tie"),
    ],
)
def test_a_proof_that_can_prove_nothing_is_refused(
    of_proof: dict[str, object], of_prices: dict[str, object], fault: str
) -> None:
    problem, levels, unit_of, solved = solved_by_hand()
    proof = solved[-1].proof
    prices = replace(proof.prices, **of_prices)
    solved[-1] = replace(solved[-1], proof=replace(proof, prices=prices, **of_proof))

    with pytest.raises(CertificateError, match=fault):
        certify_strict_tied(problem, levels, unit_of, solved)


def test_a_level_that_leaves_later_ones_less_than_its_tolerance_is_refused() -> None:
    problem = replace(random_problem(4, 10), ties=random_ties(random_problem(4, 10), 1))
    levels = levels_of(problem, (0.0, 0.5, 0.0))
    found = solve_strict_tied(problem, levels, smallest_gap=1e-3)
    term = found.levels[1]
    tight = replace(term, at_most=term.at_most - 1)

    with pytest.raises(CertificateError, match="level term leaves"):
        certify_strict_tied(
            problem, levels, found.unit_of, [found.levels[0], tight, found.levels[2]]
        )


def test_levels_that_are_missing_are_refused() -> None:
    problem, levels, unit_of, solved = solved_by_hand()

    certify_strict_tied(problem, levels, unit_of, solved[:2], is_whole=False)
    with pytest.raises(CertificateError, match="2 levels are told, and 3 were asked"):
        certify_strict_tied(problem, levels, unit_of, solved[:2])


@settings(max_examples=40)
@given(tied_problems(most_people=4, most_units=3), st.integers(1, 12))
def test_an_order_that_is_stopped_hands_over_the_levels_it_reached(
    problem: AllocationProblem, report: int
) -> None:
    levels = levels_of(problem, (0.0, 0.1, 0.0))
    reports = 0

    def told(stage: str, _done: int, _total: int) -> None:
        nonlocal reports
        if "gap" in stage:
            reports += 1
            if reports == report:
                raise StopEarlyError

    found = solve_strict_tied(problem, levels, smallest_gap=0.0, progress=told)

    assert found.stopped == (reports == report)
    assert found.stopped or len(found.levels) == len(with_minimums(problem, levels))
    check_in_order(problem, with_minimums(problem, levels), found.levels, exact=False)
    certify_strict_tied(problem, levels, found.unit_of, found.levels, is_whole=False)


def test_an_order_stopped_before_it_has_a_plan_ends_without_one() -> None:
    problem = two_apart()

    def stop(stage: str, _done: int, _total: int) -> None:
        raise StopEarlyError

    with pytest.raises(StopEarlyError):
        solve_strict_tied(
            problem, levels_of(problem, (0.0, 0.0, 0.0)), smallest_gap=0.0, progress=stop
        )


@st.composite
def orders_with_the_tenth(
    draw: st.DrawFn, *, most_people: int = 4, most_units: int = 3
) -> tuple[AllocationProblem, Tenth]:
    """Draw a problem, distances, and a tenth that is limited, priced, both or neither."""
    problem = draw(tied_problems(most_people=most_people, most_units=most_units))
    tail = drawn_tail(draw, problem)
    at_most = draw(st.sampled_from([None, 0, 3, 7, 20]))
    tenth = Tenth(
        tail=tail,
        weight_pennies=draw(st.integers(0, 3)),
        at_most=at_most,
    )
    return problem, tenth


def with_the_tenth(levels: list[Level], problem: AllocationProblem, tenth: Tenth, at: int) -> None:
    measure = tenth.tail.beyond(problem, 0)
    levels.insert(at, Level(name=measure.name, measure=measure, tolerance=levels[at].tolerance))


def check_in_order_with_the_tenth(
    problem: AllocationProblem, tenth: Tenth, levels: list[Level], solved: tuple[Solved, ...]
) -> None:
    """Filter every plan, level by level, with the tenth by sorting."""
    worst = {plan: worst_by_sorting(problem, tenth.tail, plan) for plan in plans_of(problem)}
    left = {
        plan: value + tenth.weight_pennies * worst[plan]
        for plan, value in plans_of(problem).items()
        if tenth.at_most is None or worst[plan] <= tenth.at_most
    }
    for level, each in zip(levels, solved, strict=False):
        amounts = {
            plan: worst[plan]
            if level.name == "worst_tenth"
            else amount(problem, level, plan, value)
            for plan, value in left.items()
        }
        assert each.bound <= min(amounts.values()) <= each.value
        assert each.final <= each.at_most
        left = {plan: value for plan, value in left.items() if amounts[plan] <= each.at_most}


@settings(max_examples=60)
@given(orders_with_the_tenth(), st.integers(0, 3), TOLERANCES, st.sampled_from([None, 0, 1, 2]))
def test_levels_beside_the_tenth_lie_between_bound_and_value_by_filtering_every_plan(
    case: tuple[AllocationProblem, Tenth],
    seed: int,
    tolerance: tuple[float, float, float],
    at: int | None,
) -> None:
    problem, tenth = case
    levels = levels_of(problem, tolerance, seed)
    if at is not None:
        with_the_tenth(levels, problem, tenth, at)

    found = solve_strict_tied(problem, levels, smallest_gap=0.0, tenth=tenth)

    check_in_order_with_the_tenth(problem, tenth, with_minimums(problem, levels), found.levels)
    certify_strict_tied(problem, levels, found.unit_of, found.levels, tenth=tenth)


@settings(max_examples=30)
@given(
    orders_with_the_tenth(most_people=7, most_units=4),
    st.integers(0, 3),
    st.sampled_from([0.0, 0.1, 0.5]),
)
def test_cp_sat_has_no_level_below_its_bound(
    case: tuple[AllocationProblem, Tenth], seed: int, tolerance: float
) -> None:
    """Places first, then the tenth, then a term: each held to what our plan was allowed."""
    problem, tenth = case
    levels = levels_of(problem, (0.0, tolerance, 0.0), seed, crowding=False)[:2]
    with_the_tenth(levels, problem, tenth, 1)

    found = solve_strict_tied(problem, levels, smallest_gap=0.0, tenth=tenth)

    best = in_order_with_tenth_by_cp_sat(
        problem,
        tenth.tail.parts[tenth.tail.group_of].astype(np.int64),
        tenth.tail.count,
        term_of(problem, seed),
        limit=tenth.at_most,
        at_most=[each.at_most for each in found.levels][-3:],
        short=found.levels[0].at_most if len(found.levels) == 4 else 0,
    )
    for each, least in zip(found.levels[-3:], best, strict=True):
        assert each.bound <= least <= each.value
    certify_strict_tied(problem, levels, found.unit_of, found.levels, tenth=tenth)


@pytest.mark.parametrize("is_limit", [False, True])
def test_gaps_are_small_on_a_larger_problem_with_the_tenth(is_limit: bool) -> None:
    problem = random_problem(4, 7, move_budget=60)
    problem = replace(problem, ties=random_ties(problem, 4))
    tail = random_tail(problem, 4)
    first = solve_strict_tied(problem, levels_of(problem, (0.0, 0.05, 0.0)), smallest_gap=1e-3)
    most = 95 * tail.worst_parts(problem, first.unit_of) // 100
    tenth = Tenth(tail=tail, at_most=most if is_limit else None)
    levels = levels_of(problem, (0.0, 0.05, 0.0))
    if not is_limit:
        with_the_tenth(levels, problem, tenth, 1)

    found = solve_strict_tied(problem, levels, smallest_gap=1e-3, tenth=tenth)

    assert feasibility_faults(problem, found.unit_of) == []
    assert tail.worst_parts(problem, found.unit_of) <= most
    assert max(each.gap for each in found.levels) < 0.05
    certify_strict_tied(problem, levels, found.unit_of, found.levels, tenth=tenth)


def test_bounds_and_plans_beside_the_tenth_that_are_too_good_are_refused() -> None:
    problem = two_apart()
    tenth = Tenth(tail=tail_for(problem, [[0, 7], [0, 9]], count=1), at_most=8)
    levels = levels_of(problem, (0.0, 0.0, 0.0))
    with_the_tenth(levels, problem, tenth, 1)
    found = solve_strict_tied(problem, levels, smallest_gap=0.0, tenth=tenth)
    assert [(each.name, each.value) for each in found.levels[:2]] == [
        ("placed", 0),
        ("worst_tenth", 7),
    ]
    solved = list(found.levels)

    def certified(unit_of: Integers, levels_told: list[Solved]) -> None:
        certify_strict_tied(problem, levels, unit_of, levels_told, tenth=tenth)

    certified(found.unit_of, solved)
    worst = solved[1]
    for forged in (
        replace(worst, bound=worst.bound + 1, value=worst.value + 1),
        replace(worst, spans=worst.spans[:0]),
        replace(
            worst,
            spans=tuple(
                replace(span, proof=replace(span.proof, ceilings=-1 - span.proof.ceilings))
                for span in worst.spans
            ),
        ),
    ):
        with pytest.raises(CertificateError, match="level worst_tenth"):
            certified(found.unit_of, [solved[0], forged, *solved[2:]])
    with pytest.raises(CertificateError, match="further away than it may be"):
        certified(plan_of(0, 1), solved)


@settings(max_examples=40)
@given(orders_with_the_tenth(), st.integers(1, 12))
def test_an_order_beside_the_tenth_that_is_stopped_hands_over_the_levels_it_reached(
    case: tuple[AllocationProblem, Tenth], report: int
) -> None:
    problem, tenth = case
    levels = levels_of(problem, (0.0, 0.1, 0.0))
    with_the_tenth(levels, problem, tenth, 1)
    reports = 0

    def told(stage: str, _done: int, _total: int) -> None:
        nonlocal reports
        assert "£" not in stage or not stage.startswith("levels")
        reports += 1
        if reports == report:
            raise StopEarlyError

    try:
        found = solve_strict_tied(problem, levels, smallest_gap=0.0, tenth=tenth, progress=told)
    except StopEarlyError:
        return

    assert found.stopped == (reports >= report)
    check_in_order_with_the_tenth(problem, tenth, with_minimums(problem, levels), found.levels)
    certify_strict_tied(problem, levels, found.unit_of, found.levels, tenth=tenth, is_whole=False)

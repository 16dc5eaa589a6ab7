"""The worst-off tenth: what it is by definition, and the best plan when it is priced or limited."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from data.progress import Progress, StopEarlyError
from optimiser import worst
from optimiser.ceilings import Ceiling, CeilingError
from optimiser.measure import flagged, whole_cost
from optimiser.problem import (
    INELIGIBLE,
    UNPLACED,
    AllocationProblem,
    Integers,
    PairFlag,
)
from optimiser.solve import solve
from optimiser.worst import Asked, Tail, solve_worst, worst_bound
from tests.optimiser.allocation_instances import (
    make_problem,
    plan_of,
    problems,
    random_problem,
    value_by_hand,
)


def tail_for(problem: AllocationProblem, parts: list[list[int]], *, count: int) -> Tail:
    """Give each person a home of their own."""
    people = len(problem.prisoners)
    rows = np.array(parts, dtype=np.int32)
    nowhere = np.zeros((1, rows.shape[1]), dtype=np.int32)
    return Tail(
        parts=np.concatenate([rows, nowhere]),
        group_of=np.arange(people, dtype=np.int64),
        count=count,
    )


def drawn_tail(draw: st.DrawFn, problem: AllocationProblem) -> Tail:
    people = len(problem.prisoners)
    parts = [[draw(st.integers(0, 12)) for _ in problem.establishments] for _ in range(people)]
    return tail_for(problem, parts, count=draw(st.integers(1, people)))


def random_tail(problem: AllocationProblem, seed: int) -> Tail:
    random = np.random.default_rng(seed)
    people, places = len(problem.prisoners), len(problem.establishments)
    parts = random.integers(0, 20_000, (people, places))
    return tail_for(problem, parts.tolist(), count=-(-people // 10))


def worst_by_sorting(problem: AllocationProblem, tail: Tail, plan: tuple[int, ...]) -> int:
    far = [
        int(tail.parts[tail.group_of[p], problem.unit_establishment[unit]]) if unit >= 0 else 0
        for p, unit in enumerate(plan)
    ]
    return sum(sorted(far, reverse=True)[: tail.count])


def asked_of(problem: AllocationProblem, tail: Tail, **changes: object) -> Asked:
    asked = Asked(problem=problem, objective=[(1, whole_cost(problem))], tail=tail)
    return replace(asked, **changes)


@st.composite
def small_cases(draw: st.DrawFn) -> tuple[AllocationProblem, Tail]:
    problem = draw(problems(most_people=4))
    return problem, drawn_tail(draw, problem)


def plans_of(problem: AllocationProblem) -> list[tuple[tuple[int, ...], int]]:
    choices = [UNPLACED, *range(len(problem.units))]
    plans = product(choices, repeat=len(problem.prisoners))
    valued = ((plan, value_by_hand(problem, plan)) for plan in plans)
    return [(plan, value) for plan, value in valued if value is not None]


@given(st.integers(0, 400), st.integers(1, 60))
def test_worst_tenth_is_the_mean_of_the_people_furthest_away(seed: int, people: int) -> None:
    problem = random_problem(seed, 6)
    tail = random_tail(problem, seed)
    tail = replace(tail, count=min(people, len(problem.prisoners)))
    unit_of = np.random.default_rng(seed).integers(0, 6, len(problem.prisoners))

    far = np.sort(tail.parts[tail.group_of, problem.unit_establishment[unit_of]])[::-1]

    assert tail.mean_miles(problem, unit_of) == pytest.approx(far[: tail.count].mean() / 100)
    assert tail.threshold(problem, unit_of) == far[tail.count - 1]


@given(small_cases(), st.integers(0, 5))
def test_priced_worst_tenth_is_as_good_as_trying_every_plan(
    case: tuple[AllocationProblem, Tail], weight: int
) -> None:
    problem, tail = case
    asked = asked_of(problem, tail, weight_pennies=weight)

    found = solve_worst(asked, smallest_gap=0.0)

    best = min(
        value + weight * worst_by_sorting(problem, tail, plan) for plan, value in plans_of(problem)
    )
    assert found.value == found.bound == best
    assert asked.value(found.unit_of) == best
    assert worst_bound(asked, found.covers) == best


@given(small_cases(), st.integers(0, 12))
def test_limit_on_the_worst_tenth_is_kept_and_its_bound_is_true(
    case: tuple[AllocationProblem, Tail], at_most: int
) -> None:
    problem, tail = case
    asked = asked_of(problem, tail, at_most_parts=at_most)
    best = min(
        value
        for plan, value in plans_of(problem)
        if worst_by_sorting(problem, tail, plan) <= tail.count * at_most
    )

    found = solve_worst(asked, smallest_gap=0.0)

    worst = worst_by_sorting(problem, tail, tuple(int(unit) for unit in found.unit_of))
    assert worst <= tail.count * at_most
    assert worst_bound(asked, found.covers) <= found.bound <= best <= found.value


def limited_by_cp_sat(problem: AllocationProblem, tail: Tail, at_most: int) -> int:
    """Model the tenth as its definition by thresholds, and everything else as it is."""
    from ortools.sat.python import cp_model

    model = cp_model.CpModel()
    people, units = problem.cost_pennies.shape
    at = [[model.new_bool_var("") for _ in range(units)] for _ in range(people)]
    out = [model.new_bool_var("") for _ in range(people)]
    cost = [int(gbp) * left for gbp, left in zip(problem.unplaced_pennies, out, strict=True)]
    threshold = model.new_int_var(0, int(tail.parts.max()), "")
    beyond = []
    for person in range(people):
        model.add_exactly_one([*at[person], out[person]])
        far = sum(
            int(tail.parts[tail.group_of[person], problem.unit_establishment[unit]])
            * at[person][unit]
            for unit in range(units)
        )
        beyond.append(model.new_int_var(0, int(tail.parts.max()), ""))
        model.add(beyond[-1] >= far - threshold)
        for unit in range(units):
            if problem.cost_pennies[person, unit] == INELIGIBLE:
                model.add(at[person][unit] == 0)
            else:
                cost.append(int(problem.cost_pennies[person, unit]) * at[person][unit])
    model.add(tail.count * threshold + sum(beyond) <= tail.count * at_most)
    for unit in range(units):
        used = [
            model.new_int_var(0, int(problem.segment_places[block]), "")
            for block in np.flatnonzero(problem.segment_unit == unit)
        ]
        model.add(sum(row[unit] for row in at) == sum(used))
        prices = problem.segment_pennies[problem.segment_unit == unit]
        cost += [int(price) * use for price, use in zip(prices, used, strict=True)]
    for sex, most in enumerate(problem.held_limit):
        ours = np.flatnonzero(problem.unit_sex == sex)
        model.add(sum(row[unit] for row in at for unit in ours) <= int(most))
    model.minimize(sum(cost))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    assert solver.solve(model) == cp_model.OPTIMAL
    return round(solver.objective_value)


@given(st.integers(0, 10_000), st.sampled_from([0.3, 0.6, 0.9]))
def test_cp_sat_finds_nothing_better_under_a_limit_than_the_bound_says(
    seed: int, share: float
) -> None:
    random = np.random.default_rng(seed)
    cost = random.integers(0, 60, (8, 4))
    cost[random.random(cost.shape) < 0.2] = INELIGIBLE
    problem = make_problem(cost, [2, 3, 2, 3], unplaced=300)
    tail = tail_for(problem, random.integers(0, 50, (8, 4)).tolist(), count=3)
    at_most = int(share * tail.worst_parts(problem, solve(problem).unit_of) / tail.count)
    asked = asked_of(problem, tail, at_most_parts=at_most)

    found = solve_worst(asked, smallest_gap=0.0)

    best = limited_by_cp_sat(problem, tail, at_most)
    assert asked.keeps(found.unit_of)
    assert worst_bound(asked, found.covers) <= found.bound <= best <= found.value


def test_a_plan_one_part_of_a_mile_above_the_limit_does_not_keep_it() -> None:
    problem = random_problem(4, 12)
    tail = replace(random_tail(problem, 4), count=1)
    plan = solve(problem).unit_of
    furthest = tail.worst_parts(problem, plan)

    assert asked_of(problem, tail, at_most_parts=furthest).keeps(plan)
    assert not asked_of(problem, tail, at_most_parts=furthest - 1).keeps(plan)


@pytest.mark.parametrize("weight", [1, 10])
def test_gap_closes_on_a_larger_problem(weight: int) -> None:
    problem = random_problem(4, 12)
    asked = asked_of(problem, random_tail(problem, 4), weight_pennies=weight)

    found = solve_worst(asked, smallest_gap=1e-4)

    assert found.gap <= 1e-4
    assert worst_bound(asked, found.covers) == found.bound
    free = solve(problem).unit_of
    assert found.worst_miles < asked.tail.mean_miles(problem, free)


@pytest.mark.parametrize("splits", [0, 1, 2])
def test_a_search_that_runs_out_of_splits_has_a_proven_bound(
    splits: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worst, "LARGEST_SPLITS", splits)
    problem = random_problem(4, 12)
    asked = asked_of(problem, random_tail(problem, 4), weight_pennies=10)

    found = solve_worst(asked, smallest_gap=0.0)

    assert worst_bound(asked, found.covers) == found.bound < found.value


def test_limit_holds_together_with_a_ceiling_on_moves() -> None:
    problem = random_problem(5, 12)
    tail = random_tail(problem, 5)
    free = solve(problem).unit_of
    moves = flagged(problem, PairFlag.MOVED)
    ceiling = Ceiling(measure=moves, at_most=int(0.9 * moves.of_plan(problem, free)))
    asked = asked_of(
        problem,
        tail,
        at_most_parts=int(90 * tail.mean_miles(problem, free)),
        ceilings=[ceiling],
    )

    found = solve_worst(asked, smallest_gap=1e-3)

    assert asked.keeps(found.unit_of)
    assert moves.of_plan(problem, found.unit_of) <= ceiling.at_most
    assert found.gap < 0.02
    assert worst_bound(asked, found.covers) == found.bound


def test_dearer_miles_never_leave_the_worst_off_further_away() -> None:
    problem = random_problem(6, 10)
    tail = random_tail(problem, 6)

    worst = [
        solve_worst(asked_of(problem, tail, weight_pennies=weight), smallest_gap=0.0).worst_miles
        for weight in (0, 1, 5, 50)
    ]

    assert worst == sorted(worst, reverse=True)


def test_a_proof_that_leaves_thresholds_out_is_refused() -> None:
    problem = make_problem([[5, 1], [10, 1]], [2, 2])
    asked = asked_of(problem, tail_for(problem, [[9, 1], [8, 2]], count=1), weight_pennies=3)
    found = solve_worst(asked, smallest_gap=0.0)

    with pytest.raises(ValueError, match="every threshold"):
        worst_bound(asked, [cover for cover in found.covers if cover.low > 0])


def test_whoever_has_no_place_near_enough_is_left_without_one() -> None:
    problem = make_problem([[0]], [1], unplaced=50)
    asked = asked_of(problem, tail_for(problem, [[70]], count=1), at_most_parts=10)

    found = solve_worst(asked, smallest_gap=0.0)

    assert list(found.unit_of) == [UNPLACED]


def test_a_ceiling_that_nothing_keeps_is_named() -> None:
    problem = make_problem([[0]], [1], unplaced=50)
    tail = tail_for(problem, [[70]], count=1)
    impossible = Ceiling(measure=tail.beyond(problem, 0), at_most=-1)
    asked = asked_of(problem, tail, weight_pennies=1, ceilings=[impossible])

    with pytest.raises(CeilingError, match="worst_tenth"):
        solve_worst(asked, smallest_gap=0.0)


def test_placement_of_unknown_homes_counts_for_nothing() -> None:
    problem = make_problem([[0, 0]], [1, 1])
    tail = Tail(
        parts=np.array([[5, 9], [0, 0]], dtype=np.int32),
        group_of=np.array([1], dtype=np.int64),
        count=1,
    )
    unit_of: Integers = np.array([1], dtype=np.int64)

    assert tail.mean_miles(problem, unit_of) == 0


def stopped_at(report: int, reports: list[str]) -> Progress:
    """Ask for the end at so many reports that tell a gap."""

    def told(stage: str, _done: int, _total: int) -> None:
        if "gap" in stage:
            reports.append(stage)
            if len(reports) >= report:
                raise StopEarlyError

    return told


@settings(max_examples=50)
@given(small_cases(), st.integers(1, 6), st.integers(0, 3), st.sampled_from([None, 4, 9]))
def test_a_search_that_is_stopped_hands_over_its_best_plan_with_a_true_bound(
    case: tuple[AllocationProblem, Tail], report: int, weight: int, most: int | None
) -> None:
    problem, tail = case
    ceilings = [Ceiling(measure=flagged(problem, PairFlag.MOVED), at_most=2)]
    asked = asked_of(problem, tail, weight_pennies=weight, at_most_parts=most, ceilings=ceilings)
    reports: list[str] = []

    try:
        found = solve_worst(asked, smallest_gap=0.0, progress=stopped_at(report, reports))
    except CeilingError:
        assume(False)

    plans = [plan_of(*plan) for plan, _ in plans_of(problem)]
    best = min(asked.value(plan) for plan in plans if asked.keeps(plan))
    assert found.stopped == (len(reports) == report)
    assert asked.keeps(found.unit_of)
    assert asked.value(found.unit_of) == found.value
    assert found.bound <= best <= found.value
    assert worst_bound(asked, found.covers) >= found.bound


def test_a_search_stopped_before_it_has_a_plan_ends_without_one() -> None:
    problem = random_problem(1, 4)

    def stop(stage: str, _done: int, _total: int) -> None:
        raise StopEarlyError

    with pytest.raises(StopEarlyError):
        solve_worst(asked_of(problem, random_tail(problem, 1)), smallest_gap=0.0, progress=stop)

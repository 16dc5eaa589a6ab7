"""Plans under limits and ties are the best there are, and their prices bound every plan."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from data.progress import StopEarlyError
from optimiser.certify import certify
from optimiser.columns import ColumnPlan, solve_by_columns
from optimiser.decide import decide
from optimiser.duals import Prices
from optimiser.problem import AllocationProblem, Limit, Ties
from optimiser.solve import solve
from tests.optimiser.allocation_instances import (
    in_wings,
    make_problem,
    random_problem,
    turned,
)
from tests.optimiser.tied_instances import (
    best_in_wings_by_highs,
    best_tied_by_brute_force,
    best_tied_by_cp_sat,
    make_ties,
    random_ties,
    tied_problems,
    tied_value_by_hand,
)

ANY_GAP = 1e9
DRAWN = settings(max_examples=200, phases=[Phase.explicit, Phase.generate])


def found_for(problem: AllocationProblem) -> ColumnPlan:
    return solve_by_columns(problem, Prices.none(problem))


def value_of(problem: AllocationProblem) -> int:
    """Give the value of a plan that its certificate accepts and the solver calls the best."""
    found = found_for(problem)
    assert found.decided
    return certify(problem, found.unit_of, found.prices, largest_gap=ANY_GAP).objective_pennies


@DRAWN
@given(tied_problems(most_people=4))
def test_no_plan_is_better_under_every_limit_and_tie(problem: AllocationProblem) -> None:
    found = found_for(problem)

    certificate = certify(problem, found.unit_of, found.prices, largest_gap=ANY_GAP)

    best = best_tied_by_brute_force(problem)
    assert certificate.bound_pennies <= best == certificate.objective_pennies
    assert found.decided


@settings(max_examples=150, phases=[Phase.explicit, Phase.generate])
@given(tied_problems(most_people=9, most_units=6))
def test_another_solver_finds_the_same_value(problem: AllocationProblem) -> None:
    assert value_of(problem) == best_tied_by_cp_sat(problem)


@pytest.mark.parametrize("seed", range(3))
def test_few_pairs_give_the_value_of_all_pairs(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pool of few pairs is widened until nothing is left that could be better."""
    problem = random_problem(seed, 8, move_budget=40)
    problem = replace(problem, ties=random_ties(problem, seed))
    value = value_of(problem)
    start = solve(replace(problem, limits=(), ties=Ties.none())).prices
    prices = Prices(unit=start.unit, estate=start.estate, limit=np.zeros(1, dtype=np.int64))
    monkeypatch.setattr("optimiser.columns.SMALL", 0)
    monkeypatch.setattr("optimiser.columns.EXTRA_PAIRS", 20)

    found = solve_by_columns(problem, prices)

    certificate = certify(problem, found.unit_of, found.prices, largest_gap=ANY_GAP)
    assert certificate.objective_pennies == value
    assert found.decided


def test_two_people_kept_apart_do_not_share_the_better_prison() -> None:
    """Both would be in prison 0 for 1 + 1; the second gives way for 3, the first for 9."""
    problem = make_problem([[1, 9], [1, 3]], [2, 2])
    problem = replace(problem, ties=make_ties(apart=[(0, 1)]))

    assert list(found_for(problem).unit_of) == [0, 1]


def test_three_who_are_all_kept_apart_prove_it_with_one_row() -> None:
    """Pairs alone would let each be half in a prison; together they are at most one."""
    problem = make_problem([[1, 3, 9]] * 3, [3, 3, 3])
    problem = replace(problem, ties=make_ties(apart=[(0, 1), (0, 2), (1, 2)]))

    found = found_for(problem)

    assert certify(problem, found.unit_of, found.prices).objective_pennies == 1 + 3 + 9


def test_a_pair_is_parted_when_that_is_cheaper() -> None:
    for price, value in ((3, 5), (9, 8)):
        problem = make_problem([[1, 9], [7, 1]], [2, 2])
        ties = make_ties(together=[(0, 1, price)])
        assert value_of(replace(problem, ties=ties)) == value


def test_a_minimum_is_met_unless_it_is_dearer_than_being_short() -> None:
    units = np.array([False, True])
    for price, value in ((3, 5), (9, 10)):
        least = Limit(
            name="programme",
            flag=None,
            people=None,
            units=units,
            bound=1,
            at_least=True,
            short_pennies=price,
        )
        assert value_of(replace(make_problem([[1, 9], [1, 9]], [2, 2]), limits=(least,))) == value


@DRAWN
@given(tied_problems(most_people=4), st.data())
def test_a_stricter_limit_never_costs_less(problem: AllocationProblem, data: st.DataObject) -> None:
    if not problem.limits:
        return
    number = data.draw(st.integers(0, len(problem.limits) - 1))
    limit = problem.limits[number]
    bound = limit.bound + 1 if limit.at_least else max(0, limit.bound - 1)
    stricter = (
        *problem.limits[:number],
        replace(limit, bound=bound),
        *problem.limits[number + 1 :],
    )

    assert value_of(replace(problem, limits=stricter)) >= value_of(problem)


@settings(max_examples=50, phases=[Phase.explicit, Phase.generate])
@given(tied_problems(most_people=4))
def test_scaling_costs_scales_the_value(problem: AllocationProblem) -> None:
    eligible = problem.cost_pennies < 2**30
    larger = replace(
        problem,
        cost_pennies=np.where(eligible, problem.cost_pennies * 7, 2**30).astype(np.int32),
        unplaced_pennies=problem.unplaced_pennies * 7,
        segment_pennies=problem.segment_pennies * 7,
        limits=tuple(
            replace(each, short_pennies=each.short_pennies * 7) for each in problem.limits
        ),
        ties=replace(problem.ties, together_pennies=problem.ties.together_pennies * 7),
    )

    assert value_of(larger) == 7 * value_of(problem)


@settings(max_examples=50, phases=[Phase.explicit, Phase.generate])
@given(tied_problems(most_people=4), st.randoms(use_true_random=False))
def test_the_order_of_people_changes_nothing(
    problem: AllocationProblem, random: np.random.Generator
) -> None:
    order = list(range(len(problem.prisoners)))
    random.shuffle(order)

    assert value_of(problem.of_people(np.array(order))) == value_of(problem)


@pytest.mark.parametrize("seed", range(2))
def test_the_order_of_people_and_prisons_changes_no_value_under_limits_and_ties(seed: int) -> None:
    problem = in_wings(random_problem(seed, 12, move_budget=50), 3)
    problem = replace(problem, ties=random_ties(problem, seed))

    assert value_of(turned(problem, seed)) == value_of(problem)


@pytest.mark.parametrize("seed", range(2))
def test_pairs_kept_apart_by_wing_cost_what_another_solver_says(seed: int) -> None:
    """Some 130 people in 6 wings of 2 prisons; most pairs are on one wing today."""
    problem = in_wings(random_problem(seed, 6, full=0.97), 3)
    random = np.random.default_rng(seed)
    now = problem.current_unit
    pairs = [
        (a, b)
        for a, b in random.integers(len(now), size=(2000, 2)).tolist()
        if a < b and (now[a] == now[b] or random.random() < 0.02)
    ][:60]
    problem = replace(problem, ties=make_ties(apart_wing=pairs))
    free = replace(problem, ties=Ties.none())

    found = found_for(problem)

    certificate = certify(problem, found.unit_of, found.prices, largest_gap=ANY_GAP)
    assert certificate.objective_pennies == best_in_wings_by_highs(problem)
    assert certificate.objective_pennies > free.value_pennies(solve(free).unit_of)
    plan = tuple(found.unit_of.tolist())
    assert tied_value_by_hand(problem, plan) == certificate.objective_pennies
    parted = [(a, b) for a, b in pairs if plan[a] != plan[b]]
    same_prison = problem.unit_establishment[found.unit_of]
    assert any(same_prison[a] == same_prison[b] for a, b in parted)


def test_the_same_problem_gives_the_same_plan_twice() -> None:
    problem = random_problem(3, 10, move_budget=60)
    problem = replace(problem, ties=random_ties(problem, 3))

    first, second = found_for(problem), found_for(problem)

    assert np.array_equal(first.unit_of, second.unit_of)
    assert np.array_equal(first.prices.unit, second.prices.unit)


def test_work_that_is_stopped_hands_back_a_plan_that_keeps_every_tie() -> None:
    problem = random_problem(5, 10, move_budget=60)
    problem = replace(problem, ties=random_ties(problem, 5))
    reports: list[str] = []

    def stop_at_ties(stage: str, done: int, total: int) -> None:
        reports.append(stage)
        if stage.startswith("limits and ties"):
            raise StopEarlyError

    found = decide(problem, stop_at_ties)

    certificate = certify(problem, found.unit_of, found.proof, largest_gap=ANY_GAP)
    assert found.stopped
    assert certificate.gap >= 0
    assert "gap" in reports[-1]


@DRAWN
@given(tied_problems(most_people=4), tied_problems(most_people=4), st.sampled_from([0.0, 1e-2]))
def test_rows_of_an_earlier_plan_lead_to_the_value_from_cold(
    problem: AllocationProblem, other: AllocationProblem, gap: float
) -> None:
    """Rows and prices found at other costs of the same people, units and ties."""
    shape = problem.cost_pennies.shape
    dearer = np.resize(other.cost_pennies % 50, shape).astype(np.int32)
    eligible = problem.cost_pennies < 2**30
    before = replace(
        problem, cost_pennies=np.where(eligible, problem.cost_pennies + dearer, 2**30).astype("i4")
    )
    start = decide(before, lambda *_: None).start()

    warm = decide(problem, lambda *_: None, start, smallest_gap=gap)

    best = best_tied_by_brute_force(problem)
    certificate = certify(problem, warm.unit_of, warm.proof, largest_gap=ANY_GAP)
    assert certificate.bound_pennies <= best <= certificate.objective_pennies
    if gap == 0:
        assert certificate.objective_pennies == best

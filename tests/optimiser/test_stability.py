"""Moves that stay under every variant come first, counted by hand and on solved variants."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from optimiser.problem import INELIGIBLE, MOVES, UNPLACED, Limit, PairFlag
from optimiser.solve import solve
from optimiser.stability import decide_again, same_people, shares_table, stability_table
from tests.optimiser.allocation_instances import make_problem, plan_of, random_problem


def test_moves_are_counted_by_hand() -> None:
    """Three people of unit 0 move; one of them under each variant, one under one, one never."""
    problem = make_problem([[0, 0, 0]] * 4, [4, 4, 4], current_unit=[0, 0, 0, 1])
    base = plan_of(1, 2, 1, 1)
    variants = {"low": plan_of(1, 2, 2, 0), "high": plan_of(1, 0, UNPLACED, 1)}

    table = stability_table(problem, base, variants)

    assert table["prisoner_id"].tolist() == ["P0", "P1", "P2"]
    assert table["variants"].tolist() == [2, 1, 0]
    assert table["never_changes"].tolist() == [True, False, False]
    assert table["lost_in"].tolist() == ["", "high", "low;high"]
    assert table["establishment"].tolist() == ["E1", "E2", "E1"]
    shares = shares_table(problem, base, variants)
    assert shares["moves"].tolist() == [4, 1]
    assert shares["same_share"].tolist() == [pytest.approx(2 / 3), pytest.approx(1 / 3)]


def test_a_plan_without_moves_has_no_share() -> None:
    problem = make_problem([[0, 0]], [1, 1], current_unit=[0])

    assert stability_table(problem, plan_of(0), {"low": plan_of(1)}).empty
    assert np.isnan(shares_table(problem, plan_of(0), {"low": plan_of(1)})["same_share"][0])


def test_variants_solved_from_each_other_are_as_good_as_solved_alone() -> None:
    problem = random_problem(3, 12)
    dearer = problem.cost_pennies.copy()
    dearer[dearer < INELIGIBLE] *= 2
    variant = replace(problem, cost_pennies=dearer)

    _, start = decide_again(problem)
    warm, _ = decide_again(variant, start)

    assert variant.value_pennies(warm) == variant.value_pennies(solve(variant).unit_of)
    assert same_people([problem, variant])


@pytest.mark.parametrize("seed", range(4))
def test_people_who_could_change_places_for_nothing_do_not_count_as_changed(seed: int) -> None:
    random = np.random.default_rng(seed)
    cost = random.integers(0, 3, (40, 6))
    problem = make_problem(cost, [8] * 6, current_unit=list(random.integers(0, 6, 40)))
    turned = problem.of_people(np.arange(40)[::-1])
    base = solve(turned).unit_of[::-1].copy()

    plain, start = decide_again(problem)
    again, _ = decide_again(problem, start, wanted=base)

    assert not np.array_equal(plain, base)
    assert np.array_equal(again, base)


def test_plan_is_the_one_that_keeps_most_people_where_they_are() -> None:
    problem = make_problem([[5, 5]] * 4, [2, 2], current_unit=[1, 0, 1, 0])

    assert decide_again(problem)[0].tolist() == [1, 0, 1, 0]


def test_limits_hold_in_every_variant() -> None:
    limit = Limit(name=MOVES, flag=PairFlag.MOVED, people=None, units=None, bound=20)
    problem = replace(random_problem(3, 12), limits=(limit,))

    unit_of, _ = decide_again(problem)

    assert int(problem.moved(unit_of).sum()) <= 20

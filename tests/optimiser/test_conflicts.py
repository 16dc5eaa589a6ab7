"""Contradictory locks are found, and no demand that is named could be spared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations, product

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
from hypothesis import given

from optimiser.conflicts import Lock, apply_locks, conflicts, locks_of, smallest_conflict
from optimiser.problem import (
    INELIGIBLE,
    UNPLACED,
    AllocationProblem,
    Group,
    Limit,
    PairFlag,
    Ties,
)
from tests.optimiser.allocation_instances import make_problem, problems, value_by_hand

FREE = [[1, 1, 1]] * 4


def lock(person: int, *units: int, keeps: bool = True, of: int = 3) -> Lock:
    """Lock a person to some units, or away from them."""
    named = np.isin(np.arange(of), units)
    word = "lock" if keeps else "forbid"
    return Lock(person=person, units=named, keeps=keeps, says=f"{word} P{person} {units}")


def can_be_kept(problem: AllocationProblem, locks: Sequence[Lock]) -> bool:
    """Try every plan for one that keeps some locks; nobody else has to have a place."""
    cost = problem.cost_pennies.copy()
    apply_locks(cost, locks)
    able = (problem.cost_pennies != INELIGIBLE).any(axis=1)
    must = {each.person for each in locks if each.keeps}
    starved = {each.person for each in locks if able[each.person]}
    if any((cost[person] == INELIGIBLE).all() for person in starved):
        return False
    choices = [UNPLACED, *range(len(problem.units))]
    people = len(problem.prisoners)
    changed = replace(problem, cost_pennies=cost)
    return any(
        value_by_hand(changed, plan) is not None
        for plan in product(choices, repeat=people)
        if all(plan[person] != UNPLACED for person in must)
    )


@st.composite
def locked_problems(draw: st.DrawFn) -> tuple[AllocationProblem, list[Lock]]:
    """Draw a problem with a budget of moves or none, and a few locks."""
    problem = draw(problems(most_people=4, most_units=3, budget=draw(st.booleans())))
    people, units = problem.cost_pennies.shape
    locks = [
        Lock(
            person=draw(st.integers(0, people - 1)),
            units=np.array([draw(st.booleans()) for _ in range(units)]),
            keeps=draw(st.booleans()),
            says=f"row {number}",
        )
        for number in range(draw(st.integers(1, 4)))
    ]
    return problem, locks


@given(locked_problems())
def test_locks_are_contradictory_just_when_no_plan_keeps_them(
    given_locks: tuple[AllocationProblem, list[Lock]],
) -> None:
    problem, locks = given_locks
    unlimited = replace(problem, limits=())

    found = conflicts(unlimited, locks)

    assert (not found) == can_be_kept(unlimited, locks)
    by_name = {each.says: each for each in locks}
    for conflict in found:
        named = [by_name[says] for says in conflict.demands]
        assert not can_be_kept(unlimited, named)
        for fewer in combinations(named, len(named) - 1):
            assert can_be_kept(unlimited, fewer)


@given(locked_problems())
def test_what_is_named_contradictory_under_a_budget_of_moves_is_so(
    given_locks: tuple[AllocationProblem, list[Lock]],
) -> None:
    problem, locks = given_locks
    by_name = {each.says: each for each in locks}

    for conflict in conflicts(problem, locks):
        named = [by_name[says] for says in conflict.demands if says in by_name]
        assert not can_be_kept(problem, named)


@given(st.lists(st.integers(0, 9), max_size=8), st.integers(1, 30))
def test_a_smallest_conflict_is_one_and_nothing_in_it_can_be_spared(
    values: list[int], limit: int
) -> None:
    def fits(kept: Sequence[int]) -> bool:
        return sum(kept) < limit

    smallest = smallest_conflict(values, fits)

    assert bool(smallest) == (not fits(values))
    if smallest:
        assert not fits(smallest)
        assert all(fits(fewer) for fewer in combinations(smallest, len(smallest) - 1))


@pytest.mark.parametrize(
    ("locks", "why"),
    [
        ([lock(0, 0), lock(0, 1)], "no unit satisfies all of them"),
        ([lock(0, 0), lock(0, 0, keeps=False)], "no unit satisfies all of them"),
        ([lock(0, 0), lock(1, 0), lock(2, 0)], "3 people for 2 places open in U0"),
    ],
    ids=["two places", "lock and forbid", "more than places"],
)
def test_a_contradiction_names_its_locks_and_the_reason(locks: list[Lock], why: str) -> None:
    problem = make_problem(FREE, [2, 2, 2])

    (found,) = conflicts(problem, [*locks, lock(3, 2)])

    assert set(found.demands) == {each.says for each in locks}
    assert found.why == why


def test_a_lock_to_a_place_that_the_rules_forbid_is_named_alone() -> None:
    problem = make_problem([[INELIGIBLE, 1, 1]], [1, 1, 1])

    (found,) = conflicts(problem, [lock(0, 0)])

    assert found.demands == ("lock P0 (0,)",)
    assert "the rules do not allow P0 there" in found.why


def test_people_to_be_kept_apart_cannot_be_locked_together() -> None:
    apart = replace(Ties.none(), apart=np.array([[0, 1], [2, 3]]))
    problem = replace(make_problem(FREE, [4, 4, 4]), ties=apart)

    (found,) = conflicts(problem, [lock(0, 2), lock(1, 2), lock(2, 0)])

    assert set(found.demands) == {"keep apart P0 and P1", "lock P0 (2,)", "lock P1 (2,)"}


def test_people_apart_by_wing_may_be_locked_into_one_establishment() -> None:
    ties = replace(Ties.none(), apart_wing=np.array([[0, 1]]))
    problem = replace(make_problem(FREE, [4, 4, 4], establishments=[0, 0, 1]), ties=ties)

    assert not conflicts(problem, [lock(0, 0, 1), lock(1, 0, 1)])
    assert len(conflicts(problem, [lock(0, 0), lock(1, 0)])) == 1


def test_a_group_that_is_locked_together_is_named() -> None:
    group = Group(name="G1", people=np.array([0, 1, 2]), at_most=1)
    problem = replace(make_problem(FREE, [4, 4, 4]), ties=replace(Ties.none(), groups=(group,)))

    (found,) = conflicts(problem, [lock(0, 1), lock(1, 1)])

    assert "group G1: at most 1" in found.demands
    assert found.why == "2 of them can only be in E1"


def test_locks_that_need_more_moves_than_the_budget_are_named() -> None:
    problem = make_problem(FREE, [4, 4, 4], current_unit=[0, 0, 0, 0], move_budget=1)

    (found,) = conflicts(problem, [lock(0, 1), lock(1, 2), lock(2, 0)])

    assert set(found.demands) == {"limit moves: at most 1", "lock P0 (1,)", "lock P1 (2,)"}
    assert found.why == "2 have to be"


def test_a_minimum_above_a_limit_is_named() -> None:
    def moves(bound: int, *, at_least: bool) -> Limit:
        name = "programme" if at_least else "moves"
        return Limit(
            name=name,
            flag=PairFlag.MOVED,
            people=None,
            units=None,
            bound=bound,
            at_least=at_least,
        )

    problem = make_problem(FREE, [4, 4, 4], current_unit=[0, 0, 0, 0])
    limits = (moves(3, at_least=True), moves(2, at_least=False))

    (found,) = conflicts(replace(problem, limits=limits), [])

    assert found.demands == ("limit programme: at least 3", "limit moves: at most 2")


def test_places_of_people_who_stay_are_taken() -> None:
    problem = make_problem(FREE, [1, 2, 2])

    assert not conflicts(problem, [lock(0, 0)])
    assert conflicts(problem, [lock(0, 0)], np.array([-1, 0, -1, -1]))


def test_locks_are_read_by_unit_and_by_establishment() -> None:
    table = pd.DataFrame(
        {
            "prisoner_id": ["P1", "P9", "P0"],
            "action": ["lock", "lock", "forbid"],
            "unit_or_establishment": ["AAA", "AAA", "BBB-1"],
        }
    )

    read = locks_of(
        table, pd.Index(["P0", "P1"]), pd.Index(["AAA-1", "AAA-2", "BBB-1"]), ["AAA", "AAA", "BBB"]
    )

    assert [(each.person, each.keeps, list(each.units)) for each in read] == [
        (1, True, [True, True, False]),
        (0, False, [False, False, True]),
    ]

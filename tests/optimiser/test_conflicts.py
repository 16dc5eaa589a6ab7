"""Contradictory locks are found, and no demand that is named could be spared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations, product

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings

from optimiser.conflicts import (
    ConflictError,
    Lock,
    apply_locks,
    conflicts,
    locks_of,
    smallest_conflict,
    with_locks,
)
from optimiser.exclusions import RESTRICTED
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
from tests.optimiser.tied_instances import tied_problems, tied_value_by_hand

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


def can_be_kept_with_ties(problem: AllocationProblem, locks: Sequence[Lock]) -> bool:
    """Try every plan for one that keeps rules, limits and ties, and these locks beside."""
    able = problem.cost_pennies != INELIGIBLE
    allowed = able.copy()
    for each in locks:
        allowed[each.person, each.units != each.keeps] = False
    if any(able[each.person].any() and not allowed[each.person].any() for each in locks):
        return False
    must = {each.person for each in locks if each.keeps}
    choices = [
        [*np.flatnonzero(units).tolist(), *([] if person in must else [UNPLACED])]
        for person, units in enumerate(allowed)
    ]
    return any(tied_value_by_hand(problem, plan) is not None for plan in product(*choices))


@given(tied_problems(), st.data())
@settings(max_examples=300, deadline=None)
def test_locks_limits_and_ties_are_contradictory_just_when_no_plan_keeps_them(
    drawn: AllocationProblem, data: st.DataObject
) -> None:
    problem = replace(drawn, limits=tuple(each for each in drawn.limits if not each.at_least))
    people, units = problem.cost_pennies.shape
    locks = [
        Lock(
            person=data.draw(st.integers(0, people - 1)),
            units=np.array([data.draw(st.booleans()) for _ in range(units)]),
            keeps=data.draw(st.booleans()),
            says=f"row {number}",
        )
        for number in range(data.draw(st.integers(1, 4)))
    ]

    found = conflicts(problem, locks)

    assert (not found) == can_be_kept_with_ties(problem, locks)
    by_name = {each.says: each for each in locks}
    for conflict in found:
        named = [by_name[says] for says in conflict.demands if says in by_name]
        assert not can_be_kept_with_ties(problem, named)
        for fewer in combinations(named, len(named) - 1):
            others = [says for says in conflict.demands if says not in by_name]
            assert can_be_kept_with_ties(only_these(problem, others), fewer)


def only_these(problem: AllocationProblem, says: Sequence[str]) -> AllocationProblem:
    """Keep the limits and ties of these names."""
    ties, labels = problem.ties, problem.prisoners

    def named(pairs: np.ndarray, level: str) -> np.ndarray:
        kept = [f"keep apart {labels[a]} and {labels[b]}{level}" in says for a, b in pairs.tolist()]
        return pairs[np.array(kept, dtype=np.bool_)]

    return replace(
        problem,
        limits=tuple(
            each for each in problem.limits if f"limit {each.name}: at most {each.bound}" in says
        ),
        ties=replace(
            ties,
            apart=named(ties.apart, ""),
            apart_wing=named(ties.apart_wing, " by wing"),
            groups=tuple(
                each for each in ties.groups if f"group {each.name}: at most {each.at_most}" in says
            ),
        ),
    )


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


def test_a_lock_does_not_end_that_people_are_kept_apart_by_wing() -> None:
    """P0 is locked to U0; P1 may still be in the prison, but not there."""
    ties = replace(Ties.none(), apart_wing=np.array([[0, 1]]))
    problem = replace(make_problem(FREE, [4, 4, 4], establishments=[0, 0, 1]), ties=ties)
    table = pd.DataFrame(
        {"prisoner_id": ["P0"], "action": ["lock"], "unit_or_establishment": ["U0"]}
    )

    bound = with_locks(problem, table, np.full(4, -1))

    assert list(bound.cost_pennies[0]) == [1, INELIGIBLE, INELIGIBLE]
    assert list(bound.cost_pennies[1]) == [INELIGIBLE, 1, 1]
    assert list(bound.cost_pennies[2]) == [1, 1, 1]


def test_a_group_that_is_locked_together_is_named() -> None:
    group = Group(name="G1", people=np.array([0, 1, 2]), at_most=1)
    problem = replace(make_problem(FREE, [4, 4, 4]), ties=replace(Ties.none(), groups=(group,)))

    (found,) = conflicts(problem, [lock(0, 1), lock(1, 1)])

    assert "group G1: at most 1" in found.demands
    assert found.why == "2 of them can only be in E1"


def test_somebody_who_has_to_stay_keeps_others_from_being_locked_beside_them() -> None:
    apart = replace(Ties.none(), apart=np.array([[0, 3]]))
    problem = replace(make_problem(FREE, [4, 4, 4]), ties=apart)
    stays = np.array([-1, -1, -1, 2])

    (found,) = conflicts(problem, [lock(0, 2), lock(1, 2)], stays)

    assert set(found.demands) == {"keep apart P0 and P3", "lock P0 (2,)"}
    assert not conflicts(problem, [lock(0, 1)], stays)


def test_a_group_is_full_of_those_who_have_to_stay() -> None:
    group = Group(name="G1", people=np.array([0, 2, 3]), at_most=2)
    problem = replace(make_problem(FREE, [4, 4, 4]), ties=replace(Ties.none(), groups=(group,)))

    (found,) = conflicts(problem, [lock(0, 1), lock(1, 1)], np.array([-1, -1, 1, 1]))

    assert set(found.demands) == {"group G1: at most 2", "lock P0 (1,)"}


def test_those_who_have_to_stay_count_towards_a_limit() -> None:
    """P3 stays far from home; one may be, so nobody else can be sent there."""
    limit = Limit(name="far", flag=None, people=None, units=np.array([0, 0, 1], bool), bound=1)
    problem = replace(make_problem(FREE, [4, 4, 4]), limits=(limit,))

    (found,) = conflicts(problem, [lock(0, 2)], np.array([-1, -1, -1, 2]))

    assert found.why == "2 have to be, 1 of them stay"


def test_three_people_apart_from_one_another_do_not_fit_into_two_establishments() -> None:
    """No two of the locks contradict, and no keep-apart alone does."""
    apart = replace(Ties.none(), apart=np.array([[0, 1], [0, 2], [1, 2]]))
    problem = replace(make_problem(FREE, [4, 4, 4]), ties=apart)
    locks = [lock(person, 0, 1) for person in range(3)]

    (found,) = conflicts(problem, locks)

    assert len(found.demands) == 6
    assert found.why == "together they leave no way"
    assert not conflicts(problem, [*locks[:2], lock(2, 0, 1, 2)])


def test_two_limits_can_leave_no_way_where_each_alone_leaves_one() -> None:
    def at_most_none(name: str, unit: int) -> Limit:
        here = np.arange(3) == unit
        return Limit(name=name, flag=None, people=None, units=here, bound=0)

    problem = make_problem(FREE, [4, 4, 4])
    problem = replace(problem, limits=(at_most_none("first", 0), at_most_none("second", 1)))

    (found,) = conflicts(problem, [lock(0, 0, 1)])

    assert set(found.demands) == {
        "limit first: at most 0",
        "limit second: at most 0",
        "lock P0 (0, 1)",
    }


def test_a_keep_apart_is_met_where_the_places_left_would_bring_people_together() -> None:
    """Both may be in E0 or E1; E1 has one place, which somebody else is locked to."""
    apart = replace(Ties.none(), apart=np.array([[0, 1]]))
    problem = replace(make_problem(FREE, [4, 1, 4]), ties=apart)
    locks = [lock(0, 0, 1), lock(1, 0, 1), lock(2, 1)]

    (found,) = conflicts(problem, locks)

    assert set(found.demands) == {"keep apart P0 and P1", *(each.says for each in locks)}


def test_only_planners_read_who_is_tied_to_whom() -> None:
    apart = replace(Ties.none(), apart=np.array([[0, 1]]))
    problem = replace(make_problem(FREE, [4, 4, 4]), ties=apart)

    found = conflicts(problem, [lock(0, 2), lock(1, 2)])

    shown = f"lock P0 (2,); lock P1 (2,): {RESTRICTED}"
    assert shown in str(ConflictError(found))
    assert "keep apart" not in str(ConflictError(found))
    assert "keep apart P0 and P1" in str(ConflictError(found, planner=True))


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

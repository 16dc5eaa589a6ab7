"""Small problems with limits and ties, and answers to them that use none of our code."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import combinations, product

import hypothesis.strategies as st
import numpy as np

from optimiser.problem import (
    INELIGIBLE,
    NOWHERE,
    UNPLACED,
    AllocationProblem,
    Group,
    Limit,
    PairFlag,
    Ties,
)
from tests.optimiser.allocation_instances import problems, value_by_hand


def pairs_array(pairs: list[tuple[int, int]]) -> np.ndarray:
    """Write pairs as an array of shape (pairs, 2)."""
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)


def make_ties(
    *,
    apart: list[tuple[int, int]] | None = None,
    apart_wing: list[tuple[int, int]] | None = None,
    groups: list[tuple[list[int], int]] | None = None,
    together: list[tuple[int, int, int]] | None = None,
) -> Ties:
    """Make ties; ``groups`` lists (people, at most), ``together`` (one, other, pennies)."""
    return Ties(
        apart=pairs_array(apart or []),
        apart_wing=pairs_array(apart_wing or []),
        groups=tuple(
            Group(name=f"G{number}", people=np.array(people, dtype=np.int64), at_most=most)
            for number, (people, most) in enumerate(groups or [])
        ),
        together=pairs_array([(a, b) for a, b, _ in together or []]),
        together_pennies=np.array([price for *_, price in together or []], dtype=np.int64),
    )


@st.composite
def limits_of(draw: st.DrawFn, people: int, units: int) -> Limit:
    """Draw a limit: any flag or none, some people, some units, at most or at least."""
    least = draw(st.booleans())

    def mask(size: int) -> np.ndarray | None:
        if draw(st.booleans()):
            return None
        return np.array([draw(st.booleans()) for _ in range(size)], dtype=np.bool_)

    return Limit(
        name=f"limit{draw(st.integers(0, 99))}",
        flag=draw(st.sampled_from([None, *PairFlag])),
        people=mask(people),
        units=mask(units),
        bound=draw(st.integers(0, 3)),
        at_least=least,
        short_pennies=draw(st.integers(0, 40)),
    )


@st.composite
def tied_problems(
    draw: st.DrawFn, *, most_people: int = 5, most_units: int = 4
) -> AllocationProblem:
    """Draw a problem with every kind of limit and tie, crowding, two sexes and shortages."""
    problem = draw(problems(most_people=most_people, most_units=most_units))
    people, units = problem.cost_pennies.shape
    flags = np.array(
        [[draw(st.integers(0, 31)) for _ in problem.establishments] for _ in range(people)],
        dtype=np.uint8,
    )
    every = list(combinations(range(people), 2))

    def some_pairs() -> list[tuple[int, int]]:
        return draw(st.lists(st.sampled_from(every), unique=True, max_size=4)) if every else []

    members = st.lists(st.integers(0, people - 1), unique=True, min_size=1, max_size=people)
    groups = [
        (sorted(draw(members)), draw(st.integers(1, 2))) for _ in range(draw(st.integers(0, 2)))
    ]
    return replace(
        problem,
        pair_flags=flags,
        limits=tuple(draw(st.lists(limits_of(people, units), max_size=3))),
        ties=make_ties(
            apart=some_pairs(),
            apart_wing=some_pairs(),
            groups=groups,
            together=[(a, b, draw(st.integers(0, 20))) for a, b in some_pairs()],
        ),
    )


def tied_value_by_hand(problem: AllocationProblem, plan: tuple[int, ...]) -> int | None:
    """Value a plan with plain loops; None when it breaks a rule, a limit or a tie."""
    plain = value_by_hand(replace(problem, limits=(), ties=Ties.none()), plan)
    if plain is None:
        return None
    total = plain
    at = [NOWHERE if unit == UNPLACED else int(problem.unit_establishment[unit]) for unit in plan]
    for limit in problem.limits:
        count = 0
        for person, unit in enumerate(plan):
            if unit == UNPLACED:
                continue
            counts = limit.people is None or limit.people[person]
            counts = counts and (limit.units is None or limit.units[unit])
            flags = int(problem.pair_flags[person, at[person]])
            count += int(counts and (limit.flag is None or bool(flags & int(limit.flag))))
        if limit.at_least:
            total += limit.short_pennies * max(0, limit.bound - count)
        elif count > limit.bound:
            return None
    for a, b in problem.ties.apart:
        if at[a] == at[b] != NOWHERE:
            return None
    for a, b in problem.ties.apart_wing:
        if plan[a] == plan[b] != UNPLACED:
            here = np.flatnonzero(problem.unit_establishment == at[a])
            both = [
                unit
                for unit in here
                if problem.cost_pennies[a, unit] != INELIGIBLE
                and problem.cost_pennies[b, unit] != INELIGIBLE
            ]
            if len(both) > 1:
                return None
    for group in problem.ties.groups:
        places = Counter(at[person] for person in group.people if at[person] != NOWHERE)
        if places and max(places.values()) > group.at_most:
            return None
    for (a, b), price in zip(problem.ties.together, problem.ties.together_pennies, strict=True):
        total += int(price) * (at[a] != at[b])
    return total


def best_tied_by_brute_force(problem: AllocationProblem) -> int:
    """Try every plan."""
    choices = [UNPLACED, *range(len(problem.units))]
    plans = product(choices, repeat=len(problem.prisoners))
    values = (tied_value_by_hand(problem, plan) for plan in plans)
    return min(value for value in values if value is not None)

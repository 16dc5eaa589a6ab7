"""Small problems with limits and ties, and answers to them that use none of our code."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import combinations, product
from typing import Any

import hypothesis.strategies as st
import numpy as np
from ortools.sat.python import cp_model

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
        count = sum(
            (limit.people is None or limit.people[person])
            and (limit.units is None or limit.units[unit])
            and (
                limit.flag is None
                or bool(int(problem.pair_flags[person, at[person]]) & int(limit.flag))
            )
            for person, unit in enumerate(plan)
            if unit != UNPLACED
        )
        if limit.at_least:
            total += limit.short_pennies * max(0, limit.bound - count)
        elif count > limit.bound:
            return None
    if _ties_broken(problem, plan, at):
        return None
    pairs = zip(problem.ties.together, problem.ties.together_pennies, strict=True)
    return total + sum(int(price) * (at[a] != at[b]) for (a, b), price in pairs)


def _ties_broken(problem: AllocationProblem, plan: tuple[int, ...], at: list[int]) -> bool:
    if any(at[a] == at[b] != NOWHERE for a, b in problem.ties.apart):
        return True
    for a, b in problem.ties.apart_wing:
        if plan[a] == plan[b] != UNPLACED:
            here = np.flatnonzero(problem.unit_establishment == at[a])
            both = (problem.cost_pennies[[a, b]][:, here] != INELIGIBLE).all(axis=0)
            if both.sum() > 1:
                return True
    for group in problem.ties.groups:
        places = Counter(at[person] for person in group.people if at[person] != NOWHERE)
        if places and max(places.values()) > group.at_most:
            return True
    return False


def best_tied_by_brute_force(problem: AllocationProblem) -> int:
    """Try every plan."""
    choices = [UNPLACED, *range(len(problem.units))]
    plans = product(choices, repeat=len(problem.prisoners))
    values = (tied_value_by_hand(problem, plan) for plan in plans)
    return min(value for value in values if value is not None)


def random_ties(problem: AllocationProblem, seed: int) -> Ties:
    """Draw pairs to keep apart and together, and groups, among the people of a larger problem."""
    random = np.random.default_rng(seed)
    people = len(problem.prisoners)
    pairs = np.unique(np.sort(random.integers(people, size=(people, 2)), axis=1), axis=0)
    pairs = pairs[pairs[:, 0] != pairs[:, 1]][: people // 2]
    apart, wing, together = np.split(random.permutation(pairs), [people // 4, people // 3])
    groups = [
        (sorted(random.choice(people, 6, replace=False).tolist()), 2) for _ in range(people // 10)
    ]
    return make_ties(
        apart=[(int(a), int(b)) for a, b in apart],
        apart_wing=[(int(a), int(b)) for a, b in wing],
        groups=groups,
        together=[(int(a), int(b), 2000) for a, b in together[:20]],
    )


class _CpModel:
    """A problem for CP-SAT, row by row as the rules read."""

    def __init__(self, problem: AllocationProblem) -> None:
        self.problem = problem
        self.model = cp_model.CpModel()
        self.people, self.units = problem.cost_pennies.shape
        self.x = {
            (p, u): self.model.new_bool_var("")
            for p, u in product(range(self.people), range(self.units))
            if problem.cost_pennies[p, u] != INELIGIBLE
        }
        self.cost: list[Any] = [
            int(problem.cost_pennies[pair]) * var for pair, var in self.x.items()
        ]
        self.out = [self.model.new_bool_var("") for _ in range(self.people)]
        self.short: list[Any] = []

    def add_people(self) -> None:
        """Place everybody once, or leave them without a place at a price."""
        for p, out in enumerate(self.out):
            self.cost.append(int(self.problem.unplaced_pennies[p]) * out)
            own = [self.x[p, u] for u in range(self.units) if (p, u) in self.x]
            self.model.add_exactly_one([out, *own])

    def add_places(self) -> None:
        """Fill the blocks of each unit, and no estate above its limit."""
        held = [
            sum(self.x[p, u] for p in range(self.people) if (p, u) in self.x)
            for u in range(self.units)
        ]
        used: list[list[Any]] = [[] for _ in range(self.units)]
        for unit, places, pennies in zip(
            self.problem.segment_unit,
            self.problem.segment_places,
            self.problem.segment_pennies,
            strict=True,
        ):
            used[unit].append(self.model.new_int_var(0, int(places), ""))
            self.cost.append(int(pennies) * used[unit][-1])
        for unit in range(self.units):
            self.model.add(held[unit] == sum(used[unit]))
        for sex, most in enumerate(self.problem.held_limit):
            of_sex = np.flatnonzero(self.problem.unit_sex == sex)
            self.model.add(sum(held[u] for u in of_sex) <= int(most))

    def add_limit(self, limit: Limit) -> None:
        """Count the pairs of a limit."""
        problem = self.problem
        mask = int(limit.flag or 255)
        counted = sum(
            var
            for (p, u), var in self.x.items()
            if (limit.people is None or limit.people[p])
            and (limit.units is None or limit.units[u])
            and (
                limit.flag is None
                or int(problem.pair_flags[p, problem.unit_establishment[u]]) & mask
            )
        )
        if limit.at_least:
            short = self.model.new_int_var(0, limit.bound, "")
            self.model.add(counted + short >= limit.bound)
            self.cost.append(limit.short_pennies * short)
            self.short.append(short)
        else:
            self.model.add(counted <= limit.bound)

    def at(self, person: int, place: int) -> list[Any]:
        """Give the variables of a person at an establishment."""
        here = np.flatnonzero(self.problem.unit_establishment == place)
        return [self.x[person, u] for u in here if (person, u) in self.x]

    def add_apart(self) -> None:
        """Keep pairs out of one place, or out of one unit where there are several."""
        for a, b in self.problem.ties.apart.tolist():
            for place in range(len(self.problem.establishments)):
                self.model.add(sum(self.at(a, place) + self.at(b, place)) <= 1)
        for a, b in self.problem.ties.apart_wing.tolist():
            for place in range(len(self.problem.establishments)):
                here = np.flatnonzero(self.problem.unit_establishment == place)
                both = [u for u in here if (a, u) in self.x and (b, u) in self.x]
                for unit in both if len(both) > 1 else []:
                    self.model.add(self.x[a, unit] + self.x[b, unit] <= 1)

    def add_gatherings(self) -> None:
        """Keep groups few in a place, and price pairs who are parted."""
        ties = self.problem.ties
        for place in range(len(self.problem.establishments)):
            for group in ties.groups:
                members = [var for p in group.people.tolist() for var in self.at(p, place)]
                self.model.add(sum(members) <= group.at_most)
        for (a, b), price in zip(
            ties.together.tolist(), ties.together_pennies.tolist(), strict=True
        ):
            parted = self.model.new_bool_var("")
            self.cost.append(price * parted)
            for place in range(len(self.problem.establishments)):
                one, other = sum(self.at(a, place)), sum(self.at(b, place))
                self.model.add(one - other <= parted)
                self.model.add(other - one <= parted)

    def least(self, terms: list[Any]) -> int:
        """Make a sum least."""
        self.model.minimize(sum(terms))
        solver = cp_model.CpSolver()
        solver.parameters.num_workers = 1
        assert solver.solve(self.model) == cp_model.OPTIMAL
        return round(solver.objective_value)


def _whole_model(problem: AllocationProblem) -> _CpModel:
    built = _CpModel(problem)
    built.add_people()
    built.add_places()
    for limit in problem.limits:
        built.add_limit(limit)
    built.add_apart()
    built.add_gatherings()
    return built


def best_tied_by_cp_sat(problem: AllocationProblem) -> int:
    """Solve by CP-SAT."""
    built = _whole_model(problem)
    return built.least(built.cost)


def in_order_by_cp_sat(
    problem: AllocationProblem, term: np.ndarray, tolerance: tuple[float, float]
) -> list[int]:
    """Solve in strict order by CP-SAT: minimums, places, a term of pairs, and all costs."""
    built = _whole_model(problem)
    of_pairs = [int(term[pair]) * var for pair, var in built.x.items()]
    best = []
    for terms, share in (
        (built.short, 0.0),
        (built.out, tolerance[0]),
        (of_pairs, tolerance[1]),
        (built.cost, 0.0),
    ):
        best.append(built.least(terms) if terms else 0)
        if terms:
            built.model.add(sum(terms) <= int(best[-1] * (1 + share)))
    return best


def _tenth_of(built: _CpModel, parts: np.ndarray, count: int) -> Any:
    """Write the sum of the furthest few as the least over thresholds."""
    most = int(parts.max(initial=0))
    threshold = built.model.new_int_var(0, most, "")
    beyond = [built.model.new_int_var(0, most, "") for _ in range(built.people)]
    for (p, u), var in built.x.items():
        far = int(parts[p, built.problem.unit_establishment[u]])
        built.model.add(beyond[p] >= far - threshold).only_enforce_if(var)
    return count * threshold + sum(beyond)


def worst_by_cp_sat(
    problem: AllocationProblem, parts: np.ndarray, count: int, weight: int, at_most: int | None
) -> int:
    """Price or limit, by CP-SAT, the sum of the furthest few.

    ``parts`` has shape (prisoners, establishments); ``at_most`` is of the mean of ``count`` people.
    """
    built = _whole_model(problem)
    tenth = _tenth_of(built, parts, count)
    if at_most is not None:
        built.model.add(tenth <= count * at_most)
    return built.least([*built.cost, weight * tenth])


def in_order_with_tenth_by_cp_sat(
    problem: AllocationProblem,
    parts: np.ndarray,
    count: int,
    term: np.ndarray,
    *,
    limit: int | None,
    at_most: list[int],
    short: int,
) -> list[int]:
    """Give the least of places, of the furthest few and of a term of pairs, by CP-SAT.

    Each is held to ``at_most`` of those before, minimums to ``short``, the few to a limit.
    """
    built = _whole_model(problem)
    tenth = _tenth_of(built, parts, count)
    if built.short:
        built.model.add(sum(built.short) <= short)
    if limit is not None:
        built.model.add(tenth <= limit)
    of_pairs = [int(term[pair]) * var for pair, var in built.x.items()]
    best = []
    for terms, most in zip((built.out, [tenth], of_pairs), at_most, strict=True):
        best.append(built.least(terms) if terms else 0)
        built.model.add(sum(terms) <= most)
    return best


def best_in_wings_by_highs(problem: AllocationProblem) -> int:
    """Solve a problem whose only ties are pairs kept apart by wing, as a whole programme.

    Written from the rule: two people kept apart by wing are not on one of the wings of a prison
    that both may be on, where there are several.
    """
    from scipy.optimize import LinearConstraint, milp
    from scipy.sparse import coo_array

    person, unit = np.nonzero(problem.cost_pennies != INELIGIBLE)
    number = {pair: n for n, pair in enumerate(zip(person.tolist(), unit.tolist(), strict=True))}
    people, units = problem.cost_pennies.shape
    pairs, blocks = len(person), len(problem.segment_unit)
    cost = np.concatenate(
        [problem.cost_pennies[person, unit], problem.unplaced_pennies, problem.segment_pennies]
    )
    rows, columns, values = [], [], []

    def add(row: int, column: int, value: int) -> None:
        rows.append(row)
        columns.append(column)
        values.append(value)

    for p, u in number:
        add(p, number[p, u], 1)
        add(people + u, number[p, u], 1)
    for p in range(people):
        add(p, pairs + p, 1)
    for block, u in enumerate(problem.segment_unit.tolist()):
        add(people + u, pairs + people + block, -1)
    low = [1.0] * people + [0.0] * units
    high = list(low)
    for a, b in problem.ties.apart_wing.tolist():
        both = [u for u in range(units) if (a, u) in number and (b, u) in number]
        places = Counter(int(problem.unit_establishment[u]) for u in both)
        for u in both:
            if places[int(problem.unit_establishment[u])] > 1:
                add(len(low), number[a, u], 1)
                add(len(low), number[b, u], 1)
                low.append(0.0)
                high.append(1.0)
    matrix = coo_array((values, (rows, columns)), shape=(len(low), len(cost))).tocsr()
    upper = np.concatenate([np.ones(pairs + people), problem.segment_places])
    answer = milp(
        cost,
        constraints=LinearConstraint(matrix, low, high),
        integrality=np.concatenate([np.ones(pairs + people), np.zeros(blocks)]),
        bounds=(0, upper),
        options={"mip_rel_gap": 0.0},
    )
    assert answer.status == 0
    return round(answer.fun)

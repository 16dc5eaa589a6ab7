"""Small allocation problems, and answers to them that use none of our code."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from pathlib import Path

import hypothesis.strategies as st
import networkx as nx
import numpy as np
import pandas as pd

from optimiser.problem import (
    INELIGIBLE,
    MOVES,
    NOWHERE,
    UNPLACED,
    AllocationProblem,
    Integers,
    Limit,
    PairFlag,
)


def make_problem(
    cost: list[list[int]] | np.ndarray,
    capacity: list[int],
    *,
    unplaced: int = 10_000,
    establishments: list[int] | None = None,
    sexes: list[int] | None = None,
    held_limit: list[int] | None = None,
    crowding: list[list[tuple[int, int]]] | None = None,
    current_unit: list[int] | None = None,
    move_budget: int | None = None,
) -> AllocationProblem:
    """Make a problem; ``crowding`` lists (places, pennies) blocks of each unit."""
    pennies = np.array(cost, dtype=np.int32).reshape(len(cost), len(capacity))
    people, units = pennies.shape
    place = np.array(establishments or range(units), dtype=np.int64)
    sex = np.array(sexes or [0] * units, dtype=np.int64)
    now = np.array(current_unit or [NOWHERE] * people, dtype=np.int64)
    blocks = crowding or [[(places, 0)] for places in capacity]
    numbers = np.arange(int(place.max()) + 1)
    origin = np.where(now == NOWHERE, NOWHERE, place[np.maximum(now, 0)])
    flat = [(unit, *block) for unit, of_unit in enumerate(blocks) for block in of_unit]
    limit = held_limit or [sum(capacity)] * (int(sex.max()) + 1)
    return AllocationProblem(
        prisoners=pd.Index([f"P{row}" for row in range(people)], dtype="str"),
        units=pd.Index([f"U{unit}" for unit in range(units)], dtype="str"),
        establishments=pd.Index([f"E{n}" for n in range(int(place.max()) + 1)], dtype="str"),
        sexes=tuple(f"sex{number}" for number in range(len(limit))),
        cost_pennies=pennies,
        unplaced_pennies=np.full(people, unplaced, dtype=np.int64),
        unit_establishment=place,
        unit_sex=sex,
        capacity=np.array(capacity, dtype=np.int64),
        held_limit=np.array(limit, dtype=np.int64),
        segment_unit=np.array([row[0] for row in flat], dtype=np.int64),
        segment_places=np.array([row[1] for row in flat], dtype=np.int64),
        segment_pennies=np.array([row[2] for row in flat], dtype=np.int64),
        from_establishment=origin,
        current_unit=now,
        pair_flags=((origin[:, None] != NOWHERE) & (numbers != origin[:, None]))
        * np.uint8(PairFlag.MOVED),
        limits=() if move_budget is None else (moves_at_most(move_budget),),
    )


def moves_at_most(bound: int) -> Limit:
    """Limit all moves."""
    return Limit(name=MOVES, flag=PairFlag.MOVED, people=None, units=None, bound=bound)


@st.composite
def problems(
    draw: st.DrawFn, *, most_people: int = 5, most_units: int = 3, budget: bool = False
) -> AllocationProblem:
    """Draw a problem: ties, forbidden pairs, crowding, two sexes, shortages and units alike."""
    people = draw(st.integers(1, most_people))
    units = draw(st.integers(1, most_units))
    pair = st.one_of(st.integers(0, 9), st.just(INELIGIBLE))
    cost = [[draw(pair) for _ in range(units)] for _ in range(people)]
    if units > 1 and draw(st.booleans()):
        for row in cost:
            row[1] = row[0]
    capacity = [draw(st.integers(0, 3)) for _ in range(units)]
    crowding = []
    for places in capacity:
        first = draw(st.integers(0, places))
        crowding.append([(first, 0), (places - first, draw(st.integers(0, 5)))])
    sexes = [draw(st.integers(0, 1)) for _ in range(units)]
    now = [draw(st.integers(NOWHERE, units - 1)) for _ in range(people)]
    return make_problem(
        cost,
        capacity,
        unplaced=draw(st.integers(0, 30)),
        establishments=[unit // 2 for unit in range(units)],
        sexes=sexes,
        held_limit=[draw(st.integers(0, 6)) for _ in range(max(sexes) + 1)],
        crowding=crowding,
        current_unit=now,
        move_budget=draw(st.integers(0, 3)) if budget else None,
    )


def random_problem(
    seed: int, units: int, *, full: float = 0.98, move_budget: int | None = None
) -> AllocationProblem:
    """Draw a larger problem: people scattered over a plane, held by chance, prisons nearly full."""
    random = np.random.default_rng(seed)
    capacity = random.integers(5, 40, units)
    now = random.permutation(np.repeat(np.arange(units), capacity))[: int(full * capacity.sum())]
    kinds = random.random((units, 4)) < 0.5
    kinds[:, 0] = True
    kind = np.array([random.choice(np.flatnonzero(kinds[unit])) for unit in now])
    home = random.uniform(0, 100, (len(now), 2))
    place = random.uniform(0, 100, (units, 2))
    miles = np.hypot(*(home[:, None] - place).transpose(2, 0, 1))
    cost = np.rint(miles * random.uniform(0.2, 3, (len(now), 1)) * 100).astype(np.int64)
    cost += 3000 * (np.arange(units) != now[:, None])
    cost[~kinds.T[kind]] = INELIGIBLE
    cna = (capacity * 0.8).astype(int)
    return make_problem(
        cost,
        list(capacity),
        unplaced=1_000_000,
        crowding=[[(c, 0), (p - c, 700)] for c, p in zip(cna, capacity, strict=True)],
        current_unit=list(now),
        move_budget=move_budget,
    )


def value_by_hand(problem: AllocationProblem, plan: tuple[int, ...]) -> int | None:
    """Value a plan with plain loops; None when it breaks a rule or a limit."""
    held = [0] * len(problem.units)
    total = moves = 0
    for person, unit in enumerate(plan):
        if unit == UNPLACED:
            total += int(problem.unplaced_pennies[person])
            continue
        if problem.cost_pennies[person, unit] == INELIGIBLE:
            return None
        total += int(problem.cost_pennies[person, unit])
        held[unit] += 1
        origin = problem.from_establishment[person]
        moves += int(origin != NOWHERE and origin != problem.unit_establishment[unit])
    for unit, count in enumerate(held):
        if count > problem.capacity[unit]:
            return None
        left = count
        for block in np.flatnonzero(problem.segment_unit == unit):
            used = min(left, int(problem.segment_places[block]))
            total += used * int(problem.segment_pennies[block])
            left -= used
    for sex, limit in enumerate(problem.held_limit):
        if sum(h for h, s in zip(held, problem.unit_sex, strict=True) if s == sex) > limit:
            return None
    if problem.move_budget is not None and moves > problem.move_budget:
        return None
    return total


def best_by_brute_force(problem: AllocationProblem) -> int:
    """Try every plan."""
    choices = [UNPLACED, *range(len(problem.units))]
    plans = product(choices, repeat=len(problem.prisoners))
    values = (value_by_hand(problem, plan) for plan in plans)
    return min(value for value in values if value is not None)


def best_by_networkx(problem: AllocationProblem, move_pennies: int = 0) -> int:
    """Solve by the network simplex of networkx."""
    graph: nx.DiGraph[str] = nx.DiGraph()
    people = len(problem.prisoners)
    graph.add_node("sink", demand=people)
    for unit, sex in enumerate(problem.unit_sex):
        graph.add_nodes_from([f"u{unit}", f"sex{sex}"])
    for person in range(people):
        graph.add_node(f"p{person}", demand=-1)
        graph.add_edge(
            f"p{person}", "sink", weight=int(problem.unplaced_pennies[person]), capacity=1
        )
        for unit in np.flatnonzero(problem.cost_pennies[person] != INELIGIBLE):
            origin = problem.from_establishment[person]
            moved = origin != NOWHERE and origin != problem.unit_establishment[unit]
            weight = int(problem.cost_pennies[person, unit]) + move_pennies * int(moved)
            graph.add_edge(f"p{person}", f"u{unit}", weight=weight, capacity=1)
    for block, unit in enumerate(problem.segment_unit):
        middle = f"block{block}"
        room = int(problem.segment_places[block])
        price = int(problem.segment_pennies[block])
        graph.add_edge(f"u{unit}", middle, weight=price, capacity=room)
        graph.add_edge(middle, f"sex{problem.unit_sex[unit]}", weight=0, capacity=room)
    for sex, limit in enumerate(problem.held_limit):
        graph.add_edge(f"sex{sex}", "sink", weight=0, capacity=int(limit))
    return int(nx.network_simplex(graph)[0])


def best_by_highs(path: Path) -> float:
    """Solve ``problem.npz`` as a linear programme with SciPy's HiGHS, from the file alone."""
    from scipy.optimize import linprog
    from scipy.sparse import coo_array

    with np.load(path, allow_pickle=False) as stored:
        file = {name: stored[name] for name in stored.files}
    people, units = file["cost_pennies"].shape
    eligible = np.unpackbits(file["eligible"], axis=1, count=units).astype(bool)
    person, unit = np.nonzero(eligible)
    segments, sexes = len(file["segment_unit"]), len(file["sexes"])
    pairs = len(person)
    singles = pairs + people
    cost = np.concatenate(
        [file["cost_pennies"][eligible], file["unplaced_pennies"], file["segment_pennies"]]
    )
    rows = [person, np.arange(people), people + unit, people + file["segment_unit"]]
    columns = [np.arange(singles), np.arange(pairs), singles + np.arange(segments)]
    signs = np.concatenate([np.ones(singles), np.ones(pairs), -np.ones(segments)])
    equal = coo_array(
        (signs, (np.concatenate(rows), np.concatenate(columns))),
        shape=(people + units, len(cost)),
    )
    origin = file["from_establishment"][person]
    limits = np.zeros((sexes + 1, len(cost)))
    limits[file["unit_sex"][file["segment_unit"]], singles + np.arange(segments)] = 1
    limits[sexes, :pairs] = (origin >= 0) & (file["unit_establishment"][unit] != origin)
    budget = file["limit_bound"][0] if len(file["limit_bound"]) else people
    upper = np.concatenate([np.ones(singles), file["segment_places"]])
    answer = linprog(
        cost,
        A_ub=limits,
        b_ub=np.append(file["held_limit"], budget),
        A_eq=equal.tocsr(),
        b_eq=np.concatenate([np.ones(people), np.zeros(units)]),
        bounds=np.stack([np.zeros(len(cost)), upper], axis=1),
        method="highs",
    )
    assert answer.status == 0
    return float(answer.fun)


def with_capacity(problem: AllocationProblem, unit: int, change: int) -> AllocationProblem:
    """Give a unit one place more or fewer at the price of its last place."""
    places, capacity = problem.segment_places.copy(), problem.capacity.copy()
    capacity[unit] += change
    of_unit = np.flatnonzero(problem.segment_unit == unit)
    filled = of_unit[places[of_unit] > 0]
    places[filled[-1] if len(filled) else of_unit[0]] += change
    return replace(problem, capacity=capacity, segment_places=places)


def turned(problem: AllocationProblem, seed: int) -> AllocationProblem:
    """Give the same problem with people, units and establishments in another order."""
    random = np.random.default_rng(seed)
    unit_order = random.permutation(len(problem.units))
    place_order = random.permutation(len(problem.establishments))
    unit_number, place_number = np.argsort(unit_order), np.argsort(place_order)
    problem = problem.of_people(random.permutation(len(problem.prisoners)))
    blocks = np.argsort(unit_number[problem.segment_unit], kind="stable")
    start, now = problem.from_establishment, problem.current_unit
    return replace(
        problem,
        units=problem.units[unit_order],
        establishments=problem.establishments[place_order],
        cost_pennies=np.ascontiguousarray(problem.cost_pennies[:, unit_order]),
        pair_flags=np.ascontiguousarray(problem.pair_flags[:, place_order]),
        unit_establishment=place_number[problem.unit_establishment[unit_order]],
        unit_sex=problem.unit_sex[unit_order],
        capacity=problem.capacity[unit_order],
        segment_unit=unit_number[problem.segment_unit[blocks]],
        segment_places=problem.segment_places[blocks],
        segment_pennies=problem.segment_pennies[blocks],
        from_establishment=np.where(start == NOWHERE, NOWHERE, place_number[start]),
        current_unit=np.where(now == NOWHERE, NOWHERE, unit_number[now]),
        limits=tuple(
            limit if limit.units is None else replace(limit, units=limit.units[unit_order])
            for limit in problem.limits
        ),
    )


def in_wings(problem: AllocationProblem, units_each: int) -> AllocationProblem:
    """Let so many units that follow each other be the wings of one establishment."""
    place = np.arange(len(problem.units)) // units_each
    start = place[problem.current_unit]
    names = pd.Index([f"E{number}" for number in range(place.max() + 1)], dtype="str")
    moved = (np.arange(len(names)) != start[:, None]) * np.uint8(PairFlag.MOVED)
    return replace(
        problem,
        establishments=names,
        unit_establishment=place,
        from_establishment=start,
        pair_flags=moved,
    )


def plan_of(*units: int) -> Integers:
    """Write a plan as an array."""
    return np.array(units, dtype=np.int64)

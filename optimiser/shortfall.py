"""The cheapest ways out for people without a place: a place more somewhere, or one rule less.

Both are shortest paths on the residual graph of the plan, in which nobody else loses their place: a
person enters a unit, somebody there makes room by going on to another, and so on, until a unit is
reached that has room or is given one place more.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.population import Population
from data.records import Records
from data.words import RuleLevel
from optimiser.allocation import COHORT, WAYS
from optimiser.build import Build, Inputs, build_problem, cohorts, with_records
from optimiser.cost import cost_pennies
from optimiser.duals import FAR, add_limit_price, distances_to
from optimiser.eligibility import ESTABLISHMENT_RULES
from optimiser.exclusions import LOCK
from optimiser.fit import Rule, RuleBook, as_rules_see, move_breaks, unit_breaks
from optimiser.problem import (
    INELIGIBLE,
    PENNIES_PER_POUND,
    UNPLACED,
    AllocationProblem,
    Integers,
)
from optimiser.residual import Residual

CHEAPEST = 3
"""Units, and rules, that are named for each cohort."""

NEVER_SET_ASIDE = ("sex", "public_protection")
"""Rules that are no way out, however many they keep out."""

Way: TypeAlias = tuple[str, str, int, float]
"""Way, what, how many and pounds, as in ``WAYS``."""


def ways_out(
    inputs: Inputs, build: Build, unit_of: Integers, graph: Residual | None
) -> pd.DataFrame:
    """Name the cheapest ways out for everybody without a place, by cohort.

    Parameters
    ----------
    inputs, build
        What was decided.
    unit_of
        The plan: unit of each person, or ``UNPLACED``.
    graph
        Its residual graph; without one no way can be priced.

    Returns
    -------
    DataFrame
        The columns of ``WAYS``. ``way`` is ``places`` (more of them in the unit ``what``),
        ``margin`` (more people of the sex ``what`` than its operating margin lets be held) or
        ``rule`` (the rule ``what`` not applied to these people). ``how_many`` places, or people
        whom the rule alone keeps out; ``first_gbp`` is what placing the first of them then costs,
        all chains counted, and each further one at least as much. Empty when everybody is placed.
    """
    lacking = np.flatnonzero(unit_of == UNPLACED)
    if not len(lacking) or graph is None:
        return pd.DataFrame(columns=WAYS)
    problem = build.problem
    open_cost, only = _without_rules(inputs, build, lacking)
    open_cost += limit_pennies(problem, lacking, graph.limit)
    by_rule = {
        rule: with_places_open(problem, graph, np.where(pairs, open_cost, FAR))
        for rule, pairs in only.items()
        if rule not in NEVER_SET_ASIDE and pairs.any()
    }
    table = cohorts(inputs.population.prisoners).iloc[lacking].reset_index(drop=True)
    rows: list[tuple[Any, ...]] = []
    for key, people in table.groupby(COHORT, sort=True):
        members = people.index.to_numpy()
        by_unit, by_sex = with_one_more_place(problem, graph, lacking[members])
        found = [
            *_priced("places", list(problem.units), by_unit, len(members)),
            *_priced("margin", problem.sexes, by_sex, len(members)),
            *_rules({rule: price[members] for rule, price in by_rule.items()}),
        ]
        rows += [(*key, len(members), *way) for way in found]
    return pd.DataFrame(rows, columns=WAYS)


def _priced(way: str, labels: Sequence[str], price: Integers, people: int) -> list[Way]:
    """Name the cheapest of some places."""
    cheapest = np.argsort(price, kind="stable")[:CHEAPEST]
    return [
        (way, labels[number], people, float(price[number]) / PENNIES_PER_POUND)
        for number in cheapest.tolist()
        if price[number] < FAR
    ]


def _rules(price: dict[str, Integers]) -> list[Way]:
    """Name the rules that alone keep most people out, with how many and what the first costs."""
    helped = {rule: price[rule][price[rule] < FAR] for rule in price}
    ways = [
        ("rule", rule, len(pennies), float(pennies.min()) / PENNIES_PER_POUND)
        for rule, pennies in helped.items()
        if len(pennies)
    ]
    return sorted(ways, key=lambda way: (-way[2], way[3], way[1]))[:CHEAPEST]


def _without_rules(
    inputs: Inputs, build: Build, people: Integers
) -> tuple[Integers, dict[str, NDArray[np.bool_]]]:
    """Cost some people everywhere, and say where one rule or lock alone excludes each of them."""
    problem = build.problem
    ids = problem.prisoners[people]
    few = of_people(inputs, set(ids))
    small = build_problem(few)
    rows = small.problem.prisoners.get_indexer(ids)
    open_fit = replace(
        small.fit,
        allowed=np.ones_like(small.fit.allowed),
        barred={},
        frozen=np.zeros_like(small.fit.frozen),
    )
    cost = cost_pennies(
        small.costs,
        open_fit,
        inputs.policy,
        unit_establishment=small.problem.unit_establishment,
        from_establishment=small.problem.from_establishment,
        current_unit=small.problem.current_unit,
    )[rows].astype(np.int64)
    broken = hard_breaks(with_records(few).iloc[rows].reset_index(drop=True), small.book)
    ruled_out = np.zeros(cost.shape, dtype=np.bool_)
    for pairs in broken.values():
        ruled_out |= pairs
    broken[LOCK] = (problem.cost_pennies[people] == INELIGIBLE) & ~ruled_out
    return cost, only_rule(broken)


def of_people(inputs: Inputs, ids: Collection[str]) -> Inputs:
    """Keep some people, with all places and rules; what ties them to others is left out."""

    def those(table: pd.DataFrame) -> pd.DataFrame:
        return table[table["prisoner_id"].isin(list(ids))].reset_index(drop=True)

    comes = inputs.parties["prisoner_id"].isin(list(ids)).to_numpy()
    records = inputs.records
    return replace(
        inputs,
        population=Population(
            prisoners=those(inputs.population.prisoners),
            contacts=those(inputs.population.contacts),
        ),
        parties=those(inputs.parties),
        visit_cost=replace(inputs.visit_cost, trip=inputs.visit_cost.trip[comes]),
        records=replace(
            Records.empty(),
            exclusions=those(records.exclusions),
            activities=those(records.activities),
            activity_sites=records.activity_sites,
        ),
        is_part=True,
    )


def hard_breaks(prisoners: pd.DataFrame, book: RuleBook) -> dict[str, NDArray[np.bool_]]:
    """Give the pairs that break each hard rule; shape (people, units) each.

    Parameters
    ----------
    prisoners
        Some people, as from ``with_records``.
    book
        Rules in force.
    """
    people = as_rules_see(prisoners, book)
    nothing = np.zeros((len(people), len(book.units)), dtype=np.bool_)
    found: dict[str, NDArray[np.bool_]] = {}

    def add(rule: Rule, where: NDArray[Any]) -> None:
        if rule.level == RuleLevel.HARD:
            found[rule.name] = found.get(rule.name, nothing) | (where != 0)

    for rule, breaks in unit_breaks(people, book):
        add(rule, breaks)
    for name, function in ESTABLISHMENT_RULES.items():
        if name in book.rules:
            broken = function(people, book.places, book.rules[name].value)
            add(book.rules[name], broken[:, book.unit_place])
    here = people["current_unit"].to_numpy()[:, None] == book.units["unit"].to_numpy()
    for rule, keeps in move_breaks(people, book):
        add(rule, ~here & keeps[:, None])
    return found


def limit_pennies(problem: AllocationProblem, people: Integers, prices: Integers) -> Integers:
    """Give what the prices of limits add for some people in every unit; shape (people, units)."""
    few = problem.of_people(people)
    added = np.zeros((len(people), len(problem.units)), dtype=np.int64)
    for number in np.flatnonzero(prices):
        add_limit_price(few, few.limits[number], int(prices[number]), slice(None), added)
    return added


def with_one_more_place(
    problem: AllocationProblem, graph: Residual, people: Integers
) -> tuple[Integers, Integers]:
    """Price placing one of some people who have no place, by where one more place is given.

    Parameters
    ----------
    problem, graph
        A problem and the residual graph of its plan.
    people
        Rows of people without a place; shape (people,).

    Returns
    -------
    tuple of Integers
        What it costs to place the one who is placed most cheaply, all chains counted, were there
        one place more in the unit at the price of its last place, used, and so one person more
        held of its sex; shape (units,). And the same, were one person more of the sex allowed to
        be held, with the places there are; shape (sexes,). ``FAR`` where it helps nobody.
    """
    units = len(problem.units)
    own = problem.cost_pennies[people].astype(np.int64)
    cost = own + limit_pennies(problem, people, graph.limit)
    start = np.where(own == INELIGIBLE, FAR, cost).min(axis=0, initial=FAR)
    steps = _nobody_unplaced(graph)
    reach = _reach(steps, start)
    open_sex = steps[units : graph.sink, graph.sink] < FAR
    by_unit = np.where(reach[:units] < FAR, reach[:units] + graph.last_place, FAR)
    by_sex = np.where(open_sex, FAR, reach[units : graph.sink])
    return by_unit, by_sex


def with_places_open(
    problem: AllocationProblem, graph: Residual, cost_pennies: Integers
) -> Integers:
    """Price placing each of some people, had they the units open to them that are given.

    Parameters
    ----------
    problem, graph
        A problem and the residual graph of its plan.
    cost_pennies
        Cost of each person in each unit, ``FAR`` or above where it stays closed; shape (people,
        units).

    Returns
    -------
    Integers
        What it costs to place each with the places there are, all chains counted; ``FAR`` where
        there is no way; shape (people,).
    """
    onward = distances_to(_nobody_unplaced(graph), graph.sink)[: len(problem.units)]
    best: Integers = np.minimum(cost_pennies + onward, FAR).min(axis=1, initial=FAR)
    return best


def only_rule(broken: dict[str, NDArray[np.bool_]]) -> dict[str, NDArray[np.bool_]]:
    """Say where each hard rule is the only one that excludes a person.

    Parameters
    ----------
    broken
        For each hard rule, the pairs that break it; shape (people, units).

    Examples
    --------
    >>> broken = {"a": np.array([[True, True]]), "b": np.array([[False, True]])}
    >>> {rule: pairs.tolist() for rule, pairs in only_rule(broken).items()}
    {'a': [[True, False]], 'b': [[False, False]]}
    """
    count = sum((pairs.astype(np.int64) for pairs in broken.values()), start=np.int64(0))
    return {rule: pairs & (count == 1) for rule, pairs in broken.items()}


def _nobody_unplaced(graph: Residual) -> Integers:
    """Leave out the steps by which somebody would lose or find a place."""
    steps = graph.steps.copy()
    sink = graph.sink
    sexes = np.arange(len(graph.last_place), sink)
    steps[: len(graph.last_place), sink] = FAR
    steps[sink, :] = FAR
    steps[sink, sink] = 0
    assert (steps[sexes, sink] >= 0).all()
    return steps


def _reach(steps: Integers, start: Integers) -> Integers:
    """Give the cheapest way to every node when entering unit by unit costs this much."""
    reach = np.full(len(steps), FAR, dtype=np.int64)
    reach[: len(start)] = start
    for _ in range(len(steps) + 1):
        shorter = np.minimum(reach, (reach[:, None] + steps).min(axis=0))
        shorter[shorter > FAR // 2] = FAR
        if np.array_equal(shorter, reach):
            return reach
        reach = shorter
    raise ValueError("The plan is not optimal: some people could change places at a gain.")

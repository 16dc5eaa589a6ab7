"""A plan that keeps every limit and tie, at once: not the best, but one to hand over.

A plan that was found without its ties is solved again a few times by the kernel, from where it
stands. Each time, of people who are together against a tie those who lose least by it are kept from
where they are and from where the others are, and prices of limits follow what is broken. Whoever
is in the way in the end is left without a place, which is always allowed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from optimiser.duals import Prices, blocks, priced_block
from optimiser.network import Network, Plan, prepare
from optimiser.problem import (
    INELIGIBLE,
    LARGEST_COST,
    NOWHERE,
    UNPLACED,
    AllocationProblem,
    Integers,
    Ties,
    pairs_counted,
    wing_applies,
)
from optimiser.side import SideRows

MOST_SOLVES = 40
"""Solves after which whoever is still in the way is left without a place."""

FIRST_STEP = 1_000
"""Pennies by which the price of a limit changes at first, at the least."""

STEP = 0.1
"""Share of it by which the price of a limit changes at first; the step grows while the price goes
one way and is halved when it turns."""

SLACK = 0.02
"""Share of a limit by which a plan may stay below it before its price falls."""


def mended(problem: AllocationProblem, unit_of: Integers, prices: Prices) -> Integers:
    """Change a plan so that it keeps every limit and tie.

    Parameters
    ----------
    problem
        With its limits and ties.
    unit_of
        A plan that keeps the rules; shape (prisoners,).
    prices
        In whole pennies, near those of the plan.

    Returns
    -------
    Integers
        A plan that keeps everything, near to the given one. The same input gives the same plan.
    """
    prepare()
    untied = replace(problem, ties=Ties.none(), cost_pennies=problem.cost_pennies.copy())
    network = Network.of(untied)
    plan = Plan(unit_of=unit_of, prices=replace(prices, rows=SideRows.none()), rounds=0)
    step = np.maximum(STEP * prices.limit, FIRST_STEP)
    bound = np.array([limit.bound for limit in problem.limits])
    before = np.zeros(len(problem.limits))
    for _ in range(MOST_SOLVES):
        over = _over(problem, plan.unit_of)
        kept_out = _kept_out(problem, untied, plan)
        if not kept_out and (over <= 0).all():
            return plan.unit_of
        _forbid(untied, kept_out)
        way = np.where(over > 0, 1.0, np.where(over < -SLACK * bound, -1.0, 0.0))
        step = step * np.where(way * before < 0, 0.5, np.where(way * before > 0, 1.5, 1.0))
        before = way
        limit = np.clip(plan.prices.limit + way * step, 0, LARGEST_COST)
        plan = network.solve(np.rint(limit).astype(np.int64), plan)
    return _emptied(problem, plan.unit_of)


def _over(problem: AllocationProblem, unit_of: Integers) -> Integers:
    """Say how far a plan is above each limit, or below; minimums are priced and never broken."""
    counts = [
        0 if limit.at_least else problem.counts(unit_of, limit) - limit.bound
        for limit in problem.limits
    ]
    return np.array(counts, dtype=np.int64)


def _kept_out(
    problem: AllocationProblem, open_to: AllocationProblem, plan: Plan
) -> dict[int, Integers]:
    """Choose who has to leave for the sake of a tie, and the units they are kept out of.

    Of people together against a tie those leave who lose least for each tie that it mends.
    """
    broken = list(_together(problem, plan.unit_of))
    people = np.unique(np.concatenate([np.empty(0, dtype=np.int64), *(who for who, *_ in broken)]))
    if not len(people):
        return {}
    ties_of = np.bincount(np.concatenate([who for who, *_ in broken]))
    loss = dict(zip(people.tolist(), _losses(open_to, plan, people), strict=True))
    leaves: dict[int, Integers] = {}
    for who, excess, out in broken:
        stay = [each for each in who.tolist() if each not in leaves]
        gone = len(who) - len(stay)
        stay.sort(key=lambda each: (loss[each] / ties_of[each], each))
        for each in stay[: max(0, excess - gone)]:
            leaves[each] = out
    others = _others(problem, plan.unit_of, leaves)
    kept_out = {}
    for person, out in leaves.items():
        both = np.union1d(out, others.get(person, out))
        left = np.delete(open_to.cost_pennies[person], both) != INELIGIBLE
        kept_out[person] = both if left.any() else out
    return kept_out


def _together(
    problem: AllocationProblem, unit_of: Integers
) -> Iterator[tuple[Integers, int, Integers]]:
    """Give people together against a tie, how many must leave, and the units they may not be in."""
    ties, at = problem.ties, problem.establishment_of(unit_of)
    met = (at[ties.apart[:, 0]] == at[ties.apart[:, 1]]) & (at[ties.apart[:, 0]] != NOWHERE)
    for pair in ties.apart[met]:
        yield pair, 1, np.flatnonzero(problem.unit_establishment == at[pair[0]])
    wing = unit_of[ties.apart_wing]
    met = (wing[:, 0] == wing[:, 1]) & (wing[:, 0] != UNPLACED)
    met[met] = wing_applies(problem, ties.apart_wing[met], wing[met, 0])
    for pair in ties.apart_wing[met]:
        yield pair, 1, unit_of[pair[:1]]
    for group in ties.groups:
        here, count = np.unique(at[group.people], return_counts=True)
        for place in here[(count > group.at_most) & (here != NOWHERE)]:
            who = group.people[at[group.people] == place]
            units = np.flatnonzero(problem.unit_establishment == place)
            yield who, len(who) - group.at_most, units


def _losses(open_to: AllocationProblem, plan: Plan, people: Integers) -> Integers:
    """Give what each of some people loses, at the prices, by leaving their establishment."""
    some = open_to.of_people(people)
    at = open_to.establishment_of(plan.unit_of[people])
    losses = np.empty(len(people), dtype=np.int64)
    for rows in blocks(len(people)):
        priced = priced_block(some, plan.prices, rows).astype(np.int64)
        here = at[rows, None] == open_to.unit_establishment
        own = np.where(here, priced, INELIGIBLE).min(axis=1)
        losses[rows] = np.where(here, INELIGIBLE, priced).min(axis=1) - own
    return losses


def _others(
    problem: AllocationProblem, unit_of: Integers, leaves: dict[int, Integers]
) -> dict[int, Integers]:
    """Give the units of establishments that hold somebody whom those who leave are kept from."""
    at, pairs = problem.establishment_of(unit_of), problem.ties.apart
    both = np.concatenate([pairs, pairs[:, ::-1]])
    both = both[np.isin(both[:, 0], list(leaves))]
    both = both[np.lexsort((at[both[:, 1]], both[:, 0]))]
    found: dict[int, Integers] = {}
    for person in np.unique(both[:, 0]).tolist():
        begin, end = np.searchsorted(both[:, 0], [person, person + 1])
        where = at[both[begin:end, 1]]
        found[person] = np.flatnonzero(np.isin(problem.unit_establishment, where))
    return found


def _forbid(problem: AllocationProblem, kept_out: dict[int, Integers]) -> None:
    """Make units ineligible, in place."""
    cost = problem.cost_pennies
    cost.setflags(write=True)
    for person, units in kept_out.items():
        cost[person, units] = INELIGIBLE
    cost.setflags(write=False)


def _emptied(problem: AllocationProblem, unit_of: Integers) -> Integers:
    """Leave people without a place until every tie and limit is kept."""
    unit_of = unit_of.copy()
    while broken := list(_together(problem, unit_of)):
        for who, excess, _ in broken:
            unit_of[who[:excess]] = UNPLACED
    for limit in problem.limits:
        placed = np.flatnonzero(unit_of != UNPLACED)
        counted = placed[pairs_counted(problem, limit, placed, unit_of[placed])]
        if not limit.at_least:
            unit_of[counted[: max(0, len(counted) - limit.bound)]] = UNPLACED
    return unit_of

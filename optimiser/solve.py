"""Solve an allocation problem exactly by minimum-cost flow; the only module that knows OR-Tools.

The solver sees a few cheap choices of each person; prices of units are then recovered from its
plan, every pair of a person and a unit is priced, and whatever is cheaper is added, until nothing
is. The first prices come from a sample of the people, solved in the same way.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from data.progress import Progress, silent
from optimiser.duals import (
    LARGEST_PRICE,
    Prices,
    blocks,
    priced_block,
    prices_from,
    steps_between,
)
from optimiser.problem import INELIGIBLE, UNPLACED, AllocationProblem, Integers, pairs_counted

SAMPLE_EVERY = 4
"""One person in so many is solved first, for prices to start from."""

SMALL = 3000
"""Problems of at most so many people are given to the solver whole."""

NEARLY = 0.02
"""Share of missing choices at which prices are nearly right."""

NARROWER = 8
"""Once prices are nearly right, look only so many times less far above the cheapest choice."""

CHOICES = 2.0
"""Cheap choices per person given to the solver at first, on average."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Plan:
    """An optimal plan of a problem at one price of a move.

    Attributes
    ----------
    unit_of
        Number of the unit of each person, or ``UNPLACED``; int64, shape (prisoners,).
    prices
        Multipliers that prove it optimal.
    pairs
        Pairs given to the solver, as person x units + unit, sorted: a start for the next solve.
    rounds
        Times the solver was called.
    """

    unit_of: Integers
    prices: Prices
    pairs: Integers
    rounds: int


def solve(
    problem: AllocationProblem,
    *,
    limit_pennies: Integers | None = None,
    start: Plan | None = None,
    enough: float = 0.0,
    progress: Progress = silent,
) -> Plan:
    """Find the cheapest plan when whatever a limit counts costs so many pennies more.

    Parameters
    ----------
    problem
        What to decide; its limits are left to ``optimiser.budget``.
    limit_pennies
        Price of each limit, added to the pairs it counts; shape (limits,); none for no price.
    start
        A plan of the same problem at other prices of the limits.
    progress
        Told of each round; what it raises ends the work.

    Returns
    -------
    Plan
        Optimal over every eligible pair, which its prices prove. The same input gives the same
        plan.
    """
    if limit_pennies is None:
        limit_pennies = np.zeros(len(problem.limits), dtype=np.int64)
    if start is None:
        prices, known = _first_prices(problem, limit_pennies), np.empty(0, dtype=np.int64)
    else:
        prices, known = replace(start.prices, limit=limit_pennies), start.pairs
    margin = _margin(problem, prices)
    pairs = np.union1d(known, _near_pairs(problem, prices, margin))
    units, rounds, narrowed = len(problem.units), 0, False
    shown = np.zeros(len(problem.prisoners), dtype=np.bool_)
    while True:
        rounds += 1
        progress("allocation", rounds - 1, rounds)
        people, to = np.divmod(pairs, units)
        cost = _cost(problem, people, to, limit_pennies)
        settled = _settled(problem, people, to) & ~shown
        unit_of = _flow(problem, people, to, cost, prices, settled)
        prices = _prices(problem, unit_of, people, to, cost, limit_pennies, settled)
        missing, better_unplaced = _missing_pairs(problem, unit_of, prices, margin)
        if len(missing) <= enough * len(pairs) and not len(better_unplaced):
            progress("allocation", rounds, rounds)
            return Plan(unit_of=unit_of, prices=prices, pairs=pairs, rounds=rounds)
        if len(missing) <= NEARLY * len(pairs) and not narrowed:
            narrowed = True
            held = np.flatnonzero(unit_of != UNPLACED)
            near = _near_pairs(problem, prices, margin // NARROWER)
            pairs = np.union1d(held * units + unit_of[held], near)
        pairs = np.union1d(pairs, missing)
        shown[better_unplaced] = True


def _first_prices(problem: AllocationProblem, limit_pennies: Integers) -> Prices:
    """Solve for a sample of the people with as large a share of the places; take the prices."""
    if len(problem.prisoners) <= SMALL:
        return Prices.none(problem, limit_pennies)
    small = sample(problem, SAMPLE_EVERY)
    return solve(small, limit_pennies=limit_pennies, enough=NEARLY).prices


def sample(problem: AllocationProblem, every: int) -> AllocationProblem:
    """Keep one person in so many and that share of all places.

    Parameters
    ----------
    problem
        The whole problem, people in an order that does not favour anyone.
    every
        Keep every so-manieth person.

    Returns
    -------
    AllocationProblem
        Its prices are close to those of the whole.
    """
    segment_end = np.cumsum(problem.segment_places)
    segment_places = np.diff(np.rint(segment_end / every).astype(np.int64), prepend=0)
    capacity = np.bincount(
        problem.segment_unit, weights=segment_places, minlength=len(problem.units)
    )
    return replace(
        problem.of_people(slice(None, None, every)),
        capacity=capacity.astype(np.int64),
        held_limit=-(-problem.held_limit // every),
        segment_places=segment_places.astype(np.int64),
    )


def _margin(problem: AllocationProblem, prices: Prices) -> int:
    """Choose how far above their cheapest choice to look, for a few choices per person."""
    people = len(problem.prisoners)
    if people <= SMALL:
        return LARGEST_PRICE
    every = max(1, people // SMALL)
    priced = priced_block(problem, prices, slice(0, people, every))
    above = priced - priced.min(axis=1, keepdims=True)
    wanted = int(CHOICES * len(priced))
    above = above[priced < INELIGIBLE]
    if wanted >= len(above):
        return LARGEST_PRICE
    return int(np.partition(above, wanted)[wanted])


def _near_pairs(problem: AllocationProblem, prices: Prices, margin: int) -> Integers:
    """Find the pairs within a margin of each person's cheapest choice."""
    found: list[Integers] = []
    for rows in blocks(len(problem.prisoners)):
        priced = priced_block(problem, prices, rows)
        limit = priced.min(axis=1, initial=LARGEST_PRICE).astype(np.int64) + margin
        limit = np.minimum(limit, INELIGIBLE - 1).astype(np.int32)
        found.append(np.flatnonzero(priced <= limit[:, None]) + rows.start * len(problem.units))
    return np.concatenate(found) if found else np.empty(0, dtype=np.int64)


def _missing_pairs(
    problem: AllocationProblem, unit_of: Integers, prices: Prices, margin: int
) -> tuple[Integers, Integers]:
    """Price every pair; find those near the best choice of people who are not at their best.

    Also give the people for whom no place at all would be cheaper than theirs.
    """
    units = len(problem.units)
    found: list[Integers] = []
    better_unplaced: list[Integers] = []
    for rows in blocks(len(problem.prisoners)):
        priced = priced_block(problem, prices, rows)
        at = unit_of[rows]
        own = np.where(
            at == UNPLACED,
            problem.unplaced_pennies[rows],
            priced[np.arange(len(at)), np.maximum(at, 0)],
        )
        better_unplaced.append(np.flatnonzero(problem.unplaced_pennies[rows] < own) + rows.start)
        cheapest = priced.min(axis=1, initial=LARGEST_PRICE)
        wrong = np.flatnonzero(cheapest < own)
        if len(wrong):
            limit = np.minimum(cheapest[wrong].astype(np.int64) + margin, own[wrong])
            person, to = np.nonzero(priced[wrong] <= limit[:, None])
            found.append((wrong[person] + rows.start) * units + to)
    nobody = np.empty(0, dtype=np.int64)
    return np.concatenate([nobody, *found]), np.concatenate([nobody, *better_unplaced])


def _cost(
    problem: AllocationProblem, people: Integers, to: Integers, limit_pennies: Integers
) -> Integers:
    own: Integers = problem.cost_pennies[people, to].astype(np.int64)
    for number in np.flatnonzero(limit_pennies):
        limit = problem.limits[number]
        counted = pairs_counted(problem, limit, people, to)
        own += counted * (-limit_pennies[number] if limit.at_least else limit_pennies[number])
    return own


def _settled(problem: AllocationProblem, people: Integers, to: Integers) -> NDArray[np.bool_]:
    """Say whose only cheap choice has room for all who share it; shape (prisoners,).

    They need not be shown to the solver; whether they stay settled is seen when pairs are priced.
    """
    count = len(problem.prisoners)
    single = np.bincount(people, minlength=count) == 1
    only = single[people]
    wanted = np.bincount(to[only], minlength=len(problem.units))
    open_unit = wanted < problem.capacity
    wanted_by_sex = np.bincount(problem.unit_sex, weights=wanted * open_unit)
    open_unit &= (wanted_by_sex < problem.held_limit)[problem.unit_sex]
    settled = np.zeros(count, dtype=np.bool_)
    settled[people[only & open_unit[to]]] = True
    return settled


def _prices(
    problem: AllocationProblem,
    unit_of: Integers,
    people: Integers,
    to: Integers,
    cost: Integers,
    limit_pennies: Integers,
    settled: NDArray[np.bool_],
) -> Prices:
    """Recover the prices that prove a plan optimal over the pairs the solver could use."""
    own = problem.unplaced_pennies.copy()
    placed = np.flatnonzero(unit_of != UNPLACED)
    own[placed] = _cost(problem, placed, unit_of[placed], limit_pennies)
    sink = len(problem.units) + len(problem.sexes)
    active = np.flatnonzero(~settled)
    steps = steps_between(
        problem,
        unit_of,
        np.concatenate([people, active]),
        np.concatenate([to, np.full(len(active), sink)]),
        np.concatenate([cost - own[people], (problem.unplaced_pennies - own)[active]]),
    )
    return prices_from(problem, steps, limit_pennies)


def _flow(
    problem: AllocationProblem,
    people: Integers,
    to: Integers,
    cost: Integers,
    prices: Prices,
    settled: NDArray[np.bool_],
) -> Integers:
    """Give the pairs to the solver; whoever is not settled may also stay unplaced at a price.

    Costs are given net of prices, which changes no comparison and leaves the solver, which works
    from coarse to fine, with less to do.
    """
    from ortools.graph.python.min_cost_flow import SimpleMinCostFlow

    count, units, sexes = len(problem.prisoners), len(problem.units), len(problem.sexes)
    unit_of = np.full(count, UNPLACED, dtype=np.int64)
    fixed = settled[people]
    unit_of[people[fixed]] = to[fixed]
    people, to, cost = people[~fixed], to[~fixed], cost[~fixed]
    active = np.flatnonzero(~settled)
    row_of = np.cumsum(~settled) - 1
    unit_node = len(active)
    sex_node = unit_node + units
    sink = sex_node + sexes
    segment_sex = problem.unit_sex[problem.segment_unit]
    priced = cost + prices.unit[to]
    value = problem.unplaced_pennies.copy()
    np.minimum.at(value, people, priced)
    tail = [row_of[people], np.arange(len(active)), unit_node + problem.segment_unit]
    head = [unit_node + to, np.full(len(active), sink), sex_node + segment_sex]
    ones = np.ones(len(people) + len(active), dtype=np.int64)
    price = [
        priced - value[people],
        (problem.unplaced_pennies - value)[active],
        problem.segment_pennies - prices.unit[problem.segment_unit] + prices.estate[segment_sex],
        -prices.estate,
    ]
    flow = SimpleMinCostFlow()
    flow.add_arcs_with_capacity_and_unit_cost(
        np.concatenate([*tail, sex_node + np.arange(sexes)]).astype(np.int32),
        np.concatenate([*head, np.full(sexes, sink)]).astype(np.int32),
        np.concatenate([ones, problem.segment_places, problem.held_limit]).astype(np.int64),
        np.concatenate(price).astype(np.int64),
    )
    supply = np.zeros(sink + 1, dtype=np.int64)
    supply[:unit_node] = 1
    supply[unit_node:sex_node] = problem.held(unit_of)
    supply[sink] = -count
    flow.set_nodes_supplies(np.arange(sink + 1, dtype=np.int32), supply)
    status = flow.solve()
    if status != flow.OPTIMAL:
        raise RuntimeError(f"The flow solver ended with {status}; nothing was decided.")
    chosen: NDArray[np.bool_] = flow.flows(np.arange(len(people), dtype=np.int32)) > 0
    unit_of[people[chosen]] = to[chosen]
    return unit_of


def cheapest_shipment(distance: Integers, supply: Integers, room: Integers) -> Integers:
    """Send people from areas to places at least total distance.

    Parameters
    ----------
    distance
        Whole and not negative; shape (areas, places).
    supply, room
        People in each area and room in each place. Where room is short, the distance of those who
        are sent is least among all ways of sending as many.

    Returns
    -------
    Integers
        People sent; shape (areas, places).
    """
    from ortools.graph.python.min_cost_flow import SimpleMinCostFlow

    areas, places = distance.shape
    rows, columns = np.divmod(np.arange(areas * places), places)
    sink = areas + places
    short = int(distance.max(initial=0)) * (areas + places) + 1
    flow = SimpleMinCostFlow()
    flow.add_arcs_with_capacity_and_unit_cost(
        np.concatenate([rows, areas + np.arange(places), np.arange(areas)]).astype(np.int32),
        np.concatenate([areas + columns, np.full(places + areas, sink)]).astype(np.int32),
        np.concatenate([supply[rows], room, supply]).astype(np.int64),
        np.concatenate(
            [distance.ravel(), np.zeros(places, dtype=np.int64), np.full(areas, short)]
        ).astype(np.int64),
    )
    flow.set_nodes_supplies(
        np.arange(sink + 1, dtype=np.int32),
        np.concatenate([supply, np.zeros(places, dtype=np.int64), [-supply.sum()]]).astype(
            np.int64
        ),
    )
    status = flow.solve()
    if status != flow.OPTIMAL:
        raise RuntimeError(f"The flow solver ended with {status}; nothing was decided.")
    sent: Integers = flow.flows(np.arange(areas * places, dtype=np.int32))
    return sent.reshape(areas, places)

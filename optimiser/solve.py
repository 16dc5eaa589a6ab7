"""Solve the network core of an allocation problem exactly; the door to the kernel and to OR-Tools.

The kernel (``optimiser/kernel.py``) does the work. The minimum-cost flow of OR-Tools over all pairs
is the reference that it is tested and timed against.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from data.progress import Progress, silent
from optimiser.alike import keep_own_units
from optimiser.duals import Prices, blocks, priced_block, prices_from
from optimiser.network import Network, Plan, prepare
from optimiser.prices import all_steps
from optimiser.problem import INELIGIBLE, UNPLACED, AllocationProblem, Integers

__all__ = ["Plan", "cheapest_shipment", "solve", "solve_by_flow"]


def solve(
    problem: AllocationProblem,
    *,
    limit_pennies: Integers | None = None,
    start: Plan | None = None,
    progress: Progress = silent,
) -> Plan:
    """Find the cheapest plan when whatever a limit counts costs so many pennies more.

    Parameters
    ----------
    problem
        What to decide; its limits are left to ``optimiser.budget``, its ties to the columns.
    limit_pennies
        Price of each limit, added to the pairs it counts; shape (limits,); none for no price.
    start
        A plan of a problem with the same people and units, as before a lock or at other prices.
    progress
        Told of each sample; what it raises ends the work.

    Returns
    -------
    Plan
        Optimal over every eligible pair, which its prices prove. The same input gives the same
        plan; its prices do not depend on the start. Among units alike people keep their own
        wherever they can.
    """
    prepare(progress)
    if limit_pennies is None:
        limit_pennies = np.zeros(len(problem.limits), dtype=np.int64)
    plan = Network.of(problem).solve(limit_pennies, start, progress=progress)
    unit_of = keep_own_units(problem, plan.unit_of)
    steps = all_steps(problem, unit_of, plan.prices)
    return replace(plan, unit_of=unit_of, prices=prices_from(problem, steps, limit_pennies))


def solve_by_flow(problem: AllocationProblem, *, limit_pennies: Integers | None = None) -> Plan:
    """Find the same plan with the minimum-cost flow of OR-Tools over every eligible pair.

    Parameters
    ----------
    problem, limit_pennies
        As for ``solve``.

    Returns
    -------
    Plan
        Of the same value as that of ``solve``.

    Raises
    ------
    RuntimeError
        When the flow solver does not end with an optimum.
    """
    from ortools.graph.python.min_cost_flow import SimpleMinCostFlow

    if limit_pennies is None:
        limit_pennies = np.zeros(len(problem.limits), dtype=np.int64)
    count, units, sexes = len(problem.prisoners), len(problem.units), len(problem.sexes)
    sex_node = count + units
    sink = sex_node + sexes
    flow = SimpleMinCostFlow()
    pairs: list[Integers] = []
    free = replace(Prices.none(problem), limit=limit_pennies)
    for rows in blocks(count):
        cost = priced_block(problem, free, rows)
        person, unit = np.nonzero(problem.cost_pennies[rows] != INELIGIBLE)
        flow.add_arcs_with_capacity_and_unit_cost(
            (person + rows.start).astype(np.int32),
            (unit + count).astype(np.int32),
            np.ones(len(person), dtype=np.int64),
            cost[person, unit].astype(np.int64),
        )
        pairs.append((person + rows.start) * units + unit)
    segment_sex = sex_node + problem.unit_sex[problem.segment_unit]
    rest = [
        (np.arange(count), np.full(count, sink), np.ones(count), problem.unplaced_pennies),
        (
            count + problem.segment_unit,
            segment_sex,
            problem.segment_places,
            problem.segment_pennies,
        ),
        (sex_node + np.arange(sexes), np.full(sexes, sink), problem.held_limit, np.zeros(sexes)),
    ]
    for tail, head, most, price in rest:
        flow.add_arcs_with_capacity_and_unit_cost(
            tail.astype(np.int32),
            head.astype(np.int32),
            most.astype(np.int64),
            price.astype(np.int64),
        )
    supply = np.zeros(sink + 1, dtype=np.int64)
    supply[:count], supply[sink] = 1, -count
    flow.set_nodes_supplies(np.arange(sink + 1, dtype=np.int32), supply)
    status = flow.solve()
    if status != flow.OPTIMAL:
        raise RuntimeError(f"The flow solver ended with {status}; nothing was decided.")
    pair = np.concatenate([np.empty(0, dtype=np.int64), *pairs])
    chosen: NDArray[np.bool_] = flow.flows(np.arange(len(pair), dtype=np.int32)) > 0
    unit_of = np.full(count, UNPLACED, dtype=np.int64)
    person, unit = np.divmod(pair[chosen], units)
    unit_of[person] = unit
    steps = all_steps(problem, unit_of, free)
    return Plan(unit_of=unit_of, prices=prices_from(problem, steps, limit_pennies), rounds=1)


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

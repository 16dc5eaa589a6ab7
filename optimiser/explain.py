"""Why one person is held where a plan has them, and what every other place would cost.

All of it is read off the plan's residual graph, in which forcing a person from their unit *a* into
a unit *u* adds what the person's own cost changes by, and the shortest path from *u* back to *a*:
the cheapest way for everybody else to make room and to use the place that falls free.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from optimiser.build import Build, Inputs
from optimiser.duals import FAR, Prices, distances_to, priced_block
from optimiser.prices import all_steps
from optimiser.problem import INELIGIBLE, UNPLACED, AllocationProblem, Integers

NO_PLACE = ""
"""Label of the alternative of having no place at all."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Residual:
    """The residual graph of a plan, contracted to units, sexes and the sink.

    Attributes
    ----------
    steps
        Length of the step from node to node in pennies, ``FAR`` where there is none; int64, shape
        (nodes, nodes), nodes being units, then sexes, then the sink.
    last_place
        Price of crowding of the last place of each unit, in pennies; shape (units,).
    """

    steps: Integers
    last_place: Integers

    @property
    def sink(self) -> int:
        """Node that holds the people without a place."""
        return len(self.steps) - 1

    def node(self, unit: int) -> int:
        """Give the node of a unit or of ``UNPLACED``."""
        return self.sink if unit == UNPLACED else unit


def residual(problem: AllocationProblem, unit_of: Integers, prices: Prices) -> Residual | None:
    """Contract the residual graph of a plan, at the prices of its limits.

    Parameters
    ----------
    problem, unit_of
        A problem and a plan of it.
    prices
        Its prices; only those of the limits are used.

    Returns
    -------
    Residual or None
        None when some people could change places at a gain at these prices: rows that tie people
        together keep such a plan from being a best flow, and then no path has a meaning.
    """
    steps = all_steps(problem, unit_of, prices)
    try:
        distances_to(steps, len(steps) - 1)
    except ValueError:
        return None
    return Residual(steps=steps, last_place=last_places(problem))


def last_places(problem: AllocationProblem) -> Integers:
    """Give the price of crowding of the last place of each unit, in pennies; shape (units,)."""
    last = np.zeros(len(problem.units), dtype=np.int64)
    exists = problem.segment_places > 0
    last[problem.segment_unit[exists]] = problem.segment_pennies[exists]
    return last


def choices(
    problem: AllocationProblem,
    person: int,
    at: int,
    prices: Prices,
    graph: Residual | None,
) -> pd.DataFrame:
    """Price every unit a person may be held in, and having no place, against where they are.

    Parameters
    ----------
    problem
        Holds the person's row; that of others is not needed, the graph speaks for them.
    person
        Row of the person.
    at
        Unit where the plan holds the person, or ``UNPLACED``.
    prices
        Of the plan: its limits, and its units where there is no graph.
    graph
        Residual graph of the whole plan.

    Returns
    -------
    DataFrame
        One row per eligible unit and one without a place, in pennies, the chosen one first and the
        others from the cheapest to force: ``unit`` (number or ``UNPLACED``), ``own`` cost over the
        stay, ``own_change`` against the chosen unit, ``limits`` (what the prices of limits add),
        ``places`` (what it costs others to make room), ``others`` (both), ``forcing`` (all), and
        ``with_one_more_place``: what the plan would change by, were there one more place in the
        unit for this person; below 0 where it would be worth using.

    Notes
    -----
    Without limits and ties ``forcing`` is exact: a re-solve with the person locked there costs
    that much more. With them it is a bound at the prices of the plan. Where there is no graph it
    is the reduced cost, a bound too, and ``with_one_more_place`` is missing.
    """
    eligible = np.flatnonzero(problem.cost_pennies[person] != INELIGIBLE)
    unit = np.append(eligible, UNPLACED).astype(np.int64)
    row = slice(person, person + 1)
    unplaced = int(problem.unplaced_pennies[person])
    own = np.append(problem.cost_pennies[person, eligible].astype(np.int64), unplaced)
    free = Prices.none(problem, prices.limit)
    priced = np.append(priced_block(problem, free, row)[0, eligible].astype(np.int64), unplaced)
    here = int(np.flatnonzero(unit == at)[0])
    change = own - own[here]
    limits = (priced - own) - (priced - own)[here]
    if graph is None:
        price = np.append(prices.unit[eligible], 0)
        places = price - price[here]
        with_one_more = np.full(len(unit), np.nan)
    else:
        back = distances_to(graph.steps, graph.node(at))
        places = np.append(back[eligible], back[graph.sink])
        sex = len(problem.units) + problem.unit_sex[eligible]
        one_more = change[:-1] + limits[:-1] + graph.last_place[eligible] + back[sex]
        with_one_more = np.append(one_more, np.nan)
    known = places < FAR
    table = pd.DataFrame(
        {
            "unit": unit,
            "own": own,
            "own_change": change,
            "limits": limits,
            "places": places,
            "others": limits + places,
            "forcing": change + limits + places,
            "with_one_more_place": with_one_more,
        }
    )[known]
    chosen = table["unit"] == at
    order = np.lexsort((table["unit"], table["forcing"], ~chosen))
    ranked: pd.DataFrame = table.iloc[order].reset_index(drop=True)
    return ranked


def terms_by_unit(build: Build, inputs: Inputs, person: int, units: Integers) -> pd.DataFrame:
    """Give the terms of a person's own cost in each of some units, in pennies.

    Parameters
    ----------
    build, inputs
        Of a few people: every term is worked out for all of them once per unit.
    person
        Row of the person.
    units
        Numbers of units, or ``UNPLACED``.

    Returns
    -------
    DataFrame
        One row per unit, one column per term; they add up to the person's cost there.
    """
    people = len(build.problem.prisoners)
    rows = []
    for unit in units:
        terms = build.person_terms(inputs.policy, np.full(people, unit, dtype=np.int64))
        rows.append({name: int(values[person]) for name, values in terms.items()})
        unplaced = int(build.problem.unplaced_pennies[person]) if unit == UNPLACED else 0
        rows[-1]["unplaced"] = unplaced
    return pd.DataFrame(rows)

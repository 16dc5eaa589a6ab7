"""Why one person is held where a plan has them, and what every other place would cost.

All of it is read off the plan's residual graph, in which forcing a person from their unit *a* into
a unit *u* adds what the person's own cost changes by, and the shortest path from *u* back to *a*:
the cheapest way for everybody else to make room and to use the place that falls free.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optimiser.build import Build, Inputs, why_excluded
from optimiser.duals import FAR, Prices, add_limit_price, distances_to
from optimiser.exclusions import LOCK, RESTRICTED, RESTRICTED_RULES, change_needed
from optimiser.problem import INELIGIBLE, PENNIES_PER_POUND, UNPLACED, AllocationProblem, Integers
from optimiser.residual import Residual
from optimiser.side import SideRows, price_of_pairs

NO_PLACE = ""
"""Label of the alternative of having no place at all."""


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
        That prove the plan's bound, for where there is no graph; side rows name the person as in
        the problem.
    graph
        Residual graph of the whole plan.

    Returns
    -------
    DataFrame
        One row per eligible unit and one without a place, in pennies, the chosen one first and the
        others from the cheapest to force: ``unit`` (number or ``UNPLACED``), ``own`` cost over the
        stay, ``own_change`` against the chosen unit, ``limits`` (what the prices of limits and ties
        add), ``places`` (what it costs others to make room), ``others`` (both), ``forcing`` (all),
        and ``with_one_more_place``: what the plan would change by, were there one more place in the
        unit for this person; below 0 where it would be worth using.

    Notes
    -----
    Without limits and ties ``forcing`` is exact: a re-solve with the person locked there costs
    that much more. With them, forcing costs at least so much more than the plan's bound. Where
    there is no graph it is the reduced cost, and ``with_one_more_place`` is missing.
    """
    eligible = np.flatnonzero(problem.cost_pennies[person] != INELIGIBLE)
    unit = np.append(eligible, UNPLACED).astype(np.int64)
    unplaced = int(problem.unplaced_pennies[person])
    own = np.append(problem.cost_pennies[person, eligible].astype(np.int64), unplaced)
    here = int(np.flatnonzero(unit == at)[0])
    change = own - own[here]
    if graph is None:
        added = _added(problem, person, prices)[unit]
        priced = own * prices.scale + added + np.append(prices.unit[eligible], 0)
        forcing = (priced - priced.min()) // prices.scale
        forcing[here] = 0
        limits = (added - added[here]) // prices.scale
        with_one_more = np.full(len(unit), np.nan)
    else:
        added = _added(problem, person, Prices.none(problem, graph.limit))[unit]
        back = distances_to(graph.steps, graph.node(at))
        limits = added - added[here]
        forcing = change + limits + np.append(back[eligible], back[graph.sink])
        sex = len(problem.units) + problem.unit_sex[eligible]
        one_more = (change + limits)[:-1] + graph.last_place[eligible] + back[sex]
        with_one_more = np.append(one_more, np.nan)
    table = pd.DataFrame(
        {
            "unit": unit,
            "own": own,
            "own_change": change,
            "limits": limits,
            "places": forcing - change - limits,
            "others": forcing - change,
            "forcing": forcing,
            "with_one_more_place": with_one_more,
        }
    )[forcing < FAR // 2]
    chosen = table["unit"] == at
    order = np.lexsort((table["unit"], table["forcing"], ~chosen))
    ranked: pd.DataFrame = table.iloc[order].reset_index(drop=True)
    return ranked


def _added(problem: AllocationProblem, person: int, prices: Prices) -> Integers:
    """Give what limits and ties add in every unit and, last, without a place."""
    units = len(problem.units)
    added = np.zeros((1, units + 1), dtype=np.int64)
    row = slice(person, person + 1)
    for number in np.flatnonzero(prices.limit):
        limit, price = problem.limits[number], int(prices.limit[number])
        add_limit_price(problem, limit, price, row, added[:, :-1])
    pairs, amount = price_of_pairs(problem, prices.rows)
    who, unit = np.divmod(pairs, units + 1)
    added[0, unit[who == person]] += amount[who == person]
    found: Integers = added[0]
    return found


def rows_of(rows: SideRows, person: int) -> SideRows:
    """Keep what side rows say of one person, who becomes row 0."""
    entry = np.flatnonzero(rows.people == person)
    row = rows.row_of_entry()[entry]
    return SideRows(
        kind=rows.kind[row],
        tie=rows.tie[row],
        place=rows.place[row],
        bound=rows.bound[row],
        first=np.arange(len(entry) + 1),
        people=np.zeros(len(entry), dtype=np.int64),
        sign=rows.sign[entry],
        price=rows.price[row],
    )


ALWAYS = ("family", "move")
"""Terms that are told even where they are nothing throughout."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Explanation:
    """One person of a plan: what was chosen, what else there is, and what is ruled out.

    Attributes
    ----------
    prisoner_id
        Whom it is about.
    alternatives
        One row per unit the person may be held in, the chosen one first (``rank`` 0), and one
        without a place (``unit`` empty): ``rank``, ``unit``, ``establishment``, ``is_today``,
        ``straight_miles``; in pounds ``own_gbp``, ``own_change_gbp``, ``limits_gbp``,
        ``others_gbp`` (the limits and the room that others make) and ``forcing_gbp`` (own change
        and others); ``change_needed``, for the unit to be chosen.
    terms
        What ``own_gbp`` is made of: one row per alternative, one column per term, in pounds.
    excluded
        One row per unit the person may not be held in: ``unit``, ``establishment``,
        ``straight_miles``, ``rule`` (the first that excludes it), ``rules`` (all that do),
        ``restricted``, ``change_needed``.
    is_bound
        Whether prices are bounds at the plan's prices of limits and ties, not exact.
    """

    prisoner_id: str
    alternatives: pd.DataFrame
    terms: pd.DataFrame
    excluded: pd.DataFrame
    is_bound: bool


def explain(
    inputs: Inputs,
    build: Build,
    person: int,
    at: int,
    prices: Prices,
    graph: Residual | None,
    *,
    is_bound: bool,
) -> Explanation:
    """Explain where a plan holds one person.

    Parameters
    ----------
    inputs, build
        Of a few people, the person among them; their costs alone are looked at.
    person
        Row of the person.
    at
        Unit where the plan holds the person, or ``UNPLACED``.
    prices, graph
        Of the whole plan.
    is_bound
        Whether the plan had limits or ties that bind.

    Returns
    -------
    Explanation
        With every reason in it; ``for_others`` hides what only planners may read.
    """
    problem = build.problem
    table = choices(problem, person, at, prices, graph)
    unit = table["unit"].to_numpy()
    terms = terms_by_unit(build, inputs, person, unit) / PENNIES_PER_POUND
    terms = terms.loc[:, [name in ALWAYS or terms[name].any() for name in terms]]
    miles = _miles(inputs, person)[problem.unit_establishment]
    place = inputs.estate.units["establishment"].to_numpy(dtype=object)
    alternatives = pd.DataFrame(
        {
            "rank": np.arange(len(unit)),
            "unit": np.append(problem.units.to_numpy(dtype=object), NO_PLACE)[unit],
            "establishment": np.append(place, NO_PLACE)[unit],
            "is_today": unit == problem.current_unit[person],
            "straight_miles": np.append(miles, np.nan)[unit],
            "own_gbp": table["own"] / PENNIES_PER_POUND,
            "own_change_gbp": table["own_change"] / PENNIES_PER_POUND,
            "limits_gbp": table["limits"] / PENNIES_PER_POUND,
            "others_gbp": table["others"] / PENNIES_PER_POUND,
            "forcing_gbp": table["forcing"] / PENNIES_PER_POUND,
            "change_needed": _to_be_chosen(problem, table),
        }
    )
    return Explanation(
        prisoner_id=str(problem.prisoners[person]),
        alternatives=alternatives,
        terms=terms,
        excluded=_excluded(inputs, build, person, miles),
        is_bound=is_bound or graph is None,
    )


def for_others(explanation: Explanation) -> Explanation:
    """Hide what only planners may read: restricted reasons, and what would tell of them."""
    excluded = explanation.excluded
    first = [_readable(rules) for rules in excluded["rules"]]
    hidden = excluded["rule"] != pd.Series(first, index=excluded.index, dtype="str")
    readable: list[Any] = [
        tuple(name for name in names if name not in RESTRICTED_RULES) or (RESTRICTED,)
        for names in excluded["rules"]
    ]
    excluded = excluded.assign(
        rule=first,
        rules=readable,
        change_needed=excluded["change_needed"].where(~hidden, ""),
    )
    secret = [
        str(name)
        for name in explanation.terms
        if str(name).removeprefix("rule:") in RESTRICTED_RULES
    ]
    terms = explanation.terms.drop(columns=secret)
    if "family" in terms and not terms["family"].any():
        # a family whose journeys weigh nothing is barred, or is not wished to come
        terms = terms.drop(columns="family")
    if secret:
        terms[f"rule:{RESTRICTED}"] = explanation.terms[secret].sum(axis=1)
    # what limits and ties add would tell of whom a person must be kept from
    alternatives = explanation.alternatives.drop(columns="limits_gbp")
    return replace(explanation, alternatives=alternatives, terms=terms, excluded=excluded)


def _readable(rules: Sequence[str]) -> str:
    """Give the first rule that everybody may read."""
    return next((name for name in rules if name not in RESTRICTED_RULES), RESTRICTED)


def _miles(inputs: Inputs, person: int) -> NDArray[np.float64]:
    """Give straight miles from a person's home to every establishment; NaN without a home."""
    home = inputs.population.prisoners["home_area"].iloc[person]
    area = int(inputs.travel.home_areas.get_indexer(pd.Index([home]))[0])
    if area < 0:
        return np.full(len(inputs.travel.establishments), np.nan)
    miles: NDArray[np.float64] = inputs.travel.straight_miles[area]
    return miles


def _to_be_chosen(problem: AllocationProblem, table: pd.DataFrame) -> list[str]:
    """Say what would have to change for each alternative to be chosen."""
    said = [""]
    rest = table.iloc[1:]
    columns = (
        rest["unit"].tolist(),
        rest["forcing"].tolist(),
        rest["with_one_more_place"].tolist(),
    )
    for unit, forcing, with_one_more_place in zip(*columns, strict=True):
        if unit == UNPLACED:
            said.append("no place at all")
        elif forcing == 0:
            said.append("nothing: as good for all together")
        elif with_one_more_place < 0:
            said.append(f"one more place in {problem.units[unit]}")
        else:
            said.append(f"£{forcing / PENNIES_PER_POUND:,.2f} less in all")
    return said


def _excluded(
    inputs: Inputs, build: Build, person: int, miles: NDArray[np.float64]
) -> pd.DataFrame:
    """List the units a person may not be held in, each with the rules that exclude it."""
    problem = build.problem
    prisoner_id = str(problem.prisoners[person])
    reasons = why_excluded(inputs, build.book, prisoner_id)
    facts = _facts(inputs.population.prisoners, person)
    rows = []
    for unit in np.flatnonzero(problem.cost_pennies[person] == INELIGIBLE).tolist():
        rules = reasons[unit] or (LOCK,)
        rule = build.book.rules.get(rules[0])
        about = _facts(inputs.estate.units, unit)
        value = np.nan if rule is None else rule.value
        rows.append(
            (
                str(problem.units[unit]),
                about["establishment"],
                miles[unit],
                rules[0],
                rules,
                not RESTRICTED_RULES.isdisjoint(rules),
                change_needed(rules[0], facts, about, value),
            )
        )
    columns = ["unit", "establishment", "straight_miles", "rule", "rules", "restricted"]
    return pd.DataFrame(rows, columns=[*columns, "change_needed"])


def _facts(table: pd.DataFrame, row: int) -> dict[str, Any]:
    """Give one row of a table by column."""
    return {str(name): value for name, value in table.iloc[row].items()}


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

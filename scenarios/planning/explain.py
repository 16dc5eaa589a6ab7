"""Explain one person of a plan: where, why there, what else there is, and what rules it out."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from data.locks import shown
from optimiser.build import build_problem
from optimiser.eligibility import RULE_NAMES
from optimiser.exclusions import LOCK, RESTRICTED, most_specific
from optimiser.explain import Explanation, explain, for_others
from optimiser.problem import PENNIES_PER_POUND, UNPLACED
from scenarios.errors import ScenarioError
from scenarios.planning.place import allocation_inputs
from scenarios.planning.stored_plan import (
    StoredPlan,
    check_data,
    inputs_of,
    open_plan,
    read_rows,
    unknown,
    whereabouts,
)

ALTERNATIVES_SHOWN = 12
"""Alternatives in the text; the JSON has all."""

SITES_SHOWN = 12
"""Excluded sites in the text with what would have to change; the others are named by rule."""

KEPT_APART = "somebody held there is to be kept apart"
"""What speaks against a place beside its price."""

OWN_WORDS = {
    LOCK: "A planner's lock rules it out.",
    RESTRICTED: "Only planners may read why.",
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Explained:
    """An explanation with the plan it is of.

    Attributes
    ----------
    plan
        The plan.
    one
        The person's places, costs and exclusions.
    from_unit
        Unit that holds the person today.
    says
        What each rule says, by its name.
    locks
        The planner's locks of the person.
    objective_gbp, own_gbp, others_gbp, together_gbp
        Value of the plan, and what it is made of: this person, everybody else, and what people
        cost together (crowding and ties).
    gap_gbp
        What the plan may be above the best there is.
    """

    plan: StoredPlan
    one: Explanation
    from_unit: str
    says: dict[str, str]
    locks: pd.DataFrame
    objective_gbp: float
    own_gbp: float
    others_gbp: float
    together_gbp: float
    gap_gbp: float


def explain_person(
    folder: Path, prisoner_id: str, *, data_dir: Path | None = None, planner: bool = False
) -> Explained:
    """Explain one person of a stored plan.

    Parameters
    ----------
    folder
        A run folder, or one made by ``estate allocate``.
    prisoner_id
        Whom to explain.
    data_dir
        The tables the plan was made from; the built-in ones by default.
    planner
        Whether restricted reasons may be read.

    Returns
    -------
    Explained
        Its parts add up to the value of the plan, to the penny.

    Raises
    ------
    ScenarioError
        When the folder holds no plan, the person is unknown, or the data or the model are not
        those the plan was made from.
    """
    plan = open_plan(folder)
    check_data(plan, data_dir)
    found = whereabouts(folder, prisoner_id)
    if found is None:
        raise unknown(plan, prisoner_id)
    row, unit = found
    inputs = inputs_of(plan, prisoner_id, data_dir)
    given = replace(allocation_inputs(plan.scenario, inputs), is_part=True)
    if (folder / "earlier.parquet").is_file():
        # how many may change says nothing of one person; that they are counted does
        known = read_rows(
            plan, "earlier", "prisoner_id", set(inputs.population.prisoners["prisoner_id"])
        )
        given = replace(given, earlier=known, most_changes=len(known))
    build = build_problem(given)
    at = UNPLACED if unit == "" else int(build.problem.units.get_indexer(pd.Index([unit]))[0])
    # what forcing costs is read off the multipliers, so that only their own gap bounds it
    bound = plan.allocation.get("multiplier_bound_gbp")
    bound = plan.allocation["lower_bound_gbp"] if bound is None else bound
    gap = plan.allocation["objective_gbp"] - bound
    prices = plan.prices_of(row)
    one = explain(given, build, 0, at, prices, plan.graph, is_bound=plan.is_bound)
    one = _with_ties(plan, one if planner else for_others(one), planner=planner)
    everybody = plan.arrays["own"]
    own = round(one.alternatives["own_gbp"].iloc[0] * PENNIES_PER_POUND)
    if own != everybody[row]:
        raise ScenarioError(
            f"{folder}: the costs of {prisoner_id} come out otherwise than when the plan was made, "
            "so it was made with another version of the model. Make the plan again."
        )
    total = int(everybody.sum())
    return Explained(
        plan=plan,
        one=one,
        from_unit=str(inputs.population.prisoners["current_unit"].iloc[0]),
        says={
            **dict(zip(inputs.rules["rule"], inputs.rules["says"], strict=True)),
            **OWN_WORDS,
        },
        locks=shown(inputs.records.locks, planner=planner),
        objective_gbp=plan.objective_pennies / PENNIES_PER_POUND,
        own_gbp=own / PENNIES_PER_POUND,
        others_gbp=(total - own) / PENNIES_PER_POUND,
        together_gbp=(plan.objective_pennies - total) / PENNIES_PER_POUND,
        gap_gbp=gap,
    )


def _with_ties(plan: StoredPlan, one: Explanation, *, planner: bool) -> Explanation:
    """Say to planners of places that hold somebody from whom the person is kept apart that they do.

    To others nothing is said of any place where anybody is kept apart: a place that stands out
    would tell where the other person is held.
    """
    if not (plan.folder / "keep_aparts.parquet").is_file():
        return one
    if not planner:
        return replace(one, alternatives=one.alternatives.assign(change_needed=""))
    pairs = [read_rows(plan, "keep_aparts", column, {one.prisoner_id}) for column in ("a", "b")]
    others = {*pairs[0]["b"], *pairs[1]["a"]}
    there = read_rows(plan, "placements", "prisoner_id", others)["establishment"]
    table = one.alternatives
    barred = table["establishment"].isin([place for place in there if place]) & (table["rank"] > 0)
    said = table["change_needed"].mask(barred, KEPT_APART)
    return replace(one, alternatives=table.assign(change_needed=said))


def excluded_sites(explained: Explained) -> pd.DataFrame:
    """Give one row per establishment that can hold the person in no unit, nearest first.

    The rule is that of the unit which comes nearest to being allowed.
    """
    table = explained.one.excluded
    open_sites = set(explained.one.alternatives["establishment"])
    rows = []
    for place, units in table.groupby("establishment", sort=True):
        if place not in open_sites:
            nearest = most_specific([tuple(rules) for rules in units["rules"]], RULE_NAMES)
            rows.append(units.iloc[nearest])
    sites = pd.DataFrame(rows, columns=table.columns)
    return sites.sort_values(["straight_miles", "establishment"], ignore_index=True)


def as_json(explained: Explained) -> dict[str, Any]:
    """Give everything in plain values."""
    one, plan = explained.one, explained.plan
    terms = one.terms.to_dict("records")
    alternatives: list[dict[str, Any]] = one.alternatives.to_dict("records")  # type: ignore[assignment]
    return {
        "prisoner_id": one.prisoner_id,
        "plan": str(plan.folder),
        "scenario": plan.scenario.name,
        "holds_for": plan.allocation["holds_for"],
        "status": plan.allocation["status"],
        "objective_gbp": explained.objective_gbp,
        "own_gbp": explained.own_gbp,
        "everybody_else_gbp": explained.others_gbp,
        "crowding_and_ties_gbp": explained.together_gbp,
        "prices_are_bounds": one.is_bound,
        "gap_gbp": explained.gap_gbp,
        "from_unit": explained.from_unit,
        "locks": explained.locks.to_dict("records"),
        "alternatives": [
            row | {"terms_gbp": term} for row, term in zip(alternatives, terms, strict=True)
        ],
        "excluded": one.excluded.drop(columns="restricted").to_dict("records"),
    }


def tell(explained: Explained) -> Iterator[str]:
    """Say it in text."""
    one, plan = explained.one, explained.plan
    chosen = one.alternatives.iloc[0]
    where = f"{chosen['unit']}" if chosen["unit"] else "without a place"
    stays = "as today" if chosen["is_today"] else f"today in {explained.from_unit or 'no unit'}"
    yield (
        f"{one.prisoner_id}: {where}{_miles(chosen['straight_miles'])}, {stays}. Plan "
        f"{plan.scenario.name} of {plan.allocation['holds_for']['date']}, "
        f"{plan.allocation['status']}."
    )
    parts = [
        f"{_name(name)} {_gbp(value)}" for name, value in one.terms.iloc[0].items() if value != 0
    ]
    yield f"Own cost over the stay: {_gbp(explained.own_gbp)} = {' + '.join(parts) or 'nothing'}"
    yield (
        f"Value of the plan: {_gbp(explained.objective_gbp)} = this person "
        f"{_gbp(explained.own_gbp)} + everybody else {_gbp(explained.others_gbp)} + crowding and "
        f"ties {_gbp(explained.together_gbp)}"
    )
    for lock in explained.locks.to_dict("records"):
        note = f", {lock['note']}" if lock["note"] else ""
        yield (
            f"A planner's {lock['action']}: {lock['unit_or_establishment']} "
            f"({lock['reason_code']}{note}; {lock['owner']}, review {lock['review_date']})"
        )
    yield from _alternatives(explained)
    yield from _excluded(explained)


def _alternatives(explained: Explained) -> Iterator[str]:
    one = explained.one
    rest = one.alternatives.iloc[1:]
    yield ""
    yield "Other places, from the cheapest for all. In all = own change + price to others."
    if one.is_bound:
        less = (
            f", less the plan's own gap of {_gbp(explained.gap_gbp)}" if explained.gap_gbp else ""
        )
        yield (
            "The plan has limits or ties, so prices to others are those at its multipliers: "
            f"forcing costs at least so much{less}."
        )
    if rest.empty:
        yield "  none: nowhere else may hold this person"
        return
    yield _row("unit", "miles", "own cost", "own change", "to others", "in all", "to be chosen")
    for row in rest.head(ALTERNATIVES_SHOWN).to_dict("records"):
        yield _row(
            f"{row['unit'] or 'no place'}{' (today)' if row['is_today'] else ''}",
            "" if math.isnan(row["straight_miles"]) else f"{row['straight_miles']:.1f}",
            *(f"{row[name]:,.2f}" for name in _GBP_COLUMNS),
            row["change_needed"],
        )
    if len(rest) > ALTERNATIVES_SHOWN:
        yield f"  and {len(rest) - ALTERNATIVES_SHOWN} more; --json lists all"


_GBP_COLUMNS = ("own_gbp", "own_change_gbp", "others_gbp", "forcing_gbp")


def _excluded(explained: Explained) -> Iterator[str]:
    sites = excluded_sites(explained)
    yield ""
    yield "Establishments that may not hold this person: the first rule, what would have to change"
    # that the estates are separate is told once, not prison by prison
    near = sites[sites["rule"] != "sex"].head(SITES_SHOWN)
    for row in near.to_dict("records"):
        needed = f" Needed: {row['change_needed']}." if row["change_needed"] else ""
        said = explained.says.get(row["rule"], "")
        where = f"{row['establishment']}{_miles(row['straight_miles'])}"
        yield f"  {where}: {row['rule']}. {said}{needed}"
    others = sites.drop(index=near.index)
    for rule, places in others.groupby("rule", sort=True)["establishment"]:
        yield f"  {'' if rule == 'sex' else 'further away, '}{rule}: {', '.join(places)}"


def _row(*cells: str) -> str:
    unit, miles, own, change, others, forcing, needed = cells
    return f"  {unit:<16}{miles:>7}{own:>13}{change:>13}{others:>13}{forcing:>13}  {needed}"


def _name(term: Any) -> str:
    return str(term).removeprefix("rule:").replace("_", " ")


def _miles(miles: float) -> str:
    return "" if np.isnan(miles) else f", {miles:.1f} miles from home"


def _gbp(pounds: float) -> str:
    return f"£{pounds:,.2f}" if pounds >= 0 else f"-£{-pounds:,.2f}"

"""The rules of a run as a table: how each binds, and what it costs this plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from data.words import RuleLevel
from scenarios.circulation.written import Written
from scenarios.display import cells
from scenarios.display.markup import table

if TYPE_CHECKING:
    from scenarios.results import Results

TERM = "rule:"
"""Before the name of a rule in the terms of a plan."""

LEVELS = {
    RuleLevel.HARD: "hard: always kept",
    RuleLevel.SOFT: "soft: kept where it is worth its price",
    RuleLevel.OFF: "off",
}

CROWDING = "crowding"
"""A rule whose cost in a plan is a term of its own."""


def rules_of(settings: Mapping[str, Any]) -> pd.DataFrame:
    """Give the rules under some settings: those of the model, as the settings change them.

    Parameters
    ----------
    settings
        Resolved settings of a scenario.

    Returns
    -------
    DataFrame
        The columns of the table ``rules``, and ``changed``: whether the settings change the rule.
    """
    from data.load import read_table
    from scenarios.row_changes import changed_rules
    from scenarios.schema import RuleChange

    changes = {
        name: RuleChange.model_validate(change) for name, change in settings["rules"].items()
    }
    rules = changed_rules(read_table("rules"), changes)
    return rules.assign(changed=rules["rule"].isin(list(changes)))


def rule_costs(results: Results) -> pd.DataFrame:
    """Set beside each rule what it costs the plan: pounds of its breaches, by the soft ones.

    A hard rule is never broken, so its cost is no term of the plan; what it would save to relax it
    is worked out by ``estate rules --relax``.

    Returns
    -------
    DataFrame
        One row per rule, the dearest first: ``rule``, ``says``, ``level``, ``price_gbp``,
        ``value``, ``valid_from``, ``valid_to``, ``changed``, ``cost_gbp`` (missing where the rule
        is not priced), ``confidence``.
    """
    rules = rules_of(results.scenario)
    terms: dict[str, float] = results.allocation.get("terms") or {}
    costs = {name.removeprefix(TERM): float(cost) for name, cost in terms.items()}
    named = {name.removeprefix(TERM) for name in terms if name.startswith(TERM)} | {CROWDING}
    priced = rules["level"].eq(str(RuleLevel.SOFT)) & rules["rule"].isin(named & costs.keys())
    cost = rules["rule"].map(costs).where(priced)
    columns = ["rule", "says", "level", "price_gbp", "value", "valid_from", "valid_to"]
    found = rules.assign(cost_gbp=cost)[[*columns, "changed", "cost_gbp", "confidence"]]
    return found.sort_values("cost_gbp", ascending=False, kind="stable", ignore_index=True)


def listing(rows: pd.DataFrame) -> str:
    """List the rules of :func:`rule_costs`."""
    shown = rows.assign(
        name=rows["rule"].str.replace("_", " ").str.capitalize(),
        level_told=rows["level"].map({str(level): words for level, words in LEVELS.items()}),
        price=cells.column(
            _price(level, price)
            for level, price in zip(rows["level"], rows["price_gbp"], strict=True)
        ),
        value_told=cells.column(
            "" if value != value else Written(words=f"{value:,.6g}", value=float(value))
            for value in rows["value"].astype("float64")
        ),
        dates=[
            _dates(str(first), str(last))
            for first, last in zip(rows["valid_from"], rows["valid_to"], strict=True)
        ],
    )
    return table(
        shown,
        "Every rule: how it binds, and what breaking it costs this plan, in weighted pounds",
        labels={
            "name": "Rule",
            "says": "What it says",
            "level_told": "How it binds",
            "price": "Price for a week",
            "value_told": "Value",
            "dates": "In force",
            "cost_gbp": "Costs this plan",
            "changed": "Changed by the scenario",
            "confidence": "How well known",
        },
        right=("price", "value_told"),
        note="A dash: a rule that is always kept or off has no cost in a plan. What relaxing one "
        "would save is found by deciding the plan again without it.",
        scroll=True,
    )


def _price(level: Any, price: Any) -> Written | str:
    if str(level) != RuleLevel.SOFT or price is None or price != price or price == "":
        return ""
    return Written(words=f"£{float(price):,.0f}", value=float(price), unit="pounds")


def _dates(first: str, last: str) -> str:
    if not first and not last:
        return "always"
    return " ".join(
        part for part in (f"from {first}" if first else "", f"to {last}" if last else "") if part
    )


def levels(rule: str) -> tuple[str, ...]:
    """Give the levels a rule can have; the law divides the estate by sex, so that one is fixed.

    Examples
    --------
    >>> levels("sex"), levels("over_security")
    (('hard',), ('soft', 'off'))
    """
    from optimiser.eligibility import LEVELS as ALLOWED

    return tuple(str(level) for level in ALLOWED.get(rule, tuple(RuleLevel)))


def is_priced_here(rule: str) -> bool:
    """Say whether a rule has a price of its own; some have theirs elsewhere."""
    from optimiser.eligibility import PRICED_ELSEWHERE

    return rule not in PRICED_ELSEWHERE


def rule_change(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """Give what a scenario file says of a rule that is to be changed: what differs and no more.

    Parameters
    ----------
    before, after
        ``level``, ``price_gbp``, ``value``, ``from`` and ``to``; what is unknown is None.

    Examples
    --------
    >>> rule_change({"level": "hard", "value": 28.0}, {"level": "soft", "value": 28.0})
    {'level': 'soft'}
    """
    return {
        name: after[name]
        for name in ("level", "price_gbp", "value", "from", "to")
        if after.get(name) is not None and after.get(name) != before.get(name)
    }


def stated(row: Mapping[str, Any]) -> dict[str, Any]:
    """Read a row of the rules table in the words of a scenario file; what is empty is None."""

    def number(value: Any) -> float | None:
        return None if value is None or value == "" or value != value else float(value)

    return {
        "level": str(row["level"]),
        "price_gbp": number(row["price_gbp"]),
        "value": number(row["value"]),
        "from": str(row["valid_from"]) or None,
        "to": str(row["valid_to"]) or None,
    }


WEIGHTS = (
    "allocation.family_weight",
    "allocation.court_weight",
    "allocation.release_weight",
    "objective.worst_tenth_weight_gbp_per_mile",
    "allocation.crowding_low_gbp_per_week",
    "allocation.crowding_middle_gbp_per_week",
    "allocation.crowding_high_gbp_per_week",
)
"""Settings that weigh one thing against another."""

LIMITS = {
    "far": "Most people held over 50 miles from home, per cent",
    "very_far": "Most people held over 100 miles from home, per cent",
    "further": "Most people moved further from home, for no reason other than family, per cent",
}
"""Limits on shares of all people, which a planner sets in per cent."""


def share_limit(rows: Sequence[Mapping[str, Any]], limit: str) -> float | None:
    """Give the share that a limit on all people allows, where there is one."""
    for row in rows:
        if _is_of_everybody(row, limit):
            return None if row.get("share") is None else float(row["share"])
    return None


def with_share_limits(
    rows: Sequence[Mapping[str, Any]], shares: Mapping[str, float | None]
) -> list[dict[str, Any]]:
    """Set limits on shares of all people among the limits of a scenario; the others stay.

    Parameters
    ----------
    rows
        Rows of the section ``limits``.
    shares
        The share each limit allows, or None for no such limit.

    Examples
    --------
    >>> with_share_limits([{"limit": "moves_in", "at_most": 5, "where": {}}], {"far": 0.2})
    [{'limit': 'moves_in', 'at_most': 5}, {'limit': 'far', 'share': 0.2}]
    """
    kept = [_plain(row) for row in rows if not any(_is_of_everybody(row, name) for name in shares)]
    added = [{"limit": name, "share": share} for name, share in shares.items() if share is not None]
    return kept + added


def _is_of_everybody(row: Mapping[str, Any], limit: str) -> bool:
    alone = {"limit", "share"} >= _plain(row).keys()
    return row["limit"] == limit and row.get("share") is not None and alone


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what a row does not say."""
    return {name: value for name, value in row.items() if value not in (None, {}, ())}

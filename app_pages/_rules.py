"""Weights, limits and rules of a plan, to be changed: what the scenario builder shows of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import streamlit as st

from app_pages import _show
from scenarios.display import rule_rows, wording
from scenarios.display.markup import table

MOST_MOVES = 86_000
MOVES = "allocation.move_budget"
HIGHEST_PRICE = 1_000_000.0


def rules_editor(settings: Mapping[str, Any], *, key: str = "plan") -> dict[str, Any]:
    """Show weights, limits and rules, and return what the reader changes of them.

    Parameters
    ----------
    settings
        Resolved settings of a scenario, as ``Scenario.resolved`` gives them.
    key
        Begins the keys of the widgets, so that two editors do not share them.

    Returns
    -------
    dict
        Overrides as under ``change:`` of a scenario file, such as ``allocation.move_budget`` or
        ``rules.region``; empty where nothing is changed.
    """
    return (
        moves_editor(settings, key=key) | weights_editor(settings, key=key) | _rules(settings, key)
    )


def moves_editor(settings: Mapping[str, Any], *, key: str = "plan") -> dict[str, Any]:
    """Show the limits on moves and distance, and return what is changed of them."""
    budget = settings["allocation"]["move_budget"]
    limited = st.toggle(
        "Limit the number of moves",
        value=budget is not None,
        key=f"{key} limited",
        help="Without a limit the result is a ceiling, not a plan.",
    )
    found: dict[str, Any] = {}
    if limited:
        moves = st.number_input(
            "Most people who may be moved to another prison",
            min_value=0,
            max_value=MOST_MOVES,
            value=13_000 if budget is None else int(budget),
            step=100,
            key=f"{key} moves",
        )
        if int(moves) != budget:
            found[MOVES] = int(moves)
    elif budget is not None:
        found[MOVES] = None
    rows = list(settings["limits"])
    before = {name: rule_rows.share_limit(rows, name) for name in rule_rows.LIMITS}
    shares = {
        name: _share(label, before[name], f"{key} {name}")
        for name, label in rule_rows.LIMITS.items()
    }
    if shares != before:
        found["limits"] = rule_rows.with_share_limits(rows, shares)
    return found


def _share(label: str, share: float | None, key: str) -> float | None:
    percent = st.number_input(
        label,
        min_value=0.0,
        max_value=100.0,
        value=None if share is None else round(100 * share, 6),
        step=1.0,
        placeholder="no limit",
        key=key,
    )
    return None if percent is None else round(float(percent) / 100, 8)


def weights_editor(settings: Mapping[str, Any], *, key: str = "plan") -> dict[str, Any]:
    """Show what is weighed against what, and return what is changed of it."""
    from scenarios.settings import settings as known

    found: dict[str, Any] = {}
    for name in rule_rows.WEIGHTS:
        row = known()[name]
        section, leaf = name.split(".")
        before = settings[section][leaf]
        whole = isinstance(row.value, int)
        low, high = (
            (int(limit) if whole else float(limit)) if isinstance(limit, int | float) else None
            for limit in (row.low, row.high)
        )
        value = st.number_input(
            f"{row.meaning} ({row.measure_unit})",
            min_value=low,
            max_value=high,
            value=int(before) if whole else float(before),
            step=1 if whole else 0.1,
            key=f"{key} {name}",
            help=f"{wording.cited(row.source)}. {row.confidence.capitalize()}.",
        )
        if value != before:
            found[name] = value
    return found


def _rules(settings: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Show the rules, let some be changed, and return what is changed of them."""
    rules = rule_rows.rules_of(settings)
    rows = {str(row["rule"]): row for row in rules.to_dict("records")}
    able = [name for name in rows if rule_rows.levels(name) != ("hard",)]
    chosen = st.multiselect(
        "Rules to change", able, format_func=_named, key=f"{key} rules", placeholder="none"
    )
    found = {}
    for name in chosen:
        change = _rule(name, rows[name], key)
        if change:
            found[f"rules.{name}"] = change
    _show.fold_tables(
        "All rules as they stand",
        table(
            rules.assign(
                name=[_named(str(name)) for name in rules["rule"]],
                price_gbp=rules["price_gbp"].where(rules["level"] == "soft"),
                source=[wording.cited(str(cell)) for cell in rules["source"]],
            ),
            "Every rule, how it binds, and what it costs to break where it has a price",
            labels={
                "name": "Rule",
                "says": "What it says",
                "level": "How it binds",
                "price_gbp": "Price",
                "value": "Value",
                "source": "Source",
            },
            scroll=True,
        ),
    )
    return found


def _rule(name: str, row: Mapping[Any, Any], key: str) -> dict[str, Any]:
    """Show the switch, price, value and dates of one rule; return what is changed of it."""
    before = rule_rows.stated(row)
    _show.say(f"{_named(name)}: {row['says']}")
    level, price, value, first, last = st.columns(5)
    after: dict[str, Any] = {}
    allowed = rule_rows.levels(name)
    with level:
        after["level"] = st.selectbox(
            f"{_named(name)} is",
            allowed,
            index=allowed.index(before["level"]) if before["level"] in allowed else 0,
            key=f"{key} {name} level",
        )
    if after["level"] == "soft" and rule_rows.is_priced_here(name):
        with price:
            after["price_gbp"] = st.number_input(
                f"{_named(name)}: price, £",
                min_value=0.0,
                max_value=HIGHEST_PRICE,
                value=before["price_gbp"],
                key=f"{key} {name} price",
            )
    if after["level"] != "off":
        if before["value"] is not None:
            with value:
                after["value"] = st.number_input(
                    f"{_named(name)}: value",
                    min_value=0.0,
                    value=before["value"],
                    key=f"{key} {name} value",
                )
        for box, end in ((first, "from"), (last, "to")):
            with box:
                day = st.date_input(
                    f"{_named(name)}: {end}",
                    value=None if before[end] is None else date.fromisoformat(before[end]),
                    format="DD/MM/YYYY",
                    key=f"{key} {name} {end}",
                )
                after[end] = day.isoformat() if isinstance(day, date) else None
    return rule_rows.rule_change(before, after)


def _named(rule: str) -> str:
    return rule.replace("_", " ").capitalize()

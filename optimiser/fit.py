"""What the rules table makes of the rules: who is eligible where, and what a poorer fit costs.

``hard`` forbids a pair that breaks the rule, ``soft`` prices it by the week, ``off`` ignores it.
People who are alike in everything the rules look at form a class, so that a rule is worked out for
some thousands of classes and not for every person.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.words import RuleLevel
from optimiser.eligibility import (
    DAY_RULES,
    FREEZE_RULES,
    PLACE_RULES,
    RULE_NAMES,
    STAGE_FIT,
    days_of,
)
from optimiser.problem import PENNIES_PER_POUND, Integers


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule in force: how it binds, what a breach costs and its parameter."""

    name: str
    level: RuleLevel
    pennies_per_week: int
    value: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fit:
    """Who may be held where, and what each soft rule costs, by class of alike people.

    Attributes
    ----------
    class_of
        Class of each person; shape (people,).
    allowed
        May a person of this class be held in this unit; shape (classes, units).
    breaches
        For each soft rule: levels of breach times pennies a week; shape (classes, units).
    frozen
        Who stays where they are, whatever the rest says; shape (people,).
    move_breaches
        For each soft freeze: pennies a week of a move; shape (people,).
    """

    class_of: Integers
    allowed: NDArray[np.bool_]
    breaches: dict[str, Integers]
    frozen: NDArray[np.bool_]
    move_breaches: dict[str, Integers]


def rules_in_force(rules: pd.DataFrame, as_of: date) -> dict[str, Rule]:
    """Read the rules table as it stands on a date.

    Parameters
    ----------
    rules
        One row per rule, with the columns of the dictionary.
    as_of
        A rule binds from ``valid_from`` to ``valid_to``, both included; empty means no end.

    Returns
    -------
    dict
        Rule by name; a rule that is off, or not of this date, or not in the table, is left out.

    Raises
    ------
    ValueError
        For rules nobody knows, dates that end before they begin, and rules that stand twice.
    """
    unknown = sorted(set(rules["rule"]) - set(RULE_NAMES))
    faults = [f"rules: no rule '{name}'; known are {', '.join(RULE_NAMES)}" for name in unknown]
    start = rules["valid_from"].astype("str").replace("", date.min.isoformat())
    end = rules["valid_to"].astype("str").replace("", date.max.isoformat())
    faults += [f"rules: {name} ends before it begins" for name in rules.loc[end < start, "rule"]]
    if faults:
        raise ValueError("; ".join(faults))
    today = as_of.isoformat()
    current = rules[(start <= today) & (today <= end)]
    twice = sorted(set(current.loc[current["rule"].duplicated(), "rule"]))
    if twice:
        raise ValueError(
            f"rules: {', '.join(twice)} has more than one row on {today}. Make the dates of its "
            "rows follow each other."
        )
    current = current[current["level"] != RuleLevel.OFF]
    return {
        str(row.rule): Rule(
            name=str(row.rule),
            level=RuleLevel(str(row.level)),
            pennies_per_week=_pennies(row.price_gbp),
            value=_number(row.value),
        )
        for row in current.itertuples()
    }


def fit(
    prisoners: pd.DataFrame,
    units: pd.DataFrame,
    rules: dict[str, Rule],
    stage_rules: pd.DataFrame,
    as_of: date,
) -> Fit:
    """Work out who may be held where and what a poorer fit costs.

    Parameters
    ----------
    prisoners
        The population table; ``home_region`` and ``excluded`` may be added, and are empty if not.
    units
        The units table with the ``region`` of the establishment.
    rules
        Rules in force.
    stage_rules
        One row per function, status, band and days to release that fit badly.
    as_of
        Date on which holds are read.

    Returns
    -------
    Fit
        By class; a frozen person's current unit is allowed by the caller.
    """
    people = _rule_columns(prisoners, as_of)
    young = people["age"] <= rules["young_adult"].value if "young_adult" in rules else False
    cuts = _day_cuts(rules, stage_rules)
    class_of, first = _classes(people.assign(young=young), cuts)
    alike = people.iloc[first].reset_index(drop=True)
    allowed = np.ones((len(first), len(units)), dtype=np.bool_)
    breaches: dict[str, Integers] = {}
    for name, function in PLACE_RULES.items():
        if name not in rules:
            continue
        broken = function(alike, units, rules[name].value)
        if rules[name].level == RuleLevel.HARD:
            allowed &= broken == 0
        elif rules[name].pennies_per_week:
            breaches[name] = broken.astype(np.int64) * rules[name].pennies_per_week
    if STAGE_FIT in rules:
        forbidden, priced = _stage_breaches(alike, units, stage_rules)
        allowed &= ~forbidden
        breaches[STAGE_FIT] = priced
    frozen = np.zeros(len(people), dtype=np.bool_)
    move_breaches: dict[str, Integers] = {}
    for name, freezes in FREEZE_RULES.items():
        if name not in rules:
            continue
        applies = freezes(people, rules[name].value)
        if rules[name].level == RuleLevel.HARD:
            frozen |= applies
        else:
            move_breaches[name] = applies * np.int64(rules[name].pennies_per_week)
    if "stay_preference" in rules:
        stays = (people["preference"] == "stay").to_numpy()
        move_breaches["stay_preference"] = stays * np.int64(
            rules["stay_preference"].pennies_per_week
        )
    return Fit(
        class_of=class_of,
        allowed=allowed,
        breaches=breaches,
        frozen=frozen,
        move_breaches=move_breaches,
    )


def eligible(
    prisoners: pd.DataFrame,
    units: pd.DataFrame,
    rules: pd.DataFrame,
    stage_rules: pd.DataFrame,
    as_of: date,
) -> NDArray[np.bool_]:
    """Say who may be held where under the hard rules of a date; shape (prisoners, units).

    A frozen person may only stay; nobody else is sure of their present place.
    """
    found = fit(prisoners, units, rules_in_force(rules, as_of), stage_rules, as_of)
    allowed = found.allowed[found.class_of]
    current = prisoners["current_unit"].to_numpy()[:, None] == units["unit"].to_numpy()
    return np.where(found.frozen[:, None], current, allowed)


def _rule_columns(prisoners: pd.DataFrame, as_of: date) -> pd.DataFrame:
    until = pd.to_datetime(prisoners["hold_until"].replace("", None))
    lasts = until.isna() | (until > pd.Timestamp(as_of))
    extra = {name: "" for name in ("home_region", "excluded") if name not in prisoners.columns}
    return prisoners.assign(held=(prisoners["hold_reason"] != "") & lasts, **extra)


CLASS_COLUMNS = (
    "sex",
    "young",
    "category",
    "status",
    "sentence_band",
    "needs",
    "open_suitable",
    "home_region",
    "excluded",
)


def _classes(people: pd.DataFrame, cuts: list[float]) -> tuple[Integers, Integers]:
    """Find the classes of people alike to every rule; give the first person of each."""
    code = np.zeros(len(people), dtype=np.int64)
    days = days_of(people, "days_to_release")
    keys = [pd.factorize(people[name])[0] for name in CLASS_COLUMNS]
    keys.append(np.where(np.isnan(days), len(cuts) + 1, np.searchsorted(cuts, days, "right")))
    for key in keys:
        _, code = np.unique(code * (int(key.max(initial=0)) + 1) + key, return_inverse=True)
    _, first, class_of = np.unique(code, return_index=True, return_inverse=True)
    return class_of.astype(np.int64), first


def _day_cuts(rules: dict[str, Rule], stage_rules: pd.DataFrame) -> list[float]:
    cuts = {rules[name].value for name in DAY_RULES if name in rules}
    low = days_of(stage_rules, "days_min")
    high = days_of(stage_rules, "days_max")
    return sorted(cuts | set(low[~np.isnan(low)]) | {day + 1 for day in high[~np.isnan(high)]})


def _stage_breaches(
    people: pd.DataFrame, units: pd.DataFrame, stage_rules: pd.DataFrame
) -> tuple[NDArray[np.bool_], Integers]:
    shape = (len(people), len(units))
    forbidden, priced = np.zeros(shape, dtype=np.bool_), np.zeros(shape, dtype=np.int64)
    days = days_of(people, "days_to_release")
    low, high = days_of(stage_rules, "days_min"), days_of(stage_rules, "days_max")
    for row, least, most in zip(stage_rules.itertuples(), low, high, strict=True):
        who = (people["status"] == row.status).to_numpy()
        if row.band not in ("", "any"):
            who = who & (people["sentence_band"] == row.band).to_numpy()
        if not np.isnan(least):
            who = who & (days >= least)
        if not np.isnan(most):
            who = who & (days <= most)
        pairs = who[:, None] & (units["function"] == row.function).to_numpy()
        if row.level == RuleLevel.HARD:
            forbidden |= pairs
        elif row.level == RuleLevel.SOFT:
            priced += pairs * _pennies(row.price_gbp)
    return forbidden, priced


def _pennies(price: Any) -> int:
    return round(_number(price, 0.0) * PENNIES_PER_POUND)


def _number(value: Any, empty: float = float("nan")) -> float:
    return empty if value is None or value == "" or pd.isna(value) else float(value)

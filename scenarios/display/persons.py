"""One person of a plan in words and tables: why there, what else there is, what rules it out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

import pandas as pd

from data.words import LockReason
from scenarios.display import wording
from scenarios.display.markup import MINUS, Number, table

if TYPE_CHECKING:
    from scenarios.planning.explain import Explained

NO_PLACE = "without a place"
ALTERNATIVES = 25
"""Alternatives listed; a choice of places has all."""

REASONS = {
    LockReason.PAROLE: "a parole hearing",
    LockReason.MEDICAL: "a medical reason",
    LockReason.ON_PROGRAMME: "on a programme",
    LockReason.COURSE_OVERRIDE: "taken off a course of the sentence plan",
    LockReason.CARE_PLAN: "a care plan (ACCT)",
    LockReason.COURT: "court dates",
    LockReason.FAMILY: "a family reason",
    LockReason.RESETTLEMENT: "resettlement",
    LockReason.RECENT_TRANSFER: "a recent transfer",
    LockReason.OWN_WISH: "the person's own wish",
    LockReason.OPERATIONAL: "an operational reason",
    LockReason.SECURITY: "security",
    LockReason.PUBLIC_PROTECTION: "public protection",
    LockReason.KEEP_APART: "to be kept apart from somebody",
    LockReason.RESTRICTED_CONTACT: "a restricted contact",
}
"""Why a planner decides otherwise, in words."""

ACTIONS = {"lock": "held in", "forbid": "kept away from"}


def place(unit: str, establishment: str, names: Mapping[str, str]) -> str:
    """Name a unit with its prison.

    Examples
    --------
    >>> place("LEI-1", "LEI", {"LEI": "Leeds"}), place("", "", {})
    ('Leeds (LEI-1)', 'without a place')
    """
    return f"{names.get(establishment, establishment)} ({unit})" if unit else NO_PLACE


def answer(found: Explained, names: Mapping[str, str]) -> str:
    """Say in a sentence where a plan holds a person, and against which next best place."""
    rows = wording.records(found.one.alternatives)
    chosen = rows[0]
    here = place(str(chosen["unit"]), str(chosen["establishment"]), names)
    miles = _from_home(chosen["straight_miles"])
    if chosen["is_today"]:
        said = f"{found.one.prisoner_id} stays in {here}{miles}, as today."
    else:
        before = found.from_unit
        from_here = place(before, before.partition("-")[0], names) if before else "no unit"
        said = f"{found.one.prisoner_id} would be held in {here}{miles}; today in {from_here}."
    others = [row for row in rows[1:] if row["unit"]]
    if not others:
        return f"{said} No other place may hold this person."
    best = others[0]
    there = place(str(best["unit"]), str(best["establishment"]), names)
    if best["forcing_gbp"] == 0:
        return f"{said} {there} would be as good for all together."
    least = "at least " if found.one.is_bound else ""
    return (
        f"{said} The next best is {there}, which would cost {least}"
        f"{pounds(best['forcing_gbp'])} more in all over the stay."
    )


def _from_home(miles: float) -> str:
    return "" if miles != miles else f", {miles:.1f} miles from home"


def pounds(value: float) -> str:
    """Write pounds and pence.

    Examples
    --------
    >>> pounds(1234.5), pounds(2)
    ('£1,234.50', '£2.00')
    """
    return f"{MINUS if value < 0 else ''}£{abs(value):,.2f}"


def numbers(found: Explained) -> list[Number]:
    """Give what the value of the plan is made of: this person, everybody else, and both."""
    return [
        Number(
            label="This person",
            value=pounds(found.own_gbp),
            unit="weighted, over the stay",
            note="What is counted for the person and the family.",
        ),
        Number(label="Everybody else", value=wording.pounds(found.others_gbp), unit="weighted"),
        Number(
            label="Crowding and ties",
            value=wording.pounds(found.together_gbp),
            unit="of all together",
        ),
        Number(
            label="The plan may be above the best by",
            value=pounds(found.gap_gbp),
            unit="at most",
            note="Prices below are bounds at the plan's limits."
            if found.one.is_bound
            else "Prices below are exact.",
        ),
    ]


def alternatives(found: Explained, names: Mapping[str, str]) -> str:
    """List the places that may hold a person, the chosen one first, then the cheapest to force."""
    rows = found.one.alternatives
    shown = rows.head(ALTERNATIVES)
    told = shown.assign(
        place=[
            place(str(row["unit"]), str(row["establishment"]), names)
            for row in wording.records(shown)
        ],
        stands=[_stands(row) for row in wording.records(shown)],
        **{name: shown[name].map(pounds) for name in GBP},
    )
    more = len(rows) - len(shown)
    return table(
        told,
        "Places that may hold this person, in weighted pounds over the stay",
        labels={
            "place": "Place",
            "stands": "Which",
            "straight_miles": "Miles from home",
            "own_gbp": "Cost to the person and family",
            "own_change_gbp": "Change in it",
            "others_gbp": "Price to others",
            "forcing_gbp": "More in all",
            "change_needed": "What would have to change",
        }
        if "limits_gbp" in rows
        else {
            "place": "Place",
            "straight_miles": "Miles from home",
            "own_gbp": "Cost to the person and family",
            "forcing_gbp": "More in all",
        },
        right=GBP,
        note=f"{more:,} more may hold this person, and are dearer." if more else "",
        scroll=True,
    )


GBP = ("own_gbp", "own_change_gbp", "others_gbp", "forcing_gbp")


def _stands(row: Mapping[str, Any]) -> str:
    words = [*(["chosen"] if row["rank"] == 0 else []), *(["today"] if row["is_today"] else [])]
    return ", ".join(words).capitalize()


def terms(found: Explained) -> str:
    """List what a person's own cost is made of, in the chosen place and in the next best."""
    rows = found.one.terms
    told = pd.DataFrame(
        {
            "term": [wording.term(str(name)) for name in rows],
            "here": [pounds(float(value)) for value in rows.iloc[0]],
        }
    )
    labels = {"term": "Term", "here": "In the chosen place"}
    if len(rows) > 1:
        told["next"] = [pounds(float(value)) for value in rows.iloc[1]]
        labels["next"] = "In the next best"
    return table(
        told,
        "What the person's own cost is made of, in weighted pounds over the stay",
        labels=labels,
        right=("here", "next"),
    )


def excluded(found: Explained, names: Mapping[str, str]) -> str:
    """List the prisons that may not hold a person: the first rule, and what would have to change.

    That men and women are held apart is told once, not prison by prison.
    """
    from scenarios.planning.explain import excluded_sites

    sites = excluded_sites(found)
    near = sites[sites["rule"] != "sex"]
    told = near.assign(
        name=near["establishment"].map(lambda code: names.get(code, code)),
        rule_told=near["rule"].str.replace("_", " ").str.capitalize(),
        says=near["rule"].map(lambda rule: found.says.get(rule, "")),
    )
    apart = len(sites) - len(near)
    note = (
        f"{wording.count(apart, 'prison')} of the other sex "
        f"{'is' if apart == 1 else 'are'} left out."
        if apart
        else ""
    )
    return table(
        told,
        "Prisons that may not hold this person, nearest home first",
        labels={
            "name": "Prison",
            "straight_miles": "Miles from home",
            "rule_told": "First rule against it",
            "says": "What it says",
            "change_needed": "What would have to change",
        },
        note=note,
        scroll=True,
    )


def choices(found: Explained, names: Mapping[str, str]) -> dict[str, str]:
    """Give the units and prisons a decision can name, each with its words: open places first.

    Returns
    -------
    dict
        Unit or establishment, and what it is called in a list with what forcing it costs.
    """
    told: dict[str, str] = {}
    for row in wording.records(found.one.alternatives):
        if not row["unit"]:
            continue
        cost = "chosen" if row["rank"] == 0 else f"{pounds(row['forcing_gbp'])} more in all"
        where = place(str(row["unit"]), str(row["establishment"]), names)
        told[str(row["unit"])] = f"{where}: {cost}"
    sites = dict.fromkeys(str(code) for code in found.one.alternatives["establishment"] if code)
    told |= {code: f"{names.get(code, code)}: any unit" for code in sites}
    return told


def decided(locks: pd.DataFrame, names: Mapping[str, str]) -> str:
    """List planners' decisions."""
    told = locks.assign(
        does=locks["action"].map(ACTIONS),
        place=[_lock_place(str(code), names) for code in locks["unit_or_establishment"]],
        reason=locks["reason_code"].map(lambda code: reason(str(code))).str.capitalize(),
        review=[wording.published(str(day)) for day in locks["review_date"]],
    )
    return table(
        told,
        wording.count(len(locks), "decision") + " of planners for these tables",
        labels={
            "prisoner_id": "Person",
            "does": "Is to be",
            "place": "Place",
            "reason": "Reason",
            "note": "Note",
            "owner": "Who decided",
            "review": "To be reviewed",
        },
        scroll=True,
    )


def _lock_place(code: str, names: Mapping[str, str]) -> str:
    establishment, _, unit = code.partition("-")
    named = names.get(establishment, establishment)
    return f"{named} ({code})" if unit else f"{named}, any unit"


def reason(code: str) -> str:
    """Write the reason of a lock in words; a code that is not known is shown as it is."""
    return REASONS.get(LockReason(code), code) if code in set(LockReason) else code


def unsaid(why: str | None, note: str, owner: str) -> list[str]:
    """List what a decision about a person must say and does not.

    Examples
    --------
    >>> unsaid(None, "seen on 3 June", " ")
    ['Choose a reason.', 'Say who decides: a named officer.']
    """
    asked = {
        "Choose a reason.": why,
        "Write a note: what the decision rests on.": note,
        "Say who decides: a named officer.": owner,
    }
    return [words for words, said in asked.items() if not (said or "").strip()]


def too_soon(review: date | None, after: date) -> list[str]:
    """Say that a day of review is not to come, or that none was chosen.

    Examples
    --------
    >>> too_soon(date(2026, 8, 3), date(2026, 8, 3))
    ['Choose a day of review after 3 August 2026.']
    """
    if review is not None and review > after:
        return []
    return [f"Choose a day of review after {wording.day(after.isoformat())}."]


def decision(row: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """Name one decision, for its button."""
    does = ACTIONS[str(row["action"])]
    return f"{does} {_lock_place(str(row['unit_or_establishment']), names)}"


def cost_of_steering(account: Mapping[str, Any]) -> str:
    """Say in a sentence what a plan costs more than the one before it, and whom it moved.

    Parameters
    ----------
    account
        Content of ``steered.json``.
    """
    cost = float(account["cost_gbp"])
    way = "more" if cost >= 0 else "less"
    locked, others = account["elsewhere_under_a_lock"], account["elsewhere_others"]
    return (
        f"Deciding again costs {pounds(abs(cost))} {way} in all. In another prison than before: "
        f"{wording.count(locked, 'person')} under a lock and {wording.count(others, 'person')} who "
        f"made room or took the place; {wording.count(account['other_unit'], 'person')} in another "
        "unit of the same prison."
    )


def steering_numbers(account: Mapping[str, Any]) -> list[Number]:
    """Give what the difference to the earlier plan is made of."""
    return [
        Number(
            label="In all",
            value=pounds(float(account["cost_gbp"])),
            unit="weighted, over the stay",
            note=" ".join(str(note) for note in account["notes"]),
        ),
        Number(label="People's own costs", value=pounds(float(account["own_gbp"]))),
        Number(label="Crowding and ties", value=pounds(float(account["together_gbp"]))),
    ]


def changed(rows: pd.DataFrame, names: Mapping[str, str]) -> str:
    """List whom a plan holds elsewhere than the earlier one.

    Parameters
    ----------
    rows
        Content of ``changed.parquet``.
    """
    told = rows.assign(
        was=[place(unit, unit.partition("-")[0], names) for unit in rows["before"].astype("str")],
        now=[place(unit, unit.partition("-")[0], names) for unit in rows["unit"].astype("str")],
        own=rows["own_change_gbp"].map(pounds),
    )
    return table(
        told,
        f"{wording.count(len(rows), 'person')} in another unit than in the earlier plan",
        labels={
            "prisoner_id": "Person",
            "locked": "Under a lock",
            "was": "Before",
            "now": "Now",
            "other_establishment": "Another prison",
            "own": "Change in own cost",
        },
        right=("own",),
        scroll=True,
    )

"""Why a person may not be held in a place, and what would have to change for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from data.words import LIST_SEPARATOR, Category
from optimiser.eligibility import HOLD, SECURITY_ORDER

RESTRICTED = "restricted reason"
"""What stands for a reason that only planners may read."""

RESTRICTED_RULES = frozenset(
    {
        "public_protection",
        "barred_contact",
        "sexual_offence_unit",
        "sexual_offence_safety",
        "therapeutic_unit",
        "therapeutic_need",
        "return_bed",
        "escape_list",
        "constant_supervision",
        "safer_cell",
        "medical",
        "accessible",
        "ground_floor",
        "mother_and_baby",
        "special_vehicle",
        "hold_medical",
        "hold_care_plan",
        "hold_segregation",
        "hold_security",
        "hold_approval",
    }
)
"""Rules that say what only planners may read: protection, contact, offence, treatment, health and
security."""


def readable_rules(rules: Iterable[str]) -> tuple[str, ...]:
    """Give names of rules in order as everybody may read them, each once.

    Examples
    --------
    >>> readable_rules(["young_adult", "medical", "escape_list"])
    ('restricted reason', 'young_adult')
    """
    return tuple(sorted({RESTRICTED if rule in RESTRICTED_RULES else rule for rule in rules}))


LOCK = "lock"
"""What excludes a place that a planner's lock rules out and no rule does."""

NEVER = "nothing: it stays so until release"

Facts = Mapping[str, Any]
"""A row of a table, by column."""

Needed = Callable[[Facts, Facts, float], str]
"""From a person, a unit and the value of a rule to what would have to change."""


def change_needed(rule: str, person: Facts, unit: Facts, value: float) -> str:
    """Say what would have to change for a rule to let a person into a unit.

    Parameters
    ----------
    rule
        A hard rule that the pair breaks.
    person, unit
        Rows of the population and the units table.
    value
        The rule's value; NaN where it has none.

    Examples
    --------
    >>> change_needed("open_time_left", {"days_to_release": 1968}, {}, 1826)
    'open in 143 days'
    >>> change_needed("young_adult", {"age": 19}, {}, 20)
    'the age of 21'
    """
    if rule in CHANGES:
        return CHANGES[rule](person, unit, value)
    if rule.startswith(HOLD):
        until = str(person.get("hold_until", ""))
        return f"hold ends {until}" if until else "the hold ends"
    return f"the rule {rule} would have to be relaxed"


def most_specific(rules: Sequence[Sequence[str]], order: Sequence[str]) -> int:
    """Choose which unit of an establishment comes nearest to being allowed.

    Parameters
    ----------
    rules
        The rules that exclude each unit, first things first.
    order
        Names in the order in which an exclusion is explained.

    Returns
    -------
    int
        The unit whose first rule comes last, with the fewest rules among those alike.
    """
    rank = {name: number for number, name in enumerate(order)}
    return min(
        range(len(rules)),
        key=lambda unit: (-rank.get(rules[unit][0], len(rank)), len(rules[unit]), unit),
    )


def _days(person: Facts, column: str) -> float:
    value = person.get(column, "")
    return float(value) if value not in ("", None) else float("nan")


def _open_in(person: Facts, unit: Facts, value: float) -> str:
    left = _days(person, "days_to_release")
    return f"open in {left - value + 1:,.0f} days"


def _few_enough_left(person: Facts, unit: Facts, value: float) -> str:
    left = _days(person, "days_to_release")
    return f"{value:,.0f} days left: in {left - value:,.0f} days"


def _after_sentence(person: Facts, unit: Facts, value: float) -> str:
    return f"in {value - _days(person, 'days_since_sentence'):,.0f} days"


def _lower_category(person: Facts, unit: Facts, value: float) -> str:
    held = [word for word in str(unit.get("categories", "")).split(LIST_SEPARATOR) if word]
    known = [word for word in held if word != Category.UNCATEGORISED]
    if not known:
        return "a lower category"
    highest = max(known, key=lambda word: SECURITY_ORDER.get(Category(word), 0))
    return f"category {highest}"


def _says(text: str) -> Needed:
    return lambda person, unit, value: text


CHANGES: dict[str, Needed] = {
    "sex": _says("nothing: the estates are separate"),
    "remand": _says("sentence, and a category that this unit holds"),
    "category": _lower_category,
    "young_adult": lambda person, unit, value: f"the age of {value + 1:.0f}",
    "foreign_national_unit": _says("being of interest to the Home Office"),
    "foreign_national_least": _says(NEVER),
    "foreign_national_most": _few_enough_left,
    "foreign_national_need": _says("no longer being of interest to the Home Office"),
    "sexual_offence_unit": _says("nothing: it holds people convicted of sexual offences"),
    "sexual_offence_safety": _says("a wing for sexual offences there"),
    "therapeutic_unit": _says("an assessment for a therapeutic community"),
    "escape_list": _says("leaving the escape list, or a cell for it there"),
    "open_suitable": _says("an assessment as suitable for open conditions"),
    "open_time_left": _open_in,
    "open_earlier_sentence": _says("five years since the release from the earlier sentence"),
    "open_deportation": _says("an appeal, or another decision of the Home Office"),
    "open_parole_board": _says("the Parole Board and a minister agree"),
    "public_protection": _says("another decision on public protection"),
    "sentence_plan_course": _says("the end of the course, or that it is offered there"),
    "category_a_frozen": _says("a decision of the central team for category A"),
    "short_time_left": _says(NEVER),
    "after_sentence": _after_sentence,
    LOCK: _says("unlock"),
}
"""What would have to change, by rule; the wording of holds and of other rules is general."""

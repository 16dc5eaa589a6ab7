"""Every rule: what breaks it, and what the rules table makes of that."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest

from data.load import read_table
from optimiser.eligibility import (
    FREEZE_RULES,
    PLACE_RULES,
    RULE_NAMES,
)
from optimiser.fit import eligible, fit, rules_in_force
from tests.optimiser.toy_world import AS_OF, person

UNIT = {
    "unit": "AAA-1",
    "establishment": "AAA",
    "region": "West",
    "function": "training",
    "sex": "men",
    "categories": "B;C",
    "needs_served": "",
    "young_offenders": True,
}

WOMAN = {"sex": "women", "category": "closed"}
WOMENS_OPEN = {"sex": "women", "function": "womens_open", "categories": "open"}
OPEN = {"function": "open", "categories": "D"}
CATEGORY_D = {"category": "D", "open_suitable": True}
REMAND = {"status": "remand", "category": "U", "days_to_release": None}

CASES: list[tuple[str, dict[str, Any], dict[str, Any], float]] = [
    ("sex", {}, {}, 0),
    ("sex", WOMAN, {}, 1),
    ("sex", {}, WOMENS_OPEN, 1),
    ("remand", REMAND, {}, 1),
    ("remand", REMAND, {"categories": "B;C;U"}, 0),
    ("remand", {"category": "U"}, {}, 1),
    ("remand", {}, {}, 0),
    ("category", {"category": "B"}, {"categories": "C"}, 1),
    ("category", {"category": "B"}, {"categories": "B;C"}, 0),
    ("category", {"category": "C"}, {"categories": "B"}, 0),
    ("category", {"category": "A"}, {"categories": "B;C"}, 1),
    ("category", {"category": "A"}, {"categories": "A;B"}, 0),
    ("category", {"category": "C"}, OPEN, 1),
    ("category", {"category": "U"}, {"categories": "B;U"}, 0),
    ("category", WOMAN, WOMENS_OPEN, 1),
    ("over_security", {"category": "C"}, {"categories": "B;C"}, 0),
    ("over_security", {"category": "C"}, {"categories": "B"}, 1),
    ("over_security", {"category": "D"}, {"categories": "C"}, 1),
    ("over_security", {"category": "D"}, {"categories": "A;B"}, 2),
    ("over_security", {"category": "U"}, {"categories": "B;U"}, 0),
    ("young_adult", {"age": 20}, {"young_offenders": False}, 1),
    ("young_adult", {"age": 21}, {"young_offenders": False}, 0),
    ("young_adult", {"age": 19}, {}, 0),
    ("foreign_national_unit", {}, {"needs_served": "foreign_national_interest"}, 1),
    (
        "foreign_national_unit",
        {"needs": "foreign_national_interest"},
        {"needs_served": "accessible;foreign_national_interest"},
        0,
    ),
    ("foreign_national_unit", {"needs": "foreign_national_interest"}, {}, 0),
    ("sexual_offence_unit", {}, {"needs_served": "sexual_offences"}, 1),
    (
        "sexual_offence_unit",
        {"needs": "sexual_offences"},
        {"needs_served": "accessible;sexual_offences"},
        0,
    ),
    ("sexual_offence_safety", {"needs": "sexual_offences"}, {}, 1),
    ("sexual_offence_safety", {"needs": "sexual_offences"}, {"function": "resettlement"}, 1),
    ("sexual_offence_safety", {"needs": "sexual_offences"}, {"function": "reception"}, 0),
    ("sexual_offence_safety", {"needs": "sexual_offences"}, OPEN, 0),
    (
        "sexual_offence_safety",
        {"needs": "sexual_offences"},
        {"needs_served": "sexual_offences"},
        0,
    ),
    ("sexual_offence_safety", {}, {}, 0),
    ("therapeutic_unit", {}, {"needs_served": "therapeutic"}, 1),
    ("therapeutic_unit", {"needs": "therapeutic"}, {"needs_served": "therapeutic"}, 0),
    ("therapeutic_need", {"needs": "therapeutic"}, {}, 1),
    ("therapeutic_need", {"needs": "therapeutic"}, {"needs_served": "therapeutic"}, 0),
    ("mother_and_baby", {"needs": "mother_and_baby"}, {}, 1),
    ("mother_and_baby", {"needs": "mother_and_baby"}, {"needs_served": "mother_and_baby"}, 0),
    ("accessible", {"needs": "accessible"}, {}, 1),
    ("accessible", {"needs": "accessible"}, {"needs_served": "accessible"}, 0),
    ("accessible", {}, {}, 0),
    ("open_suitable", {"category": "D"}, OPEN, 1),
    ("open_suitable", CATEGORY_D, OPEN, 0),
    ("open_suitable", {"category": "D"}, {}, 0),
    ("open_time_left", {**CATEGORY_D, "days_to_release": 1826}, OPEN, 1),
    ("open_time_left", {**CATEGORY_D, "days_to_release": 1825}, OPEN, 0),
    ("open_time_left", {**CATEGORY_D, "days_to_release": None}, OPEN, 0),
    ("open_time_left", {"days_to_release": 4000}, {}, 0),
    ("region", {"home_region": "East"}, {}, 1),
    ("region", {"home_region": "West"}, {}, 0),
    ("region", {"home_region": ""}, {}, 0),
    ("public_protection", {"excluded": "AAA;BBB"}, {}, 1),
    ("public_protection", {"excluded": "BBB"}, {}, 0),
]


def people(*columns: dict[str, Any]) -> pd.DataFrame:
    extra = {"home_region": "", "excluded": ""}
    rows = [extra | person(n, "west", "AAA-1", **each) for n, each in enumerate(columns)]
    table = pd.DataFrame(rows)
    return table.assign(days_to_release=table["days_to_release"].astype("Int64"))


def units(*columns: dict[str, Any]) -> pd.DataFrame:
    return pd.DataFrame([UNIT | {"unit": f"AAA-{n}"} | each for n, each in enumerate(columns)])


def rule(name: str, level: str, **columns: Any) -> pd.DataFrame:
    row = {"rule": name, "level": level, "price_gbp": "", "value": "", "valid_from": ""}
    return pd.DataFrame([row | {"valid_to": "", "source": "", "confidence": ""} | columns])


NO_STAGES = pd.DataFrame(
    columns=["function", "status", "band", "days_min", "days_max", "level", "price_gbp"]
)


@pytest.mark.parametrize(("name", "who", "where", "expected"), CASES)
def test_rule_is_broken_as_its_source_says(
    name: str, who: dict[str, Any], where: dict[str, Any], expected: float
) -> None:
    value = {"young_adult": 20.0, "open_time_left": 1826.0}.get(name, float("nan"))

    broken = PLACE_RULES[name](people(who), units(where), value)

    assert float(np.asarray(broken)[0, 0]) == expected


@pytest.mark.parametrize(
    ("name", "who", "expected"),
    [
        ("category_a_frozen", {"category": "A"}, True),
        ("category_a_frozen", {"category": "B"}, False),
        ("short_time_left", {"days_to_release": 27}, True),
        ("short_time_left", {"days_to_release": 28}, False),
        ("short_time_left", REMAND, False),
        ("hold", {"hold_reason": "medical", "hold_until": "2026-08-01"}, True),
        ("hold", {"hold_reason": "medical", "hold_until": "2026-07-27"}, False),
        ("hold", {"hold_reason": "medical"}, True),
        ("hold", {}, False),
    ],
)
def test_people_are_frozen_in_place(name: str, who: dict[str, Any], expected: bool) -> None:
    found = fit(
        people(who),
        units({}),
        rules_in_force(rule(name, "hard", value=28), AS_OF),
        NO_STAGES,
        AS_OF,
    )

    assert found.frozen.tolist() == [expected]


def test_every_rule_of_the_table_has_its_function_and_its_test() -> None:
    tested = {name for name, *_ in CASES}

    assert set(read_table("rules")["rule"]) == set(RULE_NAMES)
    assert tested == set(PLACE_RULES)
    assert set(FREEZE_RULES) == {"category_a_frozen", "short_time_left", "hold"}


def test_a_hard_rule_forbids_a_soft_one_prices_and_off_ignores() -> None:
    who, where = people({"category": "C"}), units({"categories": "B"})

    def found(level: str) -> Any:
        table = rule("over_security", level, price_gbp=12)
        return fit(who, where, rules_in_force(table, AS_OF), NO_STAGES, AS_OF)

    assert not found("hard").allowed[0, 0]
    assert found("soft").allowed[0, 0]
    assert found("soft").breaches["over_security"][0, 0] == 1200
    assert found("off").allowed[0, 0]
    assert found("off").breaches == {}


@pytest.mark.parametrize(
    ("valid_from", "valid_to", "binds"),
    [
        ("", "", True),
        ("2026-07-27", "", True),
        ("2026-07-28", "", False),
        ("", "2026-07-27", True),
        ("", "2026-07-26", False),
    ],
)
def test_a_rule_binds_between_its_dates(valid_from: str, valid_to: str, binds: bool) -> None:
    table = rule("sex", "hard", valid_from=valid_from, valid_to=valid_to)

    assert ("sex" in rules_in_force(table, date(2026, 7, 27))) == binds


def test_unknown_rules_and_dates_that_end_too_early_are_reported_together() -> None:
    table = pd.concat(
        [
            rule("sexx", "hard"),
            rule("sex", "hard", valid_from="2026-02-01", valid_to="2026-01-01"),
        ]
    )

    with pytest.raises(ValueError, match=r"no rule 'sexx'.*; rules: sex ends before it begins"):
        rules_in_force(table, AS_OF)


def test_a_rule_with_two_rows_on_one_day_is_refused() -> None:
    twice = pd.concat([rule("sex", "hard"), rule("sex", "off")], ignore_index=True)

    with pytest.raises(ValueError, match="sex has more than one row on 2026-07-27"):
        rules_in_force(twice, AS_OF)


def test_stage_rules_price_and_forbid_by_function_status_band_and_days() -> None:
    stages = pd.DataFrame(
        [
            ("training", "sentenced", "12_to_48_months", None, 91, "soft", 8),
            ("training", "recall", "any", 1097, None, "hard", None),
            ("training", "sentenced", "any", None, None, "off", 99),
        ],
        columns=NO_STAGES.columns,
    )
    who = people(
        {"days_to_release": 91},
        {"days_to_release": 92},
        {"days_to_release": 91, "sentence_band": "4_to_10_years"},
        {"status": "recall", "days_to_release": 1097},
        {"status": "recall", "days_to_release": 1096},
        {"status": "recall", "days_to_release": None},
    )

    found = fit(who, units({}), rules_in_force(rule("stage_fit", "soft"), AS_OF), stages, AS_OF)

    prices = found.breaches["stage_fit"][found.class_of, 0]
    assert prices.tolist() == [800, 0, 0, 0, 0, 0]
    assert found.allowed[found.class_of, 0].tolist() == [True, True, True, False, True, True]


def test_soft_holds_and_a_wish_to_stay_price_a_move() -> None:
    who = people({"preference": "stay"}, {"hold_reason": "medical"}, {})
    table = pd.concat(
        [rule("hold", "soft", price_gbp=7), rule("stay_preference", "soft", price_gbp=10)]
    )

    found = fit(who, units({}), rules_in_force(table, AS_OF), NO_STAGES, AS_OF)

    assert not found.frozen.any()
    assert found.move_breaches["stay_preference"].tolist() == [1000, 0, 0]
    assert found.move_breaches["hold"].tolist() == [0, 700, 0]


def test_classes_give_each_person_the_answer_of_their_own() -> None:
    """Everybody at once equals everybody alone."""
    columns = [who for _, who, *_ in CASES] + [{"age": 18 + n} for n in range(4)]
    places = units(*(where for _, _, where, _ in CASES))
    rules, stages = read_table("rules"), read_table("stage_rules")

    together = eligible(people(*columns), places, rules, stages, AS_OF)

    for row, who in enumerate(columns):
        alone = eligible(people(who), places, rules, stages, AS_OF)
        assert np.array_equal(alone[0], together[row])


def test_a_frozen_person_may_only_stay() -> None:
    who = people({"category": "A"})
    places = units({}, {"categories": "A;B"})

    allowed = eligible(
        who.assign(current_unit="AAA-0"), places, read_table("rules"), NO_STAGES, AS_OF
    )

    assert allowed.tolist() == [[True, False]]


def test_built_in_stage_rules_are_words_of_the_population() -> None:
    stages = read_table("stage_rules")
    keys = stages[["function", "status", "band", "days_min", "days_max"]].astype(str)

    assert not keys.duplicated().any()
    assert set(stages["band"]) <= {
        "any",
        "under_12_months",
        "12_to_48_months",
        "4_to_10_years",
        "10_years_and_over",
        "indeterminate",
    }

"""Every rule about places and moves: what breaks it, by example."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from data.load import read_table
from data.words import RuleLevel
from optimiser.eligibility import (
    CAPACITY_RULES,
    ESTABLISHMENT_RULES,
    HOLD_REASONS,
    LEVELS,
    MOVE_RULES,
    NEED_VALUE,
    PERSON_RULES,
    PRICED_ELSEWHERE,
    RULE_NAMES,
    UNIT_RULES,
    Places,
)
from optimiser.fit import as_rules_see
from tests.optimiser.rule_world import WEST_OF_EAST, book, people, units

WOMAN = {"sex": "women", "category": "closed"}
WOMENS_OPEN = {"sex": "women", "function": "womens_open", "categories": "open"}
OPEN = {"function": "open", "categories": "D"}
CATEGORY_D = {"category": "D", "open_suitable": True}
FOREIGN = {"function": "foreign_national", "needs_served": "foreign_national_interest"}
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
    ("foreign_national_least", {"days_to_release": 90}, FOREIGN, 1),
    ("foreign_national_least", {"days_to_release": 91}, FOREIGN, 0),
    ("foreign_national_least", {"days_to_release": 90}, {}, 0),
    ("foreign_national_most", {"days_to_release": 1097}, FOREIGN, 1),
    ("foreign_national_most", {"days_to_release": 1096}, FOREIGN, 0),
    ("foreign_national_most", {"days_to_release": None}, FOREIGN, 0),
    ("foreign_national_need", {"needs": "foreign_national_interest"}, {}, 1),
    ("foreign_national_need", {}, {}, 0),
    *(
        case
        for need in ("ground_floor", "medical", "constant_supervision", "safer_cell", "escape_list")
        for case in (
            (need, {"needs": need}, {}, 1),
            (need, {"needs": f"accessible;{need}"}, {"needs_served": need}, 0),
            (need, {}, {}, 0),
        )
    ),
    ("open_filter_least", {**CATEGORY_D, "days_to_release": 83}, OPEN, 1),
    ("open_filter_least", {**CATEGORY_D, "days_to_release": 84}, OPEN, 0),
    ("open_filter_least", {**CATEGORY_D, "days_to_release": 83}, {}, 0),
    ("open_filter_most", {**CATEGORY_D, "days_to_release": 1097}, OPEN, 1),
    ("open_filter_most", {**CATEGORY_D, "days_to_release": 1096}, OPEN, 0),
    ("open_earlier_sentence", {"flags": "earlier_long_sentence"}, OPEN, 1),
    ("open_earlier_sentence", {"flags": "earlier_long_sentence"}, {}, 0),
    ("open_deportation", {"flags": "deportation_final;special_vehicle"}, OPEN, 1),
    ("open_deportation", {"flags": "special_vehicle"}, OPEN, 0),
    ("open_parole_board", {"flags": "awaits_parole_board"}, WOMENS_OPEN, 1),
    ("open_parole_board", {}, WOMENS_OPEN, 0),
]

VALUES = {
    "young_adult": 20.0,
    "open_time_left": 1826.0,
    "foreign_national_least": 91.0,
    "foreign_national_most": 1096.0,
    "open_filter_least": 84.0,
    "open_filter_most": 1096.0,
}

PLACE_CASES: list[tuple[str, dict[str, Any], list[float]]] = [
    ("region", {"home_area": "west"}, [0, 0, 1]),
    ("region", {"home_area": "east"}, [1, 1, 0]),
    ("region", {"home_area": ""}, [0, 0, 0]),
    ("release_region", {"release_area": "east", "days_to_release": 91}, [1, 1, 0]),
    ("release_region", {"release_area": "east", "days_to_release": 92}, [0, 0, 0]),
    ("release_region", {"release_area": "east", "days_to_release": None}, [0, 0, 0]),
    ("release_region", {"release_area": "", "days_to_release": 10}, [0, 0, 0]),
    (
        "release_region",
        {"release_area": "east", "days_to_release": 10, "status": "remand"},
        [0, 0, 0],
    ),
    ("court_alignment", {"court_area": "west", "status": "remand"}, [1, 0, 2]),
    ("court_alignment", {"court_area": "east", "status": "remand"}, [1, 1, 0]),
    ("court_alignment", {"court_area": "west"}, [0, 0, 0]),
    ("court_alignment", {"court_area": "middle", "status": "remand"}, [0, 0, 0]),
    ("court_alignment", {"court_area": "", "status": "remand"}, [0, 0, 0]),
    ("nearer_preference", {"preference": "nearer", "current_unit": "BBB-1"}, [0, 1, 1]),
    ("nearer_preference", {"preference": "nearer", "current_unit": "AAA-1"}, [1, 1, 1]),
    ("nearer_preference", {"preference": "stay", "current_unit": "BBB-1"}, [0, 0, 0]),
    ("nearer_preference", {"preference": "nearer", "home_area": ""}, [0, 0, 0]),
    ("public_protection", {"excluded": "AAA;BBB"}, [1, 1, 0]),
    ("public_protection", {}, [0, 0, 0]),
    ("sentence_plan_course", {"planned_sites": "AAA;CCC"}, [0, 1, 0]),
    ("sentence_plan_course", {"planned_sites": ""}, [0, 0, 0]),
]
"""Against establishments AAA and BBB in the west and CCC in the east, at 0, 50 and 100 miles."""

MOVE_CASES: list[tuple[str, dict[str, Any], bool]] = [
    ("category_a_frozen", {"category": "A"}, True),
    ("category_a_frozen", {"category": "B"}, False),
    ("short_time_left", {"days_to_release": 27}, True),
    ("short_time_left", {"days_to_release": 28}, False),
    ("short_time_left", REMAND, False),
    ("after_sentence", {"days_since_sentence": 13}, True),
    ("after_sentence", {"days_since_sentence": 14}, False),
    ("after_sentence", {"days_since_sentence": 13, "status": "recall"}, False),
    ("after_sentence", {}, False),
    *(
        case
        for reason in HOLD_REASONS
        for case in (
            (f"hold_{reason}", {"hold_reason": reason, "hold_until": "2026-08-01"}, True),
            (f"hold_{reason}", {"hold_reason": reason, "hold_until": "2026-07-27"}, False),
            (f"hold_{reason}", {"hold_reason": reason}, True),
            (f"hold_{reason}", {"hold_reason": "another"}, False),
            (f"hold_{reason}", {}, False),
        )
    ),
    ("hold_other", {"hold_reason": "another"}, True),
    ("hold_other", {"hold_reason": "medical"}, False),
    ("hold_other", {"hold_reason": "another", "hold_until": "2026-07-01"}, False),
    ("hold_other", {}, False),
    ("stay_preference", {"preference": "stay"}, True),
    ("stay_preference", {"preference": "nearer"}, False),
    ("special_vehicle", {"flags": "special_vehicle"}, True),
    ("special_vehicle", {"needs": "accessible"}, True),
    ("special_vehicle", {"needs": "mother_and_baby"}, True),
    ("special_vehicle", {"needs": "therapeutic"}, False),
]
MOVE_VALUES = {"short_time_left": 28.0, "after_sentence": 14.0}


@pytest.mark.parametrize(("name", "who", "where", "expected"), CASES)
def test_a_rule_about_units_is_broken_as_its_source_says(
    name: str, who: dict[str, Any], where: dict[str, Any], expected: float
) -> None:
    person = as_rules_see(people(who), book())

    broken = UNIT_RULES[name](person, units(where), VALUES.get(name, float("nan")))

    assert float(np.asarray(broken)[0, 0]) == expected


@pytest.mark.parametrize(("name", "who", "expected"), PLACE_CASES)
def test_a_rule_about_establishments_is_broken_as_its_source_says(
    name: str, who: dict[str, Any], expected: list[float]
) -> None:
    rules = book(places=WEST_OF_EAST)
    person = as_rules_see(people({"home_area": "west"} | who), rules)

    broken = ESTABLISHMENT_RULES[name](person, WEST_OF_EAST, 91.0)

    assert np.asarray(broken, dtype=float)[0].tolist() == expected


@pytest.mark.parametrize(("name", "who", "expected"), MOVE_CASES)
def test_a_rule_about_moves_keeps_whom_its_source_says(
    name: str, who: dict[str, Any], expected: bool
) -> None:
    person = as_rules_see(people(who), book())

    kept = MOVE_RULES[name](person, MOVE_VALUES.get(name, float("nan")))

    assert kept.tolist() == [expected]


def test_every_rule_of_the_table_has_its_function_and_its_test() -> None:
    assert set(read_table("rules")["rule"]) == set(RULE_NAMES)
    assert {name for name, *_ in CASES} == set(UNIT_RULES)
    assert {name for name, *_ in PLACE_CASES} == set(ESTABLISHMENT_RULES)
    assert {name for name, *_ in MOVE_CASES} == set(MOVE_RULES)
    assert len(RULE_NAMES) == len(set(RULE_NAMES)) == len(LEVELS)
    assert {*PERSON_RULES, *CAPACITY_RULES, *NEED_VALUE, *PRICED_ELSEWHERE} <= set(RULE_NAMES)


def test_every_rule_of_the_table_says_in_one_sentence_what_it_asks() -> None:
    says = read_table("rules")["says"]

    assert says.str.fullmatch(r"[A-Z][^.]*\.").all()
    assert not says.duplicated().any()


def test_the_table_has_every_rule_at_a_level_that_it_can_have() -> None:
    table = read_table("rules")

    for row in table.itertuples():
        assert RuleLevel(row.level) in LEVELS[row.rule]


def test_category_c_may_be_presumed_open_unless_convicted_of_violent_or_sexual_offences() -> None:
    who = people(
        {"offence_group": "drugs", "days_to_release": 1096},
        {"offence_group": "drugs", "days_to_release": 1097},
        {"offence_group": "violence", "days_to_release": 100},
        {"offence_group": "sexual", "days_to_release": 100},
        {"offence_group": "drugs", "days_to_release": 100, "category": "B"},
        {"offence_group": "drugs", "days_to_release": 100, "status": "recall"},
    )

    seen = as_rules_see(who, book(presumptive_open={"level": "hard", "value": 1096}))

    assert seen["category"].tolist() == ["D", "C", "C", "C", "B", "C"]
    assert seen["open_suitable"].tolist() == [True, False, False, False, False, False]
    assert as_rules_see(who, book())["category"].tolist() == ["C", "C", "C", "C", "B", "C"]


def test_places_know_no_more_than_establishments_regions_miles_and_lists() -> None:
    assert Places.__slots__ == ("establishments", "regions", "miles", "ranks")

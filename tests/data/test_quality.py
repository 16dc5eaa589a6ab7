"""Contradictions between the fields of a person: each check finds its own, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest

from data.estate import load_estate
from data.geography import load_home_areas
from data.population import synthesise_population
from data.quality import CHECKS, Checked, data_errors
from data.records import Records, synthesise_records
from scenarios.load import load_scenario

SOUND: dict[str, Any] = {
    "prisoner_id": "P1",
    "sex": "men",
    "age": 30,
    "nationality_group": "british",
    "pregnancy": "none",
    "category": "C",
    "status": "sentenced",
    "sentence_band": "12_to_48_months",
    "days_to_release": 500.0,
    "days_since_sentence": 100.0,
    "expected_weeks": 40.0,
    "needs": "",
    "court_area": "west",
    "relatives_in_custody": "",
    "open_suitable": False,
    "hold_reason": "",
    "hold_until": "",
    "function": "training",
}
REMAND = {
    "category": "U",
    "status": "remand",
    "sentence_band": "none",
    "days_to_release": np.nan,
    "days_since_sentence": np.nan,
}
COURSE = {"kind": "course", "activity": "self_change", "weeks_done": 0, "on_sentence_plan": True}

CASES: list[tuple[str, dict[str, Any]]] = [
    ("remand_with_a_sentence", REMAND | {"days_since_sentence": 3.0}),
    ("remand_with_a_sentence", REMAND | {"sentence_band": "4_to_10_years"}),
    ("remand_with_a_release_date", REMAND | {"days_to_release": 3.0}),
    ("remand_without_a_court", REMAND | {"court_area": ""}),
    ("sentenced_without_a_band", {"sentence_band": "none"}),
    ("sentenced_without_a_release_date", {"days_to_release": np.nan}),
    ("indeterminate_by_halves", {"status": "indeterminate"}),
    ("indeterminate_by_halves", {"sentence_band": "indeterminate"}),
    ("due_out", {"days_to_release": 0.0, "expected_weeks": 1.0}),
    ("staying_beyond_release", {"days_to_release": 200.0}),
    ("under_age", {"age": 17}),
    ("sentenced_as_a_child", {"age": 20, "days_since_sentence": 4500.0}),
    ("pregnant_man", {"pregnancy": "pregnant"}),
    ("place_for_a_mother_without_a_child", {"needs": "accessible;mother_and_baby"}),
    ("category_of_the_other_sex", {"category": "closed"}),
    ("category_of_the_other_sex", {"sex": "women"}),
    ("too_secure_for_open", {"category": "A", "function": "open"}),
    ("suitable_for_open_but_secure", {"category": "B", "open_suitable": True}),
    ("uncategorised_for_long", {"category": "U"}),
    ("categorised_on_remand", REMAND | {"category": "C"}),
    ("british_of_interest_to_the_home_office", {"needs": "foreign_national_interest"}),
    ("hold_that_has_lapsed", {"hold_reason": "medical", "hold_until": "2026-07-27"}),
    ("hold_without_a_reason", {"hold_until": "2026-09-01"}),
    ("unknown_hold", {"hold_reason": "whim"}),
    ("relative_of_oneself", {"relatives_in_custody": "P1"}),
    ("relative_who_names_nobody", {"relatives_in_custody": "P2"}),
]

FINE: list[dict[str, Any]] = [
    {},
    REMAND,
    {"days_since_sentence": np.nan},
    {"category": "U", "days_since_sentence": 20.0},
    {"status": "indeterminate", "sentence_band": "indeterminate", "days_to_release": 0.0},
    {"status": "recall", "sentence_band": "indeterminate", "days_to_release": np.nan},
    {"sex": "women", "category": "closed", "pregnancy": "pregnant", "needs": "mother_and_baby"},
    {"hold_reason": "medical", "hold_until": ""},
    {"hold_reason": "medical", "hold_until": "2026-07-28"},
    {"nationality_group": "foreign_national", "needs": "foreign_national_interest"},
    {"category": "D", "function": "open", "open_suitable": True},
]


def checked(*people: dict[str, Any], contacts: pd.DataFrame | None = None) -> Checked:
    columns = ["prisoner_id", "relation", "is_child"]
    return Checked(
        people=pd.DataFrame([SOUND | each for each in people]),
        contacts=pd.DataFrame(columns=columns) if contacts is None else contacts,
        activities=Records.empty().activities,
        as_of=date(2026, 7, 27),
        hold_reasons=("medical", "on_programme"),
    )


def found(tables: Checked) -> dict[str, int]:
    table = data_errors(tables)
    return dict(zip(table["check"], table["people"], strict=True))


@pytest.mark.parametrize(("name", "person"), CASES)
def test_each_check_finds_its_contradiction_and_nothing_else(
    name: str, person: dict[str, Any]
) -> None:
    assert found(checked(person, {"prisoner_id": "P2"})) == {name: 1}


@pytest.mark.parametrize("person", FINE)
def test_nothing_is_found_where_nothing_is_wrong(person: dict[str, Any]) -> None:
    assert found(checked(person)) == {}


def test_a_child_is_nobodys_partner() -> None:
    contacts = pd.DataFrame(
        {
            "prisoner_id": ["P1", "P2", "P2"],
            "relation": ["partner", "partner", "child"],
            "is_child": [True, False, True],
        }
    )

    assert found(checked({}, {"prisoner_id": "P2"}, contacts=contacts)) == {"child_as_partner": 1}


def test_a_programme_is_a_course_or_a_treatment() -> None:
    """Where no activities are recorded at all, a hold for a programme is taken as it is."""
    held = checked({"hold_reason": "on_programme"}, {"prisoner_id": "P2"})
    elsewhere = pd.DataFrame([COURSE | {"prisoner_id": "P2", "weeks_left": 3.0}])
    own = pd.DataFrame([COURSE | {"prisoner_id": "P1", "weeks_left": 3.0, "kind": "treatment"}])

    assert found(held) == {}
    assert found(replace(held, activities=elsewhere)) == {"programme_without_a_course": 1}
    assert found(replace(held, activities=own)) == {}


def test_a_course_ends_before_release() -> None:
    """Ten weeks of course are left with seven weeks to release; two weeks of grace."""
    people = checked({"days_to_release": 49.0, "expected_weeks": 7.0})
    course = pd.DataFrame([COURSE | {"prisoner_id": "P1", "weeks_left": 10.0}])

    assert found(replace(people, activities=course)) == {"course_that_ends_after_release": 1}
    shorter = course.assign(weeks_left=9.0)
    assert found(replace(people, activities=shorter)) == {}


def test_every_check_has_a_case_and_a_name_of_its_own() -> None:
    names = [check.name for check in CHECKS]
    elsewhere = {"child_as_partner", "programme_without_a_course", "course_that_ends_after_release"}

    assert len(set(names)) == len(names)
    assert {name for name, _ in CASES} | elsewhere == set(names)


def test_a_check_shows_how_many_and_the_first_few_ids() -> None:
    table = data_errors(checked(*({"prisoner_id": f"P{n}", "age": 17} for n in range(9, 1, -1))))

    assert table["people"].to_list() == [8]
    assert table["examples"].to_list() == ["P2;P3;P4;P5;P6"]
    assert table["says"].to_list() == ["under 18"]


@pytest.mark.slow
def test_synthetic_people_do_not_contradict_themselves() -> None:
    from optimiser.eligibility import HOLD_REASONS

    baseline, estate = load_scenario("baseline"), load_estate()
    made = synthesise_population(
        estate, load_home_areas(), baseline.population, as_of=baseline.as_of
    )
    functions = estate.units.set_index("unit")["function"]
    tables = Checked(
        people=made.prisoners.assign(function=made.prisoners["current_unit"].map(functions)),
        contacts=made.contacts,
        activities=synthesise_records(made, estate, baseline.records).activities,
        as_of=baseline.as_of,
        hold_reasons=HOLD_REASONS,
    )

    assert found(tables) == {}

"""People held today where a rule would not let them be, each with the first rule they break."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from data.records import Records
from optimiser.build import Inputs, rule_book, why_excluded
from optimiser.misplaced import misplaced
from scenarios.schema import Scenario
from tests.optimiser.toy_world import person, toy_population, toy_rules, toy_tables


def inputs_of(baseline: Scenario, *people: dict[str, object], **changes: object) -> Inputs:
    tables = toy_tables(baseline, toy_population(*people), **changes)
    return Inputs(**tables, policy=baseline.allocation)


def test_each_person_in_a_wrong_place_is_named_with_the_first_rule(baseline: Scenario) -> None:
    """P2 is of category B in a unit for C and 19 years old; P3 is not suitable for open."""
    inputs = inputs_of(
        baseline,
        person(1, "west", "AAA-1"),
        person(2, "west", "AAA-1", category="B", age=19),
        person(3, "west", "BBB-2"),
        person(4, "west", "AAA-1", category="B", hold_reason="medical"),
    )

    found = misplaced(inputs).set_index("prisoner_id")["rule"]

    assert "P1" not in found.index
    assert set(found.index) >= {"P2", "P4"}
    units = rule_book(inputs).units["unit"].to_list()
    for prisoner_id, rule in found.items():
        at = inputs.population.prisoners.set_index("prisoner_id")["current_unit"][prisoner_id]
        if prisoner_id != "P4":  # whoever may not be moved is excluded from nowhere they are
            first = why_excluded(inputs, rule_book(inputs), str(prisoner_id))[units.index(at)][0]
            assert rule == first


def test_an_exclusion_from_where_a_person_is_held_is_found(baseline: Scenario) -> None:
    row = {"prisoner_id": "P1", "establishment": "AAA", "home_area": "", "within_miles": None}
    exclusions = pd.DataFrame([row]).astype({"within_miles": "float64"})
    records = replace(Records.empty(), exclusions=exclusions)

    inputs = inputs_of(
        baseline, person(1, "west", "AAA-1"), person(2, "west", "AAA-1"), records=records
    )

    assert misplaced(inputs).to_numpy().tolist() == [["P1", "AAA-1", "public_protection"]]


def test_nobody_is_misplaced_by_a_soft_rule_or_one_that_is_off(baseline: Scenario) -> None:
    held = person(1, "west", "AAA-1", category="B")

    assert misplaced(inputs_of(baseline, held))["rule"].to_list() == ["category"]
    for level in ("soft", "off"):
        rules = toy_rules(category=level)
        rules.loc[rules["rule"] == "category", "price_gbp"] = 5.0
        assert misplaced(inputs_of(baseline, held, rules=rules)).empty

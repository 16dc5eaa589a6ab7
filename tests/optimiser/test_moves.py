"""Every move says why it is made and what it destroys, and says it truly."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from data.load import read_table
from data.population import Population
from optimiser.eligibility import ESTABLISHMENT_RULES, UNIT_RULES
from optimiser.moves import REASONS
from optimiser.policy import AllocationPolicy
from scenarios.schema import Scenario
from tests.optimiser.toy_world import (
    allocate,
    exclusion,
    family_policy,
    person,
    toy_population,
    toy_rules,
    toy_tables,
)

PARTS = [
    "escort_gbp",
    "reception_gbp",
    "booked_visits_gbp",
    "cleared_numbers_gbp",
    "wishes_and_holds_gbp",
]


@pytest.fixture
def policy(baseline: Scenario) -> AllocationPolicy:
    """Family pounds, no crowding, no margin; a move costs £100 and a visit lost £40."""
    return replace(
        family_policy(baseline.allocation), move_booked_visits=1.0, move_booked_visit_gbp=40.0
    )


def moves_of(
    baseline: Scenario, policy: AllocationPolicy, people: Population, **changes: Any
) -> pd.DataFrame:
    allocation = allocate(**toy_tables(baseline, people, **changes), policy=policy)
    return allocation.moves.set_index("prisoner_id")


def test_a_person_who_makes_room_for_another_is_not_said_to_go_home(
    baseline: Scenario, policy: AllocationPolicy
) -> None:
    """P1 gains £2,000 at CCC, where P2 must give way: he gains 5 miles x 20 visits = £100 at AAA.

    That is less than the £140 of his move.
    """
    people = toy_population(
        person(1, "east", "AAA-1"),
        person(2, "nearly_middle", "CCC-1"),
        person(3, "east", "CCC-1"),
        person(4, "middle", "BBB-1", category="A"),
        person(5, "middle", "BBB-1", category="A"),
    )

    moves = moves_of(baseline, policy, people)

    assert moves["establishment"].to_dict() == {"P1": "CCC", "P2": "AAA"}
    assert moves["reason"].to_dict() == {"P1": "repatriation", "P2": "other"}
    assert moves["own_gain_gbp"].to_dict() == {"P1": 2000.0, "P2": 100.0}
    assert moves.loc["P2", "move_price_gbp"] == 140.0


def test_the_parts_of_what_a_move_destroys_add_up_to_its_price(
    baseline: Scenario, policy: AllocationPolicy
) -> None:
    """A wish to stay for £10 a week over 40 weeks stands beside escort and booked visit."""
    people = toy_population(person(1, "east", "AAA-1", preference="stay"))

    moves = moves_of(baseline, policy, people, rules=toy_rules(stay_preference="soft"))

    assert moves.loc["P1", PARTS].tolist() == [100.0, 0.0, 40.0, 0.0, 400.0]
    assert moves.loc["P1", "move_price_gbp"] == 540.0


def test_who_may_not_be_held_where_they_are_moves_for_security(
    baseline: Scenario, policy: AllocationPolicy
) -> None:
    """Public protection rules out AAA, where his family is: he ends further from them."""
    people = toy_population(person(1, "west", "AAA-1"))

    moves = moves_of(baseline, policy, people, records=exclusion("P1", "AAA"))

    assert moves.loc["P1", "reason"] == "security"
    assert moves.loc["P1", "family_gain_gbp"] < 0


def test_a_met_need_is_the_reason_of_a_move(baseline: Scenario, policy: AllocationPolicy) -> None:
    """£40 a week for 40 weeks without an accessible cell; only BBB has some."""
    people = toy_population(person(1, "nearly_middle", "AAA-1", needs="accessible"))
    tables = toy_tables(baseline, people, rules=toy_rules(accessible="soft"))
    units = tables["estate"].units
    served = units["needs_served"].where(units["unit"] != "BBB-1", "accessible")
    tables["estate"] = replace(tables["estate"], units=units.assign(needs_served=served))

    moves = allocate(**tables, policy=policy).moves.set_index("prisoner_id")

    assert moves.loc["P1", "establishment"] == "BBB"
    assert moves.loc["P1", "reason"] == "medical"
    assert moves.loc["P1", "rules_gain_gbp"] == 1600.0


def test_every_soft_rule_of_the_table_speaks_for_a_reason() -> None:
    rules = read_table("rules")
    soft = set(rules.loc[rules["level"] == "soft", "rule"]) & {*UNIT_RULES, *ESTABLISHMENT_RULES}

    assert {f"rule:{name}" for name in soft} <= set(REASONS)

"""Every move says why it is made and what it destroys, and says it truly."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from data.load import read_table
from data.population import Population
from data.records import Records
from optimiser.conflicts import ConflictError
from optimiser.eligibility import ESTABLISHMENT_RULES, UNIT_RULES
from optimiser.move_parts import PARTS, RULE_PARTS
from optimiser.moves import REASONS
from optimiser.policy import AllocationPolicy
from scenarios.schema import Scenario
from tests.optimiser.toy_world import (
    allocate,
    exclusion,
    family_policy,
    person,
    toy_move_parts,
    toy_population,
    toy_rules,
    toy_tables,
)

PART_COLUMNS = [f"{name}_gbp" for name in (*PARTS, *RULE_PARTS)]


@pytest.fixture
def policy(baseline: Scenario) -> AllocationPolicy:
    """Family pounds, no crowding, no margin."""
    return family_policy(baseline.allocation)


def moves_of(
    baseline: Scenario, policy: AllocationPolicy, people: Population, **changes: Any
) -> pd.DataFrame:
    parts = toy_move_parts(escort=100.0, booked_visits=40.0)
    tables = toy_tables(baseline, people, **{"move_parts": parts} | changes)
    allocation = allocate(**tables, policy=policy)
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

    line = moves.loc["P1", PART_COLUMNS]
    assert line[line > 0].to_dict() == {
        "escort_gbp": 100.0,
        "booked_visits_gbp": 40.0,
        "wish_to_stay_gbp": 400.0,
    }
    assert moves.loc["P1", "move_price_gbp"] == 540.0


def test_what_is_broken_off_stands_on_the_line_of_the_move(
    baseline: Scenario, policy: AllocationPolicy
) -> None:
    """Three weeks of a course at £60 are lost at CCC; the work there is is taken up again for £30.

    His visits are worth £2,000 more at CCC than at AAA.
    """
    people = toy_population(person(1, "east", "AAA-1"))
    rows = [
        ("P1", "course", "self_change", 3, 5.0, False),
        ("P1", "work", "kitchen", 9, None, False),
    ]
    nothing = Records.empty()
    records = replace(
        nothing,
        activities=pd.DataFrame(rows, columns=nothing.activities.columns),
        activity_sites=pd.DataFrame({"establishment": ["CCC"], "activity": ["kitchen"]}),
    )
    parts = toy_move_parts(escort=100.0, course_lost=60.0, work_interrupted=30.0, work_lost=70.0)

    moves = moves_of(baseline, policy, people, records=records, move_parts=parts)

    line = moves.loc["P1", PART_COLUMNS]
    assert line[line > 0].to_dict() == {
        "escort_gbp": 100.0,
        "course_lost_gbp": 180.0,
        "work_interrupted_gbp": 30.0,
    }
    assert moves.loc["P1", "move_price_gbp"] == line.sum() == 310.0


def test_relatives_parted_are_told_beside_the_price(
    baseline: Scenario, policy: AllocationPolicy
) -> None:
    """P1 leaves his brother P2 in AAA for family in the east; P3 has none and goes there too."""
    people = toy_population(
        person(1, "east", "AAA-1", relatives_in_custody="P2"),
        person(2, "west", "AAA-1", relatives_in_custody="P1"),
        person(3, "east", "AAA-1"),
    )
    moves = moves_of(baseline, policy, people)

    assert moves["relatives_parted"].to_dict() == {"P1": 1, "P3": 0}
    assert moves["relatives_parted_gbp"].to_dict() == {"P1": 0.0, "P3": 0.0}
    assert (moves["move_price_gbp"] == moves[PART_COLUMNS].sum(axis=1)).all()


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


def test_nobody_leaves_a_course_of_the_sentence_plan_for_where_it_is_not_offered(
    baseline: Scenario, policy: AllocationPolicy
) -> None:
    """His family is at CCC, which does not offer it; BBB does. A planner may switch it off."""
    people = toy_population(person(1, "east", "AAA-1"))
    row = ("P1", "course", "self_change", 3, 5.0, True)
    nothing = Records.empty()
    records = replace(
        nothing,
        activities=pd.DataFrame([row], columns=nothing.activities.columns),
        activity_sites=pd.DataFrame({"establishment": ["BBB"], "activity": ["self_change"]}),
    )

    bound = moves_of(baseline, policy, people, records=records)
    rules = toy_rules(sentence_plan_course="off")
    free = moves_of(baseline, policy, people, records=records, rules=rules)

    assert bound.loc["P1", "establishment"] == "BBB"
    assert free.loc["P1", "establishment"] == "CCC"


def test_a_lock_may_override_a_course_of_the_sentence_plan_and_its_loss_is_shown(
    baseline: Scenario, policy: AllocationPolicy
) -> None:
    """The course is offered at BBB alone; a lock to CCC for any other reason is a contradiction."""
    people = toy_population(person(1, "east", "AAA-1"), person(2, "east", "AAA-1"))
    course = ("course", "self_change", 3, 5.0, True)
    nothing = Records.empty()
    courses = replace(
        nothing,
        activities=pd.DataFrame(
            [("P1", *course), ("P2", *course)], columns=nothing.activities.columns
        ),
        activity_sites=pd.DataFrame({"establishment": ["BBB"], "activity": ["self_change"]}),
    )

    def locked(reason: str) -> Records:
        row = ("P1", "lock", "CCC", reason, "", "planner", "2026-12-01")
        return replace(courses, locks=pd.DataFrame([row], columns=nothing.locks.columns))

    parts = toy_move_parts(course_lost=70.0)
    moves = moves_of(baseline, policy, people, records=locked("course_override"), move_parts=parts)

    assert moves.loc["P1", "establishment"] == "CCC"
    assert moves.loc["P1", "course_lost_gbp"] == 210.0
    assert moves.loc["P2", "establishment"] == "BBB"
    with pytest.raises(ConflictError, match=r"lock P1 CCC: .*sentence_plan_course"):
        moves_of(baseline, policy, people, records=locked("family"))

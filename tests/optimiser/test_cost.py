"""What a placement costs: need, journeys, soft rules and the move, to the penny."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from data.population import Population
from optimiser.build import Inputs, build_problem
from optimiser.cost import need, stay_weeks, term_pennies
from optimiser.policy import AllocationPolicy
from optimiser.problem import INELIGIBLE
from scenarios.schema import Scenario
from tests.optimiser.toy_world import person, toy_move_parts, toy_population, toy_rules, toy_tables


@pytest.fixture
def policy(baseline: Scenario) -> AllocationPolicy:
    """Give round numbers: 2 visits, 0.5 a child up to 2, floor 1."""
    return replace(
        baseline.allocation,
        need_with_contact=2.0,
        need_floor=1.0,
        need_per_child=0.5,
        need_children_counted=2,
        expected_weeks_cap=52,
    )


def contacts(*rows: tuple[str, str, bool]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["prisoner_id", "status", "is_child"]).assign(
        home_area="west", contact_id=[f"K{n}" for n in range(len(rows))]
    )


@pytest.mark.parametrize(
    ("rows", "visits"),
    [
        ([("P1", "permitted", False)], 2.0),
        ([("P1", "with_conditions", False)], 2.0),
        ([("P1", "under_assessment", False)], 1.0),
        ([], 1.0),
        ([("P1", "barred", False)], 0.0),
        ([("P1", "barred", False), ("P1", "under_assessment", False)], 1.0),
        ([("P1", "permitted", False), ("P1", "permitted", True)], 2.5),
        ([("P1", "permitted", False)] + 5 * [("P1", "permitted", True)], 3.0),
        ([("P1", "permitted", False), ("P1", "barred", True)], 2.0),
    ],
)
def test_need_counts_permitted_contacts_and_has_a_floor(
    policy: AllocationPolicy, rows: list[tuple[str, str, bool]], visits: float
) -> None:
    people = toy_population(person(1, "west", "AAA-1"), contacts=contacts(*rows))

    assert need(people, policy).tolist() == [visits]


def test_need_does_not_look_at_where_a_person_is_held(policy: AllocationPolicy) -> None:
    near = toy_population(person(1, "west", "AAA-1"))
    far = toy_population(person(1, "west", "CCC-1"))

    assert need(near, policy).tolist() == need(far, policy).tolist()


def test_a_stay_is_whole_weeks_between_one_and_the_cap(policy: AllocationPolicy) -> None:
    people = toy_population(
        *(person(n, "west", "AAA-1", expected_weeks=w) for n, w in enumerate([0.2, 10.4, 400.0]))
    )

    assert stay_weeks(people.prisoners, policy).tolist() == [1, 10, 52]


def built(baseline: Scenario, population: Population, **changes: Any) -> Any:
    return build_problem(Inputs(**toy_tables(baseline, population, **changes)))


def test_cost_of_a_person_everywhere_by_hand(baseline: Scenario, policy: AllocationPolicy) -> None:
    """From AAA, family in the east, 40 weeks: 2 x 10 visits at £100, £50, £0, and a £60 move.

    Over-security at BBB is none (B;C;U holds C); the open unit and the one for sexual offences
    are closed to him.
    """
    policy = replace(
        policy,
        family_weight=1.0,
        court_weight=0.0,
        release_weight=0.0,
    )
    parts = toy_move_parts(escort=10.0, reception=20.0, booked_visits=15.0, cleared_numbers=5.0)
    people = toy_population(person(1, "east", "AAA-1"))

    problem = built(baseline, people, policy=policy, move_parts=parts).problem

    assert problem.cost_pennies.tolist() == [[200_000, 106_000, 6_000, INELIGIBLE, INELIGIBLE]]


def test_a_soft_rule_is_priced_by_the_week(baseline: Scenario, policy: AllocationPolicy) -> None:
    """Region: £2 a week for 40 weeks in the west for someone from the east."""
    people = toy_population(person(1, "east", "CCC-1"))
    rules = toy_rules(region="soft")
    free = built(baseline, people, policy=policy).problem.cost_pennies
    priced = built(baseline, people, policy=policy, rules=rules).problem.cost_pennies

    assert (priced - free)[0, :3].tolist() == [8_000, 8_000, 0]


def test_terms_of_any_plan_add_up_to_its_costs(
    baseline: Scenario, policy: AllocationPolicy
) -> None:
    people = toy_population(
        person(1, "east", "AAA-1", days_to_release=100, expected_weeks=13.7),
        person(2, "far", "CCC-1", preference="stay"),
        person(3, "middle", "BBB-1", status="remand", category="U", court_area="far"),
    )
    rules = toy_rules(region="soft", over_security="soft", stay_preference="soft")
    build = built(baseline, people, policy=policy, rules=rules)
    problem = build.problem

    for plan in ([0, 0, 1], [1, 1, 1], [2, 2, 1], [2, 0, -1]):
        unit_of = np.array(plan)
        terms = term_pennies(
            build.costs,
            build.fit,
            policy,
            unit_of=unit_of,
            unit_establishment=problem.unit_establishment,
            from_establishment=problem.from_establishment,
        )
        total = sum(terms.values())
        placed = unit_of >= 0
        assert np.array_equal(
            np.asarray(total)[placed], problem.cost_pennies[np.flatnonzero(placed), unit_of[placed]]
        )


def test_weights_too_large_for_whole_pennies_are_refused(
    baseline: Scenario, policy: AllocationPolicy
) -> None:
    people = toy_population(person(1, "east", "AAA-1"))

    with pytest.raises(ValueError, match="lower the weights or prices"):
        built(baseline, people, policy=replace(policy, family_weight=1e9))


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"family_weight": -1.0}, "family_weight -1.0 is negative"),
        ({"move_budget": -5}, "move_budget -5 is negative"),
        ({"need_floor": 0.0}, "need_floor must be above 0"),
        ({"crowding_low_gbp_per_week": 99.0}, "crowding prices must rise"),
        ({"crowding_low_share": 2.0}, "crowding_low_share is greater"),
        ({"expected_weeks_cap": 0}, "expected_weeks_cap must be at least 1"),
    ],
)
def test_policies_that_contradict_themselves_are_refused(
    baseline: Scenario, change: dict[str, Any], fault: str
) -> None:
    with pytest.raises(ValueError, match=fault):
        replace(baseline.allocation, **change)

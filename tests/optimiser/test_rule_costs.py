"""What each rule costs today, against counting person by person and unit by unit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.load import read_table
from optimiser.build import Inputs, build_problem, rule_book, why_excluded
from optimiser.rule_costs import rule_costs
from scenarios.schema import Scenario
from tests.optimiser.toy_world import (
    AREAS,
    exclusion,
    person,
    toy_estate,
    toy_population,
    toy_rules,
    toy_tables,
)


def costs_of(baseline: Scenario, *people: dict[str, Any], **tables: Any) -> pd.DataFrame:
    given_ = Inputs(
        **toy_tables(baseline, toy_population(*people), **tables), policy=baseline.allocation
    )
    return rule_costs(given_, build_problem(given_)).set_index("rule")


def test_breaches_of_today_are_counted_and_priced_over_the_stay(baseline: Scenario) -> None:
    """One level too secure for 40 weeks at £12, and 40 weeks out of region at £2."""
    rules = toy_rules(over_security="soft", region="soft")

    costs = costs_of(baseline, person(1, "east", "AAA-1", category="D"), rules=rules)

    assert costs.loc["over_security", ["people_breaking", "cost_today_gbp"]].tolist() == [1, 480]
    assert costs.loc["region", ["people_breaking", "cost_today_gbp"]].tolist() == [1, 80]
    assert costs.loc["sex", ["people_breaking", "cost_today_gbp"]].tolist() == [0, 0]


def test_people_kept_where_they_are_are_counted(baseline: Scenario) -> None:
    costs = costs_of(
        baseline,
        person(1, "east", "AAA-1", days_to_release=5),
        person(2, "east", "AAA-1", hold_reason="medical"),
        person(3, "east", "BBB-1", days_to_release=5, hold_reason="medical"),
    )

    assert costs.loc["short_time_left", "people_concerned"] == 2
    assert costs.loc["hold_medical", "people_concerned"] == 2


def test_people_above_what_capacity_rules_leave_are_counted(baseline: Scenario) -> None:
    """Three people in two places, one of which is kept free and one out of use."""
    out_of_use = pd.DataFrame(
        [("AAA-1", 1, "2026-07-01", "", "pest")],
        columns=["unit", "places", "valid_from", "valid_to", "reason"],
    )
    estate = toy_estate(headroom=[1, 0, 0, 0, 0])
    people = [person(n, "west", "AAA-1") for n in range(3)]

    costs = costs_of(baseline, *people, estate=estate, places_out_of_use=out_of_use)

    assert costs.loc["operational_capacity", "people_breaking"] == 1
    assert costs.loc["places_out_of_use", "people_breaking"] == 1
    assert costs.loc["reception_headroom", "people_breaking"] == 2
    assert costs.loc["crowding", "people_breaking"] == 2


def test_a_users_own_rule_stands_under_its_own_name(baseline: Scenario) -> None:
    own = pd.DataFrame([dict.fromkeys(read_table("cohort_rules").columns, "")]).assign(
        rule="nap_1", establishment="AAA", level="soft", price_gbp=3
    )

    costs = costs_of(
        baseline,
        person(1, "west", "AAA-1"),
        cohort_rules=own,
        rules=toy_rules(cohort_rules="soft"),
    )

    assert costs.loc["nap_1", ["people_breaking", "cost_today_gbp"]].tolist() == [1, 120]


AWAY = st.fixed_dictionaries(
    {},
    optional={
        "home_area": st.sampled_from([*AREAS]),
        "category": st.sampled_from(["B", "C", "D", "U", "A"]),
        "age": st.sampled_from([19, 30]),
        "needs": st.sampled_from(["", "sexual_offences"]),
        "days_to_release": st.sampled_from([10, 500, 5000]),
        "open_suitable": st.booleans(),
        "hold_reason": st.sampled_from(["", "medical", "court"]),
        "current_unit": st.sampled_from(["AAA-1", "BBB-1", "CCC-1", "CCC-2", "CCC-3"]),
    },
)


@given(st.lists(AWAY, min_size=1, max_size=3), st.sampled_from(["AAA", "BBB", "CCC"]))
@settings(
    deadline=None, max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_what_a_rule_alone_excludes_is_what_it_is_the_only_reason_for(
    baseline: Scenario, columns: list[dict[str, Any]], excluded: str
) -> None:
    people = toy_population(*(person(n, "west", "AAA-1") | each for n, each in enumerate(columns)))
    inputs = Inputs(
        **toy_tables(baseline, people, records=exclusion("P0", excluded)),
        policy=baseline.allocation,
    )

    costs = rule_costs(inputs, build_problem(inputs)).set_index("rule")

    book = rule_book(inputs)
    units = inputs.estate.units
    pairs: dict[str, int] = {}
    shut: dict[str, int] = {}
    for prisoner in people.prisoners.itertuples():
        reasons = why_excluded(inputs, book, prisoner.prisoner_id)
        for reason in reasons:
            if len(reason) == 1:
                pairs[reason[0]] = pairs.get(reason[0], 0) + 1
        area = inputs.travel.home_areas.get_loc(prisoner.home_area)
        nearest = inputs.travel.establishments[np.argmin(inputs.travel.car_minutes[area])]
        there = [reasons[unit] for unit in np.flatnonzero(units["establishment"] == nearest)]
        if all(there):
            for name in {reason[0] for reason in there if len(reason) == 1}:
                shut[name] = shut.get(name, 0) + 1
    found = costs[costs["pairs_excluded"] > 0]["pairs_excluded"]
    kept = costs[costs["kept_from_nearest"] > 0]["kept_from_nearest"]
    assert found.to_dict() == pairs
    assert kept.to_dict() == shut


@pytest.mark.parametrize("rule", ["region"])
def test_a_hard_rule_about_establishments_excludes_pairs_too(baseline: Scenario, rule: str) -> None:
    """Of the east's three units two are shut for a man from the west for other reasons too."""
    costs = costs_of(baseline, person(1, "west", "AAA-1"), rules=toy_rules(region="hard"))

    assert costs.loc[rule, "pairs_excluded"] == 1

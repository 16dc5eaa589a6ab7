"""Stricter rules never cost less, looser ones never more; who people are decides nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from data.load import read_table
from data.words import RuleLevel
from optimiser.build import Inputs, build_problem, rule_book, with_exclusions
from optimiser.eligibility import LEVELS, NEED_VALUE, PERSON_RULES, PRICED_ELSEWHERE
from optimiser.fit import allowed_of, fit
from optimiser.solve import solve
from scenarios.schema import Scenario
from tests.optimiser.rule_world import COURTS
from tests.optimiser.toy_world import (
    exclusion,
    family_policy,
    person,
    toy_population,
    toy_rules,
    toy_tables,
)

LOOSENED = [
    name
    for name, levels in LEVELS.items()
    if len(levels) > 1 and name not in PERSON_RULES and name not in PRICED_ELSEWHERE
]
"""Rules with several levels; two others say how a person is counted, which is neither looser."""

UNITS = ["AAA-1", "AAA-1", "BBB-1", "BBB-1", "CCC-1", "CCC-1", "CCC-2", "CCC-3"]

PEOPLE = st.fixed_dictionaries(
    {
        "home_area": st.sampled_from(["west", "nearly_middle", "middle", "east"]),
        "category": st.sampled_from(["C", "C", "D", "U"]),
        "age": st.sampled_from([19, 30]),
        "needs": st.sampled_from(["", "", "sexual_offences", "accessible"]),
        "days_to_release": st.sampled_from([10, 40, 500, 5000]),
        "days_since_sentence": st.sampled_from([5, 20, 400]),
        "open_suitable": st.booleans(),
        "status": st.sampled_from(["sentenced", "remand"]),
        "court_area": st.sampled_from(["west", "east"]),
        "release_area": st.sampled_from(["west", "east"]),
        "hold_reason": st.sampled_from(["", "", "medical", "court"]),
        "preference": st.sampled_from(["none", "stay", "nearer"]),
        "flags": st.sampled_from(["", "special_vehicle", "deportation_final"]),
        "return_unit": st.sampled_from(["", "AAA-1"]),
        "at": st.integers(0, len(UNITS) - 1),
    }
)


def everybody(columns: list[dict[str, Any]]) -> Any:
    """Give these people, no more in a unit than it has places."""
    people, free = [], list(range(len(UNITS)))
    for number, each in enumerate(columns):
        unit = UNITS[free.pop(each["at"] % len(free))]
        known = {name: cell for name, cell in each.items() if name != "at"}
        people.append(person(number, "west", unit) | known)
    return toy_population(*people)


def objective(baseline: Scenario, people: Any, rules: pd.DataFrame, **tables: Any) -> int:
    """Give the value of the best plan, crowding and people without a place included."""
    tables = toy_tables(baseline, people, rules=rules, court_alignment=COURTS, **tables)
    inputs = Inputs(**tables, policy=family_policy(baseline.allocation))
    problem = build_problem(inputs).problem
    return problem.value_pennies(solve(problem).unit_of)


def with_rule(name: str, **columns: Any) -> pd.DataFrame:
    """Give the rules of the toy world with one changed."""
    rules = toy_rules(**{name: "hard"})
    for column, cell in columns.items():
        rules.loc[rules["rule"] == name, column] = cell
    return rules


def held_as_the_rules_allow(baseline: Scenario, people: Any, rules: pd.DataFrame) -> bool:
    """Say whether nobody is held in breach of a rule, those who may only stay included."""
    tables = toy_tables(baseline, people, rules=rules, court_alignment=COURTS)
    inputs = Inputs(**tables, policy=baseline.allocation)
    book = rule_book(inputs)
    today = pd.Index(book.units["unit"]).get_indexer(pd.Index(people.prisoners["current_unit"]))
    found = fit(with_exclusions(inputs), book)
    allowed = allowed_of(found, np.arange(len(today)), book.unit_place)
    return bool(allowed[np.arange(len(today)), today].all())


@given(st.lists(PEOPLE, min_size=1, max_size=4), st.sampled_from(LOOSENED))
@settings(
    deadline=None,
    max_examples=20,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.filter_too_much],
)
def test_a_rule_made_soft_and_switched_off_never_costs_more(
    baseline: Scenario, columns: list[dict[str, Any]], name: str
) -> None:
    """Where everybody may be where they are: who may only stay breaks no rule by staying."""
    people = everybody(columns)
    value = {"value": 30} if name in NEED_VALUE else {}
    strictest, *looser = [
        with_rule(name, level=str(level), price_gbp=3, **value) for level in LEVELS[name]
    ]
    assume(held_as_the_rules_allow(baseline, people, strictest))

    costs = [objective(baseline, people, rules) for rules in (strictest, *looser)]

    assert costs == sorted(costs, reverse=True)


STRICTER = [
    ("short_time_left", 28, 60),
    ("after_sentence", 14, 30),
    ("open_time_left", 1826, 400),
    ("young_adult", 18, 30),
    ("reception_headroom", 0, 2),
    ("estate_margin_men", 0, 5),
    ("foreign_national_least", 0, 600),
    ("foreign_national_most", 6000, 10),
]


@pytest.mark.parametrize(("name", "loose", "strict"), STRICTER)
@given(columns=st.lists(PEOPLE, min_size=1, max_size=4))
@settings(
    deadline=None,
    max_examples=6,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.filter_too_much],
)
def test_a_stricter_value_never_costs_less(
    baseline: Scenario, name: str, loose: int, strict: int, columns: list[dict[str, Any]]
) -> None:
    people = everybody(columns)
    rules = [with_rule(name, level="hard", value=value) for value in (loose, strict)]
    assume(held_as_the_rules_allow(baseline, people, rules[1]))

    before, after = (objective(baseline, people, each) for each in rules)

    assert after >= before


@given(columns=st.lists(PEOPLE, min_size=1, max_size=4), place=st.sampled_from(["AAA", "CCC"]))
@settings(
    deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_one_more_exclusion_never_costs_less(
    baseline: Scenario, columns: list[dict[str, Any]], place: str
) -> None:
    people = everybody(columns)

    without = objective(baseline, people, toy_rules())
    excluded = objective(baseline, people, toy_rules(), records=exclusion("P0", place))

    assert excluded >= without


@pytest.mark.parametrize(
    "name",
    [name for name in LOOSENED if RuleLevel.SOFT in LEVELS[name] and name != "reception_headroom"],
)
def test_a_higher_price_never_costs_less(baseline: Scenario, name: str) -> None:
    people = everybody(
        [
            {
                "at": at,
                "home_area": home,
                "preference": wish,
                "status": status,
                "court_area": "west",
            }
            for at, home, wish, status in (
                (0, "east", "nearer", "sentenced"),
                (3, "west", "stay", "remand"),
                (5, "west", "nearer", "remand"),
            )
        ]
    )
    value = {"value": 600} if name in NEED_VALUE else {}

    low, high = (
        objective(baseline, people, with_rule(name, level="soft", price_gbp=price, **value))
        for price in (1, 50)
    )

    assert high >= low


PROTECTED = {
    "ethnicity": ["white", "black", "asian", "not_recorded"],
    "religion": ["christian", "muslim", "none", "other"],
    "disability": [True, False, False, True],
    "nationality_group": ["british", "irish", "foreign_national", "british"],
    "language": ["english", "welsh", "other", "english"],
    "pregnancy": ["none", "pregnant", "none", "none"],
    "care_experience": [False, True, True, False],
    "incentive_level": ["basic", "standard", "enhanced", "basic"],
}


@pytest.mark.parametrize("characteristic", PROTECTED)
def test_who_people_are_changes_no_eligibility_and_no_cost(
    baseline: Scenario, characteristic: str
) -> None:
    """Sex and age aside, by which the law divides the estate."""
    people = toy_population(
        person(0, "west", "CCC-1"),
        person(1, "east", "AAA-1", needs="foreign_national_interest", preference="nearer"),
        person(2, "middle", "BBB-1", status="remand", category="U", court_area="west"),
        person(3, "east", "CCC-2", category="D", open_suitable=True, days_to_release=60),
    )
    rules = read_table("rules")
    stages = read_table("stage_rules")
    costs = []
    for turn in range(2):
        cells = np.roll(np.array(PROTECTED[characteristic], dtype=object), turn)
        prisoners = people.prisoners.assign(**{characteristic: cells})
        tables = toy_tables(
            baseline,
            replace(people, prisoners=prisoners),
            rules=rules,
            stage_rules=stages,
            court_alignment=COURTS,
        )
        build = build_problem(Inputs(**tables, policy=baseline.allocation))
        costs.append(build.problem.cost_pennies)

    assert np.array_equal(costs[0], costs[1])

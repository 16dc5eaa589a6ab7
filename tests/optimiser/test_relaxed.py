"""Relaxing a rule alone: an exact core without limits, a true bound with them."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import pandas as pd
import pytest

from data.records import Records
from optimiser.build import Build, Inputs, build_problem
from optimiser.problem import UNPLACED, AllocationProblem
from optimiser.relaxed import core, relaxed, without_ties
from scenarios.schema import Scenario
from tests.optimiser.allocation_instances import value_by_hand
from tests.optimiser.toy_world import (
    family_policy,
    person,
    toy_population,
    toy_rules,
    toy_tables,
)

HELD = {"hold_reason": "medical"}


def inputs_of(
    baseline: Scenario, *, budget: int | None = None, rules: pd.DataFrame | None = None
) -> Inputs:
    """Give four people far from home; one of them is on a medical hold."""
    people = toy_population(
        person(0, "east", "AAA-1", **HELD),
        person(1, "east", "AAA-1"),
        person(2, "west", "CCC-1"),
        person(3, "middle", "CCC-1"),
    )
    tables: dict[str, Any] = toy_tables(baseline, people)
    tables |= {} if rules is None else {"rules": rules}
    return Inputs(**tables, policy=replace(family_policy(baseline.allocation), move_budget=budget))


def without_holds() -> pd.DataFrame:
    """Give the same rules with the medical hold off."""
    rules = toy_rules()
    rules.loc[rules["rule"] == "hold_medical", "level"] = "off"
    return rules


def best(problem: AllocationProblem) -> int:
    """Try every plan within the rules and the budget of moves."""
    units = [UNPLACED, *range(len(problem.units))]
    values = (value_by_hand(problem, plan) for plan in product(units, repeat=4))
    return min(value for value in values if value is not None)


def built(inputs: Inputs) -> Build:
    return build_problem(inputs)


def test_without_limits_the_core_is_the_best_plan_and_leaves_nothing_open(
    baseline: Scenario,
) -> None:
    inputs = inputs_of(baseline)
    build = built(inputs)
    found = core(inputs, build.problem)

    other = replace(inputs, rules=without_holds())
    loose = relaxed(other, found, build)

    assert found.value_pennies == found.bound_pennies == best(build.problem)
    assert loose.bound_pennies == best(built(other).problem)
    assert found.bound_pennies - loose.bound_pennies == 190_000


@pytest.mark.parametrize("budget", range(5))
def test_within_a_budget_no_rule_saves_more_than_bounds_and_gap_allow(
    baseline: Scenario, budget: int
) -> None:
    """The best plan with and without the rule is found by trying every plan."""
    inputs = inputs_of(baseline, budget=budget)
    build = built(inputs)
    other = replace(inputs, rules=without_holds())

    found = core(inputs, build.problem)
    loose = relaxed(other, found, build)

    strict, free = best(build.problem), best(built(other).problem)
    assert found.bound_pennies <= strict <= found.value_pennies
    assert loose.bound_pennies <= free
    gap = found.value_pennies - found.bound_pennies
    assert strict - free <= found.bound_pennies - loose.bound_pennies + gap


def test_mean_miles_are_those_of_the_plan(baseline: Scenario) -> None:
    """The held man stays 100 miles off, the other three go home."""
    inputs = inputs_of(baseline)

    assert core(inputs, built(inputs).problem).mean_miles == 25.0


def test_ties_are_left_out_and_nothing_else(baseline: Scenario) -> None:
    row = {"a": "P1", "b": "P2", "level": "establishment", "reason": ""}
    records = replace(Records.empty(), keep_aparts=pd.DataFrame([row]))
    inputs = replace(inputs_of(baseline), records=records)
    locks = pd.DataFrame([{"prisoner_id": "P1"}])
    inputs = replace(inputs, records=replace(records, locks=locks))

    left = without_ties(inputs).records

    assert left.keep_aparts.empty
    assert left.groups.empty
    assert left.keep_together.empty
    assert left.locks is locks

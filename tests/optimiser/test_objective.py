"""Objectives that are no plain sum: checked, made of the true terms, decided and certified."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from data.estate import Where
from optimiser.allocate import allocate, allocate_by_objective
from optimiser.allocation import Allocation, SolveStatus
from optimiser.build import Inputs, build_problem
from optimiser.by_objective import level_measures
from optimiser.limits import LimitEdit
from optimiser.objective import LEVELS, Objective
from scenarios.schema import Scenario
from tests.optimiser.toy_world import family_policy, person, toy_population, toy_tables

HOMES = ["east", "east", "middle", "west"]
UNITS = ["AAA-1", "BBB-1", "CCC-1", "CCC-1"]


def toy_inputs(baseline: Scenario, **changes: Any) -> Inputs:
    people = [person(n, HOMES[n], UNITS[n]) for n in range(4)]
    policy = replace(family_policy(baseline.allocation), release_weight=1.0)
    return Inputs(**toy_tables(baseline, toy_population(*people), **changes), policy=policy)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"mode": "sideways"}, "must be weights or strict"),
        ({"mode": "strict"}, "needs an order"),
        ({"order": ("family", "gold")}, "no level 'gold'"),
        ({"order": ("family", "family")}, "twice"),
        ({"order": ("family",), "tolerance": (0.1, 0.2)}, "2 tolerances for 1 levels"),
        ({"order": ("family",), "tolerance": (1.5,)}, "from 0 to 1"),
        ({"order": ("family",), "tolerance": (float("nan"),)}, "from 0 to 1"),
        ({"worst_tenth_at_most_miles": -1.0}, "must not be negative"),
        ({"mode": "strict", "order": ("worst_tenth", "worst_tenth")}, "twice"),
    ],
)
def test_objectives_that_make_no_sense_are_refused(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Objective(**wrong)


def test_levels_add_up_to_the_objective(baseline: Scenario) -> None:
    inputs = toy_inputs(baseline)
    build = build_problem(inputs)
    found = allocate(inputs)
    unit_of = build.problem.units.get_indexer(found.placements["unit"])

    measures = level_measures(build, inputs.policy, LEVELS)

    parts = {name: each.of_plan(build.problem, unit_of) for name, each in measures.items()}
    assert parts.pop("placed") == 0
    assert sum(parts.values()) == build.problem.value_pennies(unit_of)
    assert parts["family"] / 100 == pytest.approx(found.terms["family"])
    assert parts["moves"] / 100 == pytest.approx(found.terms["move"])
    assert parts["crowding"] / 100 == pytest.approx(found.terms["crowding"])


def test_family_first_reaches_the_least_family_cost(baseline: Scenario) -> None:
    """Moves cost £100 each and come last: everybody who can be nearer is."""
    inputs = toy_inputs(baseline)
    objective = Objective(mode="strict", order=("placed", "family"))

    found = allocate_by_objective(inputs, objective)

    free = replace(inputs, policy=replace(inputs.policy, release_weight=0.0))
    plain = allocate(free)
    assert found.terms["family"] <= plain.terms["family"]
    assert list(found.levels["level"]) == ["placed", "family", "all"]
    assert (found.levels["gap"] == 0).all()
    assert found.status is SolveStatus.OPTIMAL
    assert found.objective_gbp == pytest.approx(sum(found.terms.values()))


def test_priced_worst_tenth_is_a_term_of_the_objective(baseline: Scenario) -> None:
    inputs = toy_inputs(baseline)
    objective = Objective(worst_tenth_weight_gbp_per_mile=50)

    found = allocate_by_objective(inputs, objective)

    assert found.gap is not None
    assert found.gap <= 1e-4
    assert found.objective_gbp == pytest.approx(sum(found.terms.values()))
    assert found.worst_tenth_miles == found.placements["straight_miles"].max()
    assert found.terms["worst_tenth_weighted"] == pytest.approx(50 * found.worst_tenth_miles)


def test_limit_on_the_worst_tenth_is_kept(baseline: Scenario) -> None:
    inputs = toy_inputs(baseline)
    before = allocate(inputs)

    found = allocate_by_objective(inputs, Objective(worst_tenth_at_most_miles=50.0))

    assert found.placements["straight_miles"].max() <= 50
    assert found.objective_gbp >= before.objective_gbp


def test_the_worst_tenth_comes_first_where_the_order_says_so(baseline: Scenario) -> None:
    """By hand: there is room for all near home, and nobody moves where moves come first."""
    inputs = toy_inputs(baseline)
    moves = allocate_by_objective(inputs, Objective(mode="strict", order=("placed", "moves")))

    found = allocate_by_objective(
        inputs, Objective(mode="strict", order=("placed", "worst_tenth", "moves"))
    )

    levels = found.levels.set_index("level")
    assert list(levels.index) == ["placed", "worst_tenth", "moves", "all"]
    assert levels.loc["worst_tenth", "measure_unit"] == "miles"
    assert levels.loc["worst_tenth", "final"] == found.worst_tenth_miles == 0
    assert found.placements["straight_miles"].max() == 0
    assert moves.worst_tenth_miles == moves.placements["straight_miles"].max() > 0
    assert levels.loc["moves", "value"] > 0


def test_the_worst_tenth_is_kept_at_every_level_and_priced_at_the_last(baseline: Scenario) -> None:
    inputs = toy_inputs(baseline)
    order = {"mode": "strict", "order": ("placed", "moves")}
    before = allocate_by_objective(inputs, Objective(**order))
    assert before.worst_tenth_miles is not None
    most = before.worst_tenth_miles - 1

    found = allocate_by_objective(
        inputs,
        Objective(**order, worst_tenth_at_most_miles=most, worst_tenth_weight_gbp_per_mile=50),
    )

    assert found.worst_tenth_miles is not None
    assert found.worst_tenth_miles <= most
    assert found.levels.set_index("level").loc["moves", "value"] > 0
    assert found.terms["worst_tenth_weighted"] == pytest.approx(50 * found.worst_tenth_miles)
    assert found.objective_gbp == pytest.approx(sum(found.terms.values()))


def tied(inputs: Inputs) -> Inputs:
    """Keep the first two people, both of the east, apart, and at least one person in CCC-1."""
    apart = pd.DataFrame(
        {"a": ["P0"], "b": ["P1"], "level": ["establishment"], "reason": ["conflict"]}
    ).astype("str")
    minimum = LimitEdit(limit="programme", where=Where(unit=("CCC-1",)), at_least=1)
    records = replace(inputs.records, keep_aparts=apart)
    return replace(inputs, records=records, limits=(minimum,))


def at(found: Allocation, prisoner: str) -> str:
    return str(found.placements.set_index("prisoner_id").loc[prisoner, "establishment"])


@pytest.mark.parametrize(
    "objective",
    [
        Objective(mode="strict", order=("placed", "family"), tolerance=(0.0, 0.1)),
        Objective(worst_tenth_weight_gbp_per_mile=50),
        Objective(worst_tenth_at_most_miles=80.0),
        Objective(mode="strict", order=("placed", "worst_tenth"), tolerance=(0.0, 0.1)),
        Objective(mode="strict", order=("placed", "family"), worst_tenth_at_most_miles=80.0),
        Objective(mode="strict", order=("placed", "moves"), worst_tenth_weight_gbp_per_mile=50),
    ],
)
def test_keep_aparts_and_minimums_go_with_an_order_and_with_the_worst_tenth(
    baseline: Scenario, objective: Objective
) -> None:
    inputs = tied(toy_inputs(baseline))

    found = allocate_by_objective(inputs, objective)

    assert at(found, "P0") != at(found, "P1")
    assert (found.placements["unit"] == "CCC-1").any()
    assert found.status is not SolveStatus.INFEASIBLE
    assert found.objective_gbp == pytest.approx(sum(found.terms.values()))
    assert found.gap is not None
    assert 0 <= found.gap < 1


def test_an_order_tells_first_by_how_many_minimums_are_missed(baseline: Scenario) -> None:
    objective = Objective(mode="strict", order=("placed", "family"))

    found = allocate_by_objective(tied(toy_inputs(baseline)), objective)

    assert list(found.levels["level"]) == ["minimums", "placed", "family", "all"]
    assert list(found.levels["measure_unit"]) == ["people", "people", "GBP", "GBP"]
    assert list(found.levels["value"][:2]) == [0, 0]

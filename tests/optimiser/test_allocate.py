"""The whole of an allocation, on a line of three prisons and on the real estate."""

from __future__ import annotations

import hashlib
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.population import Population
from data.records import Records
from optimiser.allocate import earlier_plan, status_of
from optimiser.allocation import Allocation, InfeasibleAllocationError, SolveStatus
from optimiser.build import Inputs as Given
from optimiser.build import build_problem
from optimiser.certify import Certificate, certify
from optimiser.decide import Decision
from optimiser.duals import Prices
from optimiser.limits import LimitEdit
from optimiser.policy import AllocationPolicy
from optimiser.problem import ARRAYS, INELIGIBLE, PairFlag
from scenarios.inputs import Inputs
from scenarios.planning.place import allocation_inputs
from scenarios.schema import Scenario
from tests.optimiser.allocation_instances import make_problem
from tests.optimiser.toy_world import (
    allocate,
    exclusion,
    family_policy,
    observe,
    person,
    toy_estate,
    toy_move_parts,
    toy_population,
    toy_rules,
    toy_tables,
)


@pytest.fixture
def family_only(baseline: Scenario) -> AllocationPolicy:
    """Family pounds and the price of a move, nothing else; two visits in four weeks."""
    return family_policy(baseline.allocation)


def swapped_pair() -> Population:
    """Give two men each held where the other's family lives, 100 miles off."""
    return toy_population(person(1, "east", "AAA-1"), person(2, "west", "CCC-1"))


def unit_of(allocation: Allocation) -> dict[str, str]:
    return dict(
        zip(allocation.placements["prisoner_id"], allocation.placements["unit"], strict=True)
    )


def test_two_people_swap_to_be_near_home(baseline: Scenario, family_only: AllocationPolicy) -> None:
    """£100 a visit, 2 visits in 4 weeks, 40 weeks: £2,000 each, for two moves of £100."""
    tables = toy_tables(baseline, swapped_pair())

    today = observe(**tables, policy=family_only)
    allocation = allocate(**tables, policy=family_only)

    assert unit_of(allocation) == {"P1": "CCC-1", "P2": "AAA-1"}
    assert today.objective_gbp == 4000.0
    assert today.status is SolveStatus.TODAY
    assert today.lower_bound_gbp is None
    assert today.moves.empty
    assert allocation.objective_gbp == 200.0
    assert allocation.status is SolveStatus.OPTIMAL
    assert allocation.gap == 0
    assert allocation.terms["family"] == 0
    assert allocation.terms["move"] == 200.0
    assert list(allocation.moves["family_gain_gbp"]) == [2000.0, 2000.0]
    assert set(allocation.moves["reason"]) == {"repatriation"}
    assert list(allocation.moves["straight_miles_before"]) == [100.0, 100.0]
    assert list(allocation.moves["straight_miles_after"]) == [0.0, 0.0]


def test_terms_add_up_to_the_objective(baseline: Scenario) -> None:
    allocation = allocate(
        **toy_tables(baseline, swapped_pair()),
        policy=baseline.allocation,
    )

    pennies = sum(round(term * 100) for term in allocation.terms.values())
    assert pennies == round(allocation.objective_gbp * 100)


def test_a_budget_of_one_move_allows_one(baseline: Scenario, family_only: AllocationPolicy) -> None:
    tables = toy_tables(baseline, swapped_pair())

    allocation = allocate(**tables, policy=replace(family_only, move_budget=1))

    assert len(allocation.moves) == 1
    assert allocation.placements["moved"].sum() == 1
    assert allocation.lower_bound_gbp is not None
    assert allocation.lower_bound_gbp <= allocation.objective_gbp


def test_further_flags_those_sent_away_for_no_other_reason(
    baseline: Scenario, family_only: AllocationPolicy
) -> None:
    """All live in the west: BBB is 50 miles further than AAA, and CCC 100.

    Whoever waits for court or is about to be released has another reason; who comes nearer, or not
    much further, is not sent away.
    """
    people = toy_population(
        person(1, "west", "AAA-1"),
        person(2, "west", "BBB-1"),
        person(3, "west", "BBB-1", status="remand"),
        person(4, "west", "AAA-1", days_to_release=10),
    )
    rows = (LimitEdit(limit="further", at_most=0, tolerance_miles=60, most_miles=90),)
    tables = toy_tables(baseline, people) | {"limits": rows}

    problem = build_problem(Given(**tables, policy=family_only)).problem

    flagged = (problem.pair_flags & PairFlag.FURTHER) != 0
    assert flagged.tolist() == [[False, False, True], [False] * 3, [False] * 3, [False] * 3]
    assert (problem.cost_pennies[0, problem.unit_establishment == 2] == INELIGIBLE).all()
    assert (problem.cost_pennies[1, problem.unit_establishment == 2] != INELIGIBLE).any()


def test_what_two_solvers_prove_is_told_apart_from_arithmetic(
    baseline: Scenario, family_only: AllocationPolicy
) -> None:
    tables = toy_tables(baseline, swapped_pair())

    allocation = allocate(**tables, policy=replace(family_only, move_budget=1))

    assert allocation.proven_by is not None
    assert allocation.proven_by.startswith("arithmetic")
    assert allocation.multiplier_bound_gbp is not None
    assert allocation.lower_bound_gbp is not None
    assert allocation.multiplier_bound_gbp <= allocation.lower_bound_gbp
    assert allocation.lower_bound_gbp <= allocation.objective_gbp
    if allocation.multiplier_gap:
        assert "two solvers" in allocation.proven_by


@pytest.mark.parametrize(
    "columns",
    [
        {"hold_reason": "medical", "hold_until": "2026-09-01"},
        {"hold_reason": "parole", "hold_until": ""},
        {"days_to_release": 20},
        {"category": "A"},
    ],
)
def test_frozen_people_stay_where_they_are(
    baseline: Scenario, family_only: AllocationPolicy, columns: dict[str, Any]
) -> None:
    people = toy_population(person(1, "east", "AAA-1", **columns), person(2, "west", "CCC-1"))

    allocation = allocate(**toy_tables(baseline, people), policy=family_only)

    assert unit_of(allocation)["P1"] == "AAA-1"


def test_a_hold_that_has_ended_holds_nobody(
    baseline: Scenario, family_only: AllocationPolicy
) -> None:
    columns = {"hold_reason": "medical", "hold_until": "2026-07-27"}
    people = toy_population(person(1, "east", "AAA-1", **columns))

    allocation = allocate(**toy_tables(baseline, people), policy=family_only)

    assert unit_of(allocation)["P1"] == "CCC-1"


def test_frozen_people_stay_even_where_places_were_closed(
    baseline: Scenario, family_only: AllocationPolicy
) -> None:
    people = toy_population(person(1, "east", "AAA-1", category="A"))
    estate = toy_estate(places=[0, 2, 2, 1, 1])

    allocation = allocate(**toy_tables(baseline, people, estate=estate), policy=family_only)

    assert unit_of(allocation) == {"P1": "AAA-1"}


def test_a_barred_contact_and_a_wish_for_distance_draw_nobody_near(
    baseline: Scenario, family_only: AllocationPolicy
) -> None:
    people = toy_population(
        person(1, "east", "AAA-1", preference="further"), person(2, "east", "AAA-1")
    )
    contacts = people.contacts.assign(status=["permitted", "barred"])
    people = Population(prisoners=people.prisoners, contacts=contacts)

    allocation = allocate(**toy_tables(baseline, people), policy=family_only)

    assert not allocation.placements["moved"].any()


def test_people_without_known_contacts_are_drawn_home_too(
    baseline: Scenario, family_only: AllocationPolicy
) -> None:
    """A floor of need: nobody is free to be sent anywhere."""
    people = toy_population(person(1, "east", "AAA-1"))
    people = Population(prisoners=people.prisoners, contacts=people.contacts.iloc[:0])

    allocation = allocate(**toy_tables(baseline, people), policy=family_only)

    assert unit_of(allocation)["P1"] == "CCC-1"
    assert allocation.placements["visit_cost_gbp"].isna().all()


def test_public_protection_excludes_an_establishment(
    baseline: Scenario, family_only: AllocationPolicy
) -> None:
    people = toy_population(person(1, "east", "AAA-1"))
    records = exclusion("P1", "CCC")

    allocation = allocate(**toy_tables(baseline, people, records=records), policy=family_only)

    assert unit_of(allocation)["P1"] == "BBB-1"


def test_people_on_remand_are_drawn_to_their_court(
    baseline: Scenario, family_only: AllocationPolicy
) -> None:
    """Only BBB holds remand; two more such places at AAA make the court matter."""
    columns = {
        "status": "remand",
        "category": "U",
        "sentence_band": "none",
        "days_to_release": None,
        "court_area": "west",
    }
    people = toy_population(person(1, "middle", "BBB-1", **columns))
    policy = replace(family_only, family_weight=0.0, court_weight=1.0)
    estate = toy_estate(categories=["C;U", "B;C;U", "C", "D", "C"])

    tables = toy_tables(baseline, people, estate=estate, move_parts=toy_move_parts(escort=1.0))
    allocation = allocate(**tables, policy=policy)

    assert unit_of(allocation)["P1"] == "AAA-1"
    assert allocation.moves["reason"].tolist() == ["court_appearance"]
    assert "family_weighted" in allocation.terms


def test_release_area_draws_people_inside_the_window_only(
    baseline: Scenario, family_only: AllocationPolicy
) -> None:
    policy = replace(
        family_only,
        family_weight=0.0,
        release_weight=1.0,
        release_window_days=365,
    )
    people = toy_population(
        person(1, "west", "AAA-1", release_area="east", days_to_release=300),
        person(2, "west", "AAA-1", release_area="east", days_to_release=400),
    )

    tables = toy_tables(baseline, people, move_parts=toy_move_parts(escort=1.0))
    allocation = allocate(**tables, policy=policy)

    assert unit_of(allocation) == {"P1": "CCC-1", "P2": "AAA-1"}
    assert allocation.moves["reason"].tolist() == ["resettlement"]


def test_people_beyond_capacity_are_unplaced_and_counted_by_cohort(
    baseline: Scenario, family_only: AllocationPolicy
) -> None:
    """Three Category D men who are not suitable for open conditions, and no closed place left."""
    estate = toy_estate(places=[2, 0, 0, 1, 0])
    people = toy_population(*(person(n, "west", "AAA-1") for n in range(3)))

    allocation = allocate(**toy_tables(baseline, people, estate=estate), policy=family_only)

    assert allocation.status is SolveStatus.INFEASIBLE
    assert allocation.gap == 0
    assert allocation.unplaced["people"].tolist() == [1]
    assert allocation.unplaced.loc[0, "category"] == "C"
    assert allocation.unplaced.loc[0, "places"] == 2
    assert (allocation.placements["unit"] == "").sum() == 1


def test_the_operating_margin_leaves_people_unplaced(
    baseline: Scenario, family_only: AllocationPolicy
) -> None:
    people = toy_population(*(person(n, "west", "AAA-1") for n in range(2)))

    rules = toy_rules()
    rules.loc[rules["rule"] == "estate_margin_men", "value"] = 7

    allocation = allocate(**toy_tables(baseline, people, rules=rules), policy=family_only)

    assert allocation.unplaced["people"].sum() == 1


def test_no_place_for_a_sex_is_a_contradiction(
    baseline: Scenario, family_only: AllocationPolicy
) -> None:
    people = toy_population(person(1, "west", "AAA-1", sex="women", category="closed"))

    with pytest.raises(InfeasibleAllocationError, match="women") as caught:
        allocate(**toy_tables(baseline, people), policy=family_only)

    assert caught.value.shortfall["people"].tolist() == [1]


def test_journeys_missing_for_an_establishment_are_named(
    baseline: Scenario, family_only: AllocationPolicy
) -> None:
    tables = toy_tables(baseline, swapped_pair())
    tables["travel"] = replace(
        tables["travel"], establishments=pd.Index(["AAA", "BBB", "QQQ"], dtype="str")
    )

    with pytest.raises(ValueError, match="CCC"):
        allocate(**tables, policy=family_only)


def test_what_the_progress_report_raises_ends_the_work(
    baseline: Scenario, family_only: AllocationPolicy
) -> None:
    class StopError(Exception):
        pass

    def stop(stage: str, done: int, total: int) -> None:
        if stage == "allocation":
            raise StopError

    with pytest.raises(StopError):
        allocate(**toy_tables(baseline, swapped_pair()), policy=family_only, progress=stop)


PROTECTED = [
    "ethnicity",
    "nationality_group",
    "religion",
    "disability",
    "pregnancy",
    "language",
    "care_experience",
    "relatives_in_custody",
]


def rivals() -> Population:
    """Give four men in BBB who all want the two places of CCC-1 as much as each other."""
    return toy_population(*(person(n, "east", "BBB-1") for n in range(4)))


@given(st.permutations(range(4)))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=10)
def test_the_order_of_rows_decides_nothing(
    baseline: Scenario, family_only: AllocationPolicy, order: list[int]
) -> None:
    people = rivals()
    shuffled = Population(
        prisoners=people.prisoners.iloc[order].reset_index(drop=True),
        contacts=people.contacts.iloc[order[::-1]].reset_index(drop=True),
    )

    before = allocate(**toy_tables(baseline, people), policy=family_only)
    after = allocate(**toy_tables(baseline, shuffled), policy=family_only)

    assert unit_of(before) == unit_of(after)


@given(st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=10)
def test_the_plan_is_the_same_to_the_byte_whatever_people_are(
    baseline: Scenario, family_only: AllocationPolicy, data: st.DataObject
) -> None:
    people = rivals()
    drawn = {name: [data.draw(st.sampled_from("abc")) for _ in range(4)] for name in PROTECTED}
    others = Population(prisoners=people.prisoners.assign(**drawn), contacts=people.contacts)

    before = allocate(**toy_tables(baseline, people), policy=family_only)
    after = allocate(**toy_tables(baseline, others), policy=family_only)

    for name in ("placements", "moves", "units"):
        assert getattr(before, name).to_csv() == getattr(after, name).to_csv()


@pytest.fixture(scope="module")
def real_plan(real: Inputs, baseline: Scenario) -> Allocation:
    """Decide for the whole country, with no limit on moves."""
    return _on(real, baseline, baseline.allocation)


@pytest.mark.slow
def test_real_estate_is_solved_to_a_gap_of_nothing(real: Inputs, real_plan: Allocation) -> None:
    """The certificate, the capacities and the journeys of 86,000 people in 122 prisons."""
    allocation = real_plan

    assert allocation.problem is not None
    assert allocation.prices is not None
    assert allocation.status is SolveStatus.OPTIMAL
    assert allocation.gap == 0
    assert (allocation.units["held"] <= allocation.problem.capacity).all()
    miles = allocation.placements["straight_miles"]
    assert allocation.floor.least_mean_miles < miles.mean() < allocation.floor.today_mean_miles
    assert allocation.floor.today_mean_miles < allocation.floor.random_mean_miles
    units = pd.Index(real.estate.units["unit"]).get_indexer(pd.Index(allocation.placements["unit"]))
    again = certify(allocation.problem, units.astype(np.int64), allocation.prices)
    assert again.objective_pennies == round(allocation.objective_gbp * 100)
    stayed = ~allocation.placements["moved"]
    same = allocation.placements["unit"] == allocation.placements["from_unit"]
    assert same[stayed].mean() > 0.8


@pytest.mark.slow
def test_real_estate_keeps_its_budget_of_moves(real: Inputs, baseline: Scenario) -> None:
    policy = replace(baseline.allocation, move_budget=13_000)

    allocation = _on(real, baseline, policy)

    moves = allocation.moves
    assert len(moves) <= 13_000
    assert allocation.status is SolveStatus.OPTIMAL
    assert allocation.gap == 0
    for_others = moves["own_gain_gbp"] <= moves["move_price_gbp"]
    assert (for_others == (moves["reason"] == "other")).all()
    assert (moves.loc[moves["family_gain_gbp"] <= 0, "reason"] != "repatriation").all()


@pytest.mark.slow
def test_who_people_are_changes_no_byte_of_the_plan_for_the_whole_country(
    real: Inputs, baseline: Scenario, real_plan: Allocation
) -> None:
    """Every protected characteristic but sex and age is shuffled, each in an order of its own.

    Relatives stay as they are: the list of moves tells how many of them a move parts.
    """
    shuffled = real.population.prisoners.copy()
    for number, column in enumerate(sorted({*PROTECTED} - {"relatives_in_custody"})):
        order = np.random.default_rng(number).permutation(len(shuffled))
        shuffled[column] = shuffled[column].to_numpy()[order]
    people = Population(prisoners=shuffled, contacts=real.population.contacts)
    tables = _tables(real, baseline) | {"population": people}

    other = allocate(**tables, policy=baseline.allocation)

    assert other.problem is not None
    assert real_plan.problem is not None
    assert (shuffled["ethnicity"] != real.population.prisoners["ethnicity"]).mean() > 0.3
    for name in ARRAYS:
        assert np.array_equal(getattr(other.problem, name), getattr(real_plan.problem, name))
    for name in ("placements", "moves", "units"):
        ours, theirs = getattr(real_plan, name), getattr(other, name)
        assert digest(ours) == digest(theirs), name
    assert other.objective_gbp == real_plan.objective_gbp


def digest(table: pd.DataFrame) -> str:
    """Give the SHA-256 of a table's bytes as CSV."""
    return hashlib.sha256(table.to_csv(index=False).encode()).hexdigest()


def _tables(real: Inputs, baseline: Scenario) -> dict[str, Any]:
    inputs = allocation_inputs(baseline, real)
    return {
        each.name: getattr(inputs, each.name) for each in fields(inputs) if each.name != "policy"
    }


def _on(real: Inputs, baseline: Scenario, policy: AllocationPolicy) -> Allocation:
    return allocate(**_tables(real, baseline), policy=policy)


@pytest.mark.parametrize(
    ("stopped", "unplaced", "bound", "status"),
    [
        (False, 0, 10, SolveStatus.OPTIMAL),
        (True, 0, 10, SolveStatus.OPTIMAL),
        (False, 0, 9, SolveStatus.FEASIBLE),
        (False, 2, 9, SolveStatus.INFEASIBLE),
        (True, 0, 9, SolveStatus.CANCELLED),
        (True, 2, 9, SolveStatus.CANCELLED),
        (True, 2, 10, SolveStatus.INFEASIBLE),
    ],
)
def test_a_plan_that_was_stopped_is_never_called_infeasible_while_a_better_one_may_be(
    stopped: bool, unplaced: int, bound: int, status: SolveStatus
) -> None:
    prices = Prices.none(make_problem([[1]], [1]))
    found = Decision(
        unit_of=np.zeros(1, dtype=np.int64),
        proof=prices,
        prices=prices,
        solver_says_optimal=not stopped,
        stopped=stopped,
        seconds={},
    )
    certificate = Certificate(objective_pennies=10, bound_pennies=bound, moves=0, unplaced=unplaced)

    assert status_of(certificate, found) == status


def kept_apart(*pairs: tuple[str, str]) -> Records:
    """Give records of pairs who may not be in one prison."""
    rows = [(a, b, "establishment", "conflict") for a, b in pairs]
    table = pd.DataFrame(rows, columns=["a", "b", "level", "reason"])
    return replace(Records.empty(), keep_aparts=table)


def test_an_earlier_plan_hands_on_the_side_rows_that_still_follow(
    baseline: Scenario, family_only: AllocationPolicy
) -> None:
    """Both live at AAA, which has two places; who is there is worth £4,000 to either."""
    both = person(1, "west", "BBB-1"), person(2, "west", "CCC-1")
    apart = kept_apart(("P1", "P2"))
    tables = toy_tables(baseline, toy_population(*both)) | {"policy": family_only}
    before = allocate(**tables, records=apart)
    assert before.prices is not None
    assert before.proof is not None
    known: dict[str, Any] = {
        "earlier": before.placements,
        "earlier_prices": replace(
            before.prices,
            rows=before.proof.rows.priced(before.proof.rows.price // before.proof.scale),
        ),
    }

    def rows_handed_on(**changes: Any) -> list[list[int]]:
        inputs = Given(**tables | known | {"records": apart} | changes)
        start = earlier_plan(inputs, build_problem(inputs).problem)
        assert start is not None
        rows = start.prices.rows
        return [sorted(part.tolist()) for part in np.split(rows.people, rows.first[1:-1])]

    alone, turned = toy_population(both[0]), toy_population(*both[::-1])
    third = toy_population(person(0, "east", "CCC-1"), *both)
    again = allocate(**tables, **known, records=apart)
    assert len(before.proof.rows)
    assert set(map(tuple, rows_handed_on())) == {(0, 1)}
    assert set(map(tuple, rows_handed_on(population=turned))) == {(0, 1)}
    assert set(map(tuple, rows_handed_on(population=third))) == {(1, 2)}
    assert rows_handed_on(records=Records.empty()) == [[]]
    assert rows_handed_on(population=alone, records=Records.empty()) == [[]]
    assert again.objective_gbp == before.objective_gbp
    assert again.gap == 0

"""What families gain, against hand calculations and an integral."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from data.visit_cost import VisitCost, visit_cost
from scenarios.account import demands
from scenarios.benefit import (
    Demand,
    consumer_surplus_gbp,
    demand_at,
    family_account,
    rule_of_half,
)
from scenarios.distance import distance_measures, distance_rows, further_rows, with_groups
from scenarios.inputs import Inputs, load_inputs
from scenarios.load import load_scenario
from scenarios.payers import payments
from scenarios.place import place, simulated_on
from scenarios.row_changes import changed_rows
from scenarios.schema import RuleChange
from scenarios.staffing import added_session_hours
from simulation.demand import keep_share
from simulation.replicate import year_of

BASELINE = load_scenario("baseline")
costs = st.floats(0, 500)


@pytest.fixture(scope="module")
def small(small_data: Path) -> Inputs:
    return load_inputs(BASELINE, small_data)


def one(**values: float) -> Demand:
    usual = {
        "visits": 10.0,
        "refunded_visits": 10.0,
        "money_gbp": 20.0,
        "refund_gbp": 5.0,
        "hours": 3.0,
        "felt_gbp": 40.0,
        "gross_gbp": 45.0,
    }
    return Demand(**{name: np.array([value]) for name, value in (usual | values).items()})


def test_the_rule_of_half_by_hand() -> None:
    """Ten visits gain 10 pounds each, four new ones half of it: 100 + 20."""
    gained = consumer_surplus_gbp(one(), one(visits=14.0, felt_gbp=30.0))
    assert gained.tolist() == [120.0]


@given(before=costs, after=costs)
def test_the_benefit_has_the_sign_of_the_fall_in_cost_and_is_undone_by_going_back(
    before: float, after: float
) -> None:
    cost = np.array([before, after])
    visits = keep_share(cost, BASELINE.demand)
    there = rule_of_half(visits[:1], visits[1:], cost[:1], cost[1:])[0]
    back = rule_of_half(visits[1:], visits[:1], cost[1:], cost[:1])[0]
    assert np.sign(there) == np.sign(before - after)
    assert there == -back


@pytest.mark.parametrize(("before", "after"), [(60.0, 50.0), (120.0, 100.0), (30.0, 33.0)])
def test_the_rule_of_half_is_close_to_the_area_under_the_demand_curve(
    before: float, after: float
) -> None:
    """For changes of a sixth the straight line is within a hundredth of the integral."""
    cost = np.array([before, after])
    visits = keep_share(cost, BASELINE.demand)
    half = rule_of_half(visits[:1], visits[1:], cost[:1], cost[1:])[0]
    area, _ = quad(lambda c: keep_share(np.array([c]), BASELINE.demand)[0], after, before)
    assert half == pytest.approx(area, rel=0.01)


def test_total_spending_may_rise_while_families_gain() -> None:
    """Closer people visit more: total spent alone would call the gain a loss."""
    before = one(visits=10.0, felt_gbp=40.0, gross_gbp=40.0)
    after = one(visits=20.0, felt_gbp=30.0, gross_gbp=30.0)
    told = family_account(before, after)
    assert told["consumer_surplus_gbp_per_year"] == 150.0
    assert told["spent_gbp_per_year"] == {"today": 400.0, "plan": 600.0}
    assert told["cost_per_visit_gbp"] == {"today": 40.0, "plan": 30.0}


def test_demand_of_a_party_by_hand() -> None:
    """Two travellers, half of the prisoner's visits, a trip of two hours there and back."""
    cost = VisitCost(
        trips=pd.DataFrame({"home_area": ["X"]}),
        trip=np.array([0]),
        establishments=pd.Index(["AAA"]),
        return_minutes=np.array([[120.0]]),
        money_gbp=np.array([[30.0]]),
        refund_gbp=np.array([[10.0]]),
        gross_gbp=np.array([[50.0]]),
        weight=np.array([1.0]),
    )
    found = demand_at(
        np.array([0]),
        cost,
        parties=pd.DataFrame({"share": [0.5], "adults": [1], "children": [1]}),
        settings=BASELINE.demand,
        weeks_per_year=52,
        refunded_visits_per_year=2,
    )
    kept = keep_share(np.array([40.0]), BASELINE.demand)[0]
    assert found.visits[0] == pytest.approx(BASELINE.demand.wish_per_four_weeks * 0.5 * 13 * kept)
    assert found.hours[0] == 4.0
    assert found.felt_gbp[0] == 40.0
    assert found.refunded_visits[0] == min(2.0, found.visits[0])


def test_payers_by_hand() -> None:
    """Ten moves at 222 pounds for the escort and four hours at 22.80 for staff."""
    rows = payments(
        one(),
        one(visits=12.0, refunded_visits=12.0),
        moves=10,
        school_hours=(None, 5.0),
        session_staff_hours=600.0,
        shuttle_gbp=5200.0,
        escort_gbp_per_move=222.0,
        settings=BASELINE.benefit,
    )
    change = {row["item"]: row["change"] for row in rows}
    assert change == {
        "fares and fuel, before refunds": 40.0,
        "hours on the way, all travellers": 6.0,
        "school hours missed": None,
        "refunds to families": 10.0,
        "taking people to another prison": 2220.0,
        "staff for moves": pytest.approx(912.0),
        "staff for added visit sessions": pytest.approx(100 * 6 * 22.8),
        "buses from the station": 5200.0,
    }


def test_staff_of_added_sessions_by_hand(small: Inputs) -> None:
    """Two Category C prisons, two evenings, 52 weeks; three officers and two checkers a session."""
    evenings = load_scenario("evening_visits")
    assert added_session_hours(small.estate, evenings) == 2 * 2 * 52 * (3 + 2) * (1.5 + 1.0)
    assert added_session_hours(small.estate, BASELINE) == 0


def test_staff_of_added_sessions_are_those_of_the_simulated_year(small: Inputs) -> None:
    """Where every session is held, payers are asked for the hours that the year counts."""
    evenings = load_scenario("evening_visits")
    held = evenings.model_copy(
        update={
            "attendance": replace(evenings.attendance, staff_shortage_share=0.0),
            "regime": replace(evenings.regime, bank_holiday_held_share=1.0),
        }
    )
    played = simulated_on(held, small, place(held, small))
    hours = 0.0
    for establishment in played.establishments:
        year = year_of(played, establishment, seed=1, replication=0)[0].year
        slots = year.sessions
        is_added = np.char.find(year.templates[slots.template].astype(str), "-added-") >= 0
        is_measured = (slots.day >= played.calendar.warm_up_days) & (
            slots.day < played.calendar.days
        )
        hours += float(year.day.staff_hours(slots)[is_added & is_measured].sum())
    assert hours == pytest.approx(added_session_hours(small.estate, held))
    assert hours > 0


PEOPLE = pd.DataFrame(
    {
        "prisoner_id": ["P1", "P2", "P3"],
        "sex": ["men", "men", "women"],
        "age": [20, 45, 61],
        "ethnicity": "white",
        "nationality_group": "british",
        "disability": [True, False, False],
        "status": "sentenced",
        "category": ["C", "C", "closed"],
        "children_under_18": [2, 0, 0],
    }
)
TODAY = pd.DataFrame(
    {
        "prisoner_id": ["P1", "P2", "P3"],
        "straight_miles": [60.0, 10.0, 120.0],
        "visit_cost_gbp": [80.0, 20.0, None],
        "establishment": ["AAA", "BBB", "CCC"],
        "moved": False,
    }
)
PLAN = TODAY.assign(
    straight_miles=[20.0, 70.0, 120.0],
    visit_cost_gbp=[30.0, 90.0, None],
    establishment=["BBB", "AAA", "CCC"],
    moved=[True, True, False],
)


def test_who_ends_further_away_by_hand() -> None:
    rows = {row["sex"]: row for row in further_rows(with_groups(PLAN, TODAY, PEOPLE))}
    assert rows["men"] == {
        "sex": "men",
        "people": 2,
        "moved": 2,
        "nearer": 1,
        "further": 1,
        "mean_miles_nearer": 40.0,
        "mean_miles_further": 60.0,
        "most_miles_further": 60.0,
    }
    assert rows["women"]["further"] == rows["women"]["nearer"] == 0
    assert rows["all"]["people"] == 3


def test_mean_distance_by_hand() -> None:
    rows = distance_rows(with_groups(PLAN, TODAY, PEOPLE))
    assert rows[0]["straight_miles_today"] == pytest.approx(190 / 3)
    assert rows[0]["straight_miles"] == pytest.approx(70)
    assert rows[1] == {
        "sex": "men",
        "people": 2,
        "straight_miles_today": 35.0,
        "straight_miles": 45.0,
        "visit_cost_gbp_today": 50.0,
        "visit_cost_gbp": 60.0,
    }


def test_measures_of_distance_by_hand() -> None:
    table = distance_measures(with_groups(PLAN, TODAY, PEOPLE), scenario="x", replications=2)
    assert set(table["replication"]) == {0, 1}
    value = table[table["replication"] == 0].set_index(
        ["establishment", "group_by", "group", "measure"]
    )["value"]
    assert value["ALL", "all", "all", "straight_miles"] == 70
    assert value["ALL", "sex", "men", "further_share"] == 0.5
    assert value["ALL", "age_band", "18-24", "straight_miles"] == 20
    assert value["ALL", "children_under_18", "yes", "people_held"] == 1
    assert value["AAA", "all", "all", "over_50_miles_share"] == 1
    assert value["ALL", "all", "all", "over_100_miles_share"] == pytest.approx(1 / 3)


def test_people_without_a_place_are_left_out_of_distances() -> None:
    plan = PLAN.assign(establishment=["BBB", "", "CCC"])
    assert len(with_groups(plan, TODAY, PEOPLE)) == 2


def test_a_rule_changes_only_what_is_said(small: Inputs) -> None:
    rule = small.rules["rule"].iloc[0]
    changed = changed_rows(small.rules, {rule: RuleChange(level="off")})
    assert changed.loc[0, "level"] == "off"
    pd.testing.assert_frame_equal(changed.drop(columns="level"), small.rules.drop(columns="level"))
    pd.testing.assert_frame_equal(changed_rows(small.rules, {}), small.rules)


def test_more_help_with_the_cost_of_visits_is_a_gain_though_nobody_moves(small: Inputs) -> None:
    scenario = load_scenario("help_with_visits")
    inputs = replace(
        small,
        visit_cost=visit_cost(small.parties, small.travel, scenario.travel, scenario.help),
    )
    plan = place(scenario, inputs).placements
    before, after = demands(scenario, inputs, plan, plan)
    told = family_account(before, after)
    assert told["consumer_surplus_gbp_per_year"] > 0
    assert told["refund_gbp_per_year"]["plan"] > told["refund_gbp_per_year"]["today"]
    assert told["cost_per_visit_gbp"]["plan"] >= told["cost_per_visit_gbp"]["today"] - 10

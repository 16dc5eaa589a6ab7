"""What families gain, against hand calculations and an integral."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from data.visit_cost import VisitCost, visit_cost
from data.where import Where
from scenarios.accounts.account import a_year, demands, moves_with_a_transfer, services
from scenarios.accounts.payers import payments
from scenarios.accounts.staffing import Services, paid_line_hours, planned_staff
from scenarios.benefit import (
    Demand,
    at_most,
    consumer_surplus_gbp,
    demand_at,
    family_account,
    rule_of_half,
    surplus_by_value_of_time,
)
from scenarios.distance import distance_measures, distance_rows, further_rows, with_groups
from scenarios.inputs import Inputs, load_inputs
from scenarios.load import load_scenario
from scenarios.planning.place import place, simulated_on
from scenarios.row_changes import changed_rows
from scenarios.run import Options, run_many
from scenarios.schema import RuleChange, Scenario
from scenarios.transfers import days_of_moves
from simulation.demand import keep_share
from simulation.line import Lines, Shift
from simulation.regime import Shuttle, shuttles_under
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


def test_moves_of_people_with_a_transfer_are_counted_where_transfers_are_known() -> None:
    moves = pd.DataFrame({"prisoner_id": ["P1", "P2", "P3"]})
    transfers = pd.DataFrame({"prisoner_id": ["P2", "P9", "P2"]})
    assert moves_with_a_transfer(moves, transfers) == 1
    assert moves_with_a_transfer(moves, transfers.iloc[:0]) is None


@pytest.mark.parametrize("gbp_per_hour", [5.0, 7.5, 12.0])
def test_the_gain_at_another_value_of_time_is_that_of_costs_worked_out_anew(
    small: Inputs, small_data: Path, gbp_per_hour: float
) -> None:
    """The oracle makes every journey's cost anew at the other value."""
    plan = load_scenario("closer_to_home")
    placed = place(plan, small).placements
    today = place(BASELINE, small).placements
    before, after = demands(BASELINE, small, today, placed, {})
    travel = replace(BASELINE.travel, value_of_time_gbp_per_hour=gbp_per_hour)
    other = BASELINE.model_copy(update={"travel": travel})
    anew = demands(other, load_inputs(other, small_data), today, placed, {})

    (told,) = surplus_by_value_of_time(
        before, after, [gbp_per_hour], now=7.5, settings=BASELINE.demand
    )

    assert BASELINE.travel.value_of_time_gbp_per_hour == 7.5
    assert told["gbp_per_hour"] == gbp_per_hour
    surplus = family_account(*anew)["consumer_surplus_gbp_per_year"]
    assert surplus > 0
    assert told["consumer_surplus_gbp_per_year"] == pytest.approx(surplus)


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
        parties=pd.DataFrame({"share": [0.5], "adults": [1], "children": [1], "has_car": True}),
        settings=replace(BASELINE.demand, wish_per_four_weeks=1000.0, wish_spread=0.0),
        weeks_per_year=52,
        refunded_visits_per_year=2,
        shuttles=pd.DataFrame(
            {"minutes_saved": 0.0, "fare_gbp": 0.0, "cost_gbp_per_day": 0.0}, index=["AAA"]
        ),
    )
    kept = keep_share(np.array([40.0]), BASELINE.demand)[0]
    assert found.visits[0] == pytest.approx(1000 * 0.5 * 13 * kept)
    assert found.hours[0] == 4.0
    assert found.felt_gbp[0] == 40.0
    assert found.refunded_visits[0] == pytest.approx(2.0)


@given(
    mean=st.floats(0.1, 60.0), most=st.integers(0, 52), spread=st.sampled_from([0.0, 0.5, 1.0, 2.0])
)
def test_visits_within_a_cap_are_the_mean_of_what_families_would_have_refunded(
    mean: float, most: int, spread: float
) -> None:
    """Ten thousand families, each with its own wish and its own year."""
    draw = np.random.default_rng(1)
    variance = np.log1p(spread**2)
    wish = mean * np.exp(np.sqrt(variance) * draw.standard_normal(10_000) - variance / 2)
    refunded = np.minimum(draw.poisson(wish), most)
    found = at_most(np.array([mean]), most, spread)[0]
    assert found <= min(mean, most)
    assert found == pytest.approx(refunded.mean(), abs=6 * refunded.std() / 100 + 0.01)


def services_at(visits: float, workers: float, lines: float | None) -> Services:
    return Services(visits_gbp=visits, workers_gbp=workers, lines_gbp=lines)


OF_YEAR = {
    "family_money_gbp": 200.0,
    "family_travel_hours": 30.0,
    "school_hours_missed": 5.0,
    "refund_gbp": 50.0,
}


def test_payers_by_hand() -> None:
    """Ten moves at 222 pounds for the escort and four hours at 22.80 for staff."""
    rows = payments(
        (OF_YEAR, {measure: value + 1.0 for measure, value in OF_YEAR.items()}),
        (services_at(1000.0, 400.0, 70.0), services_at(1250.0, 300.0, 77.0)),
        moves=10,
        shuttle_gbp=5200.0,
        escort_gbp_per_move=222.0,
        settings=BASELINE.benefit,
    )
    assert [row["today"] for row in rows[:4]] == [200.0, 30.0, 5.0, 50.0]
    change = {row["item"]: row["change"] for row in rows}
    assert change == {
        "fares and fuel of visits made, before refunds": 1.0,
        "hours on the way, all travellers": 1.0,
        "school hours missed": 1.0,
        "refunds to families": 1.0,
        "taking people to another prison": 2220.0,
        "staff for moves": pytest.approx(912.0),
        "staff of visits and video calls, as the timetable asks": 250.0,
        "buses from the station": 5200.0,
        "family workers in post": -100.0,
        "paid hours of agents": 7.0,
    }


def more_staff_hours(small: Inputs, scenario: Scenario) -> float:
    planned = [planned_staff(small.estate, each).session_hours for each in (BASELINE, scenario)]
    return planned[1] - planned[0]


def test_staff_of_added_sessions_by_hand(small: Inputs) -> None:
    """Two Category C prisons, two evenings, 52 weeks; three officers and two checkers a session."""
    evenings = load_scenario("evening_visits")
    assert more_staff_hours(small, evenings) == pytest.approx(2 * 2 * 52 * (3 + 2) * (1.5 + 1.0))


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
    assert hours == pytest.approx(more_staff_hours(small, held))
    assert hours > 0


def test_a_run_of_another_scenario_does_not_know_what_families_pay_today() -> None:
    rows = payments(
        (None, OF_YEAR),
        (services_at(1.0, 1.0, None), services_at(1.0, 1.0, None)),
        moves=0,
        shuttle_gbp=0.0,
        escort_gbp_per_move=222.0,
        settings=BASELINE.benefit,
    )
    told = {row["payer"]: row for row in rows}
    assert told["visit-cost scheme"]["today"] is told["visit-cost scheme"]["change"] is None
    assert "booking lines" not in told


def test_what_families_pay_is_what_the_headline_of_the_run_says(
    small_data: Path, tmp_path: Path
) -> None:
    """Half a year played; the payer table tells a whole one."""
    short = tmp_path / "short.yaml"
    short.write_text(
        "title: Short\nquestion: What?\nparent: baseline\nchange: {calendar.weeks: 26}\n"
    )
    asked = Options(data_dir=small_data, runs_dir=tmp_path / "runs", replications=1, workers=1)
    (results,), _ = run_many([str(short)], asked)
    head = {row["measure"]: row["mean"] for row in results.summary["headline"]}
    told = {row["item"]: row["plan"] for row in results.summary["payers"]}
    assert told["fares and fuel of visits made, before refunds"] == 2 * head["family_money_gbp"]
    assert told["school hours missed"] == 2 * head["school_hours_missed"]
    assert told["refunds to families"] == 2 * head["refund_gbp"]
    told_today = {row["item"]: row["today"] for row in results.summary["payers"]}
    staff = "staff of visits and video calls, as the timetable asks"
    assert told[staff] == told_today[staff] > 0


def test_means_of_a_part_of_a_year_are_told_for_a_whole_one() -> None:
    rows = [
        ("ALL", "all", "school_hours_missed", 0, 10.0),
        ("ALL", "all", "school_hours_missed", 1, 14.0),
        ("ALL", "sex", "school_hours_missed", 0, 7.0),
        ("LEI", "all", "school_hours_missed", 0, 3.0),
        ("ALL", "all", "visits", 0, 9.0),
    ]
    columns = ["establishment", "group_by", "measure", "replication", "value"]
    half = BASELINE.model_copy(update={"calendar": replace(BASELINE.calendar, weeks=26)})
    assert a_year(pd.DataFrame(rows, columns=columns), half) == {"school_hours_missed": 24.0}


@pytest.mark.parametrize(
    ("name", "costs_more"),
    [
        ("weekend_tables", "visits_gbp"),
        ("family_days", "visits_gbp"),
        ("evening_visits", "visits_gbp"),
        ("early_days_everywhere", "workers_gbp"),
    ],
)
def test_prisons_and_providers_are_charged_for_what_a_scenario_adds(
    small_data: Path, name: str, costs_more: str
) -> None:
    scenario = load_scenario(name)
    inputs = load_inputs(scenario, small_data)
    held = place(scenario, inputs).placements
    before, after = services(scenario, inputs, held, held)
    changed = {each for each in ("visits_gbp", "workers_gbp") if _more(before, after, each)}
    assert changed == {costs_more}


def _more(before: Services, after: Services, name: str) -> bool:
    return bool(getattr(after, name) > getattr(before, name) * (1 + 1e-9))


def test_grants_that_end_cost_their_providers_less(small_data: Path) -> None:
    """Half of the year from 3 August is gone on 31 January: the posts cost half."""
    ends = BASELINE.model_copy(
        update={"workers": load_scenario("grants_end").workers, "calendar": BASELINE.calendar}
    )
    inputs = load_inputs(ends, small_data)
    held = place(ends, inputs).placements
    before, after = services(ends, inputs, held, held)
    grants = inputs.estate_today.family_workers.query("funder == 'grant'")["fte"].sum()
    gone = 1 - (29 + 30) / 364  # the last day is 30 September
    assert before.workers_gbp - after.workers_gbp == pytest.approx(
        grants * gone * BASELINE.family_work.gbp_per_fte
    )
    assert grants > 0


def test_paid_hours_of_booking_lines_by_hand() -> None:
    """Two agents for eight hours with half an hour unpaid, one for four; AAA joins half-way."""
    days = ("mon", "tue")
    settings = replace(
        BASELINE.line,
        open_days=days,
        local_from="09:00",
        local_until="17:00",
        local_people_per_agent=300.0,
        shifts=(
            Shift(days=days, start="09:00", end="17:00", agents=2),
            Shift(days=("mon",), start="09:00", end="13:00", agents=1),
        ),
    )
    calendar = BASELINE.calendar
    half = calendar.warm_up_days + calendar.weeks * 7 // 2
    lines = Lines(settings=settings, joins_day={"AAA": half, "BBB": 0})
    told = paid_line_hours(lines, {"AAA": 301, "BBB": 900, "CCC": 0}, calendar, BASELINE.roster)
    assert told == 2 * 2 * 7.5 + 4 + 2 * 2 * 8 / 2


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
    before, after = demands(scenario, inputs, plan, plan, {})
    told = family_account(before, after)
    assert told["consumer_surplus_gbp_per_year"] > 0
    assert told["refund_gbp_per_year"]["plan"] > told["refund_gbp_per_year"]["today"]
    assert told["cost_per_visit_gbp"]["plan"] >= told["cost_per_visit_gbp"]["today"] - 10


def test_a_shuttle_gains_families_what_it_takes_off_their_journeys(small: Inputs) -> None:
    """Families without a car: the surplus is that of the trips which the simulated year costs."""
    bus = Shuttle(where=Where(), minutes_saved=30.0, fare_gbp=2.0, cost_gbp_per_day=100.0)
    scenario = BASELINE.model_copy(update={"regime": replace(BASELINE.regime, shuttles=(bus,))})
    today = place(scenario, small)
    before, after = demands(scenario, small, today.placements, today.placements, {})
    assert family_account(before, after)["consumer_surplus_gbp_per_year"] > 0
    played = simulated_on(scenario, small, today).places
    assert sorted(after.money_gbp) == pytest.approx(
        sorted(np.concatenate([each.money_gbp for each in played.values()]))
    )
    assert sorted(after.felt_gbp) == pytest.approx(
        sorted(np.concatenate([each.net_cost_gbp for each in played.values()]).clip(0.0))
    )
    with_car = small.parties["has_car"].to_numpy(bool)
    assert (after.felt_gbp == before.felt_gbp)[with_car].all()
    assert shuttles_under(small.estate, scenario.regime.shuttles)["fare_gbp"].eq(2.0).all()


def test_a_move_made_half_way_gains_half_of_what_it_gains_in_a_year(small: Inputs) -> None:
    """The second mover finds no room in the year: the account knows neither gain nor move."""
    today = place(BASELINE, small).placements
    chosen = today["establishment"].isin(["DMI", "LEI"]) & today["prisoner_id"].isin(
        small.parties["prisoner_id"]
    )
    first, second = today.loc[chosen, "prisoner_id"].iloc[:2]
    plan = today.copy()
    is_mover = plan["prisoner_id"].isin([first, second])
    plan.loc[is_mover, "establishment"] = "LNI"
    calendar = BASELINE.calendar
    half = calendar.warm_up_days + calendar.weeks * 7 // 2

    def gained(moved_on: dict[str, int]) -> dict[str, Any]:
        return family_account(*demands(BASELINE, small, today, plan, moved_on))

    never = {second: calendar.days}
    whole, made = gained({first: 0} | never), gained({first: half} | never)
    surplus = "consumer_surplus_gbp_per_year"
    assert whole[surplus] != 0
    assert made[surplus] == pytest.approx(whole[surplus] / 2)
    assert gained({first: calendar.days} | never)[surplus] == 0
    assert gained({}) == gained({first: 0, second: 0})
    for name in ("visits_wished_per_year", "hours_per_year", "refund_gbp_per_year"):
        both = whole[name]
        assert made[name]["today"] == pytest.approx(both["today"])
        assert made[name]["plan"] == pytest.approx((both["today"] + both["plan"]) / 2)


def test_only_moves_made_in_the_year_are_paid_for(small: Inputs) -> None:
    moves = pd.DataFrame({"prisoner_id": [f"P{number}" for number in range(100)]})
    assert len(days_of_moves(BASELINE, small.transfers, moves)) == 100
    weekly = replace(BASELINE.transfers, moves_per_week=1)
    slow = BASELINE.model_copy(update={"transfers": weekly})
    days = list(days_of_moves(slow, small.transfers, moves).values())
    made = [day for day in days if day < BASELINE.calendar.days]
    assert len(made) == BASELINE.calendar.weeks
    assert min(made) == BASELINE.calendar.warm_up_days

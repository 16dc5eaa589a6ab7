"""What a visit costs a family and what is refunded, mostly by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.check import TableError
from data.travel import TravelSettings, TravelTimes
from data.visit_cost import (
    HelpWithVisits,
    VisitCost,
    share_within_cap,
    take_up_share,
    visit_cost,
)
from scenarios.load import load_scenario
from scenarios.schema import Scenario

BASELINE = load_scenario("baseline")


@pytest.fixture(scope="module")
def settings(baseline: Scenario) -> TravelSettings:
    return replace(
        baseline.travel,
        value_of_time_gbp_per_hour=6.0,
        child_fare_share=0.5,
        distributional_weight_low_income=1.0,
    )


@pytest.fixture(scope="module")
def scheme(baseline: Scenario) -> HelpWithVisits:
    return replace(
        baseline.help,
        car_gbp_per_mile=0.2,
        food_gbp_over_5_hours=3.5,
        food_gbp_over_10_hours=5.1,
        hours_at_establishment=2.0,
    )


@pytest.fixture(scope="module")
def travel() -> TravelTimes:
    """Two areas and two prisons: an hour and 40 miles, or three hours and 150 with a ferry of £60.

    A car costs 25p a mile. By public transport the hour is two and the three are five.
    """
    near_far = np.array([[60.0, 180.0], [180.0, 60.0]])
    miles = np.where(near_far == 60, 40.0, 150.0)
    ferry = np.where(near_far == 60, 0.0, 60.0)
    return TravelTimes(
        home_areas=pd.Index(["H1", "H2"]),
        establishments=pd.Index(["AAA", "BBB"]),
        straight_miles=miles / 1.3,
        road_miles=miles,
        car_minutes=near_far,
        public_minutes=np.where(near_far == 60, 120.0, 300.0),
        car_cost_gbp=2 * 0.25 * miles + ferry,
        crossing_gbp=ferry,
        public_fare_gbp=np.where(near_far == 60, 30.0, 90.0),
        source=np.full((2, 2), "model"),
    )


def party(
    home_area: str = "H1",
    *,
    has_car: bool = True,
    adults: int = 1,
    children: int = 0,
    low_income: bool = False,
    claims: bool = False,
) -> dict[str, object]:
    return {
        "home_area": home_area,
        "has_car": has_car,
        "adults": adults,
        "children": children,
        "low_income": low_income,
        "claims_visit_costs": claims,
        "party": 0,
    }


def cost(
    parties: list[dict[str, object]],
    travel: TravelTimes,
    settings: TravelSettings,
    scheme: HelpWithVisits,
) -> VisitCost:
    return visit_cost(pd.DataFrame(parties), travel, settings, scheme)


def test_a_family_with_a_car_pays_for_the_car_and_for_everyones_time(
    travel: TravelTimes, settings: TravelSettings, scheme: HelpWithVisits
) -> None:
    """One adult and two children, 40 miles and an hour each way.

    Car 80 x 25p = £20; time 2 hours x 3 people x £6 = £36; together £56.
    """
    answer = cost([party(adults=1, children=2)], travel, settings, scheme)
    row = answer.trip[0]
    assert answer.return_minutes[row, 0] == 120
    assert answer.money_gbp[row, 0] == pytest.approx(20)
    assert answer.gross_gbp[row, 0] == pytest.approx(56)


def test_a_family_without_a_car_pays_fares_and_half_for_children(
    travel: TravelTimes, settings: TravelSettings, scheme: HelpWithVisits
) -> None:
    """Two adults and one child at £30 return: £75; time 4 hours x 3 x £6 = £72; together £147."""
    answer = cost([party(has_car=False, adults=2, children=1)], travel, settings, scheme)
    row = answer.trip[0]
    assert answer.money_gbp[row, 0] == pytest.approx(75)
    assert answer.gross_gbp[row, 0] == pytest.approx(147)


def test_six_people_need_a_second_car(
    travel: TravelTimes, settings: TravelSettings, scheme: HelpWithVisits
) -> None:
    answer = cost([party(adults=3, children=3), party(adults=3)], travel, settings, scheme)
    assert answer.money_gbp[answer.trip, 0].tolist() == [40.0, 20.0]


def test_a_claimed_drive_is_refunded_by_the_mile_with_its_ferry_and_food(
    travel: TravelTimes, settings: TravelSettings, scheme: HelpWithVisits
) -> None:
    """To BBB: 300 miles x 20p + £60 ferry; 6 + 2 hours out: £3.50 food for each of two."""
    claimant = party(adults=1, children=1, low_income=True, claims=True)
    answer = cost([claimant], travel, settings, scheme)
    row = answer.trip[0]
    assert answer.refund_gbp[row, 1] == pytest.approx(60 + 60 + 7)
    assert answer.refund_gbp[row, 0] == pytest.approx(80 * 0.2)


def test_claimed_fares_are_refunded_whole_with_food_for_a_very_long_day(
    travel: TravelTimes, settings: TravelSettings, scheme: HelpWithVisits
) -> None:
    """To BBB by train: £90 and, after 10 + 2 hours, £5.10."""
    claimant = party(has_car=False, low_income=True, claims=True)
    answer = cost([claimant], travel, settings, scheme)
    assert answer.refund_gbp[answer.trip[0], 1] == pytest.approx(95.10)


def test_nobody_is_refunded_who_does_not_claim_or_is_not_entitled(
    travel: TravelTimes, settings: TravelSettings, scheme: HelpWithVisits
) -> None:
    parties = [party(low_income=True, claims=False), party(low_income=False)]
    assert cost(parties, travel, settings, scheme).refund_gbp.max() == 0


def test_the_refund_never_enters_the_gross_cost(
    travel: TravelTimes, settings: TravelSettings, scheme: HelpWithVisits
) -> None:
    parties = [party(low_income=True, claims=True), party()]
    answer = cost(parties, travel, settings, scheme)
    assert np.array_equal(answer.gross_gbp[answer.trip[0]], answer.gross_gbp[answer.trip[1]])


def test_parties_alike_share_a_trip_and_each_finds_its_own(
    travel: TravelTimes, settings: TravelSettings, scheme: HelpWithVisits
) -> None:
    parties = [party("H2"), party("H1"), party("H2"), party("H2", adults=2)]
    answer = cost(parties, travel, settings, scheme)
    assert len(answer.trips) == 3
    assert answer.trip[0] == answer.trip[2]
    frame = pd.DataFrame(parties)
    columns = list(answer.trips.columns)
    found = answer.trips.iloc[answer.trip].reset_index(drop=True)
    pd.testing.assert_frame_equal(found, frame[columns])


def test_the_weight_of_low_incomes_stands_beside_the_cost_and_not_in_it(
    travel: TravelTimes, settings: TravelSettings, scheme: HelpWithVisits
) -> None:
    parties = [party(low_income=True), party(low_income=False)]
    plain = cost(parties, travel, settings, scheme)
    weighted_settings = replace(settings, distributional_weight_low_income=2.0)
    weighted = cost(parties, travel, weighted_settings, scheme)
    assert plain.weight.tolist() == [1.0, 1.0]
    assert weighted.weight[weighted.trip].tolist() == [2.0, 1.0]
    assert np.array_equal(plain.gross_gbp, weighted.gross_gbp)


def test_a_home_area_without_journeys_is_named(
    travel: TravelTimes, settings: TravelSettings, scheme: HelpWithVisits
) -> None:
    with pytest.raises(TableError, match="H9"):
        cost([party("H9"), party("H1")], travel, settings, scheme)


def test_no_parties_make_no_trips(
    travel: TravelTimes, settings: TravelSettings, scheme: HelpWithVisits
) -> None:
    nobody = pd.DataFrame([party()]).iloc[:0]
    answer = visit_cost(nobody, travel, settings, scheme)
    assert answer.gross_gbp.shape == (0, 2)
    assert len(answer.trip) == 0


# The scheme


def test_under_todays_scheme_the_marks_of_the_data_hold(scheme: HelpWithVisits) -> None:
    low = [True, True, False, False]
    claims = [True, False, False, True]
    assert take_up_share(low, claims, scheme).tolist() == [1.0, 0.0, 0.0, 0.0]


def test_a_scheme_known_to_all_brings_in_a_share_of_those_who_did_not_claim(
    scheme: HelpWithVisits,
) -> None:
    """62% knew, half of whom claimed: 31%. If all know, 50%: of 69 others in a hundred, 19 join."""
    half = replace(scheme, awareness_share_in_data=0.62, awareness_share=1.0, claim_share=0.5)
    shares = take_up_share([True, True], [True, False], half)
    assert shares == pytest.approx([1.0, 0.19 / 0.69])


def test_awareness_moves_total_take_up_to_its_new_share(scheme: HelpWithVisits) -> None:
    before = scheme.awareness_share_in_data * scheme.claim_share
    claims = np.arange(10_000) < 10_000 * before
    for awareness in (0.0, 0.3, 0.8, 1.0):
        moved = take_up_share(np.ones(10_000), claims, replace(scheme, awareness_share=awareness))
        assert moved.mean() == pytest.approx(awareness * scheme.claim_share, abs=1e-3)


def test_a_higher_income_limit_brings_in_families_above_the_old_one(
    scheme: HelpWithVisits,
) -> None:
    higher = replace(scheme, income_limit_gbp_per_month=2000.0)
    lower = replace(scheme, income_limit_gbp_per_month=800.0)
    assert take_up_share([True, False], [True, False], higher)[0] == 1.0
    assert take_up_share([True, False], [True, False], higher)[1] > 0
    assert 0 < take_up_share([True], [True], lower)[0] < 1
    assert take_up_share([True], [True], replace(scheme, income_limit_gbp_per_month=0.0)) == 0


@given(
    limit=st.floats(0, 5000),
    awareness=st.floats(0, 1),
    low=st.booleans(),
    claims=st.booleans(),
)
def test_take_up_is_always_a_share(limit: float, awareness: float, low: bool, claims: bool) -> None:
    scheme = replace(BASELINE.help, income_limit_gbp_per_month=limit, awareness_share=awareness)
    share = float(take_up_share([low], [claims], scheme)[0])
    assert 0 <= share <= 1


def test_the_marks_of_the_synthetic_people_fit_the_scheme(baseline: Scenario) -> None:
    """Two settings describe one fact: how many families are entitled, and how many claim."""
    scheme, people = baseline.help, baseline.population
    assert scheme.awareness_share_in_data * scheme.claim_share == pytest.approx(
        people.claim_share, abs=0.01
    )
    everyone = np.ones(1, dtype=bool)
    doubled = replace(scheme, income_limit_gbp_per_month=1e9)
    joined = take_up_share(~everyone, everyone, doubled) / (
        scheme.awareness_share * scheme.claim_share
    )
    assert joined == pytest.approx(1.0)
    halved = replace(scheme, income_limit_gbp_per_month=scheme.median_income_gbp_per_month)
    left = take_up_share(everyone, everyone, halved)[0]
    assert 0.5 / left == pytest.approx(people.low_income_share, abs=0.01)


def test_the_yearly_cap_lets_half_of_weekly_visits_be_refunded(scheme: HelpWithVisits) -> None:
    assert share_within_cap([0.0, 13.0, 26.0, 52.0], scheme).tolist() == [1.0, 1.0, 1.0, 0.5]


@pytest.mark.parametrize(
    ("name", "value"),
    [("awareness_share", 1.2), ("car_gbp_per_mile", -0.2), ("income_log_spread", 0.0)],
)
def test_a_scheme_that_makes_no_sense_is_refused(
    scheme: HelpWithVisits, name: str, value: float
) -> None:
    with pytest.raises(ValueError, match=r"HelpWithVisits"):
        replace(scheme, **{name: value})

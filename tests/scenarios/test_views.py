"""The small tables behind the pages, on people few enough to count by hand."""

from __future__ import annotations

import pandas as pd
import pytest

from scenarios.circulation.suppress import default_rule, hide
from scenarios.display import listings, views, wording
from scenarios.display.markup import DASH
from scenarios.export import sheet_of
from scenarios.results import Results

# who, from, to, miles today, miles in the plan, reason
PEOPLE = [
    ("men", "LEI", "LEI", 9.9, 9.9, ""),
    ("men", "LEI", "DMI", 60.0, 10.0, "repatriation"),
    ("men", "DMI", "LEI", 12.0, 74.0, "other"),
    ("women", "NHI", "LNI", 120.0, 24.0, "repatriation"),
    ("women", "LNI", "NHI", 24.0, 30.0, "repatriation"),
]
COLUMNS = [
    "sex",
    "from_establishment",
    "establishment",
    "straight_miles_today",
    "straight_miles",
    "reason",
]


@pytest.fixture
def placed() -> pd.DataFrame:
    frame = pd.DataFrame(PEOPLE, columns=COLUMNS)
    frame["moved"] = frame["from_establishment"] != frame["establishment"]
    frame["further_miles"] = frame["straight_miles"] - frame["straight_miles_today"]
    return frame


@pytest.fixture
def establishments() -> pd.DataFrame:
    codes = ["DMI", "LEI", "LNI", "NHI", "XXI"]
    return pd.DataFrame(
        {"establishment": codes, "name": codes, "region": "", "latitude": 54.0, "longitude": -1.5}
    )


def test_a_band_holds_its_lower_edge_and_not_its_upper_one(placed: pd.DataFrame) -> None:
    bands = views.distance_bands(placed).set_index("band")
    assert bands["people_today"].to_dict() == {
        "under 10": 1, "10-24": 2, "25-49": 0, "50-74": 1, "75-99": 0, "100+": 1,
    }  # fmt: skip
    assert bands.loc["10-24", "people_plan"] == 2


def test_share_beyond_fifty_miles_is_given_for_men_and_women_apart(placed: pd.DataFrame) -> None:
    far = views.far_from_home(placed).set_index("who")
    assert far["beyond_50_miles_today_share"].to_dict() == pytest.approx(
        {"everybody": 2 / 5, "men": 1 / 3, "women": 1 / 2}
    )
    assert far["beyond_50_miles_plan_share"].to_dict() == pytest.approx(
        {"everybody": 1 / 5, "men": 1 / 3, "women": 0.0}
    )


def test_prisons_count_who_is_held_arrives_and_leaves(
    placed: pd.DataFrame, establishments: pd.DataFrame
) -> None:
    rows = views.prisons(placed, establishments).set_index("establishment")
    assert rows.loc["LEI", ["people_today", "people_plan", "arrive", "leave"]].tolist() == [
        2, 2, 1, 1,
    ]  # fmt: skip
    assert rows.loc["LEI", "straight_miles_today"] == pytest.approx((9.9 + 60) / 2)
    assert rows.loc["LEI", "change_miles"] == pytest.approx((9.9 + 74) / 2 - (9.9 + 60) / 2)
    assert "XXI" not in rows.index


def test_map_puts_each_prison_in_the_band_of_its_miles(
    placed: pd.DataFrame, establishments: pd.DataFrame
) -> None:
    by_prison = views.prisons(placed, establishments)
    today = views.map_places(by_prison, "today").set_index("name")["band"]
    assert today["NHI"] == "60 miles or more"
    assert today["LNI"] == "under 30 miles"
    change = views.map_places(by_prison, "change").set_index("name")["band"]
    assert change["NHI"] == "nearer by 5 miles or more"
    assert change["LEI"] == "further by 1 mile or more"


def test_prison_that_the_table_does_not_know_keeps_its_people_and_is_told_beside_the_map(
    placed: pd.DataFrame, establishments: pd.DataFrame
) -> None:
    known = establishments[establishments["establishment"] != "LEI"]
    by_prison = views.prisons(placed, known)
    assert by_prison["people_today"].sum() == by_prison["people_plan"].sum() == len(placed)
    (new,) = by_prison[by_prison["establishment"] == "LEI"].to_dict("records")
    assert (new["name"], new["region"], new["people_plan"]) == ("LEI", "not known", 2)
    listed = listings.prisons(by_prison, is_plan=True)
    assert ">LEI<" in listed
    assert "LEI" in listings.arrivals_and_departures(by_prison)
    for when in ("today", "plan", "change"):
        assert "LEI" not in set(views.map_places(by_prison, when)["name"])
    assert wording.not_on_map(by_prison, "people_plan", "prison") == (
        " 1 prison with [c] people (LEI) is not drawn, as no place is known; the table has all."
    )
    assert wording.not_on_map(views.prisons(placed, establishments), "people_plan", "prison") == ""


def test_people_from_nowhere_make_no_prison_without_a_name(
    placed: pd.DataFrame, establishments: pd.DataFrame
) -> None:
    new = placed.assign(from_establishment=placed["from_establishment"].replace("LNI", ""))
    assert "" not in set(views.prisons(new, establishments)["establishment"])


def test_moves_are_counted_by_reason_with_who_ends_further(placed: pd.DataFrame) -> None:
    rows = views.moves_by_reason(placed).set_index("reason")
    assert rows.loc["repatriation", ["moves", "nearer", "further"]].tolist() == [3, 2, 1]
    assert rows.loc["other", ["moves", "nearer", "further"]].tolist() == [1, 0, 1]
    assert rows["mean_miles_further"].to_dict() == pytest.approx({"repatriation": 6, "other": 62})
    assert "" not in rows.index


def test_extra_miles_are_counted_by_band_and_sex(placed: pd.DataFrame) -> None:
    rows = views.who_is_further(placed).set_index("band")
    assert rows["men"].to_dict() == {"under 10": 0, "10-24": 0, "25-49": 0, "50+": 1}
    assert rows["women"].to_dict() == {"under 10": 1, "10-24": 0, "25-49": 0, "50+": 0}


def of_groups(replications: int) -> pd.DataFrame:
    half = {"mean": 1.5, "low": 1.25, "high": 1.75}
    rows = [
        {"group_by": by, "group": group, "measure": name, **half}
        for by, groups in (("sex", ("men", "women")), ("since_move", ("weeks_0_to_4", "not_moved")))
        for group in groups
        for name in ("visits_per_prisoner_per_four_weeks", "people")
    ]
    return pd.DataFrame(rows).assign(establishment="ALL", replications=replications)


def test_groups_are_told_with_intervals_and_the_number_of_simulated_years() -> None:
    told = listings.by_group(of_groups(3), "sex", "Men and women")
    assert told.count("1.50 <wbr>(1.25 to 1.75)") == 2
    assert "95% interval, over 3 simulated years." in told
    assert told.count(f">{DASH}</td>") == 8  # what was not measured
    moved = listings.since_move(of_groups(3))
    assert moved.count("1.50 <wbr>(1.25 to 1.75)") == 2
    assert moved.count("2 <wbr>(1 to 2)") == 2
    assert "95% interval, over 3 simulated years." in moved


def test_groups_of_one_simulated_year_are_told_without_intervals() -> None:
    told = listings.by_group(of_groups(1), "sex", "Men and women")
    assert "Means, without intervals, over 1 simulated year." in told
    assert ">1.50</td>" in told


def test_outline_is_that_of_geopandas_with_every_ring_clockwise() -> None:
    """The oracle is shapely, which the app does without because it takes long to import."""
    from shapely.geometry import shape

    from data.geography import load_outline

    drawn = [shape(feature["geometry"]) for feature in views.outline_geojson()["features"]]
    expected = list(load_outline().geometry)
    assert len(drawn) == len(expected)
    for ours, theirs in zip(drawn, expected, strict=True):
        assert ours.equals(theirs)
        assert ours.geom_type != "Polygon" or not ours.exterior.is_ccw


def test_today_has_no_moves_to_list(placed: pd.DataFrame) -> None:
    nobody = placed.assign(moved=False)
    assert len(views.moves_by_reason(nobody)) == 0


def test_outcomes_are_shares_of_all_requests() -> None:
    estimates = pd.DataFrame(
        {
            "establishment": ["ALL", "ALL", "LEI"],
            "group_by": "outcome",
            "group": ["attended", "refused", "attended"],
            "measure": "requests",
            "mean": [75.0, 25.0, 75.0],
            "low": 0.0,
            "high": 99.0,
            "replications": 2,
        }
    )
    rows = views.outcomes(estimates).set_index("outcome")
    assert rows["share"].to_dict() == {"attended": 0.75, "refused": 0.25}


def test_differences_in_per_cent_leave_out_what_started_at_nothing() -> None:
    rows = pd.DataFrame(
        {
            "label": ["visits", "evening visits"],
            "before": [200.0, 0.0],
            "difference": [10.0, 5.0],
            "low": [8.0, 4.0],
            "high": [12.0, 6.0],
        }
    )
    relative = views.relative_differences(rows)
    assert relative.to_dict("records") == [
        {"label": "visits", "value": 5.0, "low": 4.0, "high": 6.0}
    ]


def test_a_closed_prison_is_not_where_a_place_is_worth_most(establishments: pd.DataFrame) -> None:
    units = pd.DataFrame(
        {
            "unit": ["DMI-1", "LEI-1"],
            "establishment": ["DMI", "LEI"],
            "places": [0, 400],
            "held": [0, 400],
            "value_of_one_more_gbp": [900.0, 300.0],
            "cost_of_one_fewer_gbp": [0.0, 310.0],
        }
    )

    worth = views.places_worth_most(units, establishments)

    assert worth["unit"].tolist() == ["LEI-1"]


def paying(today: float | None, plan: float) -> Results:
    row = {
        "payer": "families",
        "item": "fares",
        "measure_unit": "GBP a year",
        "today": today,
        "plan": plan,
        "change": None if today is None else plan - today,
        "confidence": "estimated",
    }
    return Results(scenario={}, tables={}, allocation={}, summary={"payers": [row]}, provenance={})


def test_what_families_pay_today_is_told_by_the_run_of_the_baseline() -> None:
    plan, baseline = paying(None, 7_000.0), paying(5_000.0, 5_000.0)

    assert "5,000" not in listings.payers(plan)
    told = listings.payers(plan, baseline)

    assert "£5,000" in told
    assert "+£2,000" in told


def test_sums_over_one_or_two_people_are_hidden_where_moves_are_told_for_circulation() -> None:
    """Two people leave relatives, one breaks off a course: its price is not the rest of the sum."""
    moves = pd.DataFrame(
        {
            "move_price_gbp": [300.0] * 5 + [500.0],
            "escort_gbp": [200.0] * 6,
            "work_lost_gbp": [100.0] * 6,
            "course_lost_gbp": [0.0] * 5 + [200.0],
            "relatives_parted": [1, 1, 0, 0, 0, 0],
        }
    ).assign(special_vehicle_gbp=0.0, work_interrupted_gbp=0.0, course_interrupted_gbp=0.0)
    told = [
        sheet_of(listings.moves_account(moves, circulate=circulate)) for circulate in (False, True)
    ]
    for sheet in told:
        assert sheet.counts is not None
        hidden = hide(sheet.table, sheet.counts, default_rule()).table.set_index("what")
        assert hidden.loc["Relatives left behind or gone ahead", "total"] == "[c]"
        assert hidden.loc["Of that, courses", ["total", "each"]].tolist() == ["[c]", "[c]"]
        assert (hidden["total"] == "[c]").sum() == 3
        assert hidden.loc["Price of the moves, all parts", "total"] != "[c]"
    for_planners, for_circulation = (
        str(listings.moves_account(moves, circulate=circulate)) for circulate in (False, True)
    )
    assert for_planners.count("[c]") == 0
    assert for_circulation.count("[c]</td>") == 6

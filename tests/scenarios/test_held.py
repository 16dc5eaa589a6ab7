"""Tables of who is far from home, of home areas and of moves, against the stored tables."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data.load import read_table
from scenarios.circulation.suppress import default_rule, hide
from scenarios.display import areas, held, listings, orders, rule_rows, views, wording
from scenarios.load import load_scenario
from scenarios.reading import held_far
from scenarios.results import Results
from scenarios.run import Options, run


@pytest.fixture(scope="module")
def plan(small_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Results:
    options = Options(
        data_dir=small_data, runs_dir=tmp_path_factory.mktemp("runs"), seed=1, replications=1
    )
    with ThreadPoolExecutor(1) as pool:
        return run(load_scenario("closer_to_home"), options, lambda: pool)


@pytest.fixture(scope="module")
def folder(plan: Results) -> Path:
    assert plan.folder is not None
    return plan.folder


@pytest.fixture(scope="module")
def people(plan: Results) -> pd.DataFrame:
    """One row per person: where from and to, and miles from home and from the area of release."""
    prisoners = plan.tables["population"]
    miles = plan.travel.set_index(["home_area", "establishment"])["straight_miles"]
    both = plan.placements.merge(prisoners, on="prisoner_id")
    for area, place in (("family", "home_area"), ("release", "release_area")):
        for ending, where in (("_today", "from_establishment"), ("", "establishment")):
            keys = pd.MultiIndex.from_frame(both[[place, where]])
            both[f"{area}{ending}"] = miles.reindex(keys).to_numpy()
    return both


def test_people_far_from_family_are_those_of_the_placements(
    folder: Path, people: pd.DataFrame
) -> None:
    counts = held_far.far(folder, 84)

    for sex in ("all", "men", "women"):
        of = people if sex == "all" else people[people["sex"] == sex]
        found = held.row(counts, "family", sex)
        assert found is not None
        assert found["people"] == len(of)
        for miles in (50, 100):
            assert found[f"beyond_{miles}_today"] == (of["family_today"] > miles).sum()
            assert found[f"beyond_{miles}"] == (of["family"] > miles).sum()


def test_release_counts_sentenced_people_inside_the_window_only(
    folder: Path, people: pd.DataFrame
) -> None:
    window = 300
    inside = people[(people["status"] != "remand") & (people["days_to_release"] <= window)]
    assert 0 < len(inside) < len(people)

    found = held.row(held_far.far(folder, window), "release")

    assert found is not None
    assert found["people"] == len(inside)
    assert found["beyond_50_today"] == (inside["release_today"] > 50).sum()
    assert found["beyond_50"] == (inside["release"] > 50).sum()


def test_nobody_inside_the_window_leaves_the_release_area_out(folder: Path, plan: Results) -> None:
    counts = held_far.far(folder, 0)
    assert held.row(counts, "release") is None
    labels = [number.label for number in held.numbers(plan, counts, None)]
    assert not any("release" in label for label in labels)
    assert "Moves needed" in labels


def test_answer_says_how_many_are_far_nearer_and_further(plan: Results, folder: Path) -> None:
    counts = held_far.far(folder, 84)
    found, further = held.row(counts, "family"), plan.summary["further"][0]
    assert found is not None
    said = held.answer(plan, counts)
    assert said.startswith(f"With {further['moved']} moves, ")
    assert f"{found['beyond_50_today']} people today" in said
    assert wording.count(further["further"], "person") in said


def test_moves_on_top_are_those_of_people_without_a_transfer(plan: Results, folder: Path) -> None:
    counts, moved = held_far.far(folder, 84), plan.summary["further"][0]["moved"]

    def note(transferred: int | None, *, circulate: bool = False) -> str:
        summary = plan.summary | {"moves_with_a_transfer": transferred}
        cards = held.numbers(replace(plan, summary=summary), counts, None, circulate=circulate)
        return next(card.note for card in cards if card.label == "Moves needed")

    assert plan.summary["moves_with_a_transfer"] is None
    assert "not known" in note(None)
    assert f"{moved - 3:,} moves are on top" in note(3)
    assert note(1).startswith("1 person of these is transferred")
    assert "on top" not in note(1, circulate=True)


def test_small_counts_are_kept_back_for_circulation(plan: Results, folder: Path) -> None:
    counts = held_far.far(folder, 84).assign(beyond_50=2, beyond_100=1)
    assert "[c] people of 320" in held.answer(plan, counts, circulate=True)
    far = held.far_table(counts, is_plan=True, circulate=True)
    assert "[c]" in far


def test_next_moves_by_the_price_of_the_limit_are_a_hundred_times_the_price(plan: Results) -> None:
    limits = [{"limit": "moves", "at_most": 10, "people": 10, "price_gbp": 12.5}]
    priced = replace(plan, allocation=plan.allocation | {"limits": limits})
    gain = held.next_moves(priced, None)
    assert gain is not None
    assert (gain.gbp, gain.family_gbp, gain.source) == (1250, None, "price")


def test_next_moves_by_a_frontier_are_those_of_the_last_point_below(plan: Results) -> None:
    points = pd.DataFrame(
        {
            "amount": [0, 100, 400],
            "objective_rate_gbp": [900.0, 500.0, 0.0],
            "family_rate_gbp": [800.0, 400.0, np.nan],
        }
    )
    at = replace(plan, allocation=plan.allocation | {"moves": 399})
    gain = held.next_moves(at, points)
    assert gain == held.NextMoves(gbp=500, family_gbp=400, source="frontier")


def test_plan_without_limit_on_moves_tells_no_next_moves(plan: Results) -> None:
    free = replace(plan, allocation=plan.allocation | {"limits": []})
    assert held.next_moves(free, None) is None


def test_people_of_a_home_area_and_their_miles_are_those_of_the_placements(
    folder: Path, people: pd.DataFrame
) -> None:
    by_area = areas.home_areas(folder, read_table("home_areas")).set_index("home_area")
    for area, of in people.groupby("home_area"):
        row = by_area.loc[area]
        assert row["people"] == len(of)
        assert row["moved"] == of["moved"].sum()
        assert row["straight_miles_today"] == pytest.approx(of["family_today"].mean())
        assert row["straight_miles"] == pytest.approx(of["family"].mean())
        assert row["beyond_50"] == (of["family"] > 50).sum()
        assert row["further"] == (of["family"] > of["family_today"] + 1e-6).sum()


def test_order_in_which_people_are_read_changes_no_mean_by_its_last_digit(
    folder: Path, tmp_path: Path
) -> None:
    draw = np.random.default_rng(1)
    found = []
    for number in range(8):
        shuffled = tmp_path / str(number)
        shuffled.mkdir()
        for name in ("placements", "population", "travel"):
            rows = pd.read_parquet(folder / f"{name}.parquet")
            order = draw.permutation(len(rows))
            rows.iloc[order].to_parquet(shuffled / f"{name}.parquet", index=False)
        found.append(held_far.by_home_area(shuffled))
    for each in found[1:]:
        pd.testing.assert_frame_equal(each, found[0], check_exact=True)


def test_regions_add_up_to_everybody_and_average_over_people(
    folder: Path, people: pd.DataFrame
) -> None:
    by_region = areas.regions(areas.home_areas(folder, read_table("home_areas")))
    assert by_region["people"].sum() == len(people)
    total = (by_region["straight_miles"] * by_region["people"]).sum()
    assert total == pytest.approx(people["family"].sum())


def test_area_that_two_people_come_from_is_not_drawn() -> None:
    by_area = pd.DataFrame(
        {
            "name": ["A", "B"],
            "latitude": 52.0,
            "longitude": -1.0,
            "people": [2, 3],
            "straight_miles_today": [10.0, 31.0],
        }
    )
    drawn = areas.places(by_area, "today")
    assert drawn["name"].tolist() == ["B"]
    assert drawn["band"].tolist() == ["30 to 44 miles"]


def test_area_whose_people_are_hidden_in_the_listing_is_not_drawn_for_circulation() -> None:
    by_area = pd.DataFrame(
        {
            "name": ["A", "B", "C"],
            "latitude": 52.0,
            "longitude": -1.0,
            "region": "East",
            "people": [2, 3, 50],
            "straight_miles": 20.0,
            "change_miles": 0.0,
            "beyond_50_today": 0,
            "beyond_50": 0,
            "moved": 0,
            "further": 0,
            "straight_miles_today": [10.0, 31.0, 20.0],
        }
    )
    drawn = areas.places(by_area, "today", circulate=True)
    assert drawn["name"].tolist() == ["C"]


def test_people_in_a_plan_do_not_circulate_beside_arrivals(plan: Results, folder: Path) -> None:
    establishments = pd.DataFrame({"establishment": ["LEI"], "name": ["Leeds"]})
    by_prison = pd.DataFrame(
        {
            "name": ["A"],
            "latitude": 52.0,
            "longitude": -1.0,
            "people_today": [7001],
            "people_plan": [7002],
            "arrive": [7],
            "leave": [6],
            "straight_miles_today": 30.0,
            "straight_miles": 31.0,
            "change_miles": 1.0,
        }
    )
    for circulate in (False, True):
        told = [
            listings.prisons(by_prison, is_plan=True, circulate=circulate),
            listings.furthest(by_prison, "plan", circulate=circulate),
            listings.furthest(by_prison, "change", circulate=circulate),
        ]
        assert [("7,002" in each) for each in told] == 3 * [not circulate]
        units = listings.units(plan, establishments, circulate=circulate)
        assert ("People held" in units) == (not circulate)
        drawn = views.map_places(by_prison, "plan", circulate=circulate)
        assert drawn["people"].tolist() == [7001 if circulate else 7002]


def test_shares_of_far_people_tell_an_export_which_counts_they_tell() -> None:
    placed = pd.DataFrame(
        {
            "sex": ["men"] * 40 + ["women"] * 40,
            "straight_miles_today": [120.0] * 10 + [10.0] * 30 + [120.0] + [10.0] * 39,
        }
    ).assign(straight_miles=10.0)
    sheet = listings.far_from_home(placed, is_plan=False).sheet
    assert sheet.counts is not None
    mask = hide(sheet.table, sheet.counts, default_rule()).mask
    assert mask["beyond_50_miles_today_share"].tolist() == [False, True, True]
    assert not mask["people"].any()


def test_filtered_moves_are_those_asked_for(folder: Path, plan: Results) -> None:
    rows = orders.moves(folder)
    assert len(rows) == plan.allocation["moves"]
    chosen = orders.chosen(rows, leaving=["LEI"], ends=[orders.NEARER])
    assert len(chosen)
    assert set(chosen["from_establishment"]) == {"LEI"}
    assert (chosen["straight_miles_after"] < chosen["straight_miles_before"]).all()
    assert len(orders.chosen(rows)) == len(rows)


def test_block_orders_count_every_move_once(folder: Path, plan: Results) -> None:
    rows = orders.moves(folder)
    calendar = orders.calendar_of(plan.scenario)
    dated = orders.dated(rows, calendar, 50, first_come=False)
    by_order = orders.block_orders(dated, read_table("establishments"))

    assert by_order["people"].sum() == len(rows)
    assert (by_order["men"] + by_order["women"] == by_order["people"]).all()
    weeks = pd.to_datetime(by_order["date"]).dt.isocalendar().week
    by_week = by_order.groupby(weeks)["people"].sum()
    assert (by_week.cumsum() <= 50 * (1 + np.arange(len(by_week)))).all()
    assert orders.overfull(dated).empty
    assert pd.to_datetime(by_order["date"]).dt.day_of_week.max() <= 4
    assert by_order["date"].min() == calendar.start_date.isoformat()
    first = wording.day(calendar.start_date.isoformat())
    assert first in orders.orders_listing(by_order)
    assert orders.orders_sheet(by_order).table["date"].iloc[0] == calendar.start_date.isoformat()
    assert not by_order.duplicated(["date", "from_establishment", "establishment"]).any()


def test_pair_of_prisons_that_saves_most_comes_first_unless_the_year_plays_another_order(
    folder: Path, plan: Results
) -> None:
    rows = orders.moves(folder)
    calendar = orders.calendar_of(plan.scenario)
    best = orders.dated(rows, calendar, 5, first_come=False)
    pair = ["from_establishment", "establishment"]
    saved = rows.groupby(pair)["own_gain_gbp"].sum()
    first = best[best["date"] == best["date"].iloc[0]]
    assert saved.idxmax() in set(first[pair].itertuples(index=False, name=None))
    assert best["date"].is_monotonic_increasing
    played = orders.dated(rows, calendar, 5, first_come=True)
    assert played["prisoner_id"].tolist() == rows["prisoner_id"].tolist()
    assert set(orders.dated(rows, calendar, 0, first_come=True)["date"]) == {orders.NO_DATE}


def test_moves_beyond_the_year_have_no_date(folder: Path, plan: Results) -> None:
    rows = orders.moves(folder)
    calendar = replace(orders.calendar_of(plan.scenario), weeks=1)
    dated = orders.dated(rows, calendar, 7, first_come=True)
    assert (dated["date"] != orders.NO_DATE).sum() == 7


def test_soft_rules_cost_what_the_terms_of_the_plan_say(plan: Results) -> None:
    rows = rule_rows.rule_costs(plan).set_index("rule")
    terms = plan.allocation["terms"]
    assert rows.loc["region", "cost_gbp"] == terms["rule:region"] > 0
    assert rows["cost_gbp"].isna()["sex"]
    assert len(rows) == len(read_table("rules"))


def test_cohorts_without_a_place_are_told_with_their_ways_out(
    plan: Results, folder: Path, tmp_path: Path
) -> None:
    assert held.shortfall(plan).empty
    row = {
        "sex": "men",
        "category": "C",
        "status": "sentenced",
        "young_adult": False,
        "needs": "",
        "units": 2,
        "people": 3,
        "way": "places",
        "what": "LEI-1",
        "how_many": 3,
        "first_gbp": 120.0,
    }
    pd.DataFrame([row]).to_parquet(tmp_path / "shortfall.parquet")
    told = held.shortfall(replace(plan, folder=tmp_path))
    assert told["way_out"].tolist() == ["3 more in LEI-1"]
    assert "3 more in LEI-1" in held.shortfall_table(told)


def test_regions_that_lack_places_come_with_the_largest_first(plan: Results) -> None:
    rows = [
        {"region": name, "sex": "men", "people": 9, "places": 5, "least_outside": short,
         "outside_today": 6}
        for name, short in (("A", 1), ("B", 4), ("C", 0))
    ]  # fmt: skip
    told = replace(plan, allocation=plan.allocation | {"lower_bounds": {"regions": rows}})
    assert held.regions_short(told)["region"].tolist() == ["B", "A"]

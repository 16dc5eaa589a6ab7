"""Who is held where: the page of a stored plan shows the plan's own numbers."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pandas as pd
import pytest
from markupsafe import escape

from app_pages import _who
from data.load import read_table
from scenarios.commands import perform
from scenarios.display import areas, frontiers, held, orders, relaxed, wording
from scenarios.display.marks import is_loaded
from scenarios.display.markup import Table
from scenarios.reading import held_far
from scenarios.results import Results, write_parquet
from scenarios.worker import read_request
from tests.app.conftest import Ended
from tests.app.planner import page, shown


def folder(results: Results) -> Path:
    assert results.folder is not None
    return results.folder


def test_first_screen_tells_who_is_far_what_it_takes_and_who_loses(
    monkeypatch: pytest.MonkeyPatch, plan: Results
) -> None:
    run = folder(plan)
    text = shown(page(monkeypatch, run.parent, "allocation", run.name))
    counts = held_far.far(run, held.window_days(plan))
    further = plan.summary["further"][0]
    assert str(escape(held.answer(plan, counts))) in text
    for label in (
        "Over 50 miles from home",
        "Over 100 miles from home",
        "Over 50 miles from the area of release",
        "Moves needed",
        "Better and worse off",
        "Gain from the next 100 moves",
        "Places short",
        "Distance from the best possible plan",
    ):
        assert label in text
    assert f"{further['most_miles_further']:.0f} miles further than today" in text
    assert wording.day(plan.holds_for["date"]) in text
    assert "has not been looked at for this run" in text


def test_run_shows_the_names_of_its_own_prisons(
    monkeypatch: pytest.MonkeyPatch, plan: Results, tmp_path: Path
) -> None:
    copy = Path(shutil.copytree(folder(plan), tmp_path / folder(plan).name))
    own = plan.establishments.assign(name="The planner's own " + plan.establishments["name"])
    write_parquet(own, copy / "establishments.parquet")
    held_there = own[own["establishment"].isin(plan.placements["establishment"])]
    text = shown(page(monkeypatch, tmp_path, "allocation", copy.name))
    assert len(held_there)
    assert all(str(escape(name)) in text for name in held_there["name"])


def test_gain_of_the_next_moves_comes_from_a_study_of_the_same_plan(
    monkeypatch: pytest.MonkeyPatch, studied: Path, plan: Results
) -> None:
    text = shown(page(monkeypatch, studied, "allocation", folder(plan).name))
    assert held.NEXT_NOTES["frontier"] in text
    stability = frontiers.open_stability(studied / "stability-closer_to_home-1")
    assert str(escape(frontiers.stays(stability))) in text


def test_map_shows_prisons_or_home_areas(monkeypatch: pytest.MonkeyPatch, plan: Results) -> None:
    run = folder(plan)
    app = page(monkeypatch, run.parent, "allocation", run.name)
    app.button_group(key="map of").set_value("Home areas").run()
    for choice, when in (("Today", "today"), ("Change", "change"), ("In this run", "plan")):
        app.button_group(key="map").set_value(choice).run()
        assert areas.TITLES[when] in shown(app)


def test_moves_can_be_filtered_and_dated(monkeypatch: pytest.MonkeyPatch, plan: Results) -> None:
    run = folder(plan)
    app = page(monkeypatch, run.parent, "allocation", run.name)
    rows = orders.moves(run)
    assert f"{len(rows)} moves of {len(rows)} chosen" in shown(app)
    app.multiselect(key="moves from").set_value(["LEI"]).run()
    kept = rows[rows["from_establishment"] == "LEI"]
    assert f"{wording.count(len(kept), 'move')} of {len(rows)} chosen" in shown(app)
    assert kept["prisoner_id"].iloc[0] in shown(app)
    assert "come first" in shown(app)
    app.number_input(key="moves a week").set_value(0).run()
    assert "not planned" in shown(app)
    assert "come first" not in shown(app)


def test_viewer_sees_counts_and_no_single_move_or_date(
    monkeypatch: pytest.MonkeyPatch, plan: Results
) -> None:
    monkeypatch.setattr(_who, "role", lambda: "viewer")
    run = folder(plan)
    app = page(monkeypatch, run.parent, "allocation", run.name)
    text = shown(app)
    assert "Single moves and their dates are for planners" in text
    ids = plan.placements["prisoner_id"]
    assert not [prisoner for prisoner in ids if prisoner in text]
    assert "block order" not in text
    assert ("OFFICIAL-SENSITIVE" in text) == is_loaded(plan)
    assert "people and plan move nobody" not in text


def test_page_of_today_claims_no_moves(
    monkeypatch: pytest.MonkeyPatch, today: Results, plan: Results
) -> None:
    run = folder(today)
    text = shown(page(monkeypatch, run.parent, "allocation", run.name))
    assert "Moves needed" not in text
    assert "held more than 50 miles from home today" in text
    assert "Nothing was decided in this run" in text


def test_people_without_a_place_are_told_by_cohort(
    monkeypatch: pytest.MonkeyPatch, plan: Results, tmp_path: Path
) -> None:
    copy = Path(shutil.copytree(folder(plan), tmp_path / folder(plan).name))
    row = {"sex": "women", "category": "closed", "status": "remand", "young_adult": False,
           "needs": "", "units": 1, "people": 4, "way": "places", "what": "LNI-1",
           "how_many": 4, "first_gbp": 99.0}  # fmt: skip
    pd.DataFrame([row]).to_parquet(copy / "shortfall.parquet")
    text = shown(page(monkeypatch, tmp_path, "allocation"))
    assert "4 more in LNI-1" in text


def test_every_rule_is_listed_with_what_it_costs(
    monkeypatch: pytest.MonkeyPatch, plan: Results
) -> None:
    run = folder(plan)
    text = shown(page(monkeypatch, run.parent, "allocation", run.name))
    rules = read_table("rules")
    assert all(str(escape(says)) in text for says in rules["says"])
    assert f"£{plan.allocation['terms']['rule:region']:,.0f}" in text


def test_groups_are_told_beside_the_plan(monkeypatch: pytest.MonkeyPatch, plan: Results) -> None:
    run = folder(plan)
    text = shown(page(monkeypatch, run.parent, "allocation", run.name))
    equality = plan.equality
    women = equality[
        (equality["group"] == "women") & (equality["measure"] == "mean_straight_miles")
    ]
    row = text[text.index("What it means for groups of people; reported") :]
    row = row[row.index(">Women<") :]
    assert f">{women['after'].iloc[0]:.1f}</td>" in row[: row.index("</tr>")]


def test_groups_of_people_are_named_for_what_tells_them_apart(plan: Results) -> None:
    one = plan.equality[plan.equality["group_by"] == "all"]
    apart = ("disability", "care_experience", "children_under_18")
    rows = [one.assign(group_by=by, group=group) for by in apart for group in ("no", "yes")]
    listing = frontiers.equality_listing(pd.concat(rows))
    assert isinstance(listing, Table)
    named = listing.sheet.table.groupby("by")["told"].agg(list).to_dict()
    assert named == {
        "Disability": ["Without a declared disability", "With a declared disability"],
        "In care as a child": [
            "People who were never in care",
            "People who were in care as children",
        ],
        "Children under 18": [
            "People without children under 18",
            "People with children under 18",
        ],
    }


def test_planner_asks_what_each_rule_costs_and_reads_it(
    monkeypatch: pytest.MonkeyPatch, plan: Results, small_data: Path, tmp_path: Path
) -> None:
    copy = Path(shutil.copytree(folder(plan), tmp_path / folder(plan).name))
    app = page(monkeypatch, tmp_path, "allocation", copy.name, data=small_data)
    assert "has not been looked at for this plan" in shown(app)
    monkeypatch.setattr(subprocess, "Popen", Ended)
    next(each for each in app.button if each.label == "Relax each rule alone").click().run()
    (job,) = (tmp_path / ".jobs").glob("rules-*")
    asked = read_request(job)
    assert asked.command == "rules"
    perform(asked.command, tmp_path, asked.options, lambda *_: None)
    app = page(monkeypatch, tmp_path, "allocation", copy.name, data=small_data)
    (study,) = tmp_path.glob("rules-closer_to_home-*")
    assert str(escape(relaxed.answer(relaxed.open_relaxed(study)))) in shown(app)

"""Trade-offs: the page of a stored study shows its points, and what a picked one means."""

from __future__ import annotations

import dataclasses
import json
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest
from markupsafe import escape

from app_pages import _export
from scenarios.display import charts, frontiers
from scenarios.load import load_scenario
from scenarios.results import Results
from scenarios.stored_studies import Study
from scenarios.worker import Status, read_request, write_status
from tests.app.conftest import Ended
from tests.app.planner import page, shown

STUDY = "frontier-closer_to_home-1"


@pytest.fixture
def study(studied: Path) -> frontiers.Frontier:
    return frontiers.open_frontier(studied / STUDY)


def test_picked_point_is_shown_with_its_numbers_and_groups(
    monkeypatch: pytest.MonkeyPatch, studied: Path, study: frontiers.Frontier
) -> None:
    app = page(monkeypatch, studied, "frontier")
    for number in study.points["point"].iloc[[0, -1]].tolist():
        app.selectbox(key=f"point {STUDY}").set_value(number).run()
        text = shown(app)
        row = study.point(number)
        assert str(escape(frontiers.answer(study, number, 1))) in text
        assert f"{row['mean_straight_miles']:.1f}" in text
        equality = pd.read_parquet(studied / STUDY / "equality.parquet")
        moved = equality[
            (equality["point"] == number)
            & (equality["group"] == "women")
            & (equality["measure"] == "moved_share")
        ]["after"].iloc[0]
        women = text[text.index(">Women<") :]
        assert f">{100 * moved:.1f}%</td>" in women[: women.index("</tr>")]
        assert list(app.query_params["point"]) == [str(number)]


def test_first_point_is_told_against_nothing(study: frontiers.Frontier) -> None:
    """Beside itself it would cost families £0.00 less, and hold them as far away."""
    assert [card.change for card in frontiers.numbers(study, 1, 1)[:3]] == ["", "", ""]
    cost, _, distance, _ = frontiers.numbers(study, 2, 1)
    assert cost.change.endswith(" than at point 1")
    assert distance.change.endswith(" at point 1")


def test_point_that_costs_families_the_same_is_told_so(study: frontiers.Frontier) -> None:
    same = study.points.assign(family_gbp=study.points["family_gbp"].iloc[0])
    found = dataclasses.replace(study, points=same)
    assert frontiers.numbers(found, 2, 1)[0].change == "the same as at point 1"
    assert "families pay the same over the stay as at point 1" in frontiers.answer(found, 2, 1)


def test_point_in_the_address_is_picked(monkeypatch: pytest.MonkeyPatch, studied: Path) -> None:
    app = page(monkeypatch, studied, "frontier", point="1")
    assert app.selectbox(key=f"point {STUDY}").value == 1
    for wrong in ("x", "99", "-1"):
        app = page(monkeypatch, studied, "frontier", point=wrong)
        assert app.selectbox(key=f"point {STUDY}").value == 3


def test_chart_draws_every_point_of_the_study_and_lets_one_be_picked(
    study: frontiers.Frontier,
) -> None:
    drawn = frontiers.figure(study, "Plan", 2)
    spec = drawn.chart.to_dict()
    (rows,) = spec["datasets"].values()
    assert [row["amount"] for row in rows] == study.points["amount"].tolist()
    assert [row["y"] for row in rows] == pytest.approx((study.points["family_gbp"] / 1e6).tolist())
    assert [row["shown"] for row in rows].index("chosen") == 1
    (param,) = spec["params"]
    assert param["name"] == frontiers.PICK
    assert param["select"]["fields"] == ["point"]
    assert set(spec["encoding"]["color"]["scale"]["range"]) <= set(charts.CATEGORIES)
    assert "layer" not in spec
    assert "point 2 is chosen" in drawn.alt
    assert "certified plan" in drawn.note


def test_page_says_how_much_of_a_plan_stays(monkeypatch: pytest.MonkeyPatch, studied: Path) -> None:
    text = shown(page(monkeypatch, studied, "frontier"))
    stays = frontiers.open_stability(studied / "stability-closer_to_home-1")
    assert str(escape(frontiers.stays(stays))) in text
    assert "The price of a move at double" in text


def test_study_of_stability_is_named_and_stands_behind_the_export(
    monkeypatch: pytest.MonkeyPatch, studied: Path, tmp_path: Path
) -> None:
    """With a study of a trade-off beside it and without one."""
    name = "stability-closer_to_home-1"
    offered: list[list[str]] = []

    def download(*_: object, shown: Sequence[Study]) -> None:
        offered.append([each.name for each in shown])

    monkeypatch.setattr(_export, "download", download)
    for kept in ([STUDY, name], [name]):
        runs = tmp_path / str(len(kept))
        for each in kept:
            shutil.copytree(studied / each, runs / each)
        assert ", ".join(kept) in shown(page(monkeypatch, runs, "frontier")).split("</p>")[0]
    assert offered == [[STUDY, name], [name]]


def test_page_without_studies_says_what_to_do_and_starts_one(
    monkeypatch: pytest.MonkeyPatch, plan: Results, asked: list[tuple[str, dict[str, object]]]
) -> None:
    assert plan.folder is not None
    app = page(monkeypatch, plan.folder.parent, "frontier")
    assert "No trade-off study is stored yet" in shown(app)
    assert "No study of stability is stored yet" in shown(app)
    app.selectbox(key="against").set_value("far").run()
    app.number_input(key="points").set_value(8).run()
    next(each for each in app.button if each.label == "Start a trade-off study").click().run()
    ((command, options),) = asked
    assert command == "frontier"
    assert options["scenario"] == "closer_to_home"
    assert (options["against"], options["points"]) == ("far", 8)


def test_study_that_was_interrupted_says_so(study: frontiers.Frontier, tmp_path: Path) -> None:
    for path in study.folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    account = study.account | {"status": "cancelled"}
    (tmp_path / "frontier.json").write_text(json.dumps(account), encoding="utf-8")
    assert "interrupted" in frontiers.source(frontiers.open_frontier(tmp_path))


def test_broken_study_gives_a_clear_message(
    monkeypatch: pytest.MonkeyPatch, studied: Path, tmp_path: Path
) -> None:
    broken = tmp_path / STUDY
    broken.mkdir()
    for path in (studied / STUDY).iterdir():
        (broken / path.name).write_bytes(path.read_bytes())
    (broken / "frontier.parquet").write_bytes(b"not parquet")
    text = shown(page(monkeypatch, tmp_path, "frontier"))
    assert "not a complete trade-off study" in text
    assert "Start the study again on the page Trade-offs." in text


def test_planner_makes_the_plan_of_a_point_and_opens_it(
    monkeypatch: pytest.MonkeyPatch, studied: Path, plan: Results, small_data: Path, tmp_path: Path
) -> None:
    runs = Path(shutil.copytree(studied, tmp_path / "runs"))
    found = frontiers.open_frontier(runs / "frontier-closer_to_home-1")
    amount = int(found.points["amount"].iloc[1])
    app = page(monkeypatch, runs, "frontier", point="2", data=small_data)
    label = f"Make this plan: at most {amount:,} moves"
    monkeypatch.setattr(subprocess, "Popen", Ended)
    next(each for each in app.button if each.label == label).click().run()
    (job,) = (runs / ".jobs").glob("run-*")
    asked = read_request(job)
    assert load_scenario(asked.options["scenario"]).allocation.move_budget == amount
    assert asked.options["data"] == str(small_data)
    assert plan.folder is not None
    write_status(job, Status(state="done", folder=str(runs / plan.folder.name)))
    app = page(monkeypatch, runs, "frontier", data=small_data, job=job.name)
    assert "complete and stored" in shown(app)
    assert app.session_state["chosen run"] == plan.folder.name


def test_point_of_a_study_against_crowding_cannot_be_made_a_plan(
    monkeypatch: pytest.MonkeyPatch, studied: Path, tmp_path: Path
) -> None:
    runs = Path(shutil.copytree(studied, tmp_path / "runs"))
    path = runs / "frontier-closer_to_home-1" / "frontier.json"
    told = json.loads(path.read_text())
    path.write_text(json.dumps(told | {"against": "crowding", "measure_unit": "people"}))
    app = page(monkeypatch, runs, "frontier")
    assert "a scenario sets none on crowding" in shown(app)
    assert not [each for each in app.button if each.label.startswith("Make this plan")]

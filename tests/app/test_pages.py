"""Every page through Streamlit's own test harness, on stored runs, showing the run's numbers."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from scenarios import views, wording
from scenarios.results import load_results
from stand_in import HOSTILE, ROOT, make_run

PAGES = ("overview", "allocation", "visits", "compare", "sources", "start")
PLAN = "closer-to-home-000a11cf"
TODAY = "baseline-000a11ce"


@pytest.fixture(autouse=True)
def in_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def opened(runs: Path, page: str, **query: str) -> AppTest:
    """Run one page on a folder of runs."""
    os.environ["ESTATE_RUNS"] = str(runs)
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    if page != "overview":
        app.switch_page(f"app_pages/{page}.py").run()
    assert not app.exception
    return app


def shown(app: AppTest) -> str:
    """Give all HTML that a page shows."""
    return "\n".join(element.proto.body for element in app.get("html"))


def stored(runs: Path, run: str, name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((runs / run / f"{name}.json").read_text("utf-8"))
    return content


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("run", [PLAN, TODAY])
def test_every_page_renders_with_one_main_heading(runs: Path, page: str, run: str) -> None:
    assert shown(opened(runs, page, run=run)).count("<h1") == 1


@pytest.mark.parametrize("page", PAGES)
def test_every_page_says_what_to_do_when_there_are_no_runs(tmp_path: Path, page: str) -> None:
    text = shown(opened(tmp_path, page))
    assert "<h1" in text
    if page in ("overview", "allocation", "visits"):
        assert "estate demo" in text
        assert str(tmp_path) in text


def test_overview_shows_the_numbers_of_the_run(runs: Path) -> None:
    summary = stored(runs, PLAN, "summary")
    text = shown(opened(runs, "overview", run=PLAN))
    everybody = next(row for row in summary["distance"] if row["sex"] == "all")
    further = next(row for row in summary["further"] if row["sex"] == "all")
    assert f"{everybody['straight_miles']:.1f}" in text
    assert f"{everybody['straight_miles_today']:.1f} miles today" in text
    assert f"{further['nearer']:,}" in text
    assert f"{further['further']:,} people would be further" in text
    assert "£3.5 million" in text
    assert "no gap" in text


def test_overview_of_today_claims_no_plan(runs: Path) -> None:
    text = shown(opened(runs, "overview", run=TODAY))
    assert "Nothing was optimised" in text
    assert "would be further" not in text


def test_banner_says_people_are_synthetic_and_who_decides(runs: Path) -> None:
    for page in ("overview", "allocation", "visits", "compare", "sources"):
        text = shown(opened(runs, page, run=PLAN))
        assert "made up" in text
        assert "a named officer decides" in text


def test_allocation_counts_moves_by_reason_as_the_placements_do(runs: Path) -> None:
    placements = pd.read_parquet(runs / PLAN / "placements.parquet")
    moved = placements[placements["moved"]]["reason"].value_counts()
    text = shown(opened(runs, "allocation", run=PLAN))
    for reason, moves in moved.items():
        row = text[text.index(wording.words(str(reason)).capitalize()) :]
        assert f">{moves:,}</td>" in row[:120]


def test_visits_show_the_mean_and_the_interval_of_the_stored_replications(runs: Path) -> None:
    measures = pd.read_parquet(runs / PLAN / "measures.parquet")
    values = measures[
        (measures["establishment"] == "ALL")
        & (measures["group_by"] == "all")
        & (measures["measure"] == "visits")
    ]["value"]
    text = shown(opened(runs, "visits", run=PLAN))
    assert f"{values.mean():,.0f}" in text
    assert f"{len(values)} simulated years" in text


def test_compare_shows_the_lines_that_differ_and_a_verdict(runs: Path) -> None:
    text = shown(opened(runs, "compare", run=PLAN))
    assert "placements" in text
    assert "optimised" in text
    assert "Verdict" in text


def test_chosen_run_stays_when_the_page_changes(runs: Path) -> None:
    app = opened(runs, "allocation", run=TODAY)
    assert app.query_params["run"] == [TODAY]
    app.switch_page("app_pages/visits.py").run()
    assert app.session_state["chosen run"] == TODAY


def test_unknown_run_in_the_address_is_told_and_another_shown(runs: Path) -> None:
    text = shown(opened(runs, "overview", run="no-such-run"))
    assert "There is no run called no-such-run" in text


def test_broken_run_gives_a_clear_message(runs: Path, tmp_path: Path) -> None:
    shutil.copytree(runs / PLAN, tmp_path / PLAN)
    (tmp_path / PLAN / "measures.parquet").unlink()
    (tmp_path / PLAN / "placements.parquet").write_bytes(b"not parquet")
    text = shown(opened(tmp_path, "overview"))
    assert "This run cannot be shown" in text
    assert "measures.parquet" in text


def test_corrupt_table_gives_a_clear_message(runs: Path, tmp_path: Path) -> None:
    shutil.copytree(runs / PLAN, tmp_path / PLAN)
    (tmp_path / PLAN / "placements.parquet").write_bytes(b"not parquet")
    text = shown(opened(tmp_path, "overview"))
    assert "placements.parquet" in text
    assert "estate run" in text


def test_hostile_title_is_shown_as_text(tmp_path: Path) -> None:
    make_run(tmp_path, "closer_to_home", title=HOSTILE, optimised=True)
    make_run(tmp_path, "baseline", title=HOSTILE, optimised=False)
    for page in PAGES:
        app = opened(tmp_path, page)
        assert "<img" not in shown(app)
        assert not [block for block in app.markdown if "evil.example" in block.value]


def test_sources_list_every_setting_with_its_source(runs: Path) -> None:
    from scenarios.settings import settings

    text = shown(opened(runs, "sources", run=PLAN))
    assert all(f">{name}</th>" in text for name in settings())
    assert "Office for National Statistics" in text
    assert "Natural Earth" in text


def test_views_agree_with_the_summary_of_the_run(runs: Path) -> None:
    results = load_results(runs / PLAN)
    placed = views.people(results)
    row = views.row_for(results, "distance")
    assert placed["straight_miles"].mean() == pytest.approx(row["straight_miles"])
    assert placed["straight_miles_today"].mean() == pytest.approx(row["straight_miles_today"])
    assert views.distance_bands(placed)["people_plan"].sum() == len(placed)

"""What a viewer sees: everything about prisons and groups, nothing about single people."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
from streamlit.testing.v1 import AppTest

from app_pages import _access, _jobs, _who
from scenarios import worker
from scenarios.drafting import drafts
from scenarios.jobs import Command, Request, Status
from scenarios.results import Results
from scenarios.worker import write_status
from tests.app.conftest import Ended, retold
from tests.app.screenshots import PAGES
from tests.app.serving import ROOT

ABOUT_PEOPLE = ("person", "data")


@pytest.fixture
def viewer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read as somebody whom a proxy names and no list knows."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("ESTATE_PROXY_HEADER", "X-User")
    monkeypatch.setenv("ESTATE_PROXY_ADDRESSES", "127.0.0.1")
    monkeypatch.setattr(_access, "is_guarded", lambda: True)
    monkeypatch.setattr(_who, "_headers", lambda: {"x-user": "vera"})


def opened(
    runs: Path, leaf: str, monkeypatch: pytest.MonkeyPatch, run: str, job: str = ""
) -> AppTest:
    monkeypatch.setenv("ESTATE_RUNS", str(runs))
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
    for name, value in {"run": run, "job": job}.items():
        if value:
            app.query_params[name] = value
    app.run()
    if leaf != "start":
        app.switch_page(f"app_pages/{leaf}.py").run()
    assert not app.exception
    return app


def everything(app: AppTest) -> str:
    """Give all that a page shows or offers to choose."""
    shown = [element.proto.body for element in app.get("html")]
    for kind in ("selectbox", "multiselect", "radio"):
        shown += [str(option) for element in app.get(kind) for option in element.options]
    shown += [element.value.to_csv() for element in app.dataframe]
    return "\n".join(shown)


@pytest.mark.parametrize("leaf", PAGES)
def test_viewer_sees_no_single_person(
    viewer: None,
    today: Results,
    plan: Results,
    monkeypatch: pytest.MonkeyPatch,
    leaf: str,
) -> None:
    assert plan.folder is not None
    text = everything(opened(plan.folder.parent, leaf, monkeypatch, plan.folder.name))
    known = plan.tables["population"]["prisoner_id"]
    assert [name for name in known if name in text] == []
    assert ("only planners may open it" in text) == (leaf in ABOUT_PEOPLE)
    without_records = (*ABOUT_PEOPLE, "frontier", "scenario", "runs", "help")
    assert ("OFFICIAL-SENSITIVE" in text) == (leaf not in without_records)


def test_viewer_is_offered_no_work_that_would_not_start(
    viewer: None, plan: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert plan.folder is not None
    app = opened(plan.folder.parent, "hall", monkeypatch, plan.folder.name)
    assert "The queue at the check" in everything(app)
    assert "Play this year again" not in [button.label for button in app.button]


def test_analyst_starts_work_that_decides_about_nobody_by_name_on_shared_tables(
    viewer: None, tmp_path: Path, plan: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ESTATE_ANALYST_NAMES", "vera")
    assert plan.folder is not None
    text = everything(opened(plan.folder.parent, "person", monkeypatch, plan.folder.name))
    assert "only planners may open it" in text
    assert not [name for name in plan.tables["population"]["prisoner_id"] if name in text]
    begun: list[str] = []

    def start(folder: Path, asked: Request) -> Ended:
        begun.append(asked.command)
        return Ended()

    monkeypatch.setattr(worker, "start", start)
    app = opened(tmp_path, "runs", monkeypatch, "")
    next(each for each in app.button if each.label == "Start the run").click().run()
    assert not app.exception
    assert begun == ["run"]
    monkeypatch.setenv("ESTATE_DATA", str(tmp_path))
    for command, data, may in (
        ("size-family-workers", None, True),
        ("experiment", str(tmp_path), True),
        ("run", str(tmp_path / "of somebody"), False),
        ("allocate", None, False),
    ):
        assert _jobs._may_start(cast("Command", command), {"data": data}) is may
    monkeypatch.delenv("ESTATE_ANALYST_NAMES")
    assert not _jobs._may_start("run", {})


def test_planner_finds_single_people_where_a_viewer_does_not(
    today: Results, plan: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert plan.folder is not None
    monkeypatch.chdir(ROOT)
    text = everything(opened(plan.folder.parent, "allocation", monkeypatch, plan.folder.name))
    known = plan.moves["prisoner_id"]
    assert [name for name in known if name in text]


def test_why_a_job_failed_is_told_to_planners_alone_on_pages_for_them(
    tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = "population.csv, line 7: A0007AA is in two places; asked for by planner paula."
    folder = tmp_path / ".jobs" / "run-1"
    folder.mkdir(parents=True)
    (folder / "request.json").write_text('{"command": "run", "title": "A plan"}', encoding="utf-8")
    (folder / "log.txt").write_text(message, encoding="utf-8")
    write_status(folder, Status(state="failed", message=message))
    monkeypatch.chdir(ROOT)
    read_by_planner = everything(opened(tmp_path, "runs", monkeypatch, "", job="run-1"))
    assert read_by_planner.count("A0007AA") == 3
    assert "OFFICIAL-SENSITIVE" in read_by_planner
    on_official_page = everything(opened(tmp_path, "start", monkeypatch, "", job="run-1"))
    assert "A plan. It could not be made. The page Runs says what was wrong." in on_official_page
    assert "A0007AA" not in on_official_page
    request.getfixturevalue("viewer")
    for leaf in ("runs", "start"):
        read_by_viewer = everything(opened(tmp_path, leaf, monkeypatch, "", job="run-1"))
        assert "A plan. It could not be made." in read_by_viewer
        assert "A0007AA" not in read_by_viewer
        assert "paula" not in read_by_viewer
        assert "OFFICIAL-SENSITIVE" not in read_by_viewer


def test_only_planners_forget_a_kept_scenario(
    tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    drafts.save_draft(tmp_path, replace(drafts.built_in("closer_to_home"), name="ours"))

    def begin_with_kept() -> AppTest:
        app = opened(tmp_path, "scenario", monkeypatch, "")
        app.button_group(key="way").set_value("One that is kept").run()
        assert "Duplicate" in [button.label for button in app.button]
        return app

    assert "Forget it" in [button.label for button in begin_with_kept().button]
    request.getfixturevalue("viewer")
    assert "Forget it" not in [button.label for button in begin_with_kept().button]


def test_overview_keeps_small_counts_back_from_viewers(
    tmp_path: Path, plan: Results, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [dict(row) for row in plan.summary["further"]]
    for row in rows:
        row |= {"further": 1, "mean_miles_further": 71.3, "most_miles_further": 71.3}
    copy = retold(plan, tmp_path, further=rows)
    monkeypatch.chdir(ROOT)
    text = everything(opened(tmp_path, "overview", monkeypatch, copy.name))
    assert "1 person would be further from home than today, by 71.3 miles" in text
    request.getfixturevalue("viewer")
    text = everything(opened(tmp_path, "overview", monkeypatch, copy.name))
    assert "[c] people would be further from home than today;" in text
    assert "71.3" not in text


def test_app_is_closed_where_a_proxy_is_trusted_but_nothing_checks_it(
    viewer: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_access, "is_guarded", lambda: False)
    monkeypatch.setenv("ESTATE_RUNS", str(tmp_path))
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).run()
    assert "answered by server.py only" in everything(app)
    assert "Who should be held where?" not in everything(app)


@pytest.mark.parametrize(
    ("claims", "is_closed"),
    [
        ({"preferred_username": "ada", "email": "ada@example.org"}, True),
        ({"preferred_username": "ada", "sub": "7"}, False),
    ],
)
def test_app_is_closed_to_a_sign_in_that_names_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, claims: dict[str, str], is_closed: bool
) -> None:
    access = _access.Access(mode="sign-in", planner_names=frozenset({"ada", "ada@example.org"}))
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(_who, "settings", lambda: access)
    monkeypatch.setattr(_access, "is_guarded", lambda: True)
    monkeypatch.setattr(_who, "_claims", lambda: {"is_logged_in": True} | claims)
    monkeypatch.setenv("ESTATE_RUNS", str(tmp_path))
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).run()
    text = everything(app)
    assert ("did not say who signed in" in text) == is_closed
    assert ("Signed in as ada: viewer." in text) != is_closed


def test_app_is_closed_to_whom_the_proxy_does_not_name(
    viewer: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_who, "_headers", dict)
    monkeypatch.setenv("ESTATE_RUNS", str(tmp_path))
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).run()
    assert "did not say who is reading" in everything(app)
    assert "Who should be held where?" not in everything(app)


def test_viewer_sees_what_other_hours_of_visits_would_cost_and_starts_nothing(
    viewer: None, today: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert today.folder is not None
    app = opened(today.folder.parent, "visits", monkeypatch, today.folder.name)
    app.slider(key="differently evenings").set_value(2).run()
    assert not app.exception
    assert "Staff for 2 evening sessions a week" in everything(app)
    assert "Keep it and start the run" not in [button.label for button in app.button]


def test_only_administrators_choose_the_run_of_the_front_page(
    viewer: None, today: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert today.folder is not None
    for role, may in (("PLANNER", False), ("ADMINISTRATOR", True)):
        monkeypatch.setenv(f"ESTATE_{role}_NAMES", "vera")
        app = opened(today.folder.parent, "start", monkeypatch, "")
        assert ("Use it for all readers" in [button.label for button in app.button]) is may

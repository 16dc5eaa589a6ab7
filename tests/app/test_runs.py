"""Work started from the app: in processes of its own, watched, cancelled and found again."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from streamlit.testing.v1 import AppTest

from app_pages import _jobs, _state
from app_pages._who import OWN_MACHINE
from scenarios.drafting import drafts
from scenarios.jobs import Command, Job, Request, Status
from scenarios.locking import holding
from scenarios.results import Results
from scenarios.worker import (
    ALIVE_FILE,
    cancel,
    read_request,
    read_status,
    start,
    write_status,
)
from tests.app.conftest import HOSTILE, Ended, retold
from tests.app.serving import ROOT, open_page, serving

if TYPE_CHECKING:
    from playwright.sync_api import Browser

SECONDS = 90.0


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the app an empty folder of runs."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("ESTATE_RUNS", str(tmp_path))
    return tmp_path


@pytest.fixture
def alive() -> Iterator[ExitStack]:
    """Hold locks of jobs, as living workers do."""
    with ExitStack() as stack:
        yield stack


def runs_page(job: str | None = None) -> AppTest:
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).run()
    if job:
        app.query_params["job"] = job
    app.switch_page("app_pages/runs.py").run()
    assert not app.exception
    return app


def shown(app: AppTest) -> str:
    return "\n".join(element.proto.body for element in app.get("html"))


def labels(app: AppTest) -> list[str]:
    return [button.label for button in app.button if button.label != "Start the run"]


def stored_job(
    runs: Path,
    status: Status,
    *,
    name: str = "run-1",
    by: str = "own machine",
    title: str = "Mine",
    command: Command = "run",
) -> Path:
    folder = runs / ".jobs" / name
    folder.mkdir(parents=True)
    asked = Request(
        command=command,
        runs=str(runs),
        title=title,
        options={"scenario": "baseline", "seed": 5},
        asked_by=by,
        asked_ns=len(list(folder.parent.iterdir())),
    )
    (folder / "request.json").write_text(json.dumps(asdict(asked)), encoding="utf-8")
    write_status(folder, status)
    return folder


def click(app: AppTest, label: str) -> None:
    next(button for button in app.button if button.label == label).click().run()
    assert not app.exception


def test_page_offers_every_scenario_with_its_question(empty: Path) -> None:
    app = runs_page()
    labels = app.selectbox(key="scenario").options
    assert "Closer to home, within the moves we can make" in labels
    assert app.selectbox(key="scenario").value == "baseline"
    assert "Who is held where today" in shown(app)


def test_scenarios_that_are_kept_can_be_run_like_those_of_the_model(
    empty: Path, asked: list[tuple[str, dict[str, object]]]
) -> None:
    draft = drafts.Draft(
        name="mine", title="Mine", question="Q?", change={"demand.no_show_share": 0.12}
    )
    path = drafts.save_draft(empty, draft)
    app = runs_page()
    box = app.selectbox(key="scenario")
    assert box.options[-1] == "Mine (kept)"
    box.select("Mine (kept)").run()
    click(app, "Start the run")
    ((command, told),) = asked
    assert (command, told["scenario"], told["title"]) == ("run", str(path), "Mine")


def test_work_begun_on_another_page_is_in_the_address_of_the_page_that_shows_it(
    empty: Path,
) -> None:
    """After a reload the session is another one, and the work may have ended."""
    job = stored_job(empty, Status(state="done", folder=str(empty)))
    app = runs_page()
    assert "job" not in app.query_params
    app.session_state["watched jobs"] = [job.name]
    app.run()
    assert app.query_params["job"] in (job.name, [job.name])
    assert "Mine. It is complete and stored." in shown(runs_page(job=job.name))


def test_stored_runs_can_be_opened_from_their_list(
    empty: Path, plan: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    def links() -> list[str]:
        return [each.proto.label for each in runs_page().get("page_link")]

    assert "Open a stored run" not in links()
    assert plan.folder is not None
    monkeypatch.setenv("ESTATE_RUNS", str(plan.folder.parent))
    assert "Open a stored run" in links()


def test_runs_of_one_scenario_are_told_apart_by_seed_and_years(
    empty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = runs_page()
    monkeypatch.setattr(subprocess, "Popen", Ended)
    app.number_input[0].set_value(1).run()
    click(app, "Start the run")
    app.number_input[0].set_value(100)
    app.number_input[1].set_value(7).run()
    click(app, "Start the run")
    assert "Today (seed 1, 1 simulated year). Starting." in shown(app)
    assert "Today (seed 7, 100 simulated years). Waiting: 1 job is before" in shown(app)


def test_run_is_started_in_a_process_of_its_own_and_cancelled_without_a_trace(empty: Path) -> None:
    app = runs_page()
    click(app, "Start the run")
    (job,) = (path for path in (empty / ".jobs").iterdir() if path.is_dir())
    try:
        deadline = time.monotonic() + SECONDS
        while read_status(job).state != "running" and time.monotonic() < deadline:
            time.sleep(0.1)
        assert read_status(job).state == "running"
        assert read_status(job).pid != os.getpid()
        assert app.query_params["job"] == job.name
    finally:
        click(app, "Cancel")
    assert read_status(job).state == "cancelled"
    assert "Nothing of it is stored" in shown(app)
    assert [path.name for path in empty.iterdir()] == [".jobs"]


def test_any_session_finds_what_works_and_what_waits_and_its_place(
    empty: Path, alive: ExitStack
) -> None:
    working = Status(state="running", stage="simulate", done=3, total=8, seconds_left=12)
    for name, status in (("a", working), ("b", Status(state="waiting"))):
        folder = stored_job(empty, status, name=name, title=f"Job {name}")
        alive.enter_context(holding(folder / ALIVE_FILE))
    app = runs_page()
    text = shown(app)
    assert "Job a. Working on: the simulated years, 3 of 8 parts done." in text
    assert "About 12 seconds left in this step; how long all of it takes is not known yet." in text
    assert "Job b. Waiting: 1 job is before this one." in text
    assert labels(app) == ["Cancel", "Cancel"]


def test_work_that_somebody_else_asked_for_is_theirs_to_cancel(
    empty: Path, alive: ExitStack
) -> None:
    folder = stored_job(empty, Status(state="running"), by="somebody else")
    alive.enter_context(holding(folder / ALIVE_FILE))
    app = runs_page()
    assert "Mine. Working on" in shown(app)
    assert labels(app) == []


def test_process_that_vanished_counts_as_failed_with_its_last_lines(empty: Path) -> None:
    folder = stored_job(empty, Status(state="running", stage="visits"))
    (folder / "log.txt").write_text("Killed <b>here</b>\n", encoding="utf-8")
    text = shown(runs_page(folder.name))
    assert "stopped without saying why" in text
    assert "Killed &lt;b&gt;here&lt;/b&gt;" in text


def test_failure_is_shown_with_its_message_and_reference_and_can_be_tried_again(
    empty: Path,
) -> None:
    failed = Status(state="failed", message="units.csv: no such table.", reference="f00d")
    folder = stored_job(empty, failed)
    (folder / "fault-f00d.log").write_text("reference f00d\nZeroDivisionError\n", encoding="utf-8")
    app = runs_page(folder.name)
    assert "units.csv: no such table." in shown(app)
    assert "Reference: f00d" in shown(app)
    assert "ZeroDivisionError" in shown(app)
    click(app, "Start it again")
    (other,) = (
        path for path in (empty / ".jobs").iterdir() if path.is_dir() and path.name != folder.name
    )
    try:
        assert read_request(other).options == {"scenario": "baseline", "seed": 5}
        assert read_request(other).title == "Mine"
    finally:
        click(app, "Cancel")


def test_work_is_started_again_on_its_own_tables(
    empty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the session uses by now is not what was asked for."""
    folder = stored_job(empty, Status(state="failed"))
    (empty / "other tables").mkdir()
    monkeypatch.setenv("ESTATE_DATA", str(empty / "other tables"))
    app = runs_page(folder.name)
    monkeypatch.setattr(subprocess, "Popen", Ended)
    click(app, "Start it again")
    (other,) = (empty / ".jobs").glob("run-2*")
    assert read_request(other).options == {"scenario": "baseline", "seed": 5}


def test_work_that_somebody_else_asked_for_is_theirs_to_start_again(empty: Path) -> None:
    folder = stored_job(empty, Status(state="failed"), by="somebody else")
    assert labels(runs_page(folder.name)) == ["Put away"]


def test_work_that_begins_while_it_is_watched_can_be_ended_with_its_best(
    empty: Path, alive: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = stored_job(empty, Status(state="waiting"), command="allocate")
    alive.enter_context(holding(folder / ALIVE_FILE))
    listed = _jobs.jobs

    def jobs(kinds: Sequence[Command] | None = None) -> list[Job]:
        found = listed(kinds)
        write_status(folder, Status(state="running"))
        return found

    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).run()
    write_status(folder, Status(state="waiting"))
    monkeypatch.setattr(_jobs, "jobs", jobs)
    app.switch_page("app_pages/runs.py").run()
    assert labels(app) == ["Stop and keep the best so far", "Cancel"]


def test_title_from_a_file_stands_in_no_label(empty: Path, alive: ExitStack) -> None:
    """A label is Markdown, of which a browser would fetch the images."""
    folder = stored_job(empty, Status(state="running"), title=HOSTILE)
    alive.enter_context(holding(folder / ALIVE_FILE))
    app = runs_page()
    assert "![x](https://evil.example/y.png)" in shown(app)
    assert labels(app) == ["Cancel"]


def test_finished_run_is_opened_once_and_leaves_what_the_reader_chooses_later(
    today: Results, plan: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert today.folder is not None
    assert plan.folder is not None
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("ESTATE_RUNS", str(plan.folder.parent))
    ended = Status(state="done", folder=str(plan.folder))
    app = runs_page(stored_job(plan.folder.parent, ended, name="run-opened-once").name)
    assert app.session_state[_state.CHOSEN] == plan.folder.name
    app.session_state[_state.CHOSEN] = today.folder.name
    app.run()
    assert app.session_state[_state.CHOSEN] == today.folder.name


def test_finished_run_can_be_opened_from_the_page(
    plan: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert plan.folder is not None
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("ESTATE_RUNS", str(plan.folder.parent))
    job = stored_job(plan.folder.parent, Status(state="done", folder=str(plan.folder)))
    app = runs_page(job.name)
    assert "complete and stored" in shown(app)
    app.switch_page("app_pages/overview.py").run()
    assert plan.title in shown(app)


def test_ended_work_is_put_away_but_stays_in_the_list(empty: Path) -> None:
    folder = stored_job(empty, Status(state="cancelled"))
    app = runs_page(folder.name)
    click(app, "Put away")
    assert "job" not in app.query_params
    assert labels(app) == []
    assert "It was cancelled" in shown(app)


def test_name_in_the_address_cannot_leave_the_folder_of_jobs(empty: Path) -> None:
    app = runs_page("../../etc")
    assert labels(app) == []


@pytest.mark.browser
def test_pages_open_and_answer_while_a_run_goes_on(
    chrome: Browser, plan: Results, today: Results, tmp_path: Path
) -> None:
    assert today.folder is not None
    runs = tmp_path / "runs"
    for stored in (plan, today):
        retold(stored, make(runs), title=stored.title)
    job = runs / ".jobs" / "run-1"
    asked = Request(
        command="run",
        runs=str(runs),
        title="Mine",
        options={"scenario": "baseline", "seed": 5},
        asked_by=OWN_MACHINE,
    )
    worker = start(job, asked)
    try:
        with serving(runs) as address:
            page = chrome.new_page(viewport={"width": 1280, "height": 900})
            open_page(page, f"{address}/visits")
            page.get_by_role("radio", name="Half", exact=True).click()
            page.get_by_role("heading", name="half no longer than").first.wait_for()
            page.get_by_role("link", name="Overview", exact=True).click()
            page.get_by_role("heading", name=plan.title).wait_for()
            page.get_by_role("link", name="Runs", exact=True).click()
            page.get_by_text("Mine. Working on").wait_for()
            assert read_status(job).state == "running"
            page.get_by_role("button", name="Cancel").click()
            page.get_by_text("Mine. It was cancelled.").wait_for()
            page.close()
    finally:
        cancel(job)
        worker.wait(timeout=20)
    assert read_status(job).state == "cancelled"


def make(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    return folder

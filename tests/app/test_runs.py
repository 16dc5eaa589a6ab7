"""A run started from the app: a process of its own, watched, cancelled and found again."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from scenarios.results import Results
from scenarios.worker import Status, read_status, write_status
from tests.app.serving import ROOT

SECONDS = 60.0


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the app an empty folder of runs."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("ESTATE_RUNS", str(tmp_path))
    return tmp_path


def runs_page(job: str | None = None) -> AppTest:
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).run()
    if job:
        app.query_params["run"] = job
    app.switch_page("app_pages/runs.py").run()
    assert not app.exception
    return app


def shown(app: AppTest) -> str:
    return "\n".join(element.proto.body for element in app.get("html"))


def stored_job(runs: Path, status: Status) -> str:
    folder = runs / ".jobs" / "baseline-1"
    folder.mkdir(parents=True)
    write_status(folder, status)
    return folder.name


def click(app: AppTest, label: str) -> None:
    next(button for button in app.button if button.label == label).click().run()


def test_page_offers_every_scenario_with_its_question(empty: Path) -> None:
    app = runs_page()
    labels = app.selectbox(key="scenario").options
    assert "Closer to home, within the moves we can make" in labels
    assert app.selectbox(key="scenario").value == "baseline"
    assert "Who is held where today" in shown(app)


def test_run_is_started_in_a_process_of_its_own_and_cancelled_without_a_trace(empty: Path) -> None:
    app = runs_page()
    click(app, "Start the run")
    (job,) = (empty / ".jobs").iterdir()
    try:
        deadline = time.monotonic() + SECONDS
        while read_status(job).state == "starting" and time.monotonic() < deadline:
            time.sleep(0.1)
        assert read_status(job).state == "running"
        assert read_status(job).pid != os.getpid()
        assert app.query_params["run"] == job.name
    finally:
        click(app, "Cancel the run")
    assert read_status(job).state == "cancelled"
    assert "Nothing of it is stored" in shown(app)
    assert [path.name for path in empty.iterdir()] == [".jobs"]


def test_address_finds_a_running_job_again_and_shows_how_far_it_is(empty: Path) -> None:
    sleeper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        status = Status(
            state="running", stage="visits", done=3, total=8, seconds_left=12, pid=sleeper.pid
        )
        app = runs_page(stored_job(empty, status))
        assert "3 of 8 parts done. About 12 seconds left in this step." in shown(app)
        assert [button.label for button in app.button] == ["Cancel the run"]
    finally:
        sleeper.kill()
        sleeper.wait()


def test_process_that_vanished_counts_as_failed(empty: Path) -> None:
    gone = subprocess.Popen([sys.executable, "-c", "pass"])
    gone.wait()
    job = stored_job(empty, Status(state="running", stage="visits", pid=gone.pid))
    assert "stopped without saying why" in shown(runs_page(job))


def test_failure_is_shown_with_its_message_and_reference(empty: Path) -> None:
    failed = Status(state="failed", message="units.csv: no such table.", reference="f00d")
    text = shown(runs_page(stored_job(empty, failed)))
    assert "units.csv: no such table." in text
    assert "f00d" in text


def test_finished_run_can_be_opened_from_the_page(
    plan: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert plan.folder is not None
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("ESTATE_RUNS", str(plan.folder.parent))
    job = plan.folder.parent / ".jobs" / "done-1"
    job.mkdir(parents=True)
    write_status(job, Status(state="done", run=str(plan.folder)))
    app = runs_page(job.name)
    assert "complete and stored" in shown(app)
    app.switch_page("app_pages/overview.py").run()
    assert plan.title in shown(app)


def test_start_another_run_forgets_the_job_without_stopping_it(empty: Path) -> None:
    app = runs_page(stored_job(empty, Status(state="cancelled")))
    click(app, "Start another run")
    assert "run" not in app.query_params
    assert app.selectbox(key="scenario").value == "baseline"


def test_name_in_the_address_cannot_leave_the_folder_of_jobs(empty: Path) -> None:
    app = runs_page("../../etc")
    assert app.selectbox(key="scenario").value == "baseline"

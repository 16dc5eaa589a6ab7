"""Long commands in processes of their own: started, watched, in their turn, cancelled."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import scenarios.run as run_module
from data.progress import Progress
from scenarios import commands, worker
from scenarios.commands import COMMANDS, Performed, check
from scenarios.errors import ExitCode, ScenarioError
from scenarios.jobs import Job, Request, Status
from scenarios.locking import holding
from scenarios.results import load_results
from scenarios.stored_studies import studies
from scenarios.worker import (
    ALIVE_FILE,
    KEPT_DAYS,
    cancel,
    jobs,
    log_tail,
    read_request,
    read_status,
    start,
    work,
    write_status,
)

posix = pytest.mark.skipif(os.name != "posix", reason="signals are those of POSIX")


def wait_for(folder: Path, *states: str, seconds: float = 120) -> Status:
    end = time.monotonic() + seconds
    while (status := read_status(folder)).state not in states:
        assert time.monotonic() < end, status
        time.sleep(0.1)
    return status


def request(small_data: Path, runs: Path, **more: Any) -> Request:
    options = {"scenario": "baseline", "replications": 2, "workers": 1} | more
    return Request(command="run", runs=str(runs), options={"data": str(small_data)} | options)


def test_a_background_run_ends_with_a_run_folder(small_data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "jobs" / "one"
    process = start(folder, request(small_data, tmp_path / "runs"))
    status = wait_for(folder, "done", "failed")
    assert process.wait(timeout=30) == 0
    assert (status.state, status.exit_code, status.pid) == ("done", 0, process.pid)
    assert load_results(str(status.folder)).replications == 2


@posix
def test_a_background_run_is_cancelled_and_leaves_nothing(small_data: Path, tmp_path: Path) -> None:
    folder, runs = tmp_path / "jobs" / "one", tmp_path / "runs"
    process = start(folder, request(small_data, runs, replications=2000))
    end = time.monotonic() + 120
    while (status := read_status(folder)).stage != "simulate" or not status.done:
        assert time.monotonic() < end, status
        time.sleep(0.1)
    assert 0 < status.done < status.total
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=30) == 130
    assert read_status(folder).state == "cancelled"
    assert list(runs.iterdir()) == []


@posix
def test_jobs_work_one_at_a_time_in_the_order_they_were_asked_for(
    small_data: Path, tmp_path: Path
) -> None:
    parent, runs = tmp_path / "jobs", tmp_path / "runs"
    processes = []
    for name in ("c", "a", "b"):
        processes.append(start(parent / name, request(small_data, runs, replications=2000)))
        time.sleep(0.01)
    try:
        wait_for(parent / "c", "running")
        wait_for(parent / "a", "waiting")
        wait_for(parent / "b", "waiting")
        told = [(job.name, job.ahead, job.status.state) for job in jobs(parent)]
        assert told == [("c", 0, "running"), ("a", 1, "waiting"), ("b", 2, "waiting")]
        cancel(parent / "a")
        assert [job.ahead for job in jobs(parent)] == [0, 1, 1]
        cancel(parent / "c")
        wait_for(parent / "b", "running")
        states = {job.name: job.status.state for job in jobs(parent)}
        assert states == {"c": "cancelled", "a": "cancelled", "b": "running"}
    finally:
        for name in ("c", "a", "b"):
            cancel(parent / name)
    assert [process.wait(timeout=30) for process in processes] == [130, 130, 130]


@posix
def test_worker_that_was_killed_counts_as_failed_and_makes_way(
    small_data: Path, tmp_path: Path
) -> None:
    parent, runs = tmp_path / "jobs", tmp_path / "runs"
    first = start(parent / "a", request(small_data, runs, replications=2000))
    wait_for(parent / "a", "running")
    second = start(parent / "b", request(small_data, runs, replications=2))
    wait_for(parent / "b", "waiting")
    os.killpg(first.pid, signal.SIGKILL)
    first.wait(timeout=30)
    (job, _) = jobs(parent)
    assert (job.status.state, job.has_ended) == ("failed", True)
    assert "stopped without saying why" in job.status.message
    wait_for(parent / "b", "done", "failed")
    assert second.wait(timeout=30) == 0


def test_number_of_a_process_that_is_another_now_is_not_believed(tmp_path: Path) -> None:
    """After a restart of the machine a status may name a process that is somebody else's."""
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        only_asked(tmp_path / "a", Request(command="run", options={"scenario": "baseline"}))
        write_status(tmp_path / "a", Status(state="running", pid=stranger.pid))
        (job,) = jobs(tmp_path)
        assert job.status.state == "failed"
        cancel(tmp_path / "a")
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_living_worker_is_known_by_its_lock(tmp_path: Path) -> None:
    only_asked(tmp_path / "a", Request(command="run", options={"scenario": "baseline"}))
    write_status(tmp_path / "a", Status(state="running", pid=1))
    with holding(tmp_path / "a" / ALIVE_FILE):
        assert [job.status.state for job in jobs(tmp_path)] == ["running"]


@pytest.fixture
def no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let jobs be asked for without anything being done."""
    monkeypatch.setattr(subprocess, "Popen", lambda *_, **__: None)


def test_job_is_about_the_files_as_they_were_when_it_was_asked_for(
    no_process: None, tmp_path: Path
) -> None:
    files = {name: tmp_path / name for name in ("mine.yaml", "locks.csv")}
    for path in files.values():
        path.write_text("as asked", encoding="utf-8")
    options = {"scenario": str(files["mine.yaml"]), "locks": str(files["locks.csv"])}
    start(tmp_path / "jobs" / "a", Request(command="run", options=options))
    for path in files.values():
        path.write_text("changed since", encoding="utf-8")
    start(tmp_path / "jobs" / "b", read_request(tmp_path / "jobs" / "a"))
    for name in "ab":
        found = read_request(tmp_path / "jobs" / name).options
        copies = [Path(found["scenario"]), Path(found["locks"])]
        assert [path.read_text(encoding="utf-8") for path in copies] == ["as asked"] * 2
        assert [path.name for path in copies] == ["mine.yaml", "locks.csv"]
        assert all(path.is_relative_to(tmp_path / "jobs" / name) for path in copies)


def test_scenario_files_of_one_name_stay_apart_and_names_stay_names(
    no_process: None, tmp_path: Path
) -> None:
    for name in "ab":
        (tmp_path / name).mkdir()
        (tmp_path / name / "mine.yaml").write_text(name, encoding="utf-8")
    asked = ["baseline", *(str(tmp_path / name / "mine.yaml") for name in "ab")]
    asked.append(str(tmp_path / "none.yaml"))
    start(tmp_path / "jobs" / "a", Request(command="experiment", options={"scenarios": asked}))
    first, *copies, missing = read_request(tmp_path / "jobs" / "a").options["scenarios"]
    assert (first, missing) == ("baseline", asked[-1])
    assert [Path(path).read_text(encoding="utf-8") for path in copies] == ["a", "b"]
    assert [Path(path).stem for path in copies] == ["mine", "mine"]


def test_jobs_that_ended_long_ago_are_forgotten(no_process: None, tmp_path: Path) -> None:
    asked = Request(command="run", options={"scenario": "baseline"})
    now = time.time_ns()
    long_ago = now - (KEPT_DAYS + 1) * 24 * 3600 * 10**9
    for name, state, when in (
        ("ended long ago", "done", long_ago),
        ("ended", "failed", now),
        ("works", "running", long_ago),
    ):
        only_asked(tmp_path / name, replace(asked, asked_ns=when))
        write_status(tmp_path / name, Status(state=state))  # type: ignore[arg-type]
    with holding(tmp_path / "works" / ALIVE_FILE):
        start(tmp_path / "new", asked)
        assert {job.name for job in jobs(tmp_path)} == {"works", "ended", "new"}


def test_cancelled_job_does_not_come_back_to_life(tmp_path: Path) -> None:
    only_asked(tmp_path / "jobs" / "a", Request(command="run", runs=str(tmp_path / "runs")))
    given_up = Status(state="cancelled", message="Cancelled. Nothing was left.")
    write_status(tmp_path / "jobs" / "a", given_up)
    assert work(tmp_path / "jobs" / "a") == 130
    assert read_status(tmp_path / "jobs" / "a") == given_up
    assert not (tmp_path / "runs").exists()


def test_job_cancelled_while_it_waits_does_not_work_when_its_turn_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given_up = Status(state="cancelled")

    @contextmanager
    def turn(folder: Path) -> Iterator[None]:
        assert read_status(folder).state == "waiting"
        write_status(folder, given_up)
        yield

    monkeypatch.setattr(worker, "_turn", turn)
    only_asked(tmp_path / "a", Request(command="run", runs=str(tmp_path / "runs")))
    assert work(tmp_path / "a") == 130
    assert read_status(tmp_path / "a") == given_up
    assert not (tmp_path / "runs").exists()


def test_job_that_waits_passes_ended_ones_by_without_a_look_at_their_locks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = Request(command="run", options={"scenario": "baseline"})
    for number, name in enumerate(("ended", "works", "own", "later")):
        only_asked(tmp_path / name, replace(asked, asked_ns=number))
    write_status(tmp_path / "ended", Status(state="done"))
    looked: list[str] = []
    is_alive = worker.is_alive

    def look(folder: Path) -> bool:
        looked.append(folder.name)
        return is_alive(folder)

    monkeypatch.setattr(worker, "is_alive", look)
    with holding(tmp_path / "works" / ALIVE_FILE):
        assert [job.name for job in worker._earlier(tmp_path / "own")] == ["works"]
    assert "ended" not in looked


def test_folder_that_is_no_job_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").write_text("")
    assert jobs(tmp_path) == []
    assert jobs(tmp_path / "not there") == []


def test_a_wrong_scenario_is_told_in_the_status(small_data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "jobs" / "one"
    process = start(folder, request(small_data, tmp_path / "runs", scenario="baselin"))
    status = wait_for(folder, "done", "failed")
    assert process.wait(timeout=30) == 2
    assert (status.state, status.exit_code) == ("failed", 2)
    assert "Did you mean 'baseline'?" in status.message
    assert status.reference is None


def test_second_time_the_same_is_asked_for_its_end_is_told_from_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    told: list[tuple[str, int, float | None, str]] = []
    write = worker.write_status

    def goes_on(_command: str, runs: Path, _options: object, progress: Progress) -> Performed:
        for done in range(3):
            progress("people", done, 2)
            now[0] += 10.0
        return Performed(folder=runs, exit_code=ExitCode.DONE)

    def watched(folder: Path, status: Status) -> None:
        told.append((status.stage, status.done, status.ends, status.basis))
        write(folder, status)

    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.setattr(time, "time", lambda: now[0])
    monkeypatch.setattr(commands, "perform", goes_on)
    monkeypatch.setattr(worker, "write_status", watched)
    asked = Request(command="run", runs=str(tmp_path), options={"scenario": "baseline"})
    for number, name in enumerate("ab"):
        only_asked(tmp_path / "jobs" / name, replace(asked, asked_ns=number))
    assert work(tmp_path / "jobs" / "a") == 0
    assert {(ends, basis) for _, _, ends, basis in told} == {(None, "")}
    told.clear()
    assert work(tmp_path / "jobs" / "b") == 0
    assert [each[2:] for each in told[1:-1]] == [(1060.0, "same")] * 4
    assert told[-1] == ("people", 2, None, "same")


@pytest.mark.parametrize("code", [ExitCode.INFEASIBLE, ExitCode.FAULT])
def test_work_that_did_not_end_well_is_no_measure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: ExitCode
) -> None:
    def goes_on(_command: str, runs: Path, _options: object, progress: Progress) -> Performed:
        progress("people", 1, 1)
        if code == ExitCode.FAULT:
            raise RuntimeError
        return Performed(folder=runs, exit_code=code)

    monkeypatch.setattr(commands, "perform", goes_on)
    asked = Request(command="run", runs=str(tmp_path), options={"scenario": "baseline"})
    only_asked(tmp_path / "jobs" / "a", asked)
    assert work(tmp_path / "jobs" / "a") == code
    assert list(worker._earlier_times(tmp_path / "jobs")) == []


def test_an_unexpected_fault_has_a_reference_and_a_log_without_values(
    small_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("somebody's name")

    folder = tmp_path / "jobs" / "one"
    only_asked(folder, request(small_data, tmp_path / "runs"))
    monkeypatch.setattr(run_module, "place", fail)
    assert work(folder) == 1
    status = read_status(folder)
    assert status.state == "failed"
    assert status.reference is not None
    assert "somebody" not in status.message
    tail = log_tail(folder, status.reference)
    assert tail[-1] == "ZeroDivisionError"
    assert "somebody" not in "".join(tail)


def only_asked(folder: Path, asked: Request) -> None:
    """Write a request as ``start`` does, without a process."""
    import json
    from dataclasses import asdict

    folder.mkdir(parents=True)
    (folder / "request.json").write_text(json.dumps(asdict(asked)))


def test_unknown_command_and_wrong_options_are_refused_before_anything_starts(
    tmp_path: Path,
) -> None:
    with pytest.raises(ScenarioError, match="Did you mean 'frontier'"):
        start(tmp_path / "a", Request(command="frontir"))  # type: ignore[arg-type]
    asked = Request(command="frontier", options={"scenario": "baseline", "point": 3})
    with pytest.raises(ScenarioError) as refused:
        start(tmp_path / "a", asked)
    assert "no option 'point'. Did you mean 'points'?" in str(refused.value)
    assert "give the option 'against'" in str(refused.value)
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_says_which_options_it_needs(command: str) -> None:
    with pytest.raises(ScenarioError, match="give the option"):
        check(command, {})


def test_a_study_of_the_worker_is_the_same_bytes_as_one_of_the_command_line(
    small_data: Path, tmp_path: Path
) -> None:
    from typer.testing import CliRunner

    from scenarios.cli import app

    asked = Request(
        command="frontier",
        runs=str(tmp_path / "runs"),
        options={
            "scenario": "closer_to_home",
            "against": "moves",
            "points": 3,
            "data": str(small_data),
        },
    )
    only_asked(tmp_path / "jobs" / "one", asked)
    assert work(tmp_path / "jobs" / "one") == 0
    (study,) = studies(tmp_path / "runs", "frontier")
    assert study.name == "frontier-closer_to_home-1"
    own = tmp_path / "own"
    words = f"frontier closer_to_home --against moves --points 3 --data {small_data} --out {own}"
    assert CliRunner().invoke(app, words.split()).exit_code == 0
    names = {path.name for path in study.folder.iterdir()}
    assert names == {path.name for path in own.iterdir()}
    differ = {
        name for name in names if (study.folder / name).read_bytes() != (own / name).read_bytes()
    }
    assert differ <= {"manifest.json"}


@posix
def test_a_run_of_the_worker_is_the_same_bytes_as_one_of_the_command_line(
    small_data: Path, tmp_path: Path
) -> None:
    """The worker simulates in one process, the command line is asked for two."""
    from typer.testing import CliRunner

    from scenarios.cli import app

    process = start(
        tmp_path / "jobs" / "one",
        request(small_data, tmp_path / "runs", scenario="closer_to_home"),
    )
    assert process.wait(timeout=120) == 0
    asked = read_request(tmp_path / "jobs" / "one").options
    own = tmp_path / "own"
    words = ["run", str(asked["scenario"]), "--data", str(small_data), "--runs", str(own)]
    words += ["--seed", str(asked.get("seed", 1)), "--replications", str(asked["replications"])]
    assert CliRunner().invoke(app, [*words, "--workers", "2"]).exit_code == 0
    one, other = (
        next(folder.glob("*/manifest.json")).parent for folder in (tmp_path / "runs", own)
    )
    assert one.name == other.name
    names = {path.name for path in one.iterdir()}
    assert names == {path.name for path in other.iterdir()}
    differ = {name for name in names if (one / name).read_bytes() != (other / name).read_bytes()}
    assert differ <= {"manifest.json", "allocation.json"}
    accounts = [json.loads((each / "allocation.json").read_text("utf-8")) for each in (one, other)]
    assert accounts[0] | {"seconds": {}} == accounts[1] | {"seconds": {}}


def test_a_status_is_never_half_written(tmp_path: Path) -> None:
    assert read_status(tmp_path).state == "starting"
    for done in range(50):
        write_status(tmp_path, Status(state="running", done=done, total=50))
        assert read_status(tmp_path).done == done
    assert [path.name for path in tmp_path.iterdir()] == ["status.json"]


def test_job_has_ended_when_it_is_done_failed_or_cancelled(tmp_path: Path) -> None:
    job = Job(folder=tmp_path, request=Request(command="run"), status=Status())
    ended = {
        state
        for state in ("starting", "waiting", "running", "done", "failed", "cancelled")
        if replace(job, status=Status(state=state)).has_ended  # type: ignore[arg-type]
    }
    assert ended == {"done", "failed", "cancelled"}


@posix
def test_worker_gives_way_to_the_server_also_where_sessions_share_the_processor() -> None:
    """Where the system keeps one, the priority of the session is lowered as well (sched(7))."""
    told = """
import os, pathlib
from scenarios.worker import give_way
before = os.nice(0)
give_way()
session = pathlib.Path("/proc/self/autogroup")
known = session.read_text() if session.exists() else f"nice {os.nice(0)}"
print(os.nice(0) - before, known.split()[-1])
"""
    command = [sys.executable, "-c", told]
    done = subprocess.run(
        command, start_new_session=True, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [str(worker.POLITE)] * 2

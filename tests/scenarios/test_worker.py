"""A run in a process of its own: started, watched, cancelled."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

import scenarios.run as run_module
from scenarios.results import load_results
from scenarios.worker import RunRequest, Status, read_status, start, work, write_status


def wait_for(folder: Path, *states: str, seconds: float = 90) -> Status:
    end = time.monotonic() + seconds
    while (status := read_status(folder)).state not in states:
        assert time.monotonic() < end, status
        time.sleep(0.1)
    return status


def request(small_data: Path, runs: Path, **more: object) -> RunRequest:
    wanted = {"scenario": "baseline", "replications": 2, "workers": 1} | more
    return RunRequest(data=str(small_data), runs=str(runs), **wanted)  # type: ignore[arg-type]


def test_a_background_run_ends_with_a_run_folder(small_data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "request"
    process = start(folder, request(small_data, tmp_path / "runs"))
    status = wait_for(folder, "done", "failed")
    assert process.wait(timeout=30) == 0
    assert (status.state, status.exit_code, status.pid) == ("done", 0, process.pid)
    assert load_results(str(status.run)).replications == 2


@pytest.mark.skipif(os.name != "posix", reason="signals are those of POSIX")
def test_a_background_run_is_cancelled_and_leaves_nothing(small_data: Path, tmp_path: Path) -> None:
    folder, runs = tmp_path / "request", tmp_path / "runs"
    process = start(folder, request(small_data, runs, replications=2000))
    end = time.monotonic() + 90
    while (status := read_status(folder)).stage != "simulate" or not status.done:
        assert time.monotonic() < end, status
        time.sleep(0.1)
    assert 0 < status.done < status.total
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=30) == 130
    assert read_status(folder).state == "cancelled"
    assert list(runs.iterdir()) == []


def test_a_wrong_scenario_is_told_in_the_status(small_data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "request"
    process = start(folder, request(small_data, tmp_path / "runs", scenario="baselin"))
    status = wait_for(folder, "done", "failed")
    assert process.wait(timeout=30) == 2
    assert (status.state, status.exit_code) == ("failed", 2)
    assert "Did you mean 'baseline'?" in status.message
    assert status.reference is None


def test_an_unexpected_fault_has_a_reference(
    small_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("somebody's name")

    start_only(tmp_path, request(small_data, tmp_path / "runs"))
    monkeypatch.setattr(run_module, "place", fail)
    assert work(tmp_path) == 1
    status = read_status(tmp_path)
    assert status.state == "failed"
    assert status.reference is not None
    assert "somebody" not in status.message
    assert (tmp_path / f"fault-{status.reference}.log").is_file()


def start_only(folder: Path, asked: RunRequest) -> None:
    """Write a request as ``start`` does, without a process."""
    import json
    from dataclasses import asdict

    (folder / "request.json").write_text(json.dumps(asdict(asked)))


def test_a_status_is_never_half_written(tmp_path: Path) -> None:
    assert read_status(tmp_path).state == "starting"
    for done in range(50):
        write_status(tmp_path, Status(state="running", done=done, total=50))
        assert read_status(tmp_path).done == done
    assert [path.name for path in tmp_path.iterdir()] == ["status.json"]

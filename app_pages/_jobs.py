"""Runs in the background: a process of its own, watched through its status file.

A job is a folder below the runs, ``.jobs/<id>``; its name stands in the address as ``?run=``, so a
reload or another browser finds the same run again.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from app_pages import _show, _state

if TYPE_CHECKING:
    from scenarios.worker import Status

JOBS = ".jobs"
JOB = "job"
ENDED = ("done", "failed", "cancelled")
STAGES = {
    "people": "the people and their contacts",
    "journeys": "journeys to every prison",
    "costs": "what each placement costs",
    "allocation": "who is held where",
    "certificate": "the proof of the plan",
    "simulate": "the simulated years",
}
"""Stages of a run in words; one that is not here is shown as it is named."""

GRACE_SECONDS = 5.0
"""Seconds a cancelled run has to tidy up before it is killed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A scenario that can be run: its title and its question."""

    title: str
    question: str


@st.cache_data(show_spinner=False)
def scenarios() -> dict[str, Choice]:
    """Return the scenarios that come with the model, by name."""
    from importlib.resources import as_file, files

    from scenarios.load import scenario_names
    from scenarios.plain_yaml import read_mapping

    found = {}
    for name in scenario_names():
        with as_file(files("scenarios").joinpath(f"{name}.yaml")) as path:
            head = read_mapping(path)
        found[name] = Choice(title=str(head["title"]), question=str(head["question"]))
    return found


def begin(scenario: str, *, seed: int, replications: int) -> None:
    """Start a run in a process of its own, and put its name in the address."""
    from scenarios.worker import RunRequest, start

    runs = _state.runs_folder()
    job = f"{scenario}-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}"
    process = start(
        runs / JOBS / job,
        RunRequest(scenario=scenario, runs=str(runs), seed=seed, replications=replications),
    )
    _processes()[job] = process
    attach(job)


def attached() -> str | None:
    """Return the job that the address or this session is watching, if it is there."""
    folder = _state.runs_folder() / JOBS
    known = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    asked = st.query_params.get("run")
    for name in (asked, st.session_state.get(JOB)):
        if name in known:
            attach(str(name))
            return str(name)
    return None


def attach(job: str) -> None:
    """Watch a job from now on."""
    st.session_state[JOB] = job
    st.query_params["run"] = job


def forget() -> None:
    """Watch no job any more; it is not stopped."""
    st.session_state.pop(JOB, None)
    st.query_params.pop("run", None)


def status(job: str) -> Status:
    """Return how far a job is; a process that vanished without a word counts as failed."""
    from dataclasses import replace

    from scenarios.worker import read_status

    found = read_status(_folder(job))
    if found.state in ENDED or _is_running(job, found.pid):
        return found
    found = read_status(_folder(job))
    if found.state in ENDED:
        return found
    return replace(
        found, state="failed", message="The run stopped without saying why. Start it again."
    )


def show(job: str) -> bool:
    """Show how a job is doing; return whether it is still running."""
    found = status(job)
    if found.state in ENDED:
        _show.say(_ending(found), small=False)
        return False
    _watch(job)
    return True


def cancel(job: str) -> None:
    """Ask a job to stop, and kill it when it does not; nothing half-written is left."""
    from dataclasses import replace

    from scenarios.worker import read_status, write_status

    pid = _pid(job, read_status(_folder(job)).pid)
    if pid is None:
        return
    _signal(pid, signal.SIGTERM)
    deadline = time.monotonic() + GRACE_SECONDS
    while time.monotonic() < deadline and _is_running(job, pid):
        time.sleep(0.1)
    if _is_running(job, pid):
        _signal(pid, signal.SIGKILL)
    left = read_status(_folder(job))
    if left.state not in ENDED:
        write_status(_folder(job), replace(left, state="cancelled"))


@st.fragment(run_every=1)
def _watch(job: str) -> None:
    found = status(job)
    if found.state in ENDED:
        st.rerun()
    share = found.done / found.total if found.total else 0.0
    st.progress(min(1.0, share))
    counted = found.total > 1
    left = ""
    if counted and found.seconds_left is not None:
        left = f" About {found.seconds_left:.0f} seconds left in this step."
    stage = STAGES.get(found.stage, found.stage or "starting")
    of = f", {found.done:,} of {found.total:,} parts done" if counted else ""
    _show.say(f"Working on: {stage}{of}.{left}")


def _ending(found: Status) -> str:
    if found.state == "done":
        return "The run is complete and stored."
    if found.state == "cancelled":
        return "The run was cancelled. Nothing of it is stored."
    reference = f" Reference: {found.reference}." if found.reference else ""
    return f"The run could not be made. {found.message}{reference}"


def _folder(job: str) -> Path:
    return _state.runs_folder() / JOBS / job


@st.cache_resource
def _processes() -> dict[str, subprocess.Popen[bytes]]:
    """Return the processes this server started, by job; kept so that the ended ones are reaped."""
    return {}


def _pid(job: str, told: int | None) -> int | None:
    process = _processes().get(job)
    return process.pid if process else told


def _is_running(job: str, told: int | None) -> bool:
    process = _processes().get(job)
    if process:
        return process.poll() is None
    if told is None:
        return False
    try:
        os.kill(told, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _signal(pid: int, number: signal.Signals) -> None:
    """Signal the run and the processes it started."""
    try:
        os.killpg(pid, number) if number == signal.SIGKILL else os.kill(pid, number)
    except ProcessLookupError:
        return

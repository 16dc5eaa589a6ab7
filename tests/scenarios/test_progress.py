"""How far work in the background is, in words."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest

from scenarios.display import progress
from scenarios.jobs import Job, Request, Status

UNKNOWN = "How long all of it takes is not known yet."


def job(**status: object) -> Job:
    told = Status(**status)  # type: ignore[arg-type]
    return Job(folder=Path("job"), request=Request(command="run"), status=told)


def test_stage_is_told_with_its_scenario_and_detail() -> None:
    told = progress.words(job(state="running", stage="Closer: simulate", done=3, total=8))
    assert told == f"Working on: the simulated years (Closer), 3 of 8 parts done. {UNKNOWN}"
    told = progress.words(job(state="running", stage="limits and ties, in whole numbers"))
    assert "apart or together, in whole numbers" in told


def test_stage_without_parts_tells_none_and_no_time() -> None:
    told = progress.words(job(state="running", stage="costs", done=0, total=1, seconds_left=9.0))
    assert told == f"Working on: what each placement costs. {UNKNOWN}"


def test_parts_that_are_all_done_are_followed_by_what_is_made_of_them() -> None:
    """Nationally the tables and the report of a run take a quarter as long as its years."""
    done = {"state": "running", "stage": "simulate", "done": 8, "total": 8, "seconds_left": 0.0}
    said = "Working on: the simulated years, all 8 parts done; the tables of them are being made."
    assert progress.words(job(**done)) == f"{said} {UNKNOWN}"
    told = progress.words(job(**done, ends=1240.0, basis="same"), 1230.0)
    assert told == f"{said} About 10 seconds left, by what the same work took last time."


@pytest.mark.parametrize(
    ("now", "left"),
    [
        (1000.0, "About 4 minutes left, by what the same work took last time."),
        (1230.0, "About 10 seconds left, by what the same work took last time."),
        (1250.0, "It takes longer than last time."),
    ],
)
def test_time_left_of_all_the_work_is_told_and_runs_down(now: float, left: str) -> None:
    going = job(
        state="running", stage="costs", total=8, seconds_left=2.0, ends=1240.0, basis="same"
    )
    assert progress.words(going, now).endswith(f". {left}")


def test_measure_of_another_scenario_is_called_that() -> None:
    going = job(state="running", stage="costs", ends=1240.0, basis="alike")
    assert "with another scenario" in progress.words(going, 1000.0)


@pytest.mark.parametrize(("done", "total", "share"), [(0, 0, 0), (1, 4, 0.25), (9, 4, 1)])
def test_share_of_a_stage_lies_between_nothing_and_all(done: int, total: int, share: float) -> None:
    assert progress.share(Status(done=done, total=total)) == share


def test_reference_of_a_fault_is_told_once() -> None:
    failed = Status(state="failed", message="It broke. Reference 1f2e.", reference="1f2e")
    assert progress.ending(failed).count("1f2e") == 1
    assert "Reference: 1f2e" in progress.ending(Status(state="failed", reference="1f2e"))


def test_what_was_wrong_does_not_circulate_but_its_reference_does() -> None:
    failed = Status(
        state="failed", message="A0007AA is twice in. Reference 1f2e.", reference="1f2e"
    )
    assert progress.ending(failed, circulate=True) == "It could not be made. Reference: 1f2e."
    assert "A0007AA" not in progress.table([job(**asdict(failed))], circulate=True)
    assert "A0007AA" in progress.table([job(**asdict(failed))])


def test_ending_with_an_exit_code_is_not_called_complete() -> None:
    assert "complete" in progress.ending(Status(state="done", exit_code=0))
    assert "not all that was asked can be met" in progress.ending(Status(state="done", exit_code=3))

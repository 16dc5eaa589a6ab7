"""An interrupted decision hands over the best plan so far with its gap; interrupted twice, none."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import pytest

from data.progress import StopEarlyError, silent
from scenarios.plan import plan
from scenarios.stop import TOLD, stops_early


def test_one_interrupt_ends_the_stage_that_has_a_plan_and_two_end_everything() -> None:
    said: list[str] = []

    with stops_early(silent, said.append) as progress:
        progress("prices of limits, gap 1%", 0, 1)
        signal.raise_signal(signal.SIGINT)
        progress("costs", 0, 1)
        with pytest.raises(StopEarlyError):
            progress("prices of limits, gap 1%", 1, 2)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)

    assert said == [TOLD]


def _interrupted() -> None:
    with stops_early(silent, lambda _: None) as progress:
        signal.raise_signal(signal.SIGINT)
        progress("anything with a gap", 0, 1)


def test_where_no_plan_can_be_had_an_interrupt_is_one_and_is_heard_as_before_afterwards() -> None:
    before = signal.getsignal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        _interrupted()

    assert signal.getsignal(signal.SIGINT) is before


def interrupted_plan(
    scenario: Path, data: Path, folder: Path
) -> tuple[tuple[str, ...], dict[str, Any]]:
    """Plan, interrupted once at the first report of a gap; give what is told and the account."""
    heard: list[str] = []

    def once(stage: str, _done: int, _total: int) -> None:
        if "gap" in stage and not heard:
            heard.append(stage)
            signal.raise_signal(signal.SIGINT)

    with stops_early(once, lambda _: None) as progress:
        told = plan(str(scenario), out_dir=folder, data_dir=data, progress=progress).told
    assert heard
    account: dict[str, Any] = json.loads((folder / "allocation.json").read_text())
    return told, account


def test_an_interrupted_plan_is_written_certified_with_its_gap(
    small_data: Path, tmp_path: Path
) -> None:
    scenario = tmp_path / "few_moves.yaml"
    scenario.write_text(
        "title: Few moves\nquestion: What do few moves give?\nparent: baseline\n"
        "change: {placements: optimised, allocation.move_budget: 9}\n",
        encoding="utf-8",
    )

    told, account = interrupted_plan(scenario, small_data, tmp_path / "plan")

    assert account["status"] in ("cancelled", "optimal")
    assert (account["status"] == "optimal") == (account["gap"] == 0)
    assert f"gap {100 * account['gap']:.4f}%" in told[0]


@pytest.mark.parametrize(
    "change",
    [
        "objective.mode: strict, objective.order: [placed, family], objective.tolerance: [0, 0.1]",
        "objective.worst_tenth_weight_gbp_per_mile: 20",
    ],
    ids=["strict", "worst tenth"],
)
def test_an_objective_that_is_no_sum_hands_over_its_plan_too(
    small_data: Path, tmp_path: Path, change: str
) -> None:
    scenario = tmp_path / "stopped.yaml"
    scenario.write_text(
        "title: Stopped\nquestion: What is there so far?\nparent: baseline\n"
        f"change: {{placements: optimised, allocation.move_budget: 9, {change}}}\n",
        encoding="utf-8",
    )

    told, account = interrupted_plan(scenario, small_data, tmp_path / "plan")

    assert account["status"] == "cancelled"
    assert account["lower_bound_gbp"] <= account["objective_gbp"]
    reached = [level["level"] for level in account["levels"]]
    if "strict" in change:
        assert reached == ["placed"]
        assert "  level family: not reached" in told
        assert "  level all: not reached" in told

"""The booking line is sized to a target that fresh years then meet, or told why it cannot be."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from scenarios.cli import app
from scenarios.errors import ScenarioError
from scenarios.size_line import (
    Target,
    agents_needed,
    demand_of,
    duty_of,
    how_it_does,
    least_factor,
    size_line,
)
from simulation.line import SERVICES
from simulation.simulate import SimulationInputs
from tests.simulation.test_together import BUSY, prisons

CHANGES = """\
title: Small
question: How many agents?
change:
  calendar.weeks: 8
  asking.online_share: 0.0
"""


def few_calls(seats: int = 50) -> SimulationInputs:
    return prisons(replace(BUSY, booking_minutes=30.0, seats=seats))


@pytest.fixture(scope="module")
def sized(small_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("size")
    (folder / "small.yaml").write_text(CHANGES, encoding="utf-8")
    size_line(
        str(folder / "small.yaml"), out_dir=folder / "out", data_dir=small_data, replications=2
    )
    return folder / "out"


def test_fresh_years_meet_the_target_within_the_interval(sized: Path) -> None:
    told = json.loads((sized / "booking_line.json").read_text(encoding="utf-8"))

    fresh = told["in_fresh_years"]
    assert fresh["share"] + fresh["share_half_width"] >= told["target_share"]
    assert told["roster_paid_hours_per_week"] >= told["roster_bound_hours_per_week"]


def test_the_roster_brings_the_agents_needed_in_opening_hours(sized: Path) -> None:
    agents = pd.read_csv(sized / "agents.csv")
    roster = pd.read_csv(sized / "roster.csv")

    assert (agents["agents_on_roster"] >= agents["agents_needed"]).all()
    assert agents["start"].min() == "09:00"
    assert set(agents["day"]) == {"mon", "tue", "wed", "thu", "fri"}
    assert roster["start"].min() >= "09:00"
    assert roster["end"].max() <= "17:00"


def test_moving_calls_online_never_needs_more_agents(sized: Path) -> None:
    online = pd.read_csv(sized / "online.csv")

    assert online["calls_per_week"].is_monotonic_decreasing
    assert online["agents_at_peak"].is_monotonic_decreasing
    assert online["paid_hours_per_week"].is_monotonic_decreasing


def test_a_tighter_target_needs_as_many_agents_or_more() -> None:
    demand = demand_of(few_calls(), 1, range(2))
    hours = []
    for minutes, share in ((30.0, 0.5), (10.0, 0.8), (2.0, 0.95)):
        target = Target(minutes=minutes, share=share)
        factor = least_factor(demand, target, "few")
        needed = agents_needed(demand, target, factor)
        assert how_it_does(demand, duty_of(needed), target).share >= share
        hours.append(int(needed.sum()))

    assert hours == sorted(hours)


def test_every_call_of_the_years_is_in_the_means_by_half_hour() -> None:
    inputs = few_calls()

    demand = demand_of(inputs, 1, range(2))

    open_days = inputs.lines.is_open(inputs.calendar, inputs.calendar.days)
    weekday = inputs.calendar.weekdays(np.flatnonzero(open_days))
    calls = demand.per_minute.sum(axis=1)[weekday].sum() * 30 * 2
    assert calls == pytest.approx(sum(map(len, demand.calls)))
    assert {SERVICES[service] for service in demand.calls[0].service} == set(BUSY.answered_here)


def test_a_target_that_no_staffing_reaches_is_told_with_the_nearest_that_can_be() -> None:
    demand = demand_of(few_calls(seats=1), 1, range(1))

    with pytest.raises(ScenarioError, match=r"no staffing within line.seats 1.*nearest.*within"):
        least_factor(demand, Target(minutes=0.0, share=0.99), "few")


def test_faults_of_what_is_asked_are_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "there.txt").write_text("x", encoding="utf-8")

    done = CliRunner().invoke(
        app,
        ["size", "booking-line", "baselin", "--out", str(tmp_path / "out"), "--share", "2",
         "--target-minutes", "-1"],
    )  # fmt: skip

    assert done.exit_code == 2
    for word in ("--share 2", "--target-minutes -1", "is in use", "baseline"):
        assert word in done.output


def test_data_without_a_prison_on_the_line_are_told() -> None:
    with pytest.raises(ScenarioError, match="no prison of this data rings the national line"):
        demand_of(prisons(national_line=False), 1, range(1))

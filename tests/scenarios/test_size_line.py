"""The booking line is sized to a target that fresh years then meet, or told why it cannot be."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from optimiser.rosters import WorkRules
from scenarios.cli import app
from scenarios.errors import ScenarioError
from scenarios.load import load_scenario
from scenarios.studies.size_line import (
    Demand,
    Sized,
    Target,
    agents_needed,
    demand_of,
    duty_of,
    how_it_does,
    least_factor,
    legal_roster,
    size_and_prove,
    size_line,
    staffing_of,
    verdict,
)
from simulation.line import SERVICES
from simulation.line_tables import Staff
from simulation.simulate import SimulationInputs
from tests.simulation.test_together import BUSY, prisons

CHANGES = """\
title: Small
question: How many agents?
change:
  calendar.weeks: 8
  asking.online_share: 0.0
"""


RULES = load_scenario("baseline").roster


def few_calls(seats: int = 50, **given: float) -> SimulationInputs:
    return prisons(replace(BUSY, booking_minutes=30.0, seats=seats, **given))


@pytest.fixture(scope="module")
def years() -> Demand:
    """Give the calls of sixteen years, which no agent changes."""
    return demand_of(few_calls(), 1, range(16))


@pytest.fixture(scope="module")
def sized(small_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("size")
    (folder / "small.yaml").write_text(CHANGES, encoding="utf-8")
    size_line(str(folder / "small.yaml"), out_dir=folder / "out", data_dir=small_data)
    return folder / "out"


def test_fresh_years_meet_the_target(years: Demand) -> None:
    """Sized on eight years, and played on eight others."""
    target = Target(minutes=10.0, share=0.8)
    demand = years.with_calls(years.calls[:8], range(8))
    fresh = years.with_calls(years.calls[8:], range(8, 16))

    needed = agents_needed(demand, target, least_factor(demand, target, "few"))

    assert how_it_does(fresh, duty_of(needed), target).share >= target.share - 0.02


def test_the_roster_is_played_with_absences_and_vacancies() -> None:
    """Without them it does at least as well as the agents needed, and with them worse."""
    target = Target(minutes=10.0, share=0.8)
    inputs = few_calls()
    demand = demand_of(inputs, 1, range(2))
    needed = agents_needed(demand, target, least_factor(demand, target, "few"))
    roster = legal_roster(demand, needed, RULES)

    whole = staffing_of(roster, RULES, 1)(inputs, 0)
    on_duty = whole.agents.reshape(-1, 48)
    is_open = inputs.lines.is_open(inputs.calendar, inputs.calendar.days)
    weekday = inputs.calendar.weekdays(np.flatnonzero(is_open))
    assert (on_duty[is_open] == roster.on_duty[weekday]).all()
    assert not on_duty[~is_open].any()

    thin = replace(demand, inputs=few_calls(vacancy_share=0.4, absence_share=0.4))
    lacking = how_it_does(thin, staffing_of(roster, RULES, 1), target)
    assert lacking.share < how_it_does(demand, staffing_of(roster, RULES, 1), target).share


def test_posts_make_up_for_vacancies_and_absences() -> None:
    target = Target(minutes=10.0, share=0.8)
    inputs = few_calls(vacancy_share=0.2, absence_share=0.25)
    demand = demand_of(inputs, 1, range(1))
    needed = agents_needed(demand, target, 1.0)

    roster = legal_roster(demand, needed, RULES)

    assert (roster.on_duty * 0.8 * 0.75 >= needed - 1e-9).all()


def proven(
    years: Demand,
    target: Target,
    *,
    replications: int = 4,
    rules: WorkRules = RULES,
    **given: float,
) -> Sized:
    demand = replace(years, inputs=few_calls(**given))
    return size_and_prove(
        lambda numbers: demand.with_calls([demand.calls[year] for year in numbers], numbers),
        target,
        rules,
        name="few",
        seed=1,
        replications=replications,
    )


@pytest.mark.parametrize("absent", [0.0, 0.15, 0.3])
def test_posts_are_added_until_fresh_years_reach_the_target_within_their_interval(
    years: Demand, absent: float
) -> None:
    target = Target(minutes=10.0, share=0.8)

    sized = proven(years, target, vacancy_share=absent, absence_share=absent)

    does = sized.rostered
    assert does.share + does.share_half_width >= target.share
    assert not set(sized.proven_on.years) & set(sized.sized_on.years)
    on_its_own_years = how_it_does(sized.sized_on, staffing_of(sized.roster, RULES, 1), target)
    assert on_its_own_years.share >= target.share


def test_fresh_years_have_absences_of_their_own(years: Demand) -> None:
    target = Target(minutes=10.0, share=0.8)
    sized = proven(years, target, replications=2, absence_share=0.3)

    staffing = staffing_of(sized.roster, RULES, 1)
    there = [
        staffing(sized.sized_on.inputs, year).agents
        for year in (*sized.sized_on.years, *sized.proven_on.years)
    ]
    assert len({agents.tobytes() for agents in there}) == len(there)


def test_years_that_turn_an_answer_down_are_sized_on_too(years: Demand) -> None:
    """The first four years have a third of the calls of those that come after them."""
    target = Target(minutes=10.0, share=0.8)

    def demand(numbers: range) -> Demand:
        calls = [years.calls[year] for year in numbers]
        if numbers.start == 0:
            calls = [each.chosen(np.arange(0, len(each), 3)) for each in calls]
        return years.with_calls(calls, numbers)

    sized = size_and_prove(demand, target, RULES, name="few", seed=1, replications=4)

    assert sized.sized_on.years[:8] == tuple(range(8))
    assert verdict(sized.rostered, target) != "missed"


def test_a_single_fresh_year_turns_an_answer_down_by_itself(years: Demand) -> None:
    """The first year has a third of the calls of those that come after it."""
    target = Target(minutes=10.0, share=0.8)

    def demand(numbers: range) -> Demand:
        calls = [years.calls[year] for year in numbers]
        if numbers.start == 0:
            calls = [each.chosen(np.arange(0, len(each), 3)) for each in calls]
        return years.with_calls(calls, numbers)

    sized = size_and_prove(demand, target, RULES, name="few", seed=1, replications=1)

    assert sized.rostered.share >= target.share
    assert sized.sized_on.years[:2] == (0, 1)
    assert verdict(sized.rostered, target) == "open"


def test_a_target_that_no_roster_reaches_is_told_with_the_nearest_that_can_be(
    years: Demand,
) -> None:
    """Every seat taken would reach it; nine in ten posts are vacant, and nine in ten away."""
    target = Target(minutes=10.0, share=0.9)
    away = {"vacancy_share": 0.9, "absence_share": 0.9}
    whole_days = replace(RULES, shift_hours=(8.0,), days_per_week=(5,))

    with pytest.raises(ScenarioError, match=r"no roster within line.seats 50.*nearest.*within"):
        proven(years, target, replications=1, rules=whole_days, **away)


def test_a_run_says_whether_its_roster_meets_the_target(sized: Path) -> None:
    told = json.loads((sized / "booking_line.json").read_text(encoding="utf-8"))

    does = told["roster_in_fresh_years"]
    low, high = (does["share"] + sign * does["share_half_width"] for sign in (-1, 1))
    expected = (
        "met"
        if low >= told["target_share"]
        else "missed"
        if high < told["target_share"]
        else "open"
    )
    assert told["roster_target"] == expected
    assert told["replications"] >= 4
    assert told["roster_paid_hours_per_week"] >= told["roster_bound_hours_per_week"]


def test_bookings_lost_in_the_warm_up_do_not_count() -> None:
    """Nobody is there in the warm-up of four weeks, and everybody afterwards."""
    inputs = few_calls()
    demand = demand_of(inputs, 1, range(1))
    calendar = replace(inputs.calendar, weeks=8, warm_up_weeks=4)
    assert calendar.days == inputs.calendar.days
    later = replace(demand, inputs=replace(inputs, calendar=calendar))

    def nobody_at_first(inputs: SimulationInputs, number: int) -> Staff:
        staff = duty_of(np.full((7, 48), 50))(inputs, number)
        agents = staff.agents.copy()
        agents[: calendar.warm_up_days * 48] = 0
        return replace(staff, agents=agents)

    target = Target(minutes=10.0, share=0.8)
    assert how_it_does(demand, nobody_at_first, target).lost_share > 0.1
    assert how_it_does(later, nobody_at_first, target).lost_share == 0.0


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

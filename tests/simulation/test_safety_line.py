"""Family safety lines: answered live, called back within the hour, or never."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import poisson

from simulation.safety_line import (
    SafetySettings,
    SafetyYear,
    play_safety_line,
    safety_tally,
    safety_totals,
)
from tests.simulation.small_prison import CALENDAR, SAFETY, prison

YEAR = replace(CALENDAR, weeks=52)
INPUTS = prison(people=800, calendar=YEAR)


def played(settings: SafetySettings = SAFETY, *, seed: int = 1) -> SafetyYear:
    return play_safety_line(INPUTS.places["AAA"], YEAR, settings, seed=seed, replication=0)


def test_calls_are_as_many_as_the_rate_says() -> None:
    """800 people, 5 calls a week about 1000, 52 weeks: Poisson with mean 208."""
    low, high = poisson.ppf([0.001, 0.999], 208)

    assert low <= len(played().minutes) <= high


def test_nobody_rings_about_people_who_are_elsewhere() -> None:
    place = INPUTS.places["AAA"]
    half = YEAR.days // 2
    gone = replace(place, until_day=np.full(len(place.keys), half))
    comes = replace(place, from_day=np.full(len(place.keys), half))

    before, after = (
        play_safety_line(each, YEAR, SAFETY, seed=1, replication=0).minutes
        for each in (gone, comes)
    )

    assert before.max() < half * 1440 <= after.min()
    assert sorted([*before, *after]) == played().minutes.tolist()


def test_nobody_is_answered_live_outside_staffed_hours() -> None:
    year = played()
    time = year.minutes % 1440
    staffed = (time >= 9 * 60) & (time < 17 * 60)

    assert not year.is_live[~staffed].any()
    assert year.is_live[staffed].mean() > 0.9


def test_a_line_that_is_always_staffed_and_never_busy_answers_everybody() -> None:
    always = replace(SAFETY, staffed_from="00:00", staffed_until="24:00", call_minutes=0.0)

    assert played(always).is_live.all()


def test_a_busy_line_is_lost_as_erlang_b_says_for_one_server() -> None:
    """Offered load a on one server: a / (1 + a) of the calls meet it busy."""
    settings = replace(
        SAFETY,
        calls_per_1000_people_per_week=2520.0,
        staffed_from="00:00",
        staffed_until="24:00",
        call_minutes=5.0,
    )
    calls_per_minute = 2520.0 * 0.8 / (7 * 1440)

    load = calls_per_minute * 5.0

    assert 1 - played(settings).is_live.mean() == pytest.approx(load / (1 + load), abs=0.01)


def test_messages_left_at_night_are_answered_in_staffed_hours() -> None:
    year = played()
    missed = ~year.is_live & np.isfinite(year.back_minutes)
    time = (year.minutes + year.back_minutes)[missed] % 1440

    assert missed.sum() > 50
    assert ((time >= 9 * 60) & (time < 17 * 60)).all()


def test_who_leaves_no_message_is_never_called_back() -> None:
    year = played(replace(SAFETY, message_share=0.0))

    assert np.isinf(year.back_minutes[~year.is_live]).all()


def test_more_staffed_hours_never_answer_fewer_in_the_hour() -> None:
    """The same calls: within the hour more are reached when the line is staffed for longer."""

    def reached(until: str) -> int:
        year = played(replace(SAFETY, staffed_until=until, call_minutes=0.0))
        return int((year.back_minutes <= 60).sum())

    assert reached("12:00") <= reached("17:00") <= reached("24:00")


def test_measures_are_counts_of_the_calls() -> None:
    year = played()

    measures = safety_totals(safety_tally(year, YEAR, establishment="AAA", replication=0).table())
    values = measures[measures["establishment"] == "ALL"].set_index("measure")["value"]

    missed = ~year.is_live
    assert values["safety_calls"] == len(year.minutes)
    assert values["safety_answered_live_share"] == pytest.approx(year.is_live.mean())
    assert values["safety_called_back_in_hour_share"] == pytest.approx(
        (year.back_minutes[missed] <= 60).mean()
    )


def test_faults_of_the_settings_are_told_at_once() -> None:
    with pytest.raises(ValueError, match=r"call_minutes is -1.*staffed_days is empty"):
        replace(SAFETY, call_minutes=-1.0, staffed_days=())

"""Measures of booking lines are those of all calls together, however the estate is cut."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from data.where import Where
from simulation.line import Joins
from simulation.line_measures import OF_LINES, line_counts, line_tally
from simulation.line_tables import TryEnd
from simulation.replicate import replicate, totals, year_of
from simulation.simulate import SimulationInputs
from simulation.together import play_together
from tests.simulation.test_together import BUSY, CODES, prisons

NAMES = {"seed": 5, "replication": 0}


def played(inputs: SimulationInputs) -> tuple[pd.DataFrame, pd.DataFrame]:
    tallies, log = replicate(inputs, CODES, keep_log=True, **NAMES)
    assert log is not None
    return totals(tallies, weeks=inputs.calendar.weeks), log


def value(measures: pd.DataFrame, measure: str, group: str = "all", of: str = "ALL") -> float:
    rows = measures[(measures["establishment"] == of) & (measures["group"] == group)]
    return float(rows.loc[rows["measure"] == measure, "value"].item())


@pytest.fixture(scope="module")
def on_line() -> SimulationInputs:
    return prisons(replace(BUSY, modelled=True))


@pytest.fixture(scope="module")
def measures(on_line: SimulationInputs) -> pd.DataFrame:
    return played(on_line)[0]


def test_measures_of_the_estate_are_counts_of_the_line(
    on_line: SimulationInputs, measures: pd.DataFrame
) -> None:
    line = play_together(on_line, CODES, **NAMES).lines[0]

    answered = line.year.ends == TryEnd.ANSWERED
    held = np.sort(np.floor(line.year.held_minutes[answered]))
    assert value(measures, "line_calls") == len(line.first_rang)
    assert value(measures, "line_rings") == len(line.year.rang)
    assert value(measures, "line_abandoned_share") == pytest.approx(1 - answered.mean())
    assert value(measures, "line_answer_minutes_p90") == held[int(np.ceil(0.9 * len(held))) - 1]
    assert value(measures, "line_agent_hours") == pytest.approx(line.staff.agents.sum() / 2)
    assert value(measures, "line_busy_share") == pytest.approx(
        line.year.handle_minutes[np.isfinite(line.year.answered_minutes)].sum()
        / (line.staff.agents.sum() * 30)
    )


def test_calls_of_prisons_services_and_months_add_up(measures: pd.DataFrame) -> None:
    calls = measures[measures["measure"] == "line_calls"]
    everybody = value(measures, "line_calls")

    by_prison = calls[(calls["establishment"] != "ALL") & (calls["group_by"] == "all")]
    assert by_prison["value"].sum() == everybody
    assert set(calls["group_by"]) == set(OF_LINES)
    for group_by in OF_LINES:
        rows = calls[(calls["establishment"] == "ALL") & (calls["group_by"] == group_by)]
        assert rows["value"].sum() == everybody


def test_the_time_of_agents_is_that_of_the_month(
    on_line: SimulationInputs, measures: pd.DataFrame
) -> None:
    line = play_together(on_line, CODES, **NAMES).lines[0]
    half_hours = pd.Series(
        line.staff.agents,
        index=pd.date_range(
            on_line.calendar.first_date, periods=len(line.staff.agents), freq="30min"
        ),
    )
    calls = pd.Series(
        np.where(np.isfinite(line.year.answered_minutes), line.year.handle_minutes, 0.0),
        index=pd.Timestamp(on_line.calendar.first_date)
        + pd.to_timedelta(line.first_rang, unit="min"),
    )

    for month, agents in half_hours.groupby(half_hours.index.strftime("%Y-%m")):
        assert value(measures, "line_agent_hours", month) == pytest.approx(agents.sum() / 2)
        assert value(measures, "line_busy_share", month) == pytest.approx(
            calls[month].sum() / (agents.sum() * 30)
        )
    months = measures[
        (measures["group_by"] == "line_month") & (measures["measure"] == "line_agent_hours")
    ]
    by_prison = months[months["establishment"] != "ALL"].groupby("establishment")["value"].sum()
    for code in CODES:
        assert by_prison[code] == pytest.approx(value(measures, "line_agent_hours", of=code))


def test_a_month_without_calls_has_its_agents_all_the_same() -> None:
    inputs = prisons(replace(BUSY, modelled=True))
    line = play_together(inputs, CODES, **NAMES).lines[0]
    days = np.datetime64(inputs.calendar.first_date) + np.arange(len(line.staff.agents)) // 48
    agents = line.staff.agents[days < np.datetime64("2026-09-01")].sum()
    september = inputs.calendar.day_of(date(2026, 9, 1)) * 1440.0

    later = replace(line, first_rang=np.maximum(line.first_rang, september))
    tally = line_tally(line_counts(later, inputs.calendar)).table()

    august = tally[(tally["group"] == "2026-08") & (tally["quantity"] == "line_staffed_minutes")]
    assert august["value"].sum() == pytest.approx(agents * 30)


def test_the_time_of_agents_is_not_given_by_service(measures: pd.DataFrame) -> None:
    by_service = set(measures.loc[measures["group_by"] == "line_service", "measure"])

    assert "line_calls" in by_service
    assert not by_service & {"line_busy_share", "line_agent_hours"}


def test_no_measure_of_visits_is_given_for_groups_of_calls(measures: pd.DataFrame) -> None:
    of_calls = measures[measures["group_by"].isin(OF_LINES[1:])]

    assert of_calls["measure"].str.startswith("line_").all()


def test_without_lines_no_measure_is_added() -> None:
    measures, log = played(prisons(BUSY))

    assert not measures["measure"].str.startswith("line_").any()
    assert "phone" not in set(log["channel"])


def test_the_log_says_which_request_was_answered_when_or_lost(on_line: SimulationInputs) -> None:
    log = played(on_line)[1]
    answers = play_together(on_line, CODES, **NAMES).answers

    phone = log[log["channel"] == "phone"]
    assert (phone["outcome"] == "answered").sum() == answers["is_answered"].sum()
    assert (phone["outcome"] == "unanswered").sum() == (~answers["is_answered"]).sum()
    for code in CODES:
        assert log.loc[log["establishment"] == code, "at"].is_monotonic_increasing


def test_requests_lost_to_a_line_are_those_whose_last_call_nobody_answered(
    on_line: SimulationInputs, measures: pd.DataFrame
) -> None:
    """Counted one family after the other in the event log; calls lost are more than requests."""
    log = played(on_line)[1].astype({"channel": str, "outcome": str})
    lost, rung = 0, 0
    for _, story in log.groupby(["establishment", "prisoner_id", "request"], observed=True):
        calls = story[story["channel"] == "phone"]
        turns = story[story["channel"] == "visit"]
        rung += len(calls) > 0
        if len(calls) and calls["outcome"].iloc[-1] == "unanswered":
            ended = turns["at"].iloc[-1] == calls["at"].iloc[-1]
            lost += ended and turns["outcome"].iloc[-1] == "gave_up"
    unanswered = int((log["outcome"] == "unanswered").sum())

    assert value(measures, "line_calls_lost") == unanswered
    assert value(measures, "line_bookings_lost") == lost
    assert 0 < lost < unanswered
    assert value(measures, "line_bookings_lost_share") == pytest.approx(lost / rung, rel=0.02)
    for group_by in OF_LINES:
        rows = measures[(measures["group_by"] == group_by) & (measures["establishment"] == "ALL")]
        assert rows.loc[rows["measure"] == "line_bookings_lost", "value"].sum() == lost


def test_a_year_of_one_prison_is_the_one_played_with_the_others(
    on_line: SimulationInputs,
) -> None:
    logs = tuple(play_together(on_line, CODES, **NAMES).logs)

    log, _ = year_of(on_line, "BBB", **NAMES)

    pd.testing.assert_frame_equal(log.table(on_line.calendar), logs[1].table(on_line.calendar))


def test_a_line_that_nobody_rings_in_the_measured_year_keeps_its_hours() -> None:
    """BBB joins the national line after four weeks, which are the warm-up; then its own has nobody.

    Where it joins a week later and nobody rings its line in that week, its hours are there.
    """
    for weeks, warm_up, hours in ((8, 4, 0.0), (9, 3, 5 * 4.0)):
        joins = Joins(where=Where(establishment="BBB"), first_date=date(2026, 8, 31))
        inputs = prisons(replace(BUSY, modelled=True, joins=(joins,)), national_line=False)
        calendar = replace(inputs.calendar, weeks=weeks, warm_up_weeks=warm_up)
        lines = play_together(inputs, ("BBB",), **NAMES).lines
        own = next(line for line in lines if line.line == "BBB")
        silent = replace(own, first_rang=np.minimum(own.first_rang, 60.0))

        tallies = line_tally(line_counts(silent, calendar)).table()

        staffed = tallies[tallies["quantity"] == "line_staffed_minutes"]
        assert (staffed["establishment"] == "BBB").all()
        told = staffed.loc[staffed["group_by"] == "all", "value"].sum() / 60.0
        assert told == pytest.approx(hours)

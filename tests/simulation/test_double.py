"""Two sessions in a row for two orders: one visit, one trip, two tables."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from data.words import DAYS
from scenarios.studies.replay import _sessions
from simulation.log import VisitLog, VisitOutcome
from simulation.measures import estate_totals, tally
from simulation.orders import Orders
from simulation.simulate import SimulationInputs, simulate
from tests.simulation.small_prison import (
    ASKING,
    ATTENDANCE,
    CALENDAR,
    DEMAND,
    NO_ALLOWANCE,
    REGIME,
    prison,
    session,
)

EVERY = replace(ASKING, double_share=1.0, double_gap_minutes=15.0)
TWO_IN_A_ROW = [
    session(number=2 * number + late, day=day, start=start, end=end, open_tables=2)
    for number, day in enumerate(DAYS)
    for late, (start, end) in enumerate((("13:00", "14:00"), ("14:15", "15:15")))
]


def small(**settings: Any) -> SimulationInputs:
    """Give twenty people with two sessions of an hour a day, fifteen minutes apart."""
    return prison(
        people=20,
        sessions=TWO_IN_A_ROW,
        **({"asking": EVERY, "demand": replace(DEMAND, wish_per_four_weeks=4.0)} | settings),
    )


def played(inputs: SimulationInputs) -> VisitLog:
    """Play the year of the only prison."""
    return simulate(inputs, establishment="AAA", seed=1, replication=0)


def test_a_double_visit_holds_two_tables_for_two_hours_in_one_trip() -> None:
    """From 13:00 to 15:15, and everything that is paid is paid once."""
    inputs = small()
    log = played(inputs)
    told = estate_totals(tally([log], inputs).table(), weeks=inputs.calendar.weeks)
    of_prison = told[(told["establishment"] == "AAA") & (told["group_by"] == "all")]
    found = of_prison.set_index("measure")["value"]

    attended = log.of(VisitOutcome.ATTENDED)
    doubled = log.second_session[log.request[attended]] >= 0
    assert doubled.sum() > 20
    assert set(log.minutes_had[attended][doubled]) == {135.0}
    assert set(log.minutes_had[attended][~doubled]) <= {60.0}
    assert found["double_visits"] == doubled.sum()
    assert found["visits"] == attended.sum()
    assert found["hall_use_share"] == (found["visits"] + found["double_visits"]) / found["tables"]
    assert found["family_money_gbp"] == pytest.approx(found["visits"] * 25.0)


def test_the_second_session_is_the_next_of_the_hall_on_the_same_day() -> None:
    log = played(small())
    rows = log.of(VisitOutcome.BOOKED)
    first = np.full(len(log.year.visits), -1)
    first[log.request[rows]] = log.slot[rows]
    both = log.second_session >= 0
    sessions = log.year.sessions

    assert both.any()
    assert (sessions.day[first[both]] == sessions.day[log.second_session[both]]).all()
    assert (sessions.start[log.second_session[both]] - sessions.end[first[both]] == 15.0).all()


def test_sessions_too_far_apart_are_no_double() -> None:
    log = played(small(asking=replace(EVERY, double_gap_minutes=14.0)))

    assert log.counts()["doubled"] == 0
    assert log.counts()["attended"] > 0


def test_whoever_has_one_order_left_gets_a_single_session() -> None:
    """One order for the whole time."""
    regime = replace(REGIME, privileged_orders_standard=0, orders_per_14_days=0)
    log = played(small(regime=regime))

    assert log.counts()["doubled"] == 0
    assert 0 < log.counts()["attended"] <= 20


def test_a_cancelled_double_gives_back_both_orders_and_both_tables() -> None:
    """Every order is in hand, lapsed or was spent: two for a double, less those given back."""
    log = played(
        small(
            regime=replace(REGIME, orders_per_14_days=2, orders_cap=30),
            demand=replace(DEMAND, wish_per_four_weeks=4.0, cancel_share=0.5),
        )
    )
    cancelled = log.request[log.of(VisitOutcome.CANCELLED)]
    doubled = log.request[log.of(VisitOutcome.DOUBLED)]
    both = np.isin(cancelled, doubled).sum()
    orders = {name: int(numbers.sum()) for name, numbers in log.orders.items()}
    turns = log.counts()

    assert both > 5
    spent = turns["booked"] + turns["doubled"] - turns["cancelled"] - both
    assert 20 * (1 + 1) + orders["orders_granted"] == (
        spent + orders["orders_lapsed"] + orders["orders_unused"]
    )
    assert (log.second_session[np.intersect1d(cancelled, doubled)] == -1).all()


def test_a_double_counts_twice_towards_the_week_of_somebody_on_remand() -> None:
    inputs = small(regime=replace(NO_ALLOWANCE, remand_visits_per_week=3), seed=3)
    log = played(inputs)
    rows = log.of(VisitOutcome.BOOKED) | log.of(VisitOutcome.DOUBLED)
    person = log.year.visits.person[log.request[rows]]
    week = log.year.sessions.week[log.slot[rows]]
    on_remand = ~log.year.place.convicted[person]
    weeks, counts = np.unique(
        np.stack([person[on_remand], week[on_remand]]), axis=1, return_counts=True
    )

    assert weeks.shape[1] > 0
    assert counts.max() <= 3


def test_either_session_called_off_ends_the_visit() -> None:
    log = played(small(attendance=replace(ATTENDANCE, staff_shortage_share=0.3)))
    off = log.year.day.called_off
    held = log.second_session[log.request[log.of(VisitOutcome.ATTENDED)]]

    assert log.counts()["called_off"] > 0
    assert not off[held[held >= 0]].any()


def test_orders_cover_two_sessions_in_turn() -> None:
    """One visit order and one privileged: not two sessions that ask for the same."""
    orders = Orders(
        [True, False], [27, 27], granted=[0, 0], privileged=[1, 1], cap=26, opening=1, debt=0,
        swaps=[False] * 2, received=[99] * 2, reception_visits=0,
    )  # fmt: skip
    asked = {
        (one, other): orders.cover(0, 0, (one, other))
        for one in ("", "visit_order", "privileged_order", "none")
        for other in ("", "visit_order", "privileged_order", "none")
    }

    refused = {both for both, is_covered in asked.items() if not is_covered}
    assert refused == {
        ("visit_order", "visit_order"),
        ("privileged_order", "privileged_order"),
        ("", "privileged_order"),
    }
    assert orders.cover(1, 0, ("visit_order", "visit_order"))


def test_the_log_tells_of_the_second_session() -> None:
    table = played(small()).table(CALENDAR)

    rows = table[table["outcome"] == "doubled"]
    assert len(rows) > 0
    assert (rows["session_start"].dt.hour == 14).all()


def test_a_replay_draws_both_tables_of_a_double_visit() -> None:
    """In every session as many tables are taken as requests hold one there."""
    inputs = small()
    log = played(inputs)
    sessions = _sessions(log, inputs)

    attended = log.request[log.of(VisitOutcome.ATTENDED)]
    doubles = int((log.second_session[attended] >= 0).sum())
    assert doubles > 0
    assert sessions["attended"].sum() == len(attended) + doubles
    assert (sessions["attended"] <= sessions["tables"]).all()

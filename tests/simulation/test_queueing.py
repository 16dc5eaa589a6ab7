"""Stripped down, the simulated year is a queue whose answer is known."""

from __future__ import annotations

from dataclasses import replace
from math import factorial, lgamma, log

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import binom

from simulation.log import VisitLog, VisitOutcome
from simulation.replicate import intervals
from simulation.simulate import open_year, simulate
from tests.simulation.small_prison import (
    CALENDAR,
    DEMAND,
    NO_ALLOWANCE,
    VIDEO,
    daily,
    prison,
    stations,
)

DAY = 1440
MANY = 8_000
"""So many people that hardly anybody asks twice for one session, as a queue of strangers has it."""

NARROW = 0.07
"""Widest interval that proves a formula, as a share of what it gives: 3.5% to either side."""


def chain(load: float, tables: int, most: int) -> NDArray[np.float64]:
    """Give the stationary law of requests left after a session, by iterating its transition.

    Poisson requests with mean ``load`` join those left over, no more than ``most`` are kept, and
    the next session takes ``tables`` of them.
    """
    counts = np.arange(400)
    arrivals = np.exp(counts * log(load) - load - np.array([lgamma(n + 1) for n in counts]))
    left = np.zeros(most + 1)
    left[0] = 1.0
    for _ in range(4000):
        waiting = np.convolve(left, arrivals)
        waiting[most] += waiting[most + 1 :].sum()
        waiting = waiting[: most + 1]
        served = np.zeros(most + 1)
        served[0] = waiting[: tables + 1].sum()
        served[1 : most + 1 - tables] = waiting[tables + 1 :]
        left = served
    return left


def test_oracle_of_the_bulk_service_queue_is_the_published_one() -> None:
    """Load 23 of 25 tables leaves a mean backlog of 3.535 (Crommelin; Bailey)."""
    left = chain(23.0, 25, 400)

    assert (left * np.arange(len(left))).sum() == pytest.approx(3.535, abs=0.001)


def over_replications(values: list[float]) -> tuple[float, float]:
    """Give the 95% interval of the mean, by the product's own function."""
    rows = pd.DataFrame({"replication": range(len(values)), "value": values})
    keys = {"establishment": "AAA", "group_by": "all", "group": "all"}
    found = intervals(rows.assign(**keys, measure="measure", measure_unit="unit")).iloc[0]
    return float(found["low"]), float(found["high"])


def backlog_after_sessions(log: VisitLog, warm_up_days: int) -> float:
    """Give the mean number of bookings for later days when a day's session has been held.

    No visit is booked for the day of the asking, so those whose day has come had all asked before.
    """
    booked = log.of(VisitOutcome.BOOKED)
    asked_day = (log.minutes[booked] // DAY).astype(int)
    visit_day = log.year.sessions.day[log.slot[booked]]
    days = np.arange(warm_up_days, log.minutes.max() // DAY)
    asked_before = np.searchsorted(np.sort(asked_day), days)
    held_by_then = np.searchsorted(np.sort(visit_day), days, side="right")
    return float(np.mean(asked_before - held_by_then))


@pytest.mark.slow
def test_calendar_without_a_window_is_the_bulk_service_queue() -> None:
    """23 requests a day for 25 tables: mean backlog 3.535 inside the 95% interval."""
    inputs = prison(
        people=MANY,
        sessions=daily(25),
        calendar=replace(CALENDAR, weeks=156),
        demand=replace(DEMAND, wish_per_four_weeks=23.0 * 28 / MANY),
        regime=replace(NO_ALLOWANCE, notice_days_min=1, notice_days_max=600),
    )

    backlogs = [
        backlog_after_sessions(
            simulate(inputs, establishment="AAA", seed=11, replication=replication), 100
        )
        for replication in range(160)
    ]

    low, high = over_replications(backlogs)
    assert low <= 3.535 <= high
    assert high - low < NARROW * 3.535


@pytest.mark.slow
def test_calendar_with_a_window_is_the_capped_chain() -> None:
    """26 requests a day for 25 tables and a window of 4 sessions: refused share 0.0385.

    The chain keeps at most 100 requests; what comes beyond is refused.
    """
    left = chain(26.0, 25, 100)
    arrivals_kept = 25.0 - sum(
        probability * max(25 - waiting, 0)
        for waiting, probability in enumerate(_before_service(left, 26.0, 100))
    )
    expected = 1.0 - arrivals_kept / 26.0
    inputs = prison(
        people=MANY,
        sessions=daily(25),
        calendar=replace(CALENDAR, weeks=104, warm_up_weeks=30),
        demand=replace(DEMAND, wish_per_four_weeks=26.0 * 28 / MANY),
        regime=replace(NO_ALLOWANCE, notice_days_min=1, notice_days_max=4),
    )

    shares = []
    for replication in range(120):
        found = simulate(inputs, establishment="AAA", seed=12, replication=replication)
        asked = found.year.visits.asked_minutes >= 30 * 7 * DAY
        refused = found.request[found.of(VisitOutcome.REFUSED)]
        shares.append(asked[refused].sum() / asked.sum())

    low, high = over_replications(shares)
    assert expected == pytest.approx(0.0385, abs=0.0003)
    assert low <= expected <= high
    assert high - low < NARROW * expected


def _before_service(left: NDArray[np.float64], load: float, most: int) -> NDArray[np.float64]:
    counts = np.arange(400)
    arrivals = np.exp(counts * log(load) - load - np.array([lgamma(n + 1) for n in counts]))
    waiting = np.convolve(left, arrivals)
    waiting[most] += waiting[most + 1 :].sum()
    return np.asarray(waiting[: most + 1])


def erlang_b(offered: float, servers: int) -> float:
    """Give the share lost by Erlang's formula (1917)."""
    terms = [offered**number / factorial(number) for number in range(servers + 1)]
    return terms[-1] / sum(terms)


def test_erlang_b_agrees_with_pyqueueing() -> None:
    """The formula above and an independent implementation give the same loss."""
    from pyqueueing import ErlangB

    assert erlang_b(3.0, 4) == pytest.approx(0.2061068702)
    assert ErlangB(3.0, 1.0, 4).prob_block() == pytest.approx(erlang_b(3.0, 4))


@pytest.mark.slow
@pytest.mark.parametrize("call_minutes", [30.0, 120.0])
def test_walk_in_stations_lose_as_many_calls_as_erlang_says(call_minutes: float) -> None:
    """Offered load 3 on 4 stations, whatever the length of a call: 0.2061 lost."""
    people = 400
    calls_a_day = 3.0 * DAY / call_minutes
    inputs = prison(
        people=people,
        video_stations=[
            stations(day=day, stations=4, start="00:00", end="24:00", slot_minutes=DAY)
            for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
        ],
        calendar=replace(CALENDAR, weeks=int(4 * call_minutes / 30)),
        demand=replace(
            DEMAND,
            wish_per_four_weeks=0.0,
            ask_from="00:00",
            ask_until="24:00",
            video_user_share=1.0,
            video_wish_per_four_weeks=calls_a_day * 28 / people,
        ),
        video=replace(VIDEO, walk_in=True, call_minutes=call_minutes, credit_minutes_per_month=1e9),
    )

    lost = []
    for replication in range(20):
        counts = simulate(inputs, establishment="AAA", seed=13, replication=replication).counts()
        lost.append(counts["video_no_slot"] / counts["video_asked"])

    low, high = over_replications(lost)
    assert low <= erlang_b(3.0, 4) <= high
    assert high - low < NARROW * erlang_b(3.0, 4)


def test_no_shows_are_binomial() -> None:
    """Each booking that is not cancelled is missed with the same chance, independently."""
    inputs = prison(people=300, sessions=daily(40), demand=replace(DEMAND, no_show_share=0.12))
    counts = sum(
        simulate(inputs, establishment="AAA", seed=14, replication=replication).counts()
        for replication in range(60)
    )

    missed, held = int(counts["no_show"]), int(counts["attended"] + counts["no_show"])

    low, high = binom.ppf([0.025, 0.975], held, 0.12)
    assert low <= missed <= high
    assert high - low < NARROW * 0.12 * held


@hypothesis_settings(max_examples=25)
@given(seed=st.integers(0, 10_000), tables=st.integers(1, 6))
def test_littles_law_holds_on_every_path(seed: int, tables: int) -> None:
    """Tables held ahead, counted in the calendar at midnight, are the midnights of the log's waits.

    So their mean number is the rate of booking times the mean wait, exactly.
    """
    inputs = prison(people=40, sessions=daily(tables), demand=replace(DEMAND, cancel_share=0.3))
    year = open_year(inputs, establishment="AAA", seed=seed, replication=0)
    sessions, midnights = year.year.sessions, np.arange(1, inputs.calendar.days + 1)
    ahead = []
    for day in midnights.tolist():
        year.run_until(day)
        later = sessions.start >= day * DAY
        ahead.append(int((sessions.tables - year.tables.free)[later].sum()))

    log = year.close()
    booked, cancelled = log.of(VisitOutcome.BOOKED), log.of(VisitOutcome.CANCELLED)
    ends = dict(zip(log.request[booked].tolist(), sessions.start[log.slot[booked]], strict=True))
    ends |= dict(zip(log.request[cancelled].tolist(), log.minutes[cancelled], strict=True))
    until = np.minimum([ends[who] for who in log.request[booked].tolist()], midnights[-1] * DAY)
    waits = until // DAY - log.minutes[booked] // DAY

    rate = len(waits) / len(midnights)
    assert cancelled.any()
    assert np.mean(ahead) == pytest.approx(rate * np.mean(waits), rel=1e-12)


@hypothesis_settings(max_examples=40)
@given(
    seed=st.integers(0, 10_000), tables=st.integers(1, 4), more=st.integers(1, 3),
    days=st.integers(1, 10),
)  # fmt: skip
def test_more_tables_never_refuse_more(seed: int, tables: int, more: int, days: int) -> None:
    """One table more only helps, replication by replication.

    So it is where everybody may come at any time, asks once and does not cancel.
    """
    demand = replace(DEMAND, wish_per_four_weeks=12.0)
    regime = replace(NO_ALLOWANCE, notice_days_min=1, notice_days_max=days)
    refused = [
        simulate(
            prison(people=20, sessions=daily(number), demand=demand, regime=regime),
            establishment="AAA",
            seed=seed,
            replication=0,
        ).counts()["refused"]
        for number in (tables, tables + more)
    ]

    assert refused[1] <= refused[0]

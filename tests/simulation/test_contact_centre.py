"""A telephone line reproduces the queues whose answers are known, and loses no call."""

from __future__ import annotations

from collections.abc import Callable, Generator
from math import factorial
from typing import Any

import numpy as np
import pandas as pd
import pytest
import simpy
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from simulation.contact_centre import ContactCentre, after_opening_minutes, play_line
from simulation.line_tables import CallTable, LineYear, Staff, TryEnd, joined
from simulation.replicate import intervals

DAY = 1440


def calls_at(
    minutes: list[float],
    *,
    handle: float | list[float] = 5.0,
    patience: list[list[float]] | None = None,
    redial: list[list[float]] | None = None,
    priority: list[int] | None = None,
) -> CallTable:
    """Give calls, patient for ever and without a second try unless told otherwise."""
    count = len(minutes)
    return CallTable(
        minutes=np.array(minutes, dtype=np.float64),
        service=np.array(priority or [0] * count, dtype=np.int64),
        priority=np.array(priority or [0] * count, dtype=np.int64),
        handle_minutes=np.broadcast_to(np.asarray(handle, dtype=np.float64), count).copy(),
        patience_minutes=np.array(patience or [[np.inf] * count], dtype=np.float64),
        redial_minutes=np.array(redial or np.empty((0, count)), dtype=np.float64),
    )


def office(*spells: tuple[float, float], agents: int = 1, days: int = 3) -> Staff:
    return Staff(
        opens=np.array([opens for opens, _ in spells], dtype=np.float64),
        closes=np.array([closes for _, closes in spells], dtype=np.float64),
        agents=np.full(days * 48, agents),
    )


def poisson_calls(
    draw: np.random.Generator,
    *,
    per_minute: float,
    handle: float,
    days: int,
    patience: float = np.inf,
) -> CallTable:
    count = int(draw.poisson(per_minute * days * DAY))
    minutes = np.sort(draw.random(count)) * days * DAY
    waits = np.full(count, patience)
    if 0.0 < patience < np.inf:
        waits = draw.exponential(patience, count)
    return CallTable(
        minutes=minutes,
        service=np.zeros(count, dtype=np.int64),
        priority=np.zeros(count, dtype=np.int64),
        handle_minutes=draw.exponential(handle, count),
        patience_minutes=waits[np.newaxis],
        redial_minutes=np.empty((0, count)),
    )


def over_replications(values: list[float]) -> tuple[float, float]:
    rows = pd.DataFrame({"replication": range(len(values)), "value": values})
    keys = {"establishment": "AAA", "group_by": "all", "group": "all"}
    found = intervals(rows.assign(**keys, measure="measure", measure_unit="unit")).iloc[0]
    return float(found["low"]), float(found["high"])


def erlang_b(offered: float, servers: int) -> float:
    terms = [offered**number / factorial(number) for number in range(servers + 1)]
    return terms[-1] / sum(terms)


def erlang_c(offered: float, servers: int) -> float:
    """Give the share that waits for ever patient callers (Erlang, 1917)."""
    lost = erlang_b(offered, servers)
    return lost / (1 - offered / servers * (1 - lost))


def erlang_a(offered: float, servers: int, patience_over_handle: float) -> tuple[float, float]:
    """Give the share that waits and the share that gives up (Palm, 1957).

    The number of callers is a birth and death chain: each birth at rate ``offered``, a death for
    every busy agent at rate 1 and for everybody on hold at the rate of their impatience.
    """
    theta = 1 / patience_over_handle
    weights = [1.0]
    for number in range(1, 400):
        leaves = min(number, servers) + max(0, number - servers) * theta
        weights.append(weights[-1] * offered / leaves)
    law = np.array(weights) / sum(weights)
    on_hold = (law * np.maximum(np.arange(400) - servers, 0)).sum()
    return float(law[servers:].sum()), float(theta * on_hold / offered)


def test_formulas_agree_with_pyqueueing() -> None:
    from pyqueueing import ErlangA, ErlangB, ErlangC

    assert ErlangB(4.0, 1.0, 5).prob_block() == pytest.approx(erlang_b(4.0, 5))
    assert ErlangC(4.0, 1.0, 5).prob_wait() == pytest.approx(erlang_c(4.0, 5))
    impatient = ErlangA(6.0, 1.0, 5, 0.5)
    assert (impatient.prob_wait(), impatient.prob_abandon()) == pytest.approx(erlang_a(6.0, 5, 2.0))


def test_erlang_a_without_impatience_is_erlang_c() -> None:
    waits, gives_up = erlang_a(4.0, 5, 1e9)

    assert waits == pytest.approx(erlang_c(4.0, 5), abs=1e-6)
    assert gives_up == pytest.approx(0.0, abs=1e-6)


@pytest.mark.slow
def test_patient_callers_wait_as_erlang_c_says() -> None:
    """4 erlangs on 5 agents: 0.554 wait, 2.216 minutes on average when a call takes 4."""
    waiting, minutes = [], []
    for replication in range(80):
        draw = np.random.default_rng([1, replication])
        year = play_line(
            poisson_calls(draw, per_minute=1.0, handle=4.0, days=10),
            Staff.constant(5, days=10),
            until=10.0 * DAY,
        )
        settled = year.rang > DAY
        waiting.append(float((year.held_minutes[settled] > 0).mean()))
        minutes.append(float(year.held_minutes[settled].mean()))

    low, high = over_replications(waiting)
    assert low <= erlang_c(4.0, 5) <= high
    assert high - low < 0.05
    low, high = over_replications(minutes)
    assert low <= erlang_c(4.0, 5) * 4.0 / (5 - 4.0) <= high
    assert high - low < 0.07 * erlang_c(4.0, 5) * 4.0


@pytest.mark.slow
def test_impatient_callers_give_up_as_erlang_a_says() -> None:
    """6 erlangs on 5 agents, patience twice a call: the overloaded line settles by itself."""
    waits, gives_up = erlang_a(6.0, 5, 2.0)
    waiting, giving_up = [], []
    for replication in range(12):
        draw = np.random.default_rng([2, replication])
        year = play_line(
            poisson_calls(draw, per_minute=1.5, handle=4.0, days=10, patience=8.0),
            Staff.constant(5, days=10),
            until=10.0 * DAY,
        )
        settled = year.rang > DAY
        waiting.append(float((year.held_minutes[settled] > 0).mean()))
        giving_up.append(float((year.ends[settled] == TryEnd.GAVE_UP).mean()))

    low, high = over_replications(waiting)
    assert low <= waits <= high
    low, high = over_replications(giving_up)
    assert low <= gives_up <= high
    assert high - low < 0.03


@pytest.mark.slow
def test_callers_who_do_not_wait_are_lost_as_erlang_b_says() -> None:
    """4 erlangs on 5 agents: 0.199 find all of them busy."""
    lost = []
    for replication in range(12):
        draw = np.random.default_rng([3, replication])
        year = play_line(
            poisson_calls(draw, per_minute=1.0, handle=4.0, days=10, patience=0.0),
            Staff.constant(5, days=10),
            until=10.0 * DAY,
        )
        lost.append(float(year.is_lost[year.rang.searchsorted(DAY) :].mean()))

    low, high = over_replications(lost)
    assert low <= erlang_b(4.0, 5) <= high


def test_lower_priority_numbers_are_answered_first() -> None:
    """One agent, calls of 5 minutes at 0, 1 and 2; the third is about something more urgent."""
    year = play_line(
        calls_at([0.0, 1.0, 2.0], priority=[1, 1, 0]), office((0.0, 100.0)), until=100.0
    )

    assert year.answered_minutes.tolist() == [0.0, 10.0, 5.0]


def test_whoever_hangs_up_rings_again_until_the_tries_are_used_up() -> None:
    """The agent is busy from 0 to 60; the second caller waits 10 minutes, twice, 20 apart."""
    year = play_line(
        calls_at(
            [0.0, 5.0],
            handle=[60.0, 5.0],
            patience=[[np.inf, 10.0], [np.inf, 10.0]],
            redial=[[np.inf, 20.0]],
        ),
        office((0.0, 200.0)),
        until=200.0,
    )

    assert year.tries.tolist() == [1, 2]
    assert year.is_lost.tolist() == [False, True]
    assert year.rang.tolist() == [0.0, 5.0, 35.0]
    assert year.held_minutes.tolist() == [0.0, 10.0, 10.0]


def test_whoever_is_on_hold_when_the_line_closes_is_cut_off_and_rings_again_next_day() -> None:
    """Open from 0 to 100 each day; cut off at 100, rings again after 30 opening minutes."""
    year = play_line(
        calls_at(
            [90.0, 95.0],
            handle=[60.0, 5.0],
            patience=[[np.inf, np.inf]] * 2,
            redial=[[np.inf, 30.0]],
        ),
        office((0.0, 100.0), (1440.0, 1540.0)),
        until=2000.0,
    )

    assert year.ends.tolist() == [TryEnd.ANSWERED, TryEnd.CUT_OFF, TryEnd.ANSWERED]
    assert year.answered_minutes.tolist() == [90.0, 1470.0]


def test_whoever_rings_a_shut_line_rings_when_it_opens() -> None:
    year = play_line(calls_at([10.0]), office((60.0, 100.0)), until=200.0)

    assert year.answered_minutes.tolist() == [60.0]
    assert year.tries.tolist() == [1]


def test_an_agent_whose_shift_ends_finishes_the_call() -> None:
    """Two agents until minute 30, then one; who is busy then finishes the call."""
    staff = Staff(opens=np.array([0.0]), closes=np.array([300.0]), agents=np.array([2, *[1] * 9]))
    year = play_line(calls_at([0.0, 20.0, 31.0], handle=35.0), staff, until=300.0)

    assert year.answered_minutes.tolist() == [0.0, 20.0, 55.0]


def test_opening_spells_out_of_order_are_refused() -> None:
    with pytest.raises(ValueError, match="overlap"):
        office((0.0, 100.0), (50.0, 200.0))


def plain_line(calls: CallTable, agents: int, until: float) -> list[float]:
    """Play one process per caller with SimPy's own queue; give when each was answered."""
    env = simpy.Environment()
    desk = simpy.PriorityResource(env, agents)
    answered = [np.inf] * len(calls)

    def caller(number: int) -> Generator[Any, Any, None]:
        yield env.timeout(calls.minutes[number])
        for attempt in range(len(calls.patience_minutes)):
            with desk.request(priority=int(calls.priority[number])) as agent:
                patience = env.timeout(calls.patience_minutes[attempt, number])
                yield agent | patience
                if agent.triggered:
                    answered[number] = env.now
                    yield env.timeout(calls.handle_minutes[number])
                    return
            if attempt < len(calls.redial_minutes):
                if calls.redial_minutes[attempt, number] == np.inf:
                    return
                yield env.timeout(calls.redial_minutes[attempt, number])

    for number in range(len(calls)):
        env.process(caller(number))
    env.run(until=until)
    return answered


def some_calls(seed: int, count: int, *, patience: float, tries: int) -> CallTable:
    draw = np.random.default_rng(seed)
    priority = draw.integers(0, 3, count)
    redial = draw.exponential(15.0, (tries - 1, count))
    redial[draw.random((tries - 1, count)) < 0.3] = np.inf
    return CallTable(
        minutes=np.sort(draw.random(count) * 200.0),
        service=priority,
        priority=priority,
        handle_minutes=draw.exponential(5.0, count),
        patience_minutes=draw.exponential(patience, (tries, count)),
        redial_minutes=redial,
    )


@hypothesis_settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10_000), agents=st.integers(1, 4), patience=st.sampled_from([1.0, 10.0]),
    tries=st.integers(1, 3),
)  # fmt: skip
def test_a_process_for_every_caller_gives_the_same_answers(
    seed: int, agents: int, patience: float, tries: int
) -> None:
    calls = some_calls(seed, 80, patience=patience, tries=tries)

    year = play_line(calls, Staff.constant(agents, days=1), until=1400.0)

    assert year.answered_minutes.tolist() == plain_line(calls, agents, 1400.0)


@hypothesis_settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), agents=st.integers(0, 3), tries=st.integers(1, 3))
def test_every_call_is_answered_lost_or_pending(seed: int, agents: int, tries: int) -> None:
    calls = some_calls(seed, 60, patience=5.0, tries=tries)

    year = play_line(calls, office((30.0, 90.0), (120.0, 150.0), agents=agents), until=170.0)

    answered = year.answered_minutes < np.inf
    ended = np.bincount(year.whose, minlength=len(calls))
    assert not (answered & year.is_lost).any()
    assert (ended <= year.tries).all()
    assert (year.tries <= tries).all()
    assert ((year.rang >= 30.0) & (year.rang < 150.0)).all()
    assert (year.held_minutes <= calls.patience_minutes.max(axis=0)[year.whose] + 1e-9).all()


def _forgets_who_rings_again(centre: ContactCentre) -> None:
    centre._again.clear()


def _counts_a_ringing_twice(centre: ContactCentre) -> None:
    centre._tries[0] += 1


def _ends_a_call_twice(centre: ContactCentre) -> None:
    centre._all_whose[-1] = centre._all_whose[0]


@pytest.mark.parametrize(
    ("slip", "told"),
    [
        (_forgets_who_rings_again, "still to ring"),
        (_counts_a_ringing_twice, "ringings"),
        (_ends_a_call_twice, "ended twice"),
    ],
)
def test_a_call_lost_or_made_up_is_told(slip: Callable[[ContactCentre], None], told: str) -> None:
    calls = calls_at(
        [1.0, 2.0, 3.0, 4.0], handle=2.0, patience=[[1.5] * 4, [1.5] * 4], redial=[[50.0] * 4]
    )
    centre = ContactCentre(Staff.constant(1, days=1), calls)
    centre.hand(calls.minutes.tolist(), range(len(calls)))
    centre.run(20.0)
    centre.conserve()

    slip(centre)

    with pytest.raises(RuntimeError, match=told):
        centre.conserve()


@hypothesis_settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), agents=st.integers(1, 4))
def test_one_more_agent_never_lets_a_patient_caller_wait_longer(seed: int, agents: int) -> None:
    """In order of ringing, with the calls' own lengths, each is answered no later."""
    draw = np.random.default_rng(seed)
    minutes, handle = np.sort(draw.random(60) * 100.0), draw.exponential(5.0, 60)

    def answered(number: int) -> NDArray[np.float64]:
        table = calls_at(minutes.tolist(), handle=handle.tolist())
        played: LineYear = play_line(table, Staff.constant(number, days=1), until=1400.0)
        return played.answered_minutes

    assert (answered(agents + 1) <= answered(agents) + 1e-9).all()


def test_joined_tables_are_in_order_of_ringing() -> None:
    both = joined([calls_at([1.0, 9.0], handle=1.0), calls_at([5.0], handle=2.0)])

    assert both.minutes.tolist() == [1.0, 5.0, 9.0]
    assert both.handle_minutes.tolist() == [1.0, 2.0, 1.0]


def test_opening_minutes_end_with_the_last_spell() -> None:
    assert after_opening_minutes(90.0, 20.0, [0.0], [100.0]) == np.inf

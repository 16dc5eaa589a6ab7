"""The queue at the gate is the one SimPy's own resource makes, and hours had are what is left."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import simpy
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from data.words import DAYS
from simulation.attendance import AttendanceSettings, overlapping, through_check
from simulation.log import VisitLog, VisitOutcome
from simulation.simulate import SimulationInputs, simulate
from simulation.timetable import visit_slots
from tests.simulation.small_prison import ATTENDANCE, CALENDAR, DEMAND, daily, prison, session


def served_by_simpy(arrived: list[float], served: list[float], servers: int) -> list[float]:
    """Play one queue with a process per customer and a resource for the servers."""
    env = simpy.Environment()
    staff = simpy.Resource(env, capacity=servers)
    through = [0.0] * len(arrived)

    def customer(number: int):  # type: ignore[no-untyped-def]
        yield env.timeout(arrived[number])
        with staff.request() as free:
            yield free
            yield env.timeout(served[number])
            through[number] = env.now

    for number in range(len(arrived)):
        env.process(customer(number))
    env.run()
    return through


@st.composite
def queues(draw: st.DrawFn) -> list[tuple[list[float], list[float], int]]:
    """Draw a few queues of different length and number of servers."""
    minutes = st.floats(0, 60, allow_subnormal=False)
    return [
        (
            customers := draw(st.lists(minutes, unique=True, max_size=20)),
            draw(st.lists(minutes, min_size=len(customers), max_size=len(customers))),
            draw(st.integers(1, 5)),
        )
        for _ in range(draw(st.integers(1, 4)))
    ]


@hypothesis_settings(max_examples=60)
@given(drawn=queues(), shuffle=st.randoms(use_true_random=False))
def test_queue_at_the_check_is_that_of_a_simpy_resource(
    drawn: list[tuple[list[float], list[float], int]], shuffle: object
) -> None:
    expected = [served_by_simpy(*queue) for queue in drawn]
    customers = [(q, n) for q, queue in enumerate(drawn) for n in range(len(queue[0]))]
    shuffle.shuffle(customers)  # type: ignore[attr-defined]

    found = through_check(
        np.array([q for q, _ in customers], dtype=np.int64),
        np.array([drawn[q][0][n] for q, n in customers]),
        np.array([drawn[q][1][n] for q, n in customers]),
        np.array([queue[2] for queue in drawn]),
    )

    assert found == pytest.approx([expected[q][n] for q, n in customers])


def test_busy_queue_of_one_server_waits_as_long_as_theory_says() -> None:
    """M/M/1 at load 0.8: time in the system is 1 / (mu - lambda) = 5, here over 200 queues.

    Each queue starts empty, so its first 500 customers are left out.
    """
    draw = np.random.default_rng(7)
    queues, customers = 200, 3000
    arrived = np.cumsum(draw.exponential(1.25, (queues, customers)), axis=1)
    served = draw.exponential(1.0, (queues, customers))
    queue = np.repeat(np.arange(queues), customers)

    through = through_check(queue, arrived.ravel(), served.ravel(), np.ones(queues, dtype=int))

    means = (through.reshape(queues, customers) - arrived)[:, 500:].mean(axis=1)
    half = 1.96 * means.std(ddof=1) / np.sqrt(queues)
    assert abs(means.mean() - 5.0) < half < 0.15


def day(attendance: AttendanceSettings, **changes: object) -> VisitLog:
    """Play eight weeks of a busy prison with one session a day."""
    return simulate(inputs(attendance, **changes), establishment="AAA", seed=3, replication=0)


def inputs(attendance: AttendanceSettings, **changes: object) -> SimulationInputs:
    """Give a prison of 60 people with six tables a day."""
    return prison(people=60, sessions=daily(6), attendance=attendance, **changes)  # type: ignore[arg-type]


def had(log: VisitLog) -> NDArray[np.float64]:
    """Give the minutes of every visit that took place."""
    return log.minutes_had[log.of(VisitOutcome.ATTENDED)]


def test_visit_that_begins_on_time_lasts_as_long_as_its_session() -> None:
    log = day(ATTENDANCE)

    assert set(had(log)) == {120.0}
    assert not log.late_minutes.any()


def test_late_start_is_taken_from_everybody_of_the_session() -> None:
    """Every session is late by up to 40 minutes, 20 on average."""
    log = day(replace(ATTENDANCE, late_start_share=1.0))
    attended = log.of(VisitOutcome.ATTENDED)
    by_slot = {
        (slot, late)
        for slot, late in zip(log.slot[attended], log.late_minutes[attended], strict=True)
    }

    assert len({slot for slot, _ in by_slot}) == len(by_slot)
    assert had(log) == pytest.approx(120.0 - log.late_minutes[attended])
    assert 0.0 < log.late_minutes[attended].max() < 40.0
    assert 15.0 < np.mean([late for _, late in by_slot]) < 25.0


def test_more_staff_at_the_check_never_cost_a_party_a_minute() -> None:
    settings = replace(ATTENDANCE, check_minutes_per_visitor=20.0, tables_per_checker=6)
    few, many = (day(replace(settings, tables_per_checker=tables)) for tables in (6, 2))

    assert (many.minutes_had >= few.minutes_had).all()
    assert many.minutes_had.sum() > few.minutes_had.sum() + 100.0


def test_party_that_is_through_the_check_after_the_end_is_not_let_in() -> None:
    log = day(replace(ATTENDANCE, check_minutes_per_visitor=0.0, escort_minutes=300.0))

    assert not log.of(VisitOutcome.ATTENDED).any()
    assert log.of(VisitOutcome.REFUSED_ENTRY).sum() > 50
    assert not log.minutes_had.any()


@pytest.mark.parametrize(
    ("setting", "outcome"),
    [
        ("refused_entry_share", VisitOutcome.REFUSED_ENTRY),
        ("staff_shortage_share", VisitOutcome.CALLED_OFF),
    ],
)
def test_share_of_bookings_that_fall_is_the_one_set(setting: str, outcome: VisitOutcome) -> None:
    log = day(replace(ATTENDANCE, **{setting: 0.25}))
    ended = log.of(outcome).sum()

    assert ended / (ended + log.of(VisitOutcome.ATTENDED).sum()) == pytest.approx(0.25, abs=0.1)


def test_session_that_is_called_off_gives_back_what_it_took() -> None:
    """Nobody comes, every order is given back, and the family asks for the next visit as drawn."""
    off = day(replace(ATTENDANCE, staff_shortage_share=1.0))

    assert not off.of(VisitOutcome.ATTENDED).any()
    assert off.of(VisitOutcome.CALLED_OFF).sum() > 50
    told = off.minutes[off.of(VisitOutcome.CALLED_OFF)]
    start = off.year.sessions.start[off.slot[off.of(VisitOutcome.CALLED_OFF)]]
    assert set(start - told) == {14 * 60.0}


def test_booking_cancelled_by_the_family_is_not_called_off_as_well() -> None:
    log = day(
        replace(ATTENDANCE, staff_shortage_share=1.0), demand=replace(DEMAND, cancel_share=0.5)
    )
    fallen = log.request[log.of(VisitOutcome.CALLED_OFF) | log.of(VisitOutcome.CANCELLED)]

    assert len(set(fallen)) == len(fallen)
    assert log.of(VisitOutcome.CANCELLED).any()


def test_another_session_changes_no_draw_of_those_that_are_there() -> None:
    """The late starts of a session are the same with another one before it."""
    settings = replace(ATTENDANCE, late_start_share=0.5, staff_shortage_share=0.2)
    alone, beside = (
        simulate(
            prison(
                people=5,
                sessions=[
                    session(number=n, day=d, start=at, end=to)
                    for n, d, at, to in (
                        *((n, d, "14:00", "16:00") for n, d in enumerate(DAYS)),
                        *more,
                    )
                ],
                attendance=settings,
            ),
            establishment="AAA",
            seed=3,
            replication=0,
        ).year
        for more in ([], [(-1, "mon", "09:00", "10:00"), (9, "sat", "17:00", "18:00")])
    )
    before = dict(zip(alone.sessions.start, alone.day.late_minutes, strict=True))
    after = dict(zip(beside.sessions.start, beside.day.late_minutes, strict=True))

    assert {start: after[start] for start in before} == before
    assert len(after) > len(before)


def test_staff_of_a_session_are_those_its_tables_need() -> None:
    """Six tables: an officer and a checker for three hours, on each of the days held."""
    year = day(ATTENDANCE).year

    assert set(year.day.staff_hours(year.sessions)) == {2 * 3.0}


def test_settings_of_the_day_that_make_no_sense_are_refused_together() -> None:
    with pytest.raises(ValueError, match=r"late_start_share is 2.*tables_per_checker is 0"):
        replace(ATTENDANCE, late_start_share=2, tables_per_checker=0)
    with pytest.raises(ValueError, match=r"arrive_last_minutes 90 is before"):
        replace(ATTENDANCE, arrive_last_minutes=90)
    with pytest.raises(ValueError, match=r"escort_minutes is -1, below 0"):
        replace(ATTENDANCE, escort_minutes=-1)


def halls(shared: bool, **settings: float) -> VisitLog:
    """Give two halls whose sessions begin together, one with far more tables than the other."""
    return simulate(
        prison(
            people=60,
            sessions=[
                session(number=2 * number + small, day=day, hall=hall, open_tables=tables)
                for number, day in enumerate(DAYS)
                for small, (hall, tables) in enumerate((("main", 9), ("other", 2)))
            ],
            demand=replace(DEMAND, wish_per_four_weeks=8.0),
            attendance=replace(
                ATTENDANCE,
                checkers_shared=shared,
                **({"check_minutes_per_visitor": 12.0, "tables_per_checker": 4} | settings),
            ),
        ),
        establishment="AAA",
        seed=2,
        replication=0,
    )


def test_halls_that_share_their_checkers_have_staff_for_all_their_tables() -> None:
    """Apart 3 and 1 for 9 and 2 tables; together 3 for 11, for 3 hours with the time around."""
    apart, together = halls(False).year, halls(True).year

    assert set(apart.day.staff_hours(apart.sessions)) == {(2 + 3) * 3.0, (1 + 1) * 3.0}
    assert set(together.day.staff_hours(together.sessions)) == {(2 + 3) * 3.0, 1 * 3.0}


def test_sharing_staff_and_queue_changes_who_waits_and_nothing_at_the_desk() -> None:
    apart, together = halls(False), halls(True)

    booked = [log.of(VisitOutcome.BOOKED).sum() for log in (apart, together)]
    assert booked[0] == booked[1]
    assert apart.late_minutes.sum() != together.late_minutes.sum()


def test_sharing_changes_nothing_where_staff_are_plenty() -> None:
    """Every party is served at once, in one queue or in two."""
    apart, together = halls(False, tables_per_checker=1), halls(True, tables_per_checker=1)

    assert (apart.late_minutes == together.late_minutes).all()


def test_sessions_that_overlap_in_a_chain_are_one_queue() -> None:
    """13-15 and 14-16 and 15-17 are one run with 5 tables at most at once; 17-18 is another."""
    times = (("13:00", "15:00", 2), ("14:00", "16:00", 3), ("15:00", "17:00", 2))
    rows = [
        session(number=number, start=start, end=end, hall=str(number), open_tables=tables)
        for number, (start, end, tables) in enumerate((*times, ("17:00", "18:00", 9)))
    ]
    templates = prison(sessions=rows).sessions["AAA"]
    slots = visit_slots(templates, CALENDAR, days=7, evening_from="16:30")

    run, tables = overlapping(slots, np.ones(len(slots), dtype=np.bool_))

    assert run.tolist() == [0, 0, 0, 1]
    assert tables.tolist() == [5, 9]


def test_a_session_that_is_called_off_joins_no_queues() -> None:
    """Without 14-16 the sessions before and after it share nobody at the door."""
    times = (("13:00", "15:00"), ("14:00", "16:00"), ("15:30", "17:00"))
    rows = [
        session(number=number, start=start, end=end, hall=str(number), open_tables=2)
        for number, (start, end) in enumerate(times)
    ]
    templates = prison(sessions=rows).sessions["AAA"]
    slots = visit_slots(templates, CALENDAR, days=7, evening_from="16:30")

    run, tables = overlapping(slots, np.array([True, False, True]))

    assert run[0] != run[2]
    assert tables[run[[0, 2]]].tolist() == [2, 2]

"""People who are kept apart have no visits on one day, and nobody else notices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from data.words import DAYS
from simulation.log import VisitLog, VisitOutcome
from simulation.simulate import simulate
from simulation.slots import SlotCalendar
from simulation.timetable import visit_slots
from tests.simulation.small_prison import CALENDAR, DEMAND, NO_ALLOWANCE, prison, session

BLOCKED = replace(NO_ALLOWANCE, non_association_blocks_day=True)
TWO_A_DAY = [
    session(number=2 * number + late, day=day, start=start, end=end, open_tables=12)
    for number, day in enumerate(DAYS)
    for late, (start, end) in enumerate((("10:00", "11:00"), ("14:00", "16:00")))
]


def played(apart: Sequence[tuple[int, int]], *, blocks: bool = True) -> VisitLog:
    """Play eight weeks of twelve people who ask often and cancel often."""
    inputs = prison(
        people=12,
        sessions=TWO_A_DAY,
        apart=apart,
        demand=replace(DEMAND, wish_per_four_weeks=12.0, cancel_share=0.3),
        regime=BLOCKED if blocks else NO_ALLOWANCE,
    )
    return simulate(inputs, establishment="AAA", seed=1, replication=0)


def days_held(log: VisitLog) -> dict[int, set[int]]:
    """Give the days on which each person had a visit."""
    rows = log.of(VisitOutcome.ATTENDED)
    person = log.year.visits.person[log.request[rows]]
    days = log.year.sessions.day[log.slot[rows]]
    return {who: set(days[person == who].tolist()) for who in range(12)}


pairs = st.lists(
    st.sampled_from(list(combinations(range(12), 2))), min_size=1, max_size=8, unique=True
)


@hypothesis_settings(max_examples=20)
@given(apart=pairs)
def test_two_who_are_kept_apart_never_have_visits_on_one_day(apart: list[tuple[int, int]]) -> None:
    found = days_held(played(apart))

    assert not any(found[one] & found[other] for one, other in apart)


def test_they_would_have_had_visits_on_one_day() -> None:
    found = days_held(played([(0, 1)], blocks=False))

    assert found[0] & found[1]


def test_somebody_kept_apart_from_nobody_here_books_as_before() -> None:
    """Tables are plenty, so only the two are turned to other days."""
    before, after = (days_held(played([(0, 1)], blocks=blocks)) for blocks in (False, True))

    assert {who for who in before if before[who] != after[who]} <= {0, 1}
    assert before != after


def calendar(tables: int = 2) -> SlotCalendar:
    """Give one session a day at two tables, with the first and second of three people apart."""
    templates = prison(sessions=[session(number=n, day=day, open_tables=tables)
                                 for n, day in enumerate(DAYS)]).sessions["AAA"]  # fmt: skip
    slots = visit_slots(templates, CALENDAR, days=20, evening_from="16:30")
    return SlotCalendar(
        slots, slots.week, [None] * 3, notice_days=(1, 7), days=10, apart=[(0, 1), (1, 2)]
    )


def test_a_day_opens_again_when_the_last_booking_that_closed_it_is_cancelled() -> None:
    """0 and 2 hold day 1 and so 1 gets day 2; day 1 is 1's only when both have cancelled."""
    tables = calendar()
    every = tables.every_week(2**7 - 1)
    assert [tables.take(every, person, 0) for person in (0, 2, 1)] == [1, 1, 2]
    reached = [tables.is_within_reach(tables.bit_of(day, 0), 1, 0, 1) for day in (1, 2, 3)]
    assert reached == [False, True, True]

    tables.release(1, 0, 0)
    still_closed = tables.take(every, 1, 0)
    tables.release(1, 2, 0)
    opened = tables.take(every, 1, 0)

    assert (still_closed, opened) == (3, 1)
    assert tables.take(every, 0, 0) == 4


def test_what_was_booked_before_the_first_day_stays_and_closes_its_day() -> None:
    tables = calendar(tables=3)
    every = tables.every_week(2**7 - 1)

    assert tables.hold(1, 0)
    assert tables.hold(1, 1)
    assert not tables.hold(1, 1)
    tables.release(1, 1, 0)

    assert tables.take(every, 1, 0) == 2
    assert tables.take(every, 0, 0) == 3


@pytest.mark.parametrize("blocks", [False, True])
def test_pairs_are_known_where_both_are_held(blocks: bool) -> None:
    inputs = prison(
        people=3,
        establishments=("AAA", "BBB"),
        sessions=[session()],
        apart=[(2, 0), (1, 4), (5, 3)],
        regime=BLOCKED if blocks else NO_ALLOWANCE,
    )

    found = {code: held.apart.tolist() for code, held in inputs.places.items()}

    assert found == ({"AAA": [[0, 2]], "BBB": [[0, 2]]} if blocks else {"AAA": [], "BBB": []})
    assert all(held.apart.dtype == np.int64 for held in inputs.places.values())

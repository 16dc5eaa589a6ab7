"""Channels, choices and moods one by one, on cases small enough to work out by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulation.asking import AskingSettings, Channel, after_open_minutes
from simulation.log import VisitLog, VisitOutcome
from simulation.simulate import SimulationInputs, simulate
from tests.simulation.small_prison import ASKING, ATTENDANCE, DEMAND, MOOD, daily, prison

WEEKDAYS = np.array([True] * 5 + [False] * 2)
FULL = replace(
    DEMAND, wish_per_four_weeks=6.0, attempts_max=3, ask_again_share=1.0, cancel_share=0.3
)


def played(inputs: SimulationInputs) -> VisitLog:
    """Play the year of the only prison."""
    return simulate(inputs, establishment="AAA", seed=1, replication=0)


def small(**settings: object) -> SimulationInputs:
    """Give a prison with a table a day and twice as many requests as tables."""
    return prison(people=20, sessions=daily(1), demand=FULL, **settings)  # type: ignore[arg-type]


@given(
    minutes=st.floats(0, 20_000),
    work=st.floats(0, 3_000),
    open_days=st.lists(st.booleans(), min_size=7, max_size=7).filter(any),
)
def test_whoever_waits_is_answered_within_opening_hours_after_the_minutes_of_the_wait(
    minutes: float, work: float, open_days: list[bool]
) -> None:
    """Counted minute by minute: as many opening minutes lie between as the wait takes."""
    days = np.array(open_days)

    (found,) = after_open_minutes(np.array([minutes]), np.array([work]), 540.0, 1020.0, days)

    assert found >= minutes - 1e-6
    assert days[int((found + 1e-6) // 1440) % 7]
    assert 540.0 - 1e-6 <= found % 1440 <= 1020.0 + 1e-6
    passed = sum(
        max(min(found, day * 1440 + 1020) - max(minutes, day * 1440 + 540), 0.0)
        for day in range(40 + int(found // 1440))
        if days[day % 7]
    )
    assert passed == pytest.approx(work, abs=1e-6)


def test_a_family_that_asks_on_saturday_is_answered_on_monday() -> None:
    saturday = 5 * 1440 + 700.0

    (found,) = after_open_minutes(np.array([saturday]), np.zeros(1), 540.0, 1020.0, WEEKDAYS)

    assert found == 7 * 1440 + 540


def test_a_channel_that_is_answered_later_books_nothing_before() -> None:
    """Nobody is answered on the first day when staff take a day to confirm."""
    asking = replace(ASKING, online_confirmed_share=1.0, online_delay_hours=24.0)

    log = played(small(asking=asking))

    first = log.minutes[log.of(VisitOutcome.BOOKED)].min()
    assert first >= log.year.visits.asked_minutes[0] + 24 * 60


def test_the_wing_that_is_unlocked_first_books_most_of_the_few_tables() -> None:
    """Two wings of as many people ask at once; the kiosks of the second open two hours later."""
    asking = replace(
        ASKING,
        kiosk_share=1.0,
        kiosk_from="20:30",
        kiosk_until="21:30",
        kiosk_wing_minutes=120.0,
        kiosk_spread_minutes=60.0,
    )
    at_once, in_turn = (
        played(prison(people=60, sessions=daily(1), demand=FULL, asking=each))
        for each in (replace(asking, kiosk_wing_minutes=0.0), asking)
    )

    def of_first_wing(log: VisitLog) -> float:
        booked = log.request[log.of(VisitOutcome.BOOKED)]
        return float((log.year.place.unit[log.year.visits.person[booked]] == "AAA-1").mean())

    of_day = in_turn.minutes[in_turn.of(VisitOutcome.BOOKED)] % 1440
    assert of_first_wing(at_once) == pytest.approx(0.5, abs=0.1)
    assert of_first_wing(in_turn) > 0.75
    assert of_day.min() >= 20.5 * 60


def test_a_channel_has_its_own_window() -> None:
    asking = replace(ASKING, online_notice_days_min=5, online_notice_days_max=9)

    log = played(small(asking=asking))

    booked = log.of(VisitOutcome.BOOKED)
    ahead = log.year.sessions.day[log.slot[booked]] - log.minutes[booked] // 1440
    assert ahead.min() == 5
    assert ahead.max() == 9


def test_a_released_table_goes_to_a_family_that_waits() -> None:
    """It is booked at the very minute of the cancellation, and more visits are held."""
    alone, waiting = (played(small(asking=replace(ASKING, waiting_list_share=share)))
                      for share in (0.0, 1.0))  # fmt: skip

    cancelled = set(waiting.minutes[waiting.of(VisitOutcome.CANCELLED)].tolist())
    booked = set(waiting.minutes[waiting.of(VisitOutcome.BOOKED)].tolist())
    assert cancelled & booked
    assert waiting.counts()["attended"] > alone.counts()["attended"]


def test_a_family_that_wishes_for_one_kind_and_takes_no_other_gets_no_other() -> None:
    asking = replace(ASKING, one_kind_share=1.0, second_choice_share=0.0)

    choosy = played(small(asking=asking)).counts()
    content = played(small(asking=replace(asking, second_choice_share=1.0))).counts()

    assert choosy["attended"] < content["attended"]


@pytest.mark.parametrize("fall", ["late_start_fall", "long_wait_fall", "refusal_fall"])
def test_a_bad_experience_takes_requests_away_and_adds_none(fall: str) -> None:
    late = replace(ATTENDANCE, late_start_share=1.0, late_start_minutes=40.0)
    before = played(small(attendance=late))

    after = played(small(attendance=late, mood=replace(MOOD, **{fall: 0.6})))

    assert before.counts()["put_off"] == 0
    assert 0 < after.counts()["put_off"] < after.counts()["asked"] == before.counts()["asked"]


@pytest.mark.parametrize(("late_minutes", "put_off"), [(0.0, True), (40.0, False)])
def test_only_a_start_later_than_families_bear_is_a_bad_experience(
    late_minutes: float, put_off: bool
) -> None:
    """Every session starts late, by 40 minutes at most."""
    late = replace(ATTENDANCE, late_start_share=1.0, late_start_minutes=20.0)
    mood = replace(MOOD, late_start_fall=0.6, late_minutes=late_minutes)

    counts = played(small(attendance=late, mood=mood)).counts()

    assert (counts["put_off"] > 0) == put_off


def test_faults_of_the_channels_are_told_together() -> None:
    with pytest.raises(
        ValueError, match=r"phone_through_share is 0.*phone_days is empty.*kiosk_unt"
    ):
        replace(
            ASKING, phone_through_share=0.0, phone_days=(), kiosk_from="17:00", kiosk_until="9:00"
        )


def test_an_empty_window_of_a_channel_is_refused() -> None:
    asking: AskingSettings = replace(ASKING, phone_notice_days_min=30)

    with pytest.raises(ValueError, match="window of phone is empty"):
        asking.notice_days(Channel.PHONE, (2, 28))

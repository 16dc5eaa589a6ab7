"""Prisons that share a booking line: what is coupled, what is not, and what nobody loses."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from data.where import Where
from data.words import DAYS
from simulation.line import (
    NATIONAL,
    Joins,
    Lines,
    LineSettings,
    OnlineMove,
    Service,
    Shift,
    ring_times,
    staff_of,
)
from simulation.line_tables import Staff
from simulation.log import VisitOutcome
from simulation.simulate import SimulationInputs, open_year, simulate, simulate_together
from simulation.together import play_alone, play_together
from tests.simulation.small_prison import (
    ASKING,
    CALENDAR,
    DEMAND,
    LINE,
    prison,
    session,
    transfer,
)

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri")
ONE_AGENT = Shift(days=WEEKDAYS, start="09:00", end="17:00", agents=1)
BUSY = replace(
    LINE,
    booking_minutes=20.0,
    patience_minutes=10.0,
    redial_share=0.4,
    information_share=0.3,
    find_share=0.2,
    answered_here=(Service.BOOKING, Service.INFORMATION, Service.FIND_A_PRISONER),
    shifts=(ONE_AGENT,),
)
CODES = ("AAA", "BBB")


def prisons(
    line: LineSettings = BUSY, *, seed: int | None = 4, **given: object
) -> SimulationInputs:
    """Give two prisons whose families ask by telephone, up to three times."""
    return prison(
        people=40,
        sessions=[
            session(code, number, day=day, open_tables=3)
            for code in CODES
            for number, day in enumerate(("sat", "sun", "wed"))
        ],
        calendar=replace(CALENDAR, weeks=12),
        demand=replace(DEMAND, attempts_max=3, ask_again_share=0.7, cancel_share=0.1),
        asking=replace(ASKING, online_share=0.2),
        line=line,
        establishments=CODES,
        seed=seed,
        **{"national_line": True, **given},  # type: ignore[arg-type]
    )


@hypothesis_settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 1_000), waiting=st.sampled_from([0.0, 0.5]))
def test_a_prison_alone_given_the_answers_is_the_prison_together(seed: int, waiting: float) -> None:
    inputs = prisons()
    inputs = replace(inputs, asking=replace(inputs.asking, waiting_list_share=waiting))

    both = play_together(inputs, CODES, seed=seed, replication=0)

    for code, log in zip(CODES, both.logs, strict=True):
        alone = play_alone(inputs, code, both.answers, seed=seed, replication=0)
        pd.testing.assert_frame_equal(alone.table(inputs.calendar), log.table(inputs.calendar))


def test_a_prison_that_people_are_moved_from_or_to_is_not_played_alone() -> None:
    """What they bring along, or leave, is known only where both prisons are played."""
    inputs = prisons(transfers=[transfer(0, 10)])
    answers = play_together(inputs, CODES, seed=1, replication=0).answers

    for code in CODES:
        with pytest.raises(ValueError, match=rf"{code} cannot be played alone: 1 transfers join"):
            play_alone(inputs, code, answers, seed=1, replication=0)


def test_a_line_that_answers_at_once_leaves_the_year_as_it_was_without_one() -> None:
    """Always open, with an agent for everybody: the desk hears everybody when they ask."""
    line = replace(
        BUSY,
        open_from="00:00",
        open_until="24:00",
        open_days=(*WEEKDAYS, "sat", "sun"),
        information_share=0.0,
        shifts=(),
    )
    inputs = prisons(line)

    both = play_together(
        inputs,
        CODES,
        seed=3,
        replication=0,
        staff=lambda _: Staff.constant(500, days=inputs.calendar.days),
    )

    for code, log in zip(CODES, both.logs, strict=True):
        without = simulate(inputs, establishment=code, seed=3, replication=0)
        pd.testing.assert_frame_equal(log.table(inputs.calendar), without.table(inputs.calendar))


def test_people_who_are_moved_are_handed_over_as_without_a_line() -> None:
    """A line that answers at once, and twelve people moved in the year."""
    line = replace(
        BUSY,
        modelled=True,
        open_from="00:00",
        open_until="24:00",
        open_days=(*WEEKDAYS, "sat", "sun"),
        information_share=0.0,
        shifts=(),
    )
    inputs = prisons(line, transfers=[transfer(number, 10 + number) for number in range(12)])
    assert inputs.handovers

    both = play_together(
        inputs,
        CODES,
        seed=3,
        replication=0,
        staff=lambda _: Staff.constant(500, days=inputs.calendar.days),
    )

    without = simulate_together(inputs, CODES, seed=3, replication=0)
    for log, plain in zip(both.logs, without, strict=True):
        pd.testing.assert_frame_equal(log.table(inputs.calendar), plain.table(inputs.calendar))


def test_askings_handed_before_earlier_ones_are_answered_are_refused() -> None:
    """A day's askings would be lost without a word."""
    opened = open_year(prisons(), establishment="AAA", seed=1, replication=0, by_line=True)
    opened.desk.hand([0, 1], [10.0, 2000.0], [True, True])
    opened.desk.play(1440.0)

    with pytest.raises(RuntimeError, match="before those handed earlier are answered"):
        opened.desk.hand([2], [1500.0], [True])

    opened.desk.play(2880.0)
    opened.desk.hand([2], [3000.0], [True])


@pytest.mark.parametrize("seed", range(3))
def test_whoever_gives_up_on_the_line_waits_for_no_released_table(seed: int) -> None:
    """Else a request could end twice, which ends the run."""
    inputs = prisons(replace(BUSY, redial_share=0.0, booking_minutes=4.0, patience_minutes=3.0))
    cancelling = replace(
        inputs.demand, wish_per_four_weeks=8.0, cancel_share=0.6, ask_again_share=1.0
    )
    asking = replace(inputs.asking, waiting_list_share=1.0)
    inputs = replace(inputs, asking=asking, demand=cancelling)

    both = play_together(inputs, CODES, seed=seed, replication=0)

    assert (~both.answers["is_answered"]).any()


def test_people_who_are_moved_lose_no_call() -> None:
    """On a busy line the year is played to its end, and everything is conserved."""
    inputs = prisons(transfers=[transfer(number, 10 + number) for number in range(12)])

    both = play_together(inputs, CODES, seed=3, replication=0)

    assert (~both.answers["is_answered"]).any()


def test_nobody_rings_for_the_first_time_about_somebody_who_has_left() -> None:
    """Whoever asks when the line is shut rings later; nobody rings twice or past midnight here."""
    shifts = (replace(ONE_AGENT, days=("mon",)),)
    line = replace(BUSY, redial_share=0.0, open_days=("mon",), shifts=shifts)
    inputs = prisons(line, transfers=[transfer(number, 10) for number in range(40)])

    both = play_together(inputs, CODES, seed=3, replication=0)

    left = both.answers["establishment"] == "AAA"
    rows = both.answers[left & (both.answers["attempt"] == 0)]
    year = next(both.logs).year
    until = year.place.until_day[year.visits.person[rows["request"].to_numpy()]]
    assert (until == 10).sum() > 3
    assert (rows["minutes"].to_numpy() < until * 1440.0).all()


def test_prisons_on_one_line_wait_for_each_other() -> None:
    """The other prison's calls keep the only agent busy."""
    inputs = prisons()

    both = play_together(inputs, CODES, seed=5, replication=0)
    alone = play_together(inputs, CODES[:1], seed=5, replication=0)

    def answered(answers: pd.DataFrame) -> float:
        return float(answers.loc[answers["establishment"] == "AAA", "is_answered"].mean())

    assert answered(both.answers) < answered(alone.answers)


def test_nobody_is_booked_when_nobody_answers() -> None:
    """Without an agent every request by telephone is given up and none is refused by the desk."""
    inputs = prisons(replace(BUSY, shifts=()))

    both = play_together(inputs, CODES, seed=5, replication=0)

    by_phone = both.answers["request"].groupby(both.answers["establishment"]).nunique()
    for code, log in zip(CODES, both.logs, strict=True):
        booked = set(log.request[log.of(VisitOutcome.BOOKED)].tolist())
        ringing = both.answers.loc[both.answers["establishment"] == code, "request"]
        assert not booked & set(ringing.tolist())
        assert by_phone[code] > 20
    assert not both.answers["is_answered"].any()


def test_more_agents_lose_fewer_bookings() -> None:
    lost = []
    for agents in (1, 2, 8):
        inputs = prisons(replace(BUSY, shifts=(replace(ONE_AGENT, agents=agents),)))
        answers = play_together(inputs, CODES, seed=6, replication=0).answers
        lost.append(int((~answers["is_answered"]).sum()))

    assert lost[0] > lost[1] > lost[2]


def test_calls_are_made_in_opening_hours_on_working_days() -> None:
    inputs = prisons(bank_holidays=["2026-08-31"])

    line = play_together(inputs, CODES, seed=7, replication=0).lines[0]

    time = line.year.rang % 1440
    day = (line.year.rang // 1440).astype(np.int64)
    assert ((time >= 9 * 60) & (time < 17 * 60)).all()
    assert (inputs.calendar.weekdays(day) < 5).all()
    assert inputs.calendar.day_of(date(2026, 8, 31)) not in set(day.tolist())
    assert {"booking", "information", "find_a_prisoner"} == {
        list(Service)[service] for service in set(line.year.service.tolist())
    }


def test_whoever_waits_for_the_line_to_open_rings_in_the_morning_as_often_as_is_said() -> None:
    """Asked at midnight: the first tenth of the day has three in four, each moment of it alike."""
    lines = Lines(settings=replace(LINE, morning_share=0.75, morning_part=0.1))
    draws = (np.arange(1000) + 0.5) / 1000

    rings = ring_times(lines, "AAA", CALENDAR).minutes(np.zeros(1000), draws)

    # the line of a prison is open from 9 to 13
    assert (rings < 9 * 60 + 24).sum() == 750
    assert rings.min() >= 9 * 60
    assert rings.max() < 13 * 60
    assert np.diff(rings[:750]) == pytest.approx(np.full(749, 24 / 750))


@hypothesis_settings(max_examples=100, deadline=None)
@given(
    days=st.lists(st.floats(0.0, 80.0), min_size=1, max_size=20),
    draw=st.floats(0.0, 1.0, exclude_max=True),
    share=st.sampled_from([0.0, 0.5, 1.0]),
    open_days=st.sets(st.sampled_from(DAYS), min_size=1),
    joins_day=st.sampled_from([0, 20, 1000]),
)
def test_one_family_rings_when_it_does_among_many(
    days: list[float], draw: float, share: float, open_days: set[str], joins_day: int
) -> None:
    """At any moment of the year and after it, at opening and closing time and on either line."""
    settings = replace(LINE, morning_share=share, open_days=tuple(open_days))
    lines = Lines(settings=settings, joins_day={"AAA": joins_day})
    times = ring_times(lines, "AAA", CALENDAR)
    edges = [float(day * 1440 + minute) for day in (0, 25) for minute in (0, 540, 780, 1020)]
    asked = [*(day * 1440.0 for day in days), *edges]

    together = times.minutes(np.array(asked), np.full(len(asked), draw))

    assert [times.minute(each, draw) for each in asked] == together.tolist()


def test_a_prison_that_joins_rings_the_national_line_from_that_day_on() -> None:
    joins = Joins(where=Where(establishment="BBB"), first_date=date(2026, 9, 7))
    inputs = prisons(replace(BUSY, joins=(joins,)), national_line=False)
    first = inputs.calendar.day_of(date(2026, 9, 7)) * 1440

    assert inputs.lines.ever_national(inputs.calendar) == {"BBB"}
    lines = {each.line: each for each in play_together(
        inputs, ("BBB",), seed=8, replication=0
    ).lines}  # fmt: skip

    assert lines["BBB"].first_rang.max() < first <= lines["national"].first_rang.min()


def test_a_prison_that_joins_has_no_agents_of_its_own_from_that_day_on() -> None:
    joins = Joins(where=Where(establishment="BBB"), first_date=date(2026, 9, 7))
    inputs = prisons(replace(BUSY, joins=(joins,)), national_line=False)
    first = inputs.calendar.day_of(date(2026, 9, 7))

    lines = play_together(inputs, ("BBB",), seed=8, replication=0).lines

    agents = next(each for each in lines if each.line == "BBB").staff.agents.reshape(-1, 48)
    assert not agents[first:].any()
    assert agents[first - 3].any(), "the Friday before"


def test_a_local_line_is_covered_in_every_half_hour_that_it_is_open() -> None:
    inputs = prisons(replace(BUSY, local_until="16:00"), national_line=False)

    line = play_together(inputs, ("BBB",), seed=8, replication=0).lines[0]

    monday = line.staff.agents[:48]
    assert monday[18:32].tolist() == [1] * 14
    assert not monday[:18].any()
    assert not monday[32:].any()


def test_requests_move_online_as_the_share_rises() -> None:
    """No share before the date, half of it in the middle of the weeks, all of it after."""
    move = OnlineMove(where=Where(), first_date=date(2026, 8, 31), share=0.8, weeks=4.0)
    inputs = prisons(replace(BUSY, online=(move,)))
    first = inputs.calendar.day_of(date(2026, 8, 31)) * 1440.0

    shares = inputs.lines.moved_share(
        "AAA", np.array([first - 1, first + 14 * 1440, first + 99 * 1440])
    )

    assert shares.tolist() == pytest.approx([0.0, 0.4, 0.8])


def test_moving_online_takes_calls_from_the_line_and_adds_none() -> None:
    move = OnlineMove(where=Where(), first_date=date(2026, 8, 3), share=0.6)
    calls = [
        set(
            play_together(prisons(line), CODES, seed=9, replication=0)
            .answers.query("attempt == 0")[["establishment", "request"]]
            .itertuples(index=False, name=None)
        )
        for line in (BUSY, replace(BUSY, online=(move,)))
    ]

    assert calls[1] < calls[0]
    assert len(calls[1]) == pytest.approx(0.4 * len(calls[0]), rel=0.3)


def test_a_shift_outside_opening_hours_is_refused() -> None:
    with pytest.raises(ValueError, match=r"08:00 to 12:00.*outside opening hours"):
        replace(LINE, shifts=(Shift(days=("mon",), start="08:00", end="12:00", agents=1),))
    with pytest.raises(ValueError, match=r"on sat is outside"):
        replace(LINE, shifts=(Shift(days=("sat",), start="10:00", end="12:00", agents=1),))


def test_every_fault_of_the_settings_is_told_at_once() -> None:
    with pytest.raises(ValueError, match=r"(?s)redial_share is 2.*tries_max is 0.*lacks 'booking'"):
        replace(LINE, redial_share=2.0, tries_max=0, answered_here=(Service.INFORMATION,))


@pytest.mark.parametrize("break_from", ["12:10", "11:59"])
def test_a_break_off_the_half_hour_is_refused(break_from: str) -> None:
    with pytest.raises(ValueError, match=rf"09:00 to 17:00 has a break from {break_from}"):
        replace(LINE, shifts=(replace(ONE_AGENT, break_from=break_from),))


def test_a_break_off_the_half_hour_and_too_many_agents_are_told_at_once() -> None:
    shift = replace(ONE_AGENT, break_from="12:10", agents=2000)
    with pytest.raises(ValueError, match=r"(?s)break from 12:10.*2000 agents on mon.*seats is 50"):
        replace(LINE, shifts=(shift,))


def test_more_agents_at_a_time_than_seats_are_refused() -> None:
    late = Shift(days=("fri",), start="13:00", end="17:00", agents=20)
    with pytest.raises(ValueError, match=r"61 agents on fri.*seats is 60"):
        replace(LINE, seats=60, shifts=(replace(ONE_AGENT, agents=41), late))

    one_after_the_other = replace(late, start="09:00", end="13:00", agents=60)
    replace(LINE, seats=60, shifts=(one_after_the_other, replace(late, agents=60)))


def test_breaks_follow_one_another() -> None:
    """Two posts, turns of two: one is away at 12:00, the other at 12:30, nobody at 13:00."""
    shift = Shift(days=("mon",), start="09:00", end="17:00", agents=2, break_turns=2)

    on_duty = shift.on_duty(0).astype(int) + shift.on_duty(1).astype(int)

    assert on_duty[18:34].tolist() == [2] * 6 + [1, 1] + [2] * 8


def test_no_post_shares_its_absences_with_another_however_many_there_are() -> None:
    """The post after 1,024 others is not away whenever the first is away a day later."""

    def there(agents: int) -> np.ndarray:
        shift = Shift(days=WEEKDAYS, start="09:00", end="09:30", agents=agents, break_minutes=0)
        return agents_of(shift)[:, 18]

    first, last = there(1), there(1025) - there(1024)
    tuesdays = np.arange(1, len(first), 7)
    assert set(first[tuesdays]) == {0, 1}
    assert (first[tuesdays + 1] != last[tuesdays]).any()


def test_one_agent_more_changes_nobody_elses_days() -> None:
    late = Shift(days=WEEKDAYS, start="13:00", end="17:00", agents=2, break_minutes=0)

    few, many = (
        agents_of(replace(late, start="09:00", end="13:00", agents=agents), late)
        for agents in (2, 3)
    )

    assert (few[:, 26:34] == many[:, 26:34]).all()
    assert (few[:, 18:26] <= many[:, 18:26]).all()
    assert (few < many).any()


def agents_of(*shifts: Shift) -> np.ndarray:
    """Give the agents there by day and half-hour, each absent on every other day."""
    settings = replace(BUSY, seats=2000, absence_share=0.5, shifts=shifts)
    lines = Lines(settings=settings)
    return staff_of(lines, NATIONAL, CALENDAR, people=0, seed=1, replication=0).agents.reshape(
        -1, 48
    )


def test_vacancies_and_absences_thin_the_roster() -> None:
    from simulation.line import staff_of

    shift = replace(ONE_AGENT, agents=100)
    line = replace(BUSY, shifts=(shift,), seats=100, vacancy_share=0.2, absence_share=0.1)
    inputs = prisons(line)

    staff = staff_of(inputs.lines, "national", inputs.calendar, people=0, seed=1, replication=0)

    at_ten = staff.agents.reshape(-1, 48)[:, 20]
    assert at_ten[at_ten > 0].mean() == pytest.approx(72.0, abs=9.0)


def test_a_post_is_vacant_for_spells_of_weeks_that_make_up_their_share() -> None:
    """Spells begin in a week with chance 1 - 0.8^(1/6) = 0.0365, and some within another.

    So a post is vacant for 0.2 / (0.8 x 0.0365) = 6.85 weeks in the mean.
    """
    line = replace(BUSY, vacancy_share=0.2, vacancy_weeks=6, open_days=tuple(DAYS))
    inputs = prisons(replace(line, shifts=(replace(ONE_AGENT, days=tuple(DAYS)),)))
    calendar = replace(inputs.calendar, weeks=260)
    shares, lengths = [], []

    for replication in range(40):
        staff = staff_of(
            inputs.lines, NATIONAL, calendar, people=0, seed=1, replication=replication
        )
        vacant = staff.agents.reshape(-1, 7, 48)[:, :, 20] == 0
        assert (vacant == vacant[:, :1]).all()
        shares.append(float(vacant.mean()))
        turns = np.flatnonzero(np.diff(vacant[:, 0].astype(int)))
        begins_vacant = int(vacant[0, 0])
        lengths += np.diff(turns)[begins_vacant::2].tolist()

    assert np.mean(shares) == pytest.approx(0.2, abs=0.03)
    assert 0.0 < min(shares) < max(shares) < 0.5
    assert min(lengths) == 6
    assert np.mean(lengths) == pytest.approx(6.85, abs=0.5)


def test_a_line_without_a_week_until_posts_are_filled_is_refused() -> None:
    with pytest.raises(ValueError, match="vacancy_weeks is 0; give at least 1"):
        replace(BUSY, vacancy_weeks=0)

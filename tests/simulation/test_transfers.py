"""What a transfer in the year ends, what goes along, and what has to wait."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from unittest import mock

import numpy as np
import pandas as pd
import pytest

from data.words import DAYS
from simulation.contact import Days, Presence, contact_counts, contact_since_move
from simulation.log import VisitOutcome
from simulation.measures import estate_totals
from simulation.place import BEYOND
from simulation.replicate import replicate
from simulation.simulate import SimulationInputs, simulate, simulate_together
from simulation.stays import week_by_week
from tests.simulation.small_prison import (
    CALENDAR,
    DEMAND,
    MOOD,
    REGIME,
    TRANSFERRING,
    prison,
    session,
    stations,
    transfer,
)

CODES = ("AAA", "BBB")
SATURDAY = 5


def two_prisons(**options: object) -> SimulationInputs:
    """Give two prisons with a session a day, whose families ask often."""
    settings = {
        "people": 12,
        "sessions": [session(code, n, day=day) for code in CODES for n, day in enumerate(DAYS)],
        "video_stations": [stations(code, day=day) for code in CODES for day in DAYS],
        "establishments": CODES,
        "demand": replace(
            DEMAND,
            wish_per_four_weeks=8.0,
            attempts_max=3,
            ask_again_share=1.0,
            video_user_share=1.0,
            video_wish_per_four_weeks=6.0,
        ),
        "seed": 4,
    } | options
    return prison(**settings)


def days_of(log, outcome: str, prisoner: str) -> list[int]:
    table = log.table(CALENDAR)
    rows = table[(table["outcome"] == outcome) & (table["prisoner_id"] == prisoner)]
    return [(when.date() - CALENDAR.first_date).days for when in rows["at"]]


def test_nothing_is_asked_before_a_stay_or_held_after_it() -> None:
    inputs = two_prisons(transfers=[transfer(number, 10 + number) for number in range(12)])
    logs = list(simulate_together(inputs, CODES, seed=1, replication=0))

    for log in logs:
        table = log.table(CALENDAR)
        day = (table["at"] - np.datetime64(CALENDAR.first_date)).dt.days
        number = table["prisoner_id"].astype("str").str[1:].astype("int64")
        moved = number < 12
        left = 10 + number
        if log.establishment == "AAA":
            late = table[moved & (day >= left)]
            assert set(late["outcome"].astype("str")) <= {
                "booking_fell",
                "request_fell",
                "video_fell",
            }
            assert (day[late.index] == left[late.index]).all()
        else:
            assert (day[moved] >= left[moved]).all()
    assert logs[0].counts()["booking_fell"] > 0
    assert logs[0].counts()["request_fell"] > 0
    assert logs[0].counts()["video_fell"] > 0


def test_families_keep_their_draws_where_the_person_is_moved_to() -> None:
    """At the same cost of the trip, the same requests are made at the same minutes."""
    moved = two_prisons(transfers=[transfer(number, 20) for number in range(12)])
    settled = two_prisons()

    def asked(inputs: SimulationInputs) -> set[tuple[str, float]]:
        found = set()
        for code in CODES:
            year = simulate(inputs, establishment=code, seed=1, replication=0).year
            who = year.place.prisoner_id[year.visits.person].tolist()
            found |= set(zip(who, year.visits.asked_minutes.tolist(), strict=True))
        return found

    assert asked(moved) == asked(settled)


def test_a_transfer_changes_nothing_before_its_day() -> None:
    moved = two_prisons(transfers=[transfer(0, 30)])
    for code in CODES:
        with_it, without = (
            simulate(inputs, establishment=code, seed=1, replication=0).table(CALENDAR)
            for inputs in (moved, two_prisons())
        )
        midnight = np.datetime64("2026-09-02")
        columns = ["prisoner_id", "request", "outcome", "at", "session_start"]
        before, after = (
            table.loc[table["at"] < midnight, columns].astype({"prisoner_id": "str"})
            for table in (with_it, without)
        )
        assert before.reset_index(drop=True).equals(after.reset_index(drop=True))


def test_orders_go_along() -> None:
    """Orders that nobody used at one prison are there to be used at the other."""
    regime = replace(REGIME, opening_orders=5, orders_per_14_days=0, privileged_orders_standard=0)
    inputs = two_prisons(
        sessions=[session("BBB", n, day=day, open_tables=50) for n, day in enumerate(DAYS)],
        regime=regime,
        transfers=[transfer(number, 20) for number in range(12)],
        seed=None,
        demand=replace(DEMAND, wish_per_four_weeks=12.0),
    )
    log = simulate(inputs, establishment="BBB", seed=1, replication=0)
    place = log.year.place
    booked = np.bincount(
        log.year.visits.person[log.request[log.outcome == 1]], minlength=len(place.keys)
    )

    assert booked[place.from_day == 20].tolist() == [5] * 12


def test_orders_of_bookings_that_fall_are_given_back() -> None:
    """Whoever books all orders and is moved before the visits can book as many again."""
    regime = replace(
        REGIME,
        opening_orders=2,
        orders_per_14_days=0,
        privileged_orders_standard=0,
        notice_days_min=20,
    )
    sessions = [
        session(code, n, day=day, open_tables=50) for code in CODES for n, day in enumerate(DAYS)
    ]
    inputs = two_prisons(
        sessions=sessions,
        regime=regime,
        transfers=[transfer(number, 15) for number in range(12)],
        seed=None,
        demand=replace(DEMAND, wish_per_four_weeks=30.0),
    )
    left, found = simulate_together(inputs, CODES, seed=1, replication=0)
    arrived = np.flatnonzero(found.year.place.from_day == 15)

    assert left.counts()["booked"] == left.counts()["booking_fell"] == 24
    assert left.counts()["attended"] == 0
    person = found.year.visits.person[found.request[found.outcome == 1]]
    assert np.bincount(person, minlength=24)[arrived].tolist() == [2] * 12


def test_a_booking_that_falls_frees_its_table_for_others() -> None:
    """Tables that people who are moved had booked are booked again, by those who stay."""
    inputs = two_prisons(
        sessions=[session("AAA", 0, open_tables=2), session("BBB", 0)],
        transfers=[transfer(number, 9) for number in range(6)],
    )
    table = simulate(inputs, establishment="AAA", seed=1, replication=0).table(CALENDAR)
    fell = table.loc[table["outcome"] == "booking_fell", ["session_start", "at"]]
    booked = table.loc[table["outcome"] == "booked", ["session_start", "at"]]
    again = booked.merge(fell, on="session_start", suffixes=("", "_fell"))

    assert len(fell) > 0
    assert (again["at"] > again["at_fell"]).any()


@pytest.mark.parametrize("days", [0, 6, 21])
def test_no_visit_is_booked_before_visitors_are_approved(days: int) -> None:
    inputs = two_prisons(
        transfers=[transfer(number, 15) for number in range(12)],
        transferring=replace(TRANSFERRING, visitors_approved_days=days),
        seed=None,
    )
    log = simulate(inputs, establishment="BBB", seed=1, replication=0)
    movers = [f"P{number:05d}" for number in range(12)]
    booked = [day for who in movers for day in days_of(log, "booked", who)]
    early = [day for who in movers for day in days_of(log, "not_approved", who)]

    assert min(booked) >= 15 + days
    assert all(15 <= day < 15 + days for day in early)
    assert bool(early) == (days > 0)


def test_no_call_is_booked_before_numbers_are_cleared_in_working_days() -> None:
    """Moved on a Friday (day 4 after a Monday), three working days: until Wednesday."""
    inputs = two_prisons(
        transfers=[transfer(number, 4) for number in range(12)],
        transferring=replace(TRANSFERRING, numbers_cleared_days=3),
        seed=None,
    )
    log = simulate(inputs, establishment="BBB", seed=1, replication=0)

    place = log.year.place
    assert set(place.cleared_day[place.from_day == 4].tolist()) == {9}
    movers = [f"P{number:05d}" for number in range(12)]
    asked = [day for who in movers for day in days_of(log, "video_not_cleared", who)]
    booked = [day for who in movers for day in days_of(log, "video_booked", who)]
    assert asked
    assert all(4 <= day < 9 for day in asked)
    assert min(booked) >= 9


def test_bank_holidays_are_no_working_days() -> None:
    inputs = two_prisons(
        transfers=[transfer(0, 4)],
        transferring=replace(TRANSFERRING, numbers_cleared_days=1),
        bank_holidays=("2026-08-07",),
    )

    place = inputs.places["BBB"]
    # Friday is a holiday, so Monday is the working day
    assert place.cleared_day[place.from_day == 4].tolist() == [8]


def test_who_is_lent_comes_back_to_a_prison_that_knows_them() -> None:
    inputs = two_prisons(
        transfers=[transfer(3, 10, until_day=38)],
        transferring=replace(TRANSFERRING, visitors_approved_days=9, numbers_cleared_days=2),
    )
    home, away = inputs.places["AAA"], inputs.places["BBB"]
    stays = np.flatnonzero(home.prisoner_id == "P00003")

    assert home.from_day[stays].tolist() == [0, 38]
    assert home.approved_day[stays].tolist() == [0, 0]
    assert home.cleared_day[stays].tolist() == [0, 0]
    lent = np.flatnonzero(away.from_day == 10)
    assert away.prisoner_id[lent].tolist() == ["P00003"]
    assert away.until_day[lent].tolist() == [38]
    assert away.approved_day[lent].tolist() == [19]
    assert inputs.played_together() == [CODES]


def test_no_visit_is_booked_for_a_day_after_a_loan() -> None:
    inputs = two_prisons(
        transfers=[transfer(number, 10, until_day=31) for number in range(12)], seed=None
    )
    log = simulate(inputs, establishment="BBB", seed=1, replication=0)
    booked = np.flatnonzero(log.outcome == 1)
    lent = log.year.place.from_day[log.year.visits.person[log.request[booked]]] == 10

    assert lent.sum() > 10
    assert (log.year.sessions.day[log.slot[booked[lent]]] < 31).all()
    assert log.counts()["booking_fell"] == 0


def test_no_call_is_booked_for_a_day_after_a_loan() -> None:
    inputs = two_prisons(transfers=[transfer(number, 10, until_day=31) for number in range(12)])
    log = simulate(inputs, establishment="BBB", seed=1, replication=0)
    booked = log.of(VisitOutcome.VIDEO_BOOKED)
    call = log.request[booked] - len(log.year.visits)
    own = call < len(log.year.calls)
    person = log.year.calls.person[call[own]]
    lent = log.year.place.from_day[person] == 10

    assert lent.sum() > 10
    assert (log.year.video_slots.day[log.slot[booked][own][lent]] < 31).all()
    assert log.counts()[VisitOutcome.VIDEO_FELL] == 0


def test_what_could_be_had_is_looked_for_before_the_end_of_a_loan() -> None:
    """On the first day of the second four weeks, nobody could visit who goes back two days on."""
    with mock.patch("simulation.probe.PROBED_SHARE", 1.0):
        reachable = []
        for until in (30, 56):
            inputs = two_prisons(
                transfers=[transfer(number, 10, until_day=until) for number in range(12)],
                seed=None,
                demand=replace(DEMAND, wish_per_four_weeks=0.0),
            )
            log = simulate(inputs, establishment="BBB", seed=1, replication=0)
            lent = log.year.place.from_day[log.probed] == 10
            assert lent.any()
            reachable.append(log.reachable[lent].mean())

    assert reachable == [0.0, 1.0]


def test_the_mood_goes_along() -> None:
    """A family that was put off at one prison asks less at the other."""
    options = {
        "sessions": [session("BBB", n, day=day, open_tables=50) for n, day in enumerate(DAYS)],
        "transfers": [transfer(number, 28) for number in range(12)],
        "demand": replace(DEMAND, wish_per_four_weeks=12.0),
        "seed": None,
    }
    put_off = [
        simulate(
            two_prisons(mood=replace(MOOD, refusal_fall=fall), **options),
            establishment="BBB",
            seed=1,
            replication=0,
        ).counts()["put_off"]
        for fall in (0.0, 0.5)
    ]

    assert put_off[0] == 0
    assert put_off[1] > 10


def test_moves_are_made_so_many_a_week_on_working_days() -> None:
    year = replace(CALENDAR, warm_up_weeks=2, weeks=3)
    made = week_by_week([str(number) for number in range(100)], year, 7)

    assert len(made) == 21
    assert [who for who, _ in made] == [str(number) for number in range(21)]
    weeks = [(day - 14) // 7 for _, day in made]
    assert weeks == sorted([0, 1, 2] * 7)
    assert all((day - 14) % 7 < SATURDAY for _, day in made)
    assert year.start_date == date(2026, 8, 3)


def measured(inputs: SimulationInputs) -> pd.DataFrame:
    """Give the measures of one replication, in columns by measure."""
    tallies, _ = replicate(inputs, inputs.establishments, seed=1, replication=0, keep_log=False)
    found = estate_totals(tallies, weeks=inputs.calendar.weeks)
    keys = ["establishment", "group_by", "group"]
    return found.pivot_table(index=keys, columns="measure", values="value", dropna=False)


def test_person_time_adds_up_and_is_split_at_the_day_of_the_move() -> None:
    inputs = two_prisons(transfers=[transfer(0, 14), transfer(1, 7, until_day=35)])
    people = measured(inputs)["people"]

    assert people["AAA", "all", "all"] == pytest.approx(10 + 14 / 56 + 28 / 56)
    assert people["ALL", "all", "all"] == pytest.approx(24)
    since = people["ALL", "since_move"]
    assert since["weeks_0_to_4"] == pytest.approx(28 / 56 + 28 / 56 + 21 / 56)
    assert since["weeks_5_to_52"] == pytest.approx(14 / 56)
    assert since["not_moved"] == pytest.approx(22 + 14 / 56 + 7 / 56)


def test_what_movers_do_by_weeks_adds_up_to_what_everybody_does() -> None:
    inputs = two_prisons(
        transfers=[transfer(number, 10 + number) for number in range(12)],
        transferring=replace(TRANSFERRING, visitors_approved_days=5, numbers_cleared_days=2),
    )
    found = measured(inputs).loc["ALL"]
    counted = [
        "visits", "requests", "video_calls", "video_requests", "bookings_fell", "video_fell",
        "attempts_before_approval", "video_before_clearance",
    ]  # fmt: skip
    by_weeks = found.loc["since_move"]

    for name in counted:
        assert by_weeks[name].sum() == found[name]["all", "all"]
        assert found[name]["all", "all"] > 0
    assert (by_weeks.loc["weeks_0_to_4", ["bookings_fell", "video_fell"]] == 0).all()
    assert by_weeks["attempts_before_approval"]["weeks_5_to_52"] == 0


def test_visits_and_requests_of_the_first_28_days_are_those_of_weeks_0_to_4() -> None:
    """Twelve people are moved on day 10, so day 37 is the last of their four weeks."""
    inputs = two_prisons(transfers=[transfer(number, 10) for number in range(12)])
    by_weeks = measured(inputs).loc["ALL", "since_move"]
    log = simulate(inputs, establishment="BBB", seed=1, replication=0)
    moved = np.flatnonzero(log.year.place.from_day == 10)
    attended = log.request[log.of(VisitOutcome.ATTENDED)]
    visits = log.year.sessions.day[log.slot[log.of(VisitOutcome.ATTENDED)]]
    visits = visits[np.isin(log.year.visits.person[attended], moved)]
    asked = log.year.visits.asked_minutes[np.isin(log.year.visits.person, moved)] // 1440

    for name, days in (("visits", visits), ("requests", asked)):
        assert by_weeks[name]["weeks_0_to_4"] == (days < 38).sum() > 0
        assert by_weeks[name]["weeks_5_to_52"] == (days >= 38).sum() > 0


def test_only_four_weeks_within_one_stay_count_for_contact() -> None:
    """Moved on day 30 of 56: the first four weeks count there; 26 days are no four weeks here."""
    counts = contact_counts(
        CALENDAR,
        has_party=np.array([True, True]),
        contact_refused=np.array([False, False]),
        visits=Days(person=np.array([0, 1]), day=np.array([3, 40])),
        calls=Days(person=np.array([], dtype=np.int64), day=np.array([], dtype=np.int64)),
        asked=Days(person=np.array([], dtype=np.int64), day=np.array([], dtype=np.int64)),
        unmet=Days(person=np.array([], dtype=np.int64), day=np.array([], dtype=np.int64)),
        presence=Presence(from_day=np.array([0, 30]), until_day=np.array([30, BEYOND])),
    )

    assert counts["person_periods"].tolist() == [1, 0]
    assert counts["periods_with_visit"].tolist() == [1, 0]
    assert counts["periods_without_contact"].tolist() == [0, 0]
    assert counts["people_all_year"].tolist() == [0, 0]


def test_people_who_are_nowhere_for_four_weeks_count_with_no_video_call() -> None:
    """Everybody leaves on day 20, before anybody has been there for four weeks."""
    found = measured(two_prisons(transfers=[transfer(number, 20) for number in range(12)]))
    left = found.loc[("AAA", "all", "all")]

    assert left["people"] > 0
    assert left["people_with_video_calls"] == 0


def test_four_weeks_are_counted_from_the_move_on() -> None:
    visits = Days(person=np.array([0, 0, 0]), day=np.array([11, 37, 38]))
    none = Days(person=np.array([], dtype=np.int64), day=np.array([], dtype=np.int64))
    first, later = contact_since_move(
        replace(CALENDAR, weeks=13),
        visits=visits,
        calls=none,
        presence=Presence(from_day=np.array([10, 0]), until_day=np.array([80, BEYOND])),
    )

    assert first["person_periods"].tolist() == [1, 0]
    assert first["periods_with_regular_contact"].tolist() == [1, 0]
    assert later["person_periods"].tolist() == [1, 0]
    assert later["periods_with_visit"].tolist() == [1, 0]
    assert later["periods_with_regular_contact"].tolist() == [0, 0]

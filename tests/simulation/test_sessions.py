"""When sessions are held, for whom they are and who can get there, on cases worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Literal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from data.estate import load_estate
from data.load import read_table
from data.where import Where
from scenarios.load import load_scenario
from simulation.coming import party_times
from simulation.log import VisitLog, VisitOutcome
from simulation.open_days import calendar_problems, family_days
from simulation.regime import (
    AddedSessions,
    SessionTables,
    SessionTimes,
    Shuttle,
    session_problems,
    sessions_under,
    shuttle_gbp_per_year,
)
from simulation.simulate import SimulationInputs, simulate
from simulation.timetable import ORDER_RULES, acceptable_slots, next_sessions, visit_slots
from tests.simulation.small_prison import (
    CALENDAR,
    COMING,
    DEMAND,
    NO_ALLOWANCE,
    REGIME,
    daily,
    prison,
    session,
)
from tests.simulation.test_rules import estate


def dates_held(inputs: SimulationInputs, template: str | None = None) -> list[date]:
    """Give the dates of the sessions of the first nine weeks."""
    slots = simulate(inputs, establishment="AAA", seed=1, replication=0).year.sessions
    names = np.array(inputs.sessions["AAA"]["template"], dtype=object)[slots.template]
    chosen = slots.day[names == template] if template else slots.day
    return [CALENDAR.first_date + timedelta(days=day) for day in chosen.tolist() if day < 63]


def booked(log: VisitLog) -> pd.DataFrame:
    """Give person, party and slot of every booking."""
    rows = log.of(VisitOutcome.BOOKED)
    request = log.request[rows]
    return pd.DataFrame(
        {
            "person": log.year.visits.person[request],
            "party": log.year.visits.party[request],
            "day": log.year.sessions.day[log.slot[rows]],
            "template": log.year.templates[log.year.sessions.template[log.slot[rows]]],
        }
    )


def test_excluded_dates_close_one_session_or_all() -> None:
    """The Saturday session is off on 15 August, and everything from the 22nd to the 30th."""
    inputs = prison(
        sessions=[session(number=0, day="sat"), session(number=1, day="tue")],
        excluded_dates=[
            ("AAA", "AAA-0", "2026-08-15", "2026-08-16"),
            ("AAA", "", "2026-08-22", "2026-08-30"),
        ],
    )

    held = dates_held(inputs)

    assert held[:6] == [date(2026, 8, day) for day in (4, 8, 11, 18)] + [
        date(2026, 9, 1),
        date(2026, 9, 5),
    ]


def test_a_closed_day_of_the_year_closes_every_hall() -> None:
    regime = replace(NO_ALLOWANCE, closed_dates=("08-15",))

    held = dates_held(prison(sessions=[session()], regime=regime))

    assert held[:2] == [date(2026, 8, 8), date(2026, 8, 22)]


@pytest.mark.parametrize(("share", "is_held"), [(0.0, False), (1.0, True)])
def test_sessions_of_a_bank_holiday_are_held_or_not(share: float, is_held: bool) -> None:
    """31 August 2026 is a Monday."""
    inputs = prison(
        sessions=[session(day="mon")],
        bank_holidays=["2026-08-31"],
        regime=replace(NO_ALLOWANCE, bank_holiday_held_share=share),
    )

    held = dates_held(inputs)

    assert (date(2026, 8, 31) in held) == is_held
    assert {date(2026, 8, 24), date(2026, 9, 7)} <= set(held)


def test_bank_holidays_are_those_of_the_act() -> None:
    """Mondays and Good Fridays, and 25, 26 December and 1 January or the next weekdays.

    Easter Sunday is 5 April 2026, 28 March 2027 and 16 April 2028.
    """
    days = [date.fromisoformat(day) for day in read_table("bank_holidays")["date"]]
    easter = [date(2026, 4, 5), date(2027, 3, 28), date(2028, 4, 16)]

    assert len(days) == 24
    assert all(day.weekday() < 5 for day in days)
    assert {day - timedelta(days=2) for day in easter} <= set(days)
    assert {day + timedelta(days=1) for day in easter} <= set(days)
    assert [day for day in days if day.month in (12, 1)] == [
        date(2026, 1, 1),
        date(2026, 12, 25),
        date(2026, 12, 28),
        date(2027, 1, 1),
        date(2027, 12, 27),
        date(2027, 12, 28),
        date(2028, 1, 3),
        date(2028, 12, 25),
        date(2028, 12, 26),
    ]


@pytest.mark.parametrize(
    ("cells", "welcome"),
    [
        ({"categories": "!B"}, lambda place, person: place.category[person] != "B"),
        ({"incentive_levels": "!basic"}, lambda place, who: place.incentive_level[who] != "basic"),
        ({"conviction_status": "!remand"}, lambda place, person: place.convicted[person]),
        ({"units": "AAA-1"}, lambda place, person: place.unit[person] == "AAA-1"),
        ({"units": "!AAA-1"}, lambda place, person: place.unit[person] == "AAA-2"),
    ],
)  # fmt: skip
def test_a_session_lets_in_whom_it_is_for(cells: dict[str, str], welcome: object) -> None:
    """Everybody welcome gets in sooner or later, and nobody else does."""
    inputs = prison(people=40, seed=4, sessions=[row | cells for row in daily(30)])
    place = inputs.places["AAA"]
    log = simulate(inputs, establishment="AAA", seed=1, replication=0)

    visited = np.unique(booked(log)["person"])

    others = np.setdiff1d(np.unique(log.year.visits.person), visited)
    free = place.conditions[place.last_party]
    assert len(visited) > 5
    assert all(welcome(place, person) for person in visited)  # type: ignore[operator]
    assert not any(welcome(place, person) and not free[person] for person in others)  # type: ignore[operator]


def test_positions_carry_the_order_that_the_session_asks_for() -> None:
    rules = ["", "visit_order", "privileged_order", "none"]
    rows = [session(number=n, day="mon", order_rule=rule) for n, rule in enumerate(rules)]
    rows.append(session(number=4, day="tue", kind="family_day"))

    slots = visit_slots(pd.DataFrame(rows), CALENDAR, days=7, evening_from="16:30")

    assert [ORDER_RULES[rule] for rule in slots.weekly.order_rule] == [*rules, "none"]


def test_pupils_come_on_weekdays_when_there_is_no_school() -> None:
    """With school to 1 September in England, the Tuesday session is theirs up to that day."""
    inputs = prison(
        people=30,
        sessions=[session(day="tue", open_tables=30)],
        coming=replace(COMING, holiday_free_share=1.0),
        calendar=replace(CALENDAR, weeks=6),
    )
    place = inputs.places["AAA"]
    pupils = replace(
        place,
        availability=np.full(30, "after_school_or_work", dtype=object),
        children=np.repeat([1, 0], 15),
    )

    log = simulate(
        replace(inputs, places={"AAA": pupils}), establishment="AAA", seed=1, replication=0
    )

    found = booked(log)
    assert set(found["party"]) <= set(range(15))
    assert set(found["day"]) == {8, 15, 22, 29}


def test_holidays_of_wales_are_its_own() -> None:
    """Schools in Wales are back on 1 September, a Tuesday, in England a day later."""
    at_school = [
        CALENDAR.is_school_day(np.array([28, 29, 30]), country).tolist()
        for country in ("England", "Wales")
    ]

    assert at_school == [[False, False, True], [False, True, True]]


@pytest.mark.parametrize(
    ("one_way", "within"),
    [
        (60.0, ["09:30", "14:00", "17:00"]),
        (200.0, ["09:30", "14:00", "17:00"]),
        (260.0, ["14:00"]),
        (300.0, ["05:30", "06:30", "09:30", "14:00", "17:00", "19:00"]),
    ],
)
def test_who_has_no_car_must_get_there_and_back(one_way: float, within: list[str]) -> None:
    """First out at 06:00, last home at 20:00, at home by 23:00; five hours are a night away."""
    times = {"05:30": "07:15", "06:30": "08:15", "09:30": "11:15", "14:00": "15:45"}
    times |= {"17:00": "18:45", "19:00": "20:45"}
    rows = [
        session(number=n, day="sat", start=start, end=end)
        for n, (start, end) in enumerate(times.items())
    ]
    inputs = prison(people=2, sessions=rows)
    place = replace(
        inputs.places["AAA"],
        has_car=np.array([False, True]),
        return_minutes=np.full(2, 2 * one_way),
    )
    slots = visit_slots(pd.DataFrame(rows), CALENDAR, days=7, evening_from="16:30")
    bound = party_times(place, replace(COMING, public_transport_share=1.0), seed=1, replication=0)

    by_bus, by_car = acceptable_slots(slots.weekly, place, bound, inputs.sessions["AAA"])

    assert [start for n, start in enumerate(times) if by_bus >> n & 1] == within
    assert by_car == 2 ** len(times) - 1


def test_a_year_without_known_holidays_is_told_when_it_matters() -> None:
    """Bank holidays are known to 2028, school holidays to August 2027."""
    known = load_estate()
    far = replace(CALENDAR, start_date=date(2029, 1, 1), weeks=52)
    off = replace(REGIME, bank_holiday_held_share=0.5)

    assert calendar_problems(known, REGIME, far, pupils_come=False) == []
    assert calendar_problems(known, off, CALENDAR, pupils_come=True) == []
    bank, england, wales = calendar_problems(known, off, far, pupils_come=True)
    assert bank.startswith("regime.bank_holiday_held_share: bank_holidays.csv has no date in 2029.")
    assert "calendar.school_holidays: no school holiday in 365 days on end" in england
    assert wales.startswith("calendar.school_holidays_wales: ")


FAMILY = replace(NO_ALLOWANCE, family_days_per_year=12, family_day_tables_share=0.5)


@given(start=st.dates(date(2026, 1, 5), date(2029, 1, 1)), number=st.integers(1, 52))
def test_any_52_weeks_have_as_many_family_days_as_planned(start: date, number: int) -> None:
    regime = replace(FAMILY, family_days_per_year=number)
    year = replace(CALENDAR, start_date=start, weeks=52)

    days = family_days(regime, year, "England") - (start - date(1970, 1, 1)).days

    assert int((days < 364).sum()) == number
    assert {(start + timedelta(days=int(day))).weekday() for day in days} == {5}


@pytest.mark.parametrize("nation", ["England", "Wales"])
@pytest.mark.parametrize("warm_up_weeks", [0, 4])
@pytest.mark.parametrize("when", ["weekends", "holidays", "school_days"])
def test_the_measured_year_has_as_many_family_days_as_planned(
    when: Literal["weekends", "holidays", "school_days"], warm_up_weeks: int, nation: str
) -> None:
    """School holidays lie unevenly: more of them before and after the year than in it."""
    year = replace(load_scenario("baseline").calendar, warm_up_weeks=warm_up_weeks)
    first = (year.start_date - date(1970, 1, 1)).days

    for number in range(1, 13):
        regime = replace(FAMILY, family_days_in=when, family_days_per_year=number)
        days = family_days(regime, year, nation)
        assert int(((days >= first) & (days < first + 364)).sum()) == number


@pytest.mark.parametrize("weeks", [8, 52])
@pytest.mark.parametrize("nation", ["England", "Wales"])
@pytest.mark.parametrize("when", ["weekends", "holidays", "school_days"])
def test_family_days_keep_their_dates_whatever_is_played_before_and_can_be_booked(
    when: Literal["weekends", "holidays", "school_days"], nation: str, weeks: int
) -> None:
    """A run from a start state, without a warm-up, has those of the run that saved it."""
    regime = replace(FAMILY, family_days_in=when)
    year = replace(load_scenario("baseline").calendar, weeks=weeks)
    usual = family_days(regime, year, nation)
    first = (year.start_date - date(1970, 1, 1)).days

    for warm_up_weeks, notice_days_max in ((0, 28), (2, 28), (8, 28), (0, 14), (4, 60), (20, 90)):
        days = family_days(
            replace(regime, notice_days_max=notice_days_max),
            replace(year, warm_up_weeks=warm_up_weeks),
            nation,
        )
        begins = max(first - 7 * warm_up_weeks, first - 7 * year.warm_up_weeks)
        ends = first + 7 * weeks + min(notice_days_max, regime.notice_days_max)
        here, there = (each[(each >= begins) & (each <= ends)] for each in (days, usual))
        assert here.tolist() == there.tolist()


def test_family_days_of_the_baseline_are_these() -> None:
    """A rule that moves them moves every figure of a run."""
    baseline = load_scenario("baseline")

    of_nation = {
        nation: family_days(baseline.regime, baseline.calendar, nation)
        for nation in ("England", "Wales")
    }

    told = {
        nation: [f"{date(1970, 1, 1) + timedelta(days=int(day)):%d.%m.%y}" for day in days]
        for nation, days in of_nation.items()
    }
    assert told == {
        "England": ["21.10.26", "13.01.27", "24.03.27", "16.06.27"],
        "Wales": ["14.10.26", "06.01.27", "17.03.27", "09.06.27"],
    }


def test_family_days_in_the_holidays_are_wednesdays_without_school() -> None:
    regime = replace(FAMILY, family_days_in="holidays", family_days_per_year=52)

    days = family_days(regime, CALENDAR, "Wales")

    told = [date(1970, 1, 1) + timedelta(days=int(day)) for day in days]
    assert told == [date(2026, 8, day) for day in (5, 12, 19, 26)]


def test_family_days_in_school_hours_are_wednesdays_of_term() -> None:
    regime = replace(FAMILY, family_days_in="school_days", family_days_per_year=52)

    days = family_days(regime, replace(CALENDAR, weeks=4), "Wales")

    told = [date(1970, 1, 1) + timedelta(days=int(day)) for day in days]
    assert told == [date(2026, 9, day) for day in (2, 9, 16, 23)]


def test_a_family_day_is_for_families_with_children_and_takes_the_hall() -> None:
    """Every Saturday from 10:00 to 14:00: the session at 13:00 makes room, that at 15:00 stays."""
    rows = [
        session(number=0, day="sat", start="13:00", end="14:30", open_tables=30),
        session(number=1, day="sat", start="15:00", end="16:00", open_tables=8),
    ]
    inputs = prison(
        people=30, sessions=rows, regime=replace(FAMILY, family_days_per_year=52), seed=3
    )
    log = simulate(inputs, establishment="AAA", seed=1, replication=0)

    found = booked(log)
    on_family_days = found[found["template"] == "AAA-family-day"]

    here = inputs.sessions["AAA"]
    assert here["open_tables"][here["template"].index("AAA-family-day")] == 15
    assert dates_held(inputs, "AAA-0") == []
    assert len(dates_held(inputs, "AAA-1")) == 9
    assert len(on_family_days) > 0
    assert (log.year.place.children[on_family_days["party"]] > 0).all()


def test_shifted_sessions_begin_and_end_later() -> None:
    regime = replace(
        REGIME, session_times=(SessionTimes(where=Where(sex="men"), shift_minutes=45),)
    )

    shifted = sessions_under(estate(), regime)

    assert shifted[["establishment", "start", "end"]].drop_duplicates().to_numpy().tolist() == [
        ["AAA", "14:45", "16:45"],
        ["BBB", "14:00", "16:00"],
    ]


def test_sessions_shifted_past_midnight_and_added_at_one_time_are_told() -> None:
    """The added sessions of a prison share a hall: 18:00 to 19:30 and 19:00 to 20:00 clash."""
    evenings = [
        AddedSessions(where=Where(sex="men"), days=("tue",), start=start, end=end, open_tables=5)
        for start, end in (("18:00", "19:30"), ("19:00", "20:00"))
    ]
    late = replace(REGIME, session_times=(SessionTimes(where=Where(), shift_minutes=600),))

    (clash,) = session_problems(estate(), replace(REGIME, added_sessions=tuple(evenings)))
    (shifted,) = session_problems(estate(), late)

    assert "AAA-added-0-tue and AAA-added-1-tue would both be held in hall added of AAA" in clash
    assert "would begin or end on another day (14:00 shifted by 600 minutes)" in shifted
    assert shifted.startswith("regime.session_times: AAA-0 of AAA would begin")
    assert shifted.endswith(", and so would 2 more. Shift by less.")
    assert session_problems(estate(), replace(REGIME, added_sessions=tuple(evenings[:1]))) == []


def test_sessions_that_clash_in_the_same_way_at_many_prisons_are_told_once() -> None:
    """They stay told beside sessions that are shifted past midnight."""
    evenings = tuple(
        AddedSessions(where=Where(), days=("tue",), start=start, end=end, open_tables=5)
        for start, end in (("18:00", "19:30"), ("19:00", "20:00"))
    )
    late = (SessionTimes(where=Where(), shift_minutes=600),)

    (clash,) = session_problems(estate(), replace(REGIME, added_sessions=evenings))
    both = session_problems(estate(), replace(REGIME, added_sessions=evenings, session_times=late))

    assert clash.endswith(
        "AAA-added-0-tue and AAA-added-1-tue would both be held in hall added of AAA on tue, "
        "18:00 to 19:30 and 19:00 to 20:00, and so at BBB. Change the times or the days."
    )
    assert [problem for problem in both if problem != clash] == session_problems(
        estate(), replace(REGIME, session_times=late)
    )
    assert clash in both


def test_a_shuttle_saves_minutes_and_costs_a_fare_where_there_is_no_car() -> None:
    """100 minutes there and back become 40; time was worth 25 pounds, of which 15 are saved."""
    plain = prison(people=2).places["AAA"]
    inputs = prison(people=2, has_car=False)
    regime = replace(
        NO_ALLOWANCE, shuttles=(Shuttle(where=Where(), minutes_saved=30.0, fare_gbp=4.0),)
    )
    shuttled = prison(people=2, has_car=False, regime=regime).places["AAA"]
    driven = prison(people=2, regime=regime).places["AAA"]

    assert inputs.places["AAA"].return_minutes.tolist() == [100.0, 100.0]
    assert shuttled.return_minutes.tolist() == [40.0, 40.0]
    assert (shuttled.net_cost_gbp - plain.net_cost_gbp).tolist() == [-11.0, -11.0]
    assert (shuttled.money_gbp - plain.money_gbp).tolist() == [4.0, 4.0]
    assert driven.net_cost_gbp.tolist() == plain.net_cost_gbp.tolist()


@pytest.mark.parametrize(
    ("last_bus", "within"),
    [
        (None, ["14:00", "18:00"]),
        ("19:30", ["14:00", "18:00"]),
        ("21:15", ["14:00", "18:00", "19:00"]),
        ("23:00", ["14:00", "18:00", "19:00", "20:00"]),
    ],
)
def test_a_shuttle_that_runs_late_brings_evening_sessions_within_reach(
    last_bus: str | None, within: list[str]
) -> None:
    """Nobody has a car; 50 minutes one way, so whoever leaves by 22:10 is home by 23:00."""
    times = {"14:00": "16:00", "18:00": "19:45", "19:00": "21:00", "20:00": "22:00"}
    times |= {"21:00": "22:30"}
    rows = [
        session(number=n, day="tue", hall=start, start=start, end=end)
        for n, (start, end) in enumerate(times.items())
    ]
    late = Shuttle(where=Where(), minutes_saved=0.0, last_departure=last_bus)
    early = Shuttle(where=Where(), minutes_saved=0.0, last_departure="09:00")
    inputs = prison(
        people=30, has_car=False, sessions=rows, calendar=replace(CALENDAR, weeks=2),
        coming=replace(COMING, public_transport_share=1.0),
        regime=replace(NO_ALLOWANCE, shuttles=(late, early)),
    )  # fmt: skip
    log = simulate(inputs, establishment="AAA", seed=1, replication=0)

    slots = log.slot[log.of(VisitOutcome.BOOKED)]
    booked = sorted(
        {f"{minute // 60:02.0f}:00" for minute in log.year.sessions.start[slots] % 1440}
    )

    assert booked == within


def test_a_shuttle_runs_on_days_with_sessions() -> None:
    """AAA has sessions on Saturdays and Tuesdays, BBB on Saturdays: 2 * 52 * 100 pounds at AAA."""
    regime = replace(
        REGIME,
        shuttles=(Shuttle(where=Where(sex="men"), minutes_saved=10.0, cost_gbp_per_day=100.0),),
        family_days_per_year=12,
        family_days_in="holidays",
    )

    assert shuttle_gbp_per_year(estate(), regime, 52) == 10_400.0
    assert shuttle_gbp_per_year(estate(), REGIME, 52) == 0.0


def test_a_shuttle_stays_away_on_days_without_a_table() -> None:
    """AAA loses its Tuesday to an edit: it and BBB have a day a week of 100 pounds each."""
    cut = SessionTables(where=Where(establishment=("AAA",)), days=("tue",), multiply=0.0)
    regime = replace(
        REGIME,
        shuttles=(Shuttle(where=Where(), minutes_saved=10.0, cost_gbp_per_day=100.0),),
        session_tables=(cut,),
    )
    closed_only = replace(cut, add_closed_tables=1)

    at_both = shuttle_gbp_per_year(estate(), regime, 52)
    with_closed = shuttle_gbp_per_year(estate(), replace(regime, session_tables=(closed_only,)), 52)

    assert (at_both, with_closed) == (10_400.0, 15_600.0)


def test_the_next_session_of_a_hall_follows_within_the_gap() -> None:
    rows = [
        session(number=0, start="13:30", end="14:30", closed_tables=1),
        session(number=1, start="14:45", end="15:45"),
        session(number=2, start="16:30", end="17:30"),
        session(number=3, start="14:30", end="15:30", hall="other"),
    ]
    slots = visit_slots(pd.DataFrame(rows), CALENDAR, days=7, evening_from="16:30")

    following = next_sessions(slots, pd.DataFrame(rows), 20.0)

    names = [(int(t), bool(c)) for t, c in zip(slots.template, slots.weekly.closed, strict=True)]
    assert [(names[one], names[other]) for one, other in enumerate(following) if other >= 0] == [
        ((0, False), (1, False))
    ]


@hypothesis_settings(max_examples=25)
@given(
    share=st.floats(0, 1), transport=st.floats(0, 1), held=st.floats(0, 1), seed=st.integers(0, 99)
)
def test_what_keeps_families_away_changes_no_draw(
    share: float, transport: float, held: float, seed: int
) -> None:
    """Requests are the same whoever can come."""
    plain = prison(people=8, sessions=daily(2), seed=seed)
    bound = replace(
        plain,
        coming=replace(COMING, holiday_free_share=share, public_transport_share=transport),
        regime=replace(NO_ALLOWANCE, bank_holiday_held_share=held),
    )

    one, other = (
        simulate(inputs, establishment="AAA", seed=seed, replication=0) for inputs in (plain, bound)
    )

    for column in ("asked_minutes", "party", "no_show", "cancels", "attempts"):
        left, right = getattr(one.year.visits, column), getattr(other.year.visits, column)
        assert left.tolist() == right.tolist()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: replace(REGIME, closed_dates=("02-30",)), "is no day of the year"),
        (lambda: replace(REGIME, family_days_per_year=53), "give 0 to 52"),
        (lambda: replace(REGIME, family_day_from="22:00"), "does not end on its day"),
        (lambda: replace(REGIME, bank_holiday_held_share=1.5), "not between 0 and 1"),
        (lambda: replace(COMING, holiday_free_share=-0.1), "not between 0 and 1"),
        (lambda: replace(COMING, home_until="05:00"), "is not after leave_home_from"),
        (lambda: replace(COMING, overnight_from_minutes=-1.0), "below 0"),
        (lambda: Shuttle(where=Where(), minutes_saved=-5.0), "give 0 or more"),
        (
            lambda: Shuttle(where=Where(), minutes_saved=5.0, last_departure="9pm"),
            "no.*time of day",
        ),
        (lambda: SessionTimes(where=Where(), shift_minutes=5, days=("monday",)), "no day 'monday'"),
    ],
)
def test_settings_that_make_no_sense_are_refused(make: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()  # type: ignore[operator]


def test_sessions_split_by_school_days_are_the_same_to_who_can_come_to_both() -> None:
    """With tables for everybody, the holidays of one pupil change nobody else's bookings."""
    rows = [session(number=n, day=day, open_tables=40) for n, day in enumerate(("mon", "wed"))]
    demand = replace(DEMAND, wish_per_four_weeks=6.0, cancel_share=0.3)
    plain = prison(people=12, sessions=rows, demand=demand)
    place = plain.places["AAA"]
    is_last = np.arange(12) == 11
    pupil = replace(
        place,
        children=is_last.astype(np.int64),
        availability=np.where(is_last, "after_school_or_work", place.availability),
    )
    at_school = replace(plain, places={"AAA": pupil})
    on_holiday = replace(at_school, coming=replace(COMING, holiday_free_share=1.0))

    before, after = (
        booked(simulate(inputs, establishment="AAA", seed=2, replication=0))
        for inputs in (at_school, on_holiday)
    )

    columns = ["person", "day", "template"]
    others = after[after["person"] < 11]
    assert before[columns].to_numpy().tolist() == others[columns].to_numpy().tolist()
    assert len(others) < len(after)


ORDERS = replace(
    REGIME,
    orders_per_14_days=0,
    privileged_orders_basic=0,
    privileged_orders_standard=1,
    privileged_orders_enhanced=1,
    opening_orders=0,
)
"""One privileged order every 28 days and no other."""


@pytest.mark.parametrize(
    ("rule", "opening", "privileged", "visits"),
    [
        ("visit_order", 2, 5, 2),
        ("visit_order", 0, 5, 0),
        ("privileged_order", 2, 1, 1),
        ("privileged_order", 2, 0, 0),
        ("", 2, 1, 3),
        ("none", 0, 0, 7),
    ],
)
def test_a_session_takes_the_order_that_it_asks_for(
    rule: str, opening: int, privileged: int, visits: int
) -> None:
    """One person asks all day long for the seven sessions of days 2 to 28."""
    regime = replace(
        ORDERS, opening_orders=opening, privileged_orders_standard=privileged, notice_days_max=29
    )
    rows = [
        session(number=n, day=day, open_tables=9, order_rule=rule)
        for n, day in enumerate(("tue", "sat"))
    ]
    demand = replace(DEMAND, wish_per_four_weeks=600.0)
    inputs = prison(
        people=1, sessions=rows, regime=regime, demand=demand,
        calendar=replace(CALENDAR, weeks=1),
    )  # fmt: skip

    found = booked(simulate(inputs, establishment="AAA", seed=1, replication=0))

    within = found[found["day"] <= 28]
    assert len(within) == visits


def test_sessions_without_an_order_do_not_count_to_the_limit_of_remand() -> None:
    """One visit a week is the limit; the Tuesday session asks for no order."""
    inputs = prison(
        people=1,
        sessions=[
            session(number=0, day="tue", open_tables=9, order_rule="none"),
            session(number=1, day="thu", open_tables=9),
            session(number=2, day="sat", open_tables=9),
        ],
        regime=replace(REGIME, remand_visits_per_week=1, notice_days_min=1, notice_days_max=13),
        demand=replace(DEMAND, wish_per_four_weeks=600.0),
        calendar=replace(CALENDAR, weeks=2),
    )
    place = replace(inputs.places["AAA"], convicted=np.array([False]))
    log = simulate(
        replace(inputs, places={"AAA": place}), establishment="AAA", seed=1, replication=0
    )

    found = booked(log)

    assert sorted(found["day"].tolist())[:4] == [1, 3, 8, 10]

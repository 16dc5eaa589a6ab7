"""The rules of visits one by one, on cases small enough to work out by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.estate import Estate
from data.where import Where
from simulation.clock import Calendar, clock_minutes
from simulation.demand import keep_share, poisson, visit_requests
from simulation.log import VisitOutcome
from simulation.orders import Orders
from simulation.regime import AddedSessions, SessionTables, VisitsRegime, sessions_under
from simulation.simulate import simulate
from simulation.slots import SlotCalendar
from simulation.timetable import KINDS, visit_slots
from simulation.video import AddedHours, StationsEdit, VideoRegime, stations_under
from tests.simulation.small_prison import (
    ALLOWANCE,
    CALENDAR,
    COMING,
    DEMAND,
    NO_ALLOWANCE,
    REGIME,
    VIDEO,
    daily,
    prison,
    session,
    stations,
)


def orders(**changes: object) -> Orders:
    """Give the orders of one person, first privileged order on day 3."""
    rules = {
        "granted": [1],
        "privileged": [1],
        "cap": 3,
        "opening": 0,
        "debt": 0,
        "swaps": [False],
        "received": [-500],
        "reception_visits": 0,
    } | changes
    return Orders([True], [3], **rules)  # type: ignore[arg-type]


def test_orders_come_every_fourteen_days_and_privileged_ones_every_twenty_eight() -> None:
    """One privileged order from the start; orders on days 3 and 17, both kinds on day 31."""
    book = orders()
    taken = []
    for day in range(40):
        if book.in_hand(0, day):
            book.spend(0, day)
            taken.append(day)

    assert taken == [0, 3, 4, 17, 31, 32]


def test_orders_exchanged_meanwhile_are_not_in_hand() -> None:
    """The opening orders come from day -11 and are 28 days old on day 17, when one more comes."""
    book = orders(opening=3, swaps=[True], privileged=[0], granted=[0])

    assert book.in_hand(0, 16)
    assert not book.in_hand(0, 17)


def test_orders_stop_at_the_cap() -> None:
    """By day 200 fifteen were granted; three and the privileged one are left."""
    book = orders()
    in_hand = 0
    while book.in_hand(0, 200):
        book.spend(0, 200)
        in_hand += 1

    assert in_hand == 4


def test_a_cancelled_booking_gives_its_order_back_up_to_the_cap() -> None:
    book = orders(opening=3)
    book.give_back(0, 1)
    in_hand = 0
    while book.in_hand(0, 1):
        book.spend(0, 1)
        in_hand += 1

    assert in_hand == 4


def test_a_cancelled_visit_on_reception_gives_no_order_back() -> None:
    """Nothing but the visit on reception is there; within the fortnight it can be booked again."""
    book = orders(granted=[0], privileged=[0], received=[0], reception_visits=1)

    paid = book.spend(0, 2)
    assert not book.in_hand(0, 3)
    book.give_back(0, 3, paid)
    assert book.in_hand(0, 13)
    assert not book.in_hand(0, 14)
    assert book.balance == [0]


def test_a_privileged_order_comes_back_as_one_and_lapses_with_its_twenty_eight_days() -> None:
    """Granted before the first day for the period that ends on day 3; the next ends on day 31."""
    book = orders(granted=[0])
    paid = book.spend(0, 1)
    assert not book.in_hand(0, 2)
    book.give_back(0, 2, paid)

    assert book.by_kind(0, 2) == (False, True)
    assert book.spend(0, 2) == paid == 3
    book.give_back(0, 3, paid)
    assert book.by_kind(0, 3) == (False, True)
    assert book.counts(3)["orders_lapsed"].tolist() == [1]
    book.spend(0, 3)
    assert not book.in_hand(0, 30)
    assert book.in_hand(0, 31)


def test_of_two_orders_a_cancelled_visit_gives_back_the_one_that_paid() -> None:
    """With the visit order left alone, a visit that asks for a privileged one can be had again."""
    book = orders(opening=1, granted=[0])
    paid = book.spend(0, 1)
    book.give_back(0, 2, paid)

    assert book.by_kind(0, 2) == (True, True)
    assert book.balance == [1]


@pytest.mark.parametrize("rule", ["", "visit_order"])
def test_cancelling_the_visit_on_reception_leaves_nothing_to_book_after_the_fortnight(
    rule: str,
) -> None:
    """Nobody is granted an order: whoever is newly here has one visit, held or cancelled."""
    regime = replace(
        REGIME, orders_per_14_days=0, opening_orders=0, privileged_orders_standard=0,
        privileged_orders_basic=0, privileged_orders_enhanced=0,
    )  # fmt: skip
    inputs = prison(
        people=60,
        seed=4,
        sessions=[row | {"order_rule": rule} for row in daily(9)],
        demand=replace(DEMAND, wish_per_four_weeks=12.0, cancel_share=0.8),
        regime=regime,
        allowance=replace(ALLOWANCE, reception_visits=1),
    )

    log = simulate(inputs, establishment="AAA", seed=1, replication=0)

    convicted = inputs.places["AAA"].convicted[log.year.visits.person[log.request]]
    booked = log.of(VisitOutcome.BOOKED) & convicted
    person = log.year.visits.person[log.request]
    assert (log.of(VisitOutcome.CANCELLED) & convicted).sum() > 5
    received = inputs.places["AAA"].received_day[person[booked]]
    days = log.minutes[booked] // 1440 - received
    assert ((days >= 0) & (days < 14)).all()


def test_unconvicted_people_need_no_order() -> None:
    """With no order granted to anybody, people on remand are visited and the others are not."""
    regime = replace(
        REGIME, orders_per_14_days=0, opening_orders=0, privileged_orders_standard=0,
        privileged_orders_basic=0, privileged_orders_enhanced=0,
    )  # fmt: skip
    inputs = prison(people=30, sessions=daily(5), regime=regime, seed=1)
    place = inputs.places["AAA"]

    log = simulate(inputs, establishment="AAA", seed=1, replication=0)

    visited = log.year.visits.person[log.request[log.of(VisitOutcome.ATTENDED)]]
    assert len(visited) > 0
    assert not place.convicted[visited].any()


def test_request_finds_only_sessions_within_the_window() -> None:
    """Asked on Monday day 0 with 2 to 4 days' notice: Wednesday to Friday."""
    slots = visit_slots(pd.DataFrame(daily(1)), CALENDAR, days=20, evening_from="16:30")
    tables = SlotCalendar(slots, slots.week, [None] * 4, notice_days=(2, 4), days=10)

    everything = tables.every_week(-1 % 2**7)
    found = [tables.take(everything, person, 0) for person in range(4)]

    assert [int(slots.day[slot]) for slot in found[:3]] == [2, 3, 4]
    assert found[3] == -1


def daily_calendar(tables: int, most: int, weekly: int | None = None) -> tuple[SlotCalendar, int]:
    """Give a calendar of one session a day, slot ``i`` on day ``i``, and all its slots as bits.

    It serves two people, each of whom may have ``weekly`` of them from Monday to Sunday.
    """
    slots = visit_slots(pd.DataFrame(daily(tables)), CALENDAR, days=40, evening_from="16:30")
    found = SlotCalendar(slots, slots.week, [weekly] * 2, notice_days=(1, most), days=20)
    return found, found.every_week(-1 % 2**7)


def test_a_person_is_not_booked_twice_into_one_session() -> None:
    tables, everything = daily_calendar(5, 9)

    found = [tables.take(everything, person, 0) for person in (0, 0, 1)]

    assert found == [1, 2, 1]


def test_a_session_is_never_taken_for_one_of_the_next_week() -> None:
    """The template without a table has no place in the week, but it has a number."""
    tables_of = {"mon": 1, "wed": 0, "tue": 1}
    templates = [
        session(number=number, day=day, open_tables=tables)
        for number, (day, tables) in enumerate(tables_of.items())
    ]
    slots = visit_slots(pd.DataFrame(templates), CALENDAR, days=40, evening_from="16:30")
    tables = SlotCalendar(slots, slots.week, [None], notice_days=(1, 20), days=20)
    everything = tables.every_week(0b11)

    found = [tables.take(everything, 0, 0) for _ in range(3)]

    assert slots.day[found].tolist() == [1, 7, 8]


def test_a_released_table_is_found_again() -> None:
    tables, everything = daily_calendar(1, 9, weekly=3)
    tables.take(everything, 0, 0)
    later = tables.take(everything, 1, 0)

    tables.release(1, 0, 0)

    assert later == 2
    assert tables.take(everything, 1, 0) == 1


def test_a_visit_cancelled_in_a_full_week_makes_room_in_it() -> None:
    """Two a week: after Tuesday and Wednesday comes Monday, and with Tuesday back, Thursday."""
    tables, everything = daily_calendar(5, 14, weekly=2)
    found = [tables.take(everything, 0, 0) for _ in range(3)]

    tables.release(1, 0, 1)

    assert found == [1, 2, 7]
    assert tables.take(everything, 0, 1) == 3


def test_a_table_released_after_its_week_is_out_of_reach_is_nobodys() -> None:
    """On Sunday, day 6, the window begins on Monday: the table of day 6 stays empty."""
    tables, everything = daily_calendar(1, 3)
    tables.take(everything, 0, 5)

    tables.release(6, 0, 6)

    assert tables.take(everything, 1, 6) == 7
    assert tables.free[6] == 1


def test_weekly_limit_sends_the_next_visit_to_the_next_week() -> None:
    """Day 0 is a Monday: two visits on Tuesday and Wednesday use the week up."""
    tables, everything = daily_calendar(5, 14, weekly=2)

    found = [tables.take(everything, 0, 0) for _ in range(3)]

    assert found == [1, 2, 7]


def test_session_every_other_week_is_counted_from_its_first_date() -> None:
    """Valid from Saturday 15 August 2026, the thirteenth day: that week and every second one."""
    templates = pd.DataFrame([session(every_n_weeks=2, valid_from="2026-08-15")])

    slots = visit_slots(templates, CALENDAR, days=60, evening_from="16:30")

    assert slots.day.tolist() == [12, 26, 40, 54]


def test_session_ends_with_its_last_date() -> None:
    templates = pd.DataFrame([session(valid_to="2026-08-15")])

    slots = visit_slots(templates, CALENDAR, days=60, evening_from="16:30")

    assert slots.day.tolist() == [5, 12]


@pytest.mark.parametrize(
    ("day", "start", "kind"),
    [("sat", "18:00", "weekend"), ("tue", "16:30", "evening"), ("tue", "16:29", "weekday")],
)
def test_kind_of_a_session_is_when_it_is(day: str, start: str, kind: str) -> None:
    templates = pd.DataFrame([session(day=day, start=start, end="19:00")])

    slots = visit_slots(templates, CALENDAR, days=7, evening_from="16:30")

    assert [KINDS[index] for index in slots.kind] == [kind]


def test_keep_share_follows_the_published_odds() -> None:
    """At 25, 75, 225 and 708 miles, with cost in miles and the scale at 50: 1, 0.68, 0.36, 0.17."""
    curve = replace(DEMAND, decay_curve="us_survey", decay_scale_gbp=50.0)

    kept = keep_share(np.array([25.0, 75.0, 225.0, 708.0]), curve)

    assert (kept / kept[0]).tolist() == pytest.approx([1.0, 0.68, 0.36, 0.17], abs=0.012)


@given(st.lists(st.floats(-10, 5_000), min_size=2, max_size=20))
def test_keep_share_never_rises_with_cost(costs: list[float]) -> None:
    curve = replace(DEMAND, decay_curve="us_survey")
    kept = keep_share(np.sort(np.array(costs)), curve)

    assert (np.diff(kept) <= 0).all()
    assert ((kept > 0) & (kept <= 1)).all()


@given(st.floats(0, 0.9999), st.floats(0, 300), st.floats(0, 300))
def test_a_larger_wish_never_draws_fewer_requests(draw: float, one: float, other: float) -> None:
    low, high = sorted((one, other))

    counts = poisson(np.array([draw, draw]), np.array([low, high]))

    assert counts[0] <= counts[1]


def test_poisson_counts_have_the_right_mean_and_variance() -> None:
    counts = poisson((np.arange(100_000) + 0.5) / 100_000, np.full(100_000, 3.7))

    assert counts.mean() == pytest.approx(3.7, abs=0.001)
    assert counts.var() == pytest.approx(3.7, abs=0.01)


def test_an_absurd_wish_is_refused() -> None:
    with pytest.raises(ValueError, match="at most 700"):
        poisson(np.array([0.5]), np.array([900.0]))


def test_distance_only_changes_which_requests_are_kept() -> None:
    """Requests at a high cost are some of those made at none, minute for minute."""
    curve = replace(DEMAND, decay_curve="us_survey", wish_spread=1.0)
    near, far = (
        visit_requests(
            prison(cost_gbp=cost, demand=curve).places["AAA"], CALENDAR, curve, seed=3,
            replication=0,
        )
        for cost in (0.0, 100.0)
    )  # fmt: skip
    rows_near = set(zip(near.person, near.number, near.asked_minutes, strict=True))
    rows_far = set(zip(far.person, far.number, far.asked_minutes, strict=True))

    assert rows_far < rows_near
    assert len(rows_far) / len(rows_near) == pytest.approx((1 + 100 / 60) ** -0.775, abs=0.12)


def test_a_family_keeps_its_draws_wherever_the_prisoner_is_held() -> None:
    """The same people in one prison or in two make the same requests at the same minutes."""
    together = prison(people=20)
    apart = prison(people=10, establishments=("AAA", "BBB"))

    one = visit_requests(together.places["AAA"], CALENDAR, DEMAND, seed=5, replication=2)
    two = [
        visit_requests(place, CALENDAR, DEMAND, seed=5, replication=2)
        for place in apart.places.values()
    ]

    split = {
        (apart.places[code].prisoner_id[person], minutes)
        for code, requests in zip(apart.places, two, strict=True)
        for person, minutes in zip(requests.person, requests.asked_minutes, strict=True)
    }
    whole = {
        (together.places["AAA"].prisoner_id[person], minutes)
        for person, minutes in zip(one.person, one.asked_minutes, strict=True)
    }
    assert split == whole


def test_a_longer_year_leaves_the_earlier_requests_as_they_were() -> None:
    place = prison(people=30).places["AAA"]
    short = visit_requests(place, CALENDAR, DEMAND, seed=1, replication=0)
    long = visit_requests(place, replace(CALENDAR, weeks=20), DEMAND, seed=1, replication=0)

    assert short.asked_minutes.tolist() == long.asked_minutes[: len(short)].tolist()


def test_a_change_of_tables_changes_no_request() -> None:
    few, many = (
        simulate(
            prison(people=50, sessions=daily(tables)), establishment="AAA", seed=1, replication=0
        )
        for tables in (1, 9)
    )

    assert few.counts()["refused"] > many.counts()["refused"]
    for column in ("asked_minutes", "no_show", "cancels", "attempts", "turns_to_video"):
        left, right = getattr(few.year.visits, column), getattr(many.year.visits, column)
        assert left.tolist() == right.tolist()


def test_family_with_conditions_sits_at_a_closed_table() -> None:
    """Nobody is let in where all tables are open, and everybody where all are closed."""
    inputs = prison(people=10, sessions=daily(9))
    place = replace(inputs.places["AAA"], conditions=np.ones(10, dtype=np.bool_))
    closed = [row | {"open_tables": 0, "closed_tables": 9} for row in daily(9)]

    refused = simulate(
        replace(inputs, places={"AAA": place}), establishment="AAA", seed=1, replication=0
    ).counts()
    welcomed = simulate(
        replace(prison(people=10, sessions=closed), places={"AAA": place}),
        establishment="AAA", seed=1, replication=0,
    ).counts()  # fmt: skip

    assert refused["booked"] == 0
    assert refused["refused"] == refused["asked"] > 0
    assert welcomed["refused"] == 0


def test_credit_is_spent_by_the_calendar_month() -> None:
    """One call a month at a wish for many: one call in August and one in September each."""
    inputs = prison(
        people=5,
        video_stations=[stations(day=day) for day in ("mon", "tue", "wed", "thu", "fri")],
        demand=replace(
            DEMAND, wish_per_four_weeks=0.0, video_user_share=1.0, video_wish_per_four_weeks=40.0
        ),
        video=replace(VIDEO, full_credit_share=0.0),
    )

    log = simulate(inputs, establishment="AAA", seed=2, replication=0)

    held = log.of(VisitOutcome.VIDEO_HELD)
    months = pd.to_datetime(CALENDAR.timestamps(log.minutes[held])).month.value_counts()
    assert months.to_dict() == {8: 5, 9: 5}


def test_everybody_without_a_visitor_is_still_counted() -> None:
    inputs = prison(people=30, sessions=daily(2), seed=8)
    place = inputs.places["AAA"]

    assert 0 < place.has_party.sum() < 30
    assert len(place.keys) == 30


def estate() -> Estate:
    """Give an estate of two prisons for the edits of a scenario."""
    return Estate(
        establishments=pd.DataFrame(
            {
                "establishment": ["AAA", "BBB"],
                "sex": ["men", "women"],
                "security": ["C", "closed"],
                "operational_capacity": [10, 10],
                "country": ["England", "Wales"],
            }
        ),
        units=pd.DataFrame({"unit": ["A", "B"], "establishment": ["AAA", "BBB"]}),
        session_templates=pd.DataFrame(
            [session("AAA"), session("AAA", 1, day="tue"), session("BBB")]
        ),
        video_stations=pd.DataFrame([stations("AAA"), stations("BBB", stations=3)]),
        family_workers=pd.DataFrame(),
    )


def test_added_sessions_appear_where_the_selector_says() -> None:
    regime = replace(
        REGIME,
        added_sessions=(
            AddedSessions(
                where=Where(sex="men"), days=("tue", "thu"), start="18:00", end="19:30",
                open_tables=15,
            ),
        ),
    )  # fmt: skip

    added = sessions_under(estate(), regime)

    new = added[added["source"] == "scenario"]
    assert new[["establishment", "day", "open_tables"]].to_numpy().tolist() == [
        ["AAA", "thu", 15],
        ["AAA", "tue", 15],
    ]


def test_tables_of_weekend_sessions_grow_and_others_stay() -> None:
    regime = replace(
        REGIME,
        session_tables=(SessionTables(where=Where(), days=("sat", "sun"), multiply=2.0),),
    )

    tables = sessions_under(estate(), regime)

    assert tables.groupby("day")["open_tables"].apply(list).to_dict() == {"sat": [4, 4], "tue": [2]}


def test_stations_and_hours_are_added_where_the_selector_says() -> None:
    video = replace(
        VIDEO,
        stations=(StationsEdit(where=Where(sex="women"), multiply=2.0, add=1),),
        added_hours=(
            AddedHours(where=Where(sex="women"), days=("mon",), start="18:00", end="20:00"),
        ),
    )

    found = stations_under(estate(), video)

    assert found[["establishment", "stations", "start"]].to_numpy().tolist() == [
        ["AAA", 2, "09:00"],
        ["BBB", 7, "09:00"],
        ["BBB", 7, "18:00"],
    ]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: replace(REGIME, notice_days_min=30), "booking window is empty"),
        (lambda: replace(REGIME, orders_cap=-1), "orders_cap is -1, below 0"),
        (lambda: replace(VIDEO, notice_days_max=0), "booking window is empty"),
        (lambda: replace(VIDEO, call_minutes=0), "length above 0"),
        (lambda: replace(DEMAND, cancel_share=1.2), "cancel_share is 1.2"),
        (lambda: replace(DEMAND, wish_per_four_weeks=-1), "wish_per_four_weeks is -1"),
        (lambda: replace(DEMAND, ask_until="07:00"), "is not after"),
        (lambda: replace(CALENDAR, weeks=0), "at least 1"),
        (lambda: replace(CALENDAR, school_holidays=("2026-08-01",)), "two ISO dates"),
        (lambda: clock_minutes("half past six"), "HH:MM"),
        (
            lambda: AddedSessions(
                where=Where(), days=("tues",), start="18:00", end="19:00", open_tables=1
            ),
            "no day 'tues'",
        ),
        (
            lambda: AddedSessions(
                where=Where(), days=("tue",), start="19:00", end="18:00", open_tables=1
            ),
            "not after",
        ),
        (lambda: SessionTables(where=Where(), multiply=-1.0), "0 or more"),
    ],
)
def test_settings_that_make_no_sense_are_refused(make: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()  # type: ignore[operator]


def test_levels_above_enhanced_earn_what_enhanced_earns() -> None:
    regime: VisitsRegime = REGIME

    earned = [
        regime.privileged_orders(level)
        for level in ("basic", "standard", "enhanced", "enhanced_2", "enhanced_3")
    ]

    assert earned == [0, 1, 2, 2, 2]


def test_credit_pays_for_whole_calls() -> None:
    video: VideoRegime = replace(VIDEO, credit_minutes_per_month=59)

    assert [video.calls_per_month(full) for full in (False, True)] == [1, 2]


def test_school_days_leave_out_weekends_and_holidays() -> None:
    year: Calendar = CALENDAR

    days = np.array([0, 30, 31, 33])

    assert [date(2026, 8, 3).weekday(), year.day_of(date(2026, 9, 3))] == [0, 31]
    assert year.is_school_day(days).tolist() == [False, True, True, False]


def test_a_run_that_loses_a_table_stops_with_the_count_that_is_wrong(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(SlotCalendar, "release", lambda self, slot, person, day: None)
    inputs = prison(
        people=30, sessions=daily(3), demand=replace(DEMAND, cancel_share=0.5), regime=NO_ALLOWANCE
    )

    with pytest.raises(RuntimeError, match="tables = free \\+ booked"):
        simulate(inputs, establishment="AAA", seed=1, replication=0)


def test_all_faults_of_a_regime_of_video_and_of_coming_are_told_at_once() -> None:
    with pytest.raises(ValueError, match=r"(?s)held_share is 2.*window is empty.*orders_cap is -1"):
        replace(REGIME, bank_holiday_held_share=2.0, notice_days_min=30, orders_cap=-1)
    with pytest.raises(ValueError, match=r"(?s)credit_share is 2.*empty.*credit_minutes_per_month"):
        replace(VIDEO, full_credit_share=2.0, notice_days_min=0, credit_minutes_per_month=-1)
    with pytest.raises(ValueError, match=r"(?s)free_share is -1.*visitors_max is 0.*age is 0"):
        replace(COMING, holiday_free_share=-1.0, visitors_max=0, adult_age=0)

"""The desk and a plain model with a process per request agree on every turn of every request."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from unittest import mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from data.where import Where
from data.words import DAYS
from simulation.coming import Coming
from simulation.log import OUTCOMES, VisitLog
from simulation.place import BEYOND, Place
from simulation.regime import Shuttle
from simulation.simulate import SimulationInputs, simulate, simulate_together
from simulation.timetable import Columns, WeeklySlots
from tests.simulation.reference_model import ReferenceModel, play_together
from tests.simulation.small_prison import (
    ALLOWANCE,
    ASKING,
    ATTENDANCE,
    CALENDAR,
    CALLING,
    COMING,
    DEMAND,
    MOOD,
    REGIME,
    TRANSFERRING,
    VIDEO,
    prison,
    session,
    stations,
    transfer,
)

EXCLUDED = (
    (),
    (("AAA", "", "2026-08-12", "2026-08-20"),),
    (("AAA", "AAA-0", "2026-08-05", "2026-09-05"), ("AAA", "AAA-1", "2026-08-22", "2026-08-22")),
)
OWN_RULES = (
    (),
    ({"establishment": "AAA", "adults_max": 2, "visitors_max": 3, "adult_age": 12},),
    ({"establishment": "AAA", "kiosk_share": 0.5, "online_share": 0.2, "children_max": 1},),
    ({"establishment": "AAA", "online_notice_days_max": 25, "kiosk_notice_days_min": 1},),
)
NIGHT_BUS = Shuttle(where=Where(), minutes_saved=20.0, fare_gbp=2.0, last_departure="19:30")
TIMES = (("09:30", "11:30"), ("14:00", "16:00"), ("17:30", "19:00"))


def distinct(pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Leave out pairs of one person with themselves."""
    return [(one, other) for one, other in pairs if one != other]


@st.composite
def moves(draw: st.DrawFn, people: int, codes: tuple[str, ...], days: int) -> list[dict[str, Any]]:
    """Draw transfers between two prisons; none where there is one."""
    found = []
    for number in range(people * len(codes) if len(codes) > 1 else 0):
        here = number // people
        day = draw(st.integers(1, days))
        for _ in range(draw(st.sampled_from((0, 1, 1, 2)))):
            lasts = draw(st.sampled_from((BEYOND, BEYOND, 1, 9, 28)))
            until = min(day + lasts, BEYOND)
            found.append(
                transfer(
                    number,
                    day,
                    codes[1 - here],
                    until_day=until,
                    unit=f"{codes[1 - here]}-{draw(st.integers(1, 2))}",
                    is_prepared=draw(st.booleans()),
                )
            )
            if until == BEYOND:
                here = 1 - here
            day = (day if until == BEYOND else until) + draw(st.integers(1, 12))
    return found


@st.composite
def small_prisons(
    draw: st.DrawFn, codes: tuple[str, ...] = ("AAA",), most: int = 15
) -> SimulationInputs:
    """Draw a prison, or several, with few tables and every feature on."""
    templates = []
    for code, number in [
        (code, number) for code in codes for number in range(draw(st.integers(1, 5)))
    ]:
        start, end = draw(st.sampled_from(TIMES))
        templates.append(
            session(
                code,
                number=number,
                day=draw(st.sampled_from(DAYS)),
                start=start,
                end=end,
                hall=draw(st.sampled_from(("main", "main", "other"))),
                open_tables=draw(st.integers(0, 3)),
                closed_tables=draw(st.integers(0, 1)),
                every_n_weeks=draw(st.sampled_from((1, 1, 2, 3))),
                valid_from=draw(st.sampled_from(("", "", "2026-08-20"))),
                valid_to=draw(st.sampled_from(("", "", "2026-09-13"))),
                conviction_status=draw(st.sampled_from(("", "", "convicted", "!convicted"))),
                categories=draw(st.sampled_from(("", "", "B;C", "B", "!B"))),
                incentive_levels=draw(st.sampled_from(("", "", "basic;enhanced", "!basic"))),
                units=draw(st.sampled_from(("", "", f"{code}-1", f"!{code}-1"))),
                kind=draw(st.sampled_from(("social", "social", "social", "family_day"))),
                order_rule=draw(
                    st.sampled_from(("", "", "", "visit_order", "privileged_order", "none"))
                ),
            )
        )
    for day in draw(st.lists(st.sampled_from(DAYS), max_size=4)):
        rule = draw(st.sampled_from(("", "", "visit_order", "none")))
        for start, end in (("14:30", "15:30"), ("15:30", "16:30")):
            templates.append(
                session(
                    number=len(templates),
                    day=day,
                    start=start,
                    end=end,
                    hall="pair",
                    order_rule=rule,
                )
            )
    rows = [
        stations(code, day=day, stations=draw(st.integers(0, 2)), start=start, end=end)
        for code in codes
        for day, start, end in draw(
            st.lists(
                st.sampled_from(
                    [
                        ("mon", "09:00", "10:30"),
                        ("wed", "18:00", "19:00"),
                        ("thu", "08:00", "20:00"),
                        ("sat", "10:00", "12:00"),
                    ]
                ),
                unique=True,
            )
        )
    ]
    minimum = draw(st.integers(1, 4))
    people = draw(st.integers(1, most))
    anybody = st.integers(0, people - 1)
    weeks, warm_up_weeks = draw(st.integers(1, 6)), draw(st.integers(0, 1))
    return prison(
        people=people,
        establishments=codes,
        transfers=draw(moves(people, codes, 7 * (weeks + warm_up_weeks))),
        transferring=replace(
            TRANSFERRING,
            visitors_approved_days=draw(st.sampled_from((0, 3, 10))),
            numbers_cleared_days=draw(st.sampled_from((0, 2))),
        ),
        apart=draw(st.lists(st.tuples(anybody, anybody), max_size=12).map(distinct)),
        sessions=templates,
        video_stations=rows,
        calendar=replace(
            CALENDAR,
            weeks=weeks,
            warm_up_weeks=warm_up_weeks,
            start_date=draw(st.dates(CALENDAR.start_date, CALENDAR.start_date.replace(day=9))),
        ),
        demand=replace(
            DEMAND,
            wish_per_four_weeks=draw(st.sampled_from((1.0, 3.0, 8.0))),
            wish_spread=1.0,
            decay_curve=draw(st.sampled_from(("none", "us_survey", "steep"))),
            attempts_max=draw(st.integers(1, 3)),
            ask_again_share=draw(st.sampled_from((0.5, 1.0))),
            ask_again_days_max=5,
            cancel_share=0.3,
            no_show_share=0.2,
            refused_to_video_share=0.5,
            video_user_share=0.5,
            video_wish_per_four_weeks=3.0,
            video_wish_spread=0.5,
            video_no_show_share=0.2,
        ),
        coming=replace(
            COMING,
            holiday_free_share=draw(st.sampled_from((0.0, 0.5))),
            public_transport_share=draw(st.sampled_from((0.0, 0.7))),
            last_departure=draw(st.sampled_from(("18:00", "21:00"))),
            home_until="20:00",
            leave_home_from="08:00",
        ),
        country=draw(st.sampled_from(("England", "Wales"))),
        excluded_dates=draw(st.sampled_from(EXCLUDED)),
        bank_holidays=("2026-08-11", "2026-08-31"),
        regime=replace(
            REGIME,
            bank_holiday_held_share=draw(st.sampled_from((0.0, 0.5, 1.0))),
            closed_dates=draw(st.sampled_from(((), ("08-14", "12-25")))),
            shuttles=draw(st.sampled_from(((), (NIGHT_BUS,)))),
            family_days_per_year=draw(st.sampled_from((0, 26))),
            family_days_in=draw(st.sampled_from(("weekends", "holidays", "school_days"))),
            family_day_tables_share=0.5,
            notice_days_min=minimum,
            notice_days_max=minimum + draw(st.integers(1, 20)),
            orders_cap=draw(st.integers(0, 6)),
            opening_orders=draw(st.integers(0, 3)),
            orders_per_14_days=draw(st.integers(0, 2)),
            remand_visits_per_week=draw(st.integers(0, 2)),
            non_association_blocks_day=draw(st.booleans()),
        ),
        allowance=replace(
            ALLOWANCE,
            negative_orders_max=draw(st.integers(0, 2)),
            extra_orders_share=draw(st.sampled_from((0.0, 0.5))),
            swap_share=draw(st.sampled_from((0.0, 0.5))),
            reception_visits=draw(st.integers(0, 2)),
        ),
        asking=replace(
            ASKING,
            kiosk_share=draw(st.sampled_from((0.0, 0.3))),
            online_share=draw(st.sampled_from((0.5, 1.0))),
            online_confirmed_share=draw(st.sampled_from((0.0, 0.5))),
            online_delay_hours=30.0,
            phone_from="09:00",
            phone_until=draw(st.sampled_from(("12:30", "24:00"))),
            phone_days=draw(st.sampled_from((DAYS, DAYS[:5], ("tue",)))),
            phone_through_share=draw(st.sampled_from((0.3, 1.0))),
            phone_wait_minutes=20.0,
            kiosk_from="08:00",
            kiosk_until="17:00",
            kiosk_wing_minutes=45.0,
            online_notice_days_min=draw(st.sampled_from((None, minimum + 1))),
            phone_notice_days_min=draw(st.sampled_from((None, minimum))),
            phone_notice_days_max=draw(st.sampled_from((None, minimum + 9))),
            kiosk_notice_days_max=draw(st.sampled_from((None, minimum))),
            double_share=draw(st.sampled_from((0.0, 0.6))),
            double_gap_minutes=draw(st.sampled_from((0.0, 150.0))),
            one_kind_share=draw(st.sampled_from((0.0, 0.7))),
            waiting_list_share=draw(st.sampled_from((0.0, 0.7))),
        ),
        mood=replace(
            MOOD,
            late_start_fall=draw(st.sampled_from((0.0, 0.5))),
            long_wait_fall=draw(st.sampled_from((0.0, 0.3))),
            refusal_fall=draw(st.sampled_from((0.0, 0.6))),
            late_minutes=5.0,
            long_wait_days=4,
        ),
        visiting_rules=draw(st.sampled_from(OWN_RULES)),
        visit_orders=[
            {
                "establishment": "AAA",
                "incentive_level": level,
                "visit_orders": draw(st.integers(0, 3)),
                "privileged_orders": draw(st.integers(0, 2)),
            }
            for level in draw(st.sampled_from(((), ("basic",), ("standard", "enhanced"))))
        ],
        video=replace(
            VIDEO,
            notice_days_max=draw(st.integers(1, 14)),
            walk_in=draw(st.sampled_from((False, False, True))),
        ),
        calling=replace(
            CALLING,
            awareness_share=0.8,
            without_visits_share=0.5,
            abroad_share=0.5,
            abroad_hours_ahead=(2.0, 10.0, -5.0),
            usable_picture_share=draw(st.sampled_from((0.7, 1.0))),
            usable_privacy_share=0.9,
            instead_of_visit_share=0.2,
            long_call_share=draw(st.sampled_from((0.0, 0.5))),
            failure_share=0.2,
            drop_out_share=0.3,
        ),
        attendance=replace(
            ATTENDANCE,
            arrive_last_minutes=draw(st.sampled_from((-20.0, 15.0))),
            check_minutes_per_visitor=draw(st.sampled_from((0.0, 4.0, 30.0))),
            tables_per_checker=draw(st.sampled_from((1.0, 2.0, 9.0))),
            checkers_shared=draw(st.booleans()),
            escort_minutes=draw(st.sampled_from((0.0, 10.0, 40.0))),
            late_start_share=0.4,
            refused_entry_share=0.2,
            early_finish_share=0.3,
            staff_shortage_share=draw(st.sampled_from((0.0, 0.3))),
        ),
        seed=draw(st.integers(0, 10_000)),
    )


def turns(log: VisitLog) -> list[tuple[float, int, str]]:
    """Give minute, request and outcome of every turn but the first asking for a visit."""
    answers = zip(log.minutes.tolist(), log.request.tolist(), log.outcome.tolist(), strict=True)
    return [
        *(
            (round(minute, 4), request, str(OUTCOMES[outcome]))
            for minute, request, outcome in answers
        ),
        *(
            (round(minute, 4), request, "video_asked")
            for minute, request in zip(*log.calls_asked(), strict=True)
        ),
    ]


@hypothesis_settings(max_examples=80)
@given(inputs=small_prisons(), seed=st.integers(0, 1_000))
def test_desk_and_reference_model_agree_on_every_turn(inputs: SimulationInputs, seed: int) -> None:
    with mock.patch("simulation.probe.PROBED_SHARE", 0.7):
        log = simulate(inputs, establishment="AAA", seed=seed, replication=0)

        reference = ReferenceModel(inputs, log.year, seed, 0)
        plain = reference.run()

    assert sorted(turns(log)) == sorted((round(at, 4), who, what) for at, who, what in plain)
    assert hours(log) == pytest.approx(reference_hours(reference, plain))
    found = zip(log.probed.tolist(), log.reachable.tolist(), strict=True)
    assert list(found) == reference.probes[: len(log.probed)]
    assert {name: numbers.tolist() for name, numbers in log.orders.items()} == {
        name: [person.counts[name] for person in reference.people] for name in log.orders
    }


@hypothesis_settings(max_examples=25)
@given(inputs=small_prisons(codes=("AAA", "BBB"), most=6), seed=st.integers(0, 1_000))
def test_desks_and_reference_models_agree_where_people_are_moved_between_two_prisons(
    inputs: SimulationInputs, seed: int
) -> None:
    with mock.patch("simulation.probe.PROBED_SHARE", 0.7):
        logs = {
            log.establishment: log
            for together in inputs.played_together()
            for log in simulate_together(inputs, together, seed=seed, replication=0)
        }
        years = {code: log.year for code, log in logs.items()}
        references = play_together(inputs, years, seed, 0)

    for code, log in logs.items():
        plain = references[code].told()
        assert sorted(turns(log)) == sorted((round(at, 4), who, what) for at, who, what in plain)
        assert hours(log) == pytest.approx(reference_hours(references[code], plain))
        found = zip(log.probed.tolist(), log.reachable.tolist(), strict=True)
        assert list(found) == references[code].probes[: len(log.probed)]
        people = references[code].people
        assert {name: numbers.tolist() for name, numbers in log.orders.items()} == {
            name: [person.counts[name] for person in people] for name in log.orders
        }


def hours(log: VisitLog) -> dict[tuple[int, str], float]:
    """Give minutes late and minutes had of every visit that took place."""
    held = np.flatnonzero(log.minutes_had)
    numbers = log.request[held].tolist()
    return {(who, "late"): at for who, at in zip(numbers, log.late_minutes[held], strict=True)} | {
        (who, "had"): had for who, had in zip(numbers, log.minutes_had[held], strict=True)
    }


def reference_hours(
    reference: ReferenceModel, rows: list[tuple[float, int, str]]
) -> dict[tuple[int, str], float]:
    """Give the same of the plain model."""
    held = [who for _, who, what in rows if what in ("attended", "video_held")]
    return {(who, "late"): reference.hours[who][0] for who in held} | {
        (who, "had"): reference.hours[who][1] for who in held
    }


@pytest.mark.parametrize(
    "fault",
    ["window", "cancelled table", "order granted twice", "order used twice", "closed table"],
)
def test_a_seeded_fault_is_seen(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of five slips makes the two models differ, or stops the run."""
    import simulation.simulate as module
    from simulation.orders import BY_VISIT_ORDER, Orders
    from simulation.slots import SlotCalendar

    inputs = prison(
        people=30,
        sessions=[session(number=n, day=d, closed_tables=1) for n, d in enumerate(DAYS)],
        demand=replace(DEMAND, wish_per_four_weeks=6.0, cancel_share=0.3),
        regime=replace(REGIME, notice_days_max=9),
        seed=5,
    )
    plain = simulate(inputs, establishment="AAA", seed=1, replication=0)
    expected = ReferenceModel(inputs, plain.year, 1, 0).run()
    if fault == "window":
        real = module.SlotCalendar

        def one_day_more(
            *args: object, notice_days: tuple[int, int], **others: int
        ) -> SlotCalendar:
            least, most = notice_days
            return real(*args, notice_days=(least, most + 1), **others)  # type: ignore[arg-type]

        monkeypatch.setattr(module, "SlotCalendar", one_day_more)
    elif fault == "cancelled table":
        monkeypatch.setattr(SlotCalendar, "release", lambda self, slot, person, day: None)
    elif fault == "order granted twice":
        grant = Orders._grant

        def grant_twice(self: Orders, person: int, day: int) -> None:
            grant(self, person, day)
            self.balance[person] += self._granted[person]

        monkeypatch.setattr(Orders, "_grant", grant_twice)
    elif fault == "order used twice":
        monkeypatch.setattr(Orders, "spend", lambda self, person, day, rule: BY_VISIT_ORDER)
    else:
        acceptable = module.acceptable_slots

        def at_either(
            weekly: WeeklySlots, place: Place, coming: Coming, templates: Columns | None = None
        ) -> list[int]:
            """Let open visits sit at closed tables; those with conditions stay at theirs."""
            kept_apart = replace(place, conditions=np.ones_like(place.conditions))
            both = (acceptable(weekly, each, coming, templates) for each in (place, kept_apart))
            return [own | closed for own, closed in zip(*both, strict=True)]

        monkeypatch.setattr(module, "acceptable_slots", at_either)

    if fault == "cancelled table":
        with pytest.raises(RuntimeError, match="not conserved"):
            simulate(inputs, establishment="AAA", seed=1, replication=0)
        return
    found = turns(simulate(inputs, establishment="AAA", seed=1, replication=0))

    assert sorted(found) != sorted((round(at, 4), who, what) for at, who, what in expected)


@pytest.mark.parametrize(
    "fault", ["bookings", "orders", "what paid", "mood", "approval", "numbers", "end of a loan"]
)
def test_a_seeded_fault_of_transfers_is_seen(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of these slips makes the two models differ."""
    import simulation.simulate as module
    from simulation.booking import BookingDesk
    from simulation.choices import Choices
    from simulation.mood import Mood
    from simulation.orders import BY_VISIT_ORDER, Orders

    moved = [
        transfer(number, 10 + number % 9, until_day=BEYOND if number % 2 else 30 + number % 9)
        for number in range(20)
    ]
    inputs = prison(
        people=20,
        establishments=("AAA", "BBB"),
        sessions=[
            session(code, number=number, day=day, open_tables=5, order_rule=rule)
            for code in ("AAA", "BBB")
            for number, (day, rule) in enumerate(
                zip(DAYS, ("", "privileged_order", "", "visit_order", "", "", ""), strict=True)
            )
        ],
        video_stations=[stations(c, day=d) for c in ("AAA", "BBB") for d in DAYS],
        demand=replace(
            DEMAND, wish_per_four_weeks=6.0, attempts_max=3, ask_again_share=1.0, cancel_share=0.3,
            video_user_share=1.0, video_wish_per_four_weeks=4.0,
        ),
        regime=replace(REGIME, notice_days_max=21),
        mood=replace(MOOD, refusal_fall=0.6),
        transfers=moved,
        transferring=replace(TRANSFERRING, visitors_approved_days=10, numbers_cleared_days=3),
        seed=5,
    )  # fmt: skip
    plain = list(simulate_together(inputs, ("AAA", "BBB"), seed=1, replication=0))
    years = {log.establishment: log.year for log in plain}
    references = play_together(inputs, years, 1, 0)
    expected = [
        sorted((round(at, 4), who, what) for at, who, what in model.told())
        for model in references.values()
    ]
    assert [sorted(turns(log)) for log in plain] == expected
    if fault == "bookings":
        monkeypatch.setattr(BookingDesk, "leave", lambda self, people, requests: None)
    elif fault == "orders":
        monkeypatch.setattr(Orders, "take_over", lambda self, person, carried: None)
    elif fault == "what paid":
        give_back = Orders.give_back
        monkeypatch.setattr(
            Orders,
            "give_back",
            lambda self, person, day, paid: give_back(self, person, day, BY_VISIT_ORDER),
        )
    elif fault == "mood":
        monkeypatch.setattr(Mood, "take_over", lambda self, person, carried: None)
    elif fault == "approval":
        monkeypatch.setattr(
            BookingDesk,
            "_search",
            lambda self, request, fitting, person, day: self._one(fitting, person, day),
        )
    elif fault == "numbers":
        monkeypatch.setattr(module, "_once_cleared", lambda ask, place, person: ask)
    else:
        monkeypatch.setattr(Choices, "window", lambda self, request, day: -1)

    logs = list(simulate_together(inputs, ("AAA", "BBB"), seed=1, replication=0))

    assert [sorted(turns(log)) for log in logs] != expected


def test_reference_and_desk_agree_on_the_days_waited() -> None:
    inputs = prison(
        people=40,
        sessions=[session(number=n, day=d) for n, d in enumerate(DAYS)],
        # more than anybody uses, and few enough for a model that keeps each in a list
        regime=replace(REGIME, orders_per_14_days=9, opening_orders=20, orders_cap=40),
    )
    log = simulate(inputs, establishment="AAA", seed=3, replication=0)
    asked = log.year.visits.asked_minutes

    waits = [at - asked[who] for at, who, what in turns(log) if what == "attended"]
    plain = [
        at - asked[who]
        for at, who, what in ReferenceModel(inputs, log.year, 3, 0).run()
        if what == "attended"
    ]

    assert np.isclose(sum(waits), sum(plain))
    assert len(waits) == len(plain) > 100

"""Who goes without contact and why, who could have the visits of the law, and what is lost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.words import DAYS
from simulation.contact import WHY, Days, Presence, contact_counts
from simulation.log import VisitLog, VisitOutcome
from simulation.measures import OF_STAGES, REGION, estate_totals, tally
from simulation.place import BEYOND
from simulation.simulate import SimulationInputs, simulate
from tests.simulation.small_prison import (
    ATTENDANCE,
    CALENDAR,
    CALLING,
    DEMAND,
    daily,
    prison,
    session,
    stations,
)

YEAR = replace(CALENDAR, weeks=52, warm_up_weeks=0)
PARTY_COLUMNS = (
    "adults", "children", "pupils", "availability", "conditions", "has_car", "low_income",
    "net_cost_gbp", "money_gbp", "refund_gbp", "return_minutes", "party_person", "party_ladder",
)  # fmt: skip
"""Columns of a place with one entry for each party."""


def days(*events: tuple[int, int]) -> Days:
    """Give events, each a person and a day."""
    found = np.array(events, dtype=np.int64).reshape(-1, 2)
    return Days(person=found[:, 0], day=found[:, 1])


def all_year(people: int) -> Presence:
    """Let nobody be moved."""
    return Presence(from_day=np.zeros(people, np.int64), until_day=np.full(people, BEYOND))


def counted(
    visits: Days, asked: Days, unmet: Days, *, has_party: list[bool], refused: list[bool]
) -> Mapping[str, list[float]]:
    """Count a year without calls."""
    counts = contact_counts(
        YEAR,
        has_party=np.array(has_party),
        contact_refused=np.array(refused),
        visits=visits,
        calls=days(),
        asked=asked,
        unmet=unmet,
        presence=all_year(len(has_party)),
    )
    return {name: values.tolist() for name, values in counts.items()}


def test_reasons_for_no_contact_are_those_worked_out_by_hand() -> None:
    """Thirteen times four weeks and four times 90 days; the first person is visited on day 30.

    The first asked on day 20. The second asks on day 5 in vain and cancels what is asked for on day
    60; the third never asks; the contacts of the fourth are barred; nobody is known of the fifth.
    """
    found = counted(
        days((0, 30)),
        days((0, 20), (1, 5), (1, 60)),
        days((1, 5)),
        has_party=[True, True, True, False, False],
        refused=[False, False, False, True, False],
    )

    assert found["person_periods"] == [13.0] * 5
    assert found["periods_without_contact"] == [12, 13, 13, 13, 13]
    assert found["periods_without_contact_unmet"] == [0, 1, 0, 0, 0]
    assert found["periods_without_contact_not_then"] == [1, 1, 0, 0, 0]
    assert found["periods_without_contact_by_choice"] == [11, 11, 13, 0, 0]
    assert found["periods_without_contact_barred"] == [0, 0, 0, 13, 0]
    assert found["periods_without_contact_nobody"] == [0, 0, 0, 0, 13]
    assert found["person_quarters"] == [4.0] * 5
    assert found["quarters_without_contact"] == [3, 4, 4, 4, 4]
    assert found["quarters_without_contact_unmet"] == [0, 1, 0, 0, 0]


def test_contact_after_the_last_whole_four_weeks_is_contact_in_the_year() -> None:
    """Ten weeks are two times four; the visit of the first person falls into the two left over."""
    counts = contact_counts(
        replace(YEAR, weeks=10),
        has_party=np.array([True, True]),
        contact_refused=np.array([False, False]),
        visits=days((0, 60)),
        calls=days(),
        asked=days((0, 58)),
        unmet=days(),
        presence=all_year(2),
    )

    assert counts["people_all_year"].tolist() == [1, 1]
    assert counts["people_without_contact"].tolist() == [0, 1]


@given(
    events=st.lists(
        st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 363)), max_size=30
    ),
    has_party=st.lists(st.booleans(), min_size=4, max_size=4),
    refused=st.lists(st.booleans(), min_size=4, max_size=4),
)
def test_reasons_add_up_to_the_time_without_contact(
    events: list[tuple[int, int, int]], has_party: list[bool], refused: list[bool]
) -> None:
    visits, calls, asked, unmet = (
        days(*((who, day) for kind, who, day in events if kind == number)) for number in range(4)
    )
    asked = Days(
        person=np.concatenate([asked.person, unmet.person]),
        day=np.concatenate([asked.day, unmet.day]),
    )
    counts = contact_counts(
        YEAR,
        has_party=np.array(has_party),
        contact_refused=np.array(refused),
        visits=visits,
        calls=calls,
        asked=asked,
        unmet=unmet,
        presence=all_year(len(has_party)),
    )

    for name in ("periods", "quarters"):
        parts = sum(counts[f"{name}_without_contact_{why}"] for why in WHY)
        assert np.array_equal(parts, counts[f"{name}_without_contact"])
        assert (counts[f"{name}_without_contact"] <= counts[f"person_{name}"]).all()


def measures_of(inputs: SimulationInputs, log: VisitLog | None = None) -> pd.DataFrame:
    """Give the measures of the estate in one replication."""
    logs = (
        [log]
        if log is not None
        else [
            simulate(inputs, establishment=code, seed=1, replication=0)
            for code in inputs.establishments
        ]
    )
    found = estate_totals(tally(logs, inputs).table(), weeks=inputs.calendar.weeks)
    return found[found["establishment"] == "ALL"]


def of_all(measures: pd.DataFrame, measure: str) -> float:
    """Give a measure of everybody."""
    chosen = (measures["group_by"] == "all") & (measures["measure"] == measure)
    return float(measures.loc[chosen, "value"].item())


def test_two_visits_with_one_at_a_weekend_are_within_reach_while_tables_are_free(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nobody asks, so all tables are free: what there is decides."""
    monkeypatch.setattr("simulation.probe.PROBED_SHARE", 1.0)
    quiet = replace(DEMAND, wish_per_four_weeks=0.0)
    on = {
        "week": daily(2),
        "weekdays": [session(number=n, day=day) for n, day in enumerate(DAYS[:5])],
        "one saturday": [session(every_n_weeks=8)],
        "saturdays": [session()],
    }

    reached = {
        name: of_all(
            measures_of(prison(people=6, sessions=sessions, demand=quiet)),
            "entitlement_reachable_share",
        )
        for name, sessions in on.items()
    }

    assert reached == {"week": 1.0, "weekdays": 0.0, "one saturday": 0.0, "saturdays": 1.0}


def test_who_holds_the_last_tables_has_them_within_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    """One table on Saturdays: of two people who both want all of them, not both can have two."""
    monkeypatch.setattr("simulation.probe.PROBED_SHARE", 1.0)
    inputs = prison(
        people=6,
        sessions=[session(open_tables=1)],
        demand=replace(DEMAND, wish_per_four_weeks=9.0),
        calendar=replace(CALENDAR, warm_up_weeks=4),
    )
    log = simulate(inputs, establishment="AAA", seed=1, replication=0)

    held_by = np.bincount(log.probed[log.reachable], minlength=6)
    assert len(log.probed) == 6 * 2
    assert 0 < held_by.sum() <= 2 * 2


def test_looking_at_the_calendar_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    inputs = prison(people=30, sessions=daily(1), demand=replace(DEMAND, cancel_share=0.3), seed=2)

    def turns(share: float) -> list[tuple[float, int, int, int]]:
        monkeypatch.setattr("simulation.probe.PROBED_SHARE", share)
        log = simulate(inputs, establishment="AAA", seed=1, replication=0)
        return list(
            zip(
                log.minutes.tolist(), log.request.tolist(), log.outcome.tolist(), log.slot.tolist(),
                strict=True,
            )
        )  # fmt: skip

    assert turns(0.0) == turns(1.0)


def test_hours_lost_and_had_add_up_to_the_hours_of_the_sessions() -> None:
    """Late starts, waits at the check and what is left of two hours, for each visit."""
    inputs = prison(
        people=60,
        sessions=daily(6),
        attendance=replace(
            ATTENDANCE,
            late_start_share=0.5,
            check_minutes_per_visitor=15.0,
            escort_minutes=10.0,
            staff_shortage_share=0.1,
        ),
        seed=4,
    )
    log = simulate(inputs, establishment="AAA", seed=1, replication=0)
    found = measures_of(inputs, log)

    visits = of_all(found, "visits")
    lost = [of_all(found, f"hours_lost_{why}") for why in ("to_late_starts", "at_checks")]
    assert min(lost) > 0
    assert sum(lost) + of_all(found, "visit_hours") == pytest.approx(2.0 * visits)
    assert of_all(found, "visit_minutes_mean") == pytest.approx(
        60 * of_all(found, "visit_hours") / visits
    )
    short = (log.minutes_had < 105) & log.of(VisitOutcome.ATTENDED)
    assert of_all(found, "visits_cut_short_share") == pytest.approx(short.sum() / visits)
    assert of_all(found, "tables") + of_all(found, "tables_called_off") == 6 * 7 * 8
    held = of_all(found, "tables") / 6
    assert of_all(found, "staff_hours") == pytest.approx(held * 2 * 3.0)


def test_stations_offered_usable_and_taken_stand_in_that_order() -> None:
    inputs = prison(
        people=60,
        video_stations=[stations(day=day, stations=2) for day in DAYS],
        demand=replace(DEMAND, video_user_share=1.0, video_wish_per_four_weeks=4.0),
        calling=replace(CALLING, usable_picture_share=0.6),
    )
    found = measures_of(inputs)
    offered, usable, taken = (
        of_all(found, f"video_places_{name}") for name in ("offered", "usable", "taken")
    )

    assert offered == 2 * 4 * 7 * 8
    assert offered > usable > taken > 0
    assert taken == of_all(found, "video_calls")
    assert of_all(found, "video_hours") == taken / 2
    assert of_all(found, "video_staff_hours") == pytest.approx(4 * 7 * 8 * 40 / 60)


def test_video_calls_by_when_in_the_week_they_are_add_up_to_all_calls() -> None:
    """Stations on Mondays by day, Tuesday evenings and Saturdays; some calls are long."""
    inputs = prison(
        people=300,
        video_stations=[
            stations(day="mon", stations=2, start="09:00", end="12:00"),
            stations(day="tue", stations=1, start="17:00", end="19:00"),
            stations(day="sat", stations=3, start="10:00", end="11:20"),
        ],
        demand=replace(
            DEMAND, video_user_share=1.0, video_wish_per_four_weeks=4.0, video_no_show_share=0.2
        ),
        calling=replace(
            CALLING, usable_picture_share=0.6, long_call_share=0.4, failure_share=0.2,
            drop_out_share=0.3,
        ),
    )  # fmt: skip
    log = simulate(inputs, establishment="AAA", seed=1, replication=0)
    found = measures_of(inputs, log)
    of_kind = found[found["group_by"] == "session_kind"].set_index(["measure", "group"])["value"]

    for name in ("calls", "no_shows", "failed", "hours", "places_usable", "places_taken"):
        by_kind = of_kind[f"video_{name}"]
        assert by_kind.min() > 0
        assert by_kind.sum() == pytest.approx(of_all(found, f"video_{name}"))
    start = log.year.video_slots.start[log.slot[log.of(VisitOutcome.VIDEO_HELD)]] % 1440
    assert of_kind["video_calls", "evening"] == (start >= 17 * 60).sum()
    assert of_kind["video_places_offered"].to_dict() == {
        "weekday": 8 * 4 * 2, "evening": 8 * 3 * 1, "weekend": 8 * 2 * 3
    }  # fmt: skip
    assert of_all(found, "video_use_share") == pytest.approx(
        (of_kind["video_use_share"] * of_kind["video_places_offered"]).sum()
        / of_all(found, "video_places_offered")
    )


def test_regions_add_up_to_the_estate_and_stages_to_everybody() -> None:
    codes = ("AAA", "BBB", "CCC")
    inputs = prison(
        people=20,
        establishments=codes,
        sessions=[session(code, day="sun") for code in codes],
        seed=4,
    )
    found = measures_of(inputs)

    regions = found[found["group_by"] == REGION]
    assert set(regions["group"]) == {"London", "Wales"}
    for group_by in (REGION, *OF_STAGES, "income", "car", "care_experience", "nationality"):
        rows = found[found["group_by"] == group_by].set_index(["measure", "group"])["value"]
        for measure in ("people", "visits"):
            assert rows[measure].sum() == of_all(found, measure)
    people = regions.set_index(["measure", "group"])["value"]["people"]
    assert people.to_dict() == {"London": 40.0, "Wales": 20.0}


def test_people_are_in_the_groups_that_their_rows_say() -> None:
    """Six people with one party each, but the last, whom nobody may visit."""
    inputs = prison(people=6, sessions=daily(2))
    place = inputs.places["AAA"]
    of_parties = {name: getattr(place, name)[:5] for name in PARTY_COLUMNS}
    marks = {
        "sex": np.array(["men"] * 4 + ["women"] * 2, dtype=object),
        "children_under_18": np.array([0, 1, 2, 0, 0, 3]),
        "straight_miles": np.array([24.9, 25.0, 49.9, 50.0, 99.9, 100.0]),
        "care_experience": np.array([True, False, False, False, False, False]),
        "foreign_national": np.array([True, True, False, False, False, False]),
        "has_car": np.array([True, True, True, True, False]),
        "low_income": np.array([True, True, False, False, False]),
    }
    place = replace(place, **(of_parties | marks))
    found = measures_of(replace(inputs, places={"AAA": place}))
    people = found[found["measure"] == "people"].set_index(["group_by", "group"])["value"]

    expected = {
        "sex": {"men": 4, "women": 2},
        "children_under_18": {"no": 3, "yes": 3},
        "distance_band": {"under_25_miles": 1, "25_to_50_miles": 2, "50_to_100_miles": 2,
                          "over_100_miles": 1},
        "care_experience": {"never_in_care": 5, "in_care_as_a_child": 1},
        "nationality": {"british_or_irish": 4, "foreign_national": 2},
        "car": {"with_car": 4, "without_car": 1, "without_visitors": 1},
        "income": {"other_income": 3, "low_income": 2, "without_visitors": 1},
    }  # fmt: skip
    assert {name: people[name].to_dict() for name in expected} == expected


def test_stage_of_the_sentence_is_read_off_the_days() -> None:
    inputs = prison(people=5, sessions=daily(2))
    place = replace(
        inputs.places["AAA"],
        days_since_sentence=np.array([0.0, 27.0, 28.0, 365.0, np.nan]),
        days_to_release=np.array([89.0, 90.0, 364.0, 5000.0, np.nan]),
        care_experience=np.array([True, False, False, False, False]),
        foreign_national=np.array([True, True, False, False, False]),
    )
    found = measures_of(replace(inputs, places={"AAA": place}))
    people = found[found["measure"] == "people"].set_index("group")["value"]

    assert people["sentenced_under_28_days_ago"] == 2
    assert people["sentenced_28_to_89_days_ago"] == 1
    assert people["sentenced_a_year_ago_or_more"] == 1
    assert people["not_sentenced"] == 1
    assert people["release_in_28_to_89_days"] == 1
    assert people["release_in_90_to_364_days"] == 2
    assert people["no_release_date"] == 1
    assert people["in_care_as_a_child"] == 1
    assert people["foreign_national"] == 2

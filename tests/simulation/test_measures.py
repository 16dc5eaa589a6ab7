"""Measures are what the log says, and the estate's are those of its prisons together."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from simulation.clock import Calendar
from simulation.log import CODE, VisitLog, VisitOutcome, join_tables
from simulation.measures import GROUPS, estate_totals, tally
from simulation.replicate import intervals, paired_intervals, replicate
from simulation.simulate import SimulationInputs, simulate
from tests.simulation.small_prison import (
    CALENDAR,
    DEMAND,
    REGIME,
    daily,
    prison,
    session,
    stations,
)

CODES = ("AAA", "BBB", "CCC")
BUSY = replace(
    DEMAND,
    wish_per_four_weeks=4.0,
    wish_spread=1.0,
    attempts_max=3,
    ask_again_share=0.7,
    cancel_share=0.2,
    no_show_share=0.1,
    refused_to_video_share=0.3,
    video_user_share=0.4,
    video_wish_per_four_weeks=3.0,
)


def three_prisons(calendar: Calendar = CALENDAR, tables: int = 2) -> SimulationInputs:
    """Give three prisons of thirty people each, with a few sessions."""
    return prison(
        people=30,
        establishments=CODES,
        sessions=[
            session(code, number, day=day, open_tables=tables, closed_tables=1)
            for code in CODES
            for number, day in enumerate(("sat", "sun", "tue"))
        ],
        video_stations=[stations(code, day="sat", stations=1) for code in CODES],
        calendar=calendar,
        demand=BUSY,
        regime=REGIME,
        seed=4,
    )


def measured(
    inputs: SimulationInputs, establishments: Sequence[str], replications: int = 1
) -> pd.DataFrame:
    """Give the measures of some replications."""
    tallies = [
        replicate(inputs, establishments, seed=1, replication=number, keep_log=False)[0]
        for number in range(replications)
    ]
    return estate_totals(pd.concat(tallies), weeks=inputs.calendar.weeks)


def value(
    measures: pd.DataFrame, measure: str, group: str = "all", establishment: str = "AAA"
) -> float:
    """Give the value of one measure."""
    chosen = (
        (measures["measure"] == measure)
        & (measures["group"] == group)
        & (measures["establishment"] == establishment)
    )
    return float(measures.loc[chosen, "value"].item())


def one_visit() -> tuple[SimulationInputs, VisitLog]:
    """Give a prison of one person whose family comes once in four weeks of term time.

    One adult and two children come on a Tuesday, two hours each way, from 14:00 to 16:00, for 30
    pounds of which 10 come back; the first replication in which exactly one visit is asked for.
    """
    calendar = replace(CALENDAR, weeks=4, school_holidays=())
    inputs = prison(
        people=1,
        sessions=[session(day="tue")],
        calendar=calendar,
        demand=replace(DEMAND, wish_per_four_weeks=1.0),
    )
    place = replace(
        inputs.places["AAA"],
        adults=np.array([1]),
        children=np.array([2]),
        pupils=np.array([1]),
        return_minutes=np.array([240.0]),
        money_gbp=np.array([30.0]),
        refund_gbp=np.array([10.0]),
    )
    inputs = replace(inputs, places={"AAA": place})
    for replication in range(200):
        log = simulate(inputs, establishment="AAA", seed=1, replication=replication)
        counts = log.counts()
        if counts["asked"] == counts["attended"] == 1:
            return inputs, log
    raise AssertionError("no replication has exactly one visit")


def test_measures_of_a_single_visit_are_those_worked_out_by_hand() -> None:
    """Two children come, one of them of school age; school ends at 15:15, before they are back.

    They leave home two hours before they arrive, which is 15 to 60 minutes before 14:00.
    """
    inputs, log = one_visit()
    asked_day = int(log.year.visits.asked_minutes[0] // 1440)
    tuesday = int(log.year.sessions.day[log.slot[log.of(VisitOutcome.ATTENDED)]][0])

    measures = estate_totals(tally([log], inputs).table(), weeks=4)

    visits, sessions, slot = log.year.visits, log.year.sessions, log.slot[log.trips()]
    arrived = log.year.day.arrived(log.year.place, visits, sessions, np.array([0]), slot).item()
    left_at = (arrived - tuesday * 1440) / 60 - 2
    assert 11.0 <= left_at <= 11.75

    expected = {
        "requests": 1,
        "visits": 1,
        "visitors": 3,
        "child_visitors": 2,
        "visits_per_prisoner_per_four_weeks": 1.0,
        "wait_days_mean": tuesday - asked_day,
        "wait_days_median": tuesday - asked_day,
        "wait_days_p90": tuesday - asked_day,
        "family_money_gbp": 30.0,
        "refund_gbp": 10.0,
        "family_travel_hours": 12.0,
        "school_hours_missed": 15.25 - left_at,
        "visit_hours": 2.0,
        "tables": 8,
        "hall_use_share": 1 / 8,
        "visited_share": 1.0,
        "regular_contact_share": 0.0,
        "no_contact_share": 0.0,
        "requests_unmet_share": 0.0,
        "requests_without_visit_share": 0.0,
    }
    found = {measure: value(measures, measure) for measure in expected}
    assert found == pytest.approx(expected)


def test_log_of_a_single_visit_tells_its_story() -> None:
    inputs, log = one_visit()

    table = log.table(inputs.calendar)

    assert table["outcome"].tolist() == ["asked", "booked", "attended"]
    assert table["session"].tolist() == ["", "AAA-0", "AAA-0"]
    assert table["prisoner_id"].tolist() == ["P00000"] * 3
    assert table["at"].iloc[2] == table["session_start"].iloc[2]
    assert table["session_start"].iloc[1].strftime("%a %H:%M") == "Tue 14:00"
    assert table["at"].is_monotonic_increasing


def test_a_trip_of_a_family_that_is_not_let_in_costs_as_much() -> None:
    """Pounds and hours are those of a visit; the child is back in time for no lesson either."""
    inputs, log = one_visit()
    refused = replace(
        log,
        outcome=np.where(
            log.of(VisitOutcome.ATTENDED), CODE[VisitOutcome.REFUSED_ENTRY], log.outcome
        ),
        minutes_had=np.zeros(len(log.minutes)),
    )

    attended, turned_back = (
        estate_totals(tally([each], inputs).table(), weeks=4) for each in (log, refused)
    )

    for measure in ("family_money_gbp", "family_travel_hours", "school_hours_missed"):
        assert value(turned_back, measure) == value(attended, measure) > 0
    assert value(turned_back, "visits") == value(turned_back, "refund_gbp") == 0
    told = refused.table(inputs.calendar).iloc[-1]
    assert told["family_gbp"] == 30.0
    assert told["family_minutes"] == 3 * 240.0


def test_no_school_is_missed_on_days_without_school() -> None:
    """Everybody comes with a pupil on Wednesday mornings; schools are back on 2 September.

    Saturdays never cost any.
    """
    rows = [session(day="wed", start="10:00", end="12:00", open_tables=9), session(number=1)]
    inputs = prison(people=30, sessions=rows)
    one = np.ones(30, dtype=np.int64)
    place = replace(inputs.places["AAA"], children=one, pupils=one)
    log = simulate(
        replace(inputs, places={"AAA": place}), establishment="AAA", seed=1, replication=0
    )
    came = log.table(CALENDAR).dropna(subset="school_minutes")
    term = (came["session_start"] >= pd.Timestamp("2026-09-02")) & (came["session"] == "AAA-0")

    assert (came.loc[term, "school_minutes"] >= 120).all()
    assert (came.loc[~term, "school_minutes"] == 0).all()
    assert 10 < term.sum() < len(came) - 10


def test_refunds_stop_at_the_yearly_cap() -> None:
    inputs, log = one_visit()

    measures = estate_totals(
        tally([log], replace(inputs, refunded_visits_per_year=0)).table(), weeks=4
    )

    assert value(measures, "refund_gbp") == 0.0


def test_each_year_of_a_longer_run_has_the_refunds_of_its_own_cap() -> None:
    """A family that comes more than once a week has 10 visits refunded in each of two years."""
    calendar = replace(CALENDAR, weeks=104)
    inputs = prison(
        people=1,
        sessions=daily(2),
        calendar=calendar,
        demand=replace(DEMAND, wish_per_four_weeks=8.0),
        cost_gbp=40.0,
    )
    log = simulate(inputs, establishment="AAA", seed=1, replication=0)

    measures = estate_totals(
        tally([log], replace(inputs, refunded_visits_per_year=10)).table(), weeks=104
    )

    assert value(measures, "visits") > 100
    assert value(measures, "refund_gbp") == 20 * 10.0


def test_every_group_of_every_measure_has_a_row_and_zeros_are_said() -> None:
    """An empty prison: counts and shares are zero, and only means of nothing are missing."""
    measures = measured(prison(people=0, sessions=daily(2), regime=REGIME), ["AAA"])

    means = measures["measure"].str.startswith("wait_days") | measures["measure"].isin(
        ["visit_minutes_mean", "entitlement_reachable_share"]
    )
    there = measures["measure"].isin(["tables", "staff_hours"])
    assert (measures.loc[~means & ~there, "value"] == 0).all()
    assert measures.loc[means, "value"].isna().all()
    visits = measures[(measures["measure"] == "visits") & (measures["establishment"] == "AAA")]
    assert set(visits["group"]) == {
        group for group_by, groups in GROUPS.items() if group_by != "outcome" for group in groups
    }


@pytest.mark.parametrize(
    "measure",
    ["requests", "visits", "visitors", "video_calls", "family_money_gbp", "no_shows", "people"],
)
def test_groups_add_up_to_all(measure: str) -> None:
    measures = measured(three_prisons(), CODES)
    rows = measures[(measures["measure"] == measure) & (measures["establishment"] == "ALL")]

    sums = rows.groupby("group_by")["value"].sum()

    assert len(sums) > 1
    assert sums.to_numpy() == pytest.approx(sums["all"])


@pytest.mark.parametrize(
    "measure",
    ["family_money_gbp", "family_travel_hours", "refund_gbp", "school_hours_missed", "staff_hours",
     "video_calls", "video_hours"],
)  # fmt: skip
def test_what_visits_and_calls_take_adds_up_over_kinds_of_session(measure: str) -> None:
    measures = measured(three_prisons(), CODES)
    rows = measures[(measures["measure"] == measure) & (measures["establishment"] == "ALL")]

    sums = rows.groupby("group_by")["value"].sum()

    assert sums["session_kind"] == pytest.approx(sums["all"])


def test_estate_is_the_sum_of_its_prisons() -> None:
    measures = measured(three_prisons(), CODES)
    rows = measures[(measures["group_by"] == "all") & (measures["measure"] == "visits")]

    by_prison = rows.set_index("establishment")["value"]

    assert by_prison["ALL"] == by_prison[list(CODES)].sum() > 0


def test_median_of_the_estate_is_that_of_all_its_visits() -> None:
    inputs = three_prisons()
    measures = measured(inputs, CODES)
    waits = []
    for code in CODES:
        log = simulate(inputs, establishment=code, seed=1, replication=0)
        held = log.of(VisitOutcome.ATTENDED)
        asked = log.year.visits.asked_minutes[log.request[held]] // 1440
        waits += (log.year.sessions.day[log.slot[held]] - asked).tolist()

    found = [
        value(measures, f"wait_days_{name}", establishment="ALL") for name in ("median", "p90")
    ]

    expected = np.quantile(waits, [0.5, 0.9], method="inverted_cdf")
    assert found == expected.tolist()
    assert value(measures, "wait_days_mean", establishment="ALL") == pytest.approx(np.mean(waits))


def test_outcomes_of_requests_add_up_to_the_requests() -> None:
    measures = measured(three_prisons(replace(CALENDAR, warm_up_weeks=2)), CODES)
    rows = measures[(measures["measure"] == "requests") & (measures["establishment"] == "BBB")]

    sums = rows.groupby("group_by")["value"].sum()

    assert sums["outcome"] == sums["all"] > 0


def test_warm_up_is_played_and_not_counted() -> None:
    """Tables offered are those of the eight measured weeks, whatever is played before."""
    plain = measured(three_prisons(), CODES)
    warmed = measured(three_prisons(replace(CALENDAR, warm_up_weeks=3)), CODES)

    assert value(plain, "tables") == value(warmed, "tables") == 8 * 3 * 3


def test_one_prison_alone_equals_that_prison_in_the_estate() -> None:
    inputs = three_prisons()
    together, log_together = replicate(inputs, CODES, seed=9, replication=4, keep_log=True)
    alone, log_alone = replicate(inputs, ["BBB"], seed=9, replication=4, keep_log=True)

    inside = together[together["establishment"] == "BBB"].reset_index(drop=True)

    pd.testing.assert_frame_equal(inside, alone, check_exact=True)
    assert log_together is not None
    assert log_alone is not None
    log_inside = log_together[log_together["establishment"] == "BBB"].reset_index(drop=True)
    pd.testing.assert_frame_equal(
        log_inside.astype({"prisoner_id": str, "establishment": str, "session": str}),
        log_alone.astype({"prisoner_id": str, "establishment": str, "session": str}),
        check_exact=True,
    )


def test_measures_do_not_depend_on_how_the_estate_is_cut() -> None:
    inputs = three_prisons()
    whole = replicate(inputs, CODES, seed=9, replication=0, keep_log=False)[0]
    parts = [
        replicate(inputs, block, seed=9, replication=0, keep_log=False)[0]
        for block in (["CCC"], ["AAA", "BBB"])
    ]

    pd.testing.assert_frame_equal(
        estate_totals(whole, weeks=8),
        estate_totals(pd.concat(parts), weeks=8),
        check_exact=True,
    )


@hypothesis_settings(max_examples=10)
@given(seed=st.integers(0, 1_000), replication=st.integers(0, 50))
def test_same_seed_gives_the_same_log(seed: int, replication: int) -> None:
    inputs = three_prisons()
    first, second = (
        simulate(inputs, establishment="AAA", seed=seed, replication=replication).table(CALENDAR)
        for _ in range(2)
    )

    pd.testing.assert_frame_equal(first, second, check_exact=True)


def test_replications_and_seeds_differ() -> None:
    inputs = three_prisons()
    asked = {
        tuple(
            simulate(
                inputs, establishment="AAA", seed=seed, replication=replication
            ).year.visits.asked_minutes
        )
        for seed in (1, 2)
        for replication in (0, 1)
    }

    assert len(asked) == 4


def test_another_process_gives_the_same_tallies() -> None:
    inputs = three_prisons()
    here = replicate(inputs, CODES, seed=2, replication=1, keep_log=False)[0]

    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        there = pool.submit(
            replicate, inputs, CODES, seed=2, replication=1, keep_log=False
        ).result()[0]

    pd.testing.assert_frame_equal(here, there, check_exact=True)


def test_inputs_are_small() -> None:
    assert len(pickle.dumps(three_prisons())) < 100_000


def test_logs_of_blocks_join_without_losing_words() -> None:
    inputs = three_prisons()
    tables = [replicate(inputs, [code], seed=1, replication=0, keep_log=True)[1] for code in CODES]

    joined = join_tables([table for table in tables if table is not None])

    assert joined["establishment"].unique().tolist() == list(CODES)
    assert len(joined) == sum(len(table) for table in tables if table is not None)
    assert joined["session"].isin([f"{c}-{n}" for c in CODES for n in range(3)] + [""]).all()


def test_interval_is_students() -> None:
    """Values 1, 2, 3, 4: mean 2.5, deviation 1.291, t(3) = 3.182, half width 2.054."""
    rows = pd.DataFrame({"replication": range(4), "value": [1.0, 2.0, 3.0, 4.0]}).assign(
        establishment="AAA", group_by="all", group="all", measure="visits", measure_unit="visits"
    )

    found = intervals(rows).iloc[0]

    assert [found["mean"], found["low"], found["high"]] == pytest.approx(
        [2.5, 0.446, 4.554], abs=0.001
    )
    assert found["replications"] == 4


def test_one_replication_has_no_interval() -> None:
    found = intervals(measured(three_prisons(), CODES))

    assert found["low"].isna().all()


def test_pairing_takes_out_what_two_runs_share() -> None:
    """The same families with one table more: the paired interval is far narrower."""
    before = measured(three_prisons(tables=2), CODES, replications=8)
    after = measured(three_prisons(tables=3), CODES, replications=8)
    key = (
        "ALL",
        "all",
        "all",
        "visits",
    )
    names = ["establishment", "group_by", "group", "measure"]

    paired = paired_intervals(before, after).set_index(names).loc[key]
    alone = intervals(after).set_index(names).loc[key]

    assert paired["low"] > 0
    assert paired["high"] - paired["low"] < (alone["high"] - alone["low"]) / 2


def test_pairing_needs_the_same_replications() -> None:
    before = measured(three_prisons(), CODES, replications=2)

    with pytest.raises(ValueError, match="different replications"):
        paired_intervals(before, before[before["replication"] == 0])

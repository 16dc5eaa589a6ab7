"""Use of halls and stations by hour of the week, and the staff that a timetable asks for."""

from __future__ import annotations

import math
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.estate import load_estate
from scenarios.accounts.staffing import planned_agents, planned_staff
from scenarios.drafting import drafts
from scenarios.drafting.drafts import Draft
from scenarios.drafting.presets import preset
from scenarios.load import load_scenario
from scenarios.reading import hours
from scenarios.results import Results
from scenarios.run import Options, run_many


@pytest.fixture(scope="module")
def run(small_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Results:
    asked = Options(
        data_dir=small_data,
        runs_dir=tmp_path_factory.mktemp("hours"),
        replications=2,
        keep_visits=True,
        workers=1,
    )
    return run_many(["baseline"], asked)[0][0]


def test_slots_count_the_visits_and_calls_of_a_week(run: Results) -> None:
    use = hours.use_by_slot(run)
    log = run.visits
    first = pd.Timestamp(run.scenario["calendar"]["start_date"])
    last = first + pd.Timedelta(weeks=52)
    held = log[log["session_start"].between(first, last, inclusive="left")]
    for channel, outcome in (("visit", "attended"), ("video", "video_held")):
        came = held[held["outcome"] == outcome]
        keys = ["replication", "prisoner_id", "request"]
        double = held.loc[held["outcome"] == "doubled", keys].merge(came[keys])
        number = len(came) + (len(double) if channel == "visit" else 0)
        assert use.loc[use["channel"] == channel, "number"].sum() == pytest.approx(number / 104)
    assert number > 0


def test_double_visit_is_in_use_in_both_of_its_sessions(tmp_path: Path) -> None:
    """A has both sessions of a Tuesday, B booked both and came to neither, C has the first."""
    first, second = pd.Timestamp("2026-08-04 14:00"), pd.Timestamp("2026-08-04 15:15")
    rows = [
        ("A", 1, "doubled", "LEI-2", second, None),
        ("A", 1, "attended", "LEI-1", first, 135.0),
        ("B", 2, "doubled", "LEI-2", second, None),
        ("B", 2, "no_show", "LEI-1", first, None),
        ("C", 3, "attended", "LEI-1", first, 60.0),
    ]
    columns = ["prisoner_id", "request", "outcome", "session", "session_start", "minutes_had"]
    log = pd.DataFrame(rows, columns=columns).assign(
        replication=0, establishment="LEI", channel="visit", late_minutes=0.0
    )
    log.to_parquet(tmp_path / "visits.parquet")
    calendar = {"start_date": "2026-08-03", "weeks": 1}
    stored = Results(
        scenario={"calendar": calendar, "video": {"call_minutes": 30}},
        tables={},
        allocation={},
        summary={},
        provenance={},
        folder=tmp_path,
    )
    use = hours.use_by_slot(stored)
    assert use[["start_minutes", "minutes", "number"]].to_numpy().tolist() == [
        [840, 60, 2],
        [915, 60, 1],
    ]


def test_visits_last_as_long_as_their_sessions(run: Results, small_data: Path) -> None:
    use = hours.use_by_slot(run)
    leeds = use[(use["channel"] == "visit") & (use["establishment"] == "LEI")]
    templates = load_estate(small_data).session_templates
    templates = templates[templates["establishment"] == "LEI"]
    start = templates["start"].map(hours.clock_minutes)
    lasts = set(templates["end"].map(hours.clock_minutes) - start)
    often = leeds[leeds["number"] > 0.2]
    assert len(often)
    assert set(often["minutes"]) <= lasts


@given(
    st.lists(
        st.tuples(st.integers(0, 6), st.integers(0, 1200), st.integers(5, 239), st.floats(0.1, 40)),
        max_size=20,
    )
)
def test_hours_hold_all_the_minutes_of_the_slots(
    slots: list[tuple[int, int, int, float]],
) -> None:
    rows = [("visit", "LEI", day, start, lasts, number) for day, start, lasts, number in slots]
    table = pd.DataFrame(rows, columns=hours.SLOT_COLUMNS)
    spread = hours.by_hour(table, None, "visit")
    minutes = sum(lasts * number for _, _, lasts, number in slots)
    assert spread["used"].sum() * 60 == pytest.approx(minutes)
    assert hours.by_hour(table, None, "video").empty
    assert hours.by_hour(table, None, "visit", "LPI").empty


def test_offer_is_not_told_of_a_run_that_keeps_none(run: Results, tmp_path: Path) -> None:
    assert run.folder is not None
    older = Path(shutil.copytree(run.folder, tmp_path / "older"))
    (older / hours.OFFER_FILE).unlink()
    assert hours.on_offer(replace(run, folder=older)) is None
    assert hours.on_offer(replace(run, folder=None)) is None


def test_every_slot_in_use_is_on_offer(run: Results) -> None:
    """The tables of the run are its own, so what it offers is told of the timetable it played."""
    use, offered = hours.use_by_slot(run), hours.on_offer(run)
    assert offered is not None
    columns = ["establishment", "weekday", "start_minutes"]
    visits = (table[table["channel"] == "visit"] for table in (use, offered))
    used, held = (set(table[columns].itertuples(index=False, name=None)) for table in visits)
    assert used
    assert used <= held


def test_offer_is_the_tables_of_the_timetable(run: Results, small_data: Path) -> None:
    offered = hours.on_offer(run)
    assert offered is not None
    estate = load_estate(small_data)
    held = estate.session_templates
    leeds = held[held["establishment"] == "LEI"]
    tables = ((leeds["open_tables"] + leeds["closed_tables"]) / leeds["every_n_weeks"]).sum()
    told = offered[(offered["establishment"] == "LEI") & (offered["channel"] == "visit")]
    family_day = 4 / 52 * leeds["open_tables"].max()
    assert told["number"].sum() == pytest.approx(tables + family_day, abs=1)
    assert (told["minutes"] > 0).all()


def test_added_session_needs_its_officers_and_checkers() -> None:
    estate = load_estate()
    session = {"days": ["tue"], "start": "18:00", "end": "19:30", "open_tables": 15}
    change = {"regime.added_sessions": [{"where": {"establishment": ["LEI"]}, **session}]}
    before = planned_staff(estate, load_scenario("baseline"))
    after = planned_staff(
        estate, drafts.checked(Draft(name="a", title="A", question="Q", change=change))
    )
    staff = math.ceil(15 / 6) + math.ceil(15 / 8)
    assert after.session_hours - before.session_hours == pytest.approx(52 * staff * (1.5 + 1.0))
    assert after.video_hours == before.video_hours
    assert after.gbp - before.gbp == pytest.approx(52 * staff * 2.5 * before.gbp_per_hour)


def test_planned_staff_are_near_those_a_run_measures(run: Results, small_data: Path) -> None:
    planned = planned_staff(load_estate(small_data), load_scenario("baseline"))
    rows = run.measures
    rows = rows[(rows["establishment"] == "ALL") & (rows["group_by"] == "all")]
    measured = rows.groupby("measure")["value"].mean()
    assert measured["staff_hours"] <= planned.session_hours
    assert measured["staff_hours"] == pytest.approx(planned.session_hours, rel=0.15)
    assert measured["video_staff_hours"] == pytest.approx(planned.video_hours, rel=0.05)
    assert np.isfinite(planned.gbp)


def test_agents_of_a_scenario_are_paid_for_the_hours_of_their_shifts() -> None:
    """Three agents more by day, each eight hours less an unpaid half-hour; two in the evening."""
    estate = load_estate()
    line = preset("line")
    change = line.change(line.begun() | {"agents": 8, "evening": 2})
    scenario = drafts.checked(Draft(name="a", title="A", question="Q", change=change))
    before = planned_agents(estate, load_scenario("baseline"))
    after = planned_agents(estate, scenario)
    assert before is not None
    assert after is not None
    weeks = scenario.benefit.weeks_per_year
    assert after.hours - before.hours == pytest.approx(weeks * 5 * (3 * 7.5 + 2 * 3))
    assert after.gbp - before.gbp == pytest.approx(
        (after.hours - before.hours) * before.gbp_per_hour
    )


def test_booking_online_alone_pays_no_more_agents() -> None:
    estate = load_estate()
    change = {"line.online": [{"where": {}, "first_date": "2026-07-06", "share": 0.5}]}
    scenario = drafts.checked(Draft(name="a", title="A", question="Q", change=change))
    before, after = (
        planned_agents(estate, load_scenario("baseline")),
        planned_agents(estate, scenario),
    )
    assert before is not None
    assert before == after
    without = drafts.checked(
        Draft(name="a", title="A", question="Q", change={"line.modelled": False})
    )
    assert planned_agents(estate, without) is None

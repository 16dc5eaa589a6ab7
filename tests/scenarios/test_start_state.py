"""A year that begins from bookings and orders of a file, instead of from a warm-up."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from scenarios.errors import ScenarioError
from scenarios.inputs import load_inputs
from scenarios.load import load_scenario
from scenarios.planning.place import place, simulated_on
from scenarios.results import Results
from scenarios.run import Options, run_many, scenarios_of
from scenarios.start_state import COLUMNS, begin_from, read_state, state_of, without_warm_up
from scenarios.studies.replay import replay
from simulation.clock import MINUTES_PER_DAY
from simulation.demand import visit_requests
from simulation.log import CODE, VisitLog, VisitOutcome
from simulation.simulate import SimulationInputs, open_year, orders_of, simulate
from simulation.start_state import NOT_KNOWN, CallsBooked, StartState, spend_all
from tests.simulation.small_prison import (
    ALLOWANCE,
    ASKING,
    CALENDAR,
    DEMAND,
    REGIME,
    daily,
    prison,
    session,
)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("start")


@pytest.fixture(scope="module")
def warmed_up(small_data: Path, runs: Path) -> Results:
    """Write the state of a run with a warm-up, on the first day it measures."""
    asked = Options(
        data_dir=small_data,
        runs_dir=runs / "runs",
        replications=2,
        workers=1,
        save_state=runs / "state.csv",
    )
    return run_many(["baseline"], asked)[0][0]


@pytest.fixture(scope="module")
def state(warmed_up: Results, runs: Path) -> pd.DataFrame:
    return pd.read_csv(runs / "state.csv", parse_dates=["session_start", "asked_at"])


@pytest.fixture(scope="module")
def started(small_data: Path, state: pd.DataFrame, runs: Path) -> SimulationInputs:
    scenario = without_warm_up(load_scenario("baseline"))
    found = load_inputs(scenario, small_data)
    given = simulated_on(scenario, found, place(scenario, found))
    return begin_from(given, runs / "state.csv")


def test_the_state_is_who_holds_a_table_when_the_warm_up_ends(
    warmed_up: Results, state: pd.DataFrame
) -> None:
    """Told from the log: booked before, held or cancelled after."""
    log = warmed_up.visits
    log = log[(log["replication"] == 0) & (log["channel"] == "visit")]
    begins = pd.Timestamp("2026-08-03")
    booked = log[
        (log["outcome"] == "booked") & (log["at"] < begins) & (log["session_start"] >= begins)
    ]
    gone = log[log["outcome"].isin(["cancelled", "called_off"]) & (log["at"] < begins)]
    keys = ["prisoner_id", "request"]
    left = booked.merge(gone[keys].astype({"prisoner_id": "str"}), on=keys, how="left",
                        indicator=True)  # fmt: skip
    bookings = state[state["what"] == "booking"]
    assert len(bookings) == int((left["_merge"] == "left_only").sum()) > 10
    assert (bookings["asked_at"] < begins).all()
    assert (bookings["session_start"] >= begins).all()


def test_every_booking_of_the_state_is_in_the_calendar(
    state: pd.DataFrame, started: SimulationInputs
) -> None:
    bookings = state[state["what"] == "booking"]
    for code in started.establishments:
        log = simulate(started, establishment=code, seed=1, replication=0)
        carried = len(started.start[code])
        assert carried == int((bookings["establishment"] == code).sum())
        entered = (log.request < carried) & (log.outcome == CODE[VisitOutcome.BOOKED])
        assert int(entered.sum()) == carried
        ends = np.isin(
            log.outcome[log.request < carried],
            [
                CODE[outcome]
                for outcome in (
                    VisitOutcome.ATTENDED,
                    VisitOutcome.NO_SHOW,
                    VisitOutcome.REFUSED_ENTRY,
                    VisitOutcome.CANCELLED,
                    VisitOutcome.CALLED_OFF,
                )
            ],
        )
        assert int(ends.sum()) == carried


def test_everybody_begins_with_the_orders_of_the_state(
    state: pd.DataFrame, started: SimulationInputs
) -> None:
    told = state[state["what"] == "orders"].set_index("prisoner_id")["orders"]
    for code in started.establishments:
        people = started.places[code]
        orders = orders_of(people, started, seed=1, replication=0)
        started.start[code].set_orders(orders)
        known = started.start[code].orders != NOT_KNOWN
        assert (known == people.convicted).all()
        for person in np.flatnonzero(known).tolist():
            # what is granted on the first day itself comes on top
            spare = spend_all(orders, person, 0)
            assert spare >= told[people.prisoner_id[person]]


FREE_OF_ORDERS = [
    session(number=7, day="sat", start="09:30", end="11:30", open_tables=9, kind="family_day"),
    session(number=8, day="sun", start="09:30", end="11:30", open_tables=9, order_rule="none"),
]


@pytest.mark.parametrize(
    ("ordinary", "asks_for", "double"),
    [(0, "", 0.0), (1, "", 0.0), (2, "", 1.0), (2, "privileged_order", 0.0)],
)
@pytest.mark.parametrize("reception_visits", [0, 1])
def test_orders_of_the_state_are_those_the_desk_has_in_hand(
    ordinary: int, asks_for: str, double: float, reception_visits: int
) -> None:
    """Against the year stopped at that moment, with sessions that ask for no order."""
    rows = [row | {"order_rule": asks_for} for row in daily(ordinary, "14:00", "15:00")]
    rows += [row | {"template": f"{row['template']}-late"} for row in daily(1, "15:00", "16:00")]
    inputs = prison(
        people=60,
        sessions=[*(rows if ordinary else ()), *FREE_OF_ORDERS],
        calendar=replace(CALENDAR, warm_up_weeks=4),
        demand=replace(DEMAND, wish_per_four_weeks=5.0, cancel_share=0.6),
        regime=replace(REGIME, opening_orders=2),
        allowance=replace(ALLOWANCE, reception_visits=reception_visits),
        asking=replace(ASKING, double_share=double),
        seed=4,
    )
    played = simulate(inputs, establishment="AAA", seed=1, replication=0)
    place, day = inputs.places["AAA"], inputs.calendar.warm_up_days
    log = played.table(inputs.calendar)

    state = state_of(inputs, log, seed=1)

    told = state[state["what"] == "orders"].set_index("prisoner_id")["orders"]
    stopped = open_year(inputs, establishment="AAA", seed=1, replication=0)
    stopped.run_until(day)
    first = day * MINUTES_PER_DAY
    assert played.counts()["cancelled"] > 5
    assert (played.minutes[played.of(VisitOutcome.BOOKED)] < first).sum() > 20
    convicted = np.flatnonzero(place.convicted).tolist()
    assert len(told) == len(convicted) > 10
    for person in convicted:
        assert told[place.prisoner_id[person]] == spend_all(stopped.orders, person, day)


def test_every_call_of_the_state_holds_its_station(
    warmed_up: Results, state: pd.DataFrame, started: SimulationInputs
) -> None:
    """Told from the log: calls booked in the warm-up for later, and each held or not joined now."""
    log = warmed_up.visits
    begins = pd.Timestamp("2026-08-03")
    ahead = log[
        (log["replication"] == 0)
        & (log["outcome"] == "video_booked")
        & (log["at"] < begins)
        & (log["session_start"] >= begins)
    ]
    calls = state[state["what"] == "call"]
    assert len(calls) == len(ahead) > 5
    ends = [
        CODE[end]
        for end in (
            VisitOutcome.VIDEO_HELD, VisitOutcome.VIDEO_NO_SHOW, VisitOutcome.VIDEO_FAILED
        )
    ]  # fmt: skip
    for code in started.establishments:
        log_here = simulate(started, establishment=code, seed=1, replication=0)
        carried = len(started.start[code].calls)
        assert carried == int((calls["establishment"] == code).sum())
        first = len(log_here.year.visits)
        of_state = (log_here.request >= first) & (log_here.request < first + carried)
        booked = of_state & (log_here.outcome == CODE[VisitOutcome.VIDEO_BOOKED])
        assert int(booked.sum()) == carried
        assert (log_here.minutes[booked] < 0).all()
        assert int(np.isin(log_here.outcome[of_state], ends).sum()) == carried


def test_a_call_at_a_time_without_a_slot_falls(started: SimulationInputs) -> None:
    """It ends without a slot, and nothing is lost."""
    people = started.places["LEI"]
    caller = np.flatnonzero(people.has_party)[:1]
    state = replace(
        started.start["LEI"],
        calls=CallsBooked(
            person=caller,
            party=np.searchsorted(people.party_person, caller),
            asked_minutes=np.array([-1440.0]),
            start=np.array([3.0]),
        ),
    )
    inputs = replace(started, start=started.start | {"LEI": state})
    log = simulate(inputs, establishment="LEI", seed=1, replication=0)
    turns = log.outcome[log.request == len(log.year.visits)]
    assert turns.tolist() == [CODE[VisitOutcome.VIDEO_NO_SLOT]]


def test_the_same_people_use_video_in_every_year_from_a_state() -> None:
    """They are those of the year that saved it; a larger share adds others."""
    wishful = replace(
        DEMAND, video_user_share=0.4, video_wish_per_four_weeks=9.0, video_wish_spread=0.0
    )
    saved = prison(people=80, demand=wishful, seed=4)
    nothing = StartState(
        person=np.empty(0, dtype=np.int64),
        party=np.empty(0, dtype=np.int64),
        asked_minutes=np.empty(0),
        template=np.empty(0, dtype=object),
        start=np.empty(0),
        orders=np.full(80, NOT_KNOWN),
    )
    begun = replace(saved, start={"AAA": nothing})
    more = replace(begun, demand=replace(wishful, video_user_share=0.6))

    of_saved, another = (callers_of(saved, replication) for replication in (0, 1))
    from_state = [callers_of(begun, replication) for replication in range(3)]

    assert 20 < len(of_saved) < 45
    assert of_saved != another
    assert from_state == [of_saved] * 3
    assert of_saved < callers_of(more, 1) == callers_of(more, 2)


def callers_of(inputs: SimulationInputs, replication: int) -> set[str]:
    """Name the people whose families ask for video calls in a year."""
    log = simulate(inputs, establishment="AAA", seed=1, replication=replication)
    return set(log.year.place.prisoner_id[log.year.calls.person].tolist())


def test_a_state_may_hold_bookings_as_far_ahead_as_a_channel_or_a_prison_can_book(
    tmp_path: Path,
) -> None:
    """28 days by the regime, 42 online, 63 online at AAA."""
    inputs = prison(
        people=5,
        establishments=("AAA", "BBB"),
        sessions=[session(code, day="mon", open_tables=9) for code in ("AAA", "BBB")],
        asking=replace(ASKING, online_notice_days_max=42),
        visiting_rules=[{"establishment": "AAA", "online_notice_days_max": 63}],
    )
    path = tmp_path / "state.csv"
    rows = [
        ("AAA", "P00000", "2026-10-05"),  # 63 days ahead
        ("BBB", "P00005", "2026-09-14"),  # 42 days ahead
        ("BBB", "P00006", "2026-09-21"),
    ]
    table = pd.DataFrame(rows, columns=["establishment", "prisoner_id", "day"])
    table = table.assign(
        what="booking", session=table["establishment"] + "-0", adults=1, children=0, orders="",
        session_start=table["day"] + "T14:00:00", asked_at="2026-08-01T10:00:00",
    )  # fmt: skip

    def begun(table: pd.DataFrame) -> SimulationInputs:
        table.reindex(columns=COLUMNS).to_csv(path, index=False)
        return begin_from(inputs, path)

    with pytest.raises(ScenarioError, match=r"1 bookings lie further .*: BBB-0 on 2026-09-21"):
        begun(table)
    assert sum(len(each.person) for each in begun(table.head(2)).start.values()) == 2


def test_a_booking_that_was_not_cancelled_yet_may_still_be(started: SimulationInputs) -> None:
    """Against the chance worked out by trying: of 200,000 bookings those not cancelled by then."""
    share, past = 0.4, 0.75
    draw = np.random.default_rng(2)
    cancels, when = draw.random(200_000) < share, draw.random(200_000)
    left = ~(cancels & (when < past))
    expected = (cancels & left).sum() / left.sum()
    people = started.places["LEI"]
    visited = np.flatnonzero(people.has_party)
    person = np.repeat(visited, 400)
    state = StartState(
        person=person,
        party=np.searchsorted(people.party_person, person),
        asked_minutes=np.full(len(person), -3.0 * 1440),
        template=np.full(len(person), "LEI-S1", dtype=object),
        start=np.full(len(person), 1.0 * 1440),
        orders=np.full(len(people.keys), NOT_KNOWN),
    )
    settings = replace(started.demand, cancel_share=share)
    year = visit_requests(people, started.calendar, settings, seed=1, replication=0)
    both = state.before(year, people, settings, seed=1, replication=0)
    assert len(both) == len(state) + len(year)
    found = both.cancels[: len(state)].mean()
    assert abs(found - expected) < 4 * np.sqrt(expected / len(state)) + 0.005
    assert (both.attempts[: len(state)] == 0).all()
    assert (both.asked_minutes[len(state) :] == year.asked_minutes).all()


def test_the_same_calendar_is_met_by_whoever_asks_first(
    warmed_up: Results, started: SimulationInputs
) -> None:
    """The first two weeks are as busy as after a warm-up, and far busier than from nothing."""
    empty = replace(started, start={})

    def visits_in_first_days(inputs: SimulationInputs) -> int:
        return sum(
            _attended_before(simulate(inputs, establishment=code, seed=1, replication=0), 3)
            for code in inputs.establishments
        )

    log = warmed_up.visits
    first = pd.Timestamp("2026-08-03")
    warmed = log[
        (log["replication"] == 0)
        & (log["outcome"] == "attended")
        & (log["session_start"] >= first)
        & (log["session_start"] < first + pd.Timedelta(days=3))
    ]
    assert visits_in_first_days(empty) < visits_in_first_days(started)
    assert abs(visits_in_first_days(started) - len(warmed)) <= 0.35 * len(warmed)


def _attended_before(log: VisitLog, days: int) -> int:
    attended = log.outcome == CODE[VisitOutcome.ATTENDED]
    return int((attended & (log.minutes < days * 1440)).sum())


def test_a_run_begins_from_a_state_and_can_be_replayed(
    small_data: Path, state: pd.DataFrame, runs: Path, tmp_path: Path
) -> None:
    asked = Options(
        data_dir=small_data,
        runs_dir=runs / "runs",
        replications=1,
        workers=1,
        start_state=runs / "state.csv",
    )
    (found,), _ = run_many(["baseline"], asked)
    assert found.changes["setting"].tolist() == ["calendar.warm_up_weeks"]
    assert found.provenance["command"].endswith("--start-state FILE")
    assert found.folder is not None
    with pytest.raises(ScenarioError, match="did not begin from this start state"):
        replay(found.folder, establishment="LNI", replication=0, data_dir=small_data)
    told = replay(
        found.folder,
        establishment="LNI",
        replication=0,
        data_dir=small_data,
        start_state=runs / "state.csv",
        out_dir=tmp_path / "out",
    )
    assert "The measures are those stored with the run." in told


def test_every_fault_of_a_state_is_told(
    state: pd.DataFrame, started: SimulationInputs, tmp_path: Path
) -> None:
    bad = state.astype("str").replace("nan", "")
    bad.loc[0, "what"] = "visit"
    bad.loc[1, "adults"] = "-2"
    bad.loc[2, "session_start"] = "2026-02-30"
    bad.to_csv(tmp_path / "bad.csv", index=False)
    with pytest.raises(ScenarioError) as refused:
        begin_from(started, tmp_path / "bad.csv")
    assert len(refused.value.problems) == 3
    worse = state[state["what"] == "booking"].copy()
    worse.loc[worse.index[0], "session"] = "no-such-session"
    worse.loc[worse.index[1], "session_start"] = pd.Timestamp("2026-07-01 14:00")
    worse.loc[worse.index[2], "session_start"] = pd.Timestamp("2027-07-01 14:00")
    worse.loc[worse.index[3], "asked_at"] = pd.Timestamp("2026-08-04")
    late = state[state["what"] == "call"].head(3).copy()
    late["establishment"] = "ZZZ"
    late["session_start"] = pd.Timestamp("2027-07-01 14:00")
    worse = pd.concat([worse, late])
    many = pd.concat([worse, *([worse.iloc[[4]]] * 40)])
    many.to_csv(tmp_path / "worse.csv", index=False)
    with pytest.raises(ScenarioError) as refused:
        begin_from(started, tmp_path / "worse.csv")
    for words in ("1 bookings are for sessions that do not exist: no-such-session on",
                  "before the first day", "further ahead", "asked for on the first",
                  "more bookings than tables", "3 calls are at establishments",
                  "3 calls lie further ahead"):  # fmt: skip
        assert words in str(refused.value)


def test_a_state_that_is_not_there_is_refused(tmp_path: Path) -> None:
    asked = Options(runs_dir=tmp_path, start_state=tmp_path / "none.csv")
    with pytest.raises(ScenarioError, match="no such start state"):
        run_many(["baseline"], asked)
    (tmp_path / "text.csv").write_text("a,b\n1,2\n")
    with pytest.raises(ScenarioError, match="no column what, prisoner_id"):
        read_state(tmp_path / "text.csv")
    saving = Options(runs_dir=tmp_path, save_state=tmp_path / "text.csv")
    with pytest.raises(ScenarioError) as refused:
        scenarios_of(["baseline", "evening_visits"], saving)
    assert len(refused.value.problems) == 2


def test_a_state_that_is_not_there_is_told_beside_faults_of_the_scenario(tmp_path: Path) -> None:
    scenario = tmp_path / "slip.yaml"
    change = "change:\n  regime.notice_days_min: -1\n"
    scenario.write_text(f"title: Slip\nquestion: Does it run?\n{change}")
    asked = Options(runs_dir=tmp_path / "runs", start_state=tmp_path / "none.csv")

    with pytest.raises(ScenarioError) as refused:
        scenarios_of([str(scenario)], asked)

    said = " ".join(refused.value.problems)
    assert "no such start state" in said
    assert "regime.notice_days_min: -1 is outside" in said

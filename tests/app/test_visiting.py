"""The pages about visits, one hall, comparisons and scenarios, on stored small runs."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from app_pages import _effects, _jobs
from data.estate import load_estate
from scenarios import export
from scenarios.accounts.staffing import planned_staff
from scenarios.commands import check
from scenarios.comparing import effects
from scenarios.comparing.drivers import TOLD
from scenarios.display import assumptions as assumptions_display
from scenarios.display import compared, drafted, hall, visiting, wording
from scenarios.display import drivers as drivers_display
from scenarios.display.drivers import open_drivers
from scenarios.display.markup import DASH
from scenarios.drafting import drafts, presets
from scenarios.load import load_scenario
from scenarios.reading.hall_day import (
    HallDay,
    busiest,
    counts_at,
    days_of,
    hall_day,
    log_of,
    tables_at,
)
from scenarios.reading.hours import by_hour, use_by_slot
from scenarios.results import Results
from scenarios.run import Options
from scenarios.studies.assumptions import assumptions
from scenarios.studies.drivers import drivers
from scenarios.studies.replay import replay
from simulation.replicate import intervals
from tests.app.conftest import play, retold
from tests.app.serving import ROOT

Opener = Callable[..., AppTest]


@pytest.fixture(autouse=True)
def in_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


@pytest.fixture(scope="module")
def evenings(runs: Path, small_data: Path, plan: Results) -> Results:
    """Store a run with evening sessions, played on the same families as the others."""
    del plan
    return play("evening_visits", runs, small_data)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch, runs: Path) -> Opener:
    def open_page(leaf: str, run: Results | None = None, folder: Path = runs) -> AppTest:
        monkeypatch.setenv("ESTATE_RUNS", str(folder))
        app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
        if run is not None and run.folder is not None:
            app.query_params["run"] = run.folder.name
        app.run()
        app.switch_page(f"app_pages/{leaf}.py").run()
        assert not app.exception
        return app

    return open_page


def shown(app: AppTest) -> str:
    return "\n".join(element.proto.body for element in app.main.get("html"))


def click(app: AppTest, label: str) -> None:
    next(button for button in app.button if button.label == label).click().run()
    assert not app.exception


def spec(figure: object) -> dict[str, object]:
    found: dict[str, object] = figure.chart.to_dict()  # type: ignore[attr-defined]
    return found


def test_visits_of_a_run_are_set_beside_the_baseline(
    opened: Opener, evenings: Results, today: Results
) -> None:
    text = shown(opened("visits", evenings))
    found = effects.estate_differences(today, evenings)
    assert compared.who_loses(effects.gains_and_losses(found)) in text
    assert "Families of men and of women: the change of pounds and hours" in text
    visited = effects.newly_visited(today, evenings)
    assert visiting.answer(found, visited) in text
    assert "Staff for each person newly visited" in text
    assert "Men and women apart" in text
    assert "Not tried" in text
    assert "Nobody has tried these runs under other assumptions yet" in text


def test_other_assumptions_are_tried_on_the_scenario_and_tables_of_the_run(
    opened: Opener,
    evenings: Results,
    small_data: Path,
    monkeypatch: pytest.MonkeyPatch,
    asked: list[tuple[str, dict[str, object]]],
) -> None:
    app = opened("visits", evenings)
    click(app, "Try the other assumptions")
    assert "The tables this plan was made from are not here" in shown(app)
    assert not asked

    monkeypatch.setattr("app_pages._data.folders", lambda: [small_data])
    click(app, "Try the other assumptions")

    ((command, told),) = asked
    check(command, {name: value for name, value in told.items() if name != "title"})
    assert command == "assumptions"
    assert told["scenarios"] == ["baseline", "evening_visits"]
    assert (told["data"], told["settings"]) == (str(small_data), [])
    assert told["replications"] == evenings.replications


def test_visits_of_today_show_levels_with_their_intervals(opened: Opener, today: Results) -> None:
    text = shown(opened("visits", today))
    estimates = intervals(visiting.with_ends_of_requests(effects.estate_rows(today)))
    assert visiting.level_answer(estimates) in text
    assert visiting.policy_levels(estimates) in text
    assert "Women</th>" in text


def test_changes_of_the_policy_screen_are_the_paired_ones(
    evenings: Results, today: Results
) -> None:
    found = effects.estate_differences(today, evenings)
    staff = found[(found["measure"] == effects.STAFF) & (found["group_by"] == "all")].iloc[0]
    assert staff["difference"] > 0
    assert f"£{staff['difference']:,.0f}" in visiting.policy_changes(found, {})
    told = {"no_contact_share": "depends on an assumption: x", "requests_unmet_share": "higher"}
    table = visiting.policy_changes(found, told)
    assert table.count("Depends on an assumption: x") == 1
    assert table.count(">Stands<") == 1


def test_wait_of_sessions_at_other_prisons_is_not_compared(
    opened: Opener, evenings: Results, today: Results
) -> None:
    def at(results: Results) -> set[str]:
        rows = results.measures
        held = rows[(rows["measure"] == "tables") & (rows["group"] == "evening")]
        return set(held.loc[held["value"] > 0, "establishment"]) - {"ALL"}

    before, after = (effects.prison_rows(results, ["tables"]) for results in (today, evenings))
    elsewhere = effects.kinds_held_elsewhere(before, after)
    assert at(today) != at(evenings)
    assert elsewhere == {"evening": (len(at(today)), len(at(evenings)))}
    assert effects.kinds_held_elsewhere(before, before) == {}
    found = effects.estate_differences(today, evenings)
    table = visiting.policy_changes(found, {}, elsewhere)
    assert table in shown(opened("visits", evenings))
    assert f"and at {len(at(evenings))} in this run, so their waits are not compared" in table


def test_a_wait_of_fewer_than_ten_visits_a_year_is_not_told() -> None:
    """Two prisons: one weekday visit in two years of four, and some hundreds of visits a year."""

    def row(establishment: str, group: str, measure: str, *values: float) -> pd.DataFrame:
        found = pd.DataFrame({"replication": range(len(values)), "value": values})
        by = "all" if group == "all" else "session_kind"
        return found.assign(
            scenario="x", establishment=establishment, group_by=by, group=group,
            measure=measure, measure_unit="",
        )  # fmt: skip

    estimates = intervals(
        pd.concat(
            [
                row("AAI", "all", "wait_days_p90", 9.0, 11.0, 10.0, 10.0),
                row("AAI", "all", "visits", 300.0, 310.0, 305.0, 300.0),
                row("AAI", "weekday", "wait_days_p90", 2.0, 31.0),
                row("AAI", "weekday", "visits", 0.0, 1.0, 1.0, 0.0),
                row("BBI", "weekday", "wait_days_p90", 4.0, 5.0, 6.0, 5.0),
                row("BBI", "weekday", "visits", 10.0, 10.0, 10.0, 10.0),
                row("BBI", "evening", "wait_days_p90", *[float("nan")] * 4),
                row("BBI", "evening", "visits", 0.0, 0.0, 0.0, 0.0),
            ]
        )
    )
    rows = visiting.waits_by_prison(estimates, {"AAI": "Aa", "BBI": "Bb"})
    listed = visiting.waits_table(rows, "wait_days_p90")
    sheet = listed.sheet  # type: ignore[attr-defined]
    told = sheet.table.set_index("name")
    assert told.loc["Aa", "weekday"].words == "too few visits to tell"
    assert told.loc["Aa", "weekday"].value is None
    assert told.loc["Aa", "all"].words == "10.0 (8.7 to 11.3)"
    assert told.loc["Bb", "weekday"].words == "5.0 (3.7 to 6.3)"
    assert str(told.loc["Bb", "evening"]) == DASH
    assert "fewer than 10 visits" in listed
    assert "1 prison left out" in visiting.few_left_out(rows, "weekday")
    assert visiting.few_left_out(rows, "evening") == ""
    assert visiting.longest_waits(rows, "weekday")["label"].tolist() == ["Bb"]


def test_use_of_halls_can_be_seen_at_one_prison_and_for_video(
    opened: Opener, today: Results
) -> None:
    app = opened("visits", today)
    app.button_group(key="use").set_value("Video stations").run()
    app.selectbox(key="where").set_value("LEI").run()
    assert not app.exception
    assert "stations in use by hour of the week, Leeds" in shown(app)


def test_heat_map_draws_every_hour_with_the_share_used() -> None:
    use = pd.DataFrame(
        {"weekday": [0, 0, 5], "hour": [9, 10, 14], "used": [2.0, 9.0, 4.0], "offered": 10.0}
    )
    figure = visiting.heat_map(use, what="tables", title="T", note="N")
    drawn = spec(figure)
    values = next(iter(drawn["datasets"].values()))  # type: ignore[attr-defined]
    assert [row["band"] for row in values] == [
        "under a quarter",
        "80% or more",
        "a quarter to half",
    ]
    assert drawn["mark"]["type"] == "rect"  # type: ignore[index]
    assert drawn["encoding"]["color"]["scale"]["domain"] == list(visiting.BANDS)  # type: ignore[index]
    assert "Monday 10:00 to 11:00" in figure.alt
    unknown = visiting.heat_map(use.assign(offered=float("nan")), what="tables", title="T", note="")
    assert "Mean tables in use" in str(spec(unknown))


def test_page_on_visits_begins_with_today_and_asks_for_no_staff(
    opened: Opener, today: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    def asked(text: str) -> None:
        message = f"asked for the staff of {text}"
        raise AssertionError(message)

    monkeypatch.setattr(_effects, "extra_staff", asked)
    app = opened("visits", today)
    text = shown(app)
    assert text.count("Staff, as today") == len(presets.LEVERS)
    assert "All stands as it is today" in text
    assert "Keep it and start the run" not in [button.label for button in app.button]


def test_moving_a_control_of_visits_changes_the_staff_beside_it(
    opened: Opener, today: Results
) -> None:
    """The card tells what the timetable asks for, worked out here from the scenario itself."""
    app = opened("visits", today)
    app.slider(key="differently percent").set_value(25).run()
    app.select_slider(key="differently until").set_value("20:00").run()
    app.slider(key="differently evenings").set_value(4).run()
    assert not app.exception
    text = shown(app)
    assert "Staff for 4 evening sessions a week" in text
    asked = [
        presets.moved(lever, value, "Men's Category C prisons")
        for lever, value in zip(presets.LEVERS, (4, 25, "20:00"), strict=True)
    ]
    before = planned_staff(load_estate(), load_scenario("baseline"))
    change: dict[str, object] = {}
    for each in asked:
        assert each is not None
        draft = drafts.Draft(name="a", title="A", question="Q", change=each.change)
        added = planned_staff(load_estate(), drafts.checked(draft))
        card = drafted.lever_card("", (added.hours - before.hours, added.gbp - before.gbp))
        assert card.value in text
        assert escape(card.change) in text
        change = presets.joined(change, each.change)
    whole = planned_staff(
        load_estate(),
        drafts.checked(drafts.Draft(name="a", title="A", question="Q", change=change)),
    )
    assert drafted.together((whole.hours - before.hours, whole.gbp - before.gbp)) in text
    app.slider(key="differently evenings").set_value(0).run()
    assert "Staff, as today" in shown(app)


def test_controls_moved_back_leave_nothing_to_start(opened: Opener, today: Results) -> None:
    app = opened("visits", today)
    app.slider(key="differently evenings").set_value(2).run()
    assert "Keep it and start the run" in [button.label for button in app.button]
    app.slider(key="differently evenings").set_value(0).run()
    assert "All stands as it is today" in shown(app)
    assert "Keep it and start the run" not in [button.label for button in app.button]


def test_one_button_keeps_what_is_moved_and_starts_its_run(
    opened: Opener, today: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    retold(today, tmp_path)
    asked: dict[str, Any] = {}
    monkeypatch.setattr(_jobs, "begin", lambda command, **told: asked.update(told, command=command))
    app = opened("visits", today, folder=tmp_path)
    app.slider(key="differently evenings").set_value(2).run()
    app.select_slider(key="differently until").set_value("20:00").run()
    click(app, "Keep it and start the run")
    path = Path(str(asked["scenario"]))
    assert path.parent == tmp_path / ".scenarios"
    kept = drafts.read_draft(path)
    assert set(kept.change) == {"regime.added_sessions", "video.added_hours"}
    assert kept.title == asked["title"]
    assert (
        kept.title == "2 evening sessions a week, video calls until 20:00: men's Category C prisons"
    )
    assert drafts.faults(kept) == ()
    provenance = today.provenance
    assert (asked["command"], asked["seed"], asked["replications"]) == (
        "run",
        provenance["seed"],
        provenance["replications"],
    )


def test_what_is_moved_can_be_changed_further_as_a_scenario(opened: Opener, today: Results) -> None:
    app = opened("visits", today)
    app.slider(key="differently evenings").set_value(2).run()
    app.slider(key="differently percent").set_value(25).run()
    app.select_slider(key="differently until").set_value("20:00").run()
    click(app, "Change more of it first")
    app.switch_page("app_pages/scenario.py").run()
    assert not app.exception
    text = shown(app).replace("<wbr>", "")
    assert all(name in text for name in ("added_sessions", "session_tables", "added_hours"))
    assert any(each.label == "Tables in each session" for each in app.number_input)


def test_every_run_is_compared_with_the_first(
    opened: Opener, evenings: Results, plan: Results, today: Results
) -> None:
    app = opened("compare", plan)
    assert evenings.folder is not None
    assert plan.folder is not None
    app.multiselect(key="compare runs").set_value([plan.folder.name, evenings.folder.name]).run()
    assert not app.exception
    text = shown(app)
    assert "Headline measures: the first run" in text
    assert escape(evenings.title) in text
    assert app.query_params["runs"] is not None
    app.selectbox(key="closer").set_value(evenings.folder.name).run()
    assert "regime." in shown(app)


def test_comparison_splits_the_change_in_every_way(opened: Opener, plan: Results) -> None:
    app = opened("compare", plan)
    for way in compared.SPLITS.values():
        app.selectbox(key="split").set_value(way).run()
        assert not app.exception
        assert escape(f"by {way.lower()}", quote=False) in shown(app)
    for measure in compared.MEASURES:
        app.selectbox(key="gains by").set_value(measure).run()
        assert not app.exception


def test_plan_is_told_first_by_who_ends_further_from_home(
    opened: Opener, plan: Results, today: Results
) -> None:
    further = wording.who_ends_further(plan)
    assert compared.who_is_moved_away(today, plan) == further
    assert "Both runs move people" in compared.who_is_moved_away(plan, plan)
    assert compared.who_is_moved_away(plan, today) == ""
    for page in ("compare", "visits"):
        assert further in shown(opened(page, plan))


def test_prisons_that_a_plan_changes_have_no_change_of_contact(
    opened: Opener, plan: Results
) -> None:
    assert "not hold the same people in both runs" in shown(opened("compare", plan))


def test_comparison_tells_people_without_contact_and_groups_apart(
    opened: Opener, plan: Results
) -> None:
    text = shown(opened("compare", plan))
    assert "of them: nobody is known" in text
    assert "People without visitors" in text


@pytest.fixture
def books(monkeypatch: pytest.MonkeyPatch) -> list[export.Book]:
    """Collect the books that pages are ready to export."""
    made: list[export.Book] = []
    of_book = export.book_of

    def watched(*told: Any, **options: Any) -> export.Book:
        made.append(of_book(*told, **options))
        return made[-1]

    monkeypatch.setattr(export, "book_of", watched)
    return made


def told_of(study: str, book: export.Book) -> dict[str, str]:
    """Give what the provenance of a file says of a study."""
    head = f"{study}: "
    return {k.removeprefix(head): v for k, v in book.about.items() if k.startswith(head)}


def test_lines_that_drive_a_change_are_shown_where_they_were_played(
    opened: Opener,
    evenings: Results,
    today: Results,
    small_data: Path,
    tmp_path: Path,
    books: list[export.Book],
) -> None:
    assert today.folder is not None
    assert evenings.folder is not None
    for results in (today, evenings):
        retold(results, tmp_path, title=results.title)
    asked = Options(data_dir=small_data, runs_dir=tmp_path, seed=1, replications=2)
    study = open_drivers(drivers("evening_visits", asked).folder)
    app = opened("compare", evenings, folder=tmp_path)
    first = next(iter(drivers_display.measures(study).values()))
    assert drivers_display.listing(study, first) in shown(app)
    assert {
        "Study": "what drives the change between two runs, line by line",
        "Runs": f"{today.folder.name}, {evenings.folder.name}",
        "Simulated years": "2",
        "Seed": "1",
        "Scenarios played": str(study.account["scenarios_played"]),
        "Command": study.account["command"],
    }.items() <= told_of(study.folder.name, books[-1]).items()
    assert "the same in every year" not in drivers_display.answer(study, first)
    assert "the same in every year" in drivers_display.answer(study, "straight_miles")
    for measure in ("visits", "no_contact_share", "staff_gbp"):
        app.selectbox(key="driver measure").set_value(TOLD[measure]).run()
        assert not app.exception
        text = shown(app)
        assert escape(drivers_display.answer(study, measure), quote=False) in text
        assert drivers_display.listing(study, measure) in text
    assert "Where the change shows" in shown(app)
    assert "Play the lines one at a time" not in [button.label for button in app.button]


def test_lines_are_played_on_the_scenarios_and_tables_of_the_two_runs(
    opened: Opener,
    plan: Results,
    small_data: Path,
    monkeypatch: pytest.MonkeyPatch,
    asked: list[tuple[str, dict[str, object]]],
) -> None:
    app = opened("compare", plan)
    click(app, "Play the lines one at a time")
    assert "The tables this plan was made from are not here" in shown(app)
    assert not asked

    monkeypatch.setattr("app_pages._data.folders", lambda: [small_data])
    app.checkbox(key="every order").uncheck().run()
    click(app, "Play the lines one at a time")
    ((command, told),) = asked
    check(command, {name: value for name, value in told.items() if name != "title"})
    assert command == "drivers"
    assert told["scenarios"] == ["baseline", "closer_to_home"]
    assert (told["data"], told["every_order"]) == (str(small_data), False)
    assert (told["seed"], told["replications"]) == (1, plan.replications)


def test_verdicts_under_other_assumptions_are_shown_where_they_were_tried(
    opened: Opener,
    evenings: Results,
    today: Results,
    small_data: Path,
    tmp_path: Path,
    books: list[export.Book],
) -> None:
    for results in (today, evenings):
        retold(results, tmp_path, title=results.title)
    asked = Options(data_dir=small_data, runs_dir=tmp_path, seed=1, replications=2, workers=1)
    tried = assumptions("evening_visits", asked, chosen=["demand.no_show_share"])
    study = assumptions_display.open_assumptions(tried.folder)
    for page in ("compare", "visits"):
        app = opened(page, evenings, folder=tmp_path)
        text = shown(app)
        assert assumptions_display.summary(study) in text
        first = next(iter(assumptions_display.measures(study).values()))
        assert assumptions_display.listing(study, first) in text
        assert first != "straight_miles"
        words = told_of(study.folder.name, books[-1])
        assert words["Study"] == "whether other assumptions would turn the verdicts"
        assert (words["Seed"], words["Simulated years"]) == ("1", "2")
        assert "Try the other assumptions" not in [button.label for button in app.button]
        app.selectbox(key="assumption measure").set_value(TOLD["visits"]).run()
        assert not app.exception
        assert assumptions_display.listing(study, "visits") in shown(app)
    conclusion = study.account["conclusions"]["no_contact_share"]
    assert conclusion[:1].upper() + conclusion[1:] in text
    told = assumptions_display.sentence(study.account["conclusions"], list(wording.EFFECTS))
    assert escape(told, quote=False) in shown(opened("overview", evenings, folder=tmp_path))


def test_one_line_that_differs_brings_the_whole_change(opened: Opener, evenings: Results) -> None:
    text = shown(opened("compare", evenings))
    assert "One line alone differs between these runs" in text


def test_waterfall_draws_bars_that_join(plan: Results, today: Results) -> None:
    parts = effects.parts_of_change(effects.estate_differences(today, plan), "session_kind")
    drawn = spec(compared.waterfall(parts, "session_kind", note="N"))
    bars = next(iter(drawn["datasets"].values()))  # type: ignore[attr-defined]
    assert [bar["label"] for bar in bars][:: len(bars) - 1] == ["First run", "Second run"]
    assert bars[0]["high_end"] == pytest.approx(parts.iloc[-1]["before"])
    assert bars[-1]["high_end"] == pytest.approx(parts.iloc[-1]["after"])
    assert sum(bar["change"] for bar in bars[1:-1]) == pytest.approx(bars[-1]["change"])
    assert {bar["kind"] for bar in bars} <= {"adds", "takes away", "total"}
    across = drawn["layer"][0]["encoding"]["x"]["scale"]  # type: ignore[index]
    assert across["domain"][0] == bars[0]["low_end"] == min(bar["low_end"] for bar in bars)
    assert across["domain"][1] > max(bar["high_end"] for bar in bars)


def test_hall_shows_a_day_and_moves_with_the_slider(opened: Opener, plan: Results) -> None:
    app = opened("hall", plan)
    app.selectbox(key="hall prison").set_value("LEI").run()
    chosen = pd.Timestamp(app.selectbox(key="hall day").value)
    day = hall_day(log_of(plan, "LEI"), "LEI", chosen)
    minute = day.amid + 25
    app.slider(key="hall time").set_value(datetime.time(minute // 60, minute % 60)).run()
    assert not app.exception
    assert hall.moment(day, minute) in shown(app)
    click(app, "Day after")
    days = [each.date() for each in days_of(log_of(plan, "LEI"))]
    assert app.selectbox(key="hall day").value in days
    assert app.selectbox(key="hall day").value == days[days.index(chosen.date()) + 1]


def test_hall_plays_by_itself_until_it_is_stopped(opened: Opener, plan: Results) -> None:
    app = opened("hall", plan)
    click(app, "Play the day")
    assert "Stop" in [button.label for button in app.button]
    click(app, "Stop")
    assert "Play the day" in [button.label for button in app.button]


@pytest.fixture(scope="module")
def replayed(plan: Results, small_data: Path) -> Path:
    assert plan.folder is not None
    told = replay(plan.folder, establishment="LEI", replication=0, data_dir=small_data)
    return Path(told[0])


def days(plan: Results, replayed: Path) -> list[HallDay]:
    log = log_of(plan, "LEI")
    return [hall_day(log, "LEI", busiest(log), folder) for folder in (None, replayed)]


def test_replayed_day_is_the_stored_day_with_the_queue(plan: Results, replayed: Path) -> None:
    stored, known = days(plan, replayed)
    assert not stored.replayed
    assert known.replayed
    assert len(stored.visits) == len(known.visits) > 0
    for minute in range(stored.opens, stored.closes, 5):
        one, other = counts_at(stored, minute), counts_at(known, minute)
        assert abs(one[hall.IN_HALL] - other[hall.IN_HALL]) <= 1
        assert one[hall.ON_VIDEO] == other[hall.ON_VIDEO]
    assert sum(counts_at(known, minute)[hall.AT_CHECK] for minute in range(480, 1080, 5)) > 0


def test_every_table_on_offer_is_drawn_once(plan: Results, replayed: Path) -> None:
    _, known = days(plan, replayed)
    session = known.sessions.iloc[0]
    tables = tables_at(known, session["start"] + 30)
    of_session = tables[tables["session"] == session["session"]]
    assert len(of_session) == session["tables"]
    figure = hall.at_a_moment(known, session["start"] + 30, title="T", note="N")
    boxes = [
        row
        for rows in spec(figure)["datasets"].values()  # type: ignore[attr-defined]
        for row in rows
        if row.get("kind") == "table"
    ]
    assert len(boxes) >= len(of_session)
    assert len({(box["x"], box["y"]) for box in boxes}) == len(boxes)
    assert "At the check and search" in str(spec(figure))


def test_hall_page_tells_the_queue_once_the_year_was_replayed(
    opened: Opener, plan: Results, replayed: Path
) -> None:
    assert replayed.is_dir()
    app = opened("hall", plan)
    app.selectbox(key="hall prison").set_value("LEI").run()
    text = shown(app)
    assert "Check and search, minutes each" in text
    assert "Hall opened late, minutes" in text
    assert "Play this year again" not in [button.label for button in app.button]


def test_year_is_played_again_on_the_tables_of_the_run(
    opened: Opener,
    plan: Results,
    small_data: Path,
    asked: list[tuple[str, dict[str, object]]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of a run on tables of a planner's own, which are not those of every session."""
    app = opened("hall", plan)
    app.selectbox(key="hall prison").set_value("LNI").run()
    click(app, "Play this year again")
    assert asked == []
    assert "The tables this plan was made from are not here" in shown(app)
    monkeypatch.setenv("ESTATE_DATA", str(small_data))
    click(app, "Play this year again")
    ((command, options),) = asked
    assert (command, options["data"]) == ("replay", str(small_data.resolve()))
    check("replay", {name: value for name, value in options.items() if name != "title"})


def test_replay_that_is_ready_leaves_the_pages_of_other_prisons_at_rest(
    opened: Opener, plan: Results, replayed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page that asked to be drawn again for a replay of another prison would do so for ever."""
    again: list[str] = []
    monkeypatch.setattr("app_pages._jobs.panel", lambda kinds=None: replayed)
    monkeypatch.setattr("streamlit.rerun", lambda: again.append("again"))
    app = opened("hall", plan)
    other = next(code for code in app.selectbox(key="hall prison").options if code != "Leeds")
    app.selectbox(key="hall prison").select(other).run()
    assert "Play this year again" in [button.label for button in app.button]
    assert again == []


def test_use_by_hour_is_drawn_from_the_stored_visits(today: Results) -> None:
    spread = by_hour(use_by_slot(today), None, "visit", "LEI")
    assert spread["used"].sum() > 0
    assert spread["offered"].isna().all()


def begun(opened: Opener, folder: Path, question: str = "evening") -> AppTest:
    app = opened("scenario", folder=folder)
    app.selectbox(key="question of").set_value(question).run()
    click(app, "Begin")
    return app


def test_scenario_of_a_question_shows_its_differences_and_staff(
    opened: Opener, tmp_path: Path
) -> None:
    app = begun(opened, tmp_path)
    tables = next(each for each in app.number_input if each.label == "Tables in each session")
    tables.set_value(20).run()
    text = shown(app)
    assert "Tuesdays and Thursdays, 18:00 to 19:30, 20 tables" in text
    assert "open_tables: 20" in text
    assert "Staff of visits and video calls" in text
    assert "What this scenario changes of the baseline" in text


@pytest.mark.parametrize("preset", presets.PRESETS, ids=lambda preset: preset.key)
def test_every_question_can_be_begun(
    opened: Opener, tmp_path: Path, preset: presets.Preset
) -> None:
    assert "What it changes" in shown(begun(opened, tmp_path, preset.key))


def test_prisons_that_have_evenings_by_the_question_are_not_to_be_given_them_twice(
    opened: Opener, tmp_path: Path
) -> None:
    """A second session in the same hall at the same time would be refused, hall by hall."""
    said = "one hall cannot hold two sessions at once"
    assert said in shown(begun(opened, tmp_path, "evening"))
    assert said not in shown(begun(opened, tmp_path, "weekend"))


def test_agents_of_a_booking_line_are_priced_before_any_run(opened: Opener, tmp_path: Path) -> None:
    text = shown(begun(opened, tmp_path, "line"))
    assert "Agents of booking lines, beside the baseline" in text
    assert "Staff of visits and video calls" not in text


def test_scenario_is_kept_opened_again_and_forgotten(opened: Opener, tmp_path: Path) -> None:
    app = begun(opened, tmp_path)
    next(each for each in app.text_input if each.label == "Title").set_value("Late visits").run()
    next(each for each in app.text_input if each.label == "Name of the file").set_value(
        "late_visits"
    ).run()
    click(app, "Keep it")
    path = tmp_path / ".scenarios" / "late_visits.yaml"
    assert load_scenario(path).title == "Late visits"
    click(app, "Begin another scenario")
    app.button_group(key="way").set_value("One that is kept").run()
    click(app, "Open")
    assert next(each for each in app.text_input if each.label == "Title").value == "Late visits"
    click(app, "Begin another scenario")
    app.button_group(key="way").set_value("One that is kept").run()
    click(app, "Forget it")
    assert not path.exists()


def test_settings_are_found_by_what_they_mean(opened: Opener, tmp_path: Path) -> None:
    box = next(each for each in begun(opened, tmp_path).selectbox if each.label == "Setting")
    meaning = "Share of booked visits, not cancelled, to which nobody comes"
    assert f"{meaning} (demand.no_show_share)" in box.options


def test_settings_are_found_by_words_of_the_reader(opened: Opener, tmp_path: Path) -> None:
    app = begun(opened, tmp_path)

    def listed(words: str) -> list[str]:
        box = next(each for each in app.text_input if each.label == "Find settings about")
        box.set_value(words).run()
        assert not app.exception
        return list(next(each for each in app.selectbox if each.label == "Setting").options)

    assert [each.rpartition("(")[2] for each in listed("no-show")] == [
        "demand.no_show_share)",
        "demand.video_no_show_share)",
    ]
    assert "2 settings about that." in shown(app)
    assert len(listed("quarantine")) > 300
    assert "No setting about that." in shown(app)
    assert "regime.shuttles" in " ".join(listed("bus"))
    next(each for each in app.selectbox if each.label == "Setting").select_index(0).run()
    assert len(listed("")) > 300


def test_any_setting_can_be_changed_and_taken_back(opened: Opener, tmp_path: Path) -> None:
    app = begun(opened, tmp_path)
    next(each for each in app.selectbox if each.label == "Setting").set_value(
        "calendar.weeks"
    ).run()
    next(each for each in app.text_input if each.label == "New value").set_value("0").run()
    click(app, "Change this setting")
    assert "0 is outside 1 to 520 weeks" in shown(app)
    next(each for each in app.text_input if each.label == "New value").set_value("26").run()
    click(app, "Change this setting")
    assert "26</td>" in shown(app)
    next(each for each in app.multiselect if each.label == "Lines to take back").set_value(
        ["calendar.weeks"]
    ).run()
    click(app, "Take back")
    assert "26</td>" not in shown(app)


def test_name_that_is_taken_by_the_model_cannot_be_kept(opened: Opener, tmp_path: Path) -> None:
    app = begun(opened, tmp_path)
    next(each for each in app.text_input if each.label == "Name of the file").set_value(
        "closer_to_home"
    ).run()
    assert "comes with the model" in shown(app)
    assert next(each for each in app.button if each.label == "Keep it").disabled


def test_scenario_that_is_kept_is_replaced_only_by_who_opened_it(
    opened: Opener, tmp_path: Path
) -> None:
    app = begun(opened, tmp_path)
    own = next(each for each in app.text_input if each.label == "Name of the file").value
    click(app, "Keep it")
    click(app, "Keep it")
    path = tmp_path / ".scenarios" / f"{own}.yaml"
    kept = path.read_bytes()

    other = begun(opened, tmp_path)
    named = next(each for each in other.text_input if each.label == "Name of the file")
    assert named.value == f"{own}_2"
    named.set_value(own).run()
    assert f"A scenario is kept as &#39;{own}&#39; already" in shown(other)
    for label in ("Keep it", "Keep it and start the run"):
        assert next(each for each in other.button if each.label == label).disabled
    assert path.read_bytes() == kept


def test_scenario_stays_when_the_page_changes(opened: Opener, tmp_path: Path) -> None:
    app = begun(opened, tmp_path)
    next(each for each in app.text_input if each.label == "Title").set_value("Kept title").run()
    app.switch_page("app_pages/sources.py").run()
    app.switch_page("app_pages/scenario.py").run()
    assert next(each for each in app.text_input if each.label == "Title").value == "Kept title"


def test_run_is_started_from_the_kept_file(
    opened: Opener, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = {}

    def begin(command: str, *, title: str, **options: object) -> None:
        asked.update(options, command=command, title=title)

    monkeypatch.setattr("app_pages._jobs.begin", begin)
    app = begun(opened, tmp_path)
    next(each for each in app.text_input if each.label == "Name of the file").set_value(
        "late"
    ).run()
    next(b for b in app.button if b.label == "Keep it and start the run").click().run()
    assert asked["command"] == "run"
    assert asked["scenario"] == str(tmp_path / ".scenarios" / "late.yaml")
    assert drafts.read_draft(Path(str(asked["scenario"]))).title == asked["title"]

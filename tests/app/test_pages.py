"""Every page through Streamlit's own test harness, on stored runs, showing the run's numbers."""

from __future__ import annotations

import ast
import json
import re
import shutil
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app_pages import _export, _show
from scenarios.display import listings, markup, views, wording
from scenarios.results import Results, write_parquet
from scenarios.settings import settings
from tests.app import planner
from tests.app.conftest import retold
from tests.app.serving import ROOT

Opener = Callable[..., AppTest]
PAGES = (
    *("start", "overview", "allocation", "person", "frontier", "visits", "hall"),
    *("family_workers", "booking_line"),
    *("compare", "scenario", "sources", "runs", "data", "help"),
)


@pytest.fixture(autouse=True)
def in_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Opener:
    """Open one page of the app on a folder of runs."""

    def open_page(runs: Path, leaf: str, run: str | None = None) -> AppTest:
        monkeypatch.setenv("ESTATE_RUNS", str(runs))
        app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
        if run:
            app.query_params["run"] = run
        app.run()
        if leaf != "start":
            app.switch_page(f"app_pages/{leaf}.py").run()
        assert not app.exception
        return app

    return open_page


def shown(app: AppTest) -> str:
    """Give all HTML that a page shows."""
    return "\n".join(element.proto.body for element in app.get("html"))


def folder(results: Results) -> Path:
    """Give the run folder of stored results."""
    assert results.folder is not None
    return results.folder


def test_what_is_joined_is_one_piece_in_its_order() -> None:
    """A part comes in its place, and what waits before an error is not lost."""

    def script() -> None:
        from app_pages import _show
        from scenarios.errors import ScenarioError

        def drawn() -> None:
            with _show.joined():
                _show.section("One")
                _show.say("two")
                _show.part(lambda: _show.say("three"))
                _show.say("four")
                _show.section("five")
            _show.say("six")
            with _show.joined():
                _show.say("seven")
                raise ScenarioError("eight")

        with _show._bad_input_told():
            drawn()

    bodies = [element.proto.body for element in AppTest.from_function(script).run().get("html")]
    told = [re.sub("<[^>]*>", " ", body).split() for body in bodies]
    assert told[:5] == [["One", "two"], ["three"], ["four", "five"], ["six"], ["seven"]]
    assert told[-1] == ["eight"]


@pytest.mark.parametrize("leaf", PAGES)
def test_every_page_renders_a_plan_with_one_main_heading(
    opened: Opener, plan: Results, leaf: str
) -> None:
    run = folder(plan)
    assert shown(opened(run.parent, leaf, run.name)).count("<h1") == 1


@pytest.mark.parametrize("leaf", PAGES)
def test_every_page_renders_todays_estate(
    opened: Opener, plan: Results, today: Results, leaf: str
) -> None:
    run = folder(today)
    assert shown(opened(run.parent, leaf, run.name)).count("<h1") == 1


@pytest.mark.parametrize("leaf", ["overview", "allocation", "visits"])
def test_page_without_runs_says_what_to_do(opened: Opener, tmp_path: Path, leaf: str) -> None:
    text = shown(opened(tmp_path, leaf))
    assert "No runs yet" in text
    assert "estate demo" in text
    assert str(tmp_path) in text


@pytest.mark.parametrize("leaf", ["start", "compare", "sources", "runs"])
def test_page_that_needs_no_run_renders_without_one(
    opened: Opener, tmp_path: Path, leaf: str
) -> None:
    assert "<h1" in shown(opened(tmp_path, leaf))


def test_overview_shows_the_numbers_of_the_run(opened: Opener, plan: Results) -> None:
    text = shown(opened(folder(plan).parent, "overview", folder(plan).name))
    distance = views.row_for(plan, "distance")
    further = views.row_for(plan, "further")
    gain = plan.summary["families"]["consumer_surplus_gbp_per_year"]
    assert f"{distance['straight_miles']:.1f}" in text
    assert f"{distance['straight_miles_today']:.1f} miles today" in text
    assert f"{further['nearer']:,}" in text
    assert wording.count(further["further"], "person") in text
    assert wording.pounds(gain) in text
    ends = plan.summary["families"]["surplus_by_value_of_time"]
    assert [row["gbp_per_hour"] for row in ends] == [5, 12]
    assert " to ".join(wording.pounds(row["consumer_surplus_gbp_per_year"]) for row in ends) in text
    assert "no plan can have a lower weighted cost" in text


def test_overview_sets_a_plan_beside_the_baseline_with_paired_intervals(
    opened: Opener, plan: Results, today: Results
) -> None:
    text = shown(opened(folder(plan).parent, "overview", folder(plan).name))
    before = views.headline(today)["visits"]["mean"]
    after = views.headline(plan)["visits"]["mean"]
    assert f"{before:,.0f}</td>" in text
    assert f"{after:,.0f}</td>" in text
    assert "Both runs play the same families" in text


def test_overview_of_today_claims_no_plan(opened: Opener, plan: Results, today: Results) -> None:
    text = shown(opened(folder(today).parent, "overview", folder(today).name))
    assert "Nothing was optimised" in text
    assert "would be further" not in text


def test_map_shows_today_the_plan_and_the_change(opened: Opener, plan: Results) -> None:
    app = opened(folder(plan).parent, "overview", folder(plan).name)
    for choice, words in (
        ("Today", "holds today"),
        ("Change", "Change in the average miles"),
        ("In this run", "would hold in this run"),
    ):
        app.button_group(key="map").set_value(choice).run()
        assert words in shown(app)


def test_notice_says_that_loaded_records_are_personal_data(opened: Opener, plan: Results) -> None:
    for leaf in ("overview", "allocation", "visits"):
        text = shown(opened(folder(plan).parent, leaf, folder(plan).name))
        assert "handle it as personal data" in text
        assert "a named officer decides" in text


def test_notice_says_that_synthetic_people_are_made_up() -> None:
    class Run:
        provenance = {"inputs": {"establishments": "0f"}}  # noqa: RUF012

    assert "made up" in wording.notice(Run())  # type: ignore[arg-type]
    assert "a named officer decides" in wording.notice(Run())  # type: ignore[arg-type]


def test_allocation_counts_moves_by_reason_as_the_placements_do(
    opened: Opener, plan: Results
) -> None:
    text = shown(opened(folder(plan).parent, "allocation", folder(plan).name))
    moved = plan.placements[plan.placements["moved"]]["reason"].value_counts()
    assert len(moved)
    for reason, moves in moved.items():
        words = wording.words(str(reason))
        row = text[text.index(words[:1].upper() + words[1:]) :]
        assert f">{moves:,}</td>" in row[:160]


def test_visits_show_the_mean_and_interval_of_the_stored_replications(
    opened: Opener, plan: Results
) -> None:
    measures = plan.measures
    values = measures[
        (measures["establishment"] == "ALL")
        & (measures["group_by"] == "all")
        & (measures["measure"] == "visits")
    ]["value"]
    text = shown(opened(folder(plan).parent, "visits", folder(plan).name))
    assert f"{values.mean():,.0f}" in text
    assert f"{len(values)} simulated years" in text
    assert "95% interval" in text


def test_compare_shows_the_lines_that_differ_and_the_verdicts(
    opened: Opener, plan: Results
) -> None:
    text = shown(opened(folder(plan).parent, "compare", folder(plan).name))
    assert str(markup.breakable("allocation.move_budget")) in text
    assert "13000" in text
    assert "not set" in text
    assert "Verdict" in text
    assert escape(settings()["allocation.move_budget"].meaning, quote=True) in text


@pytest.mark.parametrize("leaf", ["overview", "allocation", "visits", "compare", "sources"])
def test_ceiling_is_called_one_on_every_page_about_it(
    opened: Opener, ceiling_runs: Path, plan: Results, leaf: str
) -> None:
    text = shown(opened(ceiling_runs, leaf, folder(plan).name))
    assert "This is a ceiling, not a plan" in text
    assert "handle it as personal data" in text


def test_ceiling_is_not_shown_unless_asked_for(opened: Opener, ceiling_runs: Path) -> None:
    text = shown(opened(ceiling_runs, "overview"))
    assert "Nothing was optimised" in text
    assert "ceiling" not in text


def test_overview_says_why_people_end_further_away(opened: Opener, plan: Results) -> None:
    text = shown(opened(folder(plan).parent, "overview", folder(plan).name))
    rows = views.moves_by_reason(views.people(plan))
    worse = rows[rows["further"] > 0]
    assert len(worse)
    table = text[text.index("by the reason of their move") :]
    for reason, people in zip(worse["reason"], worse["further"], strict=True):
        words = wording.words(reason)
        head = f"{words[:1].upper()}{words[1:]}</th>"
        assert f'{head}<td class="estate-numeric">{people:,}</td>' in table


def test_school_hours_of_today_are_those_of_the_baseline(
    opened: Opener, plan: Results, today: Results
) -> None:
    text = shown(opened(folder(plan).parent, "overview", folder(plan).name))
    row = text[text.index("school hours missed") :]
    (hours,) = (
        line["plan"] for line in today.summary["payers"] if line["item"] == "school hours missed"
    )
    assert f">{hours:,.0f} hours a year</td>" in row[: row.index("</tr>")]
    assert next(
        line["today"] is None for line in plan.summary["payers"] if line["payer"] == "children"
    )


def test_worth_of_a_place_shows_one_more_and_one_fewer_and_what_they_hold_for(
    opened: Opener, plan: Results, tmp_path: Path
) -> None:
    units = plan.units.assign(value_of_one_more_gbp=1_234.0, cost_of_one_fewer_gbp=2_345.0)
    copy = Path(shutil.copytree(folder(plan), tmp_path / folder(plan).name))
    write_parquet(units, copy / "units.parquet")
    text = shown(opened(tmp_path, "allocation"))
    row = text[text.index("one fewer would cost") : text.index("What it means for groups")]
    assert "£1,234</td>" in row
    assert "£2,345</td>" in row
    assert f"rules and prices of {wording.day(plan.holds_for['date'])}" in text


def test_one_simulated_year_is_said_to_give_no_interval() -> None:
    row = {"measure": "visits", "mean": 5.0, "low": 5.0, "high": 5.0, "replications": 1}
    assert wording.interval(row) == wording.difference_interval(row) == wording.NO_INTERVAL
    assert wording.interval(row | {"replications": 2}) == "the same in every year"


def test_exact_measures_are_those_the_headline_says_nothing_was_drawn_for(plan: Results) -> None:
    exact = [name for name, row in views.headline(plan).items() if not row["replications"]]
    assert exact == list(wording.EXACT)


def test_chosen_run_stays_when_the_page_changes(
    opened: Opener, plan: Results, today: Results
) -> None:
    app = opened(folder(plan).parent, "allocation", folder(today).name)
    app.switch_page("app_pages/visits.py").run()
    assert app.session_state["chosen run"] == folder(today).name


CHOICES = {
    "selectbox", "segmented_control", "multiselect", "pills", "checkbox", "toggle", "slider",
    "select_slider", "number_input", "text_input", "text_area", "date_input",
}  # fmt: skip
KEPT_OTHERWISE = {
    ("_rules.py", None): "the scenario being written keeps its rules",
    ("_state.py", "run picker"): "the run shown stands in the session and in the address",
    ("hall.py", "Time of day"): "begins anew with each day",
    ("scenario.py", None): "the scenario being written keeps its words and choices",
    ("start.py", "front"): "what holds for all readers is shown",
    ("_jobs.py", None): "whoever shows the box says how it is kept",
}
"""Files, or single choices of them, that outlive a page switch in another way."""


def test_every_choice_of_a_page_outlives_a_page_switch() -> None:
    lost = [
        (path.name, ast.unparse(call.args[0]), words.get("key"))
        for path in sorted((ROOT / "app_pages").glob("*.py"))
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr in CHOICES
        and not (words := {word.arg: ast.unparse(word.value) for word in call.keywords}).keys()
        & {"persist_state", "bind"}
        and not {
            (path.name, None),
            (path.name, words.get("key", "").strip("'")),
            (path.name, ast.unparse(call.args[0]).strip("'")),
        }
        & KEPT_OTHERWISE.keys()
    ]
    assert lost == []


def test_no_page_holds_what_is_filled_in_back_in_the_browser() -> None:
    """A form sends nothing until its button is pressed: a page switch before that loses it all."""
    pages = (ROOT / "app_pages").glob("*.py")
    assert [path.name for path in pages if "st.form" in path.read_text(encoding="utf-8")] == []


@pytest.mark.parametrize(
    ("leaf", "key", "value"),
    [
        ("runs", "scenario", "evening_visits"),
        ("runs", "years of a run", 7),
        ("scenario", "question of", "weekend"),
        ("sources", "table", "units"),
        ("visits", "gains by", "In regular contact"),
        ("compare", "prison measure", "Wait, nine in ten"),
        ("allocation", "moves a week", 123),
        ("family_workers", "scenario sized", "evening_visits"),
        ("family_workers", "days sized", 9),
        ("family_workers", "sharers", "all"),
        ("booking_line", "ringings answered", 70),
    ],
)
def test_what_is_chosen_is_there_when_the_reader_comes_back(
    opened: Opener, plan: Results, today: Results, leaf: str, key: str, value: object
) -> None:
    app = opened(folder(plan).parent, leaf)
    kind = "number_input" if isinstance(value, int) else "selectbox"
    getattr(app, kind)(key=key).set_value(value).run()
    app.switch_page("app_pages/help.py").run()
    app.switch_page(f"app_pages/{leaf}.py").run()
    assert getattr(app, kind)(key=key).value == value


@pytest.mark.parametrize(
    ("leaf", "asked", "says"),
    [
        ("overview", {"map": "Change"}, "Change in the average miles from home"),
        ("allocation", {"map of": "Home areas", "map": "Today"}, "where people from each home"),
        ("visits", {"gains by": "In regular contact"}, "In regular contact: the change by group"),
        ("visits", {"summary": "Half"}, "Wait in days, half no longer than: the"),
        ("visits", {"kind": "Weekend"}, "with the longest, weekend"),
        ("visits", {"use": "Video stations", "where": "Leeds"}, "of the week, Leeds"),
        ("compare", {"prison measure": "Wait, nine in ten"}, "nine in ten no longer than"),
        ("compare", {"split": "Men and women"}, "by men and women"),
        ("hall", {"hall prison": "Leeds", "day": "2026-08-04"}, "Leeds on 4 August 2026"),
        ("sources", {"known": "measured", "table": "units"}, "Columns of the table units"),
    ],
)
def test_link_opens_what_was_chosen_to_look_at(
    monkeypatch: pytest.MonkeyPatch,
    plan: Results,
    today: Results,
    leaf: str,
    asked: dict[str, str],
    says: str,
) -> None:
    app = planner.page(monkeypatch, folder(plan).parent, leaf, folder(plan).name, **asked)
    assert says in shown(app)


def test_unknown_run_in_the_address_is_told_and_another_shown(
    opened: Opener, plan: Results
) -> None:
    text = shown(opened(folder(plan).parent, "overview", "no-such-run"))
    assert "There is no run called no-such-run" in text


def test_folder_without_a_file_of_the_run_gives_a_clear_message(
    opened: Opener, plan: Results, tmp_path: Path
) -> None:
    broken = shutil.copytree(folder(plan), tmp_path / folder(plan).name)
    (broken / "measures.parquet").unlink()
    text = shown(opened(tmp_path, "overview"))
    assert "This run cannot be shown" in text
    assert "measures.parquet" in text


def test_corrupt_table_gives_a_clear_message(opened: Opener, plan: Results, tmp_path: Path) -> None:
    broken = shutil.copytree(folder(plan), tmp_path / folder(plan).name)
    (broken / "placements.parquet").write_bytes(b"not parquet")
    text = shown(opened(tmp_path, "overview"))
    assert "placements.parquet" in text
    assert "Start the scenario again on the page Runs." in text


@pytest.mark.parametrize("leaf", PAGES)
def test_hostile_title_is_shown_as_text(opened: Opener, hostile_runs: Path, leaf: str) -> None:
    app = opened(hostile_runs, leaf)
    assert "<img" not in shown(app)
    assert not [block for block in app.markdown if "evil.example" in block.value]


def test_sources_list_every_setting_and_publication(opened: Opener, plan: Results) -> None:
    from data.load import sources

    text = shown(opened(folder(plan).parent, "sources", folder(plan).name))
    assert all(f">{markup.breakable(name)}</th>" in text for name in settings())
    assert all(f">{key}</td>" in text for key in sources())
    assert "Contains OS data" in text


def test_sources_show_settings_of_one_kind_only(opened: Opener, plan: Results) -> None:
    app = opened(folder(plan).parent, "sources", folder(plan).name)
    app.button_group(key="known").set_value("measured").run()
    measured = [row for row in settings().values() if row.confidence == "measured"]
    assert f"{len(measured)} settings" in shown(app)


TELLS_PLANNERS = (
    *("start", "overview", "allocation", "visits", "compare"),
    *("person", "runs", "data"),
)
"""Pages that tell planners of single people, or of one or two of a group."""


@pytest.fixture(scope="module")
def made_up(tmp_path_factory: pytest.TempPathFactory, plan: Results, today: Results) -> Path:
    """Give runs that say that their people are made up."""
    runs = tmp_path_factory.mktemp("made_up")
    for results in (today, plan):
        path = retold(results, runs, title=results.title) / "manifest.json"
        manifest = json.loads(path.read_text("utf-8"))
        del manifest["inputs"]["population"]
        path.write_text(json.dumps(manifest), encoding="utf-8")
    return runs


@pytest.mark.parametrize("leaf", PAGES)
def test_first_line_of_a_page_says_how_it_is_handled(
    opened: Opener, made_up: Path, plan: Results, leaf: str
) -> None:
    first = shown(opened(made_up, leaf, folder(plan).name)).partition("<h1")[0]
    mark = first.rpartition('<p class="estate-mark">')[2]
    assert mark.startswith("OFFICIAL-SENSITIVE") == (leaf in TELLS_PLANNERS)
    assert mark.startswith("OFFICIAL")
    names_it = folder(plan).name in mark
    assert names_it == ("ILLUSTRATIVE" in mark) == (leaf not in WITHOUT_A_RUN)


WITHOUT_A_RUN = ("frontier", "scenario", "runs", "data", "help")
"""Pages that show no run; trade-offs show a study, of which there is none."""


def test_mark_names_the_run_and_not_that_real_people_are_made_up(
    opened: Opener, plan: Results
) -> None:
    text = shown(opened(folder(plan).parent, "overview", folder(plan).name))
    mark = text[text.index("estate-mark") :].partition("</p>")[0]
    assert folder(plan).name in mark
    assert mark.rpartition(">")[2].startswith("OFFICIAL-SENSITIVE")
    assert "ILLUSTRATIVE" not in mark


def test_sidebar_says_that_the_reader_is_a_planner_on_their_own_machine(
    opened: Opener, tmp_path: Path
) -> None:
    app = opened(tmp_path, "start")
    assert "as a planner" in "".join(each.proto.body for each in app.sidebar.get("html"))


def test_plan_beside_the_runs_is_not_listed_as_a_run(
    opened: Opener, plan: Results, tmp_path: Path
) -> None:
    copy = Path(shutil.copytree(folder(plan), tmp_path / "allocate-closer_to_home-1"))
    (copy / "summary.json").unlink()
    assert "No runs yet" in shown(opened(tmp_path, "overview"))


@pytest.mark.parametrize("leaf", ["start", "overview", "allocation", "visits", "booking_line"])
def test_what_is_closed_is_sent_once_it_is_opened_and_exported_in_any_case(
    opened: Opener, plan: Results, monkeypatch: pytest.MonkeyPatch, leaf: str
) -> None:
    run = folder(plan)
    kept: list[list[str]] = []
    download = _export.download

    def watched(*told: Any, **options: Any) -> None:
        kept.append([table.sheet.title for table in _show.tables_of(_show.kept())])
        download(*told, **options)

    monkeypatch.setattr(_export, "download", watched)
    whole = opened(run.parent, leaf, run.name)
    of_whole = kept.copy()
    kept.clear()
    monkeypatch.setattr(_show, "FOLDS_OPEN", False)
    app = opened(run.parent, leaf, run.name)
    assert kept == of_whole
    folds = folds_of(app)
    assert len(folds) == len(set(folds)) > 0
    assert len(shown(app)) < len(shown(whole))
    assert not app.get("download_button")
    while closed := [key for key in folds if not app.session_state[key]]:
        for key in closed:
            app.session_state[key] = True
        app.run()
        folds = folds_of(app)
    assert shown(app) == shown(whole)


def test_a_closed_table_is_written_when_it_is_opened_and_not_before(
    opened: Opener, plan: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = folder(plan)
    written: list[str] = []
    units = listings.units

    def watched(*told: Any, **options: Any) -> str:
        written.append("units")
        return units(*told, **options)

    monkeypatch.setattr(listings, "units", watched)
    monkeypatch.setattr(_show, "FOLDS_OPEN", False)
    app = opened(run.parent, "allocation", run.name)
    assert written == []
    for key in folds_of(app):
        app.session_state[key] = True
    app.run()
    assert written == ["units"]


def folds_of(app: AppTest) -> list[str]:
    """Name what can be opened on a page."""
    return [key for key in app.session_state if key.startswith("fold ")]

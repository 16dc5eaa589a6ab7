"""Family workers, booking line and help: the pages show the numbers of runs and sizings."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
from markupsafe import escape
from streamlit.testing.v1 import AppTest

from scenarios.display import handbook, sizing
from scenarios.jobs import Status
from scenarios.results import Results
from scenarios.stored_studies import Kind
from scenarios.worker import read_request
from tests.app.serving import ROOT
from tests.app.test_pages import folder, shown
from tests.app.test_runs import stored_job

WORKERS, LINE = "family_workers", "booking_line"


def opened(monkeypatch: pytest.MonkeyPatch, runs: Path, leaf: str, **asked: str) -> AppTest:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("ESTATE_RUNS", str(runs))
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
    app.run()
    for name, value in asked.items():
        app.query_params[name] = value
    app.switch_page(f"app_pages/{leaf}.py").run()
    assert not app.exception
    return app


def run_of(runs: Path, scenario: str) -> str:
    return next(
        path.name for path in runs.glob(f"{scenario}-*") if (path / "summary.json").exists()
    )


def charts(app: AppTest) -> list[str]:
    """Give the specifications of the charts of a page."""
    return [str(json.loads(each.proto.spec)) for each in app.get("vega_lite_chart")]


def in_table(text: str, name: str, cell: str) -> bool:
    """Whether a row that begins with a name holds a cell."""
    rows = [row for row in text.split("<tr>") if f">{name}</th>" in row]
    return any(f">{cell}</td>" in row for row in rows)


def test_first_screen_tells_need_funded_unmet_and_wait_of_the_run(
    monkeypatch: pytest.MonkeyPatch, serviced: Path
) -> None:
    name = run_of(serviced, "baseline")
    text = shown(opened(monkeypatch, serviced, WORKERS, run=name))
    rows = pd.read_parquet(serviced / name / "measures.parquet")
    whole = rows[(rows["establishment"] == "ALL") & (rows["group_by"] == "all")]
    means = whole.groupby("measure")["value"].mean()
    for measure in ("family_need_hours", "worker_hours", "worker_hours_unmet"):
        assert f"{means[measure]:,.0f}" in text
    assert "95% interval" in text
    assert "Below the minimum service" in text
    assert "Grants that end in the year" in text
    assert "known for 2 of 6 prisons (Durham, Wealstun)" in text


def test_prisons_and_lots_are_told_with_their_ranges(
    monkeypatch: pytest.MonkeyPatch, serviced: Path
) -> None:
    app = opened(monkeypatch, serviced, WORKERS, run=run_of(serviced, "baseline"), by="Lot")
    text = shown(app)
    assert in_table(text, "Durham", "measured")
    assert in_table(text, "Leeds", "assumed")
    assert "Hours of family work a year by lot" in text
    assert ">not known</th>" in text


def test_target_moves_the_fewest_workers(monkeypatch: pytest.MonkeyPatch, serviced: Path) -> None:
    app = opened(monkeypatch, serviced, WORKERS)
    sized = sizing.load_sizing(serviced / "size-family-workers-baseline-1")
    asked = sizing.fewest(sized, 5, 0.9)
    assert escape(sizing.fewest_sentence(asked, 5, 0.9)) in shown(app)
    app.select_slider(key="days").set_value(28).run()
    app.slider(key="share").set_value(50).run()
    assert not app.exception
    easier = sizing.fewest(sized, 28, 0.5)
    assert escape(sizing.fewest_sentence(easier, 28, 0.5)) in shown(app)
    assert easier["fte"].sum() < asked["fte"].sum()


def test_link_opens_the_same_prison_and_target(
    monkeypatch: pytest.MonkeyPatch, serviced: Path
) -> None:
    app = opened(monkeypatch, serviced, WORKERS, prison="Wealstun", days="7", share="75")
    assert "Wealstun: share of referrals reached within 7 days" in shown(app)
    assert "75% of referrals are reached within 7 days" in shown(app)


def test_fair_share_stands_beside_todays_contract(
    monkeypatch: pytest.MonkeyPatch, serviced: Path
) -> None:
    text = shown(opened(monkeypatch, serviced, WORKERS))
    rows = pd.read_parquet(serviced / "size-family-workers-baseline-1" / "workers.parquet")
    fair = rows.set_index("name").loc["Wealstun"]
    assert in_table(text, "Wealstun", f"{fair['fte_fair']:.1f}")
    assert in_table(text, "Wealstun", f"{fair['fte_today']:.1f}")
    assert "proven best for these curves" in text
    assert "the curve bends most at" in text


def test_without_a_sizing_the_page_starts_one(
    monkeypatch: pytest.MonkeyPatch, runs: Path, today: Results, tmp_path: Path
) -> None:
    (tmp_path / folder(today).name).symlink_to(folder(today), target_is_directory=True)
    app = opened(monkeypatch, tmp_path, WORKERS)
    assert "No sizing is stored yet" in shown(app)
    next(each for each in app.button if each.label == "Start the sizing").click().run()
    (job,) = (path for path in (tmp_path / ".jobs").iterdir() if path.is_dir())
    try:
        asked = read_request(job)
        assert asked.command == "size-family-workers"
        assert asked.options["scenario"] == "baseline"
        assert (asked.options["target_days"], asked.options["share"]) == (5, 0.9)
    finally:
        from scenarios.worker import cancel

        cancel(job)


def test_a_target_is_asked_for_before_what_is_shared_out(
    monkeypatch: pytest.MonkeyPatch, runs: Path, today: Results, tmp_path: Path
) -> None:
    """In the order in which a screen reader, the tab key and a narrow screen go through them."""
    (tmp_path / folder(today).name).symlink_to(folder(today), target_is_directory=True)
    app = opened(monkeypatch, tmp_path, WORKERS)
    boxes = [each.label for each in app.main if each.type in {"number_input", "selectbox"}]
    asked = ["Reach within days", "Per cent of referrals", "Caseworkers to share out"]
    assert boxes[-4:] == [*asked, "Prisons that share them"]


@pytest.mark.parametrize(
    ("leaf", "kind"), [(WORKERS, "size-family-workers"), (LINE, "size-booking-line")]
)
def test_how_a_sizing_ended_is_told_beside_the_one_shown_and_in_no_closed_heading(
    leaf: str, kind: Kind, monkeypatch: pytest.MonkeyPatch, serviced: Path, tmp_path: Path
) -> None:
    """A second sizing ends; the page goes on showing the first until the reader asks for it."""
    runs = Path(shutil.copytree(serviced, tmp_path / "runs"))
    first = runs / f"{kind}-baseline-1"
    second = Path(shutil.copytree(first, runs / f"{kind}-baseline-2"))
    ended = Status(state="done", folder=str(second))
    job = stored_job(runs, ended, title="My sizing", command=kind)
    app = opened(monkeypatch, runs, leaf, job=job.name, sizing=first.name)
    told = "My sizing. It is complete and stored."
    assert told in shown(app)
    (closed,) = (each for each in app.expander if each.label == "Start another sizing")
    assert told not in "".join(each.proto.body for each in closed.get("html"))
    assert app.selectbox(key="sizing").value == first.name
    next(each for each in app.button if each.label == "Show it here").click().run()
    assert app.selectbox(key="sizing").value == second.name


def test_run_without_lines_says_so_plainly(monkeypatch: pytest.MonkeyPatch, serviced: Path) -> None:
    text = shown(opened(monkeypatch, serviced, LINE, run=run_of(serviced, "without_lines")))
    assert "This run does not play the booking lines" in text
    assert "Calls and answers by line" not in text
    assert "No contact in 72 hours" in text


def test_line_page_tells_answers_by_line_and_the_first_days(
    monkeypatch: pytest.MonkeyPatch, serviced: Path
) -> None:
    name = run_of(serviced, "baseline")
    app = opened(monkeypatch, serviced, LINE, run=name)
    text = shown(app).replace("<wbr>", "")
    rows = pd.read_parquet(serviced / name / "measures.parquet")
    of_line = rows[(rows["establishment"] == "ALL") & (rows["group_by"] == "line")]
    calls = of_line[of_line["measure"] == "line_calls"].groupby("group")["value"].mean()
    assert f"{calls['national']:,.0f} (" in text
    assert f"{calls['local']:,.0f} (" in text
    assert "31 are inferred" in text
    assert "a standard in itself" in text
    assert "Find a prisoner" in text


def test_heat_map_has_a_cell_for_each_half_hour(
    monkeypatch: pytest.MonkeyPatch, serviced: Path
) -> None:
    app = opened(monkeypatch, serviced, LINE, run=run_of(serviced, "baseline"))
    text = shown(app)
    summary = json.loads(
        (serviced / "size-booking-line-baseline-1" / "booking_line.json").read_text("utf-8")
    )
    assert "Agents by half-hour of the week: needed" in text
    assert summary["agents_at_peak"] == 1
    assert "one agent is needed at a time" in text
    assert any("mark': {'type': 'rect'" in spec or "'rect'" in spec for spec in charts(app))
    app.button_group(key="agents").set_value("agents_on_roster").run()
    assert "Agents by half-hour of the week: on the roster" in shown(app)


@pytest.mark.parametrize("name", list(handbook.DOCUMENTS))
def test_every_document_is_shown_under_one_main_heading(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    text = shown(opened(monkeypatch, tmp_path, "help", about=handbook.DOCUMENTS[name]))
    assert text.count("<h1") == 1
    assert f">{handbook.DOCUMENTS[name]}</h2>" in text
    assert "a named officer decides" in text

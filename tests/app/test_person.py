"""One person: explained, decided otherwise, and what deciding the plan again cost."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from datetime import date, datetime, tzinfo
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pandas as pd
import pytest
from markupsafe import escape
from streamlit.testing.v1 import AppTest

from app_pages import _person, _study, _who
from data.locks import read_locks
from scenarios.display import persons
from scenarios.errors import ScenarioError
from scenarios.planning import again, explain
from scenarios.planning.again import manifest_of, read_steered, scenario_like
from scenarios.planning.explain import explain_person
from scenarios.results import Results
from tests.app.planner import page, shown
from tests.app.serving import ROOT

MOVER = "P0003"


@pytest.fixture
def own_runs(plan: Results, tmp_path: Path) -> Path:
    """Give a folder of the test's own that holds the plan."""
    assert plan.folder is not None
    shutil.copytree(plan.folder, tmp_path / "runs" / plan.folder.name)
    return tmp_path / "runs"


def explained(
    monkeypatch: pytest.MonkeyPatch, own_runs: Path, data: Path, prisoner_id: str
) -> AppTest:
    app = page(monkeypatch, own_runs, "person", data=data)
    app.text_input[0].set_value(prisoner_id)
    press(app, "Explain")
    return app


def press(app: AppTest, label: str) -> None:
    next(button for button in app.button if button.label == label).click().run()


def keep(app: AppTest, **said: str) -> None:
    """Say why, a note and who decides, and keep the decision."""
    told = {"reason": "own_wish", "note": "asked in June", "owner": "A planner"} | said
    app.selectbox(key=f"reason {MOVER}").set_value(told["reason"])
    app.text_input(key=f"note {MOVER}").set_value(told["note"])
    app.text_input(key="owner").set_value(told["owner"])
    press(app, "Keep this decision")


def locks_of(own_runs: Path) -> pd.DataFrame:
    files = list((own_runs / ".locks").glob("*.csv"))
    return read_locks(files[0]) if files else pd.DataFrame()


def plan_folder(own_runs: Path) -> Path:
    return next(path for path in own_runs.iterdir() if path.name.startswith("closer_to_home-"))


def test_person_is_explained_as_the_command_line_explains_them(
    monkeypatch: pytest.MonkeyPatch, own_runs: Path, small_data: Path
) -> None:
    text = shown(explained(monkeypatch, own_runs, small_data, MOVER))
    found = explain_person(plan_folder(own_runs), MOVER, data_dir=small_data, planner=True)
    assert f"{MOVER} would be held in" in text
    for row in found.one.alternatives.head(3).to_dict("records"):
        assert str(row["unit"]) in text
        assert persons.pounds(row["forcing_gbp"]) in text
        assert str(escape(row["change_needed"])) in text
    assert "Prisons that may not hold this person" in text
    assert text.count("OFFICIAL-SENSITIVE")


@pytest.mark.parametrize("wrong", ["P9999", "<img src=x>", "' or 1=1"])
def test_wrong_id_is_told_plainly(
    monkeypatch: pytest.MonkeyPatch, own_runs: Path, small_data: Path, wrong: str
) -> None:
    text = shown(explained(monkeypatch, own_runs, small_data, wrong))
    assert str(escape(f"There is no prisoner {wrong} in this plan")) in text
    assert "<img src" not in text


def test_other_faults_are_not_taken_for_a_wrong_id(
    monkeypatch: pytest.MonkeyPatch, own_runs: Path, small_data: Path
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise ScenarioError("no prisoner could be read: the population table has changed.")

    monkeypatch.setattr(explain, "explain_person", refuse)
    text = shown(explained(monkeypatch, own_runs, small_data, "P0001"))
    assert "the population table has changed." in text
    assert "There is no prisoner" not in text


def test_address_never_holds_a_prisoner_id(
    monkeypatch: pytest.MonkeyPatch, own_runs: Path, small_data: Path
) -> None:
    app = explained(monkeypatch, own_runs, small_data, MOVER)
    assert MOVER not in str(app.query_params)


def test_viewer_is_told_that_the_page_is_for_planners(
    monkeypatch: pytest.MonkeyPatch, own_runs: Path, small_data: Path
) -> None:
    monkeypatch.setattr(_who, "role", lambda: "viewer")
    app = page(monkeypatch, own_runs, "person", data=small_data)
    assert "For planners only" in shown(app)
    assert not app.text_input


def test_run_of_today_has_nobody_to_explain(
    monkeypatch: pytest.MonkeyPatch, today: Results, plan: Results, small_data: Path
) -> None:
    assert today.folder is not None
    app = page(monkeypatch, today.folder.parent, "person", today.folder.name, data=small_data)
    assert "nothing was decided that could be explained" in shown(app)


def test_plan_whose_tables_are_gone_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, own_runs: Path
) -> None:
    assert "The tables this plan was made from are not here" in shown(
        page(monkeypatch, own_runs, "person")
    )


def test_decision_is_kept_shown_and_taken_away(
    monkeypatch: pytest.MonkeyPatch, own_runs: Path, small_data: Path
) -> None:
    app = explained(monkeypatch, own_runs, small_data, MOVER)
    app.button_group(key="decision").set_value("Hold elsewhere").run()
    place = app.selectbox(key="place").value
    keep(app)

    (row,) = locks_of(own_runs).to_dict("records")
    assert row["prisoner_id"] == MOVER
    assert (row["action"], row["unit_or_establishment"]) == ("lock", place)
    assert (row["reason_code"], row["note"], row["owner"]) == (
        "own_wish",
        "asked in June",
        "A planner",
    )
    text = shown(app)
    assert "Kept: P0003 is to be held in" in text
    assert "asked in June" in text

    button = next(each for each in app.button if each.label.startswith("Take away"))
    button.click().run()
    assert locks_of(own_runs).empty


def test_person_can_be_kept_away_from_a_place(
    monkeypatch: pytest.MonkeyPatch, own_runs: Path, small_data: Path
) -> None:
    app = explained(monkeypatch, own_runs, small_data, MOVER)
    app.button_group(key="decision").set_value("Keep away from").run()
    keep(app)
    assert locks_of(own_runs)["action"].tolist() == ["forbid"]


def test_nobody_decides_and_nothing_is_said_unless_the_planner_says_it(
    monkeypatch: pytest.MonkeyPatch, own_runs: Path, small_data: Path
) -> None:
    app = explained(monkeypatch, own_runs, small_data, MOVER)
    assert app.selectbox(key=f"reason {MOVER}").value is None
    assert app.text_input(key="owner").value == ""
    press(app, "Keep this decision")
    text = shown(app)
    assert 'role="alert"><p>Nothing was kept.' in text
    for asked in ("Choose a reason.", "Write a note", "Say who decides"):
        assert asked in text
    assert locks_of(own_runs).empty


def test_day_of_review_is_still_to_come_when_a_decision_is_kept(
    monkeypatch: pytest.MonkeyPatch, own_runs: Path, small_data: Path
) -> None:
    """A plan of last summer is decided otherwise today."""

    class LaterClock(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> LaterClock:
            return cls(2026, 11, 23, tzinfo=tz)

    monkeypatch.setattr(_person, "datetime", LaterClock)
    app = explained(monkeypatch, own_runs, small_data, MOVER)
    app.date_input(key="review").set_value(date(2026, 11, 23))
    keep(app)
    assert "Choose a day of review after 23 November 2026." in shown(app)
    assert locks_of(own_runs).empty
    app.date_input(key="review").set_value(date(2026, 11, 24))
    keep(app)
    assert locks_of(own_runs)["review_date"].tolist() == ["2026-11-24"]


def test_decisions_that_cannot_both_be_kept_are_told_when_the_second_is_made(
    monkeypatch: pytest.MonkeyPatch, own_runs: Path, small_data: Path
) -> None:
    app = explained(monkeypatch, own_runs, small_data, MOVER)
    keep(app)
    app.button_group(key="decision").set_value("Keep away from").run()
    keep(app)
    text = shown(app)
    assert "Nothing was kept" in text
    assert f"what was decided about {MOVER} before: lock to " in text
    assert locks_of(own_runs)["action"].tolist() == ["lock"]


def test_note_that_could_act_as_a_formula_is_refused(
    monkeypatch: pytest.MonkeyPatch, own_runs: Path, small_data: Path
) -> None:
    app = explained(monkeypatch, own_runs, small_data, MOVER)
    keep(app, note="=1+1")
    assert "Nothing was kept" in shown(app)
    assert "does not begin with" in shown(app)
    assert locks_of(own_runs).empty


def test_deciding_again_asks_for_the_same_plan_under_the_locks(
    monkeypatch: pytest.MonkeyPatch,
    own_runs: Path,
    small_data: Path,
    asked: list[tuple[str, dict[str, object]]],
) -> None:
    app = explained(monkeypatch, own_runs, small_data, MOVER)
    keep(app)
    app.number_input(key="most changes").set_value(10).run()
    press(app, "Decide again with these decisions")
    ((command, options),) = asked
    assert command == "allocate"
    assert options["scenario"] == "closer_to_home"
    assert options["earlier"] == str(plan_folder(own_runs).resolve())
    assert options["locks"] == str(next((own_runs / ".locks").glob("*.csv")).resolve())
    assert options["data"] == str(small_data.resolve())
    assert (options["changes"], options["planner"]) == (10, True)
    assert MOVER not in str(options["title"])


def test_deciding_again_under_changed_settings_says_why_nothing_began(
    monkeypatch: pytest.MonkeyPatch, own_runs: Path, small_data: Path
) -> None:
    def changed(*_: object) -> str:
        raise ScenarioError("The settings have changed since this plan was made.")

    monkeypatch.setattr(again, "scenario_like", changed)
    app = page(monkeypatch, own_runs, "person", data=small_data)
    press(app, "Decide again with these decisions")
    assert "The settings have changed since this plan was made." in shown(app)
    assert "The settings have changed" not in shown(app.run())


def test_plan_decided_again_from_another_run_is_not_told_as_this_one_s(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def steered(name: str, earlier: str) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        content = json.dumps({"earlier": earlier})
        (folder / again.STEERED).write_text(content, encoding="utf-8")
        return folder

    made, own = steered("allocate-a-1", "run-a"), steered("allocate-b-1", "run-b")
    begun = {"run-a": [made], "run-b": [own]}
    monkeypatch.setattr(
        _study,
        "decided_again",
        lambda run: [SimpleNamespace(folder=folder) for folder in begun.get(run, [])],
    )

    def latest(run: str) -> Path | None:
        plan = SimpleNamespace(folder=tmp_path / run, run=SimpleNamespace(name=run))
        return _person._latest(cast("_person.Plan", plan), made)

    assert latest("run-a") == made
    assert latest("run-b") == own
    assert latest("run-c") is None


def test_plan_decided_again_tells_what_it_cost_and_whom_it_moved(
    monkeypatch: pytest.MonkeyPatch, own_runs: Path, small_data: Path
) -> None:
    app = explained(monkeypatch, own_runs, small_data, MOVER)
    app.button_group(key="decision").set_value("Hold elsewhere").run()
    keep(app)
    locks = next((own_runs / ".locks").glob("*.csv"))
    plan = plan_folder(own_runs)
    out = own_runs / "allocate-closer_to_home-1"
    scenario = scenario_like(plan, own_runs)
    command = [sys.executable, "-m", "scenarios.cli", "allocate", scenario, "--out", str(out)]
    command += ["--data", str(small_data), "--locks", str(locks), "--from", str(plan)]
    subprocess.run(command, check=True, cwd=ROOT, capture_output=True)

    text = shown(page(monkeypatch, own_runs, "person", plan.name, data=small_data))

    account = read_steered(out)
    assert account is not None
    assert account["cost_gbp"] >= 0
    assert str(escape(persons.cost_of_steering(account))) in text
    changed = pd.read_parquet(out / "changed.parquet")
    assert all(str(prisoner) in text for prisoner in changed["prisoner_id"])
    assert manifest_of(out)["inputs"]["locks"]


def test_decision_that_cannot_be_kept_is_told_by_the_boxes_of_the_page(
    monkeypatch: pytest.MonkeyPatch, own_runs: Path, small_data: Path
) -> None:
    app = explained(monkeypatch, own_runs, small_data, MOVER)
    keep(app, note="=cmd()")
    text = shown(app)
    assert f"The decision about {MOVER}, Note for planners: " in text
    assert "locks.csv" not in text
    assert ", column " not in text
    assert locks_of(own_runs).empty

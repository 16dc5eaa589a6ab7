"""The Data page: bring tables, see what is wrong, use them; two sessions stay apart."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from app_pages import _data, _who
from data.load import table_names
from scenarios import commands
from scenarios.errors import ScenarioError
from scenarios.own_tables import sessions, uploads
from scenarios.own_tables.check_tables import MISPLACED, MISSING, REPORT
from tests.app.conftest import HOSTILE
from tests.app.planner import page, shown

PAIR = ("population", "contacts", "establishments", "units")


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """Give an empty folder of runs of the test's own."""
    return tmp_path / "runs"


def bring(app: AppTest, table: str, name: str, content: bytes) -> AppTest:
    uploader = next(
        each for each in app.get("file_uploader") if each.proto.label.endswith(f"({table})")
    )
    uploader.upload(name, content, "text/csv").run()
    assert not app.exception
    return app


def click(app: AppTest, label: str) -> AppTest:
    next(button for button in app.button if button.label == label).click().run()
    assert not app.exception
    return app


def bring_all(app: AppTest, data: Path) -> AppTest:
    for path in sorted(data.glob("*.csv")):
        if path.stem in table_names():
            bring(app, path.stem, path.name, path.read_bytes())
    return app


def test_page_has_one_uploader_a_table_and_says_what_is_in_use(
    monkeypatch: pytest.MonkeyPatch, runs: Path
) -> None:
    from scenarios.own_tables.templates import names

    app = page(monkeypatch, runs, "data")
    labels = [each.proto.label for each in app.get("file_uploader")]
    assert len(labels) == len(names())
    assert "made-up people" in shown(app)
    assert "OFFICIAL-SENSITIVE" in shown(app)


def test_sound_tables_are_checked_used_and_go_with_every_long_command(
    monkeypatch: pytest.MonkeyPatch, runs: Path, small_data: Path
) -> None:
    app = bring_all(page(monkeypatch, runs, "data"), small_data)
    assert "Use these tables" not in [button.label for button in app.button]
    click(app, "Check these tables")
    assert "These tables can be used" in shown(app)
    assert "How complete the records are" in shown(app)
    click(app, "Use these tables")
    text = shown(app)
    assert "of your tables, and your people" in text
    app.switch_page("app_pages/runs.py").run()
    assert "of your tables, and your people" in shown(app)
    click(app, "Start the run")
    (job,) = (runs / ".jobs").glob("run-*")
    request = json.loads((job / "request.json").read_text())
    used = Path(request["options"]["data"])
    assert (used / "population.csv").read_bytes() == (small_data / "population.csv").read_bytes()
    assert used.parent.parent == runs / sessions.UPLOADS
    click(app, "Cancel")
    app.switch_page("app_pages/data.py").run()
    click(app, "Go back to the built-in tables")
    assert "Runs use the built-in tables" in shown(app)


def test_records_without_a_contradiction_are_said_to_have_none(
    monkeypatch: pytest.MonkeyPatch, runs: Path
) -> None:
    def nothing_found(tables: Path | None, out: Path) -> None:
        assert tables is None
        out.mkdir(parents=True)
        heads = {"report": REPORT, "missing": MISSING, "misplaced": MISPLACED}
        for name, columns in heads.items():
            pd.DataFrame(columns=columns).to_csv(out / f"{name}.csv", index=False)
        numbers = {"errors": 0, "warnings": 0, "people": 7, "misplaced": 0}
        (out / "check.json").write_text(json.dumps(numbers), encoding="utf-8")

    monkeypatch.setattr(uploads, "run_check", nothing_found)
    app = click(page(monkeypatch, runs, "data"), "Look at the built-in tables")
    assert "No record contradicts itself or another one." in shown(app)


def test_prisons_of_ones_own_are_named_where_people_are_misplaced(
    monkeypatch: pytest.MonkeyPatch, runs: Path, small_data: Path, tmp_path: Path
) -> None:
    """Somebody of category B is held where C is the highest."""
    own = Path(shutil.copytree(small_data, tmp_path / "own"))
    people = pd.read_csv(own / "population.csv", keep_default_na=False)
    moved = people.index[(people["sex"] == "men") & (people["category"] == "C")][:3]
    people.loc[moved, "category"] = "B"
    people.to_csv(own / "population.csv", index=False)
    prisons = pd.read_csv(own / "establishments.csv", keep_default_na=False)
    prisons["name"] = "Our own " + prisons["name"]
    prisons.to_csv(own / "establishments.csv", index=False)
    app = bring_all(page(monkeypatch, runs, "data"), own)
    text = shown(click(app, "Check these tables"))
    table = text[text.index("People held where a rule would not let them be") :]
    assert "Our own " in table


def test_errors_block_and_are_listed_as_text(monkeypatch: pytest.MonkeyPatch, runs: Path) -> None:
    app = page(monkeypatch, runs, "data")
    row = HOSTILE.replace('"', "'")
    bring(app, "keep_aparts", "a.csv", f'a,b,level,reason\nP1,P2,"{row}",\n'.encode())
    click(app, "Check these tables")
    text = shown(app)
    assert "cannot be used yet" in text
    assert "<img" not in text
    assert "&lt;img" in text
    assert "Use these tables" not in [button.label for button in app.button]


def test_file_that_cannot_be_taken_in_is_refused_in_words_and_the_next_one_is_taken(
    monkeypatch: pytest.MonkeyPatch, runs: Path
) -> None:
    app = page(monkeypatch, runs, "data")
    bring(app, "units", "a.csv", b",".join([b"c"] * 1_000) + b"\n")
    assert "names more than 200 columns" in shown(app)
    (beside,) = (each for each in app.expander if each.label == "Prisons and their places")
    assert "names more than 200 columns" in "".join(each.proto.body for each in beside.get("html"))
    bring(app, "units", "a.csv", b"unit\nA\n")
    assert "names more than 200 columns" not in shown(app)
    assert "Brought: 1 row, 1 column." in shown(app)
    click(app, "Remove")
    assert "Brought" not in shown(app)


def test_two_sessions_do_not_see_what_the_other_brought(
    monkeypatch: pytest.MonkeyPatch, runs: Path
) -> None:
    first = bring(page(monkeypatch, runs, "data"), "units", "a.csv", b"unit\nSECRET-1\n")
    second = page(monkeypatch, runs, "data")
    assert "Brought" in shown(first)
    assert "Brought" not in shown(second)
    assert "You have brought no table" in shown(second)
    bring(second, "units", "a.csv", b"unit\nOTHER-1\nOTHER-2\n")
    assert "Brought: 1 row," in shown(first.run())
    assert "Brought: 2 rows," in shown(second)
    assert len(list((runs / sessions.UPLOADS).iterdir())) == 2


def cookies(monkeypatch: pytest.MonkeyPatch, key: str, name: str = "estate-browser") -> None:
    """Open pages with a browser's key from now on."""
    monkeypatch.setattr(_data, "_cookies", lambda: {name: key})


def test_what_a_browser_brought_and_uses_is_found_again_when_the_page_is_loaded_anew(
    monkeypatch: pytest.MonkeyPatch, runs: Path, small_data: Path
) -> None:
    cookies(monkeypatch, "ab" * 32)
    first = bring_all(page(monkeypatch, runs, "data"), small_data)
    click(first, "Check these tables")
    click(first, "Use these tables")
    again = page(monkeypatch, runs, "data")
    assert "Brought: 320 rows" in shown(again)
    assert "These tables can be used" in shown(again)
    assert "Runs use 7 of your tables, and your people." in shown(again)
    assert "Runs use 7 of your tables, and your people." in shown(page(monkeypatch, runs, "runs"))
    click(again, "Go back to the built-in tables")
    assert "Runs use the built-in tables" in shown(first.run())


@pytest.mark.parametrize("key", ["cd" * 32, "", "../../..", "AB" * 32, "ab" * 33])
def test_another_browser_does_not_see_what_one_brought(
    monkeypatch: pytest.MonkeyPatch, runs: Path, key: str
) -> None:
    cookies(monkeypatch, "ab" * 32)
    bring(page(monkeypatch, runs, "data"), "units", "a.csv", b"unit\nSECRET-1\n")
    cookies(monkeypatch, key)
    other = page(monkeypatch, runs, "data")
    assert "You have brought no table" in shown(other)
    assert ("they are found again" in shown(other)) == (key == "cd" * 32)


def test_another_reader_of_the_same_browser_does_not_see_what_one_brought(
    monkeypatch: pytest.MonkeyPatch, runs: Path
) -> None:
    cookies(monkeypatch, "ab" * 32)
    for reader, sees in (("ada", 0), ("bob", 0), ("ada", 1)):
        monkeypatch.setattr(_who, "name", lambda reader=reader: reader)
        app = page(monkeypatch, runs, "data")
        assert ("Brought: 1 row," in shown(app)) == bool(sees)
        bring(app, "units", "a.csv", b"unit\nA\n")


def test_without_a_key_the_page_warns_that_a_reload_loses_what_is_brought(
    monkeypatch: pytest.MonkeyPatch, runs: Path
) -> None:
    assert "load the page anew or close it, and they cannot be found again" in shown(
        page(monkeypatch, runs, "data")
    )


def test_what_was_brought_is_still_there_after_another_page(
    monkeypatch: pytest.MonkeyPatch, runs: Path
) -> None:
    app = bring(page(monkeypatch, runs, "data"), "units", "a.csv", b"unit\nA\n")
    app.switch_page("app_pages/runs.py").run()
    app.switch_page("app_pages/data.py").run()
    assert "Brought: 1 row, 1 column." in shown(app)


def test_tables_in_use_are_an_option_of_every_long_command_but_replay() -> None:
    for command in commands.COMMANDS:
        with pytest.raises(ScenarioError) as told:
            commands.check(command, {"data": "x", "no such option": 1})
        assert "no option 'data'" not in str(told.value)

"""Exports from the app: offered on the pages, made when asked for, noted, and fit to leave."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import python_calamine
from streamlit.testing.v1 import AppTest

from app_pages import _export
from scenarios.circulation.suppress import default_rule
from scenarios.display import listings
from scenarios.export import book_of
from scenarios.results import Results
from tests.app.conftest import retold
from tests.app.serving import ROOT

Opener = Callable[[Results, str], AppTest]


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Opener:
    def open_page(results: Results, leaf: str) -> AppTest:
        assert results.folder is not None
        monkeypatch.chdir(ROOT)
        monkeypatch.setenv("ESTATE_RUNS", str(results.folder.parent))
        app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
        app.query_params["run"] = results.folder.name
        app.run()
        app.switch_page(f"app_pages/{leaf}.py").run()
        assert not app.exception
        return app

    return open_page


@pytest.mark.parametrize(
    ("leaf", "name"),
    [
        ("overview", "The overview"),
        ("allocation", "Who is held where"),
        ("visits", "Visits and video calls"),
        ("compare", "The comparison"),
        ("sources", "Sources and settings"),
    ],
)
def test_page_offers_its_tables_without_single_people(
    opened: Opener, plan: Results, leaf: str, name: str
) -> None:
    app = opened(plan, leaf)
    kinds = app.selectbox(key=f"kind {name}")
    assert "Excel workbook" in kinds.options
    assert app.button_group(key=f"hiding {name}").value == _export.USUAL
    (button,) = [b for b in app.get("download_button") if b.key == f"download {name}"]
    assert button.proto.label == "Download"


def test_nothing_is_written_or_noted_before_somebody_asks(opened: Opener, plan: Results) -> None:
    opened(plan, "overview")
    assert plan.folder is not None
    assert not (plan.folder.parent / ".audit").exists()


def test_reader_of_a_sensitive_page_chooses_who_the_file_is_for(
    opened: Opener, plan: Results
) -> None:
    app = opened(plan, "allocation")
    choice = app.button_group(key="for Who is held where")
    assert choice.value == _export.READERS[0]
    choice.set_value(_export.READERS[1]).run()
    assert not app.exception
    assert "hiding Who is held where" not in {group.key for group in app.button_group}


def test_block_orders_are_sensitive_and_left_out_where_nobody_moves(
    opened: Opener, plan: Results, today: Results
) -> None:
    app = opened(plan, "allocation")
    assert "kind Block orders" in {box.key for box in app.selectbox}
    assert "hiding Block orders" not in {group.key for group in app.button_group}
    assert "kind Block orders" not in {box.key for box in opened(today, "allocation").selectbox}


def test_file_made_in_the_app_is_noted_with_who_asked(plan: Results, tmp_path: Path) -> None:
    table = listings.headline(plan)
    book = book_of("Overview", [table], [plan], mark="OFFICIAL", rule=default_rule(strict=True))
    content = _export.made(book, "xlsx", "Overview", tmp_path, "a planner")
    assert "Table 1" in python_calamine.load_workbook(io.BytesIO(content)).sheet_names
    (line,) = (tmp_path / ".audit" / "exports.jsonl").read_text().splitlines()
    told = json.loads(line)
    assert told["who"] == "a planner"
    assert told["kind"] == "xlsx"
    assert told["small_counts"] == "to 4 hidden, rounded to 5"


def test_file_without_a_mark_is_noted_and_not_given_without_the_note(tmp_path: Path) -> None:
    content = _export.noted(lambda: b"a,b", "prisons.csv", 1, tmp_path, "an analyst")
    assert content == b"a,b"
    (line,) = (tmp_path / ".audit" / "exports.jsonl").read_text().splitlines()
    told = json.loads(line)
    assert (told["who"], told["what"], told["kind"]) == ("an analyst", "prisons.csv", "csv")
    blocked = tmp_path / "blocked"
    blocked.mkdir()
    (blocked / ".audit").write_text("in the way")
    with pytest.raises(OSError, match="exists"):
        _export.noted(lambda: b"a,b", "prisons.csv", 1, blocked, "an analyst")


def test_every_run_of_a_comparison_stands_behind_its_export(
    monkeypatch: pytest.MonkeyPatch, today: Results, plan: Results, tmp_path: Path
) -> None:
    names = [retold(results, tmp_path).name for results in (today, plan)]
    names.append(shutil.copytree(tmp_path / names[1], tmp_path / "third-00000000").name)
    offered: list[str] = []

    def download(*_: object, shown: Sequence[Results], **__: object) -> None:
        offered.extend(each.folder.name for each in shown if each.folder)

    monkeypatch.setattr(_export, "download", download)
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("ESTATE_RUNS", str(tmp_path))
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
    app.query_params["runs"] = ",".join(names)
    app.run()
    app.switch_page("app_pages/compare.py").run()
    assert not app.exception
    assert offered == names


def test_every_download_of_the_app_goes_through_one_module() -> None:
    others = [
        path.name
        for path in sorted((ROOT / "app_pages").glob("*.py"))
        if "download_button" in path.read_text("utf-8") and path.name != "_export.py"
    ]
    assert others == []


def test_file_that_cannot_be_noted_is_not_given(plan: Results, tmp_path: Path) -> None:
    book = book_of("A", [listings.headline(plan)], [plan], mark="OFFICIAL", rule=default_rule())
    (tmp_path / ".audit").write_text("in the way")
    with pytest.raises(OSError, match="exists"):
        _export.made(book, "html", "A", tmp_path, "a planner")

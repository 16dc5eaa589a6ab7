"""Stored runs for the app's tests, and the one place that skips where there is no Chromium."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import altair
import pytest
import yaml

from app_pages import _show
from scenarios import export
from scenarios.display import vega
from scenarios.load import load_scenario
from scenarios.results import Results, write_json
from scenarios.run import Options, run
from tests.app.serving import browsing, chromium, serving
from tests.scenarios.conftest import write_small_data

if TYPE_CHECKING:
    from playwright.sync_api import Browser

HOSTILE = '<img src="https://evil.example/x.png"> ![x](https://evil.example/y.png)'
"""Text that must be shown as text: markup and a Markdown image that a browser would fetch."""

WITHOUT_LINES = "title: Fixed waits\nquestion: How fast?\nchange: {line.modelled: false}\n"


class Ended:
    """A process that has ended; stands for a worker that need not work."""

    def __init__(self, *_: object, **__: object) -> None:
        pass

    def poll(self) -> int:
        """Say so."""
        return 0


@pytest.fixture(autouse=True)
def main_module_as_it_was() -> Iterator[None]:
    """Take back that Streamlit's harness makes its script the main module.

    A process started by a later test would run that script again.
    """
    main = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = main


@pytest.fixture(autouse=True)
def pages_stand_open(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at pages whole, with everything open that can be opened."""
    monkeypatch.setattr(_show, "FOLDS_OPEN", True)


NUMBER = r"[+\u2212-]?\u00a3?[\d,]+(\.\d+)?(%| points| million)?"
AS_WORDS = re.compile(rf"{NUMBER}( to {NUMBER})?( \(.*\))?")
"""A number that a page writes as words."""

NAMES_OF_NUMBERS = ("date", "end", "found", "point", "rows", "start")
"""Columns in which numbers are names or cells as found; settings stand as they are written."""


@pytest.fixture(autouse=True)
def numbers_leave_as_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse every export of a page in which a number stands as words."""
    of_book = export.book_of

    def watched(name: str, tables: Any, *told: Any, **options: Any) -> export.Book:
        book = of_book(name, tables, *told, **options)
        found = [
            (sheet.title, column, str(cell))
            for sheet in book.sheets
            for column in sheet.labels
            if column not in NAMES_OF_NUMBERS and "setting" not in sheet.labels
            for cell in sheet.table[column].head(50)
            if isinstance(cell, str) and AS_WORDS.fullmatch(cell)
        ]
        assert found == []
        return book

    monkeypatch.setattr(export, "book_of", watched)


@pytest.fixture(autouse=True)
def charts_are_vega_lite(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse every chart of a page that does not follow Vega-Lite's own description."""
    spec = vega.View.spec

    def watched(view: vega.View) -> vega.Spec:
        altair.Chart.from_dict(view.to_dict())
        return spec(view)

    monkeypatch.setattr(vega.View, "spec", watched)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, object]]]:
    """Collect the work that pages begin, with its options, and begin none of it."""
    begun: list[tuple[str, dict[str, object]]] = []
    monkeypatch.setattr(
        "app_pages._jobs.begin", lambda command, **options: begun.append((command, options))
    )
    return begun


@pytest.fixture(scope="session")
def small_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six real prisons and a few hundred invented people."""
    return write_small_data(tmp_path_factory.mktemp("data") / "small")


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder of the stored runs."""
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="session")
def today(runs: Path, small_data: Path) -> Results:
    """Store a run of today's estate."""
    return play("baseline", runs, small_data)


@pytest.fixture(scope="session")
def plan(runs: Path, small_data: Path, today: Results) -> Results:
    """Store a plan, played on the same families as today's estate."""
    del today
    return play("closer_to_home", runs, small_data)


@pytest.fixture(scope="session")
def hostile_runs(tmp_path_factory: pytest.TempPathFactory, plan: Results, today: Results) -> Path:
    """Give runs whose title and question would like to be markup."""
    folder = tmp_path_factory.mktemp("hostile")
    retold(plan, folder, title=HOSTILE, question=HOSTILE)
    retold(today, folder)
    return folder


@pytest.fixture(scope="session")
def ceiling_runs(tmp_path_factory: pytest.TempPathFactory, plan: Results, today: Results) -> Path:
    """Give runs of which the only optimised one is a ceiling."""
    folder = tmp_path_factory.mktemp("ceiling")
    retold(plan, folder, title="The ceiling", ceiling=True)
    retold(today, folder)
    return folder


@pytest.fixture(scope="session")
def studied(
    tmp_path_factory: pytest.TempPathFactory, small_data: Path, plan: Results, today: Results
) -> Path:
    """Give the stored runs beside a trade-off and a study of stability of the plan."""
    from scenarios.studies import stability
    from scenarios.studies.frontier import frontier

    folder = tmp_path_factory.mktemp("studied")
    for results in (plan, today):
        retold(results, folder, title=results.title)
    name = "closer_to_home"
    frontier(
        name,
        against="moves",
        points=4,
        out_dir=folder / f"frontier-{name}-1",
        data_dir=small_data,
    )
    with pytest.MonkeyPatch.context() as patch:
        # the prices of moves alone: each variant is a plan decided again
        patch.setattr(stability, "VARIED", ())
        patch.setattr(stability, "VARIED_RULES", ())
        stability.stability(name, out_dir=folder / f"stability-{name}-1", data_dir=small_data)
    return folder


@pytest.fixture(scope="session")
def serviced(tmp_path_factory: pytest.TempPathFactory, small_data: Path, today: Results) -> Path:
    """Give a run of today, one that plays no booking lines, and a sizing of each service."""
    from scenarios.studies.size_line import size_line
    from scenarios.studies.size_workers import Asked, size_workers

    folder = tmp_path_factory.mktemp("serviced")
    retold(today, folder)
    without = tmp_path_factory.mktemp("scenarios") / "without_lines.yaml"
    without.write_text(WITHOUT_LINES, encoding="utf-8")
    play(without, folder, small_data)
    size_workers(
        "baseline",
        Asked(replications=2, workers=1),
        out_dir=folder / "size-family-workers-baseline-1",
        data_dir=small_data,
    )
    size_line(
        "baseline",
        out_dir=folder / "size-booking-line-baseline-1",
        replications=2,
        data_dir=small_data,
    )
    return folder


def retold(results: Results, runs_dir: Path, **told: Any) -> Path:
    """Copy a run, with another title, question or mark in its files."""
    assert results.folder is not None
    copy = Path(shutil.copytree(results.folder, runs_dir / results.folder.name))
    write_json(dict(results.summary) | told, copy / "summary.json")
    scenario = {key: told.get(key, value) for key, value in results.scenario.items()}
    (copy / "scenario.yaml").write_text(yaml.safe_dump(scenario), encoding="utf-8")
    return copy


def play(scenario: str | Path, runs_dir: Path, data_dir: Path) -> Results:
    """Play one scenario on the small estate and store it."""
    options = Options(data_dir=data_dir, runs_dir=runs_dir, seed=1, replications=2)
    with ThreadPoolExecutor(1) as pool:
        return run(load_scenario(scenario), options, lambda: pool)


@pytest.fixture(scope="session")
def chrome() -> Iterator[Browser]:
    """Chromium; where there is none the test is skipped, or fails when REQUIRE_BROWSER is 1."""
    if chromium() is None:
        message = "no Chromium on this machine: install Debian's chromium to run the browser tests"
        if os.environ.get("REQUIRE_BROWSER") == "1":
            pytest.fail(message)
        pytest.skip(message)
    with browsing() as browser:
        yield browser


@pytest.fixture(scope="session")
def address(runs: Path, plan: Results, chrome: Browser) -> Iterator[str]:
    """Where the app is served on the stored runs."""
    del plan, chrome
    with serving(runs) as where:
        yield where

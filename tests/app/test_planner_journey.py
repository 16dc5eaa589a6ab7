"""A planner's whole journey in real Chromium: bring tables, check, run, explain, lock, export."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from scenarios.display import frontiers, persons
from scenarios.planning.again import read_steered
from scenarios.planning.explain import explain_person
from scenarios.results import file_digest, load_results
from tests.app.serving import IDLE, open_page, serving, stay_at_home

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

pytestmark = pytest.mark.browser

RUN = "Closer to home, within the moves we can make"

PATIENCE = 300_000
"""Milliseconds that work in processes of its own may take on a busy machine."""


@pytest.fixture
def empty_runs(tmp_path: Path, chrome: Browser) -> Iterator[tuple[str, Path]]:
    """Where the app is served on no run and the built-in tables, and its folder of runs."""
    del chrome
    with serving(tmp_path / "runs") as where:
        yield where, tmp_path / "runs"


def idle(page: Page) -> None:
    page.locator(IDLE).wait_for(timeout=60_000)
    page.wait_for_timeout(200)
    page.locator(IDLE).wait_for(timeout=60_000)


def go(page: Page, title: str) -> None:
    page.get_by_role("link", name=title, exact=True).first.click()
    page.get_by_role("heading", name=title, exact=True).wait_for(timeout=60_000)
    idle(page)


def downloaded(page: Page, export: str, to: Path) -> str:
    """Take an export as a workbook and give all its text."""
    box = page.locator("[data-testid=stExpander]").filter(has_text=f"Export: {export}")
    box.get_by_text(f"Export: {export}").click()
    idle(page)
    with page.expect_download(timeout=PATIENCE) as waiting:
        box.get_by_role("button", name="Download").click()
    path = to / waiting.value.suggested_filename
    waiting.value.save_as(path)
    sheets = pd.read_excel(path, sheet_name=None, header=None, engine="calamine")
    return " ".join(str(cell) for sheet in sheets.values() for cell in sheet.to_numpy().ravel())


def brought(page: Page) -> Locator:
    """Find the list of the tables that were brought."""
    return page.get_by_role("table", name=re.compile("brought; the others are the built-in ones"))


def bring(page: Page, path: Path) -> None:
    """Give a table to its uploader."""
    uploader = page.locator("[data-testid=stFileUploader]").filter(has_text=f"({path.stem})")
    uploader.locator("input[type=file]").set_input_files(path)
    brought(page).get_by_role("cell", name=path.stem, exact=True).wait_for(timeout=60_000)
    page.get_by_text("Nothing is used before it was checked.").wait_for(timeout=60_000)
    idle(page)


def check(page: Page, says: str) -> None:
    page.get_by_role("button", name="Check these tables").click()
    page.get_by_text(says).first.wait_for(timeout=PATIENCE)
    idle(page)


def with_a_fault(population: Path, to: Path) -> Path:
    """Write a population of which one person has an age that nobody has."""
    people = pd.read_csv(population, dtype=str, keep_default_na=False)
    people.loc[7, "age"] = "407"
    (to / "faulty").mkdir()
    people.to_csv(to / "faulty" / population.name, index=False)
    return to / "faulty" / population.name


def bring_own_tables(page: Page, data: Path, scratch: Path) -> None:
    """Bring tables, mend what the report finds, find them again after a reload, and use them."""
    go(page, "Data")
    for path in sorted(data.glob("*.csv")):
        bring(page, with_a_fault(path, scratch) if path.stem == "population" else path)
    check(page, "These tables cannot be used yet: 1 error.")
    fault = page.get_by_role("row").filter(has_text="407")
    assert "age" in fault.inner_text()
    assert page.get_by_role("button", name="Use these tables").count() == 0
    bring(page, data / "population.csv")
    check(page, "These tables can be used")
    page.reload()
    page.get_by_text("These tables can be used").first.wait_for(timeout=60_000)
    idle(page)
    page.get_by_role("button", name="Use these tables").click()
    page.get_by_text("Runs use 7 of your tables, and your people.").first.wait_for(timeout=60_000)
    idle(page)


def run_in_the_background(page: Page, runs: Path) -> Path:
    """Run the plan on the tables in use; give its folder."""
    go(page, "Runs")
    page.get_by_role("combobox", name="Scenario").click()
    page.get_by_role("option", name=RUN, exact=True).click()
    idle(page)
    page.get_by_role("spinbutton", name="Simulated years (replications)").fill("1")
    page.get_by_role("spinbutton", name="Simulated years (replications)").press("Enter")
    idle(page)
    page.get_by_role("button", name="Start the run").click()
    page.get_by_role("link", name="Open the run").wait_for(timeout=PATIENCE)
    idle(page)
    (made,) = (summary.parent for summary in runs.glob("*/summary.json"))
    return made


def explain_and_lock(page: Page, mover: str) -> None:
    """Explain a person, and keep the decision to hold them in the next best place."""
    go(page, "One person")
    page.get_by_role("textbox", name="Prisoner id").fill(mover)
    page.get_by_role("button", name="Explain").click()
    page.get_by_text(f"{mover} would be held in").wait_for(timeout=PATIENCE)
    idle(page)
    page.get_by_text("Hold elsewhere", exact=True).click()
    idle(page)
    page.get_by_role("combobox", name="Reason").click()
    page.get_by_role("option", name="a family reason", exact=True).click()
    page.get_by_role("textbox", name="Note for planners").fill("Asked for in June")
    page.get_by_role("textbox", name="Who decides").fill("A named officer")
    page.get_by_role("button", name="Keep this decision").click()
    page.get_by_text(f"Kept: {mover} is to be held in").wait_for(timeout=60_000)
    idle(page)


def decide_again(page: Page, runs: Path) -> Path:
    """Decide the plan again under the decisions; give its folder."""
    page.get_by_role("button", name="Decide again with these decisions").click()
    page.get_by_role("heading", name="What deciding again cost, and whom it moved").wait_for(
        timeout=PATIENCE
    )
    idle(page)
    (made,) = runs.glob("allocate-*")
    return made


def test_planner_brings_tables_runs_explains_locks_decides_again_and_takes_the_moves(
    chrome: Browser, empty_runs: tuple[str, Path], small_data: Path, tmp_path: Path
) -> None:
    address, runs = empty_runs
    page = chrome.new_page(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    strangers = stay_at_home(page, address)
    addresses: list[str] = []
    page.on("framenavigated", lambda frame: addresses.append(frame.url))
    open_page(page, f"{address}/")
    bring_own_tables(page, small_data, tmp_path)

    plan = run_in_the_background(page, runs)
    told = load_results(plan).provenance["inputs"]
    assert {told[path.stem] for path in small_data.glob("*.csv")} == {
        file_digest(path) for path in small_data.glob("*.csv")
    }
    mover = str(load_results(plan).moves["prisoner_id"].iloc[0])

    go(page, "Who is held where")
    block_orders = downloaded(page, "block orders", tmp_path)
    assert "OFFICIAL-SENSITIVE" in block_orders
    assert mover in block_orders

    explain_and_lock(page, mover)
    made = decide_again(page, runs)
    account = read_steered(made)
    assert account is not None
    page.get_by_text(persons.cost_of_steering(account)).first.wait_for()

    found = explain_person(plan, mover, data_dir=small_data, planner=True)
    forced = found.one.alternatives.iloc[1]
    assert account["cost_gbp"] == pytest.approx(forced["forcing_gbp"], abs=0.005)
    changed = pd.read_parquet(made / "changed.parquet").set_index("prisoner_id")
    assert changed.loc[mover, "unit"] == forced["unit"]

    moves = downloaded(page, "moves of the plan decided again", tmp_path)
    assert made.name in moves
    assert "OFFICIAL-SENSITIVE" in moves
    assert all(mover not in visited for visited in [*addresses, page.url])
    assert strangers == []
    page.close()


def test_link_shared_by_who_brought_tables_shows_none_of_them(
    chrome: Browser, empty_runs: tuple[str, Path], small_data: Path
) -> None:
    address, _ = empty_runs
    first, second = (chrome.new_context(viewport={"width": 1280, "height": 900}) for _ in "ab")
    one, other = first.new_page(), second.new_page()
    open_page(one, f"{address}/data")
    bring(one, small_data / "units.csv")
    open_page(other, one.url)
    other.get_by_text("You have brought no table").wait_for()
    one.reload()
    brought(one).wait_for(timeout=60_000)
    assert "estate-browser" not in one.evaluate("document.cookie")
    first.close()
    second.close()


def test_click_on_a_point_of_the_trade_off_picks_it(chrome: Browser, studied: Path) -> None:
    found = frontiers.open_frontier(studied / "frontier-closer_to_home-1")
    with serving(studied) as where:
        page = chrome.new_page(viewport={"width": 1280, "height": 900})
        open_page(page, f"{where}/frontier?point=3")
        page.get_by_text(frontiers.answer(found, 3, 1)).wait_for()
        page.locator('.mark-symbol path[aria-label*="Point: 1;"]').click(force=True)
        page.get_by_text(frontiers.answer(found, 1, 1)).wait_for(timeout=60_000)
        page.wait_for_url("**point=1**")
        page.close()

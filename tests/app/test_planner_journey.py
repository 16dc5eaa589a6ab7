"""A planner's whole journey in real Chromium: explain, lock, solve again, see the cost, export."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from scenarios.again import read_steered
from scenarios.display import frontiers, persons
from scenarios.explain import explain_person
from scenarios.results import Results
from tests.app.serving import IDLE, open_page, serving, stay_at_home

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

MOVER = "P0003"


@pytest.fixture
def own_runs(plan: Results, tmp_path: Path) -> Path:
    """Give a folder of the test's own that holds the plan."""
    assert plan.folder is not None
    shutil.copytree(plan.folder, tmp_path / "runs" / plan.folder.name)
    return tmp_path / "runs"


@pytest.fixture
def planning(own_runs: Path, small_data: Path, chrome: Browser) -> Iterator[str]:
    """Where the app is served on the plan and the tables it was made from."""
    del chrome
    with serving(own_runs, ESTATE_DATA=str(small_data)) as where:
        yield where


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
    with page.expect_download(timeout=60_000) as waiting:
        box.get_by_role("button", name="Download").click()
    path = to / waiting.value.suggested_filename
    waiting.value.save_as(path)
    sheets = pd.read_excel(path, sheet_name=None, header=None, engine="calamine")
    return " ".join(str(cell) for sheet in sheets.values() for cell in sheet.to_numpy().ravel())


def test_planner_explains_locks_solves_again_sees_the_cost_and_takes_the_moves(
    chrome: Browser, planning: str, own_runs: Path, small_data: Path, tmp_path: Path
) -> None:
    page = chrome.new_page(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    strangers = stay_at_home(page, planning)
    addresses: list[str] = []
    page.on("framenavigated", lambda frame: addresses.append(frame.url))
    open_page(page, f"{planning}/")
    go(page, "Who is held where")
    orders = downloaded(page, "block orders", tmp_path)
    assert "OFFICIAL-SENSITIVE" in orders
    assert MOVER in orders

    go(page, "One person")
    page.get_by_role("textbox", name="Prisoner id").fill(MOVER)
    page.get_by_role("button", name="Explain").click()
    page.get_by_text(f"{MOVER} would be held in").wait_for(timeout=60_000)
    idle(page)
    page.get_by_text("Hold elsewhere", exact=True).click()
    idle(page)
    page.get_by_role("button", name="Keep this decision").click()
    page.get_by_text(f"Kept: {MOVER} is to be held in").wait_for(timeout=60_000)
    idle(page)

    page.get_by_role("button", name="Decide again with these decisions").click()
    page.get_by_role("heading", name="What deciding again cost, and whom it moved").wait_for(
        timeout=180_000
    )
    idle(page)
    (made,) = own_runs.glob("allocate-*")
    account = read_steered(made)
    assert account is not None
    page.get_by_text(persons.cost_of_steering(account)).first.wait_for()

    before = next(own_runs.glob("closer_to_home-*"))
    found = explain_person(before, MOVER, data_dir=small_data, planner=True)
    forced = found.one.alternatives.iloc[1]
    assert account["cost_gbp"] == pytest.approx(forced["forcing_gbp"], abs=0.005)
    changed = pd.read_parquet(made / "changed.parquet").set_index("prisoner_id")
    assert changed.loc[MOVER, "unit"] == forced["unit"]

    moves = downloaded(page, "moves of the plan decided again", tmp_path)
    assert made.name in moves
    assert "OFFICIAL-SENSITIVE" in moves
    assert all(MOVER not in address for address in [*addresses, page.url])
    assert strangers == []
    page.close()


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

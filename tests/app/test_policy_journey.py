"""Policy staff in real Chromium: add evening sessions, start the run, compare, export."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import python_calamine

from scenarios.display import wording
from scenarios.drafts import read_draft
from scenarios.results import Results
from tests.app.conftest import play
from tests.app.serving import IDLE, open_page, stay_at_home

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser


def settled(page: Page) -> None:
    for _ in range(2):
        page.wait_for_timeout(300)
        page.locator(IDLE).wait_for(timeout=60_000)


def test_policy_adds_evening_sessions_runs_compares_and_exports(
    chrome: Browser, address: str, runs: Path, today: Results, small_data: Path
) -> None:
    assert today.folder is not None
    page = chrome.new_page(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    strangers = stay_at_home(page, address)
    open_page(page, f"{address}/visits?run={today.folder.name}")
    page.get_by_role("button", name="Try: evening sessions").click()
    page.get_by_role("heading", name="Scenario", exact=True).wait_for()
    settled(page)

    page.get_by_role("textbox", name="Title").fill("Late visits")
    page.get_by_role("textbox", name="Title").press("Enter")
    page.get_by_label("Tables in each session").fill("20")
    page.get_by_label("Tables in each session").press("Enter")
    page.get_by_role("textbox", name="Name of the file").fill("late_visits")
    page.get_by_role("textbox", name="Name of the file").press("Enter")
    page.get_by_text("open_tables: 20").wait_for()
    settled(page)
    page.get_by_role("button", name="Keep it and start the run").click()
    page.get_by_role("heading", name="Runs", exact=True).wait_for()
    page.get_by_role("button", name="Cancel").first.click()
    settled(page)

    kept = runs / ".scenarios" / "late_visits.yaml"
    assert read_draft(kept).title == "Late visits"
    late = play(str(kept), runs, small_data)
    assert late.folder is not None

    open_page(page, f"{address}/compare?runs={today.folder.name},{late.folder.name}")
    page.get_by_text("The lines that differ").wait_for()
    page.get_by_role("table", name="Settings that differ").get_by_text("open_tables: 20").wait_for()
    page.get_by_role("table", name="Requests that end in a visit").wait_for()
    page.get_by_text("Export: the comparison").click()
    settled(page)
    with page.expect_download() as told:
        page.get_by_role("button", name="Download").first.click()
    assert told.value.path().stat().st_size > 1_000
    assert strangers == []
    page.close()


def test_export_holds_what_a_part_of_the_page_shows_when_it_is_asked_for(
    chrome: Browser, address: str, today: Results
) -> None:
    assert today.folder is not None
    page = chrome.new_page(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    open_page(page, f"{address}/visits?run={today.folder.name}")
    page.get_by_text("Export: visits and video calls").click()
    page.get_by_role("radio", name="Half", exact=True).click()
    settled(page)
    with page.expect_download() as told:
        page.get_by_role("button", name="Download").first.click()
    book = python_calamine.load_workbook(str(told.value.path()))
    heads = {str(book.get_sheet_by_name(name).to_python()[0][0]) for name in book.sheet_names}
    assert wording.measure("wait_days_median") in " ".join(heads)
    assert wording.measure("wait_days_p90") not in " ".join(heads)
    page.close()


def test_hall_is_stepped_through_by_the_keyboard(
    chrome: Browser, address: str, today: Results
) -> None:
    assert today.folder is not None
    page = chrome.new_page(viewport={"width": 390, "height": 900})
    open_page(page, f"{address}/hall?run={today.folder.name}")
    slider = page.get_by_role("slider")
    before = page.get_by_text("parties in the hall").first.inner_text()
    slider.focus()
    for _ in range(3):
        slider.press("ArrowRight")
    settled(page)
    assert page.get_by_text("in the hall").first.inner_text()[:9] != before[:9]
    page.close()

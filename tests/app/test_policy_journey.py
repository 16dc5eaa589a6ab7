"""Policy staff in real Chromium: add evening sessions, start the run, compare, export."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pytest
import python_calamine

from scenarios.comparing.compare import compare
from scenarios.display import wording
from scenarios.drafting.drafts import read_draft
from scenarios.results import Results, load_results
from tests.app.serving import IDLE, open_page, serving, stay_at_home

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

YEARS = "Simulated years (replications)"
PATIENCE = 300_000
"""Milliseconds that work in a process of its own may take on a busy machine."""


def settled(page: Page) -> None:
    for _ in range(2):
        page.wait_for_timeout(300)
        page.locator(IDLE).wait_for(timeout=60_000)


def workbook(page: Page, to: Path) -> dict[str, pd.DataFrame]:
    """Take the export of the comparison and read its sheets."""
    page.get_by_text("Export: the comparison").click()
    settled(page)
    with page.expect_download(timeout=PATIENCE) as told:
        page.get_by_role("button", name="Download").first.click()
    told.value.save_as(to / "comparison.xlsx")
    return pd.read_excel(to / "comparison.xlsx", sheet_name=None, header=None, engine="calamine")


def test_policy_adds_evening_sessions_runs_compares_and_exports(
    chrome: Browser, runs: Path, today: Results, small_data: Path, tmp_path: Path
) -> None:
    assert today.folder is not None
    with serving(runs, ESTATE_DATA=str(small_data)) as address:
        page = chrome.new_page(viewport={"width": 1280, "height": 900}, accept_downloads=True)
        strangers = stay_at_home(page, address)
        open_page(page, f"{address}/visits?run={today.folder.name}")
        page.get_by_text("All stands as it is today").wait_for()
        for _ in range(2):
            page.get_by_role("slider", name="Evening sessions a week").press("ArrowRight")
            settled(page)
        page.get_by_text("Together they take about").wait_for()
        page.get_by_role("button", name="Change more of it first").click()
        page.get_by_role("heading", name="Scenario", exact=True).wait_for()
        settled(page)

        for label, said in (("Title", "Late visits"), ("Name of the file", "late_visits")):
            page.get_by_role("textbox", name=label).fill(said)
            page.get_by_role("textbox", name=label).press("Enter")
        for label, number in (("Tables in each session", "20"), (YEARS, "2")):
            page.get_by_role("spinbutton", name=label).fill(number)
            page.get_by_role("spinbutton", name=label).press("Enter")
        page.get_by_text("Tuesdays and Thursdays, 18:00 to 19:30, 20 tables").wait_for()
        settled(page)
        page.get_by_role("button", name="Keep it and start the run").click()
        page.get_by_role("heading", name="Runs", exact=True).wait_for()
        page.get_by_role("link", name="Help", exact=True).first.click()
        page.get_by_role("heading", name="Help", exact=True).wait_for()
        page.get_by_role("link", name="Runs", exact=True).first.click()
        page.get_by_role("link", name="Open the run").wait_for(timeout=PATIENCE)

        (late,) = runs.glob("late_visits-*")
        assert read_draft(runs / ".scenarios" / "late_visits.yaml").title == "Late visits"
        open_page(page, f"{address}/compare?runs={today.folder.name},{late.name}")
        page.get_by_text("The lines that differ").wait_for()
        lines = page.get_by_role("table", name="Settings that differ")
        lines.get_by_text("Tuesdays and Thursdays, 18:00 to 19:30, 20 tables").wait_for()
        page.get_by_role("table", name="Requests that end in a visit").wait_for()
        told = workbook(page, tmp_path)
        words = " ".join(str(cell) for sheet in told.values() for cell in sheet.to_numpy().ravel())
        assert today.folder.name in words
        assert late.name in words
        found = compare(today, load_results(late))
        assert found.paired
        rows = found.differences
        of_all = (rows["establishment"] == "ALL") & (rows["group_by"] == "all")
        (visits,) = rows.loc[of_all & (rows["measure"] == "visits"), "difference"]
        assert any(
            abs(cell - visits) < 1e-6
            for sheet in told.values()
            for cell in sheet.to_numpy().ravel()
            if isinstance(cell, int | float)
        )
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

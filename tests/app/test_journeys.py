"""Whole journeys through the app in real Chromium, with no way to any other host."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from scenarios.display import sizing
from scenarios.results import Results
from tests.app.conftest import retold
from tests.app.serving import IDLE, open_page, serving, stay_at_home

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

SIZED = "size-family-workers-baseline-1"
PATIENCE = 300_000
"""Milliseconds that work in a process of its own may take on a busy machine."""


@pytest.fixture(scope="module")
def services(serviced: Path, chrome: Browser) -> Iterator[str]:
    """Where the app is served on runs and sizings of the services."""
    del chrome
    with serving(serviced) as where:
        yield where


def wait_for_text(page: Page, text: str) -> None:
    page.get_by_text(text, exact=True).first.wait_for(timeout=60_000)
    page.locator(IDLE).wait_for(timeout=60_000)


def sentence(serviced: Path, days: int, share: float) -> str:
    sized = sizing.load_sizing(serviced / SIZED)
    return sizing.fewest_sentence(sizing.fewest(sized, days, share), days, share)


def downloaded(page: Page, to: Path) -> dict[str, pd.DataFrame]:
    """Take the export of the sizing as a workbook and read its sheets."""
    page.get_by_text("Export: family workers sized").click()
    page.locator(IDLE).wait_for(timeout=60_000)
    page.wait_for_timeout(200)
    page.locator(IDLE).wait_for(timeout=60_000)
    export = page.locator("[data-testid=stExpander]").filter(
        has_text="Export: family workers sized"
    )
    with page.expect_download(timeout=60_000) as waiting:
        export.get_by_role("button", name="Download").click()
    path = to / waiting.value.suggested_filename
    waiting.value.save_as(path)
    return pd.read_excel(path, sheet_name=None, header=None, engine="calamine")


def test_commissioner_moves_the_target_sees_the_fair_share_and_takes_the_table(
    chrome: Browser, services: str, serviced: Path, tmp_path: Path
) -> None:
    page = chrome.new_page(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    strangers = stay_at_home(page, services)
    open_page(page, f"{services}/")
    page.get_by_role("link", name="Family workers", exact=True).first.click()
    page.get_by_role("heading", name="Family workers", exact=True).wait_for()
    wait_for_text(page, sentence(serviced, 5, 0.9))

    page.get_by_role("slider", name="Reached within so many days").focus()
    page.keyboard.press("ArrowRight")
    wait_for_text(page, sentence(serviced, 7, 0.9))
    page.wait_for_url("**days=7**")

    fair = pd.read_parquet(serviced / SIZED / "workers.parquet").set_index("name")["fte_fair"]
    page.get_by_role("heading", name="A fair share of today's total").wait_for()
    table = page.get_by_role("table", name="Full-time caseworkers today and by the fair share")
    page.get_by_text("These numbers as a table").nth(2).click()
    row = table.get_by_role("row").filter(has=page.get_by_role("rowheader", name="Wealstun"))
    assert f"{fair['Wealstun']:.1f}" in row.inner_text()

    sheets = downloaded(page, tmp_path)
    told = " ".join(str(cell) for sheet in sheets.values() for cell in sheet.to_numpy().ravel())
    assert "within 7 days" in told
    assert "Wealstun" in told
    assert SIZED in told
    assert strangers == []
    page.close()


def test_commissioner_sizes_a_contract_for_a_target_of_their_own(
    chrome: Browser, today: Results, small_data: Path, tmp_path: Path
) -> None:
    """From a run of today alone: the sizing is begun, worked on and shown."""
    runs = tmp_path / "runs"
    runs.mkdir()
    retold(today, runs, title=today.title)
    with serving(runs, ESTATE_DATA=str(small_data)) as address:
        page = chrome.new_page(viewport={"width": 1280, "height": 900})
        strangers = stay_at_home(page, address)
        open_page(page, f"{address}/family_workers")
        page.get_by_text("No sizing is stored yet.").first.wait_for()
        page.get_by_role("spinbutton", name="Reach within days").fill("7")
        page.get_by_role("spinbutton", name="Reach within days").press("Enter")
        page.locator(IDLE).wait_for(timeout=60_000)
        page.get_by_role("button", name="Start the sizing").click()
        page.get_by_text("Working on").first.wait_for(timeout=60_000)
        page.get_by_role("slider", name="Reached within so many days").wait_for(timeout=PATIENCE)
        (made,) = runs.glob("size-family-workers-*")
        sized = sizing.load_sizing(made)
        assert sized.asked["target_days"] == 7
        told = sizing.fewest_sentence(sizing.fewest(sized, 7, 0.9), 7, 0.9)
        page.get_by_text(told, exact=True).first.wait_for(timeout=60_000)
        page.get_by_role("heading", name="A fair share of today's total").wait_for()
        assert strangers == []
        page.close()


def test_target_is_moved_and_the_fair_share_opened_with_the_keyboard_alone(
    chrome: Browser, services: str, serviced: Path
) -> None:
    page = chrome.new_page(viewport={"width": 1280, "height": 900})
    open_page(page, f"{services}/family_workers")
    by_tab(page, "Reached within so many days")
    page.keyboard.press("ArrowRight")
    wait_for_text(page, sentence(serviced, 7, 0.9))
    by_tab(page, "Share of referrals, in per cent")
    page.keyboard.press("ArrowLeft")
    wait_for_text(page, sentence(serviced, 7, 0.85))
    table = page.get_by_role("table", name="Full-time caseworkers today and by the fair share")
    for _ in range(60):
        page.keyboard.press("Tab")
        if focused(page).endswith("These numbers as a table"):
            page.keyboard.press("Enter")
            page.wait_for_timeout(200)
            if table.is_visible():
                break
    assert table.is_visible()
    page.close()


def by_tab(page: Page, label: str) -> None:
    """Press Tab until the control with this label has the focus."""
    for _ in range(80):
        if focused(page) == label:
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{label} cannot be reached with the keyboard")


def focused(page: Page) -> str:
    """Give the name of what has the focus."""
    return str(
        page.evaluate(
            "() => { const one = document.activeElement; return one !== document.body ?"
            " (one.getAttribute('aria-label') || one.innerText || '') : ''; }"
        )
    )

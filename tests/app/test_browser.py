"""The app in real Chromium, with no way to any other host."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.app.serving import open_page, stay_at_home

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser
PLAN = "closer-to-home-000a11cf"
OURS = (
    ".estate-numbers, .estate-table, .estate-facts, .estate-banner, .estate-statement, h1, h2, h3"
)


@pytest.mark.parametrize("width", [1280, 390])
def test_overview_is_drawn_without_asking_any_other_host(
    chrome: Browser, address: str, runs: Path, width: int
) -> None:
    page = chrome.new_page(viewport={"width": width, "height": 900})
    strangers = stay_at_home(page, address)
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    open_page(page, f"{address}/?run={PLAN}")
    everybody = _summary(runs)["distance"][0]
    assert f"{everybody['straight_miles']:.1f}" in page.inner_text(".estate-numbers")
    assert page.locator("[data-testid=stVegaLiteChart]").count() >= 1
    assert "run=" in page.url
    assert _overflow(page) == 0
    assert strangers == []
    assert faults == []
    page.close()


def test_overview_has_no_accessibility_fault_in_our_own_markup(
    chrome: Browser, address: str
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    page = chrome.new_page(viewport={"width": 1280, "height": 900})
    open_page(page, f"{address}/?run={PLAN}")
    found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]})
    ours = [
        (fault["id"], node["target"])
        for fault in found.response["violations"]
        for node in fault["nodes"]
        if page.locator(str(node["target"][0])).first.evaluate(
            "(node, ours) => node.closest(ours) !== null", OURS
        )
    ]
    assert ours == []
    page.close()


def test_chart_has_its_words_and_its_table(chrome: Browser, address: str) -> None:
    page = chrome.new_page(viewport={"width": 1280, "height": 900})
    open_page(page, f"{address}/?run={PLAN}")
    assert page.get_by_label("Map of").count() >= 1
    page.get_by_text("These numbers as a table").first.click()
    page.get_by_role("table", name="People held and their average miles").wait_for()
    page.close()


def test_link_in_the_navigation_keeps_the_run(chrome: Browser, address: str) -> None:
    page = chrome.new_page(viewport={"width": 1280, "height": 900})
    open_page(page, f"{address}/?run=baseline-000a11ce")
    page.get_by_role("link", name="Allocation", exact=True).click()
    page.get_by_role("heading", name="Who is held where").wait_for()
    page.wait_for_url("**/allocation?run=baseline-000a11ce")
    page.close()


def _summary(runs: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((runs / PLAN / "summary.json").read_text("utf-8"))
    return content


def _overflow(page: Page) -> int:
    """Count the pixels by which the page is wider than its window."""
    return int(
        page.evaluate(
            "() => { const main = document.querySelector('[data-testid=stMain]');"
            " return Math.max(0, main.scrollWidth - main.clientWidth); }"
        )
    )

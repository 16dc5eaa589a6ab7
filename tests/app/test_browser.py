"""The app in real Chromium, with no way to any other host."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from scenarios.display import views
from scenarios.results import Results
from tests.app.screenshots import PAGES
from tests.app.serving import open_page, stay_at_home

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
OURS = '[class^="estate-"], h1, h2, h3'
"""Elements that we write ourselves; the rest of a page is made by Streamlit."""

OPEN_ALL = "document.querySelectorAll('details:not([open]) > summary').forEach((it) => it.click())"


@pytest.mark.parametrize("width", [1280, 390])
def test_overview_is_drawn_without_asking_any_other_host(
    chrome: Browser, address: str, plan: Results, width: int
) -> None:
    # without the policy a stranger would be blocked before it could be noticed
    page = chrome.new_page(viewport={"width": width, "height": 900}, bypass_csp=True)
    strangers = stay_at_home(page, address)
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    open_page(page, f"{address}/overview?run={name_of(plan)}")
    miles = views.row_for(plan, "distance")["straight_miles"]
    assert f"{miles:.1f}" in page.inner_text(".estate-numbers")
    page.locator("[data-testid=stVegaLiteChart]").first.wait_for()
    assert pixels_beyond_the_window(page) == 0
    assert strangers == []
    assert faults == []
    page.close()


def test_request_to_another_host_would_be_noticed(chrome: Browser, address: str) -> None:
    page = chrome.new_page(bypass_csp=True)
    strangers = stay_at_home(page, address)
    open_page(page, address)
    page.evaluate("fetch('https://elsewhere.example/').catch(() => null)")
    page.wait_for_timeout(200)
    assert strangers == ["https://elsewhere.example/"]
    page.close()


def test_request_to_another_host_is_stopped_by_the_policy(chrome: Browser, address: str) -> None:
    page = chrome.new_page()
    strangers = stay_at_home(page, address)
    open_page(page, address)
    told = "fetch('https://elsewhere.example/').then(() => 'sent').catch(() => 'stopped')"
    assert page.evaluate(told) == "stopped"
    page.evaluate("setTimeout('window.made = 1', 0)")
    page.wait_for_timeout(200)
    assert page.evaluate("window.made") is None
    assert strangers == []
    page.close()


@pytest.mark.parametrize("leaf", ["", *PAGES[1:]])
def test_page_does_not_break_the_policy(
    chrome: Browser, address: str, plan: Results, leaf: str
) -> None:
    page = chrome.new_page(viewport={"width": 1280, "height": 900})
    told: list[str] = []
    page.on("console", lambda message: told.append(message.text))
    open_page(page, f"{address}/{leaf}?run={name_of(plan)}")
    page.wait_for_timeout(300)
    assert [text[:300] for text in told if "Content Security Policy" in text] == []
    page.close()


def test_two_readers_do_not_see_what_the_other_chose(
    chrome: Browser, address: str, plan: Results, today: Results
) -> None:
    first, second = (chrome.new_context(viewport={"width": 1280, "height": 900}) for _ in "ab")
    one, other = first.new_page(), second.new_page()
    open_page(one, f"{address}/overview?run={name_of(today)}")
    open_page(other, f"{address}/overview")
    assert one.locator("h1").inner_text() == today.title
    assert other.locator("h1").inner_text() == plan.title
    one.get_by_role("link", name="Runs", exact=True).click()
    one.get_by_role("spinbutton", name="Seed").fill("77")
    one.get_by_role("spinbutton", name="Seed").press("Enter")
    other.get_by_role("link", name="Runs", exact=True).click()
    other.get_by_role("heading", name="Start a run").wait_for()
    assert other.get_by_role("spinbutton", name="Seed").input_value() == "1"
    other.get_by_role("link", name="Overview", exact=True).click()
    other.get_by_role("heading", name=plan.title).wait_for()
    first.close()
    second.close()


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("leaf", ["", *PAGES[1:]])
def test_our_own_markup_has_no_accessibility_fault(
    chrome: Browser, address: str, plan: Results, leaf: str, width: int
) -> None:
    """With everything that can be opened on the page open."""
    from axe_playwright_python.sync_playwright import Axe

    page = chrome.new_page(viewport={"width": width, "height": 900})
    open_page(page, f"{address}/{leaf}?run={name_of(plan)}")
    page.evaluate(OPEN_ALL)
    page.wait_for_timeout(300)
    found = Axe().run(page, options={"runOnly": WCAG})
    ours = [
        (fault["id"], node["html"])
        for fault in found.response["violations"]
        for node in fault["nodes"]
        if is_ours(page, str(node["target"][0]))
    ]
    assert ours == []
    page.close()


def test_chart_has_its_words_and_its_table(chrome: Browser, address: str, plan: Results) -> None:
    page = chrome.new_page(viewport={"width": 1280, "height": 900})
    open_page(page, f"{address}/overview?run={name_of(plan)}")
    assert page.get_by_label("Map of").count() >= 1
    page.get_by_text("These numbers as a table").first.click()
    page.get_by_role("table", name="People held and their average miles").wait_for()
    page.close()


def test_link_in_the_navigation_keeps_the_run(
    chrome: Browser, address: str, today: Results
) -> None:
    page = chrome.new_page(viewport={"width": 1280, "height": 900})
    open_page(page, f"{address}/overview?run={name_of(today)}")
    page.get_by_role("link", name="Who is held where", exact=True).click()
    page.get_by_role("heading", name="Who is held where").wait_for()
    page.wait_for_url(f"**/allocation?run={name_of(today)}")
    page.close()


def name_of(results: Results) -> str:
    assert results.folder is not None
    return results.folder.name


def is_ours(page: Page, selector: str) -> bool:
    node = page.locator(selector).first
    return bool(node.evaluate("(node, ours) => node.closest(ours) !== null", OURS))


def pixels_beyond_the_window(page: Page) -> int:
    """Count the pixels by which the page is wider than its window."""
    return int(
        page.evaluate(
            "() => { const main = document.querySelector('[data-testid=stMain]');"
            " return Math.max(0, main.scrollWidth - main.clientWidth); }"
        )
    )

"""The app in real Chromium, with no way to any other host."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from scenarios.circulation.sheets import Sheet
from scenarios.circulation.suppress import NOBODY
from scenarios.export import Book, export
from scenarios.results import Results
from tests.app.screenshots import PAGES
from tests.app.serving import ROOT, open_everything, open_page, serving, stay_at_home

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
OURS = '[class^="estate-"], h1, h2, h3'
"""Elements that we write ourselves; the rest of a page is made by Streamlit."""

STREAMLIT = "1.67.0"
KNOWN_OF_STREAMLIT = {("target-size", "stMultiSelectTagsContainer")}
"""Rules of axe that widgets of this version of Streamlit break, each with the widget."""


SEEN_BY_VIEWERS = (
    *("", "overview", "allocation", "person", "frontier", "visits", "family_workers"),
    *("compare", "scenario", "runs", "data"),
)
"""Pages that differ for viewers; the others show them what they show everybody."""


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("leaf", ["", *PAGES[1:]])
def test_page_asks_no_other_host_fits_its_window_and_can_be_read_by_everybody(
    chrome: Browser, address: str, plan: Results, leaf: str, width: int
) -> None:
    """With everything that can be opened on the page open.

    A request that the policy stops leaves a message; one that it lets through is refused here.
    """
    page = chrome.new_page(viewport={"width": width, "height": 900})
    strangers = stay_at_home(page, address)
    messages: list[str] = []
    page.on("console", lambda message: messages.append(message.text))
    page.on("pageerror", lambda error: messages.append(f"Content Security Policy? {error}"))
    open_page(page, f"{address}/{leaf}?run={name_of(plan)}")
    open_everything(page)
    assert strangers == []
    assert [text[:300] for text in messages if "Content Security Policy" in text] == []
    assert_fits_and_can_be_read(page)
    page.close()


def assert_fits_and_can_be_read(page: Page) -> None:
    """Look for what is wider than the window, and for faults of our own markup."""
    from axe_playwright_python.sync_playwright import Axe

    assert pixels_beyond_the_window(page) == 0
    found = Axe().run(page, options={"runOnly": WCAG}).response["violations"]
    faults = [(fault["id"], str(node["target"][0])) for fault in found for node in fault["nodes"]]
    assert [fault for fault in faults if is_ours(page, fault[1])] == []
    theirs = {(rule, widget_of(page, target)) for rule, target in faults}
    assert theirs <= KNOWN_OF_STREAMLIT


@pytest.fixture(scope="module")
def with_studies(studied: Path, serviced: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the runs beside a trade-off, a study of stability and a sizing of each service."""
    folder = tmp_path_factory.mktemp("with studies")
    for made in [*studied.iterdir(), *serviced.glob("size-*")]:
        (folder / made.name).symlink_to(made)
    return folder


@pytest.fixture(scope="module")
def to_planners(with_studies: Path, chrome: Browser) -> Iterator[str]:
    """Where runs and their studies are served to planners."""
    del chrome
    with serving(with_studies) as where:
        yield where


@pytest.fixture(scope="module")
def to_viewers(with_studies: Path, chrome: Browser) -> Iterator[str]:
    """Where runs and their studies are served to viewers, whom a proxy names."""
    del chrome
    with serving(
        with_studies,
        ESTATE_PROXY_HEADER="X-Reader",
        ESTATE_PROXY_ADDRESSES="127.0.0.1",
        ESTATE_PLANNERS="planning",
    ) as where:
        yield where


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("leaf", ["allocation", "frontier", "family_workers", "booking_line"])
def test_page_with_stored_studies_can_be_read_by_everybody(
    chrome: Browser, to_planners: str, leaf: str, width: int
) -> None:
    page = chrome.new_page(viewport={"width": width, "height": 900})
    open_page(page, f"{to_planners}/{leaf}")
    open_everything(page)
    assert "is stored yet" not in page.locator("[data-testid=stMain]").inner_text()
    assert_fits_and_can_be_read(page)
    page.close()


@pytest.mark.parametrize("leaf", SEEN_BY_VIEWERS)
def test_page_as_viewers_see_it_can_be_read_by_everybody(
    chrome: Browser, to_viewers: str, leaf: str
) -> None:
    reader = chrome.new_context(
        viewport={"width": 1280, "height": 900}, extra_http_headers={"X-Reader": "anne"}
    )
    page = reader.new_page()
    open_page(page, f"{to_viewers}/{leaf}")
    open_everything(page)
    assert "anne: viewer" in page.locator("[data-testid=stSidebar]").inner_text()
    assert_fits_and_can_be_read(page)
    reader.close()


def test_faults_of_streamlit_are_listed_for_the_version_that_is_installed() -> None:
    """Another version is to be looked at anew, and the accessibility statement with it."""
    assert version("streamlit") == STREAMLIT
    statement = (ROOT / "docs" / "accessibility.md").read_text("utf-8")
    assert f"Streamlit {STREAMLIT}" in statement
    assert all(rule in statement for rule, _ in KNOWN_OF_STREAMLIT)


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


def widget_of(page: Page, selector: str) -> str:
    """Name the widget of Streamlit that an element belongs to."""
    node = page.locator(selector).first
    return str(
        node.evaluate("node => (node.closest('[data-testid]') ?? node).dataset.testid ?? node.id")
    )


def pixels_beyond_the_window(page: Page) -> int:
    """Count the pixels by which the page is wider than its window."""
    return int(
        page.evaluate(
            "() => { const main = document.querySelector('[data-testid=stMain]');"
            " return Math.max(0, main.scrollWidth - main.clientWidth); }"
        )
    )


A4_LANDSCAPE = {"width": 1027, "height": 660}
"""What the margins leave of a page, in pixels of a style sheet."""


def test_wide_table_of_an_exported_page_is_printed_whole(chrome: Browser) -> None:
    columns = {f"{name}_share": f"Requests that are turned away {name}" for name in "abcdefghijk"}
    cells = {name: ["61.5% (60.9% to 62.1%)"] for name in columns} | {"digest": ["0f38" * 16]}
    wide = Sheet(
        title="Wide",
        table=pd.DataFrame(cells),
        labels={"digest": "Digest"} | columns,
        counts=NOBODY,
    )
    book = Book(
        title="A book",
        sheets=[wide],
        mark="OFFICIAL-SENSITIVE",
        illustrative=True,
        run="",
        about={},
        made_from=date(2026, 7, 27),
        rule=None,
    )
    page = chrome.new_page(viewport=A4_LANDSCAPE)
    page.set_content(export(book, "html").decode())
    page.emulate_media(media="print")
    frame = page.locator(".estate-table")
    assert frame.evaluate("frame => getComputedStyle(frame).overflowX") == "visible"
    assert frame.evaluate("frame => frame.scrollWidth - frame.clientWidth") == 0
    page.close()

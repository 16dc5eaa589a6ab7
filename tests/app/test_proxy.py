"""Readers who come through a proxy that names them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.app.serving import open_page, serving

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

ROLES = {"ESTATE_PLANNERS": "planning", "ESTATE_ADMINISTRATORS": "running-it"}


def sidebar(page: Page) -> str:
    return page.locator("[data-testid=stSidebar]").inner_text()


def test_proxy_names_the_reader_and_a_viewer_starts_nothing(
    chrome: Browser, tmp_path: Path
) -> None:
    access = {
        "ESTATE_PROXY_HEADER": "X-Forwarded-User",
        "ESTATE_PROXY_GROUPS_HEADER": "X-Forwarded-Groups",
        "ESTATE_PROXY_ADDRESSES": "127.0.0.1",
    }
    with serving(tmp_path, **access, **ROLES) as address:
        for groups, role in (("choir", "viewer"), ("running-it;choir", "administrator")):
            headers = {"X-Forwarded-User": "bob <b>", "X-Forwarded-Groups": groups}
            context = chrome.new_context(
                viewport={"width": 1280, "height": 900}, extra_http_headers=headers
            )
            page = context.new_page()
            open_page(page, f"{address}/runs")
            assert f"Signed in as bob <b>: {role}." in sidebar(page)
            starts = page.get_by_role("button", name="Start the run").count()
            assert starts == (0 if role == "viewer" else 1)
            context.close()

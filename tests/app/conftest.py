"""Stored runs for the app's tests, and the one place that skips where there is no Chromium."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from serving import browsing, chromium, serving
from stand_in import make_run

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two runs: today's estate and a plan."""
    folder = tmp_path_factory.mktemp("runs")
    make_run(folder, "baseline", title="Today's estate", optimised=False)
    make_run(folder, "closer_to_home", title="Closer to home", optimised=True)
    return folder


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
def address(runs: Path, chrome: Browser) -> Iterator[str]:
    """Where the app is served on the stored runs."""
    del chrome
    with serving(runs) as where:
        yield where

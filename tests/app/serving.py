"""The app in a process of its own, and Chromium with no way out of this machine."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PLACES = ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")
SECONDS_TO_START = 60
IDLE = "[data-testid=stApp][data-test-script-state=notRunning]"
"""The app when no script runs."""


def chromium() -> str | None:
    """Find a Chromium on this machine."""
    return next((place for place in PLACES if Path(place).is_file()), None)


def free_port() -> int:
    """Find a port that nobody uses."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def serving(runs: Path, *, port: int | None = None, **variables: str) -> Iterator[str]:
    """Serve the app on a folder of runs; give its address, and end it afterwards.

    Parameters
    ----------
    port
        Where to serve; any free one when left out.
    variables
        More of the server's environment.
    """
    port = port or free_port()
    command = [sys.executable, "server.py", f"--port={port}"]
    server = subprocess.Popen(
        command,
        cwd=ROOT,
        env=os.environ | {"ESTATE_RUNS": str(runs)} | variables,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait(f"{address}/_stcore/health", server)
        yield address
    finally:
        server.terminate()
        server.wait(timeout=20)


@contextmanager
def browsing() -> Iterator[Browser]:
    """Start Chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=list(CHROMIUM_FLAGS))
        yield browser
        browser.close()


def stay_at_home(page: Page, address: str) -> list[str]:
    """Refuse every request of a page to another host; return the list they are noted in."""
    strangers: list[str] = []

    def decide(route: Route) -> None:
        url = route.request.url
        if url.startswith((f"{address}/", "data:", "blob:")):
            route.continue_()
        else:
            strangers.append(url)
            route.abort()

    page.route("**/*", decide)
    return strangers


def open_page(page: Page, url: str) -> None:
    """Open a page of the app and wait until it is drawn and nothing runs any more."""
    page.goto(url)
    page.locator("h1").first.wait_for(timeout=60_000)
    for _ in range(2):
        # a page is not done when it stops only to begin again, as it may right after its heading
        page.locator(IDLE).wait_for(timeout=60_000)
        page.wait_for_timeout(150)
    page.wait_for_function(
        "() => [...document.querySelectorAll('[data-testid=stVegaLiteChart]')]"
        ".every(chart => chart.querySelector('canvas, svg'))",
        timeout=60_000,
    )


CLOSED = "[...document.querySelectorAll('details:not([open]) > summary')]"


def open_everything(page: Page) -> None:
    """Open all that can be opened on a page, and what can be opened in it."""
    while page.evaluate(f"{CLOSED}.map(heading => heading.click()).length"):
        for _ in range(2):
            page.wait_for_timeout(100)
            page.locator(IDLE).wait_for(timeout=60_000)


def _wait(url: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise RuntimeError(f"The app ended by itself with exit code {server.returncode}.")
        try:
            with urllib.request.urlopen(url, timeout=1):
                return
        except urllib.error.HTTPError as refused:
            # it answers, if only to turn a stranger away
            refused.close()
            return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"The app did not answer within {SECONDS_TO_START} seconds.")

"""How soon the app answers and how much memory it takes, on stored runs of the whole estate.

The runs are those of ``ESTATE_RUNS``, else of ``runs``; ``estate demo`` makes them. Pages are
opened in Chromium. Seconds pass on the clock, so they hold for a quiet machine; the yardstick is
an empty Streamlit page opened just before, on the same machine.
"""

from __future__ import annotations

import json
import os
import socket
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from scenarios.cli import THRIFTY

if TYPE_CHECKING:
    from playwright.sync_api import Page

ROOT = Path(__file__).resolve().parents[1]
CHROMIUM = "/usr/bin/chromium"
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run")
PAGES = ("overview", "allocation", "visits", "family_workers", "booking_line", "compare")
PAGES_OF_A_RUN = PAGES[:-1]
SECONDS_TO_LOOK = 5
WATCH = """
const look = () => {
    const heading = document.querySelector("h1");
    if (heading && heading.getBoundingClientRect().height) window.headingAt = performance.now();
    else requestAnimationFrame(look);
};
requestAnimationFrame(look);
"""
"""Notes the frame in which a page has its heading: who waits outside the page looks seldom."""

EMPTY = "import streamlit as st\nst.html('<h1>Empty</h1>')\n"


@contextmanager
def serving(command: list[str], **variables: str) -> Iterator[tuple[str, int, float]]:
    """Start a server; give its address, its process and when it was begun."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    begun = time.perf_counter()
    server = subprocess.Popen(
        [sys.executable, *command, str(port)],
        cwd=ROOT,
        env=THRIFTY | os.environ | variables,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        while server.poll() is None:
            try:
                with urllib.request.urlopen(f"{address}/_stcore/health", timeout=1):
                    break
            except urllib.error.HTTPError:
                raise
            except OSError:
                time.sleep(0.02)
        yield address, server.pid, begun
    finally:
        server.terminate()
        server.wait()


@contextmanager
def browsing() -> Iterator[Page]:
    """Open Chromium, ready before anything is timed."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.add_init_script(WATCH)
        yield page
        browser.close()


def _heading(page: Page, address: str) -> float:
    """Open a page; give the moment of its heading, on the clock of ``time.perf_counter``."""
    page.goto(address, wait_until="commit")
    page.locator("h1").first.wait_for(timeout=120_000)
    since = float(page.evaluate("performance.now() - window.headingAt"))
    return time.perf_counter() - since / 1000


@cache
def _empty_seconds() -> float:
    """Time an empty Streamlit page from the start of its server to its heading."""
    with TemporaryDirectory() as folder, browsing() as page:
        script = Path(folder) / "empty.py"
        script.write_text(EMPTY, encoding="utf-8")
        with serving(["-m", "streamlit", "run", str(script), "--server.port"]) as (at, _, begun):
            return _heading(page, at) - begun


def _runs() -> str:
    runs = Path(os.environ.get("ESTATE_RUNS", "runs")).resolve()
    if not list(runs.glob("*/summary.json")):
        raise RuntimeError(f"{runs}: no stored runs. Make them with 'estate demo'.")
    return str(runs)


def first_page() -> dict[str, float | str]:
    """Time the first page from the start of the server to its heading."""
    taken = []
    for _ in range(3):
        with browsing() as page, serving(["server.py", "--port"], ESTATE_RUNS=_runs()) as served:
            address, _, begun = served
            taken.append(_heading(page, address) - begun)
    return _beside(statistics.median(taken), "s from process start to heading, median of three")


def next_pages() -> dict[str, float | str]:
    """Time a click to another page until it is drawn whole, opened for the first time."""
    taken = {}
    with browsing() as page, serving(["server.py", "--port"], ESTATE_RUNS=_runs()) as served:
        address, _, _ = served
        _heading(page, address)
        _finished(page)
        for name in PAGES:
            begun = time.perf_counter()
            page.locator(f"[data-testid=stSidebarNav] a[href$='/{name}']").click()
            page.wait_for_url(f"**/{name}*")
            taken[name] = _still(page) - begun
    slowest = max(taken, key=lambda name: taken[name])
    return _beside(
        statistics.median(taken.values()),
        f"s from a click to the whole page, median of {len(taken)} first openings; the slowest, "
        f"{slowest}, took {taken[slowest]:.2f}",
    )


def opens_a_run() -> dict[str, float | str]:
    """Time a choice of another run until its page is drawn whole, on a page that is open.

    Each page on a server of its own, which has read nothing of the run that is chosen, some
    seconds after the first run was drawn: by then all has been read that no run is needed for.
    """
    runs = Path(_runs())
    shown, chosen = (
        next(path.parent.name for path in sorted(runs.glob(f"{scenario}-*/summary.json")))
        for scenario in ("baseline", "closer_to_home")
    )
    title = json.loads((runs / chosen / "summary.json").read_text(encoding="utf-8"))["title"]
    taken = {}
    for name in PAGES_OF_A_RUN:
        with browsing() as page, serving(["server.py", "--port"], ESTATE_RUNS=str(runs)) as served:
            address, _, _ = served
            _heading(page, f"{address}/{name}?run={shown}")
            _still(page)
            page.wait_for_timeout(1000 * SECONDS_TO_LOOK)
            page.get_by_role("combobox", name="Run shown").click()
            choice = page.get_by_role("option", name=str(title)).first
            choice.wait_for()
            begun = time.perf_counter()
            choice.click()
            page.locator(".estate-mark", has_text=chosen).wait_for(timeout=120_000)
            taken[name] = _still(page) - begun
    slowest = max(taken, key=lambda name: taken[name])
    return _beside(
        statistics.median(taken.values()),
        f"s from the choice of another run to its whole page, median of {len(taken)} pages; the "
        f"slowest, {slowest}, took {taken[slowest]:.2f}",
    )


def server_memory() -> dict[str, float | str]:
    """Measure what the server holds once every page has shown one run of the whole estate."""
    from benchmarks.memory import megabytes

    with browsing() as page, serving(["server.py", "--port"], ESTATE_RUNS=_runs()) as served:
        address, pid, _ = served
        _heading(page, address)
        empty = megabytes(pid, "VmRSS")
        for name in PAGES:
            _heading(page, f"{address}/{name}")
            _still(page)
        held = megabytes(pid, "VmRSS")
    return {
        "value": round(held, 0),
        "unit": f"MB held after {len(PAGES)} pages of one run",
        "yardstick": "the first page alone, MB",
        "yardstick_value": round(empty, 0),
        "ratio": round(held / empty, 2),
    }


ANSWERS = {
    "overview": (("In this run", "Today"), "h3"),
    "visits": (("Nine in ten", "Half"), "h3"),
}
"""Two choices of a control that draw other titles, by page."""

ASKING = """
async ([choice, drawn]) => {
    const told = () => [...document.querySelectorAll(drawn)].map(one => one.innerText).join("|");
    const choose = () => [...document.querySelectorAll("button")].find(
        one => one.innerText.trim() === choice);
    while (!choose()) await new Promise(done => setTimeout(done, 50));
    const before = told(), begun = performance.now();
    choose().click();
    while (told() === before) await new Promise(done => setTimeout(done, 5));
    return (performance.now() - begun) / 1000;
}
"""
"""Chooses, and gives the seconds until a title of the page has changed."""

MOST_ASKED = 40


def answers_while_running() -> dict[str, float | str]:
    """Time what a control answers while a run of the whole estate goes on, and before it."""
    from scenarios.jobs import Request
    from scenarios.worker import JOBS, cancel, read_status, start

    with TemporaryDirectory() as folder, browsing() as page:
        runs = Path(folder)
        for stored in Path(_runs()).glob("*/summary.json"):
            (runs / stored.parent.name).symlink_to(stored.parent)
        with serving(["server.py", "--port"], ESTATE_RUNS=folder) as (address, _, _):
            quiet = [seconds for _ in range(4) for seconds in _asked(page, address)]
            asked = Request(
                command="run",
                runs=folder,
                title="Benchmark",
                options={"scenario": "closer_to_home", "seed": 2, "replications": 4},
            )
            job = runs / JOBS / "run-benchmark"
            worker = start(job, asked)
            busy: list[float] = []
            health: list[float] = []
            try:
                while len(busy) < MOST_ASKED and worker.poll() is None:
                    if read_status(job).state == "running":
                        busy += _asked(page, address)
                        health.append(_health(address))
                    time.sleep(0.5)
            finally:
                cancel(job)
                worker.wait()
    return {
        "value": round(_nine_in_ten(busy), 3),
        "unit": f"s from a choice to its title, nine in ten of {len(busy)} while a national plan "
        f"is decided and played; the longest took {max(busy):.2f}, the server's health "
        f"{_nine_in_ten(health):.3f}",
        "yardstick": "the same before the run, s",
        "yardstick_value": round(_nine_in_ten(quiet), 3),
        "ratio": round(_nine_in_ten(busy) / _nine_in_ten(quiet), 2),
    }


def _asked(page: Page, address: str) -> list[float]:
    """Choose one thing and the other on some pages; give the seconds of each answer."""
    taken = []
    for name, (choices, drawn) in ANSWERS.items():
        _heading(page, f"{address}/{name}")
        _still(page)
        for choice in reversed(choices):
            taken.append(float(page.evaluate(ASKING, [choice, drawn])))
            _still(page)
    return taken


def _health(address: str) -> float:
    begun = time.perf_counter()
    with urllib.request.urlopen(f"{address}/_stcore/health", timeout=30):
        return time.perf_counter() - begun


def _nine_in_ten(seconds: list[float]) -> float:
    return statistics.quantiles(seconds, n=10, method="inclusive")[-1]


def _finished(page: Page) -> None:
    """Wait until nothing runs any more."""
    idle = "[data-testid=stApp][data-test-script-state=notRunning]"
    page.wait_for_timeout(50)
    page.locator(idle).wait_for(timeout=120_000)


STILL = """
async rest => {
    let changed = performance.now();
    const watched = new MutationObserver(() => { changed = performance.now(); });
    const what = {subtree: true, childList: true, attributes: true, characterData: true};
    watched.observe(document.body, what);
    const idle = "[data-testid=stApp][data-test-script-state=notRunning]";
    while (performance.now() - changed < rest) {
        await new Promise(done => setTimeout(done, 5));
        if (!document.querySelector(idle)) changed = performance.now();
    }
    watched.disconnect();
    return (performance.now() - changed) / 1000;
}
"""
"""Waits until nothing runs and nothing on the page has changed for some milliseconds."""

REST = 300


def _still(page: Page) -> float:
    """Wait until nothing runs or changes any more; give the moment of the last change.

    On the clock of ``time.perf_counter``.
    """
    rested = float(page.evaluate(STILL, REST))
    return time.perf_counter() - rested


def _beside(value: float, unit: str) -> dict[str, float | str]:
    empty = _empty_seconds()
    return {
        "value": round(value, 2),
        "unit": unit,
        "yardstick": "an empty Streamlit page from process start to heading, s",
        "yardstick_value": round(empty, 2),
        "ratio": round(value / empty, 2),
    }


BENCHMARKS = {
    "app_first_page": first_page,
    "app_next_pages": next_pages,
    "app_opens_run": opens_a_run,
    "app_memory": server_memory,
    "app_answers": answers_while_running,
}

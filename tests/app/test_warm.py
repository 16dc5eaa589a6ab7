"""What is read in the background, and when."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from app_pages import _warm
from scenarios.comparing import effects
from scenarios.results import Results
from tests.app.serving import ROOT

LONG = 10.0


def reading(monkeypatch: pytest.MonkeyPatch, *pieces: Callable[[], object]) -> threading.Thread:
    """Read some pieces in the background."""
    monkeypatch.setattr(_warm, "_pieces", lambda: iter(pieces))
    _warm.begin.cache_clear()
    return _warm.begin()


def test_nothing_is_begun_in_the_background_while_a_page_is_drawn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read = threading.Event()
    with _warm.waiting():
        with _warm.waiting():
            thread = reading(monkeypatch, read.set)
        assert not read.wait(0.2)
    thread.join(LONG)
    assert read.is_set()


def test_nothing_is_begun_while_the_browser_draws_what_it_was_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The first page leaves the browser little to draw: after it, reading begins at once."""
    monkeypatch.setattr(_warm, "REST", 1.0)
    first, other, more = threading.Event(), threading.Event(), threading.Event()
    with _warm.waiting():
        pass
    thread = reading(monkeypatch, lambda: (first.set(), other.wait(LONG)), more.set)
    assert first.wait(0.5)
    with _warm.waiting():
        other.set()
    ended = time.monotonic()
    assert more.wait(LONG)
    assert time.monotonic() - ended >= 0.9
    thread.join(LONG)


def test_what_cannot_be_read_leaves_the_rest_to_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    read = threading.Event()

    def fails() -> None:
        message = "no such file"
        raise OSError(message)

    reading(monkeypatch, fails, read.set).join(LONG)
    assert read.is_set()


def test_pages_find_the_measures_of_the_run_they_show_first_read(
    monkeypatch: pytest.MonkeyPatch, runs: Path, plan: Results
) -> None:
    del plan
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("ESTATE_RUNS", str(runs))
    st.cache_resource.clear()
    for piece in _warm._pieces():
        piece()

    def read_again(*asked: object) -> None:
        message = f"read by a page: {asked}"
        raise AssertionError(message)

    for reading in ("estate_rows", "prison_rows"):
        monkeypatch.setattr(effects, reading, read_again)
    monkeypatch.setattr(_warm, "begin", lambda: None)
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120).run()
    for leaf in ("overview", "allocation", "visits", "compare"):
        app.switch_page(f"app_pages/{leaf}.py").run()
        assert not app.exception

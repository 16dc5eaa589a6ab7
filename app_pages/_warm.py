"""What the next pages need, brought in once the first one is shown.

Libraries, the tables that everybody shares and what the pages tell of the run that they show first
are read by the page that first needs them, so that the first page comes soon. While its reader
looks at it, the rest is read in the background, the likeliest page's first, a piece at a time.
While a page is drawn, nothing more is begun: two threads of one process would hold each other up.
Nor is it for a moment afterwards, while the browser draws what it was sent. One that loads its
own scripts needs the processor too: read any sooner, all this would hold up the first heading.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache, partial
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app_pages import _state

MODULES = (
    "scenarios.export",
    "scenarios.display.figures",
    "scenarios.display.compared",
    "scenarios.display.visiting",
    "scenarios.reading.hours",
    "scenarios.drafting.presets",
    "duckdb",
    "scenarios.display.held",
    "scenarios.display.orders",
    "scenarios.display.hall",
    "scenarios.reading.queries",
)
"""Modules that other pages import and the first does not, those of the likeliest pages first."""

REST = 0.7
"""Seconds that a browser has to draw a page before anything more is begun."""

_drawing = 0
_rests_until = 0.0
_changed = threading.Condition()


@contextmanager
def waiting() -> Iterator[None]:
    """Begin nothing in the background while a page is drawn, here and in the browser."""
    global _drawing, _rests_until
    with _changed:
        _drawing += 1
    try:
        yield
    finally:
        with _changed:
            _drawing -= 1
            _rests_until = time.monotonic() + REST
            _changed.notify_all()


@cache
def begin() -> threading.Thread:
    """Begin to read, once for each server: at once, for the next page may be asked for soon."""
    global _rests_until
    _rests_until = 0.0
    thread = threading.Thread(target=_read, name="warm", daemon=True)
    thread.start()
    return thread


def _read() -> None:
    for piece in _pieces():
        _wait_until_at_rest()
        with suppress(Exception):  # the page that needs it says what is wrong
            piece()


def _wait_until_at_rest() -> None:
    with _changed:
        while _drawing or (left := _rests_until - time.monotonic()) > 0:
            _changed.wait(None if _drawing else left)


def _pieces() -> Iterator[Callable[[], object]]:
    """Give what there is to read, in small pieces, what the likeliest page needs first."""
    from app_pages import _data, _effects, _state

    for name in MODULES:
        yield partial(import_module, name)
    runs = _state.stored_runs()
    if runs:
        yield from _of_run(_state.first_to_show(runs))
    yield partial(import_module, "scenarios.drafting.drafts")
    yield partial(_effects.baseline_staff, _effects.tables_of(_data.given()))


def _of_run(run: _state.Run) -> Iterator[Callable[[], object]]:
    """Give what pages tell of a run, and of it beside the run of today's estate.

    Tables only: how numbers are written, and which are hidden, depends on who reads. What the page
    about visits needs comes early, for it has most to draw.
    """
    from app_pages import _effects, _moves, _state, _study

    known = run.folder, run.stamp
    baseline = _state.baseline_of(run)
    pair = (baseline.folder, baseline.stamp, *known) if baseline else None
    yield partial(_effects.estate, *known)
    if pair:
        yield partial(_effects.comparison, *pair)
        yield partial(_effects.cost_per_person, *pair)
        yield partial(_effects.kinds_held_elsewhere, *pair)
    yield partial(_effects.prison_measures, *known)
    yield partial(_effects.slots, *known)
    yield partial(_state.prisons, *known)
    yield _state.outline
    yield partial(_study.home_areas, *known)
    if run.placements == "optimised":
        yield partial(_moves.dated_at_first, run)
    yield partial(_effects.contact_by_group, *known, circulate=False)
    if pair:
        yield partial(_effects.prison_differences, *pair)
        yield partial(_effects.prisons_of_other_people, *pair)

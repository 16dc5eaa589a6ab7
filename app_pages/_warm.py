"""What the next pages need, brought in once the first one is shown.

Libraries and the tables that everybody shares are read by the page that first needs them, so that
the first page comes soon. While its reader looks at it, the rest is read in the background.
"""

from __future__ import annotations

import threading
from functools import cache
from importlib import import_module

MODULES = (
    "duckdb",
    "scenarios.comparing.effects",
    "scenarios.export",
    "scenarios.schema",
    "scenarios.display.figures",
    "scenarios.display.visiting",
    "scenarios.display.compared",
    "scenarios.display.held",
    "scenarios.display.orders",
    "scenarios.display.hall",
    "scenarios.drafting.presets",
    "scenarios.reading.hours",
    "scenarios.accounts.staffing",
    "scenarios.reading.queries",
)
"""Modules that pages other than the first import, those of the likeliest pages first."""


@cache
def begin() -> threading.Thread:
    """Begin to read, once for each server."""
    thread = threading.Thread(target=_read, name="warm", daemon=True)
    thread.start()
    return thread


def _read() -> None:
    for name in MODULES:
        import_module(name)
    from app_pages import _data, _differently, _effects, _state

    _state.outline()
    _effects.estate_of(None)
    tables = _effects.tables_of(_data.given())
    for text in _differently.first_texts():
        _effects.staff_beside(text, tables)

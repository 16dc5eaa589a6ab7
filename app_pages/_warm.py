"""What the next pages need, brought in once the first one is shown.

Libraries and the built-in tables are read by the page that first needs them, so that the first page
comes soon. While its reader looks at it, the rest is read in the background.
"""

from __future__ import annotations

import threading
from functools import cache
from importlib import import_module

MODULES = (
    "duckdb",
    "scenarios.effects",
    "scenarios.export",
    "scenarios.schema",
    "scenarios.display.figures",
    "scenarios.display.visiting",
    "scenarios.display.compared",
    "scenarios.display.held",
    "scenarios.display.orders",
    "scenarios.display.hall",
    "scenarios.presets",
    "scenarios.hours",
    "scenarios.staffing",
    "scenarios.queries",
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

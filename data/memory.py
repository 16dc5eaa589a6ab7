"""Memory that is no longer used goes back to the system before a step that needs much."""

from __future__ import annotations

import ctypes
import sys


def give_back() -> None:
    """Hand free memory back, where the system's allocator can be told to; nothing else changes.

    Building tables leaves gaps between what is kept. The allocator holds on to them, and whatever
    takes memory in another way, such as a solver, takes its own beside them.
    """
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)

"""How long work says how far it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

Progress: TypeAlias = Callable[[str, int, int], None]
"""Called with the name of the stage, the steps done and the steps in all."""


def silent(stage: str, done: int, total: int) -> None:
    """Report nothing: the progress of work that nobody watches.

    Parameters
    ----------
    stage
        Name of the stage, as a reader would say it.
    done, total
        Steps finished and steps in all; ``done`` never exceeds ``total``.
    """


class StopEarlyError(Exception):
    """Raised by who watches, to end long work with the best answer so far."""

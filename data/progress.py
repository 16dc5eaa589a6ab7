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


def so_far(stage: str, value_pennies: float, bound_pennies: float) -> str:
    """Name a stage with the value of the best plan so far, the bound of every plan and the gap.

    What follows the first comma changes from report to report and is not part of the name.

    Examples
    --------
    >>> so_far("budgets", 20_000_000, 19_990_000)
    'budgets, value £200,000, bound £199,900, gap 0.0500%'
    """
    gap = max(0.0, value_pennies - bound_pennies) / max(1.0, abs(value_pennies))
    value, bound = value_pennies / 100, bound_pennies / 100
    return f"{stage}, value £{value:,.0f}, bound £{bound:,.0f}, gap {gap:.4%}"


class StopEarlyError(Exception):
    """Raised by who watches, to end long work with the best answer so far."""

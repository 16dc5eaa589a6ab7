"""How a page or a file is to be handled, which run it shows, and whether its people are real."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from scenarios.results import Results
    from scenarios.studies import Study

Mark = Literal["OFFICIAL", "OFFICIAL-SENSITIVE"]
"""Handling marks of the Government Security Classifications; sensitive is what is about people."""

ILLUSTRATIVE = "ILLUSTRATIVE"
SEPARATOR = " | "


def is_synthetic(shown: Results | Study) -> bool:
    """Whether the people are known to be made up, so that no move and no price is of anybody."""
    inputs = shown.provenance.get("inputs")
    return inputs is not None and "population" not in inputs


def line(mark: Mark, shown: Results | Study | None = None) -> str:
    """Return the line at the head of a page or a file.

    Parameters
    ----------
    mark
        How it is to be handled.
    shown
        The run or study that is shown; without one only the mark is said.

    Examples
    --------
    >>> line("OFFICIAL")
    'OFFICIAL'
    """
    if shown is None:
        return mark
    name = shown.folder.name if shown.folder else shown.name
    parts = [mark, f"Run {name}"]
    if is_synthetic(shown):
        parts.append(f"{ILLUSTRATIVE}: the people are made up")
    return SEPARATOR.join(parts)

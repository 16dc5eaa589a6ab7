"""How a page or a file is to be handled, which run it shows, and whether its people are real."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scenarios.results import Results
    from scenarios.stored_studies import Study

Mark = Literal["OFFICIAL", "OFFICIAL-SENSITIVE"]
"""Handling marks of the Government Security Classifications."""

ILLUSTRATIVE = "ILLUSTRATIVE"
SEPARATOR = " | "


def is_synthetic(shown: Results | Study) -> bool:
    """Whether the people are known to be made up, so that no move and no price is of anybody."""
    inputs = shown.provenance.get("inputs")
    return inputs is not None and "population" not in inputs


def is_loaded(shown: Results | Study) -> bool:
    """Whether the people are known to be records that somebody loaded."""
    return "population" in shown.provenance.get("inputs", ())


def handling(shown: Iterable[Results | Study], *, tells_people: bool) -> Mark:
    """Say how a page is to be handled: by what it shows to who reads it.

    Parameters
    ----------
    shown
        The runs or studies that are shown.
    tells_people
        Whether this reader is shown single people, or counts of one or two of them.

    Returns
    -------
    str
        OFFICIAL-SENSITIVE where it tells of people so, or any of them are loaded records.
    """
    sensitive = tells_people or any(is_loaded(each) for each in shown)
    return "OFFICIAL-SENSITIVE" if sensitive else "OFFICIAL"


def line(mark: Mark, *shown: Results | Study) -> str:
    """Return the line at the head of a page or a file.

    Parameters
    ----------
    mark
        How it is to be handled.
    shown
        The runs or studies that are shown; without any only the mark is said. One whose people
        are made up makes the whole illustrative.

    Examples
    --------
    >>> line("OFFICIAL")
    'OFFICIAL'
    """
    names = [each.folder.name if each.folder else each.name for each in shown]
    parts: list[str] = [mark]
    if names:
        parts.append(f"Run{'s' if len(names) > 1 else ''} {', '.join(names)}")
    if any(is_synthetic(each) for each in shown):
        parts.append(f"{ILLUSTRATIVE}: the people are made up")
    return SEPARATOR.join(parts)


def printed(mark: Mark, *, illustrative: bool) -> str:
    """Return what stands on every printed page.

    Examples
    --------
    >>> printed("OFFICIAL", illustrative=True)
    'OFFICIAL - ILLUSTRATIVE'
    """
    return f"{mark} - {ILLUSTRATIVE}" if illustrative else mark

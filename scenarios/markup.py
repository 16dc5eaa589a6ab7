"""Tables, headline numbers and facts as escaped HTML: the same markup in the app and the report.

Whatever text arrives, it is shown as text: no cell can become markup, a link or an image.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    from jinja2 import Environment

DASH = "\N{EN DASH}"
"""Stands for a value that does not exist."""

MINUS = "\N{MINUS SIGN}"

HIDDEN = "[c]"
"""Stands for a count kept back: one or two people."""

HIDDEN_NOTE = "[c] means 1 or 2 people: hidden so that nobody can be recognised."

SMALL_COUNT = 2
"""Counts of people from 1 to this number are hidden in anything that leaves the building."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """One headline number: what it is, its value and unit, its change and what it rests on."""

    label: str
    value: str
    unit: str = ""
    change: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The heading of one column, and whether its cells are numbers."""

    label: str
    numeric: bool


@cache
def environment() -> Environment:
    """Return the template environment; everything put into a template is escaped."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("scenarios"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def style() -> str:
    """Return the style sheet that the parts need."""
    from importlib.resources import files

    return files("scenarios").joinpath("templates", "style.css").read_text(encoding="utf-8")


def numbers(cards: Sequence[Number]) -> str:
    """Return headline numbers side by side.

    Examples
    --------
    >>> "45.1" in numbers([Number(label="Miles from home", value="45.1", unit="miles")])
    True
    """
    return _part("numbers", cards)


def facts(pairs: Mapping[str, str]) -> str:
    """Return a list of facts, each with its name."""
    return _part("facts", list(pairs.items()))


def banner(text: str) -> str:
    """Return a notice that stands out at the head of a page."""
    return _part("banner", text)


def statement(text: str, *, small: bool = False) -> str:
    """Return a paragraph: in large type, or in the page's own size."""
    return _part("statement", text, small)


def table(
    frame: pd.DataFrame,
    caption: str,
    *,
    labels: Mapping[str, str],
    note: str = "",
    right: Iterable[str] = (),
    hide_small: Iterable[str] = (),
    scroll: bool = False,
) -> str:
    """Return a table with a caption, with headings that a screen reader announces.

    Parameters
    ----------
    frame
        One row per row shown. The name of a column says how its numbers are written: ``_gbp``
        as pounds, ``_share`` as a percentage, ``_miles`` and ``_days`` with one decimal.
    caption
        What the table shows, with its unit.
    labels
        The columns shown, in order, each with its heading.
    note
        A sentence below the table.
    right
        Columns of text that hold numbers, set flush right like the numeric ones.
    hide_small
        Columns that count people, in which 1 and 2 are hidden.
    scroll
        Whether a long table scrolls in a frame of its own.
    """
    small, flush = set(hide_small), set(right)
    heads = [
        Head(label=label, numeric=column in flush or _is_numeric(frame[column]))
        for column, label in labels.items()
    ]
    columns = [
        [cell(value, column, column in small) for value in frame[column]] for column in labels
    ]
    rows = list(zip(*columns, strict=True))
    hidden = any(text == HIDDEN for row in rows for text in row)
    notes = " ".join(text for text in (note, HIDDEN_NOTE if hidden else "") if text)
    return _part("table", caption, heads, rows, notes, scroll)


def cell(value: Any, column: str, hide_small: bool = False) -> str:
    """Write one value as its column's name says; an empty cell is a dash.

    Examples
    --------
    >>> cell(1234.5, "family_gain_gbp")
    '£1,234'
    >>> cell(0.256, "hall_use_share")
    '25.6%'
    >>> cell(2, "people", hide_small=True)
    '[c]'
    >>> cell(float("nan"), "straight_miles") == DASH
    True
    """
    if isinstance(value, str):
        return value
    if value is None or value != value:
        return DASH
    if isinstance(value, bool) or type(value).__name__ == "bool":
        return "yes" if value else "no"
    if not hasattr(value, "__float__"):
        return str(value)
    return HIDDEN if hide_small and 0 < value <= SMALL_COUNT else quantity(float(value), column)


def quantity(value: float, name: str) -> str:
    """Write a number as its name says: pounds, per cent, one or two decimals, or whole.

    Examples
    --------
    >>> quantity(3.2, "change_gbp"), quantity(0.256, "hall_use_share"), quantity(86000, "people")
    ('£3', '25.6%', '86,000')
    >>> quantity(45.06, "straight_miles"), quantity(1.234, "visits_per_prisoner_per_four_weeks")
    ('45.1', '1.23')
    """
    size = abs(value)
    if name.endswith("_gbp"):
        text = f"£{size:,.0f}"
    elif name.endswith("_share"):
        text = f"{100 * size:.1f}%"
    elif "_per_" in name:
        text = f"{size:,.2f}"
    elif name.endswith("_minutes") or "_miles" in name or "_days" in name:
        text = f"{size:,.1f}"
    else:
        text = f"{size:,.0f}"
    return f"{MINUS}{text}" if value < 0 and shows_more_than_zero(text) else text


def shows_more_than_zero(text: str) -> bool:
    """Say whether a number as it is written differs from zero.

    Examples
    --------
    >>> shows_more_than_zero("0.04"), shows_more_than_zero("0.0%")
    (True, False)
    """
    return any(digit in text for digit in "123456789")


def _is_numeric(column: pd.Series[Any]) -> bool:
    return column.dtype.kind in "iuf"


def _part(name: str, *arguments: Any) -> str:
    return str(getattr(environment().get_template("parts.html").module, name)(*arguments))

"""Tables, headline numbers and facts as escaped HTML: the same markup in the app and the report.

Whatever text arrives, it is shown as text: no cell can become markup, a link or an image.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from scenarios.sheets import Sheet

if TYPE_CHECKING:
    import pandas as pd
    from jinja2 import Environment
    from markupsafe import Markup

    from scenarios.suppress import Counts

DASH = "\N{EN DASH}"
"""Stands for a value that does not exist."""

MINUS = "\N{MINUS SIGN}"

HIDDEN = "[c]"
"""Stands for a count kept back: one or two people."""

HIDDEN_NOTE = (
    "[c] stands for 1 or 2 people, or for a number from which such a count could be worked out: "
    "hidden so that nobody can be recognised."
)

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


class Table(str):
    """A table as HTML that knows what it shows, so that it can be exported as well."""

    sheet: Sheet

    def __new__(cls, html: str, sheet: Sheet) -> Table:
        """Join the HTML and what it was made from."""
        made = super().__new__(cls, html)
        made.sheet = sheet
        return made


@cache
def environment() -> Environment:
    """Return the template environment; everything put into a template is escaped."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    found = Environment(
        loader=PackageLoader("scenarios.display"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters["breakable"] = breakable
    return found


def breakable(name: str) -> Markup:
    """Escape a name, and let a line break after each underscore and full stop of a long code.

    Examples
    --------
    >>> str(breakable("operational_capacity")), str(breakable("<i>"))
    ('operational_<wbr>capacity', '&lt;i&gt;')
    """
    from markupsafe import Markup, escape

    return Markup(re.sub(r"(?<=\w)([_.])(?=\w)", r"\1<wbr>", str(escape(name))))  # noqa: S704


def style() -> str:
    """Return the style sheet that the parts need."""
    from importlib.resources import files

    return files("scenarios.display").joinpath("templates", "style.css").read_text(encoding="utf-8")


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
    hide_with: Mapping[str, str] | None = None,
    rows_add_up: bool = False,
    scroll: bool = False,
    counts: Counts | None = None,
    sensitive: bool = False,
) -> Table:
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
        Columns that count people, in which small counts are hidden (:func:`hidden_counts`).
    hide_with
        Columns hidden wherever the count they describe is: each with the column of that count.
    rows_add_up
        Whether counts of a row make up one another, so that one hidden alone could be worked out.
    scroll
        Whether a long table scrolls in a frame of its own.
    counts
        Which columns count people and how they add up, for exports. Left out, an export takes
        every column of whole numbers to count people.
    sensitive
        Whether only planners may have it: dates of moves to come, people to keep apart.
    """
    flush = set(right)
    hidden = hidden_counts(frame, list(hide_small), rows_add_up=rows_add_up)
    for column, count in (hide_with or {}).items():
        if count in hidden:
            hidden[column] = hidden[count]
    heads = [
        Head(label=label, numeric=column in flush or _is_numeric(frame[column]))
        for column, label in labels.items()
    ]
    columns = [_cells(frame[column], column, hidden.get(column)) for column in labels]
    rows = list(zip(*columns, strict=True))
    any_hidden = bool(hidden.to_numpy().any()) if len(hidden.columns) else False
    notes = " ".join(text for text in (note, HIDDEN_NOTE if any_hidden else "") if text)
    html = _part("table", caption, heads, rows, notes, scroll)
    shown = frame[list(labels)] if counts is None else frame[_with_counted(labels, counts)]
    sheet = Sheet(
        title=caption, table=shown, labels=labels, note=note, counts=counts, sensitive=sensitive
    )
    return Table(html, sheet)


def _with_counted(labels: Mapping[str, str], counts: Counts) -> list[str]:
    """Name the columns shown, and those that say how the counts add up."""
    named = (*labels, *counts.columns, *counts.totals, *counts.by, *counts.shares)
    return list(dict.fromkeys(named))


def hidden_counts(
    frame: pd.DataFrame, columns: Sequence[str], *, rows_add_up: bool = False
) -> pd.DataFrame:
    """Say which counts of people are hidden: the small ones, and others that would give them away.

    Counts from 1 to ``SMALL_COUNT`` are hidden. Where a column then hides one cell alone, its
    smallest other positive count is hidden too, since the column's total may be known; the same
    goes for a row whose counts add up.

    Parameters
    ----------
    frame
        One row per row shown; ``columns`` are whole numbers.
    rows_add_up
        Whether the counts of a row make up one another.

    Returns
    -------
    pd.DataFrame
        True where hidden; the rows of ``frame`` and the columns asked for.

    Examples
    --------
    >>> import pandas as pd
    >>> hidden_counts(pd.DataFrame({"people": [40, 1, 7, 0]}), ["people"])["people"].tolist()
    [False, True, True, False]
    """
    import numpy as np
    import pandas as pd

    counts = frame[list(columns)].to_numpy(dtype=float).reshape(len(frame), len(columns))
    hidden = (counts > 0) & (counts <= SMALL_COUNT)
    changed = bool(hidden.any())
    while changed:
        changed = False
        by_row = [(counts, hidden)] if rows_add_up else []
        for lines, shown in ((counts.T, hidden.T), *by_row):
            for line, mask in zip(lines, shown, strict=True):
                others = np.where((line > 0) & ~mask, line, np.inf)
                if mask.sum() == 1 and np.isfinite(others).any():
                    mask[others.argmin()] = True
                    changed = True
    return pd.DataFrame(hidden, index=frame.index, columns=list(columns))


def cell(value: Any, column: str) -> str:
    """Write one value as its column's name says; an empty cell is a dash.

    Examples
    --------
    >>> cell(1234.5, "family_gain_gbp")
    '£1,234'
    >>> cell(0.256, "hall_use_share")
    '25.6%'
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
    return quantity(float(value), column)


def quantity(value: float, name: str) -> str:
    """Write a number as its name says: pounds, per cent, one or two decimals, or whole.

    Examples
    --------
    >>> quantity(3.2, "change_gbp"), quantity(0.256, "hall_use_share"), quantity(86000, "people")
    ('£3', '25.6%', '86,000')
    >>> quantity(45.06, "straight_miles"), quantity(1.234, "visits_per_prisoner_per_four_weeks")
    ('45.1', '1.23')
    >>> quantity(2.5, "casework_fte")
    '2.5'
    """
    size = abs(value)
    if name.endswith("_gbp"):
        text = f"£{size:,.0f}"
    elif name.endswith("_share"):
        text = f"{100 * size:.1f}%"
    elif "_per_" in name:
        text = f"{size:,.2f}"
    elif name.endswith(("_minutes", "fte")) or "_miles" in name or "_days" in name:
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


def _cells(values: pd.Series[Any], column: str, hidden: pd.Series[bool] | None) -> list[str]:
    written = [cell(value, column) for value in values]
    if hidden is None:
        return written
    return [HIDDEN if kept else text for text, kept in zip(written, hidden, strict=True)]


def _is_numeric(column: pd.Series[Any]) -> bool:
    return column.dtype.kind in "iuf"


def _part(name: str, *arguments: Any) -> str:
    return str(getattr(environment().get_template("parts.html").module, name)(*arguments))

"""Tables, headline numbers and facts as escaped HTML: the same markup in the app and the report.

Whatever text arrives, it is shown as text: no cell can become markup, a link or an image.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from scenarios.circulation.sheets import Sheet
from scenarios.comparing.decimals import POUNDS, SHARE, decimals

if TYPE_CHECKING:
    import pandas as pd
    from jinja2 import Environment
    from markupsafe import Markup

    from scenarios.circulation.suppress import Counts, Pattern

DASH = "\N{EN DASH}"
"""Stands for a value that does not exist."""

MINUS = "\N{MINUS SIGN}"

HIDDEN = "[c]"
"""Stands for a count of people that is kept back."""

ROWS_SEEN = 8
"""Rows of a long table that its frame shows."""

LONG = "{:,} rows: scroll inside the table to see them all."

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
    found.filters["with_brackets"] = with_brackets
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


def with_brackets(text: str) -> Markup:
    """Escape a number, and let a line break before what stands in brackets behind it.

    Examples
    --------
    >>> str(with_brackets("61.5% (61.0% to 62.0%)")), str(with_brackets("1,234"))
    ('61.5% <wbr>(61.0% to 62.0%)', '1,234')
    """
    from markupsafe import Markup, escape

    return Markup(str(escape(text)).replace(" (", " <wbr>("))  # noqa: S704


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
    scroll: bool = False,
    counts: Counts | None = None,
    circulate: bool = False,
    whole: pd.DataFrame | None = None,
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
    scroll
        Whether a long table scrolls in a frame of its own.
    counts
        Which columns count people and how they add up. Left out, an export takes every column of
        whole numbers to count people.
    circulate
        Whether small counts are hidden, with all from which they could be worked out
        (:func:`hidden_counts`); as they are in exports.
    whole
        Every row of the table, with the index of ``frame``, where ``frame`` has some of them: what
        is hidden is then decided among all.
    sensitive
        Whether only planners may have it: dates of moves to come, people to keep apart.
    """
    flush = set(right)
    heads = [
        Head(label=label, numeric=column in flush or _is_numeric(frame[column]))
        for column, label in labels.items()
    ]
    hidden, words = None, ""
    if circulate and counts is not None:
        hidden, words = _hidden_and_note(frame, counts, whole, labels)
    columns = [
        _cells(frame[column], column, None if hidden is None else hidden.get(column))
        for column in labels
    ]
    rows = list(zip(*columns, strict=True))
    longer = LONG.format(len(rows)) if scroll and len(rows) > ROWS_SEEN else ""
    said = " ".join(text for text in (longer, note, words) if text)
    html = _part("table", caption, heads, rows, said, scroll)
    named = list(labels) if counts is None else _with_counted(labels, counts)
    sheet = Sheet(
        title=caption,
        table=frame[named],
        labels=labels,
        note=note,
        counts=counts,
        sensitive=sensitive,
        whole=None if whole is None else whole[named],
    )
    return Table(html, sheet)


def _with_counted(labels: Mapping[str, str], counts: Counts) -> list[str]:
    """Name the columns shown, and those that say how the counts add up."""
    named = (
        *(*labels, *counts.columns, *counts.totals, *counts.by),
        *(*counts.shares, *counts.follows),
    )
    return list(dict.fromkeys(named))


_pattern: ContextVar[Pattern | None] = ContextVar("what the runs shown hide", default=None)


def hide_as(pattern: Pattern | None) -> None:
    """Hide from now on what the runs shown hide in every file and on every page.

    Parameters
    ----------
    pattern
        What was decided over all tables of these runs; none where every table is hidden alone.
    """
    _pattern.set(pattern)


def hiding() -> Pattern | None:
    """Return what was decided over all tables of the runs shown."""
    return _pattern.get()


@contextmanager
def hidden_as(pattern: Pattern | None) -> Iterator[None]:
    """Hide what was decided over all tables of some runs, until the end of a block."""
    before = _pattern.set(pattern)
    try:
        yield
    finally:
        _pattern.reset(before)


def hidden_counts(
    frame: pd.DataFrame, counts: Counts, whole: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Say which counts of people are hidden: the small ones, and all that would give them away.

    Parameters
    ----------
    frame
        One row per row shown.
    counts
        Which of its columns count people, and how they add up.
    whole
        As for :func:`table`.

    Returns
    -------
    pd.DataFrame
        True where hidden; the rows of ``frame``, the columns that count people and those that
        follow one or are a share of one (:func:`scenarios.circulation.suppress.hide`).

    Examples
    --------
    >>> import pandas as pd
    >>> from scenarios.circulation.suppress import Counts
    >>> people = pd.DataFrame({"people": [40, 1, 7, 0]})
    >>> hidden_counts(people, Counts(columns=("people",)))["people"].tolist()
    [False, True, True, False]
    """
    from scenarios.circulation.suppress import default_rule, hide

    every = frame if whole is None else whole
    return hide(every, counts, default_rule(), hiding()).mask.loc[frame.index]


def without_hidden(
    frame: pd.DataFrame, counts: Counts, whole: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Give a table in which hidden counts, and what describes them, are missing values."""
    hidden = hidden_counts(frame, counts, whole)
    return frame.assign(**{str(name): frame[name].mask(hidden[name]) for name in hidden})


def _hidden_and_note(
    frame: pd.DataFrame, counts: Counts, whole: pd.DataFrame | None, labels: Mapping[str, str]
) -> tuple[pd.DataFrame, str]:
    """Say what is hidden, and tell the reader what that means."""
    from scenarios.circulation.suppress import default_rule, hide

    rule = default_rule()
    found = hide(frame if whole is None else whole, counts, rule, hiding())
    hidden = found.mask.loc[frame.index]
    if not hidden[[name for name in labels if name in hidden]].to_numpy().any():
        return hidden, ""
    sums = [labels[name] for name in found.outside if name in labels]
    alone = (
        f" The sum of {', '.join(sums)} is not to be told beside this table: a hidden count could "
        "be worked out from it."
    )
    return hidden, f"{rule.note}{alone if sums else ''}"


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


def quantity(value: float, name: str, finer: int = 0) -> str:
    """Write a number as its name says: pounds, per cent, one or two decimals, or whole.

    Parameters
    ----------
    finer
        Decimals more than its name says.

    Examples
    --------
    >>> quantity(3.2, "change_gbp"), quantity(0.256, "hall_use_share"), quantity(86000, "people")
    ('£3', '25.6%', '86,000')
    >>> quantity(45.06, "straight_miles"), quantity(1.234, "visits_per_prisoner_per_four_weeks")
    ('45.1', '1.23')
    >>> quantity(2.5, "casework_fte")
    '2.5'
    """
    size, digits = abs(value), decimals(name) + finer
    if name.endswith(POUNDS):
        text = f"£{size:,.{digits}f}"
    elif name.endswith(SHARE):
        text = f"{100 * size:.{digits}f}%"
    else:
        text = f"{size:,.{digits}f}"
    return f"{MINUS}{text}" if value < 0 and shows_more_than_zero(text) else text


FINEST = 2
"""Decimals more than a name says with which two ends are told apart."""


def both_ends(
    low: float, high: float, name: str, write: Callable[[float, str, int], str] = quantity
) -> tuple[str, str]:
    """Write the ends of an interval, finer where they would else be written alike.

    Examples
    --------
    >>> both_ends(0.5561, 0.5639, "visits_per_prisoner_per_four_weeks")
    ('0.556', '0.564')
    >>> both_ends(0.61, 0.62, "no_contact_share"), both_ends(3.0, 3.0, "wait_days_p90")
    (('61.0%', '62.0%'), ('3.0', '3.0'))
    """
    for finer in range(FINEST + 1):
        ends = write(low, name, finer), write(high, name, finer)
        if ends[0] != ends[1] or low == high:
            break
    return ends


def possible_ends(mean: float, low: float, high: float, name: str) -> tuple[float, float]:
    """Give the ends of an interval of a level, no further than the measure can reach.

    An interval by Student's t about a mean near zero reaches below it, where no count, time or sum
    can be; that of a share reaches beyond 0 and 1.

    Examples
    --------
    >>> possible_ends(12.0, -1.0, 25.0, "video_without_slot")
    (0.0, 25.0)
    >>> possible_ends(0.98, 0.95, 1.01, "hall_use_share")
    (0.95, 1.0)
    """
    low = max(low, 0.0) if mean >= 0 else low
    return low, min(high, 1.0) if name.endswith(SHARE) and mean <= 1 else high


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

"""Numbers as a page writes them, with the numbers themselves for a file that is reckoned with.

A page says "18.3 million (18.1 to 18.4)"; a spreadsheet needs the value, the ends of its interval
and its unit, each in a column of its own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A number in a cell of a table.

    Attributes
    ----------
    words
        As a page writes it.
    value
        The number; none where the cell tells an interval alone.
    low, high
        The ends of its 95% interval; none where there is none.
    unit
        What it is counted in, one of ``UNITS``; empty where a column of the table says it.
    """

    words: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    unit: str = ""

    def __str__(self) -> str:
        """Give the words."""
        return self.words


UNITS = {
    "pounds": "_gbp",
    "share": "_share",
    "miles": "_miles",
    "minutes": "_minutes",
    "hours": "_hours",
    "days": "_days",
    "weeks": "_weeks",
    "full-time workers": "_fte",
    "number": "",
}
"""Units of numbers, each with the ending by which the columns of an export are known."""

_IN_A_NAME = {
    re.compile(rf"(^|[_ ]){word}([_ ]|$)"): unit
    for word, unit in {
        "gbp": "pounds",
        "share": "share",
        "miles": "miles",
        "minutes": "minutes",
        "hours": "hours",
        "days": "days",
        "fte": "full-time workers",
    }.items()
}


def unit_of(name: str) -> str:
    """Give the unit of a measure by its name, or that of a unit of measurement.

    Examples
    --------
    >>> unit_of("wait_days_p90"), unit_of("no_contact_share"), unit_of("visits")
    ('days', 'share', 'number')
    >>> unit_of("visits_per_prisoner_per_four_weeks"), unit_of("visit_staff_gbp_per_year")
    ('number', 'pounds')
    >>> unit_of("hours a year")
    'hours'
    """
    return next((unit for known, unit in _IN_A_NAME.items() if known.search(name)), "number")


def as_numbers(
    table: pd.DataFrame,
    labels: Mapping[str, str],
    nothing: str,
    whole: pd.DataFrame | None = None,
) -> tuple[pd.DataFrame, dict[str, str]]:
    """Put every written number into columns of its own.

    Parameters
    ----------
    table
        One row per row shown; some cells are ``Written``, or stand for one that is not there or is
        hidden.
    labels
        The columns told, in order, each with its heading.
    nothing
        What a page writes where there is no number.
    whole
        The same before any cell was hidden, by which units and intervals are known; ``table`` when
        left out.

    Returns
    -------
    DataFrame, dict
        The table and its headings: in place of a column of written numbers their values, the two
        ends of their intervals where there are any, and before them the units where rows have
        several.

    Examples
    --------
    >>> cells = [Written(words="61% (60% to 62%)", value=0.61, low=0.6, high=0.62, unit="share"),
    ...     "[c]"]
    >>> told, heads = as_numbers(pd.DataFrame({"a": cells}), {"a": "No contact"}, "-")
    >>> list(heads.values())[1:]
    ['No contact, lower end of the 95% interval', 'No contact, upper end of the 95% interval']
    >>> told.to_numpy().tolist()
    [[0.61, 0.6, 0.62], ['[c]', '[c]', '[c]']]
    """
    told = table if whole is None else whole
    written = [name for name in labels if _is_written(told[name])]
    if not written:
        return table, dict(labels)
    units = {name: _units(told[name]) for name in written}
    several = [name for name in written if len(set(units[name]) - {""}) > 1]
    rows = [{unit for name in several if (unit := units[name][row])} for row in range(len(table))]
    in_one = all(len(found) <= 1 for found in rows)
    columns: dict[str, Any] = {}
    heads: dict[str, str] = {}
    for name, head in labels.items():
        if name not in written:
            columns[name], heads[name] = table[name].tolist(), head
            continue
        if name in several and not in_one:
            columns[f"{name}|unit"], heads[f"{name}|unit"] = units[name], f"{head}, unit"
        elif name in several and "|unit" not in columns:
            columns["|unit"], heads["|unit"] = [next(iter(row), "") for row in rows], "Unit"
        known = set(units[name]) - {""}
        ending = UNITS[next(iter(known))] if len(known) == 1 else ""
        for part, (column, words) in _parts(table[name], told[name], head, nothing).items():
            columns[f"{name}|{part}{ending}"], heads[f"{name}|{part}{ending}"] = column, words
    return pd.DataFrame(columns, index=table.index), heads


def _is_written(column: pd.Series[Any]) -> bool:
    return column.dtype == object and any(isinstance(cell, Written) for cell in column)


def _units(column: pd.Series[Any]) -> list[str]:
    return [cell.unit if isinstance(cell, Written) else "" for cell in column]


def _parts(
    column: pd.Series[Any], whole: pd.Series[Any], head: str, nothing: str
) -> dict[str, tuple[Sequence[Any], str]]:
    """Give values and ends of written numbers, each with its heading."""
    cells, every = column.tolist(), whole.tolist()
    valued = any(isinstance(cell, Written) and cell.value is not None for cell in every)
    ended = any(isinstance(cell, Written) and cell.low is not None for cell in every)
    of = f"{head}, {{}} end of the 95% interval" if valued else f"{head}, {{}} end"
    found: dict[str, tuple[Sequence[Any], str]] = {}
    if valued:
        found["value"] = ([_told(cell, "value", nothing) for cell in cells], head)
    if ended:
        found["low"] = ([_told(cell, "low", nothing) for cell in cells], of.format("lower"))
        found["high"] = ([_told(cell, "high", nothing) for cell in cells], of.format("upper"))
    return found


def _told(cell: object, part: str, nothing: str) -> object:
    if isinstance(cell, Written):
        return getattr(cell, part)
    return None if cell in ("", nothing) else cell


_WHERE_APART = {
    r"; in brackets (the )?95% intervals?": ", with 95% intervals",
    r"In brackets (the )?95% interval(s?)": r"Columns of their own hold the 95% interval\2",
    r"a figure without is the same": "where both are the value it is the same",
    r"“Every year”: each gave the same": "Where both are the value each year gave the same",
    r" \(95% intervals?\)$": "",
    r", in per cent of": ", as a share of",
    r", in per cent$": "",
}
"""What titles and notes of pages say of their cells, and what is so where numbers stand apart."""


def told_apart(words: str, dash: str, nothing: str) -> str:
    """Turn words about cells as a page writes them into words about numbers in their own columns.

    Parameters
    ----------
    words
        A title or a note of a table.
    dash, nothing
        What stands where there is no value, on a page and in a file of numbers.

    Examples
    --------
    >>> told_apart("In brackets the 95% interval. -: none was booked.", "-", "[x]")
    'Columns of their own hold the 95% interval. [x]: none was booked.'
    >>> told_apart("Share of people far from home, in per cent", "-", "[x]")
    'Share of people far from home'
    """
    for written, apart in _WHERE_APART.items():
        words = re.sub(written, apart, words)
    words = re.sub(r"\bA dash\b", nothing, words)
    return re.sub(rf"(^|\s|\(){re.escape(dash)}(?=:|\))", rf"\g<1>{nothing}", words)

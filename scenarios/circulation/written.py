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
    table: pd.DataFrame, labels: Mapping[str, str], nothing: str
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
    written = [name for name in labels if _is_written(table[name])]
    if not written:
        return table, dict(labels)
    units = {name: _units(table[name]) for name in written}
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
        for part, (column, words) in _parts(table[name], head, nothing).items():
            columns[f"{name}|{part}{ending}"], heads[f"{name}|{part}{ending}"] = column, words
    return pd.DataFrame(columns, index=table.index), heads


def _is_written(column: pd.Series[Any]) -> bool:
    return column.dtype == object and any(isinstance(cell, Written) for cell in column)


def _units(column: pd.Series[Any]) -> list[str]:
    return [cell.unit if isinstance(cell, Written) else "" for cell in column]


def _parts(column: pd.Series[Any], head: str, nothing: str) -> dict[str, tuple[Sequence[Any], str]]:
    """Give values and ends of written numbers, each with its heading."""
    cells = column.tolist()
    valued = any(isinstance(cell, Written) and cell.value is not None for cell in cells)
    ended = any(isinstance(cell, Written) and cell.low is not None for cell in cells)
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

"""The dictionary as code: what each column of each table may hold.

``data/dictionary.csv`` is the only place where a column is described. This module reads it into
``Column`` objects, from which the checks, the template folder and the printed tables are made.

The ``allowed_values`` of a column are written as

- words with a semicolon between them: ``men;women``; a ``!`` before them says that a cell may also
  hold a word to leave out, as ``!men``
- a range, either end open: ``0..``, ``0..1``, ``-90..90``
- a reference to the ids of another table: ``@establishments.establishment``; ``!`` as for words
- a pattern that the whole cell must match: ``~[A-Z]{3}``

and ``required`` is one of

- ``key``: must be filled; the key columns of a table together name one row
- ``filled``: the column must be there and every cell filled
- ``column``: the column must be there; a cell may be empty
- ``optional``: the column may be left out, which means empty throughout
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

import pandas as pd

from data.words import LEFT_OUT

DATA_FOLDER = Path(__file__).parent
TABLES_FOLDER = DATA_FOLDER / "tables"


class Dtype(StrEnum):
    """What a cell holds, as ``dictionary.csv`` names it."""

    TEXT = "text"
    LIST = "list"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    TIME = "time"


class Required(StrEnum):
    """Whether a column and its cells must be there."""

    KEY = "key"
    FILLED = "filled"
    COLUMN = "column"
    OPTIONAL = "optional"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of one table.

    Attributes
    ----------
    table, name
        Where the column stands.
    dtype
        What its cells hold.
    measure_unit
        Unit of a number, such as ``miles``; empty for words.
    allowed_values
        As written in the dictionary; see the module's docstring.
    required
        Whether the column and its cells must be there.
    meaning, source
        What the column says and where its values come from.
    """

    table: str
    name: str
    dtype: Dtype
    measure_unit: str
    allowed_values: str
    required: Required
    meaning: str
    source: str

    @property
    def may_be_empty(self) -> bool:
        """A cell may hold nothing."""
        return self.required in (Required.COLUMN, Required.OPTIONAL)

    @property
    def references(self) -> tuple[tuple[str, str], ...]:
        """Tables and columns whose ids a cell may hold."""
        marked = (part for part in self._allowed.split(";") if part.startswith("@"))
        pairs = (part[1:].split(".") for part in marked)
        return tuple((table, column) for table, column in pairs)

    @property
    def pattern(self) -> str:
        """Regular expression that a whole cell matches; ``""`` when there is none."""
        return self.allowed_values[1:] if self.allowed_values.startswith("~") else ""

    @property
    def may_leave_out(self) -> bool:
        """A cell may hold words to leave out, each with a ``!`` before it."""
        return self.allowed_values.startswith(LEFT_OUT)

    @property
    def bounds(self) -> tuple[float, float] | None:
        """Least and greatest number allowed; None when the column has no range."""
        if ".." not in self.allowed_values or self.pattern:
            return None
        low, high = self.allowed_values.split("..")
        return float(low or "-inf"), float(high or "inf")

    @property
    def words(self) -> tuple[str, ...]:
        """The closed set of words; empty when any text goes."""
        if not self.allowed_values or self.pattern or self.references or self.bounds:
            return ()
        return tuple(self._allowed.split(";"))

    @property
    def _allowed(self) -> str:
        return self.allowed_values.removeprefix(LEFT_OUT)


@cache
def _dictionary() -> pd.DataFrame:
    path = DATA_FOLDER / "dictionary.csv"
    return pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8")


def dictionary() -> pd.DataFrame:
    """Read the dictionary of all tables.

    Returns
    -------
    DataFrame
        One row per column of every table: table, column, dtype, measure_unit, allowed_values,
        required, meaning, source. All text.
    """
    return _dictionary().copy()


@cache
def _columns_by_table() -> dict[str, tuple[Column, ...]]:
    columns: dict[str, list[Column]] = {}
    for row in _dictionary().to_dict("records"):
        column = Column(
            table=str(row["table"]),
            name=str(row["column"]),
            dtype=Dtype(row["dtype"]),
            measure_unit=str(row["measure_unit"]),
            allowed_values=str(row["allowed_values"]),
            required=Required(row["required"]),
            meaning=str(row["meaning"]),
            source=str(row["source"]),
        )
        columns.setdefault(column.table, []).append(column)
    return {table: tuple(listed) for table, listed in columns.items()}


def table_names() -> tuple[str, ...]:
    """List every table the dictionary describes, in its order.

    Returns
    -------
    tuple of str
        Names without ending, such as ``establishments``.
    """
    return tuple(_columns_by_table())


def columns(table: str) -> tuple[Column, ...]:
    """Describe the columns of one table.

    Parameters
    ----------
    table
        Name of a table of the dictionary.

    Returns
    -------
    tuple of Column
        In the order of the dictionary, which is the order of the shipped file.

    Raises
    ------
    KeyError
        When the dictionary has no such table.

    Examples
    --------
    >>> [column.name for column in columns("video_stations")][:3]
    ['establishment', 'stations', 'day']
    """
    return _columns_by_table()[table]

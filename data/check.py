"""Checks of one table against the dictionary, and one report of all its faults.

``convert`` types a table and lists what is wrong with it: columns, cells that cannot be read,
words, ranges, patterns and keys. Each fault is a ``Problem``; ``TableError`` carries them. What
only shows across tables is in ``data.validate``.
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from data.schema import Column, Dtype, Required, columns
from data.words import LEFT_OUT, split_words

if TYPE_CHECKING:
    import pandera.pandas as pa

FIRST_CSV_ROW = 2
"""Row 1 of a CSV file is its header, as a person counts."""

SHOWN_PROBLEMS = 12
"""Faults of one file that are told; the others are counted."""
SHOWN_ROWS = 5

LARGEST_INTEGER = 2.0**53
"""Beyond it floating-point numbers no longer tell neighbours apart."""

TRUE_WORDS = ("true", "True", "TRUE")
FALSE_WORDS = ("false", "False", "FALSE")


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One fault of a table: where it is, what is wrong and what to do.

    Attributes
    ----------
    table, file
        Name of the table, and of the file it came from.
    rows
        Every row with this fault and this value, as a person counts in the file; empty when the
        fault is the file's or the column's.
    column
        Name of the column; ``""`` when the fault is the file's.
    value
        What stands there.
    expected
        What should stand there.
    action
        What to do about it.
    """

    table: str
    file: str
    rows: tuple[int, ...] = ()
    column: str = ""
    value: str = ""
    expected: str
    action: str

    @property
    def row(self) -> int | None:
        """The first row with the fault; None when the fault is the file's or the column's."""
        return self.rows[0] if self.rows else None

    def __str__(self) -> str:
        """Say the fault in one line: place, value, expectation, next step."""
        place = self.file
        if self.rows:
            listed = ", ".join(str(row) for row in self.rows[:SHOWN_ROWS])
            more = len(self.rows) - SHOWN_ROWS
            place += f" row{'s' if len(self.rows) > 1 else ''} {listed}"
            place += f" and {more} more" if more > 0 else ""
        if self.column:
            place += f", column {self.column}"
        found = f"found {self.value!r}; " if self.value else ""
        return f"{place}: {found}expected {self.expected}. {self.action}"


class TableError(ValueError):
    """Tables that cannot be used, with every fault found.

    Attributes
    ----------
    problems
        All faults, in the order they were found.
    """

    problems: tuple[Problem, ...]

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(said_of(self.problems)))

    def __reduce__(self) -> tuple[type[TableError], tuple[tuple[Problem, ...]]]:
        """Pickle by the faults, so that a worker process can hand the error back."""
        return type(self), (self.problems,)


def said_of(problems: Sequence[Problem]) -> list[str]:
    """Say the first faults of every file, one line each, and how many more there are."""
    shown = Counter[str]()
    lines = []
    for problem in problems:
        shown[problem.file] += 1
        if shown[problem.file] <= SHOWN_PROBLEMS:
            lines.append(str(problem))
    more = len(problems) - len(lines)
    return [*lines, f"... and {more} more faults."] if more else lines


def check_table(
    frame: pd.DataFrame, name: str, *, file: str | None = None, first_row: int = FIRST_CSV_ROW
) -> list[Problem]:
    """Check one table against the dictionary.

    Parameters
    ----------
    frame
        The table, as text or already typed; its index counts rows from 0.
    name
        Name of the table in the dictionary.
    file
        Name of the file for the report; by default ``<name>.csv``.
    first_row
        Number that a person gives the first row of the table.

    Returns
    -------
    list of Problem
        Every fault; empty when the table is sound.

    Examples
    --------
    >>> bad = pd.DataFrame({"a": ["P1"], "b": ["P2"], "level": ["far"], "reason": [""]})
    >>> [problem.column for problem in check_table(bad, "keep_aparts")]
    ['level']
    """
    return convert(frame, name, file=file, first_row=first_row)[1]


def convert(
    frame: pd.DataFrame,
    name: str,
    *,
    file: str | None = None,
    first_row: int = FIRST_CSV_ROW,
    rules: bool = True,
) -> tuple[pd.DataFrame, list[Problem]]:
    """Give a table the types of the dictionary and list every fault on the way.

    Parameters
    ----------
    frame, name, file, first_row
        As for ``check_table``.
    rules
        Check words, ranges, patterns and keys too. Built-in tables are read without, because a
        test has checked them and loading pandera takes a second.

    Returns
    -------
    DataFrame
        The columns of the dictionary in its order, with the index of ``frame``: text as ``str``,
        numbers as ``int64`` or ``float64`` (``NaN`` where a number may be missing and is), booleans
        as ``bool``. Usable only when the list is empty.
    list of Problem
        Every fault.
    """
    report = Report(table=name, file=file or f"{name}.csv", first_row=first_row)
    described = columns(name)
    _check_columns(frame, described, report)
    cells = {
        column.name: _convert_column(frame[column.name], column, report)
        if column.name in frame.columns
        else _empty_cells(column, frame.index)
        for column in described
    }
    typed = pd.DataFrame(cells, index=frame.index)
    if rules:
        _check_rules(typed, described, _keys_in(frame, described), report)
    return typed, report.problems


class Report:
    """Collects the faults of one file."""

    def __init__(self, *, table: str, file: str, first_row: int) -> None:
        self.table = table
        self.file = file
        self.first_row = first_row
        self.problems: list[Problem] = []

    def add_file(self, *, column: str = "", value: str = "", expected: str, action: str) -> None:
        """Add a fault of the whole file or a whole column."""
        self.problems.append(
            Problem(
                table=self.table,
                file=self.file,
                column=column,
                value=value,
                expected=expected,
                action=action,
            )
        )

    def add_cells(self, values: pd.Series[Any], *, column: str, expected: str, action: str) -> None:
        """Add one fault for each distinct value of ``values``, whose index counts rows from 0."""
        for value, rows in values.astype(str).groupby(values.astype(str), sort=False):
            self.problems.append(
                Problem(
                    table=self.table,
                    file=self.file,
                    rows=tuple(int(row) + self.first_row for row in rows.index),
                    column=column,
                    value=str(value),
                    expected=expected,
                    action=with_suggestion(action, str(value), expected),
                )
            )


def with_suggestion(action: str, value: str, expected: str) -> str:
    """Add to what is to be done the nearest of the words that are expected, if one is near."""
    if not expected.startswith("one of "):
        return action
    words = expected.removeprefix("one of ").partition(";")[0].split(", ")
    near = difflib.get_close_matches(value, words, n=1)
    return f"{action} Did you mean {near[0]!r}?" if near else action


def _check_columns(frame: pd.DataFrame, described: tuple[Column, ...], report: Report) -> None:
    known = {column.name for column in described}
    for column in described:
        if column.required is not Required.OPTIONAL and column.name not in frame.columns:
            report.add_file(
                column=column.name,
                expected="this column",
                action=f"Add it: {column.meaning[:1].lower()}{column.meaning[1:].rstrip('.')}.",
            )
    for name in frame.columns:
        if name in known:
            continue
        near = difflib.get_close_matches(str(name), sorted(known), n=1)
        hint = f"Did you mean {near[0]!r}?" if near else "Remove the column."
        report.add_file(
            column=str(name),
            expected="only columns of the dictionary",
            action=hint,
        )


def _empty_cells(column: Column, index: pd.Index[Any]) -> pd.Series[Any]:
    if column.dtype is Dtype.BOOLEAN:
        return pd.Series(False, index=index, dtype=bool)
    if column.dtype in (Dtype.INTEGER, Dtype.NUMBER):
        return pd.Series(np.nan, index=index, dtype=float)
    return pd.Series("", index=index, dtype="str")


_KINDS = {
    Dtype.INTEGER: "a whole number",
    Dtype.NUMBER: "a number",
    Dtype.BOOLEAN: "true or false",
    Dtype.DATE: "a date such as 2026-08-03",
    Dtype.TIME: "a time of day such as 09:30",
}


def _convert_column(raw: pd.Series[Any], column: Column, report: Report) -> pd.Series[Any]:
    """Type one column; add a fault for each cell that cannot be read or is missing."""
    text = _as_text(raw, column)
    empty = text == ""
    if not column.may_be_empty and empty.any():
        report.add_cells(
            text[empty],
            column=column.name,
            expected=f"{_expected(column)}, not an empty cell",
            action="Fill in the cell.",
        )
    if column.dtype in (Dtype.INTEGER, Dtype.NUMBER):
        cells, unread = _numbers(text, column)
    elif column.dtype is Dtype.BOOLEAN:
        cells, unread = text.isin(TRUE_WORDS), ~text.isin((*TRUE_WORDS, *FALSE_WORDS))
    elif column.dtype in (Dtype.DATE, Dtype.TIME):
        cells, unread = text, ~_readable_moments(text, column.dtype)
    else:
        return text
    unread &= ~empty
    if unread.any():
        report.add_cells(
            text[unread],
            column=column.name,
            expected=_expected(column),
            action="Correct the cell, or leave it empty if it is not known."
            if column.may_be_empty
            else "Correct the cell.",
        )
    return cells


def _as_text(raw: pd.Series[Any], column: Column) -> pd.Series[Any]:
    """Write cells of any kind as the text a CSV file would hold."""
    if raw.dtype == "str" and not raw.hasnans:
        return raw
    if column.dtype is Dtype.DATE and pd.api.types.is_datetime64_any_dtype(raw):
        return pd.Series(raw.dt.strftime("%Y-%m-%d").fillna("").astype("str"))
    if pd.api.types.is_bool_dtype(raw):
        return pd.Series(raw.map({True: "true", False: "false"}).fillna("").astype("str"))
    if pd.api.types.is_numeric_dtype(raw):
        written = raw.astype("str")
        if pd.api.types.is_float_dtype(raw):
            written = written.str.removesuffix(".0")
        return written.mask(raw.isna(), "" if column.may_be_empty else "nan").astype("str")
    return pd.Series(raw.astype("str").mask(raw.isna(), "").astype("str"))


def _numbers(text: pd.Series[Any], column: Column) -> tuple[pd.Series[Any], pd.Series[bool]]:
    numbers = pd.to_numeric(text, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    unread = ~np.isfinite(numbers)
    if column.dtype is Dtype.INTEGER:
        unread |= (numbers != np.floor(numbers)) | (np.abs(numbers) > LARGEST_INTEGER)
    if column.dtype is Dtype.INTEGER and not column.may_be_empty:
        low = column.bounds[0] if column.bounds else 0.0
        stand_in = low if np.isfinite(low) else 0.0
        typed = np.where(unread, stand_in, numbers).astype(np.int64)
        return pd.Series(typed, index=text.index), pd.Series(unread, index=text.index)
    typed_or_missing = np.where(unread, np.nan, numbers)
    return pd.Series(typed_or_missing, index=text.index), pd.Series(unread, index=text.index)


def _readable_moments(text: pd.Series[Any], dtype: Dtype) -> pd.Series[bool]:
    written = pd.Series(text.unique(), dtype="str")
    if dtype is Dtype.DATE:
        shaped = written.str.fullmatch(r"\d{4}-\d{2}-\d{2}")
        real = pd.to_datetime(written, format="%Y-%m-%d", errors="coerce").notna()
        good = written[shaped & real]
    else:
        good = written[written.str.fullmatch(r"([01]\d|2[0-3]):[0-5]\d")]
    return text.isin(good)


def _expected(column: Column) -> str:
    """Say what a cell of the column should hold."""
    if column.words:
        left_out = "; a ! before a word leaves it out" if column.may_leave_out else ""
        return f"one of {', '.join(column.words)}{left_out}"
    if column.bounds:
        low, high = column.bounds
        kind = _KINDS[column.dtype]
        if np.isinf(high):
            return f"{kind} of {low:g} or more"
        if np.isinf(low):
            return f"{kind} of {high:g} or less"
        return f"{kind} from {low:,.10g} to {high:,.10g}"
    if column.references:
        listed = " or ".join(f"the {name} column of {table}" for table, name in column.references)
        return f"an id of {listed}"
    if column.pattern:
        return f"text of the form {column.pattern}"
    return _KINDS.get(column.dtype, "text")


def _keys_in(frame: pd.DataFrame, described: tuple[Column, ...]) -> list[str]:
    """Name the key columns; none when one is missing, because then no row can be told apart."""
    keys = [column.name for column in described if column.required is Required.KEY]
    return keys if set(keys) <= set(frame.columns) else []


def _check_rules(
    typed: pd.DataFrame, described: tuple[Column, ...], keys: list[str], report: Report
) -> None:
    """Check words, ranges, patterns and keys by a pandera schema, all faults at once.

    Nothing is asked of pandera where there is nothing to tell: loading it takes a second.
    """
    if _has_no_fault(typed, described, keys):
        return
    import pandera.errors

    try:
        _pandera_schema(described, keys).validate(typed, lazy=True)
    except pandera.errors.SchemaErrors as errors:
        cases = errors.failure_cases
    else:
        return
    by_name = {column.name: column for column in described}
    in_cells = cases[cases["check"] != "multiple_fields_uniqueness"]
    for name, group in in_cells.groupby("column", sort=False):
        column = by_name[str(name)]
        values = pd.Series(group["failure_case"].to_numpy(), index=group["index"].to_numpy())
        if column.dtype in (Dtype.INTEGER, Dtype.NUMBER):
            values = values.map(lambda number: str(float(number)).removesuffix(".0"))
        report.add_cells(
            values, column=column.name, expected=_expected(column), action="Correct the cell."
        )
    if len(in_cells) < len(cases):
        repeated = typed[typed.duplicated(keys, keep=False)]
        report.add_cells(
            repeated[keys].astype("str").agg(", ".join, axis=1),
            column=", ".join(keys),
            expected="each id once",
            action="Remove the repeated rows or correct the ids.",
        )


def _has_no_fault(typed: pd.DataFrame, described: tuple[Column, ...], keys: list[str]) -> bool:
    """Say whether every cell keeps what ``_pandera_schema`` asks of it."""
    return not (keys and typed.duplicated(keys).any()) and all(
        _is_kept(typed[column.name].drop_duplicates().dropna(), column) for column in described
    )


def _is_kept(cells: pd.Series[Any], column: Column) -> bool:
    """Say whether distinct cells are within bounds, among the words and of the pattern."""
    kept = [not column.bounds or bool(cells.between(*column.bounds).all())]
    allowed = _allowed(column)
    if column.words and column.dtype is Dtype.LIST:
        kept.append(all(_listed(cell, allowed) for cell in cells))
    elif column.words and column.dtype is not Dtype.BOOLEAN:
        kept.append(bool(cells.isin([*allowed, ""]).all()))
    if column.pattern:
        kept.append(bool(cells.str.match(f"^(?:{column.pattern})?$").all()))
    return all(kept)


def _allowed(column: Column) -> frozenset[str]:
    """Give the words of a column, and these left out where that is allowed."""
    allowed = frozenset(column.words)
    if column.may_leave_out:
        allowed |= {LEFT_OUT + word for word in column.words}
    return allowed


def _pandera_schema(described: tuple[Column, ...], keys: list[str]) -> pa.DataFrameSchema:
    import pandera.pandas as pa

    return pa.DataFrameSchema(
        {column.name: pa.Column(checks=_checks(column), nullable=True) for column in described},
        unique=keys or None,
    )


def _checks(column: Column) -> list[pa.Check]:
    import pandera.pandas as pa

    checks: list[pa.Check] = []
    if column.bounds:
        checks.append(pa.Check.in_range(*column.bounds))
    allowed = _allowed(column)
    if column.words and column.dtype is Dtype.LIST:
        checks.append(pa.Check(lambda cells: _by_distinct(cells, lambda c: _listed(c, allowed))))
    elif column.words and column.dtype is not Dtype.BOOLEAN:
        empty = ("",)  # emptiness has its own fault
        checks.append(pa.Check.isin((*sorted(allowed), *empty)))
    if column.pattern:
        checks.append(pa.Check.str_matches(f"^(?:{column.pattern})?$"))
    return checks


def _by_distinct(cells: pd.Series[Any], rule: Any) -> pd.Series[bool]:
    """Ask a rule about each distinct cell once."""
    answers = {cell: rule(cell) for cell in cells.unique()}
    return cells.map(answers).astype(bool)


def _listed(cell: str, allowed: frozenset[str]) -> bool:
    words = split_words(cell)
    return allowed.issuperset(words) and len(set(words)) == len(words)

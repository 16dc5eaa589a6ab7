"""Reading tables: a user's own where there is one, the built-in one elsewhere."""

from __future__ import annotations

import csv
import difflib
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from data.check import FIRST_CSV_ROW, Problem, TableError, convert
from data.schema import DATA_FOLDER, TABLES_FOLDER, columns, dictionary, table_names

__all__ = ["dictionary", "read_table", "sources", "table_names", "table_path"]

ENDINGS = (".csv", ".parquet")
FIRST_PARQUET_ROW = 1


def table_path(name: str, folder: Path | str | None = None) -> Path | None:
    """Find the file of a table.

    Parameters
    ----------
    name
        Name of a table of the dictionary.
    folder
        A user's folder, whose ``<name>.csv`` or ``<name>.parquet`` comes before the built-in table.

    Returns
    -------
    Path or None
        None when neither the folder nor the product holds the table.

    Raises
    ------
    TableError
        When the dictionary has no such table, or the folder holds it twice.
    """
    if name not in table_names():
        raise TableError([_no_such_table(name)])
    if folder is not None:
        found = [
            path for path in (Path(folder) / f"{name}{end}" for end in ENDINGS) if path.is_file()
        ]
        if len(found) > 1:
            raise TableError([_held_twice(name)])
        if found:
            return found[0]
    built_in = TABLES_FOLDER / f"{name}.csv"
    return built_in if built_in.is_file() else None


def read_table(name: str, folder: Path | str | None = None) -> pd.DataFrame:
    """Read one table with the types of the dictionary.

    Parameters
    ----------
    name
        Name of a table of the dictionary.
    folder
        A user's folder; tables that it does not hold are the built-in ones.

    Returns
    -------
    DataFrame
        The columns of the dictionary in its order, one row as in the file: text, lists, dates and
        times as ``str`` (``""`` when empty), numbers as ``int64`` or ``float64``, booleans as
        ``bool``. A user's table has passed ``check_table``.

    Raises
    ------
    TableError
        With every fault of the file, or when there is no such table.

    Examples
    --------
    >>> establishments = read_table("establishments")
    >>> len(establishments), int(establishments["operational_capacity"].sum())
    (122, 90091)
    """
    path = table_path(name, folder)
    if path is None:
        raise TableError([_missing(name, folder)])
    if path.is_relative_to(TABLES_FOLDER):
        return _read_built_in(name).copy()
    frame, problems = read_and_check(name, path)
    if problems:
        raise TableError(problems)
    return frame.reset_index(drop=True)


def read_and_check(name: str, path: Path) -> tuple[pd.DataFrame, list[Problem]]:
    """Read a file and list its faults instead of raising them.

    Parameters
    ----------
    name
        Name of a table of the dictionary.
    path
        A CSV or Parquet file.

    Returns
    -------
    DataFrame
        As from ``read_table``; empty when the file cannot be read at all.
    list of Problem
        Every fault of the file.
    """
    try:
        raw = read_parquet(path, name) if path.suffix == ".parquet" else read_csv(path, name)
    except TableError as error:
        return convert(pd.DataFrame(columns=[c.name for c in columns(name)]), name)[0], list(
            error.problems
        )
    first_row = FIRST_PARQUET_ROW if path.suffix == ".parquet" else FIRST_CSV_ROW
    return convert(raw, name, file=path.name, first_row=first_row)


@cache
def _read_built_in(name: str) -> pd.DataFrame:
    raw = read_csv(TABLES_FOLDER / f"{name}.csv", name)
    return convert(raw, name, rules=False)[0]


def read_csv(path: Path, name: str) -> pd.DataFrame:
    """Read a CSV file as text, keeping the row numbers of the file.

    Parameters
    ----------
    path
        A UTF-8 file with a header row.
    name
        Name of the table for the report.

    Returns
    -------
    DataFrame
        All columns as ``str``; the index counts rows after the header from 0. Rows without any
        cell filled, such as a spreadsheet leaves at the end, are left out.

    Raises
    ------
    TableError
        When the file is missing, is not UTF-8 text, has no header, or a row has too many or too
        few cells.
    """
    import pyarrow as pa
    import pyarrow.csv as pc

    header = _header(path, name)
    misshapen: list[tuple[int, int]] = []

    def remember(row: pc.InvalidRow) -> str:
        misshapen.append((row.number, row.actual_columns))
        return "skip"

    try:
        raw = pc.read_csv(
            path,
            read_options=pc.ReadOptions(use_threads=False, column_names=header, skip_rows=1),
            parse_options=pc.ParseOptions(
                newlines_in_values=True, ignore_empty_lines=False, invalid_row_handler=remember
            ),
            convert_options=pc.ConvertOptions(
                column_types=dict.fromkeys(header, pa.string()), strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid as error:
        if "skip initial" in str(error):  # a header without a line after it
            return pd.DataFrame(columns=header, dtype="str")
        if "UTF8" in str(error):
            raise TableError([_not_utf8(name, path)]) from error
        raise TableError([_unreadable(name, path, error)]) from error
    if misshapen:
        raise TableError(_misshapen_rows(name, path, misshapen, len(header)))
    cells: pd.DataFrame = raw.to_pandas().astype("str")
    return cells[(cells != "").any(axis=1)]


def read_parquet(path: Path, name: str) -> pd.DataFrame:
    """Read a Parquet file.

    Parameters
    ----------
    path
        The file.
    name
        Name of the table for the report.

    Returns
    -------
    DataFrame
        Its columns as stored; the index counts rows from 0.

    Raises
    ------
    TableError
        When the file is missing, cut off or not Parquet.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table: pd.DataFrame = pq.read_table(path).to_pandas(ignore_metadata=True)
    except (pa.ArrowException, OSError, ValueError) as error:
        problem = Problem(
            table=name,
            file=path.name,
            expected="a whole Parquet file",
            action=f"It cannot be read ({_first_line(error)}). Write the file again.",
        )
        raise TableError([problem]) from error
    return table


@cache
def _sources() -> dict[str, dict[str, str]]:
    import yaml

    text = (DATA_FOLDER / "sources.yaml").read_text(encoding="utf-8")
    loaded: dict[str, dict[str, Any]] = yaml.safe_load(text)
    return {
        key: {field: str(value) for field, value in entry.items()} for key, entry in loaded.items()
    }


def sources() -> dict[str, dict[str, str]]:
    """Read the publications behind the tables.

    Returns
    -------
    dict
        For each key used in a ``source`` column: publisher, title, table, licence, date, note.
    """
    return {key: dict(entry) for key, entry in _sources().items()}


def _header(path: Path, name: str) -> list[str]:
    """Read the first row: unique, non-empty names."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header = [cell.strip() for cell in next(csv.reader(file), [])]
    except OSError as error:
        raise TableError([_unreadable(name, path, error)]) from error
    except UnicodeDecodeError as error:
        raise TableError([_not_utf8(name, path)]) from error
    except csv.Error as error:
        raise TableError([_unreadable(name, path, error)]) from error
    twice = sorted({cell for cell in header if header.count(cell) > 1})
    if not any(header) or twice:
        problem = Problem(
            table=name,
            file=path.name,
            rows=(1,),
            value=", ".join(twice),
            expected="a header row that names each column once",
            action="Correct the first row.",
        )
        raise TableError([problem])
    return header


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")


def _no_such_table(name: str) -> Problem:
    near = difflib.get_close_matches(name, table_names(), n=1)
    return Problem(
        table=name,
        file=name,
        expected="a table of data/dictionary.csv",
        action=f"Did you mean {near[0]!r}?" if near else f"Known: {', '.join(table_names())}.",
    )


def _held_twice(name: str) -> Problem:
    return Problem(
        table=name,
        file=f"{name}.csv",
        expected="one file of this table",
        action=f"Remove either {name}.csv or {name}.parquet.",
    )


def _missing(name: str, folder: Path | str | None) -> Problem:
    place = f" in {folder}" if folder is not None else ""
    return Problem(
        table=name,
        file=f"{name}.csv",
        expected="this file",
        action=f"There is no {name}.csv or {name}.parquet{place}, and none is built in. Add it.",
    )


def _unreadable(name: str, path: Path, error: BaseException) -> Problem:
    return Problem(
        table=name,
        file=path.name,
        expected="a file that can be read",
        action=f"Correct or replace it ({_first_line(error)}).",
    )


def _not_utf8(name: str, path: Path) -> Problem:
    """Find the first row that is not UTF-8."""
    bad = 1
    for bad, line in enumerate(path.read_bytes().split(b"\n"), start=1):  # noqa: B007
        try:
            line.decode("utf-8")
        except UnicodeDecodeError:
            break
    return Problem(
        table=name,
        file=path.name,
        rows=(bad,),
        expected="text in UTF-8",
        action="Save the file as 'CSV UTF-8'.",
    )


def _misshapen_rows(
    name: str, path: Path, rows: list[tuple[int, int]], cells: int
) -> list[Problem]:
    """Say which rows have too few or too many cells, one fault for each number of cells."""
    return [
        Problem(
            table=name,
            file=path.name,
            rows=tuple(row for row, found in rows if found == count),
            value=f"{count} cells",
            expected=f"{cells} cells in every row",
            action="Put cells that hold a comma in quotation marks, and close every quotation mark."
            if count > cells
            else "Add the missing cells, each with its comma, and close every quotation mark.",
        )
        for count in sorted({found for _, found in rows})
    ]

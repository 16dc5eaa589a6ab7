"""Reading the files of tables as they stand: cells as text, and what is wrong with a file.

A file that a user brings may be anything under the name of a table. Whatever it is, it ends in
``Problem``s that say what was found and what to do, never in the error of a library.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from data.check import FIRST_CSV_ROW, Problem, TableError

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["ENDINGS", "first_row_of", "read_cells", "read_csv", "read_rows"]

ENDINGS = (".csv", ".parquet")
FIRST_PARQUET_ROW = 1

OTHER_KINDS = {
    b"PK\x03\x04": "an Excel workbook or another archive",
    b"\xd0\xcf\x11\xe0": "an Excel workbook",
    b"PAR1": "a Parquet file",
    b"\x1f\x8b": "a compressed file",
    b"\xff\xfe": "text in UTF-16",
    b"\xfe\xff": "text in UTF-16",
}
"""How files begin that are often renamed to ``.csv``."""

OTHER_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}
SHOWN_BYTES = 12


def first_row_of(path: Path) -> int:
    """Give the number that a person gives the first row of a table in a file."""
    return FIRST_PARQUET_ROW if path.suffix == ".parquet" else FIRST_CSV_ROW


def read_cells(path: Path, name: str) -> pd.DataFrame:
    """Read a CSV or Parquet file without judging its cells.

    Parameters
    ----------
    path
        A file ending in ``.csv`` or ``.parquet``.
    name
        Name of the table for the report.

    Returns
    -------
    DataFrame
        Columns as ``str`` from CSV and as stored from Parquet; the index counts rows from 0.

    Raises
    ------
    TableError
        When the file cannot be read as what its name says.
    """
    return read_parquet(path, name) if path.suffix == ".parquet" else read_csv(path, name)


def read_rows(path: Path, name: str) -> tuple[pd.DataFrame, list[Problem]]:
    """Read a file as ``read_cells`` does, rows with too many or too few cells left out and told.

    Raises
    ------
    TableError
        When the file cannot be read as what its name says.
    """
    if path.suffix == ".parquet":
        return read_parquet(path, name), []
    return _read_csv_rows(path, name)


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
    cells, problems = _read_csv_rows(path, name)
    if problems:
        raise TableError(problems)
    return cells


def _read_csv_rows(path: Path, name: str) -> tuple[pd.DataFrame, list[Problem]]:
    import pyarrow as pa
    import pyarrow.csv as pc

    content = _text_of(path, name)
    header = _header(content, path, name)
    misshapen: list[tuple[int, int]] = []

    def remember(row: pc.InvalidRow) -> str:
        misshapen.append((row.number, row.actual_columns))
        return "skip"

    try:
        raw = pc.read_csv(
            pa.BufferReader(content),
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
            return pd.DataFrame(columns=header, dtype="str"), []
        raise TableError([_unreadable(name, path, error)]) from error
    cells: pd.DataFrame = raw.to_pandas().astype("str")
    if misshapen:
        left_out = [row - FIRST_CSV_ROW for row, _ in misshapen]
        cells.index = pd.RangeIndex(len(cells) + len(misshapen)).difference(left_out)
    filled = cells[(cells != "").any(axis=1)]
    return filled, _misshapen_rows(name, path, misshapen, len(header))


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
        When the file is missing, cut off or not Parquet, or holds bytes that are no text.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path)
    except (pa.ArrowException, OSError, ValueError) as error:
        problem = Problem(
            table=name,
            file=path.name,
            expected="a whole Parquet file",
            action=f"It cannot be read ({_first_line(error)}). Write the file again.",
        )
        raise TableError([problem]) from error
    frame: pd.DataFrame = _with_text(table, path, name).to_pandas(ignore_metadata=True)
    return frame


def _with_text(table: pa.Table, path: Path, name: str) -> pa.Table:
    """Read columns of bytes as text, and make sure that all text is UTF-8."""
    import pyarrow as pa

    problems = []
    for position, field in enumerate(table.schema):
        try:
            column = table.column(position)
            if pa.types.is_binary(field.type) or pa.types.is_large_binary(field.type):
                column = column.cast(pa.large_string())
                table = table.set_column(position, field.name, column)
            column.validate(full=True)
        except pa.ArrowInvalid:
            problem = Problem(
                table=name,
                file=path.name,
                column=field.name,
                expected="text in UTF-8",
                action="Write the column again as text.",
            )
            problems.append(problem)
    if problems:
        raise TableError(problems)
    return table


def _text_of(path: Path, name: str) -> bytes:
    """Read a file that should hold text in UTF-8, and say what else it holds."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise TableError([_unreadable(name, path, error)]) from error
    kind = next((kind for start, kind in OTHER_KINDS.items() if content.startswith(start)), "")
    if not content.strip():
        kind = "an empty file"
    if kind:
        problem = Problem(
            table=name,
            file=path.name,
            value=kind,
            expected="a CSV file in UTF-8 with a header row",
            action="Save the table as 'CSV UTF-8' under this name.",
        )
        raise TableError([problem])
    zero = content.find(b"\0")
    if zero >= 0:
        raise TableError([_not_utf8(name, path, content, zero, "a zero byte")])
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        near = content[max(0, error.start - SHOWN_BYTES) : error.start + SHOWN_BYTES]
        here = near.decode("cp1252", errors="replace").replace("\r", "\n")
        word = _piece_around(here, min(error.start, SHOWN_BYTES))
        raise TableError([_not_utf8(name, path, content, error.start, word)]) from error
    return content


def _piece_around(text: str, position: int) -> str:
    """Cut the cell out of a text that holds a position."""
    for separator in ("\n", ",", '"'):
        before, after = text[:position], text[position:]
        start = before.rfind(separator) + 1
        end = after.find(separator)
        text = before[start:] + (after if end < 0 else after[:end])
        position -= start
    return text


def _header(content: bytes, path: Path, name: str) -> list[str]:
    """Read the first row: unique, non-empty names."""
    lines = io.TextIOWrapper(io.BytesIO(content), encoding="utf-8-sig", newline="")
    try:
        header = [cell.strip() for cell in next(csv.reader(lines), [])]
    except csv.Error as error:
        raise TableError([_unreadable(name, path, error)]) from error
    if len(header) == 1:
        for separator, word in OTHER_SEPARATORS.items():
            if separator in header[0]:
                raise TableError([_separated_by(name, path, word)])
    twice = sorted({cell for cell in header if cell and header.count(cell) > 1})
    nameless = [f"column {n} without a name" for n, cell in enumerate(header, start=1) if not cell]
    if not any(header) or twice or nameless:
        problem = Problem(
            table=name,
            file=path.name,
            rows=(1,),
            value=", ".join(twice + nameless),
            expected="a header row that names each column once",
            action="Correct the first row.",
        )
        raise TableError([problem])
    return header


def _separated_by(name: str, path: Path, separators: str) -> Problem:
    return Problem(
        table=name,
        file=path.name,
        rows=(1,),
        value=f"{separators} between the columns",
        expected="commas between the columns",
        action="Save the table with commas, as 'CSV UTF-8' of an English-language spreadsheet.",
    )


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")


def _unreadable(name: str, path: Path, error: BaseException) -> Problem:
    return Problem(
        table=name,
        file=path.name,
        expected="a file that can be read",
        action=f"Correct or replace it ({_first_line(error)}).",
    )


def _not_utf8(name: str, path: Path, content: bytes, position: int, value: str) -> Problem:
    return Problem(
        table=name,
        file=path.name,
        rows=(content.count(b"\n", 0, position) + 1,),
        value=value,
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

"""Read a file that somebody brought, in a process of its own with bounds on memory and time.

    python -m scenarios.own_tables.read_upload TABLE FILE OUT.csv

A workbook of a few kilobytes can ask for more memory than a machine has, or never end. Here only
this process is ended by it. Nothing in a file is run, opened or fetched: of a formula the value
that was stored with it is read, a picture or a link is passed over.

Nothing heavy is imported, so that it starts in a moment.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

MOST_MEMORY = 2 * 1024**3
"""Bytes of address space."""
MOST_SECONDS = 120
"""Seconds of the processor."""
MOST_ROWS = 1_000_000
MOST_COLUMNS = 200
"""No table has a third as many."""
REFUSED = 2
"""Exit code when the file cannot be used; the reason is on the error stream."""


class RefusedError(ValueError):
    """A file that cannot be used; says why."""


def main(table: str, file: Path, out: Path) -> int:
    """Write a table of a workbook or Parquet file as CSV; say on the error stream why not."""
    _bound()
    try:
        rows = _parquet_rows(file) if file.suffix == ".parquet" else _workbook_rows(table, file)
        _write(rows, out)
    except RefusedError as error:
        print(error, file=sys.stderr)
        return REFUSED
    except MemoryError:
        print(TOO_LARGE, file=sys.stderr)
        return REFUSED
    return 0


TOO_LARGE = "it is far larger than any table: remove cells far below or beside the rows"


def _bound() -> None:
    """Bound what this process may use, where the system can."""
    try:
        import resource
    except ImportError:
        return
    for what, most in ((resource.RLIMIT_AS, MOST_MEMORY), (resource.RLIMIT_CPU, MOST_SECONDS)):
        _, hard = resource.getrlimit(what)
        resource.setrlimit(what, (most if hard < 0 else min(most, hard), hard))


def _write(rows: Iterator[list[str]], out: Path) -> None:
    with out.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        for number, row in enumerate(rows):
            if number > MOST_ROWS:
                raise RefusedError(f"it has more than {MOST_ROWS:,} rows")
            if len(row) > MOST_COLUMNS:
                raise RefusedError(f"it has more than {MOST_COLUMNS} columns")
            writer.writerow(row)


def _workbook_rows(table: str, file: Path) -> Iterator[list[str]]:
    """Give the rows of the sheet named as the table, else of the first; empty ends left out."""
    import python_calamine

    try:
        with python_calamine.load_workbook(str(file)) as workbook:
            names = workbook.sheet_names
            chosen = next((name for name in names if name.strip().lower() == table), names[0])
            sheet = workbook.get_sheet_by_name(chosen)
            if sheet.total_width > MOST_COLUMNS:
                raise RefusedError(f"it has more than {MOST_COLUMNS} columns")
            if sheet.total_height > MOST_ROWS + 1:
                raise RefusedError(f"it has more than {MOST_ROWS:,} rows")
            rows = (list(row) for row in sheet.iter_rows())
            yield from _trimmed(_as_text(row) for row in rows)
    except (python_calamine.CalamineError, IndexError, ValueError) as error:
        if isinstance(error, RefusedError):
            raise
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise RefusedError(f"it cannot be read as a workbook ({reason})") from None


def _trimmed(rows: Iterator[list[str]]) -> Iterator[list[str]]:
    """Cut each row to the width of the heads, and leave out empty rows at the end."""
    width, empty = 0, 0
    for number, row in enumerate(rows):
        if number == 0:
            filled = [place for place, cell in enumerate(row, start=1) if cell]
            width = max(filled, default=0)
        if not any(row):
            empty += 1
            continue
        yield from ([""] * width for _ in range(empty))
        empty = 0
        beyond = [cell for cell in row[width:] if cell]
        yield row[:width] + [""] * (width - len(row)) + beyond


def _as_text(row: list[Any]) -> list[str]:
    return [_cell(value) for value in row]


def _cell(value: Any) -> str:
    """Write a cell as CSV files have it.

    Examples
    --------
    >>> _cell(5.0), _cell(True), _cell(date(2026, 8, 3)), _cell(time(9, 30)), _cell(" x ")
    ('5', 'true', '2026-08-03', '09:30', 'x')
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time(0) else value.isoformat(" ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, time):
        return value.isoformat("minutes" if not value.second else "seconds")
    if isinstance(value, timedelta):
        minutes = int(value.total_seconds() // 60)
        return f"{minutes // 60:02d}:{minutes % 60:02d}"
    return str(value).strip()


def _parquet_rows(file: Path) -> Iterator[list[str]]:
    """Give the rows of a Parquet file piece by piece, its heads first."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(file) as stored:
            if stored.metadata.num_columns > MOST_COLUMNS:
                raise RefusedError(f"it has more than {MOST_COLUMNS} columns")
            if stored.metadata.num_rows > MOST_ROWS:
                raise RefusedError(f"it has more than {MOST_ROWS:,} rows")
            yield list(stored.schema_arrow.names)
            for batch in stored.iter_batches(batch_size=10_000):
                columns = [
                    ["" if cell is None or cell != cell else _cell(_decoded(cell)) for cell in part]
                    for part in (column.to_pylist() for column in batch.columns)
                ]
                yield from (list(row) for row in zip(*columns, strict=True))
    except (pa.ArrowException, OSError, ValueError) as error:
        if isinstance(error, RefusedError):
            raise
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise RefusedError(f"it cannot be read as Parquet ({reason})") from None


def _decoded(cell: Any) -> Any:
    return cell.decode("utf-8") if isinstance(cell, bytes) else cell


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])))

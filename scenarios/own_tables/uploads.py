"""Tables that somebody brings through the app: taken in with care, kept apart, and checked.

Each session has a folder of its own (:mod:`scenarios.own_tables.sessions`):

    draft/            the tables as they come in, one CSV each
    use-<digest>/     the tables as they were when somebody chose to use them, never changed again
    check-<digest>/   what was found wrong with them

Whatever arrives is stored as CSV text: the same door as ``--data`` then reads it.
"""

from __future__ import annotations

import csv
import io
import json
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from data.schema import table_names
from scenarios.own_tables.read_upload import MOST_COLUMNS, MOST_ROWS, REFUSED, TOO_LARGE
from scenarios.provenance import digest_of
from scenarios.results import file_digests

DRAFT = "draft"
IN_USE = "use-"
CHECKED = "check-"
ENDINGS = (".csv", ".parquet", ".xlsx", ".ods")

MOST_BYTES = 50 * 1024**2
"""Bytes of one file, as ``.streamlit/config.toml`` bounds it in the browser."""
MOST_UNPACKED = 600 * 1024**2
"""Bytes of all parts of a workbook; a national extract unpacks to a fifth of it."""
MOST_PARTS = 2_000
"""Parts of a workbook."""
MOST_RATIO = 500
"""Times that a part may be larger than its packed form; sheets of like rows reach a hundred."""
SMALL_PART = 1024**2
"""Bytes below which no ratio matters."""
MOST_HEAD = 20_000
"""Characters of the first row of a CSV file."""
MOST_SECONDS = 180
"""Seconds until the process that reads a workbook is ended."""
MOST_SECONDS_TO_CHECK = 900
"""Seconds until a check is ended; a national extract takes a fiftieth of it."""

BEGINNINGS = {".parquet": b"PAR1", ".xlsx": b"PK\x03\x04", ".ods": b"PK\x03\x04"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A table that was taken in: its name, its rows and columns, and the digest of its file."""

    table: str
    rows: int
    columns: int
    bytes: int


class UploadError(ValueError):
    """A file that cannot be taken in; says what is wrong and what to do, in one sentence."""


def take_in(folder: Path, table: str, file_name: str, content: bytes) -> Taken:
    """Take in one file as one table of a session; an earlier one of that table is replaced.

    Parameters
    ----------
    folder
        The folder of the session.
    table
        A table of the dictionary.
    file_name
        As the browser tells it; only its ending is used.
    content
        The file.

    Raises
    ------
    UploadError
        When it is no file of a kind that is read, too large, or not what its name says.
    """
    if table not in table_names():
        raise UploadError(f"{table}: no table of this name is known.")
    ending = Path(file_name).suffix.lower()
    if ending not in ENDINGS:
        raise UploadError(f"{table}: give a file ending in {', '.join(ENDINGS)}.")
    if len(content) > MOST_BYTES:
        raise UploadError(f"{table}: the file is larger than {MOST_BYTES // 1024**2} megabytes.")
    start = BEGINNINGS.get(ending)
    if start and not content.startswith(start):
        raise UploadError(
            f"{table}: the file is not what its ending {ending} says. Save it again as {ending}."
        )
    if ending in (".xlsx", ".ods"):
        _look_into(table, content)
    draft = folder / DRAFT
    draft.mkdir(mode=0o700, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        made = Path(scratch) / f"{table}.csv"
        if ending == ".csv":
            _look_at_text(table, content)
            made.write_bytes(content)
        else:
            _read_apart(table, Path(scratch) / f"brought{ending}", content, made)
        taken = _described(table, made)
        made.replace(draft / f"{table}.csv")
    return taken


def take_out(folder: Path, table: str) -> None:
    """Remove a table of a session."""
    if table in table_names():
        (folder / DRAFT / f"{table}.csv").unlink(missing_ok=True)


def tables(folder: Path) -> list[Taken]:
    """List the tables of a session in the order of the dictionary."""
    paths = ((name, folder / DRAFT / f"{name}.csv") for name in table_names())
    return [_described(name, path) for name, path in paths if path.is_file()]


def digest(folder: Path) -> str:
    """Give one digest for a folder of tables, in twelve characters."""
    return digest_of(file_digests(folder))[:12]


def freeze(folder: Path) -> Path:
    """Copy the tables of a session as they are now, to be used: later uploads do not touch them.

    Raises
    ------
    UploadError
        When there is no table.
    """
    if not tables(folder):
        raise UploadError("There is no table to use. Bring one first.")
    kept = frozen(folder)
    if not kept.is_dir():
        partial = Path(tempfile.mkdtemp(dir=folder))
        shutil.copytree(folder / DRAFT, partial, dirs_exist_ok=True)
        partial.replace(kept)
    return kept


def frozen(folder: Path) -> Path:
    """Name the folder that the tables as they are now are used from."""
    return folder / f"{IN_USE}{digest(folder / DRAFT)}"


def check_folder(folder: Path) -> Path:
    """Name the folder of the check of the tables as they are now."""
    return folder / f"{CHECKED}{digest(folder / DRAFT)}"


def check(folder: Path) -> Path:
    """Check the tables of a session in a process of its own, which is then gone with its memory.

    Returns
    -------
    Path
        Folder of what was found; see ``scenarios.own_tables.check_tables``.

    Raises
    ------
    UploadError
        When the check itself ends before it is done.
    """
    out = check_folder(folder)
    if not (out / "check.json").is_file():
        run_check(folder / DRAFT, out)
    return out


def run_check(tables_folder: Path | None, out: Path) -> None:
    """Check a folder of tables, or the built-in ones, into a new folder.

    Raises
    ------
    UploadError
        When the check itself ends before it is done.
    """
    words = [sys.executable, "-m", "scenarios.own_tables.check_tables", str(out.resolve())]
    words += [] if tables_folder is None else [str(tables_folder.resolve())]
    try:
        done = subprocess.run(  # noqa: S603  our own module, with folders we made
            words,
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            check=False,
            timeout=MOST_SECONDS_TO_CHECK,
        )
    except subprocess.TimeoutExpired:
        raise UploadError("The tables take too long to check. Bring fewer rows.") from None
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise UploadError(f"The tables could not be checked: {last[:300]}")


def _look_into(table: str, content: bytes) -> None:
    """Refuse an archive that would unpack to far more than a table, before anything is unpacked."""
    try:
        with ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
    except (BadZipFile, ValueError, OSError, RuntimeError):
        raise UploadError(f"{table}: the workbook is damaged. Save it again.") from None
    swollen = [
        part
        for part in parts
        if part.file_size > SMALL_PART and part.file_size > MOST_RATIO * max(1, part.compress_size)
    ]
    if len(parts) > MOST_PARTS or swollen or sum(p.file_size for p in parts) > MOST_UNPACKED:
        raise UploadError(
            f"{table}: the workbook unpacks to more than a table can be. Save the sheet as CSV."
        )
    if any(part.flag_bits & 1 for part in parts):
        raise UploadError(f"{table}: the workbook has a password. Save it without one.")


def _look_at_text(table: str, content: bytes) -> None:
    """Refuse text that is far too wide or too long before it is read as a table."""
    head = content[: MOST_HEAD + 1].splitlines()[:1]
    first = head[0] if head else b""
    if len(first) > MOST_HEAD or first.count(b",") >= MOST_COLUMNS:
        raise UploadError(
            f"{table}: the first row names more than {MOST_COLUMNS} columns. Use the template."
        )
    if _line_ends(content) > MOST_ROWS + 1:
        raise UploadError(f"{table}: the file has more than {MOST_ROWS:,} rows.")


def _line_ends(content: bytes) -> int:
    """Count the ends of lines, of whichever of the three kinds each is."""
    return content.count(b"\n") + content.count(b"\r") - content.count(b"\r\n")


def _read_apart(table: str, brought: Path, content: bytes, made: Path) -> None:
    """Read a workbook or a Parquet file in a process with bounds on memory and time."""
    brought.write_bytes(content)
    words = [
        sys.executable,
        "-m",
        "scenarios.own_tables.read_upload",
        table,
        str(brought),
        str(made),
    ]
    try:
        done = subprocess.run(  # noqa: S603  our own module, with names we made
            words,
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=MOST_SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise UploadError(f"{table}: the file takes too long to read. Save it as CSV.") from None
    if done.returncode:
        said = done.stderr.strip().splitlines()[-1:] if done.returncode == REFUSED else []
        reason = said[0] if said else TOO_LARGE
        raise UploadError(f"{table}: the file cannot be taken in: {reason[:300]}.")


def _described(table: str, path: Path) -> Taken:
    """Count the rows and columns of a stored table, whatever is in it."""
    content = path.read_bytes()
    first = content[:MOST_HEAD].splitlines()[:1]
    text = first[0].decode("utf-8", errors="replace") if first else ""
    try:
        heads = next(csv.reader([text]), [])
    except csv.Error:
        heads = []
    lines = _line_ends(content) + (not content.endswith((b"\n", b"\r")))
    return Taken(table=table, rows=max(0, lines - 1), columns=len(heads), bytes=len(content))


def stored_check(out: Path) -> dict[str, int | str]:
    """Read the numbers of a check."""
    found: dict[str, int | str] = json.loads((out / "check.json").read_text(encoding="utf-8"))
    return found

"""Reading tables: a user's own where there is one, the built-in one elsewhere."""

from __future__ import annotations

import difflib
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from data.check import Problem, TableError, convert
from data.files import ENDINGS, first_row_of, read_csv, read_rows
from data.schema import DATA_FOLDER, TABLES_FOLDER, columns, dictionary, table_names

__all__ = ["dictionary", "no_rows", "read_table", "sources", "table_names", "table_path"]


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
        When the dictionary has no such table, or the folder holds it twice, or something else
        than a file has its name.
    """
    if name not in table_names():
        raise TableError([_no_such_table(name)])
    if folder is not None:
        paths = (Path(folder) / f"{name}{end}" for end in ENDINGS)
        found = [path for path in paths if path.exists() or path.is_symlink()]
        if len(found) > 1:
            raise TableError([_held_twice(name)])
        if found and not found[0].is_file():
            raise TableError([_no_file(name, found[0])])
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
        As from ``read_table``; empty when not every row of the file can be read, because then an
        id may be missing that others name.
    list of Problem
        Every fault of the file.
    """
    try:
        raw, misshapen = read_rows(path, name)
    except TableError as error:
        return no_rows(name), list(error.problems)
    typed, faults = convert(raw, name, file=path.name, first_row=first_row_of(path))
    return (no_rows(name) if misshapen else typed), [*misshapen, *faults]


def no_rows(name: str) -> pd.DataFrame:
    """Give a table of the dictionary without a row, typed."""
    return convert(pd.DataFrame(columns=[c.name for c in columns(name)]), name)[0]


@cache
def _read_built_in(name: str) -> pd.DataFrame:
    raw = read_csv(TABLES_FOLDER / f"{name}.csv", name)
    return convert(raw, name, rules=False)[0]


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


def _no_file(name: str, path: Path) -> Problem:
    return Problem(
        table=name,
        file=path.name,
        expected="a file",
        action="Put the table there, or remove what has its name.",
    )


def _missing(name: str, folder: Path | str | None) -> Problem:
    place = f" in {folder}" if folder is not None else ""
    return Problem(
        table=name,
        file=f"{name}.csv",
        expected="this file",
        action=f"There is no {name}.csv or {name}.parquet{place}, and none is built in. Add it.",
    )

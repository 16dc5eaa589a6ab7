"""The file of a planner's locks: who stays where, or away from where, why and until when.

One row a decision, in the columns of the table ``locks``. The file is written whole under another
name and put in place at once, so that nobody ever reads half of it.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from data.check import Problem, TableError, with_suggestion
from data.load import no_rows, read_and_check
from data.schema import columns
from data.validate import check_data
from data.words import RESTRICTED_REASONS, LockAction, LockReason

LOCKS = "locks"
"""Name of the table, and of its file in a data folder."""

IDS = (("population", "prisoner_id"), ("units", "unit"), ("establishments", "establishment"))
"""Tables, and the columns in which the ids stand that a lock may name."""

UNSAFE = ("=", "+", "-", "@", "\t", "\r")
"""A cell of text that begins so would be run as a formula by a spreadsheet."""

RESTRICTED = "restricted reason"
"""What stands for a reason outside the planner role."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LockRow:
    """One decision of a planner: one row of the table."""

    prisoner_id: str
    action: LockAction
    unit_or_establishment: str
    reason_code: str
    note: str
    owner: str
    review_date: date

    def __post_init__(self) -> None:
        """Refuse what a table could not hold.

        Raises
        ------
        TableError
            With every fault.
        """
        problems = lock_faults({each.name: getattr(self, each.name) for each in fields(self)})
        if problems:
            raise TableError(problems)


def lock_faults(cells: Mapping[str, Any]) -> list[Problem]:
    """Say what of a decision no table of locks could hold.

    Parameters
    ----------
    cells
        The fields of a ``LockRow``.

    Returns
    -------
    list of Problem
        Every fault.
    """
    problems = [
        *_faults_of_text("prisoner_id", cells["prisoner_id"], filled=True),
        *_faults_of_text("unit_or_establishment", cells["unit_or_establishment"], filled=True),
        *_faults_of_text("note", cells["note"], filled=False),
        *_faults_of_text("owner", cells["owner"], filled=True),
    ]
    if cells["reason_code"] not in set(LockReason):
        known = ", ".join(LockReason)
        problems.append(_problem("reason_code", cells["reason_code"], f"one of {known}"))
    return problems


def read_locks(path: Path) -> pd.DataFrame:
    """Read a file of locks.

    Parameters
    ----------
    path
        A CSV or Parquet file; one that does not exist holds no locks.

    Returns
    -------
    DataFrame
        The columns of the table, in the order of the file.

    Raises
    ------
    TableError
        With every fault of the file.
    """
    if not path.exists():
        return no_rows(LOCKS)
    table, problems = read_and_check(LOCKS, path)
    if problems:
        raise TableError(problems)
    return table.reset_index(drop=True)


def check_locks(path: Path, tables: Mapping[str, pd.DataFrame]) -> list[Problem]:
    """Check a file of locks by itself, and that its people and places exist.

    Parameters
    ----------
    path
        A CSV or Parquet file.
    tables
        Who and what there is: ``population``, ``units`` and ``establishments`` with their ids. Of
        those left out nothing is asked.

    Returns
    -------
    list of Problem
        Every fault.
    """
    table, faults = read_and_check(LOCKS, path)
    if table.empty:
        return faults
    ids = {name: tables[name][[column]] for name, column in IDS if column in tables.get(name, ())}
    across = check_data(ids | {LOCKS: table}, files={LOCKS: path.name}, faulty=(LOCKS, *ids))
    return [*faults, *(problem for problem in across if problem.table == LOCKS)]


def write_locks(table: pd.DataFrame, path: Path) -> None:
    """Write a file of locks as CSV, whole or not at all; no rows leave a header alone.

    Parameters
    ----------
    table
        The columns of the table.
    path
        The file; its folder is made where it is missing.
    """
    names = [column.name for column in columns(LOCKS)]
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    writer.writerows(table[names].astype("str").itertuples(index=False, name=None))
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with partial.open("w", encoding="utf-8", newline="") as file:
            file.write(text.getvalue())
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def with_lock(table: pd.DataFrame, row: LockRow) -> pd.DataFrame:
    """Add a decision; one about the same person, action and place takes the place of the old.

    Parameters
    ----------
    table
        Locks so far.
    row
        The decision.

    Returns
    -------
    DataFrame
        The locks, the new one last.
    """
    same = (
        (table["prisoner_id"] == row.prisoner_id)
        & (table["action"] == str(row.action))
        & (table["unit_or_establishment"] == row.unit_or_establishment)
    )
    new = pd.DataFrame([{name: str(value) for name, value in asdict(row).items()}])
    kept = table[~same]
    return pd.concat([kept, new.astype(kept.dtypes.to_dict())], ignore_index=True)


def without_locks(table: pd.DataFrame, prisoner_id: str, place: str | None = None) -> pd.DataFrame:
    """Take away the decisions about a person, all of them or those about one place.

    Raises
    ------
    TableError
        When there are none.
    """
    theirs = table["prisoner_id"] == prisoner_id
    if place is not None:
        theirs &= table["unit_or_establishment"] == place
    if not theirs.any():
        named = prisoner_id if place is None else f"{prisoner_id} at {place}"
        raise TableError(
            [_problem("prisoner_id", named, "a person and a place that are locked or forbidden")]
        )
    return table[~theirs].reset_index(drop=True)


def shown(table: pd.DataFrame, *, planner: bool) -> pd.DataFrame:
    """Hide the restricted reasons of locks, and the notes beside them, from all but planners."""
    if planner:
        return table
    hidden = table["reason_code"].isin([str(reason) for reason in RESTRICTED_REASONS])
    return table.assign(
        reason_code=table["reason_code"].where(~hidden, RESTRICTED),
        note=table["note"].where(~hidden, ""),
    )


def due(table: pd.DataFrame, on: date) -> pd.DataFrame:
    """Give the locks whose day of review has come; they bind until they are taken away."""
    return table[table["review_date"] <= on.isoformat()].reset_index(drop=True)


def _faults_of_text(column: str, value: str, *, filled: bool) -> list[Problem]:
    if filled and not value.strip():
        return [_problem(column, value, "some text")]
    if value.startswith(UNSAFE) or not value.isprintable():
        begins = "text on one line that does not begin with = + - or @"
        return [_problem(column, value, begins)]
    return []


def _problem(column: str, value: str, expected: str) -> Problem:
    return Problem(
        table=LOCKS,
        file=f"{LOCKS}.csv",
        column=column,
        value=value,
        expected=expected,
        action=with_suggestion("Correct it and give the command again.", value, expected),
    )

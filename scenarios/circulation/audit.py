"""What was exported, and what was chosen for all readers: one line each, only ever added to.

The files are ``exports.jsonl`` and ``choices.jsonl`` in ``RUNS/.audit``. They hold the name of who
asked, as the sign-in gives it, and what was taken or chosen: never a cell of a table, and nothing
about the people in it.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

AUDIT = ".audit"
EXPORTS = "exports.jsonl"
CHOICES = "choices.jsonl"
LONGEST = 200
"""Characters kept of any word: a line is written at one stroke, so that two never mix."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One export: who took what, how many rows of it, as what kind of file, with which mark."""

    who: str
    what: str
    rows: int
    kind: str
    mark: str
    run: str
    small_counts: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What somebody chose for all readers: a run, or none where a choice was taken back."""

    who: str
    what: str
    run: str


def record(runs: Path, entry: Entry | Choice, now: datetime | None = None) -> None:
    """Add a line to the list of exports, or to that of choices.

    Parameters
    ----------
    runs
        Folder of the runs.
    entry
        What was exported or chosen.
    now
        The moment; now when left out.

    Raises
    ------
    OSError
        When the list cannot be written: nothing is exported or chosen then.
    """
    moment = (now or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="seconds")
    words = {"time": moment} | {
        name: value[:LONGEST] if isinstance(value, str) else value
        for name, value in asdict(entry).items()
    }
    line = f"{json.dumps(words, ensure_ascii=True)}\n".encode()
    folder = runs / AUDIT
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    name = EXPORTS if isinstance(entry, Entry) else CHOICES
    handle = os.open(folder / name, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(handle, line)
    finally:
        os.close(handle)

"""Finished tasks of a run that has not ended, so that one that was killed goes on where it stood.

A ledger is a folder beside the run folders. ``ledger.json`` says what its tasks were made from,
field by field; each finished task is one file. A task is a pure function of those fields, so an
answer from the ledger is the one that would be worked out again, to the byte. A ledger that was
made from anything else is refused, and the refusal names what differs.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from scenarios.ensemble.event_log import packed, unpacked
from scenarios.errors import ScenarioError
from scenarios.provenance import digest_of, model_digest, versions
from scenarios.results import is_running, json_text

Answer = tuple[pd.DataFrame, pd.DataFrame, bytes | None]
"""Tallies of a task, who is visited (``prisoner_id``), and its log, packed, where that is kept."""

LEDGER_FILE = "ledger.json"
TASK_SUFFIX = ".task"
DIGEST_BYTES = 32
LENGTH_BYTES = 8
TOLD = 5
"""Fields named in a refusal; the others are counted."""

KEPT_DAYS = 30
"""A ledger that nobody has gone on with for so long is removed."""

SECONDS_PER_DAY = 86_400
WHAT_COUNTS = ("python", "numpy", "pandas", "simpy")
"""Versions on which the bytes of an answer may depend."""

NOT_SETTINGS = ("name", "title", "question", "parent")


def fields_of(
    settings: Mapping[str, Any], inputs: Mapping[str, str], *, seed: int, keep_visits: bool
) -> dict[str, str]:
    """Give everything the tasks of a run depend on, by name, as text.

    The number of replications is not among them: a ledger serves a longer run as well.

    Parameters
    ----------
    settings
        Every setting of the scenario in plain values, section by section.
    inputs
        SHA-256 of every table read, by its name.
    seed
        Of the simulation.
    keep_visits
        Whether the tasks give their logs.
    """
    found = versions()
    return {
        **{
            f"setting {name}": json.dumps(value, sort_keys=True)
            for name, value in _settings(settings)
        },
        **{f"table {name}": digest for name, digest in sorted(inputs.items())},
        "seed": str(seed),
        "keep_visits": str(keep_visits),
        "model (code and built-in tables)": model_digest(),
        **{f"version of {name}": found[name] for name in WHAT_COUNTS},
    }


def _settings(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in tree.items():
        if not prefix and key in NOT_SETTINGS:
            continue
        if isinstance(value, Mapping) and value:
            yield from _settings(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


@dataclass(slots=True, kw_only=True)
class Ledger:
    """The finished tasks of one run.

    Attributes
    ----------
    folder
        Where they are kept; ``None`` where another process keeps them, and this one keeps none.
    found
        Tasks that had been finished when it was opened.
    """

    folder: Path | None
    found: int = 0
    _kept: int = field(default=0, init=False)

    def answer(self, replication: int, block: int) -> Answer | None:
        """Give the answer of a task, or ``None`` when it is not there or its file is damaged."""
        if self.folder is None:
            return None
        try:
            return _unpacked((self.folder / _task_name(replication, block)).read_bytes())
        except FileNotFoundError:
            return None

    def keep(self, replication: int, block: int, answer: Answer) -> None:
        """Keep the answer of a task; a reader sees all of it or nothing."""
        if self.folder is None:
            return
        path = self.folder / _task_name(replication, block)
        partial = path.with_suffix(f".{os.getpid()}")
        try:
            partial.write_bytes(_packed(answer))
            partial.replace(path)
        except FileNotFoundError:
            # an identical run finished first and took the ledger away
            self.folder = None
        else:
            self._kept += 1

    def forget(self) -> None:
        """Remove what was kept: the run is complete."""
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def holds(self) -> int:
        """Tasks that are kept now."""
        return self.found + self._kept


def _task_name(replication: int, block: int) -> str:
    return f"{replication:06d}-{block:04d}{TASK_SUFFIX}"


def _packed(answer: Answer) -> bytes:
    content = b""
    for each in answer:
        part = packed(each) if isinstance(each, pd.DataFrame) else each or b""
        content += len(part).to_bytes(LENGTH_BYTES, "little") + part
    return hashlib.sha256(content).digest() + content


def _unpacked(raw: bytes) -> Answer | None:
    digest, content = raw[:DIGEST_BYTES], raw[DIGEST_BYTES:]
    if hashlib.sha256(content).digest() != digest:
        return None
    parts: list[bytes] = []
    while content:
        end = LENGTH_BYTES + int.from_bytes(content[:LENGTH_BYTES], "little")
        parts.append(content[LENGTH_BYTES:end])
        content = content[end:]
    tallies, visited, log = parts
    return unpacked(tallies), unpacked(visited), log or None


@contextmanager
def open_ledger(
    runs_dir: Path, name: str, fields: Mapping[str, str], *, resume: bool = False
) -> Iterator[Ledger]:
    """Open the ledger of a run, or begin one; what was finished stays if the block fails.

    Parameters
    ----------
    runs_dir
        Folder of the run folders.
    name
        Of the scenario.
    fields
        What its tasks are made from.
    resume
        Refuse to work without the ledger.

    Yields
    ------
    Ledger
        One that keeps nothing when another process that is still running keeps this one.

    Raises
    ------
    ScenarioError
        When the ledger of this name was made from something else, naming the fields; or, to resume,
        when another process is going on with it.
    """
    folder = runs_dir / ledger_name(name, fields)
    stored = _read(folder)
    if stored is not None:
        _refuse_other(folder, stored["fields"], fields)
        if stored["driver"] != os.getpid() and is_running(stored["driver"]):
            if resume:
                raise ScenarioError(
                    f"{folder}: process {stored['driver']} is going on with this run. Wait for it, "
                    "or leave --resume out to play everything again beside it."
                )
            yield Ledger(folder=None)
            return
    folder.mkdir(parents=True, exist_ok=True)
    for half in folder.iterdir():
        if half.suffix not in (TASK_SUFFIX, ".json"):
            half.unlink()
    _write(folder, fields)
    ledger = Ledger(folder=folder, found=sum(1 for _ in folder.glob(f"*{TASK_SUFFIX}")))
    try:
        yield ledger
    finally:
        if not ledger.holds:
            ledger.forget()


def ledger_name(name: str, fields: Mapping[str, str]) -> str:
    """Give the name of a ledger's folder."""
    return f".unfinished-{name}-{digest_of(dict(fields))[:8]}"


def check_resumable(runs_dir: Path, name: str, fields: Mapping[str, str]) -> None:
    """See that an unfinished run of a scenario can be gone on with.

    Raises
    ------
    ScenarioError
        When there is none, or when each was made from something else: names what differs from the
        one that was written to last.
    """
    folder = runs_dir / ledger_name(name, fields)
    stored = _read(folder)
    if stored is not None:
        _refuse_other(folder, stored["fields"], fields)
        return
    begun = [found for found in _begun(runs_dir, name) if _read(found) is not None]
    if not begun:
        raise ScenarioError(
            f"{runs_dir}: no unfinished run of '{name}' to go on with. Leave --resume out."
        )
    last = max(begun, key=lambda found: found.stat().st_mtime)
    other = _read(last)
    assert other is not None
    _refuse_other(last, other["fields"], fields)


def has_unfinished(runs_dir: Path, name: str) -> bool:
    """Say whether any unfinished run of a scenario is kept."""
    return any(_read(found) is not None for found in _begun(runs_dir, name))


def _begun(runs_dir: Path, name: str) -> list[Path]:
    """List the ledgers of a scenario; eight figures follow its name."""
    start = f".unfinished-{name}-"
    return [found for found in runs_dir.glob(f"{start}*") if len(found.name) == len(start) + 8]


def differing(stored: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Name the fields that differ, with both values where they are short.

    Examples
    --------
    >>> differing({"seed": "1", "table units": "a"}, {"seed": "2", "table units": "a"})
    ['seed (1, now 2)']
    """
    names = [
        name for name in sorted(stored.keys() | now.keys()) if stored.get(name) != now.get(name)
    ]
    return [
        name
        if name.startswith(("table", "model"))
        else f"{name} ({_short(stored.get(name))}, now {_short(now.get(name))})"
        for name in names
    ]


def _short(value: str | None) -> str:
    if value is None:
        return "none"
    return value if len(value) <= 40 else f"{value[:37]}..."


def _refuse_other(folder: Path, stored: Mapping[str, str], now: Mapping[str, str]) -> None:
    different = differing(stored, now)
    if not different:
        return
    more = f" and {len(different) - TOLD} more" if len(different) > TOLD else ""
    raise ScenarioError(
        f"{folder}: an unfinished run that was begun with something else; different: "
        f"{', '.join(different[:TOLD])}{more}. Put these back to go on with it, or leave --resume "
        "out to begin anew."
    )


def clear_old_ledgers(runs_dir: Path) -> None:
    """Remove ledgers nobody has gone on with for a month."""
    for folder in runs_dir.glob(".unfinished-*"):
        if time.time() - folder.stat().st_mtime > KEPT_DAYS * SECONDS_PER_DAY:
            shutil.rmtree(folder, ignore_errors=True)


def forget_own_ledgers(runs_dir: Path) -> None:
    """Remove the ledgers that this process has been writing: the run was given up."""
    for folder in runs_dir.glob(".unfinished-*"):
        stored = _read(folder)
        if stored is not None and stored["driver"] == os.getpid():
            shutil.rmtree(folder, ignore_errors=True)


def _read(folder: Path) -> dict[str, Any] | None:
    try:
        stored = json.loads((folder / LEDGER_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if isinstance(stored, dict) and {"fields", "driver"} <= stored.keys():
        return stored
    return None


def _write(folder: Path, fields: Mapping[str, str]) -> None:
    partial = folder / f"ledger.{os.getpid()}"
    partial.write_text(json_text({"driver": os.getpid(), "fields": fields}), encoding="utf-8")
    partial.replace(folder / LEDGER_FILE)

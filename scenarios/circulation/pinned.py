"""Which stored run answers on the front page, where an administrator chose one for all readers.

The choice is ``RUNS/.front.json``; every change of it is a line in ``RUNS/.audit/choices.jsonl``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from scenarios.circulation import audit

FILE = ".front.json"

LARGEST = 10_000
"""Bytes of the file above which it is not read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pinned:
    """The run that was chosen, by the name of its folder, and who chose it."""

    run: str
    who: str


def pinned(runs: Path) -> Pinned | None:
    """Read which run was chosen; none where nobody chose one.

    Raises
    ------
    ValueError
        When the file cannot be read: it says so, and what to do.
    """
    path = runs / FILE
    try:
        if path.stat().st_size > LARGEST:
            raise ValueError
        told = json.loads(path.read_text(encoding="utf-8"))
        return Pinned(run=str(told["run"]), who=str(told["who"]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError):
        raise ValueError(
            f"{FILE} in the folder of the runs cannot be read, so the newest runs answer. An "
            "administrator can choose a run again."
        ) from None


def pin(runs: Path, run: str, who: str) -> None:
    """Choose a run for all readers; it is noted before it counts.

    Parameters
    ----------
    runs
        Folder of the runs.
    run
        Name of a run folder.
    who
        Who chooses it.

    Raises
    ------
    OSError
        When it cannot be noted or kept: nothing changes then.
    """
    audit.record(runs, audit.Choice(who=who, what="run of the front page", run=run))
    partial = runs / f"{FILE}.partial"
    partial.write_text(json.dumps({"run": run, "who": who}), encoding="utf-8")
    partial.replace(runs / FILE)


def unpin(runs: Path, who: str) -> None:
    """Let the newest runs answer again; it is noted before it counts.

    Raises
    ------
    OSError
        When it cannot be noted: nothing changes then.
    """
    audit.record(runs, audit.Choice(who=who, what="run of the front page", run=""))
    (runs / FILE).unlink(missing_ok=True)

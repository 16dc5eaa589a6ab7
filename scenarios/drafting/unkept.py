"""Scenarios that a reader is writing and has not kept: found again when a page is loaded anew.

Each is a small file in the folder of the reader's own session
(:mod:`scenarios.own_tables.sessions`), which nobody else reads and which goes some days after it
was last used. Its name is random and says nothing of the reader or of the scenario.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scenarios.drafting.drafts import LARGEST, dumped
from scenarios.errors import ScenarioError
from scenarios.plain_yaml import read_mapping

FOLDER = "scenarios"
"""Folder of these files below that of a session."""

MOST = 10
"""Files of one session; the one that was changed longest ago goes first."""

NAME = re.compile(r"[0-9a-f]{12}")


def new_name() -> str:
    """Give a name that nobody can guess."""
    return secrets.token_hex(6)


def write(session: Path, name: str, parts: Mapping[str, Any]) -> None:
    """Write the parts of a scenario in place of what was written under the name before.

    Parameters
    ----------
    session
        Folder of the session.
    parts
        Plain values by name. Nothing is written where they are larger than a scenario file may be.

    Raises
    ------
    ValueError
        When the name is none of ours.
    """
    path, text = _path(session, name), dumped(parts)
    if len(text.encode()) > LARGEST:
        return
    path.parent.mkdir(mode=0o700, exist_ok=True)
    partial = path.with_name(f".{name}-{secrets.token_hex(4)}")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)
    for old in _newest_first(session)[MOST:]:
        old.unlink(missing_ok=True)


def read(session: Path, name: str) -> dict[str, Any] | None:
    """Read the parts of a scenario; none where there is no such file, or none that can be read."""
    if not NAME.fullmatch(name):
        return None
    try:
        return read_mapping(_path(session, name))
    except ScenarioError:
        return None


def names(session: Path) -> list[tuple[str, int]]:
    """List the names of a session's scenarios and when each was last changed, the newest first."""
    return [(path.stem, path.stat().st_mtime_ns) for path in _newest_first(session)]


def forget(session: Path, name: str) -> None:
    """Forget a scenario."""
    if NAME.fullmatch(name):
        _path(session, name).unlink(missing_ok=True)


def _newest_first(session: Path) -> list[Path]:
    found = [path for path in (session / FOLDER).glob("*.yaml") if NAME.fullmatch(path.stem)]
    return sorted(found, key=lambda path: path.stat().st_mtime_ns, reverse=True)


def _path(session: Path, name: str) -> Path:
    if not NAME.fullmatch(name):
        raise ValueError("This is no name of a scenario that is being written.")
    return session / FOLDER / f"{name}.yaml"

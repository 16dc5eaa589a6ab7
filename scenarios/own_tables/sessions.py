"""The folders in which readers keep what they bring through the app, each reader apart.

Each is below the runs, ``.uploads/<a name nobody can guess>``;
:mod:`scenarios.own_tables.uploads` says what is in it. Every page asks which tables are in use, so
nothing here imports anything large.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shutil
import time
from pathlib import Path

UPLOADS = ".uploads"
USED = "in-use"
"""File that names the folder of the tables that runs are made on."""
NAME = re.compile(r"[0-9a-f]{32}")
KEPT_DAYS = 7
"""Days that the folder of a session is kept after it was last used."""


def new_session(runs: Path) -> str:
    """Make a folder that only this session knows, and clear those that nobody has used for long.

    Returns
    -------
    str
        Its name.
    """
    name = secrets.token_hex(16)
    open_session(runs, name)
    return name


def session_of(key: str, reader: str) -> str:
    """Name the folder of one reader in one browser: the same again when the page is loaded anew.

    Parameters
    ----------
    key
        What only that browser knows. It cannot be told from the name.
    reader
        Who reads: another reader of the same browser has another folder.
    """
    return hashlib.sha256(f"{key} {reader}".encode()).hexdigest()[:32]


def open_session(runs: Path, name: str) -> Path:
    """Give the folder of a session, made where there is none; it counts as used now.

    Raises
    ------
    ValueError
        When the name is none of a session.
    """
    folder = session_folder(runs, name)
    if not folder.is_dir():
        clear_old(runs)
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
    os.utime(folder)
    return folder


def session_folder(runs: Path, name: str) -> Path:
    """Give the folder of a session.

    Raises
    ------
    ValueError
        When the name is none of a session.
    """
    if not NAME.fullmatch(name):
        raise ValueError("This is no name of a session.")
    return runs / UPLOADS / name


def clear_old(runs: Path, now: float | None = None) -> None:
    """Remove the folders of sessions that were last used more than ``KEPT_DAYS`` ago."""
    limit = (time.time() if now is None else now) - KEPT_DAYS * 86_400
    folder = runs / UPLOADS
    for old in folder.iterdir() if folder.is_dir() else ():
        inside = [old, *old.iterdir()] if old.is_dir() else []
        if NAME.fullmatch(old.name) and max(p.stat().st_mtime for p in inside) < limit:
            shutil.rmtree(old, ignore_errors=True)


def use(folder: Path, tables: Path | None) -> None:
    """Make runs of a session on these tables from now on; on others than its own when none.

    Parameters
    ----------
    tables
        What ``freeze`` gave.
    """
    if tables is None:
        (folder / USED).unlink(missing_ok=True)
        return
    partial = folder / f"{USED}-{secrets.token_hex(4)}"
    partial.write_text(tables.name, encoding="utf-8")
    partial.replace(folder / USED)


def in_use(folder: Path) -> Path | None:
    """Give the tables that runs of a session are made on, if they are its own.

    Asking counts as using them.
    """
    try:
        name = (folder / USED).read_text(encoding="utf-8")
    except OSError:
        return None
    os.utime(folder)
    return folder / name if (folder / name).is_dir() else None

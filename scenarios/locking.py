"""Locks on files that the system itself lets go when their holder ends, however it ends.

A process that holds one is known to be alive, where a number of a process may since be another's.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

WAIT_SECONDS = 0.01


@contextmanager
def holding(path: Path, *, wait: bool = False) -> Iterator[bool]:
    """Hold the lock on a file for a block, if nobody else does.

    Parameters
    ----------
    path
        The file, made if need be; it stays.
    wait
        Whether to wait for whoever holds it or looks at it.

    Yields
    ------
    bool
        Whether the lock is held; the block runs in any case.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+b") as file:
        ours = _try_to_lock(file)
        while wait and not ours:
            time.sleep(WAIT_SECONDS)
            ours = _try_to_lock(file)
        yield ours


def is_held(path: Path) -> bool:
    """Whether somebody holds the lock on a file at this moment; looking does not hold it."""
    try:
        with path.open("r+b") as file:
            return not _try_to_lock(file, shared=True)
    except FileNotFoundError:
        return False


if sys.platform == "win32":
    import msvcrt

    def _try_to_lock(file: IO[bytes], *, shared: bool = False) -> bool:
        file.seek(0)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBRLCK if shared else msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
else:
    import fcntl

    def _try_to_lock(file: IO[bytes], *, shared: bool = False) -> bool:
        try:
            fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except OSError:
            return False
        return True

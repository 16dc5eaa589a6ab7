"""A lock is held by one, seen by all, and let go when its holder is killed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from scenarios.locking import holding, is_held

HOLD = (
    "import sys, time; from pathlib import Path; from scenarios.locking import holding\n"
    "with holding(Path(sys.argv[1])) as ours:\n    print(ours, flush=True); time.sleep(60)"
)


def test_lock_is_held_by_one_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "lock"
    assert not is_held(path)
    with holding(path) as ours, holding(path) as second:
        assert ours
        assert not second
        assert is_held(path)
    assert not is_held(path)


def test_lock_of_a_killed_process_is_free_again(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    with holder, holder.stdout:
        assert holder.stdout.readline() == "True\n"
        assert is_held(path)
        holder.kill()
        holder.wait()
    assert not is_held(path)

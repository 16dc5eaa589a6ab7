"""Giving memory back frees gaps and touches nothing that is kept."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from data.memory import give_back


def resident_bytes() -> int:
    """Give what this process has in memory, as Linux tells it."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * 4096


@pytest.mark.parametrize("system", ["linux", "win32", "darwin"])
def test_what_is_kept_stays_as_it_is_on_every_system(
    system: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = [np.full(1_000, number) for number in range(2_000)]
    monkeypatch.setattr(sys, "platform", system)

    give_back()

    assert [int(each[-1]) for each in kept] == list(range(2_000))


def test_gaps_between_what_is_kept_go_back_to_the_system() -> None:
    """Half of 60 MB in pieces of 30 kB, every second one let go."""
    pieces: list[np.ndarray | None] = [np.ones(3_750) for _ in range(2_000)]
    pieces[::2] = [None] * 1_000
    before = resident_bytes()

    give_back()

    assert before - resident_bytes() > 10_000_000

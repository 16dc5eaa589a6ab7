"""What a worker process does: one replication of one block of establishments.

It imports what playing a year takes and no more. Libraries of tables would be half of its memory,
so it answers with plain columns, and its driver makes the tables.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import pickle
import signal
import threading
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from simulation.replicate import count
from simulation.simulate import SimulationInputs
from simulation.tallies import Tally

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One replication of some establishments; ``block`` is their number."""

    inputs: Path
    block: int
    establishments: tuple[str, ...]
    seed: int
    replication: int
    keep_log: bool


def run_task(task: Task) -> tuple[Tally, list[str], bytes | None]:
    """Simulate one task as ``count`` does, and pack its log; the same whichever process does it."""
    packs: list[bytes] = []

    def pack(log: pd.DataFrame) -> None:
        from scenarios.ensemble.event_log import packed

        packs.append(packed(log))

    counted, people = count(
        _stored_inputs(task.inputs),
        task.establishments,
        seed=task.seed,
        replication=task.replication,
        take_log=pack if task.keep_log else None,
    )
    return counted, people, b"".join(packs) if task.keep_log else None


@lru_cache(maxsize=1)
def _stored_inputs(path: Path) -> SimulationInputs:
    _spare_the_collector()
    with path.open("rb") as file:
        inputs = pickle.load(file)  # noqa: S301  written by this run, in its own folder
    assert isinstance(inputs, SimulationInputs)
    return inputs


@cache
def _spare_the_collector() -> None:
    """Let it not look through libraries again and again: a tenth of a worker's time."""
    gc.collect()
    gc.freeze()


def start_worker() -> None:
    """Leave Ctrl-C to the driver, and end when it dies."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_end_with_the_driver, daemon=True).start()


def _end_with_the_driver() -> None:
    driver = multiprocessing.parent_process()
    if driver is not None:
        driver.join()
        os._exit(1)

"""Many replications over many processes, with the same answer on any number of them.

A task is one replication of one block of establishments: a pure function of the inputs, which
every process reads once from a file. The blocks do not depend on the number of workers, and
results are put in order by replication and establishment, never by arrival.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import pickle
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError, Executor, Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import pandas as pd

from data.progress import Progress, silent
from scenarios.errors import LostWorkerError
from simulation.log import join_tables
from simulation.measures import estate_totals
from simulation.replicate import replicate
from simulation.simulate import SimulationInputs

Answer = tuple[pd.DataFrame, pd.DataFrame | None]
"""Tallies of a task, and its log where that is kept."""

PEOPLE_PER_TASK = 8_000
"""About one CPU second: long enough that handing tasks out costs nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One replication of some establishments."""

    inputs: Path
    establishments: tuple[str, ...]
    seed: int
    replication: int
    keep_log: bool


def play(
    inputs: SimulationInputs,
    *,
    seed: int,
    replications: int,
    keep_every_log: bool,
    folder: Path,
    executor: Executor,
    progress: Progress = silent,
) -> Callable[[], tuple[pd.DataFrame, pd.DataFrame]]:
    """Hand out every replication of every establishment; give what waits for the answers.

    Parameters
    ----------
    inputs
        What the simulated year depends on; written once into ``folder`` for the workers.
    replications
        Simulated years.
    keep_every_log
        Keep the visits of all replications, not of the first alone.
    folder
        A private folder that every worker can read.
    executor
        Any ``concurrent.futures`` executor: processes here, or Dask on many machines.

    Returns
    -------
    callable
        Waits for all, and gives two tables: measures by replication and establishment, and the
        visits kept; both in an order that does not depend on the workers.
    """
    stored = folder.resolve() / "inputs.pickle"
    stored.write_bytes(pickle.dumps(inputs, protocol=pickle.HIGHEST_PROTOCOL))
    tasks = [
        Task(
            inputs=stored,
            establishments=block,
            seed=seed,
            replication=replication,
            keep_log=keep_every_log or replication == 0,
        )
        for replication in range(replications)
        for block in blocks(_people_at(inputs))
    ]
    futures = [executor.submit(run_task, task) for task in tasks]
    progress("simulate", 0, len(tasks))

    def answers() -> tuple[pd.DataFrame, pd.DataFrame]:
        done = _answers(futures, progress)
        stored.unlink()
        tallies = pd.concat([tallied for tallied, _ in done], ignore_index=True)
        visits = join_tables([log for _, log in done if log is not None])
        return estate_totals(tallies, weeks=inputs.calendar.weeks), visits

    return answers


def _people_at(inputs: SimulationInputs) -> dict[str, int]:
    return {code: len(place.keys) for code, place in inputs.places.items()}


def blocks(people: Mapping[str, int], size: int = PEOPLE_PER_TASK) -> list[tuple[str, ...]]:
    """Cut the estate into blocks of about ``size`` people, in the order of the codes.

    Examples
    --------
    >>> blocks({"A": 3, "B": 3, "C": 5}, size=5)
    [('A', 'B'), ('C',)]
    """
    cut: list[tuple[str, ...]] = []
    block: list[str] = []
    held = 0
    for establishment in sorted(people):
        block.append(establishment)
        held += people[establishment]
        if held >= size:
            cut.append(tuple(block))
            block, held = [], 0
    return [*cut, tuple(block)] if block else cut


def run_task(task: Task) -> Answer:
    """Simulate one task; the same whichever process does it."""
    return replicate(
        _stored_inputs(task.inputs),
        task.establishments,
        seed=task.seed,
        replication=task.replication,
        keep_log=task.keep_log,
    )


@lru_cache(maxsize=1)
def _stored_inputs(path: Path) -> SimulationInputs:
    inputs = pickle.loads(path.read_bytes())  # noqa: S301  written by this run, in its own folder
    assert isinstance(inputs, SimulationInputs)
    # the collector need not look through them again and again: a tenth of a worker's time
    gc.collect()
    gc.freeze()
    return inputs


def _answers(futures: Sequence[Future[Answer]], progress: Progress) -> list[Answer]:
    try:
        for number, future in enumerate(as_completed(futures), start=1):
            future.result()
            progress("simulate", number, len(futures))
    except (BrokenProcessPool, CancelledError) as error:
        raise LostWorkerError(
            "A worker process ended without an answer (often too little memory). "
            "Run again with fewer --workers."
        ) from error
    finally:
        for future in futures:
            future.cancel()
    return [future.result() for future in futures]


@contextmanager
def process_pool(workers: int) -> Iterator[Executor]:
    """Give a pool of processes that ends with this block, whatever happens in it.

    Workers are spawned, leave Ctrl-C to the driver, and end by themselves when the driver dies.
    """
    before = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(
        workers,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_start_worker,
    )
    try:
        yield pool
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        for child in set(multiprocessing.active_children()) - before:
            child.terminate()
        raise
    finally:
        pool.shutdown()


def _start_worker() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_end_with_the_driver, daemon=True).start()


def _end_with_the_driver() -> None:
    driver = multiprocessing.parent_process()
    if driver is not None:
        driver.join()
        os._exit(1)

"""Many replications over many processes, with the same answer on any number of them.

A task is one replication of one block of establishments: a pure function of their inputs, which
are in a file for each block, so that no worker holds the whole estate. Establishments that
transfers join are in one block. The blocks do not depend on the number of workers, and results are
put in order by replication and block, never by arrival.
"""

from __future__ import annotations

import multiprocessing
import pickle
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError, Executor, Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pandas as pd

from data.progress import Progress, silent
from scenarios.ensemble.cluster import gave_up, lost_an_answer
from scenarios.ensemble.event_log import unpacked, write_event_log
from scenarios.ensemble.ledger import Answer, Ledger
from scenarios.ensemble.task import Task, run_task, start_worker
from scenarios.errors import LostWorkerError
from simulation.log import join_tables
from simulation.replicate import totals
from simulation.simulate import SimulationInputs
from simulation.tallies import Tally

PEOPLE_PER_TASK = 8_000
"""About one CPU second: long enough that handing tasks out costs nothing."""

LOST_IN_A_ROW = 3
"""Times that workers are replaced without a task finished in between."""

LOST = (
    "A worker process ended without an answer (often too little memory). "
    "Run again with fewer --workers; finished years are kept."
)

Counted: TypeAlias = tuple[Tally, list[str], bytes | None]
"""What a worker answers: tallies, who is visited, and the packed log where it was asked for."""

Crew = Callable[..., Executor]
"""Gives those who work; with the executor that lost its workers, others in their place."""


class Ensemble:
    """Replications of one scenario: handed out as many as are asked for, put together in order.

    Parameters
    ----------
    inputs
        What the simulated year depends on; written once into ``folder``, a file for each block.
    seed
        Of the draws.
    keep_every_log
        Keep the visits of all replications, not of the first alone.
    folder
        A private folder that every worker can read; logs wait in it until they are asked for.
    executor
        Gives any ``concurrent.futures`` executor; called with the one that lost its workers, it
        gives another or raises ``LostWorkerError``.
    ledger
        Keeps each answer as it comes, and gives those that are known.
    progress
        Told of each finished task.
    """

    def __init__(
        self,
        inputs: SimulationInputs,
        *,
        seed: int,
        keep_every_log: bool,
        folder: Path,
        executor: Crew,
        ledger: Ledger | None = None,
        progress: Progress = silent,
    ) -> None:
        self._blocks = _blocks_of(inputs)
        self._stored = _store_blocks(inputs, self._blocks, folder)
        self._weeks = inputs.calendar.weeks
        self._seed, self._keep_every_log = seed, keep_every_log
        self._executor, self._ledger = executor, ledger or Ledger(folder=None)
        self._progress = progress
        self._waiting: dict[Future[Counted], tuple[Task, Executor]] = {}
        self._answers: dict[int, dict[int, Answer]] = {}
        self._measures: dict[int, pd.DataFrame] = {}
        self._folder = folder
        self._logs: dict[tuple[int, int], Path] = {}
        self._visited: dict[int, pd.DataFrame] = {}
        self._done = self._lost = 0
        self.replications = 0

    def hand_out(self, replications: int) -> None:
        """Hand out every task of the replications up to so many that is not handed out yet."""
        tasks = [
            Task(
                inputs=self._stored[block],
                block=block,
                establishments=establishments,
                seed=self._seed,
                replication=replication,
                keep_log=self._keep_every_log or replication == 0,
            )
            for replication in range(self.replications, replications)
            for block, establishments in enumerate(self._blocks)
        ]
        self.replications = max(replications, self.replications)
        unknown = [task for task in tasks if not self._take_known(task)]
        self._submit(unknown)
        self._tell()

    def measures(self) -> pd.DataFrame:
        """Wait for all that was handed out, and give the measures in order of replication.

        Their words are categories.

        Raises
        ------
        LostWorkerError
            When workers are lost again and again; what was finished is in the ledger.
        """
        while self._waiting:
            try:
                for future in as_completed(list(self._waiting)):
                    counted, people, log = future.result()
                    answer = counted.table(), _people(people), log
                    task, _ = self._waiting.pop(future)
                    self._ledger.keep(task.replication, task.block, answer)
                    self._take(task, answer)
                    self._lost = 0
                    self._tell()
            except (BrokenProcessPool, CancelledError) as error:
                self._replace_lost(error)
            except Exception as error:
                if gave_up(error):
                    raise LostWorkerError(LOST) from error
                if not lost_an_answer(error):
                    raise
                self._count_lost(error)
                self._submit([task for task, _ in self._take_lost().values()])
        return join_tables([self._measures[number] for number in sorted(self._measures)])

    def visits(self) -> pd.DataFrame:
        """Give the visits kept, in order of replication and block of establishments."""
        return join_tables([unpacked(log.read_bytes()) for log in self._kept()])

    def write_visits(self, path: Path) -> None:
        """Write the visits kept into a Parquet file, as ``visits`` orders them."""
        write_event_log(self._kept(), path)

    def visited(self) -> pd.DataFrame:
        """Give who is visited in the measured weeks of every replication handed out.

        Returns
        -------
        DataFrame
            One row per replication and person visited, sorted: replication, prisoner_id.
        """
        of_each = [
            people.assign(replication=np.int32(number))
            for number, people in sorted(self._visited.items())
        ]
        return pd.concat(of_each, ignore_index=True)[["replication", "prisoner_id"]]

    def close(self) -> None:
        """Take back what nobody has begun, and remove the inputs."""
        for future in self._waiting:
            future.cancel()
        for stored in (*self._stored, *self._kept()):
            stored.unlink(missing_ok=True)

    def _kept(self) -> list[Path]:
        """Give the packed logs, in order of replication and block."""
        return [self._logs[each] for each in sorted(self._logs)]

    def _take_known(self, task: Task) -> bool:
        answer = self._ledger.answer(task.replication, task.block)
        if answer is None:
            return False
        self._take(task, answer)
        return True

    def _take(self, task: Task, answer: Answer) -> None:
        """Put an answer in its place, until its replication is whole."""
        self._done += 1
        tallies, people, log = answer
        if log is not None and task.keep_log:
            kept = self._folder.resolve() / f"visits-{task.replication}-{task.block}.arrow"
            kept.write_bytes(log)
            self._logs[task.replication, task.block] = kept
        of_replication = self._answers.setdefault(task.replication, {})
        of_replication[task.block] = tallies, people, None
        if len(of_replication) == len(self._blocks):
            self._fold(task.replication)

    def _fold(self, replication: int) -> None:
        """Turn the tallies of a whole replication into measures, which are far fewer rows."""
        whole = self._answers.pop(replication)
        tallies = pd.concat([whole[block][0] for block in sorted(whole)], ignore_index=True)
        people = pd.concat([whole[block][1] for block in sorted(whole)])
        self._visited[replication] = people.drop_duplicates().sort_values("prisoner_id")
        measures = totals(tallies, weeks=self._weeks)
        # words as numbers: a fifth of the memory for as long as years are played
        words = measures.columns[measures.dtypes == "str"]
        self._measures[replication] = measures.astype(dict.fromkeys(words, "category"))

    def _submit(self, tasks: Sequence[Task]) -> None:
        executor = self._executor()
        left = list(tasks)
        while left:
            try:
                self._waiting[executor.submit(run_task, left[0])] = left[0], executor
                left.pop(0)
            except BrokenProcessPool as error:
                executor = self._another(executor, error)

    def _replace_lost(self, error: BaseException) -> None:
        """Hand out again what was lost with a worker."""
        lost = self._take_lost()
        for executor in {id(executor): executor for _, executor in lost.values()}.values():
            self._another(executor, error)
        self._submit([task for task, _ in lost.values()])

    def _take_lost(self) -> dict[Future[Counted], tuple[Task, Executor]]:
        """Take what was lost out of what is waited for."""
        lost = {future: given for future, given in self._waiting.items() if _is_lost(future)}
        self._waiting = {
            future: given for future, given in self._waiting.items() if future not in lost
        }
        return lost

    def _count_lost(self, error: BaseException) -> None:
        self._lost += 1
        if self._lost > LOST_IN_A_ROW:
            raise LostWorkerError(LOST) from error

    def _another(self, executor: Executor, error: BaseException) -> Executor:
        self._count_lost(error)
        try:
            return self._executor(executor)
        except LostWorkerError as again:
            raise again from error

    def _tell(self) -> None:
        self._progress("simulate", self._done, self.replications * len(self._blocks))


def _people(ids: Sequence[str]) -> pd.DataFrame:
    return pd.DataFrame({"prisoner_id": pd.Series(ids, dtype="str")})


def _is_lost(future: Future[Counted]) -> bool:
    return future.done() and (future.cancelled() or future.exception() is not None)


def fixed(executor: Executor) -> Crew:
    """Give an executor that is not replaced when its workers are lost."""

    def given(lost: Executor | None = None) -> Executor:
        if lost is not None:
            raise LostWorkerError(LOST)
        return executor

    return given


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
    inputs, seed, keep_every_log, folder, progress
        As for ``Ensemble``.
    replications
        Simulated years.
    executor
        Any ``concurrent.futures`` executor: processes here, or Dask on many machines.

    Returns
    -------
    callable
        Waits for all, and gives two tables: measures by replication and establishment, and the
        visits kept; both in an order that does not depend on the workers.
    """
    ensemble = Ensemble(
        inputs,
        seed=seed,
        keep_every_log=keep_every_log,
        folder=folder,
        executor=fixed(executor),
        progress=progress,
    )
    ensemble.hand_out(replications)

    def answers() -> tuple[pd.DataFrame, pd.DataFrame]:
        with closing(ensemble):
            return ensemble.measures(), ensemble.visits()

    return answers


def _people_at(inputs: SimulationInputs) -> dict[str, int]:
    return {code: len(place.keys) for code, place in inputs.places.items()}


def blocks(
    people: Mapping[str, int],
    size: int = PEOPLE_PER_TASK,
    together: Iterable[tuple[str, ...]] | None = None,
) -> list[tuple[str, ...]]:
    """Cut the estate into blocks of about ``size`` people or more, in the order of the codes.

    Parameters
    ----------
    people
        People by establishment.
    size
        People in a block, at least.
    together
        Establishments that cannot be played apart, in groups, each in one of them; by default
        every one is a group.

    Examples
    --------
    >>> blocks({"A": 3, "B": 3, "C": 5}, size=5)
    [('A', 'B'), ('C',)]
    >>> blocks({"A": 3, "B": 3, "C": 5}, size=5, together=[("A", "C"), ("B",)])
    [('A', 'C'), ('B',)]
    """
    cut: list[tuple[str, ...]] = []
    block: list[str] = []
    held = 0
    for group in together or ((code,) for code in sorted(people)):
        block += group
        held += sum(people[establishment] for establishment in group)
        if held >= size:
            cut.append(tuple(block))
            block, held = [], 0
    return [*cut, tuple(block)] if block else cut


def tasks_of(inputs: SimulationInputs, folder: Path, *, seed: int, replication: int) -> list[Task]:
    """Give the tasks of one replication without its log, their inputs stored in a folder."""
    cut = _blocks_of(inputs)
    stored = _store_blocks(inputs, cut, folder)
    return [
        Task(
            inputs=path,
            block=number,
            establishments=block,
            seed=seed,
            replication=replication,
            keep_log=False,
        )
        for number, (block, path) in enumerate(zip(cut, stored, strict=True))
    ]


def _blocks_of(inputs: SimulationInputs) -> list[tuple[str, ...]]:
    return blocks(_people_at(inputs), together=inputs.played_together())


def _store_blocks(
    inputs: SimulationInputs, cut: Sequence[tuple[str, ...]], folder: Path
) -> list[Path]:
    """Write the inputs of every block into a file of its own."""
    stored = [folder.resolve() / f"inputs-{number}.pickle" for number in range(len(cut))]
    for block, path in zip(cut, stored, strict=True):
        with path.open("wb") as file:
            pickle.dump(inputs.at(block), file, protocol=pickle.HIGHEST_PROTOCOL)
    return stored


@contextmanager
def process_pool(workers: int) -> Iterator[Executor]:
    """Give a pool of processes that ends with this block, whatever happens in it.

    Workers are spawned, leave Ctrl-C to the driver, and end by themselves when the driver dies.
    """
    before = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(
        workers,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=start_worker,
    )
    answers = pool._result_queue
    try:
        yield pool
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        workers_left = set(multiprocessing.active_children()) - before
        for child in workers_left:
            child.kill()
        for child in workers_left:
            child.join(timeout=10)
        # of a worker killed while it wrote, half an answer is left; the pool would wait for the
        # rest for ever, for as long as it could itself write there
        answers._writer.close()  # type: ignore[attr-defined]
        raise
    finally:
        pool.shutdown()

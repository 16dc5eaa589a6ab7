"""How work is cut, and put together again."""

from __future__ import annotations

import os
import pickle
import struct
import subprocess
import sys
import threading
import time
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenarios.ensemble.runner import blocks, play, process_pool, tasks_of
from scenarios.inputs import load_inputs
from scenarios.load import load_scenario
from scenarios.planning.place import place, simulated_on
from simulation.replicate import replicate, totals
from simulation.simulate import SimulationInputs

codes = st.text("ABC", min_size=3, max_size=3)


@given(people=st.dictionaries(codes, st.integers(0, 2000)), size=st.integers(1, 5000))
def test_every_establishment_is_in_exactly_one_block(people: dict[str, int], size: int) -> None:
    cut = blocks(people, size)
    assert [code for block in cut for code in block] == sorted(people)
    held = [sum(people[code] for code in block) for block in cut]
    assert all(number >= size for number in held[:-1])


@pytest.fixture(scope="module")
def inputs(small_data: Path, short_year: Path) -> SimulationInputs:
    scenario = load_scenario(str(short_year))
    found = load_inputs(scenario, small_data)
    return simulated_on(scenario, found, place(scenario, found))


class Backwards(Executor):
    """Does the last task first, to show that order does not matter."""

    def __init__(self) -> None:
        self._tasks: list[tuple[Future[Any], Any, Any]] = []

    def submit(self, work: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self._tasks.append((future, work, args))
        if len(self._tasks) == 3:
            for each, task, given_args in reversed(self._tasks):
                each.set_result(task(*given_args))
        return future


def test_the_order_of_answers_does_not_matter(inputs: SimulationInputs, tmp_path: Path) -> None:
    told = []

    def played(executor: Executor) -> tuple[pd.DataFrame, pd.DataFrame]:
        return play(
            inputs,
            seed=1,
            replications=3,
            keep_every_log=True,
            folder=tmp_path,
            executor=executor,
            progress=lambda *step: told.append(step),
        )()

    with ThreadPoolExecutor(1) as one:
        forwards = played(one)
    backwards = played(Backwards())
    for left, right in zip(forwards, backwards, strict=True):
        pd.testing.assert_frame_equal(left, right, check_exact=True)
    assert told[0] == ("simulate", 0, 3)
    assert told[3] == ("simulate", 3, 3)
    assert list(tmp_path.iterdir()) == []


def test_an_ensemble_of_any_length_is_the_sum_of_its_years(
    inputs: SimulationInputs, tmp_path: Path
) -> None:
    """Years become measures one by one; against all of them at once, block by block."""
    years = 6
    with ThreadPoolExecutor(1) as one:
        measures, _ = play(
            inputs, seed=1, replications=years, keep_every_log=False, folder=tmp_path, executor=one
        )()
    tallies = [
        replicate(inputs, [code], seed=1, replication=number, keep_log=False)[0]
        for number in range(years)
        for code in inputs.establishments
    ]
    expected = totals(pd.concat(tallies, ignore_index=True), weeks=inputs.calendar.weeks)
    pd.testing.assert_frame_equal(measures.astype(expected.dtypes), expected)


def test_a_worker_plays_a_year_without_a_library_of_tables(
    inputs: SimulationInputs, tmp_path: Path
) -> None:
    """Such a library would be half of its memory."""
    (task, *_) = tasks_of(inputs, tmp_path, seed=1, replication=0)
    work = (
        "import pickle, sys; from scenarios.ensemble.task import run_task; "
        "counted, _, log = run_task(pickle.load(sys.stdin.buffer)); "
        "print(len(counted), log, {'pandas', 'pyarrow'} & set(sys.modules))"
    )
    root = Path(__file__).resolve().parents[2]
    worker = [sys.executable, "-c", work]
    told = subprocess.run(
        worker, input=pickle.dumps(task), cwd=root, capture_output=True, check=True
    )
    rows, *rest = told.stdout.decode().split()
    assert int(rows) > 1_000
    assert rest == ["None", "set()"]


def half_an_answer() -> None:
    """In a worker: write the length of an answer and only a part of it, and wait to be ended."""
    frame = sys._getframe()
    while "result_queue" not in frame.f_locals:
        assert frame.f_back is not None
        frame = frame.f_back
    answers = frame.f_locals["result_queue"]._writer.fileno()
    os.write(answers, struct.pack("!i", 1_000) + b"only this")
    threading.Event().wait()


def test_pool_ends_although_a_worker_was_ended_in_the_middle_of_its_answer() -> None:
    def interrupted() -> None:
        with process_pool(1) as pool:
            pool.submit(half_an_answer)
            time.sleep(2)
            raise KeyboardInterrupt

    before = set(threading.enumerate())
    with pytest.raises(KeyboardInterrupt):
        interrupted()
    for thread in set(threading.enumerate()) - before:
        thread.join(timeout=30)
        assert not thread.is_alive()


def test_a_lost_worker_is_said_so(inputs: SimulationInputs, tmp_path: Path) -> None:
    class Lost(ThreadPoolExecutor):
        def submit(self, work: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
            future: Future[Any] = Future()
            future.cancel()
            future.set_running_or_notify_cancel()
            return future

    with Lost(1) as lost, pytest.raises(RuntimeError, match="fewer --workers"):
        play(
            inputs,
            seed=1,
            replications=1,
            keep_every_log=False,
            folder=tmp_path,
            executor=lost,
        )()


def test_a_task_holds_its_own_establishments_alone_and_gives_the_same(
    inputs: SimulationInputs, tmp_path: Path
) -> None:
    code = inputs.establishments[-1]
    own = inputs.at((code,))

    alone, _ = replicate(own, (code,), seed=1, replication=1, keep_log=False)
    whole, _ = replicate(inputs, (code,), seed=1, replication=1, keep_log=False)

    pd.testing.assert_frame_equal(alone, whole, check_exact=True)
    assert own.establishments == tuple(own.sessions) == tuple(own.stations) == (code,)
    stored = tasks_of(inputs, tmp_path, seed=1, replication=1)
    assert [each.establishments for each in stored] == blocks(
        {code: len(place.keys) for code, place in inputs.places.items()},
        together=inputs.played_together(),
    )

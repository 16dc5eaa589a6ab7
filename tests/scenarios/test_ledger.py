"""A run that was killed goes on where it stood, to the byte, or says why it cannot."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from scenarios.ensemble.event_log import packed, unpacked
from scenarios.ensemble.ledger import (
    Ledger,
    check_resumable,
    clear_old_ledgers,
    differing,
    ledger_name,
    open_ledger,
)
from scenarios.ensemble.runner import Ensemble, fixed, play
from scenarios.errors import LostWorkerError, ScenarioError
from scenarios.inputs import load_inputs
from scenarios.load import load_scenario
from scenarios.planning.place import place, simulated_on
from scenarios.results import file_digest
from scenarios.run import Options, Workers, begin, ledger_fields, run, run_many
from simulation.replicate import replicate
from simulation.simulate import SimulationInputs

ROOT = Path(__file__).resolve().parents[2]
FIELDS = {"seed": "1", "setting regime.notice_days_min": "2", "table units": "a"}
POSIX = pytest.mark.skipif(os.name != "posix", reason="signals are those of POSIX")


@pytest.fixture(scope="module")
def inputs(small_data: Path) -> SimulationInputs:
    scenario = load_scenario("baseline")
    found = load_inputs(scenario, small_data)
    return simulated_on(scenario, found, place(scenario, found))


def test_an_answer_is_kept_to_the_byte(inputs: SimulationInputs, tmp_path: Path) -> None:
    tallies, log = replicate(inputs, ["LEI", "DMI"], seed=1, replication=0, keep_log=True)
    visited = pd.DataFrame({"prisoner_id": ["P1", "P2"]})
    assert log is not None
    answer = tallies, visited, packed(log)
    without_log = tallies, visited, None
    with open_ledger(tmp_path, "baseline", FIELDS) as ledger:
        ledger.keep(0, 0, answer)
        ledger.keep(1, 0, without_log)
        assert ledger.holds == 2
        found, bare = ledger.answer(0, 0), ledger.answer(1, 0)
        assert ledger.answer(0, 1) is None
    assert found is not None
    assert bare is not None
    assert bare[2] is None
    pd.testing.assert_frame_equal(bare[1], visited, check_exact=True)
    assert found[2] is not None
    assert found[2] == answer[2]
    for kept, given in zip((*found[:2], unpacked(found[2])), (*answer[:2], log), strict=True):
        pd.testing.assert_frame_equal(kept, given, check_exact=True)
        for name in given.columns[given.dtypes == "category"]:
            assert kept[name].cat.categories.equals(given[name].cat.categories)


def test_a_damaged_answer_is_worked_out_again(inputs: SimulationInputs, tmp_path: Path) -> None:
    tallies, log = replicate(inputs, ["LEI"], seed=1, replication=0, keep_log=False)
    answer = tallies, pd.DataFrame({"prisoner_id": ["P1"]}), log
    with open_ledger(tmp_path, "baseline", FIELDS) as ledger:
        ledger.keep(0, 0, answer)
        assert ledger.folder is not None
        (kept,) = ledger.folder.glob("*.task")
        kept.write_bytes(kept.read_bytes()[:-1])
        assert ledger.answer(0, 0) is None


def test_an_empty_ledger_leaves_nothing(tmp_path: Path) -> None:
    with open_ledger(tmp_path, "baseline", FIELDS) as ledger:
        assert ledger.holds == 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"seed": "2"}, "seed (1, now 2)"),
        ({"table units": "b"}, "table units"),
        (
            {"setting regime.notice_days_min": "3"},
            "setting regime.notice_days_min (2, now 3)",
        ),
    ],
)
def test_a_ledger_of_something_else_is_refused_by_the_field(
    tmp_path: Path, change: dict[str, str], words: str
) -> None:
    with open_ledger(tmp_path, "baseline", FIELDS) as ledger:
        ledger.keep(0, 0, (pd.DataFrame({"a": [1]}), None))
    check_resumable(tmp_path, "baseline", FIELDS)
    with pytest.raises(ScenarioError) as refused:
        check_resumable(tmp_path, "baseline", FIELDS | change)
    assert f"different: {words}. Put these back" in str(refused.value)


def test_a_ledger_whose_fields_were_altered_is_refused(tmp_path: Path) -> None:
    with open_ledger(tmp_path, "baseline", FIELDS) as ledger:
        ledger.keep(0, 0, (pd.DataFrame({"a": [1]}), None))
        assert ledger.folder is not None
        path = ledger.folder / "ledger.json"
        told = json.loads(path.read_text())
        path.write_text(json.dumps(told | {"fields": FIELDS | {"seed": "7"}}))
    with (
        pytest.raises(ScenarioError, match=r"seed \(7, now 1\)"),
        open_ledger(tmp_path, "baseline", FIELDS),
    ):
        pytest.fail("was opened")


def test_many_differences_are_counted() -> None:
    stored = {f"version of {n}": "1" for n in range(8)}
    now = {f"version of {n}": "2" for n in range(8)}
    assert len(differing(stored, now)) == 8


def test_nothing_to_go_on_with_is_said_so(small_data: Path, tmp_path: Path) -> None:
    asked = Options(data_dir=small_data, runs_dir=tmp_path, replications=1, resume=True)
    with pytest.raises(ScenarioError, match="no unfinished run of 'baseline'"):
        run_many(["baseline"], asked)


def test_a_ledger_that_was_taken_away_is_done_without(tmp_path: Path) -> None:
    """Two identical runs at once: the first to end removes what both have been writing to."""
    answer = pd.DataFrame({"a": [1]}), None
    with open_ledger(tmp_path, "baseline", FIELDS) as ledger:
        ledger.keep(0, 0, answer)
        assert ledger.folder is not None
        shutil.rmtree(ledger.folder)
        ledger.keep(1, 0, answer)
        assert ledger.answer(1, 0) is None
    assert list(tmp_path.iterdir()) == []


def test_a_ledger_that_another_process_keeps_cannot_be_resumed(tmp_path: Path) -> None:
    folder = tmp_path / ledger_name("baseline", FIELDS)
    folder.mkdir()
    told = {"driver": os.getppid(), "fields": FIELDS}
    (folder / "ledger.json").write_text(json.dumps(told))
    with (
        pytest.raises(ScenarioError, match=f"process {os.getppid()} is going on"),
        open_ledger(tmp_path, "baseline", FIELDS, resume=True),
    ):
        pytest.fail("was opened")


def test_a_cluster_that_gave_up_is_a_lost_worker(inputs: SimulationInputs, tmp_path: Path) -> None:
    """Dask raises this after a task's worker has died three times (allowed-failures)."""
    scheduler = pytest.importorskip("distributed.scheduler")

    class Gone(ThreadPoolExecutor):
        def submit(self, work: object, /, *args: object, **kwargs: object) -> Future[Any]:
            future: Future[Any] = Future()
            future.set_exception(scheduler.KilledWorker("task", None, 3))
            return future

    with Gone(1) as gone, pytest.raises(LostWorkerError, match="fewer --workers"):
        play(inputs, seed=1, replications=1, keep_every_log=False, folder=tmp_path, executor=gone)()


def test_an_answer_that_died_with_its_worker_is_asked_for_again(
    inputs: SimulationInputs, tmp_path: Path
) -> None:
    """As Dask's own function hands on an answer that was fetched and then counts as lost."""
    cfexecutor = pytest.importorskip("distributed.cfexecutor")
    ioloop = pytest.importorskip("tornado.ioloop")

    class Gone:
        status = "lost"

        async def _result(self, *, raiseit: bool) -> tuple[None, list[str], None]:
            return None, ["P1"], None

    def hand_on(future: Future[Any]) -> None:
        loop = ioloop.IOLoop(make_current=False)
        loop.run_sync(lambda: cfexecutor._cascade_future(Gone(), future))
        loop.close()

    class Forgetful(ThreadPoolExecutor):
        forgets = True

        def submit(self, work: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
            if not self.forgets:
                return super().submit(work, *args, **kwargs)
            self.forgets = False
            future: Future[Any] = Future()
            super().submit(hand_on, future).result()
            return future

    def played(executor: ThreadPoolExecutor) -> pd.DataFrame:
        with executor:
            return play(
                inputs,
                seed=1,
                replications=2,
                keep_every_log=False,
                folder=tmp_path,
                executor=executor,
            )()[0]

    found, expected = played(Forgetful(1)), played(ThreadPoolExecutor(1))
    pd.testing.assert_frame_equal(found, expected, check_exact=True)


def test_a_ledger_that_another_process_keeps_is_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / ledger_name("baseline", FIELDS)
    folder.mkdir()
    other = os.getppid()
    (folder / "ledger.json").write_text(json.dumps({"driver": other, "fields": FIELDS}))
    with open_ledger(tmp_path, "baseline", FIELDS) as ledger:
        ledger.keep(0, 0, (pd.DataFrame(), None))
        assert ledger.answer(0, 0) is None
        ledger.forget()
    assert [path.name for path in folder.iterdir()] == ["ledger.json"]


def test_a_ledger_forgotten_for_a_month_is_removed(tmp_path: Path) -> None:
    for days in (29, 31):
        folder = tmp_path / f".unfinished-x-0000000{days % 10}"
        folder.mkdir()
        then = time.time() - days * 86_400
        os.utime(folder, (then, then))
    clear_old_ledgers(tmp_path)
    assert [path.name[-1] for path in tmp_path.iterdir()] == ["9"]


@POSIX
def test_a_killed_worker_loses_nothing(inputs: SimulationInputs, tmp_path: Path) -> None:
    killed: list[int] = []

    def kill_one(stage: str, done: int, total: int) -> None:
        if done == 2 and not killed:
            victim = multiprocessing.active_children()[0]
            assert victim.pid is not None
            os.kill(victim.pid, signal.SIGKILL)
            killed.append(victim.pid)

    with Workers(Options(workers=1)) as workers:
        ensemble = Ensemble(
            inputs,
            seed=1,
            keep_every_log=True,
            folder=tmp_path,
            executor=workers.executor,
            progress=kill_one,
        )
        with closing(ensemble):
            ensemble.hand_out(8)
            found = ensemble.measures(), ensemble.visits()
    assert killed
    with ThreadPoolExecutor(1) as one:
        expected = play(
            inputs, seed=1, replications=8, keep_every_log=True, folder=tmp_path, executor=one
        )()
    for left, right in zip(found, expected, strict=True):
        pd.testing.assert_frame_equal(left, right, check_exact=True)


@POSIX
def test_workers_lost_again_and_again_end_the_run(inputs: SimulationInputs, tmp_path: Path) -> None:
    """Without it a machine with too little memory would start processes for ever."""
    with Workers(Options(workers=1)) as workers:
        executor = workers.executor()
        with pytest.raises(BrokenProcessPool):
            executor.submit(os._exit, 1).result()

        def broken(lost: object = None) -> object:
            return executor

        ensemble = Ensemble(
            inputs,
            seed=1,
            keep_every_log=False,
            folder=tmp_path,
            executor=broken,  # type: ignore[arg-type]
        )
        with closing(ensemble), pytest.raises(LostWorkerError, match="fewer --workers"):
            ensemble.hand_out(1)


@POSIX
def test_a_killed_worker_of_a_cluster_loses_nothing(
    inputs: SimulationInputs, tmp_path: Path
) -> None:
    distributed = pytest.importorskip("distributed")
    killed: list[int] = []
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    ) as local:

        def kill_one(stage: str, done: int, total: int) -> None:
            if done == 2 and not killed:
                killed.append(next(iter(local.workers.values())).pid)
                os.kill(killed[0], signal.SIGKILL)

        with Workers(Options(cluster_address=local.scheduler_address)) as workers:
            ensemble = Ensemble(
                inputs,
                seed=1,
                keep_every_log=False,
                folder=tmp_path,
                executor=workers.executor,
                progress=kill_one,
            )
            with closing(ensemble):
                ensemble.hand_out(8)
                found = ensemble.measures()
    assert killed
    with ThreadPoolExecutor(1) as one:
        expected, _ = play(
            inputs, seed=1, replications=8, keep_every_log=False, folder=tmp_path, executor=one
        )()
    pd.testing.assert_frame_equal(found, expected, check_exact=True)


@POSIX
def test_a_killed_driver_loses_nothing(small_data: Path, short_year: Path, tmp_path: Path) -> None:
    """The command is killed in the middle; the same command gives what it would have given."""
    replications = 12
    command = [sys.executable, "-m", "scenarios.cli", "run", str(short_year)]
    command += ["--data", str(small_data), "--runs", str(tmp_path / "killed")]
    command += ["--workers", "1", "--replications", str(replications)]
    with subprocess.Popen(
        command, cwd=ROOT, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    ) as job:
        end = time.monotonic() + 120
        while len(list((tmp_path / "killed").glob(".unfinished-*/*.task"))) < 3:
            assert time.monotonic() < end
            assert job.poll() is None
            time.sleep(0.02)
        job.kill()
        job.wait(timeout=60)
    scenario = load_scenario(str(short_year))
    asked = Options(
        data_dir=small_data, runs_dir=tmp_path / "killed", replications=replications, resume=True
    )
    (kept,) = (tmp_path / "killed").glob(".unfinished-*")
    assert kept.name == ledger_name(scenario.name, ledger_fields(scenario, asked))
    finished = len(list(kept.glob("*.task")))
    told: list[tuple[str, int, int]] = []
    with ThreadPoolExecutor(1) as pool:
        resumed = run(scenario, asked, fixed(pool), lambda *step: told.append(step))
        fresh = Options(data_dir=small_data, runs_dir=tmp_path / "fresh", replications=replications)
        expected = run(scenario, fresh, fixed(pool))
    first = next(step for step in told if step[0] == "simulate")
    assert first == ("simulate", finished, replications)
    assert 3 <= finished < replications
    assert not kept.exists()
    assert resumed.folder is not None
    assert expected.folder is not None
    for path in sorted(expected.folder.iterdir()):
        if path.name not in ("manifest.json", "allocation.json"):
            assert file_digest(path) == file_digest(resumed.folder / path.name), path.name


def test_what_was_finished_serves_a_longer_run(small_data: Path, tmp_path: Path) -> None:
    scenario = load_scenario("baseline")
    short = Options(data_dir=small_data, runs_dir=tmp_path, replications=2)
    told: list[int] = []
    with ThreadPoolExecutor(1) as pool:
        with begin(scenario, short, fixed(pool)) as begun:
            begun.hand_out(2)
            begun.measures()
        longer = Options(data_dir=small_data, runs_dir=tmp_path, replications=3)
        with begin(
            scenario, longer, fixed(pool), lambda _, done, total: told.append(done)
        ) as begun:
            begun.hand_out(3)
            found = begun.finish()
    assert told[-2:] == [2, 3]
    assert found.replications == 3
    assert [path.name for path in tmp_path.glob(".*")] == []


def test_a_ledger_without_a_folder_keeps_nothing() -> None:
    ledger = Ledger(folder=None)
    ledger.keep(0, 0, (pd.DataFrame(), None))
    assert (ledger.answer(0, 0), ledger.holds) == (None, 0)
    ledger.forget()

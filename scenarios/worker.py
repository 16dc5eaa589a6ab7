"""A long command in a process of its own, which waits its turn and is watched through small files.

    python -m scenarios.worker JOB_DIR

The app starts it and polls ``status.json``; the command line calls the same functions in its own
process. Jobs beside each other work one at a time, in the order they were asked for. SIGTERM
cancels: workers end, and nothing half-written is left.

A job is a folder with these files::

    request.json   what was asked for, by whom and when
    asked/         scenario files and locks as they were then
    status.json    how far it is
    alive          locked by the worker as long as it lives
    log.txt        what the worker wrote
    times.json     what each stage took, once it has ended well
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from pathlib import Path
from types import FrameType
from typing import Any

from scenarios.jobs import ENDED, Job, Request, State, Status
from scenarios.time_left import Earlier, Expected, Step, Timer, expected

JOBS = ".jobs"
"""Folder of the jobs, among the runs."""

REQUEST_FILE = "request.json"
STATUS_FILE = "status.json"
ALIVE_FILE = "alive"
LOG_FILE = "log.txt"
TIMES_FILE = "times.json"
TURN_FILE = "turn"
ASKED_FOLDER = "asked"

KEPT_DAYS = 30
"""An ended job is forgotten so long after it was asked for; what it made stays."""

LOOK_SECONDS = 0.2
"""A waiting job looks this often whether it is its turn."""

SECONDS_TO_START = 30.0
"""A worker that has not said that it lives after so long is given up."""

POLITE = 5
"""Niceness of a worker, so that pages are answered first."""

GRACE_SECONDS = 5.0
"""Seconds a cancelled job has to tidy up before it is killed."""

LOG_LINES = 12

VANISHED = "The work stopped without saying why. Start it again."


class Cancelled(BaseException):
    """Somebody asked the work to stop."""


def start(folder: Path, request: Request) -> subprocess.Popen[bytes]:
    """Start a job in the background; poll it with ``read_status``, cancel it with SIGTERM.

    Scenario files and locks are copied into its folder: what is changed in them while the job
    waits is not what was asked for. Jobs that ended long ago are forgotten.

    Parameters
    ----------
    folder
        A folder for the job, made if need be; jobs in the same parent folder wait for each other.
    request
        What to do.

    Raises
    ------
    ScenarioError
        When there is no such command or option.
    """
    from scenarios.commands import absolute, check

    check(request.command, request.options)
    folder.mkdir(parents=True, exist_ok=True)
    asked = replace(
        request,
        runs=str(Path(request.runs).resolve()),
        options=_copied(absolute(request.options), folder.resolve() / ASKED_FOLDER),
        asked_ns=request.asked_ns or time.time_ns(),
    )
    _write_json(folder / REQUEST_FILE, asdict(asked))
    write_status(folder, Status())
    _forget_old(folder.parent)
    with (folder / LOG_FILE).open("wb") as log:
        return subprocess.Popen(  # noqa: S603  our own module, with a folder we made
            [sys.executable, "-m", "scenarios.worker", str(folder.resolve())],
            cwd=Path(__file__).parent.parent,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def _copied(options: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Give options whose scenario files and locks are copies of their own, of the same names."""

    def copy(asked: str, place: str) -> str:
        source = Path(asked)
        if not (source.is_absolute() and source.is_file()):
            return asked  # a name, or a file that the command will miss
        (folder / place).mkdir(parents=True, exist_ok=True)
        return str(shutil.copyfile(source, folder / place / source.name))

    found = dict(options)
    for name in ("scenario", "locks"):
        if found.get(name) is not None:
            found[name] = copy(found[name], name)
    if "scenarios" in found:
        # in a folder each, since two may have the same name
        found["scenarios"] = [
            copy(each, f"scenario-{number}") for number, each in enumerate(found["scenarios"], 1)
        ]
    return found


def _forget_old(parent: Path) -> None:
    """Delete the folders of jobs that ended and were asked for long ago."""
    latest = time.time_ns() - KEPT_DAYS * 24 * 3600 * 10**9
    for job in list(_found(parent)):
        if job.has_ended and job.request.asked_ns < latest:
            shutil.rmtree(job.folder, ignore_errors=True)


def read_status(folder: Path) -> Status:
    """Read how far a job is; ``starting`` when it has not written yet."""
    try:
        return Status(**json.loads((folder / STATUS_FILE).read_text(encoding="utf-8")))
    except FileNotFoundError:
        return Status()


def write_status(folder: Path, status: Status) -> None:
    """Write the status so that a reader sees the old one or the new one, never half."""
    _write_json(folder / STATUS_FILE, asdict(status))


def read_request(folder: Path) -> Request:
    """Read what was asked for."""
    return Request(**json.loads((folder / REQUEST_FILE).read_text(encoding="utf-8")))


def jobs(parent: Path) -> list[Job]:
    """List the jobs of a folder, those who asked first before the others.

    A worker that ended without a word counts as failed, however it ended. A folder that is no job
    is left out.
    """
    found = sorted(_found(parent), key=_order)
    ahead, told = 0, []
    for job in found:
        told.append(replace(job, ahead=ahead))
        ahead += not job.has_ended
    return told


def _found(parent: Path, *, living: bool = False) -> Iterator[Job]:
    """Give the jobs of a folder, in no order; ended ones are passed by if living ones are asked."""
    for folder in parent.iterdir() if parent.is_dir() else ():
        try:
            if living and read_status(folder).state in ENDED:
                continue
            job = Job(folder=folder, request=read_request(folder), status=truly(folder))
        except (OSError, ValueError, TypeError):
            continue
        if not (living and job.has_ended):
            yield job


def truly(folder: Path) -> Status:
    """Read how far a job is; one whose worker is dead counts as failed."""
    if (status := read_status(folder)).state in ENDED:
        return status
    if is_alive(folder):
        return read_status(folder)
    # read after the look, since a worker writes its end before it dies
    status = read_status(folder)
    if status.state in ENDED or (status.state == "starting" and not _is_late(folder)):
        return status
    return replace(status, state="failed", message=VANISHED, seconds_left=None)


def is_alive(folder: Path) -> bool:
    """Whether the worker of a job lives, by the lock that only a living one can hold."""
    from scenarios.locking import is_held

    return is_held(folder / ALIVE_FILE)


def log_tail(folder: Path, reference: str | None = None) -> list[str]:
    """Return the last lines that a worker wrote, or those of the log of an unexpected fault.

    Such a log names lines of code and no value, so that no person is in it.
    """
    name = LOG_FILE if reference is None else f"fault-{reference}.log"
    try:
        text = (folder / name).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return text.splitlines()[-LOG_LINES:]


def work(folder: Path) -> int:
    """Wait for the turn of a job, do it, and give the exit code."""
    from scenarios.locking import holding

    with holding(folder / ALIVE_FILE, wait=True):
        return _work(folder)


def _work(folder: Path) -> int:
    from scenarios.commands import perform
    from scenarios.ensemble.ledger import forget_own_ledgers
    from scenarios.errors import ExitCode
    from scenarios.faults import ending

    if read_status(folder).state in ENDED:  # given up before it said that it lives
        return int(ExitCode.INTERRUPTED)
    request: Request | None = None
    watch = _Watch(folder, Status(state="waiting", pid=os.getpid()))
    try:
        request = read_request(folder)
        with _turn(folder):
            if read_status(folder).state in ENDED:
                return int(ExitCode.INTERRUPTED)
            watch.begin(expected(request, _earlier_times(folder.parent)))
            found = perform(request.command, Path(request.runs), request.options, watch.progress)
        watch.end("done", found.exit_code, folder=str(found.folder))
    except (Cancelled, KeyboardInterrupt):
        if request is not None:
            forget_own_ledgers(Path(request.runs))
        watch.end("cancelled", ExitCode.INTERRUPTED, message="Cancelled. Nothing was left.")
    except Exception as error:
        message, code, reference = ending(error, folder)
        watch.end("failed", code, message=message, reference=reference)
    return watch.status.exit_code or 0


@contextmanager
def _turn(folder: Path) -> Iterator[None]:
    """Wait until no living job was asked for earlier and nobody works, then work for a block."""
    from scenarios.locking import holding

    while True:
        if not any(_earlier(folder)):
            with holding(folder.parent / TURN_FILE) as ours:
                if ours:
                    yield
                    return
        time.sleep(LOOK_SECONDS)


def _earlier(folder: Path) -> Iterator[Job]:
    """Give the living jobs that go before one."""
    own = read_request(folder).asked_ns, folder.name
    return (job for job in _found(folder.parent, living=True) if _order(job) < own)


def _earlier_times(parent: Path) -> Iterator[Earlier]:
    """Give what the stages of the jobs beside took that ended well and did any work."""
    for path in parent.glob(f"*/{TIMES_FILE}"):
        try:
            told = json.loads(path.read_text(encoding="utf-8"))["steps"]
            steps = [Step(**step) for step in told]
            asked = read_request(path.parent)
        except (OSError, ValueError, TypeError, KeyError):
            continue
        if any(step.stage for step in steps):
            yield Earlier(request=asked, steps=steps)


def cancel(folder: Path) -> None:
    """Ask a job to stop, and kill it when it does not; nothing half-written is left."""
    from scenarios.results import clear_abandoned

    deadline = time.monotonic() + GRACE_SECONDS
    asked = False
    while (status := truly(folder)).state not in ENDED and time.monotonic() < deadline:
        if not asked and status.pid is not None:
            _signal(status.pid, signal.SIGTERM)
            asked = True
        time.sleep(LOOK_SECONDS / 2)
    left = read_status(folder)
    if left.pid is not None and is_alive(folder):
        _signal_all(left.pid)
    if left.state not in ENDED:
        message = "Cancelled. Nothing was left."
        write_status(folder, replace(left, state="cancelled", message=message, seconds_left=None))
        clear_abandoned(Path(read_request(folder).runs))


def keep_the_best(folder: Path) -> None:
    """Ask a job to end with the best it has found so far, as an interrupt does."""
    status = truly(folder)
    if status.pid is not None and status.state == "running":
        _signal(status.pid, signal.SIGINT)


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def _signal_all(pid: int) -> None:
    """Kill a worker and the processes it started, which are a group of their own."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _order(job: Job) -> tuple[int, str]:
    return job.request.asked_ns, job.name


def _is_late(folder: Path) -> bool:
    """Whether a worker should have said by now that it lives."""
    try:
        told = (folder / STATUS_FILE).stat().st_mtime
    except OSError:
        return True
    return time.time() - told > SECONDS_TO_START


class _Watch:
    """Turns progress reports into a status with the time left."""

    def __init__(self, folder: Path, status: Status) -> None:
        self._folder = folder
        self._timer = Timer(time.monotonic())
        self._measure: Expected | None = None
        self.status = status
        write_status(folder, status)

    def begin(self, measure: Expected | None) -> None:
        """Say that the turn has come, and take what the time left is measured by."""
        self._measure = measure
        now = time.monotonic()
        self._timer = Timer(now)
        self._write(state="running", **self._whole(now))

    def progress(self, stage: str, done: int, total: int) -> None:
        """Take one report."""
        now = time.monotonic()
        self._timer.report(stage, done, total, now)
        left = self._timer.step_left(now)
        self._write(stage=stage, done=done, total=total, seconds_left=left, **self._whole(now))

    def _whole(self, now: float) -> dict[str, Any]:
        """Say when the whole is expected to end, and what tells it."""
        left = None if self._measure is None else self._timer.left(self._measure.steps, now)
        if self._measure is None or left is None:
            return {"ends": None, "basis": ""}
        return {"ends": time.time() + left, "basis": self._measure.basis}

    def end(self, state: State, code: int, **found: Any) -> None:
        """Say how the job ended; what its stages took is kept for others like it."""
        if state == "done" and code == 0:
            steps = self._timer.steps(time.monotonic())
            _write_json(self._folder / TIMES_FILE, {"steps": [asdict(step) for step in steps]})
        self._write(state=state, exit_code=int(code), seconds_left=None, ends=None, **found)

    def _write(self, **changes: Any) -> None:
        self.status = replace(self.status, **changes)
        write_status(self._folder, self.status)


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    partial = path.with_name(f"{path.name}.{os.getpid()}")
    partial.write_text(json.dumps(content), encoding="utf-8")
    partial.replace(path)


def give_way() -> None:
    """Leave the processor to whoever needs it first, such as the server that answers readers.

    Linux may share it among sessions before it looks at their processes, so that a process in a
    session of its own gives way only where its session does (``sched(7)``, autogroups).
    """
    if hasattr(os, "nice"):
        os.nice(POLITE)
    with suppress(OSError):
        Path("/proc/self/autogroup").write_text(str(POLITE), encoding="ascii")


def _cancel(signum: int, frame: FrameType | None) -> None:
    raise Cancelled


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _cancel)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    give_way()
    raise SystemExit(work(Path(sys.argv[1])))

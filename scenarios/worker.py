"""A run in a process of its own, watched through a small file.

    python -m scenarios.worker REQUEST_DIR

The app starts it and polls ``status.json``; the command line calls the same ``run`` in its own
process. SIGTERM cancels: workers end, and nothing half-written is left.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from data.progress import Progress

State = Literal["starting", "running", "done", "failed", "cancelled"]

REQUEST_FILE = "request.json"
STATUS_FILE = "status.json"

STEADY_SECONDS = 1.0
"""Before this much of a stage has passed, no time left is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """What to run: a scenario's name or file, and the options of ``estate run``."""

    scenario: str
    runs: str = "runs"
    data: str | None = None
    seed: int = 1
    replications: int = 4
    workers: int = 2
    keep_visits: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """How far a run is.

    ``seconds_left`` is for the current stage and ``None`` until it can be told. ``run`` is the run
    folder once done. ``message`` says what was wrong and ``reference`` names the log of an
    unexpected fault. ``exit_code`` is the one ``estate run`` would have ended with.
    """

    state: State = "starting"
    stage: str = ""
    done: int = 0
    total: int = 0
    seconds_left: float | None = None
    run: str | None = None
    message: str = ""
    reference: str | None = None
    exit_code: int | None = None
    pid: int | None = None


class Cancelled(BaseException):
    """Somebody asked the run to stop."""


def start(folder: Path, request: RunRequest) -> subprocess.Popen[bytes]:
    """Start a run in the background; poll it with ``read_status``, cancel it with SIGTERM.

    Parameters
    ----------
    folder
        A folder for the request and its status, made if need be. It is not the run folder.
    request
        What to run.
    """
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(asdict(_absolute(request)), indent=2)
    (folder / REQUEST_FILE).write_text(text, encoding="utf-8")
    write_status(folder, Status())
    return subprocess.Popen(  # noqa: S603  our own module, with a folder we made
        [sys.executable, "-m", "scenarios.worker", str(folder.resolve())],
        cwd=Path(__file__).parent.parent,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _absolute(request: RunRequest) -> RunRequest:
    """Free a request of the folder it was made in."""
    is_file = request.scenario.endswith((".yaml", ".yml"))
    return replace(
        request,
        scenario=str(Path(request.scenario).resolve()) if is_file else request.scenario,
        runs=str(Path(request.runs).resolve()),
        data=str(Path(request.data).resolve()) if request.data else None,
    )


def read_status(folder: Path) -> Status:
    """Read how far a run is; ``starting`` when it has not written yet."""
    try:
        return Status(**json.loads((folder / STATUS_FILE).read_text(encoding="utf-8")))
    except FileNotFoundError:
        return Status()


def write_status(folder: Path, status: Status) -> None:
    """Write the status so that a reader sees the old one or the new one, never half."""
    partial = folder / f"{STATUS_FILE}.{os.getpid()}"
    partial.write_text(json.dumps(asdict(status)), encoding="utf-8")
    partial.replace(folder / STATUS_FILE)


def work(folder: Path) -> int:
    """Do the run a request folder asks for, and give the exit code."""
    from scenarios.errors import ExitCode
    from scenarios.faults import ending
    from scenarios.ledger import forget_own_ledgers

    request: RunRequest | None = None
    watch = _Watch(folder, Status(state="running", pid=os.getpid()))
    try:
        request = RunRequest(**json.loads((folder / REQUEST_FILE).read_text(encoding="utf-8")))
        run_folder, code = run_request(request, watch.progress)
        watch.end("done", code, run=run_folder)
    except (Cancelled, KeyboardInterrupt):
        if request is not None:
            forget_own_ledgers(Path(request.runs))
        watch.end("cancelled", ExitCode.INTERRUPTED, message="Cancelled. Nothing was left.")
    except Exception as error:
        message, code, reference = ending(error, folder)
        watch.end("failed", code, message=message, reference=reference)
    return watch.status.exit_code or 0


def run_request(request: RunRequest, progress: Progress) -> tuple[str, int]:
    """Play what is asked, and give the run folder and the exit code."""
    from scenarios.run import Options, run_many

    options = Options(
        data_dir=Path(request.data) if request.data else None,
        runs_dir=Path(request.runs),
        seed=request.seed,
        replications=request.replications,
        keep_visits=request.keep_visits,
        workers=request.workers,
    )
    results, code = run_many([request.scenario], options, progress)
    return str(results[0].folder), code


class _Watch:
    """Turns progress reports into a status with the time left."""

    def __init__(self, folder: Path, status: Status) -> None:
        self._folder = folder
        self._since = 0.0
        self.status = status
        write_status(folder, status)

    def progress(self, stage: str, done: int, total: int) -> None:
        """Take one report."""
        now = time.monotonic()
        if stage != self.status.stage:
            self._since = now
        passed = now - self._since
        left = passed * (total - done) / done if done and passed > STEADY_SECONDS else None
        self._write(stage=stage, done=done, total=total, seconds_left=left)

    def end(self, state: State, code: int, **found: Any) -> None:
        """Say how the run ended."""
        self._write(state=state, exit_code=int(code), seconds_left=None, **found)

    def _write(self, **changes: Any) -> None:
        self.status = replace(self.status, **changes)
        write_status(self._folder, self.status)


def _cancel(signum: int, frame: FrameType | None) -> None:
    raise Cancelled


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _cancel)
    raise SystemExit(work(Path(sys.argv[1])))

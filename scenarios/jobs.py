"""A job in the background: what was asked for, and how far it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from scenarios.stored_studies import Kind

Command = Literal["run"] | Kind
"""A long command, as the command line names it."""

State = Literal["starting", "waiting", "running", "done", "failed", "cancelled"]

Basis = Literal["", "same", "alike"]
"""By what the time left of a job is told: nothing, the same work before, or another scenario's."""

ENDED: tuple[State, ...] = ("done", "failed", "cancelled")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is asked for.

    Attributes
    ----------
    command
        The command, as the command line names it.
    runs
        Folder that holds the runs.
    title
        What the job is called in a list.
    options
        Options of the command in plain values; :mod:`scenarios.commands` lists them.
    asked_by
        Who asked.
    asked_ns
        When, in nanoseconds of the world's clock; those who asked first go first.
    """

    command: Command
    runs: str = "runs"
    title: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    asked_by: str = ""
    asked_ns: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """How far a job is.

    ``seconds_left`` is for the current stage and ``None`` until it can be told. ``ends`` is when
    the whole is expected to end, in seconds of the world's clock, and ``basis`` says by what; it is
    ``None`` where nothing like it was done before. ``folder`` is the run or study once done.
    ``message`` says what was wrong and ``reference`` names the log of an unexpected fault.
    ``exit_code`` is the one the command line would have ended with.
    """

    state: State = "starting"
    stage: str = ""
    done: int = 0
    total: int = 0
    seconds_left: float | None = None
    ends: float | None = None
    basis: Basis = ""
    folder: str | None = None
    message: str = ""
    reference: str | None = None
    exit_code: int | None = None
    pid: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job as it stands: its folder, what was asked, how far it is and how many are before it."""

    folder: Path
    request: Request
    status: Status
    ahead: int = 0

    @property
    def name(self) -> str:
        """Name of the job's folder."""
        return self.folder.name

    @property
    def has_ended(self) -> bool:
        """Whether nothing more will come of it."""
        return self.status.state in ENDED

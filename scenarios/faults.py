"""Endings: bad input said in one clear message, anything else kept under a reference number."""

from __future__ import annotations

import platform
import tempfile
import traceback
import uuid
from pathlib import Path

import typer

from scenarios.errors import ExitCode, ScenarioError


def bad_input() -> tuple[type[Exception], ...]:
    """Name the errors that a user can put right."""
    from data.validate import TableError

    return (ScenarioError, TableError, PermissionError)


def _certificate_error() -> type[Exception]:
    from optimiser.certify import CertificateError

    return CertificateError


def _infeasible_error() -> type[Exception]:
    from optimiser.allocation import InfeasibleAllocationError

    return InfeasibleAllocationError


def ending(error: BaseException, folder: Path) -> tuple[str, int]:
    """Give the message and the exit code for whatever ended a command.

    Parameters
    ----------
    error
        What was raised.
    folder
        Where the log of an unexpected fault goes.
    """
    if isinstance(error, typer.Exit):
        return "", error.exit_code
    if isinstance(error, KeyboardInterrupt):
        return "Interrupted. Nothing half-written was left.", ExitCode.INTERRUPTED
    if isinstance(error, _certificate_error()):
        return str(error), ExitCode.NOT_CERTIFIED
    if isinstance(error, _infeasible_error()):
        return f"{error} The shortfall is written beside the runs.", ExitCode.INFEASIBLE
    if isinstance(error, bad_input()):
        return str(error), ExitCode.BAD_INPUT
    if not isinstance(error, Exception):
        raise error
    reference = reference_of(error, folder)
    return (
        f"Something unexpected went wrong ({type(error).__name__}). Reference {reference}: "
        f"the log is fault-{reference}.log in {folder if folder.is_dir() else tempfile.gettempdir()}.",
        ExitCode.FAULT,
    )


def reference_of(error: BaseException, folder: Path) -> str:
    """Write a log of an unexpected fault and give its reference number.

    The log holds the kind of fault and the lines of code it passed through. It leaves out the
    message and every value, because either may name a person.
    """
    reference = uuid.uuid4().hex[:8]
    lines = [
        f"reference {reference}",
        f"python {platform.python_version()} on {platform.system()}",
        *_story(error),
    ]
    text = "\n".join(lines) + "\n"
    for place in (folder, Path(tempfile.gettempdir())):
        try:
            place.mkdir(parents=True, exist_ok=True)
            (place / f"fault-{reference}.log").write_text(text, encoding="utf-8")
        except OSError:
            continue
        break
    return reference


def _story(error: BaseException) -> list[str]:
    frames = traceback.extract_tb(error.__traceback__)
    told = [f"{frame.filename}:{frame.lineno} in {frame.name}" for frame in frames]
    cause = error.__cause__ or error.__context__
    before = [*_story(cause), "which led to"] if cause is not None else []
    return [*before, *told, type(error).__name__]

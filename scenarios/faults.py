"""Endings: bad input said in one clear message, anything else kept under a reference number."""

from __future__ import annotations

import errno
import os
import platform
import tempfile
import traceback
import uuid
from pathlib import Path

from scenarios.errors import ExitCode, LostWorkerError, ScenarioError

NO_PLACE = (
    errno.EACCES,
    errno.EPERM,
    errno.EROFS,
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EFBIG,
)
"""What a system says when a folder is closed to us, read only or full."""


def bad_input() -> tuple[type[Exception], ...]:
    """Name the errors that a user can put right."""
    from data.validate import TableError
    from optimiser.conflicts import ConflictError
    from optimiser.limits import LimitError
    from optimiser.problem import PriceRangeError

    return (ScenarioError, TableError, ConflictError, LimitError, PriceRangeError)


def _certificate_error() -> type[Exception]:
    from optimiser.certify import CertificateError

    return CertificateError


def _infeasible_error() -> type[Exception]:
    from optimiser.allocation import InfeasibleAllocationError

    return InfeasibleAllocationError


def ending(error: BaseException, folder: Path) -> tuple[str, ExitCode, str | None]:
    """Give the message, the exit code and the reference of a log for whatever ended the work.

    Parameters
    ----------
    error
        What was raised.
    folder
        Where the log of an unexpected fault goes.

    Returns
    -------
    tuple
        Only an unexpected fault has a reference.
    """
    if isinstance(error, KeyboardInterrupt):
        return "Interrupted. Nothing half-written was left.", ExitCode.INTERRUPTED, None
    if isinstance(error, _certificate_error()):
        return str(error), ExitCode.NOT_CERTIFIED, None
    if isinstance(error, _infeasible_error()):
        said = " ".join([str(error), *getattr(error, "__notes__", ())])
        return said, ExitCode.INFEASIBLE, None
    if isinstance(error, OSError) and error.errno in NO_PLACE:
        place = error.filename or "a file"
        message = (
            f"{place}: cannot be written or read here ({os.strerror(error.errno or 0)}). Make "
            "room or allow access, or give another folder."
        )
        return message, ExitCode.BAD_INPUT, None
    if isinstance(error, bad_input()):
        return str(error), ExitCode.BAD_INPUT, None
    reference, log = write_log(error, folder)
    what = (
        str(error)
        if isinstance(error, LostWorkerError)
        else f"Something unexpected went wrong ({type(error).__name__})."
    )
    message = f"{what} Reference {reference}; the log is {log}."
    return message, ExitCode.FAULT, reference


def write_log(error: BaseException, folder: Path) -> tuple[str, Path | None]:
    """Write a log of an unexpected fault; give its reference number and its file.

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
        log = place / f"fault-{reference}.log"
        try:
            place.mkdir(parents=True, exist_ok=True)
            log.write_text(text, encoding="utf-8")
        except OSError:
            continue
        return reference, log
    return reference, None


def _story(error: BaseException) -> list[str]:
    frames = traceback.extract_tb(error.__traceback__)
    told = [f"{frame.filename}:{frame.lineno} in {frame.name}" for frame in frames]
    cause = error.__cause__ or error.__context__
    before = [*_story(cause), "which led to"] if cause is not None else []
    return [*before, *told, type(error).__name__]

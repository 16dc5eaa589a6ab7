"""What can go wrong with a scenario or a stored run, and how each ending is told to the shell."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from enum import IntEnum


class ExitCode(IntEnum):
    """How the command line ends."""

    DONE = 0
    FAULT = 1
    BAD_INPUT = 2
    INFEASIBLE = 3
    NOT_CERTIFIED = 4
    INTERRUPTED = 130


class ScenarioError(ValueError):
    """A scenario file, a setting or a stored run cannot be used as it is.

    ``problems`` holds one sentence each: the place, the value, what was expected, what to do.
    """

    def __init__(self, problems: str | Iterable[str]) -> None:
        self.problems = (problems,) if isinstance(problems, str) else tuple(problems)
        super().__init__("\n".join(self.problems))


class UnknownPrisonerError(ScenarioError):
    """A plan knows no such person."""


class LostWorkerError(RuntimeError):
    """A process that simulated ended without an answer; the message says what may help."""


def suggestion(word: str, words: Iterable[str]) -> str:
    """Say which known word is meant, or name a few that exist.

    Examples
    --------
    >>> suggestion("vido", ["video", "demand"])
    "Did you mean 'video'?"
    >>> suggestion("zzz", ["video", "demand"])
    'Known: demand, video.'
    """
    known = sorted(words)
    near = get_close_matches(word, known, n=1, cutoff=0.6)
    if near:
        return f"Did you mean '{near[0]}'?"
    shown = ", ".join(known[:8])
    return f"Known: {shown}{', ...' if len(known) > 8 else ''}."

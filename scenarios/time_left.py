"""How long a job still takes in all, by what the same work took before on this machine.

The stages of a job are timed while it works and kept in its folder once it has ended well. A later
job of the same command and the same kind of options goes through the same stages: what is left of
them is what they took then, at the pace at which this job has gone so far. Where nothing like it
was done before, or it goes another way than then, nothing is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from scenarios.jobs import Basis, Request

STEADY_SECONDS = 1.0
"""Before this much of a stage has passed, its own pace is not told."""

PACE_SECONDS = 5.0
"""Work that took less than this tells nothing of the pace of another job."""

REPEATED = {"replications": ("simulate", "calls"), "points": ("frontier",)}
"""Options of which so many parts follow, with the stages that take so much longer."""

OF_NO_WEIGHT = ("seed", *REPEATED)
"""Options that may differ between two jobs that are compared."""

GIVEN_OR_NOT = (
    "locks", "earlier", "start_state", "save_state", "run", "establishment", "replication", "week",
)  # fmt: skip
"""Options of which it weighs whether they are given, not what they say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One stage of a job, in the order they came.

    Attributes
    ----------
    stage
        Its name as it was reported, without what stands behind a comma; empty before the first.
    parts
        How many parts it had; 0 where it told none.
    seconds
        Seconds until its last part was done.
    after
        Seconds from then until the next stage or the end, in which tables are made and written.
    """

    stage: str
    parts: int = 0
    seconds: float = 0.0
    after: float = 0.0

    @property
    def whole(self) -> float:
        """Seconds until the next stage."""
        return self.seconds + self.after


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """A job that has ended well: what was asked for, and what its stages took."""

    request: Request
    steps: Sequence[Step]


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What a job is measured by: the stages of an earlier one, and how like its work was."""

    basis: Basis
    steps: Sequence[Step]


def expected(request: Request, earlier: Iterable[Earlier]) -> Expected | None:
    """Find what to measure a job by: the same work, else the same with another scenario.

    Parameters
    ----------
    request
        What is asked for now.
    earlier
        Jobs that have ended well.

    Returns
    -------
    Expected or None
        Of the latest such job; stages that follow a number of replications or points are made
        as much longer as there are more of them. None where nothing like it was done.
    """
    alike = [
        job
        for job in earlier
        if job.request.command == request.command
        and _weighs(job.request.options) == _weighs(request.options)
    ]
    same = [job for job in alike if _scenario(job.request) == _scenario(request)]
    latest = max(same or alike, key=lambda job: job.request.asked_ns, default=None)
    if latest is None:
        return None
    return Expected(
        basis="same" if same else "alike",
        steps=_in_proportion(latest, request.options),
    )


def _weighs(options: Mapping[str, Any]) -> dict[str, Any]:
    """Give the options by which work is told apart, beside its scenario."""
    return {
        name: value is not None if name in GIVEN_OR_NOT else value
        for name, value in options.items()
        if name not in (*OF_NO_WEIGHT, "scenario", "scenarios") and value is not None
    } | {"scenarios": len(options.get("scenarios", ()))}


def _scenario(request: Request) -> list[str | bytes]:
    """Give what tells scenarios apart: the contents of files, else their names."""
    names = [request.options.get("scenario"), *request.options.get("scenarios", ())]
    return [_content(str(name)) for name in names if name is not None]


def _content(name: str) -> str | bytes:
    try:
        return Path(name).read_bytes() if Path(name).is_absolute() else name
    except OSError:
        return name


def _in_proportion(job: Earlier, options: Mapping[str, Any]) -> list[Step]:
    """Make the stages longer that follow a number which is larger now."""
    ratios: dict[str, float] = {}
    for option, stages in REPEATED.items():
        before, now = job.request.options.get(option), options.get(option)
        if before and now:
            ratios |= dict.fromkeys(stages, now / before)
    return [
        replace(
            step,
            parts=round(step.parts * ratios.get(_plain(step.stage), 1.0)),
            seconds=step.seconds * ratios.get(_plain(step.stage), 1.0),
        )
        for step in job.steps
    ]


def _plain(stage: str) -> str:
    """Name a stage without the scenario before it."""
    return stage.rpartition(": ")[2]


class Timer:
    """Times the stages of a job, and says how long it still takes.

    Moments are seconds of any clock that only goes on.

    Parameters
    ----------
    begun
        When its turn came.
    """

    def __init__(self, begun: float) -> None:
        self._begun = self._since = self._told = begun
        self._ended: list[Step] = []
        self._name = ""
        self._done = self._parts = 0
        self._full: float | None = None
        self._grows = False

    def report(self, stage: str, done: int, total: int, now: float) -> None:
        """Take one report of a stage: its parts done and in all."""
        name = stage.partition(",")[0]
        if name != self._name:
            self._ended = self.steps(now)
            self._name, self._since, self._full, self._grows = name, now, None, False
        elif total != self._parts:
            self._grows = True
        self._done, self._parts, self._told = done, total, now
        if done < total:
            self._full = None
        elif self._full is None:
            self._full = now

    def steps(self, now: float) -> list[Step]:
        """Give the stages so far, the present one as if it ended now."""
        full = now if self._full is None else self._full
        step = Step(
            stage=self._name, parts=self._parts, seconds=full - self._since, after=now - full
        )
        return [*self._ended, step]

    def step_left(self, now: float) -> float | None:
        """Tell the seconds that the present stage still takes by its own pace.

        None where nothing of it is done yet, and where it finds new parts as it goes.
        """
        passed = now - self._since
        if not self._done or self._grows or passed <= STEADY_SECONDS:
            return None
        return max(0.0, passed * (self._parts - self._done) / self._done)

    def left(self, before: Sequence[Step], now: float) -> float | None:
        """Tell the seconds that the job still takes; None where it goes another way than before.

        Parameters
        ----------
        before
            The stages of the job that it is measured by.
        now
            The moment of the latest report.
        """
        visits = sum(step.stage == self._name for step in self._ended)
        places = [place for place, step in enumerate(before) if step.stage == self._name]
        if visits >= len(places):
            return None
        place = places[visits]
        then = before[place]
        counted = bool(self._parts) and not self._grows
        whole = then.seconds * (self._parts / then.parts if counted and then.parts else 1.0)
        share = min(1.0, self._done / self._parts) if counted else float(self._full is not None)
        told = self._told if self._full is None else self._full
        gone = (told if share else self._since) - self._begun
        gone_then = sum(step.whole for step in before[:place]) + share * whole
        pace = gone / gone_then if gone_then >= PACE_SECONDS else 1.0
        later = pace * sum(step.whole for step in before[place + 1 :])
        if self._full is not None:
            return max(0.0, pace * then.after - (now - self._full)) + later
        own = self.step_left(now)
        here = max(0.0, pace * whole - (now - self._since)) if own is None else own
        return here + pace * then.after + later

"""How far a job in the background is, in words."""

from __future__ import annotations

import datetime
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from scenarios.display import in_app, markup
from scenarios.display.markup import DASH
from scenarios.display.wording import count, moment

if TYPE_CHECKING:
    from scenarios.jobs import Basis, Job, Status

STAGES = {
    "people": "the people and their contacts",
    "journeys": "journeys to every prison",
    "costs": "what each placement costs",
    "preparing the solver": "preparing the solver",
    "allocation": "who is held where",
    "prices of limits": "what each limit costs",
    "limits and ties": "limits on moves, and people who must be apart or together",
    "worst tenth": "the worst-off tenth",
    "levels": "the order of aims",
    "ceilings": "ceilings on people far from home",
    "certificate": "the proof of the plan",
    "simulate": "the simulated years",
    "frontier": "points of the trade-off",
    "variants": "plans under each assumption",
    "rules relaxed": "the plan with each rule relaxed alone",
    "calls": "a year of calls",
}
"""Stages of a command in words; one that is not here is shown as it is named."""

MEASURES: dict[Basis, str] = {
    "same": "by what the same work took last time",
    "alike": "by what such work took last time, with another scenario",
}
"""By what the time left is told."""

MINUTE = 60.0
HOUR = 3600.0

LONGER = "It takes longer than last time."
UNKNOWN = "how long all of it takes is not known yet"
MOST_ROWS = 20


def share(status: Status) -> float:
    """Return how much of the present stage is done, from 0 to 1."""
    return min(1.0, status.done / status.total) if status.total else 0.0


def words(job: Job, now: float | None = None) -> str:
    """Say what a job does, how far it is and how long it still takes.

    Parameters
    ----------
    now
        Seconds of the world's clock; those of this moment when left out.
    """
    status = job.status
    if status.state in ("starting", "waiting"):
        return waiting(job.ahead)
    scenario, _, named = status.stage.rpartition(": ")
    base, comma, detail = named.partition(",")
    stage = STAGES.get(base, base or "starting") + comma + detail
    who = f" ({scenario})" if scenario else ""
    left = time_left(status, time.time() if now is None else now)
    return f"Working on: {stage}{who}{_parts(status)}. {left}"


def _parts(status: Status) -> str:
    """Say how many parts of a stage are done; nothing where it tells none."""
    if status.total < 2:
        return ""
    if status.done >= status.total:
        return f", all {status.total:,} parts done; the tables of them are being made"
    return f", {status.done:,} of {status.total:,} parts done"


def time_left(status: Status, now: float) -> str:
    """Say how long work still takes: all of it where that is known, else the present stage.

    Examples
    --------
    >>> from scenarios.jobs import Status
    >>> time_left(Status(ends=1240.0, basis="same"), now=1000.0)
    'About 4 minutes left, by what the same work took last time.'
    >>> time_left(Status(ends=990.0, basis="same"), now=1000.0)
    'It takes longer than last time.'
    >>> time_left(Status(total=8, seconds_left=20.0), now=1000.0)
    'About 20 seconds left in this step; how long all of it takes is not known yet.'
    """
    if status.ends is not None and status.basis:
        left = status.ends - now
        return f"{about(left)} left, {MEASURES[status.basis]}." if left > 0 else LONGER
    if status.done < status.total > 1 and status.seconds_left is not None:
        return f"{about(status.seconds_left)} left in this step; {UNKNOWN}."
    return f"{UNKNOWN[:1].upper()}{UNKNOWN[1:]}."


def waiting(ahead: int) -> str:
    """Say how many jobs go before one that waits.

    Examples
    --------
    >>> waiting(0)
    'Starting.'
    >>> waiting(1)
    'Waiting: 1 job is before this one.'
    """
    if not ahead:
        return "Starting."
    return f"Waiting: {ahead} {'job is' if ahead == 1 else 'jobs are'} before this one."


def about(seconds: float) -> str:
    """Say a time that is only roughly known, in the unit in which it is felt.

    Examples
    --------
    >>> about(12.3), about(1), about(200), about(9000)
    ('About 12 seconds', 'About 1 second', 'About 3 minutes', 'About 2.5 hours')
    """
    if seconds < 1.5 * MINUTE:
        number, unit = max(1, round(seconds)), "second"
    elif seconds < 1.5 * HOUR:
        number, unit = round(seconds / MINUTE), "minute"
    else:
        return f"About {seconds / HOUR:.1f} hours"
    return f"About {number} {unit}{'' if number == 1 else 's'}"


def ending(status: Status, *, circulate: bool = False) -> str:
    """Say how a job ended, and what to do where it did not.

    What was wrong may name single people: for circulation the reference alone is told.
    """
    if status.state == "done":
        return in_app.ENDED.get(status.exit_code or 0, "It is complete and stored.")
    if status.state == "cancelled":
        return "It was cancelled. Nothing of it is stored."
    message = "" if circulate else f" {in_app.told(status.message)}"
    untold = status.reference and status.reference not in message
    reference = f" Reference: {status.reference}." if untold else ""
    return f"It could not be made.{message}{reference}"


def table(jobs: Sequence[Job], *, circulate: bool = False) -> str:
    """List jobs that have ended, the latest first: what, who asked, when, and how it ended.

    For circulation without what was wrong, as in :func:`ending`.
    """
    import pandas as pd

    rows = [
        {
            "title": job.request.title,
            "command": job.request.command,
            "asked": moment(_time(job.request.asked_ns)),
            "by": job.request.asked_by or DASH,
            "ending": ending(job.status, circulate=circulate),
        }
        for job in reversed(jobs)
    ]
    return markup.table(
        pd.DataFrame(rows).head(MOST_ROWS),
        f"The latest {count(min(len(rows), MOST_ROWS), 'piece')} of work",
        labels={
            "title": "What",
            "command": "Command",
            "asked": "Asked for",
            "by": "By",
            "ending": "How it ended",
        },
    )


def _time(nanoseconds: int) -> str:
    at = datetime.datetime.fromtimestamp(nanoseconds / 1e9, tz=datetime.UTC)
    return at.isoformat(timespec="seconds")

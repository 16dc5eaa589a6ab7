"""The story of a visit: the session begins, and those who booked it came or did not."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any

import simpy

from simulation.log import CODE, Recorder, VisitOutcome

ATTENDED = CODE[VisitOutcome.ATTENDED]
NO_SHOW = CODE[VisitOutcome.NO_SHOW]


def hold_sessions(
    env: simpy.Environment,
    starts: Sequence[float],
    booked: Sequence[Sequence[int]],
    no_show: Sequence[bool],
    recorder: Recorder,
) -> Generator[simpy.Timeout, Any, None]:
    """Walk through the sessions of the year and see who comes to each.

    Parameters
    ----------
    env
        The establishment's own environment.
    starts
        Minute at which each session begins, ascending.
    booked
        The requests that hold a table in each session when it begins.
    no_show
        For each request whether its family stays away.
    recorder
        Takes a row for every booked visit.

    Yields
    ------
    Timeout
        Until the next session begins.
    """
    record = recorder.add
    for slot, start in enumerate(starts):
        if start > env.now:
            yield env.timeout(start - env.now)
        for request in booked[slot]:
            record((start, request, NO_SHOW if no_show[request] else ATTENDED, slot))

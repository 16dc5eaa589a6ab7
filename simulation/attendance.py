"""The story of a visit or a call: its time comes, and those who booked it came or did not."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any

import simpy

from simulation.log import CODE, Recorder, VisitOutcome


def hold_sessions(
    env: simpy.Environment,
    starts: Sequence[float],
    booked: Sequence[Sequence[int]],
    no_show: Sequence[bool],
    recorder: Recorder,
    *,
    came: VisitOutcome,
    missed: VisitOutcome,
    first_id: int = 0,
) -> Generator[simpy.Timeout, Any, None]:
    """Walk through the sessions (or the slots of calls) of the year and see who comes to each.

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
        Takes a row for every booking.
    came, missed
        Outcomes of a booking that is kept and of one that is not.
    first_id
        Number in the log of request 0.

    Yields
    ------
    Timeout
        Until the next session begins.
    """
    record, outcome_if_missed = recorder.add, {False: CODE[came], True: CODE[missed]}
    for slot, start in enumerate(starts):
        if start > env.now:
            yield env.timeout(start - env.now)
        for request in booked[slot]:
            record((start, first_id + request, outcome_if_missed[no_show[request]], slot))

"""The story of a visit: its time comes, and the hall is open to those who booked it."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any

import simpy

from simulation.log import Register


def hold_sessions(
    env: simpy.Environment,
    starts: Sequence[float],
    booked: Sequence[Sequence[int]],
    register: Register,
) -> Generator[simpy.Timeout, Any, None]:
    """Walk through the sessions of the year and write down who holds a table in each.

    Parameters
    ----------
    env
        The establishment's own environment.
    starts
        Minute at which each session begins, ascending.
    booked
        The requests that hold a table in each session when it begins.
    register
        Takes the bookings of every session. Who of them comes was drawn before.

    Yields
    ------
    Timeout
        Until the next session begins.
    """
    for slot, start in enumerate(starts):
        if start > env.now:
            yield env.timeout(start - env.now)
        register.hold(slot, booked[slot])

"""Those who ask come in the order of the clock, which stands still while nothing else happens."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from typing import Any

import simpy


def walk(
    env: simpy.Environment, minutes: Iterable[float], ask: Callable[[int, float], None]
) -> Generator[simpy.Timeout, Any, None]:
    """Let everybody ask in turn.

    Whoever asks before anything else can happen is served without an event, for it would change
    nothing; so the time of asking is handed on, and may be ahead of the environment's clock. What
    follows is set off with ``at``.

    Parameters
    ----------
    env
        The establishment's own environment.
    minutes
        When each request is made, ascending.
    ask
        Takes the number of a request and its minute.

    Yields
    ------
    Timeout
        Until the next request that something else precedes.
    """
    peek, timeout = env.peek, env.timeout
    for request, minute in enumerate(minutes):
        if minute > peek():
            yield timeout(minute - env.now)
        ask(request, minute)


def at(
    env: simpy.Environment, minute: float, then: Callable[[simpy.Event], None], value: object = None
) -> None:
    """Call ``then`` when the clock shows ``minute``.

    Parameters
    ----------
    env
        The establishment's own environment.
    minute
        Not before the environment's clock.
    then
        Takes the event, whose value is ``value``.
    value
        What ``then`` needs to know.
    """
    env.timeout(max(minute - env.now, 0.0), value).callbacks.append(then)

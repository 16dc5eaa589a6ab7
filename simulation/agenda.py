"""What is set off for later at one establishment."""

from __future__ import annotations

from collections.abc import Callable

import simpy


class Agenda:
    """What is set off for later at one establishment, and when the next of it is due.

    Who works through many things without an event in between looks here whether one comes first.

    Parameters
    ----------
    env
        The establishment's own environment.

    Attributes
    ----------
    due
        Minute of the next event, as ``look`` found it or one set off since; infinite without any.
    """

    __slots__ = ("_env", "due")

    def __init__(self, env: simpy.Environment) -> None:
        self._env = env
        self.due: float = env.peek()

    def look(self) -> None:
        """See when the next event is due, whoever set it off."""
        self.due = self._env.peek()

    def at(self, minute: float, then: Callable[[simpy.Event], None], value: object = None) -> None:
        """Call ``then`` when the clock shows ``minute``.

        Parameters
        ----------
        minute
            Not before the environment's clock.
        then
            Takes the event, whose value is ``value``.
        value
            What ``then`` needs to know.
        """
        env = self._env
        env.timeout(max(minute - env.now, 0.0), value).callbacks.append(then)
        self.look()

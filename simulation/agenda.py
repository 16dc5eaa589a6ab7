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
    until
        Minute until which is played.
    due
        Minute of the next event, as ``look`` found it or one set off since, but at the latest
        ``until``.
    """

    __slots__ = ("_env", "due", "until")

    def __init__(self, env: simpy.Environment) -> None:
        self._env = env
        self.until: float = 0.0
        self.due: float = 0.0

    def look(self) -> None:
        """See when the next event is due, whoever set it off."""
        due: float = self._env.peek()
        self.due = due if due < self.until else self.until

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
        now: float = env.now
        wait = minute - now if minute > now else 0.0
        env.timeout(wait, value).callbacks.append(then)
        due = now + wait
        if due < self.due:
            self.due = due

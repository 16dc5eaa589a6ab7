"""A first interrupt ends long work with the best plan so far, a second one at once."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from data.progress import Progress, StopEarlyError

TOLD = (
    "Interrupted: ends with the best plan so far, once there is one. Interrupt again to end at "
    "once, without a plan."
)

GAP = "gap"
"""Word in the name of a stage that has a plan: only then is there a gap to tell."""


@contextmanager
def stops_early(progress: Progress, say: Callable[[str], None]) -> Iterator[Progress]:
    """Hear interrupts while a plan is decided.

    Parameters
    ----------
    progress
        Told of each stage.
    say
        Told what an interrupt does.

    Yields
    ------
    Progress
        Ends the stage that has a plan, by ``StopEarlyError``, after one interrupt.

    Raises
    ------
    KeyboardInterrupt
        After two, or where no plan could be had.
    """
    interrupted = False

    def hear(_signal: int, _frame: FrameType | None) -> None:
        nonlocal interrupted
        if interrupted:
            raise KeyboardInterrupt
        interrupted = True
        say(TOLD)

    def watched(stage: str, done: int, total: int) -> None:
        progress(stage, done, total)
        if interrupted and GAP in stage:
            raise StopEarlyError

    before = signal.signal(signal.SIGINT, hear)
    try:
        yield watched
    except StopEarlyError:
        raise KeyboardInterrupt from None
    finally:
        signal.signal(signal.SIGINT, before)

"""An executor over a Dask cluster, for ensembles that outgrow one machine: the only use of Dask.

Needs the optional extra ``cluster``. Dask starts a killed worker's tasks again by itself, and
since a task is a pure function of its inputs the tables are those of one machine.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager

from scenarios.errors import ScenarioError


def gave_up(error: BaseException) -> bool:
    """Say whether Dask stopped trying, because a task's worker died again and again."""
    return type(error).__name__ == "KilledWorker" and type(error).__module__.startswith(
        "distributed"
    )


def lost_an_answer(error: BaseException) -> bool:
    """Say whether a worker died while its answer was handed on, which is to be asked for again.

    Dask has no error of its own for it: an answer that was fetched and counts as lost a moment
    later is taken for an error, whose parts it looks for in the answer.
    """
    last = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    return (
        isinstance(error, AttributeError)
        and last is not None
        and last.tb_frame.f_globals.get("__name__") == "distributed.cfexecutor"
    )


@contextmanager
def cluster(address: str) -> Iterator[Executor]:
    """Connect to a Dask scheduler and give its executor.

    Parameters
    ----------
    address
        Address of the scheduler, as ``tcp://host:8786``. The run folder's parent must be a place
        that every worker can read.

    Raises
    ------
    ScenarioError
        When the extra is not installed or nobody answers at the address.
    """
    try:
        from distributed import Client
    except ImportError:
        raise ScenarioError(
            "Dask is not installed. Install the extra: pip install 'closer-to-home[cluster]'."
        ) from None
    try:
        client = Client(address, timeout="10s", set_as_default=False)  # type: ignore[no-untyped-call]
    except (OSError, TimeoutError, ValueError) as error:
        raise ScenarioError(
            f"no Dask scheduler answers at {address} ({error}). Check the address."
        ) from None
    with client:
        yield client.get_executor(pure=False)  # type: ignore[no-untyped-call]

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

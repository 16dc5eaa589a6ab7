"""Small tables worked out once, when a run is stored, so that pages need not read its event log.

A log of the whole estate has millions of rows; what pages show of it fits in some thousand. A run
that holds none of them, as those of earlier versions, is read as before.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from scenarios.effects import VISITED_FILE
from scenarios.hours import SLOTS_FILE, slots_of_log
from scenarios.results import write_parquet


def keep_at_hand(scenario: Mapping[str, Any], visited: pd.DataFrame, folder: Path) -> None:
    """Write who is visited and what is used in every slot of the week beside the event log.

    Parameters
    ----------
    scenario
        Every setting of the run in plain values.
    visited
        Who is visited in each replication, also in those whose log is not kept
        (``Ensemble.visited``).
    folder
        Folder that holds its ``visits.parquet``.
    """
    write_parquet(visited, folder / VISITED_FILE)
    write_parquet(slots_of_log(scenario, folder), folder / SLOTS_FILE)

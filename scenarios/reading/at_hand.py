"""Small tables worked out once, when a run is stored, so that its pages open at once.

An event log of the whole estate has millions of rows, and putting the moves of a plan in step
takes longer than drawing them. What pages show of either fits in some thousand rows. A run that
holds none of these tables, as those of earlier versions, is read as before.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from scenarios.comparing.effects import VISITED_FILE
from scenarios.planning.in_step import STEPS_FILE, turns
from scenarios.reading.held_far import keep_far
from scenarios.reading.hours import OFFER_FILE, SLOTS_FILE, slots_of_log
from scenarios.results import write_parquet


def keep_at_hand(
    scenario: Mapping[str, Any],
    folder: Path,
    *,
    moves: pd.DataFrame,
    visited: pd.DataFrame,
    offer: pd.DataFrame,
) -> None:
    """Write who is visited, what each slot has and uses, who is held far, and moves in step.

    Parameters
    ----------
    scenario
        Every setting of the run in plain values.
    folder
        Folder that holds the tables of the run.
    moves
        The moves of the plan; none where nothing was decided.
    visited
        Who is visited in each replication, also in those whose log is not kept
        (``Ensemble.visited``).
    offer
        What the timetable offers in every slot (``hours.offer_of``).
    """
    write_parquet(visited, folder / VISITED_FILE)
    write_parquet(slots_of_log(scenario, folder), folder / SLOTS_FILE)
    write_parquet(offer, folder / OFFER_FILE)
    write_parquet(turns(moves.reset_index(drop=True)), folder / STEPS_FILE)
    keep_far(folder, int(scenario["allocation"]["release_window_days"]))

"""How often each session template was held in a year, and the hours that staff spent on it.

Nothing that families do matters to it: which bank holidays are shut and which sessions are called
off for want of staff is drawn before anybody asks.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from simulation.simulate import SimulationInputs, dated_sessions

if TYPE_CHECKING:
    import pandas as pd


def sessions_held(
    inputs: SimulationInputs, *, seed: int, replications: Iterable[int]
) -> pd.DataFrame:
    """Count the dates in the measured weeks on which each session template was held.

    Parameters
    ----------
    inputs
        What the years depend on.
    seed, replications
        Names of the draws.

    Returns
    -------
    DataFrame
        One row per replication, establishment and template, also where it was never held:
        replication, establishment, session (template id), held (dates) and staff_hours on them:
        those of officers and checkers who would not be there if it were called off each time.
    """
    import pandas as pd

    parts = []
    for replication in replications:
        for establishment in inputs.establishments:
            dates, hours = _of_templates(inputs, establishment, seed, replication)
            of_prison = {
                "replication": np.int32(replication),
                "establishment": establishment,
                "session": np.array(inputs.sessions[establishment]["template"], dtype=object),
                "held": dates.astype(np.int32),
                "staff_hours": hours,
            }
            parts.append(pd.DataFrame(of_prison))
    return pd.concat(parts, ignore_index=True).astype({"establishment": "str", "session": "str"})


def _of_templates(
    inputs: SimulationInputs, establishment: str, seed: int, replication: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Give dates held and hours of each template of an establishment; shape (templates,) each."""
    calendar = inputs.calendar
    _, sessions, day = dated_sessions(
        inputs, establishment, seed=seed, replication=replication, days=calendar.days
    )
    measured = sessions.day >= calendar.warm_up_days
    held = measured & ~day.called_off
    dates = np.unique(np.stack([sessions.template[held], sessions.day[held]]), axis=1)[0]

    def hours(called_off: NDArray[np.bool_]) -> float:
        return float(replace(day, called_off=called_off).staff_hours(sessions)[measured].sum())

    number, all_held = len(inputs.sessions[establishment]["day"]), hours(day.called_off)
    without = [hours(day.called_off | (sessions.template == each)) for each in range(number)]
    spent = np.round(all_held - np.array(without), 6)
    return np.bincount(dates, minlength=number).astype(np.int64), spent

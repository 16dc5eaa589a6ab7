"""How often each session template was held in a year, and the hours that staff spent on it.

Nothing that families do matters to it: which bank holidays are shut and which sessions are called
off for want of staff is drawn before anybody asks.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from simulation.attendance import staff_hours_alone, whole_sessions
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
        officers and checkers for the session's own tables, as though it shared no checkers.
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
    calendar, settings = inputs.calendar, inputs.attendance
    _, sessions, day = dated_sessions(
        inputs, establishment, seed=seed, replication=replication, days=calendar.days
    )
    session, tables = whole_sessions(sessions)
    first = np.unique(session, return_index=True)[1]
    hours = staff_hours_alone(
        tables,
        (sessions.end - sessions.start)[first],
        tables_each=(settings.tables_per_officer, settings.tables_per_checker),
        around_session_minutes=settings.around_session_minutes,
    )
    held = ~day.called_off[first] & (sessions.day[first] >= calendar.warm_up_days)
    template, number = sessions.template[first][held], len(inputs.sessions[establishment]["day"])
    dates = np.bincount(template, minlength=number)
    of_template = np.bincount(template, weights=hours[held], minlength=number)
    return dates.astype(np.int64), of_template.astype(np.float64)

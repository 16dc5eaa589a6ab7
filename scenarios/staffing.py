"""What visits and video calls would cost in staff, from the timetable alone, before any run."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from data.estate import Estate
from scenarios.schema import Scenario
from simulation.attendance import staff_hours_alone
from simulation.clock import clock_minutes
from simulation.regime import ADDED_TEMPLATE, FAMILY_DAY_TEMPLATE, sessions_under
from simulation.video import stations_under

MINUTES_PER_HOUR = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Staff:
    """Hours of staff in a year, and their cost: at visit sessions and at video stations."""

    session_hours: float
    video_hours: float
    gbp_per_hour: float

    @property
    def gbp(self) -> float:
        """Pounds a year."""
        return (self.session_hours + self.video_hours) * self.gbp_per_hour


def planned_staff(estate: Estate, scenario: Scenario) -> Staff:
    """Give the staff that the timetable of a scenario asks for in a year.

    Officers watch ``attendance.tables_per_officer`` tables each and checkers let in
    ``attendance.tables_per_checker`` each, at least one of both at every session, for as long as it
    lasts and ``attendance.around_session_minutes`` more; one officer watches
    ``video.stations_per_officer`` stations for as many whole calls as their hours hold. Sessions
    that are called off, days without visits and checkers shared by sessions that overlap are not
    taken off, so a run measures somewhat less.

    Parameters
    ----------
    estate
        Its timetable and stations; establishments without places hold no session.
    scenario
        Regime, video, attendance and the price of an hour.
    """
    held = estate.establishments.query("operational_capacity > 0")["establishment"]
    periods = stations_under(estate, scenario.video)
    periods = periods[periods["establishment"].isin(held)]
    officers = np.ceil(periods["stations"] / scenario.video.stations_per_officer)
    step = scenario.video.call_minutes + scenario.video.changeover_minutes
    watched = np.floor(_minutes(periods) / step) * step
    return Staff(
        session_hours=float(_session_hours(estate, scenario).sum()),
        video_hours=float((officers * watched).sum())
        * scenario.benefit.weeks_per_year
        / MINUTES_PER_HOUR,
        gbp_per_hour=scenario.benefit.staff_gbp_per_hour,
    )


def added_session_hours(estate: Estate, scenario: Scenario) -> float:
    """Give the staff hours a year of the sessions that a scenario adds, by the same rule."""
    hours = _session_hours(estate, scenario)
    return float(hours[hours.index.str.contains(ADDED_TEMPLATE, regex=False)].sum())


def _session_hours(estate: Estate, scenario: Scenario) -> pd.Series[float]:
    """Give the staff hours a year of every session template, by its id."""
    held = estate.establishments.query("operational_capacity > 0")["establishment"]
    sessions = sessions_under(estate, scenario.regime)
    sessions = sessions[sessions["establishment"].isin(held)]
    tables = sessions["open_tables"] + sessions["closed_tables"]
    settings = scenario.attendance
    hours = staff_hours_alone(
        tables.to_numpy(np.int64),
        np.asarray(_minutes(sessions), dtype=np.float64),
        tables_each=(settings.tables_per_officer, settings.tables_per_checker),
        around_session_minutes=settings.around_session_minutes,
    )
    is_family_day = sessions["template"].str.endswith(FAMILY_DAY_TEMPLATE)
    weeks = scenario.benefit.weeks_per_year / sessions["every_n_weeks"].clip(lower=1)
    often = weeks.where(~is_family_day, scenario.regime.family_days_per_year)
    return (often * hours * (tables > 0)).set_axis(sessions["template"])


def _minutes(rows: pd.DataFrame) -> pd.Series[float]:
    return rows["end"].map(clock_minutes) - rows["start"].map(clock_minutes)

"""What staff for families would cost, from timetables, posts and shifts alone, before any run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from data.estate import Estate
from optimiser.rosters import WorkRules
from scenarios.schema import Scenario
from simulation.attendance import staff_hours_alone
from simulation.clock import DAYS_PER_WEEK, Calendar, clock_minutes
from simulation.line import Lines, lines_under
from simulation.regime import FAMILY_DAY_TEMPLATE, sessions_under
from simulation.video import stations_under

MINUTES_PER_HOUR = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Staff:
    """Hours of staff in a year, and their cost: at visit sessions and at video stations."""

    session_hours: float
    video_hours: float
    gbp_per_hour: float

    @property
    def hours(self) -> float:
        """Hours a year."""
        return self.session_hours + self.video_hours

    @property
    def gbp(self) -> float:
        """Pounds a year."""
        return self.hours * self.gbp_per_hour


@dataclass(frozen=True, slots=True, kw_only=True)
class Agents:
    """Paid hours of agents of booking lines in a year, and their cost."""

    hours: float
    gbp_per_hour: float

    @property
    def gbp(self) -> float:
        """Pounds a year."""
        return self.hours * self.gbp_per_hour


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
        session_hours=_session_hours(estate, scenario),
        video_hours=float((officers * watched).sum())
        * scenario.benefit.weeks_per_year
        / MINUTES_PER_HOUR,
        gbp_per_hour=scenario.benefit.staff_gbp_per_hour,
    )


def planned_agents(estate: Estate, scenario: Scenario) -> Agents | None:
    """Give the agents of booking lines that a scenario pays for in a year.

    As :func:`paid_line_hours`, with the people that each establishment holds today.

    Parameters
    ----------
    estate
        Who rings the national line, and how many people each establishment holds.
    scenario
        Booking lines, calendar and rules of rosters.

    Returns
    -------
    Agents or None
        None where the scenario plays no booking lines.
    """
    if not scenario.line.modelled:
        return None
    held = estate.establishments.set_index("establishment")["population"].astype("int64")
    people = {str(code): int(number) for code, number in held.items()}
    lines = lines_under(estate, scenario.line, scenario.calendar, np.empty(0, dtype=np.int64))
    weekly = paid_line_hours(lines, people, scenario.calendar, scenario.roster)
    return Agents(
        hours=weekly * scenario.benefit.weeks_per_year,
        gbp_per_hour=scenario.line.agent_gbp_per_hour,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What staff for families cost in a year, in pounds.

    ``visits_gbp`` at visit sessions and video stations, ``workers_gbp`` family workers and
    ``lines_gbp`` agents of booking lines; ``None`` where the lines are not played.
    """

    visits_gbp: float
    workers_gbp: float
    lines_gbp: float | None


def services_of(
    estate: Estate, policy: Scenario, people: Mapping[str, int], prices: Scenario
) -> Services:
    """Give what staff for families would cost in a year.

    Parameters
    ----------
    estate
        Timetable, stations, family workers, and who rings the national line.
    policy
        Regime, video, staff of sessions and booking lines.
    people
        Held at each establishment; those without any have no booking line of their own.
    prices
        The scenario accounted for: its prices and calendar hold for today as well, and today's
        booking lines are told where it plays its own.
    """
    visits = planned_staff(estate, policy)
    calendar = prices.calendar
    lines = lines_under(estate, policy.line, calendar, np.empty(0, dtype=np.int64))
    weekly = paid_line_hours(lines, people, calendar, prices.roster)
    return Services(
        visits_gbp=visits.hours * prices.benefit.staff_gbp_per_hour,
        workers_gbp=worker_years(estate.family_workers, calendar) * prices.family_work.gbp_per_fte,
        lines_gbp=weekly * prices.benefit.weeks_per_year * prices.line.agent_gbp_per_hour
        if prices.line.modelled
        else None,
    )


def worker_years(workers: pd.DataFrame, calendar: Calendar) -> float:
    """Give the full-time years of family workers in post in the measured year.

    Parameters
    ----------
    workers
        The table ``family_workers``; a post counts until the day on which it ``ends``.
    calendar
        Measured.

    Examples
    --------
    A post for all of two weeks, one that ends after the first, and one that ended long before.

    >>> from datetime import date
    >>> from simulation.clock import Calendar
    >>> year = Calendar(
    ...     start_date=date(2026, 8, 3), weeks=2, warm_up_weeks=1, school_from="09:00",
    ...     school_until="15:15", school_holidays=(), school_holidays_wales=(),
    ... )
    >>> ends = ["", "2026-08-09", "2025-03-31"]
    >>> worker_years(pd.DataFrame({"fte": [1.0, 2.0, 4.0], "ends": ends}), year)
    2.0
    """
    days = calendar.weeks * DAYS_PER_WEEK
    years = (
        fte * (min(max((date.fromisoformat(ends) - calendar.start_date).days + 1, 0), days) / days)
        if ends
        else fte
        for fte, ends in zip(workers["fte"].tolist(), workers["ends"].astype("str"), strict=True)
    )
    return float(sum(years))


def paid_line_hours(
    lines: Lines, people: Mapping[str, int], calendar: Calendar, rules: WorkRules
) -> float:
    """Give the hours a week for which agents of booking lines are paid, in the mean of the year.

    Vacant posts and absences are not taken off, and bank holidays are paid.

    Parameters
    ----------
    lines
        Shifts of the national line; local ones have agents until their prison joins it.
    people
        Held at each establishment.
    calendar
        Measured.
    rules
        Shifts of more than ``break_after_hours`` have a break that is not paid.
    """
    national = 0.0
    for shift in lines.settings.shifts:
        hours = (clock_minutes(shift.end) - clock_minutes(shift.start)) / MINUTES_PER_HOUR
        if hours > rules.break_after_hours:
            hours -= shift.break_minutes / MINUTES_PER_HOUR
        national += shift.agents * len(shift.days) * hours
    local = 0.0
    measured = calendar.days - calendar.warm_up_days
    for code, held in people.items():
        if held:
            opens, closes = lines.hours(code)
            joins = lines.joins_day.get(code, calendar.days) - calendar.warm_up_days
            share = min(max(joins, 0), measured) / measured
            local += lines.settings.local_agents(held) * (closes - opens) * share
    return national + local * len(lines.settings.open_days) / MINUTES_PER_HOUR


def _session_hours(estate: Estate, scenario: Scenario) -> float:
    """Give the staff hours a year of all visit sessions."""
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
    return float((often * hours * (tables > 0)).sum())


def _minutes(rows: pd.DataFrame) -> pd.Series[float]:
    start, end = (rows[name].map(clock_minutes).astype("float64") for name in ("start", "end"))
    return end - start

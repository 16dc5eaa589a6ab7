"""How often sessions are held, against the year itself and worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from simulation.attendance import AttendanceSettings
from simulation.log import VisitLog
from simulation.measures import tally
from simulation.sessions_held import sessions_held
from simulation.simulate import SimulationInputs, simulate
from tests.simulation.small_prison import ATTENDANCE, CALENDAR, DEMAND, REGIME, prison, session

SESSIONS = [
    session(number=0, day="sat", start="13:00", end="14:30", open_tables=9, closed_tables=2),
    session(number=1, day="tue", open_tables=4),
    session(number=2, day="wed", open_tables=4, every_n_weeks=2),
    session(number=3, day="mon", open_tables=0),
]


def inputs_with(attendance: AttendanceSettings = ATTENDANCE) -> SimulationInputs:
    return prison(
        people=40,
        sessions=SESSIONS,
        calendar=replace(CALENDAR, weeks=12, warm_up_weeks=3),
        demand=replace(DEMAND, wish_per_four_weeks=0.2),
        regime=replace(REGIME, bank_holiday_held_share=0.5, family_days_per_year=26),
        excluded_dates=[("AAA", "AAA-1", "2026-08-11", "2026-08-25")],
        attendance=attendance,
        seed=3,
    )


def dates_in(log: VisitLog, inputs: SimulationInputs) -> dict[str, int]:
    """Count the dates on which a year held each session, in its measured weeks."""
    sessions, calendar = log.year.sessions, inputs.calendar
    held = ~log.year.day.called_off & (sessions.day >= calendar.warm_up_days)
    held &= sessions.day < calendar.days
    rows = {*zip(log.year.templates[sessions.template[held]], sessions.day[held], strict=True)}
    names = pd.Series([name for name, _ in rows]).value_counts()
    return {name: int(names.get(name, 0)) for name in inputs.sessions["AAA"]["template"]}


@pytest.mark.parametrize("shortage", [0.0, 0.3])
def test_sessions_are_held_when_the_year_holds_them(shortage: float) -> None:
    """Also on dates on which nobody comes, which are most of these."""
    inputs = inputs_with(replace(ATTENDANCE, staff_shortage_share=shortage))

    held = sessions_held(inputs, seed=1, replications=range(3))

    assert held["replication"].unique().tolist() == [0, 1, 2]
    for replication, rows in held.groupby("replication"):
        log = simulate(inputs, establishment="AAA", seed=1, replication=int(str(replication)))
        assert dict(zip(rows["session"], rows["held"], strict=True)) == dates_in(log, inputs)


def test_dates_of_sessions_by_hand() -> None:
    """Twelve weeks: three Tuesdays are excluded, every other Wednesday counts, Monday has no table.

    Of 26 family days a year six fall on these Saturdays, and push the Saturday session out.
    """
    inputs = inputs_with()
    inputs = replace(inputs, regime=replace(inputs.regime, bank_holiday_held_share=1.0))

    held = sessions_held(inputs, seed=1, replications=[0]).set_index("session")["held"]

    assert held["AAA-1"] == 12 - 3
    assert held["AAA-2"] == 6
    assert held["AAA-3"] == 0
    assert held["AAA-family-day"] == 6
    assert held["AAA-0"] == 12 - 6


def test_staff_hours_add_up_to_the_measure_where_no_checkers_are_shared() -> None:
    inputs = inputs_with(replace(ATTENDANCE, checkers_shared=False, staff_shortage_share=0.2))
    log = simulate(inputs, establishment="AAA", seed=1, replication=0)
    counted = tally([log], inputs).table().query("group_by == 'all'")

    held = sessions_held(inputs, seed=1, replications=[0])

    measured = counted.loc[counted["quantity"] == "staff_hours", "value"].sum()
    assert measured > 0
    assert held["staff_hours"].sum() == pytest.approx(measured)
    assert (held["staff_hours"] > 0).tolist() == (np.array(held["held"]) > 0).tolist()


def test_a_session_costs_the_staff_that_would_not_be_there_without_it() -> None:
    """Six tables from 14:00 to 15:00 and seven from 14:30 to 16:00, every Saturday of twelve weeks.

    An officer for five tables and the hour around: 2 * 2 and 2 * 2.5 hours. A checker for ten
    tables: both sessions share two, for the thirteen tables at 14:30, until 16:00 and the hour
    around, 6 hours; alone they would have one each, for 2 and 2.5 hours.
    """
    attendance = replace(
        ATTENDANCE,
        checkers_shared=True,
        tables_per_officer=5,
        tables_per_checker=10,
        around_session_minutes=60,
    )
    halls = [
        session(number=0, day="sat", start="14:00", end="15:00", open_tables=6),
        session(number=1, day="sat", start="14:30", end="16:00", open_tables=7, hall="other"),
    ]
    inputs = prison(
        people=10, sessions=halls, calendar=replace(CALENDAR, weeks=12), attendance=attendance
    )

    held = sessions_held(inputs, seed=1, replications=[0]).set_index("session")

    assert held["held"].tolist() == [12, 12]
    assert held["staff_hours"].to_dict() == {
        "AAA-0": 12 * (2 * 2.0 + 6.0 - 2.5),
        "AAA-1": 12 * (2 * 2.5 + 6.0 - 2.0),
    }

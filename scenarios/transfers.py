"""Who is moved in the simulated year: a user's transfers, a plan's moves week by week, loans."""

from __future__ import annotations

from datetime import date

import pandas as pd

from data.transfers import TRANSFERS
from optimiser.build import Inputs as Given
from scenarios.accumulated import lent
from scenarios.schema import Scenario
from simulation.clock import Calendar
from simulation.place import BEYOND
from simulation.stays import TRANSFER_COLUMNS, stays, week_by_week

ACCUMULATED = "accumulated_visits"
"""The reason of a transfer before which visitors are approved at the other establishment."""


def stays_under(
    scenario: Scenario,
    given: Given,
    transfers: pd.DataFrame,
    placements: pd.DataFrame,
    moves: pd.DataFrame,
) -> pd.DataFrame:
    """Give who is held where from which day until which.

    People whom the user's table moves follow that table alone, from where they are on the first
    day; a plan that is made week by week leaves them where they are today, and nobody else is lent
    who is moved anyway.

    Parameters
    ----------
    scenario
        ``transfers`` and the calendar are read.
    given
        Estate, people and journeys of the allocation.
    transfers
        The user's table; it may be empty.
    placements
        As an allocation has decided them.
    moves
        Its moves: prisoner_id is read, in the order in which they are made.

    Returns
    -------
    DataFrame
        The placements as they are where nobody is moved in the year; else one row per stay
        (``simulation.stays``).
    """
    settings, calendar = scenario.transfers, scenario.calendar
    dated = _dated(transfers, calendar)
    begin = placements
    if settings.moves_per_week is not None and len(moves):
        begin = _as_today(placements, given)
        days = days_of_moves(scenario, transfers, moves)
        made = [(prisoner, day) for prisoner, day in days.items() if day < calendar.days]
        dated = pd.concat([dated, _of_plan(placements, made)], ignore_index=True)
    if settings.accumulated_people:
        dated = pd.concat([dated, lent(scenario, given, begin, dated)], ignore_index=True)
    if dated.empty:
        return placements
    dated["straight_miles"] = _miles(dated, given)
    holidays = given.estate.bank_holidays["date"].astype("str").tolist()
    return stays(begin, dated[TRANSFER_COLUMNS], settings, calendar, holidays)


def days_of_moves(
    scenario: Scenario, transfers: pd.DataFrame, moves: pd.DataFrame
) -> dict[str, int]:
    """Give the day of the calendar on which each move of a plan is made.

    Parameters
    ----------
    scenario
        ``transfers`` and the calendar are read; without ``moves_per_week`` all are made on day 0.
    transfers
        The user's table: people in it follow it alone.
    moves
        Of the plan: prisoner_id is read, in the order in which they are made.

    Returns
    -------
    dict
        Day by id; the day after the last for moves that are not made in the year.
    """
    movers = moves["prisoner_id"].astype("str")
    per_week = scenario.transfers.moves_per_week
    if per_week is None:
        return dict.fromkeys(movers.tolist(), 0)
    in_turn = movers[~movers.isin(transfers["prisoner_id"].astype("str"))].tolist()
    never = dict.fromkeys(movers.tolist(), scenario.calendar.days)
    return never | dict(week_by_week(in_turn, scenario.calendar, per_week))


def transfer_problems(transfers: pd.DataFrame, calendar: Calendar) -> list[str]:
    """Say which rows of a user's table of transfers lie outside the year.

    Parameters
    ----------
    transfers
        The table as it was read; its index counts the rows from 0.
    calendar
        Measured from its second day on: whoever is moved on the first can be placed there.
    """
    days = _days(transfers["date"], calendar)
    outside = transfers[(days < max(1, calendar.warm_up_days)) | (days >= calendar.days)]
    return [
        f"{TRANSFERS}: {row.prisoner_id} is moved on {row.date}, outside the measured year, which "
        f"begins on {calendar.start_date} and has {calendar.weeks} weeks. Correct the date, or "
        "where the person is held today."
        for row in outside.itertuples()
    ]


def _days(dates: pd.Series[str], calendar: Calendar) -> pd.Series[int]:
    found = [calendar.day_of(date.fromisoformat(day)) for day in dates.tolist()]
    return pd.Series(found, index=dates.index, dtype="int64")


def _dated(table: pd.DataFrame, calendar: Calendar) -> pd.DataFrame:
    """Count the days of a user's transfers from the first of the calendar."""
    lasts = table["until"] == ""
    until = _days(table["until"].where(~lasts, table["date"]), calendar)
    return pd.DataFrame(
        {
            "prisoner_id": table["prisoner_id"].astype("str"),
            "day": _days(table["date"], calendar),
            "until_day": until.where(~lasts, BEYOND),
            "establishment": table["establishment"].astype("str"),
            "unit": table["unit"].astype("str"),
            "is_prepared": (table["reason"] == ACCUMULATED).astype("bool"),
        }
    )


def _of_plan(placements: pd.DataFrame, made: list[tuple[str, int]]) -> pd.DataFrame:
    """Give the moves of a plan that are made in the year, for good."""
    table = pd.DataFrame(made, columns=["prisoner_id", "day"])
    there = placements.set_index("prisoner_id").loc[table["prisoner_id"]]
    return table.assign(
        until_day=BEYOND,
        establishment=there["establishment"].astype("str").to_numpy(),
        unit=there["unit"].astype("str").to_numpy(),
        is_prepared=False,
    )


def _as_today(placements: pd.DataFrame, given: Given) -> pd.DataFrame:
    """Put everybody whom a plan moves back to where they are held today."""
    moved = placements["moved"].astype("bool")
    back = placements.copy()
    for name in ("establishment", "unit"):
        back[name] = placements[name].where(~moved, placements[f"from_{name}"]).astype("str")
    back.loc[moved, "straight_miles"] = _miles(back[moved], given).to_numpy()
    return back


def _miles(rows: pd.DataFrame, given: Given) -> pd.Series[float]:
    """Give the miles from home to where each row says the person is."""
    home = given.population.prisoners.set_index("prisoner_id")["home_area"]
    areas = home.reindex(rows["prisoner_id"])
    travel = given.travel
    area = travel.home_areas.get_indexer(pd.Index(areas))
    place = travel.establishments.get_indexer(pd.Index(rows["establishment"]))
    miles = pd.Series(travel.straight_miles[area, place], index=rows.index)
    return miles.where((area >= 0) & (place >= 0))

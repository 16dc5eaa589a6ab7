"""From dated transfers to stays: who is held where from which day until which."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulation.clock import Calendar
from simulation.place import BEYOND
from simulation.transfers import STAYS

if TYPE_CHECKING:
    import pandas as pd

WORKING_DAYS = 5
"""Of the week, from Monday on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferSettings:
    """What transfers in the year do, and those that a scenario makes itself.

    Attributes
    ----------
    visitors_approved_days
        Days after a transfer until visitors are approved at the new establishment and a visit can
        be booked.
    numbers_cleared_days
        Working days until telephone numbers are cleared there and a call can be asked for.
    moves_per_week
        Moves of a plan that are made each week, in the order of its list, from the first measured
        day on; ``None`` if all are made before.
    accumulated_people, accumulated_days
        People a year who are lent for so many days to an establishment near home, to have the
        visits they saved the orders for.
    """

    visitors_approved_days: int
    numbers_cleared_days: int
    moves_per_week: int | None
    accumulated_people: int
    accumulated_days: int

    def __post_init__(self) -> None:
        """Refuse negative numbers, and moves or days that are none."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        problems = [
            f"{name} is {values[name]}, below {least}"
            for name, least in (
                ("visitors_approved_days", 0),
                ("numbers_cleared_days", 0),
                ("moves_per_week", 1),
                ("accumulated_people", 0),
                ("accumulated_days", 1),
            )
            if values[name] is not None and values[name] < least
        ]
        if problems:
            raise ValueError(f"TransferSettings: {'; '.join(problems)}.")


TRANSFER_COLUMNS = [
    "prisoner_id", "day", "until_day", "establishment", "unit", "straight_miles", "is_prepared",
]  # fmt: skip
"""Columns of a table of transfers."""


class _Held(NamedTuple):
    """Where somebody is held from a day on."""

    day: int
    establishment: str
    unit: str
    straight_miles: float
    is_prepared: bool
    ends: int = BEYOND


def stays(
    placements: pd.DataFrame,
    transfers: pd.DataFrame,
    settings: TransferSettings,
    calendar: Calendar,
    bank_holidays: Sequence[str],
) -> pd.DataFrame:
    """Cut the year of everybody who is moved into stays.

    Parameters
    ----------
    placements
        Who is held where on the first day: prisoner_id, establishment, unit and straight_miles.
    transfers
        One row per transfer: ``TRANSFER_COLUMNS``, days counted from the first of the calendar and
        above 0. Before ``until_day`` the person is back where they were; ``BEYOND``
        for good. With ``is_prepared``, visitors are approved before. A transfer to where the
        person is held already changes nothing, and neither does one after the last day.
    settings
        How long approving and clearing take.
    calendar, bank_holidays
        Working days; holidays as ISO dates.

    Returns
    -------
    DataFrame
        prisoner_id, establishment, unit, straight_miles, from_day, until_day, ends_day,
        approved_day, cleared_day: one row per stay, by person and day. Where a person has been held
        before in the year, numbers and visitors are still known.

    Raises
    ------
    ValueError
        When somebody is moved on the first day, or again before a stay is over.
    """
    import pandas as pd

    columns = ["prisoner_id", "establishment", "unit", "straight_miles"]
    moved = transfers[
        transfers["prisoner_id"].isin(placements["prisoner_id"])
        & (transfers["day"] < calendar.days)
    ]
    settled = placements.loc[~placements["prisoner_id"].isin(moved["prisoner_id"]), columns]
    settled = settled.assign(**STAYS)
    begin = placements.loc[placements["prisoner_id"].isin(moved["prisoner_id"]), columns]
    base = {
        prisoner: _Held(0, establishment, unit, miles, True)
        for prisoner, establishment, unit, miles in begin.itertuples(index=False, name=None)
    }
    cleared = _cleared_days(settings.numbers_cleared_days, calendar, bank_holidays)
    rows: list[tuple[Any, ...]] = []
    ordered = moved.sort_values(["prisoner_id", "day"])[TRANSFER_COLUMNS]
    for prisoner, own in ordered.groupby("prisoner_id", sort=True):
        known: set[str] = set()
        path = _path(base[prisoner], own, calendar.days)
        for held, until in zip(path, [*(each.day for each in path[1:]), BEYOND], strict=True):
            is_known = held.establishment in known or not held.day
            known.add(held.establishment)
            is_approved = is_known or held.is_prepared
            rows.append(
                (
                    prisoner,
                    *held[1:4],
                    held.day,
                    until,
                    held.ends,
                    0 if is_approved else held.day + settings.visitors_approved_days,
                    0 if is_known else int(cleared[held.day]),
                )
            )
    table = pd.DataFrame(rows, columns=list(settled.columns))
    return pd.concat([settled, table], ignore_index=True) if rows else settled


def _path(base: _Held, transfers: pd.DataFrame, days: int) -> list[_Held]:
    """Give where one person is held, one after the other, from the first day on."""
    path, back = [base], BEYOND
    for _, day, until, establishment, unit, miles, is_prepared in transfers.itertuples(
        index=False, name=None
    ):
        if back < day:
            if base.establishment != path[-1].establishment:
                path.append(base._replace(day=back))
            back = BEYOND
        if day < 1 or back not in (BEYOND, day):
            raise ValueError("Transfers: one is on the first day, or before a stay is over.")
        # who is lent to where they would be anyway is still there when the loan is over
        ends = until if establishment != base.establishment else BEYOND
        there = _Held(day, establishment, unit, miles, is_prepared, ends)
        back = until
        if until == BEYOND:
            base = there._replace(ends=BEYOND)
        if establishment != path[-1].establishment:
            path.append(there)
        else:
            path[-1] = path[-1]._replace(ends=ends)
    if back < days and base.establishment != path[-1].establishment:
        path.append(base._replace(day=back))
    return path


def _cleared_days(
    working_days: int, calendar: Calendar, bank_holidays: Sequence[str]
) -> NDArray[np.int64]:
    """Give for each day the one on which so many working days from it on have passed."""
    import pandas as pd

    reach = np.arange(calendar.days + 7 * working_days + 30)
    holidays = [calendar.day_of(pd.Timestamp(day).date()) for day in bank_holidays]
    works = (calendar.weekdays(reach) < WORKING_DAYS) & ~np.isin(reach, holidays)
    passed = np.concatenate([[0], np.cumsum(works)])
    wanted = passed[: calendar.days] + working_days
    return np.searchsorted(passed, wanted, side="left").astype(np.int64)


def week_by_week(movers: Sequence[str], calendar: Calendar, per_week: int) -> list[tuple[str, int]]:
    """Give the day of each move of a list of which so many are made in a week.

    A week's moves are spread over its working days, from the first measured day on; those for
    which the year has no room are left out.

    Parameters
    ----------
    movers
        Ids, in the order in which they are moved.
    calendar
        The year.
    per_week
        Moves in a week, at least 1.

    Returns
    -------
    list of tuple
        Id and day.

    Examples
    --------
    >>> from datetime import date
    >>> year = Calendar(
    ...     start_date=date(2026, 8, 3), weeks=2, warm_up_weeks=1, school_from="09:00",
    ...     school_until="15:15", school_holidays=(), school_holidays_wales=(),
    ... )
    >>> week_by_week(["A", "B", "C", "D", "E"], year, 2)
    [('A', 7), ('B', 9), ('C', 14), ('D', 16)]
    """
    days = calendar.warm_up_days + np.arange(7 * calendar.weeks)
    working = days[calendar.weekdays(days) < WORKING_DAYS].reshape(calendar.weeks, WORKING_DAYS)
    numbers = np.arange(min(len(movers), per_week * calendar.weeks))
    chosen = working[numbers // per_week, numbers % per_week * WORKING_DAYS // per_week]
    # nobody is moved on the very first day, which only a year without a warm-up measures
    return list(zip(movers, np.maximum(chosen, 1).tolist(), strict=False))

"""How visits are run: allowance, booking window, and the sessions under a scenario."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from data.estate import Estate, Where
from data.words import DAYS
from simulation.clock import clock_minutes


@dataclass(frozen=True, slots=True, kw_only=True)
class AddedSessions:
    """A weekly session added at every establishment that ``where`` matches, one for each day.

    Examples
    --------
    >>> from data.estate import Where
    >>> evening = AddedSessions(
    ...     where=Where(sex="men", security="C"), days=("tue", "thu"), start="18:00", end="19:30",
    ...     open_tables=15,
    ... )
    """

    where: Where
    days: tuple[str, ...]
    start: str
    end: str
    open_tables: int
    closed_tables: int = 0

    def __post_init__(self) -> None:
        """Refuse unknown days, times out of order and sessions without a table."""
        _check_days("added session", self.days)
        if clock_minutes(self.end) <= clock_minutes(self.start):
            raise ValueError(f"added session: ends at {self.end}, not after {self.start}.")
        if min(self.open_tables, self.closed_tables) < 0:
            raise ValueError("added session: tables are negative; give 0 or more.")
        if self.open_tables + self.closed_tables == 0:
            raise ValueError("added session: no table; give open_tables or closed_tables.")


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionTables:
    """More or fewer tables in the sessions that exist, on the days named (all when empty)."""

    where: Where
    days: tuple[str, ...] = ()
    add_open_tables: int = 0
    add_closed_tables: int = 0
    multiply: float = 1.0

    def __post_init__(self) -> None:
        """Refuse unknown days and a negative factor."""
        _check_days("session tables", self.days)
        if self.multiply < 0:
            raise ValueError(f"session tables: multiply is {self.multiply}; give 0 or more.")


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitsRegime:
    """The rules of visits.

    Attributes
    ----------
    notice_days_min, notice_days_max
        A session can be booked from so many to so many days ahead, counted in dates.
    orders_per_14_days
        Visit orders granted to a convicted person every 14 days.
    privileged_orders_basic, privileged_orders_standard, privileged_orders_enhanced
        Privileged visit orders granted every 28 days by incentive level; they lapse at the next.
    orders_cap
        Most visit orders a person can have in hand.
    opening_orders
        Visit orders in hand on day 0.
    remand_visits_per_week
        Visits an unconvicted person may have from Monday to Sunday.
    evening_from
        A weekday session that starts at this time or later is an evening session: after school
        and after work.
    added_sessions, session_tables
        A scenario's changes to the session templates.
    """

    notice_days_min: int
    notice_days_max: int
    orders_per_14_days: int
    privileged_orders_basic: int
    privileged_orders_standard: int
    privileged_orders_enhanced: int
    orders_cap: int
    opening_orders: int
    remand_visits_per_week: int
    evening_from: str
    added_sessions: tuple[AddedSessions, ...] = field(default=())
    session_tables: tuple[SessionTables, ...] = field(default=())

    def __post_init__(self) -> None:
        """Refuse an empty window and negative allowances."""
        if not 1 <= self.notice_days_min <= self.notice_days_max:
            raise ValueError(
                f"VisitsRegime: booking window is empty; notice_days_min {self.notice_days_min} "
                f"must be at least 1 and not above notice_days_max {self.notice_days_max}."
            )
        allowances = {
            name: getattr(self, name)
            for name in (
                "orders_per_14_days",
                "privileged_orders_basic",
                "privileged_orders_standard",
                "privileged_orders_enhanced",
                "orders_cap",
                "opening_orders",
                "remand_visits_per_week",
            )
        }
        negative = [f"{name} {value}" for name, value in allowances.items() if value < 0]
        if negative:
            raise ValueError(f"VisitsRegime: {', '.join(negative)} below 0.")
        clock_minutes(self.evening_from)

    def privileged_orders(self, incentive_level: str) -> int:
        """Give the privileged orders a level earns; every level above enhanced earns the same."""
        if incentive_level == "basic":
            return self.privileged_orders_basic
        if incentive_level.startswith("enhanced"):
            return self.privileged_orders_enhanced
        return self.privileged_orders_standard


def sessions_under(estate: Estate, regime: VisitsRegime) -> pd.DataFrame:
    """Give the weekly session templates under a scenario.

    Parameters
    ----------
    estate
        Its ``session_templates`` and ``establishments`` are read.
    regime
        Its ``session_tables`` change templates that exist, its ``added_sessions`` append new ones
        (with templates named ``<establishment>-added-<number>``).

    Returns
    -------
    DataFrame
        The columns of ``session_templates``, sorted by establishment and template; tables are
        never negative.
    """
    templates = estate.session_templates.copy()
    for edit in regime.session_tables:
        chosen = edit.where.matches_in(estate, templates)
        if edit.days:
            chosen &= templates["day"].isin(edit.days)
        for column, added in (
            ("open_tables", edit.add_open_tables),
            ("closed_tables", edit.add_closed_tables),
        ):
            tables = (templates[column] * edit.multiply).round() + added
            templates[column] = (
                templates[column].where(~chosen, tables.clip(lower=0)).astype("int64")
            )
    added_rows = [
        row
        for number, added in enumerate(regime.added_sessions)
        for row in _added_rows(estate, added, number, list(templates.columns))
    ]
    if added_rows:
        new = pd.DataFrame(added_rows).astype(
            {name: templates[name].dtype for name in templates.columns}
        )
        templates = pd.concat([templates, new], ignore_index=True)
    return templates.sort_values(["establishment", "template"], ignore_index=True)


def _added_rows(
    estate: Estate, added: AddedSessions, number: int, columns: list[str]
) -> list[dict[str, object]]:
    establishments = estate.establishments
    matches = establishments[added.where.matches_in(estate, establishments)]
    held = matches.loc[matches["operational_capacity"] > 0, "establishment"]
    known: dict[str, object] = {
        "valid_from": "",
        "valid_to": "",
        "every_n_weeks": 1,
        "start": added.start,
        "end": added.end,
        "open_tables": added.open_tables,
        "closed_tables": added.closed_tables,
        "source": "scenario",
        "confidence": "assumed",
    }
    return [
        {name: known.get(name, "") for name in columns}
        | {
            "template": f"{establishment}-added-{number}-{day}",
            "establishment": establishment,
            "hall": "added",
            "day": day,
        }
        for establishment in held
        for day in added.days
    ]


def _check_days(what: str, days: tuple[str, ...]) -> None:
    unknown = [day for day in days if day not in DAYS]
    if unknown:
        raise ValueError(f"{what}: no day '{unknown[0]}'; write one of {', '.join(DAYS)}.")

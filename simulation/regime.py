"""How visits are run: allowance, booking window, and the sessions under a scenario."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING, Any, Literal

from data.where import Where
from data.words import DAYS, OrderRule, TemplateKind
from simulation.bounds import below, empty_window, few, not_shares, wrong_days
from simulation.clock import MINUTES_PER_DAY, clock_minutes, clock_time

if TYPE_CHECKING:
    import pandas as pd

    from data.estate import Estate

FAMILY_DAY_TEMPLATE = "-family-day"
"""How the id of the template of a scenario's family day ends, after the establishment's code."""

ADDED_TEMPLATE = "-added-"
"""What stands in the ids of templates of added sessions: after it the number and the day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddedSessions:
    """A weekly session added at every establishment that ``where`` matches, one for each day.

    Examples
    --------
    >>> from data.where import Where
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
        """Refuse days that are none, times out of order and sessions without a table."""
        problems = wrong_days(self.days)
        if clock_minutes(self.end) <= clock_minutes(self.start):
            problems.append(f"ends at {self.end}, not after {self.start}")
        if min(self.open_tables, self.closed_tables) < 0:
            problems.append("tables are negative; give 0 or more")
        elif self.open_tables + self.closed_tables == 0:
            problems.append("no table; give open_tables or closed_tables")
        if problems:
            raise ValueError(f"added session: {'; '.join(problems)}.")


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
class SessionTimes:
    """Sessions that begin and end so many minutes later, or earlier when negative.

    Aligned with the timetable of trains and buses, a session is within reach of more families.
    """

    where: Where
    shift_minutes: int
    days: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse unknown days."""
        _check_days("session times", self.days)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shuttle:
    """A bus between station and establishment for parties without a car.

    Attributes
    ----------
    where
        The establishments it runs to.
    minutes_saved
        Minutes it saves each way, over the bus that runs today.
    fare_gbp
        What it costs a traveller there and back, over the fares of today; children pay in full;
        negative where it is cheaper.
    cost_gbp_per_day
        What it costs to run on a day with visits.
    last_departure
        Time of day of its last bus from the establishment, where it runs later than the buses of
        today; ``None`` where it does not.
    """

    where: Where
    minutes_saved: float
    fare_gbp: float = 0.0
    cost_gbp_per_day: float = 0.0
    last_departure: str | None = None

    def __post_init__(self) -> None:
        """Refuse negative minutes, a negative cost and a time of day that is none."""
        for name in ("minutes_saved", "cost_gbp_per_day"):
            if not 0 <= getattr(self, name) < math.inf:
                raise ValueError(f"shuttle: {name} is {getattr(self, name)}; give 0 or more.")
        if not math.isfinite(self.fare_gbp):
            raise ValueError(f"shuttle: fare_gbp is {self.fare_gbp}; give a number of pounds.")
        clock_minutes(self.last_departure or "00:00")


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
    bank_holiday_held_share
        Share of bank holidays on which the sessions of a weekday are held.
    closed_dates
        Days of every year on which no session is held, as ``"MM-DD"``.
    family_days_per_year
        Family days in 52 weeks at each establishment with open tables.
    family_days_in
        On Saturdays, on Wednesdays without school, or on Wednesdays in school hours.
    family_day_from, family_day_hours
        When one begins, and how long it lasts.
    family_day_tables_share
        Share of the most open tables of the hall that it uses. It takes the place of sessions held
        in the hall at its time. Only families with children come; it needs no order and asks for no
        incentive level.
    non_association_blocks_day
        Whether nobody can be booked on a day on which somebody of the same establishment from whom
        they are kept apart has a visit booked.
    added_sessions, session_tables, session_times
        A scenario's changes to the session templates.
    shuttles
        Buses between station and establishment.
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
    bank_holiday_held_share: float
    closed_dates: tuple[str, ...]
    family_days_per_year: int
    family_days_in: Literal["weekends", "holidays", "school_days"]
    family_day_from: str
    family_day_hours: float
    family_day_tables_share: float
    non_association_blocks_day: bool
    added_sessions: tuple[AddedSessions, ...] = field(default=())
    session_tables: tuple[SessionTables, ...] = field(default=())
    session_times: tuple[SessionTimes, ...] = field(default=())
    shuttles: tuple[Shuttle, ...] = field(default=())

    def __post_init__(self) -> None:
        """Refuse an empty window and negative allowances."""
        allowances = (
            "orders_per_14_days", "privileged_orders_basic", "privileged_orders_standard",
            "privileged_orders_enhanced", "orders_cap", "opening_orders", "remand_visits_per_week",
        )  # fmt: skip
        problems = [*not_shares(self), *empty_window(self), *below(0, self, allowances)]
        clock_minutes(self.evening_from)
        problems += [
            f"closed date '{day}' is no day of the year; write it as MM-DD, such as 12-25"
            for day in self.closed_dates
            if not _is_day_of_year(day)
        ]
        if not 0 <= self.family_days_per_year <= DAYS_PER_YEAR:
            problems.append(
                f"family_days_per_year is {self.family_days_per_year}; give 0 to {DAYS_PER_YEAR}"
            )
        if (
            not 0
            < self.family_day_hours * 60
            <= MINUTES_PER_DAY - clock_minutes(self.family_day_from)
        ):
            problems.append(
                f"a family day from {self.family_day_from} for {self.family_day_hours} hours does "
                "not end on its day"
            )
        if problems:
            raise ValueError(f"VisitsRegime: {'; '.join(problems)}.")

    @property
    def family_day_weekday(self) -> str:
        """The day of the week on which family days are held."""
        return "sat" if self.family_days_in == "weekends" else "wed"

    def privileged_orders(self, incentive_level: str) -> int:
        """Give the privileged orders a level earns; every level above enhanced earns the same."""
        if incentive_level == "basic":
            return self.privileged_orders_basic
        if incentive_level.startswith("enhanced"):
            return self.privileged_orders_enhanced
        return self.privileged_orders_standard


DAYS_PER_YEAR = 52
"""Most family days: one a week."""


def sessions_under(estate: Estate, regime: VisitsRegime) -> pd.DataFrame:
    """Give the weekly session templates under a scenario.

    Parameters
    ----------
    estate
        Its ``session_templates`` and ``establishments`` are read.
    regime
        Its ``session_tables`` and ``session_times`` change templates that exist, its
        ``added_sessions`` append new ones (with templates named
        ``<establishment>-added-<number>-<day>``) and its family days one more
        (``<establishment>-family-day``).

    Returns
    -------
    DataFrame
        The columns of ``session_templates``, sorted by establishment and template; tables are
        never negative.

    Raises
    ------
    ValueError
        When a session would begin or end on another day.
    """
    import pandas as pd

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
    for times in regime.session_times:
        chosen = times.where.matches_in(estate, templates)
        if times.days:
            chosen &= templates["day"].isin(times.days)
        _check_shift(templates[chosen], times)
        for column in ("start", "end"):
            shifted = (templates[column].map(clock_minutes) + times.shift_minutes).map(clock_time)
            templates[column] = templates[column].where(~chosen, shifted)
    added_rows = [
        row
        for number, added in enumerate(regime.added_sessions)
        for row in _added_rows(estate, added, number, list(templates.columns))
    ]
    if regime.family_days_per_year:
        added_rows += _family_day_rows(templates, regime)
    if added_rows:
        new = pd.DataFrame(added_rows).astype(
            {name: templates[name].dtype for name in templates.columns}
        )
        templates = pd.concat([templates, new], ignore_index=True)
    return templates.sort_values(["establishment", "template"], ignore_index=True)


def session_problems(estate: Estate, regime: VisitsRegime) -> list[str]:
    """Find sessions that a scenario puts where they cannot be.

    Parameters
    ----------
    estate
        Its own sessions have been checked.
    regime
        Its added sessions and changed times.

    Returns
    -------
    list of str
        One sentence for each session that would end on another day or share a hall with another,
        once for all prisons at which it is the same.
    """
    if not regime.added_sessions and not regime.session_times:
        return []
    try:
        sessions = sessions_under(estate, regime)
    except ValueError as error:
        # what is added may clash whether or not the others are shifted
        in_time = replace(regime, session_times=())
        return [f"regime.session_times: {error}", *session_problems(estate, in_time)]
    from data.validate import clashing_sessions

    clashes = clashing_sessions(sessions[sessions["kind"] != TemplateKind.FAMILY_DAY])
    alike: dict[tuple[str, ...], list[Any]] = {}
    for row in clashes.itertuples():
        alike.setdefault(_told_of(row), []).append(row)
    return [_said_of(rows) for rows in alike.values()]


def _told_of(clash: Any) -> tuple[str, ...]:
    """Give what is said of two sessions that clash, apart from where they are."""
    names = (clash.template, clash.template_2)
    return (
        *(name.removeprefix(clash.establishment) for name in names),
        *(clash.hall, clash.day, clash.start, clash.end, clash.start_2, clash.end_2),
    )


def _said_of(clashes: Sequence[Any]) -> str:
    """Say of sessions that clash in the same way at some prisons what is wrong, and where."""
    row, *others = clashes
    elsewhere = f", and so at {few([other.establishment for other in others])}" if others else ""
    return (
        f"regime.added_sessions, regime.session_times: {row.template} and {row.template_2} would "
        f"both be held in hall {row.hall} of {row.establishment} on {row.day}, {row.start} to "
        f"{row.end} and {row.start_2} to {row.end_2}{elsewhere}. Change the times or the days."
    )


def shuttles_under(estate: Estate, shuttles: Sequence[Shuttle]) -> pd.DataFrame:
    """Give what the shuttles change at each establishment.

    Parameters
    ----------
    estate
        Its establishments.
    shuttles
        Of a scenario; those of one establishment add up, and its last bus is the latest of theirs.

    Returns
    -------
    DataFrame
        Indexed by establishment: minutes_saved (each way), fare_gbp (a traveller, there and back),
        cost_gbp_per_day and last_departure_minutes (after midnight); 0 where there is none.
    """
    import pandas as pd

    establishments = estate.establishments
    found = pd.DataFrame(
        0.0, index=pd.Index(establishments["establishment"]), columns=[*OF_SHUTTLES, LAST_BUS]
    )
    for shuttle in shuttles:
        chosen = shuttle.where.matches_in(estate, establishments).to_numpy()
        for name in OF_SHUTTLES:
            found.loc[chosen, name] += getattr(shuttle, name)
        latest = clock_minutes(shuttle.last_departure or "00:00")
        found.loc[chosen, LAST_BUS] = found.loc[chosen, LAST_BUS].clip(lower=latest)
    return found


OF_SHUTTLES = ("minutes_saved", "fare_gbp", "cost_gbp_per_day")
LAST_BUS = "last_departure_minutes"


def shuttle_gbp_per_year(estate: Estate, regime: VisitsRegime, weeks_per_year: float) -> float:
    """Give what the shuttles of a scenario cost to run in a year.

    Parameters
    ----------
    estate
        Its establishments and, with the scenario's changes, the days of their sessions.
    regime
        Its shuttles run on every day of the week with a visit session that has a table.
    weeks_per_year
        Weeks in which sessions are held.
    """
    if not regime.shuttles:
        return 0.0
    sessions = sessions_under(estate, regime)
    has_tables = sessions["open_tables"] + sessions["closed_tables"] > 0
    social = sessions[has_tables & (sessions["kind"] == TemplateKind.SOCIAL)]
    often = 1.0 / social["every_n_weeks"]
    days = often.groupby([social["establishment"], social["day"]]).max()
    per_week = days.groupby(level="establishment").sum()
    cost = shuttles_under(estate, regime.shuttles)["cost_gbp_per_day"]
    return float((per_week.reindex(cost.index).fillna(0.0) * cost).sum() * weeks_per_year)


def _check_shift(sessions: pd.DataFrame, edit: SessionTimes) -> None:
    """Refuse to shift sessions past midnight, and name the first of them."""
    minutes = sessions[["start", "end"]].map(clock_minutes) + edit.shift_minutes
    beyond = (minutes < 0) | (minutes >= MINUTES_PER_DAY)
    wrong = sessions[beyond.any(axis=1)]
    if wrong.empty:
        return
    first = wrong.iloc[0]
    time = (
        first["end"] if 0 <= minutes["start"][wrong.index[0]] < MINUTES_PER_DAY else first["start"]
    )
    others = f", and so would {len(wrong) - 1} more" if len(wrong) > 1 else ""
    raise ValueError(
        f"{first['template']} of {first['establishment']} would begin or end on another day "
        f"({time} shifted by {edit.shift_minutes} minutes){others}. Shift by less."
    )


def _family_day_rows(templates: pd.DataFrame, regime: VisitsRegime) -> list[dict[str, object]]:
    """Give one row for each establishment with open tables, in the hall that has most of them."""
    halls = (
        templates.sort_values(["establishment", "open_tables", "hall"], kind="stable")
        .groupby("establishment", sort=False)
        .tail(1)
    )
    start = clock_minutes(regime.family_day_from)
    tables = (halls["open_tables"] * regime.family_day_tables_share).round().astype("int64")
    known: dict[str, object] = {
        "day": regime.family_day_weekday,
        "start": clock_time(start),
        "end": clock_time(start + round(regime.family_day_hours * 60)),
        "every_n_weeks": 1,
        "closed_tables": 0,
        "kind": str(TemplateKind.FAMILY_DAY),
        "order_rule": str(OrderRule.NO_ORDER),
        "source": "scenario",
        "confidence": "assumed",
    }
    return [
        {name: known.get(name, "") for name in templates.columns}
        | {
            "template": f"{establishment}{FAMILY_DAY_TEMPLATE}",
            "establishment": establishment,
            "hall": hall,
            "open_tables": seats,
        }
        for establishment, hall, seats in zip(
            halls["establishment"], halls["hall"], tables, strict=True
        )
        if seats
    ]


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
        "kind": str(TemplateKind.SOCIAL),
        "open_tables": added.open_tables,
        "closed_tables": added.closed_tables,
        "source": "scenario",
        "confidence": "assumed",
    }
    return [
        {name: known.get(name, "") for name in columns}
        | {
            "template": f"{establishment}{ADDED_TEMPLATE}{number}-{day}",
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


def _is_day_of_year(day: str) -> bool:
    try:
        date.fromisoformat(f"2028-{day}")
    except ValueError:
        return False
    return True

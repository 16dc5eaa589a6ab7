"""On which dates the visit sessions of an establishment are held: closures and family days."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from data.words import DAYS, Country
from simulation.clock import DAYS_PER_WEEK, Calendar, clock_minutes
from simulation.regime import FAMILY_DAY_TEMPLATE, VisitsRegime
from simulation.streams import stream_key, uniform

if TYPE_CHECKING:
    import pandas as pd

    from data.estate import Estate

EPOCH = date(1970, 1, 1)
MONDAY = 4
"""5 January 1970 in days since 1970: weeks are counted from here."""

WEEKS_PER_YEAR = 52
WEEKS_AROUND = 4
"""Family days are spread over the measured weeks and so many before and after them."""

SATURDAY = 5

LONGEST_TERM_DAYS = 120
"""Days without a school holiday beyond which holidays are missing; terms last about 80."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Closure:
    """Dates on which a session is not held, in days since 1970; all sessions when no template."""

    first: int
    last: int
    template: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OpenDays:
    """When the sessions of one establishment are held, beside their weekly pattern.

    Attributes
    ----------
    country
        Whose schools the children of the families go to.
    closures
        When sessions are not held.
    bank_holidays
        Dates in days since 1970, int64.
    family_days
        Dates on which the scenario's family day is held, in days since 1970, int64.
    """

    country: str = Country.ENGLAND
    closures: tuple[Closure, ...] = ()
    bank_holidays: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    family_days: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))

    def drawn(
        self, held_share: float, *, establishment: str, seed: int, replication: int
    ) -> OpenDays:
        """Draw on which bank holidays the sessions are held.

        Parameters
        ----------
        held_share
            Share of bank holidays on which the sessions of a weekday are held as usual.
        establishment, seed, replication
            Names of the draws, one for each date; the same dates fall away under any calendar.

        Returns
        -------
        OpenDays
            With a closure for each of the others.
        """
        stream = stream_key(seed, replication, "bank holiday", establishment)
        draws = uniform(stream, self.bank_holidays.astype(np.uint64))
        shut = self.bank_holidays[draws >= held_share].tolist()
        return replace(
            self, closures=(*self.closures, *(Closure(first=day, last=day) for day in shut))
        )

    def is_free(self, days: NDArray[np.int64], calendar: Calendar) -> NDArray[np.bool_]:
        """Say for each simulated day whether there is no school: weekend, holiday, bank holiday."""
        since_1970 = days + days_since_1970(calendar.first_date)
        at_school = calendar.is_school_day(days, self.country)
        return np.asarray(~at_school | np.isin(since_1970, self.bank_holidays), dtype=np.bool_)


EVERY_DAY = OpenDays()
"""Sessions as their weekly pattern says."""


def open_days_under(
    estate: Estate,
    sessions: pd.DataFrame,
    regime: VisitsRegime,
    calendar: Calendar,
    *,
    notice_days_max: int,
) -> dict[str, OpenDays]:
    """Give the dates on which sessions are held under a scenario, by establishment.

    Parameters
    ----------
    estate
        Its ``establishments``, ``excluded_dates`` and ``bank_holidays`` are read.
    sessions
        ``sessions_under`` the scenario.
    regime
        ``closed_dates`` close every hall; family days take the place of sessions that are held in
        their hall at their time.
    calendar
        Says which years are meant.
    notice_days_max
        Most days ahead that any prison and channel can book.

    Returns
    -------
    dict
        One for every establishment of ``estate.establishments`` or ``sessions``.
    """
    closed = _closed_every_year(regime.closed_dates, calendar)
    bank_holidays = np.array(
        [days_since_1970(date.fromisoformat(day)) for day in estate.bank_holidays["date"]],
        dtype=np.int64,
    )
    excluded = {
        str(code): rows for code, rows in estate.excluded_dates.groupby("establishment", sort=False)
    }
    country = dict(
        zip(estate.establishments["establishment"], estate.establishments["country"], strict=True)
    )
    family = {
        str(code): rows
        for code, rows in _beside_family_days(sessions).groupby("establishment", sort=False)
    }
    dates = {
        each: family_days(regime, calendar, each, notice_days_max)
        for each in {*country.values(), Country.ENGLAND}
    }
    found = {}
    for code in {*country, *sessions["establishment"]}:
        nation = str(country.get(code, Country.ENGLAND))
        closures = [*closed, *_excluded(excluded.get(code))]
        held = dates[nation] if code in family else dates[nation][:0]
        closures += [
            Closure(first=day, last=day, template=template)
            for template in (family[code]["template"].tolist() if code in family else [])
            if template
            for day in held.tolist()
        ]
        found[str(code)] = OpenDays(
            country=nation,
            closures=tuple(closures),
            bank_holidays=bank_holidays,
            family_days=held,
        )
    return found


def family_days(
    regime: VisitsRegime, calendar: Calendar, country: str, notice_days_max: int | None = None
) -> NDArray[np.int64]:
    """Give the dates of family days, spread evenly, in days since 1970.

    Parameters
    ----------
    regime
        ``family_days_per_year`` in 52 weeks, on Saturdays or on Wednesdays with or without school.
    calendar
        The simulated year and its school holidays.
    country
        Whose holidays.
    notice_days_max
        Most days ahead that any prison and channel can book: so far beyond the end of the year
        dates are given; by default as in the regime.

    Returns
    -------
    ndarray of int64
        Ascending. Saturdays are counted from 1970, so a run that begins later has the same ones.
        Wednesdays are counted over the measured weeks and ``WEEKS_AROUND`` before and after, so
        neither the warm-up nor the booking window moves them. The measured weeks have their part
        of the number, as far as there are such Wednesdays.
    """
    none = np.empty(0, dtype=np.int64)
    if not regime.family_days_per_year:
        return none
    start = days_since_1970(calendar.first_date)
    end = start + calendar.days
    first = start + calendar.warm_up_days
    around = WEEKS_AROUND * DAYS_PER_WEEK
    counted = first - around, end + around
    ahead = regime.notice_days_max if notice_days_max is None else notice_days_max
    last = end + ahead + 1
    every = np.arange(min(start, counted[0]), max(last, counted[1]))
    of_day = every[(every - MONDAY) % DAYS_PER_WEEK == DAYS.index(regime.family_day_weekday)]
    if regime.family_days_in == "weekends":
        number = (of_day - MONDAY) // DAYS_PER_WEEK
        rate = regime.family_days_per_year / WEEKS_PER_YEAR
    else:
        at_school = calendar.is_school_day(of_day - start, country)
        of_day = of_day[at_school == (regime.family_days_in == "school_days")]
        before, until = np.searchsorted(of_day, counted).tolist()
        number = np.arange(len(of_day)) - before
        weeks = calendar.weeks + 2 * WEEKS_AROUND
        in_year = (until - before) * WEEKS_PER_YEAR / weeks
        rate = min(regime.family_days_per_year / in_year, 1.0) if in_year else 0.0
    falls = np.floor((number + 1) * rate) > np.floor(number * rate)
    measured = np.flatnonzero((of_day >= first) & (of_day < end))
    planned = regime.family_days_per_year * calendar.weeks / WEEKS_PER_YEAR
    if abs(falls[measured].sum() - planned) >= 1:
        # holidays lie unevenly, so the measured weeks are given their number by themselves
        number, most = np.arange(len(measured)), len(measured)
        days = min(round(planned), most)
        falls[measured] = (number + 1) * days // most > number * days // most
    return np.asarray(of_day[falls & (of_day >= start) & (of_day < last)], dtype=np.int64)


def calendar_problems(
    estate: Estate, regime: VisitsRegime, calendar: Calendar, *, pupils_come: bool
) -> list[str]:
    """Find years for which nobody has said when bank holidays and school holidays are.

    Parameters
    ----------
    estate
        Its ``bank_holidays``.
    regime
        Whether sessions fall away on them.
    calendar
        The simulated year and its school holidays.
    pupils_come
        Whether anybody comes on weekdays only when there is no school.

    Returns
    -------
    list of str
        One sentence for each fault; nothing is asked for that changes nothing.
    """
    last_date = calendar.first_date + timedelta(days=calendar.days - 1)
    problems = []
    if regime.bank_holiday_held_share < 1:
        known = {day[:4] for day in estate.bank_holidays["date"]}
        years = range(calendar.first_date.year, last_date.year + 1)
        problems += [
            f"regime.bank_holiday_held_share: bank_holidays.csv has no date in {year}. Add its "
            "bank holidays, or hold sessions on all of them (1)."
            for year in years
            if str(year) not in known
        ]
    if pupils_come:
        days = np.arange(calendar.days)
        for name, country in (
            ("school_holidays", Country.ENGLAND),
            ("school_holidays_wales", Country.WALES),
        ):
            weekdays = days[calendar.weekdays(days) < SATURDAY]
            free = weekdays[~calendar.is_school_day(weekdays, country)]
            term = np.diff([-1, *free, calendar.days]).max()
            if term > LONGEST_TERM_DAYS:
                problems.append(
                    f"calendar.{name}: no school holiday in {term} days on end between "
                    f"{calendar.first_date} and {last_date}. Add the holidays of those years."
                )
    return problems


def days_since_1970(day: date) -> int:
    """Give the number of days from 1 January 1970 to a date.

    Examples
    --------
    >>> days_since_1970(date(1970, 1, 5))
    4
    """
    return (day - EPOCH).days


def _closed_every_year(dates: Iterable[str], calendar: Calendar) -> list[Closure]:
    """Give the closures on days of the year that the calendar meets, and on those soon after."""
    first = calendar.first_date.year
    last = (calendar.first_date + timedelta(days=calendar.days)).year + 1
    days = [
        days_since_1970(date.fromisoformat(f"{year}-{day}"))
        for day in dates
        for year in range(first, last + 1)
        if day != "02-29" or year % 4 == 0
    ]
    return [Closure(first=day, last=day) for day in days]


def _excluded(rows: pd.DataFrame | None) -> list[Closure]:
    if rows is None:
        return []
    return [
        Closure(
            first=days_since_1970(date.fromisoformat(first)),
            last=days_since_1970(date.fromisoformat(last)),
            template=template,
        )
        for template, first, last in zip(rows["template"], rows["first"], rows["last"], strict=True)
    ]


def _beside_family_days(sessions: pd.DataFrame) -> pd.DataFrame:
    """Give the establishments with a family day, and the sessions that make room for it."""
    import pandas as pd

    is_family = sessions["template"].str.endswith(FAMILY_DAY_TEMPLATE)
    family = sessions[is_family]
    beside = family.merge(
        sessions[~is_family], on=["establishment", "hall", "day"], how="left", suffixes=("", "_2")
    )
    start, end = (beside[name].map(clock_minutes) for name in ("start", "end"))
    other = [beside[name].fillna("00:00").map(clock_minutes) for name in ("start_2", "end_2")]
    at_once = (other[0] < end) & (start < other[1])
    return pd.DataFrame(
        {
            "establishment": beside["establishment"],
            "template": beside["template_2"].where(at_once, "").fillna(""),
        }
    )

"""Simulation minutes, dates and weekdays."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from data.words import Country

MINUTES_PER_DAY: Final = 1440
DAYS_PER_WEEK: Final = 7
DAYS_PER_PERIOD: Final = 28
"""A four-week period, in which contact is called regular or absent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """The simulated year. Minute 0 is midnight at the start of the warm-up.

    Attributes
    ----------
    start_date
        First day that is measured.
    weeks
        Weeks measured from then on.
    warm_up_weeks
        Weeks played before, from an empty calendar, so that the first measured request meets
        sessions that others have booked. No measure counts what happens in them.
    school_from, school_until
        Hours of a school day.
    school_holidays, school_holidays_wales
        Days without school in England and in Wales, as ``"first/last"`` ISO dates.
    """

    start_date: date
    weeks: int
    warm_up_weeks: int
    school_from: str
    school_until: str
    school_holidays: tuple[str, ...]
    school_holidays_wales: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuse a year without weeks and holidays that are not a pair of dates in order."""
        if self.weeks < 1:
            raise ValueError(f"Calendar: weeks is {self.weeks}; give at least 1.")
        if self.warm_up_weeks < 0:
            raise ValueError(f"Calendar: warm_up_weeks is {self.warm_up_weeks}; give 0 or more.")
        if clock_minutes(self.school_until) < clock_minutes(self.school_from):
            raise ValueError(
                f"Calendar: school_until {self.school_until} is before {self.school_from}."
            )
        for holiday in (*self.school_holidays, *self.school_holidays_wales):
            first, last = _span(holiday)
            if last < first:
                raise ValueError(f"Calendar: school holiday {holiday} ends before it begins.")

    @property
    def first_date(self) -> date:
        """The date of day 0: the start of the warm-up."""
        return self.start_date - timedelta(weeks=self.warm_up_weeks)

    @property
    def warm_up_days(self) -> int:
        """Days before the first measured one."""
        return self.warm_up_weeks * DAYS_PER_WEEK

    @property
    def days(self) -> int:
        """Days played, warm-up included; the run ends at midnight after the last."""
        return (self.warm_up_weeks + self.weeks) * DAYS_PER_WEEK

    @property
    def periods(self) -> int:
        """Complete four-week periods measured; at least one."""
        return max(1, self.weeks * DAYS_PER_WEEK // DAYS_PER_PERIOD)

    def weekdays(self, days: NDArray[np.int64]) -> NDArray[np.int64]:
        """Give the weekday of each day, 0 for Monday.

        Examples
        --------
        >>> year = Calendar(
        ...     start_date=date(2026, 8, 3), weeks=52, warm_up_weeks=0, school_from="09:00",
        ...     school_until="15:15", school_holidays=(), school_holidays_wales=(),
        ... )
        >>> year.weekdays(np.array([0, 5, 7])).tolist()
        [0, 5, 0]
        """
        return (days + self.first_date.weekday()) % DAYS_PER_WEEK

    def day_of(self, when: date) -> int:
        """Give the number of a date's day; negative before day 0."""
        return (when - self.first_date).days

    def months(self, days: NDArray[np.int64]) -> NDArray[np.int64]:
        """Give the calendar month of each day, counted from January of year 0."""
        dates = np.datetime64(self.first_date, "D") + days
        return dates.astype("datetime64[M]").astype(np.int64) + 1970 * 12

    def is_school_day(
        self, days: NDArray[np.int64], country: str = Country.ENGLAND
    ) -> NDArray[np.bool_]:
        """Say for each day whether schools are open: Monday to Friday outside the holidays.

        Parameters
        ----------
        days
            Simulated days, any shape.
        country
            Of the two whose holidays differ.
        """
        open_days = self.weekdays(days) < 5
        in_wales = country == Country.WALES
        for holiday in self.school_holidays_wales if in_wales else self.school_holidays:
            first, last = _span(holiday)
            open_days &= (days < self.day_of(first)) | (days > self.day_of(last))
        return open_days

    def timestamps(self, minutes: NDArray[np.float64]) -> NDArray[np.datetime64]:
        """Give the date and time of each simulation minute, to the second."""
        return np.datetime64(self.first_date, "s") + np.round(minutes * 60).astype("m8[s]")


def clock_minutes(time: str) -> int:
    """Give the minutes after midnight of a clock time.

    Raises
    ------
    ValueError
        When the text is not ``HH:MM``.

    Examples
    --------
    >>> clock_minutes("13:45")
    825
    """
    hours, _, minutes = time.partition(":")
    if not (hours.isdigit() and minutes.isdigit() and int(hours) <= 24 and int(minutes) < 60):
        raise ValueError(f"'{time}' is not a time of day; write it as HH:MM, such as 18:00.")
    return int(hours) * 60 + int(minutes)


def clock_time(minutes: int) -> str:
    """Write minutes after midnight as a clock time.

    Examples
    --------
    >>> clock_time(825)
    '13:45'
    """
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def _span(holiday: str) -> tuple[date, date]:
    first, _, last = holiday.partition("/")
    try:
        return date.fromisoformat(first), date.fromisoformat(last)
    except ValueError:
        raise ValueError(
            f"Calendar: school holiday '{holiday}' is not two ISO dates with a slash between."
        ) from None

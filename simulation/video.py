"""Video calls: stations and slots under a scenario, and the story of a call."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from data.where import Where
from data.words import DAYS
from simulation.bounds import below, empty_window, few, named, not_shares, wrong_days
from simulation.clock import clock_minutes

if TYPE_CHECKING:
    import pandas as pd

    from data.estate import Estate


@dataclass(frozen=True, slots=True, kw_only=True)
class StationsEdit:
    """More or fewer video stations at the establishments that ``where`` matches."""

    where: Where
    multiply: float = 1.0
    add: int = 0

    def __post_init__(self) -> None:
        """Refuse a negative factor."""
        if self.multiply < 0:
            raise ValueError(f"video stations: multiply is {self.multiply}; give 0 or more.")


@dataclass(frozen=True, slots=True, kw_only=True)
class AddedHours:
    """Further hours in which the stations of an establishment are open, on the days named."""

    where: Where
    days: tuple[str, ...]
    start: str
    end: str

    def __post_init__(self) -> None:
        """Refuse days that are none and times out of order."""
        problems = wrong_days(self.days)
        if clock_minutes(self.end) <= clock_minutes(self.start):
            problems.append(f"end at {self.end}, not after {self.start}")
        if problems:
            raise ValueError(f"added hours: {'; '.join(problems)}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoRegime:
    """The rules of video calls.

    Attributes
    ----------
    credit_minutes_per_month
        Minutes of calls a person may have in a calendar month where no more is offered.
    full_credit_minutes_per_month, full_credit_share
        What the others are offered, and the share of the people who use video calls that are.
    call_minutes
        Length of a call.
    changeover_minutes
        Between two calls at one station.
    notice_days_min, notice_days_max
        A call can be booked from so many to so many days ahead.
    walk_in
        Whether calls are not booked: whoever finds a station free calls at once, others do not.
    provider_from, provider_until
        Time of day between which the providers put calls through.
    stations_per_officer, officers
        One officer watches so many stations at a time, and there are so many; further stations
        stay shut.
    stations, added_hours
        A scenario's changes to the stations and their hours.
    """

    credit_minutes_per_month: float
    full_credit_minutes_per_month: float
    full_credit_share: float
    call_minutes: float
    changeover_minutes: float
    notice_days_min: int
    notice_days_max: int
    walk_in: bool
    provider_from: str
    provider_until: str
    stations_per_officer: int
    officers: int
    stations: tuple[StationsEdit, ...] = field(default=())
    added_hours: tuple[AddedHours, ...] = field(default=())

    def __post_init__(self) -> None:
        """Refuse an empty window, calls without length and negative credit."""
        problems = [*not_shares(self), *empty_window(self)]
        problems += below(0, self, ("changeover_minutes", *named(self, "_minutes_per_month")))
        if self.call_minutes <= 0:
            problems.append(f"call_minutes is {self.call_minutes}; a call needs a length above 0")
        if clock_minutes(self.provider_until) <= clock_minutes(self.provider_from):
            problems.append(
                f"provider_until {self.provider_until} is not after provider_from "
                f"{self.provider_from}"
            )
        if min(self.stations_per_officer, self.officers) < 1:
            problems.append("at least one officer watches at least one station")
        if problems:
            raise ValueError(f"VideoRegime: {'; '.join(problems)}.")

    def calls_per_month(self, full_credit: bool) -> int:
        """Give the calls that a person's credit pays for in a month."""
        credit = self.credit_minutes_per_month
        if full_credit:
            credit = max(credit, self.full_credit_minutes_per_month)
        return int(credit // self.call_minutes)


def stations_under(estate: Estate, regime: VideoRegime) -> pd.DataFrame:
    """Give the opening periods of video stations under a scenario.

    Parameters
    ----------
    estate
        Its ``video_stations`` and ``establishments`` are read.
    regime
        ``stations`` change how many there are; ``added_hours`` open the most stations that the
        establishment has on any day for further hours. Stations beyond those that officers watch,
        and hours outside those of the providers, are left out.

    Returns
    -------
    DataFrame
        The columns of ``video_stations``, sorted by establishment, day of the week and start.
    """
    import pandas as pd

    periods = estate.video_stations.copy()
    for edit in regime.stations:
        chosen = edit.where.matches_in(estate, periods)
        stations = (periods["stations"] * edit.multiply).round() + edit.add
        periods["stations"] = (
            periods["stations"].where(~chosen, stations.clip(lower=0)).astype("int64")
        )
    most = periods.groupby("establishment")[["stations", "slot_minutes"]].max().reset_index()
    rows = [
        {
            "establishment": row.establishment,
            "stations": row.stations,
            "day": day,
            "start": added.start,
            "end": added.end,
            "slot_minutes": row.slot_minutes,
            "source": "scenario",
            "confidence": "assumed",
        }
        for added in regime.added_hours
        for row in most[added.where.matches_in(estate, most)].itertuples()
        for day in added.days
    ]
    if rows:
        new = pd.DataFrame(rows)[list(periods.columns)].astype(periods.dtypes.to_dict())
        periods = pd.concat([periods, new], ignore_index=True)
    periods["stations"] = periods["stations"].clip(
        upper=regime.stations_per_officer * regime.officers
    )
    periods["start"] = periods["start"].where(
        periods["start"] > regime.provider_from, regime.provider_from
    )
    periods["end"] = periods["end"].where(
        periods["end"] < regime.provider_until, regime.provider_until
    )
    periods = periods[periods["start"] < periods["end"]]
    order = periods["day"].map({day: number for number, day in enumerate(DAYS)})
    return (
        periods.assign(order=order)
        .sort_values(["establishment", "order", "start", "end"], ignore_index=True)
        .drop(columns="order")
    )


def station_problems(estate: Estate, regime: VideoRegime) -> list[str]:
    """Find hours that a scenario adds where stations are open already, or where no call fits.

    Parameters
    ----------
    estate
        Its own opening hours have been checked.
    regime
        Its added hours.

    Returns
    -------
    list of str
        One sentence for each period that would have more slots than hours, none, or some in which
        no provider puts calls through; once for all prisons at which it is the same.
    """
    if not regime.added_hours:
        return []
    at_any_hour = replace(regime, provider_from="00:00", provider_until="24:00")
    periods = stations_under(estate, at_any_hour)
    ended = periods.groupby(["establishment", "day"])["end"].shift().fillna("")
    step = regime.call_minutes + regime.changeover_minutes
    minutes = periods["end"].map(clock_minutes) - periods["start"].map(clock_minutes)
    added = periods["source"] == "scenario"
    first, last = regime.provider_from, regime.provider_until
    told = [
        (
            added & ((periods["start"] < first) | (periods["end"] > last)),
            f"reaches beyond {first} to {last}, when providers put calls through. Give hours "
            "within, or change video.provider_from or video.provider_until too.",
        ),
        (periods["start"] < ended, "overlaps the hours before it. Give other hours."),
        (added & (minutes < step), f"is shorter than a call and its changeover, {step:g} minutes."),
    ]
    return [
        f"video.added_hours: {start} to {end} on {day} at {few(at.tolist())} {why}"
        for wrong, why in told
        for (start, end, day), at in periods[wrong].groupby(["start", "end", "day"], sort=False)[
            "establishment"
        ]
    ]

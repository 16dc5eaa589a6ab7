"""Family safety lines: who rings a prison because they fear for somebody, and who gets an answer.

To answer live, or to call back within the hour, is a standard in itself. No sizing and no price
weighs it against anything.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from data.words import DAYS, ESTATE
from simulation.bounds import below, not_shares
from simulation.clock import DAYS_PER_PERIOD, DAYS_PER_WEEK, MINUTES_PER_DAY, Calendar
from simulation.clock import clock_minutes as minutes_of
from simulation.columns import order_of
from simulation.contact_centre import after_opening_minutes
from simulation.demand import poisson
from simulation.place import Place
from simulation.streams import stream_key, uniform
from simulation.sums import rows_of
from simulation.tallies import NO_WAIT, Tally

if TYPE_CHECKING:
    import pandas as pd

STANDARD_MINUTES = 60.0
"""Within which whoever was not answered live is to be called back."""

CALLS_APART = 64
"""Numbers of draws set aside for the calls about one person in four weeks."""

PEOPLE_PER_RATE = 1000.0

QUANTITIES = (
    "safety_calls", "safety_live", "safety_not_live", "safety_back_in_hour", "safety_never_back",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class SafetySettings:
    """Family safety lines; each prison has one.

    Attributes
    ----------
    modelled
        Whether they are played.
    calls_per_1000_people_per_week
        Calls of families who fear for somebody, at any hour of the week alike.
    staffed_from, staffed_until, staffed_days
        When somebody answers; at other times, and while they are on a call, there is voicemail.
    call_minutes
        Mean length of a call, exponential.
    message_share
        Share of those who reach voicemail that leave a message.
    call_back_minutes
        Mean staffed minutes until a message is answered, exponential.
    """

    modelled: bool
    calls_per_1000_people_per_week: float
    staffed_from: str
    staffed_until: str
    staffed_days: tuple[str, ...]
    call_minutes: float
    message_share: float
    call_back_minutes: float

    def __post_init__(self) -> None:
        """Refuse shares, minutes and days out of range, and a line that is never staffed."""
        others = (
            each.name
            for each in fields(self)
            if each.type == "float" and each.name != "message_share"
        )
        problems = [*not_shares(self), *below(0, self, others)]
        problems += [f"staffed_days has '{day}'" for day in self.staffed_days if day not in DAYS]
        if not self.staffed_days:
            problems.append("staffed_days is empty: give the days on which somebody answers")
        if minutes_of(self.staffed_until) <= minutes_of(self.staffed_from):
            problems.append(
                f"staffed_until {self.staffed_until} is not after staffed_from {self.staffed_from}"
            )
        if problems:
            raise ValueError(f"SafetySettings: {'; '.join(problems)}.")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SafetyYear:
    """Calls to the safety line of one prison, in order of time.

    Attributes
    ----------
    minutes
        When each was made; float64.
    is_live
        Whether somebody answered.
    back_minutes
        From the call until the family was called back, 0 where it was answered live and ``inf``
        where it never was; float64.
    """

    minutes: NDArray[np.float64]
    is_live: NDArray[np.bool_]
    back_minutes: NDArray[np.float64]


def play_safety_line(
    place: Place, calendar: Calendar, settings: SafetySettings, *, seed: int, replication: int
) -> SafetyYear:
    """Play the safety line of one prison for a year.

    Parameters
    ----------
    place
        Its people; each is somebody for whom a family may fear, while held there.
    calendar, settings
        The year, and when the line is staffed.
    seed, replication
        Names of the draws: by person, four weeks and number of the call.
    """
    periods = -(-calendar.days // DAYS_PER_PERIOD)
    person = np.repeat(np.arange(len(place.keys)), periods)
    period = np.tile(np.arange(periods), len(place.keys))

    def drawn(
        purpose: str, who: NDArray[np.int64], number: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        stream = stream_key(seed, replication, f"safety {purpose}")
        return uniform(stream, place.keys, who, number)

    weeks = DAYS_PER_PERIOD / DAYS_PER_WEEK
    mean = settings.calls_per_1000_people_per_week / PEOPLE_PER_RATE * weeks
    counts = poisson(drawn("how many", person, period), np.full(len(person), mean))
    which = np.repeat(np.arange(len(counts)), counts)
    within = np.arange(len(which)) - np.repeat(np.cumsum(counts) - counts, counts)
    who, number = person[which], period[which] * CALLS_APART + within
    minutes = (period[which] + drawn("when", who, number)) * DAYS_PER_PERIOD * MINUTES_PER_DAY
    day = np.floor(minutes / MINUTES_PER_DAY)
    is_here = (place.from_day[who] <= day) & (day < place.until_day[who])
    order = order_of(minutes)
    order = order[is_here[order] & (minutes[order] < calendar.days * MINUTES_PER_DAY)]
    minutes, who, number = minutes[order], who[order], number[order]
    lasts = -np.log1p(-drawn("lasts", who, number)) * settings.call_minutes
    takes = -np.log1p(-drawn("called back", who, number)) * settings.call_back_minutes
    leaves = drawn("leaves a message", who, number) < settings.message_share
    opens, closes = _staffed(calendar, settings)
    is_live, back = [], []
    busy_until = 0.0
    for now, length, wait, message in zip(
        minutes.tolist(), lasts.tolist(), takes.tolist(), leaves.tolist(), strict=True
    ):
        staffed = after_opening_minutes(now, 0.0, opens, closes) == now
        live = staffed and now >= busy_until
        is_live.append(live)
        if live:
            busy_until = now + length
        called_back = after_opening_minutes(now, wait, opens, closes) - now if message else np.inf
        back.append(0.0 if live else called_back)
    return SafetyYear(
        minutes=minutes,
        is_live=np.array(is_live, dtype=np.bool_),
        back_minutes=np.array(back, dtype=np.float64),
    )


def _staffed(calendar: Calendar, settings: SafetySettings) -> tuple[list[float], list[float]]:
    days = np.arange(calendar.days + DAYS_PER_WEEK)
    of_week = np.array([word in settings.staffed_days for word in DAYS])
    midnight = days[of_week[calendar.weekdays(days)]] * float(MINUTES_PER_DAY)
    spells = (
        midnight + minutes_of(each) for each in (settings.staffed_from, settings.staffed_until)
    )
    opens, closes = (spell.tolist() for spell in spells)
    return opens, closes


def safety_tally(
    year: SafetyYear, calendar: Calendar, *, establishment: str, replication: int
) -> Tally:
    """Count the calls of the measured year.

    Parameters
    ----------
    year, calendar
        What happened, and from when on it counts.
    establishment, replication
        Where and which.

    Returns
    -------
    Tally
        As that of visits.
    """
    measured = year.minutes >= calendar.warm_up_days * MINUTES_PER_DAY
    missed = measured & ~year.is_live
    counts = {
        "safety_calls": measured,
        "safety_live": measured & year.is_live,
        "safety_not_live": missed,
        "safety_back_in_hour": missed & (year.back_minutes <= STANDARD_MINUTES),
        "safety_never_back": missed & np.isinf(year.back_minutes),
    }
    rows = Tally()
    rows.begin(establishment, replication)
    rows.add_rows(
        ("all", "all", quantity, NO_WAIT, float(column.sum()))
        for quantity, column in counts.items()
    )
    return rows


def safety_totals(tallies: pd.DataFrame) -> pd.DataFrame:
    """Give the measures of safety lines by establishment and, as ``ALL``, of all together.

    Parameters
    ----------
    tallies
        Tables of ``safety_tally`` for any establishments and replications.

    Returns
    -------
    DataFrame
        The columns of ``measures.estate_totals``; shares are missing where nobody rang.
    """
    import pandas as pd

    keys = ["replication", "establishment", "group_by", "group"]
    both = pd.concat([tallies, tallies.assign(establishment=ESTATE)], ignore_index=True)
    sums = both.pivot_table(index=keys, columns="quantity", values="value", aggfunc="sum")

    def share(part: pd.Series[float], whole: pd.Series[float]) -> pd.Series[float]:
        return (part / whole).where(whole > 0)

    found = {
        ("safety_calls", "calls"): sums["safety_calls"],
        ("safety_answered_live_share", "share of calls"): share(
            sums["safety_live"], sums["safety_calls"]
        ),
        ("safety_called_back_in_hour_share", "share of calls not answered live"): share(
            sums["safety_back_in_hour"], sums["safety_not_live"]
        ),
        ("safety_never_reached_share", "share of calls"): share(
            sums["safety_never_back"], sums["safety_calls"]
        ),
    }
    return rows_of(sums.index, found)

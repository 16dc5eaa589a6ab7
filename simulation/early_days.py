"""The first days in a prison: first call, cleared number, finding a prisoner, first visit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from data.words import DAYS, ESTATE, Category
from simulation.bounds import below, named, not_shares
from simulation.clock import MINUTES_PER_DAY, Calendar, clock_minutes
from simulation.log import VisitLog, VisitOutcome
from simulation.open_days import days_since_1970
from simulation.place import Place
from simulation.streams import stream_key, uniform
from simulation.sums import quantiles_of, rows_of
from simulation.tallies import NO_WAIT, Row, Tally

if TYPE_CHECKING:
    import pandas as pd

HOURS_PER_DAY = 24.0
FIRST_HOURS = 72.0
FORTNIGHT = 14

WORKING_DAYS_AHEAD = 400
"""Days after the year's end that are looked at for working days."""

OF_RECEPTIONS = ("all", "reception_weekday", "reception_kind")
"""Every ``group_by`` of these measures."""

KINDS = ("from_court", "from_another_prison")

DELAYS = ("first_call", "cleared_number", "first_visit", "find_answer")

QUANTITIES = (
    "receptions", "first_night_calls", "too_late_for_call", "too_busy_for_call",
    "no_contact_in_72_hours", "no_contact_in_14_days", "visits_in_14_days", "find_requests",
    *(f"early_{name}_days" for name in DELAYS),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlySettings:
    """The first days in a prison.

    Attributes
    ----------
    modelled
        Whether they are played.
    saturday_share
        Share of receptions from court that fall on a Saturday; none fall on a Sunday, and people
        from another prison come from Monday to Friday.
    arrive_from, arrive_until
        Between which everybody arrives, each moment equally likely.
    reception_until, receptions_per_day
        Whoever arrives later, or after so many others on the day, has no call on the first night.
    first_call_hours
        Hours from the reception to the call of the first night.
    knows_number_share
        Share of people who know a number to call by heart.
    clear_working_days
        Mean working days until a number is cleared, exponential and at least one.
    clear_transfer_factor, clear_category_a_factor
        How many times as long it takes after a transfer, and for people of Category A.
    call_at
        When in the day whoever's number has been cleared calls.
    told_share
        Share of families who hear where somebody is from others, a day later.
    find_share, find_after_days, find_days
        Share of the other families that ask where somebody is held when they have heard nothing
        for so many days, and mean days until they are told, any time from half to one and a half
        of it being equally likely.
    ask_days
        Mean days from hearing where somebody is until a family asks to visit, exponential.
    reception_visit_prisons_share, reception_visit_share
        Share of prisons that give a visit without booking in the first fortnight, and share of
        the families who know of it in time that come.
    """

    modelled: bool
    saturday_share: float
    arrive_from: str
    arrive_until: str
    reception_until: str
    receptions_per_day: int
    first_call_hours: float
    knows_number_share: float
    clear_working_days: float
    clear_transfer_factor: float
    clear_category_a_factor: float
    call_at: str
    told_share: float
    find_share: float
    find_after_days: float
    find_days: float
    ask_days: float
    reception_visit_prisons_share: float
    reception_visit_share: float

    def __post_init__(self) -> None:
        """Refuse shares and days out of range."""
        lasting = named(self, "_days", "_hours", "_factor", "_per_day")
        problems = [*not_shares(self), *below(0, self, lasting)]
        # refuses what is no time of day
        clock_minutes(self.call_at)
        if clock_minutes(self.arrive_until) <= clock_minutes(self.arrive_from):
            problems.append(f"arrive_until {self.arrive_until} is not after {self.arrive_from}")
        if problems:
            raise ValueError(f"EarlySettings: {'; '.join(problems)}.")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Receptions:
    """People received at one establishment in some days, in order of arrival.

    Attributes
    ----------
    person, turn
        Whose place they take, and the how-manieth holder of it they are; int64.
    minutes
        When they arrive; float64.
    from_court
        Whether they come from court; else from another prison.
    """

    person: NDArray[np.int64]
    turn: NDArray[np.int64]
    minutes: NDArray[np.float64]
    from_court: NDArray[np.bool_]

    def __len__(self) -> int:
        """Give the number of people received."""
        return len(self.person)

    @property
    def day(self) -> NDArray[np.int64]:
        """The day of each arrival."""
        return np.asarray(self.minutes // MINUTES_PER_DAY, dtype=np.int64)

    def since(self, day: int) -> Receptions:
        """Give those who arrive on a day or later."""
        later = self.day >= day
        return Receptions(
            person=self.person[later],
            turn=self.turn[later],
            minutes=self.minutes[later],
            from_court=self.from_court[later],
        )


def next_holders(
    place: Place, days: int, *, seed: int, replication: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Give who takes each place after its first holder, before a day.

    The first holder leaves when the stay expected of them is over. That of whoever was received
    just before the year, and of everybody who comes later, is drawn: exponential, with the mean of
    the places that serve the same function. So as many are received in the long run as
    ``need.receptions_per_place`` says.

    Parameters
    ----------
    place
        The people.
    days
        The day before which they come.
    seed, replication
        Names of the draws.

    Returns
    -------
    person, turn, day
        Whose place is taken, the how-manieth time, and when; int64, in order of turn.
    """
    stream = stream_key(seed, replication, "early stay")

    def stays(person: NDArray[np.int64], turn: int) -> NDArray[np.float64]:
        draws = uniform(stream, place.keys, person, np.full(len(person), turn))
        # an end to the loop below, however short stays are
        return -np.log1p(-draws) * np.maximum(place.days_per_holder[person], 1.0)

    person = np.arange(len(place.keys))
    known = place.received_day > 0
    comes = np.where(known, place.received_day, stays(person, 0))
    found: list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]] = []
    while len(person) or not found:
        soon = comes < days
        person, comes, turn = person[soon], comes[soon], len(found) + 1
        found.append((person, np.full(len(person), turn), np.floor(comes).astype(np.int64)))
        comes = comes + stays(person, turn)
    people, turns, on = (np.concatenate(column) for column in zip(*found, strict=True))
    return people, turns, on


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EarlyDays:
    """What became of everybody received; ``inf`` hours or days where it never happens.

    Attributes
    ----------
    receptions
        Who was received when.
    too_late, too_busy, first_night
        Why there was no call on the first night, and whether there was one.
    call_hours, cleared_days, visit_days
        From the reception to the first call, the first cleared number and the first visit.
    find_days
        From asking where somebody is held until being told; ``inf`` where nobody asked.
    """

    receptions: Receptions
    too_late: NDArray[np.bool_]
    too_busy: NDArray[np.bool_]
    first_night: NDArray[np.bool_]
    call_hours: NDArray[np.float64]
    cleared_days: NDArray[np.float64]
    visit_days: NDArray[np.float64]
    find_days: NDArray[np.float64]


def receptions_of(
    place: Place,
    calendar: Calendar,
    settings: EarlySettings,
    bank_holidays: NDArray[np.int64],
    *,
    seed: int,
    replication: int,
) -> Receptions:
    """Give everybody received at an establishment, before the measured year and in it.

    A place is taken anew whenever a stay is over (``next_holders``), and by everybody who is moved
    here in the year. Whoever comes to a prison that holds people on remand comes from court, unless
    moved here; others come from another prison.

    Parameters
    ----------
    place
        The people.
    calendar, settings
        The year, and the hours and days of arrivals.
    bank_holidays
        Days since 1970; who would come on one comes on the next working day.
    seed, replication
        Names of the draws.
    """
    followed, turn, day = next_holders(place, calendar.days, seed=seed, replication=replication)
    here = (day > place.from_day[followed]) & (day < place.until_day[followed])
    moved = np.flatnonzero(place.from_day > 0)
    person = np.concatenate([followed[here], moved])
    turn = np.concatenate([turn[here], np.zeros(len(moved), dtype=np.int64)])
    day = np.concatenate([day[here], place.from_day[moved]])
    local = bool((~place.convicted).any())
    from_court = np.full(len(person), local) & (turn > 0)

    def drawn(purpose: str) -> NDArray[np.float64]:
        return uniform(stream_key(seed, replication, f"early {purpose}"), place.keys, person, turn)

    draws = drawn("weekday")
    saturday = from_court & (draws < settings.saturday_share)
    left = np.where(
        from_court,
        (draws - settings.saturday_share) / max(1.0 - settings.saturday_share, 1e-12),
        draws,
    )
    weekday = np.where(saturday, DAYS.index("sat"), np.floor(np.clip(left, 0.0, 0.999999) * 5))
    monday = day - calendar.weekdays(day)
    # a transfer of the year keeps its own day
    day = np.where(turn > 0, monday + weekday.astype(np.int64), day)
    is_working = _working(calendar, bank_holidays)
    shut = ~is_working & (calendar.weekdays(np.arange(len(is_working))) < 5)
    on_holiday = shut[np.clip(day, 0, len(shut) - 1)]
    ahead = np.searchsorted(np.flatnonzero(is_working), day)
    day = np.where(on_holiday, np.flatnonzero(is_working)[ahead], day)
    first, last = clock_minutes(settings.arrive_from), clock_minutes(settings.arrive_until)
    minutes = day * float(MINUTES_PER_DAY) + first + drawn("arrives") * (last - first)
    # those of one moment in order of person
    order = np.lexsort((turn, person, minutes))
    order = order[(day[order] >= 0) & (day[order] < calendar.days)]
    return Receptions(
        person=person[order],
        turn=turn[order],
        minutes=minutes[order],
        from_court=from_court[order],
    )


def _working(calendar: Calendar, bank_holidays: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Say for each day from day 0 on, and long after the year, whether it is a working day."""
    day = np.arange(calendar.days + WORKING_DAYS_AHEAD)
    dates = day + days_since_1970(calendar.first_date)
    return np.asarray((calendar.weekdays(day) < 5) & ~np.isin(dates, bank_holidays))


def play_early_days(
    log: VisitLog,
    calendar: Calendar,
    settings: EarlySettings,
    bank_holidays: NDArray[np.int64],
    *,
    seed: int,
) -> EarlyDays:
    """Play the first days of everybody received at one establishment.

    A first visit that is booked waits as long as one of the visits of the simulated year did,
    drawn with equal chance; whose family never came in that year has none.

    Parameters
    ----------
    log
        The year of visits: people, dated sessions, waits and who was visited.
    calendar, settings, bank_holidays
        As for ``receptions_of``.
    seed
        Name of the draws, with the replication of the log.
    """
    place, replication = log.year.place, log.replication
    received = receptions_of(
        place, calendar, settings, bank_holidays, seed=seed, replication=replication
    ).since(calendar.warm_up_days)

    def drawn(purpose: str) -> NDArray[np.float64]:
        stream = stream_key(seed, replication, f"early {purpose}")
        return uniform(stream, place.keys, received.person, received.turn)

    day = received.day
    time = received.minutes - day * float(MINUTES_PER_DAY)
    before = np.arange(len(day)) - np.searchsorted(day, day, side="left")
    too_late = time >= clock_minutes(settings.reception_until)
    too_busy = ~too_late & (before >= settings.receptions_per_day)
    somebody = place.has_party[received.person]
    knows = drawn("knows a number") < settings.knows_number_share
    first_night = somebody & knows & ~too_late & ~too_busy
    cleared = _cleared_day(
        received, place, calendar, settings, bank_holidays, drawn("clearing takes")
    )
    calls_at = cleared * MINUTES_PER_DAY + clock_minutes(settings.call_at)
    to_call = (calls_at - received.minutes) / 60.0
    later = np.where(somebody, to_call, np.inf)
    call_hours = np.where(first_night, settings.first_call_hours, later)
    find_days, heard = _heard(day, call_hours, somebody, settings, drawn)
    visit_days = _first_visit(log, received, heard, settings, drawn, seed=seed)
    return EarlyDays(
        receptions=received,
        too_late=too_late,
        too_busy=too_busy,
        first_night=first_night,
        call_hours=call_hours,
        cleared_days=np.where(somebody, cleared - day, np.inf),
        visit_days=np.where(somebody, visit_days, np.inf),
        find_days=find_days,
    )


def _cleared_day(
    received: Receptions,
    place: Place,
    calendar: Calendar,
    settings: EarlySettings,
    bank_holidays: NDArray[np.int64],
    draws: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Give the day on which the first number is cleared: so many working days later."""
    mean = np.full(len(received), settings.clear_working_days)
    mean[~received.from_court] *= settings.clear_transfer_factor
    category_a = (place.category == Category.A)[received.person]
    mean[category_a] *= settings.clear_category_a_factor
    takes = 1 + np.floor(-np.log1p(-draws) * mean)
    working = np.flatnonzero(_working(calendar, bank_holidays))
    first = np.searchsorted(working, received.day, side="right")
    number = np.minimum(first + takes.astype(np.int64) - 1, len(working) - 1)
    cleared: NDArray[np.float64] = working[number].astype(np.float64)
    return cleared


def _heard(
    day: NDArray[np.int64],
    call_hours: NDArray[np.float64],
    somebody: NDArray[np.bool_],
    settings: EarlySettings,
    drawn: Callable[[str], NDArray[np.float64]],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give the days a request to find somebody took, and on which day the family knows."""
    called = call_hours / HOURS_PER_DAY
    told = np.where(drawn("is told") < settings.told_share, 1.0, np.inf)
    known = np.minimum(called, told)
    asks = somebody & (known > settings.find_after_days) & (drawn("asks") < settings.find_share)
    find_days = np.where(asks, settings.find_days * (0.5 + drawn("found after")), np.inf)
    known = np.minimum(known, settings.find_after_days + find_days)
    heard = np.asarray(day + np.ceil(known), dtype=np.float64)
    return find_days.astype(np.float64), heard


def _first_visit(
    log: VisitLog,
    received: Receptions,
    heard: NDArray[np.float64],
    settings: EarlySettings,
    drawn: Callable[[str], NDArray[np.float64]],
    *,
    seed: int,
) -> NDArray[np.float64]:
    """Give the days from reception to the first visit, booked or not."""
    year = log.year
    attended = log.of(VisitOutcome.ATTENDED)
    request, slot = log.request[attended], log.slot[attended]
    person = year.visits.person[request]
    asked = np.floor(year.visits.asked_minutes[request] / MINUTES_PER_DAY)
    waits = np.sort(year.sessions.day[slot] - asked)
    visits = np.bincount(person, minlength=len(year.place.keys))[received.person] > 0
    day = np.full(len(received), np.inf)
    if len(waits):
        wait = waits[np.floor(drawn("visit waits") * len(waits)).astype(np.int64)]
        asks = heard - np.floor(np.log1p(-drawn("asks to visit")) * settings.ask_days)
        day = np.where(visits, asks + wait, np.inf)
    stream = stream_key(seed, 0, "early reception visits", log.establishment)
    offers = uniform(stream, np.zeros(1, dtype=np.uint64))[0]
    if offers < settings.reception_visit_prisons_share:
        held = np.append(np.unique(year.sessions.day).astype(np.float64), np.inf)
        unbooked = held[np.searchsorted(held, heard + 1)]
        comes = drawn("comes unbooked") < settings.reception_visit_share
        in_time = unbooked <= received.day + FORTNIGHT
        day = np.where(comes & in_time, np.minimum(day, unbooked), day)
    return day - received.day


def early_tally(
    early: EarlyDays, calendar: Calendar, *, establishment: str, replication: int
) -> Tally:
    """Count and add up the first days of one establishment.

    Parameters
    ----------
    early
        Of one replication.
    calendar
        Gives the weekdays.
    establishment, replication
        Where and which.

    Returns
    -------
    Tally
        As that of visits; a delay counts by whole days, in place of ``wait_days``.
    """
    received = early.receptions
    weekday = calendar.weekdays(received.day)
    contact = np.minimum(early.call_hours, early.visit_days * HOURS_PER_DAY)
    counts = {
        "receptions": np.ones(len(received)),
        "first_night_calls": early.first_night,
        "too_late_for_call": early.too_late,
        "too_busy_for_call": early.too_busy,
        "no_contact_in_72_hours": contact > FIRST_HOURS,
        "no_contact_in_14_days": contact > FORTNIGHT * HOURS_PER_DAY,
        "visits_in_14_days": early.visit_days <= FORTNIGHT,
        "find_requests": np.isfinite(early.find_days),
    }
    delays = {
        "first_call": early.call_hours / HOURS_PER_DAY,
        "cleared_number": early.cleared_days,
        "first_visit": early.visit_days,
        "find_answer": early.find_days,
    }
    groups = {
        "all": (np.zeros(len(received), dtype=np.int64), ("all",)),
        "reception_weekday": (weekday, DAYS),
        "reception_kind": (np.where(received.from_court, 0, 1), KINDS),
    }
    rows = Tally()
    rows.begin(establishment, replication)
    for group_by, (code, words) in groups.items():
        rows.add_rows(_rows(group_by, code, words, counts, delays))
    return rows


def _rows(
    group_by: str,
    code: NDArray[np.int64],
    words: tuple[str, ...],
    counts: dict[str, NDArray[np.float64]],
    delays: dict[str, NDArray[np.float64]],
) -> Iterator[Row]:
    for name, column in counts.items():
        sums = np.bincount(code, weights=column.astype(np.float64), minlength=len(words))
        for word, value in zip(words, sums.tolist(), strict=True):
            yield group_by, word, name, NO_WAIT, value
    for name, column in delays.items():
        known = np.isfinite(column)
        whole = np.floor(column[known]).astype(np.int64)
        # one number for each pair: far quicker than unique pairs
        most = int(whole.max(initial=0)) + 1
        pairs, number = np.unique(code[known] * most + whole, return_counts=True)
        group_and_days = (part.tolist() for part in np.divmod(pairs, most))
        for group, days, value in zip(*group_and_days, number.tolist(), strict=True):
            yield group_by, words[group], f"early_{name}_days", days, float(value)


def early_totals(tallies: pd.DataFrame) -> pd.DataFrame:
    """Give the measures of the first days by establishment and, as ``ALL``, of the estate.

    Parameters
    ----------
    tallies
        Tables of ``early_tally`` for any establishments and replications.

    Returns
    -------
    DataFrame
        The columns of ``measures.estate_totals``. Days are missing where nobody came so far.
    """
    import pandas as pd

    keys = ["replication", "establishment", "group_by", "group"]
    both = pd.concat([tallies, tallies.assign(establishment=ESTATE)], ignore_index=True)
    rows = both.groupby([*keys, "quantity", "wait_days"])["value"].sum().reset_index()
    counted = rows[rows["wait_days"] < 0]
    sums = counted.pivot_table(index=keys, columns="quantity", values="value", aggfunc="sum")
    found = {
        ("early_receptions", "people"): sums["receptions"],
        ("early_find_requests", "requests"): sums["find_requests"],
    }
    for name, quantity in _SHARES.items():
        share = (sums[quantity] / sums["receptions"]).where(sums["receptions"] > 0, 0.0)
        found[name, "share of people received"] = share
    delays = rows[rows["wait_days"] >= 0]
    for word, days in zip(
        ("median", "p90"), quantiles_of(delays, (0.5, 0.9), [*keys, "quantity"]), strict=True
    ):
        kind = days.index.get_level_values("quantity")
        for name in DELAYS:
            of_delay = days[kind.isin([f"early_{name}_days"])].droplevel("quantity")
            found[f"early_{name}_days_{word}", "days"] = of_delay.reindex(sums.index)
    return rows_of(sums.index, found)


_SHARES = {
    "early_first_night_call_share": "first_night_calls",
    "early_too_late_for_call_share": "too_late_for_call",
    "early_too_busy_for_call_share": "too_busy_for_call",
    "early_no_contact_in_72_hours_share": "no_contact_in_72_hours",
    "early_no_contact_in_14_days_share": "no_contact_in_14_days",
    "early_visit_in_14_days_share": "visits_in_14_days",
}

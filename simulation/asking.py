"""How a family asks for a visit: by which channel, when it gets through, what it settles for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from data.words import DAYS
from simulation.bounds import below, named, not_shares
from simulation.clock import DAYS_PER_WEEK, MINUTES_PER_DAY, Calendar, clock_minutes
from simulation.demand import DemandSettings, Requests, keep_share
from simulation.place import Place
from simulation.streams import stream_key, uniform
from simulation.timetable import CAN_COME, KINDS


class Channel(StrEnum):
    """By which a request is made."""

    ONLINE = "online"
    PHONE = "phone"
    KIOSK = "kiosk"


CHANNELS = tuple(Channel)

Notice = tuple[int, int]
"""Least and most days ahead."""

OwnNotice = tuple[int | None, int | None]
"""The same of a prison of its own; ``None`` where it has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskingSettings:
    """Booking channels, and what a family settles for.

    Attributes
    ----------
    kiosk_share
        Share of requests that the prisoner makes at a kiosk on the wing, where the prison has no
        share of its own.
    online_share
        Share of the others that are made online where the prison takes bookings online; the rest
        are made by telephone.
    online_confirmed_share, online_delay_hours
        Share of the online requests that staff confirm, and how long it takes them.
    phone_from, phone_until, phone_days
        When the telephone is answered.
    phone_through_share, phone_retry_minutes
        Chance that a call gets through, and minutes until the next one where it does not.
    phone_wait_minutes
        Mean minutes on hold, exponential.
    kiosk_from, kiosk_until
        When the kiosks of the first wing can be used.
    kiosk_wing_minutes
        Each further wing is unlocked, and locked up, so much later, in the order of their ids.
    kiosk_spread_minutes
        Those who wait for the unlocking reach the kiosk within so many minutes.
    online_notice_days_min, online_notice_days_max, phone_notice_days_min, phone_notice_days_max, \
kiosk_notice_days_min, kiosk_notice_days_max
        Booking window of a channel, where the prison has none of its own; that of the regime where
        ``None``.
    double_share, double_gap_minutes
        Share of requests that wish for two sessions in a row, for two orders and in one trip, and
        the most minutes between the end of the one and the start of the other; who finds no two
        takes one.
    one_kind_share, second_choice_share
        Share of requests that wish for one kind of session, and of those that accept another when
        none of that kind is free.
    waiting_list_share
        Share of requests turned away for want of a table that take one released before they ask
        again.
    """

    kiosk_share: float
    online_share: float
    online_confirmed_share: float
    online_delay_hours: float
    phone_from: str
    phone_until: str
    phone_days: tuple[str, ...]
    phone_through_share: float
    phone_retry_minutes: float
    phone_wait_minutes: float
    kiosk_from: str
    kiosk_until: str
    kiosk_wing_minutes: float
    kiosk_spread_minutes: float
    online_notice_days_min: int | None
    online_notice_days_max: int | None
    phone_notice_days_min: int | None
    phone_notice_days_max: int | None
    kiosk_notice_days_min: int | None
    kiosk_notice_days_max: int | None
    double_share: float
    double_gap_minutes: float
    one_kind_share: float
    second_choice_share: float
    waiting_list_share: float

    def __post_init__(self) -> None:
        """Refuse shares outside 0 to 1, negative minutes, a telephone that is never answered."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        problems = [*not_shares(self), *below(0, self, named(self, "_minutes", "_hours"))]
        if self.phone_through_share == 0:
            problems.append("phone_through_share is 0: nobody ever gets through")
        problems += [
            f"phone_days has '{day}', not one of {', '.join(DAYS)}"
            for day in self.phone_days
            if day not in DAYS
        ]
        if not self.phone_days:
            problems.append("phone_days is empty: give the days on which the telephone is answered")
        for name in ("phone", "kiosk"):
            opens, closes = values[f"{name}_from"], values[f"{name}_until"]
            if clock_minutes(closes) <= clock_minutes(opens):
                problems.append(f"{name}_until {closes} is not after {name}_from {opens}")
        if problems:
            raise ValueError(f"AskingSettings: {'; '.join(problems)}.")

    def notice_days(
        self, channel: Channel, regime: Notice, own: OwnNotice = (None, None)
    ) -> Notice:
        """Give the booking window of a channel at a prison.

        Parameters
        ----------
        channel
            Whose settings hold where the prison has no window of its own.
        regime
            The window that holds where the channel has none either.
        own
            That of the prison.

        Raises
        ------
        ValueError
            When it is empty.
        """
        settings = [getattr(self, f"{channel}_notice_days_{end}") for end in ("min", "max")]
        least, most = (
            next(days for days in each if days is not None)
            for each in zip(own, settings, regime, strict=True)
        )
        if not 1 <= least <= most:
            raise ValueError(
                f"AskingSettings: booking window of {channel} is empty; it would begin {least} and "
                f"end {most} days ahead. Correct {channel}_notice_days_min or "
                f"{channel}_notice_days_max."
            )
        return least, most


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Manner:
    """How each request for a visit is made; drawn before the run, one entry per request.

    Attributes
    ----------
    settings
        Of the scenario.
    channel
        Index into ``CHANNELS``; int8.
    resolve
        Mood below which the request is not made, from 0 to 1; float64.
    wish
        Kind of session wished for, an index into ``KINDS``; -1 where any will do; int8.
    takes_other
        Whether another kind will do when none of that kind is free; false where any will do.
    waits
        Whether it would take a table released before it asks again.
    doubles
        Whether it wishes for two sessions in a row.
    handled_minutes
        Minute at which each asking reaches the desk, ``inf`` where the family would not ask so
        often, or a booking line that is played tells; shape (attempts_max, requests); float64.
    """

    settings: AskingSettings
    channel: NDArray[np.int8]
    resolve: NDArray[np.float64]
    wish: NDArray[np.int8]
    takes_other: NDArray[np.bool_]
    waits: NDArray[np.bool_]
    doubles: NDArray[np.bool_]
    handled_minutes: NDArray[np.float64]

    @classmethod
    def of(
        cls,
        place: Place,
        visits: Requests,
        settings: AskingSettings,
        demand: DemandSettings,
        calendar: Calendar,
        *,
        asked_share: NDArray[np.float64],
        with_resolve: bool,
        moved_online: NDArray[np.float64],
        by_line: bool,
        seed: int,
        replication: int,
    ) -> Manner:
        """Draw how the requests of one establishment are made.

        Parameters
        ----------
        place, visits
            Its people, and the requests that were drawn for them.
        settings, demand
            Channels and choices, and how wishes fall with cost.
        calendar
            Tells the days of the week.
        asked_share
            Share of their requests that each person's family makes at all, as ``visit_requests``
            was given it: a draw is below it where there is a request.
        with_resolve
            Whether moods matter; else every resolve is 0.
        moved_online
            Share of those by telephone that has moved online when each request is made.
        by_line
            Whether a booking line is played, which tells when those by telephone reach the desk.
        seed, replication
            Names of the draws.
        """
        everyone = np.arange(len(visits))

        def drawn(purpose: str, which: NDArray[np.int64] = everyone) -> NDArray[np.float64]:
            stream = stream_key(seed, replication, f"visit {purpose}")
            return uniform(stream, place.keys, visits.person[which], visits.number[which])

        def is_below(
            purpose: str, share: float, which: NDArray[np.int64] = everyone
        ) -> NDArray[np.bool_]:
            # a draw that cannot matter is not made
            found = np.full(len(visits), False)
            found[which] = drawn(purpose, which) < share if 0.0 < share < 1.0 else share == 1.0
            return found

        by_kiosk = is_below("at a kiosk", place.kiosk_share)
        by_phone = ~is_below("by phone", place.online_share)
        if moved_online.any():
            by_phone &= drawn("moves online") >= moved_online
        channel = np.where(
            by_kiosk,
            CHANNELS.index(Channel.KIOSK),
            np.where(by_phone, CHANNELS.index(Channel.PHONE), CHANNELS.index(Channel.ONLINE)),
        ).astype(np.int8)
        wish = np.full(len(visits), -1, dtype=np.int8)
        if settings.one_kind_share:
            wishing = np.flatnonzero(is_below("one kind", settings.one_kind_share))
            wish[wishing] = _kind(drawn("which kind", wishing), place, visits.party[wishing])
        resolve = np.zeros(len(visits))
        if with_resolve:
            kept_share = keep_share(place.net_cost_gbp, demand)[visits.party]
            resolve = drawn("kept") / (kept_share * asked_share[visits.person])
        return cls(
            settings=settings,
            channel=channel,
            resolve=resolve,
            wish=wish,
            takes_other=is_below(
                "second choice", settings.second_choice_share, np.flatnonzero(wish >= 0)
            ),
            waits=is_below("waiting list", settings.waiting_list_share),
            doubles=is_below("double", settings.double_share),
            handled_minutes=_handled(
                place,
                visits,
                channel,
                settings,
                calendar,
                by_line=by_line,
                seed=seed,
                replication=replication,
            ),
        )


def _kind(drawn: NDArray[np.float64], place: Place, party: NDArray[np.int64]) -> NDArray[np.int64]:
    """Choose one of the kinds of session that each party can come to."""
    found = np.full(len(party), -1)
    for word, kinds in CAN_COME.items():
        of_word = np.flatnonzero((place.availability == word)[party])
        choice = np.floor(drawn[of_word] * len(kinds)).astype(np.int64)
        found[of_word] = np.array([KINDS.index(kind) for kind in kinds])[choice]
    return found


def _handled(
    place: Place,
    visits: Requests,
    channel: NDArray[np.int8],
    settings: AskingSettings,
    calendar: Calendar,
    *,
    by_line: bool,
    seed: int,
    replication: int,
) -> NDArray[np.float64]:
    """Give the minute at which each asking reaches the desk."""
    handled = np.full((len(visits.ask_again_minutes) + 1, len(visits)), np.inf)
    offset = calendar.first_date.weekday()
    _, wing = np.unique(place.unit.astype(str), return_inverse=True)
    for code, each in enumerate(CHANNELS):
        if by_line and each == Channel.PHONE:
            continue
        request = np.flatnonzero((channel == code) & (visits.attempts > 0))
        minutes = visits.asked_minutes[request]
        for attempt, of_attempt in enumerate(handled, start=1):
            person, number = visits.person[request], visits.number[request]

            def drawn(
                purpose: str,
                attempt: int = attempt,
                person: NDArray[np.int64] = person,
                number: NDArray[np.int64] = number,
            ) -> NDArray[np.float64]:
                stream = stream_key(seed, replication, f"visit {purpose} {attempt}")
                return uniform(stream, place.keys, person, number)

            if each == Channel.ONLINE:
                minutes = _online(minutes, drawn, settings)
            elif each == Channel.PHONE:
                minutes = _by_phone(minutes, drawn, settings, offset)
            else:
                minutes = _at_kiosk(minutes, wing[person], drawn("reaches the kiosk"), settings)
            of_attempt[request] = minutes
            if attempt < len(handled):
                again = np.flatnonzero(visits.attempts[request] > attempt)
                request = request[again]
                minutes = minutes[again] + visits.ask_again_minutes[attempt - 1, request]
    return handled


_Drawn = Callable[[str], NDArray[np.float64]]
"""Gives the draws of some askings by their purpose."""


def _online(
    minutes: NDArray[np.float64], drawn: _Drawn, settings: AskingSettings
) -> NDArray[np.float64]:
    """Give the minute at which each booking made online is confirmed, at once or by staff."""
    if not settings.online_confirmed_share:
        return minutes
    by_staff = drawn("confirmed") < settings.online_confirmed_share
    return np.where(by_staff, minutes + settings.online_delay_hours * 60, minutes)


def _by_phone(
    minutes: NDArray[np.float64], drawn: _Drawn, settings: AskingSettings, offset: int
) -> NDArray[np.float64]:
    """Give the minute at which each caller is answered."""
    opens, closes = clock_minutes(settings.phone_from), clock_minutes(settings.phone_until)
    open_days = np.array([day in settings.phone_days for day in DAYS])
    takes = np.zeros(len(minutes))
    if settings.phone_through_share < 1.0:
        tries = np.log1p(-drawn("gets through")) / np.log1p(-settings.phone_through_share)
        takes += np.floor(tries) * settings.phone_retry_minutes
    if settings.phone_wait_minutes:
        takes -= np.log1p(-drawn("holds")) * settings.phone_wait_minutes
    return after_open_minutes(minutes, takes, opens, closes, np.roll(open_days, -offset))


def _at_kiosk(
    minutes: NDArray[np.float64],
    wing: NDArray[np.int64],
    drawn: NDArray[np.float64],
    settings: AskingSettings,
) -> NDArray[np.float64]:
    """Give the minute at which each prisoner gets to the kiosk."""
    later = wing * settings.kiosk_wing_minutes
    opens = clock_minutes(settings.kiosk_from) + later
    closes = clock_minutes(settings.kiosk_until) + later
    day = np.floor(minutes / MINUTES_PER_DAY)
    time = minutes - day * MINUTES_PER_DAY
    # after lock-up, the next morning
    unlocked = (day + (time >= closes)) * MINUTES_PER_DAY + opens
    waits = (time < opens) | (time >= closes)
    return np.where(waits, unlocked + drawn * settings.kiosk_spread_minutes, minutes)


def after_open_minutes(
    minutes: NDArray[np.float64],
    work: NDArray[np.float64],
    opens: float,
    closes: float,
    open_days: NDArray[np.bool_],
) -> NDArray[np.float64]:
    """Give the minute at which so many opening minutes have passed.

    Parameters
    ----------
    minutes
        From when on.
    work
        Opening minutes that have to pass; 0 or more.
    opens, closes
        Minutes after midnight, the same every day that is open.
    open_days
        Which of the seven days from day 0 on are open; at least one.

    Returns
    -------
    ndarray of float64
        Within opening hours.

    Examples
    --------
    Open from Monday to Friday, 9 to 17, and asked on Friday at 16:30 for an hour: Monday, 9:30.

    >>> weekdays = np.array([True] * 5 + [False] * 2)
    >>> found = after_open_minutes(
    ...     np.array([4 * 1440 + 16.5 * 60]), np.array([60.0]), 540, 1020, weekdays
    ... )
    >>> (found // 1440).tolist(), (found % 1440 / 60).tolist()
    ([7.0], [9.5])
    """
    length = closes - opens
    day = np.floor(minutes / MINUTES_PER_DAY).astype(np.int64)
    time = minutes - day * float(MINUTES_PER_DAY)
    week = day // DAYS_PER_WEEK
    weekday = day - week * DAYS_PER_WEEK
    is_open = open_days[weekday]
    found = minutes + work
    later = np.flatnonzero(~(is_open & (time >= opens) & (time + work < closes)))
    before = np.concatenate([[0], np.cumsum(open_days)])
    passed_days = week[later] * before[-1] + before[weekday[later]]
    today = np.clip(time[later] - opens, 0.0, length) * is_open[later]
    passed = passed_days * length + today + work[later]
    whole = np.floor(passed / length).astype(np.int64)
    days = np.flatnonzero(open_days)
    that_day = whole // len(days) * DAYS_PER_WEEK + days[whole % len(days)]
    found[later] = that_day * float(MINUTES_PER_DAY) + opens + (passed - whole * length)
    return found

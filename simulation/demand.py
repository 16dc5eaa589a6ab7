"""When families ask to visit, and when they ask for a video call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from simulation.bounds import below, named, not_shares
from simulation.clock import DAYS_PER_PERIOD, MINUTES_PER_DAY, Calendar, clock_minutes
from simulation.columns import order_of
from simulation.place import Place
from simulation.streams import stream_key, uniform

DecayCurve = Literal["none", "us_survey", "steep"]

NUMBERS_PER_PERIOD = 4096
"""Request numbers set aside for each four weeks, so a longer year adds requests at its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemandSettings:
    """What families wish for and how they behave.

    Attributes
    ----------
    wish_per_four_weeks
        Mean visits a family would ask for in four weeks if the trip took no time and no money.
    wish_spread
        Standard deviation of that wish between families, as a share of its mean (lognormal).
    decay_curve
        How requests fall with the cost of the trip: ``none``, ``us_survey`` or ``steep``.
    decay_scale_gbp, decay_exponent, steep_exponent
        ``keep_share`` says how they enter.
    attempts_max
        Times a family asks for one visit before it is refused for good.
    ask_again_share
        Share of families that ask again after a refusal.
    ask_again_days_max
        They wait 1 to so many days, each equally likely.
    ask_from, ask_until
        Times of day between which requests are made.
    cancel_share, no_show_share
        Shares of booked visits that are cancelled, and of the others that nobody comes to.
    refused_to_video_share
        Share of requests given up or refused for good that turn to a video call.
    video_user_share
        Share of prisoners with a permitted contact whose family uses video calls.
    video_wish_per_four_weeks, video_wish_spread
        Their mean wish for calls, and its spread.
    video_no_show_share
        Share of booked calls that nobody joins.
    """

    wish_per_four_weeks: float
    wish_spread: float
    decay_curve: DecayCurve
    decay_scale_gbp: float
    decay_exponent: float
    steep_exponent: float
    attempts_max: int
    ask_again_share: float
    ask_again_days_max: int
    ask_from: str
    ask_until: str
    cancel_share: float
    no_show_share: float
    refused_to_video_share: float
    video_user_share: float
    video_wish_per_four_weeks: float
    video_wish_spread: float
    video_no_show_share: float

    def __post_init__(self) -> None:
        """Refuse shares outside 0 to 1, negative wishes and an empty day."""
        wishes = named(self, "_per_four_weeks", "_spread", "_exponent")
        problems = [*not_shares(self), *below(0, self, wishes)]
        problems += below(1, self, ("attempts_max", "ask_again_days_max"))
        if self.decay_scale_gbp <= 0:
            problems.append(f"decay_scale_gbp is {self.decay_scale_gbp}, not above 0")
        if clock_minutes(self.ask_until) <= clock_minutes(self.ask_from):
            problems.append(f"ask_until {self.ask_until} is not after ask_from {self.ask_from}")
        if problems:
            raise ValueError(f"DemandSettings: {'; '.join(problems)}.")


def keep_share(net_cost_gbp: NDArray[np.float64], settings: DemandSettings) -> NDArray[np.float64]:
    """Give the share of a family's wished-for visits that is left at the cost of the trip.

    The wish is what the family would ask for at no cost. The dearer the trip in time and money,
    net of what the family expects to be refunded, the fewer of those requests are made.

    Parameters
    ----------
    net_cost_gbp
        Generalised cost of one visit for the whole party, less the expected refund; any shape;
        a cost below zero counts as zero, ``inf`` where there is no route.
    settings
        ``decay_curve``, ``decay_scale_gbp`` and the exponents are read.

    Returns
    -------
    ndarray of float64
        The same shape, from 0 to 1; 1 at no cost and never rising with cost.

    Notes
    -----
    ``(1 + cost / scale) ** -exponent``. With the scale at the mean cost of a trip of 50
    straight-line miles and the exponent 0.775 it passes within 3% of the odds of a visit in the
    past month by distance in United States prisons, relative to the nearest band: 0.68 at 50 to
    100 miles, 0.36 at 101 to 500, 0.17 beyond (Prison Policy Initiative 2015, from the 2004
    survey of the Bureau of Justice Statistics). Odds stand for rates: where the wish varies
    between families as an exponential does, visits in a month are geometric, and the mean of a
    geometric count equals the odds that it is not zero. ``steep`` has an exponent of its own;
    ``none`` keeps every request. Only the shape is taken over, never the level.

    Examples
    --------
    >>> import dataclasses
    >>> from simulation.demand import DemandSettings
    >>> curve = DemandSettings(
    ...     wish_per_four_weeks=1, wish_spread=1, decay_curve="us_survey", decay_scale_gbp=50,
    ...     decay_exponent=1, steep_exponent=2, attempts_max=1, ask_again_share=0,
    ...     ask_again_days_max=1, ask_from="08:00", ask_until="20:00", cancel_share=0,
    ...     no_show_share=0, refused_to_video_share=0, video_user_share=0,
    ...     video_wish_per_four_weeks=0, video_wish_spread=0, video_no_show_share=0,
    ... )
    >>> keep_share(np.array([0.0, 50.0, 150.0, np.inf]), curve).tolist()
    [1.0, 0.5, 0.25, 0.0]
    >>> steep = dataclasses.replace(curve, decay_curve="steep")
    >>> keep_share(np.array([0.0, 50.0, 150.0]), steep).tolist()
    [1.0, 0.25, 0.0625]
    """
    if settings.decay_curve == "none":
        return np.ones_like(net_cost_gbp, dtype=np.float64)
    steep = settings.decay_curve == "steep"
    exponent = settings.steep_exponent if steep else settings.decay_exponent
    cost = np.maximum(net_cost_gbp, 0.0) / settings.decay_scale_gbp
    return np.asarray((1.0 + cost) ** -exponent, dtype=np.float64)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Requests:
    """The requests of one year at one establishment, sorted by the time they are made.

    One entry per request in every array, drawn before the run, so that nothing that happens in
    the run can change what a family will do next.

    Attributes
    ----------
    person, party
        Whose request, an index into the people of the place, and which party would come, an index
        into its parties; int64.
    number
        The request's number within the person's requests, for the draws; int64.
    asked_minutes
        Simulation minute at which it is first made; float64.
    no_show
        Whether the family would stay away from a booked slot without a word.
    cancels, cancel_at_share
        Whether it would cancel, and after what share of the time from booking to visit; 0 where it
        would not.
    attempts
        How often it is willing to ask; int64.
    ask_again_minutes
        Wait before each further attempt, 0 where it would not make it; shape (attempts_max - 1,
        requests), float64.
    turns_to_video
        Whether it would turn to a video call when it gets no visit.
    """

    person: NDArray[np.int64]
    party: NDArray[np.int64]
    number: NDArray[np.int64]
    asked_minutes: NDArray[np.float64]
    no_show: NDArray[np.bool_]
    cancels: NDArray[np.bool_]
    cancel_at_share: NDArray[np.float64]
    attempts: NDArray[np.int64]
    ask_again_minutes: NDArray[np.float64]
    turns_to_video: NDArray[np.bool_]

    def __len__(self) -> int:
        """Give the number of requests."""
        return len(self.person)


def visit_requests(
    place: Place,
    calendar: Calendar,
    settings: DemandSettings,
    *,
    seed: int,
    replication: int,
    asked_share: NDArray[np.float64] | float = 1.0,
) -> Requests:
    """Draw every request for a visit that the families of one establishment make.

    Requests come at the rate wished for at no cost, and each is made when its own draw is below
    the share its party keeps at the cost of the trip. A change of distance or refund therefore
    only changes which of the same requests are made.

    Parameters
    ----------
    place
        The people and parties of the establishment.
    calendar
        The year, warm-up included.
    settings
        Wishes and behaviour.
    seed, replication
        Names of the draws.
    asked_share
        Share of them that each person's family still asks for, since it calls instead of the
        others; one number for all or shape (people,).

    Returns
    -------
    Requests
        In order of asking.
    """
    draws = _Draws(place.keys, seed, replication, "visit")
    wish = settings.wish_per_four_weeks * draws.spread(settings.wish_spread) * place.has_party
    person, number = _wished(draws, wish, calendar)
    party = _party(draws, place, person, number)
    still_asked = np.broadcast_to(asked_share, len(place.keys))[person]
    kept_share = keep_share(place.net_cost_gbp, settings)[party] * still_asked
    kept = np.flatnonzero(draws("kept", person, number) < kept_share)
    person, number, party = person[kept], number[kept], party[kept]
    minutes, order = _asking(draws, person, number, calendar, settings)
    person, number, party = person[order], number[order], party[order]
    attempts, ask_again_minutes = _further_attempts(draws, person, number, settings)
    cancels = draws("cancels", person, number) < settings.cancel_share
    return Requests(
        person=person,
        party=party,
        number=number,
        asked_minutes=minutes,
        no_show=draws("no-show", person, number) < settings.no_show_share,
        cancels=cancels,
        cancel_at_share=draws.where(cancels, "cancels when", person, number),
        attempts=attempts,
        ask_again_minutes=ask_again_minutes,
        turns_to_video=draws("to video", person, number) < settings.refused_to_video_share,
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Callers:
    """Who can call by video; one entry per person in every array.

    Attributes
    ----------
    aware
        Whether the family knows that there are video calls.
    by_wish
        Whether it has a wish for calls as families have that could visit.
    otherwise
        Whether there is somebody to call who could not.
    not_a_party
        Whether who is called is none of the parties that visit. Such a caller is numbered after
        the parties, one for each person.
    """

    aware: NDArray[np.bool_]
    by_wish: NDArray[np.bool_]
    otherwise: NDArray[np.bool_]
    not_a_party: NDArray[np.bool_]


def video_users(
    place: Place, settings: DemandSettings, callers: Callers, *, seed: int, replication: int
) -> NDArray[np.bool_]:
    """Draw for each person whether the family uses video calls.

    Parameters
    ----------
    place, settings, seed, replication
        As for ``visit_requests``.
    callers
        Who has somebody to call and knows of it.
    """
    drawn = _Draws(place.keys, seed, replication, "video").of_person("uses")
    uses = (drawn < settings.video_user_share) & callers.by_wish
    return (uses | callers.otherwise) & callers.aware


def video_requests(
    place: Place,
    calendar: Calendar,
    settings: DemandSettings,
    callers: Callers,
    uses: NDArray[np.bool_],
    *,
    seed: int,
    replication: int,
) -> Requests:
    """Draw every request for a video call.

    Some families use video calls and some do not; those who do ask at a rate that distance does
    not change. A call is asked for once and never cancelled.

    Parameters
    ----------
    place, calendar, settings, seed, replication
        As for ``visit_requests``.
    callers
        Who has somebody to call and knows of it.
    uses
        For each person whether the family uses video calls, as ``video_users`` draws it.

    Returns
    -------
    Requests
        In order of asking.
    """
    draws = _Draws(place.keys, seed, replication, "video")
    wish = settings.video_wish_per_four_weeks * draws.spread(settings.video_wish_spread) * uses
    person, number = _wished(draws, wish, calendar)
    party = np.where(
        callers.not_a_party[person],
        len(place.party_person) + person,
        _party(draws, place, person, number),
    )
    minutes, order = _asking(draws, person, number, calendar, settings)
    person, number, party = person[order], number[order], party[order]
    never = np.zeros(len(person), dtype=np.bool_)
    return Requests(
        person=person,
        party=party,
        number=number,
        asked_minutes=minutes,
        no_show=draws("no-show", person, number) < settings.video_no_show_share,
        cancels=never,
        cancel_at_share=np.zeros(len(person)),
        attempts=np.ones(len(person), dtype=np.int64),
        ask_again_minutes=np.empty((0, len(person))),
        turns_to_video=never,
    )


class _Draws:
    """The named columns of draws of one kind of request."""

    def __init__(self, keys: NDArray[np.uint64], seed: int, replication: int, kind: str) -> None:
        self._keys, self._seed, self._replication, self._kind = keys, seed, replication, kind

    def __call__(
        self, purpose: str, person: NDArray[np.int64], number: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        stream = stream_key(self._seed, self._replication, f"{self._kind} {purpose}")
        return uniform(stream, self._keys, person=person, numbers=number)

    def where(
        self,
        matters: NDArray[np.bool_],
        purpose: str,
        person: NDArray[np.int64],
        number: NDArray[np.int64],
    ) -> NDArray[np.float64]:
        """Draw where it matters; 0 elsewhere."""
        which = np.flatnonzero(matters)
        drawn = np.zeros(len(person))
        drawn[which] = self(purpose, person[which], number[which])
        return drawn

    def of_person(self, purpose: str) -> NDArray[np.float64]:
        stream = stream_key(self._seed, self._replication, f"{self._kind} {purpose}")
        return uniform(stream, self._keys)

    def spread(self, spread: float) -> NDArray[np.float64]:
        """Give lognormal factors of mean 1 and this coefficient of variation, one per person."""
        variance = np.log1p(spread**2)
        radius = np.sqrt(-2.0 * np.log1p(-self.of_person("wish radius")))
        normal = radius * np.cos(2.0 * np.pi * self.of_person("wish angle"))
        return np.asarray(np.exp(np.sqrt(variance) * normal - variance / 2.0), dtype=np.float64)


def _wished(
    draws: _Draws, wish: NDArray[np.float64], calendar: Calendar
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Give person and number of every contact wished for: a Poisson count for each four weeks."""
    periods = -(-calendar.days // DAYS_PER_PERIOD)
    wishing = np.flatnonzero(wish)
    person = np.repeat(wishing, periods)
    period = np.tile(np.arange(periods), len(wishing))
    counts = poisson(draws("how many", person, period), wish[person])
    # those of a period are numbered from its first number on
    earlier = np.cumsum(counts) - counts
    from_first = np.repeat(period * NUMBERS_PER_PERIOD - earlier, counts)
    return np.repeat(person, counts), from_first + np.arange(len(from_first))


def _asking(
    draws: _Draws,
    person: NDArray[np.int64],
    number: NDArray[np.int64],
    calendar: Calendar,
    settings: DemandSettings,
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Give the minutes of the requests made in the year, ascending, and which requests they are.

    Each falls at a time spread evenly over the days of its four weeks and the hours in which
    requests are made.
    """
    when = (number // NUMBERS_PER_PERIOD + draws("when", person, number)) * DAYS_PER_PERIOD
    day = np.floor(when)
    opens, closes = clock_minutes(settings.ask_from), clock_minutes(settings.ask_until)
    minutes = day * MINUTES_PER_DAY + opens + (when - day) * (closes - opens)
    in_year = np.flatnonzero(day < calendar.days)
    order = in_year[order_of(minutes[in_year])]
    return minutes[order], order


def _party(
    draws: _Draws, place: Place, person: NDArray[np.int64], number: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Choose which of the person's parties a request is for, by their shares."""
    party = place.last_party[person]
    # where there is only one there is nothing to choose
    parties = np.bincount(place.party_person, minlength=len(place.keys))
    several = np.flatnonzero(parties[person] > 1)
    person, number = person[several], number[several]
    drawn = draws("which party", person, number)
    # parties lie in order of person, so person + cumulative share ascends over all of them
    chosen = np.searchsorted(place.party_ladder, person + drawn, side="right")
    party[several] = np.minimum(chosen, party[several])
    return party


def _further_attempts(
    draws: _Draws,
    person: NDArray[np.int64],
    number: NDArray[np.int64],
    settings: DemandSettings,
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Give how often each request may be made, and the wait before each further attempt."""
    attempts = np.ones(len(person), dtype=np.int64)
    waits = np.zeros((settings.attempts_max - 1, len(person)))
    left = np.arange(len(person))
    for attempt, wait in enumerate(waits, start=1):
        asks_again = draws(f"asks again {attempt}", person[left], number[left])
        left = left[np.flatnonzero(asks_again < settings.ask_again_share)]
        attempts[left] += 1
        drawn = draws(f"waits {attempt}", person[left], number[left])
        wait[left] = (1 + np.floor(drawn * settings.ask_again_days_max)) * MINUTES_PER_DAY
    return attempts, waits


def poisson(draws: NDArray[np.float64], means: NDArray[np.float64]) -> NDArray[np.int64]:
    """Turn uniform draws into Poisson counts by inversion.

    A larger mean never gives a smaller count for the same draw.

    Parameters
    ----------
    draws
        Uniform on [0, 1).
    means
        Mean of each count; at most 700, beyond which ``exp(-mean)`` is zero.

    Returns
    -------
    ndarray of int64
        The smallest count whose distribution function exceeds the draw.

    Raises
    ------
    ValueError
        When a mean is above 700 or negative.

    Examples
    --------
    >>> poisson(np.array([0.3, 0.4, 0.99]), np.array([1.0, 1.0, 0.0])).tolist()
    [0, 1, 0]
    """
    if len(means) and not (means.min() >= 0 and means.max() <= 700):
        raise ValueError(
            f"A family wishes for {means.max():.0f} contacts in four weeks; at most 700 can be "
            "drawn. Lower the wish or its spread."
        )
    counts = np.zeros(len(draws), dtype=np.int64)
    left = np.flatnonzero(means > 0)
    drawn, mean = draws[left], means[left]
    term = np.exp(-mean)
    reached = term.copy()
    for count in range(1, NUMBERS_PER_PERIOD):
        more = np.flatnonzero((drawn >= reached) & (term > 0))
        if not len(more):
            break
        left, drawn, mean = left[more], drawn[more], mean[more]
        counts[left] = count
        term = term[more] * mean / count
        reached = reached[more] + term
    return counts

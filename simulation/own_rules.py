"""Rules that a prison has of its own: who of a party may come, how it asks, and how far ahead."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from data.visit_cost import TRIP_COLUMNS, VisitCost
from data.words import BookingChannel
from simulation.asking import CHANNELS, AskingSettings, Channel, Notice, OwnNotice
from simulation.coming import ComingSettings
from simulation.streams import person_keys, stream_key, uniform

if TYPE_CHECKING:
    import pandas as pd

    from data.estate import Estate

AGES = 18
"""Children are 0 to 17 years old."""

SCHOOL_AGES = range(5, 17)
"""Children of these ages go to school. Compulsory school age begins with the term after the fifth
birthday and ends in June of the school year of the sixteenth (Education Act 1996, section 8)."""

CHILDREN_APART = 64
"""Numbers of draws set aside for the children of one party."""

NO_WINDOW: OwnNotice = (None, None)
"""Of a prison whose booking window is that of the settings."""

LIMITS = ("adults_max", "children_max", "visitors_max", "adult_age")
"""Columns of the rules that say who of a party may come."""


def rules_by_prison(estate: Estate, coming: ComingSettings, asking: AskingSettings) -> pd.DataFrame:
    """Give the rules of every establishment: its own, and the settings where it has none.

    Parameters
    ----------
    estate
        Its ``establishments`` and ``visiting_rules`` are read.
    coming, asking
        What holds elsewhere.

    Returns
    -------
    DataFrame
        Indexed by establishment: adults_max, children_max, visitors_max (``inf`` without a limit),
        adult_age, kiosk_share, online_share; float64.
    """
    import pandas as pd

    known = estate.establishments.set_index("establishment")
    online = known["booking_channel"] == BookingChannel.ONLINE
    usual = pd.DataFrame(
        {
            "adults_max": coming.adults_max,
            "children_max": np.inf if coming.children_max is None else coming.children_max,
            "visitors_max": np.inf if coming.visitors_max is None else coming.visitors_max,
            "adult_age": coming.adult_age,
            "kiosk_share": asking.kiosk_share,
            "online_share": online * asking.online_share,
        },
        index=known.index,
        dtype="float64",
    )
    own = estate.visiting_rules.set_index("establishment")[list(usual.columns)]
    return own.astype("float64").reindex(usual.index).fillna(usual)


def windows_by_prison(
    estate: Estate, asking: AskingSettings, regime: Notice
) -> dict[str, tuple[Notice, ...]]:
    """Give the booking windows of every establishment: its own, and the settings where it has none.

    Parameters
    ----------
    estate
        Its ``establishments`` and ``visiting_rules`` are read.
    asking, regime
        Windows of the channels elsewhere, and what holds where a channel has none.

    Returns
    -------
    dict
        By establishment, the least and most days ahead of each channel in the order of
        ``CHANNELS``.

    Raises
    ------
    ValueError
        When one is empty.
    """
    own = _own_windows(estate)
    return {
        code: tuple(
            asking.notice_days(channel, regime, own.get((code, channel), NO_WINDOW))
            for channel in CHANNELS
        )
        for code in estate.establishments["establishment"].tolist()
    }


def window_problems(estate: Estate, asking: AskingSettings, regime: Notice) -> list[str]:
    """Say which channels have an empty booking window, by the settings or at a prison.

    Parameters
    ----------
    estate, asking, regime
        As for ``windows_by_prison``.
    """
    problems = []
    for (code, channel), own in {
        **{("", channel): NO_WINDOW for channel in CHANNELS},
        **_own_windows(estate),
    }.items():
        try:
            asking.notice_days(channel, regime, own)
        except ValueError as error:
            told = str(error)
            if code:
                told = f"visiting_rules, {code}{told.removeprefix('AskingSettings')}"
            problems.append(told)
    return problems


def _own_windows(estate: Estate) -> dict[tuple[str, Channel], OwnNotice]:
    """Give the booking windows that prisons have of their own, by establishment and channel."""
    rules = estate.visiting_rules
    found: dict[tuple[str, Channel], OwnNotice] = {}
    for channel in CHANNELS:
        ends = (
            [None if np.isnan(days) else int(days) for days in column.to_numpy(np.float64)]
            for column in (rules[f"{channel}_notice_days_{end}"] for end in ("min", "max"))
        )
        for code, *own in zip(rules["establishment"].tolist(), *ends, strict=True):
            least, most = own
            if own != [None, None]:
                found[str(code), channel] = least, most
    return found


def who_come(
    adults: NDArray[np.int64],
    children: NDArray[np.int64],
    counted_as_adults: NDArray[np.int64],
    limits: NDArray[np.float64],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Say who of each party may come to the table; the others stay at home.

    Grown-ups come first, then the children who count as adults, then the younger ones.

    Parameters
    ----------
    adults, children
        Members of each party.
    counted_as_adults
        How many of the children are old enough to count as adults.
    limits
        Most adults, most children, most visitors; shape (parties, 3).

    Returns
    -------
    tuple of ndarray of int64
        Grown-ups and children who come.

    Examples
    --------
    Two grown-ups, a child of 16 and three younger ones; at most 3 adults, 2 children and 4 in all,
    then 2 adults: the eldest stays at home.

    >>> both = np.array([2, 2]), np.array([4, 4]), np.array([1, 1])
    >>> grown_up, young = who_come(*both, np.array([[3.0, 2.0, 4.0], [2.0, 2.0, 4.0]]))
    >>> grown_up.tolist(), young.tolist()
    ([2, 2], [2, 2])
    """
    most_adults, most_children, most = limits.T
    grown_up = np.minimum(adults, np.minimum(most_adults, most))
    elder = np.minimum(counted_as_adults, np.minimum(most_adults, most) - grown_up)
    younger = np.minimum(children - counted_as_adults, most_children)
    younger = np.minimum(younger, most - grown_up - elder)
    return grown_up.astype(np.int64), (elder + younger).astype(np.int64)


def sizes_at(
    parties: pd.DataFrame, keys: NDArray[np.uint64], limits: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Say who of each party may come to one of the establishments.

    Parameters
    ----------
    parties
        party, adults and children are read.
    keys
        Key of the person each would visit; uint64, shape (parties,).
    limits
        The columns ``LIMITS`` of the establishment; shape (parties, 4).

    Returns
    -------
    tuple of ndarray of int64
        Grown-ups and children who come.
    """
    adults, children = (parties[name].to_numpy(np.int64) for name in ("adults", "children"))
    adult_age = limits[:, LIMITS.index("adult_age")]
    counted = (ages_of(parties, keys) >= adult_age[:, np.newaxis]).sum(axis=1)
    return who_come(adults, children, counted, limits[:, :3])


def ages_of(parties: pd.DataFrame, keys: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Give the ages of the children of each party, the eldest first.

    The age of a child is drawn once, evenly from 0 to 17, and is the same in every replication.

    Parameters
    ----------
    parties, keys
        As for ``sizes_at``.

    Returns
    -------
    ndarray of int64
        Years; shape (parties, most children of a party), -1 where there is no such child.
    """
    children, number = (parties[name].to_numpy(np.int64) for name in ("children", "party"))
    stream = stream_key(0, 0, "age of a child")
    ages = np.full((len(parties), int(children.max(initial=0))), -1)
    for child in range(ages.shape[1]):
        there = np.flatnonzero(children > child)
        drawn = uniform(stream, keys, there, number[there] * CHILDREN_APART + child)
        ages[there, child] = np.floor(drawn * AGES)
    return -np.sort(-ages, axis=1)


def pupils_at(
    parties: pd.DataFrame, keys: NDArray[np.uint64], limits: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Count the children of each party that come to an establishment and go to school.

    Of those who count as adults, and of those who do not, the elder ones come first.

    Parameters
    ----------
    parties, keys, limits
        As for ``sizes_at``.
    """
    adults, children = sizes_at(parties, keys, limits)
    ages = ages_of(parties, keys)
    most_adults, _, most, adult_age = limits.T
    counted = (ages >= adult_age[:, np.newaxis]).sum(axis=1)
    elder = np.minimum(counted, np.minimum(most_adults, most) - adults)
    rank, first_younger = np.arange(ages.shape[1]), counted[:, np.newaxis]
    elder, younger = elder[:, np.newaxis], (children - elder)[:, np.newaxis]
    come = (rank < elder) | ((rank >= first_younger) & (rank < first_younger + younger))
    goes = (ages >= SCHOOL_AGES.start) & (ages < SCHOOL_AGES.stop)
    return np.asarray((come & goes).sum(axis=1), dtype=np.int64)


def smaller_parties(parties: pd.DataFrame, rules: pd.DataFrame) -> pd.DataFrame:
    """Give the parties that come smaller to some establishment, so that trips can be priced.

    Parameters
    ----------
    parties
        As for ``sizes_at``, with prisoner_id and the columns that make trips the same.
    rules
        Of every establishment.

    Returns
    -------
    DataFrame
        The columns that make trips the same, each row once; none where nobody stays at home.
    """
    import pandas as pd

    found = [parties.iloc[:0]]
    most = [parties[name].max() for name in ("adults", "children")]
    large = np.array([*most, sum(most)])
    if (rules["adult_age"] >= AGES).all() and (rules[list(LIMITS[:3])] >= large).all(axis=None):
        return found[0][list(TRIP_COLUMNS)]
    keys = person_keys(parties["prisoner_id"])
    for limits in rules[list(LIMITS)].drop_duplicates().to_numpy():
        adults, children = sizes_at(parties, keys, np.tile(limits, (len(parties), 1)))
        smaller = (adults != parties["adults"]) | (children != parties["children"])
        found.append(parties.assign(adults=adults, children=children)[smaller])
    return pd.concat(found)[list(TRIP_COLUMNS)].drop_duplicates(ignore_index=True)


def trips_of(cost: VisitCost, parties: pd.DataFrame) -> NDArray[np.int64]:
    """Give the row of the trips that each party makes.

    Raises
    ------
    ValueError
        When a trip has no price.
    """
    import pandas as pd

    names = list(TRIP_COLUMNS)
    rows = pd.MultiIndex.from_frame(cost.trips[names])
    found = rows.get_indexer(pd.MultiIndex.from_frame(parties[names]))
    if (found < 0).any():
        raise ValueError(f"{int((found < 0).sum())} parties make a trip that has no price.")
    return np.asarray(found, dtype=np.int64)

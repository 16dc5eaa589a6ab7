"""People who are moved in the year: what goes with them, and who has to be played together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields, replace
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from simulation.clock import MINUTES_PER_DAY
from simulation.demand import Requests
from simulation.mood import Experience
from simulation.orders import OrdersInHand
from simulation.place import BEYOND, Place

if TYPE_CHECKING:
    import pandas as pd


class Handover(NamedTuple):
    """One transfer: a stay that ends at one establishment and one that begins at another.

    Attributes
    ----------
    day
        On which, at its first minute.
    origin, leaver
        Establishment that is left, and the row of the stay in its ``Place``.
    destination, arrival
        The same of the establishment where the next stay begins.
    """

    day: int
    origin: str
    leaver: int
    destination: str
    arrival: int


STAYS = {
    "from_day": 0, "until_day": BEYOND, "ends_day": BEYOND, "approved_day": 0, "cleared_day": 0,
}  # fmt: skip
"""Columns of a table of stays, and what they are for somebody who is never moved: first day of the
stay, the day on which it is over and the day on which it is known to end; days from which visits
and calls can be booked."""


def handovers_of(people: pd.DataFrame) -> tuple[Handover, ...]:
    """Give every transfer: two stays of one person of which one begins when the other is over.

    Parameters
    ----------
    people
        One row per stay, in order of establishment, person and first day: prisoner_id,
        establishment, from_day and until_day are read.

    Returns
    -------
    tuple of Handover
        In order of day, origin and row.
    """
    row = people.groupby("establishment", sort=False).cumcount()
    moved = people["prisoner_id"].duplicated(keep=False)
    stays = people.assign(row=row)[moved].sort_values(["prisoner_id", "from_day"])
    columns = ("prisoner_id", "establishment", "row", "from_day", "until_day")
    person, establishment, rows, first, over = (stays[name].tolist() for name in columns)
    return tuple(
        sorted(
            Handover(over[one], establishment[one], rows[one], establishment[two], rows[two])
            for one, two in pairwise(range(len(stays)))
            if person[one] == person[two] and over[one] == first[two]
        )
    )


class Carried(NamedTuple):
    """What goes with a person from one establishment to the next."""

    orders: OrdersInHand
    mood: Experience


def within_stays(requests: Requests, place: Place) -> Requests:
    """Leave out the requests that are made before or after the stay of the person.

    Parameters
    ----------
    requests
        Of the whole year, for every stay.
    place
        The stays.
    """
    if place.is_settled:
        return requests
    day = requests.asked_minutes // MINUTES_PER_DAY
    here = (day >= place.from_day[requests.person]) & (day < place.until_day[requests.person])
    kept = np.flatnonzero(here)
    columns = {field.name: getattr(requests, field.name)[..., kept] for field in fields(Requests)}
    return replace(requests, **columns)


def played_together(
    establishments: Iterable[str], handovers: Sequence[Handover]
) -> list[tuple[str, ...]]:
    """Put together the establishments that transfers join, directly or by way of others.

    Parameters
    ----------
    establishments
        Any codes.
    handovers
        Every transfer of the year; those of other establishments are passed over.

    Returns
    -------
    list of tuple of str
        Each code once, ascending within a group; groups in order of their first code.

    Examples
    --------
    >>> moved = [Handover(3, "C", 0, "A", 0), Handover(9, "C", 1, "D", 4)]
    >>> played_together("ABCD", moved)
    [('A', 'C', 'D'), ('B',)]
    """
    leader = {code: code for code in sorted(establishments)}

    def first(code: str) -> str:
        while leader[code] != code:
            leader[code] = code = leader[leader[code]]
        return code

    for pair in {(moved.origin, moved.destination) for moved in handovers}:
        if leader.keys() >= set(pair):
            one, other = sorted(map(first, pair))
            leader[other] = one
    groups: dict[str, list[str]] = {}
    for code in leader:
        groups.setdefault(first(code), []).append(code)
    return [tuple(group) for group in groups.values()]

"""Who travels together to visit whom: parties of permitted contacts.

Only contacts that are permitted, with or without conditions, make a party; nobody who is barred or
still under assessment ever appears in one. Children travel with an adult of their household.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.population import Population
from data.words import Availability, ContactStatus

ADULTS_AT_A_TABLE = 3
"""Most adults at one table. Source: HMPPS public booking service (``prison_visits_2026``)."""

VISITING = (ContactStatus.PERMITTED, ContactStatus.WITH_CONDITIONS)
"""Statuses that create demand and nearness."""

POSSIBLE = (*VISITING, ContactStatus.UNDER_ASSESSMENT)
"""Statuses that may create demand later; they count for the floor of need."""


def parties(population: Population) -> pd.DataFrame:
    """Group everybody's permitted contacts into parties that would travel together.

    The permitted contacts of one prisoner in one home area make a party, with at most three of
    the adults. Children whose area has no permitted adult cannot come and are left out. A party
    with children comes when the children can.

    Parameters
    ----------
    population
        Prisoners and contacts.

    Returns
    -------
    DataFrame
        One row per party, sorted by ``prisoner_id`` and ``party``, the nearest household of the
        prisoner first where it is in the home area: ``prisoner_id``, ``party`` (0 for a
        prisoner's first), ``home_area``, ``adults`` (at least 1), ``children``, ``has_car``,
        ``low_income``, ``claims_visit_costs``, ``availability``, ``conditions`` (closed or
        supervised) and ``share`` of the prisoner's visits, in proportion to the travellers, which
        adds up to 1 for every prisoner with a party. Prisoners without permitted adults have none.
    """
    allowed = population.contacts[population.contacts["status"].isin(VISITING)]
    keys = ["prisoner_id", "home_area"]
    grouped = _with_flags(allowed).groupby(keys, sort=True, as_index=False)
    party = grouped.agg(
        all_adults=("adult", "sum"),
        children=("child", "sum"),
        has_car=("has_car", "any"),
        low_income=("low_income", "any"),
        claims_visit_costs=("claims_visit_costs", "any"),
        conditions=("conditional", "any"),
        when_adult=("when_adult", "min"),
        when_child=("when_child", "min"),
    )
    party = party[party["all_adults"] > 0]
    home = population.prisoners.set_index("prisoner_id")["home_area"]
    party = party.assign(
        adults=party["all_adults"].clip(upper=ADULTS_AT_A_TABLE),
        availability=_availability(party),
        away=(party["home_area"] != party["prisoner_id"].map(home)),
    ).sort_values(["prisoner_id", "away", "home_area"], ignore_index=True)
    travellers = (party["adults"] + party["children"]).astype("float64")
    by_prisoner = travellers.groupby(party["prisoner_id"], sort=False)
    party = party.assign(
        party=party.groupby("prisoner_id", sort=False).cumcount(),
        share=travellers / by_prisoner.transform("sum"),
    )
    return party[
        [
            "prisoner_id",
            "party",
            "home_area",
            "adults",
            "children",
            "has_car",
            "low_income",
            "claims_visit_costs",
            "availability",
            "conditions",
            "share",
        ]
    ]


def has_possible_contact(population: Population) -> NDArray[np.bool_]:
    """Say for each prisoner whether any contact is permitted or may yet be.

    Returns
    -------
    NDArray of bool
        Shape (prisoners,), in the order of ``population.prisoners``: true where the need for
        visits has its floor although nobody may be visiting today.
    """
    contacts = population.contacts
    possible = contacts.loc[contacts["status"].isin(POSSIBLE), "prisoner_id"]
    row = pd.Index(population.prisoners["prisoner_id"]).get_indexer(pd.Index(possible))
    found = np.zeros(len(population.prisoners), dtype=np.bool_)
    found[row[row >= 0]] = True
    return found


def is_among(ids: pd.Series[Any], others: pd.Series[Any]) -> NDArray[np.bool_]:
    """Say for each id whether it stands among others; both may repeat ids.

    A look-up in an index: ``isin`` takes half a second and more on columns of text of this size.

    Examples
    --------
    >>> is_among(pd.Series(["a", "b", "a"]), pd.Series(["a", "c", "a"])).tolist()
    [True, False, True]
    """
    return np.asarray(pd.Index(others.drop_duplicates()).get_indexer(pd.Index(ids)) >= 0)


_WHEN = tuple(Availability)
_NEVER = len(_WHEN)


def _with_flags(contacts: pd.DataFrame) -> pd.DataFrame:
    child = contacts["is_child"].to_numpy(dtype=np.bool_)
    rank = {word: position for position, word in enumerate(_WHEN)}
    when = contacts["availability"].map(rank).to_numpy(dtype=np.int64)
    return contacts.assign(
        adult=(~child).astype(np.int64),
        child=child.astype(np.int64),
        conditional=contacts["status"] == ContactStatus.WITH_CONDITIONS,
        has_car=contacts["has_car"].to_numpy(dtype=np.bool_) & ~child,
        when_adult=np.where(child, _NEVER, when),
        when_child=np.where(child, when, _NEVER),
    )


def _availability(party: pd.DataFrame) -> NDArray[np.object_]:
    when = np.where(party["children"] > 0, party["when_child"], party["when_adult"])
    return np.array([str(word) for word in _WHEN], dtype=object)[when]

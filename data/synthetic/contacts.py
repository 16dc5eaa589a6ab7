"""Whom the people of a synthetic population have links to: adults, children, and what is allowed.

Contacts are third parties and stay as areas and words. Each household, which is everybody whom one
prisoner knows in one area, has one car or none and one income.
"""

from __future__ import annotations

from typing import cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.synthetic.balance import Floats, Integers
from data.synthetic.characteristics import Truths
from data.synthetic.dealing import Assumptions, stream
from data.synthetic.homes import draw_areas
from data.synthetic.settings import PopulationSettings

_MOST_ADULTS = 8
_ALPHABET = np.array(list("0123456789ABCDEFGHJKMNPQRSTVWXYZ"))
"""Crockford's base 32: no letter that looks like a digit."""


def pseudonyms(
    prefix: str, count: int, digits: int, generator: np.random.Generator
) -> NDArray[np.object_]:
    """Draw distinct ids that carry no information.

    Returns
    -------
    NDArray of str
        Shape (count,), in random order: the prefix and base-32 digits.

    Examples
    --------
    >>> ids = pseudonyms("P", 1000, 6, np.random.default_rng(1))
    >>> len(set(ids)), len(ids[0])
    (1000, 7)
    """
    number = generator.choice(32**digits, size=count, replace=False)
    place = 5 * np.arange(digits - 1, -1, -1)
    letters = np.ascontiguousarray(_ALPHABET[(number[:, None] >> place) & 31])
    return np.char.add(prefix, letters.view(f"<U{digits}").ravel()).astype(object)


def draw_contacts(
    home: Integers,
    children: Integers,
    no_contact: Truths,
    children_elsewhere: Truths,
    sexual_offence: Truths,
    home_areas: pd.DataFrame,
    *,
    assumptions: Assumptions,
    settings: PopulationSettings,
) -> pd.DataFrame:
    """Draw everybody's contacts.

    Parameters
    ----------
    home
        Shape (people,): row of everybody's home area.
    children
        Shape (people,): children under 18; each of them is a contact, allowed or not.
    no_contact
        Shape (people,): has nobody.
    children_elsewhere
        Shape (people,): the children live in another area with a carer.
    sexual_offence
        Shape (people,): contact with children is restricted more often.
    home_areas
        One row per home area.

    Returns
    -------
    DataFrame
        One row per contact with the columns of the dictionary, but ``prisoner`` (row of the
        person) in place of ``prisoner_id`` and ``area`` (row) in place of ``home_area``.
    """
    adults = _draw_adults(home, no_contact, home_areas, assumptions, settings)
    carers = _draw_carers(home, children_elsewhere & (children > 0), home_areas, settings)
    grown = pd.concat([adults, carers], ignore_index=True)
    grown["availability"] = _draw_words(
        assumptions.values("availability"), len(grown), stream(settings.seed, "availability")
    )
    young = _children_of(grown, children, children_elsewhere)
    contacts = pd.concat([grown, young], ignore_index=True)
    kind = np.where(contacts["is_child"], "child", "adult")
    severe = contacts["is_child"].to_numpy() & sexual_offence[contacts["prisoner"].to_numpy()]
    contacts["status"], contacts["status_basis"] = _draw_statuses(
        np.where(severe, "child_sexual_offence", kind), assumptions, settings
    )
    return contacts.assign(**_draw_households(contacts, home_areas, assumptions, settings))


def _draw_adults(
    home: Integers,
    no_contact: Truths,
    home_areas: pd.DataFrame,
    assumptions: Assumptions,
    settings: PopulationSettings,
) -> pd.DataFrame:
    draw = stream(settings.seed, "adult contacts")
    more = np.minimum(draw.poisson(settings.adults_per_prisoner - 1, len(home)), _MOST_ADULTS - 1)
    number = np.where(no_contact, 0, 1 + more)
    prisoner = np.repeat(np.arange(len(home)), number)
    first = np.diff(prisoner, prepend=-1) > 0
    at_home = first | (draw.random(len(prisoner)) < settings.contact_at_home_share)
    away = draw_areas(
        home[prisoner], home_areas, draw, in_region_share=settings.contact_in_region_share
    )
    return pd.DataFrame(
        {
            "prisoner": prisoner,
            "relation": _draw_words(assumptions.values("relation"), len(prisoner), draw),
            "is_child": False,
            "area": np.where(at_home, home[prisoner], away),
            "leads": first,
        }
    )


def _draw_carers(
    home: Integers,
    elsewhere: Truths,
    home_areas: pd.DataFrame,
    settings: PopulationSettings,
) -> pd.DataFrame:
    draw = stream(settings.seed, "carers")
    prisoner = np.flatnonzero(elsewhere)
    area = draw_areas(
        home[prisoner], home_areas, draw, in_region_share=settings.contact_in_region_share
    )
    return pd.DataFrame(
        {
            "prisoner": prisoner,
            "relation": "carer_of_child",
            "is_child": False,
            "area": area,
            "leads": False,
        }
    )


def _children_of(
    grown: pd.DataFrame, children: Integers, children_elsewhere: Truths
) -> pd.DataFrame:
    """Put children where the adult they come with lives, free when both adult and school are."""
    carer = grown["relation"].to_numpy() == "carer_of_child"
    prisoner = grown["prisoner"].to_numpy()
    brings = np.where(children_elsewhere[prisoner], carer, grown["leads"].to_numpy())
    adult = np.flatnonzero(brings & (children[prisoner] > 0))
    rows = np.repeat(adult, children[prisoner[adult]])
    availability = grown["availability"].to_numpy()[rows]
    return pd.DataFrame(
        {
            "prisoner": prisoner[rows],
            "relation": "child",
            "is_child": True,
            "area": grown["area"].to_numpy()[rows],
            "leads": False,
            "availability": np.where(
                availability == "weekday", "after_school_or_work", availability
            ),
        }
    )


def _draw_words(
    weights: dict[str, float], count: int, generator: np.random.Generator
) -> NDArray[np.object_]:
    reach = np.cumsum(list(weights.values()))
    found = np.searchsorted(reach, generator.random(count) * reach[-1], side="right")
    words: NDArray[np.object_] = np.array(list(weights), dtype=object)
    return cast("NDArray[np.object_]", words[np.minimum(found, len(reach) - 1)])


def _draw_statuses(
    kind: NDArray[np.str_], assumptions: Assumptions, settings: PopulationSettings
) -> tuple[NDArray[np.object_], NDArray[np.object_]]:
    draw = stream(settings.seed, "contact status")
    status = np.full(len(kind), "", dtype=object)
    basis = np.full(len(kind), "", dtype=object)
    for name in ("adult", "child", "child_sexual_offence"):
        rows = np.flatnonzero(kind == name)
        status[rows] = _draw_words(
            assumptions.values("contact_status", "kind", name), len(rows), draw
        )
        given = "adult_status" if name == "adult" else "child_status"
        for word in ("with_conditions", "under_assessment", "barred"):
            reasons = assumptions.values("status_basis", given, word)
            of_word = rows[status[rows] == word]
            basis[of_word] = _draw_words(reasons, len(of_word), draw)
    return status, basis


def _draw_households(
    contacts: pd.DataFrame,
    home_areas: pd.DataFrame,
    assumptions: Assumptions,
    settings: PopulationSettings,
) -> dict[str, Truths]:
    draw = stream(settings.seed, "households")
    area = contacts["area"].to_numpy()
    key = contacts["prisoner"].to_numpy() * len(home_areas) + area
    _, first, household = np.unique(key, return_index=True, return_inverse=True)
    without = _share_without_car(home_areas, assumptions, settings.without_car_odds)[area[first]]
    car = draw.random(len(first)) >= without
    low_income = draw.random(len(first)) < settings.low_income_share
    claims = low_income & (draw.random(len(first)) < settings.claim_share)
    grown = ~contacts["is_child"].to_numpy(dtype=np.bool_)
    return {
        "has_car": car[household] & grown,
        "low_income": low_income[household],
        "claims_visit_costs": claims[household],
    }


def _share_without_car(home_areas: pd.DataFrame, assumptions: Assumptions, odds: float) -> Floats:
    density = home_areas["residents"].to_numpy(dtype=np.float64) / (
        np.pi * np.maximum(home_areas["spread_miles"].to_numpy(dtype=np.float64), 0.5) ** 2
    )
    least = assumptions.values("area_type_density")
    types = np.select(
        [home_areas["region"] == "London", density >= least["city"], density >= least["town"]],
        ["london", "city", "town"],
        "rural",
    )
    share = np.array(
        [assumptions.values("without_car", "area_type", name)["share"] for name in types]
    )
    return odds * share / (1 - share + odds * share)

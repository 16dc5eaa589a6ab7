"""The circumstances of the people of a synthetic population: needs, children, relatives, holds."""

from __future__ import annotations

from datetime import date

import numpy as np
from numpy.typing import NDArray

from data.apportion import largest_remainder
from data.estate import Estate
from data.synthetic.balance import Floats, Integers, deal
from data.synthetic.characteristics import Truths, deal_share, is_word, unit_words
from data.synthetic.dealing import Assumptions, People, deal_words, stream
from data.synthetic.settings import PopulationSettings
from data.words import Need, Sex, UnitFunction

_MOST_CHILDREN = 8
_HOME_OFFICE_DAYS = (91, 1090)
"""Three to thirty-six months left, a few days inside."""

Words = NDArray[np.object_]


def deal_needs(
    people: People, days_to_release: Floats, estate: Estate, settings: PopulationSettings
) -> dict[str, Words | Truths]:
    """Deal needs and the facts behind them.

    Returns
    -------
    dict
        Columns ``needs``, ``disability``, ``pregnancy``, ``care_experience`` and
        ``open_suitable``, each of shape (people,). Every need is served in the establishment a
        person is held in, or binds only a unit for it elsewhere.
    """
    disability = deal_share(
        people,
        settings.disability_share,
        seed=settings.seed,
        purpose="disability",
        among=np.ones(len(people["unit"]), dtype=np.bool_),
        by="age_band",
    )
    pregnancy = _deal_pregnancy(people, estate, settings)
    held = {
        Need.ACCESSIBLE: disability & _deal_accessible(people, disability, estate, settings),
        Need.FOREIGN_NATIONAL_INTEREST: _deal_interest(people, days_to_release, estate, settings),
        Need.MOTHER_AND_BABY: pregnancy == "mother_of_baby",
        Need.SEXUAL_OFFENCES: is_word(people, "offence_group", "sexual")
        & is_word(people, "sex", Sex.MEN),
        Need.THERAPEUTIC: unit_words(estate.units, "needs_served", Need.THERAPEUTIC)[
            people["unit"]
        ],
    }
    return {
        "needs": _joined(held),
        "disability": disability,
        "pregnancy": pregnancy,
        "care_experience": deal_share(
            people,
            settings.care_experience_share,
            seed=settings.seed,
            purpose="care experience",
            among=np.ones(len(people["unit"]), dtype=np.bool_),
            by="age_band",
        ),
        "open_suitable": _deal_open_suitable(people, settings),
    }


def _joined(held: dict[Need, Truths]) -> Words:
    code = np.zeros(len(next(iter(held.values()))), dtype=np.int64)
    names = sorted(held)
    for position, name in enumerate(names):
        code |= held[name].astype(np.int64) << position
    cells = [
        ";".join(name for position, name in enumerate(names) if number >> position & 1)
        for number in range(1 << len(names))
    ]
    return np.array(cells, dtype=object)[code]


def _served_in_establishment(estate: Estate, need: Need) -> Truths:
    serves = unit_words(estate.units, "needs_served", need)
    where = set(estate.units.loc[serves, "establishment"])
    return estate.units["establishment"].isin(where).to_numpy(dtype=np.bool_)


def _deal_accessible(
    people: People, disability: Truths, estate: Estate, settings: PopulationSettings
) -> Truths:
    served = _served_in_establishment(estate, Need.ACCESSIBLE)[people["unit"]]
    among = disability & served
    share = settings.accessible_share * len(among) / max(1, int(among.sum()))
    return deal_share(
        people, min(1.0, share), seed=settings.seed, purpose="accessible", among=among
    )


def _deal_pregnancy(people: People, estate: Estate, settings: PopulationSettings) -> Words:
    women = is_word(people, "sex", Sex.WOMEN)
    young = women & is_word(people, "age_band", "18_to_20", "21_to_24", "25_to_29", "30_to_39")
    serves = unit_words(estate.units, "needs_served", Need.MOTHER_AND_BABY)[people["unit"]]
    pregnancy = np.full(len(women), "none", dtype=object)
    for word, share, among in (
        ("mother_of_baby", settings.mother_of_baby_share, young & serves),
        ("pregnant", settings.pregnant_share, young),
    ):
        among = among & (pregnancy == "none")
        of_those = share * women.sum() / max(1, int(among.sum()))
        picked = deal_share(
            people, min(1.0, of_those), seed=settings.seed, purpose=word, among=among
        )
        pregnancy[picked] = word
    return pregnancy


def _deal_interest(
    people: People, days_to_release: Floats, estate: Estate, settings: PopulationSettings
) -> Truths:
    inside = unit_words(estate.units, "needs_served", Need.FOREIGN_NATIONAL_INTEREST)
    here = inside[people["unit"]]
    least, most = _HOME_OFFICE_DAYS
    among = (
        ~here
        & is_word(people, "nationality_group", "foreign_national")
        & is_word(people, "status", "sentenced")
        & ~is_word(people, "function", UnitFunction.OPEN, UnitFunction.WOMENS_OPEN)
        & (days_to_release >= least)
        & (days_to_release <= most)
    )
    return here | deal_share(
        people,
        settings.home_office_interest_share,
        seed=settings.seed,
        purpose="Home Office interest",
        among=among,
    )


def _deal_open_suitable(people: People, settings: PopulationSettings) -> Truths:
    there = is_word(people, "function", UnitFunction.OPEN, UnitFunction.WOMENS_OPEN)
    waiting = ~there & is_word(people, "category", "D", "open")
    return there | deal_share(
        people,
        settings.open_waiting_share,
        seed=settings.seed,
        purpose="open suitable",
        among=waiting,
    )


def deal_children(
    people: People, assumptions: Assumptions, settings: PopulationSettings
) -> Integers:
    """Deal children under 18: how many have any, and how many these have on average.

    Returns
    -------
    Integers
        Shape (people,): 0 to 8.
    """
    count = len(people["unit"])
    parents = deal_words(
        people,
        "parent",
        ["age_band", "sex"],
        assumptions=assumptions,
        seed=settings.seed,
        totals={"yes": settings.parent_share, "no": 1 - settings.parent_share},
    )
    rows = np.flatnonzero(parents == 1)
    children = np.zeros(count, dtype=np.int64)
    if rows.size:
        # One child and a Poisson number more; shares are renormalised at the largest family.
        more = settings.children_per_parent - 1
        further = np.arange(_MOST_CHILDREN)
        factorial = np.cumprod(np.maximum(further, 1)).astype(np.float64)
        table = largest_remainder(more**further / factorial, len(rows))[None, :]
        draw = stream(settings.seed, "children")
        children[rows] = 1 + deal(np.zeros(len(rows), dtype=np.int64), table, draw)
    return children


def pick_no_contact(people: People, children: Integers, settings: PopulationSettings) -> Truths:
    """Pick the people who have no contact at all, among those without children under 18."""
    childless = children == 0
    share = settings.no_contact_share * len(children) / max(1, int(childless.sum()))
    return deal_share(
        people, min(1.0, share), seed=settings.seed, purpose="no contact", among=childless
    )


def pair_relatives(people: People, ids: Words, settings: PopulationSettings) -> Words:
    """Pair people from the same home area as relatives.

    Returns
    -------
    NDArray of str
        Shape (people,): the id of the relative, ``""`` for nearly everyone. Symmetric.
    """
    count = len(ids)
    draw = stream(settings.seed, "relatives")
    chosen = draw.permutation(count)[: round(settings.relatives_share * count)]
    chosen = chosen[np.argsort(people["home"][chosen], kind="stable")]
    home = people["home"][chosen]
    starts = np.r_[True, home[1:] != home[:-1]] if len(home) else np.zeros(0, dtype=np.bool_)
    first = np.flatnonzero(starts)
    place = np.arange(len(home)) - np.repeat(first, np.diff(np.r_[first, len(home)]))
    one = (
        np.flatnonzero((place % 2 == 0) & np.r_[home[1:] == home[:-1], False])
        if len(home)
        else first
    )
    relatives = np.full(count, "", dtype=object)
    relatives[chosen[one]] = ids[chosen[one + 1]]
    relatives[chosen[one + 1]] = ids[chosen[one]]
    return relatives


def deal_holds(
    people: People, as_of: date, assumptions: Assumptions, settings: PopulationSettings
) -> dict[str, Words]:
    """Deal reasons why some people may not be moved for now, and until when.

    Returns
    -------
    dict
        Columns ``hold_reason`` and ``hold_until``; both ``""`` for nearly everyone.
    """
    reasons = assumptions.values("hold_reason")
    among = np.ones(len(people["unit"]), dtype=np.bool_)
    held = np.flatnonzero(
        deal_share(people, sum(reasons.values()), seed=settings.seed, purpose="holds", among=among)
    )
    draw = stream(settings.seed, "hold reasons")
    table = largest_remainder(list(reasons.values()), len(held))[None, :]
    dealt = deal(np.zeros(len(held), dtype=np.int64), table, draw)
    longest = np.array([assumptions.values("hold_days", "hold_reason", r)["most"] for r in reasons])
    days = 1 + np.floor(longest[dealt] * draw.random(len(held))).astype(np.int64)
    reason = np.full(len(among), "", dtype=object)
    until = np.full(len(among), "", dtype=object)
    reason[held] = np.array(list(reasons), dtype=object)[dealt]
    until[held] = (np.datetime64(as_of, "D") + days).astype(str).astype(object)
    return {"hold_reason": reason, "hold_until": until}

"""Who of a synthetic population must be kept apart, may not gather, or should stay together.

Every draw is by position in the order of ids, so that the order of a table's rows decides nothing.
Pairs and members who are at odds with where people are today are people who can be moved: nobody
in Category A, on hold, on a course of their sentence plan or close to release.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.geography import great_circle_miles
from data.synthetic.dealing import stream
from data.words import ApartLevel, Category

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Truths = NDArray[np.bool_]

REASONS = ("bullying", "gang", "threat", "violence", "other")
"""Reasons of the non-associations service (HMPPS) that reveal neither a victim nor an informant."""

WITHIN_A_PRISON = (ApartLevel.WING, ApartLevel.LANDING, ApartLevel.CELL)
LEAST_DAYS_TO_MOVE = 60
ROUNDS = 60
"""Times that missing pairs are drawn anew before there are taken to be no more."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Held:
    """Everybody in the order of ids: whose, where, and whether they can be moved.

    All arrays have shape (people,); codes count from 0.
    """

    ids: NDArray[np.object_]
    sex: Integers
    establishment: Integers
    region: Integers
    home: Integers
    movable: Truths


def held_now(people: pd.DataFrame, on_plan: Truths) -> Held:
    """Code where everybody is held.

    Parameters
    ----------
    people
        One row per prisoner in the order of ids, with ``establishment`` and ``region`` of the unit
        that holds them.
    on_plan
        Who is on a course of their sentence plan.
    """
    days = pd.to_numeric(people["days_to_release"].replace("", None)).to_numpy(
        dtype=np.float64, na_value=np.inf
    )
    movable = (
        (people["category"] != Category.A).to_numpy(dtype=np.bool_)
        & (people["hold_reason"] == "").to_numpy(dtype=np.bool_)
        & ~(days < LEAST_DAYS_TO_MOVE)
        & ~on_plan
    )
    return Held(
        ids=people["prisoner_id"].to_numpy(dtype=object),
        sex=_codes(people["sex"]),
        establishment=_codes(people["establishment"]),
        region=_codes(people["region"]),
        home=_codes(people["home_area"]),
        movable=movable,
    )


def draw_keep_aparts(
    held: Held,
    *,
    pairs: int,
    same_prison_share: float,
    same_region_share: float,
    establishment_share: float,
    seed: int,
) -> pd.DataFrame:
    """Draw pairs of people of one sex who must be kept apart.

    Parameters
    ----------
    held
        Who is where.
    pairs
        How many; fewer where there are not so many.
    same_prison_share
        Share held in one establishment today: what a plan has to put right.
    same_region_share
        Share held in different establishments of one region; the rest have one home area, and are
        in different establishments too.
    establishment_share
        Share that may not be in one establishment; the rest in equal parts not on one wing, one
        landing, in one cell.
    seed
        Seed of the records.

    Returns
    -------
    DataFrame
        ``a``, ``b``, ``level``, ``reason``: each pair once, ``a`` before ``b``.
    """
    draw = stream(seed, "keep aparts")
    everybody = np.ones(len(held.ids), dtype=np.bool_)
    same = round(same_prison_share * pairs)
    near = round(same_region_share * pairs)
    keys = np.zeros(0, dtype=np.int64)
    for number, place, who, apart in (
        (same, held.establishment, held.movable, False),
        (near, held.region, everybody, True),
        (pairs - same - near, held.home, everybody, True),
    ):
        keys = _more_pairs(keys, number, held, _together(held.sex, place), who, apart, draw)
    one, other = np.divmod(keys, max(len(held.ids), 1))
    rank = draw.permutation(len(keys))
    far = round(establishment_share * len(keys))
    within = np.array(WITHIN_A_PRISON, dtype=object)[rank % len(WITHIN_A_PRISON)]
    reason = np.array(REASONS, dtype=object)[draw.integers(len(REASONS), size=len(keys))]
    level = np.where(rank < far, ApartLevel.ESTABLISHMENT, within)
    return pd.DataFrame(
        {"a": held.ids[one], "b": held.ids[other], "level": level, "reason": reason}, dtype="str"
    )


def draw_groups(held: Held, *, groups: int, members: int, at_most: int, seed: int) -> pd.DataFrame:
    """Draw groups of people from one home area of whom few may be in one establishment.

    Parameters
    ----------
    held
        Who is where.
    groups
        How many; fewer where there are not enough people.
    members
        Mean number of members; a group has from half to one and a half times as many.
    at_most
        Most members in one establishment.
    seed
        Seed of the records.

    Returns
    -------
    DataFrame
        ``group``, ``prisoner_id``, ``at_most``. Nobody is in two groups.
    """
    draw = stream(seed, "groups")
    least, most = max(2, members // 2), max(2, members + members // 2)
    shuffled = draw.permutation(len(held.ids))
    shuffled = shuffled[held.movable[shuffled]]
    place = _together(held.sex, held.home)[shuffled]
    order = np.argsort(place, kind="stable")
    rows, place = shuffled[order], place[order]
    rank = _rank_within(place)
    block = place * (len(rows) + 1) + rank // most
    _, block, sizes = np.unique(block, return_inverse=True, return_counts=True)
    whole = draw.permutation(np.flatnonzero(sizes == most))[:groups]
    number = np.full(len(sizes), -1, dtype=np.int64)
    number[whole] = np.arange(len(whole))
    size = draw.integers(least, most, size=len(whole), endpoint=True)
    group = number[block]
    kept = (group >= 0) & (rank % most < np.r_[size, 0][group])
    names = np.array([f"G{each:04d}" for each in range(1, len(whole) + 1)], dtype=object)
    return pd.DataFrame(
        {
            "group": pd.Series(names[group[kept]], dtype="str"),
            "prisoner_id": pd.Series(held.ids[rows[kept]], dtype="str"),
            "at_most": np.full(int(kept.sum()), at_most, dtype=np.int64),
        }
    )


def draw_keep_together(
    held: Held, relatives: pd.Series[str], *, share: float, price_gbp: float, seed: int
) -> pd.DataFrame:
    """Pick pairs of relatives, held in one establishment, who should stay together.

    Parameters
    ----------
    held
        Who is where.
    relatives
        Id of a relative in custody for each person, or empty; only the first of several.
    share
        Share of the pairs that are picked.
    price_gbp
        Price of parting them.
    seed
        Seed of the records.

    Returns
    -------
    DataFrame
        ``a``, ``b``, ``price_gbp``: each pair once, ``a`` before ``b``.
    """
    one = np.flatnonzero(relatives != "")
    other = pd.Index(held.ids).get_indexer(pd.Index(relatives.iloc[one].str.split(";").str[0]))
    pairs = (other > one) & (held.establishment[other] == held.establishment[one])
    picked = pairs & (stream(seed, "keep together").random(len(held.ids))[one] < share)
    return pd.DataFrame(
        {
            "a": pd.Series(held.ids[one[picked]], dtype="str"),
            "b": pd.Series(held.ids[other[picked]], dtype="str"),
            "price_gbp": np.full(int(picked.sum()), float(price_gbp)),
        }
    )


def draw_exclusions(
    people: pd.DataFrame,
    establishments: pd.DataFrame,
    home_areas: pd.DataFrame,
    *,
    share: float,
    within_miles: float,
    seed: int,
) -> pd.DataFrame:
    """Draw people whom public protection keeps away from around their home area.

    Only people held further away today are drawn, so that nobody is at odds with it now.

    Parameters
    ----------
    people
        One row per prisoner in the order of ids, with ``establishment``.
    establishments, home_areas
        With positions.
    share
        Share of everybody.
    within_miles
        Straight-line miles around the home area.
    seed
        Seed of the records.

    Returns
    -------
    DataFrame
        ``prisoner_id``, ``establishment`` (empty), ``home_area``, ``within_miles``.
    """
    at = establishments.set_index("establishment").loc[people["establishment"]]
    home = home_areas.set_index("home_area").loc[people["home_area"]]
    miles = great_circle_miles(
        home["latitude"].to_numpy(),
        home["longitude"].to_numpy(),
        at["latitude"].to_numpy(),
        at["longitude"].to_numpy(),
    )
    drawn = stream(seed, "exclusions").random(len(people)) < share
    rows = people[drawn & (miles > within_miles)]
    return pd.DataFrame(
        {
            "prisoner_id": rows["prisoner_id"],
            "establishment": pd.Series("", index=rows.index, dtype="str"),
            "home_area": rows["home_area"],
            "within_miles": np.full(len(rows), float(within_miles)),
        }
    ).reset_index(drop=True)


def _codes(words: pd.Series[str]) -> Integers:
    return pd.factorize(words, sort=True)[0].astype(np.int64)


def _together(sex: Integers, place: Integers) -> Integers:
    """Give one number to people of one sex in one place."""
    both = place * (int(sex.max(initial=0)) + 1) + sex
    together: Integers = np.unique(both, return_inverse=True)[1].astype(np.int64)
    return together


def _rank_within(group: Integers) -> Integers:
    """Count from 0 inside each run of equal numbers."""
    first = np.flatnonzero(np.diff(group, prepend=-1))
    return np.arange(len(group)) - np.repeat(first, np.diff(np.r_[first, len(group)]))


def _more_pairs(
    keys: Integers,
    wanted: int,
    held: Held,
    place: Integers,
    who: Truths,
    apart: bool,
    draw: np.random.Generator,
) -> Integers:
    """Add pairs of one place to those there are; a pair is coded as one number."""
    people = np.flatnonzero(who)
    order = people[np.argsort(place[people], kind="stable")]
    start = np.searchsorted(place[order], np.arange(int(place.max(initial=0)) + 2))
    goal = len(keys) + wanted
    for _ in range(ROUNDS):
        missing = goal - len(keys)
        if missing <= 0 or len(people) < 2:
            break
        one = people[draw.integers(len(people), size=missing + missing // 4 + 8)]
        least, beyond = start[place[one]], start[place[one] + 1]
        other = order[least + np.floor(draw.random(len(one)) * (beyond - least)).astype(np.int64)]
        fine = one != other
        if apart:
            fine &= held.establishment[one] != held.establishment[other]
        low, high = np.minimum(one, other)[fine], np.maximum(one, other)[fine]
        both = np.r_[keys, low * len(held.ids) + high]
        _, first = np.unique(both, return_index=True)
        keys = both[np.sort(first)][:goal]
    return keys

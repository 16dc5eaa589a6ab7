"""Where the people of a synthetic population come from: a gravity model of home areas and units.

Every home area sends as many people as its region is known to, every unit holds as many as it
does, and nearness decides the rest: strongly for reception, hardly for high security. One
multiplier on all distances is found so that the mean straight line is the published one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import numpy as np
import pandas as pd

from data.apportion import largest_remainder
from data.estate import Estate
from data.geography import straight_miles
from data.synthetic.balance import (
    Floats,
    Integers,
    balance,
    deal,
    round_to_margins,
)
from data.synthetic.dealing import WORDS, Assumptions, People, group_people, stream
from data.synthetic.settings import PopulationSettings
from data.words import Sex

_NARROWEST, _WIDEST = 0.02, 50.0
_SMALLEST_SPREAD_MILES = 0.5
_ATTEMPTS = 8
_NEAR_ENOUGH_MILES = 0.05


def people_by_home_area(
    home_areas: pd.DataFrame, origin: dict[str, float], people: int, *, urban_tilt: float
) -> Integers:
    """Say how many people come from each home area.

    Parameters
    ----------
    home_areas
        One row per home area: ``origin_region``, ``residents``, ``spread_miles``.
    origin
        Published number of people by region of origin; only the proportions count.
    people
        How many there are in all.
    urban_tilt
        Power of residents per square mile by which an area sends more people than its residents
        say; 0 leaves residents alone.

    Returns
    -------
    Integers
        Shape (home areas,), adding up to ``people``.
    """
    region = home_areas["origin_region"].to_numpy()
    residents = home_areas["residents"].to_numpy(dtype=np.float64)
    spread = np.maximum(
        home_areas["spread_miles"].to_numpy(dtype=np.float64), _SMALLEST_SPREAD_MILES
    )
    weight = residents * (residents / spread**2) ** urban_tilt
    regions = sorted(set(region))
    by_region = largest_remainder([origin.get(name, 0.0) for name in regions], people)
    totals = np.zeros(len(home_areas), dtype=np.int64)
    for name, number in zip(regions, by_region, strict=True):
        inside = region == name
        totals[inside] = largest_remainder(weight[inside], int(number))
    return totals


def deal_home_areas(
    groups: Integers,
    miles: Floats,
    deterrence_miles: Floats,
    totals: Integers,
    *,
    mean_miles: float,
    power: float,
    seed: int,
    part: str,
) -> Integers:
    """Deal a home area to everybody so that distances have the mean they are known to have.

    Parameters
    ----------
    groups
        Shape (people,): the group of people in one unit who are alike.
    miles
        Shape (groups, home areas): straight-line miles.
    deterrence_miles
        Shape (groups,): the distance over which nearness matters, before the common multiplier.
    totals
        Shape (home areas,): how many people come from each.
    mean_miles
        Mean straight-line miles to reach; the nearest the model can reach where that is impossible.
    power
        Power of distance in the deterrence: 1 is exponential, less has a longer tail.
    seed, part
        Name the random stream.

    Returns
    -------
    Integers
        Shape (people,): the row of everybody's home area.

    Notes
    -----
    Doubly constrained gravity model with deterrence exp(-(d / s)**power), balanced by Furness,
    rounded with both margins kept. The multiplier is found by bisection on the exact table; what
    rounding adds is then taken off the target, half at a time, and the nearest of a few
    roundings with the same draws is kept.
    """
    sizes = np.bincount(groups, minlength=len(miles))
    reluctance = (miles / deterrence_miles[:, None]) ** power

    def expected(multiplier: float) -> Floats:
        # Rounded so that the last digits of exp, which differ between machines, change nobody.
        nearness = np.exp(-reluctance / multiplier**power)
        return balance(np.round(nearness, 12) + 1e-12, sizes, totals, tolerance=0.01)

    target, nearest = mean_miles, np.inf
    dealt = np.zeros(len(groups), dtype=np.int64)
    for _ in range(_ATTEMPTS):
        table = _at_mean(expected, miles, target)
        generator = stream(seed, f"home_area {part}")
        counts = round_to_margins(np.round(table, 9), generator)
        difference = _mean(counts, miles) - mean_miles
        if abs(difference) < nearest:
            nearest = abs(difference)
            dealt = deal(groups, counts, generator)
        if nearest < _NEAR_ENOUGH_MILES or abs(_mean(table, miles) - target) > 0.05:
            break
        target -= difference / 2
    return dealt


def _at_mean(expected: Callable[[float], Floats], miles: Floats, target: float) -> Floats:
    low, high = np.log(_NARROWEST), np.log(_WIDEST)
    table = expected(1.0)
    for _ in range(30):
        middle = (low + high) / 2
        table = expected(float(np.exp(middle)))
        difference = _mean(table, miles) - target
        if abs(difference) < 0.005:
            break
        low, high = (low, middle) if difference > 0 else (middle, high)
    return table


def _mean(table: Floats | Integers, miles: Floats) -> float:
    return float((table * miles).sum()) / max(1.0, float(table.sum()))


def deal_homes(
    people: People,
    estate: Estate,
    home_areas: pd.DataFrame,
    assumptions: Assumptions,
    settings: PopulationSettings,
) -> tuple[Integers, Floats]:
    """Deal home areas to men and to women, each with the published mean distance.

    Returns
    -------
    home
        Shape (people,): row of everybody's home area.
    miles
        Shape (people,): straight line from there to where they are held.
    """
    by_unit = straight_miles(_unit_points(estate), home_areas)
    home = np.zeros(len(people["unit"]), dtype=np.int64)
    for sex in (Sex.MEN, Sex.WOMEN):
        rows = np.flatnonzero(people["sex"] == WORDS["sex"].index(sex))
        if not rows.size:
            continue
        alike = {
            "unit": people["unit"],
            "remand": (people["status"] == WORDS["status"].index("remand")).astype(np.int64),
            "sexual": (people["offence_group"] == WORDS["offence_group"].index("sexual")).astype(
                np.int64
            ),
        }
        group, codes = group_people(alike, ["unit", "remand", "sexual"], rows)
        unit = codes[:, 0]
        reach = assumptions.by_level("deterrence_miles", "function", "miles", 60.0)
        sexual = assumptions.values("deterrence_miles", "need", "sexual_offences")["factor"]
        remand = assumptions.values("deterrence_miles", "status", "remand")["factor"]
        scale = reach[people["function"][np.searchsorted(people["unit"], unit)]]
        scale = scale * np.where(codes[:, 1] == 1, remand, 1.0)
        scale = scale * np.where(codes[:, 2] == 1, sexual, 1.0)
        home[rows] = deal_home_areas(
            group,
            by_unit[unit],
            scale,
            people_by_home_area(
                home_areas,
                assumptions.figure("origin_region"),
                len(rows),
                urban_tilt=settings.urban_tilt,
            ),
            mean_miles=settings.mean_straight_miles,
            power=settings.deterrence_power,
            seed=settings.seed,
            part=sex,
        )
    return home, by_unit[people["unit"], home]


def _unit_points(estate: Estate) -> pd.DataFrame:
    places = estate.establishments.set_index("establishment")[["latitude", "longitude"]]
    return places.loc[estate.units["establishment"]]


def draw_other_areas(
    people: People, estate: Estate, home_areas: pd.DataFrame, settings: PopulationSettings
) -> tuple[Integers, Integers]:
    """Draw where everybody's court was and where they will be released.

    A court is near home, except for some people on remand whose court is by their prison. Most
    people are released to their home area; half of the others stay in its region.

    Returns
    -------
    tuple of Integers
        Rows of ``home_areas``: court area and release area.
    """
    draw = stream(settings.seed, "other areas")
    home = people["home"]
    remand = people["status"] == WORDS["status"].index("remand")
    nearest = straight_miles(_unit_points(estate), home_areas).argmin(axis=1)
    away = remand & (draw.random(len(home)) < settings.court_away_share)
    elsewhere = draw_areas(home, home_areas, draw, in_region_share=0.5)
    moves = draw.random(len(home)) < settings.release_elsewhere_share
    return np.where(away, nearest[people["unit"]], home), np.where(moves, elsewhere, home)


def draw_areas(
    around: Integers,
    home_areas: pd.DataFrame,
    generator: np.random.Generator,
    *,
    in_region_share: float,
) -> Integers:
    """Draw another place to live for each home area: mostly in its region, by residents.

    Returns
    -------
    Integers
        Rows of ``home_areas``, in the shape of ``around``.
    """
    residents = home_areas["residents"].to_numpy(dtype=np.float64)
    region, _ = pd.factorize(home_areas["region"], sort=True)
    order = np.argsort(region, kind="stable")
    reach = residents[order].cumsum()
    ends = np.array([reach[region[order] == r].max() for r in range(region.max() + 1)])
    starts = np.concatenate([[0.0], ends[:-1]])
    inside = generator.random(len(around)) < in_region_share
    low = np.where(inside, starts[region[around]], 0.0)
    high = np.where(inside, ends[region[around]], ends[-1])
    point = low + generator.random(len(around)) * (high - low)
    found = np.searchsorted(reach, point, side="right")
    return cast("Integers", order[np.minimum(found, len(order) - 1)].astype(np.int64))

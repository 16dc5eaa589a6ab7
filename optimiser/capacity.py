"""How many fit: one small function per rule about places, and what a place costs when it is used.

A hard rule takes places away, a soft one prices the last of them, ``off`` leaves them as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.words import RuleLevel, Sex
from optimiser.fit import Rule
from optimiser.policy import AllocationPolicy
from optimiser.problem import LARGEST_COST, PENNIES_PER_POUND, Integers, PriceRangeError

HEADROOM_DAYS = 2
"""Days of arrivals that the headroom of the units table stands for (``estate_assumptions``)."""

MARGIN_RULES = {Sex.MEN: "estate_margin_men", Sex.WOMEN: "estate_margin_women"}
"""Rule that holds the operating margin of each estate."""


KEPT_FREE = ("reception_headroom", "return_bed")
"""Rules that keep places free, or price the last of them."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Room:
    """The places of each unit.

    Attributes
    ----------
    places
        Operational capacity less what is out of use on the date; shape (units,).
    in_use_cna
        Uncrowded places, less what is out of use; shape (units,).
    capacity
        Most people the unit may hold: ``places`` less what hard rules keep free, never below the
        people who may not be moved from there; shape (units,).
    kept_free
        Rule by rule, how many of the last places soft rules want free, and at how many pennies a
        week each; shape (units,).
    """

    places: Integers
    in_use_cna: Integers
    capacity: Integers
    kept_free: tuple[tuple[Integers, int], ...]


def room(
    units: pd.DataFrame,
    prisoners: pd.DataFrame,
    rules: dict[str, Rule],
    places_out_of_use: pd.DataFrame,
    as_of: date,
    *,
    frozen_here: Integers,
) -> Room:
    """Work out how many people each unit may hold.

    Parameters
    ----------
    units
        The units table.
    prisoners
        The population table; ``return_unit`` may be absent.
    rules
        Rules in force.
    places_out_of_use
        The table of that name.
    as_of
        Date on which places are read.
    frozen_here
        People of each unit who may not be moved; shape (units,).

    Returns
    -------
    Room
        In the order of the units.
    """
    lost = np.zeros(len(units), dtype=np.int64)
    if "places_out_of_use" in rules:
        lost = out_of_use(units, places_out_of_use, as_of)
    places = np.maximum(units["places"].to_numpy(dtype=np.int64) - lost, 0)
    cna = np.maximum(units["in_use_cna"].to_numpy(dtype=np.int64) - lost, 0)
    wanted = (headroom(units, rules), return_beds(units, prisoners))
    capacity = places.copy()
    kept_free: list[tuple[Integers, int]] = []
    for name, free in zip(KEPT_FREE, wanted, strict=True):
        if name in rules and rules[name].level == RuleLevel.HARD:
            capacity = capacity - free
        elif name in rules:
            kept_free.append((free, rules[name].pennies_per_week))
    if "crowding" in rules and rules["crowding"].level == RuleLevel.HARD:
        capacity = np.minimum(capacity, cna)
    return Room(
        places=places,
        in_use_cna=cna,
        capacity=np.maximum(capacity, frozen_here).astype(np.int64),
        kept_free=tuple(kept_free),
    )


def out_of_use(units: pd.DataFrame, places_out_of_use: pd.DataFrame, as_of: date) -> Integers:
    """Count the places of each unit that are out of use on a date; shape (units,).

    Source: places and the reason they are out of use, locations-inside-prison service (HMPPS).
    """
    if places_out_of_use.empty:
        return np.zeros(len(units), dtype=np.int64)
    start, end = (places_out_of_use[name].astype("str") for name in ("valid_from", "valid_to"))
    today = as_of.isoformat()
    holds = (start <= today) & ((end == "") | (today <= end))
    lost = places_out_of_use[holds].groupby("unit")["places"].sum()
    return units["unit"].map(lost).fillna(0).to_numpy(dtype=np.int64)


def headroom(units: pd.DataFrame, rules: dict[str, Rule]) -> Integers:
    """Count the places each unit keeps free for arrivals from court; shape (units,).

    Source: arrivals and returns at Durham, HM Inspectorate of Prisons to the Public Accounts
    Committee, 2024; two days of arrivals are an assumption.
    """
    if "reception_headroom" not in rules:
        return np.zeros(len(units), dtype=np.int64)
    of_table = units["headroom"].to_numpy(dtype=np.float64)
    kept: Integers = np.rint(of_table * rules["reception_headroom"].value / HEADROOM_DAYS).astype(
        np.int64
    )
    places: Integers = units["places"].to_numpy(dtype=np.int64)
    return np.minimum(kept, places)


def return_beds(units: pd.DataFrame, prisoners: pd.DataFrame) -> Integers:
    """Count the places each unit keeps for people it must take back; shape (units,).

    A place is kept while the person is held in another unit. Source: PSO 2400: return from a
    therapeutic community within six months.
    """
    if "return_unit" not in prisoners.columns:
        return np.zeros(len(units), dtype=np.int64)
    away = prisoners.loc[prisoners["return_unit"] != prisoners["current_unit"], "return_unit"]
    row = pd.Index(units["unit"]).get_indexer(pd.Index(away))
    return np.bincount(row[row >= 0], minlength=len(units)).astype(np.int64)


def held_limits(
    found: Room,
    rules: dict[str, Rule],
    *,
    sexes: tuple[str, ...],
    unit_sex: Integers,
    frozen_here: Integers,
) -> Integers:
    """Give the most people each estate may hold: its places less the operating margin.

    Parameters
    ----------
    found
        Places of each unit.
    rules
        Rules in force; the margin is the value of its rule.
    sexes, unit_sex
        Estates, and the number of each unit's.
    frozen_here
        People of each unit who may not be moved; they can always stay.

    Returns
    -------
    Integers
        Shape (sexes,). Source: Ministry of Justice weekly bulletin, July 2026.
    """
    margins = {sex: int(rules[name].value) for sex, name in MARGIN_RULES.items() if name in rules}
    return np.array(
        [
            max(
                int(found.places[unit_sex == number].sum()) - margins.get(Sex(sex), 0),
                int(frozen_here[unit_sex == number].sum()),
                0,
            )
            for number, sex in enumerate(sexes)
        ],
        dtype=np.int64,
    )


def blocks_of_places(
    found: Room, rules: dict[str, Rule], policy: AllocationPolicy, *, weeks: float
) -> tuple[Integers, Integers, Integers]:
    """Cut each unit's places into blocks of rising price: crowding, and places wanted free.

    Parameters
    ----------
    found
        Places of each unit.
    rules
        Rules in force.
    policy
        Steps and prices of crowding above in-use CNA.
    weeks
        Weeks a person stays, on average.

    Returns
    -------
    tuple
        Unit, places and pennies a person of each block, ordered by unit and price; the blocks of a
        unit add up to its capacity.

    Raises
    ------
    ValueError
        When a price is beyond what the solver's integers hold.
    """
    priced = "crowding" in rules and rules["crowding"].level == RuleLevel.SOFT
    cna = found.in_use_cna.astype(np.float64)
    steps = [
        (cna, policy.crowding_low_gbp_per_week),
        (cna * (1 + policy.crowding_low_share), policy.crowding_middle_gbp_per_week),
        (cna * (1 + policy.crowding_high_share), policy.crowding_high_gbp_per_week),
    ]
    begins = [np.zeros(len(cna), dtype=np.int64)]
    pennies = [np.zeros(len(cna), dtype=np.int64)]
    before = 0.0
    for end, price in steps if priced else []:
        begins.append(np.minimum(np.rint(end), found.capacity).astype(np.int64))
        pennies.append(_over_stay((price - before) * PENNIES_PER_POUND, weeks, cna))
        before = price
    for free, weekly in found.kept_free:
        begins.append(np.maximum(found.capacity - free, 0))
        pennies.append(_over_stay(weekly, weeks, cna))
    starts, rises = np.stack(begins, axis=1), np.stack(pennies, axis=1)
    order = np.argsort(starts, axis=1, kind="stable")
    starts = np.take_along_axis(starts, order, axis=1)
    prices = np.cumsum(np.take_along_axis(rises, order, axis=1), axis=1)
    if int(prices.max(initial=0)) > LARGEST_COST:
        raise PriceRangeError(
            f"rules: a place costs more than {LARGEST_COST} pennies over a stay; lower its price.",
            KEPT_FREE,
        )
    places = np.diff(starts, axis=1, append=found.capacity[:, None])
    count = prices.shape[1]
    return np.repeat(np.arange(len(cna)), count), places.ravel(), prices.ravel()


def _over_stay(pennies_per_week: float, weeks: float, like: NDArray[np.float64]) -> Integers:
    return np.full(len(like), round(pennies_per_week * weeks), dtype=np.int64)

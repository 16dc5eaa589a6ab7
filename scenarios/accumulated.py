"""Accumulated visits: who is lent to a prison near home to have the visits saved up for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.words import LockAction, Status
from optimiser.build import Inputs as Given
from optimiser.build import rule_book, with_records
from optimiser.fit import eligible
from optimiser.ties import ANYWHERE
from scenarios.schema import Scenario
from simulation.allowance import ORDER_DAYS, PRIVILEGED_ORDER_DAYS, granted_orders
from simulation.clock import DAYS_PER_PERIOD, Calendar
from simulation.demand import keep_share
from simulation.stays import WORKING_DAYS

LOOKED_AT = 10
"""So many times the people who are lent are looked at, the most deserving first."""

WEEKS_A_YEAR = 52

COLUMNS = ["prisoner_id", "day", "until_day", "establishment", "unit", "is_prepared"]


def lent(
    scenario: Scenario, given: Given, placements: pd.DataFrame, dated: pd.DataFrame
) -> pd.DataFrame:
    """Choose who is lent in the year, from when to when, and where.

    Those with most to gain come first: visit orders that are left over in a year, at most the cap,
    times the miles between the person and home. Each goes to the nearest establishment with a unit
    that the rules allow and that has a place free, unless a planner keeps the person away from it,
    somebody is there in the year from whom they are to be kept apart, or as many of a group of
    theirs as may be in one establishment. Whoever has none nearer
    than today is not lent, nor is anybody whom a rule or a planner keeps in place. Loans begin one
    after the other on working days, evenly over the year, so that each ends in it.

    Parameters
    ----------
    scenario
        Demand, allowance, transfers and the calendar.
    given
        Estate, people, journeys and rules of the allocation.
    placements
        Who is held where on the first day: everybody.
    dated
        Transfers that are made anyway: prisoner_id, establishment and unit are read. Those people
        are not lent, and each row takes a place of its unit for the whole year.

    Returns
    -------
    DataFrame
        prisoner_id, day, until_day, establishment, unit, is_prepared: a row per loan, for which
        visitors are approved before.
    """
    wanted = in_the_year(scenario.transfers.accumulated_people, scenario.calendar)
    settled = placements[~placements["prisoner_id"].isin(dated["prisoner_id"])]
    held = settled[settled["establishment"].fillna("") != ""]
    locks = given.records.locks
    locked = set(locks.loc[locks["action"] == LockAction.LOCK, "prisoner_id"])
    people = held.merge(given.population.prisoners.drop(columns=["unit"], errors="ignore"))
    people = people[(people["status"] != Status.REMAND) & ~people["prisoner_id"].isin(locked)]
    gain = orders_left_over(scenario, given, people) * people["straight_miles"].to_numpy(np.float64)
    order = np.argsort(-np.nan_to_num(gain), kind="stable")[: wanted * LOOKED_AT]
    chosen = people.iloc[order[np.nan_to_num(gain)[order] > 0]]
    days = spread_over(scenario.calendar, wanted, scenario.transfers.accumulated_days)
    free = _places_free(given, placements, dated)
    kept_off = _kept_off(given, chosen, placements, dated)
    return _in_turn(given, chosen, free, kept_off, days, scenario.transfers.accumulated_days)


def in_the_year(people: int, calendar: Calendar) -> int:
    """Give how many of so many people in 52 weeks are lent in the weeks of the calendar.

    Examples
    --------
    >>> from datetime import date
    >>> half_a_year = Calendar(
    ...     start_date=date(2026, 8, 3), weeks=26, warm_up_weeks=4, school_from="09:00",
    ...     school_until="15:15", school_holidays=(), school_holidays_wales=(),
    ... )
    >>> in_the_year(1000, half_a_year)
    500
    """
    return round(people * calendar.weeks / WEEKS_A_YEAR)


def orders_left_over(scenario: Scenario, given: Given, people: pd.DataFrame) -> NDArray[np.float64]:
    """Give the visit orders that each person can expect to have left over after a year.

    What is granted in 52 weeks, less the visits that a family of mean wish asks for at the cost of
    the trip; from 0 to the cap, and 0 for people whom nobody would visit.

    Parameters
    ----------
    scenario
        Orders by incentive level, wishes and how they fall with cost.
    given
        Parties and the cost of their trips.
    people
        One row per person: prisoner_id, establishment and incentive_level are read.
    """
    regime, demand = scenario.regime, scenario.demand
    granted = granted_orders(people, given.estate.visit_orders, regime)
    a_year = 13 * (
        granted[:, 0] * (DAYS_PER_PERIOD // ORDER_DAYS)
        + granted[:, 1] * (DAYS_PER_PERIOD // PRIVILEGED_ORDER_DAYS)
    )
    cost = given.visit_cost
    person = pd.Index(people["prisoner_id"]).get_indexer(pd.Index(given.parties["prisoner_id"]))
    found = np.flatnonzero(person >= 0)
    column = cost.establishments.get_indexer(pd.Index(people["establishment"]))
    trips = cost.trip[found], column[person[found]]
    kept = keep_share(cost.gross_gbp[trips] - cost.refund_gbp[trips], demand)
    share = given.parties["share"].to_numpy(np.float64)[found]
    asked = np.bincount(person[found], weights=kept * share, minlength=len(people))
    left = a_year - 13 * demand.wish_per_four_weeks * asked
    has_party = np.bincount(person[found], minlength=len(people)) > 0
    return np.asarray(np.clip(left, 0.0, regime.orders_cap) * has_party, dtype=np.float64)


def spread_over(calendar: Calendar, people: int, days_each: int) -> list[int]:
    """Give the day on which each of some loans begins: working days, evenly over the year.

    Examples
    --------
    >>> from datetime import date
    >>> year = Calendar(
    ...     start_date=date(2026, 8, 3), weeks=12, warm_up_weeks=4, school_from="09:00",
    ...     school_until="15:15", school_holidays=(), school_holidays_wales=(),
    ... )
    >>> spread_over(year, 4, 28)
    [28, 42, 56, 70]
    """
    first = max(1, calendar.warm_up_days)
    last = max(first, calendar.days - days_each)
    reach = np.arange(first, last + 1)
    working = reach[calendar.weekdays(reach) < WORKING_DAYS]
    even = np.arange(people) * len(working) // max(people, 1)
    return [] if not len(working) else working[even].tolist()


def _places_free(given: Given, placements: pd.DataFrame, dated: pd.DataFrame) -> dict[str, int]:
    """Count the places of each unit that nobody holds or is moved to, headroom left out."""
    units = given.estate.units.set_index("unit")
    taken = pd.concat([placements["unit"], dated["unit"]]).value_counts()
    room = units["places"] - units["headroom"].fillna(0)
    free = (room - taken.reindex(units.index).fillna(0)).clip(lower=0)
    return {str(unit): int(places) for unit, places in free.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class _KeptOff:
    """Where people may not be lent to, by person.

    Attributes
    ----------
    places
        Establishments and units from which a planner keeps a person away.
    partners
        People from whom a person is kept apart, each with whether a whole establishment is to lie
        between them (else a unit).
    groups
        The other members of each group of a person, and how many of it may be in one
        establishment.
    been
        Establishments and units where each partner and member is at some time in the year.
    """

    places: dict[str, set[str]]
    partners: dict[str, list[tuple[str, bool]]]
    groups: dict[str, list[tuple[set[str], int]]]
    been: dict[str, set[str]]

    def bars(self, prisoner: str, establishment: str, unit: str) -> bool:
        """Say whether a person may not be lent to a unit."""
        if {establishment, unit} & self.places.get(prisoner, set()):
            return True
        if any(
            (establishment if is_anywhere else unit) in self.been.get(partner, set())
            for partner, is_anywhere in self.partners.get(prisoner, [])
        ):
            return True
        return any(
            sum(establishment in self.been.get(other, set()) for other in others) >= at_most
            for others, at_most in self.groups.get(prisoner, [])
        )


def _kept_off(
    given: Given, people: pd.DataFrame, placements: pd.DataFrame, dated: pd.DataFrame
) -> _KeptOff:
    """Read who is kept from where and from whom."""
    locks, aparts = given.records.locks, given.records.keep_aparts
    places: dict[str, set[str]] = {}
    forbidden = locks[locks["action"] == LockAction.FORBID]
    for who, where in zip(
        forbidden["prisoner_id"], forbidden["unit_or_establishment"], strict=True
    ):
        places.setdefault(str(who), set()).add(str(where))
    partners: dict[str, list[tuple[str, bool]]] = {}
    lendable = set(people["prisoner_id"])
    for one, other, level in zip(aparts["a"], aparts["b"], aparts["level"], strict=True):
        if one in lendable or other in lendable:
            partners.setdefault(str(one), []).append((str(other), level == ANYWHERE))
            partners.setdefault(str(other), []).append((str(one), level == ANYWHERE))
    groups: dict[str, list[tuple[set[str], int]]] = {}
    met = set(partners)
    for _, group in given.records.groups.groupby("group"):
        members = set(group["prisoner_id"].astype("str"))
        met |= members
        for who in members & lendable:
            groups.setdefault(who, []).append((members - {who}, int(group["at_most"].iloc[0])))
    columns = ["prisoner_id", "establishment", "unit"]
    at = pd.concat([placements[columns], dated[columns]])
    been: dict[str, set[str]] = {}
    for who, *where in at[at["prisoner_id"].isin(met)].itertuples(index=False, name=None):
        been.setdefault(str(who), set()).update(where)
    return _KeptOff(places=places, partners=partners, groups=groups, been=been)


def _in_turn(
    given: Given,
    people: pd.DataFrame,
    free: dict[str, int],
    kept_off: _KeptOff,
    days: Sequence[int],
    days_each: int,
) -> pd.DataFrame:
    """Give each person in turn the nearest place that is free from the next day on."""
    rows: list[tuple[str, int, int, str, str, bool]] = []
    if people.empty or not days:
        return pd.DataFrame(rows, columns=COLUMNS)
    book = rule_book(given)
    table = with_records(given).set_index("prisoner_id", drop=False).loc[people["prisoner_id"]]
    allowed = eligible(table.reset_index(drop=True), book)
    units = book.units["unit"].tolist()
    codes = book.units["establishment"].tolist()
    place = given.travel.establishments.get_indexer(pd.Index(codes))
    area = given.travel.home_areas.get_indexer(pd.Index(table["home_area"]))
    miles = given.travel.straight_miles[area][:, place]
    nearer = allowed & (miles < people["straight_miles"].to_numpy(np.float64)[:, np.newaxis])
    ends: dict[str, list[int]] = {}
    who = people["prisoner_id"].tolist()
    at = people["establishment"].tolist()
    for person in range(len(people)):
        if len(rows) == len(days):
            break
        day = days[len(rows)]
        possible = np.flatnonzero(nearer[person])
        for unit in possible[np.argsort(miles[person, possible], kind="stable")].tolist():
            busy = [end for end in ends.get(units[unit], []) if end > day]
            if kept_off.bars(who[person], codes[unit], units[unit]):
                continue
            if codes[unit] != at[person] and len(busy) < free[units[unit]]:
                kept_off.been.setdefault(who[person], set()).update((codes[unit], units[unit]))
                ends[units[unit]] = [*busy, day + days_each]
                rows.append((who[person], day, day + days_each, codes[unit], units[unit], True))
                break
    return pd.DataFrame(rows, columns=COLUMNS)

"""What a placement costs, in whole pennies over the expected stay in the receiving place.

Every term is rounded to pennies once, so that the terms of a plan add up to its value exactly.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.population import Population
from data.travel import TravelSettings, TravelTimes
from data.visit_cost import VisitCost
from data.words import ContactStatus, Preference, Status
from optimiser.fit import Fit, allowed_of
from optimiser.move_parts import MoveParts, looked_up, row_of
from optimiser.policy import AllocationPolicy
from optimiser.problem import (
    INELIGIBLE,
    LARGEST_COST,
    NOWHERE,
    PENNIES_PER_POUND,
    UNPLACED,
    Integers,
    PriceRangeError,
)

Floats: TypeAlias = NDArray[np.float64]

WEEKS = 4
"""Visits are planned per four weeks."""

ROWS = 1024
"""People whose costs are worked out together."""

NO_ROUTE_GBP = 2_000.0
"""Cost of a journey where there is no route."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PersonCosts:
    """The parts of the cost of holding each person anywhere.

    Attributes
    ----------
    visit_gbp
        Gross cost of a visit by the person's family; float32, shape (people, establishments).
    weighted_visit_gbp
        The same with the distributional weight; the same array when nobody is weighted.
    visits
        Visits to plan for over the stay; shape (people,).
    court_gbp, release_gbp
        Cost of a journey from each area, by establishment; shape (home areas, establishments).
    court_area, release_area
        Row of those, or -1; shape (people,).
    court_journeys, release_journeys
        Journeys over the stay, zero where the term does not apply.
    weeks
        Whole weeks of the stay.
    moves
        What a move of each person destroys.
    """

    visit_gbp: NDArray[np.float32]
    weighted_visit_gbp: NDArray[np.float32]
    visits: Floats
    court_gbp: Floats
    release_gbp: Floats
    court_area: Integers
    release_area: Integers
    court_journeys: Floats
    release_journeys: Floats
    weeks: Integers
    moves: MoveParts


def visited(prisoners: pd.DataFrame, parties: pd.DataFrame) -> NDArray[np.bool_]:
    """Say who has a party that would visit; shape (prisoners,)."""
    person = row_of(prisoners, parties["prisoner_id"])
    parties_of = np.bincount(person[person >= 0], minlength=len(prisoners))
    return np.asarray(parties_of > 0)


def stay_weeks(prisoners: pd.DataFrame, policy: AllocationPolicy) -> Integers:
    """Give the whole weeks each person is expected to stay, at least one, capped by the policy."""
    weeks = np.rint(prisoners["expected_weeks"].to_numpy(dtype=np.float64)).astype(np.int64)
    return np.asarray(np.clip(weeks, 1, policy.expected_weeks_cap), dtype=np.int64)


def need(population: Population, policy: AllocationPolicy) -> Floats:
    """Give visits per four weeks to plan for; shape (prisoners,).

    It never looks at where a person is held or how often family comes now. It is positive for
    everyone with a permitted or a possible contact, and for everyone of whom nothing is known; it
    is zero only where every contact is barred, or where the person asked to be held further away.
    """
    prisoners, contacts = population.prisoners, population.contacts
    person = row_of(prisoners, contacts["prisoner_id"])

    def count(which: pd.Series[bool]) -> Integers:
        ours = person[which.to_numpy(dtype=np.bool_) & (person >= 0)]
        return np.bincount(ours, minlength=len(prisoners)).astype(np.int64)

    status = contacts["status"]
    permitted = (status == ContactStatus.PERMITTED) | (status == ContactStatus.WITH_CONDITIONS)
    has_permitted = count(permitted) > 0
    children = count(permitted & contacts["is_child"].astype(bool))
    barred = count(status == ContactStatus.BARRED)
    only_barred = (barred > 0) & (barred == count(status != ""))
    base = np.where(has_permitted, policy.need_with_contact, policy.need_floor)
    visits = base + policy.need_per_child * np.minimum(children, policy.need_children_counted)
    further = (prisoners["preference"] == Preference.FURTHER).to_numpy()
    return np.where(only_barred | further, 0.0, visits)


def journey_gbp(travel: TravelTimes, gbp_per_hour: float) -> Floats:
    """Give the cost of a return journey by car for one; shape (areas, establishments)."""
    cost = gbp_per_hour * 2 * travel.car_minutes / 60 + travel.car_cost_gbp
    return np.where(np.isfinite(cost), cost, NO_ROUTE_GBP)


def visit_gbp(
    prisoners: pd.DataFrame,
    parties: pd.DataFrame,
    visit_cost: VisitCost,
    travel: TravelTimes,
    travel_settings: TravelSettings,
    *,
    weighted: bool,
) -> NDArray[np.float32]:
    """Give the gross cost of a visit to each person; float32, shape (people, establishments).

    The mean over the parties that come, by their share of visits. Where no party is known the
    visit is costed as one adult's drive from the home area.
    """
    gross = visit_cost.gross_gbp
    if weighted:
        gross = gross * visit_cost.weight[:, None]
    gross = np.where(np.isfinite(gross), gross, NO_ROUTE_GBP)
    person = row_of(prisoners, parties["prisoner_id"])
    order = np.argsort(person, kind="stable")
    order = order[person[order] >= 0]
    person, trip = person[order], visit_cost.trip[order]
    share = parties["share"].to_numpy(dtype=np.float64)[order]
    alone = journey_gbp(travel, travel_settings.value_of_time_gbp_per_hour)
    area = travel.home_areas.get_indexer(pd.Index(prisoners["home_area"]))
    cost = np.zeros((len(prisoners), gross.shape[1]), dtype=np.float32)
    bounds = np.searchsorted(person, np.arange(0, len(prisoners) + ROWS, ROWS))
    for first, last in pairwise(bounds):
        if first == last:
            continue
        rows, starts = np.unique(person[first:last], return_index=True)
        cost[rows] = np.add.reduceat(
            gross[trip[first:last]] * share[first:last, None], starts, axis=0
        )
    unvisited = np.bincount(person, minlength=len(prisoners)) == 0
    known = np.flatnonzero(unvisited & (area >= 0))
    cost[known] = alone[area[known]]
    return cost


def person_costs(
    population: Population,
    parties: pd.DataFrame,
    visit_cost: VisitCost,
    travel: TravelTimes,
    travel_settings: TravelSettings,
    policy: AllocationPolicy,
    moves: MoveParts,
) -> PersonCosts:
    """Work out the parts of every person's costs.

    Parameters
    ----------
    population, parties, visit_cost, travel, travel_settings
        Who is held, who comes, and what a journey costs.
    policy
        Weights; they are applied when the terms are put together.
    moves
        What a move of each person destroys.

    Returns
    -------
    PersonCosts
        In the order of the prisoners.
    """
    prisoners = population.prisoners
    weeks = stay_weeks(prisoners, policy)
    days = pd.to_numeric(prisoners["days_to_release"].replace("", None))
    days_left = days.to_numpy(dtype=np.float64, na_value=np.inf)
    remand = (prisoners["status"] == Status.REMAND).to_numpy()
    resettling = ~remand & (days_left <= policy.release_window_days)
    arguments = (prisoners, parties, visit_cost, travel, travel_settings)
    plain = visit_gbp(*arguments, weighted=False)
    weighted = bool((visit_cost.weight != 1).any())
    hourly = travel_settings.value_of_time_gbp_per_hour
    return PersonCosts(
        visit_gbp=plain,
        weighted_visit_gbp=visit_gbp(*arguments, weighted=True) if weighted else plain,
        visits=need(population, policy) * weeks / WEEKS,
        court_gbp=journey_gbp(travel, policy.court_gbp_per_hour),
        release_gbp=journey_gbp(travel, hourly),
        court_area=_area_rows(travel, prisoners["court_area"]),
        release_area=_area_rows(travel, prisoners["release_area"]),
        court_journeys=remand * policy.court_journeys_per_four_weeks * weeks / WEEKS,
        release_journeys=resettling * policy.release_journeys_per_four_weeks * weeks / WEEKS,
        weeks=weeks,
        moves=moves,
    )


def _area_rows(travel: TravelTimes, areas: pd.Series[str]) -> Integers:
    return looked_up(travel.home_areas, areas)


def pennies(gbp: Floats) -> Integers:
    """Round pounds to whole pennies."""
    return np.rint(gbp * PENNIES_PER_POUND).astype(np.int64)


def _family(costs: PersonCosts, policy: AllocationPolicy, people: Integers) -> Floats:
    return policy.family_weight * costs.weighted_visit_gbp[people] * costs.visits[people, None]


def _court(costs: PersonCosts, policy: AllocationPolicy, people: Integers) -> Floats:
    return policy.court_weight * _travelled(
        costs.court_gbp, costs.court_area[people], costs.court_journeys[people]
    )


def _release(costs: PersonCosts, policy: AllocationPolicy, people: Integers) -> Floats:
    return policy.release_weight * _travelled(
        costs.release_gbp, costs.release_area[people], costs.release_journeys[people]
    )


def _travelled(gbp: Floats, area: Integers, journeys: Floats) -> Floats:
    """Give the cost of journeys from areas; most people make none."""
    cost = np.zeros((len(area), gbp.shape[1]))
    travel = np.flatnonzero((journeys != 0) & (area >= 0))
    cost[travel] = gbp[area[travel]] * journeys[travel, None]
    return cost


JOURNEYS: dict[str, Callable[[PersonCosts, AllocationPolicy, Integers], Floats]] = {
    "family": _family,
    "court": _court,
    "release": _release,
}
"""Terms of the establishment alone, in pounds; shape (people asked for, establishments)."""


def cost_pennies(
    costs: PersonCosts,
    fit: Fit,
    policy: AllocationPolicy,
    *,
    unit_establishment: Integers,
    from_establishment: Integers,
    current_unit: Integers,
) -> NDArray[np.int32]:
    """Put the terms together: the cost of every person in every unit, in whole pennies.

    Parameters
    ----------
    costs, fit, policy
        Parts, eligibility and weights.
    unit_establishment
        Number of the establishment of each unit, in the order of ``costs.visit_gbp``.
    from_establishment, current_unit
        Numbers of where each person is held today, or -1.

    Returns
    -------
    NDArray
        int32, shape (people, units); ``INELIGIBLE`` where a hard rule forbids the pair. Frozen
        people may only stay.
    """
    people, units = len(costs.weeks), len(unit_establishment)
    breach = sum(fit.breaches.values(), start=np.zeros_like(fit.allowed, dtype=np.int64))
    place_most = {
        name: int(each.values.max(initial=0)) for name, each in fit.place_breaches.items()
    }
    dearest = int(breach.max(initial=0)) + sum(place_most.values())
    longest = int(costs.weeks.max(initial=0))
    if dearest * longest > LARGEST_COST:
        most = {name: int(each.max(initial=0)) for name, each in fit.breaches.items()} | place_most
        alone = tuple(name for name, price in most.items() if price * longest > LARGEST_COST)
        raise PriceRangeError(
            f"rules: soft prices of {', '.join(alone or most)} exceed {LARGEST_COST} pennies over "
            "a stay; lower them.",
            alone or tuple(most),
        )
    weekly = breach.astype(np.int32)
    weeks = costs.weeks.astype(np.int32)
    cost = np.empty((people, units), dtype=np.int32)
    for first in range(0, people, ROWS):
        rows = np.arange(first, min(first + ROWS, people))
        at_establishment = costs.moves.pennies(rows)
        held = np.flatnonzero(from_establishment[rows] != NOWHERE)
        at_establishment[held, from_establishment[rows[held]]] = 0
        at_establishment[from_establishment[rows] == NOWHERE] = 0
        for term in JOURNEYS.values():
            at_establishment += pennies(term(costs, policy, rows))
        for each in fit.place_breaches.values():
            at_establishment += each.values[each.row_of[rows]] * costs.weeks[rows, None]
        dearest_known = np.minimum(at_establishment, LARGEST_COST + 1).astype(np.int32)
        total = cost[first : first + ROWS]
        np.take(dearest_known, unit_establishment, axis=1, out=total, mode="clip")
        if dearest:
            total += np.take(weekly, fit.class_of[rows], axis=0) * weeks[rows, None]
        allowed = allowed_of(fit, rows, unit_establishment)
        stays = np.flatnonzero(fit.frozen[rows] & (current_unit[rows] >= 0))
        allowed[fit.frozen[rows]] = False
        allowed[stays, current_unit[rows[stays]]] = True
        np.copyto(total, np.int32(INELIGIBLE), where=~allowed)
    return cost


def term_pennies(
    costs: PersonCosts,
    fit: Fit,
    policy: AllocationPolicy,
    *,
    unit_of: Integers,
    unit_establishment: Integers,
    from_establishment: Integers,
) -> dict[str, Integers]:
    """Give each term of each person's cost where they are; zero for people without a place.

    Returns
    -------
    dict
        ``family``, ``court``, ``release``, ``rule:<name>`` for each soft rule, ``move``: pennies,
        shape (people,). They add up to the entry of ``cost_pennies``.
    """
    placed = np.flatnonzero(unit_of != UNPLACED)
    at = unit_of[placed]
    to = unit_establishment[at]
    terms: dict[str, Integers] = {}

    def spread(values: Integers) -> Integers:
        full = np.zeros(len(unit_of), dtype=np.int64)
        full[placed] = values
        return full

    for name, term in JOURNEYS.items():
        values = np.zeros(len(placed), dtype=np.int64)
        for first in range(0, len(placed), ROWS):
            part = slice(first, first + ROWS)
            gbp = term(costs, policy, placed[part])
            values[part] = pennies(gbp[np.arange(len(gbp)), to[part]])
        terms[name] = spread(values)
    for name, breach in fit.breaches.items():
        terms[f"rule:{name}"] = spread(breach[fit.class_of[placed], at] * costs.weeks[placed])
    for name, each in fit.place_breaches.items():
        terms[f"rule:{name}"] = spread(each.values[each.row_of[placed], to] * costs.weeks[placed])
    origin = from_establishment[placed]
    moved = (origin != NOWHERE) & (to != origin)
    terms["move"] = spread(moved * costs.moves.at(placed, to))
    return terms

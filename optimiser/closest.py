"""Among plans that are equally good, the one that leaves most people where they are wanted.

Many plans cost the same: people who are alike can change places for nothing. The plan in hand is
solved once more, every penny counting more than all people together and each person in their wanted
unit counting one less. Nobody's part in a limit changes by it. Of people who are tied to each other
at most one may go back to a wanted establishment, and not to where the others are; the rest stay in
theirs. So everything that held of the plan still holds.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from optimiser.certify import feasibility_faults
from optimiser.duals import Prices
from optimiser.network import FLAG_VALUES, Network, flagged
from optimiser.problem import (
    INELIGIBLE,
    NOWHERE,
    UNPLACED,
    AllocationProblem,
    Group,
    Integers,
)


def closest_plan(
    problem: AllocationProblem, unit_of: Integers, prices: Prices, wanted: Integers
) -> Integers:
    """Change a plan at no cost so that most people are in the units wanted for them.

    Parameters
    ----------
    problem
        What was decided.
    unit_of
        An optimal plan of it; shape (prisoners,).
    prices
        Prices of units and estates near those of the plan, in whole pennies, to start from.
    wanted
        Unit where each person would best be, as in an earlier plan or today; ``UNPLACED`` where it
        does not matter; shape (prisoners,).

    Returns
    -------
    Integers
        A plan of the same value that keeps all rules, limits and ties. No other has more people in
        their wanted units, but for plans in which somebody counts otherwise towards a limit, or
        people who are tied to each other are in other establishments. Where the plan given is not
        optimal, it may become cheaper.
    """
    from optimiser import kernel

    if not _could_gain(problem, unit_of, wanted):
        return unit_of
    people = len(problem.prisoners)
    scale = 2 ** people.bit_length()
    network = Network.of(problem)
    fixed, confined = _bound_by_ties(problem, unit_of)
    away = _may_go_back(problem, unit_of, wanted)
    confined[list(away)] = NOWHERE
    terms = network.terms(np.zeros(len(problem.limits), dtype=np.int64), scale)
    terms = terms._replace(wanted=wanted, confined=confined)
    if away:
        terms = terms._replace(cost=_kept_from(problem, away))
    if problem.limits:
        person_class, extra = _only_as_counted(network, unit_of, kernel.FAR)
        terms = terms._replace(person_class=person_class, extra=extra)
    held = problem.held(np.where(fixed, unit_of, UNPLACED))
    by_sex = np.bincount(problem.unit_sex, weights=held, minlength=len(problem.sexes))
    places = network.places(np.arange(people), scale)
    places = places._replace(
        block_places=places.block_places - problem.segment_use(held),
        held_limit=places.held_limit - by_sex.astype(np.int64),
    )
    price = np.concatenate([prices.unit, [0], prices.estate]).astype(np.int64) * scale
    found = unit_of.astype(np.int64)
    kernel.transport(terms, places, np.flatnonzero(~fixed), price, found)
    dearer = problem.value_pennies(found) > problem.value_pennies(unit_of)
    return unit_of if dearer or feasibility_faults(problem, found) else found


def _could_gain(problem: AllocationProblem, unit_of: Integers, wanted: Integers) -> bool:
    """Say whether anybody is elsewhere than in a wanted unit that may hold them."""
    away = np.flatnonzero((wanted != UNPLACED) & (unit_of != wanted))
    return bool((problem.cost_pennies[away, wanted[away]] != INELIGIBLE).any())


def _bound_by_ties(
    problem: AllocationProblem, unit_of: Integers
) -> tuple[NDArray[np.bool_], Integers]:
    """Say who keeps their unit for the sake of others, and who their establishment, or nowhere."""
    ties = problem.ties
    tied, fixed = np.zeros((2, len(unit_of)), dtype=np.bool_)
    for some in (ties.apart, ties.together, *(group.people for group in ties.groups)):
        tied[some.ravel()] = True
    fixed[ties.apart_wing.ravel()] = True
    fixed |= tied & (unit_of == UNPLACED)
    return fixed, np.where(tied, problem.establishment_of(unit_of), NOWHERE)


def _may_go_back(
    problem: AllocationProblem, unit_of: Integers, wanted: Integers
) -> dict[int, set[int]]:
    """Choose people, no two of them tied, who may leave their establishment for a wanted one.

    Returns
    -------
    dict
        For each person the establishments where those are to whom they are tied.
    """
    ties, at = problem.ties, problem.establishment_of(unit_of)
    goal = problem.establishment_of(wanted)
    apart = np.concatenate([ties.apart, ties.apart[:, ::-1]])
    others = np.zeros(len(unit_of), dtype=np.bool_)
    for some in (apart, *(group.people for group in ties.groups)):
        others[some.ravel()] = True
    others[ties.apart_wing.ravel()] = False
    others[ties.together.ravel()] = False
    others &= (at != goal) & (at != NOWHERE) & (goal != NOWHERE)
    groups_of: dict[int, list[Group]] = {}
    for group in ties.groups:
        for person in group.people[others[group.people]].tolist():
            groups_of.setdefault(person, []).append(group)
    apart = apart[np.argsort(apart[:, 0], kind="stable")]
    first = np.searchsorted(apart[:, 0], np.arange(len(unit_of) + 1))
    chosen: dict[int, set[int]] = {}
    for person in np.flatnonzero(others).tolist():
        partners = apart[first[person] : first[person + 1], 1]
        full = set(at[partners].tolist())
        tied_to = set(partners.tolist())
        for group in groups_of.get(person, []):
            rest = group.people[group.people != person]
            tied_to.update(rest.tolist())
            here, count = np.unique(at[rest], return_counts=True)
            full.update(here[count >= group.at_most].tolist())
        if goal[person] not in full and chosen.keys().isdisjoint(tied_to):
            chosen[person] = full
    return chosen


def _kept_from(problem: AllocationProblem, away: dict[int, set[int]]) -> NDArray[np.int32]:
    """Forbid people the establishments of those to whom they are tied."""
    cost = problem.cost_pennies.copy()
    for person, places in away.items():
        cost[person, np.isin(problem.unit_establishment, list(places))] = INELIGIBLE
    return cost


def _only_as_counted(network: Network, unit_of: Integers, never: int) -> tuple[Integers, Integers]:
    """Forbid every pair that limits count otherwise than where the person is.

    Returns
    -------
    tuple
        Class of each person, and what a pair costs more by class of the person, class of the unit
        and flags: nothing or ``never``.
    """
    problem, limits = network.problem, network.problem.limits
    shape = (network.people_counted.shape[1], network.units_counted.shape[1], FLAG_VALUES)
    # the last stands for having no place, which no limit counts
    kind = np.zeros(int(np.prod(shape)) + 1, dtype=np.int64)
    for number, limit in enumerate(limits):
        counted = np.zeros(shape, dtype=np.int64)
        people = np.flatnonzero(network.people_counted[number])
        units = np.flatnonzero(network.units_counted[number])
        counted[np.ix_(people, units, flagged(limit))] = 1
        both = 2 * kind + np.append(counted.ravel(), 0)
        kind = np.unique(both, return_inverse=True)[1].astype(np.int64)
    of_pair = kind[:-1].reshape(shape)
    placed = np.flatnonzero(unit_of != UNPLACED)
    unit = unit_of[placed]
    now = np.full(len(unit_of), kind[-1], dtype=np.int64)
    now[placed] = of_pair[
        network.person_class[placed],
        network.unit_class[unit],
        problem.pair_flags[placed, problem.unit_establishment[unit]],
    ]
    both = network.person_class * (int(kind.max()) + 1) + now
    _, first, person_class = np.unique(both, return_index=True, return_inverse=True)
    differs = of_pair[network.person_class[first]] != now[first][:, None, None]
    return person_class.astype(np.int64), np.where(differs, never, 0).astype(np.int64)

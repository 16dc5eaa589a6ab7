"""Is this answer feasible and optimal? Arithmetic on the problem alone; no solver is known here."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimiser.duals import LARGEST_PRICE, Prices, person_values
from optimiser.problem import (
    INELIGIBLE,
    LARGEST_COST,
    PENNIES_PER_POUND,
    UNPLACED,
    AllocationProblem,
    Integers,
)


class CertificateError(RuntimeError):
    """A plan breaks a rule or a limit, or is further from the bound than it may be.

    ``faults`` holds one sentence each.
    """

    def __init__(self, faults: list[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("The plan fails its certificate: " + "; ".join(faults))


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A plan that keeps every rule, its value, and what no plan can be below; in pennies.

    Attributes
    ----------
    objective_pennies
        Value of the plan, recomputed from the placements.
    bound_pennies
        Value that no plan can be below, from the prices and every eligible pair.
    moves, unplaced
        People who end in another establishment, and people without a place.
    """

    objective_pennies: int
    bound_pennies: int
    moves: int
    unplaced: int

    @property
    def gap(self) -> float:
        """Distance to the bound as a share of the value; exactly 0 where the two are equal."""
        difference = self.objective_pennies - self.bound_pennies
        return difference / max(1, abs(self.objective_pennies))


def certify(
    problem: AllocationProblem, unit_of: Integers, prices: Prices, *, largest_gap: float = 0.0
) -> Certificate:
    """Check that a plan keeps every rule and limit and that no other can be much better.

    Parameters
    ----------
    problem
        What was to be decided.
    unit_of
        Number of the unit of each person, or ``UNPLACED``; shape (prisoners,).
    prices
        Multipliers; any that are not negative give a true bound, the right ones a tight one.
    largest_gap
        Gap up to which the plan passes.

    Returns
    -------
    Certificate
        With value, bound and gap.

    Raises
    ------
    CertificateError
        Naming every fault: a person somewhere they may not be, a unit or estate too full, too many
        moves, prices out of range, or a gap that is too large.
    """
    faults = feasibility_faults(problem, unit_of) + _price_faults(problem, prices)
    if faults:
        raise CertificateError(faults)
    certificate = Certificate(
        objective_pennies=problem.value_pennies(unit_of),
        bound_pennies=lower_bound(problem, prices),
        moves=int(problem.moved(unit_of).sum()),
        unplaced=int((unit_of == UNPLACED).sum()),
    )
    if certificate.bound_pennies > certificate.objective_pennies:
        raise CertificateError(["the bound is above the value: the arithmetic is at fault"])
    if certificate.gap > largest_gap:
        over = certificate.objective_pennies - certificate.bound_pennies
        raise CertificateError(
            [
                f"the gap is {certificate.gap:.2e} (the value is £{over / PENNIES_PER_POUND:,.2f} "
                f"above the bound), at most {largest_gap:.2e} was promised"
            ]
        )
    return certificate


def feasibility_faults(problem: AllocationProblem, unit_of: Integers) -> list[str]:
    """List what a plan breaks, in words; empty when it keeps every rule and limit."""
    units = len(problem.units)
    if unit_of.shape != (len(problem.prisoners),):
        return [f"the plan has {len(unit_of)} rows for {len(problem.prisoners)} people"]
    if ((unit_of < UNPLACED) | (unit_of >= units)).any():
        return ["the plan names units that do not exist"]
    placed = np.flatnonzero(unit_of != UNPLACED)
    wrong = placed[problem.cost_pennies[placed, unit_of[placed]] == INELIGIBLE]
    faults: list[str] = []
    if len(wrong):
        shown = ", ".join(problem.prisoners[wrong[:3]])
        faults.append(f"{len(wrong)} people are where they may not be held: {shown}")
    held = problem.held(unit_of)
    full = np.flatnonzero(held > problem.capacity)
    if len(full):
        faults.append(f"{len(full)} units are too full: {', '.join(problem.units[full[:3]])}")
    for sex, limit in enumerate(problem.held_limit):
        total = int(held[problem.unit_sex == sex].sum())
        if total > limit:
            faults.append(f"{total} {problem.sexes[sex]} are held where {limit} may be")
    return faults + limit_faults(problem, unit_of)


def limit_faults(problem: AllocationProblem, unit_of: Integers) -> list[str]:
    """List the limits that a plan breaks, in words."""
    faults = []
    for limit in problem.limits:
        count = problem.counts(unit_of, limit)
        if limit.at_least and count < limit.bound:
            faults.append(f"{limit.name}: {count} where at least {limit.bound} must be")
        if not limit.at_least and count > limit.bound:
            faults.append(f"{limit.name}: {count} where at most {limit.bound} may be")
    return faults


def _price_faults(problem: AllocationProblem, prices: Prices) -> list[str]:
    expected = {
        "unit": (len(problem.units),),
        "estate": (len(problem.sexes),),
        "limit": (len(problem.limits),),
    }
    faults = [
        f"prices of {name} have shape {getattr(prices, name).shape}, expected {shape}"
        for name, shape in expected.items()
        if getattr(prices, name).shape != shape
    ]
    if not faults:
        most = {"unit": LARGEST_PRICE, "estate": LARGEST_PRICE, "limit": LARGEST_COST}
        faults += [
            f"prices of {name} must lie in 0 to {most[name]}"
            for name in expected
            if (getattr(prices, name) < 0).any() or (getattr(prices, name) > most[name]).any()
        ]
    return faults


def lower_bound(problem: AllocationProblem, prices: Prices) -> int:
    """Give a value that no plan can be below, in pennies.

    Each person takes the cheapest priced choice over *every* eligible unit; each place is let at
    its unit's price less its crowding and its estate's price, where that pays; limits are let at
    their own prices. See ``docs/model.md``.
    """
    estate = prices.estate[problem.unit_sex[problem.segment_unit]]
    rent = prices.unit[problem.segment_unit] - estate - problem.segment_pennies
    let = int((np.maximum(rent, 0) * problem.segment_places).sum())
    limits = int((prices.estate * problem.held_limit).sum())
    bounds = np.array([-each.bound if each.at_least else each.bound for each in problem.limits])
    kept = int((prices.limit * bounds.astype(np.int64)).sum())
    return int(person_values(problem, prices).sum()) - let - limits - kept

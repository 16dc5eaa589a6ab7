"""Is this answer feasible and optimal? Arithmetic on the problem alone; no solver is known here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from optimiser.duals import LARGEST_PRICE, Prices, add_limit_prices, blocks, person_values
from optimiser.problem import (
    INELIGIBLE,
    LARGEST_COST,
    NOWHERE,
    PENNIES_PER_POUND,
    UNPLACED,
    AllocationProblem,
    Integers,
    wing_applies,
)
from optimiser.side import RowKind, SideRows, price_of_pairs

NEVER = 2**62
"""Price, in parts of a penny, of a pair that may not be."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Refutation:
    """The claim that no plan costs less than a value, because two solvers found none.

    Attributes
    ----------
    value
        Pennies below which no plan was found.
    keys
        Pairs that the solvers looked at, as person x (units + 1) + unit, the last standing for no
        place; sorted.
    open_pairs
        How many of them are of people with a choice.
    """

    value: int
    keys: Integers
    open_pairs: int

    def of_people(self, rows: Integers, units: int) -> Refutation:
        """Name people by other numbers: ``rows`` gives the new number of each."""
        person, unit = np.divmod(self.keys, units + 1)
        return replace(self, keys=np.sort(rows[person] * (units + 1) + unit))


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
    moves, unplaced, short
        People who end in another establishment, people without a place, and people by whom
        minimums are missed.
    open_pairs
        Pairs that the prices leave open to a better plan, of people with a choice.
    refuted
        Whether two solvers found no better plan in those pairs; that they were given every pair
        a better plan could use is checked, their search is not.
    """

    objective_pennies: int
    bound_pennies: int
    moves: int
    unplaced: int
    short: int = 0
    open_pairs: int = 0
    refuted: bool = False

    @property
    def gap(self) -> float:
        """Distance to the bound as a share of the value; exactly 0 where the two are equal."""
        difference = self.objective_pennies - self.bound_pennies
        return difference / max(1, abs(self.objective_pennies))

    @property
    def closed_bound_pennies(self) -> int:
        """The bound, or the value itself where solvers refute every better plan."""
        return self.objective_pennies if self.refuted else self.bound_pennies

    @property
    def closed_gap(self) -> float:
        """Distance to the closed bound as a share of the value."""
        return 0.0 if self.refuted else self.gap


def certify(
    problem: AllocationProblem,
    unit_of: Integers,
    prices: Prices,
    *,
    largest_gap: float = 0.0,
    refutation: Refutation | None = None,
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
    refutation
        The claim that solvers found no plan of less; it is refused when it speaks of another value,
        or when a pair it left out could be in a better plan.

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
    faults = feasibility_faults(problem, unit_of) + price_faults(problem, prices)
    if faults:
        raise CertificateError(faults)
    certificate = Certificate(
        objective_pennies=problem.value_pennies(unit_of),
        bound_pennies=lower_bound(problem, prices),
        moves=int(problem.moved(unit_of).sum()),
        unplaced=int((unit_of == UNPLACED).sum()),
        short=int(problem.shortages(unit_of).sum()),
        open_pairs=0,
        refuted=False,
    )
    if refutation is not None:
        certificate = with_refutation(problem, prices, certificate, refutation)
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


def with_refutation(
    problem: AllocationProblem, prices: Prices, certificate: Certificate, refutation: Refutation
) -> Certificate:
    """Add to a certificate that solvers found no plan of less; its value and bound stand.

    Parameters
    ----------
    problem, prices
        Those that the certificate was made with.
    certificate
        From ``certify``.
    refutation
        The claim.

    Raises
    ------
    CertificateError
        When the claim speaks of another value, or a pair it left out could be in a better plan.
    """
    value = certificate.objective_pennies
    if refutation.value < value:
        raise CertificateError(
            [
                f"plans below {refutation.value} pennies are refuted, but this plan costs {value}: "
                "there may be better ones"
            ]
        )
    needed, _, _ = reduced_costs(problem, prices, value)
    missed = int((~np.isin(needed, refutation.keys)).sum())
    if missed:
        raise CertificateError([f"{missed} pairs that a better plan could use were left out"])
    return replace(certificate, open_pairs=refutation.open_pairs, refuted=True)


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
    return faults + limit_faults(problem, unit_of) + tie_faults(problem, unit_of)


def limit_faults(problem: AllocationProblem, unit_of: Integers) -> list[str]:
    """List the limits that a plan breaks, in words; what a minimum is short of is priced."""
    faults = []
    for limit in problem.limits:
        count = problem.counts(unit_of, limit)
        if not limit.at_least and count > limit.bound:
            faults.append(f"{limit.name}: {count} where at most {limit.bound} may be")
    return faults


def tie_faults(problem: AllocationProblem, unit_of: Integers) -> list[str]:
    """List the ties that a plan breaks, in words; pairs who are parted are priced."""
    faults = []
    ties, at = problem.ties, problem.establishment_of(unit_of)
    met = (at[ties.apart[:, 0]] == at[ties.apart[:, 1]]) & (at[ties.apart[:, 0]] != NOWHERE)
    if met.any():
        faults.append(f"{_pairs(problem, ties.apart[met])} must not be in one establishment")
    wing = unit_of[ties.apart_wing]
    met = (wing[:, 0] == wing[:, 1]) & (wing[:, 0] != UNPLACED)
    met[met] = wing_applies(problem, ties.apart_wing[met], wing[met, 0])
    if met.any():
        faults.append(f"{_pairs(problem, ties.apart_wing[met])} must not be in one unit")
    for group in ties.groups:
        here = at[group.people]
        most = int(np.bincount(here[here != NOWHERE]).max(initial=0))
        if most > group.at_most:
            faults.append(f"{most} of group {group.name} are in one establishment")
    return faults


def _pairs(problem: AllocationProblem, pairs: Integers) -> str:
    one, other = problem.prisoners[pairs[0]]
    return f"{len(pairs)} pairs ({one} and {other} first)"


def price_faults(problem: AllocationProblem, prices: Prices) -> list[str]:
    """Say which multipliers can prove nothing: shapes, ranges, and rows that follow from no tie."""
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
    if prices.scale < 1:
        faults.append(f"the scale of prices must be at least 1, found {prices.scale}")
    if not faults:
        most = {"unit": LARGEST_PRICE, "estate": LARGEST_PRICE, "limit": LARGEST_COST}
        faults += [
            f"prices of {name} must lie in 0 to {most[name]}"
            for name in expected
            if (getattr(prices, name) < 0).any()
            or (getattr(prices, name) > most[name] * prices.scale).any()
        ]
        short = np.array([each.short_pennies for each in problem.limits], dtype=np.int64)
        least = np.array([each.at_least for each in problem.limits], dtype=np.bool_)
        if (prices.limit > short * prices.scale)[least].any():
            faults.append("a minimum's price is above the price of being short of it")
    return faults + row_faults(problem, prices.rows, prices.scale)


def row_faults(problem: AllocationProblem, rows: SideRows, scale: int) -> list[str]:
    """Say which side rows do not follow from the ties of a problem.

    A bound is only true when every row with a price is kept by every plan that keeps the ties.
    """
    if not len(rows):
        return []
    if not _well_formed(problem, rows):
        return ["the side rows name people or places that do not exist, or have prices below 0"]
    together = rows.kind == RowKind.TOGETHER
    named = np.stack([rows.tie[together], rows.place[together]], axis=1)
    if len(np.unique(named, axis=0)) < len(named):
        return ["a pair who should be together has two rows for one place"]
    wrong = np.flatnonzero(~rows_that_follow(problem, rows, scale))
    return (
        [f"{len(wrong)} side rows follow from no tie, row {wrong[0]} first"] if len(wrong) else []
    )


def rows_that_follow(problem: AllocationProblem, rows: SideRows, scale: int) -> NDArray[np.bool_]:
    """Say of each side row whether every plan that keeps the ties of a problem keeps it.

    Parameters
    ----------
    problem
        With ties.
    rows
        Of any origin, as of an earlier plan under other ties.
    scale
        Parts of a penny their prices are in.

    Returns
    -------
    NDArray
        Shape (rows,); nowhere true where the rows name people or places that do not exist.
    """
    if not _well_formed(problem, rows):
        return np.zeros(len(rows), dtype=np.bool_)
    follows = np.array(
        [_row_follows(problem, rows, row, scale) for row in range(len(rows))], dtype=np.bool_
    )
    pairs = np.flatnonzero((rows.kind <= RowKind.APART_WING) & (np.diff(rows.first) == 2))
    follows[pairs] &= _pairs_follow(problem, rows, pairs)
    return follows


def _well_formed(problem: AllocationProblem, rows: SideRows) -> bool:
    people, places = len(problem.prisoners), len(problem.establishments) + 1
    most = np.where(rows.kind == RowKind.APART_WING, len(problem.units), places)
    sizes = np.diff(rows.first)
    return bool(
        len({len(rows.kind), len(rows.tie), len(rows.place), len(rows.bound), len(rows.price)}) == 1
        and len(sizes) == len(rows)
        and rows.first[0] == 0
        and rows.first[-1] == len(rows.people) == len(rows.sign)
        and (sizes > 0).all()
        and ((rows.people >= 0) & (rows.people < people)).all()
        and ((rows.place >= 0) & (rows.place < most)).all()
        and (rows.price >= 0).all()
    )


def _pairs_follow(problem: AllocationProblem, rows: SideRows, chosen: Integers) -> np.ndarray:
    """Say which rows of two people are pairs to be kept apart, all at once."""
    wide = len(problem.prisoners)
    first = rows.first[chosen]
    pairs = np.sort(np.stack([rows.people[first], rows.people[first + 1]], axis=1), axis=1)
    wing = rows.kind[chosen] == RowKind.APART_WING
    follows = np.zeros(len(chosen), dtype=np.bool_)
    for kind, tied in ((False, problem.ties.apart), (True, problem.ties.apart_wing)):
        known = np.sort(tied, axis=1)
        some = wing == kind
        follows[some] = np.isin(
            pairs[some, 0] * wide + pairs[some, 1], known[:, 0] * wide + known[:, 1]
        )
    follows[wing] &= wing_applies(problem, pairs[wing], rows.place[chosen][wing])
    plain = (rows.sign[first] == 1) & (rows.sign[first + 1] == 1) & (rows.bound[chosen] == 1)
    nowhere = ~wing & (rows.place[chosen] == len(problem.establishments))
    result: np.ndarray = follows & plain & ~nowhere
    return result


def _row_follows(problem: AllocationProblem, rows: SideRows, row: int, scale: int) -> bool:
    """Say whether a row follows from its tie; pairs kept apart are looked at together."""
    entries = slice(int(rows.first[row]), int(rows.first[row + 1]))
    people, sign = rows.people[entries], rows.sign[entries]
    kind, tie, ties = int(rows.kind[row]), int(rows.tie[row]), problem.ties
    if kind == RowKind.TOGETHER:
        return (
            0 <= tie < len(ties.together)
            and np.array_equal(people, ties.together[tie])
            and np.array_equal(sign, [1, -1])
            and int(rows.bound[row]) == 0
            and int(rows.price[row]) <= int(ties.together_pennies[tie]) * scale
        )
    if rows.place[row] == len(problem.establishments) and kind != RowKind.APART_WING:
        return False
    if len(np.unique(people)) < len(people) or (sign != 1).any():
        return False
    if kind == RowKind.GROUP:
        known = 0 <= tie < len(ties.groups)
        return (
            known
            and bool(np.isin(people, ties.groups[tie].people).all())
            and int(rows.bound[row]) >= ties.groups[tie].at_most
        )
    if kind == RowKind.APART and len(people) != 2:
        return int(rows.bound[row]) >= 1 and _all_apart(ties.apart, people)
    return kind in (RowKind.APART, RowKind.APART_WING) and len(people) == 2


def _all_apart(pairs: Integers, people: Integers) -> bool:
    """Say whether all of these people are kept apart from one another."""
    among = np.isin(pairs, people).all(axis=1)
    found = np.unique(np.sort(pairs[among], axis=1), axis=0)
    return len(found) == len(people) * (len(people) - 1) // 2


def lower_bound(problem: AllocationProblem, prices: Prices) -> int:
    """Give a value that no plan can be below, in pennies.

    Each person takes the cheapest priced choice over *every* eligible unit; each place is let at
    its unit's price less its crowding and its estate's price, where that pays; limits and side rows
    are let at their own prices. Values are whole, so that a part of a penny counts as a penny. See
    ``docs/model.md``.
    """
    plain = prices.scale == 1 and not len(prices.rows)
    if plain:
        values = person_values(problem, prices)
    else:
        values = np.empty(len(problem.prisoners), dtype=np.int64)
        for rows, priced in exact_blocks(problem, prices):
            values[rows] = priced.min(axis=1)
    return -((_rent(problem, prices) - int(values.sum())) // prices.scale)


def _rent(problem: AllocationProblem, prices: Prices) -> int:
    return rent_of(problem, prices, problem.segment_pennies * prices.scale)


def rent_of(problem: AllocationProblem, prices: Prices, segment: Integers) -> int:
    """Give what places, estates, limits and side rows take off the sum over people, in parts.

    Parameters
    ----------
    problem, prices
        The problem, and multipliers.
    segment
        Cost of one person in each crowding block, in parts of a penny; shape (segments,).
    """
    estate = prices.estate[problem.unit_sex[problem.segment_unit]]
    rent = prices.unit[problem.segment_unit] - estate - segment
    let = int((np.maximum(rent, 0) * problem.segment_places).sum())
    limits = int((prices.estate * problem.held_limit).sum())
    bounds = np.array([-each.bound if each.at_least else each.bound for each in problem.limits])
    kept = int((prices.limit * bounds.astype(np.int64)).sum())
    kept += int((prices.rows.price * prices.rows.bound).sum())
    return let + limits + kept


def reduced_costs(
    problem: AllocationProblem, prices: Prices, value: int
) -> tuple[Integers, Integers, int]:
    """List the pairs that a plan of less than a value can use.

    A plan costs the bound, what its pairs are above their people's cheapest, and more that is never
    below zero; a pair that is further above than lies between bound and value is in no such plan.

    Returns
    -------
    tuple
        Pairs as person x (units + 1) + unit, sorted; what each is above its person's cheapest; and
        what lies between the bound and a penny less than the value; both in 1/scale pennies.
    """
    least = np.empty(len(problem.prisoners), dtype=np.int64)
    for rows, priced in exact_blocks(problem, prices):
        least[rows] = priced.min(axis=1)
    left = (value - 1) * prices.scale - (int(least.sum()) - _rent(problem, prices))
    if left < 0:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64), left
    wide = len(problem.units) + 1
    keys, above = [], []
    for rows, priced in exact_blocks(problem, prices):
        priced -= least[rows, None]
        person, unit = np.nonzero(priced <= left)
        keys.append((person + rows.start) * wide + unit)
        above.append(priced[person, unit])
    empty = [np.empty(0, dtype=np.int64)]
    return np.concatenate(empty + keys), np.concatenate(empty + above), left


def exact_blocks(
    problem: AllocationProblem, prices: Prices
) -> Iterator[tuple[slice, NDArray[np.int64]]]:
    """Price all choices of some people at a time in parts of a penny, no place as the last."""
    scale, wide = prices.scale, len(problem.units) + 1
    keys, amount = price_of_pairs(problem, prices.rows)
    for rows in blocks(len(problem.prisoners)):
        cost = problem.cost_pennies[rows]
        priced = np.empty((len(cost), wide), dtype=np.int64)
        np.multiply(cost, scale, out=priced[:, :-1], dtype=np.int64)
        priced[:, :-1] += prices.unit
        priced[:, -1] = problem.unplaced_pennies[rows] * scale
        add_limit_prices(problem, prices.limit, rows, priced[:, :-1])
        some = slice(*np.searchsorted(keys, [rows.start * wide, rows.stop * wide]))
        person, unit = np.divmod(keys[some], wide)
        priced[person - rows.start, unit] += amount[some]
        priced[:, :-1][cost == INELIGIBLE] = NEVER
        yield rows, priced

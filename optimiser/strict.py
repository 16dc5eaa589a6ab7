"""Objectives in strict order: each is made least among the plans that keep the earlier ones.

Without a tolerance the plans that are best so far are a face of the flow: they use only pairs that
cost nothing above the prices, and fill the places whose rent is positive. The next level is a flow
on that face, and exact. With a tolerance the earlier level becomes a ceiling with a price.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import floor

import numpy as np

from data.progress import Progress, StopEarlyError, silent
from optimiser.budget import sample
from optimiser.ceilings import (
    SAMPLE,
    SMALLEST_SAMPLE,
    Ceiling,
    CeilingError,
    Floats,
    Proof,
    Terms,
    Within,
    bound_of,
    proof_faults,
    solve_within,
)
from optimiser.certify import CertificateError, feasibility_faults
from optimiser.duals import blocks, person_values, priced_block
from optimiser.level_bounds import Span
from optimiser.measure import Measure, free, usual, weighted
from optimiser.network import one_in
from optimiser.problem import INELIGIBLE, LARGEST_COST, AllocationProblem, Integers
from optimiser.solve import Plan

STAGE = "levels"

BARRIER = 4
"""Price of leaving the face of the plans that are best so far: so many times what one person can
add to the next level, where the range allows."""


SAMPLE_GAP = 1e-3
"""Relative gap at which a level of the sample may end."""

MOST_FLOWS = 40
"""Flows of a level after which it ends with the gap it has."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Level:
    """One objective in the order; ``tolerance`` is the share by which later ones may worsen it."""

    name: str
    measure: Measure
    tolerance: float

    def __post_init__(self) -> None:
        """Check the tolerance."""
        if not 0 <= self.tolerance <= 1:
            raise ValueError(f"level {self.name}: tolerance {self.tolerance} must lie from 0 to 1")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Solved:
    """How a level ended.

    Attributes
    ----------
    name, tolerance
        Of the level.
    value, bound
        What the level reached, and what no plan within the earlier levels can be below.
    at_most
        What later levels may make of it.
    final
        What the last plan has of it.
    proof
        Proves the bound, given the levels before.
    spans
        Where the worst-off tenth counts, proofs for every threshold it can have; ``proof`` is the
        first of them.
    """

    name: str
    tolerance: float
    value: int
    bound: int
    at_most: int
    final: int
    proof: Proof
    spans: tuple[Span, ...] = ()

    @property
    def gap(self) -> float:
        """Distance to the bound as a share of the value."""
        return (self.value - self.bound) / max(1, abs(self.value))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StrictPlan:
    """The plan of the last level, and how each level ended.

    ``prices`` says for each level what the ceilings of earlier ones cost in it, by their names.
    Where whoever watched ended the work early (``stopped``), later levels are missing.
    """

    unit_of: Integers
    levels: tuple[Solved, ...]
    flows: int
    plan: Plan
    prices: tuple[dict[str, float], ...]
    stopped: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Stage:
    """What the levels so far leave open.

    ``barrier`` counts departures from the face of best plans, of which ``departures`` cannot be
    avoided; there is none before the first level without a tolerance.
    """

    problem: AllocationProblem
    ceilings: tuple[Ceiling, ...]
    barrier: Measure | None = None
    departures: int = 0

    def terms(self, measure: Measure) -> Terms:
        """Give the objective of the next level, the barrier with it."""
        if self.barrier is None:
            return [(1, measure)]
        return [(1, measure), (self._barrier_price(measure), self.barrier)]

    def fixed(self, measure: Measure) -> int:
        """Give what the barrier costs at least."""
        if self.barrier is None:
            return 0
        return self._barrier_price(measure) * self.departures

    def prices_of(self, proof: Proof) -> dict[str, float]:
        """Name the prices that a proof puts on the ceilings."""
        return {
            each.measure.name: float(price) / proof.weight
            for each, price in zip(self.ceilings, proof.ceilings, strict=True)
        }

    def prices_from(self, named: dict[str, float]) -> Floats:
        """Give the prices of the ceilings by their names; 0 where there is none."""
        return np.array([named.get(each.measure.name, 0.0) for each in self.ceilings])

    def keeps(self, unit_of: Integers) -> bool:
        """Say whether a plan is on the face of the plans that are best so far."""
        return self.barrier is None or (
            self.barrier.of_plan(self.problem, unit_of) <= self.departures
        )

    def _barrier_price(self, measure: Measure) -> int:
        """Price departures, as high as can be where only people without a place are any."""
        if self.barrier is None or not self.barrier.segment.any():
            return LARGEST_COST // 16 if self.departures else LARGEST_COST
        return min(BARRIER * max(1, usual(self.problem, measure)), LARGEST_COST // 16)


def solve_strict(
    problem: AllocationProblem,
    levels: Sequence[Level],
    *,
    ceilings: Sequence[Ceiling] = (),
    smallest_gap: float,
    start: Plan | None = None,
    progress: Progress = silent,
) -> StrictPlan:
    """Make each level least among the plans that keep the earlier ones.

    Parameters
    ----------
    problem
        Who may be held where, and how many.
    levels
        In their order, the most important first.
    ceilings
        What every plan must keep.
    smallest_gap
        Relative gap at which the search for the prices of ceilings may stop.
    start
        A flow to start from.
    progress
        Told of every level and flow, with the gap once there is a plan. Where it raises
        ``StopEarlyError`` by then, the plan of the level that was reached is handed over; anything
        else it raises ends the work.

    Returns
    -------
    StrictPlan
        A level without a tolerance is never worse in the end than when it was made least. Its
        value, bound and gap are stated for each level; gaps are 0 while no ceiling binds.
    """
    first = _prices_of_sample(problem, levels, ceilings)
    stage = _Stage(problem=free(problem), ceilings=tuple(ceilings))
    solved: list[Solved] = []
    prices: list[dict[str, float]] = []
    known: Integers | None = None
    plan: Plan | None = None
    flows, stopped = 0, False
    for number, level in enumerate(levels):
        try:
            found = solve_within(
                stage.problem,
                stage.terms(level.measure),
                stage.ceilings,
                smallest_gap=smallest_gap,
                start=start if number == 0 else None,  # another level's prices lead astray
                prices=stage.prices_from(first[number]) if first else None,
                known=known,
                most_flows=MOST_FLOWS,
                allowed=stage.keeps,
                fixed=stage.fixed(level.measure),
                progress=of_level(progress, levels, solved),
            )
        except StopEarlyError:
            if not solved:
                raise
            stopped = True
            break
        flows += found.evaluations
        known, plan = found.unit_of, found.plan
        prices.append(stage.prices_of(found.proof))
        solved.append(_solved(problem, level, stage, found))
        stopped = found.stopped
        if stopped:
            break
        stage = _next(stage, level, solved[-1], known)
    assert known is not None
    assert plan is not None
    progress(STAGE, len(levels), len(levels))
    final = [
        replace(each, final=level.measure.of_plan(problem, known))
        for each, level in zip(solved, levels[: len(solved)], strict=True)
    ]
    return StrictPlan(
        unit_of=known,
        levels=tuple(final),
        flows=flows,
        plan=plan,
        prices=tuple(prices),
        stopped=stopped,
    )


def of_level(progress: Progress, levels: Sequence[Level], solved: Sequence[Solved]) -> Progress:
    """Tell of a level's flows, and of the gap of the level before where there is none yet.

    Value and bound of what is solved are left out: a level need not be pounds.
    """
    number = len(solved)

    def told(stage: str, _done: int, _total: int) -> None:
        said = ", ".join(word for word in stage.split(", ")[1:] if "£" not in word)
        if not said and solved:
            said = f"gap of {solved[-1].name} {solved[-1].gap:.4%}"
        words = [STAGE, levels[number].name, *([said] if said else [])]
        progress(", ".join(words), number, len(levels))

    return told


def _prices_of_sample(
    problem: AllocationProblem, levels: Sequence[Level], ceilings: Sequence[Ceiling]
) -> Sequence[dict[str, float]]:
    """Give the prices of earlier levels in each level of a sample; nothing where people are few."""
    if len(problem.prisoners) < SAMPLE * SMALLEST_SAMPLE:
        return ()
    rows = one_in(problem, SAMPLE)
    try:
        found = solve_strict(
            sample(free(problem), SAMPLE),
            [replace(each, measure=each.measure.of_people(rows)) for each in levels],
            ceilings=[each.of_sample(rows, SAMPLE) for each in ceilings],
            smallest_gap=SAMPLE_GAP,
        )
    except CeilingError:
        return ()
    return found.prices


def _solved(problem: AllocationProblem, level: Level, stage: _Stage, found: Within) -> Solved:
    value = level.measure.of_plan(problem, found.unit_of)
    return Solved(
        name=level.name,
        tolerance=level.tolerance,
        value=value,
        bound=max(0, min(value, found.bound - stage.fixed(level.measure))),
        at_most=floor(value * (1 + level.tolerance)),
        final=value,
        proof=found.proof,
    )


def _next(stage: _Stage, level: Level, solved: Solved, unit_of: Integers) -> _Stage:
    """Hold a level: on the face of its best plans where that is exact, else by a ceiling."""
    exact = solved.value == solved.bound and not solved.proof.ceilings.any()
    if level.tolerance == 0 and exact and solved.proof.weight == 1 and not solved.proof.bits:
        return _on_face(stage, level.measure, solved.proof, unit_of)
    held = Ceiling(measure=level.measure, at_most=solved.at_most)
    return replace(stage, ceilings=(*stage.ceilings, held))


def _on_face(stage: _Stage, measure: Measure, proof: Proof, unit_of: Integers) -> _Stage:
    """Keep the plans that are best at proven prices: complementary slackness.

    Pairs that cost more than a person's best choice at these prices are forbidden, places whose
    rent is negative are closed, and the barrier counts places whose rent is positive and that stay
    empty, people who are left without a place though a place is better, and places left free in an
    estate that has a price.
    """
    problem = stage.problem
    priced = weighted(problem, stage.terms(measure))
    prices = proof.prices
    values = person_values(priced, prices)
    cost = problem.cost_pennies.copy()
    for rows in blocks(len(values)):
        above = priced_block(priced, prices, rows) > values[rows, None]
        cost[rows][above] = INELIGIBLE
    segment_sex = problem.unit_sex[problem.segment_unit]
    rent = prices.unit[problem.segment_unit] - prices.estate[segment_sex] - priced.segment_pennies
    places = np.where(rent < 0, 0, problem.segment_places)
    capacity = np.bincount(problem.segment_unit, weights=places, minlength=len(problem.units))
    priced_estate = prices.estate > 0
    departs = (rent <= 0).astype(np.int64) + (priced_estate.any() & ~priced_estate[segment_sex])
    without = (priced.unplaced_pennies > values).astype(np.int64) + 1 + priced_estate.any()
    always = int(departs[places > 0].min(initial=1))  # everybody has one place or none
    barrier = replace(
        measure,
        name="barrier",
        values=np.zeros((1, 1), dtype=np.int32),
        group_of=np.zeros(len(values), dtype=np.int64),
        column_of=np.zeros(len(problem.units), dtype=np.int64),
        segment=np.maximum(departs - always, 0),
        unplaced=without - always,
    )
    restricted = replace(
        problem,
        cost_pennies=cost,
        segment_places=places,
        capacity=capacity.astype(np.int64),
    )
    return replace(
        stage,
        problem=restricted,
        barrier=barrier,
        departures=barrier.of_plan(restricted, unit_of),
    )


def certify_strict(
    problem: AllocationProblem,
    levels: Sequence[Level],
    unit_of: Integers,
    solved: Sequence[Solved],
    *,
    ceilings: Sequence[Ceiling] = (),
    is_whole: bool = True,
) -> None:
    """Check a plan in strict order with arithmetic alone: rules, levels, ceilings and bounds.

    Parameters
    ----------
    problem, levels, ceilings
        What was asked.
    unit_of, solved
        The plan, and how each level is said to have ended.
    is_whole
        Whether every level must be there; where work was stopped the last ones may be missing.

    Raises
    ------
    CertificateError
        Naming every fault.
    """
    faults = feasibility_faults(free(problem), unit_of)
    if faults:
        raise CertificateError(faults)
    faults += [
        f"{each.measure.name} is above {each.at_most}"
        for each in ceilings
        if each.measure.of_plan(problem, unit_of) > each.at_most
    ]
    stage = _Stage(problem=free(problem), ceilings=tuple(ceilings))
    if not (0 < len(solved) <= len(levels)) or (is_whole and len(solved) < len(levels)):
        raise CertificateError([f"{len(solved)} levels are told, and {len(levels)} were asked"])
    for level, each in zip(levels[: len(solved)], solved, strict=True):
        final = level.measure.of_plan(problem, unit_of)
        if final != each.final or final > floor(each.value * (1 + level.tolerance)):
            faults.append(f"level {level.name} is at {final}, and {each.at_most} is allowed")
        if each.at_most < floor(each.value * (1 + level.tolerance)):
            faults.append(f"level {level.name} leaves later ones less than its tolerance")
        wrong = proof_faults(stage.ceilings, each.proof)
        faults += [f"level {level.name}: {fault}" for fault in wrong]
        if wrong:
            break
        proven = bound_of(stage.problem, stage.terms(level.measure), stage.ceilings, each.proof)
        if proven - stage.fixed(level.measure) < each.bound:
            faults.append(f"level {level.name}: {each.bound} is not proven")
        stage = _next(stage, level, each, unit_of)
    if faults:
        raise CertificateError(faults)

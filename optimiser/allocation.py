"""Allocation: who is held where, what it costs, and how good the answer is known to be."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

import pandas as pd

from optimiser.duals import Prices
from optimiser.floor import Floor
from optimiser.problem import AllocationProblem
from optimiser.residual import Residual

COHORT = ["sex", "category", "status", "young_adult", "needs"]
"""What a shortfall is counted by."""

WAYS = [*COHORT, "people", "way", "what", "how_many", "first_gbp"]
"""Columns of the ways out of a shortfall."""


class SolveStatus(StrEnum):
    """What is known of an allocation.

    ``optimal``: no better plan exists. ``feasible``: within the stated gap of the best.
    ``infeasible``: people are left without a place. ``today``: observed, not decided.
    ``cancelled``: stopped before an answer.
    """

    TODAY = "today"
    OPTIMAL = "optimal"
    FEASIBLE = "feasible"
    INFEASIBLE = "infeasible"
    CANCELLED = "cancelled"


class MoveReason(StrEnum):
    """Why a person moves, in the words of the transfer service (Book a secure move, HMPPS).

    ``repatriation``: nearer to family. ``resettlement``: nearer to the release area.
    ``court_appearance``: nearer to court. ``progressive``: a better fit of stage or security.
    ``offending_behaviour_course`` and ``medical``: a need is met. ``security``: the rules of who
    may be held where speak against the present place. ``other``: the person gains less than the
    move costs; the place is needed for somebody else, or to ease crowding, or is lost.
    """

    REPATRIATION = "repatriation"
    RESETTLEMENT = "resettlement"
    COURT_APPEARANCE = "court_appearance"
    PROGRESSIVE = "progressive"
    OFFENDING_BEHAVIOUR_COURSE = "offending_behaviour_course"
    MEDICAL = "medical"
    SECURITY = "security"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Allocation:
    """An answer with its proof.

    Attributes
    ----------
    placements
        One row per prisoner; the columns of ``data.placements``.
    moves
        One row per move: who, from, to, reason, what the family gains, what the move destroys.
    units
        One row per unit: places, in-use CNA, held, value of one more, cost of one fewer.
    terms
        Pounds by term; they add up to ``objective_gbp``.
    status
        What is known of the answer.
    objective_gbp, lower_bound_gbp, gap
        Value, what no plan can be below, and their relative distance; no bound for today. Where two
        solvers refute every better plan the bound is the value itself.
    multiplier_bound_gbp, multiplier_gap
        The same as arithmetic over every pair proves them, without a solver.
    proven_by
        What the bound rests on, in words.
    unplaced
        Shortfall by cohort: people without a place, and the units that may hold such people.
    seconds
        Time by stage: build, core, budgets, side, certify.
    prices
        Multipliers in whole pennies, rows of ties left out; see ``proof``.
    floor
        Least mean miles any placement could reach, and what chance would give.
    problem
        What was decided; none for today.
    regions
        Fewest people outside their home region by capacity alone, by region and sex.
    ways_out
        Cheapest ways out for people without a place, by cohort; the columns of ``WAYS``.
    graph
        Residual graph of the plan, from which one person is explained; none for today, or where
        ties keep the plan from being a best flow.
    proof
        Multipliers that the lower bound is made of, in parts of pennies, with rows of ties.
    ties_left_out
        Ties that no plan can keep, and why.
    levels
        One row per level of a strict order: what it reached, its bound, what it is in the end.
    worst_tenth_miles
        Mean straight miles of the worst-off tenth, where the objective speaks of it.
    """

    placements: pd.DataFrame
    moves: pd.DataFrame
    units: pd.DataFrame
    terms: dict[str, float]
    status: SolveStatus
    objective_gbp: float
    lower_bound_gbp: float | None
    gap: float | None
    unplaced: pd.DataFrame
    seconds: dict[str, float]
    prices: Prices | None
    floor: Floor
    problem: AllocationProblem | None
    regions: pd.DataFrame = field(default_factory=pd.DataFrame)
    ways_out: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=WAYS))
    graph: Residual | None = None
    proof: Prices | None = None
    multiplier_bound_gbp: float | None = None
    multiplier_gap: float | None = None
    proven_by: str | None = None
    ties_left_out: pd.DataFrame = field(default_factory=pd.DataFrame)
    levels: pd.DataFrame = field(default_factory=pd.DataFrame)
    worst_tenth_miles: float | None = None


class InfeasibleAllocationError(ValueError):
    """The input leaves some people nowhere to be held, whatever the price.

    ``shortfall`` has one row per cohort: who, how many, and the places they lack.
    """

    def __init__(self, message: str, shortfall: pd.DataFrame) -> None:
        self.shortfall = shortfall
        super().__init__(message)

"""The moves of a plan: who, from, to, why, what each gains and what the move destroys."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.placements import journeys_of
from data.words import LIST_SEPARATOR
from optimiser.allocation import MoveReason
from optimiser.build import Build, Inputs
from optimiser.problem import (
    INELIGIBLE,
    NOWHERE,
    PENNIES_PER_POUND,
    AllocationProblem,
    Integers,
)

REASONS = {
    "family": MoveReason.REPATRIATION,
    "rule:region": MoveReason.REPATRIATION,
    "release": MoveReason.RESETTLEMENT,
    "court": MoveReason.COURT_APPEARANCE,
    "rule:nearer_preference": MoveReason.REPATRIATION,
    "rule:release_region": MoveReason.RESETTLEMENT,
    "rule:court_alignment": MoveReason.COURT_APPEARANCE,
    "rule:stage_fit": MoveReason.PROGRESSIVE,
    "rule:over_security": MoveReason.PROGRESSIVE,
    "rule:open_filter_least": MoveReason.PROGRESSIVE,
    "rule:open_filter_most": MoveReason.PROGRESSIVE,
    "rule:therapeutic_need": MoveReason.OFFENDING_BEHAVIOUR_COURSE,
    "rule:sentence_plan_course": MoveReason.OFFENDING_BEHAVIOUR_COURSE,
    "rule:mother_and_baby": MoveReason.MEDICAL,
    "rule:accessible": MoveReason.MEDICAL,
    "rule:ground_floor": MoveReason.MEDICAL,
    "rule:medical": MoveReason.MEDICAL,
    "rule:constant_supervision": MoveReason.MEDICAL,
    "rule:safer_cell": MoveReason.MEDICAL,
}
"""Reason that each term of a person's cost speaks for; any other rule speaks for ``security``."""


def moves_table(
    inputs: Inputs, build: Build, unit_of: Integers
) -> tuple[pd.DataFrame, pd.Series[str]]:
    """Give one row per move, and the reason of everybody's move.

    Parameters
    ----------
    inputs, build
        What was decided, and the parts of its costs.
    unit_of
        Unit of each person, or ``UNPLACED``; shape (prisoners,).

    Returns
    -------
    DataFrame
        Who, from, to and ``reason``; ``family_gain_gbp`` without weights; as the policy weighs
        them ``court_gain_gbp``, ``release_gain_gbp``, ``rules_gain_gbp`` and ``own_gain_gbp``, all
        that the person gains before the price of the move; miles and minutes before and after;
        ``move_price_gbp`` and its parts, which add up to it; what it parts beside its price.
    Series
        Reason of each prisoner, empty for people who stay.
    """
    problem, prisoners, units = build.problem, inputs.population.prisoners, inputs.estate.units
    who = np.flatnonzero(problem.moved(unit_of))
    gains = _gains(inputs, build, unit_of, who)
    own = sum(gains.values(), start=np.zeros(len(who), dtype=np.int64))
    to_establishment = problem.unit_establishment[unit_of[who]]
    parts = build.costs.moves.parts_at(who, to_establishment)
    price = sum(parts.values(), start=np.zeros(len(who), dtype=np.int64))
    codes = np.full(len(prisoners), "", dtype=object)
    codes[who] = _reasons(gains, own - price, _must_leave(build, who))
    reasons = pd.Series(codes, index=prisoners.index, dtype="str")
    people = prisoners.iloc[who].reset_index(drop=True)
    origin = units["establishment"].iloc[problem.current_unit[who]].reset_index(drop=True)
    to = units["establishment"].iloc[unit_of[who]].reset_index(drop=True)
    here = build.costs.visit_gbp[who, problem.from_establishment[who]]
    there = build.costs.visit_gbp[who, to_establishment]
    family_gain = (here - there).astype(np.float64) * build.costs.visits[who]
    before, after = (
        journeys_of(
            people, inputs.travel, place, parties=inputs.parties, visit_cost=inputs.visit_cost
        )
        for place in (origin, to)
    )
    rules_gain = [gain for name, gain in gains.items() if name.startswith("rule:")]
    table = pd.DataFrame(
        {
            "prisoner_id": people["prisoner_id"],
            "from_unit": people["current_unit"],
            "unit": units["unit"].iloc[unit_of[who]].to_numpy(),
            "from_establishment": origin,
            "establishment": to,
            "reason": reasons.iloc[who].to_numpy(),
            "family_gain_gbp": family_gain.round(2),
            "court_gain_gbp": gains["court"] / PENNIES_PER_POUND,
            "release_gain_gbp": gains["release"] / PENNIES_PER_POUND,
            "rules_gain_gbp": sum(rules_gain, start=np.int64(0)) / PENNIES_PER_POUND,
            "own_gain_gbp": own / PENNIES_PER_POUND,
            "straight_miles_before": before["straight_miles"],
            "straight_miles_after": after["straight_miles"],
            "minutes_before": before["minutes"],
            "minutes_after": after["minutes"],
            "move_price_gbp": price / PENNIES_PER_POUND,
            **{f"{name}_gbp": part / PENNIES_PER_POUND for name, part in parts.items()},
            "booked_visits_lost": build.costs.moves.amounts["booked_visits"][who],
            "days_without_cleared_numbers": build.costs.moves.amounts["cleared_numbers"][who],
            **_parted(inputs, problem, unit_of, who),
        }
    )
    return table, reasons


def _parted(
    inputs: Inputs, problem: AllocationProblem, unit_of: Integers, who: Integers
) -> dict[str, NDArray[Any]]:
    """Count the relatives each move parts from a person, and give the price of keeping together.

    That price is of two people and no part of the price of a move.
    """
    prisoners, together = inputs.population.prisoners, inputs.records.keep_together
    ids = pd.Index(prisoners["prisoner_id"])
    listed = prisoners["relatives_in_custody"]
    listed = listed[listed != ""].str.split(LIST_SEPARATOR).explode()
    listed = listed[listed != ""]
    pairs = np.stack(
        [
            np.r_[ids.get_indexer(pd.Index(together["a"])), listed.index.to_numpy()],
            np.r_[ids.get_indexer(pd.Index(together["b"])), ids.get_indexer(pd.Index(listed))],
        ],
        axis=1,
    )
    gbp = np.r_[together["price_gbp"].to_numpy(dtype=np.float64), np.zeros(len(listed))]
    pairs.sort(axis=1)
    each, first = np.unique(pairs, axis=0, return_index=True)
    here = problem.from_establishment[each]
    there = np.where(unit_of[each] < 0, -1, problem.unit_establishment[unit_of[each]])
    parted = (each >= 0).all(axis=1) & (here[:, 0] == here[:, 1]) & (here[:, 0] != NOWHERE)
    parted &= there[:, 0] != there[:, 1]
    both = each[parted].T.ravel()
    count = np.bincount(both, minlength=len(ids))
    price = np.bincount(both, weights=np.tile(gbp[first][parted], 2), minlength=len(ids))
    return {"relatives_parted": count[who], "relatives_parted_gbp": price[who].round(2)}


def _gains(inputs: Inputs, build: Build, unit_of: Integers, who: Integers) -> dict[str, Integers]:
    """Give what each term of their own cost gains for the people who move, in pennies."""
    before = build.person_terms(inputs.policy, build.problem.current_unit)
    after = build.person_terms(inputs.policy, unit_of)
    return {name: (before[name] - after[name])[who] for name in before if name != "move"}


def _must_leave(build: Build, who: Integers) -> NDArray[np.bool_]:
    """Say whose present establishment has no unit that a hard rule allows."""
    problem = build.problem
    here = problem.unit_establishment == problem.from_establishment[who, None]
    allowed: NDArray[np.bool_] = (here & (problem.cost_pennies[who] != INELIGIBLE)).any(axis=1)
    return ~allowed


def _reasons(
    gains: dict[str, Integers], net: Integers, must_leave: NDArray[np.bool_]
) -> NDArray[np.object_]:
    """Give the reason that gains a person most, where the person gains more than the move costs.

    Whoever does not is moved for the sake of others.
    """
    by_reason: dict[MoveReason, Integers] = {}
    for name, gain in gains.items():
        reason = REASONS.get(name, MoveReason.SECURITY)
        by_reason[reason] = by_reason.get(reason, np.int64(0)) + gain
    best = np.stack(list(by_reason.values())).argmax(axis=0)
    words: NDArray[np.object_] = np.array([str(word) for word in by_reason], dtype=object)[best]
    words[net <= 0] = str(MoveReason.OTHER)
    words[must_leave] = str(MoveReason.SECURITY)
    return words

"""From tables to a problem: eligibility, costs, capacities, crowding and limits put together."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pandas as pd

from data.estate import Estate
from data.population import Population
from data.records import Records
from data.travel import TravelSettings, TravelTimes
from data.visit_cost import VisitCost
from data.words import LIST_SEPARATOR
from optimiser.allocation import InfeasibleAllocationError
from optimiser.cost import PersonCosts, cost_pennies, person_costs, term_pennies
from optimiser.fit import Fit, fit, rules_in_force
from optimiser.policy import AllocationPolicy
from optimiser.problem import (
    MOVES,
    NOWHERE,
    PENNIES_PER_POUND,
    AllocationProblem,
    Flags,
    Integers,
    Limit,
    PairFlag,
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Inputs:
    """What an allocation is decided from: tables, journeys, weights and rules on one date.

    ``excluded`` may hold one row per person and establishment that public protection keeps apart
    (``prisoner_id``, ``establishment``). ``home_areas`` needs ``home_area`` and ``region``.
    ``records`` ties people to others and to places.
    """

    estate: Estate
    population: Population
    travel: TravelTimes
    visit_cost: VisitCost
    travel_settings: TravelSettings
    parties: pd.DataFrame
    policy: AllocationPolicy
    rules: pd.DataFrame
    stage_rules: pd.DataFrame
    as_of: date
    home_areas: pd.DataFrame
    excluded: pd.DataFrame | None = None
    records: Records = field(default_factory=Records.empty)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Build:
    """A problem beside the parts its costs were made of."""

    problem: AllocationProblem
    costs: PersonCosts
    fit: Fit

    def person_terms(self, policy: AllocationPolicy, unit_of: Integers) -> dict[str, Integers]:
        """Give each term of each person's cost under a plan, in pennies."""
        return term_pennies(
            self.costs,
            self.fit,
            policy,
            unit_of=unit_of,
            unit_establishment=self.problem.unit_establishment,
            from_establishment=self.problem.from_establishment,
        )


def build_problem(inputs: Inputs) -> Build:
    """Put eligibility, costs, capacities and limits together.

    Parameters
    ----------
    inputs
        As for ``allocate``.

    Returns
    -------
    Build
        The problem, and the parts from which terms are recomputed.

    Raises
    ------
    ValueError
        When an establishment of the estate is missing from the travel times, or a rule is unknown.
    InfeasibleAllocationError
        When people of one sex have no place at all.
    """
    units, prisoners = inputs.estate.units, inputs.population.prisoners
    establishments = inputs.travel.establishments
    missing = sorted(set(units["establishment"]) - set(establishments))
    if missing:
        raise ValueError(
            f"travel: {len(missing)} establishments have no journeys: {', '.join(missing[:5])}. "
            "Correct the codes or add the rows."
        )
    unit_establishment = establishments.get_indexer(pd.Index(units["establishment"])).astype(
        np.int64
    )
    current_unit = (
        pd.Index(units["unit"]).get_indexer(pd.Index(prisoners["current_unit"])).astype(np.int64)
    )
    from_establishment = np.where(current_unit >= 0, unit_establishment[current_unit], NOWHERE)
    found = _fit(inputs)
    costs = person_costs(
        inputs.population,
        inputs.parties,
        inputs.visit_cost,
        inputs.travel,
        inputs.travel_settings,
        inputs.policy,
        found,
    )
    frozen_here = np.bincount(
        current_unit[found.frozen & (current_unit >= 0)], minlength=len(units)
    )
    open_places = (units["places"] - units["headroom"]).clip(lower=0).to_numpy(dtype=np.int64)
    capacity = np.maximum(open_places, frozen_here).astype(np.int64)
    sexes = tuple(sorted(set(units["sex"])))
    unit_sex = pd.Index(sexes).get_indexer(pd.Index(units["sex"])).astype(np.int64)
    _check_places(inputs, found, capacity)
    segment_unit, segment_places, segment_pennies = _crowding(inputs, capacity, costs.weeks)
    problem = AllocationProblem(
        prisoners=pd.Index(prisoners["prisoner_id"]),
        units=pd.Index(units["unit"]),
        establishments=establishments,
        sexes=sexes,
        cost_pennies=cost_pennies(
            costs,
            found,
            inputs.policy,
            unit_establishment=unit_establishment,
            from_establishment=from_establishment,
            current_unit=current_unit,
        ),
        unplaced_pennies=np.full(
            len(prisoners), round(inputs.policy.unplaced_price_gbp * PENNIES_PER_POUND)
        ),
        unit_establishment=unit_establishment,
        unit_sex=unit_sex,
        capacity=capacity,
        held_limit=_held_limits(inputs, sexes, unit_sex, frozen_here),
        segment_unit=segment_unit,
        segment_places=segment_places,
        segment_pennies=segment_pennies,
        from_establishment=from_establishment,
        current_unit=current_unit,
        pair_flags=_pair_flags(inputs, from_establishment),
        limits=_limits(inputs),
    )
    return Build(problem=problem, costs=costs, fit=found)


FAR_MILES = 50
VERY_FAR_MILES = 100
"""Straight miles from home beyond which a person counts as far, as the service reports them."""


def _pair_flags(inputs: Inputs, from_establishment: Integers) -> Flags:
    """Say what holding each person in each establishment would mean to a limit."""
    establishments = np.arange(len(inputs.travel.establishments))
    origin = from_establishment[:, None]
    moved = (origin != NOWHERE) & (establishments != origin)
    home = inputs.population.prisoners["home_area"]
    area = inputs.travel.home_areas.get_indexer(pd.Index(home))
    known = (area >= 0)[:, None]
    miles = inputs.travel.straight_miles
    of_area = (miles > FAR_MILES) * np.uint8(PairFlag.FAR)
    of_area |= (miles > VERY_FAR_MILES) * np.uint8(PairFlag.VERY_FAR)
    flags: Flags = of_area[area] * known
    flags |= moved * np.uint8(PairFlag.MOVED)
    return flags


def _limits(inputs: Inputs) -> tuple[Limit, ...]:
    budget = inputs.policy.move_budget
    if budget is None:
        return ()
    return (Limit(name=MOVES, flag=PairFlag.MOVED, people=None, units=None, bound=budget),)


def _fit(inputs: Inputs) -> Fit:
    """Read the rules for these people and units."""
    region = inputs.home_areas.set_index("home_area")["region"]
    home = inputs.population.prisoners["home_area"].map(region).fillna("")
    prisoners = inputs.population.prisoners.assign(home_region=home)
    if inputs.excluded is not None:
        joined = inputs.excluded.groupby("prisoner_id")["establishment"].agg(LIST_SEPARATOR.join)
        prisoners["excluded"] = prisoners["prisoner_id"].map(joined).fillna("")
    regions = inputs.estate.establishments.set_index("establishment")["region"]
    units = inputs.estate.units
    units = units.assign(region=units["establishment"].map(regions))
    rules = rules_in_force(inputs.rules, inputs.as_of)
    return fit(prisoners, units, rules, inputs.stage_rules, inputs.as_of)


def _check_places(inputs: Inputs, found: Fit, capacity: Integers) -> None:
    places = pd.Series(capacity).groupby(inputs.estate.units["sex"].to_numpy()).sum()
    sexes = inputs.population.prisoners["sex"]
    without = sorted(sex for sex in set(sexes) if places.get(sex, 0) == 0)
    if without:
        lacking = sexes.isin(without).to_numpy()
        raise InfeasibleAllocationError(
            f"No unit has a place for {' or '.join(without)}: {int(lacking.sum())} people cannot "
            "be held anywhere. Add units, or leave these people out.",
            shortfall(inputs, found, lacking),
        )


def _crowding(
    inputs: Inputs, capacity: Integers, weeks: Integers
) -> tuple[Integers, Integers, Integers]:
    """Cut each unit's places into blocks of rising price above in-use CNA."""
    policy = inputs.policy
    cna = inputs.estate.units["in_use_cna"].to_numpy(dtype=np.float64)
    mean_weeks = float(weeks.mean()) if len(weeks) else 0.0
    ends = [cna, cna * (1 + policy.crowding_low_share), cna * (1 + policy.crowding_high_share)]
    upper = [np.minimum(np.rint(end), capacity).astype(np.int64) for end in ends] + [capacity]
    places = np.diff(np.stack(upper, axis=1), axis=1, prepend=0)
    weekly = (
        0.0,
        policy.crowding_low_gbp_per_week,
        policy.crowding_middle_gbp_per_week,
        policy.crowding_high_gbp_per_week,
    )
    prices = [round(price * mean_weeks * PENNIES_PER_POUND) for price in weekly]
    return (
        np.repeat(np.arange(len(capacity)), len(prices)),
        places.ravel(),
        np.tile(np.array(prices, dtype=np.int64), len(capacity)),
    )


def _held_limits(
    inputs: Inputs, sexes: tuple[str, ...], unit_sex: Integers, frozen_here: Integers
) -> Integers:
    places = inputs.estate.units["places"].to_numpy(dtype=np.int64)
    margins = inputs.policy.margins
    return np.array(
        [
            max(
                places[unit_sex == number].sum() - margins.get(sex, 0),
                frozen_here[unit_sex == number].sum(),
                0,
            )
            for number, sex in enumerate(sexes)
        ],
        dtype=np.int64,
    )


COHORT = ["sex", "category", "status", "young_adult", "needs"]
"""What a shortfall is counted by."""

YOUNG_ADULT_AGE = 20
"""Oldest age of a young adult, for the shortfall table."""


def shortfall(inputs: Inputs, found: Fit, lacking: np.ndarray) -> pd.DataFrame:
    """Count people without a place by cohort.

    Parameters
    ----------
    inputs, found
        Tables and eligibility.
    lacking
        Who has no place; bool, shape (prisoners,).

    Returns
    -------
    DataFrame
        One row per cohort: ``sex``, ``category``, ``status``, ``young_adult``, ``needs``,
        ``people``, and the ``units`` and ``places`` that may hold at least one of them.
    """
    prisoners = inputs.population.prisoners
    cohorts = prisoners.assign(young_adult=prisoners["age"] <= YOUNG_ADULT_AGE)
    places = inputs.estate.units["places"].to_numpy()
    rows = []
    for key, people in cohorts[lacking].groupby(COHORT, sort=True):
        positions = prisoners.index.get_indexer(people.index)
        allowed = found.allowed[np.unique(found.class_of[positions])].any(axis=0)
        rows.append([*key, len(people), int(allowed.sum()), int(places[allowed].sum())])
    return pd.DataFrame(rows, columns=[*COHORT, "people", "units", "places"])

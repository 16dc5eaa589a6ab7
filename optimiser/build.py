"""From tables to a problem: eligibility, costs, capacities, crowding and limits put together."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.estate import Estate
from data.population import Population
from data.records import Records
from data.travel import TravelSettings, TravelTimes
from data.visit_cost import VisitCost
from data.words import LIST_SEPARATOR, LockAction, LockReason
from optimiser.allocation import COHORT, InfeasibleAllocationError
from optimiser.capacity import Room, blocks_of_places, held_limits, room
from optimiser.conflicts import with_locks
from optimiser.cost import (
    PersonCosts,
    cost_pennies,
    person_costs,
    stay_weeks,
    term_pennies,
    visited,
)
from optimiser.duals import Prices
from optimiser.eligibility import RECENTLY_MOVED, Places, recently_moved
from optimiser.fit import (
    Fit,
    RuleBook,
    alignment_ranks,
    allowed_of,
    excluding_rules,
    fit,
    rules_in_force,
)
from optimiser.limits import LimitEdit, LimitError, further_than, limits_of, tolerances
from optimiser.move_parts import (
    SOFT_HOLDS,
    SPECIAL_VEHICLE,
    WISH_TO_STAY,
    MoveParts,
    move_parts,
    planned_sites,
    row_of,
)
from optimiser.policy import AllocationPolicy
from optimiser.problem import (
    INELIGIBLE,
    NOWHERE,
    PENNIES_PER_POUND,
    AllocationProblem,
    Flags,
    Integers,
    Limit,
    PairFlag,
)
from optimiser.ties import ties_of


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Inputs:
    """What an allocation is decided from: tables, journeys, weights and rules on one date.

    ``home_areas`` needs ``home_area`` and ``region``. ``records`` ties people to others and to
    places; what public protection excludes is among them. The tables of rules may be empty.
    ``earlier`` are the placements of a plan to stay close to, ``earlier_prices`` its prices, and
    ``most_changes`` how many people may be in another establishment than there. ``is_part`` says
    that these are a few of the people, for whom totals mean nothing.
    """

    estate: Estate
    population: Population
    travel: TravelTimes
    visit_cost: VisitCost
    travel_settings: TravelSettings
    parties: pd.DataFrame
    policy: AllocationPolicy
    move_parts: pd.DataFrame
    rules: pd.DataFrame
    stage_rules: pd.DataFrame
    as_of: date
    home_areas: pd.DataFrame
    cohort_rules: pd.DataFrame = field(default_factory=pd.DataFrame)
    court_alignment: pd.DataFrame = field(default_factory=pd.DataFrame)
    places_out_of_use: pd.DataFrame = field(default_factory=pd.DataFrame)
    records: Records = field(default_factory=Records.empty)
    limits: tuple[LimitEdit, ...] = ()
    earlier: pd.DataFrame | None = None
    earlier_prices: Prices | None = None
    most_changes: int | None = None
    is_part: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Build:
    """A problem beside the parts its costs were made of."""

    problem: AllocationProblem
    costs: PersonCosts
    fit: Fit
    book: RuleBook
    ties_left_out: pd.DataFrame

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


def build_problem(inputs: Inputs, known: Build | None = None) -> Build:
    """Put eligibility, costs, capacities and limits together.

    Parameters
    ----------
    inputs
        As for ``allocate``.
    known
        A build of the same people, journeys and weights under other rules: only what rules touch
        is worked out anew.

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
    ConflictError
        When locks or limits cannot all be kept.
    """
    units, prisoners = inputs.estate.units, inputs.population.prisoners
    establishments = inputs.travel.establishments
    missing = sorted(set(units["establishment"]) - set(establishments))
    if missing:
        raise ValueError(
            f"travel: {len(missing)} establishments have no journeys: {', '.join(missing[:5])}. "
            "Correct the codes or add the rows."
        )
    book = rule_book(inputs)
    priced = priced_by(inputs, book, known)
    found, costs, places = priced.fit, priced.costs, priced.places
    current_unit, unit_establishment = priced.current_unit, priced.unit_establishment
    from_establishment = priced.from_establishment
    sexes = tuple(sorted(set(units["sex"])))
    unit_sex = pd.Index(sexes).get_indexer(pd.Index(units["sex"])).astype(np.int64)
    segment_unit, segment_places, segment_pennies = priced.blocks
    problem = AllocationProblem(
        prisoners=pd.Index(prisoners["prisoner_id"]),
        units=pd.Index(units["unit"]),
        establishments=establishments,
        sexes=sexes,
        cost_pennies=priced.cost_pennies,
        unplaced_pennies=np.full(
            len(prisoners), round(inputs.policy.unplaced_price_gbp * PENNIES_PER_POUND)
        ),
        unit_establishment=unit_establishment,
        unit_sex=unit_sex,
        capacity=places.capacity,
        held_limit=held_limits(
            places, book.rules, sexes=sexes, unit_sex=unit_sex, frozen_here=priced.frozen_here
        ),
        segment_unit=segment_unit,
        segment_places=segment_places,
        segment_pennies=segment_pennies,
        from_establishment=from_establishment,
        current_unit=current_unit,
        pair_flags=_pair_flags(inputs, from_establishment),
        limits=_limits(inputs, from_establishment, unit_establishment),
    )
    del priced  # the matrix of costs may be taken over by another below

    def why_not(person: int, named: np.ndarray) -> tuple[str, ...]:
        rules = why_excluded(inputs, book, str(problem.prisoners[person]))
        return tuple(sorted({rules[unit][0] for unit in np.flatnonzero(named) if rules[unit]}))

    stays = np.where(found.frozen, current_unit, NOWHERE)
    problem = _with_further(inputs, problem, problem.cost_pennies)
    tied = ties_of(
        inputs.records, problem.prisoners, stays=stays, unit_establishment=unit_establishment
    )
    problem = replace(problem, ties=tied.ties)
    fixed = None if inputs.is_part else stays
    problem = with_locks(problem, inputs.records.locks, fixed, why_not)
    return Build(problem=problem, costs=costs, fit=found, book=book, ties_left_out=tied.left_out)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Priced:
    """Who may be held where and what it costs, before limits and ties.

    ``blocks`` are as from ``blocks_of_places``, ``cost_pennies`` as from the function of that name.
    Numbers of units and establishments are in the order of the estate and of the journeys.
    """

    fit: Fit
    costs: PersonCosts
    places: Room
    frozen_here: Integers
    blocks: tuple[Integers, Integers, Integers]
    cost_pennies: NDArray[np.int32]
    current_unit: Integers
    unit_establishment: Integers
    from_establishment: Integers


def priced_by(inputs: Inputs, book: RuleBook, known: Build | None = None) -> Priced:
    """Work out eligibility, places and every person's cost in every unit.

    Parameters
    ----------
    inputs, known
        As for ``build_problem``.
    book
        Rules in force, as from ``rule_book``.

    Raises
    ------
    PriceRangeError
        When a price is more than whole pennies can hold.
    InfeasibleAllocationError
        When people of one sex have no place at all.
    """
    units, prisoners = inputs.estate.units, inputs.population.prisoners
    establishments = inputs.travel.establishments
    unit_establishment = establishments.get_indexer(pd.Index(units["establishment"])).astype(
        np.int64
    )
    current_unit = (
        pd.Index(units["unit"]).get_indexer(pd.Index(prisoners["current_unit"])).astype(np.int64)
    )
    from_establishment = np.where(current_unit >= 0, unit_establishment[current_unit], NOWHERE)
    found = fit(with_records(inputs), book)
    moves = _moves(inputs, found)
    costs = (
        replace(known.costs, moves=moves)
        if known is not None
        else person_costs(
            inputs.population,
            inputs.parties,
            inputs.visit_cost,
            inputs.travel,
            inputs.travel_settings,
            inputs.policy,
            moves,
        )
    )
    frozen_here = np.bincount(
        current_unit[found.frozen & (current_unit >= 0)], minlength=len(units)
    )
    places = room(
        units,
        prisoners,
        book.rules,
        inputs.places_out_of_use,
        inputs.as_of,
        frozen_here=frozen_here,
    )
    _check_places(inputs, found, book, places.capacity)
    blocks = blocks_of_places(
        places,
        book.rules,
        inputs.policy,
        weeks=float(costs.weeks.mean()) if len(costs.weeks) else 0.0,
    )
    return Priced(
        fit=found,
        costs=costs,
        places=places,
        frozen_here=frozen_here,
        blocks=blocks,
        cost_pennies=cost_pennies(
            costs,
            found,
            inputs.policy,
            unit_establishment=unit_establishment,
            from_establishment=from_establishment,
            current_unit=current_unit,
        ),
        current_unit=current_unit,
        unit_establishment=unit_establishment,
        from_establishment=from_establishment,
    )


def _moves(inputs: Inputs, found: Fit) -> MoveParts:
    """Work out what a move of each person destroys, with what soft rules add to it."""
    prisoners = inputs.population.prisoners
    weekly = dict(found.move_breaches)
    nothing = np.zeros(len(prisoners), dtype=np.int64)
    weeks = stay_weeks(prisoners, inputs.policy)
    wish = weekly.pop("stay_preference", nothing)
    return move_parts(
        prisoners,
        inputs.records,
        inputs.move_parts,
        establishments=inputs.travel.establishments,
        visited=visited(prisoners, inputs.parties),
        by_rule={
            WISH_TO_STAY: weeks * wish,
            SOFT_HOLDS: weeks * sum(weekly.values(), start=nothing),
            SPECIAL_VEHICLE: sum(found.move_once.values(), start=nothing),
        },
        moved_lately=recently_moved(prisoners, _days_of_recent(inputs.rules), inputs.as_of),
    )


def _days_of_recent(rules: pd.DataFrame) -> float:
    """Give the days within which a transfer is recent, whatever the level of the rule; NaN if none.

    The price of a move soon after another counts where the rule on such holds is soft or off.
    """
    days = pd.to_numeric(rules.loc[rules["rule"] == RECENTLY_MOVED, "value"]).dropna()
    return float(days.iloc[0]) if len(days) else float("nan")


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
    if inputs.earlier is not None:
        earlier = inputs.earlier.set_index("prisoner_id")["establishment"]
        place = earlier.reindex(inputs.population.prisoners["prisoner_id"])
        before = inputs.travel.establishments.get_indexer(pd.Index(place))[:, None]
        changed = (before != NOWHERE) & (establishments != before)
        flags |= changed * np.uint8(PairFlag.CHANGED)
    return flags


CHANGES = "changes"
"""Name of the limit on people in another establishment than in an earlier plan."""


def _with_further(
    inputs: Inputs, problem: AllocationProblem, cost: NDArray[np.int32]
) -> AllocationProblem:
    """Flag the pairs that send people further from home for no other reason; rule out the worst.

    A stated reason other than family: today's place is ruled out, court while on remand, or the
    release area in its window.
    """
    if not any(edit.limit == "further" for edit in inputs.limits):
        return problem
    tolerance, most = tolerances(inputs.limits)
    prisoners = inputs.population.prisoners
    area = inputs.travel.home_areas.get_indexer(pd.Index(prisoners["home_area"]))
    miles = np.where((area >= 0)[:, None], inputs.travel.straight_miles[area], 0.0)
    now = problem.current_unit
    must = (now != NOWHERE) & (cost[np.arange(len(now)), np.maximum(now, 0)] == INELIGIBLE)
    days = pd.to_numeric(prisoners["days_to_release"], errors="coerce").to_numpy(dtype=np.float64)
    excused = must | (prisoners["status"] == "remand").to_numpy(dtype=np.bool_)
    excused |= days <= inputs.policy.release_window_days
    start = problem.from_establishment
    further = further_than(miles, start, more_than=tolerance) & ~excused[:, None]
    flags = problem.pair_flags | further * np.uint8(PairFlag.FURTHER)
    if np.isfinite(most):
        beyond = further_than(miles, start, more_than=most) & ~excused[:, None]
        cost = np.where(beyond[:, problem.unit_establishment], INELIGIBLE, cost).astype(np.int32)
    return replace(problem, pair_flags=flags, cost_pennies=cost)


def _limits(inputs: Inputs, start: Integers, unit_establishment: Integers) -> tuple[Limit, ...]:
    limits = limits_of(
        inputs.limits,
        inputs.estate,
        from_establishment=start,
        unit_establishment=unit_establishment,
        move_budget=inputs.policy.move_budget,
    )
    if any(limit.flag == PairFlag.CHANGED for limit in limits) and inputs.earlier is None:
        raise LimitError(
            "limits: changed needs an earlier plan to count changes against. Give one with "
            "--from, or take the row away."
        )
    if inputs.most_changes is None:
        return limits
    changes = Limit(
        name=CHANGES, flag=PairFlag.CHANGED, people=None, units=None, bound=inputs.most_changes
    )
    return (*limits, changes)


def rule_book(inputs: Inputs) -> RuleBook:
    """Put the rules in force beside the places they speak of.

    Parameters
    ----------
    inputs
        As for ``allocate``.

    Raises
    ------
    ValueError
        With every fault of the rules table.
    """
    codes = inputs.travel.establishments
    about = inputs.estate.establishments.set_index("establishment")
    regions = about["region"]
    units = inputs.estate.units
    sexes = units.drop_duplicates("establishment").set_index("establishment")["sex"]
    listed = inputs.court_alignment
    if listed.empty:
        listed = pd.DataFrame({"court_area": [], "rank": [], "establishment": []})
    return RuleBook(
        rules=rules_in_force(inputs.rules, inputs.as_of),
        stage_rules=inputs.stage_rules,
        cohort_rules=inputs.cohort_rules,
        units=units.assign(region=units["establishment"].map(regions)),
        as_of=inputs.as_of,
        places=Places(
            establishments=codes.to_numpy(dtype=object),
            regions=regions.reindex(codes).fillna("").to_numpy(dtype=object),
            miles=inputs.travel.straight_miles,
            ranks=alignment_ranks(
                listed,
                home_areas=inputs.travel.home_areas,
                establishments=codes,
                sexes=sexes.reindex(codes).fillna("").to_numpy(dtype=object),
            ),
        ),
        home_areas=inputs.travel.home_areas,
        area_regions=inputs.home_areas.set_index("home_area")["region"],
    )


def with_records(inputs: Inputs) -> pd.DataFrame:
    """Add to the population table what the records say of where people may be.

    Returns
    -------
    DataFrame
        With ``excluded``, as from ``with_exclusions``, and ``planned_sites``, as from
        ``planned_sites``; where a planner's lock overrides the course, the locked place is one.
    """
    prisoners, codes = inputs.population.prisoners, inputs.travel.establishments
    at = inputs.estate.units.set_index("unit")["establishment"]
    sites = planned_sites(
        prisoners,
        inputs.records,
        establishments=codes,
        from_establishment=codes.get_indexer(pd.Index(prisoners["current_unit"].map(at))),
    )
    return with_exclusions(inputs).assign(planned_sites=_overridden(inputs, sites))


def _overridden(inputs: Inputs, sites: pd.Series[str]) -> pd.Series[str]:
    """Let people be locked to where their course is not offered, where a planner says so."""
    locks = inputs.records.locks
    ours = locks[
        (locks["reason_code"] == LockReason.COURSE_OVERRIDE) & (locks["action"] == LockAction.LOCK)
    ]
    if ours.empty:
        return sites
    at = inputs.estate.units.set_index("unit")["establishment"]
    named = ours["unit_or_establishment"]
    places = named.map(at).fillna(named)
    rows = row_of(inputs.population.prisoners, ours["prisoner_id"])
    cells = sites.to_numpy(dtype=object, copy=True)
    for row, place in zip(rows.tolist(), places.tolist(), strict=True):
        if row >= 0 and cells[row]:
            cells[row] = LIST_SEPARATOR.join([cells[row], place])
    return pd.Series(cells, index=sites.index, dtype="str")


def with_exclusions(inputs: Inputs) -> pd.DataFrame:
    """Add to the population table the establishments that public protection excludes.

    Returns
    -------
    DataFrame
        With ``excluded``: codes with ``;`` between them. An area excludes every establishment
        within the stated straight-line miles of it.
    """
    prisoners, rows = inputs.population.prisoners, inputs.records.exclusions
    if rows.empty:
        return prisoners.assign(excluded="")
    codes = inputs.travel.establishments
    area = inputs.travel.home_areas.get_indexer(pd.Index(rows["home_area"]))
    within = rows["within_miles"].to_numpy(dtype=np.float64)
    near = (inputs.travel.straight_miles[area] <= within[:, None]) & (area >= 0)[:, None]
    named = rows["establishment"].to_numpy(dtype=object)[:, None] == codes.to_numpy(dtype=object)
    person, place = np.nonzero(near | named)
    pairs = pd.DataFrame(
        {
            "prisoner_id": rows["prisoner_id"].to_numpy()[person],
            "establishment": codes.to_numpy()[place],
        }
    )
    row = row_of(prisoners, pairs["prisoner_id"])
    listed: dict[int, set[str]] = {}
    for who, code in zip(row.tolist(), pairs["establishment"].tolist(), strict=True):
        listed.setdefault(who, set()).add(code)
    excluded = np.full(len(prisoners), "", dtype=object)
    for who, places in listed.items():
        if who >= 0:
            excluded[who] = LIST_SEPARATOR.join(sorted(places))
    return prisoners.assign(excluded=pd.Series(excluded, index=prisoners.index, dtype="str"))


def why_excluded(inputs: Inputs, book: RuleBook, prisoner_id: str) -> list[tuple[str, ...]]:
    """Name the hard rules that keep one person out of each unit, in the order of the units.

    Parameters
    ----------
    inputs
        As for ``allocate``.
    book
        Rules in force, as from ``rule_book``.
    prisoner_id
        Whom to look at.

    Returns
    -------
    list of tuple of str
        As from ``excluding_rules``.

    Raises
    ------
    KeyError
        When nobody has this id.
    """
    ids = inputs.population.prisoners["prisoner_id"]
    if not (ids == prisoner_id).any():
        raise KeyError(prisoner_id)
    return excluding_rules(with_records(inputs)[(ids == prisoner_id).to_numpy()], book)


def _check_places(inputs: Inputs, found: Fit, book: RuleBook, capacity: Integers) -> None:
    places = pd.Series(capacity).groupby(inputs.estate.units["sex"].to_numpy()).sum()
    sexes = inputs.population.prisoners["sex"]
    without = sorted(sex for sex in sexes.unique() if places.get(sex, 0) == 0)
    if without:
        lacking = sexes.isin(without).to_numpy()
        raise InfeasibleAllocationError(
            f"No unit has a place for {' or '.join(without)}: {int(lacking.sum())} people cannot "
            "be held anywhere. Add units, or leave these people out.",
            shortfall(inputs, found, book, lacking),
        )


YOUNG_ADULT_AGE = 20
"""Oldest age of a young adult, for the shortfall table."""


def cohorts(prisoners: pd.DataFrame) -> pd.DataFrame:
    """Add to the population table the rest of what a shortfall is counted by."""
    return prisoners.assign(young_adult=prisoners["age"] <= YOUNG_ADULT_AGE)


def shortfall(inputs: Inputs, found: Fit, book: RuleBook, lacking: np.ndarray) -> pd.DataFrame:
    """Count people without a place by cohort.

    Parameters
    ----------
    inputs, found, book
        Tables, eligibility and the rules behind it.
    lacking
        Who has no place; bool, shape (prisoners,).

    Returns
    -------
    DataFrame
        One row per cohort: ``sex``, ``category``, ``status``, ``young_adult``, ``needs``,
        ``people``, and the ``units`` and ``places`` that may hold at least one of them.
    """
    prisoners = inputs.population.prisoners
    places = inputs.estate.units["places"].to_numpy()
    rows = []
    for key, people in cohorts(prisoners)[lacking].groupby(COHORT, sort=True):
        positions = prisoners.index.get_indexer(people.index)
        allowed = allowed_of(found, positions, book.unit_place).any(axis=0)
        rows.append([*key, len(people), int(allowed.sum()), int(places[allowed].sum())])
    return pd.DataFrame(rows, columns=[*COHORT, "people", "units", "places"])

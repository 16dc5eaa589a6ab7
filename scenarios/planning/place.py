"""Who is held where under a scenario: as today, or as the optimiser decides."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import pandas as pd

from data.progress import Progress, silent
from data.visit_cost import visit_cost
from optimiser.allocate import allocate, allocate_by_objective, observe
from optimiser.allocation import Allocation
from optimiser.build import Inputs as Given
from optimiser.ceilings import CeilingError
from optimiser.price_range import price_faults
from optimiser.problem import PriceRangeError
from scenarios.errors import ScenarioError
from scenarios.inputs import Inputs
from scenarios.planning.stored_plan import StoredPlan
from scenarios.schema import Scenario
from scenarios.transfers import stays_under
from simulation.build import build_inputs
from simulation.family_measures import groups_of
from simulation.family_workers import family_work
from simulation.need import people_held
from simulation.own_rules import rules_by_prison, smaller_parties
from simulation.simulate import SimulationInputs


def place(
    scenario: Scenario,
    inputs: Inputs,
    progress: Progress = silent,
    *,
    earlier: StoredPlan | None = None,
    most_changes: int | None = None,
) -> Allocation:
    """Decide placements, or take today's.

    Parameters
    ----------
    scenario
        ``placements`` says which.
    inputs
        Estate, people, journeys and rules.
    progress
        Told of the optimiser's stages.
    earlier, most_changes
        A plan to stay close to, and how many people may be in another establishment than there.

    Raises
    ------
    ScenarioError
        When no plan was found that keeps the limits of the scenario.
    PriceRangeError
        With everything that costs more than whole pennies can hold.
    """
    given = allocation_inputs(scenario, inputs)
    if earlier is not None:
        given = replace(
            given,
            earlier=earlier.placements(),
            earlier_prices=earlier.prices,
            most_changes=most_changes,
        )
    try:
        if scenario.placements == "today":
            return observe(given)
        if scenario.objective.is_plain:
            return allocate(given, progress)
        return allocate_by_objective(given, scenario.objective, progress)
    except CeilingError as error:
        raise ScenarioError(f"{scenario.name}: {error}") from None
    except PriceRangeError as error:
        raise PriceRangeError("\n".join(price_faults(given) or [str(error)])) from None


def allocation_inputs(scenario: Scenario, inputs: Inputs) -> Given:
    """Give what an allocation under this scenario is decided from."""
    return Given(
        estate=inputs.estate,
        population=inputs.population,
        travel=inputs.travel,
        visit_cost=inputs.visit_cost,
        travel_settings=scenario.travel,
        parties=inputs.parties,
        policy=scenario.allocation,
        move_parts=inputs.move_parts,
        rules=inputs.rules,
        stage_rules=inputs.stage_rules,
        cohort_rules=inputs.cohort_rules,
        court_alignment=inputs.court_alignment,
        places_out_of_use=inputs.places_out_of_use,
        as_of=scenario.as_of,
        home_areas=inputs.home_areas,
        records=inputs.records,
        limits=scenario.limits,
    )


def simulated_on(scenario: Scenario, inputs: Inputs, allocation: Allocation) -> SimulationInputs:
    """Give what a simulated year depends on under an allocation.

    Of that, only the placements are read, and the moves in the order in which they are made.
    """
    return simulated_with(scenario, inputs, allocation.placements, allocation.moves)


def simulated_with(
    scenario: Scenario,
    inputs: Inputs,
    placements: pd.DataFrame,
    moves: pd.DataFrame,
    *,
    only: Collection[str] | None = None,
) -> SimulationInputs:
    """Give what a simulated year depends on under these placements.

    Parameters
    ----------
    scenario
        Calendar, demand, coming, regime, allowance, video, attendance, transfers, the yearly cap on
        refunds, need and family work.
    inputs
        Estate, people, their transfers and what visits cost.
    placements
        Who is held where.
    moves
        Moves of the plan, in the order in which they are made.
    only
        The establishments that will be played; the people of the others are left out where nobody
        is moved in the year.
    """
    held = held_under(scenario, inputs, placements, moves)
    if only is not None and "from_day" not in held:
        held = held[held["establishment"].isin(only)]
    rules = rules_by_prison(inputs.estate, scenario.coming, scenario.asking)
    smaller = smaller_parties(inputs.parties, rules)
    cost = inputs.visit_cost
    if len(smaller):
        every = pd.concat([inputs.parties, smaller], ignore_index=True)
        cost = visit_cost(every, inputs.travel, scenario.travel, scenario.help)
        cost = replace(cost, trip=cost.trip[: len(inputs.parties)])
    given = build_inputs(
        inputs.estate,
        inputs.population.prisoners,
        inputs.population.contacts,
        held,
        inputs.parties,
        cost,
        as_of=scenario.as_of,
        calendar=scenario.calendar,
        demand=scenario.demand,
        coming=scenario.coming,
        regime=scenario.regime,
        allowance=scenario.allowance,
        asking=scenario.asking,
        mood=scenario.mood,
        video=scenario.video,
        calling=scenario.calling,
        attendance=scenario.attendance,
        line=scenario.line,
        early=scenario.early,
        safety=scenario.safety,
        refunded_visits_per_year=scenario.help.visits_per_year_cap,
        keep_aparts=inputs.records.keep_aparts,
    )
    people = people_held(held, inputs.population.prisoners, inputs.estate.units, inputs.parties)
    return replace(
        given,
        family_settings=scenario.family_work,
        family_work=family_work(
            people,
            given.places,
            inputs.estate.family_workers,
            given.sessions,
            calendar=scenario.calendar,
            need=scenario.need,
            settings=scenario.family_work,
            family_days_per_year=scenario.regime.family_days_per_year,
            groups=groups_of(people),
        ),
    )


def held_under(
    scenario: Scenario, inputs: Inputs, placements: pd.DataFrame, moves: pd.DataFrame
) -> pd.DataFrame:
    """Give who is held where in the year, as ``transfers.stays_under``, under these placements."""
    known = allocation_inputs(scenario, inputs)
    return stays_under(scenario, known, inputs.transfers, placements, moves)

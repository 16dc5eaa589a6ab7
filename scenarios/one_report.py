"""Everything that is wrong with what was asked, in one report: scenarios, tables, locks, prices.

It is made only where something is wrong already: what is right shows once it is used.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pandas as pd

from data.check import TableError, said_of
from data.estate import SORTED_BY, Estate, apply_unit_edits, estate_of
from data.families import parties
from data.geography import load_home_areas
from data.load import no_rows, read_table, table_path
from data.locks import check_locks
from data.population import Population, population_of, synthesise_population
from data.progress import Progress, silent
from data.records import RECORD_TABLES, Records, records_of, synthesise_records
from data.transfers import TRANSFERS
from data.validate import Checked, check_folder
from data.visit_cost import visit_cost
from optimiser.fit import rule_faults
from optimiser.problem import LARGEST_COST, PENNIES_PER_POUND
from scenarios.errors import ScenarioError
from scenarios.inputs import (
    ROW_BY_ROW,
    Inputs,
    Known,
    load_inputs,
    not_there,
    people_of,
    problems_of,
    travel_times,
    unfit,
)
from scenarios.load import Read, read_scenario
from scenarios.row_changes import changed_rows, changed_rules, own_rule_problems
from scenarios.schema import SECTIONS, Scenario

OF_THE_ESTATE = ("establishments", "units", "home_areas")
"""Tables without every row of which nobody can be made."""
OF_JOURNEYS = (*OF_THE_ESTATE, "travel", "road_nodes", "road_edges", "outline", "estuaries")
"""Tables without every row of which nothing can be said of what a journey costs."""
PRICED = ("rules", "stage_rules", "move_parts")
"""Tables without which nothing can be said of what holding somebody costs."""


def asked_scenario(
    name: str | Path,
    data_dir: Path | None = None,
    locks: Path | None = None,
    asked: Sequence[str] = (),
    must: Callable[[Scenario], list[str]] = lambda _: [],
) -> Scenario:
    """Load a scenario; where anything asked is at fault, tell it with what is wrong in the tables.

    Parameters
    ----------
    name
        As for ``load_scenario``.
    data_dir, locks
        As for ``load_inputs``. They are looked at only where something is at fault already: what
        is right with them is known once they are read.
    asked
        What is wrong with the rest of what was asked.
    must
        Says why a scenario that can be read does not suit what is asked.

    Raises
    ------
    ScenarioError
        With every fault, in one report.
    """
    return asked_scenarios([name], data_dir, locks, asked, must)[0]


def asked_scenarios(
    names: Sequence[str | Path],
    data_dir: Path | None = None,
    locks: Path | None = None,
    asked: Sequence[str] = (),
    must: Callable[[Scenario], list[str]] = lambda _: [],
) -> list[Scenario]:
    """Load several scenarios, with their faults in one report; as ``asked_scenario``."""
    read = [read_scenario(name) for name in names]
    sound = [each.scenario for each in read if each.scenario is not None and not each.problems]
    problems = [*asked, *(problem for each in read for problem in _must(each, must))]
    if problems or len(sound) < len(read) or not _fit(sound, data_dir):
        refuse(read, data_dir, locks, problems)
    return sound


def changes_of_nothing(scenario: Scenario) -> list[str]:
    """Say where a limit counts changes against an earlier plan, of which there is none."""
    return [
        f"{scenario.name}.yaml: limits row {number}: changed needs an earlier plan to count "
        "changes against. Give one with --from, or take the row away."
        for number, edit in enumerate(scenario.limits, start=1)
        if edit.limit == "changed"
    ]


def _must(read: Read, must: Callable[[Scenario], list[str]]) -> list[str]:
    """Say why a scenario does not suit, unless that may be for what could not be read of it."""
    known = read.at_fault <= {*SECTIONS} - {"placements"}
    told = must(read.scenario) if read.scenario is not None and known else []
    return [read.stand_ins.as_written(each) for each in told]


def _fit(scenarios: Sequence[Scenario], data_dir: Path | None) -> bool:
    """Say whether several scenarios all fit the tables; one alone is looked at once it is used."""
    if len(scenarios) < 2:
        return True
    try:
        return not any(problems_of(scenario, data_dir) for scenario in scenarios)
    except (ScenarioError, TableError):
        return False


def asked_inputs(
    scenario: Scenario,
    data_dir: Path | None = None,
    progress: Progress = silent,
    locks: Path | None = None,
    known: Known | None = None,
) -> Inputs:
    """Read what a scenario is played on, as ``load_inputs``; its faults come in one report.

    Raises
    ------
    TableError
        With every fault of tables and locks.
    ScenarioError
        With all that and what of the scenario does not fit, where anything does not.
    """
    try:
        return load_inputs(scenario, data_dir, progress, locks, known)
    except (ScenarioError, TableError):
        refuse([Read(scenario=scenario)], data_dir, locks)
        raise


def refuse(
    read: Sequence[Read], data_dir: Path | None, locks: Path | None, asked: Sequence[str] = ()
) -> None:
    """Raise everything that is wrong with scenarios, tables and locks, if anything is.

    Parameters
    ----------
    read
        Scenarios as far as they can be read.
    data_dir, locks
        As for ``load_inputs``.
    asked
        What is wrong with the rest of what was asked.

    Raises
    ------
    ScenarioError
        With every fault.
    TableError
        With every fault, where all are of tables and locks.
    """
    told = [*asked, *(problem for each in read for problem in each.problems)]
    told += not_there(data_dir, locks)
    if data_dir is not None and not data_dir.is_dir():
        raise ScenarioError(told)
    checked, people = _checked(read, data_dir, locks)
    problems = [*checked.problems, *own_rule_problems(data_dir, checked.problems)]
    if locks is not None and locks.is_file():
        problems += check_locks(locks, checked.tables)
    for each in read:
        if each.scenario is not None:
            fits = map(each.stand_ins.as_written, _unfit_to(each.scenario, checked))
            # a selection by a word that does not exist selects nothing, of course
            told += [fault for fault in fits if not any(_is_about(fault, other) for other in told)]
            try:
                told += _price_problems(each.scenario, checked, people, data_dir)
            except TableError as error:
                problems += error.problems
    if told:
        raise ScenarioError(list(dict.fromkeys([*told, *said_of(problems)])))
    if problems:
        raise TableError(dict.fromkeys(problems))


def _checked(
    read: Sequence[Read], data_dir: Path | None, locks: Path | None
) -> tuple[Checked, Population | None]:
    """Check the tables; make the synthetic people where there are such and their ids are named."""
    checked = check_folder(data_dir)
    names_people = locks is not None or {*RECORD_TABLES, TRANSFERS}.intersection(checked.own)
    known = [each.scenario for each in read if "population" not in each.at_fault]
    scenario = next((each for each in known if each is not None), None)
    if scenario is None or not names_people:
        return checked, None
    people = _synthetic(scenario, checked, data_dir)
    if people is None:
        return checked, None
    return check_folder(data_dir, people.prisoners), people


def _synthetic(scenario: Scenario, checked: Checked, data_dir: Path | None) -> Population | None:
    """Make the people of a folder that has none of its own, where its estate allows."""
    if "population" in checked.own or not checked.is_whole(*OF_THE_ESTATE):
        return None
    if not checked.problems:
        return people_of(scenario, data_dir)
    return synthesise_population(
        estate_of(checked.sound),
        load_home_areas(data_dir),
        scenario.population,
        as_of=scenario.as_of,
    )


def _unfit_to(scenario: Scenario, checked: Checked) -> list[str]:
    """Say what of a scenario does not fit what is sound of the tables."""
    tables = {name: no_rows(name) for name in SORTED_BY} | dict(checked.sound)
    faulty = {problem.table for problem in checked.problems} | (checked.own - checked.sound.keys())
    return unfit(scenario, estate_of(tables), checked.sound, faulty)


def _is_about(fault: str, told: str) -> bool:
    """Say whether a selection that selects nothing has been told to use an unknown word."""
    place, selects_nothing, _ = fault.partition(" selects nothing")
    return bool(selects_nothing) and told.startswith(f"{place}: no ")


def _price_problems(
    scenario: Scenario, checked: Checked, people: Population | None, data_dir: Path | None
) -> list[str]:
    """Say what costs more than can be held, of the people and rules in which nothing is wrong.

    Raises
    ------
    TableError
        When a user's minutes are out of all proportion to the model's.
    """
    from optimiser.allocation import InfeasibleAllocationError
    from optimiser.price_range import price_faults
    from scenarios.planning.place import allocation_inputs

    if not checked.is_whole(*OF_JOURNEYS) or not checked.sound.keys() >= {*PRICED}:
        return []
    rules = _sound_rules(scenario, checked)
    parts = changed_rows(checked.sound["move_parts"], scenario.move_parts)
    if "travel" not in checked.own and not _may_be_dear(scenario, checked, rules, parts):
        return []
    people = people or _own_people(checked) or _synthetic(scenario, checked, data_dir)
    if people is None:
        return []
    estate = estate_of(checked.sound)
    families = parties(people)
    travel = travel_times(data_dir, estate.establishments, scenario.travel)
    inputs = Inputs(
        estate=_edited(scenario, estate),
        estate_today=estate,
        population=people,
        records=_records_about(people, scenario, checked, estate, data_dir),
        parties=families,
        home_areas=load_home_areas(data_dir),
        travel=travel,
        visit_cost=visit_cost(families, travel, scenario.travel, scenario.help),
        rules=rules,
        move_parts=parts,
        **{name: _sound_or_built_in(name, checked) for name in ROW_BY_ROW},
    )
    try:
        faults = price_faults(allocation_inputs(scenario, inputs))
    except InfeasibleAllocationError:
        return []
    return [f"{scenario.name}.yaml: {fault}" for fault in faults]


def _sound_rules(scenario: Scenario, checked: Checked) -> pd.DataFrame:
    """Give the rules with the scenario's changes, without those in which anything is wrong."""
    rules = checked.sound["rules"].reset_index(drop=True)
    changed = changed_rules(rules, scenario.rules)
    wrong = {fault.row for fault in rule_faults(changed)}
    return changed.drop(index=changed.index[sorted(wrong)]).drop_duplicates("rule")


def _sound_or_built_in(name: str, checked: Checked) -> pd.DataFrame:
    if name in checked.sound:
        return checked.sound[name]
    has_built_in = name not in checked.own and table_path(name) is not None
    return read_table(name) if has_built_in else no_rows(name)


MOST_LEVELS = 4
MOST_WEEKS_DONE = 104
MOST_TRAVELLERS = 5
LONGEST_TRIP_HOURS = 24
DEAREST_FARE_GBP = 500
"""How often a price counts at most among usual people, and what a journey is made of at most."""


def _may_be_dear(
    scenario: Scenario, checked: Checked, rules: pd.DataFrame, parts: pd.DataFrame
) -> bool:
    """Say whether anybody's cost could come near the most that can be held.

    Reckoned high and from the prices alone, so that nobody waits for people and journeys to be
    made because of a slip elsewhere in a scenario with usual prices.
    """
    policy, travel = scenario.allocation, scenario.travel
    row_by_row = [checked.sound.get(name) for name in ("stage_rules", "cohort_rules")]
    tables = [rules, *(table for table in row_by_row if table is not None)]
    weekly = MOST_LEVELS * sum(float(table["price_gbp"].fillna(0).sum()) for table in tables)
    activities = checked.sound.get("activities", no_rows("activities"))
    weeks_done = max(MOST_WEEKS_DONE, float(activities["weeks_done"].max()))
    times = parts["amount"].where(parts["per"] != "week_done", weeks_done).fillna(1).clip(lower=1)
    visits = policy.need_with_contact + policy.need_per_child * policy.need_children_counted
    hourly = travel.value_of_time_gbp_per_hour * travel.distributional_weight_low_income
    journeys = {
        MOST_TRAVELLERS * hourly: policy.family_weight * visits
        + policy.release_weight * policy.release_journeys_per_four_weeks,
        policy.court_gbp_per_hour: policy.court_weight * policy.court_journeys_per_four_weeks,
    }
    monthly = sum(
        number * (LONGEST_TRIP_HOURS * each + DEAREST_FARE_GBP) for each, number in journeys.items()
    )
    stay = policy.expected_weeks_cap * (weekly + monthly / 4)
    most = stay + float((parts["price_gbp"] * times).sum())
    return most * PENNIES_PER_POUND > LARGEST_COST


def _edited(scenario: Scenario, estate: Estate) -> Estate:
    """Make the scenario's changes to units; those that cannot be made are left out."""
    for edit in scenario.units:
        with suppress(ValueError):
            estate = apply_unit_edits(estate, [edit])
    return estate


def _own_people(checked: Checked) -> Population | None:
    """Give the user's people in whose rows nothing is wrong, with such contacts of theirs."""
    if not checked.sound.keys() >= {"population", "contacts"}:
        return None
    prisoners, contacts = checked.sound["population"], checked.sound["contacts"]
    theirs = contacts["prisoner_id"].isin(prisoners["prisoner_id"])
    return population_of(prisoners, contacts[theirs])


def _records_about(
    people: Population, scenario: Scenario, checked: Checked, estate: Estate, data_dir: Path | None
) -> Records:
    """Give what is recorded about people, as far as nothing is wrong with it."""
    own = {name: checked.sound[name] for name in RECORD_TABLES if name in checked.sound}
    if "population" in checked.own:
        return records_of(own, people, estate.units)
    areas = load_home_areas(data_dir)
    return replace(synthesise_records(people, estate, scenario.records, areas), **own)

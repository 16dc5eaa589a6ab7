"""Everything a scenario is played on: estate, people, journeys, rules, and their digests."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache
from pathlib import Path

import pandas as pd

from data.check import Problem, TableError
from data.estate import Estate, Where, apply_unit_edits, apply_worker_edits, load_estate
from data.families import parties
from data.geography import load_home_areas
from data.load import read_table, table_names, table_path
from data.locks import LOCKS, check_locks, read_locks
from data.population import (
    Population,
    PopulationSettings,
    load_population,
    synthesise_population,
)
from data.progress import Progress, silent
from data.records import (
    RECORD_TABLES,
    Records,
    RecordsSettings,
    in_order,
    load_records,
    synthesise_records,
)
from data.transfers import TRANSFERS, load_transfers, no_transfers
from data.travel import TravelSettings, TravelTimes, build_travel, load_roads, read_override
from data.validate import validate_folder
from data.visit_cost import VisitCost, visit_cost
from scenarios.errors import ScenarioError
from scenarios.load import load_scenario
from scenarios.provenance import digest_of
from scenarios.results import file_digest
from scenarios.row_changes import (
    changed_rows,
    changed_rule_problems,
    changed_rules,
    own_rule_problems,
)
from scenarios.schema import Scenario
from scenarios.transfers import transfer_problems
from simulation.asking import window_problems
from simulation.open_days import calendar_problems
from simulation.regime import session_problems
from simulation.video import station_problems


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Inputs:
    """The tables a scenario is played on, joined and checked.

    Attributes
    ----------
    estate
        With the scenario's changes to units.
    population
        Prisoners and contacts; the same in every scenario with the same population settings.
    records
        What is recorded about them: ties, locks, exclusions and activities.
    parties
        One row per prisoner and area from which family would travel together.
    home_areas
        Where families are taken to live.
    travel, visit_cost
        Journeys, and what they cost each party.
    rules, move_parts
        Rules, and the parts of the price of a move, with the scenario's changes.
    stage_rules, cohort_rules, court_alignment, places_out_of_use
        What some of the rules say row by row.
    transfers
        A user's transfers in the year, by person and date.
    """

    estate: Estate
    population: Population
    records: Records
    parties: pd.DataFrame
    home_areas: pd.DataFrame
    travel: TravelTimes
    visit_cost: VisitCost
    rules: pd.DataFrame
    move_parts: pd.DataFrame
    stage_rules: pd.DataFrame
    cohort_rules: pd.DataFrame
    court_alignment: pd.DataFrame
    places_out_of_use: pd.DataFrame
    transfers: pd.DataFrame = field(default_factory=no_transfers)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Known:
    """People, what is recorded about them, and journeys, as an earlier plan keeps them."""

    population: Population
    records: Records
    travel: TravelTimes


def load_inputs(
    scenario: Scenario,
    data_dir: Path | None = None,
    progress: Progress = silent,
    locks: Path | None = None,
    known: Known | None = None,
) -> Inputs:
    """Read, make and check everything a scenario needs.

    Parameters
    ----------
    scenario
        Its sections on units, population, travel, help and rules are read.
    data_dir
        Folder of a user's tables, which come before the built-in ones.
    progress
        Told of people and journeys.
    locks
        A planner's file of locks, which comes before the folder's table.
    known
        What an earlier plan of the same tables and settings keeps; it is not made again.

    Raises
    ------
    TableError
        With every fault of the user's tables, each and across them, and of the file of locks.
    ScenarioError
        With everything of the scenario that does not fit tables which are sound, and with what is
        wrong in the file of locks.
    """
    key = data_digest(data_dir)
    try:
        as_found = _estate(data_dir, key)
    except TableError as error:
        raise TableError([*error.problems, *_problems_of_locks(locks)]) from None
    told = unfit(scenario, as_found, data_dir)
    may_say_more = locks is not None or table_path(TRANSFERS, data_dir) is not None
    if told and not may_say_more:
        raise ScenarioError(told)
    progress("people", 0, 1)
    if known is None:
        population = _population(data_dir, key, scenario.population, scenario.as_of)
        records = _records(data_dir, key, scenario)
        families = _parties(data_dir, key, scenario.population, scenario.as_of)
    else:
        population, records = known.population, known.records
        families = parties(population)
    progress("people", 1, 1)
    problems: list[Problem] = []
    try:
        records = _locked(records, locks, population, as_found)
    except TableError as error:
        problems += error.problems
    try:
        transfers = load_transfers(data_dir, population, as_found)
    except TableError as error:
        problems += error.problems
    if told:
        raise ScenarioError([*told, *map(str, problems)])
    if problems:
        raise TableError(problems)
    progress("journeys", 0, 1)
    travel = _travel(data_dir, key, scenario.travel) if known is None else known.travel
    costs = visit_cost(families, travel, scenario.travel, scenario.help)
    progress("journeys", 1, 1)
    return Inputs(
        estate=apply_worker_edits(apply_unit_edits(as_found, scenario.units), scenario.workers),
        population=population,
        records=records,
        parties=families,
        home_areas=load_home_areas(data_dir),
        travel=travel,
        visit_cost=costs,
        transfers=transfers,
        **rule_tables(scenario, data_dir),
    )


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
    problems, found = list(asked), []
    for name in names:
        try:
            found.append(load_scenario(name))
        except ScenarioError as error:
            problems += error.problems
    problems += [problem for scenario in found for problem in must(scenario)]
    if problems:
        raise ScenarioError([*problems, *_said_of_tables(data_dir, locks)])
    return found


def _said_of_tables(data_dir: Path | None, locks: Path | None) -> list[str]:
    """Say what is wrong with a user's tables and file of locks, each alone and together."""
    try:
        input_digests(data_dir, locks)
    except (ScenarioError, TableError) as error:
        return [str(problem) for problem in error.problems]
    problems = [] if data_dir is None else _folder_problems(data_dir)
    return [str(problem) for problem in [*problems, *_problems_of_locks(locks)]]


def _problems_of_locks(locks: Path | None) -> list[Problem]:
    """List the faults of a file of locks by itself."""
    try:
        if locks is not None:
            read_locks(locks)
    except TableError as error:
        return list(error.problems)
    return []


def rule_tables(scenario: Scenario, data_dir: Path | None) -> dict[str, pd.DataFrame]:
    """Read the tables that rules and prices of moves stand in, with the scenario's changes."""
    parts = changed_rows(read_table("move_parts", data_dir), scenario.move_parts)
    return {
        "rules": changed_rules(read_table("rules", data_dir), scenario.rules),
        "move_parts": parts,
        **{name: read_table(name, data_dir) for name in ROW_BY_ROW},
    }


ROW_BY_ROW = ("stage_rules", "cohort_rules", "court_alignment", "places_out_of_use")
"""Tables that say some of the rules row by row."""


def input_digests(data_dir: Path | None = None, locks: Path | None = None) -> dict[str, str]:
    """Give the SHA-256 of every table's file: the user's where there is one, else the built-in.

    Raises
    ------
    TableError
        When a table is there twice.
    ScenarioError
        When there is no such folder, or no such file of locks.
    """
    if data_dir is not None and not data_dir.is_dir():
        raise ScenarioError(
            f"{data_dir}: no such data folder. Give a folder of tables; "
            "'estate template DIR' makes one."
        )
    if locks is not None and not locks.is_file():
        raise ScenarioError(f"{locks}: no such file of locks. 'estate lock' makes one.")
    problems: list[Problem] = []
    digests: dict[str, str] = {}
    for name in table_names():
        try:
            path = table_path(name, data_dir)
        except TableError as error:
            problems += error.problems
        else:
            digests |= {} if path is None else {name: file_digest(path)}
    if problems:
        raise TableError(problems)
    return digests | ({} if locks is None else {LOCKS: file_digest(locks)})


def data_digest(data_dir: Path | None = None, locks: Path | None = None) -> str:
    """Give one SHA-256 for all tables."""
    return digest_of(input_digests(data_dir, locks))


def refuse_changed_tables(
    made: Path | None, before: Mapping[str, str], data_dir: Path | None, remedy: str
) -> None:
    """See that the tables are still those that something was made from; locks may have changed.

    Parameters
    ----------
    made
        Folder of what was made, to name it.
    before
        ``input_digests`` as they were then.
    data_dir
        Folder of a user's tables now.
    remedy
        What to do beside giving the right folder; ends the message.

    Raises
    ------
    ScenarioError
        Naming the tables that differ.
    """
    now = input_digests(data_dir)
    changed = [
        name
        for name in sorted(before.keys() | now.keys())
        if before.get(name) != now.get(name) and name != LOCKS
    ]
    if changed:
        raise ScenarioError(
            f"{made}: was made from other data; changed since: {', '.join(changed)}. "
            f"Give the folder of tables it was made from with --data{remedy}."
        )


def validate(data_dir: Path) -> str:
    """Check a folder of tables, each and across them, and say that it is sound.

    Raises
    ------
    TableError
        With every fault.
    ScenarioError
        When there is no such folder, or it holds no table.
    """
    input_digests(data_dir)
    own = [name for name in table_names() if _is_inside(table_path(name, data_dir), data_dir)]
    if not own:
        raise ScenarioError(
            f"{data_dir}: holds no table. Expected files such as establishments.csv; "
            "'estate template DIR' makes one of each."
        )
    problems = _folder_problems(data_dir)
    if problems:
        raise TableError(problems)
    return f"{data_dir}: {len(own)} tables are sound ({', '.join(own)})."


def _folder_problems(data_dir: Path) -> list[Problem]:
    """Check a folder's tables, and what its rules say."""
    problems = validate_folder(data_dir)
    return problems + own_rule_problems(data_dir, problems)


def _is_inside(path: Path | None, folder: Path) -> bool:
    return path is not None and path.is_relative_to(folder)


@lru_cache(maxsize=2)
def _estate(data_dir: Path | None, key: str) -> Estate:
    if data_dir is not None:
        problems = _folder_problems(data_dir)
        if problems:
            raise TableError(problems)
    return load_estate(data_dir)


@lru_cache(maxsize=2)
def _population(
    data_dir: Path | None, key: str, settings: PopulationSettings, as_of: date
) -> Population:
    estate = _estate(data_dir, key)
    if table_path("population", data_dir) is not None:
        assert data_dir is not None
        return load_population(data_dir, estate)
    return synthesise_population(estate, load_home_areas(data_dir), settings, as_of=as_of)


def _records(data_dir: Path | None, key: str, scenario: Scenario) -> Records:
    """Read a user's records; those of the synthetic people are made where the user has none."""
    population = _population(data_dir, key, scenario.population, scenario.as_of)
    own = load_records(data_dir, population)
    if table_path("population", data_dir) is not None:
        return own
    made = _synthetic_records(data_dir, key, scenario.population, scenario.as_of, scenario.records)
    given = [name for name in RECORD_TABLES if table_path(name, data_dir) is not None]
    return replace(made, **{name: getattr(own, name) for name in given})


def _locked(
    records: Records, locks: Path | None, population: Population, estate: Estate
) -> Records:
    """Put a planner's file of locks in the place of the folder's table."""
    if locks is None:
        return records
    table = in_order(read_locks(locks))
    check_locks(
        table,
        locks.name,
        population=population,
        units=estate.units,
        establishments=estate.establishments,
    )
    return replace(records, locks=table)


@lru_cache(maxsize=2)
def _synthetic_records(
    data_dir: Path | None,
    key: str,
    people: PopulationSettings,
    as_of: date,
    settings: RecordsSettings,
) -> Records:
    population = _population(data_dir, key, people, as_of)
    estate = _estate(data_dir, key)
    return synthesise_records(population, estate, settings, load_home_areas(data_dir))


@lru_cache(maxsize=2)
def _travel(data_dir: Path | None, key: str, settings: TravelSettings) -> TravelTimes:
    home_areas = load_home_areas(data_dir)
    establishments = _estate(data_dir, key).establishments
    path = table_path("travel", data_dir)
    override = None if path is None else read_override(path, home_areas, establishments)
    return build_travel(home_areas, establishments, settings, override, roads=load_roads(data_dir))


@lru_cache(maxsize=2)
def _parties(
    data_dir: Path | None, key: str, settings: PopulationSettings, as_of: date
) -> pd.DataFrame:
    return parties(_population(data_dir, key, settings, as_of))


def unfit(scenario: Scenario, estate: Estate, data_dir: Path | None = None) -> list[str]:
    """Say what of a scenario does not fit sound tables: selections, sessions, rules and units.

    Parameters
    ----------
    scenario
        Sound in itself.
    estate
        As it is before the scenario changes it.
    data_dir
        Folder of a user's tables, which come before the built-in ones.

    Returns
    -------
    list of str
        One sentence for each fault; empty where it can be run.
    """
    problems = _selection_problems(scenario, estate)
    rules = changed_rule_problems(read_table("rules", data_dir), scenario.rules)
    problems += [f"{scenario.name}.yaml: {problem}" for problem in rules]
    try:
        apply_worker_edits(apply_unit_edits(estate, scenario.units), scenario.workers)
    except ValueError as error:
        problems.append(f"{scenario.name}.yaml: {error}")
    if table_path(TRANSFERS, data_dir) is not None:
        problems += transfer_problems(read_table(TRANSFERS, data_dir), scenario.calendar)
    return problems


def _selection_problems(scenario: Scenario, estate: Estate) -> list[str]:
    """Name each edit that selects nothing, or puts a session where none can be."""
    problems = []
    for place, where in scenario.selections():
        try:
            table = getattr(estate, _EDITED[place.partition(" row ")[0]])
            if not where.matches_in(estate, table).any():
                problems.append(
                    f"{scenario.name}.yaml: {place} selects nothing in this estate "
                    f"({_said(where)}). Check the words against establishments.csv and units.csv."
                )
        except ValueError as error:
            problems.append(f"{scenario.name}.yaml: {place}: {error}")
    if not problems:
        told = [
            *session_problems(estate, scenario.regime),
            *station_problems(estate, scenario.video),
            *window_problems(
                scenario.asking,
                (scenario.regime.notice_days_min, scenario.regime.notice_days_max),
            ),
            *calendar_problems(
                estate,
                scenario.regime,
                scenario.calendar,
                pupils_come=scenario.coming.holiday_free_share > 0,
            ),
        ]
        problems = [f"{scenario.name}.yaml: {problem}" for problem in told]
    return problems


_EDITED = {
    "line.joins": "establishments",
    "line.online": "establishments",
    "units": "units",
    "workers": "establishments",
    "limits": "units",
    "regime.added_sessions": "establishments",
    "regime.session_tables": "session_templates",
    "regime.session_times": "session_templates",
    "regime.shuttles": "establishments",
    "video.stations": "video_stations",
    "video.added_hours": "establishments",
}
"""The table of the estate whose rows an edit selects."""


def _said(where: Where) -> str:
    words = {name: getattr(where, name) for name in where.__slots__}
    return ", ".join(f"{name}: {';'.join(value)}" for name, value in words.items() if value)

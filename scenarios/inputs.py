"""Everything a scenario is played on: estate, people, journeys, rules, and their digests."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache, partial
from pathlib import Path
from typing import Protocol, TypeVar

import pandas as pd

from data.check import Problem, TableError
from data.estate import Estate, apply_unit_edits, apply_worker_edits, load_estate
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
from data.where import Where
from scenarios.errors import ScenarioError
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
from simulation.open_days import calendar_problems
from simulation.own_rules import window_problems
from simulation.regime import session_problems
from simulation.video import station_problems


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Inputs:
    """The tables a scenario is played on, joined and checked.

    Attributes
    ----------
    estate
        With the scenario's changes to units and family workers.
    estate_today
        As the tables have it.
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
    estate_today: Estate
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
        With every fault of the user's tables, each and across them, or else of the file of locks.
    ScenarioError
        With everything of the scenario that does not fit tables which are sound.
    """
    key = data_digest(data_dir)
    told = problems_of(scenario, data_dir)
    if told:
        raise ScenarioError(told)
    as_found = _estate(data_dir, key)
    progress("people", 0, 1)
    if known is None:
        population = _population(data_dir, key, scenario.population, scenario.as_of)
        records = _records(data_dir, key, scenario)
        families = _parties(data_dir, key, scenario.population, scenario.as_of)
    else:
        population, records = known.population, known.records
        families = parties(population)
    progress("people", 1, 1)
    records = _locked(records, locks, population, as_found)
    transfers = load_transfers(data_dir, population, as_found)
    progress("journeys", 0, 1)
    travel = _travel(data_dir, key, scenario.travel) if known is None else known.travel
    costs = visit_cost(families, travel, scenario.travel, scenario.help)
    progress("journeys", 1, 1)
    return Inputs(
        estate=apply_worker_edits(apply_unit_edits(as_found, scenario.units), scenario.workers),
        estate_today=as_found,
        population=population,
        records=records,
        parties=families,
        home_areas=load_home_areas(data_dir),
        travel=travel,
        visit_cost=costs,
        transfers=transfers,
        **rule_tables(scenario, data_dir),
    )


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
    lacking = not_there(data_dir, locks)
    if lacking:
        raise ScenarioError(lacking)
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


def not_there(data_dir: Path | None, locks: Path | None) -> list[str]:
    """Say which of a data folder and a file of locks is not there."""
    told = []
    if data_dir is not None and not data_dir.is_dir():
        told.append(
            f"{data_dir}: no such data folder. Give a folder of tables; "
            "'estate template DIR' makes one."
        )
    if locks is not None and not locks.is_file():
        told.append(f"{locks}: no such file of locks. 'estate lock' makes one.")
    return told


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


def people_of(scenario: Scenario, data_dir: Path | None) -> Population:
    """Give the people of a scenario whose tables are sound."""
    return _population(data_dir, data_digest(data_dir), scenario.population, scenario.as_of)


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
    tables = {
        "population": population.prisoners,
        "units": estate.units,
        "establishments": estate.establishments,
    }
    problems = check_locks(locks, tables)
    if problems:
        raise TableError(problems)
    return replace(records, locks=in_order(read_locks(locks)))


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
    return travel_times(data_dir, _estate(data_dir, key).establishments, settings)


def travel_times(
    data_dir: Path | None, establishments: pd.DataFrame, settings: TravelSettings
) -> TravelTimes:
    """Work out the journeys to establishments, a user's own before the model's.

    Raises
    ------
    TableError
        When the user's minutes are out of all proportion to the model's.
    """
    home_areas = load_home_areas(data_dir)
    path = table_path("travel", data_dir)
    override = None if path is None else read_override(path, home_areas, establishments)
    return build_travel(home_areas, establishments, settings, override, roads=load_roads(data_dir))


@lru_cache(maxsize=2)
def _parties(
    data_dir: Path | None, key: str, settings: PopulationSettings, as_of: date
) -> pd.DataFrame:
    return parties(_population(data_dir, key, settings, as_of))


def problems_of(scenario: Scenario, data_dir: Path | None) -> list[str]:
    """Say what of a scenario does not fit tables that are sound; as ``unfit``.

    Raises
    ------
    TableError
        With every fault of the tables, where they are not.
    """
    given = [name for name in ("rules", TRANSFERS) if table_path(name, data_dir) is not None]
    estate = _estate(data_dir, data_digest(data_dir))
    return unfit(scenario, estate, {name: read_table(name, data_dir) for name in given})


def unfit(
    scenario: Scenario,
    estate: Estate,
    tables: Mapping[str, pd.DataFrame] | None = None,
    faulty: Collection[str] = (),
) -> list[str]:
    """Say what of a scenario does not fit tables: selections, sessions, rules and units.

    Parameters
    ----------
    scenario
        Sound in itself.
    estate
        As it is before the scenario changes it.
    tables
        ``rules`` and ``transfers`` of a user; the built-in rules where they are left out.
    faulty
        Tables of which the estate has not every row. Nothing is said of a selection among them.

    Returns
    -------
    list of str
        One sentence for each fault; empty where it can be run.
    """
    known = dict(tables or {})
    rules = known.get("rules", read_table("rules"))
    problems = [
        *_selection_problems(scenario, estate, faulty),
        *changed_rule_problems(rules, scenario.rules),
    ]
    if {"establishments", "units", "family_workers"}.isdisjoint(faulty):
        problems += _edit_problems(scenario, estate)
    problems = [f"{scenario.name}.yaml: {problem}" for problem in problems]
    if TRANSFERS in known:
        problems += transfer_problems(known[TRANSFERS], scenario.calendar)
    return problems


def _edit_problems(scenario: Scenario, estate: Estate) -> list[str]:
    """Say what of the changes to units and workers cannot be made, each after those before it."""
    units, establishments = estate.units, estate.establishments
    made: list[Callable[[Estate], Estate]] = [
        *(
            partial(apply_unit_edits, edits=[edit])
            for edit in scenario.units
            if not _selects_nothing(edit.where, estate, units)
        ),
        *(
            partial(apply_worker_edits, edits=[edit])
            for edit in scenario.workers
            if not _selects_nothing(edit.where, estate, establishments)
        ),
    ]
    problems = []
    for make in made:
        try:
            estate = make(estate)
        except ValueError as error:
            problems.append(str(error))
    return problems


def _selects_nothing(where: Where, estate: Estate, table: pd.DataFrame) -> bool:
    try:
        return not where.matches_in(estate, table).any()
    except ValueError:
        return True


def _selection_problems(scenario: Scenario, estate: Estate, faulty: Collection[str]) -> list[str]:
    """Name each edit that selects nothing, or puts a session where none can be."""
    problems: list[str] = []
    wrong: list[Where] = []
    for place, where in scenario.selections():
        table = _EDITED[place.partition(" row ")[0]]
        if not {table, "establishments", "units"}.isdisjoint(faulty):
            continue
        try:
            if where.matches_in(estate, getattr(estate, table)).any():
                continue
            problems.append(
                f"{place} selects nothing in this estate ({_said(where)}). Check the words "
                "against establishments.csv and units.csv."
            )
        except ValueError as error:
            problems.append(f"{place}: {error}")
        wrong.append(where)
    regime = replace(
        scenario.regime,
        added_sessions=_others(scenario.regime.added_sessions, wrong),
        session_tables=_others(scenario.regime.session_tables, wrong),
        session_times=_others(scenario.regime.session_times, wrong),
    )
    video = replace(
        scenario.video,
        stations=_others(scenario.video.stations, wrong),
        added_hours=_others(scenario.video.added_hours, wrong),
    )
    return [
        *problems,
        *session_problems(estate, regime),
        *station_problems(estate, video),
        *window_problems(
            estate,
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


class Selects(Protocol):
    """An edit of what a selection chooses."""

    @property
    def where(self) -> Where:
        """What is chosen."""


Edit = TypeVar("Edit", bound=Selects)


def _others(edits: tuple[Edit, ...], wrong: Collection[Where]) -> tuple[Edit, ...]:
    """Leave out the edits whose selections are wrong."""
    return tuple(edit for edit in edits if edit.where not in wrong)


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

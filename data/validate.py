"""Checks across tables, and of a folder of a user's own tables.

One function per check, each returning the faults it finds. A folder may hold any of the tables of
the dictionary, as CSV or Parquet; the built-in tables stand in for the rest and are checked with
them, because an id of the user's may be one that they lack.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from data.check import Problem, Report, TableError, check_table
from data.files import ENDINGS, first_row_of
from data.load import read_and_check, read_table, table_path
from data.schema import Dtype, columns, table_names
from data.travel_override import read_override
from data.words import (
    DAYS,
    LEFT_OUT,
    Category,
    ConvictionStatus,
    RuleLevel,
    Sex,
    UnitFunction,
    split_words,
)

__all__ = [
    "Checked",
    "Problem",
    "TableError",
    "check_data",
    "check_folder",
    "check_table",
    "validate_folder",
]

Tables: TypeAlias = Mapping[str, pd.DataFrame]
Reports: TypeAlias = Mapping[str, Report]

TRAVEL = "travel"
TRAVEL_IDS = (("home_areas", "home_area"), ("establishments", "establishment"))
"""Columns that hold the ids of journeys."""
PAIRED_TABLES = ("population", "contacts")
BUILT_IN = " (built in)"
BEHIND_DERIVED = (
    "establishment_register",
    "estate_assumptions",
    "unit_assumptions",
    "known_timetable",
    "known_tables",
    "known_family_services",
)
"""Built-in tables that only ``data.derive`` reads; a user's folder is not checked against them."""
PASSED_OVER = ("court_alignment",)
"""Built-in tables whose rows about places that a user's folder does not have are passed over."""
NEVER_EMPTY = ("establishments", "units", "home_areas", "population")
IGNORED_FILES = ("dictionary.csv",)
IGNORED_STARTS = (".", "~$")
"""What editors and spreadsheets write beside an open file begins so."""
SPREADSHEETS = (".xlsx", ".xls", ".xlsm", ".xlsb", ".ods", ".tsv", ".tab")
OTHER_ENDINGS = (".txt", ".gz", ".zip", ".pq", ".feather", ".json")
PRICED_ELSEWHERE = ("stage_fit", "cohort_rules", "crowding")
"""Rules whose prices stand in a table of their own or among the settings."""
FIRST_MONDAY, LAST_DATE = "1970-01-05", "9999-12-31"
"""Weeks are counted from the first, and a date that is not given is the one or the other."""
CATEGORIES = {
    Sex.MEN: (Category.A, Category.B, Category.C, Category.D, Category.UNCATEGORISED),
    Sex.WOMEN: (Category.CLOSED, Category.OPEN, Category.UNCATEGORISED),
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Checked:
    """What a folder of tables holds, as far as it can be read, and what is wrong with it.

    Attributes
    ----------
    problems
        Every fault, by file.
    tables
        All rows of the tables that can be read, the built-in ones where the folder has none. A
        column that is missing in a file is missing here.
    sound
        Of those, the rows in which nothing is wrong. A table is left out where a fault is one of
        the whole file or of a whole column.
    own
        Names of the tables that the folder has.
    """

    problems: tuple[Problem, ...] = ()
    tables: Tables
    sound: Tables
    own: frozenset[str] = frozenset()

    def is_whole(self, *names: str) -> bool:
        """Say whether nothing at all is wrong with these tables."""
        return {problem.table for problem in self.problems}.isdisjoint(names)


def validate_folder(folder: Path | str) -> list[Problem]:
    """Check a folder of a user's own tables, each alone and all together.

    Parameters
    ----------
    folder
        Holds any of the tables of the dictionary as ``<table>.csv`` or ``<table>.parquet``.

    Returns
    -------
    list of Problem
        Every fault, by file; empty when the folder can be used.
    """
    return list(check_folder(folder).problems)


def check_folder(folder: Path | str | None, people: pd.DataFrame | None = None) -> Checked:
    """Check a folder of tables, and keep what can be read of them.

    Parameters
    ----------
    folder
        As for ``validate_folder``; None for the built-in tables alone.
    people
        The population table of those who are there where the folder has none.

    Returns
    -------
    Checked
        Every fault, and what is sound beside them.
    """
    if folder is None:
        built_in, _ = _built_in((), people)
        return Checked(tables=built_in, sound=built_in)
    folder = Path(folder)
    if not folder.is_dir():
        fault = _file_problem(str(folder), "a folder", "Give the folder that holds the tables.")
        return Checked(problems=(fault,), tables={}, sound={})
    problems, names = _check_files(folder)
    paths = _find_files(folder, names, problems)
    tables, files = _built_in(names, people)
    sound_rows: dict[str, pd.DataFrame] = {}
    faulty: set[str] = set()
    for name, path in paths.items():
        files[name] = path.name
        if name == TRAVEL:
            continue
        frame, faults = _read_own(name, path)
        problems.extend(faults)
        if not faults:
            tables[name] = frame
        elif len(frame):
            faulty.add(name)
            tables[name] = _without_missing_columns(frame, faults)
            if all(fault.rows or _is_needless(fault) for fault in faults):
                sound_rows[name] = without_rows(frame, faults, first_row_of(path))
    if TRAVEL in paths and all(column in tables.get(name, ()) for name, column in TRAVEL_IDS):
        problems.extend(_check_travel(paths[TRAVEL], tables))
    across = check_data(tables, files=files, faulty=faulty, sound_rows=sound_rows)
    found = (*problems, *_told_of_built_in(across))
    return Checked(
        problems=found, tables=tables, sound=_sound(tables, found, files), own=frozenset(names)
    )


def _built_in(
    names: Collection[str], people: pd.DataFrame | None
) -> tuple[dict[str, pd.DataFrame], dict[str, str]]:
    """Read the built-in tables that take the place of those a folder does not have."""
    tables = {
        name: read_table(name)
        for name in table_names()
        if name not in (*names, *BEHIND_DERIVED, *PASSED_OVER) and table_path(name) is not None
    }
    if people is not None and "population" not in names:
        tables["population"] = people
    return tables, {name: f"{name}.csv{BUILT_IN}" for name in tables}


def _without_missing_columns(frame: pd.DataFrame, faults: list[Problem]) -> pd.DataFrame:
    """Leave out the columns that the file lacks, which stand empty in the typed table."""
    missing = {fault.column for fault in faults if not fault.rows}
    return frame.drop(columns=list(missing.intersection(frame.columns)))


def _is_needless(fault: Problem) -> bool:
    """Say whether a fault is of a column that the dictionary does not have."""
    known = {column.name for column in columns(fault.table)}
    return bool(fault.column) and known.isdisjoint(fault.column.split(", "))


def _sound(tables: Tables, problems: Collection[Problem], files: Mapping[str, str]) -> Tables:
    """Keep the rows in which nothing is wrong, of tables without a fault of the whole file."""
    sound = {}
    for name, table in tables.items():
        faults = [problem for problem in problems if problem.table == name]
        if all(fault.rows or _is_needless(fault) for fault in faults):
            sound[name] = without_rows(table, faults, first_row_of(Path(files[name])))
    return sound


def without_rows(frame: pd.DataFrame, faults: list[Problem], first_row: int) -> pd.DataFrame:
    """Leave out the rows in which faults were found.

    Parameters
    ----------
    frame
        A table whose index counts rows from 0.
    faults
        Faults of its cells.
    first_row
        Number that a person gives the first row.
    """
    wrong = sorted({row - first_row for fault in faults for row in fault.rows})
    return frame.drop(index=frame.index.intersection(wrong))


def _find_files(folder: Path, names: list[str], problems: list[Problem]) -> dict[str, Path]:
    """Find the file of each table; add a problem for those that cannot be one."""
    paths: dict[str, Path] = {}
    for name in names:
        try:
            path = table_path(name, folder)
        except TableError as error:
            problems.extend(error.problems)
            continue
        if path is not None:
            paths[name] = path
    return paths


def _read_own(name: str, path: Path) -> tuple[pd.DataFrame, list[Problem]]:
    frame, faults = read_and_check(name, path)
    if frame.empty and not faults and name in NEVER_EMPTY:
        action = "Add its rows, or remove the file to use what is built in."
        faults = [_file_problem(path.name, "at least one row", action)]
    return frame, faults


def _check_travel(path: Path, tables: Tables) -> list[Problem]:
    """Check a user's journeys by the door they come in through, whatever tool wrote them."""
    try:
        read_override(path, tables["home_areas"], tables["establishments"])
    except TableError as error:
        return list(error.problems)
    return []


def _told_of_built_in(problems: list[Problem]) -> list[Problem]:
    """Say once for each built-in table that it does not fit the user's tables."""
    told: dict[tuple[str, str], Problem] = {}
    for problem in problems:
        if not problem.file.endswith(BUILT_IN):
            told[(problem.file, str(problem))] = problem
            continue
        key = (problem.file, problem.column)
        rows = told[key].rows if key in told else ()
        told[key] = replace(
            problem,
            rows=tuple(sorted({*rows, *problem.rows})),
            value="" if key in told else problem.value,
            action=f"The folder's tables and this one do not fit; put your own "
            f"{problem.table}.csv beside them.",
        )
    return list(told.values())


def _check_files(folder: Path) -> tuple[list[Problem], list[str]]:
    """List files that are no tables, and the names of those that are."""
    problems: list[Problem] = []
    names: set[str] = set()
    try:
        paths = sorted(folder.iterdir())
    except OSError as error:
        action = f"Give a folder that can be read ({error.strerror})."
        return [_file_problem(str(folder), "a folder that can be read", action)], []
    for path in paths:
        if path.name in IGNORED_FILES or path.name.startswith(IGNORED_STARTS):
            continue
        if path.suffix in ENDINGS and path.stem in table_names():
            names.add(path.stem)
        elif path.suffix.lower() in ENDINGS:
            near = difflib.get_close_matches(path.stem.lower(), table_names(), n=1)
            right = f"{near[0]}{path.suffix.lower()}" if near else ""
            hint = f"Did you mean {right!r}?" if near else "Remove the file."
            problems.append(_file_problem(path.name, "the name of a table", hint))
        elif _may_hold_a_table(path):
            stem = path.name.partition(".")[0].lower()
            hint = f"Save it as 'CSV UTF-8' under the name {stem}.csv, or take it away."
            problems.append(_file_problem(path.name, "CSV or Parquet", hint))
    if not names and not problems:
        problems.append(
            _file_problem(
                str(folder),
                "at least one table",
                "Put in it, say, population.csv; `estate template` writes an empty folder.",
            )
        )
    lacking = set(PAIRED_TABLES) - names if names.intersection(PAIRED_TABLES) else set()
    problems.extend(
        _file_problem(
            f"{name}.csv",
            "this file",
            f"{' and '.join(PAIRED_TABLES)} belong together; add {name}.csv.",
        )
        for name in sorted(lacking)
    )
    return problems, sorted(names)


def _may_hold_a_table(path: Path) -> bool:
    """Say whether a file looks like a table that would be passed over."""
    ending = path.suffix.lower()
    named = path.name.partition(".")[0].lower() in table_names()
    return path.is_file() and (ending in SPREADSHEETS or (named and ending in OTHER_ENDINGS))


def _file_problem(file: str, expected: str, action: str) -> Problem:
    return Problem(table=Path(file).stem, file=file, expected=expected, action=action)


def check_data(
    tables: Tables,
    *,
    files: Mapping[str, str] | None = None,
    faulty: Collection[str] = (),
    sound_rows: Tables | None = None,
) -> list[Problem]:
    """Check tables against each other.

    Parameters
    ----------
    tables
        Typed tables by name; those left out are not checked against.
        One that is only there for its ids may lack other columns, and is named as ``faulty``.
    files
        Name of the file of each table for the report; by default ``<table>.csv``.
    faulty
        Tables with faults of their own: only their ids are checked, so that one fault is not
        reported as two.
    sound_rows
        Rows of faulty tables that have no fault of their own: every check that finds nothing more
        where rows are left out looks at these.

    Returns
    -------
    list of Problem
        Every fault; empty when the tables fit each other.
    """
    names = {name: f"{name}.csv" for name in tables} | dict(files or {})
    reports = {name: _report(name, names[name]) for name in tables}
    _check_references(tables, reports)
    sound = {name: table for name, table in tables.items() if name not in faulty}
    for needed, check in CHECKS:
        whole = NEEDS_EVERY_ROW.get(check, ())
        rows = {name: rows for name, rows in (sound_rows or {}).items() if name not in whole}
        if all(name in sound or name in rows for name in needed):
            check({**sound, **rows}, reports)
    return [problem for report in reports.values() for problem in report.problems]


def _report(name: str, file: str) -> Report:
    return Report(table=name, file=file, first_row=first_row_of(Path(file)))


def _check_references(tables: Tables, reports: Reports) -> None:
    """Look for ids that do not stand in the table they point to.

    References among built-in tables are left out: a test has checked them.
    """
    own = {name for name, report in reports.items() if not report.file.endswith(BUILT_IN)}
    for name, table in tables.items():
        for column in columns(name):
            referred = {t for t, _ in column.references}
            known_of = referred and all(c in tables.get(t, ()) for t, c in column.references)
            if not known_of or column.name not in table or own.isdisjoint({name, *referred}):
                continue
            known = pd.concat([tables[t][c] for t, c in column.references]).unique()
            cells = table[column.name]
            if column.dtype is Dtype.LIST:
                cells = cells[cells != ""].map(split_words).explode()
            if column.may_leave_out:
                cells = cells.str.removeprefix(LEFT_OUT)
            # An index tells known ids many times as fast as isin() on text of Arrow.
            is_known = pd.Index(known).get_indexer(pd.Index(cells)) >= 0
            unknown = cells[(cells != "").to_numpy(dtype=np.bool_) & ~is_known]
            where = " or ".join(reports[t].file for t, _ in column.references)
            reports[name].add_cells(
                unknown,
                column=column.name,
                expected=f"an id that stands in {where}",
                action="Correct the id or add its row.",
            )


def _check_units_add_up(tables: Tables, reports: Reports) -> None:
    """Compare each prison's places and in-use CNA with the sums over its units."""
    sums = tables["units"].groupby("establishment")[["places", "in_use_cna"]].sum()
    prisons = tables["establishments"]
    for of_units, of_prison in (("places", "operational_capacity"), ("in_use_cna", "in_use_cna")):
        in_units = prisons["establishment"].map(sums[of_units]).fillna(0).astype("int64")
        wrong = in_units != prisons[of_prison]
        listed = prisons[wrong]
        for row, code, stated, added in zip(
            listed.index, listed["establishment"], listed[of_prison], in_units[wrong], strict=True
        ):
            reports["establishments"].add_cells(
                pd.Series([str(stated)], index=[row]),
                column=of_prison,
                expected=f"{added}, the sum of {of_units} over the units of {code}",
                action=f"Correct it, or the rows of {code} in {reports['units'].file}.",
            )


def _check_units_fit_their_prison(tables: Tables, reports: Reports) -> None:
    """Compare each unit's code, sex, categories and function with its prison's."""
    units, report = tables["units"], reports["units"]
    sexes = tables["establishments"].set_index("establishment")["sex"]
    of_prison = units["establishment"].map(sexes)
    report.add_cells(
        units.loc[of_prison.notna() & (units["sex"] != of_prison), "sex"],
        column="sex",
        expected="the sex of the establishment",
        action="Correct the cell; the law keeps men's and women's places apart.",
    )
    report.add_cells(
        units.loc[units["unit"].str.split("-").str[0] != units["establishment"], "unit"],
        column="unit",
        expected="the code of the establishment, a hyphen and a number",
        action="Correct the id or the establishment.",
    )
    for sex, categories in CATEGORIES.items():
        own = units["sex"] == sex
        fits = (
            units["categories"]
            .map(lambda held, known=categories: set(split_words(held)) <= set(known))
            .astype("bool")
        )
        report.add_cells(
            units.loc[own & ~fits, "categories"],
            column="categories",
            expected=f"categories of {sex}: {', '.join(categories)}",
            action="Correct the cell.",
        )
    womens = units["function"].isin((UnitFunction.WOMENS_CLOSED, UnitFunction.WOMENS_OPEN))
    report.add_cells(
        units.loc[(units["sex"] == Sex.MEN) & womens, "function"],
        column="function",
        expected="a function of men's prisons",
        action="Correct the function or the sex.",
    )


def _check_headroom(tables: Tables, reports: Reports) -> None:
    """Look for units that keep more places free than they have."""
    units = tables["units"]
    reports["units"].add_cells(
        units.loc[units["headroom"] > units["places"], "headroom"],
        column="headroom",
        expected="no more than the places of the unit",
        action="Correct the cell.",
    )


def _check_prisons_have_units(tables: Tables, reports: Reports) -> None:
    """Look for prisons with places but no unit."""
    prisons = tables["establishments"]
    empty = ~prisons["establishment"].isin(tables["units"]["establishment"])
    reports["establishments"].add_cells(
        prisons.loc[empty & (prisons["operational_capacity"] > 0), "establishment"],
        column="establishment",
        expected=f"at least one unit in {reports['units'].file}",
        action="Add its units.",
    )


def _check_times(tables: Tables, reports: Reports) -> None:
    """Look for sessions and opening periods that end before they start."""
    for name in ("session_templates", "video_stations"):
        if name not in tables:
            continue
        table = tables[name]
        reports[name].add_cells(
            table.loc[table["end"] <= table["start"], "end"],
            column="end",
            expected="a time after the start",
            action="Correct the start or the end.",
        )


def _check_sessions_have_tables(tables: Tables, reports: Reports) -> None:
    """Look for sessions at which nobody could sit down."""
    sessions = tables["session_templates"]
    empty = sessions["open_tables"] + sessions["closed_tables"] == 0
    reports["session_templates"].add_cells(
        sessions.loc[empty, "template"],
        column="open_tables, closed_tables",
        expected="at least one table, open or closed",
        action="Give the session a table or remove its row.",
    )


def _check_stations_have_slots(tables: Tables, reports: Reports) -> None:
    """Look for opening periods in which not one call fits."""
    periods = tables["video_stations"]
    open_minutes = _minutes(periods["end"]) - _minutes(periods["start"])
    # a period that ends before it starts is told as such
    short = (open_minutes > 0) & (open_minutes < periods["slot_minutes"])
    reports["video_stations"].add_cells(
        periods.loc[short, "slot_minutes"],
        column="slot_minutes",
        expected="no more minutes than the stations are open",
        action="Correct the length of a slot or the opening hours.",
    )


def _minutes(times: pd.Series[str]) -> pd.Series[int]:
    hours, minutes = times.str.slice(0, 2), times.str.slice(3, 5)
    return hours.astype("int64") * 60 + minutes.astype("int64")


def _check_excluded_dates(tables: Tables, reports: Reports) -> None:
    """Look for spans that end before they begin, and sessions of another prison."""
    spans, report = tables["excluded_dates"], reports["excluded_dates"]
    report.add_cells(
        spans.loc[spans["last"] < spans["first"], "last"],
        column="last",
        expected="a date on or after first",
        action="Correct one of the dates.",
    )
    held_at = tables["session_templates"].set_index("template")["establishment"]
    of_template = spans["template"].map(held_at)
    report.add_cells(
        spans.loc[of_template.notna() & (of_template != spans["establishment"]), "template"],
        column="template",
        expected="a session of the establishment, or an empty cell for all of them",
        action="Correct the session or the establishment.",
    )


def _check_transfers(tables: Tables, reports: Reports) -> None:
    """Look for transfers to a closed prison or another prison's unit, and stays that overlap."""
    table, report = tables["transfers"], reports["transfers"]
    places = tables["establishments"].set_index("establishment")["operational_capacity"]
    report.add_cells(
        table.loc[table["establishment"].map(places) == 0, "establishment"],
        column="establishment",
        expected="an establishment that holds people",
        action="Correct the establishment, or remove the row.",
    )
    of_unit = table["unit"].map(tables["units"].set_index("unit")["establishment"])
    report.add_cells(
        table.loc[of_unit.notna() & (of_unit != table["establishment"]), "unit"],
        column="unit",
        expected="a unit of the establishment",
        action="Correct the unit or the establishment.",
    )
    lent = table["until"] != ""
    report.add_cells(
        table.loc[lent & (table["until"] <= table["date"]), "until"],
        column="until",
        expected="a date after that of the transfer",
        action="Correct one of the dates; leave until empty for good.",
    )
    ordered = table.sort_values(["prisoner_id", "date"])
    until = ordered.groupby("prisoner_id")["until"].shift().fillna("")
    report.add_cells(
        ordered.loc[ordered["date"] < until, "date"].sort_index(),
        column="date",
        expected="a date on or after the end of the stay before it",
        action="Correct the date, or until of the row before it.",
    )


def _check_transferred_to_their_own_sex(tables: Tables, reports: Reports) -> None:
    """Look for people moved to units of the other sex."""
    table = tables["transfers"]
    of_person = table["prisoner_id"].map(tables["population"].set_index("prisoner_id")["sex"])
    of_unit = table["unit"].map(tables["units"].set_index("unit")["sex"])
    reports["transfers"].add_cells(
        table.loc[of_person.notna() & of_unit.notna() & (of_person != of_unit), "unit"],
        column="unit",
        expected="a unit of the person's sex",
        action="Correct the unit or the person.",
    )


def _check_dates(tables: Tables, reports: Reports) -> None:
    """Look for rows that cease to hold before they begin to."""
    for name in ("session_templates", "rules", "places_out_of_use"):
        if name not in tables:
            continue
        table = tables[name]
        both = (table["valid_from"] != "") & (table["valid_to"] != "")
        reports[name].add_cells(
            table.loc[both & (table["valid_to"] < table["valid_from"]), "valid_to"],
            column="valid_to",
            expected="a date on or after valid_from",
            action="Correct one of the dates.",
        )


def _check_sessions_do_not_overlap(tables: Tables, reports: Reports) -> None:
    """Look for sessions in one hall at one time; two lists of one hall may share it."""
    for pair in clashing_sessions(tables["session_templates"]).to_dict("records"):
        reports["session_templates"].add_cells(
            pd.Series([str(pair["template"])], index=[pair["row"]]),
            column="template",
            expected=f"no session of hall {pair['hall']} of {pair['establishment']} on "
            f"{pair['day']} at the time of {pair['template_2']}, "
            f"{pair['start_2']} to {pair['end_2']}",
            action="Correct the times or the hall.",
        )


def clashing_sessions(sessions: pd.DataFrame) -> pd.DataFrame:
    """Give the pairs of weekly sessions that cannot both be held in one hall.

    Parameters
    ----------
    sessions
        Rows of ``session_templates``, indexed from 0.

    Returns
    -------
    DataFrame
        One row per pair: ``row`` and the columns of the first, the second's with ``_2``.
    """
    numbered = sessions.rename_axis("row").reset_index()
    pairs = numbered.merge(numbered, on=["establishment", "hall", "day"], suffixes=("", "_2"))
    pairs = pairs[pairs["row"] < pairs["row_2"]]
    pairs = pairs[_overlap(pairs)]
    return pairs[np.array([_share_a_date(pair) for pair in pairs.itertuples()], dtype=np.bool_)]


LEFT_OUT_STATUS = {
    LEFT_OUT + ConvictionStatus.REMAND: str(ConvictionStatus.CONVICTED),
    LEFT_OUT + ConvictionStatus.CONVICTED: str(ConvictionStatus.REMAND),
}
"""Who is let in when the others are left out."""


def _overlap(pairs: pd.DataFrame) -> pd.Series[bool]:
    """Say which pairs of sessions of one hall and weekday overlap in time and are one list."""
    one, two = (
        pairs[name].replace(LEFT_OUT_STATUS)
        for name in ("conviction_status", "conviction_status_2")
    )
    two_lists = (one != two) & (one != "") & (two != "")
    in_time = (pairs["start"] < pairs["end_2"]) & (pairs["start_2"] < pairs["end"])
    return in_time & ~two_lists


def _share_a_date(pair: Any) -> bool:
    """Say whether two sessions of one weekday are ever held on one date.

    Notes
    -----
    A session is held every so many weeks, counted from the one in which it became valid or from the
    first full week of 1970. The weeks of both are those of one remainder, by the Chinese remainder
    theorem.
    """
    monday = _days_since_1970(FIRST_MONDAY)
    day = monday + DAYS.index(pair.day)
    starts = [
        _days_since_1970(first or FIRST_MONDAY) for first in (pair.valid_from, pair.valid_from_2)
    ]
    ends = [_days_since_1970(last or LAST_DATE) for last in (pair.valid_to, pair.valid_to_2)]
    one, other = ((start - monday) // len(DAYS) for start in starts)
    every, every_other = int(pair.every_n_weeks), int(pair.every_n_weeks_2)
    common = math.gcd(every, every_other)
    if (other - one) % common:
        return False
    apart = (other - one) // common * pow(every // common, -1, every_other // common)
    week = one + every * (apart % (every_other // common))
    first, last = -((day - max(starts)) // len(DAYS)), (min(ends) - day) // len(DAYS)
    return first + (week - first) % math.lcm(every, every_other) <= last


def _days_since_1970(date: str) -> int:
    return int(np.datetime64(date, "D").astype(np.int64))


def _check_stations_do_not_overlap(tables: Tables, reports: Reports) -> None:
    """Look for opening periods of a prison's stations that overlap."""
    periods = tables["video_stations"]
    periods = periods[periods["end"] > periods["start"]]  # others are told as such
    periods = periods.sort_values("start", kind="stable")
    place = [periods[name] for name in ("establishment", "day")]
    # one that begins inside a long period overlaps it, whatever came between
    latest = _minutes(periods["end"]).groupby(place).cummax()
    ended = latest.groupby(place).shift().fillna(0)
    reports["video_stations"].add_cells(
        periods.loc[_minutes(periods["start"]) < ended, "start"],
        column="start",
        expected="a time after the end of the period before it, on one day at one establishment",
        action="Correct the times.",
    )


def _check_categories_have_room(tables: Tables, reports: Reports) -> None:
    """Look for people of a category that no unit holds."""
    people, units = tables["population"], tables["units"]
    for sex in Sex:
        own = units.loc[(units["sex"] == sex) & (units["places"] > 0), "categories"]
        held = {word for cell in own.unique() for word in split_words(cell)}
        reports["population"].add_cells(
            people.loc[(people["sex"] == sex) & ~people["category"].isin(held), "category"],
            column="category",
            expected=f"a category that some unit for {sex} holds: {', '.join(sorted(held))}",
            action=f"Correct the category, or add it to a unit in {reports['units'].file}.",
        )


def _check_people_fit(tables: Tables, reports: Reports) -> None:
    """Look for more people than places, for each sex."""
    people, units = tables["population"], tables["units"]
    for sex in Sex:
        held = int((people["sex"] == sex).sum())
        places = int(units.loc[units["sex"] == sex, "places"].sum())
        if held > places:
            reports["population"].add_file(
                column="sex",
                value=f"{held} {sex}",
                expected=f"at most {places}, the places for {sex} in {reports['units'].file}",
                action="Remove rows, or add places to the units.",
            )


def _check_people_are_where_they_may_be(tables: Tables, reports: Reports) -> None:
    """Look for people in units of the other sex."""
    people = tables["population"]
    sexes = tables["units"].set_index("unit")["sex"]
    of_unit = people["current_unit"].map(sexes)
    reports["population"].add_cells(
        people.loc[of_unit.notna() & (of_unit != people["sex"]), "current_unit"],
        column="current_unit",
        expected="a unit of the person's sex",
        action="Correct the unit or the sex.",
    )


def _check_pairs_are_two(tables: Tables, reports: Reports) -> None:
    """Look for people paired with themselves."""
    for name in ("keep_aparts", "keep_together"):
        if name in tables:
            table = tables[name]
            reports[name].add_cells(
                table.loc[table["a"] == table["b"], "b"],
                column="b",
                expected="another person than a",
                action="Remove the row or correct the id.",
            )


def _check_pairs_stand_once(tables: Tables, reports: Reports) -> None:
    """Look for pairs of people that stand in a table twice, the one way or the other."""
    for name in ("keep_aparts", "keep_together"):
        if name in tables:
            table = tables[name]
            turned = table["a"] > table["b"]
            pair = pd.DataFrame(
                {
                    "one": table["a"].where(~turned, table["b"]),
                    "other": table["b"].where(~turned, table["a"]),
                }
            )
            # the same two ids in the same order are a key that stands twice, told elsewhere
            again = pair.duplicated(keep=False) & ~table.duplicated(["a", "b"], keep=False)
            reports[name].add_cells(
                (pair["one"] + " and " + pair["other"])[again],
                column="a, b",
                expected="each pair once, whichever way round",
                action="Remove one of the rows.",
            )


def _check_groups_have_members(tables: Tables, reports: Reports) -> None:
    """Look for groups of one, which limit nothing."""
    groups = tables["groups"]
    members = groups.groupby("group")["prisoner_id"].transform("nunique")
    reports["groups"].add_cells(
        groups.loc[members == 1, "group"],
        column="group",
        expected="at least two members",
        action="Add the other members or remove the row.",
    )


def _check_every_part_is_priced(tables: Tables, reports: Reports) -> None:
    """Look for parts of the price of a move that are left out."""
    known = next(column for column in columns("move_parts") if column.name == "part").words
    missing = sorted(set(known) - set(tables["move_parts"]["part"]))
    if missing:
        reports["move_parts"].add_file(
            column="part",
            expected=f"every part; missing: {', '.join(missing)}",
            action="Add their rows; a price of 0 leaves a part out.",
        )


def _check_exclusions_say_where(tables: Tables, reports: Reports) -> None:
    """Look for exclusions that name no place, or two, or an area without miles around it."""
    rows = tables["exclusions"]
    at, area = rows["establishment"] != "", rows["home_area"] != ""
    miles = rows["within_miles"].notna()
    reports["exclusions"].add_cells(
        rows.loc[(at == area) | (area != miles), "prisoner_id"],
        column="establishment, home_area, within_miles",
        expected="either an establishment, or a home area with the miles around it",
        action="Correct the row.",
    )


def _check_groups_agree(tables: Tables, reports: Reports) -> None:
    """Look for groups whose rows state different limits."""
    groups = tables["groups"]
    limits = groups.groupby("group")["at_most"].transform("nunique")
    reports["groups"].add_cells(
        groups.loc[limits > 1, "group"],
        column="group",
        expected="the same at_most in every row of the group",
        action="Correct the rows.",
    )


def _check_soft_rules_have_prices(tables: Tables, reports: Reports) -> None:
    """Look for soft rules without a price, but for those that are priced elsewhere."""
    for name, label in (("rules", "rule"), ("stage_rules", "function"), ("cohort_rules", "rule")):
        if name in tables:
            table = tables[name]
            unpriced = (table["level"] == RuleLevel.SOFT) & table["price_gbp"].isna()
            reports[name].add_cells(
                table.loc[unpriced & ~table[label].isin(PRICED_ELSEWHERE), label],
                column="price_gbp",
                expected="a price for a soft rule",
                action="Fill in price_gbp, or make the rule hard or off.",
            )


def _check_cohort_rules(tables: Tables, reports: Reports) -> None:
    """Look for rows that mean nobody, no place in particular, or bear the name of another rule."""
    table, report = tables["cohort_rules"], reports["cohort_rules"]
    for least, most in (("age_min", "age_max"), ("days_min", "days_max")):
        report.add_cells(
            table.loc[table[most] < table[least], most],
            column=most,
            expected=f"a number no smaller than {least}",
            action="Correct one of the two.",
        )
    anywhere = (table["unit"] == "") & (table["establishment"] == "") & (table["function"] == "")
    report.add_cells(
        table.loc[anywhere, "rule"],
        column="rule",
        expected="a unit, an establishment or a function that the row speaks of",
        action="Fill in one of the three.",
    )
    if "rules" in tables:
        report.add_cells(
            table.loc[table["rule"].isin(tables["rules"]["rule"]), "rule"],
            column="rule",
            expected=f"a name that is not in {reports['rules'].file}",
            action="Rename the rule.",
        )


def _check_places_out_of_use(tables: Tables, reports: Reports) -> None:
    """Look for more places out of use than the unit has, row by row."""
    table = tables["places_out_of_use"]
    places = tables["units"].set_index("unit")["places"]
    there = places.reindex(table["unit"]).set_axis(table.index)
    reports["places_out_of_use"].add_cells(
        table.loc[table["places"] > there, "places"],
        column="places",
        expected=f"no more than the places of the unit in {reports['units'].file}",
        action="Correct the cell.",
    )


Check: TypeAlias = Callable[[Tables, Reports], None]

CHECKS: tuple[tuple[tuple[str, ...], Check], ...] = (
    (("establishments", "units"), _check_units_add_up),
    (("establishments", "units"), _check_units_fit_their_prison),
    (("establishments", "units"), _check_prisons_have_units),
    (("units",), _check_headroom),
    ((), _check_times),
    ((), _check_dates),
    (("session_templates",), _check_sessions_do_not_overlap),
    (("session_templates",), _check_sessions_have_tables),
    (("video_stations",), _check_stations_do_not_overlap),
    (("video_stations",), _check_stations_have_slots),
    (("excluded_dates", "session_templates"), _check_excluded_dates),
    (("transfers", "establishments", "units"), _check_transfers),
    (("transfers", "population", "units"), _check_transferred_to_their_own_sex),
    (("population", "units"), _check_categories_have_room),
    (("population", "units"), _check_people_fit),
    (("population", "units"), _check_people_are_where_they_may_be),
    ((), _check_pairs_are_two),
    ((), _check_pairs_stand_once),
    (("groups",), _check_groups_agree),
    (("groups",), _check_groups_have_members),
    (("exclusions",), _check_exclusions_say_where),
    (("move_parts",), _check_every_part_is_priced),
    ((), _check_soft_rules_have_prices),
    (("cohort_rules",), _check_cohort_rules),
    (("places_out_of_use", "units"), _check_places_out_of_use),
)
"""Every check across tables, with the tables it needs."""

NEEDS_EVERY_ROW: dict[Check, tuple[str, ...]] = {
    _check_units_add_up: ("units",),
    _check_prisons_have_units: ("units",),
    _check_categories_have_room: ("units",),
    _check_people_fit: ("units",),
    _check_groups_have_members: ("groups",),
    _check_every_part_is_priced: ("move_parts",),
}
"""Checks that would find more where rows are left out, and the tables they need every row of."""

"""The tables worked out from published ones: units, sessions, stations, workers, courts.

Capacity, CNA and population are published for a whole prison; timetables are published for most
prisons, tables for a few, video stations for none. This module states how the rest is filled in, so
that every assumption is a row of ``unit_assumptions.csv`` or ``estate_assumptions.csv`` and the
shipped tables can be made again: ``python -m data.derive`` rewrites them and a test compares them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from typing import Any

import pandas as pd

from data.apportion import largest_remainder
from data.geography import load_home_areas
from data.load import read_table
from data.schema import TABLES_FOLDER, columns
from data.words import (
    DAYS,
    EXCLUSIVE_NEEDS,
    Category,
    Confidence,
    Funder,
    Need,
    Security,
    Sex,
    UnitFunction,
    WorkerFunder,
    WorkerLine,
    join_words,
    split_words,
)

MAIN_FUNCTIONS = frozenset(
    (
        "reception",
        "training",
        "resettlement",
        "high_security",
        "open",
        "womens_closed",
        "womens_open",
    )
)
"""Register functions that decide how a prison is cut into units when it has no rows of its own."""


def assumed(name: str) -> float:
    """Look up one value of ``estate_assumptions.csv``.

    Parameters
    ----------
    name
        Name of the assumption.

    Returns
    -------
    float
        In the unit of its row.

    Raises
    ------
    KeyError
        When there is no such row.

    Examples
    --------
    >>> assumed("video_slot_minutes")
    30.0
    """
    return _assumptions()[name]


@cache
def _assumptions() -> dict[str, float]:
    table = read_table("estate_assumptions")
    return {
        str(name): float(value)
        for name, value in zip(table["assumption"], table["value"], strict=True)
    }


def derive_units(
    establishments: pd.DataFrame, register: pd.DataFrame, parts: pd.DataFrame
) -> pd.DataFrame:
    """Cut every prison into units.

    Parameters
    ----------
    establishments, register, parts
        The tables ``establishments``, ``establishment_register`` and ``unit_assumptions``.

    Returns
    -------
    DataFrame
        The table ``units``. The places and in-use CNA of a prison's units add up to its published
        ones; headroom leaves room for everybody held today.
    """
    facts = establishments.merge(register, on="establishment", suffixes=("", "_register"))
    rows: list[dict[str, Any]] = []
    for prison in _records(facts):
        rows.extend(_units_of_one(prison, _parts_of(prison, parts)))
    units = pd.DataFrame(rows, columns=[column.name for column in columns("units")])
    return _with_headroom(units, establishments)


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(k): v for k, v in row.items()} for row in table.to_dict("records")]


def _parts_of(prison: Mapping[str, Any], parts: pd.DataFrame) -> pd.DataFrame:
    """Find the rows for one prison: its own, or those of its kind."""
    own: pd.DataFrame = parts[parts["applies_to"] == prison["establishment"]]
    if len(own):
        return own
    functions = sorted(MAIN_FUNCTIONS.intersection(split_words(prison["functions"])))
    kind = f"{prison['security']}:{'+'.join(functions)}"
    alike: pd.DataFrame = parts[parts["applies_to"] == kind]
    if alike.empty:
        raise KeyError(f"unit_assumptions.csv has no rows for {prison['establishment']} or {kind}")
    return alike


def _units_of_one(prison: Mapping[str, Any], parts: pd.DataFrame) -> list[dict[str, Any]]:
    """Cut one prison into parts, and parts that are too large into equal blocks."""
    places = largest_remainder(parts["share"], int(prison["operational_capacity"]))
    blocks = [max(1, math.ceil(n / assumed("largest_block_places"))) for n in places]
    rows = parts.loc[parts.index.repeat(blocks)]
    shares = (parts["share"] / blocks).loc[rows.index].to_numpy()
    in_units = largest_remainder(shares, int(prison["operational_capacity"]))
    in_use = largest_remainder(shares, int(prison["in_use_cna"]))
    code = str(prison["establishment"])
    units = [
        {
            "unit": f"{code}-{number}",
            "establishment": code,
            "function": part["function"],
            "sex": prison["sex"],
            "categories": join_words(split_words(part["categories"])),
            "needs_served": part["needs_served"],
            "young_offenders": "yoi" in split_words(prison["functions"]),
            "places": in_units[number - 1],
            "in_use_cna": in_use[number - 1],
            "headroom": 0,
            "source": join_words(["moj_bulletin_2026_07", *split_words(part["source"])]),
            "confidence": part["confidence"],
        }
        for number, part in enumerate(_records(rows), start=1)
    ]
    if prison["operational_capacity"] >= assumed("accessible_from_places"):
        _mark(units, Need.ACCESSIBLE)
    if code in MOTHER_AND_BABY_UNITS:
        _mark(units, Need.MOTHER_AND_BABY)
    return units


MOTHER_AND_BABY_UNITS = ("AGI", "BZI", "EWI", "NHI", "PFI", "STI")
"""Women's prisons with a mother and baby unit. Source: general knowledge (``sources.yaml``)."""


def _mark(units: list[dict[str, Any]], need: Need) -> None:
    """Say of the last unit that holds no single cohort that it has places for a need."""
    for unit in reversed(units):
        if not set(EXCLUSIVE_NEEDS).intersection(split_words(unit["needs_served"])):
            unit["needs_served"] = join_words([*split_words(unit["needs_served"]), need])
            return
    units[-1]["needs_served"] = join_words([*split_words(units[-1]["needs_served"]), need])


def _with_headroom(units: pd.DataFrame, establishments: pd.DataFrame) -> pd.DataFrame:
    """Keep places free for arrivals in the units that take them, in proportion to their places."""
    codes = establishments["establishment"]
    capacities = dict(zip(codes, establishments["operational_capacity"], strict=True))
    people = dict(zip(codes, establishments["population"], strict=True))
    units = units.copy()
    takes_arrivals = units["categories"].map(split_words).map(lambda held: "U" in held)
    takes_arrivals &= ~units["needs_served"].str.contains(Need.SEXUAL_OFFENCES)
    wanted_per_place = assumed("arrivals_per_place_per_day") * assumed("headroom_days")
    for code, own in units[takes_arrivals].groupby("establishment"):
        capacity = int(capacities[code])
        spare = max(0, capacity - int(people[code]))
        kept = min(
            round(wanted_per_place * capacity),
            math.floor(spare * assumed("headroom_spare_share")),
        )
        units.loc[own.index, "headroom"] = largest_remainder(own["places"], kept)
    return units


TYPICAL_SLOTS = (
    ("sat", "14:00", "16:00"),
    ("sun", "14:00", "16:00"),
    ("thu", "14:00", "16:00"),
    ("tue", "14:00", "16:00"),
    ("wed", "14:00", "16:00"),
    ("mon", "14:00", "16:00"),
    ("fri", "14:00", "16:00"),
    ("sat", "09:30", "11:30"),
    ("sun", "09:30", "11:30"),
    ("tue", "09:30", "11:30"),
    ("thu", "09:30", "11:30"),
    ("wed", "09:30", "11:30"),
    ("mon", "09:30", "11:30"),
    ("fri", "09:30", "11:30"),
)
"""Sessions of a typical week, the commonest first: by day and start over the timetables known."""


def derive_session_templates(
    establishments: pd.DataFrame, timetable: pd.DataFrame, known_tables: pd.DataFrame
) -> pd.DataFrame:
    """Give every open prison its weekly visit sessions.

    Days and times are the known timetable, or a typical one with as many sessions as the prison's
    tables need. The tables of a week are the known total, or a number for each person held; they
    are divided over the sessions, in proportion to the people a hall serves.

    Parameters
    ----------
    establishments, timetable, known_tables
        The tables ``establishments``, ``known_timetable`` and ``known_tables``.

    Returns
    -------
    DataFrame
        The table ``session_templates``; none for a prison without places.
    """
    weekly = known_tables.set_index("establishment")["open_tables_per_week"]
    rows: list[dict[str, Any]] = []
    for prison in _records(establishments):
        code = str(prison["establishment"])
        if prison["operational_capacity"] == 0:
            continue
        wanted = assumed("visit_places_per_prisoner_week") * float(prison["population"])
        known = timetable[timetable["establishment"] == code]
        sessions = known if len(known) else _typical_week(code, wanted)
        if code in weekly.index:
            tables = _divided(int(weekly.loc[code]), sessions)
            tables_confidence = Confidence.ESTIMATED
        else:
            tables = _bounded(_divided(round(wanted), sessions))
            tables_confidence = Confidence.ASSUMED
        is_open = prison["security"] in (Security.D, Security.OPEN)
        for number, (session, open_tables) in enumerate(
            zip(_records(sessions), tables, strict=True), start=1
        ):
            rows.append(
                {
                    "template": f"{code}-S{number}",
                    "establishment": code,
                    "hall": session["hall"],
                    "day": session["day"],
                    "start": session["start"],
                    "end": session["end"],
                    "valid_from": "",
                    "valid_to": "",
                    "every_n_weeks": 1,
                    "open_tables": open_tables,
                    "closed_tables": 0 if is_open else _closed_tables(open_tables),
                    "kind": "social",
                    "conviction_status": session["conviction_status"],
                    "categories": session["categories"],
                    "incentive_levels": "",
                    "wings": session["wings"],
                    "units": "",
                    "order_rule": "",
                    "source": session["source"],
                    "confidence": session["confidence"],
                    "tables_confidence": tables_confidence,
                }
            )
    return pd.DataFrame(rows, columns=[column.name for column in columns("session_templates")])


def _typical_week(code: str, weekly_tables: float) -> pd.DataFrame:
    """Make a typical week with enough sessions for the tables wanted."""
    needed = math.ceil(weekly_tables / assumed("typical_session_tables"))
    sessions = min(max(needed, int(assumed("typical_sessions_least"))), len(TYPICAL_SLOTS))
    week = pd.DataFrame(TYPICAL_SLOTS[:sessions], columns=["day", "start", "end"])
    week = week.assign(
        establishment=code,
        hall="main",
        people_share=1.0,
        conviction_status="",
        categories="",
        wings="",
        source="assumption (typical timetable)",
        confidence=str(Confidence.ASSUMED),
    )
    return week.sort_values(["day", "start"], key=_week_order, ignore_index=True)


def _week_order(cells: pd.Series[Any]) -> pd.Series[Any]:
    return cells.map(DAYS.index) if cells.name == "day" else cells


def _divided(weekly: int, sessions: pd.DataFrame) -> list[int]:
    """Divide the tables of a week over its sessions, by the people each hall's list serves."""
    lists = sessions.groupby(["hall", "conviction_status"])["day"].transform("size")
    return [int(part) for part in largest_remainder(sessions["people_share"] / lists, weekly)]


def _bounded(tables: list[int]) -> list[int]:
    least, most = int(assumed("smallest_open_tables")), int(assumed("largest_open_tables"))
    return [min(max(number, least), most) for number in tables]


def _closed_tables(open_tables: int) -> int:
    wanted = round(open_tables / assumed("open_tables_per_closed_table"))
    return min(max(wanted, 1), int(assumed("largest_closed_tables")))


def derive_video_stations(establishments: pd.DataFrame) -> pd.DataFrame:
    """Give every open prison video stations by its size.

    Parameters
    ----------
    establishments
        The table ``establishments``.

    Returns
    -------
    DataFrame
        The table ``video_stations``: every afternoon, and weekend mornings; no evenings, which few
        prisons offer and none is known by name.
    """
    rows: list[dict[str, Any]] = []
    for prison in _records(establishments[establishments["operational_capacity"] > 0]):
        wanted = round(float(prison["population"]) / assumed("prisoners_per_video_station"))
        least, most = assumed("smallest_video_stations"), assumed("largest_video_stations")
        for day, start, end in VIDEO_HOURS:
            rows.append(
                {
                    "establishment": prison["establishment"],
                    "stations": int(min(max(wanted, least), most)),
                    "day": day,
                    "start": start,
                    "end": end,
                    "slot_minutes": int(assumed("video_slot_minutes")),
                    "source": "assumption",
                    "confidence": str(Confidence.ASSUMED),
                }
            )
    return pd.DataFrame(rows, columns=[column.name for column in columns("video_stations")])


VIDEO_HOURS = tuple(
    (day, start, end)
    for day in DAYS
    for start, end in (("09:00", "11:30"), ("13:30", "16:30"))
    if start > "12" or day in ("sat", "sun")
)
"""Opening of video stations: assumed, because none is published."""


def derive_family_workers(
    establishments: pd.DataFrame, register: pd.DataFrame, known: pd.DataFrame
) -> pd.DataFrame:
    """Give every open prison its family workers: the number known, or one for so many people.

    Of the assumed number, prisons that receive from court have some for early days, paid by a
    grant, where at least the fewest workers of a prison are left for casework.

    Parameters
    ----------
    establishments, register, known
        The tables ``establishments``, ``establishment_register`` and ``known_family_services``.

    Returns
    -------
    DataFrame
        The table ``family_workers``.
    """
    facts = {str(fact["establishment"]): fact for fact in _records(known)}
    receives = register["functions"].map(split_words).map(RECEIVES.intersection).map(bool)
    receiving = set(register.loc[receives, "establishment"])
    least, grant = assumed("smallest_family_workers"), assumed("early_days_grant_fte")
    rows: list[dict[str, Any]] = []
    for prison in _records(establishments[establishments["operational_capacity"] > 0]):
        code = str(prison["establishment"])
        fact = facts.get(code, NOTHING_KNOWN)
        counted = not math.isnan(fact["fte"])
        workers = fact["fte"] if counted else _assumed_workers(float(prison["population"]))
        granted = not counted and code in receiving and workers - grant >= least
        national = prison["funder"] == Funder.HMPPS
        contract = {
            "establishment": code,
            "funder": NATIONAL if national else OPERATORS,
            "line": WorkerLine.CASEWORK,
            "provider": fact["provider"],
            "lot": "",
            "fte": workers - (grant if granted else 0.0),
            "ends": CONTRACTS_END if national else "",
            "source": _sources_of(fact, counted=counted),
            "confidence": fact["confidence"] if counted else str(Confidence.ASSUMED),
        }
        early = {"funder": WorkerFunder.GRANT, "line": WorkerLine.EARLY_DAYS, "fte": grant}
        rows += [contract] + [contract | early | {"ends": ""}] * granted
    return pd.DataFrame(rows, columns=[column.name for column in columns("family_workers")])


NATIONAL, OPERATORS = WorkerFunder.NATIONAL_CONTRACT, WorkerFunder.OPERATOR_CONTRACT

RECEIVES = frozenset({UnitFunction.RECEPTION})
"""What the register says of a prison that receives people from court."""


def _assumed_workers(people: float) -> float:
    step = assumed("family_worker_step")
    wanted = round(people / assumed("prisoners_per_family_worker") / step) * step
    return max(wanted, assumed("smallest_family_workers"))


CONTRACTS_END = "2027-09-30"
"""End of the five-year national contracts that began in October 2022 (``hmip_2026``)."""


NOTHING_KNOWN: Mapping[str, Any] = {"provider": "", "fte": math.nan, "source": "", "confidence": ""}


def _sources_of(fact: Mapping[str, Any], *, counted: bool) -> str:
    known = split_words(fact["source"])
    return join_words(known if counted else [*known, "assumption"])


ALIGNED_PRISONS = 4
"""Prisons on the list of each court and sex."""


def derive_court_alignment(
    home_areas: pd.DataFrame, establishments: pd.DataFrame, units: pd.DataFrame
) -> pd.DataFrame:
    """List for every area of a court the prisons that receive from it, nearest by road first.

    No list of court alignments is published; nearness by road stands in for it.

    Parameters
    ----------
    home_areas, establishments, units
        The tables of those names.

    Returns
    -------
    DataFrame
        The table ``court_alignment``: the nearest few prisons of each sex with a unit that holds
        uncategorised people of every offence.
    """
    from data.travel import TravelSettings, build_travel

    receives = units["categories"].map(split_words).map(lambda held: Category.UNCATEGORISED in held)
    receives &= ~units["needs_served"].str.contains(Need.SEXUAL_OFFENCES) & (units["places"] > 0)
    receiving = units[receives].drop_duplicates("establishment")
    # Every factor 1: only the order of the roads' own miles counts.
    plain = TravelSettings(**dict.fromkeys((each.name for each in fields(TravelSettings)), 1.0))
    travel = build_travel(home_areas, establishments, plain)
    rows: list[dict[str, Any]] = []
    for sex in Sex:
        codes = sorted(receiving.loc[receiving["sex"] == sex, "establishment"])
        miles = travel.road_miles[:, travel.establishments.get_indexer(pd.Index(codes))].round(1)
        nearest = miles.argsort(axis=1, kind="stable")[:, :ALIGNED_PRISONS]
        rows += [
            {
                "court_area": area,
                "rank": rank,
                "establishment": codes[column],
                "source": "assumption;pecs_guide",
                "confidence": str(Confidence.ASSUMED),
            }
            for area, row in zip(travel.home_areas, nearest, strict=True)
            for rank, column in enumerate(row, start=1)
        ]
    table = pd.DataFrame(rows, columns=[column.name for column in columns("court_alignment")])
    return table.sort_values("court_area", kind="stable", ignore_index=True)


def derive_all() -> dict[str, pd.DataFrame]:
    """Work out every derived table.

    Returns
    -------
    dict
        Tables by name, as they are shipped.
    """
    establishments = read_table("establishments")
    units = derive_units(
        establishments, read_table("establishment_register"), read_table("unit_assumptions")
    )
    return {
        "units": units,
        "session_templates": derive_session_templates(
            establishments, read_table("known_timetable"), read_table("known_tables")
        ),
        "video_stations": derive_video_stations(establishments),
        "family_workers": derive_family_workers(
            establishments,
            read_table("establishment_register"),
            read_table("known_family_services"),
        ),
        "court_alignment": derive_court_alignment(load_home_areas(), establishments, units),
    }


def write_derived() -> None:
    """Rewrite the derived tables beside the published ones."""
    for name, table in derive_all().items():
        written = table.replace({True: "true", False: "false"})
        path = TABLES_FOLDER / f"{name}.csv"
        written.to_csv(path, index=False, lineterminator="\n", encoding="utf-8")


if __name__ == "__main__":
    write_derived()

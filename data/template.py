"""A folder to start from: every table a user may bring, with example rows."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd

from data.check import Problem, TableError
from data.load import read_table
from data.schema import DATA_FOLDER, columns

EXAMPLE_ESTABLISHMENT = "AYI"
"""Aylesbury: one unit, one hall and a short week, so that its rows can be read at a glance."""

ESTATE_TABLES = (
    "establishments",
    "units",
    "session_templates",
    "video_stations",
    "family_workers",
)
WHOLE_TABLES = ("bank_holidays", "move_parts", "rules", "stage_rules")

EXAMPLE_ROWS: dict[str, list[dict[str, str]]] = {
    "population": [
        {
            "prisoner_id": prisoner_id,
            "sex": "men",
            "age": age,
            "ethnicity": "white",
            "nationality_group": "british",
            "religion": "none",
            "disability": "false",
            "pregnancy": "none",
            "language": "english",
            "category": "C",
            "status": "sentenced",
            "sentence_band": "4_to_10_years",
            "days_to_release": "700",
            "days_since_sentence": "400",
            "expected_weeks": "52",
            "offence_group": "violence",
            "home_area": "E08000035-1",
            "origin_basis": "home",
            "court_area": "E08000035-1",
            "release_area": "E08000035-1",
            "children_under_18": children,
            "care_experience": "false",
            "preference": "nearer",
            "incentive_level": "standard",
            "open_suitable": "false",
            "current_unit": f"{EXAMPLE_ESTABLISHMENT}-1",
        }
        for prisoner_id, age, children in (("P000001", "34", "1"), ("P000002", "22", "0"))
    ],
    "contacts": [
        {
            "contact_id": "C000001",
            "prisoner_id": "P000001",
            "relation": "partner",
            "is_child": "false",
            "home_area": "E08000035-1",
            "status": "permitted",
            "availability": "weekend",
            "has_car": "true",
            "low_income": "true",
            "claims_visit_costs": "false",
        }
    ],
    "travel": [
        {
            "origin_id": "E08000035-1",
            "destination_id": EXAMPLE_ESTABLISHMENT,
            "minutes": "185",
            "road_miles": "160",
            "cost_gbp": "144",
            "mode": "car",
            "source": "own measurement",
        }
    ],
    "keep_aparts": [{"a": "P000001", "b": "P000002", "level": "establishment"}],
    "groups": [
        {"group": "G1", "prisoner_id": prisoner_id, "at_most": "3"}
        for prisoner_id in ("P000001", "P000002")
    ],
    "keep_together": [{"a": "P000001", "b": "P000002", "price_gbp": "500"}],
    "locks": [
        {
            "prisoner_id": "P000002",
            "action": "lock",
            "unit_or_establishment": EXAMPLE_ESTABLISHMENT,
            "reason_code": "on_programme",
            "owner": "planner",
            "review_date": "2026-10-01",
        }
    ],
    "cohort_rules": [
        {
            "rule": "example",
            "sex": "men",
            "category": "C",
            "band": "16_months_or_less",
            "days_max": "91",
            "function": "training",
            "level": "off",
            "price_gbp": "8",
            "source": "user",
            "confidence": "assumed",
        }
    ],
    "court_alignment": [
        {
            "court_area": "E08000035-1",
            "rank": "1",
            "establishment": EXAMPLE_ESTABLISHMENT,
            "source": "user",
            "confidence": "assumed",
        }
    ],
    "places_out_of_use": [
        {
            "unit": f"{EXAMPLE_ESTABLISHMENT}-1",
            "places": "1",
            "valid_from": "2026-07-01",
            "valid_to": "2026-12-31",
            "reason": "refurbishment",
        }
    ],
    "excluded_dates": [
        {
            "establishment": EXAMPLE_ESTABLISHMENT,
            "first": "2026-10-12",
            "last": "2026-10-14",
            "reason": "hall closed for repairs",
        }
    ],
    "visit_orders": [
        {
            "establishment": EXAMPLE_ESTABLISHMENT,
            "incentive_level": "enhanced",
            "visit_orders": "2",
            "privileged_orders": "2",
            "source": "user",
            "confidence": "measured",
        }
    ],
    "visiting_rules": [
        {
            "establishment": EXAMPLE_ESTABLISHMENT,
            "adults_max": "3",
            "visitors_max": "6",
            "adult_age": "16",
            "kiosk_share": "0.25",
            "source": "user",
            "confidence": "measured",
        }
    ],
    "transfers": [
        {
            "prisoner_id": "P000001",
            "date": "2026-10-05",
            "establishment": EXAMPLE_ESTABLISHMENT,
            "unit": f"{EXAMPLE_ESTABLISHMENT}-1",
            "reason": "progressive",
        }
    ],
    "exclusions": [{"prisoner_id": "P000001", "home_area": "E08000035-1", "within_miles": "5"}],
    "activities": [
        {
            "prisoner_id": "P000001",
            "kind": kind,
            "activity": activity,
            "weeks_done": weeks_done,
            "weeks_left": weeks_left,
            "on_sentence_plan": on_sentence_plan,
        }
        for kind, activity, weeks_done, weeks_left, on_sentence_plan in (
            ("course", "thinking_skills", "6", "4", "true"),
            ("booked_visit", "1", "0", "1", "false"),
        )
    ],
    "activity_sites": [{"establishment": EXAMPLE_ESTABLISHMENT, "activity": "thinking_skills"}],
}


def write_template(folder: Path | str) -> list[Path]:
    """Write a folder with every table that a user may bring.

    The tables of the estate show one prison, the tables of people two invented ones; the rules are
    the built-in ones, to be changed row by row. The folder passes ``validate_folder`` as it stands.
    A table that is removed from it is the built-in one again.

    Parameters
    ----------
    folder
        Made when it does not exist; may hold other files.

    Returns
    -------
    list of Path
        The files written: one CSV a table and a copy of the dictionary.

    Raises
    ------
    TableError
        When the folder already holds one of the files; nothing is written then.
    """
    folder = Path(folder)
    tables = example_tables()
    paths = {name: folder / f"{name}.csv" for name in tables}
    dictionary = folder / "dictionary.csv"
    there = [path.name for path in (*paths.values(), dictionary) if path.exists()]
    if there:
        raise TableError([_already_there(folder, there)])
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        written = table.replace({True: "true", False: "false"})
        written.to_csv(paths[name], index=False, lineterminator="\n", encoding="utf-8")
    shutil.copyfile(DATA_FOLDER / "dictionary.csv", dictionary)
    return [*paths.values(), dictionary]


def example_tables() -> dict[str, pd.DataFrame]:
    """Make the example tables of the template.

    Returns
    -------
    dict
        Tables by name with the columns of the dictionary.
    """
    tables: dict[str, pd.DataFrame] = {}
    for name in ESTATE_TABLES:
        table = read_table(name)
        tables[name] = table[table["establishment"] == EXAMPLE_ESTABLISHMENT]
    for name, rows in EXAMPLE_ROWS.items():
        names = [column.name for column in columns(name)]
        tables[name] = pd.DataFrame(rows, columns=names, dtype="str").fillna("")
    for name in WHOLE_TABLES:
        tables[name] = read_table(name)
    return tables


def _already_there(folder: Path, names: list[str]) -> Problem:
    return Problem(
        table="",
        file=str(folder),
        value=", ".join(names),
        expected="a folder without these files",
        action="Give a new folder, or move the files away.",
    )

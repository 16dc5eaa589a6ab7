"""A small estate that runs in a second: six real prisons and a few hundred invented people."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data.load import read_table

PRISONS = ("DMI", "LEI", "LNI", "NHI", "NLI", "WEI")
HOMES = {
    "north": ("E08000021", "E08000024", "E06000002"),
    "south": ("E08000035-1", "E08000036", "E08000039-1"),
}
NORTHERN = ("DMI", "LNI", "NLI")
MEN, WOMEN = 260, 60
OWN_TABLES = (
    "establishments",
    "units",
    "session_templates",
    "video_stations",
    "family_workers",
)


def write_small_data(folder: Path, *, seed: int = 3) -> Path:
    """Write a data folder: part of the real estate, people held mostly far from home."""
    folder.mkdir(parents=True, exist_ok=True)
    tables = {name: read_table(name) for name in OWN_TABLES}
    tables = {name: table[table["establishment"].isin(PRISONS)] for name, table in tables.items()}
    people = _people(tables["units"], np.random.default_rng(seed))
    held = people["current_unit"].str[:3].value_counts()
    establishments = tables["establishments"].copy()
    establishments["population"] = establishments["establishment"].map(held).astype("int64")
    tables["establishments"] = establishments
    tables["population"] = people
    tables["contacts"] = _contacts(people, np.random.default_rng(seed + 1))
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False)
    return folder


def _people(units: pd.DataFrame, draw: np.random.Generator) -> pd.DataFrame:
    rows = []
    for number in range(MEN + WOMEN):
        sex = "men" if number < MEN else "women"
        remand = draw.random() < 0.25
        category = "U" if remand else ("C" if sex == "men" else "closed")
        fits = units[
            (units["sex"] == sex)
            & units["categories"].str.split(";").map(lambda held, c=category: c in held)
            & ~units["needs_served"].str.contains("sexual_offences|therapeutic|foreign")
        ]
        unit = fits["unit"].iloc[draw.integers(len(fits))]
        near = "north" if unit[:3] in NORTHERN else "south"
        far = {"north": "south", "south": "north"}[near]
        home = HOMES[far if draw.random() < 0.6 else near][draw.integers(3)]
        rows.append(
            {
                "prisoner_id": f"P{number:04d}",
                "sex": sex,
                "age": int(draw.integers(22, 70)),
                "ethnicity": str(draw.choice(["white", "black", "asian", "mixed"])),
                "nationality_group": "british",
                "religion": "none",
                "disability": bool(draw.random() < 0.2),
                "pregnancy": "none",
                "language": "english",
                "category": category,
                "status": "remand" if remand else "sentenced",
                "sentence_band": "none" if remand else "4_to_10_years",
                "days_to_release": 120 if remand else int(draw.integers(200, 1500)),
                "days_since_sentence": "" if remand else int(draw.integers(30, 900)),
                "expected_weeks": 17.0 if remand else float(draw.integers(20, 52)),
                "offence_group": "other",
                "needs": "",
                "home_area": home,
                "origin_basis": "home",
                "court_area": home,
                "release_area": home,
                "children_under_18": int(draw.integers(0, 3)),
                "care_experience": False,
                "relatives_in_custody": "",
                "preference": "none",
                "incentive_level": str(draw.choice(["basic", "standard", "enhanced"])),
                "open_suitable": False,
                "hold_reason": "",
                "hold_until": "",
                "current_unit": unit,
            }
        )
    return pd.DataFrame(rows)


def _contacts(people: pd.DataFrame, draw: np.random.Generator) -> pd.DataFrame:
    rows = []
    for row in people.itertuples():
        for each in range(int(draw.integers(0, 3))):
            child = each == 1 and row.children_under_18 > 0
            rows.append(
                {
                    "contact_id": f"{row.prisoner_id}-{each}",
                    "prisoner_id": row.prisoner_id,
                    "relation": "child" if child else "partner",
                    "is_child": child,
                    "home_area": row.home_area,
                    "status": str(
                        draw.choice(
                            ["permitted", "with_conditions", "under_assessment", "barred"],
                            p=[0.85, 0.05, 0.05, 0.05],
                        )
                    ),
                    "status_basis": "",
                    "availability": str(
                        draw.choice(["weekday", "after_school_or_work", "weekend", "any"])
                    ),
                    "has_car": bool(draw.random() < 0.6),
                    "low_income": bool(draw.random() < 0.5),
                    "claims_visit_costs": bool(draw.random() < 0.4),
                }
            )
    return pd.DataFrame(rows)


@pytest.fixture(scope="session")
def small_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the small data folder; read only."""
    return write_small_data(tmp_path_factory.mktemp("small") / "data")


@pytest.fixture
def own_data(small_data: Path, tmp_path: Path) -> Path:
    """Give a small data folder of the test's own, to be damaged."""
    return Path(shutil.copytree(small_data, tmp_path / "data"))


@pytest.fixture(scope="session")
def short_year(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a scenario of today with a year of eight weeks, to play many of them; read only."""
    path = tmp_path_factory.mktemp("short") / "short_year.yaml"
    path.write_text(
        "title: A year of eight weeks\nquestion: What if?\nchange:\n  calendar.weeks: 8\n"
    )
    return path

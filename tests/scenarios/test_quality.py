"""What looks wrong in a planner's own people is said before anything is decided."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from data.template import write_template
from scenarios.own_tables.quality import warnings


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_template(tmp_path / "mine")
    return tmp_path / "mine"


def change(folder: Path, row: int, **cells: str) -> None:
    path = folder / "population.csv"
    table = pd.read_csv(path, dtype="str", keep_default_na=False)
    table.loc[row, list(cells)] = list(cells.values())
    table.to_csv(path, index=False)


def test_nothing_is_said_of_sound_people(folder: Path) -> None:
    assert list(warnings(folder)) == []


def test_nothing_is_said_of_a_folder_without_people(folder: Path) -> None:
    for name in ("population", "contacts"):
        (folder / f"{name}.csv").unlink()

    assert list(warnings(folder)) == []


def test_contradictions_and_people_in_wrong_places_are_told_with_ids(folder: Path) -> None:
    """A hold that ended in June binds nobody; Aylesbury has no wing for sexual offences."""
    change(folder, 0, pregnancy="pregnant", hold_reason="medical", hold_until="2026-06-01")
    change(folder, 1, needs="sexual_offences")

    told = list(warnings(folder))

    assert [line.partition(" (")[0] for line in told[:2]] == [
        "warning: men with a pregnancy or a baby of under 18 months: 1 person",
        "warning: on a hold that has ended: 1 person",
    ]
    assert told[1].endswith("Clear the hold, or give it a new date; it binds nobody as it stands.")
    (wrong,) = told[2:]
    assert "held today against the rule sexual_offence_safety" in wrong
    assert "1 person (P000002). Correct what the rule reads, or current_unit" in wrong


def test_a_table_of_many_shows_the_first_few_ids(folder: Path) -> None:
    path = folder / "population.csv"
    table = pd.read_csv(path, dtype="str", keep_default_na=False)
    many = pd.concat([table.tail(1)] * 7, ignore_index=True)
    many["prisoner_id"] = [f"P{number}" for number in range(7)]
    pd.concat([table, many.assign(pregnancy="pregnant")]).to_csv(path, index=False)

    (line,) = warnings(folder)

    assert "7 people (P0, P1, P2, P3, P4, ...)" in line

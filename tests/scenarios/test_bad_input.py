"""Whatever is wrong with the input, it ends in one clear message, exit code 2, nothing left."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from scenarios.cli import app

HEAD = "title: Trial\nquestion: What then?\n"


def estate(*words: str | Path) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def refused(result: Result, *expected: str) -> None:
    said = " ".join(result.stderr.split())
    assert result.exit_code == 2, said
    assert "Traceback" not in said
    for words in expected:
        assert words in said


def edit(folder: Path, table: str, change: Callable[[pd.DataFrame], pd.DataFrame | None]) -> None:
    path = folder / f"{table}.csv"
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    changed = change(frame)
    (frame if changed is None else changed).to_csv(path, index=False)


def set_cell(row: int, column: str, value: str) -> Callable[[pd.DataFrame], None]:
    def change(frame: pd.DataFrame) -> None:
        frame.loc[row, column] = value

    return change


def drop(column: str) -> Callable[[pd.DataFrame], pd.DataFrame]:
    return lambda frame: frame.drop(columns=column)


def repeat_first(frame: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([frame, frame.head(1)])


DAMAGES = {
    "a missing column": ("population", drop("home_area"), ["population.csv", "home_area"]),
    "an unknown code": (
        "population",
        set_cell(3, "current_unit", "QQQ-1"),
        ["population.csv", "row 5", "current_unit", "QQQ-1"],
    ),
    "an unknown word": (
        "population",
        set_cell(0, "status", "sentencd"),
        ["population.csv", "status", "sentencd", "sentenced"],
    ),
    "a duplicate id": ("population", repeat_first, ["population.csv", "prisoner_id", "P0000"]),
    "a negative capacity": ("units", set_cell(0, "places", "-5"), ["units.csv", "places", "-5"]),
    "a number that is none": ("units", set_cell(0, "places", "NaN"), ["units.csv", "places"]),
    "an empty number": ("units", set_cell(0, "in_use_cna", ""), ["units.csv", "in_use_cna"]),
    "a category no unit holds": (
        "population",
        set_cell(0, "category", "A"),
        ["category", "A"],
    ),
    "an unknown home area": (
        "contacts",
        set_cell(0, "home_area", "X00"),
        ["contacts.csv", "home_area", "X00"],
    ),
    "a table without rows": ("units", lambda frame: frame.head(0), ["units.csv"]),
    "a prison without units": (
        "units",
        lambda frame: frame[frame["establishment"] != "LEI"],
        ["LEI"],
    ),
}


@pytest.mark.parametrize("damage", list(DAMAGES))
def test_damaged_tables_are_refused_and_nothing_is_left(
    own_data: Path, tmp_path: Path, damage: str
) -> None:
    table, change, expected = DAMAGES[damage]
    edit(own_data, table, change)
    runs = tmp_path / "runs"
    refused(estate("run", "baseline", "--data", own_data, "--runs", runs), *expected)
    assert not runs.exists() or list(runs.iterdir()) == []
    refused(estate("validate", own_data), *expected)


def test_more_people_than_places_are_refused(own_data: Path, tmp_path: Path) -> None:
    def shrink(frame: pd.DataFrame) -> None:
        frame["places"], frame["in_use_cna"], frame["headroom"] = "3", "3", "0"

    edit(own_data, "units", shrink)

    def follow(frame: pd.DataFrame) -> None:
        units = pd.read_csv(own_data / "units.csv")["establishment"].value_counts() * 3
        places = frame["establishment"].map(units).astype(str)
        frame["operational_capacity"], frame["in_use_cna"] = places, places

    edit(own_data, "establishments", follow)
    refused(
        estate("run", "baseline", "--data", own_data, "--runs", tmp_path / "runs"),
        "population",
        "places",
    )


def test_a_population_of_nobody_is_refused(own_data: Path, tmp_path: Path) -> None:
    for table in ("population", "contacts"):
        edit(own_data, table, lambda frame: frame.head(0))
    edit(own_data, "establishments", lambda frame: frame.assign(population="0"))
    refused(
        estate("run", "baseline", "--data", own_data, "--runs", tmp_path / "runs"),
        "population.csv: expected at least one row",
    )


@pytest.mark.parametrize("table", ["contacts", "session_templates", "video_stations"])
def test_an_estate_without_contacts_or_sessions_or_stations_plays(
    own_data: Path, tmp_path: Path, table: str
) -> None:
    edit(own_data, table, lambda frame: frame.head(0))
    done = estate(
        "run", "baseline", "--data", own_data, "--runs", tmp_path / "runs",
        "--replications", "1", "--workers", "1",
    )  # fmt: skip
    assert done.exit_code == 0, done.stderr


def test_corrupt_parquet_is_refused(own_data: Path, tmp_path: Path) -> None:
    (own_data / "population.csv").unlink()
    (own_data / "population.parquet").write_bytes(b"PAR1 nothing of the kind")
    refused(
        estate("run", "baseline", "--data", own_data, "--runs", tmp_path / "runs"),
        "population.parquet",
    )


def test_a_table_there_twice_is_refused(own_data: Path, tmp_path: Path) -> None:
    (own_data / "population.parquet").write_bytes(b"")
    refused(
        estate("run", "baseline", "--data", own_data, "--runs", tmp_path / "runs"), "population"
    )


def test_every_table_that_is_no_single_file_is_named_at_once(own_data: Path) -> None:
    (own_data / "population.parquet").write_bytes(b"")
    (own_data / "rules.csv").mkdir()

    refused(estate("validate", own_data), "population", "rules.csv")


def test_a_data_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    refused(
        estate("run", "baseline", "--data", tmp_path / "none", "--runs", tmp_path / "runs"),
        "none: no such data folder",
    )
    refused(estate("validate", tmp_path / "none"), "no such data folder")


def test_a_folder_without_tables_is_refused(tmp_path: Path) -> None:
    refused(estate("validate", tmp_path), "holds no table")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "the file is empty"),
        (f"{HEAD}parent: nobody\nchange: {{placements: today}}\n", "'nobody' does not exist"),
        (f"{HEAD}parent: evening_visits\nchange: {{placements: today}}\n", "chains"),
        (f"{HEAD}change: {{regime.notice_day_min: 1}}\n", "Did you mean 'regime.notice_days_min'"),
    ],
)
def test_a_wrong_scenario_is_refused(tmp_path: Path, text: str, expected: str) -> None:
    path = tmp_path / "trial.yaml"
    path.write_text(text)
    refused(estate("run", "baseline", path, "--runs", tmp_path / "runs"), expected)
    assert not (tmp_path / "runs").exists()


def test_a_selector_that_selects_nothing_is_refused(small_data: Path, tmp_path: Path) -> None:
    path = tmp_path / "trial.yaml"
    path.write_text(
        f"{HEAD}change:\n  regime.session_tables:\n"
        "    - {where: {region: London}, multiply: 2}\n"
    )
    refused(
        estate("run", path, "--data", small_data, "--runs", tmp_path / "runs"),
        "regime.session_tables row 1 selects nothing in this estate (region: London)",
    )


def test_an_unknown_scenario_is_refused(tmp_path: Path) -> None:
    refused(estate("run", "basline", "--runs", tmp_path / "runs"), "Did you mean 'baseline'")


@pytest.mark.skipif(os.name != "posix", reason="folder permissions are those of POSIX")
def test_a_place_that_cannot_be_written_is_refused(small_data: Path, tmp_path: Path) -> None:
    if os.geteuid() == 0:
        place = tmp_path / "file"
        place.write_text("root may write anywhere but into a file")
    else:
        place = tmp_path / "locked"
        place.mkdir()
        place.chmod(stat.S_IRUSR | stat.S_IXUSR)
    refused(
        estate("run", "baseline", "--data", small_data, "--runs", place / "runs"),
        "cannot be written",
    )


def test_a_run_folder_without_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "half").mkdir()
    refused(
        estate("compare", tmp_path / "half", tmp_path / "half"), "not a complete run", "measures"
    )


def test_a_plan_is_only_made_for_a_scenario_that_decides(tmp_path: Path) -> None:
    refused(estate("allocate", "evening_visits", "--out", tmp_path / "plan"), "nothing to decide")


def test_a_folder_in_use_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep me")
    refused(estate("allocate", "closer_to_home", "--out", tmp_path), "is in use")
    assert (tmp_path / "mine.txt").read_text() == "keep me"


def test_a_template_never_writes_over_tables(own_data: Path) -> None:
    before = (own_data / "population.csv").read_bytes()
    refused(estate("template", own_data), "population.csv")
    assert (own_data / "population.csv").read_bytes() == before


@pytest.mark.parametrize(
    "words",
    [
        ["run"],
        ["run", "baseline", "--replications", "0"],
        ["run", "baseline", "--replications", "many"],
        ["run", "baseline", "--workers", "0"],
        ["run", "baseline", "--seed", "-1"],
        ["nonsense"],
    ],
)
def test_wrong_usage_ends_with_code_2(words: list[str]) -> None:
    assert estate(*words).exit_code == 2


@pytest.mark.parametrize(
    "change",
    [
        "rules.over_security: {level: soft, price_gbp: 1.0e6}",
        "rules.reception_headroom: {level: soft, price_gbp: 1.0e6}",
        "rules.region: {level: soft, price_gbp: 1.0e17}",
    ],
    ids=["unit", "capacity", "beyond 64 bits"],
)
def test_prices_that_whole_pennies_cannot_hold_are_refused(
    small_data: Path, tmp_path: Path, change: str
) -> None:
    scenario = tmp_path / "dear.yaml"
    scenario.write_text(f"{HEAD}change:\n  placements: optimised\n  {change}\n", encoding="utf-8")

    done = estate("allocate", scenario, "--data", small_data, "--out", tmp_path / "plan")

    refused(done)
    assert not (tmp_path / "plan").exists()

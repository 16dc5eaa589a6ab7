"""A check says what blocks, what does not, what is missing, and who is where no rule lets them."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from optimiser.misplaced import misplaced
from scenarios.display import data_quality
from scenarios.inputs import load_inputs
from scenarios.load import load_scenario
from scenarios.own_tables.check_tables import check_tables
from scenarios.own_tables.uploads import UploadError, run_check, stored_check
from scenarios.planning.place import allocation_inputs


@pytest.fixture(scope="module")
def sound(small_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("check") / "found"
    check_tables(small_data, out)
    return out


def edited(data: Path, table: str, column: str, row: int, value: str) -> None:
    path = data / f"{table}.csv"
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    frame.loc[row, column] = value
    frame.to_csv(path, index=False)


def test_sound_tables_have_no_error(sound: Path) -> None:
    check = stored_check(sound)
    assert check["errors"] == 0
    assert "These tables can be used" in data_quality.verdict(check)


def test_shares_missing_are_those_counted_in_the_file(sound: Path, small_data: Path) -> None:
    people = pd.read_csv(small_data / "population.csv", dtype=str, keep_default_na=False)
    missing = data_quality.read(sound, "missing").set_index(["table", "column"])
    for column, words in (("days_to_release", [""]), ("ethnicity", ["not_recorded"])):
        row = missing.loc[("population", column)]
        assert row["missing"] == people[column].isin(words).sum()
        assert row["missing_share"] == pytest.approx(row["missing"] / len(people))
    assert ("population", "needs") not in missing.index


def test_people_misplaced_are_counted_by_prison_and_rule(sound: Path, small_data: Path) -> None:
    baseline = load_scenario("baseline")
    inputs = allocation_inputs(baseline, load_inputs(baseline, small_data))
    expected = misplaced(inputs)
    found = data_quality.read(sound, "misplaced")
    assert found["people"].sum() == len(expected) == stored_check(sound)["misplaced"]


def test_errors_block_and_are_told_with_rows_rule_and_what_to_do(
    own_data: Path, tmp_path: Path
) -> None:
    edited(own_data, "population", "category", 0, "Z")
    edited(own_data, "units", "places", 0, "many")
    check_tables(own_data, tmp_path / "out")
    check = stored_check(tmp_path / "out")
    report = data_quality.read(tmp_path / "out", "report")
    assert check["errors"] == len(report) >= 2
    assert "cannot be used yet" in data_quality.verdict(check)
    row = report[report["found"] == "Z"].iloc[0]
    assert (row["severity"], row["table"], row["column"], row["rows"]) == (
        "error",
        "population",
        "category",
        "2",
    )
    assert row["rule"].startswith("one of ")
    assert row["action"]


def test_records_that_contradict_each_other_warn_and_do_not_block(
    own_data: Path, tmp_path: Path
) -> None:
    edited(own_data, "population", "sex", 0, "men")
    edited(own_data, "population", "pregnancy", 0, "pregnant")
    check_tables(own_data, tmp_path / "out")
    check = stored_check(tmp_path / "out")
    report = data_quality.read(tmp_path / "out", "report")
    assert check["errors"] == 0
    assert check["warnings"] >= 1
    assert report["rule"].str.contains("men with a pregnancy").any()
    assert set(report["severity"]) == {"warning"}


def test_long_hostile_cell_is_cut_and_shown_as_text(own_data: Path, tmp_path: Path) -> None:
    edited(own_data, "population", "category", 0, '<img src="https://evil.example/x">' * 1_000)
    check_tables(own_data, tmp_path / "out")
    report = data_quality.read(tmp_path / "out", "report")
    assert report["found"].str.len().max() <= 120
    assert "<img" not in data_quality.report(report)


def test_check_in_a_process_of_its_own_gives_the_same_files(
    sound: Path, small_data: Path, tmp_path: Path
) -> None:
    run_check(small_data, tmp_path / "out")
    for path in sound.iterdir():
        assert (tmp_path / "out" / path.name).read_bytes() == path.read_bytes()


def test_check_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "in the way").write_text("x")
    with pytest.raises(UploadError, match="could not be checked"):
        run_check(None, tmp_path / "in the way" / "out")


def test_every_table_that_can_be_brought_has_a_place_on_the_page_and_a_name() -> None:
    from scenarios.own_tables.templates import names

    placed = [table for members in data_quality.GROUPS.values() for table in members]
    assert sorted(placed) == sorted(names()) == sorted(data_quality.NAMES)

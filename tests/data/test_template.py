"""The template folder: complete, sound, and never written over anybody's files."""

from __future__ import annotations

from pathlib import Path

import pytest

from data.load import read_table
from data.schema import DATA_FOLDER, columns
from data.template import write_template
from data.validate import TableError, validate_folder

USER_TABLES = {
    *("establishments", "units", "population", "contacts", "travel", "session_templates"),
    *("video_stations", "family_workers", "keep_aparts", "groups", "keep_together", "locks"),
    *(
        "exclusions",
        "activities",
        "activity_sites",
        "move_parts",
        "rules",
        "stage_rules",
        "cohort_rules",
    ),
    *("court_alignment", "places_out_of_use", "excluded_dates", "bank_holidays"),
    "visit_orders",
    "visiting_rules",
    "transfers",
}


def test_every_table_a_user_may_bring_is_written_with_the_dictionary(tmp_path: Path) -> None:
    written = write_template(tmp_path / "new" / "folder")

    assert {path.stem for path in written} == USER_TABLES | {"dictionary"}
    copied = (tmp_path / "new" / "folder" / "dictionary.csv").read_bytes()
    assert copied == (DATA_FOLDER / "dictionary.csv").read_bytes()


def test_every_file_has_the_columns_of_the_dictionary_and_an_example(tmp_path: Path) -> None:
    write_template(tmp_path)

    for name in USER_TABLES:
        header, *rows = (tmp_path / f"{name}.csv").read_text(encoding="utf-8").splitlines()
        assert header.split(",") == [column.name for column in columns(name)]
        assert rows


def test_the_folder_validates_and_reads_as_it_stands(tmp_path: Path) -> None:
    write_template(tmp_path)

    assert validate_folder(tmp_path) == []
    assert read_table("units", tmp_path)["unit"].to_list() == ["AYI-1"]
    assert len(read_table("population", tmp_path)) == 2


def test_the_rules_are_the_built_in_ones(tmp_path: Path) -> None:
    write_template(tmp_path)

    assert read_table("rules", tmp_path).equals(read_table("rules"))


def test_a_folder_that_holds_one_of_the_files_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "units.csv").write_text("mine")

    with pytest.raises(TableError, match=r"found 'units.csv'; expected a folder without"):
        write_template(tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == ["units.csv"]
    assert (tmp_path / "units.csv").read_text() == "mine"

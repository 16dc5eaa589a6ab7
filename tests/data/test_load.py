"""Reading tables: types, a user's folder before the built-in one, files that cannot be read."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

from data.description import source_keys
from data.load import dictionary, read_table, sources, table_names, table_path
from data.schema import DATA_FOLDER, TABLES_FOLDER, Dtype, Required, columns
from data.validate import TableError, check_table

SETTINGS = DATA_FOLDER.parent / "scenarios" / "settings.csv"
HEADER = "a,b,level,reason\n"


def problems_of(name: str, folder: Path) -> list[str]:
    with pytest.raises(TableError) as caught:
        read_table(name, folder)
    return [str(problem) for problem in caught.value.problems]


def test_every_shipped_table_has_its_rows_in_the_dictionary() -> None:
    shipped = {path.stem for path in TABLES_FOLDER.iterdir()}

    assert shipped <= set(table_names())


@pytest.mark.parametrize("name", [name for name in table_names() if table_path(name)])
def test_shipped_tables_are_sound_and_have_the_columns_of_the_dictionary_in_order(
    name: str,
) -> None:
    path = TABLES_FOLDER / f"{name}.csv"
    raw = pd.read_csv(path, dtype="str", keep_default_na=False)

    assert list(raw.columns) == [column.name for column in columns(name)]
    assert check_table(raw, name) == []


def test_dictionary_rows_are_complete_and_unique() -> None:
    rows = dictionary()

    assert not rows.duplicated(["table", "column"]).any()
    assert rows["dtype"].isin(list(Dtype)).all()
    assert rows["required"].isin(list(Required)).all()
    assert (rows["meaning"] != "").all()
    numbers = rows[rows["dtype"].isin([Dtype.INTEGER, Dtype.NUMBER])]
    plain = {"value", "low", "high", "weight", "part", "point", "amount"}
    assert set(numbers.loc[numbers["measure_unit"] == "", "column"]) <= plain


def test_references_of_the_dictionary_point_to_columns_of_the_dictionary() -> None:
    for name in table_names():
        for column in columns(name):
            for table, referred in column.references:
                assert referred in [other.name for other in columns(table)]


def test_every_source_key_has_an_entry_in_sources() -> None:
    known = set(sources())
    cells = set(dictionary()["source"])
    for name in table_names():
        if table_path(name) and "source" in (table := read_table(name)).columns:
            cells |= set(table["source"])
    keys = {re.sub(r" \(.*\)$", "", key) for cell in cells for key in cell.split(";") if key}

    assert keys - known == set()


@pytest.mark.parametrize("file", ["settings.csv", "export_settings.csv"])
def test_every_setting_names_its_sources(file: str) -> None:
    settings = pd.read_csv(SETTINGS.with_name(file), dtype="str", keep_default_na=False)

    assert len(settings)
    assert source_keys(settings["source"]) <= set(sources())


def test_no_setting_is_called_measured_for_an_assumption() -> None:
    settings = pd.read_csv(SETTINGS, dtype="str", keep_default_na=False)
    measured = settings.loc[settings["confidence"] == "measured", "source"]

    assert source_keys(measured).isdisjoint({"assumption", "visits_model", "services_model"})


def test_no_source_is_entered_twice() -> None:
    """YAML would keep the last entry of a key in silence."""
    text = (DATA_FOLDER / "sources.yaml").read_text(encoding="utf-8")

    keys = re.findall(r"^(\w+):", text, flags=re.MULTILINE)

    assert sorted(keys) == sorted(set(keys))


def test_every_source_says_who_published_what_when_under_which_licence() -> None:
    for key, entry in sources().items():
        assert {"publisher", "title", "table", "licence", "date"} <= set(entry), key


def test_types_are_those_of_the_dictionary() -> None:
    units = read_table("units")

    assert units["places"].dtype == "int64"
    assert units["young_offenders"].dtype == bool
    assert units["categories"].dtype == "str"


def test_reading_twice_gives_independent_tables() -> None:
    first = read_table("units")
    first.loc[0, "places"] = -1

    assert (read_table("units")["places"] >= 0).all()


def test_a_users_csv_comes_before_the_built_in_table(tmp_path: Path) -> None:
    mine = read_table("video_stations").head(2).assign(stations=9)
    mine.to_csv(tmp_path / "video_stations.csv", index=False)

    read = read_table("video_stations", tmp_path)

    assert list(read["stations"]) == [9, 9]
    assert len(read_table("units", tmp_path)) == len(read_table("units"))


def test_parquet_gives_the_same_table_as_csv(tmp_path: Path) -> None:
    units = read_table("units")
    units.to_parquet(tmp_path / "units.parquet")

    pd.testing.assert_frame_equal(read_table("units", tmp_path), units)


def test_an_optional_column_that_is_absent_reads_as_empty(tmp_path: Path) -> None:
    sessions = read_table("session_templates").drop(columns="tables_confidence")
    sessions.to_csv(tmp_path / "session_templates.csv", index=False)

    assert (read_table("session_templates", tmp_path)["tables_confidence"] == "").all()


def test_blank_lines_and_a_byte_order_mark_are_harmless(tmp_path: Path) -> None:
    text = "\ufeff" + HEADER + "P1,P2,cell,\n\n,,,\n"
    (tmp_path / "keep_aparts.csv").write_text(text, encoding="utf-8")

    read = read_table("keep_aparts", tmp_path)

    assert read.to_dict("list") == {"a": ["P1"], "b": ["P2"], "level": ["cell"], "reason": [""]}


def test_a_header_alone_is_an_empty_table(tmp_path: Path) -> None:
    (tmp_path / "keep_aparts.csv").write_text(HEADER, encoding="utf-8")

    read = read_table("keep_aparts", tmp_path)

    assert len(read) == 0
    assert list(read.columns) == ["a", "b", "level", "reason"]


def test_the_word_na_is_text_and_not_a_missing_value(tmp_path: Path) -> None:
    (tmp_path / "keep_aparts.csv").write_text(HEADER + "NA,NULL,cell,nan\n", encoding="utf-8")

    assert read_table("keep_aparts", tmp_path).iloc[0].tolist() == ["NA", "NULL", "cell", "nan"]


def test_a_table_that_nobody_has_is_named_with_what_to_do(tmp_path: Path) -> None:
    (message,) = problems_of("keep_aparts", tmp_path)

    assert "keep_aparts.csv: expected this file" in message
    assert "Add it" in message


def test_an_unknown_table_name_suggests_the_right_one() -> None:
    with pytest.raises(TableError, match="Did you mean 'units'"):
        read_table("unit")


def test_a_table_held_twice_is_refused(tmp_path: Path) -> None:
    read_table("units").to_parquet(tmp_path / "units.parquet")
    read_table("units").to_csv(tmp_path / "units.csv", index=False)

    (message,) = problems_of("units", tmp_path)

    assert "Remove either units.csv or units.parquet" in message


def test_a_corrupt_parquet_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "units.parquet").write_bytes(b"PAR1 this is no Parquet file PAR1")

    (message,) = problems_of("units", tmp_path)

    assert message.startswith("units.parquet: expected a whole Parquet file")
    assert message.endswith("Write the file again.")


def test_a_parquet_file_cut_short_is_named(tmp_path: Path) -> None:
    read_table("units").to_parquet(tmp_path / "units.parquet")
    whole = (tmp_path / "units.parquet").read_bytes()
    (tmp_path / "units.parquet").write_bytes(whole[: len(whole) // 2])

    assert len(problems_of("units", tmp_path)) == 1


def test_wrong_encoding_names_the_row(tmp_path: Path) -> None:
    text = HEADER + "P1,P2,cell,\nP3,P4,cell,Zoë\n"
    (tmp_path / "keep_aparts.csv").write_bytes(text.encode("latin-1"))

    (message,) = problems_of("keep_aparts", tmp_path)

    assert message.startswith("keep_aparts.csv row 3: found 'Zoë'; expected text in UTF-8")


def test_a_row_with_too_many_cells_is_named(tmp_path: Path) -> None:
    (tmp_path / "keep_aparts.csv").write_text(HEADER + "P1,P2,cell,\nP3,P4,cell,,x\n")

    (message,) = problems_of("keep_aparts", tmp_path)

    assert message.startswith("keep_aparts.csv row 3: found '5 cells'; expected 4 cells")


def test_a_row_with_too_few_cells_is_named(tmp_path: Path) -> None:
    (tmp_path / "keep_aparts.csv").write_text(HEADER + "P1,P2,cell,\n\nP3,P4\n")

    (message,) = problems_of("keep_aparts", tmp_path)

    assert message.startswith("keep_aparts.csv row 4: found '2 cells'")


@pytest.mark.parametrize("text", ["a,b,a\n1,2,3\n", ",,,\n"])
def test_a_header_that_names_nothing_or_something_twice_is_refused(
    tmp_path: Path, text: str
) -> None:
    (tmp_path / "keep_aparts.csv").write_text(text)

    (message,) = problems_of("keep_aparts", tmp_path)

    assert "keep_aparts.csv row 1" in message


def test_an_unclosed_quotation_mark_is_one_clear_fault(tmp_path: Path) -> None:
    (tmp_path / "keep_aparts.csv").write_text(HEADER + '"P1,P2,cell,\nP3,P4,cell,\n')

    assert len(problems_of("keep_aparts", tmp_path)) == 1

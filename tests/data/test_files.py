"""Files that are not what their names say: one fault each, never a traceback."""

from __future__ import annotations

import datetime
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from data.load import read_table
from data.template import example_tables, write_template
from data.validate import Problem, TableError, check_table, validate_folder

PEOPLE = example_tables()["population"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_template(tmp_path / "mine")
    return tmp_path / "mine"


def faults_of_people(folder: Path, content: bytes, ending: str = ".csv") -> list[Problem]:
    """Check the folder with other content in its table of people."""
    (folder / "population.csv").unlink()
    (folder / f"population{ending}").write_bytes(content)
    return [fault for fault in validate_folder(folder) if fault.table == "population"]


def faults_of_stored(folder: Path, people: pa.Table) -> list[Problem]:
    (folder / "population.csv").unlink()
    pq.write_table(people, folder / "population.parquet")
    return [fault for fault in validate_folder(folder) if fault.table == "population"]


def csv_of(people: pd.DataFrame, separator: str = ",") -> bytes:
    text: str = people.to_csv(index=False, lineterminator="\n", sep=separator)
    return text.encode()


CSV = csv_of(PEOPLE)

NO_CSV = {
    "an Excel workbook": (b"PK\x03\x04" + CSV, "an Excel workbook"),
    "an old Excel workbook": (b"\xd0\xcf\x11\xe0\xa1\xb1" + CSV, "an Excel workbook"),
    "Parquet": (b"PAR1" + CSV, "a Parquet file"),
    "a compressed file": (b"\x1f\x8b\x08" + CSV, "a compressed file"),
    "UTF-16": (CSV.decode().encode("utf-16"), "text in UTF-16"),
    "nothing": (b"", "an empty file"),
    "a zero byte": (CSV.replace(b"violence", b"viol\x00nce", 1), "a zero byte"),
    "semicolons": (csv_of(PEOPLE, ";"), "semicolons"),
    "tabs": (csv_of(PEOPLE, "\t"), "tabs"),
    "Windows-1252": (CSV.replace(b"violence", b"viol\xe9nce", 1), "violénce"),
    "a header cell without a name": (CSV.replace(b"ethnicity", b"", 1), "column 4"),
}


@pytest.mark.parametrize(("content", "found"), NO_CSV.values(), ids=NO_CSV)
def test_what_is_no_csv_file_is_one_fault_that_says_what_it_is(
    folder: Path, content: bytes, found: str
) -> None:
    (fault,) = faults_of_people(folder, content)

    assert fault.file == "population.csv"
    assert found in fault.value
    assert fault.action


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + CSV,
        CSV.replace(b"\n", b"\r\n"),
        CSV.replace(b"\n", b"\r"),
        CSV + b"\n\n" + b"," * (len(PEOPLE.columns) - 1) + b"\n",
        csv_of(PEOPLE[PEOPLE.columns[::-1]]),
    ],
    ids=["byte order mark", "Windows line ends", "old Mac line ends", "blank rows", "other order"],
)
def test_the_ways_programs_write_csv_are_all_read(folder: Path, content: bytes) -> None:
    assert faults_of_people(folder, content) == []


def test_cells_are_judged_beside_rows_of_another_length(folder: Path) -> None:
    header, first, second = CSV.decode().splitlines()
    odd = (
        second.replace("violence", "E,violence").replace("women", "nobody").replace("men", "nobody")
    )
    content = "\n".join([header, odd, first.replace(",34,", ",old,"), ""])

    faults = faults_of_people(folder, content.encode())

    assert {(fault.row, fault.column) for fault in faults} == {(2, ""), (3, "age")}


@pytest.mark.parametrize("content", [b"", CSV, b"PAR1", b"PK\x03\x04"])
def test_what_is_no_parquet_file_is_one_fault(folder: Path, content: bytes) -> None:
    (fault,) = faults_of_people(folder, content, ".parquet")

    assert (fault.file, fault.expected) == ("population.parquet", "a whole Parquet file")


def test_bytes_that_are_no_text_in_parquet_are_one_fault(folder: Path) -> None:
    sexes = pa.array([b"men", b"\xff"], type=pa.binary())

    (fault,) = faults_of_stored(folder, stored(sex=sexes))

    assert (fault.file, fault.column) == ("population.parquet", "sex")
    assert fault.expected == "text in UTF-8"


@pytest.mark.parametrize(
    "column",
    [
        {"sex": pa.array([b"men", b"men"], type=pa.binary())},
        {"sex": pa.array(["men", "men"]).dictionary_encode()},
        {"age": pa.array([34, 22], type=pa.int8())},
        {"age": pa.array([Decimal("34.0"), Decimal("22.0")])},
        {"hold_until": pa.array([datetime.date(2026, 10, 1), None])},
        {"hold_until": pa.array([datetime.datetime(2026, 10, 1), None], type=pa.timestamp("us"))},
        {"open_suitable": pa.array([True, False])},
        {"hold_reason": pa.nulls(2)},
    ],
    ids=["bytes", "categories", "int8", "decimal", "date", "time stamp", "booleans", "nulls"],
)
def test_parquet_columns_of_other_kinds_are_read(folder: Path, column: dict[str, pa.Array]) -> None:
    assert faults_of_stored(folder, stored(**column)) == []


def test_a_parquet_table_without_columns_lacks_each_of_them(folder: Path) -> None:
    faults = faults_of_stored(folder, pa.table({}))

    assert {fault.expected for fault in faults} == {"this column"}


def stored(**columns: pa.Array) -> pa.Table:
    """Give the two people of the template as Arrow holds them, with other columns."""
    people = pa.Table.from_pandas(PEOPLE, preserve_index=False)
    for name, cells in columns.items():
        people = people.set_column(people.column_names.index(name), name, cells)
    return people


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_a_folder_with_the_name_of_a_table_is_refused(folder: Path, ending: str) -> None:
    (folder / "population.csv").unlink()
    (folder / f"population{ending}").mkdir()

    (fault,) = [fault for fault in validate_folder(folder) if fault.table == "population"]

    assert (fault.file, fault.expected) == (f"population{ending}", "a file")
    with pytest.raises(TableError, match="expected a file"):
        read_table("population", folder)


def test_a_link_to_nowhere_is_refused(folder: Path) -> None:
    (folder / "units.csv").unlink()
    (folder / "units.csv").symlink_to(folder / "gone.csv")

    assert [str(fault) for fault in validate_folder(folder) if fault.table == "units"] == [
        "units.csv: expected a file. Put the table there, or remove what has its name."
    ]


def test_a_file_that_may_not_be_read_is_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = Path.read_bytes

    def refuse(path: Path) -> bytes:
        if path.name == "units.csv":
            raise PermissionError(13, "Permission denied", str(path))
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", refuse)

    (fault,) = [fault for fault in validate_folder(folder) if fault.table == "units"]

    assert fault.expected == "a file that can be read"
    assert "Permission denied" in fault.action


@pytest.mark.parametrize(
    "name",
    ["population.CSV", "Population.csv", "population.xlsx", "population.ods", "population.csv.gz"],
)
def test_a_table_under_a_name_that_is_not_read_is_never_passed_over(
    folder: Path, name: str
) -> None:
    (folder / "population.csv").rename(folder / name)

    (fault,) = [fault for fault in validate_folder(folder) if fault.file == name]

    assert "population.csv" in fault.action


@pytest.mark.parametrize("name", ["README.md", "notes.txt", "~$population.xlsx", ".rules.csv.swp"])
def test_files_that_are_no_tables_are_passed_over(folder: Path, name: str) -> None:
    (folder / name).write_bytes(b"\x00")

    assert validate_folder(folder) == []


@pytest.mark.parametrize("name", ["establishments", "population", "units"])
def test_a_table_that_must_have_rows_is_refused_without(folder: Path, name: str) -> None:
    path = folder / f"{name}.csv"
    path.write_text(path.read_text().splitlines()[0] + "\n")

    assert f"{name}.csv: expected at least one row." in " ".join(map(str, validate_folder(folder)))


def test_a_number_too_large_to_count_with_is_found() -> None:
    people = PEOPLE.assign(days_to_release="99999999999999999999", children_under_18="1e30")

    faults = check_table(people, "population")

    assert {(fault.column, fault.value) for fault in faults} == {
        ("days_to_release", "99999999999999999999"),
        ("children_under_18", "1e30"),
    }


def test_a_misnamed_key_column_is_not_also_reported_as_repeated_ids() -> None:
    misnamed = PEOPLE.rename(columns={"prisoner_id": "Prisoner_ID"})

    assert {fault.column for fault in check_table(misnamed, "population")} == {
        "prisoner_id",
        "Prisoner_ID",
    }

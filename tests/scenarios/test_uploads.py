"""Whatever is brought, it becomes a table or one clear sentence, and harms nothing."""

from __future__ import annotations

import contextlib
import io
import os
import random
import stat
import time
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import pandas as pd
import pytest

from data.load import read_table
from data.template import example_tables
from data.validate import validate_folder
from scenarios.circulation.spreadsheets import Page, ods, xlsx
from scenarios.own_tables import sessions, uploads
from scenarios.own_tables.templates import DICTIONARY, names, template
from scenarios.own_tables.uploads import UploadError, take_in

SHEET = "xl/worksheets/sheet1.xml"
HEADS = ["a", "b", "level", "reason"]
FORMULA = '=HYPERLINK("https://evil.example/","x")'
IMAGE = '<img src="https://evil.example/x.png"> ![x](https://evil.example/y.png)'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return sessions.session_folder(tmp_path, sessions.new_session(tmp_path))


def stored(folder: Path, table: str) -> pd.DataFrame:
    path = folder / uploads.DRAFT / f"{table}.csv"
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def workbook(rows: list[list[str | float | int]], name: str = "keep_aparts") -> bytes:
    return xlsx([Page(name=name, rows=rows)])


def with_sheet(content: bytes, text: str) -> bytes:
    """Put another first sheet into a workbook."""
    out = io.BytesIO()
    with ZipFile(io.BytesIO(content)) as old, ZipFile(out, "w", ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, text if name == SHEET else old.read(name))
    return out.getvalue()


SHEET_XML = (
    '<?xml version="1.0" encoding="UTF-8"?><worksheet '
    'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{}</sheetData>'
    "</worksheet>"
)


@pytest.mark.parametrize("kind", ["xlsx", "ods", "csv"])
def test_template_of_every_table_comes_back_as_the_example_it_was_made_from(
    kind: str, folder: Path
) -> None:
    content = template(names(), kind)  # type: ignore[arg-type]
    if kind == "csv":
        with ZipFile(io.BytesIO(content)) as archive:
            assert set(archive.namelist()) == {f"{n}.csv" for n in (*names(), DICTIONARY)}
            for name in names():
                take_in(folder, name, f"{name}.csv", archive.read(f"{name}.csv"))
    else:
        for name in ("population", "contacts", "session_templates", "rules"):
            take_in(folder, name, f"any.{kind}", content)
        for name in set(names()) - {"population", "contacts", "session_templates", "rules"}:
            alone = template([name], kind)  # type: ignore[arg-type]
            if name in ("units", "travel", "video_stations", "locks"):
                take_in(folder, name, f"any.{kind}", alone)
    for name in ("population", "contacts", "session_templates", "rules", "units"):
        expected = example_tables()[name]
        found = read_table(name, folder / uploads.DRAFT).astype(str)
        written = expected.replace({True: "true", False: "false"}).astype(str)
        assert found.shape == written.shape
    if kind == "csv":
        assert validate_folder(folder / uploads.DRAFT) == []


def test_template_says_what_every_column_holds() -> None:
    with ZipFile(io.BytesIO(template(["keep_aparts"], "csv"))) as archive:
        told = pd.read_csv(archive.open("dictionary.csv"), dtype=str, keep_default_na=False)
    assert told["column"].tolist() == HEADS
    assert (told["meaning"] != "").all()


@pytest.mark.parametrize("kind", ["xlsx", "csv", "ods"])
def test_template_is_the_same_to_the_byte(kind: str) -> None:
    first, second = (template(["units"], kind) for _ in range(2))  # type: ignore[arg-type]
    assert first == second


def test_parquet_comes_in_with_its_dates_numbers_and_gaps(folder: Path) -> None:
    frame = pd.DataFrame(
        {
            "unit": ["AYI-1"],
            "places": [1.0],
            "valid_from": pd.to_datetime(["2026-07-01"]),
            "valid_to": [None],
            "reason": [b"refurbishment"],
        }
    )
    out = io.BytesIO()
    frame.to_parquet(out)
    take_in(folder, "places_out_of_use", "a.parquet", out.getvalue())
    assert stored(folder, "places_out_of_use").to_dict("list") == {
        "unit": ["AYI-1"],
        "places": ["1"],
        "valid_from": ["2026-07-01"],
        "valid_to": [""],
        "reason": ["refurbishment"],
    }


def test_of_a_formula_the_stored_value_is_read_and_text_stays_text(folder: Path) -> None:
    formula = SHEET_XML.format(
        '<row r="1"><c r="A1" t="inlineStr"><is><t>a</t></is></c>'
        '<c r="B1" t="inlineStr"><is><t>b</t></is></c></row>'
        '<row r="2"><c r="A2" t="str"><f>WEBSERVICE("https://evil.example")</f><v>P1</v></c>'
        '<c r="B2"><f>1+1</f><v>2</v></c></row>'
    )
    take_in(folder, "keep_aparts", "a.xlsx", with_sheet(workbook([["a"]]), formula))
    assert stored(folder, "keep_aparts").to_dict("list") == {"a": ["P1"], "b": ["2"]}
    take_in(folder, "keep_aparts", "a.xlsx", workbook([HEADS, [FORMULA, IMAGE, "x", ""]]))
    assert stored(folder, "keep_aparts").iloc[0].tolist() == [FORMULA, IMAGE, "x", ""]


def test_zip_bomb_is_refused_before_it_is_unpacked(folder: Path) -> None:
    """A hundred megabytes of the same byte pack into a tenth of one."""
    bomb = with_sheet(workbook([HEADS]), SHEET_XML.format(" " * 100_000_000))
    assert len(bomb) < 300_000
    started = time.process_time()
    with pytest.raises(UploadError, match="unpacks to more than a table can be"):
        take_in(folder, "keep_aparts", "a.xlsx", bomb)
    assert time.process_time() - started < 5
    assert uploads.tables(folder) == []


def test_cell_in_the_far_corner_ends_only_the_process_that_reads_it(folder: Path) -> None:
    """Two cells that span 17 thousand million: more memory than any machine has."""
    far = SHEET_XML.format(
        '<row r="1"><c r="A1"><v>1</v></c></row>'
        '<row r="1048576"><c r="XFD1048576"><v>2</v></c></row>'
    )
    with pytest.raises(UploadError, match="cannot be taken in"):
        take_in(folder, "keep_aparts", "a.xlsx", with_sheet(workbook([HEADS]), far))
    assert list(folder.rglob("*.csv")) == []


def test_head_of_a_million_columns_is_refused(folder: Path) -> None:
    with pytest.raises(UploadError, match="more than 200 columns"):
        take_in(folder, "population", "a.csv", b",".join([b"c"] * 1_000_000) + b"\n1\n")
    wide = SHEET_XML.format(
        '<row r="1">' + "".join(f"<c><v>{n}</v></c>" for n in range(16_384)) + "</row>"
    )
    with pytest.raises(UploadError, match="more than 200 columns"):
        take_in(folder, "population", "a.xlsx", with_sheet(workbook([HEADS]), wide))
    out = io.BytesIO()
    pd.DataFrame([range(300)], columns=[str(n) for n in range(300)]).to_parquet(out)
    with pytest.raises(UploadError, match="more than 200 columns"):
        take_in(folder, "population", "a.parquet", out.getvalue())


def test_more_rows_than_any_table_has_are_refused(folder: Path) -> None:
    with pytest.raises(UploadError, match="more than 1,000,000 rows"):
        take_in(folder, "population", "a.csv", b"a\n" + b"1\n" * 1_000_002)


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"])
def test_rows_are_counted_however_their_lines_end(folder: Path, end: bytes) -> None:
    """A check of rows that nothing bounded took as long as the file was large."""
    assert take_in(folder, "population", "a.csv", end.join([b"a,b", b"1,2", b"3,4"])).rows == 2
    with pytest.raises(UploadError, match="more than 1,000,000 rows"):
        take_in(folder, "population", "a.csv", b"a" + end + (b"1" + end) * 1_000_002)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.xlsm", b"PK\x03\x04", "give a file ending in .csv, .parquet, .xlsx, .ods"),
        ("a.exe", b"MZ", "give a file ending in"),
        ("a", b"", "give a file ending in"),
        ("a.xlsx", b"a,b\n", "not what its ending .xlsx says"),
        ("a.ods", b"\xd0\xcf\x11\xe0", "not what its ending .ods says"),
        ("a.parquet", b"PK\x03\x04", "not what its ending .parquet says"),
        ("a.xlsx", b"PK\x03\x04" + b"\0" * 500, "damaged"),
        ("a.parquet", b"PAR1" + b"\0" * 500 + b"PAR1", "cannot be read as Parquet"),
    ],
)
def test_file_that_is_not_what_it_says_is_refused_in_a_sentence(
    folder: Path, name: str, content: bytes, says: str
) -> None:
    with pytest.raises(UploadError, match=says):
        take_in(folder, "population", name, content)
    assert uploads.tables(folder) == []


def test_archive_that_is_no_workbook_is_refused(folder: Path) -> None:
    out = io.BytesIO()
    with ZipFile(out, "w") as archive:
        archive.writestr("../../../evil.csv", "a,b\n")
    with pytest.raises(UploadError, match="cannot be read as a workbook"):
        take_in(folder, "population", "a.xlsx", out.getvalue())
    assert not (folder.parent / "evil.csv").exists()


def test_table_that_nobody_knows_and_names_that_would_leave_the_folder_are_refused(
    folder: Path, tmp_path: Path
) -> None:
    with pytest.raises(UploadError, match="no table of this name"):
        take_in(folder, "../../evil", "a.csv", b"a\n")
    with pytest.raises(ValueError, match="no name of a session"):
        sessions.session_folder(tmp_path, "../..")


@pytest.mark.parametrize("encoding", ["utf-16", "cp1252", "utf-8-sig"])
def test_wrong_encodings_are_told_by_the_check_and_harm_nothing(
    folder: Path, encoding: str
) -> None:
    text = "a,b,level,reason\nP1,P2,establishment,Caf\N{LATIN SMALL LETTER E WITH ACUTE}\n"
    take_in(folder, "keep_aparts", "a.csv", text.encode(encoding))
    problems = validate_folder(folder / uploads.DRAFT)
    told = " ".join(map(str, problems))
    assert ("UTF-8" in told) == (encoding != "utf-8-sig")


def test_binary_rubbish_of_every_ending_never_raises_anything_else(folder: Path) -> None:
    draw = random.Random(3)
    for ending, start in (("csv", b""), ("xlsx", b"PK\x03\x04"), ("parquet", b"PAR1")):
        content = start + bytes(draw.randrange(256) for _ in range(3_000))
        with contextlib.suppress(UploadError):
            take_in(folder, "units", f"a.{ending}", content)
        assert isinstance(validate_folder(folder / uploads.DRAFT), list)


def test_spreadsheet_leftovers_beside_and_below_the_rows_do_no_harm(folder: Path) -> None:
    rows: list[list[str | float | int]] = [[*HEADS, "", ""], ["P1", "P2", "establishment", ""]]
    take_in(folder, "keep_aparts", "a.ods", ods([Page(name="x", rows=[*rows, [""], ["", ""]])]))
    assert list(stored(folder, "keep_aparts").columns) == HEADS
    assert len(stored(folder, "keep_aparts")) == 1


def test_folder_of_a_session_is_for_its_owner_alone(folder: Path) -> None:
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(folder.parent.stat().st_mode) == 0o700


def test_two_sessions_have_folders_that_nobody_can_guess(tmp_path: Path) -> None:
    first, second = sessions.new_session(tmp_path), sessions.new_session(tmp_path)
    assert first != second
    take_in(sessions.session_folder(tmp_path, first), "units", "a.csv", b"unit\nA\n")
    assert uploads.tables(sessions.session_folder(tmp_path, second)) == []


def test_same_reader_of_the_same_browser_has_the_same_folder_and_nobody_else(
    tmp_path: Path,
) -> None:
    mine = sessions.session_of("ab" * 32, "ada")
    take_in(sessions.open_session(tmp_path, mine), "units", "a.csv", b"unit\nA\n")
    assert [
        len(uploads.tables(sessions.open_session(tmp_path, sessions.session_of(key, reader))))
        for key, reader in (("ab" * 32, "ada"), ("ab" * 32, "bob"), ("cd" * 32, "ada"))
    ] == [1, 0, 0]
    assert "ab" * 4 not in mine


def test_tables_in_use_are_told_by_their_folder(folder: Path) -> None:
    assert sessions.in_use(folder) is None
    take_in(folder, "units", "a.csv", b"unit\nA\n")
    used = uploads.freeze(folder)
    sessions.use(folder, used)
    assert sessions.in_use(folder) == used
    sessions.use(folder, None)
    assert sessions.in_use(folder) is None


def test_folder_whose_tables_are_in_use_is_not_cleared(tmp_path: Path) -> None:
    name = sessions.new_session(tmp_path)
    kept = sessions.session_folder(tmp_path, name)
    take_in(kept, "units", "a.csv", b"unit\nA\n")
    sessions.use(kept, uploads.freeze(kept))
    week_ago = time.time() - 8 * 86_400
    for path in (kept, *kept.iterdir()):
        os.utime(path, (week_ago, week_ago))
    assert sessions.in_use(kept) is not None
    sessions.clear_old(tmp_path)
    assert kept.is_dir()


def test_folders_that_nobody_used_for_a_week_are_cleared(tmp_path: Path) -> None:
    old, new = (sessions.session_folder(tmp_path, sessions.new_session(tmp_path)) for _ in range(2))
    other = tmp_path / sessions.UPLOADS / "notes"
    other.mkdir()
    week_ago = time.time() - 8 * 86_400
    for path in (old, other):
        os.utime(path, (week_ago, week_ago))
    sessions.clear_old(tmp_path)
    assert not old.exists()
    assert new.is_dir()
    assert other.is_dir()


def test_tables_in_use_stay_as_they_were_when_others_are_brought(folder: Path) -> None:
    take_in(folder, "units", "a.csv", b"unit\nA\n")
    used = uploads.freeze(folder)
    take_in(folder, "units", "a.csv", b"unit\nB\n")
    assert (used / "units.csv").read_bytes() == b"unit\nA\n"
    assert uploads.freeze(folder) != used
    uploads.take_out(folder, "units")
    assert uploads.tables(folder) == []
    with pytest.raises(UploadError, match="no table to use"):
        uploads.freeze(folder)

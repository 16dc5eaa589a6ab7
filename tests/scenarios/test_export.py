"""Every kind of export: its layout, its marks, its safety, and the same bytes each time."""

from __future__ import annotations

import io
import json
import sys
import types
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from html import escape
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from zipfile import ZipFile

import pandas as pd
import pytest
import python_calamine
from typer.testing import CliRunner

from scenarios.circulation import audit
from scenarios.circulation.safe_cells import safe_cells, safe_text
from scenarios.circulation.sheets import Behind, Sheet
from scenarios.circulation.suppress import NOBODY, Counts, default_rule
from scenarios.cli import app
from scenarios.display import listings, wording
from scenarios.display.markup import table
from scenarios.errors import ScenarioError
from scenarios.export import (
    ILLUSTRATIVE,
    ODS_ROWS,
    Book,
    book_of,
    export,
    file_name,
    kinds,
)
from scenarios.export_run import Told, run_book
from scenarios.load import load_scenario
from scenarios.results import Results
from scenarios.run import Options, run
from scenarios.settings import export_settings
from scenarios.stored_studies import Study

HOSTILE = '=HYPERLINK("https://evil.example","x")'
SPREADSHEETS = ("xlsx", "ods")


@pytest.fixture(scope="module")
def plan(small_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Results:
    options = Options(
        data_dir=small_data, runs_dir=tmp_path_factory.mktemp("plan"), seed=1, replications=1
    )
    with ThreadPoolExecutor(1) as pool:
        return run(load_scenario("closer_to_home"), options, lambda: pool)


def small_book(**changes: Any) -> Book:
    people = pd.DataFrame(
        {
            "name": [HOSTILE, "@cmd", "Leeds", "Hull\x07"],
            "people": [1, 5, 40, 60],
            "wait_days": [3.25, float("nan"), 4.0, 5.0],
            "use_share": [0.5, 0.25, 0.75, 1.0],
            "open": [True, False, True, True],
        }
    )
    sheet = Sheet(
        title="People by prison",
        table=people,
        labels={
            "name": "Prison",
            "people": "People",
            "wait_days": "Wait",
            "use_share": "Use",
            "open": "=Open",
        },
        note="A note.",
        counts=Counts(columns=("people",), by=("name",)),
    )
    told: dict[str, Any] = {
        "title": "Small book",
        "sheets": [sheet],
        "mark": "OFFICIAL",
        "illustrative": True,
        "run": "baseline-00000000",
        "about": {"Seed": "1"},
        "made_from": date(2026, 7, 27),
        "rule": default_rule(),
    }
    return Book(**(told | changes))


def sheets(content: bytes) -> dict[str, list[list[Any]]]:
    workbook = python_calamine.load_workbook(io.BytesIO(content))
    return {
        name: workbook.get_sheet_by_name(name).to_python(skip_empty_area=False)
        for name in workbook.sheet_names
    }


@pytest.mark.parametrize("kind", ["xlsx", "csv", "ods", "html"])
def test_same_tables_give_the_same_bytes(kind: Any) -> None:
    first, second = export(small_book(), kind), export(small_book(), kind)
    assert first == second


@pytest.mark.parametrize("kind", SPREADSHEETS)
def test_workbook_has_cover_contents_notes_one_table_a_sheet_and_provenance(kind: Any) -> None:
    book = sheets(export(small_book(), kind))
    assert list(book) == ["Cover", "Contents", "Notes", "Table 1", "Provenance"]
    assert book["Cover"][0][0] == "Small book"
    cover = [row[0] for row in book["Cover"]]
    assert "OFFICIAL" in cover
    assert ILLUSTRATIVE in cover
    assert "Run: baseline-00000000" in cover
    assert ["Table 1", "People by prison"] in [row[:2] for row in book["Contents"]]
    lines = book["Table 1"]
    assert lines[0][0] == "Table 1: People by prison"
    assert "OFFICIAL" in lines[1][0]
    assert "ILLUSTRATIVE" in lines[1][0]
    assert lines[2][0] == "This sheet holds one table. Run baseline-00000000."
    heads = ["Prison", "People", "Wait, days", "Use, share", "'=Open"]
    first = next(number for number, row in enumerate(lines) if row == heads)
    rows = lines[first + 1 :]
    assert [row[0] for row in rows] == [f"'{HOSTILE}", "'@cmd", "Leeds", "Hull"]
    assert [row[1] for row in rows] == ["[c]", "[c]", 40, 60]
    assert [row[2] for row in rows] == [3.25, "[x]", 4, 5]
    assert [row[4] for row in rows] == ["yes", "no", "yes", "yes"]
    told = dict(row[:2] for row in book["Provenance"] if row[1])
    assert told["Seed"] == "1"
    assert any("Open Government Licence" in value for value in told.values())


def test_workbook_merges_nothing_runs_nothing_and_freezes_its_heads() -> None:
    with ZipFile(io.BytesIO(export(small_book(), "xlsx"))) as archive:
        names = archive.namelist()
        parts = [archive.read(name).decode() for name in names if name.endswith(".xml")]
        text = archive.read("xl/worksheets/sheet4.xml").decode()
        moments = {entry.date_time for entry in archive.infolist()}
    assert not any("mergeCell" in part or "<f>" in part for part in parts)
    assert not any("<hyperlink" in part for part in parts)
    assert not [name for name in names if "external" in name.lower() or "vba" in name.lower()]
    assert 'state="frozen"' in text
    assert "OFFICIAL - ILLUSTRATIVE" in text
    assert moments == {(1980, 1, 1, 0, 0, 0)}


def test_archive_of_csv_holds_the_words_beside_the_tables() -> None:
    with ZipFile(io.BytesIO(export(small_book(), "csv"))) as archive:
        table_1 = "table_1_people_by_prison_official_illustrative.csv"
        assert archive.namelist() == ["about.csv", table_1]
        about = archive.read("about.csv").decode("utf-8-sig")
        told = pd.read_csv(archive.open(table_1), encoding="utf-8-sig")
    assert "OFFICIAL" in about
    assert "ILLUSTRATIVE" in about
    assert "Attribution" in about
    assert told["Prison"].tolist() == [f"'{HOSTILE}", "'@cmd", "Leeds", "Hull"]
    assert told["People"].tolist() == ["[c]", "[c]", "40", "60"]


def test_web_page_fetches_and_runs_nothing_and_escapes_every_cell() -> None:
    image = '<img src="https://evil.example/x.png">'
    sheet = Sheet(
        title=image, table=pd.DataFrame({"a": [image]}), labels={"a": image}, counts=NOBODY
    )
    page = export(small_book(sheets=[sheet], title=image), "html").decode()
    assert "<img" not in page
    assert "<script" not in page
    assert "default-src 'none'" in page
    assert "&lt;img" in page
    assert "OFFICIAL" in page
    assert "ILLUSTRATIVE" in page


def test_table_of_a_web_page_is_named_as_the_notes_name_it_and_a_dash_is_explained() -> None:
    page = export(small_book(), "html").decode()
    assert "Table 1: People by prison" in page
    assert "<li>\N{EN DASH} stands for a value that does not exist.</li>" in page
    assert "[x]" not in page


def test_printed_page_bears_mark_run_and_number_and_shows_tables_whole() -> None:
    """What holds for print comes last, else what holds for screens would win."""
    page = export(small_book(run='a-00000000, b"\\</style>'), "html").decode()
    printed = page[page.index("@page") : page.index("</style>")]
    assert 'content: "OFFICIAL - ILLUSTRATIVE"' in printed
    assert 'content: "a-00000000, b    style "' in printed
    assert "counter(page)" in printed
    assert "overflow: visible" in printed
    assert page.rindex("overflow: auto") < page.index("@page")


@pytest.mark.parametrize(
    ("label", "column", "head"),
    [
        ("Weekday", "a_days", "Weekday, days"),
        ("Today", "a_days", "Today, days"),
        ("Weekend", "a_weeks", "Weekend, weeks"),
        ("Days to a visit", "a_days", "Days to a visit"),
        ("School hours", "a_hours", "School hours"),
        ("One more saves", "a_gbp", "One more saves"),
        ("Given up, %", "a_share", "Given up, %"),
    ],
)
def test_heading_tells_its_unit_where_no_word_of_it_does(
    label: str, column: str, head: str
) -> None:
    sheet = Sheet(
        title="A", table=pd.DataFrame({column: [1.5]}), labels={column: label}, counts=NOBODY
    )
    rows = sheets(export(small_book(sheets=[sheet]), "xlsx"))["Table 1"]
    assert [head] in rows


@pytest.mark.parametrize("mark", ["OFFICIAL", "OFFICIAL-SENSITIVE"])
def test_name_of_a_file_tells_its_mark_whatever_runs_stand_behind_it(mark: Any) -> None:
    runs = ", ".join(["helped_families_ask-00000000"] * 9)
    name = file_name(small_book(run=runs, mark=mark), "The comparison", "csv")
    assert name.startswith("helped_families_ask-00000000-with-helped")
    assert name.endswith(f"-the-comparison-{mark.lower()}-illustrative.zip")
    assert len(name) == len(".zip") + 120
    alone = file_name(small_book(run="", illustrative=False, mark=mark), "Weights", "xlsx")
    assert alone == f"closer-to-home-weights-{mark.lower()}.xlsx"


def test_pdf_is_offered_only_where_its_library_is_and_fetches_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if "pdf" not in kinds():
        with pytest.raises(ScenarioError, match=r"PDF: needs WeasyPrint, .* Use one of xlsx, csv"):
            export(small_book(), "pdf")
    asked: dict[str, Any] = {}

    class Page:
        def __init__(self, *, string: str, url_fetcher: Any) -> None:
            asked["page"] = string
            with pytest.raises(ValueError, match="fetches nothing"):
                url_fetcher("https://evil.example/x.css")

        def write_pdf(self, *, pdf_identifier: bytes) -> bytes:
            """Take the option by the name that it has since version 59."""
            return b"%PDF-" + pdf_identifier

    library = types.ModuleType("weasyprint")
    library.__dict__.update(HTML=Page, __spec__=types.SimpleNamespace(name="weasyprint"))
    monkeypatch.setitem(sys.modules, "weasyprint", library)
    assert "pdf" in kinds()
    assert export(small_book(), "pdf").startswith(b"%PDF-")
    assert "OFFICIAL" in asked["page"]


def test_ods_is_for_summaries_and_refused_for_more() -> None:
    long = pd.DataFrame({"a": ["b"] * (ODS_ROWS + 1)})
    sheet = Sheet(title="Long", table=long, labels={"a": "A"}, counts=NOBODY)
    assert "ods" not in kinds(ODS_ROWS + 1)
    with pytest.raises(ScenarioError, match="OpenDocument spreadsheet"):
        export(small_book(sheets=[sheet]), "ods")
    with pytest.raises(ScenarioError, match="No kind of export 'doc'"):
        export(small_book(), "doc")  # type: ignore[arg-type]


def test_nothing_official_leaves_without_hiding_small_counts() -> None:
    with pytest.raises(ValueError, match="OFFICIAL"):
        small_book(rule=None)
    with pytest.raises(ValueError, match="no table"):
        small_book(sheets=[])
    people = pd.DataFrame({"prisoner_id": ["P1"]})
    single = Sheet(title="One", table=people, labels={"prisoner_id": "Person"}, counts=NOBODY)
    with pytest.raises(ValueError, match="single people"):
        small_book(sheets=[single])
    sensitive = small_book(mark="OFFICIAL-SENSITIVE", rule=None)
    assert sheets(export(sensitive, "xlsx"))["Table 1"][-4][1] == 1


def test_whole_numbers_are_taken_to_count_people_unless_a_table_says_otherwise() -> None:
    frame = pd.DataFrame({"name": ["a", "b", "c"], "people": [1, 2, 90], "change": [-1, 0, 1]})
    html = table(frame, "People", labels={"name": "Name", "people": "People", "change": "Change"})
    book = book_of("People", [html], mark="OFFICIAL", rule=default_rule())
    rows = sheets(export(book, "xlsx"))["Table 1"][-3:]
    assert [row[1] for row in rows] == ["[c]", "[c]", 90]
    assert [row[2] for row in rows] == [-1, 0, 1]
    with pytest.raises(TypeError, match=r"markup\.table"):
        book_of("People", ["<p>text</p>"], mark="OFFICIAL", rule=default_rule())


@pytest.mark.parametrize("kind", ["xlsx", "csv"])
def test_study_bears_the_date_of_its_own_data(tmp_path: Path, kind: Any) -> None:
    """The settings that come with the model say 27 July 2026."""
    study = Study(folder=tmp_path, kind="frontier", scenario="x", title="A study", stamp=1)
    sheet = small_book().sheets[0]

    def made() -> Book:
        return book_of("Points", [sheet], [study], mark="OFFICIAL", rule=default_rule())

    assert made().made_from is None
    assert export(made(), kind) == export(made(), kind)
    assert "Data of a date that is not known" in sheets(export(made(), "xlsx"))["Cover"][-1]
    words = "name: x\ntitle: A study\nas_of: '2025-01-31'\ncalendar:\n  weeks: 52\n"
    (tmp_path / "scenario.yaml").write_text(words, encoding="utf-8")
    assert made().made_from == date(2025, 1, 31)
    assert made().about["Data of"] == "2025-01-31"


def test_tables_that_no_run_made_say_whose_they_are_and_whether_people_are_made_up() -> None:
    sheet = small_book().sheets[0]
    for made_up in (True, False):
        behind = Behind(tables="units, as brought", made_from=None, illustrative=made_up)
        book = book_of(
            "What was found", [sheet], mark="OFFICIAL-SENSITIVE", rule=None, behind=behind
        )
        told = sheets(export(book, "xlsx"))
        assert ("ILLUSTRATIVE" in str(told["Cover"])) == made_up
        assert "Data of a date that is not known" in str(told["Cover"])
        assert dict(row[:2] for row in told["Provenance"] if row[1])["Tables"] == behind.tables
        assert ("illustrative" in file_name(book, "What was found", "xlsx")) == made_up


def test_text_that_a_spreadsheet_would_run_is_quoted() -> None:
    frame = pd.DataFrame({"source": ["=1+1", "fine", "@x"], "value": [1.0, 2.0, 3.0]})
    assert safe_cells(frame)["source"].tolist() == ["'=1+1", "fine", "'@x"]


@pytest.mark.parametrize("text", ["=1", "+x", "-2+3", "@a", "\tx", "\rx", "\n=1", "\uff1d1"])
def test_every_beginning_of_a_formula_is_made_harmless(text: str) -> None:
    assert safe_text(text) == f"'{text}"


@pytest.mark.parametrize("text", ["-5", "+1,234.5", "-12%", "£5", "men", ""])
def test_numbers_and_words_stay_as_they_are(text: str) -> None:
    assert safe_text(text) == text


def test_summary_of_a_plan_hides_small_counts_and_says_what_it_rests_on(plan: Results) -> None:
    book = run_book(plan, Told.SUMMARY)
    told = sheets(export(book, "xlsx"))
    assert book.illustrative is ("population" not in plan.provenance["inputs"])
    words = dict(row[:2] for row in told["Provenance"] if row[1])
    assert words["Run"] == plan.folder.name  # type: ignore[union-attr]
    assert words["Digest of the data"] == plan.provenance["data_digest"]
    assert [f"Scenario: {plan.title}"] in told["Cover"]
    assert words["Seed"] == "1"
    assert words["Made with"].startswith(f"python {plan.provenance['versions']['python']}, ")
    for name, rows in told.items():
        if name.startswith("Table"):
            assert rows[0][0].startswith(f"{name}: ")
    assert plan.folder is not None
    assert file_name(book, "summary", "xlsx").startswith(plan.folder.name.replace(".", "-"))


def test_no_change_is_told_without_a_sign() -> None:
    frame = pd.DataFrame({"change_miles": [-0.0, -0.5]})
    sheet = Sheet(title="A", table=frame, labels={"change_miles": "Miles"}, counts=NOBODY)
    with ZipFile(io.BytesIO(export(small_book(sheets=[sheet]), "csv"))) as archive:
        told = archive.read(archive.namelist()[1]).decode("utf-8-sig")
    assert told.split() == ["Miles", "0.0", "-0.5"]


@pytest.mark.parametrize("column", ["people", "moved"])
def test_marker_is_explained_above_a_table_that_shows_it(column: str) -> None:
    frame = pd.DataFrame({"name": ["a", "b", "c"], "people": [40, 50, 60], "moved": [1, 2, 30]})
    sheet = Sheet(
        title="One of two counts",
        table=frame,
        labels={"name": "Prison", column: "Number"},
        counts=Counts(columns=("people", "moved"), by=("name",)),
    )
    told = str(sheets(export(small_book(sheets=[sheet]), "xlsx"))["Table 1"])
    assert ("'[c]'" in told) == ("[c] stands for" in told) == (column == "moved")


@pytest.mark.parametrize(
    ("clean", "told"), [(True, "abc (clean)"), (False, "abc (with changes)"), (None, "abc")]
)
def test_provenance_says_whether_anything_was_changed_beside_the_commit(
    plan: Results, told: str, *, clean: bool | None
) -> None:
    made = replace(plan, provenance=dict(plan.provenance) | {"commit": "abc", "clean_tree": clean})
    assert run_book(made, Told.SUMMARY).about["Commit"] == told


def test_block_orders_hold_every_move_once_grouped_by_from_and_to(plan: Results) -> None:
    book = run_book(plan, Told.MOVES)
    assert book.mark == "OFFICIAL-SENSITIVE"
    orders = book.sheets[0].table
    assert sorted(orders["prisoner_id"]) == sorted(plan.moves["prisoner_id"])
    for _, rows in orders.groupby("order"):
        assert rows["from"].nunique() == rows["to"].nunique() == 1
        assert (rows["people"] == len(rows)).all()
    assert orders["order"].is_monotonic_increasing
    assert orders["order"].nunique() == len(orders[["from", "to"]].drop_duplicates())


def test_command_writes_the_file_and_notes_it_without_a_word_about_people(
    plan: Results, tmp_path: Path
) -> None:
    out = tmp_path / "orders.xlsx"
    assert plan.folder is not None
    done = CliRunner().invoke(
        app, ["export", str(plan.folder), "--out", str(out), "--tables", "moves"]
    )
    assert done.exit_code == 0, done.output
    assert out.read_bytes() == export(run_book(plan, Told.MOVES), "xlsx")
    lines = (plan.folder.parent / audit.AUDIT / audit.EXPORTS).read_text().splitlines()
    told = json.loads(lines[-1])
    assert told["what"] == "moves"
    assert told["rows"] == len(plan.moves)
    assert told["mark"] == "OFFICIAL-SENSITIVE"
    assert told["run"] == plan.folder.name
    assert not any(person in lines[-1] for person in plan.moves["prisoner_id"])


def test_command_reports_every_fault_at_once_with_exit_code_two(tmp_path: Path) -> None:
    there = tmp_path / "there.doc"
    there.write_text("x")
    done = CliRunner().invoke(app, ["export", str(tmp_path / "none"), "--out", str(there)])
    assert done.exit_code == 2
    for words in ("no kind of export ends so", "is there already", "no such run folder"):
        assert words in done.stderr


def test_lines_of_the_audit_are_only_added(tmp_path: Path) -> None:
    entry = audit.Entry(
        who="a\nb", what="x" * 500, rows=3, kind="csv", mark="OFFICIAL", run="r", small_counts="s"
    )
    audit.record(tmp_path, entry)
    first = (tmp_path / audit.AUDIT / audit.EXPORTS).read_text()
    audit.record(tmp_path, entry)
    both = (tmp_path / audit.AUDIT / audit.EXPORTS).read_text()
    assert both.startswith(first)
    assert len(both.splitlines()) == 2
    assert json.loads(first)["who"] == "a\nb"
    assert len(json.loads(first)["what"]) == audit.LONGEST
    assert (tmp_path / audit.AUDIT / audit.EXPORTS).stat().st_mode & 0o777 == 0o600


def test_every_setting_of_exports_says_its_source_and_stays_in_its_range() -> None:
    for row in export_settings().values():
        assert row.source
        assert row.confidence in ("measured", "estimated", "assumed")
        assert row.problem(row.value) is None


def test_settings_of_exports_are_listed_with_their_sources() -> None:
    html = listings.export_settings()
    for row in export_settings().values():
        assert row.setting.partition(".")[0] in html.replace("<wbr>", "")
        assert escape(wording.cited(row.source), quote=True) in html


def test_ods_is_well_formed_throughout() -> None:
    with ZipFile(io.BytesIO(export(small_book(), "ods"))) as archive:
        assert archive.namelist()[0] == "mimetype"
        for name in archive.namelist():
            if name.endswith(".xml"):
                ElementTree.fromstring(archive.read(name))


def test_row_of_totals_is_known_by_its_words_where_a_table_does_not_say_so() -> None:
    """Everybody less men would be the one woman."""
    frame = pd.DataFrame({"who": ["Everybody", "Men", "Women"], "people": [41, 40, 1]})
    html = table(frame, "People", labels={"who": "Who", "people": "People"})
    book = book_of("People", [html], mark="OFFICIAL", rule=default_rule())
    rows = sheets(export(book, "xlsx"))["Table 1"][-3:]
    assert [row[1] for row in rows] == [41, "[c]", "[c]"]


def test_a_file_tells_no_more_of_how_much_further_the_furthest_ends_than_a_page(
    plan: Results,
) -> None:
    """It is one person's own distance, which to many decimals names home area and prisons."""
    (sheet,) = [
        sheet
        for sheet in run_book(plan, Told.SUMMARY).sheets
        if "most_miles_further" in sheet.labels
    ]
    most = [row["most_miles_further"] for row in plan.summary["further"]]
    assert sheet.table["most_miles_further"].tolist() == [round(miles, 1) for miles in most]
    assert any(miles != round(miles, 1) for miles in most)


def test_moves_to_come_are_for_planners_alone() -> None:
    frame = pd.DataFrame({"date": ["2026-08-03"], "people": [3]})
    dated = table(frame, "Orders", labels={"date": "Date", "people": "People"}, sensitive=True)
    with pytest.raises(ValueError, match="moves to come"):
        book_of("Orders", [dated], mark="OFFICIAL", rule=default_rule())

"""Numbers that pages write as words leave as numbers: value, ends of the interval, unit."""

from __future__ import annotations

import io
import math
from datetime import date
from typing import Any
from zipfile import ZipFile

import pandas as pd
import pytest
import python_calamine

from scenarios.circulation.suppress import Counts, default_rule
from scenarios.circulation.written import Written, as_numbers
from scenarios.display import cells, visiting
from scenarios.display.markup import table
from scenarios.export import Book, export

LEVEL = {"replications": 4, "low": 0.60, "mean": 0.61, "high": 0.62, "measure": "no_contact_share"}
POUNDS = {"replications": 4, "low": 1.1e6, "mean": 1.234567e6, "high": 1.3e6, "measure": "x_gbp"}


def exported(html: str, kind: Any = "csv") -> bytes:
    book = Book(
        title="A book",
        sheets=[html.sheet],  # type: ignore[attr-defined]
        mark="OFFICIAL",
        illustrative=True,
        run="",
        about={},
        made_from=date(2026, 7, 27),
        rule=default_rule(),
    )
    return export(book, kind)


def first_table(content: bytes) -> pd.DataFrame:
    with ZipFile(io.BytesIO(content)) as archive:
        name = next(name for name in archive.namelist() if name.startswith("table_1"))
        return pd.read_csv(archive.open(name), encoding="utf-8-sig")


def two_units() -> str:
    frame = pd.DataFrame(
        {
            "what": ["No contact", "Fares"],
            "all": [cells.level(LEVEL), cells.level(POUNDS)],
            "change": [
                cells.difference(-0.0125, "no_contact_share"),
                cells.difference(-2.0, "x_gbp"),
            ],
            "interval": [
                cells.difference_interval(LEVEL | {"low": -0.02, "high": -0.01}),
                "\N{EN DASH}",
            ],
        }
    )
    labels = {"what": "Measure", "all": "Everybody", "change": "Change", "interval": "95% interval"}
    return table(frame, "Levels", labels=labels)


def test_page_keeps_the_words_and_a_file_has_the_numbers_behind_them() -> None:
    html = two_units()
    assert "61.0% (60.0% to 62.0%)" in html
    assert "£1.23 million (£1.10 to 1.30)" in html
    told = first_table(exported(html))
    assert list(told.columns) == [
        "Measure",
        "Unit",
        "Everybody",
        "Everybody, lower end of the 95% interval",
        "Everybody, upper end of the 95% interval",
        "Change",
        "95% interval, lower end, share",
        "95% interval, upper end, share",
    ]
    assert told["Unit"].tolist() == ["share", "pounds"]
    assert told["Everybody"].sum() == pytest.approx(0.61 + 1_234_567.0)
    assert told["Change"].tolist() == [-0.0125, -2.0]
    assert told["95% interval, lower end, share"].tolist() == ["-0.02", "[x]"]


def test_workbook_holds_numbers_that_can_be_summed() -> None:
    workbook = python_calamine.load_workbook(io.BytesIO(exported(two_units(), "xlsx")))
    rows = workbook.get_sheet_by_name("Table 1").to_python()
    assert rows[-2][1:5] == ["share", 0.61, 0.6, 0.62]
    assert sum(row[2] for row in rows[-2:]) == pytest.approx(1_234_567.61)


def test_web_page_in_one_file_keeps_the_words() -> None:
    assert "61.0% (60.0% to 62.0%)" in exported(two_units(), "html").decode()


def test_unit_of_a_whole_column_stands_in_its_heading() -> None:
    waits = [cells.level(LEVEL | {"measure": "wait_days_p90", "mean": mean}) for mean in (3.0, 4.0)]
    frame = pd.DataFrame({"name": ["a", "b"], "wait": waits})
    html = table(frame, "Waits", labels={"name": "Prison", "wait": "Wait"})
    told = first_table(exported(html))
    assert list(told.columns)[:2] == ["Prison", "Wait, days"]
    assert told["Wait, days"].tolist() == [3.0, 4.0]


def test_units_that_differ_within_a_row_stand_beside_each_column() -> None:
    days, pounds = (Written(words="1", value=1.0, unit=unit) for unit in ("days", "pounds"))
    frame = pd.DataFrame({"a": [days, pounds], "b": [pounds, days]})
    _, heads = as_numbers(frame, {"a": "A", "b": "B"}, "-")
    assert list(heads.values()) == ["A, unit", "A", "B, unit", "B"]


def test_number_that_follows_a_hidden_count_is_hidden_whole() -> None:
    frame = pd.DataFrame(
        {"who": ["a", "b", "c"], "people": [1, 7, 90], "wait": 3 * [cells.level(LEVEL)]}
    )
    counts = Counts(columns=("people",), by=("who",), follows={"wait": "people"})
    labels = {"who": "Who", "people": "People", "wait": "Contact"}
    told = first_table(exported(table(frame, "Waits", labels=labels, counts=counts)))
    hidden = told[told["People"] == "[c]"]
    assert len(hidden) == 2
    assert (hidden.iloc[:, 2:] == "[c]").all(axis=None)


def test_hidden_number_keeps_its_unit_and_its_columns() -> None:
    frame = pd.DataFrame(
        {
            "who": ["a", "b"],
            "people": [1, 90],
            "one": [cells.level(LEVEL), cells.level(POUNDS)],
            "other": [cells.level(LEVEL), ""],
        }
    )
    follows = {"one": "people", "other": "people"}
    counts = Counts(columns=("people",), by=("who",), follows=follows)
    labels = {"who": "Who", "one": "First run", "other": "Second run"}
    told = first_table(exported(table(frame, "Waits", labels=labels, counts=counts)))
    assert told["Unit"].tolist() == ["share", "pounds"]
    ends = [f"Second run, {end} end of the 95% interval, share" for end in ("lower", "upper")]
    assert set(told.columns) > {"Second run, share", *ends}
    assert told["Second run, share"].iloc[0] == "[c]"


def test_notes_of_a_file_of_numbers_say_what_stands_in_it() -> None:
    frame = pd.DataFrame({"who": ["a"], "wait": [cells.level(LEVEL)]})
    html = table(
        frame,
        "Contact, in per cent of people held; in brackets 95% intervals",
        labels={"who": "Who", "wait": "Contact (95% interval)"},
        note="In brackets the 95% interval. \N{EN DASH}: nobody came (\N{EN DASH}). A dash stands.",
    )
    with ZipFile(io.BytesIO(exported(html))) as archive:
        about = archive.read("about.csv").decode("utf-8-sig")
    assert "Contact, as a share of people held, with 95% intervals" in about
    assert "Columns of their own hold the 95% interval. [x]: nobody came ([x])" in about
    assert "[x] stands." in about
    ends = [f"Contact, {end} end of the 95% interval, share" for end in ("lower", "upper")]
    assert list(first_table(exported(html)).columns) == ["Who", "Contact, share", *ends]
    page = exported(html, "html").decode()
    assert "In brackets the 95% interval. \N{EN DASH}: nobody came" in page


def test_ends_of_an_interval_in_a_file_are_no_further_than_those_on_the_page() -> None:
    told = cells.level(LEVEL | {"low": -0.1, "mean": 0.0, "high": 0.1})
    assert (told.low, told.high) == (0.0, 0.1)
    assert cells.level(LEVEL | {"replications": 1}).low is None
    assert cells.level(LEVEL | {"low": math.nan, "high": math.nan}).low is None


def test_first_screen_of_policy_staff_leaves_as_numbers() -> None:
    wait = LEVEL | {"measure": "wait_days_p90", "mean": 28.0, "low": 27.5, "high": 28.5}
    rows = pd.DataFrame(
        [
            measured | {"establishment": "ALL", "group_by": by, "group": group}
            for measured in (LEVEL, wait)
            for by, group in (("all", "all"), ("sex", "women"))
        ]
    )
    told = first_table(exported(visiting.policy_levels(rows)))
    row = told.set_index("Measure").loc["People with no visit or video call in four weeks"]
    assert float(row["Everybody"]) == float(row["Women"]) == 0.61
    assert row["Men"] == "[x]"
    assert row["Unit"] == "share"
    row = told.set_index("Measure").loc["Days to any visit, nine in ten no longer than"]
    assert (float(row["Everybody"]), row["Unit"]) == (28.0, "days")

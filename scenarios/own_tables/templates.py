"""Templates of the tables that a user may bring, each with the dictionary of its columns.

They are made from the same dictionary as the checks, and pass them as they stand.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Literal, get_args

import pandas as pd

from data.schema import Dtype, columns
from data.template import example_tables
from scenarios.circulation.spreadsheets import Cell, Page, ods, xlsx, zipped

Kind = Literal["xlsx", "csv", "ods"]

KINDS: tuple[Kind, ...] = get_args(Kind)
"""The kinds of file, named as those of exports are."""

DICTIONARY = "dictionary"
HEADS = ("table", "column", "holds", "unit", "allowed_values", "required", "meaning", "source")


def names() -> tuple[str, ...]:
    """List the tables that there are templates of."""
    return tuple(example_tables())


def template(tables: Sequence[str], kind: Kind) -> bytes:
    """Make a template of some tables: a sheet or file each with example rows, and a dictionary.

    Parameters
    ----------
    tables
        Names as ``names`` lists them.
    kind
        A workbook, an archive of CSV files or an OpenDocument spreadsheet.

    Raises
    ------
    KeyError
        When there is no template of a table.
    """
    made = example_tables()
    pages = [_page(name, made[name]) for name in tables]
    pages.append(Page(name=DICTIONARY, rows=[HEADS, *_described(tables)], heads={0}))
    if kind == "csv":
        return zipped({f"{page.name}.csv": _csv(page) for page in pages})
    return xlsx(pages) if kind == "xlsx" else ods(pages)


def _page(name: str, table: pd.DataFrame) -> Page:
    described = columns(name)
    numeric = {c.name for c in described if c.dtype in (Dtype.INTEGER, Dtype.NUMBER)}
    heads = [column.name for column in described]
    rows = [
        [_cell(value, is_number=head in numeric) for head, value in zip(heads, row, strict=True)]
        for row in table[heads].astype("object").itertuples(index=False, name=None)
    ]
    return Page(name=name, rows=[heads, *rows], heads={0})


def _cell(value: object, *, is_number: bool) -> Cell:
    """Write a cell as the file of a table has it, a number as a number."""
    if value is None or value != value:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    if not is_number or not text:
        return text
    number = float(text)
    return int(number) if number.is_integer() else number


def _described(tables: Sequence[str]) -> list[list[Cell]]:
    return [
        [
            column.table,
            column.name,
            str(column.dtype),
            column.measure_unit,
            column.allowed_values,
            str(column.required),
            column.meaning,
            column.source,
        ]
        for name in tables
        for column in columns(name)
    ]


def _csv(page: Page) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(page.rows)
    return out.getvalue().encode("utf-8")

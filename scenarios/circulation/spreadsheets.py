"""Spreadsheet files of plain rows, the same bytes for the same rows whenever they are written."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

Cell: TypeAlias = str | float | int

XML_HEAD = b'<?xml version="1.0" encoding="UTF-8"?>\n'
FIXED = (1980, 1, 1, 0, 0, 0)
"""The moment that every part of a zipped file bears."""
WIDEST = 60
"""Characters of the widest column."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Page:
    """One sheet: its name, its rows, and which of them are set in bold."""

    name: str
    rows: Sequence[Sequence[Cell]]
    heads: set[int] = field(default_factory=set)


def zipped(files: Mapping[str, bytes], stored: Sequence[str] = ()) -> bytes:
    """Put files into an archive that bears no moment of its making.

    Parameters
    ----------
    files
        Content by name, in their order.
    stored
        Names that are not packed.
    """
    out = io.BytesIO()
    with ZipFile(out, "w") as archive:
        for name, content in files.items():
            entry = ZipInfo(name, FIXED)
            entry.compress_type = ZIP_STORED if name in stored else ZIP_DEFLATED
            entry.external_attr = 0o600 << 16
            archive.writestr(entry, content)
    return out.getvalue()


def xlsx(pages: Sequence[Page]) -> bytes:
    """Write sheets as a workbook: text as text, never as a formula or a link."""
    import xlsxwriter  # type: ignore[import-untyped]

    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    workbook = xlsxwriter.Workbook(out, options)
    workbook.set_properties({"created": datetime(*FIXED)})
    bold = workbook.add_format({"bold": True, "bottom": 1})
    for page in pages:
        sheet = workbook.add_worksheet(page.name)
        for number, row in enumerate(page.rows):
            style = bold if number in page.heads else None
            for column, value in enumerate(row):
                if isinstance(value, str):
                    sheet.write_string(number, column, value, style)
                else:
                    sheet.write_number(number, column, value, style)
        for column in range(max((len(row) for row in page.rows), default=0)):
            longest = max(len(str(row[column])) for row in page.rows if column < len(row))
            sheet.set_column(column, column, max(8, min(WIDEST, longest + 2)))
        if 0 in page.heads:
            sheet.freeze_panes(1, 0)
    workbook.close()
    return out.getvalue()


def ods(pages: Sequence[Page]) -> bytes:
    """Write sheets as an OpenDocument spreadsheet."""
    from odf.opendocument import OpenDocumentSpreadsheet  # type: ignore[import-untyped]
    from odf.style import Style, TextProperties  # type: ignore[import-untyped]

    document = OpenDocumentSpreadsheet()
    bold = Style(name="head", family="table-cell")
    bold.addElement(TextProperties(fontweight="bold"))
    document.automaticstyles.addElement(bold)
    for page in pages:
        document.spreadsheet.addElement(_table(page, bold))
    return _without_moments(document)


def _table(page: Page, bold: Any) -> Any:
    from odf.table import Table, TableCell, TableRow  # type: ignore[import-untyped]
    from odf.text import P  # type: ignore[import-untyped]

    table = Table(name=page.name)
    for number, row in enumerate(page.rows):
        line = TableRow()
        style = {"stylename": bold} if number in page.heads else {}
        for value in row:
            if isinstance(value, str):
                cell = TableCell(valuetype="string", **style)
                cell.addElement(P(text=value))
            else:
                cell = TableCell(valuetype="float", value=repr(value), **style)
                cell.addElement(P(text=f"{value:,.10g}"))
            line.addElement(cell)
        table.addElement(line)
    return table


def _without_moments(document: Any) -> bytes:
    """Write a document without the moment of its making, its words always in the same order."""
    from xml.etree.ElementTree import canonicalize

    raw = io.BytesIO()
    document.write(raw)
    with ZipFile(raw) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    meta = re.compile(rb"<(meta:creation-date|dc:date|meta:generator)>[^<]*</\1>")
    files["meta.xml"] = meta.sub(b"", files["meta.xml"])
    for name in (name for name in files if name.endswith(".xml")):
        files[name] = XML_HEAD + canonicalize(files[name].decode("utf-8")).encode("utf-8")
    ordered = {"mimetype": files.pop("mimetype"), **files}
    return zipped(ordered, stored=("mimetype",))

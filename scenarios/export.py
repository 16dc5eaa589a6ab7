"""Tables out: one function for every kind of file that leaves the model.

Whatever the kind, an export carries its handling mark, whether its people are made up, what its
numbers rest on, and its sources with their licences. Small counts of people are hidden, so that no
hidden number can be worked back; no cell can act as a formula; the same tables give the same bytes.

The workbook follows the guidance of the Government Analysis Function on publishing statistics in
spreadsheets: a cover sheet, contents, notes, then one table a sheet from its first cell on.
"""

from __future__ import annotations

import io
import itertools
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

import pandas as pd

from scenarios.circulation.safe_cells import safe_text
from scenarios.circulation.sheets import Behind, Sheet
from scenarios.circulation.spreadsheets import FIXED, Cell, Page, ods, zipped
from scenarios.circulation.suppress import NOBODY, Counts, Rule, hide_together
from scenarios.circulation.written import as_numbers, told_apart
from scenarios.display.marks import Mark, is_synthetic, printed
from scenarios.display.markup import DASH
from scenarios.errors import ScenarioError

if TYPE_CHECKING:
    from xlsxwriter import Workbook  # type: ignore[import-untyped]
    from xlsxwriter.format import Format  # type: ignore[import-untyped]
    from xlsxwriter.worksheet import Worksheet  # type: ignore[import-untyped]

    from scenarios.results import Results
    from scenarios.stored_studies import Study

__all__ = [
    "KINDS",
    "Book",
    "Kind",
    "book_of",
    "export",
    "file_name",
    "kinds",
    "sheet_of",
]

ILLUSTRATIVE = (
    "ILLUSTRATIVE: the people are made up. No row is about a real person, and no move, price or "
    "place may be acted on."
)
DECIDES = "The tool recommends; a named officer decides."
NOT_AVAILABLE = "[x]"
"""Stands for a value that does not exist, as in published statistics."""

ODS_ROWS = 5_000
"""ODS is for summaries: beyond this many rows it takes minutes to write and to open."""
NO_LIBRARY = "needs WeasyPrint, which is not installed here"
XLSX_ROWS = 1_000_000
CELL_CHARACTERS = 32_000
"""A cell of a workbook holds 32,767 characters."""
FILE_NAME = 120
"""Characters of the longest name of a file."""
WIDEST = 60
"""Characters of the widest column of a workbook."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A kind of file: what it is called, its ending and its media type."""

    label: str
    ending: str
    media_type: str


Kind = Literal["xlsx", "csv", "ods", "html", "pdf"]

KINDS: Mapping[Kind, Form] = {
    "xlsx": Form(
        label="Excel workbook",
        ending="xlsx",
        media_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ),
    "csv": Form(label="CSV files, zipped", ending="zip", media_type="application/zip"),
    "ods": Form(
        label="OpenDocument spreadsheet",
        ending="ods",
        media_type="application/vnd.oasis.opendocument.spreadsheet",
    ),
    "html": Form(label="Web page in one file", ending="html", media_type="text/html"),
    "pdf": Form(label="PDF", ending="pdf", media_type="application/pdf"),
}


class OfRuns(Protocol):
    """A study that played further scenarios between or beside two runs."""

    @property
    def folder(self) -> Path:
        """Where it is."""

    @property
    def account(self) -> dict[str, Any]:
        """What it tells of itself."""


STUDIES = {
    "drivers": "what drives the change between two runs, line by line",
    "assumptions": "whether other assumptions would turn the verdicts",
}
"""Kinds of such studies, in words."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Book:
    """Tables to be exported, with all that goes with them.

    Attributes
    ----------
    title
        What they are about.
    sheets
        At least one.
    mark
        Handling mark.
    illustrative
        Whether the people are made up.
    run
        Name of the run folder, or folders; empty where no run stands behind the tables.
    about
        What the numbers rest on, each with its name; made by ``book_of``.
    made_from
        The date of the data; files that bear a date bear this one. None where it is not known.
    rule
        How small counts are hidden; ``None`` hides nothing.
    behind
        The runs and studies behind the tables: a count that one of them hides in any file is hidden
        in every file.

    Raises
    ------
    ValueError
        When there is no sheet, or what is OFFICIAL is about single people or hides no small count.
    """

    title: str
    sheets: Sequence[Sheet]
    mark: Mark
    illustrative: bool
    run: str
    about: Mapping[str, str]
    made_from: date | None
    rule: Rule | None
    behind: Sequence[Results | Study] = ()

    def __post_init__(self) -> None:
        if not self.sheets:
            raise ValueError("There is no table to export.")
        if self.mark == "OFFICIAL" and self.rule is None:
            raise ValueError("Small counts are hidden in everything that is marked OFFICIAL.")
        if self.mark == "OFFICIAL" and any(s.is_for_planners for s in self.sheets):
            raise ValueError("Rows about single people and moves to come are OFFICIAL-SENSITIVE.")

    @property
    def rows(self) -> int:
        """Rows of all tables together."""
        return sum(len(sheet.table) for sheet in self.sheets)

    @property
    def warnings(self) -> list[str]:
        """What stands at the head of every part: the mark, and whether people are made up."""
        return [self.mark, *([ILLUSTRATIVE] if self.illustrative else []), DECIDES]


def kinds(rows: int = 0) -> tuple[Kind, ...]:
    """List the kinds of file that can be written here for this many rows."""
    able = ["xlsx", "csv", *(["ods"] if rows <= ODS_ROWS else []), "html"]
    if find_spec("weasyprint") is not None:
        able.append("pdf")
    return tuple(kind for kind in KINDS if kind in able)


def book_of(
    title: str,
    tables: Sequence[str | Sheet],
    shown: Sequence[Results | Study] = (),
    *,
    mark: Mark,
    rule: Rule | None,
    counts: Counts | None = None,
    behind: Behind | None = None,
    beside: Sequence[OfRuns] = (),
) -> Book:
    """Put tables together with what the runs behind them rest on.

    Parameters
    ----------
    title, mark, rule
        As in ``Book``.
    tables
        Sheets, or tables as pages show them.
    shown
        Runs or studies behind the tables; none where they are about the model itself.
    counts
        Which columns count people, for tables that do not say it themselves.
    behind
        What else the tables rest on; the model itself where neither this nor a run is given.
    beside
        Studies of those runs, of which some of the tables tell.
    """
    from scenarios.provenance import PRODUCT, versions
    from scenarios.settings import settings

    about = {"Version": f"{PRODUCT} {versions()[PRODUCT]}"}
    if behind is not None:
        about["Tables"] = behind.tables
    for one in shown:
        words = _about(one)
        about |= words if len(shown) == 1 else {f"{_name(one)}: {k}": words[k] for k in words}
    for study in beside:
        about |= {
            f"{study.folder.name}: {name}": each for name, each in _about_study(study).items()
        }
    dates = [date.fromisoformat(day) for one in shown if (day := _data_of(one))]
    made_from = behind.made_from if behind is not None else None
    if behind is None and not shown:
        made_from = settings()["as_of"].value
    sheets = [sheet_of(table) for table in tables]
    return Book(
        title=title,
        sheets=[s if s.counts is not None else replace(s, counts=counts) for s in sheets],
        mark=mark,
        illustrative=any(is_synthetic(one) for one in shown)
        or (behind is not None and behind.illustrative),
        run=", ".join(_name(one) for one in shown),
        about=about,
        made_from=max(dates, default=made_from),
        rule=rule,
        behind=shown,
    )


def sheet_of(table: str | Sheet) -> Sheet:
    """Take what a shown table was made from.

    Raises
    ------
    TypeError
        When it is text that no table was made into.
    """
    from scenarios.display.markup import Table

    if isinstance(table, Sheet):
        return table
    if isinstance(table, Table):
        return table.sheet
    raise TypeError("Give a Sheet, or what scenarios.display.markup.table made.")


def _name(shown: Results | Study) -> str:
    """Name a run or a study as its folder is named, which tells it from every other."""
    return shown.folder.name if shown.folder else shown.name


def file_name(book: Book, name: str, kind: Kind) -> str:
    """Name the file of an export: its run, what it is, its mark, and whether people are made up.

    However long the names of the runs are, the rest is told.

    Examples
    --------
    >>> from scenarios.circulation.suppress import NOBODY
    >>> sheet = Sheet(title="A", table=pd.DataFrame({"a": ["b"]}), labels={"a": "A"}, counts=NOBODY)
    >>> book = book_of("Who moves", [sheet], [], mark="OFFICIAL-SENSITIVE", rule=None)
    >>> file_name(book, "Who moves", "xlsx")
    'closer-to-home-who-moves-official-sensitive.xlsx'
    """
    run = _hyphened(book.run.replace(", ", "-with-")) or "closer-to-home"
    told = _hyphened("-".join([name[:FILE_NAME], *_marks_in_a_name(book)]))
    run = run[: max(0, FILE_NAME - len(told) - 1)].strip("-")
    return f"{run}-{told}.{KINDS[kind].ending}".removeprefix("-")


def _hyphened(words: str) -> str:
    return re.sub(r"[^a-z0-9_]+", "-", words.lower()).strip("-")


def _marks_in_a_name(book: Book) -> list[str]:
    """Give what the name of a file says of its handling: a file is told by its name alone too."""
    return [book.mark.lower(), *(["illustrative"] if book.illustrative else [])]


def export(book: Book, kind: Kind) -> bytes:
    """Write tables as a file of one kind.

    Parameters
    ----------
    book
        The tables and all that goes with them.
    kind
        One of ``kinds``.

    Returns
    -------
    bytes
        The same for the same tables, whenever they are written.

    Raises
    ------
    ScenarioError
        When the kind is not known or cannot be written here, or the tables are too long for it.
    """
    if kind not in KINDS:
        raise ScenarioError(f"No kind of export {kind!r}. Known: {', '.join(KINDS)}.")
    if kind not in kinds(book.rows):
        why = f"cannot be written for {book.rows:,} rows" if kind in kinds() else NO_LIBRARY
        raise ScenarioError(
            f"{KINDS[kind].label}: {why}. Use one of {', '.join(kinds(book.rows))}."
        )
    ready = _fit_to_leave(book)
    return _WRITERS[kind](ready.written if kind in ("html", "pdf") else ready.apart)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Part:
    """A sheet ready to be written: its name, heading, notes, columns told and cells."""

    name: str
    sheet: Sheet
    notes: tuple[str, ...]
    table: pd.DataFrame

    @property
    def apart(self) -> _Part:
        """The same with every written number in columns of its own, for files of numbers."""
        whole = self.sheet.table
        heads = {n: told_apart(h, DASH, NOT_AVAILABLE) for n, h in self.sheet.labels.items()}
        table, labels = as_numbers(self.table, heads, DASH, whole)
        title = told_apart(self.sheet.title, DASH, NOT_AVAILABLE)
        sheet = replace(self.sheet, title=title, table=table, labels=labels)
        notes = tuple(told_apart(note, DASH, NOT_AVAILABLE) for note in self.notes)
        return replace(self, table=table, sheet=sheet, notes=notes)

    @property
    def heads(self) -> list[str]:
        """Headings with their units, each once."""
        told: list[str] = []
        for column, label in self.sheet.labels.items():
            head = _with_unit(label, column)
            number = sum(other == head or other.startswith(f"{head} (") for other in told)
            told.append(f"{head} ({number + 1})" if number else head)
        return told


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Ready:
    """A book whose small counts are hidden, with its own sheets of words."""

    book: Book
    parts: tuple[_Part, ...]
    notes: tuple[str, ...]

    @property
    def apart(self) -> _Ready:
        """The same for files of numbers, where an empty cell would be taken for a nought."""
        notes = (
            *self.notes,
            f"{NOT_AVAILABLE} stands for a value that does not exist.",
            "Shares are between 0 and 1 where a cell does not show a percent sign.",
        )
        return replace(self, parts=tuple(part.apart for part in self.parts), notes=notes)

    @property
    def written(self) -> _Ready:
        """The same for files that are read as pages are."""
        return replace(self, notes=(*self.notes, f"{DASH} stands for a value that does not exist."))

    @property
    def cover(self) -> list[str]:
        """The lines of the cover sheet."""
        book = self.book
        run = [f"Run: {book.run}"] if book.run else []
        titles = "; ".join(dict.fromkeys(one.title for one in book.behind))
        run += [f"Scenario: {titles}"] if titles else []
        of = "a date that is not known" if book.made_from is None else book.made_from.isoformat()
        return [book.title, *book.warnings, *run, f"Data of {of}"]

    @property
    def provenance(self) -> list[tuple[str, str]]:
        """What the numbers rest on, then the sources and their licences."""
        from data.load import sources
        from scenarios.display.wording import ATTRIBUTION

        published = [
            (
                f"Source: {entry.get('title', key)}",
                f"{entry.get('publisher', '')}, {entry.get('date', '')}. "
                f"Licence: {entry.get('licence', '')}",
            )
            for key, entry in sources().items()
        ]
        return [*self.book.about.items(), ("Attribution", ATTRIBUTION), *published]


def _fit_to_leave(book: Book) -> _Ready:
    """Hide small counts, and give every table a name."""
    from scenarios.hidden_counts import of_runs

    tables = [sheet.table for sheet in book.sheets]
    told: list[list[str]] = [[sheet.note] if sheet.note else [] for sheet in book.sheets]
    kept_back = []
    hiding = "Small counts of people are not hidden."
    if book.rule is not None:
        hiding = book.rule.note
        counted = [(s.table, s.counts or _whole_numbers(s)) for s in book.sheets]
        whole = [sheet.whole for sheet in book.sheets]
        pattern = of_runs(book.behind, book.rule)
        for number, found in enumerate(hide_together(counted, book.rule, whole, pattern)):
            tables[number] = found.table
            hidden = [name for name in found.mask.columns if name in book.sheets[number].labels]
            shows_it = bool(found.mask[hidden].to_numpy().any())
            if shows_it or (book.rule.rounding > 1 and counted[number][1].columns):
                told[number].append(book.rule.note)
            kept_back += [
                f"Table {number + 1}: do not publish the sum of {book.sheets[number].labels[name]} "
                "beside this table: a hidden count could be worked out from it."
                for name in found.outside
                if name in book.sheets[number].labels
            ]
    parts = [
        _Part(name=f"Table {number}", sheet=sheet, notes=tuple(notes), table=table)
        for number, (sheet, notes, table) in enumerate(
            zip(book.sheets, told, tables, strict=True), start=1
        )
    ]
    return _Ready(book=book, parts=tuple(parts), notes=(hiding, *kept_back))


TOTALS = ("everybody", "all", "all prisons", "total", "together", "estate")
"""Words that mark a row of totals, whatever their case."""


def _whole_numbers(sheet: Sheet) -> Counts:
    """Take every column of whole numbers for one that counts people: rather hidden than told.

    Rows of totals are known by their words in the columns that come before the first number.
    """
    table = sheet.table
    whole = [c for c in sheet.labels if table[c].dtype.kind in "iu" and not (table[c] < 0).any()]
    words = list(itertools.takewhile(lambda c: table[c].dtype.kind not in "iufb", sheet.labels))
    totals = {}
    for column in words:
        marks = [cell for cell in table[column].astype(str).unique() if cell.lower() in TOTALS]
        if len(marks) == 1:
            totals[column] = marks[0]
    by = tuple(words) if totals else ()
    return replace(NOBODY, columns=tuple(whole), totals=totals, by=by)


def _about(shown: Results | Study) -> dict[str, str]:
    """Say what a run or a study rests on, as far as it tells."""
    from scenarios.results import Results

    made = shown.provenance
    told = {
        "Run": _name(shown),
        "Scenario": shown.title,
        "Digest of the data": made.get("data_digest"),
        "Digest of the settings": made.get("scenario_digest"),
        "Digest of the model": made.get("model_digest"),
        "Seed": made.get("seed"),
        "Simulated years": made.get("replications"),
        "Commit": _commit(made),
        "Made with": ", ".join(f"{name} {each}" for name, each in made.get("versions", {}).items()),
        "Data of": _data_of(shown),
    }
    if "inputs" in made:
        told["People"] = "made up, to match published totals" if is_synthetic(shown) else "records"
    if isinstance(shown, Results):
        gap = shown.allocation.get("gap")
        told |= {
            "Question": shown.summary["question"],
            "Status of the placements": shown.allocation["status"],
            "Gap to the best possible": "not applicable" if gap is None else f"{gap:.6%}",
        }
    return {name: str(value) for name, value in told.items() if value not in (None, "")}


def _about_study(study: OfRuns) -> dict[str, str]:
    """Say what a study of runs is, which runs it is about, and on how many years it rests."""
    account = study.account
    made = json.loads((study.folder / "manifest.json").read_text(encoding="utf-8"))
    told = {
        "Study": STUDIES.get(study.folder.name.partition("-")[0]),
        "Runs": ", ".join(str(each["run"]) for each in account["compared"]),
        "Scenarios played": account["scenarios_played"],
        "Simulated years": account["replications"],
        "Seed": account["seed"],
        "Command": account["command"],
        "Digest of the model": made.get("model_digest"),
        "Commit": _commit(made),
    }
    return {name: str(each) for name, each in told.items() if each not in (None, "")}


def _commit(made: Mapping[str, Any]) -> str:
    """Give the commit, and whether anything had been changed beside it."""
    told: Mapping[object, str] = {True: " (clean)", False: " (with changes)"}
    commit = made.get("commit")
    return f"{commit}{told.get(made.get('clean_tree'), '')}" if commit else ""


def _data_of(shown: Results | Study) -> str:
    """Give the date of the data behind a run or a study, ISO; empty where it is not known."""
    from scenarios.results import Results

    return shown.holds_for["date"][:10] if isinstance(shown, Results) else shown.as_of


UNITS = {
    "_gbp": ("pounds", ("pound", "£", "cost", "price", "saves")),
    "_share": ("share", ("share", "%", "per cent")),
    "_miles": ("miles", ("mile",)),
    "_minutes": ("minutes", ("minute",)),
    "_hours": ("hours", ("hour",)),
    "_days": ("days", ("day",)),
    "_weeks": ("weeks", ("week",)),
}
"""Endings of columns, the unit each tells, and words of a heading that tell it already."""


def _with_unit(label: str, column: str) -> str:
    for ending, (unit, known) in UNITS.items():
        if column.endswith(ending) and not any(_names(label, word) for word in known):
            return f"{label}, {unit}"
    return label


def _names(label: str, word: str) -> bool:
    """Whether a heading has a word or its plural: a weekday is no unit, nor is a 95% interval one.

    Examples
    --------
    >>> _names("Days to a visit", "day"), _names("Weekday", "day"), _names("All, %", "%")
    (True, False, True)
    """
    sought = rf"\b{word}s?\b" if word.replace(" ", "").isalpha() else rf"(?<!\d){word}"
    return re.search(sought, label.lower()) is not None


def _cell(value: Any) -> str | float | int:
    """Turn a cell into text that can do no harm, or a number."""
    if value is None or value is pd.NaT or value != value or value == DASH:
        return NOT_AVAILABLE
    if isinstance(value, bool) or type(value).__name__ == "bool":
        return "yes" if value else "no"
    if isinstance(value, str):
        return safe_text(_printable(value))[:CELL_CHARACTERS]
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, int | float):
        # of nought there is no other side: a difference of -0.0 is written as 0
        return value + 0 if abs(value) != float("inf") else NOT_AVAILABLE
    return safe_text(_printable(str(value)))[:CELL_CHARACTERS]


def _printable(text: str) -> str:
    """Leave out characters that no XML file may hold."""
    return re.sub(r"[^\t\n\r\x20-\uD7FF\uE000-\uFFFD\U00010000-\U0010FFFF]", "", text)


def _rows(part: _Part) -> Iterator[list[str | float | int]]:
    columns = [part.table[column].tolist() for column in part.sheet.labels]
    for row in zip(*columns, strict=True):
        yield [_cell(value) for value in row]


# ---- CSV


def _csv(ready: _Ready) -> bytes:
    """Write one CSV file a table, with notes and provenance beside them, in one archive."""
    words = [("Title", line) for line in ready.cover[:1]]
    words += [("Note", line) for line in (*ready.cover[1:], *ready.notes)]
    words += [(part.name, part.sheet.title) for part in ready.parts]
    words += [(part.name, note) for part in ready.parts for note in part.notes]
    files = {"about.csv": _csv_text(["What", "Words"], [*words, *ready.provenance])}
    for part in ready.parts:
        files[f"{_slug(part, ready.book)}.csv"] = _csv_text(part.heads, _rows(part))
    return zipped({name: text.encode("utf-8-sig") for name, text in files.items()})


def _csv_text(heads: Sequence[str], rows: Any) -> str:
    import csv

    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([_cell(head) for head in heads])
    writer.writerows([_cell(value) for value in row] for row in rows)
    return out.getvalue()


def _slug(part: _Part, book: Book) -> str:
    """Name the file of one table, which may be taken out of its archive."""
    words = re.sub(r"[^a-z0-9]+", "_", part.sheet.title.lower()).strip("_")[:60].rstrip("_")
    return "_".join([part.name, words, *_marks_in_a_name(book)]).lower().replace(" ", "_")


# ---- XLSX


def _xlsx(ready: _Ready) -> bytes:
    import xlsxwriter

    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    options |= {"strings_to_numbers": False, "nan_inf_to_errors": False}
    workbook = xlsxwriter.Workbook(out, options)
    made = datetime.combine(ready.book.made_from or date(*FIXED[:3]), datetime.min.time())
    workbook.set_properties(
        {"title": ready.book.title, "comments": "; ".join(ready.book.warnings), "created": made}
    )
    styles = _Styles(
        title=workbook.add_format({"bold": True, "font_size": 14}),
        head=workbook.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1}),
        wrap=workbook.add_format({"text_wrap": True, "valign": "top"}),
    )
    _words_sheet(workbook, "Cover", ready, styles, ready.cover)
    contents = [(part.name, part.sheet.title) for part in ready.parts]
    listed = [("Notes", "Notes on all tables"), *contents, ("Provenance", "What this rests on")]
    _pairs_sheet(workbook, "Contents", ready, styles, ("Sheet", "What it holds"), listed)
    notes = [(f"Note {number}", note) for number, note in enumerate(ready.notes, start=1)]
    _pairs_sheet(workbook, "Notes", ready, styles, ("Note", "Words"), notes)
    for part in ready.parts:
        _table_sheet(workbook, part, ready, styles)
    heads = ("What", "Value")
    _pairs_sheet(workbook, "Provenance", ready, styles, heads, ready.provenance)
    workbook.close()
    return out.getvalue()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Styles:
    title: Format
    head: Format
    wrap: Format


def _new_sheet(workbook: Workbook, name: str, ready: _Ready) -> Worksheet:
    """Begin a sheet that prints its mark on every page."""
    sheet = workbook.add_worksheet(name)
    marks = _printed(ready.book)
    sheet.set_header(f"&C{marks}")
    run = ready.book.run.replace("&", "&&")
    sheet.set_footer(f"&L{run}&C{marks}&RPage &P of &N")
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    return sheet


def _printed(book: Book) -> str:
    """Give what stands at the head of every printed page."""
    return printed(book.mark, illustrative=book.illustrative)


def _words_sheet(
    workbook: Workbook, name: str, ready: _Ready, styles: _Styles, lines: Sequence[str]
) -> None:
    sheet = _new_sheet(workbook, name, ready)
    sheet.set_column(0, 0, 100)
    for row, line in enumerate(lines):
        sheet.write_string(row, 0, str(_cell(line)), styles.title if row == 0 else styles.wrap)


def _pairs_sheet(
    workbook: Workbook,
    name: str,
    ready: _Ready,
    styles: _Styles,
    heads: tuple[str, str],
    pairs: Sequence[tuple[str, str]],
) -> None:
    sheet = _new_sheet(workbook, name, ready)
    sheet.set_column(0, 0, 30)
    sheet.set_column(1, 1, 100)
    sheet.write_string(0, 0, f"{name}: {ready.book.title}"[:CELL_CHARACTERS], styles.title)
    sheet.write_string(1, 0, _marks(ready.book))
    for column, head in enumerate(heads):
        sheet.write_string(2, column, head, styles.head)
    for row, pair in enumerate(pairs, start=3):
        for column, text in enumerate(pair):
            sheet.write_string(row, column, str(_cell(text)), styles.wrap)
    sheet.freeze_panes(3, 0)


def _above(book: Book) -> list[str]:
    """Give what stands above every table of a workbook, below its title."""
    return [_marks(book), f"This sheet holds one table. Run {book.run or 'none'}."]


def _marks(book: Book) -> str:
    return " ".join([f"{book.mark}.", *([ILLUSTRATIVE] if book.illustrative else [])])


def _table_sheet(workbook: Workbook, part: _Part, ready: _Ready, styles: _Styles) -> None:
    """Write a title, the words about the table, then the table; no cell is merged."""
    sheet = _new_sheet(workbook, part.name, ready)
    sheet.write_string(0, 0, str(_cell(f"{part.name}: {part.sheet.title}")), styles.title)
    lines = [*_above(ready.book), *part.notes]
    for row, line in enumerate(lines, start=1):
        sheet.write_string(row, 0, str(_cell(line)))
    first = len(lines) + 1
    heads = [str(_cell(head)) for head in part.heads]
    columns = list(part.sheet.labels)
    formats = [workbook.add_format({"num_format": _number_format(c, part)}) for c in columns]
    cells = list(_rows(part))
    if len(cells) > XLSX_ROWS:
        raise ScenarioError(f"{part.sheet.title}: {len(cells):,} rows are too many for a workbook.")
    if cells:
        made = [{"header": head, "header_format": styles.head} for head in heads]
        last = first + len(cells)
        name = part.name.replace(" ", "_").lower()
        options = {"columns": made, "autofilter": False, "style": None, "name": name}
        sheet.add_table(first, 0, last, len(heads) - 1, options)
    for column, head in enumerate(heads):
        sheet.write_string(first, column, head, styles.head)
        sheet.set_column(column, column, _width(head, [row[column] for row in cells[:500]]))
    for number, values in enumerate(cells, start=first + 1):
        for column, value in enumerate(values):
            if isinstance(value, str):
                sheet.write_string(number, column, value)
            else:
                sheet.write_number(number, column, value, formats[column])
    sheet.freeze_panes(first + 1, 1)
    sheet.repeat_rows(first)


def _width(head: str, values: Sequence[str | float | int]) -> int:
    told = (f"{value:,.1f}" if isinstance(value, float) else str(value) for value in values)
    longest = max((len(text) for text in told), default=0)
    return max(8, min(WIDEST, max(longest, min(len(head), 24)) + 2))


OF_SEVERAL_UNITS = "[>=1000]#,##0;[<=-1000]-#,##0;General"
"""Writes whole numbers where they are large, and shares with all their decimals."""


def _number_format(column: str, part: _Part) -> str:
    """Write numbers as the pages do: pounds, per cent, one or two decimals, or whole."""
    if column.endswith("_gbp"):
        return "£#,##0"
    if column.endswith("_share"):
        return "0.0%"
    if "_per_" in column:
        return "#,##0.00"
    if column.endswith("_minutes") or "_miles" in column or "_days" in column:
        return "#,##0.0"
    if "|" in column:
        return OF_SEVERAL_UNITS
    whole = part.sheet.table[column].dtype.kind != "f"
    return "#,##0" if whole else "#,##0.##"


# ---- ODS


def _ods(ready: _Ready) -> bytes:
    marks = [_marks(ready.book)]
    contents = [[part.name, part.sheet.title] for part in ready.parts]
    pages = [
        Page(name="Cover", rows=[[line] for line in ready.cover], heads={0}),
        Page(
            name="Contents",
            rows=[[f"Contents: {ready.book.title}"], marks, ["Sheet", "What it holds"], *contents],
            heads={0, 2},
        ),
        Page(name="Notes", rows=[["Notes"], marks, *[[note] for note in ready.notes]], heads={0}),
    ]
    for part in ready.parts:
        above = [*_above(ready.book), *part.notes]
        words = [[f"{part.name}: {part.sheet.title}"], *[[line] for line in above]]
        rows: list[Sequence[Cell]] = [*words, part.heads, *_rows(part)]
        pages.append(Page(name=part.name, rows=rows, heads={0, len(words)}))
    told = [["Provenance"], marks, ["What", "Value"], *[list(pair) for pair in ready.provenance]]
    pages.append(Page(name="Provenance", rows=told, heads={0, 2}))
    safe = [
        Page(name=p.name, rows=[[_cell(v) for v in row] for row in p.rows], heads=p.heads)
        for p in pages
    ]
    return ods(safe)


# ---- HTML and PDF


def _html(ready: _Ready) -> bytes:
    from markupsafe import Markup

    from scenarios.display import markup

    def part_html(part: _Part) -> Markup:
        numeric = [c for c in part.sheet.labels if part.sheet.table[c].dtype.kind in "iuf"]
        labels = dict(zip(part.sheet.labels, part.heads, strict=True))
        note = " ".join(part.notes)
        title = f"{part.name}: {part.sheet.title}"
        told = markup.table(part.table, title, labels=labels, note=note, right=numeric)
        return Markup(told)  # noqa: S704  escaped by its own template

    page = (
        markup.environment()
        .get_template("export.html")
        .render(
            title=ready.book.title,
            style=Markup(markup.style()),  # noqa: S704  our own file
            lines=ready.cover[1:],
            parts=[part_html(part) for part in ready.parts],
            notes=ready.notes,
            provenance=Markup(markup.facts(dict(ready.provenance))),  # noqa: S704
            mark=_printed(ready.book),
            run=re.sub(r"[^\w ,.-]", " ", ready.book.run),
        )
    )
    return page.encode()


def _pdf(ready: _Ready) -> bytes:
    """Print the web page; nothing is fetched for it."""
    import weasyprint  # type: ignore[import-not-found]

    def refuse(url: str, *_: Any, **__: Any) -> dict[str, Any]:
        raise ValueError(f"{url[:80]}: an export fetches nothing.")

    page = weasyprint.HTML(string=_html(ready).decode(), url_fetcher=refuse)
    return bytes(page.write_pdf(pdf_identifier=b"closer-to-home"))


_WRITERS: Mapping[Kind, Callable[[_Ready], bytes]] = {
    "xlsx": _xlsx,
    "csv": _csv,
    "ods": _ods,
    "html": _html,
    "pdf": _pdf,
}

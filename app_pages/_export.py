"""The one way out of the app: files, made when asked for, and noted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from app_pages import _show, _state, _who

if TYPE_CHECKING:
    from typing import TypeAlias

    from scenarios.circulation.sheets import Behind, Sheet
    from scenarios.circulation.suppress import Counts, Rule
    from scenarios.display.marks import Mark
    from scenarios.export import Book, Kind, OfRuns
    from scenarios.results import Results
    from scenarios.stored_studies import Study

    Told: TypeAlias = Sequence[str | Sheet]

USUAL = "Hide 1 and 2"
STRICT = "Hide under 5, round to 5"
HIDING = (USUAL, STRICT)
READERS = ("For circulation: OFFICIAL", "For planners: OFFICIAL-SENSITIVE")


def download(
    name: str,
    tables: Told | Callable[[], Told] | None = None,
    shown: Results | Study | Sequence[Results | Study] | None = None,
    *,
    mark: Mark | None = None,
    counts: Counts | None = None,
    behind: Behind | None = None,
    beside: Sequence[OfRuns] = (),
) -> None:
    """Offer tables as a file; nothing is written before the reader asks for it.

    Parameters
    ----------
    name
        What the tables are about, in a few words; each on a page has its own.
    tables
        Tables as :func:`app_pages._show.table` shows them, or sheets, or what makes them once they
        are asked for; all that the page has shown by now when left out.
    shown
        The run or runs behind them; none where they are about the model itself.
    mark
        In what is OFFICIAL small counts of people are hidden and rows about single people are left
        out. When the mark is left out, the planner who reads what is OFFICIAL-SENSITIVE chooses.
    counts
        Which columns count people, for tables that do not say it themselves.
    behind
        What else the tables rest on, where no run made them.
    beside
        Studies of those runs, of which some of the tables tell.
    """
    from scenarios.export import sheet_of

    runs = [] if shown is None else list(shown) if isinstance(shown, Sequence) else [shown]
    on_page = _show.kept()

    def sheets() -> list[Sheet]:
        # asked again when the file is made: a part of the page may have been drawn again alone
        told = tables() if callable(tables) else tables
        chosen = _show.tables_of(on_page) if told is None else told
        return [sheet_of(table) for table in chosen if table]

    if not (_show.has_tables(on_page) if tables is None else callable(tables) or sheets()):
        return
    _show.fold(
        f"Export: {name[:1].lower()}{name[1:]}",
        lambda: _offer(name, sheets, runs, mark=mark, counts=counts, behind=behind, beside=beside),
    )


def _offer(
    name: str,
    sheets: Callable[[], list[Sheet]],
    runs: Sequence[Results | Study],
    *,
    mark: Mark | None,
    counts: Counts | None,
    behind: Behind | None,
    beside: Sequence[OfRuns],
) -> None:
    """Let the reader choose for whom the file is and of what kind, and hand it over."""
    from scenarios.export import KINDS, book_of, file_name, kinds

    if mark is None and _who.is_planner() and _show.handling() == "OFFICIAL-SENSITIVE":
        words = st.segmented_control(
            "Who it is for",
            READERS,
            default=READERS[0],
            required=True,
            key=f"for {name}",
            persist_state="session",
        )
        mark = "OFFICIAL" if words == READERS[0] else "OFFICIAL-SENSITIVE"
    level: Mark = mark or "OFFICIAL"
    rule = _rule(name, level)

    def fit() -> list[Sheet]:
        return [sheet for sheet in sheets() if level != "OFFICIAL" or not sheet.is_for_planners]

    def book() -> Book:
        return book_of(
            name, fit(), runs, mark=level, rule=rule, counts=counts, behind=behind, beside=beside
        )

    if not fit():
        _show.say("Every table here is about single people: none may circulate.")
        return
    now = book()
    kind = st.selectbox(
        "Kind of file",
        kinds(now.rows),
        format_func=lambda kind: KINDS[kind].label,
        key=f"kind {name}",
        persist_state="session",
        width=320,
    )
    who, folder = _who.name(), _state.runs_folder()
    st.download_button(
        "Download",
        data=lambda: made(book(), kind, name, folder, who),
        file_name=file_name(now, name, kind),
        mime=KINDS[kind].media_type,
        key=f"download {name}",
        on_click="ignore",
    )


def _rule(name: str, mark: Mark) -> Rule | None:
    """Let the reader choose how small counts are hidden in what may circulate."""
    from scenarios.circulation.suppress import default_rule

    if mark != "OFFICIAL":
        _show.say("For planners only: small counts are not hidden.")
        return None
    hiding = st.segmented_control(
        "Small counts of people",
        HIDING,
        default=USUAL,
        required=True,
        key=f"hiding {name}",
        persist_state="session",
    )
    return default_rule(strict=hiding == STRICT)


def made(book: Book, kind: Kind, name: str, runs: Path, who: str) -> bytes:
    """Write the file and note it; without the note there is no file."""
    from scenarios.export import export
    from scenarios.export_run import noted

    content = export(book, kind)
    noted(book, kind, name, runs, who)
    return content


NOBODY_IN_IT = "holds no people"


def offer_file(
    label: str, name: str, content: Callable[[], bytes | str], media_type: str, rows: int
) -> None:
    """Offer a file of one's own that is brought back as it is, and so bears no mark.

    Parameters
    ----------
    label
        What the button says.
    name
        Of the file.
    content
        Makes it; asked only when the reader does. It holds nothing about people.
    media_type
        As browsers name it.
    rows
        Lines or rows of it, for the list of exports.
    """
    who, folder = _who.name(), _state.runs_folder()
    st.download_button(
        label,
        data=lambda: noted(content, name, rows, folder, who),
        file_name=name,
        mime=media_type,
        on_click="ignore",
    )


def noted(
    content: Callable[[], bytes | str], name: str, rows: int, runs: Path, who: str
) -> bytes | str:
    """Make a file and note it; without the note there is no file."""
    from scenarios.circulation import audit

    made_now = content()
    entry = audit.Entry(
        who=who,
        what=name,
        rows=rows,
        kind=name.rpartition(".")[2],
        mark="OFFICIAL",
        run="",
        small_counts=NOBODY_IN_IT,
    )
    audit.record(runs, entry)
    return made_now

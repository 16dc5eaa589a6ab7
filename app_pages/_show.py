"""How words, numbers, charts and tables are put on a page.

Everything goes through escaped HTML of ours: a title, a code or a cell that came from a file is
shown as text and can never become a link or an image that a browser would fetch.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from functools import cache
from html import escape
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import streamlit as st

from scenarios.display import marks, markup

if TYPE_CHECKING:
    from streamlit.navigation.page import Page

    from scenarios.display.charts import Figure
    from scenarios.results import Results
    from scenarios.stored_studies import Study

FOLDER = Path(__file__).parent
ICON = str(FOLDER / "icon.svg")
"""A picture of our own: an icon named in words would be fetched from another host."""

MARKDOWN = re.compile(r"[!-/:-@\[-`{-~]")
"""Marks that Markdown may read as something else; a backslash makes each plain."""

Made: TypeAlias = Callable[[], str]
"""Makes a table once it is looked at, or asked for in an export; :func:`once` keeps it then."""

Shown: TypeAlias = "list[markup.Table | Made | Shown]"
"""Tables in the order they are shown; those of a part of a page are a list of their own."""

FOLDS_OPEN = False
"""Whether what can be opened is open to begin with, to look at a page whole."""

_shown: ContextVar[Shown] = ContextVar("tables shown on this page")
_names: ContextVar[Iterator[str]] = ContextVar("names of what can be opened on this page")
_joined: ContextVar[list[str] | None] = ContextVar("what waits to be drawn as one", default=None)
_handling: ContextVar[marks.Mark] = ContextVar("handling mark of this page")


def run(page: Page) -> None:
    """Run a page; when a file of the run cannot be used, say which and what to do."""
    _shown.set([])
    _names.set(_numbered(page.url_path))
    _handling.set("OFFICIAL")
    markup.hide_as(None)
    with _bad_input_told():
        page.run()


def part(draw: Callable[[], None]) -> None:
    """Draw a part of a page that its own choices draw again alone, so that they answer at once.

    The page's export holds the tables that the part shows when the file is asked for.
    """
    mine: Shown = []
    within = _within(_next_name())

    @st.fragment
    def drawn() -> None:
        mine.clear()
        with within(mine):
            draw()

    kept().append(mine)
    _draw_joined()
    drawn()


def fold(label: str, draw: Callable[[], None], tables: Sequence[str | Made] = ()) -> None:
    """Offer a part of a page under a heading that opens it; it is drawn once it is open.

    Parameters
    ----------
    label
        What the heading says; words of ours.
    draw
        Draws the part.
    tables
        The tables that it shows: the page's export holds them, open or not.
    """
    for html in tables:
        _note(html)
    name = _next_name()
    within = _within(name)

    @st.fragment
    def drawn() -> None:
        box = st.expander(label, expanded=FOLDS_OPEN, key=f"fold {name}", on_change="rerun")
        if box.open:
            with box, within([]):
                draw()

    _draw_joined()
    drawn()


def fold_tables(label: str, *tables: str | Made) -> None:
    """Offer tables under a heading that opens them."""
    kept_once = [once(each) if callable(each) else each for each in tables]

    def draw() -> None:
        for each in kept_once:
            table(each() if callable(each) else each)

    fold(label, draw, kept_once)


def once(make: Made) -> Made:
    """Make a table when it is first looked at, and keep it."""
    return cache(make)


@contextmanager
def joined() -> Iterator[None]:
    """Put words, numbers and tables that follow one another on the page as one piece.

    A browser draws one piece sooner than ten. A chart, a part or a fold of this module comes in its
    place; what Streamlit itself draws in here would come before the words above it.
    """
    before = _joined.set([])
    try:
        yield
    finally:
        _draw_joined()
        _joined.reset(before)


def _put(html: str) -> None:
    """Put a piece of HTML on the page, or with those that are drawn as one."""
    waiting = _joined.get()
    if waiting is None:
        st.html(html)
    else:
        waiting.append(html)


def _draw_joined() -> None:
    waiting = _joined.get()
    if waiting:
        pieces = "".join(f"<div>{html}</div>" for html in waiting)
        st.html(f'<div class="estate-joined">{pieces}</div>')
        waiting.clear()


def _within(name: str) -> Callable[[Shown], AbstractContextManager[None]]:
    """Give what a part of this page is drawn in, now and when it is drawn again alone.

    Parameters
    ----------
    name
        Tells it from other parts of the page.

    Returns
    -------
    Callable
        Takes the list that is to hold the tables that the part shows.
    """
    how, pattern = handling(), markup.hiding()

    @contextmanager
    def within(mine: Shown) -> Iterator[None]:
        shown, names = _shown.set(mine), _names.set(_numbered(name))
        alone = _joined.set(None)
        _handling.set(how)
        try:
            with markup.hidden_as(pattern), _bad_input_told():
                yield
        finally:
            _shown.reset(shown)
            _names.reset(names)
            _joined.reset(alone)

    return within


def _next_name() -> str:
    """Name the next part of this page, or of what is drawn outside a page."""
    names = _names.get(None)
    if names is None:
        names = _numbered("")
        _names.set(names)
    return next(names)


def _numbered(name: str) -> Iterator[str]:
    return (f"{name}.{number}" for number in count(1))


@contextmanager
def _bad_input_told() -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        if not _is_bad_input(error):
            raise
        section("This run cannot be shown")
        wrong(str(error).splitlines())


def _is_bad_input(error: ValueError) -> bool:
    """Whether an error is told to the reader; its kinds are imported only once there is one."""
    from data.validate import TableError
    from scenarios.errors import ScenarioError

    return isinstance(error, ScenarioError | TableError)


def style() -> None:
    """Put the name, the style sheet of the report and that of the app on the page."""
    st.logo(FOLDER / "logo.svg", size="large")
    own = (FOLDER / "style.css").read_text(encoding="utf-8")
    st.html(f"<style>{markup.style()}\n{own}</style>")


def mark(how: marks.Mark = "OFFICIAL", *shown: Results | Study) -> None:
    """Write the first line of a page; :func:`app_pages._who.mark` says how it is to be handled."""
    _handling.set(how)
    st.html(f'<p class="estate-mark">{escape(marks.line(how, *shown))}</p>')


def aside(text: str) -> None:
    """Show a quiet line, as in the sidebar."""
    _put(f'<p class="estate-aside">{escape(text)}</p>')


def title(text: str) -> None:
    """Show the page's one main heading."""
    _put(f'<h1 class="estate-title">{escape(text)}</h1>')


def section(text: str) -> None:
    """Show the heading of a part of the page."""
    _put(f'<h2 class="estate-section">{escape(text)}</h2>')


def label(text: str) -> str:
    r"""Escape text that came from a file for a label, which Streamlit reads as Markdown.

    Examples
    --------
    >>> label("Wing [A](x)")
    'Wing \\[A\\]\\(x\\)'
    """
    return MARKDOWN.sub(r"\\\g<0>", text)


def say(text: str, *, small: bool = True) -> None:
    """Show a paragraph."""
    _put(markup.statement(text, small=small))


def wrong(lines: Iterable[str]) -> None:
    """Say what the model found wrong, with what to press in place of commands to give."""
    from scenarios.display import in_app

    for line in lines:
        say(in_app.told(line))


def refusal(text: str) -> None:
    """Say, so that a screen reader reads it out at once, what cannot be done and why."""
    _put(f'<div class="estate-refusal" role="alert"><p>{escape(text)}</p></div>')


def notice(*runs: Results) -> None:
    """Say whether the people of these runs are made up, who decides, and which are ceilings."""
    from scenarios.display import wording

    notices = [wording.notice(results) for results in runs] or [wording.SYNTHETIC]
    ceilings = [results.title for results in runs if results.summary["ceiling"]]
    for text in dict.fromkeys(notices):
        _put(markup.banner(text))
    for title in dict.fromkeys(ceilings):
        _put(markup.banner(f"{title}. {wording.CEILING}" if len(runs) > 1 else wording.CEILING))


def numbers(cards: Sequence[markup.Number]) -> None:
    """Show headline numbers side by side."""
    _put(markup.numbers(cards))


def table(html: str) -> None:
    """Show a table made by :func:`scenarios.display.markup.table`."""
    _note(html)
    _put(html)


def figure(drawn: Figure, table_html: str | Made = "") -> None:
    """Show a chart with its title and note, and its numbers as a table that can be opened.

    Where the page shows the table itself below the chart, none is given.
    """
    _put(f'<h3 class="estate-figure-title">{escape(drawn.title)}</h3>')
    _draw_joined()
    st.vega_lite_chart(spec=drawn.chart.spec(), theme=None, width="stretch", alt=drawn.alt)
    _put(f'<p class="estate-note">{escape(drawn.note)}</p>')
    if table_html:
        fold_tables("These numbers as a table", table_html)


def _note(html: str | Made) -> None:
    """Remember a table of this page for its export."""
    if isinstance(html, markup.Table) or callable(html):
        kept().append(html)


def kept() -> Shown:
    """Return what this page has shown by now; a part that is drawn again changes its own list."""
    return _shown.get([])


def tables_of(those: Shown) -> list[markup.Table]:
    """Return the tables of a page and of its parts, in their order."""
    found: list[markup.Table] = []
    for one in those:
        if isinstance(one, list):
            found += tables_of(one)
        else:
            made = one() if callable(one) else one
            found += [made] if isinstance(made, markup.Table) else []
    return found


def has_tables(those: Shown) -> bool:
    """Whether a page or a part of it has shown a table by now, opened or not."""
    return any(has_tables(one) if isinstance(one, list) else True for one in those)


def handling() -> marks.Mark:
    """Return the handling mark of this page."""
    return _handling.get("OFFICIAL")


def document(name: str) -> None:
    """Show a document of :mod:`scenarios.display.handbook`."""
    from scenarios.display import handbook

    _put(f'<div class="estate-document">{handbook.document(name)}</div>')


def facts(pairs: Mapping[str, str]) -> None:
    """Show a list of facts, each with its name."""
    _put(markup.facts(pairs))


def log(lines: Sequence[str]) -> None:
    """Show lines of a log as they are."""
    _put(f'<pre class="estate-log" tabindex="0">{escape(chr(10).join(lines))}</pre>')

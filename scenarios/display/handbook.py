"""The project's own documents as escaped HTML, to be read in the app without a network.

Only documents that come with the model are shown. Their pictures are left out and their links are
shown as text, so that nothing is fetched; equations are written as plain text and stay so.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.renderer import RendererHTML
    from markdown_it.token import Token

PACKED = Path(__file__).parent / "documents"
"""Where the documents lie in an installed package."""

CHECKOUT = Path(__file__).resolve().parents[2]
"""The folder of the project, where it runs from its checkout."""

DOCUMENTS = {
    "how-to-read": "How to read each page",
    "glossary": "Glossary",
    "limits": "Assumptions and limits",
    "model": "Method: allocation",
    "model-travel": "Method: journeys",
    "model-simulation": "Method: visits",
    "model-lines": "Method: booking lines and first days",
    "model-workers": "Method: family workers",
    "model-scenarios": "Method: scenarios and comparison",
    "validation": "Validation",
    "exports": "Taking tables out, and bringing tables in",
    "serving": "Serving the app",
    "data-protection": "Data protection assessment",
    "accessibility": "Accessibility",
    "changes": "What changed",
}
"""Documents shown, in order, with their titles."""

COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)


def text_of(name: str) -> str:
    """Read a document.

    Parameters
    ----------
    name
        One of ``DOCUMENTS``.

    Raises
    ------
    KeyError
        When there is no such document.
    """
    if name not in DOCUMENTS:
        raise KeyError(name)
    packed = PACKED / f"{name}.md"
    lies = CHECKOUT / ("CHANGELOG.md" if name == "changes" else f"docs/{name}.md")
    return (packed if packed.is_file() else lies).read_text(encoding="utf-8")


def document(name: str) -> str:
    """Give a document as HTML without its main heading, which the page shows.

    Parameters
    ----------
    name
        One of ``DOCUMENTS``.
    """
    return render(text_of(name))


def render(text: str) -> str:
    r"""Turn Markdown of ours into escaped HTML that fetches nothing.

    Headings begin at the third level; tables have the look and the frame of the app's own. HTML in
    the text is shown as text, and comments are left out.

    Examples
    --------
    >>> render("# Title\n\nSee [here](https://elsewhere.example) ![x](y.png) <b>").strip()
    '<p>See here  &lt;b&gt;</p>'
    """
    return str(_renderer().render(COMMENT.sub("", text)))


@cache
def _renderer() -> MarkdownIt:
    from markdown_it import MarkdownIt

    renderer = MarkdownIt("commonmark", {"html": False}).enable("table")
    for name, rule in {
        "image": _nothing,
        "link_open": _nothing,
        "link_close": _nothing,
        "heading_open": _heading,
        "heading_close": _heading,
        "table_open": _table_open,
        "table_close": _table_close,
        "th_open": _head_cell,
        "fence": _equation,
        "code_block": _equation,
        "code_inline": _code,
    }.items():
        renderer.add_render_rule(name, rule)
    renderer.core.ruler.push("without title", _without_title)
    return renderer


def _without_title(state: Any) -> None:
    """Leave out the main heading: its three tokens at the head of the document."""
    tokens: list[Token] = state.tokens
    if tokens and tokens[0].type == "heading_open" and tokens[0].tag == "h1":
        del tokens[:3]


def _nothing(
    renderer: RendererHTML, tokens: Sequence[Token], place: int, options: Any, env: Any
) -> str:
    return ""


def _heading(
    renderer: RendererHTML, tokens: Sequence[Token], place: int, options: Any, env: Any
) -> str:
    token = tokens[place]
    level = min(int(token.tag[1]) + 1, 6)
    return f'<h{level} class="estate-heading">' if token.nesting == 1 else f"</h{level}>\n"


def _table_open(
    renderer: RendererHTML, tokens: Sequence[Token], place: int, options: Any, env: Any
) -> str:
    heads = _heads(tokens, place)
    return (
        f'<div class="estate-table" role="region" aria-label="Table: {escape(heads)}" '
        'tabindex="0"><table>\n'
    )


def _heads(tokens: Sequence[Token], place: int) -> str:
    """Join the headings of the table that begins at a place."""
    found = []
    for number in range(place, len(tokens)):
        if tokens[number].type == "thead_close":
            break
        if tokens[number].type == "th_open":
            found.append(tokens[number + 1].content.replace("`", "").replace("*", ""))
    return ", ".join(head for head in found if head)


def _table_close(
    renderer: RendererHTML, tokens: Sequence[Token], place: int, options: Any, env: Any
) -> str:
    return "</table></div>\n"


def _head_cell(
    renderer: RendererHTML, tokens: Sequence[Token], place: int, options: Any, env: Any
) -> str:
    return '<th scope="col">'


def _code(
    renderer: RendererHTML, tokens: Sequence[Token], place: int, options: Any, env: Any
) -> str:
    """Show words of code; the file of a document by its title."""
    content = tokens[place].content
    name = content.removeprefix("docs/").removesuffix(".md")
    if content.endswith(".md") and name in DOCUMENTS:
        return f"“{escape(DOCUMENTS[name])}”"
    return f"<code>{escape(content)}</code>"


def _equation(
    renderer: RendererHTML, tokens: Sequence[Token], place: int, options: Any, env: Any
) -> str:
    return (
        '<pre class="estate-equation" role="region" aria-label="Equations" tabindex="0">'
        f"{escape(tokens[place].content)}</pre>\n"
    )

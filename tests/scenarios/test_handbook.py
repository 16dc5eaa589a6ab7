"""The documents of the help page: all there, all readable without a network."""

from __future__ import annotations

import re
import tomllib

import pytest

from scenarios.display import handbook

HTML = {name: handbook.document(name) for name in handbook.DOCUMENTS}


@pytest.mark.parametrize("name", list(handbook.DOCUMENTS))
def test_document_fetches_nothing_and_links_nowhere(name: str) -> None:
    assert not re.search(r"<(img|a|script|link|iframe|svg|object)\b", HTML[name])
    assert not re.search(r"\b(src|href)\s*=", HTML[name])


@pytest.mark.parametrize("name", list(handbook.DOCUMENTS))
def test_document_leaves_no_markup_of_its_source(name: str) -> None:
    text = re.sub(r"<pre.*?</pre>|<code.*?</code>", "", HTML[name], flags=re.DOTALL)
    assert "<h1" not in text
    assert "<h2" not in text
    assert "<!--" not in text
    assert not re.search(r"^\s*(#|\|)", text, re.MULTILINE)
    assert "$" not in text


def test_equations_are_shown_as_written() -> None:
    assert "C[p,u] = family + court + release + rules + move" in HTML["model"]
    assert "(v0 + v1) x (c0 - c1) / 2" in HTML["model-scenarios"]


def test_other_documents_are_named_as_the_page_names_them() -> None:
    assert handbook.render("See `model.md` and `docs/serving.md`.") == (
        "<p>See “Method: allocation” and “Serving the app”.</p>\n"
    )
    assert "<code>elsewhere.md</code>" in handbook.render("See `elsewhere.md`.")
    assert not [name for name, html in HTML.items() if re.search(r"<code>[^<]*\.md</code>", html)]


def test_html_in_a_document_is_shown_as_text() -> None:
    found = handbook.render('<img src="https://evil.example/x.png">\n\n![x](https://evil.example)')
    assert "<img" not in found
    assert "&lt;img" in found


def test_link_keeps_its_words_only() -> None:
    assert "href" not in handbook.render("[words](javascript:alert)")
    assert "words" in handbook.render("[words](/x.html)")


def test_tables_have_names_and_heads() -> None:
    found = handbook.render("| word | `meaning` |\n|---|---|\n| a | b |\n")
    assert 'aria-label="Table: word, meaning"' in found
    assert found.count('<th scope="col">') == 2


def test_unknown_document_is_refused() -> None:
    with pytest.raises(KeyError):
        handbook.text_of("../pyproject")


def test_every_document_is_put_into_the_wheel() -> None:
    project = tomllib.loads((handbook.CHECKOUT / "pyproject.toml").read_text("utf-8"))
    packed = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    names = {f"scenarios/display/documents/{name}.md" for name in handbook.DOCUMENTS}
    assert names <= set(packed.values())
    assert all((handbook.CHECKOUT / path).is_file() for path in packed)


def test_what_is_not_modelled_and_who_decides_are_told() -> None:
    for words in ("Release on temporary licence", "Telephone calls, messages", "floors"):
        assert words in HTML["limits"]
    assert "a named officer decides" in HTML["limits"]
    assert "article 35" in HTML["data-protection"]

"""Whatever a cell holds is shown as text, and small counts are kept back."""

from __future__ import annotations

from html.parser import HTMLParser

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from scenarios.display import markup

LABELS = {"name": "Prison", "people": "People"}


class Tags(HTMLParser):
    """Notes the elements a browser would build and the text it would show."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def read(html: str) -> Tags:
    tags = Tags()
    tags.feed(html)
    return tags


@given(st.text(min_size=1))
def test_no_text_becomes_markup(text: str) -> None:
    frame = pd.DataFrame({"name": [text], "people": [5]})
    seen = read(markup.table(frame, text, labels={"name": text, "people": "People"}))
    assert seen.elements <= {
        "div",
        "table",
        "caption",
        "span",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "wbr",
    }


def test_hostile_cell_is_shown_as_its_own_text() -> None:
    hostile = '<img src=x onerror="alert(1)">'
    frame = pd.DataFrame({"name": [hostile], "people": [5]})
    seen = read(markup.table(frame, "Prisons", labels=LABELS))
    assert hostile in seen.text


counts = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=6).map(
    lambda rows: pd.DataFrame(rows, columns=["men", "women"])
)


@given(counts)
def test_no_small_count_is_shown_and_no_hidden_count_stands_alone(frame: pd.DataFrame) -> None:
    hidden = markup.hidden_counts(frame, ["men", "women"], rows_add_up=True)
    small = (frame > 0) & (frame <= 2)
    assert not (small & ~hidden).any(axis=None)
    assert not (hidden & (frame == 0)).any(axis=None)
    for axis in (0, 1):
        alone = hidden.sum(axis=axis) == 1
        others = ((frame > 0) & ~hidden).any(axis=axis)
        assert not (alone & others).any()


def test_counts_of_a_row_that_do_not_add_up_are_hidden_by_column_only() -> None:
    frame = pd.DataFrame({"men": [152, 240], "women": [1, 8]})
    assert markup.hidden_counts(frame, ["men", "women"]).sum().to_dict() == {"men": 0, "women": 2}


def test_value_that_describes_a_hidden_count_is_hidden_with_it() -> None:
    frame = pd.DataFrame({"name": ["a", "b"], "people": [1, 0], "mean_miles": [206.7, 4.0]})
    html = markup.table(
        frame,
        "Prisons",
        labels=LABELS | {"mean_miles": "Miles"},
        hide_small=["people"],
        hide_with={"mean_miles": "people"},
    )
    assert "206.7" not in html
    assert "4.0" in html


def test_counts_of_one_and_two_are_hidden_and_the_marker_is_explained() -> None:
    frame = pd.DataFrame({"name": list("abcd"), "people": [0, 1, 2, 3]})
    seen = read(markup.table(frame, "Prisons", labels=LABELS, hide_small=["people"]))
    cells = [text for text in seen.text if text in ("0", "1", "2", "3", "[c]")]
    assert cells == ["0", "[c]", "[c]", "3"]
    assert any(markup.HIDDEN_NOTE in text for text in seen.text)


def test_nothing_is_hidden_where_nobody_asks() -> None:
    frame = pd.DataFrame({"name": ["a"], "people": [1]})
    assert "[c]" not in markup.table(frame, "Prisons", labels=LABELS)


def test_rows_and_columns_have_headings_and_the_table_a_caption() -> None:
    frame = pd.DataFrame({"name": ["Leeds"], "people": [1_100]})
    html = markup.table(frame, "People by prison", labels=LABELS)
    assert '<th scope="col">Prison</th>' in html
    assert '<th scope="row">Leeds</th>' in html
    assert "<caption><span>People by prison</span></caption>" in html
    assert ">1,100</td>" in html


def test_empty_table_keeps_its_headings() -> None:
    frame = pd.DataFrame({"name": [], "people": []})
    assert "People</th>" in markup.table(frame, "Prisons", labels=LABELS)

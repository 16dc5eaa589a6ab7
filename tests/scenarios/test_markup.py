"""Whatever a cell holds is shown as text, and small counts are kept back."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scenarios.circulation.suppress import Counts, default_rule
from scenarios.comparing.decimals import decimals
from scenarios.display import markup
from tests.scenarios.test_suppress import (
    RULE,
    assert_protected,
    few,
    sums_of_margins,
    with_margins,
)

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


@given(
    st.integers(1, 4).flatmap(
        lambda width: st.lists(
            st.lists(few, min_size=width, max_size=width), min_size=1, max_size=5
        )
    )
)
@settings(max_examples=40, deadline=None)
def test_no_hidden_count_on_the_screen_can_be_worked_back(inner: list[list[int]]) -> None:
    """A reader sees the table itself: what it shows is read from its HTML."""
    frame, counts = with_margins(np.array(inner))
    labels = {"prison": "Prison"} | dict.fromkeys(counts.columns, "People")
    seen = cells(markup.table(frame, "People", labels=labels, counts=counts, circulate=True))
    hidden = np.array([[text == markup.HIDDEN for text in row] for row in seen])
    people = frame[list(counts.columns)].to_numpy()
    assert [text for row in seen for text in row if text != markup.HIDDEN] == [
        f"{number:,}" for number in people[~hidden]
    ]
    assert_protected(people.ravel(), sums_of_margins(people.shape), hidden.ravel(), RULE)


def cells(html: str) -> list[list[str]]:
    """Read the cells of a table but those that name the rows."""
    rows = re.findall(r"<tr>(.*?)</tr>", html, re.DOTALL)
    return [found for row in rows if (found := re.findall(r"<td[^>]*>(.*?)</td>", row))]


def test_rows_shown_hide_what_they_hide_among_all() -> None:
    whole = pd.DataFrame({"name": ["a", "b", "c", "d"], "people": [1, 9, 400, 50]})
    counts = Counts(columns=("people",), by=("name",))
    hidden = markup.hidden_counts(whole, counts)["people"]
    assert hidden.tolist() == [True, True, False, False]
    html = markup.table(
        whole.iloc[1:3], "Some", labels=LABELS, counts=counts, circulate=True, whole=whole
    )
    assert cells(html) == [[markup.HIDDEN], ["400"]]


def test_value_that_describes_a_hidden_count_is_hidden_with_it() -> None:
    frame = pd.DataFrame({"name": ["a", "b"], "people": [1, 0], "mean_miles": [206.7, 4.0]})
    html = markup.table(
        frame,
        "Prisons",
        labels=LABELS | {"mean_miles": "Miles"},
        counts=Counts(columns=("people",), follows={"mean_miles": "people"}),
        circulate=True,
    )
    assert "206.7" not in html
    assert "4.0" in html


def test_counts_of_one_and_two_are_hidden_and_the_marker_is_explained() -> None:
    frame = pd.DataFrame({"name": list("abcd"), "people": [0, 1, 2, 3]})
    counts = Counts(columns=("people",))
    html = markup.table(frame, "Prisons", labels=LABELS, counts=counts, circulate=True)
    assert cells(html) == [["0"], ["[c]"], ["[c]"], ["3"]]
    assert default_rule().note in " ".join(read(html).text)


def test_hidden_counts_are_missing_values_for_sentences_and_pictures() -> None:
    frame = pd.DataFrame({"people": [1, 9, 400], "miles": [5.0, 6.0, 7.0]})
    counts = Counts(columns=("people",), follows={"miles": "people"})
    told = markup.without_hidden(frame, counts)
    assert told.isna().to_numpy().tolist() == [[True, True], [True, True], [False, False]]


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


def test_table_of_many_columns_is_set_closer() -> None:
    """At 1,280 pixels a table of eight columns and more would else be cut at the right."""
    columns = [f"c{number}" for number in range(8)]
    frame = pd.DataFrame([range(8)], columns=columns)
    heads = dict(zip(columns, columns, strict=True))
    assert "estate-table-wide" in markup.table(frame, "Many", labels=heads)
    assert "estate-table-wide" not in markup.table(
        frame, "Few", labels=dict(list(heads.items())[:7])
    )
    assert ".estate-table-wide" in markup.style()


def test_number_breaks_before_the_brackets_behind_it_alone() -> None:
    frame = pd.DataFrame({"a": ["1,200 (1,100 to 1,300)"], "b": ["Leeds (LEI)"]})
    html = markup.table(
        frame.assign(n="x")[["n", "a", "b"]],
        "T",
        labels={"n": "N", "a": "A", "b": "B"},
        right=("a",),
    )
    assert "1,200 <wbr>(1,100 to 1,300)</td>" in html
    assert "Leeds (LEI)</td>" in html


@pytest.mark.parametrize(
    ("rows", "scroll", "told"), [(9, True, True), (8, True, False), (9, False, False)]
)
def test_long_table_says_how_many_rows_it_has(*, rows: int, scroll: bool, told: bool) -> None:
    frame = pd.DataFrame({"name": [f"row {number}" for number in range(rows)]})
    listed = markup.table(frame, "Rows", labels={"name": "Name"}, scroll=scroll, note="A note.")
    assert (f"{rows} rows: scroll inside the table" in listed) is told
    assert listed.sheet.note == "A note."


@given(
    low=st.floats(-1e6, 1e6),
    width=st.floats(0.001, 1e6),
    name=st.sampled_from(["visits", "wait_days_p90", "no_contact_share", "visits_per_prisoner"]),
)
def test_ends_that_differ_are_written_alike_only_where_they_are_next_to_each_other(
    low: float, width: float, name: str
) -> None:
    one, other = markup.both_ends(low, low + width, name)
    finest = 10.0 ** -(decimals(name) + markup.FINEST) / (100.0 if name.endswith("_share") else 1.0)
    assert one != other or width <= finest * (1 + 1e-6)
    if name == "visits" and width >= 1.0:
        assert one == markup.quantity(low, name)

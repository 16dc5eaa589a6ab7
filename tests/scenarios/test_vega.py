"""Charts written as plain dictionaries."""

from __future__ import annotations

import json

import altair
import numpy as np
import pandas as pd
import pytest
from jsonschema import ValidationError

from scenarios.display import vega

ROWS = pd.DataFrame({"name": ["a", "b"], "value": [1.0, float("nan")], "low": [0.5, 0.5]})


def bars(**options: object) -> vega.View:
    return vega.chart(ROWS).mark("bar").encode(x=vega.field("value:Q", **options), y="name:N")


def test_a_chart_says_what_altair_would_say() -> None:
    base = altair.Chart(ROWS).encode(y=altair.Y("name:N", title=None))
    theirs = base.mark_rule(size=2).encode(x="low:Q", x2="value:Q") + base.mark_bar()
    ours = vega.chart(ROWS).encode(y=vega.field("name:N", title=None))
    drawn = ours.mark("rule", size=2).encode(x="low:Q", x2="value:Q") + ours.mark("bar")
    expected = theirs.properties(height=90).to_dict()
    told = drawn.properties(height=90).to_dict()
    assert [layer["mark"] for layer in told["layer"]] == [
        layer["mark"] for layer in expected["layer"]
    ]
    assert [layer["encoding"] for layer in told["layer"]] == [
        layer["encoding"] for layer in expected["layer"]
    ]
    assert list(told["datasets"].values()) == list(expected["datasets"].values())
    assert told["height"] == 90


def test_numbers_of_numpy_can_be_written() -> None:
    drawn = bars(scale={"domain": (np.int64(0), np.float64(2.5))}).to_dict()
    assert json.loads(json.dumps(drawn))["encoding"]["x"]["scale"]["domain"] == [0, 2.5]


def test_views_of_one_table_name_it_once() -> None:
    other = pd.DataFrame({"value": [3.0]})
    drawn = bars() + vega.chart(other).mark("rule").encode(x="value:Q") + bars()
    assert [layer["data"]["name"] for layer in drawn.to_dict()["layer"]] == [
        "rows-1",
        "rows-2",
        "rows-1",
    ]
    tables = list(drawn.spec()["datasets"].values())
    assert [table is each for table, each in zip(tables, (ROWS, other), strict=True)] == [True] * 2


@pytest.mark.parametrize("short", ["value", "value:X", ":Q", "value:Q:N"])
def test_a_column_without_a_type_is_refused(short: str) -> None:
    with pytest.raises(ValueError, match="names no column and type"):
        vega.field(short)


def test_what_vega_lite_does_not_know_is_seen_by_its_own_description() -> None:
    altair.Chart.from_dict(bars().to_dict())
    with pytest.raises(ValidationError):
        altair.Chart.from_dict(bars(tilte="Value").to_dict())

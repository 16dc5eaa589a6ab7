"""Charts are checked by what they would draw: their specification."""

from __future__ import annotations

import json
import re
from typing import Any

import pandas as pd
import pytest

from scenarios.display import charts
from scenarios.display.charts import Figure

HOSTILE = '<script>alert(1)</script> & "quoted"'
LAND = {
    "type": "FeatureCollection",
    "features": [
        {
            "type": "Feature",
            "properties": {},
            "geometry": {
                "type": "Polygon",
                "coordinates": [[[-3, 51], [-3, 54], [0, 54], [0, 51], [-3, 51]]],
            },
        }
    ],
}
BANDS = ("under 30 miles", "30 miles or more")


def estate_map() -> Figure:
    places = pd.DataFrame(
        {
            "name": ["Leeds", HOSTILE],
            "latitude": [53.8, 52.0],
            "longitude": [-1.5, -2.0],
            "people": [1100, 640],
            "value": [24.0, 61.5],
            "band": list(BANDS),
        }
    )
    return charts.estate_map(
        places,
        LAND,
        bands=BANDS,
        legend="Average miles",
        title="Miles by prison",
        note="Source: us",
    )


def distance_bars() -> Figure:
    bands = pd.DataFrame(
        {
            "band": ["0-10", "10-25"] * 2,
            "case": ["Today", "Today", "In this run", "In this run"],
            "people": [10, 20, 15, 15],
        }
    )
    return charts.distance_bars(bands, title="People by miles", note="Source: us")


def intervals() -> Figure:
    rows = pd.DataFrame({"kind": ["Weekend"], "value": [15.0], "low": [14.0], "high": [16.0]})
    return charts.intervals(rows, label="kind", unit="Days", title="Days waited", note="Source: us")


def spec(figure: Figure) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(json.dumps(figure.chart.to_dict()))
    return content


def test_map_draws_the_outline_below_one_circle_a_prison_in_mercator() -> None:
    drawn = spec(estate_map())
    land, circles = drawn["layer"]
    assert land["mark"]["type"] == "geoshape"
    assert circles["mark"]["type"] == "circle"
    assert drawn["projection"]["type"] == "mercator"
    assert circles["encoding"]["longitude"]["field"] == "longitude"
    assert circles["encoding"]["size"]["field"] == "people"
    assert circles["encoding"]["color"]["scale"]["domain"] == list(BANDS)


def test_map_says_in_words_how_many_prisons_are_in_each_band() -> None:
    assert "1 under 30 miles, 1 30 miles or more" in estate_map().alt


def test_map_refuses_more_bands_than_colours() -> None:
    places = pd.DataFrame(columns=["name", "latitude", "longitude", "people", "value", "band"])
    with pytest.raises(ValueError, match="5 bands need as many colours; 4 are given"):
        charts.estate_map(places, LAND, bands="abcde", legend="", title="", note="")


def test_bars_keep_the_order_of_their_bands_and_cases() -> None:
    encoding = spec(distance_bars())["encoding"]
    assert encoding["x"]["sort"] == ["0-10", "10-25"]
    assert encoding["color"]["scale"] == {
        "domain": ["Today", "In this run"],
        "range": ["#12436D", "#28A197"],
    }
    assert encoding["y"]["title"] == "People"


def test_interval_is_drawn_from_low_to_high_with_its_value() -> None:
    rule, point = spec(intervals())["layer"]
    assert (rule["encoding"]["x"]["field"], rule["encoding"]["x2"]["field"]) == ("low", "high")
    assert point["encoding"]["x"]["field"] == "value"
    assert "Weekend: 15.00 (14.00 to 16.00)" in intervals().alt


def test_no_more_than_four_categories_share_a_chart() -> None:
    bands = pd.DataFrame({"band": ["0"] * 5, "case": list("abcde"), "people": range(5)})
    with pytest.raises(ValueError, match="at most 4"):
        charts.distance_bars(bands, title="", note="")


@pytest.mark.parametrize("figure", [estate_map(), distance_bars(), intervals()])
def test_every_chart_has_a_title_a_note_words_and_dark_labels(figure: Figure) -> None:
    config = spec(figure)["config"]
    assert figure.title
    assert figure.note
    assert figure.alt.startswith(figure.title)
    assert config["axis"]["labelColor"] == config["legend"]["labelColor"] == "#0b0c0c"


def test_picture_has_ids_of_its_own_words_and_escaped_names_and_repeats_to_the_byte() -> None:
    first, second = charts.svg(estate_map(), "one"), charts.svg(estate_map(), "one")
    assert first == second
    assert "<script" not in first
    assert "Miles by prison. Map of 2 prisons" in first
    assert all(part.startswith("one-") for part in _ids(first))
    assert all(part.startswith("one-") for part in _references(first))


def _ids(svg: str) -> list[str]:
    return [part.split('"')[0] for part in svg.split(' id="')[1:]]


def _references(svg: str) -> list[str]:
    return [part.split(")")[0] for part in svg.split("url(#")[1:]]


NAMES = ("Booked, then lost because the person is moved", "Comes, not let in")


def axis_of(drawn: dict[str, Any]) -> dict[str, Any]:
    """Give the axis that names the rows."""
    first = drawn["layer"][0] if "layer" in drawn else drawn
    found: dict[str, Any] = first["encoding"]["y"]["axis"]
    return found


def test_long_names_stand_above_their_bars_and_short_ones_beside() -> None:
    """On a narrow screen names beside the bars would leave no room for them."""
    for names, is_above in ((NAMES, True), (("Wales", "London"), False)):
        rows = pd.DataFrame({"name": names, "number": [3.0, 1.0]})
        bars = charts.ranked_bars(
            rows, label="name", value="number", unit="Requests", title="T", note="N"
        )
        parts = pd.DataFrame(
            {"label": names, "change": [2.0, -1.0], "start": [5.0, 7.0], "end": [7.0, 6.0]}
        ).assign(text="x")
        steps = charts.waterfall(
            parts, ends=[("First", 5.0, "5"), ("Second", 6.0, "6")], unit="U", title="T", note="N"
        )
        for figure in (bars, steps):
            assert (axis_of(figure.chart.to_dict()).get("labelAlign") == "left") is is_above


def test_name_of_the_axis_ends_where_the_chart_ends() -> None:
    """A long one in the middle of a narrow chart would be cut at the right."""
    rows = pd.DataFrame({"name": ["Wales"], "number": [3.0]})
    bars = charts.ranked_bars(rows, label="name", value="number", unit="U", title="T", note="N")
    assert bars.chart.to_dict()["config"]["axisX"] == {"titleAnchor": "end"}


@pytest.mark.parametrize("change", [30.0, 0.4, 0.013, 0.0007])
def test_no_two_numbers_on_an_axis_are_written_alike(change: float) -> None:
    """A small change of 0.55 visits each was drawn over the ticks 0.55, 0.55, 0.56 and 0.56."""
    ends = {"start": [0.55], "end": [0.55 + change]}
    parts = pd.DataFrame({"label": ["Evenings"], "change": [change], **ends, "text": ["x"]})
    steps = charts.waterfall(
        parts,
        ends=[("First", 0.55, "a"), ("Second", 0.55 + change, "b")],
        unit="U",
        title="T",
        note="N",
        number_format=",.2f",
    )
    rows = pd.DataFrame({"kind": ["a"], "value": [change], "low": [change / 2], "high": [change]})
    points = charts.intervals(
        rows, label="kind", unit="U", title="T", note="N", number_format=",.2f"
    )
    for figure in (steps, points):
        ticks = re.findall(r">(\d[\d,.]*)</text>", charts.svg(figure, "one"))
        assert len(ticks) > 2
        assert len(set(ticks)) == len(ticks)

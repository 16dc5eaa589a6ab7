"""Tables in, charts out: every picture of the app and the report.

Each function takes a small tidy table and returns a :class:`Figure`. Its title states the unit, its
note the source and what stands behind the numbers, and its ``alt`` says in words what is drawn; all
three are printed beside the picture as text, so that they wrap on a narrow screen and are read out.

Colours are those of the Government Analysis Function (at most four categories, sequential blues for
a quantity); labels are drawn in the text colour, never in grey.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from math import floor, log10, sqrt
from typing import TYPE_CHECKING, Any

from scenarios.display import vega

if TYPE_CHECKING:
    import pandas as pd

TEXT = "#0b0c0c"
LINE = "#b1b4b6"
LAND = "#f3f2f1"
COAST = "#858a8d"
CATEGORIES = ("#12436D", "#28A197", "#801650", "#F46A25")
"""Colours for up to four categories, in the order of use."""
BLUES = ("#BFE3F5", "#6BACE6", "#2073BC", "#12436D")
"""Colours for up to four bands of a quantity, from low to high."""
RISE, FALL, TOTAL = "adds", "takes away", "total"
"""What a bar of a waterfall does to the one above."""
FONT = "Arial, 'Liberation Sans', Helvetica, sans-serif"
WIDTH = 640
"""Width in pixels wherever the surrounding page does not say otherwise."""
TICKS = 5
"""Numbers on an axis, more or less: 1, 2 or 5 apart, or those times a power of ten."""
FIXED = re.compile(r",\.(\d)f")
"""A format of numbers with so many decimals."""

CONFIG: dict[str, Any] = {
    "background": "#ffffff",
    "font": FONT,
    "padding": 4,
    "view": {"stroke": None},
    "axis": {
        "labelColor": TEXT,
        "labelFontSize": 13,
        "titleColor": TEXT,
        "titleFontSize": 13,
        "titleFontWeight": "normal",
        "titlePadding": 10,
        "domainColor": TEXT,
        "tickColor": LINE,
        "gridColor": "#dee0e2",
        "labelLimit": 330,
    },
    "axisX": {"titleAnchor": "end"},
    "legend": {
        "labelColor": TEXT,
        "labelFontSize": 13,
        "titleColor": TEXT,
        "titleFontSize": 13,
        "titleFontWeight": "bold",
        "orient": "top",
        "direction": "horizontal",
        "columns": 2,
        "symbolType": "circle",
        "symbolSize": 140,
        "labelLimit": 320,
        "titleLimit": 320,
    },
    "range": {"category": list(CATEGORIES), "ordinal": list(BLUES)},
}
"""The look of every chart, as Vega-Lite's configuration."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Figure:
    """A chart with the words that belong to it.

    ``title`` states what is shown and its unit, ``note`` the source and what stands behind it,
    ``alt`` says in words what the picture shows.
    """

    title: str
    note: str
    alt: str
    chart: vega.View


def estate_map(
    places: pd.DataFrame,
    outline: Mapping[str, Any],
    *,
    bands: Sequence[str],
    legend: str,
    title: str,
    note: str,
    colours: Sequence[str] = BLUES,
    each: str = "prison",
    counted: str = "People held",
    most: int = 2000,
) -> Figure:
    """Draw every place on the outline of England and Wales: size by people, colour by band.

    Parameters
    ----------
    places
        One row per place: name, latitude, longitude, people, value, band (one of ``bands``).
    outline
        GeoJSON feature collection of the land, in degrees; rings run clockwise.
    bands
        The bands of the value, low to high, at most four.
    each, counted
        What a place is called, and what its size counts.
    most
        People from which on a circle grows no more.
    """
    if len(bands) > len(colours):
        message = f"{len(bands)} bands need as many colours; {len(colours)} are given."
        raise ValueError(message)
    land = vega.chart({"values": list(outline["features"])}).mark(
        "geoshape", fill=LAND, stroke=COAST, strokeWidth=0.8, aria=False
    )
    circles = (
        vega.chart(places)
        .mark("circle", opacity=0.9, stroke=TEXT, strokeWidth=0.7)
        .encode(
            longitude="longitude:Q",
            latitude="latitude:Q",
            size=vega.field(
                "people:Q",
                title=counted,
                scale={"domain": [0, most], "range": [12, 420], "clamp": True},
                legend={
                    "values": [most // 10, most // 2, most],
                    "symbolFillColor": LAND,
                    "orient": "top-right",
                    "direction": "vertical",
                    "columns": 1,
                },
            ),
            color=vega.field(
                "band:O",
                title=legend,
                sort=list(bands),
                scale={"domain": list(bands), "range": list(colours[: len(bands)])},
            ),
            order=vega.field("people:Q", sort="descending"),
            tooltip=[
                vega.field("name:N", title=each.capitalize()),
                vega.field("people:Q", title=counted, format=",.0f"),
                vega.field("value:Q", title=legend, format=",.1f"),
            ],
        )
    )
    counts = places["band"].value_counts()
    spread = ", ".join(f"{int(counts.get(band, 0))} {band}" for band in bands)
    named = f"{each}s"
    words = (
        f"{title}. Map of {len(places)} {named}. {named.capitalize()} by {legend.lower()}: "
        f"{spread}."
    )
    chart = (land + circles).properties(width=WIDTH, height=600, projection={"type": "mercator"})
    return _figure(chart, title, note, words)


def distance_bars(
    bands: pd.DataFrame, *, title: str, note: str, axis: str = "Miles from home"
) -> Figure:
    """Draw how many people are held at each distance from home.

    Parameters
    ----------
    bands
        One row per band and case: band (in order), case (``Today``, ``In this run``), people.
    """
    cases = list(dict.fromkeys(bands["case"]))
    order = list(dict.fromkeys(bands["band"]))
    chart = (
        vega.chart(bands)
        .mark("bar")
        .encode(
            x=vega.field("band:O", sort=order, title=axis, axis={"labelAngle": 0}),
            xOffset=vega.field("case:N", sort=cases),
            y=vega.field("people:Q", title="People", axis={"format": ",.0f", "tickCount": 5}),
            color=_colour("case:N", cases),
            tooltip=[
                vega.field("case:N", title="When"),
                vega.field("band:O", title=axis),
                vega.field("people:Q", title="People", format=",.0f"),
            ],
        )
        .properties(width=WIDTH, height=320)
    )
    said = "; ".join(
        f"{case}: "
        + ", ".join(
            f"{band} miles {people:,.0f}"
            for band, people in zip(rows["band"], rows["people"], strict=True)
        )
        for case, rows in bands.groupby("case", sort=False)
    )
    return _figure(chart, title, note, f"{title}. {said}.")


def ranked_bars(
    rows: pd.DataFrame,
    *,
    label: str,
    value: str,
    unit: str,
    title: str,
    note: str,
    number_format: str = ",.0f",
    colour: str = CATEGORIES[0],
) -> Figure:
    """Draw one bar a row, longest first, each with its name and its number.

    Parameters
    ----------
    rows
        A few rows: the column ``label`` names them, the column ``value`` is drawn.
    unit
        What the axis counts.
    number_format
        How numbers are written, in d3's notation.
    """
    rows = rows[[label, value]].sort_values(value, ascending=False)
    order = list(rows[label])
    base = vega.chart(rows).encode(
        y=vega.field(
            f"{label}:N",
            sort=order,
            title=None,
            axis=_row_axis(order, above=BELOW_NAME, lines=False),
        ),
        x=vega.field(f"{value}:Q", title=unit, axis={"format": number_format, "tickCount": 4}),
        tooltip=[
            vega.field(f"{label}:N", title=" "),
            vega.field(f"{value}:Q", title=unit, format=number_format),
        ],
    )
    chart = base.mark("bar", color=colour, height=_bar_height(order, 0.7)).properties(
        width=WIDTH, height=max(110, _row_step(order) * len(rows))
    )
    said = _said(rows, label, value, number_format)
    return _figure(chart, title, note, f"{title}. {said}.")


def intervals(
    rows: pd.DataFrame,
    *,
    label: str,
    unit: str,
    title: str,
    note: str,
    series: str | None = None,
    zero_line: bool = False,
    number_format: str = ",.1f",
) -> Figure:
    """Draw each value as a point on its 95% interval.

    Parameters
    ----------
    rows
        One row per point: the column ``label``, value, low, high and, where given, ``series``.
    unit
        What the axis counts.
    series
        Column of at most four words told apart by colour.
    zero_line
        Whether to draw the line of no difference.
    """
    order = list(dict.fromkeys(rows[label]))
    names = list(dict.fromkeys(rows[series])) if series else []
    encodings: dict[str, Any] = {
        "y": vega.field(f"{label}:N", sort=order, title=None, axis=_row_axis(order)),
        "tooltip": [
            vega.field(f"{label}:N", title=" "),
            *([vega.field(f"{series}:N", title="Measure")] if series else []),
            vega.field("value:Q", title=unit, format=number_format),
            vega.field("low:Q", title="Low (95%)", format=number_format),
            vega.field("high:Q", title="High (95%)", format=number_format),
        ],
        "color": _colour(f"{series}:N", names) if series else {"value": CATEGORIES[0]},
    }
    if series:
        encodings["yOffset"] = vega.field(f"{series}:N", sort=names)
    base = vega.chart(rows).encode(**encodings)
    ends = [0.0, *rows["low"].dropna(), *rows["high"].dropna(), *rows["value"].dropna()]
    axis = {"format": ticks_format(number_format, min(ends), max(ends)), "tickCount": TICKS}
    rule = base.mark("rule", strokeWidth=3).encode(
        x=vega.field("low:Q", title=unit, axis=axis, scale={"zero": True}), x2="high:Q"
    )
    point = base.mark("circle", size=130, opacity=1, stroke="#ffffff").encode(
        x=vega.field("value:Q", title=unit, axis=axis)
    )
    zero = (
        vega.chart({"values": [{"zero": 0}]})
        .mark("rule", color=TEXT, strokeDash=[4, 3], aria=False)
        .encode(x="zero:Q")
    )
    step = 36 * len(names) if series else 48 if _is_long(order) else 34
    height = max(110, step * len(order))
    chart = (zero + rule + point if zero_line else rule + point).properties(
        width=WIDTH, height=height
    )
    said = "; ".join(
        f"{row[label]}{', ' + row[series] if series else ''}: {row['value']:,.2f}"
        + (f" ({row['low']:,.2f} to {row['high']:,.2f})" if row["low"] < row["high"] else "")
        for row in rows.to_dict("records")
    )
    return _figure(chart, title, note, f"{title}. {said}.")


def grouped_bars(
    rows: pd.DataFrame,
    *,
    label: str,
    series: str,
    value: str,
    unit: str,
    title: str,
    note: str,
    number_format: str = ",.0f",
) -> Figure:
    """Draw a bar a row and case, side by side, in the order of the table.

    Parameters
    ----------
    rows
        One row per bar: the column ``label`` names the group, ``series`` the case (at most four),
        ``value`` is drawn.
    unit
        What the axis counts.
    number_format
        How numbers are written, in d3's notation.
    """
    order, cases = list(dict.fromkeys(rows[label])), list(dict.fromkeys(rows[series]))
    step = 18 * len(cases) + (30 if _is_long(order) else 10)
    chart = (
        vega.chart(rows)
        .mark("bar")
        .encode(
            y=vega.field(
                f"{label}:N",
                sort=order,
                title=None,
                axis=_row_axis(order, above=9 * len(cases) + 2),
                scale={"paddingInner": 0.45 if _is_long(order) else 0.2},
            ),
            yOffset=vega.field(f"{series}:N", sort=cases),
            x=vega.field(f"{value}:Q", title=unit, axis={"format": number_format, "tickCount": 5}),
            color=_colour(f"{series}:N", cases),
            tooltip=[
                vega.field(f"{label}:N", title=" "),
                vega.field(f"{series}:N", title="When"),
                vega.field(f"{value}:Q", title=unit, format=number_format),
            ],
        )
        .properties(width=WIDTH, height=max(110, step * len(order)))
    )
    said = "; ".join(
        f"{row[label]}, {row[series]}: {row[value]:{number_format}}"
        for row in rows.to_dict("records")
    )
    return _figure(chart, title, note, f"{title}. {said}.")


def prisons_scatter(
    rows: pd.DataFrame,
    *,
    x_title: str,
    y_title: str,
    title: str,
    note: str,
    x_format: str = ".0%",
    y_format: str = ",.0f",
) -> Figure:
    """Draw one circle a prison: how two measures go together, size by people held.

    Parameters
    ----------
    rows
        One row per prison: name, people, x, y.
    """
    chart = (
        vega.chart(rows)
        .mark("circle", opacity=0.75, stroke=TEXT, strokeWidth=0.6, color=CATEGORIES[0])
        .encode(
            x=vega.field("x:Q", title=x_title, axis={"format": x_format, "tickCount": 5}),
            y=vega.field("y:Q", title=y_title, axis={"format": y_format, "tickCount": 5}),
            size=vega.field(
                "people:Q",
                title="People held",
                scale={"domain": [0, 2000], "range": [20, 420], "clamp": True},
                legend={"values": [200, 1000, 2000], "columns": 3},
            ),
            tooltip=[
                vega.field("name:N", title="Prison"),
                vega.field("x:Q", title=x_title, format=x_format),
                vega.field("y:Q", title=y_title, format=y_format),
                vega.field("people:Q", title="People held", format=",.0f"),
            ],
        )
        .properties(width=WIDTH, height=360)
    )
    words = f"{title}. {len(rows)} prisons; {x_title.lower()} across, {y_title.lower()} up."
    return _figure(chart, title, note, words)


def trade_off_curve(
    rows: pd.DataFrame, *, x_title: str, y_title: str, title: str, note: str
) -> Figure:
    """Draw a trade-off as a line through its points; nothing lies below and to the left of it.

    Parameters
    ----------
    rows
        One row per point: x, y.
    """
    axis = {"format": ",.0f", "tickCount": 5}
    base = vega.chart(rows).encode(
        x=vega.field("x:Q", title=x_title, axis=axis, scale={"zero": False}),
        y=vega.field("y:Q", title=y_title, axis={"tickCount": 5}, scale={"zero": False}),
        tooltip=[
            vega.field("x:Q", title=x_title, format=",.1f"),
            vega.field("y:Q", title=y_title, format=",.2f"),
        ],
    )
    line = base.mark("line", color=CATEGORIES[0], strokeWidth=2)
    points = base.mark("circle", color=CATEGORIES[0], size=90, opacity=1, stroke="#ffffff")
    chart = (line + points).properties(width=WIDTH, height=360)
    ends = rows.sort_values("x").iloc[[0, -1]]
    said = "; ".join(
        f"{y_title.lower()} {row['y']:,.1f} at {row['x']:,.0f}" for row in ends.to_dict("records")
    )
    words = f"{title}. {len(rows)} points; {x_title.lower()} across; {said}."
    return _figure(chart, title, note, words)


def waterfall(
    parts: pd.DataFrame,
    *,
    ends: Sequence[tuple[str, float, str]],
    unit: str,
    title: str,
    note: str,
    number_format: str = ",.0f",
) -> Figure:
    """Draw a change as bars that begin where the one above ends, between two totals.

    Parameters
    ----------
    parts
        One row per part, in order: label, change, start and end of its bar, text written beside it;
        where its interval is known, low and high of the change.
    ends
        What the first and the last bar are called, their values and what is written beside them.
    unit
        What the axis counts.
    """
    rows = _bars(parts, ends)
    order = list(rows["label"])
    domain = [RISE, FALL, TOTAL]
    base = vega.chart(rows).encode(
        y=vega.field(
            "label:N",
            sort=order,
            title=None,
            axis=_row_axis(order, above=BELOW_NAME, lines=False),
        ),
        tooltip=[
            vega.field("label:N", title=" "),
            vega.field("text:N", title="Change"),
            vega.field("end:Q", title=unit, format=number_format),
        ],
    )
    reach = _reach(rows)
    axis = {"format": ticks_format(number_format, *reach), "tickCount": TICKS}
    scale = {"domain": reach, "nice": False}
    bars = base.mark("bar", height=_bar_height(order, 0.65)).encode(
        x=vega.field("low_end:Q", title=unit, axis=axis, scale=scale),
        x2="high_end:Q",
        color=vega.field(
            "kind:N",
            title=None,
            sort=domain,
            scale={"domain": domain, "range": [CATEGORIES[1], CATEGORIES[3], CATEGORIES[0]]},
            legend={"columns": 2, "symbolType": "square"},
        ),
    )
    labels = base.mark("text", align="left", dx=6, color=TEXT, fontSize=12).encode(
        x="label_at:Q", text="text:N"
    )
    chart = bars + labels
    if "low" in parts:
        chart = chart + base.mark("rule", color=TEXT, strokeWidth=2).encode(
            x="interval_low:Q", x2="interval_high:Q"
        )
    if float(rows["low_end"].min()) > 0:
        note = f"{note} The axis does not begin at zero."
    said = "; ".join(f"{row['label']} {row['text']}" for row in rows.to_dict("records"))
    drawn = chart.properties(width=WIDTH, height=_row_step(order) * len(rows) + 10)
    return _figure(drawn, title, note, f"{title}. {said}.")


def ticks_format(number_format: str, least: float, most: float) -> str:
    """Give an axis the decimals that its ticks need to be told apart.

    Parameters
    ----------
    number_format
        How the numbers are written elsewhere, such as ``,.1f``; others are left as they are.
    least, most
        The ends of the axis.

    Examples
    --------
    >>> ticks_format(",.0f", 0, 30), ticks_format(",.2f", 0.54, 0.56)
    (',.0f', ',.3f')
    """
    decimals = FIXED.fullmatch(number_format)
    if decimals is None or not most > least:
        return number_format
    step = (most - least) / TICKS
    needed = -floor(log10(step * sqrt(2)))
    return f",.{max(int(decimals[1]), needed)}f"


def _reach(rows: pd.DataFrame) -> list[float]:
    """Give the ends of an axis on which totals begin at its edge, with room for the last words."""
    import numpy as np

    columns = ["low_end", "high_end", "interval_low", "interval_high"]
    ends = rows.reindex(columns=columns).to_numpy(dtype=float)
    least, most = float(np.nanmin(ends)), float(np.nanmax(ends))
    return [least, most + 0.1 * (most - least or 1.0)]


def _bars(parts: pd.DataFrame, ends: Sequence[tuple[str, float, str]]) -> pd.DataFrame:
    """Give a bar for the first total, each part and the last total."""
    import pandas as pd

    values = [value for _, value, _ in ends]
    reach = [*values, *parts["start"], *parts["end"]]
    if "low" in parts:
        reach += [*(parts["start"] + parts["low"]).dropna()]
        reach += [*(parts["start"] + parts["high"]).dropna()]
    floor, ceiling = min(reach), max(reach)
    foot = max(0.0, floor - 0.4 * (ceiling - floor))
    totals = [
        {
            "label": label,
            "change": value - values[0],
            "end": value,
            "low_end": foot,
            "high_end": value,
            "label_at": value,
            "kind": TOTAL,
            "text": text,
        }
        for label, value, text in ends
    ]
    drawn = parts.assign(
        low_end=parts[["start", "end"]].min(axis=1),
        high_end=parts[["start", "end"]].max(axis=1),
        kind=[RISE if change >= 0 else FALL for change in parts["change"]],
    )
    drawn = drawn.assign(label_at=drawn["high_end"])
    if "low" in parts:
        drawn = drawn.assign(
            interval_low=drawn["start"] + drawn["low"], interval_high=drawn["start"] + drawn["high"]
        )
        drawn["label_at"] = drawn[["high_end", "interval_high"]].max(axis=1)
    columns = list(dict.fromkeys([*totals[0], *drawn.columns]))
    rows = pd.concat([pd.DataFrame([totals[0]]), drawn, pd.DataFrame([totals[1]])])
    return rows.reindex(columns=columns).reset_index(drop=True)


def svg(figure: Figure, name: str) -> str:
    """Render a figure as one SVG element that can stand in a page beside others.

    The same figure gives the same text, and the ids inside begin with ``name``, so that two
    pictures on a page cannot borrow each other's clip paths.

    Parameters
    ----------
    name
        Letters and hyphens, unique in the page.
    """
    import vl_convert

    text: str = vl_convert.vegalite_to_svg(figure.chart.to_dict(), vl_version=VEGA_LITE)
    text = text.replace("<svg ", f'<svg role="img" aria-label="{escape(figure.alt)}" ', 1)
    text = re.sub(r'\bid="([^"]+)"', rf'id="{name}-\1"', text)
    return re.sub(r"url\(#([^)]+)\)", rf"url(#{name}-\1)", text)


VEGA_LITE = "6.4"
"""The version of Vega-Lite that renders the charts of the report, the one they are written in."""


LONG_LABEL = 24
"""Labels with more letters than this stand above their row, not beside it."""


def _is_long(labels: Sequence[str]) -> bool:
    return max(map(len, labels), default=0) > LONG_LABEL


BELOW_NAME = 11
"""Pixels from the middle of a bar to the name that stands above it."""


def _row_step(labels: Sequence[str]) -> int:
    """Give the height of a row of one bar: with its name above it where that is long."""
    return 46 if _is_long(labels) else 34


def _bar_height(labels: Sequence[str], band: float) -> Any:
    return 18 if _is_long(labels) else {"band": band}


def _row_axis(labels: Sequence[str], above: int = 8, *, lines: bool = True) -> Any:
    """Name rows beside the chart, or above each row where that would leave no room for it."""
    if not _is_long(labels):
        return {"ticks": False, "grid": lines}
    return {
        "ticks": False,
        "grid": False,
        "domain": False,
        "labelAlign": "left",
        "labelBaseline": "bottom",
        "labelOffset": -above,
        "labelPadding": 0,
        "zindex": 1,
    }


def _colour(field: str, names: Sequence[str]) -> Any:
    if len(names) > len(CATEGORIES):
        message = f"{len(names)} categories are too many to tell apart; at most {len(CATEGORIES)}."
        raise ValueError(message)
    scale = {"domain": list(names), "range": list(CATEGORIES[: len(names)])}
    columns = 1 if _is_long(names) else 2
    legend = {"title": None, "columns": columns} if len(names) > 1 else None
    return vega.field(field, sort=list(names), scale=scale, legend=legend)


def _said(rows: pd.DataFrame, label: str, value: str, number_format: str) -> str:
    form = number_format if number_format.endswith("%") else ",.0f"
    return "; ".join(
        f"{name} {number:{form}}" for name, number in zip(rows[label], rows[value], strict=True)
    )


def _figure(chart: Any, title: str, note: str, words: str) -> Figure:
    return Figure(title=title, note=note, alt=words, chart=chart.properties(config=CONFIG))

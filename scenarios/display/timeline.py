"""One prison's hall and calendar: the year, a week at its tables, and how that week filled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scenarios.display import vega
from scenarios.display.charts import BLUES, CATEGORIES, CONFIG, LINE, TEXT, WIDTH, Figure

if TYPE_CHECKING:
    import pandas as pd

USE_BANDS = ("under half", "half to 80%", "80% to 99%", "full")
USE_EDGES = (0.5, 0.8, 0.995)
"""Shares of tables used at which the next band begins."""

FREE = "#dee0e2"
AT_TABLE = ("visit", "nobody came", "not let in or called off", "free")
TABLE_COLOURS = (CATEGORIES[0], CATEGORIES[3], CATEGORIES[2], FREE)
TURNS = ("booked", "cancelled", "no table", "no order")
AWAY = ("No table free", "No order in hand")
"""Rows of those who were turned away, in the order of their ``TURNS``."""
TURN_SHAPES = ("circle", "cross", "triangle-down", "square")
MINUTES_PER_HOUR = 60
MARGIN_MINUTES = 30
"""Room beside the first and the last session of the day."""
ROW = 20
"""Height in pixels of a row of a session."""


def year_of_hall(sessions: pd.DataFrame, *, title: str, note: str) -> Figure:
    """Draw every session of the year as a cell: week across, time of the week down.

    Parameters
    ----------
    sessions
        One row per dated session: monday (date of its week), when (as ``Mon 14:00``), place (order
        of ``when`` in the week), tables, used.
    """
    import pandas as pd

    cells = sessions.groupby(["monday", "when", "place"], as_index=False)[["tables", "used"]].sum()
    share = cells["used"] / cells["tables"]
    cells["band"] = pd.cut(
        share, [-1.0, *USE_EDGES, 2.0], labels=list(USE_BANDS), right=False
    ).astype("str")
    order = cells.sort_values("place")["when"].drop_duplicates().tolist()
    chart = (
        vega.chart(cells[["monday", "when", "band"]])
        .mark("rect", stroke="#ffffff", strokeWidth=1)
        .encode(
            x=vega.field(
                "yearmonthdate(monday):O",
                title="Week beginning",
                axis={
                    "format": "%-d %b %y",
                    "labelAngle": -45,
                    "labelOverlap": "greedy",
                    "labelSeparation": 12,
                },
            ),
            y=vega.field("when:N", sort=order, title=None, axis={"ticks": False}),
            color=vega.field(
                "band:O",
                title="Tables used",
                sort=list(USE_BANDS),
                scale={"domain": list(USE_BANDS), "range": list(BLUES)},
                legend={"symbolType": "square", "columns": 4},
            ),
        )
        .properties(width=WIDTH, height=ROW * len(order))
    )
    counts = cells["band"].value_counts()
    said = ", ".join(f"{int(counts.get(band, 0))} {band}" for band in USE_BANDS)
    return _figure(chart, title, note, f"{title}. {len(cells)} sessions by tables used: {said}.")


def week_of_hall(tables: pd.DataFrame, sessions: pd.DataFrame, *, title: str, note: str) -> Figure:
    """Draw one week at the tables: a row per day, a block per session, a line per table.

    Parameters
    ----------
    tables
        One row per table of a session: start_minutes, end_minutes (after midnight), top, bottom
        (in days from Monday, the room a table has), became (one of ``AT_TABLE``).
    sessions
        One row per session: start_minutes, end_minutes, top, label.
    """
    days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    hour = {
        "labelExpr": "(datum.value < 600 ? '0' : '') + datum.value / 60 + ':00'",
        "values": [MINUTES_PER_HOUR * hour for hour in range(0, 25, 2)],
        "grid": True,
    }
    opens = int(sessions["start_minutes"].min()) // MINUTES_PER_HOUR * MINUTES_PER_HOUR
    closes = -(-int(sessions["end_minutes"].max()) // MINUTES_PER_HOUR) * MINUTES_PER_HOUR
    across = {"domain": [opens - MARGIN_MINUTES, closes + MARGIN_MINUTES], "nice": False}
    down = {"domain": [0, len(days)], "reverse": True, "nice": False}
    names = {
        "values": [day + 0.5 for day in range(len(days))],
        "labelExpr": f"{days}[floor(datum.value)]",
        "grid": False,
        "ticks": False,
    }
    blocks = (
        vega.chart(tables)
        .mark("rect", stroke="#ffffff", strokeWidth=0.4)
        .encode(
            x=vega.field("start_minutes:Q", title="Time of day", scale=across, axis=hour),
            x2="end_minutes:Q",
            y=vega.field("top:Q", title=None, scale=down, axis=names),
            y2="bottom:Q",
            color=vega.field(
                "became:N",
                title="A table with",
                sort=list(AT_TABLE),
                scale={"domain": list(AT_TABLE), "range": list(TABLE_COLOURS)},
                legend={"symbolType": "square", "symbolStrokeColor": LINE, "columns": 4},
            ),
        )
    )
    labels = (
        vega.chart(sessions)
        .mark("text", align="left", baseline="bottom", dx=1, dy=-1, fontSize=11, color=TEXT)
        .encode(
            x=vega.field("start_minutes:Q", scale=across),
            y=vega.field("top:Q", scale=down),
            text="label:N",
        )
    )
    lines = (
        vega.chart({"values": [{"day": day} for day in range(1, len(days))]})
        .mark("rule", color=LINE, aria=False)
        .encode(y=vega.field("day:Q", scale=down))
    )
    chart = (lines + blocks + labels).properties(width=WIDTH, height=82 * len(days))
    counts = tables["became"].value_counts()
    said = ", ".join(f"{int(counts.get(word, 0))} {word}" for word in AT_TABLE)
    return _figure(
        chart, title, note, f"{title}. {len(sessions)} sessions; tables by what became: {said}."
    )


def filling(turns: pd.DataFrame, sessions: pd.DataFrame, *, title: str, note: str) -> Figure:
    """Draw how the sessions of a week were booked in the weeks before.

    Parameters
    ----------
    turns
        One row per row of the picture, day and turn: row (the session as ``Mon 14:00``, or one of
        ``AWAY``), day (date), turn (one of ``TURNS``), number.
    sessions
        One row per session: row, session_start; in the order drawn.
    """
    order = [*dict.fromkeys(sessions["row"]), *AWAY]
    down = vega.field("row:N", sort=order, title=None, axis={"ticks": False, "grid": True})
    dates = {"format": "%-d %b", "tickCount": 8}
    title_of_turns = "What happened, the larger the more on that day"
    scale = {"domain": list(TURNS), "range": list(CATEGORIES)}
    marks = (
        vega.chart(turns)
        .mark("point", filled=True, opacity=0.85, stroke="#ffffff", strokeWidth=0.6)
        .encode(
            x=vega.field("day:T", title="Day on which it happened", axis=dates),
            y=down,
            size=vega.field(
                "number:Q",
                legend=None,
                scale={"domain": [1, 15], "range": [24, 260], "clamp": True},
            ),
            color=vega.field(
                "turn:N",
                title=title_of_turns,
                sort=list(TURNS),
                scale=scale,
                legend={"columns": 4, "titleLimit": 500},
            ),
            shape=vega.field(
                "turn:N",
                title=title_of_turns,
                sort=list(TURNS),
                scale={"domain": list(TURNS), "range": list(TURN_SHAPES)},
                legend={"columns": 4, "titleLimit": 500},
            ),
        )
    )
    begins = (
        vega.chart(sessions)
        .mark("tick", color=TEXT, thickness=3, size=ROW - 4)
        .encode(x=vega.field("session_start:T", axis=dates), y=down)
    )
    chart = (marks + begins).properties(width=WIDTH, height=ROW * len(order))
    counts = turns.groupby("turn")["number"].sum()
    said = ", ".join(f"{int(counts.get(word, 0))} {word}" for word in TURNS)
    return _figure(chart, title, note, f"{title}. {len(sessions)} sessions; turns: {said}.")


def _figure(chart: Any, title: str, note: str, words: str) -> Figure:
    return Figure(title=title, note=note, alt=words, chart=chart.properties(config=CONFIG))

"""One prison's hall and calendar: the year, a week at its tables, and how that week filled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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
    import altair as alt
    import pandas as pd

    cells = sessions.groupby(["monday", "when", "place"], as_index=False)[["tables", "used"]].sum()
    share = cells["used"] / cells["tables"]
    cells["band"] = pd.cut(
        share, [-1.0, *USE_EDGES, 2.0], labels=list(USE_BANDS), right=False
    ).astype("str")
    order = cells.sort_values("place")["when"].drop_duplicates().tolist()
    chart = (
        alt.Chart(cells[["monday", "when", "band"]])
        .mark_rect(stroke="#ffffff", strokeWidth=1)
        .encode(
            x=alt.X(
                "yearmonthdate(monday):O",
                title="Week beginning",
                axis=alt.Axis(
                    format="%-d %b %y", labelAngle=-45, labelOverlap="greedy", labelSeparation=12
                ),
            ),
            y=alt.Y("when:N", sort=order, title=None, axis=alt.Axis(ticks=False)),
            color=alt.Color(
                "band:O",
                title="Tables used",
                sort=list(USE_BANDS),
                scale=alt.Scale(domain=list(USE_BANDS), range=list(BLUES)),
                legend=alt.Legend(symbolType="square", columns=4),
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
    import altair as alt

    days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    hour = alt.Axis(
        labelExpr="(datum.value < 600 ? '0' : '') + datum.value / 60 + ':00'",
        values=[MINUTES_PER_HOUR * hour for hour in range(0, 25, 2)],
        grid=True,
    )
    opens = int(sessions["start_minutes"].min()) // MINUTES_PER_HOUR * MINUTES_PER_HOUR
    closes = -(-int(sessions["end_minutes"].max()) // MINUTES_PER_HOUR) * MINUTES_PER_HOUR
    across = alt.Scale(domain=[opens - MARGIN_MINUTES, closes + MARGIN_MINUTES], nice=False)
    down = alt.Scale(domain=[0, len(days)], reverse=True, nice=False)
    names = alt.Axis(
        values=[day + 0.5 for day in range(len(days))],
        labelExpr=f"{days}[floor(datum.value)]",
        grid=False,
        ticks=False,
    )
    blocks = (
        alt.Chart(tables)
        .mark_rect(stroke="#ffffff", strokeWidth=0.4)
        .encode(
            x=alt.X("start_minutes:Q", title="Time of day", scale=across, axis=hour),
            x2="end_minutes:Q",
            y=alt.Y("top:Q", title=None, scale=down, axis=names),
            y2="bottom:Q",
            color=alt.Color(
                "became:N",
                title="A table with",
                sort=list(AT_TABLE),
                scale=alt.Scale(domain=list(AT_TABLE), range=list(TABLE_COLOURS)),
                legend=alt.Legend(symbolType="square", symbolStrokeColor=LINE, columns=4),
            ),
        )
    )
    labels = (
        alt.Chart(sessions)
        .mark_text(align="left", baseline="bottom", dx=1, dy=-1, fontSize=11, color=TEXT)
        .encode(
            x=alt.X("start_minutes:Q", scale=across),
            y=alt.Y("top:Q", scale=down),
            text="label:N",
        )
    )
    lines = (
        alt.Chart({"values": [{"day": day} for day in range(1, len(days))]})
        .mark_rule(color=LINE, aria=False)
        .encode(y=alt.Y("day:Q", scale=down))
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
    import altair as alt

    order = [*dict.fromkeys(sessions["row"]), *AWAY]
    down = alt.Y("row:N", sort=order, title=None, axis=alt.Axis(ticks=False, grid=True))
    dates = alt.Axis(format="%-d %b", tickCount=8)
    title_of_turns = "What happened, the larger the more on that day"
    scale = alt.Scale(domain=list(TURNS), range=list(CATEGORIES))
    marks = (
        alt.Chart(turns)
        .mark_point(filled=True, opacity=0.85, stroke="#ffffff", strokeWidth=0.6)
        .encode(
            x=alt.X("day:T", title="Day on which it happened", axis=dates),
            y=down,
            size=alt.Size(
                "number:Q",
                legend=None,
                scale=alt.Scale(domain=[1, 15], range=[24, 260], clamp=True),
            ),
            color=alt.Color(
                "turn:N",
                title=title_of_turns,
                sort=list(TURNS),
                scale=scale,
                legend=alt.Legend(columns=4, titleLimit=500),
            ),
            shape=alt.Shape(
                "turn:N",
                title=title_of_turns,
                sort=list(TURNS),
                scale=alt.Scale(domain=list(TURNS), range=list(TURN_SHAPES)),
                legend=alt.Legend(columns=4, titleLimit=500),
            ),
        )
    )
    begins = (
        alt.Chart(sessions)
        .mark_tick(color=TEXT, thickness=3, size=ROW - 4)
        .encode(x=alt.X("session_start:T", axis=dates), y=down)
    )
    chart = (marks + begins).properties(width=WIDTH, height=ROW * len(order))
    counts = turns.groupby("turn")["number"].sum()
    said = ", ".join(f"{int(counts.get(word, 0))} {word}" for word in TURNS)
    return _figure(chart, title, note, f"{title}. {len(sessions)} sessions; turns: {said}.")


def _figure(chart: Any, title: str, note: str, words: str) -> Figure:
    return Figure(title=title, note=note, alt=words, chart=chart.configure(**CONFIG))

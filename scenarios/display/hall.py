"""One day of one hall, drawn: the tables at a moment, and the line of the day."""

from __future__ import annotations

import pandas as pd

from scenarios.display import vega, wording
from scenarios.display.charts import CATEGORIES, CONFIG, LINE, TEXT, WIDTH, Figure
from scenarios.display.markup import table
from scenarios.display.timeline import FREE
from scenarios.reading.hall_day import (
    AT_CHECK,
    AT_TABLE,
    IN_HALL,
    ON_VIDEO,
    HallDay,
    account,
    counts_at,
    tables_at,
    through_the_day,
)

COLUMNS = 20
"""Tables drawn in a row."""

ROW = 26
"""Height in pixels of a row of tables."""

LEGEND = 70
"""Height in pixels of the legend above the drawing."""

CHECKING = "at the check"
CALLING = "on video"
STATES = (*AT_TABLE[:3], CHECKING, AT_TABLE[3])
COLOURS = (CATEGORIES[0], CATEGORIES[3], CATEGORIES[2], CATEGORIES[1], FREE)


def clock(minutes: float) -> str:
    """Write minutes after midnight as a time of day.

    Examples
    --------
    >>> clock(865)
    '14:25'
    """
    return f"{int(minutes) // 60:02d}:{int(minutes) % 60:02d}"


def moment(day: HallDay, minute: float) -> str:
    """Say in a sentence what a moment of the day is like."""
    tables = tables_at(day, minute)
    counts = counts_at(day, minute)
    states = tables["state"].value_counts()
    said = [f"{wording.count(counts[IN_HALL], 'party')} in the hall".replace("partys", "parties")]
    expected = int(states.get(AT_TABLE[1], 0))
    if expected:
        said.append(f"{expected} still expected")
    if day.replayed:
        said.append(f"{counts[AT_CHECK]} of them at the check" if expected else "none at the check")
        said.append(f"{int(states.get(AT_TABLE[3], 0))} tables free")
    missing = int(states.get(AT_TABLE[2], 0))
    if missing:
        said.append(f"{missing} who will not come")
    calls = wording.count(counts[ON_VIDEO], "call")
    return f"At {clock(minute)}: {', '.join(said)}; {calls} on video."


def at_a_moment(day: HallDay, minute: float, *, title: str, note: str) -> Figure:
    """Draw every table of the hall, who waits at the check and who is on video at a moment."""
    marks, labels = _marks(day, minute)
    domain = list(STATES)
    rows = 1 + max(float(labels["y"].max()), float(marks["y"].max()) if len(marks) else 0.0)
    down = {"domain": [-0.7, rows], "reverse": True, "nice": False}
    across = {"domain": [0, COLUMNS], "nice": False}
    color = vega.field(
        "state:N",
        title=None,
        sort=domain,
        scale={"domain": domain, "range": list(COLOURS)},
        legend={"columns": 3, "symbolStrokeColor": LINE, "symbolType": "square"},
    )
    tooltip = [vega.field("what:N", title=" "), vega.field("state:N", title="Now")]
    is_table = marks["kind"] == "table"
    others = marks[~is_table]
    # a layer without marks has no words, so it is kept from screen readers
    squares = (
        vega.chart(_boxes(marks[is_table]))
        .mark("rect", stroke=LINE, strokeWidth=1, aria=bool(is_table.any()))
        .encode(
            x=vega.field("left:Q", scale=across, axis=None),
            x2="right:Q",
            y=vega.field("top:Q", scale=down, axis=None),
            y2="bottom:Q",
            color=color,
            tooltip=tooltip,
        )
    )
    points = (
        vega.chart(others.assign(middle=others["x"] + 0.5))
        .mark("point", filled=True, size=150, opacity=1, aria=len(others) > 0)
        .encode(
            x=vega.field("middle:Q", scale=across, axis=None),
            y=vega.field("y:Q", scale=down, axis=None),
            color=color,
            shape=vega.field(
                "kind:N",
                scale={"domain": ["party", "call"], "range": ["circle", "diamond"]},
                legend=None,
            ),
            tooltip=tooltip,
        )
    )
    words = (
        vega.chart(labels)
        .mark("text", align="left", baseline="middle", fontSize=13, color=TEXT)
        .encode(
            x=vega.field("x:Q", scale=across, axis=None),
            y=vega.field("y:Q", scale=down, axis=None),
            text="words:N",
        )
    )
    chart = (squares + points + words).properties(
        width=WIDTH, height=int(ROW * (rows + 0.7)) + LEGEND
    )
    return Figure(
        title=title,
        note=note,
        alt=f"{title}. {moment(day, minute)}",
        chart=chart.properties(config=CONFIG),
    )


def _boxes(marks: pd.DataFrame) -> pd.DataFrame:
    return marks.assign(
        left=marks["x"] + 0.1,
        right=marks["x"] + 0.9,
        top=marks["y"] - 0.36,
        bottom=marks["y"] + 0.36,
    )


def _marks(day: HallDay, minute: float) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Give every mark of the drawing, and the words above each block of them."""
    marks: list[tuple[float, float, str, str, str]] = []
    labels: list[tuple[float, float, str]] = []
    y = 0.0

    def block(words: str, states: list[str], kind: str, what: str) -> None:
        nonlocal y
        labels.append((0.1, y, words))
        for number, state in enumerate(states):
            place = (number % COLUMNS, y + 1 + number // COLUMNS)
            marks.append((*place, state, kind, what))
        y += 2.2 + max(0, len(states) - 1) // COLUMNS

    for (session, start, end), of_session in tables_at(day, minute).groupby(
        ["session", "start", "end"], sort=False
    ):
        span = f"{clock(float(str(start)))} to {clock(float(str(end)))}"
        block(f"Session {span}", list(of_session["state"]), "table", f"Session {session}")
    counts = counts_at(day, minute)
    if not marks:
        labels.append((0.1, y, "No session is on or begins within the hour"))
        y += 1.2
    if day.replayed:
        block(
            f"At the check and search: {counts[AT_CHECK]}",
            [CHECKING] * counts[AT_CHECK],
            "party",
            "Party at the check",
        )
    block(f"On video: {counts[ON_VIDEO]}", [AT_TABLE[0]] * counts[ON_VIDEO], "call", "Video call")
    return (
        pd.DataFrame(marks, columns=["x", "y", "state", "kind", "what"]),
        pd.DataFrame(labels, columns=["x", "y", "words"]),
    )


def line_of_day(day: HallDay, minute: float | None, *, title: str, note: str) -> Figure:
    """Draw how many parties are in the hall, at the check and on video through the day."""
    rows = through_the_day(day)
    places = [place for place in (IN_HALL, AT_CHECK, ON_VIDEO) if place in set(rows["place"])]
    colours = {IN_HALL: CATEGORIES[0], AT_CHECK: CATEGORIES[3], ON_VIDEO: CATEGORIES[1]}
    hours = list(range(day.opens, day.closes + 60, 60))
    lines = (
        vega.chart(rows)
        .mark("line", interpolate="step-after", strokeWidth=2.5)
        .encode(
            x=vega.field(
                "minute:Q",
                title="Time of day",
                scale={"domain": [day.opens, day.closes], "nice": False},
                axis={
                    "values": hours,
                    "labelExpr": "(datum.value < 600 ? '0' : '') + floor(datum.value / 60) + ':00'",
                },
            ),
            y=vega.field("parties:Q", title="Parties", axis={"tickMinStep": 1, "tickCount": 5}),
            color=vega.field(
                "place:N",
                title=None,
                sort=places,
                scale={"domain": places, "range": [colours[place] for place in places]},
                legend={"columns": 3, "symbolType": "stroke"},
            ),
            strokeDash=vega.field(
                "place:N",
                scale={"domain": places, "range": [[1, 0], [5, 3], [2, 2]][: len(places)]},
                legend=None,
            ),
        )
    )
    layers = [lines]
    if minute is not None:
        now = pd.DataFrame({"minute": [minute], "words": [clock(minute)]})
        layers.append(
            vega.chart(now).mark("rule", color=TEXT, strokeWidth=1.5).encode(x="minute:Q")
        )
    chart = vega.layered(*layers).properties(width=WIDTH, height=240)
    most = rows.groupby("place")["parties"].max()
    said = ", ".join(f"{place.lower()} at most {int(most[place])}" for place in places)
    return Figure(
        title=title,
        note=note,
        alt=f"{title}. {said.capitalize()}.",
        chart=chart.properties(config=CONFIG),
    )


def line_table(day: HallDay) -> str:
    """List how many parties are in the hall, at the check and on video every half hour."""
    rows = through_the_day(day)
    rows = rows[rows["minute"] % 30 == 0]
    wide = rows.pivot_table(index="minute", columns="place", values="parties").reset_index()
    places = [place for place in (IN_HALL, AT_CHECK, ON_VIDEO) if place in wide.columns]
    return table(
        wide.assign(when=[clock(minute) for minute in wide["minute"]]),
        "Parties in the hall, at the check and on video, every half hour",
        labels={"when": "Time", **{place: place for place in places}},
        scroll=True,
    )


def sessions_table(day: HallDay) -> str:
    """List the sessions of the day: how late they began, who came, what the check took."""
    rows = account(day)
    shown = rows.assign(
        when=[
            f"{clock(start)} to {clock(end)}"
            for start, end in zip(rows["start"], rows["end"], strict=True)
        ]
    )
    labels = {"when": "Session"}
    if day.replayed:
        labels["tables"] = "Tables"
    labels |= {"booked": "Booked", "came": "Parties let in"}
    if day.replayed:
        labels |= {
            "late_minutes": "Hall opened late, minutes",
            "check_minutes": "Check and search, minutes each",
        }
    else:
        labels["late_minutes"] = "First party in, minutes after the start"
    labels["lost_minutes"] = "Minutes lost by each party"
    return table(
        shown,
        f"The sessions of {wording.day(day.day.date().isoformat())}",
        labels=labels,
        note="Bookings cancelled before the day are left out. Minutes lost: from the start of the "
        "session until the party is in the hall, on average.",
    )

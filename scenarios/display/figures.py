"""The pictures of a run: each view of ``views`` drawn, with its title and its note."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from scenarios.display import charts, views, wording
from scenarios.display.charts import Figure
from scenarios.display.markup import without_hidden

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scenarios.results import Results

NO_CHANGE = "#ffffff"
CHANGE_COLOURS = (charts.CATEGORIES[0], charts.BLUES[1], NO_CHANGE, charts.CATEGORIES[3])
"""Colours for nearer, a little nearer, no change and further."""

MAP_TITLES = {
    "today": "Average miles from home of the people each prison holds today",
    "plan": "Average miles from home of the people each prison would hold in this run",
    "change": "Change in the average miles from home of the people each prison holds",
}


def prison_map(
    results: Results,
    by_prison: pd.DataFrame,
    outline: Mapping[str, Any],
    when: str,
    *,
    circulate: bool = False,
) -> Figure:
    """Draw every prison by the distance from home of the people it holds.

    For circulation circles are as large as the people held today, not those in the plan.

    Parameters
    ----------
    by_prison
        The table of :func:`scenarios.display.views.prisons`.
    when
        ``today``, ``plan`` or ``change``.
    """
    change = when == "change"
    held = "people_today" if when == "today" or circulate else "people_plan"
    note = wording.source(results, drawn=False) + wording.not_on_map(by_prison, held, "prison")
    return charts.estate_map(
        views.map_places(by_prison, when, circulate=circulate),
        outline,
        bands=views.CHANGE_BANDS if change else views.MILES_BANDS,
        colours=CHANGE_COLOURS if change else charts.BLUES,
        legend="Change in average miles" if change else "Average miles from home",
        counted="People today" if circulate else "People held",
        title=MAP_TITLES[when],
        note=note,
    )


def distances(results: Results, placed: pd.DataFrame, *, circulate: bool = False) -> Figure:
    """Draw how many people are held at each distance from home; hidden counts are not drawn."""
    bands = views.distance_bands(placed)
    if circulate:
        bands = without_hidden(bands, views.BANDS).fillna(0)
    cases = {"people_today": "Today"}
    if views.is_plan(results):
        cases["people_plan"] = "In this run"
    long = bands.melt("band", list(cases), var_name="case", value_name="people")
    return charts.distance_bars(
        long.assign(case=long["case"].map(cases)),
        title="Number of people by miles from home, in a straight line",
        note=wording.source(results, drawn=False),
    )


def extra_miles(results: Results, placed: pd.DataFrame, *, circulate: bool = False) -> Figure:
    """Draw how many people end further from home; hidden counts are not drawn."""
    bands = views.who_is_further(placed)
    if circulate:
        bands = without_hidden(bands, views.extra_counts(bands)).fillna(0)
    rows = bands.melt("band", var_name="case", value_name="people")
    return charts.distance_bars(
        rows.assign(case=rows["case"].str.capitalize()),
        axis="Extra miles from home",
        title="Number of people who would be further from home, by extra miles",
        note=wording.source(results, drawn=False),
    )


def worth(results: Results, rows: pd.DataFrame) -> Figure:
    """Draw the units where one place more is worth most.

    Parameters
    ----------
    rows
        The table of :func:`scenarios.display.views.places_worth_most`.
    """
    return charts.ranked_bars(
        rows,
        label="name",
        value="value_of_one_more_gbp",
        unit="Weighted pounds saved by one place more",
        title="Where one place more is worth most, in weighted pounds",
        note=f"{wording.source(results, drawn=False)} Each value holds for one place, alone.",
        number_format=",.0f",
    )


def waits(results: Results, rows: pd.DataFrame) -> Figure:
    """Draw how long families wait for a visit, by kind of session, with intervals.

    Parameters
    ----------
    rows
        The table of :func:`scenarios.display.views.waits_by_kind`.
    """
    return charts.intervals(
        rows,
        label="kind",
        series="measure_label",
        unit="Days from asking to the visit",
        title="Days families wait for a visit, by kind of session",
        note=f"{wording.source(results, drawn=True)} {wording.interval_lines(results)}",
        number_format=",.0f",
    )


def outcomes(results: Results, rows: pd.DataFrame) -> Figure:
    """Draw what becomes of the requests for a visit.

    Parameters
    ----------
    rows
        The table of :func:`scenarios.display.views.outcomes`.
    """
    return charts.ranked_bars(
        rows.assign(outcome=rows["outcome"].map(wording.OUTCOMES)),
        label="outcome",
        value="share",
        unit="Share of requests",
        title="What becomes of requests for a visit, as a share of all requests",
        note=wording.source(results, drawn=True),
        number_format=".0%",
    )


def hall_use(results: Results, rows: pd.DataFrame, *, circulate: bool = False) -> Figure:
    """Draw how full each prison's visit tables are, beside the wait.

    Parameters
    ----------
    rows
        The table of :func:`scenarios.display.views.visits_by_prison`.
    """
    return charts.prisons_scatter(
        _points(rows, "hall_use_share", "wait_days", circulate=circulate),
        x_title="Share of visit tables used",
        y_title="Median wait in days",
        title="Share of visit tables used, and median wait in days, by prison",
        note=wording.source(results, drawn=True),
    )


def video_use(results: Results, rows: pd.DataFrame, *, circulate: bool = False) -> Figure:
    """Draw how full each prison's video stations are, beside the share of people with a call.

    Parameters
    ----------
    rows
        The table of :func:`scenarios.display.views.visits_by_prison`.
    """
    return charts.prisons_scatter(
        _points(rows, "video_use_share", "called_share", circulate=circulate),
        x_title="Share of video places used",
        y_title="Share of people with a video call in four weeks",
        title="Share of video places used, and share of people with a call, by prison",
        note=wording.source(results, drawn=True),
        y_format=".0%",
    )


def differences(rows: pd.DataFrame, note: str) -> Figure:
    """Draw how much each headline measure differs between two runs, in per cent of the first.

    Parameters
    ----------
    rows
        One row per measure: label, value, low, high in per cent.
    """
    return charts.intervals(
        rows,
        label="label",
        unit="Change in per cent of the first run",
        title="Change from the first run to the second, in per cent",
        note=note,
        zero_line=True,
        number_format=",.0f",
    )


def _points(rows: pd.DataFrame, x: str, y: str, *, circulate: bool) -> pd.DataFrame:
    """Give the points; for circulation as large as the people today, without hidden ones."""
    held = "people_plan"
    if circulate:
        held = "people_today"
        rows = without_hidden(rows, views.PEOPLE_OF_PRISONS).dropna(subset=held)
    drawn = rows.rename(columns={x: "x", y: "y", held: "people"})
    return drawn.loc[drawn["x"].notna() & drawn["y"].notna(), ["name", "people", "x", "y"]]

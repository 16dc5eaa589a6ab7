"""Home areas and regions: how far from each its people are held, today and in a run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from scenarios.circulation.suppress import Counts
from scenarios.display import charts, views, wording
from scenarios.display.charts import Figure
from scenarios.display.figures import CHANGE_COLOURS
from scenarios.display.markup import SMALL_COUNT, hidden_counts, table
from scenarios.reading.held_far import by_home_area

if TYPE_CHECKING:
    from scenarios.results import Results

MOST_PEOPLE = 1000
"""People from which on the circle of a home area grows no more."""

TITLES = {
    "today": "Average miles to where people from each home area are held today",
    "plan": "Average miles to where people from each home area would be held in this run",
    "change": "Change in the average miles to where people from each home area are held",
}


def home_areas(folder: Path, areas: pd.DataFrame) -> pd.DataFrame:
    """Summarise each home area: its people and how far from it they are held.

    Parameters
    ----------
    folder
        A run folder, or one made by ``estate allocate``.
    areas
        One row per ``home_area`` with ``name``, ``latitude``, ``longitude`` and ``region``.

    Returns
    -------
    DataFrame
        One row per home area that anybody with a known distance comes from, by name: ``people``,
        ``moved``, mean ``straight_miles_today``, ``straight_miles`` and ``change_miles``,
        ``beyond_50_today``, ``beyond_50`` and ``further`` (people), and where it is.
    """
    found = by_home_area(folder)
    change = found["straight_miles"] - found["straight_miles_today"]
    return views.with_places(found.assign(change_miles=change), areas, "home_area")


def regions(by_area: pd.DataFrame) -> pd.DataFrame:
    """Put home areas together by region.

    Parameters
    ----------
    by_area
        The table of :func:`home_areas`.

    Returns
    -------
    DataFrame
        One row per region: the counts added up, miles averaged over people.
    """
    counts = ["people", "moved", "beyond_50_today", "beyond_50", "further"]
    miles = ["straight_miles_today", "straight_miles", "change_miles"]
    weighed = by_area[["region", *counts]].join(by_area[miles].mul(by_area["people"], axis=0))
    summed = weighed.groupby("region", sort=True).sum()
    summed[miles] = summed[miles].div(summed["people"], axis=0)
    return summed.reset_index()


def places(by_area: pd.DataFrame, when: str, *, circulate: bool = False) -> pd.DataFrame:
    """Give the map its circles, without areas that one or two people come from.

    For circulation without all areas whose people :func:`listing` hides.

    Parameters
    ----------
    by_area
        The table of :func:`home_areas`.
    when
        ``today``, ``plan`` or ``change``.

    Returns
    -------
    DataFrame
        name, latitude, longitude, people, value (miles), band.
    """
    columns: dict[str, tuple[str, tuple[int, ...], tuple[str, ...]]] = {
        "today": ("straight_miles_today", views.MILES_EDGES, views.MILES_BANDS),
        "plan": ("straight_miles", views.MILES_EDGES, views.MILES_BANDS),
        "change": ("change_miles", views.CHANGE_EDGES, views.CHANGE_BANDS),
    }
    miles, edges, bands = columns[when]
    left_out = _left_out(by_area, circulate=circulate)
    drawn = by_area[~left_out & views.has_place(by_area)]
    value = drawn[miles].round(1)
    band = np.array(bands, dtype=object)[np.searchsorted(edges, value, side="right")]
    shown = drawn[["name", "latitude", "longitude", "people"]].assign(value=value, band=band)
    return shown.reset_index(drop=True)


def _left_out(by_area: pd.DataFrame, *, circulate: bool) -> pd.Series[bool]:
    """Say which areas the map leaves out."""
    few = by_area["people"] <= SMALL_COUNT
    if not circulate:
        return few
    return few | hidden_counts(by_area, COUNTED, with_totals(by_area))["people"]


def figure(
    results: Results,
    by_area: pd.DataFrame,
    outline: Mapping[str, Any],
    when: str,
    *,
    circulate: bool = False,
) -> Figure:
    """Draw every home area by how far from it its people are held.

    Parameters
    ----------
    by_area
        The table of :func:`home_areas`.
    when
        ``today``, ``plan`` or ``change``.
    """
    change = when == "change"
    hidden = _left_out(by_area, circulate=circulate)
    left_out = int(hidden.sum())
    why = "whose people are hidden" if circulate else "that one or two people come from"
    few = (
        f" {wording.count(left_out, 'area')} {why} {'is' if left_out == 1 else 'are'} not drawn."
        if left_out
        else ""
    )
    away = wording.not_on_map(by_area[~hidden], "people", "area")
    return charts.estate_map(
        places(by_area, when, circulate=circulate),
        outline,
        bands=views.CHANGE_BANDS if change else views.MILES_BANDS,
        colours=CHANGE_COLOURS if change else charts.BLUES,
        legend="Change in average miles" if change else "Average miles from home",
        title=TITLES[when],
        note=f"{wording.source(results, drawn=False)} Straight-line miles.{few}{away}",
        each="home area",
        counted="People from there",
        most=MOST_PEOPLE,
    )


def listing(by_area: pd.DataFrame, *, is_plan: bool, circulate: bool = False) -> str:
    """List the home areas."""
    return _listing(
        by_area,
        {"name": "Home area", "region": "Region"},
        "People from each home area and their average miles to where they are held",
        is_plan=is_plan,
        circulate=circulate,
        whole=with_totals(by_area),
    )


def region_listing(by_area: pd.DataFrame, *, is_plan: bool, circulate: bool = False) -> str:
    """List the regions of home areas."""
    whole = with_totals(by_area)
    rows = whole[(whole["name"] == EVERY) & (whole["region"] != EVERY)]
    return _listing(
        rows,
        {"region": "Region of home"},
        "People from each region and their average miles to where they are held",
        is_plan=is_plan,
        circulate=circulate,
        whole=whole,
    )


EVERY = "all"
"""Stands for every home area of a region, and for every region."""

COUNTED = Counts(
    columns=("people", "beyond_50_today", "beyond_50", "moved", "further"),
    within={
        "beyond_50_today": "people",
        "beyond_50": "people",
        "moved": "people",
        "further": "moved",
    },
    totals={"name": EVERY, "region": EVERY},
    by=("name", "region"),
    follows=dict.fromkeys(("straight_miles_today", "straight_miles", "change_miles"), "people"),
)
"""How :func:`with_totals` counts people. Every table of it hides the same, whatever it tells."""


LONG = 20
"""Rows above which a table scrolls in a frame of its own."""


def with_totals(by_area: pd.DataFrame) -> pd.DataFrame:
    """Set the regions and everybody below the home areas, whose rows and index stay as they are."""
    by_region = regions(by_area).assign(name=EVERY)
    everybody = regions(by_area.assign(region=EVERY)).assign(name=EVERY)
    totals = pd.concat([by_region, everybody], ignore_index=True)
    totals.index += int(by_area.index.max()) + 1 if len(by_area) else 0
    return pd.concat([by_area, totals])


def _listing(
    rows: pd.DataFrame,
    head: dict[str, str],
    caption: str,
    *,
    is_plan: bool,
    circulate: bool,
    whole: pd.DataFrame,
) -> str:
    labels = head | {
        "people": "People",
        "straight_miles_today": "Average miles today",
        "beyond_50_today": "Over 50 miles today",
    }
    if is_plan:
        labels |= {
            "straight_miles": "Average miles in this run",
            "change_miles": "Change in miles",
            "beyond_50": "Over 50 miles in this run",
            "moved": "Move",
            "further": "Further from home",
        }
    return table(
        rows,
        caption,
        labels=labels,
        scroll=len(rows) > LONG,
        counts=COUNTED,
        circulate=circulate,
        whole=whole,
    )

"""Results in, small tables out: what each page of the app and each part of the report shows.

Every function is pure and returns one table that fits on a screen. Miles are straight-line miles
from a prisoner's home area to the prison, the official measure; *today* is where people are held
on the date of the data, *plan* is where this run places them (the same in a run of today's estate).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from scenarios.circulation.suppress import Counts
from scenarios.display.markup import without_hidden
from scenarios.reading.held_far import NEARER_MILES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from scenarios.results import Results

DISTANCE_EDGES = (0, 10, 25, 50, 75, 100)
"""Lower edges in miles of the bands in which distance from home is shown."""

MILES_EDGES = (30, 45, 60)
"""Edges in miles between the four bands of a prison's average distance."""
MILES_BANDS = ("under 30 miles", "30 to 44 miles", "45 to 59 miles", "60 miles or more")

CHANGE_EDGES = (-5, -1, 1)
"""Edges in miles between the four bands of a change of a prison's average distance."""
CHANGE_BANDS = (
    "nearer by 5 miles or more",
    "nearer by 1 to 5 miles",
    "within 1 mile of today",
    "further by 1 mile or more",
)

ESTATE = "ALL"
"""Stands for the whole estate among the establishments of a table of measures."""

ALL = "all"
"""Stands for everybody among the groups of a table of measures."""

NOT_KNOWN = "not known"
"""Stands for the region of a prison or an area that the tables of places do not have."""

FAR_MILES = (50, 100)
"""Distances in miles beyond which people are counted as far from home."""


def people(results: Results) -> pd.DataFrame:
    """Set each prisoner's distance from home today beside that in this run.

    Returns
    -------
    pd.DataFrame
        One row per prisoner placed: prisoner_id, sex, from_establishment, establishment, moved,
        reason, straight_miles_today, straight_miles, further_miles (negative when nearer).
    """
    prisoners = results.columns("population", ["prisoner_id", "sex", "home_area"])
    pair = ["home_area", "establishment"]
    travel = results.columns("travel", [*pair, "straight_miles"])
    miles = travel.set_index(pair)["straight_miles"]
    columns = ["prisoner_id", "from_establishment", "establishment", "moved", "reason"]
    placements = results.columns("placements", [*columns, "straight_miles"])
    held = placements[placements["establishment"] != ""]
    placed = held.merge(prisoners, on="prisoner_id")
    today = pd.MultiIndex.from_frame(placed[["home_area", "from_establishment"]])
    placed["straight_miles_today"] = miles.reindex(today).to_numpy()
    placed["further_miles"] = placed["straight_miles"] - placed["straight_miles_today"]
    return placed.drop(columns="home_area")


def far_from_home(placed: pd.DataFrame) -> pd.DataFrame:
    """Count the people held far from home, today and in this run, men and women apart.

    Parameters
    ----------
    placed
        The table of :func:`people`.

    Returns
    -------
    pd.DataFrame
        One row for everybody, men and women: who, people, then for 50 and for 100 miles the share
        of people further than that today and in this run.
    """
    groups = [("everybody", placed), *((str(sex), rows) for sex, rows in placed.groupby("sex"))]
    return pd.DataFrame([{"who": who, "people": len(rows), **_far(rows)} for who, rows in groups])


BANDS = Counts(columns=("people_today", "people_plan"), by=("band",))
"""The bands of distance count people today and in the run, also where only one is told."""


def distance_bands(placed: pd.DataFrame) -> pd.DataFrame:
    """Count people by distance from home, today and in this run.

    Returns
    -------
    pd.DataFrame
        One row per band of miles: band, people_today, people_plan.
    """
    names = [
        f"under {DISTANCE_EDGES[1]}",
        *(f"{low}-{high - 1}" for low, high in pairwise(DISTANCE_EDGES[1:])),
        f"{DISTANCE_EDGES[-1]}+",
    ]
    columns = {"people_today": "straight_miles_today", "people_plan": "straight_miles"}
    counts = {
        column: np.bincount(
            np.searchsorted(DISTANCE_EDGES, placed[miles].dropna(), side="right") - 1,
            minlength=len(names),
        )
        for column, miles in columns.items()
    }
    return pd.DataFrame({"band": names, **counts})


def prisons(placed: pd.DataFrame, establishments: pd.DataFrame) -> pd.DataFrame:
    """Summarise each prison: people held and their average distance, today and in this run.

    Parameters
    ----------
    placed
        The table of :func:`people`.
    establishments
        One row per establishment: establishment, name, latitude, longitude.

    Returns
    -------
    pd.DataFrame
        One row per prison that holds anyone, by name: people_today, people_plan, arrive, leave,
        straight_miles_today, straight_miles, change_miles (missing where nobody is held). A prison
        that ``establishments`` does not have keeps its people: see :func:`with_places`.
    """
    moved = placed[placed["moved"]]
    counted = pd.DataFrame(
        {
            "people_today": placed.groupby("from_establishment").size(),
            "people_plan": placed.groupby("establishment").size(),
            "arrive": moved.groupby("establishment").size(),
            "leave": moved.groupby("from_establishment").size(),
            "straight_miles_today": placed.groupby("from_establishment")[
                "straight_miles_today"
            ].mean(),
            "straight_miles": placed.groupby("establishment")["straight_miles"].mean(),
        }
    ).rename_axis("establishment")
    counts = ["people_today", "people_plan", "arrive", "leave"]
    counted[counts] = counted[counts].fillna(0).astype(int)
    counted["change_miles"] = counted["straight_miles"] - counted["straight_miles_today"]
    # nobody's prison: people who come from no establishment
    counted = counted[counted.index != ""]
    return with_places(counted.reset_index(), establishments, "establishment")


PEOPLE_OF_PRISONS = Counts(columns=("people_today", "arrive", "leave", "people_plan"), by=("name",))
"""How :func:`prisons` counts people, where those in a plan are not told."""

PRISONS = replace(
    PEOPLE_OF_PRISONS,
    follows={
        "straight_miles_today": "people_today",
        "straight_miles": "people_plan",
        "change_miles": ("people_today", "people_plan"),
    },
)
"""The same where miles stand beside people."""


def prison_counts(*, circulate: bool) -> Counts:
    """Say how tables of prisons count people.

    For circulation people in a plan are left out. Where they are told, moves make them up.
    """
    if circulate:
        return PRISONS
    return replace(PRISONS, balances=((("people_today", "arrive"), ("leave", "people_plan")),))


def with_places(rows: pd.DataFrame, places: pd.DataFrame, key: str) -> pd.DataFrame:
    """Set names, regions and coordinates beside rows, and keep every row.

    Parameters
    ----------
    rows
        One row per ``key``.
    places
        One row per ``key`` with its name, region, latitude and longitude.

    Returns
    -------
    pd.DataFrame
        The rows by name. Where ``places`` does not have a code, the code is its name, the region
        is ``NOT_KNOWN`` and the coordinates are missing.
    """
    named = places[[key, "name", "region", "latitude", "longitude"]].merge(
        rows, on=key, how="right"
    )
    known = {"name": named["name"].fillna(named[key]), "region": named["region"].fillna(NOT_KNOWN)}
    return named.assign(**known).sort_values("name", ignore_index=True)


def has_place(rows: pd.DataFrame) -> pd.Series[bool]:
    """Say of each row of :func:`with_places` whether a map can show it."""
    return rows["latitude"].notna() & rows["longitude"].notna()


def map_places(by_prison: pd.DataFrame, when: str, *, circulate: bool = False) -> pd.DataFrame:
    """Give the map its circles: one row per prison that holds anyone and whose place is known.

    For circulation each with its people today, since those in a plan tell how many move, and
    without prisons whose people are hidden.

    Parameters
    ----------
    by_prison
        The table of :func:`prisons`.
    when
        ``today``, ``plan`` or ``change``.

    Returns
    -------
    pd.DataFrame
        name, latitude, longitude, people, value (miles), band.
    """
    columns = {
        "today": ("people_today", "straight_miles_today", MILES_EDGES, MILES_BANDS),
        "plan": ("people_plan", "straight_miles", MILES_EDGES, MILES_BANDS),
        "change": ("people_plan", "change_miles", CHANGE_EDGES, CHANGE_BANDS),
    }
    held, miles, edges, bands = columns[when]
    told = without_hidden(by_prison, PRISONS) if circulate else by_prison
    drawn = told[(by_prison[held] > 0) & told[miles].notna() & has_place(by_prison)]
    drawn = drawn[drawn["people_today" if circulate else held].notna()]
    value = drawn[miles].round(1)
    return pd.DataFrame(
        {
            "name": drawn["name"],
            "latitude": drawn["latitude"],
            "longitude": drawn["longitude"],
            "people": drawn["people_today" if circulate else held],
            "value": value,
            "band": np.array(bands, dtype=object)[np.searchsorted(edges, value, side="right")],
        }
    ).reset_index(drop=True)


def moves_by_reason(placed: pd.DataFrame) -> pd.DataFrame:
    """Count moves by their reason, with how many end nearer and further.

    Returns
    -------
    pd.DataFrame
        One row per reason, most moves first: reason, moves, nearer, further, mean_change_miles,
        mean_miles_further (of those who end further; missing where nobody does).
    """
    moved = placed[placed["moved"]]
    rows = [
        {
            "reason": str(reason),
            "moves": len(group),
            "nearer": int((group["further_miles"] < -NEARER_MILES).sum()),
            "further": int((group["further_miles"] > NEARER_MILES).sum()),
            "mean_change_miles": group["further_miles"].mean(),
            "mean_miles_further": group.loc[
                group["further_miles"] > NEARER_MILES, "further_miles"
            ].mean(),
        }
        for reason, group in moved.groupby("reason")
    ]
    columns = [
        "reason",
        "moves",
        "nearer",
        "further",
        "mean_change_miles",
        "mean_miles_further",
    ]
    return pd.DataFrame(rows, columns=columns).sort_values(
        ["moves", "reason"], ascending=[False, True], ignore_index=True
    )


def who_is_further(placed: pd.DataFrame) -> pd.DataFrame:
    """Count the people who end further from home, by how much further.

    Returns
    -------
    pd.DataFrame
        One row per band of extra miles: band, men, women.
    """
    edges = (NEARER_MILES, 10, 25, 50)
    names = ("under 10", "10-24", "25-49", "50+")
    worse = placed[placed["further_miles"] > edges[0]]
    band = np.searchsorted(edges[1:], worse["further_miles"], side="right")
    sexes = sorted(placed["sex"].unique())
    counts = {
        sex: np.bincount(band[(worse["sex"] == sex).to_numpy()], minlength=len(names))
        for sex in sexes
    }
    return pd.DataFrame({"band": names, **counts})


def extra_counts(bands: pd.DataFrame) -> Counts:
    """Say which columns of :func:`who_is_further` count people."""
    return Counts(columns=tuple(str(name) for name in bands if name != "band"), by=("band",))


def places_worth_most(
    units: pd.DataFrame, establishments: pd.DataFrame, rows: int = 15
) -> pd.DataFrame:
    """List the units in use where one place more is worth most.

    Returns
    -------
    pd.DataFrame
        At most ``rows`` rows, most valuable first: unit, name, places, held,
        value_of_one_more_gbp, cost_of_one_fewer_gbp. Empty where nothing was optimised.
    """
    names = establishments.set_index("establishment")["name"]
    in_use = units["places"] > 0
    worth = units[in_use & (units["value_of_one_more_gbp"].fillna(0) > 0)].copy()
    worth["name"] = worth["establishment"].map(names).fillna(worth["establishment"])
    worth["name"] = worth["name"].astype(str) + " (" + worth["unit"].astype(str) + ")"
    columns = ["unit", "name", "places", "held", "value_of_one_more_gbp", "cost_of_one_fewer_gbp"]
    return (
        worth.sort_values(["value_of_one_more_gbp", "unit"], ascending=[False, True])
        .head(rows)[columns]
        .reset_index(drop=True)
    )


def _far(rows: pd.DataFrame) -> dict[str, float]:
    """Give the share of people beyond each distance, today and in this run."""
    columns = {"today": "straight_miles_today", "plan": "straight_miles"}
    return {
        f"beyond_{miles}_miles_{when}_share": float((rows[column] > miles).mean())
        for miles in FAR_MILES
        for when, column in columns.items()
    }


def outline_geojson() -> dict[str, Any]:
    """Return the outline of England and Wales as a GeoJSON feature collection, in degrees.

    Built from the table, not with GeoPandas, whose import takes longer than the first page may.
    Rings run clockwise, without which a chart fills the page around them.
    """
    from data.load import read_table

    points = read_table("outline").sort_values(["layer", "ring", "point"])
    shapes = [
        {"type": "Polygon", "coordinates": [_clockwise(corners)]}
        if layer == "land"
        else {"type": "LineString", "coordinates": corners.tolist()}
        for (layer, _), shape in points.groupby(["layer", "ring"], sort=True)
        for corners in [shape[["longitude", "latitude"]].to_numpy()]
    ]
    return {
        "type": "FeatureCollection",
        "features": [{"type": "Feature", "properties": {}, "geometry": shape} for shape in shapes],
    }


def _clockwise(corners: NDArray[np.float64]) -> list[list[float]]:
    """Turn a ring so that it runs clockwise, and end it where it began."""
    after = np.roll(corners, -1, axis=0)
    twice_the_area = (after[:, 0] - corners[:, 0]) @ (after[:, 1] + corners[:, 1])
    ring: list[list[float]] = corners[:: 1 if twice_the_area > 0 else -1].tolist()
    return ring if ring[0] == ring[-1] else [*ring, ring[0]]


def is_plan(results: Results) -> bool:
    """Say whether this run moves people, rather than describing today."""
    return bool(results.allocation["status"] != "today")


def row_for(results: Results, table: str, sex: str = "all") -> dict[str, Any]:
    """Return the row of a summary table for everybody, men or women."""
    rows: list[dict[str, Any]] = results.summary[table]
    return next(row for row in rows if row["sex"] == sex)


def further_counts(everybody: str = ALL) -> Counts:
    """Say how the rows of who ends nearer and further count people.

    Parameters
    ----------
    everybody
        The word in ``sex`` of the row of men and women together.
    """
    return Counts(
        columns=("people", "moved", "nearer", "further"),
        adds_up={"moved": ("nearer", "further")},
        within={"moved": "people"},
        totals={"sex": everybody},
        by=("sex",),
        follows={
            "mean_miles_nearer": "nearer",
            "mean_miles_further": "further",
            "most_miles_further": "further",
        },
    )


def further(results: Results, *, circulate: bool = False) -> dict[str, Any]:
    """Return how many people end nearer and further; for circulation hidden counts are missing."""
    rows = pd.DataFrame(results.summary["further"])
    if circulate:
        rows = without_hidden(rows, further_counts())
    return {str(name): value for name, value in rows[rows["sex"] == ALL].iloc[0].items()}


def headline(results: Results) -> dict[str, dict[str, Any]]:
    """Return the headline measures by name: label, measure_unit, mean, low, high, replications."""
    return {row["measure"]: row for row in results.summary["headline"]}


GROUP_ORDER = (
    "men",
    "women",
    "no",
    "yes",
    "under_25_miles",
    "25_to_50_miles",
    "50_to_100_miles",
    "over_100_miles",
    "weeks_0_to_4",
    "weeks_5_to_52",
    "not_moved",
)
"""Groups of people in the order in which they are shown."""

WAIT_LABELS = {
    "wait_days_median": "Half wait no longer than",
    "wait_days_p90": "Nine in ten wait no longer than",
}
"""Measures of a wait, in words."""


def estate_measures(estimates: pd.DataFrame) -> pd.DataFrame:
    """Keep the measures of the whole estate, all people together.

    Parameters
    ----------
    estimates
        One row per establishment, group and measure: mean, low and high (95%) over replications.
    """
    whole = (
        (estimates["establishment"] == ESTATE)
        & (estimates["group_by"] == ALL)
        & (estimates["group"] == ALL)
    )
    return estimates[whole].reset_index(drop=True)


def waits_by_kind(estimates: pd.DataFrame) -> pd.DataFrame:
    """Give the waits of the whole estate by kind of session.

    Returns
    -------
    pd.DataFrame
        One row per kind and measure: kind, measure, measure_label, value, low, high (days),
        replications. Where one replication gives no interval, low and high are the value.
    """
    rows = estimates[
        (estimates["establishment"] == ESTATE)
        & (estimates["group_by"] == "session_kind")
        & estimates["measure"].isin(WAIT_LABELS)
        & estimates["mean"].notna()
    ]
    return pd.DataFrame(
        {
            "kind": rows["group"].str.replace("_", " ").str.capitalize(),
            "measure": rows["measure"],
            "measure_label": rows["measure"].map(WAIT_LABELS),
            "value": rows["mean"],
            "low": rows["low"].fillna(rows["mean"]),
            "high": rows["high"].fillna(rows["mean"]),
            "replications": rows["replications"],
        }
    ).sort_values(["kind", "measure"], ignore_index=True)


def by_establishment(estimates: pd.DataFrame, names: Mapping[str, str]) -> pd.DataFrame:
    """Set measures of each establishment side by side.

    Parameters
    ----------
    names
        The measures wanted, each with the column it becomes.

    Returns
    -------
    pd.DataFrame
        One row per establishment: establishment and a column for each measure (means).
    """
    rows = estimates[
        (estimates["establishment"] != ESTATE)
        & (estimates["group_by"] == ALL)
        & estimates["measure"].isin(names)
    ]
    wide = rows.set_index(["establishment", "measure"])["mean"].unstack()  # noqa: PD010
    return wide.reindex(columns=list(names)).rename(columns=dict(names)).reset_index()


def headline_differences(differences: pd.DataFrame, labels: Mapping[str, str]) -> pd.DataFrame:
    """Keep the headline measures of the whole estate, in the order of their labels.

    Parameters
    ----------
    differences
        Differences of two runs: the keys of a measure, before, after, difference, low, high.
    labels
        Headline measures with their words.
    """
    whole = estate_measures(differences)
    rows = whole[whole["measure"].isin(labels)]
    order = {name: place for place, name in enumerate(labels)}
    rows = rows.assign(label=rows["measure"].map(labels), place=rows["measure"].map(order))
    return rows.sort_values("place", ignore_index=True).drop(columns="place")


def relative_differences(rows: pd.DataFrame) -> pd.DataFrame:
    """Write differences in per cent of the first run, so that one axis serves all measures.

    Returns
    -------
    pd.DataFrame
        label, value, low, high (per cent); rows whose first value is zero, or that have no
        interval, are left out.
    """
    known = rows[(rows["before"] != 0) & rows["low"].notna()]
    percent = {
        column: 100 * known[name] / known["before"].abs()
        for column, name in (("value", "difference"), ("low", "low"), ("high", "high"))
    }
    return pd.DataFrame({"label": known["label"], **percent}).reset_index(drop=True)


PRISON_MEASURES = {
    "hall_use_share": "hall_use_share",
    "wait_days_median": "wait_days",
    "requests_unmet_share": "requests_unmet_share",
    "visits_per_prisoner_per_four_weeks": "visits_per_prisoner",
    "video_use_share": "video_use_share",
    "people_with_video_calls": "people_with_video_calls",
}
"""Measures shown prison by prison, each with its column."""


def visits_by_prison(estimates: pd.DataFrame, by_prison: pd.DataFrame) -> pd.DataFrame:
    """Set how full halls and stations are, and the waits, beside each prison's people.

    Parameters
    ----------
    estimates
        One row per establishment, group and measure with its mean.
    by_prison
        The table of :func:`prisons`.

    Returns
    -------
    pd.DataFrame
        One row per prison that holds anyone, by name: people_today, arrive, leave, people_plan,
        the columns of ``PRISON_MEASURES`` and
        called_share, the share of people with a video call in four weeks.
    """
    measured = by_establishment(estimates, PRISON_MEASURES)
    columns = ["establishment", "name", *PEOPLE_OF_PRISONS.columns]
    held = by_prison.loc[by_prison["people_plan"] > 0, columns]
    rows = held.merge(measured, on="establishment", how="left")
    return rows.assign(called_share=rows["people_with_video_calls"] / rows["people_plan"])


def outcomes(estimates: pd.DataFrame) -> pd.DataFrame:
    """Count what becomes of the requests of the whole estate.

    Returns
    -------
    pd.DataFrame
        One row per outcome: outcome, requests (mean a year), low, high, replications, share of
        all requests.
    """
    rows = estimates[
        (estimates["establishment"] == ESTATE)
        & (estimates["group_by"] == "outcome")
        & (estimates["measure"] == "requests")
    ]
    total = rows["mean"].sum()
    found = pd.DataFrame(
        {
            "outcome": rows["group"],
            "requests": rows["mean"],
            "low": rows["low"],
            "high": rows["high"],
            "replications": rows["replications"],
            "share": rows["mean"] / total if total else 0.0,
        }
    )
    return found.sort_values("requests", ascending=False, ignore_index=True)


def by_group(estimates: pd.DataFrame, group_by: str, names: Iterable[str]) -> pd.DataFrame:
    """Set measures of groups of people in the whole estate side by side.

    Parameters
    ----------
    estimates
        One row per establishment, group and measure: mean, low, high and replications.
    group_by
        ``sex``, ``children_under_18``, ``distance_band`` or ``since_move``.
    names
        The measures wanted.

    Returns
    -------
    pd.DataFrame
        One row per group, its name the index; for each measure, which is the first level of the
        columns, its mean, low, high and replications, missing where it is not measured.
    """
    names = list(names)
    rows = estimates[
        (estimates["establishment"] == ESTATE)
        & (estimates["group_by"] == group_by)
        & estimates["measure"].isin(names)
    ]
    order = [group for group in GROUP_ORDER if group in set(rows["group"])]
    ends = ["mean", "low", "high", "replications"]
    wide = rows.pivot(index="group", columns="measure", values=ends).reindex(order)  # noqa: PD010
    return wide.swaplevel(axis=1).reindex(columns=pd.MultiIndex.from_product([names, ends]))

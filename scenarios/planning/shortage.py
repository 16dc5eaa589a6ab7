"""People without a place: who they are, and the cheapest ways out, as a table and in words."""

from __future__ import annotations

from typing import Any

import pandas as pd

from optimiser.allocation import COHORT, Allocation
from optimiser.exclusions import RESTRICTED, RESTRICTED_RULES

NEEDED = {
    "places": "{how_many} more {places} in {what}",
    "margin": "{how_many} more {what} held than the operating margin allows",
    "rule": "rule {what} set aside for {how_many} of them",
    "lock": "{how_many} of them unlocked",
}
"""What each way out asks for."""

ONE = {"men": "man", "women": "woman"}

SHOWN = 12
"""Cohorts told in words; the table has all."""


def readable_ways(ways: pd.DataFrame) -> pd.DataFrame:
    """Hide the names of rules that only planners may read: a plan is read by others too."""
    hidden = (ways["way"] == "rule") & ways["what"].isin(sorted(RESTRICTED_RULES))
    return ways.assign(what=ways["what"].mask(hidden, RESTRICTED))


def readable_needs(cohorts: pd.DataFrame) -> pd.DataFrame:
    """Hide what people need, which tells of health and offences; how many they are stays."""
    return cohorts.assign(needs=cohorts["needs"].mask(cohorts["needs"] != "", RESTRICTED))


def shortfall_table(allocation: Allocation) -> pd.DataFrame:
    """Give one row per cohort without a place and way out, or one where none was found.

    What people need and rules that only planners may read are hidden.

    Returns
    -------
    DataFrame
        The columns of the shortfall, then ``way``, ``what``, ``how_many`` and ``first_gbp``; empty
        where there is no way out by one thing alone.
    """
    ways = readable_ways(allocation.ways_out).drop(columns="people")
    if ways.empty:
        return readable_needs(allocation.unplaced)
    both = allocation.unplaced.merge(ways, on=COHORT, how="left", validate="one_to_many")
    return readable_needs(both)


def shortfall_lines(allocation: Allocation, *, planner: bool) -> list[str]:
    """Say who has no place, and what it would take; planners alone read needs and every rule."""
    return cohort_lines(allocation.unplaced, allocation.ways_out, planner=planner)


def cohort_lines(cohorts: pd.DataFrame, ways_out: pd.DataFrame, *, planner: bool) -> list[str]:
    """Say the same of cohorts and ways out: the largest cohorts, and how many there are in all."""
    if cohorts.empty:
        return []
    largest = cohorts.sort_values("people", ascending=False, kind="stable").head(SHOWN).sort_index()
    lines = []
    if len(cohorts) > SHOWN:
        lines.append(
            f"{cohorts['people'].sum():,} people without a place, in {len(cohorts)} cohorts; the "
            f"{SHOWN} largest follow, shortfall.parquet lists all"
        )
    readable = ways_out if planner else readable_ways(ways_out)
    ways: list[dict[str, Any]] = readable.to_dict("records")  # type: ignore[assignment]
    for row in largest.to_dict("records"):
        needs = row["needs"] if planner or not row["needs"] else RESTRICTED
        people = "person" if row["people"] == 1 else "people"
        units = "1 unit" if row["units"] == 1 else f"{row['units']} units"
        lines.append(
            f"  {row['people']:,} {people} without a place: {row['sex']}, category "
            f"{row['category']}, {row['status']}, needs {needs or 'none'}; {units} may hold them"
        )
        ours = [way for way in ways if all(way[name] == row[name] for name in COHORT)]
        lines += [f"    {_way(way)}" for way in ours]
        if not ours:
            lines.append("    no one thing would place them: several rules or places together")
    return lines


def _way(way: dict[str, Any]) -> str:
    kind = "lock" if (way["way"], way["what"]) == ("rule", "lock") else way["way"]
    one = way["how_many"] == 1
    what = ONE.get(way["what"], way["what"]) if one and kind == "margin" else way["what"]
    needed = NEEDED[kind].format(
        what=what, how_many=f"{way['how_many']:,}", places="place" if one else "places"
    )
    return f"{needed}: £{way['first_gbp']:,.2f} over the stay for the first"

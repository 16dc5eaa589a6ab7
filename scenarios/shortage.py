"""People without a place: who they are, and the cheapest ways out, as a table and in words."""

from __future__ import annotations

from typing import Any

import pandas as pd

from optimiser.allocation import COHORT, Allocation
from optimiser.exclusions import RESTRICTED, RESTRICTED_RULES

NEEDED = {
    "places": "{how_many} more places in {what}",
    "margin": "{how_many} more {what} held than the operating margin allows",
    "rule": "rule {what} set aside for {how_many} of them",
    "lock": "{how_many} of them unlocked",
}
"""What each way out asks for."""


def readable_ways(ways: pd.DataFrame) -> pd.DataFrame:
    """Hide the names of rules that only planners may read: a plan is read by others too."""
    hidden = (ways["way"] == "rule") & ways["what"].isin(sorted(RESTRICTED_RULES))
    return ways.assign(what=ways["what"].mask(hidden, RESTRICTED))


def shortfall_table(allocation: Allocation) -> pd.DataFrame:
    """Give one row per cohort without a place and way out, or one where none was found.

    Returns
    -------
    DataFrame
        The columns of the shortfall, then ``way``, ``what``, ``how_many`` and ``first_gbp``; empty
        where there is no way out by one thing alone.
    """
    ways = readable_ways(allocation.ways_out).drop(columns="people")
    if ways.empty:
        return allocation.unplaced
    return allocation.unplaced.merge(ways, on=COHORT, how="left", validate="one_to_many")


def shortfall_lines(allocation: Allocation) -> list[str]:
    """Say who has no place, and what it would take."""
    lines = []
    ways: list[dict[str, Any]] = readable_ways(allocation.ways_out).to_dict("records")  # type: ignore[assignment]
    for row in allocation.unplaced.to_dict("records"):
        lines.append(
            f"  {row['people']:,} without a place: {row['sex']}, category {row['category']}, "
            f"{row['status']}, needs {row['needs'] or 'none'}; {row['units']} units may hold them"
        )
        ours = [way for way in ways if all(way[name] == row[name] for name in COHORT)]
        lines += [f"    {_way(way)}" for way in ours]
        if not ours:
            lines.append("    no one thing would place them: several rules or places together")
    return lines


def _way(way: dict[str, Any]) -> str:
    kind = "lock" if (way["way"], way["what"]) == ("rule", "lock") else way["way"]
    needed = NEEDED[kind].format(what=way["what"], how_many=f"{way['how_many']:,}")
    return f"{needed}: £{way['first_gbp']:,.2f} over the stay for the first"

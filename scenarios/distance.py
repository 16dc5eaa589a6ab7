"""How far from home a set of placements holds people, as measures: exact, nothing is drawn."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from optimiser.equality import SAME_MILES, age_bands

ESTATE = "ALL"
EVERYBODY = ("all", "all")

GROUPS = (
    "sex",
    "age_band",
    "ethnicity",
    "nationality_group",
    "disability",
    "status",
    "category",
    "children_under_18",
)
"""Who is told apart at the level of the estate; none of them enters anybody's price."""

UNITS = {
    "people_held": "people",
    "straight_miles": "miles",
    "visit_cost_gbp": "GBP",
    "over_50_miles_share": "share",
    "over_100_miles_share": "share",
    "moved_share": "share",
    "nearer_share": "share",
    "further_share": "share",
}
"""Measure and its unit: means and shares over people, but for the count."""


def with_groups(
    placements: pd.DataFrame, today: pd.DataFrame, prisoners: pd.DataFrame
) -> pd.DataFrame:
    """Give one row per prisoner who has a place: distances now and then, and groups.

    Parameters
    ----------
    placements, today
        Placements under the plan, and where people are now.
    prisoners
        The population, for the groups.

    Returns
    -------
    DataFrame
        prisoner_id, establishment, moved, straight_miles, straight_miles_today, visit_cost_gbp,
        visit_cost_gbp_today and a column per group.
    """
    wanted = ["prisoner_id", "straight_miles", "visit_cost_gbp"]
    people = placements[[*wanted, "establishment", "moved"]].merge(
        today[wanted], on="prisoner_id", suffixes=("", "_today"), validate="one_to_one"
    )
    groups = prisoners[["prisoner_id"]].copy()
    for name in GROUPS:
        groups[name] = _group(prisoners, name)
    people = people.merge(groups, on="prisoner_id", validate="one_to_one")
    return people[people["establishment"] != ""].reset_index(drop=True)


def _group(prisoners: pd.DataFrame, name: str) -> pd.Series:
    if name == "age_band":
        return age_bands(prisoners["age"])
    if name == "children_under_18":
        return (prisoners["children_under_18"] > 0).map({True: "yes", False: "no"})
    if name == "disability":
        return prisoners["disability"].map({True: "yes", False: "no"})
    return prisoners[name].astype("str")


def distance_measures(people: pd.DataFrame, *, scenario: str, replications: int) -> pd.DataFrame:
    """Give the measures of distance by establishment, and by group for the estate.

    Parameters
    ----------
    people
        As from ``with_groups``.
    scenario
        Name for the rows.
    replications
        The values are repeated for each, so that differences of two runs pair up; their
        intervals have no width.

    Returns
    -------
    DataFrame
        The columns of ``measures.parquet``.
    """
    shown = _indicators(people)
    parts = list(_parts(shown, people))
    table = pd.concat(parts, ignore_index=True)
    table["measure_unit"] = table["measure"].map(UNITS)
    table["scenario"] = scenario
    repeated = table.loc[table.index.repeat(replications)].reset_index(drop=True)
    repeated["replication"] = np.tile(np.arange(replications), len(table))
    return repeated


def _indicators(people: pd.DataFrame) -> pd.DataFrame:
    miles = people["straight_miles"]
    change = miles - people["straight_miles_today"]
    return pd.DataFrame(
        {
            "people_held": np.ones(len(people)),
            "straight_miles": miles,
            "visit_cost_gbp": people["visit_cost_gbp"],
            "over_50_miles_share": miles > 50,
            "over_100_miles_share": miles > 100,
            "moved_share": people["moved"],
            "nearer_share": change < -SAME_MILES,
            "further_share": change > SAME_MILES,
        },
        dtype="float64",
    )


def _parts(shown: pd.DataFrame, people: pd.DataFrame) -> Iterator[pd.DataFrame]:
    yield _means(shown, np.full(len(people), ESTATE), EVERYBODY)
    yield _means(shown, people["establishment"].to_numpy(object), EVERYBODY)
    for name in GROUPS:
        means = _means(shown, people[name].to_numpy(object), (name, ""))
        yield means.assign(group=means["establishment"], establishment=ESTATE)


def _means(shown: pd.DataFrame, key: np.ndarray, group: tuple[str, str]) -> pd.DataFrame:
    grouped = shown.groupby(key, sort=True)
    means = grouped.mean()
    means["people_held"] = grouped.size()
    means.index.name = "establishment"
    table = means.reset_index().melt(
        id_vars="establishment", var_name="measure", value_name="value"
    )
    return table.assign(group_by=group[0], group=group[1])


def distance_rows(people: pd.DataFrame) -> list[dict[str, object]]:
    """Give mean distance and cost of a visit now and then, for everybody and by sex."""
    means = ["straight_miles", "visit_cost_gbp"]
    rows: list[dict[str, object]] = []
    for sex, held in _by_sex(people):
        row: dict[str, object] = {"sex": sex, "people": len(held)}
        for name in means:
            row[f"{name}_today"] = float(held[f"{name}_today"].mean())
            row[name] = float(held[name].mean())
        rows.append(row)
    return rows


def further_rows(people: pd.DataFrame) -> list[dict[str, object]]:
    """Count who ends nearer to and further from home, for everybody and by sex."""
    rows: list[dict[str, object]] = []
    for sex, held in _by_sex(people):
        change = held["straight_miles"] - held["straight_miles_today"]
        further, nearer = change[change > SAME_MILES], -change[change < -SAME_MILES]
        rows.append(
            {
                "sex": sex,
                "people": len(held),
                "moved": int(held["moved"].sum()),
                "nearer": len(nearer),
                "further": len(further),
                "mean_miles_nearer": float(nearer.mean()) if len(nearer) else 0.0,
                "mean_miles_further": float(further.mean()) if len(further) else 0.0,
                "most_miles_further": float(further.max()) if len(further) else 0.0,
            }
        )
    return rows


def _by_sex(people: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    yield "all", people
    for sex in ("men", "women"):
        held = people[people["sex"] == sex]
        if len(held):
            yield sex, held

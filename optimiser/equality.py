"""What a plan means for groups of people: reported beside every plan, never optimised on.

Nothing here is read by a price, a rule or a solver. The table says for each group how far from home
its people are held before and after, who moves, and who ends nearer or further away.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.families import VISITING

EVERYBODY = "all"
NOT_STATED = "not stated"
"""The group of people whose record leaves a characteristic empty, so that nobody drops out."""

AGE_BANDS = {18: "18-24", 25: "25-39", 40: "40-59", 60: "60 and over"}
"""Youngest age of each band, and its name."""

RECORDED = ("sex", "ethnicity", "religion", "nationality_group")
"""Characteristics told as the population table has them."""

YES_NO = ("disability", "care_experience")

GROUP_BYS = (
    EVERYBODY,
    "sex",
    "age_band",
    "ethnicity",
    "religion",
    "disability",
    "nationality_group",
    "nation",
    "care_experience",
    "children_under_18",
    "visits",
)
"""Who is told apart. ``nation`` is of the home area; ``visits`` says who has nobody to come."""

UNITS = {
    "people": "people",
    "mean_straight_miles": "miles",
    "p90_straight_miles": "miles",
    "mean_minutes": "minutes",
    "over_50_miles_share": "share",
    "over_100_miles_share": "share",
    "moved_share": "share",
    "better_off_share": "share",
    "worse_off_share": "share",
}
"""Measures and their units, in the order of the table."""

SAME_MILES = 1e-6
"""Distances closer than this are equal."""

FAR_MILES = 50.0
VERY_FAR_MILES = 100.0

Mask = NDArray[np.bool_]


def equality_table(
    prisoners: pd.DataFrame,
    contacts: pd.DataFrame,
    home_areas: pd.DataFrame,
    *,
    before: pd.DataFrame,
    after: pd.DataFrame,
) -> pd.DataFrame:
    """Say what a plan means for each group of people.

    Means and shares are over the people whose distance is known both before and after, so that a
    difference is never one of who was counted; how many that leaves out stands beside each value.
    Nearer to the home area is called better off, further worse off, whatever the gain elsewhere.

    Parameters
    ----------
    prisoners, contacts
        The population tables.
    home_areas
        One row per ``home_area`` with its ``country``.
    before, after
        Placements, one row per prisoner: ``prisoner_id``, ``establishment``, ``moved``,
        ``straight_miles``, ``minutes``.

    Returns
    -------
    DataFrame
        ``group_by``, ``group``, ``measure``, ``measure_unit``, ``before``, ``after`` and
        ``missing_share``: the share of the group's people for whom the measure is not known. A
        value is missing where that is everybody. One row for every group and measure; the groups
        of each ``group_by`` add up to everybody.

    Notes
    -----
    Public sector equality duty: Equality Act 2010, section 149. Miles are straight lines from the
    home area, as in the official measure; minutes are one way for those who visit.

    Examples
    --------
    >>> people = pd.DataFrame(
    ...     {"prisoner_id": ["P1", "P2"], "sex": ["men", "women"], "age": [20, 70],
    ...      "ethnicity": "white", "religion": "", "nationality_group": "british",
    ...      "disability": False, "care_experience": False, "children_under_18": [0, 2],
    ...      "home_area": ["north", "north"]}
    ... )
    >>> nobody = pd.DataFrame({"prisoner_id": [], "status": [], "is_child": []})
    >>> areas = pd.DataFrame({"home_area": ["north"], "country": ["England"]})
    >>> now = pd.DataFrame(
    ...     {"prisoner_id": ["P1", "P2"], "establishment": "AAA", "moved": False,
    ...      "straight_miles": [60.0, 10.0], "minutes": [80.0, 20.0]}
    ... )
    >>> plan = now.assign(moved=[True, False], straight_miles=[15.0, 10.0])
    >>> table = equality_table(people, nobody, areas, before=now, after=plan)
    >>> table[(table["group"] == "men") & (table["measure"] == "mean_straight_miles")][
    ...     ["before", "after"]
    ... ].to_numpy().tolist()
    [[60.0, 15.0]]
    """
    ids = prisoners["prisoner_id"]
    known = [placements.set_index("prisoner_id").reindex(ids) for placements in (before, after)]
    values = _values(*known)
    groups = characteristics(prisoners, contacts, home_areas)
    rows = [
        row
        for group_by in GROUP_BYS
        for group, mask in _members(groups[group_by])
        for row in _rows(group_by, group, mask, values)
    ]
    columns = ["group_by", "group", "measure", "measure_unit", "before", "after", "missing_share"]
    return pd.DataFrame(rows, columns=columns)


def characteristics(
    prisoners: pd.DataFrame, contacts: pd.DataFrame, home_areas: pd.DataFrame
) -> pd.DataFrame:
    """Give the groups each person belongs to; one column for each of ``GROUP_BYS``.

    Parameters
    ----------
    prisoners, contacts, home_areas
        As for ``equality_table``.

    Returns
    -------
    DataFrame
        Text, one row per prisoner in their order; ``NOT_STATED`` where a record is empty.
    """
    groups = pd.DataFrame({EVERYBODY: EVERYBODY}, index=prisoners.index, dtype="str")
    for name in RECORDED:
        groups[name] = prisoners[name].astype("str").replace("", NOT_STATED)
    for name in YES_NO:
        groups[name] = prisoners[name].map({True: "yes", False: "no"}).fillna(NOT_STATED)
    groups["age_band"] = age_bands(prisoners["age"])
    nation = home_areas.set_index("home_area")["country"]
    groups["nation"] = prisoners["home_area"].map(nation).fillna(NOT_STATED)
    groups["children_under_18"] = np.where(prisoners["children_under_18"] > 0, "yes", "no")
    visiting = contacts["status"].isin(VISITING) & ~contacts["is_child"].astype(bool)
    with_visits = pd.Index(contacts.loc[visiting, "prisoner_id"].unique())
    visited = with_visits.get_indexer(pd.Index(prisoners["prisoner_id"])) >= 0
    groups["visits"] = np.where(visited, "somebody may visit", "nobody to visit")
    return groups[list(GROUP_BYS)].astype("str")


def age_bands(age: pd.Series) -> pd.Series:
    """Name the band of each age, in years.

    Examples
    --------
    >>> list(age_bands(pd.Series([18, 24, 25, 81])))
    ['18-24', '18-24', '25-39', '60 and over']
    """
    edges = [*AGE_BANDS, np.inf]
    bands = pd.cut(age, edges, right=False, labels=list(AGE_BANDS.values()))
    return bands.astype("str").where(bands.notna(), NOT_STATED)


def _members(groups: pd.Series) -> Iterator[tuple[str, Mask]]:
    """Give the people of each group, groups in the order of their names, the unstated last."""
    codes, names = pd.factorize(groups)
    for number in sorted(
        range(len(names)), key=lambda each: (names[each] == NOT_STATED, names[each])
    ):
        yield str(names[number]), codes == number


def _values(before: pd.DataFrame, after: pd.DataFrame) -> dict[str, NDArray[np.float64]]:
    """Give miles and minutes before and after, missing in both where they are in either."""
    values: dict[str, NDArray[np.float64]] = {}
    for name in ("straight_miles", "minutes"):
        pair = [
            table[name].to_numpy(dtype=np.float64, na_value=np.nan) for table in (before, after)
        ]
        unknown = np.isnan(pair[0]) | np.isnan(pair[1])
        values[f"{name}_before"], values[f"{name}_after"] = (
            np.where(unknown, np.nan, each) for each in pair
        )
    placed = (after["establishment"].fillna("") != "").to_numpy()
    moved = after["moved"].fillna(value=False).to_numpy(dtype=np.float64)
    values["moved"] = np.where(placed, moved, np.nan)
    return values


def _rows(
    group_by: str, group: str, mask: Mask, values: dict[str, NDArray[np.float64]]
) -> Iterator[tuple[str, str, str, str, float, float, float]]:
    people = int(mask.sum())

    def row(
        measure: str, before: float, after: float, missing: float
    ) -> tuple[str, str, str, str, float, float, float]:
        return group_by, group, measure, UNITS[measure], before, after, missing

    yield row("people", float(people), float(people), 0.0)
    miles = [values[f"straight_miles_{when}"][mask] for when in ("before", "after")]
    minutes = [values[f"minutes_{when}"][mask] for when in ("before", "after")]
    lost = float(np.isnan(miles[0]).mean())
    lost_minutes = float(np.isnan(minutes[0]).mean())
    miles = [each[~np.isnan(each)] for each in miles]
    minutes = [each[~np.isnan(each)] for each in minutes]
    yield row("mean_straight_miles", _mean(miles[0]), _mean(miles[1]), lost)
    yield row("p90_straight_miles", _ninetieth(miles[0]), _ninetieth(miles[1]), lost)
    yield row("mean_minutes", _mean(minutes[0]), _mean(minutes[1]), lost_minutes)
    for measure, limit in (
        ("over_50_miles_share", FAR_MILES),
        ("over_100_miles_share", VERY_FAR_MILES),
    ):
        yield row(measure, _mean(miles[0] > limit), _mean(miles[1] > limit), lost)
    moved = values["moved"][mask]
    stated = moved[~np.isnan(moved)]
    yield row("moved_share", 0.0, _mean(stated), float(np.isnan(moved).mean()))
    change = miles[1] - miles[0]
    yield row("better_off_share", 0.0, _mean(change < -SAME_MILES), lost)
    yield row("worse_off_share", 0.0, _mean(change > SAME_MILES), lost)


def _mean(values: NDArray[np.float64] | Mask) -> float:
    return float(values.mean()) if len(values) else float("nan")


def _ninetieth(values: NDArray[np.float64]) -> float:
    return float(np.percentile(values, 90)) if len(values) else float("nan")

"""The synthetic population beside published figures: what fits, what does not, and why.

``python docs/write_validation.py`` writes the tables into ``docs/validation.md``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import pandas as pd

from data.description import markdown_table
from data.estate import Estate
from data.geography import straight_miles
from data.load import read_table
from data.population import Population
from data.words import Category, Sex, Status, UnitFunction

People: TypeAlias = pd.DataFrame
Measure: TypeAlias = Callable[[People, str], float]

COLUMNS = (
    "figure",
    "group",
    "measure_unit",
    "published",
    "achieved",
    "difference",
    "as_of",
    "source",
    "confidence",
    "note",
)


def population_in_place(
    population: Population, estate: Estate, home_areas: pd.DataFrame
) -> pd.DataFrame:
    """Set everybody beside where they are held and how far that is from home.

    Returns
    -------
    DataFrame
        The rows of ``population.prisoners`` in their order, with ``establishment`` and
        ``function`` of the unit, ``origin_region`` of home, and ``miles`` in a straight line.
    """
    people = population.prisoners.merge(
        estate.units[["unit", "establishment", "function"]],
        left_on="current_unit",
        right_on="unit",
        how="left",
    ).merge(home_areas[["home_area", "origin_region"]], on="home_area", how="left")
    area = pd.Index(home_areas["home_area"]).get_indexer(pd.Index(people["home_area"]))
    place = pd.Index(estate.establishments["establishment"]).get_indexer(
        pd.Index(people["establishment"])
    )
    return people.assign(miles=straight_miles(home_areas, estate.establishments)[area, place])


def validation_table(
    population: Population, estate: Estate, home_areas: pd.DataFrame
) -> pd.DataFrame:
    """Set every published figure beside the same figure of a population.

    Parameters
    ----------
    population
        Synthetic or real.
    estate, home_areas
        Where its units and home areas are.

    Returns
    -------
    DataFrame
        One row per row of ``published_figures`` in its order. Counts of a figure that has several
        groups are given as shares of their sum, since their dates and totals differ from those of
        the population. ``difference`` is achieved less published; ``note``, at the first
        row of a figure or the one it is about, says why it does not fit.
    """
    published = read_table("published_figures")
    people = population_in_place(population, estate, home_areas)
    rows = published[published["figure"].isin(MEASURES)].reset_index(drop=True)
    sums = rows.groupby("figure")["value"].transform("sum")
    shared = rows["figure"].isin(SHARES)
    value = rows["value"].where(~shared, rows["value"] / sums)
    achieved = [
        MEASURES[figure](people, group)
        for figure, group in zip(rows["figure"], rows["group"], strict=True)
    ]
    table = rows.assign(
        published=value,
        achieved=achieved,
        measure_unit=rows["measure_unit"].where(~shared, "share"),
    )
    table["difference"] = table["achieved"] - table["published"]
    own = (table["figure"] + ":" + table["group"]).map(NOTES)
    first = ~table["figure"].duplicated()
    table["note"] = own.fillna(table["figure"].where(first, "").map(NOTES)).fillna("")
    return table[list(COLUMNS)]


def validation_markdown(figures: pd.DataFrame, distances: pd.DataFrame) -> str:
    """Write both tables in Markdown, as ``docs/validation.md`` holds them.

    Parameters
    ----------
    figures, distances
        As from ``validation_table`` and ``distance_bands``.

    Returns
    -------
    str
        The table of figures and the table of distances, with shares to three decimals.
    """
    return f"{_markdown(figures)}\n{_markdown(distances)}"


def _markdown(table: pd.DataFrame) -> str:
    rows = ([_cell(cell) for cell in row] for row in table.itertuples(index=False))
    return markdown_table(table.columns, rows)


def _cell(cell: object) -> str:
    if not isinstance(cell, float):
        return str(cell)
    if abs(cell) >= 1000 or cell == round(cell):
        return f"{cell:,.0f}"
    digits = 3 if abs(cell) < 1 else 2
    return f"{round(cell, digits) + 0.0:.{digits}f}"


def distance_bands(
    population: Population, estate: Estate, home_areas: pd.DataFrame
) -> pd.DataFrame:
    """Describe how far from home people are held, for men and for women.

    Returns
    -------
    DataFrame
        One row per sex: ``people``; ``mean``, ``median`` and ``p90`` miles; and the shares
        ``beyond_25``, ``beyond_50``, ``beyond_100`` and ``beyond_150`` miles.
    """
    people = population_in_place(population, estate, home_areas)
    rows = []
    for sex in Sex:
        miles = people.loc[people["sex"] == sex, "miles"].to_numpy()
        if not miles.size:
            continue
        beyond = {f"beyond_{limit}": float((miles > limit).mean()) for limit in (25, 50, 100, 150)}
        rows.append(
            {
                "sex": str(sex),
                "people": len(miles),
                "mean": float(miles.mean()),
                "median": float(np.median(miles)),
                "p90": float(np.quantile(miles, 0.9)),
                **beyond,
            }
        )
    return pd.DataFrame(rows)


def _share(of: pd.Series[bool]) -> float:
    return float(of.mean()) if len(of) else 0.0


def _share_of(column: str, select: Callable[[People], People] = lambda people: people) -> Measure:
    return lambda people, group: _share(select(people)[column] == group)


def _men(people: People) -> People:
    return people[people["sex"] == Sex.MEN]


def _women(people: People) -> People:
    return people[people["sex"] == Sex.WOMEN]


def _remand(people: People) -> People:
    return people[people["status"] == Status.REMAND]


def _convicted(people: People) -> People:
    return people[people["status"] != Status.REMAND]


def _share_of_age(people: People, group: str) -> float:
    least, _, most = group.partition("_to_")
    if not most:
        return _share(people["age"] >= int(group.split("_")[0]))
    return _share(people["age"].between(int(least), int(most)))


def _of_age(people: People, group: str) -> People:
    least, _, most = group.partition("_to_")
    if not most:
        return people[people["age"] >= int(group.split("_")[0])]
    return people[people["age"].between(int(least), int(most))]


def _share_of_ethnicity(people: People, group: str) -> float:
    words = ["mixed", "other", "not_recorded"] if group.startswith("mixed") else [group]
    return _share(people["ethnicity"].isin(words))


def _d_in_open(people: People, group: str) -> float:
    return _share(people.loc[people["category"] == Category.D, "function"] == UnitFunction.OPEN)


def _releases_in_a_quarter(people: People, group: str) -> float:
    dated = people["status"] == Status.SENTENCED
    return float((dated & (people["days_to_release"] <= 91)).sum())


def _origin_known(people: People, group: str) -> float:
    return _share(people["origin_basis"] != "unknown")


def _foreign_at(people: People, group: str) -> float:
    here = people["establishment"] == group
    return float((here & (people["nationality_group"] != "british")).sum())


def _mean_children(people: People, group: str) -> float:
    children = people["children_under_18"]
    return float(children[children > 0].mean())


def _mean_miles(people: People) -> float:
    return float(people["miles"].mean()) if len(people) else 0.0


MEASURES: dict[str, Measure] = {
    "people": lambda people, group: float((people["sex"] == group).sum()),
    "status_share": _share_of("status"),
    "status": _share_of("status"),
    "age": _share_of_age,
    "age_women": lambda people, group: _share_of_age(_women(people), group),
    "ethnicity": _share_of_ethnicity,
    "ethnicity_remand": _share_of("ethnicity", _remand),
    "ethnicity_sentenced": _share_of("ethnicity", _convicted),
    "religion": _share_of("religion"),
    "nationality": _share_of("nationality_group"),
    "foreign_nationals_at": _foreign_at,
    "category_men": lambda people, group: float((_men(people)["category"] == group).sum()),
    "category_d_in_open": _d_in_open,
    "sexual_offences": lambda people, group: float(
        (_men(_convicted(people))["offence_group"] == "sexual").sum()
    ),
    "offence_women": _share_of("offence_group", _women),
    "offence_men": lambda people, group: _share_of(
        "offence_group",
        lambda everybody: _men(everybody)[_men(everybody).offence_group != "sexual"],
    )(people, group),
    "violence_on_remand": lambda people, group: _share(
        _remand(people)["offence_group"] == "violence"
    ),
    "sentence_band": _share_of(
        "sentence_band",
        lambda people: _men(people)[_men(people)["status"] == Status.SENTENCED],
    ),
    "releases_in_a_quarter": _releases_in_a_quarter,
    "origin_region": _share_of("origin_region"),
    "origin_known": _origin_known,
    "mean_miles": lambda people, group: _mean_miles(people[people["sex"] == group]),
    "mean_miles_women": lambda people, group: _mean_miles(_of_age(_women(people), group)),
    "beyond_100_miles": lambda people, group: _share(people["miles"] > 100),
    "beyond_50_miles": lambda people, group: _share(_women(people)["miles"] > 50),
    "parents": lambda people, group: _share(people["children_under_18"] > 0),
    "children_per_parent": _mean_children,
}
"""How each published figure is measured on a population."""

SHARES = frozenset(
    {
        "status",
        "age",
        "ethnicity",
        "religion",
        "nationality",
        "offence_women",
        "offence_men",
        "sentence_band",
        "origin_region",
    }
)
"""Figures whose groups are compared as shares of their sum."""


NOTES = {
    "status": (
        "The remand share of June 2026 is kept; it fell from September 2025. The rest keep "
        "their proportions. Non-criminal holds and fines count as sentenced."
    ),
    "age": "Bands from three dates, scaled to add up; 18 to 20 is 15 to 20 less young people.",
    "ethnicity_remand": (
        "Only the estate's total is kept exactly; the difference between remand and sentenced "
        "people is a weight."
    ),
    "ethnicity_sentenced": "A year before the totals kept, which are less white.",
    "foreign_nationals_at:WWI": (
        "Does not fit. Weights know the region and the kind of unit, not the prison; the "
        "surplus is spread over London's reception prisons."
    ),
    "foreign_nationals_at:MSI": ("The population of July 2026 is smaller than the figure of 2024."),
    "category_men:U": (
        "Within a rough prior of 18,000 to 20,000; reception units have room for few more."
    ),
    "category_men:D": (
        "Follows the open prisons of 2026, which hold more people than in 2022; the share of "
        "the category in open conditions is kept."
    ),
    "violence_on_remand": (
        "Untried and unsentenced people are not told apart; the figure lies between."
    ),
    "releases_in_a_quarter": (
        "Not like for like: counts people held today with at most 91 days left; people who come"
        " and go within the quarter are in no stock."
    ),
    "mean_miles_women": "Not calibrated: home does not depend on age.",
    "beyond_100_miles": (
        "Does not fit. The share is that of 11,000 people of about 66,000 in 2001, when the "
        "mean was higher; with a mean of 45 miles fewer are so far away."
    ),
    "parents:estimated": (
        "The share found in records is used; the estimate is the high end of the setting "
        "population.parent_share."
    ),
    "parents:survey": "The share found in records is used.",
    "origin_known": "Between the two figures.",
    "people": "Kept exactly, prison by prison.",
}
"""Why figures differ, by ``figure`` or ``figure:group``."""

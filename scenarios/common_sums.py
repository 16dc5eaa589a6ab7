"""Which counts of a run's tables add up to the same, though they stand in different tables.

The women who arrive at all prisons for women are as many as the women who move, and the people of
all units of a prison are the people of the prison. A reader of both tables knows it, so a hidden
count must not be worked back from it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, TypeAlias

import pandas as pd

from scenarios.circulation.suppress import PEOPLE_OF, Counts, Named, names_of
from scenarios.display.views import ALL, DISTANCE_EDGES, FAR_MILES

if TYPE_CHECKING:
    from scenarios.results import Results

Sum: TypeAlias = tuple[Named, ...]
"""Counts that are added."""

Told: TypeAlias = Iterator[tuple[str, str, Sum]]
"""What a sum counts, of whom, and the sum."""

EVERYBODY = ("all", "everybody")
"""Words for men and women together, in small letters."""

SAME = {
    "people": "people",
    "people_today": "people",
    "people_plan": "people",
    "moved": "moved",
    "moves": "moved",
    "arrive": "moved",
    "leave": "moved",
    PEOPLE_OF.format("moved_share"): "moved",
    "nearer": "nearer",
    PEOPLE_OF.format("better_off_share"): "nearer",
    "further": "further",
    PEOPLE_OF.format("worse_off_share"): "further",
} | {
    name.format(miles): f"beyond {miles}{when}"
    for miles in FAR_MILES
    for when, names in {
        " today": (
            "beyond_{}_today",
            "over_{}_today",
            PEOPLE_OF.format("beyond_{}_miles_today_share"),
            PEOPLE_OF.format("over_{}_today_share"),
        ),
        "": (
            "beyond_{}",
            "over_{}",
            PEOPLE_OF.format("beyond_{}_miles_plan_share"),
            PEOPLE_OF.format("over_{}_share"),
        ),
    }.items()
    for name in names
}
"""Columns of the tables of a run, each with what it counts: the same in every table."""


def equal_sums(
    tables: Sequence[tuple[pd.DataFrame, Counts]], results: Results
) -> list[tuple[Sum, Sum]]:
    """List sums of different tables that count the same people.

    Parameters
    ----------
    tables
        Those of :func:`scenarios.hidden_counts.counted_tables`.
    results
        The run.

    Returns
    -------
    list of pairs of sums
        The second is as large as the first, or a part of it.
    """
    held = _sexes(results)
    found: dict[tuple[str, str], set[Sum]] = defaultdict(set)
    for table, counts in tables:
        for what, who, added in _told(table, counts, held):
            found[what, who].add(added)
    pairs = []
    for sums in found.values():
        # the shortest first: most are a total that stands in a table
        whole, *others = sorted(sums, key=lambda added: (len(added), str(added)))
        pairs += [(whole, other) for other in others if _people(other) == _people(whole)]
    return [*pairs, *_of_regions(tables)]


def _people(added: Iterable[Named]) -> float:
    return sum(float(named[-1]) for named in added)


def _sexes(results: Results) -> dict[str, str]:
    """Give the sex that each prison holds, by code; prisons that hold both are left out."""
    sex = results.columns("population", ["prisoner_id", "sex"])
    columns = ["prisoner_id", "from_establishment", "establishment"]
    held = results.columns("placements", columns).merge(sex, on="prisoner_id")
    ends = [
        held[[name, "sex"]].set_axis(["prison", "sex"], axis=1)
        for name in ("from_establishment", "establishment")
    ]
    sexes = pd.concat(ends).drop_duplicates().groupby("prison")["sex"].agg(list)
    names = results.establishments.set_index("establishment")["name"]
    return {
        str(names.get(code, code)): str(found[0])
        for code, found in sexes.items()
        if len(found) == 1
    }


def _told(table: pd.DataFrame, counts: Counts, held: dict[str, str]) -> Told:
    """List the sums of a table that stand in others too."""
    named = names_of(table, counts)
    by = tuple(sorted(counts.by))
    if by in PEOPLE_IN:
        word = PEOPLE_IN[by]
        yield from _rows(table[table["area"] == "family"] if "area" in by else table, named, word)
    elif by == ("by", "told"):
        yield from _rows(table[table["by"] == "Sex"], named, "told")
        for _, rows in table.groupby("by", sort=False):
            yield from _whole(rows, named, ALL)
    elif by == ("name", "region"):
        is_total = (table["name"] == ALL) & (table["region"] == ALL)
        yield from _whole(table[is_total], named, ALL)
    elif by == ("reason",):
        yield from _whole(table, named, ALL)
    elif by == ("name",):
        yield from _prisons(table, named, held)
    elif by == ("unit",):
        for name, rows in table.groupby("name"):
            yield f"held in {name}", ALL, tuple(named.loc[rows.index, "held"])
    elif by == ("band",):
        yield from _bands(table, named)


PEOPLE_IN = {("area", "sex"): "sex", ("sex",): "sex", ("who",): "who"}
"""What says what a row counts where each row is of men, of women or of everybody, and which of it
names them."""


def _rows(table: pd.DataFrame, named: pd.DataFrame, who: str) -> Told:
    """Tell every row of a table of men, women and everybody."""
    for row, word in zip(table.index, table[who].str.lower(), strict=True):
        sex = ALL if word in EVERYBODY else word
        yield from _whole(table.loc[[row]], named, sex)


def _prisons(table: pd.DataFrame, named: pd.DataFrame, held: dict[str, str]) -> Told:
    """Tell the sums of all prisons and of those for men and for women, and each prison's people."""
    yield from _whole(table, named, ALL)
    sexes = table["name"].map(held)
    if not sexes.isna().any():
        for sex, rows in table.groupby(sexes):
            yield from _whole(rows, named, str(sex))
    for name, cell in zip(table["name"], named["people_plan"], strict=True):
        yield f"held in {name}", ALL, (cell,)


def _whole(rows: pd.DataFrame, named: pd.DataFrame, who: str) -> Told:
    """Tell the sums of whole columns."""
    for column in named if len(rows) else ():
        if column in SAME:
            yield SAME[column], who, tuple(named.loc[rows.index, column])


def _bands(table: pd.DataFrame, named: pd.DataFrame) -> Told:
    """Tell how many are beyond each distance, and how many men and women end further away."""
    if "people_today" not in named:
        for sex in named:
            yield "further", str(sex), tuple(named[sex])
        return
    for column, when in {"people_today": " today", "people_plan": ""}.items():
        yield "people", ALL, tuple(named[column])
        for miles in FAR_MILES:
            yield f"beyond {miles}{when}", ALL, tuple(named[column])[DISTANCE_EDGES.index(miles) :]


def _of_regions(tables: Sequence[tuple[pd.DataFrame, Counts]]) -> list[tuple[Sum, Sum]]:
    """Set the people of a region beside the men and women from there, where these are told."""
    areas = [each for each in tables if set(each[1].by) == {"name", "region"}]
    short = [each for each in tables if set(each[1].by) == {"region", "sex"}]
    if not areas or not short:
        return []
    (table, counts), (parts, part_counts) = areas[0], short[0]
    rows = table[(table["name"] == ALL) & (table["region"] != ALL)]
    whole = dict(
        zip(rows["region"], names_of(table, counts).loc[rows.index, "people"], strict=True)
    )
    named = names_of(parts, part_counts)["people"]
    return [
        ((whole[region],), tuple(named[of_region.index]))
        for region, of_region in parts.groupby("region")
        if region in whole
    ]

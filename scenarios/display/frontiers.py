"""Stored trade-off studies: a frontier with a point to pick, and which moves of a plan stay."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from scenarios.circulation.suppress import Counts
from scenarios.circulation.written import Written
from scenarios.display import cells, charts, vega, wording
from scenarios.display.charts import Figure
from scenarios.display.markup import Number, quantity, table
from scenarios.errors import ScenarioError

if TYPE_CHECKING:
    from scenarios.results import Results

PICK = "pick"
"""Name of the selection of a point in the chart."""

AGAINST = {
    "moves": "the number of moves",
    "crowding": "crowding",
    "far": "people held over 50 miles from home",
    "worst_tenth": "the mean distance of the worst-off tenth",
}
"""What the cost to families can be traded against, in words."""

AXES = {
    "moves": "Moves (people held in another prison than today)",
    "crowding": "Crowding (people held above uncrowded capacity)",
    "far": "People held over 50 straight miles from home",
    "worst_tenth": "Mean distance from home of the worst-off tenth (miles)",
}

MILLION = 1e6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Frontier:
    """A stored frontier.

    Attributes
    ----------
    folder
        Where it is.
    account
        Content of ``frontier.json``.
    manifest
        Where it comes from.
    points
        The points (``scenarios.studies.frontier.frontier_table``).
    """

    folder: Path
    account: dict[str, Any]
    manifest: dict[str, Any]
    points: pd.DataFrame

    @property
    def against(self) -> str:
        """What the objective is traded against."""
        return str(self.account["against"])

    def point(self, number: int) -> dict[str, Any]:
        """Give one point."""
        rows = self.points[self.points["point"] == number]
        return wording.records(rows)[0]


def open_frontier(folder: Path) -> Frontier:
    """Open a frontier.

    Raises
    ------
    ScenarioError
        When the folder holds no complete one.
    """
    try:
        return Frontier(
            folder=folder,
            account=_json(folder / "frontier.json"),
            manifest=_json(folder / "manifest.json"),
            points=pd.read_parquet(folder / "frontier.parquet"),
        )
    except (OSError, ValueError) as error:
        raise ScenarioError(
            f"{folder}: not a complete trade-off study ({type(error).__name__}). Make it again "
            "with 'estate frontier'."
        ) from None


def _json(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def is_of(manifest: dict[str, Any], results: Results) -> bool:
    """Say whether a study asks the same settings of the same data as a run, in the same version."""
    run = results.provenance
    same = ("data_digest", "scenario_digest", "versions")
    return all(manifest.get(name) == run.get(name) for name in same)


def figure(found: Frontier, title: str, chosen: int) -> Figure:
    """Draw the points of a frontier; one can be picked, and the chosen one stands out.

    Points are not joined: nothing was worked out between them.

    Parameters
    ----------
    title
        Of the scenario.
    chosen
        Number of the chosen point.
    """
    x_title, y_title = AXES[found.against], "Family cost over the stay (million pounds)"
    rows = found.points.assign(
        y=found.points["family_gbp"] / MILLION,
        shown=["chosen" if number == chosen else "other" for number in found.points["point"]],
    )[["point", "amount", "y", "shown", "moves"]]
    names = ["chosen", "other"]
    pick = {
        "name": PICK,
        "select": {
            "type": "point",
            "fields": ["point"],
            "on": "click",
            "clear": False,
            "toggle": False,
        },
    }
    chart = (
        vega.chart(rows)
        .mark("point", filled=True, opacity=1, cursor="pointer", stroke="#ffffff", strokeWidth=1)
        .encode(
            x=vega.field("amount:Q", title=x_title, axis=_axis(), scale={"zero": False}),
            y=vega.field("y:Q", title=y_title, axis={"tickCount": 5}, scale={"zero": False}),
            color=vega.field(
                "shown:N",
                legend=None,
                scale={"domain": names, "range": [charts.CATEGORIES[2], charts.CATEGORIES[0]]},
            ),
            shape=vega.field(
                "shown:N", legend=None, scale={"domain": names, "range": ["diamond", "circle"]}
            ),
            size=vega.field("shown:N", legend=None, scale={"domain": names, "range": [380, 160]}),
            tooltip=[
                vega.field("point:O", title="Point"),
                vega.field("amount:Q", title=x_title, format=",.1f"),
                vega.field("y:Q", title=y_title, format=",.2f"),
                vega.field("moves:Q", title="Moves", format=",.0f"),
            ],
        )
        .properties(params=[pick], width=charts.WIDTH, height=360, config=charts.CONFIG)
    )
    heading = f"{title}: what families pay, in million pounds, against {AGAINST[found.against]}"
    first, last = rows.iloc[0], rows.iloc[-1]
    words = (
        f"{heading}. {len(rows)} points, from {first['y']:,.2f} million at {first['amount']:,.0f} "
        f"to {last['y']:,.2f} million at {last['amount']:,.0f}; point {chosen} is chosen."
    )
    return Figure(title=heading, note=source(found), alt=words, chart=chart)


def _axis() -> Any:
    return {"format": ",.0f", "tickCount": 5}


def source(found: Frontier) -> str:
    """Say what stands behind the points of a frontier."""
    gap = wording.share(float(found.account["largest_gap"]))
    date = wording.day(found.account["holds_for"]["date"])
    stopped = " It was interrupted: there may be more points." if is_cut_short(found) else ""
    return (
        f"Source: study {found.folder.name}, data of {date}; each point is a certified plan, "
        f"within {gap} of the best possible, with no chance in it.{stopped}"
    )


def is_cut_short(found: Frontier) -> bool:
    """Say whether a study was interrupted before all its points were found."""
    return bool(found.account["status"] != "complete")


def label(found: Frontier, number: int) -> str:
    """Name a point in a list."""
    each = found.point(number)
    unit = str(each["measure_unit"])
    amount = f"{each['amount']:,.1f}" if unit == "miles" else f"{each['amount']:,.0f}"
    return (
        f"Point {number}: {amount} {_noun(unit, each['amount'])}, families "
        f"{wording.pounds(float(each['family_gbp']))}"
    )


def _noun(unit: str, amount: float) -> str:
    return {"moves": "move", "people": "person", "miles": "mile"}[unit] if amount == 1 else unit


def answer(found: Frontier, number: int, start: int) -> str:
    """Say in a sentence what a point gives against the first."""
    each, first = found.point(number), found.point(start)
    moves = wording.count(float(each["moves"]), "move")
    if number == start:
        return (
            f"At the first point, with {moves}, families pay "
            f"{wording.pounds(float(each['family_gbp']))} over the stay, and people are held "
            f"{float(each['mean_straight_miles']):.1f} miles from home on average."
        )
    pay = _beside(found, number, start, " over the stay")
    return (
        f"With {moves} families pay {pay}, and people are held "
        f"{float(each['mean_straight_miles']):.1f} miles from home on average instead of "
        f"{float(first['mean_straight_miles']):.1f}."
    )


def _beside(found: Frontier, number: int, start: int, when: str = "") -> str:
    """Say what families pay at a point beside another, in whole pence."""
    paid, first = (float(found.point(each)["family_gbp"]) for each in (number, start))
    if round(paid - first, 2) == 0:
        return f"the same{when} as at point {start}"
    way = "less" if paid < first else "more"
    return f"{wording.pounds(abs(paid - first))} {way}{when} than at point {start}"


def numbers(found: Frontier, number: int, start: int) -> list[Number]:
    """Give the numbers of a chosen point.

    Parameters
    ----------
    start
        Number of the point that it is told against.
    """
    each, first = found.point(number), found.point(start)
    per = str(each["rate_per"])
    rate = float(each["family_rate_gbp"])
    return [
        Number(
            label="Cost to families over the stay",
            value=wording.pounds(float(each["family_gbp"])),
            change="" if number == start else _beside(found, number, start),
            note="Without weights.",
        ),
        Number(
            label="Moves",
            value=f"{each['moves']:,.0f}",
            unit="people to another prison",
            note=f"{each['unplaced']:,.0f} people without a place.",
        ),
        Number(
            label="Distance from home",
            value=quantity(float(each["mean_straight_miles"]), "straight_miles"),
            unit="miles on average",
            change=""
            if number == start
            else f"{float(first['mean_straight_miles']):.1f} at point {start}",
        ),
        Number(
            label=f"The next {per}",
            value=wording.pounds(float(each["objective_rate_gbp"])),
            unit="of weighted cost saved at most",
            change=""
            if rate != rate
            else f"{wording.pounds(rate)} saved to families each {per}, to the next point",
            note="A bound from the proofs of all points.",
        ),
    ]


def listing(found: Frontier) -> str:
    """List the points of a frontier."""
    unit = str(found.points["measure_unit"].iloc[0])
    per = str(found.points["rate_per"].iloc[0])
    miles = unit == "miles"
    rows = found.points.assign(
        told=cells.plain(
            found.points["amount"],
            "miles" if miles else "number",
            "{:,.1f}" if miles else "{:,.0f}",
        ),
        gap_told=cells.column(
            Written(words=wording.share(gap), value=float(gap), unit="share")
            for gap in found.points["gap"]
        ),
    )
    measure = {} if unit == "moves" else {"told": unit.capitalize()}
    return table(
        rows.assign(point=rows["point"].astype("str")),
        f"Points of the trade-off against {AGAINST[found.against]}",
        labels={"point": "Point"}
        | measure
        | {
            "moves": "Moves",
            "unplaced": "Without a place",
            "mean_straight_miles": "Average miles",
            "family_gbp": "Cost to families",
            "family_rate_gbp": f"Saved to families a further {per}",
            "objective_gbp": "Weighted cost",
            "objective_rate_gbp": f"The next {per} save at most",
            "gap_told": "Gap",
        },
        right=("told", "gap_told"),
        scroll=True,
    )


EQUALITY = {
    "people": "people",
    "mean_straight_miles": "straight_miles",
    "over_100_miles_share": "over_100_share",
    "moved_share": "moved_share",
    "better_off_share": "better_off_share",
    "worse_off_share": "worse_off_share",
}
"""What is shown of an equality table: its measures, and the columns they become."""


def by_group(equality: pd.DataFrame) -> pd.DataFrame:
    """Set the measures of an equality table side by side, before and after.

    Parameters
    ----------
    equality
        Rows of ``optimiser.equality.equality_table``.

    Returns
    -------
    DataFrame
        One row per ``group_by`` and ``group``, in the order of the table: ``people``, mean
        ``straight_miles_today`` and ``straight_miles``, ``over_100_today_share`` and
        ``over_100_share``, ``moved_share``, ``better_off_share``, ``worse_off_share`` and
        ``change_miles``.
    """
    keys = ["group_by", "group"]
    order = equality[keys].drop_duplicates()
    wide = equality[equality["measure"].isin(EQUALITY)].pivot_table(
        index=keys, columns="measure", values=["before", "after"], dropna=False, sort=False
    )
    after, before = wide.xs("after", axis=1), wide.xs("before", axis=1)
    shown = pd.DataFrame(after).reindex(columns=list(EQUALITY)).rename(columns=EQUALITY)
    shown["straight_miles_today"] = before["mean_straight_miles"]
    shown["over_100_today_share"] = before["over_100_miles_share"]
    shown["change_miles"] = shown["straight_miles"] - shown["straight_miles_today"]
    found = order.merge(shown.reset_index(), on=keys, how="left")
    return found.assign(people=found["people"].fillna(0).astype("int64"))


GROUP_BYS = {
    "all": "Everybody",
    "sex": "Sex",
    "age_band": "Age",
    "ethnicity": "Ethnicity",
    "religion": "Religion",
    "disability": "Disability",
    "nationality_group": "Nationality",
    "nation": "Nation of home",
    "care_experience": "In care as a child",
    "children_under_18": "Children under 18",
    "visits": "Whether anybody visits",
}

GROUPS = {
    ("disability", "no"): "Without a declared disability",
    ("disability", "yes"): "With a declared disability",
    ("care_experience", "no"): "People who were never in care",
    ("care_experience", "yes"): "People who were in care as children",
    ("religion", "none"): "No religion",
}
"""Groups whose name alone does not say what they are."""


def _told(row: Mapping[str, Any] | pd.Series) -> str:
    """Write a group of an equality table in words."""
    named = str(row["group_by"]), str(row["group"])
    return GROUPS.get(named) or wording.group(named[1])


def equality_listing(
    equality: pd.DataFrame, *, is_plan: bool = True, circulate: bool = False
) -> str:
    """List what a plan means for groups of people."""
    rows = by_group(equality)
    labels = {
        "by": "By",
        "told": "Group",
        "people": "People",
        "straight_miles_today": "Average miles today",
        "over_100_today_share": "Over 100 miles today",
    }
    if is_plan:
        labels |= {
            "straight_miles": "Average miles then",
            "change_miles": "Change in miles",
            "over_100_share": "Over 100 miles then",
            "moved_share": "Move",
            "better_off_share": "Nearer home",
            "worse_off_share": "Further from home",
        }
    shown = rows.assign(
        by=rows["group_by"].map(lambda name: GROUP_BYS.get(name, wording.group(name))),
        told=[_told(row) for row in wording.records(rows)],
    )
    values = [name for name in labels if name not in ("by", "told", "people")]
    return table(
        shown,
        "What it means for groups of people; reported, never decided on",
        labels=labels,
        note="Groups that hide a count hide what describes it as well." if circulate else "",
        scroll=True,
        circulate=circulate,
        counts=Counts(
            columns=("people",),
            by=("by", "told"),
            follows={name: "people" for name in values if not name.endswith("_share")},
            shares={name: "people" for name in values if name.endswith("_share")},
        ),
    )


def widest_gap(equality: pd.DataFrame) -> str:
    """Say between which groups the average change differs most, of groups of a hundred or more."""
    rows = by_group(equality)
    rows = rows[
        (rows["group_by"] != "all") & (rows["people"] >= 100) & rows["change_miles"].notna()
    ]
    spread = rows.groupby("group_by")["change_miles"].agg(lambda each: each.max() - each.min())
    if spread.empty or not spread.max() > 0:
        return "No group of a hundred people or more fares otherwise than another."
    by = str(spread.idxmax())
    of = rows[rows["group_by"] == by].sort_values("change_miles")
    best, least = of.iloc[0], of.iloc[-1]
    return (
        f"The average change differs most by {GROUP_BYS[by].lower()}: "
        f"{_change(best['change_miles'])} for “{_told(best).lower()}”, "
        f"{_change(least['change_miles'])} for “{_told(least).lower()}”."
    )


def _change(miles: float) -> str:
    way = "nearer" if miles <= 0 else "further"
    return f"{abs(miles):.1f} miles {way}"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stability:
    """A stored study of stability: its ``variants``, and which moves stay.

    Attributes
    ----------
    folder
        Where it is.
    manifest
        Where it comes from.
    variants
        One row per variant (``optimiser.stability.shares_table``).
    moves, never_change
        Moves of the plan, and how many of them every variant makes as well.
    """

    folder: Path
    manifest: dict[str, Any]
    variants: pd.DataFrame
    moves: int
    never_change: int


def open_stability(folder: Path) -> Stability:
    """Open a study of stability.

    Raises
    ------
    ScenarioError
        When the folder holds no complete one.
    """
    try:
        stays = pd.read_parquet(folder / "stability.parquet", columns=["never_changes"])
        return Stability(
            folder=folder,
            manifest=_json(folder / "manifest.json"),
            variants=pd.read_parquet(folder / "variants.parquet"),
            moves=len(stays),
            never_change=int(stays["never_changes"].sum()),
        )
    except (OSError, ValueError) as error:
        raise ScenarioError(
            f"{folder}: not a complete study of stability ({type(error).__name__}). Make it again "
            "with 'estate stability'."
        ) from None


def stays(found: Stability, *, circulate: bool = False) -> str:
    """Say in a sentence how much of a plan would be the same under other assumptions.

    For circulation small counts of people are hidden.
    """
    if not found.moves:
        return "The plan has no moves, so there is nothing that other assumptions could change."
    least = found.variants.sort_values(["same_share", "variant"]).iloc[0]
    return f"{_stays(found, least)} {_distances(found.variants, circulate)}"


NO_DISTANCES = (
    "How far from home people would be under them was not stored with this study: start another."
)


def _distances(variants: pd.DataFrame, circulate: bool) -> str:
    """Say how far from home people are at most under any variant, beside the plan."""
    if "further" not in variants:
        return NO_DISTANCES

    def only(number: float) -> str:
        return wording.only(wording.kept_back(number, circulate))

    most = variants[["over_50_miles", "over_100_miles", "further"]].max()
    plan = variants.iloc[0]
    miles = variants["mean_straight_miles"]
    told = [
        f"{only(most[name])} {words} ({only(plan[f'{name}_in_plan'])} in the plan)"
        for name, words in (
            ("over_50_miles", "people more than 50 miles from home"),
            ("over_100_miles", "more than 100"),
            ("further", "further from home than today"),
        )
    ]
    return (
        f"Under none would there be more than {told[0]}, {told[1]}, or {told[2]}; people would be "
        f"{miles.min():,.1f} to {miles.max():,.1f} miles from home on average "
        f"({plan['mean_straight_miles_in_plan']:,.1f})."
    )


def _stays(found: Stability, least: pd.Series[Any]) -> str:
    return (
        f"{found.never_change:,} of {wording.count(found.moves, 'move')} "
        f"({100 * found.never_change / found.moves:.0f}%) stay the same whichever of "
        f"{len(found.variants)} assumptions is put at an end of its range. Most changes with "
        f"{variant(str(least['variant']))}: {quantity(least['same_share'], 'same_share')} of the "
        "moves stay then."
    )


def variant(name: str) -> str:
    """Write the name of a variant in words.

    Examples
    --------
    >>> variant("price_of_a_move=half"), variant("price_of_region=double")
    ('the price of a move at half', 'the price of the rule region at double')
    """
    from scenarios.settings import settings

    setting, _, end = name.partition("=")
    known = settings().get(setting)
    if known is not None:
        meaning = known.meaning[:1].lower() + known.meaning[1:]
        return f"“{meaning}” at {end}{f' {known.measure_unit}' if known.measure_unit else ''}"
    if setting == "price_of_a_move":
        return f"the price of a move at {end}"
    rule = setting.removeprefix("price_of_").replace("_", " ")
    return f"the price of the rule {rule} at {end}"


def variants_listing(found: Stability, *, circulate: bool = False) -> str:
    """List what share of the moves stays under each variant."""
    counted = [VARIANT_COUNTS.get(name, name) for name in VARIANT_DISTANCES][1:]
    labels = {VARIANT_COUNTS.get(name, name): head for name, head in VARIANT_DISTANCES.items()}
    has_distances = "further" in found.variants
    rows = found.variants.sort_values(["same_share", "variant"], ignore_index=True)
    quotes = str.maketrans("", "", "“”")
    told = [variant(str(name)).translate(quotes) for name in rows["variant"]]
    return table(
        rows.rename(columns=VARIANT_COUNTS).assign(
            told=[words[:1].upper() + words[1:] for words in told]
        ),
        "Share of the plan's moves that stay when one assumption stands at an end of its range",
        labels={
            "told": "Assumption",
            "moves": "Moves then",
            "same": "Of them in the plan",
            "same_share": "Share of the plan's moves that stay",
            **(labels if has_distances else {}),
        },
        scroll=True,
        counts=Counts(
            columns=("moves", "same", *(counted if has_distances else ())),
            within={"same": "moves"},
            by=("variant",),
            follows={"same_share": "same"},
        ),
        circulate=circulate,
    )


VARIANT_COUNTS = {"over_50_miles": "beyond_50", "over_100_miles": "beyond_100"}
"""Columns that count people, under names that are not taken for miles."""

VARIANT_DISTANCES = {
    "mean_straight_miles": "Average miles then",
    "over_50_miles": "Over 50 miles then",
    "over_100_miles": "Over 100 miles then",
    "further": "Further from home then",
}


def variants_figure(found: Stability, rows: int = 10) -> Figure:
    """Draw the assumptions that change most of a plan's moves."""
    most = found.variants.sort_values(["same_share", "variant"]).head(rows)
    drawn = pd.DataFrame(
        {
            "assumption": [_short(str(name)) for name in most["variant"]],
            "changed": 1 - most["same_share"].to_numpy(),
        }
    )
    return charts.ranked_bars(
        drawn,
        label="assumption",
        value="changed",
        unit="Share of moves that change",
        title="Share of the plan's moves that change with one assumption, in per cent",
        note=f"Source: study {found.folder.name}; each bar is a plan decided again with one "
        "assumption at an end of its stated range, or a price halved or doubled.",
        number_format=".0%",
    )


def _short(name: str) -> str:
    setting, _, end = name.partition("=")
    words = setting.rpartition(".")[2].replace("gbp", "£").replace("_", " ")
    return f"{words[:1].upper()}{words[1:]}: {end}"


def would_it_turn(found: Stability | None, *, circulate: bool = False) -> str:
    """Say whether an assumption would turn a plan over, or that nobody has looked."""
    if found is None:
        return (
            "Whether other assumptions would change these moves has not been looked at for this "
            "run: start a study of stability under Trade-offs."
        )
    return stays(found, circulate=circulate)

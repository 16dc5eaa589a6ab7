"""A planner's first screen: who is far from family and from home to come, and what it takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from scenarios.circulation.suppress import Counts
from scenarios.display import charts, views, wording
from scenarios.display.charts import Figure
from scenarios.display.markup import Number, table, without_hidden

if TYPE_CHECKING:
    from scenarios.results import Results

FROM = {"family": "home", "release": "the area of release"}
"""What distance is measured to: the home area, or where the person will live."""

EVERYBODY = "all"
MOVES_AT_A_TIME = 100
"""Moves whose gain is told at once."""


def row(counts: pd.DataFrame, area: str, sex: str = EVERYBODY) -> dict[str, Any] | None:
    """Give one row of :func:`scenarios.reading.held_far.far`, or nothing where it counts nobody."""
    rows = counts[(counts["area"] == area) & (counts["sex"] == sex)]
    return None if rows.empty else wording.records(rows)[0]


def window_days(results: Results) -> int:
    """Give the days before release in which nearness to the area of release counts."""
    return int(results.scenario["allocation"]["release_window_days"])


@dataclass(frozen=True, slots=True, kw_only=True)
class NextMoves:
    """What the next moves beyond a plan would gain.

    Attributes
    ----------
    gbp
        Weighted pounds that ``MOVES_AT_A_TIME`` more moves save at most.
    family_gbp
        What they save families over the stay, where a frontier tells.
    source
        ``frontier``, or ``price``: the plan's own price of a move.
    """

    gbp: float
    family_gbp: float | None
    source: Literal["frontier", "price"]


def next_moves(results: Results, points: pd.DataFrame | None) -> NextMoves | None:
    """Say what the next hundred moves would gain at most.

    Parameters
    ----------
    results
        A plan.
    points
        A frontier of the same scenario and data against moves
        (:mod:`scenarios.studies.frontier`), if there is one.

    Returns
    -------
    NextMoves or None
        None where neither tells, as in a plan without a limit on moves.

    Notes
    -----
    The least weighted cost is a convex function of the moves allowed, so its slope at the plan,
    which the multiplier of the limit gives, bounds what the next moves can save.
    """
    if not views.is_plan(results):
        return None
    moves = int(results.allocation["moves"])
    if points is not None:
        below = points[(points["amount"] <= moves) & points["objective_rate_gbp"].notna()]
        if len(below):
            at = below.sort_values("amount").iloc[-1]
            family = float(at["family_rate_gbp"])
            return NextMoves(
                gbp=float(at["objective_rate_gbp"]),
                family_gbp=None if family != family else family,
                source="frontier",
            )
    prices = [
        each["price_gbp"]
        for each in results.allocation.get("limits", ())
        if each["limit"] == "moves"
    ]
    if not prices:
        return None
    return NextMoves(gbp=MOVES_AT_A_TIME * float(prices[0]), family_gbp=None, source="price")


NEXT_NOTES = {
    "frontier": "By the trade-off study of this scenario, at this many moves; over the stay.",
    "price": "At most, by the price of a move in this plan's proof; over the stay. A trade-off "
    "study tells it point by point.",
}


def answer(results: Results, counts: pd.DataFrame, *, circulate: bool = False) -> str:
    """Give the answer of a run in one sentence.

    Parameters
    ----------
    counts
        The table of :func:`scenarios.reading.held_far.far`.
    """
    found = row(_told(counts, circulate=circulate), "family")
    if found is None:
        return "Nobody is held in this run."
    today = wording.people(found["beyond_50_today"])
    held = wording.only(found["people"])
    if not views.is_plan(results):
        return (
            f"Of {held} people, {today} {_are(found['beyond_50_today'])} held more than 50 miles "
            "from home today."
        )
    further = views.further(results, circulate=circulate)
    return (
        f"With {wording.told(further['moved'], 'move')}, "
        f"{wording.people(found['beyond_50'])} of {held} would be held more than 50 miles from "
        f"home, instead of {today} today; {wording.people(further['nearer'])} would be nearer "
        f"home and {wording.people(further['further'])} further away."
    )


def _are(number: float) -> str:
    return "is" if number == 1 else "are"


def _told(counts: pd.DataFrame, *, circulate: bool) -> pd.DataFrame:
    """Give the table of people held far away; for circulation hidden counts are missing."""
    return without_hidden(counts, FAR) if circulate else counts


def numbers(
    results: Results, counts: pd.DataFrame, gain: NextMoves | None, *, circulate: bool = False
) -> list[Number]:
    """Give a planner's headline numbers.

    Parameters
    ----------
    counts
        The table of :func:`scenarios.reading.held_far.far`.
    gain
        As from :func:`next_moves`.
    circulate
        Whether counts of one or two people are kept back.
    """
    is_plan = views.is_plan(results)
    told = _told(counts, circulate=circulate)
    shown = [_far_number(told, area, miles, is_plan) for area, miles in _ASKED]
    return [
        *(each for each in shown if each is not None),
        *(_plan_numbers(results, gain, circulate) if is_plan else []),
        _sure(results),
    ]


_ASKED = (("family", 50), ("family", 100), ("release", 50), ("release", 100))


def _far_number(counts: pd.DataFrame, area: str, miles: int, is_plan: bool) -> Number | None:
    found = row(counts, area)
    if found is None:
        return None
    now, column = f"beyond_{miles}_today", f"beyond_{miles}" if is_plan else f"beyond_{miles}_today"
    apart = [
        f"{sex} {wording.only(each[column])}"
        + (f" ({wording.only(each[now])} today)" if is_plan else "")
        for sex in ("men", "women")
        if (each := row(counts, area, sex)) is not None
    ]
    value, _, unit = wording.people(found[column]).rpartition(" ")
    whose = "" if area == "family" else " in the resettlement window"
    return Number(
        label=f"Over {miles} miles from {FROM[area]}",
        value=value,
        unit=f"{unit} of {wording.only(found['people'])}{whose}",
        change=f"{wording.only(found[now])} today" if is_plan else "",
        note=f"{'; '.join(apart).capitalize()}." if apart else "",
    )


def _plan_numbers(results: Results, gain: NextMoves | None, circulate: bool) -> list[Number]:
    further = views.further(results, circulate=circulate)
    unplaced = int(results.summary["allocation"]["unplaced"])
    most = further["most_miles_further"]
    shown = [
        Number(
            label="Moves needed",
            value=wording.only(further["moved"]),
            unit="people to another prison",
            change=_per_week(results),
            note=_moved_anyway(results, further["moved"], circulate=circulate),
        ),
        Number(
            label="Better and worse off",
            value=wording.only(further["nearer"]),
            unit="people nearer home",
            change=f"{wording.people(further['further'])} further from home",
            note=""
            if most != most or not further["further"]
            else f"The worst is {most:.0f} miles further than today.",
        ),
    ]
    if gain is not None:
        shown.append(
            Number(
                label=f"Gain from the next {MOVES_AT_A_TIME} moves",
                value=wording.pounds(gain.gbp),
                unit="of weighted cost at most",
                change=""
                if gain.family_gbp is None
                else f"Families save {wording.pounds(gain.family_gbp)}",
                note=NEXT_NOTES[gain.source],
            )
        )
    short = "Everybody has a place under the rules." if not unplaced else "By cohort below."
    shown.append(
        Number(
            label="Places short",
            value=wording.only(wording.kept_back(unplaced, circulate)),
            unit="people without a place",
            note=short,
        )
    )
    return shown


def _moved_anyway(results: Results, moves: float, *, circulate: bool) -> str:
    """Say how many of the moves are of people who would be transferred in the year anyway."""
    known = results.summary.get("moves_with_a_transfer")
    if known is None:
        return "Transfers that would happen anyway are not known, so some may be among these."
    anyway = wording.kept_back(known, circulate)
    if anyway != anyway or moves != moves:
        return f"{wording.people(anyway)} of these would be transferred in the year anyway."
    verb = "is" if known == 1 else "are"
    return (
        f"{wording.people(known)} of these {verb} transferred in the year anyway by the table of "
        f"transfers: {moves - known:,.0f} moves are on top."
    )


def _per_week(results: Results) -> str:
    weekly = results.scenario["transfers"]["moves_per_week"]
    return f"{weekly:,} a week in the simulated year" if weekly else ""


def _sure(results: Results) -> Number:
    date = wording.day(results.holds_for["date"])
    gap = results.allocation["gap"]
    if not views.is_plan(results) or gap is None:
        return Number(label="Data of", value=date, note="Exact for these placements.")
    return Number(
        label="Distance from the best possible plan",
        value=wording.share(gap),
        unit="of its cost, at most",
        note=f"For people and prices of {date}.",
    )


def far_figure(results: Results, counts: pd.DataFrame, *, circulate: bool = False) -> Figure:
    """Draw the share of people held far away, men and women apart, today and in this run.

    For circulation hidden counts are not drawn.

    Parameters
    ----------
    counts
        The table of :func:`scenarios.reading.held_far.far`.
    """
    told = _told(counts, circulate=circulate)
    return charts.grouped_bars(
        far_shares(told, is_plan=views.is_plan(results)).fillna(0),
        label="who",
        series="case",
        value="share",
        unit="Share of the people in the group",
        title="Share of people held far from home and from the area of release, in per cent",
        note=f"{wording.source(results, drawn=False)} {window_words(results)}",
        number_format=".0%",
    )


def window_words(results: Results) -> str:
    """Say who counts towards the area of release."""
    return (
        f"Release: sentenced people with at most {window_days(results)} days left, towards the "
        "area they are to live in. Straight-line miles."
    )


def far_shares(counts: pd.DataFrame, *, is_plan: bool) -> pd.DataFrame:
    """Write the counts as shares, one row per bar of the picture.

    Returns
    -------
    DataFrame
        ``who``, ``case`` (``Today``, ``In this run``) and ``share`` of the group's people.
    """
    cases = {"_today": "Today"} | ({"": "In this run"} if is_plan else {})
    rows = [
        {
            "who": f"{sex.capitalize()}, over {miles} miles from {FROM[area]}",
            "case": case,
            "share": float(found[f"beyond_{miles}{ending}"]) / max(1.0, float(found["people"])),
        }
        for area, miles in _ASKED
        for sex in ("men", "women")
        if (found := row(counts, area, sex)) is not None
        for ending, case in cases.items()
    ]
    return pd.DataFrame(rows, columns=["who", "case", "share"])


def far_table(counts: pd.DataFrame, *, is_plan: bool, circulate: bool = False) -> str:
    """List the people held far away, from family and from the area of release.

    Parameters
    ----------
    counts
        The table of :func:`scenarios.reading.held_far.far`.
    """
    labels = {"who": "Who", "area": "Far from", "people": "People"}
    for miles in views.FAR_MILES:
        labels[f"beyond_{miles}_today"] = f"Over {miles} miles today"
        if is_plan:
            labels[f"beyond_{miles}"] = f"Over {miles} miles in this run"
    labels["unknown"] = "Distance not known"
    shown = counts.assign(
        who=counts["sex"].replace({EVERYBODY: "everybody"}).str.capitalize(),
        area=counts["area"].map(FROM).str.capitalize(),
    )
    return table(
        shown,
        "Number of people held far from home, and from the area of release",
        labels=labels,
        counts=FAR,
        circulate=circulate,
    )


FAR = Counts(
    columns=(
        *("people", "beyond_50_today", "beyond_50", "beyond_100_today", "beyond_100"),
        "unknown",
    ),
    within={
        "beyond_50_today": "people",
        "beyond_50": "people",
        "beyond_100_today": "beyond_50_today",
        "beyond_100": "beyond_50",
        "unknown": "people",
    },
    totals={"sex": EVERYBODY},
    by=("sex", "area"),
)
"""How :func:`scenarios.reading.held_far.far` counts people, also where only today is told."""


def regions_short(results: Results) -> pd.DataFrame:
    """List the regions that lack places for their own people, men and women apart.

    Returns
    -------
    DataFrame
        One row per ``region`` and ``sex`` with people who cannot all be held there: ``people`` of
        the region, ``places`` in it, ``least_outside`` (people no plan can hold there) and
        ``outside_today``; the largest first.
    """
    rows = pd.DataFrame(
        results.allocation.get("lower_bounds", {}).get("regions", []),
        columns=["region", "sex", "people", "places", "least_outside", "outside_today"],
    )
    short = rows[rows["least_outside"] > 0]
    return short.sort_values(
        ["least_outside", "region", "sex"], ascending=[False, True, True], ignore_index=True
    )


def regions_table(short: pd.DataFrame, *, circulate: bool = False) -> str:
    """List the regions of :func:`regions_short`."""
    return table(
        short.assign(sex=short["sex"].str.capitalize()),
        "Regions with fewer places than people from there, by capacity alone",
        labels={
            "region": "Region",
            "sex": "Who",
            "people": "People from there",
            "places": "Places there",
            "least_outside": "People who cannot be held there",
            "outside_today": "Held elsewhere today",
        },
        counts=Counts(
            columns=("people", "least_outside", "outside_today"),
            within={"least_outside": "outside_today", "outside_today": "people"},
            by=("region", "sex"),
            follows={"places": "least_outside"},
        ),
        circulate=circulate,
    )


WAYS = {
    "places": "{how_many} more in {what}",
    "margin": "{how_many} more {what} held than the operating margin allows",
    "rule": "the rule {what} set aside for {how_many} of them",
    "lock": "{how_many} of them unlocked",
}
"""What each way out of a shortfall asks for."""


def shortfall(results: Results) -> pd.DataFrame:
    """List the people without a place by cohort, with the ways out where they are stored.

    Returns
    -------
    DataFrame
        One row per cohort and way out: ``sex``, ``category``, ``status``, ``needs``, ``people``,
        ``way_out`` in words, ``first_gbp`` of the first person placed so.
    """
    stored = None if results.folder is None else results.folder / "shortfall.parquet"
    if stored is not None and stored.is_file():
        rows = pd.read_parquet(stored)
    else:
        rows = pd.DataFrame(results.allocation["unplaced"])
    columns = ["sex", "category", "status", "needs", "people", "way_out", "first_gbp"]
    if rows.empty:
        return pd.DataFrame(columns=columns)
    if "way" not in rows:
        rows = rows.assign(way="", what="", how_many=0, first_gbp=float("nan"))
    said = [
        _way(str(way), str(what), how_many)
        for way, what, how_many in zip(rows["way"], rows["what"], rows["how_many"], strict=True)
    ]
    return rows.assign(way_out=said).reindex(columns=columns)


def _way(way: str, what: str, how_many: float) -> str:
    if way not in WAYS:
        return "no one thing would place them" if way == "nan" else ""
    kind = "lock" if (way, what) == ("rule", "lock") else way
    return WAYS[kind].format(what=what, how_many=f"{how_many:,.0f}")


def shortfall_table(rows: pd.DataFrame, *, circulate: bool = False) -> str:
    """List the rows of :func:`shortfall`."""
    return table(
        rows.assign(sex=rows["sex"].str.capitalize(), needs=rows["needs"].replace({"": "none"})),
        "People without a place, by cohort, and the cheapest ways out",
        labels={
            "sex": "Who",
            "category": "Category",
            "status": "Status",
            "needs": "Needs",
            "people": "People",
            "way_out": "What would place them",
            "first_gbp": "Weighted pounds for the first",
        },
        counts=Counts(
            columns=("people",),
            by=("sex", "category", "status", "needs"),
            follows={"way_out": "people", "first_gbp": "people"},
        ),
        circulate=circulate,
        scroll=True,
    )

"""A sizing of family workers as tables and pictures: fewest for a target, fair share, costs, need.

It reads the folder that ``estate size family-workers`` writes. The target can be moved after the
sizing: the curves hold the share of referrals reached within several numbers of days.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from scenarios.circulation.suppress import Counts
from scenarios.display import cells, charts, markup, vega, wording
from scenarios.display.charts import Figure
from scenarios.display.frontiers import is_of
from scenarios.display.markup import DASH, Number
from scenarios.display.workers import SUMMED_BY, Estimate, table
from scenarios.errors import ScenarioError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from scenarios.results import Results
    from scenarios.stored_studies import Study

TABLES = ("workers", "curves", "cost_curve", "need", "by_provider", "by_lot", "by_region")

STEPS_PER_FTE = 5
"""Caseworkers are counted in steps of 0.2."""

DRIVERS = {
    "people": "People held (case reviews after self-harm)",
    "receptions": "People newly received",
    "parents": "Parents of children under 18",
    "women": "Women",
    "care_experienced": "People who were in care as a child",
    "far_from_home": "People far from home",
    "without_visitors": "People without visitors",
    "releases": "Releases",
    "parents_not_recorded": "Parents of whom no record tells (latent)",
}
"""Drivers of the need in words, in the order in which they are told."""

WEIGHTS = {
    "people": ("self_harm_reviews_per_man",),
    "receptions": ("referrals_per_reception",),
    "parents": (
        "self_referrals_per_parent",
        "family_day_referrals_per_parent",
        "course_referrals_per_parent",
    ),
    "women": ("self_referrals_per_woman", "self_harm_reviews_per_woman"),
    "care_experienced": ("self_referrals_per_care_experienced",),
    "far_from_home": ("self_referrals_per_far_person",),
    "without_visitors": ("referrals_per_person_without_visitors",),
    "releases": ("referrals_per_release",),
}
"""Settings, below ``need``, that add up to the weight of each driver."""

NAMES = {"today": "Today", "fair": "Fair share"}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sizing:
    """A stored sizing of family workers.

    Attributes
    ----------
    name
        Name of its folder.
    asked
        What was asked for, as in ``family_workers.json``.
    workers
        One row per prison.
    curves
        One row per prison and number of caseworkers, in steps of 0.2.
    costs
        One row per total.
    need
        One row per prison and driver.
    sums
        Sums over the prisons that share the total, by ``sex``, ``provider``, ``lot`` and
        ``region``.
    """

    name: str
    asked: Mapping[str, Any]
    workers: pd.DataFrame
    curves: pd.DataFrame
    costs: pd.DataFrame
    need: pd.DataFrame
    sums: Mapping[str, pd.DataFrame]

    @property
    def days(self) -> list[int]:
        """Days for which the curves give the share reached."""
        ends = ("within_", "_days")
        found = [
            int(name.removeprefix(ends[0]).removesuffix(ends[1]))
            for name in self.curves.columns
            if name.startswith(ends[0]) and name.endswith(ends[1])
        ]
        return sorted({*found, int(self.asked["target_days"])})

    @property
    def tells_people(self) -> bool:
        """Whether the people of each prison may be told: those of today, whom a plan moves."""
        return not self.asked.get("is_plan", True)

    @property
    def source(self) -> str:
        """Where the numbers come from, for a note."""
        years = wording.count(int(self.asked["replications"]), "simulated year")
        return f"Source: sizing {self.name}; {years} at each number of workers."


def load_sizing(folder: Path) -> Sizing:
    """Read the tables of a sizing.

    Raises
    ------
    ScenarioError
        When a file is missing or cannot be read.
    """
    try:
        asked = json.loads((folder / "family_workers.json").read_text(encoding="utf-8"))
        tables = {name: pd.read_parquet(folder / f"{name}.parquet") for name in TABLES}
    except (OSError, ValueError) as error:
        raise ScenarioError(
            f"{folder}: not a complete sizing ({str(error).splitlines()[0]}). Make it again with "
            "'estate size family-workers'."
        ) from None
    return Sizing(
        name=folder.name,
        asked=asked,
        workers=tables["workers"].sort_values("name", ignore_index=True),
        curves=tables["curves"],
        costs=tables["cost_curve"],
        need=tables["need"],
        sums=_by_sex(folder)
        | {name: tables[f"by_{name}"] for name in ("provider", "lot", "region")},
    )


def _by_sex(folder: Path) -> dict[str, pd.DataFrame]:
    """Read the sums of men's and women's prisons; sizings of earlier versions have none."""
    path = folder / "by_sex.parquet"
    if not path.is_file():
        return {}
    sums = pd.read_parquet(path)
    return {"sex": sums.assign(sex=sums["sex"].str.capitalize())}


def curve_of(sizing: Sizing, establishment: str, days: int) -> pd.DataFrame:
    """Give the share of one prison's referrals reached in time at each number of caseworkers.

    Returns
    -------
    DataFrame
        One row per 0.2 caseworkers: establishment, fte, share, low, high (95%, within 0 and 1),
        gbp_per_year, wait_days, unmet_hours, reached, is_played.
    """
    rows = sizing.curves[sizing.curves["establishment"] == establishment]
    return _with_share(sizing, rows, days).reset_index(drop=True)


def _with_share(sizing: Sizing, rows: pd.DataFrame, days: int) -> pd.DataFrame:
    if days == int(sizing.asked["target_days"]):
        share, half = rows["in_time"], rows["in_time_half_width"]
    else:
        share = rows[f"within_{days}_days"]
        half = rows[f"within_{days}_days_half_width"]
    columns = ["fte", "gbp_per_year", "wait_days", "unmet_hours", "reached", "is_played"]
    return rows[["establishment", *columns]].assign(
        share=share, low=(share - half).clip(lower=0.0), high=(share + half).clip(upper=1.0)
    )


def fewest(sizing: Sizing, days: int, share: float) -> pd.DataFrame:
    """Read the fewest caseworkers for a target off every prison's curve.

    Parameters
    ----------
    days, share
        This share of referrals is to be reached within so many days.

    Returns
    -------
    DataFrame
        One row per prison, by name: establishment, name, region, provider, lot, confidence,
        fte_today, today_share, fte, fte_low, fte_high (missing where the curve ends first),
        most_share (reached by the largest number played), more_fte (than today, at least 0). For
        the target of the sizing also fresh, fresh_low and fresh_high: the share that the number
        needed reaches in fresh years, with its 95% interval.

    Notes
    -----
    The interval runs from the first step whose own 95% interval reaches the share to the first
    whose interval lies wholly at or above it. For the target of the sizing itself its own answers
    are given, which were played again.
    """
    columns = ["establishment", "name", "region", "provider", "lot", "confidence", "fte_today"]
    rows = sizing.workers[columns]
    curves = dict(list(_with_share(sizing, sizing.curves, days).groupby("establishment")))
    found = []
    for code, today in zip(rows["establishment"], rows["fte_today"], strict=True):
        curve = curves[code]
        fte = curve["fte"].to_numpy(np.float64)
        found.append(
            {
                "fte": _first(fte, curve["share"], share),
                "fte_low": _first(fte, curve["high"], share),
                "fte_high": _first(fte, curve["low"], share),
                "most_share": float(curve["share"].iloc[-1]),
                "today_share": float(np.interp(float(today), fte, curve["share"])),
            }
        )
    rows = pd.concat([rows, pd.DataFrame(found, index=rows.index)], axis=1)
    if is_asked(sizing, days, share):
        for name, told in {"fte": "", "fte_low": "_low", "fte_high": "_high"}.items():
            rows[name] = sizing.workers[f"fte_for_target{told}"]
        for told in ("", "_low", "_high"):
            rows[f"fresh{told}"] = sizing.workers[f"fresh_in_time{told}"]
    return rows.assign(more_fte=(rows["fte"] - rows["fte_today"]).clip(lower=0.0))


def is_asked(sizing: Sizing, days: int, share: float) -> bool:
    """Whether a target is the one that the sizing was asked for and played again."""
    asked = sizing.asked
    return days == int(asked["target_days"]) and abs(share - float(asked["target_share"])) < 1e-9


def basis(sizing: Sizing, days: int, share: float) -> str:
    """Say how the fewest workers for a target were found."""
    if is_asked(sizing, days, share):
        rows = sizing.workers.dropna(subset="fte_for_target")
        in_mean = int((rows["fresh_in_time"] >= share - 1e-12).sum())
        within = int((rows["fresh_in_time_high"] >= share - 1e-12).sum())
        return (
            "This is the target of the sizing: its answers were played again in fresh years, and "
            f"steps added where those missed it. In fresh years {in_mean:,} of {len(rows):,} "
            f"prisons reach it in the mean, {within:,} within the interval: there it is not "
            "refuted, and not shown to hold."
        )
    return (
        "Read off the curves, not played again. Start a sizing for this target to have its answer "
        "proven in fresh years."
    )


def _first(fte: NDArray[np.float64], shares: pd.Series[float], share: float) -> float:
    there = np.flatnonzero(shares.to_numpy(np.float64) >= share - 1e-12)
    return float(fte[there[0]]) if len(there) else float("nan")


def target(days: int, share: float) -> str:
    """Say a target in words.

    Examples
    --------
    >>> target(5, 0.9)
    '90% of referrals are reached within 5 days'
    """
    return f"{share:.0%} of referrals are reached within {wording.count(days, 'day')}"


def fewest_sentence(rows: pd.DataFrame, days: int, share: float) -> str:
    """Say how many caseworkers a target takes in all, with the range, and where it is met today.

    Parameters
    ----------
    rows
        The table of :func:`fewest`.
    """
    there = rows.dropna(subset="fte")
    met = int((rows["today_share"] >= share - 1e-12).sum())
    told = (
        f"So that {target(days, share)}, {wording.count(len(there), 'prison')} "
        f"{'needs' if len(there) == 1 else 'need'} at least {there['fte'].sum():,.1f} full-time "
        f"caseworkers in all ({_between(there)}); they have {there['fte_today'].sum():,.1f}. "
        f"{wording.count(met, 'prison')} of {len(rows)} {'reaches' if met == 1 else 'reach'} it "
        "with today's number."
    )
    if "fresh" in there and (below := int((there["fresh"] < share - 1e-12).sum())):
        told += (
            f" With that, {wording.count(below, 'prison')} still "
            f"{'stays' if below == 1 else 'stay'} below {share:.0%} in the mean of fresh years."
        )
    beyond = len(rows) - len(there)
    if beyond:
        told += f" No number played reaches it in {wording.count(beyond, 'prison')}: see the table."
    return told


def _between(rows: pd.DataFrame) -> str:
    low = rows["fte_low"].sum()
    beyond = int(rows["fte_high"].isna().sum())
    if beyond:
        return (
            f"at least {low:,.1f}; the upper end of {wording.count(beyond, 'prison')} lies beyond "
            "what was played"
        )
    high = rows["fte_high"].sum()
    return f"prison by prison between {low:,.1f} and {high:,.1f} in all, if all erred the same way"


def fewest_rows(rows: pd.DataFrame, days: int, share: float) -> str:
    """List the fewest caseworkers for a target in every prison, with today's beside them.

    Parameters
    ----------
    rows
        The table of :func:`fewest`.
    """
    shown = rows.assign(
        today=cells.plain(rows["fte_today"]),
        needed=cells.plain(rows["fte"]),
        between=cells.column(
            cells.ends(
                low,
                high,
                f"{low:,.1f} to {'more' if high != high else f'{high:,.1f}'}"
                if low == low
                else DASH,
                "full-time workers",
            )
            for low, high in zip(rows["fte_low"], rows["fte_high"], strict=True)
        ),
        more=cells.plain(rows["more_fte"]),
    )
    fresh = {}
    if "fresh" in rows:
        fresh = {"in_fresh": "Reached with it in fresh years (95% interval)"}
        ends = (rows[name] for name in ("fresh", "fresh_low", "fresh_high"))
        shown["in_fresh"] = cells.column(
            replace(
                cells.ends(low, high, f"{mean:.1%} ({low:.1%} to {high:.1%})", "share"), value=mean
            )
            if mean == mean
            else DASH
            for mean, low, high in zip(*ends, strict=True)
        )
    return table(
        shown,
        f"Full-time caseworkers asked for at least, so that {target(days, share)}, by prison",
        labels={
            "name": "Prison",
            "today": "Today",
            "today_share": "Reached in time today",
            "needed": "Needed",
            "between": "95% interval",
            **fresh,
            "more": "More than today",
            "most_share": "Most that any number reaches",
            "confidence": "Today's number is",
        },
        right=("today", "needed", "between", *fresh, "more"),
        note="Steps of 0.2. A dash stands where no number that was played reaches the target; "
        "choose more days or a smaller share.",
        scroll=True,
    )


def curve(sizing: Sizing, establishment: str, days: int, share: float) -> Figure:
    """Draw what each number of caseworkers buys at one prison, with the target and today."""
    rows = curve_of(sizing, establishment, days)
    here = sizing.workers[sizing.workers["establishment"] == establishment].to_dict("records")[0]
    fte = rows["fte"].to_numpy(np.float64)
    needed = _first(fte, rows["share"], share)
    marks = [
        {"what": what, "fte": number, "share": float(np.interp(number, fte, rows["share"]))}
        for what, number in (("Needed", needed), ("Today", float(here["fte_today"])))
        if number == number
    ]
    x = vega.field("fte:Q", title="Full-time caseworkers", axis={"tickCount": 6})
    y_axis = {"format": ".0%", "tickCount": 5}
    y = vega.field("share:Q", title="Share reached in time", axis=y_axis, scale={"domain": [0, 1]})
    base = vega.chart(rows[["fte", "share", "low", "high"]])
    band = base.mark("area", color=charts.CATEGORIES[0], opacity=0.18).encode(
        x=x, y=vega.field("low:Q", title="Share reached in time"), y2="high:Q"
    )
    line = base.mark("line", color=charts.CATEGORIES[0], strokeWidth=2.5).encode(
        x=x,
        y=y,
        tooltip=[
            vega.field("fte:Q", title="Caseworkers", format=".1f"),
            vega.field("share:Q", title="Reached in time", format=".1%"),
            vega.field("low:Q", title="Low (95%)", format=".1%"),
            vega.field("high:Q", title="High (95%)", format=".1%"),
        ],
    )
    wanted = (
        vega.chart({"values": [{"share": share}]})
        .mark("rule", color=charts.TEXT, strokeDash=[5, 3], aria=False)
        .encode(y="share:Q")
    )
    names = [str(mark["what"]) for mark in marks]
    points = (
        vega.chart(pd.DataFrame(marks, columns=["what", "fte", "share"]))
        .mark("point", size=150, filled=True, opacity=1, stroke="#ffffff")
        .encode(
            x="fte:Q",
            y="share:Q",
            color=vega.field(
                "what:N",
                title=None,
                sort=names,
                scale={"domain": ["Needed", "Today"], "range": list(charts.CATEGORIES[1:3])},
            ),
            shape=vega.field(
                "what:N",
                title=None,
                scale={"domain": ["Needed", "Today"], "range": ["diamond", "circle"]},
            ),
            tooltip=[
                vega.field("what:N", title=" "),
                vega.field("fte:Q", title="Caseworkers", format=".1f"),
                vega.field("share:Q", title="Reached in time", format=".1%"),
            ],
        )
    )
    said = "; ".join(f"{mark['what']}: {mark['fte']:.1f}, {mark['share']:.0%}" for mark in marks)
    title = f"{here['name']}: share of referrals reached within {wording.count(days, 'day')}, by "
    title += "full-time caseworkers"
    return Figure(
        title=title,
        note=f"{sizing.source} The band is the 95% interval, the dashed line the target of "
        f"{share:.0%}. Today's number is {here['confidence'] or 'not known'}.",
        alt=f"{title}. Curve from {rows['share'].iloc[0]:.0%} with nobody to "
        f"{rows['share'].iloc[-1]:.0%} with {fte[-1]:.1f}. {said}.",
        chart=(band + line + wanted + points)
        .properties(width=charts.WIDTH, height=340)
        .properties(config=charts.CONFIG),
    )


def curve_rows(sizing: Sizing, establishment: str, days: int) -> str:
    """List what each number of caseworkers buys at one prison."""
    rows = curve_of(sizing, establishment, days)
    name = _name(sizing, establishment)
    shown = rows.assign(
        fte=cells.plain(rows["fte"]),
        reached_share=rows["share"],
        between=cells.column(
            cells.ends(low, high, f"{low:.0%} to {high:.0%}", "share")
            for low, high in zip(rows["low"], rows["high"], strict=True)
        ),
        year_gbp=rows["gbp_per_year"],
    )
    return table(
        shown,
        f"{name}: what each number of full-time caseworkers buys in a year",
        labels={
            "fte": "Caseworkers",
            "reached_share": f"Reached within {wording.count(days, 'day')}",
            "between": "95% interval",
            "reached": "Referrals reached",
            "wait_days": "Mean days to first contact, of those reached",
            "unmet_hours": "Hours not done",
            "year_gbp": "Cost a year",
            "is_played": "Played",
        },
        right=("fte", "between"),
        note="Numbers that were not played lie on the straight line between those that were.",
        scroll=True,
    )


def fair_sentence(sizing: Sizing) -> str:
    """Say what sharing today's total fairly would change, and how good the share is."""
    asked, inside = sizing.asked, sizing.workers[sizing.workers["in_perimeter"]]
    more, fewer = (inside["change_fte"] > 0.05).sum(), (inside["change_fte"] < -0.05).sum()
    proven = "proven best for these curves" if asked["is_proven"] else "not proven best"
    limited = int(asked.get("target_limits_prisons", 0))
    limit = (
        "with the target as a limit"
        if asked["target_is_a_limit"]
        else f"with the target as a limit in the {limited:,} prisons that can reach it"
        if limited
        else "without the target as a limit, which this total cannot hold everywhere"
    )
    return (
        f"Shared by need, {asked['budget_fte']:,.1f} caseworkers in {len(inside)} prisons would "
        f"leave {_undone(sizing, inside)} {more} prisons would have more and {fewer} fewer. "
        f"{_who_has_more_undone(inside)} {_assumed(inside)} The share is {proven}, {limit}; each "
        f"prison keeps at least {asked['leave_cover_fte']:.1f}, one worker with leave cover."
    )


def _undone(sizing: Sizing, inside: pd.DataFrame) -> str:
    """Say how many hours the fair share and today's leave undone, with intervals where stored."""
    fresh = sizing.asked.get("fresh_unmet_hours")
    if not fresh:
        before, after = (inside[f"unmet_hours_{name}"].sum() for name in NAMES)
        return (
            f"{after:,.0f} hours a year undone instead of {before:,.0f}, read off the curves (no "
            "interval was stored with this sizing)."
        )
    told = {
        name: Estimate(
            mean=each["mean"],
            low=each["mean"] - each["half_width"],
            high=each["mean"] + each["half_width"],
            replications=int(sizing.asked["fresh_replications"]),
        )
        for name, each in fresh.items()
    }
    change = told["change"]
    ends = " to ".join(wording.difference(end, "hours") for end in (change.low, change.high))
    return (
        f"{told['fair'].told('hours')} hours a year undone instead of "
        f"{told['today'].told('hours')}: {wording.difference(change.mean, 'hours')} ({ends}), each "
        f"with its 95% interval over {wording.count(change.replications, 'fresh year')}."
    )


def _who_has_more_undone(inside: pd.DataFrame, most: int = 3) -> str:
    """Name the prisons that lose most: where more hours would be left undone than today."""
    rows = inside.assign(more=inside["unmet_hours_fair"] - inside["unmet_hours_today"])
    worse = rows[rows["more"] > LEAST_HOURS].sort_values("more", ascending=False, kind="stable")
    if worse.empty:
        return "Nowhere would more hours be left undone."
    named = ", ".join(
        f"{row['name']} {wording.difference(row['more'], 'hours')}"
        for row in wording.records(worse.head(most))
    )
    where = wording.count(len(worse), "prison")
    return f"At {where} more hours would be left undone than today, most at {named} a year."


LEAST_HOURS = 0.5
"""Hours a year below which a prison's change is none."""


def _assumed(rows: pd.DataFrame) -> str:
    """Say at how many prisons today's number is no known one."""
    assumed = int((rows["confidence"] != "measured").sum())
    return f"Today's number is assumed at {assumed} of {wording.count(len(rows), 'prison')}."


def fair(sizing: Sizing, rows: int = 12) -> Figure:
    """Draw today's caseworkers beside the fair share where they differ most."""
    inside = sizing.workers[sizing.workers["in_perimeter"]]
    assumed = int((inside["confidence"] != "measured").sum())
    words = NAMES | {"today": f"Today (assumed at {assumed} of {len(inside)} prisons)"}
    if not assumed:
        words = NAMES
    most = inside["change_fte"].abs().sort_values(ascending=False, kind="stable").index
    chosen = inside.loc[most[:rows]].sort_values("change_fte", ascending=False)
    long = pd.DataFrame(
        [
            {"name": row["name"], "case": word, "value": row[f"fte_{name}"]}
            for row in chosen.to_dict("records")
            for name, word in words.items()
        ],
        columns=["name", "case", "value"],
    )
    return charts.intervals(
        long.assign(low=long["value"], high=long["value"]),
        label="name",
        series="case",
        unit="Full-time caseworkers",
        title=f"Full-time caseworkers today and by the fair share, in the {len(chosen)} prisons "
        "where they differ most",
        note=f"{sizing.source} The same total, shared anew. {_assumed(inside)}",
    )


def fair_rows(sizing: Sizing) -> str:
    """List today's caseworkers and the fair share in every prison that shares the total."""
    inside = sizing.workers[sizing.workers["in_perimeter"]]
    numbers = ("fte_today", "fte_fair", "fte_by_population", "fte_by_need")
    shown = inside.assign(
        **{name: cells.plain(inside[name]) for name in numbers},
        change=cells.plain(inside["change_fte"], form="{:+.1f}"),
    )
    return table(
        shown,
        "Full-time caseworkers today and by the fair share of the same total, and the hours a year "
        "left undone, by prison",
        labels={
            "name": "Prison",
            "fte_today": "Today",
            "fte_fair": "Fair share",
            "change": "Change",
            "unmet_hours_today": "Hours not done today",
            "unmet_hours_fair": "Hours not done, fair share",
            "wait_days_today": "Mean days today",
            "wait_days_fair": "Mean days, fair share",
            "fte_by_population": "By people held",
            "fte_by_need": "By need alone",
            "confidence": "Today's number is",
        },
        right=(*numbers, "change"),
        note="Mean days are of those reached. Where two prisons are close, look at their curves "
        "before taking a post from one.",
        scroll=True,
    )


def sums_rows(sizing: Sizing, by: str) -> str:
    """List the sums by provider, lot or region."""
    rows = sizing.sums[by]
    words = SUMMED_BY[by]
    people = {"people": "People"} if sizing.tells_people else {}
    numbers = ("fte_today", "fte_fair", "fte_for_target")
    name = "prisons_that_cannot_reach_the_target"
    beyond = {name: "Prisons that cannot reach the target"} if name in rows else {}
    return table(
        rows.assign(**{name: cells.plain(rows[name]) for name in numbers}),
        f"Full-time caseworkers by {words.lower()}: today, fair share and least for the target of "
        "the sizing",
        labels={
            by: words,
            "prisons": "Prisons",
            **people,
            "need_hours": "Hours needed",
            "fte_today": "Today",
            "fte_fair": "Fair share",
            "fte_for_target": "For the target",
            "unmet_hours_today": "Hours not done today",
            "unmet_hours_fair": "Hours not done, fair share",
            **beyond,
        },
        right=numbers,
        note="A dash stands where no number of workers reaches the target in some prison.",
        counts=Counts(columns=tuple(people), by=(by,)),
        circulate=True,
    )


def costs(sizing: Sizing) -> Figure:
    """Draw pounds a year against the hours left undone, with today's total and the knee."""
    rows = sizing.costs.sort_values("fte")
    kinds = ["Today's total", "Knee", "Other totals"]
    budget = float(sizing.asked["budget_fte"])
    today = float(sizing.workers.loc[sizing.workers["in_perimeter"], "fte_today"].sum())
    if abs(budget - today) > 0.15:
        kinds[0] = "The total asked for"
    kind = np.where(rows["is_knee"], kinds[1], np.where(rows["is_budget"], kinds[0], kinds[2]))
    drawn = rows[["fte", "gbp_per_year", "unmet_hours", "wait_days"]].assign(kind=kind)
    x = vega.field(
        "gbp_per_year:Q", title="Pounds a year", axis={"format": "~s", "tickCount": 5},
        scale={"zero": False},
    )  # fmt: skip
    y = vega.field("unmet_hours:Q", title="Hours not done a year", axis={"format": ",.0f"})
    base = vega.chart(drawn).encode(x=x, y=y)
    line = base.mark("line", color=charts.CATEGORIES[0], strokeWidth=2)
    points = base.mark("point", size=120, filled=True, opacity=1, stroke="#ffffff").encode(
        color=vega.field(
            "kind:N",
            title=None,
            sort=kinds,
            scale={
                "domain": kinds,
                "range": [charts.CATEGORIES[2], charts.CATEGORIES[3], charts.CATEGORIES[0]],
            },
        ),
        shape=vega.field(
            "kind:N",
            sort=kinds,
            scale={"domain": kinds, "range": ["circle", "diamond", "circle"]},
        ),
        tooltip=[
            vega.field("kind:N", title=" "),
            vega.field("fte:Q", title="Caseworkers", format=",.1f"),
            vega.field("gbp_per_year:Q", title="Pounds a year", format=",.0f"),
            vega.field("unmet_hours:Q", title="Hours not done", format=",.0f"),
            vega.field(
                "wait_days:Q", title="Mean days to first contact, of those reached", format=".1f"
            ),
        ],
    )
    title = "What caseworkers cost and what is left undone, at the best share of each total"
    knee = rows[rows["is_knee"]].iloc[0]
    return Figure(
        title=title,
        note=f"{sizing.source} The knee is found on hours that weigh early days and self-harm "
        "more; beyond it each further pound saves less of them than on average. A "
        f"full-time worker is taken to cost £{float(sizing.asked['gbp_per_fte']):,.0f} a year.",
        alt=f"{title}. {len(rows)} totals. Least: {_at(rows.iloc[0])}. Knee: {_at(knee)}. "
        f"Most: {_at(rows.iloc[-1])}.",
        chart=(line + points).properties(width=charts.WIDTH, height=340, config=charts.CONFIG),
    )


def knee_sentence(sizing: Sizing) -> str:
    """Say where the cost curve bends."""
    knee = sizing.costs[sizing.costs["is_knee"]].iloc[0]
    return (
        f"On hours that weigh early days and self-harm more, the curve bends most at {_at(knee)}."
    )


def _at(row: pd.Series[Any]) -> str:
    return (
        f"{row['fte']:,.1f} caseworkers, {wording.pounds(float(row['gbp_per_year']))} a year, "
        f"{row['unmet_hours']:,.0f} hours not done, of those reached {row['wait_days']:.1f} days "
        "to first contact on average"
    )


def cost_rows(sizing: Sizing) -> str:
    """List the totals of the cost curve."""
    rows = sizing.costs.sort_values("fte").assign(year_gbp=lambda each: each["gbp_per_year"])
    known = "unmet_hours_half_width" in rows
    return table(
        rows.assign(
            unmet_told=_with_half_width(rows, "unmet_hours", known=known),
            reached_told=_with_half_width(rows, "reached", known=known),
            fte=cells.plain(rows["fte"]),
            which=np.where(rows["is_knee"], "knee", np.where(rows["is_budget"], "the total", "")),
        ),
        "Caseworkers, their cost and what is left undone, at the best share of each total",
        labels={
            "fte": "Caseworkers",
            "year_gbp": "Cost a year",
            "unmet_told": "Hours not done",
            "wait_days": "Mean days to first contact, of those reached",
            "reached_told": "Referrals reached",
            "prisons_that_meet_the_target": "Prisons that meet the target",
            "which": "Which",
        },
        right=("fte", "unmet_told", "reached_told"),
        note="In brackets the 95% interval over the years played."
        if known
        else "Intervals were not stored with this sizing.",
    )


def _with_half_width(rows: pd.DataFrame, name: str, *, known: bool) -> cells.Column:
    """Write values with the intervals whose half is in a column beside them."""
    half = rows[f"{name}_half_width"] if known else pd.Series(float("nan"), index=rows.index)
    unit = "hours" if name.endswith("hours") else "referrals"
    return cells.column(
        cells.told(Estimate(mean=mean, low=mean - width, high=mean + width, replications=0), unit)
        for mean, width in zip(rows[name], half, strict=True)
    )


def extra_person(sizing: Sizing | None) -> Number:
    """Give the cost of one more referral reached, beyond the total that is shared.

    It is read off the cost curve from the total to the next larger one that reaches more referrals,
    both at their best share. The range is that of the cost of a worker.
    """
    label = "One more referral reached costs"
    if sizing is None:
        return Number(
            label=label,
            value=DASH,
            note="A sizing of this run's own scenario and data tells it: start one below.",
        )
    rows = sizing.costs.sort_values("fte").reset_index(drop=True)
    here = rows[rows["is_budget"]].iloc[0]
    more = rows[(rows["fte"] > here["fte"]) & (rows["reached"] > here["reached"] + 0.5)]
    if not len(more):
        return Number(
            label=label,
            value=DASH,
            note=f"Sizing {sizing.name}: more workers would reach no more referrals.",
        )
    added = more.iloc[0]
    referrals = float(added["reached"] - here["reached"])
    each = float(added["gbp_per_year"] - here["gbp_per_year"]) / referrals
    low, high = (each * share for share in _price_range(float(sizing.asked["gbp_per_fte"])))
    return Number(
        label=label,
        value=wording.pounds(each),
        change=f"{wording.pounds(low)} to {wording.pounds(high)}, by what a worker costs.",
        note=f"Sizing {sizing.name}: with {added['fte'] - here['fte']:,.1f} caseworkers more than "
        f"{here['fte']:,.1f}, at their best share; {referrals:,.0f} referrals more a year"
        f"{_by_the_years(added, here, referrals)}.",
    )


def _by_the_years(added: pd.Series[Any], here: pd.Series[Any], referrals: float) -> str:
    """Say between which pounds a referral costs by the years played alone; empty where unknown."""
    half = float(added.get("reached_more_half_width", float("nan")))
    if not half > 0:
        return ""
    gbp = float(added["gbp_per_year"] - here["gbp_per_year"])
    fewest, most = referrals - half, referrals + half
    dearest = (
        f"{wording.pounds(gbp / fewest)} each"
        if fewest > 0
        else "without any upper end, as none may be reached"
    )
    return (
        f" (95% interval {max(fewest, 0.0):,.0f} to {most:,.0f} over the years played, on the same "
        f"draws: {wording.pounds(gbp / most)} to {dearest})"
    )


def _price_range(gbp: float) -> tuple[float, float]:
    from scenarios.settings import settings

    row = settings()["family_work.gbp_per_fte"]
    return (float(str(row.low)) / gbp, float(str(row.high)) / gbp) if gbp else (0.0, 0.0)


HOURS_HIDDEN = (
    "Hours by driver are hidden here: with the total beside them they would tell a small count of "
    "people."
)


def need_of(sizing: Sizing, establishment: str) -> Figure | None:
    """Draw the hours that each driver adds to the need of one prison; latent need is not drawn.

    Returns
    -------
    Figure or None
        None where the hours would tell a small count of people.
    """
    listed, counts, labels = _need_table(sizing)
    told = markup.without_hidden(listed, counts).set_index("establishment")
    here = told.reindex([establishment]).iloc[0]
    counted = [name for name in labels if name in DRIVERS and name != LATENT]
    hours = pd.to_numeric(here[counted]).dropna()
    if hours.empty:
        return None
    rows = pd.DataFrame({"driver": hours.index.map(DRIVERS), "hours": hours.to_numpy()})
    return charts.ranked_bars(
        rows,
        label="driver",
        value="hours",
        unit="Hours a year",
        title=f"{_name(sizing, establishment)}: hours of family work that each driver adds to the "
        "need",
        note=f"{sizing.source.partition(';')[0]}; expected, with no chance in it. "
        f"Apart from these: {here[LATENT]:,.0f} hours of latent need.",
    )


def _need_table(sizing: Sizing) -> tuple[pd.DataFrame, Counts, dict[str, str]]:
    """Give the need index, what of it counts people, and the columns told.

    Hours of a driver are its people times a weight that everybody knows, so they are hidden where
    one of the people of that prison would be: with the total beside them the last hidden one could
    be worked out.
    """
    rows = sizing.need.pivot_table(
        index="establishment", columns="driver", values=["need_hours", "number"], aggfunc="sum"
    )
    hours = pd.DataFrame(rows["need_hours"])
    people = pd.DataFrame(rows["number"]).add_prefix(PEOPLE)
    counted = [driver for driver in DRIVERS if driver != LATENT]
    names = sizing.workers.set_index("establishment")["name"]
    total = hours[counted].sum(axis=1)
    held = f"{PEOPLE}people"
    shown = hours.join(people).assign(
        name=names.reindex(rows.index).fillna(pd.Series(rows.index, index=rows.index)),
        total=total,
        hours_per_100=100.0 * total / people[held],
    )
    of_people = {
        held: "People",
        "hours_per_100": "Hours for 100 people",
    }
    drivers = {driver: DRIVERS[driver] for driver in counted}
    if not sizing.tells_people:
        of_people = {}
        del drivers["people"]
    labels = {
        "name": "Prison",
        **of_people,
        "total": "Hours needed",
        **drivers,
        LATENT: "Latent need, apart",
    }
    columns = tuple(people.columns)
    counts = Counts(
        columns=columns,
        within={f"{PEOPLE}{driver}": held for driver in PARTS},
        by=("name",),
        follows={**dict.fromkeys(DRIVERS, columns), "hours_per_100": held},
    )
    return shown.sort_values("name").reset_index(), counts, labels


PEOPLE = "people_"
"""Begins the names of columns with the people of a driver."""

LATENT = "parents_not_recorded"

PARTS = ("parents", LATENT, "women", "care_experienced", "far_from_home", "without_visitors")
"""Drivers that count some of the people held."""


def need_rows(sizing: Sizing) -> str:
    """List the need index: hours by driver in every prison, in all and for 100 people."""
    shown, counts, labels = _need_table(sizing)
    return table(
        shown,
        "Hours of family work needed in a year by prison and driver, latent need apart",
        labels=labels,
        note="Two prisons with the same people get the same number. The weight of each driver is a "
        "setting with a source and a range: see Sources, settings that begin with need."
        f"{'' if sizing.tells_people else NOT_OF_A_PLAN}",
        counts=counts,
        circulate=True,
        scroll=True,
    )


NOT_OF_A_PLAN = (
    " People held by each prison are left out unless they are known to be today's: beside these, "
    "those of a plan would tell how few are moved."
)


def assumptions(sizing: Sizing) -> pd.DataFrame:
    """Say what the need would be with the weight of one driver at the ends of its range.

    The need is linear in the weights, so the hours of a driver change as its weight does. What is
    said of a woman's case reviews is over those of a man, which count for everybody.

    Returns
    -------
    DataFrame
        One row per driver: driver, need_hours_low, need_hours_high (of the whole estate, with all
        other weights as they are).
    """
    from scenarios.settings import settings

    known = settings()
    counted = sizing.need[~sizing.need["is_latent"]]
    by_driver = counted.groupby("driver")
    number, referrals, need = (
        by_driver[name].sum().to_dict() for name in ("number", "referrals", "need_hours")
    )
    weight = {name: referrals[name] / number[name] if number[name] > 0 else 0.0 for name in number}
    total, man = sum(need.values()), weight["people"]
    rows = []
    for driver, names in WEIGHTS.items():
        own, hours = weight[driver], need[driver]
        if not own > 0:
            continue
        ends = [
            sum(float(str(getattr(known[f"need.{name}"], end))) for name in names)
            - (man if driver == "women" else 0.0)
            for end in ("low", "high")
        ]
        low, high = (total - hours + hours * max(end, 0.0) / own for end in ends)
        rows.append({"driver": driver, "need_hours_low": low, "need_hours_high": high})
    return pd.DataFrame(rows, columns=["driver", "need_hours_low", "need_hours_high"])


def reversal(sizing: Sizing, funded_hours: float) -> str:
    """Say whether the weight of one driver alone would turn enough hours into too few, or back.

    Parameters
    ----------
    funded_hours
        Hours a year that workers of the estate are there for.
    """
    total = float(sizing.need.loc[~sizing.need["is_latent"], "need_hours"].sum())
    rows = assumptions(sizing)
    is_enough = total <= funded_hours
    turns = rows[
        (rows["need_hours_high"] > funded_hours)
        if is_enough
        else (rows["need_hours_low"] <= funded_hours)
    ]
    if not len(turns):
        return "No weight of one driver of the need within its range would reverse that."
    end = "upper" if is_enough else "lower"
    which = "; ".join(DRIVERS[str(name)].lower() for name in turns["driver"])
    told = "any driver" if len(turns) == len(rows) else f"one of these drivers ({which})"
    return (
        f"In the need, the weight of {told} alone, at the {end} end of its range, would reverse it."
    )


def of_run(found: Iterable[Study], results: Results) -> Study | None:
    """Give the newest sizing of the same settings and data as a run, in the same version.

    Parameters
    ----------
    found
        Sizings, the newest first.
    """
    return next((study for study in found if is_of(study.provenance, results)), None)


NONE_OF_RUN = (
    "No sizing of this run's own scenario and data is stored, so the cost of one more referral, "
    "and whether the weight of a driver of the need would reverse this, are not told."
)


def assumption_rows(sizing: Sizing) -> str:
    """List what the need would be with the weight of each driver at the ends of its range."""
    rows = assumptions(sizing)
    return table(
        rows.assign(driver=rows["driver"].map(DRIVERS)),
        "Hours of family work needed in a year, with the weight of one driver at an end of its "
        "range",
        labels={
            "driver": "Driver whose weight changes",
            "need_hours_low": "Hours at the lower end",
            "need_hours_high": "Hours at the upper end",
        },
        note="All other weights stay as they are. Ranges: page Sources, settings that begin with "
        "need.",
    )


def _name(sizing: Sizing, establishment: str) -> str:
    rows = sizing.workers
    return str(rows.loc[rows["establishment"] == establishment, "name"].iloc[0])

"""The three questions that people bring, each answered from what is stored.

Every answer is read from small files, so that the first page is quick: summaries, the equality
table and the measures of the whole estate.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from data.words import ESTATE
from scenarios.circulation.suppress import Counts
from scenarios.display import charts, listings, views, wording
from scenarios.display.charts import Figure
from scenarios.display.markup import Number, quantity, table, without_hidden
from scenarios.display.views import ALL, FAR_MILES
from scenarios.display.workers import enough, estate, not_reached, not_reached_apart

if TYPE_CHECKING:
    from scenarios.results import Results

MEASURES = (
    "wait_days_median", "wait_days_p90", "requests_unmet_share", "no_contact_share",
    "regular_contact_share", "school_hours_missed", "family_need_hours", "worker_hours",
    "worker_hours_unmet", "worker_days_to_first_contact_p90", "worker_need_met_share",
    "worker_referrals", "worker_people_helped", "family_latent_hours",
)  # fmt: skip
"""Measures of the whole estate that the answers use."""

GROUPS = (ALL, "sex", "session_kind", "region")
SEXES = ("men", "women")
WHEN = {"_today": "before", "": "after"}
"""Endings of our columns for today and for the run, and the column of the table of groups."""

IN_RUN = "In this plan"

VISITS_NOT_TRIED = (
    "Whether an assumption would reverse what this plan does to visits has not been checked: "
    "start that study under Compare, beside the run of today."
)
LEVELS_NOT_TRIED = (
    "These figures rest on assumptions, and no study moves them by themselves. Whether an "
    "assumption would reverse what a change does to them is checked under Compare, once the "
    "change has been played."
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Answer:
    """The answer to a question: one sentence, headline numbers, one picture and its table."""

    sentence: str
    numbers: list[Number]
    figure: Figure
    table_html: str


def estate_measures(folder: Path) -> pd.DataFrame:
    """Read the mean and 95% interval of ``MEASURES`` for the whole estate.

    Parameters
    ----------
    folder
        Run folder; only the rows that are needed are read.

    Returns
    -------
    DataFrame
        Columns of :func:`simulation.replicate.intervals`, for ``GROUPS``.
    """
    import pyarrow.parquet as pq

    from simulation.replicate import intervals

    rows = pq.read_table(
        folder / "measures.parquet",
        filters=[
            ("establishment", "==", ESTATE),
            ("measure", "in", MEASURES),
            ("group_by", "in", GROUPS),
        ],
        use_threads=False,
    )
    return intervals(rows.to_pandas())


# Who should be held where?


def held(results: Results, equality: pd.DataFrame, *, circulate: bool = False) -> Answer:
    """Say how far from home people are, and what a plan would change.

    Parameters
    ----------
    results
        A run of today's estate or of a plan.
    equality
        Its table of groups, as stored.
    circulate
        Whether small counts of people are kept back, for readers who are no planners.
    """
    far = _far(equality)
    told = without_hidden(far, FAR) if circulate else far
    further = views.further(results, circulate=circulate) if views.is_plan(results) else {}
    return Answer(
        sentence=_held_sentence(results, told, further),
        numbers=_held_numbers(results, told, further),
        figure=_held_figure(results, told),
        table_html=_held_table(results, far, circulate),
    )


def _far(equality: pd.DataFrame) -> pd.DataFrame:
    """Count people beyond each distance: who, people, then over_50_today, over_50 and so on."""
    wide = equality[equality["group_by"].isin([ALL, "sex"])].set_index(["group", "measure"])
    known = {when: wide[column].to_dict() for when, column in WHEN.items()}
    rows = []
    for who in (ALL, *SEXES):
        if (who, "people") not in known[""]:
            continue
        row: dict[str, Any] = {"who": "everybody" if who == ALL else who}
        for when, values in known.items():
            people = float(values[who, "people"])
            row[f"people{when}"] = people
            for miles in FAR_MILES:
                share = float(values[who, f"over_{miles}_miles_share"])
                # where nobody has a place there is no share
                row[f"over_{miles}{when}"] = round(share * people) if math.isfinite(share) else 0
        rows.append(row)
    return pd.DataFrame(rows)


def _held_sentence(results: Results, far: pd.DataFrame, further: Mapping[str, Any]) -> str:
    everybody = far.iloc[0]
    over, hundred = (wording.only(everybody[f"over_{miles}_today"]) for miles in FAR_MILES)
    people = wording.only(everybody["people_today"])
    today = (
        f"Today {over} of {people} people are held more than 50 miles "
        f"from home and {hundred} more than 100"
    )
    if not views.is_plan(results):
        return f"{today}."
    miles = views.row_for(results, "distance")
    return (
        f"{today}. With {wording.told(further['moved'], 'move')} it would be "
        f"{wording.only(everybody['over_50'])} and {wording.only(everybody['over_100'])}: "
        f"{miles['straight_miles']:.1f} miles on average instead of "
        f"{miles['straight_miles_today']:.1f}."
    )


def _held_numbers(results: Results, far: pd.DataFrame, further: Mapping[str, Any]) -> list[Number]:
    plan = views.is_plan(results)
    cards = [_far_card(far, miles, plan=plan) for miles in FAR_MILES]
    if not plan:
        row = views.row_for(results, "distance")
        date = wording.day(results.holds_for["date"])
        return [
            *cards,
            Number(
                label="Distance from home",
                value=f"{row['straight_miles_today']:.1f}",
                unit="miles on average",
                note=f"In a straight line, on {date}. Exact for these people.",
            ),
        ]
    most = further["most_miles_further"]
    longest = "" if most != most else f"The longest step away is {most:.0f} miles. "
    return [
        *cards,
        Number(
            label="Nearer and further",
            value=wording.only(further["nearer"]),
            unit="people would be nearer",
            change=f"{wording.people(further['further'])} would be further away",
            note=f"{longest}{_gap(results)}",
        ),
    ]


def _gap(results: Results) -> str:
    gap = results.allocation["gap"]
    date = wording.day(results.holds_for["date"])
    if gap is None:
        return f"Data of {date}; without a proof."
    if gap == 0:
        return f"Data of {date}; no plan can cost less by its weights (gap 0)."
    return f"Data of {date}; gap to the best possible at most {wording.share(gap)}."


def _far_card(far: pd.DataFrame, miles: int, *, plan: bool) -> Number:
    column = f"over_{miles}" if plan else f"over_{miles}_today"
    whole = far.iloc[0]
    apart = [
        f"{wording.only(row[column])} {row['who']}"
        for _, row in far.iloc[1:].iterrows()
        if row["people"]
    ]
    return Number(
        label=f"More than {miles} miles from home",
        value=wording.only(whole[column]),
        unit="people",
        change=f"{wording.only(whole[f'over_{miles}_today'])} today" if plan else "",
        note=f"{' and '.join(apart)}." if apart else "",
    )


def _held_figure(results: Results, far: pd.DataFrame) -> Figure:
    """Draw the people held far from home; hidden counts are not drawn."""
    cases = {"_today": "Today"} | ({"": IN_RUN} if views.is_plan(results) else {})
    whole = far.fillna(0).iloc[0]
    rows = [
        {"band": f"over {miles}", "case": name, "people": int(whole[f"over_{miles}{when}"])}
        for miles in FAR_MILES
        for when, name in cases.items()
    ]
    return charts.distance_bars(
        pd.DataFrame(rows),
        axis="Straight-line miles from home",
        title="People held far from home",
        note=wording.source(results, drawn=False),
    )


def _held_table(results: Results, far: pd.DataFrame, circulate: bool) -> str:
    labels = {"people_today": "People", "over_50_today": "Over 50 miles today"}
    if views.is_plan(results):
        labels |= {"over_50": "Over 50 miles in this plan"}
    labels |= {"over_100_today": "Over 100 miles today"}
    if views.is_plan(results):
        labels |= {"over_100": "Over 100 miles in this plan"}
    counts = list(FAR.columns)
    shown = far.assign(label=far["who"].str.capitalize())
    shown[counts] = shown[counts].astype(int)
    return table(
        shown,
        "People held far from home",
        labels={"label": "Who"} | labels,
        counts=FAR,
        circulate=circulate,
    )


FAR = Counts(
    columns=(
        *("people_today", "over_50_today", "over_100_today"),
        *("people", "over_50", "over_100"),
    ),
    within={
        "over_50_today": "people_today",
        "over_100_today": "over_50_today",
        "over_50": "people",
        "over_100": "over_50",
    },
    totals={"who": "everybody"},
    by=("who",),
)
"""How people held far from home are counted, also where only today is told."""


# How many family workers?


def family_workers(results: Results, measures: pd.DataFrame, sizing: Path | None) -> Answer:
    """Set the need for family work beside what is funded, and say what a sizing found.

    Parameters
    ----------
    results, measures
        A run, and its :func:`estate_measures`.
    sizing
        Folder of the newest sizing of family workers for the same scenario and data, where there
        is one.
    """
    regions = _regions(measures)
    return Answer(
        sentence=_workers_sentence(measures, sizing),
        numbers=[
            _card(measures, "family_need_hours", "Hours of family work needed", "hours a year"),
            _card(
                measures,
                "worker_hours_unmet",
                "Hours never done",
                "of what is asked for, hours a year",
                apart="for",
            ),
            _card(
                measures,
                "worker_days_to_first_contact_p90",
                "Wait for a family worker",
                "days; of those reached, one referral in ten waits longer",
                apart="for",
                also=_not_reached(measures),
                more=_not_reached_apart(measures),
            ),
        ],
        figure=charts.ranked_bars(
            regions,
            label="region",
            value="unmet",
            unit="Hours asked for and never done in the year",
            title="Hours of family work that are asked for and never done in the year, by region",
            note=wording.source(results, drawn=True),
        ),
        table_html=table(
            regions,
            "Hours of family work in the year, by region",
            labels={
                "region": "Region",
                "need": "Needed",
                "funded": "Funded",
                "unmet": "Asked for and never done",
            },
        ),
    )


def would_latent_need_turn_it(measures: pd.DataFrame) -> str:
    """Say whether need that no record tells of would turn the answer about family workers.

    Parameters
    ----------
    measures
        :func:`estate_measures` of a run.

    Returns
    -------
    str
        Empty where the run does not count that need.
    """
    whole = estate(measures)
    needed = {"family_need_hours", "worker_hours", "family_latent_hours"}
    return enough(whole) if needed <= whole.keys() else ""


def _not_reached(measures: pd.DataFrame) -> str:
    """Say what share of referrals nobody reached; nothing where the run does not have it."""
    whole = measures[measures["group_by"] == ALL].set_index("measure")["mean"]
    made = float(whole.get("worker_referrals", 0.0))
    return not_reached(made, float(whole.get("worker_people_helped", math.nan)))


def _not_reached_apart(measures: pd.DataFrame) -> str:
    """Say the same of men and of women."""
    rows = measures[measures["group_by"] == "sex"]
    mean = rows.pivot_table(index="group", columns="measure", values="mean")
    names = ["worker_referrals", "worker_people_helped"]
    told = mean.reindex(index=list(SEXES), columns=names).dropna()
    return not_reached_apart(
        {str(sex): (float(made), float(reached)) for sex, made, reached in told.itertuples()}
    )


def _workers_sentence(measures: pd.DataFrame, sizing: Path | None) -> str:
    need, funded, unmet = (
        _row(measures, name)["mean"]
        for name in ("family_need_hours", "worker_hours", "worker_hours_unmet")
    )
    said = (
        f"The people held need {need:,.0f} hours of family work a year and workers are there for "
        f"{funded:,.0f}; {unmet:,.0f} hours of what is asked for are never done."
    )
    found = None if sizing is None else _sized(sizing)
    if found is None:
        return said
    return (
        f"{said} For {100 * found['share']:.0f}% of referrals to be reached within "
        f"{found['days']:.0f} days, at least {found['needed']:,.1f} caseworkers are needed at "
        f"{wording.count(found['prisons'], 'prison')}, where {found['today']:,.1f} work today."
    )


def _sized(folder: Path) -> dict[str, float] | None:
    """Read what a sizing found for its target; ``None`` when it cannot be read."""
    try:
        rows = pd.read_csv(folder / "workers.csv")
        asked = json.loads((folder / "family_workers.json").read_text(encoding="utf-8"))
        counted = rows[rows["fte_for_target"].notna()]
        return {
            "share": float(asked["target_share"]),
            "days": float(asked["target_days"]),
            "needed": float(counted["fte_for_target"].sum()),
            "today": float(counted["fte_today"].sum()),
            "prisons": float(len(counted)),
        }
    except (OSError, ValueError, KeyError):
        return None


def _regions(measures: pd.DataFrame) -> pd.DataFrame:
    """Give need, funded and unmet hours by region, most unmet first."""
    rows = measures[measures["group_by"] == "region"]
    wide = rows.pivot_table(index="group", columns="measure", values="mean")
    names = {"family_need_hours": "need", "worker_hours": "funded", "worker_hours_unmet": "unmet"}
    shown = wide.reindex(columns=list(names)).rename(columns=names)
    shown = shown.sort_values("unmet", ascending=False)
    return shown.rename_axis("region").reset_index()


# What if visits ran differently?


def visits(results: Results, measures: pd.DataFrame) -> Answer:
    """Say how long families wait, who is refused and who has no contact.

    Parameters
    ----------
    results, measures
        A run, and its :func:`estate_measures`.
    """
    waits = views.waits_by_kind(measures)
    return Answer(
        sentence=_visits_sentence(measures),
        numbers=[
            _card(
                measures,
                "no_contact_share",
                "No visit or video call in four weeks",
                "of people",
                apart="of",
            ),
            _card(
                measures,
                "regular_contact_share",
                "More than one visit or video call in four weeks",
                "of people",
                apart="of",
            ),
            _card(
                measures,
                "requests_unmet_share",
                "Requests turned away",
                "of requests",
                apart="for",
            ),
            _card(
                measures,
                "school_hours_missed",
                "School that children miss",
                "hours a year",
                apart="for",
            ),
        ],
        figure=charts.intervals(
            waits,
            label="kind",
            series="measure_label",
            unit="Days from asking to the visit",
            title="Days families wait for a visit, by kind of session",
            note=f"{wording.source(results, drawn=True)} {wording.interval_lines(results)}",
            number_format=",.0f",
        ),
        table_html=listings.waits(waits),
    )


def _visits_sentence(measures: pd.DataFrame) -> str:
    half, nine, unmet = (
        _row(measures, name)["mean"]
        for name in ("wait_days_median", "wait_days_p90", "requests_unmet_share")
    )
    return (
        f"Half of visits come within {half:.0f} days of asking and nine in ten within {nine:.0f}; "
        f"{wording.share(unmet)} of requests are turned away for good."
    )


def _card(
    measures: pd.DataFrame,
    measure: str,
    label: str,
    unit: str,
    *,
    apart: str = "",
    also: str = "",
    more: str = "",
) -> Number:
    """Show a measure with its interval, men and women apart where asked, and what else is said.

    Parameters
    ----------
    apart
        The word between a number and men or women, where they are told apart.
    also
        What is said below the number; men and women then stand in the note.
    more
        What the note says of men and women besides.
    """
    row = _row(measures, measure)
    of_sex = _apart(measures, measure, apart) if apart else ""
    beside = f"{of_sex}. {more}".strip() if of_sex and also else ""
    return Number(
        label=label,
        value=quantity(row["mean"], measure),
        unit=unit,
        change=also or of_sex,
        note=f"{wording.estimate(row)} {beside}".strip(),
    )


def _apart(measures: pd.DataFrame, measure: str, word: str) -> str:
    of_sex = measures[(measures["group_by"] == "sex") & (measures["measure"] == measure)]
    told = [
        f"{quantity(float(row['mean']), measure)} {word} {row['group']}"
        for row in wording.records(of_sex)
        if row["group"] in SEXES
    ]
    return " and ".join(told)


def _row(measures: pd.DataFrame, measure: str) -> Mapping[str, Any]:
    """Give a measure of everybody; what a run never counted is missing."""
    rows = measures[(measures["group_by"] == ALL) & (measures["measure"] == measure)]
    if not len(rows):
        nothing = float("nan")
        return {
            "measure": measure,
            "mean": nothing,
            "low": nothing,
            "high": nothing,
            "replications": 1,
        }
    return wording.records(rows)[0]

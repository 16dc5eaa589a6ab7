"""The tables of a run as HTML: each view of ``views`` with its caption and headings.

With ``circulate`` on, counts of one or two people are hidden, for what leaves the building.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from scenarios.circulation.suppress import NOBODY, Counts
from scenarios.circulation.written import Written, unit_of
from scenarios.comparing.verdict import way
from scenarios.display import cells, views, wording
from scenarios.display.markup import DASH, table

if TYPE_CHECKING:
    from scenarios.comparing.compare import Comparison
    from scenarios.results import Results
    from scenarios.settings import Setting


def prisons(by_prison: pd.DataFrame, *, is_plan: bool, circulate: bool = False) -> str:
    """List the prisons with the people they hold and how far from home.

    For circulation the people in the plan are left out, as in :func:`arrivals_and_departures`.
    """
    labels = {"name": "Prison", "people_today": "People today"}
    if is_plan and not circulate:
        labels["people_plan"] = "People in this run"
    labels["straight_miles_today"] = "Average miles today"
    if is_plan:
        labels |= {
            "straight_miles": "Average miles in this run",
            "change_miles": "Change in miles",
        }
    return table(
        by_prison,
        "People held and their average miles from home, by prison",
        labels=labels,
        scroll=True,
        counts=views.prison_counts(circulate=circulate),
        circulate=circulate,
    )


def furthest(by_prison: pd.DataFrame, when: str, rows: int = 10, *, circulate: bool = False) -> str:
    """List the prisons that hold people furthest from home, or where that changes most.

    For circulation without the people in a plan, as in :func:`arrivals_and_departures`.

    Parameters
    ----------
    when
        ``today``, ``plan`` or ``change``, as on the map.
    rows
        How many prisons.
    """
    held, column, head = {
        "today": ("people_today", "straight_miles_today", "Average miles"),
        "plan": ("people_plan", "straight_miles", "Average miles"),
        "change": ("people_plan", "change_miles", "Change in miles"),
    }[when]
    most = by_prison[by_prison[held] > 0].dropna(subset=column)
    order = most[column].abs() if when == "change" else most[column]
    chosen = most.loc[order.sort_values(ascending=False, kind="stable").index[:rows]]
    caption = (
        "where the average distance from home changes most"
        if when == "change"
        else f"whose people are furthest from home {'today' if when == 'today' else 'in this run'}"
    )
    labels = {"name": "Prison", held: "People", column: head}
    if circulate and held != "people_today":
        del labels[held]
    return table(
        chosen,
        f"The {len(chosen)} prisons {caption}",
        labels=labels,
        counts=views.prison_counts(circulate=circulate),
        circulate=circulate,
        whole=by_prison,
    )


def nearer_and_further(results: Results, *, circulate: bool = False) -> str:
    """List how many people end nearer and further, men and women apart.

    How much further the furthest ends is one person's own distance: a file tells no more decimals
    of it than a page, since many would name home area and prisons.
    """
    rows = pd.DataFrame(results.summary["further"])
    return table(
        rows.assign(
            sex=rows["sex"].map(_who), most_miles_further=rows["most_miles_further"].round(1)
        ),
        "People who end nearer to home and further from it, and by how many miles",
        labels={
            "sex": "Who",
            "people": "People",
            "moved": "Move",
            "nearer": "Nearer",
            "mean_miles_nearer": "Average miles nearer",
            "further": "Further",
            "mean_miles_further": "Average miles further",
            "most_miles_further": "Most miles further",
        },
        counts=views.further_counts(EVERYBODY),
        circulate=circulate,
    )


def extra_miles(placed: pd.DataFrame, *, circulate: bool = False) -> str:
    """List how many people end further from home, by how much further."""
    rows = views.who_is_further(placed)
    sexes = [column for column in rows.columns if column != "band"]
    return table(
        rows,
        "Number of people who end further from home, by extra miles",
        labels={"band": "Extra miles"} | {sex: sex.capitalize() for sex in sexes},
        counts=views.extra_counts(rows),
        circulate=circulate,
    )


def distances(placed: pd.DataFrame, *, is_plan: bool, circulate: bool = False) -> str:
    """List how many people are held at each distance from home."""
    labels = {"band": "Miles from home", "people_today": "People today"}
    if is_plan:
        labels["people_plan"] = "People in this run"
    return table(
        views.distance_bands(placed),
        "Number of people by miles from home, in a straight line",
        labels=labels,
        counts=views.BANDS,
        circulate=circulate,
    )


def far_from_home(placed: pd.DataFrame, *, is_plan: bool, circulate: bool = False) -> str:
    """List the share of people held more than 50 and 100 miles from home."""
    labels = {"who": "Who", "people": "People"}
    for miles in views.FAR_MILES:
        labels[f"beyond_{miles}_miles_today_share"] = f"Beyond {miles} miles today"
        if is_plan:
            labels[f"beyond_{miles}_miles_plan_share"] = f"Beyond {miles} miles in this run"
    rows = views.far_from_home(placed)
    return table(
        rows.assign(who=rows["who"].str.capitalize()),
        "Share of people held far from home, in per cent",
        labels=labels,
        counts=Counts(
            columns=("people",),
            totals={"who": EVERYBODY},
            by=("who",),
            shares={name: "people" for name in labels if name.endswith("_share")},
        ),
        circulate=circulate,
    )


def moves_by_reason(placed: pd.DataFrame, *, circulate: bool = False) -> str:
    """List the moves by their reason."""
    return table(
        _by_reason(placed),
        "Number of moves by reason, and what they do to miles from home",
        labels={
            "reason": "Reason",
            "moves": "Moves",
            "nearer": "Nearer home",
            "further": "Further from home",
            "mean_change_miles": "Average change in miles",
        },
        counts=REASONS,
        circulate=circulate,
        note=wording.REASONS_NOTE,
    )


REASONS = Counts(
    columns=("moves", "nearer", "further"),
    adds_up={"moves": ("nearer", "further")},
    by=("reason",),
    follows={"mean_change_miles": "moves", "mean_miles_further": "further"},
)
"""How moves are counted by their reason."""


def _by_reason(placed: pd.DataFrame) -> pd.DataFrame:
    rows = views.moves_by_reason(placed)
    return rows.assign(reason=rows["reason"].map(wording.words).str.capitalize())


def further_by_reason(placed: pd.DataFrame, *, circulate: bool = False) -> str:
    """List why people end further from home: the reason of their move, and by how many miles."""
    rows = _by_reason(placed)
    worse = rows[rows["further"] > 0].sort_values("further", ascending=False, kind="stable")
    return table(
        worse,
        "Number of people who end further from home, by the reason of their move",
        labels={
            "reason": "Reason",
            "further": "People further from home",
            "mean_miles_further": "Average miles further",
        },
        counts=REASONS,
        circulate=circulate,
        whole=rows,
        note=wording.REASONS_NOTE,
    )


PART_OF_PRICE = "Of that, "
"""How the words of a part of the price of moves begin."""


def moves_account(moves: pd.DataFrame, *, circulate: bool = False) -> str:
    """List what the moves give families and what they cost and destroy, by part.

    A sum over one or two people tells of them what a count would: it is hidden where their number
    would be, and so is another part of the price from which it could be worked out.
    """
    rows = []
    for number, (columns, (what, total, each)) in enumerate(wording.MOVE_PARTS.items()):
        if set(columns) <= set(moves.columns) and len(moves):
            values = moves[list(columns)].sum(axis=1)
            unit = unit_of(columns[0])
            whole, mean = float(values.sum()), float(values.mean())
            counted = "parts" if what.startswith(PART_OF_PRICE) else f"row_{number}"
            rows.append(
                {
                    "what": what,
                    "total": Written(words=total(whole), value=whole, unit=unit),
                    "each": Written(words=each(mean), value=mean, unit=unit),
                    "counted": counted,
                    "people": int((moves[list(columns)] != 0).any(axis=1).sum()),
                }
            )
    told = pd.DataFrame(rows, columns=["what", "total", "each", "counted", "people"])
    # parts of one price add up; of the other rows none is the sum of others
    names = tuple(told["counted"].unique())
    people = {name: told["people"].where(told["counted"] == name, 0) for name in names}
    return table(
        told.assign(**people),
        "What the moves give and what they destroy, in pounds, visits and days",
        labels={"what": "What", "total": "All moves", "each": "A move"},
        right=("total", "each"),
        note=wording.MOVE_NOTE,
        counts=Counts(columns=names, by=("what",), follows=dict.fromkeys(("total", "each"), names)),
        circulate=circulate,
    )


def arrivals_and_departures(by_prison: pd.DataFrame, *, circulate: bool = False) -> str:
    """List how many people each prison would receive and send.

    For circulation the people in the plan are left out, from whom hidden moves could be worked out.
    """
    labels = {
        "name": "Prison",
        "people_today": "People today",
        "arrive": "Arrive",
        "leave": "Leave",
        "people_plan": "People in this run",
    }
    if circulate:
        del labels["people_plan"]
    return table(
        by_prison[(by_prison["arrive"] > 0) | (by_prison["leave"] > 0)],
        "Number of people each prison would receive and send",
        labels=labels,
        scroll=True,
        counts=views.prison_counts(circulate=circulate),
        circulate=circulate,
        whole=by_prison,
    )


def headline(results: Results) -> str:
    """List the headline measures of a run with their intervals."""
    rows = pd.DataFrame(
        [
            {
                "label": row["label"],
                "value": cells.value(row["mean"], row["measure"]),
                "interval": cells.interval(row) if row["replications"] else "exact",
            }
            for row in results.summary["headline"]
        ],
        columns=["label", "value", "interval"],
    )
    return table(
        rows,
        "Headline measures of the whole estate, with their 95% intervals",
        labels={"label": "Measure", "value": "Value", "interval": "95% interval"},
        right=("value", "interval"),
    )


def families(results: Results) -> str:
    """List what families would spend and gain, today and in this run."""
    account = results.summary["families"]
    rows = [
        {"what": what}
        | {
            name: Written(words=form(number), value=float(number), unit=unit_of(key))
            for name in ("today", "plan")
            if (number := account[key][name]) is not None
        }
        for key, (what, form) in wording.FAMILY_ROWS.items()
    ]
    return table(
        pd.DataFrame(rows),
        "What the visits that families wish to make would cost them in a year, in pounds and hours",
        labels={"what": "What", "today": "Today", "plan": "In this run"},
        right=("today", "plan"),
        note=wording.FAMILY_NOTE,
    )


def payers(results: Results, baseline: Results | None = None) -> str:
    """List who pays what, today and in this run.

    Parameters
    ----------
    results
        A run.
    baseline
        The run of today's estate that played the same families, which knows what a run of another
        scenario cannot.
    """
    known = (
        {} if baseline is None else {_line(row): row["plan"] for row in baseline.summary["payers"]}
    )
    told = [row | _since(row, known.get(_line(row))) for row in results.summary["payers"]]
    rows = pd.DataFrame(
        [
            {
                "payer": wording.words(row["payer"]).capitalize(),
                "item": wording.words(row["item"]),
                "today": cells.amount(row["today"], row["measure_unit"]),
                "plan": cells.amount(row["plan"], row["measure_unit"]),
                "change": cells.amount(row["change"], row["measure_unit"], signed=True),
                "confidence": row["confidence"],
            }
            for row in told
        ]
    )
    return table(
        rows,
        "Who pays what in a year",
        labels={
            "payer": "Who",
            "item": "What",
            "today": "Today",
            "plan": "In this run",
            "change": "Change",
            "confidence": "How well known",
        },
        right=("today", "plan", "change"),
        note=wording.PAYER_NOTE,
    )


def _line(row: Mapping[str, Any]) -> tuple[str, str]:
    return row["payer"], row["item"]


def _since(row: Mapping[str, Any], today: float | None) -> dict[str, Any]:
    """Fill in what a line of the payer table was today, where its own run does not know."""
    if row["today"] is not None or today is None:
        return {}
    return {"today": today, "change": row["plan"] - today}


def worth(rows: pd.DataFrame, *, circulate: bool = False) -> str:
    """List the units where one place more is worth most.

    For circulation without the people in a plan, as in :func:`arrivals_and_departures`.
    """
    labels = {
        "name": "Unit",
        "places": "Places",
        "held": "People held",
        "value_of_one_more_gbp": "One more saves",
        "cost_of_one_fewer_gbp": "One fewer costs",
    }
    if circulate:
        del labels["held"]
    return table(
        rows,
        "Weighted pounds that one place more would save, and one fewer would cost",
        labels=labels,
        counts=Counts(columns=("held",), by=("name",)),
    )


def terms(results: Results) -> str:
    """List the terms of the weighted cost."""
    rows = pd.DataFrame(
        [
            {"term": wording.term(name), "weighted_gbp": float(value)}
            for name, value in results.allocation["terms"].items()
        ],
        columns=["term", "weighted_gbp"],
    )
    return table(
        rows,
        "The weighted cost by term, in weighted pounds",
        labels={"term": "Term", "weighted_gbp": "Weighted pounds"},
    )


def measures(estate: pd.DataFrame) -> str:
    """List every measure of the whole estate with its interval.

    Parameters
    ----------
    estate
        The table of :func:`scenarios.display.views.estate_measures`.
    """
    rows = pd.DataFrame(
        [
            {
                "measure": wording.measure(row["measure"]),
                "value": replace(cells.value(row["mean"], row["measure"]), unit=""),
                "interval": replace(cells.interval(row), unit=""),
                "unit": row["measure_unit"],
            }
            for row in wording.records(estate)
        ]
    )
    return table(
        rows,
        "Every measure for the whole estate, in a year, with its 95% interval",
        labels={"measure": "Measure", "value": "Value", "interval": "95% interval", "unit": "Unit"},
        right=("value", "interval"),
        scroll=True,
    )


def waits(rows: pd.DataFrame) -> str:
    """List the waits of the estate by kind of session.

    Parameters
    ----------
    rows
        The table of :func:`scenarios.display.views.waits_by_kind`.
    """
    shown = pd.DataFrame(
        {
            "kind": rows["kind"],
            "measure": rows["measure_label"],
            "wait_days": rows["value"],
            "interval": cells.column(
                cells.interval(row | {"mean": row["value"]}) for row in wording.records(rows)
            ),
        }
    )
    return table(
        shown,
        "Days families wait for a visit, by kind of session",
        labels={
            "kind": "Session",
            "measure": "Measure",
            "wait_days": "Days",
            "interval": "95% interval",
        },
    )


def outcomes(rows: pd.DataFrame) -> str:
    """List what becomes of requests for a visit."""
    shown = pd.DataFrame(
        {
            "outcome": rows["outcome"].map(wording.OUTCOMES),
            "requests": rows["requests"],
            "interval": cells.column(
                cells.interval(row | {"measure": "requests", "mean": row["requests"]})
                for row in wording.records(rows)
            ),
            "share_share": rows["share"],
        }
    )
    return table(
        shown,
        "What becomes of requests for a visit, in a year",
        labels={
            "outcome": "Outcome",
            "requests": "Requests",
            "interval": "95% interval",
            "share_share": "Share of requests",
        },
    )


GROUP_MEASURES = {
    "visits_per_prisoner_per_four_weeks": "visits_per_prisoner",
    "wait_days_median": "wait_days",
    "requests_unmet_share": "requests_unmet_share",
    "regular_contact_share": "regular_contact_share",
    "no_contact_share": "no_contact_share",
}


def by_group(estimates: pd.DataFrame, group_by: str, caption: str) -> str:
    """List visits, waits and contact for groups of people."""
    rows, note = _levels_by_group(estimates, group_by, GROUP_MEASURES)
    labels = {
        "visits_per_prisoner": "Visits each in four weeks",
        "wait_days": "Median wait, days",
        "requests_unmet_share": "Requests turned away for good",
        "regular_contact_share": "In regular contact",
        "no_contact_share": "No visit or video call in four weeks",
    }
    return table(rows, caption, labels={"group": "People"} | labels, right=tuple(labels), note=note)


def _levels_by_group(
    estimates: pd.DataFrame, group_by: str, names: Mapping[str, str]
) -> tuple[pd.DataFrame, str]:
    """Write measures of groups with their intervals, and say over how many years they are."""
    rows = views.by_group(estimates, group_by, names)
    told = pd.DataFrame(
        {
            column: [
                cells.level(row) for row in wording.records(rows[measure].assign(measure=measure))
            ]
            for measure, column in names.items()
        },
        index=rows.index,
        dtype="object",
    )
    played = rows.xs("replications", axis=1, level=1).to_numpy(dtype="float64")
    years = int(max(played[played == played], default=0))
    over = wording.count(years, "simulated year")
    note = (
        f"In brackets the 95% interval, over {over}. {wording.WHERE_SAME}"
        if years > 1
        else f"Means, without intervals, over {over}."
    )
    groups = [wording.group(group) for group in rows.index]
    told.insert(0, "group", groups)
    return told.reset_index(drop=True), note


MOVE_MEASURES = {
    "people": "people",
    "visits_per_prisoner_per_four_weeks": "visits_per_prisoner",
    "regular_contact_share": "regular_contact_share",
    "no_contact_share": "no_contact_share",
    "attempts_before_approval": "before_approval",
    "bookings_fell": "fell",
}


def since_move(estimates: pd.DataFrame, *, circulate: bool = False) -> str:
    """List the contact of people in the weeks after a transfer; empty where nobody is moved."""
    people = views.by_group(estimates, "since_move", {"people": "people"})["people"]
    if not (people["mean"].drop("not_moved", errors="ignore") > 0).any():
        return ""
    rows, note = _levels_by_group(estimates, "since_move", MOVE_MEASURES)
    labels = {
        "people_level": "People",
        "visits_per_prisoner": "Visits each in four weeks",
        "regular_contact_share": "In regular contact",
        "no_contact_share": "No visit or video call in four weeks",
        "before_approval": "Attempts to book before visitors are approved",
        "fell": "Bookings lost to a move",
    }
    return table(
        rows.rename(columns={"people": "people_level"}).assign(people=people["mean"].to_numpy()),
        "Contact after a move in the year; people are counted by the time they are there",
        labels={"group": "When"} | labels,
        right=tuple(labels),
        note=note,
        counts=Counts(columns=("people",), by=("group",), follows={"people_level": "people"}),
        circulate=circulate,
    )


def visits_by_prison(rows: pd.DataFrame, *, circulate: bool = False) -> str:
    """List how full halls and video stations are, and the waits, prison by prison.

    For circulation with the people held today, as in :func:`arrivals_and_departures`.
    """
    held = "people_today" if circulate else "people_plan"
    return table(
        rows,
        "Visits and video calls by prison: use of places, waits in days, requests turned away",
        labels={
            "name": "Prison",
            held: "People today" if circulate else "People",
            "visits_per_prisoner": "Visits each in four weeks",
            "hall_use_share": "Tables used",
            "wait_days": "Median wait, days",
            "requests_unmet_share": "Requests turned away for good",
            "video_use_share": "Video places used",
            "called_share": "People with a call",
        },
        scroll=True,
        counts=views.PEOPLE_OF_PRISONS,
        circulate=circulate,
    )


def units(results: Results, establishments: pd.DataFrame, *, circulate: bool = False) -> str:
    """List every unit: its places, the people held and what one place more is worth.

    For circulation without the people in a plan, as in :func:`arrivals_and_departures`.
    """
    names = establishments.set_index("establishment")["name"]
    rows = results.units
    labels = {
        "unit": "Unit",
        "name": "Prison",
        "places": "Places",
        "in_use_cna": "In-use CNA",
        "held": "People held",
    }
    if views.is_plan(results):
        labels |= {
            "value_of_one_more_gbp": "One more saves",
            "cost_of_one_fewer_gbp": "One fewer costs",
        }
        if circulate:
            del labels["held"]
    return table(
        rows.assign(name=rows["establishment"].map(names).fillna(rows["establishment"])),
        "Places and people held in every unit"
        + (
            ", with the weighted pounds of one place more and one fewer"
            if views.is_plan(results)
            else ""
        ),
        labels=labels,
        scroll=True,
        counts=Counts(columns=("held",), by=("unit",)),
        circulate=circulate,
    )


def changes(rows: pd.DataFrame) -> str:
    """List the settings that a scenario changes."""
    return table(
        _explained(rows),
        "Settings this scenario changes",
        labels=_LINE | {"before": "In the baseline", "after": "Here"},
    )


def lines_that_differ(comparison: Comparison) -> str:
    """List the settings that differ between two runs, as their files have them."""
    return table(
        _explained(comparison.lines),
        "Lines of the files that differ, each with what it means",
        labels=_LINE | {"before": comparison.before, "after": comparison.after},
    )


def differences(rows: pd.DataFrame, heads: tuple[str, str] = ("First run", "Second run")) -> str:
    """List the differences of the headline measures with their intervals and verdicts.

    Parameters
    ----------
    rows
        The table of :func:`scenarios.display.views.headline_differences`.
    heads
        What the two runs are called.
    """
    shown = pd.DataFrame(
        [
            {
                "label": row["label"],
                "before": cells.value(row["before"], row["measure"]),
                "after": cells.value(row["after"], row["measure"]),
                "difference": cells.difference(row["difference"], row["measure"]),
                "interval": cells.difference_interval(row),
                "verdict": way(str(row["verdict"]), str(row["measure"])),
            }
            for row in wording.records(rows)
        ]
    )
    return table(
        shown,
        "Headline measures of the whole estate in both runs, and the difference with its interval",
        labels={
            "label": "Measure",
            "before": heads[0],
            "after": heads[1],
            "difference": "Difference",
            "interval": "95% interval",
            "verdict": "Verdict",
        },
        right=("before", "after", "difference", "interval"),
        note=wording.WAITS_NOTE,
    )


def two_distances(
    before: Mapping[str, Any], after: Mapping[str, Any], before_title: str, after_title: str
) -> str:
    """List the mean miles from home in two runs, men and women apart.

    Parameters
    ----------
    before, after
        The summaries of the two runs.
    """
    one, other = (pd.DataFrame(summary["distance"]) for summary in (before, after))
    rows = one[["sex", "straight_miles"]].merge(
        other[["sex", "straight_miles"]], on="sex", suffixes=("_before", "_after")
    )
    shown = pd.DataFrame(
        {
            "who": rows["sex"].map(_who),
            "before_miles": rows["straight_miles_before"],
            "after_miles": rows["straight_miles_after"],
            "change_miles": rows["straight_miles_after"] - rows["straight_miles_before"],
        }
    )
    return table(
        shown,
        "Average miles from home, in a straight line; exact for the placements of each run",
        labels={
            "who": "Who",
            "before_miles": before_title,
            "after_miles": after_title,
            "change_miles": "Change in miles",
        },
    )


def stored_runs(folder: Path) -> str:
    """List the stored runs, the newest first."""
    from scenarios.reading.queries import stored_runs as stored

    rows = stored(folder)
    return table(
        rows.assign(
            folder=[Path(name).name for name in rows["folder"]],
            finished=[wording.moment(str(finished)) for finished in rows["finished"]],
        ),
        wording.count(len(rows), "stored run"),
        labels={
            "title": "Run",
            "status": "Status",
            "seed": "Seed",
            "replications": "Simulated years",
            "finished": "Finished",
            "folder": "Folder",
        },
        counts=NOBODY,
    )


def settings(confidence: str | None = None) -> str:
    """List every setting with its range and source, or those known in one way only."""
    from scenarios.settings import settings as known

    rows = [row for row in known().values() if confidence in (None, row.confidence)]
    return _settings(rows, f"{len(rows)} settings of the baseline")


def export_settings() -> str:
    """List the settings of exports: they say how results are told and change none."""
    from scenarios.settings import export_settings as known

    return _settings(list(known().values()), "How small counts are hidden in exports")


def _settings(rows: list[Setting], caption: str) -> str:
    told = [
        {
            "setting": row.setting,
            "meaning": row.meaning,
            "value": row.text,
            "unit": row.measure_unit,
            "range": f"{row.low} to {row.high}" if row.low is not None else DASH,
            "confidence": row.confidence,
            "source": wording.cited(row.source),
        }
        for row in rows
    ]
    labels = {
        "setting": "Setting",
        "meaning": "Meaning",
        "value": "Value",
        "unit": "Unit",
        "range": "Plausible range",
        "confidence": "How well known",
        "source": "Source",
    }
    return table(pd.DataFrame(told, columns=list(labels)), caption, labels=labels, scroll=True)


def publications() -> str:
    """List the publications behind the tables: publisher, title, date, licence."""
    from data.load import sources

    rows = [
        {
            "key": key,
            **{field: entry.get(field, "") for field in ("publisher", "title", "licence")},
            "date": wording.published(str(entry.get("date", ""))),
        }
        for key, entry in sources().items()
    ]
    labels = {
        "title": "Title",
        "publisher": "Publisher",
        "date": "Date",
        "licence": "Licence",
        "key": "Key",
    }
    return table(
        pd.DataFrame(rows, columns=list(labels)),
        f"{len(rows)} publications",
        labels=labels,
        scroll=True,
    )


def columns(name: str) -> str:
    """List the columns of one input table: type, unit, meaning and source."""
    from data.load import dictionary

    rows = dictionary()
    rows = rows[rows["table"] == name]
    return table(
        rows,
        f"Columns of the table {name}",
        labels={
            "column": "Column",
            "meaning": "Meaning",
            "dtype": "Type",
            "measure_unit": "Unit",
            "allowed_values": "Allowed values",
            "source": "Source",
        },
        scroll=True,
    )


def inputs(results: Results) -> str:
    """List the digests of everything a run was made from."""
    rows = [
        {"input": name, "digest": str(digest)}
        for name, digest in results.provenance["inputs"].items()
    ]
    return table(
        pd.DataFrame(rows, columns=["input", "digest"]),
        "What the run was made from, with the SHA-256 digest of each",
        labels={"input": "Input", "digest": "Digest"},
        scroll=True,
    )


EVERYBODY = "Everybody"
"""The row of a table that is about men and women together."""


_LINE = {"setting": "Setting", "meaning": "What it is"}


def _explained(lines: pd.DataFrame) -> pd.DataFrame:
    """Set beside each setting what it is, and say so where it has no value."""
    from scenarios.settings import settings as known

    meanings = {row.setting: row.meaning for row in known().values()}
    told = {"null": wording.NOT_SET, "": wording.NOT_SET}
    return lines.assign(
        meaning=lines["setting"].map(lambda name: meanings.get(name, "")),
        before=lines["before"].replace(told),
        after=lines["after"].replace(told),
    )


def _who(sex: Any) -> str:
    return EVERYBODY if sex == "all" else str(sex).capitalize()

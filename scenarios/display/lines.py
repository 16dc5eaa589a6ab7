"""Booking lines, safety lines and first days of a run, and the sizing of the national line.

A range is a 95% interval over the simulated years. Minutes are whole minutes on hold of those
answered; days are whole days from the reception, of those for whom it comes so far.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from scenarios.display import cells, charts, markup, vega, wording
from scenarios.display.charts import Figure
from scenarios.display.markup import DASH, Number
from scenarios.display.views import ALL, ESTATE
from scenarios.display.workers import Estimate, table
from scenarios.errors import ScenarioError

if TYPE_CHECKING:
    from scenarios.results import Results

LINE = (
    "line_calls", "line_rings", "line_answer_minutes_median", "line_answer_minutes_p90",
    "line_abandoned_share", "line_busy_share", "line_agent_hours", "line_calls_lost",
    "line_bookings_lost", "line_bookings_lost_share",
)  # fmt: skip

SAFETY = (
    "safety_calls", "safety_answered_live_share", "safety_called_back_in_hour_share",
    "safety_never_reached_share",
)  # fmt: skip

EARLY = (
    "early_receptions", "early_first_night_call_share", "early_too_late_for_call_share",
    "early_too_busy_for_call_share", "early_no_contact_in_72_hours_share",
    "early_no_contact_in_14_days_share", "early_visit_in_14_days_share", "early_find_requests",
    *(
        f"early_{name}_days_{part}"
        for name in ("first_call", "cleared_number", "first_visit", "find_answer")
        for part in ("median", "p90")
    ),
)  # fmt: skip

MEASURES = (*LINE, *SAFETY, *EARLY)
"""Every measure the page reads."""

NOT_MODELLED = (
    "This run does not play the booking lines: families ring until they get through, each call "
    "with the same chance. Choose a run that plays them, such as one of today's estate, or start "
    "one on the page Runs."
)

WHICH_PRISONS = (
    "The national line serves 32 prisons. No list is published: 31 are inferred from the style of "
    "their telephone numbers and one is assumed. Agents, their hours and callers' patience are "
    "assumed too, fitted to the 20 to 83 minutes that the Inspectorate's test callers held."
)

SAFETY_STANDARD = (
    "To answer live, or to call back within the hour, is a standard in itself. No sizing weighs it "
    "against cost."
)

FIND_TARGET_DAYS = 28
"""Find-a-prisoner aims to answer within four weeks (HM Inspectorate of Prisons, March 2026)."""

FLOOR = (
    "Calls to numbers that are cleared, messages and letters after the first are not modelled, so "
    "contact in the first days is a floor."
)

LINES = {"national": "National line", "local": "Lines of single prisons"}

SERVICES = {
    "booking": "Booking a visit",
    "information": "Questions about a visit",
    "find_a_prisoner": "Find-a-prisoner",
    "help_with_visits": "Help with Prison Visits",
    "helpline": "Helpline",
}

WEEKDAYS = {
    "mon": "Monday",
    "tue": "Tuesday",
    "wed": "Wednesday",
    "thu": "Thursday",
    "fri": "Friday",
    "sat": "Saturday",
    "sun": "Sunday",
}

FROM = {"from_court": "From court", "from_another_prison": "From another prison"}

DELAYS = {
    "first_call": "First call",
    "cleared_number": "First cleared number",
    "first_visit": "First visit",
}

PARTS = {"median": "Half within", "p90": "Nine in ten within"}


def estimates_of(
    estimates: pd.DataFrame, group_by: str = ALL, establishment: str = ESTATE
) -> dict[str, dict[str, Estimate]]:
    """Give measures by group, then by name.

    Parameters
    ----------
    estimates
        Mean and interval of measures.
    group_by
        How people or calls are told apart.
    establishment
        Code, or ``ALL`` for the estate.
    """
    rows = estimates[
        (estimates["establishment"] == establishment) & (estimates["group_by"] == group_by)
    ]
    found: dict[str, dict[str, Estimate]] = {}
    for row in rows.to_dict("records"):
        found.setdefault(str(row["group"]), {})[str(row["measure"])] = Estimate(
            mean=float(row["mean"]),
            low=float(row["low"]),
            high=float(row["high"]),
            replications=int(row["replications"]),
        )
    return found


def has_lines(estimates: pd.DataFrame) -> bool:
    """Whether the run played the booking lines."""
    return bool((estimates["measure"] == "line_calls").any())


def line_sentences(of_line: Mapping[str, Mapping[str, Estimate]]) -> list[str]:
    """Say for each kind of line how it is answered, and what comes of calls that are not.

    Parameters
    ----------
    of_line
        Measures by ``national`` and ``local``; one may be missing.
    """
    return [
        f"{LINES[line]}: of those answered, half are answered {_within(told, 'median')} and nine "
        f"in ten {_within(told, 'p90')}. {_told(told, 'line_abandoned_share')} of ringings are "
        f"given up. In a year {_told(told, 'line_calls_lost')} calls to book are never answered. "
        f"For want of an answer {_told(told, 'line_bookings_lost')} requests end unbooked."
        for line in LINES
        if (told := of_line.get(line))
    ]


def _within(told: Mapping[str, Estimate], quantile: str) -> str:
    """Say within how many minutes, or that it is at once."""
    each = told.get(f"line_answer_minutes_{quantile}")
    if each is not None and not markup.shows_more_than_zero(each.told("minutes")):
        return "at once"
    return f"within {_told(told, f'line_answer_minutes_{quantile}')} minutes"


def line_numbers(of_line: Mapping[str, Mapping[str, Estimate]]) -> list[Number]:
    """Give the headline numbers of the lines, national and local side by side.

    Parameters
    ----------
    of_line
        Measures by ``national`` and ``local``; one may be missing.
    """
    cards = []
    for name, (label, unit) in {
        "line_answer_minutes_median": ("Answer time, median", "minutes"),
        "line_answer_minutes_p90": ("Answer time, nine in ten within", "minutes"),
        "line_abandoned_share": ("Ringings given up", "of ringings"),
        "line_busy_share": ("Agents busy", "of their time"),
        "line_bookings_lost_share": ("Bookings lost", "of requests by telephone"),
    }.items():
        told = {LINES[line]: of_line[line][name] for line in LINES if line in of_line}
        first = next(iter(told), "")
        others = [
            f"{line}: {each.told(_name(name))}" for line, each in told.items() if line != first
        ]
        if not first:
            continue
        mean = told[first]
        between = mean.between(_name(name))
        cards.append(
            Number(
                label=label,
                value=mean.told(_name(name)).partition(" (")[0],
                unit=f"{unit}, {first[:1].lower()}{first[1:]}",
                change=f"95% interval {between}." if between else "",
                note=" ".join(
                    each
                    for each in (
                        "; ".join(others) + "." if others else "",
                        _overtime(told.values()) if name == "line_busy_share" else "",
                    )
                    if each
                ),
            )
        )
    return cards


def _overtime(shares: Iterable[Estimate]) -> str:
    """Say how agents can be busy for more than all their time, where some are."""
    if not any(each.mean > 1.0 for each in shares):
        return ""
    return "Above 100% as agents end the call they are on after their shift."


def _name(measure: str) -> str:
    """Name a measure so that its numbers are written with its unit."""
    return measure.replace("_median", "").replace("_p90", "")


def _told(whole: Mapping[str, Estimate], measure: str) -> str:
    each = whole.get(measure)
    return each.told(_name(measure)) if each else DASH


FIRST_LETTERS = "slice(datum.label, 0, 3)"
"""Writes the days of a week so that seven stand side by side on a narrow screen."""

LINE_LABELS = {
    "line_calls": "Calls a year",
    "line_answer_minutes_median": "Minutes, half within",
    "line_answer_minutes_p90": "Minutes, nine in ten within",
    "line_abandoned_share": "Given up",
    "line_busy_share": "Agents busy",
    "line_calls_lost": "Calls to book never answered",
    "line_bookings_lost": "Requests lost, nobody answered",
    "line_bookings_lost_share": "Share of requests lost",
}


def line_rows(estimates: pd.DataFrame, group_by: str) -> str:
    """List the measures of the lines by line or by service, with their ranges.

    Parameters
    ----------
    group_by
        ``line`` or ``line_service``.
    """
    words = LINES if group_by == "line" else SERVICES
    found = estimates_of(estimates, group_by)
    labels = dict(LINE_LABELS)
    if group_by == "line_service":
        del labels["line_busy_share"]
    busy = [
        found[group]["line_busy_share"]
        for group in words
        if "line_busy_share" in labels and "line_busy_share" in found.get(group, {})
    ]
    return _grouped(
        {words[group]: found[group] for group in words if group in found},
        "Calls and answers by " + ("line" if group_by == "line" else "service") + ", in a year",
        "Line" if group_by == "line" else "Service",
        labels,
        note=_overtime(busy),
    )


ALL_LINES = "all lines together"


def _by_month(estimates: pd.DataFrame) -> dict[str, dict[str, Estimate]]:
    """Give the measures of each month in which anybody rings, of all lines together."""
    found = estimates_of(estimates, "line_month")
    return {
        month: told
        for month, told in sorted(found.items())
        if "line_calls" not in told or told["line_calls"].mean > 0
    }


def _brackets(found: Mapping[str, Mapping[str, Estimate]]) -> str:
    """Say what stands in brackets, and what it means where none stand."""
    years = {each.replications for told in found.values() for each in told.values()}
    return wording.without_brackets(max(years, default=0))


def _grouped(
    found: Mapping[str, Mapping[str, Estimate]],
    caption: str,
    head: str,
    labels: Mapping[str, str],
    note: str = "",
) -> str:
    rows = [
        {"group": group} | {name: cells.told(told.get(name), _name(name)) for name in labels}
        for group, told in found.items()
    ]
    return table(
        pd.DataFrame(rows, columns=["group", *labels]),
        caption,
        labels={"group": head, **labels},
        right=tuple(labels),
        note=f"{_brackets(found)} {note}".strip(),
    )


def by_month(results: Results, estimates: pd.DataFrame) -> Figure:
    """Draw the answer times of each month with their intervals."""
    rows = pd.DataFrame(
        [
            {"month": month, "part": word, **_ends(told, f"line_answer_minutes_{part}")}
            for month, told in _by_month(estimates).items()
            for part, word in PARTS.items()
        ],
        columns=["month", "part", "value", "low", "high"],
    ).dropna(subset="value")
    rows["label"] = rows["month"].map(lambda month: wording.published(str(month)))
    order = list(dict.fromkeys(rows["label"]))
    parts = list(PARTS.values())
    base = vega.chart(rows).encode(
        x=vega.field("label:O", sort=order, title="Month", axis={"labelAngle": -45}),
        color=vega.field(
            "part:N",
            title=None,
            sort=parts,
            scale={"domain": parts, "range": list(charts.CATEGORIES[:2])},
            legend={"symbolOpacity": 1},
        ),
        tooltip=[
            vega.field("label:N", title="Month"),
            vega.field("part:N", title=" "),
            vega.field("value:Q", title="Minutes", format=".1f"),
            vega.field("low:Q", title="Low (95%)", format=".1f"),
            vega.field("high:Q", title="High (95%)", format=".1f"),
        ],
    )
    band = base.mark("rule", strokeWidth=3, opacity=0.5).encode(
        y=vega.field("low:Q", title="Minutes on hold", scale={"domainMin": 0}), y2="high:Q"
    )
    line = base.mark("line", strokeWidth=2, point={"size": 60, "filled": True}).encode(
        y=vega.field("value:Q", title="Minutes on hold", axis={"tickCount": 5, "format": ",.0f"})
    )
    title = f"Minutes on hold until answered, by month, {ALL_LINES}"
    said = "; ".join(
        f"{row['label']}, {str(row['part']).lower()}: {row['value']:.0f}"
        for row in rows.to_dict("records")
    )
    return Figure(
        title=title,
        note=f"{wording.source(results, drawn=True)} {wording.interval_lines(results)}",
        alt=f"{title}. {said}.",
        chart=(band + line).properties(width=charts.WIDTH, height=320, config=charts.CONFIG),
    )


def month_rows(estimates: pd.DataFrame) -> str:
    """List the calls and answers of each month."""
    return _grouped(
        {wording.published(month): told for month, told in _by_month(estimates).items()},
        f"Calls and answers by month, {ALL_LINES}",
        "Month",
        LINE_LABELS | {"line_calls": "Calls"},
    )


def _ends(told: Mapping[str, Estimate], measure: str) -> dict[str, float]:
    each = told.get(measure)
    if each is None:
        return dict.fromkeys(("value", "low", "high"), float("nan"))
    low, high = (end if end == end else each.mean for end in (each.low, each.high))
    low, high = markup.possible_ends(each.mean, low, high, "minutes")
    return {"value": each.mean, "low": low, "high": high}


def prison_rows(
    estimates: pd.DataFrame,
    establishments: pd.DataFrame,
    labels: Mapping[str, str],
    caption: str,
    note: str = "",
) -> str:
    """List measures prison by prison.

    Parameters
    ----------
    establishments
        establishment and name.
    labels
        Measures shown, each with its heading.
    """
    rows = estimates[
        (estimates["establishment"] != ESTATE)
        & (estimates["group_by"] == ALL)
        & estimates["measure"].isin(labels)
    ]
    wide = rows.pivot_table(index="establishment", columns="measure", values="mean")
    named = establishments[["establishment", "name"]].merge(
        wide.reindex(columns=list(labels)).reset_index(), on="establishment", how="right"
    )
    named["name"] = named["name"].fillna(named["establishment"])
    return table(
        named.sort_values("name"),
        caption,
        labels={"name": "Prison", **labels},
        note=note or "Means over the simulated years.",
        scroll=True,
    )


LINE_BY_PRISON = {
    "line_calls": "Calls a year",
    "line_answer_minutes_median": "Minutes, half within",
    "line_answer_minutes_p90": "Minutes, nine in ten within",
    "line_abandoned_share": "Given up",
    "line_bookings_lost": "Requests lost, nobody answered",
}

SAFETY_LABELS = {
    "safety_calls": "Calls a year",
    "safety_answered_live_share": "Answered live",
    "safety_called_back_in_hour_share": "Others called back within the hour",
    "safety_never_reached_share": "Never called back",
}

EARLY_LABELS = {
    "early_receptions": "Received a year",
    "early_first_night_call_share": "Called on the first night",
    "early_no_contact_in_72_hours_share": "No contact in 72 hours",
    "early_no_contact_in_14_days_share": "No contact in 14 days",
    "early_visit_in_14_days_share": "Visited in 14 days",
    "early_first_call_days_p90": "Days to first call, nine in ten",
    "early_cleared_number_days_p90": "Days to cleared number, nine in ten",
    "early_first_visit_days_p90": "Days to first visit, nine in ten",
}


def safety_numbers(whole: Mapping[str, Estimate]) -> list[Number]:
    """Give the headline numbers of the safety lines."""
    return _cards(
        whole,
        {
            "safety_answered_live_share": ("Answered live", "of calls"),
            "safety_called_back_in_hour_share": (
                "Called back within the hour",
                "of calls not answered live",
            ),
            "safety_never_reached_share": ("Never called back", "of calls"),
        },
    )


def early_sentence(whole: Mapping[str, Estimate]) -> str:
    """Say in one sentence how soon people received are in contact."""
    return (
        f"Of {_told(whole, 'early_receptions').partition(' (')[0]} people received in a year "
        f"{_told(whole, 'early_no_contact_in_72_hours_share')} have no contact in the first 72 "
        f"hours and {_told(whole, 'early_no_contact_in_14_days_share')} none in 14 days."
    )


def early_numbers(whole: Mapping[str, Estimate]) -> list[Number]:
    """Give the headline numbers of the first days."""
    return _cards(
        whole,
        {
            "early_no_contact_in_72_hours_share": ("No contact in 72 hours", "of people received"),
            "early_no_contact_in_14_days_share": ("No contact in 14 days", "of people received"),
            "early_first_night_call_share": ("Called on the first night", "of people received"),
        },
    )


def _cards(whole: Mapping[str, Estimate], labels: Mapping[str, tuple[str, str]]) -> list[Number]:
    cards = []
    for name, (label, unit) in labels.items():
        each = whole[name]
        between = each.between(_name(name))
        cards.append(
            Number(
                label=label,
                value=each.told(_name(name)).partition(" (")[0],
                unit=unit,
                change=f"95% interval {between}." if between else "",
                note=f"From {wording.count(each.replications, 'simulated year')}.",
            )
        )
    return cards


def delays(results: Results, estimates: pd.DataFrame) -> Figure:
    """Draw the days from reception to first call, first cleared number and first visit."""
    whole = estimates_of(estimates)[ALL]
    rows = pd.DataFrame(
        [
            {"what": word, "part": part_word, **_ends(whole, f"early_{name}_days_{part}")}
            for name, word in DELAYS.items()
            for part, part_word in PARTS.items()
        ]
    ).dropna(subset="value")
    return charts.intervals(
        rows,
        label="what",
        series="part",
        unit="Days from reception",
        title="Days from reception to first call, first cleared number and first visit",
        note=f"{wording.source(results, drawn=True)} Of those for whom it comes; whole days. "
        f"{wording.interval_lines(results)}",
        number_format=",.0f",
    )


def early_rows(estimates: pd.DataFrame, group_by: str = ALL) -> str:
    """List the first days of all people, or by day of the week or where they come from.

    Parameters
    ----------
    group_by
        ``all``, ``reception_weekday`` or ``reception_kind``.
    """
    words = {ALL: {ALL: "Everybody"}, "reception_weekday": WEEKDAYS, "reception_kind": FROM}
    found = estimates_of(estimates, group_by)
    chosen = {
        word: found[group]
        for group, word in words[group_by].items()
        if group in found and found[group]["early_receptions"].mean > 0
    }
    of = {ALL: "", "reception_weekday": " by day of reception", "reception_kind": " by origin"}
    return _grouped(chosen, f"The first days of people received{of[group_by]}", "Who", EARLY_LABELS)


def find_sentence(whole: Mapping[str, Estimate]) -> str:
    """Say how long families wait to be told where somebody is held, against the target."""
    days = whole.get("early_find_answer_days_median")
    if days is None or days.mean != days.mean:
        return "No family had to ask where somebody is held."
    return (
        f"{_told(whole, 'early_find_requests').partition(' (')[0]} families a year ask where "
        f"somebody is held. Half are told within {_told(whole, 'early_find_answer_days_median')} "
        f"days and nine in ten within {_told(whole, 'early_find_answer_days_p90')}; the target is "
        f"four weeks. The time to an answer is an input: over five and a half weeks when the "
        "Inspectorate tested it."
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LineSizing:
    """A stored sizing of the national line: what was asked and found, and its tables.

    ``agents`` has one row per half-hour of the week, ``roster`` one per shift, ``online`` one per
    share that moves online, ``months`` one per month.
    """

    name: str
    summary: Mapping[str, Any]
    agents: pd.DataFrame
    roster: pd.DataFrame
    online: pd.DataFrame
    months: pd.DataFrame

    @property
    def source(self) -> str:
        """Where the numbers come from, for a note."""
        years = wording.count(int(self.summary["replications"]), "simulated year")
        return f"Source: sizing {self.name}; played again in {years} of its own."

    @property
    def target(self) -> str:
        """What was asked for, in words."""
        return (
            f"{self.summary['target_share']:.0%} of ringings are answered within "
            f"{wording.count(self.summary['target_minutes'], 'minute')}"
        )


def load_line_sizing(folder: Path) -> LineSizing:
    """Read the tables of a sizing.

    Raises
    ------
    ScenarioError
        When a file is missing or cannot be read.
    """
    try:
        summary = json.loads((folder / "booking_line.json").read_text(encoding="utf-8"))
        tables = {
            name: pd.read_csv(folder / f"{name}.csv", keep_default_na=False)
            for name in ("agents", "roster")
        } | {name: pd.read_csv(folder / f"{name}.csv") for name in ("online", "months")}
    except (OSError, ValueError) as error:
        raise ScenarioError(
            f"{folder}: not a complete sizing ({str(error).splitlines()[0]}). Make it again with "
            "'estate size booking-line'."
        ) from None
    return LineSizing(name=folder.name, summary=summary, **tables)


VERDICTS = {
    "met": "in years of its own it meets the target",
    "open": "whether it meets the target is not settled: the target lies within the interval",
    "missed": "in years of its own it misses the target",
}


def sizing_sentence(sized: LineSizing) -> str:
    """Say how many agents a target takes, what the roster costs, and whether it holds."""
    told = sized.summary
    found, own = told["roster_in_fresh_years"], told["own_shifts"]
    half = found["share_half_width"]
    width = "" if half is None else f" (within {100 * half:.1f} points)"
    most = int(told["agents_at_peak"])
    needed = "one agent is" if most == 1 else f"up to {most} agents are"
    return (
        f"So that {sized.target}, {needed} needed at a time. The "
        f"cheapest legal roster pays {told['roster_paid_hours_per_week']:,.0f} hours a week, "
        f"{wording.pounds(float(told['roster_cost_gbp_per_year']))} a year; with absences and "
        f"vacancies {found['share']:.1%}{width} are answered in time: "
        f"{VERDICTS[str(told['roster_target'])]}. The shifts of the scenario itself answer "
        f"{own['share']:.1%} in time."
    )


WHICH_AGENTS = {
    "agents_needed": "Needed",
    "agents_on_roster": "On the roster",
    "agents_on_own_shifts": "On the scenario's own shifts",
}


def heat_map(sized: LineSizing, which: str) -> Figure:
    """Draw the agents of each half-hour of the week.

    Parameters
    ----------
    which
        One of ``WHICH_AGENTS``.
    """
    rows = sized.agents[["day", "start", "calls_mean", which]].rename(columns={which: "agents"})
    rows["day"] = rows["day"].map(WEEKDAYS)
    days = [day for day in WEEKDAYS.values() if day in set(rows["day"])]
    most = max(int(sized.agents[list(WHICH_AGENTS)].to_numpy().max()), 1)
    base = vega.chart(rows).encode(
        x=vega.field(
            "day:O",
            sort=days,
            title=None,
            axis={"labelAngle": 0, "orient": "top", "labelExpr": FIRST_LETTERS},
        ),
        y=vega.field("start:O", title="Half-hour from", sort=sorted(set(rows["start"]))),
        tooltip=[
            vega.field("day:N", title="Day"),
            vega.field("start:N", title="From"),
            vega.field("agents:Q", title="Agents"),
            vega.field("calls_mean:Q", title="Calls on average", format=".1f"),
        ],
    )
    cells = base.mark("rect", stroke="#ffffff").encode(
        color=vega.field(
            "agents:Q",
            title="Agents",
            scale={"domain": [0, most], "range": ["#ffffff", *charts.BLUES]},
            legend={"orient": "top", "direction": "horizontal", "tickCount": 4},
        )
    )
    text = base.mark("text", fontSize=13).encode(
        text="agents:Q",
        color={
            "condition": {"test": f"datum.agents > {0.55 * most}", "value": "#ffffff"},
            "value": charts.TEXT,
        },
    )
    title = f"Agents by half-hour of the week: {WHICH_AGENTS[which].lower()}"
    said = "; ".join(
        f"{day}: {group['agents'].min()} to {group['agents'].max()}"
        for day, group in rows.groupby("day", sort=False)
    )
    return Figure(
        title=title,
        note=f"{sized.source} So that {sized.target}.",
        alt=f"{title}. {said}.",
        chart=(cells + text)
        .properties(width=charts.WIDTH, height=max(120, 26 * rows["start"].nunique()))
        .properties(config=charts.CONFIG),
    )


def agent_rows(sized: LineSizing) -> str:
    """List the agents of each half-hour."""
    rows = sized.agents.assign(
        day=sized.agents["day"].map(WEEKDAYS),
        calls_per_half_hour=sized.agents["calls_mean"],
    )
    return table(
        rows,
        "Agents by half-hour of the week",
        labels={"day": "Day", "start": "From", "calls_per_half_hour": "Calls on average"}
        | dict(WHICH_AGENTS),
        scroll=True,
    )


def roster_rows(sized: LineSizing) -> str:
    """List the shifts of the cheapest legal roster."""
    rows = sized.roster.assign(
        days=[
            ", ".join(WEEKDAYS.get(day, day) for day in str(days).split())
            for days in sized.roster["days"]
        ],
        break_from=sized.roster["break_from"].replace("", "no break"),
        paid_hours=cells.plain(sized.roster["paid_hours_per_week"], "hours"),
    )
    told, least = sized.summary, float(sized.summary["roster_bound_hours_per_week"])
    said = f"{VERDICTS[str(told['roster_target'])]}.".capitalize()
    proven = (
        "Proven cheapest of the shifts offered."
        if told["roster_paid_hours_per_week"] <= least + 1e-6
        else f"No roster of these shifts pays fewer than {least:,.0f} hours."
    )
    return table(
        rows,
        f"Roster of the national line: the cheapest legal one for the target. {said}",
        labels={
            "days": "Days",
            "start": "From",
            "end": "Until",
            "break_from": "Break from",
            "agents": "Agents",
            "paid_hours": "Paid hours a week",
        },
        right=("paid_hours",),
        note=proven,
    )


ONLINE_NOTE = (
    "Every share keeps the load factors found for all calls: it is not sized anew, and not proven "
    "to reach the target."
)


def online_rows(sized: LineSizing) -> str:
    """List what moving calls online does to agents and cost."""
    return table(
        sized.online.assign(
            moved_share=sized.online["moved_online_share"],
            year_gbp=sized.online["cost_gbp_per_year"],
            in_time_share=sized.online["answered_in_time_share"],
            p90_minutes=sized.online["answer_minutes_p90"],
        ),
        "Agents and cost when calls that book move online, at the same load factors",
        labels={
            "moved_share": "Calls to book that move",
            "calls_per_week": "Calls a week",
            "agents_at_peak": "Agents at the peak",
            "paid_hours_per_week": "Paid hours a week",
            "year_gbp": "Cost a year",
            "in_time_share": "Answered in time",
            "p90_minutes": "Minutes, nine in ten within",
        },
        note=f"{ONLINE_NOTE} What is answered in time is with nobody absent.",
    )


def online(sized: LineSizing) -> Figure:
    """Draw the yearly cost of the line by the share of calls to book that moves online."""
    rows = pd.DataFrame(
        {
            "moved": [f"{share:.0%} move online" for share in sized.online["moved_online_share"]],
            "gbp": sized.online["cost_gbp_per_year"],
        }
    )
    return charts.ranked_bars(
        rows,
        label="moved",
        value="gbp",
        unit="Pounds a year",
        title="Pounds a year for the roster, by the share of calls to book that moves online",
        note=f"{sized.source} {ONLINE_NOTE}",
    )


def months_rows(sized: LineSizing) -> str:
    """List the calls and the agents each month would need; none where lines are never open."""
    months = sized.months[sized.months["open_days"] > 0]
    return table(
        months.assign(
            month=[wording.published(str(month)) for month in months["month"]],
            calls_day=cells.plain(months["calls_per_open_day"], "number"),
        ),
        "Calls and agents needed by month",
        labels={
            "month": "Month",
            "open_days": "Open days",
            "calls": "Calls",
            "calls_day": "Calls a day",
            "agents_at_peak": "Agents at the peak",
            "agent_hours_per_week": "Agent hours a week",
        },
        right=("calls_day",),
    )

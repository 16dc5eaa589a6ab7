"""How visits and video calls do: the first screen of policy staff, waits, refusals, use by hour."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from data.words import ESTATE
from scenarios.circulation.written import Written
from scenarios.comparing import effects
from scenarios.comparing.assumptions import STANDS
from scenarios.comparing.verdict import DEPENDS, SAME, verdict_words, way
from scenarios.display import cells, vega, wording
from scenarios.display.charts import BLUES, CONFIG, LINE, TEXT, WIDTH, Figure
from scenarios.display.markup import DASH, Number, cell, possible_ends, table
from scenarios.display.workers import Estimate

if TYPE_CHECKING:
    from scenarios.comparing.effects import Ratio


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the first screen: a measure of a group, and its words."""

    label: str
    measure: str
    group_by: str = effects.ALL
    group: str = effects.ALL


POLICY = (
    Line(label="People with no visit or video call in four weeks", measure="no_contact_share"),
    Line(label="People in regular contact", measure="regular_contact_share"),
    Line(
        label="Days to a weekend visit, nine in ten no longer than",
        measure="wait_days_p90",
        group_by="session_kind",
        group="weekend",
    ),
    Line(
        label="Days to an evening visit, nine in ten no longer than",
        measure="wait_days_p90",
        group_by="session_kind",
        group="evening",
    ),
    Line(label="Days to any visit, nine in ten no longer than", measure="wait_days_p90"),
    Line(
        label="Requests turned away for good, no table being free",
        measure="requests_unmet_no_table_share",
    ),
    Line(
        label="Requests turned away for good: refused, given up or turned to a video call",
        measure="requests_unmet_share",
    ),
    Line(
        label="Requests that end without a visit, for any reason",
        measure="requests_without_visit_share",
    ),
    Line(label="People visited in four weeks", measure=effects.PEOPLE_VISITED),
    Line(
        label="School hours that children miss in the weeks measured", measure="school_hours_missed"
    ),
    Line(label="Staff of visits and video calls, pounds a year of 52 weeks", measure=effects.STAFF),
)
"""The first screen of policy staff. Regular contact is more than one visit or video call in four
weeks (HM Inspectorate of Prisons)."""

SEXES = (("all", effects.ALL), ("sex", "men"), ("sex", "women"))

REASONS = (
    Line(label="No table was free: attempts to book", measure="attempts_without_table"),
    Line(label="No visiting order in hand: attempts to book", measure="attempts_without_order"),
    Line(label="Turned away each time the family asked: requests", measure="requests_refused"),
    Line(label="Turned away, given up by the family: requests", measure="requests_gave_up"),
    Line(label="Turned away, then a video call: requests", measure="requests_turned_to_video"),
    Line(label="Video: the month's credit is used up, requests", measure="video_without_credit"),
    Line(label="Video: no station free, requests", measure="video_without_slot"),
    Line(label="Bookings called off for want of staff", measure="called_off"),
    Line(label="Visits refused at the gate", measure="refused_entry"),
)
"""Why a family that asks is turned away, men and women apart."""

ENDS_OF_REQUESTS = ("requests_refused", "requests_gave_up", "requests_turned_to_video")

FAMILIES = (
    Line(label="Fares and fuel, before refunds, pounds", measure="family_money_gbp"),
    Line(label="Refunds of the visit-cost scheme, pounds", measure="refund_gbp"),
    Line(label="Hours on the way, all travellers", measure="family_travel_hours"),
    Line(label="School hours that children miss", measure="school_hours_missed"),
    Line(label="Children among visitors, counted at each visit", measure="child_visitors"),
)
"""What visits take from families in the weeks measured."""

BANDS = ("under a quarter", "a quarter to half", "half to 80%", "80% or more")
EDGES = (0.25, 0.5, 0.8)
"""Shares of tables or stations in use at which the next band begins."""

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


Known = Mapping[tuple[str, str, str], Mapping[str, object]]
"""Rows of the whole estate by measure, group_by and group."""


def _known(rows: pd.DataFrame, lines: Sequence[Line]) -> Known:
    """Take the rows of some lines out of a table of measures or of differences."""
    wanted = rows[
        (rows["establishment"] == ESTATE) & rows["measure"].isin({line.measure for line in lines})
    ]
    return {
        (str(row["measure"]), str(row["group_by"]), str(row["group"])): row
        for row in wording.records(wanted)
    }


def _found(known: Known, line: Line, group_by: str, group: str) -> dict[str, object] | None:
    """Find the row of a line; that of men or of women where the line is of everybody."""
    if line.group_by != effects.ALL and group_by != effects.ALL:
        return None
    wanted = (line.group_by, line.group) if group_by == effects.ALL else (group_by, group)
    row = known.get((line.measure, *wanted))
    return None if row is None else dict(row)


def _of_policy(measure: str) -> Line:
    """Give the line of a measure of everybody on the first screen of policy staff."""
    return next(line for line in POLICY if line.measure == measure and line.group_by == effects.ALL)


def levels(
    estimates: pd.DataFrame, lines: tuple[Line, ...], caption: str, *, note: str = ""
) -> str:
    """List measures with their intervals, for everybody, men and women.

    Parameters
    ----------
    estimates
        Mean and interval of the measures of the estate (``simulation.replicate.intervals`` of
        ``effects.estate_rows``).
    lines
        What is listed.
    """
    rows, known = [], _known(estimates, lines)
    for line in lines:
        row: dict[str, Written | str] = {"what": line.label}
        for group_by, group in SEXES:
            found = _found(known, line, group_by, group)
            row[group] = DASH if found is None else cells.level(found)
        rows.append(row)
    columns = ["what", *(group for _, group in SEXES)]
    return table(
        pd.DataFrame(rows, columns=columns),
        caption,
        labels={"what": "Measure", "all": "Everybody", "men": "Men", "women": "Women"},
        right=("all", "men", "women"),
        note=f"{wording.IN_BRACKETS} {note}".strip(),
    )


def policy_levels(estimates: pd.DataFrame) -> str:
    """List the first screen of policy staff for one run."""
    return levels(
        estimates,
        POLICY,
        "Contact, waits, refusals and cost",
        note=f"{DASH}: not measured for men and women apart, as kinds of session and staff are "
        "shared, or no such visit was booked.",
    )


def policy_changes(
    found: pd.DataFrame,
    told: Mapping[str, str],
    elsewhere: Mapping[str, tuple[int, int]] | None = None,
) -> str:
    """List the first screen of policy staff for a run beside the baseline.

    Parameters
    ----------
    found
        Differences of the estate from the baseline.
    told
        What a study of assumptions or an experiment concludes by measure; empty where there is
        none.
    elsewhere
        Kinds of session that are not at the same prisons in both runs, with their numbers
        (:func:`scenarios.comparing.effects.kinds_held_elsewhere`): no change of wait is told.
    """
    other = elsewhere or {}
    rows: list[dict[str, Written | str]] = [
        row
        | {"assumption": _assumption(told, line)}
        | (ELSEWHERE if line.group_by == "session_kind" and line.group in other else {})
        for line, row in _changed_lines(found, POLICY)
    ]
    kinds = [line.group for line in POLICY if line.group_by == "session_kind"]
    moved = [
        f" {kind.capitalize()} sessions are at {wording.count(other[kind][0], 'prison')} in the "
        f"baseline and at {other[kind][1]:,} in this run, so their waits are not compared."
        for kind in kinds
        if kind in other
    ]
    return table(
        pd.DataFrame(rows, columns=[*CHANGED, "assumption"]),
        "Contact, waits, refusals and cost, beside the baseline",
        labels=CHANGED | {"assumption": "Under other assumptions"},
        right=CHANGED_RIGHT,
        note=f"{wording.WAITS_NOTE} The last column says whether the verdict stands when what is "
        f"assumed is put elsewhere, one setting at a time, where a study tried it.{''.join(moved)}",
    )


ELSEWHERE: dict[str, Written | str] = {
    "change": DASH,
    "interval": DASH,
    "verdict": "Not the same prisons in both runs",
    "assumption": DASH,
}
"""What is told of a wait that is not of the same prisons in both runs."""

CHANGED = {
    "what": "Measure",
    "before": "Baseline",
    "after": "This run",
    "change": "Change",
    "interval": "95% interval",
    "verdict": "Verdict",
}
CHANGED_RIGHT = ("before", "after", "change", "interval")


def _changed_lines(
    found: pd.DataFrame, lines: Sequence[Line]
) -> Iterator[tuple[Line, dict[str, Written | str]]]:
    """Set lines beside the baseline: both values, the change, its interval and the verdict."""
    known = _known(found, lines)
    for line in lines:
        row = _found(known, line, *SEXES[0])
        if row is not None:
            yield (
                line,
                {
                    "what": line.label,
                    "before": cells.value(_float(row["before"]), line.measure),
                    "after": cells.value(_float(row["after"]), line.measure),
                    "change": cells.difference(_float(row["difference"]), line.measure),
                    "interval": cells.difference_interval(row | {"measure": line.measure}),
                    "verdict": way(str(row["verdict"]), line.measure),
                },
            )


def _float(value: object) -> float:
    return float(str(value))


def family_changes(found: pd.DataFrame) -> str:
    """List what visits take from families beside the baseline, with paired intervals.

    Parameters
    ----------
    found
        Differences of the estate from the baseline.
    """
    return table(
        pd.DataFrame([row for _, row in _changed_lines(found, FAMILIES)], columns=list(CHANGED)),
        "Pounds and hours of families and children, in the weeks measured, beside the baseline",
        labels=CHANGED,
        right=CHANGED_RIGHT,
        note=SPENT_NOTE,
    )


SPENT_NOTE = (
    "What families spend and travel in all is neither better nor worse when it rises: who is "
    "nearer, or finds a table, visits more. What they gain is on the page Overview."
)


def policy_by_sex(found: pd.DataFrame) -> str:
    """List what changes for men and for women, beside the baseline.

    Parameters
    ----------
    found
        Differences of the estate from the baseline.
    """
    return _by_sex(
        found,
        POLICY,
        "Men and women apart: the change beside the baseline",
        f"{wording.WAITS_NOTE} Waits by kind of session and staff are not measured for men and "
        "women apart.",
    )


def families_by_sex(found: pd.DataFrame) -> str:
    """List what changes for families of men and of women, beside the baseline.

    Parameters
    ----------
    found
        Differences of the estate from the baseline.
    """
    return _by_sex(
        found,
        FAMILIES,
        "Families of men and of women: the change of pounds and hours beside the baseline",
        SPENT_NOTE,
    )


def _by_sex(found: pd.DataFrame, lines: Sequence[Line], caption: str, note: str) -> str:
    rows, known = [], _known(found, lines)
    for line in lines:
        row: dict[str, Written | str] = {"what": line.label}
        for group_by, group in SEXES[1:]:
            of_group = _found(known, line, group_by, group)
            if of_group is not None:
                row[group] = cells.change(of_group, line.measure)
                row[f"{group} verdict"] = way(str(of_group["verdict"]), line.measure)
        if len(row) > 1:
            rows.append(row)
    columns = ["what", "men", "men verdict", "women", "women verdict"]
    return table(
        pd.DataFrame(rows, columns=columns),
        caption,
        labels={
            "what": "Measure",
            "men": "Men",
            "men verdict": "Verdict for men",
            "women": "Women",
            "women verdict": "Verdict for women",
        },
        right=("men", "women"),
        note=f"In brackets the 95% interval. {note}",
    )


def _assumption(told: Mapping[str, str], line: Line) -> str:
    if line.group_by != effects.ALL or line.measure not in told:
        return "Not tried"
    words = told[line.measure]
    is_plain = words.startswith((DEPENDS, STANDS))
    return words[:1].upper() + words[1:] if is_plain else "Stands"


def answer(found: pd.DataFrame, visited: pd.DataFrame) -> str:
    """Say in a sentence or two what a run does to contact, beside the baseline.

    Parameters
    ----------
    found
        Differences of the estate from the baseline.
    visited
        The table of :func:`scenarios.comparing.effects.newly_visited`.
    """
    known = _known(found, POLICY)
    contact = _found(known, _of_policy("no_contact_share"), *SEXES[0])
    waits = _found(known, _of_policy("wait_days_p90"), *SEXES[0])
    said = []
    if contact is not None:
        before, after = (cell(contact[name], "no_contact_share") for name in ("before", "after"))
        said.append(
            f"{after} of people have no visit or video call in four weeks, {before} in the "
            f"baseline ({verdict_words(contact)})."
        )
    if waits is not None:
        said.append(
            f"Nine in ten visits come within {cell(waits['after'], 'wait_days')} days, "
            f"{cell(waits['before'], 'wait_days')} in the baseline."
        )
    everybody = visited[visited["sex"] == effects.ALL]
    if len(everybody):
        newly, lost = (_of_years(everybody[name]) for name in ("newly", "no_longer"))
        said.append(
            f"In a year {_people_told(newly)} visited who are not in the baseline, and "
            f"{_people_told(lost)} no longer visited who are in it; part of both is chance. "
            f"{_years_known(everybody)}"
        )
    return " ".join(said)


def _years_known(visited: pd.DataFrame) -> str:
    years = visited["replication"].nunique()
    if years == 1:
        return "That is of one simulated year, which gives no interval."
    return f"That is over {wording.count(years, 'simulated year')}."


def _of_years(counts: pd.Series[int]) -> Estimate:
    """Give the mean of counts of simulated years, with its 95% interval (Student's t)."""
    from simulation.replicate import half_width

    mean, years = float(counts.mean()), len(counts)
    half = float(half_width(pd.Series([counts.std()]), pd.Series([years])).iloc[0])
    return Estimate(mean=mean, low=mean - half, high=mean + half, replications=years)


def _people_told(found: Estimate) -> str:
    """Write a mean count of people as the subject of a sentence, with its interval."""
    between = found.between("people")
    verb = "is" if round(found.mean) == 1 else "are"
    interval = f" (95% interval {between})" if between else ""
    return f"{wording.count(found.mean, 'person')}{interval} {verb}"


def level_answer(estimates: pd.DataFrame) -> str:
    """Say in a sentence how contact and waits are in one run."""
    known = _known(estimates, POLICY)
    contact, wait, refused = (
        _found(known, _of_policy(measure), *SEXES[0])
        for measure in ("no_contact_share", "wait_days_p90", "requests_unmet_share")
    )
    if contact is None or wait is None or refused is None:
        return "This run measured no visits."
    return (
        f"{cell(contact['mean'], 'no_contact_share')} of people have no visit or video call in "
        f"four weeks; nine in ten visits come within {cell(wait['mean'], 'wait_days')} days; "
        f"{cell(refused['mean'], 'requests_unmet_share')} of requests are turned away for good."
    )


def policy_numbers(found: pd.DataFrame, visited: pd.DataFrame, cost: Ratio | None) -> list[Number]:
    """Give the newly visited people, the staff and what the staff cost for each of these people.

    Parameters
    ----------
    found
        Differences of the estate from the baseline.
    visited
        The table of :func:`scenarios.comparing.effects.newly_visited`.
    cost
        What staff cost for each person newly visited; ``None`` where the runs are not paired.
    """
    cards = []
    known = _known(found, POLICY)
    people = _found(known, _of_policy(effects.PEOPLE_VISITED), *SEXES[0])
    staff = _found(known, _of_policy(effects.STAFF), *SEXES[0])
    if people is not None:
        cards.append(
            Number(
                label="More people visited in four weeks, net",
                value=wording.difference(float(str(people["difference"])), effects.PEOPLE_VISITED),
                unit="people",
                change=_ends(people, effects.PEOPLE_VISITED),
                note="Newly visited in four weeks, less those no longer visited in them.",
            )
        )
    if people is not None or len(visited):
        cards.append(_newly_card(visited))
    same = staff is not None and _same_in_every_year(staff)
    if staff is not None and same:
        cards.append(
            Number(
                label=STAFF_CARD,
                value="No change",
                note="No session and no hour of video calls is added or taken away.",
            )
        )
    elif staff is not None:
        cards.append(
            Number(
                label=STAFF_CARD,
                value=wording.difference(float(str(staff["difference"])), effects.STAFF),
                unit="a year",
                change=_ends(staff, effects.STAFF),
                note="Officers and checkers at sessions, and officers who watch video calls.",
            )
        )
    if cost is not None:
        cards.append(_cost_card(cost, visited, same=same))
    return cards


STAFF_CARD = "Staff of visits and video calls"


def _same_in_every_year(row: Mapping[str, object]) -> bool:
    """Say whether two runs have the same value in every replication."""
    one_year = int(str(row["replications"])) == 1
    return row["verdict"] == SAME or (one_year and float(str(row["difference"])) == 0)


def _ends(row: Mapping[str, object], measure: str) -> str:
    return f"95% interval {wording.difference_interval({**row, 'measure': measure})}"


def _newly_card(visited: pd.DataFrame) -> Number:
    """Tell who is visited in a year of this run and not in that of the baseline, and the reverse.

    Parameters
    ----------
    visited
        The table of :func:`scenarios.comparing.effects.newly_visited`.
    """
    label = "People newly visited in a year"
    if visited.empty:
        note = "Known only for two runs of the same families."
        return Number(label=label, value=DASH, note=note)
    of_sex = {
        str(sex): (_of_years(rows["newly"]), _of_years(rows["no_longer"]))
        for sex, rows in visited.groupby("sex", sort=True)
    }
    newly, lost = of_sex[effects.ALL]
    between = newly.between("people")
    apart = "; ".join(
        f"{sex} {more.told('people')} newly and {fewer.told('people')} no longer"
        for sex, (more, fewer) in of_sex.items()
        if sex != effects.ALL
    )
    return Number(
        label=label,
        value=f"{newly.mean:,.0f}",
        unit="person" if round(newly.mean) == 1 else "people",
        change=f"95% interval {between}" if between else "one year: no interval",
        note=f"{lost.told('people')} no longer visited all year. Of these, {apart}. Part of both "
        "is chance.",
    )


def _cost_card(cost: Ratio, visited: pd.DataFrame, *, same: bool) -> Number:
    label = "Staff for each person newly visited in the year"
    newly, lost = visited[visited["sex"] == effects.ALL][["newly", "no_longer"]].mean()
    why = ""
    if same:
        why = (
            "No staff is added, so none can be counted for a person. What moves cost, once, is on "
            "the page Overview."
        )
    elif newly != newly:
        why = "Not told: of no year do both runs tell who is visited."
    elif newly <= lost:
        why = "Not told: no fewer people are no longer visited than are newly visited."
    if why:
        return Number(label=label, value=DASH, note=why)
    ends = (
        f"95% interval {cell(cost.low, effects.STAFF)} to {cell(cost.high, effects.STAFF)}"
        if cost.low == cost.low
        else "no finite 95% interval"
        if cost.replications > 1
        else "one year: no interval"
    )
    return Number(
        label=label,
        value=cell(cost.value, effects.STAFF),
        unit="a year",
        change=ends,
        note=f"The change of staff costs over {wording.count(newly, 'person')} newly visited; "
        f"{wording.count(lost, 'person')} no longer visited are not taken off.",
    )


def with_ends_of_requests(measures: pd.DataFrame) -> pd.DataFrame:
    """Add the number of requests that are refused, given up or turned to a call, by group.

    Parameters
    ----------
    measures
        Rows of ``effects.estate_rows``.
    """
    keys = [name for name in ("scenario", *effects.KEYS) if name in measures.columns]
    made = measures[measures["measure"] == "requests"].set_index(keys)["value"]
    parts = [measures]
    for name in ENDS_OF_REQUESTS:
        share = measures[measures["measure"] == f"{name}_share"].set_index(keys)["value"]
        number = (share * made).dropna().rename("value").reset_index()
        parts.append(number.assign(measure=name, measure_unit="requests"))
    return pd.concat(parts, ignore_index=True)[list(measures.columns)]


WAIT_COLUMNS = {
    "all": "All visits",
    "weekday": "Weekday",
    "evening": "Evening",
    "weekend": "Weekend",
}


FEWEST_VISITS = 10
"""Visits a year below which no wait is told: there is no one in ten of them that waits longest."""

TOO_FEW = "too few visits to tell"


def waits_by_prison(
    estimates: pd.DataFrame, names: Mapping[str, str], measure: str = "wait_days_p90"
) -> pd.DataFrame:
    """Set the waits of every prison side by side, by kind of session.

    Parameters
    ----------
    estimates
        Mean and interval of the wait and of the visits of every prison, in all and by kind of
        session.
    names
        Names of the prisons by code.
    measure
        ``wait_days_p90`` or ``wait_days_median``.

    Returns
    -------
    DataFrame
        One row per prison, the longest wait first: name, then for each of ``WAIT_COLUMNS`` the
        mean (days, missing where nobody was booked), with ``_low``, ``_high``, ``_replications``,
        and whether there are ``_too_few`` visits to tell it.
    """
    kind = estimates["group"].where(estimates["group_by"] == "session_kind", "all")
    keyed = estimates.assign(kind=kind)
    held = keyed[keyed["measure"] == "visits"].set_index(["establishment", "kind"])["mean"]
    rows = keyed[keyed["measure"] == measure]
    visits = pd.MultiIndex.from_frame(rows[["establishment", "kind"]]).map(held.to_dict())
    few = (visits.to_numpy(np.float64) < FEWEST_VISITS) & rows["mean"].notna().to_numpy()
    rows = rows.assign(too_few=few.astype(np.float64))
    endings = {
        "mean": "",
        "low": "_low",
        "high": "_high",
        "replications": "_replications",
        "too_few": "_too_few",
    }
    wide = rows.pivot_table(
        index="establishment",
        columns="kind",
        values=list(endings),
        observed=True,
        dropna=False,
    )
    found = pd.DataFrame(
        {
            f"{kind}{ending}": wide[value, kind] if (value, kind) in wide.columns else np.nan
            for kind in WAIT_COLUMNS
            for value, ending in endings.items()
        },
        index=wide.index,
    ).reset_index()
    found.insert(0, "name", [names.get(str(code), str(code)) for code in found["establishment"]])
    return found.sort_values(["all", "name"], ascending=[False, True], ignore_index=True)


def waits_table(rows: pd.DataFrame, measure: str) -> str:
    """List the waits of every prison by kind of session.

    Parameters
    ----------
    rows
        The table of :func:`waits_by_prison`.
    """
    shown = pd.DataFrame(
        {
            "name": rows["name"],
            **{
                kind: cells.column(_wait(row, kind, measure) for row in wording.records(rows))
                for kind in WAIT_COLUMNS
            },
        }
    )
    return table(
        shown,
        f"{wording.measure(measure)}, by prison and kind of session",
        labels={"name": "Prison", **WAIT_COLUMNS},
        right=tuple(WAIT_COLUMNS),
        note=f"Whole days from asking to the visit. {wording.IN_BRACKETS} {DASH}: no such session "
        f"was booked. {TOO_FEW.capitalize()}: {FEWER}, {IS_CHANCE}.",
        scroll=True,
    )


FEWER = f"fewer than {FEWEST_VISITS} visits take place in the weeks measured"
IS_CHANCE = "so that a single one decides how long nine in ten, or half, wait"


def few_left_out(rows: pd.DataFrame, kind: str) -> str:
    """Say at how many prisons there are too few visits of a kind; nothing where there is none."""
    left = int((rows[f"{kind}_too_few"] > 0).sum())
    if not left:
        return ""
    return f"{wording.count(left, 'prison')} left out, where {FEWER}."


def _wait(row: Mapping[str, Any], kind: str, measure: str) -> Written:
    """Write a wait with its interval, or that there are too few visits to tell it."""
    if row[f"{kind}_too_few"] > 0:
        return Written(words=TOO_FEW)
    ends = ("low", "high", "replications")
    of_kind = {end: row[f"{kind}_{end}"] for end in ends}
    return cells.level({"mean": row[kind], "measure": measure, **of_kind})


def longest_waits(rows: pd.DataFrame, kind: str, *, most: int = 20) -> pd.DataFrame:
    """Give the prisons with the longest wait for one kind of session, for the chart.

    Those of too few visits are left out.

    Returns
    -------
    DataFrame
        label, value, low, high (days), as ``charts.intervals`` draws them.
    """
    known = rows[~(rows[f"{kind}_too_few"] > 0)].dropna(subset=kind)
    known = known.sort_values([kind, "name"], ascending=[False, True]).head(most)
    ends = [
        possible_ends(mean, low, high, "wait_days")
        for mean, low, high in zip(
            known[kind],
            known[f"{kind}_low"].fillna(known[kind]),
            known[f"{kind}_high"].fillna(known[kind]),
            strict=True,
        )
    ]
    return pd.DataFrame(
        {
            "label": known["name"],
            "value": known[kind],
            "low": [low for low, _ in ends],
            "high": [high for _, high in ends],
        }
    ).reset_index(drop=True)


def heat_map(use: pd.DataFrame, *, what: str, title: str, note: str) -> Figure:
    """Draw how full halls or stations are in every hour of the week.

    Parameters
    ----------
    use
        One row per day of the week and hour: weekday (0 is Monday), hour, used (mean tables or
        stations in use), offered (mean on offer; missing where not known).
    what
        ``tables`` or ``stations``.
    """
    cells = _cells(use)
    known = bool(cells["share"].notna().all())
    legend = f"Share of {what} used" if known else f"Mean {what} in use"
    bands = BANDS if known else _quartiles(cells["used"])
    cells["band"] = _banded(cells, bands, known=known)
    hours = sorted(cells["hour"].unique())
    tooltip = [
        vega.field("day:N", title="Day"),
        vega.field("hour_words:N", title="Hour"),
        vega.field("used:Q", title=f"Mean {what} in use", format=",.1f"),
        *([vega.field("share:Q", title=legend, format=".0%")] if known else []),
    ]
    chart = (
        vega.chart(cells)
        .mark("rect", stroke="#ffffff", strokeWidth=2)
        .encode(
            x=vega.field(
                "hour:O",
                sort=hours,
                title="Hour of the day",
                axis={"labelAngle": 0, "labelExpr": "(datum.value < 10 ? '0' : '') + datum.value"},
            ),
            y=vega.field("day:N", sort=list(DAYS), title=None, axis={"ticks": False}),
            color=vega.field(
                "band:O",
                title=legend,
                sort=list(bands),
                scale={"domain": list(bands), "range": list(BLUES[: len(bands)])},
                legend={"symbolType": "square", "symbolStrokeColor": LINE, "columns": 2},
            ),
            tooltip=tooltip,
        )
        .properties(width=WIDTH, height=280)
    )
    busiest = cells.sort_values("share" if known else "used", ascending=False).head(3)
    said = ", ".join(f"{row['day']} {row['hour_words']}" for row in wording.records(busiest))
    return Figure(
        title=title,
        note=note,
        alt=f"{title}. Heat map of {len(cells)} hours of the week; the fullest: {said}.",
        chart=chart.properties(config=CONFIG | {"axis": CONFIG["axis"] | {"labelColor": TEXT}}),
    )


def hours_table(use: pd.DataFrame, *, what: str) -> str:
    """List the use of halls or stations in every hour of the week."""
    cells = _cells(use)
    return table(
        cells.assign(used_per_hour=cells["used"], offered_per_hour=cells["offered"]),
        f"Mean {what} in use and on offer by hour of the week",
        labels={
            "day": "Day",
            "hour_words": "Hour",
            "used_per_hour": "In use",
            "offered_per_hour": "On offer",
            "share_share": "Share used",
        },
        scroll=True,
    )


def _cells(use: pd.DataFrame) -> pd.DataFrame:
    share = (use["used"] / use["offered"]).clip(upper=1.0)
    return use.assign(
        share=share,
        share_share=share,
        day=use["weekday"].map(dict(enumerate(DAYS))),
        hour_words=[f"{hour:02d}:00 to {hour + 1:02d}:00" for hour in use["hour"]],
    )


def _quartiles(values: pd.Series[float]) -> tuple[str, ...]:
    most = float(values.max())
    ends = [most * part / 4 for part in range(5)]
    return tuple(f"{low:,.1f} to {high:,.1f}" for low, high in pairwise(ends))


def _banded(cells: pd.DataFrame, bands: tuple[str, ...], *, known: bool) -> list[str]:
    most = float(cells["used"].max()) or 1.0
    values = cells["share"] if known else cells["used"] / most
    edges = EDGES if known else (0.25, 0.5, 0.75)
    return [bands[int(place)] for place in np.searchsorted(edges, values, side="right")]

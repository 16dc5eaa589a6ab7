"""Two runs or more side by side: who gains and who loses, and what the change is made of."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd

from scenarios.circulation.suppress import Counts
from scenarios.circulation.written import Written, unit_of
from scenarios.comparing import effects
from scenarios.comparing.decimals import decimals
from scenarios.comparing.verdict import (
    CANNOT_TELL,
    ONE_REPLICATION,
    SAME,
    UNDECIDED,
    verdict_words,
    way,
)
from scenarios.display import cells, charts, views, wording
from scenarios.display.charts import Figure, intervals
from scenarios.display.markup import DASH, cell, table

if TYPE_CHECKING:
    from scenarios.comparing.compare import Comparison
    from scenarios.results import Results

PART_WORDS = {
    "made": "Requests made",
    "cancelled": "Cancelled",
    "no_show": "Nobody came",
    "refused_entry": "Refused at the gate",
    "called_off": "Called off for want of staff",
    "booking_fell": "Lost because the person is moved",
    "request_fell": "Asked no more, the person is moved",
    "refused": "Turned away each time the family asked",
    "gave_up": "Given up by the family",
    "put_off": "Never made after a bad experience (runs of earlier versions)",
    "turned_to_video": "Turned to a video call",
    "pending": "Still open when the year ends",
    "evening": "Evening sessions",
    "weekday": "Weekday sessions by day",
    "weekend": "Weekend sessions",
}
"""Parts of a change in words; others are groups of people."""

SPLITS = {
    "outcome": "What became of requests",
    "session_kind": "Kind of session",
    "sex": "Men and women",
    "children_under_18": "Children under 18",
    "care_experience": "Care experience",
    "nationality": "Nationality",
    "income": "Family income",
    "car": "Car or not",
    "distance_band": "Miles from home",
    "region": "Region",
}
"""The ways to split a change, and the groups of people, in words."""

GROUP_WORDS = {
    "in_care_as_a_child": "People who were in care as children",
    "never_in_care": "People who were never in care",
    "foreign_national": "Foreign nationals",
    "british_or_irish": "British or Irish",
    "without_visitors": "People without visitors",
    "low_income": "Visitors on a low income",
    "other_income": "Visitors on another income",
    "with_car": "Visitors with a car",
    "without_car": "Visitors without a car",
}

APART = (
    ("care_experience", "in_care_as_a_child"),
    ("nationality", "foreign_national"),
    ("income", "without_visitors"),
)
"""Groups that the tables name apart: care-experienced people, foreign nationals, people without
visitors."""

NO_CONTACT = {
    "no_contact_share": "No visit or video call in four weeks",
    "no_contact_unmet_share": "of them: asked and turned away, called off or not let in",
    "no_contact_not_then_share": "of them: booked for another time, or cancelled by the family",
    "no_contact_by_choice_share": "of them: nobody asked",
    "no_contact_barred_share": "of them: contacts may not visit",
    "no_contact_nobody_share": "of them: nobody is known",
    "no_contact_in_90_days_share": "No visit or video call in 90 days",
    "no_contact_in_year_share": "No visit or video call all year",
}
"""People without contact, and why."""

BY_CHANCE = (
    "A verdict needs a 95% interval that leaves out zero, so of twenty prisons where nothing "
    "changes about one is named by chance alone."
)
GROUPS_BY_CHANCE = (
    "Verdicts allow for comparing so many groups by four measures at once (Holm's method): where "
    "nothing changes, in one of twenty pairs of runs any group at all is said to gain or lose. So "
    "an interval, which is of one measure of one group alone, can leave out zero without a "
    "verdict. A wait is told in whole days, so its interval reaches a day to either side at least."
)
SPLIT_NOTE = (
    "The parts add up to the change, year by year. They say where it shows, not which changed line "
    "brought it about: two runs cannot tell that, and the lines played one at a time can."
)
MOVED_NOTE = "A plan that moves people moves them from one part to another too."


def group_words(group: str) -> str:
    """Write a group or a part of a change in words.

    Examples
    --------
    >>> group_words("made"), group_words("foreign_national"), group_words("men")
    ('Requests made', 'Foreign nationals', 'Men')
    """
    return PART_WORDS.get(group) or GROUP_WORDS.get(group) or wording.group(group)


def waterfall(parts: pd.DataFrame, by: str, *, note: str) -> Figure:
    """Draw a change as bars that begin where the one above ends.

    Parameters
    ----------
    parts
        The table of :func:`scenarios.comparing.effects.parts_of_change`, not empty.
    by
        How it is split.
    note
        What stands behind the numbers.
    """
    whole, steps = parts.iloc[-1], parts.iloc[:-1]
    rows = steps.assign(
        label=[group_words(str(part)) for part in steps["part"]],
        text=[wording.difference(change, "visits") for change in steps["change"]],
    )
    return charts.waterfall(
        rows[["label", "change", "start", "end", "text"]],
        ends=[
            (name, float(whole[end]), cell(whole[end], "visits"))
            for name, end in (("First run", "before"), ("Second run", "after"))
        ],
        unit=_unit(by),
        title=f"{_unit(by)}: from the first run to the second, by {SPLITS[by].lower()}",
        note=note,
    )


def _unit(by: str) -> str:
    what = "Requests that end in a visit" if by == "outcome" else "Visits held"
    return f"{what}, in the weeks measured"


def parts(rows: pd.DataFrame, by: str, *, paired: bool) -> str:
    """List the parts of a change with their intervals.

    Parameters
    ----------
    rows
        The table of :func:`scenarios.comparing.effects.parts_of_change`.
    by
        How it is split.
    paired
        Whether both runs played the same families.
    """
    shown = pd.DataFrame(
        {
            "part": [
                _unit(by) if part == effects.ALL else group_words(str(part))
                for part in rows["part"]
            ],
            "before": rows["before"],
            "after": rows["after"],
            "change": cells.column(cells.difference(value, "visits") for value in rows["change"]),
            "interval": cells.column(_range(row, "visits") for row in wording.records(rows)),
        }
    )
    how = "Paired" if paired else "Independent"
    moved = f" {MOVED_NOTE}" if by in ("distance_band", "region") else ""
    return table(
        shown,
        f"{_unit(by)}: the change by {SPLITS[by].lower()}",
        labels={
            "part": "Part",
            "before": "First run",
            "after": "Second run",
            "change": "Adds to the total",
            "interval": "95% interval",
        },
        right=("change", "interval"),
        note=f"{how} 95% intervals. {SPLIT_NOTE}{moved}",
    )


def _range(row: Mapping[str, object], name: str) -> Written | str:
    low, high = float(str(row["low"])), float(str(row["high"]))
    if low != low:
        return DASH
    ends = [wording.difference(value, name) for value in (low, high)]
    words = f"{ends[0].removesuffix(' points')} to {ends[1]}"
    return cells.ends(low, high, words, unit_of(name))


MEASURES = {
    "No visit or video call in four weeks": "no_contact_share",
    "In regular contact": "regular_contact_share",
    "Visits each in four weeks": "visits_per_prisoner_per_four_weeks",
    "Wait in days, nine in ten": "wait_days_p90",
}
"""The measures by which groups are said to gain or to lose, in words."""


def group_changes(rows: pd.DataFrame, measure: str, *, note: str) -> Figure:
    """Draw how one measure changes for each group of people, with intervals.

    Parameters
    ----------
    rows
        The table of :func:`scenarios.comparing.effects.gains_and_losses`.
    measure
        One of ``MEASURES``.
    """
    scale = 100.0 if measure.endswith("_share") else 1.0
    same = rows[rows["verdict"] != effects.OTHER_PEOPLE].dropna(subset=measure)
    drawn = pd.DataFrame(
        {
            "label": [group_words(str(group)) for group in same["group"]],
            "value": scale * same[measure],
            "low": scale * same[f"{measure}_low"].fillna(same[measure]),
            "high": scale * same[f"{measure}_high"].fillna(same[measure]),
        }
    ).drop_duplicates("label")
    words = next(label for label, name in MEASURES.items() if name == measure)
    unit = "percentage points" if scale > 1 else words.lower()
    return intervals(
        drawn,
        label="label",
        unit=f"Change, {unit}",
        title=f"{words}: the change by group of people, {unit}",
        note=f"{note} Lines are 95% intervals.",
        zero_line=True,
        number_format=f",.{decimals(measure)}f",
    )


def who_gains(
    rows: pd.DataFrame,
    measure: str,
    caption: str = "Who gains and who loses",
    *,
    circulate: bool = False,
) -> str:
    """List for each group of people how one measure changes, and whether it gains or loses in all.

    Parameters
    ----------
    rows
        The table of :func:`scenarios.comparing.effects.gains_and_losses`.
    measure
        One of ``MEASURES``.
    """
    others = rows["verdict"] == effects.OTHER_PEOPLE
    shown = pd.DataFrame(
        {
            "who": [group_words(str(group)) for group in rows["group"]],
            "of": rows["group_by"].map(SPLITS),
            "people": rows["people"],
            "change": cells.column(
                DASH if of_others else cells.difference(value, measure)
                for value, of_others in zip(rows[measure], others, strict=True)
            ),
            "interval": cells.column(
                DASH
                if of_others
                else _range({"low": row[f"{measure}_low"], "high": row[f"{measure}_high"]}, measure)
                for row, of_others in zip(wording.records(rows), others, strict=True)
            ),
            "verdict": rows["verdict"].str.capitalize(),
        }
    )
    words = next(label for label, name in MEASURES.items() if name == measure)
    return table(
        shown,
        caption,
        labels={
            "who": "People",
            "of": "By",
            "people": "Number",
            "change": words,
            "interval": "95% interval",
            "verdict": "All measures together",
        },
        right=("change", "interval"),
        note="All measures together: visits, regular contact, no contact and the wait; a group "
        f"gains when one is better and none worse beyond chance. {GROUPS_BY_CHANCE} {DASH}: not "
        "the same people in both runs.",
        scroll=True,
        counts=Counts(
            columns=("people",),
            by=("of", "who"),
            follows=dict.fromkeys(("change", "interval", "verdict"), "people"),
        ),
        circulate=circulate,
    )


def who_loses(rows: pd.DataFrame, further: str = "") -> str:
    """Say in a few sentences who loses: who ends further from home, then which groups of people.

    Parameters
    ----------
    rows
        The table of :func:`scenarios.comparing.effects.gains_and_losses`.
    further
        Who ends further from home (:func:`who_is_moved_away`); empty where nobody is moved.

    Examples
    --------
    >>> found = {"group_by": ["sex", "sex"], "group": ["men", "women"]}
    >>> who_loses(pd.DataFrame(found | {"verdict": ["gains", "loses"]}), "One ends further away.")
    'One ends further away. These groups lose contact beyond chance: women.'
    """

    def named(verdict: str) -> str:
        chosen = rows[rows["verdict"] == verdict]
        words = dict.fromkeys(group_words(str(group)) for group in chosen["group"])
        return ", ".join(_lower(word) for word in words)

    said = [further] if further else []
    lost, both = named(effects.LOSES), named(effects.BOTH_WAYS)
    if lost:
        said.append(f"These groups lose contact beyond chance: {lost}.")
    if both:
        said.append(f"These gain by some measures of contact and lose by others: {both}.")
    if not lost and not both:
        said.append(
            "One simulated year cannot tell which groups lose contact. Start runs of several."
            if (rows["verdict"] == ONE_REPLICATION).any()
            else "No group of the same people in both runs loses contact beyond chance."
        )
    return " ".join([*said, _left_out(rows)]).strip()


def _left_out(rows: pd.DataFrame) -> str:
    """Say by what people are grouped of whom nothing is told."""
    found = rows.loc[rows["verdict"] == effects.OTHER_PEOPLE, "group_by"]
    names = [_lower(SPLITS[str(by)]) for by in dict.fromkeys(found)]
    if not names:
        return ""
    return (
        f"Nothing is told by {' or by '.join(names)}: such groups are not of the same people in "
        "both runs."
    )


def who_is_moved_away(before: Results, after: Results, *, circulate: bool = False) -> str:
    """Say who ends further from home where the second run moves people; else nothing.

    Parameters
    ----------
    before, after
        Two runs; how far people are moved is told against today.
    """
    if not views.is_plan(after):
        return ""
    if views.is_plan(before):
        return (
            "Both runs move people; who ends further from home than today in each is on its page "
            "Overview."
        )
    return wording.who_ends_further(after, circulate=circulate)


def _lower(words: str) -> str:
    """Write words inside a sentence; names of places keep their capitals."""
    first = words.split()[0]
    keeps = words in REGIONS or first in ("British", "East", "North", "South", "West")
    return words if keeps else words[:1].lower() + words[1:]


REGIONS = ("London", "Wales", "Yorkshire and the Humber")


def without_contact(found: pd.DataFrame, comparison: Comparison) -> str:
    """List the people without contact and why, before and after.

    Parameters
    ----------
    found
        Differences of the whole estate.
    comparison
        Names the runs.
    """
    rows = found[(found["group_by"] == effects.ALL) & found["measure"].isin(NO_CONTACT)]
    rows = rows.set_index("measure").reindex(list(NO_CONTACT)).dropna(subset="before")
    shown = pd.DataFrame(
        [
            {
                "who": NO_CONTACT[str(measure)],
                "before": cells.value(row["before"], str(measure)),
                "after": cells.value(row["after"], str(measure)),
                "change": verdict_words(row).capitalize(),
            }
            for measure, row in zip(rows.index, wording.records(rows), strict=True)
        ],
        columns=["who", "before", "after", "change"],
    )
    return table(
        shown,
        "People without any visit or video call, in per cent of people held",
        labels={"who": "People", "before": "First run", "after": "Second run", "change": "Verdict"},
        right=("before", "after"),
        note=f"First run: {comparison.before}. Second run: {comparison.after}. Telephone calls and "
        "letters are not modelled, so contact is a floor.",
    )


APART_MEASURES = (
    "visits_per_prisoner_per_four_weeks",
    "regular_contact_share",
    "no_contact_share",
    "no_contact_unmet_share",
    "people_with_video_calls",
    "worker_need_met_share",
)


def apart(found: pd.DataFrame) -> str:
    """List the contact of care-experienced people, foreign nationals and people without visitors.

    Parameters
    ----------
    found
        Differences of the whole estate.
    """
    rows = []
    for group_by, group in APART:
        of_group = found[(found["group_by"] == group_by) & (found["group"] == group)]
        known = {row["measure"]: row for row in wording.records(of_group)}
        people = known.get("people", {})
        if not people.get("before"):
            continue
        same = people["before"] == people["after"]
        rows += [
            {
                "who": group_words(group),
                "measure": wording.measure(name),
                "before": cells.value(known[name]["before"], name),
                "after": cells.value(known[name]["after"], name),
                "change": (
                    verdict_words(known[name]) if same else effects.OTHER_PEOPLE
                ).capitalize(),
            }
            for name in APART_MEASURES
            if name in known
        ]
    return table(
        pd.DataFrame(rows, columns=["who", "measure", "before", "after", "change"]),
        "People in care as children, foreign nationals, and people without visitors",
        labels={
            "who": "People",
            "measure": "Measure",
            "before": "First run",
            "after": "Second run",
            "change": "Verdict",
        },
        right=("before", "after"),
        note="Groups of nobody are left out. A group has no verdict where it is not of as many "
        "people in both runs, as where somebody without visitors gains one. Runs of earlier "
        "versions do not measure the visits of foreign nationals apart.",
    )


def prisons_that_change(
    found: pd.DataFrame,
    names: Mapping[str, str],
    measure: str,
    *,
    others: Collection[str] = (),
    rows: int = 15,
) -> str:
    """List the prisons where a measure changes most beyond chance.

    A prison that holds other people in the second run has both values and no change: its people
    are not those of the first, so nobody gained or lost that difference. Such prisons come last;
    where there are no others, as beside a plan, no column tells of changes.

    Parameters
    ----------
    found
        Differences by prison.
    names
        Names of the prisons by code.
    measure
        Which measure.
    others
        Prisons that do not hold the same people in both runs
        (:func:`scenarios.comparing.effects.prisons_of_other_people`).
    """
    known = found[(found["measure"] == measure) & (found["group_by"] == effects.ALL)]
    known = known.assign(of_others=known["establishment"].isin(list(others)))
    told = known[~known["verdict"].isin(UNDECIDED)]
    order = told.assign(size=told["difference"].abs()).sort_values(
        ["of_others", "size"], ascending=[True, False], kind="stable"
    )
    most = order.head(rows)
    shown = pd.DataFrame(
        {
            "name": [names.get(str(code), str(code)) for code in most["establishment"]],
            "before": cells.column(cells.value(value, measure) for value in most["before"]),
            "after": cells.column(cells.value(value, measure) for value in most["after"]),
            "change": cells.column(
                DASH if row["of_others"] else cells.difference(row["difference"], measure)
                for row in wording.records(most)
            ),
            "interval": cells.column(
                DASH if row["of_others"] else cells.difference_interval(row)
                for row in wording.records(most)
            ),
            "verdict": [
                effects.OTHER_PEOPLE.capitalize()
                if row["of_others"]
                else way(str(row["verdict"]), measure)
                for row in wording.records(most)
            ],
        }
    )
    labels = {"name": "Prison", "before": "First run", "after": "Second run"}
    most_words = "the prisons where the two runs are furthest apart"
    if not len(most) or not most["of_others"].all():
        labels |= {"change": "Change", "interval": "95% interval", "verdict": "Verdict"}
        most_words = "the prisons where it changes most"
    return table(
        shown,
        f"{wording.measure(measure)}: {most_words}",
        labels=labels,
        right=[name for name in labels if name not in ("name", "verdict")],
        note=_of_how_many_prisons(known),
    )


def _of_how_many_prisons(known: pd.DataFrame) -> str:
    """Say at how many prisons a measure differs, and at how many that tells of nobody."""
    same = known[~known["of_others"]]
    told = int((~same["verdict"].isin(UNDECIDED)).sum())
    changed = len(known) - len(same)
    if len(known) and (known["verdict"] == ONE_REPLICATION).all():
        said = "One simulated year cannot tell a difference from chance. Start runs of several."
    elif len(same):
        whose = " with the same people in both runs" if changed else ""
        said = f"{told} of {len(same)} prisons{whose} differ beyond chance. {BY_CHANCE}"
    else:
        said = ""
    dash = f" ({DASH})" if told else ""
    others = (
        f"{wording.count(changed, 'prison')} {'does' if changed == 1 else 'do'} not hold the same "
        f"people in both runs, so no change is told there{dash}."
        if changed
        else ""
    )
    return f"{said} {others}".strip()


def beside_each_other(
    titles: Sequence[str], found: Sequence[pd.DataFrame], labels: Mapping[str, str]
) -> str:
    """List the headline of several runs beside the first: its value, then each difference.

    Parameters
    ----------
    titles
        Titles of the runs, the first being the one compared with.
    found
        Differences of the estate of every further run from the first.
    labels
        Measures and their words.
    """
    known = [
        {row["measure"]: row for row in wording.records(rows[rows["group_by"] == effects.ALL])}
        for rows in found
    ]
    shared = [name for name in labels if all(name in rows for rows in known)]
    columns = {f"run{number}": title for number, title in enumerate(titles[1:])}
    shown = pd.DataFrame(
        [
            {
                "measure": labels[name],
                "first": cells.value(known[0][name]["before"], name),
                **{
                    column: _told(rows[name], name)
                    for column, rows in zip(columns, known, strict=True)
                },
            }
            for name in shared
        ],
        columns=["measure", "first", *columns],
    )
    return table(
        shown,
        "Headline measures: the first run, and how each other run differs from it",
        labels={"measure": "Measure", "first": titles[0], **columns},
        right=("first", *columns),
        note="In brackets the 95% interval of the difference. "
        f"“{CANNOT_TELL.capitalize()}” where it holds zero. A workbook holds the differences.",
    )


def _told(row: Mapping[str, object], name: str) -> Written:
    """Write a value and how it differs; the number of it is the difference."""
    value = cell(row["after"], name)
    change = cells.difference(float(str(row["difference"])), name)
    ends = cells.difference_interval(row)
    verdict = str(row["verdict"])
    said = verdict if verdict in (CANNOT_TELL, SAME) else f"{change} ({ends})"
    return replace(change, words=f"{value}: {said}", low=ends.low, high=ends.high)

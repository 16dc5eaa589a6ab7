"""What was found in tables before anything is decided: errors, warnings, gaps, people misplaced."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from scenarios.circulation.sheets import Behind, Sheet
from scenarios.circulation.suppress import NOBODY, Counts
from scenarios.display import charts, wording
from scenarios.display.markup import table

if TYPE_CHECKING:
    from scenarios.display.charts import Figure
    from scenarios.own_tables.uploads import Taken

SHOWN = 200
"""Rows of the report that are shown; a file has all."""
DRAWN = 12

NAMES = {
    "population": "People held",
    "contacts": "Their contacts",
    "keep_aparts": "People to keep apart",
    "groups": "Groups of which few may be together",
    "keep_together": "People to keep together",
    "locks": "Locks: people and places decided by hand",
    "exclusions": "Exclusions from places and areas",
    "activities": "Courses, treatment and booked visits",
    "transfers": "Planned transfers",
    "establishments": "Prisons",
    "units": "Units of prisons",
    "places_out_of_use": "Places out of use",
    "activity_sites": "Where courses are run",
    "session_templates": "Visit sessions",
    "excluded_dates": "Dates without visits",
    "bank_holidays": "Bank holidays",
    "visit_orders": "Visiting orders by prison",
    "visiting_rules": "Rules of visits by prison",
    "video_stations": "Video stations",
    "family_workers": "Family workers",
    "travel": "Journeys from home areas to prisons",
    "court_alignment": "Prisons that serve courts",
    "rules": "Rules: hard, soft or off",
    "stage_rules": "Rules by stage of sentence",
    "cohort_rules": "Rules by group of people",
    "move_parts": "Prices of a move, by part",
}
"""Tables in plain words; one that is not here is called by its name."""

GROUPS = {
    "People and what is recorded about them": (
        "population",
        "contacts",
        "keep_aparts",
        "groups",
        "keep_together",
        "locks",
        "exclusions",
        "activities",
        "transfers",
    ),
    "Prisons and their places": (
        "establishments",
        "units",
        "places_out_of_use",
        "activity_sites",
        "court_alignment",
        "travel",
    ),
    "Visits, video calls and family workers": (
        "session_templates",
        "excluded_dates",
        "bank_holidays",
        "visit_orders",
        "visiting_rules",
        "video_stations",
        "family_workers",
    ),
    "Rules and prices": ("rules", "stage_rules", "cohort_rules", "move_parts"),
}
"""Tables that a user may bring, by what they are about."""


def name(code: str) -> str:
    """Call a table by plain words.

    Examples
    --------
    >>> name("population"), name("home_areas")
    ('People held', 'home_areas')
    """
    return NAMES.get(code, code)


def read(folder: Path, what: str) -> pd.DataFrame:
    """Read one table of a check, its text as text."""
    found = pd.read_csv(folder / f"{what}.csv", dtype=str, keep_default_na=False)
    for column in ("count", "rows", "missing", "people"):
        if column in found and (what, column) != ("report", "rows"):
            found[column] = found[column].astype("int64")
    if "missing_share" in found:
        found["missing_share"] = found["missing_share"].astype("float64")
    return found


def brought(taken: Sequence[Taken]) -> str:
    """List the tables that were brought."""
    rows = [{"name": name(t.table), "table": t.table, "rows": t.rows} for t in taken]
    return table(
        pd.DataFrame(rows, columns=["name", "table", "rows"]),
        f"{wording.count(len(rows), 'table')} brought; the others are the built-in ones",
        labels={"name": "Table", "table": "File", "rows": "Rows"},
        counts=NOBODY,
    )


def verdict(check: dict[str, Any]) -> str:
    """Say in a sentence whether tables can be used."""
    warnings = wording.count(check["warnings"], "warning")
    if check["errors"]:
        return (
            f"These tables cannot be used yet: {wording.count(check['errors'], 'error')}. Correct "
            "what is listed below, and bring the files again."
        )
    if check["warnings"]:
        return f"These tables can be used. {warnings.capitalize()}: look at what each says first."
    return "These tables can be used: no error and no warning."


NOTHING_FOUND = "No record contradicts itself or another one."

REPORT_LABELS = {
    "severity": "Severity",
    "table": "Table",
    "column": "Column",
    "rows": "Rows",
    "count": "How many",
    "found": "Found",
    "rule": "Expected, or what is odd",
    "action": "What to do",
}


def report(rows: pd.DataFrame) -> str:
    """List what was found, errors first."""
    ordered = rows.sort_values("severity", kind="stable")
    shown = ordered.head(SHOWN)
    more = len(ordered) - len(shown)
    return table(
        shown.assign(severity=shown["severity"].str.capitalize()),
        f"{wording.count(len(rows), 'finding')}, with what to do about each",
        labels=REPORT_LABELS,
        note=f"The first {SHOWN} are shown; the file has {more:,} more." if more else "",
        counts=NOBODY,
        scroll=True,
    )


def report_sheet(rows: pd.DataFrame) -> Sheet:
    """List everything that was found, for a file."""
    ordered = rows.sort_values("severity", kind="stable")
    title = "Findings, with what to do about each"
    return Sheet(title=title, table=ordered, labels=REPORT_LABELS, counts=NOBODY)


def behind(brought: Sequence[str] | None) -> Behind:
    """Say what was looked at, for the export of what was found.

    Parameters
    ----------
    brought
        Names of the tables that were brought; none where the built-in ones were looked at.

    Examples
    --------
    >>> found = behind(["contacts", "population"])
    >>> found.tables, found.illustrative, found.made_from
    ('contacts, population, as they were brought; the other tables are built in', False, None)
    >>> behind(["units"]).illustrative
    True
    """
    from scenarios.settings import settings

    if brought is None:
        return Behind(tables="built in", made_from=settings()["as_of"].value, illustrative=True)
    return Behind(
        tables=f"{', '.join(brought)}, as they were brought; the other tables are built in",
        made_from=None,
        illustrative="population" not in brought,
    )


def misplaced_words(check: dict[str, Any]) -> str:
    """Say how many people a hard rule would not let be where they are."""
    if not check["misplaced"]:
        return (
            f"None of {check['people']:,} people is held today in a place that a hard rule of the "
            "baseline keeps them out of."
        )
    return (
        f"{wording.count(check['misplaced'], 'person')} of {check['people']:,} would not be let "
        "where they are today by a hard rule of the baseline. A plan moves them, unless another "
        "rule keeps them where they are."
    )


def missing(rows: pd.DataFrame) -> str:
    """List the share of people and contacts for whom a field is not known."""
    return table(
        rows.assign(table=rows["table"].map(name)),
        "Share of rows in which a field is not known",
        labels={
            "column": "Field",
            "table": "Table",
            "meaning": "What it says",
            "missing": "Rows without it",
            "missing_share": "Share without it",
        },
        counts=Counts(
            columns=("missing",), by=("table", "column"), follows={"missing_share": "missing"}
        ),
        scroll=True,
    )


def missing_figure(rows: pd.DataFrame, source: str) -> Figure:
    """Draw the fields that are missing most often."""
    some = rows[rows["missing"] > 0].head(DRAWN)
    return charts.ranked_bars(
        some.assign(field=some["column"].str.replace("_", " ").str.capitalize()),
        label="field",
        value="missing_share",
        unit="Share of rows",
        title="Fields that are missing most often, as a share of all rows",
        note=f"Source: {source}. A field can be missing rightly, as a "
        "release date is for people on remand.",
        number_format=".0%",
    )


def misplaced(rows: pd.DataFrame, establishments: pd.DataFrame) -> str:
    """List people held today where a hard rule would not let them be, by prison and rule."""
    names = establishments.set_index("establishment")["name"]
    ordered = rows.sort_values("people", ascending=False, kind="stable")
    return table(
        ordered.assign(
            name=ordered["establishment"].map(names).fillna(ordered["establishment"]),
            rule=ordered["rule"].str.replace("_", " "),
        ),
        "People held today in a place that a hard rule keeps them out of",
        labels={"name": "Prison", "rule": "Rule", "says": "What it says", "people": "People"},
        counts=Counts(columns=("people",), by=("name", "rule")),
        scroll=True,
    )

"""A run as one page of HTML that can be sent: no script, no request, nothing outside the file.

The same run gives the same bytes. Counts of one or two people are hidden; what a person could be
recognised by is not in it. Versions, commit and machine are in ``manifest.json`` beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from scenarios.display import charts, figures, listings, marks, markup, views, wording

if TYPE_CHECKING:
    import pandas as pd
    from markupsafe import Markup

    from scenarios.circulation.suppress import Pattern
    from scenarios.display.charts import Figure
    from scenarios.results import Results

WORTH_ROWS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A figure rendered for a page without scripts."""

    title: str
    note: str
    svg: Markup


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A part of the report: its heading, what it says, its pictures and its tables."""

    title: str
    words: Sequence[str] = ()
    figures: Sequence[Drawn] = ()
    parts: Sequence[Markup] = field(default_factory=tuple)


def write_report(results: Results, path: Path, pattern: Pattern | None = None) -> None:
    """Write the report of a run.

    Parameters
    ----------
    path
        The file to write, usually ``report.html`` in the run folder.
    pattern
        What the run hides in every file; each table hides for itself when left out.
    """
    with markup.hidden_as(pattern):
        path.write_text(report_html(results), encoding="utf-8")


def report_html(results: Results) -> str:
    """Return the report of a run as one self-contained page of HTML."""
    notices = [wording.notice(results)] + ([wording.CEILING] if results.summary["ceiling"] else [])
    return (
        markup.environment()
        .get_template("report.html")
        .render(
            **head(results),
            title=results.title,
            question=results.summary["question"],
            style=_safe(markup.style()),
            notices=_safe("".join(markup.banner(text) for text in notices)),
            numbers=_safe(markup.numbers(wording.four_numbers(results, circulate=True))),
            sections=[section for section in _sections(results) if section],
        )
    )


def head(results: Results) -> dict[str, str]:
    """Say how a page of a run is to be handled: at its head, and on each page that is printed.

    Returns
    -------
    dict
        ``mark``, the line at the head, and ``printed``.
    """
    how = marks.handling([results], tells_people=False)
    return {
        "mark": marks.line(how, results),
        "printed": marks.printed(how, illustrative=marks.is_synthetic(results)),
    }


def _sections(results: Results) -> list[Section | None]:
    placed = views.people(results)
    by_prison = views.prisons(placed, results.establishments)
    return [
        _map(results, by_prison),
        _further(results, placed),
        _families(results),
        _distances(results, placed),
        _moves(results, placed, by_prison),
        _worth(results),
        _visits(results),
        _changes(results),
        _basis(results),
    ]


def _map(results: Results, by_prison: pd.DataFrame) -> Section:
    outline = views.outline_geojson()
    whens = ("plan", "change") if views.is_plan(results) else ("today",)
    return Section(
        title="Where people are far from home",
        figures=[
            _drawn(
                figures.prison_map(results, by_prison, outline, when, circulate=True),
                f"map-{when}",
            )
            for when in whens
        ],
    )


def _further(results: Results, placed: pd.DataFrame) -> Section | None:
    if not views.is_plan(results):
        return None
    return Section(
        title="Who ends further away",
        words=[wording.who_ends_further(results, circulate=True)],
        parts=[
            _safe(listings.nearer_and_further(results, circulate=True)),
            _safe(listings.further_by_reason(placed, circulate=True)),
            _safe(listings.extra_miles(placed, circulate=True)),
        ],
    )


def _families(results: Results) -> Section | None:
    if not views.is_plan(results):
        return None
    return Section(
        title="What families gain and who pays",
        words=[wording.BENEFIT],
        parts=[_safe(listings.families(results)), _safe(listings.payers(results))],
    )


def _distances(results: Results, placed: pd.DataFrame) -> Section:
    is_plan = views.is_plan(results)
    return Section(
        title="How far people are held from home",
        figures=[_drawn(figures.distances(results, placed, circulate=True), "distances")],
        parts=[
            _safe(listings.distances(placed, is_plan=is_plan, circulate=True)),
            _safe(listings.far_from_home(placed, is_plan=is_plan, circulate=True)),
        ],
    )


def _moves(results: Results, placed: pd.DataFrame, by_prison: pd.DataFrame) -> Section | None:
    if not views.is_plan(results):
        return None
    return Section(
        title="Who moves",
        words=[wording.moves(results, circulate=True)],
        parts=[
            _safe(listings.moves_by_reason(placed, circulate=True)),
            _safe(listings.arrivals_and_departures(by_prison, circulate=True)),
        ],
    )


def _worth(results: Results) -> Section | None:
    rows = views.places_worth_most(results.units, results.establishments, rows=WORTH_ROWS)
    if not len(rows):
        return None
    return Section(
        title="Where a place is worth most",
        words=[wording.worth(results)],
        figures=[_drawn(figures.worth(results, rows), "worth")],
        parts=[_safe(listings.worth(rows, circulate=True))],
    )


def _visits(results: Results) -> Section:
    from simulation.replicate import intervals

    estimates = intervals(results.measures)
    estate = views.estate_measures(estimates)
    waits = views.waits_by_kind(estimates)
    outcomes = views.outcomes(estimates)
    return Section(
        title="Visits and video calls",
        words=[wording.replications(results)],
        figures=[
            *([_drawn(figures.waits(results, waits), "waits")] if len(waits) else []),
            *([_drawn(figures.outcomes(results, outcomes), "outcomes")] if len(outcomes) else []),
        ],
        parts=[_safe(listings.measures(estate))],
    )


def _changes(results: Results) -> Section:
    changes = results.changes
    if not len(changes):
        return Section(title="What was changed", words=["Nothing: this is the baseline."])
    return Section(title="What was changed", parts=[_safe(listings.changes(changes))])


def _basis(results: Results) -> Section:
    return Section(
        title="What this rests on",
        words=[wording.proof(results), wording.MANIFEST, wording.ATTRIBUTION],
        parts=[
            _safe(markup.facts(wording.yardsticks(results) | wording.rests_on(results))),
        ],
    )


def _drawn(figure: Figure, name: str) -> Drawn:
    return Drawn(title=figure.title, note=figure.note, svg=_safe(charts.svg(figure, name)))


def _safe(html: str) -> Markup:
    """Mark text as HTML that is ours: made by a template that escapes, or by the chart renderer."""
    from markupsafe import Markup

    return Markup(html)  # noqa: S704

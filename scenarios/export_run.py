"""The tables of a stored run as one file: what ``estate export`` writes."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from scenarios.circulation import audit
from scenarios.circulation.suppress import default_rule
from scenarios.errors import ScenarioError
from scenarios.export import KINDS, Book, Kind, book_of, export

if TYPE_CHECKING:
    from scenarios.results import Results


class Told(StrEnum):
    """Which tables of a run."""

    SUMMARY = "summary"
    MOVES = "moves"


def export_run(run: Path, out: Path, *, told: Told, strict: bool) -> Iterator[str]:
    """Write the tables of a run into a file whose ending says its kind.

    Parameters
    ----------
    run
        A run folder.
    out
        A file that does not exist, ending in .xlsx, .zip (of CSV files), .ods, .html or .pdf.
    told
        The summary, which is OFFICIAL and hides small counts, or the moves person by person, which
        are OFFICIAL-SENSITIVE.
    strict
        Whether to hide counts under five and round the rest to five.

    Yields
    ------
    str
        What was written.

    Raises
    ------
    ScenarioError
        With everything that is wrong: the run, the ending, or a file that is there already.
    """
    from scenarios.results import load_results

    problems, results = [], None
    kind = next((kind for kind, form in KINDS.items() if out.suffix == f".{form.ending}"), None)
    if kind is None:
        endings = ", ".join(f".{form.ending}" for form in KINDS.values())
        problems.append(f"{out}: no kind of export ends so. Give --out a file ending in {endings}.")
    if out.exists():
        problems.append(f"{out}: is there already. Give --out a file that does not exist yet.")
    if not out.parent.is_dir():
        problems.append(f"{out.parent}: no such folder. Make it, or give --out another.")
    try:
        results = load_results(run)
        if told is Told.MOVES and results.moves.empty:
            problems.append(f"{run}: nobody moves in this run. Leave --tables out for its summary.")
    except ScenarioError as error:
        problems += error.problems
    if problems or kind is None or results is None:
        raise ScenarioError(problems)
    book = run_book(results, told, strict=strict)
    content = export(book, kind)
    noted(book, kind, told, run.resolve().parent, getpass.getuser())
    out.write_bytes(content)
    tables = "1 table" if len(book.sheets) == 1 else f"{len(book.sheets)} tables"
    yield f"{out}: {tables} of {book.rows:,} rows, {book.mark}."


def run_book(results: Results, told: Told, *, strict: bool = False) -> Book:
    """Put the tables of a run together, its summary or its moves."""
    from scenarios.display.move_list import move_list

    if told is Told.MOVES:
        moves = move_list(results.moves, results.establishments)
        return book_of("Block orders", [moves], [results], mark="OFFICIAL-SENSITIVE", rule=None)
    rule = default_rule(strict=strict)
    return book_of(results.title, summary(results), [results], mark="OFFICIAL", rule=rule)


def noted(book: Book, kind: Kind, what: str, runs: Path, who: str) -> None:
    """Add a line on an export to the list of exports."""
    rule = book.rule
    small = "shown" if rule is None else f"to {rule.threshold} hidden, rounded to {rule.rounding}"
    entry = audit.Entry(
        who=who,
        what=what,
        rows=book.rows,
        kind=kind,
        mark=book.mark,
        run=book.run,
        small_counts=small,
    )
    audit.record(runs, entry)


def summary(results: Results) -> list[str]:
    """List the tables of a run that hold no single person, in the order of the pages."""
    from scenarios.display import listings, views
    from simulation.replicate import intervals

    establishments = results.establishments
    placed = views.people(results)
    by_prison = views.prisons(placed, establishments)
    is_plan = views.is_plan(results)
    estimates = intervals(results.measures)
    waits = views.waits_by_kind(estimates)
    tables: list[str] = [
        listings.headline(results),
        listings.distances(placed, is_plan=is_plan),
        listings.far_from_home(placed, is_plan=is_plan),
        listings.prisons(by_prison, is_plan=is_plan),
    ]
    if is_plan:
        tables += [
            listings.nearer_and_further(results),
            listings.moves_by_reason(placed),
            listings.arrivals_and_departures(by_prison),
            listings.families(results),
            listings.payers(results),
            listings.terms(results),
        ]
    tables += [
        listings.units(results, establishments),
        *([listings.waits(waits)] if len(waits) else []),
        listings.outcomes(views.outcomes(estimates)),
        listings.visits_by_prison(views.visits_by_prison(estimates, by_prison)),
        listings.measures(views.estate_measures(estimates)),
        *([listings.changes(results.changes)] if len(results.changes) else []),
    ]
    return tables

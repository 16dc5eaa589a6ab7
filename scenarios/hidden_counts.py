"""Which counts of people a run hides: decided once, over every table that tells of that run alone.

Two files of a run, or a page and a file, then hide the same counts, whatever stands beside them.
What was decided is kept with the run; for a run that lacks it, it is decided when first asked for.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import lru_cache, reduce
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from scenarios.circulation.suppress import Counts, Pattern, Rule, default_rule, pattern_of
from scenarios.common_sums import equal_sums
from scenarios.results import Results, load_results, write_parquet

if TYPE_CHECKING:
    from scenarios.stored_studies import Study

FILE = "hidden_counts.parquet"


def counted_tables(results: Results, folder: Path) -> list[tuple[pd.DataFrame, Counts]]:
    """Give every table that counts people of a run alone, as pages, report and exports show it.

    Each has all its rows, and which of its columns count people.

    Parameters
    ----------
    results
        The run.
    folder
        Where its tables lie.
    """
    from data.load import read_table
    from scenarios.display import areas, frontiers, held, listings, questions, views
    from scenarios.display.markup import Table
    from scenarios.reading.held_far import far
    from simulation.replicate import intervals

    is_plan = views.is_plan(results)
    placed = views.people(results)
    by_prison = views.prisons(placed, results.establishments)
    by_area = areas.home_areas(folder, read_table("home_areas"))
    counts = far(folder, held.window_days(results))
    shortfall, regions = held.shortfall(results), held.regions_short(results)
    measures = results.measures
    moved = intervals(measures[measures["group_by"] == "since_move"])
    shown = [
        listings.prisons(by_prison, is_plan=is_plan),
        listings.distances(placed, is_plan=is_plan),
        listings.far_from_home(placed, is_plan=is_plan),
        held.far_table(counts, is_plan=is_plan),
        questions.held(results, results.equality).table_html,
        frontiers.equality_listing(results.equality, is_plan=is_plan),
        listings.units(results, results.establishments),
        areas.listing(by_area, is_plan=is_plan),
        areas.region_listing(by_area, is_plan=is_plan),
        held.shortfall_table(shortfall) if len(shortfall) else "",
        held.regions_table(regions) if len(regions) else "",
        listings.since_move(moved),
    ]
    if is_plan:
        shown += [
            listings.nearer_and_further(results),
            listings.further_by_reason(placed),
            listings.extra_miles(placed),
            listings.moves_by_reason(placed),
            listings.moves_account(results.moves),
        ]
    sheets = [table.sheet for table in shown if isinstance(table, Table)]
    return [
        *(
            (sheet.table if sheet.whole is None else sheet.whole, sheet.counts)
            for sheet in sheets
            if sheet.counts
        ),
        (by_prison, views.prison_counts(circulate=False)),
        *([(pd.DataFrame(results.summary["further"]), views.further_counts())] * is_plan),
    ]


def decided(results: Results, folder: Path) -> dict[Rule, Pattern]:
    """Decide what a run hides, for the usual rule and for the strict one.

    What the usual rule hides the strict one hides too: a table hidden by the one then tells nothing
    beside a table hidden by the other.
    """
    tables = counted_tables(results, folder)
    usual, strict = default_rule(), default_rule(strict=True)
    equal = equal_sums(tables, results)
    mild = pattern_of(tables, usual, equal=equal)
    return {usual: mild, strict: pattern_of(tables, strict, mild, equal)}


def keep_hidden(results: Results, folder: Path) -> Pattern:
    """Decide what a run hides and write it beside its tables; give that of the usual rule."""
    found = decided(results, folder)
    rows = [
        {
            "rule": _name(rule),
            "count": json.dumps(named, ensure_ascii=False),
            "hidden": hidden,
        }
        for rule, pattern in found.items()
        for named, hidden in [
            *sorted(pattern.decided.items(), key=str),
            *((("sum of", column), True) for column in sorted(pattern.outside)),
        ]
    ]
    write_parquet(pd.DataFrame(rows, columns=["rule", "count", "hidden"]), folder / FILE)
    return found[default_rule()]


KNOWN = "sums of different tables"
"""What a reader is taken to know beside single tables. It is named with the rule: what was decided
for a reader who knew less is decided again."""


def _name(rule: Rule) -> str:
    """Name a rule by its numbers: what was decided by others does not count for it."""
    return f"{rule.threshold}, {rule.least_width}, {rule.rounding}; {KNOWN}"


def of_runs(shown: Iterable[Results | Study], rule: Rule) -> Pattern | None:
    """Give what some runs hide: a count that one of them hides is hidden.

    Parameters
    ----------
    shown
        Runs and studies; studies, and runs that lie in no folder, decide nothing.
    rule
        The usual or the strict one; for any other nothing is decided beforehand.
    """
    folders = [one.folder for one in shown if isinstance(one, Results) and one.folder]
    found = [
        _stored(folder, (folder / "manifest.json").stat().st_mtime_ns).get(_name(rule))
        for folder in folders
    ]
    patterns = [pattern for pattern in found if pattern is not None]
    return reduce(Pattern.joined, patterns) if patterns else None


@lru_cache(maxsize=6)
def _stored(folder: Path, stamp: int) -> dict[str, Pattern]:
    """Read what a run hides; decide it where it is not kept or was decided by other rules."""
    del stamp
    wanted = {_name(default_rule(strict=strict)) for strict in (False, True)}
    path = folder / FILE
    if path.is_file():
        rows = pd.read_parquet(path)
        if wanted == set(rows["rule"]):
            return {str(rule): _read(own) for rule, own in rows.groupby("rule")}
    return {_name(rule): pattern for rule, pattern in decided(load_results(folder), folder).items()}


def _read(rows: pd.DataFrame) -> Pattern:
    told = zip(rows["count"], rows["hidden"], strict=True)
    counts = {tuple(json.loads(count)): bool(hidden) for count, hidden in told}
    outside = [named for named in counts if named[0] == "sum of" and len(named) == 2]
    return Pattern(
        decided={named: hidden for named, hidden in counts.items() if named not in outside},
        outside=frozenset(str(column) for _, column in outside),
    )

"""What a run hides is decided once: every file and every page of it hides the same counts."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from app_pages import _show
from scenarios import hidden_counts as kept
from scenarios.circulation.sheets import Sheet
from scenarios.circulation.suppress import (
    NOBODY,
    Named,
    Pattern,
    default_rule,
    hide_together,
    pattern_of,
)
from scenarios.common_sums import equal_sums
from scenarios.display import listings, views
from scenarios.display.markup import hidden_as, hidden_counts
from scenarios.export import sheet_of
from scenarios.export_run import summary
from scenarios.results import Results
from tests.app.serving import ROOT


def folder_of(results: Results) -> Path:
    assert results.folder is not None
    return results.folder


def pattern(results: Results, *, strict: bool = False) -> Pattern:
    found = kept.of_runs([results], default_rule(strict=strict))
    assert found is not None
    return found


def masks(
    results: Results, tables: list[str], *, strict: bool = False
) -> dict[tuple[str, int, str], bool]:
    """Give what a file of some tables hides, by title of the table, row and column."""
    rule = default_rule(strict=strict)
    sheets = [sheet_of(table) for table in tables]
    counted = [(sheet.table, sheet.counts) for sheet in sheets if sheet.counts]
    hidden = hide_together(counted, rule, pattern=kept.of_runs([results], rule))
    titles = [sheet.title for sheet in sheets if sheet.counts]
    return {
        (title, int(row), str(column)): bool(found.mask.loc[row, column])
        for title, found in zip(titles, hidden, strict=True)
        for row in found.mask.index
        for column in found.mask.columns
    }


def test_run_keeps_what_it_hides_and_reads_it_again(plan: Results, today: Results) -> None:
    for results in (plan, today):
        folder = folder_of(results)
        assert (folder / kept.FILE).is_file()
        for rule, found in kept.decided(results, folder).items():
            assert kept.of_runs([results], rule) == found


def test_every_file_of_a_run_hides_the_same_counts(plan: Results) -> None:
    """Each table alone in a file, all tables in one, and all but the first."""
    tables = summary(plan)
    for strict in (False, True):
        whole = masks(plan, tables, strict=strict)
        assert any(whole.values())
        rest = masks(plan, tables[1:], strict=strict)
        alone = {k: v for table in tables for k, v in masks(plan, [table], strict=strict).items()}
        assert rest == {name: whole[name] for name in rest}
        assert alone == whole


def test_strict_file_hides_all_that_the_usual_one_hides(plan: Results) -> None:
    usual, strict = pattern(plan), pattern(plan, strict=True)
    assert set(usual.decided) == set(strict.decided)
    assert all(strict.decided[named] for named, hidden in usual.decided.items() if hidden)


def test_small_counts_are_hidden_in_every_pattern(plan: Results) -> None:
    small: list[Named] = [
        named for named in pattern(plan).decided if 0 < float(str(named[-1])) <= 2
    ]
    assert small
    assert all(pattern(plan).decided[named] for named in small)


def test_no_count_is_what_other_tables_leave_of_a_sum(plan: Results, today: Results) -> None:
    """The women who arrive anywhere are as many as the women who move, whatever table says it."""
    for results in (plan, today):
        tables = kept.counted_tables(results, folder_of(results))
        sums = equal_sums(tables, results)
        decided = pattern(results).decided
        assert [
            (whole, parts)
            for whole, parts in sums
            if sum(float(str(named[-1])) for named in whole)
            == sum(float(str(named[-1])) for named in parts)
            and sum(decided[named] for named in {*whole, *parts}) == 1
        ] == []


def test_tables_of_a_plan_tell_the_same_sums_in_many_ways(plan: Results) -> None:
    tables = kept.counted_tables(plan, folder_of(plan))
    stars: dict[object, set[str]] = {}
    for whole, parts in equal_sums(tables, plan):
        stars.setdefault(whole, {str(whole[0][-2])}).add(str(parts[0][-2]))
    for ends in (
        {"moved", "arrive", "leave", "moves", "people of moved_share"},
        {"people_plan", "held"},
        {"further", "men"},
        {"nearer", "people of better_off_share"},
        {"beyond_50_today", "people_today", "over_50_today"},
    ):
        assert any(ends <= star for star in stars.values()), ends


def test_pages_hide_what_files_hide(plan: Results) -> None:
    """A page that hides by the pattern shows of a table what every file shows of it."""
    by_prison = views.prisons(views.people(plan), plan.establishments)
    counts = views.prison_counts(circulate=True)
    with hidden_as(pattern(plan)):
        on_page = hidden_counts(by_prison, counts)
    title = sheet_of(listings.prisons(by_prison, is_plan=True)).title
    in_files = masks(plan, summary(plan))
    for column in counts.columns:
        for row in by_prison.index:
            assert on_page.loc[row, column] == in_files[title, row, column]


def test_run_without_the_file_or_with_that_of_other_rules_decides_again(
    plan: Results, tmp_path: Path
) -> None:
    copy = Path(shutil.copytree(folder_of(plan), tmp_path / "older"))
    older = replace(plan, folder=copy)
    (copy / kept.FILE).unlink()
    assert pattern(older) == pattern(plan)
    other = Path(shutil.copytree(folder_of(plan), tmp_path / "other"))
    rows = pd.read_parquet(other / kept.FILE)
    rows.assign(rule="9, 9, 9", hidden=False).to_parquet(other / kept.FILE)
    assert pattern(replace(plan, folder=other)) == pattern(plan)


@pytest.mark.parametrize("strict", [False, True])
def test_rule_that_somebody_chose_has_no_pattern(plan: Results, *, strict: bool) -> None:
    assert kept.of_runs([plan], default_rule(strict=strict, threshold=7)) is None
    assert kept.of_runs([], default_rule(strict=strict)) is None


OF_TWO_RUNS = ("Who gains and who loses beside the baseline",)
"""Tables of pages about one run that count people of two."""


@pytest.mark.parametrize("leaf", ["start", "overview", "allocation", "visits"])
def test_every_count_that_a_page_of_a_run_shows_is_decided_beforehand(
    today: Results, plan: Results, monkeypatch: pytest.MonkeyPatch, leaf: str
) -> None:
    shown: list[Sheet] = []
    noted = _show._note

    def note(html: str | _show.Made) -> None:
        shown.append(sheet_of(html() if callable(html) else html))
        noted(html)

    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("ESTATE_RUNS", str(folder_of(plan).parent))
    monkeypatch.setattr(_show, "_note", note)
    for results in (today, plan):
        shown.clear()
        app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
        app.query_params["run"] = folder_of(results).name
        app.run()
        if leaf != "start":
            app.switch_page(f"app_pages/{leaf}.py").run()
        assert not app.exception
        known = kept.of_runs([today, plan], default_rule())
        assert known is not None
        counted = [
            sheet
            for sheet in shown
            if sheet.counts is not None
            and not sheet.is_for_planners
            and sheet.title not in OF_TWO_RUNS
        ]
        assert sum(len(sheet.counts.columns) for sheet in counted if sheet.counts) > 0
        missing = {
            sheet.title: named
            for sheet in counted
            for named in pattern_of([(sheet.table, sheet.counts or NOBODY)], default_rule()).decided
            if named not in known.decided
        }
        assert missing == {}

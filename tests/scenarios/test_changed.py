"""What a scenario changes is told in plain words, whatever stands in its file."""

from __future__ import annotations

import re

import pandas as pd
import pytest

from scenarios.comparing.compare import Comparison, lines_that_differ
from scenarios.display import changed
from scenarios.drafting import drafts, presets
from scenarios.export import sheet_of
from scenarios.load import load_scenario, scenario_names
from scenarios.schema import Change, Scenario

NAMES = {"LEI": "Leeds", "LPI": "Liverpool", "AGI": "Altcourse"}
AS_IN_A_FILE = re.compile(r"[{}\[\]_]|\b(true|false|null|tue|thu|sat)\b")


def told(change: Change) -> list[str]:
    """Give what is told of a change, each row on one line."""
    rows = changed.of_change(change, NAMES)
    return [f"{row.what}: {row.before} -> {row.after}" for row in rows]


def of(setting: str, before: object, after: object) -> list[str]:
    return told(Change(setting=setting, before=before, after=after))


SCENARIOS = [load_scenario(name) for name in scenario_names()]
QUESTIONS = [
    drafts.checked(
        drafts.Draft(name="a", title="A", question="B?", change=each.change(each.begun()))
    )
    for each in presets.PRESETS
]


@pytest.mark.parametrize("scenario", [*SCENARIOS, *QUESTIONS], ids=lambda each: each.title)
def test_nothing_is_told_as_it_stands_in_the_file(scenario: Scenario) -> None:
    lines = [line for change in scenario.changes for line in told(change)]
    assert len(lines) >= len(scenario.changes)
    assert [line for line in lines if AS_IN_A_FILE.search(line)] == []


@pytest.mark.parametrize(
    ("setting", "before", "after", "line"),
    [
        ("help.awareness_share", 0.62, 0.9, "62% -> 90%"),
        ("help.car_gbp_per_mile", 0.2, 0.3, "£0.20 per mile -> £0.30 per mile"),
        ("help.income_limit_gbp_per_month", 1250, 1600, "£1,250 per month -> £1,600 per month"),
        ("regime.family_days_in", "school_days", "weekends", "school days -> weekends"),
        ("regime.family_day_from", "13:30", "10:00", "13:30 -> 10:00"),
        ("allocation.move_budget", None, 13000, "not set -> 13,000 people"),
        ("line.modelled", True, False, "yes -> no"),
        ("video.officers", 1, 2, "1 officer -> 2 officers"),
        ("objective.order", [], ["placed", "rules"], "none -> placed, rules"),
        ("objective.tolerance", [], [0, 0.01], "none -> 0%, 1%"),
        ("line.open_days", ["mon"], ["mon", "sat"], "Mondays -> Mondays and Saturdays"),
    ],
)
def test_value_is_told_with_its_unit(
    setting: str, before: object, after: object, line: str
) -> None:
    (found,) = of(setting, before, after)
    assert found.endswith(f": {line}")


@pytest.mark.parametrize(
    ("setting", "edit", "words"),
    [
        (
            "regime.added_sessions",
            {
                "where": {"sex": "men", "security": "C"},
                "days": ["tue", "thu"],
                "start": "18:00",
                "end": "19:30",
                "open_tables": 15,
            },
            "Prisons for men of Category C: Tuesdays and Thursdays, 18:00 to 19:30, 15 tables",
        ),
        (
            "regime.session_tables",
            {"where": {}, "days": ["sat", "sun"], "multiply": 1.25},
            "Every prison: Saturdays and Sundays, 1.25 times as many as today",
        ),
        (
            "video.stations",
            {"where": {"establishment": ["LEI", "LPI"]}, "add": -2},
            "Leeds and Liverpool: 2 fewer stations",
        ),
        (
            "workers",
            {"where": {"establishment": "XXI"}, "line": "early_days", "add_fte": 0.5},
            "XXI: early days, 0.5 more full-time workers at each prison",
        ),
        (
            "workers",
            {"where": {}, "funder": "grant", "ends": "2026-09-30"},
            "Every prison: funder grant, until 30 September 2026",
        ),
        ("limits", {"limit": "far", "share": 0.315}, "Held over 50 miles from home: at most 31.5%"),
        (
            "line.online",
            {"where": {"country": "Wales"}, "first_date": "2027-10-04", "share": 0.75},
            "Prisons in Wales: from 4 October 2027, 75%",
        ),
    ],
)
def test_edit_is_told_with_where_it_holds(setting: str, edit: object, words: str) -> None:
    (found,) = of(setting, [], [edit])
    assert found.endswith(f": none -> {words}")


def test_rule_is_told_by_what_it_says() -> None:
    (found,) = of(
        "rules.foreign_national_need", {"level": "off", "price_gbp": "5"}, {"level": "soft"}
    )
    assert found.startswith("Rule: ")
    assert found.endswith(": off, £5 -> soft")


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda each: each.title)
def test_nothing_that_differs_between_runs_is_told_as_it_stands_in_their_files(
    scenario: Scenario,
) -> None:
    baseline = load_scenario("baseline").resolved()
    comparison = Comparison(
        before="Today",
        after="Then",
        lines=lines_that_differ(baseline, scenario.resolved()),
        differences=pd.DataFrame(),
        paired=True,
    )
    sheet = sheet_of(changed.between(comparison, NAMES))
    cells = [str(cell) for cell in sheet.table.to_numpy().ravel()]
    assert len(sheet.table) >= len(scenario.changes)
    assert [cell for cell in cells if AS_IN_A_FILE.search(cell)] == []


def test_unknown_part_of_an_edit_is_told_all_the_same() -> None:
    (found,) = of("units", [], [{"where": {}, "some_thing": 3}])
    assert found.endswith("Every prison: some thing 3")

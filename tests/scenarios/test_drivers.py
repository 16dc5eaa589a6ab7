"""What drives a change: lines played one at a time bring steps that add up to the whole."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scenarios.comparing.compare import differences
from scenarios.comparing.drivers import (
    ALONE,
    IN_TURN,
    LAST,
    ORDER,
    WHOLE,
    combinations,
    driver_rows,
)
from scenarios.comparing.verdict import SAME
from scenarios.display import drivers as display
from scenarios.errors import ScenarioError
from scenarios.load import load_scenario, scenario_names
from scenarios.results import file_digest, load_results
from scenarios.run import Options
from scenarios.schema import Scenario
from scenarios.studies.changed_lines import (
    AS_A_PLAN,
    NOT_ALONE,
    lines_between,
    steps_of,
    with_lines,
    written,
)
from scenarios.studies.drivers import drivers
from scenarios.studies.played import Played

YEARS = 4

TWO = """title: More sessions and a line that does nothing
question: What does each line bring?
change:
  regime.added_sessions:
    - {where: {sex: men}, days: [tue], start: "18:00", end: "19:30", open_tables: 15}
  allocation.move_budget: 50
"""
"""The last line counts only where placements are decided."""

ROWS = """title: Two rows
question: What does each bring?
change:
  regime.added_sessions:
    - {where: {sex: men}, days: [tue], start: "18:00", end: "19:30", open_tables: 15}
    - {where: {sex: men}, days: [thu], start: "18:00", end: "19:30", open_tables: 15}
  allocation.move_budget: 50
"""


def measures(values: list[float] | np.ndarray, measure: str = "visits") -> pd.DataFrame:
    return pd.DataFrame(
        {
            "scenario": "x",
            "replication": range(len(values)),
            "establishment": "ALL",
            "group_by": "all",
            "group": "all",
            "measure": measure,
            "measure_unit": "visits",
            "value": values,
        }
    )


def rows_of(table: pd.DataFrame, order: str) -> list[dict[str, Any]]:
    found = table[table["order"] == order].sort_values("step")
    return [{str(name): value for name, value in row.items()} for row in found.to_dict("records")]


values = st.lists(st.floats(-1e6, 1e6), min_size=YEARS, max_size=YEARS)


@settings(max_examples=20)
@given(steps=st.integers(1, 4), data=st.data())
def test_steps_in_turn_join_and_add_up_to_the_whole(steps: int, data: st.DataObject) -> None:
    levels = {
        chosen: measures(data.draw(values)) for chosen in combinations(steps, every_order=True)
    }
    table = driver_rows(levels, steps)
    (whole,), chain = rows_of(table, WHOLE), rows_of(table, IN_TURN)
    assert len(chain) == steps
    assert chain[0]["before"] == whole["before"]
    assert chain[-1]["after"] == whole["after"]
    assert all(one["after"] == next_one["before"] for one, next_one in pairwise(chain))
    total = math.fsum(row["difference"] for row in chain)
    assert total == pytest.approx(whole["difference"], rel=1e-9, abs=1e-6)
    ends = levels[frozenset()], levels[frozenset(range(1, steps + 1))]
    beside = differences(*ends, paired=True)["difference"].iloc[0]
    assert whole["difference"] == pytest.approx(beside, rel=1e-12)


@settings(max_examples=20)
@given(alone=values, other=values, both=values, none=values)
def test_order_is_what_a_line_brings_last_less_what_it_brings_alone(
    alone: list[float], other: list[float], both: list[float], none: list[float]
) -> None:
    levels = {
        frozenset(): measures(none),
        frozenset([1]): measures(alone),
        frozenset([2]): measures(other),
        frozenset([1, 2]): measures(both),
    }
    first, second = rows_of(driver_rows(levels, 2), ORDER)
    expected = np.mean(np.subtract(both, other) - np.subtract(alone, none))
    assert first["difference"] == pytest.approx(expected, rel=1e-9, abs=1e-6)
    # of two lines both interact by the same amount
    assert second["difference"] == pytest.approx(first["difference"], rel=1e-9, abs=1e-6)


@settings(max_examples=15)
@given(levels=st.lists(values, min_size=2, max_size=2), shift=st.floats(-100, 100))
def test_lines_that_do_not_meet_bring_the_same_in_any_order(
    levels: list[list[float]], shift: float
) -> None:
    none, one = (np.round(each) for each in levels)
    by = np.round(shift)
    table = driver_rows(
        {
            frozenset(): measures(none),
            frozenset([1]): measures(one),
            frozenset([2]): measures(none + by),
            frozenset([1, 2]): measures(one + by),
        },
        2,
    )
    assert {row["verdict"] for row in rows_of(table, ORDER)} == {SAME}


def test_measure_that_a_scenario_lacks_in_a_year_is_left_out() -> None:
    whole = pd.concat([measures([1.0, 2.0]), measures([3.0, 4.0], "wait_days_p90")])
    lacking = pd.concat([measures([1.0, 2.0]), measures([3.0, np.nan], "wait_days_p90")])
    table = driver_rows({frozenset(): whole, frozenset([1]): lacking}, 1)
    assert set(table["measure"]) == {"visits"}


@given(count=st.integers(1, 7), every=st.booleans())
def test_a_line_more_is_three_scenarios_more_at_most(count: int, every: bool) -> None:
    found = combinations(count, every_order=every)
    assert len(set(found)) == len(found)
    assert len(found) <= (3 * count - 1 if every and count > 1 else count + 1)
    assert {frozenset(), frozenset(range(1, count + 1))} <= set(found)


@settings(max_examples=60)
@given(
    count=st.integers(1, 6),
    needs=st.dictionaries(st.integers(0, 5), st.sets(st.integers(0, 5), max_size=3), max_size=6),
)
def test_every_scenario_on_the_way_is_one_the_model_takes(
    count: int, needs: dict[int, set[int]]
) -> None:
    """A line that needs others is refused without them; each line is in one step."""

    def is_sound(has: frozenset[int]) -> bool:
        return all({each for each in needs.get(line, ()) if each < count} <= has for line in has)

    found = steps_of([f"regime.line_{number}" for number in range(count)], is_sound)
    assert sorted(line for step in found for line in step.lines) == list(range(count))
    done: frozenset[int] = frozenset()
    for step in found:
        done |= {*step.lines}
        assert is_sound(done)
        assert bool(step.why) == (len(step.lines) > 1)
    if not needs:
        assert [step.lines for step in found] == [(number,) for number in range(count)]


def test_lines_of_a_plan_are_one_step() -> None:
    settings = ["allocation.move_budget", "video.stations", "placements", "rules.region"]
    found = steps_of(settings, lambda _: True)
    assert [step.lines for step in found] == [(0, 2, 3), (1,)]
    assert found[0].why == AS_A_PLAN
    without = steps_of(["allocation.move_budget", "rules.region"], lambda _: True)
    assert [step.lines for step in without] == [(0,), (1,)]


def test_lines_that_the_model_refuses_apart_are_one_step() -> None:
    found = steps_of(["asking.phone_from", "line.modelled"], lambda has: 0 not in has or 1 in has)
    assert [(step.lines, step.why) for step in found] == [((0, 1), NOT_ALONE)]


@pytest.mark.parametrize("name", scenario_names()[1:])
def test_all_lines_together_are_the_scenario_and_none_the_baseline(name: str) -> None:
    one, other = load_scenario("baseline"), load_scenario(name)
    lines = lines_between(one, other)
    every = with_lines(one, other, lines, range(len(lines)), "all")
    none = with_lines(one, other, lines, (), "none")
    assert every.problems == none.problems == ()
    assert every.scenario is not None
    assert none.scenario is not None
    assert every.scenario.digest() == other.digest()
    assert none.scenario.digest() == one.digest()
    back = lines_between(other, one)
    undone = with_lines(other, one, back, range(len(back)), "back")
    assert undone.scenario is not None
    assert undone.scenario.digest() == one.digest()


def test_rows_that_are_added_are_lines_of_their_own(tmp_path: Path) -> None:
    path = tmp_path / "rows.yaml"
    path.write_text(ROWS)
    one, other = load_scenario("baseline"), load_scenario(path)
    lines = lines_between(one, other)
    assert [line.name for line in lines] == [
        "regime.added_sessions row 1",
        "regime.added_sessions row 2",
        "allocation.move_budget",
    ]
    second = with_lines(one, other, lines, [1], "second").scenario
    assert second is not None
    assert written(second) == {"regime.added_sessions": [lines[1].after]}
    evening = load_scenario("evening_visits")
    assert [line.name for line in lines_between(evening, other)][-1] == "allocation.move_budget"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("drivers")
    (folder / "two.yaml").write_text(TWO)
    return folder


@pytest.fixture(scope="module")
def found(small_data: Path, folder: Path) -> Played:
    """Evening sessions and a line without effect, on the small estate."""
    asked = Options(data_dir=small_data, runs_dir=folder / "runs", replications=2, workers=1)
    return drivers(str(folder / "two.yaml"), asked)


def test_a_study_of_lines_keeps_what_it_played(found: Played) -> None:
    assert {path.name for path in found.folder.iterdir()} == {
        "drivers.json",
        "drivers.parquet",
        "drivers.csv",
        "scenario.yaml",
        "manifest.json",
    }
    told = json.loads((found.folder / "drivers.json").read_text())
    assert [step["lines"][0]["name"] for step in told["steps"]] == [
        "regime.added_sessions",
        "allocation.move_budget",
    ]
    assert told["scenarios_played"] == 4
    runs = [row["run"] for row in told["compared"]]
    assert [run.rpartition("-")[0] for run in runs] == ["baseline", "two"]
    beside = {path.name for path in found.folder.parent.iterdir()}
    assert beside == {*runs, found.folder.name}
    pd.testing.assert_frame_equal(pd.read_parquet(found.folder / "drivers.parquet"), found.rows)


def test_the_whole_change_is_that_of_the_two_runs(found: Played) -> None:
    told = json.loads((found.folder / "drivers.json").read_text())
    before, after = (load_results(found.folder.parent / row["run"]) for row in told["compared"])
    beside = differences(before.measures, after.measures, paired=True)
    of_estate = beside[(beside["establishment"] == "ALL") & (beside["group_by"] == "all")]
    expected = of_estate.set_index("measure")
    whole = found.rows.query("order == 'whole' and group_by == 'all'").set_index("measure")
    shared = [name for name in whole.index if name in expected.index]
    assert {"visits", "no_contact_share", "straight_miles"} <= set(shared)
    columns = ["before", "after", "difference", "low", "high", "verdict"]
    pd.testing.assert_frame_equal(
        whole.loc[shared, columns], expected.loc[shared, columns], check_names=False
    )


def test_steps_of_a_real_ensemble_add_up(found: Played) -> None:
    for _, rows in found.rows.groupby(["measure", "group_by", "group"], observed=True):
        (whole,), chain = rows_of(rows, WHOLE), rows_of(rows, IN_TURN)
        assert chain[0]["before"] == whole["before"]
        assert chain[-1]["after"] == whole["after"]
        assert all(one["after"] == later["before"] for one, later in pairwise(chain))
        steps = math.fsum(row["difference"] for row in chain)
        assert steps == pytest.approx(whole["difference"], rel=1e-9, abs=1e-9)


def test_a_line_without_effect_brings_nothing_in_any_year(found: Played) -> None:
    rows = found.rows[found.rows["step"] == 2]
    assert set(rows["order"]) == {IN_TURN, ALONE, LAST, ORDER}
    assert set(rows["verdict"]) == {SAME}
    assert (rows["difference"] == 0).all()


def test_what_was_played_is_opened(
    found: Played, folder: Path, small_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import scenarios.run as run_module

    monkeypatch.setattr(run_module, "asked_inputs", lambda *_: pytest.fail("was played again"))
    asked = Options(data_dir=small_data, runs_dir=folder / "runs", replications=2, workers=2)
    again = drivers(str(folder / "two.yaml"), asked)
    assert again.told == found.told
    assert again.folder == found.folder


def test_a_study_that_was_killed_goes_on_and_gives_the_same_bytes(
    found: Played, folder: Path, small_data: Path, tmp_path: Path
) -> None:
    """The first time the last of four scenarios is not begun."""
    from scenarios import run as run_module

    asked = Options(data_dir=small_data, runs_dir=tmp_path, replications=2, workers=1)
    ordinary, begun = run_module.begin, []

    def dies(each: Scenario, *given: Any) -> Any:
        begun.append(each.name)
        if len(begun) == 4:
            raise KeyboardInterrupt
        return ordinary(each, *given)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run_module, "begin", dies)
        with pytest.raises(KeyboardInterrupt):
            drivers(str(folder / "two.yaml"), asked)
    assert list(tmp_path.glob(".unfinished-two-lines-*"))
    assert not list(tmp_path.glob("drivers-*"))
    again = drivers(str(folder / "two.yaml"), replace(asked, resume=True))
    assert not list(tmp_path.glob(".unfinished-*"))
    for name in ("drivers.json", "drivers.parquet", "drivers.csv"):
        assert file_digest(again.folder / name) == file_digest(found.folder / name), name


def test_every_reason_why_lines_cannot_be_played_is_told(tmp_path: Path) -> None:
    later = tmp_path / "later.yaml"
    later.write_text("title: X\nquestion: Y?\nchange:\n  calendar.weeks: 26\n")
    with pytest.raises(ScenarioError, match="later: has another calendar than baseline"):
        drivers(str(later), Options(runs_dir=tmp_path))
    with pytest.raises(ScenarioError, match="no line differs from baseline"):
        drivers("baseline", Options(runs_dir=tmp_path))


def test_a_study_is_told_in_words(found: Played) -> None:
    study = display.open_drivers(found.folder)
    words = display.answer(study, "visits")
    assert words.startswith("Visits in the year: ")
    assert "The line that changes it most is" in words
    figure = display.figure(study, "visits")
    drawn = figure.chart.to_dict()
    bars = next(iter(drawn["datasets"].values()))
    assert [bar["kind"] == "total" for bar in bars] == [True, False, False, True]
    assert bars[0]["end"] == bars[1]["start"]
    assert bars[-2]["end"] == bars[-1]["end"]
    assert all(bar["interval_low"] <= bar["end"] <= bar["interval_high"] for bar in bars[1:-1])
    listed = display.listing(study, "visits")
    assert "Does the order matter?" in listed
    assert "The same in any place" in listed
    sheet = listed.sheet  # type: ignore[attr-defined]
    steps = [cell.value for cell in sheet.table["in_turn"]]
    whole = found.rows.query("order == 'whole' and measure == 'visits' and group_by == 'all'")
    assert math.fsum(steps) == pytest.approx(whole["difference"].iloc[0])


def test_order_is_told_plainly(tmp_path: Path) -> None:
    """Two lines of which either alone brings 10, and both together no more."""
    levels = {
        frozenset(): measures([100.0, 101.0, 102.0]),
        frozenset([1]): measures([110.0, 111.0, 112.0]),
        frozenset([2]): measures([110.0, 111.0, 112.0]),
        frozenset([1, 2]): measures([110.0, 111.0, 112.0]),
    }
    study = display.Drivers(
        folder=tmp_path,
        account={
            "steps": [
                {"why": "", "lines": [{"name": name, "after": "1"}]}
                for name in ("regime.a", "video.b")
            ],
            "every_order": True,
            "scenarios_played": 4,
            "replications": 3,
        },
        rows=driver_rows(levels, 2),
    )
    words = display.answer(study, "visits")
    assert (
        "What “1. A” brings depends on the order: alone it brings +10 (+10 to +10), on top of the "
        "others 0" in words
    )
    assert "Depends on the order: less after the others" in display.listing(study, "visits")


def test_a_study_that_is_not_whole_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="not a complete study of what drives a change"):
        display.open_drivers(tmp_path)

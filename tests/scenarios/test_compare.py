"""Two runs side by side, against SciPy's own intervals."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from scenarios.comparing.compare import (
    compare,
    differences,
    lines_that_differ,
    tell,
)
from scenarios.comparing.verdict import CANNOT_TELL, ONE_REPLICATION, SAME, conclusion, way
from scenarios.errors import ScenarioError
from scenarios.reading.queries import RUN_COLUMNS, measures_across, stored_runs
from scenarios.results import Results
from scenarios.run import Options, run_many

values = st.lists(st.floats(-1e6, 1e6), min_size=4, max_size=4)


def measures(found: list[float], measure: str = "visits") -> pd.DataFrame:
    return pd.DataFrame(
        {
            "scenario": "x",
            "replication": range(len(found)),
            "establishment": "ALL",
            "group_by": "all",
            "group": "all",
            "measure": measure,
            "measure_unit": "visits",
            "value": found,
        }
    )


@settings(max_examples=25)
@given(before=values, after=values)
def test_paired_intervals_are_those_of_a_paired_t_test(
    before: list[float], after: list[float]
) -> None:
    row = differences(measures(before), measures(after), paired=True).iloc[0]
    steps = np.subtract(after, before)
    spread = stats.sem(steps)
    if spread > 1e-6 * max(1, np.abs(steps).max()):
        low, high = stats.t.interval(0.95, 3, steps.mean(), spread)
        assert (row["low"], row["high"]) == (pytest.approx(low), pytest.approx(high))
    assert row["difference"] == pytest.approx(steps.mean(), abs=1e-6)


def test_independent_intervals_are_those_of_welch() -> None:
    before, after = [3.0, 5.0, 4.0, 6.0, 5.5], [8.0, 7.0, 9.5]
    row = differences(measures(before), measures(after), paired=False).iloc[0]
    expected = stats.ttest_ind(after, before, equal_var=False).confidence_interval(0.95)
    assert row["low"] == pytest.approx(expected.low)
    assert row["high"] == pytest.approx(expected.high)
    assert row["verdict"] == "higher"


def test_a_difference_that_may_be_none_is_said_so() -> None:
    row = differences(measures([1, 2, 3]), measures([2, 1, 3.5]), paired=True).iloc[0]
    assert row["verdict"] == CANNOT_TELL


def test_equal_runs_do_not_differ() -> None:
    for paired in (True, False):
        table = differences(measures([2, 2, 2]), measures([2, 2, 2]), paired=paired)
        assert table["verdict"].tolist() == [SAME]
    table = differences(measures([1, 2, 3]), measures([1, 2, 3]), paired=True)
    assert table["verdict"].tolist() == [SAME]
    table = differences(measures([1, 2, 3]), measures([3, 2, 1]), paired=True)
    assert table["verdict"].tolist() == [CANNOT_TELL]


@pytest.mark.parametrize(
    ("after", "verdict"),
    [([28, 28], SAME), ([29, 29], CANNOT_TELL), ([30, 30], "higher"), ([28, 29], CANNOT_TELL)],
)
def test_a_quantile_in_whole_days_is_told_to_a_day(after: list[float], verdict: str) -> None:
    """From 28 to 29 whole days the wait may have grown by a minute, or by nearly two days."""
    before, found = measures([28, 28], "wait_days_p90"), measures(after, "wait_days_p90")
    row = differences(before, found, paired=True).iloc[0]
    assert row["verdict"] == verdict
    if verdict != SAME:
        assert row["low"] <= row["difference"] - 1
        assert row["high"] >= row["difference"] + 1


def test_a_difference_is_better_or_worse_where_a_way_is_better() -> None:
    assert way("lower", "no_contact_share") == way("higher", "visits") == "Better"
    assert way("higher", "staff_gbp") == "Worse"
    assert way("higher", "refund_gbp") == "Higher"
    assert way(CANNOT_TELL, "visits") == "No difference to be told"
    assert way(ONE_REPLICATION, "visits") == "One year: cannot be told"


def test_the_same_under_one_curve_and_no_difference_under_another_agree() -> None:
    words = {"none": "a", "steep": "b"}
    assert conclusion({"none": SAME, "steep": CANNOT_TELL}, words, "none") == "a"


def test_an_exact_difference_is_told_without_width() -> None:
    row = differences(measures([5, 5]), measures([4, 4]), paired=True).iloc[0]
    assert (row["low"], row["high"], row["verdict"]) == (-1, -1, "lower")


def test_one_replication_gives_no_interval() -> None:
    row = differences(measures([5]), measures([4]), paired=True).iloc[0]
    assert row["verdict"] == ONE_REPLICATION
    assert np.isnan(row["low"])


def test_a_measure_of_one_run_alone_is_left_out() -> None:
    table = differences(measures([1, 2]), measures([1, 2], "calls"), paired=True)
    assert table.empty


def test_only_lines_that_differ_are_shown() -> None:
    before = {"name": "a", "title": "A", "regime": {"x": 1, "y": []}, "as_of": "2026-07-27"}
    after = {"name": "b", "title": "B", "regime": {"x": 1, "y": [1]}, "as_of": "2026-07-27"}
    assert lines_that_differ(before, after).to_dict("records") == [
        {"setting": "regime.y", "before": "[]", "after": "[1]"}
    ]


@pytest.fixture(scope="module")
def pair(small_data: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Results]:
    runs = tmp_path_factory.mktemp("pair")
    asked = Options(data_dir=small_data, runs_dir=runs, replications=3, workers=1)
    return run_many(["baseline", "closer_to_home"], asked)[0]


def test_two_scenarios_on_the_same_families_are_paired(pair: list[Results]) -> None:
    found = compare(*pair)
    assert found.paired
    assert found.lines["setting"].tolist() == ["allocation.move_budget", "placements"]
    estate = found.differences.set_index(["establishment", "group_by", "group", "measure"])
    miles = estate.loc["ALL", "all", "all", "straight_miles"]
    assert miles["verdict"] == "lower"
    assert miles["low"] == pytest.approx(miles["high"])
    said = "\n".join(tell(found))
    assert re.search(r"Straight-line miles from home, mean: .* lower by [\d.]+ \(exact\)", said)
    assert re.search(
        r"more than 100 miles from home: .*% -> .*%; lower by .* points \(exact\)", said
    )


def test_runs_with_other_seeds_are_not_paired(
    small_data: Path, tmp_path: Path, pair: list[Results]
) -> None:
    asked = Options(data_dir=small_data, runs_dir=tmp_path, seed=2, replications=3, workers=1)
    other = run_many(["baseline"], asked)[0][0]
    found = compare(pair[0], other)
    assert not found.paired
    assert found.lines.empty
    assert "not the same families" in "\n".join(tell(found))


def test_stored_runs_are_listed(pair: list[Results]) -> None:
    assert pair[0].folder is not None
    listed = stored_runs(pair[0].folder.parent)
    assert list(listed.columns) == list(RUN_COLUMNS)
    assert sorted(listed["scenario"]) == ["baseline", "closer_to_home"]
    assert listed.set_index("scenario").loc["closer_to_home", "gap"] == 0


def test_what_is_no_run_is_not_listed(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "manifest.json").write_text("{}")
    assert stored_runs(tmp_path).empty
    assert stored_runs(tmp_path / "absent").empty


def test_measures_of_several_runs_are_read_at_once(pair: list[Results]) -> None:
    folders = [Path(str(results.folder)) for results in pair]
    found = measures_across(folders, measures=["visits"])
    assert len(found) == 2 * 3
    mine = found.loc[found["scenario"] == "baseline", "value"].tolist()
    stored = pair[0].measures.query(
        "establishment == 'ALL' and group_by == 'all' and measure == 'visits'"
    )
    assert mine == stored["value"].tolist()
    everything = measures_across(folders)
    assert set(everything["establishment"]) == {"ALL"}
    assert measures_across([]).empty


def test_damaged_measures_are_said_so(tmp_path: Path) -> None:
    (tmp_path / "measures.parquet").write_bytes(b"PAR1")
    with pytest.raises(ScenarioError, match="measures of a run cannot be read"):
        measures_across([tmp_path])

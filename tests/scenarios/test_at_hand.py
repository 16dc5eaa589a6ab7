"""Small tables kept beside the event log of a run tell what the log tells."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from scenarios.comparing import effects
from scenarios.display import orders
from scenarios.planning import in_step
from scenarios.reading import held_far, hours
from scenarios.results import Results
from scenarios.run import Options, run_many


@pytest.fixture(scope="module")
def pair(small_data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Results, Results]:
    """Give a run of today and a plan, with the visits of both years."""
    asked = Options(
        data_dir=small_data,
        runs_dir=tmp_path_factory.mktemp("at hand"),
        replications=2,
        keep_visits=True,
        workers=1,
    )
    before, after = run_many(["baseline", "closer_to_home"], asked)[0]
    return before, after


def without(results: Results, name: str, to: Path) -> Results:
    """Copy a run as an earlier version stored it."""
    assert results.folder is not None
    folder = Path(shutil.copytree(results.folder, to / results.folder.name))
    (folder / name).unlink()
    return replace(results, folder=folder)


def test_run_keeps_who_is_visited(pair: tuple[Results, Results]) -> None:
    for results in pair:
        assert results.folder is not None
        log = results.visits
        first = pd.Timestamp(results.scenario["calendar"]["start_date"])
        came = log[(log["outcome"] == "attended") & (log["session_start"] >= first)]
        columns = ["replication", "prisoner_id"]
        came = came[columns].astype({"prisoner_id": "str"}).drop_duplicates()
        expected = came.sort_values(columns, ignore_index=True)
        kept = pd.read_parquet(results.folder / effects.VISITED_FILE)
        pd.testing.assert_frame_equal(kept, expected, check_dtype=False)


def test_run_tells_who_is_visited_in_every_year_whatever_log_it_keeps(
    pair: tuple[Results, Results], small_data: Path, tmp_path: Path
) -> None:
    asked = Options(data_dir=small_data, runs_dir=tmp_path, replications=2, workers=1)
    (first_alone,) = run_many(["baseline"], asked)[0]
    assert set(first_alone.visits["replication"]) == {0}
    every, one = (
        pd.read_parquet(Path(str(results.folder)) / effects.VISITED_FILE)
        for results in (pair[0], first_alone)
    )
    assert set(one["replication"]) == {0, 1}
    pd.testing.assert_frame_equal(one, every)


def test_run_that_keeps_nothing_at_hand_is_read_from_its_log(
    pair: tuple[Results, Results], tmp_path: Path
) -> None:
    older = [without(results, effects.VISITED_FILE, tmp_path / "a") for results in pair]
    expected = effects.newly_visited(*pair)
    assert len(expected)
    for before, after in ((older[0], pair[1]), (pair[0], older[1]), tuple(older)):
        pd.testing.assert_frame_equal(effects.newly_visited(before, after), expected)
    one = without(pair[0], hours.SLOTS_FILE, tmp_path / "b")
    pd.testing.assert_frame_equal(hours.use_by_slot(one), hours.use_by_slot(pair[0]))


def test_people_held_far_are_the_same_with_and_without_what_is_at_hand(
    pair: tuple[Results, Results], tmp_path: Path
) -> None:
    for results in pair:
        older = without(results, held_far.FAR_FILE, tmp_path / "far").folder
        counted = without(results, held_far.AREAS_FILE, tmp_path / "areas").folder
        assert results.folder is not None
        assert older is not None
        assert counted is not None
        window = int(results.scenario["allocation"]["release_window_days"])
        for days in (window, window + 200):
            found = held_far.far(results.folder, days)
            assert (found["people"] > 0).any()
            pd.testing.assert_frame_equal(found, held_far.far(older, days))
        by_area = held_far.by_home_area(results.folder)
        assert len(by_area)
        pd.testing.assert_frame_equal(by_area, held_far.by_home_area(counted))


def test_moves_are_dated_the_same_with_and_without_their_steps_at_hand(
    pair: tuple[Results, Results], tmp_path: Path
) -> None:
    results = pair[1]
    older = without(results, in_step.STEPS_FILE, tmp_path).folder
    assert results.folder is not None
    assert older is not None
    known, unknown = orders.moves(results.folder), orders.moves(older)
    assert len(known) > 1
    assert {"turn", "step"} <= set(known) - set(unknown)
    calendar = orders.calendar_of(results.scenario)
    for per_week, first_come in ((5, False), (5, True), (0, False)):
        dated = orders.dated(known, calendar, per_week, first_come=first_come)
        expected = orders.dated(unknown, calendar, per_week, first_come=first_come)
        pd.testing.assert_frame_equal(dated, expected)


def test_run_of_today_has_no_steps(pair: tuple[Results, Results]) -> None:
    assert pair[0].folder is not None
    assert pd.read_parquet(pair[0].folder / in_step.STEPS_FILE).empty

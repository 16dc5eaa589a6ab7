"""A point of a trade-off becomes a scenario whose best plan is the point's own."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
import yaml

from scenarios.drafting.from_point import scenario_of_point, with_limit
from scenarios.errors import ScenarioError
from scenarios.load import load_scenario
from scenarios.plan import plan
from scenarios.studies.frontier import frontier


@pytest.mark.parametrize("against", ["moves", "far", "worst_tenth"])
def test_plan_of_a_point_is_as_good_as_the_point_and_keeps_its_limit(
    small_data: Path, tmp_path: Path, against: str
) -> None:
    """The study and the plan are decided and certified apart from each other."""
    study = tmp_path / "runs" / "frontier-closer_to_home-1"
    study.parent.mkdir()
    frontier("closer_to_home", against=against, points=3, out_dir=study, data_dir=small_data)
    points = pd.read_parquet(study / "frontier.parquet")
    point = points.iloc[len(points) // 2]
    path = scenario_of_point(study, against, float(point["amount"]), study.parent)
    out = tmp_path / "plan"
    plan(str(path), out_dir=out, data_dir=small_data)
    told = json.loads((out / "allocation.json").read_text())
    placed = pd.read_parquet(out / "placements.parquet")
    has = {
        "moves": told["moves"],
        "far": int((placed["straight_miles"] > 50).sum()),
        "worst_tenth": told["worst_tenth_miles"],
    }
    assert has[against] <= point["amount"] + (0.02 if against == "worst_tenth" else 0)
    assert told["objective_gbp"] >= point["lower_bound_gbp"] - 0.01
    assert told["lower_bound_gbp"] <= point["objective_gbp"] + 0.01
    if against != "worst_tenth":  # found by search, within the gap that the plan states
        assert told["objective_gbp"] <= point["objective_gbp"] + 0.01


def test_scenario_of_a_point_is_a_small_difference(small_data: Path, tmp_path: Path) -> None:
    study = tmp_path / "frontier-closer_to_home-1"
    frontier("closer_to_home", against="moves", points=2, out_dir=study, data_dir=small_data)
    path = scenario_of_point(study, "moves", 7.0, tmp_path)
    told = yaml.safe_load(path.read_text())
    assert told["parent"] == "baseline"
    own = {change.setting for change in load_scenario("closer_to_home").changes}
    assert set(told["change"]) == own
    assert told["change"]["allocation.move_budget"] == 7
    assert load_scenario(path).title.endswith(": at most 7 moves")


def test_limit_of_a_point_takes_the_place_of_those_on_its_measure() -> None:
    rows = [{"limit": "far", "share": 0.1}, {"limit": "moves_in", "at_most": 5}]
    found = with_limit({}, {"limits": rows}, "far", 12.0)
    assert found["limits"] == [rows[1], {"limit": "far", "at_most": 12}]
    rows = [{"limit": "moves", "at_most": 3}]
    assert with_limit({}, {"limits": rows}, "moves", 9.0) == {
        "placements": "optimised",
        "allocation.move_budget": 9,
        "limits": [],
    }


def test_no_plan_is_asked_for_by_a_limit_on_crowding(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="sets no limit on it"):
        scenario_of_point(tmp_path, "crowding", 4.0, tmp_path)

"""`estate stability` decides again at both ends of the stated ranges and lists what stays."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from data.load import read_table
from scenarios.errors import ScenarioError
from scenarios.plan import plan
from scenarios.schema import RuleChange, Scenario
from scenarios.studies.stability import VARIED, VARIED_RULES, stability, variants_of


def test_both_ends_of_every_range_are_tried(baseline: Scenario) -> None:
    made = dict(variants_of(baseline))

    assert len(made) == 2 * len(VARIED) + 2 + 2 * len(VARIED_RULES)
    low = made["travel.value_of_time_gbp_per_hour=5"]
    assert low.travel.value_of_time_gbp_per_hour == 5
    assert low.changes[-1].before == baseline.travel.value_of_time_gbp_per_hour
    assert made["price_of_a_move=double"].move_parts["escort"].price_gbp == 444
    assert made["price_of_court_alignment=half"].rules["court_alignment"].price_gbp == 7.5
    assert made["price_of_nearer_preference=double"].rules["nearer_preference"].price_gbp == 10
    assert made["price_of_region=half"].rules["region"].price_gbp == 1


def test_prices_are_varied_from_where_the_scenario_and_the_users_table_put_them(
    baseline: Scenario, own_data: Path
) -> None:
    rules = read_table("rules").astype({"price_gbp": "float"})
    rules.loc[rules["rule"] == "region", "price_gbp"] = 30.0
    rules.to_csv(own_data / "rules.csv", index=False)
    scenario = baseline.model_copy(
        update={
            "rules": {
                "court_alignment": RuleChange(price_gbp=40),
                "nearer_preference": RuleChange(level="off"),
            }
        }
    )

    made = dict(variants_of(scenario, own_data))

    assert made["price_of_region=half"].rules["region"].price_gbp == 15
    assert made["price_of_court_alignment=double"].rules["court_alignment"].price_gbp == 80
    assert not any("nearer_preference" in name for name in made)


def test_stable_moves_come_first_in_the_written_list(small_data: Path, tmp_path: Path) -> None:
    out = tmp_path / "stability"

    done = stability("closer_to_home_ceiling", out_dir=out, data_dir=small_data)

    moves = pd.read_parquet(out / "stability.parquet")
    shares = pd.read_parquet(out / "variants.parquet")
    assert list(moves["variants"]) == sorted(moves["variants"], reverse=True)
    assert (moves["of_variants"] == len(shares)).all()
    assert f"{int(moves['never_changes'].sum()):,}" in done.told[0]
    assert (shares["over_50_miles"] >= shares["over_100_miles"]).all()
    assert {path.name for path in out.iterdir()} == {
        "changes.parquet",
        "manifest.json",
        "scenario.yaml",
        "stability.csv",
        "stability.parquet",
        "variants.csv",
        "variants.parquet",
    }


def test_distances_of_the_plan_are_those_of_its_placements(
    small_data: Path, tmp_path: Path
) -> None:
    """Counted from the plan's own placements, of today's and its miles from home."""
    plan("closer_to_home", out_dir=tmp_path / "plan", data_dir=small_data)
    stability("closer_to_home", out_dir=tmp_path / "stability", data_dir=small_data)
    told = pd.read_parquet(tmp_path / "stability" / "variants.parquet").iloc[0]
    equality = pd.read_parquet(tmp_path / "plan" / "equality.parquet")
    everybody = equality[equality["group_by"] == "all"].set_index("measure")["after"]
    people = everybody["people"]
    assert told["over_50_miles_in_plan"] == round(everybody["over_50_miles_share"] * people)
    assert told["over_100_miles_in_plan"] == round(everybody["over_100_miles_share"] * people)
    assert told["further_in_plan"] == round(everybody["worse_off_share"] * people)
    mean = told["mean_straight_miles_in_plan"]
    assert mean == pytest.approx(everybody["mean_straight_miles"])


def test_the_moves_listed_are_those_of_the_plan(small_data: Path, tmp_path: Path) -> None:
    plan("closer_to_home", out_dir=tmp_path / "plan", data_dir=small_data)
    stability("closer_to_home", out_dir=tmp_path / "stability", data_dir=small_data)

    columns = ["prisoner_id", "from_establishment", "establishment"]
    listed = pd.read_parquet(tmp_path / "stability" / "stability.parquet")[columns]
    made = pd.read_parquet(tmp_path / "plan" / "moves.parquet")[columns]
    assert sorted(listed.itertuples(index=False)) == sorted(made.itertuples(index=False))
    assert len(made)


def test_strict_order_and_a_used_folder_are_refused_at_once(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(ScenarioError) as caught:
        stability("strict_order", out_dir=tmp_path)

    assert len(caught.value.problems) == 2

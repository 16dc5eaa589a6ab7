"""Words for what a run measures."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pandas as pd

from scenarios.display import frontiers, wording
from scenarios.display.markup import MINUS
from scenarios.display.wording import MEASURE_WORDS, WHY_WITHOUT_CONTACT
from simulation.contact import WHY

STORED = Path(__file__).resolve().parents[1] / "expected" / "small_run.csv"


def test_every_measure_of_a_stored_run_has_words() -> None:
    assert set(pd.read_csv(STORED)["measure"]) <= set(MEASURE_WORDS)


def test_words_of_measures_are_all_different() -> None:
    assert len(set(MEASURE_WORDS.values())) == len(MEASURE_WORDS)


def test_hours_unmet_are_said_to_count_begun_cases() -> None:
    assert "begun cases" in MEASURE_WORDS["worker_hours_unmet"]


def test_every_reason_for_no_contact_has_words() -> None:
    assert tuple(WHY_WITHOUT_CONTACT) == WHY


def test_gain_of_families_has_the_range_of_the_value_of_their_time() -> None:
    rows = [
        {"gbp_per_hour": 5.0, "consumer_surplus_gbp_per_year": 14.2e6},
        {"gbp_per_hour": 12.0, "consumer_surplus_gbp_per_year": 27.9e6},
    ]
    run = SimpleNamespace(
        summary={"families": {"surplus_by_value_of_time": rows}},
        scenario={"travel": {"value_of_time_gbp_per_hour": 7.5}},
    )
    said = wording.surplus_range(run)  # type: ignore[arg-type]
    assert said.startswith("£14.2 million to £27.9 million with an hour on the way at £5.00 or £12")
    assert "£7.50 is assumed" in said
    older = SimpleNamespace(summary={"families": {}}, scenario=run.scenario)
    assert wording.surplus_range(older) == wording.NO_RANGE  # type: ignore[arg-type]


def test_variants_of_a_plan_say_how_far_people_would_be_at_most() -> None:
    plan = {"over_50_miles": 300, "over_100_miles": 90, "further": 14, "mean_straight_miles": 36.0}
    variants = pd.DataFrame(
        {
            "variant": ["price_of_a_move=half", "price_of_a_move=double"],
            "moves": [120, 80],
            "same": [90, 70],
            "same_share": [0.9, 0.7],
            "over_50_miles": [280, 330],
            "over_100_miles": [80, 95],
            "further": [20, 9],
            "mean_straight_miles": [35.0, 38.5],
        }
    ).assign(**{f"{name}_in_plan": value for name, value in plan.items()})
    found = frontiers.Stability(
        folder=Path("x"), manifest={}, variants=variants, moves=100, never_change=65
    )
    said = frontiers.stays(found)
    assert (
        "Under none would there be more than 330 people more than 50 miles from home (300 in the "
        "plan), 95 more than 100 (90 in the plan), or 20 further from home than today (14 in the "
        "plan); people would be 35.0 to 38.5 miles from home on average (36.0)."
    ) in said
    older = variants[["variant", "moves", "same", "same_share"]]
    bare = frontiers.Stability(
        folder=Path("x"), manifest={}, variants=older, moves=100, never_change=65
    )
    assert frontiers.stays(bare).endswith(frontiers.NO_DISTANCES)
    assert "Over 50 miles then" in frontiers.variants_listing(found)
    assert "Over 50 miles then" not in frontiers.variants_listing(bare)
    assert ">280</td>" in frontiers.variants_listing(found)


def test_few_people_far_from_home_under_other_assumptions_are_hidden_from_viewers() -> None:
    plan = {"over_50_miles": 300, "over_100_miles": 1, "further": 2, "mean_straight_miles": 36.0}
    variants = pd.DataFrame(
        {
            "variant": ["price_of_a_move=half", "price_of_a_move=double"],
            "moves": [120, 80],
            "same": [90, 2],
            "same_share": [0.9, 0.02],
            "over_50_miles": [280, 330],
            "over_100_miles": [2, 1],
            "further": [20, 1],
            "mean_straight_miles": [35.0, 38.5],
        }
    ).assign(**{f"{name}_in_plan": value for name, value in plan.items()})
    found = frontiers.Stability(
        folder=Path("x"), manifest={}, variants=variants, moves=100, never_change=65
    )
    said = frontiers.stays(found, circulate=True)
    assert "330 people more than 50 miles from home (300 in the plan)" in said
    assert "[c] more than 100 ([c] in the plan), or 20 further from home than today ([c] in" in said
    (double,) = [
        row
        for row in frontiers.variants_listing(found, circulate=True).split("<tr>")
        if "at double" in row
    ]
    assert double.count("[c]") == 4
    assert "2.0%" not in double
    assert "2 more than 100 (1 in the plan)" in frontiers.stays(found)


def test_interval_narrower_than_its_decimals_is_written_finer() -> None:
    row = {"measure": "no_contact_share", "replications": 4, "mean": 0.6049}
    assert wording.interval(row | {"low": 0.6047, "high": 0.6051}) == "60.47% to 60.51%"
    assert wording.interval(row | {"low": 0.600, "high": 0.610}) == "60.0% to 61.0%"
    change = row | {"low": -0.0104, "high": -0.0099, "verdict": "lower"}
    assert wording.difference_interval(change) == f"{MINUS}1.04 to {MINUS}0.99 points"

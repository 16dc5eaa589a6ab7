"""`estate allocate` says how every level of a strict order ended, and how far the worst-off are."""

from __future__ import annotations

import json
from pathlib import Path

from scenarios.plan import plan


def test_every_level_of_a_strict_order_is_told_with_its_gap(
    small_data: Path, tmp_path: Path
) -> None:
    out = tmp_path / "plan"

    told = plan("strict_order", out_dir=out, data_dir=small_data).told

    levels = json.loads((out / "allocation.json").read_text())["levels"]
    lines = [line.strip() for line in told if line.startswith("  level ")]
    assert [line.split(":")[0] for line in lines] == [f"level {one['level']}" for one in levels]
    assert f"{levels[2]['final']:,.2f}, at most {levels[2]['at_most']:,.2f} GBP" in lines[2]
    assert f"gap {100 * levels[2]['gap']:.4f}%" in lines[2]
    assert "people" in lines[0]


def test_a_plan_that_weighs_the_worst_off_tenth_tells_its_mean(
    small_data: Path, tmp_path: Path
) -> None:
    out = tmp_path / "plan"

    told = plan("worst_tenth", out_dir=out, data_dir=small_data).told

    miles = json.loads((out / "allocation.json").read_text())["worst_tenth_miles"]
    assert f"worst-off tenth: {miles:,.2f} miles from home on average" in told

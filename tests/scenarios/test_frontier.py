"""`estate frontier`: certified points, those found so far when interrupted, slips told at once."""

from __future__ import annotations

import json
import re
import shutil
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest

from scenarios.errors import ExitCode, ScenarioError
from scenarios.load import load_scenario
from scenarios.studies.frontier import frontier

FILES = {
    "changes.parquet",
    "equality.parquet",
    "frontier.csv",
    "frontier.json",
    "frontier.parquet",
    "frontier.svg",
    "manifest.json",
    "plans.parquet",
    "scenario.yaml",
}


def read(folder: Path) -> tuple[pd.DataFrame, dict[str, object]]:
    account = json.loads((folder / "frontier.json").read_text(encoding="utf-8"))
    return pd.read_parquet(folder / "frontier.parquet"), account


@pytest.mark.parametrize("against", ["moves", "far", "worst_tenth"])
def test_points_are_written_with_table_chart_and_equality(
    against: str, small_data: Path, tmp_path: Path
) -> None:
    out = tmp_path / "frontier"

    done = frontier(
        "closer_to_home_ceiling", against=against, points=4, out_dir=out, data_dir=small_data
    )

    table, account = read(out)
    assert done.exit_code == ExitCode.DONE
    assert {path.name for path in out.iterdir()} == FILES
    assert account["status"] == "complete"
    assert account["against"] == against
    assert list(table["amount"]) == sorted(table["amount"])
    assert list(table["objective_gbp"]) == sorted(table["objective_gbp"], reverse=True)
    assert (table["gap"] <= 1e-3).all()
    assert all(a >= b for a, b in pairwise(table["objective_rate_gbp"]))
    assert table["family_rate_gbp"].iloc[:-1].notna().all()
    equality = pd.read_parquet(out / "equality.parquet")
    assert set(equality["point"]) == set(table["point"])
    assert {"sex", "ethnicity", "nation", "visits"} <= set(equality["group_by"])
    plans = pd.read_parquet(out / "plans.parquet")
    assert len(plans.columns) == 1 + len(table)
    chart = (out / "frontier.svg").read_text(encoding="utf-8")
    assert "aria-label" in chart
    assert "#12436D" in chart
    drawn = re.sub(r"<[^>]+>", " ", chart)
    assert load_scenario("closer_to_home_ceiling").title in drawn
    assert "the largest gap of a point" in drawn
    assert "million GBP" in drawn


def test_moves_of_each_point_are_those_of_its_plan(small_data: Path, tmp_path: Path) -> None:
    out = tmp_path / "frontier"

    frontier("baseline", against="moves", points=3, out_dir=out, data_dir=small_data)

    table, _ = read(out)
    assert list(table["amount"]) == list(table["moves"])
    assert (table["gap"] == 0).all()
    moved = pd.read_parquet(out / "equality.parquet").query(
        "group_by == 'all' and measure == 'moved_share'"
    )
    people = len(pd.read_parquet(out / "plans.parquet"))
    assert [round(share * people) for share in moved["after"]] == list(table["moves"])


TIED = """
title: Tied
question: What do moves buy where people are kept apart?
parent: baseline
change:
  placements: optimised
  limits: [{limit: far, share: 0.5}]
"""


def tied(small_data: Path, tmp_path: Path) -> tuple[str, Path]:
    """Write a scenario with a limit, and data with people who must be kept apart."""
    scenario = tmp_path / "tied.yaml"
    scenario.write_text(TIED, encoding="utf-8")
    folder = Path(shutil.copytree(small_data, tmp_path / "apart"))
    rows = [f"P{a:04d},P{a + 1 + a % 7:04d},establishment,gang" for a in range(0, 100, 2)]
    text = "\n".join(["a,b,level,reason", *rows, ""])
    (folder / "keep_aparts.csv").write_text(text, encoding="utf-8")
    return str(scenario), folder


def test_ties_and_other_limits_hold_at_every_point(small_data: Path, tmp_path: Path) -> None:
    scenario, folder = tied(small_data, tmp_path)
    out = tmp_path / "frontier"

    done = frontier(scenario, against="moves", points=3, out_dir=out, data_dir=folder)

    table, account = read(out)
    assert done.exit_code == ExitCode.DONE
    assert len(table) == 3
    assert (table["gap"] <= 1e-6).all()
    assert account["largest_gap"] == table["gap"].max()
    assert list(table["amount"]) == list(table["moves"])
    assert list(table["objective_gbp"]) == sorted(table["objective_gbp"], reverse=True)


def test_the_worst_tenth_is_traded_beside_ties(small_data: Path, tmp_path: Path) -> None:
    scenario, folder = tied(small_data, tmp_path)
    out = tmp_path / "frontier"

    done = frontier(scenario, against="worst_tenth", points=3, out_dir=out, data_dir=folder)

    table, account = read(out)
    assert done.exit_code == ExitCode.DONE
    assert len(table) >= 2
    assert (table["measure_unit"] == "miles").all()
    assert list(table["amount"]) == sorted(table["amount"])
    assert ((table["gap"] >= 0) & (table["gap"] < 0.01)).all()
    assert account["largest_gap"] == table["gap"].max()


def test_an_interrupt_keeps_the_points_found_so_far(small_data: Path, tmp_path: Path) -> None:
    out = tmp_path / "frontier"

    def interrupt(stage: str, done: int, total: int) -> None:
        if stage == "frontier" and done == 2:
            raise KeyboardInterrupt

    done = frontier(
        "baseline",
        against="moves",
        points=6,
        out_dir=out,
        data_dir=small_data,
        progress=interrupt,
    )

    table, account = read(out)
    assert done.exit_code == ExitCode.INTERRUPTED
    assert account["status"] == "cancelled"
    assert len(table) == 2
    assert (table["gap"] == 0).all()


def test_every_slip_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()

    with pytest.raises(ScenarioError) as caught:
        frontier("no_such", against="gold", points=1, out_dir=tmp_path / "full")

    told = str(caught.value)
    assert len(caught.value.problems) == 4
    assert "moves, crowding, far, worst_tenth" in told
    assert "--points 1" in told
    assert "is in use" in told
    assert "no scenario 'no_such'" in told


def test_same_data_gives_the_same_bytes(small_data: Path, tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("one", "two")]
    for folder in folders:
        frontier("baseline", against="far", points=3, out_dir=folder, data_dir=small_data)

    for name in FILES - {"manifest.json"}:
        assert (folders[0] / name).read_bytes() == (folders[1] / name).read_bytes()

"""The command line: each command does its one thing and ends with its code."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner, Result

import scenarios.run as run_module
from optimiser.allocation import InfeasibleAllocationError
from optimiser.certify import CertificateError
from scenarios.cli import app
from scenarios.errors import LostWorkerError
from scenarios.results import load_results

ROOT = Path(__file__).resolve().parents[2]


def estate(*words: str | Path) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture(scope="module")
def runs(small_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cli") / "runs"
    done = estate(
        "run", "baseline", "evening_visits",
        "--data", small_data, "--runs", folder, "--replications", "3", "--workers", "1",
    )  # fmt: skip
    assert done.exit_code == 0, done.stderr
    assert [Path(line).parent for line in done.stdout.split()] == [folder, folder]
    return folder


def test_help_names_every_command() -> None:
    said = estate("--help").stdout
    for command in (
        *("demo", "run", "allocate", "compare", "validate", "template", "app"),
        *("replay", "warm-up"),
    ):
        assert f"  {command} " in said


def test_no_command_shows_the_help() -> None:
    assert "Commands:" in estate().output


def test_scenarios_are_stored_in_the_order_asked(runs: Path) -> None:
    names = sorted(path.name.rpartition("-")[0] for path in runs.iterdir())
    assert names == ["baseline", "evening_visits"]


def test_two_runs_are_compared_on_the_same_families(runs: Path) -> None:
    before, after = sorted(runs.iterdir())
    done = estate("compare", before, after)
    assert done.exit_code == 0, done.stderr
    assert "regime.added_sessions: [] -> [{" in done.stdout
    assert "the same families in both" in done.stdout
    assert "no difference can be told apart" in done.stdout
    assert "Tables used in visit halls" in done.stdout


def test_an_experiment_prints_its_runs_and_its_verdict(small_data: Path, tmp_path: Path) -> None:
    done = estate(
        "run", "baseline", "evening_visits", "--precision", "0.9", "--measure", "visits",
        "--data", small_data, "--runs", tmp_path, "--replications", "3", "--workers", "1",
    )  # fmt: skip
    assert done.exit_code == 0, done.stderr
    lines = done.stdout.splitlines()
    assert [Path(line).name.rpartition("-")[0] for line in lines[:3]] == [
        "baseline",
        "evening_visits",
        "experiment",
    ]
    assert "against: " in lines[4]
    assert any(line.startswith("  Visits in the year: ") for line in lines)
    compared = estate("compare", *lines[:2])
    assert "Use of added sessions" in compared.stdout
    again = estate("replay", lines[0], "--establishment", "LNI", "--data", small_data)
    assert again.exit_code == 0, again.stderr
    assert Path(again.stdout.splitlines()[0], "timeline.html").is_file()
    settled = estate("warm-up", lines[0])
    assert "LNI: " in settled.stdout


TWO_LINES = """title: Evenings and video
question: Which of the two does what?
change:
  video.credit_minutes_per_month: 60
  regime.added_sessions:
    - {where: {sex: men}, days: [tue], start: "18:00", end: "19:30", open_tables: 15}
"""


def test_lines_played_one_at_a_time_are_told_and_add_up(small_data: Path, tmp_path: Path) -> None:
    scenario = tmp_path / "two_lines.yaml"
    scenario.write_text(TWO_LINES)
    done = estate(
        "drivers", scenario, "--in-turn-only", "--data", small_data, "--runs", tmp_path / "runs",
        "--replications", "2", "--workers", "1",
    )  # fmt: skip
    assert done.exit_code == 0, done.stderr
    folder = Path(done.stdout.splitlines()[0])
    assert folder.name.startswith("drivers-two_lines-")
    assert "Evenings and video, against: " in done.stdout
    assert "1. video.credit_minutes_per_month: 60" in done.stdout
    assert "2. regime.added_sessions: [{" in done.stdout
    assert "3 scenarios played" in done.stdout
    rows = pd.read_csv(folder / "drivers.csv")
    visits = rows[(rows["measure"] == "visits") & (rows["group_by"] == "all")]
    by_order = visits.groupby("order")["difference"].sum()
    assert by_order["in turn"] == pytest.approx(by_order["whole"])
    assert set(rows["order"]) == {"whole", "in turn", "alone", "last"}


def test_lines_that_cannot_be_played_are_bad_input_in_one_report(tmp_path: Path) -> None:
    scenario = tmp_path / "faulty.yaml"
    scenario.write_text(
        "title: X\nquestion: Y?\nchange:\n  regime.notice_days_mn: 1\n  demand.no_show_share: 7\n"
    )
    done = estate("drivers", scenario, "--against", "basline", "--runs", tmp_path / "runs")
    assert done.exit_code == 2
    for said in ("no scenario 'basline'", "no setting 'regime.notice_days_mn'", "7 is outside"):
        assert said in done.stderr
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["baseline", "--precision", "0.05"], "Name at least two"),
        (["baseline", "evening_visits", "--precision", "5"], "a share between 0 and 1"),
        (["baseline", "--resume"], "no unfinished run of 'baseline'"),
    ],
)
def test_an_experiment_that_cannot_be_is_bad_input(
    tmp_path: Path, words: list[str], said: str
) -> None:
    done = estate("run", *words, "--runs", tmp_path)
    assert done.exit_code == 2
    assert said in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_demo_tells_the_answer_in_words(small_data: Path, tmp_path: Path) -> None:
    done = estate(
        "demo", "--data", small_data, "--runs", tmp_path, "--replications", "2", "--workers", "1"
    )
    assert done.exit_code == 0, done.stderr
    for words in (
        "320 people are held",
        "straight-line miles from home",
        "a year in time and money",
        "WHO ENDS NEARER AND WHO FURTHER",
        "women:",
        "visits per prisoner in four weeks",
        "gap 0.0000%",
        f"estate app --runs {tmp_path}",
    ):
        assert words in done.stdout
    assert len(list(tmp_path.iterdir())) == 2


def test_the_demo_ends_clearly_when_nobody_has_a_place(tmp_path: Path) -> None:
    """The template's two people fit no unit once the margin of the estate is kept free."""
    estate("template", tmp_path / "mine")
    (tmp_path / "mine" / "locks.csv").unlink()  # its example could not be kept either
    done = estate(
        "demo", "--data", tmp_path / "mine", "--runs", tmp_path / "runs",
        "--replications", "1", "--workers", "1",
    )  # fmt: skip
    assert done.exit_code == 3, done.stderr
    assert "Nobody can be held anywhere" in done.stdout
    assert "2 people have no place under the rules" in done.stderr


def test_a_plan_is_written_with_its_problem(small_data: Path, tmp_path: Path) -> None:
    out = tmp_path / "plan"
    done = estate(
        "allocate", "closer_to_home", "--data", small_data, "--out", out, "--save-problem"
    )
    assert done.exit_code == 0, done.stderr
    assert "gap 0.0000%" in done.stdout
    placements = pd.read_parquet(out / "placements.parquet")
    with np.load(out / "problem.npz", allow_pickle=False) as problem:
        assert problem["cost_pennies"].shape[0] == len(placements)
    assert {path.name for path in out.iterdir()} == {
        "manifest.json",
        "scenario.yaml",
        "allocation.json",
        "changes.parquet",
        "population.parquet",
        "contacts.parquet",
        "travel.parquet",
        "placements.parquet",
        "moves.parquet",
        "units.parquet",
        "equality.parquet",
        "shortfall.parquet",
        "prices.npz",
        "problem.npz",
    }


def test_a_ceiling_is_never_told_as_a_plan(small_data: Path, tmp_path: Path) -> None:
    done = estate(
        "allocate", "closer_to_home_ceiling", "--data", small_data, "--out", tmp_path / "plan"
    )
    assert done.stdout.startswith("This is a ceiling, not a plan")


def test_a_sound_folder_is_said_to_be_sound(small_data: Path) -> None:
    done = estate("validate", small_data)
    assert done.exit_code == 0, done.stderr
    assert "7 tables are sound" in done.stdout


def test_a_template_can_be_filled_in(tmp_path: Path) -> None:
    done = estate("template", tmp_path / "mine")
    assert done.exit_code == 0, done.stderr
    assert (tmp_path / "mine" / "population.csv").is_file()


@pytest.mark.parametrize(
    ("fault", "code", "words"),
    [
        (RuntimeError("P0001 is called Somebody"), 1, "Reference"),
        (LostWorkerError("Run again with fewer --workers."), 1, "fewer --workers. Reference"),
        (OSError(errno.ENOSPC, "full", "visits.parquet"), 2, "visits.parquet: cannot be written"),
        (KeyboardInterrupt(), 130, "Nothing half-written"),
        (CertificateError(["a cheaper pair"]), 4, "a cheaper pair"),
        (
            InfeasibleAllocationError("No place.", pd.DataFrame({"people": [3], "needs": [""]})),
            3,
            "closer_to_home-shortfall.csv",
        ),
    ],
    ids=["fault", "lost worker", "full disk", "interrupted", "not certified", "infeasible"],
)
def test_every_ending_has_its_code(
    small_data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    fault: BaseException,
    code: int,
    words: str,
) -> None:
    def fail(*_: object) -> None:
        raise fault

    monkeypatch.setattr(run_module, "place", fail)
    done = estate("run", "closer_to_home", "--data", small_data, "--runs", tmp_path)
    assert done.exit_code == code
    assert words in done.stderr
    left = [path.name for path in tmp_path.iterdir()]
    if code == 3:
        assert left == ["closer_to_home-shortfall.csv"]
    elif code == 1:
        log = (tmp_path / left[0]).read_text()
        assert left[0].startswith("fault-")
        assert type(fault).__name__ in log
        assert "test_cli.py" in log
        assert "Somebody" not in log
        assert "Somebody" not in done.stderr
    else:
        assert left == []


def test_a_plan_that_leaves_people_without_a_place_ends_with_code_3(
    own_data: Path, tmp_path: Path
) -> None:
    """Women on remand may only be held in three units, which are left two places each."""
    units = pd.read_csv(own_data / "units.csv", keep_default_na=False)
    receiving = (units["sex"] == "women") & units["categories"].str.contains("U")
    units.loc[receiving, ["places", "in_use_cna", "headroom"]] = [2, 2, 0]
    units.to_csv(own_data / "units.csv", index=False)
    establishments = pd.read_csv(own_data / "establishments.csv", keep_default_na=False)
    totals = units.groupby("establishment")[["places", "in_use_cna"]].sum()
    codes = establishments["establishment"]
    establishments["operational_capacity"] = codes.map(totals["places"])
    establishments["in_use_cna"] = codes.map(totals["in_use_cna"])
    establishments.to_csv(own_data / "establishments.csv", index=False)
    scenario = tmp_path / "tight.yaml"
    scenario.write_text(
        "title: Tight\nquestion: Who has no place?\nchange:\n  placements: optimised\n"
        "  rules.estate_margin_women: {level: 'off'}\n"
    )
    done = estate(
        "run", scenario, "--data", own_data, "--runs", tmp_path / "runs",
        "--replications", "1", "--workers", "1",
    )  # fmt: skip
    assert done.exit_code == 3, done.stderr
    results = load_results(done.stdout.strip())
    assert results.allocation["status"] == "infeasible"
    unplaced = results.summary["allocation"]["unplaced"]
    assert unplaced > 0
    assert f"tight: {unplaced} people have no place under the rules" in done.stderr
    assert "tight: This is a ceiling, not a plan" in done.stderr


def test_the_command_is_installed_beside_python() -> None:
    script = Path(sys.executable).parent / ("estate.exe" if os.name == "nt" else "estate")
    assert subprocess.run([script, "--help"], check=False, capture_output=True).returncode == 0

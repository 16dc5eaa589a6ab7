"""A run from tables to folder: whole, repeatable to the byte, and gone when interrupted."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import scenarios.run as run_module
from optimiser.allocation import Allocation
from optimiser.certify import CertificateError
from scenarios import hidden_counts
from scenarios.comparing.effects import VISITED_FILE
from scenarios.load import load_scenario
from scenarios.planning.in_step import STEPS_FILE
from scenarios.planning.place import place
from scenarios.reading.held_far import AREAS_FILE, FAR_FILE
from scenarios.reading.hours import OFFER_FILE, SLOTS_FILE
from scenarios.results import LATER_TABLES, TABLES, Results, file_digest, load_results
from scenarios.run import Options, Workers, run, run_key, run_many
from scenarios.schema import Scenario

ROOT = Path(__file__).resolve().parents[2]
EVERY_FILE = {
    "manifest.json",
    "scenario.yaml",
    "allocation.json",
    "summary.json",
    "prices.npz",
    "report.html",
    *(f"{name}.parquet" for name in (*TABLES, *LATER_TABLES)),
    *(AREAS_FILE, FAR_FILE, OFFER_FILE, SLOTS_FILE, STEPS_FILE, VISITED_FILE),
    hidden_counts.FILE,
}
PLACEMENTS = [
    "prisoner_id",
    "from_unit",
    "unit",
    "from_establishment",
    "establishment",
    "moved",
    "unit_changed",
    "reason",
    "straight_miles",
    "road_miles",
    "minutes",
    "visit_cost_gbp",
]
MEASURES = [
    "scenario",
    "replication",
    "establishment",
    "group_by",
    "group",
    "measure",
    "measure_unit",
    "value",
]


def options(data: Path, runs: Path, workers: int = 2) -> Options:
    return Options(data_dir=data, runs_dir=runs, replications=3, workers=workers)


@pytest.fixture(scope="session")
def two_runs(small_data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Results, Results]:
    """Today and a plan, on one worker."""
    runs = tmp_path_factory.mktemp("runs")
    found, _ = run_many(["baseline", "closer_to_home"], options(small_data, runs, workers=1))
    return found[0], found[1]


def contents(results: Results) -> dict[str, str]:
    """Digest every file that must be the same to the byte."""
    assert results.folder is not None
    digests = {
        path.name: file_digest(path)
        for path in results.folder.iterdir()
        if path.name not in ("manifest.json", "allocation.json")
    }
    told = dict(results.allocation)
    told.pop("seconds")
    return digests | {"allocation.json": json.dumps(told)}


def test_a_run_folder_holds_exactly_what_it_should(two_runs: tuple[Results, Results]) -> None:
    for results in two_runs:
        assert results.folder is not None
        assert {path.name for path in results.folder.iterdir()} == EVERY_FILE
        assert list(results.placements.columns) == PLACEMENTS
        assert list(results.measures.columns) == MEASURES
        assert results.folder.name == f"{results.name}-{results.folder.name[-8:]}"


def test_a_run_keeps_the_names_and_places_of_its_prisons(
    two_runs: tuple[Results, Results], small_data: Path
) -> None:
    own = pd.read_csv(small_data / "establishments.csv").set_index("establishment")
    for results in two_runs:
        kept = results.establishments.set_index("establishment")
        assert sorted(kept.index) == sorted(own.index)
        for column in ("name", "region", "latitude", "longitude"):
            assert kept[column].to_dict() == own[column].to_dict()


def test_today_has_a_status_and_no_bound(two_runs: tuple[Results, Results]) -> None:
    today = two_runs[0]
    assert today.allocation["status"] == "today"
    assert today.allocation["lower_bound_gbp"] is None
    assert today.allocation["gap"] is None
    assert not today.placements["moved"].any()
    assert today.moves.empty


def test_the_plan_is_proven_and_within_its_budget(two_runs: tuple[Results, Results]) -> None:
    plan = two_runs[1]
    assert plan.allocation["status"] == "optimal"
    assert plan.allocation["gap"] == 0
    assert plan.allocation["moves"] == len(plan.moves) == int(plan.placements["moved"].sum())
    assert plan.allocation["moves"] <= 13_000
    assert {"pennies_per_pound", "unit", "estate", "limit", "steps"} <= set(plan.prices)


def test_the_budget_is_told_with_its_count_and_price(two_runs: tuple[Results, Results]) -> None:
    today, plan = two_runs
    (budget,) = plan.allocation["limits"]
    assert budget["limit"] == "moves"
    assert budget["at_most"] == 13_000
    assert budget["people"] == plan.allocation["moves"]
    assert budget["price_gbp"] == 0  # fewer people than moves: it cannot bind
    assert today.allocation["limits"] == []


def test_families_gain_from_a_plan_that_brings_people_nearer(
    two_runs: tuple[Results, Results],
) -> None:
    today, plan = (results.summary for results in two_runs)
    assert today["families"]["consumer_surplus_gbp_per_year"] == 0
    assert plan["families"]["consumer_surplus_gbp_per_year"] > 0
    assert plan["distance"][0]["straight_miles"] < plan["distance"][0]["straight_miles_today"]
    assert plan["floor"]["least_mean_miles"] <= plan["floor"]["plan_mean_miles"] + 1e-9


def test_every_person_is_counted_once(two_runs: tuple[Results, Results]) -> None:
    for results in two_runs:
        people = len(results.tables["population"])
        assert len(results.placements) == people
        assert int(results.units["held"].sum()) == people
        row = results.summary["further"][0]
        assert row["people"] == people
        assert row["nearer"] + row["further"] <= people


def test_the_manifest_tells_how_to_make_the_run_again(two_runs: tuple[Results, Results]) -> None:
    manifest = two_runs[0].provenance
    assert manifest["command"] == "estate run baseline --data DIR --seed 1 --replications 3"
    assert manifest["versions"]["python"].count(".") == 2
    assert set(manifest["inputs"]) >= {"population", "contacts", "units", "road_edges"}
    assert manifest["outputs"]["measures.parquet"] == file_digest(
        Path(str(two_runs[0].folder)) / "measures.parquet"
    )
    assert set(manifest["seconds"]) == {"inputs", "placements", "simulation", "account", "files"}
    assert "node" not in json.dumps(manifest["machine"])


def test_the_same_inputs_give_the_same_bytes_on_any_number_of_workers(
    small_data: Path, tmp_path: Path, two_runs: tuple[Results, Results]
) -> None:
    again, _ = run_many(["closer_to_home"], options(small_data, tmp_path, workers=2))
    assert contents(again[0]) == contents(two_runs[1])


def test_a_cluster_of_two_processes_gives_the_same_tables(
    small_data: Path, tmp_path: Path, two_runs: tuple[Results, Results]
) -> None:
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    ) as local:
        asked = Options(
            data_dir=small_data,
            runs_dir=tmp_path,
            replications=3,
            cluster_address=local.scheduler_address,
        )
        again, _ = run_many(["baseline"], asked)
    assert contents(again[0]) == contents(two_runs[0])


def test_identical_inputs_reuse_the_run(
    small_data: Path, two_runs: tuple[Results, Results], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = two_runs[0].folder
    assert folder is not None
    monkeypatch.setattr(run_module, "asked_inputs", lambda *_: pytest.fail("was run again"))
    again, _ = run_many(["baseline"], options(small_data, folder.parent))
    assert again[0].folder == folder


@pytest.mark.parametrize(
    "change", [{"seed": 2}, {"replications": 4}, {"keep_visits": True}, {"data_dir": None}]
)
def test_other_inputs_make_another_run(small_data: Path, change: dict[str, object]) -> None:
    scenario = load_scenario("baseline")
    one = {"data_dir": small_data, "seed": 1, "replications": 3, "keep_visits": False}
    assert run_key(scenario, Options(**one)) != run_key(scenario, Options(**{**one, **change}))


def test_the_number_of_workers_makes_no_other_run(small_data: Path) -> None:
    scenario = load_scenario("baseline")
    keys = {run_key(scenario, options(small_data, Path("x"), workers=n)) for n in (1, 2, 7)}
    assert len(keys) == 1


def test_the_same_families_are_played_in_every_scenario(
    two_runs: tuple[Results, Results],
) -> None:
    """Nobody who stays and asks for a visit in both does so at another minute."""
    today, plan = two_runs
    stays = set(plan.placements.loc[~plan.placements["moved"], "prisoner_id"])
    asked = [
        results.visits.loc[
            (results.visits["outcome"] == "asked") & results.visits["prisoner_id"].isin(stays),
            ["prisoner_id", "request", "at"],
        ]
        .astype({"prisoner_id": "str"})
        .sort_values(["prisoner_id", "request"], ignore_index=True)
        for results in (today, plan)
    ]
    pd.testing.assert_frame_equal(asked[0], asked[1])


def test_the_log_of_one_replication_is_kept_and_of_all_when_asked(
    small_data: Path, tmp_path: Path, two_runs: tuple[Results, Results]
) -> None:
    assert set(two_runs[0].visits["replication"]) == {0}
    asked = Options(
        data_dir=small_data, runs_dir=tmp_path, replications=2, keep_visits=True, workers=1
    )
    kept, _ = run_many(["baseline"], asked)
    assert set(kept[0].visits["replication"]) == {0, 1}


def test_the_next_scenario_is_decided_while_the_years_of_one_are_played(
    small_data: Path, tmp_path: Path
) -> None:
    told: list[str] = []
    asked = options(small_data, tmp_path, workers=1)
    names = ["baseline", "closer_to_home", "baseline"]
    found, _ = run_many(names, asked, lambda stage, *_: told.append(stage))
    assert [results.name for results in found] == names
    handed_out = told.index("baseline: simulate")
    answered = len(told) - told[::-1].index("baseline: simulate") - 1
    assert handed_out < told.index("closer_to_home: people") < answered


def test_a_scenario_that_cannot_be_played_loses_no_earlier_one(
    small_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(scenario: Scenario, *rest: Any) -> Allocation:
        if scenario.name == "closer_to_home":
            raise CertificateError(["a cheaper pair"])
        return place(scenario, *rest)

    monkeypatch.setattr(run_module, "place", fail)
    with pytest.raises(CertificateError):
        run_many(["baseline", "closer_to_home"], options(small_data, tmp_path, workers=1))
    assert [path.name.rpartition("-")[0] for path in tmp_path.iterdir()] == ["baseline"]


@pytest.mark.parametrize("fault", [KeyboardInterrupt, RuntimeError])
def test_a_run_that_does_not_end_leaves_nothing(
    small_data: Path, tmp_path: Path, fault: type[BaseException]
) -> None:
    def stop(stage: str, done: int, total: int) -> None:
        if stage == "simulate":
            raise fault

    with pytest.raises(fault), Workers(options(small_data, tmp_path)) as workers:
        run(load_scenario("baseline"), options(small_data, tmp_path), workers.executor, stop)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name != "posix", reason="signals are those of POSIX")
@pytest.mark.parametrize("told", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_leaves_no_half_written_run_and_no_process(
    small_data: Path, tmp_path: Path, told: signal.Signals
) -> None:
    """Ctrl-C reaches the whole group; ``kill`` the command alone.

    The command is started as a script starts one in the background: with Ctrl-C ignored.
    """
    command = ["sh", "-c", "trap '' INT; exec \"$@\"", "sh"]
    command += [sys.executable, "-m", "scenarios.cli", "run", "baseline"]
    command += ["--data", str(small_data), "--runs", str(tmp_path), "--replications", "2000"]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, start_new_session=True) as job:
        _wait_for(lambda: list(tmp_path.glob(".partial-*/inputs-0.pickle")))
        time.sleep(1)
        (os.killpg if told == signal.SIGINT else os.kill)(job.pid, told)
        _, said = job.communicate(timeout=60)
    assert job.returncode == 130
    assert "Interrupted" in said.decode()
    # finished years are kept whole, for the same command to go on from
    assert [path.name for path in tmp_path.iterdir() if ".unfinished-" not in path.name] == []
    _wait_for(lambda: not _group_lives(job.pid))


@pytest.mark.skipif(os.name != "posix", reason="signals are those of POSIX")
def test_workers_end_when_the_driver_dies(small_data: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "scenarios.cli", "run", "baseline"]
    command += ["--data", str(small_data), "--runs", str(tmp_path), "--replications", "2000"]
    with subprocess.Popen(
        command, cwd=ROOT, stderr=subprocess.DEVNULL, start_new_session=True
    ) as job:
        _wait_for(lambda: list(tmp_path.glob(".partial-*/inputs-0.pickle")))
        time.sleep(1)
        job.kill()
        job.wait(timeout=60)
    _wait_for(lambda: not _group_lives(job.pid))
    run_many(["baseline"], options(small_data, tmp_path, workers=1))
    left = [path.name for path in tmp_path.iterdir() if ".unfinished-" not in path.name]
    assert [name[:8] for name in left] == ["baseline"]


def _wait_for(happened: object, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not happened():  # type: ignore[operator]
        assert time.monotonic() < end, "did not happen in time"
        time.sleep(0.1)


def _group_lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def test_results_load_from_the_folder_they_were_stored_in(
    two_runs: tuple[Results, Results],
) -> None:
    folder = two_runs[1].folder
    assert folder is not None
    loaded = load_results(folder)
    assert loaded.summary == two_runs[1].summary
    assert loaded.holds_for["date"] == "2026-07-27"
    assert loaded.changes["setting"].tolist() == ["placements", "allocation.move_budget"]


def test_summary_lists_the_family_workers_that_the_scenario_leaves(
    small_data: Path, two_runs: tuple[Results, Results]
) -> None:
    told = pd.DataFrame(two_runs[0].summary["workers"])
    given = pd.read_csv(small_data / "family_workers.csv")

    assert told["fte"].sum() == pytest.approx(given["fte"].sum())
    assert set(told["establishment"]) == set(given["establishment"])
    assert set(told["funder"]) == set(given["funder"])

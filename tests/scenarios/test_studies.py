"""Studies are found by the files their kind writes, whoever made them."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from scenarios.display import marks
from scenarios.stored_studies import KINDS, MARKERS, Study, new_study_folder, studies

SCENARIO = "name: closer_to_home\ntitle: Closer to home\nquestion: Who?\ncalendar:\n  weeks: 52\n"


def made(runs: Path, name: str, *files: str, inputs: object = None) -> Path:
    folder = runs / name
    folder.mkdir(parents=True)
    for file in files:
        (folder / file).write_text("{}", encoding="utf-8")
    (folder / "scenario.yaml").write_text(SCENARIO, encoding="utf-8")
    if inputs is not None:
        (folder / "manifest.json").write_text(json.dumps({"inputs": inputs}), encoding="utf-8")
    return folder


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("replay", "experiment")])
def test_study_is_known_by_its_files_and_named_by_its_scenario(tmp_path: Path, kind: str) -> None:
    made(tmp_path, "anything", *MARKERS[kind])  # type: ignore[index]
    (found,) = studies(tmp_path)
    assert (found.kind, found.scenario, found.title) == (kind, "closer_to_home", "Closer to home")


def test_run_is_no_study(tmp_path: Path) -> None:
    made(tmp_path, "baseline-0123abcd", *MARKERS["allocate"], "summary.json")
    assert studies(tmp_path) == []


def test_hidden_and_half_written_folders_are_left_out(tmp_path: Path) -> None:
    made(tmp_path, ".frontier.partial", "frontier.csv")
    made(tmp_path, "size", "workers.csv")
    assert studies(tmp_path) == []
    assert studies(tmp_path / "not there") == []


def test_newest_study_comes_first(tmp_path: Path) -> None:
    for number, name in enumerate(["b", "c", "a"]):
        folder = made(tmp_path, name, "stability.csv")
        os.utime(folder / "stability.csv", (number, number))
    assert [study.name for study in studies(tmp_path, "stability")] == ["a", "c", "b"]
    assert studies(tmp_path, "frontier") == []


def test_replay_is_named_by_its_prison_and_year(tmp_path: Path) -> None:
    made(tmp_path, "replay-closer_to_home-0123abcd-LEI-1", "timeline.html")
    (found,) = studies(tmp_path, "replay")
    assert found.scenario == "closer_to_home"
    assert found.title == "LEI, year 2 of closer_to_home-0123abcd"


def test_experiment_is_named_by_the_scenarios_it_compares(tmp_path: Path) -> None:
    folder = made(tmp_path, "experiment-0f", "experiment.json")
    runs = ["baseline-0123abcd", "closer_to_home-0123abcd", "baseline-9123abcd"]
    (folder / "experiment.json").write_text(json.dumps({"runs": runs}), encoding="utf-8")
    (found,) = studies(tmp_path, "experiment")
    assert (found.scenario, found.title) == ("baseline", "closer_to_home against baseline")


def test_new_study_takes_the_first_free_number(tmp_path: Path) -> None:
    assert new_study_folder(tmp_path, "frontier", "/x/mine.yaml").name == "frontier-mine-1"
    made(tmp_path, "frontier-mine-1")
    assert new_study_folder(tmp_path, "frontier", "mine").name == "frontier-mine-2"


def test_mark_is_illustrative_only_where_people_are_known_to_be_made_up(tmp_path: Path) -> None:
    made(tmp_path, "synthetic", "frontier.csv", inputs={"establishments": "0f"})
    made(tmp_path, "real", "frontier.csv", inputs={"population": "0f"})
    made(tmp_path, "unknown", "frontier.csv")
    told = {study.name: marks.line("OFFICIAL", study) for study in studies(tmp_path)}
    assert "ILLUSTRATIVE" in told["synthetic"]
    assert told["real"] == "OFFICIAL | Run real"
    assert told["unknown"] == "OFFICIAL | Run unknown"


def test_study_without_a_manifest_is_as_real_as_the_run_it_was_made_from(tmp_path: Path) -> None:
    made(tmp_path, "baseline-0123abcd", inputs={"establishments": "0f"})
    made(tmp_path, "replay-baseline-0123abcd-LEI-0", "timeline.html")
    (found,) = studies(tmp_path)
    assert isinstance(found, Study)
    assert marks.is_synthetic(found)

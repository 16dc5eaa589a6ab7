"""Family workers in a scenario: its edits reach the simulated year, and nothing else moves."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from scenarios.errors import ScenarioError
from scenarios.inputs import load_inputs
from scenarios.load import load_scenario
from scenarios.planning.place import place, simulated_on
from scenarios.run import Options, run_many, scenarios_of
from simulation.simulate import SimulationInputs

HEAD = "title: Workers\nquestion: What if?\n"


def scenario_file(folder: Path, change: str) -> Path:
    path = folder / "workers.yaml"
    path.write_text(f"{HEAD}change:\n{change}", encoding="utf-8")
    return path


def played_on(path: Path | str, data: Path) -> SimulationInputs:
    scenario = load_scenario(path)
    inputs = load_inputs(scenario, data)
    return simulated_on(scenario, inputs, place(scenario, inputs))


def test_edits_reach_the_posts_of_the_year(small_data: Path, tmp_path: Path) -> None:
    """Durham has 2 workers and the others a grant each or none."""
    path = scenario_file(
        tmp_path,
        "  workers:\n"
        "    - {where: {establishment: DMI}, line: casework, set_fte: 3.4}\n"
        "    - {where: {}, line: early_days, funder: grant, set_fte: 0}\n",
    )

    posts = {code: work.posts for code, work in played_on(path, small_data).family_work.items()}

    assert [post.fte for post in posts["DMI"]] == [1.0, 1.0, 1.0, 0.4]
    assert {post.line for each in posts.values() for post in each} == {"casework"}


def test_everybody_held_is_someone_the_workers_are_there_for(small_data: Path) -> None:
    inputs = played_on("baseline", small_data)

    assert {code: len(work.keys) for code, work in inputs.family_work.items()} == {
        code: len(place.keys) for code, place in inputs.places.items() if len(place.keys)
    }
    assert {work.region for work in inputs.family_work.values()} <= {
        place.region for place in inputs.places.values()
    }


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("  workers: [{where: {}, line: cooking, set_fte: 1}]\n", "workers.0.line"),
        ("  workers: [{where: {}, set_fte: -1}]\n", "it must be 0 or more"),
        ("  workers: [{where: {}, sett_fte: 1}]\n", "set_fte"),
        ("  workers: [{where: {sex: man}, set_fte: 1}]\n", "workers row 1: no sex 'man'"),
        ("  need.missing_parent_share: 2\n", "outside 0 to 0.6"),
        ("  family_work.hours_per_week: -3\n", "outside 35 to 40"),
    ],
)
def test_an_edit_that_cannot_be_is_told_plainly(tmp_path: Path, change: str, said: str) -> None:
    with pytest.raises(ScenarioError, match=said):
        load_scenario(scenario_file(tmp_path, change))


def test_an_edit_that_does_not_fit_the_estate_is_told_plainly(
    small_data: Path, tmp_path: Path
) -> None:
    few = scenario_file(
        tmp_path, "  workers: [{where: {establishment: DMI}, line: casework, add_fte: -50}]\n"
    )

    with pytest.raises(ScenarioError, match="fewer than no workers: DMI"):
        load_inputs(load_scenario(few), small_data)


def test_a_state_is_refused_where_families_start_to_ask(tmp_path: Path) -> None:
    starting = scenario_file(tmp_path, "  family_work.starts_to_ask_share: 0.2\n")
    (tmp_path / "state.csv").write_text("what\n", encoding="utf-8")

    for given in ({"start_state": tmp_path / "state.csv"}, {"save_state": tmp_path / "new.csv"}):
        with pytest.raises(ScenarioError, match=r"starts_to_ask_share to 0"):
            scenarios_of([str(starting)], Options(**given))


def test_without_workers_nobody_is_helped_and_visits_stay_as_they_were(
    small_data: Path, tmp_path: Path
) -> None:
    nobody = scenario_file(tmp_path, "  workers: [{where: {}, set_fte: 0}]\n")
    asked = Options(data_dir=small_data, runs_dir=tmp_path / "runs", replications=1, workers=1)

    (before, after), _ = run_many(["baseline", str(nobody)], asked)

    rows = [results.measures.drop(columns="scenario") for results in (before, after)]
    moved = set(pd.concat(rows).drop_duplicates(keep=False)["measure"])
    of_estate = rows[1][(rows[1]["establishment"] == "ALL") & (rows[1]["group_by"] == "all")]
    found = of_estate.set_index("measure")["value"]
    assert all(name.startswith("worker_") for name in moved)
    assert found["worker_people_helped"] == 0.0
    assert found["worker_need_met_share"] == 0.0
    assert found["worker_referrals"] > 0

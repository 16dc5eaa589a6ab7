"""Deciding a stored plan again: its scenario, its tables, the planner's locks and what it cost."""

from __future__ import annotations

import json
import shutil
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
import yaml

from data.locks import read_locks
from data.words import LockAction
from scenarios.display import persons
from scenarios.errors import ScenarioError
from scenarios.load import load_scenario
from scenarios.locking import holding
from scenarios.plan import plan as make
from scenarios.planning import again, steer
from scenarios.planning.explain import Explained, excluded_sites, explain_person
from scenarios.planning.stored_plan import open_plan

OWN = """
title: Own
question: What if a rule were off and another dearer?
change:
  placements: optimised
  allocation.move_budget: 150
  rules.region: {price_gbp: 75, from: 2026-01-01}
  rules.short_time_left: {level: "off"}
  limits: [{limit: far, share: 0.9}]
  units: [{where: {establishment: LEI}, set_places: 400}]
"""


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("scenario") / "own.yaml"
    path.write_text(OWN, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def data(small_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the small data with one person whom public protection keeps away from Leeds."""
    folder = Path(shutil.copytree(small_data, tmp_path_factory.mktemp("again") / "data"))
    (folder / "exclusions.csv").write_text(
        "prisoner_id,establishment,home_area,within_miles\nP0010,LEI,,\n", encoding="utf-8"
    )
    return folder


@pytest.fixture(scope="module")
def plan(data: Path, runs: Path, own: Path) -> Path:
    """Make a plan of a scenario that does not come with the model."""
    make(str(own), out_dir=runs / "plan", data_dir=data)
    return runs / "plan"


def decision(
    prisoner_id: str, place: str, action: LockAction = LockAction.LOCK
) -> dict[str, object]:
    return {
        "prisoner_id": prisoner_id,
        "action": action,
        "unit_or_establishment": place,
        "reason_code": "family",
        "note": "",
        "owner": "planner",
        "review_date": date(2026, 12, 1),
    }


def first_mover(plan: Path) -> str:
    return str(pd.read_parquet(plan / "moves.parquet")["prisoner_id"].iloc[0])


def test_scenario_of_a_plan_is_written_from_its_changes_with_the_same_settings(
    plan: Path, own: Path, tmp_path: Path
) -> None:
    path = again.scenario_like(plan, tmp_path)
    assert load_scenario(path).digest() == load_scenario(own).digest()
    assert load_scenario(path).title == "Own"
    assert again.scenario_like(plan, tmp_path) == path


def test_scenario_that_comes_with_the_model_is_named(plan: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(plan, tmp_path / "plan"))
    told = load_scenario("closer_to_home")
    text = yaml.safe_dump(told.resolved())
    (copy / "scenario.yaml").write_text(text, encoding="utf-8")
    manifest = again.manifest_of(copy) | {"scenario_digest": told.digest()}
    (copy / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    assert again.scenario_like(copy, tmp_path) == "closer_to_home"


def test_plan_whose_settings_are_gone_is_refused(plan: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(plan, tmp_path / "plan"))
    manifest = again.manifest_of(copy) | {"scenario_digest": "0" * 64}
    (copy / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(ScenarioError, match="have changed since"):
        again.scenario_like(copy, tmp_path)


def test_plan_of_another_version_of_the_model_is_refused_in_words(
    plan: Path, tmp_path: Path
) -> None:
    copy = Path(shutil.copytree(plan, tmp_path / "plan"))
    told = yaml.safe_load((copy / "scenario.yaml").read_text(encoding="utf-8"))
    del told["allocation"]["family_weight"]
    (copy / "scenario.yaml").write_text(yaml.safe_dump(told), encoding="utf-8")
    with pytest.raises(ScenarioError, match="another version of the model"):
        open_plan(copy)


def test_tables_of_a_plan_are_found_though_locks_have_changed(
    plan: Path, data: Path, tmp_path: Path
) -> None:
    copy = Path(shutil.copytree(data, tmp_path / "data"))
    steer.lock(plan, decision("P0001", "LEI"), locks=copy / "locks.csv")
    inputs = again.manifest_of(plan)["inputs"]
    assert again.data_like(inputs, [None, tmp_path / "none", copy]) == copy
    with pytest.raises(ScenarioError, match="not here, or have changed"):
        again.data_like(inputs, [None])


def test_locks_of_the_tables_begin_the_planners_file(
    plan: Path, data: Path, tmp_path: Path
) -> None:
    own = Path(shutil.copytree(data, tmp_path / "data"))
    inputs = again.manifest_of(plan)["inputs"]
    steer.lock(plan, decision("P0001", "LEI"), locks=own / "locks.csv")
    path = again.locks_beside(tmp_path, inputs, own)
    assert read_locks(path)["prisoner_id"].tolist() == ["P0001"]
    again.lock(plan, decision("P0002", "DMI"), path)
    assert again.locks_beside(tmp_path, inputs, own) == path
    assert read_locks(path)["prisoner_id"].tolist() == ["P0001", "P0002"]
    assert len(read_locks(own / "locks.csv")) == 1


def test_planners_file_is_begun_in_turn_and_no_decision_made_since_is_lost(
    plan: Path, data: Path, tmp_path: Path
) -> None:
    own = Path(shutil.copytree(data, tmp_path / "data"))
    inputs = again.manifest_of(plan)["inputs"]
    path = again.locks_beside(tmp_path, inputs, None)
    steer.lock(plan, decision("P0001", "LEI"), locks=own / "locks.csv")
    with ThreadPoolExecutor(1) as pool:
        with holding(path.with_suffix(".turn")):
            other = pool.submit(again.locks_beside, tmp_path, inputs, own)
            wait([other], timeout=0.5)
            assert not path.exists()
            steer.lock(plan, decision("P0002", "DMI"), locks=path)
        assert other.result() == path
    assert read_locks(path)["prisoner_id"].tolist() == ["P0002"]


def test_decisions_of_planners_at_once_are_all_kept(plan: Path, tmp_path: Path) -> None:
    path = tmp_path / "locks.csv"
    people = [f"P{number:04d}" for number in range(12)]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda who: again.lock(plan, decision(who, "LEI"), path), people))
    assert sorted(read_locks(path)["prisoner_id"]) == people


def test_cost_of_deciding_again_is_the_difference_of_the_two_plans(
    plan: Path, runs: Path, data: Path, tmp_path: Path
) -> None:
    """Keeping a mover where they are today costs what explaining them said."""
    prisoner_id = first_mover(plan)
    found = explain_person(plan, prisoner_id, data_dir=data, planner=True)
    path = tmp_path / "locks.csv"
    again.lock(plan, decision(prisoner_id, found.from_unit), path)
    make(
        again.scenario_like(plan, runs),
        out_dir=tmp_path / "next",
        data_dir=data,
        locks=path,
        earlier_dir=plan,
    )

    account = again.read_steered(tmp_path / "next")

    assert account is not None
    before, after = open_plan(plan), open_plan(tmp_path / "next")
    more = after.objective_pennies - before.objective_pennies
    assert round(account["cost_gbp"] * 100) == more
    assert round((account["own_gbp"] + account["together_gbp"]) * 100) == more
    changed = pd.read_parquet(tmp_path / "next" / "changed.parquet")
    elsewhere = changed["other_establishment"].sum()
    assert account["elsewhere_under_a_lock"] + account["elsewhere_others"] == elsewhere
    assert account["elsewhere_under_a_lock"] == 1
    assert account["earlier"] == "plan"
    assert persons.pounds(abs(account["cost_gbp"])) in persons.cost_of_steering(account)
    assert prisoner_id in persons.changed(changed, {})


NAMES = {"LEI": "Leeds", "DMI": "Durham"}


@pytest.fixture(scope="module")
def found(plan: Path, data: Path) -> Explained:
    return explain_person(plan, first_mover(plan), data_dir=data, planner=True)


def test_answer_names_the_chosen_place_and_the_next_best(found: Explained) -> None:
    said = persons.answer(found, NAMES)
    rows = found.one.alternatives
    assert str(rows["unit"].iloc[0]) in said
    assert str(rows["unit"].iloc[1]) in said
    assert found.from_unit in said


def test_alternatives_show_the_cost_to_the_family_and_the_price_to_others(
    found: Explained,
) -> None:
    table = persons.alternatives(found, NAMES)
    for row in found.one.alternatives.head(5).to_dict("records"):
        for name in persons.GBP:
            assert f">{persons.pounds(row[name])}</td>" in table


def test_every_other_prison_is_told_with_its_first_rule(plan: Path, data: Path) -> None:
    found = explain_person(plan, "P0010", data_dir=data, planner=True)
    table = persons.excluded(found, NAMES)
    sites = excluded_sites(found)
    near = sites[sites["rule"] != "sex"]
    assert near["establishment"].tolist() == ["LEI"]
    assert "Public protection" in table
    assert found.says["public_protection"] in table
    assert table.count("<tr>") == len(near) + 1
    apart = len(sites) - len(near)
    assert f"{apart} prisons of the other sex" in table or apart <= 1


def test_a_decision_can_name_every_unit_and_prison_that_may_hold_the_person(
    found: Explained,
) -> None:
    rows = found.one.alternatives
    places = persons.choices(found, NAMES)
    assert set(places) == {*rows["unit"], *rows["establishment"]} - {""}
    assert places[str(rows["unit"].iloc[0])].endswith("chosen")


def test_every_reason_of_a_lock_has_words() -> None:
    from data.words import LockReason

    assert set(persons.REASONS) == set(LockReason)
    assert persons.reason("something else") == "something else"

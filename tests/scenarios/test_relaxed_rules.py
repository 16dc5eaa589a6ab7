"""What each rule relaxed alone would gain, stored by a worker and told on a page."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from markupsafe import escape
from typer.testing import CliRunner

from scenarios.cli import app
from scenarios.commands import perform
from scenarios.display import relaxed, wording
from scenarios.display.relaxed import Relaxed
from scenarios.errors import ScenarioError
from scenarios.stored_studies import studies


@pytest.fixture(scope="module")
def study(small_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    runs = tmp_path_factory.mktemp("rules")
    asked = {"scenario": "closer_to_home", "data": str(small_data)}
    return perform("rules", runs, asked, lambda *_: None).folder


def test_worker_writes_the_bytes_of_the_command_line(
    study: Path, small_data: Path, tmp_path: Path
) -> None:
    out = tmp_path / "rules.csv"
    words = ["rules", "closer_to_home", "--data", str(small_data), "--relax", "--out", str(out)]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.stderr
    assert out.read_bytes() == (study / "rules.csv").read_bytes()


def test_study_is_listed_by_its_scenario(study: Path) -> None:
    (found,) = studies(study.parent, "rules")
    assert (found.folder, found.scenario) == (study, "closer_to_home")


def test_listing_tells_the_numbers_of_the_table(study: Path) -> None:
    found = relaxed.open_relaxed(study)
    raw = pd.read_csv(study / "rules.csv")
    tried = raw[raw["relaxed_saves_gbp"].notna()]
    assert len(relaxed.tried(found)) == len(tried) > 10
    most = tried.loc[tried["relaxed_saves_gbp"].idxmax()]
    told = relaxed.answer(found)
    assert str(most["rule"]).replace("_", " ") in told
    assert f"{len(tried)} rules" in told
    nothing = int((tried["relaxed_saves_gbp"] < 0.005).sum())
    assert f"{nothing} of them would save nothing" in told
    listing = relaxed.listing(found)
    assert f"£{most['relaxed_saves_gbp']:,.0f}" in listing
    assert found.folder.name in listing
    for source in tried["source"]:
        assert str(escape(wording.cited(source))) in listing


def few(*rows: tuple[str, float, float]) -> Relaxed:
    frame = pd.DataFrame(rows, columns=["name", "relaxed_saves_gbp", "relaxed_miles"])
    account = {
        "objective_gbp": 5000.0,
        "mean_miles": 40.0,
        "gap_gbp": 2_000.0,
        "ties_left_out": True,
        "limits_priced": True,
        "holds_for": {"date": "2026-07-27"},
    }
    filled = frame.assign(
        rule=frame["name"], says="", level="hard", source="", confidence="", people_breaking=2
    )
    return Relaxed(folder=Path("rules-a-1"), account=account, manifest={}, rows=filled)


def test_miles_saved_are_told_as_a_change_with_its_sign() -> None:
    found = few(("Region", 900.0, 1.25), ("Sex", float("nan"), float("nan")))
    assert "£900 of the weighted cost" in relaxed.answer(found)
    assert "by \N{MINUS SIGN}1.25 miles" in relaxed.answer(found)
    assert "0 of them would save nothing" in relaxed.answer(found)
    assert "at most £2,000 more" in relaxed.basis(found)
    assert "nobody is kept apart" in relaxed.basis(found)


def test_rules_that_cost_nothing_are_not_drawn() -> None:
    found = few(("Region", 0.0, 0.0))
    assert relaxed.figure(found) is None
    assert "relaxing one saves nothing" in relaxed.answer(found)


def test_few_people_who_break_a_rule_are_hidden_for_circulation() -> None:
    found = few(("Region", 9.0, 0.0), ("Training", 8.0, 0.0))
    assert relaxed.listing(found, circulate=True).count("[c]</td>") == 2
    assert "[c]" not in relaxed.listing(found)


def test_folder_that_holds_no_study_is_told(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="not a complete study of rules"):
        relaxed.open_relaxed(tmp_path)

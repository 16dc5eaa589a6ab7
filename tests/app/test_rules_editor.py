"""The editor of weights, limits and rules: what it returns is what a scenario file may say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from streamlit.testing.v1 import AppTest

from scenarios.display import rule_rows
from scenarios.load import load_scenario
from tests.app.serving import ROOT


@pytest.fixture(autouse=True)
def in_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def script() -> None:
    import streamlit

    from app_pages._rules import rules_editor
    from scenarios.load import load_scenario

    settings = load_scenario("closer_to_home").resolved()
    streamlit.session_state["found"] = rules_editor(settings)


@pytest.fixture
def editor() -> AppTest:
    app = AppTest.from_function(script, default_timeout=60).run()
    assert not app.exception
    return app


def found(app: AppTest) -> dict[str, Any]:
    assert not app.exception
    told: dict[str, Any] = app.session_state["found"]
    return told


def read_back(change: dict[str, Any], folder: Path) -> Any:
    """Read overrides as the file of a scenario."""
    told = {"title": "T", "question": "Q?", "change": {"placements": "optimised"} | change}
    path = folder / "own.yaml"
    path.write_text(yaml.safe_dump(told), encoding="utf-8")
    return load_scenario(path)


def test_editor_that_nobody_touches_changes_nothing(editor: AppTest) -> None:
    assert found(editor) == {}


def test_moves_can_be_limited_otherwise_or_not_at_all(editor: AppTest) -> None:
    editor.number_input(key="plan moves").set_value(500).run()
    assert found(editor) == {"allocation.move_budget": 500}
    editor.toggle(key="plan limited").set_value(False).run()
    assert found(editor) == {"allocation.move_budget": None}


def test_share_far_from_home_becomes_a_limit_of_the_scenario(
    editor: AppTest, tmp_path: Path
) -> None:
    editor.number_input(key="plan far").set_value(25.0).run()
    assert found(editor) == {"limits": [{"limit": "far", "share": 0.25}]}
    (limit,) = read_back(found(editor), tmp_path).limits
    assert (limit.limit, limit.share) == ("far", 0.25)


def test_rule_is_switched_priced_and_dated_as_a_scenario_file_says_it(
    editor: AppTest, tmp_path: Path
) -> None:
    editor.multiselect(key="plan rules").set_value(["region", "short_time_left"]).run()
    assert found(editor) == {}
    editor.number_input(key="plan region price").set_value(75.0).run()
    editor.selectbox(key="plan short_time_left level").set_value("off").run()
    assert found(editor) == {
        "rules.region": {"price_gbp": 75.0},
        "rules.short_time_left": {"level": "off"},
    }
    rules = rule_rows.rules_of(read_back(found(editor), tmp_path).resolved()).set_index("rule")
    assert rules["price_gbp"].astype("float64")["region"] == 75
    assert rules.loc["short_time_left", "level"] == "off"


def test_rule_that_divides_the_estate_by_law_cannot_be_switched(editor: AppTest) -> None:
    shown = editor.multiselect(key="plan rules").options
    assert "Sex" not in shown
    assert "Region" in shown


def test_weight_outside_its_range_cannot_be_given(editor: AppTest) -> None:
    weight = editor.number_input(key="plan allocation.family_weight")
    assert (weight.min, weight.max) == (0, 5)
    weight.set_value(2.0).run()
    assert found(editor) == {"allocation.family_weight": 2.0}


def test_limits_of_places_stay_when_one_on_everybody_is_set() -> None:
    rows: list[Any] = [{"limit": "far", "where": {"sex": ["women"]}, "share": 0.1}]
    kept = rule_rows.with_share_limits(rows, {"far": 0.5})
    assert kept == [*rows, {"limit": "far", "share": 0.5}]
    assert rule_rows.share_limit(kept, "far") == 0.5
    assert rule_rows.with_share_limits(kept, {"far": None}) == rows

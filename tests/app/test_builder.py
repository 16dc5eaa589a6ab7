"""The scenario builder judges what is written by the tables that its runs are made on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app_pages import _data
from scenarios.display import drafted
from tests.app.planner import page, shown
from tests.app.serving import ROOT


def script() -> None:
    import streamlit

    from app_pages import _builder, _effects
    from scenarios.drafting.drafts import Draft, draft_text

    session = {
        "where": {"establishment": ["BXI"]},
        "days": ["tue"],
        "start": "18:00",
        "end": "19:30",
        "open_tables": 15,
    }
    draft = Draft(
        name="late", title="Late", question="Q?", change={"regime.added_sessions": [session]}
    )
    streamlit.session_state["problems"] = _builder.judged(draft)[1]
    streamlit.session_state["staff"] = _effects.extra_staff(draft_text(draft))


@pytest.mark.parametrize("own_tables", [False, True])
def test_prison_that_the_tables_in_use_do_not_have_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, small_data: Path, own_tables: bool
) -> None:
    """Brixton is in the built-in estate, and not among the six prisons of the small one."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("ESTATE_RUNS", str(tmp_path))
    if own_tables:
        monkeypatch.setenv("ESTATE_DATA", str(small_data))
    else:
        monkeypatch.delenv("ESTATE_DATA", raising=False)
    app = AppTest.from_function(script, default_timeout=60).run()
    assert not app.exception
    assert bool(app.session_state["problems"]) == own_tables
    added = app.session_state["staff"]
    hours, gbp = added.visits if added else (0.0, 0.0)
    assert (hours > 0, gbp > 0) == (not own_tables, not own_tables)


def test_table_of_prisons_is_that_of_the_tables_in_use(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, small_data: Path
) -> None:
    app = page(monkeypatch, tmp_path, "scenario", data=small_data)
    next(button for button in app.button if button.label == "Begin").click().run()
    assert not app.exception
    (editor,) = app.dataframe
    assert set(editor.value["establishment"]) == {"DMI", "LEI", "LNI", "NHI", "NLI", "WEI"}


def browser(monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    """Open pages with a browser's key from now on."""
    monkeypatch.setattr(_data, "_cookies", lambda: {"estate-browser": key * 32})


def press(app: AppTest, label: str) -> AppTest:
    next(button for button in app.button if button.label == label).click().run()
    assert not app.exception
    return app


def box(app: AppTest, label: str) -> Any:
    """Give the text box of a label; none where there is none."""
    return next((each for each in app.text_input if each.label == label), None)


def titled(app: AppTest) -> str | None:
    """Give the title of the scenario being written; none where none is."""
    found = box(app, "Title")
    return None if found is None else str(found.value)


def written(monkeypatch: pytest.MonkeyPatch, runs: Path, title: str) -> tuple[AppTest, str]:
    """Begin a scenario and give it a title; return its page and what names it in the address."""
    app = press(page(monkeypatch, runs, "scenario"), "Begin")
    box(app, "Title").set_value(title)
    next(each for each in app.number_input if each.label.startswith("Tables")).set_value(7).run()
    assert not app.exception
    draft = app.query_params["draft"]
    return app, draft if isinstance(draft, str) else draft[0]


def test_scenario_that_was_not_kept_is_found_again_after_a_reload(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    browser(monkeypatch, "ab")
    app, draft = written(monkeypatch, tmp_path, "Mine")
    before = app.session_state["scenario begun"]
    again = page(monkeypatch, tmp_path, "scenario", draft=draft)
    assert titled(again) == "Mine"
    assert again.session_state["scenario begun"] == before


def test_scenario_that_was_not_kept_is_offered_where_the_address_does_not_name_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Also after the button that begins another."""
    browser(monkeypatch, "ab")
    app, draft = written(monkeypatch, tmp_path, "Mine")
    press(app, "Begin another scenario")
    assert titled(app) is None
    assert "draft" not in app.query_params
    press(app, "Begin")
    assert app.query_params["draft"] not in (draft, [draft])
    again = page(monkeypatch, tmp_path, "scenario")
    assert titled(again) is None
    again.segmented_control(key="way").set_value("One I did not keep").run()
    offered = again.selectbox(key="not kept")
    assert len(offered.options) == 2
    offered.set_value(draft).run()
    press(again, "Go on with it")
    assert titled(again) == "Mine"


def test_scenario_that_was_not_kept_can_be_forgotten(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    browser(monkeypatch, "ab")
    written(monkeypatch, tmp_path, "Mine")
    again = page(monkeypatch, tmp_path, "scenario")
    again.segmented_control(key="way").set_value("One I did not keep").run()
    press(again, "Forget this one")
    assert "One I did not keep" not in again.segmented_control(key="way").options


def test_scenario_that_was_kept_as_it_stands_is_not_offered_twice(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    browser(monkeypatch, "ab")
    app, _ = written(monkeypatch, tmp_path, "Mine")
    press(app, "Keep it")
    again = page(monkeypatch, tmp_path, "scenario")
    assert "One I did not keep" not in again.segmented_control(key="way").options


@pytest.mark.parametrize("key", ["cd", "", "zz"])
def test_scenario_that_was_not_kept_is_nobody_elses(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, key: str
) -> None:
    browser(monkeypatch, "ab")
    _, draft = written(monkeypatch, tmp_path, "Mine")
    browser(monkeypatch, key)
    other = page(monkeypatch, tmp_path, "scenario", draft=draft)
    assert titled(other) is None
    assert "One I did not keep" not in other.segmented_control(key="way").options


@pytest.mark.parametrize("draft", ["../../../x", "0" * 12, "", "x" * 500])
def test_address_that_names_no_scenario_begins_anew(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, draft: str
) -> None:
    browser(monkeypatch, "ab")
    app = page(monkeypatch, tmp_path, "scenario", draft=draft)
    assert titled(app) is None
    assert not app.exception


def test_no_folder_is_made_for_somebody_who_writes_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    browser(monkeypatch, "ab")
    page(monkeypatch, tmp_path, "scenario", draft="0" * 12)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("question", "tells"), [("closer", False), ("evening", True)])
def test_card_of_staff_is_shown_where_a_scenario_changes_staff(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, question: str, tells: bool
) -> None:
    app = page(monkeypatch, tmp_path, "scenario")
    app.selectbox(key="question of").set_value(question).run()
    text = shown(press(app, "Begin"))
    assert ("Staff of visits and video calls, beside the baseline" in text) == tells
    assert ("£0" in text, drafted.SAME_STAFF in text) == (False, not tells)


def test_card_of_staff_tells_of_a_table_of_prisons_as_soon_as_it_is_brought(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    app = page(monkeypatch, tmp_path, "scenario")
    app.selectbox(key="question of").set_value("closer").run()
    press(app, "Begin")
    table = b"establishment,evening_tables\nLEI,15\n"
    uploader = next(each for each in app.get("file_uploader") if "Filled" in each.proto.label)
    uploader.upload("prisons.csv", table, "text/csv").run()
    text = shown(app)
    assert "Staff of visits and video calls, beside the baseline" in text
    assert "The file changes 1 prison;" in text


def test_evening_that_is_added_twice_is_told_with_its_prison_and_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    app = press(page(monkeypatch, tmp_path, "scenario"), "Begin")
    table = b"establishment,evening_tables\nBXI,15\n"
    uploader = next(each for each in app.get("file_uploader") if "Filled" in each.proto.label)
    uploader.upload("prisons.csv", table, "text/csv").run()
    text = shown(app)
    assert "Brixton: the session on Tuesdays, 18:00 to 19:30, is added twice" in text
    assert "regime.added_sessions" not in text

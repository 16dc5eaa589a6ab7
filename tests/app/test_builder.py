"""The scenario builder judges what is written by the tables that its runs are made on."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.app.planner import page
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

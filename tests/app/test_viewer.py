"""What a viewer sees: everything about prisons and groups, nothing about single people."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app_pages import _access, _who
from scenarios.results import Results
from tests.app.screenshots import PAGES
from tests.app.serving import ROOT

ABOUT_PEOPLE = ("person", "data")


@pytest.fixture
def viewer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read as somebody whom a proxy names and no list knows."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("ESTATE_PROXY_HEADER", "X-User")
    monkeypatch.setenv("ESTATE_PROXY_ADDRESSES", "127.0.0.1")
    monkeypatch.setattr(_access, "is_guarded", lambda: True)
    monkeypatch.setattr(_who, "_headers", lambda: {"x-user": "vera"})


def opened(runs: Path, leaf: str, monkeypatch: pytest.MonkeyPatch, run: str) -> AppTest:
    monkeypatch.setenv("ESTATE_RUNS", str(runs))
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
    app.query_params["run"] = run
    app.run()
    if leaf != "start":
        app.switch_page(f"app_pages/{leaf}.py").run()
    assert not app.exception
    return app


def everything(app: AppTest) -> str:
    """Give all that a page shows or offers to choose."""
    shown = [element.proto.body for element in app.get("html")]
    for kind in ("selectbox", "multiselect", "radio"):
        shown += [str(option) for element in app.get(kind) for option in element.options]
    shown += [element.value.to_csv() for element in app.dataframe]
    return "\n".join(shown)


@pytest.mark.parametrize("leaf", PAGES)
def test_viewer_sees_no_single_person(
    viewer: None,
    today: Results,
    plan: Results,
    monkeypatch: pytest.MonkeyPatch,
    leaf: str,
) -> None:
    assert plan.folder is not None
    text = everything(opened(plan.folder.parent, leaf, monkeypatch, plan.folder.name))
    known = plan.tables["population"]["prisoner_id"]
    assert [name for name in known if f">{name}<" in text or f"\n{name}" in text] == []
    assert ("only planners may open it" in text) == (leaf in ABOUT_PEOPLE)


def test_planner_finds_single_people_where_a_viewer_does_not(
    today: Results, plan: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert plan.folder is not None
    monkeypatch.chdir(ROOT)
    text = everything(opened(plan.folder.parent, "allocation", monkeypatch, plan.folder.name))
    known = plan.moves["prisoner_id"]
    assert [name for name in known if f">{name}<" in text]


def test_app_is_closed_where_a_proxy_is_trusted_but_nothing_checks_it(
    viewer: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_access, "is_guarded", lambda: False)
    monkeypatch.setenv("ESTATE_RUNS", str(tmp_path))
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).run()
    assert "answered by server.py only" in everything(app)
    assert "Who should be held where?" not in everything(app)


@pytest.mark.parametrize(
    ("claims", "is_closed"),
    [
        ({"preferred_username": "ada", "email": "ada@example.org"}, True),
        ({"preferred_username": "ada", "sub": "7"}, False),
    ],
)
def test_app_is_closed_to_a_sign_in_that_names_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, claims: dict[str, str], is_closed: bool
) -> None:
    access = _access.Access(mode="sign-in", planner_names=frozenset({"ada", "ada@example.org"}))
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(_who, "_settings", lambda: access)
    monkeypatch.setattr(_access, "is_guarded", lambda: True)
    monkeypatch.setattr(_who, "_claims", lambda: {"is_logged_in": True} | claims)
    monkeypatch.setenv("ESTATE_RUNS", str(tmp_path))
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).run()
    text = everything(app)
    assert ("did not say who signed in" in text) == is_closed
    assert ("Signed in as ada: viewer." in text) != is_closed


def test_app_is_closed_to_whom_the_proxy_does_not_name(
    viewer: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_who, "_headers", dict)
    monkeypatch.setenv("ESTATE_RUNS", str(tmp_path))
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).run()
    assert "did not say who is reading" in everything(app)
    assert "Who should be held where?" not in everything(app)

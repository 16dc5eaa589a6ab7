"""One page of the app on a folder of runs, through Streamlit's own test harness."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.app.serving import ROOT


def page(
    monkeypatch: pytest.MonkeyPatch,
    runs: Path,
    leaf: str,
    run: str | None = None,
    data: Path | None = None,
    **asked: str,
) -> AppTest:
    """Open a page, with what else the address asks for."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("ESTATE_RUNS", str(runs))
    if data is None:
        monkeypatch.delenv("ESTATE_DATA", raising=False)
    else:
        monkeypatch.setenv("ESTATE_DATA", str(data))
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
    if run:
        app.query_params["run"] = run
    for name, value in asked.items():
        app.query_params[name] = value
    app.run()
    app.switch_page(f"app_pages/{leaf}.py").run()
    assert not app.exception
    return app


def shown(app: AppTest) -> str:
    """Give all HTML that a page shows."""
    assert not app.exception
    return "\n".join(element.proto.body for element in app.get("html"))

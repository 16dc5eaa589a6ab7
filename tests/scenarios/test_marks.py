"""How a page is to be handled follows what it shows, and to whom."""

from __future__ import annotations

from pathlib import Path

import pytest

from scenarios.display.marks import Mark, handling
from scenarios.stored_studies import Study


def study(folder: Path, inputs: str) -> Study:
    folder.mkdir()
    (folder / "manifest.json").write_text(f'{{"inputs": {inputs}}}', encoding="utf-8")
    return Study(folder=folder, kind="frontier", scenario="x", title="x", stamp=1)


@pytest.mark.parametrize(
    ("tells_people", "inputs", "mark"),
    [
        (False, "{}", "OFFICIAL"),
        (True, "{}", "OFFICIAL-SENSITIVE"),
        (False, '{"population": "0f"}', "OFFICIAL-SENSITIVE"),
        (False, '{"units": "0f"}', "OFFICIAL"),
    ],
)
def test_loaded_people_and_counts_that_are_not_hidden_are_sensitive(
    tmp_path: Path, tells_people: bool, inputs: str, mark: Mark
) -> None:
    shown = [study(tmp_path / "made_up", "{}"), study(tmp_path / "other", inputs)]
    assert handling(shown, tells_people=tells_people) == mark


def test_page_about_no_run_is_official_unless_it_tells_of_people() -> None:
    assert handling([], tells_people=False) == "OFFICIAL"
    assert handling([], tells_people=True) == "OFFICIAL-SENSITIVE"

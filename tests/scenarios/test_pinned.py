"""The run that an administrator chose for the front page: kept, noted, taken back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scenarios.circulation.pinned import FILE, Pinned, pin, pinned, unpin


def choices(runs: Path) -> list[dict[str, str]]:
    lines = (runs / ".audit" / "choices.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


def test_nobody_has_chosen_where_there_is_no_file(tmp_path: Path) -> None:
    assert pinned(tmp_path) is None


def test_choice_is_read_again_and_each_is_a_line_that_says_who(tmp_path: Path) -> None:
    pin(tmp_path, "baseline-1", "ada")
    pin(tmp_path, "baseline-2", "bea")
    assert pinned(tmp_path) == Pinned(run="baseline-2", who="bea")
    unpin(tmp_path, "ada")
    unpin(tmp_path, "ada")
    assert pinned(tmp_path) is None
    assert [(line["who"], line["run"]) for line in choices(tmp_path)] == [
        ("ada", "baseline-1"),
        ("bea", "baseline-2"),
        ("ada", ""),
        ("ada", ""),
    ]
    assert all(line["time"].endswith("+00:00") for line in choices(tmp_path))
    assert not (tmp_path / ".audit" / "exports.jsonl").exists()


def test_choice_that_cannot_be_noted_does_not_count(tmp_path: Path) -> None:
    (tmp_path / ".audit").write_text("in the way", encoding="utf-8")
    with pytest.raises(OSError, match="audit"):
        pin(tmp_path, "baseline-1", "ada")
    assert pinned(tmp_path) is None


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"run": 1}', "x" * 20_000])
def test_file_that_cannot_be_read_is_told_with_what_to_do(tmp_path: Path, content: str) -> None:
    (tmp_path / FILE).write_text(content, encoding="utf-8")
    with pytest.raises(ValueError, match="can choose a run again"):
        pinned(tmp_path)

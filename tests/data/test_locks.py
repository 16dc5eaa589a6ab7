"""A planner's locks come back from their file as they were written."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.check import TableError
from data.locks import (
    RESTRICTED,
    LockRow,
    check_locks,
    due,
    read_locks,
    shown,
    with_lock,
    without_locks,
    write_locks,
)
from data.schema import columns
from data.words import RESTRICTED_REASONS, LockAction, LockReason

text = st.text(st.characters(categories=("L", "N", "P", "Zs")), max_size=20).filter(
    lambda word: word.isprintable() and not word.startswith(("=", "+", "-", "@"))
)


def row(prisoner_id: str = "P1", place: str = "LEI-2", **changes: object) -> LockRow:
    """Write one lock."""
    filled: dict[str, object] = {
        "prisoner_id": prisoner_id,
        "action": LockAction.LOCK,
        "unit_or_establishment": place,
        "reason_code": "family",
        "note": "",
        "owner": "planner",
        "review_date": date(2026, 12, 1),
    }
    return LockRow(**(filled | changes))  # type: ignore[arg-type]


def nothing() -> pd.DataFrame:
    """Give an empty file of locks."""
    return read_locks(Path("no such file.csv"))


@settings(max_examples=25)
@given(note=text, owner=text.filter(str.strip))
def test_a_lock_comes_back_as_it_was_written(
    note: str, owner: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("locks") / "locks.csv"
    table = with_lock(nothing(), row(note=note, owner=owner))

    write_locks(table, path)

    pd.testing.assert_frame_equal(read_locks(path), table)


def test_a_second_lock_of_the_same_place_takes_the_place_of_the_first() -> None:
    table = with_lock(with_lock(nothing(), row()), row(owner="another"))

    assert list(table["owner"]) == ["another"]


def test_unlocking_takes_away_what_is_about_the_person() -> None:
    table = with_lock(with_lock(nothing(), row()), row(place="DMI", action=LockAction.FORBID))
    table = with_lock(table, row("P2"))

    assert list(without_locks(table, "P1", "DMI")["unit_or_establishment"]) == ["LEI-2", "LEI-2"]
    assert list(without_locks(table, "P1")["prisoner_id"]) == ["P2"]


def test_unlocking_who_is_not_locked_is_an_error() -> None:
    with pytest.raises(TableError, match="P1 at DMI"):
        without_locks(with_lock(nothing(), row()), "P1", "DMI")


def test_an_interrupted_write_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "locks.csv"
    write_locks(with_lock(nothing(), row()), path)

    def full(_: int) -> None:
        raise OSError("no room")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="no room"):
        write_locks(nothing(), path)

    assert len(read_locks(path)) == 1
    assert [each.name for each in tmp_path.iterdir()] == ["locks.csv"]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("reason_code", "because"),
        ("note", "=1+1"),
        ("note", "two\nlines"),
        ("owner", " "),
        ("prisoner_id", ""),
    ],
)
def test_a_lock_that_no_table_could_hold_is_refused(column: str, value: str) -> None:
    with pytest.raises(TableError, match=column):
        row(**{column: value})


def test_all_faults_of_a_lock_come_in_one_report() -> None:
    with pytest.raises(TableError) as caught:
        row(reason_code="because", owner="", note="@me")

    assert {problem.column for problem in caught.value.problems} == {
        "reason_code",
        "owner",
        "note",
    }


KNOWN = {
    "population": pd.DataFrame({"prisoner_id": ["P1"]}),
    "units": pd.DataFrame({"unit": ["LEI-2"]}),
    "establishments": pd.DataFrame({"establishment": ["DMI"]}),
}


def test_locks_of_unknown_people_and_places_are_reported_together(tmp_path: Path) -> None:
    table = with_lock(with_lock(nothing(), row("P9", "DMI")), row("P1", "QQQ"))
    write_locks(table, tmp_path / "mine.csv")

    problems = check_locks(tmp_path / "mine.csv", KNOWN)

    assert {problem.value for problem in problems} == {"P9", "QQQ"}
    assert {problem.file for problem in problems} == {"mine.csv"}


def test_unknown_ids_of_locks_are_told_beside_what_else_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    write_locks(with_lock(nothing(), row("P9", "QQQ")), path)
    path.write_text(path.read_text().replace("family", "because"))

    problems = check_locks(path, KNOWN)

    assert {problem.value for problem in problems} == {"P9", "QQQ", "because"}


def test_nothing_is_said_of_people_nobody_knows_anything_about(tmp_path: Path) -> None:
    write_locks(with_lock(nothing(), row("P9", "DMI")), tmp_path / "mine.csv")
    places = {name: KNOWN[name] for name in ("units", "establishments")}

    assert check_locks(tmp_path / "mine.csv", places) == []


@pytest.mark.parametrize("reason", sorted(RESTRICTED_REASONS))
def test_restricted_reasons_and_their_notes_are_for_planners_alone(reason: str) -> None:
    table = with_lock(nothing(), row(reason_code=reason, note="who and why"))

    assert list(shown(table, planner=False)["reason_code"]) == [RESTRICTED]
    assert list(shown(table, planner=False)["note"]) == [""]
    assert list(shown(table, planner=True)["note"]) == ["who and why"]


def test_other_reasons_are_for_everybody() -> None:
    table = with_lock(nothing(), row(note="daughter starts school"))

    assert list(shown(table, planner=False)["note"]) == ["daughter starts school"]


def test_locks_are_due_from_their_day_of_review() -> None:
    table = with_lock(nothing(), row())

    assert len(due(table, date(2026, 11, 30))) == 0
    assert len(due(table, date(2026, 12, 1))) == 1


def test_words_of_the_dictionary_are_those_of_the_code() -> None:
    words = {column.name: set(column.words) for column in columns("locks")}

    assert words["reason_code"] == set(LockReason)
    assert words["action"] == set(LockAction)

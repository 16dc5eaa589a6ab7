"""Settings are found by the words that readers use."""

from __future__ import annotations

import pytest

from scenarios.display import finding
from scenarios.settings import settings


@pytest.mark.parametrize(
    ("words", "settings_found"),
    [
        ("no-show", {"demand.no_show_share", "demand.video_no_show_share"}),
        ("no show", {"demand.no_show_share"}),
        ("noshow", {"demand.no_show_share"}),
        ("evening", {"regime.added_sessions", "video.added_hours", "regime.evening_from"}),
        ("evenings", {"regime.added_sessions"}),
        ("weekend", {"regime.session_tables", "regime.family_days_in", "line.open_days"}),
        ("video", {"video.stations", "video.added_hours", "demand.video_user_share"}),
        ("kiosk", {"asking.kiosk_share"}),
        ("bus", {"regime.shuttles", "travel.local_fare_gbp"}),
        ("shuttle", {"regime.shuttles"}),
        ("Family day", {"regime.family_days_per_year", "regime.family_day_hours"}),
        ("family days", {"regime.family_days_per_year"}),
        ("phone", {"asking.phone_from", "line.online", "line.open_from"}),
        ("telephone", {"asking.phone_from"}),
        ("staff", {"attendance.tables_per_officer", "benefit.staff_gbp_per_hour", "line.shifts"}),
        ("worker", {"workers", "family_work.gbp_per_fte", "family_work.caseload_cap"}),
        ("target", {"limits"}),
        ("move_budget", {"allocation.move_budget"}),
        ("in-use", {"allocation.crowding_low_share"}),
        ("school holiday", {"calendar.school_holidays"}),
    ],
)
def test_word_of_a_reader_finds_its_settings(words: str, settings_found: set[str]) -> None:
    found = finding.found(words)
    assert settings_found <= set(found)
    assert len(found) < len(settings()) / 4


def test_every_word_has_to_be_found() -> None:
    assert finding.found("video no-show") == ["demand.video_no_show_share"]
    assert finding.found("video quarantine") == []


def test_without_a_word_every_setting_is_given() -> None:
    assert finding.found(" ") == list(settings())


@pytest.mark.parametrize("words", ["(", "[a-z", "\\", "a*+", "-", "___"])
def test_marks_of_a_pattern_are_words_like_others(words: str) -> None:
    assert isinstance(finding.found(words), list)


def test_words_that_are_known_name_settings_there_are() -> None:
    named = {name for names in finding.BESIDES.values() for name in names}
    assert named <= set(settings())


def test_target_of_a_sizing_is_said_to_be_elsewhere() -> None:
    assert "Family workers" in finding.elsewhere("target")
    assert finding.elsewhere("video") == ""

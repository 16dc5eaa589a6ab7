"""Words for what a run measures."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from scenarios.display.wording import MEASURE_WORDS

STORED = Path(__file__).resolve().parents[1] / "expected" / "small_run.csv"


def test_every_measure_of_a_stored_run_has_words() -> None:
    assert set(pd.read_csv(STORED)["measure"]) <= set(MEASURE_WORDS)


def test_words_of_measures_are_all_different() -> None:
    assert len(set(MEASURE_WORDS.values())) == len(MEASURE_WORDS)


def test_hours_unmet_are_said_to_count_begun_cases() -> None:
    assert "begun cases" in MEASURE_WORDS["worker_hours_unmet"]

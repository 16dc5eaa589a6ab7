"""A run with booking lines: the same on any number of workers, replayed, and told."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from scenarios.display.wording import MEASURE_WORDS
from scenarios.errors import ScenarioError
from scenarios.results import Results
from scenarios.run import Options, run_many
from scenarios.studies.replay import replay

LINES = """\
title: Lines
question: What do families wait on the telephone?
change:
  calendar.weeks: 6
  asking.online_share: 0.2
  line.joins:
    - {where: {establishment: LEI}, first_date: 2026-08-17}
  line.online:
    - {where: {}, first_date: 2026-08-24, share: 0.5, weeks: 2}
"""


@pytest.fixture(scope="module")
def lines(small_data: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Results]:
    folder = tmp_path_factory.mktemp("lines")
    (folder / "lines.yaml").write_text(LINES, encoding="utf-8")
    found = []
    for workers in (1, 2):
        options = Options(
            data_dir=small_data,
            runs_dir=folder / f"runs-{workers}",
            replications=1,
            workers=workers,
        )
        found += run_many([str(folder / "lines.yaml")], options)[0]
    return found


def test_measures_of_lines_stand_beside_those_of_visits(lines: list[Results]) -> None:
    measures = lines[0].measures
    calls = measures[(measures["measure"] == "line_calls") & (measures["establishment"] == "ALL")]

    assert {"national", "local"} == set(calls.loc[calls["group_by"] == "line", "group"])
    assert (calls["value"] >= 0).all()
    assert {"answered"} <= set(lines[0].visits["outcome"])


def test_every_measure_of_a_run_with_lines_has_words(lines: list[Results]) -> None:
    assert set(lines[0].measures["measure"]) <= set(MEASURE_WORDS)


def test_workers_do_not_change_a_run_with_lines(lines: list[Results]) -> None:
    for name in ("measures", "visits"):
        pd.testing.assert_frame_equal(
            lines[0].tables[name], lines[1].tables[name], check_exact=True
        )


def test_a_prison_on_the_line_is_replayed_as_it_was(
    lines: list[Results], small_data: Path, tmp_path: Path
) -> None:
    assert lines[0].folder is not None

    told = replay(
        lines[0].folder,
        establishment="DMI",
        replication=0,
        data_dir=small_data,
        out_dir=tmp_path / "replay",
    )

    assert told[0] == str(tmp_path / "replay")


def test_without_lines_every_call_gets_through_and_nothing_is_told_of_them(
    small_data: Path, tmp_path: Path
) -> None:
    text = LINES.replace("change:\n", "change:\n  line.modelled: false\n")
    (tmp_path / "lines.yaml").write_text(text, encoding="utf-8")
    options = Options(data_dir=small_data, runs_dir=tmp_path / "runs", replications=1, workers=1)

    (without,), _ = run_many([str(tmp_path / "lines.yaml")], options)

    assert not without.measures["measure"].str.startswith("line_").any()
    assert set(without.visits["channel"]) == {"visit", "video"}


def test_an_edit_of_lines_that_selects_nothing_is_told(small_data: Path, tmp_path: Path) -> None:
    text = LINES.replace("establishment: LEI", "establishment: ZZZ")
    (tmp_path / "lines.yaml").write_text(text, encoding="utf-8")

    with pytest.raises(ScenarioError, match=r"line\.joins row 1 selects nothing"):
        run_many(
            [str(tmp_path / "lines.yaml")], Options(data_dir=small_data, runs_dir=tmp_path / "runs")
        )

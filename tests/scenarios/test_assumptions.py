"""What if we assumed otherwise: verdicts that stand, turn or can no longer be told apart."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from scenarios.cli import app
from scenarios.comparing import effects
from scenarios.comparing.assumptions import (
    GAINED,
    HOW_IT_IS_MADE,
    LOST,
    OWN,
    STANDS,
    TURNS,
    USUAL,
    assumption_rows,
    can_be_tried,
    conclusions_of,
    ends_of,
    said,
    standing,
)
from scenarios.comparing.compare import differences
from scenarios.comparing.verdict import CANNOT_TELL, DEPENDS, ONE_REPLICATION, SAME
from scenarios.display import assumptions as display
from scenarios.display.markup import DASH
from scenarios.errors import ScenarioError
from scenarios.load import load_scenario
from scenarios.results import load_results
from scenarios.run import Options
from scenarios.settings import settings as known_settings
from scenarios.studies.assumptions import assumptions
from tests.scenarios.test_drivers import measures

CHOSEN = "demand.no_show_share"


@pytest.mark.parametrize(
    ("own", "other", "told"),
    [
        ("higher", "higher", STANDS),
        ("higher", "lower", TURNS),
        ("lower", "higher", TURNS),
        ("higher", CANNOT_TELL, LOST),
        ("lower", SAME, LOST),
        (CANNOT_TELL, "lower", GAINED),
        (CANNOT_TELL, SAME, STANDS),
        (ONE_REPLICATION, ONE_REPLICATION, STANDS),
    ],
)
def test_a_verdict_stands_turns_or_is_lost(own: str, other: str, told: str) -> None:
    assert standing(own, other) == told


def test_each_usual_assumption_can_be_tried_and_has_a_reason() -> None:
    baseline = load_scenario("baseline")
    for name, why in USUAL.items():
        assert can_be_tried(name)
        assert why
        section, key = name.split(".")
        assert ends_of(name, getattr(getattr(baseline, section), key))
        assert known_settings()[name].confidence != "measured"


def test_how_a_run_is_made_is_no_assumption_to_be_tried() -> None:
    tried = {name for name in known_settings() if can_be_tried(name)}

    assert tried.isdisjoint(HOW_IT_IS_MADE)
    assert set(known_settings()) >= HOW_IT_IS_MADE
    assert not [name for name in tried if "seed" in name or name.startswith("calendar.")]


@given(name=st.sampled_from(sorted(known_settings())))
def test_ends_are_those_of_the_stated_range(name: str) -> None:
    if not can_be_tried(name) or name == "demand.decay_curve":
        return
    row = known_settings()[name]
    ends = ends_of(name, row.value)
    assert set(ends) <= {row.low, row.high}
    assert row.value not in ends
    assert all(row.problem(end) is None for end in ends)


values = st.lists(st.floats(-1e3, 1e3), min_size=4, max_size=4)


@settings(max_examples=8)
@given(pairs=st.lists(st.tuples(values, values), min_size=2, max_size=4))
def test_each_assumption_is_judged_by_its_own_paired_difference(
    pairs: list[tuple[list[float], list[float]]],
) -> None:
    named = {
        OWN if not number else f"demand.x={number}": (measures(before), measures(after))
        for number, (before, after) in enumerate(pairs)
    }
    rows = assumption_rows(named).set_index("assumption")
    for name, (before, after) in named.items():
        alone = differences(before, after, paired=True).iloc[0]
        assert rows.loc[name, "verdict"] == alone["verdict"]
        for column in ("before", "after", "difference", "low", "high"):
            assert rows.loc[name, column] == pytest.approx(alone[column], rel=1e-9, abs=1e-9)
        assert rows.loc[name, "standing"] == standing(rows.loc[OWN, "verdict"], alone["verdict"])


def tried(*shifts: float) -> pd.DataFrame:
    """Give the rows of a study whose change is each of these, the first as it is."""
    one = np.array([100.0, 101.0, 99.0])
    noise = np.array([0.1, 0.0, -0.1])
    return assumption_rows(
        {
            f"demand.x={number}" if number else OWN: (measures(one), measures(one + shift + noise))
            for number, shift in enumerate(shifts)
        }
    )


def test_conclusion_names_what_a_verdict_depends_on() -> None:
    assert conclusions_of(tried(5.0, 4.0, 6.0)) == {"visits": "stands under 2 other assumptions"}
    assert conclusions_of(tried(0.0, 0.0)) == {
        "visits": "stands under 1 other assumption: no difference can be told apart there either"
    }
    told = conclusions_of(tried(5.0, -4.0, 0.0, 6.0))["visits"]
    assert told == f"{DEPENDS}: x at 1 (turns); x at 2 ({LOST})"
    many = conclusions_of(tried(5.0, *[-4.0] * 5))["visits"]
    assert many.endswith("; and 2 more")


def test_an_assumption_is_told_in_words_that_say_what_it_is() -> None:
    """Every usual one, and one whose meaning says more than its name."""
    told = {name: display.choice(name) for name in USUAL}
    assert told["demand.decay_curve"] == "How visits fall with their cost"
    for name, words in told.items():
        assert name.partition(".")[2].replace("_", " ") not in words.lower()
    for name in display.choices():
        if name not in USUAL:
            assert known_settings()[name].meaning in display.choice(name)
            assert name in display.choice(name)
    assert len({display.choice(name) for name in display.choices()}) == len(display.choices())
    assert said("demand.no_show_share=0.05") == "booked visits to which nobody comes at 5%"
    assert said("demand.decay_curve=steep") == "visits fall steeply with their cost"
    assert said("travel.car_gbp_per_mile=0.15") == "cost of the family's own car per mile at £0.15"
    assert said("demand.attempts_max=10").endswith("refused for good at 10 attempts")


def test_measure_that_is_missing_under_an_assumption_is_not_counted_there() -> None:
    whole = measures([1.0, 2.0, 3.0]), measures([2.0, 3.5, 4.0])
    lacking = measures([1.0, np.nan, 3.0]), measures([2.0, 3.5, 4.0])
    rows = assumption_rows({OWN: whole, "demand.x=0": lacking, "demand.x=1": whole})
    assert conclusions_of(rows) == {"visits": "stands under 1 other assumption"}


def test_sentence_names_the_measures_that_depend() -> None:
    told = {
        "visits": f"{DEPENDS}: x at 1 (turns)",
        "no_contact_share": "stands under 2 other assumptions",
        "staff_gbp": "stands under 2 other assumptions",
    }
    assert display.sentence(told, list(told)) == (
        f"Visits in the year: {DEPENDS}: x at 1 (turns). The verdicts on 2 other measures stand."
    )
    told.pop("visits")
    assert display.sentence(told, list(told)) == (
        "The verdict on each of 2 measures stands under 2 other assumptions."
    )
    assert "has not been tried" in display.sentence({}, list(told))


def estate(*words: str | Path) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture(scope="module")
def folder(small_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Evening visits against the baseline, under both ends of no-shows."""
    runs = tmp_path_factory.mktemp("assumptions") / "runs"
    done = estate(
        "assumptions", "evening_visits", "--setting", CHOSEN, "--data", small_data, "--runs", runs,
        "--replications", "2", "--workers", "1",
    )  # fmt: skip
    assert done.exit_code == 0, done.stderr
    assert "2 assumptions, one at a time" in done.stdout
    assert "6 scenarios played" in done.stdout
    assert "Visits in the year: " in done.stdout
    return Path(done.stdout.splitlines()[0])


def test_a_study_of_assumptions_keeps_both_runs_and_no_others(folder: Path) -> None:
    assert {path.name for path in folder.iterdir()} == {
        "assumptions.json",
        "assumptions.parquet",
        "assumptions.csv",
        "scenario.yaml",
        "manifest.json",
    }
    told = json.loads((folder / "assumptions.json").read_text())
    assert [each["name"] for each in told["assumptions"]] == [f"{CHOSEN}=0.05", f"{CHOSEN}=0.15"]
    runs = [row["run"] for row in told["compared"]]
    assert [run.rpartition("-")[0] for run in runs] == ["baseline", "evening_visits"]
    assert {path.name for path in folder.parent.iterdir()} == {*runs, folder.name}


def test_the_comparison_as_it_is_is_that_of_the_two_runs(folder: Path) -> None:
    rows = pd.read_parquet(folder / "assumptions.parquet")
    told = json.loads((folder / "assumptions.json").read_text())
    before, after = (load_results(folder.parent / row["run"]) for row in told["compared"])
    beside = effects.estate_differences(before, after)
    own = rows[(rows["assumption"] == OWN) & (rows["group_by"] == "all")].set_index("measure")
    expected = beside[beside["group_by"] == "all"].set_index("measure").loc[own.index]
    for column in ("before", "after", "difference", "low", "high", "verdict"):
        pd.testing.assert_series_equal(own[column], expected[column], check_index=False)
    fewer = rows[rows["assumption"] == f"{CHOSEN}=0.05"].set_index(["measure", "group"])
    assert fewer.loc[("visits", "all"), "before"] > own.loc["visits", "before"]


def test_pages_read_what_a_study_concludes_of_two_runs(folder: Path) -> None:
    told = json.loads((folder / "assumptions.json").read_text())
    before, after = (load_results(folder.parent / row["run"]) for row in told["compared"])
    assert effects.conclusions(folder.parent, before, after) == told["conclusions"]
    assert effects.conclusions(folder.parent, after, before) == {}
    study = display.open_assumptions(folder)
    for words, measure in display.measures(study).items():
        assert display.answer(study, measure).startswith(words)
    drawn = display.figure(study, "visits").chart.to_dict()
    rows = [row for each in drawn["datasets"].values() for row in each if "value" in row]
    assert [row["label"] for row in rows] == [
        "As it is",
        "Booked visits to which nobody comes at 5%",
        "Booked visits to which nobody comes at 15%",
    ]
    listed = display.listing(study, "visits")
    sheet = listed.sheet  # type: ignore[attr-defined]
    assert sheet.table["assumption"].tolist() == [row["label"] for row in rows]
    assert sheet.table["setting"].tolist() == [DASH, "10%", "10%"]
    assert [cell.unit for cell in sheet.table["change"]] == ["number"] * 3
    assert "Under other assumptions" in display.summary(study)


def test_a_setting_that_differs_between_the_scenarios_is_left_out(
    small_data: Path, tmp_path: Path
) -> None:
    path = tmp_path / "fewer.yaml"
    path.write_text(f"title: X\nquestion: Y?\nchange:\n  {CHOSEN}: 0.05\n")
    asked = Options(data_dir=small_data, runs_dir=tmp_path / "runs", replications=2, workers=1)
    found = assumptions(str(path), asked, chosen=[CHOSEN])
    told = json.loads((found.folder / "assumptions.json").read_text())
    assert told["assumptions"] == []
    assert told["left_out"] == [f"{CHOSEN} differs between the two scenarios itself."]
    assert told["conclusions"] == {}


def test_everything_wrong_with_what_is_asked_is_told_at_once(tmp_path: Path) -> None:
    done = estate(
        "assumptions", "evning_visits", "--setting", "demand.no_shw_share", "--setting",
        "regime.added_sessions", "--replications", "1", "--runs", tmp_path / "runs",
    )  # fmt: skip
    assert done.exit_code == 2
    for words in (
        "no scenario 'evning_visits'",
        "--setting demand.no_shw_share: no such setting. Did you mean 'demand.no_show_share'?",
        "--setting regime.added_sessions: is measured, is no assumption",
        "one year has no interval",
    ):
        assert words in done.stderr
    assert not (tmp_path / "runs").exists()


def test_scenarios_that_do_not_differ_have_no_verdict(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="does not differ from baseline"):
        assumptions("baseline", Options(runs_dir=tmp_path))


def test_a_study_that_is_not_whole_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="not a complete study of assumptions"):
        display.open_assumptions(tmp_path)

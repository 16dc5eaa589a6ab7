"""Experiments: they stop when enough is known, and say what they found in plain words."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from scenarios.comparing import effects
from scenarios.comparing.compare import differences
from scenarios.comparing.precision import Aim, is_reached, looks, widths
from scenarios.comparing.verdict import CANNOT_TELL, DEPENDS, SAME, conclusion, verdict_words
from scenarios.errors import ScenarioError
from scenarios.load import load_scenario
from scenarios.results import file_digest, load_results
from scenarios.run import Options, placements_key, run_many
from scenarios.studies.experiment import (
    CURVES,
    Asked,
    Experiment,
    _verdicts,
    experiment,
    under_curve,
)

FEW = """title: Few tables
question: Do fewer visits happen with one table in fifteen?
change:
  regime.session_tables:
    - {where: {}, multiply: 0.05}
"""


def measures(values: list[float] | np.ndarray, measure: str = "visits") -> pd.DataFrame:
    return pd.DataFrame(
        {
            "scenario": "x",
            "replication": range(len(values)),
            "establishment": "ALL",
            "group_by": "all",
            "group": "all",
            "measure": measure,
            "measure_unit": "visits",
            "value": values,
        }
    )


@given(most=st.integers(1, 2000))
def test_looks_rise_to_the_most_and_no_further(most: int) -> None:
    found = looks(most)
    assert found[-1] == most
    assert found == sorted(set(found))
    assert all(later <= 2 * earlier for earlier, later in pairwise(found))


@settings(max_examples=25)
@given(
    before=st.lists(st.floats(10, 1000), min_size=5, max_size=5),
    after=st.lists(st.floats(10, 1000), min_size=5, max_size=5),
)
def test_the_width_is_that_of_a_paired_t_interval(before: list[float], after: list[float]) -> None:
    steps = np.subtract(after, before)
    row = widths(measures(before), measures(after), ["visits"]).iloc[0]
    half = stats.sem(steps) * stats.t.ppf(0.975, 4)
    assert row["half_width"] == pytest.approx(half, abs=1e-9)
    assert row["share"] == pytest.approx(half / np.mean(before), abs=1e-9)


def test_equal_runs_are_known_at_once() -> None:
    aim = Aim(share=0.01, measures=("visits",))
    same = measures([3.0, 5.0, 4.0])
    assert is_reached(widths(same, same, aim.measures), aim)


def test_one_measure_that_is_not_known_well_enough_is_one_too_many() -> None:
    """Visits differ by one in every year; waits by 1 to 9."""
    names = ("visits", "wait_days_mean")
    before, after = (
        pd.concat([measures(visits), measures(waits, "wait_days_mean")])
        for visits, waits in (
            ([100.0, 120.0, 140.0], [10.0, 10.0, 10.0]), ([101.0, 121.0, 141.0], [11.0, 15.0, 19.0])
        )
    )  # fmt: skip
    found = widths(before, after, names)

    assert is_reached(widths(before, after, names[:1]), Aim(share=0.05, measures=names[:1]))
    assert not is_reached(found, Aim(share=0.05, measures=names))


def test_one_replication_is_never_enough() -> None:
    aim = Aim(share=0.5, measures=("visits",))
    assert not is_reached(widths(measures([3.0]), measures([4.0]), aim.measures), aim)


def test_a_measure_that_was_zero_is_judged_by_what_it_became() -> None:
    row = widths(measures([0.0, 0.0]), measures([10.0, 12.0]), ["visits"]).iloc[0]
    assert row["share"] == pytest.approx(stats.t.ppf(0.975, 1) * 1.0 / 11.0)


def test_stopping_early_keeps_the_interval_honest() -> None:
    """Looking again and again could pick lucky narrow intervals; over 4,000 trials it hardly does.

    Differences are normal with mean 1 and the baseline's mean is 10; 95% is promised. The interval
    is that of a fixed number, so stopping costs a little: more than 92% is what is kept.
    """
    factor = {count: stats.t.ppf(0.975, count - 1) for count in looks(150)}
    draw = np.random.default_rng(5)
    aim = Aim(share=0.05, measures=("visits",))
    for spread in (0.6, 1.2):
        held = []
        for _ in range(2000):
            steps = 1.0 + spread * draw.standard_normal(150)
            for count in looks(150):
                seen = steps[:count]
                half = factor[count] * seen.std(ddof=1) / np.sqrt(count)
                if half <= aim.share * 10.0:
                    break
            held.append(abs(seen.mean() - 1.0) <= half)
        assert np.mean(held) > 0.92


@pytest.mark.parametrize(
    ("share", "names", "words"),
    [
        (0.0, ("visits",), "expected a share between 0 and 1"),
        (5.0, ("visits",), "expected a share between 0 and 1"),
        (0.05, ("visit",), "--measure visit: no such measure. Did you mean 'visits'?"),
    ],
)
def test_a_wrong_aim_is_refused(share: float, names: tuple[str, ...], words: str) -> None:
    with pytest.raises(ScenarioError) as refused:
        Aim(share=share, measures=names)
    assert words in str(refused.value)


def test_every_fault_of_an_aim_is_told() -> None:
    with pytest.raises(ScenarioError) as refused:
        Aim(share=2.0, measures=("visit", "wiat_days_p90"))
    assert len(refused.value.problems) == 3


@settings(max_examples=25)
@given(
    before=st.lists(st.floats(1, 1e5), min_size=6, max_size=6),
    shift=st.floats(-100, 100),
    noise=st.lists(st.floats(-1, 1), min_size=6, max_size=6),
)
def test_words_say_what_the_verdict_says(
    before: list[float], shift: float, noise: list[float]
) -> None:
    after = np.add(before, np.add(noise, shift)).tolist()
    row = differences(measures(before), measures(after), paired=True).iloc[0]
    words = verdict_words(row.to_dict())
    assert words.startswith(row["verdict"])
    if row["verdict"] != CANNOT_TELL:
        assert "-" not in words


def test_a_verdict_that_changes_between_curves_is_marked() -> None:
    words = {"none": "higher by 1 to 2%", "us_survey": CANNOT_TELL, "steep": "lower by 1 to 2%"}
    verdicts = {"none": "higher", "us_survey": CANNOT_TELL, "steep": "lower"}
    said = conclusion(verdicts, words, "us_survey")
    assert said.startswith(DEPENDS)
    assert all(f"({curve})" in said for curve in CURVES)
    assert conclusion(dict.fromkeys(CURVES, "lower"), words, "steep") == "lower by 1 to 2%"


def test_every_measure_that_is_aimed_at_has_words() -> None:
    """The mean wait is aimed at by default and is none of the headline."""
    aim = Aim(share=0.05)
    rows = [differences(measures([1.0, 2.0], name), measures([2.0, 2.0], name), paired=True)
            for name in aim.measures]  # fmt: skip
    both = pd.concat(rows).assign(curve="us_survey", scenario="x", title="X")

    labels = _verdicts(both, own="us_survey", aim=aim).set_index("measure")["label"]

    assert set(labels.index) == set(aim.measures)
    assert labels["wait_days_mean"] == "Wait in days, mean"
    assert labels["visits"] == "Visits in the year"


def test_a_curve_changes_no_placement() -> None:
    plan = load_scenario("closer_to_home")
    steep = under_curve(plan, "steep")
    assert steep.demand.decay_curve == "steep"
    assert steep.digest() != plan.digest()
    assert placements_key(steep) == placements_key(plan)
    assert placements_key(load_scenario("baseline")) != placements_key(plan)
    assert under_curve(plan, plan.demand.decay_curve) is plan


@pytest.fixture(scope="module")
def found(small_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Experiment:
    """One table a session against all of them, under every curve, to within a fifth."""
    folder = tmp_path_factory.mktemp("experiment")
    scenario = folder / "few_tables.yaml"
    scenario.write_text(FEW)
    asked = Options(data_dir=small_data, runs_dir=folder / "runs", replications=8, workers=1)
    aim = Aim(share=0.2, measures=("visits", "straight_miles"))
    return experiment(["baseline", str(scenario)], asked, Asked(aim=aim, curves=True))


def test_an_experiment_stops_when_enough_is_known(found: Experiment) -> None:
    told = json.loads((found.folder / "experiment.json").read_text())
    assert told["reached"]
    assert told["replications"] == 5
    assert {row["replications"] for row in told["looks"]} == {5}
    assert all(row["share"] <= 0.2 for row in told["looks"])
    assert "stopped there (at most 8)" in found.told[-1]
    assert told["paired"]
    assert "--precision 0.2 --measure visits --measure straight_miles --curves" in told["command"]


def test_an_experiment_plays_every_scenario_under_every_curve(found: Experiment) -> None:
    names = [results.name for results in found.runs]
    assert names == [
        "baseline-none",
        "few_tables-none",
        "baseline",
        "few_tables",
        "baseline-steep",
        "few_tables-steep",
    ]
    curves = [results.scenario["demand"]["decay_curve"] for results in found.runs]
    assert curves == [curve for curve in CURVES for _ in range(2)]
    assert found.runs[0].provenance["command"].startswith("estate run baseline --curves")


def test_an_experiment_stores_intervals_and_verdicts(found: Experiment) -> None:
    assert {path.name for path in found.folder.iterdir()} == {
        "experiment.json",
        "differences.parquet",
        "verdicts.csv",
    }
    stored = pd.read_parquet(found.folder / "differences.parquet")
    assert set(stored["curve"]) == set(CURVES)
    assert set(stored["scenario"]) == {"few_tables"}
    row = found.verdicts.query("measure == 'visits' and curve == 'us_survey'").iloc[0]
    assert row["verdict"] == "lower"
    assert row["low"] < row["high"] < 0
    before, after = found.runs[2], found.runs[3]
    steps = [
        each.measures.query("establishment == 'ALL' and group_by == 'all' and measure == 'visits'")[
            "value"
        ].to_numpy()
        for each in (before, after)
    ]
    assert row["difference"] == pytest.approx(np.mean(steps[1] - steps[0]))
    miles = found.verdicts.query("measure == 'straight_miles'")["conclusion"].unique()
    assert miles.tolist() == [SAME]


def test_conclusions_are_found_for_the_runs_of_the_experiment_alone(found: Experiment) -> None:
    _, _, first, other, *_ = found.runs
    told = effects.conclusions(found.folder.parent, first, other)
    assert set(told) == set(found.verdicts["measure"])
    assert effects.conclusions(found.folder.parent, other, first) == {}


def test_a_run_that_stopped_is_the_run_of_so_many_replications(
    found: Experiment, small_data: Path, tmp_path: Path
) -> None:
    asked = Options(data_dir=small_data, runs_dir=tmp_path, replications=5, workers=1)
    (alone,), _ = run_many(["baseline"], asked)
    stopped = found.runs[2]
    assert alone.folder is not None
    assert stopped.folder is not None
    assert alone.folder.name == stopped.folder.name
    for path in alone.folder.iterdir():
        if path.name not in ("manifest.json", "allocation.json"):
            assert file_digest(path) == file_digest(stopped.folder / path.name), path.name


def test_an_experiment_that_was_made_is_opened(
    found: Experiment, small_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import scenarios.run as run_module

    monkeypatch.setattr(run_module, "asked_inputs", lambda *_: pytest.fail("was played again"))
    scenario = found.folder.parent.parent / "few_tables.yaml"
    asked = Options(data_dir=small_data, runs_dir=found.folder.parent, replications=8)
    aim = Aim(share=0.2, measures=("visits", "straight_miles"))
    again = experiment(["baseline", str(scenario)], asked, Asked(aim=aim, curves=True))
    assert again.told == found.told
    assert again.folder == found.folder
    assert load_results(str(again.runs[0].folder)).replications == 5


def test_scenarios_that_cannot_be_compared_are_refused(tmp_path: Path) -> None:
    asked = Options(runs_dir=tmp_path)
    with pytest.raises(ScenarioError, match="Name at least two"):
        experiment(["baseline"], asked, Asked(aim=None, curves=True))
    with pytest.raises(ScenarioError, match="each once"):
        experiment(["baseline", "baseline"], asked, Asked(aim=None, curves=True))
    other = tmp_path / "later.yaml"
    other.write_text("title: X\nquestion: Y?\nchange:\n  calendar.weeks: 26\n")
    with pytest.raises(ScenarioError, match="later: has another calendar than baseline"):
        experiment(["baseline", str(other)], asked, Asked(aim=None, curves=False))


def test_the_most_replications_are_the_most(small_data: Path, tmp_path: Path) -> None:
    scenario = tmp_path / "few_tables.yaml"
    scenario.write_text(FEW)
    asked = Options(data_dir=small_data, runs_dir=tmp_path / "runs", replications=2, workers=1)
    aim = Aim(share=1e-6, measures=("visits",))
    found = experiment(["baseline", str(scenario)], asked, Asked(aim=aim, curves=False))
    assert "the most allowed; still wider than 0.0001%: visits" in found.told[-1]
    assert [each.replications for each in found.runs] == [2, 2]

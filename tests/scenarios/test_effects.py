"""What one run changes beside another: parts that add up, groups that gain and lose, cost."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from scenarios.comparing import effects
from scenarios.comparing.compare import differences
from scenarios.comparing.verdict import CANNOT_TELL, SAME
from scenarios.results import Results
from scenarios.run import Options, run_many

KEYS = {"scenario": "a", "establishment": "ALL", "measure_unit": "visits"}


@pytest.fixture(scope="module")
def pair(small_data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Results, Results]:
    asked = Options(
        data_dir=small_data,
        runs_dir=tmp_path_factory.mktemp("effects"),
        replications=2,
        keep_visits=True,
        workers=1,
    )
    before, after = run_many(["baseline", "closer_to_home"], asked)[0]
    return before, after


@pytest.fixture(scope="module")
def found(pair: tuple[Results, Results]) -> pd.DataFrame:
    return effects.estate_differences(*pair)


def rows_of(values: dict[tuple[str, str, str], list[float]]) -> pd.DataFrame:
    """Make measures: values of each replication by group_by, group and measure."""
    return pd.DataFrame(
        [
            {"replication": number, "group_by": by, "group": group, "measure": name, "value": value}
            | KEYS
            for (by, group, name), of_years in values.items()
            for number, value in enumerate(of_years)
        ]
    )


def test_measures_of_the_estate_are_those_stored(pair: tuple[Results, Results]) -> None:
    read = effects.estate_rows(pair[1])
    stored = pair[1].measures
    stored = stored[stored["establishment"] == "ALL"]
    worked_out = [effects.PEOPLE_VISITED, effects.STAFF]
    kept = read[~read["measure"].isin(worked_out)].reset_index(drop=True)
    columns = ["replication", "group_by", "group", "measure", "value"]
    pd.testing.assert_frame_equal(
        kept[columns], stored[columns].reset_index(drop=True), check_dtype=False
    )
    assert set(worked_out) <= set(read["measure"])


def test_staff_of_a_run_are_its_hours_at_its_price(pair: tuple[Results, Results]) -> None:
    read = effects.estate_rows(pair[0])
    of_all = read[(read["group_by"] == "all") & (read["replication"] == 0)]
    value = of_all.set_index("measure")["value"]
    price = pair[0].scenario["benefit"]["staff_gbp_per_hour"]
    hours = value["staff_hours"] + value["video_staff_hours"]
    assert value[effects.STAFF] == pytest.approx(hours * price)


def test_staff_of_half_a_year_are_priced_for_a_year() -> None:
    """The oracle is a ledger: ten officers for four hours every week, at GBP 20 an hour."""
    for weeks in (1, 26, 52, 104):
        hours = {("all", "all", "staff_hours"): [40.0 * weeks]}
        rows = rows_of(hours | {("all", "all", "video_staff_hours"): [0.0]})
        found = effects.with_worked_out(rows, 20.0, weeks)
        (staff,) = found.loc[found["measure"] == effects.STAFF, "value"]
        assert staff == pytest.approx(40.0 * 52 * 20.0)


@pytest.mark.parametrize("by", effects.WATERFALLS)
def test_parts_of_a_change_add_up_and_join_end_to_end(found: pd.DataFrame, by: str) -> None:
    parts = effects.parts_of_change(found, by)
    assert len(parts) > 1
    steps, whole = parts.iloc[:-1], parts.iloc[-1]
    assert whole["part"] == "all"
    assert steps["change"].sum() == pytest.approx(whole["change"])
    assert whole["after"] - whole["before"] == pytest.approx(whole["change"])
    assert steps["start"].iloc[0] == pytest.approx(whole["before"])
    assert steps["end"].iloc[-1] == pytest.approx(whole["after"])
    np.testing.assert_allclose(steps["start"].iloc[1:], steps["end"].iloc[:-1])
    assert (parts["low"] <= parts["change"]).all()
    assert (parts["change"] <= parts["high"]).all()


def test_runs_that_do_not_measure_a_split_give_no_parts(found: pd.DataFrame) -> None:
    assert effects.parts_of_change(found[found["group_by"] != "car"], "car").empty


def test_group_gains_or_loses_by_the_measures_that_differ_beyond_chance() -> None:
    people = [10.0, 10.0, 10.0]
    base = {
        ("sex", "men", "people"): people,
        ("sex", "women", "people"): people,
        ("car", "with_car", "people"): people,
        ("income", "low_income", "people"): people,
        ("income", "other_income", "people"): [0.0, 0.0, 0.0],
        ("distance_band", "over_100_miles", "people"): people,
    }
    contact = "no_contact_share"
    before = base | {(by, group, contact): [0.5, 0.6, 0.7] for by, group, _ in base}
    after = dict(before)
    after["sex", "men", contact] = [0.4, 0.5, 0.6]
    after["sex", "women", contact] = [0.6, 0.7, 0.8]
    after["car", "with_car", contact] = [0.4, 0.7, 0.7]
    after["distance_band", "over_100_miles", "people"] = [5.0, 5.0, 5.0]
    told = effects.gains_and_losses(
        differences(rows_of(before), rows_of(after), paired=True)
    ).set_index("group")["verdict"]
    assert told.to_dict() == {
        "men": effects.GAINS,
        "women": effects.LOSES,
        "with_car": CANNOT_TELL,
        "low_income": SAME,
        "over_100_miles": effects.OTHER_PEOPLE,
    }


def test_holm_adjusts_as_published_tables_do() -> None:
    """``p.adjust(c(0.01, 0.02, 0.03, 0.04, 0.05), "holm")`` in R."""
    adjusted = effects.holm(np.array([0.01, 0.02, 0.03, 0.04, 0.05]))
    np.testing.assert_allclose(adjusted, [0.05, 0.08, 0.09, 0.09, 0.09])
    np.testing.assert_allclose(effects.holm(np.array([0.9, 0.001])), [0.9, 0.002])


def groups_of(steps: dict[str, list[float]]) -> dict[str, str]:
    """Say who gains and loses where contact of groups changes so much in each replication."""
    contact = "no_contact_share"
    people = {("region", group, "people"): [10.0] * len(of) for group, of in steps.items()}
    before = people | {("region", group, contact): [0.0] * len(of) for group, of in steps.items()}
    after = people | {("region", group, contact): of for group, of in steps.items()}
    found = differences(rows_of(before), rows_of(after), paired=True)
    told = effects.gains_and_losses(found).set_index("group")["verdict"]
    return {str(group): str(verdict) for group, verdict in told.items()}


@given(steps=st.lists(st.floats(-1.0, 1.0).map(lambda value: round(value, 3)), min_size=3))
def test_one_comparison_alone_is_judged_by_its_interval(steps: list[float]) -> None:
    if np.ptp(steps) < 1e-9:
        return
    p = float(stats.ttest_1samp(steps, 0.0).pvalue)
    if abs(p - 0.05) < 1e-6:
        return
    told = groups_of({"one": steps})["one"]
    assert (told in (effects.GAINS, effects.LOSES)) == (p < 0.05)


def test_among_many_comparisons_a_difference_needs_more_than_its_own_interval() -> None:
    """Its p-value is 0.03: beyond chance alone, and not beside nine others (0.3)."""
    steps = [0.1, 0.12, 0.3, 0.2, 0.02, 0.16]
    scaled = np.array(steps) - np.mean(steps)
    t = stats.t.ppf(1 - 0.03 / 2, len(steps) - 1)
    lifted = scaled + t * stats.sem(steps)
    assert stats.ttest_1samp(lifted, 0.0).pvalue == pytest.approx(0.03)
    one = {"one": lifted.tolist()}
    assert groups_of(one) == {"one": effects.LOSES}
    others = {f"other {number}": (scaled * (number + 1)).tolist() for number in range(9)}
    assert set(groups_of(one | others).values()) == {CANNOT_TELL}


def test_prisons_of_other_people_are_those_that_a_plan_fills_or_empties(
    pair: tuple[Results, Results],
) -> None:
    moved = pair[1].tables["placements"].query("moved")
    assert len(moved)
    expected = {*moved["from_establishment"], *moved["establishment"]} - {""}
    assert effects.prisons_of_other_people(*pair) == expected
    assert effects.prisons_of_other_people(pair[0], pair[0]) == frozenset()


def test_no_prison_of_another_population_holds_the_same_people(
    pair: tuple[Results, Results],
) -> None:
    other = replace(pair[0], provenance=pair[0].provenance | {"data_digest": "other"})
    every = set(pair[0].tables["placements"]["establishment"])
    assert effects.prisons_of_other_people(pair[0], other) == every


@given(
    cost=st.lists(st.floats(1e3, 1e6), min_size=3, max_size=8),
    people=st.floats(1.0, 1e4),
)
def test_cost_of_a_person_is_a_t_interval_where_as_many_are_always_gained(
    cost: list[float], people: float
) -> None:
    told = cost_of(cost, [people] * len(cost))
    half = stats.t.ppf(0.975, len(cost) - 1) * stats.sem(cost)
    mean = float(np.mean(cost))
    scale = max(cost) / people
    assert told.value == pytest.approx(mean / people)
    assert told.low == pytest.approx((mean - half) / people, abs=1e-6 * scale)
    assert told.high == pytest.approx((mean + half) / people, abs=1e-6 * scale)


def cost_of(cost: list[float], newly: list[float]) -> effects.Ratio:
    """Give the cost per person where staff cost so much more and so many are newly visited."""
    key = ("all", "all", effects.STAFF)
    before, after = rows_of({key: [0.0] * len(cost)}), rows_of({key: cost})
    visited = pd.DataFrame({"replication": range(len(newly)), "sex": "all", "newly": newly})
    return effects.cost_per_person(before, after, visited)


def test_cost_has_no_finite_interval_where_nobody_may_be_newly_visited() -> None:
    told = cost_of([9.0, 10.0, 11.0], [0.0, 1.0, 2.0])
    assert np.isnan(told.low)
    assert np.isnan(told.high)


def test_cost_is_of_the_years_whose_visits_are_kept_and_has_no_interval_of_one() -> None:
    """The first year alone is kept: 900 pounds for three people."""
    told = cost_of([900.0, 10_000.0], [3.0])
    assert told.value == 300.0
    assert told.replications == 1
    assert np.isnan(told.low)
    assert np.isnan(cost_of([900.0], []).value)


def test_newly_visited_people_are_those_of_the_event_logs(pair: tuple[Results, Results]) -> None:
    told = effects.newly_visited(*pair).set_index(["replication", "sex"])
    first = pd.Timestamp(pair[0].scenario["calendar"]["start_date"])
    for replication in (0, 1):
        visited = []
        for results in pair:
            log = results.visits
            held = log[
                (log["outcome"] == "attended")
                & (log["session_start"] >= first)
                & (log["replication"] == replication)
            ]
            visited.append(set(held["prisoner_id"]))
        row = told.loc[(replication, "all")]
        assert row["newly"] == len(visited[1] - visited[0])
        assert row["no_longer"] == len(visited[0] - visited[1])
        sexes = told.loc[replication].drop("all")
        assert sexes["newly"].sum() == row["newly"]


def test_prisons_have_their_own_differences(pair: tuple[Results, Results]) -> None:
    one, other = (effects.prison_rows(results, ["visits"]) for results in pair)
    told = differences(one, other, paired=True)
    assert "ALL" not in set(told["establishment"])
    of_all = told[told["group_by"] == "all"]
    estate = effects.estate_differences(*pair)
    whole = estate[(estate["group_by"] == "all") & (estate["measure"] == "visits")]
    assert of_all["difference"].sum() == pytest.approx(float(whole["difference"].iloc[0]))


def test_conclusion_of_an_experiment_under_every_curve_is_found(
    pair: tuple[Results, Results], tmp_path: Path
) -> None:
    store_experiment(tmp_path, experiment_of(*pair))
    assert effects.conclusions(tmp_path, *pair) == {"visits": "higher by 2%"}
    told = experiment_of(*pair) | {"command": "estate run baseline closer_to_home"}
    store_experiment(tmp_path, told)
    assert effects.conclusions(tmp_path, *pair) == {}
    (tmp_path / "experiment-0" / "experiment.json").write_text("{", encoding="utf-8")
    assert effects.conclusions(tmp_path, *pair) == {}


def experiment_of(*results: Results) -> dict[str, Any]:
    """Write what an experiment tells of runs, the first of which the others are compared with."""
    keys = ("scenario_digest", "data_digest", "model_digest", "seed", "replications")
    group = [
        {
            "run": each.folder.name,
            "made_from": {key: each.provenance[key] for key in keys} | {"start_state": None},
        }
        for each in results
        if each.folder is not None
    ]
    return {
        "command": "estate run baseline closer_to_home --curves",
        "runs": [row["run"] for row in group],
        "compared": {"exponential": group},
        "conclusions": [
            {"scenario": "closer_to_home", "measure": "visits", "conclusion": "higher by 2%"},
            {"scenario": "other", "measure": "visits", "conclusion": "lower by 2%"},
        ],
    }


def store_experiment(runs: Path, told: dict[str, Any]) -> None:
    """Store what an experiment tells, in place of what it told before."""
    folder = runs / "experiment-0"
    folder.mkdir(exist_ok=True)
    (folder / "experiment.json").write_text(json.dumps(told), encoding="utf-8")


@pytest.mark.parametrize(
    ("key", "value"), [("scenario_digest", "0f"), ("seed", 2), ("replications", 9)]
)
def test_experiment_with_other_runs_of_the_same_names_concludes_nothing(
    pair: tuple[Results, Results], tmp_path: Path, key: str, value: object
) -> None:
    told = experiment_of(*pair)
    told["compared"]["exponential"][1]["made_from"][key] = value
    store_experiment(tmp_path, told)
    assert effects.conclusions(tmp_path, *pair) == {}


def test_experiment_that_compared_with_another_run_concludes_nothing(
    pair: tuple[Results, Results], tmp_path: Path
) -> None:
    """It names both runs, yet neither is the one that the others were compared with."""
    before, after = pair
    told = experiment_of(before, before, after)
    told["compared"]["exponential"][0] = {"run": "weekend-0a0b0c0d", "made_from": {}}
    store_experiment(tmp_path, told)
    assert effects.conclusions(tmp_path, *pair) == {}

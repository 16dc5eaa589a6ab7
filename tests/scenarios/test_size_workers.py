"""`estate size family-workers` on a small estate."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from data.estate import apply_worker_edits, load_estate
from scenarios.cli import app
from scenarios.errors import ScenarioError
from scenarios.load import load_scenario
from scenarios.studies.size_workers import (
    Asked,
    _added_up,
    _Sizing,
    _summed,
    _upper_end,
    fair_scenario,
    size_workers,
)


@pytest.fixture(scope="module")
def sized(small_data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    folder = tmp_path_factory.mktemp("sized")
    heavy = folder / "heavy.yaml"
    heavy.write_text(
        "title: Heavy\nquestion: What if?\nchange:\n"
        "  need.self_referrals_per_parent: 0.6\n"
        "  need.self_harm_reviews_per_man: 0.3\n"
        "  need.referrals_per_person_without_visitors: 1\n",
        encoding="utf-8",
    )
    out = folder / "out"
    asked = Asked(replications=4, workers=1)
    told = size_workers(str(heavy), asked, out_dir=out, data_dir=small_data).told
    return out, list(told)


def rows(sized: tuple[Path, list[str]], name: str = "workers") -> pd.DataFrame:
    return pd.read_parquet(sized[0] / f"{name}.parquet")


def test_every_prison_has_one_row(sized: tuple[Path, list[str]]) -> None:
    table = rows(sized)

    assert sorted(table["establishment"]) == ["DMI", "LEI", "LNI", "NHI", "NLI", "WEI"]
    assert table["name"].notna().all()
    assert (table["need_hours"] > 0).all()


def test_the_fewest_for_the_target_hold_with_fresh_seeds(sized: tuple[Path, list[str]]) -> None:
    table = rows(sized)
    reachable = table[table["target_can_be_reached"]]

    assert len(reachable)
    assert reachable["fresh_meets_target"].all()
    assert (reachable["fte_for_target_low"] <= reachable["fte_for_target"]).all()
    steps = reachable["fte_for_target"] * 5
    assert steps.round().to_numpy() == pytest.approx(steps.to_numpy())


def test_workers_are_added_until_fresh_years_do_not_miss_the_target(
    small_data: Path, tmp_path: Path
) -> None:
    """Sized on a single year, so that some answers are too small."""
    asked = Asked(share=0.95, replications=1, workers=1, seed=3)
    told = size_workers("baseline", asked, out_dir=tmp_path / "out", data_dir=small_data).told
    table = pd.read_parquet(tmp_path / "out" / "workers.parquet")

    reachable = table[table["target_can_be_reached"]]
    assert (reachable["fresh_in_time_high"] >= 0.95 - 1e-12).all()
    steps = table["fte_added"] * 5
    assert steps.round().to_numpy() == pytest.approx(steps.to_numpy())
    assert 0 < (steps > 0).sum() <= len(reachable)
    assert (reachable["fte_for_target_high"].dropna() >= reachable["fte_for_target"]).all()
    line = next(each for each in told if "met today by" in each)
    assert f"{table['fte_added'].sum():.1f} were added after fresh years missed it" in line


def test_a_total_that_just_holds_the_target_is_shared_with_the_steps_added(
    small_data: Path, tmp_path: Path
) -> None:
    """The total is what fresh years ask for, so every prison has exactly that."""
    asked = Asked(share=0.95, replications=1, workers=1, seed=3)
    size_workers("baseline", asked, out_dir=tmp_path / "first", data_dir=small_data)
    table = pd.read_parquet(tmp_path / "first" / "workers.parquet").query("in_perimeter")
    assert (table["fte_added"] > 0).any()
    needed = table["fte_for_target"].fillna(1.2).clip(lower=1.2)
    again = replace(asked, budget_fte=float(needed.sum()) + 1e-6)

    size_workers("baseline", again, out_dir=tmp_path / "again", data_dir=small_data)

    fair = pd.read_parquet(tmp_path / "again" / "workers.parquet").query("in_perimeter")["fte_fair"]
    told = json.loads((tmp_path / "again" / "family_workers.json").read_text(encoding="utf-8"))
    assert fair.to_numpy() == pytest.approx(needed.to_numpy())
    assert told["target_is_a_limit"] == bool(table["target_can_be_reached"].all())
    assert told["target_limits_prisons"] == table["target_can_be_reached"].sum()


@pytest.mark.parametrize(
    ("answer", "budget_steps", "is_limit", "limited"),
    [(3.0, 30, True, 2), (float("nan"), 30, False, 1), (3.0, 20, False, 0)],
)
def test_the_target_is_a_limit_only_where_every_prison_can_reach_it(
    answer: float, budget_steps: int, is_limit: bool, limited: int
) -> None:
    """Leeds needs 2 workers; the other prison 3, or no number reaches the target there."""
    flat = SimpleNamespace(most=40, at=lambda name, fte: 0.0)
    size = SimpleNamespace(
        cover_steps=6,
        budget_steps=budget_steps,
        curves={"LEI": flat, "DMI": flat},
        _whole=lambda code: np.zeros(41, dtype=np.int64),
    )
    table = pd.DataFrame(
        {
            "establishment": ["LEI", "DMI"],
            "in_perimeter": True,
            "fte_for_target": [2.0, answer],
            "fte_today": 1.0,
            "people": 100,
            "need_hours": 10.0,
        }
    )

    _Sizing.shared(size, table)  # type: ignore[arg-type]

    assert (size.limit_holds, size.limited_prisons) == (is_limit, limited)


def test_the_fair_share_beats_the_simple_ones_on_its_own_objective(
    sized: tuple[Path, list[str]],
) -> None:
    table = rows(sized)
    inside = table[table["in_perimeter"]]

    fair = inside["weighted_hours_fair"].sum()
    for other in ("today", "by_population", "by_need"):
        assert fair <= inside[f"weighted_hours_{other}"].sum() + 0.1 * len(inside)
    assert inside["fte_fair"].sum() <= inside["fte_today"].sum() + 1e-9
    assert (inside["fte_fair"] >= 1.2).all()


def test_private_prisons_are_outside_the_public_perimeter(sized: tuple[Path, list[str]]) -> None:
    table = rows(sized).set_index("establishment")

    assert not table.loc["NLI", "in_perimeter"]
    assert pd.isna(table.loc["NLI", "fte_fair"])


def test_a_larger_total_leaves_no_more_need_unmet(sized: tuple[Path, list[str]]) -> None:
    costs = rows(sized, "cost_curve")

    assert costs["fte"].is_monotonic_increasing
    assert costs["weighted_hours"].is_monotonic_decreasing
    assert costs["is_knee"].sum() == 1
    assert costs["is_budget"].sum() == 1
    assert costs["gbp_per_year"].to_numpy() == pytest.approx(costs["fte"].to_numpy() * 39_500)


def flat_after(steps: int) -> SimpleNamespace:
    """Give a curve of 40 steps on which each of the first so many saves ten hours less."""
    saved = np.maximum(steps - np.arange(41), 0)
    hours = 5.0 * saved * (saved + 1)
    there = np.ones(41)
    return SimpleNamespace(
        most=40, weighted_hours=hours, unmet_hours=hours, reached=there, wait_days=there,
        in_time=there,
    )  # fmt: skip


@pytest.mark.parametrize("budget_steps", [13, 29, 70, 500])
def test_the_cost_curve_ends_with_the_last_worker_who_saves_anything(budget_steps: int) -> None:
    """20 steps of each of two prisons save something: 40 steps, 8 workers.

    Hours fall as a square does, so the knee lies half way from 12 steps to 40, whatever the total.
    """
    codes = ["LEI", "DMI"]
    curves = {code: flat_after(20) for code in codes}
    size = SimpleNamespace(
        cover_steps=6,
        budget_steps=budget_steps,
        curves=curves,
        _asked=Asked(),
        _settings=SimpleNamespace(gbp_per_fte=1000.0),
        _whole=lambda code: np.round(curves[code].weighted_hours * 10).astype(np.int64),
    )
    size._cost_of = lambda *given: _Sizing._cost_of(size, *given)  # type: ignore[arg-type]
    size._half_widths_of = lambda _, shared: pd.DataFrame(index=range(len(shared)))
    table = pd.DataFrame({"establishment": codes, "in_perimeter": True})

    costs = _Sizing.cost_curve(size, table)  # type: ignore[arg-type]

    grid = costs[~costs["is_budget"]]
    assert grid["fte"].max() == 8.0
    assert grid["fte_used"].to_numpy() == pytest.approx(grid["fte"].to_numpy())
    assert costs.loc[costs["is_knee"], "fte"].tolist() == [5.2]


def test_curves_rise_with_workers(sized: tuple[Path, list[str]]) -> None:
    for _, curve in rows(sized, "curves").groupby("establishment"):
        assert curve["in_time"].is_monotonic_increasing
        assert curve["weighted_hours"].is_monotonic_decreasing
        assert curve["fte"].iloc[0] == 0.0


def test_sums_by_provider_lot_and_region_are_those_of_the_prisons(
    sized: tuple[Path, list[str]],
) -> None:
    table = rows(sized)
    inside = table[table["in_perimeter"]]

    for by in ("sex", "provider", "lot", "region"):
        summed = rows(sized, f"by_{by}")
        assert summed["prisons"].sum() == len(inside)
        assert summed["fte_fair"].sum() == pytest.approx(inside["fte_fair"].sum())


def test_lots_that_a_user_names_are_added_up_and_the_others_are_not_known(
    sized: tuple[Path, list[str]],
) -> None:
    table = rows(sized).assign(lot="")
    inside = table.index[table["in_perimeter"]]
    table.loc[inside[:2], "lot"] = "Yorkshire"

    by_lot = _summed(table, "lot").set_index("lot")

    assert by_lot.loc["Yorkshire", "prisons"] == 2
    assert by_lot.loc["not known", "prisons"] == len(inside) - 2
    fair = table.loc[inside[:2], "fte_fair"].sum()
    assert by_lot.loc["Yorkshire", "fte_fair"] == pytest.approx(fair)
    assert any("Contract lots: 0 known, of 0 prisons" in line for line in sized[1])


def test_a_sum_with_a_prison_that_cannot_reach_the_target_is_missing(
    sized: tuple[Path, list[str]],
) -> None:
    table = rows(sized).query("in_perimeter").assign(fte_for_target=2.0, region="North")
    table["target_can_be_reached"] = True
    table.loc[table.index[0], "region"] = "South"
    table.loc[table.index[1], "target_can_be_reached"] = False
    table.loc[table.index[1], "fte_for_target"] = float("nan")

    by_region = _summed(table, "region").set_index("region")

    assert pd.isna(by_region.loc["North", "fte_for_target"])
    assert by_region.loc["South", "fte_for_target"] == 2.0
    assert by_region["prisons_that_cannot_reach_the_target"].to_dict() == {"North": 1, "South": 0}


def test_the_fair_share_is_written_as_a_scenario(sized: tuple[Path, list[str]]) -> None:
    scenario = load_scenario(sized[0] / "fair_family_workers.yaml")
    table = rows(sized).set_index("establishment")

    assert scenario.workers[0].fte_each == {
        code: pytest.approx(fte) for code, fte in table["fte_fair"].dropna().items()
    }


def test_a_share_of_prisons_with_other_funders_counts_nobody_twice(
    small_data: Path, tmp_path: Path
) -> None:
    """The operator of Northumberland pays its caseworkers; a grant pays some in another prison."""
    estate = load_estate(small_data)
    beside = estate.family_workers.query("establishment == 'DMI'").assign(funder="grant", fte=0.5)
    workers = pd.concat([estate.family_workers, beside], ignore_index=True)
    wanted = {"DMI": 2.0, "LEI": 1.4, "NLI": 1.6}
    cases = workers[workers["line"] == "casework"]
    of_contract = cases[cases["funder"] == "national_contract"]
    rows = pd.DataFrame(
        {
            "establishment": list(wanted),
            "fte_fair": list(wanted.values()),
            "fte_today": cases.groupby("establishment")["fte"].sum().reindex(list(wanted)).tolist(),
            "fte_national_contract": of_contract.groupby("establishment")["fte"]
            .sum()
            .reindex(list(wanted))
            .fillna(0.0)
            .tolist(),
        }
    )
    file = tmp_path / "fair.yaml"
    file.write_text(fair_scenario(rows, 5.0), encoding="utf-8")

    after = apply_worker_edits(
        replace(estate, family_workers=workers), load_scenario(file).workers
    ).family_workers

    after = after[after["line"] == "casework"]
    assert after.groupby("establishment")["fte"].sum().loc[list(wanted)].to_dict() == pytest.approx(
        wanted
    )
    assert set(after.loc[after["establishment"] == "NLI", "funder"]) == {"operator_contract"}


def test_the_contract_alone_pays_the_share_of_public_prisons(
    sized: tuple[Path, list[str]],
) -> None:
    scenario = load_scenario(sized[0] / "fair_family_workers.yaml")

    assert scenario.workers[0].funder == "national_contract"


def test_the_answer_is_told_with_what_it_rests_on(sized: tuple[Path, list[str]]) -> None:
    text = "\n".join(sized[1])

    assert "the numbers of 2 are known, the others are assumed" in text
    assert "90% of referrals within 5 days" in text
    assert "proven best for the curves" in text
    assert "Knee of the cost curve, on weighted hours" in text


def test_an_upper_end_beyond_what_was_played_is_told(sized: tuple[Path, list[str]]) -> None:
    reachable = rows(sized).query("target_can_be_reached")
    line = next(each for each in sized[1] if "met today by" in each)

    beyond = reachable["fte_for_target_high"].isna()
    last = rows(sized, "curves").groupby("establishment")["fte"].max()
    ends = reachable["fte_for_target_high"].where(~beyond, reachable["establishment"].map(last))
    said = f"at least {ends.sum():.1f}, the end of {beyond.sum()} lies beyond what was played"
    assert (said if beyond.any() else f"and {ends.sum():.1f} in all") in line
    assert "in all, if all erred the same way)" in line


def test_how_many_means_reach_the_target_is_told_beside_the_interval(
    sized: tuple[Path, list[str]],
) -> None:
    reachable = rows(sized).query("target_can_be_reached")
    line = next(each for each in sized[1] if "met today by" in each)

    means = (reachable["fresh_in_time"] >= 0.9).sum()
    within = (reachable["fresh_in_time_high"] >= 0.9).sum()
    assert f"the means of {means} of them reach it, {within} within the interval" in line


def test_today_is_played_with_fresh_seeds_too(sized: tuple[Path, list[str]]) -> None:
    table = rows(sized)
    same = table[np.isclose(table["fte_today"], table["fte_fair"])]

    assert table["fresh_weighted_hours_today"].notna().all()
    assert (same["fresh_weighted_hours_today"] == same["fresh_weighted_hours_fair"]).all()
    inside = table[table["in_perimeter"]]
    line = next(each for each in sized[1] if "Fair share" in each)
    assert f"against {inside['fresh_weighted_hours_today'].sum():,.0f} today." in line


def test_totals_of_fresh_years_and_of_the_cost_curve_have_intervals(
    sized: tuple[Path, list[str]],
) -> None:
    """Priority hours weigh more, all others the same: sums of fresh weighted hours bound them."""
    told = json.loads((sized[0] / "family_workers.json").read_text(encoding="utf-8"))
    fresh = told["fresh_unmet_hours"]
    assert fresh["change"]["mean"] == pytest.approx(fresh["fair"]["mean"] - fresh["today"]["mean"])
    inside = rows(sized)[rows(sized)["in_perimeter"]]
    weight = load_scenario("baseline").family_work.priority_weight
    for name in ("today", "fair"):
        assert fresh[name]["half_width"] > 0
        weighted = inside[f"fresh_weighted_hours_{name}"].sum()
        assert weighted / weight <= fresh[name]["mean"] <= weighted
    assert told["fresh_replications"] == 8
    costs = rows(sized, "cost_curve")
    assert (costs["unmet_hours_half_width"] > 0).all()
    assert (costs.loc[costs["is_budget"], "reached_more_half_width"] == 0).all()
    assert (costs.loc[~costs["is_budget"], "reached_more_half_width"] > 0).any()


def test_years_of_prisons_are_added_up_between_the_numbers_played() -> None:
    """At half way between none and one worker: (10 + 4) / 2 + (20 + 6) / 2, year by year."""
    years = {
        code: SimpleNamespace(fte=np.array([0.0, 1.0]), unmet_hours=np.array(hours))
        for code, hours in (("A", [[10.0, 4.0], [12.0, 2.0]]), ("B", [[20.0, 6.0], [30.0, 10.0]]))
    }
    found = _added_up(years, "unmet_hours", {"A": 0.5, "B": 0.5})  # type: ignore[arg-type]
    assert found.tolist() == [20.0, 27.0]


def test_the_same_is_asked_and_the_same_is_answered(
    sized: tuple[Path, list[str]], small_data: Path, tmp_path: Path
) -> None:
    asked = Asked(replications=4, workers=2)

    size_workers(
        str(sized[0].parent / "heavy.yaml"), asked, out_dir=tmp_path / "out", data_dir=small_data
    )

    for name in ("workers", "curves", "cost_curve"):
        file = f"{name}.parquet"
        assert (tmp_path / "out" / file).read_bytes() == (sized[0] / file).read_bytes()


def test_a_target_no_number_reaches_is_told_with_the_nearest(
    small_data: Path, tmp_path: Path
) -> None:
    """Nobody is reached at weekends, so not everybody can be on the day."""
    asked = Asked(target_days=0, share=1.0, replications=2, workers=1)

    told = size_workers("baseline", asked, out_dir=tmp_path / "out", data_dir=small_data).told

    line = next(each for each in told if "no number of workers reaches" in each)
    assert "100% of referrals within 0 days; the nearest is" in line
    assert "100% within" in line or "no day count" in line


def test_what_cannot_be_asked_is_told_at_once(small_data: Path, tmp_path: Path) -> None:
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "file").write_text("x")
    asked = Asked(target_days=-1, share=1.5, budget_fte=-2.0, perimeter="mine", workers=1)

    with pytest.raises(ScenarioError) as caught:
        size_workers("baseline", asked, out_dir=tmp_path / "used", data_dir=small_data)

    for each in ("--target-days", "--share", "--budget-fte", "--perimeter", "is in use"):
        assert each in str(caught.value)


def test_what_cannot_be_asked_is_told_with_the_faults_of_the_scenario(
    small_data: Path, tmp_path: Path
) -> None:
    asked = Asked(share=1.5, workers=1)

    with pytest.raises(ScenarioError) as caught:
        size_workers("no_such", asked, out_dir=tmp_path / "out", data_dir=small_data)

    assert "--share" in str(caught.value)
    assert "no_such" in str(caught.value)


def test_too_small_a_total_says_what_is_needed(small_data: Path, tmp_path: Path) -> None:
    """Five public prisons with 1.2 each take 6."""
    asked = Asked(budget_fte=2.0, replications=2, workers=1)

    with pytest.raises(ScenarioError, match=r"Give --budget-fte 6\.0 or more"):
        size_workers("baseline", asked, out_dir=tmp_path / "out", data_dir=small_data)
    assert not (tmp_path / "out").exists()


def test_bad_input_ends_with_2(small_data: Path, tmp_path: Path) -> None:
    command = ["size", "family-workers", "baseline", "--out", str(tmp_path / "out")]

    ended = CliRunner().invoke(app, [*command, "--share", "2", "--data", str(small_data)])

    assert ended.exit_code == 2
    assert "--share 2.0: give a share above 0 and at most 1" in ended.output


def test_an_upper_end_beyond_the_curve_is_at_least_its_last_number() -> None:
    """A curve of five steps of 0.2 ends at one caseworker; the other prison ends at 3."""
    size = SimpleNamespace(curves={"LEI": SimpleNamespace(most=5), "DMI": SimpleNamespace(most=20)})
    table = pd.DataFrame(
        {"establishment": ["LEI", "DMI"], "fte_for_target_high": [float("nan"), 3.0]}
    )

    told = _upper_end(table, size)  # type: ignore[arg-type]

    assert told == "at least 4.0, the end of 1 lies beyond what was played"
    assert _upper_end(table[1:], size) == "3.0"  # type: ignore[arg-type]


def test_the_hours_of_the_drivers_add_up_to_the_need_and_the_latent_need(
    sized: tuple[Path, list[str]],
) -> None:
    need = rows(sized, "need").groupby(["establishment", "is_latent"])["need_hours"].sum()
    table = rows(sized).set_index("establishment")

    for is_latent, name in ((False, "need_hours"), (True, "latent_hours")):
        hours = need.xs(is_latent, level="is_latent")
        assert hours.to_numpy() == pytest.approx(table.loc[hours.index, name].to_numpy())


def test_more_workers_reach_no_smaller_share_within_any_days(
    sized: tuple[Path, list[str]],
) -> None:
    curves = rows(sized, "curves")

    for days in (1, 5, 28):
        for _, curve in curves.groupby("establishment"):
            assert (curve[f"within_{days}_days"].diff().dropna() >= -1e-12).all()
    assert (curves["within_28_days"] >= curves["within_1_days"] - 1e-12).all()
    assert (curves["within_5_days"] - curves["in_time"]).abs().max() < 1e-12


def test_the_folder_says_what_was_asked_for(sized: tuple[Path, list[str]]) -> None:
    told = json.loads((sized[0] / "family_workers.json").read_text(encoding="utf-8"))

    assert told["target_days"] == 5
    assert told["target_share"] == 0.9
    assert told["replications"] == 4
    assert told["known_prisons"] == 2
    assert told["budget_fte"] == pytest.approx(
        rows(sized).loc[rows(sized)["in_perimeter"], "fte_today"].sum()
    )

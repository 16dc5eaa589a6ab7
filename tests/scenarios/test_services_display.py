"""Tables and pictures of family workers and booking lines, against sums done another way."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenarios.circulation.suppress import NOBODY, default_rule, hide_together
from scenarios.display import lines, sizing, workers
from scenarios.display.markup import DASH
from scenarios.display.sizing import Sizing
from scenarios.display.workers import Estimate
from scenarios.errors import ScenarioError
from scenarios.export import sheet_of
from scenarios.stored_studies import Study
from simulation.replicate import intervals

PLACES = pd.DataFrame(
    {
        "establishment": ["AAI", "BBI", "CCI"],
        "name": ["Alpha", "Beta", "Gamma"],
        "region": ["North", "North", "South"],
        "latitude": [53.0, 54.0, 51.0],
        "longitude": [-1.0, -2.0, 0.0],
    }
)
CODES = ("AAI", "BBI", "CCI")
POSTS = pd.DataFrame(
    [
        ("AAI", "national_contract", "casework", "Pact", "1", 2.0, "2026-10-01", "measured"),
        ("AAI", "grant", "early_days", "", "", 0.5, "2026-12-31", "assumed"),
        ("BBI", "national_contract", "casework", "", "", 1.0, "2028-01-01", "assumed"),
        ("CCI", "grant", "casework", "", "", 1.5, "", "assumed"),
    ],
    columns=["establishment", "funder", "line", "provider", "lot", "fte", "ends", "confidence"],
)
HOURS = {
    "family_need_hours": {"AAI": (100, 100), "BBI": (60, 60), "CCI": (40, 40)},
    "worker_hours": {"AAI": (80, 90), "BBI": (30, 40), "CCI": (0, 0)},
    "worker_hours_unmet": {"AAI": (20, 10), "BBI": (30, 22), "CCI": (40, 40)},
    "worker_people_helped": {"AAI": (9, 10), "BBI": (3, 5), "CCI": (0, 0)},
    "worker_fte": {"AAI": (2.5, 2.5), "BBI": (1, 1), "CCI": (1.5, 1.5)},
    "worker_days_to_first_contact_p90": {"AAI": (5, 7), "BBI": (12, 14)},
    "worker_need_met_share": {"AAI": (0.8, 0.9), "BBI": (0.5, 0.6), "CCI": (0, 0)},
    "people_held": {"AAI": (900, 900), "BBI": (500, 500), "CCI": (200, 200)},
    "family_latent_hours": {"AAI": (10, 10), "BBI": (6, 6), "CCI": (4, 4)},
}


def measures() -> pd.DataFrame:
    """Give two years of three prisons and, as their sums, of the estate."""
    rows = [
        (year, code, measure, float(values[year]))
        for measure, prisons in HOURS.items()
        for code, values in prisons.items()
        for year in (0, 1)
    ]
    table = pd.DataFrame(rows, columns=["replication", "establishment", "measure", "value"])
    whole = table.groupby(["replication", "measure"])["value"].sum().reset_index()
    both = pd.concat([table, whole.assign(establishment="ALL")], ignore_index=True)
    return both.assign(group_by="all", group="all", measure_unit="hours")


@pytest.fixture(scope="module")
def prisons() -> pd.DataFrame:
    return workers.by_prison(intervals(measures()), POSTS, PLACES, leave_cover_fte=1.2)


def test_each_prison_has_its_need_funded_hours_and_range(prisons: pd.DataFrame) -> None:
    """Two years of 80 and 90: mean 85, half width 12.706 x 7.071 / sqrt 2 = 63.53."""
    alpha = prisons.set_index("name").loc["Alpha"]
    assert (alpha["need_hours"], alpha["funded_hours"]) == (100, 85)
    assert alpha["funded_hours_high"] - alpha["funded_hours"] == pytest.approx(63.53, abs=0.01)
    assert alpha["need_per_funded_hour"] == pytest.approx(100 / 85)
    assert alpha["confidence"] == "measured"


def test_minimum_service_counts_caseworkers_alone(prisons: pd.DataFrame) -> None:
    below = dict(zip(prisons["name"], prisons["below_minimum"], strict=True))
    assert below == {"Alpha": False, "Beta": True, "Gamma": False}


def test_prison_without_funded_hours_has_no_ratio_and_is_not_drawn(prisons: pd.DataFrame) -> None:
    gamma = prisons.set_index("name").loc["Gamma"]
    assert math.isnan(gamma["need_per_funded_hour"])
    results: Any = run()
    figure = workers.need_map(results, prisons, {"features": []})
    assert "Map of 2 prisons" in figure.alt
    assert "1 prison without any funded hour not drawn" in figure.note


def test_sum_of_a_region_has_the_range_of_the_sum_and_not_of_its_parts(
    prisons: pd.DataFrame,
) -> None:
    """North leaves 50 and 32 undone: mean 41, half width 12.706 x 12.728 / sqrt 2 = 114.4."""
    north = workers.summed(measures(), prisons, "region").set_index("region").loc["North"]
    assert (north["prisons"], north["unmet_hours"]) == (2, 41)
    assert north["unmet_hours_high"] == pytest.approx(41 + 114.35, abs=0.05)
    assert north["unmet_hours_low"] == 0


def test_a_wait_is_told_of_those_reached_beside_the_share_never_reached(
    prisons: pd.DataFrame,
) -> None:
    """12 and 15 of 50 referrals are reached, 27%: 73% are not."""
    of_estate = measures().query("measure == 'worker_people_helped' and establishment == 'ALL'")
    made = of_estate.assign(measure="worker_referrals", value=50.0)
    whole = workers.estate(intervals(pd.concat([measures(), made], ignore_index=True)))
    cards = workers.numbers(whole, prisons, POSTS, "2027-07-31", sizing.extra_person(None))
    (wait,) = (card for card in cards if card.unit == "days")
    assert wait.label == "Of those reached, nine in ten within"
    assert wait.note.startswith("73.0% of referrals are not reached. Longest at Beta")
    without = workers.numbers(
        workers.estate(intervals(measures())), prisons, POSTS, "", sizing.extra_person(None)
    )
    assert not any("not reached" in card.note for card in without)


def test_those_reached_are_counted_as_referrals(prisons: pd.DataFrame) -> None:
    """The holder of a place may be referred more than once a year."""
    sheet = workers.summed_rows(workers.summed(measures(), prisons, "region"), "region")
    assert "Referrals reached" in sheet
    assert "People helped" not in sheet


def test_tables_of_family_work_say_what_a_figure_without_a_range_is(
    prisons: pd.DataFrame,
) -> None:
    """Referrals and those reached vary, so that they have a range as well."""
    of_group = pd.DataFrame(
        [
            ("worker_referrals", 20, 24), ("worker_people_helped", 10, 12),
            ("worker_need_met_share", 0.5, 0.6), ("worker_hours_unmet", 5, 7),
            ("worker_days_to_first_contact_p90", 9, 9),
        ],
        columns=["measure", 0, 1],
    ).melt("measure", var_name="replication")  # fmt: skip
    groups = workers.group_rows(
        intervals(
            of_group.assign(
                establishment="ALL", group_by="sex", group="women", measure_unit="people"
            )
        )
    )
    shown = groups.sheet.table.iloc[0]  # type: ignore[attr-defined]
    assert [shown[name].low is not None for name in ("referrals", "helped")] == [True, True]
    assert str(shown["wait"]) == "9"
    by_region = workers.summed_rows(workers.summed(measures(), prisons, "region"), "region")
    for listed in (workers.prison_rows(prisons), groups, by_region):
        assert "same in every simulated year" in listed


def test_grants_are_told_by_when_they_end() -> None:
    rows = workers.grants(POSTS, "2027-07-31").set_index("funder")
    grant = rows.loc["Grant"]
    assert (grant["fte"], grant["ends_in_year_fte"], grant["end_not_known_fte"]) == (2.0, 0.5, 1.5)
    assert grant["first_end"] == "2026-12-31"
    assert rows.loc["National contract", "ends_in_year_fte"] == 2.0


def test_commissioner_numbers_are_those_of_the_estate(prisons: pd.DataFrame) -> None:
    whole = workers.estate(intervals(measures()))
    cards = {
        card.label: card
        for card in workers.numbers(whole, prisons, POSTS, "2027-07-31", sizing.extra_person(None))
    }
    assert cards["Hours needed against hours funded"].value == "200"
    assert (
        "1.67 hours of need for each funded hour"
        in cards["Hours needed against hours funded"].change
    )
    assert cards["Below the minimum service"].value == "1"
    assert cards["Grants that end in the year"].value == "0.5"
    assert "1.5 of them" in cards["Grants that end in the year"].note


def test_run_that_kept_no_workers_claims_no_breach() -> None:
    none = POSTS.iloc[:0]
    rows = workers.by_prison(intervals(measures()), none, PLACES, leave_cover_fte=1.2)
    assert not rows["below_minimum"].any()
    whole = workers.estate(intervals(measures()))
    cards = workers.numbers(whole, rows, none, "2027-07-31", sizing.extra_person(None))
    assert [card.value for card in cards[-2:]] == [DASH, DASH]
    assert workers.known(rows) == workers.NOT_STORED


def run() -> SimpleNamespace:
    """Give what a note needs of a run."""
    return SimpleNamespace(
        folder=Path("runs/baseline-1"),
        name="baseline",
        replications=2,
        allocation={"holds_for": {"date": "2026-07-27"}},
    )


def sized(curves: dict[str, list[float]], today: dict[str, float], half: float = 0.0) -> Sizing:
    """Give a sizing with these shares reached within five days, in steps of 0.2."""
    rows = pd.concat(
        [
            pd.DataFrame(
                {
                    "establishment": code,
                    "fte": np.arange(len(shares)) / 5,
                    "gbp_per_year": np.arange(len(shares)) * 7900.0,
                    "in_time": shares,
                    "in_time_half_width": half,
                    "within_28_days": [min(1.0, share + 0.2) for share in shares],
                    "within_28_days_half_width": half,
                    "wait_days": 1.0,
                    "unmet_hours": 1.0,
                    "reached": 1.0,
                    "is_played": True,
                }
            )
            for code, shares in curves.items()
        ]
    )
    table = pd.DataFrame({"establishment": list(curves), "name": [f"Prison {c}" for c in curves]})
    table = table.assign(
        region="North",
        provider="",
        lot="",
        confidence="assumed",
        fte_today=[today[code] for code in curves],
        fte_for_target=math.nan,
        fte_for_target_low=math.nan,
        fte_for_target_high=math.nan,
        fresh_in_time=math.nan,
        fresh_in_time_low=math.nan,
        fresh_in_time_high=math.nan,
    )
    nothing = pd.DataFrame()
    asked = {"target_days": 5, "target_share": 0.9, "replications": 4, "gbp_per_fte": 39500.0}
    return Sizing(
        name="sizing",
        asked=asked,
        workers=table,
        curves=rows,
        costs=nothing,
        need=nothing,
        sums={},
    )


rising = st.lists(st.floats(0, 1), min_size=2, max_size=9).map(sorted)


@given(shares=rising, share=st.floats(0.05, 1), half=st.floats(0, 0.2))
def test_fewest_workers_are_the_first_step_that_reaches_the_share(
    shares: list[float], share: float, half: float
) -> None:
    found = sizing.fewest(sized({"AAI": shares}, {"AAI": 0.4}, half), 5, share).iloc[0]
    if sizing.is_asked(sized({"AAI": shares}, {"AAI": 0.4}), 5, share):
        return
    first = next((n / 5 for n, each in enumerate(shares) if each >= share - 1e-12), math.nan)
    assert (found["fte"] == first) or (math.isnan(first) and math.isnan(found["fte"]))
    if not math.isnan(first):
        assert found["fte_low"] <= found["fte"]
        assert math.isnan(found["fte_high"]) or found["fte_high"] >= found["fte"]
    assert found["today_share"] == pytest.approx(np.interp(0.4, np.arange(len(shares)) / 5, shares))


def test_more_days_never_need_more_workers() -> None:
    one = sized({"AAI": [0.1, 0.5, 0.75, 0.95], "BBI": [0.0, 0.3, 0.6, 0.8]}, {"AAI": 0, "BBI": 0})
    few, many = (sizing.fewest(one, days, 0.8)["fte"] for days in (5, 28))
    assert (many <= few).all()


def test_answers_of_the_sizing_itself_stand_for_its_own_target() -> None:
    one = sized({"AAI": [0.1, 0.95]}, {"AAI": 0.0})
    one.workers["fte_for_target"] = 0.4
    assert sizing.fewest(one, 5, 0.9)["fte"].tolist() == [0.4]
    assert "played again" in sizing.basis(one, 5, 0.9)
    assert sizing.fewest(one, 5, 0.85)["fte"].tolist() == [0.2]
    assert "not played again" in sizing.basis(one, 5, 0.85)


def test_what_fresh_years_said_of_the_number_needed_is_told() -> None:
    """Alpha reaches 90% in the mean, Beta within its interval alone; Gamma has no answer."""
    one = sized({code: [0.1, 0.95] for code in CODES}, dict.fromkeys(CODES, 0.0))
    one.workers["fte_for_target"] = [0.2, 0.2, math.nan]
    one.workers["fresh_in_time"] = [0.92, 0.88, math.nan]
    one.workers["fresh_in_time_low"] = [0.90, 0.85, math.nan]
    one.workers["fresh_in_time_high"] = [0.94, 0.91, math.nan]
    told = sizing.basis(one, 5, 0.9)
    assert "In fresh years 1 of 2 prisons reach it in the mean, 2 within the interval" in told
    listed = sizing.fewest_rows(sizing.fewest(one, 5, 0.9), 5, 0.9)
    assert "88.0% <wbr>(85.0% to 91.0%)" in listed
    said = sizing.fewest_sentence(sizing.fewest(one, 5, 0.9), 5, 0.9)
    assert "2 prisons need at least 0.4 full-time caseworkers" in said
    assert "With that, 1 prison still stays below 90% in the mean of fresh years." in said
    assert "fresh years" not in sizing.fewest_rows(sizing.fewest(one, 5, 0.85), 5, 0.85)


def test_a_sum_of_interval_ends_is_called_no_interval() -> None:
    shares = [0.1, 0.5, 0.9, 0.99]
    one = sized(dict.fromkeys(CODES, shares), dict.fromkeys(CODES, 0.0), half=0.1)
    found = sizing.fewest(one, 5, 0.85)
    told = sizing.fewest_sentence(found, 5, 0.85)
    assert "95% interval" not in told
    assert "prison by prison between 1.2 and 1.8 in all, if all erred the same way" in told


def test_curve_is_drawn_with_the_target_and_both_points() -> None:
    one = sized({"AAI": [0.1, 0.5, 0.95]}, {"AAI": 0.2})
    figure = sizing.curve(one, "AAI", 5, 0.8)
    drawn = figure.chart.to_dict()
    values = [row for rows in drawn["datasets"].values() for row in rows]
    points = {row["what"]: row for row in values if "what" in row}
    assert points["Needed"]["fte"] == 0.4
    assert points["Today"]["share"] == 0.5
    (rule,) = [layer for layer in drawn["layer"] if layer["mark"]["type"] == "rule"]
    assert rule["encoding"] == {"y": {"field": "share", "type": "quantitative"}}
    assert drawn["datasets"][rule["data"]["name"]] == [{"share": 0.8}]
    assert "Needed: 0.4" in figure.alt


def needing(hours: dict[str, tuple[float, float]]) -> Sizing:
    """Give a sizing whose drivers count so many, with so many referrals, of two hours each."""
    one = sized({"AAI": [0.1, 0.5]}, {"AAI": 0.2})
    need = pd.DataFrame(
        [
            (name, number, referrals, 2.0 * referrals, name == "parents_not_recorded")
            for name, (number, referrals) in hours.items()
        ],
        columns=["driver", "number", "referrals", "need_hours", "is_latent"],
    ).assign(establishment="AAI")
    return Sizing(
        name=one.name,
        asked=one.asked,
        workers=one.workers,
        curves=one.curves,
        costs=one.costs,
        need=need,
        sums={},
    )


def shared(**asked: object) -> Sizing:
    """Give a sizing of three prisons whose total was shared anew."""
    one = sized({code: [0.1, 0.95] for code in CODES}, dict.fromkeys(CODES, 0.0))
    rows = one.workers.assign(
        in_perimeter=True,
        fte_fair=0.2,
        change_fte=[0.2, 0.0, -0.2],
        unmet_hours_today=[100.0, 50.0, 20.0],
        unmet_hours_fair=[40.0, 50.0, 45.0],
    )
    told = {"budget_fte": 0.6, "is_proven": True, "target_is_a_limit": True, "leave_cover_fte": 0.2}
    return replace(one, workers=rows, asked={**one.asked, **told, **asked})


def test_fair_share_tells_its_intervals_and_where_more_is_left_undone() -> None:
    fresh = {
        "today": {"mean": 170.0, "half_width": 10.0},
        "fair": {"mean": 135.0, "half_width": 8.0},
        "change": {"mean": -35.0, "half_width": 5.0},
    }
    told = sizing.fair_sentence(shared(fresh_unmet_hours=fresh, fresh_replications=8))
    told = told.replace("\N{MINUS SIGN}", "-")
    assert (
        "135 (127 to 143) hours a year undone instead of 170 (160 to 180): -35 (-40 to -30)" in told
    )
    assert "over 8 fresh years" in told
    assert "At 1 prison more hours would be left undone than today, most at Prison CCI +25" in told
    older = sizing.fair_sentence(shared())
    assert "135 hours a year undone instead of 170, read off the curves (no interval" in older


def test_need_changes_with_one_weight_and_latent_need_stays_apart() -> None:
    """1,000 receptions at 0.1 are 200 hours; the range is 0.02 to 0.4, so 40 to 800 hours.

    100 women at 0.75 over a man's 0.05 are 150 hours; the range is 0.1 to 3, less 0.05.
    """
    one = needing(
        {
            "people": (1000.0, 50.0),
            "receptions": (1000.0, 100.0),
            "women": (100.0, 75.0),
            "parents_not_recorded": (300.0, 75.0),
        }
        | dict.fromkeys(("parents", "care_experienced", "releases"), (0.0, 0.0))
        | dict.fromkeys(("far_from_home", "without_visitors"), (0.0, 0.0))
    )
    rows = sizing.assumptions(one).set_index("driver")
    assert set(rows.index) == {"people", "receptions", "women"}
    assert rows.loc["receptions"].tolist() == pytest.approx([450 - 160, 450 + 600])
    assert rows.loc["women"].tolist() == pytest.approx([450 - 150 + 10, 450 - 150 + 590])
    assert "any driver alone" in sizing.reversal(one, 860.0)
    assert "self-harm); people newly received)" in sizing.reversal(one, 900.0)
    assert "No weight of one driver" in sizing.reversal(one, 5000.0)
    assert "the lower end" in sizing.reversal(one, 400.0)


@pytest.mark.parametrize(
    ("need", "funded", "latent", "told"),
    [
        (209_446, 210_851, 27_307, "with the 27,307 hours of latent need the need is 236,753"),
        (100, 210, 20, "With latent need too: 120 hours in all."),
        (300, 210, 20, "the need is larger than the hours funded."),
    ],
)
def test_need_of_which_no_record_tells_may_reverse_the_answer(
    need: float, funded: float, latent: float, told: str
) -> None:
    values = {"family_need_hours": need, "worker_hours": funded, "family_latent_hours": latent}
    whole = {
        name: Estimate(mean=value, low=value, high=value, replications=3)
        for name, value in values.items()
    }
    assert told in workers.enough(whole)


def test_sizing_of_another_scenario_or_data_is_none_of_a_run(tmp_path: Path) -> None:
    manifest = {"data_digest": "a", "scenario_digest": "b", "versions": {"closer-to-home": "1"}}
    sizings = []
    for number, change in enumerate(({"data_digest": "c"}, {"scenario_digest": "c"}, {})):
        folder = tmp_path / f"size-{number}"
        folder.mkdir()
        (folder / "manifest.json").write_text(json.dumps(manifest | change), encoding="utf-8")
        sizings.append(
            Study(
                folder=folder,
                kind="size-family-workers",
                scenario="baseline",
                title="T",
                stamp=number,
            )
        )
    run = SimpleNamespace(provenance=manifest)
    found = sizing.of_run(sizings, run)  # type: ignore[arg-type]
    assert found is sizings[2]
    assert sizing.of_run(sizings[:2], run) is None  # type: ignore[arg-type]


def test_men_and_women_are_told_apart_on_the_first_screen(prisons: pd.DataFrame) -> None:
    """Alpha and Beta hold men: 160 hours of need, 85 + 35 funded; Gamma holds women."""
    told = prisons.assign(sex=prisons["name"].map({"Gamma": "women"}).fillna("men"))
    of_sex = measures().query("establishment == 'ALL'").assign(group_by="sex", group="women")
    estimates = intervals(pd.concat([measures(), of_sex]))
    cards = workers.numbers(
        workers.estate(estimates),
        told,
        POSTS,
        "2027-07-31",
        sizing.extra_person(None),
        workers.apart(measures(), told, estimates),
    )
    apart = workers.apart(measures(), told, estimates)
    assert apart.short().startswith(
        "In men's prisons the need of 160 hours is larger than the 120 funded"
    )
    notes = {card.label: card.note for card in cards}
    assert notes["Hours needed against hours funded"].startswith(
        "Men's prisons 160, 120 funded; women's prisons 40, 0 funded."
    )
    assert "Women 81 (0 to " in notes["Hours not done"]
    assert "1 of 2 men's prisons and 0 of 1 women's prisons." in notes["Below the minimum service"]


def test_extra_person_costs_the_step_up_the_cost_curve() -> None:
    """20,000 pounds more reach 40 people more: 500 each, 468 to 532 by what a worker costs."""
    one = sized({"AAI": [0.1, 0.5]}, {"AAI": 0.2})
    costs = pd.DataFrame(
        {
            "fte": [1.0, 2.0, 2.5],
            "gbp_per_year": [40_000.0, 80_000.0, 100_000.0],
            "reached": [100.0, 160.0, 200.0],
            "is_budget": [False, True, False],
        }
    )
    number = sizing.extra_person(
        Sizing(
            name=one.name,
            asked=one.asked,
            workers=one.workers,
            curves=one.curves,
            costs=costs,
            need=one.need,
            sums={},
        )
    )
    assert number.value == "£500"
    assert number.label == "One more referral reached costs"
    assert number.note.endswith("40 referrals more a year.")
    assert number.change.startswith("£468 to £532")


def test_folder_that_is_no_sizing_is_told(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="estate size family-workers"):
        sizing.load_sizing(tmp_path)
    with pytest.raises(ScenarioError, match="estate size booking-line"):
        lines.load_line_sizing(tmp_path)


def test_range_of_a_share_stays_between_nothing_and_all() -> None:
    told = Estimate(mean=0.95, low=0.85, high=1.05, replications=2)
    assert told.told("met_share") == "95.0% (85.0% to 100.0%)"
    assert Estimate(mean=1.0, low=-2.0, high=4.0, replications=2).told("hours") == "1 (0 to 4)"


def agents() -> lines.LineSizing:
    table = pd.DataFrame(
        {
            "day": ["mon", "mon", "tue", "tue"],
            "start": ["09:00", "09:30"] * 2,
            "calls_mean": [9.0, 4.0, 3.0, 2.0],
            "agents_needed": [9, 4, 3, 2],
            "agents_on_roster": [9, 5, 4, 3],
            "agents_on_own_shifts": [5, 5, 5, 5],
        }
    )
    summary = {"target_minutes": 5.0, "target_share": 0.8, "replications": 4}
    none = pd.DataFrame()
    return lines.LineSizing(
        name="line", summary=summary, agents=table, roster=none, online=none, months=none
    )


def test_heat_map_has_one_cell_for_each_half_hour_and_its_number() -> None:
    drawn = lines.heat_map(agents(), "agents_needed").chart.to_dict()
    marks = {layer["mark"]["type"] for layer in drawn["layer"]}
    (values,) = drawn["datasets"].values()
    assert marks == {"rect", "text"}
    assert [(row["day"], row["start"], row["agents"]) for row in values] == [
        ("Monday", "09:00", 9),
        ("Monday", "09:30", 4),
        ("Tuesday", "09:00", 3),
        ("Tuesday", "09:30", 2),
    ]
    assert drawn["layer"][0]["encoding"]["color"]["scale"]["domain"] == [0, 9]


def test_month_without_an_open_day_needs_no_agents_and_is_left_out() -> None:
    months = pd.DataFrame(
        {
            "month": ["2026-08", "2027-08"],
            "open_days": [20, 0],
            "calls": [70.0, 0.0],
            "calls_per_open_day": [3.5, 0.0],
            "agents_at_peak": [1, 0],
            "agent_hours_per_week": [40.0, 0.0],
        }
    )
    told = lines.months_rows(replace(agents(), months=months))
    assert "August 2026" in told
    assert "August 2027" not in told


def test_moving_calls_online_claims_no_proof_of_the_target() -> None:
    one = replace(
        agents(),
        online=pd.DataFrame(
            {
                "moved_online_share": [0.0, 0.5],
                "calls_per_week": [100.0, 60.0],
                "agents_at_peak": [9, 6],
                "paid_hours_per_week": [300.0, 200.0],
                "cost_gbp_per_year": [300_000.0, 200_000.0],
                "answered_in_time_share": [0.82, 0.78],
                "answer_minutes_p90": [6.0, 7.0],
            }
        ),
    )
    shown, drawn = lines.online_rows(one), lines.online(one)
    for text in (shown, drawn.note):
        assert "at the same target" not in text
        assert "it is not sized anew, and not proven to reach the target" in text
    assert "with nobody absent" in shown


def test_agents_who_are_busy_for_more_than_their_time_are_explained() -> None:
    names = ("line_answer_minutes_median", "line_answer_minutes_p90", "line_abandoned_share")
    told = dict.fromkeys(
        (*names, "line_bookings_lost_share"), Estimate(mean=0.5, low=0.4, high=0.6, replications=2)
    )
    over = Estimate(mean=1.01, low=0.99, high=1.03, replications=2)
    cards = lines.line_numbers({"national": told | {"line_busy_share": over}})
    (busy,) = (card for card in cards if card.label == "Agents busy")
    assert busy.note == "Above 100% as agents end the call they are on after their shift."
    assert busy.change == "95% interval 99.0% to 103.0%."
    usual = lines.line_numbers({"national": told | {"line_busy_share": told[names[2]]}})
    assert not any(card.note for card in usual)


def calls_by_month(years: int = 2) -> pd.DataFrame:
    """Two months of calls, the second always answered alike, and one of a day without any."""
    values = {
        ("2026-08", "line_calls"): (100.0, 110.0),
        ("2026-08", "line_answer_minutes_median"): (1.0, 3.0),
        ("2026-09", "line_calls"): (90.0, 90.0),
        ("2026-09", "line_answer_minutes_median"): (2.0, 2.0),
        ("2026-10", "line_calls"): (0.0, 0.0),
        ("2026-10", "line_abandoned_share"): (0.0, 0.0),
    }
    rows = [
        ("ALL", "line_month", month, measure, year, value)
        for (month, measure), of_year in values.items()
        for year, value in enumerate(of_year[:years])
    ]
    columns = ["establishment", "group_by", "group", "measure", "replication", "value"]
    return intervals(pd.DataFrame(rows, columns=columns).assign(scenario="x", measure_unit="x"))


def test_month_in_which_nobody_rings_is_left_out() -> None:
    told = lines.month_rows(calls_by_month())
    assert "all lines together" in told
    assert "August 2026" in told
    assert "September 2026" in told
    assert "October 2026" not in told


def test_figure_of_a_line_without_a_range_is_said_to_be_the_same_every_year() -> None:
    assert "a figure without is the same in every simulated year" in lines.month_rows(
        calls_by_month()
    )
    one_year = lines.month_rows(calls_by_month(years=1))
    assert "One simulated year, so no intervals." in one_year
    assert "the same in every" not in one_year


def test_run_without_lines_is_known_by_its_measures() -> None:
    assert not lines.has_lines(intervals(measures()))
    calls = measures().assign(measure="line_calls")
    assert lines.has_lines(intervals(calls.drop_duplicates(["replication", "establishment"])))


NUMBERS = {
    "people": {"AAI": 900, "BBI": 500, "CCI": 200},
    "parents": {"AAI": 400, "BBI": 250, "CCI": 90},
    "parents_not_recorded": {"AAI": 50, "BBI": 25, "CCI": 11},
    "women": {"AAI": 0, "BBI": 0, "CCI": 200},
    "care_experienced": {"AAI": 220, "BBI": 120, "CCI": 1},
    "far_from_home": {"AAI": 100, "BBI": 90, "CCI": 30},
    "without_visitors": {"AAI": 80, "BBI": 60, "CCI": 20},
    "receptions": {"AAI": 500, "BBI": 300, "CCI": 100},
    "releases": {"AAI": 450, "BBI": 280, "CCI": 90},
}
"""At Gamma one person was in care as a child."""


def need_sized(*, is_plan: bool = False) -> Sizing:
    one = sized({code: [0.1, 0.95] for code in CODES}, dict.fromkeys(CODES, 0.0))
    rows = [
        {
            "establishment": code,
            "driver": driver,
            "number": float(number),
            "referrals": 0.5 * number,
            "need_hours": 2.0 * number,
            "is_latent": driver == "parents_not_recorded",
        }
        for driver, numbers in NUMBERS.items()
        for code, number in numbers.items()
    ]
    return replace(one, need=pd.DataFrame(rows), asked={**one.asked, "is_plan": is_plan})


def cells_of(html: str, name: str) -> list[str]:
    """Give the cells of the row of a prison."""
    row = re.search(rf">{name}</th>(.*?)</tr>", html, re.DOTALL)
    assert row
    return [re.sub(r"<[^>]*>", "", cell).strip() for cell in re.findall(r"<td.*?</td>", row[1])]


def test_hours_that_would_tell_a_small_count_of_people_are_hidden_with_their_row() -> None:
    """One person in care at Gamma is 2 hours; with the total any last hidden driver is known."""
    listed = sizing.need_rows(need_sized())
    people, each, total, *drivers = cells_of(listed, "Prison CCI")
    assert (people, total) == (
        "200",
        f"{2 * sum(n['CCI'] for d, n in NUMBERS.items() if d != 'parents_not_recorded'):,}",
    )
    assert each not in ("[c]", DASH)
    assert set(drivers) == {"[c]"}
    # the sum of a column is known from elsewhere, so another prison keeps Gamma company
    other = [cells_of(listed, name)[3:] for name in ("Prison AAI", "Prison BBI")]
    assert sum("[c]" in row for row in other) == 1


def test_hidden_hours_are_hidden_in_the_export_and_in_the_picture_as_well() -> None:
    one = need_sized()
    sheet = sheet_of(sizing.need_rows(one))
    (found,) = hide_together([(sheet.table, sheet.counts or NOBODY)], default_rule())
    told = found.table.set_index("name").loc["Prison CCI"]
    assert all(told[driver] == "[c]" for driver in sizing.DRIVERS)
    assert sizing.need_of(one, "CCI") is None
    shown = [code for code in CODES if sizing.need_of(one, code)]
    assert len(shown) == 1


def test_people_that_a_plan_would_hold_are_left_out_of_a_sizing() -> None:
    listed = sizing.need_rows(need_sized(is_plan=True))
    assert ">People</th>" not in listed
    assert "Hours for 100 people" not in listed
    assert sizing.DRIVERS["people"] not in listed
    assert "those of a plan would tell how few are moved" in listed
    assert ">People</th>" in sizing.need_rows(need_sized())


def test_map_and_circles_leave_out_prisons_whose_people_are_hidden(prisons: pd.DataFrame) -> None:
    today = pd.DataFrame({"establishment": CODES, "people_today": [900, 1, 200]})
    told = workers.for_circulation(prisons, today).set_index("establishment")["people"]
    assert told.isna().to_dict() == {"AAI": False, "BBI": True, "CCI": True}
    assert workers.for_circulation(prisons)["people"].tolist() == prisons["people"].tolist()


def test_line_that_answers_at_once_is_not_said_to_take_no_minutes() -> None:
    def estimate(mean: float) -> Estimate:
        return Estimate(mean=mean, low=mean, high=mean, replications=4)

    told = {
        "line_answer_minutes_median": estimate(0.0),
        "line_answer_minutes_p90": estimate(20.0),
        "line_abandoned_share": estimate(0.169),
        "line_calls_lost": estimate(25_026.0),
        "line_bookings_lost": estimate(8_761.0),
    }
    (said,) = lines.line_sentences({"local": told})
    assert "half are answered at once and nine in ten within 20.0 minutes." in said
    assert len(lines.line_sentences({"local": told, "national": told})) == 2

"""Explaining a person of a stored plan, locking people, and what a lock cost."""

from __future__ import annotations

import json
import shutil
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal
from typer.testing import CliRunner, Result

from data.locks import read_locks
from data.records import RECORD_TABLES
from data.travel import travel_table
from optimiser.allocation import COHORT, WAYS, InfeasibleAllocationError
from optimiser.exclusions import RESTRICTED, readable_rules
from scenarios.cli import app
from scenarios.inputs import load_inputs
from scenarios.load import load_scenario
from scenarios.planning.explain import (
    KEPT_APART,
    Explained,
    as_json,
    excluded_sites,
    explain_person,
    tell,
)
from scenarios.planning.shortage import cohort_lines, readable_needs, readable_ways
from scenarios.planning.steer import lock_lines, review_lines
from scenarios.planning.stored_plan import known_of, open_plan
from scenarios.results import load_results
from scenarios.run import write_shortfall
from tests.scenarios.conftest import PRISONS

TIGHT = """
title: Hardly a place free
question: Who makes room for whom?
change:
  placements: optimised
  rules.reception_headroom: {level: "off"}
  rules.estate_margin_men: {level: "off"}
  rules.estate_margin_women: {level: "off"}
  units:
    - {where: {establishment: DMI}, set_places: 27}
    - {where: {establishment: LEI}, set_places: 27}
    - {where: {establishment: NLI}, set_places: 27}
    - {where: {establishment: WEI}, set_places: 27}
"""

DECIDED = ("--owner", "planner", "--review", "2026-12-01")


def estate(*words: str | Path) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def pennies(gbp: float) -> int:
    return round(gbp * 100)


@pytest.fixture(scope="module")
def data(small_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the small data with one person whom public protection keeps away from Leeds."""
    folder = Path(shutil.copytree(small_data, tmp_path_factory.mktemp("steer") / "data"))
    (folder / "exclusions.csv").write_text(
        "prisoner_id,establishment,home_area,within_miles\nP0010,LEI,,\n", encoding="utf-8"
    )
    return folder


@pytest.fixture(scope="module")
def tight(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("scenario") / "tight.yaml"
    path.write_text(TIGHT, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def plan(data: Path, tight: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("plans") / "plan"
    done = estate("allocate", tight, "--data", data, "--out", folder)
    assert done.exit_code == 0, done.stderr
    return folder


def crowded_out(plan: Path, data: Path) -> tuple[Explained, pd.Series]:
    """Find a person and a place that somebody else would have to leave for them."""
    people = open_plan(plan).placements()["prisoner_id"]
    for prisoner_id in people:
        found = explain_person(plan, prisoner_id, data_dir=data)
        rows = found.one.alternatives
        dear = rows[(rows["rank"] > 0) & (rows["unit"] != "") & (rows["others_gbp"] > 1)]
        if len(dear):
            return found, dear.iloc[0]
    raise AssertionError("nobody is in anybody's way")


def test_the_terms_add_up_to_the_value_of_the_plan_to_the_penny(plan: Path, data: Path) -> None:
    told = json.loads((plan / "allocation.json").read_text())

    for prisoner_id in open_plan(plan).placements()["prisoner_id"].iloc[::80]:
        found = explain_person(plan, prisoner_id, data_dir=data, planner=True)

        own = [pennies(value) for value in found.one.alternatives["own_gbp"]]
        terms = [sum(pennies(v) for v in row) for row in found.one.terms.to_numpy()]
        parts = (found.own_gbp, found.others_gbp, found.together_gbp)
        assert terms == own
        assert own[0] == pennies(found.own_gbp)
        assert sum(pennies(part) for part in parts) == pennies(told["objective_gbp"])
        assert pennies(found.together_gbp) == pennies(told["terms"]["crowding"])


def test_everybody_else_is_counted_once(plan: Path, data: Path) -> None:
    stored = open_plan(plan)
    shown = {
        explain_person(plan, prisoner_id, data_dir=data).own_gbp
        + explain_person(plan, prisoner_id, data_dir=data).others_gbp
        for prisoner_id in stored.placements()["prisoner_id"].iloc[:2]
    }

    assert {pennies(total) for total in shown} == {int(stored.arrays["own"].sum())}


def test_a_lock_costs_what_the_explanation_said(
    plan: Path, data: Path, tight: Path, tmp_path: Path
) -> None:
    found, place = crowded_out(plan, data)
    prisoner_id, file = found.one.prisoner_id, tmp_path / "mine.csv"

    locked = estate(
        "lock", plan, prisoner_id, place["unit"], "--reason", "family", *DECIDED, "--locks", file
    )
    again = estate(
        "allocate", tight, "--data", data, "--out", tmp_path / "next",
        "--locks", file, "--from", plan,
    )  # fmt: skip

    assert (locked.exit_code, again.exit_code) == (0, 0), again.stderr
    before, after = open_plan(plan), open_plan(tmp_path / "next")
    assert after.objective_pennies - before.objective_pennies == pennies(place["forcing_gbp"])
    assert f"in all: +£{place['forcing_gbp']:,.2f}" in again.stdout.replace(
        f"Against {plan}: ", "in all: "
    )
    changed = pd.read_parquet(tmp_path / "next" / "changed.parquet").set_index("prisoner_id")
    assert changed.loc[prisoner_id, "unit"] == place["unit"]
    assert bool(changed.loc[prisoner_id, "locked"])
    assert changed["own_change_gbp"].map(pennies).sum() == int(
        after.arrays["own"].sum() - before.arrays["own"].sum()
    )


def test_a_locked_person_stays_and_the_lock_is_named(
    plan: Path, data: Path, tight: Path, tmp_path: Path
) -> None:
    found, place = crowded_out(plan, data)
    prisoner_id, file = found.one.prisoner_id, tmp_path / "mine.csv"
    words = ("--reason", "security", "--note", "seen with others", *DECIDED, "--locks", file)
    estate("lock", plan, prisoner_id, place["establishment"], *words)
    estate("allocate", tight, "--data", data, "--out", tmp_path / "next", "--locks", file)

    shown = "\n".join(tell(explain_person(tmp_path / "next", prisoner_id, data_dir=data)))
    planner = explain_person(tmp_path / "next", prisoner_id, data_dir=data, planner=True)

    assert f"{place['establishment']} (restricted reason; planner" in shown
    assert "seen with others" not in shown
    assert "seen with others" in "\n".join(tell(planner))
    assert set(planner.one.alternatives["establishment"]) <= {place["establishment"], ""}
    assert "lock" in set(planner.one.excluded["rule"])


def test_at_most_so_many_people_change_against_a_plan(
    plan: Path, data: Path, tight: Path, tmp_path: Path
) -> None:
    file = tmp_path / "mine.csv"
    placed = open_plan(plan).placements()
    moving = 0
    for prisoner_id in placed["prisoner_id"].iloc[:40:4]:
        rows = explain_person(plan, prisoner_id, data_dir=data).one.alternatives
        here = rows["establishment"].iloc[0]
        away = rows[(rows["establishment"] != here) & (rows["unit"] != "")]
        if len(away) and moving < 3:
            words = ("--reason", "family", *DECIDED, "--locks", file)
            estate("lock", plan, prisoner_id, away["unit"].iloc[-1], *words)
            moving += 1

    done = estate(
        "allocate", tight, "--data", data, "--out", tmp_path / "few", "--locks", file,
        "--from", plan, "--changes", moving + 1,
    )  # fmt: skip
    too_few = estate(
        "allocate", tight, "--data", data, "--out", tmp_path / "none", "--locks", file,
        "--from", plan, "--changes", moving - 1,
    )  # fmt: skip

    assert done.exit_code == 0, done.stderr
    changed = pd.read_parquet(tmp_path / "few" / "changed.parquet")
    assert changed["other_establishment"].sum() <= moving + 1
    assert too_few.exit_code == 2
    assert f"limit changes: at most {moving - 1}" in too_few.stderr
    assert not (tmp_path / "none").exists()


def test_people_records_and_journeys_are_read_back_as_they_were_made(
    plan: Path, data: Path, tight: Path
) -> None:
    stored, scenario = open_plan(plan), load_scenario(tight)
    made = load_inputs(scenario, data)

    known = known_of(stored, scenario, data)

    assert known is not None
    read = load_inputs(scenario, data, known=known)
    for table in ("prisoners", "contacts"):
        assert_frame_equal(getattr(read.population, table), getattr(made.population, table))
    for table in RECORD_TABLES:
        assert_frame_equal(getattr(read.records, table), getattr(made.records, table))
    assert_frame_equal(travel_table(read.travel), travel_table(made.travel))
    assert_frame_equal(read.parties, made.parties)
    assert np.array_equal(read.visit_cost.gross_gbp, made.visit_cost.gross_gbp)
    others = scenario.model_copy(update={"as_of": scenario.as_of + timedelta(days=1)})
    assert known_of(stored, others, data) is None


def test_a_lock_is_told_with_those_who_make_way_and_nobody_else(
    plan: Path, data: Path, tight: Path, tmp_path: Path
) -> None:
    """A chain of people who make way passes each unit once at most."""
    found, place = crowded_out(plan, data)
    prisoner_id, file = found.one.prisoner_id, tmp_path / "mine.csv"
    words = ("--data", data, "--from", plan)
    estate(
        "lock", plan, prisoner_id, place["unit"], "--reason", "family", *DECIDED, "--locks", file
    )

    alone = estate("allocate", tight, *words, "--out", tmp_path / "same")
    locked = estate("allocate", tight, *words, "--out", tmp_path / "next", "--locks", file)

    assert (alone.exit_code, locked.exit_code) == (0, 0), locked.stderr
    assert pd.read_parquet(tmp_path / "same" / "changed.parquet").empty
    changed = pd.read_parquet(tmp_path / "next" / "changed.parquet")
    assert len(changed) <= len(pd.read_parquet(plan / "units.parquet"))
    assert prisoner_id in set(changed["prisoner_id"])


def test_restricted_reasons_are_for_planners_alone(plan: Path, data: Path) -> None:
    other = json.loads(estate("explain", plan, "P0010", "--data", data, "--json").stdout)
    text = estate("explain", plan, "P0010", "--data", data).stdout
    planner = estate("explain", plan, "P0010", "--data", data, "--role", "planner").stdout

    rules = {row["rule"] for row in other["excluded"] if row["establishment"] == "LEI"}
    assert "restricted reason" in rules
    assert "public_protection" not in json.dumps(other) + text
    assert "LEI" in text
    assert "public_protection" in planner
    assert "limits_gbp" not in other["alternatives"][0]


def test_every_other_establishment_is_an_alternative_or_excluded(plan: Path, data: Path) -> None:
    for prisoner_id in ("P0000", "P0259", "P0300"):
        found = explain_person(plan, prisoner_id, data_dir=data)
        sites = excluded_sites(found)

        places = [*found.one.alternatives["establishment"].unique(), *sites["establishment"]]
        assert sorted(place for place in places if place) == sorted(PRISONS)
        assert (found.one.alternatives["forcing_gbp"] >= 0).all()
        assert as_json(found)["prisoner_id"] == prisoner_id


def test_an_unknown_prisoner_is_one_clear_report(plan: Path, data: Path) -> None:
    done = estate("explain", plan, "NOBODY", "--data", data)

    assert done.exit_code == 2
    assert "no prisoner 'NOBODY'" in done.stderr


def test_a_plan_of_other_data_is_refused(plan: Path, data: Path, tmp_path: Path) -> None:
    other = Path(shutil.copytree(data, tmp_path / "other"))
    contacts = pd.read_csv(other / "contacts.csv", dtype=str, keep_default_na=False)
    contacts.iloc[1:].to_csv(other / "contacts.csv", index=False)

    done = estate("explain", plan, "P0001", "--data", other)

    assert done.exit_code == 2
    assert "changed since: contacts" in done.stderr


def test_a_plan_of_another_version_is_refused(plan: Path, data: Path, tmp_path: Path) -> None:
    other = Path(shutil.copytree(plan, tmp_path / "plan"))
    arrays = dict(open_plan(other).arrays)
    np.savez_compressed(other / "prices.npz", **(arrays | {"own": arrays["own"] + 1}))  # type: ignore[arg-type]

    done = estate("explain", other, "P0001", "--data", data)

    assert done.exit_code == 2
    assert "another version of the model" in done.stderr


def test_a_run_that_decided_is_explained_and_one_of_today_is_not(
    data: Path, tight: Path, tmp_path: Path
) -> None:
    words = ("--data", data, "--replications", "1", "--workers", "1", "--runs", tmp_path)
    done = estate("run", "baseline", tight, *words)
    assert done.exit_code == 0, done.stderr
    today, decided = (Path(line) for line in done.stdout.split())

    assert estate("explain", decided, "P0001", "--data", data).exit_code == 0
    refused = estate("explain", today, "P0001", "--data", data)
    assert refused.exit_code == 2
    assert "nothing was decided" in refused.stderr
    assert load_results(decided).prices["steps"].ndim == 2


def test_locks_of_the_data_folder_bind_and_are_the_default_file(
    data: Path, tight: Path, tmp_path: Path
) -> None:
    own = Path(shutil.copytree(data, tmp_path / "data"))
    words = ("--reason", "court", *DECIDED)

    estate("forbid", own / "locks.csv", "P0001", "WEI", *words)
    done = estate("allocate", tight, "--data", own, "--out", tmp_path / "plan")
    estate("lock", tmp_path / "plan", "P0002", "DMI", *words, "--data", own)

    assert done.exit_code == 0, done.stderr
    placed = open_plan(tmp_path / "plan").placements().set_index("prisoner_id")
    assert placed.loc["P0001", "establishment"] != "WEI"
    assert list(read_locks(own / "locks.csv")["prisoner_id"]) == ["P0001", "P0002"]
    undone = estate("unlock", tmp_path / "plan", "P0001", "--data", own)
    assert undone.exit_code == 0
    assert list(read_locks(own / "locks.csv")["prisoner_id"]) == ["P0002"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("PXX", "LEI", "--reason", "family"), "found 'PXX'"),
        (("P0001", "LEX", "--reason", "family"), "found 'LEX'"),
        (("P0001", "LEI", "--reason", "because"), "found 'because'"),
        (("P0001", "LEI", "--reason", "family", "--note", "=1+1"), "does not begin with"),
        (("P0001", "LEI", "--reason", "family", "--review", "2020-01-01"), "a day after the plan"),
    ],
    ids=["person", "place", "reason", "formula", "past review"],
)
def test_a_lock_that_cannot_be_is_refused_and_nothing_is_written(
    plan: Path, tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    file = tmp_path / "mine.csv"

    done = estate("lock", plan, *DECIDED, *words, "--locks", file)

    assert done.exit_code == 2
    assert said in done.stderr
    assert not file.exists()


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        (("lock", "LEI"), ("forbid", "LEI"), "before: lock to LEI."),
        (("lock", "LEI-1"), ("forbid", "LEI"), "before: lock to LEI-1."),
        (("lock", "LEI"), ("lock", "DMI"), "before: lock to LEI."),
        (("forbid", "LEI"), ("lock", "LEI-1"), "before: keep away from LEI."),
        (("lock", "LEI"), ("lock", "LEI-1"), ""),
        (("lock", "LEI"), ("forbid", "LEI-1"), ""),
        (("forbid", "LEI"), ("forbid", "DMI"), ""),
    ],
)
def test_decisions_about_a_person_that_leave_no_unit_are_refused(
    plan: Path, tmp_path: Path, first: tuple[str, str], second: tuple[str, str], said: str
) -> None:
    words = (*DECIDED, "--reason", "family", "--locks", tmp_path / "mine.csv")
    assert estate(first[0], plan, "P0001", first[1], *words).exit_code == 0

    done = estate(second[0], plan, "P0001", second[1], *words)

    assert done.exit_code == (2 if said else 0)
    assert said in done.stderr
    assert len(read_locks(tmp_path / "mine.csv")) == (1 if said else 2)
    assert estate(second[0], plan, "P0002", second[1], *words).exit_code == 0


def test_everything_wrong_with_a_lock_is_told_at_once(plan: Path, tmp_path: Path) -> None:
    file = tmp_path / "mine.csv"
    file.write_text("prisoner_id,action\nP0001,lock\n", encoding="utf-8")
    before = file.read_text()
    words = ("PXX", "LEX", "--reason", "famly", "--owner", "=me", "--review", "2020-01-01")

    done = estate("lock", plan, *words, "--locks", file)

    assert done.exit_code == 2
    for said in ("'PXX'", "'LEX'", "Did you mean 'family'?", "'=me'", "'2020-01-01'", "mine.csv"):
        assert said in done.stderr
    assert file.read_text() == before


def test_a_lock_about_what_is_no_plan_says_so_with_its_other_faults(tmp_path: Path) -> None:
    done = estate("lock", tmp_path, "P1", "LEI", "--reason", "because", *DECIDED)

    assert done.exit_code == 2
    assert "a plan or a file of locks" in done.stderr
    assert "'because'" in done.stderr


def test_contradictory_locks_are_named_and_nothing_is_decided(
    data: Path, tight: Path, tmp_path: Path
) -> None:
    file = tmp_path / "mine.csv"
    for place in ("LEI-1", "DMI"):
        estate("lock", file, "P0001", place, "--reason", "family", *DECIDED)

    done = estate("allocate", tight, "--data", data, "--out", tmp_path / "plan", "--locks", file)

    assert done.exit_code == 2
    assert "lock P0001 DMI; lock P0001 LEI-1: no unit satisfies all of them" in done.stderr
    assert not (tmp_path / "plan").exists()


def test_changes_need_a_plan_to_be_counted_against(tight: Path, tmp_path: Path) -> None:
    done = estate("allocate", tight, "--out", tmp_path / "plan", "--changes", "3")

    assert done.exit_code == 2
    assert "--from" in done.stderr


def test_a_way_out_does_not_name_a_restricted_rule() -> None:
    cohort = ("men", "C", "sentenced", False, "")
    rows = [(*cohort, 1, "rule", rule, 1, 5.0) for rule in ("escape_list", "category")]

    ways = readable_ways(pd.DataFrame(rows, columns=WAYS))

    assert ways["what"].tolist() == [RESTRICTED, "category"]


def test_people_without_a_place_are_told_with_the_ways_out(data: Path, tmp_path: Path) -> None:
    scenario = tmp_path / "short.yaml"
    scenario.write_text(TIGHT.replace("set_places: 27", "set_places: 20"), encoding="utf-8")

    done = estate("allocate", scenario, "--data", data, "--out", tmp_path / "plan")

    assert done.exit_code == 3
    assert "without a place: men" in done.stdout
    assert "more places in " in done.stdout
    table = pd.read_parquet(tmp_path / "plan" / "shortfall.parquet")
    assert set(table["way"]) <= {"places", "margin", "rule"}
    assert (table["first_gbp"] > 0).all()
    assert table.drop_duplicates("category")["people"].sum() > 0


@pytest.fixture(scope="module")
def apart_data(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the small data with people who must be kept apart."""
    folder = Path(shutil.copytree(data, tmp_path_factory.mktemp("apart") / "data"))
    rows = [f"P{a:04d},P{a + 1 + a % 7:04d},establishment,gang" for a in range(0, 250, 2)]
    text = "\n".join(["a,b,level,reason", *rows, ""])
    (folder / "keep_aparts.csv").write_text(text, encoding="utf-8")
    return folder


def test_with_ties_a_price_is_no_more_than_forcing_costs(
    apart_data: Path, tight: Path, tmp_path: Path
) -> None:
    first, file = tmp_path / "first", tmp_path / "mine.csv"
    done = estate("allocate", tight, "--data", apart_data, "--out", first)
    assert done.exit_code == 0, done.stderr
    found = explain_person(first, "P0004", data_dir=apart_data)
    place = found.one.alternatives.iloc[3]

    estate("lock", first, "P0004", place["unit"], "--reason", "family", *DECIDED, "--locks", file)
    again = estate(
        "allocate", tight, "--data", apart_data, "--out", tmp_path / "next", "--locks", file
    )

    assert again.exit_code == 0, again.stderr
    more = open_plan(tmp_path / "next").objective_pennies - open_plan(first).objective_pennies
    enemies = ("P0002", "P0009", "P0011")
    placed = open_plan(first).placements().set_index("prisoner_id")["establishment"]
    with_enemies = set(placed.reindex(enemies).dropna())
    told = explain_person(first, "P0004", data_dir=apart_data, planner=True)
    rows = told.one.alternatives.iloc[1:]
    barred = set(rows.loc[rows["change_needed"] == KEPT_APART, "establishment"])
    assert barred <= with_enemies
    assert found.one.is_bound
    assert pennies(place["forcing_gbp"]) <= more + pennies(found.gap_gbp)
    assert any("at its multipliers" in line for line in tell(found))


@pytest.mark.parametrize("person", ["P0004", "P0270"])
def test_what_would_have_to_change_does_not_tell_where_somebody_to_be_kept_apart_is(
    apart_data: Path, tight: Path, tmp_path: Path, person: str
) -> None:
    """With or without a keep-apart, every place of everybody reads the same."""
    done = estate("allocate", tight, "--data", apart_data, "--out", tmp_path / "plan")
    assert done.exit_code == 0, done.stderr

    told = explain_person(tmp_path / "plan", person, data_dir=apart_data)

    assert len(told.one.alternatives) > 1
    assert set(told.one.alternatives["change_needed"]) == {""}


def test_people_to_be_kept_apart_cannot_be_locked_together(
    apart_data: Path, tight: Path, tmp_path: Path
) -> None:
    file = tmp_path / "mine.csv"
    for person in ("P0000", "P0001"):
        estate("lock", file, person, "LEI", "--reason", "family", *DECIDED)

    words = ("--data", apart_data, "--out", tmp_path / "plan", "--locks", file)
    done = estate("allocate", tight, *words, "--role", "planner")
    others = estate("allocate", tight, *words)

    assert (done.exit_code, others.exit_code) == (2, 2)
    assert "keep apart P0000 and P0001; lock P0000 LEI; lock P0001 LEI" in done.stderr
    assert f"lock P0000 LEI; lock P0001 LEI: {RESTRICTED}" in others.stderr
    assert "keep apart" not in others.stderr


def test_why_a_lock_cannot_be_kept_names_restricted_rules_to_planners_alone(
    data: Path, tight: Path, tmp_path: Path
) -> None:
    """Public protection keeps P0010 out of Leicester."""
    file = tmp_path / "mine.csv"
    estate("lock", file, "P0010", "LEI", "--reason", "family", *DECIDED)

    words = ("--data", data, "--out", tmp_path / "plan", "--locks", file)
    done = estate("allocate", tight, *words, "--role", "planner")
    others = estate("allocate", tight, *words)

    assert (done.exit_code, others.exit_code) == (2, 2)
    said = "the rules do not allow P0010 there"
    assert f"{said} (public_protection, sexual_offence_unit)" in done.stderr
    assert f"{said} ({RESTRICTED})" in others.stderr


@pytest.mark.parametrize("planner", [True, False])
def test_the_file_of_people_without_any_place_tells_needs_to_planners_alone(
    tmp_path: Path, planner: bool
) -> None:
    rows = [("men", "C", "sentenced", False, needs, 1, 2, 9) for needs in ("medical", "")]
    cohorts = pd.DataFrame(rows, columns=[*COHORT, "people", "units", "places"])

    write_shortfall(
        InfeasibleAllocationError("No place.", cohorts), tmp_path / "a.csv", planner=planner
    )

    needs = pd.read_csv(tmp_path / "a.csv", keep_default_na=False)["needs"].tolist()
    assert needs == ["medical" if planner else RESTRICTED, ""]


@pytest.mark.parametrize(
    "rule",
    [
        "sexual_offence_unit",
        "sexual_offence_safety",
        "therapeutic_unit",
        "mother_and_baby",
        "return_bed",
    ],
)
def test_rules_that_tell_of_offence_treatment_or_health_are_restricted(rule: str) -> None:
    assert readable_rules(["category", rule]) == ("category", RESTRICTED)


def test_needs_of_people_without_a_place_are_for_planners_alone() -> None:
    rows = [("men", "C", "sentenced", False, needs, 1, 2, 9) for needs in ("medical", "")]
    cohorts = pd.DataFrame(rows, columns=[*COHORT, "people", "units", "places"])

    shown = readable_needs(cohorts)

    assert shown["needs"].tolist() == [RESTRICTED, ""]
    assert shown["people"].tolist() == [1, 1]


def test_the_largest_cohorts_without_a_place_are_told_with_how_many_there_are() -> None:
    rows = [("men", "C", "sentenced", False, f"need {n}", n, 2, 9) for n in range(1, 15)]
    cohorts = pd.DataFrame(rows, columns=[*COHORT, "people", "units", "places"])
    of_last = tuple(rows[-1][: len(COHORT)])
    found = [("places", "AAA-1", 1), ("margin", "men", 1), ("margin", "men", 14)]
    ways = pd.DataFrame(
        [(*of_last, 14, way, what, how_many, 5.0) for way, what, how_many in found],
        columns=WAYS,
    )

    told = cohort_lines(cohorts, ways, planner=True)

    assert told[0].startswith("105 people without a place, in 14 cohorts; the 12 largest")
    assert sum("without a place:" in line for line in told) == 12
    assert not any("need 1;" in line or "need 2;" in line for line in told)
    assert "1 more place in AAA-1:" in told[-3]
    assert "1 more man held" in told[-2]
    assert "14 more men held" in told[-1]
    assert cohort_lines(cohorts[:0], ways, planner=True) == []


def test_one_lock_that_is_due_is_told_in_the_singular() -> None:
    rows = pd.DataFrame({"prisoner_id": ["P1", "P2"], "review_date": ["2026-07-01", "2026-07-02"]})

    assert review_lines(rows[:1], date(2026, 7, 27))[0].startswith("1 lock is due")
    assert review_lines(rows, date(2026, 7, 27))[0].startswith("2 locks are due")
    assert review_lines(rows, date(2026, 6, 27)) == []


def test_locks_that_a_plan_does_not_keep_are_told() -> None:
    """A stopped plan may leave a locked person without a place."""
    locks = pd.DataFrame(
        {"prisoner_id": ["P1", "P2", "P3"], "action": ["lock", "lock", "forbid"]}, dtype="str"
    )
    placements = pd.DataFrame(
        {"prisoner_id": ["P1", "P2", "P3", "P4"], "unit": ["", "LEI-1", "", ""]}, dtype="str"
    )

    assert lock_lines(locks, placements) == ["1 lock is not kept, for want of a place: P1"]
    assert lock_lines(locks[1:], placements) == []

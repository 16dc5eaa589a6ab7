"""Whatever is wrong with the input, it ends in one clear message, exit code 2, nothing left."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from data.load import read_table
from scenarios.cli import app

HEAD = "title: Trial\nquestion: What then?\n"


def estate(*words: str | Path) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def refused(result: Result, *expected: str) -> None:
    said = " ".join(result.stderr.split())
    assert result.exit_code == 2, said
    assert "Traceback" not in said
    for words in expected:
        assert words in said


def edit(folder: Path, table: str, change: Callable[[pd.DataFrame], pd.DataFrame | None]) -> None:
    path = folder / f"{table}.csv"
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    changed = change(frame)
    (frame if changed is None else changed).to_csv(path, index=False)


def set_cell(row: int, column: str, value: str) -> Callable[[pd.DataFrame], None]:
    def change(frame: pd.DataFrame) -> None:
        frame.loc[row, column] = value

    return change


def drop(column: str) -> Callable[[pd.DataFrame], pd.DataFrame]:
    return lambda frame: frame.drop(columns=column)


def repeat_first(frame: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([frame, frame.head(1)])


DAMAGES = {
    "a missing column": ("population", drop("home_area"), ["population.csv", "home_area"]),
    "an unknown code": (
        "population",
        set_cell(3, "current_unit", "QQQ-1"),
        ["population.csv", "row 5", "current_unit", "QQQ-1"],
    ),
    "an unknown word": (
        "population",
        set_cell(0, "status", "sentencd"),
        ["population.csv", "status", "sentencd", "sentenced"],
    ),
    "a duplicate id": ("population", repeat_first, ["population.csv", "prisoner_id", "P0000"]),
    "a negative capacity": ("units", set_cell(0, "places", "-5"), ["units.csv", "places", "-5"]),
    "a number that is none": ("units", set_cell(0, "places", "NaN"), ["units.csv", "places"]),
    "an empty number": ("units", set_cell(0, "in_use_cna", ""), ["units.csv", "in_use_cna"]),
    "a category no unit holds": (
        "population",
        set_cell(0, "category", "A"),
        ["category", "A"],
    ),
    "an unknown home area": (
        "contacts",
        set_cell(0, "home_area", "X00"),
        ["contacts.csv", "home_area", "X00"],
    ),
    "a table without rows": ("units", lambda frame: frame.head(0), ["units.csv"]),
    "a prison without units": (
        "units",
        lambda frame: frame[frame["establishment"] != "LEI"],
        ["LEI"],
    ),
}


@pytest.mark.parametrize("damage", list(DAMAGES))
def test_damaged_tables_are_refused_and_nothing_is_left(
    own_data: Path, tmp_path: Path, damage: str
) -> None:
    table, change, expected = DAMAGES[damage]
    edit(own_data, table, change)
    runs = tmp_path / "runs"
    refused(estate("run", "baseline", "--data", own_data, "--runs", runs), *expected)
    assert not runs.exists() or list(runs.iterdir()) == []
    refused(estate("validate", own_data), *expected)


def test_more_people_than_places_are_refused(own_data: Path, tmp_path: Path) -> None:
    def shrink(frame: pd.DataFrame) -> None:
        frame["places"], frame["in_use_cna"], frame["headroom"] = "3", "3", "0"

    edit(own_data, "units", shrink)

    def follow(frame: pd.DataFrame) -> None:
        units = pd.read_csv(own_data / "units.csv")["establishment"].value_counts() * 3
        places = frame["establishment"].map(units).astype(str)
        frame["operational_capacity"], frame["in_use_cna"] = places, places

    edit(own_data, "establishments", follow)
    refused(
        estate("run", "baseline", "--data", own_data, "--runs", tmp_path / "runs"),
        "population",
        "places",
    )


def test_a_population_of_nobody_is_refused(own_data: Path, tmp_path: Path) -> None:
    for table in ("population", "contacts"):
        edit(own_data, table, lambda frame: frame.head(0))
    edit(own_data, "establishments", lambda frame: frame.assign(population="0"))
    refused(
        estate("run", "baseline", "--data", own_data, "--runs", tmp_path / "runs"),
        "population.csv: expected at least one row",
    )


@pytest.mark.parametrize("table", ["contacts", "session_templates", "video_stations"])
def test_an_estate_without_contacts_or_sessions_or_stations_plays(
    own_data: Path, tmp_path: Path, table: str
) -> None:
    edit(own_data, table, lambda frame: frame.head(0))
    done = estate(
        "run", "baseline", "--data", own_data, "--runs", tmp_path / "runs",
        "--replications", "1", "--workers", "1",
    )  # fmt: skip
    assert done.exit_code == 0, done.stderr


def test_corrupt_parquet_is_refused(own_data: Path, tmp_path: Path) -> None:
    (own_data / "population.csv").unlink()
    (own_data / "population.parquet").write_bytes(b"PAR1 nothing of the kind")
    refused(
        estate("run", "baseline", "--data", own_data, "--runs", tmp_path / "runs"),
        "population.parquet",
    )


def test_a_table_there_twice_is_refused(own_data: Path, tmp_path: Path) -> None:
    (own_data / "population.parquet").write_bytes(b"")
    refused(
        estate("run", "baseline", "--data", own_data, "--runs", tmp_path / "runs"), "population"
    )


def test_every_table_that_is_no_single_file_is_named_at_once(own_data: Path) -> None:
    (own_data / "population.parquet").write_bytes(b"")
    (own_data / "rules.csv").mkdir()

    refused(estate("validate", own_data), "population", "rules.csv")


def test_a_data_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    refused(
        estate("run", "baseline", "--data", tmp_path / "none", "--runs", tmp_path / "runs"),
        "none: no such data folder",
    )
    refused(estate("validate", tmp_path / "none"), "no such data folder")


def test_a_folder_without_tables_is_refused(tmp_path: Path) -> None:
    refused(estate("validate", tmp_path), "holds no table")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "the file is empty"),
        (f"{HEAD}parent: nobody\nchange: {{placements: today}}\n", "'nobody' does not exist"),
        (f"{HEAD}parent: evening_visits\nchange: {{placements: today}}\n", "chains"),
        (f"{HEAD}change: {{regime.notice_day_min: 1}}\n", "Did you mean 'regime.notice_days_min'"),
    ],
)
def test_a_wrong_scenario_is_refused(tmp_path: Path, text: str, expected: str) -> None:
    path = tmp_path / "trial.yaml"
    path.write_text(text)
    refused(estate("run", "baseline", path, "--runs", tmp_path / "runs"), expected)
    assert not (tmp_path / "runs").exists()


def test_a_selector_that_selects_nothing_is_refused(small_data: Path, tmp_path: Path) -> None:
    path = tmp_path / "trial.yaml"
    path.write_text(
        f"{HEAD}change:\n  regime.session_tables:\n"
        "    - {where: {region: London}, multiply: 2}\n"
    )
    refused(
        estate("run", path, "--data", small_data, "--runs", tmp_path / "runs"),
        "regime.session_tables row 1 selects nothing in this estate (region: London)",
    )


def test_sessions_and_stations_where_none_can_be_are_refused_together(
    small_data: Path, tmp_path: Path
) -> None:
    """Two added sessions share the added hall; stations are added while they are open."""
    evening = "where: {}, days: [tue], open_tables: 5"
    path = tmp_path / "trial.yaml"
    path.write_text(
        f"{HEAD}change:\n  regime.added_sessions:\n"
        f'    - {{{evening}, start: "18:00", end: "19:30"}}\n'
        f'    - {{{evening}, start: "19:00", end: "20:00"}}\n'
        "  video.added_hours:\n"
        '    - {where: {}, days: [mon], start: "20:00", end: "20:10"}\n'
    )
    refused(
        estate("run", path, "--data", small_data, "--runs", tmp_path / "runs"),
        "would both be held in hall added of",
        "is shorter than a call and its changeover, 40 minutes.",
        "reaches beyond 09:00 to 20:00, when providers put calls through.",
    )
    assert not [path for path in (tmp_path / "runs").rglob("*") if path.is_file()]


def test_the_same_fault_at_many_prisons_is_told_once(small_data: Path, tmp_path: Path) -> None:
    """Six prisons, of which three are named beside the first."""
    path = tmp_path / "trial.yaml"
    path.write_text(
        f"{HEAD}change:\n  regime.added_sessions:\n"
        '    - {where: {}, days: [tue], start: "18:00", end: "19:30", open_tables: 5}\n'
        '    - {where: {}, days: [tue], start: "19:00", end: "20:00", open_tables: 5}\n'
        "  video.added_hours:\n"
        '    - {where: {}, days: [sun], start: "19:50", end: "20:00"}\n'
    )

    done = estate("run", path, "--data", small_data, "--runs", tmp_path / "runs")

    refused(
        done,
        "hall added of DMI on tue, 18:00 to 19:30 and 19:00 to 20:00, and so at LEI, LNI, NHI and "
        "2 more. Change",
        "video.added_hours: 19:50 to 20:00 on sun at DMI, LEI, LNI and 3 more is shorter than",
    )
    assert len(done.stderr.splitlines()) == 2


def test_a_date_that_does_not_exist_is_told_beside_other_faults(
    small_data: Path, tmp_path: Path
) -> None:
    path = tmp_path / "trial.yaml"
    path.write_text(
        f"{HEAD}change:\n  calendar.start_date: 2026-02-30\n  regime.notice_days_min: -1\n"
        "  rules: {region: {from: 2026-02-30}}\n"
    )

    refused(
        estate("run", path, "--data", small_data, "--runs", tmp_path / "runs"),
        "calendar.start_date: expected a date, found the text '2026-02-30'",
        "regime.notice_days_min: -1 is outside",
        "rules.region: from: found '2026-02-30'",
    )


def test_an_unknown_scenario_is_refused(tmp_path: Path) -> None:
    refused(estate("run", "basline", "--runs", tmp_path / "runs"), "Did you mean 'baseline'")


@pytest.mark.skipif(os.name != "posix", reason="folder permissions are those of POSIX")
def test_a_place_that_cannot_be_written_is_refused(small_data: Path, tmp_path: Path) -> None:
    if os.geteuid() == 0:
        place = tmp_path / "file"
        place.write_text("root may write anywhere but into a file")
    else:
        place = tmp_path / "locked"
        place.mkdir()
        place.chmod(stat.S_IRUSR | stat.S_IXUSR)
    refused(
        estate("run", "baseline", "--data", small_data, "--runs", place / "runs"),
        "cannot be written",
    )


def test_a_run_folder_without_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "half").mkdir()
    refused(
        estate("compare", tmp_path / "half", tmp_path / "half"), "not a complete run", "measures"
    )


def test_a_plan_is_only_made_for_a_scenario_that_decides(tmp_path: Path) -> None:
    refused(estate("allocate", "evening_visits", "--out", tmp_path / "plan"), "nothing to decide")


def test_a_folder_in_use_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep me")
    refused(estate("allocate", "closer_to_home", "--out", tmp_path), "is in use")
    assert (tmp_path / "mine.txt").read_text() == "keep me"


def test_a_template_never_writes_over_tables(own_data: Path) -> None:
    before = (own_data / "population.csv").read_bytes()
    refused(estate("template", own_data), "population.csv")
    assert (own_data / "population.csv").read_bytes() == before


@pytest.mark.parametrize(
    "words",
    [
        ["run"],
        ["run", "baseline", "--replications", "0"],
        ["run", "baseline", "--replications", "many"],
        ["run", "baseline", "--workers", "0"],
        ["run", "baseline", "--seed", "-1"],
        ["nonsense"],
    ],
)
def test_wrong_usage_ends_with_code_2(words: list[str]) -> None:
    assert estate(*words).exit_code == 2


@pytest.mark.parametrize(
    "change",
    [
        "rules.over_security: {level: soft, price_gbp: 1.0e6}",
        "rules.reception_headroom: {level: soft, price_gbp: 1.0e6}",
        "rules.region: {level: soft, price_gbp: 1.0e17}",
    ],
    ids=["unit", "capacity", "beyond 64 bits"],
)
def test_prices_that_whole_pennies_cannot_hold_are_refused(
    small_data: Path, tmp_path: Path, change: str
) -> None:
    scenario = tmp_path / "dear.yaml"
    scenario.write_text(f"{HEAD}change:\n  placements: optimised\n  {change}\n", encoding="utf-8")

    done = estate("allocate", scenario, "--data", small_data, "--out", tmp_path / "plan")

    refused(done)
    assert not (tmp_path / "plan").exists()


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("rules: {sexx: {level: hard}}", "no rule 'sexx' in rules.csv"),
        ("rules: {court_alignment: {level: hard}}", "found level 'hard'; expected soft or off"),
        ("rules: {region: {from: 2026-05-01, to: 2026-01-01}}", "a date on or after from"),
        ("rules: {reception_headroom: {value: .inf}}", "found value 'inf'; expected a number of 0"),
        ("rules: {estate_margin_men: {value: 1.0e30}}", "expected a number of 0 to 1,000,000"),
        ("rules: {court_alignment: {price_gbp: 1.0e6}}", "lower"),
        ("allocation.move_budget: -5", "-5 is outside"),
        ("allocation.family_weight: 1.0e12", "is outside 0 to 5"),
        ("limits: [{limit: moves, at_most: 100000000000000000000}]", "it must be 0 to 10,000,000"),
        ("limits: [{limit: further, at_most: 1, most_miles: .nan}]", "most_miles is nan"),
        ("limits: [{limit: far, share: 1.01}]", "share is 1.01; it must lie in 0 to 1"),
        ("limits: [{limit: changed, at_most: 4}]", "changed needs an earlier plan"),
        (
            "limits: [{limit: further, at_most: 1, most_miles: 9}, "
            "{limit: further, at_most: 1, most_miles: 8}]",
            "all rows of further have one tolerance_miles",
        ),
        ("records.group_at_most: 0", "0 is outside 1 to 20"),
        (
            "objective.mode: strict\n  objective.order: [family]\n  objective.tolerance: [1.5]",
            "1.5",
        ),
    ],
)
def test_what_no_plan_can_be_made_of_is_refused_in_one_report(
    small_data: Path, tmp_path: Path, change: str, expected: str
) -> None:
    scenario = tmp_path / "trial.yaml"
    scenario.write_text(f"{HEAD}change:\n  placements: optimised\n  {change}\n", encoding="utf-8")

    done = estate("allocate", scenario, "--data", small_data, "--out", tmp_path / "plan")

    refused(done, expected)
    assert not (tmp_path / "plan").exists()


def with_table(folder: Path, table: str, row: int, column: str, cell: str) -> None:
    """Put a built-in table into a folder with one cell changed."""
    frame = read_table(table).astype(object)
    frame.loc[row, column] = cell
    frame.to_csv(folder / f"{table}.csv", index=False)


@pytest.mark.parametrize("table", ["rules", "stage_rules", "move_parts", "cohort_rules"])
@pytest.mark.parametrize("price", ["1e16", "1e307"])
def test_a_price_of_a_users_own_that_no_solver_holds_is_one_fault_of_its_table(
    own_data: Path, tmp_path: Path, table: str, price: str
) -> None:
    if table == "cohort_rules":
        row = dict.fromkeys(read_table(table).columns, "")
        row |= {"rule": "mine", "establishment": "LEI", "level": "soft", "source": "user"}
        frame = pd.DataFrame([row | {"confidence": "assumed", "price_gbp": price}])
        frame.to_csv(own_data / f"{table}.csv", index=False)
    else:
        with_table(own_data, table, 3, "price_gbp", price)

    words = (f"{table}.csv row", "price_gbp", "a number from 0 to 1,000,000")
    refused(
        estate("allocate", "closer_to_home", "--data", own_data, "--out", tmp_path / "p"), *words
    )
    refused(estate("validate", own_data), *words)


def test_a_price_of_parting_that_no_solver_holds_is_a_fault_of_its_table(own_data: Path) -> None:
    text = "a,b,price_gbp\nP0001,P0002,1e17\n"
    (own_data / "keep_together.csv").write_text(text, encoding="utf-8")

    refused(estate("validate", own_data), "keep_together.csv row 2, column price_gbp")


def test_faults_of_rows_and_of_pairs_of_rows_come_together(own_data: Path) -> None:
    """A level that is none, an unknown person, one kept from themselves, a group of nobody."""
    rows = "a,b,level,reason\nP0001,Z9,establishment,\nP0003,P0003,wing,\nP0004,P0005,floor,\n"
    (own_data / "keep_aparts.csv").write_text(rows, encoding="utf-8")
    groups = "group,prisoner_id,at_most\ng,P0001,0\ng,P0002,0\n"
    (own_data / "groups.csv").write_text(groups, encoding="utf-8")
    rules = read_table("rules").astype(object)
    rules.loc[rules["rule"] == "region", ["valid_from", "valid_to"]] = ["2026-05-01", "2026-01-01"]
    rules.loc[rules["rule"] == "court_alignment", "level"] = "hard"
    strange = rules.head(1).assign(rule="sexx")
    rules = pd.concat([rules, strange], ignore_index=True)
    rules.to_csv(own_data / "rules.csv", index=False)

    refused(
        estate("validate", own_data),
        "keep_aparts.csv row 4, column level: found 'floor'",
        "keep_aparts.csv row 2, column b: found 'Z9'",
        "keep_aparts.csv row 3, column b: found 'P0003'",
        "column at_most: found '0'",
        "column valid_to: found '2026-01-01'",
        "column level: found 'hard'; expected soft or off",
        "column rule: found 'sexx'; expected a rule such as 'sex'",
    )


SEVERAL = """
change:
  placements: optimised
  regime.notice_days_min: many
  allocation.move_budget: -5
  objective.mode: strict
  objective.order: [placed, family]
  objective.tolerance: [2, 0]
  rules:
    regin: {level: "off"}
    sex: {level: "off"}
    region: {from: 2027-01-01, to: 2026-01-01}
  limits:
    - {limit: far, at_most: true}
    - {limit: programme, at_least: 3, where: {security: ZZ}}
    - {limit: further, share: 0.1, tolerance_miles: 1}
    - {limit: further, share: 0.1, tolerance_miles: 2}
"""

SCENARIO_FAULTS = (
    "regime.notice_days_min",
    "-5 is outside",
    "no rule 'regin'",
    "rules.sex",
    "rules.region",
    "limits.0.at_most: found true or false where a number belongs",
    "no security 'ZZ'",
)

TABLE_FAULTS = (
    "keep_aparts.csv row 2",
    "keep_aparts.csv row 3",
    "groups.csv rows 2, 3",
    "rules.csv row 2",
)


def with_faulty_tables(folder: Path) -> None:
    """Write a keep-apart with oneself, one with nobody known, an empty group and a dated rule."""
    rows = ["a,b,level,reason", "P0001,P0001,establishment,gang", "P0001,NOBODY,establishment,gang"]
    (folder / "keep_aparts.csv").write_text("\n".join([*rows, ""]), encoding="utf-8")
    group = "group,prisoner_id,at_most\nG1,P0001,0\nG1,P0002,0\n"
    (folder / "groups.csv").write_text(group, encoding="utf-8")
    rules = read_table("rules").astype(str).replace("nan", "").head(1)
    rules.assign(valid_from="2027-01-01", valid_to="2026-01-01").to_csv(
        folder / "rules.csv", index=False
    )


@pytest.mark.parametrize(
    "words",
    [
        ("allocate", "--out", "plan"),
        ("frontier", "--against", "moves", "--out", "plan"),
        ("rules",),
        ("stability", "--out", "plan"),
        ("run", "--runs", "plan"),
    ],
    ids=lambda words: words[0],
)
def test_faults_of_scenario_and_tables_come_in_one_report(
    own_data: Path, tmp_path: Path, words: tuple[str, ...]
) -> None:
    with_faulty_tables(own_data)
    scenario = tmp_path / "several.yaml"
    scenario.write_text(HEAD + SEVERAL, encoding="utf-8")
    command, *rest = [str(tmp_path / word) if word == "plan" else word for word in words]

    told = estate(command, scenario, "--data", own_data, *rest)

    refused(told, *SCENARIO_FAULTS, *TABLE_FAULTS)
    assert not (tmp_path / "plan").exists()


def test_faults_of_tables_locks_and_what_is_asked_come_in_one_report(
    own_data: Path, tmp_path: Path
) -> None:
    with_faulty_tables(own_data)
    locks, plan = tmp_path / "mine.csv", tmp_path / "plan"
    locks.write_text(
        "prisoner_id,action,unit_or_establishment,reason_code,note,owner,review_date\n"
        "P0001,keep,LEI,family,,me,2026-12-01\n",
        encoding="utf-8",
    )
    plan.mkdir()
    (plan / "something").touch()

    told = estate(
        "allocate", "baseline", "--data", own_data, "--locks", locks, "--out", plan,
        "--changes", "3",
    )  # fmt: skip

    refused(
        told, *TABLE_FAULTS, "mine.csv row 2, column action", "is in use", "--from", "optimised"
    )


def test_selections_rules_and_locks_that_do_not_fit_sound_tables_come_in_one_report(
    own_data: Path, tmp_path: Path
) -> None:
    locks, scenario = tmp_path / "mine.csv", tmp_path / "several.yaml"
    locks.write_text(
        "prisoner_id,action,unit_or_establishment,reason_code,note,owner,review_date\n"
        "NOBODY,lock,LEI,family,,me,2026-12-01\n",
        encoding="utf-8",
    )
    change = (
        "change:\n  placements: optimised\n"
        "  limits: [{limit: far, share: 0.5, where: {establishment: SCI}}]\n"
        "  units: [{where: {establishment: LEI}, add_places: -9999}]\n"
    )
    scenario.write_text(HEAD + change, encoding="utf-8")

    told = estate(
        "allocate", scenario, "--data", own_data, "--locks", locks, "--out", tmp_path / "plan"
    )

    refused(told, "limits row 1 selects nothing", "NOBODY", "negative places")


@pytest.mark.parametrize(
    ("setting", "row"),
    [
        ("limits", "{limit: far, at_most: true}"),
        ("limits", "{limit: far, share: true}"),
        ("limits", "{limit: further, share: 0.1, most_miles: false}"),
        ("units", "{where: {establishment: LEI}, add_places: true}"),
        ("units", "{where: {establishment: LEI}, set_places: false}"),
        (
            "regime.added_sessions",
            '{where: {establishment: LEI}, days: [tue], start: "18:00", end: "19:30", '
            "open_tables: true}",
        ),
        ("video.stations", "{where: {establishment: LEI}, multiply: true}"),
    ],
)
def test_true_or_false_is_not_read_as_a_number(tmp_path: Path, setting: str, row: str) -> None:
    scenario = tmp_path / "truth.yaml"
    scenario.write_text(f"{HEAD}change:\n  {setting}: [{row}]\n", encoding="utf-8")

    refused(
        estate("rules", scenario),
        f"{setting}.0.",
        "found true or false where a number belongs",
    )


@pytest.mark.parametrize(
    "change", ["rules: {region: {price_gbp: true}}", "move_parts: {escort: {price_gbp: true}}"]
)
def test_true_or_false_is_no_price(tmp_path: Path, change: str) -> None:
    scenario = tmp_path / "truth.yaml"
    scenario.write_text(f"{HEAD}change:\n  {change}\n", encoding="utf-8")

    refused(estate("rules", scenario), "price_gbp: found true or false where a number belongs")


LOCKS = "prisoner_id,action,unit_or_establishment,reason_code,note,owner,review_date\n"


def test_ids_of_locks_are_told_beside_faults_of_other_tables(
    own_data: Path, tmp_path: Path
) -> None:
    with_faulty_tables(own_data)
    edit(own_data, "population", set_cell(3, "age", "old"))
    locks = tmp_path / "mine.csv"
    rows = "NOBODY,lock,LEI,family,,me,2026-12-01\nP0001,lock,LEX-9,family,,me,2026-12-01\n"
    locks.write_text(LOCKS + rows, encoding="utf-8")

    told = estate(
        "allocate", "closer_to_home", "--data", own_data, "--locks", locks, "--out", tmp_path / "p"
    )

    refused(
        told,
        *TABLE_FAULTS,
        "population.csv row 5, column age: found 'old'",
        "mine.csv row 2, column prisoner_id: found 'NOBODY'",
        "mine.csv row 3, column unit_or_establishment: found 'LEX-9'",
    )


def test_ids_of_locks_are_told_beside_faults_of_a_scenario_of_synthetic_people(
    own_data: Path, tmp_path: Path
) -> None:
    for table in ("population", "contacts"):
        (own_data / f"{table}.csv").unlink()
    locks, scenario = tmp_path / "mine.csv", tmp_path / "several.yaml"
    locks.write_text(LOCKS + "NOBODY,lock,LEI,family,,me,2026-12-01\n", encoding="utf-8")
    scenario.write_text(f"{HEAD}change:\n  regime.notice_days_mi: 3\n", encoding="utf-8")

    told = estate("run", scenario, "--data", own_data, "--locks", locks, "--runs", tmp_path / "r")

    refused(told, "regime.notice_days_min", "mine.csv row 2, column prisoner_id: found 'NOBODY'")


DEAR = """
change:
  placements: optimised
  regime.notice_days_min: many
  rules:
    court_alignment: {price_gbp: 4.0e5}
    region: {price_gbp: 6.0e4}
    reception_headroom: {level: soft, price_gbp: 1.0e6}
  move_parts:
    course_lost: {price_gbp: 1.0e5}
"""


def with_a_long_course(folder: Path) -> None:
    """Let one person lose a thousand weeks of a course by a move."""
    row = "P0002,course,a course,1000,10,false\n"
    header = "prisoner_id,kind,activity,weeks_done,weeks_left,on_sentence_plan\n"
    (folder / "activities.csv").write_text(header + row, encoding="utf-8")
    sites = "establishment,activity\nLEI,another\n"
    (folder / "activity_sites.csv").write_text(sites, encoding="utf-8")


def test_what_whole_pennies_cannot_hold_is_told_with_all_other_faults(
    own_data: Path, tmp_path: Path
) -> None:
    with_faulty_tables(own_data)
    with_a_long_course(own_data)
    edit(own_data, "population", set_cell(3, "age", "old"))
    locks, scenario = tmp_path / "mine.csv", tmp_path / "dear.yaml"
    locks.write_text(LOCKS + "NOBODY,lock,LEI,family,,me,2026-12-01\n", encoding="utf-8")
    scenario.write_text(HEAD + DEAR, encoding="utf-8")

    told = estate(
        "allocate", scenario, "--data", own_data, "--locks", locks, "--out", tmp_path / "plan"
    )

    refused(
        told,
        *TABLE_FAULTS,
        "regime.notice_days_min",
        "population.csv row 5, column age: found 'old'",
        "found 'NOBODY'",
        "costs",
        "1 person (P0002)",
        "most of it for the move",
    )
    assert not (tmp_path / "plan").exists()


def test_everything_that_whole_pennies_cannot_hold_is_told_at_once(
    own_data: Path, tmp_path: Path
) -> None:
    with_a_long_course(own_data)
    scenario = tmp_path / "dear.yaml"
    sound = DEAR.replace("  regime.notice_days_min: many\n", "")
    scenario.write_text(HEAD + sound, encoding="utf-8")

    told = estate("allocate", scenario, "--data", own_data, "--out", tmp_path / "plan")

    refused(told, "court_alignment", "soft prices", "a place costs more", "1 person (P0002)")
    assert not (tmp_path / "plan").exists()


def test_a_slip_of_the_pen_in_a_scenario_of_usual_prices_makes_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scenario = tmp_path / "slip.yaml"
    scenario.write_text(f"{HEAD}change:\n  regime.notice_days_mi: 3\n", encoding="utf-8")
    monkeypatch.setattr("scenarios.one_report.synthesise_population", lambda *_, **__: 1 / 0)
    monkeypatch.setattr("scenarios.inputs.synthesise_population", lambda *_, **__: 1 / 0)

    refused(estate("run", scenario, "--runs", tmp_path / "runs"), "regime.notice_days_min")


def test_sessions_that_clash_are_told_beside_a_selection_of_nothing(
    own_data: Path, tmp_path: Path
) -> None:
    scenario = tmp_path / "several.yaml"
    change = """
change:
  regime.notice_days_mi: 3
  regime.added_sessions:
    - {where: {establishment: LEI}, days: [sat], start: "09:00", end: "17:00", open_tables: 3}
    - {where: {establishment: SCI}, days: [sat], start: "09:00", end: "17:00", open_tables: 3}
    - {where: {establishment: LEI}, days: [sat], start: "16:00", end: "18:00", open_tables: 3}
  units:
    - {where: {establishment: LEI}, add_places: -9999}
    - {where: {establishment: DMI}, add_places: -9999}
    - {where: {security: ZZ}, add_places: 1}
"""
    scenario.write_text(HEAD + change, encoding="utf-8")

    told = estate("run", scenario, "--data", own_data, "--runs", tmp_path / "runs")

    refused(
        told,
        "regime.notice_days_min",
        "would both be held in hall",
        "regime.added_sessions row 2 selects nothing",
        "negative places: LEI",
        "negative places: DMI",
        "units row 3: no security 'ZZ'",
    )
    assert "units row 3 selects nothing" not in told.stderr


def test_a_later_scenario_that_does_not_fit_is_refused_before_the_first_is_played(
    own_data: Path, tmp_path: Path
) -> None:
    scenario = tmp_path / "later.yaml"
    change = "change:\n  units: [{where: {establishment: SCI}, add_places: 9}]\n"
    scenario.write_text(HEAD + change, encoding="utf-8")
    runs = tmp_path / "runs"

    refused(
        estate("run", "baseline", scenario, "--data", own_data, "--runs", runs),
        "units row 1 selects nothing",
    )
    assert not runs.exists() or list(runs.iterdir()) == []


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("attendance.notice_days_min", "regime.notice_days_min' or 'video.notice_days_min"),
        ("notice_days_mn", "regime.notice_days_min' or 'video.notice_days_min"),
        ("regim.notice_days_min", "regime.notice_days_min"),
        ("allocation.cout_weight", "allocation.court_weight"),
        ("move_parts.court_alignment", "rules.court_alignment"),
        ("regime.credit_minutes_per_month", "video.credit_minutes_per_month"),
        ("allocation.value_of_time_gbp_per_hour", "travel.value_of_time_gbp_per_hour"),
        ("rules.move_budget", "allocation.move_budget"),
        ("stations", "video.stations"),
    ],
)
def test_a_setting_of_another_section_is_suggested(
    tmp_path: Path, written: str, meant: str
) -> None:
    scenario = tmp_path / "slip.yaml"
    scenario.write_text(f"{HEAD}change:\n  {written}: 3\n", encoding="utf-8")

    refused(estate("rules", scenario), f"Did you mean '{meant}'?")


def test_a_setting_outside_the_changes_is_told_where_to_stand(tmp_path: Path) -> None:
    scenario = tmp_path / "outside.yaml"
    outside = "allocation.move_budget: 5\ncalendar: {weeks: 3}\nmove_budgt: 3\nchanges: 1\n"
    change = "change:\n  regime: {notice_days_min: 3}\n"
    scenario.write_text(HEAD + outside + change, encoding="utf-8")

    refused(
        estate("rules", scenario),
        "no key 'allocation.move_budget'. Write it under 'change:'.",
        "no key 'calendar'. Write it under 'change:'.",
        "no key 'move_budgt'. Did you mean 'allocation.move_budget'?",
        "no key 'changes'. Did you mean 'change'?",
        "'regime' is a section. Change its settings by their full names: regime.notice_days_min.",
    )


def test_faults_of_rows_and_of_sections_do_not_hide_one_another(
    own_data: Path, tmp_path: Path
) -> None:
    scenario = tmp_path / "several.yaml"
    change = """
change:
  placements: optimised
  regime.closed_dates: [12-25, 02-30]
  regime.added_sessions:
    - {where: {establishment: LEI}, days: [sat], start: "18:00", end: "17:00", open_tables: 3}
    - {where: {establishment: SCI}, days: [sat], start: "09:00", end: "12:00", open_tables: 3}
  video.notice_days_min: many
  video.notice_days_max: 1
  limits:
    - {limit: far, share: 1.01}
    - {limit: moves, at_most: 20}
    - {limit: moves, at_most: -3}
    - {limit: changed, at_most: 4}
    - {limit: far, share: 0.5, where: {establishment: SCI}}
    - {limit: far, share: 0.5, where: {security: ZZ}}
"""
    scenario.write_text(HEAD + change, encoding="utf-8")

    told = estate("allocate", scenario, "--data", own_data, "--out", tmp_path / "plan")

    refused(
        told,
        "closed date '02-30' is no day of the year",
        "regime.added_sessions.0: added session: ends at 17:00",
        "regime.added_sessions row 2 selects nothing",
        "limits.0: share is 1.01",
        "limits.2: at_most is -3",
        "limits row 4: changed needs an earlier plan",
        "limits row 5 selects nothing",
        "limits row 6: no security 'ZZ'",
        "video.notice_days_min: expected a number",
    )
    assert "limits row 6 selects nothing" not in told.stderr
    assert "booking window is empty" not in told.stderr  # it may be for the setting that is none


def test_nothing_is_said_of_placements_that_could_not_be_read(tmp_path: Path) -> None:
    scenario = tmp_path / "slip.yaml"
    scenario.write_text(f"{HEAD}change:\n  placement: optimised\n", encoding="utf-8")

    told = estate("allocate", scenario, "--out", tmp_path / "plan")

    refused(told, "no setting 'placement'. Did you mean 'placements'?")
    assert "nothing to decide" not in told.stderr


def test_a_needless_column_hides_no_fault_of_rows(own_data: Path) -> None:
    rows = "establishment,first,last,template,reason,note\nLEI,2026-12-25,2026-12-24,,closed,x\n"
    (own_data / "excluded_dates.csv").write_text(rows, encoding="utf-8")

    refused(
        estate("validate", own_data),
        "excluded_dates.csv, column note",
        "excluded_dates.csv row 2, column last: found '2026-12-24'",
    )

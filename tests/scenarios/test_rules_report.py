"""`estate rules`: every rule with what it costs, and what relaxing it alone gives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from data.load import read_table
from optimiser.build import Inputs
from scenarios.cli import app
from scenarios.load import load_scenario
from scenarios.studies.rules_report import rules_report, switched_off, tell
from tests.optimiser.toy_world import (
    family_policy,
    person,
    toy_population,
    toy_rules,
    toy_tables,
)


def estate(*words: str | Path) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture(scope="module")
def listed(small_data: Path) -> list[str]:
    done = estate("rules", "--data", small_data)
    assert done.exit_code == 0, done.stderr
    return done.stdout.splitlines()


def test_every_rule_is_listed_once_in_the_order_of_the_table(listed: list[str]) -> None:
    names = [line.split()[0] for line in listed[1:] if line]

    assert names[: len(read_table("rules"))] == read_table("rules")["rule"].tolist()


def test_the_bounds_that_hold_whatever_the_rules_stand_beside(listed: list[str]) -> None:
    assert listed[-1].startswith("Whatever the rules, the mean cannot be below ")
    assert listed[-1].endswith("people cannot be in the region of their home.")


def inputs_of(*people: dict[str, Any], rules: pd.DataFrame, **tables: Any) -> Inputs:
    baseline = load_scenario("baseline")
    return Inputs(
        **toy_tables(baseline, toy_population(*people), rules=rules, **tables),
        policy=family_policy(baseline.allocation),
    )


def few_rules(*names: str, **levels: str) -> pd.DataFrame:
    rules = toy_rules(**levels)
    return rules[rules["rule"].isin([*names, *levels])].reset_index(drop=True)


def test_relaxing_a_rule_alone_gives_what_a_plan_without_it_gains() -> None:
    """Held in the east on medical hold: at £1 a mile he costs £2,000 in 40 weeks, and a move £100.

    The hold alone keeps him from home. The open unit in the west does not exist, so the rule on
    open conditions forbids a pair that nobody would choose.
    """
    rules = few_rules("sex", "category", hold_medical="hard")
    inputs = inputs_of(person(1, "west", "CCC-1", hold_reason="medical"), rules=rules)

    report = rules_report(inputs, relax=True)

    table = report.table.set_index("rule")
    assert report.objective_gbp == 2000
    assert report.mean_miles == 100
    assert table.loc["hold_medical", ["relaxed_saves_gbp", "relaxed_miles"]].tolist() == [1900, 100]
    assert table.loc["category", ["relaxed_saves_gbp", "relaxed_miles"]].tolist() == [0, 0]
    assert table.loc["sex", ["relaxed_saves_gbp", "relaxed_miles"]].isna().all()


def test_a_soft_rule_relaxed_gives_back_its_price() -> None:
    """£2 a week for 40 weeks out of his region, which is too little to move him for."""
    rules = few_rules("sex", region="soft")
    inputs = inputs_of(person(1, "west", "CCC-1"), rules=rules)
    rules.loc[rules["rule"] == "region", "price_gbp"] = 0.5

    report = rules_report(inputs, relax=True)

    table = report.table.set_index("rule")
    assert table.loc["region", "cost_today_gbp"] == 20
    assert table.loc["region", "relaxed_saves_gbp"] >= 0


def test_a_rule_off_or_of_another_date_costs_nothing() -> None:
    rules = few_rules("sex", region="soft", remand="off")
    rules.loc[rules["rule"] == "region", "valid_from"] = "2027-01-01"

    report = rules_report(inputs_of(person(1, "west", "CCC-1"), rules=rules))

    table = report.table.set_index("rule")
    assert table["in_force"].to_dict() == {"sex": True, "region": False, "remand": False}
    assert (table.loc[["region", "remand"], "cost_today_gbp"] == 0).all()
    lines = [line.split() for line in tell(report)]
    assert ["region", "not", "on", "this", "date"] in [line[:5] for line in lines]


def own_rule(**columns: Any) -> pd.DataFrame:
    row = dict.fromkeys(read_table("cohort_rules").columns, "")
    filled = {"rule": "nap_1", "establishment": "AAA", "level": "soft", "price_gbp": 3}
    return pd.DataFrame([row | filled | {"source": "own", "confidence": "assumed"} | columns])


def test_a_users_own_rule_is_listed_and_can_be_relaxed() -> None:
    inputs = inputs_of(
        person(1, "west", "AAA-1"),
        rules=few_rules("sex", cohort_rules="soft"),
        cohort_rules=own_rule(),
    )

    report = rules_report(inputs, relax=True)

    row = report.table.set_index("rule").loc["nap_1"]
    assert (row["people_breaking"], row["cost_today_gbp"]) == (1, 120)
    assert row["relaxed_saves_gbp"] == 120
    assert switched_off(inputs, "nap_1").cohort_rules["level"].tolist() == ["off"]


def test_a_users_own_rules_come_from_the_data_folder(own_data: Path, tmp_path: Path) -> None:
    own_rule(establishment="LEI", sex="men").to_csv(own_data / "cohort_rules.csv", index=False)
    out = tmp_path / "rules.csv"

    done = estate("rules", "--data", own_data, "--out", out)

    assert done.exit_code == 0, done.stderr
    table = pd.read_csv(out).set_index("rule")
    assert table.loc["nap_1", "people_breaking"] > 0
    assert table.loc["nap_1", "cost_today_gbp"] > 0
    again = estate("rules", "--data", own_data, "--out", out)
    assert again.exit_code == 2
    assert "is there already" in again.stderr


def test_rules_of_a_users_own_that_cannot_be_are_reported_together(own_data: Path) -> None:
    rules = read_table("rules")
    rules.loc[rules["rule"] == "sex", "level"] = "off"
    rules.loc[rules["rule"] == "after_sentence", "value"] = None
    rules.loc[rules["rule"] == "hold_court", "rule"] = "hold_cort"
    rules.to_csv(own_data / "rules.csv", index=False)

    done = estate("validate", own_data)

    assert done.exit_code == 2
    assert "row 2, column level: found 'off'; expected hard" in done.stderr
    assert "row 39, column value: " in done.stderr
    assert "expected a number of 0 to" in done.stderr
    assert "found 'hold_cort'; expected a rule such as 'hold_court'" in done.stderr

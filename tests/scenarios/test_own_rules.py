"""A user's table of rules of a prison, and the prices of the smaller parties that come there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data.check import TableError
from data.visit_cost import visit_cost
from scenarios.errors import ScenarioError
from scenarios.inputs import load_inputs
from scenarios.load import load_scenario
from scenarios.planning.place import place, simulated_on


def test_a_folder_of_tables_gives_a_prison_rules_and_prices(own_data: Path) -> None:
    """Every trip of the prison with the rule is priced as that of the party that comes."""
    scenario = load_scenario("baseline")
    rule = "establishment,adults_max,children_max,visitors_max,adult_age,kiosk_share," \
        "online_share,source,confidence\nLEI,1,,2,,,,user,measured\n"  # fmt: skip
    (own_data / "visiting_rules.csv").write_text(rule, encoding="utf-8")
    found = load_inputs(scenario, own_data)
    bound = simulated_on(scenario, found, place(scenario, found)).places["LEI"]
    ids = bound.prisoner_id[bound.party_person]
    number = np.arange(len(ids)) - np.searchsorted(bound.party_person, bound.party_person)
    keys = pd.DataFrame({"prisoner_id": ids, "party": number}).astype({"prisoner_id": "str"})
    came = keys.merge(found.parties, on=["prisoner_id", "party"], how="left")
    came = came.assign(adults=bound.adults, children=bound.children)
    cost = visit_cost(came, found.travel, scenario.travel, scenario.help)
    column = cost.establishments.get_loc("LEI")

    assert bound.adults.max() == 1
    assert (bound.adults + bound.children).max() <= 2
    assert np.allclose(bound.money_gbp, cost.money_gbp[cost.trip, column])
    assert np.allclose(bound.refund_gbp, cost.refund_gbp[cost.trip, column])


WINDOWS = "establishment,adults_max,children_max,visitors_max,adult_age,kiosk_share," \
    "online_share,source,confidence,online_notice_days_min,online_notice_days_max\n"  # fmt: skip


def test_a_folder_of_tables_gives_a_prison_a_booking_window_of_its_own(own_data: Path) -> None:
    rule = f"{WINDOWS}LEI,,,,,,,user,measured,,14\n"
    (own_data / "visiting_rules.csv").write_text(rule, encoding="utf-8")
    scenario = load_scenario("baseline")
    found = load_inputs(scenario, own_data)

    places = simulated_on(scenario, found, place(scenario, found)).places

    assert places["LEI"].windows == ((2, 14), (2, 28), (2, 28))
    assert places["DMI"].windows == ((2, 28), (2, 28), (2, 28))


def test_an_empty_booking_window_of_a_prison_is_told_with_other_faults(
    own_data: Path, tmp_path: Path
) -> None:
    """One day of LEI is below the least of the settings; those of DMI are out of order."""
    rules = f"{WINDOWS}LEI,,,,,,,user,measured,,1\nDMI,,,,,,,user,measured,9,3\n"
    (own_data / "visiting_rules.csv").write_text(rules, encoding="utf-8")
    path = tmp_path / "phone.yaml"
    path.write_text(
        "title: A\nquestion: B?\nchange: {asking.phone_notice_days_min: 28, "
        "regime.notice_days_max: 27}\n"
    )

    with pytest.raises(ScenarioError) as refused:
        load_inputs(load_scenario(path), own_data)

    told = str(refused.value)
    assert "visiting_rules, LEI: booking window of online is empty; it would begin 2 and " in told
    assert "visiting_rules, DMI: booking window of online is empty; it would begin 9 and " in told
    assert "booking window of phone is empty; it would begin 28 and end 27 days ahead" in told


def test_faults_of_the_rules_of_a_prison_are_told_together(own_data: Path) -> None:
    text = "establishment,adults_max,children_max,visitors_max,adult_age,kiosk_share," \
        "online_share,source,confidence\nLEI,0,-1,,19,1.5,,user,measured\n" \
        "ZZZ,,,,,,,user,measured\n"  # fmt: skip
    (own_data / "visiting_rules.csv").write_text(text, encoding="utf-8")

    with pytest.raises(TableError) as refused:
        load_inputs(load_scenario("baseline"), own_data)

    told = str(refused.value)
    for column in ("adults_max", "children_max", "adult_age", "kiosk_share", "establishment"):
        assert f"column {column}" in told


def test_pairs_kept_apart_reach_the_desk_where_the_scenario_says_so(own_data: Path) -> None:
    """Two people of one prison, and whether the desk knows of them."""
    people = pd.read_csv(own_data / "population.csv", dtype="str")
    held = people[people["current_unit"].str.startswith("LEI")]["prisoner_id"].iloc[:2].tolist()
    text = f"a,b,level,reason\n{held[0]},{held[1]},wing,\n"
    (own_data / "keep_aparts.csv").write_text(text, encoding="utf-8")
    baseline = load_scenario("baseline")
    found = load_inputs(baseline, own_data)
    placed = place(baseline, found)
    silent, blocking = (
        baseline.model_copy(
            update={"regime": replace(baseline.regime, non_association_blocks_day=blocks)}
        )
        for blocks in (False, True)
    )

    pairs = [
        {
            code: len(each.apart)
            for code, each in simulated_on(scenario, found, placed).places.items()
        }
        for scenario in (silent, blocking)
    ]

    assert sum(pairs[0].values()) == 0
    assert {code: n for code, n in pairs[1].items() if n} == {"LEI": 1}

"""Equality is reported for every plan, and nothing it tells apart decides one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.families import parties
from data.placements import today_placements
from optimiser.allocate import allocate
from optimiser.build import Inputs as AllocationInputs
from optimiser.equality import GROUP_BYS, NOT_STATED, UNITS, characteristics, equality_table
from scenarios.schema import Scenario
from tests.optimiser.toy_world import family_policy, person, toy_population, toy_tables

AREAS = pd.DataFrame(
    {"home_area": ["north", "south", "west"], "country": ["England", "England", "Wales"]}
)
BLIND = ("ethnicity", "religion", "disability", "nationality_group", "care_experience")


def a_prisoner(number: int, **columns: Any) -> dict[str, Any]:
    return {
        "prisoner_id": f"P{number}",
        "sex": "men",
        "age": 30,
        "ethnicity": "white",
        "religion": "none",
        "nationality_group": "british",
        "disability": False,
        "care_experience": False,
        "children_under_18": 0,
        "home_area": "north",
    } | columns


def placed(*miles: float) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "prisoner_id": [f"P{number}" for number in range(len(miles))],
            "establishment": "AAA",
            "moved": False,
            "straight_miles": miles,
            "minutes": np.array(miles) * 2,
        }
    )


def contacts(*rows: tuple[str, str, bool]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["prisoner_id", "status", "is_child"])


def value(table: pd.DataFrame, group: str, measure: str, column: str = "after") -> float:
    rows = table[(table["group"] == group) & (table["measure"] == measure)]
    assert len(rows) == 1
    return float(rows[column].iloc[0])


def test_each_measure_by_hand() -> None:
    """Miles 10, 60, 110 before; 20, 40, 110 after: one further, one nearer, one the same."""
    prisoners = pd.DataFrame([a_prisoner(number) for number in range(3)])
    after = placed(20, 40, 110).assign(moved=[True, True, False])

    table = equality_table(
        prisoners, contacts(), AREAS, before=placed(10, 60, 110), after=after
    ).query("group_by == 'all'")

    shown = {row.measure: (row.before, row.after) for row in table.itertuples()}
    assert shown == {
        "people": (3, 3),
        "mean_straight_miles": (60, pytest.approx(170 / 3)),
        "p90_straight_miles": (pytest.approx(100), pytest.approx(96)),
        "mean_minutes": (120, pytest.approx(340 / 3)),
        "over_50_miles_share": (pytest.approx(2 / 3), pytest.approx(1 / 3)),
        "over_100_miles_share": (pytest.approx(1 / 3), pytest.approx(1 / 3)),
        "moved_share": (0, pytest.approx(2 / 3)),
        "better_off_share": (0, pytest.approx(1 / 3)),
        "worse_off_share": (0, pytest.approx(1 / 3)),
    }
    assert (table["missing_share"] == 0).all()


def test_people_of_unknown_home_or_without_a_place_are_counted_as_missing() -> None:
    prisoners = pd.DataFrame(
        [a_prisoner(0), a_prisoner(1, home_area=""), a_prisoner(2), a_prisoner(3)]
    )
    before = placed(10, np.nan, 30, 50)
    after = placed(10, np.nan, np.nan, 40)
    after.loc[2, "establishment"] = ""

    table = equality_table(prisoners, contacts(), AREAS, before=before, after=after)

    everybody = table[table["group_by"] == "all"].set_index("measure")
    assert everybody.loc["people", "after"] == 4
    assert everybody.loc["mean_straight_miles", ["before", "after"]].tolist() == [30, 25]
    assert everybody.loc["mean_straight_miles", "missing_share"] == 0.5
    assert everybody.loc["moved_share", "missing_share"] == 0.25
    assert value(table[table["group_by"] == "nation"], NOT_STATED, "people") == 1
    assert np.isnan(value(table[table["group_by"] == "nation"], NOT_STATED, "mean_straight_miles"))


def test_who_belongs_to_which_group() -> None:
    prisoners = pd.DataFrame(
        [
            a_prisoner(0, age=18, home_area="west", children_under_18=2, care_experience=True),
            a_prisoner(1, sex="women", age=59, ethnicity="", disability=True),
        ]
    )
    links = contacts(
        ("P0", "barred", False), ("P0", "permitted", True), ("P1", "with_conditions", False)
    )

    groups = characteristics(prisoners, links, AREAS)

    assert groups.loc[0].to_dict() == {
        "all": "all",
        "sex": "men",
        "age_band": "18-24",
        "ethnicity": "white",
        "religion": "none",
        "disability": "no",
        "nationality_group": "british",
        "nation": "Wales",
        "care_experience": "yes",
        "children_under_18": "yes",
        "visits": "nobody to visit",
    }
    assert groups.loc[1, ["sex", "age_band", "ethnicity", "disability", "visits"]].tolist() == [
        "women",
        "40-59",
        NOT_STATED,
        "yes",
        "somebody may visit",
    ]


@given(st.lists(st.tuples(st.integers(18, 90), st.sampled_from(["", "white", "black"]))))
def test_groups_of_each_kind_add_up_to_everybody(people: list[tuple[int, str]]) -> None:
    rows = [a_prisoner(n, age=age, ethnicity=group) for n, (age, group) in enumerate(people)]
    prisoners = pd.DataFrame(rows or [a_prisoner(0)])
    now = placed(*range(len(prisoners)))

    table = equality_table(prisoners, contacts(), AREAS, before=now, after=now)

    counted = table[table["measure"] == "people"].groupby("group_by")["after"].sum()
    assert set(counted.index) == set(GROUP_BYS)
    assert (counted == len(prisoners)).all()
    assert not table.duplicated(["group_by", "group", "measure"]).any()
    assert set(table["measure"]) == set(UNITS)


TOLD: dict[str, list[Any]] = {
    "ethnicity": ["white", "black", "asian", "mixed"],
    "religion": ["none", "muslim", "christian", "sikh"],
    "nationality_group": ["british", "irish", "foreign_national", "british"],
    "disability": [True, False, True, False],
    "care_experience": [True, False, False, False],
}


def toy_plan(baseline: Scenario, told: dict[str, list[Any]]) -> str:
    """Plan for four people of whom so much is told; the placements as text."""
    homes = ["east", "east", "middle", "west"]
    units = ["AAA-1", "BBB-1", "CCC-1", "CCC-1"]
    people = [
        person(n, homes[n], units[n], **{name: given[n] for name, given in told.items()})
        for n in range(4)
    ]
    tables = toy_tables(baseline, toy_population(*people))
    inputs = AllocationInputs(**tables, policy=family_policy(baseline.allocation))
    return str(allocate(inputs).placements.to_csv())


@pytest.fixture(scope="module")
def plan_as_told(baseline: Scenario) -> str:
    """Give the plan for the four as they are."""
    return toy_plan(baseline, TOLD)


@given(st.permutations(range(4)), st.sampled_from(BLIND))
def test_shuffling_a_characteristic_changes_no_byte_of_the_plan(
    baseline: Scenario, plan_as_told: str, order: list[int], column: str
) -> None:
    shuffled = TOLD | {column: [TOLD[column][number] for number in order]}

    assert toy_plan(baseline, shuffled) == plan_as_told


@pytest.mark.slow
def test_table_of_the_whole_country(real: Any) -> None:
    now = today_placements(
        real.population,
        real.estate,
        real.travel,
        parties=real.parties,
        visit_cost=real.visit_cost,
    )
    prisoners = real.population.prisoners

    table = equality_table(
        prisoners, real.population.contacts, real.home_areas, before=now, after=now
    )

    assert value(table, "all", "people") == len(prisoners)
    assert (table["before"].fillna(-1) == table["after"].fillna(-1)).all()
    women = now.loc[(prisoners["sex"] == "women").to_numpy(), "straight_miles"]
    assert value(table, "women", "mean_straight_miles") == pytest.approx(women.mean())
    visited = prisoners["prisoner_id"].isin(parties(real.population)["prisoner_id"])
    assert value(table, "nobody to visit", "people") == (~visited).sum()

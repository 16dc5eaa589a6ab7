"""Placements say who is held where and how far it is from home."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from data.placements import COLUMNS, placements_table, today_placements
from data.population import Population
from tests.optimiser.toy_world import (
    person,
    toy_estate,
    toy_parties,
    toy_population,
    toy_travel,
)


def two_people() -> Population:
    return toy_population(person(1, "west", "CCC-1"), person(2, "middle", "BBB-1"))


def test_today_nobody_has_moved() -> None:
    population = two_people()
    parties, visit_cost = toy_parties(population)

    table = today_placements(
        population, toy_estate(), toy_travel(), parties=parties, visit_cost=visit_cost
    )

    assert tuple(table.columns) == COLUMNS
    assert not table["moved"].any()
    assert not table["unit_changed"].any()
    assert (table["unit"] == table["from_unit"]).all()
    assert table["straight_miles"].tolist() == [100.0, 0.0]
    assert table["road_miles"].tolist() == [120.0, 0.0]
    assert table["minutes"].tolist() == [100.0, 0.0]
    assert table["visit_cost_gbp"].tolist() == [100.0, 0.0]


def test_a_change_of_unit_inside_a_prison_is_no_move() -> None:
    population = two_people()
    parties, visit_cost = toy_parties(population)

    table = placements_table(
        population,
        toy_estate(),
        toy_travel(),
        pd.Series(["CCC-2", "AAA-1"]),
        parties=parties,
        visit_cost=visit_cost,
        reasons=pd.Series(["", "other"]),
    )

    assert table["moved"].tolist() == [False, True]
    assert table["unit_changed"].tolist() == [True, False]
    assert table["reason"].tolist() == ["", "other"]


def test_people_without_a_place_have_no_journey() -> None:
    population = two_people()
    parties, visit_cost = toy_parties(population)

    table = placements_table(
        population,
        toy_estate(),
        toy_travel(),
        pd.Series(["", "BBB-1"]),
        parties=parties,
        visit_cost=visit_cost,
    )

    assert table.loc[0, "establishment"] == ""
    assert not table["moved"].any()
    journeys = table.loc[0, ["straight_miles", "road_miles", "minutes", "visit_cost_gbp"]]
    assert journeys.isna().all()


def test_cost_is_the_mean_over_parties_by_their_share() -> None:
    """Three visits in four by a party from the west (100 miles), one from the middle (50)."""
    population = toy_population(person(1, "west", "CCC-1"))
    parties, visit_cost = toy_parties(
        toy_population(person(1, "west", "CCC-1"), person(2, "middle", "CCC-1"))
    )
    parties = parties.assign(prisoner_id="P1", share=[0.75, 0.25])

    table = today_placements(
        population, toy_estate(), toy_travel(), parties=parties, visit_cost=visit_cost
    )

    assert table["visit_cost_gbp"].tolist() == pytest.approx([87.5])
    assert table["minutes"].tolist() == pytest.approx([87.5])
    assert np.isclose(table.loc[0, "straight_miles"], 100.0)

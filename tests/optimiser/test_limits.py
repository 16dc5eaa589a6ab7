"""Rows of the scenario become limits; what cannot be meant is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from data.where import Where
from optimiser.limits import LimitEdit, LimitError, further_than, limits_of, tolerances
from optimiser.problem import Limit, PairFlag
from tests.optimiser.toy_world import toy_estate

UNIT_ESTABLISHMENT = np.array([0, 1, 2, 2, 2])
FROM = np.array([0, 0, 1, 2, -1])


def limits(*edits: LimitEdit, budget: int | None = None) -> tuple[Limit, ...]:
    return limits_of(
        edits,
        toy_estate(),
        from_establishment=FROM,
        unit_establishment=UNIT_ESTABLISHMENT,
        move_budget=budget,
    )


def test_the_smallest_budget_of_moves_is_the_budget() -> None:
    found = limits(LimitEdit(limit="moves", at_most=3), budget=9)

    assert [(each.name, each.bound) for each in found] == [("moves", 3)]


def test_moves_out_count_the_people_held_there_today() -> None:
    (found,) = limits(LimitEdit(limit="moves_out", where=Where(establishment="AAA"), at_most=1))

    assert found.people is not None
    assert found.people.tolist() == [True, True, False, False, False]
    assert found.units is None


def test_moves_of_a_selection_count_who_ends_there_beside_the_budget() -> None:
    found = limits(LimitEdit(limit="moves", where=Where(establishment="CCC"), at_most=2), budget=9)

    assert [(each.name, each.bound) for each in found] == [
        ("moves", 9),
        ("moves:establishment=CCC", 2),
    ]
    assert found[1].units is not None
    assert found[1].units.tolist() == [False, False, True, True, True]
    assert found[1].flag == PairFlag.MOVED


def test_a_share_of_moves_is_of_everybody_held_today() -> None:
    """Four of the five people are held somewhere: half of them are two."""
    found = limits(LimitEdit(limit="moves", share=0.5), budget=9)

    assert [(each.name, each.bound) for each in found] == [("moves", 9), ("moves", 2)]
    assert found[1].people is None
    assert found[1].units is None


def test_escorts_count_the_moves_of_people_held_in_a_region_today() -> None:
    found = limits(LimitEdit(limit="escorts", each="region", at_most=1))

    assert [each.name for each in found] == ["escorts:East", "escorts:West"]
    people = [each.people.tolist() for each in found if each.people is not None]
    assert people == [[False, False, False, True, False], [True, True, True, False, False]]
    assert all(each.units is None and each.flag == PairFlag.MOVED for each in found)


def test_moves_in_count_the_units_of_each_establishment() -> None:
    found = limits(LimitEdit(limit="moves_in", each="establishment", at_most=1))

    assert [each.name for each in found] == ["moves_in:AAA", "moves_in:BBB", "moves_in:CCC"]
    assert found[2].units is not None
    assert found[2].units.tolist() == [False, False, True, True, True]


def test_a_share_is_of_the_people_held_there_today() -> None:
    found = limits(LimitEdit(limit="far", each="region", share=0.5))

    assert [(each.name, each.bound) for each in found] == [("far:East", 0), ("far:West", 1)]
    assert all(each.flag == PairFlag.FAR for each in found)


def test_a_programme_is_a_minimum_of_its_units() -> None:
    (found,) = limits(LimitEdit(limit="programme", where=Where(function="open"), at_least=1))

    assert (found.at_least, found.flag) == (True, None)


@pytest.mark.parametrize(
    ("wrong", "fault"),
    [
        ({"limit": "walks", "at_most": 1}, "no limit 'walks'"),
        ({"limit": "moves", "at_most": -1}, "at_most is -1"),
        ({"limit": "moves", "at_most": 10**20}, "at_most is 10000"),
        ({"limit": "programme", "at_least": 10**20}, "at_least is 10000"),
        ({"limit": "further", "at_most": 1, "tolerance_miles": float("nan")}, "tolerance_miles is"),
        ({"limit": "further", "at_most": 1, "most_miles": float("inf")}, "most_miles is inf"),
        ({"limit": "far", "share": 1.5}, r"share is 1\.5"),
        ({"limit": "far"}, "give one of"),
        ({"limit": "far", "at_most": 1, "share": 0.5}, "give one of"),
        ({"limit": "far", "each": "wing", "at_most": 1}, "each is 'wing'"),
        ({"limit": "far", "at_most": 1, "most_miles": 2.0}, "belongs to the limit further"),
        ({"limit": "further", "at_most": 1, "most_miles": -2.0}, "most_miles is"),
    ],
)
def test_limits_that_cannot_be_meant_are_refused(wrong: dict[str, Any], fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        LimitEdit(**wrong)


def test_a_selection_of_nothing_is_refused() -> None:
    with pytest.raises(LimitError, match="row 1"):
        limits(LimitEdit(limit="far", where=Where(establishment="ZZZ"), at_most=1))


def test_rows_that_disagree_on_what_further_means_are_refused() -> None:
    rows = tuple(LimitEdit(limit="further", at_most=1, most_miles=miles) for miles in (8, 9))

    with pytest.raises(LimitError, match="one tolerance_miles and one most_miles"):
        tolerances(rows)


def test_only_more_miles_than_tolerated_are_further() -> None:
    miles = np.array([[10.0, 14.0, 16.0], [10.0, 14.0, 16.0]])

    found = further_than(miles, np.array([0, -1]), more_than=5.0)

    assert found.tolist() == [[False, False, True], [False, False, False]]
    rows = (LimitEdit(limit="further", at_most=1, tolerance_miles=5, most_miles=20),)
    assert tolerances(rows) == (5, 20)

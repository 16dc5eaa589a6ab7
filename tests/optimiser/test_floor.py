"""The least, the random and today's mean distance."""

from __future__ import annotations

import numpy as np
import pytest

from optimiser.floor import mean_miles_floor
from tests.optimiser.toy_world import person, toy_estate, toy_population, toy_travel


def test_floor_of_four_people_by_hand() -> None:
    """Two in the west, two in the east, held the wrong way round; places 2, 2, 2 + 1 + 1.

    Least: everyone at home, 0 miles. Random from the west: 50 x 2/8 + 100 x 4/8 = 62.5; from the
    east: 100 x 2/8 + 50 x 2/8 = 37.5; mean 50. Today: 100.
    """
    people = toy_population(
        person(1, "west", "CCC-1"),
        person(2, "west", "CCC-1"),
        person(3, "east", "AAA-1"),
        person(4, "east", "AAA-1"),
    )
    estate = toy_estate()
    capacity = estate.units["places"].to_numpy()

    floor = mean_miles_floor(people.prisoners, estate, toy_travel(), capacity)

    assert floor.least_mean_miles == pytest.approx(0.0)
    assert floor.random_mean_miles == pytest.approx(50.0)
    assert floor.today_mean_miles == pytest.approx(100.0)


def test_capacity_sets_the_floor() -> None:
    """Three in the west and two places there: one goes 50 miles."""
    people = toy_population(*(person(n, "west", "AAA-1") for n in range(3)))
    estate = toy_estate()

    floor = mean_miles_floor(
        people.prisoners, estate, toy_travel(), np.array([2, 2, 2, 1, 1], dtype=np.int64)
    )

    assert floor.least_mean_miles == pytest.approx(50 / 3)

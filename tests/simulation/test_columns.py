"""Columns that are read one number at a time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulation.columns import indices, order_of


@given(st.lists(st.sampled_from([0.0, -0.0, 1.5, 2.0, 7.0, np.inf]) | st.floats(0, 1)))
def test_order_is_that_of_a_stable_sort(numbers: list[float]) -> None:
    column = np.array(numbers, dtype=np.float64)

    assert order_of(column).tolist() == np.argsort(column, kind="stable").tolist()


def test_order_of_many_numbers_of_which_many_are_equal_is_that_of_a_stable_sort() -> None:
    column = np.random.default_rng(1).integers(0, 5_000, 50_000).astype(np.float64)

    assert order_of(column).tolist() == np.argsort(column, kind="stable").tolist()


@given(st.lists(st.integers(-5, 2_000_000)))
def test_indices_are_the_numbers_of_the_column(numbers: list[int]) -> None:
    found = indices(np.array(numbers, dtype=np.int64))

    assert found == numbers
    assert all(type(number) is int for number in found)


@pytest.mark.parametrize("first", [0, -1, 1_000])
def test_equal_numbers_of_a_column_are_one_object(first: int) -> None:
    found = indices(np.array([first + 300, first + 1, first + 300] * 500))

    assert found[0] is found[2]

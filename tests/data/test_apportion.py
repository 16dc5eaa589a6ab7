"""Sharing out in whole numbers: sums, ties and limits."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.apportion import largest_remainder


@given(
    st.lists(st.integers(0, 1_000), min_size=1, max_size=8).filter(any),
    st.integers(0, 5_000),
)
def test_parts_add_up_and_are_within_one_of_their_exact_portion(
    weights: list[int], total: int
) -> None:
    parts = largest_remainder(weights, total).tolist()

    assert sum(parts) == total
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part - Fraction(total * weight, sum(weights))) < 1 + Fraction(1, 10**6)


def test_what_is_left_over_goes_to_the_first_of_equals() -> None:
    """7 in thirds is 2.33 each."""
    assert largest_remainder([1, 1, 1], 7).tolist() == [3, 2, 2]


@given(st.lists(st.integers(0, 30), min_size=1, max_size=8), st.data())
def test_limits_hold_unless_nothing_is_left(limits: list[int], data: st.DataObject) -> None:
    total = data.draw(st.integers(0, sum(limits)))
    given_out = largest_remainder(np.array(limits) + 1, total, at_most=limits)
    assert given_out.sum() == total
    assert (given_out <= np.array(limits)).all()


def test_people_beyond_every_limit_are_spread_in_proportion() -> None:
    """Bristol: 576 people in 575 places."""
    assert largest_remainder([431, 144], 576, at_most=[431, 144]).tolist() == [432, 144]


def test_nothing_can_be_shared_out_by_no_weight() -> None:
    with pytest.raises(ValueError, match="no positive weight"):
        largest_remainder([0, 0], 1)

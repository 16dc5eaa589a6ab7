"""The best share of a fixed total: equal to brute force, and marginal where that applies."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from optimiser.shares import (
    Curve,
    best_shares,
    is_convex,
    marginal_shares,
    near_best_shares,
    searched_shares,
)


@st.composite
def falling(draw: st.DrawFn, *, convex: bool = False) -> Curve:
    savings = draw(st.lists(st.integers(0, 9), min_size=0, max_size=5))
    if convex:
        savings.sort(reverse=True)
    last = draw(st.integers(0, 5))
    return np.array([last + sum(savings[at:]) for at in range(len(savings) + 1)], dtype=np.int64)


@st.composite
def shared(draw: st.DrawFn, *, convex: bool = False) -> tuple[list[Curve], list[int], int]:
    curves = draw(st.lists(falling(convex=convex), min_size=1, max_size=4))
    least = [draw(st.integers(0, len(curve) - 1)) for curve in curves]
    total = sum(least) + draw(st.integers(0, 12))
    return curves, least, total


def brute_force(curves: list[Curve], least: list[int], total: int) -> int:
    """Try every share."""
    options = [range(start, len(curve)) for curve, start in zip(curves, least, strict=True)]
    return min(
        sum(int(curve[steps]) for curve, steps in zip(curves, share, strict=True))
        for share in itertools.product(*options)
        if sum(share) <= total
    )


@given(instance=shared())
@hypothesis_settings(max_examples=80, deadline=None)
def test_the_best_share_is_that_of_brute_force(
    instance: tuple[list[Curve], list[int], int],
) -> None:
    curves, least, total = instance

    for found in (best_shares(curves, least, total), searched_shares(curves, least, total)):
        assert found.objective == brute_force(curves, least, total)
        assert found.is_proven
        assert found.steps.sum() <= total
        assert (found.steps >= least).all()
        assert found.objective == sum(
            int(curve[steps]) for curve, steps in zip(curves, found.steps.tolist(), strict=True)
        )


@given(instance=shared(convex=True))
@hypothesis_settings(max_examples=60, deadline=None)
def test_step_by_step_and_search_agree_where_curves_are_convex(
    instance: tuple[list[Curve], list[int], int],
) -> None:
    by_step, by_search = (method(*instance) for method in (marginal_shares, searched_shares))

    assert all(is_convex(curve) for curve in instance[0])
    assert by_step.is_proven
    assert by_step.objective == by_search.objective == brute_force(*instance)


@given(instance=shared())
@hypothesis_settings(max_examples=60, deadline=None)
def test_step_by_step_never_claims_more_than_it_can(
    instance: tuple[list[Curve], list[int], int],
) -> None:
    """Where curves are not convex its bound may lie below, and never above the best."""
    for found in (marginal_shares(*instance), near_best_shares(*instance)):
        assert found.lower_bound <= brute_force(*instance) <= found.objective
        assert found.steps.sum() <= instance[2]


def test_a_curve_that_falls_late_needs_the_search() -> None:
    """The first step at A saves 1 and the second 9; at B each saves 4."""
    curves = [np.array([10, 9, 0]), np.array([8, 4, 0])]

    assert best_shares(curves, [0, 0], 2).steps.tolist() == [2, 0]
    assert best_shares(curves, [0, 0], 2).method == "cp_sat"
    assert marginal_shares(curves, [0, 0], 2).objective == 10


def test_a_step_that_saves_nothing_is_not_given() -> None:
    found = best_shares([np.array([5, 1, 1, 1])], [0], 3)

    assert found.steps.tolist() == [1]


def test_equal_places_get_steps_in_their_order() -> None:
    curve = np.array([9, 5, 2, 0])

    assert best_shares([curve, curve, curve], [0, 0, 0], 4).steps.tolist() == [2, 1, 1]


@pytest.mark.parametrize(
    ("curves", "least", "total", "said"),
    [
        ([np.array([1, 2])], [0], 1, "curve 0 rises"),
        ([np.array([2, 1])], [2], 3, "does not tell of its fewest steps, 2"),
        ([np.array([2, 1]), np.array([2, 1])], [1, 1], 1, "less than the fewest of all, 2"),
    ],
)
def test_what_cannot_be_shared_is_refused(
    curves: list[Curve], least: list[int], total: int, said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        best_shares(curves, least, total)

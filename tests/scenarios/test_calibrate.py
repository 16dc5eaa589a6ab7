"""Fitting finds the wishes that give the published totals, and says how far they are known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.stats import t

from scenarios.validation.calibrate import FITTED, fit, published_totals


def visits(wish: float, halls: float) -> float:
    """Give visits that rise with the wish and flatten as the halls fill up."""
    return halls * wish / (1.0 + wish)


@given(
    halls=st.floats(60_000, 200_000), calls_each=st.floats(20_000, 400_000),
    published=st.floats(20_000, 50_000), start=st.floats(0.3, 3.0),
)  # fmt: skip
def test_both_totals_are_met_where_brent_meets_them(
    halls: float, calls_each: float, published: float, start: float
) -> None:
    found = fit(
        lambda tried: {
            "wish": [visits(tried["wish"], halls)], "users": [calls_each * tried["users"]]
        },
        {"wish": start, "users": 0.5},
        {"wish": published, "users": 13_000.0},
        close=1e-6,
        most_rounds=40,
    )  # fmt: skip

    expected = brentq(lambda wish: visits(wish, halls) - published, 1e-9, 1e3)
    assert [each.value for each in found] == pytest.approx(
        [expected, 13_000 / calls_each], rel=1e-4
    )


def test_range_of_a_fit_is_the_interval_of_the_mean_over_the_slope() -> None:
    noise = np.array([-3.0, 0.0, 3.0])

    (found,) = fit(lambda tried: {"wish": (10 * tried["wish"] + noise).tolist()},
                   {"wish": 2.0}, {"wish": 50.0})  # fmt: skip

    half = t.ppf(0.975, 2) * 3.0 / np.sqrt(3)
    assert found.half_width == pytest.approx(half)
    assert (found.low, found.high) == pytest.approx((5.0 - half / 10, 5.0 + half / 10))
    assert found.replications == 3


def test_search_ends_with_the_closest_round_when_it_cannot_get_closer() -> None:
    (found,) = fit(lambda _: {"wish": [40.0]}, {"wish": 2.0}, {"wish": 50.0}, most_rounds=3)

    assert found.modelled == 40.0


def test_fitted_settings_have_published_totals() -> None:
    totals = published_totals()

    assert list(totals.index) == list(FITTED)
    assert totals["value"].tolist() == [49_719, 13_000]

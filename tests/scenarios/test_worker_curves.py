"""A monotone curve through simulated years, and the fewest workers read off it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from scenarios.studies.worker_curves import NEVER, days_at_most, fit, half_widths, levels_to_play
from simulation.family_levels import LONGEST_DAYS, LevelYears


def years(shares: list[list[float]], steps: list[int], unmet: list[float]) -> LevelYears:
    """Give years of 100 referrals: the share reached on the day by replication and level."""
    reached = np.array(shares) * 100.0
    within = np.repeat(reached[:, :, np.newaxis], LONGEST_DAYS + 1, axis=2)
    hours = np.tile(unmet, (len(shares), 1))
    return LevelYears(
        fte=np.array(steps) / 5,
        referrals=np.full(len(shares), 100.0),
        reached_within=within,
        reached=reached,
        wait_days=reached * 2.0,
        unmet_hours=hours,
        weighted_hours=hours * 2,
    )


def test_the_curve_is_the_line_between_levels_played() -> None:
    curve = fit(years([[0.0, 0.8], [0.0, 1.0]], [0, 4], [50.0, 10.0]), target_days=3)

    assert curve.in_time.tolist() == pytest.approx([0.0, 0.225, 0.45, 0.675, 0.9])
    assert curve.unmet_hours.tolist() == [50.0, 40.0, 30.0, 20.0, 10.0]
    assert curve.at("unmet_hours", 0.5) == pytest.approx(25.0)
    assert curve.at("unmet_hours", 9.0) == 10.0
    assert np.isnan(curve.wait_days[0])
    assert curve.wait_days[1:].tolist() == pytest.approx([2.0] * 4)
    assert curve.fit_error == 0.0


def test_levels_out_of_order_are_pooled_and_the_error_is_told() -> None:
    """Means 0.6 and 0.4 out of order become 0.5 each."""
    curve = fit(years([[0.0, 0.6, 0.4]], [0, 1, 2], [5.0, 1.0, 3.0]), target_days=3)

    assert curve.in_time.tolist() == pytest.approx([0.0, 0.5, 0.5])
    assert curve.unmet_hours.tolist() == pytest.approx([5.0, 2.0, 2.0])
    assert curve.fit_error == pytest.approx(0.1)


@given(
    st.lists(st.lists(st.floats(0, 1), min_size=4, max_size=4), min_size=1, max_size=5),
    st.floats(0.01, 1),
)
@hypothesis_settings(max_examples=50, deadline=None)
def test_a_curve_never_falls_and_its_answer_is_the_first_that_reaches(
    shares: list[list[float]], share: float
) -> None:
    curve = fit(years(shares, [0, 2, 5, 9], [9.0, 8.0, 8.5, 1.0]), target_days=3)
    found, low, high = curve.smallest(share)

    assert (np.diff(curve.in_time) >= -1e-12).all()
    assert (np.diff(curve.weighted_hours) <= 1e-12).all()
    if found == NEVER:
        assert curve.in_time[-1] < share
    else:
        assert curve.in_time[found] >= share - 1e-12
        assert found == 0 or curve.in_time[found - 1] < share
        assert low <= found
        assert high in (NEVER, *range(found, curve.most + 1))


def test_half_widths_are_those_of_students_t() -> None:
    """Three years of 1, 2 and 3: deviation 1, t of two degrees 4.303 over the root of three."""
    assert half_widths(np.array([[1.0], [2.0], [3.0]])).tolist() == pytest.approx(
        [2.4841], abs=1e-4
    )
    assert half_widths(np.array([[1.0]])).tolist() == [0.0]


def test_the_nearest_days_are_those_the_largest_level_keeps() -> None:
    some = years([[0.0, 1.0]], [0, 4], [1.0, 0.0])
    within = some.reached_within.copy()
    within[0, 1, :7] = 80.0
    later = LevelYears(
        fte=some.fte,
        referrals=some.referrals,
        reached_within=within,
        reached=some.reached,
        wait_days=some.wait_days,
        unmet_hours=some.unmet_hours,
        weighted_hours=some.weighted_hours,
    )

    assert days_at_most(later, 0.9) == 7
    assert days_at_most(later, 0.8) == 0
    assert days_at_most(years([[0.0, 0.5]], [0, 4], [1.0, 0.0]), 0.9) == NEVER


def test_levels_begin_with_none_and_go_well_beyond_the_need() -> None:
    assert levels_to_play(2.0, 5) == [0, 7, 14, 21, 28]

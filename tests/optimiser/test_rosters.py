"""Rosters are legal, bring enough agents, and none is cheaper."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from optimiser.rosters import (
    RosterError,
    WorkRules,
    agents_for,
    cheapest_roster,
    legal_patterns,
)

RULES = WorkRules(
    shift_hours=(4.0, 6.0, 8.0),
    days_per_week=(3, 5),
    break_after_hours=6.0,
    break_minutes=30,
    hours_per_week_max=48.0,
    rest_hours_min=11.0,
)


def hours(first: int, last: int, days: range = range(5)) -> NDArray[np.bool_]:
    is_open = np.zeros((7, 48), dtype=np.bool_)
    for day in days:
        is_open[day, first * 2 : last * 2] = True
    return is_open


@pytest.mark.parametrize(("load", "handle"), [(1.0, 4.0), (0.1, 5.0), (7.3, 3.0)])
def test_fewest_agents_are_those_of_erlang_c(load: float, handle: float) -> None:
    from pyqueueing import ErlangC

    agents = agents_for(load, handle, target_minutes=2.0, share=0.8, most=200)

    assert ErlangC(load, 1 / handle, agents).service_level(2.0) >= 0.8
    if agents - 1 > load * handle:
        assert ErlangC(load, 1 / handle, agents - 1).service_level(2.0) < 0.8


def test_no_calls_need_no_agents_and_no_number_answers_everybody_at_once() -> None:
    assert agents_for(0.0, 5.0, target_minutes=1.0, share=0.8, most=9) == 0
    assert agents_for(1.0, 5.0, target_minutes=0.0, share=1.0, most=9) == 9


def test_every_pattern_is_legal() -> None:
    for pattern in legal_patterns(hours(8, 20, range(7)), RULES):
        shift = (pattern.ends - pattern.begins) / 2
        assert pattern.paid_half_hours / 2 <= 48
        assert 24 - shift >= 11
        assert len(pattern.days) < 7
        if shift > 6:
            assert pattern.begins < pattern.break_from
            assert pattern.break_from + pattern.break_half_hours < pattern.ends
            assert pattern.break_half_hours * 30 >= 20


def test_a_roster_by_hand() -> None:
    """One agent needed from 9 to 13 on three days: one short shift of 12 paid hours."""
    needed = np.zeros((7, 48), dtype=np.int64)
    needed[:3, 18:26] = 1

    roster = cheapest_roster(needed, hours(9, 17), RULES)

    assert roster.paid_hours_per_week == roster.bound_hours_per_week == 12.0
    assert roster.table[["days", "start", "end", "agents"]].to_numpy().tolist() == [
        ["mon tue wed", "09:00", "13:00", 1]
    ]


@hypothesis_settings(max_examples=15, deadline=None)
@given(cells=st.lists(st.integers(0, 2), min_size=6, max_size=6))
def test_no_roster_is_cheaper_than_the_one_found(cells: list[int]) -> None:
    """Open for three hours on one day, shifts of 1 or 2 hours: all 3 ** 8 rosters are tried."""
    rules = replace(RULES, shift_hours=(1.0, 2.0), days_per_week=(1,))
    is_open = hours(9, 12, range(1))
    needed = np.zeros((7, 48), dtype=np.int64)
    needed[0, 18:24] = cells
    patterns = list(legal_patterns(is_open, rules))
    covers = np.array([each.covers()[0, 18:24] for each in patterns], dtype=np.int64)
    paid = np.array([each.paid_half_hours for each in patterns])
    counts = np.array(list(product(range(3), repeat=len(patterns))))
    enough = (counts @ covers >= needed[0, 18:24]).all(axis=1)

    found = cheapest_roster(needed, is_open, rules)

    assert (found.on_duty >= needed).all()
    assert found.paid_hours_per_week == pytest.approx(found.bound_hours_per_week)
    assert found.paid_hours_per_week == (counts[enough] @ paid).min() / 2


def test_more_agents_never_cost_less() -> None:
    needed = np.zeros((7, 48), dtype=np.int64)
    needed[:5, 18:34] = 2
    one = cheapest_roster(needed, hours(9, 17), RULES).paid_hours_per_week
    needed[0, 20] = 3

    assert cheapest_roster(needed, hours(9, 17), RULES).paid_hours_per_week >= one


def test_agents_needed_where_no_shift_reaches_are_told() -> None:
    needed = np.zeros((7, 48), dtype=np.int64)
    needed[0, 18] = 1

    with pytest.raises(RosterError, match="no shift reaches mon 09:00"):
        cheapest_roster(needed, hours(9, 11), RULES)
    with pytest.raises(RosterError, match="outside opening hours"):
        cheapest_roster(needed, hours(12, 17), RULES)


def test_shifts_that_no_law_allows_are_refused() -> None:
    with pytest.raises(ValueError, match=r"(?s)hours of rest.*no day off"):
        replace(RULES, shift_hours=(14.0,), days_per_week=(7,))

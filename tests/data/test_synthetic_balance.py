"""Tables that add up: margins met, rounding exact, dealing complete."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.synthetic.balance import balance, deal, round_to_margins


@st.composite
def margins(draw: st.DrawFn) -> tuple[list[int], list[int]]:
    rows = draw(st.lists(st.integers(0, 40), min_size=1, max_size=8))
    cuts = draw(st.lists(st.integers(0, sum(rows)), max_size=6))
    edges = [0, *sorted(cuts), sum(rows)]
    return rows, [high - low for low, high in pairwise(edges)]


@st.composite
def full_tables(draw: st.DrawFn) -> tuple[np.ndarray, list[int], list[int]]:
    rows, columns = draw(margins())
    cells = st.floats(0.01, 10)
    prior = [[draw(cells) for _ in columns] for _ in rows]
    return np.array(prior), rows, columns


@given(full_tables())
def test_balancing_meets_both_margins(case: tuple[np.ndarray, list[int], list[int]]) -> None:
    prior, rows, columns = case
    table = balance(prior, rows, columns)
    np.testing.assert_allclose(table.sum(axis=1), rows, atol=1e-9)
    np.testing.assert_allclose(table.sum(axis=0), columns, atol=1e-3)


@given(full_tables())
def test_balancing_keeps_the_odds_ratios_of_the_prior(
    case: tuple[np.ndarray, list[int], list[int]],
) -> None:
    """Furness scales rows and columns only, so cross-product ratios stay as they were."""
    prior, rows, columns = case
    inside = np.ix_(np.flatnonzero(rows), np.flatnonzero(columns))
    table, before = balance(prior, rows, columns)[inside], prior[inside]
    if table.size:
        ratio = table / before
        np.testing.assert_allclose(
            ratio * ratio[0, 0], ratio[:, :1] * ratio[:1, :], rtol=1e-6, atol=1e-9
        )


def test_zeros_stay_zero_and_rows_win_where_columns_cannot_be_met() -> None:
    table = balance([[1.0, 0.0], [1.0, 1.0]], [6, 4], [2, 8])
    assert table[0].tolist() == [6.0, 0.0]
    assert table.sum(axis=1) == pytest.approx([6, 4])


def test_a_row_with_people_and_no_cell_is_reported() -> None:
    with pytest.raises(ValueError, match="1 rows have a total but no possible cell, first \\[1\\]"):
        balance([[1.0, 1.0], [0.0, 0.0]], [1, 1], [1, 1])


@given(full_tables(), st.integers(0, 99))
def test_rounding_keeps_sums_and_moves_no_cell_by_one(
    case: tuple[np.ndarray, list[int], list[int]], seed: int
) -> None:
    prior, rows, columns = case
    table = balance(prior, rows, columns)
    counts = round_to_margins(table, np.random.default_rng(seed))
    assert counts.sum(axis=1).tolist() == rows
    assert counts.sum(axis=0).tolist() == columns
    assert (np.abs(counts - table) < 1 + 1e-6).all()
    assert (counts >= 0).all()


@given(st.lists(st.lists(st.integers(0, 9), min_size=3, max_size=3), min_size=1, max_size=5))
def test_whole_numbers_stay_as_they_are(table: list[list[int]]) -> None:
    assert round_to_margins(table, np.random.default_rng(1)).tolist() == table


def test_cells_are_rounded_up_as_often_as_their_fraction_says() -> None:
    """A thousand rows with 0.3 of a person in the first column hold 300 there."""
    table = np.tile([0.3, 0.7], (1000, 1))
    counts = round_to_margins(table, np.random.default_rng(3))
    assert counts.sum(axis=0).tolist() == [300, 700]


def test_a_row_that_is_not_whole_is_refused() -> None:
    with pytest.raises(ValueError, match="whole numbers"):
        round_to_margins([[0.5, 0.2]], np.random.default_rng(1))


def test_dealing_gives_every_group_its_row() -> None:
    groups = np.array([1, 0, 1, 1, 0])
    table = np.array([[1, 1], [0, 3]])
    dealt = deal(groups, table, np.random.default_rng(5))
    assert sorted(dealt[groups == 0].tolist()) == [0, 1]
    assert dealt[groups == 1].tolist() == [1, 1, 1]


def test_dealing_refuses_a_table_of_other_people() -> None:
    with pytest.raises(ValueError, match="do not count"):
        deal(np.array([0, 0]), np.array([[1, 0]]), np.random.default_rng(5))

"""Linear programmes come back with their best corner and the prices of their rows."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from ortools.sat.python import cp_model

from optimiser.linear import (
    LinearModel,
    NoAnswerError,
    exact_solver,
    solve_large,
    solve_linear,
    solve_whole,
)

KNAPSACK = LinearModel(
    cost=np.array([-1.0, -1.0]),
    low=np.zeros(2),
    high=np.ones(2),
    row=np.array([0, 0]),
    column=np.array([0, 1]),
    value=np.array([2.0, 2.0]),
    row_low=np.array([-np.inf]),
    row_high=np.array([3.0]),
)
"""Two things of weight 2 and worth 1 in a sack for 3: one and a half of them, or one whole."""


def test_a_price_says_what_one_more_of_a_row_is_worth() -> None:
    found = solve_linear(KNAPSACK)

    assert found.value == pytest.approx(-1.5)
    assert found.row_price == pytest.approx([-0.5])


def test_whole_columns_are_whole() -> None:
    found = solve_whole(KNAPSACK, np.array([True, True]))

    assert (found.value, found.proven) == (-1.0, True)
    assert sorted(found.column) == [0.0, 1.0]


def test_a_programme_without_an_answer_says_so() -> None:
    impossible = replace(KNAPSACK, row_low=np.array([9.0]), row_high=np.array([9.0]))

    with pytest.raises(NoAnswerError, match="glop"):
        solve_linear(impossible)
    with pytest.raises(NoAnswerError, match="scip"):
        solve_whole(impossible, np.array([True, True]))


def test_large_programmes_have_the_answer_and_prices_of_small_ones() -> None:
    equal = replace(
        KNAPSACK,
        cost=np.array([-1.0, -1.0, 0.0]),
        low=np.zeros(3),
        high=np.array([1.0, 1.0, np.inf]),
        row=np.zeros(3, dtype=np.int64),
        column=np.arange(3),
        value=np.array([2.0, 2.0, 1.0]),
        row_low=np.array([3.0]),
    )

    found = solve_large(equal)

    assert found.value == pytest.approx(solve_linear(equal).value) == pytest.approx(-1.5)
    assert found.row_price == pytest.approx([-0.5])


def test_a_large_programme_without_an_answer_says_so() -> None:
    impossible = replace(KNAPSACK, row_low=np.array([9.0]), row_high=np.array([9.0]))

    with pytest.raises(NoAnswerError):
        solve_large(impossible)


@pytest.fixture
def heard() -> Iterator[list[int]]:
    """Interrupt half a second from now, and collect what is heard."""
    told: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: told.append(number))
    stop = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT))
    stop.start()
    yield told
    stop.cancel()
    signal.signal(signal.SIGINT, before)


MARKET = np.random.default_rng(0).integers(1, 1000, (5, 60))
"""What each of 60 shops sells of five goods: to split evenly in two takes any solver hours."""


def test_an_interrupt_while_scip_searches_is_told_to_who_listens(heard: list[int]) -> None:
    goods, shops = MARKET.shape
    entries = np.hstack([MARKET, np.eye(goods), -np.eye(goods)])
    row, column = np.nonzero(entries)
    half = MARKET.sum(axis=1) // 2
    split = LinearModel(
        cost=np.concatenate([np.zeros(shops), np.ones(2 * goods)]),
        low=np.zeros(shops + 2 * goods),
        high=np.concatenate([np.ones(shops), np.full(2 * goods, np.inf)]),
        row=row,
        column=column,
        value=entries[row, column],
        row_low=half,
        row_high=half,
    )
    solve_whole(split, np.arange(shops + 2 * goods) < shops, seconds=2.0)
    assert heard == [signal.SIGINT]


def test_an_interrupt_while_cp_sat_searches_is_told_to_who_listens(heard: list[int]) -> None:
    model = cp_model.CpModel()
    shops = [model.new_bool_var("") for _ in range(MARKET.shape[1])]
    for sold in MARKET.tolist():
        model.add(cp_model.LinearExpr.weighted_sum(shops, sold) == sum(sold) // 2)
    exact_solver(2.0).solve(model)
    assert heard == [signal.SIGINT]

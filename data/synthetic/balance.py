"""Tables that add up: balanced to given margins, then rounded to whole people with margins kept.

Everything the synthetic population knows about a person is dealt from such a table, from sentence
lengths to home areas: what is likely goes in as a prior, what is published as a margin.
"""

from __future__ import annotations

from typing import cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_NEARLY_WHOLE = 1e-9
_FRACTIONS_TO_TRY = (0.25, 0.02, 0.0)
"""Where repairs are made first: cells near one half cost least plausibility."""


def balance(
    prior: ArrayLike,
    row_totals: ArrayLike,
    column_totals: ArrayLike,
    *,
    tolerance: float = 1e-4,
    rounds: int = 1000,
) -> Floats:
    """Scale the rows and columns of a table until it has given margins (Furness).

    Parameters
    ----------
    prior
        Shape (rows, columns), not negative; a zero stays zero (this pair does not occur).
    row_totals, column_totals
        What each row and column should add up to; the two sums are equal.
    tolerance
        Largest difference of a column from its total at which to stop.
    rounds
        Most rounds of scaling. Only reached where zeros keep the columns from their totals.

    Returns
    -------
    Floats
        The table nearest to the prior (in relative entropy) with these margins. Rows are always
        met; columns within ``tolerance``, or as near as the zeros of the prior let them be.

    Raises
    ------
    ValueError
        When a row has people but no cell to put them in; carries the row numbers.

    Notes
    -----
    Iterative proportional fitting, known as Furness balancing for doubly constrained gravity
    models. Sums avoid matrix products, so that the last digit does not depend on the number of
    threads.

    Examples
    --------
    >>> balance([[1, 1], [1, 1]], [30, 10], [20, 20]).tolist()
    [[15.0, 15.0], [5.0, 5.0]]
    """
    table = np.array(prior, dtype=np.float64)
    rows = np.asarray(row_totals, dtype=np.float64)
    columns = np.asarray(column_totals, dtype=np.float64)
    stuck = np.flatnonzero((rows > 0) & ~(table.sum(axis=1) > 0))
    if stuck.size:
        raise ValueError(
            f"balance: {stuck.size} rows have a total but no possible cell, "
            f"first {stuck[:3].tolist()}. Allow at least one column for each."
        )
    table = _scaled(table, rows, axis=1)
    for _ in range(rounds):
        if np.abs(table.sum(axis=0) - columns).max(initial=0.0) <= tolerance:
            break
        table = _scaled(_scaled(table, columns, axis=0), rows, axis=1)
    return table


def _scaled(table: Floats, totals: Floats, *, axis: int) -> Floats:
    # A column that is wanted by nobody must not take away a row's last cell, hence the tiny floor.
    sums = table.sum(axis=axis)
    goal = totals if axis == 1 else np.maximum(totals, 1e-12)
    factor = np.divide(goal, sums, out=np.zeros_like(sums), where=sums > 0)
    scaled: Floats = table * (factor[:, None] if axis == 1 else factor[None, :])
    return scaled


def round_to_margins(table: ArrayLike, generator: np.random.Generator) -> Integers:
    """Round every cell up or down at random so that rows and columns still add up.

    Parameters
    ----------
    table
        Shape (rows, columns), not negative; every row adds up to a whole number.
    generator
        Where the draws come from; the same generator state gives the same table.

    Returns
    -------
    Integers
        Each cell is the whole number below or above the exact one (an exact whole number stays).
        Row sums are kept; column sums are kept where whole, and otherwise rounded by largest
        remainder.

    Raises
    ------
    ValueError
        When a row does not add up to a whole number.

    Notes
    -----
    Each row is sampled systematically from a random start, so that a cell is rounded up as often
    as its fraction says. The few people by whom columns are then out are moved along shortest
    augmenting paths in a maximum flow, first among cells whose fraction is near one half. That a
    perfect rounding exists is the integrality of the transportation polytope.
    """
    exact = np.asarray(table, dtype=np.float64)
    row_sums = exact.sum(axis=1)
    row_totals = np.rint(row_sums).astype(np.int64)
    if np.abs(row_sums - row_totals).max(initial=0.0) > 1e-6:
        raise ValueError("round_to_margins: rows must add up to whole numbers.")
    whole = np.floor(exact + _NEARLY_WHOLE).astype(np.int64)
    fraction = exact - whole
    fraction[fraction < _NEARLY_WHOLE] = 0.0
    raised = _systematic(fraction, row_totals - whole.sum(axis=1), generator)
    goal = _column_goal(exact, int(row_totals.sum())) - whole.sum(axis=0)
    for least in _FRACTIONS_TO_TRY:
        if np.array_equal(raised.sum(axis=0), goal):
            break
        raised = _repaired(raised, fraction, goal, least)
    return cast("Integers", whole + raised)


def _column_goal(exact: Floats, total: int) -> Integers:
    sums = exact.sum(axis=0)
    whole: Integers = np.floor(sums + 1e-6).astype(np.int64)
    remainder = np.where(sums - whole > 1e-6, sums - whole, 0.0)
    order = np.argsort(-remainder, kind="stable")
    whole[order[: total - int(whole.sum())]] += 1
    return whole


def _systematic(fraction: Floats, up: Integers, generator: np.random.Generator) -> Integers:
    order = generator.permutation(fraction.shape[1])
    start = generator.random(len(fraction))[:, None]
    reach = fraction[:, order].cumsum(axis=1)
    last = reach[:, -1:] if reach.shape[1] else reach
    reach *= np.divide(up[:, None], last, out=np.zeros_like(last), where=last > 0)
    steps = np.floor(reach + start).astype(np.int64)
    raised = np.empty_like(steps)
    raised[:, order] = np.diff(steps, axis=1, prepend=0)
    return raised


def _repaired(raised: Integers, fraction: Floats, goal: Integers, least: float) -> Integers:
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import maximum_flow

    rows, columns = fraction.shape
    source, sink = columns + rows, columns + rows + 1
    surplus = raised.sum(axis=0) - goal
    down_row, down_column = np.nonzero((raised == 1) & (fraction <= 1 - least))
    up_row, up_column = np.nonzero((raised == 0) & (fraction > 0) & (fraction >= least))
    over, under = np.flatnonzero(surplus > 0), np.flatnonzero(surplus < 0)
    tails = np.concatenate([down_column, up_row + columns, np.full(len(over), source), under])
    heads = np.concatenate([down_row + columns, up_column, over, np.full(len(under), sink)])
    room = np.concatenate(
        [np.ones(len(down_row) + len(up_row), dtype=np.int64), surplus[over], -surplus[under]]
    ).astype(np.int32)
    network = csr_array((room, (tails, heads)), shape=(sink + 1, sink + 1))
    flow = maximum_flow(csr_array(network), source, sink).flow
    used = flow.tocoo()
    tail, head = used.coords
    moved = used.data > 0
    lowered = moved & (tail < columns) & (head < source)
    lifted = moved & (tail >= columns) & (tail < source) & (head < columns)
    result = raised.copy()
    result[head[lowered] - columns, tail[lowered]] -= 1
    result[tail[lifted] - columns, head[lifted]] += 1
    return result


def deal(groups: Integers, table: Integers, generator: np.random.Generator) -> Integers:
    """Deal the columns of a table of counts to the people of its rows, at random within a row.

    Parameters
    ----------
    groups
        Shape (people,): the row of the table each person belongs to.
    table
        Shape (rows, columns): how many people of a row get each column. Row sums are the sizes of
        the groups.
    generator
        Where the order within a group comes from.

    Returns
    -------
    Integers
        Shape (people,): the column each person was dealt.

    Raises
    ------
    ValueError
        When the rows of the table do not count the people of the groups.
    """
    if not np.array_equal(np.bincount(groups, minlength=len(table)), table.sum(axis=1)):
        raise ValueError("deal: the rows of the table do not count the people in the groups.")
    order = np.lexsort((generator.random(len(groups)), groups))
    dealt = np.empty(len(groups), dtype=np.int64)
    dealt[order] = np.repeat(np.tile(np.arange(table.shape[1]), len(table)), table.ravel())
    return dealt

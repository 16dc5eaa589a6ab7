"""Columns that are read one number at a time."""

from __future__ import annotations

from array import array

import numpy as np
from numpy.typing import NDArray


def indices(column: NDArray[np.int64]) -> list[int]:
    """Give a column of whole numbers to be read one by one; equal ones are one object.

    Examples
    --------
    >>> indices(np.array([3, 1]))
    [3, 1]
    """
    first = int(column.min(initial=0))
    span = int(column.max(initial=0)) - first + 1
    if span > len(column):
        found: list[int] = column.tolist()
        return found
    numbers = np.arange(first, first + span).astype(object)
    return list(numbers[column - first])


def packed(column: NDArray[np.int64]) -> array[int]:
    """Give a column of numbers below two thousand million that is seldom read, in little memory.

    Examples
    --------
    >>> packed(np.array([3, 1]))
    array('i', [3, 1])
    """
    return array("i", column.astype(np.intc).tobytes())


def reals(column: NDArray[np.float64]) -> array[float]:
    """Give a column of numbers to be read one by one.

    Examples
    --------
    >>> reals(np.array([0.5]))
    array('d', [0.5])
    """
    return array("d", column.astype(np.float64).tobytes())


def order_of(column: NDArray[np.float64]) -> NDArray[np.int64]:
    """Give the places of a column's numbers in ascending order; equal ones stay as they are.

    As a stable ``argsort``, several times as fast where few are equal.

    Examples
    --------
    >>> order_of(np.array([2.0, 1.0, 2.0, 1.0])).tolist()
    [1, 3, 0, 2]
    """
    order = np.argsort(column)
    ordered = column[order]
    as_before = ordered[1:] == ordered[:-1]
    if as_before.any():
        alike = np.flatnonzero(np.append(as_before, False) | np.insert(as_before, 0, False))
        order[alike] = order[alike][np.lexsort((order[alike], ordered[alike]))]
    return order

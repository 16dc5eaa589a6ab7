"""Sharing whole people and places out in proportion, losing none to rounding."""

from __future__ import annotations

from typing import cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


def largest_remainder(
    weights: ArrayLike, total: int, *, at_most: ArrayLike | None = None
) -> Integers:
    """Share a whole number out in proportion to weights, in whole numbers that add up exactly.

    Parameters
    ----------
    weights
        Shape (parts,), not negative, at least one positive unless ``total`` is 0.
    total
        What is shared out, not negative.
    at_most
        Shape (parts,): what each part can take. What does not fit anywhere is spread over the
        parts in proportion to their weights, beyond their limits.

    Returns
    -------
    Integers
        Shape (parts,), adding up to ``total``; within one of the exact share where no limit binds.
        Ties go to the earlier part.

    Raises
    ------
    ValueError
        When there is something to share out but no positive weight.

    Examples
    --------
    >>> largest_remainder([2, 1, 1], 5).tolist()
    [3, 1, 1]
    >>> largest_remainder([2, 1, 1], 5, at_most=[2, 2, 2]).tolist()
    [2, 2, 1]
    """
    weight = np.asarray(weights, dtype=np.float64)
    if total == 0:
        return np.zeros(len(weight), dtype=np.int64)
    if not weight.sum() > 0:
        raise ValueError(f"largest_remainder: {total} to share out but no positive weight.")
    if at_most is None:
        return _shares(weight, total)
    limit = np.asarray(at_most, dtype=np.int64)
    given = np.zeros(len(weight), dtype=np.int64)
    while (left := total - int(given.sum())) > 0:
        room = np.where(weight > 0, limit - given, 0)
        if not (room > 0).any():
            return cast("Integers", given + _shares(weight, left))
        given = np.minimum(given + _shares(np.where(room > 0, weight, 0.0), left), limit)
    return given


def _shares(weight: Floats, total: int) -> Integers:
    exact = weight * (total / weight.sum())
    whole: Integers = np.floor(exact).astype(np.int64)
    order = np.argsort(-(exact - whole), kind="stable")
    whole[order[: total - int(whole.sum())]] += 1
    return whole

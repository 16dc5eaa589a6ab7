"""Spells that begin by draw: of sickness, and of posts that nobody holds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def in_spell(draws: NDArray[np.float64], share: float, length: int) -> NDArray[np.bool_]:
    """Say when one of the last ``length`` draws began a spell; so ``share`` of the time is in one.

    None of ``length`` draws begins one with chance 1 less ``share``.

    Parameters
    ----------
    draws
        Uniform; shape (posts, times + length - 1), of which the first begin before the time that is
        told.
    share
        Of the time that is in a spell, from 0 to 1.
    length
        Times that a spell lasts; one that begins within another makes it longer.

    Returns
    -------
    ndarray of bool
        Shape (posts, times).

    Examples
    --------
    A draw below 1 - (1 - 0.19)^(1/2) = 0.1 begins two times of a spell.

    >>> in_spell(np.array([[0.5, 0.05, 0.5, 0.5, 0.09]]), 0.19, 2).tolist()
    [[True, True, False, True]]
    """
    begins = draws < 1.0 - (1.0 - share) ** (1.0 / length)
    begun = np.cumsum(np.pad(begins, ((0, 0), (1, 0))), axis=1)
    return np.asarray(begun[:, length:] > begun[:, :-length])

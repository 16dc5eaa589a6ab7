"""One named column of random numbers per purpose, the same whatever else is drawn.

A draw is a function of its names, not of the order in which draws are made: of the seed, the
replication, the purpose, the person and the number of the request. So a family keeps its draws
wherever the prisoner is held, and no scenario changes a draw
(``docs/decisions/0004-draws.md``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

GOLDEN_GAMMA = np.uint64(0x9E3779B97F4A7C15)
"""Step of SplitMix64: the odd number nearest to 2**64 over the golden ratio."""


def person_keys(prisoner_ids: Iterable[str]) -> NDArray[np.uint64]:
    """Give every prisoner a key that depends on the id alone.

    Parameters
    ----------
    prisoner_ids
        Any texts.

    Returns
    -------
    ndarray of uint64
        64 bits of BLAKE2b of each id: the same on every machine and in every table order.
    """
    return np.fromiter((_digest(identity) for identity in prisoner_ids), dtype=np.uint64)


def stream_key(seed: int, replication: int, purpose: str, place: str = "") -> np.uint64:
    """Give the key of a named stream.

    Parameters
    ----------
    seed, replication, purpose
        The names every stream has.
    place
        The establishment, for draws that belong to a place instead of a family.

    Returns
    -------
    numpy.uint64
        64 bits of BLAKE2b of the names.
    """
    return np.uint64(_digest(f"{seed}\x1f{replication}\x1f{purpose}\x1f{place}"))


def uniform(
    stream: np.uint64,
    keys: NDArray[np.uint64],
    person: NDArray[np.int64] | None = None,
    numbers: NDArray[np.int64] | int = 0,
) -> NDArray[np.float64]:
    """Draw uniform numbers on [0, 1), one for each person and number.

    Each key starts a SplitMix64 sequence of its own inside the stream; ``numbers`` says which
    member of the sequence to give, so members can be drawn in any order and any selection.

    Parameters
    ----------
    stream
        A key from ``stream_key``.
    keys
        Keys from ``person_keys``, shape (people,).
    person
        Index into ``keys`` of each draw, shape (draws,); left out, one draw for each key.
    numbers
        Number of the request, from 0; shape (draws,) or one number for all.

    Returns
    -------
    ndarray of float64
        Shape (draws,), multiples of 2**-53.

    Notes
    -----
    Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.

    Examples
    --------
    >>> stream, keys = stream_key(1, 0, "asked"), person_keys(["P1", "P2"])
    >>> both = uniform(stream, keys, numbers=3)
    >>> bool(both[1] == uniform(stream, keys[1:], numbers=3)[0])
    True
    """
    # the first member is a step from the start
    start = _mixed(keys ^ stream) + GOLDEN_GAMMA
    if person is not None:
        start = start[person]
    steps = np.atleast_1d(np.asarray(numbers, dtype=np.uint64)) * GOLDEN_GAMMA
    leading = _mixed(start + steps)
    # in place from here on: a year has hundreds of such columns
    leading >>= np.uint64(11)
    drawn = leading.astype(np.float64)
    drawn *= 2.0**-53
    return drawn


def _mixed(state: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Scramble 64 bits: the finaliser of SplitMix64 (Stafford's variant 13)."""
    mixed = state >> np.uint64(30)
    mixed ^= state
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    mixed ^= mixed >> np.uint64(27)
    mixed *= np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    return mixed


def _digest(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")

"""Moves put in such an order that no prison overflows on the way from today to the plan.

A full prison takes somebody in only on a day on which somebody leaves it. Moves are therefore taken
apart into steps: rings of prisons, each of which sends on one day as many as it receives, and
chains from a prison that ends smaller to one that ends larger. Between whole steps every prison
holds a number between today's and the plan's.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import pandas as pd

Pair: TypeAlias = tuple[str, str]
"""The prison left and the one reached."""


STEPS_FILE = "steps.parquet"
"""What :func:`turns` gives of the moves of a run, worked out once when it is stored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Pairs of prisons between which one person each moves on one day, and how often it is done."""

    pairs: tuple[Pair, ...]
    times: int


def steps(order: Sequence[Pair], moves: Mapping[Pair, int]) -> list[Step]:
    """Take moves apart into steps.

    Parameters
    ----------
    order
        Every pair of prisons with moves, those to be served first at the head.
    moves
        People who go from the first to the second of a pair.

    Returns
    -------
    list of Step
        Together they are all the moves. Each is the shortest that there is for the first pair with
        moves left. Do any number of whole steps, in any order: no prison then holds more people
        than it does today or in the end, whichever is more.

    Raises
    ------
    ValueError
        When a move ends where it begins.

    Notes
    -----
    From the second prison of a pair the moves that are left lead back to the first, or on to a
    prison that is still to grow: more go into the prisons they reach than come out, by the move of
    the pair itself. Backwards the same holds.

    Examples
    --------
    Two full prisons change places; the move to one that grows needs no other:

    >>> moves = {("A", "B"): 2, ("B", "A"): 2, ("A", "C"): 1}
    >>> [(step.pairs, step.times) for step in steps(list(moves), moves)]
    [((('A', 'B'), ('B', 'A')), 2), ((('A', 'C'),), 1)]
    """
    if any(one == other for one, other in moves):
        raise ValueError("A move ends in another prison than it begins in.")
    left = _Left(moves)
    found = []
    for pair in order:
        while left.moves[pair]:
            step = left.step(pair)
            left.take(step)
            found.append(step)
    return found


class _Left:
    """The moves that are in no step yet, and by how much each prison is still to grow."""

    def __init__(self, moves: Mapping[Pair, int]) -> None:
        self.moves = Counter({pair: number for pair, number in moves.items() if number})
        self.grows: Counter[str] = Counter()
        self._onward: dict[str, dict[str, None]] = {}
        self._backward: dict[str, dict[str, None]] = {}
        for (one, other), number in self.moves.items():
            self.grows[one] -= number
            self.grows[other] += number
            self._onward.setdefault(one, {})[other] = None
            self._backward.setdefault(other, {})[one] = None

    def step(self, pair: Pair) -> Step:
        """Find the shortest step through a pair."""
        one, other = pair
        ring = _way(other, {one}, self._onward)
        after = _way(other, {name for name, more in self.grows.items() if more > 0}, self._onward)
        before = _way(one, {name for name, more in self.grows.items() if more < 0}, self._backward)
        if after is not None and before is not None and set(after).isdisjoint(before):
            chain = (*reversed(before), *after)
            if ring is None or len(chain) <= len(ring):
                most = min(-self.grows[chain[0]], self.grows[chain[-1]])
                return self._done(chain, most)
        assert ring is not None
        return self._done((one, *ring), None)

    def _done(self, way: Sequence[str], most: int | None) -> Step:
        """Do a step as often as its pairs have moves, and ends room."""
        pairs = tuple(pairwise(way))
        times = min(self.moves[pair] for pair in pairs)
        return Step(pairs=pairs, times=times if most is None else min(times, most))

    def take(self, step: Step) -> None:
        """Take the moves of a step away."""
        for one, other in step.pairs:
            self.moves[one, other] -= step.times
            self.grows[one] += step.times
            self.grows[other] -= step.times
            if not self.moves[one, other]:
                del self._onward[one][other]
                del self._backward[other][one]


def turns(moves: pd.DataFrame) -> pd.DataFrame:
    """Put the moves of a plan in the order of their steps.

    Parameters
    ----------
    moves
        One row per move, each row with a label of its own: ``prisoner_id``,
        ``from_establishment``, ``establishment`` and ``own_gain_gbp``.

    Returns
    -------
    DataFrame
        One row per move, under its label: ``turn``, its place in the order from 0, and ``step``,
        a number that the moves of one step share and that grows with the order. Steps for the
        pairs of prisons between which moves save most come first; of the people of a pair, who
        gains most.
    """
    import pandas as pd

    ordered = moves.sort_values(["own_gain_gbp", "prisoner_id"], ascending=[False, True])
    pairs = zip(
        ordered["from_establishment"].astype("str"),
        ordered["establishment"].astype("str"),
        strict=True,
    )
    waiting: dict[Pair, deque[int]] = {}
    saved: Counter[Pair] = Counter()
    for place, (pair, gain) in enumerate(zip(pairs, ordered["own_gain_gbp"], strict=True)):
        waiting.setdefault(pair, deque()).append(place)
        saved[pair] += round(100 * gain)
    order = sorted(waiting, key=lambda pair: (-saved[pair], pair))
    counts = {pair: len(waiting[pair]) for pair in order}
    places: list[int] = []
    numbers: list[int] = []
    for step in steps(order, counts):
        for _ in range(step.times):
            places += [waiting[each].popleft() for each in step.pairs]
            numbers += [len(places)] * len(step.pairs)
    found = {"turn": range(len(places)), "step": numbers}
    labels = ordered.index[places]
    return pd.DataFrame(found, index=labels, dtype="int64").reindex(moves.index)


def _way(start: str, ends: set[str], onward: Mapping[str, Iterable[str]]) -> tuple[str, ...] | None:
    """Give the shortest way from a prison to one of some, both named; none where there is none."""
    came: dict[str, str | None] = {start: None}
    waiting = deque([start])
    while waiting:
        here = waiting.popleft()
        if here in ends:
            way = [here]
            while (previous := came[way[-1]]) is not None:
                way.append(previous)
            return tuple(reversed(way))
        for there in onward.get(here, ()):
            if there not in came:
                came[there] = here
                waiting.append(there)
    return None

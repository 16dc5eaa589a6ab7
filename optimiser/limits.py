"""Limits a planner sets on how many people a plan may move, hold far from home or send further."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import floor

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.estate import Estate
from data.where import Where
from optimiser.problem import MOVES, NOWHERE, Integers, Limit, PairFlag

FLAGS: dict[str, PairFlag | None] = {
    "moves": PairFlag.MOVED,
    "moves_in": PairFlag.MOVED,
    "moves_out": PairFlag.MOVED,
    "escorts": PairFlag.MOVED,
    "far": PairFlag.FAR,
    "very_far": PairFlag.VERY_FAR,
    "further": PairFlag.FURTHER,
    "programme": None,
    "changed": PairFlag.CHANGED,
}
"""What each limit counts; ``programme`` counts everybody held in the selected units."""

FROM = ("moves_out", "escorts")
"""Limits whose selection is of where people are today; the others select where they end."""

MOST_PEOPLE, MOST_MILES = 10_000_000, 1_000
"""People and miles above which a limit is a slip of the pen."""

EACH = ("establishment", "region", "country")


class LimitError(ValueError):
    """A limit that can mean nothing: for this estate, without a plan, or beside other limits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitEdit:
    """One row of the scenario section ``limits``.

    Attributes
    ----------
    limit
        ``moves``: people who end in another establishment. ``moves_in``, ``moves_out``: those who
        come to, or leave, the selected establishments. ``escorts``: those who leave, by the region
        whose vehicles fetch them. ``far``, ``very_far``: people held over 50, over 100 straight
        miles from home. ``further``: people moved further from home than today for no stated
        reason other than family. ``programme``: people held in the selected units. ``changed``:
        people in another establishment than in an earlier plan.
    where
        Establishments or units it speaks of; all by default.
    each
        One limit for every establishment, region or country of the selection, or one for all.
    at_most, at_least
        People; one of them, or ``share``.
    share
        Most people as a share of those held today in the selection.
    tolerance_miles, most_miles
        For ``further``: miles that do not count; and the most anybody may be moved further, for
        such a reason, at all.
    """

    limit: str
    where: Where = field(default_factory=Where)
    each: str | None = None
    at_most: int | None = None
    at_least: int | None = None
    share: float | None = None
    tolerance_miles: float | None = None
    most_miles: float | None = None

    def __post_init__(self) -> None:
        faults = []
        if self.limit not in FLAGS:
            faults.append(f"no limit '{self.limit}'; there are {', '.join(FLAGS)}")
        if self.each is not None and self.each not in EACH:
            faults.append(f"each is '{self.each}'; it is one of {', '.join(EACH)}")
        given = [self.at_most, self.at_least, self.share]
        if sum(value is not None for value in given) != 1:
            faults.append("give one of at_most, at_least and share")
        faults += [
            f"{name} is {value}; it must be 0 to {MOST_PEOPLE:,}"
            for name, value in (("at_most", self.at_most), ("at_least", self.at_least))
            if value is not None and not 0 <= value <= MOST_PEOPLE
        ]
        if self.share is not None and not 0 <= self.share <= 1:
            faults.append(f"share is {self.share}; it must lie in 0 to 1")
        for name in ("tolerance_miles", "most_miles"):
            miles = getattr(self, name)
            if miles is not None and self.limit != "further":
                faults.append(f"{name} belongs to the limit further, not to {self.limit}")
            if miles is not None and not 0 <= miles <= MOST_MILES:
                faults.append(f"{name} is {miles}; it must be 0 to {MOST_MILES:,}")
        if faults:
            raise ValueError("limits: " + "; ".join(faults) + ".")


def limits_of(
    edits: tuple[LimitEdit, ...],
    estate: Estate,
    *,
    from_establishment: Integers,
    unit_establishment: Integers,
    move_budget: int | None = None,
) -> tuple[Limit, ...]:
    """Turn rows of the scenario into limits of the problem.

    Parameters
    ----------
    edits
        Rows of ``limits``.
    estate
        Units and establishments; units in the order of the problem.
    from_establishment, unit_establishment
        Numbers of establishments by person, today, and by unit.
    move_budget
        The budget of moves of the policy, a limit like any other.

    Returns
    -------
    tuple of Limit
        The budget first; of several limits on all moves the smallest is the budget.

    Raises
    ------
    LimitError
        When a row selects nothing.
    """
    budgets = [edit.at_most for edit in edits if _is_budget(edit) and edit.at_most is not None]
    budgets += [] if move_budget is None else [move_budget]
    found = []
    if budgets:
        found.append(_limit(MOVES, PairFlag.MOVED, None, None, min(budgets), at_least=False))
    units = _units(estate)
    for number, edit in enumerate(edits, start=1):
        if _is_budget(edit) and edit.at_most is not None:
            continue
        chosen = edit.where.matches_in(estate, estate.units).to_numpy(dtype=np.bool_)
        if not chosen.any():
            raise LimitError(f"limits row {number}: its selection is of no unit.")
        for name, part in _parts(edit, units, chosen):
            found.append(_one(edit, name, part, from_establishment, unit_establishment))
    return tuple(found)


def _is_budget(edit: LimitEdit) -> bool:
    return edit.limit == "moves" and edit.where == Where() and edit.each is None


def _units(estate: Estate) -> pd.DataFrame:
    """Give the establishment, region and country of each unit."""
    about = estate.establishments.set_index("establishment")
    known = [name for name in EACH if name in about.columns]
    return estate.units[["establishment"]].join(about[known], on="establishment")


def _parts(
    edit: LimitEdit, units: pd.DataFrame, chosen: NDArray[np.bool_]
) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """Give each limit's name and units."""
    if edit.each is None:
        named = [f"{name}={'/'.join(words)}" for name, words in _said(edit.where)]
        yield ":".join([edit.limit, *named]), chosen
        return
    of = units[edit.each].to_numpy(dtype=object)
    for word in sorted(set(of[chosen])):
        yield f"{edit.limit}:{word}", chosen & (of == word)


def _said(where: Where) -> Iterator[tuple[str, tuple[str, ...]]]:
    for name in where.__slots__:
        words = getattr(where, name)
        if words is not None:
            yield name, words


def _one(
    edit: LimitEdit,
    name: str,
    units: NDArray[np.bool_],
    from_establishment: Integers,
    unit_establishment: Integers,
) -> Limit:
    today = np.isin(from_establishment, np.unique(unit_establishment[units]))
    today &= from_establishment != NOWHERE
    everywhere = bool(units.all())
    people = today if edit.limit in FROM and not everywhere else None
    held_in = units if edit.limit not in FROM and not everywhere else None
    if edit.at_least is not None:
        return _limit(name, FLAGS[edit.limit], people, held_in, edit.at_least, at_least=True)
    bound = edit.at_most
    if bound is None:
        bound = floor((edit.share or 0.0) * int(today.sum()))
    return _limit(name, FLAGS[edit.limit], people, held_in, bound, at_least=False)


def _limit(
    name: str,
    flag: PairFlag | None,
    people: NDArray[np.bool_] | None,
    units: NDArray[np.bool_] | None,
    bound: int,
    *,
    at_least: bool,
) -> Limit:
    return Limit(name=name, flag=flag, people=people, units=units, bound=bound, at_least=at_least)


def further_than(
    miles: NDArray[np.float64], from_establishment: Integers, *, more_than: float
) -> NDArray[np.bool_]:
    """Say which establishments are so many miles further from home than today's.

    Parameters
    ----------
    miles
        Straight miles between home and each establishment; shape (prisoners, establishments).
    from_establishment
        Where each person is today.
    more_than
        Miles beyond which a difference counts.

    Returns
    -------
    ndarray of bool
        Shape (prisoners, establishments); nobody who is held nowhere is sent further.
    """
    rows = np.arange(len(miles))
    held = from_establishment != NOWHERE
    today = np.where(held, miles[rows, np.maximum(from_establishment, 0)], np.inf)
    further: NDArray[np.bool_] = miles > (today + more_than)[:, None]
    return further


def tolerances(edits: tuple[LimitEdit, ...]) -> tuple[float, float]:
    """Give the miles further that do not count, and those that nobody may exceed.

    Raises
    ------
    LimitError
        When two rows do not say the same.
    """
    rows = [edit for edit in edits if edit.limit == "further"]
    not_counted = {edit.tolerance_miles or 0.0 for edit in rows} or {0.0}
    most = {edit.most_miles for edit in rows if edit.most_miles is not None} or {np.inf}
    if len(not_counted) > 1 or len(most) > 1:
        raise LimitError("limits: all rows of further have one tolerance_miles and one most_miles.")
    return not_counted.pop(), most.pop()

"""Ties from the records: who must be kept apart, may not gather, or should stay together."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from data.records import Records
from optimiser.problem import (
    INELIGIBLE,
    NOWHERE,
    PENNIES_PER_POUND,
    AllocationProblem,
    Group,
    Integers,
    Ties,
)

ANYWHERE = "establishment"
"""Level of keep-aparts that rules out one establishment; the others rule out one unit."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FoundTies:
    """Ties that a plan can keep, and those it cannot.

    Attributes
    ----------
    ties
        For the problem.
    left_out
        One row per tie left out: ``kind``, ``a``, ``b`` (or the group), ``why``.
    """

    ties: Ties
    left_out: pd.DataFrame


def ties_of(
    records: Records,
    prisoners: pd.Index,
    *,
    stays: Integers,
    unit_establishment: Integers,
) -> FoundTies:
    """Turn tables of keep-aparts, groups and pairs to keep together into ties.

    Whoever is frozen or held may always stay (contract of the plan), so that two such people in
    one place stay there, and a group may be as many in a place as must stay there: those ties are
    left out, or eased, and listed.

    Parameters
    ----------
    records
        ``keep_aparts``, ``groups`` and ``keep_together``.
    prisoners
        Ids in the order of the problem; the order decides nothing.
    stays
        Unit of people who must stay, ``NOWHERE`` for everybody else; shape (prisoners,).
    unit_establishment
        Establishment of each unit.

    Returns
    -------
    FoundTies
        A pair kept apart within a prison only (wing, landing, cell) is kept out of one unit where
        an establishment has several open to both; finer parts of a prison are not modelled.

    Raises
    ------
    ValueError
        When a record names somebody who is not in the population, a pair is one person, or a group
        may have no member in a place; all faults in one report.
    """
    faults = _faults(records, prisoners)
    if faults:
        raise ValueError("Ties: " + "; ".join(faults))
    place = np.append(unit_establishment, NOWHERE)[stays]
    aparts = records.keep_aparts
    anywhere = (aparts["level"] == ANYWHERE).to_numpy(dtype=np.bool_)
    pairs = _pairs(aparts, prisoners)
    apart, apart_left = _without(pairs[anywhere], place)
    wing, wing_left = _without(pairs[~anywhere], stays)
    groups, eased = _groups(records.groups, prisoners, place)
    together = _pairs(records.keep_together, prisoners)
    pennies = np.rint(
        records.keep_together["price_gbp"].to_numpy(dtype=np.float64) * PENNIES_PER_POUND
    ).astype(np.int64)
    ids = prisoners.to_numpy(dtype=object)
    left = [
        ("keep_apart", ids[a], ids[b], "both must stay where they are")
        for a, b in np.concatenate([apart_left, wing_left])
    ]
    left += [("group", name, "", "more than may be must stay in one place") for name in eased]
    return FoundTies(
        ties=Ties(
            apart=apart,
            apart_wing=wing,
            groups=groups,
            together=together,
            together_pennies=pennies,
        ),
        left_out=pd.DataFrame(left, columns=["kind", "a", "b", "why"]).astype("str"),
    )


def wings_left_out(problem: AllocationProblem) -> pd.DataFrame:
    """List pairs kept apart within a prison who meet only where a prison has one unit open to both.

    Units are the finest parts of a prison that a plan knows; there the prison must see to it.

    Returns
    -------
    DataFrame
        The columns of ``FoundTies.left_out``.
    """
    pairs = problem.ties.apart_wing
    in_place = np.zeros((len(problem.units), len(problem.establishments)), dtype=np.float32)
    in_place[np.arange(len(problem.units)), problem.unit_establishment] = 1.0
    open_to = [problem.cost_pennies[pairs[:, side]] != INELIGIBLE for side in (0, 1)]
    most = ((open_to[0] & open_to[1]).astype(np.float32) @ in_place).max(axis=1, initial=0.0)
    alone = pairs[most == 1]
    ids = problem.prisoners.to_numpy(dtype=object)
    return pd.DataFrame(
        {
            "kind": "keep_apart",
            "a": ids[alone[:, 0]],
            "b": ids[alone[:, 1]],
            "why": "no prison open to both has several units to tell apart",
        }
    ).astype("str")


def _faults(records: Records, prisoners: pd.Index) -> list[str]:
    faults = []
    for name in ("keep_aparts", "keep_together"):
        table = getattr(records, name)
        unknown = sorted(_unknown(table["a"], prisoners) | _unknown(table["b"], prisoners))
        if unknown:
            faults.append(f"{name} names {len(unknown)} unknown ids: {', '.join(unknown[:5])}")
        same = table.loc[table["a"] == table["b"], "a"]
        if len(same):
            faults.append(f"{name} ties {same.iloc[0]} to themselves")
    unknown = sorted(_unknown(records.groups["prisoner_id"], prisoners))
    if unknown:
        faults.append(f"groups names {len(unknown)} unknown ids: {', '.join(unknown[:5])}")
    none = records.groups.loc[records.groups["at_most"] < 1, "group"]
    if len(none):
        faults.append(f"group {none.iloc[0]} may have no member anywhere; at_most is at least 1")
    return faults


def _unknown(ids: pd.Series[str], prisoners: pd.Index) -> set[str]:
    return set(ids[prisoners.get_indexer(pd.Index(ids)) < 0])


def _pairs(table: pd.DataFrame, prisoners: pd.Index) -> Integers:
    rows = [prisoners.get_indexer(pd.Index(table[side])) for side in ("a", "b")]
    pairs: Integers = np.stack(rows, axis=1).astype(np.int64)
    return pairs


def _without(pairs: Integers, place: Integers) -> tuple[Integers, Integers]:
    """Take out pairs who must both stay in one place."""
    at = place[pairs]
    must = (at[:, 0] == at[:, 1]) & (at[:, 0] != NOWHERE)
    return pairs[~must], pairs[must]


def _groups(
    table: pd.DataFrame, prisoners: pd.Index, place: Integers
) -> tuple[tuple[Group, ...], list[str]]:
    found, eased = [], []
    ordered = table.sort_values("group", kind="stable")
    names, first = np.unique(ordered["group"].to_numpy(dtype=object), return_index=True)
    rows = prisoners.get_indexer(pd.Index(ordered["prisoner_id"])).astype(np.int64)
    most = ordered["at_most"].to_numpy(dtype=np.int64)
    bounds = [*first.tolist(), len(rows)]
    for name, (begin, end) in zip(names, pairwise(bounds), strict=True):
        people = np.sort(rows[begin:end])
        staying = place[people]
        must = int(np.bincount(staying[staying != NOWHERE]).max(initial=0))
        at_most = int(most[begin:end].min())
        if must > at_most:
            eased.append(str(name))
        if len(people) > max(at_most, must):
            found.append(Group(name=str(name), people=people, at_most=max(at_most, must)))
    return tuple(found), eased

"""What drives a change: what each step from one scenario to another brings, worked out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

import pandas as pd

from scenarios.comparing.compare import differences
from scenarios.comparing.effects import PEOPLE_VISITED, STAFF
from scenarios.summary import HEADLINE

TOLD = HEADLINE | {
    PEOPLE_VISITED: "People visited in four weeks",
    STAFF: "Staff of visits and video calls in a year of 52 weeks, pounds",
}
"""The measures of which a study tells, in words."""

GROUPS = ("all", "sex")

WHOLE, IN_TURN, ALONE, LAST, ORDER = "whole", "in turn", "alone", "last", "order"
"""What a row tells: the whole change; what a step brings on top of those before it, alone, and on
top of all the others; and how much more it brings last than alone."""

KEYS = ["group_by", "group", "measure", "measure_unit"]

Chosen = frozenset[int]
"""Numbers of the steps that a scenario has, from 1."""


Key = TypeVar("Key")


def combinations(steps: int, *, every_order: bool) -> list[Chosen]:
    """Give which steps the scenarios have that are played, each once.

    Examples
    --------
    >>> [sorted(each) for each in combinations(2, every_order=True)]
    [[], [1], [1, 2], [2]]
    >>> len(combinations(4, every_order=False)), len(combinations(4, every_order=True))
    (5, 11)
    """
    every = frozenset(range(1, steps + 1))
    found = [frozenset(range(1, count + 1)) for count in range(steps + 1)]
    if every_order:
        found += [frozenset([step]) for step in every]
        found += [every - {step} for step in every]
    return list(dict.fromkeys(found))


def driver_rows(levels: Mapping[Chosen, pd.DataFrame], steps: int) -> pd.DataFrame:
    """Work out what each step brings, from the measures of scenarios that have some of them.

    Parameters
    ----------
    levels
        Measures of one value per replication, by the steps that were played: at least those of
        none, of all and of every step with those before it.
    steps
        How many there are.

    Returns
    -------
    DataFrame
        One row per measure and what is told of it: order (a word above), step (0 for the whole),
        group_by, group, measure, measure_unit, before, after, difference, low, high, replications,
        verdict. Within a measure the ``after`` of a step in turn is the ``before`` of the next; the
        first begins at the whole's ``before`` and the last ends at its ``after``, to the last
        figure. A measure that any scenario lacks in any replication is left out.
    """
    told = in_every({chosen: rows.dropna(subset="value") for chosen, rows in levels.items()})
    every = frozenset(range(1, steps + 1))
    pairs = {(WHOLE, 0): (frozenset[int](), every)}
    for step in sorted(every):
        before = frozenset(range(1, step))
        pairs |= {
            (IN_TURN, step): (before, before | {step}),
            (ALONE, step): (frozenset(), frozenset([step])),
            (LAST, step): (every - {step}, every),
        }
    known = {
        row: (told[one], told[other])
        for row, (one, other) in pairs.items()
        if one in told and other in told
    }
    for step in sorted(every) if steps > 1 else ():
        if (ALONE, step) in known and (LAST, step) in known:
            alone, last = known[ALONE, step], known[LAST, step]
            known[ORDER, step] = _brought(*alone), _brought(*last)
    found = differences_of(list(known.values()))
    places_of = [list(known)[pair] for pair in found["pair"]]
    table = found.assign(
        order=[order for order, _ in places_of], step=[step for _, step in places_of]
    )
    columns = ["order", "step", *KEYS, "before", "after", "difference", "low", "high"]
    places = {name: place for place, name in enumerate(TOLD)}
    return table[[*columns, "replications", "verdict"]].sort_values(
        ["measure", "group_by", "group"],
        key=lambda values: values.map(places) if values.name == "measure" else values,
        kind="stable",
        ignore_index=True,
    )


def differences_of(pairs: Sequence[tuple[pd.DataFrame, pd.DataFrame]]) -> pd.DataFrame:
    """Compare many pairs of scenarios on the same families at once.

    Parameters
    ----------
    pairs
        Measures of the estate before and after, one value per replication.

    Returns
    -------
    DataFrame
        As ``compare.differences``, in the order of the pairs, with the number of each, ``pair``.
    """
    before, after = (
        pd.concat(
            [pair[end].assign(establishment=str(number)) for number, pair in enumerate(pairs)],
            ignore_index=True,
        )
        for end in (0, 1)
    )
    found = differences(before, after, paired=True)
    return found.assign(pair=found["establishment"].astype("int64")).sort_values("pair")


def in_every(levels: Mapping[Key, pd.DataFrame]) -> dict[Key, pd.DataFrame]:
    """Keep the measures that every scenario has in every replication."""
    counts = [rows.groupby(KEYS, observed=True)["replication"].count() for rows in levels.values()]
    most = max((int(each.max()) for each in counts if len(each)), default=0)
    shared = set.intersection(*(set(each.index[each == most]) for each in counts))
    return {
        chosen: rows[pd.MultiIndex.from_frame(rows[KEYS]).isin(shared)]
        for chosen, rows in levels.items()
    }


def _brought(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Give what a step brings in each replication, in the form of measures."""
    keys = ["replication", "establishment", *KEYS]
    both = before.merge(after, on=keys, suffixes=("_before", "_after"), validate="one_to_one")
    value = both["value_after"] - both["value_before"]
    return both[keys].assign(scenario="", value=value)

"""From sums to measures: what the measures of visits and of the services around them share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

Value: TypeAlias = "Callable[[pd.DataFrame, float], pd.Series[float]]"
"""Gives the values of a measure from a table of sums and the weeks measured."""

Values: TypeAlias = "dict[tuple[str, str], pd.Series[float]]"
"""The values of measures by name and unit, all for the same keys in the same order."""

Truths: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A measure: its unit, for which groups it is given, and how it comes from the sums."""

    name: str
    unit: str
    group_bys: tuple[str, ...]
    value: Value


def measured(
    measures: Iterable[Measure], sums: pd.DataFrame, weeks: float
) -> tuple[Values, dict[str, Truths]]:
    """Work out measures from sums, as ``rows_of`` takes them.

    Parameters
    ----------
    measures
        Each by another name.
    sums
        A column for each quantity, indexed by keys among which is ``group_by``.
    weeks
        Weeks measured.
    """
    told = list(measures)
    group_by = sums.index.get_level_values("group_by")
    of_groups = {names: group_by.isin(names) for names in {each.group_bys for each in told}}
    # one number for each row: far quicker to add and divide by than keys of several words
    numbered = sums.reset_index(drop=True)
    found = {(each.name, each.unit): each.value(numbered, weeks) for each in told}
    return found, {each.name: of_groups[each.group_bys] for each in told}


def sum_of(name: str, scale: float = 1.0) -> Value:
    """Take a sum as it is, or times a factor."""
    return lambda sums, _: sums[name] * scale


def share_of(part: str, whole: str) -> Value:
    """Give a share that is 0 where there is nothing to take it of."""
    return lambda sums, _: (sums[part] / sums[whole]).where(sums[whole] > 0, 0.0)


def mean_of(part: str, whole: str) -> Value:
    """Give a mean that does not exist, and is missing, where there is nothing to average."""
    return lambda sums, _: (sums[part] / sums[whole]).where(sums[whole] > 0)


def rows_of(
    keys: pd.Index[Any], found: Values, given: Mapping[str, Truths] | None = None
) -> pd.DataFrame:
    """Turn values by keys into rows of measures, one measure after the other.

    Parameters
    ----------
    keys
        What each value is of, shape (keys,).
    found
        The values of each measure, by its name and unit, each of shape (keys,).
    given
        For each measure that is given for some of its keys, for which; shape (keys,).

    Returns
    -------
    DataFrame
        The keys, ``value`` (float64), ``measure`` and ``measure_unit``.

    Examples
    --------
    >>> import pandas as pd
    >>> keys = pd.Index(["LEI", "DMI"], name="establishment")
    >>> found = {("visits", "visits"): pd.Series([2.0, 3.0])}
    >>> rows_of(keys, found, {"visits": np.array([False, True])}).to_dict("records")
    [{'establishment': 'DMI', 'value': 3.0, 'measure': 'visits', 'measure_unit': 'visits'}]
    """
    import pandas as pd

    everywhere = np.ones(len(keys), dtype=np.bool_)
    at = [np.flatnonzero((given or {}).get(name, everywhere)) for name, _ in found]
    number = np.repeat(np.arange(len(found)), [len(rows) for rows in at])
    names, units = (pd.array([*words], dtype="str") for words in zip(*found, strict=True))
    values = [
        column.to_numpy(np.float64)[rows] for column, rows in zip(found.values(), at, strict=True)
    ]
    return (
        keys.to_frame(index=False)
        .take(np.concatenate(at))
        .reset_index(drop=True)
        .assign(
            value=np.concatenate(values),
            measure=names.take(number),
            measure_unit=units.take(number),
        )
    )


def quantiles_of(
    counted: pd.DataFrame, shares: Sequence[float], keys: Sequence[str]
) -> list[pd.Series[float]]:
    """Give the least ``wait_days`` that at least a share of those counted stay within.

    Parameters
    ----------
    counted
        ``keys``, ``wait_days`` (whole days, or whole minutes of a call) and ``value``, how many
        waited so long.
    shares
        Such as 0.5 for the median.
    keys
        Columns that name a group.

    Returns
    -------
    list of Series
        For each share the days of every group, by its keys.

    Examples
    --------
    >>> import pandas as pd
    >>> waits = pd.DataFrame({"group": "a", "wait_days": [9, 3, 5], "value": [1.0, 4.0, 5.0]})
    >>> [days["a"].item() for days in quantiles_of(waits, (0.4, 0.5), ["group"])]
    [3.0, 5.0]
    """
    import pandas as pd

    names = list(keys)
    number = counted.groupby(names, observed=True).ngroup().to_numpy()
    order = np.lexsort((counted["wait_days"].to_numpy(), number))
    group = number[order]
    by_group = counted["value"].iloc[order].groupby(group)
    reached, total = by_group.cumsum().to_numpy(), by_group.transform("sum").to_numpy()
    days = counted["wait_days"].to_numpy(np.float64)[order]
    found = []
    for share in shares:
        enough = np.flatnonzero(reached >= share * total)
        first = enough[np.unique(group[enough], return_index=True)[1]]
        index = pd.MultiIndex.from_frame(counted[names].iloc[order[first]])
        found.append(pd.Series(days[first], index=index))
    return found

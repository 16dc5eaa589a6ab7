"""From sums to measures: what the measures of visits and of the services around them share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import pandas as pd

Value: TypeAlias = "Callable[[pd.DataFrame, float], pd.Series[float]]"
"""Gives the values of a measure from a table of sums and the weeks measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A measure: its unit, for which groups it is given, and how it comes from the sums."""

    name: str
    unit: str
    group_bys: tuple[str, ...]
    value: Value

    def rows(self, sums: pd.DataFrame, weeks: float) -> pd.DataFrame:
        """Give the rows of the measure.

        Parameters
        ----------
        sums
            A column for each quantity, indexed by keys among which is ``group_by``.
        weeks
            Weeks measured.
        """
        group_by = sums.index.get_level_values("group_by")
        chosen = sums[group_by.isin(self.group_bys)]
        return rows_of(self.value(chosen, weeks), self.name, self.unit)


def sum_of(name: str, scale: float = 1.0) -> Value:
    """Take a sum as it is, or times a factor."""
    return lambda sums, _: sums[name] * scale


def share_of(part: str, whole: str) -> Value:
    """Give a share that is 0 where there is nothing to take it of."""
    return lambda sums, _: (sums[part] / sums[whole]).where(sums[whole] > 0, 0.0)


def mean_of(part: str, whole: str) -> Value:
    """Give a mean that does not exist, and is missing, where there is nothing to average."""
    return lambda sums, _: (sums[part] / sums[whole]).where(sums[whole] > 0)


def rows_of(values: pd.Series[float], measure: str, unit: str) -> pd.DataFrame:
    """Turn values by keys into rows of a measure.

    Examples
    --------
    >>> import pandas as pd
    >>> values = pd.Series([2.0], index=pd.Index(["LEI"], name="establishment"))
    >>> rows_of(values, "visits", "visits").to_dict("records")[0]["measure_unit"]
    'visits'
    """
    return values.rename("value").reset_index().assign(measure=measure, measure_unit=unit)


def quantile_of(counted: pd.DataFrame, share: float, keys: Sequence[str]) -> pd.Series[float]:
    """Give the least ``wait_days`` that at least a share of those counted stay within.

    Parameters
    ----------
    counted
        ``keys``, ``wait_days`` (whole days, or whole minutes of a call) and ``value``, how many
        waited so long.
    share
        0.5 for the median.
    keys
        Columns that name a group.

    Examples
    --------
    >>> import pandas as pd
    >>> waits = pd.DataFrame({"group": "a", "wait_days": [9, 3, 5], "value": [1.0, 4.0, 5.0]})
    >>> quantile_of(waits, 0.5, ["group"])["a"].item()
    5.0
    """
    names = list(keys)
    ordered = counted.sort_values([*names, "wait_days"])
    reached = ordered.groupby(names)["value"].cumsum()
    total = ordered.groupby(names)["value"].transform("sum")
    enough = ordered[reached >= share * total]
    return enough.groupby(names)["wait_days"].first().astype("float64")

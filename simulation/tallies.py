"""Counts and sums of a year as plain columns, which are made a table once.

Whoever plays years in a process of its own hands these over, and so needs no library of tables:
half of the memory that such a process would take.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = (
    "replication", "establishment", "group_by", "group", "quantity", "wait_days", "value",
)  # fmt: skip

NO_WAIT = -1
"""Days waited in the rows of every quantity but those that count by them."""

Row = tuple[str, str, str, int, float]
"""Group_by, group, quantity, days waited and value."""


class Tally:
    """Rows of counts and sums of one replication or several, in the order in which they came.

    Each belongs to the establishment and replication that was begun last.
    """

    __slots__ = ("_begun", "_group", "_group_by", "_quantity", "_value", "_wait_days")

    def __init__(self) -> None:
        self._begun: list[tuple[int, str, int]] = []
        self._group_by: list[str] = []
        self._group: list[str] = []
        self._quantity: list[str] = []
        self._wait_days: list[int] = []
        self._value: list[float] = []

    def __len__(self) -> int:
        """Give the number of rows."""
        return len(self._value)

    def begin(self, establishment: str, replication: int) -> None:
        """Say whose rows follow."""
        self._begun.append((len(self), establishment, replication))

    def add(
        self,
        group_by: str,
        groups: Sequence[str],
        quantity: str,
        values: NDArray[np.float64],
    ) -> None:
        """Add one quantity for every group."""
        self._group_by += [group_by] * len(groups)
        self._group += groups
        self._quantity += [quantity] * len(groups)
        self._wait_days += [NO_WAIT] * len(groups)
        self._value += values.tolist()

    def add_waits(
        self,
        group_by: str,
        groups: Sequence[str],
        quantity: str,
        code: NDArray[np.int64],
        waits: NDArray[np.int64],
    ) -> None:
        """Add how many waited so many days, for every group and number of days with anybody.

        Parameters
        ----------
        group_by, groups, quantity
            What is counted, and the words of the groups.
        code, waits
            Group and days of each who waited.
        """
        width = int(waits.max(initial=0)) + 1
        counted = np.bincount(code * width + waits)
        filled = np.flatnonzero(counted)
        self._group_by += [group_by] * len(filled)
        self._group += [groups[group] for group in (filled // width).tolist()]
        self._quantity += [quantity] * len(filled)
        self._wait_days += (filled % width).tolist()
        self._value += counted[filled].tolist()

    def add_rows(self, rows: Iterable[Row]) -> None:
        """Add rows as they are."""
        for group_by, group, quantity, wait_days, value in rows:
            self._group_by.append(group_by)
            self._group.append(group)
            self._quantity.append(quantity)
            self._wait_days.append(wait_days)
            self._value.append(value)

    def join(self, other: Tally) -> None:
        """Add all rows of another."""
        rows = len(self)
        self._begun += [(rows + first, code, number) for first, code, number in other._begun]
        self._group_by += other._group_by
        self._group += other._group
        self._quantity += other._quantity
        self._wait_days += other._wait_days
        self._value += other._value

    def table(self) -> pd.DataFrame:
        """Give the rows as a table of ``COLUMNS``."""
        import pandas as pd

        rows = np.diff([*(first for first, _, _ in self._begun), len(self)])
        columns = (
            np.repeat([number for _, _, number in self._begun], rows),
            np.repeat([code for _, code, _ in self._begun], rows),
            self._group_by,
            self._group,
            self._quantity,
            np.array(self._wait_days, dtype=np.int64),
            np.array(self._value, dtype=np.float64),
        )
        return pd.DataFrame(dict(zip(COLUMNS, columns, strict=True)))

"""Cells of tables: numbers as :mod:`scenarios.display.wording` writes them, for files as well."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from scenarios.circulation.written import Written, unit_of
from scenarios.comparing.verdict import SAME
from scenarios.display import wording
from scenarios.display.markup import DASH, MINUS, cell, possible_ends

Column: TypeAlias = NDArray[np.object_]


class Ranged(Protocol):
    """A mean with the ends of its interval that can write itself."""

    @property
    def mean(self) -> float:
        """The mean."""

    @property
    def low(self) -> float:
        """The lower end."""

    @property
    def high(self) -> float:
        """The upper end."""

    def told(self, name: str) -> str:
        """Write it as its name says."""


def level(row: Mapping[str, Any]) -> Written:
    """Write the mean of a measure with its interval, as :func:`wording.level`.

    Examples
    --------
    >>> row = {"measure": "wait_days_median", "mean": 3.0, "low": 2.5, "high": 3.5}
    >>> told = level(row | {"replications": 4})
    >>> str(told), told.value, told.low, told.high, told.unit
    ('3.0 (2.5 to 3.5)', 3.0, 2.5, 3.5, 'days')
    """
    name = str(row["measure"])
    low, high = _ends(row)
    return Written(
        words=wording.level(row), value=_number(row["mean"]), low=low, high=high, unit=unit_of(name)
    )


def interval(row: Mapping[str, Any]) -> Written:
    """Write the interval of a measure alone, as :func:`wording.interval`."""
    low, high = _ends(row)
    return Written(
        words=wording.interval(row), low=low, high=high, unit=unit_of(str(row["measure"]))
    )


def value(number: float | None, name: str) -> Written:
    """Write a measure alone, as :func:`markup.cell`."""
    return Written(words=cell(number, name), value=_number(number), unit=unit_of(name))


def difference(number: float | None, name: str) -> Written:
    """Write a difference of a measure, as :func:`wording.difference`; of a share as a share."""
    return Written(
        words=wording.difference(number, name), value=_number(number), unit=unit_of(name)
    )


def difference_interval(row: Mapping[str, Any]) -> Written:
    """Write the interval of a difference alone, as :func:`wording.difference_interval`."""
    name = str(row["measure"])
    one_year = row.get("replications") == 1
    low, high = (None if one_year else _number(row[end]) for end in ("low", "high"))
    return Written(words=wording.difference_interval(row), low=low, high=high, unit=unit_of(name))


def change(row: Mapping[str, Any], name: str) -> Written:
    """Write a difference with its interval in brackets, where it has one.

    Examples
    --------
    >>> row = {"difference": 7.0, "low": 5.5, "high": 8.4, "replications": 4, "verdict": "higher"}
    >>> str(change(row, "visits"))
    '+7 (+6 to +8)'
    >>> row |= {"difference": 0.0046, "low": 0.0041, "high": 0.0051}
    >>> str(change(row, "visits_per_prisoner_per_four_weeks"))
    '+0.005 (+0.004 to +0.01)'
    """
    told = difference(float(row["difference"]), name)
    if row["verdict"] in ("higher", "lower"):
        told = replace(told, words=wording.decided_difference(float(row["difference"]), name))
    if row["replications"] == 1 or row["verdict"] == SAME:
        return told
    ends = difference_interval({**row, "measure": name})
    words = f"{told} ({str(ends).removesuffix(' points')})"
    return replace(told, words=words, low=ends.low, high=ends.high)


def told(found: Ranged | None, name: str) -> Written:
    """Write an estimate with its range; where there is none, nothing."""
    if found is None:
        return Written(words=DASH)
    low, high = possible_ends(found.mean, found.low, found.high, name)
    return Written(
        words=found.told(name),
        value=_number(found.mean),
        low=_number(low),
        high=_number(high),
        unit=unit_of(name),
    )


def amount(number: float | None, measure_unit: str, *, signed: bool = False) -> Written:
    """Write a whole number with its unit of measurement, as :func:`wording.amount`."""
    return Written(
        words=wording.amount(number, measure_unit, signed=signed),
        value=_number(number),
        unit="pounds" if measure_unit.startswith("GBP") else unit_of(measure_unit),
    )


def plain(
    numbers: Iterable[float], unit: str = "full-time workers", form: str = "{:,.1f}"
) -> Column:
    """Write numbers of one unit, as ``form`` has it; where there is none, a dash.

    Examples
    --------
    >>> [str(each) for each in plain([2.0, 0.25], form="{:+.2f}")]
    ['+2.00', '+0.25']
    """
    return column(
        Written(
            words=DASH if number != number else form.format(number).replace("-", MINUS),
            value=_number(number),
            unit=unit,
        )
        for number in numbers
    )


def column(cells: Iterable[Written | str]) -> Column:
    """Put cells into a column of a table.

    Returns
    -------
    array of object, shape (cells,)
    """
    told = list(cells)
    found = np.empty(len(told), dtype=np.object_)
    found[:] = told
    return found


def ends(low: float | None, high: float | None, words: str, unit: str) -> Written:
    """Write an interval alone, in words of its own."""
    return Written(words=words, low=_number(low), high=_number(high), unit=unit)


def _ends(row: Mapping[str, Any]) -> tuple[float | None, float | None]:
    if row.get("replications") == 1 or row["low"] is None or row["low"] != row["low"]:
        return None, None
    mean = float(row.get("mean", row["low"]))
    return possible_ends(mean, float(row["low"]), float(row["high"]), str(row["measure"]))


def _number(number: Any) -> float | None:
    return None if number is None or number != number else float(number)

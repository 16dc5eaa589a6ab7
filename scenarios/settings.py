"""Every setting of the model: one row of ``settings.csv`` each, and the checks that row makes."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

from scenarios.plain_yaml import parse

Value = Any
"""A value as YAML reads it: number, text, truth, date, nothing, list or mapping."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One setting: where it stands, what it means, its plausible range and its source.

    ``low`` and ``high`` are ``None`` where a range makes no sense (words, lists of edits).
    """

    setting: str
    measure_unit: str
    meaning: str
    low: float | date | None
    value: Value
    high: float | date | None
    source: str
    confidence: str
    text: str

    @property
    def named(self) -> str:
        """What it means, and its name in brackets: how it stands in a list to choose from.

        Examples
        --------
        >>> settings()["calendar.weeks"].named
        'Weeks measured (calendar.weeks)'
        """
        return f"{self.meaning} ({self.setting})"

    def problem(self, value: Value) -> str | None:
        """Say what is wrong with a value, or nothing.

        Examples
        --------
        >>> settings()["calendar.weeks"].problem(0)
        '0 is outside 1 to 520 weeks'
        >>> settings()["calendar.weeks"].problem("many")
        "expected a number (weeks), found the text 'many'"
        """
        if self.value is None and value is None:
            return None
        expected = "number" if _is_number(self.low) else _kind(self.value)
        if self.value is not None and _kind(self.value) != "number":
            expected = _kind(self.value)
        found = _kind(value)
        if expected not in ("nothing", found):
            unit = f" ({self.measure_unit})" if expected == "number" else ""
            return f"expected {_a(expected)}{unit}, found {_describe(value)}"
        outside = [
            part for part in _parts(value) if _comparable(part, self.low) and not self._holds(part)
        ]
        if outside:
            return f"{outside[0]} is outside {self.low} to {self.high} {self.measure_unit}".rstrip()
        return None

    def _holds(self, value: Any) -> bool:
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)


@cache
def settings() -> dict[str, Setting]:
    """Read every setting, by name, in the order of the file."""
    return _read("settings.csv")


@cache
def export_settings() -> dict[str, Setting]:
    """Read the settings of exports, by name: they say how results are told and change none."""
    return _read("export_settings.csv")


def _read(file: str) -> dict[str, Setting]:
    text = files("scenarios").joinpath(file).read_text(encoding="utf-8")
    return {row["setting"]: _setting(row) for row in csv.DictReader(text.splitlines())}


def _setting(row: dict[str, str]) -> Setting:
    return Setting(
        setting=row["setting"],
        measure_unit=row["measure_unit"],
        meaning=row["meaning"],
        low=parse(row["low"]),
        value=parse(row["value"]),
        high=parse(row["high"]),
        source=row["source"],
        confidence=row["confidence"],
        text=row["value"] or "null",
    )


def _is_number(value: Value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _kind(value: Value) -> str:
    for kind, types in _KINDS.items():
        if isinstance(value, types):
            return kind
    return "nothing"


_KINDS: dict[str, tuple[type, ...]] = {
    "true or false": (bool,),
    "number": (int, float),
    "text": (str,),
    "date": (date,),
    "list": (list, tuple),
    "mapping": (dict,),
}


def _a(kind: str) -> str:
    return kind if kind in ("true or false", "text", "nothing") else f"a {kind}"


def _describe(value: Value) -> str:
    if isinstance(value, str):
        return f"the text '{value}'"
    return f"{_a(_kind(value))}: {value}" if value is not None else "nothing"


def _parts(value: Value) -> list[Value]:
    if isinstance(value, dict):
        return [part for item in value.values() for part in _parts(item)]
    if isinstance(value, list | tuple):
        return [part for item in value for part in _parts(item)]
    return [value]


def _comparable(value: Value, bound: Value) -> bool:
    return (_is_number(value) and _is_number(bound)) or (
        isinstance(value, date) and isinstance(bound, date)
    )

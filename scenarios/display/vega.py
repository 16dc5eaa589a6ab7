"""Charts as Vega-Lite describes them, written as plain dictionaries.

Altair takes 0.2 s to import, and some 20 ms a chart, most of it to check the chart against all
of Vega-Lite whenever it is drawn; this takes under one, and the tests check instead.

Examples
--------
>>> import pandas as pd
>>> rows = pd.DataFrame({"who": ["men", "women"], "miles": [50.0, 60.0]})
>>> drawn = chart(rows).mark("bar").encode(x=field("miles:Q", title="Miles"), y="who:N")
>>> drawn.to_dict()["encoding"]["x"]
{'field': 'miles', 'type': 'quantitative', 'title': 'Miles'}
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    import pandas as pd

Spec: TypeAlias = dict[str, Any]

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.4.1.json"
"""Names the language; nothing is fetched from there."""

TYPES = {"N": "nominal", "O": "ordinal", "Q": "quantitative", "T": "temporal"}
SHORT = re.compile(r"(?:(?P<unit>\w+)\()?(?P<name>\w+)\)?:(?P<type>[NOQT])")
UNTYPED = ("x2", "y2")
"""Channels that have the type of the one before."""


def field(short: str, **options: Any) -> Spec:
    """Say which column a channel shows, and how.

    Parameters
    ----------
    short
        The column and what it holds: ``people:Q``, ``band:O``, ``name:N``, ``day:T``; with a unit
        of time, ``yearmonthdate(day):O``.
    options
        As Vega-Lite names them.

    Examples
    --------
    >>> field("yearmonthdate(day):O", title=None)
    {'field': 'day', 'type': 'ordinal', 'timeUnit': 'yearmonthdate', 'title': None}
    """
    found = SHORT.fullmatch(short)
    if found is None:
        message = f"{short!r} names no column and type; write it as 'people:Q'."
        raise ValueError(message)
    told = {"field": found["name"], "type": TYPES[found["type"]]}
    unit = {"timeUnit": found["unit"]} if found["unit"] else {}
    return told | unit | options


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class View:
    """A chart, or several drawn one above the other.

    Attributes
    ----------
    told
        What it says of itself, as Vega-Lite names it.
    rows
        What it draws: a table, or data as Vega-Lite describes them.
    layers
        The views drawn one above the other; a single one has none.
    """

    told: Spec
    rows: pd.DataFrame | Mapping[str, Any] | None = None
    layers: tuple[View, ...] = ()

    def mark(self, kind: str, **look: Any) -> View:
        """Draw each row as a bar, a circle, a line, a rule or a text."""
        return self.properties(mark={"type": kind} | look)

    def encode(self, **channels: Any) -> View:
        """Say what is shown by which column; a text is short for :func:`field`."""
        told = {name: _channel(name, value) for name, value in channels.items()}
        return self.properties(encoding=self.told.get("encoding", {}) | told)

    def properties(self, **told: Any) -> View:
        """Say more of the chart."""
        return replace(self, told=self.told | told)

    def __add__(self, above: View) -> View:
        """Draw another view above this one."""
        return layered(*(self.layers or (self,)), *(above.layers or (above,)))

    def spec(self) -> Spec:
        """Give the specification; its tables stand in ``datasets`` as they are."""
        return self._whole(inline=True)

    def to_dict(self) -> Spec:
        """Give the specification with all that it draws in ``datasets``, as JSON has it."""
        whole = self._whole(inline=False)
        datasets = {
            name: list(rows["values"]) if isinstance(rows, Mapping) else records(rows)
            for name, rows in whole["datasets"].items()
        }
        return whole | {"datasets": datasets}

    def _whole(self, *, inline: bool) -> Spec:
        datasets: dict[str, pd.DataFrame | Mapping[str, Any]] = {}
        return {"$schema": SCHEMA} | self._part(datasets, inline=inline) | {"datasets": datasets}

    def _part(self, datasets: dict[str, Any], *, inline: bool) -> Spec:
        part: Spec = _as_json(self.told)
        if self.layers:
            part["layer"] = [view._part(datasets, inline=inline) for view in self.layers]
        elif inline and isinstance(self.rows, Mapping):
            part["data"] = self.rows
        else:
            same = (name for name, rows in datasets.items() if rows is self.rows)
            name = next(same, f"rows-{len(datasets) + 1}")
            datasets[name] = self.rows
            part["data"] = {"name": name}
        return part


def chart(rows: pd.DataFrame | Mapping[str, Any]) -> View:
    """Begin a chart of the rows of a table, or of data as Vega-Lite describes them."""
    return View(told={}, rows=rows)


def layered(*views: View) -> View:
    """Draw views one above the other, the first at the bottom.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame({"low": [1.0], "high": [2.0]})
    >>> base = chart(rows).encode(x="low:Q", x2="high:Q")
    >>> drawn = layered(base.mark("rule"), base.mark("tick")).to_dict()
    >>> [(part["mark"]["type"], part["data"]["name"]) for part in drawn["layer"]]
    [('rule', 'rows-1'), ('tick', 'rows-1')]
    """
    return View(told={}, layers=views)


def records(rows: pd.DataFrame) -> list[Spec]:
    """Give the rows of a table as JSON has them: no number as null, days as texts.

    Examples
    --------
    >>> import pandas as pd
    >>> records(pd.DataFrame({"day": pd.to_datetime(["2026-03-02"]), "miles": [float("nan")]}))
    [{'day': '2026-03-02T00:00:00', 'miles': None}]
    """
    columns = [[_plain(value) for value in rows[name].tolist()] for name in rows.columns]
    return [dict(zip(rows.columns, row, strict=True)) for row in zip(*columns, strict=True)]


def _plain(value: Any) -> Any:
    if value is None or value != value:
        return None
    return value.isoformat() if hasattr(value, "isoformat") else value


def _as_json(told: Any) -> Any:
    """Give what a chart says with Python's own numbers in the place of NumPy's."""
    if isinstance(told, Mapping):
        return {name: _as_json(value) for name, value in told.items()}
    if isinstance(told, list | tuple):
        return [_as_json(value) for value in told]
    return told.item() if hasattr(told, "item") else told


def _channel(name: str, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    told = field(value)
    return {"field": told["field"]} if name in UNTYPED else told

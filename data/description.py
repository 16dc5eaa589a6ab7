"""The tables described in words: the generated parts of ``docs/data.md``."""

from __future__ import annotations

import math
from collections.abc import Iterable

import pandas as pd

from data.load import read_table, sources, table_path
from data.schema import Column, Dtype, Required, columns, table_names

FILLED = {
    Required.KEY: "key",
    Required.FILLED: "yes",
    Required.COLUMN: "may be empty",
    Required.OPTIONAL: "may be left out",
}


def data_markdown() -> dict[str, str]:
    """Write the generated parts of ``docs/data.md``.

    Returns
    -------
    dict
        Markdown by name of the part: ``units``, ``assumptions``, ``rules``, ``move_parts``,
        ``columns`` and ``sources``.
    """
    return {
        "units": _units(),
        "assumptions": _assumptions(),
        "rules": _rules(),
        "move_parts": _move_parts(),
        "columns": "\n".join(_columns_of(name) for name in table_names()),
        "sources": _sources(),
    }


def markdown_table(header: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    r"""Write a Markdown table.

    Parameters
    ----------
    header
        Names of the columns.
    rows
        Cells in the order of the header.

    Returns
    -------
    str
        The table with a line break at its end; a bar inside a cell is escaped.

    Examples
    --------
    >>> print(markdown_table(["a", "b"], [[1, "x|y"]]), end="")
    | a | b |
    |---|---|
    | 1 | x\|y |
    """
    names = list(header)
    lines = [names, ["---"] * len(names), *([str(cell) for cell in row] for row in rows)]
    written = [" | ".join(cell.replace("|", r"\|") for cell in line) for line in lines]
    written[1] = "|".join(lines[1])
    return "".join(
        f"|{line}|\n" if number == 1 else f"| {line} |\n" for number, line in enumerate(written)
    )


def _units() -> str:
    units = read_table("units")
    numbers = ["places", "in_use_cna", "headroom"]
    totals = units.assign(units=1).groupby(["sex", "function"], as_index=False)[["units", *numbers]]
    by_function = totals.sum()
    whole = by_function[["units", *numbers]].sum()
    rows = [*by_function.to_numpy().tolist(), ["all", "all", *whole.to_list()]]
    written = [[sex, function, *(f"{n:,}" for n in counts)] for sex, function, *counts in rows]
    return markdown_table(["sex", "function", "units", "places", "in-use CNA", "headroom"], written)


def _move_parts() -> str:
    header = ["part", "what is lost", "pounds", "for one", "how many"]
    rows = (
        [f"`{row.part}`", row.says, _number(row.price_gbp), row.per, _number(row.amount)]
        for row in read_table("move_parts").itertuples()
    )
    return markdown_table(header, rows)


def _rules() -> str:
    rows = [
        [f"`{row.rule}`", row.says, row.level, _number(row.price_gbp), _number(row.value)]
        for row in read_table("rules").itertuples()
    ]
    return markdown_table(["rule", "what it says", "level", "price", "value"], rows)


def _number(cell: object) -> str:
    number = float(str(cell))
    return "" if math.isnan(number) else f"{number:g}"


def _assumptions() -> str:
    table = read_table("estate_assumptions")
    rows = [
        [
            f"`{row.assumption}`",
            f"{row.value:g}",
            f"{row.low:g} to {row.high:g}",
            row.measure_unit,
            row.meaning,
            f"{row.confidence} ({row.source})",
        ]
        for row in table.itertuples()
    ]
    return markdown_table(["assumption", "value", "range", "unit", "meaning", "how sure"], rows)


def _columns_of(name: str) -> str:
    built_in = table_path(name) is not None
    note = f"{len(read_table(name)):,} rows built in." if built_in else "None built in."
    rows = [
        [f"`{column.name}`", _holds(column), FILLED[column.required], column.meaning]
        for column in columns(name)
    ]
    return (
        f"### {name}\n\n{note}\n\n{markdown_table(['column', 'holds', 'filled', 'meaning'], rows)}"
    )


def _holds(column: Column) -> str:
    """Say in a few words what a cell holds."""
    left_out = "; `!` before one leaves it out" if column.may_leave_out else ""
    if column.references:
        return " or ".join(f"id of {table}" for table, _ in column.references) + left_out
    if column.words:
        words = ", ".join(column.words) + left_out
        return f"any of {words}" if column.dtype is Dtype.LIST else words
    if column.pattern:
        return f"`{column.pattern}`"
    unit = f", {column.measure_unit}" if column.measure_unit else ""
    return f"{column.dtype}{unit}{_range(column)}"


def _range(column: Column) -> str:
    if column.bounds is None:
        return ""
    low, high = column.bounds
    if high == float("inf"):
        return f", {low:g} or more"
    return f", {low:g} to {high:g}"


def _sources() -> str:
    used = _tables_by_source()
    rows = [
        [
            f"`{key}`",
            entry["publisher"],
            f"{entry['title']}: {entry['table']}",
            entry["date"],
            entry["licence"],
            ", ".join(used.get(key, ())),
        ]
        for key, entry in sources().items()
    ]
    return markdown_table(["key", "publisher", "what", "date", "licence", "in tables"], rows)


def _tables_by_source() -> dict[str, list[str]]:
    used: dict[str, list[str]] = {}
    for name in table_names():
        table = read_table(name) if table_path(name) is not None else pd.DataFrame()
        if "source" not in table.columns:
            continue
        for key in sorted(source_keys(table["source"].unique())):
            used.setdefault(key, []).append(name)
    return used


def source_keys(cells: Iterable[str]) -> set[str]:
    """Read the keys of ``sources.yaml`` out of ``source`` cells.

    Parameters
    ----------
    cells
        Keys with a semicolon between them, each perhaps with a detail in brackets.

    Returns
    -------
    set of str
        The keys alone.

    Examples
    --------
    >>> sorted(source_keys(["geonames;hmip_2026 (days assumed)"]))
    ['geonames', 'hmip_2026']
    """
    return {key.partition(" (")[0] for cell in cells for key in cell.split(";") if key}

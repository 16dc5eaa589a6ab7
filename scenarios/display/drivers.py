"""What drives a change: a stored study of the lines of a scenario, in words and as a chart."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from scenarios.comparing.decimals import SHARE, decimals
from scenarios.comparing.drivers import ALONE, IN_TURN, LAST, ORDER, TOLD, WHOLE
from scenarios.comparing.verdict import CANNOT_TELL, ONE_REPLICATION, SAME
from scenarios.display import cells, charts, wording
from scenarios.display.markup import DASH, cell, table
from scenarios.errors import ScenarioError
from scenarios.plain_yaml import parse

if TYPE_CHECKING:
    from scenarios.display.charts import Figure

FIRST, SECOND = "First run", "Second run"

ADDS_UP = (
    "Each line is played on top of those above it, on the same families, so the steps add up to "
    "the whole change, year by year."
)
NO_ORDER = (
    "Whether the order of the lines matters was not tried: another order could share the change "
    "out otherwise."
)
ORDER_TOLD = {
    SAME: "The same in any place",
    CANNOT_TELL: "No difference to be told",
    ONE_REPLICATION: "One year: cannot be told",
    "higher": "Depends on the order: more after the others",
    "lower": "Depends on the order: less after the others",
}
"""What the difference between a line as the last one and alone says of the order."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Drivers:
    """A stored study of the lines of a scenario.

    Attributes
    ----------
    folder
        Where it is.
    account
        Content of ``drivers.json``.
    rows
        What each step brings to each measure (``scenarios.comparing.drivers``).
    """

    folder: Path
    account: dict[str, Any]
    rows: pd.DataFrame


def open_drivers(folder: Path) -> Drivers:
    """Open a study of the lines of a scenario.

    Raises
    ------
    ScenarioError
        When the folder holds no complete one.
    """
    try:
        account = json.loads((folder / "drivers.json").read_text(encoding="utf-8"))
        rows = pd.read_parquet(folder / "drivers.parquet")
        steps = account["steps"], account["compared"], account["every_order"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ScenarioError(
            f"{folder}: not a complete study of what drives a change ({type(error).__name__}). "
            "Start it again."
        ) from None
    assert steps
    return Drivers(folder=folder, account=account, rows=rows)


def is_one_line(lines: pd.DataFrame) -> bool:
    """Say whether one line alone differs between two runs: one setting, and one row of it at most.

    Parameters
    ----------
    lines
        As from ``compare.lines_that_differ``.

    Examples
    --------
    >>> is_one_line(pd.DataFrame({"before": ["[]"], "after": ["[{where: {}}, {where: {}}]"]}))
    False
    >>> is_one_line(pd.DataFrame({"before": ["1"], "after": ["2"]}))
    True
    """
    if len(lines) != 1:
        return False
    values = [parse(text) for text in (lines["before"].iloc[0], lines["after"].iloc[0])]
    return not any(isinstance(value, list) and len(value) > 1 for value in values)


def measures(found: Drivers) -> dict[str, str]:
    """Give the measures of which a study tells, the words of each and its name.

    Those that change in some year come first: a page begins with the first of them.
    """
    rows = found.rows[found.rows["order"].eq(WHOLE) & found.rows["group_by"].eq("all")]
    same = set(rows.loc[rows["verdict"].eq(SAME), "measure"])
    told = [name for name in TOLD if name in set(rows["measure"])]
    return {TOLD[name]: name for name in sorted(told, key=same.__contains__)}


def line_words(setting: str) -> str:
    """Write the name of a line as a reader may know it.

    Examples
    --------
    >>> line_words("regime.added_sessions row 2"), line_words("rules.over_security")
    ('Added sessions row 2', 'Rule: over security')
    """
    section, _, name = setting.partition(".")
    words = (name or section).replace("_", " ").replace(".", ": ")
    kind = {"rules": "rule: ", "move_parts": "part of a move: "}.get(section, "") if name else ""
    return f"{kind}{words}".capitalize()


def step_words(found: Drivers, step: int) -> str:
    """Name a step by its number and its first line, and say how many more it has."""
    lines = found.account["steps"][step - 1]["lines"]
    more = f" and {len(lines) - 1} more" if len(lines) > 1 else ""
    return f"{step}. {line_words(lines[0]['name'])}{more}"


def answer(found: Drivers, measure: str) -> str:
    """Say in a sentence or two which line brings most of the change, and whether order matters."""
    by = _by(found, measure)
    whole, steps = by[WHOLE, 0], len(found.account["steps"])
    words = next(told for told, name in measures(found).items() if name == measure)
    said = f"{words}: {cells.change(whole, measure)} in all."
    if whole["verdict"] == SAME:
        said = f"{words}: the same in every year."
    told = [step for step in range(1, steps + 1) if by[IN_TURN, step]["verdict"] != SAME]
    if not told:
        return f"{said} No line changes it in any year."
    most = max(told, key=lambda step: abs(by[IN_TURN, step]["difference"]))
    if steps > 1:
        said += (
            f" The line that changes it most is “{step_words(found, most)}”: "
            f"{cells.change(by[IN_TURN, most], measure)}."
        )
    depends = [
        step
        for step in told
        if (ORDER, step) in by and by[ORDER, step]["verdict"] in ("higher", "lower")
    ]
    for step in depends:
        alone, last = (cells.change(by[how, step], measure) for how in (ALONE, LAST))
        said += (
            f" What “{step_words(found, step)}” brings depends on the order: alone it brings "
            f"{alone}, on top of the others {last}."
        )
    if steps > 1 and not found.account["every_order"]:
        said += f" {NO_ORDER}"
    return said


def figure(found: Drivers, measure: str) -> Figure:
    """Draw the change of a measure as one bar for each step, with its interval."""
    by = _by(found, measure)
    whole, steps = by[WHOLE, 0], len(found.account["steps"])
    scale = 100.0 if measure.endswith(SHARE) else 1.0
    parts = pd.DataFrame(
        [
            {
                "label": step_words(found, step),
                "change": scale * row["difference"],
                "low": scale * row["low"],
                "high": scale * row["high"],
                "start": scale * row["before"],
                "end": scale * row["after"],
                "text": wording.difference(row["difference"], measure),
            }
            for step in range(1, steps + 1)
            for row in [by[IN_TURN, step]]
        ]
    )
    words = next(told for told, name in measures(found).items() if name == measure)
    unit = f"{words}, per cent" if scale > 1 else words
    return charts.waterfall(
        parts,
        ends=[
            (name, scale * whole[end], cell(whole[end], measure))
            for name, end in ((FIRST, "before"), (SECOND, "after"))
        ],
        unit=unit,
        title=f"{words}: what each line brings, from the first run to the second",
        note=f"{source(found)} {ADDS_UP} Black lines are 95% intervals of what a line brings.",
        number_format=f",.{decimals(measure)}f",
    )


def listing(found: Drivers, measure: str) -> str:
    """List what each step brings: in turn, alone and on top of all the others."""
    by = _by(found, measure)
    steps = range(1, len(found.account["steps"]) + 1)
    every = bool(found.account["every_order"]) and len(steps) > 1

    def told(how: str, step: int) -> Any:
        row = by.get((how, step))
        return DASH if row is None else cells.change(row, measure)

    def order(step: int) -> str:
        row = by.get((ORDER, step))
        return "Not valid alone or without it" if row is None else ORDER_TOLD[str(row["verdict"])]

    columns: dict[str, Any] = {
        "line": [step_words(found, step) for step in steps],
        "what": [_what(found.account["steps"][step - 1]) for step in steps],
        "in_turn": cells.column(told(IN_TURN, step) for step in steps),
    }
    labels = {"line": "Line", "what": "What it changes", "in_turn": "Brings, after those above"}
    if every:
        columns |= {
            "alone": cells.column(told(ALONE, step) for step in steps),
            "last": cells.column(told(LAST, step) for step in steps),
            "order": [order(step) for step in steps],
        }
        labels |= {
            "alone": "Alone",
            "last": "On top of all the others",
            "order": "Does the order matter?",
        }
    words = next(told for told, name in measures(found).items() if name == measure)
    whole = cells.change(by[WHOLE, 0], measure)
    note = f"In all: {whole}. In brackets 95% intervals of paired differences. {ADDS_UP}"
    return table(
        pd.DataFrame(columns),
        f"{words}: what each line brings",
        labels=labels,
        right=("in_turn", "alone", "last") if every else ("in_turn",),
        note=f"{note} {source(found)}" + ("" if every or len(steps) == 1 else f" {NO_ORDER}"),
    )


def _what(step: Mapping[str, Any]) -> str:
    """Say what the lines of a step change, and why there are several."""
    lines = [f"{line['name']}: {line['after']}" for line in step["lines"]]
    return " ".join(["; ".join(lines), *([f"({step['why']})"] if step["why"] else [])])


def source(found: Drivers) -> str:
    """Say what stands behind the numbers."""
    account = found.account
    return (
        f"Source: study {found.folder.name}, {account['scenarios_played']} scenarios of "
        f"{wording.count(account['replications'], 'simulated year')} each."
    )


def _by(found: Drivers, measure: str) -> dict[tuple[str, int], dict[str, Any]]:
    """Give what is told of a measure of the whole estate, by what a row tells and its step."""
    rows = found.rows[(found.rows["measure"] == measure) & (found.rows["group_by"] == "all")]
    return {(str(row["order"]), int(row["step"])): row for row in wording.records(rows)}

"""Check a folder of tables before anything is decided, and say what is missing in them.

    python -m scenarios.own_tables.check_tables OUT [FOLDER]

Without a folder the built-in tables and people are looked at. ``OUT`` is a new folder:

    check.json       how many errors, warnings, tables and people
    report.csv       every error and warning: severity, table, file, column, rule, rows, what to do
    missing.csv      share of empty cells by column of the tables of people
    misplaced.csv    people held today where a hard rule would not let them be, by prison and rule

Errors block what is built on the tables; warnings do not.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from data.check import Problem, TableError
from data.schema import Column, Dtype, columns
from scenarios.errors import ScenarioError
from scenarios.results import new_folder, write_json

if TYPE_CHECKING:
    from scenarios.inputs import Inputs

ERROR, WARNING = "error", "warning"
REPORT = ["severity", "table", "file", "column", "rule", "found", "rows", "count", "action"]
MISSING = ["table", "column", "meaning", "rows", "missing", "missing_share"]
MISPLACED = ["establishment", "rule", "says", "people"]
SHOWN_ROWS = 5
LONGEST = 120
"""Characters told of what stands in a cell."""
PEOPLE = ("population", "contacts")
NOTHING = frozenset(
    {
        "flags",
        "hold_reason",
        "hold_until",
        "needs",
        "relatives_in_custody",
        "return_unit",
        "status_basis",
    }
)
"""Columns in which an empty cell says that there is nothing, not that nothing is known."""
NOT_KNOWN = frozenset({"unknown", "not_recorded"})
"""Words that say that nothing is known."""


def check_tables(folder: Path | None, out: Path) -> None:
    """Check tables and write what was found.

    Parameters
    ----------
    folder
        A user's tables; the built-in ones and people where left out.
    out
        A folder to make.
    """
    problems = _problems(folder)
    report = [_error(problem) for problem in problems]
    missing, misplaced = pd.DataFrame(columns=MISSING), pd.DataFrame(columns=MISPLACED)
    people = 0
    if not problems:
        inputs, warnings, misplaced = _looked_at(folder)
        report += warnings
        people = len(inputs.population.prisoners)
        missing = missing_cells(
            {"population": inputs.population.prisoners, "contacts": inputs.population.contacts}
        )
    told = pd.DataFrame(report, columns=REPORT)
    numbers = {
        "errors": int((told["severity"] == ERROR).sum()),
        "warnings": int((told["severity"] == WARNING).sum()),
        "people": people,
        "misplaced": int(misplaced["people"].sum()),
    }
    with new_folder(out) as partial:
        for name, table in (("report", told), ("missing", missing), ("misplaced", misplaced)):
            table.to_csv(partial / f"{name}.csv", index=False, lineterminator="\n")
        write_json(numbers, partial / "check.json")


def missing_cells(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Count the cells that are not filled, column by column.

    Parameters
    ----------
    tables
        Typed tables by name.

    Returns
    -------
    DataFrame
        ``MISSING``: columns in which a cell may say that something is not known, by being empty or
        by a word, the worst first.

    Examples
    --------
    >>> people = pd.DataFrame({"religion": ["none", "not_recorded"], "age": [34, 22]})
    >>> missing_cells({"population": people})[["column", "missing_share"]].values.tolist()
    [['religion', 0.5]]
    """
    rows: list[dict[str, Any]] = []
    for name, table in tables.items():
        for column in columns(name):
            said = NOT_KNOWN.intersection(column.words)
            if column.name not in table or not (said or _may_be_missing(column)):
                continue
            empty = int((table[column.name].isna() | table[column.name].isin([*said, ""])).sum())
            rows.append(
                {
                    "table": name,
                    "column": column.name,
                    "meaning": column.meaning,
                    "rows": len(table),
                    "missing": empty,
                    "missing_share": empty / len(table) if len(table) else 0.0,
                }
            )
    found = pd.DataFrame(rows, columns=MISSING)
    return found.sort_values("missing_share", ascending=False, kind="stable", ignore_index=True)


def _may_be_missing(column: Column) -> bool:
    return column.may_be_empty and column.name not in NOTHING and column.dtype is not Dtype.BOOLEAN


def _problems(folder: Path | None) -> Sequence[Problem]:
    """List what is wrong with a user's tables, each and across them."""
    from scenarios.inputs import validate

    if folder is None:
        return []
    try:
        validate(folder)
    except TableError as error:
        return error.problems
    except ScenarioError as error:
        return [
            Problem(table="", file=folder.name, expected="tables that can be read", action=said)
            for said in error.problems
        ]
    return []


def _looked_at(folder: Path | None) -> tuple[Inputs, list[dict[str, Any]], pd.DataFrame]:
    """Read sound tables as a run would, and look for what is wrong all the same."""
    from optimiser.misplaced import misplaced
    from scenarios.inputs import load_inputs
    from scenarios.load import load_scenario
    from scenarios.own_tables.quality import data_quality
    from scenarios.planning.place import allocation_inputs

    baseline = load_scenario("baseline")
    inputs = load_inputs(baseline, folder)
    wrong = misplaced(allocation_inputs(baseline, inputs))
    found = data_quality(baseline, inputs, wrong)
    units = inputs.estate.units.set_index("unit")["establishment"]
    says = inputs.rules.set_index("rule")["says"].to_dict()
    counted = (
        wrong.assign(establishment=wrong["unit"].map(units).fillna(""))
        .groupby(["establishment", "rule"], as_index=False)
        .agg(people=("prisoner_id", "size"))
    )
    counted["says"] = counted["rule"].map(lambda rule: str(says.get(rule, "")).rstrip(": ."))
    return inputs, [_warning(row) for row in found.to_dict("records")], counted[MISPLACED]


def _error(problem: Problem) -> dict[str, Any]:
    return {
        "severity": ERROR,
        "table": problem.table,
        "file": problem.file,
        "column": problem.column,
        "rule": problem.expected[:LONGEST],
        "found": problem.value[:LONGEST],
        "rows": _first(problem.rows),
        "count": len(problem.rows),
        "action": problem.action,
    }


def _warning(row: dict[Any, Any]) -> dict[str, Any]:
    return {
        "severity": WARNING,
        "table": "population",
        "file": "population.csv",
        "column": "",
        "rule": f"people {row['says']}",
        "found": str(row["examples"]).replace(";", ", "),
        "rows": "",
        "count": row["people"],
        "action": row["action"],
    }


def _first(rows: Iterable[int]) -> str:
    listed = list(rows)
    shown = ", ".join(str(row) for row in listed[:SHOWN_ROWS])
    more = len(listed) - SHOWN_ROWS
    return f"{shown} and {more:,} more" if more > 0 else shown


if __name__ == "__main__":
    check_tables(Path(sys.argv[2]) if len(sys.argv) > 2 else None, Path(sys.argv[1]))

"""What a scenario changes of the rows of a table, and what is wrong with what comes of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

import pandas as pd

from data.check import Problem
from data.files import first_row_of
from data.load import read_and_check, read_table, table_path
from data.validate import without_rows
from optimiser.fit import rule_faults
from scenarios.schema import MovePartChange, RuleChange


def changed_rows(
    table: pd.DataFrame, changes: Mapping[str, RuleChange | MovePartChange]
) -> pd.DataFrame:
    """Give a table of rules or parts with what a scenario changes of its rows.

    Parameters
    ----------
    table
        Rules or parts of a move; its first column names the row.
    changes
        By that name; what is left out stays.
    """
    changed = table.copy()
    for name, change in changes.items():
        row = changed[changed.columns[0]] == name
        for column, value in change.model_dump(exclude_none=True, mode="json").items():
            changed.loc[row, column] = str(value) if changed[column].dtype == "str" else value
    return changed


def changed_rules(rules: pd.DataFrame, changes: Mapping[str, RuleChange]) -> pd.DataFrame:
    """Give the rules table with what a scenario changes.

    Parameters
    ----------
    rules
        The built-in table or a user's own.
    changes
        By rule. A rule that a user's own table lacks is taken from the built-in one.
    """
    lacking = set(changes) - set(rules["rule"])
    if lacking:
        built_in = read_table("rules")
        rules = pd.concat([rules, built_in[built_in["rule"].isin(lacking)]], ignore_index=True)
    return changed_rows(rules, changes)


def changed_rule_problems(rules: pd.DataFrame, changes: Mapping[str, RuleChange]) -> list[str]:
    """Say what a scenario makes of rules that no rules table may say.

    Parameters
    ----------
    rules, changes
        As for ``changed_rules``.

    Returns
    -------
    list of str
        One sentence for each fault of a rule that the scenario changes: a level the rule cannot
        have, a soft rule without a price, a value that is missing, dates that end too early. In the
        words of the scenario file, whose dates are ``from`` and ``to``.
    """
    faults = rule_faults(changed_rules(rules, changes))
    said = (str(fault).replace("valid_", "") for fault in faults if fault.rule in changes)
    return [f"rules.{fault}. Correct the scenario." for fault in said]


def own_rule_problems(folder: Path | None, told: Collection[Problem] = ()) -> list[Problem]:
    """List what a user's own rules table says that no rules table may say.

    Parameters
    ----------
    folder
        A folder of tables.
    told
        Faults found already; rows of them are passed over.
    """
    path = table_path("rules", folder)
    of_rules = [problem for problem in told if problem.table == "rules"]
    whole = all(problem.rows for problem in of_rules)
    if path is None or folder is None or not path.is_relative_to(folder) or not whole:
        return []
    first = first_row_of(path)
    rules = without_rows(read_and_check("rules", path)[0], of_rules, first)
    return [
        Problem(
            table="rules",
            file=path.name,
            rows=(int(rules.index[fault.row]) + first,),
            column=fault.column,
            value=fault.value,
            expected=fault.expected,
            action="Correct the cell or remove the row.",
        )
        for fault in rule_faults(rules)
    ]

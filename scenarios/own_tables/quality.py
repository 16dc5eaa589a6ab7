"""What looks wrong in the data before anything is decided: by count, with a few ids."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from data.load import table_path
from data.quality import Checked, Finding, data_errors, errors_table
from optimiser.eligibility import HOLD_REASONS
from optimiser.misplaced import misplaced
from scenarios.inputs import Inputs, load_inputs
from scenarios.load import load_scenario
from scenarios.planning.place import allocation_inputs
from scenarios.schema import Scenario


def data_quality(
    scenario: Scenario, inputs: Inputs, wrong: pd.DataFrame | None = None
) -> pd.DataFrame:
    """List contradictions in the records of people, and people held where a rule forbids it.

    Parameters
    ----------
    scenario, inputs
        Rules and date, and the tables.
    wrong
        Who is held where a rule forbids it, where ``misplaced`` has said so already.

    Returns
    -------
    DataFrame
        ``check``, ``says``, ``people``, ``examples`` and ``action``, one row per kind; those of
        rules are named ``rule:`` and the rule. Empty when nothing is found.
    """
    functions = inputs.estate.units.set_index("unit")["function"]
    prisoners = inputs.population.prisoners
    errors = data_errors(
        Checked(
            people=prisoners.assign(function=prisoners["current_unit"].map(functions).fillna("")),
            contacts=inputs.population.contacts,
            activities=inputs.records.activities,
            as_of=scenario.as_of,
            hold_reasons=HOLD_REASONS,
        )
    )
    if wrong is None:
        wrong = misplaced(allocation_inputs(scenario, inputs))
    says = inputs.rules.set_index("rule")["says"].to_dict()
    by_rule = errors_table(
        Finding(
            check=f"rule:{rule}",
            says=f"held today against the rule {rule}: {says.get(rule, '')}".rstrip(": ."),
            action=ACTION,
            ids=rows["prisoner_id"],
        )
        for rule, rows in wrong.groupby("rule", sort=True)
    )
    return pd.concat([errors, by_rule], ignore_index=True)


ACTION = (
    "Correct what the rule reads, or current_unit; otherwise a plan moves them, unless another "
    "rule keeps them where they are."
)


def warnings(data_dir: Path) -> Iterator[str]:
    """Say what looks wrong in a sound folder that brings people of its own.

    Parameters
    ----------
    data_dir
        A folder whose tables have passed every check.

    Yields
    ------
    str
        One line for each kind of error.
    """
    if table_path("population", data_dir) is None:
        return
    baseline = load_scenario("baseline")
    found = data_quality(baseline, load_inputs(baseline, data_dir))
    for row in found.to_dict("records"):
        shown = row["examples"].replace(";", ", ")
        more = ", ..." if row["people"] > len(row["examples"].split(";")) else ""
        people = "person" if row["people"] == 1 else "people"
        yield f"warning: {row['says']}: {row['people']:,} {people} ({shown}{more}). {row['action']}"

"""A reader of the app is told what to press, and never which command to give."""

from __future__ import annotations

import ast
import re
from datetime import date
from pathlib import Path

import pytest

from data.check import TableError
from data.estate import load_estate
from data.locks import LockRow
from data.words import LockAction
from scenarios.display import in_app
from scenarios.drafting import drafts
from scenarios.errors import ScenarioError
from scenarios.inputs import unfit

ROOT = Path(__file__).resolve().parents[2]
COMMAND = re.compile(r"['`]estate [a-z]|(?<![\w-])--[a-z]")
OF_THE_COMMAND_LINE = (
    "scenarios/cli.py",
    "scenarios/circulation/",
    "scenarios/demo.py",
    "scenarios/display/in_app.py",
    "scenarios/ensemble/ledger.py",
    "scenarios/export_run.py",
    "scenarios/one_report.py",
    "scenarios/planning/explain.py",
    "scenarios/provenance.py",
    "scenarios/studies/experiment.py",
    "scenarios/studies/rules_report.py",
    "scenarios/start_state.py",
    "scenarios/validation/",
)
"""What is told on the command line alone, or is no message."""

ONLY_COMMANDS = (
    "estate frontier X --against X --points X",
    "estate size booking-line X --target-minutes X --share X",
    "estate rules X --relax",
    "Decide again with: estate allocate SCENARIO --locks X --out NEW",
    "--save-state",
    "--start-state",
)
"""How a command that was given is kept, and what only its options can do."""


def messages() -> list[str]:
    """Give the texts of the packages that name a command or an option, values left open."""
    found = []
    for package in ("data", "optimiser", "scenarios", "simulation"):
        for path in (ROOT / package).rglob("*.py"):
            if not str(path.relative_to(ROOT)).startswith(OF_THE_COMMAND_LINE):
                found += texts(ast.parse(path.read_text(encoding="utf-8")))
    return sorted({text for text in found if COMMAND.search(text) and " " in text.strip()})


def texts(tree: ast.AST) -> list[str]:
    """Give the texts of a file without its docstrings; parts of a longer one are not given."""
    alone = [node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)]
    parts = [part for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in
             ast.walk(node) if part is not node]  # fmt: skip
    left_out = {id(node) for node in (*alone, *parts)}
    found = []
    for node in ast.walk(tree):
        if id(node) in left_out:
            continue
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.append(node.value)
        if isinstance(node, ast.JoinedStr):
            said = [
                str(part.value) if isinstance(part, ast.Constant) else "X" for part in node.values
            ]
            found.append("".join(said))
    return found


def test_messages_that_name_a_command_are_found() -> None:
    assert len(messages()) > 25


@pytest.mark.parametrize("message", messages())
def test_no_message_names_a_command_in_the_app(message: str) -> None:
    if any(message.startswith(each) or each in message for each in ONLY_COMMANDS):
        return
    assert not COMMAND.search(in_app.told(message))


EVENING = {
    "where": {"sex": "men", "security": "C"},
    "days": ["tue"],
    "start": "18:00",
    "end": "19:30",
    "open_tables": 15,
}


def clashes(*added: object) -> list[str]:
    """Give what the app tells of added sessions on the built-in estate."""
    estate = load_estate()
    names = dict(
        zip(estate.establishments["establishment"], estate.establishments["name"], strict=True)
    )
    draft = drafts.Draft(
        name="draft", title="A", question="B?", change={"regime.added_sessions": list(added)}
    )
    return [in_app.told(each, names) for each in unfit(drafts.checked(draft), estate)]


def test_evening_added_twice_is_told_by_prison_day_and_time_and_what_to_do() -> None:
    (told,) = clashes(EVENING, EVENING | {"where": {"establishment": ["BXI", "WII"]}})
    assert told == (
        "Brixton and Warren Hill: the session on Tuesdays, 18:00 to 19:30, is added twice, and one "
        "hall holds one session at a time. Add it once: empty the cells of these prisons in the "
        "table Prison by prison, or choose other prisons or days for the question."
    )


def test_evening_added_twice_at_many_prisons_names_some() -> None:
    (told,) = clashes(EVENING, EVENING)
    assert re.match(r"([\w ]+, ){2,}[\w ]+ and \d+ more: the session on Tuesdays", told)


def test_sessions_that_overlap_are_told_by_their_times() -> None:
    where = {"where": {"establishment": ["LEI"]}}
    (told,) = clashes(EVENING | where, EVENING | where | {"start": "19:00", "end": "20:00"})
    assert told == (
        "Leeds: two sessions would share one hall on Tuesdays, one from 18:00 to 19:30 and one "
        "from 19:00 to 20:00. Choose other times, days or prisons for one of them."
    )


def of_cells(**wrong: object) -> list[str]:
    cells = {
        "prisoner_id": "P0003",
        "action": LockAction.LOCK,
        "unit_or_establishment": "NHI-1",
        "reason_code": "own_wish",
        "note": "asked",
        "owner": "A planner",
        "review_date": date(2026, 12, 1),
    }
    with pytest.raises(TableError) as raised:
        LockRow(**(cells | wrong))  # type: ignore[arg-type]
    return in_app.of_decision(raised.value, "P0003")


def test_decision_that_was_not_kept_is_told_by_its_boxes() -> None:
    assert of_cells(note="=1+1", owner=" ") == [
        "The decision about P0003, Note for planners: '=1+1' cannot be kept; it has to be text on "
        "one line that does not begin with = + - or @. Correct it and try again.",
        "The decision about P0003, Who decides: it has to be some text. Correct it and try again.",
    ]


def test_decision_of_a_file_is_told_by_its_number() -> None:
    told = in_app.told("locks.csv row 3, column review_date: found 'x'; expected a date. Do so.")
    assert told == "Decision 2, To be reviewed on: found 'x'; expected a date. Do so."


def test_other_errors_of_a_decision_are_told_line_by_line() -> None:
    assert in_app.of_decision(ScenarioError(["One.", "Two."]), "P1") == ["One.", "Two."]

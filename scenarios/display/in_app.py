"""What is wrong, for a reader of the app: what to press instead of a command to give.

The model says what is wrong in one message for all who use it, with the commands of the command
line and the names of files. A reader of the app has neither: here what the message says to do is
told by the pages and boxes of the app, and what it is about by its words on the screen.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from scenarios.errors import ExitCode, ScenarioError

if TYPE_CHECKING:
    from data.check import Problem, TableError

AGAIN = "Start it again."
INSTEAD: tuple[tuple[str, str], ...] = (
    (r"Run the scenario again with 'estate run'\.", "Start the scenario again on the page Runs."),
    (r"Give a folder made by 'estate run'\.", "Choose another run."),
    (
        r"Give a folder made by 'estate allocate' or 'estate run'(, or a \.csv file)?\.",
        "Choose a run whose placements were optimised.",
    ),
    (
        r"Make it again with 'estate size family-workers'\.",
        "Start the sizing again on the page Family workers.",
    ),
    (
        r"Make it again with 'estate size booking-line'\.",
        "Start the sizing again on the page Booking line and early days.",
    ),
    (
        r"Make it again with 'estate (frontier|stability)'\.",
        "Start the study again on the page Trade-offs.",
    ),
    (
        r"Run again with fewer --workers; finished years are kept\.",
        "Start it again when this machine has less to do, or with fewer simulated years.",
    ),
    (
        r"Give another folder with --runs, or allow writing\.",
        "Ask whoever looks after the app to allow writing there.",
    ),
    (
        r"Give the folder of tables it was made from with --data[^.]*\.",
        "Bring the tables it was made from on the page Data, or make it again.",
    ),
    (
        r"Give a folder of tables; 'estate template DIR' makes one\.",
        "Bring tables on the page Data.",
    ),
    (
        r"Expected files such as establishments\.csv; 'estate template DIR' makes one of each\.",
        "Bring tables on the page Data, which has a template of each.",
    ),
    (
        r"Put in it, say, population\.csv; `estate template` writes an empty folder\.",
        "Bring a table on the page Data.",
    ),
    (r"'estate lock' makes one\.", "A decision kept on the page One person makes one."),
    (
        r"Turn it into \S+\.csv, or give another file with --locks\.",
        "Bring them as a CSV file on the page Data.",
    ),
    (r"Give --budget-fte (\S+) or more\.", r"Share out \1 caseworkers or more."),
    (
        r"Name a scenario that changes something, or another one with --against\.",
        "Choose another run to compare with.",
    ),
    (r"Compare the two with 'estate compare'\.", "Choose both on the page Compare."),
    (r"--setting (\S+): no such setting\.", r"\1: no such setting."),
    (r"--setting (\S+): ", r"The assumption \1 "),
    (
        r"--replications 1: one year has no interval, so no verdict could turn\. Give 2 or more\.",
        "One simulated year has no interval, so no verdict could turn. Compare runs of 2 or more.",
    ),
    (
        r"Give --start-state as the run had it\.",
        "A run that began from a stored state cannot be played again here.",
    ),
    (r"--establishment (\S+): not in this run\.", r"\1 is not in this run."),
    (r"--replication (\S+): ", r"Simulated year \1: "),
    (r"--week (\S+): ", r"Week of \1: "),
    (r"Give --out a (folder|file) that does not exist( yet)?\.", AGAIN),
    (
        r"--changes counts against an earlier plan\. Give its folder with --from\.",
        "Changes are counted against an earlier plan. Decide again on the page One person.",
    ),
    (
        r"Give one with --from, or take the row away\.",
        "Decide again from a plan on the page One person, or take that limit away.",
    ),
    (
        r"a rule that 'estate rules' lists",
        "one of the rules under Rules, weights and limits of a plan",
    ),
    (r"Give a later day with --review\.", "Choose a later day."),
    (
        r"--share (\S+): expected more than 0 and at most 1, such as 0\.8\.",
        r"A share of \1: choose more than 0 and at most 100 per cent.",
    ),
    (r"--share (\S+): give a share above 0 and at most 1\.", r"\1: choose 1 to 100 per cent."),
    (r"--target-minutes (\S+): expected 0 or more\.", r"\1 minutes: choose 0 or more."),
    (r"--target-days (\S+): give a number", r"\1 days: choose a number"),
    (r"--budget-fte (\S+): give a number", r"\1 caseworkers: choose a number"),
    (r"--perimeter (\S+): give .*", r"Prisons that share them: \1 is none that can be chosen."),
    (r"--points (\S+): expected", r"\1 points: choose"),
    (r"--against (\S+): expected one of .*", r"\1: choose another measure to trade against."),
    (r"--precision (\S+): expected a share between", r"A precision of \1: choose a share between"),
    (r"--measure (\S+): no such measure\.", r"\1: no such measure."),
    (
        r"Correct it and give the command again\.",
        "Correct it and try again.",
    ),
)
"""What messages say to do, and what that is in the app."""

DRAFT = re.compile(r"^draft\.yaml( line \d+)?: ")
"""How messages begin that are about the scenario being written."""

CLASH = re.compile(
    r"regime\.added_sessions, regime\.session_times: (?P<one>\S+) and (?P<other>\S+) would both be "
    r"held in hall (?P<hall>.+) of (?P<first>\S+) on (?P<day>\w+), (?P<times>[\d: to]+?) and "
    r"(?P<others>[\d: to]+?)(, and so at (?P<more>.+))?\. Change the times or the days\."
)

FIELDS = {
    "prisoner_id": "Prisoner id",
    "action": "Decision",
    "unit_or_establishment": "Place",
    "reason_code": "Reason",
    "note": "Note for planners",
    "owner": "Who decides",
    "review_date": "To be reviewed on",
}
"""Columns of the table of locks, as the boxes are called in which a planner fills them."""

KEPT = re.compile(rf"\b(?:locks|[0-9a-f]{{8}})\.csv row (\d+), column ({'|'.join(FIELDS)}): ")
"""How messages begin that are about a decision that was kept before, by its row in the file."""


def told(message: str, names: Mapping[str, str] | None = None) -> str:
    """Tell a message of the model to a reader of the app.

    Parameters
    ----------
    names
        Names of prisons by code, where they are known.

    Examples
    --------
    >>> told("runs/a: not a complete run. Run the scenario again with 'estate run'.")
    'runs/a: not a complete run. Start the scenario again on the page Runs.'
    """
    said = DRAFT.sub("", message)
    said = KEPT.sub(lambda found: f"Decision {int(found[1]) - 1}, {FIELDS[found[2]]}: ", said)
    said = CLASH.sub(lambda found: _clash(found, names or {}), said)
    for command, pressed in INSTEAD:
        said = re.sub(command, pressed, said)
    return said


def _clash(found: re.Match[str], names: Mapping[str, str]) -> str:
    """Say which prisons would hold two sessions in one hall at once, when, and what to do."""
    from scenarios.display.changed import DAYS, listed

    codes = re.split(r", | and ", found["more"]) if found["more"] else []
    prisons = [names.get(code, code) for code in [found["first"], *codes]]
    places = listed(prisons)
    day = DAYS.get(found["day"], found["day"])
    both_added = all("-added-" in found[which] for which in ("one", "other"))
    if both_added and found["times"] == found["others"]:
        return (
            f"{places}: the session on {day}, {found['times']}, is added twice, and one hall holds "
            "one session at a time. Add it once: empty the cells of these prisons in the table "
            "Prison by prison, or choose other prisons or days for the question."
        )
    return (
        f"{places}: two sessions would share one hall on {day}, one from {found['times']} and one "
        f"from {found['others']}. Choose other times, days or prisons for one of them."
    )


def of_decision(error: TableError | ScenarioError, prisoner_id: str) -> list[str]:
    """Say why a decision about a person was not kept: by its boxes, not by the columns of a file.

    Parameters
    ----------
    prisoner_id
        Whom the decision is about.
    """
    if isinstance(error, ScenarioError):
        return [told(line) for line in error.problems]
    return [_decision_fault(problem, prisoner_id) for problem in error.problems]


def _decision_fault(problem: Problem, prisoner_id: str) -> str:
    if problem.column not in FIELDS:
        return told(str(problem))
    kept = f"Decision {problem.rows[0] - 1} of those kept before" if problem.rows else ""
    about = kept or f"The decision about {prisoner_id}"
    expected = re.sub(r"^an id of .*", "one that this plan has", problem.expected)
    found = f"'{problem.value}' cannot be kept; " if problem.value.strip() else ""
    action = re.sub(
        r"Give an id of its placements\.parquet\.",
        "Take it from the list of moves.",
        problem.action,
    )
    return f"{about}, {FIELDS[problem.column]}: {found}it has to be {expected}. {told(action)}"


ENDED: dict[int, str] = {
    ExitCode.INFEASIBLE: "It is stored, but not all that was asked can be met: read what it says.",
    ExitCode.NOT_CERTIFIED: "It is stored, but its proof does not hold: do not act on it before "
    "somebody who looks after the model has seen it.",
    ExitCode.INTERRUPTED: "It was stopped early and holds the best that was found until then.",
}
"""How work that is stored ended, where it was not as asked."""

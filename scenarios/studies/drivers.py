"""What drives a change: the lines of a scenario played one at a time on the same families.

A study stands in a folder of its own beside the runs::

    drivers.json      command, the two runs, the steps and their lines, what was played
    drivers.parquet   what each step brings to each headline measure, with intervals
    drivers.csv       the same for a spreadsheet
    scenario.yaml     every setting of the second scenario
    manifest.json     where it comes from
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from data.progress import Progress, silent
from scenarios.comparing.compare import difference_words
from scenarios.comparing.drivers import (
    ALONE,
    IN_TURN,
    LAST,
    ORDER,
    TOLD,
    WHOLE,
    Chosen,
    combinations,
    driver_rows,
)
from scenarios.comparing.verdict import SAME
from scenarios.ensemble.ledger import clear_old_ledgers, forget_own_ledgers
from scenarios.errors import ScenarioError
from scenarios.results import clear_abandoned
from scenarios.run import Options, Stopwatch, check_all_resumable, scenarios_of
from scenarios.schema import Scenario
from scenarios.studies.changed_lines import Line, Step, lines_between, steps_of, told, with_lines
from scenarios.studies.experiment import not_the_same_families
from scenarios.studies.played import Played, account_of, command_of, folder_of, play, sound, store


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Asked:
    """Two scenarios, the lines between them and the scenarios that tell them apart."""

    one: Scenario
    other: Scenario
    lines: tuple[Line, ...]
    steps: tuple[Step, ...]
    played: Mapping[Chosen, Scenario]


def drivers(
    name: str,
    options: Options,
    *,
    against: str = "baseline",
    every_order: bool = True,
    progress: Progress = silent,
) -> Played:
    """Play the lines of a scenario one after another and say what each brings.

    Parameters
    ----------
    name
        Name or path of a scenario.
    options
        Data, seed, replications, place and workers.
    against
        Name or path of the scenario it is compared with.
    every_order
        Whether to play each line alone and on top of all the others too, so that it is seen where
        what it brings depends on the order.
    progress
        Told of each stage.

    Returns
    -------
    Played
        The steps in turn add up to the whole change, replication by replication.

    Raises
    ------
    ScenarioError
        When the two do not differ, or are not played on the same families.
    """
    one, other = scenarios_of([against, name], options)
    lines = lines_between(one, other)
    problems = not_the_same_families([one, other])
    if not lines:
        problems.append(
            f"{other.name}: no line differs from {one.name}. Name a scenario that changes something"
            ", or another one with --against."
        )
    if problems:
        raise ScenarioError(problems)
    asked_words = [] if every_order else ["--in-turn-only"]
    folder = folder_of("drivers", one, other, options, asked_words)
    clear_abandoned(options.runs_dir)
    clear_old_ledgers(options.runs_dir)
    if not folder.is_dir():
        asked = _asked(one, other, lines, options, every_order=every_order)
        if options.resume:
            check_all_resumable(list(asked.played.values()), options)
        clock, ends = Stopwatch(), (frozenset[int](), frozenset(range(1, len(asked.steps) + 1)))
        with clock("simulation"):
            runs, levels = play(asked.played, ends, options, progress)
        words = ["estate", "drivers", other.name, "--against", one.name, *asked_words]
        steps = told(asked.lines, asked.steps)
        account = account_of(runs, asked.played, options, command_of(words, options)) | {
            "steps": steps,
            "every_order": every_order,
        }
        rows = driver_rows(levels, len(asked.steps))
        of_step = rows["step"].map(_names(steps)).fillna("")
        store(
            folder, "drivers", other, account, rows, options, clock, words={"lines": list(of_step)}
        )
        forget_own_ledgers(options.runs_dir)
    return Played.opened(folder, "drivers", tell)


def _asked(
    one: Scenario,
    other: Scenario,
    lines: tuple[Line, ...],
    options: Options,
    *,
    every_order: bool,
) -> _Asked:
    """Find the steps, and the scenarios of which each one has some of them."""
    known: dict[frozenset[int], Scenario | None] = {
        frozenset(): one,
        frozenset(range(len(lines))): other,
    }

    def scenario_of(chosen: frozenset[int]) -> Scenario | None:
        if chosen not in known:
            numbers = "-".join(str(number + 1) for number in sorted(chosen))
            read = with_lines(one, other, lines, chosen, f"{other.name}-lines-{numbers}")
            known[chosen] = sound(read, options.data_dir)
        return known[chosen]

    found = steps_of(
        [line.setting for line in lines], lambda chosen: scenario_of(chosen) is not None
    )
    played = {}
    for chosen in combinations(len(found), every_order=every_order):
        of_lines = frozenset(number for step in chosen for number in found[step - 1].lines)
        scenario = scenario_of(of_lines)
        if scenario is not None:
            played[chosen] = scenario
    return _Asked(one=one, other=other, lines=lines, steps=found, played=played)


def _names(steps: Sequence[Mapping[str, Any]]) -> dict[int, str]:
    return {
        number: "; ".join(line["name"] for line in step["lines"])
        for number, step in enumerate(steps, start=1)
    }


def tell(content: Mapping[str, Any], rows: pd.DataFrame) -> list[str]:
    """Say in lines what each step brings to the measures that change.

    Parameters
    ----------
    content
        What ``drivers.json`` holds.
    rows
        As from :func:`driver_rows`.
    """
    first, second = content["titles"]
    lines = [f"{second}, against: {first}", ""]
    for number, step in enumerate(content["steps"], start=1):
        lines += [f"{number}. {line['name']}: {line['after']}" for line in step["lines"]]
        lines += [f"   {step['why']}"] if step["why"] else []
    of_all = rows[rows["group_by"] == "all"]
    for measure, found in of_all.groupby("measure", sort=False):
        by = {(str(row["order"]), int(row["step"])): row for row in found.to_dict("records")}
        whole = by[WHOLE, 0]
        if whole["verdict"] == SAME and all(row["verdict"] == SAME for row in by.values()):
            continue
        lines += ["", f"{TOLD[str(measure)]}: {difference_words(whole)}"]
        for number in range(1, len(content["steps"]) + 1):
            said = f"  {number}. {difference_words(by[IN_TURN, number])}"
            lines.append(f"{said}{_order_words(by, number)}")
    lines += ["", _basis(content)]
    return lines


def _order_words(by: Mapping[tuple[str, int], Mapping[Any, Any]], number: int) -> str:
    """Say where what a step brings depends on the order."""
    order = by.get((ORDER, number))
    if order is None or order["verdict"] not in ("higher", "lower"):
        return ""
    alone, last = (difference_words(by[how, number]) for how in (ALONE, LAST))
    return f"; depends on the order: alone {alone}, on top of all the others {last}"


def _basis(content: Mapping[str, Any]) -> str:
    return (
        "Each line is played on top of those before it, so the steps add up to the whole. 95% "
        f"intervals of paired differences over {content['replications']} replications of the same "
        f"families; {content['scenarios_played']} scenarios played."
    )

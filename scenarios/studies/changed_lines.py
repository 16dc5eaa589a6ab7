"""The lines by which one scenario differs from another, and the steps that play them in turn."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scenarios.load import Read, changed_baseline
from scenarios.schema import SELECTING, Scenario

OF_A_PLAN = ("allocation", "objective", "limits", "rules", "move_parts")
"""Sections that only say how people are placed: they count where placements are decided."""

PLACED = "placements"

AS_A_PLAN = "They say together who is held where: each counts only with the others."
"""Why the lines of a plan are one step."""

NOT_ALONE = "The model refuses the first of them without the others."
"""Why other lines are one step."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Line:
    """One line by which a scenario differs from another.

    Attributes
    ----------
    setting
        Its name, or that of a row of a table that scenarios change (``rules.<id>``).
    row
        Which row of a setting that is a list of edits, from 1; none for the whole setting.
    before, after
        Values in the first scenario and in the other, as a scenario file has them. A row is not
        there before.
    """

    setting: str
    row: int | None = None
    before: Any
    after: Any

    @property
    def name(self) -> str:
        """What it is called: the setting, and which row of it."""
        return self.setting if self.row is None else f"{self.setting} row {self.row}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Lines that are played at once: one, or a few that cannot stand without each other.

    Attributes
    ----------
    lines
        Numbers of the lines, from 0, in their order.
    why
        Why there are several; empty for one.
    """

    lines: tuple[int, ...]
    why: str = ""


def lines_between(one: Scenario, other: Scenario) -> tuple[Line, ...]:
    """List the lines by which a scenario differs from another, in the order of its file.

    A list of edits to which the other scenario adds several rows is a line for each row. What only
    the first scenario changes comes last: its line takes the change back.

    Parameters
    ----------
    one
        What is compared with, such as the baseline.
    other
        What is compared.

    Examples
    --------
    >>> from scenarios.load import load_scenario
    >>> found = lines_between(load_scenario("baseline"), load_scenario("video_full_credit"))
    >>> [line.name for line in found]
    ['video.credit_minutes_per_month', 'video.added_hours']
    """
    mine, theirs = written(one), written(other)
    baseline = {each.setting: each.before for each in (*one.changes, *other.changes)}
    found: list[Line] = []
    for setting in dict.fromkeys([*theirs, *mine]):
        before = mine.get(setting, baseline[setting])
        after = theirs.get(setting, baseline[setting])
        if setting in mine and before == after:
            continue
        added = _added_rows(setting, before, after)
        if len(added) > 1:
            found += [
                Line(setting=setting, row=len(before) + number, before=None, after=row)
                for number, row in enumerate(added, start=1)
            ]
        else:
            found.append(Line(setting=setting, before=before, after=after))
    return tuple(found)


def _added_rows(setting: str, before: Any, after: Any) -> list[Any]:
    """Give the rows that a list of edits has more than another; none where others change too."""
    if setting not in SELECTING or not isinstance(before, list) or not isinstance(after, list):
        return []
    return after[len(before) :] if after[: len(before)] == before else []


def written(scenario: Scenario) -> dict[str, Any]:
    """Give what a scenario changes of the baseline, by setting, as its file has it."""
    return {change.setting: change.after for change in scenario.changes}


def with_lines(
    one: Scenario, other: Scenario, lines: Sequence[Line], chosen: Collection[int], name: str
) -> Read:
    """Read the scenario that differs from the first one by some lines alone.

    Parameters
    ----------
    one, other
        The two scenarios that the lines are between.
    lines
        As from :func:`lines_between`.
    chosen
        Numbers of the lines that it has, from 0.
    name
        What it is called.

    Returns
    -------
    Read
        The scenario, and why the model refuses it where it does.
    """
    change, theirs = written(one), written(other)
    for number in sorted(chosen):
        line = lines[number]
        if line.row is not None:
            change[line.setting] = [*change.get(line.setting, []), line.after]
        elif line.setting in theirs:
            change[line.setting] = theirs[line.setting]
        else:
            change.pop(line.setting)
    title = f"{other.title}: {_told(lines, chosen)}"
    return changed_baseline(name, change, {"title": title, "question": other.question})


def _told(lines: Sequence[Line], chosen: Collection[int]) -> str:
    return ", ".join(lines[number].name for number in sorted(chosen)) or "no line"


def steps_of(
    settings: Sequence[str], is_sound: Callable[[frozenset[int]], bool]
) -> tuple[Step, ...]:
    """Put lines into steps, in their order, so that a scenario with the steps so far can be played.

    Parameters
    ----------
    settings
        The setting of each line.
    is_sound
        Whether the model takes a scenario with these lines alone; it takes one with all.

    Returns
    -------
    tuple of Step
        Every line in one step, the steps in the order of their first lines. Lines are put together
        only where one alone would be refused on top of the steps before it, and those of a plan
        where ``placements`` is among the lines.

    Examples
    --------
    >>> [step.lines for step in steps_of(["a", "b", "c"], lambda has: 0 not in has or 2 in has)]
    [(0, 2), (1,)]
    """
    left = list(_with_the_plan(settings))
    found: list[Step] = []
    done: frozenset[int] = frozenset()
    while left:
        taken = next(each for each in _tries(left) if is_sound(done.union(*each)))
        lines = tuple(sorted(frozenset().union(*taken)))
        why = NOT_ALONE if len(taken) > 1 else AS_A_PLAN if len(lines) > 1 else ""
        found.append(Step(lines=lines, why=why))
        done = done.union(lines)
        left = [each for each in left if each not in taken]
    return tuple(found)


def _with_the_plan(settings: Sequence[str]) -> Iterator[frozenset[int]]:
    """Give the lines one by one, those of a plan together where placements are decided anew."""
    of_plan = [
        number
        for number, setting in enumerate(settings)
        if setting == PLACED or setting.partition(".")[0] in OF_A_PLAN
    ]
    if PLACED not in settings:
        of_plan = []
    for number in range(len(settings)):
        if number not in of_plan:
            yield frozenset([number])
        elif number == of_plan[0]:
            yield frozenset(of_plan)


def _tries(left: Sequence[frozenset[int]]) -> Iterator[list[frozenset[int]]]:
    """Give what may be played next: the first alone, with one other, then with ever more."""
    first, others = left[0], left[1:]
    yield [first]
    yield from ([first, other] for other in others)
    yield from ([first, *others[:count]] for count in range(2, len(others) + 1))


def told(lines: Sequence[Line], steps: Sequence[Step]) -> list[Mapping[str, Any]]:
    """Give steps and their lines in plain values, as a study keeps them."""
    from scenarios.plain_yaml import text

    return [
        {
            "why": step.why,
            "lines": [
                {
                    "name": lines[number].name,
                    "setting": lines[number].setting,
                    "before": "" if lines[number].row else text(lines[number].before),
                    "after": text(lines[number].after),
                }
                for number in step.lines
            ],
        }
        for step in steps
    ]

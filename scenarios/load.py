"""From a scenario's file to a Scenario: the baseline with its changes, checked all at once."""

from __future__ import annotations

import csv
from calendar import day_name
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, fields, is_dataclass, replace
from datetime import timedelta
from difflib import get_close_matches
from functools import cache, reduce
from importlib.resources import files
from pathlib import Path
from types import NoneType
from typing import Any, get_args, get_type_hints

from pydantic import BaseModel, ValidationError

from data.schema import columns
from optimiser.limits import LimitError, tolerances
from scenarios.errors import ScenarioError, suggestion
from scenarios.plain_yaml import read_mapping
from scenarios.schema import (
    SECTIONS,
    SELECTING,
    Change,
    MovePartChange,
    RuleChange,
    Scenario,
    ScenarioFile,
)
from scenarios.settings import settings
from scenarios.stand_ins import StandIns, Tree
from scenarios.truth import truths_for_numbers


def scenario_names() -> list[str]:
    """Name the scenarios that come with the model, baseline first."""
    names = sorted(
        Path(item.name).stem
        for item in files("scenarios").iterdir()
        if item.name.endswith(".yaml") and item.name != "baseline.yaml"
    )
    return ["baseline", *names]


def load_scenario(name: str | Path) -> Scenario:
    """Load a scenario by name, or from the path of a YAML file.

    Parameters
    ----------
    name
        One of ``scenario_names()``, or a path that ends in ``.yaml`` or ``.yml``.

    Returns
    -------
    Scenario
        Every setting of the baseline with this scenario's changes, each kept as setting, before
        and after.

    Raises
    ------
    ScenarioError
        When the file is missing, empty or not plain YAML, when its parent is not the baseline,
        when a key is unknown (with the nearest right one), or when a value has the wrong type or
        lies outside its setting's range. All faults of the file come in one report.

    Examples
    --------
    >>> load_scenario("video_full_credit").changes[0].setting
    'video.credit_minutes_per_month'
    """
    found = read_scenario(name)
    if found.problems or found.scenario is None:
        raise ScenarioError(found.problems)
    return found.scenario


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Read:
    """A scenario as far as it can be read, and what is wrong with it.

    Attributes
    ----------
    scenario
        What could not be read stands as in the baseline; None where nothing can be said of it.
    problems
        Every fault of its file, one sentence each.
    stand_ins
        What of it is the baseline's, or left out, because of a fault.
    """

    scenario: Scenario | None
    problems: tuple[str, ...] = ()
    stand_ins: StandIns = field(default_factory=lambda: StandIns({}))

    @property
    def at_fault(self) -> frozenset[str]:
        """Names of the sections of which something could not be read, as the file has them."""
        return frozenset(name.partition(".")[0] for name in self.stand_ins.settings)


def read_scenario(name: str | Path) -> Read:
    """Read a scenario as far as it goes.

    Parameters
    ----------
    name
        As for ``load_scenario``.

    Returns
    -------
    Read
        What can be read, and every fault of the file.
    """
    path = _path(name)
    if path is None:
        known = scenario_names()
        told = (
            f"no scenario '{name}'. {suggestion(str(name), known)} "
            "Give one of these names or the path of a .yaml file."
        )
        return Read(scenario=None, problems=(told,))
    if path.stem == "baseline" and path == _built_in("baseline"):
        return _build("baseline", path.name, _baseline(), ())
    try:
        return _changed(path)
    except ScenarioError as error:
        return Read(scenario=None, problems=error.problems)


def _changed(path: Path) -> Read:
    written = _read_written(path)
    head, problems = _head_of(written, path.name)
    change = written.get("change")
    told = {} if head is None else head.model_dump(include={"title", "question", "parent"})
    found = changed_baseline(path.stem, change if isinstance(change, dict) else {}, told, path.name)
    return replace(found, problems=(*problems, *found.problems))


def changed_baseline(
    name: str, change: Mapping[str, Any], head: Mapping[str, Any], file: str = ""
) -> Read:
    """Read the scenario that changes some settings of the baseline.

    Parameters
    ----------
    name
        What it is called.
    change
        Settings by name, or rows of a table that scenarios change, with their values as in a
        scenario file.
    head
        Title and question, where they are known.
    file
        The file that faults are told of; ``<name>.yaml`` where it is left out.

    Returns
    -------
    Read
        What can be read, and every fault.
    """
    file = file or f"{name}.yaml"
    tree = deepcopy(_baseline())
    changes: list[Change] = []
    problems: list[str] = []
    refused: set[str] = set()
    for setting, value in _row_by_row(change):
        try:
            changes.append(_apply(tree, str(setting), value))
        except ScenarioError as error:
            problems += [f"{file}: {problem}" for problem in error.problems]
            refused.add(str(setting))
    built = _build(name, file, tree | dict(head), tuple(changes), refused)
    return replace(built, problems=(*problems, *built.problems))


def _read_written(path: Path) -> Tree:
    """Read what a scenario file says; nothing else of one with another parent can be judged."""
    tree = read_mapping(path)
    parent = tree.get("parent", "baseline")
    if parent != "baseline":
        known = parent in scenario_names()
        why = "has a parent of its own; chains are not allowed" if known else "does not exist"
        raise ScenarioError(
            f"{path.name}: parent '{parent}' {why}. The only parent is 'baseline': "
            "copy the other scenario's changes into this file."
        )
    return tree


def _head_of(written: Tree, file: str) -> tuple[ScenarioFile | None, list[str]]:
    """Give the head of a scenario file, and what is wrong with it."""
    try:
        return ScenarioFile.model_validate(written), []
    except ValidationError as error:
        faults = [f"{file}: {_sentence(fault, ScenarioFile)}" for fault in error.errors()]
        return None, faults


def _row_by_row(change: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Give each changed setting, and each changed row of a table that is changed as a whole."""
    for setting, value in change.items():
        if setting in ROW_CHANGES and isinstance(value, dict):
            yield from ((f"{setting}.{row}", changed) for row, changed in value.items())
        else:
            yield setting, value


def _apply(tree: Tree, setting: str, value: Any) -> Change:
    """Put one changed value into the tree, which holds the baseline until then."""
    *sections, key = setting.split(".")
    if len(sections) == 1 and sections[0] in ROW_CHANGES:
        return _apply_row(tree, sections[0], key, value)
    parent: Any = tree
    for section in sections:
        parent = parent.get(section) if isinstance(parent, dict) else None
    if not isinstance(parent, dict) or key not in parent or setting in _HEAD:
        raise ScenarioError(f"no setting '{setting}'. {_meant(setting)}")
    row = settings().get(setting)
    if row is None:
        inside = [name for name in settings() if name.startswith(f"{setting}.")]
        named = [f"{setting}.{part}" for part in value] if isinstance(value, dict) else []
        known = next((name for name in named if name in settings()), inside[0])
        raise ScenarioError(
            f"'{setting}' is a section. Change its settings by their full names: {known}."
        )
    wrong = row.problem(value)
    if wrong:
        raise ScenarioError(f"{setting}: {wrong}. {row.meaning}.")
    before, parent[key] = parent[key], value
    return Change(setting=setting, before=before, after=value)


def _meant(name: str) -> str:
    """Say which setting or row is meant by a name: one called so in any section, or nearly so.

    Examples
    --------
    >>> _meant("attendance.notice_days_mn")
    "Did you mean 'regime.notice_days_min' or 'video.notice_days_min'?"
    """
    known = [*settings(), *(f"{table}.{row}" for table in ROW_CHANGES for row in rows_by_id(table))]
    own_names = {each: each.rpartition(".")[2] for each in known}
    near = get_close_matches(name.rpartition(".")[2], set(own_names.values()), n=1, cutoff=0.8)
    alike = [each for each, own_name in own_names.items() if own_name in near]
    whole = get_close_matches(name, alike or known, n=1, cutoff=0.9)
    meant = " or ".join(f"'{each}'" for each in whole or alike[:MEANT])
    return f"Did you mean {meant}?" if meant else suggestion(name, known)


MEANT = 3
"""Most names that are told where one stands in several sections."""

_HEAD = ("name", "title", "question", "parent", "changes")


def _apply_row(tree: Tree, table: str, row: str, value: Any) -> Change:
    """Put a change of one row of a table into the tree."""
    known, model = rows_by_id(table), ROW_CHANGES[table]
    if row not in known:
        word = table.replace("_", " ").removesuffix("s")
        near = get_close_matches(row, known, n=1)
        hint = suggestion(row, known) if near else _meant(f"{table}.{row}")
        raise ScenarioError(f"no {word} '{row}' in {table}.csv. {hint}")
    try:
        model.model_validate(value)
    except ValidationError as error:
        raise ScenarioError(
            [f"{table}.{row}: {_sentence(fault, model)}" for fault in error.errors()]
        ) from None
    tree[table][row] = value
    return Change(setting=f"{table}.{row}", before=known[row], after=value)


ROW_CHANGES: dict[str, type[BaseModel]] = {"rules": RuleChange, "move_parts": MovePartChange}
"""Tables whose rows a scenario changes by name, and what it may change of a row."""


@cache
def rows_by_id(table: str) -> dict[str, dict[str, str]]:
    """Read what a scenario may change of every built-in row of a table."""
    text = files("data").joinpath(f"tables/{table}.csv").read_text(encoding="utf-8")
    key = columns(table)[0].name
    shown = [name for name in ROW_CHANGES[table].model_fields if not name.startswith("valid_")]
    return {
        row[key]: {name: row[name] for name in shown if row[name]}
        for row in csv.DictReader(text.splitlines())
    }


def _build(
    name: str, file: str, tree: Tree, changes: tuple[Change, ...], refused: Iterable[str] = ()
) -> Read:
    """Make a scenario; where a part cannot be read the others are looked at all the same."""
    stand_ins = StandIns(_baseline(), refused)
    scenario, problems = _read(name, tree, changes, stand_ins)
    changed = {part: tree[part] for part, known in _baseline().items() if tree[part] != known}
    problems += [*truths_for_numbers(changed), *_unknown_words(tree)]
    if scenario is not None:
        problems += _rule_problems(scenario)
        problems += _limit_problems(scenario)
        problems += _waits_unused(scenario)
        problems += _first_day_problems(scenario)
    told = tuple(f"{file}: {problem}" for problem in problems)
    return Read(scenario=scenario, problems=told, stand_ins=stand_ins)


PASSES = 5
"""Times a scenario is read at most: what is wrong inside a setting hides what is wrong with it."""


def _read(
    name: str, tree: Tree, changes: tuple[Change, ...], stand_ins: StandIns
) -> tuple[Scenario | None, list[str]]:
    """Read a scenario, the baseline in place of what cannot be read; say why it cannot."""
    given: Tree | None = {
        "title": name,
        "question": name,
        **tree,
        "name": name,
        "changes": changes,
    }
    problems: list[str] = []
    for _ in range(PASSES):
        try:
            return Scenario.model_validate(given), problems
        except ValidationError as error:
            said = [(fault["loc"], _sentence(fault, Scenario)) for fault in error.errors()]
        problems += [told for place, told in said if not stand_ins.follows(place, told)]
        given = stand_ins.put_into(given or {}, [place for place, _ in said], _go_together)
        if given is None:
            break
    return None, list(dict.fromkeys(problems))


def _go_together(given: Tree, section: str) -> bool:
    """Say whether nothing is wrong with the settings of a section beside one another."""
    try:
        Scenario.model_validate(given)
    except ValidationError as error:
        return all(fault["loc"] != (section,) for fault in error.errors())
    return True


def _limit_problems(scenario: Scenario) -> list[str]:
    """Find limits that cannot stand beside one another."""
    try:
        tolerances(scenario.limits)
    except LimitError as error:
        return [str(error)]
    return []


FIXED_WAITS = (
    "asking.phone_from", "asking.phone_until", "asking.phone_days", "asking.phone_through_share",
    "asking.phone_retry_minutes", "asking.phone_wait_minutes",
)  # fmt: skip
"""Settings that stand for booking lines where these are not played."""


def _waits_unused(scenario: Scenario) -> list[str]:
    """Find changes of what stands for booking lines in a scenario that plays them."""
    if not scenario.line.modelled:
        return []
    changed = [
        change.setting
        for change in scenario.changes
        if change.setting in FIXED_WAITS and change.before != change.after
    ]
    if not changed:
        return []
    return [
        f"{', '.join(changed)}: no effect while booking lines are played. Set line.modelled to "
        "false too, or change what the lines do under 'line.'."
    ]


def _first_day_problems(scenario: Scenario) -> list[str]:
    """Find a first day other than a Monday, from which weeks of work and leave are counted."""
    first = scenario.calendar.start_date
    if not first.weekday():
        return []
    monday = first - timedelta(days=first.weekday())
    return [
        f"calendar.start_date: {first} is a {day_name[first.weekday()]}; expected a "
        f"Monday, such as {monday}."
    ]


def _rule_problems(scenario: Scenario) -> list[str]:
    """Find rules that the scenario switches, prices or dates as they cannot be."""
    if not scenario.rules:
        return []
    from data.load import read_table
    from scenarios.row_changes import changed_rule_problems

    return changed_rule_problems(read_table("rules"), scenario.rules)


def _unknown_words(tree: Tree) -> Iterator[str]:
    """Find words in selectors that are not among the closed set of their column."""
    allowed = {
        column.name: column.words
        for table in ("establishments", "units", "session_templates")
        for column in columns(table)
        if column.words
    }
    for setting in SELECTING:
        rows: Any = reduce(lambda inside, key: inside[key], setting.split("."), tree)
        for number, row in enumerate(rows if isinstance(rows, list) else (), start=1):
            where = row.get("where") if isinstance(row, dict) else None
            for name, found in where.items() if isinstance(where, dict) else ():
                for word in found if isinstance(found, list) else [found]:
                    if name in allowed and word is not None and str(word) not in allowed[name]:
                        place = f"{setting} row {number}"
                        yield f"{place}: no {name} '{word}'. {suggestion(word, allowed[name])}"


def _sentence(fault: Any, model: Any) -> str:
    """Say one of pydantic's faults as place, value, expectation and next step."""
    *outer, last = fault["loc"] or ("",)
    if fault["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
        parts = [*(str(part) for part in outer if _is_written(part)), str(last)]
        return f"no key '{'.'.join(parts)}'. {_key_meant(parts, model)}"
    parts = [str(part) for part in fault["loc"] if _is_written(part)]
    place = ".".join(parts) or "the file"
    if fault["type"] in ("missing", "missing_argument"):
        return f"'{place}' is missing. Add it."
    if fault["type"] == "value_error":
        # a check names the section it belongs to, which the place does already
        said = str(fault["ctx"]["error"]).removeprefix(f"{parts[0]}: " if parts else "")
        return f"{place}: {said}"
    message = fault["msg"][:1].lower() + fault["msg"][1:]
    return f"{place}: found {fault['input']!r}; {message}."


def _key_meant(parts: Sequence[str], model: Any) -> str:
    """Say which key is meant by a wrong one; a setting stands under ``change``."""
    if model is ScenarioFile and len(parts) == 1:
        key = parts[0]
        if key in settings() or key in _baseline():
            return "Write it under 'change:'."
        near = get_close_matches(key, _keys_beside(parts, model), n=1)
        return suggestion(key, _keys_beside(parts, model)) if near else _meant(key)
    return suggestion(parts[-1], _keys_beside(parts, model))


def _is_written(part: Any) -> bool:
    """Say whether a part of a fault's place stands in the file; kinds of a union do not."""
    return isinstance(part, int) or (part.isidentifier() and part not in ("str", "int", "float"))


def _keys_beside(place: Sequence[str], model: Any) -> list[str]:
    """Name the keys that may stand where a wrong one was found."""
    current = model
    for part in place[:-1]:
        hints = get_type_hints(current) if isinstance(current, type) else {}
        current = _plain_type(hints[part]) if part in hints else current
    if is_dataclass(current):
        return [each.name for each in fields(current)]
    known: dict[str, Any] = getattr(current, "model_fields", {})
    return [each.alias or name for name, each in known.items()]


def _plain_type(hint: Any) -> Any:
    """Find the class inside tuples, mappings and unions."""
    inner = [_plain_type(part) for part in get_args(hint) if part not in (str, Ellipsis, NoneType)]
    return inner[-1] if inner else hint


def _path(name: str | Path) -> Path | None:
    given = Path(name)
    if given.suffix in (".yaml", ".yml"):
        return given
    path = _built_in(str(name))
    return path if path.is_file() else None


def _built_in(name: str) -> Path:
    return Path(str(files("scenarios").joinpath(f"{name}.yaml")))


@cache
def _baseline() -> Tree:
    tree = read_mapping(_built_in("baseline"))
    missing = [section for section in SECTIONS if section not in tree]
    if missing:
        raise ScenarioError(f"baseline.yaml: no section {', '.join(missing)}.")
    return tree


def every_setting(tree: Tree | None = None, prefix: str = "") -> Iterator[str]:
    """Name every setting of the baseline, as the rows of ``settings.csv`` do."""
    tree = _baseline() if tree is None else tree
    for key, value in tree.items():
        if not prefix and key in _HEAD:
            continue
        if isinstance(value, dict) and f"{prefix}{key}" not in settings():
            yield from every_setting(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}"

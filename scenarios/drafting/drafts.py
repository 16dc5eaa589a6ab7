"""Scenarios that are being written: kept beside the runs, as the files that a run is started from.

A draft is a child of the baseline and holds its differences alone. What is kept is the scenario
file itself, so the command line runs it as it stands; every run stores its own frozen copy.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import yaml

from scenarios.errors import ScenarioError
from scenarios.load import load_scenario, scenario_names
from scenarios.plain_yaml import PlainLoader, parse, read_mapping, refuse_depth
from scenarios.schema import Scenario
from scenarios.settings import settings

FOLDER = ".scenarios"
"""Folder of the drafts below that of the runs."""

LARGEST = 200_000
"""Bytes of a scenario file above which it is not read."""

NOTHING_CHANGED = "Nothing is changed yet: this is the baseline."

NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A scenario that is being written: its name, its words and what it changes of the baseline."""

    name: str
    title: str
    question: str
    change: Mapping[str, Any] = field(default_factory=dict)


def folder_of(runs: Path) -> Path:
    """Give the folder of the drafts beside some runs."""
    return runs / FOLDER


def draft_text(draft: Draft) -> str:
    """Write a draft as a scenario file.

    Examples
    --------
    >>> print(draft_text(Draft(name="a", title="A", question="B?", change={"calendar.weeks": 26})))
    title: A
    question: B?
    parent: baseline
    change:
      calendar.weeks: 26
    <BLANKLINE>
    """
    content = {
        "title": draft.title,
        "question": draft.question,
        "parent": "baseline",
        "change": draft.change,
    }
    return dumped(content)


def dumped(content: Mapping[str, Any]) -> str:
    """Write plain values as YAML, each where it stands."""
    plain = _plain(content)
    return str(yaml.dump(plain, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=96))


class _Dumper(yaml.SafeDumper):
    """Writes every value where it stands: a scenario file holds no references."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def checked(draft: Draft) -> Scenario:
    """Make the scenario that a draft says.

    Raises
    ------
    ScenarioError
        With everything that is wrong with it, in one report.
    """
    return checked_text(draft.name, draft_text(draft))


def checked_text(name: str, text: str) -> Scenario:
    """Make the scenario that the text of a scenario file says.

    Raises
    ------
    ScenarioError
        With everything that is wrong with it, in one report.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{proper_name(name)}.yaml"
        path.write_text(text, encoding="utf-8")
        return load_scenario(path)


def faults(draft: Draft) -> tuple[str, ...]:
    """Say what is wrong with a draft, one sentence each; nothing when it can be run."""
    if not draft.change:
        return (NOTHING_CHANGED,)
    try:
        checked(draft)
    except ScenarioError as error:
        return error.problems
    return ()


def from_file(name: str, content: bytes) -> Draft:
    """Read a scenario file that somebody hands in.

    Parameters
    ----------
    name
        Name of the file.
    content
        What it holds.

    Raises
    ------
    ScenarioError
        When it is too large, no text, no plain YAML, or holds faults; all in one report.
    """
    if len(content) > LARGEST:
        raise ScenarioError(
            f"{name}: {len(content):,} bytes; a scenario file has at most {LARGEST:,}. "
            "Give the file of a scenario."
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ScenarioError(f"{name}: is not UTF-8 text. Save it as UTF-8.") from None
    _refuse_references(name, text)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{proper_name(Path(name).stem)}.yaml"
        path.write_text(text, encoding="utf-8")
        load_scenario(path)
        return read_draft(path)


def _refuse_references(name: str, text: str) -> None:
    """Refuse anchors and aliases, through which a small file can say something huge."""
    try:
        refuse_depth(text)
        tokens = list(yaml.scan(text, Loader=PlainLoader))
    except (yaml.YAMLError, ValueError, RecursionError):
        return  # told with its line by the reader of scenario files
    if any(isinstance(token, yaml.AnchorToken | yaml.AliasToken) for token in tokens):
        raise ScenarioError(
            f"{name}: refers to a value by an anchor (& or *). Write the value where it is meant."
        )


def read_draft(path: Path) -> Draft:
    """Read a scenario file as a draft, whatever it changes.

    Raises
    ------
    ScenarioError
        When it cannot be read.
    """
    content = read_mapping(path)
    change = content.get("change")
    return Draft(
        name=path.stem,
        title=str(content.get("title", path.stem)),
        question=str(content.get("question", "")),
        change=dict(change) if isinstance(change, dict) else {},
    )


def built_in(name: str) -> Draft:
    """Read a scenario that comes with the model as a draft."""
    with as_file(files("scenarios").joinpath(f"{name}.yaml")) as path:
        return read_draft(path)


def parsed(setting: str, written: str) -> tuple[str | None, Any]:
    """Read what is written as the value of a setting: what is wrong with it, else its value.

    Examples
    --------
    >>> parsed("calendar.weeks", "26")
    (None, 26)
    >>> parsed("calendar.weeks", "0")
    ('calendar.weeks: 0 is outside 1 to 520 weeks.', None)
    """
    try:
        _refuse_references(setting, written)
        value = parse(written)
    except (yaml.YAMLError, ValueError, RecursionError):
        return f"{setting}: '{written[:80]}' is no plain value.", None
    wrong = settings()[setting].problem(value)
    return (None, value) if wrong is None else (f"{setting}: {wrong}.", None)


def drafts(runs: Path) -> list[Draft]:
    """List the drafts beside some runs, by title; files that cannot be read are left out."""
    return sorted(_readable(folder_of(runs)), key=lambda draft: (draft.title, draft.name))


def _readable(folder: Path) -> Iterator[Draft]:
    for path in folder.glob("*.yaml") if folder.is_dir() else ():
        try:
            yield read_draft(path)
        except ScenarioError:
            continue


def save_draft(runs: Path, draft: Draft) -> Path:
    """Keep a draft beside the runs, in place of one of the same name; return its file.

    Raises
    ------
    ScenarioError
        When its name cannot be one, or something is wrong with it.
    """
    problems = [*name_faults(draft.name), *faults(draft)]
    if problems:
        raise ScenarioError(problems)
    folder = folder_of(runs)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{draft.name}.yaml"
    partial = folder / f".{draft.name}.partial"
    partial.write_text(draft_text(draft), encoding="utf-8")
    partial.replace(path)
    return path


def delete_draft(runs: Path, name: str) -> None:
    """Forget a draft; the runs made from it keep their own copy."""
    if NAME.fullmatch(name):
        (folder_of(runs) / f"{name}.yaml").unlink(missing_ok=True)


def duplicate(runs: Path, draft: Draft) -> Draft:
    """Give a copy of a draft under a name that is free."""
    return replace(draft, name=free_name(runs, draft.name), title=f"{draft.title} (copy)")


def name_faults(name: str) -> tuple[str, ...]:
    """Say what is wrong with the name of a draft.

    Examples
    --------
    >>> name_faults("more_evenings")
    ()
    >>> name_faults("../x")
    ("The name '../x' cannot be used. Use small letters, digits and _, a letter first.",)
    """
    if not NAME.fullmatch(name):
        return (
            f"The name '{name}' cannot be used. Use small letters, digits and _, a letter first.",
        )
    if name in scenario_names():
        return (f"'{name}' is a scenario that comes with the model. Choose another name.",)
    return ()


def taken(runs: Path, name: str) -> tuple[str, ...]:
    """Say so when a draft of this name is kept, which somebody else may have written."""
    if not NAME.fullmatch(name) or not (folder_of(runs) / f"{name}.yaml").exists():
        return ()
    return (
        f"A scenario is kept as '{name}' already. Choose another name, such as "
        f"'{free_name(runs, name)}', or open that one to change it.",
    )


def proper_name(words: str) -> str:
    """Make a name of some words.

    Examples
    --------
    >>> proper_name("Evening visits, men's C"), proper_name("2027!")
    ('evening_visits_men_s_c', 'scenario_2027')
    """
    name = re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_")[:40].rstrip("_")
    return name if NAME.fullmatch(name) else f"scenario_{name}".rstrip("_")[:40]


def free_name(runs: Path, name: str) -> str:
    """Give a name that neither a draft nor a built-in scenario has."""
    taken = {path.stem for path in folder_of(runs).glob("*.yaml")} | set(scenario_names())
    start = proper_name(name)[:36]
    number = 2
    found = start
    while found in taken:
        found = f"{start}_{number}"
        number += 1
    return found

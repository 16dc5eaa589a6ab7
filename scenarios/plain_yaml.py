"""YAML as its readers mean it: plain values only, and a key written twice is a fault.

``18:00`` stays a time of day and ``off`` a word (older YAML reads 1080 and false); a tag that asks
for an object is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from scenarios.errors import ScenarioError


class PlainLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Reads null, true, false, numbers, dates, text, lists and mappings."""


def _mapping(loader: PlainLoader, node: yaml.MappingNode) -> dict[Any, Any]:
    loader.flatten_mapping(node)
    content: dict[Any, Any] = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        if key in content:
            raise yaml.constructor.ConstructorError(
                None, None, f"the key '{key}' is written twice", key_node.start_mark
            )
        content[key] = loader.construct_object(value_node, deep=True)
    return content


def _whole_number(loader: PlainLoader, node: yaml.ScalarNode) -> int:
    return int(loader.construct_scalar(node))


def _date(loader: PlainLoader, node: yaml.ScalarNode) -> date | str:
    """Read a date; one that does not exist stays text, so that it is told with its setting."""
    written = str(loader.construct_scalar(node))
    try:
        return date.fromisoformat(written)
    except ValueError:
        return written


PlainLoader.yaml_implicit_resolvers = {}
for _kind, _pattern, _first in (
    ("null", r"~|null|", ["~", "n", ""]),
    ("bool", r"true|false", list("tf")),
    ("int", r"[-+]?[0-9]+", list("-+0123456789")),
    (
        "float",
        r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.inf|\.nan",
        list("-+.0123456789"),
    ),
    ("timestamp", r"\d{4}-\d\d-\d\d", list("0123456789")),
):
    PlainLoader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_kind}", re.compile(rf"^(?:{_pattern})$"), _first
    )
PlainLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)
PlainLoader.add_constructor("tag:yaml.org,2002:int", _whole_number)
PlainLoader.add_constructor("tag:yaml.org,2002:timestamp", _date)


AT_ONCE: tuple[tuple[re.Pattern[str], Callable[[str], Any]], ...] = (
    (re.compile(r""), lambda _: None),
    (re.compile(r"[-+]?[0-9]+"), int),
    (re.compile(r"[-+]?[0-9]+\.[0-9]+"), float),
    (re.compile(r"(?!(null|true|false)$)[A-Za-z_]+"), str),
)
"""Values that are read without a parser, which for the cells of a table takes most of the time."""


DEEPEST = 30
"""Values inside values: more than any scenario has. A reader in C that is asked for many thousand
ends the whole process, whatever stands around it."""

OPENS = (
    yaml.FlowSequenceStartToken,
    yaml.FlowMappingStartToken,
    yaml.BlockSequenceStartToken,
    yaml.BlockMappingStartToken,
)
CLOSES = (yaml.FlowSequenceEndToken, yaml.FlowMappingEndToken, yaml.BlockEndToken)


def refuse_depth(text: str) -> None:
    """Refuse values that lie too deep in others, before anything is made of them.

    Raises
    ------
    yaml.YAMLError
        When they do, or the text is no plain YAML.
    """
    depth = 0
    for token in yaml.scan(text, Loader=PlainLoader):
        depth += isinstance(token, OPENS) - isinstance(token, CLOSES)
        if depth > DEEPEST:
            raise yaml.MarkedYAMLError(
                problem=f"values lie more than {DEEPEST} deep in one another",
                problem_mark=token.start_mark,
            )


def parse(text: str) -> Any:
    """Read one YAML value.

    Raises
    ------
    yaml.YAMLError
        When the text is no plain YAML, or values lie too deep in one another.

    Examples
    --------
    >>> parse("[18:00, off, true, 1e-3, 012]")
    ['18:00', 'off', True, 0.001, 12]
    """
    for pattern, read in AT_ONCE:
        if pattern.fullmatch(text):
            return read(text)
    if len(text) > DEEPEST:
        refuse_depth(text)
    return yaml.load(text, Loader=PlainLoader)  # noqa: S506  a SafeLoader with fewer kinds


def text(value: Any) -> str:
    """Write a value on one line, as a scenario file may hold it.

    Examples
    --------
    >>> text({"level": "soft", "price_gbp": 5.0}), text(None)
    ('{level: soft, price_gbp: 5}', 'null')
    """
    shown = yaml.safe_dump(_short(value), default_flow_style=True, width=10**6, sort_keys=False)
    return str(shown).removesuffix("\n").removesuffix("\n...")


def _short(value: Any) -> Any:
    """Write 5.0 as 5: whole numbers of either kind read the same."""
    if isinstance(value, dict):
        return {name: _short(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_short(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def read_mapping(path: Path) -> dict[str, Any]:
    """Read a file that holds one mapping.

    Raises
    ------
    ScenarioError
        When the file cannot be read, is empty, holds no mapping, holds a tag that asks for an
        object, or writes a key twice.
    """
    try:
        tree = parse(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ScenarioError(f"{path}: no such file. Check the path.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ScenarioError(f"{path}: cannot be read as text ({error}). Check the file.") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        where = getattr(error, "problem_mark", None)
        line = f" line {where.line + 1}" if where else ""
        what = getattr(error, "problem", None) or str(error)
        raise ScenarioError(
            f"{path.name}{line}: not plain YAML: {what}. Write 'key: value' lines only."
        ) from None
    if tree is None:
        raise ScenarioError(
            f"{path.name}: the file is empty. Expected title, question and change; "
            "see scenarios/weekend_tables.yaml for an example."
        )
    if not isinstance(tree, dict):
        raise ScenarioError(
            f"{path.name}: expected 'key: value' lines, found a {type(tree).__name__}."
        )
    return tree

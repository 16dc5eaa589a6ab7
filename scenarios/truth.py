"""Truths that stand where a number belongs: what reads a scenario would take them for 1 and 0."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import is_dataclass
from functools import cache
from typing import Any, get_args, get_origin, get_type_hints

from pydantic import BaseModel

from scenarios.schema import Scenario

NOT_A_NUMBER = "found true or false where a number belongs"


def truths_for_numbers(tree: Mapping[str, Any]) -> Iterator[str]:
    """Find every number of a scenario that is given as true or false.

    Parameters
    ----------
    tree
        The settings of a scenario, as its file has them.

    Yields
    ------
    str
        Place and fault.

    Examples
    --------
    >>> list(truths_for_numbers({"limits": [{"limit": "far", "at_most": True}]}))
    ['limits.0.at_most: found true or false where a number belongs. Write the number.']
    """
    hints = _hints(Scenario)
    for section, value in tree.items():
        if section in hints:
            for place in _places(value, hints[section], section):
                yield f"{place}: {NOT_A_NUMBER}. Write the number."


@cache
def _hints(kind: type[Any]) -> dict[str, Any]:
    return get_type_hints(kind)


def _places(value: Any, hint: Any, place: str) -> Iterator[str]:
    """Give the places of truths below a value whose type should be that of the hint."""
    kinds = _kinds(hint)
    if isinstance(value, bool):
        if bool not in kinds and {int, float} & set(kinds):
            yield place
    elif isinstance(value, list | tuple):
        inner = [part for kind in kinds for part in get_args(kind) if part is not Ellipsis]
        for number, each in enumerate(value):
            for part in inner:
                yield from _places(each, part, f"{place}.{number}")
    elif isinstance(value, Mapping):
        for name, each in value.items():
            for part in _parts(kinds, str(name)):
                yield from _places(each, part, f"{place}.{name}")


def _kinds(hint: Any) -> list[Any]:
    """Give the types that a union allows; a type alone is one of itself."""
    parts = get_args(hint)
    is_union = parts and get_origin(hint) not in (tuple, list, dict)
    return [kind for part in parts for kind in _kinds(part)] if is_union else [hint]


def _parts(kinds: list[Any], name: str) -> Iterator[Any]:
    """Give the types that a key of a mapping may have."""
    for kind in kinds:
        if get_origin(kind) is dict:
            yield get_args(kind)[1]
        elif isinstance(kind, type) and (is_dataclass(kind) or issubclass(kind, BaseModel)):
            hints = _hints(kind)
            if name in hints:
                yield hints[name]

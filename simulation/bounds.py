"""Settings out of range, told in words: one sentence part for each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import Any

from data.words import DAYS


def named(settings: Any, *endings: str) -> list[str]:
    """Give the names of the fields of a dataclass that end in one of some words, or all."""
    return [each.name for each in fields(settings) if each.name.endswith(endings or ("",))]


def not_shares(settings: Any, names: Iterable[str] | None = None) -> list[str]:
    """Say which settings are not between 0 and 1.

    Parameters
    ----------
    settings
        A dataclass.
    names
        Which of its fields; by default those whose names end in ``_share``.
    """
    names = named(settings, "_share") if names is None else names
    return [
        f"{name} is {getattr(settings, name)}, not between 0 and 1"
        for name in names
        if not 0 <= getattr(settings, name) <= 1
    ]


def below(least: float, settings: Any, names: Iterable[str]) -> list[str]:
    """Say which settings are below the least they may be; ``None`` is passed over.

    Parameters
    ----------
    least
        The least they may be.
    settings, names
        A dataclass, and which of its fields.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> below(0, SimpleNamespace(days=-1, hours=None), ["days", "hours"])
    ['days is -1, below 0']
    """
    return [
        f"{name} is {value}, below {least}"
        for name in names
        if (value := getattr(settings, name)) is not None and value < least
    ]


def empty_window(settings: Any) -> list[str]:
    """Say whether no day lies between ``notice_days_min`` and ``notice_days_max``."""
    least, most = settings.notice_days_min, settings.notice_days_max
    if 1 <= least <= most:
        return []
    return [
        f"booking window is empty; notice_days_min {least} must be at least 1 and not above "
        f"notice_days_max {most}"
    ]


def wrong_days(days: Sequence[str]) -> list[str]:
    """Say which days of the week are none or stand twice, and whether there is none at all.

    Examples
    --------
    >>> wrong_days(["tue", "tue"])
    ['tue stands twice; name each day once']
    """
    if not days:
        return ["no day; name those on which it is held, such as [tue, thu]"]
    once = list(dict.fromkeys(days))
    return [
        *(f"no day '{day}'; write one of {', '.join(DAYS)}" for day in once if day not in DAYS),
        *(f"{day} stands twice; name each day once" for day in once if days.count(day) > 1),
    ]


NAMED = 3
"""Names told of many."""


def few(names: Sequence[str]) -> str:
    """Name the first few, and count the others.

    Examples
    --------
    >>> few(["LEI"]), few(["LEI", "DMI"]), few(["LEI", "DMI", "NHI", "LNI", "WEI"])
    ('LEI', 'LEI and DMI', 'LEI, DMI, NHI and 2 more')
    """
    shown, left = list(names[:NAMED]), len(names) - NAMED
    if left > 0:
        shown.append(f"{left} more")
    return " and ".join([*([", ".join(shown[:-1])] if shown[1:] else []), shown[-1]])

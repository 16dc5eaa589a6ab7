"""Settings found by the words that a reader would use for them.

A word is looked for where a word of the setting's name, its meaning or its unit begins, whatever
stands between words: a hyphen, an underscore or a space. Other words for the same thing find it
too.
"""

from __future__ import annotations

import re
from functools import cache

from scenarios.display import changed
from scenarios.settings import settings

SAME = (
    ("phone", "telephone", "ring", "caller", "booking line", "national line"),
    ("bus", "shuttle", "coach"),
    ("staff", "officer", "agent", "checker"),
    ("worker", "caseworker", "post"),
    ("prison", "establishment"),
    ("prisoner", "person", "people"),
    ("travel", "journey", "trip", "fare"),
    ("booking", "request", "book", "notice"),
    ("pay", "wage", "salary", "per hour"),
    ("move", "transfer"),
    ("child", "children", "kid"),
    ("disabled", "disability", "accessible"),
    ("target", "limit", "at most"),
    ("weight", "priority", "order"),
    ("wait", "days ahead", "on hold", "delay"),
    ("overcrowding", "crowding"),
    ("refund", "help with visits", "scheme"),
)
"""Words for the same thing, as readers and settings say it."""

BESIDES = {
    "evening": (
        "regime.added_sessions",
        "video.added_hours",
        "line.open_until",
        "line.shifts",
        "coming.last_departure",
        "regime.shuttles",
    ),
    "weekend": (
        "regime.added_sessions",
        "regime.session_tables",
        "video.added_hours",
        "line.open_days",
    ),
    "saturday": ("regime.session_tables", "regime.added_sessions", "line.open_days"),
    "sunday": ("regime.session_tables", "regime.added_sessions", "line.open_days"),
    "roster": ("line.shifts",),
    "budget": ("allocation.move_budget", "family_work.gbp_per_fte"),
}
"""Settings that a word is about though they do not hold it."""

ELSEWHERE = {
    "target": "The target of a sizing is no setting: it is chosen on the pages Family workers, and "
    "Booking line and early days.",
}
"""Where else to look for what no setting says."""


def found(words: str) -> list[str]:
    """Give the settings that some words are about, in the order of the file.

    Parameters
    ----------
    words
        Each of them has to be found; all settings are given when there is none.

    Examples
    --------
    >>> found("no-show"), found("NO_SHOW video")
    (['demand.no_show_share', 'demand.video_no_show_share'], ['demand.video_no_show_share'])
    """
    asked = words.lower().split()
    return [name for name in settings() if all(_is_about(name, word) for word in asked)]


def elsewhere(words: str) -> str:
    """Say where else to look; empty where that is nowhere."""
    asked = [_one(word) for word in words.lower().split()]
    return next((ELSEWHERE[word] for word in asked if word in ELSEWHERE), "")


def _is_about(name: str, word: str) -> bool:
    said = [_folded(each) for each in _also(word)]
    if any(name in BESIDES.get(each, ()) for each in said):
        return True
    return any(re.search(rf"\b{re.escape(each)}", text) for each in said for text in _texts(name))


def _also(word: str) -> tuple[str, ...]:
    """Give a word and others for the same thing, each without the ending of a plural."""
    one = _one(word)
    return next((group for group in SAME if one in group), (one,))


def _one(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def _folded(words: str) -> str:
    """Write words apart with one space, whatever stands between them."""
    return " ".join(re.split(r"[\W_]+", words.lower())).strip()


@cache
def _texts(name: str) -> tuple[str, str]:
    """Give what a setting says with its words apart, and with those that are tied together."""
    row = settings()[name]
    whole = f"{name} {row.meaning} {row.measure_unit} {changed.HEADS.get(name, '')}".lower()
    return _folded(whole), re.sub(r"[-_]", "", whole)

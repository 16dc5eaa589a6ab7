"""The desk as machine code, made from these very lines when the project was installed.

Where a C compiler was found then, the modules named here are run as it made them, which takes half
the time; everywhere else, and wherever a line has changed since, they run as they are written.
Both give the same to the last byte.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
from pathlib import Path

COMPILED = (
    "agenda",
    "booking",
    "choices",
    "contact_centre",
    "mood",
    "order_rules",
    "orders",
    "probe",
    "ring_times",
    "ringing",
    "slots",
    "video_desk",
)
"""Modules of this package in which a year spends its time; all of them or none are compiled."""

PACKED = "closer_to_home_desk"
"""The folder beside the installed packages that holds them, and the name of what they share."""

MADE_FROM = "made_from.json"

PLAIN = "ESTATE_PLAIN_DESK"
"""Set to anything, it lets the desk run as it is written."""


def digests(sources: Path) -> dict[str, str]:
    """Give the SHA-256 of each module that is compiled, by name, from the folder they are in."""
    return {
        name: hashlib.sha256((sources / f"{name}.py").read_bytes()).hexdigest() for name in COMPILED
    }


def folders(sources: Path) -> list[str]:
    """Give the folder of compiled modules to look in before their sources; none where it is old.

    Parameters
    ----------
    sources
        The folder of this package.
    """
    found = None if os.environ.get(PLAIN) else importlib.util.find_spec(PACKED)
    for folder in [] if found is None else found.submodule_search_locations or ():
        made_from = Path(folder, MADE_FROM)
        if made_from.exists() and json.loads(made_from.read_text("utf-8")) == digests(sources):
            return [folder]
    return []

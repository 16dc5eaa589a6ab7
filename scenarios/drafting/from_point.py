"""The scenario whose best plan is a point of a trade-off: the study's own, and one limit."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil
from pathlib import Path
from typing import Any

import pandas as pd

from scenarios.drafting.drafts import Draft, draft_text
from scenarios.errors import ScenarioError
from scenarios.load import load_scenario
from scenarios.plain_yaml import parse, read_mapping
from scenarios.planning.again import SCENARIOS_FOLDER, scenario_like

MAKES = ("moves", "far", "worst_tenth")
"""Measures on which a scenario can set a limit; crowding has a price and no limit."""

PARTS_PER_MILE = 100
"""A limit on miles is read in these parts, the rest cut off."""


def limit_words(against: str, amount: float) -> str:
    """Say a limit in words.

    Examples
    --------
    >>> limit_words("moves", 4000), limit_words("worst_tenth", 98.76)
    ('at most 4,000 moves', 'at most 98.8 miles for the worst-off tenth')
    """
    words = {
        "moves": f"at most {amount:,.0f} moves",
        "far": f"at most {amount:,.0f} people over 50 miles from home",
        "worst_tenth": f"at most {amount:,.1f} miles for the worst-off tenth",
    }
    return words[against]


def with_limit(
    change: Mapping[str, Any], settings: Mapping[str, Any], against: str, amount: float
) -> dict[str, Any]:
    """Give the changes of a scenario with the limit of a point in place of those on its measure.

    Parameters
    ----------
    change
        What the study's scenario changes of the baseline.
    settings
        All its settings, resolved.
    against
        A word of ``MAKES``.
    amount
        Moves, people or miles.

    Examples
    --------
    >>> with_limit({"allocation.move_budget": 900}, {"limits": []}, "moves", 40)
    {'allocation.move_budget': 40, 'placements': 'optimised'}
    """
    found = dict(change) | {"placements": "optimised"}
    kept = [dict(row) for row in settings["limits"] if row["limit"] != against]
    if against == "worst_tenth":
        return found | {"objective.worst_tenth_at_most_miles": _miles(amount)}
    if against == "far":
        return found | {"limits": [*kept, {"limit": "far", "at_most": round(amount)}]}
    found["allocation.move_budget"] = round(amount)
    return found | ({"limits": kept} if len(kept) < len(settings["limits"]) else {})


def _miles(amount: float) -> float:
    """Round miles up to a limit that is read as no less.

    Examples
    --------
    >>> _miles(98.7612), _miles(0.29)
    (98.77, 0.3)
    """
    parts = ceil(amount * PARTS_PER_MILE - 1e-9)
    least = next(
        each for each in (parts, parts + 1) if each / PARTS_PER_MILE * PARTS_PER_MILE >= parts
    )
    return least / PARTS_PER_MILE


def scenario_of_point(study: Path, against: str, amount: float, runs: Path) -> Path:
    """Write the scenario file of a point, from which its plan is made.

    Parameters
    ----------
    study
        Folder of a trade-off.
    against
        What was traded.
    amount
        How much of it the plan may have, in the unit of the study's table.
    runs
        Folder of the runs, beside which the file is kept.

    Returns
    -------
    Path
        A child of the baseline: the changes of the study's scenario, and the limit.

    Raises
    ------
    ScenarioError
        When no limit can be set on the measure, or the model's settings are no longer those of
        the study.
    """
    if against not in MAKES:
        raise ScenarioError(
            f"{against}: a scenario sets no limit on it, so that no plan can be asked for by one."
        )
    scenario_like(study, runs)  # the settings of the study are those of today
    settings = read_mapping(study / "scenario.yaml")
    changes = pd.read_parquet(study / "changes.parquet").to_dict("records")
    change = {str(row["setting"]): parse(str(row["after"])) for row in changes}
    draft = Draft(
        name=f"{str(settings['name'])[:24]}_{against}_{round(amount)}",
        title=f"{settings['title']}: {limit_words(against, amount)}",
        question=str(settings["question"]),
        change=with_limit(change, settings, against, amount),
    )
    path = runs / SCENARIOS_FOLDER / study.name / f"{draft.name}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(draft_text(draft), encoding="utf-8")
    load_scenario(path)
    return path

"""What it takes to decide a stored plan again: its scenario, its tables and the planner's locks."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from data.check import TableError
from data.load import table_path
from data.locks import LOCKS, read_locks, write_locks
from scenarios.errors import ScenarioError
from scenarios.inputs import input_digests
from scenarios.load import load_scenario, scenario_names
from scenarios.locking import holding
from scenarios.plain_yaml import parse, read_mapping
from scenarios.planning import steer
from scenarios.provenance import digest_of

LOCKS_FOLDER = ".locks"
"""Folder of the planners' files of locks, among the runs: one for each set of tables."""

SCENARIOS_FOLDER = ".scenarios"
"""Folder of scenario files written from stored plans, among the runs."""

STEERED = "steered.json"
"""File of a plan told against an earlier one: what it costs more."""


def manifest_of(folder: Path) -> dict[str, Any]:
    """Read where a plan comes from.

    Raises
    ------
    ScenarioError
        When there is no manifest that can be read.
    """
    try:
        content: dict[str, Any] = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise ScenarioError(
            f"{folder}: its manifest.json cannot be read. Make the plan again."
        ) from None
    return content


def scenario_like(folder: Path, runs: Path) -> str:
    """Name the scenario of a stored plan, so that it can be asked again.

    Parameters
    ----------
    folder
        A plan.
    runs
        Folder of the runs, in which a scenario that does not come with the model is written from
        the changes stored with the plan.

    Returns
    -------
    str
        A name, or the path of a ``.yaml`` file, whose settings are the plan's.

    Raises
    ------
    ScenarioError
        When the model's settings are no longer those the plan was made with.
    """
    wanted = str(manifest_of(folder)["scenario_digest"])
    stored = read_mapping(folder / "scenario.yaml")
    name = str(stored["name"])
    if name in scenario_names() and load_scenario(name).digest() == wanted:
        return name
    changes = pd.read_parquet(folder / "changes.parquet").to_dict("records")
    told = {
        "title": stored["title"],
        "question": stored["question"],
        "parent": "baseline",
        "change": {row["setting"]: parse(row["after"]) for row in changes},
    }
    path = runs / SCENARIOS_FOLDER / wanted[:8] / f"{name}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(told, sort_keys=False, allow_unicode=True), encoding="utf-8")
    if load_scenario(path).digest() != wanted:
        raise ScenarioError(
            f"{folder}: the settings of the model have changed since this plan was made. "
            "Make the plan again."
        )
    return str(path)


def data_like(inputs: Mapping[str, str], folders: Iterable[Path | None]) -> Path | None:
    """Find the folder of tables that something was made from; locks may have changed.

    Parameters
    ----------
    inputs
        Digests of the tables it was made from.
    folders
        Where to look; None for the built-in tables.

    Raises
    ------
    ScenarioError
        When it is none of them.
    """
    for folder in folders:
        try:
            now = input_digests(folder)
        except (ScenarioError, TableError):
            continue
        if _without_locks(now) == _without_locks(inputs):
            return folder
    raise ScenarioError(
        "The tables this plan was made from are not here, or have changed since. Load them again, "
        "or make the plan again."
    )


def _without_locks(inputs: Mapping[str, str]) -> dict[str, str]:
    return {name: digest for name, digest in inputs.items() if name != LOCKS}


def locks_beside(runs: Path, inputs: Mapping[str, str], data_dir: Path | None) -> Path:
    """Give the file of planners' locks for a set of tables; those of the tables begin it.

    Parameters
    ----------
    runs
        Folder of the runs.
    inputs
        Digests of the tables.
    data_dir
        Folder of the user's tables, whose own locks are taken over once.
    """
    path = runs / LOCKS_FOLDER / f"{digest_of(_without_locks(inputs))[:8]}.csv"
    own = table_path(LOCKS, data_dir)
    if own is not None and not path.exists():
        with holding(path.with_suffix(".turn"), wait=True):
            if not path.exists():
                write_locks(read_locks(own), path)
    return path


def lock(plan: Path, cells: Mapping[str, Any], path: Path) -> list[str]:
    """Keep a decision about a person of a plan; those of two planners at once are both kept.

    Parameters
    ----------
    plan
        Folder of the plan.
    cells
        The decision: the fields of a ``LockRow``.
    path
        The file of locks.

    Raises
    ------
    ScenarioError, TableError
        When the person, the place or the file cannot be used; nothing is written then.
    """
    with holding(path.with_suffix(".turn"), wait=True):
        return steer.lock(plan, cells, locks=path)


def unlock(path: Path, prisoner_id: str, place: str | None = None) -> list[str]:
    """Take away the decisions about a person, all of them or those about one place.

    Raises
    ------
    ScenarioError, TableError
        When there are none, or the file cannot be used.
    """
    with holding(path.with_suffix(".turn"), wait=True):
        return steer.unlock(path, prisoner_id, place)


def steered_account(found: steer.Steered, earlier: Path) -> dict[str, Any]:
    """Give the content of ``steered.json``: what a plan costs more than an earlier one."""
    elsewhere = found.changes[found.changes["other_establishment"]]
    return {
        "earlier": earlier.name,
        "cost_gbp": found.cost_gbp,
        "own_gbp": found.own_gbp,
        "together_gbp": found.together_gbp,
        "elsewhere_under_a_lock": int(elsewhere["locked"].sum()),
        "elsewhere_others": int((~elsewhere["locked"]).sum()),
        "other_unit": len(found.changes) - len(elsewhere),
        "notes": list(found.notes),
    }


def read_steered(folder: Path) -> dict[str, Any] | None:
    """Read what a plan costs more than an earlier one, where it was told against one."""
    try:
        content: dict[str, Any] = json.loads((folder / STEERED).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return content

"""Steer a plan: lock people to places or away from them, and say what that changed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from data.check import Problem, TableError
from data.locks import (
    LOCKS,
    LockRow,
    lock_faults,
    read_locks,
    with_lock,
    without_locks,
    write_locks,
)
from data.words import LockAction
from optimiser.allocation import Allocation
from optimiser.problem import PENNIES_PER_POUND
from scenarios.errors import ScenarioError, suggestion
from scenarios.planning.stored_plan import StoredPlan, whereabouts

SHOWN = 12
"""People named in the text; the table has all."""


def locks_file(about: Path, data_dir: Path | None, locks: Path | None) -> Path:
    """Find the file of locks a command means.

    Parameters
    ----------
    about
        A plan's folder, or the file itself.
    data_dir
        The data folder, whose ``locks.csv`` is meant where nothing else is said.
    locks
        The file, where it is another one.

    Raises
    ------
    ScenarioError
        When two files are meant, or the folder keeps its locks in Parquet.
    """
    if about.suffix == ".csv":
        if locks is not None and locks != about:
            raise ScenarioError(f"{about} and {locks}: two files of locks. Give one of them.")
        return about
    if locks is not None:
        return locks
    folder = data_dir or Path()
    if (folder / f"{LOCKS}.parquet").exists():
        raise ScenarioError(
            f"{folder}/{LOCKS}.parquet: locks are written as CSV. Turn it into {LOCKS}.csv, or "
            "give another file with --locks."
        )
    return folder / f"{LOCKS}.csv"


def lock(
    about: Path,
    cells: Mapping[str, Any],
    *,
    data_dir: Path | None = None,
    locks: Path | None = None,
) -> list[str]:
    """Keep a decision about a person, for every later run.

    Parameters
    ----------
    about
        A plan, in which the person and the place must be known, or the file of locks itself.
    cells
        The decision: the fields of a ``LockRow``.
    data_dir, locks
        As for ``locks_file``.

    Returns
    -------
    list of str
        What was done, in words.

    Raises
    ------
    ScenarioError, TableError
        With everything that is wrong with the decision and the file; nothing is written then.
    """
    path = locks_file(about, data_dir, locks)
    problems = lock_faults(cells)
    if about != path:
        told = {problem.column for problem in problems}
        problems += [each for each in _unknown_to(about, cells) if each.column not in told]
    try:
        before = read_locks(path)
    except TableError as error:
        problems += error.problems
    if problems:
        raise TableError(problems)
    row = LockRow(**cells)
    table = with_lock(before, row)
    if about != path:
        _see_that_all_can_be_kept(table, row, about)
    write_locks(table, path)
    word = "to" if row.action is LockAction.LOCK else "away from"
    said = f"{row.prisoner_id} is locked {word} {row.unit_or_establishment}"
    return [
        f"{path}: {said}, to be reviewed on {row.review_date}; {len(table)} in all.",
        _next(path),
    ]


def unlock(
    about: Path,
    prisoner_id: str,
    place: str | None = None,
    *,
    data_dir: Path | None = None,
    locks: Path | None = None,
) -> list[str]:
    """Take away the decisions about a person, all of them or those about one place.

    Raises
    ------
    ScenarioError, TableError
        When there are none, or the file cannot be used.
    """
    path = locks_file(about, data_dir, locks)
    before = read_locks(path)
    table = without_locks(before, prisoner_id, place)
    write_locks(table, path)
    gone = len(before) - len(table)
    return [f"{path}: {gone} of {prisoner_id} taken away; {len(table)} left.", _next(path)]


def _next(path: Path) -> str:
    return f"Decide again with: estate allocate SCENARIO --locks {path} --out NEW"


def _unknown_to(about: Path, cells: Mapping[str, Any]) -> list[Problem]:
    """Say whether a plan knows the person and the place, and ends before the day of review."""
    needed = [about / f"{name}.parquet" for name in ("placements", "units")]
    if not all(path.is_file() for path in needed):
        return [
            Problem(
                table=LOCKS,
                file=str(about),
                expected="a plan or a file of locks",
                action="Give a folder made by 'estate allocate' or 'estate run', or a .csv file.",
            )
        ]
    units = pd.read_parquet(about / "units.parquet", columns=["unit", "establishment"])
    places = {*units["unit"], *units["establishment"]}
    prisoner_id, place = cells["prisoner_id"], cells["unit_or_establishment"]
    problems = []
    if whereabouts(about, prisoner_id) is None:
        problems.append(
            _unknown("prisoner_id", prisoner_id, about, "Give an id of its placements.parquet.")
        )
    if place not in places:
        near = suggestion(place, places)
        problems.append(_unknown("unit_or_establishment", place, about, near))
    return [*problems, *_past(about, cells["review_date"])]


def _see_that_all_can_be_kept(table: pd.DataFrame, row: LockRow, about: Path) -> None:
    """Refuse a decision that leaves its person no unit of a plan beside those kept before.

    Raises
    ------
    TableError
        Naming what was decided before.
    """
    units = pd.read_parquet(about / "units.parquet", columns=["unit", "establishment"])
    theirs = table[table["prisoner_id"] == row.prisoner_id]
    left = pd.Series(data=True, index=units.index)
    for action, place in zip(theirs["action"], theirs["unit_or_establishment"], strict=True):
        named = units["unit"].eq(place) | units["establishment"].eq(place)
        left &= named if action == LockAction.LOCK else ~named
    if left.any():
        return
    told = {LockAction.LOCK: "lock to", LockAction.FORBID: "keep away from"}
    decided = [
        f"{told[LockAction(action)]} {place}"
        for action, place in zip(theirs["action"], theirs["unit_or_establishment"], strict=True)
    ]
    problem = Problem(
        table=LOCKS,
        file=f"{LOCKS}.csv",
        column="unit_or_establishment",
        value=row.unit_or_establishment,
        expected=f"a place that goes with what was decided about {row.prisoner_id} before: "
        f"{'; '.join(decided[:-1])}",
        action="Take that decision away first.",
    )
    raise TableError([problem])


def _past(about: Path, review_date: date) -> list[Problem]:
    """See that the day of review comes after the date of the plan."""
    account = about / "allocation.json"
    if not account.is_file():
        return []
    on = json.loads(account.read_text(encoding="utf-8"))["holds_for"]["date"]
    if review_date.isoformat() > on:
        return []
    return [
        Problem(
            table=LOCKS,
            file=f"{LOCKS}.csv",
            column="review_date",
            value=review_date.isoformat(),
            expected=f"a day after the plan's, {on}",
            action="Give a later day with --review.",
        )
    ]


def _unknown(column: str, value: str, about: Path, action: str) -> Problem:
    return Problem(
        table=LOCKS,
        file=f"{LOCKS}.csv",
        column=column,
        value=value,
        expected=f"an id of {about}",
        action=action,
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Steered:
    """What a plan costs and moves against an earlier one.

    Attributes
    ----------
    changes
        One row per person who is in another unit than in the earlier plan, those in another
        establishment first: ``prisoner_id``, ``before``, ``unit``, ``other_establishment``,
        ``locked``, ``own_change_gbp``.
    cost_gbp
        How much more the plan costs in all.
    own_gbp, together_gbp
        What of it people's own costs are, and what crowding and ties are; they add up to it.
    notes
        Why the difference is not of the locks alone, where it is not.
    """

    changes: pd.DataFrame
    cost_gbp: float
    own_gbp: float
    together_gbp: float
    notes: tuple[str, ...]


def steered(
    earlier: StoredPlan,
    allocation: Allocation,
    locks: pd.DataFrame,
    *,
    scenario_digest: str,
    inputs: dict[str, str],
) -> Steered:
    """Set a plan against an earlier one: what the locks cost, and whom they moved.

    Parameters
    ----------
    earlier
        The plan that was steered from.
    allocation
        The new plan.
    locks
        The planner's locks it keeps.
    scenario_digest, inputs
        Of the new plan: its settings, and the tables it was made from.

    Returns
    -------
    Steered
        Exact sums of the two plans; people only one of them knows are left out.
    """
    problem = allocation.problem
    assert problem is not None
    placed = allocation.placements
    unit_of = problem.units.get_indexer(pd.Index(placed["unit"])).astype(np.int64)
    now = placed[["prisoner_id", "unit", "establishment"]].assign(
        own=problem.placement_pennies(unit_of)
    )
    before = earlier.placements().assign(own=earlier.arrays["own"])
    both = now.merge(before, on="prisoner_id", suffixes=("", "_before"))
    changed = both[both["unit"] != both["unit_before"]]
    table = pd.DataFrame(
        {
            "prisoner_id": changed["prisoner_id"],
            "before": changed["unit_before"],
            "unit": changed["unit"],
            "other_establishment": changed["establishment"] != changed["establishment_before"],
            "locked": changed["prisoner_id"].isin(locks["prisoner_id"]),
            "own_change_gbp": (changed["own"] - changed["own_before"]) / PENNIES_PER_POUND,
        }
    ).sort_values(["other_establishment", "locked", "prisoner_id"], ascending=[False, False, True])
    more = round(allocation.objective_gbp * PENNIES_PER_POUND) - earlier.objective_pennies
    own = int(now["own"].sum()) - int(earlier.arrays["own"].sum())
    return Steered(
        changes=table.reset_index(drop=True),
        cost_gbp=more / PENNIES_PER_POUND,
        own_gbp=own / PENNIES_PER_POUND,
        together_gbp=(more - own) / PENNIES_PER_POUND,
        notes=tuple(_notes(earlier, allocation, scenario_digest, inputs)),
    )


def _notes(
    earlier: StoredPlan, allocation: Allocation, scenario_digest: str, inputs: dict[str, str]
) -> list[str]:
    notes = []
    if earlier.manifest["scenario_digest"] != scenario_digest:
        notes.append("The settings differ from the earlier plan's, and count in the difference.")
    tables = earlier.manifest["inputs"]
    other = sorted(
        name for name in tables.keys() | inputs.keys() if tables.get(name) != inputs.get(name)
    )
    if set(other) - {LOCKS}:
        told = ", ".join(name for name in other if name != LOCKS)
        notes.append(f"The data differ from the earlier plan's ({told}), and count too.")
    gaps = (earlier.allocation["gap"] or 0, allocation.gap or 0)
    if any(gaps):
        plans = ("the earlier plan", "this plan")
        said = " and ".join(
            f"{plan} is within {100 * gap:.4f}%"
            for plan, gap in zip(plans, gaps, strict=True)
            if gap
        )
        notes.append(f"Not exact: {said} of the best there is.")
    return notes


def tell(found: Steered, earlier: Path) -> list[str]:
    """Say it in text."""
    table = found.changes
    elsewhere = table[table["other_establishment"]]
    locked = int(elsewhere["locked"].sum())
    others = len(elsewhere) - locked
    lines = [
        f"Against {earlier}: {_gbp(found.cost_gbp)} in all ({_gbp(found.own_gbp)} of people's own "
        f"costs, {_gbp(found.together_gbp)} of crowding and ties)",
        f"  in another establishment: {locked:,} under a lock, {others:,} others; "
        f"in another unit of the same: {len(table) - len(elsewhere):,}",
    ]
    rows: list[dict[str, Any]] = elsewhere.head(SHOWN).to_dict("records")  # type: ignore[assignment]
    lines += [
        f"  {row['prisoner_id']}{' (locked)' if row['locked'] else ''}: "
        f"{row['before'] or 'no place'} to {row['unit'] or 'no place'}, own cost "
        f"{_gbp(row['own_change_gbp'])}"
        for row in rows
    ]
    if len(elsewhere) > SHOWN:
        lines.append(f"  and {len(elsewhere) - SHOWN:,} more in changed.parquet")
    return [*lines, *(f"  {note}" for note in found.notes)]


def _gbp(pounds: float) -> str:
    sign = "-" if pounds < 0 else "+"
    return f"{sign}£{abs(pounds):,.2f}"


def review_lines(table: pd.DataFrame, on: date) -> list[str]:
    """Say which locks should have been looked at again; they bind all the same."""
    from data.locks import due

    waiting = due(table, on)
    if waiting.empty:
        return []
    shown = ", ".join(waiting["prisoner_id"].head(5))
    more = f" and {len(waiting) - 5} more" if len(waiting) > 5 else ""
    are = "lock is" if len(waiting) == 1 else "locks are"
    return [f"{len(waiting)} {are} due for review by {on.isoformat()}: {shown}{more}"]


def lock_lines(locks: pd.DataFrame, placements: pd.DataFrame) -> list[str]:
    """Say which locks a plan does not keep: those of people left without a place, as if stopped."""
    without = placements.loc[placements["unit"] == "", "prisoner_id"]
    broken = locks[(locks["action"] == LockAction.LOCK) & locks["prisoner_id"].isin(without)]
    if broken.empty:
        return []
    shown = ", ".join(broken["prisoner_id"].head(5))
    more = f" and {len(broken) - 5} more" if len(broken) > 5 else ""
    are = "lock is" if len(broken) == 1 else "locks are"
    return [f"{len(broken)} {are} not kept, for want of a place: {shown}{more}"]

"""Placements without a simulated year: decide, prove, write."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from data.progress import Progress, silent
from data.travel import travel_table
from optimiser.allocation import Allocation, InfeasibleAllocationError, SolveStatus
from optimiser.conflicts import ConflictError
from optimiser.problem import save_problem
from scenarios.accounts.account import (
    allocation_account,
    changes_table,
    equality_of,
    limits_kept,
    price_arrays,
    record_tables,
    today_of,
)
from scenarios.display.wording import CEILING
from scenarios.errors import ExitCode
from scenarios.inputs import Inputs, input_digests
from scenarios.one_report import asked_inputs, asked_scenario, changes_of_nothing
from scenarios.planning.again import STEERED, steered_account
from scenarios.planning.place import place
from scenarios.planning.shortage import shortfall_lines, shortfall_table
from scenarios.planning.steer import lock_lines, review_lines, steered
from scenarios.planning.steer import tell as tell_steered
from scenarios.planning.stored_plan import known_of, open_plan
from scenarios.provenance import manifest, origin
from scenarios.results import file_digests, new_folder, write_arrays, write_json, write_parquet
from scenarios.run import Stopwatch, write_shortfall
from scenarios.schema import Scenario


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """How a plan ended: in words, and as an exit code."""

    told: tuple[str, ...]
    exit_code: ExitCode


def plan(
    name: str,
    *,
    out_dir: Path,
    data_dir: Path | None = None,
    save_problem_too: bool = False,
    locks: Path | None = None,
    earlier_dir: Path | None = None,
    most_changes: int | None = None,
    planner: bool = False,
    progress: Progress = silent,
) -> Planned:
    """Decide placements for a scenario and write them into a new folder.

    Parameters
    ----------
    name
        Name or path of a scenario whose placements are optimised.
    out_dir
        Where the plan goes; must not hold anything yet.
    data_dir
        Folder of a user's tables.
    save_problem_too
        Also write ``problem.npz``, so that anyone can check the optimum.
    locks
        A planner's file of locks; by default the table of the data folder.
    earlier_dir
        Folder of an earlier plan, against which this one is told.
    most_changes
        Most people who may be in another establishment than in the earlier plan.
    planner
        Whether the words may tell what only planners may read.
    progress
        Told of each stage.

    Returns
    -------
    Planned
        The status, bound and gap in words.

    Raises
    ------
    ScenarioError
        When the scenario does not optimise, the folder is in use, or there is no earlier plan.
    ConflictError
        When locks or limits cannot all be kept.
    InfeasibleAllocationError
        When people of one sex have no place at all; who they are is written as a table beside.
    """
    asked = []
    if out_dir.exists() and (not out_dir.is_dir() or any(out_dir.iterdir())):
        asked.append(f"{out_dir}: is in use. Give --out a folder that does not exist yet.")
    if most_changes is not None and earlier_dir is None:
        asked.append("--changes counts against an earlier plan. Give its folder with --from.")
    scenario = asked_scenario(
        name, data_dir, locks, asked, must=lambda each: _decides(each, earlier_dir)
    )
    earlier = None if earlier_dir is None else open_plan(earlier_dir)
    clock = Stopwatch()
    with new_folder(out_dir) as partial:
        with clock("inputs"):
            known = None if earlier is None else known_of(earlier, scenario, data_dir)
            inputs = asked_inputs(scenario, data_dir, progress, locks, known)
        with clock("placements"):
            try:
                allocation = place(
                    scenario,
                    inputs,
                    progress,
                    earlier=earlier,
                    most_changes=most_changes,
                )
            except ConflictError as error:
                raise ConflictError(error.conflicts, planner=planner) from None
            except InfeasibleAllocationError as error:
                path = out_dir.with_name(f"{out_dir.name}-shortfall.csv")
                write_shortfall(error, path, planner=planner)
                raise
        made_from = origin(
            command=f"estate allocate {scenario.name}",
            seed=None,
            replications=0,
            keep_visits=False,
            inputs=input_digests(data_dir, locks),
            scenario_digest=scenario.digest(),
        )
        _write(scenario, inputs, allocation, made_from["data_digest"], partial)
        if save_problem_too and allocation.problem is not None:
            save_problem(allocation.problem, partial / "problem.npz")
        steering = review_lines(inputs.records.locks, scenario.as_of)
        steering += lock_lines(inputs.records.locks, allocation.placements)
        if earlier is not None:
            against = steered(
                earlier,
                allocation,
                inputs.records.locks,
                scenario_digest=made_from["scenario_digest"],
                inputs=made_from["inputs"],
            )
            write_parquet(against.changes, partial / "changed.parquet")
            write_json(steered_account(against, earlier.folder), partial / STEERED)
            if most_changes is not None:
                write_parquet(earlier.placements(), partial / "earlier.parquet")
            steering += tell_steered(against, earlier.folder)
        told = manifest(made_from, outputs=file_digests(partial), seconds=clock.seconds)
        write_json(told, partial / "manifest.json")
    short = shortfall_lines(allocation, planner=planner)
    return _told(scenario, allocation, [*short, *steering], out_dir)


def _decides(scenario: Scenario, earlier_dir: Path | None) -> list[str]:
    """Say of a scenario that decides nothing that it does not, and what it counts against."""
    problems = changes_of_nothing(scenario) if earlier_dir is None else []
    if scenario.placements == "optimised":
        return problems
    return [
        *problems,
        f"{scenario.name}: holds people where they are today, so there is nothing to decide. "
        "Give a scenario with 'placements: optimised', such as closer_to_home.",
    ]


def _write(
    scenario: Scenario, inputs: Inputs, allocation: Allocation, data: str, folder: Path
) -> None:
    plan = allocation.placements
    tables = {
        "changes": changes_table(scenario),
        "population": inputs.population.prisoners,
        "contacts": inputs.population.contacts,
        "travel": travel_table(inputs.travel),
        "placements": plan,
        "moves": allocation.moves,
        "units": allocation.units,
        "equality": equality_of(inputs, today_of(inputs, plan), plan),
        "shortfall": shortfall_table(allocation),
    }
    for name, table in (tables | record_tables(inputs.records)).items():
        write_parquet(table, folder / f"{name}.parquet")
    write_json(allocation_account(scenario, allocation, data), folder / "allocation.json")
    write_arrays(price_arrays(allocation), folder / "prices.npz")
    text = yaml.safe_dump(scenario.resolved(), sort_keys=False, allow_unicode=True)
    (folder / "scenario.yaml").write_text(text, encoding="utf-8")


def _gap(allocation: Allocation) -> str:
    """Say how far the plan may be from the best, in pounds too where that is not nothing."""
    share = f"{100 * (allocation.gap or 0):.4f}%"
    if not allocation.gap or allocation.lower_bound_gbp is None:
        return share
    return f"{share} (GBP {allocation.objective_gbp - allocation.lower_bound_gbp:,.2f})"


def _level_lines(levels: pd.DataFrame) -> list[str]:
    """Say how every level of a strict order ended, in whole people or pounds and pence."""
    lines = []
    rows: list[dict[str, Any]] = levels.to_dict("records")  # type: ignore[assignment]
    for row in rows:
        form = ",.0f" if row["measure_unit"] == "people" else ",.2f"
        final, most, value = (f"{row[name]:{form}}" for name in ("final", "at_most", "value"))
        lines.append(
            f"  level {row['level']}: {final}, at most {most} {row['measure_unit']}; least found "
            f"{value}, gap {100 * row['gap']:.4f}%"
        )
    return lines


def _told(scenario: Scenario, allocation: Allocation, further: list[str], out_dir: Path) -> Planned:
    infeasible = allocation.status == SolveStatus.INFEASIBLE
    moved = int(allocation.placements["moved"].sum())
    outside = int(allocation.regions["least_outside"].sum())
    lines = [
        f"{allocation.status}: weighted cost GBP {allocation.objective_gbp:,.2f}, "
        f"lower bound GBP {allocation.lower_bound_gbp:,.2f}, "
        f"gap {_gap(allocation)}",
        f"{moved:,} moves; {len(allocation.placements):,} people",
        f"{outside:,} people cannot be in their home region, by capacity alone",
    ]
    if allocation.proven_by is not None:
        lines.insert(1, f"proven by {allocation.proven_by}")
    if allocation.worst_tenth_miles is not None:
        miles = f"{allocation.worst_tenth_miles:,.2f} miles"
        lines.append(f"worst-off tenth: {miles} from home on average")
    lines += _level_lines(allocation.levels)
    if len(allocation.levels):
        missing = [
            level
            for level in (*scenario.objective.order, "all")
            if level not in set(allocation.levels["level"])
        ]
        lines += [f"  level {level}: not reached" for level in missing]
    lines += [
        f"  limit {each['limit']}: {each['people']:,} people; one more would save about "
        f"GBP {each['price_gbp']:,.2f}"
        for each in limits_kept(allocation)
        if each["price_gbp"] and "at_most" in each
    ]
    return Planned(
        told=(*([CEILING] if scenario.is_ceiling else []), *lines, *further, str(out_dir)),
        exit_code=ExitCode.INFEASIBLE if infeasible else ExitCode.DONE,
    )

"""Scenarios on the same families, played for what a study tells of them, and its folder."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd
import yaml

from data.progress import Progress
from optimiser.allocation import SolveStatus
from scenarios.circulation.safe_cells import safe_cells
from scenarios.comparing.compare import made_from
from scenarios.comparing.drivers import GROUPS, TOLD
from scenarios.comparing.effects import estate_rows, with_worked_out
from scenarios.errors import ExitCode
from scenarios.inputs import input_digests, problems_of
from scenarios.load import Read
from scenarios.provenance import digest_of, manifest, origin
from scenarios.results import (
    FORMAT_VERSION,
    Results,
    file_digests,
    new_folder,
    write_json,
    write_parquet,
)
from scenarios.run import (
    Decided,
    Options,
    Stopwatch,
    Workers,
    in_turn,
    measured,
    named,
    placements_key,
    run_folder,
    steps,
)
from scenarios.schema import Scenario

Key = TypeVar("Key")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Played:
    """What a study of scenarios on the same families found.

    Attributes
    ----------
    folder
        Where it is stored.
    rows
        One row for each measure and what it tells, as the study stores them.
    told
        The same in lines.
    exit_code
        Infeasible when the plan of a run leaves people without a place.
    """

    folder: Path
    rows: pd.DataFrame
    told: list[str]
    exit_code: ExitCode

    @classmethod
    def opened(
        cls,
        folder: Path,
        kind: str,
        tell: Callable[[Mapping[str, Any], pd.DataFrame], Iterable[str]],
    ) -> Played:
        """Read a stored study, told by ``tell`` from its account and its rows."""
        account = json.loads((folder / f"{kind}.json").read_text(encoding="utf-8"))
        rows = pd.read_parquet(folder / f"{kind}.parquet")
        return cls(
            folder=folder,
            rows=rows,
            told=list(tell(account, rows)),
            exit_code=ExitCode.INFEASIBLE if account["infeasible"] else ExitCode.DONE,
        )


def sound(read: Read, data_dir: Path | None) -> Scenario | None:
    """Give a scenario that the model takes on these tables; nothing for one that it refuses."""
    if read.scenario is None or read.problems or problems_of(read.scenario, data_dir):
        return None
    return read.scenario


def play(
    scenarios: Mapping[Key, Scenario], runs: Sequence[Key], options: Options, progress: Progress
) -> tuple[list[Results], dict[Key, pd.DataFrame]]:
    """Play scenarios that differ, once each.

    Scenarios of the same placements follow each other, so that these are decided once and no more
    than two sets of inputs are in memory.

    Parameters
    ----------
    scenarios
        By what each is known by.
    runs
        Those that are stored as runs; of the others the measures of the estate are kept.
    options
        Data, seed, replications, place and workers.
    progress
        Told of each stage, with the scenario's name.

    Returns
    -------
    tuple
        The runs, in their order, and the measures of which a study tells, one row per replication,
        by what each scenario is known by.
    """
    once: dict[str, Key] = {}
    for key in (*runs, *scenarios):
        once.setdefault(scenarios[key].digest(), key)
    by_placements: dict[str, list[Key]] = {}
    for key in dict.fromkeys([*runs, *once.values()]):
        by_placements.setdefault(placements_key(scenarios[key]), []).append(key)
    names = [scenarios[key].name for key in once.values()]

    def playing(workers: Workers) -> Iterator[tuple[Key, Generator[None, None, Any]]]:
        for group in by_placements.values():
            decided: dict[str, Decided] = {}
            for key in group:
                scenario = scenarios[key]
                how = steps if key in runs else measured
                say = named(progress, scenario, names)
                yield key, how(scenario, options, workers.executor, say, decided)

    with Workers(options) as workers:
        found = in_turn(playing(workers))
    told_of = {digest: _told_of(found[key], scenarios[key]) for digest, key in once.items()}
    levels = {key: told_of[each.digest()] for key, each in scenarios.items()}
    return [found[key] for key in runs], levels


def _told_of(found: Results | pd.DataFrame, scenario: Scenario) -> pd.DataFrame:
    """Keep the measures of which a study tells."""
    if isinstance(found, Results):
        rows = estate_rows(found)
    else:
        gbp_per_hour, weeks = scenario.benefit.staff_gbp_per_hour, scenario.calendar.weeks
        rows = with_worked_out(found, gbp_per_hour, weeks)
    told = rows["group_by"].isin(GROUPS) & rows["measure"].isin(list(TOLD))
    return rows[told].reset_index(drop=True)


def command_of(words: Sequence[str], options: Options) -> str:
    """Write the command that makes a study, with what it has of every such command."""
    told = list(words)
    told += ["--data", "DIR"] if options.data_dir else []
    told += ["--locks", "FILE"] if options.locks else []
    told += ["--seed", str(options.seed), "--replications", str(options.replications)]
    return " ".join(told)


def folder_of(
    kind: str, one: Scenario, other: Scenario, options: Options, asked: Sequence[str]
) -> Path:
    """Give the folder of a study, whose name changes with all that it is made from."""
    runs = [run_folder(each, options).name for each in (one, other)]
    return options.runs_dir / f"{kind}-{other.name}-{digest_of([runs, list(asked)])[:8]}"


def account_of(
    runs: Sequence[Results], scenarios: Mapping[Any, Scenario], options: Options, command: str
) -> dict[str, Any]:
    """Give what every such study tells of itself: what was compared and what was played."""
    return {
        "format_version": FORMAT_VERSION,
        "command": command,
        "compared": [
            {"run": each.folder.name if each.folder else "", "made_from": made_from(each)}
            for each in runs
        ],
        "titles": [each.title for each in runs],
        "scenarios_played": len({each.digest() for each in scenarios.values()}),
        "replications": options.replications,
        "seed": options.seed,
        "infeasible": any(each.allocation["status"] == SolveStatus.INFEASIBLE for each in runs),
    }


def store(
    folder: Path,
    kind: str,
    scenario: Scenario,
    account: Mapping[str, Any],
    rows: pd.DataFrame,
    options: Options,
    clock: Stopwatch,
    *,
    words: Mapping[str, Sequence[str]],
) -> None:
    """Write the folder of a study.

    Parameters
    ----------
    folder, kind
        Where, and how its files are called.
    scenario
        The second of the two that are compared.
    account, rows
        What it tells.
    options, clock
        What it was made with, and how long that took.
    words
        Further columns of its CSV, for those who read it in a spreadsheet.
    """
    with new_folder(folder) as partial:
        write_json(account, partial / f"{kind}.json")
        write_parquet(rows, partial / f"{kind}.parquet")
        told = safe_cells(rows.assign(**{name: list(cells) for name, cells in words.items()}))
        told.to_csv(partial / f"{kind}.csv", index=False, lineterminator="\n")
        text = yaml.safe_dump(scenario.resolved(), sort_keys=False, allow_unicode=True)
        (partial / "scenario.yaml").write_text(text, encoding="utf-8")
        made = origin(
            command=account["command"],
            seed=options.seed,
            replications=options.replications,
            keep_visits=False,
            inputs=input_digests(options.data_dir, options.locks),
            scenario_digest=scenario.digest(),
        )
        outputs = file_digests(partial)
        write_json(
            manifest(made, outputs=outputs, seconds=clock.seconds), partial / "manifest.json"
        )

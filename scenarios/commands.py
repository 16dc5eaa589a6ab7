"""The long commands by name, with options in plain values: what a background worker can do.

Each calls the function that the command line calls with the same options, so that both give the
same bytes. The parameters of a function here are the options of its command.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from scenarios.errors import ExitCode, ScenarioError, suggestion
from scenarios.stored_studies import Kind, new_study_folder

if TYPE_CHECKING:
    from data.progress import Progress
    from scenarios.plan import Planned
    from scenarios.run import Options

COMMANDS: tuple[str, ...] = ("run", *get_args(Kind))

PATHS = ("data", "locks", "start_state", "save_state", "earlier", "run")
"""Options that are paths, whatever the command."""

KEEPS_THE_BEST = ("allocate", "frontier")
"""Commands that an interrupt ends with the best that was found so far."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Performed:
    """What a command left: the folder of its result and the exit code of the command line."""

    folder: Path
    exit_code: ExitCode


def perform(command: str, runs: Path, options: Mapping[str, Any], progress: Progress) -> Performed:
    """Do what a command does.

    Parameters
    ----------
    command
        A word of ``COMMANDS``.
    runs
        Folder that holds the runs; a study gets a new folder in it.
    options
        Options of the command in plain values.
    progress
        Told of each stage.

    Raises
    ------
    ScenarioError
        When there is no such command or option, and for all that the command itself refuses.
    """
    check(command, options)
    return _DOES[command](runs, progress, **options)


def check(command: str, options: Mapping[str, Any]) -> None:
    """Refuse a command or options that there are not, and name options that are missing.

    Raises
    ------
    ScenarioError
        With every fault.
    """
    if command not in COMMANDS:
        raise ScenarioError(f"{command}: no such command. {suggestion(command, COMMANDS)}")
    known = list(inspect.signature(_DOES[command]).parameters.values())[2:]
    names = [each.name for each in known]
    faults = [
        f"{command}: no option {name!r}. {suggestion(name, names)}"
        for name in options
        if name not in names
    ]
    faults += [
        f"{command}: give the option {each.name!r}."
        for each in known
        if each.default is inspect.Parameter.empty and each.name not in options
    ]
    if faults:
        raise ScenarioError(faults)


def absolute(options: Mapping[str, Any]) -> dict[str, Any]:
    """Free the paths among options, and scenario files, of the folder they were given in."""

    def freed(name: str, value: Any) -> Any:
        if name == "scenario":
            return _scenario(value)
        if name == "scenarios":
            return [_scenario(each) for each in value]
        return str(Path(value).resolve()) if name in PATHS and value is not None else value

    return {name: freed(name, value) for name, value in options.items()}


def _scenario(name: str) -> str:
    is_file = name.endswith((".yaml", ".yml"))
    return str(Path(name).resolve()) if is_file else name


def _path(name: str | None) -> Path | None:
    return None if name is None else Path(name)


def _options(
    runs: Path,
    *,
    data: str | None,
    locks: str | None,
    start_state: str | None = None,
    save_state: str | None = None,
    **given: Any,
) -> Options:
    from scenarios.run import Options

    return Options(
        data_dir=_path(data),
        runs_dir=runs,
        locks=_path(locks),
        start_state=_path(start_state),
        save_state=_path(save_state),
        **given,
    )


def _run(
    runs: Path,
    progress: Progress,
    scenario: str,
    seed: int = 1,
    replications: int = 4,
    workers: int = 2,
    keep_visits: bool = False,
    data: str | None = None,
    locks: str | None = None,
    start_state: str | None = None,
    save_state: str | None = None,
) -> Performed:
    from scenarios.run import run_many

    options = _options(
        runs,
        data=data,
        locks=locks,
        start_state=start_state,
        save_state=save_state,
        seed=seed,
        replications=replications,
        keep_visits=keep_visits,
        workers=workers,
    )
    (results,), code = run_many([scenario], options, progress)
    assert results.folder is not None
    return Performed(folder=results.folder, exit_code=code)


def _experiment(
    runs: Path,
    progress: Progress,
    scenarios: Sequence[str],
    seed: int = 1,
    replications: int = 10,
    workers: int = 2,
    keep_visits: bool = False,
    data: str | None = None,
    locks: str | None = None,
    precision: float | None = None,
    measures: Sequence[str] = (),
    curves: bool = False,
) -> Performed:
    from scenarios.comparing.precision import AIMED_AT, Aim
    from scenarios.studies.experiment import Asked, experiment

    options = _options(
        runs,
        data=data,
        locks=locks,
        seed=seed,
        replications=replications,
        keep_visits=keep_visits,
        workers=workers,
    )
    aim = None if precision is None else Aim(share=precision, measures=tuple(measures or AIMED_AT))
    found = experiment(scenarios, options, Asked(aim=aim, curves=curves), progress)
    return Performed(folder=found.folder, exit_code=found.exit_code)


def _drivers(
    runs: Path,
    progress: Progress,
    scenarios: Sequence[str],
    seed: int = 1,
    replications: int = 10,
    workers: int = 2,
    data: str | None = None,
    locks: str | None = None,
    every_order: bool = True,
) -> Performed:
    from scenarios.studies.drivers import drivers

    options = _options(
        runs, data=data, locks=locks, seed=seed, replications=replications, workers=workers
    )
    against, scenario = scenarios
    found = drivers(scenario, options, against=against, every_order=every_order, progress=progress)
    return Performed(folder=found.folder, exit_code=found.exit_code)


def _assumptions(
    runs: Path,
    progress: Progress,
    scenarios: Sequence[str],
    seed: int = 1,
    replications: int = 10,
    workers: int = 2,
    data: str | None = None,
    locks: str | None = None,
    settings: Sequence[str] = (),
) -> Performed:
    from scenarios.studies.assumptions import assumptions

    options = _options(
        runs, data=data, locks=locks, seed=seed, replications=replications, workers=workers
    )
    against, scenario = scenarios
    found = assumptions(scenario, options, against=against, chosen=settings, progress=progress)
    return Performed(folder=found.folder, exit_code=found.exit_code)


def _allocate(
    runs: Path,
    progress: Progress,
    scenario: str,
    data: str | None = None,
    locks: str | None = None,
    earlier: str | None = None,
    changes: int | None = None,
    planner: bool = False,
    save_problem: bool = False,
) -> Performed:
    from scenarios.plan import plan
    from scenarios.stop import stops_early

    folder = new_study_folder(runs, "allocate", scenario)
    with stops_early(progress, lambda _line: None) as heard:
        found = plan(
            scenario,
            out_dir=folder,
            data_dir=_path(data),
            save_problem_too=save_problem,
            locks=_path(locks),
            earlier_dir=_path(earlier),
            most_changes=changes,
            planner=planner,
            progress=heard,
        )
    return _planned(folder, found)


def _frontier(
    runs: Path,
    progress: Progress,
    scenario: str,
    against: str,
    points: int = 12,
    data: str | None = None,
) -> Performed:
    from scenarios.studies.frontier import frontier

    folder = new_study_folder(runs, "frontier", scenario)
    found = frontier(
        scenario,
        against=against,
        points=points,
        out_dir=folder,
        data_dir=_path(data),
        progress=progress,
    )
    return _planned(folder, found)


def _stability(runs: Path, progress: Progress, scenario: str, data: str | None = None) -> Performed:
    from scenarios.studies.stability import stability

    folder = new_study_folder(runs, "stability", scenario)
    found = stability(scenario, out_dir=folder, data_dir=_path(data), progress=progress)
    return _planned(folder, found)


def _size_family_workers(
    runs: Path,
    progress: Progress,
    scenario: str,
    target_days: int = 5,
    share: float = 0.9,
    budget_fte: float | None = None,
    perimeter: str = "public",
    data: str | None = None,
    seed: int = 1,
    replications: int = 8,
    workers: int = 2,
) -> Performed:
    from scenarios.studies.size_workers import Asked, size_workers

    folder = new_study_folder(runs, "size-family-workers", scenario)
    asked = Asked(
        target_days=target_days,
        share=share,
        budget_fte=budget_fte,
        perimeter=perimeter,
        replications=replications,
        seed=seed,
        workers=workers,
    )
    found = size_workers(scenario, asked, out_dir=folder, data_dir=_path(data), progress=progress)
    return _planned(folder, found)


def _size_booking_line(
    runs: Path,
    progress: Progress,
    scenario: str,
    target_minutes: float = 5.0,
    share: float = 0.8,
    seed: int = 1,
    replications: int = 4,
    data: str | None = None,
) -> Performed:
    from scenarios.studies.size_line import size_line

    folder = new_study_folder(runs, "size-booking-line", scenario)
    found = size_line(
        scenario,
        out_dir=folder,
        target_minutes=target_minutes,
        share=share,
        seed=seed,
        replications=replications,
        data_dir=_path(data),
        progress=progress,
    )
    return _planned(folder, found)


def _replay(
    runs: Path,
    progress: Progress,
    run: str,
    establishment: str,
    replication: int = 0,
    week: str | None = None,
    data: str | None = None,
    start_state: str | None = None,
) -> Performed:
    from scenarios.studies.replay import replay

    told = replay(
        Path(run),
        establishment=establishment,
        replication=replication,
        week=None if week is None else date.fromisoformat(week),
        data_dir=_path(data),
        start_state=_path(start_state),
        progress=progress,
    )
    return Performed(folder=Path(told[0]), exit_code=ExitCode.DONE)


def _rules(runs: Path, progress: Progress, scenario: str, data: str | None = None) -> Performed:
    from scenarios.studies.relaxed_rules import relaxed_rules

    folder = new_study_folder(runs, "rules", scenario)
    found = relaxed_rules(scenario, out_dir=folder, data_dir=_path(data), progress=progress)
    return _planned(folder, found)


def _planned(folder: Path, found: Planned) -> Performed:
    return Performed(folder=folder, exit_code=ExitCode(found.exit_code))


_DOES: dict[str, Callable[..., Performed]] = {
    "run": _run,
    "experiment": _experiment,
    "drivers": _drivers,
    "assumptions": _assumptions,
    "allocate": _allocate,
    "frontier": _frontier,
    "stability": _stability,
    "size-family-workers": _size_family_workers,
    "size-booking-line": _size_booking_line,
    "replay": _replay,
    "rules": _rules,
}

"""The ``estate`` command: thin; each command calls one function of the packages.

Nothing heavy is imported until a command needs it, so that ``estate --help`` answers at once.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ParamSpec

import typer

from scenarios.errors import ExitCode

if TYPE_CHECKING:
    from rich.console import Console

    from data.progress import Progress
    from scenarios.plan import Planned
    from scenarios.results import Results
    from scenarios.studies.played import Played

Arguments = ParamSpec("Arguments")

app = typer.Typer(
    name="estate",
    help="Where people in prison are held, how families visit, and what closeness would give.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


size = typer.Typer(
    help="How large a service has to be, and what it costs.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(size, name="size")


THRIFTY = {"MALLOC_ARENA_MAX": "2", "ARROW_DEFAULT_MEMORY_POOL": "system"}
"""With these in its environment a process gives back what it no longer needs."""


class Role(StrEnum):
    """Who is asking."""

    PLANNER = "planner"
    OTHER = "other"


Asking = Annotated[Role, typer.Option("--role", help="Planners alone read restricted reasons.")]
DataDir = Annotated[
    Path | None,
    typer.Option("--data", help="Folder of your own tables; absent ones are the built-in ones."),
]
Locks = Annotated[
    Path | None,
    typer.Option("--locks", help="A planner's file of locks; else locks.csv of the data folder."),
]
RunsDir = Annotated[Path, typer.Option("--runs", help="Folder that holds the run folders.")]
Seed = Annotated[int, typer.Option(help="Seed of the simulated draws.", min=0)]
Replications = Annotated[int, typer.Option(help="Simulated years.", min=1, max=10_000)]
Workers = Annotated[int, typer.Option(help="Processes that simulate.", min=1, max=1_024)]


def main() -> None:
    """Run the command line; being told to end is as being interrupted.

    An interrupt is heard even by a command that a script started in the background.
    """
    import os
    import signal

    os.environ.update(THRIFTY | os.environ)
    for told in (signal.SIGINT, signal.SIGTERM):
        signal.signal(told, signal.default_int_handler)
    app()


def _ends_clearly(command: Callable[Arguments, int | None]) -> Callable[Arguments, None]:
    """Turn every ending of a command into one message and one exit code."""

    @functools.wraps(command)
    def ended(*args: Arguments.args, **kwargs: Arguments.kwargs) -> None:
        from scenarios.faults import ending

        try:
            code = command(*args, **kwargs) or ExitCode.DONE
        except (Exception, KeyboardInterrupt) as error:
            runs = kwargs.get("runs_dir")
            message, code, _ = ending(error, runs if isinstance(runs, Path) else Path("runs"))
            _say(message, _errors())
        raise typer.Exit(int(code))

    return ended


@app.command()
@_ends_clearly
def demo(
    data_dir: DataDir = None,
    runs_dir: RunsDir = Path("runs"),
    seed: Seed = 1,
    replications: Replications = 4,
    workers: Workers = 2,
) -> int:
    """Play baseline and closer_to_home; say what it would give."""
    from scenarios.demo import SCENARIOS, tell

    results, code = _play(
        SCENARIOS,
        data_dir=data_dir,
        runs_dir=runs_dir,
        seed=seed,
        replications=replications,
        workers=workers,
    )
    for line in tell(*results):
        _say(line)
    return code


@app.command()
@_ends_clearly
def run(
    scenarios: Annotated[list[str], typer.Argument(help="Names, or paths of .yaml files.")],
    data_dir: DataDir = None,
    runs_dir: RunsDir = Path("runs"),
    seed: Seed = 1,
    replications: Replications = 10,
    workers: Workers = 2,
    keep_visits: Annotated[
        bool, typer.Option(help="Keep the visits of every replication, not of the first alone.")
    ] = False,
    cluster: Annotated[
        str | None,
        typer.Option(
            "--scheduler",
            "--cluster",
            help="Address of a Dask scheduler to use instead of processes.",
        ),
    ] = None,
    locks: Locks = None,
    precision: Annotated[
        float | None,
        typer.Option(
            help="Stop once differences from the first scenario are known to within this share of "
            "its mean, such as 0.05; at --replications at the latest."
        ),
    ] = None,
    measures: Annotated[
        list[str] | None, typer.Option("--measure", help="Measure that must be so precise.")
    ] = None,
    curves: Annotated[
        bool,
        typer.Option(
            "--curves", help="Also play under every curve of how visits fall with their cost."
        ),
    ] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Refuse to begin anew when a run was killed.")
    ] = False,
    start_state: Annotated[
        Path | None, typer.Option(help="Begin from the bookings and orders of this file.")
    ] = None,
    save_state: Annotated[
        Path | None, typer.Option(help="New file for bookings and orders after the warm-up.")
    ] = None,
) -> int:
    """Play scenarios on the same families; store each."""
    options: dict[str, Any] = {
        "data_dir": data_dir,
        "runs_dir": runs_dir,
        "seed": seed,
        "replications": replications,
        "workers": workers,
        "keep_visits": keep_visits,
        "cluster_address": cluster,
        "locks": locks,
        "resume": resume,
        "start_state": start_state,
        "save_state": save_state,
    }
    if precision is not None or curves:
        return _experiment(scenarios, precision, measures, curves, options)
    results, code = _play(scenarios, **options)
    for result in results:
        _say(str(result.folder))
    return code


@app.command()
@_ends_clearly
def drivers(
    scenario: Annotated[str, typer.Argument(help="Name, or path of a .yaml file.")],
    against: Annotated[
        str, typer.Option(help="Name or path of the scenario it is compared with.")
    ] = "baseline",
    data_dir: DataDir = None,
    runs_dir: RunsDir = Path("runs"),
    seed: Seed = 1,
    replications: Replications = 10,
    workers: Workers = 2,
    locks: Locks = None,
    in_turn_only: Annotated[
        bool,
        typer.Option(
            "--in-turn-only",
            help="Leave out each line alone and on top of all the others: fewer scenarios.",
        ),
    ] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Refuse to begin anew when a study was killed.")
    ] = False,
) -> int:
    """Play the lines of a scenario one at a time; say what each brings."""
    from scenarios.run import Options
    from scenarios.studies.drivers import drivers as played

    options = Options(
        data_dir=data_dir,
        runs_dir=runs_dir,
        seed=seed,
        replications=replications,
        workers=workers,
        locks=locks,
        resume=resume,
    )
    with _progress() as progress:
        found = played(
            scenario,
            options,
            against=against,
            every_order=not in_turn_only,
            progress=progress,
        )
    _say(f"{found.folder}\n")
    return _tell(found)


@app.command()
@_ends_clearly
def assumptions(
    scenario: Annotated[str, typer.Argument(help="Name, or path of a .yaml file.")],
    against: Annotated[
        str, typer.Option(help="Name or path of the scenario it is compared with.")
    ] = "baseline",
    chosen: Annotated[
        list[str] | None,
        typer.Option("--setting", help="Setting to try; else those that bear most on visits."),
    ] = None,
    data_dir: DataDir = None,
    runs_dir: RunsDir = Path("runs"),
    seed: Seed = 1,
    replications: Replications = 10,
    workers: Workers = 2,
    locks: Locks = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Refuse to begin anew when a study was killed.")
    ] = False,
) -> int:
    """Say which verdicts turn when assumed settings stand at the ends of their ranges."""
    from scenarios.run import Options
    from scenarios.studies.assumptions import assumptions as tried

    options = Options(
        data_dir=data_dir,
        runs_dir=runs_dir,
        seed=seed,
        replications=replications,
        workers=workers,
        locks=locks,
        resume=resume,
    )
    with _progress() as progress:
        found = tried(scenario, options, against=against, chosen=chosen or (), progress=progress)
    _say(f"{found.folder}\n")
    return _tell(found)


@app.command()
@_ends_clearly
def replay(
    run: Annotated[Path, typer.Argument(help="Run folder.")],
    establishment: Annotated[str, typer.Option(help="Code of one establishment, such as LEI.")],
    replication: Annotated[int, typer.Option(help="Which simulated year, from 0.", min=0)] = 0,
    week: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="A day of the week to draw; else a typical one."),
    ] = None,
    out_dir: Annotated[
        Path | None, typer.Option("--out", help="New folder; by default beside the run.")
    ] = None,
    data_dir: DataDir = None,
    start_state: Annotated[
        Path | None, typer.Option(help="The state the run began from, where it had one.")
    ] = None,
) -> None:
    """Play one year of one prison again; list and draw what happened."""
    from scenarios.studies.replay import replay as played_again

    day = None if week is None else week.date()
    told = played_again(
        run,
        establishment=establishment,
        replication=replication,
        week=day,
        out_dir=out_dir,
        data_dir=data_dir,
        start_state=start_state,
    )
    for line in told:
        _say(line)


@app.command(name="warm-up")
@_ends_clearly
def warm_up(run: Annotated[Path, typer.Argument(help="Run folder.")]) -> None:
    """Say for each prison when waits settle (MSER-5)."""
    from scenarios.studies.run_length import of_run, tell

    for line in tell(of_run(run)):
        _say(line)


@app.command()
@_ends_clearly
def allocate(
    scenario: Annotated[str, typer.Argument(help="Name, or path of a .yaml file.")],
    out_dir: Annotated[Path, typer.Option("--out", help="New folder for the plan.")],
    data_dir: DataDir = None,
    save_problem: Annotated[
        bool, typer.Option("--save-problem", help="Also write problem.npz for another solver.")
    ] = False,
    locks: Locks = None,
    earlier_dir: Annotated[
        Path | None, typer.Option("--from", help="Earlier plan to tell this one against.")
    ] = None,
    most_changes: Annotated[
        int | None,
        typer.Option(
            "--changes", min=0, help="Most people in another prison than in the earlier plan."
        ),
    ] = None,
    role: Asking = Role.OTHER,
) -> int:
    """Decide placements only, prove them, write the plan; an interrupt takes the best so far."""
    from scenarios.plan import plan
    from scenarios.stop import stops_early

    with _progress() as told, stops_early(told, lambda line: _say(line, _errors())) as progress:
        found = plan(
            scenario,
            out_dir=out_dir,
            data_dir=data_dir,
            save_problem_too=save_problem,
            locks=locks,
            earlier_dir=earlier_dir,
            most_changes=most_changes,
            planner=role is Role.PLANNER,
            progress=progress,
        )
    return _tell(found)


@app.command()
@_ends_clearly
def explain(
    plan: Annotated[Path, typer.Argument(help="Run folder, or folder of 'estate allocate'.")],
    prisoner: Annotated[str, typer.Argument(help="Id of one person.")],
    data_dir: DataDir = None,
    role: Asking = Role.OTHER,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
) -> None:
    """Say why a person is held there and what any other place would cost."""
    from scenarios.planning import explain as explaining
    from scenarios.results import json_text

    told = explaining.explain_person(
        plan, prisoner, data_dir=data_dir, planner=role is Role.PLANNER
    )
    if as_json:
        _say(json_text(explaining.as_json(told)))
    else:
        for line in explaining.tell(told):
            _say(line)


About = Annotated[Path, typer.Argument(help="A plan's folder, or the .csv file of locks.")]
Person = Annotated[str, typer.Argument(help="Id of one person.")]
Place = Annotated[str, typer.Argument(help="A unit or an establishment.")]
Reason = Annotated[str, typer.Option(help="Reason code, as the dictionary lists them.")]
Owner = Annotated[str, typer.Option(help="Who decides.")]
Review = Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="Day to look again.")]
Note = Annotated[str, typer.Option(help="A note for planners.")]


@app.command()
@_ends_clearly
def lock(
    about: About,
    prisoner: Person,
    place: Place,
    reason: Reason,
    owner: Owner,
    review: Review,
    note: Note = "",
    data_dir: DataDir = None,
    locks: Locks = None,
) -> None:
    """Keep a person in a place in every later plan."""
    _decide("lock", about, prisoner, place, reason, note, owner, review, data_dir, locks)


@app.command()
@_ends_clearly
def forbid(
    about: About,
    prisoner: Person,
    place: Place,
    reason: Reason,
    owner: Owner,
    review: Review,
    note: Note = "",
    data_dir: DataDir = None,
    locks: Locks = None,
) -> None:
    """Keep a person away from a place in every later plan."""
    _decide("forbid", about, prisoner, place, reason, note, owner, review, data_dir, locks)


@app.command()
@_ends_clearly
def unlock(
    about: About,
    prisoner: Person,
    place: Annotated[
        str | None, typer.Argument(help="A unit or an establishment; all where left out.")
    ] = None,
    data_dir: DataDir = None,
    locks: Locks = None,
) -> None:
    """Take away what was locked or forbidden."""
    from scenarios.planning import steer

    for line in steer.unlock(about, prisoner, place, data_dir=data_dir, locks=locks):
        _say(line)


def _decide(
    action: str,
    about: Path,
    prisoner: str,
    place: str,
    reason: str,
    note: str,
    owner: str,
    review: datetime,
    data_dir: Path | None,
    locks: Path | None,
) -> None:
    from data.words import LockAction
    from scenarios.planning import steer

    cells = {
        "prisoner_id": prisoner,
        "action": LockAction(action),
        "unit_or_establishment": place,
        "reason_code": reason,
        "note": note,
        "owner": owner,
        "review_date": review.date(),
    }
    for line in steer.lock(about, cells, data_dir=data_dir, locks=locks):
        _say(line)


@app.command()
@_ends_clearly
def rules(
    scenario: Annotated[str, typer.Argument(help="Name, or path of a .yaml file.")] = "baseline",
    data_dir: DataDir = None,
    relax: Annotated[
        bool, typer.Option("--relax", help="Also decide anew with each rule off, one at a time.")
    ] = False,
    out: Annotated[Path | None, typer.Option("--out", help="New CSV file.")] = None,
) -> None:
    """List every rule with what it costs today."""
    from scenarios.studies.rules_report import report_of

    with _progress() as progress:
        told = list(report_of(scenario, data_dir=data_dir, relax=relax, out=out, progress=progress))
    for line in told:
        _say(line)


@app.command()
@_ends_clearly
def frontier(
    scenario: Annotated[str, typer.Argument(help="Name, or path of a .yaml file.")],
    against: Annotated[
        str, typer.Option(help="moves, crowding, far (over 50 miles) or worst_tenth.")
    ],
    out_dir: Annotated[Path, typer.Option("--out", help="New folder for the frontier.")],
    points: Annotated[int, typer.Option(help="Points to find.")] = 12,
    data_dir: DataDir = None,
) -> int:
    """Trace what family cost is traded against; certified points."""
    from scenarios.studies.frontier import frontier as traced

    with _progress() as progress:
        found = traced(
            scenario,
            against=against,
            points=points,
            out_dir=out_dir,
            data_dir=data_dir,
            progress=progress,
        )
    return _tell(found)


@app.command()
@_ends_clearly
def stability(
    scenario: Annotated[str, typer.Argument(help="Name, or path of a .yaml file.")],
    out_dir: Annotated[Path, typer.Option("--out", help="New folder for the tables.")],
    data_dir: DataDir = None,
) -> int:
    """Say which moves stay across the stated ranges."""
    from scenarios.studies.stability import stability as tried

    with _progress() as progress:
        found = tried(scenario, out_dir=out_dir, data_dir=data_dir, progress=progress)
    return _tell(found)


@size.command(name="booking-line")
@_ends_clearly
def size_booking_line(
    scenario: Annotated[str, typer.Argument(help="Name, or path of a .yaml file.")],
    out_dir: Annotated[Path, typer.Option("--out", help="New folder for the tables.")],
    target_minutes: Annotated[
        float, typer.Option(help="Minutes on hold within which a caller is to be answered.")
    ] = 5.0,
    share: Annotated[float, typer.Option(help="Share of callers for whom that must hold.")] = 0.8,
    seed: Seed = 1,
    replications: Annotated[
        int,
        typer.Option(
            help="Years to size on; as many more prove it. Give 4 or more.", min=1, max=100
        ),
    ] = 4,
    data_dir: DataDir = None,
) -> int:
    """Give agents by half-hour, a legal roster and its cost."""
    from scenarios.studies.size_line import size_line

    with _progress() as progress:
        found = size_line(
            scenario,
            out_dir=out_dir,
            target_minutes=target_minutes,
            share=share,
            seed=seed,
            replications=replications,
            data_dir=data_dir,
            progress=progress,
        )
    return _tell(found)


@size.command(name="family-workers")
@_ends_clearly
def size_family_workers(
    scenario: Annotated[str, typer.Argument(help="Name, or path of a .yaml file.")],
    out_dir: Annotated[Path, typer.Option("--out", help="New folder for the tables.")],
    target_days: Annotated[int, typer.Option(help="Days to a first contact.")] = 5,
    share: Annotated[float, typer.Option(help="Share of referrals to be reached in time.")] = 0.9,
    budget_fte: Annotated[
        float | None, typer.Option(help="Caseworkers to share out; today's when left out.")
    ] = None,
    perimeter: Annotated[
        str, typer.Option(help="public (national contract) or all prisons.")
    ] = "public",
    data_dir: DataDir = None,
    seed: Seed = 1,
    replications: Annotated[
        int, typer.Option(help="Simulated years of each number of workers.", min=2, max=1_000)
    ] = 8,
    workers: Workers = 2,
) -> int:
    """Family workers by prison: for a target, and the fair share of a total."""
    from scenarios.studies.size_workers import Asked, size_workers

    asked = Asked(
        target_days=target_days,
        share=share,
        budget_fte=budget_fte,
        perimeter=perimeter,
        replications=replications,
        seed=seed,
        workers=workers,
    )
    with _progress() as progress:
        found = size_workers(scenario, asked, out_dir=out_dir, data_dir=data_dir, progress=progress)
    return _tell(found)


@app.command()
@_ends_clearly
def compare(
    before: Annotated[Path, typer.Argument(help="Run folder.")],
    after: Annotated[Path, typer.Argument(help="Run folder.")],
) -> None:
    """Set two runs side by side, with intervals."""
    from scenarios.comparing import added_sessions
    from scenarios.comparing.compare import compare as compared
    from scenarios.comparing.compare import tell
    from scenarios.results import load_results
    from scenarios.run import notes

    runs = [load_results(folder) for folder in (before, after)]
    for line in tell(compared(*runs)):
        _say(line)
    for line in added_sessions.tell(added_sessions.added_use(*runs)):
        _say(line)
    for result in runs:
        for line in notes(result):
            _say(line, _errors())


class Tables(StrEnum):
    """Which tables of a run to export."""

    SUMMARY = "summary"
    MOVES = "moves"


@app.command()
@_ends_clearly
def export(
    run: Annotated[Path, typer.Argument(help="Run folder.")],
    out: Annotated[
        Path, typer.Option("--out", help="New file: .xlsx, .zip (of CSV), .ods, .html or .pdf.")
    ],
    tables: Annotated[
        Tables, typer.Option(help="The summary, or the moves person by person.")
    ] = Tables.SUMMARY,
    strict: Annotated[
        bool, typer.Option("--strict", help="Hide counts under five and round the rest to five.")
    ] = False,
) -> None:
    """Write a run's tables for others; small counts hidden."""
    from scenarios.export_run import Told, export_run

    for line in export_run(run, out, told=Told(tables.value), strict=strict):
        _say(line)


@app.command()
@_ends_clearly
def validate(
    data_dir: Annotated[Path, typer.Argument(help="Folder of your own tables.")],
) -> None:
    """Check a folder of tables; report all faults."""
    from scenarios.inputs import validate as validated
    from scenarios.own_tables.quality import warnings

    _say(validated(data_dir))
    for line in warnings(data_dir):
        _say(line, _errors())


@app.command()
@_ends_clearly
def template(
    data_dir: Annotated[Path, typer.Argument(help="Folder to make.")],
) -> None:
    """Write a folder of tables with example rows."""
    from data.template import write_template

    write_template(data_dir)
    _say(
        f"{data_dir}: fill in the tables you have, remove the others, then check them with "
        f"'estate validate {data_dir}'."
    )


@app.command(name="app")
@_ends_clearly
def start_app(
    runs_dir: RunsDir = Path("runs"),
    port: Annotated[int, typer.Option(help="Port to serve on.", min=1, max=65_535)] = 8501,
    address: Annotated[
        str,
        typer.Option(help="Address to serve on; any but this machine's own needs sign-in."),
    ] = "127.0.0.1",
    data_dir: DataDir = None,
) -> int:
    """Open the app on stored runs, on this machine only unless readers sign in."""
    import os
    import subprocess
    import sys
    from importlib.util import find_spec

    found = find_spec("server")
    assert found is not None
    assert found.origin is not None
    command = [sys.executable, found.origin, f"--port={port}", f"--address={address}"]
    environment = THRIFTY | os.environ | {"ESTATE_RUNS": str(runs_dir.resolve())}
    if data_dir is not None:
        environment |= {"ESTATE_DATA": str(data_dir.resolve())}
    # an installed app finds its Streamlit settings below this folder
    folder = Path(found.origin).parent / "app_pages"
    return subprocess.run(command, env=environment, cwd=folder, check=False).returncode  # noqa: S603


def _experiment(
    names: Sequence[str],
    precision: float | None,
    measures: Sequence[str] | None,
    curves: bool,
    options: dict[str, Any],
) -> int:
    from scenarios.comparing.precision import AIMED_AT, Aim
    from scenarios.run import Options, notes
    from scenarios.studies.experiment import Asked, experiment

    chosen = tuple(measures or AIMED_AT)
    aim = None if precision is None else Aim(share=precision, measures=chosen)
    with _progress() as progress:
        found = experiment(names, Options(**options), Asked(aim=aim, curves=curves), progress)
    for result in found.runs:
        _say(str(result.folder))
    for line in (str(found.folder), "", *found.told):
        _say(line)
    for result in found.runs:
        for line in notes(result):
            _say(line, _errors())
    return found.exit_code


def _play(names: Sequence[str], **options: Any) -> tuple[list[Results], int]:
    from scenarios.run import Options, notes, run_many

    with _progress() as progress:
        results, code = run_many(names, Options(**options), progress)
    for result in results:
        for line in notes(result):
            _say(line, _errors())
    return results, code


@contextmanager
def _progress() -> Iterator[Progress]:
    """Show a bar with the time left for each stage, on the error stream."""
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    console = _errors()
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
    ) as bars:
        stages: dict[str, Any] = {}

        def progress(stage: str, done: int, total: int) -> None:
            name = stage.partition(",")[0]
            if name not in stages:
                stages[name] = bars.add_task(stage, total=total)
            bars.update(stages[name], description=stage, completed=done, total=total)

        yield progress


def _tell(found: Planned | Played) -> int:
    """Print what a command found, and give its exit code."""
    for line in found.told:
        _say(line)
    return found.exit_code


def _say(line: str, console: Console | None = None) -> None:
    """Print text as it is: no markup, no colours of its own, no line breaks of its own."""
    (console or _output()).print(line, markup=False, highlight=False, soft_wrap=True)


def _output() -> Console:
    from rich.console import Console

    return Console()


def _errors() -> Console:
    from rich.console import Console

    return Console(stderr=True)


if __name__ == "__main__":
    main()

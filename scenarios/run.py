"""The whole model on one screen: tables, people, journeys, placements, simulated years, results."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd

from data.progress import Progress, silent
from data.words import ESTATE
from optimiser.allocation import InfeasibleAllocationError, SolveStatus
from scenarios.accounts.account import Decision, account, all_measures, today_of
from scenarios.distance import with_groups
from scenarios.ensemble.cluster import cluster
from scenarios.ensemble.ledger import (
    Ledger,
    check_resumable,
    clear_old_ledgers,
    fields_of,
    has_unfinished,
    open_ledger,
)
from scenarios.ensemble.runner import LOST, Crew, Ensemble, process_pool
from scenarios.errors import ExitCode, LostWorkerError, ScenarioError
from scenarios.hidden_counts import keep_hidden
from scenarios.inputs import Inputs, data_digest, input_digests
from scenarios.one_report import asked_inputs, asked_scenarios, changes_of_nothing
from scenarios.planning.place import place, simulated_with
from scenarios.planning.shortage import readable_needs
from scenarios.provenance import digest_of, manifest, model_digest, origin
from scenarios.reading.at_hand import keep_at_hand
from scenarios.reading.hours import offer_of
from scenarios.report import write_report
from scenarios.results import (
    HELD,
    Results,
    clear_abandoned,
    file_digest,
    file_digests,
    load_results,
    publish,
    save_tables,
    scratch_folder,
    write_json,
)
from scenarios.schema import Scenario
from scenarios.start_state import begin_from, state_of, without_warm_up, write_state
from simulation.sessions_held import sessions_held
from simulation.simulate import SimulationInputs

DECIDES = (
    "as_of", "placements", "population", "records", "travel", "help", "allocation", "objective",
    "units", "workers", "limits", "rules", "move_parts",
)  # fmt: skip
"""Sections of a scenario that its inputs and placements are made from."""

CURVE_SETTING = "demand.decay_curve"
"""How visits fall with their cost; an experiment plays a scenario under each curve."""

Playing = Generator[None, None, Results]
"""A run with its pause; it returns the results."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a run depends on beside its scenario, and where it is kept.

    ``workers`` and ``cluster_address`` say who does the work, and ``resume`` that some of it must
    have been done before; they never change the answer.
    """

    data_dir: Path | None = None
    runs_dir: Path = Path("runs")
    seed: int = 1
    replications: int = 10
    keep_visits: bool = False
    workers: int = 2
    cluster_address: str | None = None
    locks: Path | None = None
    resume: bool = False
    start_state: Path | None = None
    save_state: Path | None = None


def run(
    scenario: Scenario,
    options: Options,
    executor: Crew,
    progress: Progress = silent,
) -> Results:
    """Play one scenario and store it, or open the run that has been stored.

    Parameters
    ----------
    scenario
        What is asked.
    options
        Data, seed, replications and place.
    executor
        Gives those who simulate, once they are needed: processes here or a cluster.
    progress
        Told of each stage.

    Returns
    -------
    Results
        Read back from the run folder.

    Raises
    ------
    TableError, ScenarioError
        When the data or the scenario cannot be used.
    InfeasibleAllocationError
        When people of one sex have no place at all.
    CertificateError
        When a plan's certificate does not hold.
    """
    with closing(steps(scenario, options, executor, progress)) as playing:
        next(playing)
        return _ended(playing)


def steps(
    scenario: Scenario,
    options: Options,
    executor: Crew,
    progress: Progress = silent,
    decided: dict[str, Decided] | None = None,
) -> Playing:
    """Do as ``run`` does, with one pause: when the simulated years have been handed out.

    In the pause the placements of another scenario can be decided. Closing it early leaves nothing
    behind. ``decided`` is that of ``begin``.
    """
    folder = run_folder(scenario, options)
    if folder.is_dir() and options.save_state is None:
        yield
        return load_results(folder)
    with begin(scenario, options, executor, progress, decided) as begun:
        begun.hand_out(options.replications)
        yield
        return begun.finish()


def measured(
    scenario: Scenario,
    options: Options,
    executor: Crew,
    progress: Progress = silent,
    decided: dict[str, Decided] | None = None,
) -> Generator[None, None, pd.DataFrame]:
    """Play a scenario for the measures of the estate alone, with the pause of ``steps``.

    No run is stored. What was finished stays in the ledger, so that a study of which this is a part
    can go on after a crash; ``ledger.forget_own_ledgers`` removes it.
    """
    with begin(scenario, options, executor, progress, decided) as begun:
        begun.hand_out(options.replications)
        yield
        return begun.of_estate()


Key = TypeVar("Key")
Made = TypeVar("Made")


def in_turn(works: Iterable[tuple[Key, Generator[None, None, Made]]]) -> dict[Key, Made]:
    """Take pieces of work with one pause to their ends, each begun in the pause of the one before.

    Parameters
    ----------
    works
        Each with what it is known by; made one by one.

    Returns
    -------
    dict
        What each one gave, by what it is known by. Where one cannot be begun, those begun before
        it are ended all the same.
    """
    found: dict[Key, Made] = {}
    waiting: dict[Key, Generator[None, None, Made]] = {}
    with ExitStack() as begun:
        for key, playing in works:
            begun.enter_context(closing(playing))
            try:
                next(playing)
            except Exception:
                _ended_all(waiting)
                raise
            found |= _ended_all(waiting)
            waiting = {key: playing}
        return found | _ended_all(waiting)


class Begun:
    """A scenario whose placements are decided and whose years are being played.

    Made by ``begin``. Years are handed out as many as are asked for, and more when that is not
    enough; ``finish`` stores the run of those handed out.
    """

    def __init__(
        self,
        scenario: Scenario,
        options: Options,
        decided: Decided,
        *,
        given: SimulationInputs,
        ensemble: Ensemble,
        ledger: Ledger,
        folder: Path,
        clock: Stopwatch,
    ) -> None:
        self.scenario = scenario
        self._options, self._decided, self._given = options, decided, given
        self._ensemble, self._ledger = ensemble, ledger
        self._folder, self._clock = folder, clock

    def hand_out(self, replications: int) -> None:
        """Hand out the years of so many replications; those handed out before count."""
        with self._clock("simulation"):
            self._ensemble.hand_out(replications)

    def measures(self) -> pd.DataFrame:
        """Wait for what was handed out and give its measures, without those of distance."""
        with self._clock("simulation"):
            return self._ensemble.measures()

    def of_estate(self) -> pd.DataFrame:
        """Wait for what was handed out and give the measures of the whole estate, of distance too.

        Returns
        -------
        DataFrame
            Rows and columns of ``measures.parquet``, those of ``establishment`` ALL.
        """
        simulated = self.measures()
        inputs, plan = self._decided.inputs, self._decided.decision.placements
        people = with_groups(plan, today_of(inputs, plan), inputs.population.prisoners)
        rows = all_measures(
            simulated[simulated["establishment"] == ESTATE],
            people,
            scenario=self.scenario.name,
            replications=self._ensemble.replications,
        )
        return rows[rows["establishment"] == ESTATE].reset_index(drop=True)

    def finish(self) -> Results:
        """Wait for what was handed out, store the run and open it."""
        simulated, clock = self.measures(), self._clock
        options = replace(self._options, replications=self._ensemble.replications)
        inputs, decision = self._decided.inputs, self._decided.decision
        with clock("account"):
            made_from = origin_of(self.scenario, options)
            if options.save_state is not None:
                visits = self._ensemble.visits()
                write_state(state_of(self._given, visits, options.seed), options.save_state)
            results = account(self.scenario, inputs, decision, simulated, made_from)
            held = sessions_held(
                self._given,
                seed=options.seed,
                replications=range(options.replications if options.keep_visits else 1),
            )
            results = replace(results, tables={**results.tables, HELD: held})
        folder = run_folder(self.scenario, options)
        inside = self._folder / "run"
        inside.mkdir()
        with clock("files"):
            save_tables(results, inside)
            self._ensemble.write_visits(inside / "visits.parquet")
            keep_at_hand(
                results.scenario,
                inside,
                moves=results.moves,
                visited=self._ensemble.visited(),
                offer=offer_of(inputs.estate, self.scenario.regime, self.scenario.video),
            )
            named = replace(results, folder=folder)
            write_report(named, inside / "report.html", keep_hidden(results, inside))
        told = manifest(made_from, outputs=file_digests(inside), seconds=clock.seconds)
        write_json(told, inside / "manifest.json")
        publish(inside, folder)
        self._ledger.forget()
        return load_results(folder)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Decided:
    """What a scenario is played on, and who is held where."""

    inputs: Inputs
    decision: Decision


@contextmanager
def begin(
    scenario: Scenario,
    options: Options,
    executor: Crew,
    progress: Progress = silent,
    decided: dict[str, Decided] | None = None,
) -> Iterator[Begun]:
    """Read the inputs of a scenario and decide its placements, ready to be played.

    Parameters
    ----------
    scenario, options, executor, progress
        As for ``run``.
    decided
        Placements known already, by ``placements_key``; what is decided here is added.

    Yields
    ------
    Begun
        Ends with the block. What was finished stays in a ledger unless the run was stored.
    """
    clock, known = Stopwatch(), {} if decided is None else decided
    key = placements_key(scenario)
    with ExitStack() as stack:
        folder = stack.enter_context(scratch_folder(run_folder(scenario, options)))
        if key not in known:
            known[key] = decide(scenario, options, clock, progress)
        inputs, decision = known[key].inputs, known[key].decision
        fields = ledger_fields(scenario, options)
        ledger = stack.enter_context(
            open_ledger(options.runs_dir, scenario.name, fields, resume=options.resume)
        )
        with clock("simulation"):
            given = simulated_with(scenario, inputs, decision.placements, decision.moves)
            if options.start_state is not None:
                given = begin_from(given, options.start_state)
            ensemble = Ensemble(
                given,
                seed=options.seed,
                keep_every_log=options.keep_visits,
                folder=folder,
                executor=executor,
                ledger=ledger,
                progress=progress,
            )
        stack.enter_context(closing(ensemble))
        yield Begun(
            scenario,
            options,
            known[key],
            given=given,
            ensemble=ensemble,
            ledger=ledger,
            folder=folder,
            clock=clock,
        )


def decide(
    scenario: Scenario, options: Options, clock: Stopwatch, progress: Progress = silent
) -> Decided:
    """Read what a scenario is played on and decide who is held where."""
    with clock("inputs"):
        inputs = asked_inputs(scenario, options.data_dir, progress, options.locks)
    with clock("placements"):
        try:
            allocation = place(scenario, inputs, progress)
        except InfeasibleAllocationError as error:
            write_shortfall(error, options.runs_dir / f"{scenario.name}-shortfall.csv")
            raise
    data = data_digest(options.data_dir, options.locks)
    return Decided(inputs=inputs, decision=Decision.of(scenario, allocation, data))


def placements_key(scenario: Scenario) -> str:
    """Tell scenarios apart by what their inputs and placements are made from.

    How visits are run and fall with their cost is not among it: the allocation weighs the need for
    visits. Nor are transfers in the year, of a plan's moves too: they are made once it is decided.
    """
    told = scenario.resolved()
    return digest_of({section: told[section] for section in DECIDES})


def ledger_fields(scenario: Scenario, options: Options) -> dict[str, str]:
    """Give what the simulated years of a run are made from, by name."""
    return fields_of(
        scenario.resolved(),
        input_digests(options.data_dir, options.locks),
        seed=options.seed,
        keep_visits=options.keep_visits,
    ) | start_digest(options)


def run_many(
    names: Sequence[str], options: Options, progress: Progress = silent
) -> tuple[list[Results], ExitCode]:
    """Play scenarios on the same families, deciding the next while the years of one are played.

    Parameters
    ----------
    names
        Names or paths of scenarios; all are read before the first is played.
    options
        Data, seed, replications, place and workers.
    progress
        Told of each stage, with the scenario's name where there are several.

    Returns
    -------
    tuple
        Results in the order of the names, and the exit code: infeasible when a plan leaves
        people without a place.
    """
    scenarios = scenarios_of(names, options)
    clear_abandoned(options.runs_dir)
    clear_old_ledgers(options.runs_dir)
    if options.resume:
        check_all_resumable(scenarios, options)
    asked = {run_folder(scenario, options): scenario for scenario in scenarios}
    with Workers(options) as workers:
        found = in_turn(
            (folder, steps(each, options, workers.executor, named(progress, each, names)))
            for folder, each in asked.items()
        )
    infeasible = any(
        results.allocation["status"] == SolveStatus.INFEASIBLE for results in found.values()
    )
    code = ExitCode.INFEASIBLE if infeasible else ExitCode.DONE
    return [found[run_folder(scenario, options)] for scenario in scenarios], code


def check_all_resumable(scenarios: Sequence[Scenario], options: Options) -> None:
    """See that there is an unfinished run of one of the scenarios, and none of something else.

    Raises
    ------
    ScenarioError
        Naming what differs, or saying that nothing is unfinished.
    """
    left = [each for each in scenarios if not run_folder(each, options).is_dir()]
    begun = [each for each in left if has_unfinished(options.runs_dir, each.name)]
    for scenario in begun or left[:1]:
        check_resumable(options.runs_dir, scenario.name, ledger_fields(scenario, options))


def _ended_all(waiting: Mapping[Key, Generator[None, None, Made]]) -> dict[Key, Made]:
    return {key: _ended(playing) for key, playing in waiting.items()}


def _ended(playing: Generator[None, None, Made]) -> Made:
    """Take work from its pause to its end."""
    try:
        next(playing)
    except StopIteration as end:
        made: Made = end.value
        return made
    raise AssertionError("such work pauses once")


class Workers:
    """Those who simulate, started when first needed and ended with the block."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._stack = ExitStack()
        self._executor: Executor | None = None

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *raised: object) -> None:
        self._stack.__exit__(*raised)  # type: ignore[arg-type]

    def executor(self, lost: Executor | None = None) -> Executor:
        """Start the processes or connect to the cluster, once; and again when they were lost.

        Raises
        ------
        LostWorkerError
            When a cluster has lost its workers, which it starts again by itself.
        """
        if lost is not None and lost is self._executor:
            if self._options.cluster_address:
                raise LostWorkerError(LOST)
            self._executor = None
        if self._executor is None:
            address = self._options.cluster_address
            chosen = cluster(address) if address else process_pool(self._options.workers)
            self._executor = self._stack.enter_context(chosen)
        return self._executor


def run_folder(scenario: Scenario, options: Options) -> Path:
    """Give the folder in which a run is stored."""
    return options.runs_dir / f"{scenario.name}-{run_key(scenario, options)}"


def run_key(scenario: Scenario, options: Options) -> str:
    """Give the eight figures that tell runs of a scenario apart.

    They change with the settings, the data, the seed, the replications and the version of the
    model, down to a line of its code; never with the machine or the number of workers.
    """
    return digest_of(
        {
            "scenario": scenario.digest(),
            "data": data_digest(options.data_dir, options.locks),
            "seed": options.seed,
            "replications": options.replications,
            "keep_visits": options.keep_visits,
            "model": model_digest(),
            **start_digest(options),
        }
    )[:8]


def start_digest(options: Options) -> dict[str, str]:
    """Give the digest of the state that every replication begins from, where there is one.

    Raises
    ------
    ScenarioError
        When there is no such file.
    """
    if options.start_state is None:
        return {}
    if missing := _missing_state(options):
        raise ScenarioError(missing)
    return {"start_state": file_digest(options.start_state)}


def _missing_state(options: Options) -> list[str]:
    path = options.start_state
    if path is None or path.is_file():
        return []
    return [f"{path}: no such start state. 'estate run --save-state FILE' makes one."]


def scenarios_of(names: Sequence[str], options: Options) -> list[Scenario]:
    """Load scenarios; one that begins from a state of its own needs no warm-up.

    Raises
    ------
    ScenarioError
        When a state is to be saved by a run that has no warm-up, by several or over another file,
        or the state to begin from is not there.
    """
    problems = _missing_state(options)
    save = options.save_state if options.start_state is None else None
    if save is not None and save.exists():
        problems.append(f"{save}: is there already. Give --save-state a file that is not.")
    if save is not None and len(names) > 1:
        problems.append("--save-state: name the one scenario whose state is to be saved.")
    has_state = options.start_state is not None or options.save_state is not None
    scenarios = asked_scenarios(
        names,
        options.data_dir,
        options.locks,
        problems,
        must=lambda each: [
            *changes_of_nothing(each),
            *(_told_by_a_state(each) if has_state else ()),
        ],
    )
    if options.start_state is not None:
        return [without_warm_up(each) for each in scenarios]
    return scenarios


def _told_by_a_state(scenario: Scenario) -> list[str]:
    """Refuse a state where families start to ask: it tells of none that is in no table."""
    if not scenario.family_work.starts_to_ask_share:
        return []
    return [
        f"{scenario.name}: --start-state and --save-state tell of no family that starts to ask for "
        "visits. Set family_work.starts_to_ask_share to 0, or play the warm-up."
    ]


class Stopwatch:
    """Elapsed seconds by stage; of the simulation, those in which nothing else was done."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        """Time a block as one stage."""
        start = time.perf_counter()
        yield
        passed = time.perf_counter() - start
        self.seconds[stage] = self.seconds.get(stage, 0.0) + passed


def write_shortfall(error: InfeasibleAllocationError, path: Path, *, planner: bool = False) -> None:
    """Keep who has no place, since it is a finding, and let the error say where.

    What they need is written for planners alone.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    table = error.shortfall if planner else readable_needs(error.shortfall)
    table.to_csv(path, index=False)
    error.add_note(f"Who they are is in {path}.")


def notes(results: Results) -> list[str]:
    """Say what must not be missed about a run: a ceiling, people without a place."""
    from scenarios.display.wording import CEILING

    unplaced = results.summary["allocation"]["unplaced"]
    told = [CEILING] if results.summary["ceiling"] else []
    if unplaced:
        told.append(
            f"{unplaced:,} people have no place under the rules. Who they are is under 'unplaced' "
            f"in {results.folder}/allocation.json."
        )
    return [f"{results.name}: {line}" for line in told]


def named(progress: Progress, scenario: Scenario, names: Sequence[str]) -> Progress:
    """Let progress tell the scenario's name where several are played."""
    if len(names) == 1:
        return progress

    def told(stage: str, done: int, total: int) -> None:
        progress(f"{scenario.name}: {stage}", done, total)

    return told


def origin_of(scenario: Scenario, options: Options) -> dict[str, Any]:
    """Give what a run is made from, the same on any machine."""
    return origin(
        command=_command(scenario, options),
        seed=options.seed,
        replications=options.replications,
        keep_visits=options.keep_visits,
        inputs=input_digests(options.data_dir, options.locks),
        scenario_digest=scenario.digest(),
    ) | start_digest(options)


def _command(scenario: Scenario, options: Options) -> str:
    curve = f"-{scenario.demand.decay_curve}"
    last = scenario.changes[-1].setting if scenario.changes else ""
    is_variant = scenario.name.endswith(curve) and last == CURVE_SETTING
    words = ["estate", "run", scenario.name.removesuffix(curve) if is_variant else scenario.name]
    words += ["--curves"] if is_variant else []
    words += ["--data", "DIR"] if options.data_dir else []
    words += ["--locks", "FILE"] if options.locks else []
    words += ["--seed", str(options.seed), "--replications", str(options.replications)]
    words += ["--keep-visits"] if options.keep_visits else []
    words += ["--start-state", "FILE"] if options.start_state else []
    return " ".join(words)

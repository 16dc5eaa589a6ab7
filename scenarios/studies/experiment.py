"""Several scenarios on the same families: played until the differences are known, with a verdict.

The first scenario is the one the others are compared with. What an experiment found stands in a
folder of its own beside the runs it made::

    experiment.json        command, run folders, what each curve compared, aim, looks, conclusions
    differences.parquet    curve, scenario, then the columns of ``compare.differences``
    verdicts.csv           the headline of the estate in words
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, get_args

import pandas as pd

from data.progress import Progress, silent
from data.words import ESTATE
from optimiser.allocation import SolveStatus
from scenarios.circulation.safe_cells import safe_cells
from scenarios.comparing.compare import compare, is_paired, made_from
from scenarios.comparing.precision import Aim, is_reached, looks, widths
from scenarios.comparing.verdict import conclusion, verdict_words
from scenarios.ensemble.ledger import clear_old_ledgers
from scenarios.errors import ExitCode, ScenarioError
from scenarios.provenance import digest_of
from scenarios.results import (
    FORMAT_VERSION,
    Results,
    clear_abandoned,
    load_results,
    new_folder,
    write_json,
    write_parquet,
)
from scenarios.run import (
    CURVE_SETTING,
    Decided,
    Options,
    Workers,
    begin,
    check_all_resumable,
    named,
    run_folder,
    scenarios_of,
)
from scenarios.schema import Change, Scenario
from scenarios.summary import HEADLINE
from simulation.demand import DecayCurve

CURVES: tuple[DecayCurve, ...] = get_args(DecayCurve)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What an experiment is to find out.

    Attributes
    ----------
    aim
        How well differences are to be known; ``None`` to play every replication.
    curves
        Whether to play everything under each curve of how visits fall with their cost.
    """

    aim: Aim | None
    curves: bool


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Experiment:
    """What an experiment found.

    Attributes
    ----------
    folder
        Where it is stored.
    runs
        Results of every run, those of one curve after those of another.
    verdicts
        One row per scenario but the first, headline measure and curve: scenario, title, measure,
        label, curve, before, after, low, high, replications, verdict, words, conclusion.
    told
        The same in lines.
    exit_code
        Infeasible when a plan leaves people without a place.
    """

    folder: Path
    runs: list[Results]
    verdicts: pd.DataFrame
    told: list[str]
    exit_code: ExitCode


def experiment(
    names: Sequence[str], options: Options, asked: Asked, progress: Progress = silent
) -> Experiment:
    """Play scenarios on the same families and say how the others differ from the first.

    Parameters
    ----------
    names
        Names or paths of at least two scenarios.
    options
        Data, seed, place and workers; ``replications`` is the most that are played.
    asked
        Precision aimed at, and whether the verdict is tried under every curve.
    progress
        Told of each stage.

    Raises
    ------
    ScenarioError
        When there are not two different scenarios, or they are not played on the same families.
    """
    scenarios = scenarios_of(names, options)
    _refuse_unlike(scenarios)
    own = scenarios[0].demand.decay_curve
    groups: dict[str, list[Scenario]] = {own: scenarios}
    if asked.curves:
        groups = {curve: [under_curve(each, curve) for each in scenarios] for curve in CURVES}
    clear_abandoned(options.runs_dir)
    clear_old_ledgers(options.runs_dir)
    if options.resume:
        check_all_resumable([each for group in groups.values() for each in group], options)
    counts = looks(options.replications) if asked.aim else [options.replications]
    found = _stored(groups, options, counts, asked.aim) or _played(
        groups, options, counts, asked.aim, progress
    )
    return _stored_account(found, scenarios, options, asked)


def _refuse_unlike(scenarios: Sequence[Scenario]) -> None:
    problems = []
    if len({each.digest() for each in scenarios}) < max(2, len(scenarios)):
        problems.append(
            "an experiment compares scenarios that differ. Name at least two, each once, the one "
            "to compare with first."
        )
    problems += not_the_same_families(scenarios)
    if problems:
        raise ScenarioError(problems)


def not_the_same_families(scenarios: Sequence[Scenario]) -> list[str]:
    """Say which scenarios are not played on the same families as the first, and why."""
    first = scenarios[0]
    return [
        f"{each.name}: has another {section} than {first.name}, so it is not played on the same "
        "families. Compare the two with 'estate compare'."
        for each in scenarios[1:]
        for section in ("population", "calendar")
        if getattr(each, section) != getattr(first, section)
    ]


def under_curve(scenario: Scenario, curve: DecayCurve) -> Scenario:
    """Give a scenario under another curve of how visits fall with their cost; itself under its own.

    Examples
    --------
    >>> from scenarios.load import load_scenario
    >>> under_curve(load_scenario("baseline"), "steep").name
    'baseline-steep'
    """
    before = scenario.demand.decay_curve
    if curve == before:
        return scenario
    changed = Change(setting=CURVE_SETTING, before=before, after=curve)
    return scenario.model_copy(
        update={
            "name": f"{scenario.name}-{curve}",
            "title": f"{scenario.title} ({curve})",
            "demand": replace(scenario.demand, decay_curve=curve),
            "changes": (*scenario.changes, changed),
        }
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Found:
    """Runs by curve, and what every look saw: replications, curve, scenario and the widths."""

    runs: dict[str, list[Results]]
    looks: pd.DataFrame
    reached: bool


def _stored(
    groups: dict[str, list[Scenario]],
    options: Options,
    counts: Sequence[int],
    aim: Aim | None,
) -> _Found | None:
    """Open the runs that the experiment would make, where all of them are stored."""
    for count in counts:
        at = replace(options, replications=count)
        folders = {
            curve: [run_folder(each, at) for each in group] for curve, group in groups.items()
        }
        if not all(folder.is_dir() for group in folders.values() for folder in group):
            continue
        runs = {curve: [load_results(each) for each in group] for curve, group in folders.items()}
        seen = _look(
            {curve: [each.measures for each in group] for curve, group in runs.items()},
            {curve: [each.name for each in group] for curve, group in runs.items()},
            aim,
        )
        reached = aim is None or is_reached(seen, aim)
        if reached or count == counts[-1]:
            return _Found(runs=runs, looks=seen.assign(replications=count), reached=reached)
    return None


def _played(
    groups: dict[str, list[Scenario]],
    options: Options,
    counts: Sequence[int],
    aim: Aim | None,
    progress: Progress,
) -> _Found:
    decided: dict[str, Decided] = {}
    titles = [each.name for group in groups.values() for each in group]
    names = {curve: [each.name for each in group] for curve, group in groups.items()}
    with Workers(options) as workers, ExitStack() as stack:
        begun = {
            curve: [
                stack.enter_context(
                    begin(each, options, workers.executor, named(progress, each, titles), decided)
                )
                for each in group
            ]
            for curve, group in groups.items()
        }
        seen: list[pd.DataFrame] = []
        reached = False
        for count in counts:
            for group in begun.values():
                for each in group:
                    each.hand_out(count)
            tables = {curve: [each.measures() for each in group] for curve, group in begun.items()}
            seen.append(_look(tables, names, aim).assign(replications=count))
            reached = aim is None or is_reached(seen[-1], aim)
            if reached:
                break
        runs = {curve: [each.finish() for each in group] for curve, group in begun.items()}
    return _Found(runs=runs, looks=pd.concat(seen, ignore_index=True), reached=reached)


def _look(
    tables: dict[str, list[pd.DataFrame]],
    names: dict[str, list[str]],
    aim: Aim | None,
) -> pd.DataFrame:
    """Say how well every scenario's difference from the first is known."""
    if aim is None:
        return pd.DataFrame()
    parts = [
        widths(group[0], other, aim.measures).assign(curve=curve, scenario=name)
        for curve, group in tables.items()
        for other, name in zip(group[1:], names[curve][1:], strict=True)
    ]
    return pd.concat(parts, ignore_index=True)


def _stored_account(
    found: _Found, scenarios: Sequence[Scenario], options: Options, asked: Asked
) -> Experiment:
    """Compare, conclude and store."""
    own = scenarios[0].demand.decay_curve
    runs = [each for group in found.runs.values() for each in group]
    differences = pd.concat(list(_differences(found.runs, scenarios)), ignore_index=True)
    verdicts = _verdicts(differences, own=own, aim=asked.aim)
    told = [*_verdict_lines(verdicts, scenarios[0]), "", _basis(found, options, asked)]
    folders = [str(each.folder.name) for each in runs if each.folder is not None]
    content = {
        "format_version": FORMAT_VERSION,
        "command": _command(scenarios, options, asked),
        "runs": folders,
        "compared": {
            curve: [
                {"run": each.folder.name, "made_from": made_from(each)}
                for each in group
                if each.folder is not None
            ]
            for curve, group in found.runs.items()
        },
        "precision": None if asked.aim is None else asked.aim.share,
        "measures": [] if asked.aim is None else list(asked.aim.measures),
        "replications": runs[0].replications,
        "replications_most": options.replications,
        "reached": found.reached,
        "looks": _records(found.looks),
        "paired": all(is_paired(group[0], each) for group in found.runs.values() for each in group),
        "conclusions": _conclusions(verdicts),
    }
    folder = options.runs_dir / f"experiment-{digest_of([folders, content['command']])[:8]}"
    shutil.rmtree(folder, ignore_errors=True)
    with new_folder(folder) as partial:
        write_json(content, partial / "experiment.json")
        write_parquet(differences, partial / "differences.parquet")
        safe_cells(verdicts).to_csv(partial / "verdicts.csv", index=False, lineterminator="\n")
    infeasible = any(each.allocation["status"] == SolveStatus.INFEASIBLE for each in runs)
    return Experiment(
        folder=folder,
        runs=runs,
        verdicts=verdicts,
        told=told,
        exit_code=ExitCode.INFEASIBLE if infeasible else ExitCode.DONE,
    )


def _differences(
    runs: dict[str, list[Results]], scenarios: Sequence[Scenario]
) -> Iterator[pd.DataFrame]:
    for curve, (first, *others) in runs.items():
        for other, scenario in zip(others, scenarios[1:], strict=True):
            table = compare(first, other).differences
            yield table.assign(curve=curve, scenario=scenario.name, title=scenario.title)


def _verdicts(differences: pd.DataFrame, *, own: str, aim: Aim | None) -> pd.DataFrame:
    """Put the headline of the estate into words, and conclude over the curves."""
    from scenarios.display import wording

    shown = dict.fromkeys([*HEADLINE, *(() if aim is None else aim.measures)])
    of_estate = (differences["establishment"] == ESTATE) & (differences["group_by"] == "all")
    rows = differences[of_estate & differences["measure"].isin(list(shown))].copy()
    rows["label"] = [HEADLINE.get(name) or wording.measure(name) for name in rows["measure"]]
    rows["words"] = [verdict_words(row) for row in _records(rows)]
    order = {name: place for place, name in enumerate(shown)}
    rows["place"] = rows["measure"].map(order)
    found: dict[tuple[str, str], str] = {}
    for (scenario, measure), group in rows.groupby(["scenario", "measure"], sort=False):
        by_curve = group.set_index("curve")
        verdicts, words = (
            {str(curve): str(said) for curve, said in by_curve[name].items()}
            for name in ("verdict", "words")
        )
        found[str(scenario), str(measure)] = conclusion(verdicts, words, own)
    pairs = zip(rows["scenario"], rows["measure"], strict=True)
    rows["conclusion"] = [found[pair] for pair in pairs]
    columns = [
        "scenario", "title", "measure", "label", "measure_unit", "curve", "before", "after",
        "difference", "low", "high", "replications", "verdict", "words", "conclusion",
    ]  # fmt: skip
    order_of = {name: place for place, name in enumerate(dict.fromkeys(rows["scenario"]))}
    rows["scenario_place"] = rows["scenario"].map(order_of)
    return rows.sort_values(["scenario_place", "place", "curve"], ignore_index=True)[columns]


def _conclusions(verdicts: pd.DataFrame) -> list[dict[str, Any]]:
    columns = ["scenario", "measure", "conclusion"]
    return _records(verdicts[columns].drop_duplicates(ignore_index=True))


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]


def _verdict_lines(verdicts: pd.DataFrame, first: Scenario) -> list[str]:
    lines: list[str] = []
    for title, rows in verdicts.groupby("title", sort=False):
        each = rows[["label", "conclusion"]].drop_duplicates()
        lines += ["", f"{title}, against: {first.title}"]
        lines += [f"  {row.label}: {row.conclusion}" for row in each.itertuples()]
    return lines[1:]


def _basis(found: _Found, options: Options, asked: Asked) -> str:
    played = next(iter(found.runs.values()))[0].replications
    how = f"95% intervals of paired differences over {played} replications of the same families"
    if asked.aim is None:
        return f"{how}."
    share = f"{100 * asked.aim.share:g}%"
    if found.reached:
        return (
            f"{how}; stopped there (at most {options.replications}) because every measure asked "
            f"about is known to within {share} of the first scenario's mean."
        )
    last = found.looks[found.looks["replications"] == played]
    wide = last[~(last["share"] <= asked.aim.share)]["measure"].drop_duplicates()
    return f"{how}, the most allowed; still wider than {share}: {', '.join(wide)}."


def _command(scenarios: Sequence[Scenario], options: Options, asked: Asked) -> str:
    words = ["estate", "run", *(each.name for each in scenarios)]
    words += ["--data", "DIR"] if options.data_dir else []
    words += ["--locks", "FILE"] if options.locks else []
    words += ["--seed", str(options.seed), "--replications", str(options.replications)]
    words += ["--keep-visits"] if options.keep_visits else []
    if asked.aim is not None:
        words += ["--precision", f"{asked.aim.share:g}"]
        words += [word for name in asked.aim.measures for word in ("--measure", name)]
    words += ["--curves"] if asked.curves else []
    words += ["--start-state", "FILE"] if options.start_state else []
    return " ".join(words)

"""What if we assumed otherwise: two scenarios compared again with assumed settings put elsewhere.

A study stands in a folder of its own beside the runs::

    assumptions.json      command, the two runs, what was assumed, what was left out, conclusions
    assumptions.parquet   the difference of each headline measure under each assumption
    assumptions.csv       the same for a spreadsheet
    scenario.yaml         every setting of the second scenario
    manifest.json         where it comes from
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any

import pandas as pd

from data.progress import Progress, silent
from scenarios.comparing.assumptions import (
    OWN,
    USUAL,
    assumption_rows,
    can_be_tried,
    conclusions_of,
    ends_of,
    name_of,
    said,
)
from scenarios.comparing.compare import difference_words
from scenarios.comparing.drivers import TOLD
from scenarios.ensemble.ledger import clear_old_ledgers, forget_own_ledgers
from scenarios.errors import ScenarioError, suggestion
from scenarios.load import changed_baseline
from scenarios.results import clear_abandoned
from scenarios.run import Options, Stopwatch, check_all_resumable, scenarios_of
from scenarios.schema import Scenario
from scenarios.settings import settings
from scenarios.studies.changed_lines import written
from scenarios.studies.experiment import not_the_same_families
from scenarios.studies.played import Played, account_of, command_of, folder_of, play, sound, store

Pair = tuple[Scenario, Scenario]
"""What is compared with, and what is compared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tried:
    """An assumption that is tried: a setting and where it is put."""

    setting: str
    value: Any

    @property
    def name(self) -> str:
        return name_of(self.setting, self.value)


def assumptions(
    name: str,
    options: Options,
    *,
    against: str = "baseline",
    chosen: Sequence[str] = (),
    progress: Progress = silent,
) -> Played:
    """Compare two scenarios again with each setting at each end of its range, one at a time.

    Parameters
    ----------
    name
        Name or path of a scenario.
    options
        Data, seed, replications, place and workers.
    against
        Name or path of the scenario it is compared with.
    chosen
        Names of settings; those of ``USUAL`` when none are named, without those that either
        scenario changes itself.
    progress
        Told of each stage.

    Raises
    ------
    ScenarioError
        When a setting cannot be tried, the two do not differ or are not of the same families, or
        there is one replication.
    """
    problems = [*_not_tried(chosen), *_too_few(options.replications)]
    one, other = _loaded(against, name, options, problems)
    settings_tried = list(dict.fromkeys(chosen)) or [
        setting for setting in USUAL if setting not in written(one) | written(other)
    ]
    folder = folder_of("assumptions", one, other, options, settings_tried)
    clear_abandoned(options.runs_dir)
    clear_old_ledgers(options.runs_dir)
    if not folder.is_dir():
        tried, left_out = _pairs(one, other, settings_tried, options.data_dir)
        scenarios = {
            (assumption, which): scenario
            for assumption, pair in ({OWN: (one, other)} | tried).items()
            for which, scenario in enumerate(pair)
        }
        if options.resume:
            check_all_resumable(list(scenarios.values()), options)
        clock = Stopwatch()
        with clock("simulation"):
            runs, levels = play(scenarios, [(OWN, 0), (OWN, 1)], options, progress)
        rows = assumption_rows(
            {
                assumption: (levels[assumption, 0], levels[assumption, 1])
                for assumption in (OWN, *tried)
            }
        )
        words = ["estate", "assumptions", other.name, "--against", one.name]
        words += [word for setting in chosen for word in ("--setting", setting)]
        account = account_of(runs, scenarios, options, command_of(words, options)) | {
            "assumptions": [_account_of(assumption, one) for assumption in tried],
            "left_out": left_out,
            "conclusions": conclusions_of(rows),
        }
        told = rows["assumption"].map(lambda each: said(each) if each else "as it is")
        store(
            folder, "assumptions", other, account, rows, options, clock, words={"told": list(told)}
        )
        forget_own_ledgers(options.runs_dir)
    return Played.opened(folder, "assumptions", tell)


def _not_tried(chosen: Sequence[str]) -> list[str]:
    """Say which of the named settings cannot be tried, and why."""
    problems = []
    for setting in chosen:
        if setting not in settings():
            problems.append(
                f"--setting {setting}: no such setting. {suggestion(setting, list(settings()))}"
            )
        elif not can_be_tried(setting):
            problems.append(
                f"--setting {setting}: is measured, is no assumption about the world, or has no "
                "range of numbers to be tried in. "
                "Name one that is assumed or estimated, with a low and a high value."
            )
    return problems


def _too_few(replications: int) -> list[str]:
    if replications > 1:
        return []
    return ["--replications 1: one year has no interval, so no verdict could turn. Give 2 or more."]


def _loaded(against: str, name: str, options: Options, problems: list[str]) -> Pair:
    """Load two scenarios that can be compared.

    Raises
    ------
    ScenarioError
        With every fault of what was asked, in one report.
    """
    try:
        one, other = scenarios_of([against, name], options)
    except ScenarioError as error:
        raise ScenarioError([*problems, *error.problems]) from None
    problems = [*problems, *not_the_same_families([one, other])]
    if one.digest() == other.digest():
        problems.append(
            f"{other.name}: does not differ from {one.name}. Name a scenario that changes something"
            ", or another one with --against."
        )
    if problems:
        raise ScenarioError(problems)
    return one, other


def _pairs(
    one: Scenario, other: Scenario, chosen: Sequence[str], data_dir: Path | None
) -> tuple[dict[str, Pair], list[str]]:
    """Give both scenarios under each assumption, and say what is left out and why."""
    found: dict[str, Pair] = {}
    left_out = []
    for setting in chosen:
        now = [reduce(getattr, setting.split("."), each) for each in (one, other)]
        if now[0] != now[1]:
            left_out.append(f"{setting} differs between the two scenarios itself.")
            continue
        for value in ends_of(setting, now[0]):
            tried = _Tried(setting=setting, value=value)
            pair = [_under(each, tried, data_dir) for each in (one, other)]
            if pair[0] is None or pair[1] is None:
                left_out.append(f"{said(tried.name)}: the model refuses it beside the others.")
            else:
                found[tried.name] = pair[0], pair[1]
    return found, left_out


def _under(scenario: Scenario, tried: _Tried, data_dir: Path | None) -> Scenario | None:
    """Give a scenario with one setting put elsewhere; nothing where the model refuses it."""
    change = written(scenario) | {tried.setting: tried.value}
    words = tried.name.replace("=", "-")
    head = {"title": f"{scenario.title} ({said(tried.name)})", "question": scenario.question}
    return sound(changed_baseline(f"{scenario.name}-{words}", change, head), data_dir)


def _account_of(assumption: str, one: Scenario) -> dict[str, Any]:
    setting, _, value = assumption.partition("=")
    return {
        "name": assumption,
        "setting": setting,
        "value": value,
        "now": str(reduce(getattr, setting.split("."), one)),
        "meaning": settings()[setting].meaning,
        "why": USUAL.get(setting, ""),
    }


def tell(account: Mapping[str, Any], rows: pd.DataFrame) -> Iterator[str]:
    """Say in lines which verdicts stand and which depend on an assumption.

    Parameters
    ----------
    account
        What ``assumptions.json`` holds.
    rows
        As from ``comparing.assumptions.assumption_rows``.
    """
    first, second = account["titles"]
    yield f"{second}, against: {first}"
    own = rows[(rows["assumption"] == OWN) & (rows["group_by"] == "all")]
    by_measure = {str(row["measure"]): row for row in own.to_dict("records")}
    for measure, conclusion in account["conclusions"].items():
        yield f"  {TOLD[measure]}: {difference_words(by_measure[measure])}; {conclusion}"
    yield ""
    yield from account["left_out"]
    yield (
        f"{len(account['assumptions'])} assumptions, one at a time; 95% intervals of paired "
        f"differences over {account['replications']} replications of the same families; "
        f"{account['scenarios_played']} scenarios played."
    )

"""What each rule relaxed alone would gain, as a study in a folder: the app's 'estate rules'.

A folder holds these files::

    rules.csv       one row per rule, the bytes that 'estate rules --relax --out FILE' writes
    rules.json      the plan with every rule, and what holds for the whole table
    scenario.yaml   every setting
    manifest.json   where it comes from
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import yaml

from data.progress import Progress, silent
from scenarios.errors import ExitCode
from scenarios.inputs import input_digests
from scenarios.one_report import asked_inputs, asked_scenario
from scenarios.plan import Planned
from scenarios.planning.place import allocation_inputs
from scenarios.provenance import manifest, origin
from scenarios.results import file_digests, new_folder, write_json
from scenarios.run import Stopwatch
from scenarios.studies.rules_report import rules_report, tell, write_table


def relaxed_rules(
    name: str, *, out_dir: Path, data_dir: Path | None = None, progress: Progress = silent
) -> Planned:
    """Relax each rule of a scenario alone, and write what that would give into a new folder.

    Parameters
    ----------
    name
        Name or path of a scenario.
    out_dir
        Where it goes; must not hold anything yet.
    data_dir
        Folder of a user's tables.
    progress
        Told of every rule.

    Returns
    -------
    Planned
        The rules in words.

    Raises
    ------
    ScenarioError
        With every fault of what was asked.
    """
    scenario = asked_scenario(name, data_dir)
    clock = Stopwatch()
    with new_folder(out_dir) as partial:
        with clock("inputs"):
            inputs = allocation_inputs(scenario, asked_inputs(scenario, data_dir, progress))
        with clock("rules"):
            report = rules_report(inputs, relax=True, progress=progress)
        write_table(report, partial / "rules.csv")
        made_from = origin(
            command=f"estate rules {scenario.name} --relax",
            seed=None,
            replications=0,
            keep_visits=False,
            inputs=input_digests(data_dir),
            scenario_digest=scenario.digest(),
        )
        told = {key: value for key, value in asdict(report).items() if key != "table"}
        day = {"date": scenario.as_of.isoformat(), "data_digest": made_from["data_digest"]}
        write_json(told | {"holds_for": day}, partial / "rules.json")
        text = yaml.safe_dump(scenario.resolved(), sort_keys=False, allow_unicode=True)
        (partial / "scenario.yaml").write_text(text, encoding="utf-8")
        made = manifest(made_from, outputs=file_digests(partial), seconds=clock.seconds)
        write_json(made, partial / "manifest.json")
    return Planned(told=(*tell(report), str(out_dir)), exit_code=ExitCode.DONE)

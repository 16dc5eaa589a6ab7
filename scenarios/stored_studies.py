"""The studies stored beside the runs: plans, trade-offs, sizings, experiments and others.

A study is a folder that holds the file its kind always writes, whoever made it: the command line
or the app.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import yaml

Kind = Literal[
    "allocate",
    "frontier",
    "stability",
    "size-family-workers",
    "size-booking-line",
    "replay",
    "experiment",
    "drivers",
    "assumptions",
    "rules",
]
"""Kinds of study, named as the commands that make them."""

KINDS: tuple[Kind, ...] = get_args(Kind)

MARKERS: Mapping[Kind, tuple[str, ...]] = {
    "frontier": ("frontier.csv",),
    "stability": ("stability.csv",),
    "size-family-workers": ("workers.csv", "cost_curve.csv"),
    "size-booking-line": ("booking_line.json",),
    "replay": ("timeline.html",),
    "experiment": ("experiment.json",),
    "drivers": ("drivers.json", "drivers.parquet"),
    "assumptions": ("assumptions.json", "assumptions.parquet"),
    "rules": ("rules.csv", "rules.json"),
    "allocate": ("allocation.json", "placements.parquet"),
}
"""Files by which the folder of each kind is known."""

RUN_MARKER = "summary.json"
"""A run has one and a study has none."""

REPLAYED = re.compile(r"replay-(?P<run>.+-[0-9a-f]{8})-(?P<establishment>[A-Z]+)-(?P<year>\d+)")
WITHOUT_VALUE = re.compile(r"^\w+:\s*$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """A stored study.

    Attributes
    ----------
    folder
        Where it is.
    kind
        The command that makes such a study.
    scenario
        Name of the scenario it is about; the first one of an experiment.
    title
        What it is called in a list.
    stamp
        When its marker was written, in nanoseconds; tells one writing from another.
    """

    folder: Path
    kind: Kind
    scenario: str
    title: str
    stamp: int

    @property
    def name(self) -> str:
        """Name of the folder."""
        return self.folder.name

    @property
    def provenance(self) -> dict[str, Any]:
        """The study's manifest, or that of the run it was made from; empty when neither is known.

        The inputs in it tell whether the people are made up.
        """
        for folder in (self.folder, *_made_from(self)):
            try:
                text = (folder / "manifest.json").read_text(encoding="utf-8")
                return dict(json.loads(text))
            except (OSError, ValueError):
                continue
        return {}

    @property
    def as_of(self) -> str:
        """The date of the data behind the study, ISO; empty where it is not known."""
        for folder in (self.folder, *_made_from(self)):
            day = _head_of(folder).get("as_of")
            if day:
                return str(day)[:10]
        return ""


def studies(runs: Path, kind: Kind | None = None) -> list[Study]:
    """List the studies of a folder of runs, the newest first.

    Parameters
    ----------
    runs
        Folder that holds run folders and studies; hidden folders in it are left out.
    kind
        Only this kind; every kind when left out.
    """
    wanted = KINDS if kind is None else (kind,)
    found = [
        _described(folder, of, stamp)
        for folder in _folders(runs)
        for of in wanted
        if (stamp := _stamp(folder, of)) is not None
    ]
    return sorted(found, key=lambda study: (-study.stamp, study.name))


def new_study_folder(runs: Path, kind: Kind, scenario: str) -> Path:
    """Return the name of a folder for a new study, ``<kind>-<scenario>-<n>``, the first free one.

    Examples
    --------
    >>> new_study_folder(Path("nowhere"), "frontier", "closer_to_home").name
    'frontier-closer_to_home-1'
    """
    start = f"{kind}-{Path(scenario).stem}-"
    taken = {path.name for path in _folders(runs) if path.name.startswith(start)}
    number = 1
    while f"{start}{number}" in taken:
        number += 1
    return runs / f"{start}{number}"


def _folders(runs: Path) -> Iterator[Path]:
    if runs.is_dir():
        yield from (
            path for path in runs.iterdir() if path.is_dir() and not path.name.startswith(".")
        )


def _stamp(folder: Path, kind: Kind) -> int | None:
    """Give when a folder's marker was written; ``None`` when it is no study of this kind."""
    names = MARKERS[kind]
    if not all((folder / name).is_file() for name in names) or (folder / RUN_MARKER).is_file():
        return None
    return (folder / names[0]).stat().st_mtime_ns


def _described(folder: Path, kind: Kind, stamp: int) -> Study:
    if kind == "experiment":
        scenario, title = _experiment_words(folder)
    elif kind == "replay":
        scenario, title = _replay_words(folder)
    else:
        scenario, title = _scenario_words(folder)
    return Study(folder=folder, kind=kind, scenario=scenario, title=title, stamp=stamp)


def _scenario_words(folder: Path) -> tuple[str, str]:
    """Give name and title of a scenario."""
    head = _head_of(folder)
    return ("", folder.name) if "title" not in head else (str(head["name"]), str(head["title"]))


def _head_of(folder: Path) -> dict[str, Any]:
    """Read what stands in a scenario before its first group of settings; empty if it cannot be."""
    try:
        text = (folder / "scenario.yaml").read_text(encoding="utf-8")
        groups = WITHOUT_VALUE.search(text)
        head = yaml.safe_load(text[: groups.start()] if groups else text)
    except (OSError, ValueError, yaml.YAMLError):
        return {}
    return dict(head) if isinstance(head, dict) and "name" in head else {}


def _experiment_words(folder: Path) -> tuple[str, str]:
    names = [_scenario_of(run) for run in _experiment_runs(folder)]
    first, *others = list(dict.fromkeys(names)) or [""]
    return first, f"{', '.join(others)} against {first}" if others else folder.name


def _replay_words(folder: Path) -> tuple[str, str]:
    found = REPLAYED.fullmatch(folder.name)
    if found is None:
        return "", folder.name
    place = f"{found['establishment']}, year {int(found['year']) + 1}"
    return _scenario_of(found["run"]), f"{place} of {found['run']}"


def _made_from(study: Study) -> list[Path]:
    """Give the run folders a study without a manifest was made from."""
    if study.kind == "experiment":
        return [study.folder.parent / name for name in _experiment_runs(study.folder)[:1]]
    found = REPLAYED.fullmatch(study.name)
    return [study.folder.parent / found["run"]] if found else []


def _experiment_runs(folder: Path) -> list[str]:
    try:
        content = json.loads((folder / "experiment.json").read_text(encoding="utf-8"))
        return [str(name) for name in content["runs"]]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _scenario_of(run: str) -> str:
    """Give the scenario in the name of a run folder, which ends with a digest."""
    return run.rpartition("-")[0]

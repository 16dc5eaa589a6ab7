"""Results: the named tables of one run and where they come from; kept in a run folder.

A run folder is written under a temporary name and renamed when it is complete, so a folder that
can be seen is whole. Every file but ``manifest.json``, and ``allocation.json`` apart from its
``seconds``, is the same to the byte whenever the inputs, the settings, the seed and the version
are.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from scenarios.errors import ScenarioError

FORMAT_VERSION = 1

TABLES = (
    "changes",
    "population",
    "contacts",
    "travel",
    "placements",
    "moves",
    "units",
    "equality",
    "measures",
    "visits",
)
"""The Parquet files of a run folder."""

PLACES = "establishments"
"""Names and places of the prisons of a run."""

HELD = "sessions_held"
"""How often each session was held, in the replications whose visits are kept."""

LATER_TABLES = (PLACES, HELD)
"""More Parquet files of a run folder; runs of older versions do not have them."""

JSON_FILES = ("manifest", "allocation", "summary")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Results:
    """What one scenario gave: tidy tables, the allocation's account, a summary and provenance.

    ``tables`` are those of ``TABLES``; when loaded from a folder each is read on first use.
    ``scenario`` holds every setting in plain values; ``provenance`` is the run's manifest.
    """

    scenario: dict[str, Any]
    tables: Mapping[str, pd.DataFrame]
    allocation: dict[str, Any]
    summary: dict[str, Any]
    provenance: dict[str, Any]
    prices: Mapping[str, np.ndarray[Any, Any]] = field(default_factory=dict)
    folder: Path | None = None

    @property
    def name(self) -> str:
        """Name of the scenario, as its file is named."""
        return str(self.scenario["name"])

    @property
    def title(self) -> str:
        """Title of the scenario."""
        return str(self.scenario["title"])

    @property
    def replications(self) -> int:
        """Number of simulated years behind every interval."""
        return int(self.provenance["replications"])

    @property
    def holds_for(self) -> dict[str, str]:
        """Date and digest of the data the placements hold for."""
        return dict(self.allocation["holds_for"])

    def columns(self, name: str, columns: Sequence[str]) -> pd.DataFrame:
        """Give some columns of a table; of a stored run the others are not read."""
        if isinstance(self.tables, StoredTables):
            return self.tables.only(name, columns)
        return self.tables[name][list(columns)]

    @property
    def placements(self) -> pd.DataFrame:
        """One row per prisoner: where from, where to, distance and cost of a visit."""
        return self.tables["placements"]

    @property
    def moves(self) -> pd.DataFrame:
        """One row per move: who, from, to, the reason, the gain and what it destroys."""
        return self.tables["moves"]

    @property
    def units(self) -> pd.DataFrame:
        """One row per unit: places, people held, worth of one place more and one fewer."""
        return self.tables["units"]

    @property
    def equality(self) -> pd.DataFrame:
        """One row per group and measure: distance before and after, who moves, what is missing."""
        return self.tables["equality"]

    @property
    def measures(self) -> pd.DataFrame:
        """One row per replication, establishment, group and measure."""
        return self.tables["measures"]

    @property
    def visits(self) -> pd.DataFrame:
        """Event log of replication 0, or of all when the run was told to keep them."""
        return self.tables["visits"]

    @property
    def travel(self) -> pd.DataFrame:
        """One row per home area and establishment: minutes, miles, pounds."""
        return self.tables["travel"]

    @property
    def establishments(self) -> pd.DataFrame:
        """One row per prison: code, name, region, latitude, longitude.

        A run of an older version does not keep them: its prisons are taken for the built-in ones.
        """
        if PLACES in self.tables:
            return self.tables[PLACES]
        from data.load import read_table

        return read_table(PLACES)

    @property
    def sessions_held(self) -> pd.DataFrame | None:
        """One row per replication with its visits kept, establishment and session template.

        See ``simulation.sessions_held``. A run of an older version does not keep it.
        """
        return self.tables.get(HELD)

    @property
    def changes(self) -> pd.DataFrame:
        """One row per changed setting: its value before and after, as text."""
        return self.tables["changes"]


class StoredTables(Mapping[str, pd.DataFrame]):
    """The Parquet tables of a run folder, each read when first asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[str, pd.DataFrame] = {}

    def __getitem__(self, name: str) -> pd.DataFrame:
        if name not in (*TABLES, *LATER_TABLES):
            raise KeyError(name)
        if name in LATER_TABLES and not (self._folder / f"{name}.parquet").is_file():
            raise KeyError(name)
        if name not in self._read:
            self._read[name] = _read_parquet(self._folder / f"{name}.parquet")
        return self._read[name]

    def only(self, name: str, columns: Sequence[str]) -> pd.DataFrame:
        """Read some columns of a table; unless it has been read whole, nothing of it is kept."""
        if name in self._read:
            return self._read[name][list(columns)]
        return _read_parquet(self._folder / f"{name}.parquet", list(columns))

    def __iter__(self) -> Iterator[str]:
        return iter(TABLES)

    def __len__(self) -> int:
        return len(TABLES)


def load_results(folder: str | Path) -> Results:
    """Open a run folder; its tables are read when they are first used.

    Raises
    ------
    ScenarioError
        When the folder is not a complete run, a file in it cannot be read, or it was written in
        a format this version does not know.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ScenarioError(f"{folder}: no such run folder. Give a folder made by 'estate run'.")
    missing = [
        name
        for name in (*(f"{n}.json" for n in JSON_FILES), *(f"{n}.parquet" for n in TABLES))
        if not (folder / name).is_file()
    ]
    if missing:
        raise ScenarioError(
            f"{folder}: not a complete run; missing {', '.join(missing)}. "
            "Run the scenario again with 'estate run'."
        )
    manifest = _read_json(folder / "manifest.json")
    if manifest.get("format_version") != FORMAT_VERSION:
        raise ScenarioError(
            f"{folder}/manifest.json: format_version {manifest.get('format_version')!r}, "
            f"expected {FORMAT_VERSION}. Run the scenario again with this version."
        )
    return Results(
        scenario=_read_yaml(folder / "scenario.yaml"),
        tables=StoredTables(folder),
        allocation=_read_json(folder / "allocation.json"),
        summary=_read_json(folder / "summary.json"),
        provenance=manifest,
        prices=_read_prices(folder / "prices.npz"),
        folder=folder,
    )


def save_tables(results: Results, folder: Path) -> None:
    """Write everything but the report and the manifest into a folder that exists."""
    for name in results.tables:
        write_parquet(results.tables[name], folder / f"{name}.parquet")
    write_json(results.allocation, folder / "allocation.json")
    write_json(results.summary, folder / "summary.json")
    text = yaml.safe_dump(results.scenario, sort_keys=False, allow_unicode=True)
    (folder / "scenario.yaml").write_text(text, encoding="utf-8")
    write_arrays(results.prices, folder / "prices.npz")


ROWS_OF_A_GROUP = 20_000
"""Of a stored table. The estate's own rows of a national run are then read six times as fast, and
its measures take a fifth more room; fewer rows take more room and are no faster."""


def write_parquet(frame: pd.DataFrame, path: Path) -> None:
    """Write a table so that the same rows give the same bytes.

    In groups of rows, so that a reader of some establishments skips the groups of others.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
    pq.write_table(table, path, compression="zstd", row_group_size=ROWS_OF_A_GROUP)


def write_arrays(arrays: Mapping[str, np.ndarray[Any, Any]], path: Path) -> None:
    """Write named arrays so that the same values give the same bytes."""
    named: dict[str, Any] = dict(arrays)
    np.savez_compressed(path, **named)


def write_json(content: Mapping[str, Any], path: Path) -> None:
    """Write JSON through a temporary file, so that a reader never sees half of it."""
    partial = path.with_name(f"{path.name}.partial")
    partial.write_text(f"{json_text(content)}\n", encoding="utf-8")
    partial.replace(path)


def json_text(content: Mapping[str, Any]) -> str:
    """Write values as JSON; what is no number becomes null."""
    return json.dumps(_plain(content), indent=2, ensure_ascii=False, allow_nan=False)


def _plain(value: Any) -> Any:
    """Turn numbers of numpy into those of JSON, and what is no number into nothing."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


@contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """Give a temporary folder that becomes ``folder`` on success and vanishes on any failure.

    Raises
    ------
    ScenarioError
        When the place cannot be written to.
    """
    with scratch_folder(folder) as partial:
        yield partial
        publish(partial, folder)


@contextmanager
def scratch_folder(folder: Path) -> Iterator[Path]:
    """Give a temporary folder beside ``folder`` that vanishes with this block.

    Raises
    ------
    ScenarioError
        When the place cannot be written to.
    """
    partial = folder.with_name(f".partial-{folder.name}-{os.getpid()}")
    try:
        partial.mkdir(parents=True)
    except OSError as error:
        raise ScenarioError(
            f"{folder.parent}: a run cannot be written here ({error.strerror}). "
            "Give another folder with --runs, or allow writing."
        ) from None
    try:
        yield partial
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def publish(partial: Path, folder: Path) -> None:
    """Rename a complete folder to its name; one that is there already stays as it is."""
    try:
        partial.replace(folder)
    except OSError:
        # an identical run finished first: a complete folder is never written over
        if not folder.is_dir():
            raise


def clear_abandoned(parent: Path) -> None:
    """Remove the temporary folders of runs whose process was killed."""
    for partial in parent.glob(".partial-*"):
        pid = partial.name.rpartition("-")[2]
        if pid.isdigit() and not is_running(int(pid)):
            shutil.rmtree(partial, ignore_errors=True)


def file_digest(path: Path) -> str:
    """Give the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def file_digests(folder: Path) -> dict[str, str]:
    """Give the SHA-256 of every file of a folder, by name."""
    return {path.name: file_digest(path) for path in sorted(folder.iterdir()) if path.is_file()}


def is_running(pid: int) -> bool:
    """Say whether a process of this machine is running; told only where signals are POSIX's."""
    if os.name != "posix":
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _read_parquet(path: Path, columns: list[str] | None = None) -> pd.DataFrame:
    try:
        return pd.read_parquet(path, columns=columns)
    except (OSError, ValueError) as error:
        raise ScenarioError(
            f"{path}: cannot be read as Parquet ({str(error).splitlines()[0]}). "
            "Run the scenario again with 'estate run'."
        ) from None


def _read_yaml(path: Path) -> dict[str, Any]:
    """Read YAML as ``yaml.safe_load`` does, in C where that is installed: ten times as fast."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    content: dict[str, Any] = yaml.load(path.read_bytes(), Loader=loader)  # noqa: S506
    return content


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ScenarioError(
            f"{path}: cannot be read as JSON ({error}). Run the scenario again with 'estate run'."
        ) from None
    if not isinstance(content, dict):
        raise ScenarioError(f"{path}: expected a JSON object, found {type(content).__name__}.")
    return content


def _read_prices(path: Path) -> dict[str, np.ndarray[Any, Any]]:
    if not path.is_file():
        return {}
    with np.load(path, allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}

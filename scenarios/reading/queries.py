"""Questions over many run folders, asked of their Parquet files where they lie."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from scenarios.errors import ScenarioError
from scenarios.results import FORMAT_VERSION

RUN_COLUMNS = (
    "folder",
    "scenario",
    "title",
    "status",
    "gap",
    "seed",
    "replications",
    "finished",
)


def stored_runs(runs_dir: Path) -> pd.DataFrame:
    """List the complete runs of a folder, the newest first.

    Returns
    -------
    DataFrame
        One row per run: folder, scenario, title, status and gap of its allocation (empty for
        today's placements), seed, replications, finished (date and time, UTC). Folders of
        another format and everything that is no run are left out.
    """
    found = [
        row for path in sorted(runs_dir.glob("*/manifest.json")) if (row := _run_row(path.parent))
    ]
    runs = pd.DataFrame(found, columns=list(RUN_COLUMNS))
    return runs.sort_values(["finished", "folder"], ascending=[False, True], ignore_index=True)


def _run_row(folder: Path) -> dict[str, Any] | None:
    if folder.name.startswith("."):
        return None
    try:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if manifest.get("format_version") != FORMAT_VERSION:
        return None
    return {
        "folder": str(folder),
        "scenario": summary["scenario"],
        "title": summary["title"],
        "status": summary["allocation"]["status"],
        "gap": summary["allocation"]["gap"],
        "seed": manifest["seed"],
        "replications": manifest["replications"],
        "finished": manifest["finished"],
    }


def measures_across(
    folders: Sequence[Path],
    *,
    measures: Sequence[str] = (),
    establishment: str = "ALL",
    group_by: str = "all",
) -> pd.DataFrame:
    """Read measures of several runs at once.

    Parameters
    ----------
    folders
        Run folders.
    measures
        Names of measures; all of them when empty.
    establishment
        Code of an establishment, or ``ALL`` for the estate.
    group_by
        Grouping, ``all`` for everybody together.

    Returns
    -------
    DataFrame
        folder, then the columns of ``measures.parquet``; ordered by folder, replication, group
        and measure.

    Raises
    ------
    ScenarioError
        When a run's measures are missing or cannot be read.
    """
    import duckdb

    files = [str(Path(folder) / "measures.parquet") for folder in folders]
    if not files:
        return pd.DataFrame()
    question = """
        select parse_dirpath(filename) as folder, * exclude (filename)
        from read_parquet(?, filename = true)
        where establishment = ? and group_by = ? and (len(?) = 0 or list_contains(?, measure))
        order by all
    """
    try:
        with duckdb.connect() as database:
            return database.execute(
                question, [files, establishment, group_by, list(measures), list(measures)]
            ).df()
    except (duckdb.IOException, duckdb.InvalidInputException) as error:
        raise ScenarioError(
            f"measures of a run cannot be read ({str(error).splitlines()[0]}). "
            "Run the scenario again with 'estate run'."
        ) from None


def some_measures(folder: Path, measures: Sequence[str]) -> pd.DataFrame:
    """Read a few measures of a run: of each prison all people together, of the estate every group.

    Parameters
    ----------
    folder
        Run folder.
    measures
        Names of measures.

    Returns
    -------
    DataFrame
        The columns of ``measures.parquet``; ordered by establishment, grouping, group, measure and
        replication.

    Raises
    ------
    ScenarioError
        When the measures are missing or cannot be read.
    """
    import duckdb

    question = """
        select * from read_parquet(?)
        where list_contains(?, measure) and (group_by = 'all' or establishment = 'ALL')
        order by establishment, group_by, "group", measure, replication
    """
    try:
        with duckdb.connect() as database:
            return database.execute(
                question, [str(folder / "measures.parquet"), list(measures)]
            ).df()
    except (duckdb.IOException, duckdb.InvalidInputException) as error:
        raise ScenarioError(
            f"measures of a run cannot be read ({str(error).splitlines()[0]}). "
            "Run the scenario again with 'estate run'."
        ) from None

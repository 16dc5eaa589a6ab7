"""Run folders: whole or absent, the same to the byte, and clear when damaged."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import yaml

from scenarios.errors import ScenarioError
from scenarios.results import (
    FORMAT_VERSION,
    ROWS_OF_A_GROUP,
    TABLES,
    Results,
    clear_abandoned,
    file_digest,
    load_results,
    new_folder,
    save_tables,
    write_json,
    write_parquet,
)


def tiny_results() -> Results:
    tables = {name: pd.DataFrame({"a": ["x", "y"], "b": [1.5, None]}) for name in TABLES}
    return Results(
        scenario={"name": "tiny", "title": "Tiny"},
        tables=tables,
        allocation={"status": "today", "holds_for": {"date": "2026-07-27", "data_digest": "0f"}},
        summary={"headline": []},
        provenance={"format_version": FORMAT_VERSION, "replications": 2, "seed": 1},
        prices={"scale": np.array([100])},
    )


def store(results: Results, folder: Path) -> Path:
    with new_folder(folder) as partial:
        save_tables(results, partial)
        write_json(results.provenance, partial / "manifest.json")
    return folder


def test_a_stored_run_loads_with_the_same_tables(tmp_path: Path) -> None:
    results = tiny_results()
    loaded = load_results(store(results, tmp_path / "run"))
    for name in TABLES:
        pd.testing.assert_frame_equal(loaded.tables[name], results.tables[name])
    assert loaded.name == "tiny"
    assert loaded.replications == 2
    assert loaded.holds_for == {"date": "2026-07-27", "data_digest": "0f"}
    assert loaded.prices["scale"].tolist() == [100]


def test_prisons_of_a_run_that_keeps_no_names_are_taken_for_the_built_in_ones(
    tmp_path: Path,
) -> None:
    loaded = load_results(store(tiny_results(), tmp_path / "run"))
    assert "LEI" in set(loaded.establishments["establishment"])
    own = pd.DataFrame({"establishment": ["OWN"], "name": ["Our own prison"]})
    write_parquet(own, tmp_path / "run" / "establishments.parquet")
    loaded = load_results(tmp_path / "run")
    pd.testing.assert_frame_equal(loaded.establishments, own)


def test_the_same_results_give_the_same_bytes(tmp_path: Path) -> None:
    one = store(tiny_results(), tmp_path / "one")
    other = store(tiny_results(), tmp_path / "other")
    digests = [{p.name: file_digest(p) for p in folder.iterdir()} for folder in (one, other)]
    assert digests[0] == digests[1]


def fail_half_way(folder: Path) -> None:
    with new_folder(folder) as partial:
        (partial / "half.json").write_text("{")
        raise KeyboardInterrupt


def test_a_run_that_fails_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        fail_half_way(tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


def test_a_complete_folder_is_never_written_over(tmp_path: Path) -> None:
    first = store(tiny_results(), tmp_path / "run")
    before = (first / "summary.json").stat().st_mtime_ns
    store(tiny_results(), tmp_path / "run")
    assert (first / "summary.json").stat().st_mtime_ns == before
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_folders_of_killed_runs_are_cleared_and_running_ones_kept(tmp_path: Path) -> None:
    dead = tmp_path / ".partial-x-4194305"
    alive = tmp_path / f".partial-y-{os.getpid()}"
    for folder in (dead, alive):
        folder.mkdir()
    clear_abandoned(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [alive.name]


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(ScenarioError, match=r"file: a run cannot be written here.*--runs"):
        store(tiny_results(), tmp_path / "file" / "run")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    folder = store(tiny_results(), tmp_path / "run")
    (folder / "measures.parquet").unlink()
    with pytest.raises(ScenarioError, match=r"not a complete run; missing measures\.parquet"):
        load_results(folder)


def test_corrupt_parquet_is_named(tmp_path: Path) -> None:
    folder = store(tiny_results(), tmp_path / "run")
    (folder / "measures.parquet").write_bytes(b"PAR1 not at all")
    with pytest.raises(ScenarioError, match=r"measures\.parquet: cannot be read as Parquet"):
        _ = load_results(folder).measures


@pytest.mark.parametrize("text", ["", "{", "[1]"])
def test_corrupt_json_is_named(tmp_path: Path, text: str) -> None:
    folder = store(tiny_results(), tmp_path / "run")
    (folder / "summary.json").write_text(text)
    with pytest.raises(ScenarioError, match=r"summary\.json: "):
        load_results(folder)


def test_another_format_is_refused(tmp_path: Path) -> None:
    folder = store(tiny_results(), tmp_path / "run")
    write_json({"format_version": 99}, folder / "manifest.json")
    with pytest.raises(ScenarioError, match="format_version 99, expected 1"):
        load_results(folder)


def test_no_folder_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="no such run folder"):
        load_results(tmp_path / "nothing")


def test_an_empty_table_keeps_its_columns(tmp_path: Path) -> None:
    path = tmp_path / "empty.parquet"
    write_parquet(pd.DataFrame({"setting": pd.Series(dtype="str")}), path)
    assert list(pd.read_parquet(path).columns) == ["setting"]


def test_the_stored_scenario_is_plain_yaml(tmp_path: Path) -> None:
    folder = store(tiny_results(), tmp_path / "run")
    assert yaml.safe_load((folder / "scenario.yaml").read_text())["title"] == "Tiny"


def test_reader_of_one_establishment_skips_the_groups_of_others(tmp_path: Path) -> None:
    """Told by the least and the greatest code that the file notes for every group of rows."""
    codes = [f"A{number:02d}" for number in range(100)]
    table = pd.DataFrame({"establishment": np.repeat(codes, 1000), "value": 1.0})
    write_parquet(table, tmp_path / "measures.parquet")
    stored = pq.ParquetFile(tmp_path / "measures.parquet")
    groups = [stored.metadata.row_group(at) for at in range(stored.num_row_groups)]
    assert all(group.num_rows <= ROWS_OF_A_GROUP for group in groups)
    told = [group.column(0).statistics for group in groups]
    assert sum(each.min <= "A42" <= each.max for each in told) == 1
    pd.testing.assert_frame_equal(stored.read().to_pandas(), table)

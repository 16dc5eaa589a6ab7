"""A small baseline equals the numbers stored for it.

Refresh them by ``python tests/scenarios/test_stored_run.py`` when a change of results is meant,
and say in the changelog which measures moved, and why.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import pandas as pd

from scenarios.run import Options, run_many

STORED = Path(__file__).resolve().parents[1] / "expected" / "small_run.csv"
KEYS = ["scenario", "replication", "group_by", "group", "measure", "measure_unit"]


def small_run(data: Path, runs: Path) -> pd.DataFrame:
    """Play the small estate and give every measure of the estate."""
    asked = Options(data_dir=data, runs_dir=runs, replications=2, workers=1)
    found, _ = run_many(["baseline", "closer_to_home"], asked)
    measures = pd.concat([results.measures for results in found], ignore_index=True)
    of_estate = measures[measures["establishment"] == "ALL"]
    return of_estate.drop(columns="establishment").sort_values(KEYS, ignore_index=True)


def test_a_small_run_equals_its_stored_numbers(small_data: Path, tmp_path: Path) -> None:
    stored = pd.read_csv(STORED, keep_default_na=False, na_values={"value": [""]})
    pd.testing.assert_frame_equal(
        small_run(small_data, tmp_path), stored, check_dtype=False, rtol=1e-9
    )


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    from conftest import write_small_data

    with tempfile.TemporaryDirectory() as folder:
        table = small_run(write_small_data(Path(folder) / "data"), Path(folder) / "runs")
    STORED.parent.mkdir(exist_ok=True)
    table.to_csv(STORED, index=False)

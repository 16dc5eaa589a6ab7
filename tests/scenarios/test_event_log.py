"""Event logs of workers, put together a piece at a time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scenarios.ensemble import event_log
from scenarios.ensemble.event_log import packed, unpacked, write_event_log
from scenarios.results import write_parquet
from simulation.log import join_tables


def log(seed: int, rows: int, people: int) -> pd.DataFrame:
    """Give a log of made-up rows: words with and without gaps, dates, numbers that may lack."""
    draw = np.random.default_rng(seed)
    ids = pd.Index([f"P{draw.integers(40)}-{number}" for number in range(people)], dtype="str")
    return pd.DataFrame(
        {
            "replication": np.full(rows, seed, dtype=np.int32),
            "establishment": pd.Categorical([f"E{seed % 3}"]).repeat(rows),
            "prisoner_id": pd.Categorical.from_codes(draw.integers(0, people, rows), ids),
            "session": pd.Categorical.from_codes(
                draw.integers(-1, 2, rows), pd.Index([f"s{seed}", ""], dtype="str")
            ),
            "at": np.datetime64("2026-01-01", "s") + draw.integers(0, 10**7, rows).astype("m8[s]"),
            "late_minutes": np.where(draw.random(rows) < 0.5, np.nan, draw.random(rows)),
            "children": draw.integers(0, 5, rows).astype(np.int16),
        }
    )


def stored(logs: list[pd.DataFrame], folder: Path) -> list[Path]:
    paths = [folder / f"{number}.arrow" for number in range(len(logs))]
    for path, each in zip(paths, logs, strict=True):
        path.write_bytes(packed(each))
    return paths


@given(
    sizes=st.lists(st.tuples(st.integers(1, 60), st.integers(1, 200)), min_size=1, max_size=5),
    piece=st.integers(1, 80),
)
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_file_is_that_of_the_joined_logs_to_the_byte(
    sizes: list[tuple[int, int]], piece: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    logs = [log(seed, rows, people) for seed, (rows, people) in enumerate(sizes)]
    monkeypatch.setattr(event_log, "ROWS_OF_A_PIECE", piece)
    write_event_log(stored(logs, tmp_path), tmp_path / "found.parquet")
    whole = pa.Table.from_pandas(join_tables(logs), preserve_index=False)
    expected = tmp_path / "expected.parquet"
    pq.write_table(
        whole.replace_schema_metadata(None), expected, compression="zstd", row_group_size=piece
    )
    assert (tmp_path / "found.parquet").read_bytes() == expected.read_bytes()


def test_more_than_a_thousand_ids_and_more_than_thirty_thousand(tmp_path: Path) -> None:
    """Where the places of words need two bytes, and four."""
    for people in (1_000, 40_000):
        logs = [log(seed, 500, people) for seed in range(2)]
        write_event_log(stored(logs, tmp_path), tmp_path / "found.parquet")
        write_parquet(join_tables(logs), tmp_path / "expected.parquet")
        found, expected = (tmp_path / f"{name}.parquet" for name in ("found", "expected"))
        assert found.read_bytes() == expected.read_bytes()


def test_a_log_is_unpacked_as_it_was() -> None:
    before = log(3, 100, 20)
    pd.testing.assert_frame_equal(unpacked(packed(before)), before)


def test_logs_packed_one_after_the_other_are_read_as_one(tmp_path: Path) -> None:
    logs = [log(seed, 50, 30) for seed in range(4)]
    packs = [packed(each) for each in logs]
    pd.testing.assert_frame_equal(unpacked(b"".join(packs)), join_tables(logs))
    parts = [tmp_path / "0.arrow", tmp_path / "1.arrow"]
    parts[0].write_bytes(packs[0])
    parts[1].write_bytes(b"".join(packs[1:]))
    write_event_log(parts, tmp_path / "found.parquet")
    write_parquet(join_tables(logs), tmp_path / "expected.parquet")
    found, expected = (tmp_path / f"{name}.parquet" for name in ("found", "expected"))
    assert found.read_bytes() == expected.read_bytes()


def test_a_log_without_a_row_adds_none(tmp_path: Path) -> None:
    logs = [log(0, 30, 5), log(1, 30, 5).iloc[:0]]
    write_event_log(stored(logs, tmp_path), tmp_path / "found.parquet")
    assert pd.read_parquet(tmp_path / "found.parquet").astype("str").equals(logs[0].astype("str"))

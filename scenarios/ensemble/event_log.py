"""Event logs as they leave a worker, and many of them as one Parquet file.

The log of a year of the whole estate has millions of rows. Whoever puts the answers of workers
together holds none of them as a table: each stays packed until the run is stored, and then passes
through memory a piece at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simulation.log import join_tables

if TYPE_CHECKING:
    import pandas as pd

ROWS_OF_A_BATCH = 128 * 1024
"""Rows of a packed log that are read at a time."""

ROWS_OF_A_PIECE = 1024 * 1024
"""Rows of a row group: as many as Arrow puts in one by itself."""


def packed(table: pd.DataFrame) -> bytes:
    """Write a table in Arrow's own form, which keeps every dtype and the order of categories."""
    import pyarrow as pa

    found = pa.Table.from_pandas(table, preserve_index=False)
    none = [column.combine_chunks() for column in found.columns] if not len(table) else []
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with pa.ipc.new_stream(sink, found.schema, options=options) as writer:
        if none:
            writer.write_batch(pa.record_batch(none, schema=found.schema))
        writer.write_table(found, max_chunksize=ROWS_OF_A_BATCH)
    written: bytes = sink.getvalue().to_pybytes()
    return written


def unpacked(raw: bytes) -> pd.DataFrame:
    """Read what ``packed`` wrote, of one table or of several one after the other."""
    import pyarrow as pa

    source = pa.BufferReader(raw)
    tables = []
    while source.tell() < len(raw):
        tables.append(pa.ipc.open_stream(source).read_all().to_pandas())
    return join_tables(tables) if len(tables) > 1 else tables[0]


def write_event_log(parts: Sequence[Path], path: Path) -> None:
    """Put packed logs one under the other into a Parquet file.

    Parameters
    ----------
    parts
        Files that hold what ``packed`` gave, of a log or of several, all of the same columns.
    path
        The file to write. Its bytes are those of the logs joined as ``join_tables`` does and
        written as ``write_parquet`` does.
    """
    import pyarrow.parquet as pq

    words = _words_of(parts)
    writer = None
    with ExitStack() as stack:
        for piece in _pieces(parts, words):
            if writer is None:
                opened = pq.ParquetWriter(path, piece.schema, compression="zstd")
                writer = stack.enter_context(opened)
            writer.write_table(piece)
            del piece


def _words_of(parts: Sequence[Path]) -> dict[str, Any]:
    """Give the words of each column that has them, in the order in which the logs bring them."""
    import pyarrow as pa
    import pyarrow.compute as pc

    found: dict[str, list[Any]] = {}
    for part in parts:
        for batch in _batches(part, only_words=True):
            for name in batch.schema.names:
                of_column = batch[name].dictionary
                known = found.setdefault(name, [])
                # the batches of one log have the same words
                if not known or not known[-1].equals(of_column):
                    known.append(of_column)
    return {name: pc.unique(pa.chunked_array(words)) for name, words in found.items()}


def _batches(part: Path, *, only_words: bool = False) -> Iterator[Any]:
    """Read packed logs a batch at a time; or their columns of words alone."""
    import pyarrow as pa

    with pa.memory_map(str(part)) as source:
        schema = pa.ipc.open_stream(source).schema
        chosen = [
            place
            for place, column in enumerate(schema)
            if not only_words or pa.types.is_dictionary(column.type)
        ]
        options = pa.ipc.IpcReadOptions(included_fields=chosen)
        source.seek(0)
        while source.tell() < source.size():
            yield from pa.ipc.open_stream(source, options=options)


def _pieces(parts: Sequence[Path], words: dict[str, Any]) -> Iterator[Any]:
    """Give the logs as tables of ``ROWS_OF_A_PIECE`` rows and the rest, in the same words."""
    import pyarrow as pa

    held: list[Any] = []
    rows = 0
    for batch in (batch for part in parts for batch in _batches(part)):
        columns = {
            name: _in_words(batch[name], words[name]) if name in words else batch[name]
            for name in batch.schema.names
        }
        held.append(pa.table(columns))
        rows += batch.num_rows
        while rows > ROWS_OF_A_PIECE:
            every = pa.concat_tables(held)
            piece = every.slice(0, ROWS_OF_A_PIECE).combine_chunks()
            # copied, or the few rows left would hold all those before them in memory
            held, rows = [every.slice(ROWS_OF_A_PIECE).combine_chunks()], rows - ROWS_OF_A_PIECE
            del every
            yield piece
            del piece
    yield pa.concat_tables(held).combine_chunks()


def _in_words(column: Any, words: Any) -> Any:
    """Write a column of words by their places among those of all logs."""
    import pyarrow as pa
    import pyarrow.compute as pc

    # as wide as pandas makes the codes of so many categories
    widths = (pa.int8(), pa.int16(), pa.int32())
    width = next(each for each in widths if len(words) < 2 ** (each.bit_width - 1) - 1)
    places = pc.index_in(column.dictionary, value_set=words).cast(width)
    return pa.DictionaryArray.from_arrays(places.take(column.indices), words)

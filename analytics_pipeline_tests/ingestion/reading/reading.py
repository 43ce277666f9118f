"""What the tests of the readers share."""

from collections.abc import Iterable, Iterator

import pyarrow as pa

from analytics_pipeline.ingestion.reading.batches import LINES_SCHEMA


def chunks_of(text: bytes, size: int) -> Iterator[bytes]:
    """The text in chunks of a size."""
    return (text[start : start + size] for start in range(0, len(text), size))


def records_of(batches: Iterable[pa.RecordBatch]) -> list[bytes]:
    """The bytes of the records of valid batches that are numbered from 1."""
    rows = []
    for batch in batches:
        batch.validate(full=True)
        assert batch.schema == LINES_SCHEMA
        rows += batch.to_pylist()
    assert [row["line_number"] for row in rows] == list(range(1, len(rows) + 1))
    assert all((row["line"] is None) != (row["bytes"] is None) for row in rows)
    return [row["bytes"] if row["line"] is None else row["line"].encode() for row in rows]

"""Lines of a text: newline-delimited records."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from analytics_pipeline.ingestion.reading.batches import (
    LONGEST_RECORD_BYTES,
    batch_of_ranges,
    too_long,
)

NEWLINE, CARRIAGE_RETURN = 10, 13


def line_batches(chunks: Iterator[bytes]) -> Iterator[pa.RecordBatch]:
    """Split contents into lines.

    A line ends with LF or CRLF, which are not part of it; the last line may lack its end. Raises
    UnreadableFileError for a line over LONGEST_RECORD_BYTES.
    """
    lines = 0
    pending: list[bytes] = []
    for chunk in chunks:
        end = chunk.rfind(b"\n") + 1
        if end:
            batch = _batch(b"".join([*pending, chunk[:end]]), lines + 1)
            lines += len(batch)
            yield batch
            pending = []
        pending.append(chunk[end:])
        if sum(map(len, pending)) > LONGEST_RECORD_BYTES:
            raise too_long(f"line {lines + 1}")
    last = b"".join(pending)
    if last:
        yield _batch(last + b"\n", lines + 1)


def _batch(block: bytes, first_number: int) -> pa.RecordBatch:
    characters = np.frombuffer(block, dtype=np.uint8)
    ends = np.flatnonzero(characters == NEWLINE)
    starts = np.empty_like(ends)
    starts[0], starts[1:] = 0, ends[:-1] + 1
    ends = ends - ((ends > starts) & (characters[ends - 1] == CARRIAGE_RETURN))
    return batch_of_ranges(block, starts, ends, first_number)

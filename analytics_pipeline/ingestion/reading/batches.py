"""The batches of records that every reader gives: views into the memory of the bytes read."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from analytics_pipeline.ingestion.reading.errors import UnreadableFileError

LINES_SCHEMA = pa.schema(
    [("line_number", pa.int64()), ("line", pa.string_view()), ("bytes", pa.binary_view())]
)
# A record is held several times over while it is read, and the engine has 1 GB by default.
LONGEST_RECORD_BYTES = 64 << 20
LONG_RECORD_BYTES = 32_000
PART_BYTES = 32 << 20
INLINE_BYTES = 12
PREFIX_BYTES = 4

Positions = npt.NDArray[np.int64]


def too_long(record: str) -> UnreadableFileError:
    """Why a file with such a record cannot be taken."""
    return UnreadableFileError(
        f"{record} is longer than {LONGEST_RECORD_BYTES >> 20} MiB, which is no record of events. "
        "Write each event as a record of its own, or take this one out of the file."
    )


def parts_of(batches: Iterator[pa.RecordBatch]) -> Iterator[Iterator[pa.RecordBatch]]:
    """The batches, in parts that hold not too many long records; to be consumed one by one.

    The engine collects batches of few records until it has 2,048, and does not count their texts.
    """
    more = True

    def part() -> Iterator[pa.RecordBatch]:
        nonlocal more
        size = 0
        for batch in batches:
            yield batch
            if batch.nbytes > LONG_RECORD_BYTES * len(batch):
                size += batch.nbytes
            if size > PART_BYTES:
                return
        more = False

    while more:
        yield part()


def batch_of_ranges(
    block: bytes, starts: Positions, ends: Positions, first_number: int
) -> pa.RecordBatch:
    """The records at ranges of a block: line (null where not UTF-8), bytes (only where not UTF-8).

    No text is copied: the batch shares the memory of the block, which is smaller than 2 GiB.
    """
    numbers = np.arange(first_number, first_number + len(starts))
    line = string_views(block, starts, ends)
    raw = pa.nulls(len(starts), pa.binary_view())
    if not block.isascii():
        try:
            line.validate(full=True)
        except pa.ArrowInvalid:
            line, raw = by_encoding([block[a:b] for a, b in zip(starts, ends, strict=True)])
    return pa.record_batch([pa.array(numbers), line, raw], schema=LINES_SCHEMA)


def string_views(block: bytes, starts: Positions, ends: Positions) -> pa.Array:
    """Arrow string views into a block, laid out as the Arrow columnar format describes them.

    A view is 16 bytes: the length, then either up to 12 bytes of text, or the first 4 bytes, the
    number of the buffer and the offset in it.
    """
    characters = np.frombuffer(block, dtype=np.uint8)
    lengths = (ends - starts).astype(np.int32)
    views = np.zeros((len(starts), 4), dtype=np.int32)
    view_bytes = views.view(np.uint8)
    views[:, 0] = lengths
    long: slice | Positions = slice(None)
    if lengths.min(initial=INLINE_BYTES) <= INLINE_BYTES:
        long = np.flatnonzero(lengths > INLINE_BYTES)
    for position in range(PREFIX_BYTES):
        view_bytes[long, 4 + position] = characters[starts[long] + position]
    views[long, 3] = starts[long]
    if not isinstance(long, slice):
        for position in range(INLINE_BYTES):
            short = np.flatnonzero((lengths <= INLINE_BYTES) & (lengths > position))
            view_bytes[short, 4 + position] = characters[starts[short] + position]
    buffers = [None, pa.py_buffer(views), pa.py_buffer(block)]
    return pa.Array.from_buffers(pa.string_view(), len(starts), buffers)


def by_encoding(records: list[bytes]) -> tuple[pa.Array, pa.Array]:
    """The records as text, null where not UTF-8, and as bytes, only where not UTF-8."""
    text: list[str | None] = []
    raw: list[bytes | None] = []
    for record in records:
        try:
            text.append(record.decode())
            raw.append(None)
        except UnicodeDecodeError:
            text.append(None)
            raw.append(record)
    return pa.array(text, pa.string_view()), pa.array(raw, pa.binary_view())

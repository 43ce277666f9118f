"""Lines of a plain or compressed file, with the account of what was read."""

from collections.abc import Iterator
from typing import BinaryIO

import pyarrow as pa

from analytics_pipeline.ingestion.reading.batches import LINES_SCHEMA
from analytics_pipeline.ingestion.reading.compression import Contents, without_mark
from analytics_pipeline.ingestion.reading.errors import UnreadableFileError
from analytics_pipeline.ingestion.reading.lines import line_batches

__all__ = ["LINES_SCHEMA", "LineReader", "UnreadableFileError"]


class LineReader:
    """Reads a file line by line, in batches, and accounts for what it read."""

    def __init__(self, file: BinaryIO) -> None:
        self._contents = Contents(file)
        self.lines = 0

    @property
    def sha256(self) -> str:
        """Hexadecimal digest of the bytes read so far."""
        return self._contents.sha256

    @property
    def problem(self) -> str | None:
        """What is wrong with a compressed file of which only the beginning could be read."""
        return self._contents.problem

    def read_digest(self) -> str:
        """Read the file to its end for nothing but its digest."""
        return self._contents.read_digest()

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Read the lines: line_number, line (null where not UTF-8), bytes (only where not UTF-8).

        Raises UnreadableFileError for a line over 1 GiB, which no engine could hold.
        """
        for batch in line_batches(without_mark(self._contents.chunks())):
            self.lines += len(batch)
            yield batch

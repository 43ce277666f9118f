"""A file of the landing zone as records: recognized by its beginning, then read as a whole."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from analytics_pipeline.ingestion.discovery import LandedFile
from analytics_pipeline.ingestion.formats.catalog import format_named, recognized
from analytics_pipeline.ingestion.lines import LineReader
from analytics_pipeline.ingestion.reading.log_records import joined
from analytics_pipeline.ingestion.record_reading import Group
from analytics_pipeline.ingestion.sources import source_of
from analytics_pipeline.settings import Settings

HEAD_RECORDS = 50


class FileReader:
    """Reads one file in the format and the zone that its source and its beginning give it.

    After all batches are consumed ``sha256`` is the digest of the file's bytes, and ``problem``
    says why only the beginning could be read.
    """

    def __init__(self, file: LandedFile, group: Group, settings: Settings) -> None:
        self.group = group
        self._file = file
        self._settings = settings
        self.sha256 = ""
        self.problem: str | None = None

    @classmethod
    def recognizing(cls, file: LandedFile, settings: Settings, scratch: Path) -> "FileReader":
        """Open a file to find out its format; raises OSError and UnreadableFileError."""
        source = source_of(file.path, settings)
        name = source.format
        if name is None:
            with file.open() as handle:
                first = next(LineReader(handle).batches(), None)
            texts = [] if first is None else first["line"].slice(0, HEAD_RECORDS).to_pylist()
            name = recognized([text for text in texts if text], settings).name
        return cls(file, Group(name, source.time_zone), settings)

    def read_digest(self) -> str:
        """Read the file to its end for nothing but its digest."""
        with self._file.open() as handle:
            return LineReader(handle).read_digest()

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Read the records: line_number, line (null where not UTF-8), bytes (only where not)."""
        with self._file.open() as handle:
            reader = LineReader(handle)
            records = reader.batches()
            pattern = format_named(self.group.format, self._settings).pattern
            if pattern is not None:
                limit = self._settings.ingestion.max_line_bytes
                records = joined(records, pattern, limit)
            yield from records
        self.sha256, self.problem = reader.sha256, reader.problem

"""A file of the landing zone as records: recognized by its beginning, then read as a whole."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pyarrow as pa

from analytics_pipeline.ingestion.discovery import LandedFile
from analytics_pipeline.ingestion.document_splitting import split_documents
from analytics_pipeline.ingestion.formats.catalog import format_named, recognized, tables_of
from analytics_pipeline.ingestion.formats.native import NATIVE
from analytics_pipeline.ingestion.formats.text_logs import SINGLE_LINE
from analytics_pipeline.ingestion.reading.log_records import joined
from analytics_pipeline.ingestion.reading.records import ReadingOptions, RecordReader
from analytics_pipeline.ingestion.record_reading import Group
from analytics_pipeline.ingestion.sources import source_of
from analytics_pipeline.settings import Settings

HEAD_RECORDS = 50
# Where the first records are of no format, so many tell it.
DOUBTFUL_RECORDS = 2000


class FileReader:
    """Reads one file in the format and the zone that its source and its beginning give it.

    After all batches are consumed ``sha256`` is the digest of the file's bytes, and ``problem``
    says why only the beginning could be read.
    """

    def __init__(self, file: LandedFile, group: Group, settings: Settings, scratch: Path) -> None:
        self.group = group
        self._file = file
        self._settings = settings
        self._scratch = scratch
        self.sha256 = ""
        self.problem: str | None = None

    @classmethod
    def recognizing(cls, file: LandedFile, settings: Settings, scratch: Path) -> "FileReader":
        """Open a file to find out its format; raises OSError and UnreadableFileError."""
        source = source_of(file.path, settings)
        name = source.format
        if name is None:
            with _opened(file, NATIVE.name, settings, scratch) as reader:
                texts = reader.head(HEAD_RECORDS)
                name = recognized(texts, settings).name
                if name == NATIVE.name and not any('"event_type"' in text for text in texts):
                    name = recognized(reader.head(DOUBTFUL_RECORDS), settings).name
        return cls(file, Group(name, source.time_zone), settings, scratch)

    def read_digest(self) -> str:
        """Read the file to its end for nothing but its digest."""
        with self._opened() as reader:
            return reader.digest()

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Read the records: line_number, line (null where not UTF-8), bytes (only where not)."""
        with self._opened() as reader:
            records = reader.batches()
            source = format_named(self.group.format, self._settings)
            if source.pattern is not None and source.name not in SINGLE_LINE:
                limit = self._settings.ingestion.max_line_bytes
                records = joined(records, source.pattern, limit)
            records = split_documents(records, source)
            yield from records
        self.sha256, self.problem = reader.sha256, reader.problem

    def _opened(self) -> AbstractContextManager[RecordReader]:
        return _opened(self._file, self.group.format, self._settings, self._scratch)


@contextmanager
def _opened(
    file: LandedFile, format_name: str, settings: Settings, scratch: Path
) -> Iterator[RecordReader]:
    options = ReadingOptions(
        scratch,
        settings.ingestion.max_expanded_bytes,
        tables_of(settings),
        nest_dotted=format_name == NATIVE.name,
    )
    with file.open() as handle:
        yield RecordReader(file.path, handle, file.local_path, options)

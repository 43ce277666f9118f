"""A file as records, whatever contains them."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import pyarrow as pa

from analytics_pipeline.ingestion.reading.compression import Contents, without_mark
from analytics_pipeline.ingestion.reading.containers import HEAD_BYTES, Container, container_of
from analytics_pipeline.ingestion.reading.csv_rows import csv_batches
from analytics_pipeline.ingestion.reading.json_documents import JsonDocuments
from analytics_pipeline.ingestion.reading.lines import line_batches
from analytics_pipeline.ingestion.reading.parquet_rows import parquet_batches
from analytics_pipeline.ingestion.reading.sqlite_rows import SQLITE_MAGIC, SqliteSnapshot

HEAD_CHARACTERS = 4 << 20


@dataclass(frozen=True)
class ReadingOptions:
    """How the records of a file are read.

    ``scratch`` is a folder for copies; ``tables`` are those of a SQLite database that are read;
    ``nest_dotted`` makes members of an object of dotted columns.
    """

    scratch: Path
    max_expanded_bytes: int
    tables: Sequence[str] = ()
    nest_dotted: bool = False


class RecordReader:
    """Reads the records of a file and accounts for its bytes.

    ``file`` must be able to seek; ``path`` is where it lies on this machine, if it does. After all
    batches are consumed ``sha256`` is the digest of the file's bytes (of a SQLite database with
    what is not yet written back), and ``problem`` says why only the beginning could be read.
    """

    def __init__(
        self, name: str, file: BinaryIO, path: Path | None, options: ReadingOptions
    ) -> None:
        self._name = name
        self._file = file
        self._path = path
        self._options = options
        self.sha256 = ""
        self.problem: str | None = None

    def container(self) -> Container:
        """What contains the records, told by the beginning of the file."""
        self._file.seek(0)
        head = b""
        for chunk in Contents(self._file).chunks():
            head += chunk
            if len(head) >= HEAD_BYTES:
                break
        return container_of(self._name, head[:HEAD_BYTES])

    def head(self, records: int) -> list[str]:
        """The texts of the first records that have any, up to a few MB of them.

        Raises UnreadableFileError.
        """
        texts: list[str] = []
        size = 0
        for line in (line for batch in self.batches() for line in batch["line"]):
            if text := line.as_py():
                texts.append(text)
                size += len(text)
            if len(texts) == records or size > HEAD_CHARACTERS:
                break
        return texts

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Read the records: line_number, line (null where not UTF-8), bytes (only where not).

        Raises UnreadableFileError for a file of which nothing can be read.
        """
        container = self.container()
        if self._is_plain_database():
            yield from self._of_database()
            return
        contents = Contents(self._file, max_expanded_bytes=self._options.max_expanded_bytes)
        if container is Container.PARQUET:
            yield from self._of_parquet(contents)
        elif container is Container.SQLITE:
            yield from self._of_compressed_database(contents)
        elif container is Container.JSON_DOCUMENTS:
            documents = JsonDocuments()
            yield from documents.batches(without_mark(contents.chunks()))
            self.problem = documents.problem
        elif container is Container.CSV:
            yield from csv_batches(
                without_mark(contents.chunks()), nest_dotted=self._options.nest_dotted
            )
        else:
            yield from line_batches(without_mark(contents.chunks()))
        self.sha256 = contents.sha256
        self.problem = contents.problem or self.problem

    def digest(self) -> str:
        """The digest of the file's bytes, without reading its records."""
        if self._is_plain_database():
            with SqliteSnapshot.of(self._file, self._path, self._options.scratch) as snapshot:
                return snapshot.sha256
        return Contents(self._file).read_digest()

    def _is_plain_database(self) -> bool:
        self._file.seek(0)
        magic = self._file.read(len(SQLITE_MAGIC))
        self._file.seek(0)
        return magic == SQLITE_MAGIC

    def _of_database(self) -> Iterator[pa.RecordBatch]:
        with SqliteSnapshot.of(self._file, self._path, self._options.scratch) as snapshot:
            yield from snapshot.batches(self._options.tables)
            self.sha256 = snapshot.sha256

    def _of_compressed_database(self, contents: Contents) -> Iterator[pa.RecordBatch]:
        with (
            self._expanded(contents) as file,
            SqliteSnapshot.of(file, None, self._options.scratch) as snapshot,
        ):
            yield from snapshot.batches(self._options.tables)

    def _of_parquet(self, contents: Contents) -> Iterator[pa.RecordBatch]:
        with self._expanded(contents) as file:
            yield from parquet_batches(
                file,
                nest_dotted=self._options.nest_dotted,
                max_expanded_bytes=self._options.max_expanded_bytes,
            )

    @contextmanager
    def _expanded(self, contents: Contents) -> Iterator[BinaryIO]:
        """The contents in a file that can seek: the file itself, or what it expands to."""
        self._options.scratch.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=self._options.scratch) as spooled:
            for chunk in contents.chunks():
                if contents.compressed:
                    spooled.write(chunk)
            if contents.compressed:
                spooled.seek(0)
                yield cast(BinaryIO, spooled)
            else:
                self._file.seek(0)
                yield self._file

"""Rows of a SQLite database, each as the text of a JSON object, read from a snapshot."""

import errno
import hashlib
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyarrow as pa

from analytics_pipeline.ingestion.reading.batches import (
    LINES_SCHEMA,
    LONGEST_RECORD_BYTES,
    too_long,
)
from analytics_pipeline.ingestion.reading.errors import UnreadableFileError
from analytics_pipeline.lake.table import literal, quoted

SQLITE_MAGIC = b"SQLite format 3\0"
# What belongs to a database until it is written back; the shared memory of -shm is made anew.
COMPANIONS = ("-wal", "-journal")
ATTEMPTS = 5
PAUSE_SECONDS = 0.2
BATCH_ROWS = 4096
BATCH_BYTES = 4 << 20
COPY_BYTES = 1 << 20


class SqliteSnapshot:
    """A copy of a database as it was at one moment, whatever a writer does to the original.

    Nothing beside the original is created, changed or locked. ``sha256`` is the digest of the
    database and the companions that hold what is not yet written back.
    """

    def __init__(self, database: Path, sha256: str) -> None:
        self._database = database
        self.sha256 = sha256

    @classmethod
    @contextmanager
    def of(cls, file: BinaryIO, path: Path | None, scratch: Path) -> Iterator["SqliteSnapshot"]:
        """Copy a database into the scratch folder until the block ends.

        ``path`` is where it lies on this machine, beside its companions; a database of an object
        store has none. Raises UnreadableFileError where it is never left alone for a moment.
        """
        scratch.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=scratch) as folder:
            copy = Path(folder) / "database"
            for attempt in range(ATTEMPTS):
                before = _states(path)
                sha256 = _copied(file, path, copy)
                if _states(path) == before:
                    yield cls(copy, sha256)
                    return
                time.sleep(PAUSE_SECONDS * (attempt + 1))
            raise UnreadableFileError(
                "the database was written to each time it was copied. It is tried again."
            )

    def batches(self, tables: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Read the rows of those of the tables that there are, in the order of their row ids.

        Column names are the keys; null values are left out, and bytes are text where they are
        UTF-8, else Base64. Raises UnreadableFileError for a damaged database, and for one that
        has none of the tables.
        """
        try:
            # The engine pulls records from one thread of its own, then from another.
            opened = sqlite3.connect(self._database, check_same_thread=False)
            with closing(opened) as connection:
                connection.create_function("as_text", 1, _as_text, deterministic=True)
                check = connection.execute("PRAGMA quick_check(1)").fetchone()
                if check != ("ok",):
                    raise UnreadableFileError(f"the database is damaged ({check[0]}).")
                present = {
                    name
                    for (name,) in connection.execute(
                        "SELECT name FROM sqlite_master WHERE type = 'table'"
                    )
                }
                wanted = [table for table in tables if table in present]
                if not wanted:
                    raise UnreadableFileError(
                        f"the database has none of the tables {', '.join(tables)}. It has: "
                        f"{', '.join(sorted(present)) or 'none'}."
                    )
                yield from _numbered(row for table in wanted for row in _rows(connection, table))
        except sqlite3.Error as error:
            raise UnreadableFileError(f"the database cannot be read ({error}).") from error


def _states(path: Path | None) -> list[tuple[int, int] | None]:
    if path is None:
        return []
    beside = (path.with_name(path.name + ending) for ending in COMPANIONS)
    return [_state_of(each) for each in (path, *beside)]


def _state_of(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError as error:
        # No file has a name that is too long.
        if error.errno not in (errno.ENOENT, errno.ENAMETOOLONG):
            raise
        return None
    return status.st_size, status.st_mtime_ns


def _copied(file: BinaryIO, path: Path | None, copy: Path) -> str:
    digest = hashlib.sha256()
    file.seek(0)
    with copy.open("wb") as target:
        while chunk := file.read(COPY_BYTES):
            digest.update(chunk)
            target.write(chunk)
    for ending in COMPANIONS:
        beside = copy.with_name(copy.name + ending)
        beside.unlink(missing_ok=True)
        if path is None:
            continue
        companion = path.with_name(path.name + ending)
        if _state_of(companion) is None:
            continue
        if companion.is_symlink() or not companion.is_file():
            raise UnreadableFileError(
                f"{companion.name} beside the database is a link or no ordinary file. Remove it, "
                "or put the file itself there."
            )
        try:
            shutil.copyfile(companion, beside)
        except FileNotFoundError:
            continue
        if content := beside.read_bytes():
            digest.update(content)
    return digest.hexdigest()


def _as_text(value: bytes) -> str:
    import base64

    try:
        return value.decode()
    except UnicodeDecodeError:
        return base64.b64encode(value).decode("ascii")


def _rows(connection: sqlite3.Connection, table: str) -> Iterator[bytes]:
    names = [row[1] for row in connection.execute(f"PRAGMA table_info({quoted(table)})")]
    members = ", ".join(
        f"{literal(name)}, CASE typeof({column}) WHEN 'blob' THEN as_text({column}) "
        f"ELSE {column} END"
        for name, column in ((name, quoted(name)) for name in names)
    )
    # A merge patch leaves nulls out.
    query = f"SELECT CAST(json_patch('{{}}', json_object({members})) AS BLOB) FROM {quoted(table)}"
    for (row,) in connection.execute(query):
        yield row


def _block(rows: Iterator[bytes], before: int) -> Iterator[bytes]:
    size = 0
    for count, row in enumerate(rows, start=1):
        if len(row) > LONGEST_RECORD_BYTES:
            raise too_long(f"row {before + count}")
        yield row
        size += len(row)
        if count == BATCH_ROWS or size >= BATCH_BYTES:
            return


def _numbered(rows: Iterator[bytes]) -> Iterator[pa.RecordBatch]:
    number = 0
    while texts := list(_block(rows, number)):
        numbers = pa.array(np.arange(number + 1, number + len(texts) + 1))
        number += len(texts)
        valid = [_utf8(text) for text in texts]
        line = [text if fine else None for text, fine in zip(texts, valid, strict=True)]
        raw = [None if fine else text for text, fine in zip(texts, valid, strict=True)]
        yield pa.record_batch(
            [
                numbers,
                pa.array(line, pa.binary()).cast(pa.string()).cast(pa.string_view()),
                pa.array(raw, pa.binary_view()),
            ],
            schema=LINES_SCHEMA,
        )


def _utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True

"""Rows of a SQLite database, each as the text of a JSON object, read from a snapshot."""

import base64
import errno
import hashlib
import json
import math
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
import pyarrow as pa

from analytics_pipeline.ingestion.reading.batches import (
    LINES_SCHEMA,
    LONGEST_RECORD_BYTES,
    too_long,
)
from analytics_pipeline.ingestion.reading.errors import UnreadableFileError
from analytics_pipeline.lake.engine import scratch_prefix
from analytics_pipeline.lake.table import literal, quoted

SQLITE_MAGIC = b"SQLite format 3\0"
# What belongs to a database until it is written back; the shared memory of -shm is made anew.
COMPANIONS = ("-wal", "-journal")
ATTEMPTS = 5
PAUSE_SECONDS = 0.2
BATCH_ROWS = 4096
BATCH_BYTES = 4 << 20
COPY_BYTES = 1 << 20
# The header of a database counts its changes; that of a write-ahead log holds random salts.
HEADER_BYTES = 100
LOG_HEADER_BYTES = 32
HIDDEN_COLUMN = 1
GROUP_SIZE = 100


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
        with tempfile.TemporaryDirectory(prefix=scratch_prefix(), dir=scratch) as folder:
            copy = Path(folder) / "database"
            for attempt in range(ATTEMPTS):
                before = _State.of(path)
                sha256 = _copied(file, path, copy)
                if _State.of(path).follows(before):
                    yield cls(copy, sha256)
                    return
                time.sleep(PAUSE_SECONDS * (attempt + 1))
            raise UnreadableFileError(
                "the database was written to each time it was copied. It is tried again."
            )

    def batches(self, tables: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Read the rows of those of the tables that there are, in the order of their row ids.

        Column names are the keys; null values are left out, numbers keep all their digits, and
        bytes are text where they are UTF-8, else Base64. Raises UnreadableFileError for a damaged
        database, and for one that has none of the tables.
        """
        try:
            # The engine pulls records from one thread of its own, then from another.
            opened = sqlite3.connect(self._database, check_same_thread=False)
            with closing(opened) as connection:
                connection.create_function("text_of_bytes", 1, _text_of_bytes, deterministic=True)
                connection.create_function("text_of_real", 1, _text_of_real, deterministic=True)
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


class _State(NamedTuple):
    """What tells whether a database was written to: sizes and times, and how its files begin."""

    files: tuple[tuple[int, int] | None, ...]
    header: bytes
    log_header: bytes

    @classmethod
    def of(cls, path: Path | None) -> "_State":
        if path is None:
            return cls((), b"", b"")
        log, journal = (path.with_name(path.name + ending) for ending in COMPANIONS)
        files = tuple(_size_and_time(each) for each in (path, log, journal))
        return cls(files, _beginning(path, HEADER_BYTES), _beginning(log, LOG_HEADER_BYTES))

    def follows(self, before: "_State") -> bool:
        """Whether a copy of the database and then of its companions is one moment of it.

        As long as the write-ahead log begins as before, it was only appended to, and holds every
        page that was written back to the database meanwhile.
        """
        appended = len(before.log_header) == LOG_HEADER_BYTES
        return self == before or (appended and self.log_header == before.log_header)


def _size_and_time(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError as error:
        # No file has a name that is too long.
        if error.errno not in (errno.ENOENT, errno.ENAMETOOLONG):
            raise
        return None
    if path.name.endswith(COMPANIONS) and (path.is_symlink() or not path.is_file()):
        raise UnreadableFileError(
            f"{path.name} beside the database is a link or no ordinary file. Remove it, or put "
            "the file itself there."
        )
    return status.st_size, status.st_mtime_ns


def _beginning(path: Path, size: int) -> bytes:
    if _size_and_time(path) is None:
        return b""
    try:
        with path.open("rb") as file:
            return file.read(size)
    except FileNotFoundError:
        return b""


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
        if _size_and_time(companion) is None:
            continue
        try:
            shutil.copyfile(companion, beside)
        except FileNotFoundError:
            continue
        if content := beside.read_bytes():
            digest.update(content)
    return digest.hexdigest()


def _text_of_bytes(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return base64.b64encode(value).decode("ascii")


def _text_of_real(value: float) -> str:
    """All the digits that tell the number from its neighbours; SQLite itself writes but 15."""
    return repr(value) if math.isfinite(value) else json.dumps(value)


def _rows(connection: sqlite3.Connection, table: str) -> Iterator[bytes]:
    columns = connection.execute(
        "SELECT name FROM pragma_table_xinfo(?) WHERE hidden <> ? ORDER BY cid",
        [table, HIDDEN_COLUMN],
    )
    members = [_member(name) for (name,) in columns]
    # An expression may be nested no deeper than 1000 levels.
    groups = [members[at : at + GROUP_SIZE] for at in range(0, len(members), GROUP_SIZE)]
    text = " || ".join(f"({' || '.join(group)})" for group in groups)
    # An index that has all columns would give them in its own order.
    query = f"""
        SELECT CAST('{{' || substr({text}, 2) || '}}' AS BLOB)
        FROM {quoted(table)} NOT INDEXED
    """
    for (row,) in connection.execute(query):
        yield row


def _member(name: str) -> str:
    column = quoted(name)
    key = literal("," + json.dumps(name, ensure_ascii=False) + ":")
    return f"""
        CASE typeof({column})
            WHEN 'null' THEN ''
            WHEN 'real' THEN {key} || text_of_real({column})
            WHEN 'blob' THEN {key} || json_quote(text_of_bytes({column}))
            ELSE {key} || json_quote({column})
        END
    """


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

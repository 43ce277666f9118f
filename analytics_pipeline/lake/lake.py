"""The lake: hive-partitioned Parquet, one file a table and day, each replaced atomically."""

import os
import sqlite3
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa
from filelock import FileLock

from analytics_pipeline.errors import PipelineError
from analytics_pipeline.lake.daily_batches import daily_batches, write_batches
from analytics_pipeline.lake.daily_writing import DailyWriter, Writing, daily_writer
from analytics_pipeline.lake.engine import open_engine
from analytics_pipeline.lake.parts import write_parts
from analytics_pipeline.lake.table import Table, literal, quoted
from analytics_pipeline.settings import EngineSettings, Settings

if TYPE_CHECKING:
    import pandas as pd

PARTITION_FILE = "data.parquet"
STAGED = ".tmp"
PARQUET = (
    "FORMAT parquet, PARQUET_VERSION v2, COMPRESSION zstd, COMPRESSION_LEVEL 1, "
    "WRITE_BLOOM_FILTER false"
)
FULL_DISK_SIGNS = ("No space left", "disk is full", "disk I/O error")


class LakeError(PipelineError):
    """The lake cannot be read or written; the message says where and what to do."""


class Lake:
    """The folder of all tables, and the only place that reads and writes their files."""

    def __init__(self, root: Path, engine: EngineSettings | None = None) -> None:
        self.root = root
        self.engine_settings = engine or EngineSettings()

    @classmethod
    def of(cls, settings: Settings) -> "Lake":
        """The lake of this configuration."""
        return cls(settings.lake, settings.engine)

    @property
    def state(self) -> Path:
        """Folder of the ledger, the locks and the scratch space."""
        return self.root / "_state"

    @property
    def scratch(self) -> Path:
        """Folder where engines spill, one folder a process."""
        return self.state / "scratch"

    @contextmanager
    def engine(self, *, exclusive: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
        """Open a DuckDB engine for a piece of work; a full disk is reported as LakeError."""
        with (
            full_disk_reported(self.root),
            open_engine(self.scratch, self.engine_settings, exclusive=exclusive) as connection,
        ):
            yield connection

    def partition_file(self, table: Table, day: date) -> Path:
        """Path of the file that holds a table's rows of a day."""
        return self.root / table.name / f"event_date={day.isoformat()}" / PARTITION_FILE

    def partition_bytes(self, table: Table, day: date) -> int:
        """Size of the file that holds a table's rows of a day; 0 where there is none."""
        file = self.partition_file(table, day)
        return file.stat().st_size if file.exists() else 0

    def dates(self, table: Table) -> list[date]:
        """Dates for which the table has a partition, ascending."""
        found = (self.root / table.name).glob(f"event_date=*/{PARTITION_FILE}")
        return sorted(date.fromisoformat(file.parent.name.partition("=")[2]) for file in found)

    def scan(self, table: Table, days: Iterable[date] | None = None) -> str:
        """SQL of a relation with the table's columns and event_date; empty where nothing is stored.

        Columns that older partitions lack are null. ``days`` limits the partitions; all where None.
        """
        wanted = self.dates(table) if days is None else sorted(set(days))
        files = [self.partition_file(table, day) for day in wanted]
        present = [literal(str(file)) for file in files if file.exists()]
        declared = ", ".join(
            f"NULL::{column.type} AS {quoted(column.name)}" for column in table.columns
        )
        names = ", ".join(quoted(name) for name in [*table.column_names, "event_date"])
        empty = f"SELECT {declared}, NULL::DATE AS event_date WHERE false"
        if not present:
            return f"({empty})"
        stored = (
            f"SELECT * FROM read_parquet([{', '.join(present)}], union_by_name = true, "
            "hive_partitioning = true, hive_types = {'event_date': DATE})"
        )
        return f"(SELECT {names} FROM ({empty} UNION ALL BY NAME {stored}))"

    def frame(
        self,
        connection: duckdb.DuckDBPyConnection,
        table: Table,
        days: Iterable[date] | None = None,
    ) -> "pd.DataFrame":
        """Read a small table into a frame, ordered by day and the table's order."""
        order = ", ".join(quoted(name) for name in ["event_date", *table.order_by])
        return connection.execute(f"FROM {self.scan(table, days)} ORDER BY {order}").df()

    def row_counts(
        self, connection: duckdb.DuckDBPyConnection, table: Table, days: Iterable[date]
    ) -> dict[date, int]:
        """Number of rows of each of the days; 0 where nothing is stored."""
        wanted = list(days)
        counted = connection.execute(
            f"SELECT event_date, count(*) FROM {self.scan(table, wanted)} GROUP BY ALL"
        ).fetchall()
        return dict.fromkeys(wanted, 0) | dict(counted)

    @contextmanager
    def locked(self, table: Table, days: Sequence[date]) -> Iterator[None]:
        """Hold the partitions of a table from the reading of their inputs to their replacement.

        Whoever holds them last has read inputs at least as new as everyone before, so concurrent
        runs end with the result of the newest input. A killed process releases its locks.
        """
        folder = self.state / "locks" / table.name
        folder.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            for day in sorted(set(days)):
                stack.enter_context(FileLock(folder / f"{day.isoformat()}.lock"))
            yield

    @contextmanager
    def locked_whole(self, table: Table) -> Iterator[None]:
        """Hold a whole table, whose days are made from each other's inputs.

        All writers of the table must use it: it does not exclude those that lock single days.
        """
        folder = self.state / "locks" / table.name
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / "whole.lock"):
            yield

    def replace(
        self, connection: duckdb.DuckDBPyConnection, table: Table, day: date, query: str
    ) -> int:
        """Replace a partition by the rows of a query, atomically; returns the number of rows.

        The query must give the table's columns; they are cast to their declared types and written
        in the table's order, or in the query's where the table has none. Call it with the partition
        locked.
        """
        file = self.partition_file(table, day)
        order = ", ".join(quoted(name) for name in table.order_by)
        sorted_by = f" ORDER BY {order}" if order else ""
        with self._staged(file) as staged:
            copied = connection.execute(
                f"COPY (SELECT {table.typed_columns} FROM ({query}){sorted_by}) "
                f"TO {literal(str(staged))} ({PARQUET}, ROW_GROUP_SIZE {table.row_group_rows}, "
                f"ROW_GROUP_SIZE_BYTES {table.row_group_bytes})"
            ).fetchone()
            publish(staged, file)
        return int(copied[0]) if copied else 0

    def replace_by_parts(
        self,
        connection: duckdb.DuckDBPyConnection,
        table: Table,
        day: date,
        parts: Iterable[tuple[Sequence[str], str]],
    ) -> int:
        """Replace a partition by the rows of several queries, one after the other, atomically.

        Each part names the columns that its query gives, of their declared types and in the order
        in which its rows are to be written; the table's other columns are null. To sort parts that
        are narrow takes half as long as to sort all columns of a wide table. Returns the number
        of rows. Call it with the partition locked.
        """
        file = self.partition_file(table, day)
        with self._staged(file) as staged:
            rows = write_parts(connection, table, parts, staged)
            publish(staged, file)
        return rows

    @contextmanager
    def _staged(self, file: Path) -> Iterator[Path]:
        """A temporary name beside a partition's file, cleared of what killed processes left."""
        file.parent.mkdir(parents=True, exist_ok=True)
        for abandoned in file.parent.glob(f"*{STAGED}"):
            abandoned.unlink(missing_ok=True)
        staged = file.with_name(f"{uuid.uuid4().hex}{STAGED}")
        try:
            yield staged
        finally:
            staged.unlink(missing_ok=True)

    def replace_days(
        self, connection: duckdb.DuckDBPyConnection, table: Table, days: Sequence[date], query: str
    ) -> dict[date, int]:
        """Replace several partitions by the rows of one query; returns the rows of each day.

        The query is run once and must give the table's columns and event_date. A day of ``days``
        for which it has no rows becomes an empty partition. Call it with the partitions locked.
        """
        with self.daily_writer() as writer:
            return self.replacing_days(writer, connection, table, days, query).rows()

    def daily_writer(self) -> AbstractContextManager[DailyWriter]:
        """What writes partitions in the background, for replacing_days."""
        return daily_writer(self._write_day)

    def replacing_days(
        self,
        writer: DailyWriter,
        connection: duckdb.DuckDBPyConnection,
        table: Table,
        days: Sequence[date],
        query: str,
    ) -> Writing:
        """Like replace_days, but returns as soon as the query has given its rows."""
        return writer.write(table, daily_batches(connection, table, sorted(set(days)), query))

    def _write_day(
        self, table: Table, day: date, schema: pa.Schema, batches: Iterable[pa.RecordBatch]
    ) -> int:
        file = self.partition_file(table, day)
        with self._staged(file) as staged:
            rows = write_batches(table, schema, batches, staged)
            publish(staged, file)
        return rows


@contextmanager
def full_disk_reported(root: Path) -> Iterator[None]:
    """Turn whatever the engine, SQLite or the system says of a full disk into a LakeError."""
    try:
        yield
    except (duckdb.Error, sqlite3.OperationalError, OSError) as error:
        if not any(sign in str(error) for sign in FULL_DISK_SIGNS):
            raise
        raise LakeError(
            f"No space left on the disk of the lake {root}. Nothing was half-written: "
            "free some space and run again."
        ) from error


def publish(staged: Path, target: Path) -> None:
    """Put a finished file in the place of another, so that a crash leaves the one or the other."""
    with staged.open("rb") as handle:
        os.fsync(handle.fileno())
    staged.replace(target)
    _sync(target.parent)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def publish_text(target: Path, text: str) -> None:
    """Write a text file atomically."""
    publish_files({target: text.encode("utf-8")})


def publish_files(contents: Mapping[Path, bytes]) -> None:
    """Write files, each atomically, and none before all of them are on the disk.

    They are put in their places in the given order.
    """
    with ExitStack() as stack:
        staged: dict[Path, Path] = {}
        for target, content in contents.items():
            target.parent.mkdir(parents=True, exist_ok=True)
            staged[target] = target.with_name(f".{target.name}.{uuid.uuid4().hex}{STAGED}")
            stack.callback(staged[target].unlink, missing_ok=True)
            with staged[target].open("wb") as handle:
                handle.write(content)
                handle.flush()
                os.fsync(handle.fileno())
        for target, file in staged.items():
            file.replace(target)
        for folder in {target.parent for target in staged}:
            _sync(folder)

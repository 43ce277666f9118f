"""Released lines on their way into the raw events, logged so that a killed release is completed.

A release writes the new rows to a file, then notes in one transaction that it is under way,
together with its corrections and the dates that change. From then on it will be done, by its own
process or by the next one that works on the raw events: what is in the file takes the place of
the rows of the same line, however often.
"""

import sqlite3
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import duckdb
from filelock import FileLock

from analytics_pipeline.ingestion.corrections import Correction, keep_corrections
from analytics_pipeline.ingestion.ledger_file import open_ledger_file
from analytics_pipeline.ingestion.pending_updates import advance
from analytics_pipeline.ingestion.tables import RAW_EVENTS
from analytics_pipeline.lake.lake import PARQUET, Lake, publish
from analytics_pipeline.lake.table import literal
from analytics_pipeline.lake.transaction import transaction

COLUMNS = ", ".join(RAW_EVENTS.column_names)


def intake_lock(lake: Lake) -> FileLock:
    """The lock of whoever changes raw events: intakes and releases work one after the other."""
    lake.state.mkdir(parents=True, exist_ok=True)
    return FileLock(lake.state / "intake.lock")


class ReleaseLog:
    """The releases under way in one lake; open it with ``ReleaseLog.open``."""

    def __init__(self, lake: Lake, connection: sqlite3.Connection) -> None:
        self._lake = lake
        self._connection = connection
        self._folder = lake.state / "releases"

    @classmethod
    @contextmanager
    def open(cls, lake: Lake) -> Iterator["ReleaseLog"]:
        """Open the log of a lake."""
        with open_ledger_file(lake.state) as connection:
            yield cls(lake, connection)

    def under_way(self) -> list[str]:
        """The releases that began and were not completed."""
        rows = self._connection.execute("SELECT release FROM pending_release ORDER BY release")
        return [release for (release,) in rows]

    def begin(
        self,
        connection: duckdb.DuckDBPyConnection,
        rows: str,
        days: Iterable[date],
        corrections: Iterable[Correction],
    ) -> str:
        """Note a release of rows, its corrections and the dates that change; returns its id.

        ``rows`` is a query that gives the columns of raw_events, event_date, and from_date: where
        the line stood before. Call it with the intake lock held.
        """
        release = uuid.uuid4().hex
        self._folder.mkdir(exist_ok=True)
        staged = self._file(release).with_suffix(".parquet.new")
        connection.execute(f"COPY ({rows}) TO {literal(str(staged))} ({PARQUET})")
        publish(staged, self._file(release))
        with transaction(self._connection):
            self._connection.execute("INSERT INTO pending_release VALUES (?)", [release])
            keep_corrections(self._connection, corrections)
            advance(self._connection, days)
        return release

    def complete(self, release: str) -> None:
        """Put the rows of a release into the raw events; call it with the intake lock held."""
        file = self._file(release)
        released = f"read_parquet({literal(str(file))})"
        with self._lake.engine() as connection:
            found = connection.execute(
                f"SELECT event_date FROM {released} UNION SELECT from_date FROM {released}"
            ).fetchall()
            days = sorted(day for (day,) in found)
            with self._lake.locked(RAW_EVENTS, days):
                for day in days:
                    self._lake.replace(connection, RAW_EVENTS, day, self._partition(released, day))
                standing = connection.execute(
                    f"SELECT DISTINCT path, event_date FROM {self._lake.scan(RAW_EVENTS, days)} "
                    f"SEMI JOIN {released} USING (path)"
                ).fetchall()
                paths = connection.execute(f"SELECT DISTINCT path FROM {released}").fetchall()
                self._finish(release, [path for (path,) in paths], days, standing)
        file.unlink()

    def clear(self) -> None:
        """Remove what releases left that never began or are done; with the intake lock held."""
        for left in self._folder.glob("*.parquet*"):
            left.unlink()

    def _file(self, release: str) -> Path:
        return self._folder / f"{release}.parquet"

    def _partition(self, released: str, day: date) -> str:
        return f"""
            SELECT {COLUMNS} FROM {self._lake.scan(RAW_EVENTS, [day])}
            ANTI JOIN {released} USING (path, line_number)
            UNION ALL
            SELECT {COLUMNS} FROM {released} WHERE event_date = DATE {literal(day.isoformat())}
        """

    def _finish(
        self,
        release: str,
        paths: Sequence[str],
        days: Sequence[date],
        standing: Sequence[tuple[str, date]],
    ) -> None:
        """Note under which of the dates the files have lines now, and that the dates changed.

        No digest is noted: a next version of such a file counts as changed under these dates.
        """
        with transaction(self._connection):
            self._connection.executemany(
                "DELETE FROM file_date WHERE path = ? AND event_date = ?",
                [(path, day.isoformat()) for path in paths for day in days],
            )
            self._connection.executemany(
                "INSERT INTO file_date (path, event_date) VALUES (?, ?)",
                [(path, day.isoformat()) for path, day in standing],
            )
            advance(self._connection, days)
            self._connection.execute("DELETE FROM pending_release WHERE release = ?", [release])


def complete_releases(lake: Lake) -> None:
    """Complete the releases that killed processes left; call it with the intake lock held."""
    with ReleaseLog.open(lake) as log:
        for release in log.under_way():
            log.complete(release)
        log.clear()


def await_releases(lake: Lake) -> None:
    """Wait for the releases under way, and complete those whose process was killed."""
    with ReleaseLog.open(lake) as log:
        if not log.under_way():
            return
    with intake_lock(lake):
        complete_releases(lake)

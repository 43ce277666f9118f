"""One batch of an intake: read, dated, put into the partitions of its dates, and recorded."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import duckdb
import pyarrow as pa

from analytics_pipeline.ingestion.corrections import Corrections
from analytics_pipeline.ingestion.discovery import DATABASE_ENDINGS, LandedFile
from analytics_pipeline.ingestion.file_reading import FileReader
from analytics_pipeline.ingestion.ledger import FileVersion, Ledger
from analytics_pipeline.ingestion.privacy.door import Door
from analytics_pipeline.ingestion.privacy.errors import execute_on_records
from analytics_pipeline.ingestion.reading.batches import parts_of
from analytics_pipeline.ingestion.reading.errors import UnreadableFileError
from analytics_pipeline.ingestion.record_reading import STREAM_SCHEMA, Group, records_query
from analytics_pipeline.ingestion.rereading import correct_read_lines, file_time
from analytics_pipeline.ingestion.tables import RAW_EVENTS
from analytics_pipeline.lake.at_once import at_once
from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.lake.table import literal
from analytics_pipeline.settings import Settings

COLUMNS = ("event_type", "event_time", "line", "bytes")


class Batch:
    """One batch: read into the engine, dated, put into the partitions, and recorded."""

    def __init__(self, lake: Lake, settings: Settings, ledger: Ledger) -> None:
        self._lake = lake
        self._settings = settings
        self._ledger = ledger
        self._taken_at = datetime.now(UTC).replace(tzinfo=None)
        self._latest = self._taken_at + timedelta(
            seconds=settings.ingestion.future_tolerance_seconds
        )
        self._door = Door.of(settings)
        self._versions: dict[int, FileVersion] = {}
        self._groups: dict[int, Group] = {}

    def take(self, files: Sequence[LandedFile]) -> tuple[list[FileVersion], set[date]]:
        """Take the files; returns their versions and the dates that changed."""
        with self._lake.engine(exclusive=True) as connection:
            # Path and line number tell where a line stood; keeping the order costs copies.
            connection.execute("SET preserve_insertion_order = false")
            self._read(connection, files)
            if not self._versions:
                return [], set()
            self._date_undated_lines(connection)
            self._correct_lines(connection)
            self._note_event_dates(connection)
            paths = {version.path: version.event_dates for version in self._versions.values()}
            days = self._changed_dates()
            with self._lake.locked(RAW_EVENTS, sorted(days)):
                self._ledger.announce(paths, days)
                self._replace(connection, days)
                self._ledger.commit(list(self._versions.values()), days)
        return sorted(self._versions.values(), key=lambda version: version.path), days

    def _read(self, connection: duckdb.DuckDBPyConnection, files: Sequence[LandedFile]) -> None:
        """Make the tables ``line_read`` and ``file_read``, each group of alike files at once."""
        groups: dict[Group, list[tuple[int, LandedFile, FileReader]]] = {}
        for number, file in enumerate(files):
            reader = self._recognized(file)
            if reader is not None:
                self._groups[number] = reader.group
                groups.setdefault(reader.group, []).append((number, file, reader))
        connection.execute(
            """
            CREATE TABLE line_read (
                file_number INTEGER, line_number BIGINT, event_type VARCHAR, event_time TIMESTAMP,
                line VARCHAR, bytes BLOB, event_date DATE
            )
            """
        )
        self._door.register(connection)
        for group, members in groups.items():
            query = records_query(group, "stream", self._settings, self._latest, self._door)
            insert = f"INSERT INTO line_read BY NAME {query}"
            for part in parts_of(self._stream(members)):
                stream = pa.RecordBatchReader.from_batches(STREAM_SCHEMA, part)
                connection.register("stream", stream)
                execute_on_records(connection, insert, group.format)
                connection.unregister("stream")
        taken = [
            f"({number}, {literal(version.path)}, {literal(self._groups[number].format)}, "
            f"{literal(self._groups[number].time_zone)}, {literal(file_time(version.state))})"
            for number, version in self._versions.items()
        ]
        if taken:
            connection.execute(
                "CREATE TABLE file_read AS FROM "
                f"(VALUES {', '.join(taken)}) "
                "AS v (file_number, path, format, time_zone, file_time)"
            )

    def _recognized(self, file: LandedFile) -> FileReader | None:
        try:
            return FileReader.recognizing(file, self._settings, self._lake.scratch)
        except FileNotFoundError:
            return None
        except (OSError, UnreadableFileError) as error:
            self._refuse(file, error)
            return None

    def _refuse(self, file: LandedFile, error: Exception) -> None:
        reason = getattr(error, "strerror", None) or str(error)
        self._ledger.refuse(file.path, file.state, reason)

    def _stream(
        self, members: Sequence[tuple[int, LandedFile, FileReader]]
    ) -> Iterator[pa.RecordBatch]:
        for number, file, reader in members:
            try:
                yield from self._records_of(number, file, reader)
            except FileNotFoundError:
                continue
            except (OSError, UnreadableFileError) as error:
                self._refuse(file, error)

    def _records_of(
        self, number: int, file: LandedFile, reader: FileReader
    ) -> Iterator[pa.RecordBatch]:
        held = self._ledger.sha256_of(file.path)
        if held is not None and reader.read_digest() == held:
            self._ledger.note_state(file.path, file.state)
            return
        for batch in reader.batches():
            numbers = pa.repeat(pa.scalar(number, pa.int32()), len(batch))
            times = pa.repeat(pa.scalar(file_time(file.state)), len(batch))
            yield pa.record_batch([numbers, times, *batch.columns], schema=STREAM_SCHEMA)
        state = file.state_now()
        # A file that changed while it was read is not a version: its lines go unused, and it is
        # taken when it has settled. A database was read from a snapshot.
        if state == file.state or file.path.endswith(DATABASE_ENDINGS):
            self._versions[number] = FileVersion(
                file.path,
                file.state,
                reader.sha256,
                self._taken_at,
                0,
                reader.problem,
                format=reader.group.format,
            )

    def _date_undated_lines(self, connection: duckdb.DuckDBPyConnection) -> None:
        latest = dict(
            connection.execute(
                "SELECT file_number, max(event_date) FROM line_read GROUP BY file_number"
            ).fetchall()
        )
        first, last = self._settings.first_event_date, self._taken_at.date()
        for number, version in self._versions.items():
            modified = datetime.fromtimestamp(version.state.modified_ns / 1e9, UTC).date()
            day = latest.get(number) or min(max(modified, first), last)
            connection.execute(
                "UPDATE line_read SET event_date = ? WHERE file_number = ? AND event_date IS NULL",
                [day, number],
            )

    def _correct_lines(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Put the corrections in place of the lines they were made for, under their own dates."""
        with Corrections.open(self._lake.state) as kept:
            corrections = kept.of_paths(version.path for version in self._versions.values())
        if len(corrections):
            correct_read_lines(connection, corrections, self._settings, self._latest, self._door)

    def _note_event_dates(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Complete the versions by their dates, and the digest of each date of a changed file.

        A file that is new is not digested, since most files never change.
        """
        rows = connection.execute(
            "SELECT file_number, count(*), list_sort(list(DISTINCT event_date)) "
            "FROM line_read GROUP BY ALL"
        ).fetchall()
        found = {number: (lines, tuple(days)) for number, lines, days in rows}
        for number, version in self._versions.items():
            lines, days = found.get(number, (0, ()))
            self._versions[number] = replace(version, lines=lines, event_dates=days)
        changed = [
            number
            for number, version in self._versions.items()
            if self._ledger.sha256_of(version.path) is not None
        ]
        digests: dict[int, dict[date, str]] = {number: {} for number in changed}
        for number, day, digest in connection.execute(
            """
            SELECT
                file_number, event_date,
                concat_ws('-', count(*), bit_xor(
                    hash(line_number, line, bytes, event_type, event_time, format, time_zone)
                ))
            FROM line_read JOIN file_read USING (file_number)
            WHERE list_contains(?, file_number)
            GROUP BY ALL
            """,
            [changed],
        ).fetchall():
            digests[number][day] = digest
        for number in changed:
            self._versions[number] = replace(self._versions[number], date_digests=digests[number])

    def _changed_dates(self) -> set[date]:
        """The dates under which a file has other lines than its former version had.

        So a file that grows from day to day makes work for its new dates only.
        """
        changed = set()
        for version in self._versions.values():
            held = self._ledger.digests_of(version.path)
            now = version.date_digests
            dates = self._ledger.dates_of([version.path]) | set(version.event_dates)
            changed |= {day for day in dates if day not in now or now[day] != held.get(day)}
        return changed

    def _replace(self, connection: duckdb.DuckDBPyConnection, days: Iterable[date]) -> None:
        """Replace the partitions of the days."""
        lines = dict(
            connection.execute(
                "SELECT event_date, count(*) FROM line_read GROUP BY event_date"
            ).fetchall()
        )
        at_once(
            connection,
            self._lake.engine_settings.threads,
            {day: lines.get(day, 0) for day in days},
            lambda cursor, day: self._lake.replace(cursor, RAW_EVENTS, day, self._partition(day)),
        )

    def _partition(self, day: date) -> str:
        taken_at = literal(self._taken_at.isoformat())
        columns = ", ".join(COLUMNS)
        return f"""
            SELECT path, line_number, taken_at, format, time_zone, {columns}
            FROM {self._lake.scan(RAW_EVENTS, [day])}
            WHERE path NOT IN (SELECT path FROM file_read)
            UNION ALL
            SELECT
                path, line_number, TIMESTAMP {taken_at}, format, nullif(time_zone, 'UTC'),
                {columns}
            FROM line_read JOIN file_read USING (file_number)
            WHERE event_date = DATE {literal(day.isoformat())}
        """

"""One batch of an intake: read, dated, put into the partitions of its dates, and recorded."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import duckdb
import pyarrow as pa

from analytics_pipeline.ingestion.discovery import LandedFile
from analytics_pipeline.ingestion.key_fields import (
    event_type_of,
    key_fields,
    time_text_of,
    utc,
)
from analytics_pipeline.ingestion.ledger import FileVersion, Ledger
from analytics_pipeline.ingestion.lines import LINES_SCHEMA, LineReader, UnreadableFileError
from analytics_pipeline.ingestion.tables import RAW_EVENTS
from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.lake.table import literal
from analytics_pipeline.settings import Settings

STREAM_SCHEMA = pa.schema([("file_number", pa.int32()), *LINES_SCHEMA])


class Batch:
    """One batch: read into the engine, dated, put into the partitions, and recorded."""

    def __init__(self, lake: Lake, settings: Settings, ledger: Ledger) -> None:
        self._lake = lake
        self._settings = settings
        self._ledger = ledger
        self._taken_at = datetime.now(UTC).replace(tzinfo=None)
        self._versions: dict[int, FileVersion] = {}

    def take(self, files: Sequence[LandedFile]) -> tuple[list[FileVersion], set[date]]:
        """Take the files; returns their versions and the dates that changed."""
        with self._lake.engine(exclusive=True) as connection:
            # Path and line number tell where a line stood; keeping the order costs copies.
            connection.execute("SET preserve_insertion_order = false")
            self._read(connection, files)
            if not self._versions:
                return [], set()
            self._date_undated_lines(connection)
            self._note_event_dates(connection)
            paths = {version.path: version.event_dates for version in self._versions.values()}
            days = self._ledger.dates_of(paths) | {day for dates in paths.values() for day in dates}
            with self._lake.locked(RAW_EVENTS, sorted(days)):
                self._ledger.announce(paths, days)
                self._replace(connection, sorted(days))
                self._ledger.commit(list(self._versions.values()), days)
        return sorted(self._versions.values(), key=lambda version: version.path), days

    def _read(self, connection: duckdb.DuckDBPyConnection, files: Sequence[LandedFile]) -> None:
        ingestion = self._settings.ingestion
        latest = self._taken_at + timedelta(seconds=ingestion.future_tolerance_seconds)
        stream = pa.RecordBatchReader.from_batches(STREAM_SCHEMA, self._stream(files))
        connection.register("stream", stream)
        connection.execute(
            f"""
            CREATE TABLE line_read AS
            SELECT
                file_number, line_number, event_type, line, bytes,
                CASE
                    WHEN event_time BETWEEN ? AND ? THEN event_time::DATE
                END AS event_date
            FROM (
                SELECT
                    *,
                    {event_type_of("found")} AS event_type,
                    {utc(time_text_of("found"))} AS event_time
                FROM (
                    SELECT
                        *,
                        CASE
                            WHEN strlen(line) <= ? AND json_valid(line)
                            THEN {key_fields("line")}
                        END AS found
                    FROM stream
                )
            )
            """,
            [self._settings.first_event_date, latest, ingestion.max_line_bytes],
        )
        connection.unregister("stream")
        taken = ", ".join(
            f"({number}, {literal(version.path)})" for number, version in self._versions.items()
        )
        if taken:
            connection.execute(
                f"CREATE TABLE file_read AS FROM (VALUES {taken}) AS v (file_number, path)"
            )

    def _stream(self, files: Sequence[LandedFile]) -> Iterator[pa.RecordBatch]:
        for number, file in enumerate(files):
            try:
                yield from self._lines_of(number, file)
            except FileNotFoundError:
                continue
            except (OSError, UnreadableFileError) as error:
                reason = getattr(error, "strerror", None) or str(error)
                self._ledger.refuse(file.path, file.state, reason)

    def _lines_of(self, number: int, file: LandedFile) -> Iterator[pa.RecordBatch]:
        held = self._ledger.sha256_of(file.path)
        with file.open() as handle:
            if held is not None and LineReader(handle).read_digest() == held:
                self._ledger.note_state(file.path, file.state)
                return
            handle.seek(0)
            reader = LineReader(handle)
            for batch in reader.batches():
                numbers = pa.repeat(pa.scalar(number, pa.int32()), len(batch))
                yield pa.record_batch([numbers, *batch.columns], schema=STREAM_SCHEMA)
            state = file.state_now()
        # A file that changed while it was read is not a version: its lines go unused, and it is
        # taken when it has settled.
        if state == file.state:
            self._versions[number] = FileVersion(
                file.path, state, reader.sha256, self._taken_at, reader.lines, reader.problem
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

    def _note_event_dates(self, connection: duckdb.DuckDBPyConnection) -> None:
        rows = connection.execute(
            "SELECT file_number, list_sort(list(DISTINCT event_date)) FROM line_read GROUP BY ALL"
        ).fetchall()
        dates = {number: tuple(days) for number, days in rows}
        for number, version in self._versions.items():
            self._versions[number] = replace(version, event_dates=dates.get(number, ()))

    def _replace(self, connection: duckdb.DuckDBPyConnection, days: Sequence[date]) -> None:
        """Replace the partitions, several at once, since writing one occupies one thread."""

        def replace_day(day: date) -> None:
            with connection.cursor() as cursor:
                self._lake.replace(cursor, RAW_EVENTS, day, self._partition(day))

        with ThreadPoolExecutor(self._lake.engine_settings.threads) as pool:
            list(pool.map(replace_day, days))

    def _partition(self, day: date) -> str:
        taken_at = literal(self._taken_at.isoformat())
        return f"""
            SELECT path, line_number, taken_at, event_type, line, bytes
            FROM {self._lake.scan(RAW_EVENTS, [day])}
            WHERE path NOT IN (SELECT path FROM file_read)
            UNION ALL
            SELECT path, line_number, TIMESTAMP {taken_at}, event_type, line, bytes
            FROM line_read JOIN file_read USING (file_number)
            WHERE event_date = DATE {literal(day.isoformat())}
        """

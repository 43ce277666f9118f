"""Reading stored records again, one by one: those that were corrected, or that are released."""

from datetime import UTC, datetime

import duckdb
import pyarrow as pa

from analytics_pipeline.ingestion.corrections import digest_of
from analytics_pipeline.ingestion.discovery import FileState
from analytics_pipeline.ingestion.formats.compiling import FILE_TIME
from analytics_pipeline.ingestion.privacy.door import Door
from analytics_pipeline.ingestion.privacy.errors import execute_on_records
from analytics_pipeline.ingestion.record_reading import Group, records_query
from analytics_pipeline.lake.table import literal
from analytics_pipeline.settings import Settings


def file_time(state: FileState) -> str:
    """The modification time of a file in UTC, as mappings of records read it."""
    modified = datetime.fromtimestamp(state.modified_ns / 1e9, UTC)
    return modified.strftime("%Y-%m-%d %H:%M:%S")


def reread_lines(
    connection: duckdb.DuckDBPyConnection,
    records: str,
    settings: Settings,
    latest: datetime,
    door: Door,
) -> None:
    """Make the table ``reread`` of the records of a table, as an intake would have read them.

    The table has number, format, time_zone, file_time, line and bytes. ``reread`` has number,
    event_type, event_time, line and bytes after the privacy door, and event_date, null where the
    record has no time between ``first_event_date`` and ``latest``.
    """
    connection.execute(
        "CREATE OR REPLACE TABLE reread (number BIGINT, event_type VARCHAR, event_time TIMESTAMP, "
        "line VARCHAR, bytes BLOB, event_date DATE)"
    )
    groups = connection.execute(f"SELECT DISTINCT format, time_zone FROM {records}").fetchall()
    for name, zone in sorted(groups):
        alike = f"""(
            SELECT number AS file_number, 1 AS line_number, {FILE_TIME}, line, bytes
            FROM {records} WHERE format = {literal(name)} AND time_zone = {literal(zone)}
        )"""
        query = records_query(Group(name, zone), alike, settings, latest, door)
        execute_on_records(
            connection,
            "INSERT INTO reread BY NAME SELECT file_number AS number, "
            f"* EXCLUDE (file_number, line_number) FROM ({query})",
            name,
        )


def correct_read_lines(
    connection: duckdb.DuckDBPyConnection,
    corrections: pa.Table,
    settings: Settings,
    latest: datetime,
    door: Door,
) -> None:
    """Put corrections in place of the lines that they were made for, under their own dates.

    The lines are in the tables ``line_read`` and ``file_read`` of an intake. What a corrected line
    held still counts for the date of the lines of its file that have none, so that it does not
    matter whether a line was corrected before its file was taken or afterwards.
    """
    connection.register("correction", corrections)
    connection.execute(
        f"""
        CREATE TABLE corrected AS
        SELECT
            line_read.rowid AS number, format, time_zone, file_time,
            replacement AS line, NULL::BLOB AS bytes
        FROM line_read JOIN file_read USING (file_number)
            JOIN correction USING (path, line_number)
        WHERE correction.digest = {digest_of("line_read.line", "line_read.bytes")}
        """
    )
    reread_lines(connection, "corrected", settings, latest, door)
    connection.execute(
        """
        UPDATE line_read SET
            event_type = reread.event_type, event_time = reread.event_time,
            line = reread.line, bytes = reread.bytes,
            event_date = coalesce(reread.event_date, line_read.event_date)
        FROM reread WHERE line_read.rowid = reread.number
        """
    )

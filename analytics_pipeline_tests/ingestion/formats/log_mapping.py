"""Log entries as the SQL of a format reads them from lines, all at once."""

from collections.abc import Sequence
from datetime import datetime

import duckdb
import pandas as pd

from analytics_pipeline.ingestion.formats.compiling import resolved, unmapped, values
from analytics_pipeline.ingestion.formats.declaration import Format
from analytics_pipeline.ingestion.times import utc
from analytics_pipeline.lake.table import quoted

FILE_TIME = datetime(2026, 11, 10, 12)  # noqa: DTZ001


def log_entries(
    source: Format, records: Sequence[str], file_time: datetime = FILE_TIME
) -> pd.DataFrame:
    """The fields of each record in order, its time in UTC, and what is left over."""
    (mapping,) = source.mappings
    fields = ", ".join(
        f"({resolved(source, source.mappings, sql)})::VARCHAR AS {quoted(name)}"
        for name, sql in mapping.fields.items()
    )
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        return connection.execute(
            f"""
            SELECT * EXCLUDE (number), {utc("timestamp")} AS moment
            FROM (
                SELECT number, {fields}, {unmapped(source, mapping, "line")} AS extra
                FROM (
                    SELECT *, {values(source, source.mappings, "line")} AS v
                    FROM (
                        SELECT
                            unnest(range(len($1))) AS number, unnest($1::VARCHAR[]) AS line,
                            $2 AS file_time
                    )
                )
            )
            ORDER BY number
            """,
            [list(records), str(file_time)],
        ).df()

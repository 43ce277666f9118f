"""How the fields and the quarantine of a day differ from the days before."""

from collections.abc import Sequence
from datetime import date, timedelta

import duckdb

from analytics_pipeline.ingestion.quality_tables import (
    QUARANTINE_REASONS,
    SCHEMA_CHANGES,
    SOURCE_FIELDS,
)
from analytics_pipeline.ingestion.schema_changes import schema_changes
from analytics_pipeline.ingestion.sources import name_of, source_of
from analytics_pipeline.ingestion.tables import QUARANTINED_LINES
from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.lake.table import Table
from analytics_pipeline.settings import Settings


def compare_with_history(
    lake: Lake,
    settings: Settings,
    days: Sequence[date],
    tables: Sequence[Table] = (SCHEMA_CHANGES, QUARANTINE_REASONS),
) -> None:
    """Rebuild schema_changes and quarantine_reasons of the days, ascending, or one of them.

    Days before that are built later do not change what was found here.
    """
    for table in tables:
        with lake.locked(table, days), lake.engine() as connection:
            for day in sorted(set(days)):
                query = (
                    schema_changes(lake, day, settings.quality)
                    if table is SCHEMA_CHANGES
                    else _reasons(connection, lake, settings, day)
                )
                lake.replace(connection, table, day, query)


def _reasons(
    connection: duckdb.DuckDBPyConnection, lake: Lake, settings: Settings, day: date
) -> str:
    quarantined = lake.scan(QUARANTINED_LINES, [day])
    paths = connection.execute(f"SELECT DISTINCT path FROM {quarantined}").fetchall()
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE quarantine_source AS "
        "SELECT unnest($paths::VARCHAR[]) AS path, unnest($names::VARCHAR[]) AS source",
        {
            "paths": [path for (path,) in paths],
            "names": [name_of(source_of(path, settings)) for (path,) in paths],
        },
    )
    before = [day - timedelta(days=back) for back in range(1, settings.quality.history_days + 1)]
    return f"""
        SELECT
            source, reason, count(*) AS lines,
            source IN (SELECT source FROM {lake.scan(SOURCE_FIELDS, before)})
            AND (source, reason) NOT IN (
                SELECT (source, reason) FROM {lake.scan(QUARANTINE_REASONS, before)}
            ) AS is_new
        FROM {quarantined} JOIN quarantine_source USING (path)
        GROUP BY source, reason
    """

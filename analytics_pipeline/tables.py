"""All daily tables of the lake, by name."""

from analytics_pipeline.alerting import tables as alerting
from analytics_pipeline.events.tables import VALIDATED_EVENTS
from analytics_pipeline.expectations.tables import EVENT_PROFILES
from analytics_pipeline.forecasting import tables as forecasting
from analytics_pipeline.ingestion.quality_tables import (
    QUARANTINE_REASONS,
    SCHEMA_CHANGES,
    SOURCE_FIELDS,
)
from analytics_pipeline.ingestion.tables import FILE_LINE_COUNTS, QUARANTINED_LINES, RAW_EVENTS
from analytics_pipeline.insights import tables as insights
from analytics_pipeline.lake.table import Table
from analytics_pipeline.metrics.tables import metric_tables


def all_tables() -> dict[str, Table]:
    """Every daily table of the lake by name, in the order in which data flows."""
    declared = [
        RAW_EVENTS, VALIDATED_EVENTS, QUARANTINED_LINES, FILE_LINE_COUNTS, SOURCE_FIELDS,
        SCHEMA_CHANGES, QUARANTINE_REASONS, EVENT_PROFILES,
    ]  # fmt: skip
    declared += metric_tables().values()
    for stage in (insights, forecasting, alerting):
        declared += [table for table in vars(stage).values() if isinstance(table, Table)]
    return {table.name: table for table in declared}

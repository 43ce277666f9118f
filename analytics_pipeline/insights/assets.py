"""The assets of the workflow insights."""

from collections.abc import Iterator

import dagster as dg
import duckdb

from analytics_pipeline.daily_assets import (
    SINGLE_RUN,
    daily_spec,
    describe_partition,
    lake_of_process,
    requested_dates,
)
from analytics_pipeline.events.tables import VALIDATED_EVENTS
from analytics_pipeline.insights.catalog import INSIGHTS
from analytics_pipeline.lake.table import Table
from analytics_pipeline.settings import current_settings

GROUP = "insights"
SHOWN_ROWS = 10


@dg.multi_asset(
    specs=[daily_spec(table, group=GROUP, deps=[VALIDATED_EVENTS.name]) for table in INSIGHTS],
    can_subset=True,
    backfill_policy=SINGLE_RUN,
)
def workflow_insights(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[None]]:
    """Compute the selected insights, each by one query for all requested dates."""
    settings = current_settings().insights
    lake = lake_of_process()
    days = requested_dates(context)
    selected = {key.to_user_string() for key in context.selected_asset_keys}
    with lake.engine() as connection:
        for table, query in INSIGHTS.items():
            if table.name not in selected:
                continue
            with lake.locked(table, days):
                events = lake.scan(VALIDATED_EVENTS, days)
                rows = lake.replace_days(connection, table, days, query(events, settings))
                shown = _first_rows(connection, table, lake.scan(table, days[-1:]))
            for day in days:
                preview = {"first rows": shown} if shown and day == days[-1] else {}
                describe_partition(context, table, day, rows[day], **preview)
            yield dg.MaterializeResult(asset_key=table.name)


def _first_rows(
    connection: duckdb.DuckDBPyConnection, table: Table, stored: str
) -> dg.TableMetadataValue | None:
    columns = ", ".join(
        f"{column.name}::VARCHAR AS {column.name}" if column.type == "TIMESTAMP" else column.name
        for column in table.columns
    )
    order = ", ".join(table.order_by)
    relation = connection.sql(f"SELECT {columns} FROM {stored} ORDER BY {order} LIMIT {SHOWN_ROWS}")
    records = [
        dg.TableRecord(dict(zip(table.column_names, row, strict=True)))
        for row in relation.fetchall()
    ]
    return dg.MetadataValue.table(records) if records else None

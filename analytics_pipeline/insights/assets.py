"""The assets of the workflow insights."""

from collections.abc import Iterator

import dagster as dg

from analytics_pipeline.daily_assets import (
    SINGLE_RUN,
    daily_spec,
    describe_partition,
    first_rows,
    lake_of_process,
    requested_dates,
)
from analytics_pipeline.events.tables import VALIDATED_EVENTS
from analytics_pipeline.insights.catalog import INSIGHTS
from analytics_pipeline.settings import current_settings

GROUP = "insights"


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
                shown = first_rows(lake, connection, table, days[-1])
            for day in days:
                preview = shown if day == days[-1] else {}
                describe_partition(context, table, day, rows[day], **preview)
            yield dg.MaterializeResult(asset_key=table.name)

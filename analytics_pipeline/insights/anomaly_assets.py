"""The asset of the likely causes of anomalies."""

from collections.abc import Iterator, Mapping

import dagster as dg

from analytics_pipeline.daily_assets import (
    SINGLE_RUN,
    daily_spec,
    describe_looking_back,
    lake_of_process,
    requested_dates,
)
from analytics_pipeline.ingestion.quality_tables import SCHEMA_CHANGES
from analytics_pipeline.ingestion.tables import FILE_LINE_COUNTS
from analytics_pipeline.insights.anomalies import HISTORY_DAYS
from analytics_pipeline.insights.coincidence_reading import TABLES_OF_METRICS
from analytics_pipeline.insights.headlines import present
from analytics_pipeline.insights.tables import ANOMALY_CAUSES
from analytics_pipeline.lake.looking_back import replace_looking_back
from analytics_pipeline.lake.table import Table
from analytics_pipeline.metrics.tables import reach_days
from analytics_pipeline.settings import current_settings


def anomaly_causes_asset(tables: Mapping[str, Table]) -> dg.AssetsDefinition:
    """The asset anomaly_causes, made from these tables of the metrics."""
    read = tables_read(tables)

    @dg.multi_asset(
        name=ANOMALY_CAUSES.name,
        specs=[
            daily_spec(
                ANOMALY_CAUSES,
                group="insights",
                deps=[*read, FILE_LINE_COUNTS.name, SCHEMA_CHANGES.name],
                kinds=("duckdb", "pandas", "parquet"),
                metadata={"history_days": HISTORY_DAYS},
            )
        ],
        backfill_policy=SINGLE_RUN,
    )
    def causes_of_anomalies(
        context: dg.AssetExecutionContext,
    ) -> Iterator[dg.MaterializeResult[None]]:
        """Find the headline metrics that deviate on the requested dates, and what explains it."""
        from analytics_pipeline.insights.anomaly_causes import anomaly_causes

        lake, settings = lake_of_process(), current_settings()
        with lake.engine() as connection:
            rows = replace_looking_back(
                lake,
                connection,
                ANOMALY_CAUSES,
                requested_dates(context),
                HISTORY_DAYS + reach_days(read),
                lambda days: anomaly_causes(lake, connection, tables, days, settings),
            )
            describe_looking_back(context, lake, connection, ANOMALY_CAUSES, rows)
        yield dg.MaterializeResult(asset_key=ANOMALY_CAUSES.name)

    return causes_of_anomalies


def tables_read(tables: Mapping[str, Table]) -> list[str]:
    """The tables of the metrics that likely causes are made from, as far as they are there."""
    headlines = present(tables)
    names = [
        *(each.table for each in headlines),
        *(slices.table for each in headlines for slices in each.slices),
        *(name for name in TABLES_OF_METRICS if name in tables),
    ]
    return list(dict.fromkeys(names))

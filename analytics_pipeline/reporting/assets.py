"""The daily report as a Dagster asset."""

from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg

from analytics_pipeline.alerting.evaluation import evaluate_days
from analytics_pipeline.daily_assets import (
    SINGLE_RUN,
    as_markdown,
    daily_spec,
    lake_of_process,
    requested_dates,
)
from analytics_pipeline.forecasting import tables as forecasting
from analytics_pipeline.ingestion.quality_tables import QUARANTINE_REASONS, SCHEMA_CHANGES
from analytics_pipeline.ingestion.tables import FILE_LINE_COUNTS, QUARANTINED_LINES
from analytics_pipeline.insights import tables as insights
from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.lake.table import Table
from analytics_pipeline.reporting.charts import has_trends, overview
from analytics_pipeline.reporting.content import ReportContent, read_contents
from analytics_pipeline.reporting.exports import DAILY_REPORT
from analytics_pipeline.reporting.files import report_files
from analytics_pipeline.reporting.trends_chart import trends_in_words
from analytics_pipeline.reporting.wording import STATUS_LEVELS
from analytics_pipeline.reporting.writing import write_report
from analytics_pipeline.settings import current_settings


def report_asset(marts: Mapping[str, Table]) -> dg.AssetsDefinition:
    """The asset daily_report, made from the given marts and the tables of the other stages."""
    inputs = [
        FILE_LINE_COUNTS, QUARANTINED_LINES, QUARANTINE_REASONS, SCHEMA_CHANGES,
        *marts.values(), *insights.ALL, *forecasting.ALL
    ]  # fmt: skip

    @dg.multi_asset(
        name=DAILY_REPORT.name,
        specs=[
            daily_spec(
                DAILY_REPORT,
                group="reporting",
                deps=[table.name for table in inputs],
                kinds=("html", "matplotlib"),
            )
        ],
        backfill_policy=SINGLE_RUN,
    )
    def daily_report(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[None]]:
        settings = current_settings()
        lake = lake_of_process()
        days = requested_dates(context)
        with lake.engine() as connection, lake.locked(DAILY_REPORT, days):
            alerts = evaluate_days(lake, connection, days, settings)
            contents = read_contents(lake, connection, marts, alerts, settings)
            for day, content in contents.items():
                write_report(lake, content)
                context.add_asset_metadata(
                    _metadata(lake, content, charted=day == days[-1]),
                    asset_key=DAILY_REPORT.name,
                    partition_key=day.isoformat(),
                )
        yield dg.MaterializeResult(asset_key=DAILY_REPORT.name)

    return daily_report


def _metadata(lake: Lake, content: ReportContent, *, charted: bool) -> dict[str, Any]:
    """What Dagster shows of a report; ``charted`` says whether with the chart of the trends."""
    files = report_files(lake.root, content.event_date)
    level = STATUS_LEVELS[content.status.level]
    figures = {
        name: dg.MetadataValue.int(kpi.value)
        if isinstance(kpi.value, int)
        else dg.MetadataValue.float(kpi.value)
        for name, kpi in content.kpis.items()
        if kpi.value is not None
    }
    chart = (
        {"overview": dg.MetadataValue.md(as_markdown(overview(content), trends_in_words(content)))}
        if charted and has_trends(content)
        else {}
    )
    return {
        "path": dg.MetadataValue.path(str(files["html"])),
        "report": dg.MetadataValue.url(files["html"].as_uri()),
        "status": f"{level}. {content.status.sentence}",
        **figures,
        **chart,
    }

"""The job that updates dates from raw events to reports, and the schedule that runs it daily."""

from datetime import timedelta

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from analytics_pipeline.ingestion.updates import UPDATE_JOB
from analytics_pipeline.publishing.assets import PUBLISHED_MARTS
from analytics_pipeline.reporting.period_assets import PERIOD_REPORTS
from analytics_pipeline.settings import Settings, current_settings

NOT_OF_A_DATE = ("landing_files", *PERIOD_REPORTS)


def daily_update(settings: Settings) -> UnresolvedAssetJobDefinition:
    """The job that updates dates; it publishes them where a database is configured."""
    left_out = NOT_OF_A_DATE if settings.publish_url else (*NOT_OF_A_DATE, PUBLISHED_MARTS)
    return dg.define_asset_job(
        UPDATE_JOB,
        selection=dg.AssetSelection.all() - dg.AssetSelection.assets(*left_out),
        description="Bring everything of the chosen dates up to date: from raw events to reports.",
    )


update_job = daily_update(current_settings())


@dg.schedule(
    job=update_job,
    cron_schedule="15 0 * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Builds yesterday's report, also for a day that brought no events at all.",
)
def daily_report_schedule(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """Request the update of the day before the scheduled time."""
    day = (context.scheduled_execution_time - timedelta(days=1)).date()
    return dg.RunRequest(partition_key=day.isoformat())

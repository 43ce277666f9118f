"""The one list of all that exists."""

import dagster as dg

from analytics_pipeline.ingestion.assets import landing_files, raw_events, validated_events
from analytics_pipeline.ingestion.sensors import (
    changed_dates_sensor,
    intake_job,
    landing_zone_sensor,
)
from analytics_pipeline.schedules import daily_report_schedule, update_job

defs = dg.Definitions(
    assets=[landing_files, raw_events, validated_events],
    jobs=[intake_job, update_job],
    sensors=[landing_zone_sensor, changed_dates_sensor],
    schedules=[daily_report_schedule],
    executor=dg.in_process_executor,
)

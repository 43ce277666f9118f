"""The one list of all that exists."""

import dagster as dg

from analytics_pipeline.alerting.checks import alert_checks
from analytics_pipeline.alerting.ruleset import current_rules
from analytics_pipeline.alerting.sensors import incident_sensor
from analytics_pipeline.expectations.checks import expectations
from analytics_pipeline.forecasting.assets import demand_forecasts, query_demand
from analytics_pipeline.ingestion.assets import (
    landing_files,
    raw_events,
    source_quality,
    validated_events,
)
from analytics_pipeline.ingestion.sensors import (
    changed_dates_sensor,
    intake_job,
    landing_zone_sensor,
)
from analytics_pipeline.insights.anomaly_assets import anomaly_causes_asset
from analytics_pipeline.insights.assets import workflow_insights
from analytics_pipeline.metrics.assets import metric_assets, seed_specs
from analytics_pipeline.metrics.checks import metric_checks
from analytics_pipeline.metrics.tables import current_project, mart_tables, metric_tables
from analytics_pipeline.optimization.assets import recommendations_asset
from analytics_pipeline.publishing.assets import publishing_definitions, views_asset
from analytics_pipeline.reporting.assets import report_asset
from analytics_pipeline.reporting.dashboard.assets import dashboard_asset
from analytics_pipeline.reporting.period_assets import period_definitions
from analytics_pipeline.schedules import daily_report_schedule, update_job
from analytics_pipeline.settings import current_settings
from analytics_pipeline.tables import all_tables

defs = dg.Definitions.merge(
    dg.Definitions(
        assets=[
            landing_files,
            raw_events,
            validated_events,
            source_quality,
            metric_assets(current_project()),
            *seed_specs(current_project()),
            workflow_insights,
            anomaly_causes_asset(metric_tables()),
            query_demand,
            demand_forecasts,
            recommendations_asset(metric_tables()),
            report_asset(mart_tables()),
            dashboard_asset(current_project()),
            views_asset(all_tables()),
        ],
        asset_checks=[
            *alert_checks(current_rules()),
            expectations,
            metric_checks(current_project()),
        ],
        jobs=[intake_job, update_job],
        sensors=[landing_zone_sensor, changed_dates_sensor, incident_sensor],
        schedules=[daily_report_schedule],
        executor=dg.in_process_executor,
    ),
    period_definitions(mart_tables()),
    publishing_definitions(mart_tables(), current_settings()),
)

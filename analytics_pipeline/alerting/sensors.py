"""The sensor that makes incidents of what Dagster's runs found, and tells of them."""

import dagster as dg

from analytics_pipeline.alerting.rounds import alert_round
from analytics_pipeline.settings import current_settings


@dg.sensor(
    minimum_interval_seconds=current_settings().alerting.sensor_interval_seconds,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Reads what the asset checks of ended runs found and which runs failed, keeps the "
    "incidents that follow, and tells their receivers what is due.",
)
def incident_sensor(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    """Look once; the cursor shows how far the log of runs was read.

    The position that counts is kept with the incidents, where it moves with them.
    """
    repository = context.repository_def
    if repository is None:
        return dg.SkipReason("There is no repository whose checks could be looked at.")
    done = alert_round(current_settings(), context.instance, repository)
    context.update_cursor(done.position.written())
    return dg.SkipReason(f"{done.in_words()}.")

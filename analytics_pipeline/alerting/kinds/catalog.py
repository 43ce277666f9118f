"""Every kind of alert rule. To add one, add its class here."""

from analytics_pipeline.alerting.declaration import Rule
from analytics_pipeline.alerting.kinds.anomaly import AnomalyRule
from analytics_pipeline.alerting.kinds.budget import BudgetRule
from analytics_pipeline.alerting.kinds.failed_run import FailedRunRule
from analytics_pipeline.alerting.kinds.forecast import ForecastRule
from analytics_pipeline.alerting.kinds.freshness import FreshnessRule
from analytics_pipeline.alerting.kinds.new_error_template import NewErrorTemplateRule
from analytics_pipeline.alerting.kinds.quarantine import QuarantineRule
from analytics_pipeline.alerting.kinds.schema_drift import SchemaDriftRule
from analytics_pipeline.alerting.kinds.threshold import ThresholdRule
from analytics_pipeline.alerting.kinds.volume import VolumeRule
from analytics_pipeline.alerting.kinds.weekday_change import WeekdayChangeRule

KINDS: dict[str, type[Rule]] = {
    "threshold": ThresholdRule,
    "weekday_change": WeekdayChangeRule,
    "anomaly": AnomalyRule,
    "forecast": ForecastRule,
    "budget": BudgetRule,
    "freshness": FreshnessRule,
    "volume": VolumeRule,
    "new_error_template": NewErrorTemplateRule,
    "schema_drift": SchemaDriftRule,
    "quarantine": QuarantineRule,
    "failed_run": FailedRunRule,
}

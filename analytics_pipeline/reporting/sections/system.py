"""How the machines did, and what they logged."""

from datetime import date

from analytics_pipeline.reporting.document import Section
from analytics_pipeline.reporting.marts import METRIC_VALUES, SYSTEM
from analytics_pipeline.reporting.measure import Absence
from analytics_pipeline.reporting.sections.sources import Sources
from analytics_pipeline.reporting.texts import texts

KEPT = 500


def system_section(sources: Sources, day: date) -> Section:
    """The section on machines and logs."""
    no_measurements = Absence(texts().absences.no_measurements)
    no_logs = Absence(texts().absences.no_logs)
    values = sources.rows(
        "metric_values", METRIC_VALUES, day,
        ("metric_name", "unit", "samples", "average", "p95", "maximum"), "metric_name",
        no_measurements, limit=30, kept=KEPT,
    )  # fmt: skip
    hosts = sources.rows(
        "hosts", "daily_host_metrics", day,
        ("host", "metric_name", "unit", "samples", "average", "p95", "maximum",
         "saturation_minutes"),
        "host", no_measurements,
        order="saturation_minutes DESC NULLS LAST, utilization DESC NULLS LAST, host, metric_name",
        limit=15, kept=KEPT,
    )  # fmt: skip
    components = sources.rows(
        "log_components", "daily_log_metrics", day,
        ("component", "log_entries", "error_log_entries", "warning_log_entries", "error_rate",
         "share_of_errors"),
        "component", no_logs, order="error_log_entries DESC, log_entries DESC, component",
        limit=10, kept=KEPT,
    )  # fmt: skip
    levels = sources.rows(
        "log_levels", "daily_log_levels", day,
        ("component", "level", "is_error", "log_entries", "rate"), "component", no_logs,
        order="is_error DESC NULLS LAST, log_entries DESC, component, level", limit=20, kept=KEPT,
        folded=True,
    )  # fmt: skip
    return Section("system", (sources.figures(SYSTEM, day), hosts, values, components, levels))

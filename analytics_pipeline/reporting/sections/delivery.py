"""How changes are built and deployed, and what deployments did to the cache."""

from datetime import date

from analytics_pipeline.reporting.document import Section
from analytics_pipeline.reporting.measure import Absence
from analytics_pipeline.reporting.sections.sources import Sources
from analytics_pipeline.reporting.texts import texts

SHOWN, KEPT = 15, 200


def delivery_section(sources: Sources, day: date) -> Section:
    """The section on builds and deployments."""
    absences = texts().absences
    pipelines = sources.rows(
        "pipelines", "daily_pipeline_metrics", day,
        ("repository", "pipeline", "builds", "failed_builds", "failure_rate", "p50_duration",
         "p95_duration", "is_flaky"),
        "pipeline", Absence(absences.no_builds),
        order="failed_builds DESC, builds DESC, repository, pipeline", limit=SHOWN, kept=KEPT,
    )  # fmt: skip
    impact = sources.rows(
        "deployment_impact", "deployment_cache_impact", day,
        ("deployed_at", "repository", "environment", "queries_before", "queries_after",
         "hit_rate_change", "p95_response_time_change", "error_rate_change"),
        "event_id", Absence(absences.no_deployments), order="deployed_at, event_id",
        limit=SHOWN, kept=KEPT,
    )  # fmt: skip
    return Section("delivery", (sources.figures("daily_delivery_metrics", day), impact, pipelines))

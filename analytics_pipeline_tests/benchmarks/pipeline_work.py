"""The work of the pipeline without Dagster: the functions that its assets and checks call."""

import os
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from analytics_pipeline.alerting.evaluation import evaluate_days
from analytics_pipeline.events.tables import VALIDATED_EVENTS
from analytics_pipeline.expectations.checking import check_days
from analytics_pipeline.forecasting.building import build_demand, build_forecasts
from analytics_pipeline.ingestion.intake import take_in
from analytics_pipeline.ingestion.quality import compare_with_history
from analytics_pipeline.ingestion.validation import validate
from analytics_pipeline.insights.catalog import INSIGHTS
from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.metrics.building import build
from analytics_pipeline.metrics.catalog import metric_catalog
from analytics_pipeline.metrics.tables import current_project, mart_tables
from analytics_pipeline.reporting.daily import daily_reports
from analytics_pipeline.reporting.definitions import catalog_of
from analytics_pipeline.reporting.writing import write_report
from analytics_pipeline.samples.generation import generate
from analytics_pipeline.settings import Settings, current_settings, read_settings
from analytics_pipeline_tests.benchmarks.native_files import LAST


def settings_of(landing: Path, lake: Path, *, private: bool = True) -> Settings:
    """Settings for a benchmark's folders, in which every file counts as settled.

    With ``private`` users are pseudonymized and texts redacted, as is so by default; without, all
    is kept as it comes.
    """
    privacy: dict[str, Any] = {"key": "the key of the benchmarks"}
    if not private:
        privacy = {"fields": {"user_id": "keep"}, "redact_text": False}
    return read_settings(
        landing_zone=landing, lake=lake, ingestion={"settle_seconds": 0}, privacy=privacy
    )


def ingest_into(lake: Lake, settings: Settings) -> int:
    """Bring the landing zone into validated events; returns how many there are."""
    days = take_in(lake, settings).event_dates
    return sum(counts.validated for counts in validate(lake, settings, days).values())


def settings_of_process(folder: Path) -> Settings:
    """The settings that Dagster's assets find in this process, set to an empty folder."""
    os.environ |= {
        "AICACHE_LANDING_ZONE": str(folder / "landing"),
        "AICACHE_LAKE": str(folder / "lake"),
        "AICACHE_INGESTION__SETTLE_SECONDS": "0",
        "DAGSTER_HOME": str(folder / "home"),
    }
    current_settings.cache_clear()
    return current_settings()


def build_metrics(lake: Lake, days: Sequence[date], models: Sequence[str] | None = None) -> None:
    """Compute marts of the dates; all of them where none are named."""
    with lake.engine() as connection:
        build(lake, connection, current_project(), list(days), models)


def build_history(lake: Lake, settings: Settings, *, events: int, days: int) -> None:
    """Generate days up to LAST and build what rules and reports look back at, but no forecasts."""
    generate(settings.landing_zone, events=events, days=days, end=LAST, seed=5)
    taken = sorted(take_in(lake, settings).event_dates)
    validate(lake, settings, taken)
    compare_with_history(lake, settings, taken)
    build_metrics(lake, taken)
    build_demand(lake, taken)
    with lake.engine() as connection:
        scanned = lake.scan(VALIDATED_EVENTS, taken)
        for table, query in INSIGHTS.items():
            lake.replace_days(connection, table, taken, query(scanned, settings.insights))


def build_everything(lake: Lake, settings: Settings, days: Sequence[date]) -> None:
    """Build the dates from raw events to reports, checks included."""
    days = list(days)
    validate(lake, settings, days)
    build_metrics(lake, days)
    with lake.engine() as connection:
        events = lake.scan(VALIDATED_EVENTS, days)
        for table, query in INSIGHTS.items():
            lake.replace_days(connection, table, days, query(events, settings.insights))
    build_demand(lake, days)
    build_forecasts(lake, days, settings.forecast)
    with lake.engine() as connection:
        alerts = evaluate_days(lake, connection, days, settings)
        catalog = catalog_of(metric_catalog(current_project(), settings.owner))
        reports = daily_reports(lake, connection, mart_tables(), alerts, catalog, settings)
        for _, views in reports:
            for report in views.values():
                write_report(lake, report, settings.reporting.formats)
    check_days(lake, days)

"""The daily report as a Dagster asset."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb

from analytics_pipeline.alerting.declaration import Rule
from analytics_pipeline.alerting.evaluation import days_read, evaluate_days, judged_by_checks
from analytics_pipeline.alerting.findings import Evaluation
from analytics_pipeline.alerting.ruleset import rules_of
from analytics_pipeline.daily_assets import (
    SINGLE_RUN,
    as_markdown,
    daily_spec,
    lake_of_process,
    requested_dates,
)
from analytics_pipeline.events.tables import VALIDATED_EVENTS
from analytics_pipeline.forecasting import tables as forecasting
from analytics_pipeline.ingestion.quality_tables import (
    QUARANTINE_REASONS,
    SCHEMA_CHANGES,
    SOURCE_FIELDS,
)
from analytics_pipeline.ingestion.tables import FILE_LINE_COUNTS, QUARANTINED_LINES, RAW_EVENTS
from analytics_pipeline.insights import tables as insights
from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.lake.table import Table
from analytics_pipeline.metrics.catalog import MetricDefinition, metric_catalog
from analytics_pipeline.metrics.tables import current_project
from analytics_pipeline.optimization.tables import RECOMMENDATIONS
from analytics_pipeline.reporting.charts.trends import has_values, trends_in_words, trends_png
from analytics_pipeline.reporting.daily import Reports, daily_reports
from analytics_pipeline.reporting.definitions import catalog_of
from analytics_pipeline.reporting.document import Alerts, Cards, InputVersion, Report
from analytics_pipeline.reporting.inputs import input_versions
from analytics_pipeline.reporting.marts import METRIC_VALUES
from analytics_pipeline.reporting.period import Period
from analytics_pipeline.reporting.period_reports import period_reports
from analytics_pipeline.reporting.stored import HISTORY_DAYS, window
from analytics_pipeline.reporting.tables import DAILY_REPORT
from analytics_pipeline.reporting.texts import texts
from analytics_pipeline.reporting.writing import write_report
from analytics_pipeline.settings import Settings, current_settings


def report_asset(marts: Mapping[str, Table]) -> dg.AssetsDefinition:
    """The asset daily_report, made from the given marts and the tables of the other stages."""
    inputs = [
        RAW_EVENTS, VALIDATED_EVENTS, FILE_LINE_COUNTS, QUARANTINED_LINES, QUARANTINE_REASONS,
        SCHEMA_CHANGES, SOURCE_FIELDS, *marts.values(), *insights.ALL, *forecasting.ALL,
        RECOMMENDATIONS,
    ]  # fmt: skip
    history = [
        FILE_LINE_COUNTS, forecasting.HOURLY_QUERY_DEMAND, forecasting.DEMAND_FORECAST,
        *(table for name, table in marts.items() if not table.key or name == METRIC_VALUES),
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
        metrics = metric_catalog(current_project(), settings.owner)
        with lake.engine() as connection, lake.locked(DAILY_REPORT, days):
            rules = judged_by_checks(rules_of(settings))
            alerts = evaluate_days(lake, connection, days, settings, rules)
            versions = {
                day: input_versions(lake, _days_read(inputs, history, rules, day), [day])
                for day in days
            }
            of_teams = _of_teams(lake, connection, marts, metrics, alerts, settings, versions)
            reports = daily_reports(
                lake, connection, marts, alerts, catalog_of(metrics), settings, versions
            )
            for day, views in reports:
                of_day = {**dict[str, Report](views.items()), **of_teams[day]}
                files = {
                    f"{view} {kind}": file
                    for view, report in of_day.items()
                    for kind, file in write_report(
                        lake, report, settings.reporting.formats
                    ).files.items()
                }
                context.add_asset_metadata(
                    _metadata(views, files, charted=day == days[-1]),
                    asset_key=DAILY_REPORT.name,
                    partition_key=day.isoformat(),
                )
        yield dg.MaterializeResult(asset_key=DAILY_REPORT.name)

    return daily_report


def _days_read(
    tables: Sequence[Table], history: Sequence[Table], rules: Sequence[Rule], day: date
) -> Iterator[tuple[Table, set[date]]]:
    """What a day's report reads: of tables with history also days before, as the rules do."""
    by_rules, back = days_read(rules, [day]), {table.name for table in history}
    for table in tables:
        own = window([day], HISTORY_DAYS + 1) if table.name in back else [day]
        yield table, by_rules.get(table.name, set()).union(own)


def _of_teams(
    lake: Lake,
    connection: duckdb.DuckDBPyConnection,
    marts: Mapping[str, Table],
    metrics: Sequence[MetricDefinition],
    alerts: Mapping[date, Sequence[Evaluation]],
    settings: Settings,
    versions: Mapping[date, tuple[InputVersion, ...]],
) -> dict[date, dict[str, Report]]:
    """The reports of the teams that the settings name, by day and what their files are shown as."""
    if not settings.reporting.teams:
        return {day: {} for day in alerts}
    periods = {Period.of_day(day): inputs for day, inputs in versions.items()}
    made = period_reports(
        lake, connection, marts, metrics, alerts, periods, settings.reporting, periods
    )
    return {
        period.first: {f"team {report.team}": report for report in reports}
        for period, reports in made
    }


def _metadata(reports: Reports, files: Mapping[str, Path], *, charted: bool) -> dict[str, Any]:
    """What Dagster shows of a day's reports: status, headline figures, and a link to each file.

    ``charted`` says whether with the chart of the trends.
    """
    report = next(iter(reports.values()), None)
    if report is None:
        return {}
    shown: dict[str, Any] = {
        "status": f"{texts().levels[report.status.level]}. {report.status.sentence}",
        **{name: dg.MetadataValue.url(file.as_uri()) for name, file in files.items()},
    }
    main = next(iter(files.values()), None)
    if main:
        shown["path"] = dg.MetadataValue.path(str(main))
        shown["report"] = dg.MetadataValue.url(main.as_uri())
    cards = next(
        (block for section in report.sections for block in section.blocks
         if isinstance(block, Cards)), None
    )  # fmt: skip
    if cards is None:
        return shown
    for card in cards.cards:
        value = card.metric.value
        if value is not None:
            shown[card.name] = (
                dg.MetadataValue.int(value)
                if isinstance(value, int)
                else dg.MetadataValue.float(value)
            )
    if charted and has_values(cards):
        picture = trends_png(cards, _alerts_of(report, report.last))
        shown["overview"] = dg.MetadataValue.md(as_markdown(picture, trends_in_words(cards)))
    return shown


def _alerts_of(report: Report, day: date) -> Any:
    for section in report.sections:
        for block in section.blocks:
            if isinstance(block, Alerts):
                return block.evaluations[day]
    return ()

"""The weekly and monthly reports as Dagster assets, each in partitions of its own grid.

A report is made again in the night after one of its days was: by the end of a week it is whole,
and what arrives late is in it the next morning.
"""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import dagster as dg

from analytics_pipeline.alerting.declaration import Rule
from analytics_pipeline.alerting.evaluation import days_read, evaluate_days, judged_by_checks
from analytics_pipeline.alerting.ruleset import rules_of
from analytics_pipeline.daily_assets import SINGLE_RUN, lake_of_process
from analytics_pipeline.ingestion.tables import FILE_LINE_COUNTS
from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.lake.table import Table
from analytics_pipeline.metrics.catalog import metric_catalog
from analytics_pipeline.metrics.tables import current_project
from analytics_pipeline.partitions import dates_of
from analytics_pipeline.reporting.document import Report
from analytics_pipeline.reporting.inputs import input_versions
from analytics_pipeline.reporting.period import Period
from analytics_pipeline.reporting.period_reports import period_reports
from analytics_pipeline.reporting.stored import HISTORY_DAYS, window
from analytics_pipeline.reporting.tables import DAILY_REPORT
from analytics_pipeline.reporting.texts import texts
from analytics_pipeline.reporting.writing import write_report
from analytics_pipeline.settings import current_settings
from analytics_pipeline.tables import all_tables

WEEKLY_REPORT, MONTHLY_REPORT = "weekly_report", "monthly_report"
PERIOD_REPORTS = (WEEKLY_REPORT, MONTHLY_REPORT)
WEEKLY_JOB, MONTHLY_JOB = "weekly_reports", "monthly_reports"
NIGHTLY = "45 0 * * *"


def weeks(first: date) -> dg.WeeklyPartitionsDefinition:
    """The grid of weeks from the first whole one to the present one; keys are their Mondays."""
    monday = first + timedelta(days=-first.weekday() % 7)
    return dg.WeeklyPartitionsDefinition(
        start_date=monday.isoformat(), day_offset=1, timezone="UTC", end_offset=1
    )


def months(first: date) -> dg.MonthlyPartitionsDefinition:
    """The grid of months from the first whole one to the present one; keys are their first days."""
    start = first if first.day == 1 else Period.of_month(first).last + timedelta(days=1)
    return dg.MonthlyPartitionsDefinition(
        start_date=start.isoformat(), timezone="UTC", end_offset=1
    )


def period_definitions(marts: Mapping[str, Table]) -> dg.Definitions:
    """The assets of the weekly and monthly reports, their jobs, and what renews them."""
    first = current_settings().first_event_date
    weekly = _report_asset(
        WEEKLY_REPORT, weeks(first), marts,
        "The reports of a week, from Monday to Sunday: its figures against the week before.",
    )  # fmt: skip
    monthly = _report_asset(
        MONTHLY_REPORT, months(first), marts,
        "The reports of a calendar month: its figures against the month before.",
    )  # fmt: skip
    jobs = [dg.define_asset_job(WEEKLY_JOB, [WEEKLY_REPORT]),
            dg.define_asset_job(MONTHLY_JOB, [MONTHLY_REPORT])]  # fmt: skip
    sensor = dg.AutomationConditionSensorDefinition(
        "period_reports_sensor",
        target=dg.AssetSelection.assets(*PERIOD_REPORTS),
        default_status=dg.DefaultSensorStatus.RUNNING,
        minimum_interval_seconds=60,
        description="Renews each night the weekly and monthly reports that have a changed day.",
    )
    return dg.Definitions(assets=[weekly, monthly], jobs=jobs, sensors=[sensor])


def changed_overnight() -> dg.AutomationCondition[dg.AssetKey]:
    """True at night for periods with a day whose report was made since theirs was."""
    days = dg.AssetSelection.assets(DAILY_REPORT.name)
    condition = dg.AutomationCondition
    changed = condition.any_deps_updated().allow(days).since_last_handled()
    return (changed & condition.cron_tick_passed(NIGHTLY) & ~condition.in_progress()).with_label(
        "a day of the period changed, looked at each night"
    )


def _report_asset(
    name: str, grid: dg.TimeWindowPartitionsDefinition, marts: Mapping[str, Table], about: str
) -> dg.AssetsDefinition:
    with warnings.catch_warnings():
        # That the present week has days still to come is a beta feature: not said at each start.
        warnings.simplefilter("ignore", dg.BetaWarning)
        mapping = dg.TimeWindowPartitionMapping(allow_nonexistent_upstream_partitions=True)
    spec = dg.AssetSpec(
        name,
        deps=[dg.AssetDep(each, partition_mapping=mapping)
              for each in (DAILY_REPORT.name, FILE_LINE_COUNTS.name, *marts)],
        description=about,
        group_name="reporting",
        kinds={"html", "matplotlib"},
        owners=[current_settings().owner],
        partitions_def=grid,
        automation_condition=changed_overnight(),
    )  # fmt: skip

    @dg.multi_asset(name=name, specs=[spec], backfill_policy=SINGLE_RUN)
    def report(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[None]]:
        settings, lake = current_settings(), lake_of_process()
        of = Period.of_week if name == WEEKLY_REPORT else Period.of_month
        periods = [of(day) for day in dates_of(context.partition_keys)]
        days = sorted({day for period in periods for day in period.days})
        metrics = metric_catalog(current_project(), settings.owner)
        with lake.engine() as connection:
            rules = judged_by_checks(rules_of(settings))
            alerts = evaluate_days(lake, connection, days, settings, rules)
            inputs = {
                period: input_versions(lake, _days_read(marts, rules, period), period.days)
                for period in periods
            }
            made = period_reports(
                lake, connection, marts, metrics, alerts, periods, settings.reporting, inputs
            )
            for period, reports in made:
                context.add_asset_metadata(
                    _written(lake, reports, settings.reporting.formats),
                    asset_key=name,
                    partition_key=period.first.isoformat(),
                )
        yield dg.MaterializeResult(asset_key=spec.key)

    return report


def _days_read(
    marts: Mapping[str, Table], rules: Sequence[Rule], period: Period
) -> Iterator[tuple[Table, set[date]]]:
    """What the reports of a period read: marts also of days before, and what the rules read."""
    looked_at = {*window([period.last], HISTORY_DAYS), *period.days, *period.before.days}
    by_rules = days_read(rules, period.days)
    for name, table in all_tables().items():
        days = (looked_at if name in marts else set()) | by_rules.get(name, set())
        if days:
            yield table, days


def _written(lake: Lake, reports: Sequence[Report], formats: Sequence[str]) -> dict[str, Any]:
    """Write the reports of a period, and tell what Dagster shows of them."""
    shown: dict[str, Any] = {}
    for report in reports:
        files = write_report(lake, report, formats).files
        view = report.view if report.team is None else f"team {report.team}"
        if "status" not in shown:
            level = texts().levels[report.status.level]
            shown["status"] = f"{level}. {report.status.sentence}"
        for kind, file in files.items():
            shown.setdefault("path", dg.MetadataValue.path(str(file)))
            shown[f"{view} {kind}"] = dg.MetadataValue.url(file.as_uri())
    return shown

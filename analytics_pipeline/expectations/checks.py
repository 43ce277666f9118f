"""The expectations of a day's validated events as a Dagster asset check."""

from collections.abc import Iterator
from datetime import date

import dagster as dg

from analytics_pipeline.daily_assets import lake_of_process
from analytics_pipeline.daily_checks import (
    CheckOutcome,
    daily_check_spec,
    dates_to_check,
    evaluations,
)
from analytics_pipeline.expectations.comparison import compared
from analytics_pipeline.expectations.docs import page_of, publish_results
from analytics_pipeline.expectations.profile import profile_days
from analytics_pipeline.expectations.suite import Tolerances, declared
from analytics_pipeline.expectations.tables import EVENT_PROFILES
from analytics_pipeline.expectations.validation import DayResult, validate_days
from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.settings import current_settings, today

SPEC = daily_check_spec(
    "expectations",
    asset="validated_events",
    description="The day is as expected in volume, null share, distribution and freshness "
    "(Great Expectations). What is unusual is a warning and stops nothing.",
)


@dg.multi_asset_check(name="validated_events_expectations", specs=[SPEC])
def expectations(
    context: dg.AssetCheckExecutionContext,
) -> Iterator[dg.AssetCheckEvaluation | dg.Output[None]]:
    """Profile the requested dates, test the expectations, and publish their Data Docs."""
    lake = lake_of_process()
    results = check_days(lake, dates_to_check(context))
    yield from evaluations(
        context, SPEC, {day: _outcome(lake, day, result) for day, result in results.items()}
    )


def check_days(lake: Lake, days: list[date]) -> dict[date, DayResult]:
    """Do the work of the check; the profiles stay locked, so the newest input has the last word."""
    expected = declared(current_settings().thresholds, Tolerances())
    with lake.engine() as connection, lake.locked(EVENT_PROFILES, days):
        profile_days(lake, connection, days)
        results = validate_days(compared(lake, connection, days, today()), expected)
        publish_results(lake, expected, results)
    return results


def _outcome(lake: Lake, day: date, result: DayResult) -> CheckOutcome:
    failed = "; ".join(f"{name}: {breach}" for name, breach in result.failed.items())
    return CheckOutcome(
        passed=result.passed,
        severity="WARN",
        description=f"Not as expected: {failed}." if failed else "As expected.",
        metadata={
            "success percent": result.success_percent,
            "failed": dg.MetadataValue.json(dict(result.failed)),
            "not evaluated": dg.MetadataValue.json(list(result.not_evaluated)),
            "data docs": dg.MetadataValue.path(str(page_of(lake, day))),
        },
    )

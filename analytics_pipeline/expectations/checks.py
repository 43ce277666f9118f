"""The expectations of a day's validated events as a Dagster asset check."""

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING

import dagster as dg

from analytics_pipeline.daily_assets import lake_of_process
from analytics_pipeline.daily_checks import (
    CheckOutcome,
    daily_check_spec,
    dates_to_check,
    evaluations,
)
from analytics_pipeline.lake.lake import Lake

if TYPE_CHECKING:
    from analytics_pipeline.expectations.validation import DayResult

SPEC = daily_check_spec(
    "expectations",
    asset="validated_events",
    description="The day is as expected in volume, null share, distribution and freshness "
    "(Great Expectations). What is unusual is a warning and stops nothing.",
)


# The report of the day shows what is found: of the steps that are ready, this one comes first.
@dg.multi_asset_check(
    name="validated_events_expectations", specs=[SPEC], op_tags={"dagster/priority": "1"}
)
def expectations(
    context: dg.AssetCheckExecutionContext,
) -> Iterator[dg.AssetCheckEvaluation | dg.Output[None]]:
    """Profile the requested dates, test the expectations, and publish their Data Docs."""
    from analytics_pipeline.expectations.checking import check_days

    lake = lake_of_process()
    results = check_days(lake, dates_to_check(context))
    yield from evaluations(
        context, SPEC, {day: _outcome(lake, day, result) for day, result in results.items()}
    )


def _outcome(lake: Lake, day: date, result: "DayResult") -> CheckOutcome:
    from analytics_pipeline.expectations.site import page_of

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

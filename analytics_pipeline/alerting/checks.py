"""The alert rules as Dagster asset checks."""

from collections.abc import Iterator

import dagster as dg

from analytics_pipeline.alerting.findings import Evaluation
from analytics_pipeline.alerting.rules import RULES, Rule, evaluate_days
from analytics_pipeline.daily_assets import lake_of_process
from analytics_pipeline.daily_checks import (
    CheckOutcome,
    daily_check_spec,
    dates_to_check,
    evaluations,
)
from analytics_pipeline.settings import current_settings

SPECS = {
    rule: daily_check_spec(
        rule.name,
        asset=rule.asset,
        description=f"{rule.description} Set by thresholds.{rule.threshold}.",
    )
    for rule in RULES
}


@dg.multi_asset_check(specs=list(SPECS.values()), can_subset=True)
def alerts(
    context: dg.AssetCheckExecutionContext,
) -> Iterator[dg.AssetCheckEvaluation | dg.Output[None]]:
    """Evaluate the alert rules of the requested dates, all in one step.

    A rule without data of its kind passes, and its metadata say that it was not evaluated.
    """
    selected = [
        rule for rule, spec in SPECS.items() if spec.key in context.selected_asset_check_keys
    ]
    days = dates_to_check(context)
    lake = lake_of_process()
    with lake.engine() as connection:
        found = evaluate_days(lake, connection, days, current_settings().thresholds, rules=selected)
    for position, rule in enumerate(selected):
        outcomes = {day: _outcome(rule, of_day[position]) for day, of_day in found.items()}
        yield from evaluations(context, SPECS[rule], outcomes)


def _outcome(rule: Rule, alert: Evaluation) -> CheckOutcome:
    return CheckOutcome(
        passed=alert.passed is not False,
        severity=alert.severity,
        description=alert.message,
        metadata={
            "evaluated": alert.passed is not None,
            **({} if alert.value is None else {"value": alert.value}),
            **({} if alert.limit is None else {"limit": alert.limit}),
            "setting": f"thresholds.{rule.threshold}",
        },
    )

"""The alert rules as Dagster asset checks."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

import dagster as dg

from analytics_pipeline.alerting.declaration import Rule
from analytics_pipeline.alerting.evaluation import evaluate_days, judged_by_checks
from analytics_pipeline.alerting.findings import Evaluation, Finding
from analytics_pipeline.daily_assets import as_markdown, lake_of_process, table_metadata
from analytics_pipeline.daily_checks import (
    CheckOutcome,
    daily_check_spec,
    dates_to_check,
    evaluations,
)
from analytics_pipeline.settings import current_settings

FINDINGS = "findings"
"""The key of the metadata under which an evaluation has its findings, as JSON."""

EVALUATED = "evaluated"
"""The key of the metadata under which an evaluation says whether the rule could be evaluated."""

RESPONSE = "what to look at"
"""The key of the metadata under which a violation says what to look at first."""

SHOWN_FINDINGS = 50
# A chart takes longer than the evaluation of a day: a backfill draws those of its last days.
CHARTED_DAYS = 7


def alert_checks(rules: Sequence[Rule]) -> list[dg.AssetChecksDefinition]:
    """The rules as one multi-check, of which any part can be run; nothing where there are none."""
    by_name = {rule.name: rule for rule in judged_by_checks(rules)}
    specs = {name: _spec(rule) for name, rule in by_name.items()}
    if not specs:
        return []

    @dg.multi_asset_check(name="alerts", specs=list(specs.values()), can_subset=True)
    def alerts(
        context: dg.AssetCheckExecutionContext,
    ) -> Iterator[dg.AssetCheckEvaluation | dg.Output[None]]:
        """Evaluate the alert rules of the requested dates, all in one step.

        A rule without data of its kind passes, and its metadata say that it was not evaluated.
        """
        selected = [
            rule
            for name, rule in by_name.items()
            if specs[name].key in context.selected_asset_check_keys
        ]
        days = dates_to_check(context)
        lake = lake_of_process()
        with lake.engine() as connection:
            found = evaluate_days(lake, connection, days, current_settings(), selected)
        charted = set(sorted(days)[-CHARTED_DAYS:])
        for position, rule in enumerate(selected):
            outcomes = {
                day: _outcome(rule, of_day[position], day, charted=day in charted)
                for day, of_day in found.items()
            }
            yield from evaluations(context, specs[rule.name], outcomes)

    return [alerts]


def _spec(rule: Rule) -> dg.AssetCheckSpec:
    return daily_check_spec(
        rule.name,
        asset=rule.about,
        description=rule.description,
        metadata={"kind": rule.kind, "severity": rule.severity, **_declared(rule)},
        additional_deps=[name for name in rule.reads if name != rule.about],
    )


def _declared(rule: Rule) -> dict[str, Any]:
    """What a rule says of whom it concerns."""
    texts = {
        "owner": rule.owner or current_settings().owner,
        "team": rule.team,
        "group": rule.group,
    }
    declared: dict[str, Any] = {name: text for name, text in texts.items() if text}
    if rule.runbook:
        is_url = "://" in rule.runbook
        shown = dg.MetadataValue.url if is_url else dg.MetadataValue.path
        declared["runbook"] = shown(rule.runbook)
    if rule.labels:
        declared["labels"] = dg.MetadataValue.json(rule.labels)
    return declared


def _outcome(rule: Rule, alert: Evaluation, day: date, *, charted: bool) -> CheckOutcome:
    numbers = {"value": alert.value, "limit": alert.limit}
    texts = {"unit": alert.unit, "metric": alert.metric}
    metadata: dict[str, Any] = {
        EVALUATED: alert.passed is not None,
        **{name: number for name, number in numbers.items() if number is not None},
        **{name: text for name, text in texts.items() if text},
        **_declared(rule),
        FINDINGS: dg.MetadataValue.json([_record(finding) for finding in alert.findings]),
    }
    if alert.findings:
        if rule.response:
            metadata[RESPONSE] = dg.MetadataValue.md(rule.response.strip())
        rows = [_row(finding) for finding in alert.findings[:SHOWN_FINDINGS]]
        metadata["found"] = table_metadata(rows)
        if charted and len(alert.history) > 1:
            from analytics_pipeline.alerting.chart import alert_chart

            image = alert_chart(alert, day)
            metadata["chart"] = dg.MetadataValue.md(as_markdown(image, alert.message))
    return CheckOutcome(
        passed=alert.passed is not False,
        severity=alert.severity,
        description=alert.message,
        metadata=metadata,
    )


def _record(finding: Finding) -> dict[str, Any]:
    return {**asdict(finding), "labels": dict(finding.labels)}


def _row(finding: Finding) -> Mapping[str, Any]:
    labels = ", ".join(f"{name}={value}" for name, value in finding.labels.items())
    return {
        "slice": labels,
        "message": finding.message,
        "value": finding.value,
        "expected": finding.expected,
        "lower limit": finding.lower,
        "upper limit": finding.upper,
    }

"""The evaluation of the alert rules, over the tables of the lake."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta

import duckdb

from analytics_pipeline.alerting.declaration import Outcome, Rule
from analytics_pipeline.alerting.findings import Evaluation
from analytics_pipeline.alerting.kinds.failed_run import FailedRunRule
from analytics_pipeline.alerting.metric_rule import MetricRule
from analytics_pipeline.alerting.reading import Readings
from analytics_pipeline.alerting.ruleset import rules_of
from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.metrics.tables import mart_tables
from analytics_pipeline.settings import Settings


def judged_by_checks(rules: Iterable[Rule]) -> tuple[Rule, ...]:
    """The rules that are evaluated over the lake: all but those over Dagster's runs."""
    return tuple(rule for rule in rules if not isinstance(rule, FailedRunRule))


def days_read(rules: Iterable[Rule], days: Iterable[date]) -> dict[str, set[date]]:
    """The days that rules look at to judge some days, by the name of the table."""
    judged = set(days)
    found: dict[str, set[date]] = {}
    for rule in rules:
        for table in rule.reads:
            found.setdefault(table, set()).update(
                day - timedelta(days=back) for day in judged for back in (0, *rule.days_before)
            )
    return found


def evaluate_days(
    lake: Lake,
    connection: duckdb.DuckDBPyConnection,
    days: Iterable[date],
    settings: Settings,
    rules: Sequence[Rule] | None = None,
    now: datetime | None = None,
) -> dict[date, list[Evaluation]]:
    """Evaluate rules for several event dates; the dates ascend, the rules keep their order.

    ``rules`` are those of the settings where None; ``now``, an aware time, tells which day is not
    over. Each table is read by one query for all days and the history that rules compare with.
    """
    if rules is None:
        rules = judged_by_checks(rules_of(settings))
    readings = Readings(
        lake=lake,
        connection=connection,
        days=tuple(sorted(set(days))),
        settings=settings,
        now=(now or datetime.now(UTC)).astimezone(UTC),
        marts=mart_tables(),
        metric_reads=[rule.metric_reads for rule in rules if isinstance(rule, MetricRule)],
    )
    if not readings.days:
        return {}
    outcomes = [rule.evaluate(readings) for rule in rules]
    return {
        day: [
            _evaluation(rule, of_rule[day]) for rule, of_rule in zip(rules, outcomes, strict=True)
        ]
        for day in readings.days
    }


def evaluate(
    lake: Lake,
    connection: duckdb.DuckDBPyConnection,
    day: date,
    settings: Settings,
    rules: Sequence[Rule] | None = None,
) -> list[Evaluation]:
    """Evaluate rules for one event date, in their order."""
    return evaluate_days(lake, connection, [day], settings, rules)[day]


def _evaluation(rule: Rule, outcome: Outcome) -> Evaluation:
    return Evaluation(
        name=rule.name,
        severity="ERROR" if rule.severity == "error" else "WARN",
        passed=outcome.passed,
        value=outcome.value,
        limit=outcome.limit,
        message=outcome.message,
        asset=rule.about,
        unit=rule.unit,
        metric=rule.metric_id,
        findings=outcome.findings,
        history=outcome.history,
    )

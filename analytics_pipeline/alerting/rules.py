"""The alert rules, each one declaration, and their evaluation over the tables of a day."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

import duckdb

from analytics_pipeline.alerting.findings import Evaluation, Finding, Severity
from analytics_pipeline.errors import PipelineError
from analytics_pipeline.ingestion.quality_tables import QUARANTINE_REASONS, SCHEMA_CHANGES
from analytics_pipeline.ingestion.tables import FILE_LINE_COUNTS
from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.lake.table import Table, quoted
from analytics_pipeline.metrics.tables import metric_tables
from analytics_pipeline.settings import Thresholds

Unit = Literal["share", "seconds", "events", "reasons", "changes"]


class RuleError(PipelineError):
    """A rule reads a table or a column that does not exist; the message names both."""


@dataclass(frozen=True)
class Rule:
    """An alert: one number of a day, held against one threshold.

    ``value`` is an SQL aggregate over the day's rows of ``table``; a null means that the day has
    no data of the kind, which ``no_data`` says in words, and does not violate the rule. Where the
    absence of rows is itself the finding, ``without_rows`` is the value of a day without any.
    The rule is violated by a value strictly ``violated`` (below or above) the setting
    ``thresholds.<threshold>``. ``asset`` is the asset that the alert is about.
    """

    name: str
    description: str
    severity: Severity
    asset: str
    table: str
    value: str
    violated: Literal["below", "above"]
    threshold: str
    quantity: str
    unit: Unit
    no_data: str
    without_rows: float | None = None


RULES = (
    Rule(
        name="hit_rate",
        description="The cache answers a sufficient share of the day's queries.",
        severity="WARN",
        asset="daily_cache_metrics",
        table="daily_cache_metrics",
        value="max(hit_rate)",
        violated="below",
        threshold="hit_rate_min",
        quantity="Hit rate",
        unit="share",
        no_data="the day has no queries",
    ),
    Rule(
        name="response_time",
        description="The day's average response time is short enough.",
        severity="WARN",
        asset="daily_cache_metrics",
        table="daily_cache_metrics",
        value="max(average_response_time)",
        violated="above",
        threshold="response_time_max",
        quantity="Average response time",
        unit="seconds",
        no_data="no query of the day has a response time",
    ),
    Rule(
        name="error_rate",
        description="Few of the day's log entries are errors.",
        severity="ERROR",
        asset="daily_system_metrics",
        table="daily_system_metrics",
        value="max(error_rate)",
        violated="above",
        threshold="error_rate_max",
        quantity="Error rate",
        unit="share",
        no_data="the day has no log entries",
    ),
    Rule(
        name="quarantine_share",
        description="Few of the day's lines are quarantined.",
        severity="WARN",
        asset="quarantined_lines",
        table="file_line_counts",
        value="sum(quarantined) / nullif(sum(lines), 0)",
        violated="above",
        threshold="quarantine_share_max",
        quantity="Share of quarantined lines",
        unit="share",
        no_data="the day has no lines",
    ),
    Rule(
        name="new_quarantine_reason",
        description="No source has lines quarantined for a reason that is new to it.",
        severity="WARN",
        asset="quarantine_reasons",
        table="quarantine_reasons",
        value="count(*) FILTER (is_new)",
        violated="above",
        threshold="new_quarantine_reasons_max",
        quantity="Number of new reasons of quarantine",
        unit="reasons",
        no_data="no line of the day is quarantined",
        without_rows=0,
    ),
    Rule(
        name="schema_drift",
        description="The fields of the sources are those of the days before.",
        severity="WARN",
        asset="schema_changes",
        table="schema_changes",
        value="count(*)",
        violated="above",
        threshold="schema_changes_max",
        quantity="Number of changes in the fields of the sources",
        unit="changes",
        no_data="no field changed",
        without_rows=0,
    ),
    Rule(
        name="missing_data",
        description="The day has the events that are expected at least.",
        severity="ERROR",
        asset="validated_events",
        table="file_line_counts",
        value="sum(validated)",
        violated="below",
        threshold="min_events",
        quantity="Number of validated events",
        unit="events",
        no_data="the day has no lines",
        without_rows=0,
    ),
)


def evaluate(
    lake: Lake, connection: duckdb.DuckDBPyConnection, day: date, thresholds: Thresholds
) -> list[Evaluation]:
    """Evaluate every rule for one event date, in the order of RULES.

    Raises RuleError where a rule reads what the tables do not have.
    """
    return evaluate_days(lake, connection, [day], thresholds)[day]


def evaluate_days(
    lake: Lake,
    connection: duckdb.DuckDBPyConnection,
    days: Iterable[date],
    thresholds: Thresholds,
    rules: Sequence[Rule] = RULES,
) -> dict[date, list[Evaluation]]:
    """Evaluate rules for several event dates by one query a table; the dates ascend.

    Raises RuleError where a rule reads what the tables do not have.
    """
    wanted = sorted(set(days))
    ingested = (FILE_LINE_COUNTS, QUARANTINE_REASONS, SCHEMA_CHANGES)
    tables = {**{table.name: table for table in ingested}, **metric_tables()}
    values: dict[str, Mapping[date, float | None]] = {}
    for name in dict.fromkeys(rule.table for rule in rules):
        of_table = [rule for rule in rules if rule.table == name]
        if name not in tables:
            raise RuleError(
                f"Rule {of_table[0].name} reads the table {name}, which does not exist; "
                f"it can be one of {', '.join(sorted(tables))}."
            )
        values |= _values(lake, connection, tables[name], of_table, wanted)
    return {
        day: [_alert(rule, values[rule.name].get(day, rule.without_rows), thresholds)
              for rule in rules]
        for day in wanted
    }  # fmt: skip


def _values(
    lake: Lake,
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    rules: Sequence[Rule],
    days: Sequence[date],
) -> dict[str, Mapping[date, float | None]]:
    columns = ", ".join(f"({rule.value})::DOUBLE AS {quoted(rule.name)}" for rule in rules)
    try:
        rows = connection.execute(
            f"SELECT event_date, {columns} FROM {lake.scan(table, days)} GROUP BY event_date"
        ).fetchall()
    except duckdb.BinderException as error:
        names = ", ".join(rule.name for rule in rules)
        raise RuleError(
            f"A rule among {names} reads what the table {table.name} does not have: {error}"
        ) from error
    return {
        rule.name: {row[0]: row[position] for row in rows}
        for position, rule in enumerate(rules, start=1)
    }


def _alert(rule: Rule, value: float | None, thresholds: Thresholds) -> Evaluation:
    limit = float(getattr(thresholds, rule.threshold))
    if value is None:
        message = f"Not evaluated: {rule.no_data}."
        return Evaluation(rule.name, rule.severity, None, None, limit, message, rule.asset)
    violated = value < limit if rule.violated == "below" else value > limit
    bound = "minimum" if rule.violated == "below" else "maximum"
    stand = f"{rule.violated} the {bound} of" if violated else f"within the {bound} of"
    message = f"{rule.quantity} {_worded(value, rule.unit)} is {stand} {_worded(limit, rule.unit)}."
    found = (Finding(message, value=value),) if violated else ()
    return Evaluation(
        rule.name, rule.severity, not violated, value, limit, message, rule.asset, findings=found
    )


def _worded(value: float, unit: Unit) -> str:
    match unit:
        case "share":
            return f"{100 * value:.6g}%"
        case "seconds":
            return f"{value:.6g} s"
        case "events" | "reasons" | "changes":
            return f"{value:,.0f}"

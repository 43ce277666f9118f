"""Rows of lake tables for tests."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

import pandas as pd

from analytics_pipeline.alerting.declaration import Rule
from analytics_pipeline.alerting.evaluation import evaluate_days
from analytics_pipeline.alerting.findings import Evaluation
from analytics_pipeline.ingestion.tables import FILE_LINE_COUNTS
from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.lake.table import Table
from analytics_pipeline.metrics.catalog import metric_catalog
from analytics_pipeline.metrics.tables import current_project, mart_tables, metric_tables
from analytics_pipeline.settings import Settings

HEALTHY = {
    "hit_rate": 0.8,
    "average_response_time": 0.2,
    "error_rate": 0.001,
    "total_queries": 5000,
    "log_entries": 5000,
}


def rows_query(table: Table, rows: Sequence[Mapping[str, object]]) -> str:
    """SQL of rows of a table; a column that a row does not name is null."""
    names = table.column_names
    nothing = f"SELECT {', '.join(f'NULL AS {name}' for name in names)} WHERE false"
    selects = (
        "SELECT "
        + ", ".join("NULL" if row.get(name) is None else repr(row[name]) for name in names)
        for row in rows
    )
    return " UNION ALL ".join([nothing, *selects])


def file_counts(number: int, validated: int, quarantined: int) -> dict[str, object]:
    return {
        "path": f"{number}.jsonl",
        "lines": validated + quarantined,
        "validated": validated,
        "duplicate": 0,
        "quarantined": quarantined,
        "blank": 0,
    }


def write_day(
    lake: Lake,
    day: date,
    lines: Sequence[tuple[int, int]] = ((99, 1),),
    **numbers: float | None,
) -> None:
    """Write what the rules read; ``lines`` are the validated and quarantined ones of each file."""
    metrics = metric_tables()
    counts = [file_counts(number, *of_file) for number, of_file in enumerate(lines)]
    values: Mapping[str, object] = {**HEALTHY, **numbers}
    with lake.engine() as connection:
        for table, rows in (
            (metrics["daily_cache_metrics"], [values]),
            (metrics["daily_system_metrics"], [values]),
            (FILE_LINE_COUNTS, counts),
        ):
            lake.replace(connection, table, day, rows_query(table, rows))


def write_rows(lake: Lake, table: Table, days: Mapping[date, Sequence[Mapping[str, Any]]]) -> None:
    """Replace partitions by rows; a column that a row does not name is null."""
    rows = [{"event_date": day, **row} for day, of_day in days.items() for row in of_day]
    frame = pd.DataFrame(rows, columns=["event_date", *table.column_names])
    with lake.engine() as connection:
        connection.register("given", frame)
        lake.replace_days(connection, table, sorted(days), "FROM given")


def write_metric(
    lake: Lake, mart: str, days: Mapping[date, Mapping[str, Any] | Sequence[Mapping[str, Any]]]
) -> None:
    """Replace partitions of a mart by a row or several a day."""
    rows = {day: [row] if isinstance(row, Mapping) else row for day, row in days.items()}
    write_rows(lake, metric_tables()[mart], rows)


def bound(form: type[Rule], **fields: Any) -> Any:
    """A rule of a kind, checked against the catalog where it names a metric."""
    rule = form.model_validate({"name": "tried", "description": "All is well.", **fields})
    if hasattr(rule, "bind"):
        catalog = {metric.id: metric for metric in metric_catalog(current_project(), "team:it")}
        rule.bind(catalog, mart_tables())
    return rule


def judged(
    lake: Lake,
    rule: Rule,
    *days: date,
    now: datetime = datetime(2030, 1, 1, tzinfo=UTC),
    settings: Settings | None = None,
) -> list[Evaluation]:
    """What a rule finds on some days."""
    with lake.engine() as connection:
        found = evaluate_days(lake, connection, days, settings or Settings(), [rule], now)
    return [found[day][0] for day in days]

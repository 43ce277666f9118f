"""The numbers of the metric marts with one row a day, each with its definition."""

from collections.abc import Iterable, Mapping
from datetime import date

from analytics_pipeline.lake.table import Column, Table, quoted
from analytics_pipeline.reporting.measure import Metric, metric, unit_of
from analytics_pipeline.reporting.stored import Stored

CACHE = "daily_cache_metrics"
ENGAGEMENT = "daily_engagement_metrics"
SYSTEM = "daily_system_metrics"
METRIC_VALUES = "daily_metric_values"

NUMERIC = ("BIGINT", "INTEGER", "DOUBLE")
USAGE = {
    resource: tuple(f"{resource}_{statistic}" for statistic in ("average", "p95", "max"))
    for resource in ("cpu_usage", "memory_usage", "disk_usage")
}
"""The columns of daily_system_metrics with the usage of a resource."""

DayMetrics = Mapping[str, Mapping[str, Metric]]
"""The metrics of a day: by mart, then by column."""

UNKNOWN = "The day has no events from which this could be computed."


def one_row_marts(marts: Mapping[str, Table]) -> dict[str, Table]:
    """The marts that have one row a day: those whose rows nothing but the date identifies."""
    return {name: table for name, table in marts.items() if not table.key}


def metric_values_mart(marts: Mapping[str, Table]) -> Table | None:
    """The mart of all metrics by name, where it is there and has what a report needs of it."""
    table = marts.get(METRIC_VALUES)
    return table if table and {"metric_name", "unit"} <= set(table.column_names) else None


def read_metrics(
    stored: Stored, marts: Mapping[str, Table], days: Iterable[date]
) -> dict[date, DayMetrics]:
    """Every number of the marts with one row a day, for each of the days.

    The usage of CPU, memory and disk has the unit in which daily_metric_values has it.
    """
    wanted = list(days)
    tables = one_row_marts(marts)
    units = _measured_units(stored, metric_values_mart(marts), wanted)
    by_table = {name: _read_table(stored, table, wanted, units) for name, table in tables.items()}
    return {day: {name: metrics[day] for name, metrics in by_table.items()} for day in wanted}


def _read_table(
    stored: Stored, table: Table, days: list[date], units: Mapping[tuple[date, str], str | None]
) -> dict[date, dict[str, Metric]]:
    columns = [column for column in table.columns if column.type in NUMERIC]
    selected = ", ".join(["event_date", *(quoted(column.name) for column in columns)])
    found = stored.by_day(f"SELECT {selected} FROM {stored.scan(table, days)}")
    metrics: dict[date, dict[str, Metric]] = {}
    for day in days:
        rows = found.get(day, [])
        values = rows[0] if len(rows) == 1 else (None,) * len(columns)
        metrics[day] = {
            column.name: metric(
                value,
                units.get((day, column.name), unit_of(column)),
                _no_data(stored, table, day, len(rows), column),
                column.description,
            )
            for column, value in zip(columns, values, strict=True)
        }
    return metrics


def _no_data(stored: Stored, table: Table, day: date, rows: int, column: Column) -> str:
    if rows > 1:
        return f"{table.name} has {rows} rows for {day.isoformat()} where it should have one."
    return stored.reason(table, day, column.null_reason or UNKNOWN)


def _measured_units(
    stored: Stored, values: Table | None, days: list[date]
) -> dict[tuple[date, str], str | None]:
    """Units by day and column of daily_system_metrics."""
    if values is None:
        return {}
    rows = stored.by_day(
        f"SELECT event_date, metric_name, unit FROM {stored.scan(values, days)} "
        f"WHERE metric_name IN {tuple(USAGE)}"
    )
    return {
        (day, column): unit
        for day, found in rows.items()
        for resource, unit in found
        for column in USAGE[resource]
    }


def metric_of(metrics: DayMetrics, table: str, column: str) -> Metric:
    """One metric of a day; one that the marts do not have says so instead of a value."""
    if table not in metrics:
        return Metric(None, None, f"There is no mart {table} with one row a day.")
    if column not in metrics[table]:
        return Metric(None, None, f"{table} has no column {column}.")
    return metrics[table][column]

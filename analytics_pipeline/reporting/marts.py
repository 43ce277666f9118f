"""The numbers of the metric marts with one row a day, each with its definition."""

from collections.abc import Mapping
from datetime import date
from functools import cached_property
from typing import Any

from analytics_pipeline.lake.table import Column, Table, quoted
from analytics_pipeline.reporting.measure import NUMERIC, Metric, Number, metric, unit_of
from analytics_pipeline.reporting.stored import Stored
from analytics_pipeline.reporting.texts import texts

CACHE = "daily_cache_metrics"
COST = "daily_cost_metrics"
ENGAGEMENT = "daily_engagement_metrics"
SYSTEM = "daily_system_metrics"
METRIC_VALUES = "daily_metric_values"

USAGE = {
    f"{resource}_{statistic}": resource
    for resource in ("cpu_usage", "memory_usage", "disk_usage")
    for statistic in ("average", "p95", "max")
}
"""The columns of daily_system_metrics with the usage of a resource, and which it is."""


class DailyMarts:
    """The marts of the metrics: those with one row a day by name, number by number.

    ``tables`` are all marts, those with several rows a day too.
    """

    def __init__(self, stored: Stored, tables: Mapping[str, Table]) -> None:
        self.tables = tables
        self._stored = stored
        self._columns: dict[str, dict[str, tuple[int, Column]]] = {}
        self._values: dict[str, dict[date, list[tuple[Any, ...]]]] = {}

    @property
    def one_row(self) -> list[str]:
        """The marts that have one row a day: those whose rows nothing but the date identifies."""
        return [name for name, table in self.tables.items() if not table.key]

    def table(self, name: str) -> Table | None:
        """A mart with several rows a day, or None where the folder of SQL has none of the name."""
        table = self.tables.get(name)
        return table if table and table.key else None

    def metrics(self, name: str, day: date) -> dict[str, Metric]:
        """Every number of a mart with one row a day, by column; of a history day too."""
        if name not in self.tables or self.tables[name].key:
            return {}
        return {column: self.metric(name, column, day) for column in self._numeric(name)}

    def metric(self, name: str, column: str, day: date) -> Metric:
        """One number of a day; one that the marts do not have says so instead of a value.

        The usage of CPU, memory and disk has the unit in which daily_metric_values has it.
        """
        table = self.tables.get(name)
        if table is None or table.key:
            return Metric(None, None, texts().absences.no_mart.format(table=name))
        if column not in self._numeric(name):
            said = texts().absences.no_column.format(table=name, column=column)
            return Metric(None, None, said)
        position, declared = self._numeric(name)[column]
        rows = self._read(name).get(day, [])
        return metric(
            rows[0][position] if len(rows) == 1 else None,
            self._unit(name, declared, day),
            self._no_data(table, day, len(rows), declared),
            declared.description,
            f"{name}.{column}",
        )

    def value(self, name: str, column: str, day: date) -> Number | None:
        """The value of a number, where it has one."""
        return self.metric(name, column, day).value

    def _numeric(self, name: str) -> dict[str, tuple[int, Column]]:
        """The numeric columns of a mart by name, with their places in what _read reads."""
        if name not in self._columns:
            columns = [each for each in self.tables[name].columns if each.type in NUMERIC]
            self._columns[name] = {each.name: (at, each) for at, each in enumerate(columns)}
        return self._columns[name]

    def _read(self, name: str) -> dict[date, list[tuple[Any, ...]]]:
        if name not in self._values:
            columns = ", ".join(map(quoted, self._numeric(name))) or "NULL"
            source = self._stored.scan(self.tables[name], history=True)
            self._values[name] = self._stored.by_day(f"SELECT event_date, {columns} FROM {source}")
        return self._values[name]

    def _no_data(self, table: Table, day: date, rows: int, column: Column) -> str:
        absences = texts().absences
        if rows > 1:
            return absences.several_rows.format(table=table.name, rows=rows, day=day.isoformat())
        return self._stored.reason(table, day, column.null_reason or absences.no_events)

    def _unit(self, name: str, column: Column, day: date) -> str | None:
        if name == SYSTEM and column.name in USAGE:
            return self._measured_units.get((day, USAGE[column.name]))
        return unit_of(column)

    @cached_property
    def _measured_units(self) -> dict[tuple[date, str], str | None]:
        table = self.table(METRIC_VALUES)
        if table is None or not {"metric_name", "unit"} <= set(table.column_names):
            return {}
        found = self._stored.by_day(
            f"SELECT event_date, metric_name, unit "
            f"FROM {self._stored.scan(table, history=True)} "
            f"WHERE metric_name IN {tuple(sorted(set(USAGE.values())))}"
        )
        return {(day, name): unit for day, rows in found.items() for name, unit in rows}

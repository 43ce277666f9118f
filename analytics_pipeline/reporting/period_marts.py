"""The marts over periods of several days."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import duckdb

from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.lake.table import Column, Table, literal, quoted
from analytics_pipeline.metrics.catalog import DIMENSION, VALUE
from analytics_pipeline.metrics.over_days import Aggregation
from analytics_pipeline.reporting.measure import NUMERIC, Listing, Metric, Number, metric, unit_of
from analytics_pipeline.reporting.period import Period
from analytics_pipeline.reporting.period_sql import over_days
from analytics_pipeline.reporting.texts import texts

Aggregations = Mapping[str, Aggregation]
"""How several days of a metric become one value, by TABLE.COLUMN."""

TYPICAL_DAY = Aggregation("median")


@dataclass(frozen=True)
class Slice:
    """The rows of a long mart that have a value of a dimension, such as those of one team."""

    dimension: str
    value: str


class PeriodMarts:
    """The numbers of the marts of periods, computed from those of their days.

    What was asked once is kept: a mart is read once for each period. A number that does not say
    how its days become one value is the median of the days.
    """

    def __init__(
        self,
        lake: Lake,
        connection: duckdb.DuckDBPyConnection,
        tables: Mapping[str, Table],
        aggregations: Aggregations,
    ) -> None:
        self._lake = lake
        self._connection = connection
        self._tables = tables
        self._aggregations = aggregations
        self._answers: dict[str, list[tuple[Any, ...]]] = {}
        self._rows: dict[tuple[str, Period, Slice | None], tuple[Number | None, ...]] = {}

    def metrics(self, mart: str, period: Period, of: Slice | None = None) -> dict[str, Metric]:
        """Every number of a mart by column: one with one row a day, or one row of each slice."""
        table = self._tables.get(mart)
        if table is None:
            return {mart: Metric(None, None, texts().absences.no_mart.format(table=mart))}
        return {column.name: self.metric(mart, column.name, period, of)
                for column in _numeric(table)}  # fmt: skip

    def metric(self, mart: str, column: str, period: Period, of: Slice | None = None) -> Metric:
        """One number of a period; one that the marts do not have says so instead of a value."""
        said = texts().absences
        table = self._tables.get(mart)
        if table is None:
            return Metric(None, None, said.no_mart.format(table=mart))
        declared = {each.name: each for each in _numeric(table)}
        if column not in declared:
            return Metric(None, None, said.no_column.format(table=mart, column=column))
        place = list(declared).index(column)
        found = declared[column]
        return metric(
            self._row(table, period, of)[place],
            unit_of(found),
            found.null_reason or said.nothing_in_period,
            found.description,
            f"{mart}.{column}",
        )

    def values(
        self, mart: str, column: str, days: Sequence[date], of: Slice | None = None
    ) -> list[Number | None]:
        """The values of the days themselves; null where a day has none."""
        table = self._tables.get(mart)
        if table is None or column not in table.column_names:
            return [None] * len(days)
        found = dict(self._ask(
            f"SELECT event_date, {quoted(column)} FROM {self._lake.scan(table, days)}"
            f"{_where(of)}"
        ))  # fmt: skip
        return [found.get(day) for day in days]

    def slices(
        self,
        mart: str,
        dimension: str,
        period: Period,
        columns: Sequence[str],
        order: str,
        kept: int,
    ) -> Listing | None:
        """The values of a dimension with numbers over the period, in an order; None without a mart.

        The columns are ``value`` and those of ``columns`` that the mart has.
        """
        table = self._tables.get(mart)
        if table is None or not {DIMENSION, VALUE} <= set(table.key):
            return None
        shown = [each for each in table.columns if each.name in (VALUE, *columns)]
        numbers = [each for each in shown if each.name != VALUE]
        rows = self._ask(
            f"SELECT {quoted(VALUE)}, {self._aggregated(table, numbers, period)} "
            f"FROM {self._lake.scan(table, period.days)} WHERE {DIMENSION} = {literal(dimension)} "
            f"GROUP BY {quoted(VALUE)} ORDER BY {order}, {quoted(VALUE)}"
        )
        names = [VALUE, *(each.name for each in numbers)]
        listed = tuple(dict(zip(names, row, strict=True)) for row in rows[:kept])
        by_name = {each.name: each for each in shown}
        return Listing(tuple(by_name[name] for name in names), listed, len(rows))

    def is_typical_day(self, id: str | None) -> bool:
        """Whether the number TABLE.COLUMN of several days is the median of the days."""
        return self._aggregations.get(id or "", TYPICAL_DAY) == TYPICAL_DAY

    def built(self, mart: str, period: Period) -> list[date]:
        """The days of a period for which a mart was built."""
        table = self._tables.get(mart)
        if table is None:
            return []
        return [day for day in period.days if self._lake.partition_file(table, day).exists()]

    def _row(self, table: Table, period: Period, of: Slice | None) -> tuple[Number | None, ...]:
        """The numbers of a mart over a period, in the order of its numeric columns."""
        key = table.name, period, of
        if key not in self._rows:
            (self._rows[key],) = self._ask(
                f"SELECT {self._aggregated(table, _numeric(table), period)} "
                f"FROM {self._lake.scan(table, period.days)}{_where(of)}"
            )
        return self._rows[key]

    def _aggregated(self, table: Table, columns: Sequence[Column], period: Period) -> str:
        one_day = period.first == period.last
        return ", ".join(
            # The value of a single day is what its mart says, to the last bit.
            f"{over_days(each.name, self._aggregation(table, each, one_day), each.type)} "
            f"AS {quoted(each.name)}"
            for each in columns
        ) or "NULL"  # fmt: skip

    def _aggregation(self, table: Table, column: Column, one_day: bool) -> Aggregation:
        if one_day:
            return Aggregation("last")
        return self._aggregations.get(f"{table.name}.{column.name}", TYPICAL_DAY)

    def _ask(self, query: str) -> list[tuple[Any, ...]]:
        if query not in self._answers:
            self._answers[query] = self._connection.execute(query).fetchall()
        return self._answers[query]


def _numeric(table: Table) -> list[Column]:
    return [each for each in table.columns if each.type in NUMERIC]


def _where(of: Slice | None) -> str:
    if of is None:
        return ""
    return f" WHERE {DIMENSION} = {literal(of.dimension)} AND {VALUE} = {literal(of.value)}"

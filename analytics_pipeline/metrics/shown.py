"""What the UI shows of the rows of a mart."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import dagster as dg
import duckdb

from analytics_pipeline.daily_assets import first_rows
from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.metrics.declared_columns import EVENT_DATE
from analytics_pipeline.metrics.project import Model

Metadata = Mapping[str, dg.MetadataValue[Any]]


def shown_by_day(
    lake: Lake, connection: duckdb.DuckDBPyConnection, mart: Model, days: Sequence[date]
) -> dict[date, Metadata]:
    """What to show of each day of a mart.

    Of a mart with one row a day its numbers, which the UI plots over the days; a null is left out.
    Of another the first rows of the last day.
    """
    if mart.declared.one_row_a_day:
        rows = _rows(connection, lake.scan(mart.table, days))
        return {row[EVENT_DATE]: _numbers(row) for row in rows}
    return {days[-1]: first_rows(lake, connection, mart.table, days[-1])}


def _rows(connection: duckdb.DuckDBPyConnection, relation: str) -> list[dict[str, Any]]:
    found = connection.execute(f"FROM {relation}")
    names = [column[0] for column in found.description or []]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def _numbers(row: Mapping[str, Any]) -> Metadata:
    return {
        name: dg.MetadataValue.float(float(value))
        for name, value in row.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }

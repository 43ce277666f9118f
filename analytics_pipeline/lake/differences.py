"""Which partitions of a table would change if they were written anew."""

from collections.abc import Sequence
from datetime import date

import duckdb

from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.lake.table import Table, date_list


def differing_days(
    lake: Lake,
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    days: Sequence[date],
    computed: str,
) -> list[date]:
    """Those of the days whose computed rows are not the stored ones, ascending.

    ``computed`` is an SQL relation with the table's columns and event_date.
    """
    if not days:
        return []
    columns = f"event_date::DATE AS event_date, {table.typed_columns}"
    rows = f"(SELECT {columns} FROM {computed} WHERE event_date IN ({date_list(days)}))"
    stored = f"(SELECT {columns} FROM {lake.scan(table, days)})"
    found = connection.execute(
        f"SELECT DISTINCT event_date FROM ((FROM {rows} EXCEPT ALL FROM {stored}) "
        f"UNION ALL (FROM {stored} EXCEPT ALL FROM {rows})) ORDER BY ALL"
    ).fetchall()
    return [day for (day,) in found]

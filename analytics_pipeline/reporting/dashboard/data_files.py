"""The rows of a table for a month, as a script that a page loads from disk as well as by HTTP.

A page that was opened from disk may not read files by fetch(), but may load scripts.
"""

import calendar
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import duckdb

from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.lake.table import Table, quoted
from analytics_pipeline.reporting.dashboard.selection import SiteTable

# What a change of the form of the files must change, so that all are written anew.
FORMAT = 1
Month = tuple[int, int]


def month_of(day: date) -> Month:
    """The month of a date."""
    return day.year, day.month


def shown_month(month: Month) -> str:
    """A month as YYYY-MM."""
    return f"{month[0]:04}-{month[1]:02}"


def days_of(month: Month) -> list[date]:
    """The dates of a month."""
    return [date(*month, day) for day in range(1, calendar.monthrange(*month)[1] + 1)]


def script(call: str, *arguments: Any) -> str:
    """A script of one call with JSON arguments; nothing in them can end a string or a script."""
    shown = ",".join(
        json.dumps(argument, separators=(",", ":"), allow_nan=False) for argument in arguments
    )
    return f"dashboard.{call}({shown.replace('<', chr(92) + 'u003c')});\n"


def selected_rows(
    lake: Lake,
    table: SiteTable,
    days: Sequence[date],
    smallest_group: int,
    user_counts: Table | None,
) -> str:
    """The SQL of the rows of a dashboard's table on the days, in their order.

    ``user_counts`` is the table with the active_users of a day, for a table that does not have the
    users itself.
    """
    joined, users = "", table.users
    if table.small_groups and users is None:
        counts = "(SELECT NULL::DATE AS event_date, NULL::BIGINT AS users WHERE false)"
        if user_counts is not None:
            counts = (
                f"(SELECT event_date, active_users AS users FROM {lake.scan(user_counts, days)})"
            )
        joined, users = f" LEFT JOIN {counts} AS counted USING (event_date)", "counted.users"
    columns = ", ".join(
        f"CASE WHEN coalesce({users}, 0) >= {smallest_group} THEN {quoted(name)} END AS "
        f"{quoted(name)}"
        if name in table.small_groups
        else quoted(name)
        for name in table.columns
    )
    order = ", ".join(quoted(name) for name in ("event_date", *table.key))
    return (
        f"SELECT event_date, {columns} FROM {lake.scan(table.table, days)} AS stored{joined} "
        f"WHERE {table.condition} ORDER BY {order}"
    )


def month_scripts(
    connection: duckdb.DuckDBPyConnection,
    table: SiteTable,
    query: str,
    months: Iterable[Month],
) -> dict[Month, str]:
    """The script of each of the months from the rows of a query that holds them all."""
    rows_of: dict[Month, list[tuple[Any, ...]]] = {month: [] for month in months}
    for row in connection.execute(query).fetchall():
        rows_of[month_of(row[0])].append(row)
    return {
        month: script("put", table.name, shown_month(month), _content(table, rows))
        for month, rows in rows_of.items()
    }


def _content(table: SiteTable, rows: Sequence[tuple[Any, ...]]) -> Mapping[str, Any]:
    days, *columns = zip(*rows, strict=True) if rows else [()] * (len(table.columns) + 1)
    return {
        "days": [day.day for day in days],
        "columns": {
            name: _column(values) for name, values in zip(table.columns, columns, strict=True)
        },
    }


def _column(values: Sequence[Any]) -> Any:
    """Numbers as they are; texts as the list of words and, for each row, which of them it is."""
    plain = [_plain(value) for value in values]
    if not any(isinstance(value, str) for value in plain):
        return plain
    words = sorted({value for value in plain if value is not None})
    at = {word: number for number, word in enumerate(words)}
    return {"words": words, "at": [None if value is None else at[value] for value in plain]}


def _plain(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value.isoformat() if isinstance(value, date | datetime) else value

"""Reading small parts of the lake, by day."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import isfinite
from typing import Any

import duckdb

from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.lake.table import Table, quoted
from analytics_pipeline.reporting.measure import Absence, Listing, Row

MAX_TEXT = 500


@dataclass(frozen=True)
class Stored:
    """The tables of the lake, as the reports of ``days`` read them through one connection."""

    lake: Lake
    connection: duckdb.DuckDBPyConnection
    days: Sequence[date]

    def has(self, table: Table, day: date) -> bool:
        """Whether the table was built for the day."""
        return self.lake.partition_file(table, day).exists()

    def scan(self, table: Table, days: Iterable[date] | None = None) -> str:
        """SQL of a table's rows; those of the reports' days where ``days`` is None."""
        return self.lake.scan(table, self.days if days is None else days)

    def by_day(self, query: str) -> dict[date, list[tuple[Any, ...]]]:
        """Run a query whose first column is event_date; give the other columns of its rows."""
        found: dict[date, list[tuple[Any, ...]]] = {}
        for day, *values in self.connection.execute(query).fetchall():
            found.setdefault(day, []).append(tuple(values))
        return found

    def rows(
        self,
        table: Table,
        *,
        days: Iterable[date] | None = None,
        order: str | None = None,
        limit: int | None = None,
    ) -> dict[date, list[Row]]:
        """Rows of a table by day, in its order or another, at most ``limit`` of each day.

        A text that does not identify its row is cut after MAX_TEXT characters.
        """
        names = table.column_names
        selected = ", ".join(
            _cut(column.name)
            if column.type == "VARCHAR" and column.name not in table.key
            else quoted(column.name)
            for column in table.columns
        )
        by = order or ", ".join(quoted(name) for name in table.order_by)
        first = (
            f"QUALIFY row_number() OVER (PARTITION BY event_date ORDER BY {by}) <= {limit}"
            if limit
            else ""
        )
        found = self.by_day(
            f"SELECT event_date, {selected} FROM {self.scan(table, days)} {first} "
            f"ORDER BY event_date, {by}"
        )
        return {
            day: [dict(zip(names, map(_finite, row), strict=True)) for row in rows]
            for day, rows in found.items()
        }

    def listings(
        self,
        table: Table,
        absence: Callable[[date], Absence],
        *,
        order: str | None = None,
        limit: int | None = None,
    ) -> dict[date, Listing]:
        """The rows of a table as a list for each day; ``absence`` says why a day has none.

        A day for which the table was not built says that instead.
        """
        found = self.rows(table, order=order, limit=limit)
        totals = self.by_day(
            f"SELECT event_date, count(*) FROM {self.scan(table)} GROUP BY event_date"
        )
        listings: dict[date, Listing] = {}
        for day in self.days:
            if day in found:
                (total,) = totals[day][0]
                listings[day] = Listing(table.columns, tuple(found[day]), total)
            else:
                listings[day] = self.nothing(table, day, absence(day))
        return listings

    def nothing(self, table: Table, day: date, absence: Absence) -> Listing:
        """The empty list of a day, with its reason."""
        if not self.has(table, day):
            absence = Absence(not_built(table, day))
        return Listing(table.columns, (), absence.total, absence.reason)

    def reason(self, table: Table, day: date, otherwise: str) -> str:
        """Why a day has no data: the table was not built for it, or else the given reason."""
        return otherwise if self.has(table, day) else not_built(table, day)


def not_built(table: Table, day: date) -> str:
    """Say that a table has no partition of a day."""
    return f"{table.name} has not been built for {day.isoformat()}."


def window(days: Iterable[date], length: int) -> list[date]:
    """The days and those before each of them, so that each has ``length`` days; ascending."""
    return sorted({day - timedelta(days=back) for day in days for back in range(length)})


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not isfinite(value) else value


def _cut(name: str) -> str:
    text = quoted(name)
    return (
        f"CASE WHEN length({text}) > {MAX_TEXT} THEN left({text}, {MAX_TEXT - 1}) || '…' "
        f"ELSE {text} END"
    )

"""Reading small parts of the lake for the reports of many days, by one query a table."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from functools import cached_property
from math import isfinite
from typing import Any

import duckdb

from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.lake.table import Column, Table, quoted
from analytics_pipeline.reporting.measure import Absence, Listing, Row
from analytics_pipeline.reporting.texts import texts

MAX_TEXT = 500
DIGEST_LENGTH = 8
HISTORY_DAYS = 28

Counted = tuple[list[Row], int]
"""The first rows of a list, and how many it has."""


class Stored:
    """The tables of the lake, as the reports of ``days`` read them through one connection.

    What was asked once is kept: a table is read once for all days, however many sections show it.
    ``history`` are the days and the HISTORY_DAYS before each of them.
    """

    def __init__(
        self, lake: Lake, connection: duckdb.DuckDBPyConnection, days: Iterable[date]
    ) -> None:
        self.lake = lake
        self.days: Sequence[date] = sorted(set(days))
        self._connection = connection
        self._answers: dict[str, dict[date, list[tuple[Any, ...]]]] = {}
        self._scans: dict[tuple[str, bool], str] = {}
        self._built: dict[tuple[str, date], bool] = {}
        self._lists: dict[tuple[Any, ...], dict[tuple[date, Any], Counted]] = {}

    @cached_property
    def history(self) -> Sequence[date]:
        """The days that a figure of one of the reports may look back at, ascending."""
        return window(self.days, HISTORY_DAYS + 1)

    def has(self, table: Table, day: date) -> bool:
        """Whether the table was built for the day."""
        key = table.name, day
        if key not in self._built:
            self._built[key] = self.lake.partition_file(table, day).exists()
        return self._built[key]

    def scan(self, table: Table, *, history: bool = False) -> str:
        """SQL of a table's rows of the reports' days, or of all history days."""
        key = table.name, history
        if key not in self._scans:
            self._scans[key] = self.lake.scan(table, self.history if history else self.days)
        return self._scans[key]

    def by_day(self, query: str) -> dict[date, list[tuple[Any, ...]]]:
        """Run a query whose first column is event_date; give the other columns of its rows."""
        if query not in self._answers:
            found: dict[date, list[tuple[Any, ...]]] = {}
            for day, *values in self._connection.execute(query).fetchall():
                found.setdefault(day, []).append(tuple(values))
            self._answers[query] = found
        return self._answers[query]

    def listing(
        self,
        table: Table,
        day: date,
        absence: Absence,
        *,
        order: str | None = None,
        limit: int | None = None,
        group: tuple[str, str | int] | None = None,
        whole: bool = False,
    ) -> Listing:
        """The rows of a table's day, at most ``limit``, in its order or another.

        ``group`` is a column and a value: the rows that have it, of which ``limit`` counts alone.
        ``absence`` says why there are none; a day for which the table was not built says that.
        A text is cut after MAX_TEXT characters, unless texts are wanted ``whole``; one that
        identifies its row ends in a digest then.
        """
        column, value = group or (None, None)
        rows, total = self._rows(table, order, limit, column, whole).get((day, value), ([], 0))
        if rows:
            return Listing(table.columns, tuple(rows), total)
        return self.nothing(table, day, absence)

    def rows(self, table: Table, day: date) -> list[Row]:
        """All rows of a table's day in its order."""
        return self._rows(table, None, None, None).get((day, None), ([], 0))[0]

    def nothing(self, table: Table, day: date, absence: Absence) -> Listing:
        """The empty list of a day, with its reason."""
        if not self.has(table, day):
            absence = Absence(not_built(table, day))
        return Listing(table.columns, (), absence.total, absence.reason)

    def reason(self, table: Table, day: date, otherwise: str) -> str:
        """Why a day has no data: the table was not built for it, or else the given reason."""
        return otherwise if self.has(table, day) else not_built(table, day)

    def _rows(
        self,
        table: Table,
        order: str | None,
        limit: int | None,
        column: str | None,
        whole: bool = False,
    ) -> dict[tuple[date, Any], Counted]:
        key = table.name, order, limit, column, whole
        if key not in self._lists:
            self._lists[key] = self._read(table, order, limit, column, whole)
        return self._lists[key]

    def _read(
        self, table: Table, order: str | None, limit: int | None, column: str | None, whole: bool
    ) -> dict[tuple[date, Any], Counted]:
        names = table.column_names
        selected = ", ".join(
            quoted(each.name) if whole else _selected(each, table.key) for each in table.columns
        )
        by = order or ", ".join(quoted(name) for name in table.order_by)
        part = "event_date" + (f", {quoted(column)}" if column else "")
        first = (
            f"QUALIFY row_number() OVER (PARTITION BY {part} ORDER BY {by}) <= {limit}"
            if limit
            else ""
        )
        found = self.by_day(
            f"SELECT event_date, {quoted(column) if column else 'NULL'}, "
            f"count(*) OVER (PARTITION BY {part}), {selected} FROM {self.scan(table)} {first} "
            f"ORDER BY event_date, {by}"
        )
        lists: dict[tuple[date, Any], Counted] = {}
        for day, answers in found.items():
            for value, total, *row in answers:
                rows, _ = lists.setdefault((day, value), ([], total))
                rows.append(dict(zip(names, map(_finite, row), strict=True)))
        return lists


def not_built(table: Table, day: date) -> str:
    """Say that a table has no partition of a day."""
    return texts().absences.not_built.format(table=table.name, day=day.isoformat())


def window(days: Iterable[date], length: int) -> list[date]:
    """The days and those before each of them, so that each has ``length`` days; ascending."""
    return sorted({day - timedelta(days=back) for day in days for back in range(length)})


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not isfinite(value) else value


def _selected(column: Column, key: Sequence[str]) -> str:
    text = quoted(column.name)
    if column.type != "VARCHAR":
        return text
    end = f" || left(md5({text}), {DIGEST_LENGTH})" if column.name in key else ""
    kept = MAX_TEXT - 1 - (DIGEST_LENGTH if end else 0)
    cut = f"left({text}, {kept}) || '…'{end}"
    return f"CASE WHEN length({text}) > {MAX_TEXT} THEN {cut} ELSE {text} END"

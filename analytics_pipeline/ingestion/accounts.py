"""The account of files: what became of the lines of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import duckdb

from analytics_pipeline.ingestion.tables import COUNTS, FILE_LINE_COUNTS
from analytics_pipeline.lake.lake import Lake


@dataclass(frozen=True)
class FileAccount:
    """What became of a file's lines, under one date or, where event_date is None, in all."""

    path: str
    event_date: date | None = None
    lines: int = 0
    validated: int = 0
    duplicate: int = 0
    quarantined: int = 0
    blank: int = 0
    opted_out: int = 0


def file_accounts(
    lake: Lake, connection: duckdb.DuckDBPyConnection, days: Sequence[date]
) -> list[FileAccount]:
    """The accounts of each file under each of the dates, by date and path."""
    rows = connection.execute(
        f"SELECT path, event_date, {', '.join(COUNTS)} FROM {lake.scan(FILE_LINE_COUNTS, days)} "
        "ORDER BY event_date, path"
    ).fetchall()
    return [FileAccount(*row) for row in rows]


def file_totals(
    lake: Lake,
    connection: duckdb.DuckDBPyConnection,
    days: Sequence[date],
    paths: Sequence[str],
) -> list[FileAccount]:
    """The accounts of the given files over the given dates, one for each file, by path."""
    sums = ", ".join(f"sum({name})::BIGINT" for name in COUNTS)
    rows = connection.execute(
        f"SELECT path, NULL, {sums} FROM {lake.scan(FILE_LINE_COUNTS, days)} "
        "WHERE list_contains(?, path) GROUP BY path ORDER BY path",
        [list(paths)],
    ).fetchall()
    return [FileAccount(*row) for row in rows]

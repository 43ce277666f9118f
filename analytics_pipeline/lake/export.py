"""Writing a table of the lake to one file, for other programs."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from analytics_pipeline.lake.lake import Lake, LakeError
from analytics_pipeline.lake.spreadsheet import MAX_ROWS, harmless_sql
from analytics_pipeline.lake.table import Column, Table, literal, quoted
from analytics_pipeline.lake.workbook import Sheet, open_workbook

EVENT_DATE = Column("event_date", "DATE", "Date (UTC) of the events.", nullable=False)
BATCH_ROWS = 10_000


@dataclass(frozen=True)
class Exported:
    """What was written: rows, and the texts that were cut since an Excel cell cannot hold them."""

    rows: int
    cut_texts: int = 0


def export_table(
    lake: Lake,
    table: Table,
    file: Path,
    file_format: str,
    *,
    first: date | None = None,
    last: date | None = None,
) -> Exported:
    """Write the table's rows from first to last as csv (with header), parquet, json lines or xlsx.

    Rows are ordered by event_date and the table's order. In CSV, a text that a spreadsheet would
    take for a formula is preceded by an apostrophe; JSON and Parquet have every text as it is.
    JSON has null for a number that is not finite. A file of that name is replaced once all is
    written. Raises LakeError where the file cannot be written, or Excel cannot hold so many rows.
    """
    days = [
        day
        for day in lake.dates(table)
        if (first is None or day >= first) and (last is None or day <= last)
    ]
    order = ", ".join(quoted(name) for name in ("event_date", *table.order_by))
    columns = (*table.columns, EVENT_DATE)
    query = (
        f"SELECT {', '.join(_selected(column, file_format) for column in columns)} "
        f"FROM {lake.scan(table, days)} ORDER BY {order}"
    )
    with _replaced(file) as target, lake.engine() as connection:
        if file_format == "xlsx":
            counted = sum(lake.row_counts(connection, table, days).values())
            if counted >= MAX_ROWS:
                raise LakeError(
                    f"{table.name} has {counted:,} rows in these days, and a sheet of Excel holds "
                    f"{MAX_ROWS - 1:,}. Export fewer days (--from, --to), or another format "
                    "(--format parquet)."
                )
            return _write_workbook(connection, table, columns, query, target)
        header = ", HEADER" if file_format == "csv" else ""
        row = connection.execute(
            f"COPY ({query}) TO {literal(str(target))} (FORMAT {file_format}{header})"
        ).fetchone()
    return Exported(int(row[0]) if row else 0)


def _selected(column: Column, file_format: str) -> str:
    name = quoted(column.name)
    if file_format == "csv" and column.type == "VARCHAR":
        return f"{harmless_sql(name)} AS {name}"
    if file_format == "json" and column.type == "DOUBLE":
        return f"CASE WHEN isfinite({name}) THEN {name} END AS {name}"
    if file_format == "xlsx" and column.type == "BLOB":
        return f"{name}::VARCHAR AS {name}"
    return name


@contextmanager
def _replaced(file: Path) -> Iterator[Path]:
    """A name to write to, which then takes the place of ``file``; itself where it is a device."""
    if not file.parent.is_dir():
        raise LakeError(f"The folder {file.parent} does not exist: {file} cannot be written.")
    if file.is_dir():
        raise LakeError(f"{file} is a folder; name the file to write.")
    if file.exists() and not file.is_file():
        yield file
        return
    staged = file.with_name(f".{uuid.uuid4().hex}{file.suffix}")
    try:
        yield staged
        staged.replace(file)
    except (PermissionError, duckdb.IOException) as error:
        raise LakeError(f"{file} cannot be written: {error}") from error
    finally:
        staged.unlink(missing_ok=True)


def _write_workbook(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    columns: tuple[Column, ...],
    query: str,
    target: Path,
) -> Exported:
    rows = 0
    formats = [_number_format(column) for column in columns]
    with open_workbook(str(target), title=table.name, in_rows=True) as book:
        sheet: Sheet = book.sheet(table.name)
        sheet.columns([_width(column) for column in columns])
        sheet.head([column.name for column in columns])
        connection.execute(query)
        while batch := connection.fetchmany(BATCH_ROWS):
            for row in batch:
                sheet.row(list(row), formats)
            rows += len(batch)
        sheet.filtered(len(columns))
    return Exported(rows, book.cut_texts)


def _number_format(column: Column) -> str | None:
    if column.type in ("BIGINT", "INTEGER"):
        return "0"
    return "0.0%" if column.unit == "share" else None


def _width(column: Column) -> int:
    by_type = {"TIMESTAMP": 19, "DATE": 10, "VARCHAR": 24}
    return max(len(column.name), by_type.get(column.type, 10))

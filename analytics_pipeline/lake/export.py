"""Writing a table of the lake to one file."""

from datetime import date
from pathlib import Path

from analytics_pipeline.lake.lake import Lake, LakeError
from analytics_pipeline.lake.table import Table, literal, quoted


def export_table(
    lake: Lake,
    table: Table,
    file: Path,
    file_format: str,
    *,
    first: date | None = None,
    last: date | None = None,
) -> int:
    """Write the table's rows from first to last as csv (with header), parquet or json lines.

    Rows are ordered by event_date and the table's order. Returns their number. Raises LakeError
    where the file cannot be written.
    """
    days = [
        day
        for day in lake.dates(table)
        if (first is None or day >= first) and (last is None or day <= last)
    ]
    order = ", ".join(quoted(name) for name in ("event_date", *table.order_by))
    header = ", HEADER" if file_format == "csv" else ""
    if not file.parent.is_dir():
        raise LakeError(f"The folder {file.parent} does not exist: {file} cannot be written.")
    with lake.engine() as connection:
        row = connection.execute(
            f"COPY (FROM {lake.scan(table, days)} ORDER BY {order}) TO {literal(str(file))} "
            f"(FORMAT {file_format}{header})"
        ).fetchone()
    return int(row[0]) if row else 0

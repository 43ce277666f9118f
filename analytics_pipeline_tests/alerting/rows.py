"""Rows of lake tables for tests."""

from collections.abc import Mapping, Sequence
from datetime import date

from analytics_pipeline.ingestion.tables import FILE_LINE_COUNTS
from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.lake.table import Table
from analytics_pipeline.metrics.tables import metric_tables

HEALTHY = {"hit_rate": 0.8, "average_response_time": 0.2, "error_rate": 0.001}


def rows_query(table: Table, rows: Sequence[Mapping[str, object]]) -> str:
    """SQL of rows of a table; a column that a row does not name is null."""
    names = table.column_names
    nothing = f"SELECT {', '.join(f'NULL AS {name}' for name in names)} WHERE false"
    selects = (
        "SELECT "
        + ", ".join("NULL" if row.get(name) is None else repr(row[name]) for name in names)
        for row in rows
    )
    return " UNION ALL ".join([nothing, *selects])


def file_counts(number: int, validated: int, quarantined: int) -> dict[str, object]:
    return {
        "path": f"{number}.jsonl",
        "lines": validated + quarantined,
        "validated": validated,
        "duplicate": 0,
        "quarantined": quarantined,
        "blank": 0,
    }


def write_day(
    lake: Lake,
    day: date,
    lines: Sequence[tuple[int, int]] = ((99, 1),),
    **numbers: float | None,
) -> None:
    """Write what the rules read; ``lines`` are the validated and quarantined ones of each file."""
    metrics = metric_tables()
    counts = [file_counts(number, *of_file) for number, of_file in enumerate(lines)]
    values: Mapping[str, object] = {**HEALTHY, **numbers}
    with lake.engine() as connection:
        for table, rows in (
            (metrics["daily_cache_metrics"], [values]),
            (metrics["daily_system_metrics"], [values]),
            (FILE_LINE_COUNTS, counts),
        ):
            lake.replace(connection, table, day, rows_query(table, rows))

"""The rows of one query over several days, written to a file for each day."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from analytics_pipeline.lake.table import Table, literal, quoted

DAY = "event_date"


@dataclass
class DailyBatches:
    """The rows of one day: their schema, and batches of them in order, to be read once."""

    schema: pa.Schema
    batches: Iterator[pa.RecordBatch]


def daily_batches(
    connection: duckdb.DuckDBPyConnection, table: Table, days: Sequence[date], query: str
) -> Iterator[tuple[date, DailyBatches]]:
    """The rows of a query for each of the days, which are ascending, in the table's order.

    The query gives the table's columns and event_date. Each day's rows must be read before the
    next day is taken.
    """
    columns = ", ".join(
        f"{quoted(column.name)}::{column.type} AS {quoted(column.name)}" for column in table.columns
    )
    order = ", ".join(quoted(name) for name in (DAY, *table.order_by))
    wanted = ", ".join(f"DATE {literal(day.isoformat())}" for day in days) or "NULL"
    reader = connection.sql(
        f"SELECT {DAY}::DATE AS {DAY}, {columns} FROM ({query}) WHERE {DAY} IN ({wanted}) "
        f"ORDER BY {order}"
    ).to_arrow_reader(table.row_group_rows)
    schema = pa.schema([field for field in reader.schema if field.name != DAY])
    pieces = _pieces(reader)
    piece = next(pieces, None)
    for day in days:

        def batches(day: date = day) -> Iterator[pa.RecordBatch]:
            nonlocal piece
            while piece is not None and piece[0] == day:
                yield piece[1]
                piece = next(pieces, None)

        yield day, DailyBatches(schema, batches())


def write_batches(table: Table, rows: DailyBatches, destination: Path) -> int:
    """Write a day's rows to a Parquet file; returns how many. Equal rows give equal bytes."""
    count, pending = 0, []
    with pq.ParquetWriter(
        destination, rows.schema, compression="zstd", compression_level=1
    ) as writer:
        for batch in rows.batches:
            pending.append(batch)
            count += len(batch)
            if sum(map(len, pending)) >= table.row_group_rows:
                together = pa.Table.from_batches(pending).combine_chunks()
                writer.write_table(together.slice(0, table.row_group_rows))
                pending = together.slice(table.row_group_rows).to_batches()
        if pending:
            writer.write_table(pa.Table.from_batches(pending).combine_chunks())
    return count


def _pieces(reader: pa.RecordBatchReader) -> Iterator[tuple[date, pa.RecordBatch]]:
    """The batches of rows that are ordered by day, cut where the day changes."""
    for batch in reader:
        days = batch.column(DAY)
        rows = batch.drop_columns([DAY])
        runs = pc.run_end_encode(days)
        start = 0
        for day, end in zip(runs.values.to_pylist(), runs.run_ends.to_pylist(), strict=True):
            yield day, rows.slice(start, end - start)
            start = end

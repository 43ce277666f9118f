"""The rows of one query over several days, written to a file for each day."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from analytics_pipeline.lake.table import Table, date_list, quoted

DAY = "event_date"


def daily_batches(
    connection: duckdb.DuckDBPyConnection, table: Table, days: Sequence[date], query: str
) -> Iterator[tuple[date, pa.Schema, list[pa.RecordBatch]]]:
    """The rows of a query for each of the days, which are ascending, in the table's order.

    The query gives the table's columns and event_date; the schema has no event_date. The rows of
    one day at a time are held in memory.
    """
    order = ", ".join(quoted(name) for name in (DAY, *table.order_by))
    wanted = date_list(days) or "NULL"
    reader = connection.sql(
        f"SELECT {DAY}::DATE AS {DAY}, {table.typed_columns} FROM ({query}) "
        f"WHERE {DAY} IN ({wanted}) ORDER BY {order}"
    ).to_arrow_reader(table.row_group_rows)
    schema = pa.schema([field for field in reader.schema if field.name != DAY])
    pieces = _pieces(reader)
    piece = next(pieces, None)
    for day in days:
        batches = []
        while piece is not None and piece[0] == day:
            batches.append(piece[1])
            piece = next(pieces, None)
        yield day, schema, batches


def write_batches(
    table: Table, schema: pa.Schema, batches: Iterable[pa.RecordBatch], destination: Path
) -> int:
    """Write a day's rows to a Parquet file; returns how many. Equal rows give equal bytes."""
    rows = pa.Table.from_batches(batches, schema).combine_chunks()
    with pq.ParquetWriter(destination, schema, compression="zstd", compression_level=1) as writer:
        if rows.num_rows:
            writer.write_table(rows, row_group_size=table.row_group_rows)
    return int(rows.num_rows)


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

"""Writing a wide table from queries that each give some of its columns."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from analytics_pipeline.lake.table import Table

ARROW_TYPES = {
    "VARCHAR": pa.string(),
    "BIGINT": pa.int64(),
    "DOUBLE": pa.float64(),
    "BOOLEAN": pa.bool_(),
    "TIMESTAMP": pa.timestamp("us"),
    "DATE": pa.date32(),
    "BLOB": pa.binary(),
}


def write_parts(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    parts: Iterable[tuple[Sequence[str], str]],
    destination: Path,
) -> int:
    """Write the rows of the parts to a Parquet file, in their order; returns how many.

    Each part names the columns that its query gives; the table's others are null in its rows.
    Equal parts give equal bytes. At most one row group is held in memory.
    """
    schema = pa.schema([(column.name, ARROW_TYPES[column.type]) for column in table.columns])
    rows = 0
    with pq.ParquetWriter(destination, schema, compression="zstd", compression_level=1) as writer:
        for names, query in parts:
            given = set(names)
            reader = connection.sql(query).to_arrow_reader(table.row_group_rows)
            for batch in reader:
                columns = [
                    batch[field.name].cast(field.type)
                    if field.name in given
                    else pa.nulls(len(batch), field.type)
                    for field in schema
                ]
                writer.write_batch(pa.record_batch(columns, schema=schema))
                rows += len(batch)
    return rows

"""The rows of partitions of the lake on their way into Postgres."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from io import BytesIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq
from psycopg2 import extensions
from psycopg2.sql import SQL, Identifier

from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.lake.table import Table
from analytics_pipeline.publishing.database import PublishError
from analytics_pipeline.publishing.structure import all_columns

ARROW_TYPES = {
    "DATE": pa.date32(),
    "BIGINT": pa.int64(),
    "INTEGER": pa.int32(),
    "DOUBLE": pa.float64(),
    "VARCHAR": pa.string(),
    "BOOLEAN": pa.bool_(),
    "TIMESTAMP": pa.timestamp("us"),
}
REPLACEMENT_CHARACTER = "\ufffd"


@dataclass(frozen=True)
class Partition:
    """What of a partition is published, as it is at one moment.

    ``content_hash`` is the SHA-256 of its bytes and of the names of those declared columns that it
    has: partitions that have the same are published the same.
    """

    day: date
    content: bytes
    content_hash: str


def read_partition(lake: Lake, table: Table, day: date) -> Partition | None:
    """The partition of a day as it is now; None where the lake has none."""
    try:
        content = lake.partition_file(table, day).read_bytes()
    except FileNotFoundError:
        return None
    stored = set(pq.read_schema(BytesIO(content)).names)
    names = [name for name in table.column_names if name in stored]
    return Partition(day, content, hashlib.sha256("\n".join(names).encode() + content).hexdigest())


def rows_of(table: Table, partition: Partition) -> pa.Table:
    """The rows of a partition with the declared columns; those that it lacks are null."""
    stored = pq.read_table(BytesIO(partition.content))
    columns = []
    for column in all_columns(table):
        wanted = ARROW_TYPES[column.type]
        if column.name == "event_date":
            values = pa.repeat(pa.scalar(partition.day, wanted), len(stored))
        elif column.name in stored.column_names:
            values = _cast(table, partition.day, column.name, stored[column.name], wanted)
        else:
            values = pa.nulls(len(stored), wanted)
        columns.append(values)
    return pa.table(columns, names=[column.name for column in all_columns(table)])


def _cast(
    table: Table, day: date, name: str, values: pa.ChunkedArray, wanted: pa.DataType
) -> pa.ChunkedArray:
    try:
        values = values.cast(wanted)
    except pa.ArrowInvalid as error:
        raise PublishError(
            f"The lake has values of {table.name}.{name} on {day} that are no {wanted}, as which "
            f"it is declared. Build that day again: aicache-analytics backfill --from {day} --to "
            f"{day}."
        ) from error
    if pa.types.is_string(wanted):
        # Text of Postgres holds every character but this one.
        return pc.replace_substring(values, "\x00", REPLACEMENT_CHARACTER)
    return values


def copy_rows(
    cursor: extensions.cursor, schema: str, table: Table, rows: Iterable[pa.Table]
) -> None:
    """Add rows to a table."""
    # In one piece: the CSV writer makes up text for a piece without rows.
    together = pa.concat_tables(rows).combine_chunks()
    if not len(together):
        return
    text = BytesIO()
    # Null is nothing between two commas, and an empty text is a pair of quotation marks.
    pyarrow.csv.write_csv(together, text, pyarrow.csv.WriteOptions(include_header=False))
    text.seek(0)
    statement = SQL("COPY {} ({}) FROM STDIN (FORMAT csv, NULL '')").format(
        Identifier(schema, table.name), SQL(", ").join(map(Identifier, together.column_names))
    )
    cursor.copy_expert(statement, text)

"""The rows of partitions of the lake on their way into Postgres."""

import hashlib
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from io import BytesIO
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
from psycopg2 import extensions
from psycopg2.sql import SQL, Identifier

from analytics_pipeline.lake.engine import scratch_prefix
from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.lake.table import Column, Table, literal, quoted
from analytics_pipeline.publishing.database import PublishError
from analytics_pipeline.publishing.structure import all_columns

REPLACEMENT_CHARACTER = "\ufffd"


@dataclass(frozen=True)
class Partition:
    """A partition as it is at one moment.

    ``content_hash`` is the SHA-256 of its bytes and of the names of those declared columns that it
    has: partitions that have the same are published the same.
    """

    day: date
    content: bytes
    rows: int
    content_hash: str


def read_partition(lake: Lake, table: Table, day: date) -> Partition | None:
    """The partition of a day as it is now; None where the lake has none."""
    try:
        content = lake.partition_file(table, day).read_bytes()
    except FileNotFoundError:
        return None
    metadata = pq.read_metadata(BytesIO(content))
    stored = set(metadata.schema.names)
    names = "\n".join(name for name in table.column_names if name in stored)
    content_hash = hashlib.sha256(names.encode() + content).hexdigest()
    return Partition(day, content, metadata.num_rows, content_hash)


def copy_rows(
    lake: Lake,
    cursor: extensions.cursor,
    schema: str,
    table: Table,
    partitions: Sequence[Partition],
) -> None:
    """Add the rows of partitions to a table; columns that they lack are null.

    Raises PublishError where a value is not of the type that its column is declared with.
    """
    lake.scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=scratch_prefix(), dir=lake.scratch) as folder:
        # Apart, since the lake may change while they are read.
        snapshot = Lake(Path(folder))
        for partition in partitions:
            file = snapshot.partition_file(table, partition.day)
            file.parent.mkdir(parents=True)
            file.write_bytes(partition.content)
        text = Path(folder) / "rows.csv"
        _write_csv(lake, snapshot, table, text)
        columns = SQL(", ").join(Identifier(column.name) for column in all_columns(table))
        statement = SQL("COPY {} ({}) FROM STDIN (FORMAT csv, NULL '')").format(
            Identifier(schema, table.name), columns
        )
        with text.open("rb") as rows:
            cursor.copy_expert(statement, rows)


def _write_csv(lake: Lake, snapshot: Lake, table: Table, file: Path) -> None:
    """Write all rows of a snapshot: null is nothing between two commas, and texts are quoted."""
    texts = [quoted(column.name) for column in table.columns if column.type == "VARCHAR"]
    quoting = f", FORCE_QUOTE ({', '.join(texts)})" if texts else ""
    columns = ", ".join(_typed(column) for column in all_columns(table))
    try:
        with lake.engine() as connection:
            connection.execute(
                f"COPY (SELECT {columns} FROM {snapshot.scan(table)}) TO {literal(str(file))} "
                f"(FORMAT csv, HEADER false, NULLSTR ''{quoting})"
            )
    except duckdb.ConversionException as error:
        days = snapshot.dates(table)
        raise PublishError(
            f"The lake has values of {table.name} that are not of the declared types "
            f"({str(error).splitlines()[0]}). Build its days again: aicache-analytics backfill "
            f"--from {days[0]} --to {days[-1]}."
        ) from error


def _typed(column: Column) -> str:
    value = f"{quoted(column.name)}::{column.type}"
    if column.type == "VARCHAR":
        # Texts of Postgres hold every character but this one.
        value = f"replace({value}, chr(0), {literal(REPLACEMENT_CHARACTER)})"
    return f"{value} AS {quoted(column.name)}"

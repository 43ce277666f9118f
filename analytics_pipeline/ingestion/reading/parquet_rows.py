"""Rows of a Parquet file, each as the text of a JSON object."""

from collections.abc import Iterator, Sequence
from typing import BinaryIO

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from analytics_pipeline.ingestion.reading.batches import LINES_SCHEMA
from analytics_pipeline.ingestion.reading.csv_rows import unique_names
from analytics_pipeline.ingestion.reading.errors import UnreadableFileError
from analytics_pipeline.ingestion.reading.json_engine import open_json_engine
from analytics_pipeline.ingestion.reading.json_object_sql import object_of
from analytics_pipeline.ingestion.reading.json_value_sql import json_of

BATCH_BYTES = 1 << 20
MAX_BATCH_ROWS = 16_384
BUFFER_BYTES = 1 << 20


def parquet_batches(
    file: BinaryIO,
    *,
    json_columns: Sequence[str] = ("context",),
    nest_dotted: bool = False,
    max_expanded_bytes: int | None = None,
) -> Iterator[pa.RecordBatch]:
    """Read the rows of a file that can seek: objects of the values that are not null.

    Times with a zone are written in UTC as ISO 8601 with Z, others as they stand, without an
    offset. A JSON object in one of ``json_columns`` is embedded; with ``nest_dotted`` the column
    ``a.b`` is the member b of the member a. Raises UnreadableFileError for a damaged or
    encrypted file, and where the texts take more than ``max_expanded_bytes``.
    """
    try:
        # Without pre-buffering, pages are read as they are needed instead of whole row groups.
        parquet = pq.ParquetFile(
            file,
            pre_buffer=False,
            buffer_size=BUFFER_BYTES,
            page_checksum_verification=True,
        )
        names = unique_names(parquet.schema_arrow.names)
        records = written = 0
        with open_json_engine() as engine:
            query = None
            for batch in parquet.iter_batches(_batch_rows(parquet.metadata)):
                columns = [_known_to_the_engine(column) for column in batch.columns]
                table = pa.table(columns, names=[f"c{n}" for n in range(len(names))])
                engine.register("rows_read", table)
                query = query or _query(engine, names, json_columns, nest_dotted=nest_dotted)
                texts = engine.sql(query).to_arrow_table().column(0).combine_chunks()
                written += texts.nbytes
                if max_expanded_bytes is not None and written > max_expanded_bytes:
                    raise UnreadableFileError(
                        f"its rows expand to more than {max_expanded_bytes:,} bytes. If it is no "
                        "attack, raise the setting ingestion.max_expanded_bytes."
                    )
                numbers = pa.array(np.arange(records + 1, records + len(table) + 1))
                records += len(table)
                raw = pa.nulls(len(table), pa.binary_view())
                yield pa.record_batch([numbers, texts, raw], schema=LINES_SCHEMA)
    except (pa.ArrowException, duckdb.Error, OSError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UnreadableFileError(
            f"the Parquet data is damaged, cut short or of an unknown kind ({reason}). Write the "
            "file again."
        ) from error


def _known_to_the_engine(column: pa.Array) -> pa.Array:
    return column.cast(pa.float32()) if column.type == pa.float16() else column


def _batch_rows(metadata: pq.FileMetaData) -> int:
    groups = (metadata.row_group(number) for number in range(metadata.num_row_groups))
    size = sum(group.total_byte_size for group in groups)
    rows = BATCH_BYTES * metadata.num_rows // max(size, 1)
    return int(min(max(rows, 1), MAX_BATCH_ROWS))


def _query(
    engine: duckdb.DuckDBPyConnection,
    names: Sequence[str],
    json_columns: Sequence[str],
    *,
    nest_dotted: bool,
) -> str:
    columns = engine.table("rows_read")
    members = []
    for name, column, kind in zip(names, columns.columns, columns.types, strict=True):
        text = json_of(column, kind)
        if name in json_columns and kind.id == "varchar":
            is_object = f"json_valid({column}) AND json_type({column}) = 'OBJECT'"
            text = f"CASE WHEN {is_object} THEN {column} ELSE {text} END"
        members.append((name, text))
    return f"SELECT {object_of(members, nest_dotted=nest_dotted)} FROM rows_read"

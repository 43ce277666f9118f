"""Rows of a Parquet file, each as the text of a JSON object."""

from collections.abc import Iterator, Sequence
from typing import BinaryIO

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from analytics_pipeline.ingestion.reading.batches import (
    LINES_SCHEMA,
    LONGEST_RECORD_BYTES,
    too_long,
)
from analytics_pipeline.ingestion.reading.csv_rows import unique_names
from analytics_pipeline.ingestion.reading.errors import UnreadableFileError
from analytics_pipeline.ingestion.reading.json_engine import open_json_engine
from analytics_pipeline.ingestion.reading.json_object_sql import object_of
from analytics_pipeline.ingestion.reading.json_value_sql import json_of
from analytics_pipeline.ingestion.reading.parquet_dictionaries import longest_row_bytes

BATCH_BYTES = 1 << 20
EXPANDED_BATCH_BYTES = 16 << 20
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
        _check_size(parquet.metadata, max_expanded_bytes)
        names = unique_names(parquet.schema_arrow.names)
        records = written = 0
        with open_json_engine() as engine:
            query = None
            for batch in parquet.iter_batches(_batch_rows(file, parquet.metadata)):
                columns = [_known_to_the_engine(column) for column in batch.columns]
                table = pa.table(columns, names=[f"c{n}" for n in range(len(names))])
                engine.register("rows_read", table)
                query = query or _query(engine, names, json_columns, nest_dotted=nest_dotted)
                texts = engine.sql(query).to_arrow_table().column(0).combine_chunks()
                written += texts.nbytes
                if max_expanded_bytes is not None and written > max_expanded_bytes:
                    raise _bomb(max_expanded_bytes)
                lengths = pc.binary_length(texts.cast(pa.large_string())).to_numpy()
                if lengths.max(initial=0) > LONGEST_RECORD_BYTES:
                    raise too_long(f"row {records + int(lengths.argmax()) + 1}")
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


def _bomb(max_expanded_bytes: int) -> UnreadableFileError:
    return UnreadableFileError(
        f"its rows expand to more than {max_expanded_bytes:,} bytes. If it is no attack, raise "
        "the setting ingestion.max_expanded_bytes."
    )


def _size(metadata: pq.FileMetaData) -> int:
    groups = range(metadata.num_row_groups)
    return sum(metadata.row_group(group).total_byte_size for group in groups)


def _check_size(metadata: pq.FileMetaData, max_expanded_bytes: int | None) -> None:
    if max_expanded_bytes is not None and _size(metadata) > max_expanded_bytes:
        raise _bomb(max_expanded_bytes)


def _batch_rows(file: BinaryIO, metadata: pq.FileMetaData) -> int:
    rows = min(BATCH_BYTES * metadata.num_rows // max(_size(metadata), 1), MAX_BATCH_ROWS)
    longest = longest_row_bytes(file, metadata, EXPANDED_BATCH_BYTES // max(rows, 1))
    return int(max(min(rows, EXPANDED_BATCH_BYTES // longest), 1))


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

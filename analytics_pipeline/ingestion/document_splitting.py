"""Documents that hold many records, split into these as they are read."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from analytics_pipeline.ingestion.formats.declaration import Format
from analytics_pipeline.ingestion.reading.batches import LINES_SCHEMA
from analytics_pipeline.ingestion.reading.json_engine import open_json_engine

# To plan the query takes up to a tenth of a second; what the engine holds at once grows with this.
BLOCK_BYTES = 4 << 20
BLOCK_DOCUMENTS = 2048


def split_documents(batches: Iterator[pa.RecordBatch], source: Format) -> Iterator[pa.RecordBatch]:
    """The records of the documents, numbered anew; both with the columns of LINES_SCHEMA.

    A document that has no record is itself one, as is what is no JSON.
    """
    if source.split is None:
        yield from batches
        return
    query = f"""
        WITH document AS (
            SELECT line_number AS document_number, line AS document FROM documents_read
            WHERE line IS NOT NULL AND json_valid(line)
        ),
        record AS ({source.split})
        SELECT
            CASE WHEN record.document_number IS NULL THEN line ELSE record::VARCHAR END AS line,
            bytes
        FROM documents_read LEFT JOIN record ON document_number = line_number
        ORDER BY line_number, position
    """
    number = 0
    with open_json_engine() as engine:
        for block in _blocks(batches):
            engine.register("documents_read", block)
            found = engine.sql(query).to_arrow_table().combine_chunks()
            engine.unregister("documents_read")
            for batch in found.to_batches():
                numbers = pa.array(np.arange(number + 1, number + len(batch) + 1))
                number += len(batch)
                yield pa.record_batch(
                    [numbers, batch["line"].cast(pa.string_view()),
                     batch["bytes"].cast(pa.binary_view())],
                    schema=LINES_SCHEMA,
                )  # fmt: skip


def _blocks(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.Table]:
    held: list[pa.RecordBatch] = []
    documents = size = 0
    for batch in batches:
        held.append(batch)
        documents, size = documents + len(batch), size + batch.nbytes
        if size >= BLOCK_BYTES or documents >= BLOCK_DOCUMENTS:
            yield pa.Table.from_batches(held)
            held, documents, size = [], 0, 0
    if held:
        yield pa.Table.from_batches(held)
